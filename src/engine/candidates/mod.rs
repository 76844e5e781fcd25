//! The window's index: which earlier articles may share text with this one.
//!
//! In: the fingerprints of live articles, by [`Sequence`]. Out: candidates, best first. Query, then
//! insert; articles enter in order and leave in the same order.
//!
//! An earlier article is a candidate when it shares `max(2, min(12, w / 4) / p)` samples, p the
//! larger of the two sampling periods and w the words of the shorter text: the stated limit of what
//! can be found. Equal content hashes, and equal masked hashes of eight plain words or more, are
//! candidates as they are. Of all candidates at most `candidates_max` are verified: half of the
//! places go to the best by shared samples times p, the next to those that explain samples which no
//! better one explains (a spliced item's donor is crowded out by copies of its base otherwise).
//!
//! [`Index::holders`] finds every uri with live versions that share two samples with a text or equal it,
//! from lists that are never cut (`complete`). [`Index::naming`] finds those whose verdict names a uri. Kills and corrections ask for both.
//!
//! Edge pieces are listed beside the samples, so that the state machine can tell whose other text is
//! unrelated ([`learned`]).
//!
//! [`Index::similar`] looks up by SimHash instead.
//!
//! Cost: 12 bytes a sample or a uri named, 7 where fifteen articles share each, and 32 an article at a
//! fill of two thirds; a query reads one short chain and one list a sample, and tells where the article goes, so
//! that inserting it looks for none again.
//!
//! Invariants: IX-1 the answer is a function of the live articles and the query; IX-2 the lists that
//! candidates are looked up in are bounded and keep what leaves last; IX-3 holders are not cut.

mod complete;
mod hamming;
mod holders;
mod postings;

use super::article::Sequence;
use super::boilerplate::learned;
use super::fingerprint::{Fingerprint, SimHash};
use complete::CompletePostings;
pub use hamming::DISTANCE_MAX;
use hamming::Hamming;
pub use holders::PostingKeys;
use postings::{InsertionSlot, Postings, Window};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Index settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The most articles of one sampled hash in which candidates are looked up, the newest. Kills and
    /// corrections find all.
    pub postings_per_hash_max: u8,
    /// The same for one whole-text hash.
    pub equal_per_hash_max: u8,
    /// The most candidates that are verified for one article, beside the first of the best one's chain.
    pub candidates_max: u8,
    /// Learned furniture.
    pub furniture: learned::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            postings_per_hash_max: 16,
            equal_per_hash_max: 4,
            candidates_max: 8,
            furniture: learned::Settings::default(),
        }
    }
}

/// An earlier article that may share text with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which article.
    pub sequence: Sequence,
    /// Samples that it shares with the new one.
    pub shared: u16,
    /// Whether one of the whole-text hashes is listed as equal; the fingerprints tell for sure.
    pub equal: bool,
}

/// Where an article is listed under its samples when it is inserted, as looking it up found.
#[derive(Debug, Default)]
pub struct InsertionSlots {
    /// The window then.
    first: u32,
    len: u32,
    all: Vec<InsertionSlot>,
}

/// Plain words from which an equal masked hash makes a candidate.
const MASKED_WORDS_MIN: usize = 8;

/// Articles that name a uri in one list; further ones are kept beside it.
const NAMED_PER_LIST: u8 = 64;

/// The most articles of which all postings are sorted at once: some 80 MB.
const AT_ONCE: usize = 1 << 16;

#[derive(Debug, Clone, Copy)]
struct ArticleMeta {
    words: u32,
    period_log2: u8,
    /// A number that all live versions of one uri share.
    uri: u32,
}

/// The index over the live articles of one shard.
#[derive(Debug)]
pub struct Index {
    candidates_max: usize,
    samples: CompletePostings,
    equal: CompletePostings,
    masked: Postings,
    edges: Postings,
    named: CompletePostings,
    hamming: Hamming,
    first: u64,
    live: VecDeque<ArticleMeta>,
}

/// A candidate on the way, with the samples that it shares as a bit set.
#[derive(Debug, Clone, Copy)]
struct SampleHit {
    id: u32,
    explains: u64,
    weight: u32,
    equal: bool,
}

/// Hits grouped by article.
#[derive(Default)]
struct HitCounter {
    /// Article and the samples that it shares, as a bit set.
    all: Vec<(u32, u64)>,
    /// Where an article is in `all`, counted from 1: open addressing, filled to a half at most.
    slots: Vec<u32>,
    /// Where the next hit is likely: copies are listed in the same order under each sample.
    next: usize,
}

