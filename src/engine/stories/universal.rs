//! Terms that mean the same in every language: names, places and figures.
//!
//! In: the words of a headline and a text. Out: [`Term`]s by which articles in different languages
//! can be compared without translation.
//!
//! | kind | words | term |
//! |---|---|---|
//! | name | capitalized words that are not part of a place | its consonants, in Latin letters |
//! | place | a name in the [gazetteer](super::places) | the place |
//! | figure | words with two digits or more | the number without separators and letters |
//!
//! "Путин" and "Putin" are both `ptn`, "Moscou" and "Moskau" are the same place, "1.200" and
//! "1,200" the same figure. In scripts without capital letters, only places, figures and words in
//! Latin letters have terms. German nouns and first words of sentences also count as names; they
//! are frequent, so their weight is low.
//!
//! A word in the headline or among the first `lead_words` of the body counts 2, any other 1;
//! figures count half. A term stores its saturated count `q = round(15 tf / (tf + 2))`.
//!
//! Cost: one pass over the headline and at most `universal_words` words of the body.

use super::places::place_at;
use super::settings::Tuning;
use super::stem::{ID_BITS, TermId};
use super::terms::{Term, Terms, saturation};
use crate::text::script::is_unsegmented;
use crate::text::tokens::mix;
use crate::text::{Clean, Limits, Words, words};

/// What a universal term stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UniversalKind {
    Name,
    Place,
    Figure,
}

/// Maximum number of consonants in the term of a name.
const CONSONANTS_MAX: usize = 6;
/// A name with fewer consonants is represented by its first letters instead.
const CONSONANTS_MIN: usize = 3;
/// Shorter words are not names.
const LETTERS_MIN: usize = 3;
/// Only the first letters of a longer word are read.
const LETTERS_MAX: usize = 24;

/// The number of words at the start of a text that are checked to find out whether its script
/// separates words.
const FIRST_WORDS: usize = 8;

/// The count of a name or a place outside the lead. The count of a figure is half of this.
const COUNT: u32 = 2;

impl UniversalKind {
    /// The kind of a universal term.
    pub(super) fn of(term: Term) -> Self {
        match term.kind() {
            0 => Self::Name,
            1 => Self::Place,
            _ => Self::Figure,
        }
    }

    /// A count of the term of this kind that stands for `value`.
    fn counted(self, value: u64, count: u32) -> UniversalCount {
        let kind = self as u32;
        UniversalCount {
            id: (mix(value, u64::from(kind)) >> (64 - ID_BITS)) as TermId,
            kind,
            count,
        }
    }
}

/// A count of a term at one position; a word outside the lead counts [`COUNT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct UniversalCount {
    id: TermId,
    kind: u32,
    count: u32,
}

impl Terms {
    /// These terms together with all universal terms of the article; `body` are the words of
    /// `clean`.
    #[must_use]
    pub fn and_universal(
        self,
        headline: &str,
        clean: &Clean,
        body: &Words,
        tuning: &Tuning,
    ) -> Self {
        let title = words(headline, &Limits { words_max: TITLE_WORDS_MAX });
        self.with_universal(universal_terms((headline, &title), (&clean.text, body), tuning))
    }
}

/// Maximum number of words of a headline that are read.
const TITLE_WORDS_MAX: u32 = 200;

/// The universal terms of a headline and a text, in order of ids.
fn universal_terms(
    (headline, title): (&str, &Words),
    (text, body): (&str, &Words),
    tuning: &Tuning,
) -> Vec<Term> {
    let mut counts = Vec::new();
    let all = usize::MAX;
    read((headline, title), all, all, &mut counts);
    let (lead, most) = (tuning.lead_words as usize, tuning.universal_words as usize);
    read((text, body), lead, most, &mut counts);
    counts.sort_unstable();
    let same = counts.chunk_by(|a, b| a.id == b.id).map(|same| {
        let tf = same.iter().map(|count| count.count).sum();
        Term::of_kind(same[0].id, saturation(tf, 2 * COUNT), same[0].kind)
    });
    same.collect()
}

