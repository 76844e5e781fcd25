//! The fields common to all payloads, and small types that several payloads share.
//!
//! Values that were not computed are absent. Ratios are rounded to four decimals. Times are RFC
//! 3339 in UTC.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::ENGINE_VERSION;
use wirefold_engine::article::{ArticleKey, InputPosition};
use wirefold_engine::event::ArticleMention;
use wirefold_engine::verdict::{Ratio, UniqueOutcome};

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

/// Identifies an article, with what a consumer needs to show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedArticle {
    /// The article's uri.
    pub uri: String,
    /// The article's version, if the provider sends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The provider that sent the article; absent if the article states none, or if Wirefold does
    /// not know the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The article's headline, at most 160 bytes: a longer one is cut after a word and ends with
    /// `…`. Absent if it has none, or if Wirefold does not know the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline: Option<String>,
    /// Whether the article went to the unique topic; absent if Wirefold does not know the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<UniqueInfo>,
}

impl NamedArticle {
    pub(super) fn of(mention: &ArticleMention) -> Self {
        let ArticleMention { key, provider, headline, unique } = mention.clone();
        Self {
            uri: key.uri,
            version: key.version,
            provider,
            headline,
            unique: unique.map(UniqueInfo::of),
        }
    }

    /// An article of which only uri and version are known.
    pub fn of_key(key: &ArticleKey) -> Self {
        Self::of(&key.clone().into())
    }

    /// Whether both name the same article.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.uri, &self.version) == (&other.uri, &other.version)
    }
}

/// Whether an article went to the unique topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum UniqueInfo {
    /// It was forwarded: at once, or when its embargo ended.
    Forwarded,
    /// It was not forwarded because it contains nothing new.
    Repeat,
    /// It was not forwarded because it is withheld, because it contains withdrawn or uncorrected
    /// text, because it was no longer valid when its embargo ended, or because too many articles
    /// are under an embargo.
    Held,
    /// It will be forwarded at the end of its embargo, if it is still valid then.
    Embargoed,
}

impl UniqueInfo {
    pub(crate) fn of(outcome: UniqueOutcome) -> Self {
        match outcome {
            UniqueOutcome::Forwarded => Self::Forwarded,
            UniqueOutcome::Repeat => Self::Repeat,
            UniqueOutcome::Held => Self::Held,
            UniqueOutcome::Embargoed => Self::Embargoed,
        }
    }
}

/// A range of a text. `start` is inclusive, `end` exclusive, and both are counted from 0 in `unit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct TextRange {
    /// The first character or word.
    pub start: u32,
    /// The position after the last character or word.
    pub end: u32,
    /// What is counted, and in which text.
    #[serde(default)]
    pub unit: TextUnit,
}

/// What the positions of a range count, and in which text.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum TextUnit {
    /// Characters (Unicode scalar values) of the published body, markup included.
    #[default]
    Character,
    /// Words of the cleaned text, as Wirefold splits it.
    Word,
    /// UTF-16 code units of the field `text` of the same answer, as JavaScript counts them.
    Utf16,
}

impl TextRange {
    /// A range of characters of the published body.
    pub(crate) fn of_characters((start, end): (u32, u32)) -> Self {
        Self { start, end, unit: TextUnit::Character }
    }

    /// A range of words of the cleaned text.
    pub(crate) fn of_words((start, end): (u32, u32)) -> Self {
        Self { start, end, unit: TextUnit::Word }
    }

    /// A range of UTF-16 code units.
    pub(crate) fn of_utf16([start, end]: [usize; 2]) -> Self {
        Self { start: start as u32, end: end as u32, unit: TextUnit::Utf16 }
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
