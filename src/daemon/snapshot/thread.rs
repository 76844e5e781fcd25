//! Maintains the snapshot of a shard on a separate thread, so that the pipeline's thread does not
//! have to do this work.
//!
//! Input: deltas from the pipeline, which never waits. Output: the snapshot, published after all
//! queued deltas are applied, at most once per `EVERY`. The first delta after a pause is published
//! at once, and a backlog is applied in batches. If deltas arrive faster than they can be applied,
//! they are dropped. The next delta for which the queue has room then contains the whole state.
//!
//! Cost (`benches/api`): reading deltas takes about 2 % of the pipeline's CPU time, and this thread
//! uses another 3 %.

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

/// The pause after each publication.
const EVERY: Duration = Duration::from_millis(100);

/// Passes deltas to the thread that maintains the snapshot.
#[derive(Debug)]
pub struct SnapshotThread {
    /// Reads the deltas from the state.
    reader: DeltaReader,
    /// The queue to the thread.
    sender: Sender<SnapshotMessage>,
    /// Incremented whenever the shard is given up. Queued deltas of an earlier generation are
    /// ignored.
    generation: Arc<AtomicU64>,
    /// Whether a delta was dropped because the queue was full.
    behind: bool,
}

/// A message to the snapshot thread.
#[derive(Debug)]
enum SnapshotMessage {
    /// A delta, and the generation it belongs to.
    Step(u64, Box<SnapshotDelta>),
    /// A new generation has begun.
    Ended,
}

impl SnapshotThread {
    /// Starts the thread. The thread ends when this value is dropped.
    ///
    /// # Errors
    /// If the system cannot start a thread.
    pub fn start(shard: u32, snapshots: Arc<Snapshots>, faults: &Faults) -> std::io::Result<Self> {
        let bounds = snapshots.limits();
        let (sender, messages) = bounded(bounds.steps_max);
        let reader = DeltaReader::new(bounds);
        let generation = Arc::new(AtomicU64::new(0));
        let generations = generation.clone();
        let keep =
            move || keep(&mut SnapshotWriter::new(shard, snapshots), &messages, &generations);
        faults.thread(&format!("desk-{shard}"), keep)?;
        Ok(Self { reader, sender, generation, behind: false })
    }

    /// Queues the changes of a commit, a restore or a standby's progress.
    ///
    /// `sequence` is the number of events that the shard has published.
    pub fn follow(
        &mut self,
        state: &State,
        touched: TouchedIds,
        batch: Option<CommittedBatch<'_>>,
        sequence: u64,
    ) {
        if self.sender.is_full() {
            metrics::BOUNDED.add([metrics::BY_STEPS], 1);
            self.behind = true;
            self.reader.reset();
            return;
        }
        let step = self.reader.read(state, touched, batch, sequence);
        let generation = self.generation.load(Ordering::SeqCst);
        let message = SnapshotMessage::Step(generation, Box::new(step));
        self.behind = self.sender.try_send(message).is_err();
        if self.behind {
            self.reader.reset();
        }
    }

    /// Called between batches. Tries again after a delta was dropped because the queue was full.
    pub fn catch_up(&mut self, state: &State, sequence: u64) {
        if self.behind && self.sender.is_empty() {
            self.follow(state, TouchedIds::default(), None, sequence);
        }
    }

    /// Empties the snapshot, because this instance no longer follows the shard.
    pub fn forget(&mut self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.reader.reset();
        self.behind = false;
        // If the queue is full, the thread is already processing messages and will notice the new
        // generation.
        if let Err(TrySendError::Disconnected(_)) = self.sender.try_send(SnapshotMessage::Ended) {
            tracing::error!("the thread that maintains the snapshot of this shard has ended");
        }
    }
}

/// Runs the thread: applies queued deltas and publishes the snapshot until the queue is closed.
fn keep(
    writer: &mut SnapshotWriter,
    messages: &Receiver<SnapshotMessage>,
    generations: &AtomicU64,
) {
    let mut known = 0;
    while let Ok(first) = messages.recv() {
        let mut changed = false;
        for message in std::iter::once(first).chain(messages.try_iter()) {
            let generation = generations.load(Ordering::SeqCst);
            if generation != known {
                writer.clear();
                known = generation;
            }
            match message {
                SnapshotMessage::Step(of, step) if of == generation => {
                    writer.apply(*step);
                    changed = true;
                }
                SnapshotMessage::Step(..) | SnapshotMessage::Ended => {}
            }
        }
        if changed {
            writer.publish();
        }
        std::thread::sleep(EVERY);
    }
}
