//! Grouped thousands: gives a figure the same form, however its digits are grouped.
//!
//! In: a figure in common form, or the words of a text. Out: the figure without the separators of
//! its groups, or the words, in which groups separated by spaces are joined into one word.
//!
//! ```text
//! 2,300   2.300   2 300   2’300        2300
//! 1,234.56                             1234.56
//! 4.125 dollars                        4125: a decimal with three digits has the same form
//! 2026 300, 0.125, 12.5                not grouped
//! ```
//!
//! A figure is grouped if it has one to three digits that do not start with 0, and then groups of
//! exactly three digits after separators of one kind. A plain space separates columns of a table as
//! well, so a plain space joins groups only if no other figure is next to them.
//!
//! Cost: each figure is examined once; words are only moved if the text has groups to join.

use super::edges::is_month;
use super::tokens::{Figure, Words, word_hash};
use std::ops::Range;

/// Maximum number of groups that plain spaces join, after the first one.
const SPACED_GROUPS_MAX: usize = 3;

/// Whether `c` can separate groups of digits.
pub(crate) fn separates(c: char) -> bool {
    matches!(c, ',' | '.' | '\'' | '’') || is_space(c)
}

/// Whether `c` is one of the spaces that separate groups: plain, no-break, narrow or thin.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}')
}

/// The figure `form`, which is in common form, without the separators of its groups; `None` if it
/// is not grouped.
pub(super) fn ungrouped(form: &str) -> Option<String> {
    let bytes = form.as_bytes();
    if bytes.len() < 5 || !matches!(bytes[0], b'1'..=b'9') {
        return None;
    }
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let head = digits(0);
    let separator = form[head..].chars().next().filter(|c| separates(*c))?;
    let mut plain = form[..head].to_owned();
    let mut at = head;
    while form[at..].starts_with(separator) && digits(at + separator.len_utf8()) == 3 {
        at += separator.len_utf8();
        plain.push_str(&form[at..at + 3]);
        at += 3;
    }
    let rest = &form[at..];
    let decimals = rest.strip_prefix(['.', ',']).filter(|_| !rest.starts_with(separator));
    let ends = match (decimals, rest.chars().next()) {
        (_, None) => true,
        (Some(decimals), _) => decimals.bytes().all(|b| b.is_ascii_digit()),
        (None, Some(next)) => next.is_alphabetic(),
    };
    (head <= 3 && at > head && ends).then(|| plain + rest)
}

/// Joins the words of `text` that are the groups of one figure, separated by spaces or apostrophes.
pub(super) fn join(text: &str, words: &mut Words) {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for at in 1..words.figures.len() {
        let word = words.figures[at].word as usize;
        let (from, to) = words.spans[word];
        if to - from < 3 || words.figures[at - 1].word as usize + 1 != word {
            continue;
        }
        let head = word - 1;
        if joined.last().is_none_or(|last| last.end <= head)
            && let Some(end) = groups(text, words, head)
        {
            joined.push(head..end);
        }
    }
    if !joined.is_empty() {
        merge(text, words, &joined);
    }
}

/// One past the last word of the grouped figure that starts with the word `head`, if there is one.
fn groups(text: &str, words: &Words, head: usize) -> Option<usize> {
    let span = |at: usize| words.spans.get(at).map(|&(from, to)| from as usize..to as usize);
    let between = |at: usize| Some(&text[span(at)?.end..span(at + 1)?.start]);
    let separator = single(between(head)?).filter(|c| separates(*c))?;
    let first = &text[span(head)?];
    let is_head = first.len() <= 3 && first.bytes().all(|b| b.is_ascii_digit());
    if !is_head || first.starts_with('0') {
        return None;
    }
    let mut end = head + 1;
    let mut open = true;
    while open && single(between(end - 1).unwrap_or_default()) == Some(separator) {
        let group = &text[span(end)?];
        let digits = group.bytes().take_while(u8::is_ascii_digit).count();
        // The last group may have decimals.
        open = digits == group.len();
        let decimals = group[digits..].strip_prefix([',', '.']);
        let last = decimals.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        if digits != 3 || !open && !last {
            break;
        }
        end += 1;
    }
    let few = separator != ' ' || end - head - 1 <= SPACED_GROUPS_MAX;
    let alone = separator != ' ' || is_alone(text, words, head..end);
    (end > head + 1 && few && alone).then_some(end)
}

