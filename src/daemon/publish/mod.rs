//! Encodes engine events as records for the output topics.
//!
//! Input: an engine [`Event`], its number, and the input record that caused it. Output: records in
//! the order in which they must be written.
//!
//! ```text
//! Classified    -> events   key: story id, or the article's uri if it belongs to no story
//!                  unique   key: article uri; payload: the original bytes. Only for articles that
//!                           bring something new, or take the place of another one. If the input
//!                           record holds several items, the payload is the part that holds this
//!                           article. An embargoed article is written when its embargo ends, if so
//!                           configured.
//! StoryUpdated  -> events   key: story id, and
//!                  stories  the current state
//! StoryClosed   -> events   key: story id, and
//!                  stories  a final state, then a tombstone
//! ```
//!
//! Published payloads have separate types ([`article`], [`radius`], [`story`]). [`schema`] derives
//! the JSON Schema and AsyncAPI documents from them.
//!
//! The trace context of the input record is passed on twice: as attributes of the CloudEvent, and
//! as plain headers for clients that do not know CloudEvents.
//!
//! Invariants:
//! - CT-1: the id of an event is a function of the input position and the event's number among the
//!   events of that record. For events that a clock advance caused, the id also depends on the
//!   clock. Processing the record again produces the same id.
//! - CT-2: `sequence` is a per-shard counter, zero-padded to 20 digits, so that it sorts the same
//!   as text and as a number.
//! - CT-3: the bytes of a record are a function of the event, its number, the input record and the
//!   settings.
//!
//! Sources: CloudEvents 1.0.2, its Kafka protocol binding, and its partitioning, sequence and
//! distributed tracing extensions. The CloudEvents SDK is not used because it pins another Kafka
//! client.

pub mod article;
pub mod data;
mod envelope;
pub mod radius;
pub mod schema;
pub mod story;
pub mod why;

use crate::daemon::pipeline::broker::{Header, OutputRecord, Role};
use crate::daemon::pipeline::encoder::{EventContext, EventEncoder};
use crate::daemon::pipeline::trace_context::{TraceContext, forwarded_headers};
use article::{ArticleClassified, ArticleSuperseded};
use data::PayloadBase;
use envelope::Envelope;
pub use envelope::Mode;
use radius::RadiusInfo;
use sha2::{Digest, Sha256};
use story::{StoryEvent, StoryMerged, StoryState, StoryStatus};
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::RecordPart;
use wirefold_engine::event::{self, Event, EventCause, EventKind};
use wirefold_engine::stories::Summary;
use wirefold_engine::verdict::Kind;

/// The event type of the verdict for an accepted article.
pub const CLASSIFIED: &str = "wirefold.article.classified.v1";
/// The event type of a kill or hold, with its blast radius.
pub const WITHDRAWN: &str = "wirefold.article.withdrawn.v1";
/// The event type of a correction, with its blast radius.
pub const CORRECTED: &str = "wirefold.article.corrected.v1";
/// The event type of an earlier verdict that is no longer valid.
pub const SUPERSEDED: &str = "wirefold.article.superseded.v1";
/// The event type of a new story.
pub const OPENED: &str = "wirefold.story.opened.v1";
/// The event type of a changed story.
pub const UPDATED: &str = "wirefold.story.updated.v1";
/// The event type of a merge of stories.
pub const MERGED: &str = "wirefold.story.merged.v1";
/// The event type of a closed story.
pub const CLOSED: &str = "wirefold.story.closed.v1";

/// The event types, each with a one-line description.
pub const TYPES: [(&str, &str); 8] = [
    (CLASSIFIED, "one per accepted article: relation, evidence, novelty, story"),
    (WITHDRAWN, "a kill or hold, with its blast radius: every article that carries the text"),
    (CORRECTED, "a correction, with its blast radius: every article that carries the old text"),
    (SUPERSEDED, "an earlier verdict is no longer valid, and why"),
    (OPENED, "a new story; `follows` names the story that it continues"),
    (UPDATED, "a story's lead, headline, size, publishers, first and last seen"),
    (MERGED, "one story absorbed another; published under both keys"),
    (CLOSED, "the last article of a story left the window; contains the story's final state"),
];

/// Encodes engine events as Kafka records (see the module documentation).
#[derive(Debug, Clone)]
pub struct Encoder {
    /// The CloudEvents content mode.
    mode: Mode,
    /// The CloudEvents `source`: `/wirefold/<group>`.
    source: String,
    /// The hash of the engine settings.
    settings: String,
    /// Whether to write the unique topic.
    unique: UniqueTopic,
}

