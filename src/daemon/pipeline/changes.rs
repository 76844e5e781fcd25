//! Builds the changelog records of a batch.
//!
//! In: the shard's state after the batch, and the input that the batch covered. Out: the engine's
//! changes, the journal and, as the last record, the position.

use super::batch::BatchContext;
use super::broker::{InputRecord, OutputRecord, Partition};
use super::memory::ShardState;
use super::prepare::PreparedRecord;
use super::record::{
    self, ATTEMPT, ENDS, InputMark, InputRange, Journal, KEY, LastRecord, POSITION, RESETS, SHAPE,
    raw, state,
};
use std::collections::{BTreeMap, BTreeSet};
use wirefold_engine::ENGINE_VERSION;
use wirefold_engine::article::EventTime;

/// Maximum number of expired journals for which one batch writes tombstones.
const JOURNALS_PASSED_MAX: usize = 1_000;

/// The journal of a batch. Its `clock` is not known yet, so it is set to the lowest value.
pub(super) fn journal(
    memory: &ShardState,
    items: &[PreparedRecord],
    with: BatchContext<'_>,
) -> Journal {
    let mut ranges: BTreeMap<&Partition, (i64, i64)> = BTreeMap::new();
    for PreparedRecord { record, .. } in items {
        let mark = memory.position.inputs.get(&record.from);
        let from = mark.map_or(record.offset, |mark| mark.next);
        ranges.entry(&record.from).or_insert((from, from)).1 = record.offset + 1;
    }
    let index: BTreeMap<&Partition, u32> = ranges.keys().copied().zip(0..).collect();
    let mut order: Vec<(u32, u32)> = Vec::new();
    for PreparedRecord { record, .. } in items {
        let range = index[&record.from];
        match order.last_mut() {
            Some((last, count)) if *last == range => *count += 1,
            _ => order.push((range, 1)),
        }
    }
    let range =
        |(of, (from, to)): (&Partition, (i64, i64))| InputRange { of: of.clone(), from, to };
    let ticks = if items.is_empty() { last_applied(memory) } else { None };
    let passed = if items.is_empty() { with.trailing_markers } else { &[] };
    Journal {
        ranges: ranges.into_iter().map(range).chain(ticks).chain(passed.iter().cloned()).collect(),
        order,
        clock_reading: with.reading,
        clock: EventTime(i64::MIN),
        engine_version: ENGINE_VERSION.to_owned(),
        settings_hash: with.encoder.settings().to_owned(),
        sequence: memory.position.sequence,
    }
}

/// An empty range that begins after the last record applied. The journal of a tick contains this
/// range.
fn last_applied(memory: &ShardState) -> Option<InputRange> {
    let marks = memory.position.inputs.iter();
    let (of, mark) = marks.max_by_key(|(of, mark)| (mark.last.map(|last| last.timestamp), *of))?;
    Some(InputRange { of: of.clone(), from: mark.next, to: mark.next })
}

/// All changelog records of a batch: the given `records`, the pipeline's own records that are not
/// in the changelog yet, tombstones of expired journals, the journal, and the position. If a key
/// occurs more than once, only its last record is kept.
pub(super) fn changelog(
    memory: &mut ShardState,
    number: u64,
    journal: &Journal,
    mut records: Vec<OutputRecord>,
) -> Vec<OutputRecord> {
    if memory.attempt.take().is_some() {
        records.push(raw(ATTEMPT.to_owned(), None));
    }
    if !memory.key_written {
        records.push(state(KEY, &memory.state.key().0));
        memory.key_written = true;
    }
    if let Some(shape) = memory.shape.as_ref().filter(|_| !memory.shape_written) {
        records.push(state(SHAPE, shape));
        memory.shape_written = true;
    }
    if !memory.resets_written {
        records.push(state(RESETS, &memory.resets));
        memory.resets_written = true;
    }
    if !memory.ends.is_empty() {
        records.push(state(ENDS, &memory.ends));
    }
    memory.journals.push(number, journal.clock);
    let window = memory.state.settings().window;
    for passed in memory.journals.take_expired(journal.clock, window, JOURNALS_PASSED_MAX) {
        records.push(raw(record::journal_key(passed), None));
    }
    records.push(state(&record::journal_key(number), journal));
    let mut seen = BTreeSet::new();
    let mut newest: Vec<OutputRecord> =
        records.into_iter().rev().filter(|r| seen.insert(r.key.clone())).collect();
    newest.reverse();
    newest.push(state(POSITION, &memory.position));
    newest
}

/// The new position of every partition that the batch advances.
pub(super) fn marks(
    memory: &ShardState,
    journal: &Journal,
    items: &[PreparedRecord],
) -> Vec<(Partition, InputMark)> {
    let mark = |range: &InputRange| {
        let last = items.iter().rev().find(|item| item.record.from == range.of);
        let last = last.map(|item| last_record(&item.record));
        // A range with only control markers contains no record, so the last applied record stays
        // the same.
        let last = last.or_else(|| memory.position.inputs.get(&range.of)?.last);
        (range.of.clone(), InputMark { next: range.to, last })
    };
    journal.ranges.iter().filter(|range| range.from < range.to).map(mark).collect()
}

/// Identifies a record by offset, timestamp and content hash.
pub(super) fn last_record(record: &InputRecord) -> LastRecord {
    let hash = record::content_hash(record.key.as_deref(), record.payload.as_deref());
    LastRecord { offset: record.offset, timestamp: record.timestamp, hash }
}
