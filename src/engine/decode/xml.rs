//! A bounded tree of an XML document, for the decoders of XML wires.
//!
//! In: the text of a document. Out: its root [`Element`], with the names as they stand, less their
//! namespace prefix. Names are compared without case, since real feeds send `Header` for `header`.
//! Comments and processing instructions go. Text stays escaped, as it stood, so that the markup of
//! a body is passed on unread; [`Element::text`] and [`Element::content`] resolve the five predefined
//! entities and character references, and nothing else: other references stay as written.
//!
//! Invariants: XML-1 no entity is expanded and no other document is ever fetched: a document type
//! that declares an entity for text is refused, one for the declaration itself is passed over; XML-2 depth, elements and attributes are bounded, so that what
//! walks the tree may recurse.
//!
//! Cost: one pass; about 100 bytes an element beside its text.

use super::Error;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;
use std::ops::Range;

/// The deepest nesting of elements.
pub(super) const DEPTH_MAX: u32 = 100;
/// The most elements of a document.
pub(super) const ELEMENTS_MAX: u32 = 200_000;
/// The most attributes of an element.
pub(super) const ATTRIBUTES_MAX: u32 = 100;

/// The longest reference in bytes, with its signs: `&#x10ffff;`.
const REFERENCE_MAX: usize = 10;

/// An element: its name, attributes and content.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The name without its prefix.
    pub(super) name: Box<str>,
    prefix: Box<str>,
    attributes: Vec<(Box<str>, String)>,
    nodes: Vec<Node>,
    /// Where it stands in the text.
    pub(super) place: ElementSpan,
}

/// Where an element stands, in bytes: where its start tag begins, where its content begins, and where
/// its end tag ends.
#[derive(Debug, Default)]
pub(super) struct ElementSpan {
    pub(super) start: usize,
    pub(super) content: usize,
    end: usize,
}

impl ElementSpan {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether an element at `other` is within this one.
    pub(super) fn holds(&self, other: &Self) -> bool {
        self.content <= other.start && other.end < self.end
    }
}

/// A document that was read.
#[derive(Debug)]
pub(super) struct XmlDocument {
    pub(super) root: Element,
    /// Whether an attribute was left out because it does not follow the syntax.
    pub(super) unreadable_attributes: bool,
}

#[derive(Debug)]
enum Node {
    Element(Element),
    /// Text as it stood: `&`, `<` and `>` are escaped.
    Text(String),
}

/// The text of a document in whatever character set it declares.
///
/// A byte order mark counts first, then the shape of UTF-16, then the declaration, unless the bytes
/// show that it is wrong; else it is UTF-8.
pub(super) fn read_text(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    let wide = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    };
    let encoding = wide.or_else(|| declared(bytes)).unwrap_or(UTF_8);
    // Text of another set is hardly ever valid UTF-8 by chance: then the declaration is a slip.
    if encoding == UTF_8 || !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        return std::str::from_utf8(bytes)
            .map(|text| text.trim_start_matches('\u{feff}').into())
            .map_err(|error| Error::Encoding { at: error.valid_up_to() });
    }
    let (text, _, wrong) = encoding.decode(bytes);
    if wrong { Err(Error::Charset(encoding.name())) } else { Ok(text) }
}

/// The character set of the XML declaration, when there is one that is known and can be true: a
/// declaration that is read byte by byte is not in UTF-16.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return None;
    }
    let start = &bytes[..bytes.len().min(256)];
    let close = memchr::memmem::find(start, b"?>")?;
    let declaration = &start[..close];
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let value = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = value.split_first().filter(|(q, _)| matches!(q, b'"' | b'\''))?;
    let label = &value[..memchr::memchr(quote, value)?];
    Encoding::for_label(label).filter(|found| *found != UTF_16LE && *found != UTF_16BE)
}

