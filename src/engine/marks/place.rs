//! Finds out where a pattern is in a headline, slug, note or body, and whether it stands out there.
//!
//! In: a folded text and the occurrences of patterns in it. Out: for each occurrence that is in the
//! right place, how much it stands out.

use super::fold::FoldedText;
use super::order::Prominence;
use crate::text::first_chars;

/// Characters that may precede a mark at the start of a headline.
pub(super) const OPENERS: [char; 18] =
    ['(', '[', '*', ' ', '/', '+', '-', '【', '<', '>', '〔', '［', '「', '\'', '"', '"', '=', '«'];
/// Characters that may follow a mark before the punctuation that ends it.
const CLOSERS: [char; 20] = [
    '”', '“', '’', '‘', ' ', ')', ']', '】', '/', '*', '+', '<', '>', '〕', '」', '\'', '"', '!',
    '»', '\u{7}',
];
/// Maximum number of consecutive marks at the start of a headline: `RPT-UPDATE 1-...`.
const ROW_MAX: usize = 4;

/// A headline or slug, both as sent and as folded text.
pub(super) struct Line<'a> {
    /// As sent.
    pub(super) original: &'a str,
    /// Folded.
    pub(super) folded: FoldedText,
}

/// A mark at the start of a headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeadingSpot {
    /// How much it stands out.
    pub(super) prominence: Prominence,
    /// The offset of the text that follows it.
    pub(super) rest: usize,
}

impl<'a> Line<'a> {
    pub(super) fn of(original: &'a str) -> Self {
        Self::of_head(original, usize::MAX)
    }

    /// A line; only its first `chars` characters are searched.
    pub(super) fn of_head(original: &'a str, chars: usize) -> Self {
        let head = first_chars(original, chars);
        Self { original, folded: FoldedText::of(head) }
    }

