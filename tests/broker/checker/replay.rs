//! Runs the pure engine over the input in the order of the journals.
//!
//! Nothing of the daemon's loop is used: records are decoded, prepared and applied here, and only
//! what turns an event into a record is shared, because that is the contract.

use super::journals::Log;
use super::twins::Said;
use super::{Law, Rules, Verdict};
use crate::outside::Record;
use rayon::prelude::*;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::ClockSource;
use wirefold::daemon::pipeline::batch::{stamp, waits};
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::pipeline::record::{InputRange, Journal};
use wirefold::daemon::pipeline::reject::reject;
use wirefold::daemon::pipeline::shards::{FilterDecision, ShardFilter};
use wirefold::daemon::publish::{Encoder, UniqueFeed};
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::{self, RecordPart};
use wirefold_engine::event::Event;
use wirefold_engine::prepare::{Prepared, prepare};
use wirefold_engine::state::State;

/// What the numbers of a record's events begin at, in each further shard.
const N_PER_SHARD: u32 = 1 << 20;

struct Run<'a> {
    slice: &'a ShardFilter,
    reject_bytes_max: usize,
    state: State,
    encoder: Encoder,
    sequence: u64,
    memory: BTreeMap<String, Vec<u8>>,
    /// Records of the unique feed that wait for the end of an embargo.
    held: BTreeMap<InputPosition, OutputRecord>,
    said: &'a mut Said,
}

/// Runs all journals of one shard, adds what they say to `said`, and compares what the engine
/// remembers with what the changelog holds.
pub(super) fn run(
    log: &Log,
    input: &[Record],
    slice: &ShardFilter,
    rules: &Rules,
    said: &mut Said,
    verdict: &mut Verdict,
) {
    let config = &rules.config;
    let unique = if config.output.unique.is_empty() { UniqueFeed::Off } else { UniqueFeed::Wanted };
    let mut run = Run {
        slice,
        reject_bytes_max: rules.reject_bytes_max,
        state: State::new(config.engine.clone(), log.key),
        encoder: Encoder::new(config.output.mode, &config.group.id, config.settings_hash(), unique),
        sequence: 0,
        memory: BTreeMap::new(),
        held: BTreeMap::new(),
        said,
    };
    for (batch, journal) in &log.journals {
        match ordered(journal, input) {
            Ok(records) => run.batch(records, journal, rules),
            Err(how) => return verdict.broken(Law::Chain, format!("batch {batch}: {how}")),
        }
        if run.state.clock() != journal.clock {
            verdict.broken(Law::Chain, format!("batch {batch} leaves another clock"));
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
        let (of, left) = ranges.get_mut(*of as usize).ok_or("the order names no range")?;
        let (now, later) = left.split_at_checked(*count as usize).ok_or("a range is too short")?;
        records.extend(now.iter().map(|record| input_record(of, record)));
        *left = later;
    }
    let left: usize = ranges.iter().map(|(_, left)| left.len()).sum();
    if left > 0 { Err(format!("{left} records stand in no order")) } else { Ok(records) }
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

/// An item of a record: its place there, its part of it, and what was read.
type Own = (usize, RecordPart, Result<Prepared, decode::Error>);

/// The shard's own items of a record, and how many it holds.
struct Items {
    own: Vec<Own>,
    count: u32,
}

/// Whether an item is the shard's.
fn takes(
    slice: &ShardFilter,
    record: &InputRecord,
    item: &Result<Prepared, decode::Error>,
) -> bool {
    match slice.takes(record) {
        FilterDecision::Whole => true,
        FilterDecision::Nothing => false,
        FilterDecision::ByItem => {
            let article = item.as_ref().ok().map(|p| (&p.article, p.about.language));
            slice.takes_item(record, article)
        }
    }
}

impl Run<'_> {
    fn batch(&mut self, records: Vec<InputRecord>, journal: &Journal, rules: &Rules) {
        let (settings, key, slice) = (&rules.config.engine, self.state.key(), self.slice);
        let decoded: Vec<(InputRecord, Items)> = records
            .into_par_iter()
            .map(|record| {
                let content_type = record.header("content-type");
                let content_type = content_type.and_then(|v| std::str::from_utf8(v).ok());
                let payload = record.payload.as_deref().unwrap_or_default();
                let format = rules.config.input.format;
                let all = decode::items(payload, content_type, format, &settings.wire);
                let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
                let ready = |article| prepare(article, settings, key);
                let all = all.into_iter().enumerate();
                let all = all.map(|(at, item)| (at, item.part, item.article.map(ready)));
                let own = |(_, _, item): &Own| takes(slice, &record, item);
                let items = Items { own: all.filter(own).collect(), count };
                (record, items)
            })
            .collect();
        if journal.order.is_empty() {
            self.tick(journal);
        }
        for (record, items) in decoded {
            self.record(&record, items, journal.reading);
        }
        for change in self.state.take_changes() {
            match change.value {
                Some(value) => self.memory.insert(change.key, value),
                None => self.memory.remove(&change.key),
            };
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
                    self.said.push(
                        self.slice.shard,
                        reject(record, item, &part, &why, self.reject_bytes_max),
                    );
                    continue;
                }
            };
            accepted = true;
            let events = self.state.apply(article, stamp, position(record, item));
            n = self.tell(events, record, (&part, items.count), n);
        }
        if !accepted && self.state.is_due(stamp) {
            let events = self.state.tick(stamp, &position(record, 0));
            self.tell(events, record, (&RecordPart::Whole, 1), n);
        }
    }

    /// A batch without records: the clock goes on after the record that the journal names.
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
        let events = self.state.tick(journal.reading, &position(&record, 0));
        self.tell(events, &record, (&RecordPart::Whole, 1), self.slice.shard * N_PER_SHARD);
    }

    fn tell(
        &mut self,
        events: Vec<Event>,
        record: &InputRecord,
        (part, items): (&RecordPart, u32),
        mut n: u32,
    ) -> u32 {
        let mut lifted = self.state.take_lifted();
        lifted.sort_unstable_by(|a, b| a.input.cmp(&b.input));
        for lifted in lifted {
            if let Some(waited) = self.held.remove(&lifted.input).filter(|_| lifted.stands()) {
                self.said.push(self.slice.shard, waited);
            }
        }
        for event in events {
            let sequence = self.sequence;
            let told = EventContext { event: &event, n, sequence, record, part, items, resets: 0 };
            for record in self.encoder.encode(&told) {
                self.said.push(self.slice.shard, record);
            }
            if waits(&event)
                && let Some(waiting) = self.encoder.unique(&told)
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
