//! `wirefold replay`: files to events, without Kafka.
//!
//! Events are CloudEvents in structured mode, one JSON line each; the unique feed is the original
//! records, a line each where they are one line; a reject line holds where, why and the untouched
//! bytes, and can be replayed itself. A file gets its name when the run has succeeded ([`files`]).

use super::feed::read::{RejectReason, RejectedLine};
use super::feed::{self, AppliedItem, ItemOutcome};
use super::files::{self, NamedPath, OutputFile};
use super::run::encoder;
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::pipeline::batch::waits;
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use crate::daemon::pipeline::embargoed::EmbargoedRecords;
use crate::daemon::pipeline::encoder::{EventContext, EventEncoder};
use crate::daemon::publish::Mode;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use wirefold_engine::decode;

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON Lines, an array, or one item a file; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where events go; `-` is stdout.
    #[arg(long, value_name = "FILE", default_value = "-")]
    events: PathBuf,
    /// Where the records of articles that bring something new go.
    #[arg(long, value_name = "FILE")]
    unique: Option<PathBuf>,
    /// Where refused records go, with their reasons; `replay` reads such a file again.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

impl Args {
    /// What is read, the configuration file too, and what is written.
    fn distinct(&self, config: Option<&Path>) -> anyhow::Result<()> {
        fn named<'a>(option: &'a str, path: &'a Path) -> NamedPath<'a> {
            NamedPath { option, path }
        }
        let inputs = self.files.iter().map(|path| named("the input", path));
        let inputs = inputs.chain(config.map(|path| named("--config", path))).collect::<Vec<_>>();
        let outputs = [
            Some(named("--events", &self.events)),
            self.unique.as_deref().map(|path| named("--unique", path)),
            self.rejects.as_deref().map(|path| named("--rejects", path)),
        ];
        files::distinct(&inputs, &outputs.into_iter().flatten().collect::<Vec<_>>())
    }
}

/// Runs `replay`; `file` is the configuration file.
pub(super) fn run(config: &Config, file: Option<&Path>, args: &Args) -> Result<(), CommandError> {
    args.distinct(file).map_err(CommandError::Usage)?;
    let mut config = config.clone();
    config.output.mode = Mode::Structured;
    let feeds = feed::open_all(&args.files)?;
    let bar = progress(feeds.iter().map(feed::FeedFile::bytes).sum());
    let mut told = ReplayOutput {
        sinks: Sinks::open(args)?,
        encoder: encoder(&config),
        // Without a changelog all of it stays here.
        held: EmbargoedRecords::within(usize::MAX),
        sequence: 0,
        n: 0,
        accepted: 0,
        refused: 0,
    };
    let state = feed::run(&feeds, &config.engine, config.input.format, |applied| {
        if applied.item == 0 {
            bar.inc(applied.record.payload.as_ref().map_or(0, |bytes| bytes.len() as u64 + 1));
        }
        told.take(&applied)
    })?;
    let ReplayOutput { sinks, accepted, refused, sequence, .. } = told;
    let written = sinks.finish()?;
    bar.finish_and_clear();
    let live = state.live_stories();
    print::remark(format_args!(
        "{accepted} articles, {refused} rejected, {sequence} events, {live} live stories"
    ));
    print::remark(format_args!("written: {}", written.join(", ")));
    Ok(())
}

/// What was told so far, and to whom.
struct ReplayOutput<E> {
    sinks: Sinks,
    encoder: E,
    held: EmbargoedRecords,
    sequence: u64,
    n: u32,
    accepted: u64,
    refused: u64,
}

