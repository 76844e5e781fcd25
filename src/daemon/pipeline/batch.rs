//! One batch: input records in, everything that one transaction writes out.
//!
//! In: records in the order of the merge, and one clock reading. Out: a [`Batch`] of finished
//! records: events, stories, unique feed, rejects, and the changelog with journal and position.
//! [`prepare`] is stateless and runs on all cores; [`apply`] is the one writer.
//!
//! A batch without records is a *tick*: the engine's clock goes on to the reading, and what is due
//! by then happens. Its journal names the last record applied, as an empty range behind it.
//!
//! Invariants: BA-1 a batch is a function of the memory, the records, the reading and the settings;
//! BA-2 every item that is the shard's gives at least one event or one reject; BA-3 each changelog key
//! occurs once.
//!
//! Cost: one decode and one preparation per article, spread over cores; the rest is linear in what
//! is written.

use super::broker::{InputRecord, Limits, OutputRecord, Partition, Role};
use super::memory::Memory;
use super::record::{
    self, END, End, InputMark, Journal, KEY, LastRecord, PLAN, POSITION, Plan, Range, SHAPE,
};
use super::reject::{oversized, reject};
use super::shards::{Slice, Taken};
use super::tick::{last_applied, position};
use super::{ClockSource, Delivery, Fault, TooLarge};
use crate::daemon::metrics;
use crate::engine::article::{Article, EventTime, Span};
use crate::engine::event::{Event, What};
use crate::engine::fingerprint::FloodKey;
use crate::engine::prepare::{Prepared, prepare as prepared};
use crate::engine::relation::Pass;
use crate::engine::state::Tally;
use crate::engine::wire::{self, Format};
use crate::engine::{CORE, Settings};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// How many passed journals a batch tombstones at most.
const JOURNALS_PASSED_MAX: usize = 1_000;

/// How far the clock of the machine that stamps a record may lie ahead of ours. A timestamp further
/// ahead counts as this far: a record must not move the engine's clock into the future, where
/// updates wait for it and the window empties.
pub const CLOCK_SKEW: Span = Span::seconds(1);

/// How many numbers of events a shard has for one input record, whose items may be of several
/// shards.
pub(super) const N_PER_SHARD: u32 = 1 << 20;

/// Turns events into what is published. The contract implements it.
pub trait Encoder: Send + Sync + Debug {
    /// The records for one event; at least one for [`Role::Events`].
    fn encode(&self, told: &Told<'_>) -> Vec<OutputRecord>;

    /// The record of the unique feed for a classified article, whether it goes on or not; none where
    /// there is no such feed.
    fn unique(&self, told: &Told<'_>) -> Option<OutputRecord>;

    /// The hash of the shaping settings that every event carries.
    fn settings(&self) -> &str;
}

/// An event with what it needs to be published.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What happened.
    pub event: &'a Event,
    /// Its place among the events of its input record: from 0 in the first shard, and in the others
    /// from [`N_PER_SHARD`] times their number.
    pub n: u32,
    /// Its number in the shard.
    pub sequence: u64,
    /// The record that brought it about; empty where the clock did.
    pub record: &'a InputRecord,
}

/// An input record, decoded and prepared.
#[derive(Debug)]
pub struct Item {
    record: InputRecord,
    /// The shard's own, each with its place in the record.
    articles: Vec<(usize, Result<Prepared, wire::Error>)>,
    took: Duration,
}

/// Everything that one transaction writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Its number.
    pub number: u64,
    /// The plan that goes ahead of it (`at_least_once`).
    pub plan: Option<OutputRecord>,
    /// What is published.
    pub outputs: Vec<OutputRecord>,
    /// The changelog, position last.
    pub changelog: Vec<OutputRecord>,
    /// The mark that ends it (`at_least_once`, or an earlier owner's plan).
    pub end: Option<OutputRecord>,
    /// What happened, for the read view.
    pub events: Vec<Event>,
    /// The timestamps of the input records that hold something of the shard's.
    pub stamps: Vec<Option<EventTime>>,
    /// Items refused, by the stable code of the reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Outputs in whose place a reject was written.
    pub oversized: u64,
    /// Outputs that waited for the end of an embargo and are lost, each with a reject in its place.
    pub lost: u64,
    /// What the engine counted on the way.
    pub tally: Tally,
}

