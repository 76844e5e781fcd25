//! Finds the patterns of the table, the cues and the configured rules in folded text.
//!
//! One automaton holds every pattern (Aho and Corasick, 1975, as in the crate `aho-corasick`), so a
//! text is read once however many patterns there are.
//!
//! Cost: linear in the text, plus the matches.

use super::cues::{CUES, Cue};
use super::fold::{self, FoldedText};
use super::table::{self, Row};
use crate::text::script::is_dense;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use std::sync::LazyLock;

/// What a pattern belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// A row of the table, and the number of the pattern in it.
    Row(&'static Row, usize),
    /// A cue.
    Cue(Cue),
}

/// An occurrence of a pattern in a folded text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence {
    /// The pattern.
    pub(super) owner: Owner,
    /// The rank of the pattern in [`table::patterns`]; cues follow.
    pub(super) rank: usize,
    /// Its first byte.
    pub(super) start: usize,
    /// One past its last byte.
    pub(super) end: usize,
}

/// All patterns, and what each belongs to.
struct Patterns {
    automaton: AhoCorasick,
    owners: Vec<Owner>,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let (mut texts, mut owners) = (Vec::new(), Vec::new());
    for (row, at) in table::patterns() {
        texts.push(fold::pattern(row.patterns[at]));
        owners.push(Owner::Row(row, at));
    }
    for (cue, patterns) in CUES {
        for pattern in *patterns {
            texts.push(fold::pattern(pattern));
            owners.push(Owner::Cue(*cue));
        }
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(texts)
        .expect("the built-in patterns are few and short");
    Patterns { automaton, owners }
});

/// The occurrences of all built-in patterns in `text`, at word boundaries, in order of their ends.
pub(super) fn find(text: &FoldedText) -> Vec<Occurrence> {
    let text = &text.text;
    let found = PATTERNS.automaton.find_overlapping_iter(text.as_str());
    found
        .filter(|m| at_word_boundaries(text, m.start(), m.end()))
        .map(|m| {
            let rank = m.pattern().as_usize();
            Occurrence { owner: PATTERNS.owners[rank], rank, start: m.start(), end: m.end() }
        })
        .collect()
}

/// The occurrences of one configured pattern in `text`, at word boundaries.
pub(super) fn find_configured(text: &FoldedText, pattern: &str) -> Vec<(usize, usize)> {
    let pattern = fold::pattern(pattern);
    if pattern.is_empty() {
        return Vec::new();
    }
    let found = text.text.match_indices(&pattern).map(|(at, found)| (at, at + found.len()));
    found.filter(|(start, end)| at_word_boundaries(&text.text, *start, *end)).collect()
}

/// Whether the range begins and ends a word. Scripts without spaces have no boundaries to check.
fn at_word_boundaries(text: &str, start: usize, end: usize) -> bool {
    let joins = |a: Option<char>, b: Option<char>| {
        a.zip(b).is_some_and(|(a, b)| is_word(a) && is_word(b) && !(is_dense(a) && is_dense(b)))
    };
    let (before, after) = (text[..start].chars().next_back(), text[end..].chars().next());
    let inner = &text[start..end];
    !joins(before, inner.chars().next()) && !joins(inner.chars().next_back(), after)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '#' | '@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let folded = FoldedText::of(text);
        let kills = find(&folded).into_iter().filter(
            |o| matches!(o.owner, Owner::Row(row, _) if row.mark == crate::marks::Mark::Kill),
        );
        kills.map(|o| folded.text[o.start..o.end].to_owned()).collect()
    }

    #[test]
    fn patterns_are_found_at_word_boundaries() {
        assert_eq!(found("NOTÍCIA ANULADA: x"), ["noticia anulada", "noticia anulada", "anulada"]);
        assert!(found("Skill and overkill").is_empty());
        assert_eq!(found("本社撤稿通知"), ["撤稿", "撤稿通知"]);
    }

    #[test]
    fn patterns_of_a_row_are_different() {
        for row in table::rows() {
            let mut all = row.patterns.to_vec();
            all.sort();
            let before = all.len();
            all.dedup();
            assert_eq!(all.len(), before, "{row:?}");
        }
    }
}
