//! In how many articles a term stands, over a long memory, and what it weighs.
//!
//! Document frequencies of the live window alone cost .06 F1 on sparse feeds, so counts outlive the
//! articles that they came from: 2^18 hashed counters a channel, which every article that speaks for
//! itself adds to, and which are halved once in `memory` of engine time. Halving shifts every level by
//! one and so keeps the scheme exact.
//!
//! The counters are a function of the live records: once in [`FOLD`] of engine time they are written
//! as pages of their own (a *fold*), and what came since is counted again from the articles. An
//! article that would leave before it was folded brings the fold about.
//!
//! The number of articles is counted by language: in a feed of several, the words of the smaller
//! languages would all look rare by the number of the whole, and their stories would run together.
//!
//! A term of level `L = floor(log2 df)` weighs `idf^1.25`, `idf = max(.5, ln((N + 1) / (1.5 2^L + .5)))`,
//! in integers of 1/256. The table of weights is made once an article.
//!
//! Cost: 1.5 MB a shard, since few counts need more than 16 bits; a fold writes about 1 MB.

use super::stem::{ID_BITS, TermId};
use super::terms::{Channel, Terms};
use crate::article::{EventTime, Lang, Sequence, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Engine time between folds.
pub(super) const FOLD: Span = Span::hours(24);

const BUCKET_BITS: u32 = 18;
const PAGE: usize = 1 << 10;
const PAGES: usize = 3 << BUCKET_BITS >> 10;

/// Articles counted, by language.
type ArticleCounts = BTreeMap<Option<Lang>, u32>;

/// What each level weighs.
pub(super) type Weights = [u32; 33];

/// The counters of one shard.
#[derive(Debug)]
pub(super) struct Frequencies {
    counts: TermCounters,
    articles: ArticleCounts,
    head: FrequencyHead,
    changed: Box<[bool; PAGES]>,
}

/// The counters, of which nearly all are small.
#[derive(Debug, PartialEq, Eq)]
struct TermCounters {
    small: Vec<u16>,
    /// Those that have reached the highest small one.
    large: BTreeMap<u32, u32>,
}

impl Default for TermCounters {
    fn default() -> Self {
        Self { small: vec![0; 3 << BUCKET_BITS], large: BTreeMap::new() }
    }
}

impl TermCounters {
    fn get(&self, at: usize) -> u32 {
        match self.small[at] {
            u16::MAX => self.large.get(&(at as u32)).copied().unwrap_or(u16::MAX.into()),
            small => small.into(),
        }
    }

    fn set(&mut self, at: usize, count: u32) {
        match u16::try_from(count) {
            Ok(small) if small < u16::MAX => {
                if std::mem::replace(&mut self.small[at], small) == u16::MAX {
                    self.large.remove(&(at as u32));
                }
            }
            _ => {
                self.small[at] = u16::MAX;
                self.large.insert(at as u32, count);
            }
        }
    }

    fn add(&mut self, at: usize) {
        match self.small[at] {
            small if small < u16::MAX - 1 => self.small[at] += 1,
            _ => self.set(at, self.get(at).saturating_add(1)),
        }
    }

    fn halve(&mut self) {
        let large = std::mem::take(&mut self.large);
        self.small.iter_mut().for_each(|count| *count /= 2);
        for (at, count) in large {
            self.set(at as usize, count / 2);
        }
    }
}

/// What is recorded beside the pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrequencyHead {
    /// Articles from here on are not in the pages.
    pub(super) since: Sequence,
    /// Engine time of the last fold.
    folded: EventTime,
    /// Engine time of the last halving.
    halved: EventTime,
    /// Articles counted in the pages.
    articles: ArticleCounts,
}

/// A record of the counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrequencyRecord {
    /// What the pages hold and since when.
    FrequencyHead(FrequencyHead),
    /// One page.
    Page(u16, Vec<u32>),
}

impl Default for Frequencies {
    fn default() -> Self {
        let never = EventTime(i64::MIN);
        Self {
            counts: TermCounters::default(),
            articles: ArticleCounts::new(),
            head: FrequencyHead {
                since: Sequence(0),
                folded: never,
                halved: never,
                articles: ArticleCounts::new(),
            },
            changed: Box::new([false; PAGES]),
        }
    }
}

impl Frequencies {
    fn bucket(channel: Channel, id: TermId) -> usize {
        ((channel as usize) << BUCKET_BITS) + (id >> (ID_BITS - BUCKET_BITS)) as usize
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        let large = self.counts.large.len() * 2 * size_of::<(u32, u32)>();
        self.counts.small.len() * size_of::<u16>() + large + PAGES
    }

    /// Counts an article in `language`.
    pub(super) fn add(&mut self, terms: &Terms, language: Option<Lang>) {
        let articles = self.articles.entry(language).or_default();
        *articles = articles.saturating_add(1);
        for channel in Channel::ALL {
            for term in terms.channel(channel) {
                let bucket = Self::bucket(channel, term.id());
                self.counts.add(bucket);
                self.changed[bucket / PAGE] = true;
            }
        }
    }

