//! A bounded list of articles for each 32-bit key, in many small open-addressing tables.
//!
//! In: keys and the low 32 bits of sequences, which enter in order and leave in order. Out: the live
//! articles of a key, in order. A key has one slot of 8 bytes, in tables filled to between a half and
//! four fifths: with its only article, or with the place of its list beside the table, which has room
//! for the next power of two of 4 bytes. So a posting costs 12 bytes on average where keys have one
//! article, and 7 where they have fifteen; and a chain is short however many articles a key lists.
//!
//! What has left needs no work: the slot of one article below the first live one counts as free, a
//! list drops what has left when the next article comes, and all that is left over goes when the table
//! is rebuilt. Tables are rebuilt alone, a few kilobytes at a time, so that no call pauses for long
//! however many articles are live.
//!
//! Tried: a slot for each article of a key. Fifteen copies fill runs of slots that chains of other keys
//! must walk: in a stream of 15 a family a look-up took 14 to 17 us so, and takes 9 now.
//!
//! Invariant PO-1: a key lists its `limit` newest live articles, whatever came and went before.
//! (A list drops its oldest entry first, and the oldest leaves first, so what was dropped would
//! have left before what was kept.)

use rayon::prelude::*;

/// Tables, as a power of two: at 48 million keys a table holds 12 thousand.
pub(super) const TABLES_LOG2: u32 = 12;
/// Keys whose home slots are read before their chains are walked.
const KEYS_AHEAD: usize = 64;

/// Lists of articles by key.
#[derive(Debug)]
pub(super) struct Postings {
    tables: Vec<PostingsTable>,
    limit: usize,
}

/// A key with its articles: the bits of the key that did not choose the table, how many articles its
/// list has in the next 12 bits, and where it begins; or 0 and the only article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Slot(u64);

/// Slots and lists of the keys that share their first bits; in one line of the cache.
#[derive(Debug, Default)]
#[repr(align(64))]
struct PostingsTable {
    slots: Vec<Slot>,
    /// Lists of articles, each in the order of arrival, with [room](room) for more.
    lists: Vec<u32>,
    /// Slots that are not free.
    used: u32,
    /// Places of `lists` that no list has.
    idle: u32,
    /// How often it was rebuilt: places found before are none any more.
    rebuilt: u32,
}

/// Where the next article of a key goes, as a look-up found it.
#[derive(Debug, Clone, Copy)]
pub(super) struct InsertionSlot {
    at: u32,
    rebuilt: u32,
}

/// The live articles: from `first` on, so many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) first: u32,
    pub(super) len: u32,
}

impl Window {
    pub(super) fn holds(self, id: u32) -> bool {
        id.wrapping_sub(self.first) < self.len
    }

    /// With the article that comes next.
    fn with_next(self) -> Self {
        Self { len: self.len + 1, ..self }
    }
}

impl Slot {
    const FREE: Self = Self(u64::MAX);
    /// Where the bits of the key begin; those that chose the table are shifted out.
    const KEY: u32 = 32 + TABLES_LOG2;

    fn one(key: u32, id: u32) -> Self {
        Self(u64::from(key) << Self::KEY | u64::from(id))
    }

    fn list(key: u32, len: usize, from: usize) -> Self {
        Self(u64::from(key) << Self::KEY | (len as u64) << 32 | from as u64)
    }

    /// The bits of the key that did not choose the table.
    fn key(self) -> u32 {
        (self.0 >> Self::KEY) as u32
    }

    fn is_of(self, key: u32) -> bool {
        self.key() == key << TABLES_LOG2 >> TABLES_LOG2 && self != Self::FREE
    }

    /// The only article, or else the length of the list and where it begins.
    fn articles(self) -> Result<u32, (usize, usize)> {
        let len = (self.0 >> 32) as usize & ((1 << TABLES_LOG2) - 1);
        if len == 0 { Ok(self.0 as u32) } else { Err((len, self.0 as u32 as usize)) }
    }

    /// Whether its only article has left.
    fn has_left(self, live: Window) -> bool {
        self.articles().is_ok_and(|id| !live.holds(id))
    }
}

/// Places that a list of `len` articles takes up.
fn room(len: usize, limit: usize) -> usize {
    len.next_power_of_two().min(limit)
}

