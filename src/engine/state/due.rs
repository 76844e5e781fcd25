//! When the clock has something to do, so that it can go on while no article comes.
//!
//! In: a time of the wall clock. Out: whether anything is due by then, and how far the clock may go
//! in one tick.
//!
//! Due are: an update of a story that was not told yet, at the next second; the end of an embargo;
//! an article that leaves the window, with which an idle story closes; the second look at a story
//! of one article. After [`State::tick`] at a time nothing is due by that time, so that a quiet
//! wire causes no ticks for nothing.
//!
//! Deliberately absent: identities and learned furniture whose time is over. They are seen by the
//! next article alone, and go before it is judged.

use super::State;
use crate::article::{EventTime, Span};

/// The most articles that leave the window in one tick: what a long pause left behind goes in
/// several, so that no batch grows with the pause.
const LEAVING_MAX: usize = 1_000;

impl State {
    /// Whether the clock has something to do by `by`.
    pub fn is_due(&self, by: EventTime) -> bool {
        let lifts = self.embargo.due().is_some_and(|at| at <= by);
        let leaves =
            self.live.first().is_some_and(|(_, entry)| self.leaves_at(entry.arrived) <= by);
        by > self.clock && (lifts || leaves || self.stories.is_due(by, &self.live))
    }

    /// How far towards `now` the clock may go in one tick.
    pub fn reach(&self, now: EventTime) -> EventTime {
        let last = self.live.iter().nth(LEAVING_MAX - 1);
        last.map_or(now, |(_, entry)| now.min(self.leaves_at(entry.arrived))).max(self.clock)
    }

    /// When an article that arrived at `arrived` leaves the window.
    fn leaves_at(&self, arrived: EventTime) -> EventTime {
        arrived.plus(self.settings.window).plus(Span(1))
    }
}
