//! Taking the shard over, and whose changelog it is.
//!
//! In: the consumer group of this instance, and the one that the changelog names. Out: nothing where
//! they agree; a claim where none is named yet; a refusal where they differ. Two groups on one set of
//! topics would each read all of the input and write everything twice, and neither fences the other.

use super::broker::{Broker, Clock, Fault, OutputEnds, OutputRecord, Role, WriteId};
use super::record::{self, ENDS, GROUP};
use super::repair::RepairSummary;
use super::transaction::write_apart;
use super::{Delivery, Pipeline};

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Makes memory and the log agree, and the outputs whole, now that nobody else writes.
    pub(super) fn take_over(
        &mut self,
        writer: &mut B::Writer,
        ends: &OutputEnds,
    ) -> Result<(), Fault> {
        let mut until = self.fence(writer)?;
        let lost = self.lost_confirmation(until)?;
        self.recall(until)?;
        self.owns_state()?;
        let repaired = self.repair(writer, ends, lost)?;
        if let Some(WriteId { batch, .. }) = lost {
            tracing::warn!(batch, "the log does not hold an acknowledged batch: rebuilding");
            self.forget();
        }
        if lost.is_some() || repaired == RepairSummary::Changelog {
            until = self.fence(writer)?;
            self.recall(until)?;
        }
        self.claim(writer)?;
        if let Some(memory) = &mut self.memory {
            memory.taken_over(until - 1);
        }
        Ok(())
    }

    /// The last batch that the broker acknowledged, if the log up to `until` does not hold it.
    fn lost_confirmation(&mut self, until: i64) -> Result<Option<WriteId>, Fault> {
        let confirmed = self.memory.as_ref().and_then(|memory| memory.confirmed);
        let Some((attempt, offset)) = confirmed else { return Ok(None) };
        let mut first = None;
        self.broker.changelog(Some(offset), until, &mut |found| {
            first.get_or_insert(found.offset);
            Ok(())
        })?;
        Ok((first != Some(offset)).then_some(attempt))
    }

    /// Writes the record behind which a former owner can write no more, and returns the offset after
    /// it. Reading up to it means reading everything; the end of the log as a broker tells it can be
    /// before the last commit.
    pub(super) fn fence(&self, writer: &mut B::Writer) -> Result<i64, Fault> {
        let key = record::fence_key(self.setup.delivery, self.clock.wall());
        write_apart(writer, &[record(key, record::encode(&()))])
    }

    /// Refuses the changelog of another group.
    ///
    /// # Errors
    /// [`Fault::Stop`] when it names another group than ours and than `start.renamed_from`.
    pub(super) fn owns_state(&self) -> Result<(), Fault> {
        let own = &self.setup.group;
        let Some(found) = self.memory.as_ref().and_then(|memory| memory.group.as_ref()) else {
            return Ok(());
        };
        if found == own || self.setup.renamed_from.as_ref() == Some(found) {
            return Ok(());
        }
        Err(Fault::Stop(format!(
            "the changelog belongs to group `{found}`, and this instance is in group `{own}`: two \
             groups on one set of topics would write everything twice; set `group.id` to \
             `{found}`, give this deployment topics of its own (`output.*`), or, if the group was \
             renamed and no instance of `{found}` runs any more, start once with \
             `--set start.renamed_from={found}`"
        )))
    }

    /// Writes down what the changelog does not say yet: the group, and where the outputs end.
    pub(super) fn claim(&mut self, writer: &mut B::Writer) -> Result<(), Fault> {
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
        memory.log_end = write_apart(writer, &records)?.max(memory.log_end);
        memory.group = Some(self.setup.group.clone());
        memory.ends_written = true;
        self.log.passed(memory);
        Ok(())
    }
}

fn record(key: String, value: Vec<u8>) -> OutputRecord {
    let key = Some(key.into_bytes());
    OutputRecord { role: Role::State, key, payload: Some(value), headers: Vec::new() }
}
