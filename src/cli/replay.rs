//! `wirefold replay`: processes files without Kafka.
//!
//! In: article files. Out: the following files. All except the report consist of lines.
//! - events: CloudEvents in structured mode, one JSON object per line;
//! - unique: the payloads of the unique topic, each followed by a newline;
//! - rejects: one JSON object per rejected item, with its position, the reason and the original
//!   bytes. `replay` can read such a file again;
//! - report: an HTML page (see [`report`]).
//!
//! At the end, the summary goes to stdout, or to stderr if another output goes to stdout. Events go
//! to stdout unless `--events` names a file. With `--json` or `--report`, events are written only
//! if `--events` is given, because the summary or the report is the result.
//!
//! Output files appear under their names only when the run has succeeded (see [`files`]).

use super::color::Color;
use super::feed::{
    self,
    read::{RejectReason, RejectedLine},
};
use super::files::{self, NamedPath, OutputFile};
use super::run::encoder;
use super::summary::contents::{RecordContents, RejectedItem};
use super::summary::json::SummaryInfo;
use super::summary::{self, Summary};
use super::words::counted;
use super::{CommandError, print, report};
use crate::config::Config;
use crate::daemon::pipeline::broker::{OutputRecord, Role};
use crate::daemon::publish::Mode;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Input files: JSON Lines, a JSON array, a feed or a single article; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Output file for events; `-` is stdout. Without this option, events go to stdout, or are not
    /// written if --json or --report is given.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Output file for the original records of articles that contain something new.
    #[arg(long, value_name = "FILE")]
    unique: Option<PathBuf>,
    /// Output file for rejected records and the reasons. It can be replayed.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Output file for a report of copies, publishers and stories: one HTML page with charts.
    /// Events are then written only with --events.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Prints the summary as JSON. Events are then written only with --events.
    #[arg(long)]
    json: bool,
}

impl Args {
    /// The output file for events; `None` if events are not written.
    fn events(&self) -> Option<&Path> {
        let unnamed = (!self.json && self.report.is_none()).then_some(Path::new("-"));
        self.events.as_deref().or(unnamed)
    }

    /// Checks that no output is also an input, the configuration file or another output.
    fn distinct(&self, config: Option<&Path>) -> anyhow::Result<()> {
        fn named<'a>(option: &'a str, path: &'a Path) -> NamedPath<'a> {
            NamedPath { option, path }
        }
        let inputs = self.files.iter().map(|path| named("the input", path));
        let inputs = inputs.chain(config.map(|path| named("--config", path))).collect::<Vec<_>>();
        let outputs = [
            self.events().map(|path| named("--events", path)),
            self.unique.as_deref().map(|path| named("--unique", path)),
            self.rejects.as_deref().map(|path| named("--rejects", path)),
            self.report.as_deref().map(|path| named("--report", path)),
        ];
        files::check_distinct(&inputs, &outputs.into_iter().flatten().collect::<Vec<_>>())
    }

    /// Prints the totals and the summary: to stdout, or to stderr if an output goes to stdout.
    fn conclude(
        &self,
        summary: &Summary,
        took: Duration,
        live: usize,
        written: &[String],
    ) -> anyhow::Result<()> {
        let optional = [&self.unique, &self.rejects, &self.report].map(Option::as_deref);
        let outputs = optional.into_iter().chain([self.events()]);
        let stdout_taken = outputs.flatten().any(files::is_stdout);
        if self.json {
            let info = SummaryInfo::of(summary, took.as_secs_f64());
            if stdout_taken {
                print::remark(serde_json::to_string_pretty(&info)?);
            } else {
                print::json(&info)?;
            }
            return Ok(());
        }
        let mut lines = summary::text::lines(summary, took, Color::none());
        if !summary.rejects.is_empty() && self.rejects.is_none() {
            lines.push(
                "        `--rejects FILE` writes the rejected records and the reasons".into(),
            );
        }
        lines.push(String::new());
        if stdout_taken {
            print::remark(lines.join("\n"));
        } else {
            print::lines(lines)?;
        }
        print::remark(format_args!(
            "{}, {} rejected, {}, {}",
            counted(summary.articles, "article", "articles"),
            summary.rejected_items(),
            counted(summary.events, "event", "events"),
            counted(live as u64, "live story", "live stories"),
        ));
        if !written.is_empty() {
            print::remark(format_args!("written: {}", written.join(", ")));
        }
        Ok(())
    }
}