    /// The original text of a range.
    pub(super) fn shown(&self, start: usize, end: usize) -> &'a str {
        let range = self.folded.origin(start)..self.folded.origin(end);
        self.original.get(range).unwrap_or_default()
    }

    /// The offset of the first character at or after `at` that is not one of [`OPENERS`].
    pub(super) fn skip_openers(&self, at: usize) -> usize {
        let text = &self.folded.text[at..];
        at + text.len() - text.trim_start_matches(OPENERS).len()
    }

    /// How much the mark at `start..end` stands out as a heading; `None` if it is not a heading.
    ///
    /// A heading must be followed by punctuation: `Kill: ...` is a heading, `Kill rates fall` is
    /// not. A hyphen counts as punctuation only if the mark is in capitals or contains a number:
    /// `KILL-Bridge`, not `Kill-switch`.
    pub(super) fn heading(&self, start: usize, end: usize) -> Option<HeadingSpot> {
        let text = &self.folded.text;
        let (mark, after) = (&text[start..end], &text[end..]);
        let numbered = mark.contains(['#', '@']);
        let capitals = self.is_capitals(start, end);
        let bracketed = text[..start].ends_with(['(', '[', '【', '〔', '［', '「', '+', '*'])
            || text[..start].trim_end().ends_with(['+', '*', '【', '[']);
        let closed_by_itself = mark.ends_with([':', ' ']) || mark.ends_with('-') && capitals;
        let next = after.trim_start_matches(CLOSERS);
        let spaced = after.starts_with(' ') && next.starts_with("- ");
        let hyphen = next.starts_with('-') && (capitals || numbered);
        let stepped = next.starts_with([':', '—', '=', '|']) || spaced || hyphen;
        let closed = after.starts_with([')', ']', '】', '/', '〕', '」'])
            || after.trim_start().starts_with(['+', '*', '】', ']']);
        let counted = numbered && after.starts_with([' ', ',']);
        let whole = next.trim_start_matches(['-', '.', ':', '=']).trim().is_empty();
        if !(closed_by_itself || stepped || closed || counted || whole) {
            return None;
        }
        let prominence = match () {
            () if whole && !text[..start].contains(char::is_alphanumeric) => Prominence::Alone,
            () if capitals || bracketed && closed => Prominence::Apart,
            () => Prominence::Plain,
        };
        let rest = next.trim_start_matches([':', '—', '-', '=', '|', ' ', '/']);
        Some(HeadingSpot { prominence, rest: text.len() - rest.len() })
    }

    /// Whether `start..end` is a whole line of a text, apart from punctuation.
    pub(super) fn is_line(&self, start: usize, end: usize) -> bool {
        let text = &self.folded.text;
        let words = |text: &str| text.contains(|c: char| c.is_alphanumeric() || c == '#');
        let before = text[..start].rsplit('\n').next().unwrap_or_default();
        let after = text[end..].split('\n').next().unwrap_or_default();
        !words(before) && !words(after)
    }

    /// How much `start..end` stands out at the end of the line, in brackets or not; `None` if it is
    /// not at the end.
    pub(super) fn tail(&self, start: usize, end: usize) -> Option<Prominence> {
        let text = &self.folded.text;
        let after = &text[end..];
        let bracketed = text[..start].ends_with(['(', '[', '【', '<'])
            && after.starts_with([')', ']', '】', '>'])
            && !after.contains(char::is_alphanumeric);
        if bracketed {
            return Some(Prominence::Apart);
        }
        let last = !after.contains(|c: char| c.is_alphanumeric() || c == '#');
        last.then_some(Prominence::Among)
    }

    /// Whether the character before `start` is a letter or digit.
    pub(super) fn joins_word(&self, start: usize) -> bool {
        self.folded.text[..start].ends_with(char::is_alphanumeric)
    }

    /// How much `start..end` stands out as the last word of a slug; only a number may follow.
    /// `None` for any other word, and for a part of a hyphenated slug, because such a part names a
    /// subject.
    pub(super) fn slug_tail(&self, start: usize, end: usize) -> Option<Prominence> {
        let text = &self.folded.text;
        let after = text[end..].trim_start_matches(|c: char| !c.is_alphanumeric());
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '#');
        let before = text[..start].trim_end();
        let joined = text[..start].ends_with(|c: char| c == '-' || c.is_alphanumeric());
        match () {
            () if after.contains(char::is_alphanumeric) || joined => None,
            () if before.is_empty() => Some(Prominence::Alone),
            () if before.ends_with([',', '(', '/', '[', ';']) => Some(Prominence::Apart),
            () => Some(Prominence::Plain),
        }
    }

    /// Whether a range is in capitals and stands out because of that: either the line also contains
    /// lower-case letters, or no letters with case follow the range.
    fn is_capitals(&self, start: usize, end: usize) -> bool {
        let mark = self.shown(start, end);
        let upper = mark.contains(char::is_uppercase) && !mark.contains(char::is_lowercase);
        // Some agencies write entire headlines in capitals; capitals then mean nothing.
        upper && (self.original.contains(char::is_lowercase) || !self.has_case_behind(end))
    }

    /// Whether letters with case follow.
    fn has_case_behind(&self, end: usize) -> bool {
        let rest = self.original.get(self.folded.origin(end)..).unwrap_or_default();
        rest.contains(|c: char| c.is_uppercase() || c.is_lowercase())
    }

    /// The offsets at which a heading may begin: the start of the line, and the end of each heading
    /// found so far. `longest` returns the end of the longest heading at an offset.
    pub(super) fn heading_starts(&self, longest: impl Fn(usize) -> Option<usize>) -> Vec<usize> {
        let mut starts = vec![self.skip_openers(0)];
        while starts.len() < ROW_MAX {
            let start = starts[starts.len() - 1];
            let Some(spot) = longest(start).and_then(|end| self.heading(start, end)) else { break };
            let next = self.skip_openers(spot.rest);
            if next <= start || next >= self.folded.text.len() {
                break;
            }
            starts.push(next);
        }
        starts
    }
}
