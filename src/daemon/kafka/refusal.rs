//! Finds out why records were not delivered.
//!
//! In: delivery reports, and librdkafka's log lines about a failed transaction. Out: a
//! [`BrokerRefusal`] with the topic and the reason. A transaction fails as a whole: most of its
//! delivery reports only say that the record was purged, and the reason is in a log line.
//!
//! ```text
//! TXNERR    ... Current transaction failed in state InTransaction: ProduceRequest for
//!           wire.stories [0] with 12 message(s) failed: ... (MSG_SIZE_TOO_LARGE)
//! ADDPARTS  ... Failed to add partition "wire.rejected" [1] to transaction: Broker: Topic ...
//! ```

use super::cause::without_attempt_details;
use rdkafka::error::RDKafkaErrorCode;

/// The facility of the log line with the reason why a transaction failed.
const TRANSACTION_FAILED: &str = "TXNERR";
/// The facility of the log line that names a partition that the broker refused to add to a
/// transaction.
const NOT_ADDED: &str = "ADDPARTS";
/// The end of the `ADDPARTS` log line about a partition that was only in the same request as the
/// refused one.
const NOT_ATTEMPTED: &str = "Operation not attempted";

/// The reason a record, or all records of a transaction, were not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BrokerRefusal {
    /// librdkafka's error code.
    pub(super) code: RDKafkaErrorCode,
    /// The topic, if known.
    topic: Option<String>,
    /// librdkafka's log line, which explains more than the code; absent for delivery reports.
    words: Option<String>,
}

impl BrokerRefusal {
    /// The refusal in a delivery report.
    pub(super) fn from_delivery_report(code: RDKafkaErrorCode, topic: &str) -> Self {
        Self { code, topic: Some(topic.to_owned()), words: None }
    }

    /// The refusal in a log line, if the line reports that a transaction failed permanently.
    /// `not_added` is the topic of the partition that the broker last refused to add.
    pub(super) fn from_log_line(
        facility: &str,
        line: &str,
        not_added: Option<&str>,
    ) -> Option<Self> {
        if facility != TRANSACTION_FAILED {
            return None;
        }
        let (_, name) = line.strip_suffix(')')?.rsplit_once('(')?;
        let code = code(name.split(',').next()?)?;
        let topic =
            line.split_once("ProduceRequest for ").and_then(|(_, rest)| rest.split(" [").next());
        let topic = topic.or(not_added).map(str::to_owned);
        Some(Self { code, topic, words: Some(without_attempt_details(line).to_owned()) })
    }

    /// Whether the code does not reveal the cause, because it only says that the record was purged
    /// or timed out.
    pub(super) fn is_vague(&self) -> bool {
        use RDKafkaErrorCode as Code;
        matches!(self.code, Code::PurgeQueue | Code::PurgeInflight | Code::MessageTimedOut)
    }

    /// The error message, which states what happened, where and why, and what to do.
    pub(super) fn message(&self, brokers: &str) -> String {
        use RDKafkaErrorCode as Code;
        let to = match &self.topic {
            Some(topic) => format!("not delivered to {topic} at {brokers}"),
            None => format!("not delivered at {brokers}"),
        };
        let why = match &self.words {
            Some(words) => words.clone(),
            None => self.code.to_string(),
        };
        let remedy = match self.code {
            Code::TopicAuthorizationFailed => "; grant Write on the topic",
            Code::MessageSizeTooLarge => "; raise the topic's `max.message.bytes`",
            Code::UnknownTopic | Code::UnknownTopicOrPartition => "; was the topic deleted?",
            _ => "",
        };
        format!("{to}: {why}{remedy}")
    }
}

/// Reads from a log line the topic of a partition that the broker refused to add to a transaction.
pub(super) fn refused_topic<'a>(facility: &str, line: &'a str) -> Option<&'a str> {
    if facility != NOT_ADDED {
        return None;
    }
    // If one partition of a request is refused, the others are reported as not attempted.
    let (_, rest) = line.split_once("Failed to add partition \"")?;
    if rest.ends_with(NOT_ATTEMPTED) { None } else { rest.split('"').next() }
}

