//! Handles SIGTERM and SIGINT: the first signal asks the command to stop, and a later one ends the
//! process.

use anyhow::Context;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::time::{Duration, Instant};

/// A further signal ends the process immediately if it arrives more than this long after the first.
/// The delay exists because some senders always signal twice.
const SECOND_SIGNAL_AFTER: Duration = Duration::from_secs(1);

/// Calls `stop` with the name of the first SIGTERM or SIGINT. Another signal more than a second
/// later ends the process immediately.
pub(super) fn on_first(stop: impl FnOnce(&'static str) + Send + 'static) -> anyhow::Result<()> {
    let mut signals =
        Signals::new([SIGTERM, SIGINT]).context("cannot install the signal handlers")?;
    let wait = move || {
        let received = signals.wait().next();
        stop(received.map_or("a signal", name));
        let first = Instant::now();
        for signal in signals.forever() {
            if first.elapsed() > SECOND_SIGNAL_AFTER {
                tracing::warn!(signal, "second signal; exiting immediately");
                std::process::exit(1);
            }
        }
    };
    let thread = std::thread::Builder::new().name("signals".to_owned()).spawn(wait);
    thread.map(drop).context("cannot start thread `signals`")
}

fn name(signal: i32) -> &'static str {
    signal_hook::low_level::signal_name(signal).unwrap_or("a signal")
}
