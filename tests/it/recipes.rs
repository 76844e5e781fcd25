//! Tests that the sinks in `config/schema/CONSUMERS.md` fit the schemas: the columns of ClickHouse
//! and the mapping of OpenSearch. `broker/snippets.rs` runs the consumers, and the converters and
//! transforms of the connectors.

use serde_json::Value;
use std::collections::BTreeSet;
use wirefold::daemon::publish::schema;

const PAGE: &str = include_str!("../../config/schema/CONSUMERS.md");

/// The code blocks in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let blocks = PAGE.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// Splits a text at the commas that are outside of parentheses, and trims the parts.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

/// The name and type of each column in a list of columns.
fn columns(list: &str) -> Vec<(&str, &str)> {
    parts(list).into_iter().map(|column| column.split_once(' ').unwrap()).collect()
}

/// The columns of a `CREATE TABLE` statement.
fn table(statement: &str) -> Vec<(&str, &str)> {
    let (_, list) = statement.split_once("\n(\n").unwrap();
    columns(list.split_once("\n)\n").unwrap().0)
}

/// The schema that a `$ref` or `anyOf` with null stands for.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema["$ref"].as_str() {
        return root.pointer(target.strip_prefix('#').unwrap()).unwrap();
    }
    let any = schema["anyOf"].as_array().into_iter().flatten();
    match any.clone().find(|s| s["type"] != "null") {
        Some(one) => resolved(root, one),
        None => schema,
    }
}

/// Whether a value of this schema can be read into a column of this type. A value that may be null
/// needs a nullable column, unless an absent value means the empty default of the column.
fn fits(root: &Value, schema: &Value, kind: &str) -> bool {
    let schema = resolved(root, schema);
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let word = schema.get("oneOf").or(schema.get("enum")).is_some();
    match kind.split_once('(').map_or((kind, ""), |(name, rest)| (name, &rest[..rest.len() - 1])) {
        ("Nullable", inner) => types.contains(&"null") && inner == "String",
        ("LowCardinality", "String") | ("String", "") => word || types.contains(&"string"),
        ("UInt32", "") => schema["format"] == "uint32",
        ("Float64", "") => types == ["number"],
        ("Array", inner) => types == ["array"] && fits(root, &schema["items"], inner),
        ("Tuple", inner) => {
            let properties = schema["properties"].as_object().unwrap();
            let columns = columns(inner.trim());
            assert_eq!(names(&columns), properties.keys().map(String::as_str).collect());
            columns.iter().all(|(name, kind)| {
                fits(root, &properties[*name], kind)
                    || *kind == "Nullable(String)" && properties[*name].get("anyOf").is_some()
            })
        }
        _ => false,
    }
}

fn names<'a>(columns: &[(&'a str, &str)]) -> BTreeSet<&'a str> {
    columns.iter().map(|(name, _)| *name).collect()
}

#[test]
fn the_clickhouse_queue_has_every_field_of_a_story_with_its_type() {
    let schema = schema::stories();
    let queue = table(blocks("sql")[0]);
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(names(&queue), properties.keys().map(String::as_str).collect());
    for (name, kind) in queue {
        assert!(fits(&schema, &properties[name], kind), "{name} {kind}: {}", properties[name]);
    }
}

#[test]
fn the_clickhouse_view_fills_every_column_of_the_table_from_the_queue() {
    let [queue, stories, view] = blocks("sql")[..] else { panic!("three statements") };
    let (queue, stories) = (table(queue), table(stories));
    let (_, list) = view.split_once("\nSELECT\n").unwrap();
    let (list, _) = list.split_once("\nFROM wire_stories_queue\n").unwrap();
    let selected: Vec<(&str, &str)> = parts(list)
        .into_iter()
        .map(|one| one.split_once(" AS ").map_or((one, one), |(from, name)| (name, from)))
        .collect();
    let wanted: Vec<&str> = stories.iter().map(|(name, _)| *name).collect();
    assert_eq!(selected.iter().map(|(name, _)| *name).collect::<Vec<_>>(), wanted);
    for ((name, from), (_, kind)) in selected.iter().zip(&stories) {
        if name == from {
            let read = queue.iter().find(|(known, _)| known == name);
            assert_eq!(read.map(|(_, kind)| kind), Some(kind), "{name}");
        }
    }
}

#[test]
fn the_connectors_read_committed_records_of_the_output_topics() {
    let all: Vec<Value> =
        blocks("json").iter().map(|block| serde_json::from_str(block).unwrap()).collect();
    let connectors: Vec<&Value> =
        all.iter().map(|block| &block["config"]).filter(|config| !config.is_null()).collect();
    let topics: Vec<&str> =
        connectors.iter().map(|config| config["topics"].as_str().unwrap()).collect();
    assert_eq!(topics, ["wire.stories", "wire.events"]);
    for config in connectors {
        assert_eq!(config["consumer.override.isolation.level"], "read_committed");
        assert!(config.as_object().unwrap().values().all(Value::is_string), "{config}");
    }
}

/// Asserts that each field of a mapping is in one of the schemas.
fn mapped(root: &Value, schemas: &[&Value], mapping: &Value, path: &str) {
    for (name, field) in mapping["properties"].as_object().into_iter().flatten() {
        let inner: Vec<&Value> =
            schemas
                .iter()
                .map(|schema| resolved(root, schema))
                .map(|schema| {
                    if schema["type"] == "array" {
                        resolved(root, &schema["items"])
                    } else {
                        schema
                    }
                })
                .filter_map(|schema| schema["properties"].get(name))
                .collect();
        assert!(!inner.is_empty(), "{path}{name} is in no event");
        mapped(root, &inner, field, &format!("{path}{name}."));
    }
}

#[test]
fn the_opensearch_mapping_names_fields_that_events_have() {
    let schema = schema::events();
    let all = blocks("json").into_iter().map(|block| serde_json::from_str::<Value>(block).unwrap());
    let mapping = all.into_iter().find_map(|block| block.get("mappings").cloned()).unwrap();
    assert_eq!(mapping["dynamic"], false);
    let events: Vec<&Value> = schema["oneOf"].as_array().unwrap().iter().collect();
    mapped(&schema, &events, &mapping, "");
}
