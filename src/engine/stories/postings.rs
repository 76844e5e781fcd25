//! Which live articles hold a term, and who of them may be near a new one.
//!
//! In: terms. Out: the articles that share enough of the rarest of them. An article is listed under its
//! heaviest terms alone, and found by those of another. One [list](super::list) a channel and term, each
//! entry an article and the share that the term has in its channel, `q / |q|`. In each channel the
//! article's terms are walked from the rarest on until `postings_max` entries were read; a list that alone
//! is longer gives its newest. There is no rule on how frequent a term may be: in a small window every
//! term is used, in a large one only rare ones.
//!
//! A relative cut of frequent terms with few query terms costs up to .16 F1; this does not.
//!
//! Most terms are held by one article: the map itself holds that entry. The others have a list in a slab.
//!
//! Invariants: SP-1 a list holds live articles alone, each once, in order.
//!
//! Cost: 2 to 4 bytes an entry, 14 a term, and 26 a list; at most three times `postings_max` entries are
//! read an article.

use super::list::{TermEntry, TermList, TermShare, behind};
use super::score::Query;
use super::terms::{Channel, Term, Terms};
use crate::article::Sequence;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry::{Occupied, Vacant};

/// Live articles must stay below it: an entry holds as many bits of the sequence.
pub(super) const LIVE_MAX: u32 = 1 << 24;

/// What the map holds for a term: its one entry, or, with the highest bit set, where its list is.
#[derive(Debug, Clone, Copy)]
struct TermSlot(u32);

const LISTED: u32 = 1 << 31;

impl TermSlot {
    /// The entry, or the place of the list.
    fn is(self) -> Result<TermEntry, usize> {
        match self.0 & LISTED {
            0 => Ok(TermEntry::of_bits(self.0)),
            _ => Err((self.0 & !LISTED) as usize),
        }
    }
}

/// The lists of one channel.
#[derive(Debug, Default)]
struct ChannelPostings {
    held: FxHashMap<u32, TermSlot>,
    slab: Vec<TermList>,
    free: Vec<u32>,
    /// Bytes of the lists in the slab.
    list_bytes: usize,
}

impl ChannelPostings {
    /// Adds an article under those of its terms of this channel that list it.
    fn add(&mut self, sequence: Sequence, terms: impl Iterator<Item = Term> + Clone) {
        let length = length(terms.clone());
        for term in terms.filter(|term| term.listed()) {
            let share = TermShare::new(term.q() as f32 / length);
            self.push(term.id(), TermEntry::new(low_bits(sequence), share));
        }
    }

    fn push(&mut self, term: u32, entry: TermEntry) {
        let held = match self.held.entry(term) {
            Vacant(empty) => {
                empty.insert(TermSlot(entry.bits()));
                return;
            }
            Occupied(held) => held.into_mut(),
        };
        match held.is() {
            Err(at) => {
                let list = &mut self.slab[at];
                self.list_bytes -= list.bytes();
                list.push(entry);
                self.list_bytes += list.bytes();
            }
            Ok(first) => {
                let at = self.free.pop().unwrap_or_else(|| {
                    if self.slab.len() == self.slab.capacity() {
                        self.slab.reserve_exact(self.slab.len() / 8 + 16);
                    }
                    self.slab.push(TermList::default());
                    self.slab.len() as u32 - 1
                });
                *held = TermSlot(LISTED | at);
                let list = &mut self.slab[at as usize];
                list.push(first);
                list.push(entry);
                self.list_bytes += list.bytes();
            }
        }
    }

    /// Removes the first entry of a term, which is that of the article at `low`.
    fn pop(&mut self, term: u32, low: u32) {
        let Some(&held) = self.held.get(&term) else { return };
        match held.is() {
            Ok(only) => {
                debug_assert_eq!(only.low(), low, "SP-1");
                self.held.remove(&term);
            }
            Err(at) => {
                let list = &mut self.slab[at];
                debug_assert_eq!(list.entries().last().map(TermEntry::low), Some(low), "SP-1");
                self.list_bytes -= list.bytes();
                list.pop();
                self.list_bytes += list.bytes();
                let only = list.entries().next().filter(|_| list.len() == 1);
                if let Some(only) = only {
                    self.list_bytes -= list.bytes();
                    self.held.insert(term, TermSlot(only.bits()));
                    self.slab[at] = TermList::default();
                    self.free.push(at as u32);
                }
            }
        }
    }

    /// Bytes held.
    fn bytes(&self) -> usize {
        self.held.capacity() * (size_of::<(u32, TermSlot)>() + 1)
            + self.slab.capacity() * size_of::<TermList>()
            + self.free.capacity() * size_of::<u32>()
            + self.list_bytes
    }

