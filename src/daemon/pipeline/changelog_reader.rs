//! Reads the changelog of a shard, to build a new state from it or to update an existing one.
//!
//! In: the changelog, record by record, in log order. Out: a [`ShardState`] equal to that of the
//! writer.
//!
//! Records between a plan and its end mark belong to an unfinished `at_least_once` batch and are
//! ignored. A former owner that was suspended may not know that it has lost the shard; the records
//! that it writes after the fence of the newer owner are ignored too. The rest is applied in log
//! order.

use super::broker::{Fault, LogRecord};
use super::embargoed::{self, EmbargoedRecords};
use super::memory::{OwnerClaim, ShardState};
use super::record::{
    self, ATTEMPT, BatchAttempt, BatchEnd, END, ENDS, FENCE, GROUP, KEY, PLAN, POSITION, Plan,
    SHAPE, SWEEP, ShardPosition, stop,
};
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::state::ArticleRecords;

/// Reads the changelog, either to build a new state from it or to update an existing one.
#[derive(Debug, Default)]
pub struct ChangelogReader {
    /// The last value of every key. As long as there is no state, these are the values since the
    /// beginning; otherwise those since the last complete batch, including tombstones.
    values: BTreeMap<String, Option<Vec<u8>>>,
    /// The records of articles, as long as there is no state. They are not in `values`.
    articles: ArticleRecords,
    /// Records under embargo, as long as there is no state. This collection limits its own memory.
    held: EmbargoedRecords,
    /// The records of a planned batch whose end mark has not been read yet.
    pending: Vec<LogRecord>,
    /// The planned batch whose end mark has not been read yet.
    plan: Option<Plan>,
    /// The last owner and the last output ends that were read.
    claim: OwnerClaim,
    /// The last attempt read, unless it has been removed since.
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

    /// Whether a former owner wrote the record after it had lost the shard. This is decided by the
    /// generation, which increases with every takeover. Earlier releases wrote it only in plans and
    /// end marks; the records between a plan and its end mark have the plan's generation.
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
        if !follows && ArticleRecords::has(&key) {
            return self.articles.put(&key, value).map_err(stop);
        }
        match value {
            None if !follows => self.values.remove(&key),
            value => self.values.insert(key, value),
        };
        Ok(())
    }

    /// Moves the reader to the end of the log. `memory` must contain everything up to that end.
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
        if key.is_none() && !(values.is_empty() && self.articles.is_empty()) {
            return Err(Fault::stop(
                "the changelog has records, but not the sampling key (record `key`): it is \
                 damaged, or `output.state` names a topic that is not a changelog of Wirefold",
            ));
        }
        let mut memory = ShardState::new(settings, key.map_or(fresh_key, SamplingKey));
        let articles = std::mem::take(&mut self.articles);
        memory.apply_records(articles, values).map_err(|fault| match fault {
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
