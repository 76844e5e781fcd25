//! The state of a shard in memory: the engine's state, the position, the journals, and the batch
//! that the broker has not confirmed yet.
//!
//! In: the changelog, record by record ([`ChangelogReader`]). Out: a [`ShardState`] equal to that
//! of the writer, or the outcome of an unconfirmed batch ([`ShardState::outcome`]).
//!
//! A batch whose outcome is unknown is kept with its finished records. `apply` is deterministic, so
//! writing the same records again with a new writer is equivalent to undoing the batch and applying
//! it again, without the cost. A rebuild is necessary only if the log contains anything else.
//!
//! Records between a plan and its end mark belong to an unfinished `at_least_once` batch and are
//! ignored. So are records written after the fence of a newer owner by a former owner that was
//! suspended and did not know that it had lost the shard. The rest is applied in log order.

use super::batch::Batch;
use super::broker::{Fault, LogRecord, OutputEnds, Partition, WriteId};
use super::embargoed::{self, EmbargoedRecords};
use super::journals::Journals;
use super::record::{
    self, ATTEMPT, BatchAttempt, BatchEnd, END, ENDS, FENCE, GROUP, KEY, PLAN, POSITION, Plan,
    Position, RESETS, SHAPE, SWEEP, ShardPosition, StateShape, read, stop, with_prefix,
};
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::state::{RestoreError, State, TouchedIds};

/// The state of one shard.
#[derive(Debug)]
pub struct ShardState {
    /// The engine's state.
    pub state: State,
    /// The ids that have changed since the observer last took them, for updating the read views.
    pub touched: TouchedIds,
    /// The last batch, the next event number, and the position in every input partition.
    pub position: Position,
    /// The journals in the changelog that have not expired yet.
    pub journals: Journals,
    /// Records held until their embargo ends.
    pub held: EmbargoedRecords,
    /// The offset after the last known changelog record.
    pub log_end: i64,
    /// The generation of the current owner: the offset of the fence that it wrote at its takeover.
    pub generation: u64,
    /// The consumer group that the changelog belongs to; `None` until a group has claimed it.
    pub group: Option<String>,
    /// How many times the position of each input partition was reset.
    pub resets: BTreeMap<Partition, u32>,
    /// Whether the current `resets` are in the changelog.
    pub resets_written: bool,
    /// For each output partition, the offset after the last record known to be written there.
    pub ends: OutputEnds,
    /// Whether `ends` are in the changelog.
    pub ends_written: bool,
    /// For each output partition, the first offset at which a record may be part of a torn
    /// transaction; `None` until a batch has recorded the ends of its outputs.
    pub unaccounted: Option<OutputEnds>,
    /// The last batch acknowledged since the takeover, and where its changelog records end.
    pub confirmed: Option<(WriteId, i64)>,
    /// Whether the sampling key is in the changelog.
    pub key_written: bool,
    /// The settings and shard layout that the state depends on; `None` until they are known.
    pub shape: Option<StateShape>,
    /// Whether `shape` is in the changelog.
    pub shape_written: bool,
    /// The batch that an earlier owner planned but did not finish.
    pub open_plan: Option<Plan>,
    /// The batch that an owner announced but did not write.
    pub attempt: Option<BatchAttempt>,
    /// The batch that is applied in memory but not confirmed by the broker.
    pub unconfirmed: Option<Batch>,
}

/// The outcome of an unconfirmed batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchOutcome {
    /// The log contains the whole batch.
    Written,
    /// The log contains nothing of the batch, or only a part, which a new attempt replaces.
    Missing,
    /// The log contains other records, because another owner wrote to it.
    Foreign,
}

impl ShardState {
    /// Determines the outcome of the unconfirmed batch from the tail of the changelog that begins
    /// at `log_end`. Without an unconfirmed batch, any record that affects the state is foreign.
    pub fn outcome(&self, tail: &[LogRecord]) -> BatchOutcome {
        let tail = &valid_records(tail);
        let Some(batch) = &self.unconfirmed else {
            let empty = tail.iter().all(|found| is_stateless(&found.key));
            return if empty { BatchOutcome::Written } else { BatchOutcome::Foreign };
        };
        let expected = batch.changelog();
        let known = |found: &LogRecord| {
            is_stateless(&found.key)
                || expected.get(found.key.as_str()) == Some(&found.value.as_deref())
                || batch.is_plan_or_end(&found.key, found.value.as_deref())
        };
        if !tail.iter().all(known) {
            return BatchOutcome::Foreign;
        }
        let mark = batch.completion_key();
        if tail.iter().any(|found| found.key == mark) {
            BatchOutcome::Written
        } else {
            BatchOutcome::Missing
        }
    }

