//! What a shard remembers: the engine's state, the position, the journals, and the batch that the
//! broker has not confirmed yet.
//!
//! In: the changelog, record by record ([`Log`]). Out: a [`Memory`] that equals the one that wrote
//! it, or the decision what became of an unconfirmed batch ([`Memory::outcome`]).
//!
//! A batch that went wrong is kept with its finished records. `apply` is deterministic, so writing
//! those same records again under a new writer is the same as undoing the batch and applying it
//! again, at no cost; only what the log holds beside them forces a rebuild.
//!
//! Records between a plan and its end mark belong to an unfinished `at_least_once` batch and do not
//! count. Everything else counts as it comes.

use super::batch::Batch;
use super::broker::{Fault, LogRecord};
use super::held::{self, Held};
use super::journals::Journals;
use super::record::{self, END, End, Journal, KEY, PLAN, POSITION, Plan, Position, SHAPE, Shape};
use super::shape::Standing;
use crate::engine::Settings;
use crate::engine::fingerprint::FloodKey;
use crate::engine::state::State;
use std::collections::BTreeMap;

/// All of one shard.
#[derive(Debug)]
pub struct Memory {
    /// The engine's state.
    pub state: State,
    /// How far it has come.
    pub position: Position,
    /// The journals that the window has not passed yet.
    pub journals: Journals,
    /// What waits for the end of an embargo.
    pub held: Held,
    /// The offset after the last changelog record known.
    pub log_end: i64,
    /// Which take-over of the shard this is.
    pub generation: u64,
    /// Whether the flood key is in the changelog.
    pub key_written: bool,
    /// What it rests on; `None` until that is known.
    pub shape: Option<Shape>,
    /// Whether the changelog says so.
    pub shape_written: bool,
    /// The batch that an earlier owner planned and did not end.
    pub open_plan: Option<Plan>,
    /// The batch that is applied here and not confirmed by the broker.
    pub unconfirmed: Option<Batch>,
}

/// What became of an unconfirmed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The log holds it in full.
    Written,
    /// The log holds nothing, or a part that writing it again covers.
    Missing,
    /// The log holds something else: somebody else wrote.
    Foreign,
}

impl Memory {
    /// Judges by the changelog's tail, from `log_end` on, what became of the unconfirmed batch.
    pub fn outcome(&self, tail: &[LogRecord]) -> Outcome {
        let Some(batch) = &self.unconfirmed else {
            return if tail.is_empty() { Outcome::Written } else { Outcome::Foreign };
        };
        let own = batch.changelog();
        let known =
            |found: &LogRecord| own.get(found.key.as_str()) == Some(&found.value.as_deref());
        if !tail.iter().all(known) {
            return Outcome::Foreign;
        }
        let mark = batch.mark();
        if tail.iter().any(|found| found.key == mark) { Outcome::Written } else { Outcome::Missing }
    }

    /// Takes note that the unconfirmed batch is in the log, which ends at `log_end`.
    pub fn confirm(&mut self, log_end: i64) {
        self.unconfirmed = None;
        self.log_end = self.log_end.max(log_end);
    }
}

/// The changelog while it is read.
#[derive(Debug, Default)]
pub struct Log {
    values: BTreeMap<String, Vec<u8>>,
    pending: Vec<LogRecord>,
    plan: Option<Plan>,
    generation: u64,
    read: u64,
}

impl Log {
    /// Records read so far.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Takes in the next record, in the order of the log.
    ///
    /// # Errors
    /// [`Fault::Stop`] when it is not readable, or when an earlier owner wrote after a newer one.
    pub fn take(&mut self, found: LogRecord) -> Result<(), Fault> {
        self.read += 1;
        match (found.key.as_str(), &found.value) {
            (PLAN, Some(value)) => {
                let plan: Plan = record::decode(PLAN, value).map_err(stop)?;
                self.rises(plan.generation, found.offset)?;
                self.pending.clear();
                self.plan = Some(plan);
            }
            (END, Some(value)) => {
                let end: End = record::decode(END, value).map_err(stop)?;
                self.rises(end.generation, found.offset)?;
                self.plan = None;
                for pending in std::mem::take(&mut self.pending) {
                    self.put(pending);
                }
            }
            (PLAN | END, None) => {}
            _ if self.plan.is_some() => self.pending.push(found),
            _ => self.put(found),
        }
        Ok(())
    }

