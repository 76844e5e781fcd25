//! Counts how many articles contain each term, over a longer period than the window, and derives
//! the weights of terms.
//!
//! In: the terms of articles that contribute to their stories. Out: the weight of a term, and
//! records. Counts outlive the articles that they came from: each language has 2^18 hashed counters
//! per channel, which are halved after every `memory` of engine time. Counting only the live window
//! would lower F1 by .06 on sparse feeds. Halving lowers every term's level (defined below) by one,
//! so levels remain comparable with each other.
//!
//! The counters are a function of the records. After every [`FOLD`] of engine time, they are
//! written to separate records, in pages; this is a *fold*. A restore counts the later articles
//! again. If an article expires before it was part of a fold, its expiry triggers a fold.
//!
//! Each language is counted separately, so articles in other languages do not change a weight.
//! Otherwise, in a feed of several languages, all words of the less frequent languages would look
//! rare compared with the total, and unrelated stories would merge.
//!
//! A term that occurs in `df` articles has the level `L = floor(log2 df) + 1` and the weight
//! `idf^1.25` in units of 1/256, where `idf = max(.5, ln((N + 1) / (1.5 * 2^(L - 1) + .5)))` and
//! `N` is the number of articles in the language. For example, with `N = 100`, a term in one
//! article weighs 1,413, and a term in all articles weighs 108, the minimum. The table of weights
//! is computed once per article.
//!
//! Cost: about 15 bytes per distinct term while a language has few of them, and at most 3 MB per
//! language. A fold writes about two bytes for each nonzero counter.

use super::stem::{ID_BITS, TermId, is_unsegmented_language};
use super::terms::{Channel, Terms};
use crate::article::{EventTime, Lang, Sequence, Span};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Engine time between folds.
pub(super) const FOLD: Span = Span::hours(24);

/// Base-2 logarithm of the number of counters of a channel.
const BUCKET_BITS: u32 = 18;
/// Number of counters in a record.
const PAGE: usize = 1 << 10;
/// Number of records for the counters of all channels of a language.
const PAGES: usize = COUNTERS / PAGE;
/// Number of counters of all channels of a language.
const COUNTERS: usize = 3 << BUCKET_BITS;
/// A language with at most this many nonzero counters stores only those; a language with more
/// stores all counters.
const SPARSE_MAX: usize = COUNTERS / 64;

/// The number of articles by language.
type ArticleCounts = BTreeMap<Option<Lang>, u32>;

/// The weights of the terms of one language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// The weight of each level.
    levels: [u32; 33],
    /// Index of the language's counters; `None` before its first article.
    counters: Option<usize>,
    /// Whether the language's terms are pairs of characters.
    pub(super) of_pairs: bool,
}

/// The counters of one shard.
#[derive(Debug)]
pub(super) struct Frequencies {
    /// The counters of each language.
    counters: Vec<LanguageCounters>,
    /// Index of each language's counters.
    languages: BTreeMap<Option<Lang>, usize>,
    /// The number of articles counted.
    articles: ArticleCounts,
    /// The state at the last fold.
    head: FrequencyHead,
}

/// The counters of one language.
#[derive(Debug)]
struct LanguageCounters {
    /// A count for each channel and bucket.
    counts: Counts,
    /// The pages that changed since the last fold.
    changed: Box<[bool; PAGES]>,
}

/// Counts by channel and bucket.
#[derive(Debug, Clone, PartialEq)]
enum Counts {
    /// Only the nonzero counts.
    Sparse(FxHashMap<u32, u32>),
    /// All counts.
    Dense(Vec<u32>),
}

impl Default for LanguageCounters {
    fn default() -> Self {
        Self { counts: Counts::Sparse(FxHashMap::default()), changed: Box::new([false; PAGES]) }
    }
}

impl LanguageCounters {
    #[inline]
    fn count(&self, bucket: usize) -> u32 {
        match &self.counts {
            Counts::Sparse(counts) => counts.get(&(bucket as u32)).copied().unwrap_or(0),
            Counts::Dense(counts) => counts[bucket],
        }
    }

