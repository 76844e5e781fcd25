//! Read views: what others may see of a shard.
//!
//! In: a new view from the shard's pipeline after each commit. Out: the newest one, for whoever
//! asks, without a lock and without touching the engine. A view is immutable; who holds one keeps it
//! as it was.
//!
//! A view also tells when its shard last moved, so that whoever supervises the process can tell a
//! pipeline that hangs from one that has nothing to do.
//!
//! Cost: an allocation and a pointer swap a commit; a view is a few hundred bytes, whatever is live.

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
/// watchdog of blocking calls grants 10 s more before it ends the process.
pub const WORKS_WITHIN: Duration = Duration::from_secs(45);
/// How long a restore may go without a further record: an index of millions is built in one go.
pub const RESTORES_WITHIN: Duration = Duration::from_secs(600);

/// The views of all shards.
#[derive(Debug)]
pub struct ShardStatuses {
    shards: Vec<ArcSwap<ShardStatus>>,
    /// For how long the process could run so far, in milliseconds.
    ran: AtomicU64,
    faults: Faults,
}

/// What can be seen of a shard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShardStatus {
    /// Where its pipeline stands; `None` before it runs.
    pub phase: Option<Phase>,
    /// The last batch committed.
    pub batch: u64,
    /// Events published so far.
    pub sequence: u64,
    /// The engine's clock; `None` before the first article.
    pub clock: Option<EventTime>,
    /// When the last batch was committed here.
    pub committed: Option<EventTime>,
    /// Articles in the window.
    pub live_articles: usize,
    /// Articles that are known by their identity after the window.
    pub identities: usize,
    /// Articles that wait for the end of their embargo.
    pub embargoed: usize,
    /// Stories that are open.
    pub live_stories: usize,
    /// Pieces of text that were learned to be furniture.
    pub learned_furniture: usize,
    /// Memory held for the live articles.
    pub state_bytes: usize,
    /// What waits in the input partitions.
    pub inputs: BTreeMap<Partition, PartitionLag>,
    /// How long the partition that has waited longest has waited.
    pub age: Span,
    /// How a standby follows the changelog; `None` before that is known.
    pub following: Option<StandbyProgress>,
    /// The last restore: records of the changelog, and how long it took.
    pub restored: Option<(u64, Duration)>,
    /// Whether the broker answers for the input, as far as is known.
    pub reached: bool,
    /// When it was last seen to move, in time that the process could run; `None` before it runs.
    pub moved: Option<Duration>,
}

impl ShardStatus {
    /// Whether it has moved since `before`: its phase or batch changed, or nothing is there to do.
    fn moved_since(&self, before: &Self) -> bool {
        let waits = self.inputs.values().any(|input| input.records.is_some_and(|n| n > 0));
        self.phase != before.phase || self.batch != before.batch || !waits || !self.reached
    }

    /// Why it counts as hanging at `now`, if it does. A phase in which the broker or the group is
    /// waited for may last.
    fn hangs(&self, now: Duration) -> Option<String> {
        let within = match self.phase? {
            Phase::Running => WORKS_WITHIN,
            Phase::Restoring(_) => RESTORES_WITHIN,
            Phase::Idle | Phase::Standby | Phase::Recovering | Phase::Stopping => return None,
        };
        let still = now.saturating_sub(self.moved?);
        (still > within).then(|| format!("no progress for {} s", still.as_secs()))
    }

    /// Why the instance is not ready for it; `None` while it works, or can take over at once.
    pub(crate) fn unready(&self) -> Option<String> {
        let says = match self.phase {
            Some(Phase::Running) => return None,
            Some(Phase::Standby) => {
                return self.lags().map(|why| format!("standing by, but {why}"));
            }
            None => "waiting for the broker and its topics".into(),
            Some(Phase::Idle) => "waiting for the group".into(),
            Some(Phase::Restoring(records)) => {
                format!("restoring, {records} records of the changelog read")
            }
            Some(Phase::Recovering) => "recovering from a fault".into(),
            Some(Phase::Stopping) => "stopping".into(),
        };
        Some(says)
    }

    /// Why a standby could not take over at once.
    fn lags(&self) -> Option<String> {
        match &self.following {
            Some(StandbyProgress::InStep | StandbyProgress::Off) => None,
            Some(StandbyProgress::Behind) | None => Some("behind the changelog".into()),
            Some(StandbyProgress::CutOff) => {
                Some("the broker of the changelog does not answer".into())
            }
            Some(StandbyProgress::Refused(why)) => {
                Some(format!("it cannot read the changelog: {why}"))
            }
        }
    }
}

impl ShardStatuses {
    /// Views of `shards` shards, of which nothing is known yet.
    pub fn new(shards: u32) -> Arc<Self> {
        let shards = (0..shards).map(|_| ArcSwap::default()).collect();
        Arc::new(Self { shards, ran: AtomicU64::new(0), faults: Faults::default() })
    }

