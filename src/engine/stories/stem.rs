//! Turns words into terms.
//!
//! In: words and the language of their article. Out: a [`TermId`] of 22 bits for each word that is
//! a term. A word is reduced to its Snowball stem if there is a stemmer for the language. Otherwise
//! it is used unchanged, so unknown languages work too, with slightly lower recall. The id is
//! hashed with the language: apart from collisions, two languages share no terms.
//!
//! For example, in English `bridges` and `Bridge` are the same term, and `the` is not a term.
//!
//! In scripts without spaces between words, each pair of adjacent characters is a term. In
//! languages that put spaces between syllables, each pair of adjacent syllables is a term. A single
//! character or syllable would be too common to be useful.
//!
//! Stop words are not terms in the languages for which there is a list. Their frequencies would
//! give them a low weight anyway, but not in the first hour of a new deployment. The lists are not
//! applied to single characters of a script without spaces, because these are also parts of other
//! words.
//!
//! Cost: stemming allocates, so each thread caches the results. Words in news repeat: 19 of 20
//! look-ups hit the cache. The cache does not change results.

use crate::article::Lang;
use crate::text::Words;
use crate::text::script::is_unsegmented;
use crate::text::senses::{FunctionWords, function_words};
use crate::text::tokens::{exact_hash, fold, mix, word_hash};
use rust_stemmers::{Algorithm, Stemmer};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// The id of a term: 22 bits of a hash of its stem and language.
pub(super) type TermId = u32;

/// Bits of a [`TermId`].
pub(super) const ID_BITS: u32 = 22;

/// Maximum number of words in a thread's cache (4.5 MB). A full cache is cleared.
const MEMO_MAX: usize = 200_000;

thread_local! {
    /// The meaning of each cached word, by the hash of the word and its language.
    static MEMO: RefCell<FxHashMap<u64, Meaning>> = RefCell::default();
}

/// What a word counts as.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meaning {
    /// A stop word, which is not a term.
    StopWord,
    /// Half of a term, which the word forms together with the next word.
    Paired,
    /// A term by itself.
    Term(TermId),
}

/// How the words of one language become terms.
#[derive(Debug, Clone, Copy)]
pub(super) struct LanguageTerms {
    /// The stemmer of the language.
    algorithm: Option<Algorithm>,
    /// The hash of the language, which is mixed into all ids.
    salt: u64,
    /// Whether the language puts spaces between syllables.
    syllables: bool,
    /// Whether its script does not separate words and has no capital letters.
    pub(super) unsegmented: bool,
    /// Its stop words, if there is a list.
    stop_words: Option<&'static FunctionWords>,
}

impl LanguageTerms {
    /// The terms of `language`.
    pub(super) fn of(language: Option<Lang>) -> Self {
        let code = language.as_ref().map_or("und", Lang::as_str);
        Self {
            algorithm: algorithm(code),
            salt: word_hash(code),
            stop_words: function_words(code),
            syllables: matches!(code, "vi" | "lo" | "km" | "my" | "bo"),
            unsegmented: language.is_some_and(is_unsegmented_language),
        }
    }