    fn set(&mut self, bucket: usize, count: u32) {
        self.changed[bucket / PAGE] = true;
        match &mut self.counts {
            Counts::Dense(counts) => counts[bucket] = count,
            Counts::Sparse(counts) if count == 0 => {
                counts.remove(&(bucket as u32));
            }
            Counts::Sparse(counts) => {
                counts.insert(bucket as u32, count);
                if counts.len() > SPARSE_MAX {
                    let mut all = vec![0; COUNTERS];
                    counts.drain().for_each(|(bucket, count)| all[bucket as usize] = count);
                    self.counts = Counts::Dense(all);
                }
            }
        }
    }

    fn halve(&mut self) {
        self.changed.fill(true);
        match &mut self.counts {
            Counts::Dense(counts) => counts.iter_mut().for_each(|count| *count /= 2),
            Counts::Sparse(counts) => counts.retain(|_, count| {
                *count /= 2;
                *count > 0
            }),
        }
    }

    /// The pages that changed since the last call, in order.
    fn take_changed(&mut self) -> Vec<(u16, Page)> {
        let changed = std::mem::replace(&mut self.changed, Box::new([false; PAGES]));
        let pages = (0..PAGES).filter(|page| changed[*page]);
        match &self.counts {
            Counts::Dense(counts) => {
                let counts = |page| counts[page * PAGE..][..PAGE].iter().copied().enumerate();
                pages.map(|page| (page as u16, with_gaps(counts(page)))).collect()
            }
            Counts::Sparse(counts) => {
                let mut sorted: Vec<(usize, u32)> =
                    counts.iter().map(|(bucket, count)| (*bucket as usize, *count)).collect();
                sorted.sort_unstable();
                let own = |page| {
                    let start = sorted.partition_point(|(bucket, _)| *bucket < page * PAGE);
                    let own = sorted[start..].iter().take_while(move |(b, _)| *b / PAGE == page);
                    own.map(|(bucket, count)| (*bucket % PAGE, *count))
                };
                pages.map(|page| (page as u16, with_gaps(own(page)))).collect()
            }
        }
    }

    fn bytes(&self) -> usize {
        let counts = match &self.counts {
            Counts::Sparse(counts) => counts.capacity() * (size_of::<(u32, u32)>() + 1),
            Counts::Dense(counts) => counts.len() * size_of::<u32>(),
        };
        counts + PAGES + size_of::<Self>()
    }
}

/// The part of the state that is not in the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequencyHead {
    /// The first article that is not in the pages.
    pub(super) since: Sequence,
    /// Engine time of the last fold.
    folded: EventTime,
    /// Engine time of the last halving.
    halved: EventTime,
    /// The number of articles counted in the pages.
    articles: ArticleCounts,
}

/// The nonzero counters of a page in order, each with the number of zero counters left out before
/// it. Most counters of a rarely used language are zero.
pub(super) type Page = Vec<(u16, u32)>;

/// Builds a page from counts, which are given in order, each with its position in the page.
fn with_gaps(counts: impl Iterator<Item = (usize, u32)>) -> Page {
    let mut next = 0;
    let above_zero = counts.filter(|(_, count)| *count > 0);
    above_zero
        .map(|(at, count)| ((at - std::mem::replace(&mut next, at + 1)) as u16, count))
        .collect()
}

/// A record of the counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrequencyRecord {
    /// The part of the state that is not in the pages.
    Head(FrequencyHead),
    /// The counters of the page with this number in this language.
    Page(Option<Lang>, u16, Page),
}

impl Default for Frequencies {
    fn default() -> Self {
        let never = EventTime(i64::MIN);
        Self {
            counters: Vec::new(),
            languages: BTreeMap::new(),
            articles: ArticleCounts::new(),
            head: FrequencyHead {
                since: Sequence(0),
                folded: never,
                halved: never,
                articles: ArticleCounts::new(),
            },
        }
    }
}

impl Frequencies {
    fn bucket(channel: Channel, id: TermId) -> usize {
        ((channel as usize) << BUCKET_BITS) + (id >> (ID_BITS - BUCKET_BITS)) as usize
    }

