//! What the engine says happened, with its evidence.
//!
//! These are the engine's own types; `daemon::contract` turns them into what is published.

use super::article::{About, Article, ArticleKey, EventTime, InputPosition, Sequence};
use super::fingerprint::SimHash;
use super::stories::{StoryId, Summary};
use super::verdict::{Ratio, Scope, Verdict};

/// What brought an event about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventCause {
    /// The article at the event's input position.
    Article,
    /// The clock, which moved on after the record at the event's input position.
    Clock,
}

/// One thing that happened, when, and which input record brought it about.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The engine's clock.
    pub clock: EventTime,
    /// The input that caused it, or the last one before the clock did.
    pub input: InputPosition,
    /// Whether an article or the clock caused it.
    pub cause: EventCause,
    /// What happened.
    pub what: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EventKind {
    /// An article was classified: one for each accepted article.
    Classified(Box<Classified>),
    /// A kill or hold, with its blast radius.
    Withdrawn(Box<Radius>),
    /// A correction, with its blast radius.
    Corrected(Box<Radius>),
    /// An earlier verdict no longer holds.
    Superseded(Box<Superseded>),
    /// A story opened.
    StoryOpened(Box<Summary>),
    /// A story's published state changed.
    StoryUpdated(Box<Summary>),
    /// A story took another in.
    StoryMerged(Box<Merged>),
    /// A story closed; its final state.
    StoryClosed(Box<Summary>),
}

impl RadiusPart {
    /// Whether events follow that name further carriers.
    pub fn goes_on(self) -> bool {
        self.number < self.of
    }
}

impl EventKind {
    /// The blast radius, of a withdrawal or a correction.
    pub fn radius(&self) -> Option<&Radius> {
        match self {
            Self::Withdrawn(radius) | Self::Corrected(radius) => Some(radius),
            _ => None,
        }
    }

    /// The story whose key the event is published under. A withdrawal that belongs to no story has
    /// none, and is published under the uri of its article.
    pub fn story(&self) -> Option<StoryId> {
        match self {
            Self::Classified(classified) => classified.story.as_ref().map(|story| story.id),
            Self::Withdrawn(radius) | Self::Corrected(radius) => radius.story,
            Self::Superseded(superseded) => superseded.story,
            Self::StoryOpened(story) | Self::StoryUpdated(story) | Self::StoryClosed(story) => {
                Some(story.id)
            }
            Self::StoryMerged(merged) => Some(merged.under),
        }
    }
}

/// An article was classified.
#[derive(Debug, Clone, PartialEq)]
pub struct Classified {
    /// The article as decoded, less its body.
    pub article: Article,
    /// What is remembered of it: the language found, the time claimed.
    pub about: About,
    /// Words of its cleaned body.
    pub words: u32,
    /// Its SimHash.
    pub simhash: SimHash,
    /// What it is.
    pub verdict: Verdict,
    /// `new_passages` of the verdict as character ranges of the published body.
    pub new_passages: Vec<(u32, u32)>,
    /// For each relation of `also`, and first for the relation itself: its passages as character
    /// ranges of the published body.
    pub passages: Vec<Vec<(u32, u32)>>,
    /// Its story, absent for what never joins one.
    pub story: Option<Joined>,
}

/// The story that an article joined.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// Its id.
    pub id: StoryId,
    /// Its members, this article included.
    pub size: u32,
    /// Its independent publishers.
    pub publishers: u32,
    /// Its headline.
    pub headline: String,
    /// The score by which the article joined; absent for a founder and for a text match.
    pub score: Option<f64>,
}

/// Who carries a withdrawn or uncorrected passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Radius {
    /// The notice or correction.
    pub by: ArticleKey,
    /// What it withdraws or corrects, where seen.
    pub of: Option<ArticleKey>,
    /// The articles that carry it, in order of arrival.
    pub carriers: Vec<Carrier>,
    /// Further articles that carry it, or may, and that are not named here.
    pub more: u32,
    /// Which of several events this is, where the carriers are too many for one.
    pub part: Option<RadiusPart>,
    /// What was left out of the search.
    pub unsearched: Unsearched,
    /// Engine time searched, from the oldest live article on.
    pub searched_from: EventTime,
    /// The story of what is withdrawn.
    pub story: Option<StoryId>,
    /// Where what is withdrawn was found.
    pub scope: Scope,
    /// How sure it is that the notice means it, where it names it by words alone.
    pub confidence: Option<Ratio>,
}

/// One of several events that name the carriers of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RadiusPart {
    /// Its number, from 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// What a search for carriers left out because of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unsearched {
    /// The oldest versions of what is withdrawn, whose text was not searched for.
    pub versions: u32,
    /// The oldest articles under the same slug, whose figures were not looked at.
    pub bearers: u32,
}

/// An article that carries a withdrawn or uncorrected passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Carrier {
    /// Its place in the shard's order.
    pub sequence: Sequence,
    /// Which article.
    pub article: ArticleKey,
    /// Who sent it.
    pub provider: Option<String>,
    /// Literal text, or slug and numbers alone.
    pub certainty: Certainty,
    /// Word ranges of the carrier that carry it.
    pub passages: Vec<(u32, u32)>,
}

/// How sure it is that an article carries a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// A run of 12 words, literally.
    Certain,
    /// Slug and numbers agree.
    Likely,
}

/// An earlier verdict that no longer holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Superseded {
    /// The earlier article.
    pub article: ArticleKey,
    /// What took its place.
    pub by: ArticleKey,
    /// The stable name of the reason.
    pub reason: String,
    /// Its story.
    pub story: Option<StoryId>,
}

/// A story took another in. Said twice: last under the absorbed story, then under the survivor.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The story under whose key this one is published.
    pub under: StoryId,
    /// The survivor's state after the merge.
    pub survivor: Summary,
    /// The story that ended.
    pub absorbed: StoryId,
    /// The score that decided.
    pub score: f64,
}
