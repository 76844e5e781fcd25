//! JSON Schema and AsyncAPI 3 of what is published, made from the wire types.
//!
//! In: the types of this folder. Out: documents, checked in under `config/schema/`; a test fails
//! when they drift.

use super::article::{ArticleClassified, ArticleSuperseded};
use super::envelope::dataschema;
use super::radius::RadiusInfo;
use super::story::{StoryEvent, StoryMerged, StoryState};
use super::{CLASSIFIED, CLOSED, CORRECTED, MERGED, OPENED, SUPERSEDED, TYPES, UPDATED, WITHDRAWN};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Names of topics, for the AsyncAPI document.
#[derive(Debug, Clone)]
pub struct SchemaTopics<'a> {
    /// The input.
    pub articles: &'a str,
    /// Every event.
    pub events: &'a str,
    /// The newest state of each live story.
    pub stories: &'a str,
    /// The feed without repeats; empty for none.
    pub unique: &'a str,
    /// What could not be read.
    pub rejected: &'a str,
}

/// JSON Schema of the events topic: structured mode, with the data of each type.
pub fn events() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let one_of: Vec<Value> = TYPES
        .iter()
        .map(|(kind, says)| structured(kind, says, payload(kind, &mut generator)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wirefold:events:v1",
        "title": "wirefold events",
        "description": "Events in CloudEvents structured mode. In binary mode the attributes are \
                        headers `ce_*`, and the value is what `data` holds here.",
        "oneOf": one_of,
        "$defs": generator.take_definitions(true),
    })
}

/// JSON Schema of the values of the stories topic.
pub fn stories() -> Value {
    let mut schema = schemars::schema_for!(StoryState).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("$id".into(), "urn:wirefold:stories:v1".into());
    }
    schema
}

/// The schema of one type's data.
fn payload(kind: &str, generator: &mut SchemaGenerator) -> Schema {
    fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
    match kind {
        CLASSIFIED => of::<ArticleClassified>(generator),
        WITHDRAWN | CORRECTED => of::<RadiusInfo>(generator),
        SUPERSEDED => of::<ArticleSuperseded>(generator),
        OPENED | UPDATED | CLOSED => of::<StoryEvent>(generator),
        MERGED => of::<StoryMerged>(generator),
        other => unreachable!("`{other}` is no event type"),
    }
}

/// Context attributes by name: description and further keywords.
const ATTRIBUTES: [(&str, &str); 10] = [
    ("specversion", "CloudEvents version"),
    ("id", "hash of input topic, partition, offset and the event's number: a repeat repeats it"),
    ("source", "/wirefold/<group>"),
    ("type", "what happened"),
    ("subject", "the article's uri, or the story's id"),
    ("time", "the engine's clock, RFC 3339 in UTC"),
    ("dataschema", "names the schema of `data`"),
    ("partitionkey", "the record's key: the story's id, or the article's uri without a story"),
    ("sequence", "the shard's own counter, 20 digits, rising over all its events"),
    ("datacontenttype", "application/json"),
];

/// Context attributes that an event has where its input had them.
const TRACED: [(&str, &str); 2] = [
    ("traceparent", "W3C trace context of the input, passed on; also a header of its own"),
    ("tracestate", "goes with `traceparent`"),
];

fn structured(kind: &str, says: &str, data: Schema) -> Value {
    let mut properties = Map::new();
    for (name, description) in ATTRIBUTES {
        let mut schema = json!({ "type": "string", "description": description });
        match name {
            "specversion" => schema["const"] = "1.0".into(),
            "type" => schema["const"] = kind.into(),
            "dataschema" => schema["const"] = dataschema(kind).into(),
            "id" => schema["pattern"] = "^[0-9a-f]{32}$".into(),
            "sequence" => schema["pattern"] = "^[0-9]{20}$".into(),
            "time" => schema["format"] = "date-time".into(),
            _ => {}
        }
        properties.insert(name.into(), schema);
    }
    for (name, description) in TRACED {
        properties.insert(name.into(), json!({ "type": "string", "description": description }));
    }
    properties.insert("data".into(), data.to_value());
    let mut required: Vec<&str> = ATTRIBUTES.iter().map(|(name, _)| *name).collect();
    required.push("data");
    json!({
        "title": kind, "description": says, "type": "object",
        "properties": properties, "required": required,
    })
}

