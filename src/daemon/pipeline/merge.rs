//! Merges input partitions by record timestamp, so that a backlog does not expire its own window.
//!
//! In: what polling gives, in any order between partitions. Out: records, the smallest timestamp
//! first, ties by topic and partition; within a partition always by offset.
//!
//! A partition that is empty here but not known to be at its end may still hold an earlier record:
//! the merge waits for it, `wait` at most, and then goes on without it until it gives something. A
//! partition that runs ahead by `ahead_bytes_max` is not fetched until half of that is used up.
//!
//! ```text
//! p0: 10 11 40     p1: 12 (then its end)     gives 10 11 12 40
//! ```
//!
//! Invariants: MG-1 within a partition order is by offset; MG-2 nothing is given while a partition
//! that counts is empty and not at its end; MG-3 bytes held are at most `ahead_bytes_max` and one
//! poll per partition.
//!
//! Cost: a scan of the partitions per record.
//!
//! [`PartitionMerge::follow`] replaces the rule by a recorded order, for the batch that a plan describes.

use super::broker::{FetchState, InputRecord, Partition};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use wirefold_engine::article::EventTime;

/// The partitions, what was polled of each and not yet given.
#[derive(Debug)]
pub struct PartitionMerge {
    partitions: BTreeMap<Partition, PartitionQueue>,
    wait: Duration,
    ahead_bytes_max: usize,
    waiting_since: Option<Duration>,
    script: VecDeque<(Partition, u32)>,
}

#[derive(Debug, Default)]
struct PartitionQueue {
    records: VecDeque<InputRecord>,
    bytes: usize,
    at_end: bool,
    given_up: bool,
    held_back: bool,
}

impl PartitionMerge {
    /// Merges nothing yet.
    pub fn new(wait: Duration, ahead_bytes_max: usize) -> Self {
        let partitions = BTreeMap::new();
        Self { partitions, wait, ahead_bytes_max, waiting_since: None, script: VecDeque::new() }
    }

    /// Adds a partition; one that is there already stays as it is.
    pub fn add(&mut self, partition: Partition) {
        self.partitions.entry(partition).or_default();
    }

    /// Gives exactly these records next, so many of each partition in this order.
    pub fn follow(&mut self, order: impl IntoIterator<Item = (Partition, u32)>) {
        self.script = order.into_iter().filter(|(_, count)| *count > 0).collect();
    }

    /// Takes in a record. Says so when its partition is to be held back.
    pub fn offer(&mut self, record: InputRecord) -> Option<(Partition, FetchState)> {
        let partition = record.from.clone();
        let limit = self.ahead_bytes_max;
        let queue = self.partitions.entry(partition.clone()).or_default();
        queue.at_end = false;
        queue.given_up = false;
        queue.bytes += record.bytes();
        queue.records.push_back(record);
        let over = queue.bytes > limit && !queue.held_back;
        queue.held_back |= over;
        over.then_some((partition, FetchState::Off))
    }

    /// Whether everything of a partition has been given, up to its end.
    pub fn drained(&self, partition: &Partition) -> bool {
        self.partitions.get(partition).is_some_and(|q| q.at_end && q.records.is_empty())
    }

    /// Whether everything of every partition has been given, up to its end.
    pub fn all_drained(&self) -> bool {
        self.partitions.values().all(|queue| queue.at_end && queue.records.is_empty())
    }

    /// Takes in that a partition has no more for now.
    pub fn end(&mut self, partition: &Partition) {
        if let Some(queue) = self.partitions.get_mut(partition) {
            queue.at_end = true;
        }
    }

