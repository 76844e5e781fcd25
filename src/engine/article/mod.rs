//! The article, independent of its input format, and the small types that the whole engine shares.
//!
//! [`decode`](super::decode) creates an [`Article`] from each item of an input record.
//! [`ArticleMetadata`] is the part of an article that the engine keeps. The newtypes for times,
//! durations, positions and sequence numbers are here too. This module does not import anything
//! from the rest of the engine.
//!
//! Fields that exist in IPTC ninjs have the same names here.

mod by_article;
mod lang;
mod loose_time;
mod preference;
pub mod publisher;
mod time;
mod time_words;

pub use by_article::ByArticle;
pub use lang::Lang;
pub use preference::{PreferencePlace, PreferredPublishers};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
pub use time::{EventTime, Span};

/// Maximum length, in bytes, of the headline in an event's mention of an article. A longer headline
/// is cut after a word and ends with `…`.
pub const MENTION_HEADLINE_BYTES_MAX: usize = 160;

/// Where an article came from: the input record, and the item in that record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InputPosition {
    /// The input topic, or the name of the file in a replay.
    pub topic: Arc<str>,
    /// The partition; 0 in a replay.
    pub partition: i32,
    /// The offset, or the number of the line or item in a replay, from 0.
    pub offset: i64,
    /// The index of the item in its record, from 0.
    pub item: u32,
}

/// The sequence number of an accepted article in its shard, from 0, without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Sequence(pub u64);

/// Identifies an article by its uri and, if the provider sends one, its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArticleKey {
    /// The provider's identifier, which is the same for all versions.
    pub uri: String,
    /// The version as sent: a number, a time or an opaque string.
    pub version: Option<String>,
}

/// The kind of an item.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ItemType {
    /// Running text.
    #[default]
    Text,
    /// A picture with its caption.
    Picture,
    /// A video with its caption.
    Video,
    /// An audio item with its caption.
    Audio,
    /// A graphic with its caption.
    Graphic,
    /// A notice to editors, a daybook or a budget. Never joins or leads a story, and is compared
    /// only with other notices.
    Advisory,
    /// Anything else that contains text.
    Other,
}

/// The publishing status (IPTC `pubStatus`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum PubStatus {
    /// May be published.
    #[default]
    Usable,
    /// Not to be published until further notice.
    Withheld,
    /// Withdrawn for good.
    Canceled,
}

/// The body of an article and its markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Plain text; newlines separate paragraphs.
    Plain(String),
    /// HTML or XHTML.
    Html(String),
}

impl Default for Body {
    fn default() -> Self {
        Self::Plain(String::new())
    }
}

impl Body {
    /// The body as delivered, including markup. Published offsets count its Unicode scalar values.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Html(text) => text,
        }
    }
}

/// The relation of an article to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LinkKind {
    /// Replaces the other article.
    Replaces,
    /// Is replaced by the other article.
    ReplacedBy,
    /// Evolved from the other article.
    EvolvedFrom,
    /// Is another version of the same item.
    VersionOf,
    /// Is a translation of the other article.
    TranslationOf,
    /// Is a version of an article whose versions have different uris. The target is their common
    /// key, not the uri of an article.
    SeriesOf,
}

/// A link from one article to another, as stated in the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The relation.
    pub kind: LinkKind,
    /// The target.
    pub to: ArticleKey,
}

/// The kind of revision that an article says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Revision {
    /// `UPDATE 2-`, `sig:update`: an update, with its number or 0.
    Update(u16),
    /// `3rd Ld-Writethru`: a rewrite of the whole text, with its number or 0.
    Writethru(u16),
    /// `CORRECTED`, `sig:correction`: a correction.
    Correction,
    /// `REFILE`: the same item, filed again to fix a minor error.
    Refile,
    /// `RPT`: the same item, sent again unchanged.
    Repeat,
}

/// What a notice tells receivers to do with an earlier article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NoticeOrder {
    /// Withdraw it for good: `KILL`, `STORY WITHDRAWN`, `ELIMINATE`.
    Kill,
    /// Do not use it until further notice: `HOLD`, `WITHHOLD`.
    Hold,
    /// Use it again: a hold is lifted.
    Release,
}

/// The form of an item that is not an ordinary report, according to its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ItemShape {
    /// One line, sent ahead of the report: `ALERT`, flash, snap.
    Alert,
    /// A few lines: `BRIEF`, urgent.
    Brief,
    /// Several stories in one: `WRAPUP`, roundup, digest.
    Roundup,
    /// A notice to editors, a daybook, a budget.
    Advisory,
}

