//! Words to fingerprint: SimHash, samples, trace, figures and whole-text hashes.
//!
//! In: the [`Words`] of a cleaned body and the deployment's [`FloodKey`]. Out: a [`Fingerprint`],
//! the part of an article that finds and proves copies, kept for every live article. Each part has
//! one job:
//!
//! - the SimHash is published and compares across deployments;
//! - *samples* find candidates: the shingle hashes whose keyed hash is 0 modulo a power of two, the
//!   same ones in every text that holds the shingle (Manber 1994, "mod p" sampling; Broder 1997);
//! - the *trace*, one byte a word, proves: containment, aligned passages, figures where they stand;
//! - the content hash settles equal texts, the masked hash equal templates.
//!
//! Cost: 7 to 12 bytes a sample in the index, a byte a word, 8 bytes a figure; one multiplication a
//! shingle and one more for its sample.
//!
//! Invariants: FP-1 equal words give equal fingerprints under one key; FP-2 samples are sorted,
//! without repeats, at most `samples_max`; FP-3 a trace byte is 0 exactly for a figure.

mod simhash;

use super::text::tokens::mix;
use super::text::{Figure, Words};
use serde::{Deserialize, Serialize};
pub use simhash::SimHash;

/// Fingerprint settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most shingle hashes that an article posts, at most 64; a text that has as many shingles
    /// posts at least about half of it.
    pub samples_max: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { samples_max: 64 }
    }
}

/// Words of a shingle.
pub const SHINGLE_WORDS: usize = 4;

/// A secret of the deployment that keys sampled hashes, so that nobody outside can craft texts
/// that crowd one posting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FloodKey(pub u64);

/// What is kept of an article's text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The published fingerprint.
    pub simhash: SimHash,
    /// Hash of all words in order, those past the bound included; 0 for no words.
    pub content: u64,
    /// The same with every figure masked.
    pub masked: u64,
    /// The sampled shingle hashes, sorted, without repeats.
    pub samples: Box<[u32]>,
    /// Binary logarithm of the sampling period p.
    pub period_log2: u8,
    /// A byte of each word's hash, in order; 0 for a figure.
    pub trace: Box<[u8]>,
    /// The figures and where they stand, in order.
    pub figures: Box<[Figure]>,
}

impl Fingerprint {
    /// Fingerprints `words`.
    pub fn of(words: &Words, settings: &Settings, key: FloodKey) -> Self {
        if words.hashes.is_empty() {
            return Self::default();
        }
        let shingles = shingles(&words.hashes);
        let (samples, period_log2) = sample(&shingles, settings.samples_max.min(64), key);
        let (content, masked) = whole(words);
        Self {
            simhash: SimHash::of(&shingles),
            content,
            masked,
            samples,
            period_log2,
            trace: trace(words),
            figures: words.figures.as_slice().into(),
        }
    }

    /// The number of words.
    pub fn words(&self) -> usize {
        self.trace.len()
    }

    /// The number of words that are no figures.
    pub fn plain_words(&self) -> usize {
        self.trace.len() - self.figures.len()
    }

    /// Whether the texts are equal, and have words.
    pub fn is_equal(&self, that: &Self) -> bool {
        self.content == that.content && self.trace == that.trace && !self.trace.is_empty()
    }

    /// Reads a little of what a comparison will read, so that the memory fetches it side by side
    /// for several texts, rather than for one after the other.
    pub(crate) fn fetch(&self) {
        let lines = self.trace.iter().step_by(64).take(8).fold(0, |all, byte| all | byte);
        std::hint::black_box((lines, self.figures.first().map(|figure| figure.word)));
    }

    /// Bytes that it takes in memory, its own size included.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.samples.len() * size_of::<u32>()
            + self.trace.len()
            + size_of_val(&*self.figures)
    }
}

/// The hashes of all runs of four words; of a shorter text the one hash of all its words.
pub fn shingles(hashes: &[u64]) -> Vec<u64> {
    let shingle = |run: &[u64]| {
        let folded =
            run.iter().zip([0, 16, 32, 48]).fold(0, |all, (h, by)| all ^ h.rotate_left(by));
        mix(folded, run.len() as u64)
    };
    match hashes.len() {
        0 => Vec::new(),
        1..SHINGLE_WORDS => vec![shingle(hashes)],
        _ => hashes
            .windows(SHINGLE_WORDS)
            .map(|four| {
                let (front, back) =
                    (four[0] ^ four[1].rotate_left(16), four[2] ^ four[3].rotate_left(16));
                mix(front ^ back.rotate_left(32), SHINGLE_WORDS as u64)
            })
            .collect(),
    }
}

/// The trace of words: a byte of each one's hash, 0 for a figure.
pub fn trace(words: &Words) -> Box<[u8]> {
    let mut trace: Box<[u8]> = words.hashes.iter().map(|hash| (*hash as u8).max(1)).collect();
    for figure in &words.figures {
        trace[figure.word as usize] = 0;
    }
    trace
}

