//! The librdkafka configuration of every client.
//!
//! In: [`Settings`]. Out: a `ClientConfig` for each kind of client, and a context that forwards
//! librdkafka's log to `tracing`.
//!
//! Properties come from three sources: those that Wirefold manages because correctness depends on
//! them (the configuration refuses them under `kafka.`), those that the operator passes through,
//! and defaults for the rest.

use super::cause::without_attempt_details;
use super::properties::ClientRole;
use crate::daemon::pipeline::Delivery;
use crate::daemon::pipeline::broker::{Fault, Limits, Role};
use crate::daemon::pipeline::shards::ShardMap;
use crate::daemon::telemetry::throttle::throttled;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The settings of the Kafka clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The consumer group; also the prefix of every `transactional.id`.
    pub group: String,
    /// The topics.
    pub topics: TopicNames,
    /// The number of partitions of new topics other than the changelog.
    pub partitions: i32,
    /// The number of replicas that new topics get; -1 is the broker's default.
    pub replication: i32,
    /// The shards. Each has one partition of the changelog.
    pub map: Arc<ShardMap>,
    /// The record size limits for an in-memory broker; `None` for a real one. An in-memory broker
    /// cannot report its limits, and aborted records stay visible there, so its writers do not
    /// sweep (see `broker::Writer::sweep`).
    pub in_memory: Option<Limits>,
    /// The delivery guarantee, which decides whether transactions are used.
    pub delivery: Delivery,
    /// Settings passed through to librdkafka (`kafka.*`).
    pub properties: BTreeMap<String, String>,
}

/// The names of the output topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicNames {
    /// The topic of events.
    pub events: String,
    /// The topic with the latest state of each live story.
    pub stories: String,
    /// The unique topic; `None` if it is disabled.
    pub unique: Option<String>,
    /// The topic of rejected records.
    pub rejected: String,
    /// The changelog.
    pub state: String,
}

impl TopicNames {
    /// The topic for a role; `None` for the unique topic if it is disabled.
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

/// The timeout of metadata, watermark and admin calls.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// The timeout of a transaction, from its first record to the reply to its commit.
pub(super) const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(20);

/// The reason the properties of the clients are not valid.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka rejects a property.
    #[error("`kafka.{key}`: {why}")]
    Property {
        /// The name of the property.
        key: String,
        /// The reason.
        why: String,
    },
    /// librdkafka rejects the properties as a whole.
    #[error("{0}")]
    Client(KafkaError),
    /// No property names a broker.
    #[error(
        "`kafka.bootstrap.servers` is not set; name a broker, for example with `--set \
         kafka.bootstrap.servers=broker:9092`"
    )]
    NoBroker,
}

/// Checks that librdkafka accepts all properties passed through, and that a broker is named.
///
/// # Errors
/// Returns an error that names the first property that librdkafka rejects, or the missing one.
pub fn check(settings: &Settings) -> Result<(), Error> {
    let named = |error| match error {
        KafkaError::ClientConfig(_, why, key, _) => Error::Property { key, why },
        other => Error::Client(other),
    };
    settings.lease().create_native_config().map_err(named)?;
    let limits = Limits { by_role: [1 << 20; 5] };
    settings.producer(0, limits).create_native_config().map_err(named)?;
    let set = |key: &&str| settings.properties.get(*key).is_some_and(|value| !value.is_empty());
    BROKERS.iter().any(set).then_some(()).ok_or(Error::NoBroker)
}

/// The properties that name the brokers. The last one starts in-memory mock brokers.
const BROKERS: [&str; 3] = ["bootstrap.servers", "metadata.broker.list", "test.mock.num.brokers"];

impl Settings {
    /// The broker addresses as configured.
    pub fn brokers(&self) -> &str {
        let set = BROKERS.iter().find_map(|key| self.properties.get(*key));
        set.map_or("", String::as_str)
    }

