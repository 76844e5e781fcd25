//! How many articles have a term, over a long memory, and how much a term weighs.
//!
//! In: the terms of articles that contribute to their stories. Out: the weight of a term, and
//! records. Counts outlive the articles that they came from: 2^18 hashed counters per channel,
//! which are halved once in `memory` of engine time. Counts of the live window alone cost .06 F1 on
//! sparse feeds. Halving lowers the level of every term by one, so that the levels stay consistent.
//!
//! The counters are a function of the records: once in [`FOLD`] of engine time they are written as
//! records of their own, in pages (a *fold*); later articles are counted again on a restore. An
//! article that expires before it was folded triggers a fold.
//!
//! The number of articles is counted by language. In a feed of several languages, the words of the
//! smaller ones would all look rare compared with the total, and unrelated stories would merge.
//!
//! A term that `df` articles have is of level `L = floor(log2 df) + 1`, and weighs `idf^1.25` in
//! units of 1/256, with `idf = max(.5, ln((N + 1) / (1.5 * 2^(L - 1) + .5)))` and `N` the number of
//! articles in the language. For example, with `N = 100`, a term of one article weighs 1,413, and a
//! term that all have weighs 108, the minimum. The table of weights is computed once per article.
//!
//! Cost: 3 MB per shard; a fold writes about 1 MB.

use super::stem::{ID_BITS, TermId};
use super::terms::{Channel, Terms};
use crate::article::{EventTime, Lang, Sequence, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Engine time between folds.
pub(super) const FOLD: Span = Span::hours(24);

/// Counters of a channel, as a power of two.
const BUCKET_BITS: u32 = 18;
/// Counters in a record.
const PAGE: usize = 1 << 10;
/// Records of the counters of all channels.
const PAGES: usize = 3 << BUCKET_BITS >> 10;

/// The number of articles by language.
type ArticleCounts = BTreeMap<Option<Lang>, u32>;

/// The weight of each level.
pub(super) type Weights = [u32; 33];

/// The counters of one shard.
#[derive(Debug)]
pub(super) struct Frequencies {
    /// A count for each channel and bucket.
    counts: Vec<u32>,
    /// The number of articles counted.
    articles: ArticleCounts,
    /// The state at the last fold.
    head: FrequencyHead,
    /// The pages that changed since the last fold.
    changed: Box<[bool; PAGES]>,
}

/// The record beside the pages.
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

/// A record of the counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrequencyRecord {
    /// The record beside the pages.
    Head(FrequencyHead),
    /// The counters of the page with this number.
    Page(u16, Vec<u32>),
}

impl Default for Frequencies {
    fn default() -> Self {
        let never = EventTime(i64::MIN);
        Self {
            counts: vec![0; 3 << BUCKET_BITS],
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

    /// Estimated bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.counts.len() * size_of::<u32>() + PAGES
    }

    /// Counts an article in `language`.
    pub(super) fn add(&mut self, terms: &Terms, language: Option<Lang>) {
        let articles = self.articles.entry(language).or_default();
        *articles = articles.saturating_add(1);
        for channel in Channel::ALL {
            for term in terms.channel(channel) {
                let bucket = Self::bucket(channel, term.id());
                self.counts[bucket] = self.counts[bucket].saturating_add(1);
                self.changed[bucket / PAGE] = true;
            }
        }
    }

    /// The weights of all levels in a language, by the current counts.
    pub(super) fn weights(&self, language: Option<Lang>) -> Weights {
        let articles = self.articles.get(&language).copied().unwrap_or(0);
        let articles = f64::from(articles) + 1.0;
        let weigh = |idf: f64| (idf.powf(1.25) * 256.0).round() as u32;
        let mut weights = [weigh(0.5); 33];
        for (level, weight) in weights.iter_mut().enumerate() {
            // Level 0 is a term that no counted article has; it weighs as much as a term of one.
            let least = (level.max(1) as f64 - 1.0).exp2();
            let idf = (articles / 1.5f64.mul_add(least, 0.5)).ln();
            if idf <= 0.5 {
                break;
            }
            *weight = weigh(idf);
        }
        weights
    }

    /// The weight of a term.
    pub(super) fn weight(&self, weights: &Weights, channel: Channel, id: TermId) -> u32 {
        let count = self.counts[Self::bucket(channel, id)];
        weights[(32 - count.leading_zeros()) as usize]
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
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.articles.values_mut().for_each(|articles| *articles /= 2);
            self.changed.fill(true);
            self.head.halved = clock;
        }
        let (since, folded, articles) = (next, clock, self.articles.clone());
        self.head = FrequencyHead { since, folded, articles, halved: self.head.halved };
        let mut records = vec![FrequencyRecord::Head(self.head.clone())];
        for (page, changed) in self.changed.iter_mut().enumerate() {
            if std::mem::take(changed) {
                let counts = self.counts[page * PAGE..][..PAGE].to_vec();
                records.push(FrequencyRecord::Page(page as u16, counts));
            }
        }
        records
    }

    /// Restores a record.
    pub(super) fn restore(&mut self, record: FrequencyRecord) {
        match record {
            FrequencyRecord::Head(head) => {
                self.changed.fill(false);
                self.articles = head.articles.clone();
                self.head = head;
            }
            FrequencyRecord::Page(page, counts) => {
                if usize::from(page) < PAGES && counts.len() == PAGE {
                    let from = usize::from(page) * PAGE;
                    self.counts[from..][..PAGE].copy_from_slice(&counts);
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
        let clean = crate::text::Clean { text: text.to_owned(), anchors: Vec::new() };
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
        assert_eq!(restored.counts, straight.counts);
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
        assert_eq!(seen.counts.iter().max(), Some(&4));
    }
}
