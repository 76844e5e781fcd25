//! The body of `/api/v1/status`.

use crate::daemon::pipeline::broker::Partition;
use crate::daemon::pipeline::{PartitionLag, Phase};
use crate::daemon::snapshot::Snapshots;
use crate::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::article::EventTime;

/// Properties of an instance that do not change while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// Name of the instance.
    pub instance: String,
    /// Release of Wirefold.
    pub version: String,
    /// Version of the engine's decision logic.
    pub core: String,
    /// Hash of the engine settings.
    pub settings: String,
    /// How output records are delivered.
    pub delivery: String,
}

/// The status of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceStatus {
    /// The instance.
    #[serde(flatten)]
    pub instance: Instance,
    /// Whether the instance is running or could take over at once, for every shard.
    pub ready: bool,
    /// The reasons the instance is not ready; absent if it is ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// The instance's wall clock (RFC 3339, UTC).
    pub time: String,
    /// The shards, by number.
    pub shards: Vec<ShardInfo>,
    /// Open streams; absent if the page and the API are disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<Streams>,
}

/// The clients that follow `/changes` or `/events`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Streams {
    /// Number of open streams.
    pub open: usize,
    /// Maximum number of open streams.
    pub most: usize,
}

/// The snapshot of a shard that the page and the API read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ViewStatus {
    /// Version of the snapshot; it increases with every update.
    pub version: u64,
    /// Number of articles in the snapshot.
    pub articles: usize,
    /// Number of stories in the snapshot.
    pub stories: usize,
    /// Estimated memory for the snapshot in bytes, not counting the articles themselves.
    pub bytes: usize,
    /// When the last article arrived, in engine time (RFC 3339, UTC); absent if no article is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_article: Option<String>,
}

/// The status of a shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ShardInfo {
    /// Number of the shard.
    pub shard: u32,
    /// Phase of the shard's pipeline: `starting`, `idle`, `standby`, `restoring`, `running`,
    /// `recovering` or `stopping`.
    pub phase: String,
    /// Number of the last committed batch.
    pub batch: u64,
    /// Number of events published so far.
    pub events: u64,
    /// The engine clock (RFC 3339, UTC); absent before the first article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// When this instance last committed a batch (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<String>,
    /// Number of articles in the window.
    pub live_articles: usize,
    /// Number of live stories.
    pub live_stories: usize,
    /// Estimated memory in bytes for articles, index, stories, identities, embargoed records and
    /// journals.
    pub state_bytes: usize,
    /// Lag of the input partition that is furthest behind, in seconds; 0 if nothing is waiting.
    pub age_seconds: f64,
    /// The input partitions.
    pub inputs: Vec<InputStatus>,
    /// The last restore from the changelog; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// The snapshot that the page and the API read; absent if they are disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<ViewStatus>,
}

/// An input partition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = InputPartition)]
pub struct InputStatus {
    /// Topic.
    pub topic: String,
    /// Partition number.
    pub partition: i32,
    /// Offset of the next record to read.
    pub next: i64,
    /// Number of records not yet processed; absent while it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
    /// How long records have been waiting in the partition, in seconds; 0 if none are waiting.
    #[serde(default)]
    pub age_seconds: f64,
}

/// A restore of the state from the changelog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Restored {
    /// Number of changelog records read.
    pub records: u64,
    /// Duration in seconds.
    pub seconds: f64,
}

impl InstanceStatus {
    /// The status of an instance with these shard statuses.
    pub fn of(instance: &Instance, views: &ShardStatuses) -> Self {
        let why = views.unready();
        let shards = views.all();
        let shards = shards.iter().zip(0..).map(|(view, shard)| ShardInfo::of(shard, view));
        let ready = why.is_empty();
        let time = EventTime(jiff::Timestamp::now().as_millisecond()).to_string();
        let (instance, shards) = (instance.clone(), shards.collect());
        Self { instance, ready, why, time, shards, streams: None }
    }

    /// Adds the status of the API's snapshots and streams.
    #[must_use]
    pub fn with(mut self, snapshots: &Snapshots, streams: Streams) -> Self {
        for (shard, snapshot) in self.shards.iter_mut().zip(snapshots.all()) {
            shard.view = Some(ViewStatus {
                version: snapshot.recent.version(),
                articles: snapshot.len(),
                stories: snapshot.stories_len(),
                bytes: snapshot.bytes(),
                last_article: snapshot
                    .newest(None)
                    .next()
                    .map(|(_, last)| last.entry.arrived.to_string()),
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
