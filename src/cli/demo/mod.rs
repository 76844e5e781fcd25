//! `wirefold demo`: runs the whole system on one machine, without Kafka.
//!
//! ```text
//! wire.jsonl -- producer --> mock broker --> daemon --> mock broker --> consumer --> terminal
//!                                              \-- the page, /api/v1, /metrics, /readyz
//! ```
//!
//! The articles are a built-in sample, or the user's files in any format that `replay` reads.
//!
//! Everything except the broker is real: librdkafka clients, the daemon of `wirefold run` with its
//! transactions, and a `read_committed` consumer. The broker is librdkafka's in-memory mock, which
//! stores nothing on disk and does not implement real transactions, so the demo does not prove
//! delivery guarantees. The records have the dates of the articles as timestamps, and the engine's
//! clock follows these. The mock keeps only the last 5 MB of each topic, so the page can show the
//! texts of only the articles in these 5 MB.

mod broker;
mod feed;
mod listen;
mod received;
mod wire;

use super::color::{Color, safe};
use super::feed::REPLAY_KEY;
use super::run::{SharedViews, kafka_settings, observers, pipeline_setup};
use super::screen::Screen;
use super::summary::Summary;
use super::{CommandError, print, signals, summary, words};
use crate::config::Config;
use crate::daemon::kafka::client::Settings;
use crate::daemon::pipeline::{ClockSource, Delivery, Setup};
use crate::daemon::publish::Mode;
use crate::daemon::run::Daemon;
use crate::daemon::snapshot::Snapshots;
use anyhow::anyhow;
use broker::{DemoBroker, DemoReader};
use crossbeam_channel::bounded;
use feed::{Feeder, Progress};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wire::Wire;

/// How long to wait for a record before checking again whether the demo has ended.
const WAIT: Duration = Duration::from_millis(50);
/// How long to wait for the last rejects.
const REJECTS_WITHIN: Duration = Duration::from_millis(500);
/// Maximum length of the title of the input, in characters.
const TITLE_MAX: usize = 120;
/// The pause between two articles of the sample.
const SAMPLE_PACE: Duration = Duration::from_millis(170);

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files with your own articles, in any format that `replay` reads; `-` is stdin. Without
    /// them, the demo plays a sample.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Exits after the last article. Without this option, the demo runs until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Waits until someone has opened the page before sending the first article.
    #[arg(long)]
    wait: bool,
    /// Port on 127.0.0.1 for the page, the API, metrics and health checks; 0 picks a free port. The
    /// default is the port of `http.listen`, or a free port if that one is in use.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Pause between two articles, for example `500ms`. The default is `170ms` for the sample and
    /// none for files.
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    pace: Option<Duration>,
}

impl Args {
    fn pace(&self) -> Duration {
        let usual = if self.files.is_empty() { SAMPLE_PACE } else { Duration::ZERO };
        self.pace.unwrap_or(usual)
    }
}

/// Runs the demo.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let mut config = config.clone();
    config.output.mode = Mode::Binary;
    config.delivery = Delivery::ExactlyOnce;
    config.shards = Vec::new();
    let wire = Wire::open(&args.files, &config)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = interrupted.clone();
    signals::on_first(move |_| flag.store(true, Ordering::SeqCst))?;
    let broker = DemoBroker::start(&config)?;
    let kafka = broker.settings(kafka_settings(&config));
    let shared = SharedViews::new(&config, &kafka);
    let (views, snapshots) = (shared.statuses.clone(), shared.snapshots.clone());
    let served = listen::serve(&config, args.port, &kafka, &shared)?;
    let daemon = Daemon::start(kafka.clone(), setup(&config), observers(shared), views.clone());
    let daemon = daemon.map_err(CommandError::Usage)?;
    let progress = Progress::new(views);
    let demo = Demo { kafka, progress, snapshots, interrupted, args, daemon };
    let result = demo.show(wire, &served);
    demo.daemon.stop().stop();
    demo.daemon.wait()?;
    served.server.stop();
    Ok(result?)
}

/// The settings of the pipeline. The engine's clock follows the record timestamps, so the sample
/// does not expire. The sampling key is that of `replay`, so that both give the same results.
fn setup(config: &Config) -> Setup {
    let (clock, fresh_key) = (ClockSource::Records, REPLAY_KEY);
    Setup { clock, fresh_key, ..pipeline_setup(config) }
}

/// A running demo.
struct Demo<'a> {
    /// The settings of the Kafka clients, with the address of the in-memory broker.
    kafka: Settings,
    /// The status of the daemon's shard, and the numbers of records sent and events shown.
    progress: Progress,
    /// The snapshots that the page shows; `None` if the page is disabled.
    snapshots: Option<Arc<Snapshots>>,
    /// Set when a signal arrives.
    interrupted: Arc<AtomicBool>,
    /// The command-line arguments.
    args: &'a Args,
    /// The daemon.
    daemon: Daemon,
}

