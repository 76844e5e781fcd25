//! Decodes input records into articles. Each format has its own decoder. The format is either
//! configured or detected from the record's content type and first bytes.
//!
//! In: the bytes of one input record. Out: one result per item in the record, either an [`Article`]
//! or the [`Error`] that says why the item was rejected. Unknown fields are ignored; an item
//! without a required field is rejected. Later stages never have to validate an article.
//! [`decode_items`] also returns the [`RecordPart`] that contains each item.
//!
//! ```text
//! {"uri": "a:1", "headline": "B"}                      [Ok(Article { uri: "a:1", .. })]
//! [{"uri": "a:1", "headline": "B"}, {"headline": "C"}] [Ok(..), Err(Missing("uri"))]
//! ```
//!
//! Invariants:
//! - WI-1: no input makes the decoder panic.
//! - WI-2: every record yields at least one result.
//! - WI-3: error messages contain no article text.
//! - WI-4: no field of an article exceeds its limit in `bounds`.
//! - WI-5: a value that is present but unreadable either rejects the item or sets one of the
//!   article's flags, which `repairs` lists.
//! - WI-6: the total size of the parts of a record is bounded (see `part`).
//!
//! Cost: linear in the size of the record.

mod bounds;
mod charset;
mod escaped;
mod feed;
mod framing;
mod headline;
mod json;
mod newsml_1;
mod newsml_1_content;
mod newsml_g2;
mod nitf;
mod part;
pub mod publishers;
mod rbnews;
mod repairs;
mod salvage;
mod teletype;
mod xml;
mod xml_items;
mod xml_text;

pub use self::part::RecordPart;
use super::article::{Article, ItemType, PubStatus};
use super::marks;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// The flag of an article whose end is missing because its record stops too early.
pub const CUT_OFF: &str = "cut_off";
/// The flag of a report without a body. Often this means that the body is in a field with an
/// unknown name.
pub const NO_BODY: &str = "no_body";

/// Decoding settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Maximum size of an input record in bytes. Larger records are rejected as `too_large`.
    pub record_bytes_max: NonZeroU32,
    /// Your own wire marks, in addition to the built-in ones. Marks are phrases that make an
    /// article an update, a correction, a kill and so on: `[{ place = "headline", pattern =
    /// "nueva versión #", mark = "update" }]`.
    pub marks: Vec<marks::MarkRule>,
    /// Publishers that have several names, for example an abbreviation: `[{ name = "Northwire",
    /// aliases = ["NW"] }]`. The name replaces the aliases everywhere, including in events. No
    /// aliases are needed for sections, host names and words such as `News`.
    pub publishers: Vec<publishers::Publisher>,
    /// Maximum number of items in one record. A record with more is rejected as `too_many_items`.
    #[serde(skip)]
    pub items_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let record_bytes_max = NonZeroU32::new(4 << 20).expect("not zero");
        Self { record_bytes_max, marks: Vec::new(), publishers: Vec::new(), items_max: 1_000 }
    }
}

/// The input formats.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Detected from the content type and the content of each record.
    #[default]
    Auto,
    /// Plain JSON objects and IPTC ninjs 1.x to 3.x; one object may mix the fields of all of these.
    Json,
    /// IPTC NewsML-G2: a `newsItem`, or a `newsMessage` with several of them.
    NewsmlG2,
    /// IPTC NewsML 1.x.
    #[serde(rename = "newsml_1")]
    Newsml1,
    /// IPTC NITF 3.x.
    Nitf,
    /// RSS 2.0 and RSS 1.0.
    Rss,
    /// Atom 1.0 and 0.3: a feed or a single entry.
    Atom,
    /// RBNews, the XML format of the Danish agency Ritzau: one item, or a response of its queue.
    Rbnews,
    /// The teletype formats IPTC 7901 and ANPA 1312, distinguished by their control characters.
    Teletype,
}

