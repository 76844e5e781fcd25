//! Payloads of `wirefold.article.classified.v1` and `wirefold.article.superseded.v1`.

use super::data::{NamedArticle, PayloadBase, TextRange, TextUnit, UniqueInfo, rounded, share};
use super::radius::ScopeInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wirefold_engine::article::{EventTime, ItemShape, ItemType, PubStatus};
use wirefold_engine::event::{ArticleMention, Classified, Joined, RelationMentions, Superseded};
use wirefold_engine::verdict::{self, Kind, RelationTarget};

/// The verdict for one accepted article: its relation to earlier articles with the evidence, the
/// share of its text that is new, and the story it joined. Published once per accepted article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleClassified {
    /// The article's metadata.
    pub article: ArticleInfo,
    /// The relation that best describes the article; its kind is `original` if nothing matched.
    pub relation: RelationInfo,
    /// Further relations. The first ones name the sources of passages that no earlier entry
    /// explains.
    #[serde(default)]
    pub also: Vec<RelationInfo>,
    /// Share of the article's words, from 0 to 1, that no earlier article in the window contains.
    /// This measures new wording relative to articles that arrived earlier, not original reporting.
    /// Absent for articles of fewer than 30 words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novelty: Option<f64>,
    /// Number of new words; absent if `novelty` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub novel_words: Option<u32>,
    /// Number of figures that do not occur in the same place in any earlier article; absent if
    /// `novelty` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_numbers: Option<u32>,
    /// The new passages, as character ranges of the published body; absent if `novelty` is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_passages: Option<Vec<TextRange>>,
    /// The story the article joined; absent for articles that never join one, such as withdrawals
    /// and advisories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<JoinedStory>,
    /// Whether the article went to the unique topic.
    pub unique: UniqueInfo,
    /// The article that it replaced in the unique topic; absent if it replaced none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<NamedArticle>,
    /// Flag names, sorted. The names are stable.
    #[serde(default)]
    pub flags: Vec<String>,
    /// `input`, `core` and `settings`.
    #[serde(flatten)]
    pub base: PayloadBase,
}

/// Metadata of an article.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleInfo {
    /// The provider's identifier, which is the same for all versions of the article.
    pub uri: String,
    /// The version, as sent by the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The provider that sent the article.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The source the article credits, such as another agency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit: Option<String>,
    /// The main headline; may be empty.
    pub headline: String,
    /// The language (BCP 47 primary subtag), as declared by the provider or otherwise as detected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The type of item.
    #[serde(rename = "type")]
    pub kind: ItemKind,
    /// When this version was created (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioncreated: Option<String>,
    /// When the article was or will be published (RFC 3339, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// The publishing status.
    pub pubstatus: PublishingStatus,
    /// End of the embargo (RFC 3339, UTC); the article must not be published before this time. Null
    /// without an embargo.
    #[serde(default)]
    pub embargoed: Option<String>,
    /// The slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slugline: Option<String>,
    /// Editorial urgency, from 1 (most urgent) to 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<u8>,
    /// The name of the genre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// Signals (`sig:update`, `sig:correction`, edStat), in lower case.
    #[serde(default)]
    pub signals: Vec<String>,
    /// Number of words of the cleaned body.
    pub words: u32,
    /// The 64-bit SimHash of the cleaned body, as 16 hexadecimal digits.
    pub simhash: String,
}

/// The type of a news item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ItemKind {
    /// Running text.
    Text,
    /// A picture with its caption.
    Picture,
    /// A video with its caption.
    Video,
    /// A sound recording with its caption.
    Audio,
    /// A graphic with its caption.
    Graphic,
    /// A notice to editors, a daybook or a budget.
    Advisory,
    /// Any other item with text.
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
    /// How the article relates to the other.
    pub kind: Kind,
    /// The other article; absent for an original, and for the withdrawal of an article that
    /// Wirefold has not seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<NamedArticle>,
    /// The first article in the chain of relations, for example the original of several reprints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<NamedArticle>,
    /// Number of links from this article to `root`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<u32>,
    /// The name of the rule that decided the kind. The names are stable.
    pub rule: String,
    /// The measures the decision is based on; absent if no text was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceInfo>,
    /// The shared passages; present if they explain the kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passages: Vec<PassageInfo>,
    /// `identity` if the other article has left the window, in which case no text was compared;
    /// otherwise absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeInfo>,
}

/// The measures a relation is based on. Measures the rule did not need are absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct EvidenceInfo {
    /// Share of this article's shingles that also occur in the other article, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_this_in_that: Option<f64>,
    /// Share of the other article's shingles that also occur in this article, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_that_in_this: Option<f64>,
    /// Jaccard similarity of the two shingle sets, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jaccard: Option<f64>,
    /// Hamming distance of the two SimHashes, in bits (0 to 64).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hamming: Option<u32>,
    /// Number of shingles found in both articles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_shingles: Option<u32>,
    /// Share of the aligned pairs of figures that are equal, from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers_kept: Option<f64>,
    /// Aligned figures that differ.
    #[serde(default)]
    pub changed_numbers: Vec<ChangedNumberInfo>,
    /// Whether the headlines differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headline_changed: Option<bool>,
    /// Seconds of engine time from the arrival of the other article to the arrival of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_apart: Option<i64>,
    /// Confidence that a notice refers to the other article, from 0 to 1; present only if the
    /// notice identifies the article by words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// A figure whose value differs between two aligned places. The indices of words count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct ChangedNumberInfo {
    /// Index of the word in this article's cleaned text.
    pub word: u32,
    /// Index of the word in the other article's cleaned text.
    pub of_word: u32,
}

