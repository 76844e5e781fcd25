//! Without a lease: follows what the owner writes, so that taking over needs no restore.
//!
//! In: the changelog as it grows, and wakes. Out: memory that equals the owner's after every whole
//! batch, and read views of it. Nothing is written here, and nothing is decided.
//!
//! A reader that stays behind the end for half of the time that tombstones are kept begins anew, and so
//! does one that finds records missing. A record that this release cannot read ends the following and
//! not the process: the owner may be of a newer release, and only who takes over has to read it all.
//!
//! A standby is in step once it has read everything, and stays so while it is behind for less than
//! [`BEHIND_MAX`]. It tells the observer when that changes, so that readiness means that it could
//! take over at once.
//!
//! Cost: the memory of the shard, and the work of putting its records in.

use super::broker::{Broker, ChangelogPoll, Clock, Fault, Tail};
use super::lease::Wake;
use super::{Phase, Pipeline, StandbyProgress};
use crossbeam_channel::{Receiver, RecvTimeoutError, TryRecvError};
use std::sync::Arc;
use std::time::Duration;

/// How long a poll of the changelog waits: wakes are looked at as often.
const POLL: Duration = Duration::from_millis(50);
/// The rest after trouble with the broker.
const REST: Duration = Duration::from_millis(200);
/// How often views are published while many batches come in.
const TOLD_EVERY: Duration = Duration::from_millis(200);
/// How long a standby may be behind the end of the changelog and still count as in step: an owner
/// that reads a backlog writes all the time.
const BEHIND_MAX: Duration = Duration::from_secs(30);

/// How the changelog is followed.
#[derive(Debug)]
pub(super) struct StandbyTrail<T> {
    tail: Option<T>,
    /// Since when it is not known that everything is read.
    behind: Option<Duration>,
    told: Option<Duration>,
    /// Something is followed that no view shows yet.
    untold: bool,
    /// Why the changelog cannot be read, which is not tried again.
    refused: Option<Arc<str>>,
    /// Whether everything was read since the following began.
    caught_up: bool,
    /// Whether the broker does not answer.
    away: bool,
    /// What the observer was told last.
    said: Option<StandbyProgress>,
}

impl<T> Default for StandbyTrail<T> {
    fn default() -> Self {
        Self {
            tail: None,
            behind: None,
            told: None,
            untold: false,
            refused: None,
            caught_up: false,
            away: false,
            said: None,
        }
    }
}

impl<T> StandbyTrail<T> {
    /// Ends the following; it may begin again.
    pub(super) fn close(&mut self) {
        (self.tail, self.behind, self.caught_up) = (None, None, false);
    }

    /// How the changelog is followed, at `now`.
    fn following(&self, now: Duration) -> StandbyProgress {
        let behind = self.behind.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        match &self.refused {
            Some(why) => StandbyProgress::Refused(why.clone()),
            None if self.away => StandbyProgress::CutOff,
            None if self.caught_up && behind < BEHIND_MAX => StandbyProgress::InStep,
            None => StandbyProgress::Behind,
        }
    }
}

