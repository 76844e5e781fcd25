//! Makes memory agree with the changelog when the shard is taken over, and after doubt.
//!
//! In: the memory as it is, none at a first take-over, and the changelog up to the fence that the new
//! writer has put there. Out: memory that equals what the log holds, or that is one finished batch ahead
//! of it, which is to be written again.
//!
//! # Why nothing is undone
//!
//! A batch that went wrong leaves memory one batch ahead of the log. The batch is kept with its finished
//! records, which are a function of the memory before it (BA-1), so writing them again under a new
//! writer ends where undoing and applying it again would, and no `apply` runs. That holds as long as
//! the log ends where the batch began, and the three ways in which it can not are told apart:
//!
//! - the log holds the batch: its outcome was lost and not the batch;
//! - the log holds part of it: only without transactions, where every record of it is written again
//!   with the same key and value behind the same plan;
//! - the log holds anything else: somebody else owned the shard since. What memory holds beyond the
//!   log is then of no use to anybody, and the log is read anew. This costs a restore, on an instance
//!   that had lost its lease in mid-batch and came back to it: there is nobody else to be quicker.

use super::broker::{Broker, Clock, Fault};
use super::memory::{BatchOutcome, ChangelogReader};
use super::{Phase, Pipeline, spans};
use crate::daemon::telemetry::metrics;

/// After how many records of a restore its progress is told.
const TOLD_EVERY: u64 = 10_000;

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Makes memory agree with the changelog, which ends with the fence, at `until`.
    pub(super) fn recall(&mut self, until: i64) -> Result<(), Fault> {
        self.trail.close();
        if let Some(memory) = self.memory.as_mut().filter(|memory| memory.unconfirmed.is_some()) {
            let mut tail = Vec::new();
            self.broker.changelog(Some(memory.log_end), until, &mut |found| {
                tail.push(found);
                Ok(())
            })?;
            match memory.outcome(&tail) {
                BatchOutcome::Written => {
                    let batch = memory.unconfirmed.take();
                    memory.confirm(until);
                    self.log.passed(memory);
                    self.observer.committed(memory, batch.as_ref(), self.clock.wall());
                    return Ok(());
                }
                BatchOutcome::Missing => return Ok(()),
                BatchOutcome::Foreign => {
                    tracing::warn!(records = tail.len(), "another owner wrote: rebuilding");
                    self.forget();
                }
            }
        }
        self.catch_up(until)
    }

    /// Forgets a finished batch that was made for larger limits than the broker has now: its records
    /// cannot be written again, and are made again from the log.
    pub(super) fn forget_outgrown(&mut self) {
        let limits = self.broker.limits();
        let batch = self.memory.as_ref().and_then(|memory| memory.unconfirmed.as_ref());
        if batch.is_some_and(|batch| batch.records().any(|r| r.bytes() > limits.of(r.role))) {
            tracing::warn!("a limit was lowered below a record that waits: rebuilding");
            self.forget();
        }
    }

    /// Drops all that is remembered, so that the changelog is read from its beginning.
    pub(super) fn forget(&mut self) {
        (self.log, self.memory, self.reader) = (ChangelogReader::default(), None, None);
        self.trail.close();
    }

    /// Reads the changelog from where memory stands, or from its beginning, to the fence.
    fn catch_up(&mut self, until: i64) -> Result<(), Fault> {
        let _restore = spans::restore(self.setup.slice.shard).entered();
        let started = self.clock.elapsed();
        let stood = self.memory.as_ref().map(|memory| memory.position.batch);
        let warm = stood.is_some();
        let read = self.read_on(until);
        let fits = read.and_then(|()| self.log.ends(until, self.memory.as_mut()));
        if fits.is_err() && warm {
            self.forget();
        }
        fits?;
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => self.log.build(self.setup.engine.clone(), self.setup.fresh_key)?,
        };
        let (articles, batch) = (memory.state.live_articles(), memory.position.batch);
        let void = self.log.take_void();
        if void > 0 {
            metrics::VOID.add([], void);
            tracing::warn!(
                records = void,
                "skipped changelog records that a former owner wrote after it had lost the shard"
            );
        }
        let read = self.log.read();
        tracing::info!(records = read, articles, batch, warm, "restored");
        self.observer.restored(read, self.clock.elapsed().saturating_sub(started));
        self.observer.committed(&mut memory, None, self.clock.wall());
        if stood != Some(batch) {
            // Another owner wrote, and what was read ahead here may be among it.
            self.reader = None;
        }
        self.memory = Some(memory);
        Ok(())
    }

    fn read_on(&mut self, until: i64) -> Result<(), Fault> {
        let Self { log, memory, observer, broker, backlog, clock, .. } = self;
        if memory.is_none() {
            observer.phase(Phase::Restoring(log.read()));
        }
        broker.changelog(log.end(), until, &mut |found| {
            log.take(found, memory.as_mut())?;
            if memory.is_none() && log.read().is_multiple_of(TOLD_EVERY) {
                observer.phase(Phase::Restoring(log.read()));
                observer.waiting(&backlog.waiting(clock.wall()));
            }
            point!("mid-restore");
            Ok(())
        })
    }
}
