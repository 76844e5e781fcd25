//! Markup to text, every character still knowing where it stood.
//!
//! In: a published body. Out: [`Clean`] text without tags, entities decoded, white space folded,
//! blocks parted by an empty line. Script, style and comments go. Tokens are those of the WHATWG
//! specification, so that hostile and broken markup reads as a browser reads it.
//!
//! A body that is said to be plain is read as markup when it holds an end tag, a paragraph or a line
//! break tag; else as it is, with its entities decoded. (`<ABC>` alone is a ticker, not a tag.)

use super::{Anchor, Clean};
use crate::engine::article::Body;
use html5gum::Tokenizer;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use memchr::{memchr, memchr_iter};
use std::convert::Infallible;

/// The text of a body.
pub(super) fn text(body: &Body) -> Clean {
    if let Some(source) = plain(body) {
        let anchors = vec![Anchor { clean: 0, published: 0 }];
        return Clean { text: source.to_owned(), anchors };
    }
    let source = body.published();
    let mut build = Build::default();
    if matches!(body, Body::Html(_)) || marked_up(source.as_bytes()) {
        tokens(source, &mut build);
    } else {
        build.decoded(source, 0);
    }
    build.finish(source)
}

/// The text of a body that holds neither markup nor entities.
pub(super) fn plain(body: &Body) -> Option<&str> {
    let Body::Plain(text) = body else { return None };
    let bytes = text.as_bytes();
    (!marked_up(bytes) && memchr(b'&', bytes).is_none()).then_some(text)
}

/// Whether a body that is said to be plain holds markup.
fn marked_up(bytes: &[u8]) -> bool {
    memchr_iter(b'<', bytes).any(|at| {
        let rest = &bytes[at + 1..];
        let is = |name: &[u8]| {
            rest.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name))
                && rest.get(name.len()).is_some_and(|b| b" />".contains(b))
        };
        (rest.first() == Some(&b'/') && rest.get(1).is_some_and(u8::is_ascii_alphabetic))
            || is(b"p")
            || is(b"br")
    })
}

/// What a tag does to the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Inline,
    Cell,
    Line,
    Block,
    Hidden,
}

fn effect(tag: &[u8]) -> Effect {
    match tag {
        b"script" | b"style" | b"noscript" | b"template" | b"head" | b"iframe" | b"svg"
        | b"object" | b"textarea" | b"select" => Effect::Hidden,
        b"br" | b"tr" => Effect::Line,
        b"td" | b"th" => Effect::Cell,
        b"p" | b"div" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"hr" | b"li" | b"ul"
        | b"ol" | b"dl" | b"dt" | b"dd" | b"table" | b"thead" | b"tbody" | b"blockquote"
        | b"pre" | b"section" | b"article" | b"header" | b"footer" | b"aside" | b"nav"
        | b"figure" | b"figcaption" | b"main" | b"body" | b"address" | b"form" | b"block"
        | b"title" | b"media" | b"hl2" => Effect::Block,
        _ => Effect::Inline,
    }
}

/// A piece of markup, in order.
enum Piece {
    Text { start: usize, end: usize, value: String },
    Open(Effect),
    Close(Effect),
}

fn tokens(source: &str, build: &mut Build) {
    let callback = |event: CallbackEvent<'_>, span: html5gum::Span<usize>| match event {
        CallbackEvent::OpenStartTag { name } => Some(Piece::Open(effect(name))),
        CallbackEvent::EndTag { name } => Some(Piece::Close(effect(name))),
        CallbackEvent::String { value } => Some(Piece::Text {
            start: span.start,
            end: span.end,
            value: String::from_utf8_lossy(value).into_owned(),
        }),
        _ => None,
    };
    let mut emitter = CallbackEmitter::new(callback);
    emitter.naively_switch_states(true);
    let mut hidden = 0u32;
    for piece in Tokenizer::new_with_emitter(source, emitter) {
        match infallible(piece) {
            Piece::Open(Effect::Hidden) => hidden += 1,
            Piece::Close(Effect::Hidden) => hidden = hidden.saturating_sub(1),
            Piece::Open(effect) | Piece::Close(effect) if hidden == 0 => build.part(effect),
            Piece::Text { start, end, value } if hidden == 0 => {
                build.folded(source.get(start..end).unwrap_or_default(), start, &value);
            }
            _ => {}
        }
    }
}

fn infallible(piece: Result<Piece, Infallible>) -> Piece {
    match piece {
        Ok(piece) => piece,
        Err(never) => match never {},
    }
}

/// Text in the making, with byte offsets of the source.
#[derive(Default)]
struct Build {
    text: String,
    anchors: Vec<Anchor>,
    next: usize,
    gap: Gap,
}

/// White space that is due before the next character.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Block,
}

impl Build {
    fn part(&mut self, effect: Effect) {
        let gap = match effect {
            Effect::Inline | Effect::Hidden => Gap::None,
            Effect::Cell => Gap::Space,
            Effect::Line => Gap::Line,
            Effect::Block => Gap::Block,
        };
        self.gap = self.gap.max(gap);
    }

