//! Runs the engine over files.
//!
//! In: files, plain or compressed with gzip, split into records by [`read`]; `-` is stdin. Out: the
//! batches that an [`OfflineShard`] produces for them, which are the same as the daemon's. One
//! thread reads records and has them prepared on all cores, while another applies the records that
//! are already prepared.
//!
//! The date of an article is its publication time; if the article states none, the creation time of
//! this version; if it states neither, the creation time of the first version. The date of a record
//! is the latest date of its articles. [`clock`] derives the timestamps of the records from these
//! dates.
//!
//! Cost: memory is limited to a few batches of records, unless a file is a single array or
//! document.

pub(super) mod clock;
pub(super) mod read;

use crate::cli::print;
use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::broker::{InputRecord, Partition};
use crate::daemon::pipeline::encoder::EventEncoder;
use crate::daemon::pipeline::offline::{OfflinePreparer, OfflineShard};
use crate::daemon::pipeline::prepare::PreparedRecord;
use anyhow::Context;
use clock::{AHEAD, FeedClock, WITNESSES};
use crossbeam_channel::{Receiver, Sender, bounded};
use read::FileRecords;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, EventTime};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::fingerprint::SamplingKey;

/// Maximum number of records in a batch. The records of a batch are prepared in parallel.
const BATCH: usize = 128;
/// A batch is closed early after this many bytes of payload.
const BATCH_BYTES: usize = 16 << 20;

/// Maximum number of prepared batches that wait to be applied. Batches that were received early,
/// because the clock needs the dates of later records, are not counted.
const BATCHES_AHEAD: usize = 2;

/// The sampling key for runs over files. It is fixed and not secret, so that results are
/// reproducible.
pub(super) const REPLAY_KEY: SamplingKey = SamplingKey(0);

/// An input file.
pub(super) struct FeedFile {
    /// Its path; `-` is stdin.
    path: PathBuf,
    /// Its size; `None` for stdin.
    bytes: Option<u64>,
    /// Whether damage to the file has been reported. The file may be read twice.
    is_reported: Arc<AtomicBool>,
}

impl FeedFile {
    /// Checks that the file can be read; `-` is stdin.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path.to_owned();
        if path == Path::new("-") {
            return Ok(Self { path, bytes: None, is_reported: Arc::default() });
        }
        let metadata = std::fs::File::open(&path).and_then(|file| file.metadata());
        let metadata = metadata.with_context(|| format!("cannot read `{}`", path.display()))?;
        anyhow::ensure!(!metadata.is_dir(), "cannot read `{}`: it is a directory", path.display());
        Ok(Self { bytes: Some(metadata.len()), path, is_reported: Arc::default() })
    }

    /// The size of the file's content; `None` if it is not known, as for stdin and compressed
    /// files.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.bytes.filter(|_| self.path.extension().is_none_or(|extension| extension != "gz"))
    }

    /// The file name, used as the topic in input positions.
    pub(super) fn name(&self) -> Arc<str> {
        match self.bytes {
            None => "stdin".into(),
            Some(_) => self.path.file_name().unwrap_or_default().to_string_lossy().into(),
        }
    }

    /// The records of the file. If the file is compressed and damaged, prints a remark and returns
    /// the records before the damage.
    pub(super) fn records(&self) -> anyhow::Result<FileRecords> {
        let reading = || format!("cannot read `{}`", self.path.display());
        let source: Box<dyn std::io::Read + Send> = match self.bytes {
            None => Box::new(std::io::stdin()),
            Some(_) => Box::new(std::fs::File::open(&self.path).with_context(reading)?),
        };
        let (shown, is_reported) = (self.path.display().to_string(), self.is_reported.clone());
        let on_damage = move |damage| {
            if !is_reported.swap(true, Ordering::Relaxed) {
                print::remark(format_args!(
                    "`{shown}` is damaged: {damage}; only the content before the damage is read"
                ));
            }
        };
        FileRecords::open(source, on_damage).with_context(reading)
    }
}

/// Opens all files.
pub(super) fn open_all(paths: &[PathBuf]) -> anyhow::Result<Vec<FeedFile>> {
    paths.iter().map(|path| FeedFile::open(path)).collect()
}

/// Runs the engine over `feeds` in order, calls `each` with every batch and the size of its input
/// in bytes, and returns the shard.
pub(super) fn run<E: EventEncoder>(
    feeds: &[FeedFile],
    settings: &Settings,
    format: Format,
    encoder: E,
    mut each: impl FnMut(Batch, u64) -> anyhow::Result<()>,
) -> anyhow::Result<OfflineShard<E>> {
    let mut shard = OfflineShard::new(settings.clone(), format, REPLAY_KEY, encoder)?;
    let mut clock = FeedClock::new(settings.window);
    let preparer = shard.preparer();
    std::thread::scope(|scope| {
        let (send, batches) = bounded(BATCHES_AHEAD);
        scope.spawn(move || {
            if let Err(error) = prepare_all(feeds, &preparer, &send) {
                // If the receiver is gone, applying a batch has failed, and that error is reported.
                drop(send.send(Err(error)));
            }
        });
        let mut ahead = ReadAhead::new(batches);
        let mut now = clock::UNDATED;
        if ahead.dates()?.iter().all(Option::is_none) {
            clock.start(&first_dates(feeds, settings, format)?);
        }
        loop {
            let (mut records, mut bytes) = (Vec::with_capacity(BATCH), 0);
            while records.len() < BATCH && bytes < BATCH_BYTES {
                let Some(mut record) = ahead.next()? else { break };
                if record.articles().next().is_some() {
                    now = clock.next(ahead.dates()?);
                    ahead.dates.pop_front();
                }
                record.set_timestamp(now);
                bytes += record.bytes() + 1;
                records.push(record);
            }
            if records.is_empty() && !shard.has_lifted() {
                return Ok(shard);
            }
            each(shard.apply(records)?, bytes as u64)?;
        }
    })
}

