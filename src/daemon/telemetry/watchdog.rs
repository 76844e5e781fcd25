//! Ends the process when a blocking call exceeds its own timeout, or a pipeline stalls.
//!
//! In: calls announced with [`Watchdog::watch`], and the shards' status. Out: exit code 1.
//!
//! librdkafka's calls take a timeout and nearly always respect it. A call that does not would block
//! its shard while the lease thread keeps the lease alive, so that no standby takes over. The only
//! remedy is to end the process: the group then assigns the shard to another member. The same
//! applies to a pipeline that makes no progress while records are waiting and the broker answers.
//!
//! Only time for which the process could run counts: each look adds at most a second, however long
//! ago the last one was. A process that was suspended, or whose machine was, continues when it
//! resumes.

use crate::daemon::snapshot::shards::ShardStatuses;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after its timeout a call may still return.
pub const GRACE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How many looks in a row must find a pipeline stalled.
const LOOKS: u32 = 20;

/// Watches blocking calls; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Watchdog(Arc<Mutex<Watched>>);

/// The calls in progress.
#[derive(Debug, Default)]
struct Watched {
    /// The id of the next call.
    next: u64,
    /// By id: the name of the call and how much longer it may take.
    calls: BTreeMap<u64, (&'static str, Duration)>,
}

/// Watches one call until dropped.
#[derive(Debug)]
pub struct Watch {
    of: Watchdog,
    /// The id of the call in [`Watched`].
    id: u64,
}

impl Watchdog {
    /// Starts a thread that watches blocking calls and the pipelines of `views`, and ends the
    /// process with exit code 1 when one of them hangs.
    ///
    /// # Errors
    /// When the thread cannot be created.
    pub fn start(views: Arc<ShardStatuses>) -> std::io::Result<Self> {
        let dog = Self::default();
        let (watcher, faults) = (dog.clone(), views.faults().clone());
        faults.thread("watchdog", move || watcher.run(&views))?;
        Ok(dog)
    }

    /// The loop of the watchdog thread.
    fn run(&self, views: &ShardStatuses) {
        let (mut looked, mut looks) = (Instant::now(), 0);
        loop {
            std::thread::sleep(LOOK_EVERY);
            let ran = looked.elapsed().min(LOOK_EVERY * 2);
            looked = Instant::now();
            views.add_running_time(ran);
            if let Some(what) = self.overdue(ran) {
                tracing::error!(what, "blocking call did not return; exiting");
                std::process::exit(1);
            }
            let hanging = views.hanging();
            looks = if hanging.is_empty() { 0 } else { looks + 1 };
            if looks >= LOOKS {
                tracing::error!(why = hanging.join("; "), "pipeline stalled; exiting");
                std::process::exit(1);
            }
        }
    }

    /// Watches the call that follows, which must return within `timeout` plus [`GRACE`].
    #[must_use = "the watch ends when this is dropped"]
    pub fn watch(&self, what: &'static str, timeout: Duration) -> Watch {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = watched.next;
        watched.next += 1;
        watched.calls.insert(id, (what, timeout + GRACE));
        Watch { of: self.clone(), id }
    }

    /// Takes `ran` off the time left to every call, and returns the name of one that is overdue.
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
    fn a_call_is_overdue_after_its_timeout_and_the_grace_period() {
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
