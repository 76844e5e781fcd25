//! Decides which shard processes which part of the input.
//!
//! In: the selectors from the settings, in order. Out: exactly one shard for every input item. It
//! is the shard of the first selector that matches, or else the catch-all, which is the only
//! selector without conditions. A selector matches if all of its conditions do; a condition matches
//! if any of its values does.
//!
//! ```text
//! shards = [{ name = "de", languages = ["de"] },        items in German            -> 0
//!           { name = "pr", topics = ["wire.releases"] }, records of that topic      -> 1
//!           { name = "rest" }]                           the rest, and undecodable  -> 2
//! ```
//!
//! Topic, partition and headers are known without decoding the value, so a selector that uses only
//! these selects whole records, whether or not they can be decoded. Language and provider belong to
//! single items and are known only after decoding: every shard that may own such items reads and
//! decodes the record, and items that cannot be decoded go to the catch-all. A shard whose selector
//! names topics or partitions fetches only those. If a selector selects a whole partition, the
//! shards after it do not fetch that partition.
//!
//! Invariants: SH-1 every item has exactly one shard; SH-2 a shard fetches every partition that may
//! contain one of its items.
//!
//! Cost: one pass over the selectors per record.

use super::broker::{InputRecord, Partition};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wirefold_engine::article::{Article, Lang};

/// The conditions of one shard. An item belongs to the first shard whose conditions it meets, or to
/// the shard without conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShardSelector {
    /// The name of the shard in logs.
    pub name: String,
    /// Only records of these input topics, which are read in addition to `input.topic`; empty for
    /// all topics.
    pub topics: Vec<String>,
    /// Only records of these input partitions; empty for all partitions.
    pub partitions: Vec<i32>,
    /// Headers that a record must have, each with its permitted values.
    pub headers: BTreeMap<String, Vec<String>>,
    /// Only articles in these languages (`de`), stated or detected. Every shard then decodes every
    /// record.
    pub languages: Vec<String>,
    /// Only articles from these providers, case-insensitive. Every shard then decodes every record.
    pub providers: Vec<String>,
}

/// The reason a shard map is rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is not exactly one selector without conditions.
    #[error(
        "exactly one shard must have no conditions, to take everything that the others do not; \
         found {0}"
    )]
    CatchAll(usize),
    /// A condition is invalid or can never match.
    #[error("shard {shard}: {what}")]
    Condition {
        /// The number of the shard.
        shard: usize,
        /// What is wrong with the condition.
        what: String,
    },
}

/// The map from the input to the shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardMap {
    /// The topic that is read even if no selector names it (`input.topic`).
    input: Arc<str>,
    /// The selectors, by shard.
    selectors: Vec<ShardSelector>,
    /// The parsed languages of each selector.
    languages: Vec<Vec<Lang>>,
    /// The shards in the order in which their selectors are tried: the catch-all last.
    order: Vec<usize>,
}

/// The JSON form of a map, as in [`ShardMap::to_json`].
#[derive(Serialize, Deserialize)]
struct MapText {
    /// The topic that is read even if no selector names it.
    input: String,
    /// The selectors, without names.
    shards: Vec<ShardSelector>,
}

/// What a shard can decide about a record before decoding it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterDecision {
    /// The whole record belongs to this shard.
    Whole,
    /// No part of the record belongs to this shard.
    Nothing,
    /// The record must be decoded, and each item tested.
    ByItem,
}

/// One shard's part of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardFilter {
    /// The map of all shards.
    pub map: Arc<ShardMap>,
    /// The number of this shard.
    pub shard: u32,
}

impl ShardSelector {
    /// Whether the selector has no conditions.
    fn is_catch_all(&self) -> bool {
        *self == Self { name: self.name.clone(), ..Self::default() }
    }

    /// Whether the topic and partition conditions match.
    fn covers(&self, of: &Partition) -> bool {
        (self.topics.is_empty() || self.topics.iter().any(|topic| **topic == *of.topic))
            && (self.partitions.is_empty() || self.partitions.contains(&of.partition))
    }

    /// Whether all conditions match that can be checked without decoding.
    fn fits(&self, record: &InputRecord) -> bool {
        let has = |(name, values): (&String, &Vec<String>)| {
            let found = record.header(name);
            values.iter().any(|value| found == Some(value.as_bytes()))
        };
        self.covers(&record.from) && self.headers.iter().all(has)
    }

