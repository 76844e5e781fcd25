//! The processing loop of one shard. Its atomic unit is the batch.
//!
//! ```text
//! takeover:  lease granted -> new writer (fences the former owner) -> sweep -> fence record
//!            -> changelog read up to the fence -> torn transactions repaired
//!            -> input opened at the restored position -> batches
//! batch:     gather -> prepare in parallel -> apply -> one transaction -> publish the read view
//! ```
//!
//! In: [`Wake`]s and input records. Out: transactions, and calls to the [`Observer`]. Events and
//! read views are published only after the commit.
//!
//! Invariants:
//! - PI-1: a writer exists only while the lease is held.
//! - PI-2: a takeover reads the changelog only after the new writer has fenced the former owner,
//!   and it reads up to a record that the new writer has written after fencing.
//! - PI-3: the state in memory is at most one batch ahead of the broker
//!   ([`ShardState::unconfirmed`]).
//! - PI-4: a new batch starts only when `unconfirmed` is `None`.
//!
//! If the outcome of a call is unknown, the writer is dropped. Once the lease is confirmed, a new
//! writer reads the tail of the changelog. If the batch is there, the loop continues; if not, the
//! same records are written again; if the log contains anything else, the state is rebuilt. A
//! fenced writer takes the same path: the group decides who owns the shard, and if that is still
//! this instance, the writer was not fenced by another owner. Without a lease, the pipeline is a
//! standby, which follows the owner's changelog so that it can take over without a restore.
//!
//! Cost, besides the engine: one scan of the partitions and one copy of the bytes per record.

pub mod apply;
mod backlog;
pub mod batch;
pub mod broker;
pub mod changelog_reader;
mod changes;
mod compat;
pub mod embargoed;
pub mod encoder;
pub mod isolation;
pub mod journals;
pub mod lease;
pub mod memory;
pub mod merge;
mod observer;
pub mod offline;
mod owner;
pub mod prepare;
mod reader;
pub mod record;
mod recover;
pub mod reject;
pub mod repair;
mod settings;
pub mod shards;
mod sizes;
mod spans;
mod standby;
mod start;
mod tick;
pub mod trace_context;
mod transaction;

use crate::daemon::panic_guard;
use crate::daemon::telemetry::metrics;
use crate::daemon::telemetry::throttle::throttled;
use backlog::Backlog;
use batch::{ApplyError, BatchContext, Scrutiny};
use broker::{Broker, Clock, CommitCertainty, Fault, FaultReason, InputRecord, WriteId, Writer};
use changelog_reader::ChangelogReader;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use isolation::Isolation;
use lease::{Lease, Wake};
use memory::ShardState;
pub use observer::{InputLag, Observer, PartitionLag, Phase, StandbyProgress, TransactionEnd};
use prepare::Preparer;
use reader::Reader;
pub use settings::{ClockSource, Delivery, Settings, Setup, StartReset, TooLarge};
use standby::ChangelogFollower;
use std::time::Duration;
use transaction::write_batch;
use wirefold_engine::article::Span;

/// Bounds of the delay between two recovery attempts. The delay doubles until a batch is written.
const BACKOFF_MIN: Duration = Duration::from_millis(25);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// If a turn of the loop takes longer than this, the process may have been suspended, so the lease
/// is confirmed again before the commit. Without transactions, nothing else would detect a lost
/// lease.
const TURN_MAX: Duration = Duration::from_secs(2);
/// The pipeline stops after this many panics without a batch written in between.
const PANICS_MAX: u32 = 5;

/// The processing loop of one shard.
pub struct Pipeline<B: Broker, C: Clock> {
    setup: Setup,
    broker: B,
    clock: C,
    observer: Box<dyn Observer>,
    /// Decodes changelog records, and tracks how far the changelog was read.
    changelog: ChangelogReader,
    /// The state of the shard; `None` until it is restored.
    memory: Option<ShardState>,
    /// The input; `None` until it is opened at the restored position.
    reader: Option<Reader<B::Input>>,
    /// Follows the changelog while another instance owns the shard.
    standby: ChangelogFollower<B::Tail>,
    preparer: Preparer,
    /// Finds and rejects records that make a batch fail.
    isolation: Isolation,
    /// Number of panics since the last batch was written.
    panics: u32,
    /// Number of batches written by this process. When it rises, recovery resets its backoff.
    written: u64,
    /// When the backlog was last sampled.
    looked_at: Option<Duration>,
    /// When the current turn of the loop began.
    turn_at: Duration,
    backlog: Backlog,
    /// When the engine's clock last advanced in a tick.
    ticked_at: Option<Duration>,
    /// When a batch last moved the position past control markers.
    passed_at: Option<Duration>,
    /// The tracing span of the current batch, shared by all attempts to write it.
    span: tracing::Span,
}

