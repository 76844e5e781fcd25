//! A word to the term that it counts for.
//!
//! In: a word as it stands and the article's language. Out: a [`TermId`] of 22 bits. A word is cut to
//! its Snowball stem where its language has a stemmer, else it counts as it stands, so that an unknown
//! language works, with a little less recall. The language is part of the id: terms of two languages
//! never meet, and a story has one language.
//!
//! Scripts that do not part words give pairs of neighbouring characters, and languages that write
//! syllables apart give pairs of syllables: one character or syllable alone says too little.
//!
//! Words that carry grammar alone are no terms in the languages for which a list is known. Frequencies
//! find them as well, but not in the first hour of a new deployment.
//!
//! Cost: stemming allocates, so each thread remembers what a word came to; a wire repeats itself,
//! and 19 of 20 words are found there. The places of all words of a text are read before any is used,
//! so that the memory fetches them side by side: 5 us for 600 words in place of 24. The memo changes
//! no result.

use crate::article::Lang;
use crate::text::Words;
use crate::text::tokens::{fold, mix, unspaced, word_hash};
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::sync::LazyLock;

/// Names a term: 22 bits of a hash of its stem, its language and the way it was made.
pub(super) type TermId = u32;

/// Bits of a [`TermId`].
pub(super) const ID_BITS: u32 = 22;

/// Pairs of words that a thread remembers, as a power of two.
const MEMO_BITS: u32 = 17;

/// Hashes of the words that carry a language's grammar, by its code.
static STOP_WORDS: LazyLock<FxHashMap<&str, FxHashSet<u64>>> = LazyLock::new(|| {
    let hashes = |code: &&'static str| {
        let list = stop_words::lookup(code).unwrap_or_default().iter();
        let settings = crate::text::Settings::default();
        let pieces = list.flat_map(|word| crate::text::words(word, &settings).hashes);
        (*code, pieces.collect())
    };
    stop_words::available_languages().iter().map(hashes).collect()
});

thread_local! {
    static MEMO: RefCell<StemCache> = RefCell::new(StemCache::new());
}

/// What a word counts for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    /// Not known yet.
    Unknown,
    /// It carries grammar alone.
    Grammar,
    /// It counts together with its neighbour.
    Paired,
    /// It counts by itself.
    Term(TermId),
}

/// Words by the hash of word and language, and what they count for: two to a place, of which a third
/// puts out the one that came first.
struct StemCache(Vec<CacheSlot>);

type CacheSlot = [(u64, Meaning); 2];

impl StemCache {
    fn new() -> Self {
        Self(vec![[(0, Meaning::Unknown); 2]; 1 << MEMO_BITS])
    }

    fn at(key: u64) -> usize {
        (key >> (64 - MEMO_BITS)) as usize
    }

    fn known(place: &CacheSlot, key: u64) -> Option<Meaning> {
        let held = |word: &&(u64, Meaning)| word.0 == key && word.1 != Meaning::Unknown;
        place.iter().find(held).map(|word| word.1)
    }

    /// What the word of this key counts for.
    fn meaning(&mut self, key: u64, found: impl FnOnce() -> Meaning) -> Meaning {
        let place = &mut self.0[Self::at(key)];
        Self::known(place, key).unwrap_or_else(|| {
            let new = found();
            *place = [(key, new), place[0]];
            new
        })
    }
}

/// How the words of one language become terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct LanguageTerms {
    algorithm: Option<Algorithm>,
    salt: u64,
    syllables: bool,
    stop_words: Option<&'static FxHashSet<u64>>,
}

impl LanguageTerms {
    /// That of `language`.
    pub(super) fn of(language: Option<Lang>) -> Self {
        let code = language.as_ref().map_or("und", Lang::as_str);
        Self {
            algorithm: algorithm(code),
            salt: word_hash(code),
            stop_words: STOP_WORDS.get(code),
            syllables: matches!(code, "vi" | "lo" | "km" | "my" | "bo"),
        }
    }

