//! What a shard remembers: the engine's state, the position, the journals, and the batch that the
//! broker has not confirmed yet.
//!
//! In: the changelog, record by record ([`ChangelogReader`]). Out: a [`ShardState`] that equals the one that wrote
//! it, or the decision what became of an unconfirmed batch ([`ShardState::outcome`]).
//!
//! A batch that went wrong is kept with its finished records. `apply` is deterministic, so writing
//! those same records again under a new writer is the same as undoing the batch and applying it
//! again, at no cost; only what the log holds beside them forces a rebuild.
//!
//! Records between a plan and its end mark belong to an unfinished `at_least_once` batch and do not
//! count. Neither does what a former owner wrote after the fence of a newer one: it was suspended,
//! and did not know that it had lost the shard. Everything else counts as it comes.

use super::batch::Batch;
use super::broker::{Fault, LogRecord, OutputEnds, Partition, WriteId};
use super::compat::ShardPosition;
use super::embargoed::{self, EmbargoedRecords};
use super::journals::{self, Journals};
use super::record::{
    self, ATTEMPT, BatchAttempt, BatchEnd, END, ENDS, FENCE, GROUP, Journal, KEY, PLAN, POSITION,
    Plan, Position, RESETS, SHAPE, SWEEP, StateShape,
};
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::state::{RestoreError, State};

/// All of one shard.
#[derive(Debug)]
pub struct ShardState {
    /// The engine's state.
    pub state: State,
    /// How far it has come.
    pub position: Position,
    /// The journals that the window has not passed yet.
    pub journals: Journals,
    /// What waits for the end of an embargo.
    pub held: EmbargoedRecords,
    /// The offset after the last changelog record known.
    pub log_end: i64,
    /// The take-over of the shard, by the offset of its fence.
    pub generation: u64,
    /// The consumer group that the changelog belongs to; `None` until one has claimed it.
    pub group: Option<String>,
    /// How often the position of an input partition was reset.
    pub resets: BTreeMap<Partition, u32>,
    /// Whether the changelog holds `resets`.
    pub resets_written: bool,
    /// For each output partition, the offset after the last record known to be written.
    pub ends: OutputEnds,
    /// Whether the changelog says where outputs end.
    pub ends_written: bool,
    /// For each output partition, the offset after which a record may be part of a torn transaction;
    /// `None` while no batch says where its outputs are.
    pub unaccounted: Option<OutputEnds>,
    /// The last batch that the broker acknowledged since the shard was taken over, and the offset of
    /// its last changelog record.
    pub confirmed: Option<(WriteId, i64)>,
    /// Whether the flood key is in the changelog.
    pub key_written: bool,
    /// What it rests on; `None` until that is known.
    pub shape: Option<StateShape>,
    /// Whether the changelog says so.
    pub shape_written: bool,
    /// The batch that an earlier owner planned and did not end.
    pub open_plan: Option<Plan>,
    /// The batch that an owner announced and did not write.
    pub attempt: Option<BatchAttempt>,
    /// The batch that is applied here and not confirmed by the broker.
    pub unconfirmed: Option<Batch>,
}

/// What became of an unconfirmed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchOutcome {
    /// The log holds it in full.
    Written,
    /// The log holds nothing, or a part that writing it again covers.
    Missing,
    /// The log holds something else: somebody else wrote.
    Foreign,
}

impl ShardState {
    /// Judges by the changelog's tail, from `log_end` on, what became of the unconfirmed batch.
    pub fn outcome(&self, tail: &[LogRecord]) -> BatchOutcome {
        let tail = &counting(tail);
        let Some(batch) = &self.unconfirmed else {
            let empty = tail.iter().all(|found| meaningless(&found.key));
            return if empty { BatchOutcome::Written } else { BatchOutcome::Foreign };
        };
        let own = batch.changelog();
        let known = |found: &LogRecord| {
            meaningless(&found.key)
                || own.get(found.key.as_str()) == Some(&found.value.as_deref())
                || batch.marks_with(&found.key, found.value.as_deref())
        };
        if !tail.iter().all(known) {
            return BatchOutcome::Foreign;
        }
        let mark = batch.mark();
        if tail.iter().any(|found| found.key == mark) {
            BatchOutcome::Written
        } else {
            BatchOutcome::Missing
        }
    }

