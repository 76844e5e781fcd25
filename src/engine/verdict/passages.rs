//! Passages that one text has in place of, or in addition to, those of a similar text.
//!
//! Two press releases of one company, or two articles with the same long background, can share most
//! of their words and report different news in the rest. This module reads each gap between the
//! shared runs as a whole, however long the texts are.
//!
//! In: the new article, an earlier one, and the comparison of their texts. Out: an [`OwnPassages`].
//!
//! ```text
//! Marel Foods recalls its smoked eel ...     About Marel Foods: ...
//! Marel Foods names Una Birch as chair ...   About Marel Foods: ...      replaced
//! ```
//!
//! A rewritten passage about the same event keeps names and other words of the original: at least a
//! fifth of its words that carry meaning are in the passage that it replaces. Boilerplate at the
//! edges does not count.
//!
//! Cost: linear in the two texts, only for texts that the measures alone classify as reprints.

use super::archive::{Arrival, Earlier, same_provider};
use super::compare::Comparison;
use super::furniture::{is_report, senders};
use super::leftover::{EDGE_MAX, carries_meaning, covered, is_set_apart};
use crate::marks::bare_headline;
use crate::text;
use crate::text::script::{is_dense, is_unsegmented};
use crate::text::senses::Senses;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// Minimum length of a passage that replaces another one, and of the replaced one, in words.
const REPLACED_WORDS_MIN: [usize; 2] = [5, 4];
/// A passage counts as whole sentences even if up to this many words at the beginning or end of a
/// sentence, such as `on Friday`, are the same in both texts.
const COMMON_WORDS_MAX: usize = 2;
/// Minimum number of words that carry meaning in a passage that replaces one about another subject.
const MEANING_MIN: usize = 6;
/// Whole sentences are news only if at least this many of their words carry meaning and are not in
/// the passage that they replace.
const OWN_MEANING_MIN: usize = 3;
/// Minimum number of words that carry meaning in a short sentence that its sender replaced.
const SWAPPED_MEANING_MIN: usize = 2;
/// A passage with at least this many new words is news: 25 if the senders differ, 8 if one sender
/// sent both texts.
const ADDED_WORDS_MIN: [usize; 2] = [25, 8];
/// A passage with a new figure and this many new words is news.
const FIGURE_WORDS_MIN: usize = 5;

/// Number of adjacent characters that must be in both passages, in scripts without spaces:
/// `DENSE_RUN` in East Asian ones, `LETTERS_RUN` in those where a character is a letter.
const DENSE_RUN: usize = 2;
const LETTERS_RUN: usize = 4;

/// Minimum number of words that carry meaning in a headline that says what an article is about.
const HEADLINE_MEANING_MIN: usize = 3;
/// Two articles are about the same event if their shared text has at least this many words of a
/// headline that carry meaning and are not names.
const HEADLINE_PLAIN_MIN: usize = 2;

/// What the passages outside the shared runs show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct OwnPassages {
    /// Whole sentences replace others with which they have hardly any words in common, and the
    /// shared text does not say what the headlines say.
    pub(super) replaced: bool,
    /// A passage is news: it is one or more sentences with at most half of their words in common
    /// with those that they replace, or it is long, or it contains a figure that the earlier text
    /// does not have, or its sender added a sentence to the report.
    pub(super) news: bool,
}

impl OwnPassages {
    /// The passages of `new` that `that` does not have. If `new` has `grown`, that is, contains all
    /// of `that`, then none are replaced, and a passage at an edge must read as part of a report.
    pub(super) fn of(
        (new, that): (Arrival<'_>, Earlier<'_>),
        pair: &Comparison,
        senses: Senses,
        grown: bool,
    ) -> Self {
        let (words, trace) = (new.words.hashes.len(), &that.print.trace);
        let known = covered(words, pair.alignment.blocks.iter().map(|b| (b.new, b.len)));
        let same_sender = same_provider(new.about, that.about);
        let added = ADDED_WORDS_MIN[usize::from(same_sender)];
        let senders = senders(new, that);
        let same_event = || is_headline_shared(new, that, &known, senses);
        let mut own = Self::default();
        let gaps = pair.gaps(words as u32, trace.len() as u32);
        for (ours, theirs) in gaps.into_iter().filter(|(ours, _)| !ours.is_empty()) {
            let continues =
                same_sender && !grown && ours.start > 0 && !begins_line(new, ours.start);
            let edge = is_edge(&ours, words);
            let (first, end, old) = (ours.start, ours.end, &trace[theirs]);
            let fresh: Vec<usize> = ours.filter(|at| !known[*at]).collect();
            let meaning = || fresh.iter().copied().filter(|at| has_meaning(new, *at, senses));
            let is_shared = |at: &usize| is_in(old, new, *at);
            let (all, shared) = (meaning().count(), meaning().filter(is_shared).count());
            let differs = all >= OWN_MEANING_MIN + shared && 2 * shared <= all;
            let starts = |at: usize| starts_sentence(new, at);
            let long = (first.saturating_sub(COMMON_WORDS_MAX)..=first).any(starts)
                && (end..=words.min(end + COMMON_WORDS_MAX)).any(starts)
                && fresh.len() >= REPLACED_WORDS_MIN[0]
                && old.len() >= REPLACED_WORDS_MIN[1];
            let whole = long && starts(first) && starts(end);
            // A short passage at the head that is written like a sentence is not a dateline.
            let plain = || meaning().filter(|at| !word(new, *at).starts_with(char::is_uppercase));
            let opens = || first == 0 && long && differs && plain().count() >= OWN_MEANING_MIN;
            let report = edge && is_report(passage(new, first..end), senders);
            if edge && !continues && !report && !opens() {
                continue;
            }
            let apart = whole && all >= MEANING_MIN && 5 * shared <= all;
            own.replaced |= apart && !grown && !same_event();
            let figure = || fresh.iter().any(|at| is_new_figure(new, that, *at));
            let adds = fresh.len() >= added || fresh.len() >= FIGURE_WORDS_MIN && figure();
            let adds = adds || report && same_sender;
            // The sender replaced a sentence, however short, and the new one shares no word with
            // it.
            let swapped = same_sender
                && (starts(first) && starts(end) && !edge || report)
                && all >= SWAPPED_MEANING_MIN
                && shared == 0
                && !old.is_empty();
            own.news |= long && differs || swapped || 2 * shared <= all && adds;
        }
        own
    }
}