    /// The lists of those of `terms` that are held, the shortest first. Map, slab and
    /// newest entries are read in loops of their own, so that the memory fetches them side by side.
    fn of(&self, terms: impl Iterator<Item = Term>) -> Vec<(u32, Term, TermMatches<'_>)> {
        let held: Vec<(Term, Option<TermSlot>)> = terms
            .filter(|term| term.listed())
            .map(|term| (term, self.held.get(&term.id()).copied()))
            .collect();
        let list = |(term, held): (Term, Option<TermSlot>)| {
            let found = match held?.is() {
                Ok(only) => TermMatches::One(only),
                Err(at) => TermMatches::Many(&self.slab[at]),
            };
            Some((found.len() as u32, term, found))
        };
        let mut found: Vec<_> = held.into_iter().filter_map(list).collect();
        found.sort_unstable_by_key(|&(len, term, _)| u64::from(len) << 32 | u64::from(term.id()));
        found
    }
}

/// The entries of one term.
#[derive(Debug, Clone, Copy)]
enum TermMatches<'a> {
    One(TermEntry),
    Many(&'a TermList),
}

impl TermMatches<'_> {
    fn len(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(all) => all.len(),
        }
    }

    /// Calls `each` with the newest entries, at most so many.
    fn newest_of(self, most: usize, mut each: impl FnMut(TermEntry)) {
        match self {
            Self::One(only) => each(only),
            Self::Many(all) => all.entries().take(most).for_each(each),
        }
    }
}

fn low_bits(sequence: Sequence) -> u32 {
    sequence.0 as u32 & (LIVE_MAX - 1)
}

/// The postings of all channels, and the scores of one walk.
#[derive(Debug)]
pub(super) struct TermPostings {
    lists: [ChannelPostings; 3],
    shares: [f32; 16],
    scores: Vec<f32>,
    touched: Vec<u32>,
}

impl Default for TermPostings {
    fn default() -> Self {
        Self {
            lists: Default::default(),
            shares: TermShare::table(),
            scores: vec![0.0; 1 << 10],
            touched: Vec::new(),
        }
    }
}

/// The length of a channel's counts as a vector.
fn length(terms: impl Iterator<Item = Term>) -> f32 {
    (terms.map(|t| t.q() * t.q()).sum::<u32>() as f32).sqrt()
}

impl TermPostings {
    /// Adds an article, later than all others; so many are live then.
    pub(super) fn insert(&mut self, sequence: Sequence, terms: &Terms, live: usize) {
        self.make_room(live);
        for (channel, lists) in Channel::ALL.into_iter().zip(&mut self.lists) {
            lists.add(sequence, terms.channel(channel));
        }
    }

    /// Adds articles in order of arrival, the channels side by side; so many are live then.
    pub(super) fn insert_all<'a>(
        &mut self,
        all: impl Iterator<Item = (Sequence, &'a Terms)> + Clone + Sync,
        live: usize,
    ) {
        self.make_room(live);
        self.lists.par_iter_mut().zip(Channel::ALL).for_each(|(lists, channel)| {
            all.clone().for_each(|(sequence, terms)| lists.add(sequence, terms.channel(channel)));
        });
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        let scratch = self.scores.capacity() + self.touched.capacity();
        self.lists.iter().map(ChannelPostings::bytes).sum::<usize>() + scratch * size_of::<u32>()
    }

    fn make_room(&mut self, live: usize) {
        if self.scores.len() < live {
            self.scores.resize(live.next_power_of_two(), 0.0);
        }
    }

    /// Removes an article, the earliest of all.
    pub(super) fn remove(&mut self, sequence: Sequence, terms: &Terms) {
        for (channel, lists) in Channel::ALL.into_iter().zip(&mut self.lists) {
            let listed = terms.channel(channel).filter(|term| term.listed());
            listed.for_each(|term| lists.pop(term.id(), low_bits(sequence)));
        }
    }

    /// The articles up to `newest`, the latest one, whose score by shared rare terms is at least `cut` of
    /// the best, in order of arrival, less `own`, which asks.
    pub(super) fn near(
        &mut self,
        query: &Query<'_>,
        own: Sequence,
        newest: Sequence,
        postings_max: usize,
        cut: f32,
    ) -> Vec<(Sequence, f32)> {
        let walked =
            Channel::ALL.map(|channel| self.walk(query, channel, low_bits(own), postings_max));
        let bar = cut * walked.into_iter().fold(0.0, f32::max);
        let mask = self.scores.len() as u32 - 1;
        let mut near = Vec::with_capacity(64);
        for low in self.touched.drain(..) {
            let score = std::mem::take(&mut self.scores[(low & mask) as usize]);
            if score >= bar {
                near.push((Sequence(newest.0 - u64::from(behind(low, low_bits(newest)))), score));
            }
        }
        near.sort_unstable_by_key(|&(sequence, _)| sequence);
        near
    }

