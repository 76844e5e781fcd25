//! What the pipeline tells, and to whom.
//!
//! In: nothing; the pipeline calls. Out: whatever an [`Observer`] makes of it: logs, metrics, read
//! views. What is told of articles is final: it is told after the commit.

use super::batch::Batch;
use super::broker::{CommitCertainty, Fault, Partition};
use super::memory::ShardState;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::article::{EventTime, Span};

/// Where the pipeline stands, for readiness and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Without a lease, and without word from the group.
    Idle,
    /// A member of the group; the shard is another's.
    Standby,
    /// Reading the changelog: so many records so far.
    Restoring(u64),
    /// Working.
    Running,
    /// Trouble with the broker: making a new writer.
    Recovering,
    /// Ending.
    Stopping,
}

impl Phase {
    /// The names of all phases.
    pub const NAMES: [&str; 6] =
        ["idle", "standby", "restoring", "running", "recovering", "stopping"];

    /// Its stable name.
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

/// Is told what happens, after it is final. Calls must be short.
pub trait Observer: Send {
    /// The phase changed.
    fn phase(&mut self, phase: Phase);
    /// Memory agrees with the changelog, or a batch is committed, at `wall`. What of the state was
    /// touched may be taken from it.
    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime);
    /// Memory rests between two batches: time to answer questions, a few at a time.
    fn between(&mut self, _memory: &mut ShardState) {}
    /// So many records of the changelog were read and built into memory.
    fn restored(&mut self, _records: u64, _took: Duration) {}
    /// A batch's transaction ended so; committed or not, [`Observer::committed`] tells.
    fn transacted(&mut self, _ended: TransactionEnd, _took: Duration) {}
    /// The shard cannot be worked on until a person decides.
    fn failed(&mut self) {}
    /// What waits in the input: about every second while the shard works, and between attempts to
    /// recover.
    fn waiting(&mut self, _waiting: &InputLag) {}
    /// How the standby follows changed.
    fn following(&mut self, _following: &StandbyProgress) {}
}

/// Input records not yet processed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InputLag {
    /// By partition.
    pub inputs: BTreeMap<Partition, PartitionLag>,
    /// Whether the broker answers for the input, as far as is known.
    pub reached: bool,
}

/// Records of one partition that are not yet processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PartitionLag {
    /// The offset of the next one.
    pub next: i64,
    /// How many there are; `None` while the end of the partition is not known.
    pub records: Option<u64>,
    /// For how long they have waited; zero where there are none.
    pub age: Span,
}

impl InputLag {
    /// Records of all partitions.
    pub fn records(&self) -> u64 {
        self.inputs.values().filter_map(|input| input.records).sum()
    }

    /// The age of the partition that has waited longest.
    pub fn age(&self) -> Span {
        self.inputs.values().map(|input| input.age).max().unwrap_or(Span(0))
    }
}

/// How a standby follows the changelog of its shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandbyProgress {
    /// Not at all, by the settings: a take-over restores the shard.
    Off,
    /// It has not read everything yet, or has been behind for too long.
    Behind,
    /// It can take over at once.
    InStep,
    /// The broker that leads the changelog does not answer.
    CutOff,
    /// It cannot read the changelog; a person has to decide.
    Refused(Arc<str>),
}

/// How a batch's transaction may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionEnd {
    /// It is committed.
    Committed,
    /// Its outcome is for the changelog to tell.
    Doubtful,
    /// Another owner took over.
    Fenced,
    /// A person has to decide.
    Failed,
}

impl TransactionEnd {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Committed, Self::Doubtful, Self::Fenced, Self::Failed];

    /// How an attempt ended.
    pub(super) fn of(outcome: &Result<CommitCertainty, Fault>) -> Self {
        match outcome {
            Ok(CommitCertainty::Surely) => Self::Committed,
            Ok(CommitCertainty::AfterTrouble) | Err(Fault::Doubt(_)) => Self::Doubtful,
            Err(Fault::Fenced(_)) => Self::Fenced,
            Err(Fault::Stop(_)) => Self::Failed,
        }
    }

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Doubtful => "doubtful",
            Self::Fenced => "fenced",
            Self::Failed => "failed",
        }
    }
}
