//! Finds the record that a batch fails on, so that it stops the shard only for a while.
//!
//! In: how batches fail. Out: records to refuse unseen, and how careful the next batch has to be.
//!
//! - A record panics while it is applied or encoded: the state is rebuilt, the record refused.
//! - A changelog record is too large: the state is rebuilt, and the batch is applied again with a
//!   check after each record, which names the one to refuse.
//! - The process ends or hangs while a batch is applied: the next owner sees the [`BatchAttempt`] in the
//!   changelog. After [`FAILURES_MAX`] failures records go one by one, and one that fails as often
//!   alone is refused.
//!
//! The attempt is written before the first batch after a take-over, and before every batch while
//! there is a suspicion; a steady flow pays nothing. The batch that is written removes it. An attempt
//! that a live process announced itself is no failure: whatever trouble it had was with the broker.
//! An `at_least_once` batch whose plan is written was applied once, and is not taken apart.

use super::broker::{Fault, InputRecord, OutputRecord, Partition, Role, Writer};
use super::memory::ShardState;
use super::prepare::RefusedRecords;
use super::record::{self, ATTEMPT, BatchAttempt, Position};
use super::reject::{FAILED, IsolationReason};
use super::transaction::write_apart;

/// How often a batch, or a record alone, may fail before it is taken apart, or refused.
pub const FAILURES_MAX: u32 = 2;

/// How a batch is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scrutiny {
    /// What it writes is checked at its end.
    #[default]
    Batch,
    /// What it writes is checked after each record, so that a failure names the record.
    EachRecord,
}

/// What is suspected.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Suspect {
    Batch,
    Record(Partition, i64),
}

/// How careful the next batch has to be.
#[derive(Debug, Default)]
pub(super) struct Isolation {
    /// Records that are refused unseen.
    pub(super) refused: RefusedRecords,
    pub(super) scrutiny: Scrutiny,
    /// The attempt that this process has written, as far as it is still in the changelog.
    announced: Option<BatchAttempt>,
    /// The next batch has to be announced.
    due: bool,
    suspect: Option<(Suspect, u32)>,
    /// How many records are still to be taken one by one.
    single: u32,
}

impl Isolation {
    /// The shard is taken over, or something of unknown origin went wrong: the next batch is announced.
    pub(super) fn begin(&mut self) {
        (self.due, self.announced) = (true, None);
    }

    /// Judges the attempt that the changelog holds.
    pub(super) fn judge(&mut self, memory: &ShardState) {
        let found = memory.attempt.as_ref();
        let Some(found) = found.filter(|found| found.batch == memory.position.batch + 1) else {
            return;
        };
        if self.announced.as_ref() == Some(found) {
            return;
        }
        let failures = found.failures + 1;
        self.single = self.single.max(found.single);
        let suspect = suspect(&found.from, found.offset, found.records);
        tracing::warn!(
            batch = found.batch,
            records = found.records,
            failures,
            "an earlier attempt at this batch did not end"
        );
        self.suspect = None;
        match suspect {
            suspect if failures < FAILURES_MAX => self.suspect = Some((suspect, failures)),
            Suspect::Batch => self.single = found.records,
            Suspect::Record(from, offset) => {
                let message = format!("processing it ended the process {failures} times");
                self.refuse(from, offset, IsolationReason { reason: FAILED, message });
            }
        }
    }

    /// From now on the record is refused unseen.
    pub(super) fn refuse(&mut self, from: Partition, offset: i64, why: IsolationReason) {
        let (topic, partition, reason) = (&from.topic, from.partition, why.reason);
        tracing::error!(%topic, partition, offset, reason, "a record is isolated and rejected");
        self.refused.insert((from, offset), why);
    }

    /// The most records of the next batch.
    pub(super) fn records_max(&self, records_max: usize) -> usize {
        if self.single > 0 { 1 } else { records_max }
    }

    /// Announces the batch of `records` where that is called for, before anything of it is applied.
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
            single: self.single,
        };
        self.announced = Some(attempt.clone());
        write(writer, Some(&attempt))?;
        memory.attempt = Some(attempt);
        memory.log_end =
            writer.changelog_end().map_or(memory.log_end, |end| end.max(memory.log_end));
        Ok(())
    }

    /// Removes the announcement of a batch that is applied and could not be written: it did not fail.
    pub(super) fn withdraw<W: Writer>(&mut self, writer: &mut W) -> Result<(), Fault> {
        if self.announced.is_some() {
            write(writer, None)?;
            self.announced = None;
        }
        Ok(())
    }

    /// A batch is written, and memory stands at `position`.
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

fn suspect(from: &Partition, offset: i64, records: u32) -> Suspect {
    if records == 1 { Suspect::Record(from.clone(), offset) } else { Suspect::Batch }
}

/// Writes the attempt, or its tombstone, on its own.
fn write<W: Writer>(writer: &mut W, attempt: Option<&BatchAttempt>) -> Result<(), Fault> {
    let record = OutputRecord {
        role: Role::State,
        key: Some(ATTEMPT.into()),
        payload: attempt.map(record::encode),
        headers: Vec::new(),
    };
    write_apart(writer, &[record]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::pipeline::memory::ChangelogReader;
    use wirefold_engine::Settings;
    use wirefold_engine::fingerprint::FloodKey;

    fn part() -> Partition {
        Partition { topic: "in".into(), partition: 0 }
    }

    fn attempt(offset: i64, records: u32, failures: u32, single: u32) -> BatchAttempt {
        BatchAttempt { take_over: 1, batch: 1, from: part(), offset, records, failures, single }
    }

    /// What a new process makes of an attempt: records to take one by one, records refused.
    fn judged(found: BatchAttempt) -> (u32, usize) {
        let mut memory =
            ChangelogReader::default().build(Settings::default(), FloodKey(7)).unwrap();
        memory.attempt = Some(found);
        let mut isolation = Isolation::default();
        isolation.judge(&memory);
        (isolation.single, isolation.refused.len())
    }

    #[test]
    fn two_failures_take_a_batch_apart_and_two_alone_refuse_a_record() {
        assert_eq!(judged(attempt(0, 900, 0, 0)), (0, 0), "one failure may be anything");
        assert_eq!(judged(attempt(0, 900, 1, 0)), (900, 0), "two take the batch apart");
        assert_eq!(judged(attempt(7, 1, 0, 893)), (893, 0), "once alone");
        assert_eq!(judged(attempt(7, 1, 1, 893)), (893, 1), "twice alone");
        assert_eq!(
            judged(BatchAttempt { batch: 9, ..attempt(7, 1, 1, 0) }),
            (0, 0),
            "another batch"
        );
    }

    #[test]
    fn an_attempt_of_ones_own_is_no_failure() {
        let mut memory =
            ChangelogReader::default().build(Settings::default(), FloodKey(7)).unwrap();
        let own = attempt(7, 1, 1, 3);
        memory.attempt = Some(own.clone());
        let mut isolation = Isolation { announced: Some(own), ..Isolation::default() };
        isolation.judge(&memory);
        assert!(isolation.refused.is_empty());
        isolation.begin();
        isolation.judge(&memory);
        assert_eq!(isolation.refused.len(), 1, "after a panic of unknown origin it is");
    }
}
