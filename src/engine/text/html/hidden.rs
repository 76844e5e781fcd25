//! Finds the pieces of a body that are not visible to a reader.
//!
//! In: a body in pieces. Out: for a start tag, the end of the hidden run that it begins.
//!
//! | element | hidden until |
//! |---|---|
//! | `head` | its end tag, or the first text or element that belongs to the body |
//! | `script`, `style` | its end tag, or the next block tag if it has none |
//! | `svg` | its end tag, or an HTML element outside `foreignObject` |
//! | `iframe`, `object`, `select`, ... ([`HIDDEN`]) | its end tag |
//! | elements hidden by attributes | its end tag; for `p`, `li`, ... also a tag that implies it |
//! | captions, asides, embedded posts, bold links ([`furniture`]) | its end tag |
//!
//! The end tag of an element that began earlier also ends the run, except for `head`, `script` and
//! `style`. A self-closing element hides nothing. If an element has no end tag and the table names
//! no other end, it hides nothing either, because the text after it may be the rest of the article.
//!
//! An end tag is paired with the latest open start tag of the same name. If there is none, the end
//! tag closes nothing.
//!
//! Cost: linear, because hidden runs are skipped.

use super::furniture;
use super::markup::{Markup, MarkupPiece, StartTag, TagEffect, effect};

/// Elements whose content is not part of the text.
const HIDDEN: [&[u8]; 8] = [
    b"iframe",
    b"noembed",
    b"noframes",
    b"noscript",
    b"object",
    b"select",
    b"template",
    b"textarea",
];

/// HTML elements that close an enclosing `svg`.
const OUT_OF_SVG: [&[u8]; 43] = [
    b"b",
    b"big",
    b"blockquote",
    b"body",
    b"br",
    b"center",
    b"code",
    b"dd",
    b"div",
    b"dl",
    b"dt",
    b"em",
    b"embed",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"hr",
    b"i",
    b"img",
    b"li",
    b"listing",
    b"menu",
    b"nobr",
    b"ol",
    b"p",
    b"pre",
    b"ruby",
    b"s",
    b"small",
    b"span",
    b"strong",
    b"strike",
    b"sub",
    b"sup",
    b"table",
    b"tt",
    b"u",
    b"ul",
    b"var",
];

/// Inline elements that belong to the body, not the head.
const IN_LINE: [&[u8]; 16] = [
    b"a", b"b", b"big", b"center", b"em", b"font", b"i", b"img", b"q", b"s", b"small", b"span",
    b"strong", b"sub", b"sup", b"u",
];

/// Whether attributes such as `hidden` are respected when deciding what is visible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Attributes {
    Respected,
    Ignored,
}

/// Finds the hidden parts of a body.
pub(super) struct Hidden<'a> {
    /// The body, in pieces.
    markup: &'a Markup<'a>,
    /// Whether attributes can hide elements.
    attributes: Attributes,
    /// For each piece that is a tag, the index of the matching end or start tag.
    partners: Vec<Option<usize>>,
    /// Index of the last tag that begins or ends a block, line or cell.
    last_block: Option<usize>,
}

impl<'a> Hidden<'a> {
    /// Pairs the start and end tags of `markup`.
    pub(super) fn of(markup: &'a Markup<'a>, attributes: Attributes) -> Self {
        let mut partners = vec![None; markup.pieces.len()];
        let mut open: Vec<Vec<usize>> = vec![Vec::new(); markup.names()];
        let mut last_block = None;
        for (at, piece) in markup.pieces.iter().enumerate() {
            let name = match piece {
                MarkupPiece::Text { .. } => continue,
                MarkupPiece::Start(start) => {
                    if !start.empty {
                        open[start.name.index()].push(at);
                    }
                    start.name
                }
                MarkupPiece::End(name) => {
                    if let Some(start) = open[name.index()].pop() {
                        partners[start] = Some(at);
                        partners[at] = Some(start);
                    }
                    *name
                }
            };
            if effect(markup.name(name)) != TagEffect::Inline {
                last_block = Some(at);
            }
        }
        Self { markup, attributes, partners, last_block }
    }

    /// The index after the hidden run that begins with the start tag at `at`; `None` if the tag
    /// begins no hidden run.
    pub(super) fn end(&self, at: usize, start: StartTag) -> Option<usize> {
        if start.empty {
            return None;
        }
        let name = self.markup.name(start.name);
        match name {
            b"head" => Some(self.head(at)),
            b"script" | b"style" => match self.partners[at] {
                Some(close) => Some(close + 1),
                None => self.next_block(at),
            },
            b"svg" => {
                let mut page = 0u32;
                self.until(at, self.partners[at]?, |piece| self.leaves_svg(piece, &mut page))
            }
            _ if HIDDEN.contains(&name) => self.until(at, self.partners[at]?, |_| false),
            _ if self.attributes == Attributes::Ignored => None,
            _ if start.concealed => self.concealed(at, name),
            _ => {
                let close = self.partners[at]?;
                furniture::is_short(self.markup, at, close, start.aside, name)
                    .then(|| self.until(at, close, |_| false))?
            }
        }
    }

