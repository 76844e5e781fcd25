//! Finds the live articles whose SimHash differs from a given one in at most three bits.
//!
//! In: the SimHashes of articles, in order of arrival. Out: the near articles with their Hamming
//! distances, which the crate `simhash` computes.
//!
//! There are four tables, one for each 16-bit block of the hash. If two hashes differ in at most
//! three bits, at least one block is equal (Manku, Jain and Das Sarma 2007; the number of tables is
//! the permitted distance plus one). A table has a head for each of the 65,536 block values, and
//! each article links to the next older article with the same block. Chains end at the oldest live
//! article, so expired articles are left out at no cost.
//!
//! These tables answer lookups by the published SimHash. The samples cannot answer them, because
//! they are computed with a secret key and the SimHash is not. The tables find no copies that the
//! samples miss, so they are not used to find candidates for new articles.
//!
//! Invariant IH-1: a lookup finds the same articles as a scan of the live articles, as long as no
//! chain is longer than `CHAIN_MAX`. In a longer chain, only the newest `CHAIN_MAX` are examined,
//! and the result is marked as incomplete.
//!
//! Cost: 24 bytes per article and 1 MB. An insertion makes four writes; a lookup follows four
//! chains, each with about 15 unrelated articles per million live ones.

use crate::article::Sequence;
use crate::fingerprint::SimHash;
use std::collections::VecDeque;

/// The largest Hamming distance, in bits, that lookups support.
pub const DISTANCE_MAX: u32 = 3;

/// Maximum number of articles examined in one chain.
const CHAIN_MAX: usize = 4_096;

/// Number of tables: one for each 16-bit block.
const TABLES: usize = 4;

/// An article near a SimHash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearArticle {
    /// The article.
    pub sequence: Sequence,
    /// Number of bits in which its SimHash differs.
    pub distance: u32,
}

/// The articles near a SimHash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Near {
    /// The articles, nearest first; equally near articles are ordered oldest first.
    pub articles: Vec<NearArticle>,
    /// Whether the list is complete: `false` if a chain was too long to be examined to its end.
    pub complete: bool,
}

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

    /// The articles within `distance` bits of `hash` (at most [`DISTANCE_MAX`]).
    pub(super) fn near(&self, hash: SimHash, distance: u32) -> Near {
        let (mut articles, mut complete) = (Vec::new(), true);
        for (table, block) in blocks(hash).into_iter().enumerate() {
            let mut bound = self.live.len();
            let mut low = self.heads[block][table];
            for examined in 0.. {
                let at = low.wrapping_sub(self.first as u32) as usize;
                let Some(entry) = self.live.get(at).filter(|_| at < bound) else { break };
                if blocks(entry.hash)[table] != block {
                    break;
                }
                if examined == CHAIN_MAX {
                    complete = false;
                    break;
                }
                let bits = entry.hash.distance(hash);
                if bits <= distance.min(DISTANCE_MAX) {
                    let sequence = Sequence(self.first + at as u64);
                    articles.push(NearArticle { sequence, distance: bits });
                }
                (bound, low) = (at, entry.older[table]);
            }
        }
        articles.sort_unstable_by_key(|near| (near.distance, near.sequence));
        articles.dedup();
        Near { articles, complete }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Index, Limits};
    use super::*;
    use proptest::prelude::*;

    /// The naive version: a scan of the live articles.
    fn scan(live: &[(u64, SimHash)], hash: SimHash, distance: u32) -> Near {
        let mut articles: Vec<NearArticle> = live
            .iter()
            .map(|&(position, other)| NearArticle {
                sequence: Sequence(position),
                distance: other.distance(hash),
            })
            .collect();
        articles.retain(|near| near.distance <= distance);
        articles.sort_unstable_by_key(|near| (near.distance, near.sequence));
        Near { articles, complete: true }
    }

    /// If a chain is too long, its newest articles are found and the result is marked as
    /// incomplete.
    #[test]
    fn a_chain_that_is_too_long_makes_the_answer_incomplete() {
        let mut tables = Hamming::new(0);
        (0..CHAIN_MAX).for_each(|_| tables.insert(SimHash(7)));
        let near = tables.near(SimHash(7), 0);
        assert_eq!((near.articles.len(), near.complete), (CHAIN_MAX, true));
        tables.insert(SimHash(7));
        let near = tables.near(SimHash(7), 0);
        assert_eq!((near.articles.len(), near.complete), (CHAIN_MAX, false));
        assert_eq!(near.articles[0].sequence, Sequence(1), "the oldest is left out");
        tables.expire();
        assert!(tables.near(SimHash(7), 0).complete);
    }

    #[test]
    fn the_size_covers_heads_and_articles_and_is_part_of_the_size_of_the_index() {
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
