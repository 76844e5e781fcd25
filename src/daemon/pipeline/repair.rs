//! Puts together a transaction that a broker crash tore apart.
//!
//! In: everything that this shard wrote since the last offsets known to be accounted for, committed or
//! not. Out: the records that readers do not see although their transaction was committed, written
//! once more, byte for byte, to the same partitions.
//!
//! # How a committed transaction loses records
//!
//! A coordinator answers a commit when the decision is in its log, and ends the transaction in every
//! partition afterwards. One that is killed in between reads its log when it starts again, asks its own
//! metadata for the leader of each partition, finds none yet, takes the topics for deleted
//! (KAFKA-5202), and records the transaction as complete. The records then hang in those partitions
//! until the next transaction of the same producer ends there, and share its outcome.
//!
//! ```text
//! events/0   e1 e2 COMMIT          readers see e1, e2
//! events/1   e3                    hangs; the sweep of the next writer aborts it
//! state/0    a1 pos                hangs; aborted likewise
//! repair     e3 to events/1, a1 and pos to state/0, in one transaction
//! ```
//!
//! # Why this is safe
//!
//! Every record names its [`WriteId`]. An attempt of which readers see a record in any partition was
//! committed, and so was one that this process was told is committed. Of such an attempt, a partition
//! in which nothing is visible lost its records, which are still there for readers of uncommitted
//! records. An attempt of which nothing is visible and nothing is known was aborted, or may count as
//! aborted: nobody has seen it. The evidence stays in the partitions, so a crash in the middle of a
//! repair changes nothing: the next writer finds the same, and repeats what is still missing.
//!
//! Cost: one read of what the last batches wrote, at each take-over and after doubt.

use super::broker::{
    Broker, Clock, CommitCertainty, Fault, OutputEnds, OutputPartition, Role, WriteId, Writer,
    WrittenRecord,
};
use super::{Delivery, Pipeline};
use crate::daemon::telemetry::metrics;
use std::collections::BTreeMap;

/// What a repair changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RepairSummary {
    /// Nothing, or output topics only.
    NotChangelog,
    /// The changelog, which has to be read again.
    Changelog,
}

