//! Parses an XML document into a tree of bounded size, for the decoders of the XML formats.
//!
//! In: the text of a document. Out: its root [`Element`]. Element names are split from their
//! namespace prefix, and compared case-insensitively because real feeds send `Header` for `header`.
//! Comments and processing instructions are dropped. Text nodes stay escaped, so that the markup of
//! a body can be copied unchanged. [`Element::text`] and [`Element::content`] resolve the five
//! predefined entities and character references; other references are left as written.
//!
//! Invariants:
//! - XML-1: no declared entity is expanded, and no other document is ever fetched. A document type
//!   that declares a general entity is rejected; parameter entities are ignored.
//! - XML-2: depth, elements and attributes are bounded, so that code may recurse over the tree.
//!
//! Cost: one pass; about 100 bytes of memory per element in addition to its text.

use super::Error;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::ops::Range;

/// Maximum nesting depth of elements.
pub(super) const DEPTH_MAX: u32 = 100;
/// Maximum number of elements in a document.
pub(super) const ELEMENTS_MAX: u32 = 200_000;
/// Maximum number of attributes of an element.
pub(super) const ATTRIBUTES_MAX: u32 = 100;

/// Length in bytes of the longest reference that is resolved, including `&` and `;`: `&#x10ffff;`.
const REFERENCE_MAX: usize = 10;

/// An element: its name, attributes and content.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// The name without its prefix.
    pub(super) name: Box<str>,
    /// The namespace prefix as written, or empty.
    prefix: Box<str>,
    /// The attributes, without namespace declarations: the name with its prefix, and the value.
    attributes: Vec<(Box<str>, String)>,
    /// The child elements and text, in document order.
    nodes: Vec<Node>,
    /// The position of the element in the text of the document.
    pub(super) span: ElementSpan,
}

/// The position of an element in the text of its document, in bytes.
#[derive(Debug, Default)]
pub(super) struct ElementSpan {
    /// The start of the start tag.
    pub(super) start: usize,
    /// The end of the start tag, where the content begins.
    pub(super) content: usize,
    /// The end of the end tag.
    end: usize,
}

impl ElementSpan {
    /// The range of the element, tags included.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether an element at `other` is a descendant of this one.
    pub(super) fn contains(&self, other: &Self) -> bool {
        self.content <= other.start && other.end < self.end
    }
}

/// A parsed document.
#[derive(Debug)]
pub(super) struct XmlDocument {
    /// The root element.
    pub(super) root: Element,
    /// Whether an attribute was dropped because its syntax is invalid.
    pub(super) unreadable_attributes: bool,
}

/// The content of an element.
#[derive(Debug)]
enum Node {
    /// A child element.
    Element(Element),
    /// Escaped text. The text of a CDATA section is escaped too.
    Text(String),
}

/// Parses a document.
///
/// # Errors
/// If the document is not well formed, declares entities, or exceeds a limit.
pub(super) fn parse(text: &str) -> Result<XmlDocument, Error> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().allow_dangling_amp = true;
    let mut open = vec![Element::default()];
    let mut progress = ParseProgress::default();
    loop {
        let start = position(&reader);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(syntax(text, reader.error_position(), kind(&error))),
        };
        match event {
            Event::Start(tag) => {
                open.push(element(&tag, &mut progress)?.placed(start, position(&reader)));
                if open.len() > DEPTH_MAX as usize + 1 {
                    return Err(Error::TooComplex { what: "levels of nesting", max: DEPTH_MAX });
                }
            }
            Event::Empty(tag) => {
                let element = element(&tag, &mut progress)?.placed(start, position(&reader));
                push(&mut open, Node::Element(element));
            }
            Event::End(_) => {
                if let Some(mut element) = open.pop() {
                    element.span.end = position(&reader);
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
        return Err(unclosed(text));
    }
    let root = open.pop().and_then(|top| top.nodes.into_iter().find_map(Node::into_element));
    let root = root.ok_or_else(|| syntax(text, 0, "no root element"))?;
    Ok(XmlDocument { root, unreadable_attributes: progress.unreadable_attributes })
}

/// The parser's counts and findings so far.
#[derive(Default)]
struct ParseProgress {
    /// The number of elements.
    elements: u32,
    /// Whether an attribute was dropped because its syntax is invalid.
    unreadable_attributes: bool,
}

/// The byte offset of `reader`.
fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The kind of a syntax error, for messages.
fn kind(error: &quick_xml::Error) -> &'static str {
    use quick_xml::errors::IllFormedError::{MismatchedEndTag, UnmatchedEndTag};
    match error {
        quick_xml::Error::IllFormed(MismatchedEndTag { .. } | UnmatchedEndTag(_)) => {
            "mismatched end tag"
        }
        quick_xml::Error::IllFormed(_) => "not well formed",
        _ => "syntax error",
    }
}

/// The error for a document that ends inside an element.
pub(super) fn unclosed(text: &str) -> Error {
    syntax(text, text.len() as u64, "unclosed element")
}

/// The error at byte `at` of `text`.
fn syntax(text: &str, at: u64, kind: &'static str) -> Error {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    let before = &text.as_bytes()[..at];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = at - memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1) + 1;
    Error::Syntax { format: "XML", kind, line, column }
}

