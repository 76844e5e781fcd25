//! Recent history for streams that resume: the changes of each commit, and the published events.
//!
//! Input: the changes of each commit, and the records it wrote. Output: two bounded ring buffers,
//! shared between snapshots. A caller can tell when it requests an entry that was already dropped.
//!
//! Events are accepted up to a rate limit. While a backlog is processed at thousands of articles
//! per second, most events are left out and show as a gap, which keeps the cost for the pipeline
//! low.

use super::changes::AppliedChanges;
use super::{CommittedBatch, Limits};
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use crate::daemon::telemetry::metrics;
use axum::body::Bytes;
use imbl::Vector;
use std::sync::Arc;
use std::time::Instant;
use wirefold_engine::stories::StoryId;

/// Maximum number of stories listed per change. `more` tells whether there were further ones.
pub const NAMED_MAX: usize = 200;

/// The recent history of a shard.
#[derive(Debug, Clone, Default)]
pub struct RecentChanges {
    /// Number of changes recorded so far.
    version: u64,
    /// The most recent changes, oldest first.
    changes: Vector<Arc<CommitDelta>>,
    /// The most recent events, oldest first.
    events: Vector<Arc<EventFrame>>,
    /// Bytes of the events kept.
    bytes: usize,
    /// The number of the next event, whether or not that event will be kept.
    next: u64,
}

/// The changes that one commit made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitDelta {
    /// Whether everything may have changed.
    pub everything: bool,
    /// Stories that changed or are new, at most [`NAMED_MAX`].
    pub stories: Vec<StoryId>,
    /// Stories that ended, at most [`NAMED_MAX`].
    pub ended: Vec<StoryId>,
    /// Whether more stories changed or ended than are listed.
    pub more: bool,
    /// Whether the queue of items that need action may have changed.
    pub queue: bool,
    /// Number of articles that arrived.
    pub articles: u64,
}

/// A published event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFrame {
    /// The event's number in the shard.
    pub sequence: u64,
    /// The event type.
    pub kind: String,
    /// The key of the Kafka record: the story's id, or an article's uri.
    pub key: String,
    /// The CloudEvent in structured mode.
    pub event: Bytes,
}

impl CommitDelta {
    pub(super) fn of(changes: &AppliedChanges) -> Self {
        let named = |of: &std::collections::BTreeSet<StoryId>| -> Vec<StoryId> {
            of.iter().take(NAMED_MAX).copied().collect()
        };
        Self {
            everything: changes.everything,
            stories: named(&changes.stories),
            ended: named(&changes.gone),
            more: changes.stories.len().max(changes.gone.len()) > NAMED_MAX,
            queue: changes.queue,
            articles: changes.articles,
        }
    }
}

impl RecentChanges {
    /// The number of changes recorded so far: one per delta applied.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The number of the next event.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Records a change, and drops the oldest changes beyond the limit.
    pub(super) fn note(&mut self, change: CommitDelta, bounds: &Limits) {
        self.version += 1;
        self.changes.push_back(Arc::new(change));
        while self.changes.len() > bounds.changes_kept {
            self.changes.pop_front();
            metrics::BOUNDED.add([metrics::BY_CHANGES], 1);
        }
    }

    /// The changes after version `after`; `None` if some of them are no longer available.
    pub fn since(&self, after: u64) -> Option<impl Iterator<Item = &Arc<CommitDelta>>> {
        let missed = usize::try_from(self.version.checked_sub(after)?).ok()?;
        let from = self.changes.len().checked_sub(missed)?;
        Some(self.changes.iter().skip(from))
    }

    /// The kept events with number `from` or higher.
    pub fn events(&self, from: u64) -> impl Iterator<Item = &Arc<EventFrame>> {
        let kept = |place: usize| self.events.get(place).map_or(u64::MAX, |frame| frame.sequence);
        let (mut low, mut high) = (0, self.events.len());
        while low < high {
            let middle = low.midpoint(high);
            if kept(middle) < from { low = middle + 1 } else { high = middle }
        }
        self.events.iter().skip(low)
    }

    /// Adds the accepted events before number `next`. Events that were left out show only as a gap
    /// in the numbers.
    pub(super) fn add_events(&mut self, frames: Vec<EventFrame>, next: u64, bounds: &Limits) {
        frames.into_iter().for_each(|frame| self.push(frame, bounds));
        self.next = next;
    }

    /// Adds an event, and drops the oldest events beyond the limits.
    fn push(&mut self, frame: EventFrame, bounds: &Limits) {
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

    /// Memory of the history, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let changes = self.changes.len() * size_of::<CommitDelta>();
        self.bytes + self.events.len() * size_of::<EventFrame>() + changes
    }
}

/// Builds event frames from committed records, up to a rate limit (token bucket).
#[derive(Debug)]
pub(super) struct FrameBuilder {
    /// Events per second.
    rate: f64,
    /// Events that may be accepted now, at most twice the rate.
    allowance: f64,
    /// When `allowance` was last refilled.
    filled: Instant,
}

impl FrameBuilder {
    pub(super) fn new(bounds: &Limits) -> Self {
        let rate = f64::from(bounds.events_per_second);
        Self { rate, allowance: rate, filled: Instant::now() }
    }

    /// The events of a batch that the rate limit admits. If the limit does not admit all events,
    /// the last ones are returned. `end` is the number of the event after the batch's last event.
    pub(super) fn build(&mut self, batch: CommittedBatch<'_>, end: u64) -> Vec<EventFrame> {
        self.build_at(batch, end, Instant::now())
    }

    fn build_at(&mut self, batch: CommittedBatch<'_>, end: u64, now: Instant) -> Vec<EventFrame> {
        let rate = self.rate;
        let refill = now.saturating_duration_since(self.filled).as_secs_f64() * rate;
        (self.allowance, self.filled) = ((self.allowance + refill).min(2.0 * rate), now);
        let first = end.saturating_sub(batch.events.len() as u64);
        let allowed = (self.allowance as usize).min(batch.events.len());
        let left_out = batch.events.len() - allowed;
        self.allowance -= allowed as f64;
        metrics::BOUNDED.add([metrics::BY_EVENT_RATE], left_out as u64);
        let published = batch.outputs.iter().filter(|record| record.role == Role::Events);
        let kept = published.zip(first..).skip(left_out);
        kept.map(|(record, sequence)| frame(record, sequence)).collect()
    }
}

/// Converts a record of the events topic to a CloudEvent in structured mode, whatever mode it was
/// written in.
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

/// The fields of an event in structured mode that are read here.
#[derive(serde::Deserialize)]
struct Structured {
    #[serde(rename = "type")]
    kind: String,
}
