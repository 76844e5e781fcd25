//! Tests the published contract: golden events of every type, and schemas that match the code.
//!
//! `UPDATE_EXPECT=1 cargo test contract` regenerates the golden files and the files under
//! `config/schema`.

use crate::golden_events::{CLOCK, every, key, position};
use expect_test::{expect, expect_file};
use serde_json::Value;
use std::sync::Arc;
use wirefold::config::Config;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Partition, Role};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::schema::{self, SchemaTopics};
use wirefold::daemon::publish::{Encoder, Mode, TYPES, UniqueTopic, event_id};
use wirefold_engine::article::{InputPosition, Sequence};
use wirefold_engine::decode::RecordPart;
use wirefold_engine::event::EventKind;
use wirefold_engine::verdict::{Pass, Replacement};

fn encode(mode: Mode) -> Vec<OutputRecord> {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let record = InputRecord {
        from: Partition { topic: position().topic, partition: 3 },
        offset: 123,
        timestamp: Some(CLOCK),
        key: Some(b"k".to_vec()),
        headers: vec![
            ("traceparent".into(), Some(trace.into())),
            ("tracestate".into(), Some("desk=7".into())),
            ("null".into(), None),
        ],
        payload: Some(b"{\"untouched\": 1}".to_vec()),
    };
    let encoder = Encoder::new(mode, "desk", "5e77".into(), UniqueTopic::On);
    let records = |(n, event)| {
        let (sequence, part) = (41 + u64::from(n), &RecordPart::Whole);
        let context =
            EventContext { event, n, sequence, record: &record, part, items: 1, resets: 0 };
        encoder.encode(&context)
    };
    (0..).zip(&every()).flat_map(records).collect()
}

/// The record at [`position`] with this payload and nothing else.
fn plain_record(payload: Option<Vec<u8>>) -> InputRecord {
    InputRecord {
        from: Partition { topic: position().topic, partition: 3 },
        offset: 123,
        timestamp: None,
        key: None,
        headers: Vec::new(),
        payload,
    }
}

#[test]
fn no_unique_records_are_written_when_the_unique_topic_is_off() {
    let event = every().remove(0);
    let record = plain_record(None);
    let part = &RecordPart::Whole;
    let context = EventContext {
        event: &event,
        n: 0,
        sequence: 0,
        record: &record,
        part,
        items: 1,
        resets: 0,
    };
    let roles = |unique| -> Vec<Role> {
        let encoder = Encoder::new(Mode::Binary, "desk", "5e77".into(), unique);
        encoder.encode(&context).into_iter().map(|record| record.role).collect()
    };
    assert_eq!(roles(UniqueTopic::On), [Role::Events, Role::Unique]);
    assert_eq!(roles(UniqueTopic::Off), [Role::Events]);
}

