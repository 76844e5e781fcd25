//! The postings: an index of the live articles that contain each term. Finds those that may be
//! close to a new article.
//!
//! In: the terms of articles. Out: the articles that share enough of an article's rarest terms. An
//! article is listed only under its heaviest terms, and looked up only by its heaviest terms. Each
//! language has separate lists, one for each channel and term; an entry contains an article and the
//! term's share in the article's channel, `q / |q|`. In each channel, the lists of the query's
//! terms are read, rarest term first, until the next list would exceed `postings_max` entries in
//! total. If the first list alone exceeds that number, only its newest entries are read. There is
//! no limit on how frequent a term may be: in a small window every term is read, in a large one
//! only rare terms.
//!
//! For example, with articles 1 "ferry", 2 "ferry reef" and 3 "vote", the query "reef ferry" reads
//! the list of `reef` (article 2), then that of `ferry` (articles 1 and 2): article 2 scores
//! highest, article 3 is never read.
//!
//! Most terms occur in a single article. Such a term has no list: a map holds its only entry.
//!
//! Invariant SP-1: a list holds only live articles, each once, in order of arrival.
//!
//! Cost: 9 bytes per term that occurs in only one article; for the other terms, 37 bytes per list
//! and 4 bytes per entry, not counting free capacity. At most `3 * postings_max` entries are read
//! for one article. Deliberately absent: a cut-off for frequent terms relative to the size of the
//! window, which would cost up to .16 F1 for queries with few terms.

use super::score::Query;
use super::stem::TermId;
use super::terms::{Channel, Term, Terms};
use crate::article::{ByArticle, Lang, Sequence};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

/// The number of live articles must stay below this limit, far below the 2^28 sequences that an
/// entry can tell apart.
pub(super) const LIVE_MAX: u32 = 1 << 24;

/// Number of rounding steps per doubling of a share.
const SHARE_STEPS: f32 = 2.5;

/// The highest step of a rounded share, which represents a share of 1. Step 0 represents 1/64.
const TOP_STEP: f32 = 15.0;

/// One article in the list of a term: the low 28 bits of its sequence, and in the lowest 4 bits the
/// share that the term has in the article's channel, as one of 16 [steps](step). When the two
/// values were stored in separate fields, 8 bytes in total, postings took a tenth of the memory of
/// a live article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Posting(u32);

/// Number of bits of a sequence in a [`Posting`]; enough to tell [`LIVE_MAX`] articles apart.
const LOW_BITS: u32 = 28;

impl Posting {
    fn new(sequence: Sequence, share: f32) -> Self {
        Self(low_bits(sequence) << (32 - LOW_BITS) | step(share))
    }

    /// The low bits of the article's sequence.
    pub(super) fn low(self) -> u32 {
        self.0 >> (32 - LOW_BITS)
    }

    /// The step of the share, 0..=15.
    fn step(self) -> usize {
        (self.0 & ((1 << (32 - LOW_BITS)) - 1)) as usize
    }
}

/// The number (0 to 15) of the step nearest to `share`. The 16 steps go from 1/64 to 1, each 1.32
/// times the one before. Shares are used only to select the articles that are then scored exactly,
/// so rounding does not change a score. It can make two articles of a story tie in the selection.
fn step(share: f32) -> u32 {
    SHARE_STEPS.mul_add(share.log2(), TOP_STEP).round().clamp(0.0, TOP_STEP) as u32
}

/// The share that each step stands for.
static SHARES: LazyLock<[f32; 16]> =
    LazyLock::new(|| std::array::from_fn(|step| ((step as f32 - TOP_STEP) / SHARE_STEPS).exp2()));

/// The articles that contain a term, oldest first. Used for terms that occur in several articles.
type List = VecDeque<Posting>;

/// The postings of one channel in one language. A term is in one of the two maps.
#[derive(Debug, Default)]
pub(super) struct ChannelPostings {
    /// The terms that occur in one article.
    single: FxHashMap<TermId, Posting>,
    /// The terms that occur in two or more articles.
    lists: FxHashMap<TermId, List>,
    /// The total capacity of all lists.
    capacity: usize,
}

