//! What an article speaks of: its terms in three channels.
//!
//! In: headline, cleaned body and language. Out: [`Terms`], integers alone.
//!
//! | channel | holds | counts |
//! |---|---|---|
//! | title | stems of the headline | once each |
//! | text | stems of headline and body | 6 in the headline, 2 in the first `lead_words` of the body, 1 in the rest, up to `body_words` |
//! | names | capitalised words and figures | 1.5 in the headline, 1 in the body, figures half |
//!
//! A capital says nothing where any word would have one: in a headline without a small letter, at the
//! head of a line and of what follows a colon. A word counts there only if the article has it with a
//! capital elsewhere. Else the labels of a table (`Net`, `Sales`) would be names that the figures of two
//! companies share.
//!
//! A term's count `tf` is kept saturated in 4 bits: `q = round(15 tf / (tf + 2))`, at least 1. A fifth
//! bit says whether the term stands in the *opening*: the headline or the first `opening_words` of the
//! body. What a term weighs is decided when it is scored, never here.
//!
//! Cost: one pass over at most `body_words` words and one sort; 4 bytes a kept term.

use super::Settings;
use super::frequencies::{Frequencies, Weights};
use super::stem::{Speech, TermId};
use crate::engine::article::Lang;
use crate::engine::text::{Clean, Words, words};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A term, its saturated count, and whether it stands in the opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Term(u32);

impl Term {
    /// `q` must be within 1..=15.
    fn new(id: TermId, q: u32, opens: bool) -> Self {
        debug_assert!((1..=15).contains(&q), "a count of 4 bits");
        Self(id << 5 | u32::from(opens) << 4 | q)
    }

    /// Its id.
    pub fn id(self) -> u32 {
        self.0 >> 5
    }

    /// Whether it stands in the headline or in the first words of the body.
    pub fn opens(self) -> bool {
        self.0 & 16 != 0
    }

    /// Its saturated count, 1..=15.
    pub fn q(self) -> u32 {
        self.0 & 15
    }
}

/// The channels, in the order of arrays that hold something for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Stems of the headline.
    Title,
    /// Stems of headline and body.
    Text,
    /// Names and figures.
    Names,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Title, Self::Text, Self::Names];
}

/// The terms of one article by channel, each channel in order of ids, each id once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms([Box<[Term]>; 3]);

impl Terms {
    /// All terms of an article.
    pub fn of(
        headline: &str,
        clean: &Clean,
        body: &Words,
        language: Option<Lang>,
        settings: &Settings,
    ) -> Self {
        let speech = Speech::of(language);
        let title = words(headline, &crate::engine::text::Settings { words_max: 200 });
        let mut counts = Counts::default();
        counts.title(headline, &title, speech);
        counts.body(&clean.text, body, speech, settings);
        let Counts { title, text, names } = counts;
        Self([saturated(title, 2, 0), saturated(text, 2, 0), saturated(names, 8, NAMES)])
    }

    /// The words behind the terms of headline and body, in lower case, each by its first form.
    pub fn spelled(
        headline: &str,
        clean: &Clean,
        body: &Words,
        language: Option<Lang>,
    ) -> BTreeMap<u32, String> {
        let speech = Speech::of(language);
        let title = words(headline, &crate::engine::text::Settings { words_max: 200 });
        let mut spelled = BTreeMap::new();
        for (text, words) in [(headline, &title), (clean.text.as_str(), body)] {
            let terms = speech.terms(text, words, usize::MAX);
            for (id, &(from, to)) in terms.into_iter().zip(&words.spans) {
                let Some(id) = id else { continue };
                let word = &text[from as usize..to as usize];
                spelled.entry(id).or_insert_with(|| word.to_lowercase());
            }
        }
        spelled
    }

    /// The terms of one channel.
    pub fn channel(&self, channel: Channel) -> &[Term] {
        &self.0[channel as usize]
    }

