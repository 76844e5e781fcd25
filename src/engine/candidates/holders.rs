//! Finds every uri with a live version that may carry a text, for kills and corrections.
//!
//! In: a fingerprint, content hash or uri. Out: at least one live version of each uri that may
//! match; the caller examines all live versions.
//!
//! These searches are complete. Candidate lists are bounded, so a sender of many copies could push
//! earlier copies out of them; these searches also read the articles dropped from those lists.
//!
//! Cost: about 6 ns for each posting read. For each sample of the text, one posting is read for
//! each uri under which a text with this sample was sent.

use super::{HITS_RESERVED, Index, hits, whole, whole_key};
use crate::article::{ByArticle, Sequence};
use crate::fingerprint::Fingerprint;
use rustc_hash::FxHashMap;
use std::hash::{Hash, Hasher};

/// The keys under which an article is listed, in addition to those of its fingerprint.
#[derive(Debug, Clone, Default)]
pub struct PostingKeys<'a> {
    /// The keys of its edge pieces.
    pub(super) edges: &'a [u32],
    /// The keys of the uris that its verdict names, sorted and distinct.
    pub(super) named: Vec<u32>,
    /// The newest earlier article with the same uri, if it is live.
    pub(super) previous: Option<Sequence>,
}

impl<'a> PostingKeys<'a> {
    /// Creates the keys of an article from the keys of its edge pieces, from the uris that its
    /// verdict names, and from the newest earlier live article with the same uri.
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

/// The posting key of a uri that a verdict names.
fn uri_key(uri: &str) -> u32 {
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    (hash.finish() >> 32) as u32
}

impl Index {
    /// Finds each uri whose live versions together share two samples with this text, and each uri
    /// with a live version that may have the same content hash. Returns at least one live version
    /// of each uri, in order of arrival.
    pub fn holders(&self, print: &Fingerprint) -> Vec<Sequence> {
        let window = self.window();
        let mut hits = ByArticle::with_room(HITS_RESERVED);
        // A uri's number is the sequence of one of its versions. If that version has expired, this
        // maps the number to a live version of the uri.
        let mut live: FxHashMap<u32, u32> = FxHashMap::default();
        for (at, &key) in print.samples.iter().enumerate() {
            self.samples.all(key, window, |id| {
                let uri = self.live[id.wrapping_sub(window.first) as usize].uri;
                if !window.contains(uri) {
                    live.insert(uri, id);
                }
                *hits.value(uri) |= 1u64 << at;
            });
        }
        let known = |(uri, _)| live.get(&uri).copied().unwrap_or(uri);
        let mut ids: Vec<u32> = hits::split(hits).1.into_iter().map(known).collect();
        if let Some(key) = whole(print) {
            self.equal.all(key, window, |id| ids.push(id));
        }
        self.in_order(ids)
    }

    /// Finds each uri with a live version whose content hash may be `hash`. Returns at least one
    /// live version of each uri, in order of arrival. The caller compares the fingerprints.
    pub fn all_with_content(&self, hash: u64) -> Vec<Sequence> {
        let mut ids = Vec::new();
        self.equal.all(whole_key(hash), self.window(), |id| ids.push(id));
        self.in_order(ids)
    }

    /// Finds each uri that has a live version whose verdict may name `uri`. Returns at least one
    /// live version of each uri that was found, in order of arrival. The caller compares the
    /// verdicts.
    pub fn naming(&self, uri: &str) -> Vec<Sequence> {
        let mut ids = Vec::new();
        self.named.all(uri_key(uri), self.window(), |id| ids.push(id));
        self.in_order(ids)
    }

    /// The sequences of these articles, sorted and distinct.
    fn in_order(&self, ids: Vec<u32>) -> Vec<Sequence> {
        let mut all: Vec<Sequence> = ids.into_iter().map(|id| self.sequence(id)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
