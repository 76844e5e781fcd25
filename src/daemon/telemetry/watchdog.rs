//! Watches blocking calls.
//!
//! In: calls announced with [`Watchdog::watch`]. Out: the name of a call that is overdue.
//!
//! librdkafka's calls take a timeout and nearly always respect it. A call that overruns its timeout
//! would block its shard while the lease thread keeps the lease alive, so that no standby takes
//! over. The supervisor therefore ends the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How much later than its timeout a call may return.
pub const GRACE: Duration = Duration::from_secs(10);

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
    /// Watches the call that follows, which must return within `timeout` plus [`GRACE`].
    #[must_use = "the watch ends when this is dropped"]
    pub fn watch(&self, what: &'static str, timeout: Duration) -> Watch {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = watched.next;
        watched.next += 1;
        watched.calls.insert(id, (what, timeout + GRACE));
        Watch { of: self.clone(), id }
    }

    /// Subtracts `ran` from the time left to every call, and returns the name of a call that is
    /// overdue.
    pub(in crate::daemon) fn overdue(&self, ran: Duration) -> Option<&'static str> {
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
