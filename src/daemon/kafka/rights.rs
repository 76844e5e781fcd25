//! Looks whether the client has the rights that it needs, before anything depends on them.
//!
//! In: [`Settings`] and the topics that exist. Out: nothing, or the first right that is missing, by
//! name, with the command that grants it. Only a broker that refuses counts: one that does not
//! answer in time is left to the calls that need it.
//!
//! | right | asked by |
//! |---|---|
//! | Write on a topic | a produce request with the invalid `acks=2`: nothing is written |
//! | Read on a topic | a fetch from its end |
//! | Read on a group | a commit for a topic that does not exist |
//! | Write on transactional ids | `init_transactions` with an id that no shard has |
//!
//! Brokers check rights before they refuse such requests for what is wrong with them.
//!
//! Describe, DescribeConfigs and Create are asked for by the calls of [`topics`](super::topics).

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

/// How long a broker may take to answer one of the questions.
const ANSWER: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(20);

/// What a right is on.
#[derive(Debug, Clone, Copy)]
pub(super) enum AclResource<'a> {
    Topic(&'a str),
    Group(&'a str),
    TransactionalId(&'a str),
}

/// The message about a missing right.
pub(super) fn missing(settings: &Settings, operation: &str, on: AclResource<'_>) -> String {
    let (what, option, name) = match on {
        AclResource::Topic(name) => ("topic", "--topic", name.to_owned()),
        AclResource::Group(name) => ("group", "--group", name.to_owned()),
        AclResource::TransactionalId(id) => {
            ("transactional id", "--transactional-id", id.to_owned())
        }
    };
    let brokers = settings.brokers();
    let user = settings.passed.get("sasl.username").map_or("NAME", String::as_str);
    format!(
        "no right to {operation} {what} `{name}` at {brokers} (authorization failed): grant it with \
         kafka-acls.sh --bootstrap-server {brokers} --add --allow-principal User:{user} \
         --operation {operation} {option} {name}"
    )
}

/// Whether an error says that a right on a topic is missing.
pub(super) fn refuses(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed)
}

/// Asks for the rights on topics and groups; `written` and `read` exist.
pub(super) fn check(settings: &Settings, written: &[&str], read: &[&str]) -> Result<(), Error> {
    let group = settings.group.as_str();
    // Consumers of a shard have groups of their own, which the same right covers. Both find their
    // coordinator while the other questions are asked.
    let of_shards = format!("{group}.0");
    let (member, reader) = (consumer(settings, group)?, consumer(settings, &of_shards)?);
    write(settings, written)?;
    join(settings, &member, group)?;
    join(settings, &reader, &of_shards)?;
    read.iter().try_for_each(|topic| fetch(settings, &reader, topic, &of_shards))
}

/// Asks for the right to open transactions.
pub(super) fn transactions(settings: &Settings) -> Result<(), Error> {
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
            Err(Error::Wrong(missing(settings, "Write", AclResource::TransactionalId(&id))))
        }
        Err(error) => {
            tracing::debug!(%error, "the right to open transactions is not known");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Topics of records that the broker refused for want of a right.
#[derive(Debug, Default)]
struct DeniedTopics(Mutex<Vec<String>>);

impl ClientContext for DeniedTopics {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "asking for rights");
    }

    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", facility, "{message}");
    }
}

impl ProducerContext for DeniedTopics {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let Err((error, message)) = result else { return };
        if refuses(error) {
            let topic = message.topic().to_owned();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(topic);
        }
    }
}

fn write(settings: &Settings, topics: &[&str]) -> Result<(), Error> {
    let mut config = settings.admin();
    config.set("acks", "2").set("retries", "0").set("linger.ms", "0");
    config.set("message.timeout.ms", ANSWER.as_millis().to_string());
    let made = config.create_with_context(DeniedTopics::default());
    let producer: BaseProducer<DeniedTopics> = made.map_err(wrong)?;
    // Every reader of the changelog passes over a fence, should a broker take it after all.
    let payload = record::encode(&());
    for topic in topics {
        let record = BaseRecord::to(topic).partition(0).key(FENCE).payload(&payload);
        if let Err((error, _)) = producer.send(record) {
            tracing::debug!(topic, %error, "the right to write is not known");
        }
    }
    let deadline = Instant::now() + ANSWER;
    while producer.in_flight_count() > 0 && Instant::now() < deadline {
        producer.poll(POLL);
    }
    let refused = producer.context().0.lock().unwrap_or_else(PoisonError::into_inner);
    match topics.iter().find(|topic| refused.iter().any(|refused| refused == *topic)) {
        Some(topic) => Err(Error::Wrong(missing(settings, "Write", AclResource::Topic(topic)))),
        None => Ok(()),
    }
}

fn consumer(settings: &Settings, group: &str) -> Result<BaseConsumer<SilentContext>, Error> {
    let mut config = settings.consumer(group);
    config.set("enable.partition.eof", "true");
    config.set("fetch.wait.max.ms", "20");
    // A commit waits so long for the group's coordinator.
    config.set("session.timeout.ms", ANSWER.as_millis().to_string());
    config.set("heartbeat.interval.ms", "1000");
    config.create_with_context(SilentContext).map_err(wrong)
}

/// Asks for Read on a group.
fn join(
    settings: &Settings,
    consumer: &BaseConsumer<SilentContext>,
    group: &str,
) -> Result<(), Error> {
    let mut list = TopicPartitionList::new();
    let absent = format!("{}.absent", settings.topics.state);
    let added = list.add_partition_offset(&absent, 0, Offset::Offset(0));
    let answer = added.and_then(|()| consumer.commit(&list, CommitMode::Sync));
    tracing::debug!(group, ?answer, "asked for the right to read a group");
    let refused = answer.is_err_and(|error| no_group(&error))
        // Where the coordinator may not even be looked for, only a poll tells.
        || std::iter::from_fn(|| consumer.poll(Duration::ZERO))
            .any(|polled| polled.is_err_and(|error| no_group(&error)));
    if refused {
        return Err(Error::Wrong(missing(settings, "Read", AclResource::Group(group))));
    }
    Ok(())
}

fn no_group(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed)
}

/// Asks for Read on a topic.
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
            Some(Err(error)) if refuses(&error) => {
                return Err(Error::Wrong(missing(settings, "Read", AclResource::Topic(topic))));
            }
            Some(Err(error)) if no_group(&error) => {
                return Err(Error::Wrong(missing(settings, "Read", AclResource::Group(group))));
            }
            Some(Err(_)) | None => {}
        }
    }
    consumer.unassign().map_err(wrong)
}

fn wrong(error: KafkaError) -> Error {
    Error::Wrong(error.to_string())
}
