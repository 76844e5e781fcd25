//! Postings that forget no live article: what a bounded list had to drop is kept beside it.
//!
//! Candidates need the newest few articles of a key, and read the bounded lists alone. A kill needs all,
//! and reads both. Keys with as many articles as a list holds, or fewer, cost nothing more; each further
//! article of a key costs 4 bytes.
//!
//! What has left is let go when its key gets its next article, or when the articles kept have doubled:
//! no call does more than a constant amount of work on average.
//!
//! Invariant CP-1: [`Complete::all`] finds every live article of a key, in order of arrival. (A list drops
//! its oldest article, so that what was dropped came before what is listed.)

use super::postings::{Place, Postings, TABLES_LOG2, Window};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

/// Articles that a part keeps before what has left is let go.
const SWEEP_MIN: usize = 64;

/// Lists of articles by key, and what they had to drop.
#[derive(Debug)]
pub(super) struct Complete {
    newest: Postings,
    /// By the first bits of the key, so that no part takes long to grow.
    older: Vec<Older>,
}

/// What the lists of some keys had to drop, in order of arrival.
#[derive(Debug, Default)]
struct Older {
    lists: FxHashMap<u32, VecDeque<u32>>,
    articles: usize,
    sweep_at: usize,
}

impl Complete {
    /// No lists; each will hold at most `limit` articles, and what it drops is kept.
    pub(super) fn new(limit: u8) -> Self {
        let older = (0..1 << TABLES_LOG2).map(|_| Older::default()).collect();
        Self { newest: Postings::new(limit), older }
    }

    /// The bounded lists.
    pub(super) fn newest(&self) -> &Postings {
        &self.newest
    }

    /// As [`Postings::insert_at`].
    pub(super) fn insert_at(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<Place>,
    ) -> Option<u32> {
        let dropped = self.newest.insert_at(key, id, live, place)?;
        self.part(key).put(key, dropped, live);
        Some(dropped)
    }

    /// As [`Postings::insert_all`], for lists of articles in `live`.
    pub(super) fn insert_all(&mut self, entries: &[u64], live: Window) {
        for (key, dropped) in self.newest.insert_all(entries, live.first) {
            self.part(key).put(key, dropped, live);
        }
    }

    /// Calls `found` with every live article of `key`, in order of arrival.
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

    fn part(&mut self, key: u32) -> &mut Older {
        &mut self.older[place(key)]
    }
}

fn place(key: u32) -> usize {
    (key >> (32 - TABLES_LOG2)) as usize
}

impl Older {
    fn put(&mut self, key: u32, id: u32, live: Window) {
        let list = self.lists.entry(key).or_default();
        self.articles -= list.len();
        let_go(list, live);
        list.push_back(id);
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

    fn all(postings: &Complete, key: u32, live: Window) -> Vec<u32> {
        let mut ids = Vec::new();
        postings.all(key, live, |id| ids.push(id));
        ids
    }

    proptest! {
        /// The naive twin: a list a key.
        #[test]
        fn every_live_article_of_a_key_is_found(
            keys in prop::collection::vec(prop::collection::vec(0u32..6, 0..4), 1..300),
            window in 1u32..90,
            first in prop::sample::select(vec![0u32, u32::MAX - 30]),
        ) {
            let mut one_by_one = Complete::new(3);
            let mut naive: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            let mut live = Window { first, len: 0 };
            for (n, keys) in (0..).zip(&keys) {
                let id = first.wrapping_add(n);
                if live.len == window {
                    live = Window { first: live.first.wrapping_add(1), len: live.len - 1 };
                }
                for key in keys.iter().map(|key| key << 29 | key) {
                    one_by_one.insert_at(key, id, live, None);
                    let list = naive.entry(key).or_default();
                    if list.last() != Some(&id) {
                        list.push(id);
                    }
                }
                live.len += 1;
            }
            let mut at_once = Complete::new(3);
            let entries: Vec<u64> = (0..keys.len() as u32)
                .filter(|n| live.holds(first.wrapping_add(*n)))
                .flat_map(|n| keys[n as usize].iter().map(move |key| (n, key << 29 | key)))
                .map(|(n, key)| u64::from(key) << 32 | u64::from(first.wrapping_add(n)))
                .collect();
            at_once.insert_all(&entries, live);
            for (key, ids) in naive {
                let ids: Vec<u32> = ids.into_iter().filter(|&id| live.holds(id)).collect();
                prop_assert_eq!(all(&one_by_one, key, live), &ids[..]);
                prop_assert_eq!(all(&at_once, key, live), ids);
            }
        }
    }

    #[test]
    fn what_has_left_is_let_go() {
        let mut postings = Complete::new(2);
        for id in 0..100_000u32 {
            let live = Window { first: id.saturating_sub(100), len: id.min(100) };
            postings.insert_at(id % 7, id, live, None);
            postings.insert_at(id / 500 + 10, id, live, None);
        }
        let held: usize = postings.older.iter().map(|older| older.articles).sum();
        assert!(held < 1_000, "{held} articles are kept of 100 that are live");
    }
}
