//! The index of live articles: finds earlier articles that may share text with a new one.
//!
//! In: the fingerprints of live articles, by [`Sequence`]. Out: candidates, best first. An article
//! is first looked up, then inserted; articles expire in the order in which they were inserted.
//!
//! An earlier article is a candidate if it shares at least `max(2, min(12, w / 4) / p)` samples,
//! where p is the larger of the two sampling periods and w the word count of the shorter text. An
//! article is also a candidate if its content hash equals that of the new one, or if its masked
//! hash does and covers at least eight words other than figures.
//!
//! At most `candidates_max` are verified. Half of the places go to candidates with equal hashes,
//! then to those with the most shared samples times p. Each of the other places goes to the
//! candidate that shares the most samples which no chosen candidate shares yet; if no candidate
//! shares such a sample, to the next best candidate. (Without this rule, if a new text combines two
//! earlier articles, copies of the first could take all places, and the second would not be
//! verified.) In addition, if any article shares enough samples, up to two
//! articles that share only one sample are candidates, because they may be the donors of short
//! passages. No other candidate may share that sample, and the sample must stand for at least eight
//! shingles.
//!
//! Kills and corrections use [`Index::holders`] and [`Index::naming`], which always return all
//! results. [`Index::carriers`] finds articles by edge piece, [`Index::similar`] by SimHash.
//!
//! Cost: 12 bytes for each sample, content hash, masked hash, edge piece and named uri (7 if
//! fifteen articles share it), and 36 bytes per article. For each sample, a lookup reads a short
//! chain and a list. The lookup returns the slots that it found, so that the insertion does not
//! search again.
//!
//! Invariants: IX-1 candidates are a function of the live articles and the query; IX-2 lists for
//! candidate lookup are bounded and keep the articles that expire last; IX-3 [`Index::holders`]
//! finds all holders.

mod complete;
mod hamming;
mod hits;
mod holders;
mod postings;

use super::article::{ByArticle, Sequence};
use super::fingerprint::{Fingerprint, SimHash};
use complete::CompletePostings;
use hamming::Hamming;
pub use hamming::{DISTANCE_MAX, Near, NearArticle};
use hits::{Hits, SampleHit};
pub use holders::PostingKeys;
use postings::{InsertionSlot, Postings, Window};
use std::cmp::Reverse;
use std::collections::VecDeque;

/// Index settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Maximum number of articles that a candidate lookup reads for each sampled hash; it reads the
    /// newest. Kills and corrections read all articles.
    pub postings_per_hash_max: u8,
    /// Maximum number of articles that a candidate lookup reads for each content hash and each
    /// masked hash.
    pub equal_per_hash_max: u8,
    /// Maximum number of candidates that are verified for one article. The root of the best match
    /// is verified in addition.
    pub candidates_max: u8,
    /// Maximum number of articles listed under one edge piece. The newest are kept.
    pub edge_postings_max: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            postings_per_hash_max: 16,
            equal_per_hash_max: 4,
            candidates_max: 8,
            edge_postings_max: 64,
        }
    }
}

/// An earlier article that may share text with a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// The earlier article.
    pub sequence: Sequence,
    /// Number of samples shared with the new article.
    pub shared: u16,
    /// Whether the content or masked hash may be equal; the caller compares the fingerprints.
    pub equal: bool,
}

/// The slots for an article's samples. Valid while the window consists of the `len` articles that
/// start at `first`.
#[derive(Debug, Default)]
pub struct InsertionSlots {
    first: u32,
    len: u32,
    /// One slot for each sample.
    all: Vec<InsertionSlot>,
}

/// Minimum number of plain words in a text for an equal masked hash to make it a candidate.
const MASKED_WORDS_MIN: usize = 8;
/// Binary logarithm of the shortest sampling period for which one shared sample makes an article a
/// likely donor.
const DONOR_PERIOD_LOG2: u8 = 3;
/// Maximum number of likely donors for one article.
const DONORS_MAX: usize = 2;
/// Number of articles for which a look-up reserves memory at the start.
const HITS_RESERVED: usize = 128;
/// Maximum number of articles in the bounded list of a named uri; older ones go to the overflow
/// list.
const NAMED_PER_LIST: u8 = 64;
/// Maximum number of articles whose postings [`Index::insert_all`] sorts at once; sorting needs
/// about 80 MB.
const AT_ONCE: usize = 1 << 16;

/// The data that lookups use about a live article.
#[derive(Debug, Clone, Copy)]
struct ArticleMeta {
    words: u32,
    /// Binary logarithm of the sampling period.
    period_log2: u8,
    /// A number shared by all live versions of one uri.
    uri: u32,
}

