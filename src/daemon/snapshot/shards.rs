//! The status of each shard, for health checks and the API.
//!
//! Input: a new status from the shard's pipeline after each commit, and whenever its phase, lag or
//! standby progress changes. Output: the newest status, which can be read without a lock and
//! without access to the engine. A status is immutable, so a reader can keep one for as long as it
//! likes.
//!
//! A status also contains the time of its shard's last progress, so that a supervisor can
//! distinguish a pipeline that hangs from one that has nothing to do.
//!
//! Cost: an allocation and a pointer swap per update. A status takes a few hundred bytes,
//! independent of the number of live articles.

use crate::daemon::faults::Faults;
use crate::daemon::pipeline::broker::Partition;
use crate::daemon::pipeline::{PartitionLag, Phase, StandbyProgress};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wirefold_engine::article::{EventTime, Span};

/// How long a pipeline that has work may go without a commit. A transaction may take 20 s, and the
/// watchdog allows blocking calls another 10 s before it ends the process.
pub const WORKS_WITHIN: Duration = Duration::from_secs(45);
/// How long a restore may go without reading another record. Building the index of millions of
/// articles is one step, during which no records are read.
pub const RESTORES_WITHIN: Duration = Duration::from_secs(600);

/// The statuses of all shards.
#[derive(Debug)]
pub struct ShardStatuses {
    /// The current status of each shard, by shard number.
    shards: Vec<ArcSwap<ShardStatus>>,
    /// How long the process has been able to run so far, in milliseconds, excluding time in which
    /// it was suspended.
    ran: AtomicU64,
    /// The first fault of this instance, which means that a thread that must not end has ended.
    faults: Faults,
}

/// The status of one shard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShardStatus {
    /// The phase of its pipeline; `None` before the pipeline runs.
    pub phase: Option<Phase>,
    /// The last batch committed.
    pub batch: u64,
    /// Number of events published so far.
    pub sequence: u64,
    /// The engine clock; `None` before the first article.
    pub clock: Option<EventTime>,
    /// When this instance committed the last batch.
    pub committed: Option<EventTime>,
    /// Number of articles in the window.
    pub live_articles: usize,
    /// Number of articles that have left the window and whose identity is still kept.
    pub identities: usize,
    /// Number of articles held back until their embargo ends.
    pub embargoed: usize,
    /// Number of live stories.
    pub live_stories: usize,
    /// Number of text passages learned to be boilerplate.
    pub learned_boilerplate: usize,
    /// Memory of the live articles, in bytes.
    pub state_bytes: usize,
    /// The lag of each input partition.
    pub inputs: BTreeMap<Partition, PartitionLag>,
    /// The age of the input partition that is furthest behind.
    pub age: Span,
    /// How closely a standby follows the changelog; `None` before this is known.
    pub following: Option<StandbyProgress>,
    /// The last restore: number of changelog records read, and duration.
    pub restored: Option<(u64, Duration)>,
    /// Whether the input brokers can be reached, as far as is known.
    pub broker_reachable: bool,
    /// When the shard last made progress, in process running time; `None` before the pipeline runs.
    pub progressed_at: Option<Duration>,
}

impl ShardStatus {
    /// Whether the shard has made progress since `before`: its phase or batch changed, it has
    /// nothing to do, or the broker cannot be reached.
    fn moved_since(&self, before: &Self) -> bool {
        let waits = self.inputs.values().any(|input| input.records.is_some_and(|n| n > 0));
        self.phase != before.phase || self.batch != before.batch || !waits || !self.broker_reachable
    }

    /// The reason the shard counts as hanging at `now`, if it does. Phases that wait for the broker
    /// or the consumer group may take any amount of time.
    fn hangs(&self, now: Duration) -> Option<String> {
        let within = match self.phase? {
            Phase::Running => WORKS_WITHIN,
            Phase::Restoring(_) => RESTORES_WITHIN,
            Phase::Idle | Phase::Standby | Phase::Recovering | Phase::Stopping => return None,
        };
        let stalled = now.saturating_sub(self.progressed_at?);
        (stalled > within).then(|| format!("no progress for {} s", stalled.as_secs()))
    }

    /// The reason the instance is not ready for this shard; `None` if it is running or could take
    /// over at once.
    pub(crate) fn unready(&self) -> Option<String> {
        let reason = match self.phase {
            Some(Phase::Running) => return None,
            Some(Phase::Standby) => {
                return self.lags().map(|why| format!("on standby, but {why}"));
            }
            None => "waiting for the broker and its topics".into(),
            Some(Phase::Idle) => "waiting for the consumer group".into(),
            Some(Phase::Restoring(records)) => {
                format!("restoring, {records} records of the changelog read so far")
            }
            Some(Phase::Recovering) => "recovering from a fault".into(),
            Some(Phase::Stopping) => "stopping".into(),
        };
        Some(reason)
    }

    /// The reason a standby could not take over at once; `None` if it could.
    fn lags(&self) -> Option<String> {
        match &self.following {
            Some(StandbyProgress::CaughtUp | StandbyProgress::Off) => None,
            Some(StandbyProgress::Behind) | None => Some("behind the changelog".into()),
            Some(StandbyProgress::Unreachable) => {
                Some("the changelog's broker does not answer".into())
            }
            Some(StandbyProgress::Unreadable(why)) => {
                Some(format!("it cannot read the changelog: {why}"))
            }
        }
    }
}

impl ShardStatuses {
    /// Statuses for `shards` shards, without any information yet.
    pub fn new(shards: u32) -> Arc<Self> {
        let shards = (0..shards).map(|_| ArcSwap::default()).collect();
        Arc::new(Self { shards, ran: AtomicU64::new(0), faults: Faults::default() })
    }

