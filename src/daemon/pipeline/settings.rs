//! The settings of a pipeline.

use super::embargoed;
use super::encoder::EventEncoder;
use super::prepare::Decode;
use super::shards::ShardFilter;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::Span;
use wirefold_engine::decode::Format;
use wirefold_engine::fingerprint::SamplingKey;

/// How the outputs and the state are kept consistent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// One transaction per batch: consumers that use read_committed receive everything exactly
    /// once.
    #[default]
    ExactlyOnce,
    /// No transactions: after a crash, events may be published again, with the same ids and
    /// contents.
    AtLeastOnce,
}

/// What to do if an input position is lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StartReset {
    /// Stop with an error, so that a person can decide.
    #[default]
    Error,
    /// Continue at the first record that still exists.
    Earliest,
    /// Continue at the end of the partition.
    Latest,
}

/// What to do with a record that is too large for its topic.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TooLarge {
    /// Stop with an error before any record of its batch is written, so that a person can decide.
    Stop,
    /// Write a reject in its place, with the reason `too_large`. For a changelog record, reject the
    /// input record that caused it.
    #[default]
    Reject,
}

/// What moves the engine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockSource {
    /// The timestamps of records, limited by the wall clock. While no records arrive, the wall
    /// clock itself.
    #[default]
    Wall,
    /// Only the timestamps of records, however far they are from the wall clock. Used for sample
    /// articles of another day.
    Records,
}

/// When a batch is committed. Each batch is one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum number of input records in a batch. A higher value gives more throughput, but needs
    /// more memory and delays commits.
    pub records_max: NonZeroU32,
    /// Minimum time between two commits. A batch that is not full is committed after this time.
    /// Lower it for less latency, or raise it for fewer transactions.
    pub commit_every: Span,
    /// Constants that only tests change.
    #[serde(skip)]
    pub tuning: Tuning,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records_max: NonZeroU32::new(1_000).expect("not zero"),
            commit_every: Span(25),
            tuning: Tuning::default(),
        }
    }
}

/// Constants of the processing loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Maximum number of input bytes in a batch. The last record may take the batch over this
    /// limit.
    pub bytes_max: u32,
    /// How long the merge waits for an input partition that has no buffered records but has not
    /// been read to its end.
    pub merge_wait: Span,
    /// Maximum number of bytes that may be read from an input partition ahead of the merge.
    pub ahead_bytes_max: u32,
    /// How often the number of input partitions is checked.
    pub partitions_every: Span,
    /// How long confirming a lease may take after a failure.
    pub confirm_within: Span,
    /// Maximum number of bytes of records under embargo that are kept in memory. Further records
    /// are read again from the changelog when their embargo ends.
    pub embargoed_bytes_max: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            bytes_max: 8 << 20,
            merge_wait: Span(500),
            ahead_bytes_max: 4 << 20,
            partitions_every: Span::seconds(10),
            confirm_within: Span::seconds(15),
            embargoed_bytes_max: embargoed::BYTES_MAX,
        }
    }
}

/// Everything that configures a pipeline.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Settings of the processing loop.
    pub settings: Settings,
    /// Settings of the engine.
    pub engine: EngineSettings,
    /// How the outputs and the state are kept consistent.
    pub delivery: Delivery,
    /// What to do if an input position is lost.
    pub reset: StartReset,
    /// The consumer group, which owns the changelog.
    pub group: String,
    /// The former name of the group, to which the changelog may still belong.
    pub renamed_from: Option<String>,
    /// The sampling key for the very first start, drawn at random.
    pub fresh_key: SamplingKey,
    /// What moves the engine's clock.
    pub clock: ClockSource,
    /// Encodes events as records.
    pub encoder: Arc<dyn EventEncoder>,
    /// What to do with outputs that are too large for their topic.
    pub too_large: TooLarge,
    /// The format of input records.
    pub format: Format,
    /// Decodes the value of a record.
    pub decode: Decode,
    /// How long decoding and preparing one record may take.
    pub prepare_within: Duration,
    /// Which part of the input belongs to this shard.
    pub slice: ShardFilter,
    /// The shards whose changelogs are followed while another instance owns them; if empty, all.
    pub followed: Vec<u32>,
}

impl Setup {
    /// Whether the shard's changelog is followed while another instance owns the shard.
    pub(super) fn follows(&self) -> bool {
        self.followed.is_empty() || self.followed.contains(&self.slice.shard)
    }
}
