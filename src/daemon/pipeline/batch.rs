//! A batch: everything that one transaction writes. Also the inputs for applying it.
//!
//! A batch is built by [`apply`](super::apply).

use super::broker::{FaultReason, GENERATION, Limits, OutputRecord, Partition};
use super::encoder::EventEncoder;
use super::record::{self, BatchEnd, END, InputRange, PLAN, POSITION, Plan, state};
use super::reject::IsolationReason;
use super::{ClockSource, Delivery, TooLarge};
use std::collections::BTreeMap;
use std::fmt::Debug;
use wirefold_engine::article::{EventTime, Span};
use wirefold_engine::event::{Event, EventKind};
use wirefold_engine::state::Tally;
use wirefold_engine::verdict::Pass;

/// How far a record's timestamp may be ahead of our clock. Later timestamps are lowered to this
/// bound: a record must not move the engine's clock into the future, which would delay updates and
/// expire articles early.
pub const CLOCK_SKEW: Span = Span::seconds(1);

/// Everything that one transaction writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The batch number; the first is 1.
    pub number: u64,
    /// The plan, written before everything else (`at_least_once`).
    pub plan: Option<OutputRecord>,
    /// Records for the output topics.
    pub outputs: Vec<OutputRecord>,
    /// The changelog records, position last.
    pub changelog: Vec<OutputRecord>,
    /// The end mark (with `at_least_once`, or if the batch carries out an earlier owner's plan).
    pub end: Option<OutputRecord>,
    /// The events, for the read view.
    pub events: Vec<Event>,
    /// Timestamps of the input records that hold items of this shard.
    pub timestamps: Vec<Option<EventTime>>,
    /// Rejected items, by reason code.
    pub refused: BTreeMap<&'static str, u64>,
    /// Isolated records, by reason code.
    pub isolated: BTreeMap<&'static str, u64>,
    /// Number of outputs replaced by a reject because they are too large for their topic.
    pub oversized: u64,
    /// Number of embargoed outputs that are no longer in the changelog. Each is replaced by a
    /// reject.
    pub lost: u64,
    /// The engine's counters for this batch.
    pub tally: Tally,
}

impl Batch {
    /// The changelog records by key, including plan and end mark.
    pub fn changelog(&self) -> BTreeMap<&str, Option<&[u8]>> {
        let all = self.plan.iter().chain(&self.changelog).chain(&self.end);
        all.map(|r| {
            let key = std::str::from_utf8(r.key.as_deref().unwrap_or_default());
            (key.expect("changelog keys are UTF-8"), r.payload.as_deref())
        })
        .collect()
    }

    /// Whether a changelog record is the plan or the end mark of this batch, regardless of its
    /// generation.
    pub fn is_plan_or_end(&self, key: &str, value: Option<&[u8]>) -> bool {
        let Some(value) = value else { return false };
        match key {
            PLAN => {
                let plan = self.plan.as_ref().and_then(|plan| plan.payload.as_deref());
                let plan = plan.and_then(|plan| record::decode::<Plan>(PLAN, plan).ok());
                let found = record::decode::<Plan>(PLAN, value).ok();
                plan.zip(found).is_some_and(|(plan, found)| {
                    (plan.batch, plan.journal) == (found.batch, found.journal)
                })
            }
            END => {
                let found = record::decode::<BatchEnd>(END, value);
                self.end.is_some() && found.is_ok_and(|found| found.batch == self.number)
            }
            _ => false,
        }
    }

    /// Sets the generation (the takeover after which the batch is written) in the plan and the end
    /// mark and, if there is a plan, in the header of every changelog record.
    pub fn set_generation(&mut self, generation: u64) {
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

    /// Sets the header of every changelog record to the generation.
    pub(super) fn stamp(&mut self, generation: u64) {
        let header = || vec![(GENERATION.to_owned(), Some(generation.to_string().into_bytes()))];
        let records = self.plan.iter_mut().chain(&mut self.changelog).chain(&mut self.end);
        records.for_each(|record| record.headers = header());
    }

    /// Every record of the batch, in the order in which they are written.
    pub fn records(&self) -> impl Iterator<Item = &OutputRecord> {
        self.plan.iter().chain(&self.outputs).chain(&self.changelog).chain(&self.end)
    }

    /// The key of the record that is written last. If this record is in the log, so is the whole
    /// batch.
    pub fn completion_key(&self) -> &'static str {
        if self.end.is_some() { END } else { POSITION }
    }
}

/// The engine time at which a record with this timestamp is applied in a batch with this clock
/// reading.
pub fn stamp(timestamp: Option<EventTime>, reading: EventTime, clock: ClockSource) -> EventTime {
    let stamp = timestamp.unwrap_or(reading);
    match clock {
        ClockSource::Wall => stamp.min(reading.plus(CLOCK_SKEW)),
        ClockSource::Records => stamp,
    }
}

/// The inputs of [`apply`](super::apply::apply) in addition to memory and items.
#[derive(Debug, Clone, Copy)]
pub struct BatchContext<'a> {
    /// The wall-clock reading of this batch; a tick advances the engine's clock to it.
    pub reading: EventTime,
    /// What advances the engine's clock.
    pub clock: ClockSource,
    /// Control markers at the end of partitions. A batch without records moves the position past
    /// them.
    pub trailing_markers: &'a [InputRange],
    /// Encodes events as records.
    pub encoder: &'a dyn EventEncoder,
    /// The record size limits of the topics.
    pub limits: Limits,
    /// The delivery mode: `at_least_once` needs a plan and an end mark.
    pub delivery: Delivery,
    /// The shard.
    pub shard: u32,
    /// What to do with outputs that are too large for their topic.
    pub too_large: TooLarge,
    /// When record sizes are checked: at the end of the batch, or after each record.
    pub scrutiny: Scrutiny,
}

/// When record sizes are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scrutiny {
    /// At the end of the batch.
    #[default]
    Batch,
    /// After each record, so that a failure identifies the record.
    EachRecord,
}

/// The reason a batch cannot be applied. The shard's state was already changed and must be dropped.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// This record caused the failure and has to be isolated.
    #[error(
        "the record at offset {offset} of `{topic}` partition {partition} cannot be processed: \
         {message}",
        offset = .1, topic = .0.topic, partition = .0.partition, message = .2.message
    )]
    Record(Partition, i64, IsolationReason),
    /// An unknown record caused the failure. Applying the batch again with [`Scrutiny::EachRecord`]
    /// identifies it.
    #[error("a batch cannot be processed: {0}")]
    Batch(FaultReason),
    /// A person has to intervene.
    #[error("{0}")]
    Stop(FaultReason),
}

/// Whether the event classifies an article that is held until its embargo ends.
pub fn is_embargoed(event: &Event) -> bool {
    matches!(&event.kind, EventKind::Classified(c) if c.verdict.pass == Pass::Embargoed)
}
