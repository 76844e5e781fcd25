//! Generates the documented configuration file, with the description and default of every key.
//!
//! In: the JSON schema of [`Config`] and its defaults. Out: TOML with comments; parsing it yields
//! the defaults. `config/wirefold.toml` is this output; a test fails if the two differ.

use super::Config;
use super::load::resolve;
use serde_json::Value as Json;
use std::fmt::Write;
use toml::{Table, Value};

const HEAD: &str = "\
# Every setting of wirefold with its default. Your file only needs the settings you change.
#
# Settings can also be given as environment variables, WIREFOLD__SECTION__KEY (for example
# WIREFOLD__ENGINE__WINDOW=96h), and as arguments, --set section.key=value. Arguments override the
# environment, which overrides the file. An unknown key is an error.
";

/// The longest comment line, in bytes, including `# `.
const WIDTH: usize = 98;

/// The documented configuration file.
pub fn document() -> String {
    let schema = schemars::schema_for!(Config).to_value();
    let defaults = Table::try_from(Config::default()).expect("settings serialize to a TOML table");
    let mut text = HEAD.to_owned();
    section(&schema, &schema, "", &defaults, &mut text);
    text
}

/// One row per setting, in the order of the file: dotted key, default, description.
pub fn table() -> Vec<(String, String, String)> {
    let schema = schemars::schema_for!(Config).to_value();
    let defaults = Table::try_from(Config::default()).expect("settings serialize to a TOML table");
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
        let (description, inner) = property(schema, at, key);
        match value {
            Value::Table(inner_table) if full != "kafka" => {
                rows_of(schema, &inner, &full, inner_table, rows);
            }
            Value::Table(_) => rows.push((full, String::new(), description)),
            value => rows.push((full, value.to_string(), description)),
        }
    }
}

/// Writes a section. Plain values come before subsections, as TOML requires.
fn section(schema: &Json, at: &Json, path: &str, table: &Table, text: &mut String) {
    let (leaves, sections): (Vec<_>, Vec<_>) =
        table.iter().partition(|(_, value)| !value.is_table());
    for (key, value) in leaves {
        let (description, _) = property(schema, at, key);
        line(text, &format!("\n{}{} = {value}", comment(&description), quoted(key)));
    }
    for (key, value) in sections {
        let Value::Table(inner_table) = value else { continue };
        let (description, inner) = property(schema, at, key);
        let full = joined(path, key);
        line(text, &format!("\n{}[{full}]", comment(&description)));
        section(schema, &inner, &full, inner_table, text);
        if full == "kafka" {
            line(text, "# bootstrap.servers = \"localhost:9092\"");
        }
    }
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a String cannot fail");
}

fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn quoted(key: &str) -> String {
    if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() }
}

/// The description of a key, and its schema.
fn property(schema: &Json, at: &Json, key: &str) -> (String, Json) {
    let at = resolve(schema, at);
    let Some(property) = at.get("properties").and_then(|p| p.get(key)) else {
        return (String::new(), Json::Null);
    };
    let inner = resolve(schema, property);
    let text = |v: &Json| v.get("description").and_then(Json::as_str).map(str::to_owned);
    let description = text(property).or_else(|| text(inner)).unwrap_or_default();
    (description.split_whitespace().collect::<Vec<_>>().join(" "), inner.clone())
}

/// Wraps a description into comment lines of at most [`WIDTH`] bytes.
fn comment(description: &str) -> String {
    let mut lines = String::new();
    let mut current = String::new();
    for word in description.split(' ').filter(|word| !word.is_empty()) {
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