impl<B: Broker, C: Clock> Pipeline<B, C> {
    /// Waits for a wake, and meanwhile follows the changelog. `None` when nobody can wake any more.
    pub(super) fn stand_by(&mut self, wakes: &Receiver<Wake>) -> Option<Wake> {
        loop {
            let unconfirmed = self.memory.as_ref().is_some_and(|m| m.unconfirmed.is_some());
            self.say();
            if !self.setup.follows() || self.trail.refused.is_some() || unconfirmed {
                return wakes.recv().ok();
            }
            match wakes.try_recv() {
                Ok(wake) => return Some(wake),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            let Err(fault) = self.guarded(Self::follow) else { continue };
            (self.trail.tail, self.trail.caught_up) = (None, false);
            if let Fault::Stop(why) = fault {
                tracing::error!(why, "the changelog cannot be followed");
                self.forget();
                self.trail.refused = Some(why.into());
                continue;
            }
            tracing::debug!(%fault, "following goes on");
            match wakes.recv_timeout(REST) {
                Ok(wake) => return Some(wake),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Tells the observer how the changelog is followed, when that changed.
    fn say(&mut self) {
        let following = match self.setup.follows() {
            true => self.trail.following(self.clock.elapsed()),
            false => StandbyProgress::Off,
        };
        if self.trail.said.as_ref() != Some(&following) {
            self.observer.following(&following);
            self.trail.said = Some(following);
        }
    }

    /// The shard is not worked on: views that were dropped show again what is remembered.
    pub(super) fn rest(&mut self, phase: Phase) {
        self.observer.phase(phase);
        if let Some(memory) = &mut self.memory {
            memory.state.touch_everything();
            self.trail.untold = true;
        }
    }

    /// The group has given the shard to another member.
    pub(super) fn yielded(&mut self) {
        self.trail.refused = None;
        let unconfirmed = self.memory.as_ref().is_some_and(|m| m.unconfirmed.is_some());
        if unconfirmed || !self.setup.follows() {
            self.forget();
        }
    }

    /// Takes in the next record, or waits for it.
    fn follow(&mut self) -> Result<(), Fault> {
        let now = self.clock.elapsed();
        let kept = self.broker.tombstones_kept();
        if self.trail.behind.is_some_and(|since| now.saturating_sub(since) > kept / 2) {
            tracing::warn!("behind the changelog for too long: beginning anew");
            self.forget();
        }
        if self.trail.tail.is_none() {
            self.trail.tail = Some(self.broker.tail(self.log.end())?);
            self.trail.behind.get_or_insert(now);
        }
        let Some(tail) = &mut self.trail.tail else { return Ok(()) };
        let polled = tail.poll(POLL)?;
        self.trail.away = polled == ChangelogPoll::Away;
        match polled {
            ChangelogPoll::Record(found) => {
                self.trail.behind.get_or_insert(now);
                self.trail.untold = true;
                if let Err(fault) = self.log.take(found, self.memory.as_mut()) {
                    self.forget();
                    return Err(fault);
                }
                point!("mid-restore");
                let told = self.trail.told.is_some_and(|at| now.saturating_sub(at) < TOLD_EVERY);
                if !told {
                    self.show(now);
                }
            }
            ChangelogPoll::End => {
                (self.trail.behind, self.trail.caught_up) = (None, true);
                if self.memory.is_none() && self.log.is_whole() {
                    let built = self.log.build(self.setup.engine.clone(), self.setup.fresh_key)?;
                    self.memory = Some(built);
                }
                self.show(now);
            }
            ChangelogPoll::Away => drop(self.trail.behind.get_or_insert(now)),
            ChangelogPoll::Nothing => {
                if self.trail.behind.is_none() {
                    self.show(now);
                }
                if let Some(memory) = &mut self.memory {
                    self.observer.between(memory);
                }
            }
        }
        Ok(())
    }

    /// Publishes the views of what is followed.
    fn show(&mut self, now: Duration) {
        if let Some(memory) = self.memory.as_mut().filter(|_| self.trail.untold) {
            self.observer.committed(memory, None, self.clock.wall());
            (self.trail.told, self.trail.untold) = (Some(now), false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_is_in_step_once_it_has_read_everything_and_while_it_is_not_far_behind() {
        let at = Duration::from_secs;
        let mut trail = StandbyTrail::<()> { behind: Some(at(10)), ..StandbyTrail::default() };
        assert_eq!(trail.following(at(11)), StandbyProgress::Behind, "it has only begun");
        (trail.behind, trail.caught_up) = (None, true);
        assert_eq!(trail.following(at(12)), StandbyProgress::InStep);
        trail.behind = Some(at(20));
        assert_eq!(
            trail.following(at(49)),
            StandbyProgress::InStep,
            "the owner writes all the time"
        );
        assert_eq!(trail.following(at(50)), StandbyProgress::Behind);
        trail.away = true;
        assert_eq!(trail.following(at(21)), StandbyProgress::CutOff);
        trail.refused = Some("newer".into());
        assert_eq!(trail.following(at(21)), StandbyProgress::Refused("newer".into()));
        (trail.refused, trail.away) = (None, false);
        trail.close();
        assert_eq!(trail.following(at(21)), StandbyProgress::Behind, "it begins anew");
    }
}
