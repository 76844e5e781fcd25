//! One article as every format yields it, and the small types that the whole engine shares.
//!
//! In: nothing. Out: [`Article`], which the decoders of [`wire`](super::decode) fill, and newtypes
//! for times, spans, positions and ids. Imports nothing of the engine.
//!
//! The field names are those of IPTC ninjs where it has one.

mod lang;
mod pairs;
mod time;

pub use lang::Lang;
pub use pairs::Pairs;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
pub use time::{EventTime, Span};

/// Where an article came from: the record of the input topic and the item in that record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct InputPosition {
    /// The input topic; in a replay the name of the file.
    pub topic: Arc<str>,
    /// The partition, 0 in a replay.
    pub partition: i32,
    /// The offset; in a replay the number of the line or item, from 0.
    pub offset: i64,
    /// The item within a record that holds several, from 0.
    pub item: u32,
}

/// The place of an accepted article in the order of one shard, from 0, without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Sequence(pub u64);

/// Names an article: its uri and, where the provider gives one, its version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArticleKey {
    /// The provider's identifier, stable over versions.
    pub uri: String,
    /// The version as sent; numbers, dates and opaque strings occur.
    pub version: Option<String>,
}

/// What an item is.
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
    /// Moving pictures with a caption.
    Video,
    /// Sound with a caption.
    Audio,
    /// A graphic with its caption.
    Graphic,
    /// A notice to editors, a daybook or a budget: never joins, leads or feeds a partial copy.
    Advisory,
    /// Anything else that carries text.
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

/// The body and how it is marked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Body {
    /// Text as it is; newlines part paragraphs.
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
    /// The body as delivered, markup included. Offsets that are published count its characters
    /// (Unicode scalar values).
    pub fn published(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Html(text) => text,
        }
    }
}

/// How an article names another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LinkKind {
    /// Takes the place of the other.
    Replaces,
    /// The other takes its place.
    ReplacedBy,
    /// Grew out of the other.
    EvolvedFrom,
    /// Another version of the same item.
    VersionOf,
    /// The same text in another language.
    TranslationOf,
}

/// A link from one article to another, as the wire states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the link says.
    pub kind: LinkKind,
    /// What it points to.
    pub to: ArticleKey,
}

/// A revision that the wire's own words or signals announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Revision {
    /// `UPDATE 2-`, `sig:update`: the number, 0 where none is given.
    Update(u16),
    /// `3rd Ld-Writethru`: the number, 0 where none is given.
    Writethru(u16),
    /// `CORRECTED`, `sig:correction`.
    Correction,
    /// `REFILE`: the same story filed again to mend a slip.
    Refile,
    /// `RPT`: the same story sent again unchanged.
    Repeat,
}

/// What a notice orders about an earlier article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NoticeOrder {
    /// Withdrawn for good: `KILL`, `STORY WITHDRAWN`, `ELIMINATE`.
    Kill,
    /// Not to be used for now: `HOLD`, `WITHHOLD`.
    Hold,
    /// A hold is lifted.
    Release,
}

/// What shape of item the wire's marks announce, where it is not an ordinary report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ItemShape {
    /// One line ahead of the report: `ALERT`, flash, snap.
    Alert,
    /// A few lines: `BRIEF`, urgent.
    Brief,
    /// Several stories in one: `WRAPUP`, roundup, digest.
    Roundup,
    /// A notice to editors, a daybook, a budget.
    Advisory,
}

/// The wire's marks on an article, read off headline, slugline, signals and notes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// The revision that it announces.
    pub revision: Option<Revision>,
    /// What it orders about another article, or about itself by its status.
    pub order: Option<NoticeOrder>,
    /// Its shape.
    pub shape: Option<ItemShape>,
    /// The take ("=2") of an item that comes in several.
    pub take: Option<u16>,
    /// The headlines or slugs by which a notice names an article in free text.
    pub references: Vec<String>,
}

/// One article, whatever the format that it came in.
///
/// Absent means that the wire did not say. `headline` may be empty (titleless corpora), and so may
/// the body (alerts of one line), never both.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Article {
    /// The provider's identifier; never empty.
    pub uri: String,
    /// The version as sent.
    pub version: Option<String>,
    /// Who sent it (agency or publisher).
    pub provider: Option<String>,
    /// The line that credits the origin: "(AP)", `creditline`.
    pub credit: Option<String>,
    /// The source of the information, where it is not the provider.
    pub infosource: Option<String>,
    /// Who wrote it.
    pub byline: Option<String>,
    /// Where and when it was written, as a line.
    pub dateline: Option<String>,
    /// The place it was written at.
    pub located: Option<String>,
    /// The main headline; may be empty.
    pub headline: String,
    /// The text.
    pub body: Body,
    /// The language, where the wire states it.
    pub language: Option<Lang>,
    /// What the item is.
    pub kind: ItemType,
    /// When this version was made.
    pub versioncreated: Option<EventTime>,
    /// When the first version was made.
    pub firstcreated: Option<EventTime>,
    /// When it was, or is to be, published.
    pub published: Option<EventTime>,
    /// Not to be published before.
    pub embargoed: Option<EventTime>,
    /// Not to be published after.
    pub expires: Option<EventTime>,
    /// The publishing status.
    pub pubstatus: PubStatus,
    /// Signals (`sig:update`, `sig:correction`, edStat), in lower case.
    pub signals: Vec<String>,
    /// A note to editors.
    pub ednote: Option<String>,
    /// The slug.
    pub slugline: Option<String>,
    /// 1 (most urgent) to 9.
    pub urgency: Option<u8>,
    /// The genre's name.
    pub genre: Option<String>,
    /// Subject codes or names.
    pub subjects: Vec<String>,
    /// Links to other articles.
    pub links: Vec<Link>,
    /// Other identifiers of the same item.
    pub altids: Vec<String>,
    /// Terms of use.
    pub usageterms: Option<String>,
    /// The wire's marks.
    pub marks: Marks,
    /// What was there and could not be read as it stood, as flags of the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

/// What is remembered of an article beside its fingerprint and its terms, while it is live.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct About {
    /// The provider's identifier.
    pub uri: String,
    /// The version as sent.
    pub version: Option<String>,
    /// Who sent it.
    pub provider: Option<String>,
    /// The origin that it credits: credit line, or else the source of the information.
    pub credit: Option<String>,
    /// The main headline; may be empty.
    pub headline: String,
    /// The slug.
    pub slugline: Option<String>,
    /// The language, stated or else detected.
    pub language: Option<Lang>,
    /// What the item is.
    pub kind: ItemType,
    /// The time that it claims for itself.
    pub claimed: Option<EventTime>,
    /// Not to be published before.
    pub embargoed: Option<EventTime>,
    /// The publishing status.
    pub pubstatus: PubStatus,
    /// The wire's marks.
    pub marks: Marks,
    /// Links to other articles.
    pub links: Vec<Link>,
}

impl About {
    /// What is remembered of `article`, in the language found for it.
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

    /// Its uri and version.
    pub fn key(&self) -> ArticleKey {
        ArticleKey { uri: self.uri.clone(), version: self.version.clone() }
    }
}

impl Article {
    /// The time that the article claims for itself: this version's, or else its publication.
    pub fn claimed_time(&self) -> Option<EventTime> {
        self.versioncreated.or(self.published).or(self.firstcreated)
    }

    /// Its uri and version.
    pub fn key(&self) -> ArticleKey {
        ArticleKey { uri: self.uri.clone(), version: self.version.clone() }
    }
}
