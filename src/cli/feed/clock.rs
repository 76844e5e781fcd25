//! Derives the engine time from the dates of articles in files. Some dates are wrong or missing.
//!
//! In: the dates of the articles in file order, including those read ahead. Out: the engine time
//! for each article.
//!
//! A wrong date far in the future must not move the clock, because all articles in the window would
//! expire. So a date is accepted only if it is at most [`SLACK`] later than the clock or than the
//! latest of the next [`WITNESSES`] dates. If no date follows, the date may be up to one window
//! ahead of the clock. An article whose date is missing or not accepted gets the time of the
//! previous article. The first article gets the first accepted date of the files or, if there is
//! none, [`UNDATED`]. Stdin cannot be read twice, so if its first [`AHEAD`] articles have no date,
//! their time is `UNDATED` too.
//!
//! ```text
//! dates   -      10:00  2062   10:05  -      10:01
//! times   10:00  10:00  10:00  10:05  10:05  10:01     (the engine's clock never goes back)
//! ```
//!
//! Cost: for each article, up to 16 later dates are examined. For the first article, this is
//! repeated until a date is accepted.

use wirefold_engine::article::{EventTime, Span};

/// Number of articles read ahead.
pub(in crate::cli) const AHEAD: usize = 512;
/// Number of later dates that can confirm a date.
pub(super) const WITNESSES: usize = 16;
/// The maximum time by which an accepted date may be later than both the clock and all later dates.
const SLACK: Span = Span::hours(1);
/// The time at which the clock starts if no date is known: 2000-01-01T00:00:00Z.
pub(in crate::cli) const UNDATED: EventTime = EventTime(946_684_800_000);

/// The clock of a run over files.
#[derive(Debug)]
pub(in crate::cli) struct FeedClock {
    /// The time given to the previous article; `None` before the first.
    now: Option<EventTime>,
    /// The engine's window.
    window: Span,
}

impl FeedClock {
    /// Creates a clock that has not started; `window` is the engine's window.
    pub(in crate::cli) fn new(window: Span) -> Self {
        Self { now: None, window }
    }

    /// Starts the clock at the first accepted date of `dates`, if there is one.
    pub(in crate::cli) fn start(&mut self, dates: &[Option<EventTime>]) {
        self.now = (0..dates.len()).find_map(|at| self.accepted(&dates[at..]));
    }

    /// The time of the article whose date is `dates[0]`. The rest of `dates` are the dates of the
    /// articles that follow, as far as they have been read.
    pub(in crate::cli) fn next(&mut self, dates: &[Option<EventTime>]) -> EventTime {
        if self.now.is_none() {
            self.start(dates);
        }
        let known = self.accepted(&dates[..dates.len().min(AHEAD)]);
        let time = known.or(self.now).unwrap_or(UNDATED);
        self.now = Some(time);
        time
    }

    /// The first of `dates`, if it is present and accepted.
    fn accepted(&self, dates: &[Option<EventTime>]) -> Option<EventTime> {
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

    /// The times for these dates. Both are in hours after a fixed start.
    fn times(dates: &[Option<i64>]) -> Vec<i64> {
        let start = 500_000;
        let dates: Vec<_> =
            dates.iter().map(|d| d.map(|hours| EventTime((start + hours) * HOUR))).collect();
        let mut clock = FeedClock::new(Span::hours(120));
        let time = |at: usize| clock.next(&dates[at..]).0 / HOUR - start;
        (0..dates.len()).map(time).collect()
    }

    #[test]
    fn a_date_far_ahead_needs_confirmation() {
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
    fn without_dates_the_clock_starts_at_a_fixed_time() {
        let mut clock = FeedClock::new(Span::hours(120));
        assert_eq!(clock.next(&[None; 600]), UNDATED);
        assert_eq!(UNDATED.to_string(), "2000-01-01T00:00:00Z");
    }
}
