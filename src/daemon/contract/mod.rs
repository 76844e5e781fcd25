//! What is published: engine events to records of the output topics.
//!
//! In: the engine's [`Event`]s of one input record, with that record. Out: [`Output`]s, in the order
//! in which they must be written.
//!
//! ```text
//! Classified    -> events   key: story id, or the article's uri where it belongs to no story
//!                  unique   key: article uri, the untouched bytes, if it brings something new
//! StoryUpdated  -> events   key: story id      and   stories   the newest state
//! StoryClosed   -> events   key: story id      and   stories   a last state, then a tombstone
//! refused item  -> rejected key of the input, the untouched bytes, headers that say why
//! ```
//!
//! The types that are published are wire types of their own ([`article`], [`radius`], [`story`]),
//! from which [`schema`] makes JSON Schema and AsyncAPI.
//!
//! Invariants: CT-1 the id of an event is a function of the input position and of the event's number
//! among those of that record, so that a repeat has the same id; CT-2 `sequence` is the shard's own
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

use crate::config::{Config, Mode};
use crate::daemon::pipeline::batch::{self, Told};
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use crate::engine::article::{EventTime, InputPosition};
use crate::engine::event::{self, Event, What};
use crate::engine::relation::{Kind, Pass};
use crate::engine::story::Summary;
use crate::engine::wire;
use article::{ArticleClassified, ArticleSuperseded};
use data::Base;
use envelope::Envelope;
use radius::Radius;
use sha2::{Digest, Sha256};
use story::{StoryEvent, StoryMerged, StoryStatus};

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

/// Which output topic a record goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Every event.
    Events,
    /// The newest state of each live story.
    Stories,
    /// The feed without repeats.
    Unique,
    /// What could not be read.
    Rejected,
}

/// A record to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Where to.
    pub topic: Topic,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// One input record as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Its untouched bytes.
    pub value: Vec<u8>,
}

impl Record {
    /// The value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }
}

/// Turns events into records.
#[derive(Debug, Clone)]
pub struct Encoder {
    mode: Mode,
    settings: String,
    unique: bool,
    source: String,
}

/// The events of one input record on their way out: counts them, so that each gets its own id.
#[derive(Debug)]
pub struct Caused<'a> {
    /// The input record.
    pub record: &'a Record,
    /// Its position.
    pub input: &'a InputPosition,
    /// Events caused so far by the same record, items before this one included.
    pub count: u32,
}

impl Encoder {
    /// An encoder under this configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            mode: config.output.mode,
            settings: config.settings_hash(),
            unique: !config.output.unique.is_empty(),
            source: format!("/wirefold/{}", config.group.id),
        }
    }

    /// The hash of the shaping settings, as every event carries it.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// The records for `events`. `sequence` is the shard's own counter, which rises by one an event.
    pub fn events(
        &self,
        events: &[Event],
        caused: &mut Caused<'_>,
        sequence: &mut u64,
    ) -> Vec<Output> {
        let mut outputs = Vec::with_capacity(events.len() + 1);
        for event in events {
            outputs.push(self.event(event, caused, *sequence));
            caused.count += 1;
            *sequence += 1;
            outputs.extend(story::states(&event.what));
            if let What::Classified(classified) = &event.what
                && self.unique
                && classified.verdict.pass == Pass::Yes
            {
                outputs.push(unique(classified, caused.record));
            }
        }
        outputs
    }

    fn event(&self, event: &Event, caused: &Caused<'_>, sequence: u64) -> Output {
        let data = data(event, &self.settings);
        let key = match event.what.story() {
            Some(story) => story.to_string(),
            None => data.subject.clone(),
        };
        let envelope = Envelope {
            id: event_id(caused.input, caused.count),
            source: self.source.clone(),
            kind: data.kind,
            subject: data.subject,
            time: event.clock,
            partitionkey: key.clone(),
            sequence,
            traceparent: traceparent(caused.record),
            data: data.value,
        };
        let (headers, value) = match self.mode {
            Mode::Binary => envelope.binary(),
            Mode::Structured => envelope.structured(),
        };
        Output { topic: Topic::Events, key: Some(key.into_bytes()), headers, value: Some(value) }
    }

    /// The record for an item that was refused. `stamp` is the input record's timestamp.
    pub fn reject(
        &self,
        error: &wire::Error,
        record: &Record,
        input: &InputPosition,
        stamp: EventTime,
    ) -> Output {
        let mut headers = record.headers.clone();
        for (name, value) in [
            ("stage", "wire".to_owned()),
            ("reason", error.reason().to_owned()),
            ("message", error.to_string()),
            ("topic", input.topic.to_string()),
            ("partition", input.partition.to_string()),
            ("offset", input.offset.to_string()),
            ("item", input.item.to_string()),
            ("timestamp", stamp.to_string()),
        ] {
            headers.push((format!("wirefold-reject-{name}"), value.into_bytes()));
        }
        let (key, value) = (record.key.clone(), Some(record.value.clone()));
        Output { topic: Topic::Rejected, key, headers, value }
    }
}

