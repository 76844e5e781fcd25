//! Text to configuration: file, then environment, then `--set`, read and validated once.
//!
//! In: a TOML file, variables `WIREFOLD__SECTION__KEY`, and `KEY=VALUE` arguments. Out: a [`Config`]
//! that holds every setting with its default filled in. A later source wins over an earlier one.
//!
//! ```text
//! wirefold.toml    [engine]  window = "120h"
//! environment      WIREFOLD__ENGINE__WINDOW=96h
//! argument         --set engine.window=72h            gives 72h
//! ```
//!
//! Invariants: CO-1 a key that is not known is an error, which names the nearest known one; CO-2 a
//! value out of its range is an error that names its key; CO-3 `config/wirefold.toml` holds every
//! key with its default, as [`document`] writes it; CO-4 no secret is ever printed.
//!
//! The `Settings` of each module live beside that module; this file puts them together, and nothing
//! below it sees a [`Config`].

pub mod document;
mod load;

use crate::daemon::http;
use crate::daemon::pipeline::shards::{ShardMap, ShardSelector};
use crate::daemon::pipeline::{self, Delivery, StartReset, TooLarge};
use crate::daemon::publish::Mode;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Every setting of the daemon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The name of this instance in its logs and status; empty is the name of the host.
    pub instance: String,
    /// How outputs are written: `exactly_once` (one transaction a batch), or `at_least_once` for
    /// brokers without transactions, where repeats carry identical ids.
    pub delivery: Delivery,
    /// The slices of the feed that are clustered apart; empty is one slice for everything. Each item
    /// goes to the first that it fits (`topics`, `partitions`, `headers`, `languages`, `providers`),
    /// else to the one without a condition: `[{ name = "de", languages = ["de"] }, { name = "rest" }]`.
    pub shards: Vec<ShardSelector>,
    /// What a standby follows.
    pub standby: StandbyConfig,
    /// Where to start.
    pub start: StartConfig,
    /// The input.
    pub input: InputConfig,
    /// The outputs. Topics that are missing are made.
    pub output: OutputConfig,
    /// The bounds of a batch, the atomic unit of work.
    pub batch: pipeline::Settings,
    /// The group that instances join.
    pub group: GroupConfig,
    /// The admin server: health, metrics, status.
    pub http: http::Settings,
    /// Settings handed on to librdkafka by their own names, less those that wirefold sets itself.
    /// `file:PATH` as a value reads it from that file, for secrets. OIDC
    /// (`sasl.oauthbearer.method = "oidc"`) and Kerberos are not built in.
    pub kafka: BTreeMap<String, KafkaValue>,
    /// What shapes verdicts and stories. The hash of these settings is in every event.
    pub engine: wirefold_engine::Settings,
}

/// What a standby follows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StandbyConfig {
    /// The shards whose changelogs a standby follows, at that cost in memory; empty is all.
    pub shards: Vec<u32>,
}

/// Where to start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StartConfig {
    /// What to do when a position is lost: `error` (stop: a person decides), `earliest` or
    /// `latest`. The very first start is at the earliest record all the same.
    pub reset: StartReset,
    /// The former `group.id` of this deployment, given once after it was renamed. Empty otherwise.
    /// The state belongs to one group, and another one is refused.
    pub renamed_from: String,
}

/// The input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct InputConfig {
    /// The topic that articles are read from.
    pub topic: String,
    /// The format of its records; `auto` finds it by content type, then by looking.
    pub format: wirefold_engine::decode::Format,
}

impl Default for InputConfig {
    fn default() -> Self {
        Self { topic: "wire.articles".into(), format: wirefold_engine::decode::Format::Auto }
    }
}

/// The outputs. An empty topic name switches `unique` off; the others are needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutputConfig {
    /// Every event.
    pub events: String,
    /// The newest state of each live story, compacted.
    pub stories: String,
    /// The feed without repeats; empty for none.
    pub unique: String,
    /// What could not be read.
    pub rejected: String,
    /// The changelog, compacted.
    pub state: String,
    /// How events are laid out in a record (CloudEvents 1.0, Kafka binding): `binary` (attributes
    /// in headers) or `structured` (all in the value).
    pub mode: Mode,
    /// Partitions of the topics that are made (the changelog has one for each shard).
    pub partitions: u32,
    /// Replicas of the topics that are made; -1 is the broker's default.
    pub replication: i32,
    /// What to do about a record that is larger than its topic takes: `reject`, or `stop`. `reject`
    /// writes a reject that says so in the place of an output; where a changelog record is too large,
    /// the input record that causes it is rejected.
    pub too_large: TooLarge,
}

impl Default for OutputConfig {
    fn default() -> Self {
        Self {
            events: "wire.events".into(),
            stories: "wire.stories".into(),
            unique: "wire.unique".into(),
            rejected: "wire.rejected".into(),
            state: "wire.state".into(),
            mode: Mode::Binary,
            partitions: 4,
            replication: -1,
            too_large: TooLarge::Reject,
        }
    }
}

/// The group that instances join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GroupConfig {
    /// The consumer group on the changelog, and the prefix of transactional ids.
    pub id: String,
}

impl Default for GroupConfig {
    fn default() -> Self {
        Self { id: "wirefold".into() }
    }
}

/// A librdkafka setting: text, number or truth value.
#[derive(Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
pub enum KafkaValue {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// Text.
    Text(String),
}

impl KafkaValue {
    /// The setting as librdkafka takes it.
    pub fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(value) => value.clone(),
        }
    }
}

impl std::fmt::Debug for KafkaValue {
    /// Prints no secret: any setting may be one.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("***")
    }
}