impl Postings {
    /// No lists; each will hold at most `limit` articles.
    pub(super) fn new(limit: u8) -> Self {
        let tables = (0..1 << TABLES_LOG2).map(|_| PostingsTable::default()).collect();
        Self { tables, limit: usize::from(limit.max(1)) }
    }

    /// Adds `id`, the newest article, under `key`, unless it is there already. `live` must not hold
    /// `id` yet. Returns the article that had to leave the list for it.
    pub(super) fn insert(&mut self, key: u32, id: u32, live: Window) -> Option<u32> {
        self.insert_at(key, id, live, None)
    }

    /// As [`insert`](Self::insert), where a look-up that nothing came after has found the place.
    pub(super) fn insert_at(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<InsertionSlot>,
    ) -> Option<u32> {
        // The newcomer counts as live, so that its other keys do not take its slots for free ones.
        let live = live.with_next();
        let table = &mut self.tables[(key >> (32 - TABLES_LOG2)) as usize];
        table.insert(key, id, live, place, self.limit)
    }

    /// Adds many articles to lists of articles from `first` on, as [`insert`](Self::insert) does one by
    /// one. `entries` hold the key in the high half and the article in the low half, in order of arrival.
    /// They are sorted by table first, so that each table is in the cache while it is filled, and tables
    /// are filled on all cores. Returns the keys and articles that had to leave a list, in order of
    /// arrival for each key.
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
        all.filter(|&id| live.holds(id)).for_each(found);
    }

    /// Calls `found` with the place of each key in `keys` and each live article of it; says where the
    /// next article goes in each list. The home slots are read in a loop of their own first, and the
    /// first articles in the next, so that the memory fetches them side by side.
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
                let live = all.filter(|&id| live.holds(id));
                live.for_each(|id| found(part * KEYS_AHEAD + at, id));
            }
        }
        places
    }

    fn table(&self, key: u32) -> &PostingsTable {
        &self.tables[(key >> (32 - TABLES_LOG2)) as usize]
    }

    /// Bytes of all tables.
    pub(super) fn bytes(&self) -> usize {
        self.tables.iter().map(PostingsTable::bytes).sum()
    }
}

impl PostingsTable {
    /// The slot where the chain of `key` begins: its bits, spread by a multiplication.
    fn home(&self, key: u32) -> usize {
        let spread = u64::from((key << TABLES_LOG2).wrapping_mul(0x9e37_79b1));
        ((spread * self.slots.len() as u64) >> 32) as usize
    }

    /// The slot of `key`; or else where it goes: the first of its chain whose article has left, or the
    /// free one that ends it.
    fn find(&self, key: u32, live: Window) -> usize {
        self.find_from(self.home(key), key, live)
    }

    /// As [`find`](Self::find), where the chain is known to begin at `home`.
    fn find_from(&self, home: usize, key: u32, live: Window) -> usize {
        let (before, behind) = self.slots.split_at(home);
        let mut left = None;
        for (at, &slot) in (home..).zip(behind).chain((0..).zip(before)) {
            if slot == Slot::FREE {
                return left.unwrap_or(at);
            }
            if slot.is_of(key) {
                return at;
            }
            if left.is_none() && slot.has_left(live) {
                left = Some(at);
            }
        }
        left.unwrap_or(home)
    }

    /// The first article of `key`, whose slot is at `at` or goes there, and the others.
    fn listed(&self, at: usize, key: u32) -> (Option<u32>, &[u32]) {
        match self.slots.get(at).filter(|slot| slot.is_of(key)).map(|slot| slot.articles()) {
            Some(Ok(only)) => (Some(only), &[]),
            Some(Err((len, from))) => (Some(self.lists[from]), &self.lists[from + 1..from + len]),
            None => (None, &[]),
        }
    }

    /// Whether the next article of `key`, for which there was no other slot, may go to this one.
    fn takes(&self, at: u32, key: u32, live: Window) -> bool {
        let slot = self.slots.get(at as usize);
        slot.is_some_and(|&slot| slot == Slot::FREE || slot.is_of(key) || slot.has_left(live))
    }