impl batch::Encoder for Encoder {
    fn encode(&self, told: &Told<'_>) -> Vec<OutputRecord> {
        let trace = told.record.header("traceparent");
        let trace = trace.map(|value| ("traceparent".to_owned(), value.to_vec()));
        let record = Record { key: None, headers: trace.into_iter().collect(), value: Vec::new() };
        let input = &told.event.input;
        let mut caused = Caused { record: &record, input, count: told.n };
        let mut sequence = told.sequence;
        let said = self.events(std::slice::from_ref(told.event), &mut caused, &mut sequence);
        said.into_iter().filter_map(output).collect()
    }

    fn settings(&self) -> &str {
        &self.settings
    }
}

/// A record for the pipeline, which makes those of the unique feed and the rejects itself.
fn output(said: Output) -> Option<OutputRecord> {
    let role = match said.topic {
        Topic::Events => Role::Events,
        Topic::Stories => Role::Stories,
        Topic::Unique | Topic::Rejected => return None,
    };
    let headers = said.headers.into_iter().map(|(key, value)| (key, Some(value))).collect();
    Some(OutputRecord { role, key: said.key, payload: said.value, headers })
}

/// The id of the `n`-th event that an input record caused: a replay repeats it.
pub fn event_id(input: &InputPosition, n: u32) -> String {
    let mut hash = Sha256::new();
    hash.update((input.topic.len() as u64).to_be_bytes());
    hash.update(input.topic.as_bytes());
    hash.update(input.partition.to_be_bytes());
    hash.update(input.offset.to_be_bytes());
    hash.update(n.to_be_bytes());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The trace context of the input, as a header of its own or as a CloudEvents attribute.
fn traceparent(record: &Record) -> Option<String> {
    record.header("traceparent").or_else(|| record.header("ce_traceparent")).map(str::to_owned)
}

/// The original bytes and headers, with what was found.
fn unique(classified: &event::Classified, record: &Record) -> Output {
    let mut headers = record.headers.clone();
    let mut say = |name: &str, value: String| {
        headers.push((format!("wirefold-{name}"), value.into_bytes()));
    };
    let verdict = &classified.verdict;
    say("kind", verdict.relation.kind.as_str().to_owned());
    if let Some(story) = &classified.story {
        say("story", story.id.to_string());
    }
    if let Some(of) = &verdict.relation.of {
        say("of", of.key.uri.clone());
    }
    if let Some(novelty) = &verdict.novelty {
        say("novelty", data::rounded(novelty.share.get()).to_string());
        say("novel-words", novelty.words.to_string());
    }
    if !verdict.flags.is_empty() {
        say("flags", verdict.flags.join(","));
    }
    say("simhash", classified.simhash.to_string());
    let key = classified.about.uri.clone().into_bytes();
    Output { topic: Topic::Unique, key: Some(key), headers, value: Some(record.value.clone()) }
}

/// A payload with its type and subject.
struct Data {
    kind: &'static str,
    subject: String,
    value: Vec<u8>,
}

/// The payload of an event.
fn data(event: &Event, settings: &str) -> Data {
    let base = Base::of(&event.input, settings);
    let story = |kind, of: &Summary, status, base| {
        (kind, of.id.to_string(), json(&StoryEvent::of(of, status, base)))
    };
    let radius = |kind, of: &event::Radius, base| {
        (kind, radius::subject(of), json(&Radius::of(of, event.clock, base)))
    };
    let (kind, subject, value) = match &event.what {
        What::Classified(c) => {
            (CLASSIFIED, c.about.uri.clone(), json(&ArticleClassified::of(c, base)))
        }
        What::Withdrawn(r) => radius(WITHDRAWN, r, base),
        What::Corrected(r) => radius(CORRECTED, r, base),
        What::Superseded(s) => {
            (SUPERSEDED, s.article.uri.clone(), json(&ArticleSuperseded::of(s, base)))
        }
        What::StoryOpened(s) => story(OPENED, s, StoryStatus::Live, base),
        What::StoryUpdated(s) => story(UPDATED, s, StoryStatus::Live, base),
        What::StoryMerged(m) => (MERGED, m.under.to_string(), json(&StoryMerged::of(m, base))),
        What::StoryClosed(s) => story(CLOSED, s, StoryStatus::Closed, base),
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
