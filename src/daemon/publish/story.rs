//! Payloads of story events, and the records of the stories topic.

use super::data::{NamedArticle, PayloadBase, UniqueInfo, rounded};
use super::json;
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wirefold_engine::article::EventTime;
use wirefold_engine::event::{Event, EventKind, Merged};
use wirefold_engine::stories::{StoryLink, Summary};

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
    /// the members' texts originate. While the story is live, the setting
    /// `engine.stories.count_publishers = "all_languages"` adds the articles of the stories in
    /// `related`.
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
    /// The ids of stories in other languages that are about the same event: the stories in `links`,
    /// and stories linked only because an article in one of the two states that it is a translation
    /// of an article in the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// The stories in other languages with which this one shares names, places and figures, each
    /// with the evidence; at most three in each language. A story leaves the list when it no longer
    /// shares enough, and when it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<StoryLinkInfo>,
    /// How fast the story grows: the sum of the weights of the articles that joined it. A weight is
    /// initially 1, or 1/4 for a duplicate, reprint or excerpt, and halves every hour; a redelivery
    /// has no weight. Rounded to four decimals.
    #[serde(default)]
    pub rise: f64,
    /// The engine time (RFC 3339, UTC) for which `rise` was computed.
    #[serde(default)]
    pub rise_at: String,
    /// The first sentence of the lead, without markup, at most 160 bytes: a longer one is cut after
    /// a word and ends with `…`. Absent if the lead has no text, and for articles that arrived
    /// before Wirefold kept their first sentences.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lead_sentence: String,
    /// The subjects of the articles that joined, as sent, most frequent first. The first 12
    /// distinct subjects of a story are counted: at most 5 of each article, each at most 64 bytes
    /// long. Articles that have left the window stay counted; redeliveries are not counted.
    #[serde(default)]
    pub subjects: Vec<String>,
    /// The places where the articles that joined were written, and the places that they are about,
    /// as sent, most frequent first, with the same bounds as `subjects`.
    #[serde(default)]
    pub places: Vec<String>,
    /// The languages (BCP 47 primary subtags) of the articles that joined, most frequent first; at
    /// most 12.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The id of the story that absorbed this one; present only if `status` is `merged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<String>,
}

/// What a story shares with a story in another language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryLinkInfo {
    /// The id of the other story.
    pub story: String,
    /// The cosine of the names, places and figures of both stories, weighted by how rare they are:
    /// 0 to 1, rounded to four decimals. Stories are linked from 0.15, or
    /// from 0.2 if they share only two names, places or figures.
    pub score: f64,
    /// The number of names that both stories contain.
    pub names: u32,
    /// The number of places that both stories contain.
    pub places: u32,
    /// The number of figures that both stories contain.
    pub figures: u32,
}

impl StoryLinkInfo {
    fn of(from: &StoryLink) -> Self {
        Self {
            story: from.story.to_string(),
            score: rounded(from.score.into()),
            names: from.names.into(),
            places: from.places.into(),
            figures: from.figures.into(),
        }
    }
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
    /// The state of a story at `clock`.
    pub(super) fn of(from: &Summary, status: StoryStatus, clock: EventTime) -> Self {
        let lead = from.lead.as_ref().map(|key| NamedArticle {
            provider: from.lead_provider.clone(),
            headline: from.lead_headline(),
            unique: from.lead_unique.map(UniqueInfo::of),
            ..NamedArticle::of_key(key)
        });
        Self {
            id: from.id.to_string(),
            status,
            size: from.size,
            publishers: from.publishers,
            headline: from.headline.clone(),
            lead,
            lead_reason: from.lead_reason.clone(),
            language: from.language.map(|l| l.as_str().to_owned()),
            first_seen: from.first_seen.to_string(),
            last_seen: from.last_seen.to_string(),
            follows: from.follows.map(|s| s.to_string()),
            related: from.related.iter().map(ToString::to_string).collect(),
            links: from.links.iter().map(StoryLinkInfo::of).collect(),
            rise: rounded(from.rise.at(clock)),
            rise_at: clock.to_string(),
            lead_sentence: from.lead_sentence.clone(),
            subjects: from.tags.subjects(),
            places: from.tags.places(),
            languages: from.tags.languages().iter().map(|l| l.as_str().to_owned()).collect(),
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
    pub(crate) fn of(
        (from, status): (&Summary, StoryStatus),
        clock: EventTime,
        base: PayloadBase,
    ) -> Self {
        Self { story: StoryState::of(from, status, clock), base }
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
    /// The story's last headline.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub headline: String,
}

/// What a merge is based on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeEvidence {
    /// The similarity score of the two stories.
    pub score: f64,
}

impl StoryMerged {
    pub(crate) fn of(from: &Merged, clock: EventTime, base: PayloadBase) -> Self {
        Self {
            survivor: StoryState::of(&from.survivor, StoryStatus::Live, clock),
            absorbed: vec![Absorbed {
                id: from.absorbed.to_string(),
                headline: from.absorbed_headline.clone(),
            }],
            evidence: MergeEvidence { score: rounded(from.score) },
            base,
        }
    }
}

/// The records of the stories topic for a story event, tombstones last. `state` is the state in the
/// payload of the event; for a merge, that of the survivor.
pub(super) fn states(event: &Event, state: StoryState) -> Vec<OutputRecord> {
    match &event.kind {
        EventKind::StoryClosed(_) => ended(&state),
        EventKind::StoryMerged(m) if m.key_story == m.absorbed => ended(&StoryState {
            id: m.absorbed.to_string(),
            status: StoryStatus::Merged,
            merged_into: Some(state.id.clone()),
            ..state
        }),
        _ => vec![record(&state)],
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
