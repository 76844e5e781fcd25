//! Reports the daemon's state to systemd (`Type=notify`).
//!
//! ```text
//! READY=1      once, when every shard is running here or could be taken over at once
//! STATUS=...   a status line, whenever it changes
//! WATCHDOG=1   at least once a second, as long as no pipeline is stalled
//! STOPPING=1   on shutdown
//! ```
//!
//! In: the status of every shard. Out: datagrams to `NOTIFY_SOCKET`, if it is set. While a pipeline
//! hangs, `WATCHDOG=1` is not sent, so that systemd ends the process if the supervisor does not. A
//! broker outage does not count as hanging, because a restart would not help.
//!
//! Source: sd_notify(3), sd_watchdog_enabled(3).

use crate::daemon::snapshot::shards::ShardStatuses;
use sd_notify::NotifyState;
use std::time::{Duration, Instant};

/// The longest interval between two notifications.
const NOTIFY_EVERY: Duration = Duration::from_secs(1);

/// Notifies systemd, and remembers what was reported so far.
#[derive(Debug, Default)]
pub(in crate::daemon) struct SystemdNotifier {
    /// The interval between two notifications.
    pub(in crate::daemon) every: Duration,
    /// Whether systemd expects `WATCHDOG=1`.
    watched: bool,
    /// When the last notification was sent.
    notified_at: Option<Instant>,
    /// Whether `READY=1` was sent.
    ready: bool,
    /// The last status line.
    status: String,
}

impl SystemdNotifier {
    /// Creates the notifier; `None` if `NOTIFY_SOCKET` is not set.
    pub(in crate::daemon) fn from_environment() -> Option<Self> {
        std::env::var_os("NOTIFY_SOCKET")?;
        let watched = sd_notify::watchdog_enabled();
        let every = watched.map_or(NOTIFY_EVERY, |within| (within / 3).min(NOTIFY_EVERY));
        Some(Self { every, watched: watched.is_some(), ..Self::default() })
    }

    /// Notifies systemd if a notification is due. `hanging` contains the reasons pipelines count as
    /// hanging.
    pub(in crate::daemon) fn notify_if_due(&mut self, views: &ShardStatuses, hanging: &[String]) {
        if self.notified_at.is_some_and(|at| at.elapsed() < self.every) {
            return;
        }
        self.notified_at = Some(Instant::now());
        let unready = views.unready();
        let status = status(views, &unready, hanging);
        notify(&self.changes(&unready, hanging, &status));
        self.status = status;
    }

    /// Reports that the daemon is stopping.
    pub(in crate::daemon) fn stopping(self) {
        notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
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
        let mut state = SystemdNotifier { watched: true, ..SystemdNotifier::default() };
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
        let mut unwatched = SystemdNotifier::default();
        assert!(unwatched.changes(&["idle".into()], &[], "").is_empty(), "no watchdog is set up");
    }
}
