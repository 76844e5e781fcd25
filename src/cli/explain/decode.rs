//! Prints every article of a file, both as decoded and as cleaned, with its dates, its marks and
//! the reasons for the marks. The output is text for people, or JSON.

use crate::cli::words::counted;
use crate::cli::{feed, print};
use crate::config::Config;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::Path;
use wirefold_engine::article::Article;
use wirefold_engine::decode::Error;
use wirefold_engine::{marks, text};

/// Prints the articles of the file `path`.
pub(super) fn run(config: &Config, path: &Path, as_json: bool) -> anyhow::Result<()> {
    let as_text = std::io::stdout().is_terminal() && !as_json;
    for item in feed::articles(path, &config.engine, config.input.format)? {
        let shown = value(config, &item);
        if as_text {
            print::lines(lines(&shown))?;
        } else {
            print::json(&shown)?;
        }
    }
    Ok(())
}

/// An item of the file as JSON.
fn value(config: &Config, item: &Result<Article, Error>) -> Value {
    match item {
        Err(error) => json!({ "refused": error.reason(), "message": error.to_string() }),
        Ok(article) => json!({
            "article": article,
            "clean": text::clean(article).text,
            "dates": dates(article),
            "marks_seen": marks::explain(article, &config.engine.decode.marks),
        }),
    }
}

/// The dates of an article as text.
fn dates(article: &Article) -> Value {
    let all = [
        ("versioncreated", article.versioncreated),
        ("firstcreated", article.firstcreated),
        ("published", article.published),
        ("embargoed", article.embargoed),
        ("expires", article.expires),
    ];
    let given = all.into_iter().filter_map(|(name, time)| Some((name.to_owned(), time?)));
    given
        .map(|(name, time)| (name, json!(time.to_string())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The lines for an item: its fields, its dates and marks, and its own text.
fn lines(shown: &Value) -> Vec<String> {
    if let Some(reason) = shown["refused"].as_str() {
        let message = shown["message"].as_str().unwrap_or_default();
        return vec![format!("rejected ({reason}): {message}"), String::new()];
    }
    let (article, dates) = (&shown["article"], &shown["dates"]);
    let mut lines = vec![field("uri", &article["uri"]), field("headline", &article["headline"])];
    let rest = article.as_object().into_iter().flatten().filter(|(name, value)| {
        let said = ["uri", "headline", "body", "marks"].contains(&name.as_str());
        !said && !dates[name.as_str()].is_string() && !is_empty(value)
    });
    lines.extend(rest.map(|(name, value)| field(name, value)));
    lines.extend(dates.as_object().into_iter().flatten().map(|(name, time)| field(name, time)));
    let marks = article["marks"].as_object().into_iter().flatten();
    lines.extend(
        marks
            .filter(|(_, mark)| !is_empty(mark))
            .map(|(name, mark)| field(&format!("mark: {name}"), mark)),
    );
    for seen in shown["marks_seen"].as_array().into_iter().flatten() {
        lines.push(field("seen", seen));
    }
    let clean = shown["clean"].as_str().unwrap_or_default();
    let words = counted(clean.split_whitespace().count() as u64, "word", "words");
    lines.push(format!("own text ({words}):"));
    lines.extend(clean.lines().map(|line| format!("  {line}")));
    lines.push(String::new());
    lines
}

fn field(name: &str, value: &Value) -> String {
    format!("{name:<18} {}", plain(value))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A value as text. Fields are printed as `name value`; empty ones are left out.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(_, value)| !is_empty(value));
            let shown = fields.map(|(name, value)| format!("{name} {}", plain(value)));
            shown.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_output_lists_the_fields_of_an_article() {
        let text = r#"{"uri":"a:1","headline":"Barge adrift","body":"<p>Two men put out.</p>",
            "mimetype":"text/html","provider":"Northwire","published":"2026-03-02T10:00:00Z"}"#;
        let config = Config::default();
        let settings = &config.engine.decode;
        let items =
            wirefold_engine::decode::decode(text.as_bytes(), None, config.input.format, settings);
        let shown = lines(&value(&config, &items[0])).join("\n");
        for part in
            ["uri                a:1", "published          2026-03-02T10:00:00Z", "(4 words)"]
        {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        for part in ["Plain", "Html", "null", "[]", "<p>", "1772"] {
            assert!(!shown.contains(part), "{part} in {shown}");
        }
    }

    #[test]
    fn a_rejected_item_is_printed_with_the_reason() {
        let items = wirefold_engine::decode::decode(
            b"{}",
            None,
            wirefold_engine::decode::Format::Auto,
            &Config::default().engine.decode,
        );
        let shown = lines(&value(&Config::default(), &items[0]));
        assert!(shown[0].starts_with("rejected (missing_field): "), "{shown:?}");
    }
}