    /// Follows a batch that another instance wrote and that ends at `log_end`.
    fn follow(
        &mut self,
        mut batch: BTreeMap<String, Option<Vec<u8>>>,
        log_end: i64,
    ) -> Result<(), Fault> {
        batch.remove(KEY);
        if let Some(resets) = batch.remove(RESETS).flatten() {
            self.resets = record::decode(RESETS, &resets).map_err(stop)?;
            self.resets_written = true;
        }
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
        let mut held = batch.split_off(embargoed::HELD);
        batch.append(&mut held.split_off(&(embargoed::HELD.to_owned() + "~")));
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

    /// Counts that the position of a partition was reset.
    pub(super) fn counts_reset(&mut self, partition: &Partition) {
        *self.resets.entry(partition.clone()).or_default() += 1;
        self.resets_written = false;
    }

    /// The take-over with this fence is the one that writes from now on.
    pub(super) fn taken_over(&mut self, fence: i64) {
        self.generation = u64::try_from(fence).unwrap_or(0);
        // What is before the fence is judged.
        self.log_end = self.log_end.max(fence + 1);
        if let Some(batch) = &mut self.unconfirmed {
            batch.restamp(self.generation);
        }
    }

    /// Takes note that the broker acknowledged the batch that `attempt` wrote, up to `ends` and to
    /// `log_end` in the changelog.
    pub fn acknowledged(&mut self, attempt: WriteId, log_end: i64, ends: OutputEnds) {
        self.confirm(log_end);
        self.confirmed = Some((attempt, log_end - 1));
        self.unaccounted = Some(self.ends.clone());
        for (output, end) in ends {
            let known = self.ends.entry(output).or_insert(end);
            *known = end.max(*known);
        }
    }

    /// Takes note that nothing before `until` is missing.
    pub fn accounted(&mut self, until: &OutputEnds) {
        self.ends.extend(until);
        self.unaccounted = Some(self.ends.clone());
        self.confirmed = None;
    }

    fn claimed(&mut self, claim: &OwnerClaim) {
        if claim.group.is_some() {
            self.group.clone_from(&claim.group);
        }
        if let Some(ends) = &claim.ends {
            self.ends.clone_from(ends);
            self.unaccounted = Some(ends.clone());
            self.ends_written = true;
        }
    }
}

/// The records that count: those that no former owner wrote behind the fence of a newer one.
fn counting(tail: &[LogRecord]) -> Vec<LogRecord> {
    let mut newest = 0;
    let mut counts = |found: &&LogRecord| {
        if record::is_fence(&found.key) && found.key != FENCE {
            newest = found.offset;
        }
        found.generation.is_none_or(|writer| i64::try_from(writer).is_ok_and(|w| w >= newest))
    };
    tail.iter().filter(|found| counts(found)).cloned().collect()
}

/// Whether a record of this key says nothing about the state.
fn meaningless(key: &str) -> bool {
    record::is_fence(key) || [SWEEP, GROUP, ENDS, ATTEMPT].contains(&key)
}

/// What the changelog says of its owner and of the outputs, batch or no batch.
#[derive(Debug, Default)]
struct OwnerClaim {
    group: Option<String>,
    ends: Option<OutputEnds>,
}

/// The changelog while it is read: into a memory that is yet to be built, or behind one that follows.
#[derive(Debug, Default)]
pub struct ChangelogReader {
    /// The last value of every key: since the beginning, and since the last whole batch once a memory
    /// follows, tombstones too.
    values: BTreeMap<String, Option<Vec<u8>>>,
    /// What waits for the end of an embargo, while no memory follows: its bytes are bounded.
    held: EmbargoedRecords,
    pending: Vec<LogRecord>,
    plan: Option<Plan>,
    claim: OwnerClaim,
    attempt: Option<BatchAttempt>,
    generation: u64,
    /// Whether a plan that does not count has begun and not ended.
    in_void: bool,
    void: u64,
    read: u64,
    end: Option<i64>,
    /// Whether the last record ended a batch.
    whole: bool,
}

impl ChangelogReader {
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

    /// Records skipped since the last call because a former owner wrote them after it had lost the shard.
    pub(super) fn take_void(&mut self) -> u64 {
        std::mem::take(&mut self.void)
    }

