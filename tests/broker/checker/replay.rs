//! Runs the engine over the input in the order of the journals.
//!
//! Input: the journals of a shard and the input records. Output: the expected output records (in
//! [`Said`]) and the final engine state, which must equal the state in the changelog.
//!
//! The replay does not use the daemon's loop: records are decoded, prepared and applied here. It
//! shares the code that turns events and rejects into records, which is the published format, and
//! the rules for timestamps and embargoes.

use super::journals::Log;
use super::twins::Said;
use super::{Law, Rules, Verdict};
use crate::outside::Record;
use rayon::prelude::*;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::ClockSource;
use wirefold::daemon::pipeline::batch::{is_embargoed, stamp};
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::pipeline::record::{InputRange, Journal};
use wirefold::daemon::pipeline::reject::reject;
use wirefold::daemon::pipeline::shards::{FilterDecision, ShardFilter};
use wirefold::daemon::publish::{Encoder, UniqueTopic};
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::{self, RecordPart};
use wirefold_engine::prepare::{Prepared, prepare};
use wirefold_engine::state::{Outcome, State};

/// The events of an input record are numbered from `shard * N_PER_SHARD`.
const N_PER_SHARD: u32 = 1 << 20;

/// The replay of one shard.
struct Run<'a> {
    slice: &'a ShardFilter,
    /// Size of the largest record that the reject topic accepts, in bytes.
    reject_bytes_max: usize,
    state: State,
    encoder: Encoder,
    /// The sequence of the next event.
    sequence: u64,
    /// The engine's state records: the last value of each key.
    memory: BTreeMap<String, Vec<u8>>,
    /// Records of the unique topic that wait for the end of an embargo.
    held: BTreeMap<InputPosition, OutputRecord>,
    /// The expected output records.
    expected: &'a mut Said,
}

/// Replays all journals of one shard, adds the resulting records to `expected`, and compares the
/// engine's state with the changelog ([`Law::Memory`]).
pub(super) fn run(
    log: &Log,
    input: &[Record],
    slice: &ShardFilter,
    rules: &Rules,
    expected: &mut Said,
    verdict: &mut Verdict,
) {
    let config = &rules.config;
    let unique = if config.output.unique.is_empty() { UniqueTopic::Off } else { UniqueTopic::On };
    let mut run = Run {
        slice,
        reject_bytes_max: rules.reject_bytes_max,
        state: State::new(config.engine.clone(), log.key),
        encoder: Encoder::new(config.output.mode, &config.group.id, config.settings_hash(), unique),
        sequence: 0,
        memory: BTreeMap::new(),
        held: BTreeMap::new(),
        expected,
    };
    for (batch, journal) in &log.journals {
        match ordered(journal, input) {
            Ok(records) => run.batch(records, journal, rules),
            Err(how) => return verdict.broken(Law::Chain, format!("batch {batch}: {how}")),
        }
        if run.state.clock() != journal.clock {
            verdict.broken(Law::Chain, format!("batch {batch} ends at another clock"));
        }
        let next = log.journals.get(&(batch + 1)).map_or(log.position.sequence, |j| j.sequence);
        if run.sequence != next {
            let how = format!("batch {batch} ends at sequence {}, not {next}", run.sequence);
            return verdict.broken(Law::Chain, how);
        }
    }
    if run.memory != log.memory {
        let keys = run.memory.keys().chain(log.memory.keys());
        let wrong = keys.filter(|key| run.memory.get(*key) != log.memory.get(*key)).min();
        verdict.broken(Law::Memory, format!("the changelog's `{}` differs", wrong.unwrap()));
    }
}

/// The records of a batch in the order that its journal gives.
fn ordered(journal: &Journal, input: &[Record]) -> Result<Vec<InputRecord>, String> {
    let mut ranges = Vec::new();
    for range in &journal.ranges {
        let place = |offset: i64| {
            input.partition_point(|r| (r.partition, r.offset) < (range.of.partition, offset))
        };
        ranges.push((&range.of, &input[place(range.from)..place(range.to)]));
    }
    let mut records = Vec::new();
    for (of, count) in &journal.order {
        let (of, left) =
            ranges.get_mut(*of as usize).ok_or("the order names a range that does not exist")?;
        let (now, later) =
            left.split_at_checked(*count as usize).ok_or("a range is too short for the order")?;
        records.extend(now.iter().map(|record| input_record(of, record)));
        *left = later;
    }
    let left: usize = ranges.iter().map(|(_, left)| left.len()).sum();
    if left > 0 { Err(format!("{left} records are not in the order")) } else { Ok(records) }
}

fn input_record(of: &Partition, record: &Record) -> InputRecord {
    InputRecord {
        from: of.clone(),
        offset: record.offset,
        timestamp: Some(EventTime(record.timestamp)),
        key: record.key.clone(),
        payload: record.value.clone(),
        headers: record.headers.clone(),
    }
}

/// An item of a record: its index, its part of the record, and the decoded article or the error.
type Item = (usize, RecordPart, Result<Prepared, decode::Error>);

