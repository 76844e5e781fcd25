//! Postings that forget no live article: an article that a bounded list drops is kept in an overflow
//! list of the same key.
//!
//! Candidates need the newest few articles of a key and read the bounded lists only. A kill needs every
//! article and reads both. A key with no more articles than its bounded list holds costs nothing extra;
//! each further article costs 4 bytes.
//!
//! Consecutive versions of one uri share one overflow entry, the newest version: a uri that is sent
//! thousands of times would otherwise make each correction read thousands of its own versions.
//!
//! Expired articles are removed when their key gets its next article, or when the number of overflow
//! entries has doubled, so the average cost of a call is constant.
//!
//! Invariant CP-1: for every live article of a key, [`CompletePostings::all`] yields that article or a newer
//! version of its uri. (A bounded list drops its oldest article, so overflow entries are always older
//! than listed ones.)

use super::postings::{InsertionSlot, Postings, TABLES_LOG2, Window};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// Articles that a part keeps before what has left is let go.
const SWEEP_MIN: usize = 64;

/// Lists of articles by key, and what they had to drop.
#[derive(Debug)]
pub(super) struct CompletePostings {
    newest: Postings,
    /// By the first bits of the key, so that no part takes long to grow.
    older: Vec<Overflow>,
}

/// What the lists of some keys had to drop, in order of arrival.
#[derive(Debug, Default)]
struct Overflow {
    lists: FxHashMap<u32, VecDeque<u32>>,
    articles: usize,
    sweep_at: usize,
}

impl CompletePostings {
    /// No lists; each will hold at most `limit` articles, and what it drops is kept.
    pub(super) fn new(limit: u8) -> Self {
        let older = (0..1 << TABLES_LOG2).map(|_| Overflow::default()).collect();
        Self { newest: Postings::new(limit), older }
    }

    /// The bounded lists.
    pub(super) fn newest(&self) -> &Postings {
        &self.newest
    }

    /// As [`Postings::insert_at`]. `uri_of` gives the number that all versions of a live article's uri
    /// share.
    pub(super) fn insert_at(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<InsertionSlot>,
        uri_of: impl Fn(u32) -> u32,
    ) -> Option<u32> {
        let dropped = self.newest.insert_at(key, id, live, place)?;
        self.part(key).put(key, dropped, live, uri_of);
        Some(dropped)
    }

    /// As [`Postings::insert_all`], for lists of articles in `live`.
    pub(super) fn insert_all(
        &mut self,
        entries: &[u64],
        live: Window,
        uri_of: impl Fn(u32) -> u32,
    ) {
        for (key, dropped) in self.newest.insert_all(entries, live.first) {
            self.part(key).put(key, dropped, live, &uri_of);
        }
    }

    /// Calls `found` with the live articles of `key` in order of arrival; see CP-1.
    pub(super) fn all(&self, key: u32, live: Window, mut found: impl FnMut(u32)) {
        let older = self.older[place(key)].lists.get(&key).into_iter().flatten().copied();
        older.filter(|&id| live.holds(id)).for_each(&mut found);
        self.newest.each(key, live, found);
    }

    /// Bytes of all tables, about: what was dropped has room to spare.
    pub(super) fn bytes(&self) -> usize {
        let entry = size_of::<(u32, VecDeque<u32>)>() + 1;
        let older = self.older.iter().map(|o| o.lists.capacity() * entry + o.articles * 6);
        self.newest.bytes() + older.sum::<usize>()
    }

    fn part(&mut self, key: u32) -> &mut Overflow {
        &mut self.older[place(key)]
    }
}

fn place(key: u32) -> usize {
    (key >> (32 - TABLES_LOG2)) as usize
}

impl Overflow {
    fn put(&mut self, key: u32, id: u32, live: Window, uri_of: impl Fn(u32) -> u32) {
        if !live.holds(id) {
            return;
        }
        let list = self.lists.entry(key).or_default();
        self.articles -= list.len();
        let_go(list, live);
        match list.back_mut() {
            Some(last) if uri_of(*last) == uri_of(id) => *last = id,
            _ => list.push_back(id),
        }
        self.articles += list.len();
        if self.articles > self.sweep_at.max(SWEEP_MIN) {
            self.lists.retain(|_, list| {
                let_go(list, live);
                !list.is_empty()
            });
            self.articles = self.lists.values().map(VecDeque::len).sum();
            self.sweep_at = 2 * self.articles;
        }
    }
}

