//! Reports what a pipeline does to the log, the metrics, the shard status and the snapshots.
//!
//! In: the calls that a pipeline makes on its [`Observer`], in order. Articles are reported only
//! after their commit.

use super::metrics::{self, BY_LIVE_ARTICLES, BY_POSTINGS, BY_WINDOW};
use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::memory::ShardState;
use crate::daemon::pipeline::reject::{
    FAILED, LOST, STAGE, STAGE_OUTPUT, STAGE_PROCESSING, TOO_LARGE, TOO_SLOW,
};
use crate::daemon::pipeline::{
    InputLag, Observer, PartitionLag, Phase, StandbyProgress, TransactionEnd,
};
use crate::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use crate::daemon::snapshot::thread::SnapshotThread;
use crate::daemon::snapshot::{CommittedBatch, Snapshots};
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::article::EventTime;
use wirefold_engine::decode::NO_BODY;
use wirefold_engine::event::{Classified, EventKind};

/// The flag of an article that arrived more than `engine.late_after` after publication.
const LATE: &str = "late";

/// The observer of one shard.
#[derive(Debug)]
pub struct Telemetry {
    shard: u32,
    /// The shard number as a metric label.
    label: String,
    /// The collection in which the status is published.
    views: Arc<ShardStatuses>,
    /// The status of this shard, published after each change.
    view: ShardStatus,
    /// The snapshot for the page and the API, if it is enabled.
    snapshot: Option<SnapshotFeed>,
}

impl Telemetry {
    /// Creates an observer of `shard` without a snapshot. Counters of rare outcomes start at 0, so
    /// that alerts notice the first occurrence.
    pub fn new(shard: u32, views: Arc<ShardStatuses>) -> Self {
        for reason in [FAILED, TOO_LARGE, TOO_SLOW] {
            metrics::REJECTED.add([STAGE_PROCESSING, reason], 0);
        }
        TransactionEnd::ALL.iter().for_each(|end| metrics::TRANSACTIONS.add([end.as_str()], 0));
        let view = ShardStatus::default();
        Self { shard, label: shard.to_string(), views, view, snapshot: None }
    }

    /// Adds a snapshot of the shard to this observer, and answers queries between batches.
    ///
    /// # Errors
    /// When the thread cannot be created.
    pub fn with_snapshot(self, snapshots: &Arc<Snapshots>) -> std::io::Result<Self> {
        let thread = SnapshotThread::start(self.shard, snapshots.clone(), self.views.faults())?;
        let feed = SnapshotFeed { thread, shard: self.shard, snapshots: snapshots.clone() };
        Ok(Self { snapshot: Some(feed), ..self })
    }

    /// Logs the phase if it has changed, and the progress of a restore.
    fn log_phase(&self, phase: Phase) {
        const CHANGED: &str = "the phase of the shard changed";
        let (shard, before) = (self.shard, self.view.phase);
        let name = phase.as_str();
        match phase {
            _ if before == Some(phase) => {}
            Phase::Restoring(records) if before.is_some_and(|before| before.as_str() == name) => {
                tracing::info!(shard, records, "reading the changelog");
            }
            Phase::Restoring(records) => tracing::info!(shard, phase = %name, records, "{CHANGED}"),
            _ => tracing::info!(shard, phase = %name, "{CHANGED}"),
        }
    }

    /// Publishes the status.
    fn publish(&self) {
        let ready = self.view.unready().is_none();
        metrics::SHARD_READY.set([&self.label], f64::from(u8::from(ready)));
        self.views.publish(self.shard, self.view.clone());
    }

    /// Resets the metrics that only the shard's owner reports, so that they are not reported twice.
    fn forget(&mut self) {
        for input in self.view.inputs.keys() {
            let partition = input.partition.to_string();
            metrics::INPUT_LAG.set([&self.label, &input.topic, &partition], 0.0);
        }
        let following = self.view.following.take();
        self.view = ShardStatus { following, ..ShardStatus::default() };
        metrics::INPUT_AGE.set([&self.label], 0.0);
        self.measure();
    }

    /// Sets the gauges for the state. Only the owner reports live articles and stories; standbys
    /// report memory too.
    fn measure(&self) {
        let shard = [self.label.as_str()];
        metrics::IDENTITIES.set(shard, self.view.identities as f64);
        metrics::EMBARGOED.set(shard, self.view.embargoed as f64);
        let owned = self.view.phase.is_some_and(owns);
        let live = if owned { (self.view.live_articles, self.view.live_stories) } else { (0, 0) };
        metrics::LIVE_ARTICLES.set(shard, live.0 as f64);
        metrics::LIVE_STORIES.set(shard, live.1 as f64);
        metrics::FURNITURE.set(shard, self.view.learned_boilerplate as f64);
        metrics::STATE_BYTES.set(shard, self.view.state_bytes as f64);
        let snapshot = self.snapshot.as_ref().and_then(|feed| feed.snapshots.of(self.shard));
        metrics::VIEW_BYTES.set(shard, snapshot.map_or(0.0, |snapshot| snapshot.bytes() as f64));
    }

    /// Updates the status from the state.
    fn update(&mut self, memory: &ShardState) {
        let (state, position) = (&memory.state, &memory.position);
        let view = &mut self.view;
        view.batch = position.batch;
        view.sequence = position.sequence;
        view.clock = Some(state.clock()).filter(|clock| *clock != EventTime(i64::MIN));
        view.live_articles = state.live_articles();
        view.identities = state.identities();
        view.embargoed = state.embargoed();
        view.live_stories = state.live_stories();
        view.learned_boilerplate = state.learned_boilerplate();
        view.state_bytes = memory.bytes();
        let lag = |input| view.inputs.get(input).copied().unwrap_or_default();
        let inputs = position
            .inputs
            .iter()
            .map(|(input, mark)| (input.clone(), PartitionLag { next: mark.next, ..lag(input) }));
        view.inputs = inputs.collect();
        self.measure();
    }
}

