//! The records that the demo sends: the sample or the user's files, with timestamps.
//!
//! Cost: up to [`QUEUE_MAX`] records are read ahead from files, because the dates of later articles
//! can confirm the date of an earlier one (see [`clock`](crate::cli::feed::clock)).

use crate::cli::feed::clock::{AHEAD, FeedClock, UNDATED};
use crate::cli::feed::read::FileRecords;
use crate::cli::feed::{self, FeedFile};
use crate::config::Config;
use anyhow::{Context, bail};
use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use wirefold_engine::article::EventTime;
use wirefold_engine::decode::{self, Format};

/// One JSON article per line, in order of time.
const SAMPLE: &str = include_str!("wire.jsonl");
const CONTENT_TYPE: &str = "application/json";
/// Maximum number of records that are read ahead from files.
const QUEUE_MAX: usize = 4 * AHEAD;

/// A record to send.
pub(super) struct WireRecord {
    /// The payload: one or more articles, or bytes that cannot be decoded.
    pub(super) payload: Vec<u8>,
    /// The media type, if known.
    pub(super) content_type: Option<&'static str>,
    /// The record's key: the uri of the article, if known.
    pub(super) key: Option<String>,
    /// The record's timestamp.
    pub(super) stamp: EventTime,
    /// The origin of the record, for messages.
    pub(super) origin: String,
}

/// A source of records.
pub(super) enum Wire {
    /// The sample.
    Sample(SampleWire),
    /// Files.
    Files(Box<FileWire>),
}

impl Wire {
    /// Opens `files`, or the sample if there are none.
    ///
    /// # Errors
    /// If a file cannot be read, or the files contain no article.
    pub(super) fn open(files: &[PathBuf], config: &Config) -> anyhow::Result<Self> {
        if files.is_empty() {
            return Ok(Self::Sample(SampleWire::load(&config.engine.decode)));
        }
        let feeds = feed::open_all(files)?;
        Ok(Self::Files(Box::new(FileWire::open(feeds, config)?)))
    }

    /// The title for the first line of the demo.
    pub(super) fn title(&self) -> String {
        match self {
            Self::Sample(sample) => format!(
                "a sample wire of {} records from {} fictional agencies",
                sample.records.len(),
                sample.providers
            ),
            Self::Files(files) => files.title.clone(),
        }
    }

    /// The line printed at the end of the input.
    pub(super) fn end(&self) -> &'static str {
        if matches!(self, Self::Sample(_)) { "End of the sample." } else { "End of the files." }
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<WireRecord>> {
        match self {
            Self::Sample(sample) => Ok(sample.records.pop_front()),
            Self::Files(files) => files.next(),
        }
    }
}

/// The records of the sample.
pub(super) struct SampleWire {
    /// The records not sent yet.
    records: VecDeque<WireRecord>,
    /// Number of providers.
    providers: usize,
}

impl SampleWire {
    /// Loads the sample. A record that cannot be decoded gets the time of the previous record.
    fn load(settings: &decode::Settings) -> Self {
        let (mut stamp, mut providers) = (EventTime(0), BTreeSet::new());
        let lines = SAMPLE.lines().filter(|line| !line.is_empty());
        let record = |line: &str| {
            let items = decode::decode(line.as_bytes(), Some(CONTENT_TYPE), Format::Auto, settings);
            let key = items.into_iter().find_map(Result::ok).map(|article| {
                stamp = article.claimed_time().unwrap_or(stamp);
                providers.extend(article.provider);
                article.uri
            });
            WireRecord {
                payload: line.as_bytes().to_vec(),
                content_type: Some(CONTENT_TYPE),
                key,
                stamp,
                origin: "the sample".into(),
            }
        };
        let records = lines.map(record).collect();
        Self { records, providers: providers.len() }
    }
}

/// The records of files, with the same timestamps that `replay` gives them.
pub(super) struct FileWire {
    /// The title for the first line of the demo.
    title: String,
    /// The files that have not been opened yet.
    feeds: VecDeque<FeedFile>,
    /// The open file and the offset of its next record.
    open: Option<(FeedFile, FileRecords, u64)>,
    /// How records are decoded.
    settings: decode::Settings,
    format: Format,
    /// Records read ahead. The flag tells whether the record contains an article.
    queue: VecDeque<(WireRecord, bool)>,
    /// The dates of the queued records that contain articles.
    dates: VecDeque<Option<EventTime>>,
    /// The reason the first record without an article could not be decoded.
    problem: Option<String>,
    clock: FeedClock,
    now: EventTime,
}

impl FileWire {
    fn open(feeds: Vec<FeedFile>, config: &Config) -> anyhow::Result<Self> {
        let names: Vec<_> = feeds.iter().map(|feed| feed.name().to_string()).collect();
        let title = match names.as_slice() {
            [name] => format!("the articles of {name}"),
            names => format!("the articles of {} files", names.len()),
        };
        let mut wire = Self {
            title,
            feeds: feeds.into(),
            open: None,
            settings: config.engine.decode.clone(),
            format: config.input.format,
            queue: VecDeque::new(),
            dates: VecDeque::new(),
            problem: None,
            clock: FeedClock::new(config.engine.window),
            now: UNDATED,
        };
        while wire.dates.is_empty() && wire.queue.len() < QUEUE_MAX && wire.read()? {}
        if wire.dates.is_empty() && wire.queue.len() < QUEUE_MAX {
            let names = names.join(", ");
            match wire.problem {
                Some(problem) => {
                    bail!("no article in {names}; the first record is rejected: {problem}")
                }
                None => bail!("no article in {names}: the input is empty"),
            }
        }
        Ok(wire)
    }

    /// Reads one more record. Returns false at the end of the last file.
    fn read(&mut self) -> anyhow::Result<bool> {
        loop {
            if self.open.is_none() {
                let Some(feed) = self.feeds.pop_front() else { return Ok(false) };
                let records = feed.records()?;
                self.open = Some((feed, records, 0));
            }
            let Some((feed, records, offset)) = &mut self.open else { return Ok(false) };
            let name = feed.name();
            let payload = records.next().with_context(|| format!("cannot read `{name}`"))?;
            let Some(payload) = payload else {
                self.open = None;
                continue;
            };
            let origin = format!("offset {offset} of {name}");
            *offset += 1;
            self.take(payload, origin);
            return Ok(true);
        }
    }

    /// Appends a record to the queue, and the latest date of its articles to `dates`.
    fn take(&mut self, payload: Vec<u8>, origin: String) {
        let items = decode::decode(&payload, None, self.format, &self.settings);
        let mut articles = items.iter().filter_map(|item| item.as_ref().ok()).peekable();
        let has_article = articles.peek().is_some();
        if has_article {
            self.dates.push_back(articles.filter_map(feed::date).max());
        } else if self.problem.is_none() {
            self.problem = items.iter().find_map(|item| Some(item.as_ref().err()?.to_string()));
        }
        let (key, content_type, stamp) = (None, None, self.now);
        self.queue
            .push_back((WireRecord { payload, content_type, key, stamp, origin }, has_article));
    }

    fn next(&mut self) -> anyhow::Result<Option<WireRecord>> {
        while self.dates.len() < AHEAD && self.queue.len() < QUEUE_MAX && self.read()? {}
        let Some((mut record, has_article)) = self.queue.pop_front() else { return Ok(None) };
        if has_article {
            self.now = self.clock.next(self.dates.make_contiguous());
            self.dates.pop_front();
        }
        record.stamp = self.now;
        Ok(Some(record))
    }
}
