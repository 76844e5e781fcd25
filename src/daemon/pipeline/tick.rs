//! What the clock does in a batch without an article: it goes on, embargoes end, and what waited
//! for that is passed on.
//!
//! In: a clock reading, or a record that holds nothing of the shard's. Out: the events of the
//! engine's tick, and records of the unique feed, at most
//! [`LIFTED_BYTES_MAX`](super::embargoed::LIFTED_BYTES_MAX) a batch.

use super::batch::{BatchRun, EventSource, N_PER_SHARD};
use super::broker::{InputRecord, OutputRecord, Partition, Role};
use super::memory::ShardState;
use super::record::{InputRange, Journal};
use super::reject::lost;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::RecordPart;

/// The place of an item of a record.
pub(super) fn position(record: &InputRecord, place: usize) -> InputPosition {
    InputPosition {
        topic: record.from.topic.clone(),
        partition: record.from.partition,
        offset: record.offset,
        item: u32::try_from(place).unwrap_or(u32::MAX),
    }
}

/// The last record applied, as an empty range behind it: what a tick goes on after.
pub(super) fn last_applied(memory: &ShardState) -> Option<InputRange> {
    let marks = memory.position.inputs.iter();
    let (of, mark) = marks.max_by_key(|(of, mark)| (mark.last.map(|last| last.timestamp), *of))?;
    Some(InputRange { of: of.clone(), from: mark.next, to: mark.next })
}

impl BatchRun<'_> {
    /// The clock goes on by itself.
    pub(super) fn tick(&mut self, memory: &mut ShardState, journal: &Journal) {
        let Some(InputRange { of, to, .. }) = journal.ranges.first() else { return };
        let record = InputRecord {
            from: of.clone(),
            offset: (to - 1).max(0),
            timestamp: None,
            key: None,
            payload: None,
            headers: Vec::new(),
        };
        let n = self.with.shard.saturating_mul(N_PER_SHARD);
        self.go_on(memory, &record, self.with.reading, n);
    }

    /// The clock goes on to `now` without an article of the shard's, after `record`.
    pub(super) fn go_on(
        &mut self,
        memory: &mut ShardState,
        record: &InputRecord,
        now: EventTime,
        n: u32,
    ) {
        let events = memory.state.tick(now, &position(record, 0));
        self.lift(memory);
        let source = EventSource { record, place: 0, part: &RecordPart::Whole, items: 1 };
        self.tell(memory, events, source, n);
    }

    /// Takes note of the embargoes that have ended, and passes on as many of their records as one
    /// batch may hold.
    pub(super) fn lift(&mut self, memory: &mut ShardState) {
        for lifted in memory.state.take_lifted() {
            memory.held.lift(&lifted);
        }
        self.pass_on(memory);
    }

    /// Passes on records whose embargo has ended; a reject says so where one is lost.
    pub(super) fn pass_on(&mut self, memory: &mut ShardState) {
        while let Some((input, record)) = memory.held.pass_on() {
            let output = match record {
                Some(record) => self.fitting_late(record, input),
                None => {
                    self.lost += 1;
                    lost(&input, self.with.limits.of(Role::Rejected))
                }
            };
            self.outputs.push(output);
        }
    }
    /// The record, or the reject in its place where its topic takes less than when it came in.
    fn fitting_late(&mut self, record: OutputRecord, input: InputPosition) -> OutputRecord {
        let InputPosition { topic, partition, offset, item } = input;
        let from = InputRecord {
            from: Partition { topic, partition },
            offset,
            timestamp: None,
            key: record.key.clone(),
            payload: record.payload.clone(),
            headers: record.headers.clone(),
        };
        self.fitting(record, &from, usize::try_from(item).unwrap_or(usize::MAX))
    }
}
