//! Follows the changelog while another instance owns the shard, so that a takeover needs no
//! restore.
//!
//! In: the growing changelog, and wakes. Out: a state that equals the owner's after every complete
//! batch, and snapshots of this state. A standby writes nothing and decides nothing.
//!
//! A standby starts again from the beginning of the changelog if it stays behind the end for half
//! of the tombstone retention time, or if records are missing. If this release cannot decode a
//! record, following stops, but the process continues: the owner may run a newer release, and only
//! an instance that takes over has to be able to read the whole changelog.
//!
//! A standby is caught up when it has read everything, and remains so while it is behind for less
//! than [`BEHIND_MAX`]. It reports changes to the observer, so that readiness means that the
//! instance can take over at once.
//!
//! Cost: the memory for the shard's state, and the work to apply the changelog to it.

use super::broker::{Broker, ChangelogPoll, Clock, Fault, Tail};
use super::lease::Wake;
use super::{Phase, Pipeline, StandbyProgress};
use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::state::TouchedIds;

/// How long a poll of the changelog waits. A wake-up is noticed after at most this time.
const POLL: Duration = Duration::from_millis(50);
/// How long to wait after a broker error.
const REST: Duration = Duration::from_millis(200);
/// Minimum time between two snapshots while batches keep arriving.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);
/// How long a standby may be behind the end of the changelog and still count as caught up. An owner
/// that works through a backlog writes continuously.
const BEHIND_MAX: Duration = Duration::from_secs(30);

/// The state of following the changelog.
#[derive(Debug)]
pub(super) struct ChangelogFollower<T> {
    /// The open reader of the changelog.
    tail: Option<T>,
    /// The time since which the standby has been behind, or may have been; `None` while it is at
    /// the end of the changelog.
    behind: Option<Duration>,
    /// When a snapshot was last published.
    published_at: Option<Duration>,
    /// Whether the state has changed since the last snapshot.
    unpublished: bool,
    /// The reason the changelog cannot be read. Reading is not tried again until the shard changes
    /// owner.
    refused: Option<Arc<str>>,
    /// Whether the end has been reached since the changelog was opened.
    caught_up: bool,
    /// Whether the broker has stopped responding.
    cut_off: bool,
    /// The last progress reported to the observer.
    reported: Option<StandbyProgress>,
}

impl<T> Default for ChangelogFollower<T> {
    fn default() -> Self {
        Self {
            tail: None,
            behind: None,
            published_at: None,
            unpublished: false,
            refused: None,
            caught_up: false,
            cut_off: false,
            reported: None,
        }
    }
}

impl<T> ChangelogFollower<T> {
    /// Stops following; it can be started again.
    pub(super) fn close(&mut self) {
        (self.tail, self.behind, self.caught_up) = (None, None, false);
    }

