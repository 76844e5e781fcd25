//! Runs the engine over files.
//!
//! In: files, split into records by [`read`]; `-` is stdin. Out: what the engine returns for each
//! item. Records are decoded and prepared in parallel, batch by batch, and applied one by one.
//!
//! The date of an article is its publication time or, if missing, the time that this version
//! claims; [`clock`] derives the engine's time from these dates.
//!
//! Cost: memory is bounded by a few batches of records, unless a file is one array or document.

pub(super) mod clock;
pub(super) mod read;

use crate::daemon::pipeline::broker::{InputRecord, Partition};
use anyhow::Context;
use clock::{AHEAD, FeedClock};
use rayon::prelude::*;
use read::FileRecords;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, EventTime, InputPosition};
use wirefold_engine::decode::{self, Format, RecordPart};
use wirefold_engine::event::Event;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::{Prepared, prepare};
use wirefold_engine::state::{LiftedEmbargo, State};

/// The most records in a batch, which is prepared in parallel.
const BATCH: usize = 512;
/// Payload bytes after which a batch is closed early.
const BATCH_BYTES: usize = 16 << 20;

/// The key of a run over files: fixed and not secret, so that results are reproducible.
pub(super) const REPLAY_KEY: SamplingKey = SamplingKey(0);

/// An input file.
pub(super) struct FeedFile {
    /// Its path; `-` is stdin.
    path: PathBuf,
    /// Its size; `None` for stdin.
    bytes: Option<u64>,
}

/// The outcome for one item.
pub(super) enum ItemOutcome {
    /// The engine processed the item and returned these events.
    Events(Vec<Event>),
    /// The item could not be decoded.
    Refused(decode::Error),
}

/// An item of a record, with its outcome.
pub(super) struct AppliedItem<'a> {
    /// The record that holds the item.
    pub(super) record: &'a InputRecord,
    /// Number of the item within its record, from 0.
    pub(super) item: u32,
    /// The part of the record that holds the item.
    pub(super) part: &'a RecordPart,
    /// How many items the record holds.
    pub(super) items: u32,
    /// What happened to the item.
    pub(super) outcome: ItemOutcome,
    /// The position of the item.
    pub(super) input: InputPosition,
    /// Articles whose embargo had ended when the item was applied.
    pub(super) lifted: Vec<LiftedEmbargo>,
}

impl FeedFile {
    /// Checks that the file can be read; `-` is stdin.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path.to_owned();
        if path == Path::new("-") {
            return Ok(Self { path, bytes: None });
        }
        let metadata = std::fs::File::open(&path).and_then(|file| file.metadata());
        let metadata = metadata.with_context(|| format!("cannot read `{}`", path.display()))?;
        anyhow::ensure!(!metadata.is_dir(), "cannot read `{}`: it is a directory", path.display());
        Ok(Self { bytes: Some(metadata.len()), path })
    }

    /// Its size; `None` for stdin.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// The file name, used as the topic in input positions.
    fn name(&self) -> Arc<str> {
        match self.bytes {
            None => "stdin".into(),
            Some(_) => self.path.file_name().unwrap_or_default().to_string_lossy().into(),
        }
    }

    fn records(&self) -> anyhow::Result<FileRecords> {
        let reading = || format!("cannot read `{}`", self.path.display());
        let source: Box<dyn std::io::Read> = match self.bytes {
            None => Box::new(std::io::stdin()),
            Some(_) => Box::new(std::fs::File::open(&self.path).with_context(reading)?),
        };
        FileRecords::open(source).with_context(reading)
    }
}

/// Opens all files.
pub(super) fn open_all(paths: &[PathBuf]) -> anyhow::Result<Vec<FeedFile>> {
    paths.iter().map(|path| FeedFile::open(path)).collect()
}

/// A decoded and prepared article, or the reason why it was refused, and its part of the record.
type ReadyItem = (RecordPart, Result<Box<Prepared>, decode::Error>);

