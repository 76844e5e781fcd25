//! The loop and its atomic unit.
//!
//! ```text
//! Granted -> writer (fences) -> sweep -> fence -> changelog read up to it -> input opened at the position -> batches
//! batch: gather -> prepare in parallel -> apply -> one transaction -> publish the read view
//! ```
//!
//! In: [`Wake`]s and input records. Out: transactions, and what the [`Observer`] is told. Nothing
//! is announced before the commit.
//!
//! Invariants: PI-1 a writer exists only while the lease is held; PI-2 the changelog is read only
//! after the writer has fenced the former owner, and up to a record that it wrote since; PI-3 what memory holds and the broker does not is
//! at most one batch, [`Memory::unconfirmed`]; PI-4 a new batch begins only when that is none.
//!
//! When a call leaves doubt, the writer is dropped, and after the lease is confirmed a new one is
//! made and the changelog's tail is read. Is the batch there, the loop goes on; is it not, its
//! finished records are written again; is there anything else, memory is rebuilt. A writer that was
//! fenced goes the same way: the group says whose the shard is, and if it still says ours, then it was
//! no owner that fenced. Without a lease the pipeline stands by: it follows what the owner writes, so
//! that it takes over warm.
//!
//! Cost: beside the engine, one scan of the partitions and one copy of the bytes per record.

pub mod batch;
pub mod broker;
pub mod context;
pub mod held;
pub mod journals;
pub mod lease;
pub mod memory;
pub mod merge;
mod observer;
mod reader;
mod recall;
pub mod record;
pub mod reject;
mod settings;
mod shape;
pub mod shards;
mod spans;
mod standby;
mod start;
mod tick;

use crate::engine::article::{EventTime, Span};
use batch::{Batch, With};
use broker::{Broker, Clock, Committed, Fault, InputRecord, OutputRecord, Role, Writer};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use lease::{Lease, Wake};
use memory::{Log, Memory};
pub use observer::{Ended, Observer, Phase, Waiting};
use reader::Reader;
use record::FENCE;
pub use settings::{ClockSource, Delivery, Reset, Settings, Setup, TooLarge};
use standby::Trail;
use std::time::Duration;

/// The rest between two attempts to recover: it doubles while nothing is written.
const REST_MIN: Duration = Duration::from_millis(25);
const REST_MAX: Duration = Duration::from_secs(2);
/// The least time between two ticks of a quiet input.
const TICK_EVERY: Duration = Duration::from_secs(1);
/// How often is told what waits in the input.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The loop of one shard.
pub struct Pipeline<B: Broker, C: Clock> {
    setup: Setup,
    broker: B,
    clock: C,
    observer: Box<dyn Observer>,
    log: Log,
    memory: Option<Memory>,
    reader: Option<Reader<B::Input>>,
    trail: Trail<B::Tail>,
    written: u64,
    looked_at: Option<Duration>,
    ticked_at: Option<Duration>,
    waits: bool,
    span: tracing::Span,
}

