//! The edge pieces of a text: the parts that may be boilerplate although they are not listed.
//!
//! In: cleaned text and its words. Out: at most [`PIECES_MAX`] [`Piece`]s. At each edge, the two
//! outermost paragraphs are pieces, and so is the outermost line if it is not a whole paragraph.
//! Further pieces are the prefixes of the first line that end with a separator (dash, slash, bar,
//! `>`, colon or closing bracket), and the suffix of the last line that starts with a dash or
//! opening bracket. A piece is never the whole text.
//!
//! ```text
//! Ost Port [Seltzwire], Friday: The ferry …            "Ost Port [Seltzwire]",
//!                                                      "Ost Port [Seltzwire], Friday:"
//! … ran late.\n\nSeltzwire is owned by its readers.    the last paragraph
//! ```
//!
//! A line is a piece only if it cannot be part of wrapped text. A first line must end with
//! punctuation, or the next line must not begin with a lower-case letter. The text before a last
//! line must end a sentence. Otherwise fragments of wrapped sentences ("the company said.", "The
//! bank said it") would match by chance.
//!
//! A single text does not show whether a piece is boilerplate. The state machine decides this from
//! the other articles that contain the piece.
//!
//! Cost: examines a few hundred bytes at each edge, and combines the word hashes of each piece
//! once.

use super::Words;
use super::tokens::mix;
use std::ops::Range;

/// Maximum number of pieces returned for one text.
pub const PIECES_MAX: usize = 10;
/// Maximum length in bytes of a paragraph that can be a piece.
const PARAGRAPH_MAX: usize = 600;
/// Maximum length in bytes of a line, prefix or suffix that can be a piece.
const LINE_MAX: usize = 120;
/// Number of paragraphs examined at each edge.
const PARAGRAPHS: usize = 2;
/// Maximum number of prefixes of the first line.
const PREFIXES: usize = 3;

/// The edge of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Before the article's own text.
    Head,
    /// After the article's own text.
    Foot,
}

/// A part at the edge of a text that may be boilerplate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The edge at which the piece is.
    pub edge: Edge,
    /// Byte range in the text.
    pub bytes: Range<usize>,
    /// Word range in [`Words`]; words beyond `words_max` are not included.
    pub words: Range<usize>,
    /// Hash of the words. Equals the content hash of a text that consists only of these words.
    pub hash: u64,
    /// Number of words that are figures.
    pub figures: usize,
}

impl Piece {
    /// Number of words that are not figures.
    pub fn plain_words(&self) -> usize {
        self.words.len() - self.figures
    }
}

/// The edge pieces of `text`, whose words are `words`: first those at the head, then those at the
/// foot.
pub fn pieces(text: &str, words: &Words) -> Vec<Piece> {
    let mut found = Vec::with_capacity(PIECES_MAX);
    let mut add = |edge, bytes: Range<usize>| {
        let at = |byte: usize| words.spans.partition_point(|s| (s.0 as usize) < byte);
        let range = at(bytes.start)..at(bytes.end);
        let whole =
            range.len() == words.spans.len() || words.overflow_hash != 0 && edge == Edge::Foot;
        let known = |p: &Piece| p.edge == edge && p.words == range;
        if !range.is_empty() && !whole && found.len() < PIECES_MAX && !found.iter().any(known) {
            let figures = words.figures.partition_point(|f| (f.word as usize) < range.end)
                - words.figures.partition_point(|f| (f.word as usize) < range.start);
            let hash = hash(&words.hashes[range.clone()]);
            found.push(Piece { edge, bytes, words: range, hash, figures });
        }
    };
    heads(text, &mut |bytes| add(Edge::Head, bytes));
    feet(text, &mut |bytes| add(Edge::Foot, bytes));
    found
}

/// The content hash of a text with these word hashes.
pub fn hash(hashes: &[u64]) -> u64 {
    mix(hashes.iter().fold(1, |all, &hash| mix(all, hash)), 0).max(1)
}

/// Adds the pieces at the head of `text`.
fn heads(text: &str, add: &mut impl FnMut(Range<usize>)) {
    let mut start = text.len() - text.trim_start().len();
    for at in 0..PARAGRAPHS {
        let Some(end) = next_break(text, start) else {
            if at == 0 {
                lead(text, start, text.len(), add);
            }
            return;
        };
        if at == 0 {
            lead(text, start, end, add);
        }
        if end - start > PARAGRAPH_MAX {
            return;
        }
        add(start..end);
        start = end + (text.len() - end - text[end..].trim_start().len());
    }
}

/// Adds the first line of the first paragraph, and its prefixes.
fn lead(text: &str, start: usize, end: usize, add: &mut impl FnMut(Range<usize>)) {
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    if line < end && line - start <= LINE_MAX && !runs_on(text, start, line, end) {
        add(start..line);
    }
    let stop = text.floor_char_boundary(line.min(start + LINE_MAX));
    let mut left = PREFIXES;
    let mut before = ' ';
    for (at, c) in text[start..stop].char_indices() {
        let after = start + at + c.len_utf8();
        let rest = &text[after..];
        let separated = || rest.starts_with([' ', '\n', ',', '.', ':', '-', '–', '—']);
        let new = || !rest.trim_start().starts_with(char::is_lowercase);
        let closes = match c {
            '）' | '】' | '］' | '：' => true,
            ':' => separated(),
            ')' | ']' => separated() && new(),
            '-' | '–' | '—' | '/' | '|' | '>' => before.is_whitespace() && separated(),
            _ => false,
        };
        before = c;
        if closes && left > 0 {
            left -= 1;
            add(start..after);
        }
    }
}

