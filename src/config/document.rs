//! Writes the configuration file with every key, its meaning and its default.
//!
//! In: the schema of [`Config`] and its defaults. Out: TOML with comments, which reads back as the
//! defaults. `config/wirefold.toml` is what this writes; a test holds them equal.

use super::Config;
use super::load::resolve;
use serde_json::Value as Json;
use std::fmt::Write;
use toml::{Table, Value};

const HEAD: &str = "\
# Every setting of wirefold with its default. A file needs to hold only what differs.
#
# The same settings by environment: WIREFOLD__SECTION__KEY (WIREFOLD__ENGINE__WINDOW=96h), and by
# argument: --set section.key=value. Arguments win over the environment, the environment over the
# file. A key that is not known is an error.
";

const WIDTH: usize = 98;

/// The documented file.
pub fn document() -> String {
    let schema = schemars::schema_for!(Config).to_value();
    let defaults =
        Table::try_from(Config::default()).expect("settings are tables with text keys alone");
    let mut text = HEAD.to_owned();
    section(&schema, &schema, "", &defaults, &mut text);
    text
}

/// One line for each setting: dotted key, default, meaning; in the order of the file.
pub fn table() -> Vec<(String, String, String)> {
    let schema = schemars::schema_for!(Config).to_value();
    let defaults =
        Table::try_from(Config::default()).expect("settings are tables with text keys alone");
    let mut rows = Vec::new();
    rows_of(&schema, &schema, "", &defaults, &mut rows);
    rows
}

fn rows_of(
    schema: &Json,
    at: &Json,
    path: &str,
    table: &Table,
    rows: &mut Vec<(String, String, String)>,
) {
    let (leaves, sections): (Vec<_>, Vec<_>) =
        table.iter().partition(|(_, value)| !value.is_table());
    for (key, value) in leaves.into_iter().chain(sections) {
        let full = joined(path, key);
        let (meaning, inner) = property(schema, at, key);
        match value {
            Value::Table(inner_table) if full != "kafka" => {
                rows_of(schema, &inner, &full, inner_table, rows);
            }
            Value::Table(_) => rows.push((full, String::new(), meaning)),
            value => rows.push((full, value.to_string(), meaning)),
        }
    }
}

/// Keys with plain values first, then the sections below, since TOML wants it so.
fn section(schema: &Json, at: &Json, path: &str, table: &Table, text: &mut String) {
    let (leaves, sections): (Vec<_>, Vec<_>) =
        table.iter().partition(|(_, value)| !value.is_table());
    for (key, value) in leaves {
        let (meaning, _) = property(schema, at, key);
        line(text, &format!("\n{}{} = {value}", comment(&meaning), quoted(key)));
    }
    for (key, value) in sections {
        let Value::Table(inner_table) = value else { continue };
        let (meaning, inner) = property(schema, at, key);
        let full = joined(path, key);
        line(text, &format!("\n{}[{full}]", comment(&meaning)));
        section(schema, &inner, &full, inner_table, text);
        if full == "kafka" {
            line(text, "# bootstrap.servers = \"localhost:9092\"");
        }
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a string cannot fail");
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn quoted(key: &str) -> String {
    if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() }
}

/// The meaning of a key, and its schema.
fn property(schema: &Json, at: &Json, key: &str) -> (String, Json) {
    let at = resolve(schema, at);
    let Some(found) = at.get("properties").and_then(|p| p.get(key)) else {
        return (String::new(), Json::Null);
    };
    let inner = resolve(schema, found);
    let text = |v: &Json| v.get("description").and_then(Json::as_str).map(str::to_owned);
    let meaning = text(found).or_else(|| text(inner)).unwrap_or_default();
    (meaning.split_whitespace().collect::<Vec<_>>().join(" "), inner.clone())
}

/// A meaning as comment lines of at most [`WIDTH`] characters.
fn comment(meaning: &str) -> String {
    let mut lines = String::new();
    let mut current = String::new();
    for word in meaning.split(' ').filter(|word| !word.is_empty()) {
        if !current.is_empty() && current.len() + word.len() + 3 > WIDTH {
            lines += &format!("# {current}\n");
            current.clear();
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    if !current.is_empty() {
        lines += &format!("# {current}\n");
    }
    lines
}