/// Feeds the shard's snapshot and answers queries.
#[derive(Debug)]
struct SnapshotFeed {
    /// The thread that builds the snapshot.
    thread: SnapshotThread,
    shard: u32,
    /// The snapshots of all shards, and the queues of their queries.
    snapshots: Arc<Snapshots>,
}

impl SnapshotFeed {
    fn phase(&mut self, phase: Phase) {
        if phase == Phase::Idle {
            self.thread.forget();
        }
        match phase {
            Phase::Running => self.snapshots.accept_queries(self.shard),
            _ => self.snapshots.refuse_queries(self.shard),
        }
    }
}

impl Observer for Telemetry {
    fn phase(&mut self, phase: Phase) {
        self.log_phase(phase);
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
        if let Some(feed) = &mut self.snapshot {
            feed.phase(phase);
        }
        self.view.phase = Some(phase);
        self.publish();
    }

    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.update(memory);
        if let Some(SnapshotFeed { thread, .. }) = &mut self.snapshot {
            let touched = std::mem::take(&mut memory.touched);
            thread.follow(
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
                records = batch.timestamps.len(),
                live = self.view.live_articles,
                "batch committed"
            );
        }
        self.publish();
    }

    fn between_batches(&mut self, memory: &mut ShardState) {
        if let Some(SnapshotFeed { snapshots, shard, thread }) = &mut self.snapshot {
            thread.catch_up(&memory.state, memory.position.sequence);
            snapshots.answer_queries(*shard, &mut memory.state);
        }
    }

    fn restored(&mut self, records: u64, took: Duration) {
        self.view.restored = Some((records, took));
        metrics::RESTORE.set([&self.label], took.as_secs_f64());
        metrics::RESTORED.set([&self.label], records as f64);
    }

    fn transaction_ended(&mut self, ended: TransactionEnd, took: Duration) {
        // Failures are counted by `failed`.
        if ended != TransactionEnd::Failed {
            metrics::TRANSACTIONS.add([ended.as_str()], 1);
        }
        metrics::TRANSACTION.record(took.as_secs_f64());
    }

    fn failed(&mut self) {
        metrics::TRANSACTIONS.add([TransactionEnd::Failed.as_str()], 1);
    }

    fn lag(&mut self, waiting: &InputLag) {
        for (partition, lag) in &waiting.partitions {
            if let Some(records) = lag.records {
                let number = partition.partition.to_string();
                let labels = [self.label.as_str(), &partition.topic, &number];
                metrics::INPUT_LAG.set(labels, records as f64);
            }
        }
        metrics::INPUT_AGE.set([&self.label], waiting.age().0 as f64 / 1_000.0);
        self.view.inputs.clone_from(&waiting.partitions);
        self.view.age = waiting.age();
        self.view.broker_reachable = waiting.broker_reachable;
        self.publish();
    }

    fn standby_progress(&mut self, following: &StandbyProgress) {
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
        match &event.kind {
            EventKind::Classified(classified) => {
                accepted += 1;
                classify(classified);
            }
            EventKind::Withdrawn(radius) if radius.part.is_none_or(|part| !part.has_more()) => {
                metrics::WITHDRAWALS.add([], 1);
            }
            EventKind::StoryMerged(merged) if merged.key_story == merged.absorbed => {
                metrics::MERGES.add([], 1);
            }
            _ => {}
        }
    }
    metrics::RECEIVED.add([], accepted + refused);
    for stamp in batch.timestamps.iter().flatten() {
        metrics::END_TO_END.record(wall.since(*stamp).0.max(0) as f64 / 1_000.0);
    }
    let tally = &batch.tally;
    metrics::UNWRAPPED.add([], tally.boilerplate_removed);
    metrics::EVICTIONS.add([BY_WINDOW], tally.aged_out);
    metrics::EVICTIONS.add([BY_LIVE_ARTICLES], tally.crowded_out);
    metrics::EVICTIONS.add([BY_POSTINGS], tally.postings_dropped);
    metrics::EVICTIONS.add([metrics::BY_IDENTITIES], tally.identities_crowded_out);
    metrics::EVICTIONS.add([metrics::BY_EMBARGOED], tally.embargoes_dropped);
    metrics::EVICTIONS.add([metrics::BY_BEARERS], tally.bearers_dropped);
    metrics::EVICTIONS.add([metrics::BY_VERSIONS], tally.versions_unsearched);
    metrics::EVICTIONS.add([metrics::BY_CARRIERS_LISTED], tally.carriers_unnamed);
    metrics::CANDIDATES_FOUND.add([metrics::BY_SAMPLES], tally.found.samples);
    metrics::CANDIDATES_FOUND.add([metrics::BY_CONTENT], tally.found.content);
    metrics::CANDIDATES_FOUND.add([metrics::BY_LINKS], tally.found.links);
    for (candidates, articles) in tally.candidates.iter().enumerate() {
        let articles = usize::try_from(*articles).unwrap_or(usize::MAX);
        metrics::CANDIDATES.record_many(candidates as f64, articles);
    }
}

/// Counts a classified article.
fn classify(classified: &Classified) {
    metrics::CLASSIFIED.add([classified.verdict.relation.kind.as_str()], 1);
    for (flag, counter) in [(LATE, metrics::LATE), (NO_BODY, metrics::NO_BODY)] {
        if classified.verdict.flags.iter().any(|own| own == flag) {
            counter.add([], 1);
        }
    }
}