/// Lets go of what has left, which is what came first.
fn let_go(list: &mut VecDeque<u32>, live: Window) {
    while list.front().is_some_and(|&id| !live.holds(id)) {
        list.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn all(postings: &CompletePostings, key: u32, live: Window) -> Vec<u32> {
        let mut ids = Vec::new();
        postings.all(key, live, |id| ids.push(id));
        ids
    }

    proptest! {
        /// The naive twin: a list a key.
        #[test]
        fn every_live_article_of_a_key_is_found_or_a_newer_version_of_its_uri(
            articles in prop::collection::vec(
                (0u32..4, prop::collection::vec(0u32..6, 0..4)),
                1..300,
            ),
            uris in prop::sample::select(vec![1u32, 2, 4, 1000]),
            window in 1u32..90,
            first in prop::sample::select(vec![0u32, u32::MAX - 30]),
        ) {
            let uri_of = |id: u32| {
                let n = id.wrapping_sub(first);
                if uris == 1000 { n } else { articles[n as usize].0 % uris }
            };
            let keys: Vec<&[u32]> = articles.iter().map(|(_, keys)| &keys[..]).collect();
            let mut one_by_one = CompletePostings::new(3);
            let mut naive: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            let mut live = Window { first, len: 0 };
            for (n, keys) in (0..).zip(&keys) {
                let id = first.wrapping_add(n);
                if live.len == window {
                    live = Window { first: live.first.wrapping_add(1), len: live.len - 1 };
                }
                for key in keys.iter().map(|key| key << 29 | key) {
                    one_by_one.insert_at(key, id, live, None, uri_of);
                    let list = naive.entry(key).or_default();
                    if list.last() != Some(&id) {
                        list.push(id);
                    }
                }
                live.len += 1;
            }
            let mut at_once = CompletePostings::new(3);
            let entries: Vec<u64> = (0..keys.len() as u32)
                .filter(|n| live.holds(first.wrapping_add(*n)))
                .flat_map(|n| keys[n as usize].iter().map(move |key| (n, key << 29 | key)))
                .map(|(n, key)| u64::from(key) << 32 | u64::from(first.wrapping_add(n)))
                .collect();
            at_once.insert_all(&entries, live, uri_of);
            for (key, ids) in naive {
                let ids: Vec<u32> = ids.into_iter().filter(|&id| live.holds(id)).collect();
                for found in [all(&one_by_one, key, live), all(&at_once, key, live)] {
                    let or_newer = |id: &u32| {
                        let at = found.iter().position(|f| f == id);
                        at.is_some() || found.iter().any(|&f| {
                            f.wrapping_sub(first) > id.wrapping_sub(first)
                                && uri_of(f) == uri_of(*id)
                        })
                    };
                    prop_assert!(ids.iter().all(or_newer), "{ids:?} but found {found:?}");
                    prop_assert!(found.iter().all(|id| ids.contains(id)));
                    prop_assert!(found.is_sorted_by_key(|id| id.wrapping_sub(first)));
                    if uris == 1000 {
                        prop_assert_eq!(&found, &ids);
                    }
                }
            }
        }
    }

    #[test]
    fn versions_of_one_uri_share_one_entry() {
        let mut postings = CompletePostings::new(2);
        for id in 0..10_000u32 {
            postings.insert_at(7, id, Window { first: 0, len: id }, None, |_| 0);
        }
        assert_eq!(all(&postings, 7, Window { first: 0, len: 10_000 }), [9_997, 9_998, 9_999]);
    }

    #[test]
    fn what_has_left_is_let_go() {
        let mut postings = CompletePostings::new(2);
        for id in 0..100_000u32 {
            let live = Window { first: id.saturating_sub(100), len: id.min(100) };
            postings.insert_at(id % 7, id, live, None, |id| id);
            postings.insert_at(id / 500 + 10, id, live, None, |id| id);
        }
        let held: usize = postings.older.iter().map(|older| older.articles).sum();
        assert!(held < 1_000, "{held} articles are kept of 100 that are live");
    }
}
