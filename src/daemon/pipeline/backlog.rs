//! Input records not yet processed: how many there are, and how long they have waited.
//!
//! In: samples of the input, about one per second. The reader supplies them while the shard is
//! processed; at other times the broker is asked. Out: [`InputLag`], with lag and age by partition.
//!
//! ```text
//! last applied 12:00:00, caught up 12:05:00, record waiting, now 12:05:30: age 30 s
//! last applied 12:00:00,                     record waiting, now 12:05:30: age 330 s
//! ```
//!
//! The age of a partition counts from the timestamp of the last record applied or from the last
//! time that the partition was caught up, whichever is later. While the position does not move, the
//! age counts from the time at which records were first seen waiting in the partition, if this time
//! is earlier. So a partition that cannot be read grows older even if the others advance, and a
//! record on a quiet partition does not make the partition look hours old.
//!
//! The last offsets of a transactional topic are control markers, which are not records. If a
//! partition has been read to its end and two samples in a row show the same end, only markers are
//! left.
//!
//! Cost: one map entry per partition. While the shard cannot be processed, also one request per
//! partition per second; all requests together take at most [`LOOK_UP_WITHIN`]. A partition whose
//! end is not reported in this time keeps its last known end.

use super::broker::{Broker, Clock, Fault, Partition};
use super::observer::{InputLag, PartitionLag};
use super::record::{InputRange, Position};
use super::{Error, Phase, Pipeline};
use std::collections::BTreeMap;
use std::time::Duration;
use wirefold_engine::article::{EventTime, Span};

/// How often the backlog is sampled.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Maximum duration of all requests to the broker for one sample. Recovery waits for them.
const LOOK_UP_WITHIN: Duration = Duration::from_millis(500);

/// One sample of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PartitionSample {
    /// The next offset to process.
    pub next: i64,
    /// The timestamp of the last record applied, if known.
    pub applied: Option<EventTime>,
    /// The end offset of the partition, if known.
    pub end: Option<i64>,
    /// Whether the reader has returned every record up to the end.
    pub drained: bool,
}

/// The backlog of a shard.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// The backlog of every partition in the last sample.
    partitions: BTreeMap<Partition, PartitionBacklog>,
    /// Whether the broker could be reached for all input partitions when they were last sampled.
    reached: bool,
}

/// The backlog of a partition.
#[derive(Debug, Default)]
struct PartitionBacklog {
    /// The last sample.
    sample: PartitionSample,
    /// No record below this offset is waiting. It is the position, or the end of the partition if
    /// only control markers follow the position.
    through: i64,
    /// The end offset in the last sample, if the partition was drained then.
    drained_at: Option<i64>,
    /// When the partition was last caught up.
    caught_up_at: Option<EventTime>,
    /// The time since which records have been waiting at an unchanged position.
    stalled_since: Option<EventTime>,
}

impl PartitionBacklog {
    /// Adds a sample taken at `now`. If nothing is waiting, the partition counts as caught up only
    /// if the broker was `reached`.
    fn update(&mut self, mut sample: PartitionSample, reached: bool, now: EventTime) {
        if sample.next != self.sample.next {
            self.stalled_since = None;
            self.through = sample.next;
        }
        sample.end = sample.end.or(self.sample.end);
        sample.applied = sample.applied.or(self.sample.applied);
        if sample.drained && sample.end.is_some() && self.drained_at == sample.end {
            self.through = self.through.max(sample.end.unwrap_or(sample.next));
        }
        self.drained_at = sample.end.filter(|_| sample.drained);
        self.through = self.through.max(sample.next);
        self.sample = sample;
        match self.records() {
            Some(0) => {
                self.stalled_since = None;
                if reached {
                    self.caught_up_at = Some(now);
                }
            }
            Some(_) => drop(self.stalled_since.get_or_insert(now)),
            None => {}
        }
    }

    /// The number of records waiting; `None` if the end of the partition is unknown.
    fn records(&self) -> Option<u64> {
        let end = self.sample.end?;
        let waiting = u64::try_from(end - self.through).unwrap_or(0);
        Some(if self.sample.drained { 0 } else { waiting })
    }