/// Why an item was rejected. [`Error::reason`] is the stable code used in headers and metrics.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The record is larger than `record_bytes_max`.
    #[error("record has {bytes} bytes, over the limit of {max} (`engine.decode.record_bytes_max`)")]
    TooLarge {
        /// The size of the record in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: u32,
    },
    /// A field exceeds its limit.
    #[error("field `{field}` has {size} {unit}, over the limit of {max}")]
    FieldTooLarge {
        /// The name of the article field.
        field: &'static str,
        /// The size of the field, in `unit`.
        size: usize,
        /// The unit of `size` and `max`: `bytes` or `entries`.
        unit: &'static str,
        /// The limit.
        max: usize,
    },
    /// The record contains more items than `items_max`.
    #[error("record has {items} items, over the limit of {max}")]
    TooMany {
        /// The number of items in the record.
        items: usize,
        /// The limit.
        max: u32,
    },
    /// An item is available in more languages than supported.
    #[error("item has {languages} languages, over the limit of {max}")]
    TooManyLanguages {
        /// The number of languages of the item.
        languages: usize,
        /// The limit.
        max: u32,
    },
    /// The record is empty.
    #[error("record is empty")]
    Empty,
    /// The record is not valid UTF-8.
    #[error("invalid UTF-8 at byte {at}")]
    Encoding {
        /// The offset of the first invalid byte.
        at: usize,
    },
    /// The bytes are not valid in the character set that the document declares.
    #[error("invalid bytes for the declared character set `{0}`")]
    Charset(&'static str),
    /// The document declares entities. They are never expanded.
    #[error("document declares XML entities, which are not supported")]
    Entities,
    /// The document is nested too deeply or has too many elements or attributes.
    #[error("document has more than {max} {what}")]
    TooComplex {
        /// What exceeds the limit, in the plural.
        what: &'static str,
        /// The limit.
        max: u32,
    },
    /// The item is of a kind that is not an article.
    #[error("`{0}` is not an article")]
    NoArticle(&'static str),
    /// The item is a picture, video, audio or graphic item without any text.
    #[error("{0} has no headline or caption")]
    NoText(&'static str),
    /// The record is not well-formed XML or JSON.
    #[error("invalid {format}: {kind} at line {line}, column {column}")]
    Syntax {
        /// `JSON` or `XML`.
        format: &'static str,
        /// The kind of syntax error.
        kind: &'static str,
        /// The line of the error, counted from 1.
        line: usize,
        /// The column of the error in bytes, counted from 1.
        column: usize,
    },
    /// The format is not supported, or is not the configured format.
    #[error("the format is unknown, or is not the one set in `input.format`")]
    Unknown,
    /// A required field is absent or empty.
    #[error("field `{0}` is missing")]
    Missing(&'static str),
    /// A required field is null.
    #[error("field `{0}` is null")]
    Null(&'static str),
    /// A required field is present but cannot be read as text.
    #[error("field `{0}` is not text")]
    NotText(&'static str),
}

impl Error {
    /// The stable reason code, usable as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::FieldTooLarge { .. } => "too_large",
            Self::TooMany { .. } | Self::TooManyLanguages { .. } => "too_many_items",
            Self::Empty => "empty",
            Self::Encoding { .. } | Self::Charset(_) => "encoding",
            Self::Entities => "entities",
            Self::TooComplex { .. } => "too_complex",
            Self::NoArticle(_) | Self::NoText(_) => "no_article",
            Self::Syntax { .. } => "syntax",
            Self::Unknown => "unknown_format",
            Self::Missing(_) => "missing_field",
            Self::Null(_) => "null_field",
            Self::NotText(_) => "wrong_type",
        }
    }
}

/// One item of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The article, or the reason why the item was rejected.
    pub article: Result<Article, Error>,
    /// The part of the record that contains the item.
    pub part: RecordPart,
}

/// Decodes one input record and locates each item in it. `content_type` is the record's content
/// type, if known.
pub fn decode_items(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &Settings,
) -> Vec<Item> {
    let mut parts = Vec::new();
    let articles = read(bytes, content_type, format, settings, &mut parts);
    if articles.len() == 1 || articles.len() != parts.len() {
        parts = vec![RecordPart::Whole; articles.len()];
    }
    articles.into_iter().zip(parts).map(|(article, part)| Item { article, part }).collect()
}

/// Decodes one input record. `content_type` is the record's content type, if known.
pub fn decode(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &Settings,
) -> Vec<Result<Article, Error>> {
    read(bytes, content_type, format, settings, &mut Vec::new())
}

/// Decodes a record. If it has several items, appends the part that contains each item to `parts`.
fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    if bytes.len() > settings.record_bytes_max.get() as usize {
        return vec![Err(Error::TooLarge {
            bytes: bytes.len(),
            max: settings.record_bytes_max.get(),
        })];
    }
    let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
    let document = match framing::document(bytes, settings.record_bytes_max.get()) {
        Ok(document) => document,
        Err(error) => return vec![Err(error)],
    };
    let mut articles = read_document(&document.bytes, &content_type, format, settings, parts);
    if !std::ptr::eq(document.bytes.as_ptr(), bytes.as_ptr()) {
        parts.iter_mut().for_each(|part| part.detach(&document.bytes));
    }
    if let Some(Ok(last)) = articles.last_mut()
        && document.is_cut_off
        && !last.flags.iter().any(|flag| flag == CUT_OFF)
    {
        last.flags.push(CUT_OFF.to_owned());
    }
    articles
}

/// Decodes the document of a record.
fn read_document(
    bytes: &[u8],
    content_type: &str,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    if format == Format::Teletype || format == Format::Auto && teletype::looks_like_teletype(bytes)
    {
        let article = teletype::article(&teletype::read_text(bytes));
        return vec![article.and_then(|article| finish(article, settings))];
    }
    let is_xml = match format {
        Format::Auto => {
            !content_type.contains("json")
                && (content_type.contains("xml") || xml_items::looks_like_xml(bytes))
        }
        Format::Json | Format::Teletype => false,
        Format::NewsmlG2
        | Format::Newsml1
        | Format::Nitf
        | Format::Rss
        | Format::Atom
        | Format::Rbnews => true,
    };
    if is_xml {
        return xml_items::articles(bytes, format, settings, parts);
    }
    let json = format == Format::Json || content_type.contains("json");
    json_articles(bytes, json, settings, parts)
}

/// Rewrites the constructs that the decoder accepts although the JSON standard forbids them, such
/// as `NaN`. `None` if the value contains no such construct, or is not valid JSON even when
/// rewritten.
pub fn standard_json(bytes: &[u8]) -> Option<String> {
    json::rewritten(std::str::from_utf8(bytes).ok()?)
}

/// Whether a line is an action line of the bulk format of search engines. It belongs to the article
/// on the next line.
pub fn is_bulk_action(line: &[u8]) -> bool {
    line.starts_with(b"{") && std::str::from_utf8(line).is_ok_and(json::is_bulk_action)
}

/// Decodes a JSON record. Unless `is_json` is set, the record must start like JSON. Invalid UTF-8
/// becomes U+FFFD if the rest of the record can be read.
fn json_articles(
    bytes: &[u8],
    is_json: bool,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    let charset::RecordText { text: whole, invalid_at, is_guess } = charset::read(bytes);
    let encoding = match invalid_at {
        None => json::Encoding::Utf8,
        Some(_) if is_guess => json::Encoding::Guessed,
        Some(_) => json::Encoding::Repaired,
    };
    // A JSON text sequence (RFC 7464) has a record separator before each value.
    let text = whole.trim_matches(|c: char| c.is_whitespace() || "\u{feff}\u{1e}".contains(c));
    let mut ranges = Vec::new();
    let read = if text.is_empty() {
        vec![Err(Error::Empty)]
    } else if let Some(document) = json::embedded_document(text) {
        let mut read = read_document(&document.bytes, "", Format::Auto, settings, parts);
        parts.iter_mut().for_each(|part| part.detach(&document.bytes));
        if document.repaired || invalid_at.is_some() {
            xml_text::flag_replacements(&mut read);
        }
        return read;
    } else if is_json || text.starts_with(['{', '[']) {
        json::decode(text, encoding, settings, &mut ranges)
    } else {
        vec![Err(Error::Unknown)]
    };
    let base = part::range(whole.as_bytes(), text).start;
    parts.extend(ranges.into_iter().map(|range| match encoding {
        json::Encoding::Utf8 => RecordPart::Bytes(range.start + base..range.end + base),
        json::Encoding::Repaired | json::Encoding::Guessed => {
            RecordPart::Document(text[range].to_owned())
        }
    }));
    match (invalid_at, &read[..]) {
        (Some(at), [Err(Error::Syntax { .. } | Error::Unknown)]) => {
            vec![Err(Error::Encoding { at })]
        }
        _ => read,
    }
}

/// Checks the limits, rejects items without text, and reads the marks.
///
/// A withheld or canceled item may have no text, because it need not repeat the article that it
/// withdraws. Its slug or uri then becomes its headline.
fn finish(mut article: Article, settings: &Settings) -> Result<Article, Error> {
    if let std::borrow::Cow::Owned(resolved) = headline::resolve(&article.headline) {
        article.headline = resolved;
    }
    if let Some(body) = escaped::unescaped(&article.body) {
        article.body = body;
    }
    publishers::resolve(&mut article, &settings.publishers);
    bounds::check(&article)?;
    let has_no_text = |a: &Article| a.headline.is_empty() && a.body.as_str().trim().is_empty();
    if has_no_text(&article) && article.pubstatus != PubStatus::Usable {
        article.headline = article.slugline.clone().unwrap_or_else(|| article.uri.clone());
    }
    if has_no_text(&article) {
        return Err(no_text_error(article.kind));
    }
    article.marks = marks::read(&article, &settings.marks);
    let is_report = article.kind == ItemType::Text && article.pubstatus == PubStatus::Usable;
    if is_report && article.marks.order.is_none() && article.body.as_str().trim().is_empty() {
        article.flags.push(NO_BODY.to_owned());
    }
    Ok(article)
}

/// The error for an item without headline and body.
fn no_text_error(kind: ItemType) -> Error {
    match kind {
        ItemType::Picture => Error::NoText("picture"),
        ItemType::Video => Error::NoText("video"),
        ItemType::Audio => Error::NoText("audio"),
        ItemType::Graphic => Error::NoText("graphic"),
        ItemType::Text | ItemType::Advisory | ItemType::Other => Error::Missing("body"),
    }
}
