//! One batch: input records in, everything that one transaction writes out.
//!
//! In: records in the order of the merge, and one clock reading. Out: a [`Batch`] of finished
//! records: events, stories, unique feed, rejects, and the changelog with journal and position.
//! [`prepare`](super::prepare) is stateless and runs on all cores; [`apply`] is the one writer.
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

use super::broker::{GENERATION, InputRecord, Limits, OutputRecord, Partition, Role};
use super::changes::{changelog, journal, marks, raw, state};
use super::embargoed;
use super::encoder::{EventContext, EventEncoder};
use super::isolation::Scrutiny;
use super::memory::ShardState;
use super::prepare::{OwnItem, PreparedRecord};
use super::record::{
    self, BatchEnd, END, ENDS, InputRange, Journal, PLAN, POSITION, Plan, RESETS, SHAPE,
};
use super::reject::{FAILED, IsolationReason, TOO_LARGE, isolated, oversized, reject};
use super::tick::position;
use super::{ClockSource, Delivery, TooLarge};
use crate::daemon::panic_guard;
use crate::daemon::telemetry::metrics;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Instant;
use wirefold_engine::article::{EventTime, InputPosition, Span};
use wirefold_engine::decode::RecordPart;
use wirefold_engine::event::{Event, EventKind};
use wirefold_engine::state::Tally;
use wirefold_engine::verdict::Pass;

/// How far the clock of the machine that stamps a record may lie ahead of ours. A timestamp further
/// ahead counts as this far: a record must not move the engine's clock into the future, where
/// updates wait for it and the window empties.
pub const CLOCK_SKEW: Span = Span::seconds(1);

/// How many numbers of events a shard has for one input record, whose items may be of several
/// shards.
pub(super) const N_PER_SHARD: u32 = 1 << 20;

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
    /// Records that were isolated, by the stable code of the reason.
    pub isolated: BTreeMap<&'static str, u64>,
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

    /// Whether a changelog record is the plan or the end mark of this batch, of whichever take-over.
    pub fn marks_with(&self, key: &str, value: Option<&[u8]>) -> bool {
        let Some(value) = value else { return false };
        match key {
            PLAN => {
                let own = self.plan.as_ref().and_then(|own| own.payload.as_deref());
                let own = own.and_then(|own| record::decode::<Plan>(PLAN, own).ok());
                let found = record::decode::<Plan>(PLAN, value).ok();
                own.zip(found).is_some_and(|(own, found)| {
                    (own.batch, own.journal) == (found.batch, found.journal)
                })
            }
            END => {
                let found = record::decode::<BatchEnd>(END, value);
                self.end.is_some() && found.is_ok_and(|found| found.batch == self.number)
            }
            _ => false,
        }
    }

    /// Makes it a batch of another take-over, where its records say which one wrote them.
    pub fn restamp(&mut self, generation: u64) {
        if let Some(plan) = &mut self.plan
            && let Some(Ok(found)) =
                plan.payload.as_deref().map(|plan| record::decode::<Plan>(PLAN, plan))
        {
            *plan = state(PLAN, &Plan { generation, ..found });
        }
        if self.end.is_some() {
            self.end = Some(state(END, &BatchEnd { generation, batch: self.number }));
        }
        if self.plan.is_some() {
            self.stamp(generation);
        }
    }

    /// Lets every changelog record say which take-over wrote it.
    fn stamp(&mut self, generation: u64) {
        let header = || vec![(GENERATION.to_owned(), Some(generation.to_string().into_bytes()))];
        let records = self.plan.iter_mut().chain(&mut self.changelog).chain(&mut self.end);
        records.for_each(|record| record.headers = header());
    }

    /// Every record to write.
    pub fn records(&self) -> impl Iterator<Item = &OutputRecord> {
        self.plan.iter().chain(&self.outputs).chain(&self.changelog).chain(&self.end)
    }

    /// The key of the record that tells, once it is in the log, that the batch is there in full.
    pub fn mark(&self) -> &'static str {
        if self.end.is_some() { END } else { POSITION }
    }
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
pub struct BatchContext<'a> {
    /// The wall-clock reading of this batch; that of a tick is where the engine's clock goes.
    pub reading: EventTime,
    /// What moves the engine's clock.
    pub clock: ClockSource,
    /// Control markers at the end of partitions, which a batch without records passes over.
    pub passed: &'a [InputRange],
    /// Makes events into records.
    pub encoder: &'a dyn EventEncoder,
    /// The limits of record sizes.
    pub limits: Limits,
    /// Whether plan and end mark are wanted.
    pub delivery: Delivery,
    /// The shard.
    pub shard: u32,
    /// What to do about records that are too large for their topic.
    pub too_large: TooLarge,
    /// How what is written is checked.
    pub scrutiny: Scrutiny,
}

/// Why a batch cannot be applied. The memory has moved and is of no more use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplyError {
    /// One record causes it, and has to be isolated.
    Record(Partition, i64, IsolationReason),
    /// One of the records causes it, and [`Scrutiny::EachRecord`] tells which.
    Batch(String),
    /// A person has to decide.
    Stop(String),
}

