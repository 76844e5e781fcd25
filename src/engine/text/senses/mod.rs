//! What single words mean for a verdict: numbers written as words, negations, opposites, and
//! weekdays, months and currencies, in tables by language.
//!
//! In: the language of an article and the hash of a word. Out: its [`Sense`], if a table has one.
//! `seven` is the number 7, `not` is a negation, and `raised` and `cut` are the two sides of a
//! pair.
//!
//! A number word of one language may mean something else in another (`on` is ten in Turkish), so
//! only the English senses are used for an article whose language is unknown.
//!
//! Some languages negate with an affix (Turkish, Japanese, Korean, Persian): a part of the word
//! shows the negation.
//!
//! Weekdays, months and currencies are members of closed sets, in a table of their own: a changed
//! member is news. A changed weekday is only news if the same sender changed it, because a reprint
//! may name the day of its own edition.
//!
//! Deliberately absent: grammar.

mod compounds;
mod members;
mod negations;
mod numbers;
mod opposites;

use super::common_form;
use super::tokens::{exact_hash, word_hash};
use crate::article::Lang;
use members::{CAPITAL, MEMBERS, Members};
pub use members::{Member, Set};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{LazyLock, OnceLock};

/// What a word means for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sense {
    /// A number written as a word.
    Number(u64),
    /// The number one, or an indefinite article.
    OneOrArticle,
    /// A negation.
    Negation,
    /// One side of a pair of opposites.
    Opposite {
        /// The index of the pair among the pairs of its language.
        pair: u16,
        /// Whether it is the second side.
        second: bool,
    },
}

/// The senses of the words of one language.
#[derive(Debug, Clone, Copy)]
pub struct Senses {
    senses: Option<&'static SenseTable>,
    members: Option<&'static Members>,
    /// The parts of words that negate, in their common form, with spaces at the edges of words.
    negating_parts: &'static [String],
    function_words: Option<&'static FunctionWords>,
}

/// The function words of a language.
#[derive(Debug)]
pub(crate) struct FunctionWords {
    /// The hashes of their common forms.
    forms: FxHashSet<u64>,
    /// The hashes of the words as they are written.
    exact: FxHashSet<u64>,
}

impl FunctionWords {
    /// The function words of the language with this code.
    fn of(code: &str) -> Self {
        let (mut forms, mut exact) = (FxHashSet::default(), FxHashSet::default());
        for entry in stop_words::lookup(code).unwrap_or_default() {
            let words = super::words(entry, &super::Limits::default());
            let spans = words.spans.iter().map(|&(from, to)| &entry[from as usize..to as usize]);
            exact.extend(spans.map(exact_hash));
            forms.extend(words.hashes);
        }
        Self { forms, exact }
    }

    /// Whether `word`, whose common form has this hash, is a function word. An ASCII word only
    /// needs to have the same common form as a listed word. Any other word must be spelled as in
    /// the list, because diacritics can make it a different word (`schön`, not `schon`).
    pub(crate) fn contains(&self, word: &str, hash: u64) -> bool {
        self.forms.contains(&hash) && (word.is_ascii() || self.exact.contains(&exact_hash(word)))
    }
}

/// The senses of the words of one language, by the hash of the word.
#[derive(Debug, Default)]
struct SenseTable {
    by_hash: FxHashMap<u64, Vec<Sense>>,
    /// The words that multiply the number before them by a thousand or more.
    scales: Vec<(u64, u64)>,
}

static TABLES: LazyLock<FxHashMap<&str, SenseTable>> = LazyLock::new(|| {
    let mut tables: FxHashMap<&str, SenseTable> = FxHashMap::default();
    let mut add = |language: &'static str, word: &str, sense| {
        let senses = tables.entry(language).or_default();
        let all = senses.by_hash.entry(word_hash(word)).or_default();
        if !all.contains(&sense) {
            all.push(sense);
        }
    };
    numbers::each(&mut |language, value, word| add(language, word, Sense::Number(value)));
    for (language, words) in numbers::ONE_OR_ARTICLE {
        words.split(' ').for_each(|word| add(language, word, Sense::OneOrArticle));
    }
    for (language, words) in negations::NEGATIONS {
        words.split(' ').for_each(|word| add(language, word, Sense::Negation));
    }
    for (language, pairs) in opposites::all() {
        for (pair, sides) in (0..).zip(*pairs) {
            for (second, words) in [(false, sides.0), (true, sides.1)] {
                let sense = Sense::Opposite { pair, second };
                words.split(' ').for_each(|word| add(language, word, sense));
            }
        }
    }
    numbers::each_scale(&mut |language, value, word| {
        tables.entry(language).or_default().scales.push((word_hash(word), value));
    });
    tables
});

