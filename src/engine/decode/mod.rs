//! Bytes to articles: one decoder a format, found by content type, then by looking.
//!
//! In: the bytes of one input record. Out: one result for each item in it, never none: an
//! [`Article`], or the reason why it is refused. Unknown fields are ignored; what is required and
//! missing refuses the item. Bad input dies here. [`items`] also says which [`RecordPart`] of the record each
//! item is.
//!
//! Invariants: WI-1 no bytes make it panic; WI-2 every record gives at least one result; WI-3 what
//! an error says holds no article text; WI-4 no field of an article is larger than its bound in
//! `bounds`; WI-5 what is there and cannot be read refuses the item or is named in the flags of the
//! article, as `repairs` lists them.
//!
//! Cost: linear in the bytes of the record.

mod bounds;
mod feed;
mod json;
pub mod marks;
mod newsml_1;
mod newsml_1_content;
mod newsml_g2;
mod nitf;
mod part;
mod references;
mod repairs;
mod teletype;
mod xml;

pub use self::part::RecordPart;
use self::xml::Element;
use super::article::{Article, ItemType, PubStatus};
use serde::{Deserialize, Serialize};

/// Decoding settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most bytes of a record that is decoded.
    pub record_bytes_max: u32,
    /// The most items of one record.
    pub items_max: u32,
    /// Wire marks of the desk's own, beside those that are known.
    pub marks: Vec<marks::MarkRule>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { record_bytes_max: 4 << 20, items_max: 1_000, marks: Vec::new() }
    }
}

/// The formats that are decoded.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Found by content type, then by looking.
    #[default]
    Auto,
    /// Plain JSON objects and IPTC ninjs 1.x to 3.x, which are told apart field by field.
    Json,
    /// IPTC NewsML-G2: a `newsItem`, or a `newsMessage` of several.
    NewsmlG2,
    /// IPTC NewsML 1.x.
    #[serde(rename = "newsml_1")]
    Newsml1,
    /// IPTC NITF 3.x.
    Nitf,
    /// RSS 2.0, and its kin RSS 1.0.
    Rss,
    /// Atom 1.0, a feed or an entry.
    Atom,
    /// The text wires of IPTC 7901 and ANPA 1312, told apart by their control characters.
    Teletype,
}

