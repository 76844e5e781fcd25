//! Live articles whose SimHash is within three bits of a given one.
//!
//! Four tables, one for each 16 bits of the hash: of two hashes that differ in at most three bits, one
//! block at least is equal (Manku, Jain and Das Sarma 2007, with as many tables as bits plus one). A
//! table is a head for each of the 65,536 blocks and, beside each article, the next older one with the
//! same block. Chains end where the window ends, so that expiry is exact and costs nothing.
//!
//! It serves look-ups by fingerprint, which the samples cannot: they are keyed, and the published
//! SimHash is not. It finds no copy that the samples miss, and so is not asked when an article comes.
//!
//! Invariants: IH-1 what is found is what a scan of the live articles finds, as long as no chain is
//! longer than `CHAIN_MAX`; beyond, the newest are found.
//!
//! Cost: 24 bytes an article and 1 MB; an insertion is four writes, a look-up follows four chains, of
//! 15 strangers each at a million live articles.

use crate::fingerprint::SimHash;
use std::collections::VecDeque;

/// The highest distance that is found.
pub const DISTANCE_MAX: u32 = 3;

/// The most articles that are looked at in one chain.
const CHAIN_MAX: usize = 4_096;

const TABLES: usize = 4;

#[derive(Debug, Clone, Copy)]
struct HammingEntry {
    hash: SimHash,
    /// For each table, the low bits of the place of the next older article.
    older: [u32; TABLES],
}

/// The tables over the live articles of one shard.
#[derive(Debug)]
pub(super) struct Hamming {
    heads: Box<[[u32; TABLES]]>,
    first: u64,
    live: VecDeque<HammingEntry>,
}

fn blocks(hash: SimHash) -> [usize; TABLES] {
    std::array::from_fn(|table| (hash.0 >> (16 * table)) as usize & 0xffff)
}

impl Hamming {
    /// No articles; the next one is at `first`.
    pub(super) fn new(first: u64) -> Self {
        let heads = vec![[first.wrapping_sub(1) as u32; TABLES]; 1 << 16].into_boxed_slice();
        Self { heads, first, live: VecDeque::new() }
    }

    /// Adds the next article.
    pub(super) fn insert(&mut self, hash: SimHash) {
        let own = (self.first + self.live.len() as u64) as u32;
        let mut older = [0; TABLES];
        for (table, block) in blocks(hash).into_iter().enumerate() {
            older[table] = std::mem::replace(&mut self.heads[block][table], own);
        }
        self.live.push_back(HammingEntry { hash, older });
    }

    /// Removes the oldest article.
    pub(super) fn expire(&mut self) {
        if self.live.pop_front().is_some() {
            self.first += 1;
        }
    }

    /// The articles within `distance` of `hash`, nearest first, then oldest first, each with its
    /// distance.
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
                let apart = entry.hash.distance(hash);
                if apart <= distance.min(DISTANCE_MAX) {
                    found.push((apart, self.first + at as u64));
                }
                (bound, low) = (at, entry.older[table]);
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|(apart, place)| (place, apart)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The naive twin: a scan.
    fn scan(live: &[(u64, SimHash)], hash: SimHash, distance: u32) -> Vec<(u64, u32)> {
        let mut all: Vec<(u32, u64)> =
            live.iter().map(|&(place, that)| (that.distance(hash), place)).collect();
        all.retain(|&(apart, _)| apart <= distance);
        all.sort_unstable();
        all.into_iter().map(|(apart, place)| (place, apart)).collect()
    }

    proptest! {
        /// Few distinct hashes with few bits flipped, and a window that moves.
        #[test]
        fn it_finds_what_a_scan_finds(
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
