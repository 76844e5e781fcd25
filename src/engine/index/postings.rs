//! A bounded list of articles for each 32-bit key, in many small open-addressing tables.
//!
//! In: keys and the low 32 bits of sequences, which enter in order and leave in order. Out: the live
//! articles of a key, in no order. An entry is 8 bytes, and a table is filled to between a half and
//! four fifths, so that a posting costs 10 to 16 bytes and 12 on average.
//!
//! What has left needs no work: an entry below the first live article counts as free, and goes when
//! its table is rebuilt. Tables are rebuilt alone, a few kilobytes at a time, so that no call
//! pauses for long however many articles are live.
//!
//! Invariant PO-1: a key lists its `limit` newest live articles, whatever came and went before.
//! (A list drops its oldest entry first, and the oldest leaves first, so what was dropped would
//! have left before what was kept.)

use rayon::prelude::*;

/// Tables, as a power of two: at 48 million postings a table holds 12 thousand.
const TABLES_LOG2: u32 = 12;
const FREE: u64 = u64::MAX;
/// Keys whose home slots are read before their chains are walked.
const KEYS_AHEAD: usize = 64;

/// Lists of articles by key.
#[derive(Debug)]
pub(super) struct Postings {
    tables: Vec<Table>,
    limit: usize,
}

/// Key in the high half, article in the low half; `FREE` for a slot never used.
#[derive(Debug, Default)]
struct Table {
    slots: Vec<u64>,
    used: u32,
    /// How often it was rebuilt: places found before are none any more.
    rebuilt: u32,
}

/// Where the next article goes in the list of a key, as a look-up found it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    at: u32,
    rebuilt: u32,
    /// Whether the slot is free, that of an article that has left, or that of the oldest listed.
    slot: Slot,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Free,
    Left,
    Oldest,
}

/// The live articles: from `first` on, so many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) first: u32,
    pub(super) len: u32,
}

impl Window {
    fn holds(self, id: u32) -> bool {
        id.wrapping_sub(self.first) < self.len
    }

    /// Place in the order of arrival.
    fn age(self, id: u32) -> u32 {
        id.wrapping_sub(self.first)
    }
}

impl Postings {
    /// No lists; each will hold at most `limit` articles.
    pub(super) fn new(limit: usize) -> Self {
        let tables = (0..1 << TABLES_LOG2).map(|_| Table::default()).collect();
        Self { tables, limit: limit.max(1) }
    }

    /// Adds `id`, the newest article, under `key`, unless it is there already. `live` must not hold
    /// `id` yet. Returns the article that had to leave the list for it.
    pub(super) fn insert(&mut self, key: u32, id: u32, live: Window) -> Option<u32> {
        let limit = self.limit;
        // The newcomer counts as live, so that its other keys do not take its slots for free ones.
        let live = Window { len: live.len + 1, ..live };
        let table = &mut self.tables[(key >> (32 - TABLES_LOG2)) as usize];
        table.make_room(live);
        table.insert(key, id, live, limit)
    }

    /// Adds many articles to lists of articles from `first` on, as [`insert`](Self::insert) does one by
    /// one. `entries` hold the key in the high half and the article in the low half, in order of arrival.
    /// They are sorted by table first, so that each table is in the cache while it is filled, and tables
    /// are filled on all cores.
    pub(super) fn insert_all(&mut self, entries: &[u64], first: u32) {
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
        self.tables.par_iter_mut().zip(parts).for_each(|(table, part)| {
            for &entry in part {
                let (key, id) = ((entry >> 32) as u32, entry as u32);
                let live = Window { first, len: id.wrapping_sub(first) + 1 };
                table.make_room(live);
                table.insert(key, id, live, limit);
            }
        });
    }

    /// Calls `found` with each live article of `key`.
    pub(super) fn each(&self, key: u32, live: Window, mut found: impl FnMut(u32)) {
        let table = &self.tables[(key >> (32 - TABLES_LOG2)) as usize];
        for at in table.chain(key) {
            let slot = table.slots[at];
            if (slot >> 32) as u32 == key && live.holds(slot as u32) {
                found(slot as u32);
            }
        }
    }

