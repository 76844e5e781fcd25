//! Text to configuration: file, then environment, then `--set`, read and validated once.
//!
//! In: a TOML file, variables `WIREFOLD__SECTION__KEY`, and `KEY=VALUE` arguments. Out: a [`Config`]
//! that holds every setting with its default filled in. A key that is not known is an error, and so
//! is a value out of its range. The `Settings` of each engine module live beside that module; this
//! file only puts them together.

use crate::engine;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Every setting of the daemon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How outputs are written: in transactions, or with ids by which repeats can be dropped.
    pub delivery: Delivery,
    /// The slices of the feed that are clustered apart; empty is one slice for everything.
    pub shards: Vec<Shard>,
    /// What a standby follows.
    pub standby: Standby,
    /// Where to start when there is no position.
    pub start: Start,
    /// The input.
    pub input: Input,
    /// The outputs.
    pub output: Output,
    /// The bounds of a batch.
    pub batch: Batch,
    /// The group that instances join, and the prefix of transactional ids.
    pub group: Group,
    /// The admin server.
    pub http: Http,
    /// Settings passed on to librdkafka, less what this system owns.
    pub kafka: BTreeMap<String, KafkaValue>,
    /// What shapes verdicts and stories.
    pub engine: engine::Settings,
}

/// How outputs are written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// One transaction a batch: read_committed readers see each effect once.
    #[default]
    ExactlyOnce,
    /// For brokers without transactions: repeats carry identical ids.
    AtLeastOnce,
}

/// A slice of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Shard {
    /// Its name, for logs.
    pub name: String,
}

/// What a standby follows.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Standby {
    /// The shards whose changelogs it follows; empty is all.
    pub shards: Vec<u32>,
}

/// Where to start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Start {
    /// What to do when a position is lost: stop, or go on from the earliest or latest record.
    pub reset: Reset,
}

/// What to do when a position is lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// Stop and let a person decide. The very first start is at the earliest record all the same.
    #[default]
    Error,
    /// Go on from the earliest record that is there.
    Earliest,
    /// Go on from the end.
    Latest,
}

/// The input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// The topic that articles are read from.
    pub topic: String,
    /// The format of its records; `auto` finds it by content type, then by looking.
    pub format: engine::wire::Format,
    /// How long an empty partition that is not at its end is waited for, in milliseconds.
    pub wait_ms: u64,
}

impl Default for Input {
    fn default() -> Self {
        Self { topic: "wire.articles".into(), format: engine::wire::Format::Auto, wait_ms: 500 }
    }
}

/// The outputs. An empty topic name switches `unique` off; the others are needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
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
    /// How events are laid out in a record.
    pub mode: Mode,
    /// Partitions of the topics that are made (the changelog has one for each shard).
    pub partitions: u32,
    /// Replicas of the topics that are made; -1 is the broker's default.
    pub replication: i32,
}

impl Default for Output {
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
        }
    }
}

/// How events are laid out in a Kafka record (CloudEvents 1.0, Kafka protocol binding).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Attributes in headers, data in the value.
    #[default]
    Binary,
    /// All in the value.
    Structured,
}

/// The bounds of a batch, the atomic unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Batch {
    /// The most records of a batch.
    pub records_max: u32,
    /// The most input bytes of a batch.
    pub bytes_max: u32,
    /// The least milliseconds from one commit to the next.
    pub apart_ms: u64,
}

impl Default for Batch {
    fn default() -> Self {
        Self { records_max: 500, bytes_max: 8 << 20, apart_ms: 25 }
    }
}

/// The group that instances join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// The consumer group on the changelog, and the prefix of transactional ids.
    pub id: String,
}

impl Default for Group {
    fn default() -> Self {
        Self { id: "wirefold".into() }
    }
}

/// The admin server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// The address and port; empty for none. Any address but loopback needs `token_file`.
    pub listen: String,
    /// A file that holds the token which requests must carry; empty for none.
    pub token_file: PathBuf,
}

