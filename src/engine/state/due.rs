//! The work that becomes due by the clock while no article arrives.
//!
//! In: a wall-clock time. Out: whether anything is due by then, and how far one tick may advance
//! the clock.
//!
//! The following can become due: the end of an embargo; the departure of an article from the
//! window, which may end a story; the publication of a story's latest update, in the next second of
//! engine time; and the re-scoring of a single-article story. [`State::tick`] completes everything
//! that is due by its time. While no articles arrive, there is no other tick until something else
//! becomes due.
//!
//! Deliberately absent: the expiry of identities and of learned boilerplate. Either can only affect
//! the next article, and both expire before that article is judged.

use super::State;
use crate::article::{EventTime, Span};

/// Maximum number of articles that one tick expires. After a long pause, several ticks share the
/// work, so the size of a batch does not grow with the pause.
const LEAVING_MAX: usize = 1_000;

impl State {
    /// Whether any work becomes due by `by`.
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
