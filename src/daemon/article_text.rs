//! Article text, read from the input topic by position because it is not kept in memory.
//!
//! In: the input position of an article. Out: its record, or an error if retention has removed it.
//! One thread reads one record at a time, with its own assign-only consumer. Recently read records
//! are cached, up to a limit in bytes. Requests for a text have a time limit and do not affect the
//! pipeline, which uses its own clients.

use super::panic_guard;
use super::snapshot::Limits;
use super::telemetry::metrics;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use wirefold_engine::article::{Article, InputPosition};
use wirefold_engine::decode::{self, Format};

/// Maximum duration of a read, including the time in the queue.
const WITHIN: Duration = Duration::from_secs(5);

/// The parts of an input record that are needed to decode its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceRecord {
    /// The value of the record.
    pub payload: Vec<u8>,
    /// The content type from its headers, if any.
    pub content_type: Option<String>,
}

/// Why a record cannot be read at the moment.
pub type ReadFailure = Box<dyn std::error::Error + Send + Sync>;

/// Reads records by position. Calls may block for a few seconds.
pub trait RecordSource: Send + 'static {
    /// The record at a position; `None` if retention has removed it.
    ///
    /// # Errors
    /// Returns the reason if the record cannot be read at the moment.
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, ReadFailure>;
}

/// The reason an article's text is not available.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Retention has removed the record.
    #[error("retention has removed this article from the input topic")]
    Passed,
    /// The record at this position does not contain this article: the topic was recreated, or the
    /// settings have changed.
    #[error("the input record at this position no longer contains the article")]
    Different,
    /// The queue of reads is full.
    #[error("too many article texts are being read; try again later")]
    Busy,
    /// The broker returned an error, or did not respond in time.
    #[error("cannot read the input topic: {0}")]
    Unread(ReadFailure),
}

/// The position of a record: topic, partition, offset.
type RecordPosition = (Arc<str>, i32, i64);

/// The result of one read, for the caller that waits for it.
type TextAnswer = Result<Option<Arc<SourceRecord>>, ReadFailure>;

/// Reads article texts; clones share the reader thread and the cache.
#[derive(Debug, Clone)]
pub struct ArticleTexts {
    /// The queue of read requests, each with a channel for its result.
    requests: Sender<(InputPosition, oneshot::Sender<TextAnswer>)>,
    /// Recently read records.
    cache: Arc<Mutex<RecordCache>>,
    /// Maximum duration of a read, including the time in the queue.
    within: Duration,
}

impl ArticleTexts {
    /// Starts a thread that reads through `reader`. The thread ends when the last clone is dropped.
    ///
    /// # Errors
    /// If the operating system cannot create the thread.
    pub fn start(reader: impl RecordSource, bounds: &Limits) -> std::io::Result<Self> {
        Self::start_with_time_limit(reader, bounds, WITHIN)
    }

    /// Like [`ArticleTexts::start`], with a different time limit for a read.
    ///
    /// # Errors
    /// If the operating system cannot create the thread.
    pub fn start_with_time_limit(
        mut reader: impl RecordSource,
        bounds: &Limits,
        within: Duration,
    ) -> std::io::Result<Self> {
        let (requests, queue) = bounded(bounds.texts_waiting_max);
        let cache = Arc::new(Mutex::new(RecordCache::of(bounds.texts_bytes_max)));
        let shared = cache.clone();
        let work = move || serve(&mut reader, &queue, &shared);
        std::thread::Builder::new().name("texts".into()).spawn(work)?;
        Ok(Self { requests, cache, within })
    }

    /// The article at input position `at`, including its body.
    ///
    /// # Errors
    /// Returns the reason if the article is not available.
    pub async fn article(
        &self,
        at: &InputPosition,
        format: Format,
        settings: &wirefold_engine::Settings,
    ) -> Result<Article, Error> {
        let record = self.record(at).await?.ok_or(Error::Passed)?;
        let kind = record.content_type.as_deref();
        let items = decode::decode(&record.payload, kind, format, &settings.decode);
        let item = items.into_iter().nth(at.item as usize);
        item.and_then(Result::ok).ok_or(Error::Different)
    }

