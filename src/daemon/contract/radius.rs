//! `wirefold.article.withdrawn.v1` and `wirefold.article.corrected.v1`: the blast radius.

use super::data::{Base, Names};
use crate::engine::event::{self, Certainty};
use schemars::JsonSchema;
use serde::Serialize;

/// A kill or a correction, and who carries the text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Radius {
    /// The notice or the correcting article.
    pub by: Names,
    /// What it withdraws or corrects; absent while it was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<Names>,
    /// The articles that literally carry the text, in order of arrival.
    pub carriers: Vec<Carrier>,
    /// Engine time from which on articles were searched.
    pub searched_from: String,
    /// The story of what is withdrawn or corrected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: Base,
}

/// An article that carries the text.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Carrier {
    /// Which article.
    pub article: Names,
    /// Who sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// `certain`: a run of 12 words; `likely`: slug and numbers.
    pub certainty: &'static str,
    /// Word ranges of the carrier.
    pub passages: Vec<[u32; 2]>,
}

/// The uri of what is withdrawn or corrected, or else of the notice.
pub(super) fn subject(of: &event::Radius) -> String {
    of.of.as_ref().unwrap_or(&of.by).uri.clone()
}

impl Radius {
    pub(super) fn of(from: &event::Radius, base: Base) -> Self {
        let carriers = from.carriers.iter().map(|c| Carrier {
            article: Names::of(&c.article),
            provider: c.provider.clone(),
            certainty: match c.certainty {
                Certainty::Certain => "certain",
                Certainty::Likely => "likely",
            },
            passages: c.passages.iter().map(|&(from, to)| [from, to]).collect(),
        });
        Self {
            by: Names::of(&from.by),
            of: from.of.as_ref().map(Names::of),
            carriers: carriers.collect(),
            searched_from: from.searched_from.to_string(),
            story: from.story.map(|s| s.to_string()),
            base,
        }
    }
}
