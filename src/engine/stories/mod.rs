//! Stories: clusters of related articles with permanent ids.
//!
//! In: the terms of articles, and their text matches. Out: the story of each article, merges, and
//! the state of each story. Clustering is online, single-pass and lexical; a story has one
//! language.
//!
//! ```text
//! terms        turns an article into integers: title, text, names    stateless, in parallel
//! stem         turns words into terms
//! frequencies  counts how many articles contain each term, over a long period
//! postings     finds a few hundred live articles that share rare terms
//! score        computes exact cosines between articles and stories
//! choose       decides which story an article belongs to
//! assign       carries out the decision when an article arrives; removes expired articles
//! merge        merges stories that are too similar to keep apart; gives second looks
//! consider     predicts which story an article would join
//! compare      explains why two articles are close enough for one story, or why not
//! due          finds out whether the clock alone makes anything due
//! live         one story: its record and its published state
//! members      the members of one story, and its centroid
//! lead         chooses the lead article
//! rise         how fast a story grows
//! tags         the subjects, places and languages of a story
//! universal    turns an article into names, places and figures, the same in every language
//! places       the names of countries and cities
//! link         links stories in different languages that are about one event
//! follow       applies records and returns changed ones
//! ```
//!
//! An article whose text matches an earlier one joins the story of that article. Any other article
//! is scored against up to `stories_max` stories. The score is a weighted mean: the cosine with the
//! story's centroid has the weight `centroid`, the mean cosine with the `members_scored` nearest
//! members has the rest. The result is multiplied by a factor for the time between the article and
//! those members, and a toll for the size of the story is subtracted. The article joins the story
//! with the highest score, if that is at least `join` plus a share of the second-highest score.
//!
//! For example, a report of a ferry accident opens a story. A second agency's report of the
//! accident shares `ferry`, `aground` and the name of the port, scores above `join` and joins that
//! story. A reprint of the first report joins it by its text, without a score.
//!
//! Stories in different languages are never merged. They are *linked* if the cosine of their names,
//! places and figures is high enough. A link ends when the stories have moved apart.
//!
//! Two stories are merged when at least two articles fitted both of them and their centroids are
//! similar. A story that still has a single article after `look_again_articles` further articles in
//! its language, or after `look_again_after`, is scored once more against the lower threshold
//! `join_again`, because more is known by then. Only stories with a near miss get this second look:
//! either another story's score came close enough, or another article came close to this story.
//!
//! The score is lowered if it rests on only a few shared rare words (`narrow`). It depends neither
//! on the number of live stories nor on articles in other languages.
//!
//! An article that recurs with different figures, such as a table of exchange rates, opens a story
//! that *follows* the story of its match; sharing a template is never enough to join a story.
//! Literal copies (whole, edited or cut) and roundups are members that do not contribute: their
//! terms are not kept, so they attract no other articles and do not change the centroid. A
//! redelivery is a member that does not count towards the size, so polling a feed repeatedly does
//! not make its stories grow. Withdrawals and advisories, such as daybooks, join no story.
//!
//! Invariants: ST-1: ids never change. ST-2: an absorbed story names its survivor until the
//! survivor closes. ST-3: an article belongs to exactly one live story, a withdrawal to none. ST-4:
//! the stories are a function of the records of the live articles and of the story records. ST-5:
//! the work that one article causes is bounded, however large the story.
//!
//! Cost: about 1.7 KB per live article with a text of 3.4 KB, including its kept terms. To measure
//! again: `cargo bench --bench story`, which prints bytes and time per article.
//!
//! Deliberately absent: embeddings, learned weights, and settings per language or feed.

mod assign;
mod choose;
mod compare;
mod consider;
mod due;
mod follow;
mod frequencies;
mod heaviest;
mod lead;
mod link;
mod live;
mod members;
mod merge;
mod places;
mod postings;
pub mod rise;
mod score;
mod settings;
mod stem;
pub mod tags;
mod terms;
mod universal;