/// The parts of words that negate, by language; see [`negations::WITHIN_WORDS`].
static NEGATING_PARTS: LazyLock<FxHashMap<&str, Vec<String>>> = LazyLock::new(|| {
    let part = |part: &str| common_form(&part.replace('_', " "));
    let parts = |parts: &str| parts.split(' ').map(part).collect();
    negations::WITHIN_WORDS.iter().map(|(language, all)| (*language, parts(all))).collect()
});

/// The function words (articles, pronouns, prepositions) of each language, by its code. A list is
/// hashed when its language first occurs, because hashing all lists takes as long as processing a
/// hundred articles.
static FUNCTION_WORDS: LazyLock<FxHashMap<&str, OnceLock<FunctionWords>>> = LazyLock::new(|| {
    stop_words::available_languages().iter().map(|code| (*code, OnceLock::new())).collect()
});

/// The function words of the language with this code, if there is a list.
pub(crate) fn function_words(code: &str) -> Option<&'static FunctionWords> {
    Some(FUNCTION_WORDS.get(code)?.get_or_init(|| FunctionWords::of(code)))
}

impl Senses {
    /// The senses of `language`.
    pub fn of(language: Option<Lang>) -> Self {
        let code = language.as_ref().map_or("en", Lang::as_str);
        Self {
            senses: TABLES.get(code),
            members: MEMBERS.get(code),
            negating_parts: NEGATING_PARTS.get(code).map_or(&[], Vec::as_slice),
            function_words: function_words(code),
        }
    }

