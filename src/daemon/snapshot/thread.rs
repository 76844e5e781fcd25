//! Keeps the desk of a shard on a thread of its own, so that the pipeline's does not pay for it.
//!
//! In: steps, from the pipeline, which never waits. Out: the desk, published when the steps that wait
//! are taken in, at most every `EVERY`: what comes first is shown at once, and a backlog is shown by
//! the bundle. Where steps come faster than they are taken in, they are dropped, and the next one that
//! finds room holds everything.
//!
//! Cost, measured with `benches/api`: taking steps, some 2 % of the pipeline's processor time; this thread,
//! 3 % of as much.

use super::builder::SnapshotWriter;
use super::delta::{DeltaReader, SnapshotDelta};
use super::{CommittedBatch, Snapshots};
use crate::daemon::faults::Faults;
use crate::daemon::telemetry::metrics;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wirefold_engine::state::{State, TouchedIds};

/// The rest between two publications.
const EVERY: Duration = Duration::from_millis(100);

/// Hands what changed to the thread that keeps the desk.
#[derive(Debug)]
pub struct SnapshotThread {
    taker: DeltaReader,
    tells: Sender<SnapshotMessage>,
    /// How often the shard was given up: steps of a life before are of no use.
    life: Arc<AtomicU64>,
    /// Whether a step found no room.
    behind: bool,
}

/// What the thread is told.
#[derive(Debug)]
enum SnapshotMessage {
    /// Something changed, in this life.
    Step(u64, Box<SnapshotDelta>),
    /// Another life began.
    Ended,
}

impl SnapshotThread {
    /// Starts the thread, which ends with this.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(shard: u32, desks: Arc<Snapshots>, faults: &Faults) -> std::io::Result<Self> {
        let bounds = desks.bounds();
        let (tells, told) = bounded(bounds.steps_max);
        let taker = DeltaReader::new(bounds);
        let life = Arc::new(AtomicU64::new(0));
        let lives = life.clone();
        let keep = move || keep(&mut SnapshotWriter::new(shard, desks), &told, &lives);
        faults.thread(&format!("desk-{shard}"), keep)?;
        Ok(Self { taker, tells, life, behind: false })
    }

    /// Hands over what a commit, a restore or a step of a follower changed.
    ///
    /// `sequence` is the number of events that the shard has published.
    pub fn follow(
        &mut self,
        state: &State,
        touched: TouchedIds,
        news: Option<CommittedBatch<'_>>,
        sequence: u64,
    ) {
        if self.tells.is_full() {
            metrics::BOUNDED.add([metrics::BY_STEPS], 1);
            self.behind = true;
            self.taker.forget();
            return;
        }
        let step = self.taker.take(state, touched, news, sequence);
        let told = SnapshotMessage::Step(self.life.load(Ordering::SeqCst), Box::new(step));
        self.behind = self.tells.try_send(told).is_err();
        if self.behind {
            self.taker.forget();
        }
    }

    /// Between two batches: what found no room before may find it now.
    pub fn catch_up(&mut self, state: &State, sequence: u64) {
        if self.behind && self.tells.is_empty() {
            self.follow(state, TouchedIds::default(), None, sequence);
        }
    }

    /// The shard is not followed any more.
    pub fn forget(&mut self) {
        self.life.fetch_add(1, Ordering::SeqCst);
        self.taker.forget();
        self.behind = false;
        // Where there is no room, what waits wakes the thread.
        if let Err(TrySendError::Disconnected(_)) = self.tells.try_send(SnapshotMessage::Ended) {
            tracing::error!("the thread of a desk has ended");
        }
    }
}

fn keep(writer: &mut SnapshotWriter, told: &Receiver<SnapshotMessage>, lives: &AtomicU64) {
    let mut known = 0;
    while let Ok(first) = told.recv() {
        let mut news = false;
        for told in std::iter::once(first).chain(told.try_iter()) {
            let life = lives.load(Ordering::SeqCst);
            if life != known {
                writer.forget();
                known = life;
            }
            match told {
                SnapshotMessage::Step(of, step) if of == life => {
                    writer.take_in(*step);
                    news = true;
                }
                SnapshotMessage::Step(..) | SnapshotMessage::Ended => {}
            }
        }
        if news {
            writer.publish();
        }
        std::thread::sleep(EVERY);
    }
}