/// Counts the terms of the first `most` words; those of the first `lead` words count twice.
fn read((text, words): (&str, &Words), lead: usize, most: usize, counts: &mut Vec<UniversalCount>) {
    let hashes = &words.hashes[..words.hashes.len().min(most)];
    let is_unsegmented = |at: &(u32, u32)| text[at.0 as usize..].starts_with(is_unsegmented);
    let unsegmented = words.spans.iter().take(FIRST_WORDS).any(is_unsegmented);
    let mut next = 0;
    for (at, &(from, to)) in words.spans[..hashes.len()].iter().enumerate() {
        // Most words are in lower case and have no term.
        let plain = text.as_bytes()[from as usize].is_ascii_lowercase();
        if at < next || plain && !unsegmented {
            continue;
        }
        let word = &text[from as usize..to as usize];
        let first = word.chars().next().unwrap_or(' ');
        if unsegmented || !first.is_lowercase() {
            let count = if at < lead { 2 * COUNT } else { COUNT };
            let (term, words) = term(word, first, &hashes[at..], count);
            counts.extend(term);
            next = at + words;
        }
    }
}

/// The term that starts with `word`, whose first character is `first`, and the number of words that
/// it covers. `hashes` are those of the word and of the words after it.
fn term(word: &str, first: char, hashes: &[u64], count: u32) -> (Option<UniversalCount>, usize) {
    if word.bytes().any(|b| b.is_ascii_digit()) {
        let value = figure(word);
        return (value.map(|value| UniversalKind::Figure.counted(value, count / 2)), 1);
    }
    if let Some((place, words)) = place_at(hashes) {
        return (Some(UniversalKind::Place.counted(u64::from(place), count)), words);
    }
    let value = if first.is_uppercase() || first.is_ascii() { name(word) } else { None };
    (value.map(|value| UniversalKind::Name.counted(value, count)), 1)
}

/// The hash of a figure, computed from its digits without leading zeros and from the number of its
/// decimals. Three digits after the last separator are not decimals but the end of a whole number.
/// `None` for a single digit.
fn figure(word: &str) -> Option<u64> {
    let (mut value, mut digits, mut group, mut point) = (0_u64, 0_u64, 0, 0);
    for byte in word.bytes() {
        match byte {
            b'0'..=b'9' => {
                value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                (digits, group) = (digits + 1, group + 1);
            }
            b'.' | b',' => (point, group) = (digits, 0),
            _ => {}
        }
    }
    if digits < 2 {
        return None;
    }
    let decimals = if point > 0 && group > 0 && group != 3 { digits - point } else { 0 };
    Some(mix(value, decimals))
}

/// The consonants of a name in Latin letters, as a number. `None` for a word that is too short.
///
/// Sounds that languages spell differently are the same: for example, `ch`, `c`, `q` and `ck` are
/// `k`; `sch`, `sh`, `z` and `ts` are `s`; `ph` is `f`, and `w` is `v`. The first letter is kept
/// even if it is a vowel or `h`; any other `h`, and a consonant equal to the one before it, are
/// left out. A name with few consonants is represented by its first letters.
fn name(word: &str) -> Option<u64> {
    let mut letters = [0_u8; LETTERS_MAX];
    let mut len = 0;
    let mut push = |text: &str| {
        for byte in text.bytes().filter(u8::is_ascii_alphabetic) {
            if let Some(letter) = letters.get_mut(len) {
                *letter = byte.to_ascii_lowercase();
                len += 1;
            }
        }
    };
    match word.is_ascii() {
        true => push(word),
        false => word.chars().filter_map(deunicode::deunicode_char).for_each(&mut push),
    }
    let letters = &letters[..len];
    if len < LETTERS_MIN {
        return None;
    }
    let mut consonants = [0_u8; 8];
    let mut count = 0;
    let mut rest = letters;
    while let (Some(&letter), true) = (rest.first(), count < CONSONANTS_MAX) {
        let (sound, read) = sound(rest);
        let vowel = matches!(letter, b'a' | b'e' | b'i' | b'o' | b'u' | b'h' | b'y' | b'j');
        let repeats = count > 0 && consonants[count - 1] == sound;
        if (rest.len() == len || !vowel) && !repeats {
            consonants[count] = sound;
            count += 1;
        }
        rest = &rest[read..];
    }
    if count < CONSONANTS_MIN {
        consonants = [0; 8];
        consonants[7] = 1;
        let start = &letters[..len.min(CONSONANTS_MAX)];
        consonants[..start.len()].copy_from_slice(start);
    }
    Some(u64::from_le_bytes(consonants))
}

