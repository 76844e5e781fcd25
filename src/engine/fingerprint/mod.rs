//! Computes the fingerprint of a text: SimHash, samples, trace, figures and whole-text hashes.
//!
//! In: the [`Words`] of a cleaned body and the deployment's [`SamplingKey`]. Out: a
//! [`Fingerprint`], which is stored for every live article to find and verify copies. Each part has
//! one purpose:
//!
//! - The *SimHash* is published and can be compared across deployments.
//! - The *samples* find candidates. A shingle hash is sampled if its keyed hash is 0 modulo a power
//!   of two, so the same shingles are sampled in every text that contains them (Manber 1994, "mod
//!   p" sampling; Broder 1997).
//! - The *trace*, one byte per word, verifies candidates: containment, aligned passages, and the
//!   positions of figures.
//! - The *content hash* identifies equal texts, and the *masked hash* identifies texts that differ
//!   only in figures.
//!
//! Cost: 7 to 12 bytes per sample in the index, one byte per word and 8 bytes per figure; one
//! multiplication per shingle, and one more to sample it.
//!
//! Invariants:
//! - FP-1: equal words give equal fingerprints under the same key.
//! - FP-2: samples are sorted and distinct, at most `samples_max` of them.
//! - FP-3: a trace byte is 0 if and only if the word is a figure.

mod simhash;

use super::text::tokens::mix;
use super::text::{Clean, Figure, Words};
use serde::{Deserialize, Serialize};
pub use simhash::SimHash;

/// Fingerprint settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Maximum number of samples (sampled shingle hashes) of an article; at most 64. A text with at
    /// least this many shingles has about half of this number of samples, or more.
    pub samples_max: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self { samples_max: 64 }
    }
}

/// Number of words in a shingle.
pub const SHINGLE_WORDS: usize = 4;

/// The deployment's secret key for sampling. Without it, nobody can craft texts that flood one
/// posting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SamplingKey(pub u64);

/// The fingerprint of an article's text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The published SimHash.
    pub simhash: SimHash,
    /// Content hash: covers all words in order, including those beyond `words_max`; 0 for a text
    /// without words.
    pub content_hash: u64,
    /// Masked hash: like `content_hash`, but with every figure replaced by the same value.
    pub masked: u64,
    /// The high 32 bits of the sampled keyed hashes, sorted and distinct.
    pub samples: Box<[u32]>,
    /// Binary logarithm of the sampling period p.
    pub period_log2: u8,
    /// One byte of each word's hash, in order; 0 for a figure.
    #[serde(with = "serde_bytes")]
    pub trace: Box<[u8]>,
    /// The figures with their word positions, in order.
    pub figures: Box<[Figure]>,
    /// The text itself if it has at most [`SHORT_WORDS_MAX`] words, so that the words which differ
    /// from those of a later text can be read; otherwise empty. Stored with the article's record.
    #[serde(skip)]
    pub short_text: Box<str>,
    /// The dateline and the closing line that were removed from such a text, as in
    /// [`Clean::trimmed`]. Stored with the article's record.
    #[serde(skip)]
    pub trimmed: Box<str>,
}

/// Maximum number of words, and of bytes, in a text that is stored in full.
pub const SHORT_WORDS_MAX: usize = 120;
const SHORT_BYTES_MAX: usize = 1_200;

impl Fingerprint {
    /// Computes the fingerprint of `words`.
    pub fn of(words: &Words, settings: &Limits, key: SamplingKey) -> Self {
        if words.hashes.is_empty() {
            return Self::default();
        }
        let shingles = shingles(&words.hashes);
        let (samples, period_log2) = sample(&shingles, settings.samples_max.min(64), key);
        let (content, masked) = whole(words);
        Self {
            simhash: SimHash::of(&shingles),
            content_hash: content,
            masked,
            samples,
            period_log2,
            trace: trace(words),
            figures: words.figures.as_slice().into(),
            short_text: Box::default(),
            trimmed: Box::default(),
        }
    }

    /// Adds the text from which the fingerprint was computed, if it is short.
    pub fn with_text(mut self, clean: &Clean) -> Self {
        if self.trace.len() <= SHORT_WORDS_MAX && clean.text.len() <= SHORT_BYTES_MAX {
            self.short_text = clean.text.as_str().into();
            self.trimmed = clean.trimmed.as_str().into();
        }
        self
    }

    /// The number of words.
    pub fn words(&self) -> usize {
        self.trace.len()
    }