/// The date of an article: its publication time; if the article states none, the creation time of
/// this version; if it states neither, the creation time of the first version.
pub(in crate::cli) fn date(article: &Article) -> Option<EventTime> {
    article.published.or_else(|| article.claimed_time())
}

/// The first dates of the files, as many as the clock needs to start. Empty for stdin, which cannot
/// be read twice.
fn first_dates(
    feeds: &[FeedFile],
    settings: &Settings,
    format: Format,
) -> anyhow::Result<Vec<Option<EventTime>>> {
    let mut dates = Vec::new();
    for feed in feeds.iter().filter(|feed| feed.bytes.is_some()) {
        let mut records = feed.records()?;
        let reading = || format!("cannot read `{}`", feed.path.display());
        while let Some(bytes) = records.next().with_context(reading)? {
            let articles = decode::decode(&bytes, None, format, &settings.decode);
            let date = articles.iter().flatten().filter_map(date).max();
            dates.extend(date.map(Some));
            if dates.len() > WITNESSES {
                return Ok(dates);
            }
        }
    }
    Ok(dates)
}

/// The date of a record: the latest date of its articles.
fn record_date(record: &PreparedRecord) -> Option<EventTime> {
    record.articles().filter_map(date).max()
}

/// Records that are read and prepared on another thread, some time before they are applied.
struct ReadAhead {
    /// The next batches.
    batches: Receiver<anyhow::Result<Vec<PreparedRecord>>>,
    /// Prepared records that have not been applied yet.
    ready: VecDeque<PreparedRecord>,
    /// The dates of the prepared records that contain articles.
    dates: VecDeque<Option<EventTime>>,
}

impl ReadAhead {
    fn new(batches: Receiver<anyhow::Result<Vec<PreparedRecord>>>) -> Self {
        Self { batches, ready: VecDeque::new(), dates: VecDeque::new() }
    }

    /// The next record; `None` at the end of the last file.
    fn next(&mut self) -> anyhow::Result<Option<PreparedRecord>> {
        while self.ready.is_empty() && self.read()? {}
        Ok(self.ready.pop_front())
    }

    /// The dates of the next records that contain articles: at least [`AHEAD`], or all that remain.
    fn dates(&mut self) -> anyhow::Result<&[Option<EventTime>]> {
        while self.dates.len() < AHEAD && self.read()? {}
        Ok(self.dates.make_contiguous())
    }

    /// Waits for the next batch. Returns false at the end of the last file.
    fn read(&mut self) -> anyhow::Result<bool> {
        let Ok(batch) = self.batches.recv() else { return Ok(false) };
        let batch = batch?;
        let dated = batch.iter().filter(|record| record.articles().next().is_some());
        self.dates.extend(dated.map(record_date));
        self.ready.extend(batch);
        Ok(true)
    }
}

/// Prepares all records of all files and sends them in batches, until the receiver is gone.
fn prepare_all(
    feeds: &[FeedFile],
    preparer: &OfflinePreparer,
    send: &Sender<anyhow::Result<Vec<PreparedRecord>>>,
) -> anyhow::Result<()> {
    for feed in feeds {
        let (mut records, name, mut offset) = (feed.records()?, feed.name(), 0);
        loop {
            let batch = batch(&mut records, &name, &mut offset)
                .with_context(|| format!("cannot read `{}`", feed.path.display()))?;
            if batch.is_empty() {
                break;
            }
            if send.send(Ok(preparer.prepare(batch))).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads the next batch of records of a file; empty at its end.
fn batch(
    records: &mut FileRecords,
    name: &Arc<str>,
    offset: &mut i64,
) -> std::io::Result<Vec<InputRecord>> {
    let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
    while batch.len() < BATCH && bytes < BATCH_BYTES {
        let Some(payload) = records.next()? else { break };
        bytes += payload.len();
        batch.push(record(name, *offset, payload));
        *offset += 1;
    }
    Ok(batch)
}

/// An input record whose payload is these bytes.
pub(super) fn record(name: &Arc<str>, offset: i64, payload: Vec<u8>) -> InputRecord {
    InputRecord {
        from: Partition { topic: name.clone(), partition: 0 },
        offset,
        timestamp: None,
        key: None,
        payload: Some(payload),
        headers: Vec::new(),
    }
}

/// Decodes all articles of a file.
pub(super) fn articles(
    path: &Path,
    settings: &Settings,
    format: Format,
) -> anyhow::Result<Vec<Result<Article, decode::Error>>> {
    let feed = FeedFile::open(path)?;
    let mut records = feed.records()?;
    let mut all = Vec::new();
    while let Some(bytes) = records.next()? {
        all.extend(decode::decode(&bytes, None, format, &settings.decode));
    }
    Ok(all)
}
