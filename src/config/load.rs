//! Loads the configuration: merges file, environment and `--set`, in this order.
//!
//! The result of each source is checked when the source is merged, so that an error names the file,
//! variable or argument that caused it.

use super::{Config, Error, KafkaValue, problem};
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::Path;
use toml::{Table, Value};

/// Prefix of environment variables that hold settings.
const PREFIX: &str = "WIREFOLD__";

impl Config {
    /// Merges the file (if any), `env` and `sets` (`KEY=VALUE`), then validates the result.
    ///
    /// # Errors
    /// An unreadable file, a syntax error, an unknown key, a wrong type or a value out of range.
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
                add(&mut all, nested_table(keys, &value), &name)?;
            }
        }
        for set in sets {
            let from = format!("--set {}", set.split('=').next().unwrap_or_default());
            let Some((key, value)) = set.split_once('=') else {
                return Err(Error::Parse { from, message: "expected KEY=VALUE".into() });
            };
            let keys = key.trim().split('.').map(str::to_owned).collect();
            add(&mut all, nested_table(keys, value), &from)?;
        }
        let mut config = read("configuration", &all)?;
        for (key, value) in &mut config.kafka {
            read_secret_file(key, value)?;
        }
        config.validate()?;
        Ok(config)
    }
}

/// Merges `table`, which came from the source `from`, into `all`, and checks the result.
fn add(all: &mut Table, mut table: Table, from: &str) -> Result<(), Error> {
    if let Some(Value::Table(nested)) = table.remove("kafka") {
        let mut flat = Table::new();
        flatten("", nested, &mut flat);
        table.insert("kafka".into(), Value::Table(flat));
    }
    let schema = schemars::schema_for!(Config).to_value();
    check_keys(&schema, &schema, "", &table, from)?;
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

/// A table with the value `text` at the path `keys`. The value is parsed as TOML; if that fails,
/// it is a string.
fn nested_table(keys: Vec<String>, text: &str) -> Table {
    let value = format!("v = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(text.to_owned()));
    let kafka = keys.first().is_some_and(|section| section == "kafka");
    let nested = keys.into_iter().rev().fold(value, |inner, key| {
        // Variable names cannot contain dots: `WIREFOLD__KAFKA__SASL_PASSWORD` sets
        // `kafka.sasl.password`.
        let key = if kafka { key.replace('_', ".") } else { key };
        Value::Table([(key, inner)].into_iter().collect())
    });
    match nested {
        Value::Table(table) => table,
        _ => Table::new(),
    }
}

/// Replaces the value `file:PATH` with the contents of the file, without trailing line breaks.
fn read_secret_file(key: &str, value: &mut KafkaValue) -> Result<(), Error> {
    let KafkaValue::Text(text) = value else { return Ok(()) };
    let Some(path) = text.strip_prefix("file:") else { return Ok(()) };
    let contents = std::fs::read_to_string(path).map_err(|source| Error::Invalid {
        key: format!("kafka.{key}"),
        message: format!("cannot read `{path}`: {source}"),
    })?;
    *text = contents.trim_end_matches(['\r', '\n']).to_owned();
    Ok(())
}

/// Flattens nested tables to dotted keys, so that `ssl.ca.location = "..."` needs no quotes.
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
    let schema = schemars::schema_for!(Config).to_value();
    let message = problem::message(error, &schema);
    Error::Parse { from: from.to_owned(), message }
}

/// Rejects keys that are not in the schema.
fn check_keys(
    schema: &Json,
    at: &Json,
    path: &str,
    table: &Table,
    from: &str,
) -> Result<(), Error> {
    let at = resolve(schema, at);
    let Some(properties) = at.get("properties").and_then(Json::as_object) else { return Ok(()) };
    for (key, value) in table {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if full == "kafka" {
            continue;
        }
        let Some(property) = properties.get(key) else {
            let near = nearest(&full, &keys(schema));
            let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return Err(Error::Unknown { from: from.to_owned(), key: full, near });
        };
        if let Value::Table(inner) = value {
            check_keys(schema, property, &full, inner, from)?;
        }
    }
    Ok(())
}

/// Follows `$ref`s from `at` to the schema that they point to.
pub(super) fn resolve<'a>(schema: &'a Json, at: &'a Json) -> &'a Json {
    let pointer = at.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix('#'));
    match pointer.and_then(|pointer| schema.pointer(pointer)) {
        Some(target) => resolve(schema, target),
        None => at,
    }
}

/// Every dotted key of the schema, including sections.
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

/// The known key with the smallest edit distance to `key`, or `None` if that distance is above 1 +
/// a third of the key's length. The last segments of the keys are compared as well, at a penalty of
/// 1. On a tie, the key that is nearer as a whole is chosen, then the alphabetically first.
fn nearest(key: &str, known: &[String]) -> Option<String> {
    let near = |candidate: &&String| {
        let last = |k: &str| k.rsplit('.').next().unwrap_or_default().to_owned();
        distance(key, candidate).min(1 + distance(&last(key), &last(candidate)))
    };
    // Do not suggest the section that contains the key: the user has named it.
    let section = |candidate: &str| key.strip_prefix(candidate).is_some_and(|k| k.starts_with('.'));
    let known = known.iter().filter(|candidate| !section(candidate));
    let best = known.min_by_key(|k| (near(k), distance(key, k), (*k).clone()))?;
    (near(&best) <= 1 + key.len() / 3).then(|| best.clone())
}

/// Levenshtein distance (Levenshtein 1966), in characters.
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
    fn edit_distances() {
        for (a, b, want) in
            [("", "", 0), ("", "abc", 3), ("window", "windw", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!((distance(a, b), distance(b, a)), (want, want), "{a} {b}");
        }
    }
}
