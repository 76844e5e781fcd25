//! Novelty: the words and figures of an article that no candidate contains literally.
//!
//! In: the new article and its compared candidates. Out: a [`Novelty`], or `None` for a short text.
//! For example, a text of 100 words that shares a run of 60 words with a candidate has 40 new words
//! and a share of 0.4.

use super::align::{Alignment, SharedRun};
use super::archive::Arrival;
use super::types::{Novelty, PASSAGES_MAX, Ratio};
use super::{Settings, VerifiedCandidate};
use crate::fingerprint::SHINGLE_WORDS;

/// The words of the new text that earlier texts contain, one bit per word.
#[derive(Debug)]
pub(super) struct WordCoverage {
    /// Bit `n % 64` of element `n / 64` is word `n`.
    bits: Vec<u64>,
}

impl WordCoverage {
    /// An empty coverage for a text of this many words.
    pub(super) fn none(words: usize) -> Self {
        Self { bits: vec![0; words.div_ceil(64)] }
    }

    /// Adds the words in the runs of an alignment.
    pub(super) fn add(&mut self, alignment: &Alignment) {
        for run in &alignment.runs {
            for (at, mask) in masks(run) {
                self.bits[at] |= mask;
            }
        }
    }

    /// Number of words in the blocks of an alignment that are not covered yet.
    pub(super) fn gain(&self, alignment: &Alignment) -> u32 {
        let masks = alignment.blocks.iter().flat_map(masks);
        masks.map(|(at, mask)| (mask & !self.bits[at]).count_ones()).sum()
    }

    /// Number of words covered.
    fn words(&self) -> u32 {
        self.bits.iter().map(|bits| bits.count_ones()).sum()
    }

    /// Whether this word is covered.
    fn holds(&self, word: usize) -> bool {
        self.bits[word / 64] >> (word % 64) & 1 == 1
    }
}

/// The words of a run in the new text as bit masks, each with its index in `bits`.
fn masks(run: &SharedRun) -> impl Iterator<Item = (usize, u64)> + use<> {
    let (from, to) = (run.new as usize, run.new_end() as usize);
    (from / 64..to.div_ceil(64)).map(move |at| {
        let (first, end) = (from.saturating_sub(64 * at), (to - 64 * at).min(64));
        (at, u64::MAX << first & u64::MAX >> (64 - end))
    })
}

/// The novelty of `new`; `None` if it has fewer than `novelty_words_min` words.
pub(super) fn of(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    settings: &Settings,
) -> Option<Novelty> {
    let words = new.print.words();
    if words < settings.tuning.novelty_words_min as usize {
        return None;
    }
    let mut cover = WordCoverage::none(words);
    let mut confirmed = WordCoverage::none(words);
    for one in verified {
        cover.add(&one.comparison.alignment);
        for pair in one.comparison.figures.iter().filter(|p| p.equal) {
            confirmed.bits[pair.new as usize / 64] |= 1 << (pair.new % 64);
        }
        for stamp in &one.comparison.stamps {
            confirmed.bits[*stamp as usize / 64] |= 1 << (stamp % 64);
        }
    }
    // A figure counts once, however many candidates confirm it. A figure in a stamp is not news.
    let numbers = new.print.figures.len() as u32 - confirmed.words();
    let count = words as u32 - cover.words();
    Some(Novelty {
        share: Ratio::of(count, words as u32),
        words: count,
        numbers,
        passages: stretches(&cover, words),
    })
}

/// The longest stretches of at least `SHINGLE_WORDS` new words, at most [`PASSAGES_MAX`], in order
/// of position.
fn stretches(cover: &WordCoverage, words: usize) -> Vec<(u32, u32)> {
    let mut runs = Vec::new();
    let mut from = None;
    for word in 0..=words {
        match from {
            None if word < words && !cover.holds(word) => from = Some(word),
            Some(start) if word == words || cover.holds(word) => {
                if word - start >= SHINGLE_WORDS {
                    runs.push((start as u32, word as u32));
                }
                from = None;
            }
            _ => {}
        }
    }
    runs.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
    runs.truncate(PASSAGES_MAX);
    runs.sort_unstable();
    runs
}
