//! Counts how much each publisher sends, how much of it is copied, and from whom.
//!
//! Names of one family, such as `Northwire` and `Northwire News`, count as one publisher. A copy is
//! attributed to the publisher of the first article in the chain of copies, if that article is
//! still stored.
//!
//! Cost: limited by [`PUBLISHERS_MAX`] and [`PAIRS_MAX`]. Articles of further publishers are
//! counted under [`OTHERS`], and further pairs only in the totals.

use std::collections::BTreeMap;
use wirefold_engine::article::publisher::family;

/// Maximum number of publishers that are counted separately.
const PUBLISHERS_MAX: usize = 5_000;
/// Maximum number of pairs of publishers that are counted separately.
const PAIRS_MAX: usize = 50_000;
/// Maximum length of a publisher's name, in characters.
const NAME_MAX: usize = 60;
/// The name for articles that name no publisher.
const UNNAMED: &str = "(no publisher)";
/// The name for publishers beyond the limit.
const OTHERS: &str = "(other publishers)";

/// The counts of one publisher.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct PublisherTally {
    /// The name under which it appeared first.
    pub(in crate::cli) name: String,
    /// Number of articles sent.
    pub(in crate::cli) articles: u64,
    /// Number of copies of another publisher's text.
    pub(in crate::cli) copies: u64,
    /// Number of copies of the publisher's own text.
    pub(in crate::cli) reposts: u64,
    /// Number of copies of a text whose publisher is not known.
    pub(in crate::cli) unattributed: u64,
    /// Number of copies of its text by other publishers.
    pub(in crate::cli) copied: u64,
}

/// Copies that one publisher made of the texts of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct CopiedPair<'a> {
    /// The publisher that copied.
    pub(in crate::cli) by: &'a str,
    /// The publisher whose text was copied.
    pub(in crate::cli) of: &'a str,
    /// Number of copies.
    pub(in crate::cli) copies: u64,
}

/// All publishers.
#[derive(Debug, Default)]
pub(in crate::cli) struct Publishers {
    /// The publishers, in order of appearance.
    all: Vec<PublisherTally>,
    /// The position of each publisher in `all`, by family.
    numbers: BTreeMap<String, usize>,
    /// How many copies one publisher has of another's articles. The key is the position in `all` of
    /// the copying publisher, then that of the copied one.
    pairs: BTreeMap<(usize, usize), u64>,
}

impl Publishers {
    /// Counts an article that is not a copy.
    pub(super) fn add(&mut self, provider: Option<&str>) {
        let by = self.number(provider);
        self.all[by].articles += 1;
    }

    /// Counts a copy. `source` is the provider of the copied text. It is `None` if the copied
    /// article is no longer stored, and empty if that article names no provider.
    pub(super) fn add_copy(&mut self, provider: Option<&str>, source: Option<&str>) {
        let by = self.number(provider);
        self.all[by].articles += 1;
        let Some(source) = source else {
            self.all[by].unattributed += 1;
            return;
        };
        let of = self.number(Some(source));
        if by == of {
            self.all[by].reposts += 1;
            return;
        }
        self.all[by].copies += 1;
        self.all[of].copied += 1;
        if self.pairs.len() < PAIRS_MAX || self.pairs.contains_key(&(by, of)) {
            *self.pairs.entry((by, of)).or_default() += 1;
        }
    }

    /// The position in `all` of a publisher, which is added if it is new.
    fn number(&mut self, provider: Option<&str>) -> usize {
        let name = provider.filter(|name| !name.trim().is_empty()).unwrap_or(UNNAMED);
        let key = Some(family(name)).filter(|key| !key.is_empty());
        let mut key = key.unwrap_or_else(|| name.to_owned());
        let mut name = crate::cli::color::safe(name, NAME_MAX);
        if !self.numbers.contains_key(&key) && self.all.len() >= PUBLISHERS_MAX {
            (key, name) = (OTHERS.into(), OTHERS.into());
        }
        *self.numbers.entry(key).or_insert_with(|| {
            self.all.push(PublisherTally { name, ..PublisherTally::default() });
            self.all.len() - 1
        })
    }

    /// Number of publishers.
    pub(in crate::cli) fn len(&self) -> usize {
        self.all.len()
    }

    /// The publishers that copied from others, those with the most copies first.
    pub(in crate::cli) fn copying(&self) -> Vec<&PublisherTally> {
        let mut found: Vec<_> = self.all.iter().filter(|p| p.copies > 0).collect();
        found.sort_by(|a, b| (b.copies, &a.name).cmp(&(a.copies, &b.name)));
        found
    }

    /// All publishers, those with the most articles first.
    pub(in crate::cli) fn largest(&self) -> Vec<&PublisherTally> {
        let mut found: Vec<_> = self.all.iter().collect();
        found.sort_by(|a, b| (b.articles, &a.name).cmp(&(a.articles, &b.name)));
        found
    }

    /// Who copied whom, most copies first.
    pub(in crate::cli) fn pairs(&self) -> Vec<CopiedPair<'_>> {
        let name = |number: usize| self.all[number].name.as_str();
        let pair = |(&(by, of), &copies): (&(usize, usize), &u64)| CopiedPair {
            by: name(by),
            of: name(of),
            copies,
        };
        let mut found: Vec<_> = self.pairs.iter().map(pair).collect();
        found.sort_by(|a, b| (b.copies, a.by, a.of).cmp(&(a.copies, b.by, b.of)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_reposts_are_distinguished_by_family() {
        let mut publishers = Publishers::default();
        publishers.add(Some("Northwire"));
        publishers.add_copy(Some("Kestrel"), Some("Northwire"));
        publishers.add_copy(Some("Kestrel"), Some("Northwire News"));
        publishers.add_copy(Some("The Northwire"), Some("Northwire"));
        publishers.add_copy(None, Some("Northwire"));
        publishers.add_copy(Some("Kestrel"), None);
        let pairs: Vec<_> = publishers.pairs().iter().map(|p| (p.by, p.of, p.copies)).collect();
        assert_eq!(pairs, [("Kestrel", "Northwire", 2), (UNNAMED, "Northwire", 1)]);
        let all = publishers.largest();
        let figures = |p: &PublisherTally| [p.articles, p.copies, p.reposts, p.copied];
        assert_eq!((all[0].name.as_str(), figures(all[0])), ("Kestrel", [3, 2, 0, 0]));
        assert_eq!((all[1].name.as_str(), figures(all[1])), ("Northwire", [2, 0, 1, 3]));
        assert_eq!(all[0].unattributed, 1);
    }

    #[test]
    fn publishers_and_pairs_are_bounded() {
        let mut publishers = Publishers::default();
        for n in 0..PUBLISHERS_MAX + 100 {
            let (name, other) = (format!("Wire {n}"), format!("Wire {}", n / 2));
            publishers.add_copy(Some(&name), Some(&other));
        }
        assert_eq!(publishers.len(), PUBLISHERS_MAX + 1);
        let others = publishers.largest()[0];
        assert_eq!((others.name.as_str(), others.articles), (OTHERS, 100));
        assert!(publishers.pairs().len() <= PAIRS_MAX);
    }
}