    /// Whether the selector has conditions that need the decoded value.
    fn decodes(&self) -> bool {
        !self.languages.is_empty() || !self.providers.is_empty()
    }

    /// Whether the provider condition matches.
    fn takes_provider(&self, provider: Option<&str>) -> bool {
        self.providers.is_empty()
            || provider
                .is_some_and(|p| self.providers.iter().any(|own| own.eq_ignore_ascii_case(p)))
    }

    /// Validates the conditions, and returns the parsed languages. `shard` is the selector's shard.
    fn check(&self, shard: usize) -> Result<Vec<Lang>, Error> {
        let wrong = |what: String| Error::Condition { shard, what };
        if self.partitions.iter().any(|partition| *partition < 0) {
            return Err(wrong("partition numbers must not be negative".into()));
        }
        if let Some((name, _)) = self.headers.iter().find(|(_, values)| values.is_empty()) {
            return Err(wrong(format!("no values are given for header `{name}`")));
        }
        if self.topics.iter().chain(&self.providers).any(String::is_empty) {
            return Err(wrong("topic and provider names must not be empty".into()));
        }
        let unknown = |tag: &String| wrong(format!("unknown language code `{tag}`"));
        let read = |tag: &String| Lang::parse(tag).ok_or_else(|| unknown(tag));
        self.languages.iter().map(read).collect()
    }
}

impl ShardMap {
    /// Builds the map for the topic `input` and the topics named by `selectors`. Without selectors,
    /// there is a single shard with all of the input.
    ///
    /// # Errors
    /// If there is not exactly one catch-all, or a condition is invalid.
    pub fn new(input: &str, selectors: &[ShardSelector]) -> Result<Self, Error> {
        let mut selectors = selectors.to_vec();
        if selectors.is_empty() {
            selectors.push(ShardSelector::default());
        }
        let (rest, taking): (Vec<usize>, Vec<usize>) =
            (0..selectors.len()).partition(|&shard| selectors[shard].is_catch_all());
        if rest.len() != 1 {
            return Err(Error::CatchAll(rest.len()));
        }
        let checked = selectors.iter().enumerate().map(|(shard, selector)| selector.check(shard));
        let languages = checked.collect::<Result<_, _>>()?;
        let order = taking.into_iter().chain(rest).collect();
        Ok(Self { input: input.into(), selectors, languages, order })
    }

    /// The number of shards.
    pub fn shards(&self) -> u32 {
        u32::try_from(self.selectors.len()).unwrap_or(u32::MAX)
    }

    /// The name of a shard; empty if it has none.
    pub fn name(&self, shard: u32) -> &str {
        self.selectors.get(shard as usize).map_or("", |selector| &selector.name)
    }

    /// The topic that is read even if no selector names it.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The topics to read, sorted by name.
    pub fn topics(&self) -> Vec<Arc<str>> {
        let named = self.selectors.iter().flat_map(|selector| &selector.topics);
        let all: BTreeSet<Arc<str>> =
            named.map(|topic| topic.as_str().into()).chain([self.input.clone()]).collect();
        all.into_iter().collect()
    }

    /// The shards whose selectors need decoded values. If there are any, the other shards have to
    /// decode records too.
    pub fn shards_that_decode(&self) -> Vec<u32> {
        let decodes =
            |(shard, selector): (u32, &ShardSelector)| selector.decodes().then_some(shard);
        (0..).zip(&self.selectors).filter_map(decodes).collect()
    }

    /// The map as JSON, without shard names. Maps with equal JSON make the same decisions.
    pub fn to_json(&self) -> String {
        let unnamed =
            |selector: &ShardSelector| ShardSelector { name: String::new(), ..selector.clone() };
        let shards: Vec<ShardSelector> = self.selectors.iter().map(unnamed).collect();
        serde_json::json!(MapText { input: self.input.to_string(), shards }).to_string()
    }

    /// Parses the output of [`ShardMap::to_json`]; `None` if another release wrote it differently.
    pub fn from_json(drawn: &str) -> Option<Self> {
        let MapText { input, shards } = serde_json::from_str(drawn).ok()?;
        Self::new(&input, &shards).ok()
    }