    /// How long records have been waiting; zero if none are known to wait.
    fn age(&self, now: EventTime) -> Span {
        if self.records().unwrap_or(0) == 0 {
            return Span(0);
        }
        let progress = self.sample.applied.max(self.caught_up_at);
        let since = progress.into_iter().chain(self.stalled_since).min();
        since.map_or(Span(0), |since| now.since(since).max(Span(0)))
    }
}

impl Backlog {
    /// Adds a sample of all partitions. Partitions that are missing from the sample are dropped.
    pub(super) fn update(
        &mut self,
        samples: BTreeMap<Partition, PartitionSample>,
        reached: bool,
        now: EventTime,
    ) {
        self.reached = reached;
        self.partitions.retain(|partition, _| samples.contains_key(partition));
        for (partition, sample) in samples {
            self.partitions.entry(partition).or_default().update(sample, reached, now);
        }
    }

    /// The lag at `now`.
    pub(super) fn lag(&self, now: EventTime) -> InputLag {
        let input = |queue: &PartitionBacklog| PartitionLag {
            next: queue.sample.next,
            records: queue.records(),
            age: queue.age(now),
        };
        let inputs = self.partitions.iter().map(|(of, queue)| (of.clone(), input(queue)));
        InputLag { partitions: inputs.collect(), broker_reachable: self.reached }
    }

    /// Whether any record is known to be waiting.
    fn has_waiting(&self) -> bool {
        self.partitions.values().any(|queue| queue.records().is_some_and(|count| count > 0))
    }

    /// The control markers at the end of drained partitions, as ranges that start at the position.
    /// A batch moves the position past these markers; otherwise retention could delete records
    /// beyond the position.
    pub(super) fn trailing_markers(&self, position: &Position) -> Vec<InputRange> {
        let range = |(of, queue): (&Partition, &PartitionBacklog)| {
            let from = position.inputs.get(of)?.next;
            (queue.sample.drained && queue.through > from).then(|| InputRange {
                of: of.clone(),
                from,
                to: queue.through,
            })
        };
        self.partitions.iter().filter_map(range).collect()
    }

    /// The position of every partition, past any trailing control markers.
    fn positions(&self) -> BTreeMap<Partition, i64> {
        self.partitions.iter().map(|(of, queue)| (of.clone(), queue.through)).collect()
    }

    /// The last samples, without the end offsets and drained flags that came from the reader.
    fn last(&self) -> BTreeMap<Partition, PartitionSample> {
        let partial = |last: PartitionSample| PartitionSample { end: None, drained: false, ..last };
        self.partitions.iter().map(|(of, queue)| (of.clone(), partial(queue.sample))).collect()
    }
}