/// librdkafka settings that this system sets itself, on which its promises rest.
const OWNED: &[&str] = &[
    "acks",
    "auto.commit.enable",
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "check.crcs",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "isolation.level",
    "log.connection.close",
    "log.queue",
    "log_level",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.max.bytes",
    "partition.assignment.strategy",
    "partitioner",
    "request.required.acks",
    "statistics.interval.ms",
    "transactional.id",
];

/// Parts of a librdkafka key by which its value is taken for a secret.
const SECRETS: &[&str] = &["password", "secret", "token", "key.pem", "oauthbearer.config"];

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read `{path}`")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no TOML, or a value has the wrong type.
    #[error("{from}: {message}")]
    Parse {
        /// The file, variable or argument.
        from: String,
        /// What is wrong and where.
        message: String,
    },
    /// A key is not known.
    #[error("{from}: `{key}` is no setting{near}")]
    Unknown {
        /// The file, variable or argument.
        from: String,
        /// The key.
        key: String,
        /// The nearest key that is known, as an end of the sentence; may be empty.
        near: String,
    },
    /// A value is out of its range, or two do not go together.
    #[error("`{key}`: {message}")]
    Invalid {
        /// The key.
        key: String,
        /// What is wrong.
        message: String,
    },
}

impl Config {
    /// The hash of all settings that shape what the engine says: 16 hexadecimal digits.
    pub fn settings_hash(&self) -> String {
        let unnamed =
            |shard: &ShardSelector| ShardSelector { name: String::new(), ..shard.clone() };
        let shards: Vec<ShardSelector> = self.shards.iter().map(unnamed).collect();
        let shaping = serde_json::json!({ "engine": self.engine, "shards": shards });
        let digest = Sha256::digest(shaping.to_string().as_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Which shard takes what.
    ///
    /// # Panics
    /// Never: settings that are loaded draw a map.
    pub fn map(&self) -> Arc<ShardMap> {
        let map = ShardMap::new(&self.input.topic, &self.shards);
        Arc::new(map.expect("settings were validated when they were loaded"))
    }

    /// The name of this instance.
    pub fn instance_name(&self) -> String {
        if !self.instance.is_empty() {
            return self.instance.clone();
        }
        let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
        if host.trim().is_empty() { "wirefold".into() } else { host.trim().to_owned() }
    }

    /// All settings as TOML, secrets as `***`.
    pub fn shown(&self) -> String {
        let mut shown = self.clone();
        for (key, value) in &mut shown.kafka {
            if SECRETS.iter().any(|part| key.contains(part)) {
                *value = KafkaValue::Text("***".into());
            }
        }
        toml::to_string(&shown).expect("settings are tables with text keys alone")
    }

    fn validate(&self) -> Result<(), Error> {
        let out = &self.output;
        for (key, text) in [
            ("input.topic", &self.input.topic),
            ("output.events", &out.events),
            ("output.stories", &out.stories),
            ("output.rejected", &out.rejected),
            ("output.state", &out.state),
            ("group.id", &self.group.id),
        ] {
            check(!text.is_empty(), key, "must not be empty")?;
        }
        let map = ShardMap::new(&self.input.topic, &self.shards);
        let map =
            map.map_err(|e| Error::Invalid { key: "shards".into(), message: e.to_string() })?;
        let inputs = map.topics();
        let mut topics: Vec<&str> =
            [&out.events, &out.stories, &out.rejected, &out.state].map(String::as_str).to_vec();
        topics.extend(Some(out.unique.as_str()).filter(|topic| !topic.is_empty()));
        topics.extend(inputs.iter().map(|topic| &**topic));
        topics.sort_unstable();
        let distinct = topics.windows(2).all(|pair| pair[0] != pair[1]);
        check(distinct, "output", "every topic needs a name of its own")?;
        let followed = self.standby.shards.iter().all(|shard| *shard < map.shards());
        check(followed, "standby.shards", "names a shard that is not there")?;
        check(out.partitions > 0, "output.partitions", "must be above zero")?;
        let replication = out.replication == -1 || out.replication > 0;
        check(replication, "output.replication", "must be above zero, or -1")?;
        for key in self.kafka.keys() {
            check(!OWNED.contains(&key.as_str()), &format!("kafka.{key}"), "is set by wirefold")?;
        }
        self.validate_bounds()?;
        self.http.check().map_err(|(key, message)| Error::Invalid { key, message })
    }

    fn validate_bounds(&self) -> Result<(), Error> {
        let engine = &self.engine;
        check(self.batch.records_max > 0, "batch.records_max", "must be above zero")?;
        check(self.batch.bytes_max > 0, "batch.bytes_max", "must be above zero")?;
        check(self.batch.commit_every.0 >= 0, "batch.commit_every", "must not be below zero")?;
        check(engine.window.0 > 0, "engine.window", "must be above zero")?;
        check(
            engine.identity >= engine.window,
            "engine.identity",
            "must not be below `engine.window`",
        )?;
        check(
            (1..wirefold_engine::stories::Settings::LIVE_MAX).contains(&engine.live_articles_max),
            "engine.live_articles_max",
            "must be 1 to 16777215",
        )?;
        check(
            engine.story.memory.0 > 0 && engine.story.time_sigma.0 > 0,
            "engine.story",
            "`memory` and `time_sigma` must be above zero",
        )?;
        check(
            (1..=64).contains(&engine.fingerprint.samples_max),
            "engine.fingerprint.samples_max",
            "must be 1 to 64",
        )
    }
}

fn check(holds: bool, key: &str, message: &str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error::Invalid { key: key.into(), message: message.into() }) }
}
