//! The types of a verdict: kinds, evidence and relations.

use crate::article::{ArticleKey, Sequence};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

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
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A kill, hold or release of another article.
    Withdrawal,
    /// The same article, sent again.
    Redelivery,
    /// A corrected version of an earlier article.
    Correction,
    /// A newer version of an earlier article.
    Update,
    /// The same text as an earlier article.
    Duplicate,
    /// The same template as an earlier text, with other figures or about another subject.
    Recurring,
    /// Part of an earlier text.
    Excerpt,
    /// An earlier text with more text around it.
    Expansion,
    /// An earlier text, lightly edited.
    Reprint,
    /// Shares a passage with an earlier text.
    Partial,
    /// None of the other kinds.
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

    /// Whether an article of this kind joins the story of the article it matches, whatever the
    /// story scores are. False for `partial`, `recurring`, `original` and `withdrawal`.
    pub fn joins_its_match(self) -> bool {
        !matches!(self, Self::Partial | Self::Recurring | Self::Original | Self::Withdrawal)
    }

    /// The name used in events.
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

/// A share: a finite number within 0..=1.
#[derive(
    Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "f64")]
pub struct Ratio(#[schemars(range(min = 0.0, max = 1.0))] f64);

impl TryFrom<f64> for Ratio {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        Self::new(value).ok_or("must be between 0 and 1")
    }
}

impl Ratio {
    /// A value that is known at compile time to be within 0..=1.
    pub(crate) const fn constant(value: f64) -> Self {
        assert!(value >= 0.0 && value <= 1.0, "a ratio is between 0 and 1");
        Self(value)
    }

    /// Confidence that a notice refers to the article that it names, if that article has left the
    /// window and is from the same provider. It is fixed, because other articles with the same name
    /// can no longer be counted.
    pub(super) const PAST_NAME_CONFIDENCE: Self = Self(0.75);

    /// `value` if it is finite and within 0..=1.
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// `part / whole`, at most 1; 0 if `whole` is 0.
    pub fn of(part: u32, whole: u32) -> Self {
        Self(if whole == 0 { 0.0 } else { (f64::from(part) / f64::from(whole)).min(1.0) })
    }

    /// The share as a number.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The measures that a relation is based on. A value is absent if the rule did not need it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Share of this article's shingles that the other contains.
    pub of_this_in_that: Option<Ratio>,
    /// Share of the other article's shingles that this one contains.
    pub of_that_in_this: Option<Ratio>,
    /// Jaccard similarity of the two shingle sets.
    pub jaccard: Option<Ratio>,
    /// Number of bits in which the two SimHashes differ.
    pub hamming: Option<u32>,
    /// Number of this article's shingles that the other contains.
    pub shared_shingles: Option<u32>,
    /// Share of the aligned pairs of figures that are equal.
    pub numbers_kept: Option<Ratio>,
    /// Aligned figures that differ.
    pub changed_numbers: Vec<ChangedNumber>,
    /// Whether the headlines differ.
    pub headline_changed: Option<bool>,
    /// Engine time between the two arrivals, in milliseconds.
    pub apart_ms: Option<i64>,
    /// Confidence that a notice refers to the other article, if the notice identifies that article
    /// only by name or by text.
    pub confidence: Option<Ratio>,
}

/// The evidence of a relation. It is on the heap because most live articles are originals, which
/// have none. Stored inline, evidence and the two targets would add 248 bytes to each of them.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(from = "Evidence")]
pub struct RelationEvidence(Option<Box<Evidence>>);

/// Empty evidence, for relations that have none.
static NO_EVIDENCE: LazyLock<Evidence> = LazyLock::new(Evidence::default);

impl RelationEvidence {
    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let evidence =
            self.0.iter().map(|all| size_of_val(&**all) + size_of_val(&*all.changed_numbers));
        evidence.sum()
    }
}

impl From<Evidence> for RelationEvidence {
    fn from(evidence: Evidence) -> Self {
        Self((evidence != *NO_EVIDENCE).then(|| Box::new(evidence)))
    }
}

impl Deref for RelationEvidence {
    type Target = Evidence;

    fn deref(&self) -> &Evidence {
        self.0.as_deref().unwrap_or(&NO_EVIDENCE)
    }
}

impl DerefMut for RelationEvidence {
    fn deref_mut(&mut self) -> &mut Evidence {
        self.0.get_or_insert_default()
    }
}

impl Serialize for RelationEvidence {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(out)
    }
}

/// A figure whose value differs between two texts, given by the index of its word in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedNumber {
    /// Index of the figure among the words of the new text, from 0.
    pub this_word: u32,
    /// Index of the figure among the words of the earlier text, from 0.
    pub that_word: u32,
}

/// Maximum number of passages in a relation, and in the novelty of a verdict. The longest are kept.
pub(super) const PASSAGES_MAX: usize = 16;

/// A run of words of the new text that an earlier text also contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// First word of the run in the new text.
    pub start_word: u32,
    /// One past the last word of the run in the new text.
    pub end_word: u32,
    /// First word of the run in the earlier text.
    pub of_start_word: u32,
    /// One past the last word of the run in the earlier text.
    pub of_end_word: u32,
}

