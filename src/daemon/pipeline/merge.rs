//! Merges input partitions by record timestamp. Otherwise, a partition whose backlog is read ahead
//! of the others would advance the clock, and articles would expire before the other partitions'
//! records that refer to them are applied.
//!
//! In: polled records, in any order between partitions. Out: records by ascending timestamp, and
//! for equal timestamps by topic and partition. Within a partition, the order is always by offset.
//!
//! A partition that has nothing buffered and is not known to be at its end may still deliver an
//! earlier record. The merge waits at most `wait` for this partition, then goes on without this
//! partition until the partition delivers a record. A partition with more than `ahead_bytes_max`
//! buffered is paused until the buffer has shrunk to half of this limit.
//!
//! ```text
//! p0: 10 11 40     p1: 12 (then its end)     gives 10 11 12 40
//! ```
//!
//! Invariants: MG-1 within a partition, the order is by offset; MG-2 nothing is returned while a
//! partition that was not given up has nothing buffered and is not at its end; MG-3 the bytes
//! buffered per partition are at most `ahead_bytes_max` plus one poll.
//!
//! Cost: a scan of the partitions per record.
//!
//! [`PartitionMerge::follow`] replaces this rule with a recorded order, for a batch that an earlier
//! owner has planned.

use super::broker::{FetchState, InputRecord, Partition};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wirefold_engine::article::EventTime;

/// Buffers polled records and returns them in merge order.
#[derive(Debug)]
pub struct PartitionMerge {
    /// The buffered records of each partition.
    partitions: BTreeMap<Partition, PartitionQueue>,
    /// How long to wait for a partition that has nothing buffered and is not at its end.
    wait: Duration,
    /// How many bytes of a partition to buffer before pausing it.
    ahead_bytes_max: usize,
    /// The time since which the merge has been waiting for a partition with nothing buffered.
    waiting_since: Option<Duration>,
    /// What is left of the recorded order: partitions, each with how many records come from it
    /// next.
    script: VecDeque<(Partition, u32)>,
}

/// The buffered records of a partition.
#[derive(Debug, Default)]
struct PartitionQueue {
    records: VecDeque<InputRecord>,
    /// The size of `records`.
    bytes: usize,
    /// Whether the end of the partition was reached after the last record.
    at_end: bool,
    /// Whether the merge has waited in vain for this partition and continues without it.
    given_up: bool,
    /// Whether fetching is paused.
    paused: bool,
}

impl PartitionMerge {
    /// Creates a merge without partitions.
    pub fn new(wait: Duration, ahead_bytes_max: usize) -> Self {
        let partitions = BTreeMap::new();
        Self { partitions, wait, ahead_bytes_max, waiting_since: None, script: VecDeque::new() }
    }

    /// Adds a partition, unless it is already there.
    pub fn add(&mut self, partition: Partition) {
        self.partitions.entry(partition).or_default();
    }

    /// Makes the merge return the next records in this order: the given number from each partition
    /// in turn.
    pub fn follow(&mut self, order: impl IntoIterator<Item = (Partition, u32)>) {
        self.script = order.into_iter().filter(|(_, count)| *count > 0).collect();
    }

    /// Buffers a record. Returns its partition if the partition has to be paused.
    pub fn offer(&mut self, record: InputRecord) -> Option<(Partition, FetchState)> {
        let partition = record.from.clone();
        let limit = self.ahead_bytes_max;
        let queue = self.partitions.entry(partition.clone()).or_default();
        queue.at_end = false;
        queue.given_up = false;
        queue.bytes += record.bytes();
        queue.records.push_back(record);
        let over = queue.bytes > limit && !queue.paused;
        queue.paused |= over;
        over.then_some((partition, FetchState::Paused))
    }

    /// Whether every record of a partition up to its end has been returned.
    pub fn drained(&self, partition: &Partition) -> bool {
        self.partitions.get(partition).is_some_and(|q| q.at_end && q.records.is_empty())
    }

    /// Whether every record of every partition up to its end has been returned.
    pub fn all_drained(&self) -> bool {
        self.partitions.values().all(|queue| queue.at_end && queue.records.is_empty())
    }

