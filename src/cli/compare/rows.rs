//! The verdicts of a run, as rows that can be compared with those of another run.
//!
//! Each run has its own thread, and sends its rows batch by batch over a bounded channel, so memory
//! does not grow with the size of the files.

use crate::cli::color::safe;
use crate::cli::feed::{self, FeedFile};
use crate::config::Config;
use crate::daemon::pipeline::offline::NoOutputs;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::path::PathBuf;
use std::sync::Arc;
use wirefold_engine::event::{Classified, Event, EventKind};
use wirefold_engine::stories::StoryId;
use wirefold_engine::verdict::Kind;

/// Maximum number of batches of rows that wait in the channel.
const BATCHES_MAX: usize = 4;
/// Maximum length of a stored headline, in characters.
const HEADLINE_MAX: usize = 72;

/// The position of an article in the input. The rows of a run are in ascending order of position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowPosition {
    /// Index of the file in the list of inputs, from 0.
    pub(super) file: usize,
    pub(super) offset: i64,
    pub(super) item: u32,
}

/// The verdict of a run on an article.
#[derive(Debug, Clone)]
pub(super) struct VerdictRow {
    pub(super) at: RowPosition,
    pub(super) uri: String,
    pub(super) provider: String,
    pub(super) headline: String,
    pub(super) kind: Kind,
    /// The uri of the article that the kind refers to.
    pub(super) of: Option<String>,
    pub(super) rule: String,
    /// Whether the article is forwarded to the unique topic.
    pub(super) forwarded: bool,
    /// The uri of the article that it replaces in the unique topic.
    pub(super) replaces: Option<String>,
    /// The story that the article joined, with the story's headline at that time.
    pub(super) story: Option<(StoryId, String)>,
}

/// The totals of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct RunTotals {
    pub(super) rejected: u64,
    pub(super) stories: u64,
    pub(super) merges: u64,
    /// Number of events about withdrawals. One withdrawal can cause several events.
    pub(super) withdrawn: u64,
    /// Number of events about corrections. One correction can cause several events.
    pub(super) corrected: u64,
}

/// The rows of a batch and the totals so far.
type Sent = (Vec<VerdictRow>, RunTotals);

/// A run in the background.
pub(super) struct Run {
    rows: Receiver<Sent>,
    ready: std::vec::IntoIter<VerdictRow>,
    /// The totals so far.
    pub(super) totals: RunTotals,
    thread: std::thread::JoinHandle<anyhow::Result<()>>,
}

impl Run {
    /// Starts a run over `files` with the settings of `config`.
    pub(super) fn start(config: &Config, files: &[PathBuf]) -> anyhow::Result<Self> {
        let feeds = feed::open_all(files)?;
        let (config, (send, rows)) = (config.clone(), bounded(BATCHES_MAX));
        let thread = std::thread::Builder::new()
            .name("compare".into())
            .spawn(move || run(&config, &feeds, &send))?;
        let (ready, totals) = (Vec::new().into_iter(), RunTotals::default());
        Ok(Self { rows, ready, totals, thread })
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Option<VerdictRow> {
        loop {
            if let Some(row) = self.ready.next() {
                return Some(row);
            }
            let (rows, totals) = self.rows.recv().ok()?;
            self.ready = rows.into_iter();
            self.totals = totals;
        }
    }

    /// Waits for the end of the run.
    ///
    /// # Errors
    /// If the run failed.
    pub(super) fn finish(self) -> anyhow::Result<RunTotals> {
        drop(self.rows);
        match self.thread.join() {
            Ok(result) => result.map(|()| self.totals),
            Err(_) => anyhow::bail!("one of the two runs panicked"),
        }
    }
}

/// Runs the engine over `feeds` and sends its rows.
fn run(config: &Config, feeds: &[FeedFile], rows: &Sender<Sent>) -> anyhow::Result<()> {
    let mut names = FileNumbers { names: feeds.iter().map(FeedFile::name).collect(), at: 0 };
    let mut totals = RunTotals::default();
    let ended = |_| anyhow::anyhow!("the comparison has ended");
    feed::run(feeds, &config.engine, config.input.format, NoOutputs, |batch, _| {
        totals.rejected += batch.refused.values().chain(batch.isolated.values()).sum::<u64>();
        let row = |event: &Event| totals.add(event).map(|c| row(event, c, &mut names));
        let found = batch.events.iter().filter_map(row).collect();
        rows.send((found, totals)).map_err(ended)
    })?;
    Ok(())
}

impl RunTotals {
    /// Counts an event, and returns the classification in it.
    fn add<'a>(&mut self, event: &'a Event) -> Option<&'a Classified> {
        match &event.kind {
            EventKind::Classified(classified) => return Some(classified),
            EventKind::StoryOpened(_) => self.stories += 1,
            EventKind::StoryMerged(merged) if merged.key_story == merged.absorbed => {
                self.merges += 1;
            }
            EventKind::Withdrawn(_) => self.withdrawn += 1,
            EventKind::Corrected(_) => self.corrected += 1,
            _ => {}
        }
        None
    }
}

fn row(event: &Event, from: &Classified, names: &mut FileNumbers) -> VerdictRow {
    let (about, relation) = (&from.about, &from.verdict.relation);
    let (file, offset) = (names.of(&event.input.topic), event.input.offset);
    VerdictRow {
        at: RowPosition { file, offset, item: event.input.item },
        uri: about.uri.clone(),
        provider: about.provider.clone().unwrap_or_default(),
        headline: safe(&about.headline, HEADLINE_MAX),
        kind: relation.kind,
        of: relation.of.as_ref().map(|of| of.key.uri.clone()),
        rule: relation.rule.to_string(),
        forwarded: from.verdict.pass.is_forwarded(),
        replaces: from.verdict.pass.replaces().map(|replaced| replaced.uri.clone()),
        story: from.story.as_ref().map(|story| (story.id, safe(&story.headline, HEADLINE_MAX))),
    }
}

/// Finds the indices of files by their names. The names must be requested in order.
struct FileNumbers {
    names: Vec<Arc<str>>,
    at: usize,
}

impl FileNumbers {
    fn of(&mut self, name: &str) -> usize {
        let found = self.names.iter().skip(self.at).position(|known| **known == *name);
        self.at += found.unwrap_or_default();
        self.at
    }
}
