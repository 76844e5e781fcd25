//! Applies story records that another instance wrote or that were written before a restart, and
//! returns changed records.
//!
//! The record of a story contains only what cannot be derived from its members. Members are
//! restored in order. Each is added to the story that its own record names, or to the story that
//! has since absorbed that story.
//!
//! The calls for each batch of records, or for all records at once, are:
//! [`follow`](Stories::follow), then [`follow_arrival`](Stories::follow_arrival) or, in bulk,
//! [`follow_arrivals`](Stories::follow_arrivals), [`follow_validity`](Stories::follow_validity) and
//! [`follow_expiry`](Stories::follow_expiry) as needed, then
//! [`finish_follow`](Stories::finish_follow).

use super::assign::{Stories, second};
use super::live::LiveStory;
use super::{Member, MemberLookup, MemoryChange, StoryId, StoryRecord};
use crate::article::{EventTime, Sequence};
use crate::verdict::Validity;

/// Whether the member can be found by its terms.
fn is_listed((member, story): &(Member<'_>, Option<StoryId>)) -> bool {
    story.is_some() && !member.terms.is_empty()
}

impl Stories {
    /// Adds a member to the story that its record names. Members must be added in order. Returns
    /// that story if it has no record.
    #[must_use = "a member whose story has no record means that the changelog is damaged"]
    pub fn follow_arrival(
        &mut self,
        member: Member<'_>,
        story: Option<StoryId>,
        members: &impl MemberLookup,
    ) -> Option<StoryId> {
        if is_listed(&(member, story)) {
            self.postings.insert(member.sequence, member.terms, member.about.language);
            self.universal.insert(member.sequence, member.terms, member.about.language);
        }
        self.place(member, story, members)
    }

    /// Adds all members, with the same result as calling [`follow_arrival`](Self::follow_arrival)
    /// for each, but in parallel. Returns the first member whose story has no record.
    #[must_use = "a member whose story has no record means that the changelog is damaged"]
    pub fn follow_arrivals<'a>(
        &mut self,
        mut all: impl Iterator<Item = (Member<'a>, Option<StoryId>)> + Clone + Send + Sync,
        members: &(impl MemberLookup + Sync),
    ) -> Option<(Sequence, StoryId)> {
        let mut postings = std::mem::take(&mut self.postings);
        let mut universal = std::mem::take(&mut self.universal);
        let listed =
            all.clone().filter(is_listed).map(|(m, _)| (m.sequence, m.terms, m.about.language));
        let (missing, _) = rayon::join(
            || all.find_map(|(m, story)| Some((m.sequence, self.place(m, story, members)?))),
            || {
                let all = listed.clone();
                let index = || all.for_each(|(at, terms, lang)| universal.insert(at, terms, lang));
                rayon::join(index, || postings.insert_all(listed.clone()))
            },
        );
        self.postings = postings;
        self.universal = universal;
        missing
    }

    /// Adds a member to its story.
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
        self.add_recent(member);
        if !member.terms.is_empty() && member.sequence >= self.frequencies.since() {
            self.frequencies.add(member.terms, member.about.language);
        }
        let Some(live) = self.live.get_mut(&story) else { return Some(story) };
        live.add(member, &self.leads, members, self.settings.tuning.centroid_members as usize);
        None
    }

    /// Applies the story records of a batch of another instance. Called before the members of that
    /// batch are added. Stories that end are kept until [`Stories::finish_follow`].
    pub fn follow(&mut self, records: &[MemoryChange], members: &impl MemberLookup) {
        let mut absorbed = Vec::new();
        for record in records {
            match record {
                MemoryChange::Frequencies(record) => self.frequencies.restore(record.clone()),
                MemoryChange::Story(id, Some(StoryRecord::Absorbed { by })) => {
                    self.absorbed.insert(*id, *by);
                    absorbed.push(*id);
                }
                MemoryChange::Story(id, Some(StoryRecord::Live(record))) => {
                    let new = || Box::new(LiveStory::new((**record).clone()));
                    self.live.entry(*id).or_insert_with(new);
                }
                MemoryChange::Story(_, None) => {}
            }
        }
        for id in absorbed {
            let survivor = self.current(id);
            let gone = self.live.remove(&id);
            for sequence in gone.iter().flat_map(|story| story.members()) {
                if let Some(of) = self.of.get_mut((sequence.0 - self.first) as usize) {
                    *of = Some(survivor);
                }
            }
            let centroid_members = self.settings.tuning.centroid_members as usize;
            match (self.live.get_mut(&survivor), gone) {
                (Some(own), Some(gone)) => own.absorb(*gone, id, members, centroid_members),
                (Some(own), None) => own.absorbed.push(id),
                (None, _) => {}
            }
        }
    }

    /// Removes the earliest member, which has expired in another instance.
    pub fn follow_expiry(&mut self, member: Member<'_>) {
        let story = self.of.pop_front().flatten();
        self.first = member.sequence.0 + 1;
        self.remove_recent(member);
        if !member.terms.is_empty() {
            self.postings.remove(member.sequence, member.terms, member.about.language);
            self.universal.remove(member.sequence, member.terms, member.about.language);
        }
        if let Some(live) = story.and_then(|story| self.live.get_mut(&story)) {
            live.remove(member, &self.leads, self.settings.tuning.centroid_members as usize);
        }
    }

    /// Applies a change that another instance made to a live member's validity, which was `before`.
    pub fn follow_validity(&mut self, member: Member<'_>, before: Validity) {
        let story = self.story_of(member.sequence);
        if let Some(live) = story.and_then(|story| self.live.get_mut(&story)) {
            live.change_validity(member, before, &self.leads);
        }
    }

    /// Completes a batch after its members were added: replaces the story records that resulted
    /// from adding them with the records of the batch. Stories without members have ended, and so
    /// have the stories that they absorbed, even without a tombstone, because compaction may have
    /// removed it.
    pub fn finish_follow(&mut self, records: Vec<MemoryChange>, clock: EventTime, look: Sequence) {
        if self.second != second(clock) {
            self.second = second(clock);
            self.stirred.clear();
        }
        let mut absorbed = Vec::new();
        for record in records {
            match record {
                MemoryChange::Story(id, Some(StoryRecord::Live(record))) => {
                    let Some(live) = self.live.get_mut(&id) else { continue };
                    if live.len() == 0 {
                        self.live.remove(&id);
                        continue;
                    }
                    if record.changed.map(second) == Some(self.second) {
                        self.stirred.insert(id);
                    }
                    live.restore_record(*record);
                }
                MemoryChange::Story(id, None) => {
                    self.live.remove(&id);
                    self.absorbed.remove(&id);
                    self.stirred.remove(&id);
                }
                MemoryChange::Story(id, Some(StoryRecord::Absorbed { .. })) => {
                    self.stirred.remove(&id);
                    absorbed.push(id);
                }
                MemoryChange::Frequencies(_) => {}
            }
        }
        absorbed.retain(|story| !self.live.contains_key(&self.current(*story)));
        for ended in absorbed {
            self.absorbed.remove(&ended);
        }
        self.look = look.0;
    }

    /// The records that changed since the last call: each story once, in order of ids, then the
    /// term frequencies.
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