    /// Marks a partition as read to its end.
    pub fn mark_end(&mut self, partition: &Partition) {
        if let Some(queue) = self.partitions.get_mut(partition) {
            queue.at_end = true;
        }
    }

    /// Returns the next record, if the order is certain or the merge has waited long enough by
    /// `now`. Also returns the partition of the record if the partition has to be resumed.
    pub fn next(
        &mut self,
        now: Duration,
    ) -> Option<(InputRecord, Option<(Partition, FetchState)>)> {
        let from = match self.script.front() {
            Some((partition, _)) => partition.clone(),
            None => self.smallest(now)?,
        };
        let limit = self.ahead_bytes_max;
        let queue = self.partitions.get_mut(&from)?;
        let record = queue.records.pop_front()?;
        queue.bytes -= record.bytes();
        let resume = queue.paused && queue.bytes <= limit / 2;
        queue.paused &= !resume;
        if let Some((_, left)) = self.script.front_mut() {
            *left -= 1;
            if *left == 0 {
                self.script.pop_front();
            }
        }
        Some((record, resume.then_some((from, FetchState::Active))))
    }

    /// How much longer, from `now`, the merge will wait for a partition that has nothing buffered
    /// and is not at its end. `None` if it is not waiting for any.
    pub fn remaining_wait(&self, now: Duration) -> Option<Duration> {
        let since = self.waiting_since?;
        Some(self.wait.saturating_sub(now.saturating_sub(since)))
    }

    /// Whether the merge is following a recorded order.
    pub fn following(&self) -> bool {
        !self.script.is_empty()
    }