impl Batch {
    /// The changelog records by key, plan and end mark included.
    pub fn changelog(&self) -> BTreeMap<&str, Option<&[u8]>> {
        let all = self.plan.iter().chain(&self.changelog).chain(&self.end);
        all.map(|r| {
            let key = std::str::from_utf8(r.key.as_deref().unwrap_or_default());
            (key.expect("changelog keys are text"), r.payload.as_deref())
        })
        .collect()
    }

    /// The key of the record that tells, once it is in the log, that the batch is there in full.
    pub fn mark(&self) -> &'static str {
        if self.end.is_some() { END } else { POSITION }
    }
}

/// Decodes and prepares what of `records` is the shard's on all cores, keeping their order.
pub fn prepare(
    records: Vec<InputRecord>,
    settings: &Settings,
    format: Format,
    slice: &Slice,
    key: FloodKey,
) -> Vec<Item> {
    let one = |record: InputRecord| {
        let started = Instant::now();
        let taken = slice.takes(&record);
        let content_type = record.header("content-type").and_then(|v| std::str::from_utf8(v).ok());
        let payload = record.payload.as_deref().unwrap_or_default();
        let items = match taken {
            Taken::Nothing => Vec::new(),
            _ => wire::decode(payload, content_type, format, &settings.wire),
        };
        let own = |item| match taken {
            Taken::ByItem => picked(&record, item, settings, slice, key),
            _ => Some(item.map(|article| prepared(article, settings, key))),
        };
        let articles = items.into_iter().enumerate();
        let articles = articles.filter_map(|(place, item)| Some((place, own(item)?))).collect();
        Item { record, articles, took: started.elapsed() }
    };
    records.into_par_iter().map(one).collect()
}

/// The item, prepared, if it is the shard's. Its language is looked for only where the map asks.
fn picked(
    record: &InputRecord,
    item: Result<Article, wire::Error>,
    settings: &Settings,
    slice: &Slice,
    key: FloodKey,
) -> Option<Result<Prepared, wire::Error>> {
    let article = match item {
        Ok(article) => article,
        Err(why) => return slice.takes_item(record, None).then_some(Err(why)),
    };
    if article.language.is_some() || !slice.asks_language() {
        let own = slice.takes_item(record, Some((&article, article.language)));
        return own.then(|| Ok(prepared(article, settings, key)));
    }
    let prepared = prepared(article, settings, key);
    let own = slice.takes_item(record, Some((&prepared.article, prepared.about.language)));
    own.then_some(Ok(prepared))
}

/// The time at which a record of this timestamp is applied, in a batch of this clock reading.
pub fn stamp(timestamp: Option<EventTime>, reading: EventTime, clock: ClockSource) -> EventTime {
    let stamp = timestamp.unwrap_or(reading);
    match clock {
        ClockSource::Wall => stamp.min(reading.plus(CLOCK_SKEW)),
        ClockSource::Records => stamp,
    }
}

/// What [`apply`] needs beside memory and items.
#[derive(Debug, Clone, Copy)]
pub struct With<'a> {
    /// The wall-clock reading of this batch; that of a tick is where the engine's clock goes.
    pub reading: EventTime,
    /// What moves the engine's clock.
    pub clock: ClockSource,
    /// Makes events into records.
    pub encoder: &'a dyn Encoder,
    /// The limits of record sizes.
    pub limits: Limits,
    /// Whether plan and end mark are wanted.
    pub delivery: Delivery,
    /// The shard.
    pub shard: u32,
    /// What to do about outputs that are too large for their topic.
    pub too_large: TooLarge,
}

