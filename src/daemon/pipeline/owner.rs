//! Whose changelog it is.
//!
//! In: the consumer group of this instance, and the one that the changelog names. Out: nothing where
//! they agree; a claim where none is named yet; a refusal where they differ. Two groups on one set of
//! topics would each read all of the input and write everything twice, and neither fences the other.

use super::broker::{Broker, Clock, Committed, Fault, OutputRecord, Role, Writer};
use super::record::{self, ENDS, GROUP};
use super::{Delivery, Pipeline};

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Writes the record behind which a former owner can write no more, and returns the offset after
    /// it. Reading up to it means reading everything; the end of the log as a broker tells it can be
    /// before the last commit.
    pub(super) fn fence(&self, writer: &mut B::Writer) -> Result<i64, Fault> {
        let key = record::fence_key(self.setup.delivery, self.clock.wall());
        note(writer, &[record(key, record::encode(&()))])
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
        memory.log_end = note(writer, &records)?.max(memory.log_end);
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

/// Writes changelog records in a transaction of their own, where there are any, and returns the offset
/// after them.
fn note<W: Writer>(writer: &mut W, records: &[OutputRecord]) -> Result<i64, Fault> {
    writer.begin(None)?;
    records.iter().try_for_each(|record| writer.send(record))?;
    writer.flush()?;
    match writer.commit()? {
        Committed::Surely => {}
        Committed::AfterTrouble => return Err(Fault::Doubt("trouble with the fence".into())),
    }
    let end = writer.changelog_end();
    end.ok_or_else(|| Fault::Doubt("the broker did not say where the fence is".into()))
}
