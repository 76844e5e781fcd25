//! The payloads of events, as they are published: wire types of their own.
//!
//! What was not computed is absent. Shares are rounded to four decimals, times are RFC 3339 in UTC.

use super::{radius, story};
use crate::engine::CORE;
use crate::engine::article::{Article, ArticleKey, InputPosition, ItemType, PubStatus, Shape};
use crate::engine::event::{Classified, Event, Superseded, What};
use crate::engine::relation::{self, Ratio, Target};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// A payload with its type and subject.
pub(super) struct Data {
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) value: Value,
}

/// The payload of an event.
pub(super) fn of(event: &Event, settings: &str) -> Data {
    let base = Base { input: Input::of(&event.input), core: CORE, settings: settings.to_owned() };
    let (kind, subject, value) = match &event.what {
        What::Classified(c) => (
            "wirefold.article.classified.v1",
            c.about.uri.clone(),
            json(&ArticleClassified::of(c, base)),
        ),
        What::Withdrawn(r) => (
            "wirefold.article.withdrawn.v1",
            radius::subject(r),
            json(&radius::Radius::of(r, base)),
        ),
        What::Corrected(r) => (
            "wirefold.article.corrected.v1",
            radius::subject(r),
            json(&radius::Radius::of(r, base)),
        ),
        What::Superseded(s) => (
            "wirefold.article.superseded.v1",
            s.article.uri.clone(),
            json(&ArticleSuperseded::of(s, base)),
        ),
        What::StoryOpened(s) => {
            ("wirefold.story.opened.v1", s.id.to_string(), json(&story::StoryEvent::of(s, base)))
        }
        What::StoryUpdated(s) => {
            ("wirefold.story.updated.v1", s.id.to_string(), json(&story::StoryEvent::of(s, base)))
        }
        What::StoryMerged(m) => (
            "wirefold.story.merged.v1",
            m.under.to_string(),
            json(&story::StoryMerged::of(m, base)),
        ),
        What::StoryClosed(s) => {
            ("wirefold.story.closed.v1", s.id.to_string(), json(&story::StoryEvent::of(s, base)))
        }
    };
    Data { kind, subject, value }
}

/// A payload as JSON.
fn json(payload: &impl Serialize) -> Value {
    serde_json::to_value(payload).expect("payload types have text keys alone")
}

/// What every payload carries.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Base {
    /// The input record that caused the event.
    pub input: Input,
    /// The engine's version.
    pub core: &'static str,
    /// The hash of the settings that shape verdicts.
    pub settings: String,
}

/// A position of the input.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Input {
    /// The topic; in a replay the file.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset; in a replay the line or item.
    pub offset: i64,
    /// The item within a record that holds several, where it is not the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<u32>,
}

impl Input {
    fn of(at: &InputPosition) -> Self {
        let item = (at.item > 0).then_some(at.item);
        Self { topic: at.topic.to_string(), partition: at.partition, offset: at.offset, item }
    }
}

/// Names an article.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Names {
    /// Its uri.
    pub uri: String,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Names {
    pub(super) fn of(key: &ArticleKey) -> Self {
        Self { uri: key.uri.clone(), version: key.version.clone() }
    }
}

/// `wirefold.article.classified.v1`: what an article is, of what, and on which evidence.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArticleClassified {
    /// The article.
    pub article: ArticleData,
    /// What it is: the best match.
    pub relation: RelationData,
    /// Further relations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<RelationData>,
    /// Share of words that no earlier article of the window had; absent for short items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novelty: Option<f64>,
    /// Those words, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub novel_words: Option<u32>,
    /// Figures that no earlier article had there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_numbers: Option<u32>,
    /// Character ranges of the published body that are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_passages: Option<Vec<Range>>,
    /// Its story; absent for what never joins one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<StoryData>,
    /// Stable flag names.
    pub flags: Vec<String>,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: Base,
}

/// An article's metadata.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArticleData {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<String>,
    headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    versioncreated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<String>,
    pubstatus: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    embargoed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slugline: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urgency: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signals: Vec<String>,
    words: u32,
    simhash: String,
}

/// One relation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RelationData {
    /// The kind.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Names>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<Names>,
    #[serde(skip_serializing_if = "is_zero")]
    chain: u32,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceData>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passages: Vec<PassageData>,
}

/// What a relation rests on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct EvidenceData {
    #[serde(skip_serializing_if = "Option::is_none")]
    of_this_in_that: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    of_that_in_this: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jaccard: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hamming: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_shingles: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    numbers_kept: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed_numbers: Vec<ChangedNumberData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headline_changed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_apart: Option<i64>,
}

/// A figure that stands in the same place with another value, by word numbers from 0.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ChangedNumberData {
    word: u32,
    of_word: u32,
}

/// Characters of the published body, from `start` to before `end`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Range {
    start: u32,
    end: u32,
}

/// A shared passage: characters here, words of the cleaned text there.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PassageData {
    start: u32,
    end: u32,
    of_words: [u32; 2],
}

