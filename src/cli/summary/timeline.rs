//! Articles and copies over time.
//!
//! Time is divided into equal steps. Whenever there would be more than [`STEPS_MAX`] steps, the
//! length of a step doubles and pairs of steps are merged, so memory is fixed however long the
//! period is.

use wirefold_engine::article::EventTime;

/// Maximum number of steps.
const STEPS_MAX: usize = 240;
/// Minimum length of a step, in milliseconds.
const STEP_MS_MIN: i64 = 60_000;

/// The articles of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::cli) struct TimelineStep {
    /// Number of articles that arrived.
    pub(in crate::cli) articles: u64,
    /// Number of these articles that are copies.
    pub(in crate::cli) copies: u64,
}

/// Articles and copies over time.
#[derive(Debug)]
pub(in crate::cli) struct Timeline {
    /// The index of the first step: how many steps of the current length lie between 1970 and its
    /// start.
    first: i64,
    /// Length of a step in milliseconds.
    step_ms: i64,
    /// The steps.
    steps: Vec<TimelineStep>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { first: 0, step_ms: STEP_MS_MIN, steps: Vec::new() }
    }
}

impl Timeline {
    /// Counts an article. An article from before the first step is counted in the first step.
    pub(super) fn add(&mut self, at: EventTime, copy: bool) {
        if self.steps.is_empty() {
            self.first = at.0.div_euclid(self.step_ms);
        }
        let mut index = self.index(at);
        while index >= STEPS_MAX {
            self.double();
            index = self.index(at);
        }
        if index >= self.steps.len() {
            self.steps.resize(index + 1, TimelineStep::default());
        }
        self.steps[index].articles += 1;
        self.steps[index].copies += u64::from(copy);
    }

    fn index(&self, at: EventTime) -> usize {
        let step = at.0.div_euclid(self.step_ms).saturating_sub(self.first);
        usize::try_from(step.max(0)).unwrap_or(usize::MAX)
    }

    /// Doubles the length of a step.
    fn double(&mut self) {
        let (first, old) = (self.first, std::mem::take(&mut self.steps));
        self.step_ms = self.step_ms.saturating_mul(2);
        self.first = first.div_euclid(2);
        for (step, number) in old.into_iter().zip(first..) {
            let index = usize::try_from(number.div_euclid(2) - self.first).unwrap_or_default();
            if index >= self.steps.len() {
                self.steps.resize(index + 1, TimelineStep::default());
            }
            self.steps[index].articles += step.articles;
            self.steps[index].copies += step.copies;
        }
    }

    /// The steps, each with the time at which it starts.
    pub(in crate::cli) fn steps(&self) -> impl Iterator<Item = (EventTime, TimelineStep)> {
        let start = |number: i64| EventTime(number.saturating_mul(self.step_ms));
        (self.first..).map(start).zip(self.steps.iter().copied())
    }

    /// Length of a step in minutes.
    pub(in crate::cli) fn step_minutes(&self) -> i64 {
        self.step_ms / STEP_MS_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However long the period is, no article is lost, the number of steps is limited, and each
        /// article is in the step that contains its time.
        #[test]
        fn steps_are_bounded_and_complete(
            start in 0i64..1_000_000_000_000,
            gaps in prop::collection::vec((0i64..100_000_000, any::<bool>()), 1..60),
        ) {
            let (mut timeline, mut at) = (Timeline::default(), start);
            let mut times = Vec::new();
            for (gap, copy) in &gaps {
                at += gap;
                timeline.add(EventTime(at), *copy);
                times.push((at, *copy));
            }
            let length = timeline.step_minutes() * STEP_MS_MIN;
            let steps: Vec<_> = timeline.steps().collect();
            prop_assert!(steps.len() <= STEPS_MAX);
            for (begin, step) in steps {
                let within = |at: i64| at >= begin.0 && at < begin.0 + length;
                let articles = times.iter().filter(|(at, _)| within(*at)).count() as u64;
                let copies = times.iter().filter(|(at, c)| *c && within(*at)).count() as u64;
                prop_assert_eq!(step, TimelineStep { articles, copies });
            }
        }
    }

    #[test]
    fn a_time_before_the_first_or_far_ahead_is_counted() {
        let mut timeline = Timeline::default();
        for at in [1_000_000_000_000, 0, i64::MAX / 2] {
            timeline.add(EventTime(at), false);
        }
        let articles: u64 = timeline.steps().map(|(_, step)| step.articles).sum();
        assert_eq!(articles, 3);
    }
}