/// Applies a batch to `memory`, in order, and returns what is to be written. `memory` moves; the
/// batch is for [`ShardState::unconfirmed`]. Without items it is a tick, or passes on what was held.
///
/// # Errors
/// When a record makes it panic, or leads to one that is larger than its topic takes.
pub fn apply(
    memory: &mut ShardState,
    items: Vec<PreparedRecord>,
    with: BatchContext<'_>,
) -> Result<Batch, ApplyError> {
    let mut journal = journal(memory, &items, with);
    let inputs = marks(memory, &journal, &items);
    let own = items.iter().filter(|item| item.is_own());
    let stamps = own.map(|item| item.record.timestamp).collect();
    let number = memory.position.batch + 1;
    let plan = Plan { generation: memory.generation, batch: number, journal: journal.clone() };
    let plan = (with.delivery == Delivery::AtLeastOnce).then(|| state(PLAN, &plan));
    let takes_over_a_plan = memory.open_plan.take().is_some();
    let ends = plan.is_some() || takes_over_a_plan;
    let mut run = BatchRun::new(with);
    run.without_items(memory, &journal, items.is_empty())?;
    for item in items {
        run.guarded(memory, item)?;
    }
    journal.clock = memory.state.clock();
    memory.position.batch = number;
    memory.position.inputs.extend(inputs);
    let changes = panic_guard::caught(|| {
        run.changes(memory);
        changelog(memory, number, &journal, std::mem::take(&mut run.changes))
    });
    let changelog = changes.map_err(|why| {
        metrics::PANICS.add([], 1);
        ApplyError::Batch(why)
    })?;
    let end = BatchEnd { generation: memory.generation, batch: number };
    let mut batch = Batch {
        number,
        plan,
        outputs: run.outputs,
        changelog,
        end: ends.then(|| state(END, &end)),
        events: run.events,
        stamps,
        refused: run.refused,
        isolated: run.isolated,
        oversized: run.oversized,
        lost: run.lost,
        tally: memory.state.take_tally(),
    };
    if batch.plan.is_some() {
        batch.stamp(memory.generation);
    }
    fits(&batch, with)?;
    Ok(batch)
}

pub(super) struct BatchRun<'a> {
    pub(super) with: BatchContext<'a>,
    pub(super) outputs: Vec<OutputRecord>,
    /// The changelog records of the engine and of what waits.
    changes: Vec<OutputRecord>,
    events: Vec<Event>,
    refused: BTreeMap<&'static str, u64>,
    isolated: BTreeMap<&'static str, u64>,
    oversized: u64,
    pub(super) lost: u64,
}

impl<'a> BatchRun<'a> {
    fn new(with: BatchContext<'a>) -> Self {
        Self {
            with,
            outputs: Vec::new(),
            changes: Vec::new(),
            events: Vec::new(),
            refused: BTreeMap::new(),
            isolated: BTreeMap::new(),
            oversized: 0,
            lost: 0,
        }
    }

    /// What a batch does before its items, and without any.
    fn without_items(
        &mut self,
        memory: &mut ShardState,
        journal: &Journal,
        ticks: bool,
    ) -> Result<(), ApplyError> {
        let done = panic_guard::caught(|| {
            self.pass_on(memory);
            if ticks {
                self.tick(memory, journal);
            }
        });
        done.map_err(|why| {
            metrics::PANICS.add([], 1);
            ApplyError::Batch(why)
        })
    }

    /// Applies one record, and names it where that fails.
    fn guarded(&mut self, memory: &mut ShardState, item: PreparedRecord) -> Result<(), ApplyError> {
        let record = item.record.clone();
        let (each, written) = (self.with.scrutiny == Scrutiny::EachRecord, self.changes.len());
        let done = panic_guard::caught(|| {
            point!("mid-apply");
            self.item(memory, item);
            if each {
                self.changes(memory);
            }
        });
        let refusal = match done {
            Err(message) => {
                metrics::PANICS.add([], 1);
                IsolationReason { reason: FAILED, message }
            }
            Ok(()) => {
                let limits = self.with.limits;
                let mut new = self.changes.iter().skip(written).filter(|_| each);
                let Some(large) = new.find(|change| change.bytes() > limits.of(Role::State)) else {
                    return Ok(());
                };
                IsolationReason { reason: TOO_LARGE, message: over(large, limits) }
            }
        };
        Err(ApplyError::Record(record.from.clone(), record.offset, refusal))
    }

    /// Takes over the changelog records that have changed.
    fn changes(&mut self, memory: &mut ShardState) {
        let changes = memory.state.take_changes().into_iter();
        self.changes.extend(changes.map(|change| raw(change.key, change.value)));
        let waiting = memory.held.take_changes().into_iter();
        self.changes.extend(waiting.map(|(key, value)| raw(key, value)));
    }