/// Why a shard is no longer worked on, without fault.
enum Why {
    Stop,
    Revoked(Sender<()>),
    Lost,
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// A pipeline without a lease.
    pub fn new(setup: Setup, broker: B, clock: C, observer: Box<dyn Observer>) -> Self {
        Self {
            setup,
            broker,
            clock,
            observer,
            log: Log::default(),
            memory: None,
            reader: None,
            trail: Trail::default(),
            written: 0,
            looked_at: None,
            ticked_at: None,
            waits: false,
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
                        Why::Stop => return Ok(()),
                        Why::Revoked(done) => drop(done),
                        Why::Lost => {}
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
    fn own(&mut self, lease: &Lease, wakes: &Receiver<Wake>) -> Result<Why, String> {
        let within = duration(self.setup.settings.confirm_within);
        let mut rest = REST_MIN;
        loop {
            let before = self.written;
            match self.serve(lease, wakes) {
                Ok(why) => return Ok(why),
                Err(Fault::Stop(why)) => return Err(why),
                Err(Fault::Fenced(why)) => {
                    tracing::warn!(why, "fenced: asking the group whose the shard is");
                }
                Err(Fault::Doubt(why)) => tracing::warn!(why, "recovering"),
            }
            self.observer.phase(Phase::Recovering);
            point!("in-doubt");
            rest = if self.written == before { (rest * 2).min(REST_MAX) } else { REST_MIN };
            if let Some(why) = Self::pause(wakes, rest) {
                return Ok(why);
            }
            if !lease.confirm(within) {
                lease.give_up();
                return Ok(Why::Lost);
            }
            point!("after-confirm");
        }
    }

    /// A short rest between attempts, ended by a wake.
    fn pause(wakes: &Receiver<Wake>, rest: Duration) -> Option<Why> {
        match wakes.recv_timeout(rest) {
            Ok(wake) => Self::asked(wake),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Why::Stop),
        }
    }

    fn asked(wake: Wake) -> Option<Why> {
        match wake {
            Wake::Granted(_) | Wake::Elsewhere => None,
            Wake::Revoked(done) => Some(Why::Revoked(done)),
            Wake::Lost => Some(Why::Lost),
            Wake::Stop => Some(Why::Stop),
        }
    }

    fn woken(wakes: &Receiver<Wake>) -> Option<Why> {
        match wakes.try_recv() {
            Ok(wake) => Self::asked(wake),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Why::Stop),
        }
    }