    /// Adds the scores of one channel; the highest score that an article had on the way.
    fn walk(&mut self, query: &Query<'_>, channel: Channel, own: u32, postings_max: usize) -> f32 {
        let lists = &self.lists[channel as usize];
        let mask = self.scores.len() as u32 - 1;
        let (mut left, mut best) = (postings_max, 0.0f32);
        for (len, term, list) in lists.of(query.terms(channel)) {
            let len = len as usize;
            if left == 0 || (len > left && left < postings_max) {
                break;
            }
            let weight = query.weight(channel, term);
            list.newest_of(left, |entry| {
                if entry.low() == own {
                    return;
                }
                let score = &mut self.scores[(entry.low() & mask) as usize];
                if *score == 0.0 {
                    self.touched.push(entry.low());
                }
                *score += weight * self.shares[entry.share().step()];
                best = best.max(*score);
            });
            left = left.saturating_sub(len);
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::Settings;
    use crate::stories::frequencies::Frequencies;
    use crate::text::{Clean, words};
    use proptest::prelude::*;

    fn terms(text: &str) -> Terms {
        let all = words(text, &crate::text::Settings::default());
        let clean = Clean { text: text.to_owned(), anchors: Vec::new() };
        let settings = Settings { terms_listed: [3, 3, 3], ..Settings::default() };
        let none = Frequencies::default();
        Terms::of("", &clean, &all, None, &settings).cut(&none, &none.weights(None), &settings)
    }

    /// The naive twin: every article against every term.
    fn naive(live: &[(Sequence, Terms)], query: &Query<'_>, cut: f32) -> Vec<(Sequence, f32)> {
        let score = |terms: &Terms| -> f32 {
            let channels = Channel::ALL.into_iter().map(|channel| {
                let length = length(terms.channel(channel));
                let shared = query.terms(channel).filter(|t| t.listed()).filter_map(|term| {
                    let mut others = terms.channel(channel).filter(|t| t.listed());
                    let other = others.find(|t| t.id() == term.id())?;
                    let share = TermShare::new(other.q() as f32 / length);
                    Some(query.weight(channel, term) * TermShare::table()[share.step()])
                });
                shared.sum::<f32>()
            });
            channels.sum()
        };
        let all: Vec<(Sequence, f32)> = live.iter().map(|(s, t)| (*s, score(t))).collect();
        let best = all.iter().map(|a| a.1).fold(0.0, f32::max);
        all.into_iter().filter(|a| a.1 > 0.0 && a.1 >= cut * best).collect()
    }

    proptest! {
        /// A window that moves over articles of few words.
        #[test]
        fn with_room_for_all_it_finds_what_a_scan_finds(
            feed in prop::collection::vec("[a-h]( [a-h]){0,7}", 1..40),
            first in prop::sample::select(vec![0u64, (1 << 24) - 5]),
            asked in "[a-h]( [a-h]){0,7}",
        ) {
            let (mut postings, mut frequencies) = (TermPostings::default(), Frequencies::default());
            let mut live: Vec<(Sequence, Terms)> = Vec::new();
            for (at, text) in feed.iter().enumerate() {
                let new = (Sequence(first + at as u64), terms(text));
                live.push(new.clone());
                postings.insert(new.0, &new.1, live.len());
                frequencies.add(&new.1, None);
                if live.len() > 12 {
                    let (old, terms) = live.remove(0);
                    postings.remove(old, &terms);
                }
            }
            let settings = Settings::default();
            // One of the live articles asks, or one that is not among them.
            let own = live.iter().find(|l| l.1 == terms(&asked)).map_or(Sequence(first + 99), |l| l.0);
            let asked = terms(&asked);
            let query = Query::new(&asked, &frequencies, frequencies.weights(None), &settings);
            let newest = live.last().map_or(Sequence(0), |l| l.0);
            let found = postings.near(&query, own, newest, 100_000, 0.25);
            let others: Vec<_> = live.iter().filter(|l| l.0 != own).cloned().collect();
            let want = naive(&others, &query, 0.25);
            prop_assert_eq!(
                found.iter().map(|f| f.0).collect::<Vec<_>>(),
                want.iter().map(|w| w.0).collect::<Vec<_>>()
            );
            for (found, want) in found.iter().zip(&want) {
                prop_assert!((found.1 - want.1).abs() <= 1e-3 * want.1, "{:?} {:?}", found, want);
            }
            let again = postings.near(&query, own, newest, 100_000, 0.25);
            prop_assert_eq!(again, found, "nothing is left of a walk");
            for (sequence, terms) in &live {
                postings.remove(*sequence, terms);
            }
            prop_assert!(postings.lists.iter().all(|lists| lists.held.is_empty()));
            prop_assert!(postings.lists.iter().all(|l| l.free.len() == l.slab.len()), "no list is lost");
        }
    }
}
