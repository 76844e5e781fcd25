//! Finds the live articles whose SimHash differs from a given one in at most three bits.
//!
//! In: the SimHashes of articles, in order of arrival. Out: the positions of near articles with
//! their Hamming distances.
//!
//! There are four tables, one for each 16-bit block of the hash. If two hashes differ in at most
//! three bits, at least one block is equal (Manku, Jain and Das Sarma 2007, with one more table
//! than bits). A table has a head for each of the 65,536 block values, and each article links to
//! the next older article with the same block. Chains end at the oldest live article, so expiry is
//! exact and free.
//!
//! This table answers lookups by published SimHash. The samples cannot: they are keyed, and the
//! published SimHash is not. It finds no copies that the samples miss, so it is not used to find
//! candidates for new articles.
//!
//! Invariant IH-1: a lookup finds the same articles as a scan of the live articles, as long as no
//! chain is longer than `CHAIN_MAX`. In a longer chain, only the newest `CHAIN_MAX` are examined.
//!
//! Cost: 24 bytes per article and 1 MB. An insertion makes four writes; a lookup follows four
//! chains, each with about 15 unrelated articles per million live ones.

use crate::fingerprint::SimHash;
use std::collections::VecDeque;

/// The largest Hamming distance, in bits, that lookups support.
pub const DISTANCE_MAX: u32 = 3;

/// The most articles examined in one chain.
const CHAIN_MAX: usize = 4_096;

/// Number of tables: one for each 16-bit block.
const TABLES: usize = 4;

/// A live article.
#[derive(Debug, Clone, Copy)]
struct HammingEntry {
    /// Its SimHash.
    hash: SimHash,
    /// For each table, the low 32 bits of the position of the next older article in the chain.
    older: [u32; TABLES],
}

/// The tables over the live articles of one shard.
#[derive(Debug)]
pub(super) struct Hamming {
    /// For each block value and table, the low 32 bits of the position of the newest article.
    heads: Box<[[u32; TABLES]]>,
    /// Position of the oldest live article.
    first: u64,
    /// The live articles, oldest first.
    live: VecDeque<HammingEntry>,
}

/// The 16-bit blocks of a hash, lowest first.
fn blocks(hash: SimHash) -> [usize; TABLES] {
    std::array::from_fn(|table| (hash.0 >> (16 * table)) as usize & 0xffff)
}

impl Hamming {
    /// Creates empty tables; the next article gets position `first`.
    pub(super) fn new(first: u64) -> Self {
        let heads = vec![[first.wrapping_sub(1) as u32; TABLES]; 1 << 16].into_boxed_slice();
        Self { heads, first, live: VecDeque::new() }
    }

    /// Adds the next article.
    pub(super) fn insert(&mut self, hash: SimHash) {
        let position = (self.first + self.live.len() as u64) as u32;
        let mut older = [0; TABLES];
        for (table, block) in blocks(hash).into_iter().enumerate() {
            older[table] = std::mem::replace(&mut self.heads[block][table], position);
        }
        self.live.push_back(HammingEntry { hash, older });
    }

    /// Size of the tables in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.heads) + self.live.capacity() * size_of::<HammingEntry>()
    }

    /// Removes the oldest article.
    pub(super) fn expire(&mut self) {
        if self.live.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// The articles within `distance` bits of `hash` (at most [`DISTANCE_MAX`]), nearest first,
    /// then oldest first: position and distance.
    pub(super) fn near(&self, hash: SimHash, distance: u32) -> Vec<(u64, u32)> {
        let mut found = Vec::new();
        for (table, block) in blocks(hash).into_iter().enumerate() {
            let mut bound = self.live.len();
            let mut low = self.heads[block][table];
            for _ in 0..CHAIN_MAX {
                let at = low.wrapping_sub(self.first as u32) as usize;
                let Some(entry) = self.live.get(at).filter(|_| at < bound) else { break };
                if blocks(entry.hash)[table] != block {
                    break;
                }
                let bits = entry.hash.distance(hash);
                if bits <= distance.min(DISTANCE_MAX) {
                    found.push((bits, self.first + at as u64));
                }
                (bound, low) = (at, entry.older[table]);
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|(bits, position)| (position, bits)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Index, Limits};
    use super::*;
    use crate::article::Sequence;
    use proptest::prelude::*;

    /// The naive version: a scan of the live articles.
    fn scan(live: &[(u64, SimHash)], hash: SimHash, distance: u32) -> Vec<(u64, u32)> {
        let mut all: Vec<(u32, u64)> =
            live.iter().map(|&(position, other)| (other.distance(hash), position)).collect();
        all.retain(|&(bits, _)| bits <= distance);
        all.sort_unstable();
        all.into_iter().map(|(bits, position)| (position, bits)).collect()
    }

    #[test]
    fn bytes_count_heads_and_articles_and_the_index_counts_them() {
        let mut tables = Hamming::new(0);
        let empty = tables.bytes();
        assert!(empty >= (1 << 20), "{empty}");
        let index = Index::new(&Limits::default(), Sequence(0)).bytes();
        assert!(index >= empty, "{index}");
        (0..2_048).for_each(|n| tables.insert(SimHash(n)));
        let each = (tables.bytes() - empty) / 2_048;
        assert!((24..=48).contains(&each), "{each} bytes per article");
    }

    proptest! {
        /// Few distinct hashes, each with up to two bits flipped, and a moving window.
        #[test]
        fn finds_the_same_articles_as_a_scan(
            feed in prop::collection::vec((0u64..3, 0u32..64, 0u32..64, 0usize..3), 1..120),
            first in prop::sample::select(vec![0u64, 1, u64::from(u32::MAX) - 40]),
        ) {
            let (mut index, mut live) = (Hamming::new(first), Vec::new());
            for (at, (base, a, b, leaving)) in feed.into_iter().enumerate() {
                let seed = base.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let hash = SimHash(seed ^ (1 << a) ^ (1 << b));
                for distance in 0..=DISTANCE_MAX {
                    prop_assert_eq!(index.near(hash, distance), scan(&live, hash, distance));
                }
                index.insert(hash);
                live.push((first + at as u64, hash));
                for _ in 0..leaving.min(live.len()) {
                    index.expire();
                    live.remove(0);
                }
            }
        }
    }
}
