//! A state from the records that another one wrote.
//!
//! In: the last value of every key. Out: a state equal to the one that wrote them (SM-4).
//!
//! Articles are read on all cores; the index, the stories and the lists of their terms are filled side by
//! side, since none looks at another.

use super::live::{Entry, LiveArticles};
use super::records::{ClockRecord, RestoreError, StateRecords};
use super::{Sequence, State};
use crate::Settings;
use crate::candidates::Index;
use crate::fingerprint::FloodKey;
use crate::stories::{MemberLookup, StoryId};
use rustc_hash::FxHashMap;

impl State {
    /// Rebuilds the state that wrote `records`: the last value of every key, in any order.
    ///
    /// # Errors
    /// When a record cannot be read, is of a newer version, or one that others need is missing.
    pub fn restore(
        settings: Settings,
        key: FloodKey,
        records: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut state = Self::new(settings, key);
        let read = StateRecords::read(records)?;
        let Some(ClockRecord { clock, next, first, look }) = read.clock else { return Ok(state) };
        state.clock = clock;
        state.clock_written = Some((clock, next));
        let oldest = read.articles.first().map_or(next, |(s, _)| *s);
        let first = first.unwrap_or(oldest);
        state.live = LiveArticles::starting_at(first, state.settings.bearers_max);
        state.index = Index::new(&state.settings.index, first);
        for (hash, seen) in read.furniture {
            state.furniture.remember(hash, seen);
        }
        for (sequence, identity) in read.identities {
            state.past.push(sequence, identity);
        }
        for (sequence, waiting) in read.waiting {
            state.embargo.put(sequence, waiting);
        }
        for remembered in read.remembered {
            state.stories.remember(remembered);
        }
        for (sequence, entry) in read.articles.into_iter().filter(|(s, _)| *s >= first) {
            state.come_back(sequence, entry)?;
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
            || stories.put_all_back(members, live.len(), live),
        );
        missing(lost)?;
        state.stories.resume(clock, look.unwrap_or(next));
        if state.live.next() != next {
            return Err(RestoreError::Gap { expected: next.0, found: state.live.next().0 });
        }
        Ok(state)
    }

    /// Puts the next article back as its record says.
    pub(super) fn put_back(
        &mut self,
        sequence: Sequence,
        entry: Entry,
    ) -> Result<(), RestoreError> {
        let previous = self.live.newest_of_uri(&entry.about.uri);
        self.index.insert(&entry.print, &entry.keys(previous));
        self.come_back(sequence, entry)?;
        let Some(member) = self.live.member(sequence) else { return Ok(()) };
        let story = self.live.get(sequence).and_then(|entry| entry.decision.story);
        let lost = self.stories.put_back(member, story, &self.live);
        missing(lost.map(|story| (sequence, story)))
    }

    /// Puts the next article back among the live ones.
    fn come_back(&mut self, sequence: Sequence, entry: Entry) -> Result<(), RestoreError> {
        if sequence != self.live.next() {
            return Err(RestoreError::Gap { expected: self.live.next().0, found: sequence.0 });
        }
        self.live.push(entry);
        Ok(())
    }
}

/// Complains of an article whose story has no record.
fn missing(found: Option<(Sequence, StoryId)>) -> Result<(), RestoreError> {
    let error =
        |(sequence, story): (Sequence, _)| RestoreError::Story { sequence: sequence.0, story };
    found.map_or(Ok(()), |found| Err(error(found)))
}