    /// The number of words that are not figures.
    pub fn plain_words(&self) -> usize {
        self.trace.len() - self.figures.len()
    }

    /// Whether the texts have words and are equal by content hash and trace.
    pub fn is_equal(&self, other: &Self) -> bool {
        self.content_hash == other.content_hash
            && self.trace == other.trace
            && !self.trace.is_empty()
    }

    /// Reads a few cache lines that a comparison will need. If several texts are to be compared,
    /// this is called for all of them beforehand, so that their cache misses overlap.
    pub(crate) fn prefetch(&self) {
        let lines = self.trace.iter().step_by(64).take(8).fold(0, |all, byte| all | byte);
        std::hint::black_box((lines, self.figures.first().map(|figure| figure.word)));
    }

    /// Size in memory in bytes, including the struct itself.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.samples.len() * size_of::<u32>()
            + self.trace.len()
            + size_of_val(&*self.figures)
            + self.short_text.len()
            + self.trimmed.len()
    }
}

/// The hashes of all runs of [`SHINGLE_WORDS`] words. A shorter text has one hash, of all its
/// words.
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

/// The trace of a text: one byte of each word's hash, 0 for a figure.
pub fn trace(words: &Words) -> Box<[u8]> {
    let mut trace: Box<[u8]> = words.hashes.iter().map(|hash| (*hash as u8).max(1)).collect();
    for figure in &words.figures {
        trace[figure.word as usize] = 0;
    }
    trace
}

/// The posting key of a shingle, if it is sampled.
pub fn sample_of(shingle: u64, key: SamplingKey) -> u32 {
    (mix(shingle, key.0) >> 32) as u32
}

/// The samples of a text and the binary logarithm of their period. The period follows from the
/// number of shingles, so that `max / 2` to `max` samples are expected; it is doubled until there
/// are at most `max` samples.
fn sample(shingles: &[u64], max: u8, key: SamplingKey) -> (Box<[u32]>, u8) {
    let max = usize::from(max.max(1));
    let mut period_log2 = shingles.len().div_ceil(max).next_power_of_two().trailing_zeros() as u8;
    let within = |period_log2: u8| move |keyed: &u64| keyed & ((1 << period_log2) - 1) == 0;
    // Writes every hash and advances only for sampled ones, to avoid an unpredictable branch.
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
    (mix(content, words.overflow_hash).max(1), mix(masked, words.overflow_hash).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{self, words};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Limits::default());
        Fingerprint::of(&words, &Limits::default(), SamplingKey(9))
    }

    fn numbered(count: usize) -> String {
        (0..count).map(|n| format!("w{n}x ")).collect()
    }

    #[test]
    fn a_text_without_words_has_an_empty_fingerprint() {
        assert_eq!(print(" ... "), Fingerprint::default());
    }

    #[test]
    fn the_number_of_samples_is_near_the_limit() {
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
        let hashes = words(&numbered(900), &text::Limits::default()).hashes;
        let of_first: BTreeSet<u32> =
            shingles(&hashes[..300]).iter().map(|&s| (mix(s, 9) >> 32) as u32).collect();
        let shared: Vec<&u32> = long.samples.iter().filter(|s| of_first.contains(s)).collect();
        assert!(shared.len() > 4 && shared.iter().all(|s| in_short.contains(s)), "{shared:?}");
    }

    #[test]
    fn the_key_changes_only_the_samples() {
        let words = words(&numbered(500), &text::Limits::default());
        let of = |key| Fingerprint::of(&words, &Limits::default(), SamplingKey(key));
        let (a, b) = (of(1), of(2));
        assert_ne!(a.samples, b.samples);
        assert_eq!((a.simhash, a.content_hash, a.trace), (b.simhash, b.content_hash, b.trace));
    }

    #[test]
    fn texts_that_differ_only_in_figures_have_the_same_masked_hash() {
        let (a, b) = (print("cod 3 crates sold at 12.50"), print("cod 4 crates sold at 13"));
        assert_ne!(a.content_hash, b.content_hash);
        assert_eq!(a.masked, b.masked);
        assert_eq!(a.trace, b.trace);
        assert_eq!(a.trace[1], 0);
        assert_eq!(a.plain_words(), 4);
    }

    proptest! {
        #[test]
        fn samples_equal_those_of_the_naive_twin(
            hashes in prop::collection::vec(any::<u64>(), 1..400),
        ) {
            let words = Words { spans: vec![(0, 0); hashes.len()], hashes, ..Words::default() };
            let print = Fingerprint::of(&words, &Limits::default(), SamplingKey(3));
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
