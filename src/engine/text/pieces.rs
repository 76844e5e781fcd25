//! The edge pieces of a text: what furniture consists of, if it has any that nobody listed.
//!
//! In: cleaned text and its words. Out: at most `PIECES_MAX` [`Piece`]s: at either edge the two
//! outermost paragraphs, the outermost line where it is no paragraph, and what stands before the
//! first lead's dash, colon or bracket, or behind the last one. A piece never is the whole text.
//!
//! ```text
//! Ost Port [Seltzwire], Friday: The ferry …     "Ost Port [Seltzwire]", "Ost Port [Seltzwire], Friday:"
//! … ran late.\n\nSeltzwire is owned by its readers.               the last paragraph
//! ```
//!
//! A line counts only where it can be no part of wrapped text: at the head one that is closed by a
//! mark or by a capital behind it, at the end one before which a sentence ends. The fragments of wrapped sentences ("the company
//! said.", "The bank said it") agree by chance.
//!
//! Whether a piece is furniture cannot be told from one text; the index counts where else it stands.
//!
//! Cost: a few hundred bytes at either edge are looked at, and each word of a piece is hashed again.

use super::Words;
use super::tokens::mix;
use std::ops::Range;

/// The most pieces of one text.
pub const PIECES_MAX: usize = 10;
/// Bytes of a paragraph that can be furniture.
const PARAGRAPH_MAX: usize = 600;
/// Bytes of a line, and of what stands before or behind a dash or bracket.
const LINE_MAX: usize = 120;
/// Paragraphs at either edge.
const PARAGRAPHS: usize = 2;
/// Prefixes of one lead.
const PREFIXES: usize = 3;

/// Where a piece stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Before the article's own text.
    Head,
    /// Behind it.
    Foot,
}

/// A piece of a text that may be furniture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it stands.
    pub edge: Edge,
    /// Its bytes in the text.
    pub bytes: Range<usize>,
    /// Its words, none of them past `words_max`.
    pub words: Range<usize>,
    /// Hash of its words: the content hash of a text of these words alone.
    pub hash: u64,
    /// Its words that are figures.
    pub figures: usize,
}

impl Piece {
    /// Its words that are no figures.
    pub fn plain_words(&self) -> usize {
        self.words.len() - self.figures
    }
}

/// The edge pieces of `text`, whose words are `words`; heads first, outermost first.
pub fn pieces(text: &str, words: &Words) -> Vec<Piece> {
    let mut found = Vec::with_capacity(PIECES_MAX);
    let mut add = |edge, bytes: Range<usize>| {
        let at = |byte: usize| words.spans.partition_point(|s| (s.0 as usize) < byte);
        let range = at(bytes.start)..at(bytes.end);
        let whole = range.len() == words.spans.len() || words.rest != 0 && edge == Edge::Foot;
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

/// The hash of words in order, as of a whole text.
pub fn hash(hashes: &[u64]) -> u64 {
    mix(hashes.iter().fold(1, |all, &hash| mix(all, hash)), 0).max(1)
}

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

/// The first line of a lead, and its prefixes.
fn lead(text: &str, start: usize, end: usize, add: &mut impl FnMut(Range<usize>)) {
    let line = text[start..end].find('\n').map_or(end, |at| start + at);
    if line < end && line - start <= LINE_MAX && !runs_on(text, start, line, end) {
        add(start..line);
    }
    let stop = floor(text, line.min(start + LINE_MAX));
    let mut left = PREFIXES;
    let mut before = ' ';
    for (at, c) in text[start..stop].char_indices() {
        let behind = start + at + c.len_utf8();
        let rest = &text[behind..];
        let apart = || rest.starts_with([' ', '\n', ',', '.', ':', '-', '–', '—']);
        let new = || !rest.trim_start().starts_with(char::is_lowercase);
        let closes = match c {
            '）' | '】' | '］' | '：' => true,
            ':' => apart(),
            ')' | ']' => apart() && new(),
            '-' | '–' | '—' | '/' | '|' | '>' => before.is_whitespace() && apart(),
            _ => false,
        };
        before = c;
        if closes && left > 0 {
            left -= 1;
            add(start..behind);
        }
    }
}

/// Whether a first line may be wrapped text that goes on in the next.
fn runs_on(text: &str, start: usize, line: usize, end: usize) -> bool {
    let closed = text[start..line].trim_end().ends_with(['.', ':', '!', '?', '|', '。', ')', ']']);
    !closed && text[line + 1..end].trim_start().starts_with(char::is_lowercase)
}

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

/// The last line of a close, and what stands behind its last dash or bracket.
fn close(text: &str, start: usize, end: usize, add: &mut impl FnMut(Range<usize>)) {
    let line = text[start..end].rfind('\n').map_or(start, |at| start + at + 1);
    let ends = |text: &str| {
        let bare = text.trim_end().trim_end_matches(['"', '”', '»', '’', '\'', ')', '」']);
        bare.ends_with(['.', '!', '?', '。', '؟', '…'])
    };
    if line > start && end - line <= LINE_MAX && ends(&text[..line]) {
        add(line..end);
    }
    let from = ceil(text, line.max(end.saturating_sub(LINE_MAX)));
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

/// The next line break from `from` on that ends a paragraph: the line behind it is blank or
/// indented. `None` where the text ends before.
fn next_break(text: &str, from: usize) -> Option<usize> {
    let rest = &text[from..];
    let mut breaks = memchr::memchr_iter(b'\n', rest.as_bytes()).map(|at| from + at);
    breaks.find(|&at| parts(text, at)).filter(|&at| !text[at..].trim_start().is_empty())
}

/// The last line break before `to` that begins a paragraph.
fn last_break(text: &str, to: usize) -> Option<usize> {
    memchr::memrchr_iter(b'\n', &text.as_bytes()[..to]).find(|&at| parts(text, at))
}

fn parts(text: &str, at: usize) -> bool {
    let behind = text.as_bytes().get(at + 1);
    let before = at.checked_sub(1).and_then(|i| text.as_bytes().get(i));
    behind.is_some_and(|b| b" \t\r\n".contains(b)) || before == Some(&b'\n')
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, words};
    use super::*;
    use crate::fingerprint::{self, Fingerprint, FloodKey};
    use proptest::prelude::*;

    fn shown(text: &str) -> Vec<(Edge, &str)> {
        let found = pieces(text, &words(text, &Settings::default()));
        found.into_iter().map(|p| (p.edge, text[p.bytes].trim())).collect()
    }

    #[test]
    fn edges_come_in_pieces() {
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
    fn a_piece_hashes_as_it_would_alone() {
        let text = "Seltzwire is ours.\n\nThe ferry ran late on Friday.";
        let found = pieces(text, &words(text, &Settings::default()));
        let alone = words("Seltzwire is ours.", &Settings::default());
        let print = Fingerprint::of(&alone, &fingerprint::Settings::default(), FloodKey(1));
        assert_eq!(found[0].hash, print.content);
    }

    proptest! {
        #[test]
        fn pieces_are_within_bounds_and_never_all(text in "[a-c.:() \\n\\-é（）]{0,200}") {
            let all = words(&text, &Settings::default());
            let found = pieces(&text, &all);
            prop_assert!(found.len() <= PIECES_MAX);
            for piece in found {
                prop_assert!(text.get(piece.bytes.clone()).is_some_and(|t| t.len() <= PARAGRAPH_MAX));
                prop_assert!(piece.words.len() < all.spans.len());
            }
        }
    }
}
