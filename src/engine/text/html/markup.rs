//! Splits a body into text, start tags and end tags.
//!
//! In: the source of a body. Out: its [`MarkupPiece`]s, in order.
//!
//! Tokenizes as the WHATWG HTML specification does, except where a browser would drop the rest of
//! the document:
//!
//! - The content of an element such as `title`, `iframe` or `script`, which can only contain text,
//!   is read as text only if its end tag follows. If the end tag is missing, the rest is read as
//!   markup.
//! - A comment without an end is not treated as a comment.
//! - A start tag without an end, because a quotation mark is missing, ends at the next `>`.
//!
//! Cost: linear. The tokenizer examines each `<` at most `UNENDED_MAX + 1` times; the search for
//! end tags examines it at most twice for each element in [`RAW`].

use super::furniture;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{State, Tokenizer};
use memchr::{memchr, memchr_iter, memmem, memrchr, memrchr_iter};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Elements that can only contain text, each with the tokenizer state that reads it. `script` is
/// read as raw text, because in script data a comment could hide the end tag.
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

/// Maximum number of start tags without an end in one body: one for each kind of quotation mark.
const UNENDED_MAX: usize = 2;

/// Void elements, which have no content.
const VOID: [&[u8]; 14] = [
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"param",
    b"source", b"track", b"wbr",
];

/// A piece of a body, in the order of the source.
pub(super) enum MarkupPiece {
    /// Text with character references decoded, and its byte range in the source.
    Text { start: usize, end: usize, value: String },
    /// A start tag.
    Start(StartTag),
    /// An end tag.
    End(ElementName),
}

/// A start tag.
#[derive(Clone, Copy)]
pub(super) struct StartTag {
    /// The element's name.
    pub(super) name: ElementName,
    /// Whether the element has no content because it is void or self-closing.
    pub(super) empty: bool,
    /// Whether the element's attributes hide it.
    pub(super) concealed: bool,
    /// Whether the element's name or class says that it is not part of the text, for example a
    /// caption or a list of other articles.
    pub(super) aside: bool,
}

/// The white space that a tag puts between the texts around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TagEffect {
    Inline,
    Cell,
    Line,
    Block,
}

/// The effect of the element `tag`, a name in lower case.
pub(super) fn effect(tag: &[u8]) -> TagEffect {
    match tag {
        b"br" | b"tr" => TagEffect::Line,
        b"td" | b"th" => TagEffect::Cell,
        b"p" | b"div" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"hr" | b"li" | b"ul"
        | b"ol" | b"dl" | b"dt" | b"dd" | b"table" | b"thead" | b"tbody" | b"blockquote"
        | b"pre" | b"section" | b"article" | b"header" | b"footer" | b"aside" | b"nav"
        | b"figure" | b"figcaption" | b"main" | b"body" | b"address" | b"form" | b"block"
        | b"title" | b"media" | b"hl2" => TagEffect::Block,
        _ => TagEffect::Inline,
    }
}

/// The name of an element, as an index into the names of a [`Markup`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ElementName(u32);

/// A body in pieces.
pub(super) struct Markup<'a> {
    /// The source, with spaces in place of every tag that has no end, and of the start of every
    /// comment that has no end. Offsets are the same as in the body.
    pub(super) source: Cow<'a, str>,
    /// Text and tags in the order of the source.
    pub(super) pieces: Vec<MarkupPiece>,
    /// Distinct element names in lower case, indexed by [`ElementName`].
    names: Vec<Vec<u8>>,
}

impl<'a> Markup<'a> {
    /// Splits `source` into pieces.
    pub(super) fn read(source: &'a str) -> Self {
        let mut source = without_unended_comments(source);
        for _ in 0..UNENDED_MAX {
            let (pieces, names, unended) = split(&source);
            match unended.and_then(|at| without_unended_tag(&source, at)) {
                Some(repaired) => source = repaired.into(),
                None => return Self { source, pieces, names },
            }
        }
        let (pieces, names, _) = split(&source);
        Self { source, pieces, names }
    }

    /// The element name in lower case.
    pub(super) fn name(&self, name: ElementName) -> &[u8] {
        &self.names[name.0 as usize]
    }

    /// Number of distinct element names.
    pub(super) fn names(&self) -> usize {
        self.names.len()
    }
}

