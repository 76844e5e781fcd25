//! The articles that one term lists, two bytes each where they stand close together.
//!
//! In: articles, which enter in order and leave in order, each with the share that the term has in its
//! channel. Out: the newest, newest first. Kept are the low bits of the newest article, and for each
//! article how far the one before it is away. Distances below 2^11 take one unit of 16 bits, the others
//! two, which are told apart from either end:
//!
//! ```text
//! 0 ddddddddddd ssss                          the distance, the share
//! 1 ddddddddddddddd   1 ddddddddddd ssss      its high bits first
//! ```
//!
//! Shares are kept in 16 steps, from 1/64 to 1, each 1.32 times the one before: they only rank articles
//! for the exact score.
//!
//! Invariant SL-1: what is told of a list is a function of the articles in it.

use super::postings::LIVE_MAX;

/// Set in the units of a distance that takes two.
const LONG: u16 = 1 << 15;
const NEAR_BITS: u32 = 11;
const SHARE_BITS: u32 = 4;
/// Steps of shares in a doubling.
const STEPS: f32 = 2.5;

/// The share of a term in its channel, in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TermShare(u8);

impl TermShare {
    const MAX: u8 = (1 << SHARE_BITS) - 1;

    /// The step nearest to `share`, above 0 and up to 1.
    pub(super) fn new(share: f32) -> Self {
        let step = STEPS.mul_add(share.log2(), f32::from(Self::MAX));
        Self(step.round().clamp(0.0, f32::from(Self::MAX)) as u8)
    }

    /// What each step stands for.
    pub(super) fn table() -> [f32; 1 << SHARE_BITS] {
        std::array::from_fn(|step| ((step as f32 - f32::from(Self::MAX)) / STEPS).exp2())
    }

    /// Its place in the table.
    pub(super) fn step(self) -> usize {
        usize::from(self.0)
    }
}

/// An article by the low bits of its sequence, and a share; the highest bits are clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TermEntry(u32);

impl TermEntry {
    pub(super) fn new(low: u32, share: TermShare) -> Self {
        Self(low << SHARE_BITS | u32::from(share.0))
    }

    pub(super) fn of_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(super) fn bits(self) -> u32 {
        self.0
    }

    pub(super) fn low(self) -> u32 {
        self.0 >> SHARE_BITS
    }

    pub(super) fn share(self) -> TermShare {
        TermShare(self.0 as u8 & TermShare::MAX)
    }
}

/// How far `from` is behind `to`.
pub(super) fn behind(from: u32, to: u32) -> u32 {
    to.wrapping_sub(from) & (LIVE_MAX - 1)
}

/// The articles of one term.
#[derive(Debug, Default)]
pub(super) struct TermList {
    /// The low bits of the newest article, and how many places at the end are free.
    newest: PackedU24,
    /// The number of articles, and how many places at the front hold articles that left.
    len: PackedU24,
    places: Box<[u16]>,
}

/// A number of 24 bits, as sequences of live articles are, with one of 8 in the place of the others.
#[derive(Debug, Clone, Copy, Default)]
struct PackedU24(u32);

impl PackedU24 {
    fn new(number: u32, small: usize) -> Self {
        debug_assert!(number < LIVE_MAX, "{number}");
        Self(number | (small.min(MANY) as u32) << NUMBER_BITS)
    }

    fn number(self) -> u32 {
        self.0 & (LIVE_MAX - 1)
    }

    fn small(self) -> usize {
        (self.0 >> NUMBER_BITS) as usize
    }
}

const NUMBER_BITS: u32 = LIVE_MAX.ilog2();

/// From so many on, idle places hold their number themselves, in the outermost two.
const MANY: usize = 255;

fn halves(many: usize) -> [u16; 2] {
    [many as u16, (many >> 16) as u16]
}

fn whole(halves: &[u16]) -> usize {
    usize::from(halves[0]) | usize::from(halves[1]) << 16
}