/// Samples that contain only what a position reveals: the next offset, and the timestamp of the
/// last record applied.
pub(super) fn samples_at(position: &Position) -> BTreeMap<Partition, PartitionSample> {
    let inputs = position.inputs.iter();
    let samples = inputs.map(|(of, mark)| {
        let applied = mark.last.and_then(|last| last.timestamp);
        (of.clone(), PartitionSample { next: mark.next, applied, ..PartitionSample::default() })
    });
    samples.collect()
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Samples the backlog while the shard is processed: every second, and as soon as the loop has
    /// nothing left to do. Reports the lag to the observer, and the positions to lag monitoring
    /// tools.
    pub(super) fn sample_backlog(&mut self, worked: bool) {
        let (Some(memory), Some(reader)) = (&self.memory, &mut self.reader) else { return };
        let (now, wall) = (self.clock.elapsed(), self.clock.wall());
        let due = self.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK_EVERY);
        if !due && (worked || !self.backlog.has_waiting()) {
            return;
        }
        self.looked_at = Some(now);
        self.backlog.update(
            reader.sample_partitions(&memory.position),
            reader.is_reachable(),
            wall,
        );
        reader.note(self.backlog.positions(), now);
        self.observer.lag(&self.backlog.lag(wall));
    }

    /// Initializes the backlog when the lease is granted, before the first batch.
    ///
    /// # Errors
    /// When a person has to intervene.
    pub(super) fn init_backlog(&mut self) -> Result<(), Error> {
        if self.memory.is_none() {
            self.observer.phase(Phase::Restoring(self.changelog.read()));
        }
        (self.backlog, self.looked_at) = (Backlog::default(), None);
        match self.memory.as_ref().filter(|memory| memory.unconfirmed.is_none()) {
            Some(memory) => {
                self.backlog.update(samples_at(&memory.position), true, self.clock.wall());
                Ok(())
            }
            None => self.sample_backlog_from_broker(),
        }
    }

    /// Samples the backlog while the shard cannot be processed, by asking the broker for the end
    /// offsets, at most once a second. Reports the lag to the observer.
    ///
    /// # Errors
    /// When a person has to intervene.
    pub(super) fn sample_backlog_from_broker(&mut self) -> Result<(), Error> {
        let now = self.clock.elapsed();
        if self.looked_at.is_some_and(|at| now.saturating_sub(at) < LOOK_EVERY) {
            return Ok(());
        }
        self.looked_at = Some(now);
        let mut samples = self.confirmed_position()?;
        let of: Vec<Partition> = samples.keys().cloned().collect();
        let ends = unless_fatal(self.broker.ends(&of, LOOK_UP_WITHIN))?;
        let reached = ends.len() == of.len();
        for (of, end) in ends {
            if let Some(sample) = samples.get_mut(&of) {
                sample.end = Some(end);
            }
        }
        let wall = self.clock.wall();
        self.backlog.update(samples, reached, wall);
        self.observer.lag(&self.backlog.lag(wall));
        Ok(())
    }

    /// The position that the broker has confirmed, which does not include an unconfirmed batch.
    /// Before the changelog is read, this is the position that was committed for lag monitoring
    /// tools.
    fn confirmed_position(&mut self) -> Result<BTreeMap<Partition, PartitionSample>, Error> {
        if let Some(memory) = self.memory.as_ref().filter(|memory| memory.unconfirmed.is_none()) {
            return Ok(samples_at(&memory.position));
        }
        let last = self.backlog.last();
        if !last.is_empty() || self.memory.is_some() {
            return Ok(last);
        }
        let noted = unless_fatal(self.broker.committed_positions(LOOK_UP_WITHIN))?;
        Ok(noted
            .into_iter()
            .map(|(of, next)| (of, PartitionSample { next, ..PartitionSample::default() }))
            .collect())
    }
}