use crate::article::{
    ArticleKey, ArticleMetadata, EventTime, Lang, MENTION_HEADLINE_BYTES_MAX, Sequence,
};
use crate::text::cut_short;
use crate::verdict::{Kind, UniqueOutcome, Validity};
pub use assign::Stories;
pub use compare::PairScore;
pub use consider::Choice;
pub use frequencies::{FrequencyHead, FrequencyRecord};
pub use link::StoryLink;
pub(crate) use live::opening_sentence;
use rise::Rise;
use serde::{Deserialize, Serialize};
pub use settings::{LeadChoice, PublisherCount, Settings, Tuning};
use std::fmt;
use std::num::NonZeroU64;
use tags::StoryTags;
pub use terms::{Channel, Term, Terms};

/// Maximum length, in bytes, of the first sentence that is kept for an article. A longer one is cut
/// after a word and ends with `…`.
pub const LEAD_SENTENCE_BYTES_MAX: usize = 160;

/// The permanent id of a story, minted from its first article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StoryId(NonZeroU64);

impl StoryId {
    /// Creates an id from a number; 0 is not an id and becomes 1.
    pub const fn new(id: u64) -> Self {
        match NonZeroU64::new(id) {
            Some(id) => Self(id),
            None => Self(NonZeroU64::MIN),
        }
    }

    /// The id as a number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for StoryId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// The parts of a live article that stories need.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Its position in the shard's arrival order.
    pub sequence: Sequence,
    /// The engine clock when it arrived.
    pub arrived: EventTime,
    /// Its headline, provider and other metadata.
    pub about: &'a ArticleMetadata,
    /// What kind of article it is.
    pub kind: Kind,
    /// The first article of its chain; the article itself if it is an original.
    pub root: Sequence,
    /// The number of words of its text.
    pub words: u32,
    /// Its terms: all terms of a new article, the kept terms of a live one.
    pub terms: &'a Terms,
    /// Its current validity.
    pub standing: Validity,
    /// The start of its text: the whole text if it is short, otherwise the first sentence. Empty
    /// for an article that is just arriving.
    pub opening: &'a str,
    /// Whether it went to the unique topic.
    pub unique: UniqueOutcome,
}

/// Access to the live articles.
pub trait MemberLookup {
    /// The live article at `sequence`.
    fn member(&self, sequence: Sequence) -> Option<Member<'_>>;
}

/// One change to the stories caused by the arrival or expiry of an article.
#[derive(Debug, Clone, PartialEq)]
pub enum StoryStep {
    /// A new story was opened.
    Opened {
        /// The new story.
        story: StoryId,
        /// The earlier story that it continues.
        follows: Option<StoryId>,
    },
    /// The published state of a story changed in an earlier second of engine time.
    Updated(StoryId),
    /// One story absorbed another.
    Merged {
        /// The story that continues.
        survivor: StoryId,
        /// The story that ends.
        absorbed: StoryId,
        /// The last headline of the story that ends.
        absorbed_headline: String,
        /// The score that decided the merge.
        score: f64,
    },
    /// The last member of a story expired. Contains the final state of the story.
    Closed(Box<Summary>),
}

/// The story to which an article was assigned.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Its story; `None` for articles that never join one.
    pub story: Option<StoryId>,
    /// The score by which it joined; `None` for a new story or a text match.
    pub score: Option<f64>,
    /// The terms that are kept for the article; empty if it does not contribute to its story.
    pub terms: Terms,
    /// The stories that were opened or merged, in order.
    pub steps: Vec<StoryStep>,
}

/// The published state of a story.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: StoryId,
    /// The number of members that are not withdrawn. Redeliveries are not counted, except that the
    /// size is 1 if all of these members are redeliveries.
    pub size: u32,
    /// The number of distinct provider families among the root articles; with
    /// [`PublisherCount::AllLanguages`], also among those of linked stories.
    pub publishers: u32,
    /// The lead article.
    pub lead: Option<ArticleKey>,
    /// Why that article leads.
    pub lead_reason: String,
    /// The headline of the lead article.
    pub headline: String,
    /// The provider that sent the lead article.
    pub lead_provider: Option<String>,
    /// Whether the lead article went to the unique topic.
    pub lead_unique: Option<UniqueOutcome>,
    /// The first sentence of the lead article, at most [`LEAD_SENTENCE_BYTES_MAX`] bytes; empty if
    /// it has no text, or if its record was written by a release that did not keep it.
    pub lead_sentence: String,
    /// The story's language.
    pub language: Option<Lang>,
    /// Engine time of the first member's arrival.
    pub first_seen: EventTime,
    /// Engine time of the last member's arrival.
    pub last_seen: EventTime,
    /// The earlier story that it continues.
    pub follows: Option<StoryId>,
    /// Stories in other languages: the stories linked by a translation, and the stories in `links`.
    pub related: Vec<StoryId>,
    /// Stories in other languages that are about the same event, with the evidence.
    pub links: Vec<StoryLink>,
    /// How fast it grows.
    pub rise: Rise,
    /// Its subjects, places and languages.
    pub tags: StoryTags,
}