    /// The partition with the smallest timestamp, or `None` if the merge has to wait. A record
    /// without a timestamp comes first.
    fn smallest(&mut self, now: Duration) -> Option<Partition> {
        let head = |queue: &PartitionQueue| queue.records.front().map(|r| r.timestamp);
        let (_, from) = self
            .partitions
            .iter()
            .filter_map(|(p, queue)| Some((head(queue)?.unwrap_or(EventTime(i64::MIN)), p)))
            .min()?;
        let from = from.clone();
        let missing =
            |queue: &PartitionQueue| queue.records.is_empty() && !queue.at_end && !queue.given_up;
        if !self.partitions.values().any(missing) {
            self.waiting_since = None;
            return Some(from);
        }
        let since = *self.waiting_since.get_or_insert(now);
        if now.saturating_sub(since) < self.wait {
            return None;
        }
        self.waiting_since = None;
        for queue in self.partitions.values_mut().filter(|queue| missing(queue)) {
            queue.given_up = true;
        }
        Some(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_millis(500);

    fn part(partition: i32) -> Partition {
        Partition { topic: "in".into(), partition }
    }

    fn record(partition: i32, offset: i64, at: i64) -> InputRecord {
        InputRecord {
            from: part(partition),
            offset,
            timestamp: Some(EventTime(at)),
            key: None,
            payload: Some(vec![0; 100]),
            headers: Vec::new(),
        }
    }

    fn merge(partitions: i32) -> PartitionMerge {
        let mut merge = PartitionMerge::new(WAIT, 1_000);
        (0..partitions).for_each(|p| merge.add(part(p)));
        merge
    }

    fn drain(merge: &mut PartitionMerge, now: Duration) -> Vec<(i32, i64)> {
        std::iter::from_fn(|| merge.next(now).map(|(r, _)| (r.from.partition, r.offset))).collect()
    }

    #[test]
    fn the_smallest_timestamp_goes_first_and_ties_are_broken_by_partition() {
        let mut merge = merge(2);
        for (p, offset, at) in [(0, 0, 10), (0, 1, 11), (0, 2, 40), (1, 0, 11), (1, 1, 12)] {
            merge.offer(record(p, offset, at));
        }
        merge.mark_end(&part(0));
        merge.mark_end(&part(1));
        let order = drain(&mut merge, Duration::ZERO);
        assert_eq!(order, [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2)]);
    }

    #[test]
    fn within_a_partition_order_is_by_offset_even_if_timestamps_decrease() {
        let mut merge = merge(2);
        for (p, offset, at) in [(0, 0, 50), (0, 1, 10), (1, 0, 30)] {
            merge.offer(record(p, offset, at));
        }
        merge.mark_end(&part(0));
        merge.mark_end(&part(1));
        assert_eq!(drain(&mut merge, Duration::ZERO), [(1, 0), (0, 0), (0, 1)]);
    }

    #[test]
    fn the_merge_waits_for_an_empty_partition_not_at_its_end_and_then_gives_it_up() {
        let mut merge = merge(2);
        merge.offer(record(0, 0, 10));
        merge.offer(record(0, 1, 11));
        assert_eq!(drain(&mut merge, Duration::ZERO), []);
        assert_eq!(
            merge.remaining_wait(Duration::from_millis(200)),
            Some(Duration::from_millis(300))
        );
        assert_eq!(drain(&mut merge, Duration::from_millis(499)), []);
        assert_eq!(drain(&mut merge, WAIT), [(0, 0), (0, 1)], "partition 1 stays given up");
        merge.offer(record(1, 0, 5));
        assert_eq!(drain(&mut merge, WAIT), [], "partition 0 is empty and not at its end");
        merge.mark_end(&part(0));
        assert_eq!(drain(&mut merge, WAIT), [(1, 0)]);
        merge.offer(record(0, 2, 12));
        assert_eq!(drain(&mut merge, WAIT), [], "partition 1 counts again");
    }

    #[test]
    fn a_partition_far_ahead_is_paused_and_resumed() {
        let mut merge = merge(2);
        let bytes = record(0, 0, 0).bytes();
        let paused: Vec<bool> = (0..8).map(|n| merge.offer(record(0, n, n)).is_some()).collect();
        let first = 1_000 / bytes;
        assert_eq!(paused.iter().position(|p| *p), Some(first));
        assert_eq!(paused.iter().filter(|p| **p).count(), 1, "paused once");
        merge.mark_end(&part(1));
        let resumed: Vec<bool> = std::iter::from_fn(|| merge.next(Duration::ZERO))
            .map(|(_, change)| change == Some((part(0), FetchState::Active)))
            .collect();
        assert_eq!(resumed.len(), 8);
        assert_eq!(resumed.iter().filter(|r| **r).count(), 1, "resumed once");
    }

    #[test]
    fn a_recorded_order_is_followed_whatever_the_timestamps() {
        let mut merge = merge(2);
        merge.follow([(part(1), 1), (part(0), 2), (part(1), 0)]);
        merge.offer(record(0, 0, 1));
        assert_eq!(drain(&mut merge, Duration::ZERO), []);
        merge.offer(record(1, 0, 9));
        assert_eq!(drain(&mut merge, Duration::ZERO), [(1, 0), (0, 0)]);
        assert!(merge.following());
        merge.offer(record(0, 1, 2));
        assert_eq!(drain(&mut merge, Duration::ZERO), [(0, 1)]);
        assert!(!merge.following());
    }

    proptest::proptest! {
        /// Compares with a naive merge, which buffers every partition up to its end and then
        /// repeatedly takes the partition whose first record has the smallest timestamp.
        #[test]
        fn returns_every_record_once_and_in_order(
            times in proptest::collection::vec((0..4i32, 0..50i64), 0..60),
        ) {
            let mut merge = PartitionMerge::new(WAIT, usize::MAX);
            (0..4).for_each(|p| merge.add(part(p)));
            let mut queues: BTreeMap<i32, VecDeque<(i64, i64)>> = BTreeMap::new();
            for (p, at) in times {
                let queue = queues.entry(p).or_default();
                let offset = queue.len() as i64;
                queue.push_back((offset, at));
                merge.offer(record(p, offset, at));
            }
            (0..4).for_each(|p| merge.mark_end(&part(p)));
            let given = drain(&mut merge, Duration::ZERO);
            let mut expected = Vec::new();
            while let Some((_, p)) =
                queues.iter().filter_map(|(p, q)| Some((q.front()?.1, *p))).min()
            {
                let (offset, _) = queues.get_mut(&p).unwrap().pop_front().unwrap();
                expected.push((p, offset));
            }
            proptest::prop_assert_eq!(given, expected);
        }
    }
}