    /// Adds a character that stands at byte `at` of the source.
    fn push(&mut self, c: char, at: usize) {
        if at != self.next || self.anchors.is_empty() {
            self.anchors.push(Anchor { clean: self.text.len() as u32, published: at as u32 });
        }
        self.text.push(c);
        self.next = at + c.len_utf8();
    }

    /// Adds the white space that is due.
    fn settle(&mut self, at: usize) {
        let gap = std::mem::take(&mut self.gap);
        if self.text.is_empty() {
            return;
        }
        let space = match gap {
            Gap::None => return,
            Gap::Space => " ",
            Gap::Line => "\n",
            Gap::Block => "\n\n",
        };
        for c in space.chars() {
            self.push(c, at);
        }
    }

    /// Adds text with its white space folded. `value` is `source` with entities decoded; `start` is
    /// where `source` begins.
    fn folded(&mut self, source: &str, start: usize, value: &str) {
        let mut at = start;
        let mut rest = source;
        let mut value = value.chars();
        while let Some(c) = value.next() {
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

    fn fold_char(&mut self, c: char, at: usize) {
        if c.is_whitespace() {
            self.gap = self.gap.max(Gap::Space);
        } else {
            self.settle(at);
            self.push(c, at);
        }
    }

    /// Adds plain text with its entities decoded and its white space as it is.
    fn decoded(&mut self, source: &str, start: usize) {
        let mut at = 0;
        while let Some(c) = source[at..].chars().next() {
            let (len, decoded) = match reference(&source[at..]) {
                Some((len, decoded)) => (len, decoded),
                None => (c.len_utf8(), c.to_string()),
            };
            for c in decoded.chars() {
                self.push(c, start + at);
            }
            at += len;
        }
    }

    /// Turns byte offsets of the source into character offsets.
    fn finish(self, source: &str) -> Clean {
        let Self { text, mut anchors, .. } = self;
        if !source.is_ascii() {
            let (mut bytes, mut chars) = (0, 0);
            for anchor in &mut anchors {
                let to = (anchor.published as usize).min(source.len());
                chars += source.get(bytes..to).map_or(0, |s| s.chars().count());
                bytes = to;
                anchor.published = chars as u32;
            }
        }
        Clean { text, anchors }
    }
}

/// A character reference at the start of `text`: its length in bytes and what it stands for.
fn reference(text: &str) -> Option<(usize, String)> {
    const LONGEST: usize = 34;
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'&') {
        return None;
    }
    let len = memchr(b';', &bytes[..bytes.len().min(LONGEST)])? + 1;
    let name = &bytes[1..len - 1];
    let named = !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'#');
    if !named {
        return None;
    }
    let mut decoded = String::new();
    for token in Tokenizer::new(&text[..len]).flatten() {
        if let html5gum::Token::String(value) = token {
            decoded.push_str(&String::from_utf8_lossy(&value));
        }
    }
    (!decoded.is_empty() && decoded != text[..len]).then_some((len, decoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn html(source: &str) -> Clean {
        text(&Body::Html(source.into()))
    }

    #[test]
    fn markup_becomes_text() {
        for (source, want) in [
            ("<p>One <b>two</b>.</p>\n<p>Three</p>", "One two.\n\nThree"),
            ("a<br/>b<br>c", "a\nb\nc"),
            ("x<script>if (a < b) alert('<p>')</script>y", "xy"),
            ("<style>p {}</style>z", "z"),
            ("a &amp; b &lt;c&gt; &#8364;5 &nbsp; d", "a & b <c> €5 d"),
            ("<img src=x onerror=alert(1)>pic", "pic"),
            ("<td>1</td><td>2</td>", "1 2"),
            ("<!-- no -->yes<p", "yes"),
            ("caf&eacute; &unknown; AT&T", "café &unknown; AT&T"),
            ("", ""),
        ] {
            assert_eq!(html(source).text, want, "{source}");
        }
    }

    #[test]
    fn plain_bodies_are_read_as_they_are_meant() {
        let plain = |source: &str| text(&Body::Plain(source.into())).text;
        assert_eq!(plain("Oil Co <ABC> fell\n  to 3"), "Oil Co <ABC> fell\n  to 3");
        assert_eq!(plain("Tom &amp; Co\n<ABC>"), "Tom & Co\n<ABC>");
        assert_eq!(plain("<p>One</p><p>Two"), "One\n\nTwo");
        assert_eq!(plain("a < b and c > d"), "a < b and c > d");
    }

    #[test]
    fn characters_know_where_they_stood() {
        for source in ["<p>Größe &amp; <i>Maß</i></p><p>zwei</p>", "ü &euro; x", "plain"] {
            for clean in [html(source), text(&Body::Plain(source.into()))] {
                let published: Vec<char> = source.chars().collect();
                for (at, c) in clean.text.char_indices().filter(|(_, c)| c.is_alphabetic()) {
                    let place = clean.published(at) as usize;
                    assert_eq!(published[place], c, "{source}: {at} {:?}", clean.anchors);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_markup_breaks_it(source in "[a-z<>/&;#x0-9 \\né!-]{0,120}") {
            let clean = html(&source);
            let chars = source.chars().count() as u32;
            prop_assert!((0..=clean.text.len())
                .filter(|at| clean.text.is_char_boundary(*at))
                .all(|at| clean.published(at) <= chars + 1));
        }
    }
}
