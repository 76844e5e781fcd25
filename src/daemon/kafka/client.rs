//! Client settings: what a person may pass through, what this system owns, what it defaults.
//!
//! In: [`Settings`]. Out: a `ClientConfig` for each of the four clients, and a context that turns
//! librdkafka's logs into ours.
//!
//! Configuration has refused what this system owns: settings that correctness rests on.

use crate::daemon::pipeline::Delivery;
use crate::daemon::pipeline::broker::{Limits, Role};
use crate::daemon::pipeline::shards::Map;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the Kafka side is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The consumer group; also the head of every `transactional.id`.
    pub group: String,
    /// The topics.
    pub topics: Topics,
    /// Partitions of topics that are made, the changelog's apart.
    pub partitions: i32,
    /// Replicas of topics that are made; -1 is the broker's default.
    pub replication: i32,
    /// The shards, of which each has a partition of the changelog.
    pub map: Arc<Map>,
    /// The limits of record sizes of a broker in memory, `None` for a real one. Such a broker cannot be
    /// asked for them, and what is aborted there stays visible, so that nothing is swept.
    pub in_memory: Option<Limits>,
    /// Whether there are transactions.
    pub delivery: Delivery,
    /// Settings passed through to librdkafka (`kafka.*`).
    pub passed: BTreeMap<String, String>,
}

/// The names of the topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Events.
    pub events: String,
    /// The newest state of each live story.
    pub stories: String,
    /// The feed without repeats; `None` leaves it out.
    pub unique: Option<String>,
    /// What could not be read.
    pub rejected: String,
    /// The changelog.
    pub state: String,
}

impl Topics {
    /// The topic of a role; the feed without repeats may be left out.
    pub(super) fn of(&self, role: Role) -> Option<&str> {
        match role {
            Role::Events => Some(&self.events),
            Role::Stories => Some(&self.stories),
            Role::Unique => self.unique.as_deref(),
            Role::Rejected => Some(&self.rejected),
            Role::State => Some(&self.state),
        }
    }
}

/// How long metadata, watermark and admin calls may take.
pub(super) const CALL: Duration = Duration::from_secs(15);
/// How long a transaction may take, from its first record to the answer to its commit.
pub(super) const TRANSACTION: Duration = Duration::from_secs(20);

/// Checks that librdkafka knows all settings passed through and takes their values, and that a broker
/// is named.
///
/// # Errors
/// Names the first setting that it does not take, or that is missing.
pub fn check(settings: &Settings) -> Result<(), String> {
    let said = |error: KafkaError| match error {
        KafkaError::ClientConfig(_, why, key, _) => format!("`kafka.{key}`: {why}"),
        other => other.to_string(),
    };
    settings.lease().create_native_config().map_err(said)?;
    settings.producer(0, 1 << 20).create_native_config().map(drop).map_err(said)?;
    let named = |key: &&str| settings.passed.get(*key).is_some_and(|value| !value.is_empty());
    if BROKERS.iter().any(named) {
        return Ok(());
    }
    Err("`kafka.bootstrap.servers`: is not set, such as `--set kafka.bootstrap.servers=broker:9092`".into())
}

/// Settings that say where brokers are; the last makes some in memory.
const BROKERS: [&str; 3] = ["bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers"];

impl Settings {
    /// Where brokers are, as set.
    pub fn brokers(&self) -> &str {
        let set = BROKERS.iter().find_map(|key| self.passed.get(*key));
        set.map_or("", String::as_str)
    }

    fn base(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", "wirefold");
        config.set("log.connection.close", "false");
        config.set("topic.metadata.refresh.interval.ms", "60000");
        for (key, value) in &self.passed {
            config.set(key, value);
        }
        config.set_log_level(RDKafkaLogLevel::Info);
        config
    }

    fn default(&self, config: &mut ClientConfig, key: &str, value: &str) {
        if !self.passed.contains_key(key) {
            config.set(key, value);
        }
    }

    /// For metadata, watermarks and topic administration.
    pub(super) fn admin(&self) -> ClientConfig {
        self.base()
    }

    /// The member of the group: it owns shards and reads nothing.
    pub(super) fn lease(&self) -> ClientConfig {
        let mut config = self.consumer(&self.group);
        self.default(&mut config, "session.timeout.ms", "10000");
        config.set("group.protocol", "classic");
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("auto.offset.reset", "latest");
        config
    }

    /// Reads the changelog of a shard.
    pub(super) fn changelog(&self, shard: u32) -> ClientConfig {
        let mut config = self.consumer(&format!("{}.{shard}.changelog", self.group));
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        self.default(&mut config, "fetch.wait.max.ms", "20");
        self.default(&mut config, "fetch.message.max.bytes", "8388608");
        config
    }

