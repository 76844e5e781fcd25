//! `wirefold replay`: files to events, without Kafka.
//!
//! Events are CloudEvents in structured mode, one JSON line each; the unique feed is the original
//! records; a reject line holds where, why and the untouched bytes.

use super::Failure;
use super::feed::{self, Applied, Outcome};
use crate::config::{Config, Mode};
use crate::daemon::contract::{Caused, Encoder, Topic};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// JSON Lines, one object or one array a file; `-` is stdin.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where events go; `-` is stdout.
    #[arg(long, value_name = "FILE", default_value = "-")]
    events: PathBuf,
    /// Where the records of articles that bring something new go.
    #[arg(long, value_name = "FILE")]
    unique: Option<PathBuf>,
    /// Where refused records go, with their reasons.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// Runs `replay`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), Failure> {
    let mut config = config.clone();
    config.output.mode = Mode::Structured;
    let feeds = feed::open_all(&args.files)?;
    let mut sinks = Sinks::open(args)?;
    let encoder = Encoder::new(&config);
    let bar = progress(feeds.iter().map(feed::Feed::len).sum());
    let (mut sequence, mut accepted, mut refused) = (0, 0u64, 0u64);
    let mut caused = 0;
    let state = feed::run(&feeds, &config.engine, config.input.format, |applied| {
        bar.inc(u64::from(applied.input.item == 0));
        let record = feed::as_record(applied.record);
        let Applied { input, outcome, .. } = &applied;
        caused = if input.item == 0 { 0 } else { caused };
        match outcome {
            Outcome::Refused(error) => {
                refused += 1;
                sinks.refuse(&applied, error)
            }
            Outcome::Events(events) => {
                accepted += 1;
                let mut counter = Caused { record: &record, input, count: caused };
                let outputs = encoder.events(events, &mut counter, &mut sequence);
                caused = counter.count;
                outputs.iter().try_for_each(|output| match output.topic {
                    Topic::Events => line(&mut sinks.events, output.value.as_deref()),
                    Topic::Unique => line_to(sinks.unique.as_mut(), output.value.as_deref()),
                    Topic::Stories | Topic::Rejected => Ok(()),
                })
            }
        }
    })?;
    sinks.flush()?;
    bar.finish_and_clear();
    eprintln!(
        "{accepted} articles, {refused} rejected, {sequence} events, {} live stories",
        state.live_stories()
    );
    Ok(())
}

type Sink = Box<dyn Write>;

struct Sinks {
    events: Sink,
    unique: Option<Sink>,
    rejects: Option<Sink>,
}

impl Sinks {
    fn open(args: &Args) -> anyhow::Result<Self> {
        let optional = |path: &Option<PathBuf>| path.as_deref().map(create).transpose();
        Ok(Self {
            events: create(&args.events)?,
            unique: optional(&args.unique)?,
            rejects: optional(&args.rejects)?,
        })
    }

    fn refuse(
        &mut self,
        applied: &Applied<'_>,
        error: &crate::engine::wire::Error,
    ) -> anyhow::Result<()> {
        let Some(sink) = &mut self.rejects else { return Ok(()) };
        let mut told = json!({
            "stage": "wire", "reason": error.reason(), "message": error.to_string(),
            "topic": &*applied.input.topic, "partition": applied.input.partition,
            "offset": applied.input.offset, "item": applied.input.item,
            "timestamp": applied.stamp.to_string(),
        });
        match std::str::from_utf8(applied.record) {
            Ok(text) => told["record"] = json!(text),
            Err(_) => told["record_hex"] = json!(hex(applied.record)),
        }
        line(sink, Some(told.to_string().as_bytes()))
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        for sink in [Some(&mut self.events), self.unique.as_mut(), self.rejects.as_mut()] {
            sink.map_or(Ok(()), Write::flush).context("cannot write")?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> anyhow::Result<Sink> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(std::io::stdout())));
    }
    let file = File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn line_to(sink: Option<&mut Sink>, bytes: Option<&[u8]>) -> anyhow::Result<()> {
    sink.map_or(Ok(()), |sink| line(sink, bytes))
}

fn line(sink: &mut Sink, bytes: Option<&[u8]>) -> anyhow::Result<()> {
    let Some(bytes) = bytes else { return Ok(()) };
    sink.write_all(bytes).and_then(|()| sink.write_all(b"\n")).context("cannot write")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn progress(records: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {eta}")
        .expect("the template is well formed");
    ProgressBar::new(records as u64).with_style(style)
}
