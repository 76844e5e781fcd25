//! A word to the term that it counts for.
//!
//! In: a word as it stands and the article's language. Out: a [`TermId`] of 27 bits. A word is cut to
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
//! and 19 of 20 words are found there. The memo changes no result.

use crate::engine::article::Lang;
use crate::engine::text::tokens::{fold, mix, unspaced, word_hash};
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::sync::LazyLock;

/// Names a term: 27 bits of a hash of its stem, its language and the way it was made.
pub(super) type TermId = u32;

/// Bits of a [`TermId`].
pub(super) const ID_BITS: u32 = 27;

/// How many words a thread remembers before it forgets all of them.
const MEMO_MAX: usize = 1 << 17;

/// Hashes of the words that carry a language's grammar, by its code.
static STOP_WORDS: LazyLock<FxHashMap<&str, FxHashSet<u64>>> = LazyLock::new(|| {
    let hashes = |code: &&'static str| {
        let list = stop_words::lookup(code).unwrap_or_default().iter();
        let settings = crate::engine::text::Settings::default();
        let pieces = list.flat_map(|word| crate::engine::text::words(word, &settings).hashes);
        (*code, pieces.collect())
    };
    stop_words::available_languages().iter().map(hashes).collect()
});

thread_local! {
    static MEMO: RefCell<FxHashMap<u64, TermId>> = RefCell::default();
}

/// How the words of one language become terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Speech {
    algorithm: Option<Algorithm>,
    salt: u64,
    syllables: bool,
    stop_words: Option<&'static FxHashSet<u64>>,
}

impl Speech {
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

    /// The term of a word by its stem; `hash` is that of the word.
    pub(super) fn stem(self, word: &str, hash: u64) -> TermId {
        let Some(algorithm) = self.algorithm else { return self.as_is(hash) };
        MEMO.with_borrow_mut(|memo| {
            let key = mix(hash, self.salt);
            if let Some(&known) = memo.get(&key) {
                return known;
            }
            if memo.len() >= MEMO_MAX {
                memo.clear();
            }
            let stemmer = Stemmer::create(algorithm);
            let term = self.as_is(word_hash(&stemmer.stem(&fold(word))));
            memo.insert(key, term);
            term
        })
    }

    /// Whether the word of this hash carries grammar alone, in a language whose such words are known.
    pub(super) fn stops(self, hash: u64) -> bool {
        self.stop_words.is_some_and(|words| words.contains(&hash))
    }

    /// The term of a word as it stands.
    pub(super) fn as_is(self, hash: u64) -> TermId {
        (mix(hash, self.salt) >> (64 - ID_BITS)) as TermId
    }

    /// The term of two words that stand together.
    pub(super) fn pair(self, first: u64, second: u64) -> TermId {
        self.as_is(mix(first, second.rotate_left(17)))
    }

    /// Whether a word counts only together with its neighbour.
    pub(super) fn pairs(self, word: &str) -> bool {
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
        Speech::of(Lang::parse(language)).stem(word, word_hash(word))
    }

    #[test]
    fn forms_of_a_word_are_one_term_in_a_language_that_is_known() {
        for (a, b, language) in [
            ("bridges", "Bridge", "en"),
            ("closing", "closed", "en"),
            ("Häuser", "haus", "de"),
            ("elecciones", "elección", "es"),
        ] {
            assert_eq!(term(a, language), term(b, language), "{a} {b}");
        }
        assert_ne!(term("bridges", "xx"), term("bridge", "xx"));
        assert_eq!(term("Bridge", "xx"), term("bridge", "xx"));
    }

    #[test]
    fn grammar_is_no_term() {
        let stops = |word, language| Speech::of(Lang::parse(language)).stops(word_hash(word));
        assert!(stops("The", "en") && stops("und", "de") && stops("por", "es"));
        assert!(!stops("ferry", "en") && !stops("the", "de") && !stops("the", "xx"));
    }

    #[test]
    fn languages_never_meet() {
        assert_ne!(term("Berlin", "de"), term("Berlin", "en"));
    }

    #[test]
    fn what_is_remembered_is_what_is_computed() {
        let first = term("reported", "en");
        MEMO.with_borrow_mut(FxHashMap::clear);
        assert_eq!(term("reported", "en"), first);
        assert_eq!(term("reported", "en"), first);
    }
}
