//! Applies one batch: takes input records and produces everything that one transaction writes.
//!
//! In: records in merge order, and one clock reading. Out: a [`Batch`] of finished records: events,
//! stories, unique topic, rejects, and the changelog with journal and position.
//! [`prepare`](super::prepare) is stateless and runs on all cores; [`apply`] alone changes the
//! state.
//!
//! A batch without records is a *tick*: the engine's clock advances to the clock reading, and
//! everything that is due by then is processed. The journal of a tick contains an empty range that
//! begins after the last record applied.
//!
//! Invariants: BA-1 a batch is a function of the shard's state, the records, the clock reading and
//! the settings; BA-2 every item of this shard yields at least one event or one reject; BA-3 each
//! changelog key occurs once.
//!
//! Cost: one decode and one preparation per article, spread over all cores. The rest is linear in
//! the amount written.

use super::batch::{ApplyError, Batch, BatchContext, Scrutiny, is_embargoed, stamp};
use super::broker::{InputRecord, OutputRecord, Role};
use super::changes::{changelog, journal, marks};
use super::encoder::EventContext;
use super::memory::ShardState;
use super::prepare::{OwnItem, PreparedRecord};
use super::record::{BatchEnd, END, Journal, PLAN, Plan, raw, state};
use super::reject::{FAILED, IsolationReason, TOO_LARGE, isolated, oversized, reject};
use super::sizes::{check_sizes, too_large_message};
use super::{Delivery, TooLarge, embargoed};
use crate::daemon::panic_guard;
use crate::daemon::telemetry::metrics;
use std::collections::BTreeMap;
use std::time::Instant;
use wirefold_engine::article::InputPosition;
use wirefold_engine::decode::RecordPart;
use wirefold_engine::event::Event;
use wirefold_engine::state::{Outcome, Tally};

/// How many event numbers each shard can use for one input record. The items of a record may belong
/// to several shards, so shard `s` numbers its events from `s * N_PER_SHARD`.
pub(super) const N_PER_SHARD: u32 = 1 << 20;

/// Applies a batch to `memory`, in order, and returns everything to write; the caller stores it in
/// [`ShardState::unconfirmed`]. A batch without items is a tick, or publishes records whose embargo
/// has ended.
///
/// # Errors
/// When a record causes a panic, or when an output or changelog record is too large for its topic.
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
    run.before_items(memory, &journal, items.is_empty())?;
    for item in items {
        run.guarded(memory, item)?;
    }
    journal.clock = memory.state.clock();
    memory.position.batch = number;
    memory.position.inputs.extend(inputs);
    let changes = panic_guard::catch(|| {
        run.held_changes(memory);
        changelog(memory, number, &journal, std::mem::take(&mut run.changes))
    });
    let changelog = changes.map_err(|why| {
        metrics::PANICS.add([], 1);
        ApplyError::Batch(why.into())
    })?;
    let end = BatchEnd { generation: memory.generation, batch: number };
    let mut batch = Batch {
        number,
        plan,
        outputs: run.outputs,
        changelog,
        end: ends.then(|| state(END, &end)),
        events: run.events,
        timestamps: stamps,
        refused: run.refused,
        isolated: run.isolated,
        oversized: run.oversized,
        lost: run.lost,
        tally: run.tally,
    };
    if batch.plan.is_some() {
        batch.stamp(memory.generation);
    }
    check_sizes(&batch, with)?;
    Ok(batch)
}

