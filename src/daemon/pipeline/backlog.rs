//! Input records not yet processed: how many there are, and how long they have waited.
//!
//! In: looks at the input, about every second: at the reader while the shard works, at the broker
//! while it cannot. Out: [`Waiting`], with lag and age by partition.
//!
//! ```text
//! applied 12:00:00   at its end 12:05:00   a record waits, now 12:05:30   age 30 s
//! applied 12:00:00   a record waits, now 12:05:30                         age 330 s
//! ```
//!
//! The age of a partition counts from the last record applied or from the last time that its end
//! was reached, whichever is later; and if neither is known or both are later, from when its
//! position was first seen to stand still while records wait. So a partition that nobody can read
//! grows older however the others fare, and a record on a quiet partition does not make it look
//! hours old.
//!
//! The last offsets of a transactional topic are control markers, which are no records. A partition
//! that is read to its end and whose end stays the same over two looks has nothing but markers
//! left.
//!
//! Cost: one map entry a partition. While the shard cannot work, one request a partition and
//! second, [`LOOK_UP_WITHIN`] at most for all of them; what was not asked for keeps its last known
//! end.

use super::broker::{Broker, Clock, Fault, Partition};
use super::observer::{InputLag, PartitionLag};
use super::record::{InputRange, Position};
use super::{Phase, Pipeline};
use std::collections::BTreeMap;
use std::time::Duration;
use wirefold_engine::article::{EventTime, Span};

/// How often the input is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a look at the broker may take: recovery waits for it.
const LOOK_UP_WITHIN: Duration = Duration::from_millis(500);

/// What is seen of a partition at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PartitionSample {
    /// The next offset to process.
    pub next: i64,
    /// The timestamp of the last record applied, if known.
    pub applied: Option<EventTime>,
    /// Where the partition ends, if known.
    pub end: Option<i64>,
    /// Whether the reader has given everything up to the end.
    pub drained: bool,
}

/// The backlog of a shard.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    partitions: BTreeMap<Partition, PartitionBacklog>,
    reached: bool,
}

/// The backlog of a partition.
#[derive(Debug, Default)]
struct PartitionBacklog {
    seen: PartitionSample,
    /// The offset before which nothing waits: the position, or the end behind control markers.
    through: i64,
    /// The end when the partition was last seen drained.
    drained_at: Option<i64>,
    /// When nothing waited, last.
    empty: Option<EventTime>,
    /// Since when records wait while the position stands still.
    still: Option<EventTime>,
}

impl PartitionBacklog {
    fn look(&mut self, mut seen: PartitionSample, reached: bool, now: EventTime) {
        if seen.next != self.seen.next {
            self.still = None;
            self.through = seen.next;
        }
        seen.end = seen.end.or(self.seen.end);
        seen.applied = seen.applied.or(self.seen.applied);
        if seen.drained && seen.end.is_some() && self.drained_at == seen.end {
            self.through = self.through.max(seen.end.unwrap_or(seen.next));
        }
        self.drained_at = seen.end.filter(|_| seen.drained);
        self.through = self.through.max(seen.next);
        self.seen = seen;
        match self.records() {
            Some(0) => {
                self.still = None;
                if reached {
                    self.empty = Some(now);
                }
            }
            Some(_) => drop(self.still.get_or_insert(now)),
            None => {}
        }
    }

    fn records(&self) -> Option<u64> {
        let end = self.seen.end?;
        let waiting = u64::try_from(end - self.through).unwrap_or(0);
        Some(if self.seen.drained { 0 } else { waiting })
    }

    fn age(&self, now: EventTime) -> Span {
        if self.records().unwrap_or(0) == 0 {
            return Span(0);
        }
        let after = self.seen.applied.max(self.empty);
        let since = after.into_iter().chain(self.still).min();
        since.map_or(Span(0), |since| now.since(since).max(Span(0)))
    }
}

impl Backlog {
    /// Takes in a look at all partitions.
    pub(super) fn look(
        &mut self,
        seen: BTreeMap<Partition, PartitionSample>,
        reached: bool,
        now: EventTime,
    ) {
        self.reached = reached;
        self.partitions.retain(|of, _| seen.contains_key(of));
        for (of, seen) in seen {
            self.partitions.entry(of).or_default().look(seen, reached, now);
        }
    }

    /// What waits at `now`.
    pub(super) fn waiting(&self, now: EventTime) -> InputLag {
        let input = |queue: &PartitionBacklog| PartitionLag {
            next: queue.seen.next,
            records: queue.records(),
            age: queue.age(now),
        };
        let inputs = self.partitions.iter().map(|(of, queue)| (of.clone(), input(queue)));
        InputLag { inputs: inputs.collect(), reached: self.reached }
    }

    /// Whether anything waits.
    fn waits(&self) -> bool {
        self.partitions.values().any(|queue| queue.records().is_some_and(|count| count > 0))
    }