impl<E: EventEncoder> ReplayOutput<E> {
    fn take(&mut self, applied: &AppliedItem<'_>) -> anyhow::Result<()> {
        self.n = if applied.item == 0 { 0 } else { self.n };
        applied.lifted.iter().for_each(|lifted| self.held.lift(lifted));
        while let Some((_, record)) = self.held.pass_on() {
            record.map_or(Ok(()), |record| self.sinks.write(&record))?;
            drop(self.held.take_changes());
        }
        match &applied.outcome {
            ItemOutcome::Refused(error) => {
                self.refused += 1;
                self.sinks.refuse(applied, error)
            }
            ItemOutcome::Events(events) => {
                self.accepted += 1;
                for event in events {
                    let (n, sequence) = (self.n, self.sequence);
                    let record = applied.record;
                    let (part, items) = (applied.part, applied.items);
                    let told = EventContext { event, n, sequence, record, part, items, resets: 0 };
                    for said in self.encoder.encode(&told) {
                        self.sinks.write(&said)?;
                    }
                    if waits(event)
                        && let Some(said) = self.encoder.unique(&told)
                    {
                        self.held.put(&applied.input, said, 0);
                    }
                    self.n += 1;
                    self.sequence += 1;
                }
                // A replay has no changelog.
                drop(self.held.take_changes());
                Ok(())
            }
        }
    }
}

/// What a failure to write is told as.
const CANNOT: &str = "the replay stopped";

struct Sinks {
    events: OutputFile,
    unique: Option<OutputFile>,
    rejects: Option<OutputFile>,
}

impl Sinks {
    fn open(args: &Args) -> anyhow::Result<Self> {
        let optional = |path: &Option<PathBuf>| path.as_deref().map(OutputFile::open).transpose();
        Ok(Self {
            events: OutputFile::open(&args.events)?,
            unique: optional(&args.unique)?,
            rejects: optional(&args.rejects)?,
        })
    }

    fn write(&mut self, said: &OutputRecord) -> anyhow::Result<()> {
        let Some(bytes) = &said.payload else { return Ok(()) };
        match (said.role, &mut self.unique) {
            (Role::Events, _) => self.say(bytes),
            (Role::Unique, Some(sink)) => sink.line(bytes).context(CANNOT),
            _ => Ok(()),
        }
    }

    /// An event.
    fn say(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let said = self.events.line(bytes).context(CANNOT);
        self.unheard(said)
    }

    /// When the reader of the events has had enough, files that were asked for are still written in
    /// full.
    fn unheard(&mut self, said: anyhow::Result<()>) -> anyhow::Result<()> {
        match said {
            Err(error)
                if print::hung_up(&error) && (self.unique.is_some() || self.rejects.is_some()) =>
            {
                self.events.close();
                Ok(())
            }
            said => said,
        }
    }

    fn refuse(&mut self, applied: &AppliedItem<'_>, error: &decode::Error) -> anyhow::Result<()> {
        let Some(sink) = &mut self.rejects else { return Ok(()) };
        let record = applied.record;
        let reason = RejectReason {
            stage: "wire".into(),
            reason: error.reason().into(),
            message: error.to_string(),
            topic: record.from.topic.to_string(),
            partition: record.from.partition,
            offset: record.offset,
            item: applied.item,
        };
        let bytes = record.payload.as_deref().unwrap_or_default();
        sink.line(&serde_json::to_vec(&RejectedLine::new(reason, bytes))?).context(CANNOT)
    }

    /// Ends all outputs; says what was written where. No file gets its name before every output has
    /// taken all that was written.
    fn finish(mut self) -> anyhow::Result<Vec<String>> {
        let flushed = self.events.flush().context(CANNOT);
        self.unheard(flushed)?;
        let all = [Some(self.events), self.unique, self.rejects];
        let mut all: Vec<OutputFile> = all.into_iter().flatten().collect();
        for output in &mut all {
            output.flush().context(CANNOT)?;
        }
        all.into_iter().map(|output| output.finish().context(CANNOT)).collect()
    }
}

/// A bar over the bytes of all files, or a count where they are not known; hidden where nobody
/// looks.
fn progress(bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = match bytes {
        Some(_) => "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style)
}