impl ElementName {
    /// The index of the name, below [`Markup::names`].
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A token from the tokenizer: a start tag whose content is not yet known, or any other piece.
enum MarkupToken {
    MarkupPiece(MarkupPiece),
    Start { start: StartTag, self_closing: bool, end: usize },
}

/// The pieces of `source`, the distinct element names, and, if the source ends within a start tag,
/// the offset of some byte of that tag.
fn split(source: &str) -> (Vec<MarkupPiece>, Vec<Vec<u8>>, Option<usize>) {
    let names = RefCell::new(ElementNames::default());
    let mut tag = OpenTag::default();
    let callback = |event: CallbackEvent<'_>, span: html5gum::Span<usize>| match event {
        CallbackEvent::OpenStartTag { name } => {
            let aside = furniture::is_aside(name);
            tag.open(names.borrow_mut().name(name), VOID.contains(&name), aside, span.start);
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
    let unended = tag.start.map(|_| tag.at);
    (pieces, names.into_inner().all, unended)
}

/// Replaces with spaces the start of every comment that has no end.
fn without_unended_comments(source: &str) -> Cow<'_, str> {
    let bytes = source.as_bytes();
    let ended = ["-->", "--!>"].iter().filter_map(|end| memmem::rfind(bytes, end.as_bytes()));
    let rest = ended.max().unwrap_or(0);
    match memmem::find(&bytes[rest..], b"<!--") {
        Some(_) => (source[..rest].to_owned() + &source[rest..].replace("<!--", "    ")).into(),
        None => source.into(),
    }
}

/// Replaces the start tag at `at` up to the next `>` with spaces; `None` if there is no `>`.
fn without_unended_tag(source: &str, at: usize) -> Option<String> {
    let start = memrchr(b'<', source.as_bytes().get(..=at)?)?;
    let end = start + memchr(b'>', &source.as_bytes()[start..])? + 1;
    Some([&source[..start], &" ".repeat(end - start), &source[end..]].concat())
}

fn infallible(token: Result<MarkupToken, Infallible>) -> MarkupToken {
    match token {
        Ok(token) => token,
        Err(never) => match never {},
    }
}

/// Element names, numbered in order of appearance.
#[derive(Default)]
struct ElementNames {
    /// The names; the index of a name is its number.
    all: Vec<Vec<u8>>,
    /// The number of each name.
    index: BTreeMap<Vec<u8>, u32>,
}

impl ElementNames {
    /// The number of `name`. Adds the name if it is new.
    fn name(&mut self, name: &[u8]) -> ElementName {
        if let Some(&index) = self.index.get(name) {
            return ElementName(index);
        }
        let index = self.all.len() as u32;
        self.all.push(name.to_vec());
        self.index.insert(name.to_vec(), index);
        ElementName(index)
    }

    /// The entry of [`RAW`] for `name`, if there is one.
    fn raw(&self, name: ElementName) -> Option<(&'static [u8], State)> {
        RAW.iter().copied().find(|(raw, _)| *raw == self.all[name.0 as usize])
    }
}

/// Finds the end tags of elements that can only contain text.
struct RawTextEnds<'a> {
    /// The source of the body.
    source: &'a [u8],
    /// The offset of the last end tag of each name searched for so far; `None` if there is none.
    last: BTreeMap<&'static [u8], Option<usize>>,
}

impl<'a> RawTextEnds<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self { source, last: BTreeMap::new() }
    }

    /// Whether the element whose start tag ends at `from` has an end tag. The end tag of a
    /// self-closing element must also precede the next start tag of the same name.
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

/// Whether a tag is a start tag or an end tag.
#[derive(PartialEq, Eq)]
enum Tag {
    Start,
    End,
}

/// The tag of the element `name` at the start of `rest`, which begins after the `<`.
fn tag(rest: &[u8], name: &[u8]) -> Option<Tag> {
    let (rest, tag) = match rest.strip_prefix(b"/") {
        Some(rest) => (rest, Tag::End),
        None => (rest, Tag::Start),
    };
    let named = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let ends = rest.get(name.len()).is_some_and(|b| b.is_ascii_whitespace() || b"/>".contains(b));
    (named && ends).then_some(tag)
}

/// A start tag being read.
#[derive(Default)]
struct OpenTag {
    /// The tag as read so far.
    start: Option<StartTag>,
    /// An offset in the tag.
    at: usize,
    /// The attribute whose value comes next.
    attribute: Attribute,
    /// The declarations of the `style` attribute.
    style: Style,
}

impl OpenTag {
    fn open(&mut self, name: ElementName, empty: bool, aside: bool, at: usize) {
        self.at = at;
        self.start = Some(StartTag { name, empty, concealed: false, aside });
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
            // Browsers show this text when the user searches for it.
            Attribute::Hidden if value.eq_ignore_ascii_case(b"until-found") => {
                start.concealed = false;
            }
            Attribute::AriaHidden if value.eq_ignore_ascii_case(b"true") => start.concealed = true,
            Attribute::Style => {
                self.style.read(&String::from_utf8_lossy(value));
                start.concealed |= self.style.conceals();
            }
            Attribute::Class => start.aside |= furniture::has_class(value),
            _ => {}
        }
    }
}

/// An attribute that can exclude an element from the text.
#[derive(Clone, Copy, Default)]
enum Attribute {
    Hidden,
    AriaHidden,
    Style,
    Class,
    #[default]
    Other,
}

impl Attribute {
    fn of(name: &[u8]) -> Self {
        match name {
            b"hidden" => Self::Hidden,
            b"aria-hidden" => Self::AriaHidden,
            b"style" => Self::Style,
            b"class" => Self::Class,
            _ => Self::Other,
        }
    }
}

/// Which declarations of a `style` attribute hide the element. The last declaration of a property
/// counts.
#[derive(Default)]
struct Style {
    /// `display: none`.
    display: bool,
    /// `visibility: hidden` or `collapse`.
    visibility: bool,
    /// `font-size` of zero.
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

/// Whether a CSS length is zero, in any unit.
fn is_zero(length: &str) -> bool {
    let unit = length.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = &length[..length.len() - unit.len()];
    number.contains('0') && number.chars().all(|c| matches!(c, '0' | '.'))
}
