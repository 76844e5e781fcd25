//! What was touched since it was last asked: for read views, never for a decision.
//!
//! Which articles came and went is told by [`State::window`](super::State::window); here are those
//! that stand otherwise than before, and the stories that changed, opened or ended. Bounded: who asks
//! too late is told that everything was touched.

use crate::article::Sequence;
use crate::stories::StoryId;
use std::collections::BTreeSet;

/// Names that are kept until someone asks.
const TOUCHED_MAX: usize = 100_000;

/// What was touched since the last [`State::take_touched`](super::State::take_touched).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedIds {
    /// Whether anything may have been: after a restore, and when more was touched than is kept.
    pub everything: bool,
    /// Articles that stand otherwise than before.
    pub articles: BTreeSet<Sequence>,
    /// Stories whose state or members changed, or that are gone.
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
    fn who_asks_too_late_is_told_everything() {
        let mut touched = TouchedIds::default();
        for n in 0..TOUCHED_MAX as u64 {
            touched.article(Sequence(n));
        }
        assert_eq!((touched.everything, touched.articles.len()), (false, TOUCHED_MAX));
        touched.article(Sequence(0));
        assert!(!touched.everything, "a name is kept once");
        touched.story(StoryId::new(1));
        assert_eq!(touched, TouchedIds::everything());
        touched.story(StoryId::new(2));
        assert!(touched.stories.is_empty(), "and then nothing is kept");
    }
}