/// Applies a batch to `memory`, in order, and returns what is to be written. `memory` moves; the
/// batch is for [`Memory::unconfirmed`]. Without items it is a tick, or passes on what was held.
///
/// # Errors
/// [`Fault::Stop`] when a record is larger than its topic takes.
pub fn apply(memory: &mut Memory, items: Vec<Item>, with: With<'_>) -> Result<Batch, Fault> {
    let mut journal = journal(memory, &items, with);
    let inputs = marks(&journal, &items);
    let own = items.iter().filter(|item| !item.articles.is_empty());
    let stamps = own.map(|item| item.record.timestamp).collect();
    let number = memory.position.batch + 1;
    let plan = Plan { generation: memory.generation, batch: number, journal: journal.clone() };
    let plan = (with.delivery == Delivery::AtLeastOnce).then(|| state(PLAN, &plan));
    let takes_over_a_plan = memory.open_plan.take().is_some();
    let ends = plan.is_some() || takes_over_a_plan;
    let mut run = Run {
        with,
        outputs: Vec::new(),
        events: Vec::new(),
        refused: BTreeMap::new(),
        oversized: 0,
        lost: 0,
    };
    run.pass_on(memory);
    if items.is_empty() {
        run.tick(memory, &journal);
    }
    for item in items {
        point!("mid-apply");
        run.item(memory, item);
    }
    journal.clock = memory.state.clock();
    memory.position.batch = number;
    memory.position.inputs.extend(inputs);
    let changelog = changelog(memory, number, &journal);
    let end = End { generation: memory.generation, batch: number };
    let batch = Batch {
        number,
        plan,
        outputs: run.outputs,
        changelog,
        end: ends.then(|| state(END, &end)),
        events: run.events,
        stamps,
        refused: run.refused,
        oversized: run.oversized,
        lost: run.lost,
        tally: memory.state.take_tally(),
    };
    fits(&batch, with.limits)?;
    Ok(batch)
}

pub(super) struct Run<'a> {
    pub(super) with: With<'a>,
    pub(super) outputs: Vec<OutputRecord>,
    events: Vec<Event>,
    refused: BTreeMap<&'static str, u64>,
    oversized: u64,
    pub(super) lost: u64,
}

impl Run<'_> {
    fn item(&mut self, memory: &mut Memory, item: Item) {
        let (record, with) = (&item.record, self.with);
        let stamp = stamp(record.timestamp, with.reading, with.clock);
        let prepared_in = item.took / u32::try_from(item.articles.len()).unwrap_or(u32::MAX).max(1);
        let mut n = with.shard.saturating_mul(N_PER_SHARD);
        let mut accepted = false;
        for (place, article) in item.articles {
            let article = match article {
                Ok(article) => article,
                Err(why) => {
                    let bytes_max = with.limits.of(Role::Rejected);
                    self.outputs.push(reject(record, place, &why, bytes_max));
                    *self.refused.entry(why.reason()).or_default() += 1;
                    continue;
                }
            };
            accepted = true;
            let input = position(record, place);
            let started = Instant::now();
            let events = memory.state.apply(article, stamp, input);
            self.lift(memory);
            metrics::DECISION.record((prepared_in + started.elapsed()).as_secs_f64());
            n = self.tell(memory, events, (record, place), n);
        }
        if !accepted && memory.state.is_due(stamp) {
            self.go_on(memory, record, stamp, n);
        }
    }

    /// Makes events into records, numbered from `n` on; returns the number after the last.
    pub(super) fn tell(
        &mut self,
        memory: &mut Memory,
        events: Vec<Event>,
        (record, place): (&InputRecord, usize),
        mut n: u32,
    ) -> u32 {
        for event in events {
            let sequence = memory.position.sequence;
            let told = Told { event: &event, n, sequence, record };
            for output in self.with.encoder.encode(&told) {
                let output = self.fitting(output, record, place);
                self.outputs.push(output);
            }
            if waits(&event)
                && let Some(record) = self.with.encoder.unique(&told)
            {
                memory.held.put(&event.input, record, memory.log_end);
            }
            memory.position.sequence += 1;
            n += 1;
            self.events.push(event);
        }
        n
    }
}

/// Whether the article waits for the end of its embargo.
pub fn waits(event: &Event) -> bool {
    matches!(&event.what, What::Classified(c) if c.verdict.pass == Pass::Embargoed)
}

impl Run<'_> {
    /// The output, or the reject in its place where it is too large and that is wanted.
    fn fitting(&mut self, output: OutputRecord, from: &InputRecord, item: usize) -> OutputRecord {
        let (role, limits) = (output.role, self.with.limits);
        if output.bytes() <= limits.of(role) || self.with.too_large == TooLarge::Stop {
            return output;
        }
        self.oversized += 1;
        oversized(from, item, &over(&output, limits), limits.of(Role::Rejected))
    }
}

