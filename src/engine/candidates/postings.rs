//! A bounded list of articles for each 32-bit key, in many small open-addressing tables.
//!
//! In: keys, and article ids (the low 32 bits of sequences). Articles enter and expire in order.
//! Out: the live articles of a key, in order. A key has one slot of 8 bytes, which contains its
//! only article or the offset of its list outside the table. A list has room for the next power of
//! two of 4-byte entries. Tables are between 1/2 and 4/5 full. A posting costs 12 bytes on average
//! if keys have one article, 7 if they have fifteen. As a key has only one slot, long lists do not
//! lengthen the chains of other keys.
//!
//! Expiry needs no separate step: the slot of an expired article counts as free, a list drops
//! expired articles when an article is added, and a rebuild removes the rest. Each table is rebuilt
//! separately, a few kilobytes at a time, so no call pauses for long.
//!
//! Invariant PO-1: a key lists its `limit` newest live articles. (A list drops its oldest entry
//! first, and the oldest expires first, so a dropped entry would have expired before those kept.)

use rayon::prelude::*;

/// Binary logarithm of the number of tables. With 48 million keys, a table holds 12,000.
pub(super) const TABLES_LOG2: u32 = 12;
/// Number of keys whose home slots are read before their chains are walked.
const KEYS_AHEAD: usize = 64;

/// Lists of articles by key.
#[derive(Debug)]
pub(super) struct Postings {
    /// The tables, by the high bits of the key.
    tables: Vec<PostingsTable>,
    /// Maximum number of articles in a list.
    limit: usize,
}

/// A key with its articles. From the highest bit down: the low 20 bits of the key, the length of
/// its list in 12 bits, and the list's offset in 32 bits. If the length is 0, the low 32 bits are
/// the key's only article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot(u64);

/// The slots and lists of the keys that share their high bits. The struct fits in one cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct PostingsTable {
    /// The open-addressing hash table.
    slots: Vec<Slot>,
    /// Lists of articles in order of arrival, each with spare [`room`].
    lists: Vec<u32>,
    /// Number of slots that are not free.
    used: u32,
    /// Number of entries of `lists` that belong to no list.
    idle: u32,
    /// Number of rebuilds; an [`InsertionSlot`] found before a rebuild is invalid.
    rebuilt: u32,
}

/// The slot for the next article of a key, valid until its table is rebuilt.
#[derive(Debug, Clone, Copy)]
pub(super) struct InsertionSlot {
    at: u32,
    rebuilt: u32,
}

/// The live articles: `len` consecutive ids from `first` on, modulo 2^32.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) first: u32,
    pub(super) len: u32,
}

impl Window {
    pub(super) fn contains(self, id: u32) -> bool {
        id.wrapping_sub(self.first) < self.len
    }

    /// The window with the next article added.
    fn with_next(self) -> Self {
        Self { len: self.len + 1, ..self }
    }
}

impl Slot {
    const FREE: Self = Self(u64::MAX);
    /// Position of the key's bits; the high bits, which choose the table, are shifted out.
    const KEY: u32 = 32 + TABLES_LOG2;

    fn one(key: u32, id: u32) -> Self {
        Self(u64::from(key) << Self::KEY | u64::from(id))
    }

    fn list(key: u32, len: usize, from: usize) -> Self {
        Self(u64::from(key) << Self::KEY | (len as u64) << 32 | from as u64)
    }

    /// The bits of the key that do not choose the table.
    fn key(self) -> u32 {
        (self.0 >> Self::KEY) as u32
    }

    fn is_of(self, key: u32) -> bool {
        self.key() == key << TABLES_LOG2 >> TABLES_LOG2 && self != Self::FREE
    }

    /// `Ok` with the only article, or `Err` with the length and the offset of the list.
    fn articles(self) -> Result<u32, (usize, usize)> {
        let len = (self.0 >> 32) as usize & ((1 << TABLES_LOG2) - 1);
        if len == 0 { Ok(self.0 as u32) } else { Err((len, self.0 as u32 as usize)) }
    }

