//! Strips the marks from headlines and slugs, so that what remains can serve as a name.
//!
//! ```text
//! CORRECTED-UPDATE 1-Bridge reopens       Bridge reopens
//! Bridge reopens (update)                 Bridge reopens
//! BC-NW--Ferry-Marel, 3rd Ld-Writethru    BC-NW--Ferry-Marel
//! BC-NW--CORRECTION-Ferry                 BC-NW--Ferry
//! ```

use super::MarkPosition;
use super::order::Prominence;
use super::phrases::{self, Owner};
use super::place::Line;
use std::borrow::Cow;

/// Maximum number of commas, brackets and equals signs in a slug that are examined as the possible
/// start of a version mark.
const SIGNS_MAX: usize = 16;
/// Number of characters after a comma, bracket or equals sign that are searched for a mark; more
/// than the longest mark of a slug has.
const MARK_CHARS_MAX: usize = 64;

/// A headline without the marks at its start and the bracketed marks at its end.
pub fn bare_headline(name: &str) -> &str {
    let line = Line::of(name);
    let found = phrases::find(&line.folded);
    let is_mark = |o: &&phrases::Occurrence| match o.owner {
        Owner::Row(row, _) => row.places.contains(&MarkPosition::Headline),
        Owner::Cue(_) => false,
    };
    let headings = || found.iter().filter(is_mark);
    let mut start = line.skip_openers(0);
    loop {
        let at = headings().filter(|o| o.start == start);
        let rests = at.filter_map(|o| Some((o.end, behind(&line.folded.text, o.end)?)));
        let Some((_, rest)) = rests.max() else { break };
        if rest <= start || rest >= line.folded.text.len() {
            break;
        }
        start = line.skip_openers(rest);
    }
    let tails = headings().filter(|o| line.tail(o.start, o.end) == Some(Prominence::Apart));
    let end = tails.map(|o| o.start).min().unwrap_or(line.folded.text.len()).max(start);
    let shown = line.shown(start, end).trim_end_matches(['(', '[', '【', ' ']);
    if shown.chars().any(char::is_alphanumeric) { shown } else { name }
}

/// Whether a text consists only of a mark.
pub(super) fn is_mark(text: &str) -> bool {
    let line = Line::of(text.trim_matches(|c: char| !c.is_alphanumeric()));
    let whole = |o: &phrases::Occurrence| o.start == 0 && o.end == line.folded.text.len();
    phrases::find(&line.folded).iter().any(|o| whole(o) && matches!(o.owner, Owner::Row(..)))
}

/// The offset after the punctuation that follows a mark whose last character is before `end`.
/// `None` if no such punctuation follows. Does not depend on the case of the mark.
fn behind(text: &str, end: usize) -> Option<usize> {
    let next = text[end..].trim_start_matches([' ', ')', ']', '】', '/', '*', '+', '\'', '!']);
    let bracketed = text[end..].starts_with([')', ']', '】']) || text[end..].starts_with(" +");
    let rest = next.trim_start_matches([':', '—', '-', '=', '|', ' ']);
    let closed = rest.len() < next.len() || bracketed || text[..end].ends_with(['-', ':']);
    closed.then_some(text.len() - rest.len())
}

/// A slug without its version marks and codes. A comma, bracket or equals sign ends the root only
/// if an ordinal, a number or a mark follows, so that a headline used as a slug keeps its commas.
pub fn slug_root(name: &str) -> Cow<'_, str> {
    let mut root = name.trim();
    for (at, sign) in name.match_indices([',', '(', '=']).take(SIGNS_MAX) {
        if is_versioned(&name[at..], sign.len()) {
            root = name[..at].trim_end();
            break;
        }
    }
    while let Some(before) = without_last_mark(root) {
        root = before;
    }
    let root = if root.is_empty() { name.trim() } else { root };
    without_inner_mark(root)
}

/// Whether the rest of a slug, `text`, states a version or a mark, as in `=2` or `, 2nd Ld`. The
/// rest begins with a comma, bracket or equals sign, `sign` bytes long.
fn is_versioned(text: &str, sign: usize) -> bool {
    let rest = text[sign..].trim_start();
    let bare = rest.trim_matches([')', ' ']);
    // A number alone, as in `=2` or `, 412`, or a code such as `V9991`.
    let code = bare.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let number = !code.is_empty() && code.bytes().all(|b| b.is_ascii_digit());
    if number && bare.len() - code.len() <= 1 {
        return true;
    }
    let line = Line::of_head(rest, MARK_CHARS_MAX);
    let ordinal = line.folded.text.starts_with('@');
    let counted = line.folded.text.trim_start_matches('@').trim_start();
    ordinal && (counted.is_empty() || counted.starts_with("ld"))
        || ends_or_starts(&line, true)
        || ends_or_starts(&Line::of_head(text, MARK_CHARS_MAX), true)
}

/// Whether a line starts with a mark; if `start` is false, whether the whole line is a mark.
fn ends_or_starts(line: &Line<'_>, start: bool) -> bool {
    let text = &line.folded.text;
    phrases::find(&line.folded).iter().any(|o| {
        let at = if start { o.start == 0 } else { o.end == text.len() && o.start == 0 };
        at && is_slug_mark(o)
    })
}

fn is_slug_mark(o: &phrases::Occurrence) -> bool {
    match o.owner {
        Owner::Row(row, _) => {
            row.places.contains(&MarkPosition::Slug) || row.places.contains(&MarkPosition::Headline)
        }
        Owner::Cue(_) => false,
    }
}

/// A slug without its last word, if that is a mark.
fn without_last_mark(slug: &str) -> Option<&str> {
    let (before, last) = slug.rsplit_once(['-', ' '])?;
    let before = before.trim_end_matches(['-', ' ', ',']);
    let whole = |text: &str| ends_or_starts(&Line::of(text), false);
    let counted = last.trim_start_matches(|c: char| c.is_ascii_digit());
    let counted = ["st", "nd", "rd", "th"].iter().find_map(|s| counted.strip_prefix(s));
    let is_mark = whole(last) || counted.is_some_and(whole);
    (is_mark && before.contains(char::is_alphanumeric)).then_some(before)
}

/// A slug without a mark between its hyphens: `BC-NW--CORRECTION-Ferry`.
fn without_inner_mark(root: &str) -> Cow<'_, str> {
    let Some((before, after)) = root.split_once("--") else { return Cow::Borrowed(root) };
    match after.split_once('-') {
        Some((mark, rest)) if ends_or_starts(&Line::of(mark), false) => {
            Cow::Owned(format!("{before}--{rest}"))
        }
        _ => Cow::Borrowed(root),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marks::table;

    #[test]
    fn a_version_is_searched_for_after_the_first_signs() {
        let slug = |signs: usize| format!("FERRY{}, 412", ", a".repeat(signs));
        assert_eq!(
            slug_root(&slug(SIGNS_MAX - 1)),
            format!("FERRY{}", ", a".repeat(SIGNS_MAX - 1))
        );
        assert!(slug_root(&slug(SIGNS_MAX)).ends_with("412"), "too many signs");
    }

    #[test]
    fn marks_of_slugs_are_shorter_than_the_searched_text() {
        let of_slugs = |row: &table::Row| {
            row.places.contains(&MarkPosition::Slug) || row.places.contains(&MarkPosition::Headline)
        };
        let patterns = table::patterns().filter(|(row, _)| of_slugs(row));
        let longest = patterns.map(|(row, at)| row.patterns[at].chars().count()).max();
        assert!(longest.is_some_and(|longest| longest < MARK_CHARS_MAX), "{longest:?}");
    }
}
