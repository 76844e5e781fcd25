//! `wirefold top`: shows the state of a running daemon, refreshed every few seconds.
//!
//! In: `/api/v1/status` and two readings of `/metrics`. Out: the phase, lag and size of each shard,
//! rates, the slowest stage, and kinds. On a terminal, each screen replaces the previous one.

mod sample;
mod screen;

use super::color::Color;
use super::remote::{Remote, RemoteArgs};
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::http::status::InstanceStatus;
use anyhow::Context;
use sample::{MetricChange, MetricSample};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Moves the cursor to the top left and clears the screen.
const CLEAR: &str = "\x1b[H\x1b[2J";
/// Minimum time between two readings.
const EVERY_MIN: Duration = Duration::from_millis(100);

/// Arguments of `top`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    remote: RemoteArgs,
    /// Prints one screen and exits.
    #[arg(long)]
    once: bool,
    /// Time between two readings, for example `500ms`.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = super::duration)]
    every: Duration,
}

/// Runs `top`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let remote = Remote::new(config, &args.remote).map_err(CommandError::Usage)?;
    let paint = Color::detect();
    let clear = if std::io::stdout().is_terminal() && !args.once { CLEAR } else { "" };
    let mut before = read(&remote)?;
    loop {
        std::thread::sleep(args.every.max(EVERY_MIN));
        let (after, status) = match read(&remote).and_then(|s| Ok((s, status(&remote)?))) {
            Ok(read) => read,
            Err(error) if args.once => return Err(error.into()),
            Err(error) => {
                print::text(clear)?;
                print::lines([format!("{error:#}; trying again")])?;
                continue;
            }
        };
        let change = MetricChange { before: &before, after: &after };
        let lines = screen::lines(&status, &change, paint);
        print::text(clear)?;
        print::raw_lines(lines)?;
        if args.once {
            return Ok(());
        }
        before = after;
    }
}

fn read(remote: &Remote) -> anyhow::Result<MetricSample> {
    Ok(MetricSample::parse(&remote.get("/metrics")?, Instant::now()))
}

fn status(remote: &Remote) -> anyhow::Result<InstanceStatus> {
    let text = remote.get("/api/v1/status")?;
    serde_json::from_str(&text)
        .context("cannot read the status of this daemon, whose release may be different")
}
