//! Predicts which story an article would join, without changing anything.

use super::assign::{Stories, joins};
use super::{Member, MemberLookup, StoryId};
use crate::article::Sequence;

/// The story that an article would join.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choice {
    /// The story; `None` if the article would open a story of its own, or join none.
    pub story: Option<StoryId>,
    /// Whether the story was chosen because the article shares text with one of its members,
    /// regardless of scores.
    pub by_text: bool,
    /// Whether the article may belong to a story at all; a withdrawal, for example, may not.
    pub joins: bool,
    /// The stories close to the article with their scores, best first.
    pub near: Vec<(StoryId, f64)>,
    /// The lowest score with which the article joins the best of these stories.
    pub join: f64,
}

impl Stories {
    /// Whether a story is live.
    pub fn is_live(&self, story: StoryId) -> bool {
        self.live.contains_key(&story)
    }

    /// The live story that absorbed `story`.
    pub fn survivor(&self, story: StoryId) -> Option<StoryId> {
        Some(self.current(story)).filter(|now| *now != story && self.is_live(*now))
    }

    /// Predicts which story `new` would join, by the same logic as [`Stories::assign`].
    pub fn consider(
        &self,
        new: Member<'_>,
        matched: Option<Sequence>,
        members: &impl MemberLookup,
    ) -> Choice {
        let join = self.settings.join.get();
        if !joins(new) {
            return Choice { join, ..Choice::default() };
        }
        let weights = self.frequencies.weights(new.about.language);
        let by_text = self.story_by_text(new, matched);
        let terms = new.terms.cut(&self.frequencies, &weights, &self.settings);
        let scored = Member { terms: &terms, ..new };
        let decision = self.choose(scored, by_text, join, &weights, members);
        Choice {
            story: decision.story,
            by_text: by_text.is_some(),
            joins: true,
            near: decision.near.iter().map(|near| (near.story, near.score)).collect(),
            join: decision.threshold,
        }
    }
}
