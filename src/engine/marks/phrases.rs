//! Finds the patterns of the table, the cues and the configured rules in folded text.
//!
//! One automaton contains all built-in patterns (Aho and Corasick, 1975, as in the crate
//! `aho-corasick`). A search starts at every word, and for most words ends after a letter or two.
//! The few patterns that count at the foot of a text have a separate automaton.
//!
//! Cost: linear in the text, plus the matches.

use super::MarkPosition;
use super::cues::{CUES, Cue};
use super::fold::{self, FoldedText};
use super::table::{self, Row};
use crate::text::script::is_dense;
use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use std::sync::LazyLock;

/// What a pattern belongs to: a row of the table, or a cue.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    /// A row of the table, and the index of the pattern in that row.
    Row(&'static Row, usize),
    /// A cue.
    Cue(Cue),
}

/// An occurrence of a pattern in a folded text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence {
    /// The pattern.
    pub(super) owner: Owner,
    /// The rank of the pattern in [`table::patterns`]. Cues have higher ranks.
    pub(super) rank: usize,
    /// Its first byte.
    pub(super) start: usize,
    /// One past its last byte.
    pub(super) end: usize,
}

/// Patterns and their owners.
struct Patterns {
    automaton: NFA,
    /// The state in which a search begins.
    start: StateID,
    /// Which bytes a pattern can begin with.
    firsts: [bool; 256],
    /// The owner and rank of each pattern.
    owners: Vec<(Owner, usize)>,
}

impl Patterns {
    /// Builds the automaton from patterns, each with its rank.
    fn of(patterns: impl Iterator<Item = (usize, (Owner, &'static str))>) -> Self {
        let ranked = patterns.map(|(rank, (owner, text))| ((owner, rank), fold::pattern(text)));
        let (owners, texts): (Vec<_>, Vec<_>) = ranked.unzip();
        let mut firsts = [false; 256];
        let first_bytes = texts.iter().filter_map(|text| text.bytes().next());
        first_bytes.for_each(|byte| firsts[usize::from(byte)] = true);
        let automaton = NFA::new(texts).expect("the built-in patterns are few and short");
        let start = automaton.start_state(Anchored::Yes).expect("every automaton has this state");
        Self { automaton, start, firsts, owners }
    }

    /// The occurrences in `text` at word boundaries, in order of their ends.
    fn find(&self, text: &FoldedText) -> Vec<Occurrence> {
        let (text, mut all) = (text.text.as_str(), Vec::new());
        each_word_start(text, |start| {
            if self.firsts[usize::from(text.as_bytes()[start])] {
                self.add_those_from(text, start, &mut all);
            }
        });
        all.sort_by_key(|occurrence: &Occurrence| (occurrence.end, occurrence.start));
        all
    }

    /// Adds the occurrences that begin at `start` and end a word.
    fn add_those_from(&self, text: &str, start: usize, all: &mut Vec<Occurrence>) {
        let mut state = self.start;
        for (end, byte) in (start + 1..).zip(text[start..].bytes()) {
            state = self.automaton.next_state(Anchored::Yes, state, byte);
            if self.automaton.is_dead(state) {
                break;
            }
            if !self.automaton.is_match(state) || !ends_word(text, end) {
                continue;
            }
            let patterns = 0..self.automaton.match_len(state);
            let patterns = patterns.map(|n| self.automaton.match_pattern(state, n));
            // Patterns that end here but begin after `start` are found when the search reaches
            // their start.
            let whole = patterns.filter(|p| self.automaton.pattern_len(*p) == end - start);
            all.extend(whole.map(|pattern| {
                let (owner, rank) = self.owners[pattern.as_usize()];
                Occurrence { owner, rank, start, end }
            }));
        }
    }
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let cues = CUES.iter().flat_map(|(cue, patterns)| patterns.iter().map(|p| (*cue, *p)));
    let cues = cues.map(|(cue, pattern)| (Owner::Cue(cue), pattern));
    Patterns::of((0..).zip(rows().chain(cues)))
});

/// The few patterns that count at the foot of a text.
static FOOT_PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let at_foot =
        |owner| matches!(owner, Owner::Row(row, _) if row.places.contains(&MarkPosition::Foot));
    Patterns::of((0..).zip(rows()).filter(|(_, (owner, _))| at_foot(*owner)))
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

/// Whether the range begins and ends a word.
fn at_word_boundaries(text: &str, start: usize, end: usize) -> bool {
    ends_word(text, start) && ends_word(text, end)
}

/// Whether no word continues across `at`. In scripts without spaces there are no boundaries to
/// check.
fn ends_word(text: &str, at: usize) -> bool {
    let (before, after) = (text[..at].chars().next_back(), text[at..].chars().next());
    !before.zip(after).is_some_and(|(before, after)| joins(before, after))
}

/// Whether two adjacent characters belong to one word.
fn joins(before: char, after: char) -> bool {
    is_word(before) && is_word(after) && !(is_dense(before) && is_dense(after))
}

/// Calls `each` for every position at which a word may begin, in order.
fn each_word_start(text: &str, mut each: impl FnMut(usize)) {
    if text.is_ascii() {
        let mut continues = false;
        for (at, byte) in text.bytes().enumerate() {
            let word = WORD[usize::from(byte)];
            if !(continues && word) {
                each(at);
            }
            continues = word;
        }
        return;
    }
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if !joins(before, c) {
            each(at);
        }
        before = c;
    }
}

/// The ASCII characters that are part of words.
const WORD: [bool; 128] = {
    let mut word = [false; 128];
    let mut byte = 0;
    while byte < 128 {
        word[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'#' | b'@');
        byte += 1;
    }
    word
};

#[inline]
fn is_word(c: char) -> bool {
    WORD.get(c as usize).copied().unwrap_or_else(|| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    /// The naive version: tries every pattern at every character.
    fn naive(text: &str) -> Vec<(usize, usize, usize)> {
        let cues = CUES.iter().flat_map(|(_, patterns)| patterns.iter().copied());
        let mut all = Vec::new();
        for (rank, pattern) in rows().map(|(_, text)| text).chain(cues).enumerate() {
            let pattern = fold::pattern(pattern);
            for (start, _) in text.char_indices() {
                let end = start + pattern.len();
                if text[start..].starts_with(&pattern) && at_word_boundaries(text, start, end) {
                    all.push((end, start, rank));
                }
            }
        }
        all.sort_unstable();
        all
    }

    /// Words from patterns and other words, with and without gaps.
    fn text() -> impl Strategy<Value = String> {
        let words: Vec<&str> = rows().map(|(_, text)| text).chain(["ferry", "9", "橋"]).collect();
        let gap = prop::sample::select(vec!["", " ", "-", "\n", ": "]);
        let words = prop::collection::vec((prop::sample::select(words), gap), 0..8);
        words.prop_map(|words| words.into_iter().flat_map(|(word, gap)| [word, gap]).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_pattern_is_found_where_a_scan_finds_it(text in text()) {
            let folded = FoldedText::of(&text);
            let found = find(&folded).into_iter().map(|o| (o.end, o.start, o.rank));
            let mut found: Vec<_> = found.collect();
            found.sort_unstable();
            prop_assert_eq!(found, naive(&folded.text));
        }
    }
}
