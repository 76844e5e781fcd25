//! Words to fingerprint: SimHash, samples, trace, figures and whole-text hashes.
//!
//! In: the [`Words`] of a cleaned body and the deployment's [`FloodKey`]. Out: a [`Fingerprint`],
//! the part of an article that finds and proves copies, kept for every live article.

use crate::engine::text::{Figure, Words};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Fingerprint settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Words of a shingle.
    pub shingle_words: u8,
    /// The most shingle hashes that an article posts; the fewest is half of it, in a text that
    /// has as many.
    pub samples_max: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { shingle_words: 4, samples_max: 64 }
    }
}

/// A secret of the deployment that keys sampled hashes, so that nobody outside can craft texts
/// that crowd one posting list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FloodKey(pub u64);

/// A 64-bit SimHash (Charikar 2002) of the body's shingles; not keyed, so that it compares across
/// deployments. 0 for a text without words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct SimHash(pub u64);

impl SimHash {
    /// The number of bits that differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

impl fmt::Display for SimHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

/// What is kept of an article's text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fingerprint {
    /// The published fingerprint.
    pub simhash: SimHash,
    /// Hash of all words in order; equal for equal normalised bodies. 0 for no words.
    pub content: u64,
    /// The same with every figure masked.
    pub masked: u64,
    /// The sampled shingle hashes, sorted, without repeats.
    pub samples: Box<[u32]>,
    /// Binary logarithm of the sampling period p.
    pub period_log2: u8,
    /// The low byte of each word's hash, in order; never 0 for a word, 0 for a figure.
    pub trace: Box<[u8]>,
    /// The figures and where they stand.
    pub figures: Box<[Figure]>,
}

impl Fingerprint {
    /// Fingerprints `words`.
    pub fn of(words: &Words, _settings: &Settings, _key: FloodKey) -> Self {
        let mut content = 0u64;
        let mut masked = 0u64;
        for hash in &words.hashes {
            content = fold(content ^ hash);
            masked = fold(masked ^ hash);
        }
        let trace = words.hashes.iter().map(|hash| (*hash as u8).max(1)).collect();
        Self { content, masked, trace, figures: words.figures.clone().into(), ..Self::default() }
    }

    /// The number of words.
    pub fn words(&self) -> usize {
        self.trace.len()
    }
}

/// The folded 128-bit product with a fixed odd constant: a fast, well-mixed 64-bit permutation step.
pub fn fold(value: u64) -> u64 {
    let wide = u128::from(value) * 0x9e37_79b9_7f4a_7c15_u128;
    (wide as u64) ^ ((wide >> 64) as u64)
}
