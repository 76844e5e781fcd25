//! Names by which articles are found if no uri links them: slug, headline and the key of a series
//! of versions.
//!
//! In: a slug or headline as sent. Out: a key, the hash of its words, so that case and punctuation
//! do not matter. Marks that only state the version are removed first ([`crate::marks`]):
//!
//! ```text
//! BC-NW--Ferry-Marel, 3rd Ld-Writethru     BC-NW--Ferry-Marel
//! HARBOUR-TOLLS/ (UPDATE 2, PIX)           HARBOUR-TOLLS/
//! CORRECTED-UPDATE 1-Bridge reopens        Bridge reopens
//! ```
//!
//! Cost: one pass over the name.

use crate::article::{ArticleMetadata, LinkKind};
use crate::marks::{bare_headline, slug_root};
use crate::text;

/// Maximum number of words of a name that are hashed.
const WORDS_MAX: u32 = 200;

/// The keys of an article's names; 0 for a name that the article does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NameKeys {
    /// The key of the slug.
    pub slug: u64,
    /// The key of the headline.
    pub headline: u64,
    /// The key of the series of versions it belongs to.
    pub series: u64,
    /// The key of its provider.
    pub provider: u64,
}

impl NameKeys {
    /// The keys of the slug, the headline, the series and the provider in `about`.
    pub fn of(about: &ArticleMetadata) -> Self {
        Self {
            slug: about.slugline.as_deref().and_then(key).unwrap_or_default(),
            headline: key(&about.headline).unwrap_or_default(),
            series: series(about).unwrap_or_default(),
            provider: about.provider.as_deref().and_then(provider).unwrap_or_default(),
        }
    }

    /// The keys of the names, not combined with the key of the provider.
    pub fn alone(self) -> impl Iterator<Item = u64> {
        [self.slug, self.headline, self.series].into_iter().filter(|key| *key != 0)
    }

    /// The keys of the names, each combined with the key of the provider; empty if the provider is
    /// not known.
    pub fn with_provider(self) -> impl Iterator<Item = u64> {
        let combined = move |key| of_provider(key, self.provider);
        self.alone().filter(move |_| self.provider != 0).map(combined)
    }

    /// The keys of the names, both alone and combined with the key of the provider.
    pub fn all(self) -> impl Iterator<Item = u64> {
        self.alone().chain(self.with_provider())
    }
}

/// The key of a name; `None` if it has no words.
pub fn key(name: &str) -> Option<u64> {
    hash(bare_headline(&slug_root(name)))
}

/// The key of the series of versions that an article belongs to.
pub fn series(about: &ArticleMetadata) -> Option<u64> {
    let series = about.links.iter().find(|link| link.kind == LinkKind::SeriesOf)?;
    hash(&series.to.uri).map(|key| !key)
}

/// The key of a provider's family; `None` if the name of the provider has no words.
pub fn provider(name: &str) -> Option<u64> {
    hash(&crate::article::publisher::family(name))
}

/// The key of a name combined with the key of a [`provider`].
pub fn of_provider(key: u64, provider: u64) -> u64 {
    text::tokens::mix(provider, !key)
}

/// The hash of the words of a name.
fn hash(name: &str) -> Option<u64> {
    let hashes = text::words(name, &text::Limits { words_max: WORDS_MAX }).hashes;
    hashes.into_iter().reduce(text::tokens::mix)
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