/// The shard cannot continue until a person intervenes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(FaultReason);

/// The reason this instance stops processing a shard although nothing failed.
enum StopReason {
    /// The process shuts down.
    Stop,
    /// The group wants the shard back. Dropping the sender acknowledges this.
    Revoked(Sender<()>),
    /// The lease was lost.
    Lost,
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Creates a pipeline that does not hold a lease yet.
    pub fn new(setup: Setup, broker: B, clock: C, observer: Box<dyn Observer>) -> Self {
        Self {
            preparer: Preparer::new(&setup),
            isolation: Isolation::default(),
            panics: 0,
            setup,
            broker,
            clock,
            observer,
            changelog: ChangelogReader::default(),
            memory: None,
            reader: None,
            standby: ChangelogFollower::default(),
            written: 0,
            looked_at: None,
            turn_at: Duration::ZERO,
            backlog: Backlog::default(),
            ticked_at: None,
            passed_at: None,
            span: tracing::Span::none(),
        }
    }

    /// Runs until [`Wake::Stop`], or until all senders of wakes are dropped.
    ///
    /// # Errors
    /// When the shard cannot continue until a person intervenes. The message states what to do.
    pub fn run(&mut self, wakes: &Receiver<Wake>) -> Result<(), Error> {
        self.observer.phase(Phase::Idle);
        loop {
            match self.stand_by(wakes) {
                Some(Wake::Granted(lease)) => {
                    let why = self.work(&lease, wakes)?;
                    self.reader = None;
                    match why {
                        StopReason::Stop => return Ok(()),
                        StopReason::Revoked(done) => drop(done),
                        StopReason::Lost => {}
                    }
                    self.enter_idle_phase(Phase::Idle);
                }
                Some(Wake::AssignedElsewhere) => {
                    self.shard_reassigned();
                    self.enter_idle_phase(Phase::Standby);
                }
                Some(Wake::Revoked(done)) => drop(done),
                Some(Wake::Lost) => self.enter_idle_phase(Phase::Idle),
                Some(Wake::Stop) | None => return Ok(()),
            }
        }
    }

    /// Processes the shard until the lease or the process ends.
    fn work(&mut self, lease: &Lease, wakes: &Receiver<Wake>) -> Result<StopReason, Error> {
        let (within, shard) =
            (duration(self.setup.settings.tuning.confirm_within), self.setup.slice.shard);
        let mut backoff = BACKOFF_MIN;
        self.init_backlog()?;
        self.isolation.announce_next();
        loop {
            let before = self.written;
            match self.catch_panic(|pipeline| pipeline.serve(lease, wakes)) {
                Ok(why) => return Ok(why),
                Err(Fault::Stop(why)) => {
                    self.observer.failed();
                    return Err(Error(why));
                }
                Err(Fault::Fenced(why)) => {
                    let why = why.to_string();
                    tracing::warn!(shard, why, "producer fenced; checking who owns the shard");
                }
                Err(Fault::Doubt(why)) => {
                    let why = why.to_string();
                    throttled(&why, |repeats| tracing::warn!(shard, repeats, why, "recovering"));
                }
            }
            self.observer.phase(Phase::Recovering);
            self.sample_backlog_from_broker()?;
            point!("in-doubt");
            backoff =
                if self.written == before { (backoff * 2).min(BACKOFF_MAX) } else { BACKOFF_MIN };
            if let Some(why) = Self::pause(wakes, backoff) {
                return Ok(why);
            }
            if !lease.confirm(within) {
                lease.give_up();
                return Ok(StopReason::Lost);
            }
            point!("after-confirm");
        }
    }