    /// As [`insert`](Self::insert), where a look-up that nothing came after has found the place.
    pub(super) fn insert_at(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<Place>,
    ) -> Option<u32> {
        let entry = u64::from(key) << 32 | u64::from(id);
        let table = &mut self.tables[(key >> (32 - TABLES_LOG2)) as usize];
        table.make_room(Window { len: live.len + 1, ..live });
        // Other keys of the article may have taken the slot since.
        let place = place.filter(|place| place.rebuilt == table.rebuilt);
        let slot = place.and_then(|p| Some((p.slot, table.slots.get_mut(p.at as usize)?)));
        match slot {
            Some((Slot::Free, slot)) if *slot == FREE => {
                *slot = entry;
                table.used += 1;
                None
            }
            Some((Slot::Left, slot)) if !live.holds(*slot as u32) && *slot as u32 != id => {
                *slot = entry;
                None
            }
            Some((Slot::Oldest, slot)) if (*slot >> 32) as u32 == key => {
                Some(std::mem::replace(slot, entry) as u32)
            }
            _ => self.insert(key, id, live),
        }
    }

    /// Calls `found` with the place of each key in `keys` and each live article of it; says where the
    /// next article goes in each list. The home slots are read in a loop of their own first, so that
    /// the memory fetches them side by side.
    pub(super) fn each_of(
        &self,
        keys: &[u32],
        live: Window,
        mut found: impl FnMut(usize, u32),
    ) -> Vec<Option<Place>> {
        let table = |key: u32| &self.tables[(key >> (32 - TABLES_LOG2)) as usize];
        let mut places = Vec::with_capacity(keys.len());
        let mut homes = [(0, 0); KEYS_AHEAD];
        for (part, keys) in keys.chunks(KEYS_AHEAD).enumerate() {
            for (home, &key) in homes.iter_mut().zip(keys) {
                let table = table(key);
                let at = table.home(key);
                *home = (at, table.slots.get(at).copied().unwrap_or(FREE));
            }
            for (at, (&key, &(home, first))) in keys.iter().zip(&homes).enumerate() {
                if first == FREE {
                    let (at, rebuilt) = (home as u32, table(key).rebuilt);
                    places.push(Some(Place { at, rebuilt, slot: Slot::Free }));
                    continue;
                }
                let found = |id| found(part * KEYS_AHEAD + at, id);
                places.push(table(key).look(key, home, live, self.limit, found));
            }
        }
        places
    }

    /// Bytes of all tables.
    pub(super) fn bytes(&self) -> usize {
        self.tables.iter().map(|t| size_of::<Table>() + t.slots.capacity() * 8).sum()
    }
}