/// Returns the result of a request to the broker, or the default value if the request failed but
/// may be retried.
fn unless_fatal<T: Default>(result: Result<T, Fault>) -> Result<T, Error> {
    match result {
        Ok(value) => Ok(value),
        Err(Fault::Stop(why)) => Err(Error(why)),
        Err(fault) => {
            tracing::debug!(%fault, "cannot read the end offsets of the input");
            Ok(T::default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(partition: i32) -> Partition {
        Partition { topic: "in".into(), partition }
    }

    fn sample(next: i64, end: i64) -> PartitionSample {
        PartitionSample { next, end: Some(end), ..PartitionSample::default() }
    }

    /// Adds samples of one partition, given with their times in seconds. Returns the lag, and the
    /// age in seconds, after each sample.
    fn lags(samples: &[(i64, PartitionSample)]) -> Vec<(Option<u64>, i64)> {
        let mut backlog = Backlog::default();
        let update = |(at, sample): &(i64, PartitionSample)| {
            let now = EventTime(at * 1_000);
            backlog.update(BTreeMap::from([(partition(0), *sample)]), true, now);
            let lag = backlog.lag(now).partitions[&partition(0)];
            (lag.records, lag.age.0 / 1_000)
        };
        samples.iter().map(update).collect()
    }

    /// The name of a case, samples with their times, and the expected age in seconds after each
    /// sample.
    type BacklogCase<'a> = (&'a str, &'a [(i64, PartitionSample)], &'a [i64]);

    #[test]
    fn age_counts_from_the_later_of_the_last_applied_record_and_the_last_catch_up() {
        let applied = |at: i64, sample: PartitionSample| PartitionSample {
            applied: Some(EventTime(at * 1_000)),
            ..sample
        };
        let cases: [BacklogCase; 6] = [
            ("a backlog at the start", &[(100, applied(40, sample(5, 9)))], &[60]),
            (
                "a quiet partition gets a record",
                &[(100, applied(40, sample(5, 5))), (130, applied(40, sample(5, 6)))],
                &[0, 30],
            ),
            (
                "no record was ever applied",
                &[(100, sample(0, 9)), (190, sample(0, 9)), (191, sample(4, 9))],
                &[0, 90, 0],
            ),
            (
                "a record stamped ahead of the clock",
                &[(100, applied(999, sample(5, 9))), (170, applied(999, sample(5, 9)))],
                &[0, 70],
            ),
            (
                "the partition is read, but falls behind",
                &[(100, applied(90, sample(5, 9))), (200, applied(95, sample(6, 99)))],
                &[10, 105],
            ),
            (
                "the end offset is unknown for a while",
                &[
                    (100, applied(90, sample(5, 9))),
                    (160, PartitionSample { end: None, ..sample(5, 0) }),
                ],
                &[10, 70],
            ),
        ];
        for (what, samples, want) in cases {
            let ages: Vec<i64> = lags(samples).into_iter().map(|(_, age)| age).collect();
            assert_eq!(ages, want, "{what}");
        }
    }

    #[test]
    fn control_markers_do_not_count_as_records() {
        let drained = PartitionSample { drained: true, ..sample(5, 7) };
        let lag = |samples: &[(i64, PartitionSample)]| {
            lags(samples).into_iter().map(|(lag, _)| lag).collect()
        };
        let counts: Vec<_> =
            lag(&[(1, drained), (2, drained), (3, sample(5, 7)), (4, sample(5, 9))]);
        assert_eq!(counts, [Some(0), Some(0), Some(0), Some(2)], "markers at 5 and 6");
        let counts: Vec<_> = lag(&[(1, drained), (2, sample(5, 9))]);
        assert_eq!(counts, [Some(0), Some(4)], "after one sample, they may still be records");
        assert_eq!(
            lag(&[(1, PartitionSample { end: None, ..drained })]),
            [None::<u64>],
            "the end offset is unknown"
        );
    }

    #[test]
    fn positions_for_lag_tools_skip_trailing_control_markers() {
        let mut backlog = Backlog::default();
        let mut position = |sample: PartitionSample| {
            backlog.update(BTreeMap::from([(partition(0), sample)]), true, EventTime(0));
            backlog.positions()[&partition(0)]
        };
        let drained = PartitionSample { drained: true, ..sample(5, 7) };
        assert_eq!(position(sample(4, 5)), 4);
        assert_eq!((position(drained), position(drained)), (5, 7));
        assert_eq!(position(sample(8, 9)), 8);
        assert_eq!(position(sample(2, 9)), 2, "a position can be reset");
    }

    #[test]
    fn an_unreadable_partition_keeps_aging_while_others_advance() {
        let mut backlog = Backlog::default();
        for second in 0..300 {
            let now = EventTime(second * 1_000);
            let read = PartitionSample { applied: Some(now), ..sample(second, second + 9) };
            let stuck = PartitionSample { applied: Some(EventTime(-1_000)), ..sample(5, 9) };
            let samples = BTreeMap::from([(partition(0), read), (partition(1), stuck)]);
            backlog.update(samples, true, now);
        }
        let waiting = backlog.lag(EventTime(300_000));
        assert_eq!(waiting.partitions[&partition(0)].age, Span::seconds(1));
        let records: u64 = waiting.partitions.values().filter_map(|lag| lag.records).sum();
        assert_eq!((waiting.age(), records), (Span::seconds(301), 13));
        let later = backlog.lag(EventTime(400_000));
        assert_eq!(later.age(), Span::seconds(401), "the age grows without a new sample");
    }

    #[test]
    fn a_partition_does_not_count_as_caught_up_while_the_broker_is_unreachable() {
        let mut backlog = Backlog::default();
        let mut age = |at: i64, end: i64, reached: bool| {
            let now = EventTime(at * 1_000);
            backlog.update(BTreeMap::from([(partition(0), sample(5, end))]), reached, now);
            backlog.lag(now).age().0 / 1_000
        };
        assert_eq!((age(10, 5, true), age(100, 5, false), age(110, 6, true)), (0, 0, 100));
    }
}