/// The AsyncAPI 3 document of a deployment with these topics.
pub fn asyncapi(topics: &SchemaTopics<'_>) -> Value {
    let mut generator =
        SchemaSettings::draft07().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = generator_of(&mut generator);
    let mut messages = Map::new();
    for (kind, says) in TYPES {
        let payload = payload(kind, &mut generator).to_value();
        messages.insert(name_of(kind), message(kind, says, &payload));
    }
    let state = generator.subschema_for::<StoryState>().to_value();
    messages.insert(
        "storyState".into(),
        json!({
            "name": "storyState", "contentType": "application/json", "payload": state,
            "summary": "the newest state of a story; a closed or merged one says so, then a tombstone",
        }),
    );
    for (name, summary) in [
        ("article", "an article as a wire sends it: plain JSON, ninjs, or another format"),
        (
            "uniqueArticle",
            "an article that brings something new: untouched bytes, `wirefold-*` headers. Of a \
             record with several items (`wirefold-items`) the one at `wirefold-item`: of a list in \
             JSON its own bytes; of RSS, Atom and NewsML a document in UTF-8 that holds the item as \
             it stood, with the start tags and the head of what held it",
        ),
        ("reject", "what could not be read: untouched bytes, `wirefold-reject-*` headers"),
    ] {
        let payload = json!({ "description": "bytes" });
        messages
            .insert(name.into(), json!({ "name": name, "summary": summary, "payload": payload }));
    }
    let (channels, operations) = channels(topics);
    json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "wirefold", "version": env!("CARGO_PKG_VERSION"),
            "description": "Folds a news wire: says of every article what it is, of what, on which \
                            evidence, how much of it is new, and which story it belongs to.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": generator.take_definitions(true) },
    })
}

fn generator_of(settings: &mut SchemaSettings) -> SchemaGenerator {
    settings.clone().into_generator()
}

/// `wirefold.article.classified.v1` to `articleClassified`.
fn name_of(kind: &str) -> String {
    let parts: Vec<&str> = kind.split('.').collect();
    let second = parts.get(2).copied().unwrap_or_default();
    let mut name = parts.get(1).copied().unwrap_or_default().to_owned();
    name += &second[..1].to_uppercase();
    name += &second[1..];
    name
}

fn message(kind: &str, says: &str, payload: &Value) -> Value {
    let mut headers = Map::new();
    let attributes = ATTRIBUTES.iter().filter(|(name, _)| *name != "datacontenttype");
    for (name, description) in attributes.chain(&TRACED) {
        headers
            .insert(format!("ce_{name}"), json!({ "type": "string", "description": description }));
    }
    headers["ce_type"]["const"] = kind.into();
    json!({
        "name": kind, "summary": says, "contentType": "application/json",
        "headers": { "type": "object", "properties": headers },
        "payload": payload,
        "bindings": { "kafka": { "key": { "type": "string" } } },
    })
}

/// Channels and operations, from the view of this application.
fn channels(topics: &SchemaTopics<'_>) -> (Map<String, Value>, Map<String, Value>) {
    let events: Vec<String> = TYPES.iter().map(|(kind, _)| name_of(kind)).collect();
    let listed = [
        ("articles", topics.articles, "receive", vec!["article".to_owned()], "delete"),
        ("events", topics.events, "send", events, "delete"),
        ("stories", topics.stories, "send", vec!["storyState".to_owned()], "compact"),
        ("unique", topics.unique, "send", vec!["uniqueArticle".to_owned()], "delete"),
        ("rejected", topics.rejected, "send", vec!["reject".to_owned()], "delete"),
    ];
    let (mut channels, mut operations) = (Map::new(), Map::new());
    for (name, topic, action, messages, cleanup) in
        listed.into_iter().filter(|(_, topic, ..)| !topic.is_empty())
    {
        let named: Map<String, Value> = messages
            .iter()
            .map(|m| (m.clone(), json!({ "$ref": format!("#/components/messages/{m}") })))
            .collect();
        channels.insert(
            name.into(),
            json!({
                "address": topic, "messages": named,
                "bindings": { "kafka": { "topic": topic, "topicConfiguration": {
                    "cleanup.policy": [cleanup] } } },
            }),
        );
        operations.insert(
            format!("{action}{}{}", name[..1].to_uppercase(), &name[1..]),
            json!({ "action": action, "channel": { "$ref": format!("#/channels/{name}") } }),
        );
    }
    (channels, operations)
}