impl Default for Http {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".into(), token_file: PathBuf::new() }
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
    "group.id",
    "group.protocol",
    "partition.assignment.strategy",
    "transactional.id",
    "enable.idempotence",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "isolation.level",
    "enable.partition.eof",
    "partitioner",
    "check.crcs",
];

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no TOML, a key is not known, or a value has the wrong type.
    #[error("{from}: {message}")]
    Parse {
        /// The file, variable or argument.
        from: String,
        /// What is wrong and where.
        message: String,
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
    /// Reads the file, if any, then `env`, then `sets` (`KEY=VALUE`), and validates the result.
    ///
    /// # Errors
    /// On an unreadable file, broken syntax, an unknown key, a wrong type or a value out of range.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        sets: &[String],
    ) -> Result<Self, Error> {
        let mut table = Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| Error::File { path: path.to_owned(), source })?;
            let from = path.display().to_string();
            table = text.parse().map_err(|e| parse_error(&from, &e))?;
            read(&from, &table)?;
        }
        let mut named: Vec<(String, String)> = env.into_iter().collect();
        named.sort();
        for (name, value) in named {
            if let Some(path) = name.strip_prefix("WIREFOLD__") {
                let keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
                put(&mut table, &keys, &value, &name)?;
                read(&name, &table)?;
            }
        }
        for set in sets {
            let from = format!("--set {}", set.split('=').next().unwrap_or_default());
            let Some((key, value)) = set.split_once('=') else {
                return Err(Error::Parse { from, message: "expected KEY=VALUE".into() });
            };
            put(&mut table, &keys(key.trim()), value, &from)?;
            read(&from, &table)?;
        }
        let config = read("configuration", &table)?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> Result<(), Error> {
        let check = |holds: bool, key: &str, message: &str| match holds {
            true => Ok(()),
            false => Err(Error::Invalid { key: key.into(), message: message.into() }),
        };
        check(self.engine.window.0 > 0, "engine.window", "must be above zero")?;
        check(
            (1..=64).contains(&self.engine.fingerprint.samples_max),
            "engine.fingerprint.samples_max",
            "must be 1 to 64",
        )?;
        check(self.engine.live_articles_max > 0, "engine.live_articles_max", "must be above zero")?;
        check(self.shards.len() <= 1, "shards", "this release runs one shard")?;
        check(self.batch.records_max > 0, "batch.records_max", "must be above zero")?;
        check(self.output.partitions > 0, "output.partitions", "must be above zero")?;
        let out = &self.output;
        for (key, topic) in [
            ("input.topic", &self.input.topic),
            ("output.events", &out.events),
            ("output.stories", &out.stories),
            ("output.rejected", &out.rejected),
            ("output.state", &out.state),
            ("group.id", &self.group.id),
        ] {
            check(!topic.is_empty(), key, "must not be empty")?;
        }
        for key in self.kafka.keys() {
            check(!OWNED.contains(&key.as_str()), &format!("kafka.{key}"), "is set by wirefold")?;
        }
        if !self.http.listen.is_empty() {
            let address: Result<std::net::SocketAddr, _> = self.http.listen.parse();
            let Ok(address) = address else {
                return check(false, "http.listen", "is no address and port");
            };
            let guarded =
                address.ip().is_loopback() || !self.http.token_file.as_os_str().is_empty();
            check(
                guarded,
                "http.listen",
                "an address other than loopback needs `http.token_file`",
            )?;
        }
        Ok(())
    }

    /// The hash of all settings that shape what the engine says: 16 hexadecimal digits.
    pub fn settings_hash(&self) -> String {
        let shaping = serde_json::json!({ "engine": self.engine, "shards": self.shards });
        let digest = Sha256::digest(shaping.to_string().as_bytes());
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

fn read(from: &str, table: &Table) -> Result<Config, Error> {
    Config::deserialize(table.clone()).map_err(|e| parse_error(from, &e))
}

fn parse_error(from: &str, error: &toml::de::Error) -> Error {
    let message = error.to_string().trim().replace('\n', " ");
    Error::Parse { from: from.to_owned(), message }
}

/// `kafka.` takes the rest as one key, since librdkafka's keys hold dots.
fn keys(dotted: &str) -> Vec<String> {
    match dotted.strip_prefix("kafka.") {
        Some(rest) => vec!["kafka".into(), rest.into()],
        None => dotted.split('.').map(str::to_owned).collect(),
    }
}

/// Puts a value at a path: read as TOML where it is that, else as text.
fn put(table: &mut Table, keys: &[String], text: &str, from: &str) -> Result<(), Error> {
    let value = format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let (last, path) = keys.split_last().expect("a split yields at least one part");
    let mut at = table;
    for key in path {
        let entry = at.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
        let Value::Table(next) = entry else {
            let message = format!("`{key}` is no section");
            return Err(Error::Parse { from: from.to_owned(), message });
        };
        at = next;
    }
    let key = if path.first().is_some_and(|s| s == "kafka") {
        last.replace('_', ".")
    } else {
        last.clone()
    };
    at.insert(key, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::article::Span;

    fn load(env: &[(&str, &str)], sets: &[&str]) -> Result<Config, String> {
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
        Config::load(None, env, &sets).map_err(|e| e.to_string())
    }

    #[test]
    fn arguments_win_over_the_environment() {
        let env =
            [("WIREFOLD__ENGINE__WINDOW", "48h"), ("WIREFOLD__GROUP__ID", "desk"), ("PATH", "x")];
        let config = load(&env, &["engine.window=72h", "kafka.bootstrap.servers=a:1"]).unwrap();
        assert_eq!(config.engine.window, Span::hours(72));
        assert_eq!(config.group.id, "desk");
        assert_eq!(config.kafka["bootstrap.servers"].text(), "a:1");
        let config = load(&[("WIREFOLD__KAFKA__BOOTSTRAP_SERVERS", "b:2")], &[]).unwrap();
        assert_eq!(config.kafka["bootstrap.servers"].text(), "b:2");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (sets, want) in [
            ("engine.windw=1h", "unknown field `windw`"),
            ("engine.window=soon", "`soon` is no duration"),
            ("engine.window=0s", "`engine.window`: must be above zero"),
            ("delivery=twice", "unknown variant `twice`"),
            ("kafka.group.id=x", "`kafka.group.id`: is set by wirefold"),
            ("http.listen=0.0.0.0:80", "needs `http.token_file`"),
            ("output.events=", "`output.events`: must not be empty"),
            ("nonsense", "expected KEY=VALUE"),
        ] {
            let error = load(&[], &[sets]).unwrap_err();
            assert!(error.contains(want), "{sets}: {error}");
        }
    }

    #[test]
    fn only_what_shapes_verdicts_is_in_the_hash() {
        let base = load(&[], &[]).unwrap();
        assert_eq!(base.settings_hash(), load(&[], &["group.id=x"]).unwrap().settings_hash());
        assert_ne!(base.settings_hash(), load(&[], &["engine.window=1h"]).unwrap().settings_hash());
        assert_eq!(base.settings_hash().len(), 16);
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = load(&[], &["kafka.sasl.password=hunter2"]).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
