//! The interface through which the pipeline reports what it does.
//!
//! In: calls from the pipeline. Out: logs, metrics and read views, depending on the [`Observer`].
//! Everything reported about articles is final, because it is reported after the commit.

use super::batch::Batch;
use super::broker::{CommitCertainty, Fault, Partition};
use super::memory::ShardState;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::article::{EventTime, Span};

/// The phase of the pipeline, for readiness and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No lease is held, and the shard is not known to be assigned to anyone.
    Idle,
    /// The shard is assigned to another member of the group.
    Standby,
    /// Reading the changelog. The value is the number of records read so far.
    Restoring(u64),
    /// Processing the input.
    Running,
    /// Recovering from a fault; a new writer will be created.
    Recovering,
    /// Shutting down.
    Stopping,
}

impl Phase {
    /// The names of all phases.
    pub const NAMES: [&str; 6] =
        ["idle", "standby", "restoring", "running", "recovering", "stopping"];

    /// The stable name of the phase.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Standby => "standby",
            Self::Restoring(_) => "restoring",
            Self::Running => "running",
            Self::Recovering => "recovering",
            Self::Stopping => "stopping",
        }
    }
}

/// Receives reports of what the pipeline does. The methods run on its thread and must be fast.
pub trait Observer: Send {
    /// The phase changed.
    fn phase(&mut self, phase: Phase);
    /// A batch was committed, or the state was found equal to the changelog, at the time `wall`.
    /// The observer may take the touched ids from the state.
    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime);
    /// Called between batches; may answer a bounded number of queries.
    fn between_batches(&mut self, _memory: &mut ShardState) {}
    /// The state was restored from this many changelog records.
    fn restored(&mut self, _records: u64, _took: Duration) {}
    /// An attempt to write a batch ended. [`Observer::committed`] reports the committed batch.
    fn transaction_ended(&mut self, _ended: TransactionEnd, _took: Duration) {}
    /// The shard has stopped until a person intervenes.
    fn failed(&mut self) {}
    /// Reports the consumer lag about once a second while the shard is processed, and between
    /// attempts to recover.
    fn lag(&mut self, _waiting: &InputLag) {}
    /// The progress of the standby changed.
    fn standby_progress(&mut self, _following: &StandbyProgress) {}
}

/// Input records not yet processed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InputLag {
    /// The lag of each partition.
    pub partitions: BTreeMap<Partition, PartitionLag>,
    /// Whether the broker could be reached for all input partitions when the lag was last sampled.
    pub broker_reachable: bool,
}

/// Records of one partition that are not yet processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartitionLag {
    /// The next offset to process.
    pub next: i64,
    /// The number of records; `None` while the end of the partition is unknown.
    pub records: Option<u64>,
    /// How long records have been waiting; zero if there are none.
    pub age: Span,
}

impl InputLag {
    /// The largest age of any partition.
    pub fn age(&self) -> Span {
        self.partitions.values().map(|input| input.age).max().unwrap_or(Span(0))
    }
}

/// How closely a standby follows the changelog of its shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandbyProgress {
    /// Following the changelog is disabled in the settings, so a takeover has to restore the shard
    /// first.
    Off,
    /// The standby has not caught up yet, or has been behind for too long.
    Behind,
    /// The standby has caught up and can take over at once.
    CaughtUp,
    /// The leader of the changelog partition cannot be reached.
    Unreachable,
    /// The standby cannot read the changelog. A person has to intervene.
    Unreadable(Arc<str>),
}

/// How an attempt to write a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// The transaction was committed.
    Committed,
    /// The outcome is unknown until the changelog is read.
    Doubtful,
    /// Another owner took over.
    Fenced,
    /// A person has to intervene.
    Failed,
}

impl TransactionEnd {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Committed, Self::Doubtful, Self::Fenced, Self::Failed];

    /// The outcome for the result of an attempt.
    pub(super) fn of(outcome: &Result<CommitCertainty, Fault>) -> Self {
        match outcome {
            Ok(CommitCertainty::Certain) => Self::Committed,
            Ok(CommitCertainty::AfterTrouble) | Err(Fault::Doubt(_)) => Self::Doubtful,
            Err(Fault::Fenced(_)) => Self::Fenced,
            Err(Fault::Stop(_)) => Self::Failed,
        }
    }

    /// The stable name of the outcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Doubtful => "doubtful",
            Self::Fenced => "fenced",
            Self::Failed => "failed",
        }
    }
}