/// The index over the live articles of one shard.
#[derive(Debug)]
pub struct Index {
    /// Maximum number of candidates returned for one article.
    candidates_max: usize,
    /// Articles by sample, content hash, masked hash, edge piece and named uri.
    samples: CompletePostings,
    equal: CompletePostings,
    masked: Postings,
    edges: Postings,
    named: CompletePostings,
    /// Articles by SimHash.
    hamming: Hamming,
    /// Sequence of the oldest live article.
    first: u64,
    /// The live articles, oldest first.
    live: VecDeque<ArticleMeta>,
}

impl Index {
    /// Creates an empty index; `first` is the sequence of the next article.
    pub fn new(settings: &Limits, first: Sequence) -> Self {
        Self {
            candidates_max: usize::from(settings.candidates_max),
            samples: CompletePostings::new(settings.postings_per_hash_max),
            equal: CompletePostings::new(settings.equal_per_hash_max),
            masked: Postings::new(settings.equal_per_hash_max),
            edges: Postings::new(settings.edge_postings_max),
            named: CompletePostings::new(NAMED_PER_LIST),
            hamming: Hamming::new(first.0),
            first: first.0,
            live: VecDeque::new(),
        }
    }

    /// At most `candidates_max` candidates for a text with this fingerprint, best first.
    pub fn candidates(&self, print: &Fingerprint) -> Vec<Candidate> {
        self.look_up(print).0
    }

    /// The [`candidates`](Self::candidates), and the slots for [`insert_at`](Self::insert_at).
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

    /// The newest live articles whose content hash may be `hash`; the caller compares fingerprints.
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

    /// The live articles that share enough samples, and the insertion slot of each sample.
    fn sharing(&self, print: &Fingerprint, window: Window) -> (Vec<SampleHit>, Vec<InsertionSlot>) {
        let mut hits = ByArticle::with_room(HITS_RESERVED);
        let hit = |at, id| *hits.value(id) |= 1u64 << at;
        let places = self.samples.newest().each_of(&print.samples, window, hit);
        let (single, several) = hits::split(hits);
        let mut found = Vec::new();
        for (id, explains) in several {
            let earlier = self.live[id.wrapping_sub(window.first) as usize];
            let shared = explains.count_ones();
            let period_log2 = earlier.period_log2.max(print.period_log2);
            let shorter = earlier.words.min(print.words() as u32);
            if shared >= ((shorter / 4).min(12) >> period_log2.min(8)).max(2) {
                let weight = shared << period_log2.min(16);
                found.push(SampleHit { id, explains, weight, equal: false });
            }
        }
        if !found.is_empty() {
            let donors = self.donors(&single, &found, print);
            found.extend(donors);
        }
        (found, places)
    }

    /// The likely donors of short passages: articles that share one sample, which stands for many
    /// shingles ([`DONOR_PERIOD_LOG2`]) and which no candidate in `found` shares. If several
    /// articles share the same sample, only the one with the largest weight is taken; if weights
    /// are equal, the oldest.
    fn donors(&self, single: &[Hits], found: &[SampleHit], print: &Fingerprint) -> Vec<SampleHit> {
        let first = self.window().first;
        let explained = found.iter().fold(0, |set, f| set | f.explains);
        let unexplained = single.iter().filter(|(_, explains)| explains & explained == 0);
        let mut donors: Vec<SampleHit> = unexplained
            .filter_map(|&(id, explains)| {
                let earlier = self.live[id.wrapping_sub(first) as usize];
                let period_log2 = earlier.period_log2.max(print.period_log2);
                let weight = 1 << period_log2.min(16);
                let likely = period_log2 >= DONOR_PERIOD_LOG2;
                likely.then_some(SampleHit { id, explains, weight, equal: false })
            })
            .collect();
        donors.sort_by_key(|f| (f.explains, Reverse(f.weight), f.id.wrapping_sub(first)));
        donors.dedup_by_key(|f| f.explains);
        donors.sort_by_key(|f| (Reverse(f.weight), f.id.wrapping_sub(first)));
        donors.truncate(DONORS_MAX);
        donors
    }

    /// The candidates to verify, best first; ties in order of arrival.
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
            if most == 0 {
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

    /// Adds the next article. Each list that is full drops the posting of an earlier article.
    /// Returns the number of postings dropped; those of edge pieces and named uris are not counted,
    /// because candidates are not looked up by them.
    pub fn insert(&mut self, print: &Fingerprint, keys: &PostingKeys<'_>) -> u32 {
        self.insert_at(print, keys, &InsertionSlots::default())
    }

    /// Like [`insert`](Self::insert); faster if `places` come from the last lookup of this text.
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
        self.push_live(print, keys);
        dropped
    }

