//! Brings the state in line with the changelog when a shard is taken over, and when it is unknown
//! whether a batch was written.
//!
//! In: the current state (none at the first takeover), and the changelog up to the fence that the
//! new writer has just written. Out: a state that equals the changelog, or that is ahead of it by
//! one finished batch, which is then written again.
//!
//! # Why nothing is undone
//!
//! A failed write leaves the state one batch ahead of the changelog. The batch is kept with its
//! finished records. They are a function of the state before the batch (BA-1), so writing them
//! again with a new writer gives the same result as undoing the batch and applying it again,
//! without calling `apply`. This is valid as long as the changelog ends where the batch began.
//! Otherwise, the changelog contains one of the following:
//!
//! - the whole batch: only the acknowledgement was lost;
//! - part of the batch: this is possible only without transactions, where every record is written
//!   again with the same key and value after the same plan;
//! - anything else: another instance has owned the shard since. The state contains a batch that is
//!   not in the log, so it is dropped, and the changelog is read again from the beginning. This
//!   costs a restore, but only on an instance that lost its lease in the middle of a batch and then
//!   got it back.

use super::broker::{Broker, Clock, Fault};
use super::changelog_reader::ChangelogReader;
use super::memory::BatchOutcome;
use super::{Phase, Pipeline, spans};
use crate::daemon::telemetry::metrics;

/// The number of restored records between two progress reports.
const PROGRESS_EVERY: u64 = 10_000;

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Brings the state in line with the changelog, which ends at `until`, just after our fence.
    pub(super) fn reconcile(&mut self, until: i64) -> Result<(), Fault> {
        self.standby.close();
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
                    self.changelog.skip_to(memory);
                    self.observer.committed(memory, batch.as_ref(), self.clock.wall());
                    return Ok(());
                }
                BatchOutcome::Missing => return Ok(()),
                BatchOutcome::Foreign => {
                    tracing::warn!(
                        shard = self.setup.slice.shard,
                        records = tail.len(),
                        "another instance wrote to the changelog; rebuilding the state"
                    );
                    self.discard_state();
                }
            }
        }
        self.catch_up(until)
    }

    /// Discards the state if it contains a finished batch with a record above the broker's current
    /// size limits. Such a batch cannot be written again as it is, and is applied again after a
    /// restore.
    pub(super) fn discard_oversized_batch(&mut self) {
        let limits = self.broker.limits();
        let batch = self.memory.as_ref().and_then(|memory| memory.unconfirmed.as_ref());
        if batch.is_some_and(|batch| batch.records().any(|r| r.bytes() > limits.of(r.role))) {
            tracing::warn!(
                shard = self.setup.slice.shard,
                "a record of the unwritten batch exceeds the current size limit of its topic; \
                 rebuilding the state"
            );
            self.discard_state();
        }
    }

    /// Discards the state, so that the changelog is read from its beginning.
    pub(super) fn discard_state(&mut self) {
        (self.changelog, self.memory, self.reader) = (ChangelogReader::default(), None, None);
        self.standby.close();
    }

    /// Reads the changelog up to the fence, from the position of the state or from the beginning.
    fn catch_up(&mut self, until: i64) -> Result<(), Fault> {
        let _restore = spans::restore(self.setup.slice.shard).entered();
        let started = self.clock.elapsed();
        let batch_before = self.memory.as_ref().map(|memory| memory.position.batch);
        let warm = batch_before.is_some();
        let read = self.read_changelog(until);
        let fits = read.and_then(|()| self.changelog.finish(until, self.memory.as_mut()));
        if fits.is_err() && warm {
            self.discard_state();
        }
        fits?;
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => self.changelog.build(self.setup.engine.clone(), self.setup.fresh_key)?,
        };
        let (articles, batch) = (memory.state.live_articles(), memory.position.batch);
        let void = self.changelog.take_stale();
        if void > 0 {
            metrics::VOID.add([], void);
            tracing::warn!(
                records = void,
                "skipped changelog records written by a former owner after it had lost the shard"
            );
        }
        let read = self.changelog.read();
        if warm {
            tracing::info!(
                records = read,
                articles,
                batch,
                "continuing with the state already in memory"
            );
        } else {
            tracing::info!(records = read, articles, batch, "state restored from the changelog");
        }
        self.observer.restored(read, self.clock.elapsed().saturating_sub(started));
        self.observer.committed(&mut memory, None, self.clock.wall());
        if batch_before != Some(batch) {
            // Another owner has written in the meantime, so input fetched here may already be
            // processed.
            self.reader = None;
        }
        self.memory = Some(memory);
        Ok(())
    }

    /// Reads the changelog from the end of the previous read up to `until`.
    fn read_changelog(&mut self, until: i64) -> Result<(), Fault> {
        let Self { changelog: log, memory, observer, broker, backlog, clock, .. } = self;
        if memory.is_none() {
            observer.phase(Phase::Restoring(log.read()));
        }
        broker.changelog(log.end(), until, &mut |found| {
            log.take(found, memory.as_mut())?;
            if memory.is_none() && log.read().is_multiple_of(PROGRESS_EVERY) {
                observer.phase(Phase::Restoring(log.read()));
                observer.lag(&backlog.lag(clock.wall()));
            }
            point!("mid-restore");
            Ok(())
        })
    }
}
