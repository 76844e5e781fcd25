//! What no candidate had: literal wording, in order of arrival.

use super::align::Alignment;
use super::verdict::{Arrival, Novelty, Ratio};
use super::{Settings, Verified};
use crate::engine::fingerprint::SHINGLE_WORDS;
use std::collections::BTreeSet;

/// Words of the new text that earlier texts have.
#[derive(Debug, Default)]
pub(super) struct Cover {
    words: Vec<bool>,
}

impl Cover {
    /// Adds what an alignment covers.
    pub(super) fn add(&mut self, alignment: &Alignment) {
        for run in &alignment.runs {
            let end = run.new_end() as usize;
            if self.words.len() < end {
                self.words.resize(end, false);
            }
            self.words[run.new as usize..end].fill(true);
        }
    }

    /// Words that an alignment would add.
    pub(super) fn gain(&self, alignment: &Alignment) -> u32 {
        let known = |word: u32| self.words.get(word as usize).copied().unwrap_or(false);
        let blocks = alignment.blocks.iter();
        blocks.flat_map(|b| b.new..b.new_end()).filter(|&word| !known(word)).count() as u32
    }
}

/// The novelty of `new`; `None` below `novelty_words_min`.
pub(super) fn of(
    new: Arrival<'_>,
    verified: &[Verified<'_>],
    settings: &Settings,
) -> Option<Novelty> {
    let words = new.print.words();
    if words < settings.novelty_words_min as usize {
        return None;
    }
    let mut cover = Cover::default();
    let mut confirmed = BTreeSet::new();
    for one in verified {
        cover.add(&one.pair.alignment);
        let figures = one.pair.figures.iter();
        confirmed.extend(figures.filter(|p| p.equal).map(|p| p.new));
    }
    cover.words.resize(words, false);
    let numbers = new.print.figures.iter().filter(|f| !confirmed.contains(&f.word)).count() as u32;
    let count = cover.words.iter().filter(|seen| !**seen).count() as u32;
    Some(Novelty {
        share: Ratio::of(count, words as u32),
        words: count,
        numbers,
        passages: stretches(&cover.words, usize::from(settings.passages_max)),
    })
}

/// The longest stretches of new words, of a shingle's length at least, in order.
fn stretches(seen: &[bool], max: usize) -> Vec<(u32, u32)> {
    let mut found = Vec::new();
    let mut at = 0;
    for run in seen.chunk_by(|a, b| a == b) {
        if !run[0] && run.len() >= SHINGLE_WORDS {
            found.push((at as u32, (at + run.len()) as u32));
        }
        at += run.len();
    }
    found.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
    found.truncate(max);
    found.sort_unstable();
    found
}
