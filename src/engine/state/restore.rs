//! Restoring a state from the records that another one wrote.
//!
//! In: the last value of every key. Out: a state equal to the one that wrote the records (SM-4).
//!
//! Articles are decoded on all cores. The index and the stories are filled in parallel, since
//! neither reads the other.

use super::live::{Entry, LiveArticles};
use super::records::{ClockRecord, RestoreError, StateRecords};
use super::{Sequence, State};
use crate::Settings;
use crate::candidates::Index;
use crate::fingerprint::SamplingKey;
use crate::stories::{MemberLookup, StoryId};
use rustc_hash::FxHashMap;

impl State {
    /// Rebuilds the state that wrote `records`, the last value of every key in any order.
    ///
    /// # Errors
    /// If a record cannot be read or has a newer format version, or if a record that others need is
    /// missing.
    pub fn restore(
        settings: Settings,
        key: SamplingKey,
        records: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut state = Self::new(settings, key);
        let read = StateRecords::read(records)?;
        let Some(ClockRecord { clock, next, first, rescore_next }) = read.clock else {
            return Ok(state);
        };
        state.clock = clock;
        state.clock_written = Some((clock, next));
        let oldest = read.articles.first().map_or(next, |(s, _)| *s);
        let first = first.unwrap_or(oldest);
        state.live = LiveArticles::starting_at(first, state.settings.tuning.bearers_max);
        state.index = Index::new(&state.settings.tuning.candidates, first);
        for (hash, seen) in read.furniture {
            state.furniture.restore(hash, seen);
        }
        for (sequence, identity) in read.identities {
            state.identities.push(sequence, identity);
        }
        for (sequence, waiting) in read.waiting {
            state.embargo.put(sequence, waiting);
        }
        for remembered in read.stories {
            state.stories.restore_record(remembered);
        }
        for (sequence, entry) in read.articles.into_iter().filter(|(s, _)| *s >= first) {
            state.push_live(sequence, entry)?;
        }
        let Self { live, index, stories, .. } = &mut state;
        let live = &*live;
        let members = live.iter().filter_map(|(s, e)| Some((live.member(s)?, e.decision.story)));
        let mut newest: FxHashMap<&str, Sequence> = FxHashMap::default();
        let ((), lost) = rayon::join(
            || {
                index.insert_all(live.iter().map(|(sequence, entry)| {
                    let previous = newest.insert(&entry.about.uri, sequence);
                    (&entry.print, entry.keys(previous))
                }))
            },
            || stories.restore_members(members, live),
        );
        require_story(lost)?;
        state.stories.finish_restore(clock, rescore_next.unwrap_or(next));
        if state.live.next() != next {
            return Err(RestoreError::Gap { expected: next.0, found: state.live.next().0 });
        }
        Ok(state)
    }

    /// Restores the next article from its record, with its index entries and story.
    pub(super) fn put_back(
        &mut self,
        sequence: Sequence,
        entry: Entry,
    ) -> Result<(), RestoreError> {
        let previous = self.live.newest_of_uri(&entry.about.uri);
        self.index.insert(&entry.print, &entry.keys(previous));
        self.push_live(sequence, entry)?;
        let Some(member) = self.live.member(sequence) else { return Ok(()) };
        let story = self.live.get(sequence).and_then(|entry| entry.decision.story);
        let lost = self.stories.restore_member(member, story, &self.live);
        require_story(lost.map(|story| (sequence, story)))
    }

    /// Adds the next article to the live ones; an error if another sequence is expected.
    fn push_live(&mut self, sequence: Sequence, entry: Entry) -> Result<(), RestoreError> {
        if sequence != self.live.next() {
            return Err(RestoreError::Gap { expected: self.live.next().0, found: sequence.0 });
        }
        self.live.push(entry);
        Ok(())
    }
}

/// Turns an article whose story has no record into an error.
fn require_story(missing: Option<(Sequence, StoryId)>) -> Result<(), RestoreError> {
    let error =
        |(sequence, story): (Sequence, _)| RestoreError::Story { sequence: sequence.0, story };
    missing.map_or(Ok(()), |missing| Err(error(missing)))
}
