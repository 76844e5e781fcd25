//! `wirefold.article.classified.v1` and `wirefold.article.superseded.v1`.

use super::data::{NamedArticle, PayloadBase, rounded, share};
use super::radius::ScopeInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::article::{EventTime, ItemShape, ItemType, PubStatus};
use wirefold_engine::event::{Classified, Joined, Superseded};
use wirefold_engine::verdict::{self, Kind, RelationTarget};

/// What an article is, of what, on which evidence, how much of it is new, and its story. One for
/// each accepted article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleClassified {
    /// The article.
    pub article: ArticleInfo,
    /// What it is: the best match.
    pub relation: RelationInfo,
    /// Further relations, sources of passages not yet explained first.
    #[serde(default)]
    pub also: Vec<RelationInfo>,
    /// Share of words that no earlier article of the window had: literal wording in order of
    /// arrival, no claim of reporting. Absent for short items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<f64>,
    /// Those words, counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novel_words: Option<u32>,
    /// Figures that no earlier article had there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_numbers: Option<u32>,
    /// Characters of the published body that are new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_passages: Option<Vec<CharRange>>,
    /// Its story; absent for what never joins one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<JoinedStory>,
    /// Stable flag names, sorted.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: PayloadBase,
}

/// An article's metadata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleInfo {
    /// The provider's identifier, stable over versions.
    pub uri: String,
    /// The version as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The origin that it credits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// The main headline; may be empty.
    pub headline: String,
    /// The language (BCP 47 primary subtag), stated or else detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the item is.
    #[serde(rename = "type")]
    pub kind: ItemKind,
    /// When this version was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioncreated: Option<String>,
    /// When it was, or is to be, published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The publishing status.
    pub pubstatus: PublishingStatus,
    /// Not to be published before; null where there is no embargo.
    #[serde(default)]
    pub embargoed: Option<String>,
    /// The slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slugline: Option<String>,
    /// 1 (most urgent) to 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<u8>,
    /// The genre's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// Signals (`sig:update`, `sig:correction`, edStat), in lower case.
    #[serde(default)]
    pub signals: Vec<String>,
    /// Words of the cleaned body.
    pub words: u32,
    /// The 64-bit SimHash of the cleaned body, 16 hexadecimal digits.
    pub simhash: String,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// Running text.
    Text,
    /// A picture with its caption.
    Picture,
    /// Moving pictures with a caption.
    Video,
    /// Sound with a caption.
    Audio,
    /// A graphic with its caption.
    Graphic,
    /// A notice to editors, a daybook or a budget.
    Advisory,
    /// Anything else that carries text.
    Other,
}

/// The publishing status (IPTC `pubStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PublishingStatus {
    /// May be published.
    Usable,
    /// Not to be published until further notice.
    Withheld,
    /// Withdrawn for good.
    Canceled,
}

/// One relation between the article and an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RelationInfo {
    /// The kind.
    pub kind: Kind,
    /// Of which article; absent for an original, and for a withdrawal of what was not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<NamedArticle>,
    /// The first article of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<NamedArticle>,
    /// Links from here to the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<u32>,
    /// The rule that decided, by its stable name.
    pub rule: String,
    /// What it rests on; absent where no text was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceInfo>,
    /// Shared runs, where they explain the kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<PassageInfo>,
    /// `identity` where the other has left the window and no text was compared; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeInfo>,
}

/// What a relation rests on. A measure that the rule did not need is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct EvidenceInfo {
    /// Share of this article's shingles found in the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_this_in_that: Option<f64>,
    /// Share of the other's shingles found in this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_that_in_this: Option<f64>,
    /// Jaccard similarity of the two shingle sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jaccard: Option<f64>,
    /// Bits by which the SimHashes differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hamming: Option<u32>,
    /// Shingles found in both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_shingles: Option<u32>,
    /// Share of the aligned pairs of figures that agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers_kept: Option<f64>,
    /// Aligned figures that differ.
    #[serde(default)]
    pub changed_numbers: Vec<ChangedNumberInfo>,
    /// Whether the headlines differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline_changed: Option<bool>,
    /// Seconds of engine time from the other's arrival to this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_apart: Option<i64>,
    /// How sure it is that a notice means the other, which it names by words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// A figure that stands in the same place with another value, by word numbers from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct ChangedNumberInfo {
    /// The word of this article.
    pub word: u32,
    /// The word of the other.
    pub of_word: u32,
}

/// Characters (Unicode scalar values) of the published body, from `start` to before `end`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CharRange {
    /// The first character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// A shared passage: characters of the published body here, words of the cleaned text there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PassageInfo {
    /// The first character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// First word of the passage in the other text, and one past its last.
    pub of_words: [u32; 2],
}

/// The story that an article joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinedStory {
    /// Its id.
    pub id: String,
    /// Its members, this article included.
    pub size: u32,
    /// Its independent publishers.
    pub publishers: u32,
    /// Its headline.
    pub headline: String,
    /// The score by which the article joined; absent for a founder and for a text match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

