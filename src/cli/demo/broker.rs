//! The in-memory broker, and a consumer of the output topics.
//!
//! Every topic has one partition, so that events are shown in the order in which they were
//! published.

use super::received::ReceivedRecord;
use crate::config::Config;
use crate::daemon::kafka::client::{Settings, TopicNames};
use crate::daemon::pipeline::broker::Limits;
use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// Maximum size of a record that the in-memory broker accepts, in bytes.
pub(super) const RECORD_BYTES_MAX: usize = 4 << 20;

/// The in-memory broker. It stops when this value is dropped.
pub(super) struct DemoBroker(MockCluster<'static, DefaultProducerContext>);

impl DemoBroker {
    /// Starts the broker and creates the topics of `config`.
    pub(super) fn start(config: &Config) -> anyhow::Result<Self> {
        let cluster = MockCluster::new(1).context("cannot start the in-memory broker")?;
        let out = &config.output;
        let topics = [&config.input.topic, &out.events, &out.stories, &out.rejected, &out.state];
        let unique = Some(&out.unique).filter(|topic| !topic.is_empty());
        for topic in topics.into_iter().chain(unique) {
            cluster
                .create_topic(topic, 1, 1)
                .with_context(|| format!("cannot create topic `{topic}`"))?;
        }
        Ok(Self(cluster))
    }

    /// Returns `settings`, changed to connect to this broker.
    pub(super) fn settings(&self, settings: Settings) -> Settings {
        let bootstrap = ("bootstrap.servers".to_owned(), self.0.bootstrap_servers());
        Settings {
            partitions: 1,
            replication: 1,
            in_memory: Some(Limits { by_role: [RECORD_BYTES_MAX; 5] }),
            properties: BTreeMap::from([bootstrap]),
            ..settings
        }
    }
}

/// The librdkafka configuration of a client of this broker.
pub(super) fn client(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.extend(settings.properties.iter().map(|(key, value)| (key.clone(), value.clone())));
    config
}

/// Reads the events and rejects topics with `read_committed`.
pub(super) struct DemoReader {
    /// The Kafka consumer.
    consumer: BaseConsumer,
    /// The topic names, by which events and rejects are distinguished.
    topics: TopicNames,
}

impl DemoReader {
    /// Starts reading at the beginning of both topics.
    pub(super) fn open(settings: &Settings) -> anyhow::Result<Self> {
        let consumer: BaseConsumer = client(settings)
            .set("group.id", "demo")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "20")
            .create()?;
        let mut list = TopicPartitionList::new();
        for topic in [&settings.topics.events, &settings.topics.rejected] {
            list.add_partition_offset(topic, 0, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        Ok(Self { consumer, topics: settings.topics.clone() })
    }

    /// The next record; `None` if none arrives within `wait`.
    ///
    /// # Errors
    /// If a record does not follow the event schema, or the consumer fails.
    pub(super) fn next(&self, wait: Duration) -> anyhow::Result<Option<ReceivedRecord>> {
        match self.consumer.poll(wait) {
            None => Ok(None),
            Some(Ok(message)) if message.topic() == self.topics.events => {
                ReceivedRecord::event(&message).map(Some)
            }
            Some(Ok(message)) => Ok(Some(ReceivedRecord::reject(&message))),
            Some(Err(KafkaError::MessageConsumption(error))) => {
                tracing::debug!(%error, "consumer error; continuing");
                Ok(None)
            }
            Some(Err(error)) => Err(error.into()),
        }
    }
}