impl ChannelPostings {
    /// Adds an article to this channel's lists of those `terms` that are marked as listed.
    pub(super) fn add(&mut self, sequence: Sequence, terms: &[Term]) {
        let length = length(terms);
        for term in terms.iter().filter(|term| term.listed()) {
            self.push(term.id(), Posting::new(sequence, term.q() as f32 / length));
        }
    }

    fn push(&mut self, term: TermId, new: Posting) {
        if let Some(list) = self.lists.get_mut(&term) {
            let before = list.capacity();
            if list.len() == before {
                list.reserve_exact(before / 4 + 1);
            }
            list.push_back(new);
            self.capacity += list.capacity() - before;
        } else if let Some(first) = self.single.remove(&term) {
            let list = List::from([first, new]);
            self.capacity += list.capacity();
            self.lists.insert(term, list);
        } else {
            self.single.insert(term, new);
        }
    }

    /// Removes the earliest article of all from the lists of its `terms`.
    pub(super) fn remove(&mut self, sequence: Sequence, terms: &[Term]) {
        for term in terms.iter().filter(|term| term.listed()) {
            self.pop(term.id(), low_bits(sequence));
        }
    }

    /// The number of articles that are listed under a term.
    pub(super) fn len(&self, term: TermId) -> usize {
        match self.lists.get(&term) {
            Some(list) => list.len(),
            None => usize::from(self.single.contains_key(&term)),
        }
    }

    /// Removes the oldest article of a term. Its sequence must end with the bits `low`.
    fn pop(&mut self, term: TermId, low: u32) {
        let oldest = match self.lists.entry(term) {
            Entry::Vacant(_) => self.single.remove(&term),
            Entry::Occupied(mut entry) => {
                let list = entry.get_mut();
                let before = list.capacity();
                let oldest = list.pop_front();
                if 2 * list.len() < before {
                    list.shrink_to_fit();
                }
                self.capacity = self.capacity + list.capacity() - before;
                if let (1, Some(&only)) = (list.len(), list.front()) {
                    self.capacity -= entry.remove().capacity();
                    self.single.insert(term, only);
                }
                oldest
            }
        };
        debug_assert_eq!(oldest.map(Posting::low), Some(low), "SP-1");
    }

    /// Adds the articles' scores in this channel to `scores`.
    fn score(
        &self,
        query: &Query<'_>,
        channel: Channel,
        postings_max: usize,
        scores: &mut ByArticle<f32>,
    ) {
        let (mut left, shares) = (postings_max, &*SHARES);
        for (term, articles) in self.lists(query.terms(channel)) {
            let len = articles.len();
            if left == 0 || (len > left && left < postings_max) {
                break;
            }
            let weight = query.weight(channel, term);
            articles.newest(left, |posting| {
                *scores.value(posting.low()) += weight * shares[posting.step()];
            });
            left = left.saturating_sub(len);
        }
    }

    fn is_empty(&self) -> bool {
        self.single.is_empty() && self.lists.is_empty()
    }

    /// Memory in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.single.capacity() * (size_of::<(TermId, Posting)>() + 1)
            + self.lists.capacity() * (size_of::<(TermId, List)>() + 1)
            + self.capacity * size_of::<Posting>()
    }

    /// The posting lists of `terms`, shortest first. Terms that no live article contains are left
    /// out.
    pub(super) fn lists(&self, terms: &[Term]) -> Vec<(Term, TermArticles<'_>)> {
        let articles = |term: &Term| match self.lists.get(&term.id()) {
            Some(list) => Some((*term, TermArticles::Many(list))),
            None => Some((*term, TermArticles::One(*self.single.get(&term.id())?))),
        };
        let mut lists = Vec::with_capacity(terms.len());
        lists.extend(terms.iter().filter(|term| term.listed()).filter_map(articles));
        lists.sort_unstable_by_key(|(term, articles)| (articles.len(), term.id()));
        lists
    }
}

/// The articles of one term.
#[derive(Debug, Clone, Copy)]
pub(super) enum TermArticles<'a> {
    /// The only article.
    One(Posting),
    /// Two or more.
    Many(&'a List),
}

impl TermArticles<'_> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(list) => list.len(),
        }
    }

    /// Calls `each` with the newest articles, at most `most` of them, newest first.
    pub(super) fn newest(self, most: usize, each: impl FnMut(Posting)) {
        match self {
            Self::One(only) => Some(only).into_iter().take(most).for_each(each),
            Self::Many(list) => list.iter().rev().take(most).copied().for_each(each),
        }
    }
}