impl Summary {
    /// The headline of the lead article, shortened as in events; `None` if it is empty.
    pub fn lead_headline(&self) -> Option<String> {
        let headline = cut_short(&self.headline, MENTION_HEADLINE_BYTES_MAX).into_owned();
        Some(headline).filter(|headline| !headline.is_empty())
    }
}

/// The changelog record of a story. It contains only what cannot be derived from the members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StoryRecord {
    /// The story is live.
    Live(Box<LifeRecord>),
    /// Another story absorbed it.
    Absorbed {
        /// The absorbing story, which may itself have been absorbed since.
        by: StoryId,
    },
}

/// The record of a live story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LifeRecord {
    /// Engine time when it was opened.
    pub opened: EventTime,
    /// The language of its articles.
    pub language: Option<Lang>,
    /// The earlier story that it continues.
    pub follows: Option<StoryId>,
    /// Stories in other languages that are linked by a translation: an article in one of the two
    /// stories states that it is a translation of an article in the other.
    pub related: Vec<StoryId>,
    /// Other stories, each with how many articles fitted both that story and this one.
    pub doubts: Vec<(StoryId, u8)>,
    /// Engine time of the last published change since the story was opened.
    pub changed: Option<EventTime>,
    /// The highest size and number of publishers that it reached.
    pub peak: Peak,
    /// Squared length of its centroid in each channel, under the weights in force when it last
    /// changed.
    pub norms: [f64; 4],
    /// Whether the story had a near miss: its only article came close enough to another story for a
    /// second look, or another article came that close to this story. Records before version 3 of
    /// the changelog do not have this field and are read as `false`.
    pub near_miss: bool,
    /// How fast it grows. Records before version 7 do not have this field; it is computed from the
    /// live members.
    pub rise: Rise,
    /// Its subjects, places and languages. Records before version 7 do not have this field; only
    /// the language is known.
    pub tags: StoryTags,
    /// Stories in other languages that are about the same event, in order of ids. Records before
    /// version 8 do not have this field.
    pub links: Vec<StoryLink>,
}

impl LifeRecord {
    /// All stories in other languages to which this one is linked, in order of ids.
    fn all_related(&self) -> Vec<StoryId> {
        let links = self.links.iter().map(|link| link.story);
        let mut all: Vec<StoryId> = self.related.iter().copied().chain(links).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Removes and returns the link to a story.
    fn take_link(&mut self, story: StoryId) -> Option<StoryLink> {
        let at = self.links.binary_search_by_key(&story, |link| link.story).ok()?;
        Some(self.links.remove(at))
    }

    /// Removes a translation; returns whether there was one.
    fn take_related(&mut self, story: StoryId) -> bool {
        let at = self.related.binary_search(&story);
        at.map(|at| self.related.remove(at)).is_ok()
    }

    /// Adds a translation unless it is already known. Returns whether it was added.
    fn add_related(&mut self, story: StoryId) -> bool {
        let at = self.related.binary_search(&story);
        at.map_err(|at| self.related.insert(at, story)).is_err()
    }

    /// Adds links, or replaces those to the same stories.
    fn add_links(&mut self, links: &[StoryLink]) {
        for link in links {
            match self.links.binary_search_by_key(&link.story, |own| own.story) {
                Ok(at) => self.links[at] = *link,
                Err(at) => self.links.insert(at, *link),
            }
        }
    }
}

/// The highest counts that a story reached. The two need not have been reached at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Peak {
    /// The highest size.
    pub size: u32,
    /// The highest number of publishers at one time.
    pub publishers: u32,
}

/// A changed record of the stories. The records of their members are not included.
#[derive(Debug, Clone, PartialEq)]
pub enum MemoryChange {
    /// The record of a story; `None` once the story has ended.
    Story(StoryId, Option<StoryRecord>),
    /// A record of the term frequencies.
    Frequencies(FrequencyRecord),
}
