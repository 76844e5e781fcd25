//! Takes over a shard, and checks that its changelog belongs to this instance's consumer group.
//!
//! In: a new writer, and the changelog. Out: a state that agrees with the changelog, repaired
//! output topics, and a changelog that names this consumer group. If the changelog already names
//! this group, nothing is written. If it names no group, a claim is written. If it names another
//! group, the takeover is refused: two groups on the same topics would each read all of the input
//! and write everything twice, and neither would fence the other.

use super::broker::{Broker, Clock, Fault, OutputEnds, OutputRecord, Role, WriteId};
use super::record::{self, ENDS, GROUP};
use super::repair::RepairSummary;
use super::transaction::write_changelog;
use super::{Delivery, Pipeline};

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Brings the state in line with the changelog and repairs torn transactions. Called when the
    /// former owner can no longer write.
    pub(super) fn take_over(
        &mut self,
        writer: &mut B::Writer,
        ends: &OutputEnds,
    ) -> Result<(), Fault> {
        let mut until = self.fence(writer)?;
        let lost = self.lost_batch(until)?;
        self.reconcile(until)?;
        self.check_group()?;
        let repaired = self.repair(writer, ends, lost)?;
        if let Some(WriteId { batch, .. }) = lost {
            tracing::warn!(
                shard = self.setup.slice.shard,
                batch,
                "the changelog lacks a batch that the broker had acknowledged; rebuilding the state"
            );
            self.discard_state();
        }
        if lost.is_some() || repaired == RepairSummary::Changelog {
            until = self.fence(writer)?;
            self.reconcile(until)?;
        }
        self.write_claim(writer)?;
        if let Some(memory) = &mut self.memory {
            memory.set_take_over(until - 1);
        }
        Ok(())
    }

    /// The last batch that the broker acknowledged, if the changelog up to `until` does not contain
    /// it.
    fn lost_batch(&mut self, until: i64) -> Result<Option<WriteId>, Fault> {
        let confirmed = self.memory.as_ref().and_then(|memory| memory.confirmed);
        let Some((attempt, offset)) = confirmed else { return Ok(None) };
        let mut first = None;
        self.broker.changelog(Some(offset), until, &mut |found| {
            first.get_or_insert(found.offset);
            Ok(())
        })?;
        Ok((first != Some(offset)).then_some(attempt))
    }

    /// Writes the fence, a record after which a former owner can no longer write, and returns the
    /// offset after it. Reading up to this offset is certain to read everything, whereas the end
    /// offset that a broker reports can be before the last commit.
    pub(super) fn fence(&self, writer: &mut B::Writer) -> Result<i64, Fault> {
        let key = record::fence_key(self.setup.delivery, self.clock.wall());
        write_changelog(writer, &[record(key, record::encode(&()))])
    }

    /// Checks that the changelog belongs to our consumer group.
    ///
    /// # Errors
    /// [`Fault::Stop`] if it names a group that is neither ours nor `start.renamed_from`.
    pub(super) fn check_group(&self) -> Result<(), Fault> {
        let own = &self.setup.group;
        let Some(found) = self.memory.as_ref().and_then(|memory| memory.group.as_ref()) else {
            return Ok(());
        };
        if found == own || self.setup.renamed_from.as_ref() == Some(found) {
            return Ok(());
        }
        Err(Fault::stop(format!(
            "the changelog belongs to group `{found}`, but this instance is in group `{own}`; two \
             groups on one set of topics would write everything twice. Set `group.id` to \
             `{found}`, give this deployment its own topics (`output.*`), or, if the group was \
             renamed and no instance of `{found}` is still running, start once with \
             `--set start.renamed_from={found}`"
        )))
    }

    /// Writes the records that the changelog still lacks: the group name, and the end offsets of
    /// the outputs.
    pub(super) fn write_claim(&mut self, writer: &mut B::Writer) -> Result<(), Fault> {
        let Some(memory) = &mut self.memory else { return Ok(()) };
        let mut records = Vec::new();
        if memory.group.as_ref() != Some(&self.setup.group) {
            records.push(record(GROUP.into(), record::encode(&self.setup.group)));
        }
        let transactional = self.setup.delivery == Delivery::ExactlyOnce;
        if transactional && !memory.ends_written && !memory.ends.is_empty() {
            records.push(record(ENDS.into(), record::encode(&memory.ends)));
        }
        if records.is_empty() {
            return Ok(());
        }
        memory.log_end = write_changelog(writer, &records)?.max(memory.log_end);
        memory.group = Some(self.setup.group.clone());
        memory.ends_written = true;
        self.changelog.skip_to(memory);
        Ok(())
    }
}

fn record(key: String, value: Vec<u8>) -> OutputRecord {
    let key = Some(key.into_bytes());
    OutputRecord { role: Role::State, key, payload: Some(value), headers: Vec::new() }
}