    /// The shard that the whole record belongs to, if this is known without decoding.
    fn whole(&self, record: &InputRecord) -> Option<usize> {
        let first = self.order.iter().find(|&&shard| self.selectors[shard].fits(record))?;
        (!self.selectors[*first].decodes()).then_some(*first)
    }

    /// The shard of one item of `record`. `item` is `None` if the item cannot be decoded.
    fn item(&self, record: &InputRecord, item: Option<(&Article, Option<Lang>)>) -> usize {
        let takes = |&&shard: &&usize| {
            let selector = &self.selectors[shard];
            let fits_item = !selector.decodes()
                || item.is_some_and(|(article, language)| {
                    let own = &self.languages[shard];
                    (own.is_empty() || language.is_some_and(|l| own.contains(&l)))
                        && selector.takes_provider(article.provider.as_deref())
                });
            selector.fits(record) && fits_item
        };
        *self.order.iter().find(takes).expect("the catch-all matches every item")
    }
}

impl ShardFilter {
    /// The filter of a single shard that selects all records of `topic`.
    pub fn everything(topic: &str) -> Self {
        let map = ShardMap::new(topic, &[]).expect("a map without selectors is valid");
        Self { map: Arc::new(map), shard: 0 }
    }

    /// Whether the shard has to fetch a partition.
    pub fn fetches(&self, of: &Partition) -> bool {
        let map = &self.map;
        if !map.topics().contains(&of.topic) {
            return false;
        }
        for &shard in &map.order {
            let selector = &map.selectors[shard];
            if shard == self.shard as usize {
                return selector.covers(of);
            }
            if selector.covers(of) && selector.headers.is_empty() && !selector.decodes() {
                return false;
            }
        }
        false
    }

    /// Which part of a record belongs to this shard, as far as this is known without decoding.
    pub fn decide(&self, record: &InputRecord) -> FilterDecision {
        let own = self.shard as usize;
        match self.map.whole(record) {
            Some(shard) if shard == own => FilterDecision::Whole,
            Some(_) => FilterDecision::Nothing,
            None if self.map.selectors.get(own).is_some_and(|s| s.fits(record)) => {
                FilterDecision::ByItem
            }
            None => FilterDecision::Nothing,
        }
    }

    /// Whether an item belongs to this shard. `item` is `None` if the item cannot be decoded.
    pub fn takes_item(&self, record: &InputRecord, item: Option<(&Article, Option<Lang>)>) -> bool {
        self.map.item(record, item) == self.shard as usize
    }

