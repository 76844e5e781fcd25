//! Repairs a transaction that a broker crash tore apart.
//!
//! In: everything that this shard has written, committed or not, since the last offsets known to be
//! complete. Out: the records that consumers do not receive although their transaction was
//! committed. They are written again, byte for byte, to the same partitions.
//!
//! # How a committed transaction loses records
//!
//! A transaction coordinator acknowledges a commit when the decision is in its log, and writes the
//! commit markers to the partitions afterwards. If the coordinator is killed in between, it reads
//! its log after the restart and looks up the leader of each partition in its own metadata. The
//! metadata is still empty, so the coordinator assumes that the topics were deleted (KAFKA-5202)
//! and records the transaction as complete. The transaction then hangs in those partitions until
//! the next transaction of the same producer ends there. Its records are committed or aborted
//! together with that transaction.
//!
//! ```text
//! events/0   e1 e2 COMMIT          consumers see e1, e2
//! events/1   e3                    hangs; the sweep of the next writer aborts it
//! state/0    a1 pos                hangs; aborted likewise
//! repair     e3 to events/1, a1 and pos to state/0, in one transaction
//! ```
//!
//! # Why this is safe
//!
//! Every record has a [`WriteId`]. An attempt is known to be committed if at least one of its
//! records is visible in any partition, or if this process received the acknowledgement. If such an
//! attempt has records in a partition but none of them are visible there, consumers have lost these
//! records. They are still in the partition and can be read as uncommitted records. An attempt with
//! no visible record and no acknowledgement was aborted, or may be treated as aborted, because no
//! consumer has received it. The evidence stays in the partitions, so a crash in the middle of a
//! repair is harmless: the next writer finds the same evidence and repeats whatever is still
//! missing.
//!
//! Cost: one read of the output of the last batches, at each takeover and whenever an outcome is in
//! doubt.

use super::broker::{
    Broker, Clock, CommitCertainty, Fault, OutputEnds, OutputPartition, Role, WriteId, Writer,
    WrittenRecord,
};
use super::{Delivery, Pipeline};
use crate::daemon::telemetry::metrics;
use std::collections::BTreeMap;

/// Whether a repair changed the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RepairSummary {
    /// No: nothing was repaired, or only output topics were.
    NotChangelog,
    /// Yes: the changelog must be read again.
    Changelog,
}

/// The records to write again: for each committed attempt, its records in the partitions where none
/// of them are visible. `confirmed` is an attempt known to be committed.
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
            // Earlier repairs that were aborted have left copies.
            records.sort_by_key(|record| (record.index, record.offset));
            records.dedup_by_key(|record| record.index);
            missing.append(&mut records);
        }
    }
    missing
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Writes the missing records of committed transactions again. Afterwards, everything before
    /// `until` is complete. `confirmed` is an attempt known to be committed.
    ///
    /// # Errors
    /// If the broker cannot be reached, or errors occurred during a commit.
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
            // No batch with write ids has been written yet.
            memory.mark_complete(until);
            return Ok(RepairSummary::NotChangelog);
        };
        let (mut until, mut repaired) = (until.clone(), RepairSummary::NotChangelog);
        loop {
            let missing = missing(self.broker.written_records(&from, &until)?, confirmed);
            if missing.is_empty() {
                break;
            }
            point!("before-repair");
            tracing::warn!(
                shard = self.setup.slice.shard,
                records = missing.len(),
                batch = missing.last().map(|written| written.attempt.batch),
                "the broker lost part of a committed transaction; writing its records again"
            );
            writer.begin(None)?;
            missing.iter().try_for_each(|written| writer.resend(written))?;
            writer.flush()?;
            if writer.commit()? == CommitCertainty::AfterTrouble {
                return Err(Fault::doubt(
                    "the commit of a repair succeeded, but only after errors",
                ));
            }
            point!("after-repair");
            metrics::REPAIRED.add([], missing.len() as u64);
            if missing.iter().any(|written| written.output.role == Role::State) {
                repaired = RepairSummary::Changelog;
            }
            // A repair can be torn too, so check again until all records are visible.
            until.extend(writer.ends());
        }
        memory.mark_complete(&until);
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

    /// Records as (batch, output, index, committed), with increasing offsets.
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

    /// The batch, output, index and offset of each record.
    fn summary(missing: &[WrittenRecord]) -> Vec<(u64, OutputPartition, u32, i64)> {
        missing.iter().map(|w| (w.attempt.batch, w.output, w.index, w.offset)).collect()
    }

    #[test]
    fn complete_and_aborted_transactions_need_no_repair() {
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
    fn lost_records_of_a_committed_transaction_are_written_again_once() {
        let found = written(&[
            (1, EVENTS_0, 0, true),
            (1, EVENTS_1, 1, false),
            (1, EVENTS_1, 2, false),
            (1, STATE, 0, false),
            (1, STATE, 1, false),
            // Copies from an aborted repair.
            (1, EVENTS_1, 1, false),
            (1, STATE, 0, false),
        ]);
        let lost = missing(found, None);
        let events = [(1, EVENTS_1, 1, 1), (1, EVENTS_1, 2, 2)];
        let state = [(1, STATE, 0, 3), (1, STATE, 1, 4)];
        assert_eq!(summary(&lost), [events, state].concat());
    }

    #[test]
    fn a_torn_repair_is_completed() {
        let found = written(&[
            (1, EVENTS_0, 0, true),
            (1, EVENTS_1, 1, false),
            (1, STATE, 0, false),
            // Copies from a repair that was committed in one partition only.
            (1, EVENTS_1, 1, true),
            (1, STATE, 0, false),
        ]);
        assert_eq!(summary(&missing(found, None)), [(1, STATE, 0, 2)]);
    }

    #[test]
    fn an_invisible_attempt_is_repaired_only_if_its_commit_was_acknowledged() {
        let found = || written(&[(1, EVENTS_0, 0, false), (1, STATE, 0, false)]);
        assert_eq!(missing(found(), None), []);
        assert_eq!(missing(found(), Some(attempt(1))).len(), 2);
        assert_eq!(missing(found(), Some(attempt(2))), []);
    }
}