/// The low [`LOW_BITS`] bits of a sequence.
fn low_bits(sequence: Sequence) -> u32 {
    sequence.0 as u32 & ((1 << LOW_BITS) - 1)
}

/// The live article whose sequence ends with the bits `low`; `newest` is the latest one.
pub(super) fn sequence_of(low: u32, newest: Sequence) -> Sequence {
    let age = low_bits(newest).wrapping_sub(low) & ((1 << LOW_BITS) - 1);
    Sequence(newest.0 - u64::from(age))
}

/// The length of a channel's counts as a vector.
fn length(terms: &[Term]) -> f32 {
    (terms.iter().map(|t| t.q() * t.q()).sum::<u32>() as f32).sqrt()
}

/// The postings of all channels.
#[derive(Debug, Default)]
pub(super) struct TermPostings {
    /// By channel and language; a language without articles has no entry.
    channels: [BTreeMap<Option<Lang>, ChannelPostings>; 3],
}

impl TermPostings {
    /// Adds an article that arrived after all others.
    pub(super) fn insert(&mut self, sequence: Sequence, terms: &Terms, language: Option<Lang>) {
        for (channel, languages) in Channel::ALL.into_iter().zip(&mut self.channels) {
            languages.entry(language).or_default().add(sequence, terms.channel(channel));
        }
    }

    /// Adds articles in order of arrival, the three channels in parallel.
    pub(super) fn insert_all<'a>(
        &mut self,
        all: impl Iterator<Item = (Sequence, &'a Terms, Option<Lang>)> + Clone + Sync,
    ) {
        self.channels.par_iter_mut().zip(Channel::ALL).for_each(|(languages, channel)| {
            for (sequence, terms, language) in all.clone() {
                languages.entry(language).or_default().add(sequence, terms.channel(channel));
            }
        });
    }

    /// Memory in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.channels.iter().flat_map(BTreeMap::values).map(ChannelPostings::bytes).sum()
    }

    /// Removes the earliest article of all.
    pub(super) fn remove(&mut self, sequence: Sequence, terms: &Terms, language: Option<Lang>) {
        for (channel, languages) in Channel::ALL.into_iter().zip(&mut self.channels) {
            let Some(postings) = languages.get_mut(&language) else { continue };
            postings.remove(sequence, terms.channel(channel));
            if postings.is_empty() {
                languages.remove(&language);
            }
        }
    }

    /// The articles in `language` whose rough score, computed from shared rare terms, is at least
    /// `cut` times the best score, in the order in which they are found. Leaves out `own`, the
    /// article that is looked up. `newest` is the latest live article.
    pub(super) fn near(
        &self,
        (query, language): (&Query<'_>, Option<Lang>),
        own: Sequence,
        newest: Sequence,
        postings_max: usize,
        cut: f32,
    ) -> Vec<(Sequence, f32)> {
        let mut scores = ByArticle::with_room((3 * postings_max).min(SCORES_RESERVED));
        for channel in Channel::ALL {
            if let Some(postings) = self.channels[channel as usize].get(&language) {
                postings.score(query, channel, postings_max, &mut scores);
            }
        }
        let mut scores = scores.into_vec();
        scores.retain(|(low, _)| *low != low_bits(own));
        let bar = cut * scores.iter().map(|(_, score)| *score).fold(0.0, f32::max);
        let near = scores.into_iter().filter(|(_, score)| *score >= bar);
        near.map(|(low, score)| (sequence_of(low, newest), score)).collect()
    }
}