/// The items of a record.
struct Items {
    /// The items that belong to this shard.
    own: Vec<Item>,
    /// Total number of items in the record.
    count: u32,
}

/// Whether an item belongs to the shard.
fn takes(
    slice: &ShardFilter,
    record: &InputRecord,
    item: &Result<Prepared, decode::Error>,
) -> bool {
    match slice.decide(record) {
        FilterDecision::Whole => true,
        FilterDecision::Nothing => false,
        FilterDecision::ByItem => {
            let article = item.as_ref().ok().map(|p| (&p.article, p.about.language));
            slice.takes_item(record, article)
        }
    }
}

impl Run<'_> {
    /// Replays one batch. A batch without records only advances the clock.
    fn batch(&mut self, records: Vec<InputRecord>, journal: &Journal, rules: &Rules) {
        let (settings, key, slice) = (&rules.config.engine, self.state.key(), self.slice);
        let decoded: Vec<(InputRecord, Items)> = records
            .into_par_iter()
            .map(|record| {
                let content_type = record.header("content-type");
                let content_type = content_type.and_then(|v| std::str::from_utf8(v).ok());
                let payload = record.payload.as_deref().unwrap_or_default();
                let format = rules.config.input.format;
                let all = decode::decode_items(payload, content_type, format, &settings.decode);
                let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
                let ready = |article| prepare(article, settings, key);
                let all = all.into_iter().enumerate();
                let all = all.map(|(at, item)| (at, item.part, item.article.map(ready)));
                let own = |(_, _, item): &Item| takes(slice, &record, item);
                let items = Items { own: all.filter(own).collect(), count };
                (record, items)
            })
            .collect();
        if journal.order.is_empty() {
            self.tick(journal);
        }
        for (record, items) in decoded {
            self.record(&record, items, journal.clock_reading);
        }
    }

    fn record(&mut self, record: &InputRecord, items: Items, reading: EventTime) {
        let stamp = stamp(record.timestamp, reading, ClockSource::Wall);
        let mut n = self.slice.shard * N_PER_SHARD;
        let mut accepted = false;
        for (item, part, article) in items.own {
            let article = match article {
                Ok(article) => article,
                Err(why) => {
                    self.expected.push(
                        self.slice.shard,
                        reject(record, item, &part, &why, self.reject_bytes_max),
                    );
                    continue;
                }
            };
            accepted = true;
            let outcome = self.state.apply(article, stamp, position(record, item));
            n = self.publish(outcome, record, (&part, items.count), n);
        }
        if !accepted && self.state.is_due(stamp) {
            let outcome = self.state.tick(stamp, &position(record, 0));
            self.publish(outcome, record, (&RecordPart::Whole, 1), n);
        }
    }

    /// Replays a batch without records: the clock advances to the time of the journal. The last
    /// record before the end of the journal's first range counts as the cause of the events.
    fn tick(&mut self, journal: &Journal) {
        let Some(InputRange { of, to, .. }) = journal.ranges.first() else { return };
        let record = InputRecord {
            from: of.clone(),
            offset: to - 1,
            timestamp: None,
            key: None,
            payload: None,
            headers: Vec::new(),
        };
        let outcome = self.state.tick(journal.clock_reading, &position(&record, 0));
        self.publish(outcome, &record, (&RecordPart::Whole, 1), self.slice.shard * N_PER_SHARD);
    }

    /// Adds the changes and the output records of an outcome, including those of embargoes that
    /// have ended. Returns the number that the next event of the record gets.
    fn publish(
        &mut self,
        outcome: Outcome,
        record: &InputRecord,
        (part, items): (&RecordPart, u32),
        mut n: u32,
    ) -> u32 {
        for change in outcome.changes {
            match change.value {
                Some(value) => self.memory.insert(change.key, value),
                None => self.memory.remove(&change.key),
            };
        }
        let mut lifted = outcome.lifted;
        lifted.sort_unstable_by(|a, b| a.input.cmp(&b.input));
        for lifted in lifted {
            if let Some(waited) = self.held.remove(&lifted.input).filter(|_| lifted.is_valid()) {
                self.expected.push(self.slice.shard, waited);
            }
        }
        for event in outcome.events {
            let sequence = self.sequence;
            let context =
                EventContext { event: &event, n, sequence, record, part, items, resets: 0 };
            for record in self.encoder.encode(&context) {
                self.expected.push(self.slice.shard, record);
            }
            if is_embargoed(&event)
                && let Some(waiting) = self.encoder.unique(&context)
            {
                self.held.insert(event.input.clone(), waiting);
            }
            self.sequence += 1;
            n += 1;
        }
        n
    }
}

fn position(record: &InputRecord, item: usize) -> InputPosition {
    InputPosition {
        topic: record.from.topic.clone(),
        partition: record.from.partition,
        offset: record.offset,
        item: u32::try_from(item).unwrap_or(u32::MAX),
    }
}
