//! Payloads of story events, and the records of the stories topic.

use super::data::{NamedArticle, PayloadBase, rounded};
use super::json;
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wirefold_engine::event::{EventKind, Merged};
use wirefold_engine::stories::Summary;

/// The state of a story: the value of a record on the stories topic, and part of every story event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryState {
    /// The story's id, which never changes.
    pub id: String,
    /// Whether the story is live, merged or closed.
    pub status: StoryStatus,
    /// Number of members in the window that are not withdrawn.
    pub size: u32,
    /// Number of independent publishers: distinct provider families among the articles from which
    /// the members' texts originate.
    pub publishers: u32,
    /// The headline of the lead.
    pub headline: String,
    /// The lead article; absent if the story has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<NamedArticle>,
    /// The reason this article leads (a stable name); absent without a lead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lead_reason: String,
    /// The story's language (BCP 47 primary subtag).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Engine time (RFC 3339, UTC) at which the first member arrived.
    pub first_seen: String,
    /// Engine time (RFC 3339, UTC) at which the last member arrived.
    pub last_seen: String,
    /// The id of the story that this one continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// The ids of stories in other languages that are linked as translations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// The id of the story that absorbed this one; present only if `status` is `merged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

/// Whether a story is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoryStatus {
    /// The story has live members.
    Live,
    /// Another story absorbed this one.
    Merged,
    /// The last member left the window.
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

/// A story opened, changed or closed. For a closed story, this is its final state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryEvent {
    /// The story's state after the event.
    pub story: StoryState,
    /// `input`, `core` and `settings`.
    #[serde(flatten)]
    pub base: PayloadBase,
}

impl StoryEvent {
    pub(crate) fn of(from: &Summary, status: StoryStatus, base: PayloadBase) -> Self {
        Self { story: StoryState::of(from, status), base }
    }
}

/// One story absorbed another. Published twice: first under the absorbed story's key, as its last
/// event, then under the survivor's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryMerged {
    /// The state of the surviving story after the merge.
    pub survivor: StoryState,
    /// The stories that ended in this merge.
    pub absorbed: Vec<Absorbed>,
    /// What the merge is based on.
    pub evidence: MergeEvidence,
    /// `input`, `core` and `settings`.
    #[serde(flatten)]
    pub base: PayloadBase,
}

/// A story that another one absorbed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Absorbed {
    /// The story's id.
    pub id: String,
}

/// What a merge is based on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeEvidence {
    /// The similarity score of the two stories.
    pub score: f64,
}

impl StoryMerged {
    pub(crate) fn of(from: &Merged, base: PayloadBase) -> Self {
        Self {
            survivor: StoryState::of(&from.survivor, StoryStatus::Live),
            absorbed: vec![Absorbed { id: from.absorbed.to_string() }],
            evidence: MergeEvidence { score: rounded(from.score) },
            base,
        }
    }
}

/// The records of the stories topic for an event, tombstones last.
pub(super) fn states(what: &EventKind) -> Vec<OutputRecord> {
    match what {
        EventKind::StoryOpened(s) | EventKind::StoryUpdated(s) => {
            vec![record(&StoryState::of(s, StoryStatus::Live))]
        }
        EventKind::StoryClosed(s) => ended(&StoryState::of(s, StoryStatus::Closed)),
        EventKind::StoryMerged(m) if m.key_story == m.absorbed => {
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

/// The final state, followed by a tombstone.
fn ended(last: &StoryState) -> Vec<OutputRecord> {
    let notice = record(last);
    let tombstone = OutputRecord { payload: None, headers: Vec::new(), ..notice.clone() };
    vec![notice, tombstone]
}

/// A record with a story's state for the stories topic.
fn record(story: &StoryState) -> OutputRecord {
    OutputRecord {
        role: Role::Stories,
        key: Some(story.id.clone().into_bytes()),
        headers: vec![("content-type".into(), Some(b"application/json".to_vec()))],
        payload: Some(json(story)),
    }
}