/// The error code for librdkafka's name of a permanent error.
fn code(name: &str) -> Option<RDKafkaErrorCode> {
    use RDKafkaErrorCode as Code;
    Some(match name {
        "TOPIC_AUTHORIZATION_FAILED" => Code::TopicAuthorizationFailed,
        "GROUP_AUTHORIZATION_FAILED" => Code::GroupAuthorizationFailed,
        "CLUSTER_AUTHORIZATION_FAILED" => Code::ClusterAuthorizationFailed,
        "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" => Code::TransactionalIdAuthorizationFailed,
        "MSG_SIZE_TOO_LARGE" => Code::MessageSizeTooLarge,
        "INVALID_RECORD" => Code::InvalidRecord,
        "POLICY_VIOLATION" => Code::PolicyViolation,
        "UNSUPPORTED_VERSION" => Code::UnsupportedVersion,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_transaction_names_topic_and_reason() {
        let large = "[thrd:main]: Current transaction failed in state InTransaction: \
            ProduceRequest for wire.stories [0] with 12 message(s) failed: Broker: Message size \
            too large (broker 1 PID{Id:7,Epoch:0}, base seq 3): current transaction must be \
            aborted (MSG_SIZE_TOO_LARGE)";
        let refusal = BrokerRefusal::from_log_line("TXNERR", large, Some("wire.events")).unwrap();
        assert_eq!(refusal.code, RDKafkaErrorCode::MessageSizeTooLarge);
        let message = refusal.message("b:9092");
        let start = "not delivered to wire.stories at b:9092: Current";
        assert!(message.starts_with(start), "{message}");
        assert!(message.ends_with("raise the topic's `max.message.bytes`"), "{message}");

        let line = "[thrd:b:9092/1]: b:9092/1: Failed to add partition \"wire.rejected\" [1] to \
            transaction: Broker: Topic authorization failed";
        let topic = refused_topic("ADDPARTS", line);
        assert_eq!(topic, Some("wire.rejected"));
        let not_attempted = "[thrd:b:9092/1]: b:9092/1: Failed to add partition \"wire.events\" \
            [0] to transaction: Broker: Operation not attempted";
        assert_eq!(refused_topic("ADDPARTS", not_attempted), None);
        let refused = "[thrd:main]: Current transaction failed in state InTransaction: Failed to \
            add partition(s) to transaction on broker b:9092/1: Broker: Topic authorization failed \
            (after 3 ms) (TOPIC_AUTHORIZATION_FAILED, requires epoch bump)";
        let refusal = BrokerRefusal::from_log_line("TXNERR", refused, topic).unwrap();
        assert_eq!(refusal.code, RDKafkaErrorCode::TopicAuthorizationFailed);
        let message = refusal.message("b:9092");
        assert!(message.starts_with("not delivered to wire.rejected at b:9092: "), "{message}");
    }

    #[test]
    fn temporary_failures_in_the_log_are_ignored() {
        let timed_out = "[thrd:main]: Current transaction failed in state InTransaction: \
            1 message(s) timed out on wire.events [0] (_TIMED_OUT, requires epoch bump)";
        assert_eq!(BrokerRefusal::from_log_line("TXNERR", timed_out, None), None);
        assert_eq!(
            BrokerRefusal::from_log_line("FAIL", "b:1: closed (MSG_SIZE_TOO_LARGE)", None),
            None
        );
        let purged =
            BrokerRefusal::from_delivery_report(RDKafkaErrorCode::PurgeQueue, "wire.events");
        assert!(purged.is_vague());
        assert!(
            !BrokerRefusal::from_delivery_report(RDKafkaErrorCode::UnknownTopic, "wire.events")
                .is_vague()
        );
    }
}
