//! Ends the process when a blocking call outlives its own time-out, or a pipeline hangs.
//!
//! librdkafka's calls take a time-out and keep to it, nearly always. One that does not would hold
//! its shard while the lease thread keeps the lease alive, so that nobody takes over. Ending the
//! process is then the only help: the group sees the member go, and another one takes the shard. The
//! same holds for a pipeline that makes no progress while records wait and the broker answers, which
//! its read view tells.
//!
//! Only time that the process could run counts: a look adds at most a second, however long ago the
//! last one was. A process that was suspended, or whose machine was, goes on when it wakes.

use crate::daemon::snapshot::shards::ShardStatuses;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after its own time-out a call may still return.
pub const GRACE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many looks in a row must find a pipeline hanging.
const LOOKS: u32 = 20;

/// Watches calls; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watchdog(Arc<Mutex<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    next: u64,
    /// Calls, and for how long each of them may still take.
    calls: BTreeMap<u64, (&'static str, Duration)>,
}

/// A call under watch, until dropped.
#[derive(Debug)]
pub struct Watch {
    of: Watchdog,
    id: u64,
}

impl Watchdog {
    /// A watchdog over blocking calls and over the pipelines of `views`. Its thread ends the process
    /// with exit code 1.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(views: Arc<ShardStatuses>) -> std::io::Result<Self> {
        let dog = Self::default();
        let (own, faults) = (dog.clone(), views.faults().clone());
        faults.thread("watchdog", move || own.look(&views))?;
        Ok(dog)
    }

    fn look(&self, views: &ShardStatuses) {
        let (mut looked, mut looks) = (Instant::now(), 0);
        loop {
            std::thread::sleep(LOOK_EVERY);
            let ran = looked.elapsed().min(LOOK_EVERY * 2);
            looked = Instant::now();
            views.pass(ran);
            if let Some(what) = self.overdue(ran) {
                tracing::error!(what, "a blocking call did not return: ending the process");
                std::process::exit(1);
            }
            let hanging = views.hanging();
            looks = if hanging.is_empty() { 0 } else { looks + 1 };
            if looks >= LOOKS {
                tracing::error!(why = hanging.join("; "), "a pipeline hangs: ending the process");
                std::process::exit(1);
            }
        }
    }

    /// Watches the call that follows, which is to return within `timeout`.
    #[must_use = "the watch ends when this is dropped"]
    pub fn watch(&self, what: &'static str, timeout: Duration) -> Watch {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = watched.next;
        watched.next += 1;
        watched.calls.insert(id, (what, timeout + GRACE));
        Watch { of: self.clone(), id }
    }

    /// A call that has outlived its time now that `ran` more has passed, if any.
    fn overdue(&self, ran: Duration) -> Option<&'static str> {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, left) in watched.calls.values_mut() {
            *left = left.saturating_sub(ran);
        }
        watched.calls.values().find(|(_, left)| left.is_zero()).map(|(what, _)| *what)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).calls.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_outlives_its_time_out_and_the_grace_is_overdue() {
        let dog = Watchdog::default();
        let returned = dog.watch("returned", Duration::ZERO);
        let hangs = dog.watch("hangs", Duration::from_secs(5));
        drop(returned);
        assert_eq!(dog.overdue(Duration::from_secs(14)), None);
        assert_eq!(dog.overdue(Duration::from_secs(2)), Some("hangs"));
        drop(hangs);
        assert_eq!(dog.overdue(Duration::from_secs(2)), None);
    }
}