    /// Takes in the next record, in the order of the log. `memory` follows with the last record of
    /// each batch.
    ///
    /// # Errors
    /// [`Fault::Stop`] when it is not readable; [`Fault::Doubt`] when the memory cannot follow, and is
    /// of no more use.
    pub fn take(&mut self, found: LogRecord, memory: Option<&mut ShardState>) -> Result<(), Fault> {
        self.read += 1;
        self.end = Some(found.offset + 1);
        if record::is_fence(&found.key) {
            if found.key != FENCE {
                // What an earlier owner writes from here on does not count.
                self.generation = self.generation.max(u64::try_from(found.offset).unwrap_or(0));
            }
            return Ok(());
        }
        if found.key == SWEEP || self.is_void(&found)? {
            return Ok(());
        }
        if self.claims(&found)? {
            if let Some(memory) = memory {
                memory.claimed(&self.claim);
            }
            return Ok(());
        }
        if found.key == ATTEMPT {
            let attempt = found.value.map(|value| record::decode(ATTEMPT, &value));
            self.attempt = attempt.transpose().map_err(stop)?;
            return Ok(());
        }
        self.whole = false;
        match (found.key.as_str(), &found.value) {
            (PLAN, Some(value)) => {
                let plan: Plan = record::decode(PLAN, value).map_err(stop)?;
                self.generation = plan.generation;
                self.pending.clear();
                // What is planned is applied already.
                self.attempt = None;
                self.plan = Some(plan);
            }
            (END, Some(value)) => {
                let end: BatchEnd = record::decode(END, value).map_err(stop)?;
                self.generation = end.generation;
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

    /// Whether a former owner wrote the record after it had lost the shard. Records of earlier
    /// releases do not say who wrote them; plan and end mark do, and what is between them counts as
    /// theirs.
    fn is_void(&mut self, found: &LogRecord) -> Result<bool, Fault> {
        let says = match (found.key.as_str(), &found.value) {
            (PLAN, Some(value)) => {
                Some(record::decode::<Plan>(PLAN, value).map_err(stop)?.generation)
            }
            (END, Some(value)) => {
                Some(record::decode::<BatchEnd>(END, value).map_err(stop)?.generation)
            }
            _ => found.generation,
        };
        let void = says.map_or(self.in_void, |generation| generation < self.generation);
        match found.key.as_str() {
            PLAN => self.in_void = void,
            END => self.in_void = false,
            _ => {}
        }
        self.void += u64::from(void);
        Ok(void)
    }

    /// Takes in what the record says of the owner or the outputs, if it does.
    fn claims(&mut self, found: &LogRecord) -> Result<bool, Fault> {
        let Some(value) = &found.value else { return Ok(false) };
        match found.key.as_str() {
            GROUP => self.claim.group = Some(record::decode(GROUP, value).map_err(stop)?),
            ENDS => self.claim.ends = Some(record::decode(ENDS, value).map_err(stop)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn put(&mut self, found: LogRecord, follows: bool) -> Result<(), Fault> {
        let LogRecord { offset, key, value, .. } = found;
        if !follows && key.starts_with(embargoed::HELD) {
            return self.held.follow(&key, value.as_deref(), offset).map_err(stop);
        }
        match value {
            None if !follows => self.values.remove(&key),
            value => self.values.insert(key, value),
        };
        Ok(())
    }

    /// Takes note that `memory` has written or confirmed all that the log holds.
    pub fn passed(&mut self, memory: &ShardState) {
        debug_assert!(self.values.is_empty(), "an owner's log holds nothing that memory does not");
        (self.plan, self.end) = (None, Some(memory.log_end));
        self.claim = OwnerClaim::default();
        self.attempt.clone_from(&memory.attempt);
        self.generation = self.generation.max(memory.generation);
    }

    /// The log is read up to `end`, which ends a batch; the memory that has followed takes over.
    ///
    /// # Errors
    /// [`Fault::Doubt`] when it does not end a batch: records were missed.
    pub fn ends(&mut self, end: i64, memory: Option<&mut ShardState>) -> Result<(), Fault> {
        self.end = Some(end);
        let Some(memory) = memory else { return Ok(()) };
        if !self.values.is_empty() {
            return Err(Fault::Doubt("the changelog ends within a batch".into()));
        }
        memory.log_end = memory.log_end.max(end);
        memory.generation = self.generation;
        memory.open_plan = self.plan.clone();
        memory.attempt.clone_from(&self.attempt);
        Ok(())
    }

    /// Builds the memory once everything is in; it follows from there on. `fresh_key` is taken at the
    /// very first start only.
    ///
    /// # Errors
    /// [`Fault::Stop`] when a record is missing, damaged or of a newer release.
    pub fn build(&mut self, settings: Settings, fresh_key: FloodKey) -> Result<ShardState, Fault> {
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
        let shape = values.remove(SHAPE).map(|v| record::decode::<StateShape>(SHAPE, &v));
        let shape = shape.transpose().map_err(stop)?;
        let position = position.unwrap_or_default();
        let resets = values.remove(RESETS).map(|v| record::decode(RESETS, &v));
        let resets = resets.transpose().map_err(stop)?.unwrap_or_default();
        let journals = journals::taken(&mut values, position.batch)?;
        let held = std::mem::take(&mut self.held);
        let flood_key = key.map_or(fresh_key, FloodKey);
        let state = State::restore(settings, flood_key, values).map_err(stop)?;
        let mut memory = ShardState {
            state,
            position,
            journals,
            held,
            log_end: self.end.unwrap_or(0),
            generation: self.generation,
            group: None,
            resets,
            resets_written: true,
            ends: OutputEnds::new(),
            ends_written: false,
            unaccounted: None,
            confirmed: None,
            key_written: key.is_some(),
            shape_written: shape.is_some(),
            shape,
            open_plan: self.plan.clone(),
            attempt: self.attempt.clone(),
            unconfirmed: None,
        };
        memory.claimed(&self.claim);
        Ok(memory)
    }

    /// Where the shard stands whose plan, end, position and shape were taken in.
    pub(super) fn standing(mut self) -> Result<ShardPosition, Fault> {
        let mut held = |key| self.values.remove(key).flatten();
        let shape = held(SHAPE).map(|v| record::decode(SHAPE, &v));
        let position = held(POSITION).map(|v| record::decode(POSITION, &v));
        Ok(ShardPosition {
            shape: shape.transpose().map_err(stop)?,
            position: position.transpose().map_err(stop)?.unwrap_or_default(),
            planned: self.plan.is_some(),
        })
    }
}

pub(super) fn stop(why: impl std::fmt::Display) -> Fault {
    Fault::Stop(format!("the changelog cannot be restored: {why}"))
}