    /// Takes the shard over and works on it with one writer. On a fault that writer is dropped.
    fn serve(&mut self, lease: &Lease, wakes: &Receiver<Wake>) -> Result<Why, Fault> {
        let mut writer = self.broker.writer()?;
        point!("after-fence");
        if !lease.held() {
            // The process was suspended on the way: it says no more than that it once was the owner.
            return Ok(Why::Lost);
        }
        writer.sweep()?;
        let until = fence(&mut writer)?;
        self.recall(until)?;
        if let Some(memory) = &mut self.memory {
            shape::fit(&mut self.broker, memory, &self.setup)?;
        }
        point!("after-recall");
        if self.memory.as_ref().is_some_and(|memory| memory.unconfirmed.is_some()) {
            self.write(&mut writer, lease)?;
        }
        if self.reader.is_none() {
            self.reader = Some(self.open()?);
        }
        point!("after-open");
        self.observer.phase(Phase::Running);
        let mut committed_at = self.clock.elapsed();
        loop {
            if let Some(why) = Self::woken(wakes) {
                if matches!(why, Why::Stop) {
                    self.observer.phase(Phase::Stopping);
                }
                return Ok(why);
            }
            if !lease.held() {
                return Ok(Why::Lost);
            }
            let worked = self.step(committed_at, wakes)?;
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
    fn step(&mut self, committed_at: Duration, wakes: &Receiver<Wake>) -> Result<bool, Fault> {
        let records = self.gather(committed_at, wakes)?;
        let Some(reading) = self.reading(records.is_empty()) else { return Ok(false) };
        let Some(memory) = &mut self.memory else { return Ok(false) };
        point!("after-poll");
        let slice = &self.setup.slice;
        self.span = spans::batch(slice.shard, &records);
        let _batch = self.span.clone().entered();
        memory.held.fetch(&mut self.broker, memory.log_end)?;
        let with = With {
            reading,
            clock: self.setup.clock,
            encoder: &*self.setup.encoder,
            limits: self.broker.limits(),
            delivery: self.setup.delivery,
            shard: slice.shard,
            too_large: self.setup.too_large,
        };
        let key = memory.state.key();
        let items = batch::prepare(records, &self.setup.engine, self.setup.format, slice, key);
        let batch = batch::apply(memory, items, with)?;
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
            reader.gather(&self.clock, due, &|record| slice.takes(record), &|| !wakes.is_empty())
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
        memory.held.is_behind().then(|| memory.state.clock())
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
        let outcome = transact(writer, batch, lease);
        let took = self.clock.elapsed().saturating_sub(started);
        self.observer.transacted(Ended::of(&outcome), took);
        let committed = outcome?;
        point!("after-commit");
        if committed == Committed::AfterTrouble {
            return Err(Fault::Doubt("a commit went through, but after trouble".into()));
        }
        self.written += 1;
        self.span = tracing::Span::none();
        let batch = memory.unconfirmed.take();
        memory.confirm(writer.changelog_end().unwrap_or(memory.log_end));
        self.log.passed(memory);
        self.observer.committed(memory, batch.as_ref(), self.clock.wall());
        point!("after-publish");
        Ok(())
    }

    /// Tells what waits: every second, and when it is through.
    fn look(&mut self, worked: bool) {
        let (Some(memory), Some(reader)) = (&self.memory, &mut self.reader) else { return };
        let now = self.clock.elapsed();
        let due = self.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK_EVERY);
        if !due && (worked || !self.waits) {
            return;
        }
        reader.note(&memory.position, now);
        let records = reader.waiting(&memory.position);
        self.waits = records.values().any(|count| *count > 0);
        self.looked_at = Some(now);
        let applied = memory.position.inputs.values().filter_map(|mark| mark.last?.timestamp).max();
        let age = applied.filter(|_| self.waits).map_or(Span(0), |at| self.clock.wall().since(at));
        let reached = reader.reached();
        self.observer.waiting(&Waiting { records, age: age.max(Span(0)), reached });
    }
}

/// Writes the record behind which the former owner can write no more, and returns the offset after
/// it. Who reads up to it has read everything; the end of the log as a broker tells it can lie before
/// the last commit.
fn fence<W: Writer>(writer: &mut W) -> Result<i64, Fault> {
    writer.begin()?;
    writer.send(&OutputRecord {
        role: Role::State,
        key: Some(FENCE.into()),
        payload: Some(record::encode(&())),
        headers: Vec::new(),
    })?;
    writer.flush()?;
    match writer.commit()? {
        Committed::Surely => {}
        Committed::AfterTrouble => return Err(Fault::Doubt("trouble with the fence".into())),
    }
    let end = writer.changelog_end();
    end.ok_or_else(|| Fault::Doubt("the broker did not say where the fence lies".into()))
}

/// The atomic unit. Where there are no transactions, plan, outputs, changelog and end mark are each
/// flushed before the next.
fn transact<W: Writer>(writer: &mut W, batch: &Batch, lease: &Lease) -> Result<Committed, Fault> {
    let _transaction = spans::transaction(batch.number).entered();
    point!("before-begin");
    writer.begin()?;
    if let Some(plan) = &batch.plan {
        writer.send(plan)?;
        writer.flush()?;
        point!("after-plan");
    }
    send(writer, &batch.outputs)?;
    point!("after-outputs");
    if batch.plan.is_some() {
        writer.flush()?;
    }
    point!("before-position");
    send(writer, &batch.changelog)?;
    point!("after-position");
    if let Some(end) = &batch.end {
        writer.flush()?;
        point!("before-end");
        writer.send(end)?;
    }
    writer.flush()?;
    point!("after-flush");
    if !lease.held() {
        return Err(Fault::Doubt("the lease is gone: nothing more is committed".into()));
    }
    point!("before-commit");
    point!("abort-transaction", Err(Fault::Doubt("a fault is injected before the commit".into())));
    strike_in_commit();
    let committed = writer.commit()?;
    point!("forget-commit", Err(Fault::Doubt("a fault is injected after the commit".into())));
    Ok(committed)
}

/// Lets the fault suite end the process while a commit is under way.
fn strike_in_commit() {
    fail::fail_point!("in-commit", |_| {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(2));
            eprintln!("failpoint in-commit");
            std::process::abort()
        });
    });
}

fn send<W: Writer>(writer: &mut W, records: &[OutputRecord]) -> Result<(), Fault> {
    for record in records {
        writer.send(record)?;
        point!("mid-produce");
    }
    Ok(())
}

/// A span of the settings as a duration; negative ones count as zero.
fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.0).unwrap_or(0))
}
