//! The types of a verdict: kinds, evidence, relations, and the views that it is taken on.

use super::identity_record::Identity;
use crate::article::{About, ArticleKey, EventTime, Sequence};
use crate::fingerprint::Fingerprint;
use crate::text::{Clean, Words};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The closed list of relation kinds.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A kill, hold or release of another article.
    Withdrawal,
    /// The same item again.
    Redelivery,
    /// A corrected version.
    Correction,
    /// A newer version.
    Update,
    /// The same text as another item.
    Duplicate,
    /// A table of the same template with other figures.
    Recurring,
    /// Part of another text.
    Excerpt,
    /// Another text with more around it.
    Expansion,
    /// Another text, lightly edited.
    Reprint,
    /// Shares a passage.
    Partial,
    /// None of these.
    #[default]
    Original,
}

impl Kind {
    /// All kinds, in the order in which they are tested.
    pub const ALL: [Self; 11] = [
        Self::Withdrawal,
        Self::Redelivery,
        Self::Correction,
        Self::Update,
        Self::Duplicate,
        Self::Recurring,
        Self::Excerpt,
        Self::Expansion,
        Self::Reprint,
        Self::Partial,
        Self::Original,
    ];

    /// Whether an article of this kind belongs to the story of the article that it matches,
    /// whatever the story scores say: every text match above `partial` does.
    pub fn joins_its_match(self) -> bool {
        !matches!(self, Self::Partial | Self::Recurring | Self::Original | Self::Withdrawal)
    }

    /// The name that events carry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawal => "withdrawal",
            Self::Redelivery => "redelivery",
            Self::Correction => "correction",
            Self::Update => "update",
            Self::Duplicate => "duplicate",
            Self::Recurring => "recurring",
            Self::Excerpt => "excerpt",
            Self::Expansion => "expansion",
            Self::Reprint => "reprint",
            Self::Partial => "partial",
            Self::Original => "original",
        }
    }
}

/// A share, finite and within 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
pub struct Ratio(f64);

impl Ratio {
    /// What own names of one provider are worth where no others can be seen any more.
    pub(super) const HIGH: Self = Self(0.75);

    /// `value` if it is finite and within 0..=1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// `part` of `whole`, at most 1; 0 of nothing.
    pub fn of(part: u32, whole: u32) -> Self {
        Self(if whole == 0 { 0.0 } else { (f64::from(part) / f64::from(whole)).min(1.0) })
    }

    /// The share as a number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// What a verdict rests on. Absent means that the rule did not need it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Share of this article's shingles found in the other.
    pub of_this_in_that: Option<Ratio>,
    /// Share of the other's shingles found in this one.
    pub of_that_in_this: Option<Ratio>,
    /// Jaccard similarity of the two shingle sets.
    pub jaccard: Option<Ratio>,
    /// Bits by which the SimHashes differ.
    pub hamming: Option<u32>,
    /// Shingles found in both.
    pub shared_shingles: Option<u32>,
    /// Share of the aligned pairs of figures that agree.
    pub numbers_kept: Option<Ratio>,
    /// Aligned figures that differ.
    pub changed_numbers: Vec<ChangedNumber>,
    /// Whether the headlines differ.
    pub headline_changed: Option<bool>,
    /// Milliseconds of engine time from the other's arrival to this one's.
    pub apart_ms: Option<i64>,
    /// How sure it is that a notice means the other, which it names by words alone.
    pub confidence: Option<Ratio>,
}

/// A figure that stands in the same place of two texts with another value: its word numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedNumber {
    /// The word of the new text.
    pub this_word: u32,
    /// The word of the earlier text.
    pub that_word: u32,
}

/// A run of words of the new text that stands in an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// First word of the run in the new text.
    pub start_word: u32,
    /// One past its last word.
    pub end_word: u32,
    /// First word of the run in the earlier text.
    pub of_start_word: u32,
    /// One past its last word there.
    pub of_end_word: u32,
}

/// One relation between a new article and an earlier one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Relation {
    /// What the new article is.
    pub kind: Kind,
    /// Of which article: its place and its names; absent for an original, and for a withdrawal of
    /// what was not seen.
    pub of: Option<RelationTarget>,
    /// The first article of the chain, absent with `of`.
    pub root: Option<RelationTarget>,
    /// Links from here to the root; 0 for an original.
    pub chain: u32,
    /// The rule that decided, by its stable name.
    pub rule: Cow<'static, str>,
    /// What it rests on.
    pub evidence: Evidence,
    /// Shared runs, where they explain the kind.
    pub passages: Vec<Passage>,
    /// Where the other was found.
    pub scope: Scope,
}

/// Where the other article of a relation was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scope {
    /// Among the live articles.
    #[default]
    Window,
    /// Among the identities that outlive the window: no text was compared.
    Identity,
}

/// An article that a relation points to. The sequence is absent where only its identity outlived
/// the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationTarget {
    /// Its place in the shard's order.
    pub sequence: Option<Sequence>,
    /// Its names.
    pub key: ArticleKey,
}