/// Whether the unique topic is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueTopic {
    /// The topic gets the articles that bring something new or replace another one.
    On,
    /// There is no unique topic.
    Off,
}

impl Encoder {
    /// An encoder for the consumer group `group`. `settings` is the hash of the engine settings.
    pub fn new(mode: Mode, group: &str, settings: String, unique: UniqueTopic) -> Self {
        Self { mode, source: format!("/wirefold/{group}"), settings, unique }
    }

    /// The record for the events topic, followed by those for the stories topic.
    fn event(&self, context: &EventContext<'_>) -> Vec<OutputRecord> {
        let data = data(context.event, &self.settings);
        let key = match context.event.kind.story() {
            Some(story) => story.to_string(),
            None => data.subject.clone(),
        };
        let envelope = Envelope {
            id: match context.event.cause {
                EventCause::Article => event_id(&context.event.input, context.n, context.resets),
                EventCause::Clock => clock_event_id(
                    &context.event.input,
                    context.event.clock,
                    context.n,
                    context.resets,
                ),
            },
            source: self.source.clone(),
            kind: data.kind,
            subject: data.subject,
            time: context.event.clock,
            partitionkey: key.clone(),
            sequence: context.sequence,
            context: TraceContext::of(context.record).map(Into::into),
            data: data.value,
        };
        let (headers, value) = match self.mode {
            Mode::Binary => envelope.binary(),
            Mode::Structured => envelope.structured(),
        };
        let key = Some(key.into_bytes());
        let event = OutputRecord { role: Role::Events, key, payload: Some(value), headers };
        let states = data.story.map(|story| story::states(context.event, story));
        std::iter::once(event).chain(states.into_iter().flatten()).collect()
    }
}

impl EventEncoder for Encoder {
    fn encode(&self, context: &EventContext<'_>) -> Vec<OutputRecord> {
        let mut records = self.event(context);
        if let EventKind::Classified(classified) = &context.event.kind
            && classified.verdict.pass.is_forwarded()
        {
            records.extend(self.unique(context));
        }
        records
    }

    fn unique(&self, context: &EventContext<'_>) -> Option<OutputRecord> {
        match &context.event.kind {
            EventKind::Classified(classified) if self.unique == UniqueTopic::On => {
                Some(unique(classified, context))
            }
            _ => None,
        }
    }

    fn settings(&self) -> &str {
        &self.settings
    }
}

/// The id of the `n`-th event that the record at `input` caused. Processing the record again gives
/// the same id. `resets` distinguishes records that have the same offset because their topic was
/// deleted and recreated.
pub fn event_id(input: &InputPosition, n: u32, resets: u32) -> String {
    hex(hash_of(input, n, resets))
}

/// The id of the `n`-th event caused by the clock advancing to `clock` after the record at `input`.
/// A replay of the journals gives the same id. The id differs from the ids of all events that the
/// record itself caused.
pub fn clock_event_id(input: &InputPosition, clock: EventTime, n: u32, resets: u32) -> String {
    let hash = hash_of(input, n, resets);
    hex(hash.chain_update(b"clock").chain_update(clock.0.to_be_bytes()))
}

