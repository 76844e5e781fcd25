//! SimHash (Charikar 2002; Manku, Jain and Das Sarma 2007) with bit-sliced counters.
//!
//! In: shingle hashes. Out: 64 bits; bit i is set if it is set in more than half of the hashes.
//!
//! The 64 counters are stored as bit planes. Eight hashes at a time pass through a tree of
//! carry-save adders, without branches; the carry is then added to the higher planes by
//! ripple-carry addition, which stops as soon as the carry is zero.
//!
//! Distances and similarities come from the crate `simhash`. That crate computes the same hash of
//! the same features, but takes sixteen times as long (`cargo bench --bench fingerprint`).

use serde::{Deserialize, Serialize};
use std::fmt;

/// A 64-bit SimHash of the body's shingles. It is not keyed, so it can be compared across
/// deployments. 0 for a text without words.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct SimHash(pub u64);

impl SimHash {
    /// The SimHash of these shingle hashes; a hash that occurs several times counts each time.
    pub fn of(shingles: &[u64]) -> Self {
        let mut planes = [0u64; usize::BITS as usize];
        let eights = shingles.chunks_exact(8);
        let rest = eights.remainder();
        for eight in eights {
            let [mut ones, mut twos, mut fours, ..] = planes;
            let (a, b, c, d);
            (ones, a) = sum(ones, eight[0], eight[1]);
            (ones, b) = sum(ones, eight[2], eight[3]);
            (ones, c) = sum(ones, eight[4], eight[5]);
            (ones, d) = sum(ones, eight[6], eight[7]);
            let (low, high, carry);
            (twos, low) = sum(twos, a, b);
            (twos, high) = sum(twos, c, d);
            (fours, carry) = sum(fours, low, high);
            (planes[0], planes[1], planes[2]) = (ones, twos, fours);
            add(&mut planes[3..], carry);
        }
        rest.iter().for_each(|&hash| add(&mut planes, hash));
        Self(above(&planes, shingles.len() / 2))
    }

    /// The number of bits that differ, 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        simhash::hamming_distance(self.0, other.0)
    }

    /// The share of bits that are equal, 0 to 1. Unrelated texts have about 0.5.
    pub fn similarity(self, other: Self) -> f64 {
        simhash::hash_similarity(self.0, other.0)
    }
}

/// Full adder for each bit position: the sum and the carry of three bits.
fn sum(a: u64, b: u64, c: u64) -> (u64, u64) {
    let half = a ^ b;
    (half ^ c, a & b | half & c)
}

/// Adds one bit per position to the counters.
fn add(planes: &mut [u64], mut carry: u64) {
    for plane in planes {
        let next = *plane & carry;
        *plane ^= carry;
        carry = next;
        if carry == 0 {
            break;
        }
    }
}

/// A mask of the counters greater than `bound`, compared from the highest plane down.
fn above(planes: &[u64], bound: usize) -> u64 {
    let (mut above, mut equal) = (0, u64::MAX);
    for (power, plane) in planes.iter().enumerate().rev() {
        if bound >> power & 1 == 0 {
            above |= equal & plane;
            equal &= !plane;
        } else {
            equal &= plane;
        }
    }
    above
}

impl fmt::Display for SimHash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The naive version: one signed counter per bit.
    fn naive(hashes: &[u64]) -> u64 {
        (0..64).fold(0, |all, bit| {
            let balance: i64 = hashes.iter().map(|h| if h >> bit & 1 == 1 { 1 } else { -1 }).sum();
            all | u64::from(balance > 0) << bit
        })
    }

    proptest! {
        #[test]
        fn bit_planes_agree_with_counters(hashes in prop::collection::vec(any::<u64>(), 0..200)) {
            prop_assert_eq!(SimHash::of(&hashes).0, naive(&hashes));
        }

        #[test]
        fn agrees_with_the_simhash_crate_if_features_are_words(
            words in prop::collection::vec("[a-z]{3,8}", 1..60),
        ) {
            let text = words.join(" ");
            let hashes: Vec<u64> = words.iter().map(|w| reference(w)).collect();
            prop_assert_eq!(SimHash::of(&hashes).0, simhash::simhash(&text));
        }

        #[test]
        fn distance_and_similarity_count_the_bits_that_differ(a: u64, b: u64) {
            let differ = (0..64).filter(|bit| a >> bit & 1 != b >> bit & 1).count();
            let (a, b) = (SimHash(a), SimHash(b));
            prop_assert_eq!(a.distance(b) as usize, differ);
            prop_assert_eq!(a.similarity(b), 1.0 - differ as f64 / 64.0);
        }
    }

    /// The reference crate's hash of one word: the SimHash of a single feature is the feature's
    /// hash.
    fn reference(word: &str) -> u64 {
        simhash::simhash(word)
    }
}
