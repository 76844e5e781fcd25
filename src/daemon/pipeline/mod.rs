//! The loop and its atomic unit.
//!
//! ```text
//! Granted -> writer (fences) -> sweep -> fence -> changelog read up to it -> torn outputs repaired
//!         -> input opened at the position -> batches
//! batch: gather -> prepare in parallel -> apply -> one transaction -> publish the read view
//! ```
//!
//! In: [`Wake`]s and input records. Out: transactions, and what the [`Observer`] is told. Nothing
//! is announced before the commit.
//!
//! Invariants: PI-1 a writer exists only while the lease is held; PI-2 the changelog is read only
//! after the writer has fenced the former owner, and up to a record that it wrote since; PI-3 what memory holds and the broker does not is
//! at most one batch, [`ShardState::unconfirmed`]; PI-4 a new batch begins only when that is none.
//!
//! When a call leaves doubt, the writer is dropped, and after the lease is confirmed a new one is
//! made and the changelog's tail is read. Is the batch there, the loop goes on; is it not, its
//! finished records are written again; is there anything else, memory is rebuilt. A writer that was
//! fenced goes the same way: the group says whose the shard is, and if it still says ours, then it was
//! no owner that fenced. Without a lease the pipeline stands by: it follows what the owner writes, so
//! that it takes over warm.
//!
//! Cost: beside the engine, one scan of the partitions and one copy of the bytes per record.

mod backlog;
pub mod batch;
pub mod broker;
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
mod owner;
pub mod prepare;
mod reader;
pub mod record;
mod recover;
pub mod reject;
pub mod repair;
mod settings;
pub mod shards;
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
use batch::{ApplyError, BatchContext};
use broker::{Broker, Clock, CommitCertainty, Fault, InputRecord, WriteId, Writer};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use isolation::{Isolation, Scrutiny};
use lease::{Lease, Wake};
use memory::{ChangelogReader, ShardState};
pub use observer::{InputLag, Observer, PartitionLag, Phase, StandbyProgress, TransactionEnd};
use prepare::Preparer;
use reader::Reader;
pub use settings::{ClockSource, Delivery, Settings, Setup, StartReset, TooLarge};
use standby::StandbyTrail;
use std::time::Duration;
use transaction::transact;
use wirefold_engine::article::{EventTime, Span};

/// The rest between two attempts to recover: it doubles while nothing is written.
const REST_MIN: Duration = Duration::from_millis(25);
const REST_MAX: Duration = Duration::from_secs(2);
/// A turn of the loop that took longer may have been suspended meanwhile, and is no longer sure of its
/// lease. Where there are no transactions, nobody else would notice.
const TURN_MAX: Duration = Duration::from_secs(2);
/// How many panics in a row, without a batch written in between, end the pipeline.
const PANICS_MAX: u32 = 5;
/// The least time between two batches that only pass over control markers.
const PASS_EVERY: Duration = Duration::from_secs(30);
/// The least time between two ticks of a quiet input.
const TICK_EVERY: Duration = Duration::from_secs(1);

/// The loop of one shard.
pub struct Pipeline<B: Broker, C: Clock> {
    setup: Setup,
    broker: B,
    clock: C,
    observer: Box<dyn Observer>,
    log: ChangelogReader,
    memory: Option<ShardState>,
    reader: Option<Reader<B::Input>>,
    trail: StandbyTrail<B::Tail>,
    preparer: Preparer,
    isolation: Isolation,
    panics: u32,
    written: u64,
    looked_at: Option<Duration>,
    /// When the current turn of the loop began.
    turn_at: Duration,
    backlog: Backlog,
    /// When the clock last went on without a record.
    ticked_at: Option<Duration>,
    /// When control markers were last passed over.
    passed_at: Option<Duration>,
    span: tracing::Span,
}

