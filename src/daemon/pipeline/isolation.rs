//! Finds the record that makes a batch fail and rejects it, so that one record never stops a shard
//! for good.
//!
//! In: the failures of batches. Out: the records to reject without processing, and how carefully
//! the next batch has to be applied.
//!
//! - A record causes a panic while it is applied or encoded: the state is rebuilt, and the record
//!   is rejected.
//! - A changelog record is too large: the state is rebuilt, and the batch is applied again with a
//!   check after each record, which identifies the record to reject.
//! - The process dies or hangs while a batch is applied: the next owner finds the [`BatchAttempt`]
//!   in the changelog. After [`FAILURES_MAX`] failures, the records are applied one by one. A
//!   single record that fails the same number of times is rejected.
//!
//! The attempt is written before the first batch after a takeover, and before every batch while a
//! record is suspected. Otherwise no attempt is written. Writing the batch removes the attempt. If
//! a process finds an attempt of its own, it cannot have died while it applied the batch, so the
//! broker caused the trouble, and the attempt does not count as a failure. If the plan of an
//! `at_least_once` batch was written, the batch was applied successfully before, and is not split.

use super::batch::Scrutiny;
use super::broker::{Fault, InputRecord, OutputRecord, Partition, Role, Writer};
use super::memory::ShardState;
use super::prepare::RejectedRecords;
use super::record::{self, ATTEMPT, BatchAttempt, Position};
use super::reject::{FAILED, IsolationReason};
use super::transaction::write_changelog;

/// After this many failures, a batch is applied record by record. A record that was applied on its
/// own is rejected after the same number of failures.
pub const FAILURES_MAX: u32 = 2;

/// The batch or record that was being applied when an earlier attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Suspect {
    /// A batch of several records.
    Batch,
    /// A record that was applied on its own.
    Record(Partition, i64),
}

/// The records to reject, and how carefully the next batch has to be applied.
#[derive(Debug, Default)]
pub(super) struct Isolation {
    /// Records to reject without processing.
    pub(super) refused: RejectedRecords,
    /// When the next batch has to check record sizes.
    pub(super) scrutiny: Scrutiny,
    /// The attempt that this process wrote, as long as it is in the changelog.
    announced: Option<BatchAttempt>,
    /// Whether an attempt has to be written before the next batch is applied.
    due: bool,
    /// The batch or record that was being applied when earlier attempts failed, and their number.
    suspect: Option<(Suspect, u32)>,
    /// How many records are still to be applied one by one.
    single: u32,
}

impl Isolation {
    /// Requires an attempt to be written before the next batch is applied. Called when the lease is
    /// granted and after a panic.
    pub(super) fn announce_next(&mut self) {
        (self.due, self.announced) = (true, None);
    }

    /// Evaluates the attempt in the changelog, if it is for the next batch and was not announced by
    /// this process.
    pub(super) fn evaluate_attempt(&mut self, memory: &ShardState) {
        let found = memory.attempt.as_ref();
        let Some(found) = found.filter(|found| found.batch == memory.position.batch + 1) else {
            return;
        };
        if self.announced.as_ref() == Some(found) {
            return;
        }
        let failures = found.failures + 1;
        self.single = self.single.max(found.single_records);
        let suspect = suspect(&found.from, found.offset, found.records);
        tracing::warn!(
            batch = found.batch,
            records = found.records,
            failures,
            "an earlier owner did not finish this batch: it died, hung or lost the shard"
        );
        self.suspect = None;
        match suspect {
            suspect if failures < FAILURES_MAX => self.suspect = Some((suspect, failures)),
            Suspect::Batch => self.single = found.records,
            Suspect::Record(from, offset) => {
                let message =
                    format!("the process died or hung {failures} times while processing it");
                self.refuse(from, offset, IsolationReason { reason: FAILED, message });
            }
        }
    }

    /// From now on, rejects the record without processing it.
    pub(super) fn refuse(&mut self, from: Partition, offset: i64, why: IsolationReason) {
        let (topic, partition, reason) = (&from.topic, from.partition, why.reason);
        tracing::error!(
            %topic,
            partition,
            offset,
            reason,
            "this record cannot be processed and will be rejected"
        );
        self.refused.insert((from, offset), why);
    }

    /// Whether the record is rejected without processing.
    pub(super) fn is_refused(&self, from: &Partition, offset: i64) -> bool {
        self.refused.contains_key(&(from.clone(), offset))
    }

    /// Maximum number of records in the next batch.
    pub(super) fn records_max(&self, records_max: usize) -> usize {
        if self.single > 0 { 1 } else { records_max }
    }

