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
//! The names form a trie, whose nodes are hashes of words. `names.trie` contains the nodes, because
//! hashing all names takes a tenth of a second. A test checks that it agrees with `names.tsv`, and
//! regenerates it.
//!
//! Cost: 2 MB per process, built at first use in about 2 ms; one table lookup per word of a name.

use crate::text::tokens::mix;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::sync::LazyLock;

/// A place: the number of its line in `names.tsv`, from 1.
pub(super) type PlaceId = u16;

/// The nodes of the trie in `names.trie`: for each node its key and its [`Node`], both with the
/// lowest byte first, in ascending order of keys.
static TRIE: &[u8] = include_bytes!("names.trie");

/// Bytes of a node in `names.trie`.
const NODE_BYTES: usize = 10;

/// A node: the place whose name ends here, or 0; the highest bit is set if a name starts here.
type Node = u16;

/// The flag of a node at which a name starts.
const START: Node = 1 << 15;

/// The names of all places.
struct PlaceNames {
    /// The nodes of the trie: the key of a node is the hash of the words up to it.
    nodes: FxHashMap<u64, Node>,
    /// For each value of the first bits of a key, whether a name starts at a node with such a key.
    /// Most words need no further lookup.
    starts: Box<[bool; 1 << START_BITS]>,
}

/// The number of bits of a key that select its entry in `starts`.
const START_BITS: u32 = 18;

/// The index in `starts` of a node with this key.
fn start(key: u64) -> usize {
    (key >> (64 - START_BITS)) as usize
}

static NAMES: LazyLock<PlaceNames> = LazyLock::new(|| {
    let stored = TRIE.as_chunks::<NODE_BYTES>().0;
    let nodes = FxHashMap::with_capacity_and_hasher(stored.len(), FxBuildHasher);
    let mut names = PlaceNames { nodes, starts: Box::new([false; 1 << START_BITS]) };
    for node in stored {
        let (Some(key), Some(node)) = (node.first_chunk(), node.last_chunk()) else { continue };
        let (key, node) = (u64::from_le_bytes(*key), Node::from_le_bytes(*node));
        names.nodes.insert(key, node);
        if node & START != 0 {
            names.starts[start(key)] = true;
        }
    }
    names
});

/// The place whose name starts at the first of the words with these hashes, and the number of words
/// in the name. If several names start there, this is the longest.
pub(super) fn place_at(words: &[u64]) -> Option<(PlaceId, usize)> {
    let (mut key, mut found) = (0, None);
    if !NAMES.starts[start(mix(0, *words.first()?))] {
        return None;
    }
    for (at, word) in words.iter().enumerate() {
        key = mix(key, *word);
        match NAMES.nodes.get(&key).map(|node| node & !START) {
            None => break,
            Some(0) => {}
            Some(place) => found = Some((place, at + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Limits, words};
    use std::collections::BTreeMap;

    static NAMES: &str = include_str!("names.tsv");

    /// The nodes of the trie of all names. A name that several places have stands for the first of
    /// them.
    fn trie() -> Vec<u8> {
        let mut nodes: BTreeMap<u64, Node> = BTreeMap::new();
        for (line, place) in NAMES.lines().zip(1..) {
            for name in line.split('\t').skip(1) {
                let (mut key, words) = (0, words(name, &Limits::default()).hashes);
                for (at, word) in words.iter().enumerate() {
                    key = mix(key, *word);
                    let node = nodes.entry(key).or_insert(0);
                    if at == 0 {
                        *node |= START;
                    }
                    if at + 1 == words.len() && *node & !START == 0 {
                        *node |= place;
                    }
                }
            }
        }
        assert!(NAMES.lines().count() < usize::from(START));
        nodes
            .iter()
            .flat_map(|(key, node)| [&key.to_le_bytes()[..], &node.to_le_bytes()].concat())
            .collect()
    }

    /// `UPDATE_EXPECT=1 cargo test places` regenerates the file.
    #[test]
    fn the_trie_contains_the_names() {
        let trie = trie();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/stories/places/names.trie");
            std::fs::write(file, &trie).unwrap();
        } else {
            assert!(trie == TRIE, "names.trie is out of date: run with UPDATE_EXPECT=1");
        }
    }

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
            NAMES.lines().nth(id as usize - 1).unwrap().split('\t').next()
        };
        assert_eq!(code("Georgia"), Some("GE"));
        assert_eq!(code("Birmingham"), Some("2655603"), "in England, not in Alabama");
    }
}