    /// Control markers at the end of partitions that are read to their end: nothing is left to be read
    /// before the position that is behind them, which must not fall behind what retention removes.
    pub(super) fn markers(&self, position: &Position) -> Vec<InputRange> {
        let range = |(of, queue): (&Partition, &PartitionBacklog)| {
            let from = position.inputs.get(of)?.next;
            (queue.seen.drained && queue.through > from).then(|| InputRange {
                of: of.clone(),
                from,
                to: queue.through,
            })
        };
        self.partitions.iter().filter_map(range).collect()
    }

    /// The position of every partition, control markers passed over.
    pub(super) fn through(&self) -> BTreeMap<Partition, i64> {
        self.partitions.iter().map(|(of, queue)| (of.clone(), queue.through)).collect()
    }

    /// What was seen last, without the reader's word.
    fn last(&self) -> BTreeMap<Partition, PartitionSample> {
        let blind = |seen: PartitionSample| PartitionSample { end: None, drained: false, ..seen };
        self.partitions.iter().map(|(of, queue)| (of.clone(), blind(queue.seen))).collect()
    }
}

/// What is known of the input by a position alone.
pub(super) fn sights(position: &Position) -> BTreeMap<Partition, PartitionSample> {
    let inputs = position.inputs.iter();
    let seen = inputs.map(|(of, mark)| {
        let applied = mark.last.and_then(|last| last.timestamp);
        (of.clone(), PartitionSample { next: mark.next, applied, ..PartitionSample::default() })
    });
    seen.collect()
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Tells what waits while the shard works: every second, and when it is through.
    pub(super) fn look(&mut self, worked: bool) {
        let (Some(memory), Some(reader)) = (&self.memory, &mut self.reader) else { return };
        let (now, wall) = (self.clock.elapsed(), self.clock.wall());
        let due = self.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK_EVERY);
        if !due && (worked || !self.backlog.waits()) {
            return;
        }
        self.looked_at = Some(now);
        self.backlog.look(reader.look(&memory.position), reader.reached(), wall);
        reader.note(self.backlog.through(), now);
        self.observer.waiting(&self.backlog.waiting(wall));
    }

    /// The shard is granted: what is known of its input before the first batch.
    ///
    /// # Errors
    /// When a person has to decide.
    pub(super) fn look_before_work(&mut self) -> Result<(), String> {
        if self.memory.is_none() {
            self.observer.phase(Phase::Restoring(self.log.read()));
        }
        (self.backlog, self.looked_at) = (Backlog::default(), None);
        match self.memory.as_ref().filter(|memory| memory.unconfirmed.is_none()) {
            Some(memory) => {
                self.backlog.look(sights(&memory.position), true, self.clock.wall());
                Ok(())
            }
            None => self.look_up(),
        }
    }

    /// Tells what waits while the shard cannot work: the broker is asked where its input ends.
    ///
    /// # Errors
    /// When a person has to decide.
    pub(super) fn look_up(&mut self) -> Result<(), String> {
        let now = self.clock.elapsed();
        if self.looked_at.is_some_and(|at| now.saturating_sub(at) < LOOK_EVERY) {
            return Ok(());
        }
        self.looked_at = Some(now);
        let mut seen = self.stands_at()?;
        let of: Vec<Partition> = seen.keys().cloned().collect();
        let ends = found(self.broker.ends(&of, LOOK_UP_WITHIN))?;
        let reached = ends.len() == of.len();
        for (of, end) in ends {
            if let Some(seen) = seen.get_mut(&of) {
                seen.end = Some(end);
            }
        }
        let wall = self.clock.wall();
        self.backlog.look(seen, reached, wall);
        self.observer.waiting(&self.backlog.waiting(wall));
        Ok(())
    }

    /// The position that the broker has confirmed. Before the changelog is read, it is what was
    /// noted for lag tools; an unconfirmed batch does not move it.
    fn stands_at(&mut self) -> Result<BTreeMap<Partition, PartitionSample>, String> {
        if let Some(memory) = self.memory.as_ref().filter(|memory| memory.unconfirmed.is_none()) {
            return Ok(sights(&memory.position));
        }
        let last = self.backlog.last();
        if !last.is_empty() || self.memory.is_some() {
            return Ok(last);
        }
        let noted = found(self.broker.noted(LOOK_UP_WITHIN))?;
        Ok(noted
            .into_iter()
            .map(|(of, next)| (of, PartitionSample { next, ..PartitionSample::default() }))
            .collect())
    }
}

