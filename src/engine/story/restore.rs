//! Stories to records and back.
//!
//! A story's record holds what its members do not give; members are put back in order, each into the
//! story that its own record names, or into the one that has taken that in since.

use super::assign::{Stories, second};
use super::live::Story;
use super::{Member, Members, Remembered, StoryId, StoryRecord};
use crate::engine::article::{EventTime, Sequence};

impl Stories {
    /// Puts a record back, before the members.
    pub fn remember(&mut self, remembered: Remembered) {
        match remembered {
            Remembered::Frequencies(record) => self.frequencies.restore(record),
            Remembered::Story(_, None) => {}
            Remembered::Story(story, Some(StoryRecord::Live(record))) => {
                self.live.insert(story, Story::new(*record));
            }
            Remembered::Story(story, Some(StoryRecord::Absorbed { by })) => {
                self.absorbed.insert(story, by);
            }
        }
    }

    /// Puts a member back where its record says it was. Members come in order.
    pub fn put_back(&mut self, member: Member<'_>, story: Option<StoryId>, members: &impl Members) {
        if self.of.is_empty() {
            self.first = member.sequence.0;
        }
        let Some(story) = story.map(|story| self.current(story)) else {
            self.of.push_back(None);
            return;
        };
        self.of.push_back(Some(story));
        if !member.terms.is_empty() {
            self.postings.insert(member.sequence, member.terms, self.of.len());
            if member.sequence >= self.frequencies.since() {
                self.frequencies.add(member.terms, member.about.language);
            }
        }
        if let Some(live) = self.live.get_mut(&story) {
            live.add(member, members, self.settings.centroid_members as usize);
        }
    }

    /// All records and members are back: finds what was pending when the article before `next` came.
    pub fn resume(&mut self, clock: EventTime, next: Sequence, members: &impl Members) {
        self.second = second(clock);
        let mut stories: Vec<StoryId> = self.of.iter().copied().flatten().collect();
        stories.sort_unstable();
        stories.dedup();
        for story in stories {
            let Some(live) = self.live.get(&story) else { continue };
            if live.record.changed.map(second) == Some(self.second) {
                self.stirred.insert(story);
            }
        }
        let mut absorbed: Vec<(StoryId, StoryId)> =
            self.absorbed.keys().map(|&story| (self.current(story), story)).collect();
        absorbed.sort_unstable();
        for (survivor, story) in absorbed {
            if let Some(live) = self.live.get_mut(&survivor) {
                live.absorbed.push(story);
            }
        }
        let before = Sequence(next.0.saturating_sub(1));
        self.look = self.first;
        while self.look < self.look_until(clock, before, members) {
            self.look += 1;
        }
    }

    /// What changed since the last call beside members, each story once, in order of ids.
    pub fn take_changes(&mut self) -> Vec<Remembered> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        let folded = std::mem::take(&mut self.folded);
        let record = |id: StoryId| {
            let live = self.live.get(&id).map(|s| StoryRecord::Live(Box::new(s.record.clone())));
            live.or_else(|| self.absorbed.get(&id).map(|&by| StoryRecord::Absorbed { by }))
        };
        changed
            .into_iter()
            .map(|id| Remembered::Story(id, record(id)))
            .chain(folded.into_iter().map(Remembered::Frequencies))
            .collect()
    }
}