/// Runs `replay`. `file` is the configuration file, if there is one.
pub(super) fn run(config: &Config, file: Option<&Path>, args: &Args) -> Result<(), CommandError> {
    args.distinct(file).map_err(CommandError::Usage)?;
    let mut config = config.clone();
    config.output.mode = Mode::Structured;
    let feeds = feed::open_all(&args.files)?;
    let bar = progress(feeds.iter().map(feed::FeedFile::bytes).sum());
    let mut sinks = Sinks::open(args)?;
    let (mut summary, began) = (Summary::default(), Instant::now());
    let shard = feed::run(
        &feeds,
        &config.engine,
        config.input.format,
        encoder(&config),
        |batch, bytes| {
            bar.inc(bytes);
            for event in &batch.events {
                summary.add(&RecordContents::of(event), Some(event.clock));
            }
            batch.outputs.iter().try_for_each(|output| {
                if output.role == Role::Rejected {
                    let reason = RejectReason::of(output);
                    summary.add(&RecordContents::Reject(rejected(reason)), None);
                }
                sinks.write(output)
            })
        },
    )?;
    if let Some(sink) = &mut sinks.report {
        let names: Vec<String> = feeds.iter().map(|feed| feed.name().to_string()).collect();
        let page = report::page(&summary, &names, &config.settings_hash());
        sink.write_record(page.as_bytes()).context(CANNOT)?;
    }
    let written = sinks.finish()?;
    bar.finish_and_clear();
    let live = shard.state().live_stories();
    drop(shard);
    Ok(args.conclude(&summary, began.elapsed(), live, &written)?)
}

fn rejected(reason: RejectReason) -> RejectedItem {
    let RejectReason { topic, offset, reason, message, .. } = reason;
    RejectedItem { topic, offset, reason, message }
}

/// The context added to a write error.
const CANNOT: &str = "replay aborted";

/// The output files.
struct Sinks {
    /// All events, if requested.
    events: Option<OutputFile>,
    /// Payloads of the unique topic, if requested.
    unique: Option<OutputFile>,
    /// Rejected items, if requested.
    rejects: Option<OutputFile>,
    /// The report, if requested.
    report: Option<OutputFile>,
}

impl Sinks {
    fn open(args: &Args) -> anyhow::Result<Self> {
        let optional = |path: Option<&Path>| path.map(OutputFile::open).transpose();
        Ok(Self {
            events: optional(args.events())?,
            unique: optional(args.unique.as_deref())?,
            rejects: optional(args.rejects.as_deref())?,
            report: optional(args.report.as_deref())?,
        })
    }

    fn write(&mut self, record: &OutputRecord) -> anyhow::Result<()> {
        let Some(bytes) = &record.payload else { return Ok(()) };
        match (record.role, &mut self.unique) {
            (Role::Events, _) => self.write_event(bytes),
            (Role::Unique, Some(sink)) => sink.write_record(bytes).context(CANNOT),
            (Role::Rejected, _) => self.refuse(record, bytes),
            _ => Ok(()),
        }
    }

    /// Writes an event.
    fn write_event(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let Some(events) = &mut self.events else { return Ok(()) };
        let result = events.write_record(bytes).context(CANNOT);
        self.ignore_closed_pipe(result)
    }

    /// If the reader of the events has closed the pipe and other outputs were requested, discards
    /// further events, so that the other outputs are still written in full.
    fn ignore_closed_pipe(&mut self, result: anyhow::Result<()>) -> anyhow::Result<()> {
        match result {
            Err(error)
                if print::is_closed_pipe(&error)
                    && (self.unique.is_some()
                        || self.rejects.is_some()
                        || self.report.is_some()) =>
            {
                self.events.iter_mut().for_each(OutputFile::close);
                Ok(())
            }
            result => result,
        }
    }

    fn refuse(&mut self, reject: &OutputRecord, bytes: &[u8]) -> anyhow::Result<()> {
        let Some(sink) = &mut self.rejects else { return Ok(()) };
        let line = RejectedLine::new(RejectReason::of(reject), bytes);
        sink.write_record(&serde_json::to_vec(&line)?).context(CANNOT)
    }

    /// Completes all outputs and returns a summary of each. All outputs are flushed before the
    /// first file is renamed to its final name.
    fn finish(mut self) -> anyhow::Result<Vec<String>> {
        let flushed = self.events.as_mut().map_or(Ok(()), OutputFile::flush).context(CANNOT);
        self.ignore_closed_pipe(flushed)?;
        let all = [self.events, self.unique, self.rejects, self.report];
        let mut all: Vec<OutputFile> = all.into_iter().flatten().collect();
        for output in &mut all {
            output.flush().context(CANNOT)?;
        }
        all.into_iter().map(|output| output.finish().context(CANNOT)).collect()
    }
}

/// A progress bar over the bytes of all files, or a byte counter if the total is unknown. It is
/// hidden if stderr is not a terminal.
fn progress(bytes: Option<u64>) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = match bytes {
        Some(_) => "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {bytes_per_sec}",
    };
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    bytes.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style)
}
