//! Builds the text of a body from its markup, and records the position of every character in the
//! source.
//!
//! In: the pieces of a body, or a plain text with entities. Out: [`Clean`] text, with white space
//! collapsed, entities decoded, and blocks separated by an empty line.

use super::super::{Anchor, Clean};
use super::hidden::{Attributes, Hidden};
use super::markup::{Markup, MarkupPiece, TagEffect, effect};
use html5gum::Tokenizer;

/// Builds the text. Anchors hold byte offsets of the source until [`finish`](Self::finish).
#[derive(Default)]
pub(super) struct TextBuilder {
    /// The text so far.
    pub(super) text: String,
    /// An anchor for each run copied from consecutive source bytes.
    anchors: Vec<Anchor>,
    /// The source offset after the last character. A character from another offset starts a new
    /// run.
    next: usize,
    /// White space to add before the next character.
    gap: PendingSpace,
}

/// White space to add before the next character, from weakest to strongest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum PendingSpace {
    #[default]
    None,
    Space,
    Line,
    Block,
}

impl TextBuilder {
    /// Adds the visible text of `markup`.
    pub(super) fn marked_up(&mut self, markup: &Markup<'_>, attributes: Attributes) {
        let hidden = Hidden::of(markup, attributes);
        let mut at = 0;
        while let Some(piece) = markup.pieces.get(at) {
            at += 1;
            match piece {
                MarkupPiece::Start(start) => {
                    self.part(effect(markup.name(start.name)));
                    at = hidden.end(at - 1, *start).unwrap_or(at);
                }
                MarkupPiece::End(name) => self.part(effect(markup.name(*name))),
                MarkupPiece::Text { start, end, value } => {
                    self.folded(markup.source.get(*start..*end).unwrap_or_default(), *start, value);
                }
            }
        }
    }

    /// Requests the white space of a tag.
    fn part(&mut self, effect: TagEffect) {
        let gap = match effect {
            TagEffect::Inline => PendingSpace::None,
            TagEffect::Cell => PendingSpace::Space,
            TagEffect::Line => PendingSpace::Line,
            TagEffect::Block => PendingSpace::Block,
        };
        self.gap = self.gap.max(gap);
    }

    /// Adds a character from byte `at` of the source.
    fn push(&mut self, c: char, at: usize) {
        if at != self.next || self.anchors.is_empty() {
            self.anchors.push(Anchor { clean: self.text.len() as u32, published: at as u32 });
        }
        self.text.push(c);
        self.next = at + c.len_utf8();
    }

    /// Adds the pending white space.
    fn settle(&mut self, at: usize) {
        let gap = std::mem::take(&mut self.gap);
        if self.text.is_empty() {
            return;
        }
        let space = match gap {
            PendingSpace::None => return,
            PendingSpace::Space => " ",
            PendingSpace::Line => "\n",
            PendingSpace::Block => "\n\n",
        };
        for c in space.chars() {
            self.push(c, at);
        }
    }

    /// Adds text with white space collapsed. `value` is `source` with entities decoded; `start` is
    /// the offset of `source` in the body.
    fn folded(&mut self, source: &str, start: usize, value: &str) {
        let mut at = start;
        let mut rest = source;
        let mut value = value.chars();
        while let Some(c) = value.next() {
            let skipped = left_out(rest, c, value.as_str());
            at += skipped;
            rest = &rest[skipped..];
            let (len, more) = match reference(rest) {
                Some((len, decoded)) if decoded.starts_with(c) => (len, decoded.chars().count()),
                _ => (rest.chars().next().map_or(0, char::len_utf8), 1),
            };
            self.fold_char(c, at);
            for c in value.by_ref().take(more - 1) {
                self.fold_char(c, at);
            }
            at += len;
            rest = rest.get(len..).unwrap_or_default();
        }
    }

    /// Adds a character, or requests a space if it is white space.
    fn fold_char(&mut self, c: char, at: usize) {
        if c.is_whitespace() {
            self.gap = self.gap.max(PendingSpace::Space);
        } else {
            self.settle(at);
            self.push(c, at);
        }
    }

    /// Adds plain text with entities decoded and white space unchanged.
    pub(super) fn decoded(&mut self, source: &str, start: usize) {
        let mut at = 0;
        while let Some(c) = source[at..].chars().next() {
            // In plain text, only a reference that ends with a semicolon is certainly a reference.
            let reference = reference(&source[at..]);
            let reference = reference.filter(|(len, _)| source[at..at + len].ends_with(';'));
            let (len, decoded) = match reference {
                Some((len, decoded)) => (len, decoded),
                None => (c.len_utf8(), c.to_string()),
            };
            for c in decoded.chars() {
                self.push(c, start + at);
            }
            at += len;
        }
    }

    /// Converts the anchors' byte offsets in the source to character offsets.
    pub(super) fn finish(self, source: &str) -> Clean {
        let Self { text, mut anchors, .. } = self;
        if !source.is_ascii() {
            let (mut bytes, mut chars) = (0, 0);
            for anchor in &mut anchors {
                let to = source.floor_char_boundary(anchor.published as usize).max(bytes);
                chars += source[bytes..to].chars().count();
                bytes = to;
                anchor.published = chars as u32;
            }
        }
        Clean { text, anchors, ..Clean::default() }
    }
}

/// Maximum length in bytes of a character reference.
const REFERENCE_MAX: usize = 34;

/// The character reference at the start of `text`: its length in bytes and its decoded text. As in
/// HTML, some references need no semicolon: `&ltb` is `<b`.
fn reference(text: &str) -> Option<(usize, String)> {
    let name = text.strip_prefix('&')?.bytes().take(REFERENCE_MAX);
    let name = name.take_while(|b| b.is_ascii_alphanumeric() || *b == b'#').count();
    if name == 0 {
        return None;
    }
    let end = 1 + name + usize::from(text.as_bytes().get(1 + name) == Some(&b';'));
    let run = &text[..end];
    let mut decoded = String::new();
    for token in Tokenizer::new(run).flatten() {
        if let html5gum::Token::String(value) = token {
            decoded.push_str(&String::from_utf8_lossy(&value));
        }
    }
    if decoded == run {
        return None;
    }
    // The characters after a reference without a semicolon are text.
    let both = run.bytes().rev().zip(decoded.bytes().rev());
    let text_behind = both.take_while(|(written, decoded)| written == decoded).count();
    decoded.truncate(decoded.len() - text_behind);
    (!decoded.is_empty()).then_some((end - text_behind, decoded))
}

/// The number of bytes at the start of `source` that the tokenizer leaves out before it returns `c`
/// and then `following`. It leaves out the `\r` of `\r\n`, and end tags without a name.
fn left_out(source: &str, c: char, following: &str) -> usize {
    let mut rest = source;
    loop {
        rest = match rest.strip_prefix("</>") {
            // In raw text, as in a title, `</>` is text.
            Some(behind) if c != '<' || !following.starts_with("/>") => behind,
            _ if c == '\n' && rest.starts_with("\r\n") => &rest[1..],
            _ => return source.len() - rest.len(),
        };
    }
}
