//! What shapes a pipeline.

use super::encoder::EventEncoder;
use super::prepare::Decode;
use super::shards::ShardFilter;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::Span;
use wirefold_engine::decode::Format;
use wirefold_engine::fingerprint::FloodKey;

/// How outputs and memory are kept together.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// One transaction a batch: an exactly-once effect for read_committed readers.
    #[default]
    ExactlyOnce,
    /// No transactions: after a crash, repeats carry the same ids and contents.
    AtLeastOnce,
}

/// What to do about an input position that is lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum StartReset {
    /// Stop, and let a person decide.
    #[default]
    Error,
    /// Go on from the first record that is there.
    Earliest,
    /// Go on from the end.
    Latest,
}

/// What to do about an output that its topic does not take because of its size.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TooLarge {
    /// Stop before anything of its batch is written, and let a person decide.
    Stop,
    /// Write a reject that says so in its place.
    #[default]
    Reject,
}

/// What moves the engine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockSource {
    /// Records, up to the wall clock, and the wall clock while no record comes.
    #[default]
    Wall,
    /// Records alone, wherever their timestamps lie: for a sample wire of another day.
    Records,
}

/// Settings of the loop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most input records of a batch.
    pub records_max: u32,
    /// The most input bytes of a batch; one record more may go over it.
    pub bytes_max: u32,
    /// The least time between two commits; a batch that is not full closes after it.
    pub commit_every: Span,
    /// How long the merge waits for an input partition that is empty and not at its end.
    pub merge_wait: Span,
    /// How many bytes an input partition may run ahead of the merge.
    pub ahead_bytes_max: u32,
    /// How often the number of input partitions is checked.
    pub partitions_every: Span,
    /// How long a lease may take to be confirmed after trouble.
    pub confirm_within: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records_max: 1_000,
            bytes_max: 8 << 20,
            commit_every: Span(25),
            merge_wait: Span(500),
            ahead_bytes_max: 4 << 20,
            partitions_every: Span::minutes(1),
            confirm_within: Span::seconds(15),
        }
    }
}

/// Everything that shapes a pipeline.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Settings of the loop.
    pub settings: Settings,
    /// Settings of the engine.
    pub engine: EngineSettings,
    /// How outputs and memory are kept together.
    pub delivery: Delivery,
    /// What to do about a lost position.
    pub reset: StartReset,
    /// The consumer group, whose changelog it is.
    pub group: String,
    /// The group that the changelog may belong to as well: its former name.
    pub renamed_from: Option<String>,
    /// The flood key for the very first start, drawn at random.
    pub fresh_key: FloodKey,
    /// What moves the engine's clock.
    pub clock: ClockSource,
    /// Makes events into records.
    pub encoder: Arc<dyn EventEncoder>,
    /// What to do about outputs that are too large for their topic.
    pub too_large: TooLarge,
    /// The format of input records.
    pub format: Format,
    /// Decodes the value of a record.
    pub decode: Decode,
    /// How long decoding and preparing one record may take.
    pub prepare_within: Duration,
    /// What of the input is this shard's.
    pub slice: ShardFilter,
    /// The shards that are followed while they are another instance's; none named is all.
    pub followed: Vec<u32>,
}

impl Setup {
    /// Whether the shard is followed while it is another instance's.
    pub(super) fn follows(&self) -> bool {
        self.followed.is_empty() || self.followed.contains(&self.slice.shard)
    }
}
