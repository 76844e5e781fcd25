//! Bytes to articles: one decoder a format, found by content type, then by looking.
//!
//! In: the bytes of one input record. Out: one result for each item in it, never none: an
//! [`Article`], or the reason why it is refused. Unknown fields are ignored; what is required and
//! missing refuses the item. Bad input dies here.
//!
//! Invariants: WI-1 no bytes make it panic; WI-2 every record gives at least one result; WI-3 what
//! an error says holds no article text.

mod json;
pub mod marks;

use super::article::Article;
use serde::{Deserialize, Serialize};

/// Decoding settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most bytes of a record that is decoded.
    pub record_bytes_max: u32,
    /// The most items of one record.
    pub items_max: u32,
    /// Wire marks of the desk's own, beside those that are known.
    pub marks: Vec<marks::Rule>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { record_bytes_max: 4 << 20, items_max: 1_000, marks: Vec::new() }
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
    /// Plain JSON objects and IPTC ninjs 1.x to 3.x, which are told apart field by field.
    Json,
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
    /// The record holds more items than `items_max`.
    #[error("record of {items} items is over the limit of {max}")]
    TooMany {
        /// Items found.
        items: usize,
        /// The limit.
        max: u32,
    },
    /// The record is empty.
    #[error("record is empty")]
    Empty,
    /// The bytes are no UTF-8.
    #[error("not UTF-8 from byte {at} on")]
    Encoding {
        /// The first byte that is wrong.
        at: usize,
    },
    /// The bytes do not follow the syntax of their format.
    #[error("not readable as {format}: {kind} at line {line}, column {column}")]
    Syntax {
        /// The format tried.
        format: &'static str,
        /// What is wrong.
        kind: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The format is none that is read.
    #[error("no known format")]
    Unknown,
    /// A required field is absent or empty.
    #[error("field `{0}` is missing")]
    Missing(&'static str),
    /// A required field is null.
    #[error("field `{0}` is null")]
    Null(&'static str),
    /// A required field has another type.
    #[error("field `{0}` is not text")]
    NotText(&'static str),
}

impl Error {
    /// A stable code, usable as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many_items",
            Self::Empty => "empty",
            Self::Encoding { .. } => "encoding",
            Self::Syntax { .. } => "syntax",
            Self::Unknown => "unknown_format",
            Self::Missing(_) => "missing_field",
            Self::Null(_) => "null_field",
            Self::NotText(_) => "wrong_type",
        }
    }
}

/// Decodes one input record, whose content type may be known.
pub fn decode(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &Settings,
) -> Vec<Result<Article, Error>> {
    if bytes.len() > settings.record_bytes_max as usize {
        return vec![Err(Error::TooLarge { bytes: bytes.len(), max: settings.record_bytes_max })];
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}').trim(),
        Err(error) => return vec![Err(Error::Encoding { at: error.valid_up_to() })],
    };
    if text.is_empty() {
        return vec![Err(Error::Empty)];
    }
    let named = content_type.is_some_and(|t| t.to_ascii_lowercase().contains("json"));
    let looks = text.starts_with(['{', '[']);
    match format {
        Format::Auto if !named && !looks => vec![Err(Error::Unknown)],
        Format::Auto | Format::Json => json::decode(text, settings),
    }
}
