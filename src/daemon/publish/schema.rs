//! Generates the JSON Schema and AsyncAPI 3 documents of the published topics.
//!
//! Input: the types of the published payloads, defined in this folder. Output: JSON documents,
//! checked in under `config/schema/`. A test fails if they are out of date.

use super::article::{ArticleClassified, ArticleSuperseded};
use super::envelope::dataschema;
use super::radius::RadiusInfo;
use super::story::{StoryEvent, StoryMerged, StoryState};
use super::{CLASSIFIED, CLOSED, CORRECTED, MERGED, OPENED, SUPERSEDED, TYPES, UPDATED, WITHDRAWN};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Topic names for the AsyncAPI document.
#[derive(Debug, Clone)]
pub struct SchemaTopics<'a> {
    /// The input topic.
    pub articles: &'a str,
    /// The topic of all events.
    pub events: &'a str,
    /// The topic of story states.
    pub stories: &'a str,
    /// The unique topic; empty if there is none.
    pub unique: &'a str,
    /// The topic of rejected records.
    pub rejected: &'a str,
}

/// JSON Schema of the events topic in structured mode, with the data of each event type.
pub fn events() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let one_of: Vec<Value> = TYPES
        .iter()
        .map(|(kind, description)| structured(kind, description, payload(kind, &mut generator)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wirefold:events:v1",
        "title": "wirefold events",
        "description": "Events in CloudEvents structured mode. In binary mode the attributes are \
                        headers `ce_*`, and the value is the content of `data`.",
        "oneOf": one_of,
        "$defs": generator.take_definitions(true),
    })
}

/// JSON Schema of the record values on the stories topic.
pub fn stories() -> Value {
    let mut schema = schemars::schema_for!(StoryState).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("$id".into(), "urn:wirefold:stories:v1".into());
    }
    schema
}

/// The schema of the data of one event type.
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
        other => unreachable!("`{other}` is not an event type"),
    }
}

/// The context attributes of every event, each with its description.
const ATTRIBUTES: [(&str, &str); 10] = [
    ("specversion", "CloudEvents version"),
    ("id", "hash of input topic, partition, offset and the event's number: the same on replay"),
    ("source", "/wirefold/<group>"),
    ("type", "the event type"),
    ("subject", "the article's uri or the story's id"),
    ("time", "the engine's clock, RFC 3339 in UTC"),
    ("dataschema", "the URN of the schema of `data`"),
    ("partitionkey", "the record's key: the story's id, or the article's uri if it has no story"),
    ("sequence", "the shard's event counter, 20 digits, increasing over all its events"),
    ("datacontenttype", "application/json"),
];

/// Context attributes that an event has only if its input record has a trace context.
const TRACED: [(&str, &str); 2] = [
    ("traceparent", "W3C trace context of the input, passed on; also sent as a plain header"),
    ("tracestate", "W3C trace state that belongs to `traceparent`"),
];

/// JSON Schema of one event type in structured mode.
fn structured(kind: &str, summary: &str, data: Schema) -> Value {
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
        "title": kind, "description": summary, "type": "object",
        "properties": properties, "required": required,
    })
}

/// The AsyncAPI 3 document of a deployment that uses these topics.
pub fn asyncapi(topics: &SchemaTopics<'_>) -> Value {
    let mut generator =
        SchemaSettings::draft07().with(|s| s.definitions_path = "/components/schemas".into());
    let mut generator = generator_of(&mut generator);
    let mut messages = Map::new();
    for (kind, summary) in TYPES {
        let payload = payload(kind, &mut generator).to_value();
        messages.insert(name_of(kind), message(kind, summary, &payload));
    }
    let state = generator.subschema_for::<StoryState>().to_value();
    messages.insert(
        "storyState".into(),
        json!({
            "name": "storyState", "contentType": "application/json", "payload": state,
            "summary": "the current state of a story; when the story closes or is merged, a final \
                        state and then a tombstone",
        }),
    );
    for (name, summary) in [
        ("article", "an article as its provider sends it: plain JSON, ninjs, or another format"),
        (
            "uniqueArticle",
            "an article that brings something new, or takes the place of another one \
             (`wirefold-replaces`): the original bytes, plus `wirefold-*` headers. \
             If the input record holds several items (`wirefold-items`), the item with index \
             `wirefold-item`: from a JSON list, the item's own bytes; from RSS, Atom and NewsML, \
             a UTF-8 document with the unchanged item, the start tags of the elements around it, \
             and the head of the feed",
        ),
        (
            "reject",
            "a record that could not be processed: original bytes, `wirefold-reject-*` headers",
        ),
    ] {
        let payload = json!({ "description": "raw bytes" });
        messages
            .insert(name.into(), json!({ "name": name, "summary": summary, "payload": payload }));
    }
    let (channels, operations) = channels(topics);
    json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "wirefold", "version": env!("CARGO_PKG_VERSION"),
            "description": "Finds every copy of every article on a news wire: reports how each \
                            article relates to earlier ones and on what evidence, how much of \
                            it is new, and which story it belongs to.",
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

/// Message name of an event type: `wirefold.article.classified.v1` becomes `articleClassified`.
fn name_of(kind: &str) -> String {
    let parts: Vec<&str> = kind.split('.').collect();
    let second = parts.get(2).copied().unwrap_or_default();
    let mut name = parts.get(1).copied().unwrap_or_default().to_owned();
    name += &second[..1].to_uppercase();
    name += &second[1..];
    name
}

/// The AsyncAPI message of one event type in binary mode.
fn message(kind: &str, summary: &str, payload: &Value) -> Value {
    let mut headers = Map::new();
    let attributes = ATTRIBUTES.iter().filter(|(name, _)| *name != "datacontenttype");
    for (name, description) in attributes.chain(&TRACED) {
        headers
            .insert(format!("ce_{name}"), json!({ "type": "string", "description": description }));
    }
    headers["ce_type"]["const"] = kind.into();
    json!({
        "name": kind, "summary": summary, "contentType": "application/json",
        "headers": { "type": "object", "properties": headers },
        "payload": payload,
        "bindings": { "kafka": { "key": { "type": "string" } } },
    })
}

/// The channels and operations from Wirefold's point of view: `receive` is its input, `send` its
/// output.
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
