//! Watches the daemon and ends it if it no longer makes progress.
//!
//! In: the faults of threads, the blocking calls announced to the [`Watchdog`], and the status of
//! the shards. Out: notifications to systemd, an error when a thread that must not end has ended,
//! and exit code 1 when a call does not return or a pipeline stalls.
//!
//! The supervisor does all its waiting here: for the topics, for the end of a thread, and for the
//! shutdown. It checks while it waits, so a call or pipeline that hangs is found at any time. The
//! only remedy is to end the process, after which the group assigns the shards to another member.
//! Otherwise, the lease thread would keep the leases alive.
//!
//! Only time in which the process could run counts: each check adds at most twice the interval,
//! however long ago the previous check was. A process that was suspended, or whose machine was
//! suspended, therefore simply continues when it resumes.

use super::faults::Faults;
use super::snapshot::shards::ShardStatuses;
use super::telemetry::systemd::SystemdNotifier;
use super::telemetry::watchdog::Watchdog;
use anyhow::anyhow;
use crossbeam_channel::{Receiver, RecvTimeoutError, never, select};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest interval between two checks.
const CHECK_EVERY: Duration = Duration::from_millis(250);
/// The process ends when a pipeline has counted as hanging for this long.
const HANGING_MAX: Duration = Duration::from_secs(10);

/// What the supervisor watches.
pub(super) struct Supervision {
    views: Arc<ShardStatuses>,
    /// The blocking calls.
    pub(super) watchdog: Watchdog,
    notifier: Option<SystemdNotifier>,
    /// Receives the request to stop.
    stopped: Receiver<()>,
    /// The interval between two checks.
    every: Duration,
    /// The time of the last check.
    checked_at: Instant,
    /// How long a pipeline has counted as hanging, not counting time in which the process was
    /// suspended.
    hanging: Duration,
}

impl Supervision {
    /// Creates the supervision of the threads that report to `views`. Waiting ends when `stopped`
    /// receives a message.
    pub(super) fn new(views: Arc<ShardStatuses>, stopped: Receiver<()>) -> Self {
        let notifier = SystemdNotifier::from_environment();
        let every = notifier.as_ref().map_or(CHECK_EVERY, |to| CHECK_EVERY.min(to.every));
        Self {
            views,
            watchdog: Watchdog::default(),
            notifier,
            stopped,
            every,
            checked_at: Instant::now(),
            hanging: Duration::ZERO,
        }
    }

    /// The faults of the daemon's threads.
    pub(super) fn faults(&self) -> &Faults {
        self.views.faults()
    }

    /// Waits for a message. Returns `None` if the daemon is asked to stop.
    ///
    /// # Errors
    /// Returns the first fault of any thread. If all senders are dropped, one of them has panicked,
    /// and its fault is about to be reported.
    pub(super) fn wait<T>(&mut self, messages: &Receiver<T>) -> anyhow::Result<Option<T>> {
        let mut messages = messages.clone();
        loop {
            self.check();
            if let Some(why) = self.faults().first() {
                return Err(anyhow!(why));
            }
            select! {
                recv(self.stopped) -> _ => {
                    tracing::info!("stopping");
                    if let Some(notifier) = self.notifier.take() {
                        notifier.stopping();
                    }
                    return Ok(None);
                }
                recv(messages) -> message => match message {
                    Ok(message) => return Ok(Some(message)),
                    Err(_) => messages = never(),
                },
                default(self.every) => {}
            }
        }
    }

    /// Waits until all senders of `running` are dropped, regardless of faults and stop requests.
    pub(super) fn wait_for_end(&mut self, running: &Receiver<()>) {
        while running.recv_timeout(self.every) == Err(RecvTimeoutError::Timeout) {
            self.check();
        }
    }

    /// Ends the process if a call is overdue or a pipeline has stalled, and notifies systemd.
    fn check(&mut self) {
        let ran = self.checked_at.elapsed().min(self.every * 2);
        self.checked_at = Instant::now();
        self.views.add_running_time(ran);
        if let Some(what) = self.watchdog.overdue(ran) {
            tracing::error!(what, "a blocking call did not return in time; exiting");
            std::process::exit(1);
        }
        let hanging = self.views.hanging();
        self.hanging = if hanging.is_empty() { Duration::ZERO } else { self.hanging + ran };
        if self.hanging >= HANGING_MAX {
            tracing::error!(why = hanging.join("; "), "pipeline stalled; exiting");
            std::process::exit(1);
        }
        if let Some(notifier) = &mut self.notifier {
            notifier.notify_if_due(&self.views, &hanging);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn a_message_or_a_request_to_stop_ends_the_wait() {
        let ((stop, stopped), (sender, messages)) = (bounded(1), bounded(1));
        let mut supervision = Supervision::new(ShardStatuses::new(1), stopped);
        sender.send(7).unwrap();
        assert_eq!(supervision.wait(&messages).unwrap(), Some(7));
        stop.send(()).unwrap();
        assert_eq!(supervision.wait(&messages).unwrap(), None);
    }

    /// If the time of the suspension counted, this check would end the test process.
    #[test]
    fn time_during_which_the_process_was_suspended_does_not_count() {
        let mut supervision = Supervision::new(ShardStatuses::new(1), never());
        let _watch = supervision.watchdog.watch("call", Duration::from_secs(1));
        supervision.checked_at -= Duration::from_secs(60);
        supervision.check();
        assert!(supervision.checked_at.elapsed() < Duration::from_secs(60));
    }
}