impl HitCounter {
    fn add(&mut self, id: u32, sample: usize) {
        let at = match self.all.get(self.next) {
            Some(one) if one.0 == id => self.next,
            _ => self.place(id),
        };
        self.all[at].1 |= 1 << sample;
        self.next = at + 1;
    }

    fn place(&mut self, id: u32) -> usize {
        if 2 * self.all.len() >= self.slots.len() {
            self.slots = vec![0; (2 * self.slots.len()).max(256)];
            for at in 0..self.all.len() {
                let slot = self.slot(self.all[at].0);
                self.slots[slot] = at as u32 + 1;
            }
        }
        let slot = self.slot(id);
        if self.slots[slot] == 0 {
            self.all.push((id, 0));
            self.slots[slot] = self.all.len() as u32;
        }
        self.slots[slot] as usize - 1
    }

    fn slot(&self, id: u32) -> usize {
        let bits = self.slots.len().trailing_zeros();
        let mut at = (id.wrapping_mul(0x9e37_79b1) >> (32 - bits)) as usize;
        while self.slots[at] != 0 && self.all[self.slots[at] as usize - 1].0 != id {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }

    /// Articles hit twice or more.
    fn shared(self) -> impl Iterator<Item = (u32, u64)> {
        self.all.into_iter().filter(|(_, explains)| explains & explains.wrapping_sub(1) != 0)
    }
}

impl Index {
    /// An empty index, whose next article is `first`.
    pub fn new(settings: &Settings, first: Sequence) -> Self {
        Self {
            candidates_max: usize::from(settings.candidates_max),
            samples: CompletePostings::new(settings.postings_per_hash_max),
            equal: CompletePostings::new(settings.equal_per_hash_max),
            masked: Postings::new(settings.equal_per_hash_max),
            edges: Postings::new(settings.furniture.carriers_max),
            named: CompletePostings::new(NAMED_PER_LIST),
            hamming: Hamming::new(first.0),
            first: first.0,
            live: VecDeque::new(),
        }
    }

    /// Candidates for a text with this fingerprint, best first, at most `candidates_max`.
    pub fn candidates(&self, print: &Fingerprint) -> Vec<Candidate> {
        self.look_up(print).0
    }

    /// [Candidates](Self::candidates) for a text, and where it is listed when it is
    /// [inserted](Self::insert_at) next.
    pub fn look_up(&self, print: &Fingerprint) -> (Vec<Candidate>, InsertionSlots) {
        if print.trace.is_empty() {
            return <_>::default();
        }
        let window = self.window();
        let (mut found, places) = self.sharing(print, window);
        for (postings, key) in [(self.equal.newest(), whole(print)), (&self.masked, masked(print))]
        {
            let Some(key) = key else { continue };
            postings.each(key, window, |id| match found.iter_mut().find(|f| f.id == id) {
                Some(one) => one.equal = true,
                None => found.push(SampleHit { id, explains: 0, weight: 0, equal: true }),
            });
        }
        (self.pick(found), InsertionSlots { first: window.first, len: window.len, all: places })
    }

    /// The newest live articles whose content hash may be `hash`; the fingerprints tell for sure.
    pub fn whole(&self, hash: u64) -> impl Iterator<Item = Sequence> {
        self.listed(self.equal.newest(), whole_key(hash)).into_iter()
    }

    /// The newest live articles with this edge piece, in order of arrival.
    pub fn carriers(&self, key: u32) -> Vec<Sequence> {
        self.listed(&self.edges, key)
    }

    fn listed(&self, postings: &Postings, key: u32) -> Vec<Sequence> {
        let mut all = Vec::new();
        postings.each(key, self.window(), |id| all.push(self.sequence(id)));
        all.sort_unstable();
        all
    }

    fn sequence(&self, id: u32) -> Sequence {
        Sequence(self.first + u64::from(id.wrapping_sub(self.first as u32)))
    }

    /// Live articles that share enough samples, and where the next article goes under each of them.
    fn sharing(&self, print: &Fingerprint, window: Window) -> (Vec<SampleHit>, Vec<InsertionSlot>) {
        let mut hits = HitCounter { all: Vec::with_capacity(128), ..HitCounter::default() };
        let places =
            self.samples.newest().each_of(&print.samples, window, |at, id| hits.add(id, at));
        let mut found = Vec::new();
        for (id, explains) in hits.shared() {
            let that = self.live[id.wrapping_sub(window.first) as usize];
            let shared = explains.count_ones();
            let period_log2 = that.period_log2.max(print.period_log2);
            let shorter = that.words.min(print.words() as u32);
            if shared >= ((shorter / 4).min(12) >> period_log2.min(8)).max(2) {
                let weight = shared << period_log2.min(16);
                found.push(SampleHit { id, explains, weight, equal: false });
            }
        }
        (found, places)
    }