    /// Whether the slot's only article has expired.
    fn has_expired(self, live: Window) -> bool {
        self.articles().is_ok_and(|id| !live.contains(id))
    }
}

/// The number of entries reserved for a list of `len` articles.
fn room(len: usize, limit: usize) -> usize {
    len.next_power_of_two().min(limit)
}

impl Postings {
    /// Creates empty postings with lists of at most `limit` articles.
    pub(super) fn new(limit: u8) -> Self {
        let tables = (0..1 << TABLES_LOG2).map(|_| PostingsTable::default()).collect();
        Self { tables, limit: usize::from(limit.max(1)) }
    }

    /// Adds `id`, the newest article, under `key`, unless it is listed already. `live` must not
    /// contain `id` yet. Returns the live article dropped from a full list.
    pub(super) fn insert(&mut self, key: u32, id: u32, live: Window) -> Option<u32> {
        self.insert_at(key, id, live, None)
    }

    /// Like [`insert`](Self::insert), but uses the slot found by a lookup if it is still valid.
    pub(super) fn insert_at(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<InsertionSlot>,
    ) -> Option<u32> {
        // The new article counts as live, so that its other keys do not reuse its slots.
        let live = live.with_next();
        let table = &mut self.tables[(key >> (32 - TABLES_LOG2)) as usize];
        table.insert(key, id, live, place, self.limit)
    }

    /// Adds many articles, as repeated [`insert`](Self::insert) would; `first` is the oldest live
    /// one. Entries are in order of arrival, with the key in the high half and the article in the
    /// low half. They are sorted by table for cache locality; tables are filled in parallel.
    /// Returns dropped articles with their keys, in order of arrival for each key.
    pub(super) fn insert_all(&mut self, entries: &[u64], first: u32) -> Vec<(u32, u32)> {
        let table = |entry: &u64| (entry >> (64 - TABLES_LOG2)) as usize;
        let mut counts = vec![0; self.tables.len()];
        entries.iter().for_each(|entry| counts[table(entry)] += 1);
        let mut ends: Vec<usize> = Vec::with_capacity(counts.len());
        counts.iter().for_each(|count| ends.push(ends.last().unwrap_or(&0) + count));
        let mut sorted = vec![0; entries.len()];
        for entry in entries.iter().rev() {
            let end = &mut ends[table(entry)];
            *end -= 1;
            sorted[*end] = *entry;
        }
        let mut rest = sorted.as_slice();
        let parts = counts.into_iter().map(|count| rest.split_off(..count).unwrap_or_default());
        let parts: Vec<&[u64]> = parts.collect();
        let limit = self.limit;
        let fill = |(table, part): (&mut PostingsTable, &[u64])| {
            let insert = |&entry: &u64| {
                let (key, id) = ((entry >> 32) as u32, entry as u32);
                let live = Window { first, len: id.wrapping_sub(first) + 1 };
                Some((key, table.insert(key, id, live, None, limit)?))
            };
            part.iter().filter_map(insert).collect::<Vec<_>>()
        };
        self.tables.par_iter_mut().zip(parts).flat_map_iter(fill).collect()
    }

    /// Calls `found` with each live article of `key`.
    pub(super) fn each(&self, key: u32, live: Window, found: impl FnMut(u32)) {
        let table = self.table(key);
        let (first, rest) = table.listed(table.find(key, live), key);
        let all = first.into_iter().chain(rest.iter().copied());
        all.filter(|&id| live.contains(id)).for_each(found);
    }

