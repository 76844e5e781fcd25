//! Decodes and prepares the records of a batch on all cores.
//!
//! In: input records in order. Out: an [`PreparedRecord`] for each, in the same order. No state is needed, and
//! no record can stop the others: one that panics or takes too long is refused with that reason, and
//! one that is known to harm is refused unseen.

use super::Setup;
use super::broker::{InputRecord, Partition};
use super::reject::{FAILED, IsolationReason, TOO_SLOW};
use super::shards::{FilterDecision, ShardFilter};
use crate::daemon::telemetry::metrics;
use crate::daemon::workers::{self, JobLost};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wirefold_engine::Settings;
use wirefold_engine::article::Article;
use wirefold_engine::decode::{self, Format, RecordPart};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::{Prepared, prepare as prepared};

/// How long one record may take.
pub const WITHIN: Duration = Duration::from_secs(10);

/// Decodes the value of a record, whose content type may be known. [`decode::items`] does; tests have
/// others.
pub type Decode = fn(&[u8], Option<&str>, Format, &decode::Settings) -> Vec<decode::Item>;

/// Records that are refused unseen, by partition and offset.
pub type RefusedRecords = BTreeMap<(Partition, i64), IsolationReason>;

/// An input record, decoded and prepared.
#[derive(Debug)]
pub struct PreparedRecord {
    pub(super) record: Arc<InputRecord>,
    /// The shard's own articles.
    pub(super) articles: Vec<OwnItem>,
    /// How many items the record holds, of all shards.
    pub(super) items: u32,
    /// Why the whole record is refused, if it is.
    pub(super) refusal: Option<IsolationReason>,
    pub(super) took: Duration,
}

impl PreparedRecord {
    /// Whether something of it is the shard's.
    pub(super) fn is_own(&self) -> bool {
        self.refusal.is_some() || !self.articles.is_empty()
    }
}

/// An item of a record that is the shard's.
#[derive(Debug)]
pub(super) struct OwnItem {
    /// Its number in the record.
    pub(super) place: usize,
    /// Its part of the record.
    pub(super) part: RecordPart,
    pub(super) article: Result<Prepared, decode::Error>,
}

/// What preparing depends on.
#[derive(Debug)]
struct PrepareRules {
    settings: Settings,
    format: Format,
    slice: ShardFilter,
    decode: Decode,
}

/// Prepares records.
#[derive(Debug)]
pub struct Preparer {
    rules: Arc<PrepareRules>,
    within: Duration,
}

impl Preparer {
    /// A preparer for this setup.
    pub fn new(setup: &Setup) -> Self {
        let rules = PrepareRules {
            settings: setup.engine.clone(),
            format: setup.format,
            slice: setup.slice.clone(),
            decode: setup.decode,
        };
        Self { rules: Arc::new(rules), within: setup.prepare_within }
    }

    /// Decodes and prepares what of `records` is the shard's, keeping their order.
    pub fn prepare(
        &self,
        records: Vec<InputRecord>,
        key: FloodKey,
        refused: &RefusedRecords,
    ) -> Vec<PreparedRecord> {
        let records: Vec<Arc<InputRecord>> = records.into_iter().map(Arc::new).collect();
        let known: Vec<Option<IsolationReason>> = match refused.is_empty() {
            true => vec![None; records.len()],
            false => records.iter().map(|record| known(record, refused)).collect(),
        };
        let (rules, own, harms) = (self.rules.clone(), records.clone(), known.clone());
        let done = workers::all(records.len(), self.within, move |at| {
            let started = Instant::now();
            let articles = match &harms[at] {
                Some(_) => (Vec::new(), 0),
                None => rules.articles(&own[at], key),
            };
            (articles, started.elapsed())
        });
        let items = records.into_iter().zip(known).zip(done);
        items.map(|((record, known), done)| self.item(record, known, done)).collect()
    }

    fn item(
        &self,
        record: Arc<InputRecord>,
        known: Option<IsolationReason>,
        done: Done,
    ) -> PreparedRecord {
        let (refusal, ((articles, items), took)) = match done {
            Ok(done) => (known, done),
            Err(lost) => (Some(self.lost(lost)), ((Vec::new(), 0), Duration::ZERO)),
        };
        let refusal =
            refusal.filter(|_| self.rules.slice.takes(&record) != FilterDecision::Nothing);
        PreparedRecord { record, articles, items, refusal, took }
    }

    fn lost(&self, lost: JobLost) -> IsolationReason {
        match lost {
            JobLost::Panicked(message) => {
                metrics::PANICS.add([], 1);
                IsolationReason { reason: FAILED, message }
            }
            JobLost::TooSlow => {
                let message = format!("reading took over {} s", self.within.as_secs());
                IsolationReason { reason: TOO_SLOW, message }
            }
        }
    }
}

type Done = Result<((Vec<OwnItem>, u32), Duration), JobLost>;

fn known(record: &InputRecord, refused: &RefusedRecords) -> Option<IsolationReason> {
    refused.get(&(record.from.clone(), record.offset)).cloned()
}

impl PrepareRules {
    /// The articles of a record that are the shard's, and how many items the record holds.
    fn articles(&self, record: &InputRecord, key: FloodKey) -> (Vec<OwnItem>, u32) {
        let taken = self.slice.takes(record);
        if taken == FilterDecision::Nothing {
            return (Vec::new(), 0);
        }
        let content_type = record.content_type();
        let payload = record.payload.as_deref().unwrap_or_default();
        let items =
            (self.decode)(payload, content_type.as_deref(), self.format, &self.settings.wire);
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let own = |item| match taken {
            FilterDecision::ByItem => self.picked(record, item, key),
            _ => Some(item.map(|article| prepared(article, &self.settings, key))),
        };
        let articles = items.into_iter().enumerate().filter_map(|(place, item)| {
            Some(OwnItem { place, part: item.part, article: own(item.article)? })
        });
        (articles.collect(), count)
    }

    /// The item, prepared, if it is the shard's. Its language is looked for only where the map asks.
    fn picked(
        &self,
        record: &InputRecord,
        item: Result<Article, decode::Error>,
        key: FloodKey,
    ) -> Option<Result<Prepared, decode::Error>> {
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