/// Reads a document.
///
/// # Errors
/// When it is not well formed, declares entities, or is over a bound.
pub(super) fn parse(text: &str) -> Result<XmlDocument, Error> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut open = vec![Element::default()];
    let mut seen = ParseProgress::default();
    loop {
        let start = position(&reader);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(syntax(text, reader.error_position(), kind(&error))),
        };
        match event {
            Event::Start(tag) => {
                open.push(element(&tag, &mut seen)?.placed(start, position(&reader)));
                if open.len() > DEPTH_MAX as usize + 1 {
                    return Err(Error::TooComplex { what: "nested elements", max: DEPTH_MAX });
                }
            }
            Event::Empty(tag) => {
                let element = element(&tag, &mut seen)?.placed(start, position(&reader));
                push(&mut open, Node::Element(element));
            }
            Event::End(_) => {
                if let Some(mut element) = open.pop() {
                    element.place.end = position(&reader);
                    push(&mut open, Node::Element(element));
                }
            }
            Event::Text(raw) => push_text(&mut open, &raw),
            Event::CData(raw) => push_text(&mut open, &escape(&raw)),
            Event::GeneralRef(name) => push_text(&mut open, &format!("&{};", &*name)),
            Event::DocType(kind) if declares_entities(&kind) => return Err(Error::Entities),
            Event::DocType(_) | Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => break,
        }
    }
    if open.len() > 1 {
        return Err(syntax(text, text.len() as u64, "an element is not closed"));
    }
    let root = open.pop().and_then(|top| top.nodes.into_iter().find_map(Node::into_element));
    let root = root.ok_or_else(|| syntax(text, 0, "no element"))?;
    Ok(XmlDocument { root, unreadable_attributes: seen.unreadable_attributes })
}

/// What was seen of a document so far.
#[derive(Default)]
struct ParseProgress {
    elements: u32,
    unreadable_attributes: bool,
}

/// How far `reader` has come.
fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn kind(error: &quick_xml::Error) -> &'static str {
    use quick_xml::errors::IllFormedError::{MismatchedEndTag, UnmatchedEndTag};
    match error {
        quick_xml::Error::IllFormed(MismatchedEndTag { .. } | UnmatchedEndTag(_)) => {
            "an end tag does not match"
        }
        quick_xml::Error::IllFormed(_) => "not well formed",
        _ => "syntax error",
    }
}

fn syntax(text: &str, at: u64, kind: &'static str) -> Error {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let before = &text.as_bytes()[..at];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = at - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    Error::Syntax { format: "XML", kind, line, column }
}

/// Whether a document type declares an entity that text could name. One that only the declaration
/// itself could name (`% nitf`) is how NewsML 1 brings in the rules of NITF: nothing is fetched.
fn declares_entities(kind: &str) -> bool {
    let upper = kind.to_ascii_uppercase();
    upper.split("<!ENTITY").skip(1).any(|declared| !declared.trim_start().starts_with('%'))
}

fn element(start: &BytesStart<'_>, seen: &mut ParseProgress) -> Result<Element, Error> {
    seen.elements += 1;
    if seen.elements > ELEMENTS_MAX {
        return Err(Error::TooComplex { what: "elements", max: ELEMENTS_MAX });
    }
    let name = start.name();
    let (prefix, name) = name.as_ref().split_once(':').unwrap_or(("", name.as_ref()));
    let mut element = Element { name: name.into(), prefix: prefix.into(), ..Element::default() };
    for attribute in start.attributes().with_checks(false) {
        let Ok(attribute) = attribute else {
            seen.unreadable_attributes = true;
            continue;
        };
        let key = attribute.key.as_ref();
        if key == "xmlns" || key.starts_with("xmlns:") {
            continue;
        }
        if element.attributes.len() == ATTRIBUTES_MAX as usize {
            return Err(Error::TooComplex { what: "attributes", max: ATTRIBUTES_MAX });
        }
        element.attributes.push((key.into(), resolve(&attribute.value)));
    }
    Ok(element)
}

fn push(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.nodes.push(node);
    }
}

fn push_text(open: &mut [Element], raw: &str) {
    let Some(parent) = open.last_mut() else { return };
    match parent.nodes.last_mut() {
        Some(Node::Text(text)) => text.push_str(raw),
        _ => parent.nodes.push(Node::Text(raw.to_owned())),
    }
}

fn escape(raw: &str) -> String {
    raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Resolves the predefined entities and character references, once; others stay as they are.
fn resolve(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let close = rest.bytes().take(REFERENCE_MAX).position(|byte| byte == b';');
        let found = close.and_then(|close| Some((reference(&rest[1..close])?, close + 1)));
        let (resolved, used) = found.unwrap_or(('&', 1));
        text.push(resolved);
        rest = &rest[used..];
    }
    text.push_str(rest);
    text
}

fn reference(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32).filter(|c| *c != '\0')
        }
    }
}

impl Node {
    fn into_element(self) -> Option<Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text(_) => None,
        }
    }

    fn element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text(_) => None,
        }
    }
}

impl Element {
    /// Whether it has this name, whatever its prefix.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The same element, whose start tag is there.
    fn placed(mut self, start: usize, content: usize) -> Self {
        self.place = ElementSpan { start, content, end: content };
        self
    }

