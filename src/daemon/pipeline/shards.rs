//! Which shard takes what: the map from the input to the slices of the feed.
//!
//! In: the selectors of the settings, in order. Out: for every item of the input exactly one shard:
//! that of the first selector that takes it, else the catch-all, which is the one selector without a
//! condition. A selector takes what fits all of its conditions, each by any of its values.
//!
//! ```text
//! shards = [{ name = "de", languages = ["de"] },        an item in German     -> 0
//!           { name = "pr", topics = ["wire.releases"] }, that topic's records -> 1
//!           { name = "rest" }]                           the rest, and what cannot be read -> 2
//! ```
//!
//! Topic, partition and headers are told without reading the value, so a record is theirs as a whole,
//! readable or not. Language and provider are told of each item once it is decoded: every shard that
//! may hold such items reads and decodes the record, and what cannot be decoded is the catch-all's.
//! A shard whose selector names topics or partitions fetches those alone, and nobody else fetches what
//! a selector of topics and partitions takes whole.
//!
//! Invariants: SH-1 every item has exactly one shard; SH-2 a shard fetches every partition that may
//! hold an item of its own.
//!
//! Cost: a walk over the selectors per record.

use super::broker::{InputRecord, Partition};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wirefold_engine::article::{Article, Lang};

/// A slice of the feed, and what it takes. Without a condition it is the catch-all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ShardSelector {
    /// Its name, for logs.
    pub name: String,
    /// The input topics that it takes from, which are read beside `input.topic`; empty is any.
    pub topics: Vec<String>,
    /// The input partitions that it takes from; empty is any.
    pub partitions: Vec<i32>,
    /// Headers that a record must have, each with the values that it may have.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The languages that it takes (`de`), stated or detected; every shard decodes to tell.
    pub languages: Vec<String>,
    /// The providers that it takes, in any case of letters; every shard decodes to tell.
    pub providers: Vec<String>,
}

/// Why a map of shards is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not exactly one selector is without a condition.
    #[error("exactly one shard takes what no other does and has no condition; {0} have none")]
    CatchAll(usize),
    /// A condition can never be met, or says nothing.
    #[error("shard {shard}: {what}")]
    Condition {
        /// The shard.
        shard: usize,
        /// What is wrong.
        what: String,
    },
}

/// The map from the input to the shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardMap {
    input: Arc<str>,
    selectors: Vec<ShardSelector>,
    languages: Vec<Vec<Lang>>,
    /// The shards as they are asked: the catch-all last.
    order: Vec<usize>,
}

/// A map as text.
#[derive(Serialize, Deserialize)]
struct MapText {
    input: String,
    shards: Vec<ShardSelector>,
}

/// What can be told of a record without reading its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterDecision {
    /// All of it is this shard's.
    Whole,
    /// Nothing of it is.
    Nothing,
    /// Its items have to be asked one by one.
    ByItem,
}

/// One shard's part of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardFilter {
    /// The map.
    pub map: Arc<ShardMap>,
    /// The shard.
    pub shard: u32,
}

impl ShardSelector {
    fn is_catch_all(&self) -> bool {
        *self == Self { name: self.name.clone(), ..Self::default() }
    }

    fn covers(&self, of: &Partition) -> bool {
        (self.topics.is_empty() || self.topics.iter().any(|topic| **topic == *of.topic))
            && (self.partitions.is_empty() || self.partitions.contains(&of.partition))
    }

    fn fits(&self, record: &InputRecord) -> bool {
        let has = |(name, values): (&String, &Vec<String>)| {
            let found = record.header(name);
            values.iter().any(|value| found == Some(value.as_bytes()))
        };
        self.covers(&record.from) && self.headers.iter().all(has)
    }

    /// Whether it has to read the value.
    fn decodes(&self) -> bool {
        !self.languages.is_empty() || !self.providers.is_empty()
    }

    fn provider(&self, provider: Option<&str>) -> bool {
        self.providers.is_empty()
            || provider
                .is_some_and(|p| self.providers.iter().any(|own| own.eq_ignore_ascii_case(p)))
    }

