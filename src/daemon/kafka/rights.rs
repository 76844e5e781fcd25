//! Checks at startup that the client has the permissions (Kafka ACLs) it needs.
//!
//! In: [`Settings`] and the topics that exist. Out: nothing, or an error that names the first
//! missing permission and the command that grants it. Only an explicit refusal counts. If the
//! broker does not answer in time, the check passes, and the error appears later in the call that
//! needs the permission.
//!
//! | permission | how it is probed |
//! |---|---|
//! | Write on a topic | a produce request with the invalid `acks=2`, so nothing is written |
//! | Read on a topic | a fetch from the end of the topic |
//! | Read on a group | an offset commit for a topic that does not exist |
//! | Write on transactional ids | `init_transactions` with an id that no shard uses |
//!
//! Brokers check permissions before they reject such requests as invalid.
//!
//! Describe, DescribeConfigs and Create are covered by the calls in [`topics`](super::topics).

use super::client::{Settings, SilentContext};
use super::connection::Error;
use crate::daemon::pipeline::Delivery;
use crate::daemon::pipeline::record::{self, FENCE};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the broker may take to answer one probe.
const ANSWER: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// The resource that a permission applies to.
#[derive(Debug, Clone, Copy)]
pub(super) enum AclResource<'a> {
    Topic(&'a str),
    Group(&'a str),
    TransactionalId(&'a str),
}

/// The error message about a missing permission, with the command that grants it.
pub(super) fn missing_permission_message(
    settings: &Settings,
    operation: &str,
    on: AclResource<'_>,
) -> String {
    let (what, option, name) = match on {
        AclResource::Topic(name) => ("topic", "--topic", name.to_owned()),
        AclResource::Group(name) => ("group", "--group", name.to_owned()),
        AclResource::TransactionalId(id) => {
            ("transactional id", "--transactional-id", id.to_owned())
        }
    };
    let brokers = settings.brokers();
    let user = settings.properties.get("sasl.username").map_or("NAME", String::as_str);
    format!(
        "missing permission: {operation} on {what} `{name}` at {brokers} (authorization failed); \
         grant it with kafka-acls.sh --bootstrap-server {brokers} --add \
         --allow-principal User:{user} --operation {operation} {option} {name}"
    )
}

/// Whether an error means that a permission on a topic is missing.
pub(super) fn is_topic_denied(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed)
}

/// Checks the permissions on topics and groups. The topics `written` and `read` must exist.
pub(super) fn check(settings: &Settings, written: &[&str], read: &[&str]) -> Result<(), Error> {
    let group = settings.group.as_str();
    // The consumers of shard 0 use a group of their own, which a prefixed ACL covers too. Both
    // consumers look up their coordinator while the write permissions are checked.
    let shard_group = format!("{group}.0");
    let (member, reader) = (consumer(settings, group)?, consumer(settings, &shard_group)?);
    write(settings, written)?;
    join(settings, &member, group)?;
    join(settings, &reader, &shard_group)?;
    read.iter().try_for_each(|topic| fetch(settings, &reader, topic, &shard_group))
}

/// Checks the permission to open transactions, if the delivery setting requires them.
pub(super) fn check_transactions(settings: &Settings) -> Result<(), Error> {
    if settings.delivery != Delivery::ExactlyOnce {
        return Ok(());
    }
    let id = format!("{}.check", settings.group);
    let mut config = settings.admin();
    config.set("transactional.id", &id);
    let made = config.create_with_context(DeniedTopics::default());
    let producer: BaseProducer<DeniedTopics> = made.map_err(wrong)?;
    match producer.init_transactions(ANSWER) {
        Err(KafkaError::Transaction(error))
            if error.code() == RDKafkaErrorCode::TransactionalIdAuthorizationFailed =>
        {
            Err(Error::NeedsPerson(missing_permission_message(
                settings,
                "Write",
                AclResource::TransactionalId(&id),
            )))
        }
        Err(error) => {
            tracing::debug!(%error, "cannot tell whether transactions are permitted");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// The producer's context. It collects the topics whose records were refused because of a missing
/// permission.
#[derive(Debug, Default)]
struct DeniedTopics(Mutex<Vec<String>>);

impl ClientContext for DeniedTopics {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "error while checking permissions");
    }

    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }
}

impl ProducerContext for DeniedTopics {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Err((error, message)) = result else { return };
        if is_topic_denied(error) {
            let topic = message.topic().to_owned();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(topic);
        }
    }
}

