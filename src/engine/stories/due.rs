//! What the clock alone has to do, and what all of it holds in memory.

use super::assign::{Stories, second};
use super::live::LiveStory;
use super::{Member, MemberLookup, StoryId};
use crate::article::{EventTime, Sequence};

/// Bytes of a member in the tables of its story, and of its share in the story's centroid, about.
const MEMBER_BYTES: usize = 64;

impl Stories {
    /// Whether the clock alone has something to do by `by`: an update of an earlier second to tell,
    /// or a second look that may have an effect.
    pub fn is_due(&self, by: EventTime, members: &impl MemberLookup) -> bool {
        let tells = || self.stirred.iter().any(|story| self.live.contains_key(story));
        if second(by) > self.second && tells() {
            return true;
        }
        let old = |m: &Member<'_>| by.since(m.arrived) >= self.settings.look_again_after;
        let mut looked_at =
            (self.look..).map_while(|s| members.member(Sequence(s))).take_while(old);
        looked_at.any(|member| self.is_looked_at(member))
    }

    /// Whether a second look at an article may have an effect: its story is still of one article
    /// and wavered. What came near no other, and no other near it, has come no nearer since.
    pub(super) fn is_looked_at(&self, member: Member<'_>) -> bool {
        let story = self.story_of(member.sequence).and_then(|story| self.live.get(&story));
        !member.terms.is_empty() && story.is_some_and(|s| s.len() == 1 && s.record.wavered)
    }

    /// Bytes held, about: stories, their members' places, postings and counters. Terms are the
    /// articles' own.
    pub fn bytes(&self) -> usize {
        let story = size_of::<(StoryId, Box<LiveStory>)>() + 1;
        self.live.capacity() * story
            + self.live.len() * size_of::<LiveStory>()
            + self.absorbed.capacity() * (size_of::<(StoryId, StoryId)>() + 1)
            + self.of.capacity() * size_of::<Option<StoryId>>()
            + self.of.len() * MEMBER_BYTES
            + self.postings.bytes()
            + self.frequencies.bytes()
    }
}