    /// The terms of its opening.
    pub(super) fn opening(&self) -> impl Iterator<Item = Term> {
        self.channel(Channel::Text).iter().copied().filter(|term| term.opens())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|channel| channel.is_empty())
    }

    /// The terms that are kept: in each channel the heaviest, by the frequencies as they are now.
    pub(super) fn cut(
        &self,
        frequencies: &Frequencies,
        weights: &Weights,
        settings: &Settings,
    ) -> Self {
        let mut kept = Self::default();
        for (channel, max) in Channel::ALL.into_iter().zip(settings.terms_max) {
            let max = max as usize;
            let mut terms = self.channel(channel).to_vec();
            if terms.len() > max {
                let rank = |term: &Term| {
                    let weight = u64::from(frequencies.weight(weights, channel, term.id()));
                    let q = u64::from(term.q());
                    (std::cmp::Reverse(q * q * weight), term.id())
                };
                if max > 0 {
                    terms.select_nth_unstable_by_key(max - 1, rank);
                }
                terms.truncate(max);
                terms.sort_unstable();
            }
            kept.0[channel as usize] = terms.into();
        }
        kept
    }
}

/// Set in a count of the opening; the sum of all counts of a term stays far below.
const OPENS: u32 = 1 << 31;

/// Set in a count where a capital or a digit says that the word is a name.
const NAMES: u32 = 1 << 30;

/// Counts of terms; those of names in quarters.
#[derive(Default)]
struct Counts {
    title: Vec<(TermId, u32)>,
    text: Vec<(TermId, u32)>,
    names: Vec<(TermId, u32)>,
}

impl Counts {
    fn title(&mut self, headline: &str, words: &Words, speech: Speech) {
        let names = if headline.chars().any(char::is_lowercase) { NAMES } else { 0 };
        for (at, term) in speech.terms(headline, words, usize::MAX).into_iter().enumerate() {
            let Some(term) = term else { continue };
            self.title.push((term, 1));
            self.text.push((term, 6 | OPENS));
            self.name(headline, words, at, speech, 6 | names);
        }
    }

    fn body(&mut self, text: &str, words: &Words, speech: Speech, settings: &Settings) {
        let terms = speech.terms(text, words, settings.body_words as usize);
        for (at, term) in terms.into_iter().enumerate() {
            let Some(term) = term else { continue };
            let count = if at < settings.lead_words as usize { 2 } else { 1 };
            let opens = if at < settings.opening_words as usize { OPENS } else { 0 };
            self.text.push((term, count | opens));
            let names = if begins(text, words, at) { 0 } else { NAMES };
            self.name(text, words, at, speech, 4 | names);
        }
    }

    /// Counts a word that may be a name; `count` in quarters, a figure gets half.
    fn name(&mut self, text: &str, words: &Words, at: usize, speech: Speech, count: u32) {
        let (from, to) = words.spans[at];
        let word = &text[from as usize..to as usize];
        let mut chars = word.chars();
        let Some(first) = chars.next() else { return };
        let id = || speech.as_is(words.hashes[at]);
        if word.bytes().any(|b| b.is_ascii_digit()) {
            self.names.push((id(), ((count & !NAMES) / 2) | NAMES));
        } else if first.is_uppercase() && chars.next().is_some() {
            self.names.push((id(), count));
        }
    }
}

/// Whether the word at `at` begins a line, or what a colon announces.
fn begins(text: &str, words: &Words, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return true };
    let between = &text[words.spans[before].1 as usize..words.spans[at].0 as usize];
    between.contains([':', '\n'])
}

