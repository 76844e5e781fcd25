//! Stories: clusters of related articles, with ids that last.
//!
//! In: the terms of articles, and text matches. Out: placements, merges, and the state of each
//! story. Online, single-pass, lexical; a story has one language.
//!
//! Invariants: ST-1 ids never change; ST-2 an absorbed story names its survivor until that closes;
//! ST-3 an article belongs to exactly one live story, a withdrawal to none.

use crate::engine::article::{About, ArticleKey, EventTime, Lang, Sequence};
use crate::engine::relation::{Kind, Standing};
use crate::engine::text::{Clean, Words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Story settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Score from which an article joins a story.
    pub join: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { join: 0.17 }
    }
}

/// Names a story for good: minted from its founding article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StoryId(pub u64);

impl fmt::Display for StoryId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// The terms of one article by channel, for story matching.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// Title terms.
    pub title: Box<[u32]>,
}

impl Terms {
    /// The terms of an article.
    pub fn of(_: &str, _: &Clean, _: &Words, _: Option<Lang>, _: &Settings) -> Self {
        Self::default()
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
    /// Its terms, as kept.
    pub terms: &'a Terms,
    /// How it stands now.
    pub standing: Standing,
}

/// A view of the live articles.
pub trait Members {
    /// The live article at `sequence`.
    fn member(&self, sequence: Sequence) -> Option<Member<'_>>;
}

/// What an article's arrival or leaving did to stories, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A new story; `follows` names the one that it grew out of.
    Opened {
        /// The new story.
        story: StoryId,
        /// The story that it grew out of.
        follows: Option<StoryId>,
    },
    /// Its published state changed.
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
    /// What happened on the way.
    pub steps: Vec<Step>,
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
pub struct StoryRecord {
    /// Engine time of its opening.
    pub opened: EventTime,
    /// Its language.
    pub language: Option<Lang>,
    /// The story that took it in.
    pub merged_into: Option<StoryId>,
    /// The story that it grew out of.
    pub follows: Option<StoryId>,
}

#[derive(Debug)]
struct Live {
    record: StoryRecord,
    members: Vec<Sequence>,
    last_seen: EventTime,
}

/// All live stories of one shard.
#[derive(Debug, Default)]
pub struct Stories {
    live: BTreeMap<StoryId, Live>,
    of: BTreeMap<Sequence, StoryId>,
    changed: Vec<StoryId>,
}

impl Stories {
    /// No stories.
    pub fn new(_: &Settings) -> Self {
        Self::default()
    }

    /// The number of live stories.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Cuts an article's terms to those that are kept, by the frequencies as they are now.
    pub fn kept(&self, terms: &Terms) -> Terms {
        terms.clone()
    }

    /// Puts a new article into a story: that of the article that its text matches, else the best by
    /// score, else one of its own, whose id is minted from `mint`.
    pub fn take_in(
        &mut self,
        new: Member<'_>,
        matched: Option<Sequence>,
        mint: u64,
        _members: &impl Members,
    ) -> Placement {
        if new.kind == Kind::Withdrawal {
            return Placement { story: None, score: None, steps: Vec::new() };
        }
        if let Some(&story) = matched.and_then(|m| self.of.get(&m)) {
            self.join(new.sequence, new.arrived, story);
            return Placement {
                story: Some(story),
                score: None,
                steps: vec![Step::Updated(story)],
            };
        }
        let story = StoryId(mint);
        let record = StoryRecord {
            opened: new.arrived,
            language: new.about.language,
            merged_into: None,
            follows: None,
        };
        self.restore(story, record);
        self.join(new.sequence, new.arrived, story);
        self.changed.push(story);
        let steps = vec![Step::Opened { story, follows: None }];
        Placement { story: Some(story), score: None, steps }
    }

    /// Puts a member back where its record says it was. Members come in order.
    pub fn join(&mut self, sequence: Sequence, arrived: EventTime, story: StoryId) {
        if let Some(live) = self.live.get_mut(&story) {
            live.members.push(sequence);
            live.last_seen = live.last_seen.max(arrived);
            self.of.insert(sequence, story);
        }
    }

    /// Puts a story back as its record says, before its members.
    pub fn restore(&mut self, story: StoryId, record: StoryRecord) {
        let last_seen = record.opened;
        self.live.insert(story, Live { record, members: Vec::new(), last_seen });
    }

    /// A member is about to leave the window: `members` still holds it.
    pub fn leave(&mut self, sequence: Sequence, members: &impl Members) -> Vec<Step> {
        let Some(story) = self.of.remove(&sequence) else { return Vec::new() };
        let last = self.summary(story, members);
        let Some(live) = self.live.get_mut(&story) else { return Vec::new() };
        live.members.retain(|&s| s != sequence);
        if !live.members.is_empty() {
            return Vec::new();
        }
        self.live.remove(&story);
        self.changed.push(story);
        last.map(|summary| Step::Closed(Box::new(summary))).into_iter().collect()
    }

    /// Notes that a member stands, or stands no more.
    pub fn stand(&mut self, _: Sequence, _: bool) {}

    /// The published state of a live story.
    pub fn summary(&self, story: StoryId, members: &impl Members) -> Option<Summary> {
        let live = self.live.get(&story)?;
        let lead = live.members.iter().find_map(|&s| members.member(s));
        Some(Summary {
            id: story,
            size: live.members.len() as u32,
            publishers: 1,
            lead: lead.map(|m| m.about.key()),
            lead_reason: "first".into(),
            headline: lead.map(|m| m.about.headline.clone()).unwrap_or_default(),
            language: live.record.language,
            first_seen: live.record.opened,
            last_seen: live.last_seen,
            follows: live.record.follows,
            related: Vec::new(),
        })
    }

    /// The records that changed since the last call, in the order in which they first changed;
    /// `None` for a story that is gone.
    pub fn take_changes(&mut self) -> Vec<(StoryId, Option<StoryRecord>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|id| (id, self.live.get(&id).map(|l| l.record.clone()))).collect()
    }
}