impl Table {
    /// The slots that may hold `key`: from its home to the first free one.
    fn chain(&self, key: u32) -> impl Iterator<Item = usize> + '_ {
        let (len, home) = (self.slots.len(), self.home(key));
        (home..len).chain(0..home).take_while(|&at| self.slots[at] != FREE)
    }

    /// The slot where the chain of `key` begins. The high bits chose the table, so it is taken from the
    /// low ones, spread by a multiplication.
    fn home(&self, key: u32) -> usize {
        let spread = u64::from(key.wrapping_mul(0x9e37_79b1));
        ((spread * self.slots.len() as u64) >> 32) as usize
    }

    /// Calls `found` with each live article of `key`, whose chain begins at `home`; where the next one
    /// goes.
    fn look(
        &self,
        key: u32,
        home: usize,
        live: Window,
        limit: usize,
        mut found: impl FnMut(u32),
    ) -> Option<Place> {
        let (before, behind) = self.slots.split_at_checked(home)?;
        let (mut listed, mut oldest, mut left) = (0, (u32::MAX, 0), None);
        let slots = (home as u32..).zip(behind).chain((0..).zip(before));
        for (at, &slot) in slots {
            if slot == FREE {
                let (slot, at) = match left {
                    _ if listed >= limit => (Slot::Oldest, oldest.1),
                    Some(left) => (Slot::Left, left),
                    None => (Slot::Free, at),
                };
                return Some(Place { at, rebuilt: self.rebuilt, slot });
            }
            let age = live.age(slot as u32);
            if age >= live.len {
                left = left.or(Some(at));
            } else if (slot >> 32) as u32 == key {
                found(slot as u32);
                listed += 1;
                oldest = oldest.min((age, at));
            }
        }
        None
    }

    fn insert(&mut self, key: u32, id: u32, live: Window, limit: usize) -> Option<u32> {
        let entry = u64::from(key) << 32 | u64::from(id);
        let (mut listed, mut oldest, mut reusable) = (0, (u32::MAX, 0), None);
        let home = self.home(key);
        let (before, behind) = self.slots.split_at(home);
        let slots = (home..).zip(behind).chain((0..).zip(before));
        let mut free = home;
        for (at, &slot) in slots {
            if slot == FREE {
                free = at;
                break;
            }
            if slot == entry {
                return None;
            }
            let age = live.age(slot as u32);
            if age >= live.len {
                reusable = reusable.or(Some(at));
            } else if (slot >> 32) as u32 == key {
                listed += 1;
                oldest = oldest.min((age, at));
            }
        }
        if listed >= limit {
            let dropped = std::mem::replace(&mut self.slots[oldest.1], entry);
            return Some(dropped as u32);
        }
        self.used += u32::from(reusable.is_none());
        self.slots[reusable.unwrap_or(free)] = entry;
        None
    }

    /// Rebuilds the table without what has left when it is four fifths full.
    fn make_room(&mut self, live: Window) {
        if (self.used as usize + 1) * 5 <= self.slots.len() * 4 {
            return;
        }
        let kept = |slot: &&u64| **slot != FREE && live.holds(**slot as u32);
        let used = self.slots.iter().filter(kept).count();
        (self.used, self.rebuilt) = (used as u32, self.rebuilt.wrapping_add(1));
        let slots = vec![FREE; (used * 2).max(8)];
        let before = std::mem::replace(&mut self.slots, slots);
        for &slot in before.iter().filter(kept) {
            let mut at = self.home((slot >> 32) as u32);
            while self.slots[at] != FREE {
                at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
            }
            self.slots[at] = slot;
        }
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
        ids.sort_by_key(|&id| live.age(id));
        ids
    }

    /// The keys of some articles.
    fn feed() -> impl Strategy<Value = Vec<Vec<u32>>> {
        prop::collection::vec(prop::collection::vec(0u32..40, 0..12), 1..120)
    }

    proptest! {
        /// The naive twin: a list a key, cut to its newest live entries.
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
                // Half of the articles go where a look-up has found their places.
                let spread: Vec<u32> = keys.iter().map(|key| key << 27 | key).collect();
                let places = match n % 2 {
                    0 => postings.each_of(&spread, live, |_, _| {}),
                    _ => vec![None; spread.len()],
                };
                for (key, place) in spread.into_iter().zip(places) {
                    postings.insert_at(key, id, live, place);
                    let list = naive.entry(key).or_default();
                    if list.last() != Some(&id) {
                        list.push(id);
                    }
                }
                live.len += 1;
                for (&key, ids) in &naive {
                    let live_ids: Vec<u32> = ids.iter().copied().filter(|&id| live.holds(id)).collect();
                    let newest = &live_ids[live_ids.len().saturating_sub(3)..];
                    prop_assert_eq!(list(&postings, key, live), newest);
                }
            }
        }

        /// The naive twin: one by one.
        #[test]
        fn many_are_added_as_one_by_one(
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
    fn a_posting_costs_about_twelve_bytes() {
        let mut postings = Postings::new(16);
        for id in 0..20_000u32 {
            for n in 0..48u32 {
                let key = (id * 48 + n).wrapping_mul(0x9e37_79b1);
                postings.insert(key, id, Window { first: 0, len: id });
            }
        }
        let each = postings.bytes() as f64 / (20_000.0 * 48.0);
        assert!((9.0..16.1).contains(&each), "{each} bytes");
    }
}