    async fn record(&self, at: &InputPosition) -> Result<Option<Arc<SourceRecord>>, Error> {
        if let Some(record) = lock(&self.cache).get(&place(at)) {
            return Ok(Some(record));
        }
        let (answer, answered) = oneshot::channel();
        self.requests.try_send((at.clone(), answer)).map_err(|why| match why {
            TrySendError::Full(_) => {
                metrics::BOUNDED.add([metrics::BY_TEXTS_WAITING], 1);
                Error::Busy
            }
            TrySendError::Disconnected(_) => Error::Unread("the reader thread has ended".into()),
        })?;
        match tokio::time::timeout(self.within, answered).await {
            Ok(Ok(answer)) => answer.map_err(Error::Unread),
            Ok(Err(_)) => Err(Error::Unread("the reader thread has ended".into())),
            Err(_) => Err(Error::Unread("the broker did not respond in time".into())),
        }
    }
}

/// Answers read requests until every sender is dropped.
fn serve(
    reader: &mut impl RecordSource,
    queue: &Receiver<(InputPosition, oneshot::Sender<TextAnswer>)>,
    cache: &Mutex<RecordCache>,
) {
    for (at, answer) in queue {
        if answer.is_closed() {
            continue;
        }
        let known = lock(cache).get(&place(&at));
        let found = match known {
            Some(record) => Ok(Some(record)),
            None => panic_guard::catch(|| reader.read(&at))
                .unwrap_or_else(|panic| Err(panic.into()))
                .map(|record| record.map(Arc::new)),
        };
        if let Ok(Some(record)) = &found {
            lock(cache).put(place(&at), record.clone());
        }
        if answer.send(found).is_err() {
            tracing::debug!("the caller no longer waits for the text");
        }
    }
}

/// The position of the record that contains the article at `at`.
fn place(at: &InputPosition) -> RecordPosition {
    (at.topic.clone(), at.partition, at.offset)
}

fn lock(cache: &Mutex<RecordCache>) -> std::sync::MutexGuard<'_, RecordCache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A cache of recently read records; the least recently used one is evicted first.
#[derive(Debug, Default)]
struct RecordCache {
    /// The records, each with the value of `turn` at its last use.
    records: HashMap<RecordPosition, (Arc<SourceRecord>, u64)>,
    /// The positions by the turn of their last use, the oldest first.
    used: BTreeMap<u64, RecordPosition>,
    /// A counter of uses.
    turn: u64,
    /// The total size of all payloads in the cache, in bytes.
    bytes: usize,
    /// The maximum value of `bytes`.
    bytes_max: usize,
}

impl RecordCache {
    fn of(bytes_max: usize) -> Self {
        Self { bytes_max, ..Self::default() }
    }

    fn get(&mut self, place: &RecordPosition) -> Option<Arc<SourceRecord>> {
        let (record, turn) = self.records.get_mut(place)?;
        let place = self.used.remove(turn)?;
        self.turn += 1;
        *turn = self.turn;
        self.used.insert(self.turn, place);
        Some(record.clone())
    }

    fn put(&mut self, place: RecordPosition, record: Arc<SourceRecord>) {
        self.turn += 1;
        self.bytes += record.payload.len();
        if let Some((old, turn)) = self.records.insert(place.clone(), (record, self.turn)) {
            self.bytes -= old.payload.len();
            self.used.remove(&turn);
        }
        self.used.insert(self.turn, place);
        while self.bytes > self.bytes_max {
            metrics::BOUNDED.add([metrics::BY_TEXT_BYTES], 1);
            let Some((_, oldest)) = self.used.pop_first() else { break };
            if let Some((old, _)) = self.records.remove(&oldest) {
                self.bytes -= old.payload.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(offset: i64) -> RecordPosition {
        ("wire".into(), 0, offset)
    }

    #[test]
    fn the_least_recently_used_record_is_evicted_first() {
        let mut cache = RecordCache::of(4_000);
        let record = Arc::new(SourceRecord { payload: vec![0; 1_000], content_type: None });
        for offset in 0..4 {
            cache.put(place(offset), record.clone());
        }
        assert!(cache.get(&place(0)).is_some() && cache.bytes <= 4_000);
        cache.put(place(4), record.clone());
        assert!(cache.get(&place(1)).is_none(), "the least recently used record");
        assert!([0, 2, 3, 4].iter().all(|offset| cache.get(&place(*offset)).is_some()));
        cache.put(place(4), record);
        assert_eq!((cache.records.len(), cache.used.len()), (4, 4));
        assert_eq!(cache.bytes, 4_000);
    }
}