    /// The terms of the first `most` words, one entry per word: `None` for a stop word, and for a
    /// word that would form a term with the next word but has no such neighbour.
    pub(super) fn terms(self, text: &str, words: &Words, most: usize) -> Vec<Option<TermId>> {
        let read = words.hashes.len().min(most.saturating_add(1));
        let (hashes, spans) = (&words.hashes[..read], &words.spans[..read]);
        let word = |at: usize| &text[spans[at].0 as usize..spans[at].1 as usize];
        let mut respelled = words.respelled.iter().map(|at| *at as usize).peekable();
        let meanings: Vec<Meaning> = MEMO.with_borrow_mut(|memo| {
            let meaning = |(at, &hash): (usize, &u64)| {
                if memo.len() >= MEMO_MAX {
                    memo.clear();
                }
                // Different spellings of a word have the same hash, but may have different stems.
                let spelling = match respelled.next_if_eq(&at) {
                    Some(at) => exact_hash(word(at)),
                    None => 0,
                };
                let compute = || self.meaning(word(at), hash);
                *memo.entry(mix(hash, self.salt ^ spelling)).or_insert_with(compute)
            };
            hashes.iter().enumerate().map(meaning).collect()
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
        if word.chars().next().is_some_and(is_unsegmented) {
            Meaning::Paired
        } else if self.is_stop_word(word, hash) {
            Meaning::StopWord
        } else if self.is_part(word) {
            Meaning::Paired
        } else {
            Meaning::Term(self.stem(word, hash))
        }
    }

    /// The term of a word, made from its stem; `hash` is the hash of the word.
    pub(super) fn stem(self, word: &str, hash: u64) -> TermId {
        // A number is its own stem.
        let number = word.bytes().all(|b| b.is_ascii_digit());
        let Some(algorithm) = self.algorithm.filter(|_| !number) else { return self.as_is(hash) };
        self.as_is(word_hash(&Stemmer::create(algorithm).stem(&fold(word))))
    }

    /// Whether `word`, whose hash is `hash`, is a stop word.
    fn is_stop_word(self, word: &str, hash: u64) -> bool {
        self.stop_words.is_some_and(|words| words.contains(word, hash))
    }

    /// The term of the word with this hash, without stemming.
    pub(super) fn as_is(self, hash: u64) -> TermId {
        (mix(hash, self.salt) >> (64 - ID_BITS)) as TermId
    }

    /// The term of two adjacent words.
    fn pair(self, first: u64, second: u64) -> TermId {
        self.as_is(mix(first, second.rotate_left(17)))
    }

    /// Whether the word at `at` counts only together with the next word.
    pub(super) fn is_paired(self, text: &str, words: &Words, at: usize) -> bool {
        let (from, to) = words.spans[at];
        self.is_part(&text[from as usize..to as usize])
    }

    /// Whether a word is a character or syllable, and so may be part of a longer word.
    fn is_part(self, word: &str) -> bool {
        self.syllables || word.chars().next().is_some_and(is_unsegmented)
    }
}

/// Whether the script of a language does not separate words and has no capital letters.
pub(super) fn is_unsegmented_language(language: Lang) -> bool {
    matches!(language.as_str(), "zh" | "ja" | "th" | "lo" | "km" | "my" | "bo")
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
    fn forms_of_a_word_are_one_term_in_known_languages() {
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
    fn stop_words_are_not_terms() {
        let stops =
            |word, code| LanguageTerms::of(Lang::parse(code)).is_stop_word(word, word_hash(word));
        assert!(stops("The", "en") && stops("und", "de") && stops("por", "es"));
        assert!(stops("für", "de") && stops("fuer", "de") && !stops("schön", "de"));
        assert!(!stops("ferry", "en") && !stops("the", "de") && !stops("the", "xx"));
    }

    /// `的`, `在` and `不` are Chinese stop words by themselves, but also parts of other words.
    #[test]
    fn characters_of_stop_words_count_in_pairs() {
        for text in ["目的地", "存在感", "不同意"] {
            let all = crate::text::words(text, &crate::text::Limits::default());
            let terms = LanguageTerms::of(Lang::parse("zh")).terms(text, &all, usize::MAX);
            assert_eq!(terms.iter().flatten().count(), 2, "{text}");
        }
    }

    #[test]
    fn languages_have_no_terms_in_common() {
        assert_ne!(term("Berlin", "de"), term("Berlin", "en"));
    }

    /// Uses more words than a thread's cache can hold, alternating between two languages.
    #[test]
    fn cached_terms_equal_computed_terms() {
        let text: String =
            (0..70_000).map(|n| format!("the bridges{n} closed été ete Mueller Müller ")).collect();
        let all = crate::text::words(&text, &crate::text::Limits::default());
        let all = &all;
        let word = |at: usize| &text[all.spans[at].0 as usize..all.spans[at].1 as usize];
        for code in ["en", "fr", "en"] {
            let terms_of = LanguageTerms::of(Lang::parse(code));
            let found = terms_of.terms(&text, all, usize::MAX);
            for (at, found) in found.into_iter().enumerate() {
                let stops = terms_of.is_stop_word(word(at), all.hashes[at]);
                let want = (!stops).then(|| terms_of.stem(word(at), all.hashes[at]));
                assert_eq!(found, want, "{}", word(at));
            }
        }
    }
}