    fn check(&self) -> Result<Vec<Lang>, String> {
        if self.partitions.iter().any(|partition| *partition < 0) {
            return Err("a partition is below zero".into());
        }
        if let Some((name, _)) = self.headers.iter().find(|(_, values)| values.is_empty()) {
            return Err(format!("header `{name}` has no value to take"));
        }
        if self.topics.iter().chain(&self.providers).any(String::is_empty) {
            return Err("a topic or provider is empty".into());
        }
        let read = |tag: &String| Lang::parse(tag).ok_or_else(|| format!("`{tag}` is no language"));
        self.languages.iter().map(read).collect()
    }
}

impl ShardMap {
    /// The map that `selectors` draw over `input` and the topics that they name; without selectors
    /// one shard takes everything.
    ///
    /// # Errors
    /// When there is not exactly one catch-all, or a condition cannot be right.
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
        let checked = selectors.iter().enumerate().map(|(shard, selector)| {
            selector.check().map_err(|what| Error::Condition { shard, what })
        });
        let languages = checked.collect::<Result<_, _>>()?;
        let order = taking.into_iter().chain(rest).collect();
        Ok(Self { input: input.into(), selectors, languages, order })
    }

    /// The number of shards.
    pub fn shards(&self) -> u32 {
        u32::try_from(self.selectors.len()).unwrap_or(u32::MAX)
    }

    /// The name of a shard; empty where it has none.
    pub fn name(&self, shard: u32) -> &str {
        self.selectors.get(shard as usize).map_or("", |selector| &selector.name)
    }

    /// The topic that is read even if no selector names it.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The topics that are read, in order of their names.
    pub fn topics(&self) -> Vec<Arc<str>> {
        let named = self.selectors.iter().flat_map(|selector| &selector.topics);
        let all: BTreeSet<Arc<str>> =
            named.map(|topic| topic.as_str().into()).chain([self.input.clone()]).collect();
        all.into_iter().collect()
    }

    /// The shards whose selectors have to decode, so that every shard decodes too.
    pub fn decoding(&self) -> Vec<u32> {
        let decodes =
            |(shard, selector): (u32, &ShardSelector)| selector.decodes().then_some(shard);
        (0..).zip(&self.selectors).filter_map(decodes).collect()
    }

    /// The map as text: equal for maps that decide the same. Names of shards do not count.
    pub fn drawn(&self) -> String {
        let unnamed =
            |selector: &ShardSelector| ShardSelector { name: String::new(), ..selector.clone() };
        let shards: Vec<ShardSelector> = self.selectors.iter().map(unnamed).collect();
        serde_json::json!(MapText { input: self.input.to_string(), shards }).to_string()
    }

    /// The map that was drawn so; `None` for one of another release.
    pub fn read(drawn: &str) -> Option<Self> {
        let MapText { input, shards } = serde_json::from_str(drawn).ok()?;
        Self::new(&input, &shards).ok()
    }

    /// The shard of every item of `record`, where that can be told without reading it.
    fn whole(&self, record: &InputRecord) -> Option<usize> {
        let first = self.order.iter().find(|&&shard| self.selectors[shard].fits(record))?;
        (!self.selectors[*first].decodes()).then_some(*first)
    }

    /// The shard of one item of `record`: `None` for one that cannot be decoded.
    fn item(&self, record: &InputRecord, item: Option<(&Article, Option<Lang>)>) -> usize {
        let takes = |&&shard: &&usize| {
            let selector = &self.selectors[shard];
            let told = !selector.decodes()
                || item.is_some_and(|(article, language)| {
                    let own = &self.languages[shard];
                    (own.is_empty() || language.is_some_and(|l| own.contains(&l)))
                        && selector.provider(article.provider.as_deref())
                });
            selector.fits(record) && told
        };
        *self.order.iter().find(takes).expect("the catch-all takes everything")
    }
}

