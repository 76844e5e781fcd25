//! Finds the patterns of the table, the cues and the configured rules in folded text.
//!
//! One automaton holds every pattern (Aho and Corasick, 1975, as in the crate `aho-corasick`), so a
//! text is read once however many patterns there are. The few that count at the foot of a text have
//! one of their own, which is faster.
//!
//! Cost: linear in the text, plus the matches.

use super::MarkPosition;
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

/// Patterns, and what each belongs to.
struct Patterns {
    automaton: AhoCorasick,
    /// The owner and rank of each.
    owners: Vec<(Owner, usize)>,
}

impl Patterns {
    /// Patterns, each with its rank.
    fn of(
        patterns: impl Iterator<Item = (usize, (Owner, &'static str))>,
        kind: AhoCorasickKind,
    ) -> Self {
        let ranked = patterns.map(|(rank, (owner, text))| ((owner, rank), fold::pattern(text)));
        let (owners, texts): (Vec<_>, Vec<_>) = ranked.unzip();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .dense_depth(DENSE_DEPTH)
            .build(texts)
            .expect("the built-in patterns are few and short");
        Self { automaton, owners }
    }

    /// The occurrences in `text` at word boundaries, in order of their ends.
    fn find(&self, text: &FoldedText) -> Vec<Occurrence> {
        let text = &text.text;
        let found = self.automaton.find_overlapping_iter(text.as_str());
        found
            .filter(|m| at_word_boundaries(text, m.start(), m.end()))
            .map(|m| {
                let (owner, rank) = self.owners[m.pattern().as_usize()];
                Occurrence { owner, rank, start: m.start(), end: m.end() }
            })
            .collect()
    }
}

/// The states of the automaton up to this depth are tables, which are fast: most texts leave the
/// patterns after a few letters.
const DENSE_DEPTH: usize = 4;

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let cues = CUES.iter().flat_map(|(cue, patterns)| patterns.iter().map(|p| (*cue, *p)));
    let cues = cues.map(|(cue, pattern)| (Owner::Cue(cue), pattern));
    Patterns::of((0..).zip(rows().chain(cues)), AhoCorasickKind::ContiguousNFA)
});

/// The few patterns that count at the foot of a text.
static FOOT_PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let at_foot = |(_, (owner, _)): &(usize, (Owner, &str))| matches!(owner, Owner::Row(row, _) if row.places.contains(&MarkPosition::Foot));
    Patterns::of((0..).zip(rows()).filter(at_foot), AhoCorasickKind::DFA)
});

/// The patterns of the table, in the order of their ranks.
fn rows() -> impl Iterator<Item = (Owner, &'static str)> {
    table::patterns().map(|(row, at)| (Owner::Row(row, at), row.patterns[at]))
}

/// The occurrences of all built-in patterns in `text`, at word boundaries, in order of their ends.
pub(super) fn find(text: &FoldedText) -> Vec<Occurrence> {
    PATTERNS.find(text)
}

/// The occurrences of the patterns that count at the foot of a text.
pub(super) fn find_at_foot(text: &FoldedText) -> Vec<Occurrence> {
    FOOT_PATTERNS.find(text)
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