/// What a shingle is posted as, where it is sampled.
pub fn sample_of(shingle: u64, key: FloodKey) -> u32 {
    (mix(shingle, key.0) >> 32) as u32
}

/// Samples by keyed hash: the period from the length, so that half of `max` to `max` are expected.
fn sample(shingles: &[u64], max: u8, key: FloodKey) -> (Box<[u32]>, u8) {
    let max = usize::from(max.max(1));
    let mut period_log2 = shingles.len().div_ceil(max).next_power_of_two().trailing_zeros() as u8;
    let within = |period_log2: u8| move |keyed: &u64| keyed & ((1 << period_log2) - 1) == 0;
    // Each is written, and written over by the next unless it is sampled, which no branch could foretell.
    let (mut keyed, mut count) = (vec![0; shingles.len()], 0);
    for &shingle in shingles {
        keyed[count] = mix(shingle, key.0);
        count += usize::from(within(period_log2)(&keyed[count]));
    }
    keyed.truncate(count);
    loop {
        let mut samples: Vec<u32> = keyed.iter().map(|k| (k >> 32) as u32).collect();
        samples.sort_unstable();
        samples.dedup();
        if samples.len() <= max {
            return (samples.into(), period_log2);
        }
        period_log2 += 1;
        keyed.retain(within(period_log2));
    }
}

/// The content hash and the masked hash.
fn whole(words: &Words) -> (u64, u64) {
    let mut figures = words.figures.iter().map(|f| f.word as usize).peekable();
    let (mut content, mut masked) = (1, 2);
    for (at, &hash) in words.hashes.iter().enumerate() {
        content = mix(content, hash);
        let figure = figures.next_if_eq(&at).is_some();
        masked = mix(masked, if figure { 0 } else { hash });
    }
    (mix(content, words.rest).max(1), mix(masked, words.rest).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{self, words};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Settings::default());
        Fingerprint::of(&words, &Settings::default(), FloodKey(9))
    }

    fn numbered(count: usize) -> String {
        (0..count).map(|n| format!("w{n}x ")).collect()
    }

    #[test]
    fn a_text_without_words_has_an_empty_fingerprint() {
        assert_eq!(print(" ... "), Fingerprint::default());
    }

    #[test]
    fn samples_are_between_half_and_all_of_the_bound() {
        for count in [1, 4, 10, 67, 68, 200, 1_000, 20_000] {
            let print = print(&numbered(count));
            let shingles = count.saturating_sub(3).max(1);
            if shingles <= 64 {
                assert_eq!((print.samples.len(), print.period_log2), (shingles, 0), "{count}");
            } else {
                assert!((16..=64).contains(&print.samples.len()), "{count}: {print:?}");
            }
        }
    }

    #[test]
    fn a_longer_text_samples_a_subset_of_the_same_shingles() {
        let (short, long) = (print(&numbered(300)), print(&numbered(900)));
        assert!(short.period_log2 < long.period_log2);
        let in_short: BTreeSet<u32> = short.samples.iter().copied().collect();
        let hashes = words(&numbered(900), &text::Settings::default()).hashes;
        let of_first: BTreeSet<u32> =
            shingles(&hashes[..300]).iter().map(|&s| (mix(s, 9) >> 32) as u32).collect();
        let shared: Vec<&u32> = long.samples.iter().filter(|s| of_first.contains(s)).collect();
        assert!(shared.len() > 4 && shared.iter().all(|s| in_short.contains(s)), "{shared:?}");
    }

    #[test]
    fn the_key_moves_samples_and_nothing_else() {
        let words = words(&numbered(500), &text::Settings::default());
        let of = |key| Fingerprint::of(&words, &Settings::default(), FloodKey(key));
        let (a, b) = (of(1), of(2));
        assert_ne!(a.samples, b.samples);
        assert_eq!((a.simhash, a.content, a.trace), (b.simhash, b.content, b.trace));
    }

    #[test]
    fn masking_sees_templates() {
        let (a, b) = (print("cod 3 crates sold at 12.50"), print("cod 4 crates sold at 13"));
        assert_ne!(a.content, b.content);
        assert_eq!(a.masked, b.masked);
        assert_eq!(a.trace, b.trace);
        assert_eq!(a.trace[1], 0);
        assert_eq!(a.plain_words(), 4);
    }

    proptest! {
        #[test]
        fn samples_are_those_of_the_naive_twin(hashes in prop::collection::vec(any::<u64>(), 1..400)) {
            let words = Words { spans: vec![(0, 0); hashes.len()], hashes, ..Words::default() };
            let print = Fingerprint::of(&words, &Settings::default(), FloodKey(3));
            let period = 1u64 << print.period_log2;
            let naive: BTreeSet<u32> = shingles(&words.hashes)
                .iter()
                .map(|&s| mix(s, 3))
                .filter(|k| k.is_multiple_of(period))
                .map(|k| (k >> 32) as u32)
                .collect();
            prop_assert_eq!(print.samples.to_vec(), naive.into_iter().collect::<Vec<_>>());
        }
    }
}