    /// Calls `found` with the index of each key in `keys` and each live article of the key. Returns
    /// the slot for the next article of each key. Separate loops read the home slots and the first
    /// articles, so that their cache misses overlap.
    pub(super) fn each_of(
        &self,
        keys: &[u32],
        live: Window,
        mut found: impl FnMut(usize, u32),
    ) -> Vec<InsertionSlot> {
        let mut places = Vec::with_capacity(keys.len());
        let mut homes = [(0, Slot::FREE); KEYS_AHEAD];
        let mut lists: [(Option<u32>, &[u32]); KEYS_AHEAD] = [(None, &[]); KEYS_AHEAD];
        for (part, keys) in keys.chunks(KEYS_AHEAD).enumerate() {
            for (home, &key) in homes.iter_mut().zip(keys) {
                let table = self.table(key);
                let at = table.home(key);
                *home = (at, table.slots.get(at).copied().unwrap_or(Slot::FREE));
            }
            for ((list, &key), &(home, first)) in lists.iter_mut().zip(keys).zip(&homes) {
                let table = self.table(key);
                let at = match first {
                    Slot::FREE => home,
                    _ => table.find_from(home, key, live),
                };
                places.push(InsertionSlot { at: at as u32, rebuilt: table.rebuilt });
                *list = table.listed(at, key);
            }
            for (at, &(first, rest)) in lists[..keys.len()].iter().enumerate() {
                let all = first.into_iter().chain(rest.iter().copied());
                let live = all.filter(|&id| live.contains(id));
                live.for_each(|id| found(part * KEYS_AHEAD + at, id));
            }
        }
        places
    }

    fn table(&self, key: u32) -> &PostingsTable {
        &self.tables[(key >> (32 - TABLES_LOG2)) as usize]
    }

    /// Size of all tables in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.tables.iter().map(PostingsTable::bytes).sum()
    }
}

impl PostingsTable {
    /// The slot where the chain of `key` begins, by multiplicative hashing.
    fn home(&self, key: u32) -> usize {
        let spread = u64::from((key << TABLES_LOG2).wrapping_mul(0x9e37_79b1));
        ((spread * self.slots.len() as u64) >> 32) as usize
    }

    /// The slot of `key`. If the key has none, the slot to use: the first in its chain with an
    /// expired article, or the free slot that ends the chain.
    fn find(&self, key: u32, live: Window) -> usize {
        self.find_from(self.home(key), key, live)
    }

    /// Like [`find`](Self::find), with the home slot already computed.
    fn find_from(&self, home: usize, key: u32, live: Window) -> usize {
        let (before, behind) = self.slots.split_at(home);
        let mut reusable = None;
        for (at, &slot) in (home..).zip(behind).chain((0..).zip(before)) {
            if slot == Slot::FREE {
                return reusable.unwrap_or(at);
            }
            if slot.is_of(key) {
                return at;
            }
            if reusable.is_none() && slot.has_expired(live) {
                reusable = Some(at);
            }
        }
        reusable.unwrap_or(home)
    }

    /// The first article of `key` and the others, if the slot at `at` is that of `key`.
    fn listed(&self, at: usize, key: u32) -> (Option<u32>, &[u32]) {
        match self.slots.get(at).filter(|slot| slot.is_of(key)).map(|slot| slot.articles()) {
            Some(Ok(only)) => (Some(only), &[]),
            Some(Err((len, from))) => (Some(self.lists[from]), &self.lists[from + 1..from + len]),
            None => (None, &[]),
        }
    }

    /// Whether the next article of `key` may use the slot at `at`, given that a lookup returned it.
    fn takes(&self, at: u32, key: u32, live: Window) -> bool {
        let slot = self.slots.get(at as usize);
        slot.is_some_and(|&slot| slot == Slot::FREE || slot.is_of(key) || slot.has_expired(live))
    }

