//! Decodes and prepares the records of a batch on all cores.
//!
//! In: input records in order. Out: one [`PreparedRecord`] for each, in the same order. Preparing
//! needs no state, and no record can hold up the others: a record whose preparation panics or takes
//! too long is rejected, and a record already known to be harmful is rejected without being
//! decoded.

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
use wirefold_engine::article::{Article, EventTime};
use wirefold_engine::decode::{self, Format, RecordPart};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::{Prepared, prepare as prepared};

/// If no record of a batch has finished for this long, the records being prepared are abandoned.
pub const WITHIN: Duration = Duration::from_secs(10);
/// The corresponding limit for runs over files, in which one record can be a large document.
const UNHURRIED: Duration = Duration::from_secs(3_600);

/// Decodes the value of a record, given its content type if known. The daemon uses
/// [`decode::decode_items`]; tests substitute other functions.
pub type Decode = fn(&[u8], Option<&str>, Format, &decode::Settings) -> Vec<decode::Item>;

/// Records to reject without decoding them, by partition and offset.
pub type RejectedRecords = BTreeMap<(Partition, i64), IsolationReason>;

/// An input record, decoded and prepared.
#[derive(Debug)]
pub struct PreparedRecord {
    /// The input record.
    pub(super) record: Arc<InputRecord>,
    /// The items of the record that belong to this shard.
    pub(super) articles: Vec<OwnItem>,
    /// The number of items in the record, including those of other shards.
    pub(super) items: u32,
    /// The reason the whole record is rejected, if it is.
    pub(super) rejection: Option<IsolationReason>,
    /// How long decoding and preparing took; zero if the job was lost.
    pub(super) took: Duration,
}

impl PreparedRecord {
    /// Whether any part of the record belongs to this shard.
    pub(super) fn is_own(&self) -> bool {
        self.rejection.is_some() || !self.articles.is_empty()
    }

    /// The articles of the record that belong to this shard.
    pub fn articles(&self) -> impl Iterator<Item = &Article> {
        self.articles.iter().filter_map(|item| Some(&item.article.as_ref().ok()?.article))
    }

    /// The size of the record's value in bytes.
    pub fn bytes(&self) -> usize {
        self.record.payload.as_ref().map_or(0, Vec::len)
    }

    /// Sets the time of the record.
    pub fn set_timestamp(&mut self, timestamp: EventTime) {
        Arc::make_mut(&mut self.record).timestamp = Some(timestamp);
    }
}

/// An item of a record that belongs to this shard.
#[derive(Debug)]
pub(super) struct OwnItem {
    /// The index of the item in the record.
    pub(super) index: usize,
    /// The part of the record's value that holds the item.
    pub(super) part: RecordPart,
    /// The prepared article, or the reason the item cannot be decoded.
    pub(super) article: Result<Prepared, decode::Error>,
}

/// Everything that affects decoding and preparing, shared with the worker threads.
#[derive(Debug)]
struct PrepareRules {
    /// The engine settings.
    settings: Settings,
    /// The configured input format.
    format: Format,
    /// Which records and items belong to this shard; `None` for all records, whatever their topic.
    slice: Option<ShardFilter>,
    /// The decoder.
    decode: Decode,
}

/// Prepares the records of one shard.
#[derive(Debug, Clone)]
pub struct Preparer {
    /// The rules, shared with the worker threads.
    rules: Arc<PrepareRules>,
    /// How long to wait for a record to finish before giving up on those being prepared.
    within: Duration,
}

impl Preparer {
    /// Creates a preparer for this setup.
    pub fn new(setup: &Setup) -> Self {
        let rules = PrepareRules {
            settings: setup.engine.clone(),
            format: setup.format,
            slice: Some(setup.slice.clone()),
            decode: setup.decode,
        };
        Self { rules: Arc::new(rules), within: setup.prepare_within }
    }

    /// Creates a preparer that accepts all records, whatever their topic and however long they
    /// take.
    pub(super) fn of_everything(settings: Settings, format: Format) -> Self {
        let rules = PrepareRules { settings, format, slice: None, decode: decode::decode_items };
        Self { rules: Arc::new(rules), within: UNHURRIED }
    }