    /// The faults of this instance, of which one makes it unready.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Takes note that the process could run for `time` more. The watchdog does; time for which the
    /// process was suspended does not count.
    pub(crate) fn pass(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.ran.fetch_add(millis, Ordering::SeqCst);
    }

    fn ran(&self) -> Duration {
        Duration::from_millis(self.ran.load(Ordering::SeqCst))
    }

    /// The newest view of every shard, by shard.
    pub fn all(&self) -> Vec<Arc<ShardStatus>> {
        self.shards.iter().map(ArcSwap::load_full).collect()
    }

    /// Publishes the view of one shard, which its pipeline alone does.
    pub(crate) fn publish(&self, shard: u32, mut view: ShardStatus) {
        if let Some(slot) = self.shards.get(shard as usize) {
            let now = self.ran();
            let before = slot.load();
            view.moved = before.moved.filter(|_| !view.moved_since(&before)).or(Some(now));
            slot.store(Arc::new(view));
        }
    }

    /// Why pipelines count as hanging; empty while all of them move, or wait for what is not theirs.
    pub fn hanging(&self) -> Vec<String> {
        let now = self.ran();
        let shards = self.shards.iter().enumerate();
        let why = |(shard, view): (usize, &ArcSwap<ShardStatus>)| {
            view.load().hangs(now).map(|why| format!("shard {shard}: {why}"))
        };
        shards.filter_map(why).collect()
    }

    /// Why this instance is not ready; empty when it works on every shard, or can take it over at
    /// once.
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

    /// A running shard at batch `batch` with `waiting` records in its input.
    fn running(batch: u64, waiting: u64) -> ShardStatus {
        let of = Partition { topic: "in".into(), partition: 0 };
        let input = PartitionLag { records: Some(waiting), ..PartitionLag::default() };
        let inputs = BTreeMap::from([(of, input)]);
        ShardStatus {
            phase: Some(Phase::Running),
            reached: true,
            batch,
            inputs,
            ..ShardStatus::default()
        }
    }

    /// Publishes `views`, one a second, and says at which second, if ever, the shard hangs. The last
    /// view is the last call of the pipeline.
    fn hangs_at(views: impl Fn(u64) -> Option<ShardStatus>) -> Option<u64> {
        let all = ShardStatuses::new(1);
        (0..1_000).find(|second| {
            if let Some(view) = views(*second) {
                all.publish(0, view);
            }
            let hangs = !all.hanging().is_empty();
            all.pass(Duration::from_secs(1));
            hangs
        })
    }

    #[test]
    fn only_a_pipeline_that_could_move_and_does_not_hangs() {
        let moving = |second| Some(running(second / 40, 7));
        assert_eq!(hangs_at(moving), None, "a commit every 40 s");
        assert_eq!(
            hangs_at(|_| Some(running(1, 7))),
            Some(46),
            "input waits and nothing comes of it"
        );
        assert_eq!(hangs_at(|_| Some(running(1, 0))), None, "nothing to do");
        let silent = |second| (second < 10).then(|| running(1, 0));
        assert_eq!(hangs_at(silent), Some(9 + 46), "the loop does not turn");
        let cut_off = |_| Some(ShardStatus { reached: false, ..running(1, 7) });
        assert_eq!(hangs_at(cut_off), None, "the broker is away");
        let phase = |phase| move |_| Some(ShardStatus { phase: Some(phase), ..running(1, 7) });
        assert_eq!(hangs_at(phase(Phase::Restoring(7))), Some(601));
        let reads = |second| phase(Phase::Restoring(second))(second);
        assert_eq!(hangs_at(reads), None, "a restore that reads on");
        for waits in [Phase::Idle, Phase::Standby, Phase::Recovering] {
            assert_eq!(hangs_at(phase(waits)), None, "{waits:?}");
        }
        assert_eq!(ShardStatuses::new(3).hanging(), [""; 0], "before they run");
    }

    #[test]
    fn a_standby_is_ready_while_it_could_take_over() {
        let (all, standby) = (ShardStatuses::new(1), Some(Phase::Standby));
        let says = |following| {
            all.publish(0, ShardStatus { phase: standby, following, ..ShardStatus::default() });
            all.unready().join("; ")
        };
        assert_eq!(says(Some(StandbyProgress::InStep)), "");
        assert_eq!(says(Some(StandbyProgress::Off)), "", "the settings do not want it to follow");
        let behind = "shard 0: standing by, but behind the changelog";
        assert_eq!(
            (says(None), says(Some(StandbyProgress::Behind))),
            (behind.into(), behind.into())
        );
        let away = says(Some(StandbyProgress::CutOff));
        assert_eq!(away, "shard 0: standing by, but the broker of the changelog does not answer");
        let refused = says(Some(StandbyProgress::Refused("record 7 is newer".into())));
        assert!(
            refused.ends_with("but it cannot read the changelog: record 7 is newer"),
            "{refused}"
        );
    }
}