    /// The senses of the word with this hash; most words have none or one.
    pub fn senses(self, hash: u64) -> &'static [Sense] {
        self.senses.and_then(|table| table.by_hash.get(&hash)).map_or(&[], Vec::as_slice)
    }

    /// The number that the word with this hash states, if it does.
    pub(crate) fn number(self, hash: u64) -> Option<u64> {
        self.senses(hash).iter().find_map(|sense| match sense {
            Sense::Number(number) => Some(*number),
            _ => None,
        })
    }

    /// The member of a closed set that `word`, which has this hash, names. English `may` and
    /// `march` are months only with a capital letter.
    pub fn member(self, word: &str, hash: u64) -> Option<Member> {
        let member = self.members?.by_hash.get(&hash).copied()?;
        let capital = member.set == Set::Month && CAPITAL.contains(&hash);
        (!capital || word.starts_with(char::is_uppercase)).then_some(member)
    }

    /// The phrases before or after a figure that are its unit: currencies and per cent. Each is
    /// given by the hashes of its words.
    pub(crate) fn units(self) -> &'static [(Vec<u64>, Member)] {
        self.members.map_or(&[], |members| members.units.as_slice())
    }

    /// The words that multiply the number before them, and by how much. Abbreviations are included.
    pub(crate) fn scales(self) -> &'static [(u64, u64)] {
        self.senses.map_or(&[], |table| table.scales.as_slice())
    }

    /// The set of the trace bytes of all words that name a member for which `wanted` is true.
    pub fn bytes_of(self, wanted: impl Fn(Member) -> bool) -> [bool; 256] {
        let mut bytes = [false; 256];
        let all = self.members.iter().flat_map(|members| &members.by_hash);
        for (hash, _) in all.filter(|(_, member)| wanted(**member)) {
            bytes[usize::from((*hash as u8).max(1))] = true;
        }
        bytes
    }

    /// Whether the word with this hash is a function word that either is an article or has no
    /// sense.
    pub fn is_function_word(self, hash: u64) -> bool {
        self.function_words.is_some_and(|words| words.forms.contains(&hash))
            && (self.senses(hash).is_empty() || self.senses(hash).contains(&Sense::OneOrArticle))
    }

    /// Whether a part of a word of `text` negates. `text` is in common form, with a space before
    /// and after each word.
    pub fn negates_within(self, text: &str) -> bool {
        self.negating_parts.iter().any(|part| text.contains(part))
    }

    /// Whether the language has parts of words that negate.
    pub fn has_negating_parts(self) -> bool {
        !self.negating_parts.is_empty()
    }

    /// The set of the trace bytes of all words that have a sense for which `wanted` is true.
    pub fn trace_bytes(self, wanted: impl Fn(Sense) -> bool) -> [bool; 256] {
        let mut bytes = [false; 256];
        let words = self.senses.iter().flat_map(|table| &table.by_hash);
        for (hash, _) in words.filter(|(_, senses)| senses.iter().any(|sense| wanted(*sense))) {
            bytes[usize::from((*hash as u8).max(1))] = true;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Different numbers, and the two sides of a pair of opposites, have different common forms.
    #[test]
    fn different_numbers_and_opposites_have_different_forms() {
        let mut values: FxHashMap<(&str, u64), u64> = FxHashMap::default();
        numbers::each(&mut |language, value, word| {
            let before = *values.entry((language, word_hash(word))).or_insert(value);
            assert_eq!(before, value, "{language} {word}");
        });
        for (language, pairs) in opposites::all() {
            for (first, second) in *pairs {
                let forms = |words: &str| words.split(' ').map(word_hash).collect::<Vec<_>>();
                let (first, second) = (forms(first), forms(second));
                assert!(first.iter().all(|form| !second.contains(form)), "{language}");
            }
        }
    }

    #[test]
    fn words_have_senses_in_their_language() {
        let senses = |language: &str, word: &str| {
            Senses::of(Lang::parse(language)).senses(word_hash(word)).to_vec()
        };
        for (language, word, value) in [
            ("en", "Seven", 7),
            ("en", "thirteen", 13),
            ("de", "einundzwanzig", 21),
            ("de", "siebenundneunzig", 97),
            ("fr", "soixante", 60),
            ("es", "veintidós", 22),
            ("it", "ventuno", 21),
            ("it", "trentotto", 38),
            ("pl", "siedmiu", 7),
            ("ru", "семь", 7),
            ("tr", "on", 10),
            ("tr", "üçü", 3),
            ("nl", "drieëntwintig", 23),
            ("sv", "tjugofem", 25),
            ("da", "femogtredive", 35),
            ("nb", "tjueto", 22),
            ("fi", "kaksikymmentäviisi", 25),
            ("hu", "huszonhárom", 23),
            ("uk", "сімнадцять", 17),
            ("vi", "bảy", 7),
            ("hi", "सात", 7),
            ("ko", "일곱", 7),
            ("ar", "سبعة", 7),
            ("zh", "七", 7),
        ] {
            let all = senses(language, word);
            assert!(all.contains(&Sense::Number(value)), "{language} {word}: {all:?}");
        }
        for (language, word) in
            [("en", "not"), ("de", "keine"), ("fr", "pas"), ("es", "no"), ("ru", "не")]
        {
            let all = senses(language, word);
            assert!(all.contains(&Sense::Negation), "{language} {word}: {all:?}");
        }
        assert_eq!(senses("en", "on"), []);
        assert_eq!(senses("ja", "on"), []);
    }

    #[test]
    fn members_are_found_in_their_language() {
        let member = |language: &str, word: &str| {
            Senses::of(Lang::parse(language)).member(word, word_hash(word))
        };
        for (language, one, same, other) in [
            ("en", "Thursday", "Thurs", "Tuesday"),
            ("en", "May", "may", "March"),
            ("de", "Donnerstag", "donnerstags", "Dienstag"),
            ("fr", "euros", "EUR", "dollars"),
            ("pl", "środę", "środa", "czwartek"),
            ("ru", "июня", "июнь", "июля"),
            ("cs", "června", "červen", "července"),
            ("fi", "kesäkuussa", "kesäkuun", "heinäkuussa"),
        ] {
            let found = member(language, one);
            assert!(found.is_some(), "{language} {one}");
            assert!([found, None].contains(&member(language, same)), "{language} {same}");
            assert_ne!(found, member(language, other), "{language} {one} {other}");
        }
        assert_eq!([member("en", "may"), member("en", "march"), member("de", "may")], [None; 3]);
        assert_eq!(member("fr", "jeudi"), member("fr", "JEUDI"));
    }

    #[test]
    fn parts_of_words_negate() {
        let negates = |language: &str, text: &str| {
            Senses::of(Lang::parse(language)).negates_within(&common_form(text))
        };
        for (language, positive, negative) in [
            ("tr", " çekileceğini ", " çekilmeyeceğini "),
            ("tr", " geldi ", " gelmedi "),
            ("tr", " medikal ", " istemiyor "),
            ("ja", "する", "しない"),
            ("ko", " 했다 ", " 않았다 "),
            ("fa", " می\u{200c}کند ", " نمی\u{200c}کند "),
        ] {
            assert!(!negates(language, positive), "{language} {positive}");
            assert!(negates(language, negative), "{language} {negative}");
        }
    }

    #[test]
    fn every_pair_has_two_different_sides() {
        for (language, pairs) in opposites::all() {
            for (one, other) in *pairs {
                let others: Vec<&str> = other.split(' ').collect();
                let shared = one.split(' ').find(|word| others.contains(word));
                assert_eq!(shared, None, "{language}: {one} / {other}");
            }
        }
    }
}
