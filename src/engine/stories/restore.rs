//! Stories to records and back.
//!
//! A story's record holds what its members do not give; members are put back in order, each into the
//! story that its own record names, or into the one that has taken that in since.

use super::assign::{Stories, second};
use super::live::LiveStory;
use super::{Member, MemberLookup, MemoryChange, StoryId, StoryRecord};
use crate::article::{EventTime, Sequence};
use crate::verdict::Validity;

/// Whether others find the member by its terms.
fn is_listed((member, story): &(Member<'_>, Option<StoryId>)) -> bool {
    story.is_some() && !member.terms.is_empty()
}

impl Stories {
    /// Puts a record back, before the members.
    pub fn remember(&mut self, remembered: MemoryChange) {
        match remembered {
            MemoryChange::Frequencies(record) => self.frequencies.restore(record),
            MemoryChange::Story(_, None) => {}
            MemoryChange::Story(story, Some(StoryRecord::Live(record))) => {
                self.live.insert(story, Box::new(LiveStory::new(*record)));
            }
            MemoryChange::Story(story, Some(StoryRecord::Absorbed { by })) => {
                self.absorbed.insert(story, by);
            }
        }
    }

    /// Puts a member back where its record says it was. Members come in order. Returns the story
    /// where there is no record of it.
    #[must_use = "a member without its story is a damaged record"]
    pub fn put_back(
        &mut self,
        member: Member<'_>,
        story: Option<StoryId>,
        members: &impl MemberLookup,
    ) -> Option<StoryId> {
        if is_listed(&(member, story)) {
            self.postings.insert(member.sequence, member.terms, self.of.len() + 1);
        }
        self.place(member, story, members)
    }

    /// Puts all members back, as [`put_back`](Self::put_back) does one by one, on all cores. Returns the
    /// first whose story has no record.
    #[must_use = "a member without its story is a damaged record"]
    pub fn put_all_back<'a>(
        &mut self,
        mut all: impl Iterator<Item = (Member<'a>, Option<StoryId>)> + Clone + Send + Sync,
        live: usize,
        members: &(impl MemberLookup + Sync),
    ) -> Option<(Sequence, StoryId)> {
        let mut postings = std::mem::take(&mut self.postings);
        let listed = all.clone().filter(is_listed).map(|(m, _)| (m.sequence, m.terms));
        let (missing, ()) = rayon::join(
            || all.find_map(|(m, story)| Some((m.sequence, self.place(m, story, members)?))),
            || postings.insert_all(listed, live),
        );
        self.postings = postings;
        missing
    }

    /// Puts a member back into its story.
    fn place(
        &mut self,
        member: Member<'_>,
        story: Option<StoryId>,
        members: &impl MemberLookup,
    ) -> Option<StoryId> {
        if self.of.is_empty() {
            self.first = member.sequence.0;
        }
        let story = story.map(|story| self.current(story));
        self.of.push_back(story);
        let story = story?;
        if !member.terms.is_empty() && member.sequence >= self.frequencies.since() {
            self.frequencies.add(member.terms, member.about.language);
        }
        let Some(live) = self.live.get_mut(&story) else { return Some(story) };
        live.add(member, members, self.settings.centroid_members as usize);
        None
    }

    /// All records and members are back: finds what was pending when the article before `next` came.
    /// A story without members has ended, and so have those that it took in.
    pub fn resume(&mut self, clock: EventTime, look: Sequence) {
        self.second = second(clock);
        self.live.retain(|_, story| story.len() > 0);
        let ended = |story: &StoryId| !self.live.contains_key(&self.current(*story));
        let ended: Vec<StoryId> = self.absorbed.keys().copied().filter(ended).collect();
        for story in ended {
            self.absorbed.remove(&story);
        }
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
        self.look = look.0;
    }

    /// Takes in what another instance recorded of its stories, before the members that came with it.
    /// Stories that end keep their place until [`Stories::settle`].
    pub fn follow(&mut self, records: &[MemoryChange], members: &impl MemberLookup) {
        let mut taken_in = Vec::new();
        for record in records {
            match record {
                MemoryChange::Frequencies(record) => self.frequencies.restore(record.clone()),
                MemoryChange::Story(id, Some(StoryRecord::Absorbed { by })) => {
                    self.absorbed.insert(*id, *by);
                    taken_in.push(*id);
                }
                MemoryChange::Story(id, Some(StoryRecord::Live(record))) => {
                    let new = || Box::new(LiveStory::new((**record).clone()));
                    self.live.entry(*id).or_insert_with(new);
                }
                MemoryChange::Story(_, None) => {}
            }
        }
        for id in taken_in {
            let survivor = self.current(id);
            let gone = self.live.remove(&id);
            for sequence in gone.iter().flat_map(|story| story.members()) {
                if let Some(of) = self.of.get_mut((sequence.0 - self.first) as usize) {
                    *of = Some(survivor);
                }
            }
            let centroid_members = self.settings.centroid_members as usize;
            match (self.live.get_mut(&survivor), gone) {
                (Some(own), Some(gone)) => own.absorb(*gone, id, members, centroid_members),
                (Some(own), None) => own.absorbed.push(id),
                (None, _) => {}
            }
        }
    }

    /// Lets the earliest member go, which the clock of another instance has passed.
    pub fn forget(&mut self, member: Member<'_>) {
        let story = self.of.pop_front().flatten();
        self.first = member.sequence.0 + 1;
        if !member.terms.is_empty() {
            self.postings.remove(member.sequence, member.terms);
        }
        if let Some(live) = story.and_then(|story| self.live.get_mut(&story)) {
            live.remove(member, self.settings.centroid_members as usize);
        }
    }

    /// A live member stands otherwise than `before`, as another instance recorded.
    pub fn restood(&mut self, member: Member<'_>, before: Validity) {
        let story = self.story_of(member.sequence);
        if let Some(live) = story.and_then(|story| self.live.get_mut(&story)) {
            live.restand(member, before);
        }
    }

    /// The members are in: what the records say of their stories holds, whatever they did to them.
    pub fn settle(&mut self, records: Vec<MemoryChange>, clock: EventTime, look: Sequence) {
        if self.second != second(clock) {
            self.second = second(clock);
            self.stirred.clear();
        }
        for record in records {
            match record {
                MemoryChange::Story(id, Some(StoryRecord::Live(record))) => {
                    let Some(live) = self.live.get_mut(&id) else { continue };
                    if record.changed.map(second) == Some(self.second) {
                        self.stirred.insert(id);
                    }
                    live.record = *record;
                }
                MemoryChange::Story(id, None) => {
                    self.live.remove(&id);
                    self.absorbed.remove(&id);
                    self.stirred.remove(&id);
                }
                MemoryChange::Story(id, Some(StoryRecord::Absorbed { .. })) => {
                    self.stirred.remove(&id);
                }
                MemoryChange::Frequencies(_) => {}
            }
        }
        self.look = look.0;
    }

    /// What changed since the last call beside members, each story once, in order of ids.
    pub fn take_changes(&mut self) -> Vec<MemoryChange> {
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
            .map(|id| MemoryChange::Story(id, record(id)))
            .chain(folded.into_iter().map(MemoryChange::Frequencies))
            .collect()
    }
}