    fn put(&mut self, found: LogRecord) {
        match found.value {
            Some(value) => self.values.insert(found.key, value),
            None => self.values.remove(&found.key),
        };
    }

    fn rises(&mut self, generation: u64, offset: i64) -> Result<(), Fault> {
        if generation < self.generation {
            return Err(Fault::Stop(format!(
                "the changelog holds a record of take-over {generation} at offset {offset}, after \
                 one of take-over {}: two instances wrote at once; stop all instances, and start \
                 again with `delivery = \"exactly_once\"` or only one instance",
                self.generation
            )));
        }
        self.generation = generation;
        Ok(())
    }

    /// Builds the memory once everything up to `log_end` is in. `fresh_key` is taken at the very
    /// first start only.
    ///
    /// # Errors
    /// [`Fault::Stop`] when a record is missing, damaged or of a newer release.
    pub fn build(
        mut self,
        settings: Settings,
        fresh_key: FloodKey,
        log_end: i64,
    ) -> Result<Memory, Fault> {
        let key = self.values.remove(KEY);
        let key = key.map(|v| record::decode::<u64>(KEY, &v)).transpose().map_err(stop)?;
        let position = self.values.remove(POSITION);
        let position = position.map(|v| record::decode::<Position>(POSITION, &v));
        let position = position.transpose().map_err(stop)?;
        if key.is_none() && (position.is_some() || !self.values.is_empty()) {
            return Err(Fault::Stop(
                "the changelog holds records but no `key` record: it is damaged, or not ours"
                    .into(),
            ));
        }
        let shape = self.values.remove(SHAPE).map(|v| record::decode::<Shape>(SHAPE, &v));
        let shape = shape.transpose().map_err(stop)?;
        let after_journals = record::JOURNAL.to_owned() + "~";
        let mut journals = self.values.split_off(record::JOURNAL);
        let mut others = journals.split_off(&after_journals);
        self.values.append(&mut others);
        let journals = Self::journals(journals)?;
        let mut held = self.values.split_off(held::HELD);
        let mut others = held.split_off(&(held::HELD.to_owned() + "~"));
        self.values.append(&mut others);
        let held = Held::restore(held).map_err(stop)?;
        let flood_key = key.map_or(fresh_key, FloodKey);
        let state = State::restore(settings, flood_key, self.values).map_err(stop)?;
        Ok(Memory {
            state,
            position: position.unwrap_or_default(),
            journals,
            held,
            log_end,
            generation: self.generation + 1,
            key_written: key.is_some(),
            shape_written: shape.is_some(),
            shape,
            open_plan: self.plan,
            unconfirmed: None,
        })
    }

    /// Where the shard stands whose plan, end, position and shape were taken in.
    pub(super) fn standing(mut self) -> Result<Standing, Fault> {
        let shape = self.values.remove(SHAPE).map(|v| record::decode(SHAPE, &v));
        let position = self.values.remove(POSITION).map(|v| record::decode(POSITION, &v));
        Ok(Standing {
            shape: shape.transpose().map_err(stop)?,
            position: position.transpose().map_err(stop)?.unwrap_or_default(),
            planned: self.plan.is_some(),
        })
    }

    fn journals(found: BTreeMap<String, Vec<u8>>) -> Result<Journals, Fault> {
        let mut journals = Journals::default();
        for (key, value) in found {
            let journal: Journal = record::decode(&key, &value).map_err(stop)?;
            let batch = record::journal_batch(&key)
                .ok_or_else(|| Fault::Stop(format!("record `{key}` names no batch")))?;
            journals.push(batch, journal.clock);
        }
        Ok(journals)
    }
}

fn stop(why: impl std::fmt::Display) -> Fault {
    Fault::Stop(format!("the changelog cannot be restored: {why}"))
}
