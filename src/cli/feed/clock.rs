//! The clock of a run without a wall clock: files give dates, and some of them are wrong or
//! missing.
//!
//! In: the dates of articles in the order of the file, as far as it was read ahead. Out: for each
//! article the engine's time.
//!
//! A date that lies far ahead of the clock is believed if one of the next [`WITNESSES`] dated
//! articles comes near it; one that no other confirms does not move the clock, since it would empty
//! the window of what follows. The last dates of all have no others behind them: they are believed
//! up to a window ahead. An article whose date is missing or not believed takes the clock as it is,
//! and before the first date that is believed, that one. Where there is none within [`AHEAD`]
//! articles, the clock begins at [`UNDATED`].
//!
//! ```text
//! dates   -      10:00  2062   10:05  -      10:01
//! times   10:00  10:00  10:00  10:05  10:05  10:01     (the engine never lets its clock fall)
//! ```
//!
//! Cost: up to 16 dates an article.

use wirefold_engine::article::{EventTime, Span};

/// How many articles are read ahead.
pub(in crate::cli) const AHEAD: usize = 512;
/// How many of the next dates may confirm one.
const WITNESSES: usize = 16;
/// How far ahead of all others a date may lie.
const SLACK: Span = Span::hours(1);
/// The time of articles where no date is known: 2000-01-01T00:00:00Z.
pub(in crate::cli) const UNDATED: EventTime = EventTime(946_684_800_000);

/// The clock of one run.
#[derive(Debug)]
pub(in crate::cli) struct FeedClock {
    now: Option<EventTime>,
    window: Span,
}

impl FeedClock {
    /// A clock that has not begun; `window` is that of the engine.
    pub(in crate::cli) fn new(window: Span) -> Self {
        Self { now: None, window }
    }

    /// The time of the first of `dates`; the others are those of the articles after it, as far as
    /// they are known.
    pub(in crate::cli) fn next(&mut self, dates: &[Option<EventTime>]) -> EventTime {
        let dates = &dates[..dates.len().min(AHEAD)];
        let known = match self.now {
            Some(_) => self.believed(dates),
            None => (0..dates.len()).find_map(|at| self.believed(&dates[at..])),
        };
        let time = known.or(self.now).unwrap_or(UNDATED);
        self.now = Some(time);
        time
    }

    /// The first of `dates`, if it is there and those behind it do not speak against it.
    fn believed(&self, dates: &[Option<EventTime>]) -> Option<EventTime> {
        let (first, later) = dates.split_first()?;
        let date = (*first)?;
        let latest = later.iter().flatten().take(WITNESSES).max();
        let farthest = match (latest, self.now) {
            (Some(latest), now) => now.map_or(*latest, |now| now.max(*latest)).plus(SLACK),
            (None, Some(now)) => now.plus(self.window),
            (None, None) => date,
        };
        (date <= farthest).then_some(date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    /// Dates as hours after some day, and the times that come of them.
    fn times(dates: &[Option<i64>]) -> Vec<i64> {
        let start = 500_000;
        let dates: Vec<_> =
            dates.iter().map(|d| d.map(|hours| EventTime((start + hours) * HOUR))).collect();
        let mut clock = FeedClock::new(Span::hours(120));
        let time = |at: usize| clock.next(&dates[at..]).0 / HOUR - start;
        (0..dates.len()).map(time).collect()
    }

    #[test]
    fn only_a_date_that_others_confirm_moves_the_clock_far() {
        let far = 400_000;
        for (dates, want) in [
            (&[Some(0), Some(1), Some(5)][..], &[0, 1, 5][..]),
            (&[Some(0), Some(far), Some(1), Some(2)], &[0, 0, 1, 2]),
            (&[Some(far), Some(0), Some(1)], &[0, 0, 1]),
            (&[Some(0), Some(1), Some(far)], &[0, 1, 1]),
            (&[Some(0), Some(far), Some(far), Some(1)], &[0, far, far, 1]),
            (&[Some(0), Some(200), Some(300)], &[0, 200, 300]),
            (&[Some(0), Some(24)], &[0, 24]),
            (&[Some(0), Some(8), Some(1)], &[0, 0, 1]),
            (&[None, None, Some(3), None, Some(4)], &[3, 3, 3, 3, 4]),
            (&[None, Some(far), Some(3), Some(4)], &[3, 3, 3, 4]),
        ] {
            assert_eq!(times(dates), want, "{dates:?}");
        }
    }

    #[test]
    fn without_any_date_the_clock_stands_at_a_fixed_one() {
        let mut clock = FeedClock::new(Span::hours(120));
        assert_eq!(clock.next(&[None; 600]), UNDATED);
        assert_eq!(UNDATED.to_string(), "2000-01-01T00:00:00Z");
    }
}