    /// Whether any selector of the map selects by language.
    pub fn selects_by_language(&self) -> bool {
        self.map.languages.iter().any(|languages| !languages.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(toml: &str) -> Result<ShardMap, Error> {
        #[derive(Deserialize)]
        struct HeldShards {
            shards: Vec<ShardSelector>,
        }
        ShardMap::new(
            "in",
            &toml::from_str::<HeldShards>(&format!("shards = [{toml}]")).unwrap().shards,
        )
    }

    fn record(topic: &str, partition: i32, desk: Option<&str>) -> InputRecord {
        InputRecord {
            from: Partition { topic: topic.into(), partition },
            offset: 0,
            timestamp: None,
            key: None,
            payload: None,
            headers: desk.map(|d| ("desk".into(), Some(d.into()))).into_iter().collect(),
        }
    }

    fn article(provider: &str) -> Article {
        Article { provider: Some(provider.into()), ..Article::default() }
    }

    const MIXED: &str = r#"
        {name = "rest"},
        {name = "pr", topics = ["pr"]},
        {name = "even", partitions = [0, 2], topics = ["in"]},
        {name = "sport", headers = {desk = ["sport", "chess"]}},
        {name = "german", languages = ["de", "de-AT"], partitions = [1]},
        {name = "own", providers = ["Northwire"]}"#;

    #[test]
    fn an_item_goes_to_the_first_matching_selector_or_the_catch_all() {
        let map = map(MIXED).unwrap();
        let de = Lang::parse("de");
        for (topic, partition, desk, item, want) in [
            ("pr", 0, Some("sport"), None, "pr"),
            ("in", 2, Some("sport"), None, "even"),
            ("in", 1, Some("chess"), Some(("Northwire", de)), "sport"),
            ("in", 1, Some("arts"), Some(("Northwire", de)), "german"),
            ("in", 3, None, Some(("northWIRE", de)), "own"),
            ("in", 3, None, Some(("Kestrel", de)), "rest"),
            ("in", 1, None, None, "rest"),
        ] {
            let record = record(topic, partition, desk);
            let held = item.map(|(provider, language)| (article(provider), language));
            let got = map.item(&record, held.as_ref().map(|(article, l)| (article, *l)));
            assert_eq!(map.name(got as u32), want, "{topic} {partition} {desk:?} {item:?}");
        }
        assert_eq!(map.shards_that_decode(), [4, 5]);
        assert_eq!(map.topics(), ["in".into(), "pr".into()]);
    }

    #[test]
    fn a_shard_fetches_only_partitions_that_may_contain_its_items() {
        let map = Arc::new(map(MIXED).unwrap());
        let fetched = |shard| {
            let slice = ShardFilter { map: map.clone(), shard };
            let all = [("in", 0), ("in", 1), ("pr", 0)].into_iter();
            let of = |topic: &str, partition| Partition { topic: topic.into(), partition };
            all.map(|(t, p)| slice.fetches(&of(t, p))).collect::<Vec<_>>()
        };
        assert_eq!(fetched(0), [false, true, false], "partitions taken whole by other shards");
        assert_eq!(fetched(1), [false, false, true]);
        assert_eq!(fetched(2), [true, false, false]);
        assert_eq!(fetched(4), [false, true, false]);
        assert_eq!(fetched(5), [false, true, false]);
    }

    #[test]
    fn an_invalid_map_is_rejected() {
        for (toml, says) in [
            ("{name = 'a'}, {name = 'b'}", "found 2"),
            ("{topics = ['a']}", "found 0"),
            ("{}, {partitions = [-1]}", "must not be negative"),
            ("{}, {headers = {desk = []}}", "for header `desk`"),
            ("{}, {languages = ['german']}", "unknown language code `german`"),
            ("{}, {topics = ['']}", "must not be empty"),
        ] {
            let error = map(toml).unwrap_err().to_string();
            assert!(error.contains(says), "{toml}: {error}");
        }
    }

    #[test]
    fn the_json_of_a_map_contains_its_conditions_but_not_its_names() {
        let drawn = |toml: &str| map(toml).unwrap().to_json();
        assert_eq!(drawn("{name = 'a'}"), ShardMap::new("in", &[]).unwrap().to_json());
        assert_ne!(drawn("{}, {partitions = [1]}"), drawn("{}, {partitions = [2]}"));
        assert_ne!(drawn("{}, {partitions = [1]}"), drawn("{partitions = [1]}, {}"));
        assert_eq!(ShardMap::from_json(&drawn(MIXED)).unwrap().to_json(), drawn(MIXED));
        assert_eq!(
            ShardMap::from_json("{\"input\": \"in\", \"shards\": [{\"unknown\": 1}]}"),
            None
        );
    }

    proptest::proptest! {
        /// SH-1 and SH-2: every item belongs to exactly one shard, and this shard fetches it.
        #[test]
        fn every_item_has_exactly_one_shard_which_fetches_it(
            topic in 0..2usize, partition in 0..4i32, desk in 0..3usize, provider in 0..2usize,
            language in 0..3usize, readable in proptest::bool::ANY,
        ) {
            let map = Arc::new(map(MIXED).unwrap());
            let desk = [None, Some("sport"), Some("x")][desk];
            let record = record(["in", "pr"][topic], partition, desk);
            let article = article(["Northwire", "Kestrel"][provider]);
            let language = [None, Lang::parse("de"), Lang::parse("en")][language];
            let item = readable.then_some((&article, language));
            let takes = |shard: &u32| {
                let slice = ShardFilter { map: map.clone(), shard: *shard };
                let takes = match slice.decide(&record) {
                    FilterDecision::Whole => true,
                    FilterDecision::Nothing => false,
                    FilterDecision::ByItem => slice.takes_item(&record, item),
                };
                assert!(!takes || slice.fetches(&record.from));
                takes
            };
            let taken: Vec<u32> = (0..map.shards()).filter(takes).collect();
            assert_eq!(taken, [map.item(&record, item) as u32]);
        }
    }
}
