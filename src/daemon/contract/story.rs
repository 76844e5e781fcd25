//! The events of stories, and the state of each on the stories topic.

use super::data::{Base, Names};
use super::{Output, Topic};
use crate::engine::article::EventTime;
use crate::engine::event::{Merged, What};
use crate::engine::story::Summary;
use schemars::JsonSchema;
use serde::Serialize;

/// What a story is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoryState {
    /// Its id, for good.
    pub id: String,
    /// `live`, `merged` or `closed`.
    pub status: &'static str,
    /// Standing members.
    pub size: u32,
    /// Distinct provider families among the roots of its texts.
    pub publishers: u32,
    /// The headline of the lead.
    pub headline: String,
    /// The lead article.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<Names>,
    /// Why it leads.
    pub lead_reason: String,
    /// Its language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Engine time of the first member's arrival.
    pub first_seen: String,
    /// Engine time of the last member's arrival.
    pub last_seen: String,
    /// The story that it grew out of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// Stories in other languages, linked as translations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// The story that took it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

impl StoryState {
    fn of(from: &Summary, status: &'static str) -> Self {
        Self {
            id: from.id.to_string(),
            status,
            size: from.size,
            publishers: from.publishers,
            headline: from.headline.clone(),
            lead: from.lead.as_ref().map(Names::of),
            lead_reason: from.lead_reason.clone(),
            language: from.language.map(|l| l.as_str().to_owned()),
            first_seen: from.first_seen.to_string(),
            last_seen: from.last_seen.to_string(),
            follows: from.follows.map(|s| s.to_string()),
            related: from.related.iter().map(ToString::to_string).collect(),
            merged_into: None,
        }
    }
}

/// `wirefold.story.opened.v1`, `...updated.v1` and `...closed.v1`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoryEvent {
    /// The story.
    pub story: StoryState,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: Base,
}

impl StoryEvent {
    pub(super) fn of(from: &Summary, base: Base) -> Self {
        Self { story: StoryState::of(from, "live"), base }
    }
}

/// `wirefold.story.merged.v1`, said under the absorbed story's key and under the survivor's.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoryMerged {
    /// The story that goes on.
    pub survivor: StoryState,
    /// The stories that ended.
    pub absorbed: Vec<Absorbed>,
    /// What decided.
    pub evidence: MergeEvidence,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: Base,
}

/// A story that ended in another.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Absorbed {
    /// Its id.
    pub id: String,
}

/// What decided a merge.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MergeEvidence {
    /// The score of the two stories.
    pub score: f64,
}

impl StoryMerged {
    pub(super) fn of(from: &Merged, base: Base) -> Self {
        Self {
            survivor: StoryState::of(&from.survivor, "live"),
            absorbed: vec![Absorbed { id: from.absorbed.to_string() }],
            evidence: MergeEvidence { score: (from.score * 10_000.0).round() / 10_000.0 },
            base,
        }
    }
}

/// The records for the stories topic that follow from an event, tombstones last.
pub(super) fn states(what: &What, _clock: EventTime) -> Vec<Output> {
    match what {
        What::StoryOpened(s) | What::StoryUpdated(s) => vec![state(&StoryState::of(s, "live"))],
        What::StoryClosed(s) => ended(&StoryState::of(s, "closed")),
        What::StoryMerged(m) if m.under == m.absorbed => {
            let absorbed = StoryState {
                id: m.absorbed.to_string(),
                merged_into: Some(m.survivor.id.to_string()),
                ..StoryState::of(&m.survivor, "merged")
            };
            ended(&absorbed)
        }
        What::StoryMerged(m) => vec![state(&StoryState::of(&m.survivor, "live"))],
        What::Classified(_) | What::Withdrawn(_) | What::Corrected(_) | What::Superseded(_) => {
            Vec::new()
        }
    }
}

fn ended(last: &StoryState) -> Vec<Output> {
    let notice = state(last);
    let tombstone = Output { value: None, headers: Vec::new(), ..notice.clone() };
    vec![notice, tombstone]
}

fn state(story: &StoryState) -> Output {
    let value = serde_json::to_vec(story).expect("payload types have text keys alone");
    Output {
        topic: Topic::Stories,
        key: Some(story.id.clone().into_bytes()),
        headers: vec![("content-type".into(), b"application/json".to_vec())],
        value: Some(value),
    }
}
