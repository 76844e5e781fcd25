//! What is published: engine events to records of the output topics.
//!
//! In: an engine [`Event`], its number, and the record that brought it about. Out: records, in the
//! order in which they must be written.
//!
//! ```text
//! Classified    -> events   key: story id, or the article's uri where it belongs to no story
//!                  unique   key: article uri, the untouched bytes, if it brings something new; of
//!                           a record with several items, the part that holds the article; under an
//!                           embargo, by setting, when that has ended
//! StoryUpdated  -> events   key: story id      and   stories   the newest state
//! StoryClosed   -> events   key: story id      and   stories   a last state, then a tombstone
//! ```
//!
//! The types that are published are wire types of their own ([`article`], [`radius`], [`story`]),
//! from which [`schema`] makes JSON Schema and AsyncAPI.
//!
//! The trace context of the input goes on with everything that it brings about: as attributes of the
//! event, and as headers of their own, where clients that know nothing of CloudEvents look.
//!
//! Invariants: CT-1 the id of an event is a function of the input position and of the event's number
//! among those of that record, and of the clock where that caused it, so that a repeat has the same
//! id; CT-2 `sequence` is the shard's own
//! counter in 20 digits, so that order as text is order as number; CT-3 the bytes of a record are a
//! function of the event, its number, the input record and the settings.
//!
//! Sources: CloudEvents 1.0.2, its Kafka protocol binding, its partitioning, sequence and
//! distributed tracing extensions. By hand, because the SDK pins another Kafka client.

pub mod article;
pub mod data;
mod envelope;
pub mod radius;
pub mod schema;
pub mod story;
pub mod why;

use crate::daemon::pipeline::broker::{Header, OutputRecord, Role};
use crate::daemon::pipeline::encoder::{EventContext, EventEncoder};
use crate::daemon::pipeline::trace_context::{TraceContext, carried};
use article::{ArticleClassified, ArticleSuperseded};
use data::PayloadBase;
use envelope::Envelope;
pub use envelope::Mode;
use radius::RadiusInfo;
use sha2::{Digest, Sha256};
use story::{StoryEvent, StoryMerged, StoryStatus};
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::RecordPart;
use wirefold_engine::event::{self, Event, EventCause, EventKind};
use wirefold_engine::stories::Summary;
use wirefold_engine::verdict::{Kind, Pass};

/// An accepted article was classified.
pub const CLASSIFIED: &str = "wirefold.article.classified.v1";
/// A kill or hold, with its blast radius.
pub const WITHDRAWN: &str = "wirefold.article.withdrawn.v1";
/// A correction, with its blast radius.
pub const CORRECTED: &str = "wirefold.article.corrected.v1";
/// An earlier verdict no longer holds.
pub const SUPERSEDED: &str = "wirefold.article.superseded.v1";
/// A story opened.
pub const OPENED: &str = "wirefold.story.opened.v1";
/// A story changed.
pub const UPDATED: &str = "wirefold.story.updated.v1";
/// A story took another in.
pub const MERGED: &str = "wirefold.story.merged.v1";
/// A story closed.
pub const CLOSED: &str = "wirefold.story.closed.v1";

/// The types of events, each with what it says.
pub const TYPES: [(&str, &str); 8] = [
    (CLASSIFIED, "one per accepted article: relation, evidence, novelty, story"),
    (WITHDRAWN, "a kill or hold with its blast radius: every article that carries the text"),
    (CORRECTED, "a correction with its blast radius: every article that carries the old text"),
    (SUPERSEDED, "an earlier verdict that no longer holds, and why"),
    (OPENED, "a new story; `follows` names the one that it grew out of"),
    (UPDATED, "a story's lead, headline, size, publishers, first and last seen"),
    (MERGED, "one story took another in; said under both keys"),
    (CLOSED, "a story's final figures"),
];