    fn item(&mut self, memory: &mut ShardState, item: PreparedRecord) {
        let (record, with) = (&item.record, self.with);
        if let Some(why) = &item.refusal {
            self.outputs.push(isolated(record, why, with.limits.of(Role::Rejected)));
            *self.isolated.entry(why.reason).or_default() += 1;
        }
        let stamp = stamp(record.timestamp, with.reading, with.clock);
        let prepared_in = item.took / u32::try_from(item.articles.len()).unwrap_or(u32::MAX).max(1);
        let mut n = with.shard.saturating_mul(N_PER_SHARD);
        let mut accepted = false;
        for OwnItem { place, part, article } in item.articles {
            let article = match article {
                Ok(article) => article,
                Err(why) => {
                    let bytes_max = with.limits.of(Role::Rejected);
                    self.outputs.push(reject(record, place, &part, &why, bytes_max));
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
            let source = EventSource { record, place, part: &part, items: item.items };
            n = self.tell(memory, events, source, n);
        }
        if !accepted && memory.state.is_due(stamp) {
            match item.refusal {
                None => self.go_on(memory, record, stamp, n),
                // Nothing of an isolated record is looked at again.
                Some(_) => self.go_on(memory, &record.bare(), stamp, n),
            }
        }
    }

    /// Makes events into records, numbered from `n` on; returns the number after the last.
    pub(super) fn tell(
        &mut self,
        memory: &mut ShardState,
        events: Vec<Event>,
        source: EventSource<'_>,
        mut n: u32,
    ) -> u32 {
        let EventSource { record, place, part, items } = source;
        let resets = memory.resets.get(&record.from).copied().unwrap_or(0);
        for event in events {
            let sequence = memory.position.sequence;
            let told = EventContext { event: &event, n, sequence, record, part, items, resets };
            for output in self.with.encoder.encode(&told) {
                let output = self.fitting(output, record, place);
                self.outputs.push(output);
            }
            if waits(&event)
                && let Some(output) = self.with.encoder.unique(&told)
            {
                self.hold(memory, output, record, &event.input);
            }
            memory.position.sequence += 1;
            n += 1;
            self.events.push(event);
        }
        n
    }

    /// Lets an output wait for the end of an embargo, or rejects it where it could never go out.
    fn hold(
        &mut self,
        memory: &mut ShardState,
        output: OutputRecord,
        from: &InputRecord,
        input: &InputPosition,
    ) {
        let place = usize::try_from(input.item).unwrap_or(usize::MAX);
        let output = self.fitting(output, from, place);
        if output.role != Role::Unique {
            self.outputs.push(output);
            return;
        }
        let stored = self.fitting(embargoed::stored(input, &output), from, place);
        match stored.role {
            Role::State => memory.held.put(input, output, memory.log_end),
            _ => self.outputs.push(stored),
        }
    }
}

/// The item of an input record that events come from.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventSource<'a> {
    pub(super) record: &'a InputRecord,
    /// The item's number in the record, its part of it, and how many items there are.
    pub(super) place: usize,
    pub(super) part: &'a RecordPart,
    pub(super) items: u32,
}

/// Whether the article waits for the end of its embargo.
pub fn waits(event: &Event) -> bool {
    matches!(&event.what, EventKind::Classified(c) if c.verdict.pass == Pass::Embargoed)
}

impl BatchRun<'_> {
    /// The output, or the reject in its place where it is too large and that is wanted.
    pub(super) fn fitting(
        &mut self,
        output: OutputRecord,
        from: &InputRecord,
        item: usize,
    ) -> OutputRecord {
        let (role, limits) = (output.role, self.with.limits);
        if output.bytes() <= limits.of(role) || self.with.too_large == TooLarge::Stop {
            return output;
        }
        self.oversized += 1;
        oversized(from, item, &over(&output, limits), limits.of(Role::Rejected))
    }
}

/// Whether every record of a batch fits its topic.
fn fits(batch: &Batch, with: BatchContext<'_>) -> Result<(), ApplyError> {
    let all = batch.plan.iter().chain(&batch.outputs).chain(&batch.changelog).chain(&batch.end);
    let large = all.filter(|r| r.bytes() > with.limits.of(r.role));
    let Some(large) = large.max_by_key(|r| (r.role == Role::State, r.bytes())) else {
        return Ok(());
    };
    let why = over(large, with.limits);
    let key = std::str::from_utf8(large.key.as_deref().unwrap_or_default()).unwrap_or_default();
    let shell = [PLAN, END, POSITION, SHAPE, ENDS, RESETS].contains(&key)
        || key.starts_with(record::JOURNAL);
    if large.role == Role::State && !shell && with.too_large == TooLarge::Reject {
        return Err(ApplyError::Batch(why));
    }
    let or = if shell { "" } else { ", or set `output.too_large` to `reject`" };
    Err(ApplyError::Stop(format!("{why}: raise `max.message.bytes` of the topic{or}")))
}

/// By how much a record is too large.
fn over(large: &OutputRecord, limits: Limits) -> String {
    let topic = match large.role {
        Role::Events => "events",
        Role::Stories => "stories",
        Role::Unique => "unique",
        Role::Rejected => "rejected",
        Role::State => "state",
    };
    let (bytes, limit) = (large.bytes(), limits.of(large.role));
    format!("a record of {bytes} bytes is over the limit of {limit} of the topic `output.{topic}`")
}
