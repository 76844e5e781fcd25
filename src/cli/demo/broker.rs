//! The broker in memory, and a reader of what is published on it.
//!
//! Every topic has one partition, so that the screen shows things in the order in which they
//! happened.

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

/// What the broker in memory takes as one record.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// A broker that lives as long as this does.
pub(super) struct DemoBroker(MockCluster<'static, DefaultProducerContext>);

impl DemoBroker {
    /// Starts it with the topics of `config`.
    pub(super) fn start(config: &Config) -> anyhow::Result<Self> {
        let cluster = MockCluster::new(1).context("the broker in memory does not start")?;
        let out = &config.output;
        let topics = [&config.input.topic, &out.events, &out.stories, &out.rejected, &out.state];
        let unique = Some(&out.unique).filter(|topic| !topic.is_empty());
        for topic in topics.into_iter().chain(unique) {
            cluster.create_topic(topic, 1, 1).with_context(|| format!("no topic `{topic}`"))?;
        }
        Ok(Self(cluster))
    }

    /// `settings`, turned to this broker.
    pub(super) fn settings(&self, settings: Settings) -> Settings {
        let bootstrap = ("bootstrap.servers".to_owned(), self.0.bootstrap_servers());
        Settings {
            partitions: 1,
            replication: 1,
            in_memory: Some(Limits { by_role: [RECORD_BYTES_MAX; 5] }),
            passed: BTreeMap::from([bootstrap]),
            ..settings
        }
    }
}

/// A client's configuration for the broker of `settings`.
pub(super) fn client(settings: &Settings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.extend(settings.passed.iter().map(|(key, value)| (key.clone(), value.clone())));
    config
}

/// Reads events and rejects, as any reader of committed records would.
pub(super) struct DemoReader {
    consumer: BaseConsumer,
    topics: TopicNames,
}

impl DemoReader {
    /// Reads from the beginning.
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

    /// The next record, within `wait`.
    ///
    /// # Errors
    /// When a record is none that the contract knows.
    pub(super) fn next(&self, wait: Duration) -> anyhow::Result<Option<ReceivedRecord>> {
        match self.consumer.poll(wait) {
            None => Ok(None),
            Some(Ok(message)) if message.topic() == self.topics.events => {
                ReceivedRecord::event(&message).map(Some)
            }
            Some(Ok(message)) => Ok(Some(ReceivedRecord::reject(&message))),
            Some(Err(KafkaError::MessageConsumption(error))) => {
                tracing::debug!(%error, "reading goes on");
                Ok(None)
            }
            Some(Err(error)) => Err(error.into()),
        }
    }
}
