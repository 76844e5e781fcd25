//! The gazetteer: countries and cities by their names in many languages.
//!
//! In: words. Out: the place that they name. `Warszawa`, `Warsaw` and `华沙` are the same place.
//! `names.tsv` has one place per line: its id (an ISO 3166-1 code or a GeoNames number), then its
//! names. A name that several places share belongs to the country among them or, if there is none,
//! to the city with the most inhabitants.
//!
//! Names are compared word by word in their common form, so case, accents and hyphens make no
//! difference. Inflected names, such as `w Warszawie`, are not found.
//!
//! Cost: 2 MB per process, built at first use in about 20 ms; one table lookup per word of a name.

use crate::text::tokens::mix;
use crate::text::{Limits, words};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A place: the number of its line in `names.tsv`, from 1.
pub(super) type PlaceId = u16;

/// The names of all places.
struct PlaceNames {
    /// A trie: the key of a node is the hash of the words up to it. A value of 0 means that some
    /// name continues here but none ends.
    nodes: FxHashMap<u64, PlaceId>,
    /// For each value of the first bits of a word's hash, whether a name starts with a word that
    /// has these bits. Most words need no further lookup.
    starts: Box<[bool; 1 << START_BITS]>,
}

/// The number of bits of a word's hash that select its entry in `starts`.
const START_BITS: u32 = 18;

/// The index in `starts` of a word with this hash.
fn start(word: u64) -> usize {
    (word >> (64 - START_BITS)) as usize
}

static NAMES: LazyLock<PlaceNames> = LazyLock::new(|| {
    let mut names =
        PlaceNames { nodes: FxHashMap::default(), starts: Box::new([false; 1 << START_BITS]) };
    for (line, place) in include_str!("names.tsv").lines().zip(1..) {
        for name in line.split('\t').skip(1) {
            names.add(&words(name, &Limits::default()).hashes, place);
        }
    }
    names
});

impl PlaceNames {
    /// Adds a name, unless an earlier place has it.
    fn add(&mut self, words: &[u64], place: PlaceId) {
        let (mut key, last) = (0, words.len());
        for (word, number) in words.iter().zip(1..) {
            key = mix(key, *word);
            let node = self.nodes.entry(key).or_insert(0);
            if number == last && *node == 0 {
                *node = place;
            }
        }
        if let Some(first) = words.first() {
            self.starts[start(*first)] = true;
        }
    }
}

/// The place whose name starts at the first of the words with these hashes, and the number of words
/// in the name. If several names start there, this is the longest.
pub(super) fn place_at(words: &[u64]) -> Option<(PlaceId, usize)> {
    let (mut key, mut found) = (0, None);
    if !NAMES.starts[start(*words.first()?)] {
        return None;
    }
    for (at, word) in words.iter().enumerate() {
        key = mix(key, *word);
        match NAMES.nodes.get(&key) {
            None => break,
            Some(0) => {}
            Some(place) => found = Some((*place, at + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Option<(PlaceId, usize)> {
        place_at(&words(text, &Limits::default()).hashes)
    }

    #[test]
    fn a_place_has_the_same_id_under_all_its_names() {
        for names in [
            ["Warsaw", "Warschau", "Varsovie", "华沙", "Варшава", "warszawa"],
            ["Germany", "Deutschland", "Allemagne", "德国", "Германия", "ドイツ"],
            ["London", "Londres", "Londyn", "伦敦", "Лондон", "Londra"],
        ] {
            let ids = names.map(|name| place(name).map(|(id, _)| id));
            assert!(ids[0].is_some() && ids.iter().all(|id| *id == ids[0]), "{names:?}: {ids:?}");
        }
        assert_ne!(place("Warsaw"), place("Germany"));
    }

    #[test]
    fn the_longest_name_is_found_and_its_words_are_counted() {
        assert_eq!(place("Port-au-Prince fell silent").map(|(_, words)| words), Some(3));
        assert_eq!(place("Costa Rica wins").map(|(_, words)| words), Some(2));
        assert_eq!(place("Ferry runs aground"), None);
        assert_eq!(place(""), None);
    }

    #[test]
    fn a_name_of_two_places_is_that_of_the_country_or_of_the_larger_city() {
        let code = |text| {
            let (id, _) = place(text).unwrap();
            include_str!("names.tsv").lines().nth(id as usize - 1).unwrap().split('\t').next()
        };
        assert_eq!(code("Georgia"), Some("GE"));
        assert_eq!(code("Birmingham"), Some("2655603"), "in England, not in Alabama");
    }
}
