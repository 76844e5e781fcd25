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
use super::record::{
    self, END, End, FENCE, Journal, KEY, PLAN, POSITION, Plan, Position, SHAPE, Shape,
};
use super::shape::Standing;
use crate::engine::Settings;
use crate::engine::fingerprint::FloodKey;
use crate::engine::state::{RestoreError, State};
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
            let empty = tail.iter().all(|found| found.key == FENCE);
            return if empty { Outcome::Written } else { Outcome::Foreign };
        };
        let own = batch.changelog();
        let known = |found: &LogRecord| {
            found.key == FENCE || own.get(found.key.as_str()) == Some(&found.value.as_deref())
        };
        if !tail.iter().all(known) {
            return Outcome::Foreign;
        }
        let mark = batch.mark();
        if tail.iter().any(|found| found.key == mark) { Outcome::Written } else { Outcome::Missing }
    }

    /// Follows a batch that another instance wrote and that ends at `log_end`.
    fn follow(
        &mut self,
        mut batch: BTreeMap<String, Option<Vec<u8>>>,
        log_end: i64,
    ) -> Result<(), Fault> {
        batch.remove(KEY);
        let position = batch.remove(POSITION).flatten().unwrap_or_default();
        let position: Position = record::decode(POSITION, &position).map_err(stop)?;
        if position.batch != self.position.batch + 1 {
            let (found, after) = (position.batch, self.position.batch);
            return Err(Fault::Doubt(format!("batch {found} came after batch {after}")));
        }
        if let Some(shape) = batch.remove(SHAPE).flatten() {
            self.shape = Some(record::decode(SHAPE, &shape).map_err(stop)?);
            self.shape_written = true;
        }
        let mut held = batch.split_off(held::HELD);
        batch.append(&mut held.split_off(&(held::HELD.to_owned() + "~")));
        for (key, value) in held {
            self.held.follow(&key, value.as_deref(), self.log_end).map_err(stop)?;
        }
        let mut journals = batch.split_off(record::JOURNAL);
        batch.append(&mut journals.split_off(&(record::JOURNAL.to_owned() + "~")));
        for (key, value) in journals {
            let Some(batch) = record::journal_batch(&key) else { continue };
            match value {
                None => self.journals.forget(batch),
                Some(value) => {
                    let journal: Journal = record::decode(&key, &value).map_err(stop)?;
                    self.journals.push(batch, journal.clock);
                }
            }
        }
        self.state.follow(batch).map_err(|error| match error {
            RestoreError::Newer { .. } | RestoreError::Unreadable { .. } => stop(error),
            RestoreError::Gap { .. } | RestoreError::Story { .. } => {
                Fault::Doubt(error.to_string())
            }
        })?;
        (self.position, self.log_end) = (position, log_end);
        Ok(())
    }

    /// Bytes held, about: the engine's state, the records under embargo, and the journals' numbers.
    pub fn bytes(&self) -> usize {
        self.state.bytes() + self.held.bytes() + self.journals.bytes()
    }

    /// Takes note that the unconfirmed batch is in the log, which ends at `log_end`.
    pub fn confirm(&mut self, log_end: i64) {
        self.unconfirmed = None;
        self.log_end = self.log_end.max(log_end);
    }
}

/// The changelog while it is read: into a memory that is yet to be built, or behind one that follows.
#[derive(Debug, Default)]
pub struct Log {
    /// The last value of every key: since the beginning, and since the last whole batch once a memory
    /// follows, tombstones too.
    values: BTreeMap<String, Option<Vec<u8>>>,
    /// What waits for the end of an embargo, while no memory follows: its bytes are bounded.
    held: Held,
    pending: Vec<LogRecord>,
    plan: Option<Plan>,
    generation: u64,
    read: u64,
    end: Option<i64>,
    /// Whether the last record ended a batch.
    whole: bool,
}

impl Log {
    /// Records read so far.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// The offset to read on from; `None` before the first record.
    pub fn end(&self) -> Option<i64> {
        self.end
    }