/// Sums the counts of each term and saturates them; `half` is the count, in the channel's units, at
/// which half of the range is used. Terms none of whose counts has the flag `needs` are left out.
fn saturated(mut counts: Vec<(TermId, u32)>, half: u32, needs: u32) -> Box<[Term]> {
    counts.sort_unstable_by_key(|&(id, _)| id);
    counts
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|same| needs == 0 || same.iter().any(|&(_, count)| count & needs != 0))
        .map(|same| {
            let tf: u32 = same.iter().map(|&(_, count)| count & !(OPENS | NAMES)).sum();
            let opens = same.iter().any(|&(_, count)| count & OPENS != 0);
            let q = (30 * tf + tf + half) / (2 * (tf + half));
            Term::new(same[0].0, q.clamp(1, 15), opens)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::text::tokens::word_hash;

    fn terms(headline: &str, body: &str, language: &str) -> Terms {
        let body_words = words(body, &crate::engine::text::Settings::default());
        let clean = Clean { text: body.to_owned(), anchors: Vec::new() };
        Terms::of(headline, &clean, &body_words, Lang::parse(language), &Settings::default())
    }

    fn q(terms: &Terms, channel: Channel, word: &str, language: &str) -> Option<u32> {
        let speech = Speech::of(Lang::parse(language));
        let id = match channel {
            Channel::Names => speech.as_is(word_hash(word)),
            _ => speech.stem(word, word_hash(word)),
        };
        terms.channel(channel).iter().find(|t| t.id() == id).map(|t| t.q())
    }

    #[test]
    fn counts_saturate_by_channel() {
        let all =
            terms("Ferry sinks off Marel", "The ferry sank on 3 May.\nFerry crews came.", "en");
        for (channel, word, want) in [
            (Channel::Title, "ferry", Some(5)),
            (Channel::Title, "crews", None),
            (Channel::Text, "ferry", Some(13)),
            (Channel::Text, "crews", Some(8)),
            (Channel::Names, "marel", Some(6)),
            (Channel::Names, "3", Some(3)),
            (Channel::Names, "sank", None),
            (Channel::Names, "ferry", Some(8)),
        ] {
            assert_eq!(q(&all, channel, word, "en"), want, "{channel:?} {word}");
        }
    }

    #[test]
    fn a_capital_names_nothing_where_everything_has_one() {
        let names = |headline: &str, body: &str| {
            let all = terms(headline, body, "en");
            let words = ["osmia", "net", "sales", "seltz", "42"];
            words.map(|word| q(&all, Channel::Names, word, "en").is_some())
        };
        assert_eq!(names("Osmia of Seltz", ""), [true, false, false, true, false]);
        assert_eq!(names("OSMIA NET UP 42", ""), [false, false, false, false, true]);
        assert_eq!(names("OSMIA NET", "It is Osmia."), [true, false, false, false, false]);
        let table = "Osmia said: Net 42.\nSales 42. Seltz stayed, as Seltz would.";
        assert_eq!(names("", table), [false, false, false, true, true]);
    }

    #[test]
    fn the_opening_is_the_headline_and_the_first_words() {
        let settings = Settings { opening_words: 2, ..Settings::default() };
        let body = "ferry reef tunnel";
        let all_words = words(body, &crate::engine::text::Settings::default());
        let clean = Clean { text: body.to_owned(), anchors: Vec::new() };
        let all = Terms::of("captain", &clean, &all_words, None, &settings);
        let opening: Vec<u32> = all.opening().map(Term::id).collect();
        let id = |word| Speech::of(None).as_is(word_hash(word));
        let mut want = ["captain", "ferry", "reef"].map(id);
        want.sort_unstable();
        assert_eq!(opening, want);
    }

    #[test]
    fn characters_and_syllables_count_in_pairs() {
        assert_eq!(terms("", "東京都は", "ja").channel(Channel::Text).len(), 3);
        assert_eq!(terms("", "東京。都", "ja").channel(Channel::Text).len(), 1);
        assert_eq!(terms("", "thành phố, mới", "vi").channel(Channel::Text).len(), 1);
    }

    #[test]
    fn the_heaviest_are_kept_in_order() {
        let settings = Settings { terms_max: [2, 3, 0], ..Settings::default() };
        let all = terms("a b c", "d d d d e", "en");
        let frequencies = Frequencies::default();
        let weights = frequencies.weights(None);
        let kept = all.cut(&frequencies, &weights, &settings);
        assert_eq!(Channel::ALL.map(|c| kept.channel(c).len()), [2, 3, 0]);
        assert!(kept.channel(Channel::Text).is_sorted());
        assert_eq!(kept, kept.cut(&frequencies, &weights, &settings));
    }
}
