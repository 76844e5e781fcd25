//! Gathers the records of a batch from the input partitions, in merge order.
//!
//! In: an [`Input`]. Out: batches of limited size. The reader also notices new and missing
//! partitions.
//!
//! A batch closes when it is full, or when no record is available and `commit_every` has passed
//! since the last commit. A batch in which no record belongs to this shard stays open for up to
//! [`NOTHING_OWN`]. It is still committed, because it moves the position. If an earlier owner left
//! an open plan, exactly the planned records are gathered.

use super::backlog::{PartitionSample, samples_at};
use super::broker::{Broker, Clock, Fault, FetchState, Input, InputPoll, InputRecord, Partition};
use super::memory::ShardState;
use super::merge::PartitionMerge;
use super::record::{InputMark, Position};
use super::shards::FilterDecision;
use super::start::{self, CheckedPartitions};
use super::{Settings, duration};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// How long a poll waits when there is nothing to do. A wake-up is noticed after at most this time.
const IDLE: Duration = Duration::from_millis(50);
/// How long a batch stays open while none of its records belong to this shard.
const NOTHING_OWN: Duration = Duration::from_secs(1);
/// If the reader has not polled for longer than this, the topic may have been deleted and
/// recreated.
const POLLS_WITHIN: Duration = Duration::from_secs(5);
/// Minimum time between two reports of the position to lag monitoring tools.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// The engine's clock may advance on its own only if no record has arrived for this long, so that a
/// record still in flight is applied first.
const QUIET: Duration = Duration::from_secs(2);

/// Reads the input of one shard.
pub(super) struct Reader<I> {
    /// The consumer of the input partitions.
    input: I,
    /// Merges the partitions by timestamp.
    merge: PartitionMerge,
    /// Maximum number of bytes in a batch (`batch.bytes_max`).
    bytes_max: usize,
    /// How often to check for new or missing partitions.
    partitions_every: Duration,
    /// When the partitions were last checked.
    checked_at: Duration,
    /// The number of partition checks so far; also selects the partition whose last record is
    /// compared next.
    checks: usize,
    /// When the input was last polled.
    polled_at: Duration,
    /// The value of [`Input::connection_changes`] when the topics were last compared with the
    /// broker's records.
    compared_at: u64,
    /// Whether polling was interrupted for so long that the topics may have been replaced.
    suspects: bool,
    /// When positions were last reported to lag monitoring tools.
    noted_at: Option<Duration>,
    /// The time since which the input has been drained without a new record.
    quiet_since: Option<Duration>,
    /// The positions last reported to lag monitoring tools.
    noted: BTreeMap<Partition, i64>,
}

impl<I: Input> Reader<I> {
    /// Opens the input at the positions in `memory`.
    pub(super) fn open<B: Broker<Input = I>, C: Clock>(
        broker: &mut B,
        clock: &C,
        settings: &Settings,
        memory: &ShardState,
    ) -> Result<Self, Fault> {
        let inputs = &memory.position.inputs;
        let from: BTreeMap<Partition, i64> =
            inputs.iter().map(|(p, mark)| (p.clone(), mark.next)).collect();
        let mut merge = PartitionMerge::new(
            duration(settings.tuning.merge_wait),
            settings.tuning.ahead_bytes_max as usize,
        );
        from.keys().for_each(|partition| merge.add(partition.clone()));
        if let Some(plan) = &memory.open_plan {
            let of = |range: u32| plan.journal.ranges.get(range as usize).map(|r| r.of.clone());
            let order = plan.journal.order.iter();
            merge.follow(order.filter_map(|(range, count)| Some((of(*range)?, *count))));
        }
        Ok(Self {
            input: broker.input(&from)?,
            merge,
            bytes_max: settings.tuning.bytes_max as usize,
            partitions_every: duration(settings.tuning.partitions_every),
            checked_at: clock.elapsed(),
            checks: 0,
            polled_at: clock.elapsed(),
            compared_at: 0,
            suspects: false,
            noted_at: None,
            quiet_since: None,
            noted: BTreeMap::new(),
        })
    }