/// The story that an article joined.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StoryData {
    id: String,
    size: u32,
    publishers: u32,
    headline: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(chain: &u32) -> bool {
    *chain == 0
}

/// Four decimals are more than any of these shares is exact to.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

impl ArticleClassified {
    fn of(from: &Classified, base: Base) -> Self {
        let verdict = &from.verdict;
        let novelty = verdict.novelty.as_ref();
        let ranges = from.new_passages.iter().map(|&(start, end)| Range { start, end });
        let mut passages = from.passages.iter();
        let mut relation =
            |r| RelationData::of(r, passages.next().map(Vec::as_slice).unwrap_or_default());
        Self {
            article: ArticleData::of(from),
            relation: relation(&verdict.relation),
            also: verdict.also.iter().map(relation).collect(),
            novelty: novelty.map(|n| rounded(n.share.get())),
            novel_words: novelty.map(|n| n.words),
            new_numbers: novelty.map(|n| n.numbers),
            new_passages: novelty.map(|_| ranges.collect()),
            story: from.story.as_ref().map(|s| StoryData {
                id: s.id.to_string(),
                size: s.size,
                publishers: s.publishers,
                headline: s.headline.clone(),
                score: s.score.map(rounded),
            }),
            flags: verdict.flags.clone(),
            base,
        }
    }
}

impl ArticleData {
    fn of(from: &Classified) -> Self {
        let Article { genre, urgency, signals, published, versioncreated, .. } = &from.article;
        let about = &from.about;
        let text = |t: &Option<crate::engine::article::EventTime>| t.map(|t| t.to_string());
        Self {
            uri: about.uri.clone(),
            version: about.version.clone(),
            provider: about.provider.clone(),
            credit: about.credit.clone(),
            headline: about.headline.clone(),
            language: about.language.map(|l| l.as_str().to_owned()),
            kind: item_type(about.kind, about.marks.shape),
            versioncreated: text(versioncreated),
            published: text(published),
            pubstatus: match about.pubstatus {
                PubStatus::Usable => "usable",
                PubStatus::Withheld => "withheld",
                PubStatus::Canceled => "canceled",
            },
            embargoed: text(&about.embargoed),
            slugline: about.slugline.clone(),
            urgency: *urgency,
            genre: genre.clone(),
            signals: signals.clone(),
            words: from.words,
            simhash: from.simhash.to_string(),
        }
    }
}

fn item_type(kind: ItemType, shape: Option<Shape>) -> &'static str {
    match (kind, shape) {
        (ItemType::Advisory, _) | (_, Some(Shape::Advisory)) => "advisory",
        (ItemType::Text, _) => "text",
        (ItemType::Picture, _) => "picture",
        (ItemType::Video, _) => "video",
        (ItemType::Audio, _) => "audio",
        (ItemType::Graphic, _) => "graphic",
        (ItemType::Other, _) => "other",
    }
}

impl RelationData {
    fn of(from: &relation::Relation, places: &[(u32, u32)]) -> Self {
        let names = |t: &Option<Target>| t.as_ref().map(|t| Names::of(&t.key));
        let passages = places.iter().zip(&from.passages).map(|(&(start, end), p)| PassageData {
            start,
            end,
            of_words: [p.of_start_word, p.of_end_word],
        });
        Self {
            kind: from.kind.as_str(),
            of: names(&from.of),
            root: names(&from.root),
            chain: from.chain,
            rule: from.rule.clone(),
            evidence: EvidenceData::of(&from.evidence),
            passages: passages.collect(),
        }
    }
}

impl EvidenceData {
    fn of(from: &relation::Evidence) -> Option<Self> {
        let share = |r: Option<Ratio>| r.map(|r| rounded(r.get()));
        let changed = from.changed_numbers.iter();
        let data = Self {
            of_this_in_that: share(from.of_this_in_that),
            of_that_in_this: share(from.of_that_in_this),
            jaccard: share(from.jaccard),
            hamming: from.hamming,
            shared_shingles: from.shared_shingles,
            numbers_kept: share(from.numbers_kept),
            changed_numbers: changed
                .map(|c| ChangedNumberData { word: c.this_word, of_word: c.that_word })
                .collect(),
            headline_changed: from.headline_changed,
            seconds_apart: from.apart_ms.map(|ms| ms.div_euclid(1_000)),
        };
        (data != Self::default()).then_some(data)
    }
}

/// `wirefold.article.superseded.v1`: an earlier verdict that no longer holds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ArticleSuperseded {
    /// The earlier article.
    pub article: Names,
    /// What took its place.
    pub by: Names,
    /// Why.
    pub reason: String,
    /// Input, core, settings.
    #[serde(flatten)]
    pub base: Base,
}

impl ArticleSuperseded {
    fn of(from: &Superseded, base: Base) -> Self {
        let (article, by) = (Names::of(&from.article), Names::of(&from.by));
        Self { article, by, reason: from.reason.clone(), base }
    }
}