    /// The progress at time `now`.
    fn progress(&self, now: Duration) -> StandbyProgress {
        let behind = self.behind.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        match &self.refused {
            Some(why) => StandbyProgress::Unreadable(why.clone()),
            None if self.cut_off => StandbyProgress::Unreachable,
            None if self.caught_up && behind < BEHIND_MAX => StandbyProgress::CaughtUp,
            None => StandbyProgress::Behind,
        }
    }
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Follows the changelog until a wake arrives. Returns `None` if all senders of wakes are
    /// dropped.
    pub(super) fn stand_by(&mut self, wakes: &Receiver<Wake>) -> Option<Wake> {
        loop {
            let unconfirmed = self.memory.as_ref().is_some_and(|m| m.unconfirmed.is_some());
            self.report_progress();
            if !self.setup.follows() || self.standby.refused.is_some() || unconfirmed {
                return wakes.recv().ok();
            }
            match wakes.try_recv() {
                Ok(wake) => return Some(wake),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let Err(fault) = self.catch_panic(Self::follow) else { continue };
            (self.standby.tail, self.standby.caught_up) = (None, false);
            if let Fault::Stop(why) = fault {
                let why = why.to_string();
                tracing::error!(
                    shard = self.setup.slice.shard,
                    why,
                    "cannot follow the changelog; a takeover will need a restore"
                );
                self.discard_state();
                self.standby.refused = Some(why.into());
                continue;
            }
            tracing::debug!(%fault, "broker error while following the changelog; retrying");
            match wakes.recv_timeout(REST) {
                Ok(wake) => return Some(wake),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Reports the progress to the observer if it has changed.
    fn report_progress(&mut self) {
        let progress = match self.setup.follows() {
            true => self.standby.progress(self.clock.elapsed()),
            false => StandbyProgress::Off,
        };
        if self.standby.reported.as_ref() != Some(&progress) {
            self.observer.standby_progress(&progress);
            self.standby.reported = Some(progress);
        }
    }

    /// Enters a phase in which the shard is not processed. Schedules a snapshot of everything in
    /// the state, because dropped snapshots must be rebuilt.
    pub(super) fn enter_idle_phase(&mut self, phase: Phase) {
        self.observer.phase(phase);
        if let Some(memory) = &mut self.memory {
            memory.touched = TouchedIds::everything();
            self.standby.unpublished = true;
        }
    }

    /// Called when the group has assigned the shard to another member.
    pub(super) fn shard_reassigned(&mut self) {
        self.standby.refused = None;
        let unconfirmed = self.memory.as_ref().is_some_and(|m| m.unconfirmed.is_some());
        if unconfirmed || !self.setup.follows() {
            self.discard_state();
        }
    }

    /// Polls the changelog once, and applies the next record if there is one.
    fn follow(&mut self) -> Result<(), Fault> {
        let now = self.clock.elapsed();
        let kept = self.broker.tombstone_retention();
        if self.standby.behind.is_some_and(|since| now.saturating_sub(since) > kept / 2) {
            tracing::warn!(
                shard = self.setup.slice.shard,
                "too far behind the changelog: the broker may have removed tombstones that were \
                 not read; reading the changelog again from its beginning"
            );
            self.discard_state();
        }
        if self.standby.tail.is_none() {
            self.standby.tail = Some(self.broker.tail(self.changelog.end())?);
            self.standby.behind.get_or_insert(now);
        }
        let Some(tail) = &mut self.standby.tail else { return Ok(()) };
        let polled = tail.poll(POLL)?;
        self.standby.cut_off = polled == ChangelogPoll::Unreachable;
        match polled {
            ChangelogPoll::Record(found) => {
                self.standby.behind.get_or_insert(now);
                self.standby.unpublished = true;
                if let Err(fault) = self.changelog.take(found, self.memory.as_mut()) {
                    self.discard_state();
                    return Err(fault);
                }
                point!("mid-restore");
                let recent = |at| now.saturating_sub(at) < PUBLISH_EVERY;
                if !self.standby.published_at.is_some_and(recent) {
                    self.publish_snapshot(now);
                }
            }
            ChangelogPoll::End => {
                (self.standby.behind, self.standby.caught_up) = (None, true);
                if self.memory.is_none() && self.changelog.is_whole() {
                    let built =
                        self.changelog.build(self.setup.engine.clone(), self.setup.fresh_key)?;
                    self.memory = Some(built);
                }
                self.publish_snapshot(now);
            }
            ChangelogPoll::Unreachable => drop(self.standby.behind.get_or_insert(now)),
            ChangelogPoll::Nothing => {
                if self.standby.behind.is_none() {
                    self.publish_snapshot(now);
                }
                if let Some(memory) = &mut self.memory {
                    self.observer.between_batches(memory);
                }
            }
        }
        Ok(())
    }

    /// Publishes a snapshot of the state if it has changed.
    fn publish_snapshot(&mut self, now: Duration) {
        if let Some(memory) = self.memory.as_mut().filter(|_| self.standby.unpublished) {
            self.observer.committed(memory, None, self.clock.wall());
            (self.standby.published_at, self.standby.unpublished) = (Some(now), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_that_has_caught_up_stays_so_while_it_is_not_far_behind() {
        let at = Duration::from_secs;
        let mut trail =
            ChangelogFollower::<()> { behind: Some(at(10)), ..ChangelogFollower::default() };
        assert_eq!(trail.progress(at(11)), StandbyProgress::Behind, "it has only just started");
        (trail.behind, trail.caught_up) = (None, true);
        assert_eq!(trail.progress(at(12)), StandbyProgress::CaughtUp);
        trail.behind = Some(at(20));
        assert_eq!(trail.progress(at(49)), StandbyProgress::CaughtUp, "the owner keeps writing");
        assert_eq!(trail.progress(at(50)), StandbyProgress::Behind);
        trail.cut_off = true;
        assert_eq!(trail.progress(at(21)), StandbyProgress::Unreachable);
        trail.refused = Some("newer".into());
        assert_eq!(trail.progress(at(21)), StandbyProgress::Unreadable("newer".into()));
        (trail.refused, trail.cut_off) = (None, false);
        trail.close();
        assert_eq!(trail.progress(at(21)), StandbyProgress::Behind, "it starts again");
    }
}