/// How much of an article is new to the window: literal wording, in order of arrival.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Novelty {
    /// Share of its words that no earlier article of the window had there.
    pub share: Ratio,
    /// Those words, counted.
    pub words: u32,
    /// Figures among them.
    pub numbers: u32,
    /// Runs of new words: first word, one past the last.
    pub passages: Vec<(u32, u32)>,
}

/// Whether an article goes on to the feed without repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Pass {
    /// It brings something new.
    #[default]
    Yes,
    /// It brings nothing new.
    Repeat,
    /// It is withheld, or carries withdrawn text.
    Held,
    /// It brings something new, and waits for the end of its embargo.
    Embargoed,
}

/// All that is said of a new article beside its story.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// The best match.
    pub relation: Relation,
    /// Further ones, sources of passages not yet explained first.
    pub also: Vec<Relation>,
    /// How much is new; absent below `novelty_words_min`.
    pub novelty: Option<Novelty>,
    /// Whether it goes on to `wire.unique`.
    pub pass: Pass,
    /// Stable flag names, sorted.
    pub flags: Vec<String>,
}

impl Verdict {
    /// The articles that it names: matches, and the root of the best one.
    pub fn targets(&self) -> impl Iterator<Item = &RelationTarget> {
        let relations = std::iter::once(&self.relation).chain(&self.also);
        relations.filter_map(|r| r.of.as_ref()).chain(&self.relation.root)
    }
}

/// How an earlier article stands now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Validity {
    /// It stands.
    #[default]
    Stands,
    /// A newer version took its place.
    Superseded,
    /// A correction took its place: its text is uncorrected.
    Uncorrected,
    /// It was withdrawn, or is held.
    Withdrawn,
}

/// An earlier article, as relation sees it.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    /// Its place in the shard's order.
    pub sequence: Sequence,
    /// The engine's clock when it arrived.
    pub arrived: EventTime,
    /// What is remembered of it.
    pub about: &'a About,
    /// Its fingerprint.
    pub print: &'a Fingerprint,
    /// Its own verdict.
    pub verdict: &'a Verdict,
    /// How it stands now.
    pub standing: Validity,
}

impl<'a> Earlier<'a> {
    /// The first of the chain that it passes on to what matches it; none where it joins no match.
    pub fn passed_on(self) -> Option<&'a RelationTarget> {
        let theirs = &self.verdict.relation;
        theirs.root.as_ref().filter(|_| theirs.kind.joins_its_match())
    }

    /// The first of its chain: itself where it joins no match.
    pub fn root(self) -> Sequence {
        self.passed_on().and_then(|root| root.sequence).unwrap_or(self.sequence)
    }
}

/// A view of the live articles.
pub trait Archive {
    /// The live article at `sequence`.
    fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>>;
    /// The live articles with this uri, in order of arrival, notices included.
    fn versions(&self, uri: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>>;
    /// The live article with this uri that arrived last, notices included.
    fn newest_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        self.versions(uri).next_back()
    }
    /// The version of this uri that stands, or else the one that arrived last; no notice.
    fn standing_of_uri(&self, uri: &str) -> Option<Earlier<'_>> {
        let report = |that: &Earlier<'_>| that.verdict.relation.kind != Kind::Withdrawal;
        let stands = |that: &Earlier<'_>| that.standing == Validity::Stands;
        let mut reports = self.versions(uri).filter(report).rev();
        let last = reports.next()?;
        Some(std::iter::once(last).chain(reports).find(stands).unwrap_or(last))
    }
    /// The newest live article of this uri and version with this text.
    fn repeated(&self, uri: &str, version: Option<&str>, content: u64) -> Option<Earlier<'_>> {
        let same = |that: &Earlier<'_>| {
            that.about.version.as_deref() == version && that.print.content == content
        };
        self.versions(uri).rev().find(same)
    }
    /// The newest live article, no notice, that bears the name of this key
    /// ([`names`](super::names)).
    fn newest_of_name(&self, key: u64) -> Option<Earlier<'_>>;
    /// How many uris of live articles of this provider bear the slug of this key and stand.
    fn bearers_of_slug(&self, key: u64, provider: Option<&str>) -> usize;
    /// The article of this uri, no notice, that stands or else arrived last among those whose window
    /// has passed.
    fn past_of_uri(&self, uri: &str) -> Option<&Identity>;
    /// The newest of those whose window has passed that bears the name of this key.
    fn past_of_name(&self, key: u64) -> Option<&Identity>;
}

/// The new article, as relation sees it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// What will be remembered of it.
    pub about: &'a About,
    /// Its cleaned text.
    pub clean: &'a Clean,
    /// Its words.
    pub words: &'a Words,
    /// Its fingerprint.
    pub print: &'a Fingerprint,
    /// The engine's clock.
    pub now: EventTime,
}