/// Why a shard is no longer worked on, without fault.
enum StopReason {
    Stop,
    Revoked(Sender<()>),
    Lost,
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// A pipeline without a lease.
    pub fn new(setup: Setup, broker: B, clock: C, observer: Box<dyn Observer>) -> Self {
        Self {
            preparer: Preparer::new(&setup),
            isolation: Isolation::default(),
            panics: 0,
            setup,
            broker,
            clock,
            observer,
            log: ChangelogReader::default(),
            memory: None,
            reader: None,
            trail: StandbyTrail::default(),
            written: 0,
            looked_at: None,
            turn_at: Duration::ZERO,
            backlog: Backlog::default(),
            ticked_at: None,
            passed_at: None,
            span: tracing::Span::none(),
        }
    }

    /// Runs until [`Wake::Stop`], or until the senders of wakes are gone.
    ///
    /// # Errors
    /// When a person has to decide; the message says what.
    pub fn run(&mut self, wakes: &Receiver<Wake>) -> Result<(), String> {
        self.observer.phase(Phase::Idle);
        loop {
            match self.stand_by(wakes) {
                Some(Wake::Granted(lease)) => {
                    let why = self.own(&lease, wakes)?;
                    self.reader = None;
                    match why {
                        StopReason::Stop => return Ok(()),
                        StopReason::Revoked(done) => drop(done),
                        StopReason::Lost => {}
                    }
                    self.rest(Phase::Idle);
                }
                Some(Wake::Elsewhere) => {
                    self.yielded();
                    self.rest(Phase::Standby);
                }
                Some(Wake::Revoked(done)) => drop(done),
                Some(Wake::Lost) => self.rest(Phase::Idle),
                Some(Wake::Stop) | None => return Ok(()),
            }
        }
    }

    /// Works on the shard until the lease or the process ends.
    fn own(&mut self, lease: &Lease, wakes: &Receiver<Wake>) -> Result<StopReason, String> {
        let within = duration(self.setup.settings.confirm_within);
        let mut rest = REST_MIN;
        self.look_before_work()?;
        self.isolation.begin();
        loop {
            let before = self.written;
            match self.guarded(|own| own.serve(lease, wakes)) {
                Ok(why) => return Ok(why),
                Err(Fault::Stop(why)) => {
                    self.observer.failed();
                    return Err(why);
                }
                Err(Fault::Fenced(why)) => {
                    tracing::warn!(why, "fenced: asking the group whose the shard is");
                }
                Err(Fault::Doubt(why)) => {
                    throttled(&why, |repeats| tracing::warn!(repeats, why, "recovering"));
                }
            }
            self.observer.phase(Phase::Recovering);
            self.look_up()?;
            point!("in-doubt");
            rest = if self.written == before { (rest * 2).min(REST_MAX) } else { REST_MIN };
            if let Some(why) = Self::pause(wakes, rest) {
                return Ok(why);
            }
            if !lease.confirm(within) {
                lease.give_up();
                return Ok(StopReason::Lost);
            }
            point!("after-confirm");
        }
    }

