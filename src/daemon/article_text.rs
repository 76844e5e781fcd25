//! Article text: read from the input topic by position, because it is not kept in memory.
//!
//! In: where an article came from. Out: its record, or that retention has passed it. One thread reads,
//! one record at a time, with an assign-only consumer of its own; what was read lately is kept, up to a
//! number of bytes. Whoever asks waits no longer than a bound, and waits apart from the pipeline, which
//! has its own clients.

use super::panic_guard;
use super::snapshot::Settings;
use super::telemetry::metrics;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use wirefold_engine;
use wirefold_engine::article::{Article, InputPosition};
use wirefold_engine::decode::{self, Format};

/// How long a read may take, the wait for others included.
const WITHIN: Duration = Duration::from_secs(5);

/// A record of the input, as far as its text matters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceRecord {
    /// Its value.
    pub payload: Vec<u8>,
    /// What its headers say of its format.
    pub content_type: Option<String>,
}

/// Reads records by position. Calls may block, up to some seconds.
pub trait RecordSource: Send + 'static {
    /// The record at a position; `None` when retention has passed it.
    ///
    /// # Errors
    /// Why it could not be read now.
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, String>;
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Retention has passed the record.
    #[error("the input topic does not hold this article any more: retention has passed")]
    Passed,
    /// The record is there, and this article is not in it: the topic was made anew, or settings have
    /// changed since.
    #[error("the record at this position does not hold the article any more")]
    Different,
    /// Too many reads wait.
    #[error("too many texts are being read")]
    Busy,
    /// The broker did not answer in time, or not well.
    #[error("the input topic could not be read: {0}")]
    Unread(String),
}

/// A record's place: topic, partition, offset.
type RecordPosition = (Arc<str>, i32, i64);

type TextAnswer = Result<Option<Arc<SourceRecord>>, String>;

/// Reads texts; to be cloned by all who do.
#[derive(Debug, Clone)]
pub struct ArticleTexts {
    asks: Sender<(InputPosition, oneshot::Sender<TextAnswer>)>,
    kept: Arc<Mutex<RecordCache>>,
    within: Duration,
}

impl ArticleTexts {
    /// Reads through `reader`, on a thread that ends with the last of its users.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(reader: impl RecordSource, bounds: &Settings) -> std::io::Result<Self> {
        Self::within(reader, bounds, WITHIN)
    }

    /// As [`ArticleTexts::start`], with a bound of one's own on the time of a read.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn within(
        mut reader: impl RecordSource,
        bounds: &Settings,
        within: Duration,
    ) -> std::io::Result<Self> {
        let (asks, asked) = bounded(bounds.texts_waiting_max);
        let kept = Arc::new(Mutex::new(RecordCache::of(bounds.texts_bytes_max)));
        let keeps = kept.clone();
        let work = move || serve(&mut reader, &asked, &keeps);
        std::thread::Builder::new().name("texts".into()).spawn(work)?;
        Ok(Self { asks, kept, within })
    }

    /// The article that came from `at`, body included.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn article(
        &self,
        at: &InputPosition,
        format: Format,
        settings: &wirefold_engine::Settings,
    ) -> Result<Article, Error> {
        let record = self.record(at).await?.ok_or(Error::Passed)?;
        let kind = record.content_type.as_deref();
        let items = decode::decode(&record.payload, kind, format, &settings.wire);
        let item = items.into_iter().nth(at.item as usize);
        item.and_then(Result::ok).ok_or(Error::Different)
    }

    async fn record(&self, at: &InputPosition) -> Result<Option<Arc<SourceRecord>>, Error> {
        if let Some(record) = lock(&self.kept).get(&place(at)) {
            return Ok(Some(record));
        }
        let (answer, answered) = oneshot::channel();
        self.asks.try_send((at.clone(), answer)).map_err(|why| match why {
            TrySendError::Full(_) => {
                metrics::BOUNDED.add([metrics::BY_TEXTS_WAITING], 1);
                Error::Busy
            }
            TrySendError::Disconnected(_) => Error::Unread("the reader has ended".into()),
        })?;
        match tokio::time::timeout(self.within, answered).await {
            Ok(Ok(answer)) => answer.map_err(Error::Unread),
            Ok(Err(_)) => Err(Error::Unread("the reader has ended".into())),
            Err(_) => Err(Error::Unread("the broker did not answer in time".into())),
        }
    }
}

fn serve(
    reader: &mut impl RecordSource,
    asked: &Receiver<(InputPosition, oneshot::Sender<TextAnswer>)>,
    keeps: &Mutex<RecordCache>,
) {
    for (at, answer) in asked {
        if answer.is_closed() {
            continue;
        }
        let known = lock(keeps).get(&place(&at));
        let found = match known {
            Some(record) => Ok(Some(record)),
            None => panic_guard::caught(|| reader.read(&at))
                .and_then(|read| read.map(|record| record.map(Arc::new))),
        };
        if let Ok(Some(record)) = &found {
            lock(keeps).put(place(&at), record.clone());
        }
        if answer.send(found).is_err() {
            tracing::debug!("nobody waits for a text any more");
        }
    }
}

fn place(at: &InputPosition) -> RecordPosition {
    (at.topic.clone(), at.partition, at.offset)
}

fn lock(kept: &Mutex<RecordCache>) -> std::sync::MutexGuard<'_, RecordCache> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records read lately, the one used longest ago leaving first.
#[derive(Debug, Default)]
struct RecordCache {
    records: HashMap<RecordPosition, (Arc<SourceRecord>, u64)>,
    used: BTreeMap<u64, RecordPosition>,
    turn: u64,
    bytes: usize,
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
    fn what_was_used_longest_ago_leaves_first() {
        let mut kept = RecordCache::of(4_000);
        let record = Arc::new(SourceRecord { payload: vec![0; 1_000], content_type: None });
        for offset in 0..4 {
            kept.put(place(offset), record.clone());
        }
        assert!(kept.get(&place(0)).is_some() && kept.bytes <= 4_000);
        kept.put(place(4), record.clone());
        assert!(kept.get(&place(1)).is_none(), "it was used longest ago");
        assert!([0, 2, 3, 4].iter().all(|offset| kept.get(&place(*offset)).is_some()));
        kept.put(place(4), record);
        assert_eq!((kept.records.len(), kept.used.len()), (4, 4));
        assert_eq!(kept.bytes, 4_000);
    }
}