    /// The faults of this instance. With a single fault, the instance is not ready.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Adds `time` to the time in which the process was able to run. Called by the supervisor,
    /// which does not count time in which the process was suspended.
    pub(crate) fn add_running_time(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.ran.fetch_add(millis, Ordering::SeqCst);
    }

    /// How long the process has been able to run so far.
    fn ran(&self) -> Duration {
        Duration::from_millis(self.ran.load(Ordering::SeqCst))
    }

    /// The current status of every shard, in shard order.
    pub fn all(&self) -> Vec<Arc<ShardStatus>> {
        self.shards.iter().map(ArcSwap::load_full).collect()
    }

    /// Replaces the status of a shard. Only called by the shard's own pipeline.
    pub(crate) fn publish(&self, shard: u32, mut view: ShardStatus) {
        if let Some(slot) = self.shards.get(shard as usize) {
            let now = self.ran();
            let before = slot.load();
            view.progressed_at =
                before.progressed_at.filter(|_| !view.moved_since(&before)).or(Some(now));
            slot.store(Arc::new(view));
        }
    }

    /// Why pipelines count as hanging: one reason for each shard whose pipeline hangs. Empty if all
    /// of them make progress or wait for something outside the process.
    pub fn hanging(&self) -> Vec<String> {
        let now = self.ran();
        let shards = self.shards.iter().enumerate();
        let why = |(shard, view): (usize, &ArcSwap<ShardStatus>)| {
            view.load().hangs(now).map(|why| format!("shard {shard}: {why}"))
        };
        shards.filter_map(why).collect()
    }

    /// The reasons this instance is not ready, one per shard; empty if, for every shard, it is
    /// running or could take over at once.
    pub fn unready(&self) -> Vec<String> {
        let why = |(shard, view): (usize, &ArcSwap<ShardStatus>)| {
            view.load().unready().map(|why| format!("shard {shard}: {why}"))
        };
        let shards = self.shards.iter().enumerate().filter_map(why);
        self.faults.first().into_iter().chain(shards).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of a running shard at batch `batch` with `waiting` records in its input.
    fn running(batch: u64, waiting: u64) -> ShardStatus {
        let of = Partition { topic: "in".into(), partition: 0 };
        let input = PartitionLag { records: Some(waiting), ..PartitionLag::default() };
        let inputs = BTreeMap::from([(of, input)]);
        ShardStatus {
            phase: Some(Phase::Running),
            broker_reachable: true,
            batch,
            inputs,
            ..ShardStatus::default()
        }
    }

    /// Publishes `views`, one per second, and returns the second at which the shard first counts as
    /// hanging. After `views` returns `None`, the pipeline makes no further calls.
    fn hangs_at(views: impl Fn(u64) -> Option<ShardStatus>) -> Option<u64> {
        let all = ShardStatuses::new(1);
        (0..1_000).find(|second| {
            if let Some(view) = views(*second) {
                all.publish(0, view);
            }
            let hangs = !all.hanging().is_empty();
            all.add_running_time(Duration::from_secs(1));
            hangs
        })
    }

    #[test]
    fn only_a_pipeline_with_work_and_no_progress_hangs() {
        let moving = |second| Some(running(second / 40, 7));
        assert_eq!(hangs_at(moving), None, "a commit every 40 s");
        assert_eq!(
            hangs_at(|_| Some(running(1, 7))),
            Some(46),
            "input is waiting and nothing is committed"
        );
        assert_eq!(hangs_at(|_| Some(running(1, 0))), None, "nothing to do");
        let silent = |second| (second < 10).then(|| running(1, 0));
        assert_eq!(hangs_at(silent), Some(9 + 46), "the loop stopped");
        let cut_off = |_| Some(ShardStatus { broker_reachable: false, ..running(1, 7) });
        assert_eq!(hangs_at(cut_off), None, "the broker does not answer");
        let phase = |phase| move |_| Some(ShardStatus { phase: Some(phase), ..running(1, 7) });
        assert_eq!(hangs_at(phase(Phase::Restoring(7))), Some(601));
        let reads = |second| phase(Phase::Restoring(second))(second);
        assert_eq!(hangs_at(reads), None, "a restore that keeps reading");
        for waits in [Phase::Idle, Phase::Standby, Phase::Recovering] {
            assert_eq!(hangs_at(phase(waits)), None, "{waits:?}");
        }
        assert_eq!(ShardStatuses::new(3).hanging(), [""; 0], "before the pipelines run");
    }

    #[test]
    fn a_standby_is_ready_only_if_it_could_take_over() {
        let (all, standby) = (ShardStatuses::new(1), Some(Phase::Standby));
        let reason = |following| {
            all.publish(0, ShardStatus { phase: standby, following, ..ShardStatus::default() });
            all.unready().join("; ")
        };
        assert_eq!(reason(Some(StandbyProgress::CaughtUp)), "");
        assert_eq!(reason(Some(StandbyProgress::Off)), "", "following is disabled");
        let behind = "shard 0: on standby, but behind the changelog";
        assert_eq!(
            (reason(None), reason(Some(StandbyProgress::Behind))),
            (behind.into(), behind.into())
        );
        let away = reason(Some(StandbyProgress::Unreachable));
        assert_eq!(away, "shard 0: on standby, but the changelog's broker does not answer");
        let refused = reason(Some(StandbyProgress::Unreadable("record 7 is newer".into())));
        assert!(
            refused.ends_with("but it cannot read the changelog: record 7 is newer"),
            "{refused}"
        );
    }
}
