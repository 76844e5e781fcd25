//! Whether two articles are about the same subject, for example two articles with the same slug.
//!
//! A slug such as `WEATHER` is shared by many reports and proves nothing alone. Two articles agree
//! if half of the words of one headline also occur in the other headline, or half of the words of
//! the earlier headline occur at the beginning of the new text:
//!
//! ```text
//! Fire destroys cold store at Marel harbour   Cold store at Marel in ashes          agree
//! Fire destroys cold store at Marel harbour   Pilot boat hits mole at Anlow         disagree
//! ```
//!
//! Words are compared by their first letters, so that inflection does not matter. Short words are
//! ignored. In scripts without spaces, pairs of characters are compared.
//!
//! Cost: linear in the headlines and in the part of the text that is read.

use super::archive::{Arrival, Earlier};
use crate::marks::bare_headline;
use crate::text::script::is_dense;
use std::collections::BTreeSet;

/// Number of letters at the start of a word that are compared.
const LETTERS: usize = 5;
/// Shorter words are ignored, unless they contain a digit.
const LETTERS_MIN: usize = 4;
/// Number of bytes that are read from the start of the new text.
const TEXT_BYTES_MAX: usize = 1_500;

/// Whether `new` and `that` are about the same subject. An article without a headline agrees with
/// nothing.
pub(super) fn agrees(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    let old = terms(bare_headline(&that.about.headline));
    let headline = terms(bare_headline(&new.about.headline));
    let text = &new.clean.text[..new.clean.text.floor_char_boundary(TEXT_BYTES_MAX)];
    let mut all = terms(text);
    all.extend(headline.iter().cloned());
    is_half_in(&headline, &old) || is_half_in(&old, &headline) || is_half_in(&old, &all)
}

/// Whether `others` contains at least half of `terms`, and at least two unless there is only one.
fn is_half_in(terms: &BTreeSet<String>, others: &BTreeSet<String>) -> bool {
    let shared = terms.intersection(others).count();
    shared >= 2.min(terms.len()).max(1) && shared * 2 >= terms.len()
}

/// The beginnings of the words of a text; pairs of characters in scripts without spaces.
fn terms(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
        if letters.iter().any(|c| is_dense(*c)) {
            terms.extend(letters.windows(2).map(|pair| pair.iter().collect()));
        } else if letters.len() >= LETTERS_MIN || letters.iter().any(char::is_ascii_digit) {
            terms.insert(letters.iter().take(LETTERS).collect());
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_agree_if_they_share_half_of_their_words() {
        for (a, b, want) in [
            ("Fire destroys cold store at Marel harbour", "Cold store at Marel in ashes", true),
            ("Fire destroys cold store at Marel harbour", "Pilot boat hits mole at Marel", false),
            ("Tulipalo tuhosi varaston Marelin satamassa", "Marelin satama paloi", true),
            ("马雷尔港冷库火灾三座仓库被毁", "马雷尔港冷库火灾致两人受伤", true),
            ("马雷尔港冷库火灾三座仓库被毁", "塔瓦尔议会提高木材税", false),
            ("마렐항 냉동창고 화재로 전소", "마렐항 창고 화재 진압", true),
            ("마렐항 냉동창고 화재로 전소", "타바르 의회 목재세 인상", false),
            ("", "Fire", false),
        ] {
            let (a, b) = (terms(a), terms(b));
            assert_eq!(is_half_in(&a, &b) || is_half_in(&b, &a), want, "{a:?} {b:?}");
        }
    }
}
