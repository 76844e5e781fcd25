//! A state from the records that another one wrote.
//!
//! In: the last value of every key. Out: a state equal to the one that wrote them (SM-4).
//!
//! Articles are read on all cores; the index and the stories are filled side by side, since neither
//! looks at the other.

use super::live::{Entry, Live};
use super::record::{ClockRecord, Records, RestoreError};
use super::{Sequence, State};
use crate::engine::Settings;
use crate::engine::fingerprint::FloodKey;
use crate::engine::index::Index;
use crate::engine::story::{Members, Stories};

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
        let read = Records::read(records)?;
        let Some(ClockRecord { clock, next, first }) = read.clock else { return Ok(state) };
        state.clock = clock;
        state.clock_written = Some((clock, next));
        let oldest = read.articles.first().map_or(next, |(s, _)| *s);
        let first = first.unwrap_or(oldest);
        state.live = Live::starting_at(first, state.settings.bearers_max);
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
        let ((), placed) = rayon::join(
            || live.iter().for_each(|(_, entry)| _ = index.insert(&entry.print, &entry.edges)),
            || live.iter().try_for_each(|(sequence, _)| place_back(stories, sequence, live)),
        );
        placed?;
        state.stories.resume(clock, next, &state.live);
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
        self.index.insert(&entry.print, &entry.edges);
        self.come_back(sequence, entry)?;
        place_back(&mut self.stories, sequence, &self.live)
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

/// Puts a live article back into its story.
fn place_back(stories: &mut Stories, sequence: Sequence, live: &Live) -> Result<(), RestoreError> {
    let (Some(member), Some(entry)) = (live.member(sequence), live.get(sequence)) else {
        return Ok(());
    };
    let missing = stories.put_back(member, entry.decision.story, live);
    missing.map_or(Ok(()), |story| Err(RestoreError::Story { sequence: sequence.0, story }))
}