/// The records to repeat: those of committed attempts in partitions where none of the attempt is
/// visible. `confirmed` is an attempt that is known to be committed.
pub fn missing(written: Vec<WrittenRecord>, confirmed: Option<WriteId>) -> Vec<WrittenRecord> {
    let mut attempts: BTreeMap<WriteId, BTreeMap<OutputPartition, Vec<WrittenRecord>>> =
        BTreeMap::new();
    for record in written {
        let outputs = attempts.entry(record.attempt).or_default();
        outputs.entry(record.output).or_default().push(record);
    }
    let mut missing = Vec::new();
    for (attempt, outputs) in attempts {
        let visible = |records: &Vec<WrittenRecord>| records.iter().any(|record| record.committed);
        if Some(attempt) != confirmed && !outputs.values().any(visible) {
            continue;
        }
        for mut records in outputs.into_values().filter(|records| !visible(records)) {
            // An earlier repair that was aborted left copies.
            records.sort_by_key(|record| (record.index, record.offset));
            records.dedup_by_key(|record| record.index);
            missing.append(&mut records);
        }
    }
    missing
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Repeats what readers do not see of committed transactions; everything before `until` is
    /// accounted for afterwards. `confirmed` is an attempt that is known to be committed.
    pub(super) fn repair(
        &mut self,
        writer: &mut B::Writer,
        until: &OutputEnds,
        confirmed: Option<WriteId>,
    ) -> Result<RepairSummary, Fault> {
        let Some(memory) = &mut self.memory else { return Ok(RepairSummary::NotChangelog) };
        if self.setup.delivery == Delivery::AtLeastOnce || until.is_empty() {
            return Ok(RepairSummary::NotChangelog);
        }
        let Some(from) = memory.unaccounted.clone() else {
            // Nothing was ever written with attempts.
            memory.accounted(until);
            return Ok(RepairSummary::NotChangelog);
        };
        let (mut until, mut repaired) = (until.clone(), RepairSummary::NotChangelog);
        loop {
            let missing = missing(self.broker.written(&from, &until)?, confirmed);
            if missing.is_empty() {
                break;
            }
            point!("before-repair");
            tracing::warn!(
                records = missing.len(),
                batch = missing.last().map(|written| written.attempt.batch),
                "the broker lost part of a committed transaction; writing its records again"
            );
            writer.begin(None)?;
            missing.iter().try_for_each(|written| writer.repeat(written))?;
            writer.flush()?;
            if writer.commit()? == CommitCertainty::AfterTrouble {
                return Err(Fault::Doubt("trouble with a repair".into()));
            }
            point!("after-repair");
            metrics::REPAIRED.add([], missing.len() as u64);
            if missing.iter().any(|written| written.output.role == Role::State) {
                repaired = RepairSummary::Changelog;
            }
            // A repair may be torn as well: it is done when its records are seen.
            until.extend(writer.ends());
        }
        memory.accounted(&until);
        Ok(repaired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::pipeline::broker::OutputRecord;

    const EVENTS_0: OutputPartition = OutputPartition { role: Role::Events, partition: 0 };
    const EVENTS_1: OutputPartition = OutputPartition { role: Role::Events, partition: 1 };
    const STATE: OutputPartition = OutputPartition { role: Role::State, partition: 0 };

    fn attempt(batch: u64) -> WriteId {
        WriteId { fence: 5, batch }
    }

    /// Records of a batch by output and index; offsets rise.
    fn written(records: &[(u64, OutputPartition, u32, bool)]) -> Vec<WrittenRecord> {
        let one = |(offset, (batch, output, index, committed)): (
            i64,
            &(u64, OutputPartition, u32, bool),
        )| {
            let record = OutputRecord {
                role: output.role,
                key: Some(format!("{batch}/{index}").into_bytes()),
                payload: None,
                headers: Vec::new(),
            };
            WrittenRecord {
                output: *output,
                offset,
                attempt: attempt(*batch),
                index: *index,
                committed: *committed,
                record,
            }
        };
        (0..).zip(records).map(one).collect()
    }

    /// Batch, output, index and offset of what is missing.
    fn told(missing: &[WrittenRecord]) -> Vec<(u64, OutputPartition, u32, i64)> {
        missing.iter().map(|w| (w.attempt.batch, w.output, w.index, w.offset)).collect()
    }

    #[test]
    fn a_whole_transaction_and_an_aborted_one_miss_nothing() {
        let found = written(&[
            (1, EVENTS_0, 0, true),
            (1, EVENTS_1, 1, true),
            (1, STATE, 0, true),
            (2, EVENTS_0, 0, false),
            (2, STATE, 0, false),
        ]);
        assert_eq!(missing(found, None), []);
    }

    #[test]
    fn what_a_committed_transaction_lost_is_repeated_once() {
        let found = written(&[
            (1, EVENTS_0, 0, true),
            (1, EVENTS_1, 1, false),
            (1, EVENTS_1, 2, false),
            (1, STATE, 0, false),
            (1, STATE, 1, false),
            // A repair that was aborted.
            (1, EVENTS_1, 1, false),
            (1, STATE, 0, false),
        ]);
        let lost = missing(found, None);
        let events = [(1, EVENTS_1, 1, 1), (1, EVENTS_1, 2, 2)];
        let state = [(1, STATE, 0, 3), (1, STATE, 1, 4)];
        assert_eq!(told(&lost), [events, state].concat());
    }

    #[test]
    fn a_repair_that_was_torn_as_well_is_completed() {
        let found = written(&[
            (1, EVENTS_0, 0, true),
            (1, EVENTS_1, 1, false),
            (1, STATE, 0, false),
            // Copies: one partition saw them committed.
            (1, EVENTS_1, 1, true),
            (1, STATE, 0, false),
        ]);
        assert_eq!(told(&missing(found, None)), [(1, STATE, 0, 2)]);
    }

    #[test]
    fn a_commit_that_nobody_sees_counts_only_if_it_was_acknowledged() {
        let found = || written(&[(1, EVENTS_0, 0, false), (1, STATE, 0, false)]);
        assert_eq!(missing(found(), None), []);
        assert_eq!(missing(found(), Some(attempt(1))).len(), 2);
        assert_eq!(missing(found(), Some(attempt(2))), []);
    }
}