/// Turns events into records.
#[derive(Debug, Clone)]
pub struct Encoder {
    mode: Mode,
    source: String,
    settings: String,
    unique: UniqueFeed,
}

/// Whether there is a feed without repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueFeed {
    /// There is.
    Wanted,
    /// There is not.
    Off,
}

impl Encoder {
    /// An encoder for the deployment `group`, whose shaping settings have the hash `settings`.
    pub fn new(mode: Mode, group: &str, settings: String, unique: UniqueFeed) -> Self {
        Self { mode, source: format!("/wirefold/{group}"), settings, unique }
    }

    fn event(&self, told: &EventContext<'_>) -> OutputRecord {
        let data = data(told.event, &self.settings);
        let key = match told.event.what.story() {
            Some(story) => story.to_string(),
            None => data.subject.clone(),
        };
        let envelope = Envelope {
            id: match told.event.cause {
                EventCause::Article => event_id(&told.event.input, told.n, told.resets),
                EventCause::Clock => {
                    tick_event_id(&told.event.input, told.event.clock, told.n, told.resets)
                }
            },
            source: self.source.clone(),
            kind: data.kind,
            subject: data.subject,
            time: told.event.clock,
            partitionkey: key.clone(),
            sequence: told.sequence,
            context: TraceContext::of(told.record).map(Into::into),
            data: data.value,
        };
        let (headers, value) = match self.mode {
            Mode::Binary => envelope.binary(),
            Mode::Structured => envelope.structured(),
        };
        OutputRecord {
            role: Role::Events,
            key: Some(key.into_bytes()),
            payload: Some(value),
            headers,
        }
    }
}

impl EventEncoder for Encoder {
    fn encode(&self, told: &EventContext<'_>) -> Vec<OutputRecord> {
        let mut records = vec![self.event(told)];
        records.extend(story::states(&told.event.what));
        if let EventKind::Classified(classified) = &told.event.what
            && classified.verdict.pass == Pass::Yes
        {
            records.extend(self.unique(told));
        }
        records
    }

    fn unique(&self, told: &EventContext<'_>) -> Option<OutputRecord> {
        match &told.event.what {
            EventKind::Classified(classified) if self.unique == UniqueFeed::Wanted => {
                Some(unique(classified, told))
            }
            _ => None,
        }
    }

    fn settings(&self) -> &str {
        &self.settings
    }
}

/// The id of the `n`-th event that an input record caused: a replay repeats it. `resets` tells apart
/// records that have the same offset because their topic was created again.
pub fn event_id(input: &InputPosition, n: u32, resets: u32) -> String {
    hex(hash_of(input, n, resets))
}

/// The id of the `n`-th event that the clock caused when it went on to `clock` after the record at
/// `input`: a replay of the journals repeats it, and no event of that record has it.
pub fn tick_event_id(input: &InputPosition, clock: EventTime, n: u32, resets: u32) -> String {
    let hash = hash_of(input, n, resets);
    hex(hash.chain_update(b"clock").chain_update(clock.0.to_be_bytes()))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn hash_of(input: &InputPosition, n: u32, resets: u32) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update((input.topic.len() as u64).to_be_bytes());
    hash.update(input.topic.as_bytes());
    hash.update(input.partition.to_be_bytes());
    hash.update(input.offset.to_be_bytes());
    hash.update(n.to_be_bytes());
    if resets > 0 {
        hash.update(resets.to_be_bytes());
    }
    hash
}

