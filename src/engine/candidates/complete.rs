//! Postings that never lose a live article: an article dropped from a bounded list moves to an
//! overflow list of the same key.
//!
//! In: keys and article ids, in order of arrival. Out: for candidate lookups, the newest articles
//! of a key, from its bounded list; for kills and corrections, every live article of a key, from
//! both of its lists.
//!
//! Cost: nothing extra for a key whose articles fit its bounded list; about 4 bytes for each
//! further article.
//!
//! Consecutive versions of one uri share one overflow entry, which contains the newest version.
//! Otherwise, if a uri is sent thousands of times, each correction of it would read thousands of
//! versions.
//!
//! Expired articles are removed when their key gets its next article, or when the number of
//! overflow entries has doubled, so the average cost of a call is constant.
//!
//! Invariant CP-1: for every live article of a key, [`CompletePostings::all`] yields that article
//! or a newer version of its uri. (A bounded list drops its oldest article first, so overflow
//! entries are always older than listed ones.)

use super::postings::{InsertionSlot, Postings, TABLES_LOG2, Window};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// An overflow table with no more entries than this is not swept.
const SWEEP_MIN: usize = 64;

/// Bounded lists of articles by key, and the articles dropped from them.
#[derive(Debug)]
pub(super) struct CompletePostings {
    /// The bounded lists.
    newest: Postings,
    /// The overflow, split by the high bits of the key so that no single table takes long to grow.
    older: Vec<Overflow>,
}

/// The articles dropped from the bounded lists of some keys.
#[derive(Debug, Default)]
struct Overflow {
    /// Dropped articles by key, in order of arrival.
    lists: FxHashMap<u32, VecDeque<u32>>,
    /// Number of entries in all lists.
    articles: usize,
    /// Expired articles are removed from all lists when there are more entries than this.
    sweep_at: usize,
}

impl CompletePostings {
    /// Creates empty postings whose bounded lists hold at most `limit` articles.
    pub(super) fn new(limit: u8) -> Self {
        let older = (0..1 << TABLES_LOG2).map(|_| Overflow::default()).collect();
        Self { newest: Postings::new(limit), older }
    }

    /// The bounded lists.
    pub(super) fn newest(&self) -> &Postings {
        &self.newest
    }

    /// Like [`Postings::insert_at`]. `uri_of` maps a live article to the number that all versions
    /// of its uri share.
    pub(super) fn insert_at(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<InsertionSlot>,
        uri_of: impl Fn(u32) -> u32,
    ) -> Option<u32> {
        let dropped = self.newest.insert_at(key, id, live, place)?;
        self.overflow(key).put(key, dropped, live, uri_of);
        Some(dropped)
    }

    /// Like [`Postings::insert_all`]. `live` must contain the articles.
    pub(super) fn insert_all(
        &mut self,
        entries: &[u64],
        live: Window,
        uri_of: impl Fn(u32) -> u32,
    ) {
        for (key, dropped) in self.newest.insert_all(entries, live.first) {
            self.overflow(key).put(key, dropped, live, &uri_of);
        }
    }

    /// Calls `found` with the live articles of `key` in order of arrival; see CP-1.
    pub(super) fn all(&self, key: u32, live: Window, mut found: impl FnMut(u32)) {
        let older = self.older[overflow_index(key)].lists.get(&key).into_iter().flatten().copied();
        older.filter(|&id| live.contains(id)).for_each(&mut found);
        self.newest.each(key, live, found);
    }

    /// Approximate size of all tables in bytes; overflow lists are counted with 50 % spare
    /// capacity.
    pub(super) fn bytes(&self) -> usize {
        let entry = size_of::<(u32, VecDeque<u32>)>() + 1;
        let older = self.older.iter().map(|o| o.lists.capacity() * entry + o.articles * 6);
        self.newest.bytes() + older.sum::<usize>()
    }

    /// The overflow table of `key`.
    fn overflow(&mut self, key: u32) -> &mut Overflow {
        &mut self.older[overflow_index(key)]
    }
}

/// The index of the overflow table of `key`: its high bits.
fn overflow_index(key: u32) -> usize {
    (key >> (32 - TABLES_LOG2)) as usize
}

impl Overflow {
    /// Adds an article to the list of `key`, or replaces the last entry if it is a version of the
    /// same uri.
    fn put(&mut self, key: u32, id: u32, live: Window, uri_of: impl Fn(u32) -> u32) {
        if !live.contains(id) {
            return;
        }
        let list = self.lists.entry(key).or_default();
        self.articles -= list.len();
        remove_expired(list, live);
        match list.back_mut() {
            Some(last) if uri_of(*last) == uri_of(id) => *last = id,
            _ => list.push_back(id),
        }
        self.articles += list.len();
        if self.articles > self.sweep_at.max(SWEEP_MIN) {
            self.lists.retain(|_, list| {
                remove_expired(list, live);
                !list.is_empty()
            });
            self.articles = self.lists.values().map(VecDeque::len).sum();
            self.sweep_at = 2 * self.articles;
        }
    }
}

/// Removes expired articles, which are the first of the list.
fn remove_expired(list: &mut VecDeque<u32>, live: Window) {
    while list.front().is_some_and(|&id| !live.contains(id)) {
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
        /// The naive version: one unbounded list per key.
        #[test]
        fn each_live_article_of_a_key_or_a_newer_version_is_found(
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
                .filter(|n| live.contains(first.wrapping_add(*n)))
                .flat_map(|n| keys[n as usize].iter().map(move |key| (n, key << 29 | key)))
                .map(|(n, key)| u64::from(key) << 32 | u64::from(first.wrapping_add(n)))
                .collect();
            at_once.insert_all(&entries, live, uri_of);
            for (key, ids) in naive {
                let ids: Vec<u32> = ids.into_iter().filter(|&id| live.contains(id)).collect();
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
    fn expired_articles_are_removed() {
        let mut postings = CompletePostings::new(2);
        for id in 0..100_000u32 {
            let live = Window { first: id.saturating_sub(100), len: id.min(100) };
            postings.insert_at(id % 7, id, live, None, |id| id);
            postings.insert_at(id / 500 + 10, id, live, None, |id| id);
        }
        let held: usize = postings.older.iter().map(|older| older.articles).sum();
        assert!(held < 1_000, "{held} overflow entries, although only 100 articles are live");
    }
}
