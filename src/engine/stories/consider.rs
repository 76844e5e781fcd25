//! Which story an article would join, without putting it there.

use super::assign::{Stories, joins};
use super::{Member, MemberLookup, StoryId};
use crate::article::Sequence;

/// The story that an article would join.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choice {
    /// The story; `None` where it would open one of its own, or join none.
    pub story: Option<StoryId>,
    /// Whether it is the story of an article whose text it shares, whatever the scores say.
    pub by_text: bool,
    /// Whether articles of its kind join stories at all.
    pub joins: bool,
    /// The stories near it with their scores, best first.
    pub near: Vec<(StoryId, f64)>,
    /// The score from which an article joins.
    pub join: f64,
}

impl Stories {
    /// Whether a story is live.
    pub fn is_live(&self, story: StoryId) -> bool {
        self.live.contains_key(&story)
    }

    /// The live story that took `story` in.
    pub fn survivor(&self, story: StoryId) -> Option<StoryId> {
        Some(self.current(story)).filter(|now| *now != story && self.is_live(*now))
    }

    /// Says which story `new` would join, as [`Stories::take_in`] decides it.
    pub fn consider(
        &mut self,
        new: Member<'_>,
        matched: Option<Sequence>,
        members: &impl MemberLookup,
    ) -> Choice {
        let join = self.settings.join_among(self.len());
        if !joins(new) || self.of.is_empty() {
            return Choice { joins: joins(new), join, ..Choice::default() };
        }
        let matched = matched.filter(|_| new.kind.joins_its_match());
        let matched = matched.and_then(|m| self.story_of(m));
        let weights = self.frequencies.weights(new.about.language);
        let terms = new.terms.cut(&self.frequencies, &weights, &self.settings);
        let scored = self.scored(Member { terms: &terms, ..new }, &weights, members);
        let near: Vec<(StoryId, f64)> = scored.iter().map(|s| (s.story, s.score)).collect();
        let best = near.first().filter(|(_, score)| *score >= join).map(|(story, _)| *story);
        Choice { story: matched.or(best), by_text: matched.is_some(), joins: true, near, join }
    }
}
