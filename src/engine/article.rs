//! One article as every format yields it, and the small types that the whole engine shares.
//!
//! In: nothing. Out: [`Article`], which the decoders of [`wire`](super::wire) fill, and newtypes
//! for times, spans, positions and ids. Imports nothing of the engine.
//!
//! The field names are those of IPTC ninjs where it has one.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A point in event time: milliseconds since 1970-01-01T00:00:00Z. May be negative.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct EventTime(pub i64);

impl EventTime {
    /// Reads an RFC 3339 time or one of the looser forms that wires send (`2026-11-23T10:00:00+0000`,
    /// `20261123T100000Z`, a date alone, a time without zone, taken as UTC).
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
            return Some(Self(stamp.as_millisecond()));
        }
        if let Ok(zoned) = jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%z", text)
            && let Ok(stamp) = zoned.to_timestamp()
        {
            return Some(Self(stamp.as_millisecond()));
        }
        let civil: jiff::civil::DateTime = text.trim_end_matches('Z').parse().ok()?;
        let stamp = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
        Some(Self(stamp.as_millisecond()))
    }

    /// This time plus a span, saturating.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// Milliseconds from `earlier` to this time, saturating; negative when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for EventTime {
    /// RFC 3339 in UTC; to the second where there are no milliseconds.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(stamp) => write!(out, "{stamp}"),
            Err(_) => write!(out, "{}ms", self.0),
        }
    }
}

/// A length of event time in milliseconds; written `"120h"`, `"30s"`, `"1d 2h"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

impl Span {
    /// So many hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3_600_000)
    }
    /// So many minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60_000)
    }
    /// So many seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:#}", SignedDuration::from_millis(self.0))
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let read: SignedDuration = text.parse().map_err(|_| {
            serde::de::Error::custom(format!("`{text}` is no duration such as `120h` or `30s`"))
        })?;
        i64::try_from(read.as_millis()).map(Self).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "description": "a duration such as `120h` or `30s`"
        })
    }
}

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

/// A primary language subtag in lower case (`en`, `zh`), of BCP 47.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Lang([u8; 3]);

impl Serialize for Lang {
    /// The subtag where people read, three bytes in records.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.serialize_str(self.as_str()) } else { self.0.serialize(to) }
    }
}

impl Lang {
    /// Reads the primary subtag of a language tag: `en-GB` and `EN` are `en`. `None` when it is
    /// not two or three letters.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        if !(2..=3).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_alphabetic()) {
            return None;
        }
        let mut code = [0; 3];
        for (to, from) in code.iter_mut().zip(primary.bytes()) {
            *to = from.to_ascii_lowercase();
        }
        Some(Self(code))
    }

    /// The subtag as text.
    pub fn as_str(&self) -> &str {
        let len = if self.0[2] == 0 { 2 } else { 3 };
        std::str::from_utf8(&self.0[..len]).unwrap_or("und")
    }
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
pub enum Order {
    /// Withdrawn for good: `KILL`, `STORY WITHDRAWN`, `ELIMINATE`.
    Kill,
    /// Not to be used for now: `HOLD`, `WITHHOLD`.
    Hold,
    /// A hold is lifted.
    Release,
}

/// What shape of item the wire's marks announce, where it is not an ordinary report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Shape {
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
    pub order: Option<Order>,
    /// Its shape.
    pub shape: Option<Shape>,
    /// The take ("=2") of an item that comes in several.
    pub take: Option<u16>,
    /// The headline or slug of the article that a notice names in free text.
    pub reference: Option<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_that_wires_send() {
        let want = Some(EventTime(1_795_428_000_000));
        for text in [
            "2026-11-23T10:00:00Z",
            "2026-11-23T12:00:00+02:00",
            "2026-11-23T10:00:00+0000",
            "20261123T100000Z",
            "20261123T100000+0000",
            "2026-11-23T10:00:00",
            "2026-11-23 10:00:00",
        ] {
            assert_eq!(EventTime::parse(text), want, "{text}");
        }
        assert_eq!(EventTime::parse("2026-11-23"), Some(EventTime(1_795_392_000_000)));
        for text in ["", "soon", "2026-13-01", "10:00"] {
            assert_eq!(EventTime::parse(text), None, "{text}");
        }
        assert_eq!(want.map(|t| t.to_string()).as_deref(), Some("2026-11-23T10:00:00Z"));
    }

    #[test]
    fn spans_are_written_as_people_write_them() {
        let read = |text: &str| serde_json::from_value::<Span>(text.into()).ok();
        assert_eq!(read("120h"), Some(Span::hours(120)));
        assert_eq!(read("1h 30m"), Some(Span::minutes(90)));
        assert_eq!(read("250ms"), Some(Span(250)));
        assert_eq!(read("soon"), None);
        assert_eq!(read(&Span::hours(120).to_string()), Some(Span::hours(120)));
    }

    #[test]
    fn languages_are_their_primary_subtag() {
        let read = |tag: &str| Lang::parse(tag).map(|l| l.as_str().to_owned());
        assert_eq!(read("en-GB").as_deref(), Some("en"));
        assert_eq!(read("DE_at").as_deref(), Some("de"));
        assert_eq!(read("yue").as_deref(), Some("yue"));
        assert_eq!(read("english"), None);
        assert_eq!(read(""), None);
    }
}
