//! What the clock has to do while no article arrives.
//!
//! In: a wall-clock time. Out: whether anything is due by then, and how far one tick may advance
//! the clock.
//!
//! Due are: the end of an embargo; an article that leaves the window, and with it the end of an
//! idle story; an update of a story that has not been published yet, in the next second of engine
//! time; and the re-scoring of a single-article story. After [`State::tick`] nothing is due by the
//! time of the tick, so a quiet wire causes no useless ticks.
//!
//! Deliberately absent: the expiry of identities and of learned boilerplate. Only the next article
//! can observe either, and both expire before it is judged.

use super::State;
use crate::article::{EventTime, Span};

/// The most articles that one tick expires. After a long pause several ticks share the work, so the
/// size of a batch does not grow with the pause.
const LEAVING_MAX: usize = 1_000;

impl State {
    /// Whether the clock has something to do by `by`.
    pub fn is_due(&self, by: EventTime) -> bool {
        let lifts = self.embargo.due().is_some_and(|at| at <= by);
        let leaves =
            self.live.first().is_some_and(|(_, entry)| self.leaves_at(entry.arrived) <= by);
        by > self.clock && (lifts || leaves || self.stories.is_due(by, &self.live))
    }

    /// How far towards `now` one tick may advance the clock.
    pub fn reach(&self, now: EventTime) -> EventTime {
        let last = self.live.iter().nth(LEAVING_MAX - 1);
        last.map_or(now, |(_, entry)| now.min(self.leaves_at(entry.arrived))).max(self.clock)
    }

    /// When an article that arrived at `arrived` leaves the window.
    fn leaves_at(&self, arrived: EventTime) -> EventTime {
        arrived.plus(self.settings.window).plus(Span(1))
    }
}
