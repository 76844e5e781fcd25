//! The events that the engine emits, with their evidence.
//!
//! These are internal types. `daemon::publish` turns them into the published CloudEvents.

use super::article::{Article, ArticleKey, ArticleMetadata, EventTime, InputPosition, Sequence};
use super::fingerprint::SimHash;
use super::stories::{StoryId, Summary};
use super::verdict::{Ratio, Scope, UniqueOutcome, Verdict};

/// What caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventCause {
    /// The article at the event's input position.
    Article,
    /// The engine clock, which advanced after the record at the event's input position.
    Clock,
}

/// One event, with its time and the input record that caused it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The engine clock when the event was emitted.
    pub clock: EventTime,
    /// The input record that caused the event, or the last one applied if the clock caused it.
    pub input: InputPosition,
    /// Whether an article or the clock caused the event.
    pub cause: EventCause,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// An article was classified. Emitted once for each accepted article.
    Classified(Box<Classified>),
    /// An article was withdrawn (kill or hold), with the blast radius.
    Withdrawn(Box<Radius>),
    /// An article was corrected, with the blast radius.
    Corrected(Box<Radius>),
    /// An earlier verdict no longer holds.
    Superseded(Box<Superseded>),
    /// A story opened.
    StoryOpened(Box<Summary>),
    /// A story's published state changed.
    StoryUpdated(Box<Summary>),
    /// One story was merged into another.
    StoryMerged(Box<Merged>),
    /// A story closed. Contains its final state.
    StoryClosed(Box<Summary>),
}

impl RadiusPart {
    /// Whether later events of the series list further carriers.
    pub fn has_more(self) -> bool {
        self.number < self.of
    }
}

impl EventKind {
    /// The blast radius of a withdrawal or correction; `None` for other events.
    pub fn radius(&self) -> Option<&Radius> {
        match self {
            Self::Withdrawn(radius) | Self::Corrected(radius) => Some(radius),
            _ => None,
        }
    }

    /// The story whose id is the event's key. `None` for an article that belongs to no story; its
    /// event is keyed by the article's uri.
    pub fn story(&self) -> Option<StoryId> {
        match self {
            Self::Classified(classified) => classified.story.as_ref().map(|story| story.id),
            Self::Withdrawn(radius) | Self::Corrected(radius) => radius.story,
            Self::Superseded(superseded) => superseded.story,
            Self::StoryOpened(story) | Self::StoryUpdated(story) | Self::StoryClosed(story) => {
                Some(story.id)
            }
            Self::StoryMerged(merged) => Some(merged.key_story),
        }
    }
}

/// An article was classified.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// The article as decoded, without its body.
    pub article: Article,
    /// The metadata kept while the article is live, with the detected language.
    pub about: ArticleMetadata,
    /// Number of words in the cleaned body.
    pub words: u32,
    /// The SimHash of the cleaned body.
    pub simhash: SimHash,
    /// The verdict: the article's kind and its relations to earlier articles.
    pub verdict: Verdict,
    /// The verdict's new passages, as character ranges of the published body.
    pub new_passages: Vec<(u32, u32)>,
    /// The passages of the verdict's main relation, followed by those of each relation in `also`,
    /// as character ranges of the published body.
    pub passages: Vec<Vec<(u32, u32)>>,
    /// The article's story; absent for articles that never join one.
    pub story: Option<Joined>,
    /// The articles that the verdict names. Not filled in by a prediction.
    pub mentions: VerdictMentions,
}

/// An article that an event refers to, with what a consumer would otherwise have to look up.
#[derive(Debug, Clone, PartialEq)]
pub struct ArticleMention {
    /// Its uri and version.
    pub key: ArticleKey,
    /// The provider that sent the article; absent if the article states none or Wirefold does not
    /// know the article.
    pub provider: Option<String>,
    /// Its headline, at most
    /// [`MENTION_HEADLINE_BYTES_MAX`](crate::article::MENTION_HEADLINE_BYTES_MAX) bytes; absent if
    /// it has none or Wirefold does not know the article.
    pub headline: Option<String>,
    /// Whether the article went to the unique topic; absent if Wirefold does not know the article.
    pub unique: Option<UniqueOutcome>,
}