/// Whether a passage is short enough to be boilerplate at the head or the foot.
fn is_edge(passage: &Range<usize>, words: usize) -> bool {
    let short =
        |(most, parts): (usize, usize)| passage.len() <= most && passage.len() * parts <= words;
    passage.start == 0 && short(EDGE_MAX[0]) || passage.end == words && short(EDGE_MAX[1])
}

/// Whether a sentence starts at the word `at`, or the text ends before it.
fn starts_sentence(new: Arrival<'_>, at: usize) -> bool {
    at == 0 || at == new.words.hashes.len() || is_set_apart(&new.clean.text, new.words, at)
}

/// Whether a line break precedes the word at `at`, which is not the first one.
fn begins_line(new: Arrival<'_>, at: usize) -> bool {
    let (from, to) = (new.words.spans[at - 1].1, new.words.spans[at].0);
    new.clean.text[from as usize..to as usize].contains('\n')
}

/// Whether a passage, given by its trace bytes, contains the word at `at` of the new text. In a
/// script without spaces, this word is a single character, which occurs in any text. The passage
/// must therefore also contain the characters that come next to it in the new text.
fn is_in(passage: &[u8], new: Arrival<'_>, at: usize) -> bool {
    let run = match word(new, at).chars().next() {
        Some(c) if is_unsegmented(c) && is_dense(c) => DENSE_RUN,
        Some(c) if is_unsegmented(c) => LETTERS_RUN,
        _ => 1,
    };
    let trace = &new.print.trace;
    let runs = [at.checked_sub(run - 1).map(|from| from..at + 1), Some(at..at + run)];
    let mut found = runs.into_iter().flatten().filter_map(|run| trace.get(run));
    found.any(|run| passage.windows(run.len()).any(|window| window == run))
}

/// The words in `range`, with the punctuation after them.
fn passage<'a>(new: Arrival<'a>, range: Range<usize>) -> &'a str {
    let (spans, text) = (&new.words.spans, new.clean.text.as_str());
    let end = spans.get(range.end).map_or(text.len(), |span| span.0 as usize);
    &text[spans[range.start].0 as usize..end]
}

/// Whether the shared text has at least half of the words that carry meaning in one of the
/// headlines, or at least [`HEADLINE_PLAIN_MIN`] of them that are not names. Both articles are then
/// about what that headline says. `known` tells which words of the new text are shared.
fn is_headline_shared(new: Arrival<'_>, that: Earlier<'_>, known: &[bool], senses: Senses) -> bool {
    // For each shared word, by hash: whether it is written in lower case anywhere.
    let mut shared: FxHashMap<u64, bool> = FxHashMap::default();
    for at in (0..known.len()).filter(|at| known[*at]) {
        let plain = !word(new, at).starts_with(char::is_uppercase);
        *shared.entry(new.words.hashes[at]).or_default() |= plain;
    }
    [new.about, that.about].into_iter().any(|about| {
        let headline = bare_headline(&about.headline);
        let words = text::words(headline, &text::Limits::default());
        let spans = words.spans.iter().map(|&(from, to)| &headline[from as usize..to as usize]);
        let meaning = spans.zip(&words.hashes).filter(|(w, h)| carries_meaning(w, **h, senses));
        let found: Vec<Option<bool>> = meaning.map(|(_, h)| shared.get(h).copied()).collect();
        let count = found.iter().flatten().count();
        let plain = found.iter().flatten().filter(|plain| **plain).count();
        found.len() >= HEADLINE_MEANING_MIN && 2 * count >= found.len()
            || plain >= HEADLINE_PLAIN_MIN
    })
}

fn word<'a>(new: Arrival<'a>, at: usize) -> &'a str {
    let (from, to) = new.words.spans[at];
    &new.clean.text[from as usize..to as usize]
}

fn has_meaning(new: Arrival<'_>, at: usize, senses: Senses) -> bool {
    new.print.trace[at] != 0 && carries_meaning(word(new, at), new.words.hashes[at], senses)
}

/// Whether the word at `at` is a figure that is nowhere in the earlier text.
fn is_new_figure(new: Arrival<'_>, that: Earlier<'_>, at: usize) -> bool {
    let found = new.print.figures.iter().find(|figure| figure.word as usize == at);
    found.is_some_and(|figure| that.print.figures.iter().all(|other| other.hash != figure.hash))
}