impl ArticleClassified {
    /// The payload for an article that came from `input`.
    pub fn of(from: &Classified, base: PayloadBase) -> Self {
        let verdict = &from.verdict;
        let novelty = verdict.novelty.as_ref();
        let ranges = from.new_passages.iter().map(|&(start, end)| CharRange { start, end });
        let mut places = from.passages.iter();
        let mut relation =
            |r| RelationInfo::of(r, places.next().map(Vec::as_slice).unwrap_or_default());
        Self {
            article: ArticleInfo::of(from),
            relation: relation(&verdict.relation),
            also: verdict.also.iter().map(relation).collect(),
            novelty: novelty.map(|n| rounded(n.share.get())),
            novel_words: novelty.map(|n| n.words),
            new_numbers: novelty.map(|n| n.numbers),
            new_passages: novelty.map(|_| ranges.collect()),
            story: from.story.as_ref().map(JoinedStory::of),
            flags: verdict.flags.clone(),
            base,
        }
    }
}

impl ArticleInfo {
    pub(super) fn of(from: &Classified) -> Self {
        let (article, about) = (&from.article, &from.about);
        let text = |time: Option<EventTime>| time.map(|t| t.to_string());
        Self {
            uri: about.uri.clone(),
            version: about.version.clone(),
            provider: about.provider.clone(),
            credit: about.credit.clone(),
            headline: about.headline.clone(),
            language: about.language.map(|l| l.as_str().to_owned()),
            kind: item_kind(about.kind, about.marks.shape),
            versioncreated: text(article.versioncreated),
            published: text(article.published),
            pubstatus: match about.pubstatus {
                PubStatus::Usable => PublishingStatus::Usable,
                PubStatus::Withheld => PublishingStatus::Withheld,
                PubStatus::Canceled => PublishingStatus::Canceled,
            },
            embargoed: text(about.embargoed),
            slugline: about.slugline.clone(),
            urgency: article.urgency,
            genre: article.genre.clone(),
            signals: article.signals.clone(),
            words: from.words,
            simhash: format!("{:016x}", from.simhash.0),
        }
    }
}

pub(crate) fn item_kind(kind: ItemType, shape: Option<ItemShape>) -> ItemKind {
    match (kind, shape) {
        (ItemType::Advisory, _) | (_, Some(ItemShape::Advisory)) => ItemKind::Advisory,
        (ItemType::Text, _) => ItemKind::Text,
        (ItemType::Picture, _) => ItemKind::Picture,
        (ItemType::Video, _) => ItemKind::Video,
        (ItemType::Audio, _) => ItemKind::Audio,
        (ItemType::Graphic, _) => ItemKind::Graphic,
        (ItemType::Other, _) => ItemKind::Other,
    }
}

impl RelationInfo {
    fn of(from: &verdict::Relation, places: &[(u32, u32)]) -> Self {
        let names = |t: &Option<RelationTarget>| t.as_ref().map(|t| NamedArticle::of(&t.key));
        let passages = places.iter().zip(&from.passages).map(|(&(start, end), p)| PassageInfo {
            start,
            end,
            of_words: [p.of_start_word, p.of_end_word],
        });
        Self {
            kind: from.kind,
            of: names(&from.of),
            root: names(&from.root),
            chain: from.of.as_ref().map(|_| from.chain),
            rule: from.rule.to_string(),
            evidence: EvidenceInfo::of(&from.evidence),
            passages: passages.collect(),
            scope: Some(ScopeInfo::of(from.scope)).filter(|scope| *scope == ScopeInfo::Identity),
        }
    }
}

impl EvidenceInfo {
    /// What a relation rests on; `None` where nothing was compared.
    pub(crate) fn of(from: &verdict::Evidence) -> Option<Self> {
        let changed = from.changed_numbers.iter();
        let data = Self {
            of_this_in_that: share(from.of_this_in_that),
            of_that_in_this: share(from.of_that_in_this),
            jaccard: share(from.jaccard),
            hamming: from.hamming,
            shared_shingles: from.shared_shingles,
            numbers_kept: share(from.numbers_kept),
            changed_numbers: changed
                .map(|c| ChangedNumberInfo { word: c.this_word, of_word: c.that_word })
                .collect(),
            headline_changed: from.headline_changed,
            seconds_apart: from.apart_ms.map(|ms| ms.div_euclid(1_000)),
            confidence: share(from.confidence),
        };
        (data != Self::default()).then_some(data)
    }
}

impl JoinedStory {
    fn of(from: &Joined) -> Self {
        Self {
            id: from.id.to_string(),
            size: from.size,
            publishers: from.publishers,
            headline: from.headline.clone(),
            score: from.score.map(rounded),
        }
    }
}

/// An earlier verdict that no longer holds: verdicts are by arrival, and this says what changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleSuperseded {
    /// The earlier article.
    pub article: NamedArticle,
    /// What took its place.
    pub by: NamedArticle,
    /// Why, by the stable name of the reason.
    pub reason: String,
    /// Its story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: PayloadBase,
}

impl ArticleSuperseded {
    pub(super) fn of(from: &Superseded, base: PayloadBase) -> Self {
        let (article, by) = (NamedArticle::of(&from.article), NamedArticle::of(&from.by));
        let story = from.story.map(|id| id.to_string());
        Self { article, by, reason: from.reason.clone(), story, base }
    }
}