    /// The properties common to all clients, and those passed-through properties that `role` knows.
    fn base(&self, role: ClientRole) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("client.id", "wirefold");
        config.set("log.connection.close", "false");
        config.set("topic.metadata.refresh.interval.ms", "60000");
        // A metadata request must not create a topic: it would get the broker's default
        // configuration.
        config.set("allow.auto.create.topics", "false");
        for (key, value) in self.properties.iter().filter(|(key, _)| role.knows(key)) {
            config.set(key, value);
        }
        config.set_log_level(RDKafkaLogLevel::Info);
        config
    }

    /// Sets `key` unless the operator did.
    fn default(&self, config: &mut ClientConfig, key: &str, value: &str) {
        if !self.properties.contains_key(key) {
            config.set(key, value);
        }
    }

    /// The configuration of the client for metadata, watermarks and topic administration.
    pub(super) fn admin(&self) -> ClientConfig {
        self.base(ClientRole::Producer)
    }

    /// The configuration of the consumer that is a member of the consumer group. It owns shards and
    /// reads nothing.
    pub(super) fn lease(&self) -> ClientConfig {
        let mut config = self.consumer(&self.group);
        self.default(&mut config, "session.timeout.ms", "10000");
        // Only the reply to a heartbeat tells a member that another member has left.
        self.default(&mut config, "heartbeat.interval.ms", "200");
        config.set("group.protocol", "classic");
        config.set("partition.assignment.strategy", "cooperative-sticky");
        config.set("auto.offset.reset", "latest");
        config
    }

    /// The configuration of the consumer that reads the changelog of a shard.
    pub(super) fn changelog(&self, shard: u32) -> ClientConfig {
        let mut config = self.consumer(&format!("{}.{shard}.changelog", self.group));
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        self.default(&mut config, "fetch.wait.max.ms", "20");
        self.default(&mut config, "fetch.message.max.bytes", "8388608");
        config
    }

    /// The configuration of the consumer that reads what a shard wrote, including records of
    /// aborted and open transactions.
    pub(super) fn uncommitted(&self, shard: u32) -> ClientConfig {
        let mut config = self.changelog(shard);
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// The configuration of the consumers that read the input of a shard. Their group has no
    /// members. Positions are committed to this group only for tools that show consumer lag.
    pub(super) fn input(&self, shard: u32) -> ClientConfig {
        let mut config = self.consumer(&format!("{}.{shard}", self.group));
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        config.set("statistics.interval.ms", "1000");
        // A topic can be replaced by another with the same name while the connection is down.
        config.set("log.connection.close", "true");
        self.default(&mut config, "fetch.wait.max.ms", "100");
        self.default(&mut config, "queued.max.messages.kbytes", "16384");
        config
    }

    /// The configuration of the consumer that reads single input records by position.
    pub(super) fn position_reader(&self) -> ClientConfig {
        let mut config = self.consumer(&format!("{}.texts", self.group));
        config.set("auto.offset.reset", "error");
        config.set("enable.partition.eof", "true");
        config.set("queued.min.messages", "1");
        self.default(&mut config, "fetch.wait.max.ms", "20");
        self.default(&mut config, "queued.max.messages.kbytes", "1024");
        config
    }

    /// The properties common to all consumers.
    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        let mut config = self.base(ClientRole::Consumer);
        config.set("group.id", group);
        config.set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false");
        config.set("check.crcs", "true");
        config.set("isolation.level", "read_committed");
        self.default(&mut config, "fetch.queue.backoff.ms", "10");
        config
    }

    /// The configuration of the producer that writes for a shard, within the size limits of the
    /// topics. A topic's limit applies to a batch of records, and a producer has one batch size for
    /// all topics, so the smallest limit decides. A larger record is sent in a separate batch.
    pub(super) fn producer(&self, shard: u32, limits: Limits) -> ClientConfig {
        let mut config = self.base(ClientRole::Producer);
        config.set("enable.idempotence", "true");
        config.set("acks", "all");
        config.set("partitioner", "murmur2_random");
        // The writer has to notice every closed connection.
        config.set("log.connection.close", "true");
        let (least, most) = self.bounds(limits);
        config.set("message.max.bytes", most.max(1_000_000).to_string());
        let passed = self.properties.get("batch.size").and_then(|bytes| bytes.parse().ok());
        let batch = passed.unwrap_or(BATCH_BYTES).min(least).max(1);
        config.set("batch.size", batch.to_string());
        self.default(&mut config, "linger.ms", "1");
        self.default(&mut config, "compression.type", "lz4");
        self.default(&mut config, "queue.buffering.max.kbytes", "65536");
        if self.delivery == Delivery::ExactlyOnce {
            config.set("transactional.id", format!("{}.{shard}", self.group));
            self.default(
                &mut config,
                "transaction.timeout.ms",
                &TRANSACTION_TIMEOUT.as_millis().to_string(),
            );
        } else {
            self.default(
                &mut config,
                "message.timeout.ms",
                &TRANSACTION_TIMEOUT.as_millis().to_string(),
            );
        }
        config
    }

    /// The smallest and the largest size limit of the output topics.
    fn bounds(&self, limits: Limits) -> (usize, usize) {
        let written = Role::ALL.into_iter().filter(|role| self.topics.of(*role).is_some());
        written
            .map(|role| limits.of(role))
            .fold((usize::MAX, 0), |(least, most), bytes| (least.min(bytes), most.max(bytes)))
    }
}

