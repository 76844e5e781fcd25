//! Decodes and prepares the records of a batch on all cores.
//!
//! In: input records in order. Out: an [`Item`] for each, in the same order. No state is needed, and
//! no record can stop the others: one that panics or takes too long is refused with that reason, and
//! one that is known to harm is refused unseen.

use super::Setup;
use super::broker::{InputRecord, Partition};
use super::reject::{FAILED, Refusal, TOO_SLOW};
use super::shards::{Slice, Taken};
use crate::daemon::metrics;
use crate::daemon::workers::{self, Lost};
use crate::engine::Settings;
use crate::engine::article::Article;
use crate::engine::fingerprint::FloodKey;
use crate::engine::prepare::{Prepared, prepare as prepared};
use crate::engine::wire::{self, Format};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one record may take.
pub const WITHIN: Duration = Duration::from_secs(10);

/// Decodes the value of a record, whose content type may be known. [`wire::decode`] does; tests have
/// others.
pub type Decode =
    fn(&[u8], Option<&str>, Format, &wire::Settings) -> Vec<Result<Article, wire::Error>>;

/// Records that are refused unseen, by partition and offset.
pub(super) type Refused = BTreeMap<(Partition, i64), Refusal>;

/// An input record, decoded and prepared.
#[derive(Debug)]
pub struct Item {
    pub(super) record: Arc<InputRecord>,
    /// The shard's own, each with its place in the record.
    pub(super) articles: Vec<(usize, Result<Prepared, wire::Error>)>,
    /// Why the whole record is refused, if it is.
    pub(super) refusal: Option<Refusal>,
    pub(super) took: Duration,
}

impl Item {
    /// Whether something of it is the shard's.
    pub(super) fn is_own(&self) -> bool {
        self.refusal.is_some() || !self.articles.is_empty()
    }
}

/// What preparing depends on.
#[derive(Debug)]
struct Rules {
    settings: Settings,
    format: Format,
    slice: Slice,
    decode: Decode,
}

/// Prepares records.
#[derive(Debug)]
pub(super) struct Preparer {
    rules: Arc<Rules>,
    within: Duration,
}

impl Preparer {
    pub(super) fn new(setup: &Setup) -> Self {
        let rules = Rules {
            settings: setup.engine.clone(),
            format: setup.format,
            slice: setup.slice.clone(),
            decode: setup.decode,
        };
        Self { rules: Arc::new(rules), within: setup.prepare_within }
    }

    /// Decodes and prepares what of `records` is the shard's, keeping their order.
    pub(super) fn prepare(
        &self,
        records: Vec<InputRecord>,
        key: FloodKey,
        refused: &Refused,
    ) -> Vec<Item> {
        let records: Vec<Arc<InputRecord>> = records.into_iter().map(Arc::new).collect();
        let known: Vec<Option<Refusal>> = match refused.is_empty() {
            true => vec![None; records.len()],
            false => records.iter().map(|record| known(record, refused)).collect(),
        };
        let (rules, own, harms) = (self.rules.clone(), records.clone(), known.clone());
        let done = workers::all(records.len(), self.within, move |at| {
            let started = Instant::now();
            let articles = match &harms[at] {
                Some(_) => Vec::new(),
                None => rules.articles(&own[at], key),
            };
            (articles, started.elapsed())
        });
        let items = records.into_iter().zip(known).zip(done);
        items.map(|((record, known), done)| self.item(record, known, done)).collect()
    }

    fn item(&self, record: Arc<InputRecord>, known: Option<Refusal>, done: Done) -> Item {
        let (refusal, (articles, took)) = match done {
            Ok(done) => (known, done),
            Err(lost) => (Some(self.lost(lost)), (Vec::new(), Duration::ZERO)),
        };
        let refusal = refusal.filter(|_| self.rules.slice.takes(&record) != Taken::Nothing);
        Item { record, articles, refusal, took }
    }

    fn lost(&self, lost: Lost) -> Refusal {
        match lost {
            Lost::Panicked(message) => {
                metrics::PANICS.add([], 1);
                Refusal { reason: FAILED, message }
            }
            Lost::TooSlow => {
                let message = format!("reading took over {} s", self.within.as_secs());
                Refusal { reason: TOO_SLOW, message }
            }
        }
    }
}

type Done = Result<(Vec<(usize, Result<Prepared, wire::Error>)>, Duration), Lost>;

fn known(record: &InputRecord, refused: &Refused) -> Option<Refusal> {
    refused.get(&(record.from.clone(), record.offset)).cloned()
}

impl Rules {
    /// The articles of a record that are the shard's.
    fn articles(
        &self,
        record: &InputRecord,
        key: FloodKey,
    ) -> Vec<(usize, Result<Prepared, wire::Error>)> {
        let taken = self.slice.takes(record);
        if taken == Taken::Nothing {
            return Vec::new();
        }
        let content_type = record.header("content-type").and_then(|v| std::str::from_utf8(v).ok());
        let payload = record.payload.as_deref().unwrap_or_default();
        let items = (self.decode)(payload, content_type, self.format, &self.settings.wire);
        let own = |item| match taken {
            Taken::ByItem => self.picked(record, item, key),
            _ => Some(item.map(|article| prepared(article, &self.settings, key))),
        };
        let places = items.into_iter().enumerate();
        places.filter_map(|(place, item)| Some((place, own(item)?))).collect()
    }

    /// The item, prepared, if it is the shard's. Its language is looked for only where the map asks.
    fn picked(
        &self,
        record: &InputRecord,
        item: Result<Article, wire::Error>,
        key: FloodKey,
    ) -> Option<Result<Prepared, wire::Error>> {
        let (settings, slice) = (&self.settings, &self.slice);
        let article = match item {
            Ok(article) => article,
            Err(why) => return slice.takes_item(record, None).then_some(Err(why)),
        };
        if article.language.is_some() || !slice.asks_language() {
            let own = slice.takes_item(record, Some((&article, article.language)));
            return own.then(|| Ok(prepared(article, settings, key)));
        }
        let prepared = prepared(article, settings, key);
        let own = slice.takes_item(record, Some((&prepared.article, prepared.about.language)));
        own.then_some(Ok(prepared))
    }
}