    /// The next record, if it is certain, or waited for long enough by `now`. Says so when its
    /// partition is to be fetched again.
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
        let resume = queue.held_back && queue.bytes <= limit / 2;
        queue.held_back &= !resume;
        if let Some((_, left)) = self.script.front_mut() {
            *left -= 1;
            if *left == 0 {
                self.script.pop_front();
            }
        }
        Some((record, resume.then_some((from, FetchState::On))))
    }

    /// How long the merge will wait at most, from `now` on, for a partition that is empty and not
    /// at its end, if that is what it is waiting for.
    pub fn patience(&self, now: Duration) -> Option<Duration> {
        let since = self.waiting_since?;
        Some(self.wait.saturating_sub(now.saturating_sub(since)))
    }

    /// Whether a recorded order is being followed.
    pub fn following(&self) -> bool {
        !self.script.is_empty()
    }

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
    fn the_smallest_timestamp_goes_first_and_ties_by_partition() {
        let mut merge = merge(2);
        for (p, offset, at) in [(0, 0, 10), (0, 1, 11), (0, 2, 40), (1, 0, 11), (1, 1, 12)] {
            merge.offer(record(p, offset, at));
        }
        merge.end(&part(0));
        merge.end(&part(1));
        let order = drain(&mut merge, Duration::ZERO);
        assert_eq!(order, [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2)]);
    }

    #[test]
    fn within_a_partition_order_is_by_offset_even_when_time_falls() {
        let mut merge = merge(2);
        for (p, offset, at) in [(0, 0, 50), (0, 1, 10), (1, 0, 30)] {
            merge.offer(record(p, offset, at));
        }
        merge.end(&part(0));
        merge.end(&part(1));
        assert_eq!(drain(&mut merge, Duration::ZERO), [(1, 0), (0, 0), (0, 1)]);
    }

    #[test]
    fn an_empty_partition_not_at_its_end_is_waited_for_and_then_given_up() {
        let mut merge = merge(2);
        merge.offer(record(0, 0, 10));
        merge.offer(record(0, 1, 11));
        assert_eq!(drain(&mut merge, Duration::ZERO), []);
        assert_eq!(merge.patience(Duration::from_millis(200)), Some(Duration::from_millis(300)));
        assert_eq!(drain(&mut merge, Duration::from_millis(499)), []);
        assert_eq!(drain(&mut merge, WAIT), [(0, 0), (0, 1)], "once given up, it stays so");
        merge.offer(record(1, 0, 5));
        assert_eq!(drain(&mut merge, WAIT), [], "partition 0 is empty and not at its end");
        merge.end(&part(0));
        assert_eq!(drain(&mut merge, WAIT), [(1, 0)]);
        merge.offer(record(0, 2, 12));
        assert_eq!(drain(&mut merge, WAIT), [], "partition 1 counts again");
    }

    #[test]
    fn a_partition_far_ahead_is_held_back_and_fetched_again() {
        let mut merge = merge(2);
        let bytes = record(0, 0, 0).bytes();
        let held: Vec<bool> = (0..8).map(|n| merge.offer(record(0, n, n)).is_some()).collect();
        let first = 1_000 / bytes;
        assert_eq!(held.iter().position(|h| *h), Some(first));
        assert_eq!(held.iter().filter(|h| **h).count(), 1, "said once");
        merge.end(&part(1));
        let resumed: Vec<bool> = std::iter::from_fn(|| merge.next(Duration::ZERO))
            .map(|(_, change)| change == Some((part(0), FetchState::On)))
            .collect();
        assert_eq!(resumed.len(), 8);
        assert_eq!(resumed.iter().filter(|r| **r).count(), 1, "said once");
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
        /// Against sorting: with every partition in hand and at its end, the merge is the stable
        /// merge of the partitions by running maximum.
        #[test]
        fn gives_everything_once_and_in_order(times in proptest::collection::vec((0..4i32, 0..50i64), 0..60)) {
            let mut merge = PartitionMerge::new(WAIT, usize::MAX);
            (0..4).for_each(|p| merge.add(part(p)));
            let mut queues: BTreeMap<i32, VecDeque<(i64, i64)>> = BTreeMap::new();
            for (p, at) in times {
                let queue = queues.entry(p).or_default();
                let offset = queue.len() as i64;
                queue.push_back((offset, at));
                merge.offer(record(p, offset, at));
            }
            (0..4).for_each(|p| merge.end(&part(p)));
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
