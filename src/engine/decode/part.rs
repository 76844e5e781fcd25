//! The part of a record that holds one of its items.
//!
//! A record with several items is not passed on once for each of them. An item is passed on with as
//! little around it as a reader, and [`decode`](super::decode), need to understand it.
//!
//! | record | part |
//! |---|---|
//! | one item | the whole record |
//! | a list in JSON, whatever holds it | the item's own bytes |
//! | RSS, Atom, NewsML-G2, NewsML 1 | an XML document in UTF-8: the item as it stood, in the start tags of what held it, with [what is needed](kept) of their content |
//! | NewsML 1, an item in several languages | the same for the component of each language |
//!
//! Invariant: WI-4 the parts of a record are together at most as long as its text and, for each
//! item, [`HEAD_BYTES_MAX`] and the end tags.

use super::xml::Element;
use super::{Format, newsml_1};
use std::ops::Range;

/// The most bytes of what stands before an item of an XML document, the declaration left out.
const HEAD_BYTES_MAX: usize = 4_096;
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// The elements that go along from within one that holds items, most needed first. They go along
/// while there is room.
fn kept(holder: &Element) -> &'static [&'static str] {
    let all: [(&str, &[&str]); 6] = [
        ("channel", &["title", "language", "copyright", "link", "description"]),
        ("feed", &["title", "id", "updated", "author", "rights"]),
        ("newsMessage", &["header"]),
        ("NewsML", &["Catalog", "NewsEnvelope"]),
        ("NewsItem", &["Identification", "NewsManagement"]),
        ("NewsComponent", &["Role", "NewsLines", "AdministrativeMetadata", "DescriptiveMetadata"]),
    ];
    all.into_iter().find(|(name, _)| holder.is(name)).map_or(&[], |(_, kept)| kept)
}

/// The part of a record that holds an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum RecordPart {
    /// All of it: there is no other item.
    #[default]
    Whole,
    /// These bytes of it.
    Bytes(Range<usize>),
    /// A document of its own, made from it.
    Document(String),
}

impl RecordPart {
    /// The bytes of this part of `record`.
    pub fn bytes<'a>(&'a self, record: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Whole => record,
            Self::Bytes(range) => record.get(range.clone()).unwrap_or(record),
            Self::Document(text) => text.as_bytes(),
        }
    }
}

/// The byte range of `part`, which is borrowed from `whole`.
pub(super) fn range(whole: &[u8], part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    start..start + part.len()
}

/// The parts of the items of a document, each given with the number of its articles.
pub(super) fn documents(
    text: &str,
    root: &Element,
    format: Format,
    items: &[(&Element, usize)],
) -> Vec<RecordPart> {
    let holder = match format {
        Format::Rss => root.children("channel").next(),
        Format::NewsmlG2 => root.children("itemSet").next(),
        _ => None,
    };
    let within = holder.map(|holder| (holder, PartFrame::of(text, &[root, holder])));
    // An item of RSS 1.0 stands beside its channel.
    let beside = PartFrame::of(text, &[root]).after(text, holder.filter(|_| format == Format::Rss));
    let mut parts = Vec::new();
    for (item, articles) in items {
        if *articles > 1 {
            parts.extend(by_language(text, root, item, *articles));
            continue;
        }
        let held = within.as_ref().filter(|(holder, _)| holder.place.holds(&item.place));
        let frame = held.map_or(&beside, |(_, frame)| frame);
        parts.push(frame.around(text, item));
    }
    parts
}

/// The parts of an item of NewsML 1 that is in several languages.
fn by_language(text: &str, root: &Element, item: &Element, articles: usize) -> Vec<RecordPart> {
    let components = newsml_1::by_language(item).unwrap_or_default();
    let mut path = vec![root];
    if let Some(first) = components.first() {
        let mut holder = Some(item);
        while let Some(element) = holder.filter(|element| !std::ptr::eq(*element, *first)) {
            path.push(element);
            holder = element
                .elements()
                .find(|inner| std::ptr::eq(*inner, *first) || inner.place.holds(&first.place));
        }
    }
    let frame = PartFrame::of(text, &path);
    let parts = components.into_iter().map(|component| frame.around(text, component));
    parts.take(articles).collect()
}

/// What stands around an item.
struct PartFrame {
    before: String,
    after: String,
    room: usize,
}

impl PartFrame {
    /// Of an item within the last of `holders`, outermost first.
    fn of(text: &str, holders: &[&Element]) -> Self {
        let mut frame =
            Self { before: DECLARATION.into(), after: String::new(), room: HEAD_BYTES_MAX };
        for holder in holders {
            frame.open(text, holder);
        }
        frame
    }

    /// The same, of an item that comes after `sibling`.
    fn after(mut self, text: &str, sibling: Option<&Element>) -> Self {
        if let Some(sibling) = sibling {
            let after = std::mem::take(&mut self.after);
            self.open(text, sibling);
            self.before += &std::mem::replace(&mut self.after, after);
        }
        self
    }

    /// Adds the start tag of an element and what is kept of its content.
    fn open(&mut self, text: &str, element: &Element) {
        let place = &element.place;
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
        for name in kept(element) {
            for inner in element.children(name) {
                let inner = text.get(inner.place.range()).unwrap_or_default();
                if inner.len() <= self.room {
                    self.room -= inner.len();
                    self.before += inner;
                }
            }
        }
    }

    fn around(&self, text: &str, item: &Element) -> RecordPart {
        let item = text.get(item.place.range()).unwrap_or_default();
        RecordPart::Document([&self.before, item, &self.after].concat())
    }
}