/// One relation between a new article and an earlier one.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Relation {
    /// What the new article is.
    pub kind: Kind,
    /// The earlier article. Absent for an original, and for a withdrawal that matches no article
    /// and has no link. If a withdrawal links to an unknown article, that article is its target,
    /// without a sequence.
    pub of: Option<Arc<RelationTarget>>,
    /// The first article of the chain. Absent for an original.
    pub root: Option<Arc<RelationTarget>>,
    /// Number of links from this article to the root; 0 for an original.
    pub chain: u32,
    /// The stable name of the rule that decided.
    pub rule: Cow<'static, str>,
    /// The measures that the relation is based on.
    pub evidence: RelationEvidence,
    /// The longest shared runs of words; empty if no texts were compared.
    pub passages: Vec<Passage>,
    /// Where the earlier article was found.
    pub scope: Scope,
}

/// Where the earlier article of a relation was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scope {
    /// Among the live articles.
    #[default]
    Window,
    /// Among the identities of articles that have left the window. Their texts are no longer
    /// stored, so no texts were compared.
    Identity,
}

/// The article that a relation points to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationTarget {
    /// Its place in the shard's order; absent if the article is not live.
    pub sequence: Option<Sequence>,
    /// Its uri and version.
    pub key: ArticleKey,
}

/// How much of an article is new. Words count as new if no candidate contains them literally.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Novelty {
    /// Share of the words that are new.
    pub share: Ratio,
    /// Number of new words.
    pub words: u32,
    /// Number of figures that no candidate has with the same value at the same place.
    pub numbers: u32,
    /// Runs of new words: first word, one past the last.
    pub passages: Vec<(u32, u32)>,
}

/// Whether an article is published to the unique topic.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Pass {
    /// Published: it brings something new.
    #[default]
    Yes,
    /// Not published: it brings nothing new.
    Repeat,
    /// Not published: it is withheld, contains withdrawn or uncorrected text, or exceeds
    /// `embargoed_max`.
    Held,
    /// Published at the end of its embargo: it brings something new.
    Embargoed,
    /// Published in place of another article.
    Replacement(Box<Replacement>),
}

impl Pass {
    /// Whether the article is published at once.
    pub fn is_forwarded(&self) -> bool {
        matches!(self, Self::Yes | Self::Replacement(_))
    }

    /// Whether the article went to the unique topic when it arrived.
    pub fn outcome(&self) -> UniqueOutcome {
        match self {
            Self::Yes | Self::Replacement(_) => UniqueOutcome::Forwarded,
            Self::Repeat => UniqueOutcome::Repeat,
            Self::Held => UniqueOutcome::Held,
            Self::Embargoed => UniqueOutcome::Embargoed,
        }
    }

    /// The article that it replaces in the unique topic.
    pub fn replaces(&self) -> Option<&ArticleKey> {
        match self {
            Self::Replacement(replacement) => Some(&replacement.of),
            _ => None,
        }
    }
}

/// Whether an article went to the unique topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UniqueOutcome {
    /// It was published: at once, or when its embargo ended.
    Forwarded,
    /// It was not published because it brings nothing new.
    Repeat,
    /// It was not published because it was withheld, contained withdrawn or uncorrected text, was
    /// no longer valid when its embargo ended, or exceeded `embargoed_max`.
    Held,
    /// It waits for the end of its embargo.
    Embargoed,
}

/// The article that another one replaces in the unique topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The replaced article.
    pub of: ArticleKey,
    /// If the replacement is a copy: the article that was published because the text was news.
    /// Absent if the replacement itself is news, as an update is.
    pub head: Option<Sequence>,
}

/// Everything decided about a new article, except its story.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// The best match.
    pub relation: Relation,
    /// Further relations. Those that share words not yet covered by better relations come first.
    pub also: Vec<Relation>,
    /// How much is new. Absent if the text has fewer than `novelty_words_min` words.
    pub novelty: Option<Novelty>,
    /// Whether the article is published to the unique topic.
    pub pass: Pass,
    /// Stable flag names, sorted.
    pub flags: Vec<String>,
    /// Word ranges that the text shares with an article about another subject. The terms in these
    /// ranges are not used to find the article's story. Not stored.
    #[serde(skip)]
    pub shared_with_strangers: Vec<(u32, u32)>,
}

impl Verdict {
    /// The articles that the verdict names: every match, and the root of the best one.
    pub fn targets(&self) -> impl Iterator<Item = &RelationTarget> {
        let relations = std::iter::once(&self.relation).chain(&self.also);
        relations.filter_map(|r| r.of.as_deref()).chain(self.relation.root.as_deref())
    }

    /// The targets whose text the article carries. A recurring report, which only shares a template
    /// with its target, does not count as carrying its text.
    pub fn carried(&self) -> impl Iterator<Item = &RelationTarget> {
        let carries = |relation: &&Relation| relation.kind != Kind::Recurring;
        let relations = std::iter::once(&self.relation).chain(&self.also).filter(carries);
        let root = Some(&self.relation).filter(carries).and_then(|r| r.root.as_deref());
        relations.filter_map(|r| r.of.as_deref()).chain(root)
    }
}

/// The validity of an earlier article: whether it is still the valid version, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Validity {
    /// It is the valid version.
    #[default]
    Valid,
    /// A newer version replaced it.
    Superseded,
    /// A correction replaced it, so its text contains the error.
    Uncorrected,
    /// It was withdrawn, or is on hold.
    Withdrawn,
}