    /// Adds the next articles in parallel, with the same effect as repeated
    /// [`insert`](Self::insert).
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
                self.push_live(print, &keys);
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

    /// Makes the next article live.
    fn push_live(&mut self, print: &Fingerprint, keys: &PostingKeys<'_>) {
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

    /// The live articles whose SimHash is within `distance` bits (at most [`DISTANCE_MAX`]) of
    /// `hash`. Articles without words are left out.
    pub fn similar(&self, hash: SimHash, distance: u32) -> Near {
        let mut near = self.hamming.near(hash, distance);
        let meta = |at: Sequence| self.live.get((at.0 - self.first) as usize);
        near.articles.retain(|article| meta(article.sequence).is_some_and(|m| m.words > 0));
        near
    }

    /// Size of all tables in bytes.
    pub fn bytes(&self) -> usize {
        let complete = [&self.samples, &self.equal, &self.named].map(CompletePostings::bytes);
        complete.iter().sum::<usize>()
            + self.masked.bytes()
            + self.edges.bytes()
            + self.hamming.bytes()
            + self.live.capacity() * size_of::<ArticleMeta>()
    }

    fn window(&self) -> Window {
        Window { first: self.first as u32, len: self.live.len() as u32 }
    }
}

/// The posting key of the content hash; `None` for a text without words.
fn whole(print: &Fingerprint) -> Option<u32> {
    (!print.trace.is_empty()).then(|| whole_key(print.content_hash))
}

/// The posting key of the masked hash; `None` for a text with few plain words.
fn masked(print: &Fingerprint) -> Option<u32> {
    (print.plain_words() >= MASKED_WORDS_MIN).then(|| whole_key(print.masked))
}

/// The posting key of a content or masked hash: its high half.
fn whole_key(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{self, SamplingKey};
    use crate::text::{self, words};

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Limits::default());
        Fingerprint::of(&words, &fingerprint::Limits::default(), SamplingKey(1))
    }

    fn text(topic: &str, count: usize) -> String {
        (0..count).map(|n| format!("{topic}{n} ")).collect()
    }

    fn found(index: &Index, text: &str) -> Vec<u64> {
        index.candidates(&print(text)).iter().map(|c| c.sequence.0).collect()
    }

    fn filled(texts: &[&str]) -> Index {
        let mut index = Index::new(&Limits::default(), Sequence(10));
        for text in texts {
            index.insert(&print(text), &PostingKeys::default());
        }
        index
    }

    #[test]
    fn shared_text_is_found_and_unrelated_text_is_not() {
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
    fn an_equal_masked_hash_counts_from_eight_plain_words_on() {
        let index = filled(&["w1x w2x w3x w4x w5x w6x w7x sold at 12", "sold at 12"]);
        assert_eq!(found(&index, "w1x w2x w3x w4x w5x w6x w7x sold at 13"), [10]);
        assert!(found(&index, "sold at 13").is_empty());
    }

    #[test]
    fn expired_articles_are_not_found() {
        let (a, b) = (text("a", 120), text("b", 120));
        let mut index = filled(&[&a, &b]);
        index.expire();
        assert!(found(&index, &a).is_empty());
        assert_eq!(found(&index, &b), [11]);
    }

    #[test]
    fn a_donor_stays_a_candidate_among_copies_of_the_base() {
        let (base, donor) = (text("a", 200), text("b", 200));
        let copies: Vec<String> = (0..14).map(|n| format!("{base} c{n}")).collect();
        let mut texts: Vec<&str> = copies.iter().map(String::as_str).collect();
        texts.push(&donor);
        let index = filled(&texts);
        let spliced = text("a", 150) + &text("b", 50);
        assert!(found(&index, &spliced).contains(&24), "the donor is newest and shares least");
    }

    /// A passage that contains one sample of a long text. It occurs at the end of a copy of another
    /// text, and alone.
    #[test]
    fn the_donor_of_a_short_passage_is_a_candidate_beside_a_copy() {
        let (base, donor) = (text("a", 120), text("b", 700));
        let index = filled(&[&base, &donor]);
        let samples = print(&donor).samples;
        let passages = (0..40).map(|n| (17 * n..17 * n + 30).map(|w| format!("b{w} ")).collect());
        let mut with_one = passages.filter(|passage: &String| {
            let own = print(passage).samples;
            own.iter().filter(|sample| samples.contains(sample)).count() == 1
        });
        let passage = with_one.next().expect("a passage with one sample of the donor");
        assert_eq!(found(&index, &(base + &passage)), [10, 11]);
        assert!(found(&index, &passage).is_empty(), "one sample proves nothing by itself");
    }
}