    /// Gathers the next batch. `due` is the earliest time to close a batch that has fewer than
    /// `records_max` records and is below the byte limit. Once `woken` returns true, the records
    /// gathered so far are returned. If no record is available, the batch is empty. While a plan is
    /// followed, the batch is the planned one, whatever its size. `takes` decides which part of a
    /// record belongs to this shard.
    ///
    /// # Errors
    /// If polling the input fails.
    pub(super) fn gather<C: Clock>(
        &mut self,
        clock: &C,
        due: Duration,
        records_max: usize,
        takes: &dyn Fn(&InputRecord) -> FilterDecision,
        woken: &dyn Fn() -> bool,
    ) -> Result<Vec<InputRecord>, Fault> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        let mut closes = due.max(clock.elapsed() + NOTHING_OWN);
        let planned = self.merge.following();
        loop {
            let now = clock.elapsed();
            self.suspects |= now.saturating_sub(self.polled_at) > POLLS_WITHIN;
            self.polled_at = now;
            let full = records.len() >= records_max.max(1) || bytes >= self.bytes_max;
            if full && !planned || planned && !self.merge.following() {
                return Ok(records);
            }
            if let Some((record, change)) = self.merge.next(now) {
                self.quiet_since = None;
                self.fetch(change)?;
                bytes += record.bytes();
                if closes > due && takes(&record) != FilterDecision::Nothing {
                    closes = due;
                }
                records.push(record);
                continue;
            }
            let wait = self.wait(now, closes, records.is_empty());
            match self.input.poll(wait)? {
                InputPoll::Record(record) => {
                    let change = self.merge.offer(record);
                    self.fetch(change)?;
                    continue;
                }
                InputPoll::End(partition) => {
                    self.merge.mark_end(&partition);
                    continue;
                }
                InputPoll::Nothing => {}
            }
            let over = clock.elapsed() >= closes && !records.is_empty() && !planned;
            if over || records.is_empty() || woken() && !planned {
                return Ok(records);
            }
        }
    }

    /// How long the next poll may wait.
    fn wait(&self, now: Duration, due: Duration, empty: bool) -> Duration {
        let idle = self.merge.remaining_wait(now).map_or(IDLE, |patience| patience.min(IDLE));
        if empty { idle } else { due.saturating_sub(now).min(idle) }
    }

    /// Pauses or resumes fetching of a partition, if the merge asks for it.
    fn fetch(&mut self, change: Option<(Partition, FetchState)>) -> Result<(), Fault> {
        change.map_or(Ok(()), |(partition, wanted)| self.input.set_fetching(&partition, wanted))
    }

    /// After an interruption of polling or a connection change, checks that the records come from
    /// the same topics as before.
    ///
    /// # Errors
    /// [`Fault::Doubt`] if a topic was replaced or truncated. How to proceed is decided when the
    /// input is opened again.
    pub(super) fn check_same_topics<B: Broker<Input = I>>(
        &mut self,
        broker: &mut B,
        memory: &ShardState,
    ) -> Result<(), Fault> {
        let disturbances = self.input.connection_changes();
        if !self.suspects && disturbances == self.compared_at {
            return Ok(());
        }
        let found = broker.partitions()?;
        if let Some(why) = start::replaced(broker, memory, &found, CheckedPartitions::All)? {
            return Err(Fault::doubt(why));
        }
        (self.suspects, self.compared_at) = (false, disturbances);
        Ok(())
    }

    /// Checks for new partitions every `partitions_every`, and checks that the topics are still the
    /// same. A new partition is read from its first record.
    ///
    /// # Errors
    /// [`Fault::Stop`] if a partition no longer exists, [`Fault::Doubt`] if a topic was replaced.
    pub(super) fn check_partitions<B: Broker<Input = I>, C: Clock>(
        &mut self,
        broker: &mut B,
        clock: &C,
        memory: &mut ShardState,
    ) -> Result<(), Fault> {
        let now = clock.elapsed();
        if now.saturating_sub(self.checked_at) < self.partitions_every {
            return Ok(());
        }
        self.checked_at = now;
        let found = match broker.partitions() {
            Ok(found) => found,
            Err(Fault::Doubt(why)) => {
                let why = why.to_string();
                tracing::warn!(why, "cannot check for new input partitions; will check again");
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        self.checks += 1;
        if let Some(why) =
            start::replaced(broker, memory, &found, CheckedPartitions::One(self.checks))?
        {
            return Err(Fault::doubt(why));
        }
        let inputs = &mut memory.position.inputs;
        if let Some(gone) = inputs.keys().find(|partition| !found.contains_key(partition)) {
            return Err(start::gone_partition(gone));
        }
        for (partition, ends) in found {
            let Entry::Vacant(free) = inputs.entry(partition.clone()) else { continue };
            tracing::info!(
                topic = %partition.topic,
                partition = partition.partition,
                "found a new input partition; reading it from its first record"
            );
            free.insert(InputMark { next: ends.low, last: None });
            self.input.add(&partition, ends.low)?;
            self.merge.add(partition);
        }
        Ok(())
    }

    /// A sample of every partition in `position`, for the backlog.
    pub(super) fn sample_partitions(
        &self,
        position: &Position,
    ) -> BTreeMap<Partition, PartitionSample> {
        let mut seen = samples_at(position);
        for (of, end) in self.input.ends() {
            if let Some(seen) = seen.get_mut(&of) {
                (seen.end, seen.drained) = (Some(end), self.merge.drained(&of));
            }
        }
        seen
    }

    /// Whether the input is idle: every partition has been read to its end, the broker can be
    /// reached for all of them, and no record has arrived for [`QUIET`]. Called after each call to
    /// `gather` that returned nothing. A record resets the waiting time.
    pub(super) fn is_quiet(&mut self, now: Duration) -> bool {
        if !self.merge.all_drained() || !self.input.is_reachable() {
            self.quiet_since = None;
            return false;
        }
        now.saturating_sub(*self.quiet_since.get_or_insert(now)) >= QUIET
    }

    /// Whether the broker can be reached for every input partition.
    pub(super) fn is_reachable(&self) -> bool {
        self.input.is_reachable()
    }

    /// Reports the position to lag monitoring tools, at most once per [`NOTE_EVERY`] and only if it
    /// has changed. Called about every second even without records, so that the last batch of a
    /// burst is reported too.
    pub(super) fn note(&mut self, next: BTreeMap<Partition, i64>, now: Duration) {
        if self.noted_at.is_some_and(|at| now.saturating_sub(at) < NOTE_EVERY) {
            return;
        }
        self.noted_at = Some(now);
        if self.noted != next {
            self.input.note(&next);
            self.noted = next;
        }
    }
}