    /// Prepares one article that is already decoded, as the only item of `record`.
    pub(super) fn article(
        &self,
        record: InputRecord,
        article: Article,
        key: SamplingKey,
    ) -> PreparedRecord {
        let article = Ok(prepared(article, &self.rules.settings, key));
        let only = OwnItem { index: 0, part: RecordPart::Whole, article };
        let (record, articles) = (Arc::new(record), vec![only]);
        PreparedRecord { record, articles, items: 1, rejection: None, took: Duration::ZERO }
    }

    /// Decodes and prepares the items of `records` that belong to this shard, in order.
    pub fn prepare(
        &self,
        records: Vec<InputRecord>,
        key: SamplingKey,
        refused: &RejectedRecords,
    ) -> Vec<PreparedRecord> {
        let records: Vec<Arc<InputRecord>> = records.into_iter().map(Arc::new).collect();
        let known: Vec<Option<IsolationReason>> = match refused.is_empty() {
            true => vec![None; records.len()],
            false => records.iter().map(|record| known(record, refused)).collect(),
        };
        let (rules, inputs, refusals) = (self.rules.clone(), records.clone(), known.clone());
        let done = workers::all(records.len(), self.within, move |at| {
            let started = Instant::now();
            let articles = match &refusals[at] {
                Some(_) => (Vec::new(), 0),
                None => rules.articles(&inputs[at], key),
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
        let refusal = refusal.filter(|_| self.rules.decide(&record) != FilterDecision::Nothing);
        PreparedRecord { record, articles, items, rejection: refusal, took }
    }

    fn lost(&self, lost: JobLost) -> IsolationReason {
        match lost {
            JobLost::Panicked(panic) => {
                metrics::PANICS.add([], 1);
                IsolationReason { reason: FAILED, message: panic.to_string() }
            }
            JobLost::TooSlow => {
                let limit = self.within.as_secs();
                let message = format!("decoding and preparing took longer than {limit} s");
                IsolationReason { reason: TOO_SLOW, message }
            }
        }
    }
}

/// The result of one job: the shard's items, the number of all items, and the time taken.
type Done = Result<((Vec<OwnItem>, u32), Duration), JobLost>;

fn known(record: &InputRecord, refused: &RejectedRecords) -> Option<IsolationReason> {
    refused.get(&(record.from.clone(), record.offset)).cloned()
}

impl PrepareRules {
    /// Which part of a record belongs to this shard, as far as this is known without decoding.
    fn decide(&self, record: &InputRecord) -> FilterDecision {
        self.slice.as_ref().map_or(FilterDecision::Whole, |slice| slice.decide(record))
    }

    /// The items of a record that belong to this shard, and the number of all items in the record.
    fn articles(&self, record: &InputRecord, key: SamplingKey) -> (Vec<OwnItem>, u32) {
        let taken = self.decide(record);
        if taken == FilterDecision::Nothing {
            return (Vec::new(), 0);
        }
        let content_type = record.content_type();
        let payload = record.payload.as_deref().unwrap_or_default();
        let items =
            (self.decode)(payload, content_type.as_deref(), self.format, &self.settings.decode);
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let own = |item| match (&self.slice, taken) {
            (Some(slice), FilterDecision::ByItem) => self.picked(slice, record, item, key),
            _ => Some(item.map(|article| prepared(article, &self.settings, key))),
        };
        let articles = items.into_iter().enumerate().filter_map(|(place, item)| {
            Some(OwnItem { index: place, part: item.part, article: own(item.article)? })
        });
        (articles.collect(), count)
    }

    /// Prepares the item if it belongs to this shard. The item's language is detected before this
    /// decision only if the shard map selects by language and the item does not state one.
    fn picked(
        &self,
        slice: &ShardFilter,
        record: &InputRecord,
        item: Result<Article, decode::Error>,
        key: SamplingKey,
    ) -> Option<Result<Prepared, decode::Error>> {
        let settings = &self.settings;
        let article = match item {
            Ok(article) => article,
            Err(why) => return slice.takes_item(record, None).then_some(Err(why)),
        };
        if article.language.is_some() || !slice.selects_by_language() {
            let own = slice.takes_item(record, Some((&article, article.language)));
            return own.then(|| Ok(prepared(article, settings, key)));
        }
        let prepared = prepared(article, settings, key);
        let own = slice.takes_item(record, Some((&prepared.article, prepared.about.language)));
        own.then_some(Ok(prepared))
    }
}
