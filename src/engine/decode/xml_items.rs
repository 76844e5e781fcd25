//! Decodes the items of an XML document: finds its format and its items, and passes each to the
//! decoder of the format.
//!
//! In: the bytes of a document. Out: one result per item. If a feed is not well formed, its items
//! are read one by one.

use super::xml::{self, Element};
use super::{Error, Format, RecordPart, Settings, finish};
use super::{feed, newsml_1, newsml_g2, nitf, part, rbnews, repairs, salvage, xml_text};
use crate::article::Article;

/// Whether the first character is `<`, in UTF-8 or UTF-16, or the record starts with a UTF-16 byte
/// order mark.
pub(super) fn looks_like_xml(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let wide = [&b"\xff\xfe"[..], b"\xfe\xff", b"\0<"].iter().any(|start| bytes.starts_with(start));
    wide || bytes.trim_ascii_start().starts_with(b"<")
}

/// Decodes an XML record. The name of its root element determines the format.
pub(super) fn articles(
    bytes: &[u8],
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    let document = xml_text::read(bytes);
    let read = text_articles(document.text.trim(), format, settings, parts);
    document.flag_repairs(read)
}

/// Decodes the text of an XML record.
fn text_articles(
    text: &str,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    if text.is_empty() {
        return vec![Err(Error::Empty)];
    }
    match xml::parse(text) {
        Ok(document) => document_articles(text, &document, format, settings, parts),
        Err(error @ Error::Syntax { .. }) => {
            salvaged(text, format, settings, parts).unwrap_or_else(|| vec![Err(error)])
        }
        Err(error) => vec![Err(error)],
    }
}

/// Decodes the items of a feed that is not well formed, one by one. `None` if none of them is an
/// article.
fn salvaged(
    text: &str,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Option<Vec<Result<Article, Error>>> {
    let documents = salvage::documents(text, settings.items_max);
    let (mut articles, mut places) = (Vec::new(), Vec::new());
    for document in documents {
        let (document, read) = match document.map(parsed_item) {
            Some((text, Ok(parsed))) => {
                let read = document_articles(&text, &parsed, format, settings, &mut Vec::new());
                (Some(text), read)
            }
            Some((text, Err(error))) => (Some(text), vec![Err(error)]),
            None => (None, vec![Err(xml::unclosed(text))]),
        };
        let part = document.map_or(RecordPart::Whole, RecordPart::Document);
        places.extend(std::iter::repeat_n(part, read.len()));
        articles.extend(read);
    }
    articles.iter().any(Result::is_ok).then(|| {
        *parts = places;
        articles
    })
}

/// Parses the document of an item. If the document is malformed only because of unescaped HTML,
/// puts that HTML in CDATA sections.
fn parsed_item(document: String) -> (String, Result<xml::XmlDocument, Error>) {
    let parsed = xml::parse(&document);
    let fixed = match &parsed {
        Err(Error::Syntax { .. }) => salvage::with_text_as_html(&document),
        _ => None,
    };
    let fixed = fixed.and_then(|fixed| Some((xml::parse(&fixed).ok()?, fixed)));
    match fixed {
        Some((parsed, fixed)) => (fixed, Ok(parsed)),
        None => (document, parsed),
    }
}

/// Decodes the items of a parsed document.
fn document_articles(
    text: &str,
    document: &xml::XmlDocument,
    format: Format,
    settings: &Settings,
    parts: &mut Vec<RecordPart>,
) -> Vec<Result<Article, Error>> {
    let root = &document.root;
    let Some(found) = format_of(root).filter(|f| format == Format::Auto || format == *f) else {
        return vec![Err(Error::Unknown)];
    };
    let (items, missing) = match found {
        Format::NewsmlG2 => (newsml_g2::items(root), "itemSet"),
        Format::Newsml1 => (newsml_1::items(root), "NewsItem"),
        Format::Rss => (feed::rss_items(root), "item"),
        Format::Atom => (feed::atom_items(root), "entry"),
        Format::Rbnews => (rbnews::items(root), "RBNews"),
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
        *parts = part::xml_parts(text, root, found, &counts);
    }
    all
}

/// The properties that all items of a document share. They are read once per document.
enum DocumentContext {
    Message(newsml_g2::MessageDefaults),
    Channel(feed::RssChannel),
    Feed(feed::AtomFeed),
    Newsml1,
    Nitf,
    Rbnews,
}

impl DocumentContext {
    fn of(format: Format, root: &Element) -> Self {
        match format {
            Format::NewsmlG2 => Self::Message(newsml_g2::MessageDefaults::of(root)),
            Format::Rss => Self::Channel(feed::RssChannel::of(root)),
            Format::Atom => Self::Feed(feed::AtomFeed::of(root)),
            Format::Newsml1 => Self::Newsml1,
            Format::Rbnews => Self::Rbnews,
            Format::Auto | Format::Json | Format::Teletype | Format::Nitf => Self::Nitf,
        }
    }

    /// The articles of one item: exactly one, except in NewsML 1.
    fn articles(&self, item: &Element) -> Vec<Result<Article, Error>> {
        match self {
            Self::Message(message) => vec![newsml_g2::article(item, message)],
            Self::Channel(channel) => vec![feed::rss_article(item, channel)],
            Self::Feed(feed) => vec![feed::atom_article(item, feed)],
            Self::Newsml1 => newsml_1::articles(item),
            Self::Nitf => vec![nitf::article(item)],
            Self::Rbnews => vec![rbnews::article(item)],
        }
    }
}

/// The format of a document, from the name of its root element.
fn format_of(root: &Element) -> Option<Format> {
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
    } else if root.is("RBNews") || named(&rbnews::LISTS) {
        Some(Format::Rbnews)
    } else {
        None
    }
}
