//! What is published: engine events to records of the output topics.
//!
//! In: the engine's [`Event`]s of one input record, with that record. Out: [`Output`]s, in the order
//! in which they must be written. The types that are published are in [`data`], the CloudEvents
//! envelope in [`envelope`].
//!
//! Per event: one record on the events topic, keyed by story id (by article uri where an article
//! belongs to no story). Per opened, updated, merged or closed story also its newest state on the
//! stories topic; a closed or absorbed one says so, and a tombstone follows. Per article that brings
//! something new also its original bytes on the unique topic. Per refused item a record on the
//! rejected topic.
//!
//! Sources: CloudEvents 1.0.2, its Kafka protocol binding, its partitioning and sequence extensions.

pub mod data;
pub mod envelope;
pub mod radius;
pub mod story;

use crate::config::{Config, Mode};
use crate::daemon::pipeline::batch::{self, Told};
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use crate::engine::article::{EventTime, InputPosition};
use crate::engine::event::{Event, What};
use crate::engine::relation::Pass;
use crate::engine::wire;
use envelope::Envelope;
use sha2::{Digest, Sha256};

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
            outputs.extend(story::states(&event.what, event.clock));
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
        let data = data::of(event, &self.settings);
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
            traceparent: caused.record.header("traceparent").map(str::to_owned),
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

/// The original bytes and headers, with what was found.
fn unique(classified: &crate::engine::event::Classified, record: &Record) -> Output {
    let mut headers = record.headers.clone();
    let mut say = |name: &str, value: String| {
        headers.push((format!("wirefold-{name}"), value.into_bytes()));
    };
    say("kind", classified.verdict.relation.kind.as_str().to_owned());
    if let Some(story) = &classified.story {
        say("story", story.id.to_string());
    }
    if let Some(of) = &classified.verdict.relation.of {
        say("of", of.key.uri.clone());
    }
    if let Some(novelty) = &classified.verdict.novelty {
        say("novelty", format!("{:.2}", novelty.share.get()));
    }
    say("simhash", classified.simhash.to_string());
    let key = classified.about.uri.clone().into_bytes();
    Output { topic: Topic::Unique, key: Some(key), headers, value: Some(record.value.clone()) }
}