/// Number of scores for which memory is reserved at the start. Covers any query with default
/// settings.
const SCORES_RESERVED: usize = 3 * 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::Settings;
    use crate::stories::Tuning;
    use crate::stories::frequencies::Frequencies;
    use crate::text::{Clean, words};
    use proptest::prelude::*;

    fn terms(text: &str) -> Terms {
        let all = words(text, &crate::text::Limits::default());
        let clean = Clean { text: text.to_owned(), ..Default::default() };
        let settings = Settings {
            tuning: Tuning { terms_listed: [3, 3, 3], ..Tuning::default() },
            ..Settings::default()
        };
        let none = Frequencies::default();
        Terms::of("", &clean, &all, None, &settings).cut(&none, &none.weights(None), &settings)
    }

    /// The naive version: compares every article with every term.
    fn naive(live: &[(Sequence, Terms)], query: &Query<'_>, cut: f32) -> Vec<(Sequence, f32)> {
        let score = |terms: &Terms| -> f32 {
            let channels = Channel::ALL.into_iter().map(|channel| {
                let length = length(terms.channel(channel));
                let shared =
                    query.terms(channel).iter().filter(|t| t.listed()).filter_map(|&term| {
                        let mut others = terms.channel(channel).iter().filter(|t| t.listed());
                        let other = others.find(|t| t.id() == term.id())?;
                        let share = SHARES[step(other.q() as f32 / length) as usize];
                        Some(query.weight(channel, term) * share)
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
        /// A window that moves over short articles.
        #[test]
        fn unbounded_lookup_finds_what_a_scan_finds(
            feed in prop::collection::vec("[a-h]( [a-h]){0,7}", 1..40),
            first in prop::sample::select(vec![0u64, (1 << LOW_BITS) - 5]),
            asked in "[a-h]( [a-h]){0,7}",
        ) {
            let (mut postings, mut frequencies) = (TermPostings::default(), Frequencies::default());
            let mut live: Vec<(Sequence, Terms)> = Vec::new();
            for (at, text) in feed.iter().enumerate() {
                let new = (Sequence(first + at as u64), terms(text));
                live.push(new.clone());
                postings.insert(new.0, &new.1, None);
                frequencies.add(&new.1, None);
                if live.len() > 12 {
                    let (old, terms) = live.remove(0);
                    postings.remove(old, &terms, None);
                }
            }
            let settings = Settings::default();
            // The query is one of the live articles, or an article that is not live.
            let asked = terms(&asked);
            let own = live.iter().find(|l| l.1 == asked).map_or(Sequence(first + 99), |l| l.0);
            let query = Query::new(&asked, &frequencies, frequencies.weights(None), &settings);
            let newest = live.last().map_or(Sequence(0), |l| l.0);
            let mut found = postings.near((&query, None), own, newest, 100_000, 0.25);
            found.sort_unstable_by_key(|(sequence, _)| *sequence);
            let others: Vec<_> = live.iter().filter(|l| l.0 != own).cloned().collect();
            let want = naive(&others, &query, 0.25);
            prop_assert_eq!(
                found.iter().map(|f| f.0).collect::<Vec<_>>(),
                want.iter().map(|w| w.0).collect::<Vec<_>>()
            );
            for (found, want) in found.iter().zip(&want) {
                prop_assert!((found.1 - want.1).abs() <= 1e-3 * want.1, "{:?} {:?}", found, want);
            }
            for (sequence, terms) in &live {
                postings.remove(*sequence, terms, None);
            }
            prop_assert!(postings.channels.iter().all(BTreeMap::is_empty));
            prop_assert_eq!(postings.bytes(), 0);
        }
    }

    #[test]
    fn languages_have_separate_lists() {
        let [ours, theirs] = ["en", "fi"].map(Lang::parse);
        let (mut postings, frequencies) = (TermPostings::default(), Frequencies::default());
        let same = terms("a b c");
        postings.insert(Sequence(0), &same, ours);
        postings.insert(Sequence(1), &same, theirs);
        let settings = Settings::default();
        let query = Query::new(&same, &frequencies, frequencies.weights(None), &settings);
        let near = |language| {
            let near = postings.near((&query, language), Sequence(9), Sequence(1), 100, 0.25);
            near.into_iter().map(|(sequence, _)| sequence).collect::<Vec<_>>()
        };
        assert_eq!([near(ours), near(theirs)], [[Sequence(0)], [Sequence(1)]]);
        assert_eq!(near(None), []);
    }

    #[test]
    fn rounding_changes_a_share_by_at_most_a_sixth() {
        for n in 1..=64u8 {
            let exact = f32::from(n) / 64.0;
            let rounded = SHARES[step(exact) as usize];
            assert!((rounded / exact - 1.0).abs() < 1.0 / 6.0, "{exact} {rounded}");
        }
        assert_eq!(SHARES[step(1.0) as usize], 1.0);
    }
}
