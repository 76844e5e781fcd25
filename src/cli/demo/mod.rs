//! `wirefold demo`: the whole system on one machine, without Kafka.
//!
//! ```text
//! wire.jsonl -- producer --> mock broker --> daemon --> mock broker --> consumer --> terminal
//!                                              \-- the page, /api/v1, /metrics, /readyz
//! ```
//!
//! Everything except the broker is real: librdkafka clients, the daemon of `wirefold run` with its
//! transactions, and a `read_committed` consumer. The broker is librdkafka's in-memory mock, which
//! stores nothing on disk and does not implement real transactions, so the demo does not prove
//! delivery guarantees. Records carry the timestamps of the sample, and the engine's clock follows
//! them.

mod broker;
mod color;
mod feed;
mod listen;
mod received;
mod screen;
mod summary;
mod tally;
mod words;

use super::run::{SharedViews, kafka_settings, observers, pipeline_setup};
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::kafka::client::Settings;
use crate::daemon::pipeline::{ClockSource, Delivery, Setup};
use crate::daemon::publish::Mode;
use crate::daemon::run::Daemon;
use crate::daemon::snapshot::shards::ShardStatuses;
use anyhow::{Context, anyhow};
use broker::{DemoBroker, DemoReader};
use color::Color;
use crossbeam_channel::bounded;
use feed::SampleWire;
use screen::Screen;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tally::DemoTally;

/// How long to wait for a record before checking whether the demo has ended.
const WAIT: Duration = Duration::from_millis(50);

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Exits after the last article of the sample. Without it, the demo runs until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Port on 127.0.0.1 for the page, API, metrics and health; 0 picks a free port. The default is
    /// the port of `http.listen`, or a free port if that is in use.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Pause between two articles, for example `500ms`.
    #[arg(long, value_name = "DURATION", default_value = "170ms", value_parser = duration)]
    pace: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = text.parse::<jiff::SignedDuration>().ok();
    read.and_then(|read| read.try_into().ok())
        .ok_or_else(|| "expected a duration such as `500ms`".into())
}

/// Runs the demo.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let mut config = config.clone();
    config.output.mode = Mode::Binary;
    config.delivery = Delivery::ExactlyOnce;
    config.shards = Vec::new();
    let interrupted = signals()?;
    let broker = DemoBroker::start(&config)?;
    let kafka = broker.settings(kafka_settings(&config));
    let shared = SharedViews::new(&config, &kafka);
    let (views, served) =
        (shared.statuses.clone(), listen::serve(&config, args.port, &kafka, &shared)?);
    // The engine's clock follows the record timestamps, so the sample does not expire.
    let setup = Setup { clock: ClockSource::Records, ..pipeline_setup(&config) };
    let daemon = Daemon::start(kafka.clone(), setup, observers(shared), views.clone());
    let daemon = daemon.map_err(CommandError::Usage)?;
    let demo = Demo {
        wire: SampleWire::load(&config.engine.decode),
        kafka,
        views,
        interrupted,
        args,
        daemon,
    };
    let result = demo.show(&served);
    demo.daemon.stop().stop();
    demo.daemon.wait()?;
    served.server.stop();
    Ok(result?)
}

/// A flag that the first SIGINT or SIGTERM sets. The second one ends the process.
fn signals() -> anyhow::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, interrupted.clone())
            .and_then(|_| signal_hook::flag::register(signal, interrupted.clone()))
            .context("cannot install signal handlers")?;
    }
    Ok(interrupted)
}

/// A running demo.
struct Demo<'a> {
    /// The articles to send.
    wire: SampleWire,
    /// How to reach the broker.
    kafka: Settings,
    /// Status of the daemon's shard.
    views: Arc<ShardStatuses>,
    /// Set by a signal.
    interrupted: Arc<AtomicBool>,
    /// The command-line arguments.
    args: &'a Args,
    /// The daemon.
    daemon: Daemon,
}

impl Demo<'_> {
    /// Sends the sample and prints the resulting events, then the summary.
    fn show(&self, served: &listen::BoundServer) -> anyhow::Result<()> {
        let paint = Color::detect();
        print::raw_lines(self.head(served, paint))?;
        self.wait_until_ready();
        let began = Instant::now();
        let (stop, stopped) = bounded::<()>(0);
        let tally = std::thread::scope(|scope| {
            let feed = scope.spawn(|| self.wire.send(&self.kafka, self.args.pace, &stopped));
            let tally = self.follow(&mut Screen::new(paint), || feed.is_finished());
            drop(stop);
            let fed = feed.join().map_err(|_| anyhow!("the producer thread panicked"))?;
            fed.and(tally)
        })?;
        let complete = !self.ended();
        if complete {
            print::raw_lines(summary::lines(&tally, began.elapsed(), paint))?;
        }
        if complete && !self.args.once {
            let at = served.server.address();
            let line = format!("End of the sample. The page, http://{at}/, stays up until Ctrl-C.");
            print::raw_lines([String::new(), paint.bold(&line)])?;
            while !self.ended() {
                std::thread::sleep(WAIT);
            }
        }
        Ok(())
    }

    /// The lines printed at the start.
    fn head(&self, served: &listen::BoundServer, paint: Color) -> Vec<String> {
        let at = served.server.address();
        let (records, providers) = (self.wire.len(), self.wire.providers());
        let mut lines = vec![
            paint.bold(&format!(
                "wirefold demo: a sample wire of {records} records from {providers} fictional \
                 agencies, sent through an in-memory Kafka broker"
            )),
            paint.bold(&format!("http://{at}/  open this page to watch the wire come in")),
            paint.dim(&format!(
                "http://{at}/metrics  http://{at}/readyz  http://{at}/api/v1/status"
            )),
        ];
        lines.extend(served.note.iter().map(|note| paint.alarm(note)));
        lines.push(paint.dim("starting (joining the consumer group takes about four seconds) ..."));
        lines.push(String::new());
        lines
    }

    /// Whether a signal or a failure of the daemon has ended the demo.
    fn ended(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst) || self.daemon.ended()
    }

    /// Waits until the daemon is ready.
    fn wait_until_ready(&self) {
        while !self.views.unready().is_empty() && !self.ended() {
            std::thread::sleep(WAIT);
        }
    }

    /// Prints records until every record sent has been classified or rejected and all events have
    /// been printed.
    fn follow(&self, screen: &mut Screen, fed: impl Fn() -> bool) -> anyhow::Result<DemoTally> {
        let reader = DemoReader::open(&self.kafka)?;
        let (mut tally, mut settled) = (DemoTally::default(), BTreeSet::new());
        while !self.ended() {
            match reader.next(WAIT)? {
                Some(record) => {
                    print::raw_lines(screen.lines(&record, &tally))?;
                    settled.extend(record.settles());
                    tally.note(&record.contents);
                }
                None => {
                    let published: u64 = self.views.all().iter().map(|view| view.sequence).sum();
                    let complete = settled.len() == self.wire.len() && tally.events == published;
                    if fed() && complete {
                        break;
                    }
                }
            }
        }
        Ok(tally)
    }
}
