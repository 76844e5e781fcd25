//! What happened lately, for streams that resume: what changed, and the events as published.
//!
//! In: what each commit changed, and its finished records. Out: two rings, shared like the rest of a
//! desk. Both are bounded; whoever asks for what is no longer there is told so.
//!
//! Events are taken in up to a rate: a backlog that is worked off at thousands of articles a second is
//! not for streams, and costs the pipeline nothing here. What is left out shows as a gap.

use super::builder::StepChanges;
use super::{CommittedBatch, Settings};
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use crate::daemon::telemetry::metrics;
use axum::body::Bytes;
use imbl::Vector;
use std::sync::Arc;
use std::time::Instant;
use wirefold_engine::stories::StoryId;

/// Stories that a change names; further ones are only said to be there.
pub const NAMED_MAX: usize = 200;

/// What happened lately in a shard.
#[derive(Debug, Clone, Default)]
pub struct RecentChanges {
    version: u64,
    changes: Vector<Arc<CommitDelta>>,
    events: Vector<Arc<EventFrame>>,
    bytes: usize,
    /// The number of the next event, whether it will be kept or not.
    next: u64,
}

/// What one commit changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitDelta {
    /// Whether anything may have changed.
    pub everything: bool,
    /// Stories that changed or are new, at most [`NAMED_MAX`].
    pub stories: Vec<StoryId>,
    /// Stories that ended, at most [`NAMED_MAX`].
    pub gone: Vec<StoryId>,
    /// Whether more changed than is named.
    pub more: bool,
    /// Whether what a desk must act on may have changed.
    pub queue: bool,
    /// Articles that came.
    pub articles: u64,
}

/// An event as published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFrame {
    /// Its number in the shard.
    pub sequence: u64,
    /// Its type.
    pub kind: String,
    /// Its record's key: the story's id, or an article's uri.
    pub key: String,
    /// The CloudEvent in structured mode.
    pub event: Bytes,
}

impl CommitDelta {
    pub(super) fn of(marks: &StepChanges) -> Self {
        let named = |of: &std::collections::BTreeSet<StoryId>| -> Vec<StoryId> {
            of.iter().take(NAMED_MAX).copied().collect()
        };
        Self {
            everything: marks.everything,
            stories: named(&marks.stories),
            gone: named(&marks.gone),
            more: marks.stories.len().max(marks.gone.len()) > NAMED_MAX,
            queue: marks.queue,
            articles: marks.articles,
        }
    }
}

impl RecentChanges {
    /// How often the desk has been published.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The number that the next event will have.
    pub fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn note(&mut self, change: CommitDelta, bounds: &Settings) {
        self.version += 1;
        self.changes.push_back(Arc::new(change));
        while self.changes.len() > bounds.changes_kept {
            self.changes.pop_front();
            metrics::BOUNDED.add([metrics::BY_CHANGES], 1);
        }
    }

    /// The changes after publication `after`; `None` when they are not all there any more.
    pub fn since(&self, after: u64) -> Option<impl Iterator<Item = &Arc<CommitDelta>>> {
        let missed = usize::try_from(self.version.checked_sub(after)?).ok()?;
        let from = self.changes.len().checked_sub(missed)?;
        Some(self.changes.iter().skip(from))
    }

    /// The events from number `from` on that are kept.
    pub fn events(&self, from: u64) -> impl Iterator<Item = &Arc<EventFrame>> {
        let kept = |place: usize| self.events.get(place).map_or(u64::MAX, |frame| frame.sequence);
        let (mut low, mut high) = (0, self.events.len());
        while low < high {
            let middle = low.midpoint(high);
            if kept(middle) < from { low = middle + 1 } else { high = middle }
        }
        self.events.iter().skip(low)
    }

    /// Takes in what is kept of the events before number `next`; what is left out is not known here.
    pub(super) fn hear(&mut self, frames: Vec<EventFrame>, next: u64, bounds: &Settings) {
        frames.into_iter().for_each(|frame| self.push(frame, bounds));
        self.next = next;
    }