    /// The terms of the first `most` words, by their places: none for what carries grammar alone and, in
    /// scripts that count pairs, for what ends one.
    pub(super) fn terms(self, text: &str, words: &Words, most: usize) -> Vec<Option<TermId>> {
        let read = words.hashes.len().min(most.saturating_add(1));
        let (hashes, spans) = (&words.hashes[..read], &words.spans[..read]);
        let word = |at: usize| &text[spans[at].0 as usize..spans[at].1 as usize];
        let keys: Vec<u64> = hashes.iter().map(|&hash| mix(hash, self.salt)).collect();
        let meanings: Vec<Meaning> = MEMO.with_borrow_mut(|memo| {
            let known = |&key: &u64| StemCache::known(&memo.0[StemCache::at(key)], key);
            let known: Vec<Option<Meaning>> = keys.iter().map(known).collect();
            let meaning = |(at, known): (usize, Option<Meaning>)| {
                let found = || self.meaning(word(at), hashes[at]);
                known.unwrap_or_else(|| memo.meaning(keys[at], found))
            };
            known.into_iter().enumerate().map(meaning).collect()
        });
        let together = |at: usize| {
            let between = &text[spans[at].1 as usize..spans[at + 1].0 as usize];
            meanings[at + 1] == Meaning::Paired && between.bytes().all(|b| b == b' ')
        };
        let term = |at: usize| match meanings[at] {
            Meaning::Term(term) => Some(term),
            Meaning::Paired if at + 1 < read && together(at) => {
                Some(self.pair(hashes[at], hashes[at + 1]))
            }
            _ => None,
        };
        (0..read.min(most)).map(term).collect()
    }

    fn meaning(self, word: &str, hash: u64) -> Meaning {
        if self.stops(hash) {
            Meaning::Grammar
        } else if self.pairs(word) {
            Meaning::Paired
        } else {
            Meaning::Term(self.stem(word, hash))
        }
    }

    /// The term of a word by its stem; `hash` is that of the word.
    pub(super) fn stem(self, word: &str, hash: u64) -> TermId {
        // A figure is its own stem.
        let figure = word.bytes().all(|b| b.is_ascii_digit());
        let Some(algorithm) = self.algorithm.filter(|_| !figure) else { return self.as_is(hash) };
        self.as_is(word_hash(&Stemmer::create(algorithm).stem(&fold(word))))
    }

    /// Whether the word of this hash carries grammar alone, in a language whose such words are known.
    fn stops(self, hash: u64) -> bool {
        self.stop_words.is_some_and(|words| words.contains(&hash))
    }

    /// The term of a word as it stands.
    pub(super) fn as_is(self, hash: u64) -> TermId {
        (mix(hash, self.salt) >> (64 - ID_BITS)) as TermId
    }

    /// The term of two words that stand together.
    fn pair(self, first: u64, second: u64) -> TermId {
        self.as_is(mix(first, second.rotate_left(17)))
    }

    /// Whether a word counts only together with its neighbour.
    fn pairs(self, word: &str) -> bool {
        self.syllables || word.chars().next().is_some_and(unspaced)
    }
}

fn algorithm(code: &str) -> Option<Algorithm> {
    Some(match code {
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "nl" => Algorithm::Dutch,
        "en" => Algorithm::English,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "no" | "nb" | "nn" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "es" => Algorithm::Spanish,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(word: &str, language: &str) -> TermId {
        LanguageTerms::of(Lang::parse(language)).stem(word, word_hash(word))
    }

    #[test]
    fn forms_of_a_word_are_one_term_in_a_language_that_is_known() {
        for (a, b, language) in [
            ("bridges", "Bridge", "en"),
            ("closing", "closed", "en"),
            ("Häuser", "haus", "de"),
            ("elecciones", "elección", "es"),
            ("１２3", "123", "en"),
        ] {
            assert_eq!(term(a, language), term(b, language), "{a} {b}");
        }
        assert_ne!(term("bridges", "xx"), term("bridge", "xx"));
        assert_eq!(term("Bridge", "xx"), term("bridge", "xx"));
    }

    #[test]
    fn grammar_is_no_term() {
        let stops =
            |word, language| LanguageTerms::of(Lang::parse(language)).stops(word_hash(word));
        assert!(stops("The", "en") && stops("und", "de") && stops("por", "es"));
        assert!(!stops("ferry", "en") && !stops("the", "de") && !stops("the", "xx"));
    }

    #[test]
    fn languages_never_meet() {
        assert_ne!(term("Berlin", "de"), term("Berlin", "en"));
    }

    /// Many more words than places, in two languages by turns.
    #[test]
    fn what_is_remembered_is_what_is_computed() {
        let text: String = (0..70_000).map(|n| format!("the bridges{n} closed ")).collect();
        let all = crate::text::words(&text, &crate::text::Settings::default());
        let all = &all;
        let word = |at: usize| &text[all.spans[at].0 as usize..all.spans[at].1 as usize];
        for code in ["en", "fr", "en"] {
            let speech = LanguageTerms::of(Lang::parse(code));
            let found = speech.terms(&text, all, usize::MAX);
            for (at, found) in found.into_iter().enumerate() {
                let stops = speech.stops(all.hashes[at]);
                let want = (!stops).then(|| speech.stem(word(at), all.hashes[at]));
                assert_eq!(found, want, "{}", word(at));
            }
        }
    }
}