    /// Reads what a shard wrote, of aborted and open transactions too.
    pub(super) fn uncommitted(&self, shard: u32) -> ClientConfig {
        let mut config = self.changelog(shard);
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// Reads the input of a shard. Its group has no members: positions are noted there for lag
    /// tools.
    pub(super) fn input(&self, shard: u32) -> ClientConfig {
        let mut config = self.consumer(&format!("{}.{shard}", self.group));
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        config.set("statistics.interval.ms", "1000");
        // A topic may be another one of the same name after a connection was lost.
        config.set("log.connection.close", "true");
        self.default(&mut config, "fetch.wait.max.ms", "100");
        self.default(&mut config, "queued.max.messages.kbytes", "16384");
        config
    }

    /// Reads single records of the input by position.
    pub(super) fn texts(&self) -> ClientConfig {
        let mut config = self.consumer(&format!("{}.texts", self.group));
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        config.set("queued.min.messages", "1");
        self.default(&mut config, "fetch.wait.max.ms", "20");
        self.default(&mut config, "queued.max.messages.kbytes", "1024");
        config
    }

    fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.base();
        config.set("group.id", group);
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("check.crcs", "true");
        config.set("isolation.level", "read_committed");
        self.default(&mut config, "fetch.queue.backoff.ms", "10");
        config
    }

    /// Writes for a shard records of up to `bytes_max` bytes.
    pub(super) fn producer(&self, shard: u32, bytes_max: usize) -> ClientConfig {
        let mut config = self.base();
        config.set("enable.idempotence", "true");
        config.set("acks", "all");
        config.set("partitioner", "murmur2_random");
        // The writer has to know of every connection that closes.
        config.set("log.connection.close", "true");
        config.set("message.max.bytes", bytes_max.max(1_000_000).to_string());
        self.default(&mut config, "linger.ms", "1");
        self.default(&mut config, "compression.type", "lz4");
        self.default(&mut config, "queue.buffering.max.kbytes", "65536");
        if self.delivery == Delivery::ExactlyOnce {
            config.set("transactional.id", format!("{}.{shard}", self.group));
            self.default(
                &mut config,
                "transaction.timeout.ms",
                &TRANSACTION.as_millis().to_string(),
            );
        } else {
            self.default(&mut config, "message.timeout.ms", &TRANSACTION.as_millis().to_string());
        }
        config
    }
}

/// The context of clients that need no callbacks of their own.
#[derive(Debug)]
pub(super) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::debug!(%error, reason, "kafka client");
        }
    }
}

impl rdkafka::consumer::ConsumerContext for Quiet {}

/// Passes a log line of librdkafka on. Its errors are mostly connections that come back by
/// themselves, so they are warnings here; and a producer that asks for its id once more is none, as
/// it does on every first start.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    let again = facility == "GETPID" && message.ends_with(": retrying");
    match level {
        _ if again => tracing::debug!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
            tracing::warn!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{message}"),
    }
}

/// Whether an error can only be mended by a person: rights, sizes, versions.
pub(super) fn needs_a_person(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
            | Code::Authentication
            | Code::UnsupportedSASLMechanism
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
            | Code::MessageSizeTooLarge
            | Code::InvalidRecord
            | Code::PolicyViolation
            | Code::InvalidTransactionTimeout
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(passed: &[(&str, &str)]) -> Settings {
        Settings {
            group: "wirefold".into(),
            topics: Topics {
                events: "wire.events".into(),
                stories: "wire.stories".into(),
                unique: None,
                rejected: "wire.rejected".into(),
                state: "wire.state".into(),
            },
            partitions: 4,
            replication: -1,
            map: Arc::new(Map::new("wire.articles", &[]).unwrap()),
            in_memory: None,
            delivery: Delivery::ExactlyOnce,
            passed: passed.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        }
    }

    #[test]
    fn what_librdkafka_does_not_take_is_named() {
        let says = |passed| check(&settings(passed)).unwrap_err();
        assert!(says(&[("no.such.key", "1")]).contains("kafka.no.such.key"));
        assert!(says(&[("linger.ms", "never")]).contains("kafka.linger.ms"));
        assert!(says(&[("linger.ms", "5")]).contains("`kafka.bootstrap.servers`: is not set"));
        assert!(says(&[("bootstrap.servers", "")]).contains("is not set"));
        check(&settings(&[("bootstrap.servers", "localhost:9"), ("linger.ms", "5")])).unwrap();
    }

    #[test]
    fn what_passes_wins_over_defaults() {
        let given = settings(&[("linger.ms", "5"), ("session.timeout.ms", "6000")]);
        assert_eq!(given.producer(0, 1).get("linger.ms"), Some("5"));
        assert_eq!(given.lease().get("session.timeout.ms"), Some("6000"));
        assert_eq!(settings(&[]).lease().get("session.timeout.ms"), Some("10000"));
        assert_eq!(given.producer(3, 1).get("transactional.id"), Some("wirefold.3"));
    }
}
