//! The part of a record that contains one of its items.
//!
//! When a record has several items, forwarding an item must not forward the whole record. The item
//! is forwarded with just enough context for a consumer, and for [`decode`](super::decode), to
//! understand it.
//!
//! - A single item: the whole record.
//! - Items in a JSON list: the bytes of the item, or its repaired text if the record is not valid
//!   UTF-8.
//! - RSS, Atom, NewsML-G2, NewsML 1, RBNews: a UTF-8 XML document with the unchanged item inside
//!   the tags of its ancestors, and with [some of the ancestors' children](context_names).
//! - A NewsML 1 item in several languages: one such document for each language, with the component
//!   of that language.
//!
//! ```text
//! <rss><channel><title>Wire</title><item>1</item><item>2</item></channel></rss>
//!
//! item 2: <?xml version="1.0" encoding="UTF-8"?>
//!         <rss><channel><title>Wire</title><item>2</item></channel></rss>
//! ```
//!
//! Invariant: WI-6: the total length of the parts of a record is at most the length of its text
//! plus, for each item, [`HEAD_BYTES_MAX`], the XML declaration and the end tags.

use super::xml::Element;
use super::{Format, newsml_1};
use std::ops::Range;

/// Maximum bytes of context before an item of an XML document, not counting the XML declaration.
const HEAD_BYTES_MAX: usize = 4_096;
/// The XML declaration of a part.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The children of an ancestor that are copied into a part as context, most important first. A
/// child that does not fit is left out.
fn context_names(holder: &Element) -> &'static [&'static str] {
    let all: [(&str, &[&str]); 6] = [
        ("channel", &["title", "language", "copyright", "link", "description"]),
        ("feed", &["title", "id", "updated", "author", "rights"]),
        ("newsMessage", &["header"]),
        ("NewsML", &["Catalog", "NewsEnvelope"]),
        ("NewsItem", &["Identification", "NewsManagement"]),
        ("NewsComponent", &["Role", "NewsLines", "AdministrativeMetadata", "DescriptiveMetadata"]),
    ];
    all.into_iter().find(|(name, _)| holder.is(name)).map_or(&[], |(_, names)| names)
}

/// The part of a record that contains an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RecordPart {
    /// The whole record, because it has no other item.
    #[default]
    Whole,
    /// A byte range of the record.
    Bytes(Range<usize>),
    /// A separate document built from the record.
    Document(String),
}

impl RecordPart {
    /// Replaces a byte range of `document` with a copy of the bytes. Needed if `document` is not
    /// the record itself, but was decompressed or extracted from it.
    pub(super) fn detach(&mut self, document: &[u8]) {
        if let Self::Bytes(range) = self {
            let bytes = document.get(range.clone()).unwrap_or_default();
            *self = Self::Document(String::from_utf8_lossy(bytes).into_owned());
        }
    }

    /// The bytes of this part of `record`.
    pub fn bytes<'a>(&'a self, record: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Whole => record,
            Self::Bytes(range) => record.get(range.clone()).unwrap_or(record),
            Self::Document(text) => text.as_bytes(),
        }
    }
}

/// The byte range of `part` in `whole`. `part` must be a slice of `whole`.
pub(super) fn range(whole: &[u8], part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// The parts of the items of a document. `items` gives each item with its number of articles.
pub(super) fn xml_parts(
    text: &str,
    root: &Element,
    format: Format,
    items: &[(&Element, usize)],
) -> Vec<RecordPart> {
    let holder = match format {
        Format::Rss => root.children("channel").next(),
        Format::NewsmlG2 => root.children("itemSet").next(),
        Format::Rbnews => items.first().and_then(|(item, _)| ancestors(root, item).pop()),
        _ => None,
    };
    let within = holder.map(|holder| {
        let mut path = ancestors(root, holder);
        path.push(holder);
        (holder, PartFrame::of(text, &path))
    });
    // In RSS 1.0, items are siblings of the channel.
    let beside = PartFrame::of(text, &[root]).after(text, holder.filter(|_| format == Format::Rss));
    let mut parts = Vec::new();
    for (item, articles) in items {
        if *articles > 1 {
            parts.extend(by_language(text, root, item, *articles));
            continue;
        }
        let inside = within.as_ref().filter(|(holder, _)| holder.span.contains(&item.span));
        let frame = inside.map_or(&beside, |(_, frame)| frame);
        parts.push(frame.around(text, item));
    }
    parts
}

/// The parts of a NewsML 1 item that is available in several languages.
fn by_language(text: &str, root: &Element, item: &Element, articles: usize) -> Vec<RecordPart> {
    let components = newsml_1::translations(item).unwrap_or_default();
    let path = components.first().map_or(vec![root], |first| ancestors(root, first));
    let frame = PartFrame::of(text, &path);
    let parts = components.into_iter().map(|component| frame.around(text, component));
    parts.take(articles).collect()
}

/// The elements around `inner`, from the root inwards.
fn ancestors<'a>(root: &'a Element, inner: &Element) -> Vec<&'a Element> {
    let mut path = vec![root];
    let around = |of: &&Element| of.span.contains(&inner.span);
    while let Some(next) = path.last().and_then(|last| last.elements().find(around)) {
        path.push(next);
    }
    path
}

/// The text around an item of an XML document.
struct PartFrame {
    /// The declaration, the start tags of the ancestors, and their copied children.
    before: String,
    /// The end tags of the ancestors.
    after: String,
    /// Number of bytes that may still be added to `before`.
    room: usize,
}

impl PartFrame {
    /// The frame of an item inside the last of `holders`, which are ordered from the root inwards.
    fn of(text: &str, holders: &[&Element]) -> Self {
        let mut frame =
            Self { before: DECLARATION.into(), after: String::new(), room: HEAD_BYTES_MAX };
        for holder in holders {
            frame.open(text, holder);
        }
        frame
    }

    /// This frame, extended for an item that follows `sibling`: also contains the tags and the
    /// context of `sibling`.
    fn after(mut self, text: &str, sibling: Option<&Element>) -> Self {
        if let Some(sibling) = sibling {
            let after = std::mem::take(&mut self.after);
            self.open(text, sibling);
            self.before += &std::mem::replace(&mut self.after, after);
        }
        self
    }

    /// Adds an element's start tag and end tag, and copies its context children. A start tag that
    /// does not fit loses its attributes and its prefix.
    fn open(&mut self, text: &str, element: &Element) {
        let place = &element.span;
        let tag = text.get(place.start..place.content).unwrap_or_default();
        let tag = tag.strip_suffix("/>").or_else(|| tag.strip_suffix('>')).unwrap_or(tag);
        let name = if tag.len() < self.room {
            self.room -= tag.len() + 1;
            self.before += tag;
            self.before.push('>');
            element.qualified()
        } else {
            self.before += &format!("<{}>", element.name);
            element.name.to_string()
        };
        self.after.insert_str(0, &format!("</{name}>"));
        for name in context_names(element) {
            for inner in element.children(name) {
                let inner = text.get(inner.span.range()).unwrap_or_default();
                if inner.len() <= self.room {
                    self.room -= inner.len();
                    self.before += inner;
                }
            }
        }
    }

    /// The document with `item` inside this frame.
    fn around(&self, text: &str, item: &Element) -> RecordPart {
        let item = text.get(item.span.range()).unwrap_or_default();
        RecordPart::Document([&self.before, item, &self.after].concat())
    }
}