    /// An empty state.
    fn new(settings: Settings, key: SamplingKey) -> Self {
        Self {
            state: State::new(settings, key),
            touched: TouchedIds::everything(),
            position: Position::default(),
            journals: Journals::default(),
            held: EmbargoedRecords::default(),
            log_end: 0,
            generation: 0,
            group: None,
            resets: BTreeMap::new(),
            resets_written: true,
            ends: OutputEnds::new(),
            ends_written: false,
            unaccounted: None,
            confirmed: None,
            key_written: false,
            shape: None,
            shape_written: false,
            open_plan: None,
            attempt: None,
            unconfirmed: None,
        }
    }

    /// Applies a batch that another instance wrote. `log_end` is the offset after the batch.
    fn follow(
        &mut self,
        batch: BTreeMap<String, Option<Vec<u8>>>,
        log_end: i64,
    ) -> Result<(), Fault> {
        let before = self.position.batch;
        self.apply_records(batch)?;
        let found = self.position.batch;
        if found != before + 1 {
            let why = format!("batch {found} follows batch {before} in the changelog");
            return Err(Fault::doubt(why));
        }
        self.log_end = log_end;
        Ok(())
    }

    /// Applies the last value of every key: of one batch or, to an empty state, of the whole
    /// changelog.
    fn apply_records(
        &mut self,
        mut records: BTreeMap<String, Option<Vec<u8>>>,
    ) -> Result<(), Fault> {
        if let Some(key) = read::<u64>(&mut records, KEY)? {
            self.key_written = key == self.state.key().0;
        }
        if let Some(resets) = read(&mut records, RESETS)? {
            self.resets = resets;
            self.resets_written = true;
        }
        if let Some(shape) = read(&mut records, SHAPE)? {
            self.shape = Some(shape);
            self.shape_written = true;
        }
        if let Some(position) = read(&mut records, POSITION)? {
            self.position = position;
        }
        for (key, value) in with_prefix(&mut records, embargoed::HELD) {
            self.held.follow(&key, value.as_deref(), self.log_end).map_err(stop)?;
        }
        let journals = with_prefix(&mut records, record::JOURNAL);
        self.journals.follow(journals, self.position.batch)?;
        let touched = self.state.follow(records).map_err(|error| match error {
            RestoreError::Record(error) => stop(error),
            RestoreError::Gap { .. } | RestoreError::Story { .. } => Fault::doubt(error),
        })?;
        self.touched.add(touched);
        Ok(())
    }

    /// The approximate size in memory, in bytes: engine state, records under embargo and journals.
    pub fn bytes(&self) -> usize {
        self.state.bytes() + self.held.bytes() + self.journals.bytes()
    }

    /// Marks the unconfirmed batch as written. The log now ends at `log_end`.
    pub fn confirm(&mut self, log_end: i64) {
        self.unconfirmed = None;
        self.log_end = self.log_end.max(log_end);
    }

    /// Counts a reset of the position of a partition.
    pub(super) fn count_reset(&mut self, partition: &Partition) {
        *self.resets.entry(partition.clone()).or_default() += 1;
        self.resets_written = false;
    }

    /// Sets the generation after a takeover whose fence has the offset `fence`.
    pub(super) fn set_take_over(&mut self, fence: i64) {
        self.generation = u64::try_from(fence).unwrap_or(0);
        // Everything before the fence has already been evaluated.
        self.log_end = self.log_end.max(fence + 1);
        if let Some(batch) = &mut self.unconfirmed {
            batch.set_generation(self.generation);
        }
    }

    /// Marks the batch of `attempt` as acknowledged. Its records end at `log_end` and `ends`.
    pub fn mark_acknowledged(&mut self, attempt: WriteId, log_end: i64, ends: OutputEnds) {
        self.confirm(log_end);
        self.confirmed = Some((attempt, log_end - 1));
        self.unaccounted = Some(self.ends.clone());
        for (output, end) in ends {
            let known = self.ends.entry(output).or_insert(end);
            *known = end.max(*known);
        }
    }