/// Whether the first line, which ends at `line`, may be wrapped text that continues on the next
/// line.
fn runs_on(text: &str, start: usize, line: usize, end: usize) -> bool {
    let closed = text[start..line].trim_end().ends_with(['.', ':', '!', '?', '|', '。', ')', ']']);
    !closed && text[line + 1..end].trim_start().starts_with(char::is_lowercase)
}

/// Adds the pieces at the foot of `text`.
fn feet(text: &str, add: &mut impl FnMut(Range<usize>)) {
    let mut end = text.trim_end().len();
    for at in 0..PARAGRAPHS {
        let start = last_break(text, end).map_or(0, |at| at + 1);
        if at == 0 {
            close(text, start, end, add);
        }
        if end - start > PARAGRAPH_MAX || start == 0 {
            return;
        }
        add(start..end);
        end = text[..start].trim_end().len();
    }
}

/// Adds the last line of the last paragraph, and its suffix that starts at the last dash or
/// bracket.
fn close(text: &str, start: usize, end: usize, add: &mut impl FnMut(Range<usize>)) {
    let line = text[start..end].rfind('\n').map_or(start, |at| start + at + 1);
    let ends = |text: &str| {
        let bare = text.trim_end().trim_end_matches(['"', '”', '»', '’', '\'', ')', '」']);
        bare.ends_with(['.', '!', '?', '。', '؟', '…'])
    };
    if line > start && end - line <= LINE_MAX && ends(&text[..line]) {
        add(line..end);
    }
    let from = text.ceil_char_boundary(line.max(end.saturating_sub(LINE_MAX)));
    let shown = text[from..end].trim_end_matches('.');
    let closed = shown.ends_with([')', ']', '）', '】']);
    let marks = [" -- ", " – ", " — ", " - ", " (", " [", "（", "【"];
    let marks = if closed { &marks[4..] } else { &marks[..4] };
    let begins = |rest: &str| marks.iter().any(|mark| rest.starts_with(mark));
    let mut tails = text[from..end].char_indices().rev().filter(|(_, c)| !c.is_alphanumeric());
    if let Some((at, _)) = tails.find(|(at, _)| begins(&text[from + at..end])) {
        add(from + at..end);
    }
}

/// The first line break at or after `from` that ends a paragraph. `None` if no text follows it.
fn next_break(text: &str, from: usize) -> Option<usize> {
    let rest = &text[from..];
    let mut breaks = memchr::memchr_iter(b'\n', rest.as_bytes()).map(|at| from + at);
    breaks
        .find(|&at| separates_paragraphs(text, at))
        .filter(|&at| !text[at..].trim_start().is_empty())
}

/// The last line break before `to` that begins a paragraph.
fn last_break(text: &str, to: usize) -> Option<usize> {
    memchr::memrchr_iter(b'\n', &text.as_bytes()[..to]).find(|&at| separates_paragraphs(text, at))
}

/// Whether the line break at `at` separates paragraphs: the next line is blank or indented, or the
/// line that it ends is blank.
fn separates_paragraphs(text: &str, at: usize) -> bool {
    let after = text.as_bytes().get(at + 1);
    let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
    after.is_some_and(|b| b" \t\r\n".contains(b)) || before == Some(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, words};
    use super::*;
    use crate::fingerprint::{self, Fingerprint, SamplingKey};
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<(Edge, &str)> {
        let found = pieces(text, &words(text, &Limits::default()));
        found.into_iter().map(|p| (p.edge, text[p.bytes].trim())).collect()
    }

    #[test]
    fn finds_the_edge_pieces_of_texts() {
        use Edge::{Foot, Head};
        for (text, want) in [
            ("One line alone.", vec![]),
            (
                "Home / Trade\n\nThe ferry ran.\n\nSeltzwire is ours.",
                vec![
                    (Head, "Home /"),
                    (Head, "Home / Trade"),
                    (Head, "The ferry ran."),
                    (Foot, "Seltzwire is ours."),
                    (Foot, "The ferry ran."),
                ],
            ),
            (
                "OST [Seltzwire], Friday: The ferry ran.",
                vec![(Head, "OST [Seltzwire]"), (Head, "OST [Seltzwire], Friday:")],
            ),
            (
                "Filed early.\nThe ferry ran\nlate, he said.\nEND SELTZ",
                vec![(Head, "Filed early."), (Foot, "END SELTZ")],
            ),
            ("The ferry ran\nlate, he said.", vec![]),
            ("Seltz exclusive\nThe ferry ran.", vec![(Head, "Seltz exclusive")]),
            ("The harbour office (HO) said so.", vec![]),
            ("（北港 3日）船が出た。（了）", vec![(Head, "（北港 3日）"), (Foot, "（了）")]),
        ] {
            assert_eq!(shown(text), want, "{text}");
        }
    }

    #[test]
    fn the_hash_of_a_piece_is_its_content_hash_as_a_text() {
        let text = "Seltzwire is ours.\n\nThe ferry ran late on Friday.";
        let found = pieces(text, &words(text, &Limits::default()));
        let alone = words("Seltzwire is ours.", &Limits::default());
        let print = Fingerprint::of(&alone, &fingerprint::Limits::default(), SamplingKey(1));
        assert_eq!(found[0].hash, print.content_hash);
    }

    proptest! {
        #[test]
        fn pieces_are_bounded_and_never_the_whole_text(text in "[a-c.:() \\n\\-é（）]{0,200}") {
            let all = words(&text, &Limits::default());
            let found = pieces(&text, &all);
            prop_assert!(found.len() <= PIECES_MAX);
            for piece in found {
                let shown = text.get(piece.bytes.clone());
                prop_assert!(shown.is_some_and(|t| t.len() <= PARAGRAPH_MAX));
                prop_assert!(piece.words.len() < all.spans.len());
            }
        }
    }
}