    /// Announces the batch of `records` before any of them is applied, if an announcement is
    /// needed.
    pub(super) fn announce<W: Writer>(
        &mut self,
        writer: &mut W,
        memory: &mut ShardState,
        records: &[InputRecord],
    ) -> Result<(), Fault> {
        let wanted = self.due || self.single > 0 || self.suspect.is_some();
        let Some(first) = records.first().filter(|_| wanted && memory.open_plan.is_none()) else {
            return Ok(());
        };
        let count = u32::try_from(records.len()).unwrap_or(u32::MAX);
        let same = suspect(&first.from, first.offset, count);
        let failures = self.suspect.take().filter(|(suspect, _)| *suspect == same);
        let attempt = BatchAttempt {
            take_over: memory.generation,
            batch: memory.position.batch + 1,
            from: first.from.clone(),
            offset: first.offset,
            records: count,
            failures: failures.map_or(0, |(_, failures)| failures),
            single_records: self.single,
        };
        self.announced = Some(attempt.clone());
        write(writer, Some(&attempt))?;
        memory.attempt = Some(attempt);
        memory.log_end =
            writer.changelog_end().map_or(memory.log_end, |end| end.max(memory.log_end));
        Ok(())
    }

    /// Removes the announcement of a batch that was applied but could not be written. Otherwise the
    /// next owner would count the announcement as a failure, although the batch was applied.
    pub(super) fn withdraw<W: Writer>(&mut self, writer: &mut W) -> Result<(), Fault> {
        if self.announced.is_some() {
            write(writer, None)?;
            self.announced = None;
        }
        Ok(())
    }

    /// Resets all suspicions after a batch was written. Forgets the rejected records before its
    /// `position`.
    pub(super) fn written(&mut self, position: &Position) {
        let passed = |of: &Partition, offset: i64| {
            position.inputs.get(of).is_some_and(|mark| mark.next > offset)
        };
        self.refused.retain(|(of, offset), _| !passed(of, *offset));
        self.single = self.single.saturating_sub(1);
        (self.due, self.suspect, self.announced) = (false, None, None);
        self.scrutiny = Scrutiny::Batch;
    }
}

/// The suspect if an attempt with these records has failed.
fn suspect(from: &Partition, offset: i64, records: u32) -> Suspect {
    if records == 1 { Suspect::Record(from.clone(), offset) } else { Suspect::Batch }
}

/// Writes the attempt, or its tombstone, in a separate transaction.
fn write<W: Writer>(writer: &mut W, attempt: Option<&BatchAttempt>) -> Result<(), Fault> {
    let record = OutputRecord {
        role: Role::State,
        key: Some(ATTEMPT.into()),
        payload: attempt.map(record::encode),
        headers: Vec::new(),
    };
    write_changelog(writer, &[record]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::pipeline::changelog_reader::ChangelogReader;
    use wirefold_engine::Settings;
    use wirefold_engine::fingerprint::SamplingKey;

    fn part() -> Partition {
        Partition { topic: "in".into(), partition: 0 }
    }

    fn attempt(offset: i64, records: u32, failures: u32, single: u32) -> BatchAttempt {
        BatchAttempt {
            take_over: 1,
            batch: 1,
            from: part(),
            offset,
            records,
            failures,
            single_records: single,
        }
    }

    /// Evaluates an attempt in a new process. Returns the number of records to apply one by one,
    /// and the number of records to reject.
    fn judged(found: BatchAttempt) -> (u32, usize) {
        let mut memory =
            ChangelogReader::default().build(Settings::default(), SamplingKey(7)).unwrap();
        memory.attempt = Some(found);
        let mut isolation = Isolation::default();
        isolation.evaluate_attempt(&memory);
        (isolation.single, isolation.refused.len())
    }

    #[test]
    fn two_failures_split_a_batch_and_two_failures_of_a_single_record_reject_it() {
        assert_eq!(judged(attempt(0, 900, 0, 0)), (0, 0), "one failure may have any cause");
        assert_eq!(judged(attempt(0, 900, 1, 0)), (900, 0), "two failures split the batch");
        assert_eq!(judged(attempt(7, 1, 0, 893)), (893, 0), "one failure alone");
        assert_eq!(judged(attempt(7, 1, 1, 893)), (893, 1), "two failures alone");
        assert_eq!(
            judged(BatchAttempt { batch: 9, ..attempt(7, 1, 1, 0) }),
            (0, 0),
            "another batch"
        );
    }

    #[test]
    fn an_attempt_by_this_process_is_not_a_failure() {
        let mut memory =
            ChangelogReader::default().build(Settings::default(), SamplingKey(7)).unwrap();
        let announced = attempt(7, 1, 1, 3);
        memory.attempt = Some(announced.clone());
        let mut isolation = Isolation { announced: Some(announced), ..Isolation::default() };
        isolation.evaluate_attempt(&memory);
        assert!(isolation.refused.is_empty());
        isolation.announce_next();
        isolation.evaluate_attempt(&memory);
        assert_eq!(isolation.refused.len(), 1, "after a panic, the attempt counts");
    }
}
