//! The sources of a configuration, put over one another, with errors that name the source.

use super::{Config, Error, KafkaValue};
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::Path;
use toml::{Table, Value};

/// What environment variables of this system start with.
const PREFIX: &str = "WIREFOLD__";

impl Config {
    /// Reads the file, if any, then `env`, then `sets` (`KEY=VALUE`), and validates the result.
    ///
    /// # Errors
    /// On an unreadable file, broken syntax, an unknown key, a wrong type or a value out of range.
    pub fn load(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        sets: &[String],
    ) -> Result<Self, Error> {
        let mut all = Table::new();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|source| Error::File { path: path.to_owned(), source })?;
            let from = path.display().to_string();
            let table = text.parse::<Table>().map_err(|e| parse_error(&from, &e))?;
            add(&mut all, table, &from)?;
        }
        let mut named: Vec<(String, String)> = env.into_iter().collect();
        named.sort();
        for (name, value) in named {
            if let Some(path) = name.strip_prefix(PREFIX) {
                let keys: Vec<String> = path.split("__").map(str::to_lowercase).collect();
                add(&mut all, one(keys, &value), &name)?;
            }
        }
        for set in sets {
            let from = format!("--set {}", set.split('=').next().unwrap_or_default());
            let Some((key, value)) = set.split_once('=') else {
                return Err(Error::Parse { from, message: "expected KEY=VALUE".into() });
            };
            let keys = key.trim().split('.').map(str::to_owned).collect();
            add(&mut all, one(keys, value), &from)?;
        }
        let mut config = read("configuration", &all)?;
        for (key, value) in &mut config.kafka {
            unfile(key, value)?;
        }
        config.validate()?;
        Ok(config)
    }
}

/// Puts `table` over `all`, so that errors name the source that they came from.
fn add(all: &mut Table, mut table: Table, from: &str) -> Result<(), Error> {
    if let Some(Value::Table(nested)) = table.remove("kafka") {
        let mut flat = Table::new();
        flatten("", nested, &mut flat);
        table.insert("kafka".into(), Value::Table(flat));
    }
    let schema = schemars::schema_for!(Config).to_value();
    known(&schema, &schema, "", &table, from)?;
    merge(all, table);
    read(from, all).map(|_| ())
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// A table that holds `text` at a path: read as TOML where it is that, else as text.
fn one(keys: Vec<String>, text: &str) -> Table {
    let value = format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let kafka = keys.first().is_some_and(|section| section == "kafka");
    let nested = keys.into_iter().rev().fold(value, |inner, key| {
        // A variable cannot hold a dot: `WIREFOLD__KAFKA__SASL_PASSWORD` is `kafka.sasl.password`.
        let key = if kafka { key.replace('_', ".") } else { key };
        Value::Table([(key, inner)].into_iter().collect())
    });
    match nested {
        Value::Table(table) => table,
        _ => Table::new(),
    }
}

/// Replaces `file:PATH` by what the file holds, less the line break at its end.
fn unfile(key: &str, value: &mut KafkaValue) -> Result<(), Error> {
    let KafkaValue::Text(text) = value else { return Ok(()) };
    let Some(path) = text.strip_prefix("file:") else { return Ok(()) };
    let held = std::fs::read_to_string(path).map_err(|source| Error::Invalid {
        key: format!("kafka.{key}"),
        message: format!("cannot read `{path}`: {source}"),
    })?;
    *text = held.trim_end_matches(['\r', '\n']).to_owned();
    Ok(())
}

/// Tables in tables to dotted keys: `ssl.ca.location = "..."` needs no quotes.
fn flatten(path: &str, table: Table, into: &mut Table) {
    for (key, value) in table {
        let path = if path.is_empty() { key } else { format!("{path}.{key}") };
        match value {
            Value::Table(inner) => flatten(&path, inner, into),
            value => {
                into.insert(path, value);
            }
        }
    }
}

fn read(from: &str, table: &Table) -> Result<Config, Error> {
    Config::deserialize(table.clone()).map_err(|e| parse_error(from, &e))
}

fn parse_error(from: &str, error: &toml::de::Error) -> Error {
    let message = error.to_string().trim().replace('\n', " ");
    Error::Parse { from: from.to_owned(), message }
}

/// Refuses keys that the schema does not name.
fn known(schema: &Json, at: &Json, path: &str, table: &Table, from: &str) -> Result<(), Error> {
    let at = resolve(schema, at);
    let Some(properties) = at.get("properties").and_then(Json::as_object) else { return Ok(()) };
    for (key, value) in table {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if full == "kafka" {
            continue;
        }
        let Some(found) = properties.get(key) else {
            let near = nearest(&full, &keys(schema));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Error::Unknown { from: from.to_owned(), key: full, near });
        };
        if let Value::Table(inner) = value {
            known(schema, found, &full, inner, from)?;
        }
    }
    Ok(())
}

/// The schema that `at` points to, references followed.
pub(super) fn resolve<'a>(schema: &'a Json, at: &'a Json) -> &'a Json {
    let pointer = at.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix('#'));
    match pointer.and_then(|pointer| schema.pointer(pointer)) {
        Some(target) => resolve(schema, target),
        None => at,
    }
}

/// Every dotted key of the schema, sections included.
fn keys(schema: &Json) -> Vec<String> {
    fn walk(schema: &Json, at: &Json, path: &str, into: &mut Vec<String>) {
        let properties = resolve(schema, at).get("properties").and_then(Json::as_object);
        for (key, value) in properties.into_iter().flatten() {
            let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(schema, value, &full, into);
            into.push(full);
        }
    }
    let mut all = Vec::new();
    walk(schema, schema, "", &mut all);
    all
}

/// The known key with the smallest edit distance, if it is near; ties by the alphabet.
fn nearest(key: &str, known: &[String]) -> Option<String> {
    let near = |candidate: &&String| {
        let last = |k: &str| k.rsplit('.').next().unwrap_or_default().to_owned();
        distance(key, candidate).min(1 + distance(&last(key), &last(candidate)))
    };
    let best = known.iter().min_by_key(|k| (near(k), distance(key, k), (*k).clone()))?;
    (near(&best) <= 1 + key.len() / 3).then(|| best.clone())
}

/// The edit distance of Levenshtein (1966), in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_definition() {
        for (a, b, want) in
            [("", "", 0), ("", "abc", 3), ("window", "windw", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (want, want), "{a} {b}");
        }
    }
}
