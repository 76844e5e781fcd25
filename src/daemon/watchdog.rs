//! Ends the process when a blocking call outlives its own time-out, or a pipeline hangs.
//!
//! librdkafka's calls take a time-out and keep to it, nearly always. One that does not would hold
//! its shard while the lease thread keeps the lease alive, so that nobody takes over. Ending the
//! process is then the only help: the group sees the member go, and another one takes the shard. The
//! same holds for a pipeline that makes no progress while records wait and the broker answers, which
//! its read view tells.

use super::view::Views;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after its own time-out a call may still return.
pub const GRACE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many looks in a row must find a pipeline hanging. They are counted, not timed: when a process
/// that was suspended wakes, its pipelines have not moved for long, and then they do.
const LOOKS: u32 = 20;

/// Watches calls; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watchdog(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    next: u64,
    calls: BTreeMap<u64, (&'static str, Instant)>,
}

/// A call under watch, until dropped.
#[derive(Debug)]
pub struct Watch {
    of: Watchdog,
    id: u64,
}

impl Watchdog {
    /// A watchdog whose thread ends the process with exit code 1.
    ///
    /// # Panics
    /// When the system gives no thread.
    pub fn start() -> Self {
        let dog = Self::default();
        let own = dog.clone();
        let look = move || {
            loop {
                std::thread::sleep(LOOK_EVERY);
                if let Some(what) = own.overdue(Instant::now()) {
                    tracing::error!(what, "a blocking call did not return: ending the process");
                    std::process::exit(1);
                }
            }
        };
        std::thread::Builder::new()
            .name("watchdog".into())
            .spawn(look)
            .expect("the system gives one thread at start");
        dog
    }

    /// Watches the call that follows, which is to return within `timeout`.
    #[must_use = "the watch ends when this is dropped"]
    pub fn watch(&self, what: &'static str, timeout: Duration) -> Watch {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = watched.next;
        watched.next += 1;
        watched.calls.insert(id, (what, Instant::now() + timeout + GRACE));
        Watch { of: self.clone(), id }
    }

    /// A call that has outlived its time, if any.
    fn overdue(&self, now: Instant) -> Option<&'static str> {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.calls.values().find(|(_, due)| *due < now).map(|(what, _)| *what)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).calls.remove(&self.id);
    }
}

/// Watches the pipelines from a thread of its own, which ends the process with exit code 1.
///
/// # Errors
/// When the system gives no thread.
pub fn over(views: Arc<Views>) -> std::io::Result<()> {
    let look = move || {
        let mut seen = 0;
        loop {
            std::thread::sleep(LOOK_EVERY);
            let hanging = views.hanging();
            seen = still(seen, &hanging);
            if seen >= LOOKS {
                tracing::error!(why = hanging.join("; "), "a pipeline hangs: ending the process");
                std::process::exit(1);
            }
        }
    };
    std::thread::Builder::new().name("watchdog-views".into()).spawn(look).map(drop)
}

/// How many looks in a row have found something hanging.
fn still(before: u32, hanging: &[String]) -> u32 {
    if hanging.is_empty() { 0 } else { before + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_outlives_its_time_out_and_the_grace_is_overdue() {
        let dog = Watchdog::default();
        let returned = dog.watch("returned", Duration::ZERO);
        let hangs = dog.watch("hangs", Duration::from_secs(5));
        let started = Instant::now();
        drop(returned);
        assert_eq!(dog.overdue(started + Duration::from_secs(14)), None);
        assert_eq!(dog.overdue(started + Duration::from_secs(16)), Some("hangs"));
        drop(hangs);
        assert_eq!(dog.overdue(started + Duration::from_secs(16)), None);
    }
}
