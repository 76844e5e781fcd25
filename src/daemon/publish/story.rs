//! The events of stories, and the newest state of each on the stories topic.

use super::data::{NamedArticle, PayloadBase, rounded};
use super::json;
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wirefold_engine::event::{EventKind, Merged};
use wirefold_engine::stories::Summary;

/// What a story is. The value of a record of the stories topic, and part of every story event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryState {
    /// Its id, for good.
    pub id: String,
    /// Whether it lives.
    pub status: StoryStatus,
    /// Standing members.
    pub size: u32,
    /// Distinct provider families among the roots of its texts.
    pub publishers: u32,
    /// The headline of the lead.
    pub headline: String,
    /// The lead article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<NamedArticle>,
    /// Why it leads.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lead_reason: String,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Engine time of the first member's arrival.
    pub first_seen: String,
    /// Engine time of the last member's arrival.
    pub last_seen: String,
    /// The story that it grew out of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// Stories in other languages, linked as translations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// The story that took it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

/// Whether a story lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoryStatus {
    /// It lives.
    Live,
    /// Another story took it in.
    Merged,
    /// Its last member left the window.
    Closed,
}

impl StoryState {
    pub(super) fn of(from: &Summary, status: StoryStatus) -> Self {
        Self {
            id: from.id.to_string(),
            status,
            size: from.size,
            publishers: from.publishers,
            headline: from.headline.clone(),
            lead: from.lead.as_ref().map(NamedArticle::of),
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

/// A story opened, changed, or closed with its final figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryEvent {
    /// The story.
    pub story: StoryState,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: PayloadBase,
}

impl StoryEvent {
    pub(super) fn of(from: &Summary, status: StoryStatus, base: PayloadBase) -> Self {
        Self { story: StoryState::of(from, status), base }
    }
}

/// One story took another in. Said twice: last under the absorbed story's key, then under the
/// survivor's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryMerged {
    /// The story that goes on.
    pub survivor: StoryState,
    /// The stories that ended.
    pub absorbed: Vec<Absorbed>,
    /// What decided.
    pub evidence: MergeEvidence,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: PayloadBase,
}

/// A story that ended in another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Absorbed {
    /// Its id.
    pub id: String,
}

/// What decided a merge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeEvidence {
    /// The score of the two stories.
    pub score: f64,
}

impl StoryMerged {
    pub(super) fn of(from: &Merged, base: PayloadBase) -> Self {
        Self {
            survivor: StoryState::of(&from.survivor, StoryStatus::Live),
            absorbed: vec![Absorbed { id: from.absorbed.to_string() }],
            evidence: MergeEvidence { score: rounded(from.score) },
            base,
        }
    }
}

/// The records for the stories topic that follow from an event, tombstones last.
pub(super) fn states(what: &EventKind) -> Vec<OutputRecord> {
    match what {
        EventKind::StoryOpened(s) | EventKind::StoryUpdated(s) => {
            vec![record(&StoryState::of(s, StoryStatus::Live))]
        }
        EventKind::StoryClosed(s) => ended(&StoryState::of(s, StoryStatus::Closed)),
        EventKind::StoryMerged(m) if m.under == m.absorbed => {
            let survivor = m.survivor.id.to_string();
            let last = StoryState::of(&m.survivor, StoryStatus::Merged);
            ended(&StoryState { id: m.absorbed.to_string(), merged_into: Some(survivor), ..last })
        }
        EventKind::StoryMerged(m) => vec![record(&StoryState::of(&m.survivor, StoryStatus::Live))],
        EventKind::Classified(_)
        | EventKind::Withdrawn(_)
        | EventKind::Corrected(_)
        | EventKind::Superseded(_) => Vec::new(),
    }
}

/// The last state, then a tombstone.
fn ended(last: &StoryState) -> Vec<OutputRecord> {
    let notice = record(last);
    let tombstone = OutputRecord { payload: None, headers: Vec::new(), ..notice.clone() };
    vec![notice, tombstone]
}

fn record(story: &StoryState) -> OutputRecord {
    OutputRecord {
        role: Role::Stories,
        key: Some(story.id.clone().into_bytes()),
        headers: vec![("content-type".into(), Some(b"application/json".to_vec()))],
        payload: Some(json(story)),
    }
}