/// A batch while it is being applied. The counters and lists become the fields of [`Batch`] with
/// the same names.
pub(super) struct BatchRun<'a> {
    /// The context given to [`apply`].
    pub(super) with: BatchContext<'a>,
    pub(super) outputs: Vec<OutputRecord>,
    /// The changelog records of the engine, and those that store records under embargo.
    changes: Vec<OutputRecord>,
    events: Vec<Event>,
    refused: BTreeMap<&'static str, u64>,
    isolated: BTreeMap<&'static str, u64>,
    pub(super) oversized: u64,
    pub(super) lost: u64,
    tally: Tally,
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
            tally: Tally::default(),
        }
    }

    /// Publishes records whose embargo has ended. Also advances the clock if the batch has no
    /// items.
    fn before_items(
        &mut self,
        memory: &mut ShardState,
        journal: &Journal,
        ticks: bool,
    ) -> Result<(), ApplyError> {
        let done = panic_guard::catch(|| {
            self.publish_lifted(memory);
            if ticks {
                self.tick(memory, journal);
            }
        });
        done.map_err(|why| {
            metrics::PANICS.add([], 1);
            ApplyError::Batch(why.into())
        })
    }

    /// Applies one record. If this fails, the error names the record.
    fn guarded(&mut self, memory: &mut ShardState, item: PreparedRecord) -> Result<(), ApplyError> {
        let record = item.record.clone();
        let (each, written) = (self.with.scrutiny == Scrutiny::EachRecord, self.changes.len());
        let done = panic_guard::catch(|| {
            point!("mid-apply");
            self.item(memory, item);
            self.held_changes(memory);
        });
        let refusal = match done {
            Err(panic) => {
                metrics::PANICS.add([], 1);
                IsolationReason { reason: FAILED, message: panic.to_string() }
            }
            Ok(()) => {
                let limits = self.with.limits;
                let mut new = self.changes.iter().skip(written).filter(|_| each);
                let Some(large) = new.find(|change| change.bytes() > limits.of(Role::State)) else {
                    return Ok(());
                };
                IsolationReason { reason: TOO_LARGE, message: too_large_message(large, limits) }
            }
        };
        Err(ApplyError::Record(record.from.clone(), record.offset, refusal))
    }

    /// Collects the changes to the changelog records that store records under embargo.
    fn held_changes(&mut self, memory: &mut ShardState) {
        let changes = memory.held.take_changes().into_iter();
        self.changes.extend(changes.map(|(key, value)| raw(key, value)));
    }

    /// Adds the outcome of an engine call to the batch and to `memory`, and returns the events of
    /// the outcome.
    pub(super) fn settle(&mut self, memory: &mut ShardState, outcome: Outcome) -> Vec<Event> {
        let Outcome { events, changes, lifted, tally, touched } = outcome;
        self.changes.extend(changes.into_iter().map(|change| raw(change.key, change.value)));
        self.tally.add(&tally);
        memory.touched.add(touched);
        lifted.iter().for_each(|lifted| memory.held.lift(lifted));
        self.publish_lifted(memory);
        events
    }

    /// Applies the items of one record, or writes its rejects. If no item is accepted, the record
    /// still advances the clock when something is due.
    fn item(&mut self, memory: &mut ShardState, item: PreparedRecord) {
        let (record, with) = (&item.record, self.with);
        if let Some(why) = &item.rejection {
            self.outputs.push(isolated(record, why, with.limits.of(Role::Rejected)));
            *self.isolated.entry(why.reason).or_default() += 1;
        }
        let stamp = stamp(record.timestamp, with.reading, with.clock);
        let prepared_in = item.took / u32::try_from(item.articles.len()).unwrap_or(u32::MAX).max(1);
        let mut n = with.shard.saturating_mul(N_PER_SHARD);
        let mut accepted = false;
        for OwnItem { index, part, article } in item.articles {
            let article = match article {
                Ok(article) => article,
                Err(why) => {
                    let bytes_max = with.limits.of(Role::Rejected);
                    self.outputs.push(reject(record, index, &part, &why, bytes_max));
                    *self.refused.entry(why.reason()).or_default() += 1;
                    continue;
                }
            };
            accepted = true;
            let input = record.position(index);
            let started = Instant::now();
            let outcome = memory.state.apply(article, stamp, input);
            let events = self.settle(memory, outcome);
            metrics::DECISION.record((prepared_in + started.elapsed()).as_secs_f64());
            let source = EventSource { record, item: index, part: &part, items: item.items };
            n = self.encode_events(memory, events, source, n);
        }
        if !accepted && memory.state.is_due(stamp) {
            match item.rejection {
                None => self.advance_clock(memory, record, stamp, n),
                // The content of an isolated record must not be used again.
                Some(_) => self.advance_clock(memory, &record.bare(), stamp, n),
            }
        }
    }

    /// Encodes events as output records, numbered from `n`; returns the number after the last one.
    pub(super) fn encode_events(
        &mut self,
        memory: &mut ShardState,
        events: Vec<Event>,
        source: EventSource<'_>,
        mut n: u32,
    ) -> u32 {
        let EventSource { record, item, part, items } = source;
        let resets = memory.resets.get(&record.from).copied().unwrap_or(0);
        for event in events {
            let sequence = memory.position.sequence;
            let context = EventContext { event: &event, n, sequence, record, part, items, resets };
            for output in self.with.encoder.encode(&context) {
                let output = self.or_reject(output, record, item);
                self.outputs.push(output);
            }
            if is_embargoed(&event)
                && let Some(output) = self.with.encoder.unique(&context)
            {
                self.hold(memory, output, record, &event.input);
            }
            memory.position.sequence += 1;
            n += 1;
            self.events.push(event);
        }
        n
    }

    /// Returns the output. If the output is too large and [`TooLarge::Reject`] is set, returns a
    /// reject in its place.
    pub(super) fn or_reject(
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
        oversized(from, item, &too_large_message(&output, limits), limits.of(Role::Rejected))
    }

    /// Stores an output until its embargo ends, or rejects it if it is too large for its topic or
    /// for the changelog.
    fn hold(
        &mut self,
        memory: &mut ShardState,
        output: OutputRecord,
        from: &InputRecord,
        input: &InputPosition,
    ) {
        let place = usize::try_from(input.item).unwrap_or(usize::MAX);
        let output = self.or_reject(output, from, place);
        if output.role != Role::Unique {
            self.outputs.push(output);
            return;
        }
        let stored = self.or_reject(embargoed::stored(input, &output), from, place);
        match stored.role {
            Role::State => memory.held.hold(input, output, memory.log_end),
            _ => self.outputs.push(stored),
        }
    }
}

/// The input record and item that caused the events.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventSource<'a> {
    /// The input record.
    pub(super) record: &'a InputRecord,
    /// The index of the item in the record.
    pub(super) item: usize,
    /// The part of the record that holds the item.
    pub(super) part: &'a RecordPart,
    /// The number of items in the record.
    pub(super) items: u32,
}