/// The first 16 bytes of a hash as 32 hexadecimal digits.
fn hex(hash: Sha256) -> String {
    let digest = hash.finalize();
    let first = digest.first_chunk().expect("a SHA-256 hash has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*first))
}

/// The hash of the input position, the event's number, and the number of resets if there were any.
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

/// The record for the unique topic: the original bytes and headers plus `wirefold-*` headers with
/// the verdict. If the input record holds several items, the payload is the part that holds the
/// article.
fn unique(classified: &event::Classified, context: &EventContext<'_>) -> OutputRecord {
    let mut headers = forwarded_headers(context.record);
    if let RecordPart::Document(_) = context.part {
        headers.iter_mut().for_each(in_utf8);
    }
    let mut add = |name: &str, value: String| {
        headers.push((format!("wirefold-{name}"), Some(value.into_bytes())));
    };
    let (verdict, input) = (&classified.verdict, &context.event.input);
    add("kind", verdict.relation.kind.as_str().to_owned());
    if let Some(story) = &classified.story {
        add("story", story.id.to_string());
    }
    if let Some(of) = &verdict.relation.of {
        add("of", of.key.uri.clone());
    }
    if let Some(replaced) = verdict.pass.replaces() {
        add("replaces", replaced.uri.clone());
    }
    if let Some(until) = classified.about.embargoed {
        add("embargoed", until.to_string());
    }
    if let Some(novelty) = &verdict.novelty {
        add("novelty", data::rounded(novelty.share.get()).to_string());
        add("novel-words", novelty.words.to_string());
    }
    if !verdict.flags.is_empty() {
        add("flags", verdict.flags.join(","));
    }
    add("simhash", classified.simhash.to_string());
    add("topic", input.topic.to_string());
    add("partition", input.partition.to_string());
    add("offset", input.offset.to_string());
    add("item", input.item.to_string());
    add("items", context.items.to_string());
    OutputRecord {
        role: Role::Unique,
        key: Some(classified.about.uri.clone().into_bytes()),
        payload: context
            .record
            .payload
            .as_deref()
            .map(|record| context.part.bytes(record).to_vec()),
        headers,
    }
}

/// Changes the charset of a content type to UTF-8, because a document cut out of a record is always
/// UTF-8.
fn in_utf8((name, value): &mut Header) {
    let Some(value) = value.as_mut().filter(|_| name.eq_ignore_ascii_case("content-type")) else {
        return;
    };
    let content_type = String::from_utf8_lossy(value).into_owned();
    let mut parts = content_type.split(';');
    let media = parts.next().unwrap_or_default();
    if parts.any(|part| part.trim().to_ascii_lowercase().starts_with("charset")) {
        *value = format!("{media}; charset=utf-8").into_bytes();
    }
}

/// The encoded payload of an event, with its CloudEvents type and subject.
struct Data {
    kind: &'static str,
    subject: String,
    value: Vec<u8>,
    /// The state of the story in the payload of a story event.
    story: Option<StoryState>,
}

/// Encodes the payload of an event.
fn data(event: &Event, settings: &str) -> Data {
    let base = PayloadBase::of(&event.input, settings);
    let mut state = None;
    let mut story = |kind, of: &Summary, status, base| {
        let event = StoryEvent::of((of, status), event.clock, base);
        let payload = json(&event);
        state = Some(event.story);
        (kind, of.id.to_string(), payload)
    };
    let radius = |kind, of: &event::Radius, base| {
        (kind, radius::subject(of), json(&RadiusInfo::of(of, event.clock, base)))
    };
    let (kind, subject, value) = match &event.kind {
        EventKind::Classified(c) => {
            (CLASSIFIED, c.about.uri.clone(), json(&ArticleClassified::of(c, base)))
        }
        EventKind::Withdrawn(r) => radius(WITHDRAWN, r, base),
        EventKind::Corrected(r) => radius(CORRECTED, r, base),
        EventKind::Superseded(s) => {
            (SUPERSEDED, s.article.key.uri.clone(), json(&ArticleSuperseded::of(s, base)))
        }
        EventKind::StoryOpened(s) => story(OPENED, s, StoryStatus::Live, base),
        EventKind::StoryUpdated(s) => story(UPDATED, s, StoryStatus::Live, base),
        EventKind::StoryMerged(m) => {
            let event = StoryMerged::of(m, event.clock, base);
            let payload = json(&event);
            state = Some(event.survivor);
            (MERGED, m.key_story.to_string(), payload)
        }
        EventKind::StoryClosed(s) => story(CLOSED, s, StoryStatus::Closed, base),
    };
    Data { kind, subject, value, story: state }
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PAYLOAD_BYTES);
    serde_json::to_writer(&mut bytes, value).expect("payload types serialize to JSON");
    bytes
}

/// Initial buffer size for a payload. Most payloads fit.
const PAYLOAD_BYTES: usize = 1_024;

/// What an article of this kind is, in a few words.
pub fn kind_description(kind: Kind) -> &'static str {
    match kind {
        Kind::Withdrawal => "a kill, hold or release of another article",
        Kind::Redelivery => "the same article sent again",
        Kind::Correction => "a corrected version of an earlier article, marked or not",
        Kind::Update => "a newer version of an earlier article",
        Kind::Duplicate => "the same text as an earlier article; the headline may differ",
        Kind::Recurring => "a regular item with new figures, such as a daily table",
        Kind::Excerpt => "part of an earlier text",
        Kind::Expansion => "an earlier text with more text around it",
        Kind::Reprint => "an earlier text, lightly edited",
        Kind::Partial => "shares a passage with an earlier text, such as a quote",
        Kind::Original => "no earlier article has this text",
    }
}
