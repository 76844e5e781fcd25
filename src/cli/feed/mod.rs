//! Files to input records, and a run of the engine over them.
//!
//! In: files ([`read`] says how they are cut), `-` is stdin. Out: batch by batch, prepared in
//! parallel and applied one by one, what the engine says of each item.
//!
//! The date of an article is its publication, or else the time that this version claims; [`clock`]
//! makes the engine's time of it.
//!
//! Cost: memory is bounded by two batches of records, unless a file is one array or one document.

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
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::{Prepared, prepare};
use wirefold_engine::state::{LiftedEmbargo, State};

/// Records that are prepared together.
const BATCH: usize = 512;
/// Bytes after which a batch is closed early.
const BATCH_BYTES: usize = 16 << 20;

/// A replay has no deployment, and so no secret: results must repeat.
pub(super) const REPLAY_KEY: FloodKey = FloodKey(0);

/// One file.
pub(super) struct FeedFile {
    path: PathBuf,
    bytes: Option<u64>,
}

/// What became of one item.
pub(super) enum ItemOutcome {
    /// It was applied.
    Events(Vec<Event>),
    /// It was refused.
    Refused(decode::Error),
}

/// One item of one record, applied.
pub(super) struct AppliedItem<'a> {
    pub(super) record: &'a InputRecord,
    pub(super) item: u32,
    /// The part of the record that holds the item.
    pub(super) part: &'a RecordPart,
    /// How many items the record holds.
    pub(super) items: u32,
    pub(super) outcome: ItemOutcome,
    /// Where the item came from.
    pub(super) input: InputPosition,
    /// Earlier articles whose embargo has ended by now.
    pub(super) lifted: Vec<LiftedEmbargo>,
}

impl FeedFile {
    /// Looks at a file, or takes stdin for `-`.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let path = path.to_owned();
        if path == Path::new("-") {
            return Ok(Self { path, bytes: None });
        }
        let found = std::fs::File::open(&path).and_then(|file| file.metadata());
        let found = found.with_context(|| format!("cannot read `{}`", path.display()))?;
        anyhow::ensure!(!found.is_dir(), "cannot read `{}`: it is a folder", path.display());
        Ok(Self { bytes: Some(found.len()), path })
    }

    /// Its size; `None` for stdin.
    pub(super) fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// The name that positions carry: that of the file.
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

/// Opens every file in turn.
pub(super) fn open_all(paths: &[PathBuf]) -> anyhow::Result<Vec<FeedFile>> {
    paths.iter().map(|path| FeedFile::open(path)).collect()
}

/// An article, decoded and prepared, and its part of the record.
type ReadyItem = (RecordPart, Result<Box<Prepared>, decode::Error>);

/// Runs the engine over `feeds` in order and calls `each` for every item.
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
            // A replay keeps no changelog: what would be written is let go.
            drop(state.take_changes());
            let lifted = state.take_lifted();
            let (record, part) = (&record, &part);
            each(AppliedItem { record, item, part, items: count, outcome, input, lifted })?;
        }
    }
    Ok(state)
}

/// The date of an article in a file.
pub(super) fn date(article: &Article) -> Option<EventTime> {
    article.published.or_else(|| article.claimed_time())
}

/// The records of all files, decoded and prepared a while before they are applied.
struct ReadAhead<'a> {
    feeds: std::slice::Iter<'a, FeedFile>,
    file: Option<(&'a FeedFile, Arc<str>, FileRecords, i64)>,
    settings: &'a Settings,
    format: Format,
    ready: VecDeque<(InputRecord, Vec<ReadyItem>)>,
    /// The dates of the articles that are not applied yet.
    dates: VecDeque<Option<EventTime>>,
}

impl<'a> ReadAhead<'a> {
    fn new(feeds: &'a [FeedFile], settings: &'a Settings, format: Format) -> Self {
        let (ready, dates) = (VecDeque::new(), VecDeque::new());
        Self { feeds: feeds.iter(), file: None, settings, format, ready, dates }
    }

    /// The next record, with its items.
    fn next(&mut self) -> anyhow::Result<Option<(InputRecord, Vec<ReadyItem>)>> {
        while self.ready.is_empty() && self.read()? {}
        Ok(self.ready.pop_front())
    }

    /// The dates of the next articles: of [`AHEAD`] or more, as long as there are so many.
    fn dates(&mut self) -> anyhow::Result<&[Option<EventTime>]> {
        while self.dates.len() < AHEAD && self.read()? {}
        Ok(self.dates.make_contiguous())
    }

    /// Reads a batch of records. Says whether there was one.
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

/// The next records of a file; empty at its end.
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

/// Bytes as an input record.
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
    let items = decode::items(bytes, None, format, &settings.wire).into_iter();
    items.map(|item| (item.part, item.article.map(ready))).collect()
}

/// All articles of a file, decoded.
pub(super) fn articles(
    path: &Path,
    settings: &Settings,
    format: Format,
) -> anyhow::Result<Vec<Result<Article, decode::Error>>> {
    let feed = FeedFile::open(path)?;
    let mut records = feed.records()?;
    let mut all = Vec::new();
    while let Some(bytes) = records.next()? {
        all.extend(decode::decode(&bytes, None, format, &settings.wire));
    }
    Ok(all)
}