#[test]
fn the_unique_record_names_the_article_that_it_replaces() {
    let replaced = Pass::Replacement(Box::new(Replacement {
        of: key("urn:made-up:harbour-1", Some("1")),
        head: Some(Sequence(4)),
    }));
    let record = plain_record(Some(b"{}".to_vec()));
    let encoder = Encoder::new(Mode::Binary, "desk", "5e77".into(), UniqueTopic::On);
    for (pass, unique, replaces) in [
        (Pass::Yes, "forwarded", None),
        (replaced, "forwarded", Some("urn:made-up:harbour-1")),
        (Pass::Repeat, "repeat", None),
        (Pass::Held, "held", None),
        (Pass::Embargoed, "embargoed", None),
    ] {
        let mut event = every().remove(0);
        let EventKind::Classified(classified) = &mut event.kind else { unreachable!() };
        let forwarded = pass.is_forwarded();
        classified.verdict.pass = pass;
        let (event, part) = (&event, &RecordPart::Whole);
        let context =
            EventContext { event, n: 0, sequence: 0, record: &record, part, items: 1, resets: 0 };
        let outputs = encoder.encode(&context);
        let data: Value = serde_json::from_slice(outputs[0].payload.as_ref().unwrap()).unwrap();
        assert_eq!(data["unique"], unique);
        assert_eq!(data["replaces"]["uri"].as_str(), replaces);
        assert_eq!(data["replaces"]["version"].as_str(), replaces.map(|_| "1"));
        assert_eq!(outputs.len(), 1 + usize::from(forwarded), "{unique}");
        let headers = outputs.get(1).into_iter().flat_map(|record| &record.headers);
        let header = headers.filter(|(name, _)| name == "wirefold-replaces");
        let named: Vec<&[u8]> = header.filter_map(|(_, value)| value.as_deref()).collect();
        assert_eq!(named, replaces.map(str::as_bytes).into_iter().collect::<Vec<_>>());
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn shown(output: &OutputRecord) -> String {
    let key = output.key.as_deref().map_or("-".into(), text);
    let mut shown = format!("{:?} {key}\n", output.role);
    for (name, value) in &output.headers {
        let value = value.as_deref().map_or("(null)".into(), text);
        shown += &format!("  {name}: {value}\n");
    }
    shown + &output.payload.as_deref().map_or("tombstone".into(), text) + "\n"
}

#[test]
fn golden_records_in_binary_mode() {
    let all: String = encode(Mode::Binary).iter().map(shown).collect();
    expect_file!["golden/events-binary.txt"].assert_eq(&all);
}

#[test]
fn golden_records_in_structured_mode() {
    let outputs = encode(Mode::Structured);
    let events = outputs.iter().filter(|o| o.role == Role::Events);
    let all: String = events.map(shown).collect();
    expect_file!["golden/events-structured.txt"].assert_eq(&all);
}

#[test]
fn both_modes_carry_the_same_data() {
    let events = |mode| -> Vec<OutputRecord> {
        encode(mode).into_iter().filter(|o| o.role == Role::Events).collect()
    };
    for (binary, structured) in events(Mode::Binary).iter().zip(&events(Mode::Structured)) {
        assert_eq!(binary.key, structured.key);
        let mut whole: Value =
            serde_json::from_slice(structured.payload.as_ref().unwrap()).unwrap();
        let data: Value = serde_json::from_slice(binary.payload.as_ref().unwrap()).unwrap();
        assert_eq!(whole["data"], data);
        for (name, value) in &binary.headers {
            let name = match name.strip_prefix("ce_") {
                Some(attribute) => attribute,
                None if name == "content-type" => "datacontenttype",
                None => continue,
            };
            let attribute = whole.as_object_mut().unwrap().remove(name);
            assert_eq!(attribute, Some(text_of(value.as_ref().unwrap())), "{name}");
        }
        let plain = |record: &OutputRecord| -> Vec<_> {
            let traced = |(name, _): &&(String, _)| name.starts_with("trace");
            record.headers.iter().filter(traced).cloned().collect()
        };
        assert_eq!(plain(binary).len(), 2, "OpenTelemetry clients expect both trace headers");
        assert_eq!(plain(binary), plain(structured));
        assert_eq!(whole.as_object().unwrap().keys().collect::<Vec<_>>(), ["data"]);
    }
}

fn text_of(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn every_event_type_is_in_the_golden_files_in_order() {
    let types: Vec<String> = encode(Mode::Structured)
        .iter()
        .filter(|o| o.role == Role::Events)
        .map(|o| serde_json::from_slice::<Value>(o.payload.as_ref().unwrap()).unwrap())
        .map(|event| event["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types, TYPES.map(|(kind, _)| kind));
}

#[test]
fn stories_end_with_a_final_state_and_a_tombstone() {
    let stories: Vec<(String, Option<String>)> = encode(Mode::Binary)
        .into_iter()
        .filter(|o| o.role == Role::Stories)
        .map(|o| {
            let status = o.payload.map(|v| {
                let state: Value = serde_json::from_slice(&v).unwrap();
                state["status"].as_str().unwrap().to_owned()
            });
            (String::from_utf8(o.key.unwrap()).unwrap(), status)
        })
        .collect();
    let (feed, beef) = ("000000000000feed", "000000000000beef");
    let want = [
        (feed, Some("live")),
        (feed, Some("live")),
        (beef, Some("merged")),
        (beef, None),
        (feed, Some("closed")),
        (feed, None),
    ];
    assert_eq!(stories, want.map(|(id, status)| (id.to_owned(), status.map(str::to_owned))));
}

#[test]
fn event_ids_are_stable_and_differ_by_input_position_and_event_number() {
    let first = event_id(&position(), 0, 0);
    assert_eq!(first, event_id(&position(), 0, 0));
    expect!["73be6df1ca500ab38fd00ddaaf807428"].assert_eq(&first);
    let others = [
        event_id(&position(), 1, 0),
        event_id(&InputPosition { offset: 124, ..position() }, 0, 0),
        event_id(&InputPosition { partition: 2, ..position() }, 0, 0),
        event_id(&InputPosition { topic: Arc::from("wire.article"), ..position() }, 0, 0),
    ];
    assert!(others.iter().all(|id| *id != first));
}

#[test]
fn schema_files_match_the_code() {
    let config = Config::default();
    let (input, out) = (&config.input, &config.output);
    let topics = SchemaTopics {
        articles: &input.topic,
        events: &out.events,
        stories: &out.stories,
        unique: &out.unique,
        rejected: &out.rejected,
    };
    let print = |value: &Value| serde_json::to_string_pretty(value).unwrap() + "\n";
    expect_file!["../../config/schema/events.json"].assert_eq(&print(&schema::events()));
    expect_file!["../../config/schema/stories.json"].assert_eq(&print(&schema::stories()));
    expect_file!["../../config/schema/asyncapi.json"].assert_eq(&print(&schema::asyncapi(&topics)));
    let api = wirefold::daemon::http::api::document::text();
    expect_file!["../../config/schema/openapi.json"].assert_eq(&api);
    let settings = schemars::schema_for!(Config).to_value();
    expect_file!["../../config/schema/config.json"].assert_eq(&print(&settings));
}

/// Every field of an event is in its schema, and every field that the schema requires is present.
#[test]
fn events_match_their_schema() {
    let schema = schema::events();
    for (at, output) in
        encode(Mode::Structured).iter().filter(|o| o.role == Role::Events).enumerate()
    {
        let event: Value = serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap();
        fits(&schema, &schema["oneOf"][at], &event, TYPES[at].0);
    }
}

/// Checks `value` against `schema`; `root` resolves references, and `path` is used in messages.
pub(crate) fn fits(root: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(target.strip_prefix('#').unwrap());
        return fits(root, target.unwrap_or_else(|| panic!("{path}: dangling $ref")), value, path);
    }
    if let Some(any) = ["anyOf", "oneOf"].iter().find_map(|k| schema.get(k)) {
        let inner = any.as_array().unwrap().iter().find(|s| s.get("type") != Some(&"null".into()));
        if !value.is_null() {
            fits(root, inner.unwrap(), value, path);
        }
        return;
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return fits(root, &whole(root, parts), value, path);
    }
    match value {
        Value::Object(fields)
            if schema.get("additionalProperties").is_some_and(Value::is_object) =>
        {
            let inner = &schema["additionalProperties"];
            fields.values().for_each(|value| fits(root, inner, value, &format!("{path}.*")));
        }
        Value::Object(fields) => {
            let properties = schema["properties"].as_object().unwrap_or_else(|| {
                panic!("{path} is an object, but its schema has no properties: {schema}")
            });
            for (name, value) in fields {
                let inner = properties
                    .get(name)
                    .unwrap_or_else(|| panic!("{path}.{name} is not in the schema"));
                fits(root, inner, value, &format!("{path}.{name}"));
            }
            for name in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(name.as_str().unwrap()), "{path} lacks {name}");
            }
        }
        Value::Array(items) => {
            for item in items {
                fits(root, &schema["items"], item, &format!("{path}[]"));
            }
        }
        _ => assert!(
            schema.get("type").is_some() || schema.get("const").is_some(),
            "{path}: {schema} does not describe {value}"
        ),
    }
}

/// Merges the parts of an `allOf` into one object schema.
fn whole(root: &Value, parts: &[Value]) -> Value {
    let mut whole = serde_json::json!({ "properties": {}, "required": [] });
    for part in parts {
        let target = part.get("$ref").and_then(Value::as_str);
        let part = target.map_or(part, |t| root.pointer(t.strip_prefix('#').unwrap()).unwrap());
        let part = match part.get("allOf").and_then(Value::as_array) {
            Some(parts) => self::whole(root, parts),
            None => part.clone(),
        };
        let properties = part["properties"].as_object().into_iter().flatten();
        whole["properties"]
            .as_object_mut()
            .unwrap()
            .extend(properties.map(|(name, schema)| (name.clone(), schema.clone())));
        let required = part["required"].as_array().into_iter().flatten().cloned();
        whole["required"].as_array_mut().unwrap().extend(required);
    }
    whole
}
