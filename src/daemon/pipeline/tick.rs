//! The part of a batch that does not depend on an article of this shard: the engine's clock
//! advances, embargoes end, and the records held until then are published.
//!
//! In: a clock reading, or an input record without items of this shard. Out: the events of the
//! engine's tick, and records of the unique topic, at most
//! [`LIFTED_BYTES_MAX`](super::embargoed::LIFTED_BYTES_MAX) bytes per batch.

use super::apply::{BatchRun, EventSource, N_PER_SHARD};
use super::broker::{Broker, Clock, InputRecord, OutputRecord, Partition, Role};
use super::memory::ShardState;
use super::record::{InputRange, Journal};
use super::reject::lost_output;
use super::{ClockSource, Pipeline};
use std::time::Duration;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::RecordPart;

/// Minimum time between two batches that only move the position past control markers.
const PASS_EVERY: Duration = Duration::from_secs(30);
/// Minimum time between two ticks while the input is quiet.
const TICK_EVERY: Duration = Duration::from_secs(1);

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// The clock reading of the next batch; `None` if there is nothing to write. A batch without
    /// records is written if records whose embargo has ended remain from an earlier batch, or if
    /// the input is quiet and either the engine has something due or the position can move past
    /// control markers.
    pub(super) fn reading(&mut self, without_records: bool) -> Option<EventTime> {
        let (memory, reader) = (self.memory.as_ref()?, self.reader.as_mut()?);
        let (wall, now) = (self.clock.wall(), self.clock.elapsed());
        if let Some(plan) = &memory.open_plan {
            let planned = without_records == plan.journal.order.is_empty();
            return planned.then_some(plan.journal.clock_reading);
        }
        if !without_records {
            return Some(wall);
        }
        let rested = self.ticked_at.is_none_or(|at| now.saturating_sub(at) >= TICK_EVERY);
        let ticks = reader.is_quiet(now) && rested && self.setup.clock == ClockSource::Wall;
        if ticks && memory.state.is_due(wall) {
            self.ticked_at = Some(now);
            return Some(memory.state.reach(wall));
        }
        let passes = reader.is_quiet(now)
            && self.passed_at.is_none_or(|at| now.saturating_sub(at) >= PASS_EVERY)
            && !self.backlog.trailing_markers(&memory.position).is_empty();
        if passes {
            self.passed_at = Some(now);
        }
        (passes || memory.held.has_lifted()).then(|| memory.state.clock())
    }
}

impl BatchRun<'_> {
    /// Advances the engine's clock to the reading of the batch, without an input record.
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
        self.advance_clock(memory, &record, self.with.reading, n);
    }

    /// Advances the engine's clock to `now` after `record`, which contains no article of this
    /// shard.
    pub(super) fn advance_clock(
        &mut self,
        memory: &mut ShardState,
        record: &InputRecord,
        now: EventTime,
        n: u32,
    ) {
        let outcome = memory.state.tick(now, &record.position(0));
        let events = self.settle(memory, outcome);
        let source = EventSource { record, item: 0, part: &RecordPart::Whole, items: 1 };
        self.encode_events(memory, events, source, n);
    }

    /// Publishes records whose embargo has ended, as many as one batch may contain. If a record is
    /// lost, a reject is written instead.
    pub(super) fn publish_lifted(&mut self, memory: &mut ShardState) {
        while let Some((input, record)) = memory.held.take_lifted() {
            let output = match record {
                Some(record) => self.fitting_late(record, input),
                None => {
                    self.lost += 1;
                    lost_output(&input, self.with.limits.of(Role::Rejected))
                }
            };
            self.outputs.push(output);
        }
    }

    /// Returns the record, or a reject instead if the record no longer fits its topic because the
    /// topic's size limit was lowered during the embargo.
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
        self.or_reject(record, &from, usize::try_from(item).unwrap_or(usize::MAX))
    }
}
