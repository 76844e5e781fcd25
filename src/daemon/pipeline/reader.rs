//! Gathers the records of a batch from the input partitions, in the order of the merge.
//!
//! In: an [`Input`]. Out: bounded batches; notice of partitions added or gone.
//!
//! A batch closes when it is full, or when nothing more is at hand and the least time between two
//! commits is over; one that holds nothing of the shard's closes later, to move the position at times. An open plan of an earlier owner is gathered exactly as it says.

use super::backlog::{PartitionSample, sights};
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

/// How long a poll waits when there is nothing to do: wakes are looked at as often.
const IDLE: Duration = Duration::from_millis(50);
/// How long a batch stays open while nothing in it is the shard's.
const NOTHING_OWN: Duration = Duration::from_secs(1);
/// A reader that has not polled for so long may find another topic of the same name.
const POLLS_WITHIN: Duration = Duration::from_secs(5);
/// How often lag tools are told.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// How long nothing must have come before the clock may go on by itself: a record that is on its
/// way still comes first.
const QUIET: Duration = Duration::from_secs(2);

/// Reads the input of one shard.
pub(super) struct Reader<I> {
    input: I,
    merge: PartitionMerge,
    bytes_max: usize,
    partitions_every: Duration,
    checked_at: Duration,
    /// How often partitions were checked: whose turn it is.
    checks: usize,
    polled_at: Duration,
    /// The disturbances after which positions were last compared with the broker's records.
    compared_at: u64,
    /// Whether the topics may have been replaced since then.
    suspects: bool,
    noted_at: Option<Duration>,
    quiet_since: Option<Duration>,
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
        let mut merge =
            PartitionMerge::new(duration(settings.merge_wait), settings.ahead_bytes_max as usize);
        from.keys().for_each(|partition| merge.add(partition.clone()));
        if let Some(plan) = &memory.open_plan {
            let of = |range: u32| plan.journal.ranges.get(range as usize).map(|r| r.of.clone());
            let order = plan.journal.order.iter();
            merge.follow(order.filter_map(|(range, count)| Some((of(*range)?, *count))));
        }
        Ok(Self {
            input: broker.input(&from)?,
            merge,
            bytes_max: settings.bytes_max as usize,
            partitions_every: duration(settings.partitions_every),
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

    /// The records of the next batch, at most `records_max` unless a plan says otherwise; none when
    /// there are none, or when `woken`. `takes` says what of a record is the shard's.
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
                    self.merge.end(&partition);
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

    fn wait(&self, now: Duration, due: Duration, empty: bool) -> Duration {
        let idle = self.merge.patience(now).map_or(IDLE, |patience| patience.min(IDLE));
        if empty { idle } else { due.saturating_sub(now).min(idle) }
    }

    fn fetch(&mut self, change: Option<(Partition, FetchState)>) -> Result<(), Fault> {
        change.map_or(Ok(()), |(partition, wanted)| self.input.fetching(&partition, wanted))
    }

    /// Makes sure that records which were read after a pause or over a new connection come from the
    /// same topics as those before.
    ///
    /// # Errors
    /// [`Fault::Doubt`] when a topic was replaced or truncated: opening the input again decides what
    /// to do.
    pub(super) fn compare<B: Broker<Input = I>>(
        &mut self,
        broker: &mut B,
        memory: &ShardState,
    ) -> Result<(), Fault> {
        let disturbances = self.input.disturbances();
        if !self.suspects && disturbances == self.compared_at {
            return Ok(());
        }
        let found = broker.partitions()?;
        if let Some(why) = start::replaced(broker, memory, &found, CheckedPartitions::All)? {
            return Err(Fault::Doubt(why));
        }
        (self.suspects, self.compared_at) = (false, disturbances);
        Ok(())
    }

    /// Looks for partitions that were added, now and then, and whether the topics are still the same.
    /// A new partition starts at its first record.
    ///
    /// # Errors
    /// [`Fault::Stop`] when one is gone, [`Fault::Doubt`] when a topic was replaced.
    pub(super) fn watch<B: Broker<Input = I>, C: Clock>(
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
                tracing::warn!(why, "input partitions not checked");
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        self.checks += 1;
        if let Some(why) =
            start::replaced(broker, memory, &found, CheckedPartitions::One(self.checks))?
        {
            return Err(Fault::Doubt(why));
        }
        let inputs = &mut memory.position.inputs;
        if let Some(gone) = inputs.keys().find(|partition| !found.contains_key(partition)) {
            return Err(gone_partition(gone));
        }
        for (partition, ends) in found {
            let Entry::Vacant(free) = inputs.entry(partition.clone()) else { continue };
            tracing::info!(partition = partition.partition, "input partition added");
            free.insert(InputMark { next: ends.low, last: None });
            self.input.add(&partition, ends.low)?;
            self.merge.add(partition);
        }
        Ok(())
    }

    /// What is seen of every partition from `position` on.
    pub(super) fn look(&self, position: &Position) -> BTreeMap<Partition, PartitionSample> {
        let mut seen = sights(position);
        for (of, end) in self.input.ends() {
            if let Some(seen) = seen.get_mut(&of) {
                (seen.end, seen.drained) = (Some(end), self.merge.drained(&of));
            }
        }
        seen
    }

    /// Whether the input has been at its end for a while: every partition is read up to its end,
    /// the broker answers for all of them, and nothing came for [`QUIET`]. Asked after each
    /// gathering that gave nothing; a record ends the quiet.
    pub(super) fn is_quiet(&mut self, now: Duration) -> bool {
        if !self.merge.all_drained() || !self.input.reached() {
            self.quiet_since = None;
            return false;
        }
        now.saturating_sub(*self.quiet_since.get_or_insert(now)) >= QUIET
    }

    /// Whether the broker answers for the input.
    pub(super) fn reached(&self) -> bool {
        self.input.reached()
    }

    /// Tells lag tools, now and then, and after the last batch of a busy time too.
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

/// That an input topic has fewer partitions than it had.
pub(super) fn gone_partition(gone: &Partition) -> Fault {
    Fault::Stop(format!(
        "input topic `{}` has no partition {} any more: it was deleted or made anew; decide with \
         `start.reset`",
        gone.topic, gone.partition
    ))
}
