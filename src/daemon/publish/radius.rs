//! Payloads of `wirefold.article.withdrawn.v1` and `wirefold.article.corrected.v1`: the blast
//! radius.

use super::data::{NamedArticle, PayloadBase, TextRange, share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::article::EventTime;
use wirefold_engine::event;
use wirefold_engine::verdict;

/// A kill, hold or correction, and every article that contains the affected text, whether it
/// arrived earlier or later and from any provider. Paraphrases are not found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RadiusInfo {
    /// The article that withdraws or corrects: the notice, or the corrected version.
    pub by: NamedArticle,
    /// The article that is withdrawn or corrected; absent if Wirefold has not seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<NamedArticle>,
    /// The articles that contain the text, in order of arrival. If there are several parts, only
    /// the articles in this part.
    pub carriers: Vec<CarrierInfo>,
    /// Number of carriers after those listed here; absent if there are none. The following parts
    /// list them, up to 100,000 carriers in all. Carriers beyond that limit are only counted,
    /// without a word-by-word comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u32>,
    /// The position of this event if several events list the carriers; absent if one event lists
    /// them all. All parts have the same `by` and `of`, and are published one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<RadiusPartInfo>,
    /// What the search skipped because of a limit; absent if it skipped nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsearched: Option<UnsearchedInfo>,
    /// Whether the withdrawn or corrected article is still in the window, or only its identity is
    /// known.
    pub scope: ScopeInfo,
    /// Confidence that the notice refers to `of`, from 0 to 1; present only if the notice
    /// identifies the article by words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The time range that was searched.
    pub searched: Searched,
    /// Id of the story of the withdrawn or corrected article; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// The headline of that story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_headline: Option<String>,
    /// `input`, `core` and `settings`.
    #[serde(flatten)]
    pub base: PayloadBase,
}

/// Position in a series of events that list the carriers of one text. Each event lists about 900
/// carriers, so that it fits the topic's record size limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RadiusPartInfo {
    /// Number of this event, from 1.
    pub number: u32,
    /// Number of events in the series.
    pub of: u32,
}

/// What the search for carriers skipped because of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnsearchedInfo {
    /// Number of old versions of the withdrawn article that were not searched for, because only the
    /// newest 16 are. Articles that contain only the text of one of those versions are not listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<u32>,
    /// Number of old articles with the same slug that were not checked, because only the newest 64
    /// are. Such an article is not listed if it would only be a `likely` carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearers: Option<u32>,
}

impl UnsearchedInfo {
    /// `None` if the search was complete.
    fn of(from: event::Unsearched) -> Option<Self> {
        let some = |count: u32| (count > 0).then_some(count);
        let all = Self { versions: some(from.versions), bearers: some(from.same_slug) };
        (all.versions.is_some() || all.bearers.is_some()).then_some(all)
    }
}

/// Where an earlier article was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeInfo {
    /// In the window of live articles.
    Window,
    /// Among the identities kept after an article leaves the window. No text is compared; carriers
    /// are derived from earlier verdicts.
    Identity,
}

impl ScopeInfo {
    pub(super) fn of(from: verdict::Scope) -> Self {
        match from {
            verdict::Scope::Window => Self::Window,
            verdict::Scope::Identity => Self::Identity,
        }
    }
}

/// The time range that was searched, in engine time (RFC 3339, UTC).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Searched {
    /// Arrival of the oldest article in the window.
    pub from: String,
    /// The engine clock at the time of the search.
    pub to: String,
}

/// An article that contains the affected text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CarrierInfo {
    /// The carrier itself.
    #[serde(flatten)]
    pub article: NamedArticle,
    /// How certain it is that the article contains the text.
    pub certainty: CertaintyInfo,
    /// Where the carrier has the text: word ranges in its cleaned text, each from the first word
    /// (counted from 0) to the position after the last. Empty for `likely` carriers. The same as
    /// `ranges`.
    #[serde(default)]
    pub passages: Vec<[u32; 2]>,
    /// Where the carrier has the text, as ranges of words in its cleaned text. Empty for `likely`
    /// carriers.
    #[serde(default)]
    pub ranges: Vec<TextRange>,
}

/// How certain it is that an article contains the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CertaintyInfo {
    /// A run of at least 12 words is identical.
    Certain,
    /// The slug and the figures match.
    Likely,
}

/// The uri of the withdrawn or corrected article, or of the notice if the article is unknown.
pub(super) fn subject(of: &event::Radius) -> String {
    of.of.as_ref().unwrap_or(&of.by).key.uri.clone()
}

impl RadiusInfo {
    pub(crate) fn of(from: &event::Radius, clock: EventTime, base: PayloadBase) -> Self {
        let carriers = from.carriers.iter().map(|c| CarrierInfo {
            article: NamedArticle::of(&c.article),
            certainty: match c.certainty {
                event::Certainty::Certain => CertaintyInfo::Certain,
                event::Certainty::Likely => CertaintyInfo::Likely,
            },
            passages: c.passages.iter().map(|&(from, to)| [from, to]).collect(),
            ranges: c.passages.iter().copied().map(TextRange::of_words).collect(),
        });
        Self {
            by: NamedArticle::of(&from.by),
            of: from.of.as_ref().map(NamedArticle::of),
            carriers: carriers.collect(),
            more: (from.carriers_unlisted > 0).then_some(from.carriers_unlisted),
            part: from.part.map(|part| RadiusPartInfo { number: part.number, of: part.of }),
            unsearched: UnsearchedInfo::of(from.unsearched),
            scope: ScopeInfo::of(from.scope),
            confidence: share(from.confidence),
            searched: Searched { from: from.searched_from.to_string(), to: clock.to_string() },
            story: from.story.map(|s| s.to_string()),
            story_headline: from.story_headline.clone(),
            base,
        }
    }
}