    /// The end of the hidden run of the element at `at`, which is hidden by its attributes.
    fn concealed(&self, at: usize, name: &[u8]) -> Option<usize> {
        let close = self.partners[at];
        let Some(ending) = Ending::of(name) else { return self.until(at, close?, |_| false) };
        let Some(close) = close else { return self.next_block(at) };
        let mut depth = 0u32;
        self.until(at, close, |piece| match piece {
            MarkupPiece::Text { .. } => false,
            MarkupPiece::Start(start) => {
                let name = self.markup.name(start.name);
                let ends = depth == 0 && ending.before(name);
                depth += u32::from(ending.holders.contains(&name) && !start.empty);
                ends
            }
            MarkupPiece::End(end) => {
                if ending.holders.contains(&self.markup.name(*end)) {
                    depth = depth.saturating_sub(1);
                }
                false
            }
        })
    }

    /// The end of the run from `at` to its end tag at `close`. The run ends earlier at a piece for
    /// which `stops` is true, or at the end tag of an element that began before `at`.
    fn until(
        &self,
        at: usize,
        close: usize,
        mut stops: impl FnMut(&MarkupPiece) -> bool,
    ) -> Option<usize> {
        for (inner, piece) in self.markup.pieces[..close].iter().enumerate().skip(at + 1) {
            let outer = matches!(piece, MarkupPiece::End(_))
                && self.partners[inner].is_some_and(|start| start < at);
            if outer || stops(piece) {
                return Some(inner);
            }
        }
        Some(close + 1)
    }

    /// Whether `piece` ends the `svg` around it. `page` counts the open `foreignObject` elements.
    fn leaves_svg(&self, piece: &MarkupPiece, page: &mut u32) -> bool {
        match piece {
            MarkupPiece::Text { .. } => false,
            MarkupPiece::Start(start) => {
                let name = self.markup.name(start.name);
                *page += u32::from(name == b"foreignobject" && !start.empty);
                *page == 0 && OUT_OF_SVG.contains(&name)
            }
            MarkupPiece::End(name) => {
                if self.markup.name(*name) == b"foreignobject" {
                    *page = page.saturating_sub(1);
                }
                false
            }
        }
    }

    /// The end of the `head` that begins at `at`.
    fn head(&self, at: usize) -> usize {
        let mut next = at + 1;
        while let Some(piece) = self.markup.pieces.get(next) {
            match piece {
                MarkupPiece::Text { value, .. } if value.trim().is_empty() => next += 1,
                MarkupPiece::Text { .. } => return next,
                MarkupPiece::End(name) => match self.markup.name(*name) {
                    b"head" => return next + 1,
                    b"body" | b"html" => return next,
                    _ => next += 1,
                },
                MarkupPiece::Start(start) => match self.in_head(next, *start) {
                    Some(after) => next = after,
                    None => return next,
                },
            }
        }
        next
    }

    /// The index after the element at `at`, if it belongs to the head; `None` if it belongs to the
    /// body.
    fn in_head(&self, at: usize, start: StartTag) -> Option<usize> {
        let name = self.markup.name(start.name);
        if matches!(name, b"script" | b"style") {
            return Some(self.end(at, start).unwrap_or(at + 1));
        }
        let of_body =
            effect(name) != TagEffect::Inline && name != b"title" || IN_LINE.contains(&name);
        if of_body {
            return None;
        }
        Some(self.partners[at].map_or(at + 1, |close| close + 1))
    }

    /// The next tag after `at` that begins or ends a block, line or cell.
    fn next_block(&self, at: usize) -> Option<usize> {
        let last = self.last_block.filter(|last| *last > at)?;
        (at + 1..=last).find(|&next| match &self.markup.pieces[next] {
            MarkupPiece::Text { .. } => false,
            MarkupPiece::Start(StartTag { name, .. }) | MarkupPiece::End(name) => {
                effect(self.markup.name(*name)) != TagEffect::Inline
            }
        })
    }
}

/// How an element with an optional end tag ends.
struct Ending {
    /// Start tags that end the element.
    before: Before,
    /// Nested elements inside which those start tags do not end the element.
    holders: &'static [&'static [u8]],
}

/// The start tags that end an element.
enum Before {
    Block,
    Names(&'static [&'static [u8]]),
}

impl Ending {
    /// `None` for elements whose end tag is required.
    fn of(name: &[u8]) -> Option<Self> {
        let (before, holders): (Before, &'static [&'static [u8]]) = match name {
            b"p" => (Before::Block, &[]),
            b"li" => (Before::Names(&[b"li"]), &[b"ul", b"ol", b"menu"]),
            b"dt" | b"dd" => (Before::Names(&[b"dt", b"dd"]), &[b"dl"]),
            b"td" | b"th" => {
                (Before::Names(&[b"td", b"th", b"tr", b"tbody", b"thead", b"tfoot"]), &[b"table"])
            }
            b"tr" => (Before::Names(&[b"tr", b"tbody", b"thead", b"tfoot"]), &[b"table"]),
            b"tbody" | b"thead" | b"tfoot" => {
                (Before::Names(&[b"tbody", b"thead", b"tfoot"]), &[b"table"])
            }
            _ => return None,
        };
        Some(Self { before, holders })
    }

    /// Whether a start tag `name` ends the element.
    fn before(&self, name: &[u8]) -> bool {
        match self.before {
            Before::Block => effect(name) == TagEffect::Block,
            Before::Names(names) => names.contains(&name),
        }
    }
}
