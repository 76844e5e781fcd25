//! Reports the daemon's state to systemd (`Type=notify`).
//!
//! ```text
//! READY=1      once, when every shard is running here or could be taken over at once
//! STATUS=...   a status line, whenever it changes
//! WATCHDOG=1   every second or more often, as long as no pipeline is stalled
//! STOPPING=1   on shutdown
//! ```
//!
//! In: the status of every shard. Out: datagrams to `NOTIFY_SOCKET`; nothing if that is not set.
//! When a pipeline stalls, `WATCHDOG=1` is no longer sent, and systemd restarts the process; a
//! standby takes over in the meantime. A broker outage does not count as a stall, because a restart
//! would not help.
//!
//! Source: sd_notify(3), sd_watchdog_enabled(3).

use crate::daemon::snapshot::shards::ShardStatuses;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use sd_notify::NotifyState;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest interval between two looks at the shards' status.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The thread that notifies systemd.
#[derive(Debug)]
pub struct SystemdNotifier {
    /// Asks the thread to stop.
    stop: Sender<()>,
    /// Yields `Some` if the thread did not panic.
    thread: JoinHandle<Option<()>>,
}

impl SystemdNotifier {
    /// Starts the thread; `None` if `NOTIFY_SOCKET` is not set.
    ///
    /// # Errors
    /// When the thread cannot be created.
    pub fn start(views: Arc<ShardStatuses>) -> std::io::Result<Option<Self>> {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(None);
        }
        let watched = sd_notify::watchdog_enabled();
        let every = watched.map_or(LOOK_EVERY, |within| (within / 3).min(LOOK_EVERY));
        let (stop, stopped) = bounded(1);
        let mut state = NotifierState { watched: watched.is_some(), ..NotifierState::default() };
        let faults = views.faults().clone();
        let thread = faults.thread("notifier", move || state.run(&views, &stopped, every))?;
        Ok(Some(Self { stop, thread }))
    }

    /// Reports that the daemon is stopping, and ends the thread.
    pub fn stopping(self) {
        if self.stop.send(()).is_err() || !matches!(self.thread.join(), Ok(Some(()))) {
            tracing::warn!("the systemd notifier had already ended");
        }
    }
}

/// What was reported so far.
#[derive(Debug, Default)]
struct NotifierState {
    /// Whether systemd expects `WATCHDOG=1`.
    watched: bool,
    /// Whether `READY=1` was sent.
    ready: bool,
    /// Whether a pipeline was stalled at the last look.
    hanging: bool,
    /// The last status line.
    status: String,
}

impl NotifierState {
    /// Reports until the thread is asked to stop.
    fn run(&mut self, views: &ShardStatuses, stopped: &Receiver<()>, every: Duration) {
        loop {
            self.look(views);
            match stopped.recv_timeout(every) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    fn look(&mut self, views: &ShardStatuses) {
        let (unready, hanging) = (views.unready(), views.hanging());
        let status = status(views, &unready, &hanging);
        notify(&self.changes(&unready, &hanging, &status));
        self.status = status;
    }

    /// The notifications to send now.
    fn changes<'a>(
        &mut self,
        unready: &[String],
        hanging: &[String],
        status: &'a str,
    ) -> Vec<NotifyState<'a>> {
        let mut states = Vec::new();
        if unready.is_empty() && !self.ready {
            self.ready = true;
            states.push(NotifyState::Ready);
        }
        if hanging.is_empty() && self.watched {
            states.push(NotifyState::Watchdog);
        }
        if !hanging.is_empty() && !self.hanging {
            let why = hanging.join("; ");
            tracing::error!(why, "pipeline stalled; no longer sending WATCHDOG=1 to systemd");
        }
        self.hanging = !hanging.is_empty();
        if status != self.status {
            states.push(NotifyState::Status(status));
        }
        states
    }
}

/// One line for `systemctl status`.
fn status(views: &ShardStatuses, unready: &[String], hanging: &[String]) -> String {
    if !hanging.is_empty() {
        return format!("stalled: {}", hanging.join("; "));
    }
    if !unready.is_empty() {
        return format!("not ready: {}", unready.join("; "));
    }
    let all = views.all();
    let articles: usize = all.iter().map(|view| view.live_articles).sum();
    let stories: usize = all.iter().map(|view| view.live_stories).sum();
    format!("running: {articles} live articles, {stories} live stories")
}

fn notify(states: &[NotifyState<'_>]) {
    if states.is_empty() {
        return;
    }
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "cannot notify systemd");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_sent_once_and_a_stalled_pipeline_stops_the_watchdog_messages() {
        let mut state = NotifierState { watched: true, ..NotifierState::default() };
        let mut sent = |unready: &[&str], hanging: &[&str]| {
            let owned = |of: &[&str]| of.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            format!("{:?}", state.changes(&owned(unready), &owned(hanging), ""))
        };
        assert_eq!(sent(&["restoring"], &[]), "[Watchdog]");
        assert_eq!(sent(&[], &[]), "[Ready, Watchdog]");
        assert_eq!(sent(&[], &[]), "[Watchdog]");
        assert_eq!(sent(&[], &["no progress"]), "[]");
        assert_eq!(sent(&["recovering"], &[]), "[Watchdog]");
        assert_eq!(sent(&[], &[]), "[Watchdog]", "READY=1 is sent only once");
        let mut unwatched = NotifierState::default();
        assert!(unwatched.changes(&["idle".into()], &[], "").is_empty(), "no watchdog is set up");
    }
}