    /// Runs `work`. If it panics, the memory is dropped and rebuilt from the changelog.
    /// [`PANICS_MAX`] panics in a row stop the pipeline.
    fn catch_panic<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let why = match panic_guard::catch(|| work(self)) {
            Ok(done) => return done,
            Err(why) => why,
        };
        metrics::PANICS.add([], 1);
        self.panics += 1;
        self.discard_state();
        self.isolation.announce_next();
        if self.panics >= PANICS_MAX {
            return Err(Fault::stop(format!("{} panics in a row; the last: {why}", self.panics)));
        }
        Err(Fault::doubt(format!("{why}; rebuilding the state from the changelog")))
    }

    /// Handles a batch that could not be applied. The memory is dropped and rebuilt from the
    /// changelog. If the failing record is known, the next attempt rejects it. Otherwise, the next
    /// attempt checks each record in order to identify it.
    fn drop_failed_batch(&mut self, failure: ApplyError) -> Fault {
        self.discard_state();
        let why = match failure {
            ApplyError::Stop(why) => return Fault::stop(why),
            // The record is already rejected without processing, so the failure is in the state
            // itself, which cannot advance.
            ApplyError::Record(from, offset, why) if self.isolation.is_refused(&from, offset) => {
                return Fault::stop(format!(
                    "the state cannot advance past offset {offset} of `{}` partition {}, although \
                     this record is already rejected: {}",
                    from.topic, from.partition, why.message
                ));
            }
            ApplyError::Record(from, offset, why) => {
                let message = why.message.clone();
                self.isolation.refuse(from, offset, why);
                message.into()
            }
            ApplyError::Batch(why) if self.isolation.scrutiny == Scrutiny::EachRecord => {
                return Fault::stop(why);
            }
            ApplyError::Batch(why) => {
                self.isolation.scrutiny = Scrutiny::EachRecord;
                why
            }
        };
        Fault::doubt(format!("a batch failed: {why}; rebuilding the state from the changelog"))
    }

    /// Waits for `backoff`, or until a wake arrives. Returns `None` if the caller should try again.
    fn pause(wakes: &Receiver<Wake>, backoff: Duration) -> Option<StopReason> {
        match wakes.recv_timeout(backoff) {
            Ok(wake) => Self::stop_reason(wake),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(StopReason::Stop),
        }
    }

    /// The reason to stop that a wake contains, if any.
    fn stop_reason(wake: Wake) -> Option<StopReason> {
        match wake {
            Wake::Granted(_) | Wake::AssignedElsewhere => None,
            Wake::Revoked(done) => Some(StopReason::Revoked(done)),
            Wake::Lost => Some(StopReason::Lost),
            Wake::Stop => Some(StopReason::Stop),
        }
    }

    /// Checks for a wake without blocking.
    fn poll_wakes(wakes: &Receiver<Wake>) -> Option<StopReason> {
        match wakes.try_recv() {
            Ok(wake) => Self::stop_reason(wake),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(StopReason::Stop),
        }
    }

    /// Takes over the shard and processes it with one writer, which is dropped on a fault.
    fn serve(&mut self, lease: &Lease, wakes: &Receiver<Wake>) -> Result<StopReason, Fault> {
        let mut writer = self.broker.writer()?;
        self.discard_oversized_batch();
        point!("after-fence");
        if !lease.held() {
            // The lease only proves that we owned the shard before the process was suspended.
            return Ok(StopReason::Lost);
        }
        let ends = writer.sweep()?;
        self.take_over(&mut writer, &ends)?;
        if let Some(memory) = &mut self.memory {
            compat::adopt_layout(&mut self.broker, memory, &self.setup)?;
        }
        point!("after-recall");
        if self.memory.as_ref().is_some_and(|memory| memory.unconfirmed.is_some()) {
            self.isolation.withdraw(&mut writer)?;
            self.write(&mut writer, lease)?;
        } else if let Some(memory) = &self.memory {
            self.isolation.evaluate_attempt(memory);
        }
        if self.reader.is_none() {
            self.reader = Some(self.open()?);
        }
        point!("after-open");
        self.observer.phase(Phase::Running);
        let mut committed_at = self.clock.elapsed();
        loop {
            if let Some(why) = Self::poll_wakes(wakes) {
                if matches!(why, StopReason::Stop) {
                    self.observer.phase(Phase::Stopping);
                }
                return Ok(why);
            }
            if !lease.held() {
                return Ok(StopReason::Lost);
            }
            self.turn_at = self.clock.elapsed();
            let worked = self.step(&mut writer, committed_at, wakes)?;
            if worked {
                self.write(&mut writer, lease)?;
                committed_at = self.clock.elapsed();
            }
            self.sample_backlog(worked);
            if let Some(memory) = &mut self.memory {
                self.observer.between_batches(memory);
            }
        }
    }

    /// Gathers and applies one batch. Returns whether there is a batch to write.
    fn step(
        &mut self,
        writer: &mut B::Writer,
        committed_at: Duration,
        wakes: &Receiver<Wake>,
    ) -> Result<bool, Fault> {
        let records = self.gather(committed_at, wakes)?;
        let applied = self.apply(writer, records);
        if applied.is_err() {
            // The records were taken from the reader but are not in the state, so they must be read
            // again.
            self.reader = None;
        }
        applied
    }

    /// Applies `records` as the next batch. Returns whether there is a batch to write.
    fn apply(&mut self, writer: &mut B::Writer, records: Vec<InputRecord>) -> Result<bool, Fault> {
        let Some(reading) = self.reading(records.is_empty()) else { return Ok(false) };
        let (Some(memory), Some(reader)) = (&mut self.memory, &mut self.reader) else {
            return Ok(false);
        };
        reader.check_same_topics(&mut self.broker, memory)?;
        point!("after-poll");
        let slice = &self.setup.slice;
        self.span = spans::batch(slice.shard, &records);
        let _batch = self.span.clone().entered();
        self.isolation.announce(writer, memory, &records)?;
        memory.held.fetch(&mut self.broker, memory.log_end)?;
        let passed = match &memory.open_plan {
            Some(plan) => plan.journal.ranges.iter().filter(|r| r.from < r.to).cloned().collect(),
            None => self.backlog.trailing_markers(&memory.position),
        };
        let with = BatchContext {
            reading,
            clock: self.setup.clock,
            trailing_markers: &passed,
            encoder: &*self.setup.encoder,
            limits: self.broker.limits(),
            delivery: self.setup.delivery,
            shard: slice.shard,
            too_large: self.setup.too_large,
            scrutiny: self.isolation.scrutiny,
        };
        let key = memory.state.key();
        let items = self.preparer.prepare(records, key, &self.isolation.refused);
        point!("before-apply");
        let batch = match apply::apply(memory, items, with) {
            Ok(batch) => batch,
            Err(failure) => return Err(self.drop_failed_batch(failure)),
        };
        point!("after-apply");
        memory.unconfirmed = Some(batch);
        Ok(true)
    }

    /// The records of the next batch. Empty if an earlier owner left a plan without records.
    fn gather(
        &mut self,
        committed_at: Duration,
        wakes: &Receiver<Wake>,
    ) -> Result<Vec<InputRecord>, Fault> {
        let (Some(memory), Some(reader)) = (&mut self.memory, &mut self.reader) else {
            return Err(Fault::doubt("the state is not built, or the input is not open"));
        };
        debug_assert!(memory.unconfirmed.is_none(), "PI-4");
        if memory.open_plan.as_ref().is_some_and(|plan| plan.journal.order.is_empty()) {
            return Ok(Vec::new());
        }
        let slice = &self.setup.slice;
        let due = committed_at + duration(self.setup.settings.commit_every);
        let gathered =
            reader.check_partitions(&mut self.broker, &self.clock, memory).and_then(|()| {
                let records_max =
                    self.isolation.records_max(self.setup.settings.records_max.get() as usize);
                let takes = |record: &_| slice.decide(record);
                reader.gather(&self.clock, due, records_max, &takes, &|| !wakes.is_empty())
            });
        if gathered.is_err() {
            self.reader = None;
        }
        gathered
    }

    /// Opens the input at the restored position.
    fn open(&mut self) -> Result<Reader<B::Input>, Fault> {
        let memory =
            self.memory.as_mut().expect("the state is restored before the input is opened");
        start::positions(&mut self.broker, memory, self.setup.reset)?;
        memory.held.set_bytes_max(self.setup.settings.tuning.embargoed_bytes_max);
        memory.held.find_lifted(&memory.state);
        Reader::open(&mut self.broker, &self.clock, &self.setup.settings, memory)
    }

    /// Writes the unconfirmed batch, and publishes the read view after the commit.
    fn write(&mut self, writer: &mut B::Writer, lease: &Lease) -> Result<(), Fault> {
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let Some(batch) = &memory.unconfirmed else { return Ok(()) };
        let _batch = self.span.clone().entered();
        let started = self.clock.elapsed();
        let attempt = WriteId { fence: memory.generation as i64, batch: batch.number };
        let (turn_at, within) = (self.turn_at, duration(self.setup.settings.tuning.confirm_within));
        let ours = || {
            let turned = self.clock.elapsed().saturating_sub(turn_at);
            lease.held() && (turned < TURN_MAX || lease.confirm(within))
        };
        let outcome = write_batch(writer, batch, attempt, memory.log_end, &ours);
        let took = self.clock.elapsed().saturating_sub(started);
        self.observer.transaction_ended(TransactionEnd::of(&outcome), took);
        let committed = outcome?;
        point!("after-commit");
        if committed == CommitCertainty::AfterTrouble {
            return Err(Fault::doubt(
                "the commit succeeded, but only after errors; replacing the producer",
            ));
        }
        self.written += 1;
        self.panics = 0;
        self.isolation.written(&memory.position);
        self.span = tracing::Span::none();
        let batch = memory.unconfirmed.take();
        let log_end = writer.changelog_end().unwrap_or(memory.log_end);
        memory.mark_acknowledged(attempt, log_end, writer.ends());
        self.changelog.skip_to(memory);
        self.observer.committed(memory, batch.as_ref(), self.clock.wall());
        point!("after-publish");
        Ok(())
    }
}

/// Converts a span from the settings to a duration; a negative span becomes zero.
fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.0).unwrap_or(0))
}