    /// Adds the newest article, which must be in `live`, under `key`. Uses the slot `place` if it
    /// is still valid. Returns the article dropped from a full list.
    fn insert(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<InsertionSlot>,
        limit: usize,
    ) -> Option<u32> {
        self.make_room(live, limit);
        // Another key of the same article may have taken the slot since the lookup.
        let place = place.filter(|p| p.rebuilt == self.rebuilt && self.takes(p.at, key, live));
        let at = place.map_or_else(|| self.find(key, live), |place| place.at as usize);
        let slot = self.slots[at];
        self.used += u32::from(slot == Slot::FREE);
        let (slot, dropped) = match slot.articles() {
            _ if !slot.is_of(key) => (Slot::one(key, id), None),
            Ok(only) if only == id || !live.contains(only) => (Slot::one(key, id), None),
            Ok(only) if limit == 1 => (Slot::one(key, id), Some(only)),
            Ok(only) => (self.list(key, &[only, id], limit), None),
            Err(list) => self.push(key, list, id, live, limit),
        };
        self.slots[at] = slot;
        dropped
    }

    /// Adds an article to a list. Returns the key's new slot and the dropped article.
    fn push(
        &mut self,
        key: u32,
        (len, from): (usize, usize),
        id: u32,
        live: Window,
        limit: usize,
    ) -> (Slot, Option<u32>) {
        let list = &mut self.lists[from..from + room(len, limit)];
        if list[len - 1] == id {
            return (Slot::list(key, len, from), None);
        }
        let expired = list[..len].iter().take_while(|&&id| !live.contains(id)).count();
        if expired == 0 && len < list.len() {
            list[len] = id;
            return (Slot::list(key, len + 1, from), None);
        }
        if expired == 0 && len < limit {
            self.idle += room(len, limit) as u32;
            let to = self.begin_list(room(len + 1, limit));
            self.lists.extend_from_within(from..from + len);
            self.lists.push(id);
            self.lists.resize(to + room(len + 1, limit), 0);
            return (Slot::list(key, len + 1, to), None);
        }
        // Remove the expired articles, or the oldest if none has expired.
        let dropped = (expired == 0).then(|| list[0]);
        let kept = len - expired.max(1);
        list.copy_within(len - kept..len, 0);
        list[kept] = id;
        if kept == 0 {
            self.idle += room(len, limit) as u32;
            return (Slot::one(key, id), dropped);
        }
        self.idle += (room(len, limit) - room(kept + 1, limit)) as u32;
        (Slot::list(key, kept + 1, from), dropped)
    }

    /// Creates a list of these articles and returns the slot for its key.
    fn list(&mut self, key: u32, ids: &[u32], limit: usize) -> Slot {
        let room = room(ids.len(), limit);
        let from = self.begin_list(room);
        self.lists.extend_from_slice(ids);
        self.lists.resize(from + room, 0);
        Slot::list(key, ids.len(), from)
    }

    /// Reserves capacity for a new list and returns its offset.
    fn begin_list(&mut self, room: usize) -> usize {
        let from = self.lists.len();
        if self.lists.capacity() - from < room {
            self.lists.reserve_exact(room.max(from / 4).max(16));
        }
        from
    }

    /// Rebuilds the table if one more key would fill more than 4/5 of it, or if more than half of
    /// the list entries are idle.
    fn make_room(&mut self, live: Window, limit: usize) {
        let full = (self.used as usize + 1) * 5 > self.slots.len() * 4;
        if full || self.idle as usize * 2 > self.lists.len() {
            self.rebuild(live, limit);
        }
    }

