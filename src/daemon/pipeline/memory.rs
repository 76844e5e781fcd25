//! The state of a shard in memory: the engine's state, the position, the journals, and the batch
//! that the broker has not confirmed yet.
//!
//! In: the records of a batch, or of a whole changelog, from a
//! [`ChangelogReader`](super::changelog_reader::ChangelogReader). Out: a [`ShardState`] equal to
//! that of the writer, or the outcome of an unconfirmed batch ([`ShardState::outcome`]).
//!
//! A batch whose outcome is unknown is kept with its finished records. `apply` is deterministic, so
//! writing the same records again with a new writer is equivalent to undoing the batch and applying
//! it again, without the cost. A rebuild is necessary only if the log contains anything else.

use super::batch::Batch;
use super::broker::{Fault, LogRecord, OutputEnds, Partition, WriteId};
use super::embargoed::{self, EmbargoedRecords};
use super::journals::Journals;
use super::record::{
    self, ATTEMPT, BatchAttempt, ENDS, FENCE, GROUP, KEY, POSITION, Plan, Position, RESETS, SHAPE,
    SWEEP, StateShape, read, stop, with_prefix,
};
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::state::{ArticleRecords, RestoreError, State, TouchedIds};

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
    pub(super) fn new(settings: Settings, key: SamplingKey) -> Self {
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
    pub(super) fn follow(
        &mut self,
        batch: BTreeMap<String, Option<Vec<u8>>>,
        log_end: i64,
    ) -> Result<(), Fault> {
        let before = self.position.batch;
        self.apply_records(ArticleRecords::default(), batch)?;
        let found = self.position.batch;
        if found != before + 1 {
            let why = format!("batch {found} follows batch {before} in the changelog");
            return Err(Fault::doubt(why));
        }
        self.log_end = log_end;
        Ok(())
    }

    /// Applies the last value of every key: of one batch or, to an empty state, of the whole
    /// changelog. `articles` are the articles that were read separately.
    pub(super) fn apply_records(
        &mut self,
        articles: ArticleRecords,
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
        let touched = self.state.follow_with(articles, records).map_err(|error| match error {
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

    /// Marks the batch of `attempt` as acknowledged. Its records end at `log_end` in the changelog
    /// and at `ends` in the output partitions.
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
    pub(super) fn apply_claim(&mut self, claim: &OwnerClaim) {
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
pub(super) struct OwnerClaim {
    pub(super) group: Option<String>,
    pub(super) ends: Option<OutputEnds>,
}
