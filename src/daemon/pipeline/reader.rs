//! Gathers the records of a batch from the input partitions, in the order of the merge.
//!
//! In: an [`Input`]. Out: bounded batches; notice of partitions added or gone.
//!
//! A batch closes when it is full, or when nothing more is at hand and the least time between two
//! commits is over; one that holds nothing of the shard's closes later, to move the position at times. An open plan of an earlier owner is gathered exactly as it says.

use super::broker::{Broker, Clock, Fault, Fetching, Input, InputRecord, Partition, Polled};
use super::memory::Memory;
use super::merge::Merge;
use super::record::{InputMark, Position};
use super::shards::Taken;
use super::{Settings, duration};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// How long a poll waits when there is nothing to do: wakes are looked at as often.
const IDLE: Duration = Duration::from_millis(50);
/// How long a batch stays open while nothing in it is the shard's.
const NOTHING_OWN: Duration = Duration::from_secs(1);
/// How often lag tools are told.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// How long nothing must have come before the clock may go on by itself: a record that is on its
/// way still comes first.
const QUIET: Duration = Duration::from_secs(2);

/// Reads the input of one shard.
pub(super) struct Reader<I> {
    input: I,
    merge: Merge,
    records_max: usize,
    bytes_max: usize,
    partitions_every: Duration,
    checked_at: Duration,
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
        memory: &Memory,
    ) -> Result<Self, Fault> {
        let inputs = &memory.position.inputs;
        let from: BTreeMap<Partition, i64> =
            inputs.iter().map(|(p, mark)| (p.clone(), mark.next)).collect();
        let mut merge =
            Merge::new(duration(settings.merge_wait), settings.ahead_bytes_max as usize);
        from.keys().for_each(|partition| merge.add(partition.clone()));
        if let Some(plan) = &memory.open_plan {
            let of = |range: u32| plan.journal.ranges.get(range as usize).map(|r| r.of.clone());
            let order = plan.journal.order.iter();
            merge.follow(order.filter_map(|(range, count)| Some((of(*range)?, *count))));
        }
        Ok(Self {
            input: broker.input(&from)?,
            merge,
            records_max: settings.records_max.max(1) as usize,
            bytes_max: settings.bytes_max as usize,
            partitions_every: duration(settings.partitions_every),
            checked_at: clock.elapsed(),
            noted_at: None,
            quiet_since: None,
            noted: BTreeMap::new(),
        })
    }

    /// The records of the next batch; none when there are none, or when `woken`. `takes` says what of
    /// a record is the shard's.
    pub(super) fn gather<C: Clock>(
        &mut self,
        clock: &C,
        due: Duration,
        takes: &dyn Fn(&InputRecord) -> Taken,
        woken: &dyn Fn() -> bool,
    ) -> Result<Vec<InputRecord>, Fault> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        let mut closes = due.max(clock.elapsed() + NOTHING_OWN);
        let planned = self.merge.following();
        loop {
            let now = clock.elapsed();
            let full = records.len() >= self.records_max || bytes >= self.bytes_max;
            if full && !planned || planned && !self.merge.following() {
                return Ok(records);
            }
            if let Some((record, change)) = self.merge.next(now) {
                self.quiet_since = None;
                self.fetch(change)?;
                bytes += record.bytes();
                if closes > due && takes(&record) != Taken::Nothing {
                    closes = due;
                }
                records.push(record);
                continue;
            }
            let wait = self.wait(now, closes, records.is_empty());
            match self.input.poll(wait)? {
                Polled::Record(record) => {
                    let change = self.merge.offer(record);
                    self.fetch(change)?;
                    continue;
                }
                Polled::End(partition) => {
                    self.merge.end(&partition);
                    continue;
                }
                Polled::Nothing => {}
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

    fn fetch(&mut self, change: Option<(Partition, Fetching)>) -> Result<(), Fault> {
        change.map_or(Ok(()), |(partition, wanted)| self.input.fetching(&partition, wanted))
    }

    /// Looks for partitions that were added, now and then. A new one starts at its first record.
    ///
    /// # Errors
    /// [`Fault::Stop`] when one is gone.
    pub(super) fn watch<B: Broker<Input = I>, C: Clock>(
        &mut self,
        broker: &mut B,
        clock: &C,
        memory: &mut Memory,
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

    /// How many records wait behind `position` in every partition whose end is known. Commit markers
    /// of a transactional topic are no records: what is drained has none waiting.
    pub(super) fn waiting(&self, position: &Position) -> BTreeMap<Partition, u64> {
        let waiting = |(of, end): (Partition, i64)| {
            let next = position.inputs.get(&of)?.next;
            let records = u64::try_from(end - next).unwrap_or(0);
            let records = if self.merge.drained(&of) { 0 } else { records };
            Some((of, records))
        };
        self.input.ends().into_iter().filter_map(waiting).collect()
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
    pub(super) fn note(&mut self, position: &Position, now: Duration) {
        if self.noted_at.is_some_and(|at| now.saturating_sub(at) < NOTE_EVERY) {
            return;
        }
        self.noted_at = Some(now);
        let next = position.inputs.iter().map(|(p, mark)| (p.clone(), mark.next)).collect();
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