    /// Marks everything before `until` as complete, that is, without a torn transaction.
    pub fn mark_complete(&mut self, until: &OutputEnds) {
        self.ends.extend(until);
        self.unaccounted = Some(self.ends.clone());
        self.confirmed = None;
    }

    /// Applies the changelog's records about the owner and the outputs.
    fn apply_claim(&mut self, claim: &OwnerClaim) {
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

/// The records of `tail` without those that a former owner wrote after the fence of a newer owner.
fn valid_records(tail: &[LogRecord]) -> Vec<LogRecord> {
    let mut newest = 0;
    let mut is_valid = |found: &&LogRecord| {
        if record::is_fence(&found.key) && found.key != FENCE {
            newest = found.offset;
        }
        found.generation.is_none_or(|writer| i64::try_from(writer).is_ok_and(|w| w >= newest))
    };
    tail.iter().filter(|found| is_valid(found)).cloned().collect()
}

/// Whether records with this key have no effect on the engine's state.
fn is_stateless(key: &str) -> bool {
    record::is_fence(key) || [SWEEP, GROUP, ENDS, ATTEMPT].contains(&key)
}

/// What the changelog states about the owner and the outputs, even outside complete batches.
#[derive(Debug, Default)]
struct OwnerClaim {
    group: Option<String>,
    ends: Option<OutputEnds>,
}

/// Reads the changelog, either to build a new state from it or to update an existing one.
#[derive(Debug, Default)]
pub struct ChangelogReader {
    /// The last value of every key. As long as there is no state, these are the values since the
    /// beginning; otherwise those since the last complete batch, including tombstones.
    values: BTreeMap<String, Option<Vec<u8>>>,
    /// Records under embargo, as long as there is no state. This collection limits its own memory.
    held: EmbargoedRecords,
    /// The records of a planned batch whose end mark has not been read yet.
    pending: Vec<LogRecord>,
    /// The planned batch whose end mark has not been read yet.
    plan: Option<Plan>,
    /// The last owner and the last output ends that were read.
    claim: OwnerClaim,
    /// The last attempt read, unless it was removed since.
    attempt: Option<BatchAttempt>,
    /// The newest generation that was read.
    generation: u64,
    /// Whether the last plan is stale and its end mark has not been read yet.
    in_stale_plan: bool,
    /// Number of records skipped because a former owner wrote them after it had lost the shard.
    stale: u64,
    /// Number of records read so far.
    read: u64,
    /// The offset after the last record read.
    end: Option<i64>,
    /// Whether the last record completed a batch.
    whole: bool,
}

impl ChangelogReader {
    /// The number of records read so far.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// The offset to continue from; `None` before the first record.
    pub fn end(&self) -> Option<i64> {
        self.end
    }

    /// Whether the last record read completed a batch.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The number of stale records skipped since the last call.
    pub(super) fn take_stale(&mut self) -> u64 {
        std::mem::take(&mut self.stale)
    }

    /// Reads the next record, in log order. `memory` is updated when the last record of a batch has
    /// been read; records about the owner and the outputs are applied at once.
    ///
    /// # Errors
    /// [`Fault::Stop`] when the record is not readable; [`Fault::Doubt`] when `memory` cannot be
    /// updated and must be dropped.
    pub fn take(&mut self, found: LogRecord, memory: Option<&mut ShardState>) -> Result<(), Fault> {
        self.read += 1;
        self.end = Some(found.offset + 1);
        if record::is_fence(&found.key) {
            if found.key != FENCE {
                // Records that an earlier owner wrote after this fence are stale.
                self.generation = self.generation.max(u64::try_from(found.offset).unwrap_or(0));
            }
            return Ok(());
        }
        if found.key == SWEEP || self.is_stale(&found)? {
            return Ok(());
        }
        if self.take_claim(&found)? {
            if let Some(memory) = memory {
                memory.apply_claim(&self.claim);
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
                // A batch with a plan has been applied successfully before.
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

    /// Whether a former owner wrote the record after it had lost the shard. Earlier releases state
    /// the generation only in plans and end marks; the records between a plan and its end mark have
    /// the same generation.
    fn is_stale(&mut self, found: &LogRecord) -> Result<bool, Fault> {
        let writer = match (found.key.as_str(), &found.value) {
            (PLAN, Some(value)) => {
                Some(record::decode::<Plan>(PLAN, value).map_err(stop)?.generation)
            }
            (END, Some(value)) => {
                Some(record::decode::<BatchEnd>(END, value).map_err(stop)?.generation)
            }
            _ => found.generation,
        };
        let stale = writer.map_or(self.in_stale_plan, |generation| generation < self.generation);
        match found.key.as_str() {
            PLAN => self.in_stale_plan = stale,
            END => self.in_stale_plan = false,
            _ => {}
        }
        self.stale += u64::from(stale);
        Ok(stale)
    }

    /// Stores a record about the owner or the outputs. Returns whether `found` is such a record.
    fn take_claim(&mut self, found: &LogRecord) -> Result<bool, Fault> {
        let Some(value) = &found.value else { return Ok(false) };
        match found.key.as_str() {
            GROUP => self.claim.group = Some(record::decode(GROUP, value).map_err(stop)?),
            ENDS => self.claim.ends = Some(record::decode(ENDS, value).map_err(stop)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Stores a value. `follows` tells whether there is a state to update.
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

    /// Moves the reader to the end of the log. `memory` must have written or confirmed everything
    /// up to there.
    pub fn skip_to(&mut self, memory: &ShardState) {
        debug_assert!(self.values.is_empty(), "the log holds records that are not in memory");
        (self.plan, self.end) = (None, Some(memory.log_end));
        self.claim = OwnerClaim::default();
        self.attempt.clone_from(&memory.attempt);
        self.generation = self.generation.max(memory.generation);
    }

    /// Ends reading at `end`, the end of a batch, and prepares `memory` for taking over the shard.
    ///
    /// # Errors
    /// [`Fault::Doubt`] when the log ends within a batch, which means that records are missing.
    pub fn finish(&mut self, end: i64, memory: Option<&mut ShardState>) -> Result<(), Fault> {
        self.end = Some(end);
        let Some(memory) = memory else { return Ok(()) };
        if !self.values.is_empty() {
            return Err(Fault::doubt("the changelog ends within a batch"));
        }
        memory.log_end = memory.log_end.max(end);
        memory.generation = self.generation;
        memory.open_plan = self.plan.clone();
        memory.attempt.clone_from(&self.attempt);
        Ok(())
    }

    /// Builds the state after the whole changelog was read. `fresh_key` is used only at the very
    /// first start, when the changelog is empty.
    ///
    /// # Errors
    /// [`Fault::Stop`] when a record is missing, damaged or written by a newer release.
    pub fn build(
        &mut self,
        settings: Settings,
        fresh_key: SamplingKey,
    ) -> Result<ShardState, Fault> {
        let values = std::mem::take(&mut self.values);
        let key = values.get(KEY).and_then(Option::as_deref);
        let key = key.map(|value| record::decode(KEY, value)).transpose().map_err(stop)?;
        if key.is_none() && !values.is_empty() {
            return Err(Fault::stop(
                "the changelog has records, but not the sampling key (record `key`): it is \
                 damaged, or `output.state` names a topic that is not a changelog of Wirefold",
            ));
        }
        let mut memory = ShardState::new(settings, key.map_or(fresh_key, SamplingKey));
        memory.apply_records(values).map_err(|fault| match fault {
            Fault::Doubt(why) => stop(why),
            other => other,
        })?;
        memory.held = std::mem::take(&mut self.held);
        memory.log_end = self.end.unwrap_or(0);
        memory.generation = self.generation;
        memory.open_plan.clone_from(&self.plan);
        memory.attempt.clone_from(&self.attempt);
        memory.apply_claim(&self.claim);
        Ok(memory)
    }

    /// The position of the shard whose `plan`, `end`, `pos` and `shape` records were read.
    pub(super) fn shard_position(mut self) -> Result<ShardPosition, Fault> {
        let mut value = |key| self.values.remove(key).flatten();
        let shape = value(SHAPE).map(|v| record::decode(SHAPE, &v));
        let position = value(POSITION).map(|v| record::decode(POSITION, &v));
        Ok(ShardPosition {
            shape: shape.transpose().map_err(stop)?,
            position: position.transpose().map_err(stop)?.unwrap_or_default(),
            planned: self.plan.is_some(),
        })
    }
}