/// Checks Write on topics.
fn write(settings: &Settings, topics: &[&str]) -> Result<(), Error> {
    let mut config = settings.admin();
    config.set("acks", "2").set("retries", "0").set("linger.ms", "0");
    config.set("message.timeout.ms", ANSWER.as_millis().to_string());
    let made = config.create_with_context(DeniedTopics::default());
    let producer: BaseProducer<DeniedTopics> = made.map_err(wrong)?;
    // If a broker accepts the record after all, no harm is done: readers of the changelog skip
    // fences.
    let payload = record::encode(&());
    for topic in topics {
        let record = BaseRecord::to(topic).partition(0).key(FENCE).payload(&payload);
        if let Err((error, _)) = producer.send(record) {
            tracing::debug!(topic, %error, "cannot tell whether writing is permitted");
        }
    }
    let deadline = Instant::now() + ANSWER;
    while producer.in_flight_count() > 0 && Instant::now() < deadline {
        producer.poll(POLL);
    }
    let refused = producer.context().0.lock().unwrap_or_else(PoisonError::into_inner);
    match topics.iter().find(|topic| refused.iter().any(|refused| refused == *topic)) {
        Some(topic) => Err(Error::NeedsPerson(missing_permission_message(
            settings,
            "Write",
            AclResource::Topic(topic),
        ))),
        None => Ok(()),
    }
}

/// The consumer that probes the permissions of a group and of the topics it reads.
fn consumer(settings: &Settings, group: &str) -> Result<BaseConsumer<SilentContext>, Error> {
    let mut config = settings.consumer(group);
    config.set("enable.partition.eof", "true");
    config.set("fetch.wait.max.ms", "20");
    // A commit waits this long for the group's coordinator.
    config.set("session.timeout.ms", ANSWER.as_millis().to_string());
    config.set("heartbeat.interval.ms", "1000");
    config.create_with_context(SilentContext).map_err(wrong)
}

/// Checks Read on a group.
fn join(
    settings: &Settings,
    consumer: &BaseConsumer<SilentContext>,
    group: &str,
) -> Result<(), Error> {
    let mut list = TopicPartitionList::new();
    let absent = format!("{}.absent", settings.topics.state);
    let added = list.add_partition_offset(&absent, 0, Offset::Offset(0));
    let answer = added.and_then(|()| consumer.commit(&list, CommitMode::Sync));
    tracing::debug!(group, ?answer, "checked Read on the group");
    let refused = answer.is_err_and(|error| no_group(&error))
        // If the broker refuses even to look up the coordinator, only a poll reports it.
        || std::iter::from_fn(|| consumer.poll(Duration::ZERO))
            .any(|polled| polled.is_err_and(|error| no_group(&error)));
    if refused {
        return Err(Error::NeedsPerson(missing_permission_message(
            settings,
            "Read",
            AclResource::Group(group),
        )));
    }
    Ok(())
}

fn no_group(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed)
}

/// Checks Read on a topic.
fn fetch(
    settings: &Settings,
    consumer: &BaseConsumer<SilentContext>,
    topic: &str,
    group: &str,
) -> Result<(), Error> {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::End).map_err(wrong)?;
    consumer.assign(&list).map_err(wrong)?;
    let deadline = Instant::now() + ANSWER;
    while Instant::now() < deadline {
        match consumer.poll(POLL) {
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) if is_topic_denied(&error) => {
                return Err(Error::NeedsPerson(missing_permission_message(
                    settings,
                    "Read",
                    AclResource::Topic(topic),
                )));
            }
            Some(Err(error)) if no_group(&error) => {
                return Err(Error::NeedsPerson(missing_permission_message(
                    settings,
                    "Read",
                    AclResource::Group(group),
                )));
            }
            Some(Err(_)) | None => {}
        }
    }
    consumer.unassign().map_err(wrong)
}

fn wrong(error: KafkaError) -> Error {
    Error::NeedsPerson(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::kafka::client::tests::settings;

    #[test]
    fn a_missing_permission_is_named_with_its_resource_and_the_command_that_grants_it() {
        let properties = [("bootstrap.servers", "broker:9092"), ("sasl.username", "wire")];
        for (on, what, option) in [
            (AclResource::Topic("wire.state"), "topic `wire.state`", "--topic wire.state"),
            (AclResource::Group("wirefold"), "group `wirefold`", "--group wirefold"),
            (AclResource::Group("wirefold.0"), "group `wirefold.0`", "--group wirefold.0"),
            (
                AclResource::TransactionalId("wirefold.check"),
                "transactional id `wirefold.check`",
                "--transactional-id wirefold.check",
            ),
        ] {
            assert_eq!(
                missing_permission_message(&settings(&properties), "Read", on),
                format!(
                    "missing permission: Read on {what} at broker:9092 (authorization failed); \
                     grant it with kafka-acls.sh --bootstrap-server broker:9092 --add \
                     --allow-principal User:wire --operation Read {option}"
                )
            );
        }
    }
}