/// The original bytes and headers, with what was found. Of a record with several items only the part
/// that holds the article.
fn unique(classified: &event::Classified, told: &EventContext<'_>) -> OutputRecord {
    let mut headers = carried(told.record);
    if let RecordPart::Document(_) = told.part {
        headers.iter_mut().for_each(in_utf8);
    }
    let mut say = |name: &str, value: String| {
        headers.push((format!("wirefold-{name}"), Some(value.into_bytes())));
    };
    let (verdict, input) = (&classified.verdict, &told.event.input);
    say("kind", verdict.relation.kind.as_str().to_owned());
    if let Some(story) = &classified.story {
        say("story", story.id.to_string());
    }
    if let Some(of) = &verdict.relation.of {
        say("of", of.key.uri.clone());
    }
    if let Some(until) = classified.about.embargoed {
        say("embargoed", until.to_string());
    }
    if let Some(novelty) = &verdict.novelty {
        say("novelty", data::rounded(novelty.share.get()).to_string());
        say("novel-words", novelty.words.to_string());
    }
    if !verdict.flags.is_empty() {
        say("flags", verdict.flags.join(","));
    }
    say("simhash", classified.simhash.to_string());
    say("topic", input.topic.to_string());
    say("partition", input.partition.to_string());
    say("offset", input.offset.to_string());
    say("item", input.item.to_string());
    say("items", told.items.to_string());
    OutputRecord {
        role: Role::Unique,
        key: Some(classified.about.uri.clone().into_bytes()),
        payload: told.record.payload.as_deref().map(|record| told.part.bytes(record).to_vec()),
        headers,
    }
}

/// Names UTF-8 where a content type names a character set: a document made from a record is in UTF-8.
fn in_utf8((name, value): &mut Header) {
    let Some(value) = value.as_mut().filter(|_| name.eq_ignore_ascii_case("content-type")) else {
        return;
    };
    let said = String::from_utf8_lossy(value).into_owned();
    let mut parts = said.split(';');
    let media = parts.next().unwrap_or_default();
    if parts.any(|part| part.trim().to_ascii_lowercase().starts_with("charset")) {
        *value = format!("{media}; charset=utf-8").into_bytes();
    }
}

/// A payload with its type and subject.
struct Data {
    kind: &'static str,
    subject: String,
    value: Vec<u8>,
}

/// The payload of an event.
fn data(event: &Event, settings: &str) -> Data {
    let base = PayloadBase::of(&event.input, settings);
    let story = |kind, of: &Summary, status, base| {
        (kind, of.id.to_string(), json(&StoryEvent::of(of, status, base)))
    };
    let radius = |kind, of: &event::Radius, base| {
        (kind, radius::subject(of), json(&RadiusInfo::of(of, event.clock, base)))
    };
    let (kind, subject, value) = match &event.what {
        EventKind::Classified(c) => {
            (CLASSIFIED, c.about.uri.clone(), json(&ArticleClassified::of(c, base)))
        }
        EventKind::Withdrawn(r) => radius(WITHDRAWN, r, base),
        EventKind::Corrected(r) => radius(CORRECTED, r, base),
        EventKind::Superseded(s) => {
            (SUPERSEDED, s.article.uri.clone(), json(&ArticleSuperseded::of(s, base)))
        }
        EventKind::StoryOpened(s) => story(OPENED, s, StoryStatus::Live, base),
        EventKind::StoryUpdated(s) => story(UPDATED, s, StoryStatus::Live, base),
        EventKind::StoryMerged(m) => (MERGED, m.under.to_string(), json(&StoryMerged::of(m, base))),
        EventKind::StoryClosed(s) => story(CLOSED, s, StoryStatus::Closed, base),
    };
    Data { kind, subject, value }
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("payload types have text keys alone")
}

/// What a relation kind means, for documents.
pub fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Withdrawal => "a kill, hold or release; `of` is what it withdraws",
        Kind::Redelivery => "the same item again",
        Kind::Correction => "a corrected version, marked or unmarked",
        Kind::Update => "a newer version",
        Kind::Duplicate => "the same body as another item; a changed headline stays a duplicate",
        Kind::Recurring => "yesterday's table with today's figures",
        Kind::Excerpt => "part of another text",
        Kind::Expansion => "another text with more around it",
        Kind::Reprint => "another text, lightly edited",
        Kind::Partial => "shares a passage: quotes, background, a spliced item",
        Kind::Original => "none of these",
    }
}