    /// The table of weights of a language, as the counts are now.
    pub(super) fn weights(&self, language: Option<Lang>) -> Weights {
        let articles = self.articles.get(&language).copied().unwrap_or(0);
        let articles = f64::from(articles) + 1.0;
        let weigh = |idf: f64| (idf.powf(1.25) * 256.0).round() as u32;
        let mut weights = [weigh(0.5); 33];
        for (level, weight) in weights.iter_mut().enumerate() {
            // Level 0 is a term that no counter knows yet, which weighs as one that one knows.
            let least = (level.max(1) as f64 - 1.0).exp2();
            let idf = (articles / 1.5f64.mul_add(least, 0.5)).ln();
            if idf <= 0.5 {
                break;
            }
            *weight = weigh(idf);
        }
        weights
    }

    /// What a term weighs.
    pub(super) fn weight(&self, weights: &Weights, channel: Channel, id: TermId) -> u32 {
        let count = self.counts.get(Self::bucket(channel, id));
        weights[(32 - count.leading_zeros()) as usize]
    }

    /// The sequence from which articles are not in the recorded pages.
    pub(super) fn since(&self) -> Sequence {
        self.head.since
    }

    /// Whether a fold is due.
    pub(super) fn due(&self, clock: EventTime) -> bool {
        clock.since(self.head.folded) >= FOLD
    }

    /// Folds what came before `next`, and gives the records that changed.
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
            self.counts.halve();
            self.articles.values_mut().for_each(|articles| *articles /= 2);
            self.changed.fill(true);
            self.head.halved = clock;
        }
        let (since, folded, articles) = (next, clock, self.articles.clone());
        self.head = FrequencyHead { since, folded, articles, halved: self.head.halved };
        let mut records = vec![FrequencyRecord::FrequencyHead(self.head.clone())];
        for (page, changed) in self.changed.iter_mut().enumerate() {
            if std::mem::take(changed) {
                let counts = (page * PAGE..).take(PAGE).map(|at| self.counts.get(at)).collect();
                records.push(FrequencyRecord::Page(page as u16, counts));
            }
        }
        records
    }

    /// Puts a record back.
    pub(super) fn restore(&mut self, record: FrequencyRecord) {
        match record {
            FrequencyRecord::FrequencyHead(head) => {
                self.changed.fill(false);
                self.articles = head.articles.clone();
                self.head = head;
            }
            FrequencyRecord::Page(page, counts) => {
                if usize::from(page) < PAGES && counts.len() == PAGE {
                    let from = usize::from(page) * PAGE;
                    (from..).zip(counts).for_each(|(at, count)| self.counts.set(at, count));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Terms {
        let words = crate::text::words(text, &crate::text::Settings::default());
        let clean = crate::text::Clean { text: text.to_owned(), anchors: Vec::new() };
        Terms::of("", &clean, &words, None, &super::super::Settings::default())
    }

    #[test]
    fn rare_terms_weigh_more_and_none_less_than_the_floor() {
        let mut seen = Frequencies::default();
        for n in 0..100 {
            seen.add(&words(&format!("common t{n}")), None);
        }
        let weights = seen.weights(None);
        let weigh = |word| {
            let id = words(word).channel(Channel::Text).next().unwrap().id();
            seen.weight(&weights, Channel::Text, id)
        };
        assert!(weigh("t7") > 4 * weigh("common"), "{} {}", weigh("t7"), weigh("common"));
        assert_eq!(weigh("unseen"), weigh("t7"));
        assert_eq!(weigh("common"), (0.5f64.powf(1.25) * 256.0).round() as u32);
    }

    proptest! {
        /// The naive twin: counters of 32 bits.
        #[test]
        fn counts_are_those_of_wide_counters(
            steps in prop::collection::vec((0usize..4, 0u32..4, any::<bool>()), 1..200),
        ) {
            let (mut counts, mut naive) = (TermCounters::default(), [0u32; 4]);
            for (at, how, high) in steps {
                match how {
                    0 => {
                        let count = u32::from(u16::MAX) - 2 + if high { 100_000 } else { 0 };
                        counts.set(at, count);
                        naive[at] = count;
                    }
                    1 => {
                        counts.halve();
                        naive.iter_mut().for_each(|count| *count /= 2);
                    }
                    _ => {
                        counts.add(at);
                        naive[at] += 1;
                    }
                }
                let got: [u32; 4] = std::array::from_fn(|at| counts.get(at));
                prop_assert_eq!(got, naive);
                prop_assert!(counts.large.values().all(|count| *count >= u16::MAX.into()));
            }
        }
    }

    #[test]
    fn folded_and_counted_again_it_is_the_same() {
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
        assert_eq!(restored.counts, straight.counts);
        assert_eq!((restored.articles, restored.head), (straight.articles, straight.head));
    }

    #[test]
    fn the_memory_fades() {
        let mut seen = Frequencies::default();
        (0..8).for_each(|_| seen.add(&words("a"), None));
        assert!(seen.due(EventTime(0)), "the first article folds nothing, and starts the clock");
        seen.fold(EventTime(0), Sequence(8), Span::hours(48));
        assert!(!seen.due(EventTime(1_000)));
        seen.fold(EventTime(0).plus(Span::hours(24)), Sequence(8), Span::hours(48));
        assert_eq!(seen.articles[&None], 8);
        seen.fold(EventTime(0).plus(Span::hours(48)), Sequence(8), Span::hours(48));
        assert_eq!(seen.articles[&None], 4);
        assert_eq!(seen.counts.small.iter().max(), Some(&4));
    }
}