    /// Rebuilds the table without expired articles.
    fn rebuild(&mut self, live: Window, limit: usize) {
        let before = std::mem::take(self);
        self.rebuilt = before.rebuilt.wrapping_add(1);
        self.lists.reserve_exact((before.lists.len() - before.idle as usize) * 9 / 8);
        let mut kept = Vec::with_capacity(before.used as usize);
        for &slot in before.slots.iter().filter(|&&slot| slot != Slot::FREE) {
            match slot.articles() {
                Ok(id) if live.contains(id) => kept.push(slot),
                Ok(_) => {}
                Err((len, from)) => {
                    let list = &before.lists[from..from + len];
                    match &list[list.partition_point(|&id| !live.contains(id))..] {
                        [] => {}
                        [only] => kept.push(Slot::one(slot.key(), *only)),
                        list => kept.push(self.list(slot.key(), list, limit)),
                    }
                }
            }
        }
        self.used = kept.len() as u32;
        self.slots = vec![Slot::FREE; (2 * kept.len()).max(8)];
        for slot in kept {
            let mut at = self.home(slot.key());
            while self.slots[at] != Slot::FREE {
                at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
            }
            self.slots[at] = slot;
        }
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.slots.capacity() * 8 + self.lists.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn list(postings: &Postings, key: u32, live: Window) -> Vec<u32> {
        let mut ids = Vec::new();
        postings.each(key, live, |id| ids.push(id));
        ids
    }

    /// The keys of each article.
    fn feed() -> impl Strategy<Value = Vec<Vec<u32>>> {
        prop::collection::vec(prop::collection::vec(0u32..40, 0..12), 1..120)
    }

    proptest! {
        /// The naive version: one list per key, cut to its newest live entries.
        #[test]
        fn lists_hold_the_newest_live_articles(
            keys in feed(),
            window in 1u32..50,
            start in prop::sample::select(vec![0u32, u32::MAX - 30]),
        ) {
            let mut postings = Postings::new(3);
            let mut naive: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            let mut live = Window { first: start, len: 0 };
            for (n, keys) in keys.iter().enumerate() {
                let id = start.wrapping_add(n as u32);
                if live.len == window {
                    live = Window { first: live.first.wrapping_add(1), len: live.len - 1 };
                }
                // Every other article is inserted at the slots found by a lookup.
                let spread: Vec<u32> = keys.iter().map(|key| key << 27 | key).collect();
                let places = postings.each_of(&spread, live, |_, _| {});
                for (key, place) in spread.into_iter().zip(places) {
                    postings.insert_at(key, id, live, Some(place).filter(|_| n % 2 == 0));
                    let list = naive.entry(key).or_default();
                    if list.last() != Some(&id) {
                        list.push(id);
                    }
                }
                live.len += 1;
                for (&key, ids) in &naive {
                    let mut all = ids.clone();
                    all.retain(|&id| live.contains(id));
                    let newest = &all[all.len().saturating_sub(3)..];
                    prop_assert_eq!(list(&postings, key, live), newest);
                }
            }
        }

        /// The naive version: insertion one by one.
        #[test]
        fn insert_all_equals_repeated_insert(
            keys in feed(),
            parts in 1usize..4,
            first in prop::sample::select(vec![0u32, u32::MAX - 30]),
        ) {
            let (mut postings, mut naive) = (Postings::new(3), Postings::new(3));
            let mut entries = Vec::new();
            for (id, keys) in (0..).zip(&keys) {
                let live = Window { first, len: id };
                for key in keys.iter().map(|key| key << 27 | key) {
                    let id = first.wrapping_add(id);
                    naive.insert(key, id, live);
                    entries.push(u64::from(key) << 32 | u64::from(id));
                }
            }
            for part in entries.chunks(entries.len().div_ceil(parts).max(1)) {
                postings.insert_all(part, first);
            }
            let live = Window { first, len: keys.len() as u32 };
            for key in (0u32..40).map(|key| key << 27 | key) {
                prop_assert_eq!(list(&postings, key, live), list(&naive, key, live));
            }
        }
    }

    #[test]
    fn a_posting_costs_about_twelve_bytes_and_less_if_keys_have_many_articles() {
        for (articles, bytes) in [(1, 9.0..16.1), (15, 5.0..11.0)] {
            let mut postings = Postings::new(16);
            for id in 0..20_000u32 {
                for n in 0..48u32 {
                    let key = (id / articles * 48 + n).wrapping_mul(0x9e37_79b1);
                    postings.insert(key, id, Window { first: 0, len: id });
                }
            }
            let each = postings.bytes() as f64 / (20_000.0 * 48.0);
            assert!(bytes.contains(&each), "{each} bytes per posting, {articles} articles per key");
        }
    }
}
