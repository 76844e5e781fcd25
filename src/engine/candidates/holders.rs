//! Every uri whose live versions may carry a text: the search of kills and corrections.
//!
//! Nothing is cut here. Candidate lists are bounded, so a sender of many copies could hide earlier
//! copies behind later ones; this search also reads what those bounds left out. It answers with at least
//! one version of each uri; the caller looks at all live versions.
//!
//! Cost: linear in the uris found, some 6 ns for each sample that they share with the text.

use super::{HitCounter, Index, whole, whole_key};
use crate::article::Sequence;
use crate::fingerprint::Fingerprint;
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// Keys that an article is listed under beside those of its text.
#[derive(Debug, Clone, Default)]
pub struct PostingKeys<'a> {
    /// Its edge pieces.
    pub(super) edges: &'a [u32],
    /// The uris that its verdict names, each once.
    pub(super) named: Vec<u32>,
    /// The newest earlier article with the same uri, if it is live.
    pub(super) previous: Option<Sequence>,
}

impl<'a> PostingKeys<'a> {
    /// The keys of an article with these edge pieces, whose verdict names these uris, and whose previous
    /// version is this one.
    pub fn of<'u>(
        edges: &'a [u32],
        uris: impl Iterator<Item = &'u str>,
        previous: Option<Sequence>,
    ) -> Self {
        let mut named: Vec<u32> = uris.map(uri_key).collect();
        named.sort_unstable();
        named.dedup();
        Self { edges, named, previous }
    }
}

/// The key of a uri that a verdict names.
fn uri_key(uri: &str) -> u32 {
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    (hash.finish() >> 32) as u32
}

impl Index {
    /// Uris whose live versions share two samples with this text or may be equal to it, each by at
    /// least one version, in order of arrival.
    pub fn holders(&self, print: &Fingerprint) -> Vec<Sequence> {
        let window = self.window();
        let mut hits = HitCounter { all: Vec::with_capacity(128), ..HitCounter::default() };
        // A live version of each uri whose number is that of an expired one.
        let mut live: FxHashMap<u32, u32> = FxHashMap::default();
        for (at, &key) in print.samples.iter().enumerate() {
            self.samples.all(key, window, |id| {
                let uri = self.live[id.wrapping_sub(window.first) as usize].uri;
                if !window.holds(uri) {
                    live.insert(uri, id);
                }
                hits.add(uri, at);
            });
        }
        let known = |(uri, _)| live.get(&uri).copied().unwrap_or(uri);
        let mut ids: Vec<u32> = hits.shared().map(known).collect();
        if let Some(key) = whole(print) {
            self.equal.all(key, window, |id| ids.push(id));
        }
        self.in_order(ids)
    }

    /// Uris with a live version whose content hash may be `hash`, each by at least one version, in order
    /// of arrival; the caller compares the fingerprints.
    pub fn equal(&self, hash: u64) -> Vec<Sequence> {
        let mut ids = Vec::new();
        self.equal.all(whole_key(hash), self.window(), |id| ids.push(id));
        self.in_order(ids)
    }

    /// Uris with a live version whose verdict may name `uri`, each by at least one version, in order of
    /// arrival; the caller compares the verdicts.
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