/// librdkafka's default for `batch.size`, used unless a topic's limit is smaller.
const BATCH_BYTES: usize = 1_000_000;

/// The context of clients that need no callbacks except logging.
#[derive(Debug)]
pub(super) struct SilentContext;

impl ClientContext for SilentContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
            tracing::debug!(%error, reason, "a Kafka client reported an error");
        }
    }
}

impl rdkafka::consumer::ConsumerContext for SilentContext {}

/// Forwards a log line of librdkafka to `tracing`. Errors become throttled warnings, because most
/// of them are lost connections, which librdkafka restores by itself. A retried request for a
/// producer id is logged at debug level, because it occurs on every first start.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    let retries_id = facility == "GETPID" && message.ends_with(": retrying");
    match level {
        _ if retries_id => tracing::debug!(target: "librdkafka", facility, "{message}"),
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
            throttled(without_attempt_details(message), |repeats| {
                tracing::warn!(target: "librdkafka", facility, repeats, "{message}");
            })
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{message}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{message}"),
    }
}

/// Whether only a person can fix the error, for example missing permissions, size limits or
/// incompatible versions.
pub(super) fn is_permanent(code: RDKafkaErrorCode) -> bool {
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

/// Converts the error of a failed librdkafka call to a fault.
pub(super) fn fault(call: &str, error: &KafkaError) -> Fault {
    let why = format!("Kafka call `{call}` failed: {error}");
    match error.rdkafka_error_code() {
        Some(code) => by_code(code, why),
        None => match error {
            KafkaError::Transaction(error) => by_code(error.code(), why),
            _ => Fault::doubt(why),
        },
    }
}

/// Converts an error code to a fault: fenced, needs a person, or in doubt.
pub(super) fn by_code(code: RDKafkaErrorCode, why: String) -> Fault {
    use RDKafkaErrorCode as Code;
    match code {
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => Fault::fenced(why),
        code if is_permanent(code) => Fault::stop(why),
        _ => Fault::doubt(why),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Settings with the given passed-through properties.
    pub(in crate::daemon::kafka) fn settings(passed: &[(&str, &str)]) -> Settings {
        Settings {
            group: "wirefold".into(),
            topics: TopicNames {
                events: "wire.events".into(),
                stories: "wire.stories".into(),
                unique: None,
                rejected: "wire.rejected".into(),
                state: "wire.state".into(),
            },
            partitions: 4,
            replication: -1,
            map: Arc::new(ShardMap::new("wire.articles", &[]).unwrap()),
            in_memory: None,
            delivery: Delivery::ExactlyOnce,
            properties: passed.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        }
    }

    #[test]
    fn errors_name_the_property_that_librdkafka_rejects() {
        let error = |passed| check(&settings(passed)).unwrap_err().to_string();
        assert!(error(&[("no.such.key", "1")]).contains("kafka.no.such.key"));
        assert!(error(&[("linger.ms", "never")]).contains("kafka.linger.ms"));
        assert!(error(&[("linger.ms", "5")]).contains("`kafka.bootstrap.servers` is not set"));
        assert!(error(&[("bootstrap.servers", "")]).contains("is not set"));
        check(&settings(&[("bootstrap.servers", "localhost:9"), ("linger.ms", "5")])).unwrap();
    }

    #[test]
    fn passed_properties_override_defaults() {
        let given = settings(&[("linger.ms", "5"), ("session.timeout.ms", "6000")]);
        let limits = Limits { by_role: [1; 5] };
        assert_eq!(given.producer(0, limits).get("linger.ms"), Some("5"));
        assert_eq!(given.lease().get("session.timeout.ms"), Some("6000"));
        assert_eq!(settings(&[]).lease().get("session.timeout.ms"), Some("10000"));
        assert_eq!(given.producer(3, limits).get("transactional.id"), Some("wirefold.3"));
    }

    #[test]
    fn batch_size_is_bounded_by_the_smallest_limit_of_an_output_topic() {
        let size = |given: &Settings, limits: [usize; 5]| {
            let config = given.producer(0, Limits { by_role: limits });
            ["batch.size", "message.max.bytes"].map(|key| config.get(key).unwrap().to_owned())
        };
        let defaults = settings(&[]);
        let mut limits = [1_048_588, 2_000_000, 2_500, 1_048_588, 1_048_588];
        assert_eq!(
            size(&defaults, limits),
            ["1000000", "2000000"],
            "the unique topic is not written"
        );
        limits[Role::State as usize] = 200_000;
        assert_eq!(size(&defaults, limits), ["200000", "2000000"]);
        assert_eq!(size(&settings(&[("batch.size", "5000")]), limits)[0], "5000");
        assert_eq!(size(&settings(&[("batch.size", "900000")]), limits)[0], "200000");
    }

    /// Creates every kind of client with passed-through properties. librdkafka would warn about any
    /// property that a client does not know.
    #[test]
    fn no_client_gets_a_property_of_the_other_role() {
        /// Collects the warnings about unknown properties.
        #[derive(Default)]
        struct Lines(std::sync::Mutex<Vec<String>>);
        impl ClientContext for Lines {
            fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
                if facility == "CONFWARN" {
                    self.0.lock().unwrap().push(message.to_owned());
                }
            }
        }
        impl rdkafka::consumer::ConsumerContext for Lines {}
        impl rdkafka::producer::ProducerContext for Lines {
            type DeliveryOpaque = ();
            fn delivery(&self, _: &rdkafka::message::DeliveryResult<'_>, (): ()) {}
        }
        let given = settings(&[
            ("bootstrap.servers", "127.0.0.1:9"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "500"),
            ("fetch.max.bytes", "9000000"),
            ("max.poll.interval.ms", "200000"),
            ("batch.size", "5000"),
            ("linger.ms", "3"),
            ("compression.type", "zstd"),
            ("retries", "9"),
            ("queue.buffering.max.messages", "1000"),
            ("socket.keepalive.enable", "true"),
        ]);
        let wait = Duration::from_millis(20);
        let limits = Limits { by_role: [1 << 20; 5] };
        let warned = |config: ClientConfig| {
            let producer: rdkafka::producer::BaseProducer<Lines> =
                config.create_with_context(Lines::default()).unwrap();
            producer.poll(wait);
            let context = rdkafka::producer::Producer::client(&producer).context().clone();
            context.0.lock().unwrap().len()
        };
        assert_eq!(warned(given.admin()), 0);
        assert_eq!(warned(given.producer(0, limits)), 0);
        let mut unknown = given.admin();
        unknown.set("session.timeout.ms", "6000");
        assert_eq!(warned(unknown), 1, "librdkafka warns about a property of the other role");
        for config in [given.lease(), given.changelog(0), given.input(0), given.position_reader()] {
            let consumer: rdkafka::consumer::BaseConsumer<Lines> =
                config.create_with_context(Lines::default()).unwrap();
            drop(consumer.poll(wait));
            let lines = rdkafka::consumer::Consumer::context(&consumer).0.lock().unwrap();
            assert_eq!(*lines, Vec::<String>::new());
        }
    }

    #[test]
    fn features_missing_from_the_build_are_reported() {
        let oidc = [("sasl.mechanism", "OAUTHBEARER"), ("sasl.oauthbearer.method", "oidc")];
        let error = check(&settings(&oidc)).unwrap_err().to_string();
        assert!(
            error.contains("kafka.sasl.oauthbearer.method") && error.contains("OIDC"),
            "{error}"
        );
    }
}