    /// Does `work`. A panic in it costs what is remembered, which the changelog gives back; too many
    /// in a row end the pipeline.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        let why = match panic_guard::caught(|| work(self)) {
            Ok(done) => return done,
            Err(why) => why,
        };
        metrics::PANICS.add([], 1);
        self.panics += 1;
        self.forget();
        self.isolation.begin();
        if self.panics >= PANICS_MAX {
            return Err(Fault::Stop(format!("{} panics in a row, the last: {why}", self.panics)));
        }
        Err(Fault::Doubt(format!("{why}; the state is rebuilt from the changelog")))
    }

    /// What is to be done about a batch that cannot be applied: the state is rebuilt, and the record
    /// that causes it is refused next time, or found out.
    fn failed(&mut self, failure: ApplyError) -> Fault {
        self.forget();
        let why = match failure {
            ApplyError::Stop(why) => return Fault::Stop(why),
            ApplyError::Record(from, offset, why) => {
                let message = why.message.clone();
                self.isolation.refuse(from, offset, why);
                message
            }
            ApplyError::Batch(why) if self.isolation.scrutiny == Scrutiny::EachRecord => {
                return Fault::Stop(why);
            }
            ApplyError::Batch(why) => {
                self.isolation.scrutiny = Scrutiny::EachRecord;
                why
            }
        };
        Fault::Doubt(format!("a batch failed: {why}; the state is rebuilt from the changelog"))
    }

    /// A short rest between attempts, ended by a wake.
    fn pause(wakes: &Receiver<Wake>, rest: Duration) -> Option<StopReason> {
        match wakes.recv_timeout(rest) {
            Ok(wake) => Self::asked(wake),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(StopReason::Stop),
        }
    }

    fn asked(wake: Wake) -> Option<StopReason> {
        match wake {
            Wake::Granted(_) | Wake::Elsewhere => None,
            Wake::Revoked(done) => Some(StopReason::Revoked(done)),
            Wake::Lost => Some(StopReason::Lost),
            Wake::Stop => Some(StopReason::Stop),
        }
    }

    fn woken(wakes: &Receiver<Wake>) -> Option<StopReason> {
        match wakes.try_recv() {
            Ok(wake) => Self::asked(wake),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(StopReason::Stop),
        }
    }

    /// Takes the shard over and works on it with one writer. On a fault that writer is dropped.
    fn serve(&mut self, lease: &Lease, wakes: &Receiver<Wake>) -> Result<StopReason, Fault> {
        let mut writer = self.broker.writer()?;
        self.forget_outgrown();
        point!("after-fence");
        if !lease.held() {
            // The process was suspended on the way: it says no more than that it once was the owner.
            return Ok(StopReason::Lost);
        }
        let ends = writer.sweep()?;
        self.take_over(&mut writer, &ends)?;
        if let Some(memory) = &mut self.memory {
            compat::fit(&mut self.broker, memory, &self.setup)?;
        }
        point!("after-recall");
        if self.memory.as_ref().is_some_and(|memory| memory.unconfirmed.is_some()) {
            self.isolation.withdraw(&mut writer)?;
            self.write(&mut writer, lease)?;
        } else if let Some(memory) = &self.memory {
            self.isolation.judge(memory);
        }
        if self.reader.is_none() {
            self.reader = Some(self.open()?);
        }
        point!("after-open");
        self.observer.phase(Phase::Running);
        let mut committed_at = self.clock.elapsed();
        loop {
            if let Some(why) = Self::woken(wakes) {
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
            self.look(worked);
            if let Some(memory) = &mut self.memory {
                self.observer.between(memory);
            }
        }
    }

    /// Gathers and applies one batch. Says whether there is something to write.
    fn step(
        &mut self,
        writer: &mut B::Writer,
        committed_at: Duration,
        wakes: &Receiver<Wake>,
    ) -> Result<bool, Fault> {
        let records = self.gather(committed_at, wakes)?;
        let Some(reading) = self.reading(records.is_empty()) else { return Ok(false) };
        let (Some(memory), Some(reader)) = (&mut self.memory, &mut self.reader) else {
            return Ok(false);
        };
        if let Err(fault) = reader.compare(&mut self.broker, memory) {
            self.reader = None;
            return Err(fault);
        }
        point!("after-poll");
        let slice = &self.setup.slice;
        self.span = spans::batch(slice.shard, &records);
        let _batch = self.span.clone().entered();
        if let Err(fault) = self.isolation.announce(writer, memory, &records) {
            self.reader = None;
            return Err(fault);
        }
        memory.held.fetch(&mut self.broker, memory.log_end)?;
        let passed = match &memory.open_plan {
            Some(plan) => plan.journal.ranges.iter().filter(|r| r.from < r.to).cloned().collect(),
            None => self.backlog.markers(&memory.position),
        };
        let with = BatchContext {
            reading,
            clock: self.setup.clock,
            passed: &passed,
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
        let batch = match batch::apply(memory, items, with) {
            Ok(batch) => batch,
            Err(failure) => return Err(self.failed(failure)),
        };
        point!("after-apply");
        memory.unconfirmed = Some(batch);
        Ok(true)
    }

    /// The records of the next batch; none for the tick that an earlier owner planned.
    fn gather(
        &mut self,
        committed_at: Duration,
        wakes: &Receiver<Wake>,
    ) -> Result<Vec<InputRecord>, Fault> {
        let (Some(memory), Some(reader)) = (&mut self.memory, &mut self.reader) else {
            return Err(Fault::Doubt("nothing to work on".into()));
        };
        debug_assert!(memory.unconfirmed.is_none(), "PI-4");
        if memory.open_plan.as_ref().is_some_and(|plan| plan.journal.order.is_empty()) {
            return Ok(Vec::new());
        }
        let slice = &self.setup.slice;
        let due = committed_at + duration(self.setup.settings.commit_every);
        let gathered = reader.watch(&mut self.broker, &self.clock, memory).and_then(|()| {
            let records_max = self.isolation.records_max(self.setup.settings.records_max as usize);
            let takes = |record: &_| slice.takes(record);
            reader.gather(&self.clock, due, records_max, &takes, &|| !wakes.is_empty())
        });
        if gathered.is_err() {
            self.reader = None;
        }
        gathered
    }

    /// The clock reading of the next batch; `None` where there is nothing to do in one. A batch
    /// without records is written when the input is at its end and the engine's clock has something
    /// to do, or when more embargoes have ended than one batch passes on.
    fn reading(&mut self, without_records: bool) -> Option<EventTime> {
        let (memory, reader) = (self.memory.as_ref()?, self.reader.as_mut()?);
        let (wall, now) = (self.clock.wall(), self.clock.elapsed());
        if let Some(plan) = &memory.open_plan {
            let planned = without_records == plan.journal.order.is_empty();
            return planned.then_some(plan.journal.reading);
        }
        if !without_records {
            return Some(wall);
        }
        let rested = self.ticked_at.is_none_or(|at| now.saturating_sub(at) >= TICK_EVERY);
        let ticks = reader.is_quiet(now) && rested && self.setup.clock == ClockSource::Wall;
        if ticks && memory.state.is_due(wall) {
            self.ticked_at = Some(now);
            return Some(memory.state.reach(wall));
        }
        let passes = reader.is_quiet(now)
            && self.passed_at.is_none_or(|at| now.saturating_sub(at) >= PASS_EVERY)
            && !self.backlog.markers(&memory.position).is_empty();
        if passes {
            self.passed_at = Some(now);
        }
        (passes || memory.held.is_behind()).then(|| memory.state.clock())
    }

    fn open(&mut self) -> Result<Reader<B::Input>, Fault> {
        let memory = self.memory.as_mut().expect("memory is recalled before the input is opened");
        start::positions(&mut self.broker, memory, self.setup.reset)?;
        memory.held.resume(&memory.state);
        Reader::open(&mut self.broker, &self.clock, &self.setup.settings, memory)
    }

    /// Writes the unconfirmed batch, and publishes the read view once it is final.
    fn write(&mut self, writer: &mut B::Writer, lease: &Lease) -> Result<(), Fault> {
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let Some(batch) = &memory.unconfirmed else { return Ok(()) };
        let _batch = self.span.clone().entered();
        let started = self.clock.elapsed();
        let attempt = WriteId { fence: memory.generation as i64, batch: batch.number };
        let (turn_at, within) = (self.turn_at, duration(self.setup.settings.confirm_within));
        let ours = || {
            let turned = self.clock.elapsed().saturating_sub(turn_at);
            lease.held() && (turned < TURN_MAX || lease.confirm(within))
        };
        let outcome = transact(writer, batch, attempt, memory.log_end, &ours);
        let took = self.clock.elapsed().saturating_sub(started);
        self.observer.transacted(TransactionEnd::of(&outcome), took);
        let committed = outcome?;
        point!("after-commit");
        if committed == CommitCertainty::AfterTrouble {
            return Err(Fault::Doubt("a commit went through, but after trouble".into()));
        }
        self.written += 1;
        self.panics = 0;
        self.isolation.written(&memory.position);
        self.span = tracing::Span::none();
        let batch = memory.unconfirmed.take();
        let log_end = writer.changelog_end().unwrap_or(memory.log_end);
        memory.acknowledged(attempt, log_end, writer.ends());
        self.log.passed(memory);
        self.observer.committed(memory, batch.as_ref(), self.clock.wall());
        point!("after-publish");
        Ok(())
    }
}

/// A span of the settings as a duration; negative ones count as zero.
fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.0).unwrap_or(0))
}