    /// Its name as it stands.
    pub(super) fn qualified(&self) -> String {
        match &*self.prefix {
            "" => self.name.to_string(),
            prefix => format!("{prefix}:{}", self.name),
        }
    }

    /// The elements of this name right below that have the prefix of this one.
    pub(super) fn own<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children(name).filter(|element| element.prefix == self.prefix)
    }

    /// The elements right below of a prefix and a name, written `dc:creator`.
    pub(super) fn prefixed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        let (prefix, name) = name.split_once(':').unwrap_or(("", name));
        self.children(name).filter(move |element| element.prefix.eq_ignore_ascii_case(prefix))
    }

    /// The elements right below.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(Node::element)
    }

    /// The elements of this name right below.
    pub(super) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.is(name))
    }

    /// The first element at the end of this path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element> {
        let Some((name, rest)) = path.split_first() else { return Some(self) };
        self.elements().filter(|element| element.is(name)).find_map(|element| element.at(rest))
    }

    /// The first element of this name at any depth below, in the order of the document.
    pub(super) fn find(&self, name: &str) -> Option<&Element> {
        self.elements().find_map(
            |element| {
                if element.is(name) { Some(element) } else { element.find(name) }
            },
        )
    }

    /// Every element of this name below, in the order of the document; not those within another.
    pub(super) fn find_all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
        for element in self.elements() {
            if element.is(name) {
                found.push(element);
            } else {
                element.find_all(name, found);
            }
        }
    }

    /// An attribute that is not empty; `lang` is `xml:lang` as well.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let named = |key: &str| {
            key.eq_ignore_ascii_case(name) || name == "lang" && key.eq_ignore_ascii_case("xml:lang")
        };
        let (_, value) = self.attributes.iter().find(|(key, _)| named(key))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// All the text within, whitespace collapsed, references resolved; absent when empty. Elements
    /// part words, but for those that set type within a line.
    pub(super) fn text(&self) -> Option<String> {
        let mut raw = String::new();
        self.collect(true, &mut raw);
        let text = resolve(&raw);
        let mut collapsed = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !collapsed.is_empty() {
                collapsed.push(' ');
            }
            collapsed.push_str(word);
        }
        (!collapsed.is_empty()).then_some(collapsed)
    }

    /// Whether [`Element::text`] gives any, which is found without reading all of it.
    pub(super) fn has_text(&self) -> bool {
        self.nodes.iter().any(|node| match node {
            Node::Element(element) => element.has_text(),
            Node::Text(raw) => match raw.trim_start().chars().next() {
                None => false,
                Some('&') => !resolve(raw).trim().is_empty(),
                Some(_) => true,
            },
        })
    }

    /// All the text within as it stands, references resolved once.
    pub(super) fn content(&self) -> String {
        let mut raw = String::new();
        self.collect(false, &mut raw);
        resolve(&raw)
    }

    fn collect(&self, parted: bool, raw: &mut String) {
        const IN_LINE: [&str; 11] =
            ["a", "b", "em", "i", "span", "strong", "sub", "sup", "u", "q", "lang"];
        for node in &self.nodes {
            match node {
                Node::Text(text) => raw.push_str(text),
                Node::Element(element) if parted && !IN_LINE.iter().any(|n| element.is(n)) => {
                    raw.push(' ');
                    element.collect(parted, raw);
                    raw.push(' ');
                }
                Node::Element(element) => element.collect(parted, raw),
            }
        }
    }

    /// What is within as HTML, without prefixes; `rename` gives an element's HTML name, and `None`
    /// leaves it out with all that it holds.
    pub(super) fn html(&self, rename: fn(&str) -> Option<&str>) -> String {
        let mut html = String::new();
        self.write(rename, &mut html);
        html
    }

    fn write(&self, rename: fn(&str) -> Option<&str>, html: &mut String) {
        for node in &self.nodes {
            let element = match node {
                Node::Element(element) => element,
                Node::Text(text) => {
                    html.push_str(text);
                    continue;
                }
            };
            let Some(name) = rename(&element.name) else { continue };
            html.push('<');
            html.push_str(name);
            for (key, value) in &element.attributes {
                html.push(' ');
                html.push_str(key);
                html.push_str("=\"");
                html.push_str(&escape(value).replace('"', "&quot;"));
                html.push('"');
            }
            html.push('>');
            if !matches!(name, "br" | "hr" | "img" | "col" | "wbr" | "input") {
                element.write(rename, html);
                html.push_str("</");
                html.push_str(name);
                html.push('>');
            }
        }
    }
}