    fn push(&mut self, frame: EventFrame, bounds: &Settings) {
        self.bytes += frame.event.len();
        self.events.push_back(Arc::new(frame));
        loop {
            let bound = match () {
                () if self.events.len() > bounds.events_kept => metrics::BY_EVENTS,
                () if self.bytes > bounds.events_bytes_max => metrics::BY_EVENT_BYTES,
                () => return,
            };
            let Some(old) = self.events.pop_front() else { return };
            self.bytes -= old.event.len();
            metrics::BOUNDED.add([bound], 1);
        }
    }

    /// Bytes of what is kept.
    pub(super) fn bytes(&self) -> usize {
        let changes = self.changes.len() * size_of::<CommitDelta>();
        self.bytes + self.events.len() * size_of::<EventFrame>() + changes
    }
}

/// Makes frames of committed records, up to a rate.
#[derive(Debug)]
pub(super) struct FrameBuilder {
    /// Events a second.
    rate: f64,
    /// Events that may be taken in now.
    allowance: f64,
    filled: Instant,
}

impl FrameBuilder {
    pub(super) fn new(bounds: &Settings) -> Self {
        let rate = f64::from(bounds.events_per_second);
        Self { rate, allowance: rate, filled: Instant::now() }
    }

    /// The events of a batch that are kept; `end` is the number of the event after its last one.
    pub(super) fn hear(&mut self, news: CommittedBatch<'_>, end: u64) -> Vec<EventFrame> {
        self.hear_at(news, end, Instant::now())
    }

    fn hear_at(&mut self, news: CommittedBatch<'_>, end: u64, now: Instant) -> Vec<EventFrame> {
        let rate = self.rate;
        let refill = now.saturating_duration_since(self.filled).as_secs_f64() * rate;
        (self.allowance, self.filled) = ((self.allowance + refill).min(2.0 * rate), now);
        let first = end.saturating_sub(news.events.len() as u64);
        let allowed = (self.allowance as usize).min(news.events.len());
        let left_out = news.events.len() - allowed;
        self.allowance -= allowed as f64;
        metrics::BOUNDED.add([metrics::BY_EVENT_RATE], left_out as u64);
        let published = news.outputs.iter().filter(|record| record.role == Role::Events);
        let kept = published.zip(first..).skip(left_out);
        kept.map(|(record, sequence)| frame(record, sequence)).collect()
    }
}

/// A record of the events topic as a CloudEvent in structured mode, whatever mode it was written in.
fn frame(record: &OutputRecord, sequence: u64) -> EventFrame {
    let text =
        |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let data = record.payload.as_deref().unwrap_or_default();
    let attributes: Vec<(&str, &[u8])> = record
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("ce_")?, value.as_deref()?)))
        .collect();
    let key = text(record.key.as_deref());
    if attributes.is_empty() {
        let kind = serde_json::from_slice::<Structured>(data).map(|event| event.kind);
        let event = Bytes::copy_from_slice(data);
        return EventFrame { sequence, kind: kind.unwrap_or_default(), key, event };
    }
    let kind = attributes.iter().find(|(name, _)| *name == "type").map(|(_, value)| *value);
    let mut event = Vec::with_capacity(data.len() + 512);
    for (name, value) in
        attributes.iter().copied().chain([("datacontenttype", &b"application/json"[..])])
    {
        event.push(if event.is_empty() { b'{' } else { b',' });
        let value = serde_json::Value::from(String::from_utf8_lossy(value));
        event.extend(format!("\"{name}\":{value}").into_bytes());
    }
    event.extend(b",\"data\":");
    event.extend(data);
    event.push(b'}');
    EventFrame { sequence, kind: text(kind), key, event: event.into() }
}

/// The type of an event in structured mode.
#[derive(serde::Deserialize)]
struct Structured {
    #[serde(rename = "type")]
    kind: String,
}