    /// Estimated bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.counters.iter().map(LanguageCounters::bytes).sum()
    }

    /// Counts an article in `language`.
    pub(super) fn add(&mut self, terms: &Terms, language: Option<Lang>) {
        let articles = self.articles.entry(language).or_default();
        *articles = articles.saturating_add(1);
        let counters = self.counters(language);
        for channel in Channel::ALL {
            for term in terms.channel(channel) {
                let bucket = Self::bucket(channel, term.id());
                counters.set(bucket, counters.count(bucket).saturating_add(1));
            }
        }
    }

    /// The counters of a language.
    fn counters(&mut self, language: Option<Lang>) -> &mut LanguageCounters {
        let next = self.counters.len();
        let at = *self.languages.entry(language).or_insert(next);
        if at == next {
            self.counters.push(LanguageCounters::default());
        }
        &mut self.counters[at]
    }

    /// The weights of all levels in a language, computed from the current counts.
    pub(super) fn weights(&self, language: Option<Lang>) -> Weights {
        let articles = self.articles.get(&language).copied().unwrap_or(0);
        let articles = f64::from(articles) + 1.0;
        let weigh = |idf: f64| (idf.powf(1.25) * 256.0).round() as u32;
        let mut levels = [weigh(0.5); 33];
        for (level, weight) in levels.iter_mut().enumerate() {
            // A term of level 0 is in no counted article; it weighs as much as a term in one
            // article.
            let least = (level.max(1) as f64 - 1.0).exp2();
            let idf = (articles / 1.5f64.mul_add(least, 0.5)).ln();
            if idf <= 0.5 {
                break;
            }
            *weight = weigh(idf);
        }
        Weights {
            levels,
            counters: self.languages.get(&language).copied(),
            of_pairs: language.is_some_and(is_unsegmented_language),
        }
    }

    /// The weight of a term.
    #[inline]
    pub(super) fn weight(&self, weights: &Weights, channel: Channel, id: TermId) -> u32 {
        let counters = weights.counters.map(|at| &self.counters[at]);
        let count = counters.map_or(0, |counters| counters.count(Self::bucket(channel, id)));
        weights.levels[(32 - count.leading_zeros()) as usize]
    }

    /// The first article that is not in the recorded pages.
    pub(super) fn since(&self) -> Sequence {
        self.head.since
    }

    /// Whether a fold is due.
    pub(super) fn due(&self, clock: EventTime) -> bool {
        clock.since(self.head.folded) >= FOLD
    }

    /// Folds the articles before `next`, and returns the records that changed.
    pub(super) fn fold(
        &mut self,
        clock: EventTime,
        next: Sequence,
        memory: Span,
    ) -> Vec<FrequencyRecord> {
        if self.head.halved == EventTime(i64::MIN) {
            self.head.halved = clock;
        }
        if clock.since(self.head.halved) >= memory {
            self.counters.iter_mut().for_each(LanguageCounters::halve);
            self.articles.values_mut().for_each(|articles| *articles /= 2);
            self.head.halved = clock;
        }
        let (since, folded, articles) = (next, clock, self.articles.clone());
        self.head = FrequencyHead { since, folded, articles, halved: self.head.halved };
        let mut records = vec![FrequencyRecord::Head(self.head.clone())];
        for (&language, &at) in &self.languages {
            let pages = self.counters[at].take_changed().into_iter();
            records.extend(pages.map(|(page, of)| FrequencyRecord::Page(language, page, of)));
        }
        records
    }

    /// Restores a record.
    pub(super) fn restore(&mut self, record: FrequencyRecord) {
        match record {
            FrequencyRecord::Head(head) => {
                for counters in &mut self.counters {
                    counters.changed.fill(false);
                }
                self.articles = head.articles.clone();
                self.head = head;
            }
            FrequencyRecord::Page(language, page, above_zero) => {
                if usize::from(page) < PAGES {
                    let own = self.counters(language);
                    let mut counts = [0; PAGE];
                    let mut next = 0;
                    for (gap, count) in above_zero {
                        let Some(own) = counts.get_mut(next + usize::from(gap)) else { break };
                        *own = count;
                        next += usize::from(gap) + 1;
                    }
                    for (bucket, count) in (usize::from(page) * PAGE..).zip(counts) {
                        if own.count(bucket) != count {
                            own.set(bucket, count);
                        }
                    }
                    own.changed[usize::from(page)] = false;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Terms {
        let words = crate::text::words(text, &crate::text::Limits::default());
        let clean = crate::text::Clean { text: text.to_owned(), ..Default::default() };
        Terms::of("", &clean, &words, None, &super::super::Settings::default())
    }

    #[test]
    fn rare_terms_weigh_more_and_frequent_terms_the_minimum() {
        let mut seen = Frequencies::default();
        for n in 0..100 {
            seen.add(&words(&format!("common t{n}")), None);
        }
        let weights = seen.weights(None);
        let weigh = |word| {
            let id = words(word).channel(Channel::Text)[0].id();
            seen.weight(&weights, Channel::Text, id)
        };
        assert!(weigh("t7") > 4 * weigh("common"), "{} {}", weigh("t7"), weigh("common"));
        assert_eq!(weigh("unseen"), weigh("t7"));
        assert_eq!(weigh("common"), (0.5f64.powf(1.25) * 256.0).round() as u32);
    }

    #[test]
    fn restored_counts_equal_the_original_counts() {
        let (mut straight, mut log) = (Frequencies::default(), Vec::new());
        for n in 0..10u64 {
            straight.add(&words(&format!("a b{n}")), None);
            if n == 5 {
                log = straight.fold(EventTime(1_000), Sequence(n + 1), Span::hours(720));
            }
        }
        let mut restored = Frequencies::default();
        log.into_iter().for_each(|record| restored.restore(record));
        assert_eq!(restored.since(), Sequence(6));
        for n in 6..10 {
            restored.add(&words(&format!("a b{n}")), None);
        }
        let counts = |of: &Frequencies| of.counters[of.languages[&None]].counts.clone();
        assert_eq!(counts(&restored), counts(&straight));
        assert_eq!((restored.articles, restored.head), (straight.articles, straight.head));
    }

    #[test]
    fn counts_are_halved_after_the_memory_span() {
        let mut seen = Frequencies::default();
        (0..8).for_each(|_| seen.add(&words("a"), None));
        assert!(seen.due(EventTime(0)), "the first fold is due at once and starts the clock");
        seen.fold(EventTime(0), Sequence(8), Span::hours(48));
        assert!(!seen.due(EventTime(1_000)));
        seen.fold(EventTime(0).plus(Span::hours(24)), Sequence(8), Span::hours(48));
        assert_eq!(seen.articles[&None], 8);
        seen.fold(EventTime(0).plus(Span::hours(48)), Sequence(8), Span::hours(48));
        assert_eq!(seen.articles[&None], 4);
        let bucket = Frequencies::bucket(Channel::Text, words("a").channel(Channel::Text)[0].id());
        assert_eq!(seen.counters[0].count(bucket), 4);
    }

    #[test]
    fn articles_count_only_in_their_own_language() {
        let [ours, theirs] = ["en", "fi"].map(Lang::parse);
        let mut seen = Frequencies::default();
        (0..8).for_each(|n| seen.add(&words(&format!("c{n}")), ours));
        seen.add(&words("a"), ours);
        let own = words("a").channel(Channel::Text)[0].id();
        let weight =
            |seen: &Frequencies, language| seen.weight(&seen.weights(language), Channel::Text, own);
        let before = weight(&seen, ours);
        (0..500).for_each(|n| seen.add(&words(&format!("a b{n}")), theirs));
        assert_eq!(weight(&seen, ours), before);
        assert_ne!(weight(&seen, theirs), before);
    }

    /// Adds so many counters to a language that they are no longer stored sparsely.
    #[test]
    fn sparse_and_dense_counters_give_the_same_counts() {
        let mut counters = LanguageCounters::default();
        let last = SPARSE_MAX as u32 + 1;
        for bucket in 0..last {
            assert!(matches!(counters.counts, Counts::Sparse(_)), "{bucket}");
            counters.set(bucket as usize, bucket % 7 + 1);
        }
        assert!(matches!(counters.counts, Counts::Dense(_)));
        for bucket in 0..last {
            assert_eq!(counters.count(bucket as usize), bucket % 7 + 1, "{bucket}");
        }
        assert_eq!(counters.count(last as usize), 0);
        counters.halve();
        assert_eq!([0, 1, 6].map(|bucket| counters.count(bucket)), [0, 1, 3]);
        assert_eq!(counters.take_changed().len(), PAGES, "halving changes all");
        assert!(counters.take_changed().is_empty());
    }
}
