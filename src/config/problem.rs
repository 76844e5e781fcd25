//! Rewrites the error messages of the TOML parser in the terms of the settings file.
//!
//! In: serde's message, with the key at its end, and the schema. Out: the key, what was expected
//! and what was found, without the names of Rust types:
//!
//! ```text
//! invalid type: integer `5`, expected a string
//! `engine.window`: expected a duration such as `120h` or `30s`, found `5`
//! ```

use super::load::resolve;
use serde_json::Value as Json;

/// The starts of type names in serde's messages, each with the words that replace the name.
const EXPECTED: [(&str, &str); 8] = [
    ("struct ", "a section of settings"),
    ("a map", "a section of settings"),
    ("a sequence", "a list such as `[\"a\", \"b\"]`"),
    ("a boolean", "`true` or `false`"),
    ("a string", "text"),
    ("a nonzero ", "a whole number of at least 1"),
    ("f64", "a number"),
    ("f32", "a number"),
];

/// The words that serde puts before a value.
const FOUND: [&str; 5] = ["integer ", "floating point ", "boolean ", "string ", "datetime "];

/// The message for an error of the parser.
pub(super) fn message(error: &toml::de::Error, schema: &Json) -> String {
    let text = error.to_string().trim().replace('\n', " ");
    let Some((text, key)) = text.rsplit_once(" in `") else { return text };
    let key = key.trim_end_matches('`');
    let text = in_words(text, key, schema).unwrap_or_else(|| text.to_owned());
    format!("`{key}`: {text}")
}

/// Rewrites a message as `expected ..., found ...`; `None` if it does not have the usual form.
fn in_words(text: &str, key: &str, schema: &Json) -> Option<String> {
    let (found, expected) = text.split_once(", expected ")?;
    let (kind, found) = found.split_once(": ").or_else(|| {
        found.strip_prefix("unknown variant ").map(|found| ("unknown variant", found))
    })?;
    if !["invalid type", "invalid value", "unknown variant"].contains(&kind) {
        return None;
    }
    Some(format!(
        "expected {}, found {}",
        self::expected(expected, key, schema),
        self::found(found)
    ))
}

fn expected(name: &str, key: &str, schema: &Json) -> String {
    if name == "a string"
        && let Some(described) = description(key, schema)
    {
        return described;
    }
    let whole = name.starts_with(['u', 'i']) && name[1..].bytes().all(|b| b.is_ascii_digit());
    if whole || name == "usize" {
        return "a whole number".into();
    }
    let known = EXPECTED.iter().find(|(start, _)| name.starts_with(start));
    known.map_or_else(|| name.to_owned(), |(_, words)| (*words).to_owned())
}

/// The schema's description of the type of a setting, if it has one, as durations do.
fn description(key: &str, schema: &Json) -> Option<String> {
    let property = key
        .split('.')
        .try_fold(schema, |at, name| resolve(schema, at).get("properties")?.get(name))?;
    let reference = property.get("$ref").map(|_| resolve(schema, property));
    Some(reference?.get("description")?.as_str()?.to_owned())
}

fn found(value: &str) -> String {
    match value {
        "sequence" => "a list".into(),
        "map" => "a section".into(),
        value => {
            let start = FOUND.iter().find(|start| value.starts_with(**start));
            start.map_or(value, |start| &value[start.len()..]).to_owned()
        }
    }
}