    /// Whether what was read so far, something, ends with a batch.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Takes in the next record, in the order of the log. `memory` follows with the last record of
    /// each batch.
    ///
    /// # Errors
    /// [`Fault::Stop`] when it is not readable, or when an earlier owner wrote after a newer one;
    /// [`Fault::Doubt`] when the memory cannot follow, and is of no more use.
    pub fn take(&mut self, found: LogRecord, memory: Option<&mut Memory>) -> Result<(), Fault> {
        self.read += 1;
        self.end = Some(found.offset + 1);
        if found.key == FENCE {
            return Ok(());
        }
        self.whole = false;
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
                    self.put(pending, memory.is_some())?;
                }
                self.whole = true;
            }
            (PLAN | END, None) => {}
            _ if self.plan.is_some() => self.pending.push(found),
            _ => {
                self.whole = found.key == POSITION;
                self.put(found, memory.is_some())?;
            }
        }
        match memory.filter(|_| self.whole && self.values.contains_key(POSITION)) {
            Some(memory) => memory.follow(std::mem::take(&mut self.values), self.end.unwrap_or(0)),
            None => Ok(()),
        }
    }

    fn put(&mut self, found: LogRecord, follows: bool) -> Result<(), Fault> {
        let LogRecord { offset, key, value } = found;
        if !follows && key.starts_with(held::HELD) {
            return self.held.follow(&key, value.as_deref(), offset).map_err(stop);
        }
        match value {
            None if !follows => self.values.remove(&key),
            value => self.values.insert(key, value),
        };
        Ok(())
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

    /// Takes note that `memory` has written or confirmed all that the log holds.
    pub fn passed(&mut self, memory: &Memory) {
        debug_assert!(self.values.is_empty(), "an owner's log holds nothing that memory does not");
        (self.plan, self.end) = (None, Some(memory.log_end));
        self.generation = self.generation.max(memory.generation);
    }

    /// The log is read up to `end`, which ends a batch; the memory that has followed takes over.
    ///
    /// # Errors
    /// [`Fault::Doubt`] when it does not end a batch: records were missed.
    pub fn ends(&mut self, end: i64, memory: Option<&mut Memory>) -> Result<(), Fault> {
        self.end = Some(end);
        let Some(memory) = memory else { return Ok(()) };
        if !self.values.is_empty() {
            return Err(Fault::Doubt("the changelog ends within a batch".into()));
        }
        memory.log_end = memory.log_end.max(end);
        memory.generation = self.generation + 1;
        memory.open_plan = self.plan.clone();
        Ok(())
    }

    /// Builds the memory once everything is in; it follows from there on. `fresh_key` is taken at the
    /// very first start only.
    ///
    /// # Errors
    /// [`Fault::Stop`] when a record is missing, damaged or of a newer release.
    pub fn build(&mut self, settings: Settings, fresh_key: FloodKey) -> Result<Memory, Fault> {
        let held = std::mem::take(&mut self.values).into_iter();
        let mut values: BTreeMap<String, Vec<u8>> =
            held.filter_map(|(key, value)| Some((key, value?))).collect();
        let key = values.remove(KEY);
        let key = key.map(|v| record::decode::<u64>(KEY, &v)).transpose().map_err(stop)?;
        let position = values.remove(POSITION);
        let position = position.map(|v| record::decode::<Position>(POSITION, &v));
        let position = position.transpose().map_err(stop)?;
        if key.is_none() && (position.is_some() || !values.is_empty()) {
            return Err(Fault::Stop(
                "the changelog holds records but no `key` record: it is damaged, or not ours"
                    .into(),
            ));
        }
        let shape = values.remove(SHAPE).map(|v| record::decode::<Shape>(SHAPE, &v));
        let shape = shape.transpose().map_err(stop)?;
        let position = position.unwrap_or_default();
        let journals = journals(&mut values, position.batch)?;
        let held = std::mem::take(&mut self.held);
        let flood_key = key.map_or(fresh_key, FloodKey);
        let state = State::restore(settings, flood_key, values).map_err(stop)?;
        Ok(Memory {
            state,
            position,
            journals,
            held,
            log_end: self.end.unwrap_or(0),
            generation: self.generation + 1,
            key_written: key.is_some(),
            shape_written: shape.is_some(),
            shape,
            open_plan: self.plan.clone(),
            unconfirmed: None,
        })
    }

    /// Where the shard stands whose plan, end, position and shape were taken in.
    pub(super) fn standing(mut self) -> Result<Standing, Fault> {
        let mut held = |key| self.values.remove(key).flatten();
        let shape = held(SHAPE).map(|v| record::decode(SHAPE, &v));
        let position = held(POSITION).map(|v| record::decode(POSITION, &v));
        Ok(Standing {
            shape: shape.transpose().map_err(stop)?,
            position: position.transpose().map_err(stop)?.unwrap_or_default(),
            planned: self.plan.is_some(),
        })
    }
}

/// Takes the journals out of `values`: those that lead without a gap to the last batch. Earlier ones are
/// passed, and only their tombstones are gone.
fn journals(values: &mut BTreeMap<String, Vec<u8>>, last: u64) -> Result<Journals, Fault> {
    let mut found = values.split_off(record::JOURNAL);
    let mut others = found.split_off(&(record::JOURNAL.to_owned() + "~"));
    values.append(&mut others);
    let mut read = BTreeMap::new();
    for (key, value) in found {
        let batch = record::journal_batch(&key)
            .ok_or_else(|| Fault::Stop(format!("record `{key}` names no batch")))?;
        read.insert(batch, record::decode::<Journal>(&key, &value).map_err(stop)?.clock);
    }
    let first = (1..=last).rev().take_while(|batch| read.contains_key(batch)).last();
    if last > 0 && first.is_none() {
        let why = format!("the journal of batch {last}, the last one, is missing");
        return Err(stop(why));
    }
    let mut journals = Journals::default();
    let kept = first.into_iter().flat_map(|first| read.range(first..=last));
    kept.for_each(|(batch, clock)| journals.push(*batch, *clock));
    Ok(journals)
}

fn stop(why: impl std::fmt::Display) -> Fault {
    Fault::Stop(format!("the changelog cannot be restored: {why}"))
}
