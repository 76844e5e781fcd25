//! The window's index: which earlier articles may share text with this one.
//!
//! In: the fingerprints of live articles, by [`Sequence`]. Out: candidates, in a total order.
//! Query, then insert. Sequences enter in order and leave in the same order.

use crate::engine::article::Sequence;
use crate::engine::fingerprint::Fingerprint;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Index settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most articles listed for one sampled hash; those that expire last stay.
    pub postings_per_hash_max: u8,
    /// The most candidates that are verified for one article.
    pub candidates_max: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self { postings_per_hash_max: 16, candidates_max: 12 }
    }
}

/// An earlier article that may share text with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which article.
    pub sequence: Sequence,
    /// Samples that it shares with the new one.
    pub shared: u16,
    /// Whether the content hash is equal.
    pub equal: bool,
}

/// The index over the live articles of one shard.
#[derive(Debug, Default)]
pub struct Index {
    equal: FxHashMap<u64, Vec<Sequence>>,
}

impl Index {
    /// An empty index.
    pub fn new(_settings: &Settings) -> Self {
        Self::default()
    }

    /// Candidates for a text with this fingerprint, best first, at most `candidates_max`.
    pub fn candidates(&self, print: &Fingerprint) -> Vec<Candidate> {
        let equal = self.equal.get(&print.content).map(Vec::as_slice).unwrap_or_default();
        equal
            .iter()
            .map(|&sequence| Candidate { sequence, shared: 0, equal: true })
            .take(12)
            .collect()
    }

    /// Adds an article. `sequence` must be above all that are in.
    pub fn insert(&mut self, sequence: Sequence, print: &Fingerprint) {
        if print.content != 0 {
            self.equal.entry(print.content).or_default().push(sequence);
        }
    }

    /// Removes an article, whose fingerprint is as it was when it was added.
    pub fn remove(&mut self, sequence: Sequence, print: &Fingerprint) {
        if let Some(list) = self.equal.get_mut(&print.content) {
            list.retain(|&s| s != sequence);
            if list.is_empty() {
                self.equal.remove(&print.content);
            }
        }
    }
}