    /// Adds the newest article, which `live` holds, to the list of `key`: at `place`, where it still is one.
    /// Returns the article that leaves a full list for it.
    fn insert(
        &mut self,
        key: u32,
        id: u32,
        live: Window,
        place: Option<InsertionSlot>,
        limit: usize,
    ) -> Option<u32> {
        self.make_room(live, limit);
        // Other keys of the article may have taken the slot since.
        let place = place.filter(|p| p.rebuilt == self.rebuilt && self.takes(p.at, key, live));
        let at = place.map_or_else(|| self.find(key, live), |place| place.at as usize);
        let slot = self.slots[at];
        self.used += u32::from(slot == Slot::FREE);
        let (slot, dropped) = match slot.articles() {
            _ if !slot.is_of(key) => (Slot::one(key, id), None),
            Ok(only) if only == id || !live.holds(only) => (Slot::one(key, id), None),
            Ok(only) if limit == 1 => (Slot::one(key, id), Some(only)),
            Ok(only) => (self.list(key, &[only, id], limit), None),
            Err(list) => self.push(key, list, id, live, limit),
        };
        self.slots[at] = slot;
        dropped
    }

    /// Adds an article to a list: its slot then, and the article that left it.
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
        let left = list[..len].iter().take_while(|&&id| !live.holds(id)).count();
        if left == 0 && len < list.len() {
            list[len] = id;
            return (Slot::list(key, len + 1, from), None);
        }
        if left == 0 && len < limit {
            self.idle += room(len, limit) as u32;
            let to = self.begin_list(room(len + 1, limit));
            self.lists.extend_from_within(from..from + len);
            self.lists.push(id);
            self.lists.resize(to + room(len + 1, limit), 0);
            return (Slot::list(key, len + 1, to), None);
        }
        // What has left goes, or else the oldest.
        let dropped = (left == 0).then(|| list[0]);
        let kept = len - left.max(1);
        list.copy_within(len - kept..len, 0);
        list[kept] = id;
        if kept == 0 {
            self.idle += room(len, limit) as u32;
            return (Slot::one(key, id), dropped);
        }
        self.idle += (room(len, limit) - room(kept + 1, limit)) as u32;
        (Slot::list(key, kept + 1, from), dropped)
    }

    /// The slot of a key with a new list of these articles.
    fn list(&mut self, key: u32, ids: &[u32], limit: usize) -> Slot {
        let room = room(ids.len(), limit);
        let from = self.begin_list(room);
        self.lists.extend_from_slice(ids);
        self.lists.resize(from + room, 0);
        Slot::list(key, ids.len(), from)
    }

    /// Where a new list begins, for which there is room then.
    fn begin_list(&mut self, room: usize) -> usize {
        let from = self.lists.len();
        if self.lists.capacity() - from < room {
            self.lists.reserve_exact(room.max(from / 4).max(16));
        }
        from
    }

    /// Sees to room for one more: the table is rebuilt when it is four fifths full, or when half of the
    /// places of its lists are idle.
    fn make_room(&mut self, live: Window, limit: usize) {
        let full = (self.used as usize + 1) * 5 > self.slots.len() * 4;
        if full || self.idle as usize * 2 > self.lists.len() {
            self.rebuild(live, limit);
        }
    }

    /// Builds the table again without what has left.
    fn rebuild(&mut self, live: Window, limit: usize) {
        let before = std::mem::take(self);
        self.rebuilt = before.rebuilt.wrapping_add(1);
        self.lists.reserve_exact((before.lists.len() - before.idle as usize) * 9 / 8);
        let mut kept = Vec::with_capacity(before.used as usize);
        for &slot in before.slots.iter().filter(|&&slot| slot != Slot::FREE) {
            match slot.articles() {
                Ok(id) if live.holds(id) => kept.push(slot),
                Ok(_) => {}
                Err((len, from)) => {
                    let list = &before.lists[from..from + len];
                    match &list[list.partition_point(|&id| !live.holds(id))..] {
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
    fn a_posting_costs_about_twelve_bytes_and_less_where_keys_have_many() {
        for (articles, bytes) in [(1, 9.0..16.1), (15, 5.0..11.0)] {
            let mut postings = Postings::new(16);
            for id in 0..20_000u32 {
                for n in 0..48u32 {
                    let key = (id / articles * 48 + n).wrapping_mul(0x9e37_79b1);
                    postings.insert(key, id, Window { first: 0, len: id });
                }
            }
            let each = postings.bytes() as f64 / (20_000.0 * 48.0);
            assert!(bytes.contains(&each), "{each} bytes, {articles} articles a key");
        }
    }
}
