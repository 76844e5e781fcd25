//! The ids touched since the last call, for read views; decisions never depend on them.
//!
//! They include articles whose validity changed, and stories that changed, opened or ended.
//! Arrivals and departures of articles follow from [`State::window`](super::State::window).
//! Bounded: a caller that asks too late is told that everything was touched.

use crate::article::Sequence;
use crate::stories::StoryId;
use std::collections::BTreeSet;

/// The most ids kept between two calls.
const TOUCHED_MAX: usize = 100_000;

/// The ids touched since the last [`State::take_touched`](super::State::take_touched).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedIds {
    /// Whether any id may have been touched: after a restore, or if there were too many to keep.
    pub everything: bool,
    /// Articles whose validity changed, or whose record was replaced.
    pub articles: BTreeSet<Sequence>,
    /// Stories whose state or members changed, or that have ended.
    pub stories: BTreeSet<StoryId>,
}

impl TouchedIds {
    pub(super) fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn article(&mut self, sequence: Sequence) {
        if !self.everything {
            self.articles.insert(sequence);
            self.bound();
        }
    }

    pub(super) fn story(&mut self, story: StoryId) {
        if !self.everything {
            self.stories.insert(story);
            self.bound();
        }
    }

    fn bound(&mut self) {
        if self.articles.len() + self.stories.len() > TOUCHED_MAX {
            *self = Self::everything();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_ids_mean_everything() {
        let mut touched = TouchedIds::default();
        for n in 0..TOUCHED_MAX as u64 {
            touched.article(Sequence(n));
        }
        assert_eq!((touched.everything, touched.articles.len()), (false, TOUCHED_MAX));
        touched.article(Sequence(0));
        assert!(!touched.everything, "an id is stored once");
        touched.story(StoryId::new(1));
        assert_eq!(touched, TouchedIds::everything());
        touched.story(StoryId::new(2));
        assert!(touched.stories.is_empty(), "no ids are kept beside `everything`");
    }
}
