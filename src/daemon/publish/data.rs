//! The fields common to all payloads, and small types that several payloads share.
//!
//! Values that were not computed are absent. Ratios are rounded to four decimals. Times are RFC
//! 3339 in UTC.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::ENGINE_VERSION;
use wirefold_engine::article::{ArticleKey, InputPosition};
use wirefold_engine::verdict::Ratio;

/// The fields common to all payloads. They identify the input that caused the event and the rules
/// that decided it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PayloadBase {
    /// The input record that caused the event.
    pub input: InputRef,
    /// Version of the engine's decision logic. It changes whenever the same input could produce a
    /// different verdict.
    pub core: String,
    /// Hash of the engine settings, which identifies the thresholds that applied.
    pub settings: String,
}

impl PayloadBase {
    /// Creates the fields for an event caused by `input`. `settings` is the hash of the engine
    /// settings.
    pub fn of(input: &InputPosition, settings: &str) -> Self {
        Self {
            input: InputRef::of(input),
            core: ENGINE_VERSION.to_owned(),
            settings: settings.to_owned(),
        }
    }
}

/// Position of an input record, or of one item in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct InputRef {
    /// Topic; in a replay, the file.
    pub topic: String,
    /// Partition; 0 in a replay.
    pub partition: i32,
    /// Offset; in a replay, the number of the line or item in the file, counted from 0.
    pub offset: i64,
    /// Index of the item, from 0, in a record that holds several; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
}

impl InputRef {
    /// Converts an engine position to its published form.
    pub(crate) fn of(at: &InputPosition) -> Self {
        let item = (at.item > 0).then_some(at.item);
        Self { topic: at.topic.to_string(), partition: at.partition, offset: at.offset, item }
    }
}

/// Identifies an article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedArticle {
    /// The article's uri.
    pub uri: String,
    /// The article's version, if the provider sends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl NamedArticle {
    pub(super) fn of(key: &ArticleKey) -> Self {
        Self { uri: key.uri.clone(), version: key.version.clone() }
    }
}

/// Rounds to four decimals; none of the published ratios is more precise than that.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// A ratio in its published form.
pub(super) fn share(ratio: Option<Ratio>) -> Option<f64> {
    ratio.map(|ratio| rounded(ratio.get()))
}