/// The journal of the items; its clock is still the lowest.
fn journal(memory: &Memory, items: &[Item], with: With<'_>) -> Journal {
    let mut ranges: BTreeMap<&Partition, (i64, i64)> = BTreeMap::new();
    for Item { record, .. } in items {
        let mark = memory.position.inputs.get(&record.from);
        let from = mark.map_or(record.offset, |mark| mark.next);
        ranges.entry(&record.from).or_insert((from, from)).1 = record.offset + 1;
    }
    let index: BTreeMap<&Partition, u32> = ranges.keys().copied().zip(0..).collect();
    let mut order: Vec<(u32, u32)> = Vec::new();
    for Item { record, .. } in items {
        let range = index[&record.from];
        match order.last_mut() {
            Some((last, count)) if *last == range => *count += 1,
            _ => order.push((range, 1)),
        }
    }
    let range = |(of, (from, to)): (&Partition, (i64, i64))| Range { of: of.clone(), from, to };
    let ticks = if items.is_empty() { last_applied(memory) } else { None };
    Journal {
        ranges: ranges.into_iter().map(range).chain(ticks).collect(),
        order,
        reading: with.reading,
        clock: EventTime(i64::MIN),
        core: CORE.to_owned(),
        settings: with.encoder.settings().to_owned(),
        sequence: memory.position.sequence,
    }
}

/// The changelog records of a batch: the engine's, the journal, the journals passed, the position.
fn changelog(memory: &mut Memory, number: u64, journal: &Journal) -> Vec<OutputRecord> {
    let mut records: Vec<OutputRecord> = memory
        .state
        .take_changes()
        .into_iter()
        .map(|change| raw(change.key, change.value))
        .collect();
    records.extend(memory.held.take_changes().into_iter().map(|(key, value)| raw(key, value)));
    if !memory.key_written {
        records.push(state(KEY, &memory.state.key().0));
        memory.key_written = true;
    }
    if let Some(shape) = memory.shape.as_ref().filter(|_| !memory.shape_written) {
        records.push(state(SHAPE, shape));
        memory.shape_written = true;
    }
    memory.journals.push(number, journal.clock);
    let window = memory.state.settings().window;
    for passed in memory.journals.passed(journal.clock, window, JOURNALS_PASSED_MAX) {
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

/// Where each partition of the journal stands after it.
fn marks(journal: &Journal, items: &[Item]) -> Vec<(Partition, InputMark)> {
    let mark = |range: &Range| {
        let last = items.iter().rev().find(|item| item.record.from == range.of);
        let last = last.map(|item| last_record(&item.record));
        (range.of.clone(), InputMark { next: range.to, last })
    };
    journal.ranges.iter().filter(|range| range.from < range.to).map(mark).collect()
}

fn last_record(record: &InputRecord) -> LastRecord {
    let hash = record::content_hash(record.key.as_deref(), record.payload.as_deref());
    LastRecord { offset: record.offset, timestamp: record.timestamp, hash }
}

fn state<T: serde::Serialize>(key: &str, value: &T) -> OutputRecord {
    raw(key.to_owned(), Some(record::encode(value)))
}

fn raw(key: String, payload: Option<Vec<u8>>) -> OutputRecord {
    OutputRecord { role: Role::State, key: Some(key.into_bytes()), payload, headers: Vec::new() }
}

fn fits(batch: &Batch, limits: Limits) -> Result<(), Fault> {
    let all = batch.plan.iter().chain(&batch.outputs).chain(&batch.changelog).chain(&batch.end);
    let large = all.filter(|r| r.bytes() > limits.of(r.role)).max_by_key(|r| r.bytes());
    let Some(large) = large else { return Ok(()) };
    Err(Fault::Stop(format!(
        "{}: raise its `max.message.bytes`, or set `output.too_large` to `reject`",
        over(large, limits)
    )))
}

/// By how much a record is too large.
fn over(large: &OutputRecord, limits: Limits) -> String {
    let (bytes, limit) = (large.bytes(), limits.of(large.role));
    format!("a record of {bytes} bytes for the {:?} topic is over its limit of {limit}", large.role)
}
