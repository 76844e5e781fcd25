//! What `/api/v1/status` says.

use crate::daemon::pipeline::broker::Partition;
use crate::daemon::pipeline::{PartitionLag, Phase};
use crate::daemon::snapshot::Snapshots;
use crate::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::article::EventTime;

/// What does not change while a process runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Its name.
    pub instance: String,
    /// Its release.
    pub version: String,
    /// The version of the engine's decisions.
    pub core: String,
    /// The hash of the settings that shape verdicts.
    pub settings: String,
    /// How outputs are written.
    pub delivery: String,
}

/// The body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceStatus {
    /// Which instance.
    #[serde(flatten)]
    pub instance: Instance,
    /// Whether the instance works on every shard, or could take it over at once.
    pub ready: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// The wall clock of this instance.
    pub time: String,
    /// The shards, in order.
    pub shards: Vec<ShardInfo>,
    /// Who follows; absent where the page and the API are switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<Streams>,
}

/// Clients that follow streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Streams {
    /// How many there are.
    pub open: usize,
    /// How many there may be.
    pub most: usize,
}

/// What the page and the API answer from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ViewStatus {
    /// How often it was published.
    pub version: u64,
    /// Articles that it shows.
    pub articles: usize,
    /// Stories that it shows.
    pub stories: usize,
    /// Memory held for it beside the articles themselves, about.
    pub bytes: usize,
}

/// A shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShardInfo {
    /// Its number.
    pub shard: u32,
    /// Where its pipeline stands: `starting`, `idle`, `standby`, `restoring`, `running`,
    /// `recovering` or `stopping`.
    pub phase: String,
    /// The last batch committed.
    pub batch: u64,
    /// Events published so far.
    pub events: u64,
    /// The engine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// When this instance last committed a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<String>,
    /// Articles in the window.
    pub live_articles: usize,
    /// Stories that are open.
    pub live_stories: usize,
    /// Memory held, about: articles, index, stories, identities, records under embargo, journals.
    pub state_bytes: usize,
    /// How long the input partition that has waited longest has waited, in seconds; 0 where nothing
    /// waits.
    pub age_seconds: f64,
    /// The input partitions.
    pub inputs: Vec<InputStatus>,
    /// The last restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// What the page and the API answer from; absent where they are switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<ViewStatus>,
}

/// An input partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InputPartition)]
pub struct InputStatus {
    /// Its topic.
    pub topic: String,
    /// Its number.
    pub partition: i32,
    /// The offset that is read next.
    pub next: i64,
    /// Records that wait; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// How long its records have waited, in seconds; 0 where none wait.
    #[serde(default)]
    pub age_seconds: f64,
}

/// A restore from the changelog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Restored {
    /// Records read.
    pub records: u64,
    /// How long it took.
    pub seconds: f64,
}

impl InstanceStatus {
    /// The status as the views tell it.
    pub fn of(instance: &Instance, views: &ShardStatuses) -> Self {
        let why = views.unready();
        let shards = views.all();
        let shards = shards.iter().zip(0..).map(|(view, shard)| ShardInfo::of(shard, view));
        let ready = why.is_empty();
        let time = EventTime(jiff::Timestamp::now().as_millisecond()).to_string();
        let (instance, shards) = (instance.clone(), shards.collect());
        Self { instance, ready, why, time, shards, streams: None }
    }

    /// The same, and what the page and the API answer from.
    #[must_use]
    pub fn with(mut self, desks: &Snapshots, streams: Streams) -> Self {
        for (shard, desk) in self.shards.iter_mut().zip(desks.all()) {
            shard.view = Some(ViewStatus {
                version: desk.lately.version(),
                articles: desk.len(),
                stories: desk.stories_len(),
                bytes: desk.bytes(),
            });
        }
        Self { streams: Some(streams), ..self }
    }
}

impl ShardInfo {
    fn of(shard: u32, view: &ShardStatus) -> Self {
        let input = |(of, input): (&Partition, &PartitionLag)| InputStatus {
            topic: of.topic.to_string(),
            partition: of.partition,
            next: input.next,
            lag: input.records,
            age_seconds: input.age.0 as f64 / 1_000.0,
        };
        Self {
            shard,
            phase: view.phase.map_or("starting", Phase::as_str).to_owned(),
            batch: view.batch,
            events: view.sequence,
            clock: view.clock.map(|at| at.to_string()),
            committed: view.committed.map(|at| at.to_string()),
            live_articles: view.live_articles,
            live_stories: view.live_stories,
            state_bytes: view.state_bytes,
            age_seconds: view.age.0 as f64 / 1_000.0,
            inputs: view.inputs.iter().map(input).collect(),
            restored: view
                .restored
                .map(|(records, took)| Restored { records, seconds: took.as_secs_f64() }),
            view: None,
        }
    }
}
