//! Tells the service manager how the daemon fares, where one listens (`Type=notify` of systemd).
//!
//! ```text
//! READY=1      once it works on every shard, or could take it over at once
//! STATUS=...   in words, whenever they change
//! WATCHDOG=1   every second, for as long as no pipeline hangs
//! STOPPING=1   at the stop
//! ```
//!
//! In: read views. Out: datagrams. A pipeline that hangs ends the `WATCHDOG=1`, and the manager, which
//! misses them, ends the process and starts it anew; a standby has taken over by then. A broker that
//! is away is no reason: starting anew would not bring it back.
//!
//! Source: sd_notify(3), sd_watchdog_enabled(3).

use crate::daemon::snapshot::shards::ShardStatuses;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use sd_notify::NotifyState;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the views are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A thread that tells the service manager.
#[derive(Debug)]
pub struct SystemdNotifier {
    stop: Sender<()>,
    thread: JoinHandle<Option<()>>,
}

impl SystemdNotifier {
    /// Starts to tell; `None` where no service manager listens.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(views: Arc<ShardStatuses>) -> std::io::Result<Option<Self>> {
        if std::env::var_os("NOTIFY_SOCKET").is_none() {
            return Ok(None);
        }
        let watched = sd_notify::watchdog_enabled();
        let every = watched.map_or(LOOK_EVERY, |within| (within / 3).min(LOOK_EVERY));
        let (stop, stopped) = bounded(1);
        let mut told = NotifierState { watched: watched.is_some(), ..NotifierState::default() };
        let faults = views.faults().clone();
        let tell = move || told.tell(&views, &stopped, every);
        let thread = faults.thread("notifier", tell)?;
        Ok(Some(Self { stop, thread }))
    }

    /// Says that the daemon is about to end; nothing more is said afterwards.
    pub fn stopping(self) {
        if self.stop.send(()).is_err() || !matches!(self.thread.join(), Ok(Some(()))) {
            tracing::warn!("the notifier had ended before");
        }
    }
}

/// What was told so far.
#[derive(Debug, Default)]
struct NotifierState {
    watched: bool,
    ready: bool,
    hanging: bool,
    status: String,
}

impl NotifierState {
    fn tell(&mut self, views: &ShardStatuses, stopped: &Receiver<()>, every: Duration) {
        loop {
            self.look(views);
            match stopped.recv_timeout(every) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        say(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    fn look(&mut self, views: &ShardStatuses) {
        let (unready, hanging) = (views.unready(), views.hanging());
        let status = status(views, &unready, &hanging);
        say(&self.news(&unready, &hanging, &status));
        self.status = status;
    }

    /// What is to be said at a look.
    fn news<'a>(
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
            tracing::error!(why = hanging.join("; "), "the service manager is told no more");
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
        return format!("hangs: {}", hanging.join("; "));
    }
    if !unready.is_empty() {
        return format!("not ready: {}", unready.join("; "));
    }
    let all = views.all();
    let articles: usize = all.iter().map(|view| view.live_articles).sum();
    let stories: usize = all.iter().map(|view| view.live_stories).sum();
    format!("in step: {articles} live articles, {stories} live stories")
}

fn say(states: &[NotifyState<'_>]) {
    if states.is_empty() {
        return;
    }
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_said_once_and_a_pipeline_that_hangs_silences_the_watchdog() {
        let mut told = NotifierState { watched: true, ..NotifierState::default() };
        let mut says = |unready: &[&str], hanging: &[&str]| {
            let owned = |of: &[&str]| of.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
            format!("{:?}", told.news(&owned(unready), &owned(hanging), ""))
        };
        assert_eq!(says(&["restoring"], &[]), "[Watchdog]");
        assert_eq!(says(&[], &[]), "[Ready, Watchdog]");
        assert_eq!(says(&[], &[]), "[Watchdog]");
        assert_eq!(says(&[], &["no progress"]), "[]");
        assert_eq!(says(&["recovering"], &[]), "[Watchdog]");
        assert_eq!(says(&[], &[]), "[Watchdog]", "what was ready once is not said again");
        let mut alone = NotifierState::default();
        assert!(alone.news(&["idle".into()], &[], "").is_empty(), "where no watchdog is wanted");
    }
}
