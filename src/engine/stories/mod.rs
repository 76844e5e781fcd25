//! Stories: clusters of related articles, with ids that last.
//!
//! In: the terms of articles, and text matches. Out: placements, merges, and the state of each
//! story. Online, single-pass, lexical; a story has one language.
//!
//! ```text
//! terms        an article to integers: title, text, names            stateless, in parallel
//! frequencies  in how many articles a term stands, over a long memory
//! postings     a few hundred live articles that share its rarest terms
//! score        exact cosines with the stories of the nearest of them
//! assign       joins the best, or opens one
//! merge        stories that articles cannot tell apart, and second looks
//! due          what the clock alone has to do
//! live         one story: members, lead, publishers
//! many         the tables of a story of several: centroid, voices, ranks, families
//! list, packed, few, ranks   what is kept for long, in few bytes
//! ```
//!
//! An article whose text matches an earlier one joins that one's story. Any other is scored against
//! up to `stories_max` stories: `centroid` of the score is the cosine with the story's centroid, the
//! rest the mean of the nearest `members_scored` members, times a factor for the time between them,
//! less a toll for the story's size. It joins the best from `join` on. Two stories between which
//! articles hesitate twice are merged when their centroids agree. A story that is still of one article
//! after `look_again_articles` or `look_again_after` is scored once more, and then joins from the lower
//! `join_again` on: what is unsure waits until it is known what else there is. In a crowded window,
//! of many stories, where more strangers are near by chance, all three bars rise, to `join_crowded`, `join_again_crowded`
//! and `merge_crowded`, it waits longer, and a large story takes in only what shares its names. A second
//! look is given to those alone that came near enough to another story, or another article to them.
//!
//! An article that recurs with other figures, as a table of rates, opens a story that follows that of
//! its match, and its template draws it nowhere.
//!
//! Literal copies, whole, edited or cut, and roundups are members that do not speak: they have no
//! terms, pull nothing together, and weigh in no centroid. Withdrawals, advisories and daybooks join no story.
//!
//! Invariants: ST-1 ids never change; ST-2 an absorbed story names its survivor until that closes;
//! ST-3 an article belongs to exactly one live story, a withdrawal to none; ST-4 the stories are a
//! function of the live records and their own; ST-5 the work an article causes is bounded, however
//! large the story.
//!
//! Cost: 0.8 KB a live article of 1.1 KB and 1 KB one of 3.4 KB, half of it its terms, and some 50 to 60
//! us on one core (`benches/story.rs`).
//!
//! Deliberately absent: embeddings, learned weights, and settings per language or feed.

mod assign;
mod consider;
mod due;
mod few;
mod frequencies;
mod lead;
mod list;
mod live;
mod many;
mod merge;
mod packed;
mod postings;
mod ranks;
mod restore;
mod score;
mod settings;
mod stem;
mod terms;
mod together;

use crate::article::{About, ArticleKey, EventTime, Lang, Sequence};
use crate::verdict::{Kind, Validity};
pub use assign::Stories;
pub use consider::Choice;
pub use few::{ChannelNorms, SmallList};
pub use frequencies::{FrequencyHead, FrequencyRecord};
use serde::{Deserialize, Serialize};
pub use settings::Settings;
use std::fmt;
use std::num::NonZeroU64;
pub use terms::{Channel, Term, Terms};
pub use together::PairScore;

/// Names a story for good: minted from its founding article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StoryId(NonZeroU64);

impl StoryId {
    /// The id of this number; 0 names no story, and gives that of 1.
    pub const fn new(id: u64) -> Self {
        match NonZeroU64::new(id) {
            Some(id) => Self(id),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// Its number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// A live article, as the story side sees it.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its place in the shard's order.
    pub sequence: Sequence,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// What is remembered of it.
    pub about: &'a About,
    /// What it is.
    pub kind: Kind,
    /// The first article of its chain: itself for an original.
    pub root: Sequence,
    /// Its words.
    pub words: u32,
    /// Its terms: all of a new article, the kept ones of a live one.
    pub terms: &'a Terms,
    /// How it stands now.
    pub standing: Validity,
}

/// A view of the live articles.
pub trait MemberLookup {
    /// The live article at `sequence`.
    fn member(&self, sequence: Sequence) -> Option<Member<'_>>;
}

/// What an article's arrival or leaving did to stories, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum StoryStep {
    /// A new story; `follows` names the one that it grew out of.
    Opened {
        /// The new story.
        story: StoryId,
        /// The story that it grew out of.
        follows: Option<StoryId>,
    },
    /// Its published state changed in an earlier second of engine time.
    Updated(StoryId),
    /// One story took another in.
    Merged {
        /// The story that goes on.
        survivor: StoryId,
        /// The story that ends.
        absorbed: StoryId,
        /// The score that decided.
        score: f64,
    },
    /// Its last member left the window; its final state.
    Closed(Box<Summary>),
}

/// Where an article was put.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Its story; absent for what never joins one.
    pub story: Option<StoryId>,
    /// The score by which it joined; absent for a new story or a text match.
    pub score: Option<f64>,
    /// Its terms, as kept: none for what does not speak for its story.
    pub terms: Terms,
    /// What happened on the way.
    pub steps: Vec<StoryStep>,
}

/// What a story is, as published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub id: StoryId,
    /// Standing members.
    pub size: u32,
    /// Distinct provider families among the roots.
    pub publishers: u32,
    /// The lead article.
    pub lead: Option<ArticleKey>,
    /// Why it leads.
    pub lead_reason: String,
    /// Its headline.
    pub headline: String,
    /// The story's language.
    pub language: Option<Lang>,
    /// Engine time of the first member's arrival.
    pub first_seen: EventTime,
    /// Engine time of the last member's arrival.
    pub last_seen: EventTime,
    /// The story that it grew out of.
    pub follows: Option<StoryId>,
    /// Stories in other languages, linked as translations.
    pub related: Vec<StoryId>,
}

/// What must outlive a story's members in the changelog: only what they do not give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StoryRecord {
    /// It lives.
    Live(Box<LifeRecord>),
    /// Another took it in.
    Absorbed {
        /// The other, which may have been taken in since.
        by: StoryId,
    },
}

/// What is remembered of a live story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifeRecord {
    /// Engine time of its opening.
    pub opened: EventTime,
    /// Its language.
    pub language: Option<Lang>,
    /// The story that it grew out of.
    pub follows: Option<StoryId>,
    /// Stories in other languages, linked as translations.
    pub related: SmallList<StoryId>,
    /// How often an article could have joined this story as well as another.
    pub doubts: SmallList<(StoryId, u8)>,
    /// Engine time of its last change after its opening.
    pub changed: Option<EventTime>,
    /// The most members that stood at one time, and the most publishers.
    pub most: (u32, u32),
    /// Squared length of its centroid by channel, as weighed at its last change.
    pub norms: ChannelNorms,
    /// Whether its one article came near enough to another story for a second look, or another article
    /// so near to it. Records before version 3 of the changelog do not tell, and are read as if not.
    pub wavered: bool,
}

/// A change to what the stories remember beside their members.
#[derive(Debug, Clone, PartialEq)]
pub enum MemoryChange {
    /// A story's record; `None` once the story is gone.
    Story(StoryId, Option<StoryRecord>),
    /// How frequent terms are.
    Frequencies(FrequencyRecord),
}
