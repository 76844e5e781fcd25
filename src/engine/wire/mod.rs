//! Bytes to articles: one decoder a format, found by content type, then by looking.
//!
//! In: the bytes of one input record. Out: one result for each item in it, never none: an
//! [`Article`], or the reason why it is refused.

use crate::engine::article::{Article, Body, EventTime, Lang};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Decoding settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most bytes of a record that is decoded.
    pub record_bytes_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { record_bytes_max: 4 << 20 }
    }
}

/// The formats that are decoded.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Found by content type, then by looking.
    #[default]
    Auto,
    /// One flat JSON object.
    Plain,
    /// IPTC ninjs 1.x to 3.x.
    Ninjs,
}

/// Why an item is refused. [`Error::reason`] is the stable code that headers and metrics carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The record is larger than `record_bytes_max`.
    #[error("record of {bytes} bytes is over the limit of {max}")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: u32,
    },
    /// The bytes do not follow the syntax of their format.
    #[error("not readable as {format}: {message}")]
    Syntax {
        /// The format tried.
        format: &'static str,
        /// Where and why.
        message: String,
    },
    /// A required field is absent, empty or null.
    #[error("field `{0}` is missing")]
    Missing(&'static str),
}

impl Error {
    /// A stable code, usable as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Syntax { .. } => "syntax",
            Self::Missing(_) => "missing_field",
        }
    }
}

/// Decodes one input record.
pub fn decode(
    bytes: &[u8],
    _content_type: Option<&str>,
    _format: Format,
    settings: &Settings,
) -> Vec<Result<Article, Error>> {
    if bytes.len() > settings.record_bytes_max as usize {
        return vec![Err(Error::TooLarge { bytes: bytes.len(), max: settings.record_bytes_max })];
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(e) => return vec![Err(Error::Syntax { format: "JSON", message: e.to_string() })],
    };
    vec![plain(&value)]
}

fn plain(value: &Value) -> Result<Article, Error> {
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|n| value.get(n)?.as_str())
            .filter(|s| !s.is_empty())
            .map(str::to_owned)
    };
    let uri = text(&["uri", "id", "guid"]).ok_or(Error::Missing("uri"))?;
    let headline = text(&["headline", "title"]).unwrap_or_default();
    let body = text(&["body", "text"]).unwrap_or_default();
    if headline.is_empty() && body.is_empty() {
        return Err(Error::Missing("body"));
    }
    Ok(Article {
        uri,
        headline,
        body: Body::Plain(body),
        provider: text(&["provider", "source"]),
        language: text(&["language", "lang"]).as_deref().and_then(Lang::parse),
        versioncreated: text(&["versioncreated"]).as_deref().and_then(EventTime::parse),
        published: text(&["published"]).as_deref().and_then(EventTime::parse),
        ..Article::default()
    })
}
