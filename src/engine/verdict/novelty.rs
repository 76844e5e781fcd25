//! What no candidate had: literal wording, in order of arrival.

use super::align::{Alignment, SharedRun};
use super::types::{Arrival, Novelty, Ratio};
use super::{Settings, VerifiedCandidate};
use crate::fingerprint::SHINGLE_WORDS;

/// Words of the new text that earlier texts have, one bit a word.
#[derive(Debug)]
pub(super) struct WordCoverage {
    bits: Vec<u64>,
}

impl WordCoverage {
    /// None of so many.
    pub(super) fn none(words: usize) -> Self {
        Self { bits: vec![0; words.div_ceil(64)] }
    }

    /// Adds what an alignment covers.
    pub(super) fn add(&mut self, alignment: &Alignment) {
        for run in &alignment.runs {
            for (at, mask) in masks(run) {
                self.bits[at] |= mask;
            }
        }
    }

    /// Words that an alignment would add.
    pub(super) fn gain(&self, alignment: &Alignment) -> u32 {
        let masks = alignment.blocks.iter().flat_map(masks);
        masks.map(|(at, mask)| (mask & !self.bits[at]).count_ones()).sum()
    }

    fn words(&self) -> u32 {
        self.bits.iter().map(|bits| bits.count_ones()).sum()
    }

    fn holds(&self, word: usize) -> bool {
        self.bits[word / 64] >> (word % 64) & 1 == 1
    }
}

/// The bits of a run's words in the new text, by place.
fn masks(run: &SharedRun) -> impl Iterator<Item = (usize, u64)> + use<> {
    let (from, to) = (run.new as usize, run.new_end() as usize);
    (from / 64..to.div_ceil(64)).map(move |at| {
        let (first, end) = (from.saturating_sub(64 * at), (to - 64 * at).min(64));
        (at, u64::MAX << first & u64::MAX >> (64 - end))
    })
}

/// The novelty of `new`; `None` below `novelty_words_min`.
pub(super) fn of(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    settings: &Settings,
) -> Option<Novelty> {
    let words = new.print.words();
    if words < settings.novelty_words_min as usize {
        return None;
    }
    let mut cover = WordCoverage::none(words);
    let mut confirmed = WordCoverage::none(words);
    for one in verified {
        cover.add(&one.pair.alignment);
        for pair in one.pair.figures.iter().filter(|p| p.equal) {
            confirmed.bits[pair.new as usize / 64] |= 1 << (pair.new % 64);
        }
    }
    // A figure is confirmed once, where it stands.
    let numbers = new.print.figures.len() as u32 - confirmed.words();
    let count = words as u32 - cover.words();
    Some(Novelty {
        share: Ratio::of(count, words as u32),
        words: count,
        numbers,
        passages: stretches(&cover, words, usize::from(settings.passages_max)),
    })
}

/// The longest stretches of new words, of a shingle's length at least, in order.
fn stretches(cover: &WordCoverage, words: usize, max: usize) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let mut from = None;
    for word in 0..=words {
        match from {
            None if word < words && !cover.holds(word) => from = Some(word),
            Some(start) if word == words || cover.holds(word) => {
                if word - start >= SHINGLE_WORDS {
                    found.push((start as u32, word as u32));
                }
                from = None;
            }
            _ => {}
        }
    }
    found.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
    found.truncate(max);
    found.sort_unstable();
    found
}