impl ShardFilter {
    /// All of `topic` as one shard.
    pub fn everything(topic: &str) -> Self {
        let map = ShardMap::new(topic, &[]).expect("no selectors are a map");
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

    /// What of a record is the shard's, as far as can be told without reading it.
    pub fn takes(&self, record: &InputRecord) -> FilterDecision {
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

    /// Whether an item is the shard's: `None` for one that cannot be decoded.
    pub fn takes_item(&self, record: &InputRecord, item: Option<(&Article, Option<Lang>)>) -> bool {
        self.map.item(record, item) == self.shard as usize
    }

    /// Whether the language of an item matters to the map.
    pub fn asks_language(&self) -> bool {
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
    fn the_first_that_fits_takes_an_item_and_the_catch_all_the_rest() {
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
        assert_eq!(map.decoding(), [4, 5]);
        assert_eq!(map.topics(), ["in".into(), "pr".into()]);
    }

    #[test]
    fn a_shard_fetches_what_may_hold_an_item_of_its_own() {
        let map = Arc::new(map(MIXED).unwrap());
        let fetched = |shard| {
            let slice = ShardFilter { map: map.clone(), shard };
            let all = [("in", 0), ("in", 1), ("pr", 0)].into_iter();
            let of = |topic: &str, partition| Partition { topic: topic.into(), partition };
            all.map(|(t, p)| slice.fetches(&of(t, p))).collect::<Vec<_>>()
        };
        assert_eq!(fetched(0), [false, true, false], "what others take whole is not fetched");
        assert_eq!(fetched(1), [false, false, true]);
        assert_eq!(fetched(2), [true, false, false]);
        assert_eq!(fetched(4), [false, true, false]);
        assert_eq!(fetched(5), [false, true, false]);
    }

    #[test]
    fn a_map_that_cannot_be_right_is_refused() {
        for (toml, says) in [
            ("{name = 'a'}, {name = 'b'}", "2 have none"),
            ("{topics = ['a']}", "0 have none"),
            ("{}, {partitions = [-1]}", "below zero"),
            ("{}, {headers = {desk = []}}", "`desk` has no value"),
            ("{}, {languages = ['german']}", "`german` is no language"),
            ("{}, {topics = ['']}", "empty"),
        ] {
            let error = map(toml).unwrap_err().to_string();
            assert!(error.contains(says), "{toml}: {error}");
        }
    }

    #[test]
    fn a_map_is_drawn_by_what_it_decides_and_not_by_names() {
        let drawn = |toml: &str| map(toml).unwrap().drawn();
        assert_eq!(drawn("{name = 'a'}"), ShardMap::new("in", &[]).unwrap().drawn());
        assert_ne!(drawn("{}, {partitions = [1]}"), drawn("{}, {partitions = [2]}"));
        assert_ne!(drawn("{}, {partitions = [1]}"), drawn("{partitions = [1]}, {}"));
        assert_eq!(ShardMap::read(&drawn(MIXED)).unwrap().drawn(), drawn(MIXED));
        assert_eq!(ShardMap::read("{\"input\": \"in\", \"shards\": [{\"unknown\": 1}]}"), None);
    }

    proptest::proptest! {
        /// SH-1 and SH-2: over all shards' own views, every item is taken once, and fetched there.
        #[test]
        fn every_item_has_one_shard_which_fetches_it(
            topic in 0..2usize, partition in 0..4i32, desk in 0..3usize, provider in 0..2usize,
            language in 0..3usize, readable in proptest::bool::ANY,
        ) {
            let map = Arc::new(map(MIXED).unwrap());
            let record = record(["in", "pr"][topic], partition, [None, Some("sport"), Some("x")][desk]);
            let article = article(["Northwire", "Kestrel"][provider]);
            let language = [None, Lang::parse("de"), Lang::parse("en")][language];
            let item = readable.then_some((&article, language));
            let takes = |shard: &u32| {
                let slice = ShardFilter { map: map.clone(), shard: *shard };
                let takes = match slice.takes(&record) {
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
