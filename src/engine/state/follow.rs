//! Follows the records that another state wrote: batch by batch, as a standby does, or all at once,
//! as a restore does.
//!
//! In: the last value of every key in a batch, or in the whole changelog. Out: the state that the
//! writer had after those records (SM-4).
//!
//! No decisions are made. Articles are added from their records and removed up to the first live
//! sequence in the clock record, and stories follow their own records. If a batch does not continue
//! from this state, records were missed, and the caller restores from the beginning.
//!
//! Cost: proportional to the number of records. Articles are decoded on all cores. An empty state
//! fills the index and the stories in bulk, in parallel, since neither reads the other.

use super::article_records::ArticleRecords;
use super::entry::Entry;
use super::read_records::StateRecords;
use super::records::{self, ClockRecord, RestoreError};
use super::{Index, LiveArticles, State, TouchedIds};
use crate::Settings;
use crate::article::Sequence;
use crate::fingerprint::SamplingKey;
use crate::stories::{MemberLookup, MemoryChange, StoryId};
use rustc_hash::FxHashMap;
use std::sync::Arc;

impl State {
    /// Rebuilds the state that wrote `records`, the last value of every key in any order.
    ///
    /// # Errors
    /// As for [`follow`](Self::follow).
    pub fn restore(
        settings: Settings,
        key: SamplingKey,
        records: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut state = Self::new(settings, key);
        let records = records.into_iter().map(|(key, value)| (key, Some(value)));
        state.follow(records)?;
        Ok(state)
    }

    /// Applies the records of one batch, in any order; `None` is a tombstone. Returns the ids that
    /// the batch touched.
    ///
    /// # Errors
    /// If a record cannot be read or has a newer format version, if a record that others need is
    /// missing, or if the batch does not continue from this state. The state must then be
    /// discarded.
    pub fn follow(
        &mut self,
        batch: impl IntoIterator<Item = (String, Option<Vec<u8>>)>,
    ) -> Result<TouchedIds, RestoreError> {
        self.follow_with(ArticleRecords::default(), batch)
    }

    /// Like [`follow`](Self::follow), with articles whose records were decoded beforehand.
    ///
    /// # Errors
    /// As for [`follow`](Self::follow).
    pub fn follow_with(
        &mut self,
        articles: ArticleRecords,
        batch: impl IntoIterator<Item = (String, Option<Vec<u8>>)>,
    ) -> Result<TouchedIds, RestoreError> {
        let mut touched = TouchedIds::default();
        let (mut values, mut removed) = (Vec::new(), Vec::new());
        for (key, value) in batch {
            match value {
                Some(value) => values.push((key, value)),
                None => removed.push(key),
            }
        }
        let ended: Vec<StoryId> = removed.iter().filter_map(|key| records::story_of(key)).collect();
        let pieces = removed.iter().filter_map(|key| records::furniture_of(key));
        pieces.for_each(|hash| self.furniture.follow_removal(hash));
        let lifted = removed.iter().filter_map(|key| records::sequence_of("w/", key));
        lifted.for_each(|sequence| self.embargo.drop_record(sequence));
        let passed = removed.iter().filter_map(|key| records::sequence_of("i/", key)).max();
        let read = StateRecords::read(articles, values)?;
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
        let oldest = || match self.live.len() {
            0 => read.articles.first().map_or(next, |(sequence, _)| *sequence),
            _ => self.live.first_sequence(),
        };
        let first = first.unwrap_or_else(oldest);
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
        match self.live.len() {
            0 => self.add_all(new)?,
            _ => new.into_iter().try_for_each(|(sequence, entry)| self.add(sequence, entry))?,
        }
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
    /// Adds the next articles to an empty window, with their index entries and stories.
    fn add_all(
        &mut self,
        new: impl Iterator<Item = (Sequence, Arc<Entry>)>,
    ) -> Result<(), RestoreError> {
        for (sequence, entry) in new {
            self.push_live(sequence, entry)?;
        }
        let Self { live, index, stories, .. } = self;
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
            || stories.follow_arrivals(members, live),
        );
        require_story(lost)
    }

    /// Adds the next article, with its index entries and story.
    fn add(&mut self, sequence: Sequence, entry: Arc<Entry>) -> Result<(), RestoreError> {
        let previous = self.live.newest_of_uri(&entry.about.uri);
        self.index.insert(&entry.print, &entry.keys(previous));
        self.push_live(sequence, entry)?;
        let Some(member) = self.live.member(sequence) else { return Ok(()) };
        let story = self.live.get(sequence).and_then(|entry| entry.decision.story);
        let lost = self.stories.follow_arrival(member, story, &self.live);
        require_story(lost.map(|story| (sequence, story)))
    }

    /// Adds the next article to the live ones; an error if another sequence is expected.
    fn push_live(&mut self, sequence: Sequence, mut entry: Arc<Entry>) -> Result<(), RestoreError> {
        // Entries share one string for the topic name, as they do when articles arrive.
        if let (Some(last), Some(new)) = (self.live.last(), Arc::get_mut(&mut entry))
            && last.input.topic == new.input.topic
        {
            new.input.topic = last.input.topic.clone();
        }
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
