//! `wirefold.article.withdrawn.v1` and `wirefold.article.corrected.v1`: the blast radius.

use super::data::{NamedArticle, PayloadBase, share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::article::EventTime;
use wirefold_engine::event;
use wirefold_engine::verdict;

/// A kill or a correction, and every article that carries the text: earlier or later, of any
/// provider. Paraphrases are not found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RadiusInfo {
    /// The notice, or the correcting article.
    pub by: NamedArticle,
    /// What it withdraws or corrects; absent while it was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<NamedArticle>,
    /// The articles that carry the text, in order of arrival: all of them, or this part's.
    pub carriers: Vec<CarrierInfo>,
    /// Further carriers, which come after these; absent for none. The parts that follow name them, up
    /// to 100,000 in all; beyond that they are counted, and not compared word by word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u32>,
    /// Which of several events this is; absent where one names all carriers. All have the same `by`
    /// and `of`, and come one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<RadiusPartInfo>,
    /// What a bound left out of the search; absent for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsearched: Option<UnsearchedInfo>,
    /// Whether what it withdraws or corrects is in the window, or known by its identity alone.
    pub scope: ScopeInfo,
    /// How sure it is that the notice means it, where it names it by words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// What was searched.
    pub searched: Searched,
    /// The story of what is withdrawn or corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: PayloadBase,
}

/// One of several events that name the carriers of one text, some 1,500 each, so that each fits its
/// topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RadiusPartInfo {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// What a bound left out of the search for carriers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnsearchedInfo {
    /// The oldest versions of what is withdrawn (`versions_searched_max`): what carries the text of one
    /// of them alone is not named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<u32>,
    /// The oldest articles under the same slug (`bearers_max`): those that are `likely` alone are not
    /// named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearers: Option<u32>,
}

impl UnsearchedInfo {
    fn of(from: event::Unsearched) -> Option<Self> {
        let some = |count: u32| (count > 0).then_some(count);
        let all = Self { versions: some(from.versions), bearers: some(from.bearers) };
        (all.versions.is_some() || all.bearers.is_some()).then_some(all)
    }
}

/// Where an earlier article was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScopeInfo {
    /// Among the articles of the window.
    Window,
    /// Among the identities that outlive it: carriers are told by the verdicts of their time.
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

/// The window that was searched, in engine time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct Searched {
    /// Arrival of the oldest live article.
    pub from: String,
    /// The engine's clock.
    pub to: String,
}

/// An article that carries the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CarrierInfo {
    /// Its uri.
    pub uri: String,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// How sure it is.
    pub certainty: CertaintyInfo,
    /// Where: word ranges of the carrier's cleaned text, from the first to one past the last.
    #[serde(default)]
    pub passages: Vec<[u32; 2]>,
}

/// How sure it is that an article carries a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CertaintyInfo {
    /// A run of 12 words, literally.
    Certain,
    /// Slug and numbers agree.
    Likely,
}

/// The uri of what is withdrawn or corrected, or else of the notice.
pub(super) fn subject(of: &event::Radius) -> String {
    of.of.as_ref().unwrap_or(&of.by).uri.clone()
}

impl RadiusInfo {
    pub(super) fn of(from: &event::Radius, clock: EventTime, base: PayloadBase) -> Self {
        let carriers = from.carriers.iter().map(|c| CarrierInfo {
            uri: c.article.uri.clone(),
            version: c.article.version.clone(),
            provider: c.provider.clone(),
            certainty: match c.certainty {
                event::Certainty::Certain => CertaintyInfo::Certain,
                event::Certainty::Likely => CertaintyInfo::Likely,
            },
            passages: c.passages.iter().map(|&(from, to)| [from, to]).collect(),
        });
        Self {
            by: NamedArticle::of(&from.by),
            of: from.of.as_ref().map(NamedArticle::of),
            carriers: carriers.collect(),
            more: (from.more > 0).then_some(from.more),
            part: from.part.map(|part| RadiusPartInfo { number: part.number, of: part.of }),
            unsearched: UnsearchedInfo::of(from.unsearched),
            scope: ScopeInfo::of(from.scope),
            confidence: share(from.confidence),
            searched: Searched { from: from.searched_from.to_string(), to: clock.to_string() },
            story: from.story.map(|s| s.to_string()),
            base,
        }
    }
}