impl From<ArticleKey> for ArticleMention {
    /// A mention of an article when only its key is known.
    fn from(key: ArticleKey) -> Self {
        Self { key, provider: None, headline: None, unique: None }
    }
}

/// The articles that a verdict names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VerdictMentions {
    /// The articles of the main relation, followed by the articles of each relation in `also`.
    pub relations: Vec<RelationMentions>,
    /// The article that the new one replaces in the unique topic.
    pub replaces: Option<ArticleMention>,
}

/// The articles that a relation names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RelationMentions {
    /// The other article.
    pub of: Option<ArticleMention>,
    /// The first article of the chain.
    pub root: Option<ArticleMention>,
}

/// The story that an article joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// The story's id.
    pub id: StoryId,
    /// Number of members, including this article.
    pub size: u32,
    /// Number of independent publishers.
    pub publishers: u32,
    /// The story's headline.
    pub headline: String,
    /// The score with which the article joined; absent for the founding article and for articles
    /// that joined by a text match.
    pub score: Option<f64>,
}

/// The blast radius: which articles carry a withdrawn or corrected passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Radius {
    /// The notice or correction that caused the search.
    pub by: ArticleMention,
    /// The withdrawn or corrected article, if known.
    pub of: Option<ArticleMention>,
    /// The articles that carry the passage, in order of arrival.
    pub carriers: Vec<Carrier>,
    /// Number of further articles that carry or may carry the passage, but are listed neither in
    /// this event nor in an earlier one of its series.
    pub carriers_unlisted: u32,
    /// Position in a series of events; set when the carriers do not fit in one event.
    pub part: Option<RadiusPart>,
    /// What the search left out because of a bound.
    pub unsearched: Unsearched,
    /// Start of the searched period: the arrival time of the oldest live article.
    pub searched_from: EventTime,
    /// The story of the withdrawn or corrected article.
    pub story: Option<StoryId>,
    /// The headline of that story.
    pub story_headline: Option<String>,
    /// Whether the withdrawn or corrected article is still live or known only by its identity.
    pub scope: Scope,
    /// Confidence that the notice refers to `of`; set when the notice identifies that article only
    /// by words, not by an id.
    pub confidence: Option<Ratio>,
}

/// Position of an event in a series of events that together list the carriers of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RadiusPart {
    /// Number of this event, from 1.
    pub number: u32,
    /// Number of events in the series.
    pub of: u32,
}

/// What a search for carriers left out because of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsearched {
    /// Number of versions of the withdrawn article whose text was not searched for. The oldest
    /// versions are left out first.
    pub versions: u32,
    /// Number of articles with the same slug whose figures were not compared. The oldest articles
    /// are left out first.
    pub same_slug: u32,
}

/// An article that carries a withdrawn or corrected passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Carrier {
    /// The carrier's position in the shard's arrival order.
    pub sequence: Sequence,
    /// The carrier.
    pub article: ArticleMention,
    /// How strong the evidence is.
    pub certainty: Certainty,
    /// Word ranges of the carrier that contain the passage; empty if there is no literal match.
    pub passages: Vec<(u32, u32)>,
}

/// How strong the evidence is that an article carries a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The carrier contains a literal run of at least `run_words` words, or the whole text.
    Certain,
    /// Slug and figures agree, or the carrier's verdict points to the withdrawn article.
    Likely,
}

/// An earlier verdict that no longer holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Superseded {
    /// The article whose verdict no longer holds.
    pub article: ArticleMention,
    /// The article that superseded it.
    pub by: ArticleMention,
    /// Reason code; a stable name.
    pub reason: String,
    /// The story of the superseded article.
    pub story: Option<StoryId>,
    /// The headline of that story.
    pub story_headline: Option<String>,
}

/// One story was merged into another. Emitted twice: first under the absorbed story, as its last
/// event, then under the survivor.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The story that keys this event: the absorbed story or the survivor.
    pub key_story: StoryId,
    /// The survivor's state after the merge.
    pub survivor: Summary,
    /// The story that ended.
    pub absorbed: StoryId,
    /// The last headline of the story that ended.
    pub absorbed_headline: String,
    /// The similarity score of the two stories.
    pub score: f64,
}