/// The marks of an article, which [`marks`](super::marks) reads from its headline,
/// slugline, signals, notes, genre and body.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// The kind of revision.
    pub revision: Option<Revision>,
    /// If the item is a notice, what it tells receivers to do with another article.
    pub order: Option<NoticeOrder>,
    /// An order that is only valid if the item's sender has also sent an article with the headline
    /// that the item names. The verdict checks this condition and, if it holds, sets `order`. This
    /// field is not stored.
    #[serde(skip)]
    pub possible_order: Option<NoticeOrder>,
    /// The form of the item.
    pub shape: Option<ItemShape>,
    /// The number of this take ("=2"), if the item is sent in several takes.
    pub take: Option<u16>,
    /// The headlines or slugs with which the free text of a notice refers to an article.
    pub references: Vec<String>,
}

/// One article, independent of its input format.
///
/// A field is absent if the input does not state it. The headline may be empty (corpora without
/// titles), and so may the body (one-line alerts), but not both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Article {
    /// The provider's identifier; never empty.
    pub uri: String,
    /// The version as sent.
    pub version: Option<String>,
    /// The agency or publisher that sent the article.
    pub provider: Option<String>,
    /// The line that credits the origin, e.g. "(AP)".
    pub credit: Option<String>,
    /// The source of the information, if it is not the provider.
    pub infosource: Option<String>,
    /// The line that names the authors.
    pub byline: Option<String>,
    /// The line that states where and when the article was written.
    pub dateline: Option<String>,
    /// The place where the article was written.
    pub located: Option<String>,
    /// The main headline; may be empty.
    pub headline: String,
    /// The body.
    pub body: Body,
    /// The language that the input states.
    pub language: Option<Lang>,
    /// The kind of item.
    pub kind: ItemType,
    /// When this version was created.
    pub versioncreated: Option<EventTime>,
    /// When the first version was created.
    pub firstcreated: Option<EventTime>,
    /// When the article was or will be published.
    pub published: Option<EventTime>,
    /// The end of the embargo: not to be published before this time.
    pub embargoed: Option<EventTime>,
    /// Not to be published after this time.
    pub expires: Option<EventTime>,
    /// The publishing status.
    pub pubstatus: PubStatus,
    /// Signals (`sig:update`, `sig:correction`, edStat) in lower case.
    pub signals: Vec<String>,
    /// A note to editors.
    pub ednote: Option<String>,
    /// The slug.
    pub slugline: Option<String>,
    /// The urgency, from 1 (most urgent) to 9.
    pub urgency: Option<u8>,
    /// The name of the genre.
    pub genre: Option<String>,
    /// Subject codes or names.
    pub subjects: Vec<String>,
    /// The places that the article is about, as the input states them. The place where it was
    /// written is in `located`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// Links to other articles.
    pub links: Vec<Link>,
    /// Alternative identifiers of the same item.
    pub altids: Vec<String>,
    /// Terms of use.
    pub usageterms: Option<String>,
    /// The marks.
    pub marks: Marks,
    /// The flags for unreadable or repaired values. They become flags of the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// The parts of a live article that the engine keeps, in addition to its fingerprint and its terms.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ArticleMetadata {
    /// The provider's identifier.
    pub uri: String,
    /// The version as sent.
    pub version: Option<String>,
    /// The agency or publisher that sent the article.
    pub provider: Option<String>,
    /// The credited origin: the credit line, or else the source of the information.
    pub credit: Option<String>,
    /// The main headline; may be empty.
    pub headline: String,
    /// The slug.
    pub slugline: Option<String>,
    /// The language: as stated or, if it is not stated, as detected.
    pub language: Option<Lang>,
    /// The kind of item.
    pub kind: ItemType,
    /// The [claimed time](Article::claimed_time).
    pub claimed: Option<EventTime>,
    /// The end of the embargo: not to be published before this time.
    pub embargoed: Option<EventTime>,
    /// The publishing status.
    pub pubstatus: PubStatus,
    /// The marks.
    pub marks: Marks,
    /// Links to other articles.
    pub links: Vec<Link>,
}

impl ArticleMetadata {
    /// The metadata of `article`, whose language has been determined.
    pub fn of(article: &Article, language: Option<Lang>) -> Self {
        Self {
            uri: article.uri.clone(),
            version: article.version.clone(),
            provider: article.provider.clone(),
            credit: article.credit.clone().or_else(|| article.infosource.clone()),
            headline: article.headline.clone(),
            slugline: article.slugline.clone(),
            language,
            kind: article.kind,
            claimed: article.claimed_time(),
            embargoed: article.embargoed,
            pubstatus: article.pubstatus,
            marks: article.marks.clone(),
            links: article.links.clone(),
        }
    }

    /// The uri and version.
    pub fn key(&self) -> ArticleKey {
        ArticleKey { uri: self.uri.clone(), version: self.version.clone() }
    }
}

impl Article {
    /// The time that the article states for itself: when this version was created, else when it was
    /// published, else when the first version was created.
    pub fn claimed_time(&self) -> Option<EventTime> {
        self.versioncreated.or(self.published).or(self.firstcreated)
    }
}