/// The only character of `text`.
fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// Whether no other figure and no name of a month is next to the words `range`, as in the rows of a
/// table or after a date.
fn is_alone(text: &str, words: &Words, range: Range<usize>) -> bool {
    let figure = |at: usize| words.figures.binary_search_by_key(&(at as u32), |f| f.word).is_ok();
    let (from, to) = (words.spans[range.start].0 as usize, words.spans[range.end - 1].1 as usize);
    let before = range.start.checked_sub(1).map(|at| {
        let (start, end) = words.spans[at];
        let near = text[end as usize..from].chars().all(|c| !c.is_alphabetic() && c != '\n');
        near && (figure(at) || is_month(&text[start as usize..end as usize]))
    });
    let after = words.spans.get(range.end).map(|&(start, _)| {
        figure(range.end) && !text[to..start as usize].contains(['\n', ',', ';'])
    });
    !before.unwrap_or(false) && !after.unwrap_or(false)
}

/// Replaces the words of each range with one word.
fn merge(text: &str, words: &mut Words, joined: &[Range<usize>]) {
    let old = std::mem::take(words);
    let (mut ranges, mut figures) = (joined.iter().peekable(), old.figures.iter().peekable());
    let mut respelled = old.respelled.iter().peekable();
    let mut at = 0;
    while at < old.hashes.len() {
        let range = ranges.next_if(|range| range.start == at).cloned().unwrap_or(at..at + 1);
        let span = (old.spans[at].0, old.spans[range.end - 1].1);
        let grouped = range.len() > 1;
        let hash = match grouped {
            true => word_hash(&text[span.0 as usize..span.1 as usize]),
            false => old.hashes[at],
        };
        let word = words.hashes.len() as u32;
        let within = |at: &u32| (*at as usize) < range.end;
        let (mut is_figure, mut is_respelled) = (false, grouped);
        while figures.next_if(|figure| within(&figure.word)).is_some() {
            is_figure = true;
        }
        while respelled.next_if(|at| within(at)).is_some() {
            is_respelled = true;
        }
        if is_figure {
            words.figures.push(Figure { word, hash: (hash >> 32) as u32 });
        }
        words.respelled.extend(is_respelled.then_some(word));
        words.hashes.push(hash);
        words.spans.push(span);
        at = range.end;
    }
    (words.overflow_hash, words.disguised) = (old.overflow_hash, old.disguised);
}

#[cfg(test)]
mod tests {
    use super::super::{Limits, words};
    use super::*;

    #[test]
    fn grouped_figures_have_one_form() {
        for (figure, want) in [
            ("2,300", Some("2300")),
            ("2.300", Some("2300")),
            ("2 300", Some("2300")),
            ("2’300", Some("2300")),
            ("1,234,567", Some("1234567")),
            ("1,234.56", Some("1234.56")),
            ("1.234,56", Some("1234,56")),
            ("7,400km", Some("7400km")),
            ("2300", None),
            ("0.125", None),
            ("12.50", None),
            ("2026.300", None),
            ("20.11.2026", None),
            ("1.234.56", None),
            ("1,23", None),
        ] {
            assert_eq!(ungrouped(figure).as_deref(), want, "{figure}");
        }
    }

    #[test]
    fn groups_that_spaces_separate_are_one_word() {
        let split = |text: &str| {
            let found = words(text, &Limits::default());
            let shown = found.spans.iter().map(|&(from, to)| &text[from as usize..to as usize]);
            (shown.map(str::to_owned).collect::<Vec<_>>(), found.figures.len())
        };
        for (text, want) in [
            ("около 1 800 человек", vec!["около", "1 800", "человек"]),
            ("rund 7\u{202f}400 Haushalte", vec!["rund", "7\u{202f}400", "Haushalte"]),
            ("1\u{a0}234\u{a0}567,5 Euro", vec!["1\u{a0}234\u{a0}567,5", "Euro"]),
            ("kostet 7'400 Franken", vec!["kostet", "7'400", "Franken"]),
            ("In 2026 300 came", vec!["In", "2026", "300", "came"]),
            ("on May 20 300 came", vec!["on", "May", "20", "300", "came"]),
            ("12 300 15", vec!["12", "300", "15"]),
            ("12 3000", vec!["12", "3000"]),
            ("12\n300", vec!["12", "300"]),
        ] {
            assert_eq!(split(text).0, want, "{text}");
        }
        assert_eq!(split("около 1 800 человек").1, 1);
        let hash = |text: &str| words(text, &Limits::default()).hashes;
        assert_eq!(hash("около 1 800 человек"), hash("около 1800 человек"));
        assert_eq!(hash("1\u{2009}800人"), hash("1,800人"));
        assert_eq!(hash("١٬٨٠٠ شخص"), hash("1800 شخص"));
    }
}