impl Demo<'_> {
    /// Sends the articles and prints the resulting events, then the summary.
    fn show(&self, mut wire: Wire, served: &listen::BoundServer) -> anyhow::Result<()> {
        let (paint, end) = (Color::detect(), wire.end());
        print::raw_lines(self.head(&wire, served, paint))?;
        self.wait_until_ready()?;
        let began = Instant::now();
        let (stop, stopped) = bounded::<()>(0);
        let summary = std::thread::scope(|scope| {
            let feed = scope.spawn(|| {
                let feeder = Feeder::new(&self.kafka, &self.progress, &stopped)?;
                feeder.send(&mut wire, self.args.pace())
            });
            let summary = self.follow(&mut Screen::new(paint), || feed.is_finished());
            drop(stop);
            let fed = feed.join().map_err(|_| anyhow!("the producer thread panicked"))?;
            fed.and(summary)
        })?;
        let complete = !self.ended();
        if complete {
            print::raw_lines(summary::text::lines(&summary, began.elapsed(), paint))?;
            print::raw_lines(self.left_out().map(|line| paint.alarm(&line)))?;
        }
        if complete && !self.args.once {
            let at = served.server.address();
            let line = format!("{end} The page, http://{at}/, stays up until Ctrl-C.");
            print::raw_lines([String::new(), paint.bold(&line)])?;
            self.wait_while(|| true);
        }
        Ok(())
    }

    /// The lines printed at the start of the demo.
    fn head(&self, wire: &Wire, served: &listen::BoundServer, paint: Color) -> Vec<String> {
        let at = served.server.address();
        let title = safe(&wire.title(), TITLE_MAX);
        let mut lines = vec![
            paint.bold(&format!("wirefold demo: {title}, sent through an in-memory Kafka broker")),
            paint.bold(&format!("http://{at}/  open this page to watch the wire come in")),
            paint.dim(&format!(
                "http://{at}/metrics  http://{at}/readyz  http://{at}/api/v1/status"
            )),
        ];
        let broker = self.kafka.properties.get("bootstrap.servers");
        lines.extend(broker.map(|at| paint.dim(&format!("Kafka for consumers: {at}"))));
        lines.extend(served.note.iter().map(|note| paint.alarm(note)));
        lines.push(paint.dim("starting (joining the consumer group takes about four seconds) ..."));
        lines.push(String::new());
        lines
    }

    /// Whether a signal or a failure of the daemon has ended the demo.
    fn ended(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst) || self.daemon.ended()
    }

    /// Waits while `busy`, or until the demo ends.
    fn wait_while(&self, busy: impl Fn() -> bool) {
        while busy() && !self.ended() {
            std::thread::sleep(WAIT);
        }
    }

    /// Waits until the daemon is ready and, with `--wait`, until someone has opened the page.
    fn wait_until_ready(&self) -> anyhow::Result<()> {
        self.wait_while(|| !self.progress.views.unready().is_empty());
        if let Some(page) = self.snapshots.as_ref().filter(|_| self.args.wait)
            && !page.followed()
            && !self.ended()
        {
            print::lines(["ready; waiting until someone opens the page"])?;
            self.wait_while(|| !page.followed());
        }
        Ok(())
    }

    /// A message with the number of records that were too large for the in-memory broker.
    fn left_out(&self) -> Option<String> {
        let count = self.progress.left_out.load(Ordering::SeqCst);
        let records = words::counted(count, "record", "records");
        (count > 0).then(|| format!("{records} skipped: too large for the in-memory broker"))
    }

    /// Prints records until every record sent has been processed and all events have been printed.
    fn follow(&self, screen: &mut Screen, fed: impl Fn() -> bool) -> anyhow::Result<Summary> {
        let reader = DemoReader::open(&self.kafka)?;
        let (mut summary, mut rejects_due) = (Summary::default(), REJECTS_WITHIN);
        while !self.ended() {
            match reader.next(WAIT)? {
                Some(record) => {
                    print::raw_lines(screen.lines(&record.contents, &record.time, &summary))?;
                    summary.add(&record.contents, record.time());
                    self.progress.shown.store(summary.events, Ordering::SeqCst);
                }
                // Rejects are not counted in advance, so the last ones get some time to arrive.
                None if fed() && self.progress.complete() => match rejects_due.checked_sub(WAIT) {
                    Some(rest) => rejects_due = rest,
                    None => break,
                },
                None => {}
            }
        }
        Ok(summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_uses_the_sampling_key_of_replay() {
        assert_eq!(setup(&Config::default()).fresh_key, REPLAY_KEY);
    }
}