/// Whether a document type declares a general entity, which text could reference. Parameter
/// entities (`% nitf`) are harmless: NewsML 1 uses them to include the NITF DTD, which is not
/// fetched. The contents of comments and processing instructions are not declarations.
fn declares_entities(kind: &str) -> bool {
    let mut upper = String::with_capacity(kind.len());
    let mut rest = kind;
    while let Some(at) = rest.find('<') {
        upper.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = match rest {
            comment if comment.starts_with("<!--") => "-->",
            instruction if instruction.starts_with("<?") => "?>",
            _ => {
                upper.push('<');
                rest = &rest[1..];
                continue;
            }
        };
        rest = rest.split_once(end).map_or("", |(_, after)| after);
    }
    upper.push_str(rest);
    upper.make_ascii_uppercase();
    upper.split("<!ENTITY").skip(1).any(|entity| !entity.trim_start().starts_with('%'))
}

/// An element without content, from its start tag.
fn element(start: &BytesStart<'_>, progress: &mut ParseProgress) -> Result<Element, Error> {
    progress.elements += 1;
    if progress.elements > ELEMENTS_MAX {
        return Err(Error::TooComplex { what: "elements", max: ELEMENTS_MAX });
    }
    let name = start.name();
    let (prefix, name) = name.as_ref().split_once(':').unwrap_or(("", name.as_ref()));
    let mut element = Element { name: name.into(), prefix: prefix.into(), ..Element::default() };
    for attribute in start.attributes().with_checks(false) {
        let Ok(attribute) = attribute else {
            progress.unreadable_attributes = true;
            continue;
        };
        let key = attribute.key.as_ref();
        if key == "xmlns" || key.starts_with("xmlns:") {
            continue;
        }
        if element.attributes.len() == ATTRIBUTES_MAX as usize {
            return Err(Error::TooComplex {
                what: "attributes on one element",
                max: ATTRIBUTES_MAX,
            });
        }
        element.attributes.push((key.into(), resolve(&attribute.value)));
    }
    Ok(element)
}

/// Adds a node to the innermost open element.
fn push(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.nodes.push(node);
    }
}

/// Adds escaped text to the innermost open element.
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

/// Resolves the predefined entities and character references once; other references are left
/// unchanged.
fn resolve(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let close = rest.bytes().take(REFERENCE_MAX).position(|byte| byte == b';');
        let resolved = close.and_then(|close| Some((reference(&rest[1..close])?, close + 1)));
        let (character, used) = resolved.unwrap_or(('&', 1));
        text.push(character);
        rest = &rest[used..];
    }
    text.push_str(rest);
    text
}

/// The character of the reference `name`, which is given without `&` and `;`.
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
    /// Whether the element has this name, with any prefix.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Sets the position of the start tag.
    fn placed(mut self, start: usize, content: usize) -> Self {
        self.span = ElementSpan { start, content, end: content };
        self
    }

    /// The name as written, with its prefix.
    pub(super) fn qualified(&self) -> String {
        match &*self.prefix {
            "" => self.name.to_string(),
            prefix => format!("{prefix}:{}", self.name),
        }
    }

    /// The children with this name that have the same prefix as this element.
    pub(super) fn own<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children(name).filter(|element| element.prefix == self.prefix)
    }

    /// The children with this prefix and name, written as `dc:creator`.
    pub(super) fn prefixed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        let (prefix, name) = name.split_once(':').unwrap_or(("", name));
        self.children(name).filter(move |element| element.prefix.eq_ignore_ascii_case(prefix))
    }

    /// The child elements.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(Node::element)
    }

    /// The children with this name and any prefix.
    pub(super) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.is(name))
    }

    /// The first descendant at this path of names.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Element> {
        let Some((name, rest)) = path.split_first() else { return Some(self) };
        self.elements().filter(|element| element.is(name)).find_map(|element| element.at(rest))
    }

    /// The first descendant with this name, in document order.
    pub(super) fn find(&self, name: &str) -> Option<&Element> {
        self.elements().find_map(
            |element| {
                if element.is(name) { Some(element) } else { element.find(name) }
            },
        )
    }

    /// Appends the descendants with this name in document order, except those inside another such
    /// descendant.
    pub(super) fn find_all<'a>(&'a self, name: &str, found: &mut Vec<&'a Element>) {
        for element in self.elements() {
            if element.is(name) {
                found.push(element);
            } else {
                element.find_all(name, found);
            }
        }
    }

    /// The value of an attribute, unless it is empty. `lang` also finds `xml:lang`.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let named = |key: &str| {
            key.eq_ignore_ascii_case(name) || name == "lang" && key.eq_ignore_ascii_case("xml:lang")
        };
        let (_, value) = self.attributes.iter().find(|(key, _)| named(key))?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The text of the element and its descendants, with whitespace collapsed and references
    /// resolved; `None` if empty. Elements separate words, except inline elements such as `em`.
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

    /// Whether [`Element::text`] is not empty, without collecting all of the text.
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

    /// The text of the element and its descendants, with references resolved and whitespace kept.
    pub(super) fn content(&self) -> String {
        let mut raw = String::new();
        self.collect(false, &mut raw);
        resolve(&raw)
    }

    /// Appends the escaped text. If `separate` is true, elements that are not inline separate
    /// words.
    fn collect(&self, separate: bool, raw: &mut String) {
        const INLINE: [&str; 11] =
            ["a", "b", "em", "i", "span", "strong", "sub", "sup", "u", "q", "lang"];
        for node in &self.nodes {
            match node {
                Node::Text(text) => raw.push_str(text),
                Node::Element(element) if separate && !INLINE.iter().any(|n| element.is(n)) => {
                    raw.push(' ');
                    element.collect(separate, raw);
                    raw.push(' ');
                }
                Node::Element(element) => element.collect(separate, raw),
            }
        }
    }

    /// The content as HTML without prefixes. `rename` maps the name of an element to its HTML name;
    /// `None` drops the element and its content.
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