/// A shared passage: characters of this article's published body, and words of the other article's
/// cleaned text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PassageInfo {
    /// First character of the passage in this article, counted from 0.
    pub start: u32,
    /// Position after the last character.
    pub end: u32,
    /// What `start` and `end` count: always `character`.
    #[serde(default)]
    pub unit: TextUnit,
    /// First word of the passage in the other article's cleaned text (from 0), and the position
    /// after its last word. The same as `of_range`.
    pub of_words: [u32; 2],
    /// The passage in the other article, as a range of words in its cleaned text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_range: Option<TextRange>,
}

/// The story an article joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinedStory {
    /// The story's id.
    pub id: String,
    /// Number of members, including this article.
    pub size: u32,
    /// Number of independent publishers.
    pub publishers: u32,
    /// The story's headline.
    pub headline: String,
    /// The score with which the article joined; absent if the article opened the story or joined
    /// through a text match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

impl ArticleClassified {
    /// The payload for an engine verdict.
    pub fn of(from: &Classified, base: PayloadBase) -> Self {
        let verdict = &from.verdict;
        let novelty = verdict.novelty.as_ref();
        let ranges = from.new_passages.iter().copied().map(TextRange::of_characters);
        let mut places = from.passages.iter();
        let mut mentions = from.mentions.relations.iter();
        let mut relation = |r| {
            let places = places.next().map(Vec::as_slice).unwrap_or_default();
            RelationInfo::of(r, places, mentions.next())
        };
        let replaces = from.mentions.replaces.as_ref().map(NamedArticle::of);
        Self {
            article: ArticleInfo::of(from),
            relation: relation(&verdict.relation),
            also: verdict.also.iter().map(relation).collect(),
            novelty: novelty.map(|n| rounded(n.share.get())),
            novel_words: novelty.map(|n| n.words),
            new_numbers: novelty.map(|n| n.numbers),
            new_passages: novelty.map(|_| ranges.collect()),
            story: from.story.as_ref().map(JoinedStory::of),
            unique: UniqueInfo::of(verdict.pass.outcome()),
            replaces: replaces.or_else(|| verdict.pass.replaces().map(NamedArticle::of_key)),
            flags: verdict.flags.clone(),
            base,
        }
    }
}

impl ArticleInfo {
    /// The payload form of an article's metadata.
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

/// The published item type: articles shaped like advisories count as advisories.
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
    /// The payload form of a relation. `mentions` is what is known about the articles that it
    /// names; `None` for a prediction.
    fn of(
        from: &verdict::Relation,
        places: &[(u32, u32)],
        mentions: Option<&RelationMentions>,
    ) -> Self {
        let names = |target: Option<&RelationTarget>, mention: Option<&ArticleMention>| {
            let key = || target.map(|target| NamedArticle::of_key(&target.key));
            mention.map(NamedArticle::of).or_else(key)
        };
        let passages = places.iter().zip(&from.passages).map(|(&(start, end), p)| PassageInfo {
            start,
            end,
            unit: TextUnit::Character,
            of_words: [p.of_start_word, p.of_end_word],
            of_range: Some(TextRange::of_words((p.of_start_word, p.of_end_word))),
        });
        Self {
            kind: from.kind,
            of: names(from.of.as_deref(), mentions.and_then(|mentions| mentions.of.as_ref())),
            root: names(from.root.as_deref(), mentions.and_then(|mentions| mentions.root.as_ref())),
            chain: from.of.as_ref().map(|_| from.chain),
            rule: from.rule.to_string(),
            evidence: EvidenceInfo::of(&from.evidence),
            passages: passages.collect(),
            scope: Some(ScopeInfo::of(from.scope)).filter(|scope| *scope == ScopeInfo::Identity),
        }
    }
}

impl EvidenceInfo {
    /// The payload form of the evidence; `None` if nothing was compared.
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

/// An earlier verdict that is no longer valid. A verdict is based only on the articles that arrived
/// before; this event reports what a later article changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArticleSuperseded {
    /// The earlier article whose verdict is no longer valid.
    pub article: NamedArticle,
    /// The article that caused the change, such as the newer version.
    pub by: NamedArticle,
    /// The reason. The names are stable.
    pub reason: String,
    /// The id of the earlier article's story; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<String>,
    /// The headline of that story.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story_headline: Option<String>,
    /// `input`, `core` and `settings`.
    #[serde(flatten)]
    pub base: PayloadBase,
}

impl ArticleSuperseded {
    pub(crate) fn of(from: &Superseded, base: PayloadBase) -> Self {
        let (article, by) = (NamedArticle::of(&from.article), NamedArticle::of(&from.by));
        let story = from.story.map(|id| id.to_string());
        let (reason, story_headline) = (from.reason.clone(), from.story_headline.clone());
        Self { article, by, reason, story, story_headline, base }
    }
}
