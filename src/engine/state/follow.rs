//! Following another instance by its records: the state of a standby equals the owner's after every
//! batch, at a cost proportional to what the batch changed.
//!
//! In: the records of one whole batch, the last value of every key. Out: the state that the owner
//! had after writing them, which is also what a restore of all records so far would build.
//!
//! No decisions are made. Articles are added from their records and removed up to the first live
//! sequence in the clock record, and stories follow their own records. A batch that does not fit
//! means that records were missed; the caller then restores from the beginning.

use super::records::{self, ClockRecord, RestoreError};
use super::{Index, LiveArticles, State, TouchedIds};
use crate::article::Sequence;
use crate::stories::{MemberLookup, MemoryChange, StoryId};
use std::collections::BTreeMap;

impl State {
    /// Applies the records of one batch; `None` is a tombstone. Returns the ids that the batch
    /// touched.
    ///
    /// # Errors
    /// If a record cannot be read or has a newer format version, or if the batch does not continue
    /// from this state. The state must then be discarded.
    pub fn follow(
        &mut self,
        batch: BTreeMap<String, Option<Vec<u8>>>,
    ) -> Result<TouchedIds, RestoreError> {
        let mut touched = TouchedIds::default();
        let tombstones =
            || batch.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str());
        let ended: Vec<StoryId> = tombstones().filter_map(records::story_of).collect();
        tombstones()
            .filter_map(records::furniture_of)
            .for_each(|hash| self.furniture.follow_removal(hash));
        let lifted = tombstones().filter_map(|key| records::sequence_of("w/", key));
        lifted.for_each(|sequence| self.embargo.drop_record(sequence));
        let passed = tombstones().filter_map(|key| records::sequence_of("i/", key)).max();
        let values = batch.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let read = records::StateRecords::read(values)?;
        let Some(ClockRecord { clock, next, first, rescore_next }) = read.clock else {
            return Ok(touched);
        };
        let mut stories = read.stories;
        stories.extend(ended.into_iter().map(|story| MemoryChange::Story(story, None)));
        for (hash, seen) in read.furniture {
            self.furniture.restore(hash, seen);
        }
        for (sequence, identity) in read.identities {
            self.identities.follow(sequence, identity);
        }
        while self.identities.first().is_some_and(|(sequence, _)| Some(*sequence) <= passed) {
            self.identities.pop();
        }
        for (sequence, waiting) in read.waiting {
            self.embargo.put(sequence, waiting);
        }
        let first = first.unwrap_or(self.live.first_sequence());
        let (known, new): (Vec<_>, Vec<_>) =
            read.articles.into_iter().partition(|(sequence, _)| *sequence < self.live.next());
        for (sequence, entry) in known {
            let Some(former) = self.live.replace(sequence, entry) else { continue };
            if let Some(member) = self.live.member(sequence) {
                self.stories.follow_validity(member, former.standing);
            }
            touched.article(sequence);
        }
        self.stories.follow(&stories, &self.live);
        self.remove_before(first);
        let new = new.into_iter().filter(|(sequence, _)| *sequence >= first);
        new.into_iter().try_for_each(|(sequence, entry)| self.put_back(sequence, entry))?;
        if self.live.next() != next {
            return Err(RestoreError::Gap { expected: next.0, found: self.live.next().0 });
        }
        for story in &stories {
            if let MemoryChange::Story(id, _) = story {
                touched.story(*id);
            }
        }
        self.clock = clock;
        self.clock_written = Some((clock, next));
        self.stories.finish_follow(stories, clock, rescore_next.unwrap_or(next));
        Ok(touched)
    }

    /// Removes everything before `first`.
    fn remove_before(&mut self, first: Sequence) {
        while let Some((sequence, _)) = self.live.first().filter(|(sequence, _)| *sequence < first)
        {
            if let Some(member) = self.live.member(sequence) {
                self.stories.follow_expiry(member);
            }
            self.index.expire();
            self.live.pop();
        }
        if self.live.first_sequence() < first {
            self.live = LiveArticles::starting_at(first, self.settings.tuning.bearers_max);
            self.index = Index::new(&self.settings.tuning.candidates, first);
        }
    }
}