    /// The candidates that are verified, best first; ties by arrival.
    fn pick(&self, mut found: Vec<SampleHit>) -> Vec<Candidate> {
        let first = self.window().first;
        found.sort_by_key(|f| (Reverse(f.equal), Reverse(f.weight), f.id.wrapping_sub(first)));
        let best = found.len().min(self.candidates_max.div_ceil(2));
        let mut explained = found[..best].iter().fold(0, |set, f| set | f.explains);
        let mut picked: Vec<SampleHit> = found[..best].to_vec();
        let mut rest = if found.len() > best { found.split_off(best) } else { Vec::new() };
        while picked.len() < self.candidates_max && !rest.is_empty() {
            let gain = |f: &SampleHit| (f.explains & !explained).count_ones();
            let most = rest.iter().map(gain).max().unwrap_or(0);
            if most < 2 {
                break;
            }
            let at = rest.iter().position(|f| gain(f) == most).unwrap_or(0);
            let next = rest.remove(at);
            explained |= next.explains;
            picked.push(next);
        }
        let room = self.candidates_max - picked.len();
        picked.extend(rest.into_iter().take(room));
        picked.into_iter().map(|f| self.candidate(f)).collect()
    }

    fn candidate(&self, found: SampleHit) -> Candidate {
        Candidate {
            sequence: self.sequence(found.id),
            shared: found.explains.count_ones() as u16,
            equal: found.equal,
        }
    }

    /// Adds the next article. Returns how many postings of earlier ones had to leave for it, and are
    /// found by kills alone; those of edges leave as a matter of course.
    pub fn insert(&mut self, print: &Fingerprint, keys: &PostingKeys<'_>) -> u32 {
        self.insert_at(print, keys, &InsertionSlots::default())
    }

    /// As [`insert`](Self::insert), faster where `places` are those that looking up the same text gave
    /// last.
    pub fn insert_at(
        &mut self,
        print: &Fingerprint,
        keys: &PostingKeys<'_>,
        places: &InsertionSlots,
    ) -> u32 {
        let window = self.window();
        let id = window.first.wrapping_add(window.len);
        let mut dropped = 0;
        let live = &self.live;
        let uri_of = |id: u32| live[id.wrapping_sub(window.first) as usize].uri;
        let fresh = (places.first, places.len) == (window.first, window.len);
        let places = places.all.iter().copied().filter(|_| fresh).map(Some);
        let places = places.chain(std::iter::repeat(None));
        for (&key, place) in print.samples.iter().zip(places) {
            dropped += u32::from(self.samples.insert_at(key, id, window, place, uri_of).is_some());
        }
        let crowded =
            whole(print).and_then(|key| self.equal.insert_at(key, id, window, None, uri_of));
        dropped += u32::from(crowded.is_some());
        let crowded = masked(print).and_then(|key| self.masked.insert(key, id, window));
        dropped += u32::from(crowded.is_some());
        for &key in keys.edges {
            self.edges.insert(key, id, window);
        }
        for &key in &keys.named {
            self.named.insert_at(key, id, window, None, uri_of);
        }
        self.come(print, keys);
        dropped
    }

    /// Adds the next articles as [`insert`](Self::insert) does one by one, on all cores.
    pub fn insert_all<'a>(
        &mut self,
        mut all: impl Iterator<Item = (&'a Fingerprint, PostingKeys<'a>)>,
    ) {
        let first = self.window().first;
        loop {
            let before = self.live.len();
            let [mut samples, mut equal, mut masks, mut pieces, mut uris] =
                [const { Vec::new() }; 5];
            for (print, keys) in all.by_ref().take(AT_ONCE) {
                let id = u64::from(first.wrapping_add(self.live.len() as u32));
                let entry = |key: u32| u64::from(key) << 32 | id;
                samples.extend(print.samples.iter().copied().map(entry));
                equal.extend(whole(print).map(entry));
                masks.extend(masked(print).map(entry));
                pieces.extend(keys.edges.iter().copied().map(entry));
                uris.extend(keys.named.iter().copied().map(entry));
                self.come(print, &keys);
            }
            if self.live.len() == before {
                return;
            }
            let window = self.window();
            let live = &self.live;
            let uri_of = |id: u32| live[id.wrapping_sub(first) as usize].uri;
            self.samples.insert_all(&samples, window, uri_of);
            self.equal.insert_all(&equal, window, uri_of);
            self.masked.insert_all(&masks, first);
            self.edges.insert_all(&pieces, first);
            self.named.insert_all(&uris, window, uri_of);
        }
    }

