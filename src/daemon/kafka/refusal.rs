//! Why records were not delivered, from what librdkafka says.
//!
//! In: delivery reports, and the log lines of a transaction that failed. Out: a [`BrokerRefusal`] with
//! the topic and the reason. A transaction fails as a whole: the reports of most of its records say
//! only that they were purged, and the reason is in a log line.
//!
//! ```text
//! TXNERR    ... Current transaction failed in state InTransaction: ProduceRequest for
//!           wire.stories [0] with 12 message(s) failed: ... (MSG_SIZE_TOO_LARGE)
//! ADDPARTS  ... Failed to add partition "wire.rejected" [1] to transaction: Broker: Topic ...
//! ```

use super::cause::words;
use rdkafka::error::RDKafkaErrorCode;

/// The facility of the log line that says why a transaction failed.
const TRANSACTION_FAILED: &str = "TXNERR";
/// The facility of the log line that says which partition was refused to a transaction.
const NOT_ADDED: &str = "ADDPARTS";
/// What that line says of a partition that shared a request with the one that was refused.
const NOT_ATTEMPTED: &str = "Operation not attempted";

/// A record, or all records of a transaction, that the broker did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BrokerRefusal {
    pub(super) code: RDKafkaErrorCode,
    /// The topic, as far as it is known.
    topic: Option<String>,
    /// librdkafka's own words, where there are more than the code says.
    words: Option<String>,
}

impl BrokerRefusal {
    /// What a delivery report says.
    pub(super) fn of_record(code: RDKafkaErrorCode, topic: &str) -> Self {
        Self { code, topic: Some(topic.to_owned()), words: None }
    }

    /// What a log line says, if it tells why a transaction failed for good. `not_added` is the
    /// topic that was refused to the transaction before.
    pub(super) fn of_log(facility: &str, line: &str, not_added: Option<&str>) -> Option<Self> {
        if facility != TRANSACTION_FAILED {
            return None;
        }
        let (_, name) = line.strip_suffix(')')?.rsplit_once('(')?;
        let code = code(name.split(',').next()?)?;
        let topic =
            line.split_once("ProduceRequest for ").and_then(|(_, rest)| rest.split(" [").next());
        let topic = topic.or(not_added).map(str::to_owned);
        Some(Self { code, topic, words: Some(words(line).to_owned()) })
    }

    /// Whether it says only that the record went with others.
    pub(super) fn is_vague(&self) -> bool {
        use RDKafkaErrorCode as Code;
        matches!(self.code, Code::PurgeQueue | Code::PurgeInflight | Code::MessageTimedOut)
    }

    /// What happened, where, why, and what to do.
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

/// The topic of a partition that was refused to a transaction.
pub(super) fn not_added<'a>(facility: &str, line: &'a str) -> Option<&'a str> {
    if facility != NOT_ADDED {
        return None;
    }
    // Where one partition is refused, the others are not attempted.
    let (_, rest) = line.split_once("Failed to add partition \"")?;
    if rest.ends_with(NOT_ATTEMPTED) { None } else { rest.split('"').next() }
}

/// The errors that do not pass by themselves, by librdkafka's names.
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
        let large = "[thrd:main]: Current transaction failed in state InTransaction: ProduceRequest \
            for wire.stories [0] with 12 message(s) failed: Broker: Message size too large (broker 1 \
            PID{Id:7,Epoch:0}, base seq 3): current transaction must be aborted (MSG_SIZE_TOO_LARGE)";
        let refusal = BrokerRefusal::of_log("TXNERR", large, Some("wire.events")).unwrap();
        assert_eq!(refusal.code, RDKafkaErrorCode::MessageSizeTooLarge);
        let says = refusal.message("b:9092");
        assert!(says.starts_with("not delivered to wire.stories at b:9092: Current"), "{says}");
        assert!(says.ends_with("raise the topic's `max.message.bytes`"), "{says}");

        let line = "[thrd:b:9092/1]: b:9092/1: Failed to add partition \"wire.rejected\" [1] to \
            transaction: Broker: Topic authorization failed";
        let topic = not_added("ADDPARTS", line);
        assert_eq!(topic, Some("wire.rejected"));
        let beside = "[thrd:b:9092/1]: b:9092/1: Failed to add partition \"wire.events\" [0] to \
            transaction: Broker: Operation not attempted";
        assert_eq!(not_added("ADDPARTS", beside), None);
        let refused = "[thrd:main]: Current transaction failed in state InTransaction: Failed to add \
            partition(s) to transaction on broker b:9092/1: Broker: Topic authorization failed (after \
            3 ms) (TOPIC_AUTHORIZATION_FAILED, requires epoch bump)";
        let refusal = BrokerRefusal::of_log("TXNERR", refused, topic).unwrap();
        assert_eq!(refusal.code, RDKafkaErrorCode::TopicAuthorizationFailed);
        let says = refusal.message("b:9092");
        assert!(says.starts_with("not delivered to wire.rejected at b:9092: "), "{says}");
    }

    #[test]
    fn what_passes_by_itself_is_left_to_delivery_reports() {
        let timed_out = "[thrd:main]: Current transaction failed in state InTransaction: 1 message(s) \
            timed out on wire.events [0] (_TIMED_OUT, requires epoch bump)";
        assert_eq!(BrokerRefusal::of_log("TXNERR", timed_out, None), None);
        assert_eq!(BrokerRefusal::of_log("FAIL", "b:1: closed (MSG_SIZE_TOO_LARGE)", None), None);
        let purged = BrokerRefusal::of_record(RDKafkaErrorCode::PurgeQueue, "wire.events");
        assert!(purged.is_vague());
        assert!(
            !BrokerRefusal::of_record(RDKafkaErrorCode::UnknownTopic, "wire.events").is_vague()
        );
    }
}
