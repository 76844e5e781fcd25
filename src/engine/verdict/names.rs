//! Names by which articles are found if no uri links them: slug and headline.
//!
//! In: a slug or headline as sent. Out: a key, the hash of its words, so that case and punctuation
//! do not matter. Marks that only say which version it is are removed first:
//!
//! ```text
//! BC-NW--Ferry-Marel, 3rd Ld-Writethru     BC-NW--Ferry-Marel
//! HARBOUR-TOLLS/ (UPDATE 2, PIX)           HARBOUR-TOLLS/
//! CORRECTED-UPDATE 1-Bridge reopens        Bridge reopens
//! ```
//!
//! Cost: one pass over the name.

use crate::article::ArticleMetadata;
use crate::text;

/// The most words of a name that are hashed.
const WORDS_MAX: u32 = 200;

/// Endings of a slug that only mark a version.
const ENDINGS: [&str; 9] =
    ["alert", "hold", "kill", "lead", "update", "urgent", "withhold", "wrap", "writethru"];

/// First words of a mark in front of a headline.
const MARKS: [&str; 26] = [
    "advisory",
    "alert",
    "alerte",
    "berichtigung",
    "brief",
    "bulletin",
    "corrected",
    "correction",
    "eil",
    "elimination",
    "flash",
    "hold",
    "kill",
    "korrektur",
    "lead",
    "mandatory",
    "refile",
    "repeat",
    "rpt",
    "update",
    "update1",
    "updated",
    "urgent",
    "withdrawn",
    "wrapup",
    "writethru",
];

/// Words after an ordinal in a mark: `2nd Ld`, `1. Lead`.
const COUNTED: [&str; 5] = ["add", "ld", "lead", "writethru", "zusammenfassung"];

/// The keys of an article's names; 0 if it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameKeys {
    /// The key of the slug.
    pub slug: u64,
    /// The key of the headline.
    pub headline: u64,
}

impl NameKeys {
    /// The keys of the slug and headline in `about`.
    pub fn of(about: &ArticleMetadata) -> Self {
        let slug = about.slugline.as_deref().and_then(key).unwrap_or_default();
        Self { slug, headline: key(&about.headline).unwrap_or_default() }
    }

    /// The keys that are not 0.
    pub fn iter(self) -> impl Iterator<Item = u64> {
        [self.slug, self.headline].into_iter().filter(|key| *key != 0)
    }

    /// Whether one of the keys is `key`.
    pub fn contains(self, key: u64) -> bool {
        key != 0 && (self.slug == key || self.headline == key)
    }
}

/// The key of a name; `None` if it has no words.
pub fn key(name: &str) -> Option<u64> {
    hash(bare_headline(slug_root(name)))
}

/// The key of a name combined with a provider; `None` if the provider name has no words.
pub fn of_provider(key: u64, provider: &str) -> Option<u64> {
    Some(text::tokens::mix(hash(&crate::article::publisher::family(provider))?, !key))
}

/// The hash of the words of a name.
fn hash(name: &str) -> Option<u64> {
    let hashes = text::words(name, &text::Limits { words_max: WORDS_MAX }).hashes;
    hashes.into_iter().reduce(text::tokens::mix)
}

/// A slug without its version marks. A comma, bracket or equals sign ends the root only if an
/// ordinal, a number or a mark follows, so that a headline used as a slug keeps its commas.
fn slug_root(name: &str) -> &str {
    let mut root = name.trim();
    for (at, sign) in name.match_indices([',', '(', '=']) {
        if versioned(&name[at + sign.len()..]) {
            root = name[..at].trim_end();
            break;
        }
    }
    while let Some((before, last)) = root.rsplit_once('-') {
        let last = last.trim_start_matches(|c: char| c.is_ascii_digit());
        let last = last.trim_start_matches("st").trim_start_matches("nd").to_lowercase();
        let last = last.trim_start_matches("rd").trim_start_matches("th").trim();
        if before.is_empty() || !ENDINGS.contains(&last) {
            break;
        }
        root = before;
    }
    if root.is_empty() { name.trim() } else { root }
}

/// Whether the text after a comma, bracket or equals sign marks a version.
fn versioned(rest: &str) -> bool {
    let rest = rest.trim_start().to_lowercase();
    let word = rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let digits = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let ordinal = digits.len() < word.len() && ["st", "nd", "rd", "th", ""].contains(&digits);
    let takes = ["ld", "lead", "add", "take", "writethru", "pix", "corrects"].contains(&word);
    let counted = rest[word.len()..].trim_start();
    let follows = ["ld", "lead", "add", "writethru"].iter().any(|w| counted.starts_with(w));
    // A number alone: `=2`, or the length as in `, 412`.
    let bare = digits.is_empty() && !word.is_empty() && counted.trim_matches([')', ' ']).is_empty();
    ordinal && (follows || bare) || takes || MARKS.contains(&word)
}

/// A headline without the marks in front of it.
pub(super) fn bare_headline(name: &str) -> &str {
    let mut bare = name.trim_start_matches(['(', '[', '*', ' ', '+']);
    while let Some((mark, rest)) = bare.split_once(['-', ':', '–', '—']) {
        let mut words = mark.split_whitespace();
        let first = words.next().unwrap_or_default().trim_end_matches([')', ']']).to_lowercase();
        let second = words.next().unwrap_or_default().to_lowercase();
        let counted = first.starts_with(|c: char| c.is_ascii_digit())
            && first.trim_start_matches(|c: char| c.is_ascii_digit()).len() <= 4
            && COUNTED.contains(&second.as_str());
        let known = MARKS.contains(&first.as_str()) || counted;
        if !known || words.next().is_some() || rest.trim().is_empty() {
            break;
        }
        bare = rest.trim_start();
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn version_marks_do_not_change_the_key() {
        for (a, b) in [
            ("BC-NW--Ferry-Marel, 3rd Ld-Writethru", "bc-nw--ferry-marel"),
            ("BC-NW--Ferry-Marel, 1st Add", "BC-NW--Ferry-Marel, 2nd Ld"),
            ("HARBOUR-TOLLS/ (UPDATE 2, PIX)", "HARBOUR-TOLLS/"),
            ("Velden-storm-2ndlead", "Velden-storm"),
            ("Velden-storm-urgent", "Velden-storm-lead"),
            ("FERRY-MAREL=2", "FERRY-MAREL"),
            ("CORRECTED-UPDATE 1-Bridge reopens", "Bridge reopens"),
            ("1st Ld: Bridge reopens", "KILL: Bridge reopens"),
            ("1. Lead: Brücke offen", "2nd Ld-Writethru: Brücke offen"),
            ("BC-NW--Ferry-Marel,412", "BC-NW--Ferry-Marel"),
        ] {
            assert_eq!(key(a), key(b), "{a} and {b}");
        }
        for (a, b) in [
            ("Bridge, ferry and road reopen", "Bridge"),
            ("US-China talks resume", "China talks resume"),
            ("Velden-storm", "Velden"),
            ("Storm: 3 dead", "3 dead"),
        ] {
            assert_ne!(key(a), key(b), "{a} and {b}");
        }
        assert_eq!(key(" - "), None);
    }

    proptest! {
        #[test]
        fn case_does_not_change_the_key(name in "[a-zé0-9 ,(=)2stndkill:–-]{0,40}") {
            prop_assert_eq!(key(&name), key(&name.to_uppercase().to_lowercase()));
        }
    }
}
