//! Finds out whether the clock alone makes anything due, and how much memory the stories use.

use super::assign::{Stories, second};
use super::live::LiveStory;
use super::{Member, MemberLookup, StoryId};
use crate::article::{EventTime, Sequence};

/// Estimated bytes per member in the tables of its story and in the story's centroid.
const MEMBER_BYTES: usize = 64;
/// Estimated bytes per story for its subjects, places and languages.
const TAGS_BYTES: usize = 48;

impl Stories {
    /// Whether anything is due by the time `by` if no further article arrives: the update of a
    /// story that changed in an earlier second, or a second look that may have an effect.
    pub fn is_due(&self, by: EventTime, members: &impl MemberLookup) -> bool {
        let updated = || self.stirred.iter().any(|story| self.live.contains_key(story));
        if second(by) > self.second && updated() {
            return true;
        }
        let old = |m: &Member<'_>| by.since(m.arrived) >= self.settings.tuning.look_again_after;
        let mut looked_at =
            (self.look..).map_while(|s| members.member(Sequence(s))).take_while(old);
        looked_at.any(|member| self.is_looked_at(member))
    }

    /// Whether a second look at an article may have an effect: its story still has a single
    /// article, and had a near miss. Without a near miss, no other story was close when the article
    /// arrived and no later article came close to it, so a second look would find nothing.
    pub(super) fn is_looked_at(&self, member: Member<'_>) -> bool {
        let story = self.story_of(member.sequence).and_then(|story| self.live.get(&story));
        !member.terms.is_empty() && story.is_some_and(|s| s.is_single() && s.record.near_miss)
    }

    /// Estimated bytes of memory: stories, their members, postings and counters. The terms are
    /// counted as part of the articles.
    pub fn bytes(&self) -> usize {
        let story = size_of::<(StoryId, Box<LiveStory>)>() + 1;
        self.live.capacity() * story
            + self.live.len() * (size_of::<LiveStory>() + TAGS_BYTES)
            + self.absorbed.capacity() * (size_of::<(StoryId, StoryId)>() + 1)
            + self.of.capacity() * size_of::<Option<StoryId>>()
            + self.of.len() * MEMBER_BYTES
            + self.postings.bytes()
            + self.universal.bytes()
            + self.frequencies.bytes()
    }
}