/// Runs the engine over `feeds` in order, calls `each` for every item and returns the final state.
pub(super) fn run(
    feeds: &[FeedFile],
    settings: &Settings,
    format: Format,
    mut each: impl FnMut(AppliedItem<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<State> {
    let mut state = State::new(settings.clone(), REPLAY_KEY);
    let mut clock = FeedClock::new(settings.window);
    let mut ahead = ReadAhead::new(feeds, settings, format);
    let mut now = clock::UNDATED;
    while let Some((mut record, items)) = ahead.next()? {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        for ((part, ready), item) in items.into_iter().zip(0..) {
            let input = position(&record, item);
            let outcome = match ready {
                Ok(new) => {
                    now = clock.next(ahead.dates()?);
                    ahead.dates.pop_front();
                    ItemOutcome::Events(state.apply(*new, now, input.clone()))
                }
                Err(error) => ItemOutcome::Refused(error),
            };
            record.timestamp = Some(now);
            // Discard changelog records: a run over files has no changelog.
            drop(state.take_changes());
            let lifted = state.take_lifted();
            let (record, part) = (&record, &part);
            each(AppliedItem { record, item, part, items: count, outcome, input, lifted })?;
        }
    }
    Ok(state)
}

/// The date of an article: its publication time, else the time that this version claims.
pub(super) fn date(article: &Article) -> Option<EventTime> {
    article.published.or_else(|| article.claimed_time())
}

/// Reads, decodes and prepares records some time before they are applied.
struct ReadAhead<'a> {
    /// The files not opened yet.
    feeds: std::slice::Iter<'a, FeedFile>,
    /// The open file, its name, its records and the offset of its next record.
    file: Option<(&'a FeedFile, Arc<str>, FileRecords, i64)>,
    /// The engine's settings.
    settings: &'a Settings,
    /// The format of the records.
    format: Format,
    /// Records with their prepared items, not applied yet.
    ready: VecDeque<(InputRecord, Vec<ReadyItem>)>,
    /// The dates of the articles not applied yet.
    dates: VecDeque<Option<EventTime>>,
}

impl<'a> ReadAhead<'a> {
    fn new(feeds: &'a [FeedFile], settings: &'a Settings, format: Format) -> Self {
        let (ready, dates) = (VecDeque::new(), VecDeque::new());
        Self { feeds: feeds.iter(), file: None, settings, format, ready, dates }
    }

    /// The next record, with its items; `None` at the end of the last file.
    fn next(&mut self) -> anyhow::Result<Option<(InputRecord, Vec<ReadyItem>)>> {
        while self.ready.is_empty() && self.read()? {}
        Ok(self.ready.pop_front())
    }

    /// The dates of the next articles: at least [`AHEAD`], or all that remain.
    fn dates(&mut self) -> anyhow::Result<&[Option<EventTime>]> {
        while self.dates.len() < AHEAD && self.read()? {}
        Ok(self.dates.make_contiguous())
    }

    /// Reads and prepares a batch of records. Returns false at the end of the last file.
    fn read(&mut self) -> anyhow::Result<bool> {
        loop {
            if self.file.is_none() {
                let Some(feed) = self.feeds.next() else { return Ok(false) };
                self.file = Some((feed, feed.name(), feed.records()?, 0));
            }
            let Some((feed, name, records, offset)) = &mut self.file else { return Ok(false) };
            let batch = batch(records, name, offset)
                .with_context(|| format!("cannot read `{}`", feed.path.display()))?;
            if batch.is_empty() {
                self.file = None;
                continue;
            }
            let (settings, format) = (self.settings, self.format);
            let ready: Vec<Vec<ReadyItem>> =
                batch.par_iter().map(|record| decoded(record, settings, format)).collect();
            let articles = ready.iter().flatten().filter_map(|(_, ready)| ready.as_ref().ok());
            self.dates.extend(articles.map(|new| date(&new.article)));
            self.ready.extend(batch.into_iter().zip(ready));
            return Ok(true);
        }
    }
}

fn position(record: &InputRecord, item: u32) -> InputPosition {
    let Partition { topic, partition } = record.from.clone();
    InputPosition { topic, partition, offset: record.offset, item }
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

/// An input record with these bytes as payload.
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

fn decoded(record: &InputRecord, settings: &Settings, format: Format) -> Vec<ReadyItem> {
    let bytes = record.payload.as_deref().unwrap_or_default();
    let ready = |article| Box::new(prepare(article, settings, REPLAY_KEY));
    let items = decode::decode_items(bytes, None, format, &settings.decode).into_iter();
    items.map(|item| (item.part, item.article.map(ready))).collect()
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
