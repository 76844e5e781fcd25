//! What every payload carries, and the small types that payloads share.
//!
//! What was not computed is absent. Shares are rounded to four decimals, times are RFC 3339 in UTC.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::CORE;
use wirefold_engine::article::{ArticleKey, InputPosition};
use wirefold_engine::verdict::Ratio;

/// What every payload carries: what caused it, and under which rules it was decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PayloadBase {
    /// The input record that caused the event.
    pub input: InputRef,
    /// The engine's version: it changes when the same input may give another verdict.
    pub core: String,
    /// The hash of the settings that shape verdicts.
    pub settings: String,
}

impl PayloadBase {
    /// For an event that `input` caused, under settings with the hash `settings`.
    pub fn of(input: &InputPosition, settings: &str) -> Self {
        Self { input: InputRef::of(input), core: CORE.to_owned(), settings: settings.to_owned() }
    }
}

/// A position of the input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct InputRef {
    /// The topic; in a replay the file.
    pub topic: String,
    /// The partition; 0 in a replay.
    pub partition: i32,
    /// The offset; in a replay the number of the line or item, from 0.
    pub offset: i64,
    /// The item within a record that holds several, where it is not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
}

impl InputRef {
    /// A position as published.
    pub(crate) fn of(at: &InputPosition) -> Self {
        let item = (at.item > 0).then_some(at.item);
        Self { topic: at.topic.to_string(), partition: at.partition, offset: at.offset, item }
    }
}

/// Names an article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedArticle {
    /// Its uri.
    pub uri: String,
    /// Its version, where the wire gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl NamedArticle {
    pub(super) fn of(key: &ArticleKey) -> Self {
        Self { uri: key.uri.clone(), version: key.version.clone() }
    }
}

/// Four decimals are more than any of these figures is exact to.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// A share as published.
pub(super) fn share(ratio: Option<Ratio>) -> Option<f64> {
    ratio.map(|ratio| rounded(ratio.get()))
}
