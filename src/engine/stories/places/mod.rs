//! The gazetteer: countries and cities by their names in many languages.
//!
//! In: words. Out: the place that they name. `Warszawa`, `Warsaw` and `华沙` are the same place.
//! `names.tsv` has one place per line: its id (an ISO 3166-1 code or a GeoNames number), then its
//! names. A name that several places have belongs to a country or, failing that, to the city with
//! the most inhabitants.
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

/// The names of all places, as a trie: the key of a node is the hash of the words up to it. A value
/// of 0 means that some name continues here but none ends.
static NAMES: LazyLock<FxHashMap<u64, PlaceId>> = LazyLock::new(|| {
    let mut names = FxHashMap::default();
    for (line, place) in include_str!("names.tsv").lines().zip(1..) {
        for name in line.split('\t').skip(1) {
            let words = words(name, &Limits::default());
            let mut key = 0;
            let nodes: Vec<u64> = words
                .hashes
                .iter()
                .map(|word| {
                    key = mix(key, *word);
                    key
                })
                .collect();
            for node in &nodes {
                names.entry(*node).or_insert(0);
            }
            if let Some(end) = nodes.last().and_then(|last| names.get_mut(last)) {
                *end = if *end == 0 { place } else { *end };
            }
        }
    }
    names
});

/// The place whose name starts at the first of the words with these hashes, and the number of words
/// in the name. If several names start there, this is the longest.
pub(super) fn place_at(words: &[u64]) -> Option<(PlaceId, usize)> {
    let (mut key, mut found) = (0, None);
    for (at, word) in words.iter().enumerate() {
        key = mix(key, *word);
        match NAMES.get(&key) {
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
