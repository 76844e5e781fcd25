//! Tells what a pipeline does: to the log, to the metrics, to the read views.
//!
//! In: the calls of a pipeline, in order. Out: see above; nothing is told of articles before their
//! commit.

use super::metrics::{self, BY_LIVE_ARTICLES, BY_POSTINGS, BY_WINDOW};
use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::memory::ShardState;
use crate::daemon::pipeline::reject::{LOST, STAGE, STAGE_OUTPUT, STAGE_PROCESSING, TOO_LARGE};
use crate::daemon::pipeline::{
    InputLag, Observer, PartitionLag, Phase, StandbyProgress, TransactionEnd,
};
use crate::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use crate::daemon::snapshot::thread::SnapshotThread;
use crate::daemon::snapshot::{CommittedBatch, Snapshots};
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::article::EventTime;
use wirefold_engine::event::{Classified, EventKind};

/// The flag of an article that arrived long after its publication.
const LATE: &str = "late";

/// The observer of one shard.
#[derive(Debug)]
pub struct Telemetry {
    shard: u32,
    label: String,
    views: Arc<ShardStatuses>,
    view: ShardStatus,
    desk: Option<SnapshotFeed>,
}

impl Telemetry {
    /// Tells of `shard`.
    pub fn new(shard: u32, views: Arc<ShardStatuses>) -> Self {
        let view = ShardStatus::default();
        Self { shard, label: shard.to_string(), views, view, desk: None }
    }

    /// Keeps a desk for its shard as well, and lets its pipeline be asked.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn with_desk(self, desks: &Arc<Snapshots>) -> std::io::Result<Self> {
        let keeper = SnapshotThread::start(self.shard, desks.clone(), self.views.faults())?;
        let desk = SnapshotFeed { keeper, shard: self.shard, desks: desks.clone() };
        Ok(Self { desk: Some(desk), ..self })
    }

    fn publish(&self) {
        let ready = self.view.unready().is_none();
        metrics::SHARD_READY.set([&self.label], f64::from(u8::from(ready)));
        self.views.publish(self.shard, self.view.clone());
    }

    /// The shard is another's: what is told of it here would be told twice.
    fn forget(&mut self) {
        for of in self.view.inputs.keys() {
            metrics::INPUT_LAG.set([&self.label, &of.topic, &of.partition.to_string()], 0.0);
        }
        let following = self.view.following.take();
        self.view = ShardStatus { following, ..ShardStatus::default() };
        metrics::INPUT_AGE.set([&self.label], 0.0);
        self.measure();
    }

    /// What is live is told by the owner alone; memory is held by whoever follows.
    fn measure(&self) {
        let shard = [self.label.as_str()];
        metrics::IDENTITIES.set(shard, self.view.identities as f64);
        metrics::EMBARGOED.set(shard, self.view.embargoed as f64);
        let owned = self.view.phase.is_some_and(owns);
        let live = if owned { (self.view.live_articles, self.view.live_stories) } else { (0, 0) };
        metrics::LIVE_ARTICLES.set(shard, live.0 as f64);
        metrics::LIVE_STORIES.set(shard, live.1 as f64);
        metrics::FURNITURE.set(shard, self.view.learned_furniture as f64);
        metrics::STATE_BYTES.set(shard, self.view.state_bytes as f64);
        let desk = self.desk.as_ref().and_then(|kept| kept.desks.of(self.shard));
        metrics::VIEW_BYTES.set(shard, desk.map_or(0.0, |desk| desk.bytes() as f64));
    }

    fn see(&mut self, memory: &ShardState) {
        let (state, position) = (&memory.state, &memory.position);
        let view = &mut self.view;
        view.batch = position.batch;
        view.sequence = position.sequence;
        view.clock = Some(state.clock()).filter(|clock| *clock != EventTime(i64::MIN));
        view.live_articles = state.live_articles();
        view.identities = state.identities();
        view.embargoed = state.embargoed();
        view.live_stories = state.live_stories();
        view.learned_furniture = state.learned_furniture();
        view.state_bytes = memory.bytes();
        let waiting = |of| view.inputs.get(of).copied().unwrap_or_default();
        let inputs = position
            .inputs
            .iter()
            .map(|(of, mark)| (of.clone(), PartitionLag { next: mark.next, ..waiting(of) }));
        view.inputs = inputs.collect();
        self.measure();
    }
}

/// A desk that is kept, and the questions that come with it.
#[derive(Debug)]
struct SnapshotFeed {
    keeper: SnapshotThread,
    shard: u32,
    desks: Arc<Snapshots>,
}

impl SnapshotFeed {
    fn phase(&mut self, phase: Phase) {
        if phase == Phase::Idle {
            self.keeper.forget();
        }
        match phase {
            Phase::Running => self.desks.hear(self.shard),
            _ => self.desks.refuse(self.shard),
        }
    }
}

