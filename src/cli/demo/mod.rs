//! `wirefold demo`: everything at once, without a Kafka and without a network.
//!
//! ```text
//! wire.jsonl -- producer --> broker in memory --> the daemon --> broker --> read_committed --> screen
//!                                                    \-- the page, /api/v1, /metrics, /readyz
//! ```
//!
//! All but the broker is the real thing: librdkafka's client path, the daemon of `wirefold run` with
//! its transactions, and a consumer like anybody's. The broker is librdkafka's mock, which keeps
//! nothing and fakes transactions, so what is promised of Kafka is not shown here. Records carry the
//! timestamps of the sample, so that the engine's clock is the wire's.

mod broker;
mod color;
mod feed;
mod listen;
mod received;
mod screen;
mod summary;
mod tally;
mod words;

use super::run::{SharedViews, kafka, setup, tellers};
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

/// How long the screen waits for a record before it looks around.
const WAIT: Duration = Duration::from_millis(50);

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// End when the sample is through. Without it the demo stays up until Ctrl-C.
    #[arg(long)]
    once: bool,
    /// Where metrics, health and status are served on 127.0.0.1; 0 takes any free port. Without it,
    /// the port of `http.listen`, or any free one where that is taken.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The rest between two articles, such as `500ms`.
    #[arg(long, value_name = "DURATION", default_value = "170ms", value_parser = duration)]
    pace: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    let read = text.parse::<jiff::SignedDuration>().ok();
    read.and_then(|read| read.try_into().ok()).ok_or_else(|| "expected such as `500ms`".into())
}

/// Runs the demo.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    let mut config = config.clone();
    config.output.mode = Mode::Binary;
    config.delivery = Delivery::ExactlyOnce;
    config.shards = Vec::new();
    let over = signals()?;
    let broker = DemoBroker::start(&config)?;
    let kafka = broker.settings(kafka(&config));
    let seen = SharedViews::new(&config, &kafka);
    let (views, served) = (seen.views.clone(), listen::serve(&config, args.port, &kafka, &seen)?);
    // The sample is of a day of its own, and stays on the page as it was then.
    let setup = Setup { clock: ClockSource::Records, ..setup(&config) };
    let daemon = Daemon::start(kafka.clone(), setup, tellers(seen), views.clone());
    let daemon = daemon.map_err(CommandError::Usage)?;
    let demo =
        Demo { wire: SampleWire::sample(&config.engine.wire), kafka, views, over, args, daemon };
    let shown = demo.show(&served);
    demo.daemon.stop().stop();
    demo.daemon.wait()?;
    served.server.stop();
    Ok(shown?)
}

/// Is set by the first SIGINT or SIGTERM; the second one ends the process.
fn signals() -> anyhow::Result<Arc<AtomicBool>> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let over = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 1, over.clone())
            .and_then(|_| signal_hook::flag::register(signal, over.clone()))
            .context("signals cannot be handled")?;
    }
    Ok(over)
}

/// A demo that runs.
struct Demo<'a> {
    wire: SampleWire,
    kafka: Settings,
    views: Arc<ShardStatuses>,
    over: Arc<AtomicBool>,
    args: &'a Args,
    daemon: Daemon,
}

impl Demo<'_> {
    /// Feeds the wire and shows what comes of it.
    fn show(&self, served: &listen::BoundServer) -> anyhow::Result<()> {
        let paint = Color::found();
        print::painted(self.head(served, paint))?;
        self.started();
        let began = Instant::now();
        let (stop, stopped) = bounded::<()>(0);
        let book = std::thread::scope(|scope| {
            let feed = scope.spawn(|| self.wire.send(&self.kafka, self.args.pace, &stopped));
            let book = self.follow(&mut Screen::new(paint), || feed.is_finished());
            drop(stop);
            let fed = feed.join().map_err(|_| anyhow!("the feed panicked"))?;
            fed.and(book)
        })?;
        let through = !self.ended();
        if through {
            print::painted(summary::lines(&book, began.elapsed(), paint))?;
        }
        if through && !self.args.once {
            let at = served.server.address();
            let line =
                format!("The sample is through; the page, http://{at}/, stays up until Ctrl-C.");
            print::painted([String::new(), paint.bold(&line)])?;
            while !self.ended() {
                std::thread::sleep(WAIT);
            }
        }
        Ok(())
    }

    fn head(&self, served: &listen::BoundServer, paint: Color) -> Vec<String> {
        let at = served.server.address();
        let (records, providers) = (self.wire.len(), self.wire.providers());
        let mut lines = vec![
            paint.bold(&format!(
                "wirefold demo: a sample wire of {records} records by {providers} invented agencies, \
                 through a Kafka broker in memory"
            )),
            paint.bold(&format!("http://{at}/  the page: open it, and watch the wire come in")),
            paint.dim(&format!("http://{at}/metrics  http://{at}/readyz  http://{at}/api/v1/status")),
        ];
        lines.extend(served.note.iter().map(|note| paint.alarm(note)));
        lines.push(paint.dim("starting (the group takes about four seconds to form) ..."));
        lines.push(String::new());
        lines
    }

    /// Whether the user, or a fault of the daemon, has ended the demo.
    fn ended(&self) -> bool {
        self.over.load(Ordering::SeqCst) || self.daemon.ended()
    }

    /// Waits until the daemon works.
    fn started(&self) {
        while !self.views.unready().is_empty() && !self.ended() {
            std::thread::sleep(WAIT);
        }
    }

    /// Shows records until everything that was fed is settled and all events of it are shown.
    fn follow(&self, screen: &mut Screen, fed: impl Fn() -> bool) -> anyhow::Result<DemoTally> {
        let reader = DemoReader::open(&self.kafka)?;
        let (mut book, mut settled) = (DemoTally::default(), BTreeSet::new());
        while !self.ended() {
            match reader.next(WAIT)? {
                Some(heard) => {
                    print::painted(screen.lines(&heard, &book))?;
                    settled.extend(heard.settles());
                    book.note(&heard.what);
                }
                None => {
                    let published: u64 = self.views.all().iter().map(|view| view.sequence).sum();
                    let through = settled.len() == self.wire.len() && book.events == published;
                    if fed() && through {
                        break;
                    }
                }
            }
        }
        Ok(book)
    }
}