impl TermList {
    /// Bytes that it holds beside itself.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    pub(super) fn len(&self) -> usize {
        self.len.number() as usize
    }

    fn newest(&self) -> u32 {
        self.newest.number()
    }

    /// How many places at the front hold articles that left.
    fn gone(&self) -> usize {
        match self.len.small() {
            MANY => whole(&self.places[..2]),
            few => few,
        }
    }

    /// How many places at the end are free.
    fn free(&self) -> usize {
        match self.newest.small() {
            MANY => whole(&self.places[self.places.len() - 2..]),
            few => few,
        }
    }

    fn set_len(&mut self, len: u32, gone: usize) {
        self.len = PackedU24::new(len, gone);
        if gone >= MANY {
            self.places[..2].copy_from_slice(&halves(gone));
        }
    }

    fn set_newest(&mut self, newest: u32, free: usize) {
        self.newest = PackedU24::new(newest, free);
        if free >= MANY {
            let end = self.places.len();
            self.places[end - 2..].copy_from_slice(&halves(free));
        }
    }

    /// The units, oldest first.
    fn units(&self) -> &[u16] {
        &self.places[self.gone()..self.places.len() - self.free()]
    }

    /// Adds an article, later than all others.
    pub(super) fn push(&mut self, entry: TermEntry) {
        // The distance to an article that is not in the list says nothing.
        let apart = if self.len() == 0 { 0 } else { behind(self.newest(), entry.low()) };
        let near =
            (apart as u16 & ((1 << NEAR_BITS) - 1)) << SHARE_BITS | u16::from(entry.share().0);
        let (far, near) = match apart >> NEAR_BITS {
            0 => (None, near),
            far => (Some(LONG | far as u16), LONG | near),
        };
        let takes = 1 + usize::from(far.is_some());
        if self.free() < takes {
            self.make_room(takes);
        }
        let free = self.free() - takes;
        let end = self.places.len() - free;
        self.places[end - 1] = near;
        if let Some(far) = far {
            self.places[end - 2] = far;
        }
        self.set_newest(entry.low(), free);
        self.set_len(self.len.number() + 1, self.gone());
    }

    /// Removes the earliest article.
    pub(super) fn pop(&mut self) {
        let Some(&first) = self.units().first() else { return };
        let gone = self.gone() + if first & LONG == 0 { 1 } else { 2 };
        self.set_len(self.len.number() - 1, gone);
        if 2 * self.units().len() < self.places.len() {
            self.make_room(0);
        }
    }

    /// Moves to places with none that is gone, and an eighth of them free, `takes` at least.
    fn make_room(&mut self, takes: usize) {
        let units = self.units();
        let free = (units.len() / 8).max(takes);
        let mut places = Vec::with_capacity(units.len() + free);
        places.extend_from_slice(units);
        places.resize(units.len() + free, 0);
        self.places = places.into();
        self.set_newest(self.newest(), free);
        self.set_len(self.len.number(), 0);
    }

    /// Its articles, newest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = TermEntry> + '_ {
        let mut units = self.units().iter().rev();
        let mut low = self.newest();
        std::iter::from_fn(move || {
            let unit = *units.next()?;
            let entry = TermEntry::new(low, TermShare(unit as u8 & TermShare::MAX));
            let mut apart = u32::from((unit & !LONG) >> SHARE_BITS);
            if unit & LONG != 0 {
                apart |= u32::from(units.next()? & !LONG) << NEAR_BITS;
            }
            low = behind(apart, low);
            Some(entry)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// The naive twin: a queue of entries.
        #[test]
        fn a_list_is_a_queue(
            steps in prop::collection::vec(
                (prop::bool::weighted(0.6), 1usize..1_500, 1u32..6_000, 0u8..16),
                1..12,
            ),
            one_by_one in any::<bool>(),
            far in 1u32..LIVE_MAX / 100,
            first in prop::sample::select(vec![0u32, LIVE_MAX - 5_000]),
        ) {
            let (mut list, mut naive) = (TermList::default(), VecDeque::new());
            let mut low = first;
            for (enter, times, apart, share) in steps {
                for at in 0..if one_by_one { times % 8 } else { times } {
                    if enter || naive.is_empty() {
                        low = (low + if at % 7 == 0 { far } else { apart }) & (LIVE_MAX - 1);
                        let entry = TermEntry::new(low, TermShare(share));
                        list.push(entry);
                        naive.push_front(entry);
                    } else {
                        list.pop();
                        naive.pop_back();
                    }
                    prop_assert_eq!(list.len(), naive.len());
                }
                prop_assert!(list.places.len() <= 2 * list.units().len() + 2);
                prop_assert!(list.entries().eq(naive.iter().copied()));
            }
        }
    }

    #[test]
    fn shares_are_kept_to_a_sixth() {
        let table = TermShare::table();
        for n in 1..=64u8 {
            let share = f32::from(n) / 64.0;
            let kept = table[TermShare::new(share).step()];
            assert!((kept / share - 1.0).abs() < 1.0 / 6.0, "{share} {kept}");
        }
        assert_eq!(table[TermShare::new(1.0).step()], 1.0);
    }
}