impl Observer for Telemetry {
    fn phase(&mut self, phase: Phase) {
        if self.view.phase != Some(phase) {
            tracing::info!(shard = self.shard, ?phase, "phase");
        }
        let owned = owns(phase);
        if let Phase::Restoring(records) = phase {
            metrics::RESTORED.set([&self.label], records as f64);
        }
        metrics::SHARD_OWNED.set([&self.label], f64::from(u8::from(owned)));
        for name in Phase::NAMES {
            let is = f64::from(u8::from(name == phase.as_str()));
            metrics::SHARD_PHASE.set([&self.label, name], is);
        }
        if !owned {
            self.forget();
        }
        if let Some(desk) = &mut self.desk {
            desk.phase(phase);
        }
        self.view.phase = Some(phase);
        self.publish();
    }

    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.see(memory);
        if let Some(SnapshotFeed { keeper, .. }) = &mut self.desk {
            let touched = memory.state.take_touched();
            keeper.follow(
                &memory.state,
                touched,
                batch.map(CommittedBatch::of),
                memory.position.sequence,
            );
        }
        if let Some(batch) = batch {
            self.view.committed = Some(wall);
            count(batch, wall);
            tracing::debug!(
                shard = self.shard,
                batch = batch.number,
                records = batch.stamps.len(),
                live = self.view.live_articles,
                "committed"
            );
        }
        self.publish();
    }

    fn between(&mut self, memory: &mut ShardState) {
        if let Some(SnapshotFeed { desks, shard, keeper }) = &mut self.desk {
            keeper.catch_up(&memory.state, memory.position.sequence);
            desks.answer(*shard, &mut memory.state);
        }
    }

    fn restored(&mut self, records: u64, took: Duration) {
        self.view.restored = Some((records, took));
        metrics::RESTORE.set([&self.label], took.as_secs_f64());
        metrics::RESTORED.set([&self.label], records as f64);
    }

    fn transacted(&mut self, ended: TransactionEnd, took: Duration) {
        // What fails is counted once, by `failed`.
        if ended != TransactionEnd::Failed {
            metrics::TRANSACTIONS.add([ended.as_str()], 1);
        }
        metrics::TRANSACTION.record(took.as_secs_f64());
    }

    fn failed(&mut self) {
        metrics::TRANSACTIONS.add([TransactionEnd::Failed.as_str()], 1);
    }

    fn waiting(&mut self, waiting: &InputLag) {
        for (of, input) in &waiting.inputs {
            if let Some(records) = input.records {
                let labels = [self.label.as_str(), &of.topic, &of.partition.to_string()];
                metrics::INPUT_LAG.set(labels, records as f64);
            }
        }
        metrics::INPUT_AGE.set([&self.label], waiting.age().0 as f64 / 1_000.0);
        self.view.inputs.clone_from(&waiting.inputs);
        self.view.age = waiting.age();
        self.view.reached = waiting.reached;
        self.publish();
    }

    fn following(&mut self, following: &StandbyProgress) {
        self.view.following = Some(following.clone());
        self.publish();
    }
}

/// Whether an instance in this phase owns the shard.
fn owns(phase: Phase) -> bool {
    !matches!(phase, Phase::Idle | Phase::Standby)
}

/// Counts a committed batch.
fn count(batch: &Batch, wall: EventTime) {
    let refused: u64 = batch.refused.values().chain(batch.isolated.values()).sum();
    for (reason, count) in &batch.refused {
        metrics::REJECTED.add([STAGE, reason], *count);
    }
    for (reason, count) in &batch.isolated {
        metrics::REJECTED.add([STAGE_PROCESSING, reason], *count);
    }
    metrics::REJECTED.add([STAGE_OUTPUT, TOO_LARGE], batch.oversized);
    metrics::REJECTED.add([STAGE_OUTPUT, LOST], batch.lost);
    let mut accepted = 0;
    for event in &batch.events {
        match &event.what {
            EventKind::Classified(classified) => {
                accepted += 1;
                classify(classified);
            }
            EventKind::Withdrawn(radius) if radius.part.is_none_or(|part| !part.goes_on()) => {
                metrics::WITHDRAWALS.add([], 1);
            }
            EventKind::StoryMerged(merged) if merged.under == merged.absorbed => {
                metrics::MERGES.add([], 1);
            }
            _ => {}
        }
    }
    metrics::RECEIVED.add([], accepted + refused);
    for stamp in batch.stamps.iter().flatten() {
        metrics::END_TO_END.record(wall.since(*stamp).0.max(0) as f64 / 1_000.0);
    }
    let tally = &batch.tally;
    metrics::UNWRAPPED.add([], tally.unwrapped);
    metrics::EVICTIONS.add([BY_WINDOW], tally.aged_out);
    metrics::EVICTIONS.add([BY_LIVE_ARTICLES], tally.crowded_out);
    metrics::EVICTIONS.add([BY_POSTINGS], tally.postings_dropped);
    metrics::EVICTIONS.add([metrics::BY_IDENTITIES], tally.identities_crowded_out);
    metrics::EVICTIONS.add([metrics::BY_EMBARGOED], tally.embargoes_dropped);
    metrics::EVICTIONS.add([metrics::BY_BEARERS], tally.bearers_dropped);
    metrics::EVICTIONS.add([metrics::BY_VERSIONS], tally.versions_unsearched);
    metrics::EVICTIONS.add([metrics::BY_UNNAMED], tally.carriers_unnamed);
    for (candidates, articles) in tally.candidates.iter().enumerate() {
        let articles = usize::try_from(*articles).unwrap_or(usize::MAX);
        metrics::CANDIDATES.record_many(candidates as f64, articles);
    }
}

fn classify(classified: &Classified) {
    metrics::CLASSIFIED.add([classified.verdict.relation.kind.as_str()], 1);
    if classified.verdict.flags.iter().any(|flag| flag == LATE) {
        metrics::LATE.add([], 1);
    }
}