/// The sound at the start of `letters`, and the number of letters that spell it.
fn sound(letters: &[u8]) -> (u8, usize) {
    let pair = match letters {
        [b's', b'c', b'h', ..] => return (b's', 3),
        [b's' | b'z', b'h', ..] | [b't', b's' | b'z', ..] => Some(b's'),
        [b'c' | b'k', b'h', ..] | [b'c', b'k', ..] => Some(b'k'),
        [b'p', b'h', ..] => Some(b'f'),
        [b't', b'h', ..] => Some(b't'),
        [b'k', b's', ..] => Some(b'x'),
        _ => None,
    };
    if let Some(sound) = pair {
        return (sound, 2);
    }
    let sound = match letters[0] {
        b'c' | b'q' => b'k',
        b'z' => b's',
        b'w' => b'v',
        b'j' | b'y' => b'i',
        other => other,
    };
    (sound, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<Term> {
        let none = words("", &Limits::default());
        let body = words(text, &Limits::default());
        universal_terms(("", &none), (text, &body), &Tuning::default())
    }

    fn ids(text: &str) -> Vec<u32> {
        terms(text).iter().map(|term| term.id()).collect()
    }

    #[test]
    fn a_name_is_the_same_in_other_spellings_and_scripts() {
        for names in [
            ["Putin", "Poutine", "Путин"],
            ["Zelensky", "Zelenskij", "Зеленский"],
            ["Scholz", "Scholtz", "Шольц"],
            ["Tsipras", "Tzipras", "Ципрас"],
            ["Keller", "KELLER", "Kellér"],
        ] {
            let ids = names.map(name);
            assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]), "{names:?}: {ids:?}");
        }
        assert_ne!(name("Keller"), name("Kessler"));
        assert_ne!(name("Iowa"), name("Ohio"), "few consonants: the first letters count");
        assert_eq!(name("Li"), None);
    }

    #[test]
    fn a_figure_is_the_same_with_other_separators() {
        assert_eq!(figure("1.200.000"), figure("1,200,000"));
        assert_eq!(figure("1200"), figure("1.200"));
        assert_eq!(figure("3.5"), figure("3,5"));
        assert_ne!(figure("3.5"), figure("35"));
        assert_ne!(figure("12"), figure("13"));
        assert_eq!(figure("7"), None, "one digit says too little");
    }

    #[test]
    fn terms_have_their_kind() {
        let kinds = terms("Keller counted 412 boats in Marseille");
        let mut kinds: Vec<u32> = kinds.into_iter().map(|t| UniversalKind::of(t) as u32).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, [0, 1, 2]);
    }

    #[test]
    fn two_languages_share_names_places_and_figures() {
        let german = ids("Kapitän Brandauer brachte 412 Menschen nach Marseille.");
        let chinese = ids("船长 Brandauer 将412人带到马赛。");
        let shared = german.iter().filter(|id| chinese.contains(id)).count();
        assert_eq!(shared, 3, "{german:?} {chinese:?}");
    }

    #[test]
    fn the_lead_counts_twice() {
        let filler = "und ".repeat(80);
        let q = |text: &str| terms(text).iter().map(|term| term.q()).collect::<Vec<_>>();
        assert_eq!(q("Brandauer"), [8]);
        assert_eq!(q(&format!("{filler}Brandauer")), [5]);
    }
}
