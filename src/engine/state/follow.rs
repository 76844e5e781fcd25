//! Takes in the records of batches that another instance wrote, so that a standby's state equals the
//! owner's after every batch, at the cost of what the batch changed.
//!
//! In: the records of one whole batch, the last of every key. Out: the state that the owner had when
//! it had written them, and that a restore would build of all records up to there.
//!
//! No decision is taken: articles enter as their records say, leave as the first live sequence says,
//! and stories follow theirs. What cannot be fitted says that records were missed, and the caller
//! restores from the beginning.

use super::records::{self, ClockRecord, RestoreError};
use super::{Index, LiveArticles, State};
use crate::article::Sequence;
use crate::stories::{MemberLookup, MemoryChange, StoryId};
use std::collections::BTreeMap;

impl State {
    /// Follows a batch by its records; `None` is a tombstone.
    ///
    /// # Errors
    /// When a record cannot be read or is of a newer version, or when the batch does not go on where
    /// the state stands. The state is then of no more use.
    pub fn follow(&mut self, batch: BTreeMap<String, Option<Vec<u8>>>) -> Result<(), RestoreError> {
        let gone =
            || batch.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.as_str());
        let ended: Vec<StoryId> = gone().filter_map(records::story_of).collect();
        gone().filter_map(records::furniture_of).for_each(|hash| self.furniture.drop_record(hash));
        let lifted = gone().filter_map(|key| records::sequence_of("w/", key));
        lifted.for_each(|sequence| self.embargo.drop_record(sequence));
        let passed = gone().filter_map(|key| records::sequence_of("i/", key)).max();
        let held = batch.into_iter().filter_map(|(key, value)| Some((key, value?)));
        let read = records::StateRecords::read(held)?;
        let Some(ClockRecord { clock, next, first, look }) = read.clock else { return Ok(()) };
        let mut stories = read.remembered;
        stories.extend(ended.into_iter().map(|story| MemoryChange::Story(story, None)));
        for (hash, seen) in read.furniture {
            self.furniture.remember(hash, seen);
        }
        for (sequence, identity) in read.identities {
            self.past.follow(sequence, identity);
        }
        while self.past.first().is_some_and(|(sequence, _)| Some(*sequence) <= passed) {
            self.past.pop();
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
                self.stories.restood(member, former.standing);
            }
            self.touched.article(sequence);
        }
        self.stories.follow(&stories, &self.live);
        self.pass(first);
        let new = new.into_iter().filter(|(sequence, _)| *sequence >= first);
        new.into_iter().try_for_each(|(sequence, entry)| self.put_back(sequence, entry))?;
        if self.live.next() != next {
            return Err(RestoreError::Gap { expected: next.0, found: self.live.next().0 });
        }
        for story in &stories {
            if let MemoryChange::Story(id, _) = story {
                self.touched.story(*id);
            }
        }
        self.clock = clock;
        self.clock_written = Some((clock, next));
        self.stories.settle(stories, clock, look.unwrap_or(next));
        Ok(())
    }

    /// Lets go of everything before `first`.
    fn pass(&mut self, first: Sequence) {
        while let Some((sequence, _)) = self.live.first().filter(|(sequence, _)| *sequence < first)
        {
            if let Some(member) = self.live.member(sequence) {
                self.stories.forget(member);
            }
            self.index.expire();
            self.live.pop();
        }
        if self.live.first_sequence() < first {
            self.live = LiveArticles::starting_at(first, self.settings.bearers_max);
            self.index = Index::new(&self.settings.index, first);
        }
    }
}