/// Why an item is refused. [`Error::reason`] is the stable code that headers and metrics carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The record is larger than `record_bytes_max`.
    #[error("record of {bytes} bytes is over the limit of {max}")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        max: u32,
    },
    /// A field is larger than its bound.
    #[error("field `{field}` of {size} {unit} is over the limit of {max}")]
    FieldTooLarge {
        /// The field of the article.
        field: &'static str,
        /// Its size.
        size: usize,
        /// What the size counts: bytes or entries.
        unit: &'static str,
        /// The limit.
        max: usize,
    },
    /// The record holds more items than `items_max`.
    #[error("record of {items} items is over the limit of {max}")]
    TooMany {
        /// Items found.
        items: usize,
        /// The limit.
        max: u32,
    },
    /// The record is empty.
    #[error("record is empty")]
    Empty,
    /// The bytes are no UTF-8.
    #[error("not UTF-8 from byte {at} on")]
    Encoding {
        /// The first byte that is wrong.
        at: usize,
    },
    /// The bytes are not of the character set that the document declares.
    #[error("not of the declared character set `{0}`")]
    Charset(&'static str),
    /// The document declares entities, which are never expanded.
    #[error("document declares entities")]
    Entities,
    /// The document is nested or crowded beyond what is read.
    #[error("more than {max} {what}")]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        max: u32,
    },
    /// The item is of a kind that holds no article of its own.
    #[error("a `{0}` holds no article of its own")]
    NoArticle(&'static str),
    /// The item is a picture, sound, film or graphic that comes without a word.
    #[error("nothing to read: {0} without a caption or headline")]
    NoText(&'static str),
    /// The bytes do not follow the syntax of their format.
    #[error("not readable as {format}: {kind} at line {line}, column {column}")]
    Syntax {
        /// The format tried.
        format: &'static str,
        /// What is wrong.
        kind: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The format is none that is read.
    #[error("no known format")]
    Unknown,
    /// A required field is absent or empty.
    #[error("field `{0}` is missing")]
    Missing(&'static str),
    /// A required field is null.
    #[error("field `{0}` is null")]
    Null(&'static str),
    /// A required field has another type.
    #[error("field `{0}` is not text")]
    NotText(&'static str),
}

impl Error {
    /// A stable code, usable as a metric label.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } | Self::FieldTooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many_items",
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

/// An item of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What was read, or why it is refused.
    pub article: Result<Article, Error>,
    /// The part of the record that holds it.
    pub part: RecordPart,
}

/// The items of one input record, whose content type may be known.
pub fn items(
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

/// Decodes one input record, whose content type may be known.
pub fn decode(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &Settings,
) -> Vec<Result<Article, Error>> {
    read(bytes, content_type, format, settings, &mut Vec::new())
}

/// The articles of a record; `parts` gets the part of each where there are several.
fn read(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    if bytes.len() > settings.record_bytes_max as usize {
        return vec![Err(Error::TooLarge { bytes: bytes.len(), max: settings.record_bytes_max })];
    }
    let named = content_type.unwrap_or_default().to_ascii_lowercase();
    if format == Format::Teletype || format == Format::Auto && teletype::looks_so(bytes) {
        let article = teletype::article(&teletype::read_text(bytes));
        return vec![article.and_then(|article| finish(article, settings))];
    }
    let marked = match format {
        Format::Auto => !named.contains("json") && (named.contains("xml") || looks_marked(bytes)),
        Format::Json | Format::Teletype => false,
        Format::NewsmlG2 | Format::Newsml1 | Format::Nitf | Format::Rss | Format::Atom => true,
    };
    if marked {
        return match xml::read_text(bytes) {
            Ok(text) => documents(text.trim(), format, settings, parts),
            Err(error) => vec![Err(error)],
        };
    }
    let json = format == Format::Json || named.contains("json");
    objects(bytes, json, settings, parts)
}

/// The articles of a record in JSON, which it is `known` to be or looks like. Bytes that are not
/// UTF-8 become U+FFFD where the rest can be read.
fn objects(
    bytes: &[u8],
    known: bool,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    let wrong = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    let encoding = match wrong {
        None => json::Encoding::Utf8,
        Some(_) => json::Encoding::Repaired,
    };
    let whole = String::from_utf8_lossy(bytes);
    let text = whole.trim_start_matches('\u{feff}').trim();
    let mut ranges = Vec::new();
    let read = if text.is_empty() {
        vec![Err(Error::Empty)]
    } else if known || text.starts_with(['{', '[']) {
        json::decode(text, encoding, settings, &mut ranges)
    } else {
        vec![Err(Error::Unknown)]
    };
    let base = part::range(whole.as_bytes(), text).start;
    parts.extend(ranges.into_iter().map(|range| match encoding {
        json::Encoding::Utf8 => RecordPart::Bytes(range.start + base..range.end + base),
        json::Encoding::Repaired => RecordPart::Document(text[range].to_owned()),
    }));
    match (wrong, &read[..]) {
        (Some(at), [Err(Error::Syntax { .. } | Error::Unknown)]) => {
            vec![Err(Error::Encoding { at })]
        }
        _ => read,
    }
}

/// Whether the first sign is `<`, in UTF-8 or UTF-16, a byte order mark passed over.
fn looks_marked(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let wide = [&b"\xff\xfe"[..], b"\xfe\xff", b"\0<"].iter().any(|start| bytes.starts_with(start));
    wide || bytes.trim_ascii_start().starts_with(b"<")
}

/// The articles of an XML document, by its root.
fn documents(
    text: &str,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    if text.is_empty() {
        return vec![Err(Error::Empty)];
    }
    let document = match xml::parse(text) {
        Ok(document) => document,
        Err(error) => return vec![Err(error)],
    };
    let root = &document.root;
    let Some(found) = kind(root).filter(|f| format == Format::Auto || format == *f) else {
        return vec![Err(Error::Unknown)];
    };
    let (items, missing) = match found {
        Format::NewsmlG2 => (newsml_g2::items(root), "itemSet"),
        Format::Newsml1 => (newsml_1::items(root), "NewsItem"),
        Format::Rss => (feed::rss_items(root), "item"),
        Format::Atom => (feed::atom_items(root), "entry"),
        Format::Auto | Format::Json | Format::Teletype | Format::Nitf => (vec![root], "nitf"),
    };
    if items.is_empty() {
        return vec![Err(Error::Missing(missing))];
    }
    let shared = DocumentContext::of(found, root);
    if items.len() > settings.items_max as usize {
        return vec![Err(Error::TooMany { items: items.len(), max: settings.items_max })];
    }
    let (mut all, mut counts) = (Vec::new(), Vec::new());
    for item in items {
        let articles = shared.articles(item);
        counts.push((item, articles.len()));
        for article in articles {
            all.push(article.and_then(|mut article| {
                if document.unreadable_attributes {
                    article.flags.push(repairs::UNREADABLE_ATTRIBUTE.to_owned());
                }
                finish(article, settings)
            }));
        }
        if all.len() > settings.items_max as usize {
            return vec![Err(Error::TooMany { items: all.len(), max: settings.items_max })];
        }
    }
    if all.len() > 1 {
        *parts = part::documents(text, root, found, &counts);
    }
    all
}

/// What the items of a document share, by its format: read once, however many items there are.
enum DocumentContext {
    Message(newsml_g2::MessageDefaults),
    Channel(feed::RssChannel),
    Feed(feed::AtomFeed),
    Newsml1,
    Nitf,
}

impl DocumentContext {
    fn of(format: Format, root: &Element) -> Self {
        match format {
            Format::NewsmlG2 => Self::Message(newsml_g2::MessageDefaults::of(root)),
            Format::Rss => Self::Channel(feed::RssChannel::of(root)),
            Format::Atom => Self::Feed(feed::AtomFeed::of(root)),
            Format::Newsml1 => Self::Newsml1,
            Format::Auto | Format::Json | Format::Teletype | Format::Nitf => Self::Nitf,
        }
    }

    /// The articles of an item: one, but for NewsML 1.
    fn articles(&self, item: &Element) -> Vec<Result<Article, Error>> {
        match self {
            Self::Message(message) => vec![newsml_g2::article(item, message)],
            Self::Channel(channel) => vec![feed::rss_article(item, channel)],
            Self::Feed(feed) => vec![feed::atom_article(item, feed)],
            Self::Newsml1 => newsml_1::articles(item),
            Self::Nitf => vec![nitf::article(item)],
        }
    }
}

/// The format of a document, by the name of its root.
fn kind(root: &Element) -> Option<Format> {
    let named = |names: &[&str]| names.iter().any(|name| root.is(name));
    if named(&["newsItem", "newsMessage"]) || named(&newsml_g2::NO_ARTICLE) {
        Some(Format::NewsmlG2)
    } else if named(&["NewsML"]) {
        Some(Format::Newsml1)
    } else if named(&["nitf"]) {
        Some(Format::Nitf)
    } else if named(&["rss", "RDF"]) {
        Some(Format::Rss)
    } else if named(&["feed", "entry"]) {
        Some(Format::Atom)
    } else {
        None
    }
}

/// Refuses what is over a bound, and what holds nothing to read, but for an order to withdraw,
/// which need not repeat what it withdraws and is known by its slug or uri; reads the marks.
fn finish(mut article: Article, settings: &Settings) -> Result<Article, Error> {
    bounds::check(&article)?;
    let empty = |a: &Article| a.headline.is_empty() && a.body.published().trim().is_empty();
    if empty(&article) && article.pubstatus != PubStatus::Usable {
        article.headline = article.slugline.clone().unwrap_or_else(|| article.uri.clone());
    }
    if empty(&article) {
        return Err(nothing_to_read(article.kind));
    }
    article.marks = marks::read(&article, &settings.marks);
    Ok(article)
}

/// Why an item without headline and body is refused.
fn nothing_to_read(kind: ItemType) -> Error {
    match kind {
        ItemType::Picture => Error::NoText("picture"),
        ItemType::Video => Error::NoText("video"),
        ItemType::Audio => Error::NoText("audio"),
        ItemType::Graphic => Error::NoText("graphic"),
        ItemType::Text | ItemType::Advisory | ItemType::Other => Error::Missing("body"),
    }
}