/// What a look at the broker found; nothing where it failed in a way that mends itself.
fn found<T: Default>(looked: Result<T, Fault>) -> Result<T, String> {
    match looked {
        Ok(found) => Ok(found),
        Err(Fault::Stop(why)) => Err(why),
        Err(fault) => {
            tracing::debug!(%fault, "the ends of the input are not known");
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

    fn sight(next: i64, end: i64) -> PartitionSample {
        PartitionSample { next, end: Some(end), ..PartitionSample::default() }
    }

    /// Looks at one partition at times in seconds; says its lag and age in seconds after each.
    fn looks(seen: &[(i64, PartitionSample)]) -> Vec<(Option<u64>, i64)> {
        let mut backlog = Backlog::default();
        let look = |(at, seen): &(i64, PartitionSample)| {
            let now = EventTime(at * 1_000);
            backlog.look(BTreeMap::from([(partition(0), *seen)]), true, now);
            let found = backlog.waiting(now).inputs[&partition(0)];
            (found.records, found.age.0 / 1_000)
        };
        seen.iter().map(look).collect()
    }

    /// What is shown, looks by time, and the age after each.
    type BacklogCase<'a> = (&'a str, &'a [(i64, PartitionSample)], &'a [i64]);

    #[test]
    fn age_counts_from_the_last_record_applied_or_the_end_whichever_is_later() {
        let applied = |at: i64, seen: PartitionSample| PartitionSample {
            applied: Some(EventTime(at * 1_000)),
            ..seen
        };
        let cases: [BacklogCase; 6] = [
            ("a backlog at the start", &[(100, applied(40, sight(5, 9)))], &[60]),
            (
                "a quiet partition gets a record",
                &[(100, applied(40, sight(5, 5))), (130, applied(40, sight(5, 6)))],
                &[0, 30],
            ),
            (
                "nothing was ever applied",
                &[(100, sight(0, 9)), (190, sight(0, 9)), (191, sight(4, 9))],
                &[0, 90, 0],
            ),
            (
                "a record stamped ahead of the clock",
                &[(100, applied(999, sight(5, 9))), (170, applied(999, sight(5, 9)))],
                &[0, 70],
            ),
            (
                "it is read, and falls behind all the same",
                &[(100, applied(90, sight(5, 9))), (200, applied(95, sight(6, 99)))],
                &[10, 105],
            ),
            (
                "the end is not known for a while",
                &[
                    (100, applied(90, sight(5, 9))),
                    (160, PartitionSample { end: None, ..sight(5, 0) }),
                ],
                &[10, 70],
            ),
        ];
        for (what, seen, want) in cases {
            let ages: Vec<i64> = looks(seen).into_iter().map(|(_, age)| age).collect();
            assert_eq!(ages, want, "{what}");
        }
    }

    #[test]
    fn control_markers_are_no_records_whoever_looks() {
        let drained = PartitionSample { drained: true, ..sight(5, 7) };
        let lag =
            |seen: &[(i64, PartitionSample)]| looks(seen).into_iter().map(|(lag, _)| lag).collect();
        let found: Vec<_> = lag(&[(1, drained), (2, drained), (3, sight(5, 7)), (4, sight(5, 9))]);
        assert_eq!(found, [Some(0), Some(0), Some(0), Some(2)], "markers at 5 and 6");
        let found: Vec<_> = lag(&[(1, drained), (2, sight(5, 9))]);
        assert_eq!(found, [Some(0), Some(4)], "seen once, they may be records");
        assert_eq!(
            lag(&[(1, PartitionSample { end: None, ..drained })]),
            [None::<u64>],
            "no end is known"
        );
    }

    #[test]
    fn positions_for_lag_tools_pass_over_control_markers() {
        let mut backlog = Backlog::default();
        let mut through = |seen: PartitionSample| {
            backlog.look(BTreeMap::from([(partition(0), seen)]), true, EventTime(0));
            backlog.through()[&partition(0)]
        };
        let drained = PartitionSample { drained: true, ..sight(5, 7) };
        assert_eq!(through(sight(4, 5)), 4);
        assert_eq!((through(drained), through(drained)), (5, 7));
        assert_eq!(through(sight(8, 9)), 8);
        assert_eq!(through(sight(2, 9)), 2, "a position may be reset");
    }

    #[test]
    fn a_partition_that_nobody_can_read_is_not_hidden_by_the_others() {
        let mut backlog = Backlog::default();
        for second in 0..300 {
            let now = EventTime(second * 1_000);
            let read = PartitionSample { applied: Some(now), ..sight(second, second + 9) };
            let stuck = PartitionSample { applied: Some(EventTime(-1_000)), ..sight(5, 9) };
            let seen = BTreeMap::from([(partition(0), read), (partition(1), stuck)]);
            backlog.look(seen, true, now);
        }
        let waiting = backlog.waiting(EventTime(300_000));
        assert_eq!(waiting.inputs[&partition(0)].age, Span::seconds(1));
        assert_eq!((waiting.age(), waiting.records()), (Span::seconds(301), 13));
        let later = backlog.waiting(EventTime(400_000));
        assert_eq!(later.age(), Span::seconds(401), "it grows without a further look");
    }

    #[test]
    fn while_the_broker_is_away_nothing_counts_as_read_to_its_end() {
        let mut backlog = Backlog::default();
        let mut age = |at: i64, end: i64, reached: bool| {
            let now = EventTime(at * 1_000);
            backlog.look(BTreeMap::from([(partition(0), sight(5, end))]), reached, now);
            backlog.waiting(now).age().0 / 1_000
        };
        assert_eq!((age(10, 5, true), age(100, 5, false), age(110, 6, true)), (0, 0, 100));
    }
}