    /// The next article is live.
    fn come(&mut self, print: &Fingerprint, keys: &PostingKeys<'_>) {
        self.hamming.insert(print.simhash);
        let next = self.first + self.live.len() as u64;
        let before = keys.previous.and_then(|that| that.0.checked_sub(self.first));
        let before = before.and_then(|at| self.live.get(at as usize));
        self.live.push_back(ArticleMeta {
            words: print.words() as u32,
            period_log2: print.period_log2,
            uri: before.map_or(next as u32, |that| that.uri),
        });
    }

    /// Removes the oldest article.
    pub fn expire(&mut self) {
        if self.live.pop_front().is_some() {
            self.first += 1;
            self.hamming.expire();
        }
    }

    /// Live articles whose SimHash is within `distance` bits (at most [`DISTANCE_MAX`]) of `hash`,
    /// nearest first, then oldest first, each with its distance. Texts without words have none.
    pub fn similar(&self, hash: SimHash, distance: u32) -> Vec<(Sequence, u32)> {
        let near = self.hamming.near(hash, distance).into_iter();
        near.map(|(place, apart)| (Sequence(place), apart))
            .filter(|(s, _)| {
                self.live.get((s.0 - self.first) as usize).is_some_and(|m| m.words > 0)
            })
            .collect()
    }

    /// Bytes of the index, fingerprints themselves not included.
    pub fn bytes(&self) -> usize {
        self.samples.bytes()
            + self.equal.bytes()
            + self.masked.bytes()
            + self.edges.bytes()
            + self.named.bytes()
            + self.live.capacity() * size_of::<ArticleMeta>()
    }

    fn window(&self) -> Window {
        Window { first: self.first as u32, len: self.live.len() as u32 }
    }
}

/// The posting key of the whole text; none for a text without words.
fn whole(print: &Fingerprint) -> Option<u32> {
    (!print.trace.is_empty()).then(|| whole_key(print.content))
}

/// The posting key of the masked text; none where there are few plain words.
fn masked(print: &Fingerprint) -> Option<u32> {
    (print.plain_words() >= MASKED_WORDS_MIN).then(|| whole_key(print.masked))
}

/// The posting key of a whole-text hash.
fn whole_key(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{self, FloodKey};
    use crate::text::{self, words};

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Settings::default());
        Fingerprint::of(&words, &fingerprint::Settings::default(), FloodKey(1))
    }

    fn text(topic: &str, count: usize) -> String {
        (0..count).map(|n| format!("{topic}{n} ")).collect()
    }

    fn found(index: &Index, text: &str) -> Vec<u64> {
        index.candidates(&print(text)).iter().map(|c| c.sequence.0).collect()
    }

    fn filled(texts: &[&str]) -> Index {
        let mut index = Index::new(&Settings::default(), Sequence(10));
        for text in texts {
            index.insert(&print(text), &PostingKeys::default());
        }
        index
    }

    #[test]
    fn shared_text_is_found_and_strangers_are_not() {
        let (a, b) = (text("a", 120), text("b", 120));
        let index = filled(&[&a, &b, "too short"]);
        assert_eq!(found(&index, &a), [10]);
        assert_eq!(found(&index, &(text("b", 60) + &text("c", 60))), [11]);
        assert_eq!(found(&index, &(a + &b)), [10, 11]);
        assert_eq!(found(&index, "too short"), [12], "equal texts of any length");
        assert!(found(&index, &text("d", 120)).is_empty());
        assert!(found(&index, "").is_empty());
    }

    #[test]
    fn templates_are_found_from_eight_plain_words_on() {
        let index = filled(&["w1x w2x w3x w4x w5x w6x w7x sold at 12", "sold at 12"]);
        assert_eq!(found(&index, "w1x w2x w3x w4x w5x w6x w7x sold at 13"), [10]);
        assert!(found(&index, "sold at 13").is_empty());
    }

    #[test]
    fn what_left_is_not_found() {
        let (a, b) = (text("a", 120), text("b", 120));
        let mut index = filled(&[&a, &b]);
        index.expire();
        assert!(found(&index, &a).is_empty());
        assert_eq!(found(&index, &b), [11]);
    }

    #[test]
    fn a_donor_keeps_its_place_beside_many_copies_of_the_base() {
        let base = text("a", 200);
        let donor = text("b", 200);
        let copies: Vec<String> = (0..14).map(|n| format!("{base} c{n}")).collect();
        let mut texts: Vec<&str> = copies.iter().map(String::as_str).collect();
        texts.push(&donor);
        let index = filled(&texts);
        let spliced = text("a", 150) + &text("b", 50);
        assert!(found(&index, &spliced).contains(&24), "the donor came last and shares least");
    }
}
