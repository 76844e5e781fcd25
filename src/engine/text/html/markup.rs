//! A body cut into text, start tags and end tags.
//!
//! Tokens are those of the WHATWG specification, with one exception: an element whose content is
//! text alone, such as `title`, `iframe` or `script`, is read so only where its end tag follows. A
//! browser takes the whole rest of the document as the content of one that never ends; here the
//! rest is markup.
//!
//! Cost: linear. Each `<` is looked at once by the tokenizer, and at most twice for each of the
//! elements in [`RAW`].

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{State, Tokenizer};
use memchr::{memchr_iter, memrchr_iter};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Elements whose content is text alone, each with the state of the tokenizer that reads it. A
/// script is read as raw text: comments within a script could hide its end tag otherwise.
const RAW: [(&[u8], State); 9] = [
    (b"iframe", State::RawText),
    (b"noembed", State::RawText),
    (b"noframes", State::RawText),
    (b"noscript", State::RawText),
    (b"script", State::RawText),
    (b"style", State::RawText),
    (b"textarea", State::RcData),
    (b"title", State::RcData),
    (b"xmp", State::RawText),
];

/// Elements without content.
const VOID: [&[u8]; 14] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr",
];

/// A piece of a body, in the order of the source.
pub(super) enum MarkupPiece {
    /// Text with its references decoded, and its byte range in the source.
    Text { start: usize, end: usize, value: String },
    /// A start tag.
    Start(StartTag),
    /// An end tag.
    End(ElementName),
}

/// A start tag.
#[derive(Clone, Copy)]
pub(super) struct StartTag {
    pub(super) name: ElementName,
    /// Whether the element has no content: it is void, or closes itself.
    pub(super) empty: bool,
    /// Whether its attributes keep it from being shown.
    pub(super) concealed: bool,
}

/// The name of an element, by its place in [`Markup::names`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ElementName(u32);

/// A body in pieces.
pub(super) struct Markup {
    pub(super) pieces: Vec<MarkupPiece>,
    names: Vec<Vec<u8>>,
}

impl Markup {
    /// Cuts `source`.
    pub(super) fn read(source: &str) -> Self {
        let names = RefCell::new(ElementNames::default());
        let mut tag = OpenTag::default();
        let callback = |event: CallbackEvent<'_>, span: html5gum::Span<usize>| match event {
            CallbackEvent::OpenStartTag { name } => {
                tag.open(names.borrow_mut().name(name), VOID.contains(&name));
                None
            }
            CallbackEvent::AttributeName { name } => {
                tag.attribute(name);
                None
            }
            CallbackEvent::AttributeValue { value } => {
                tag.value(value);
                None
            }
            CallbackEvent::CloseStartTag { self_closing } => {
                let start = tag.start.take()?;
                Some(MarkupToken::Start { start, self_closing, end: span.end })
            }
            CallbackEvent::EndTag { name } => {
                Some(MarkupToken::MarkupPiece(MarkupPiece::End(names.borrow_mut().name(name))))
            }
            CallbackEvent::String { value } => Some(MarkupToken::MarkupPiece(MarkupPiece::Text {
                start: span.start,
                end: span.end,
                value: String::from_utf8_lossy(value).into_owned(),
            })),
            _ => None,
        };
        let mut tokenizer = Tokenizer::new_with_emitter(source, CallbackEmitter::new(callback));
        let (mut pieces, mut ends) = (Vec::new(), RawTextEnds::new(source.as_bytes()));
        while let Some(token) = tokenizer.next() {
            pieces.push(match infallible(token) {
                MarkupToken::MarkupPiece(piece) => piece,
                MarkupToken::Start { mut start, self_closing, end } => {
                    let raw = names.borrow().raw(start.name);
                    let raw = raw.filter(|(name, _)| ends.closes(name, end, self_closing));
                    if let Some((_, state)) = raw {
                        tokenizer.set_state(state);
                    }
                    start.empty |= self_closing && raw.is_none();
                    MarkupPiece::Start(start)
                }
            });
        }
        drop(tokenizer);
        Self { pieces, names: names.into_inner().all }
    }

    /// A name in lower case.
    pub(super) fn name(&self, name: ElementName) -> &[u8] {
        &self.names[name.0 as usize]
    }

    /// How many names there are.
    pub(super) fn names(&self) -> usize {
        self.names.len()
    }
}

