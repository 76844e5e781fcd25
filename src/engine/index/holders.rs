//! Every live article that may carry a text: what kills and corrections ask for.
//!
//! Nothing is cut here. Lists of candidates are bounded, so that somebody who sends many copies of a
//! text could hide earlier ones behind them; these lists are read with all that the bounds left out.
//!
//! Cost: linear in the articles found, some 6 ns for each sample that they share with the text.

use super::{Counted, Index, whole, whole_key};
use crate::engine::article::Sequence;
use crate::engine::fingerprint::Fingerprint;
use std::hash::{Hash, Hasher};

/// Keys that an article is listed under beside those of its text.
#[derive(Debug, Clone, Default)]
pub struct Keys<'a> {
    /// Its edge pieces.
    pub(super) edges: &'a [u32],
    /// The uris that its verdict names, each once.
    pub(super) named: Vec<u32>,
}

impl<'a> Keys<'a> {
    /// The keys of an article with these edge pieces, whose verdict names these uris.
    pub fn of<'u>(edges: &'a [u32], uris: impl Iterator<Item = &'u str>) -> Self {
        let mut named: Vec<u32> = uris.map(uri_key).collect();
        named.sort_unstable();
        named.dedup();
        Self { edges, named }
    }
}

/// The key of a uri that a verdict names.
fn uri_key(uri: &str) -> u32 {
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    (hash.finish() >> 32) as u32
}

impl Index {
    /// Every live article that shares two samples with this text or may be equal to it, in order of
    /// arrival.
    pub fn holders(&self, print: &Fingerprint) -> Vec<Sequence> {
        let window = self.window();
        let mut hits = Counted { all: Vec::with_capacity(128), ..Counted::default() };
        for (at, &key) in print.samples.iter().enumerate() {
            self.samples.all(key, window, |id| hits.add(id, at));
        }
        let mut ids: Vec<u32> = hits.shared().map(|(id, _)| id).collect();
        if let Some(key) = whole(print) {
            self.equal.all(key, window, |id| ids.push(id));
        }
        self.in_order(ids)
    }

    /// Every live article whose content hash may be `hash`, in order of arrival; the fingerprints tell
    /// for sure.
    pub fn equal(&self, hash: u64) -> Vec<Sequence> {
        let mut ids = Vec::new();
        self.equal.all(whole_key(hash), self.window(), |id| ids.push(id));
        self.in_order(ids)
    }

    /// Every live article whose verdict may name `uri`, in order of arrival; the verdicts tell for sure.
    pub fn naming(&self, uri: &str) -> Vec<Sequence> {
        let mut ids = Vec::new();
        self.named.all(uri_key(uri), self.window(), |id| ids.push(id));
        self.in_order(ids)
    }

    fn in_order(&self, ids: Vec<u32>) -> Vec<Sequence> {
        let mut all: Vec<Sequence> = ids.into_iter().map(|id| self.sequence(id)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