impl ElementName {
    /// Its place among the names.
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

enum MarkupToken {
    MarkupPiece(MarkupPiece),
    Start { start: StartTag, self_closing: bool, end: usize },
}

fn infallible(token: Result<MarkupToken, Infallible>) -> MarkupToken {
    match token {
        Ok(token) => token,
        Err(never) => match never {},
    }
}

/// The names of elements, numbered as they come.
#[derive(Default)]
struct ElementNames {
    all: Vec<Vec<u8>>,
    index: BTreeMap<Vec<u8>, u32>,
}

impl ElementNames {
    fn name(&mut self, name: &[u8]) -> ElementName {
        if let Some(&index) = self.index.get(name) {
            return ElementName(index);
        }
        let index = self.all.len() as u32;
        self.all.push(name.to_vec());
        self.index.insert(name.to_vec(), index);
        ElementName(index)
    }

    fn raw(&self, name: ElementName) -> Option<(&'static [u8], State)> {
        RAW.iter().copied().find(|(raw, _)| *raw == self.all[name.0 as usize])
    }
}

/// Where elements whose content is text alone end.
struct RawTextEnds<'a> {
    source: &'a [u8],
    last: BTreeMap<&'static [u8], Option<usize>>,
}

impl<'a> RawTextEnds<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self { source, last: BTreeMap::new() }
    }

    /// Whether the element whose start tag ends at `from` has an end tag. One that closes itself
    /// has one if that comes before the next start tag of its name.
    fn closes(&mut self, name: &'static [u8], from: usize, self_closing: bool) -> bool {
        let source = self.source;
        if self_closing {
            let mut opens = memchr_iter(b'<', source.get(from..).unwrap_or_default());
            let next = opens.find_map(|at| tag(&source[from + at + 1..], name));
            return next == Some(Tag::End);
        }
        let last = self.last.entry(name).or_insert_with(|| {
            memrchr_iter(b'<', source).find(|at| tag(&source[at + 1..], name) == Some(Tag::End))
        });
        last.is_some_and(|last| last >= from)
    }
}

#[derive(PartialEq, Eq)]
enum Tag {
    Start,
    End,
}

/// The tag of the element `name` that `rest` begins with, its `<` left out.
fn tag(rest: &[u8], name: &[u8]) -> Option<Tag> {
    let (rest, tag) = match rest.strip_prefix(b"/") {
        Some(rest) => (rest, Tag::End),
        None => (rest, Tag::Start),
    };
    let named = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let ends = rest.get(name.len()).is_some_and(|b| b.is_ascii_whitespace() || b"/>".contains(b));
    (named && ends).then_some(tag)
}

/// A start tag that is being read.
#[derive(Default)]
struct OpenTag {
    start: Option<StartTag>,
    attribute: Attribute,
    style: Style,
}

impl OpenTag {
    fn open(&mut self, name: ElementName, empty: bool) {
        self.start = Some(StartTag { name, empty, concealed: false });
        self.style = Style::default();
    }

    fn attribute(&mut self, name: &[u8]) {
        self.attribute = Attribute::of(name);
        if let (Attribute::Hidden, Some(start)) = (self.attribute, &mut self.start) {
            start.concealed = true;
        }
    }

    fn value(&mut self, value: &[u8]) {
        let Some(start) = &mut self.start else { return };
        match self.attribute {
            // Shown to whoever searches for its text.
            Attribute::Hidden if value.eq_ignore_ascii_case(b"until-found") => {
                start.concealed = false;
            }
            Attribute::AriaHidden if value.eq_ignore_ascii_case(b"true") => start.concealed = true,
            Attribute::Style => {
                self.style.read(&String::from_utf8_lossy(value));
                start.concealed |= self.style.conceals();
            }
            _ => {}
        }
    }
}

/// An attribute that says whether an element is shown.
#[derive(Clone, Copy, Default)]
enum Attribute {
    Hidden,
    AriaHidden,
    Style,
    #[default]
    Other,
}

impl Attribute {
    fn of(name: &[u8]) -> Self {
        match name {
            b"hidden" => Self::Hidden,
            b"aria-hidden" => Self::AriaHidden,
            b"style" => Self::Style,
            _ => Self::Other,
        }
    }
}

/// The declarations of a `style` attribute that can hide an element; the last of a name counts.
#[derive(Default)]
struct Style {
    display: bool,
    visibility: bool,
    size: bool,
}

impl Style {
    fn read(&mut self, style: &str) {
        for declaration in style.split(';') {
            let Some((name, value)) = declaration.split_once(':') else { continue };
            let value = value.split('!').next().unwrap_or_default().trim().to_ascii_lowercase();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => self.display = value == "none",
                "visibility" => self.visibility = value == "hidden" || value == "collapse",
                "font-size" => self.size = is_zero(&value),
                _ => {}
            }
        }
    }

    fn conceals(&self) -> bool {
        self.display || self.visibility || self.size
    }
}

/// Whether a length is zero, in whatever unit.
fn is_zero(length: &str) -> bool {
    let unit = length.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &length[..length.len() - unit.len()];
    number.contains('0') && number.chars().all(|c| matches!(c, '0' | '.'))
}
