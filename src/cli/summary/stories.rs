//! The stories of a run: live stories as last published, and the largest stories that have ended.
//!
//! A story is listed with the largest size it has had, because articles leave the story when they
//! leave the window.
//!
//! Cost: an entry for each live story, whose number is limited by the engine's window, and for at
//! most [`ENDED_MAX`] ended ones.

use crate::daemon::publish::article::JoinedStory;
use crate::daemon::publish::story::{StoryMerged, StoryState};
use std::collections::BTreeMap;

/// Maximum number of ended stories kept.
const ENDED_MAX: usize = 200;

/// A story as last published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct StorySummary {
    /// The headline.
    pub(in crate::cli) headline: String,
    /// Number of members.
    pub(in crate::cli) size: u32,
    /// Number of independent publishers.
    pub(in crate::cli) publishers: u32,
    /// When the first member arrived (RFC 3339); empty until a state of the story is published,
    /// which can happen after the story's first article.
    pub(in crate::cli) first_seen: String,
    /// When the last member arrived (RFC 3339); empty until a state of the story is published.
    pub(in crate::cli) last_seen: String,
}

impl StorySummary {
    /// The summary of a published state.
    pub(in crate::cli) fn of(state: &StoryState) -> Self {
        Self {
            headline: state.headline.clone(),
            size: state.size,
            publishers: state.publishers,
            first_seen: state.first_seen.clone(),
            last_seen: state.last_seen.clone(),
        }
    }

    /// The summary of the story that an article joined.
    pub(in crate::cli) fn joined(story: &JoinedStory) -> Self {
        let (first_seen, last_seen) = Default::default();
        let (headline, size, publishers) = (story.headline.clone(), story.size, story.publishers);
        Self { headline, size, publishers, first_seen, last_seen }
    }
}

/// A live story, with the largest size it has had.
#[derive(Debug, Clone)]
struct LiveStory {
    /// Its last state.
    last: StorySummary,
    /// Its state when it was largest.
    largest: StorySummary,
}

/// All stories.
#[derive(Debug, Default)]
pub(in crate::cli) struct Stories {
    /// Live stories, by id.
    live: BTreeMap<String, LiveStory>,
    /// The largest stories that have ended, largest first.
    ended: Vec<StorySummary>,
    /// Number of stories that have ended, not counting absorbed ones.
    ended_count: usize,
    /// Number of ended stories that had several articles.
    ended_several: usize,
    /// Number of stories that another story absorbed.
    pub(in crate::cli) absorbed: usize,
}

impl Stories {
    /// A live story as last published.
    pub(in crate::cli) fn get(&self, id: &str) -> Option<&StorySummary> {
        self.live.get(id).map(|story| &story.last)
    }

    /// Number of stories, live and ended.
    pub(in crate::cli) fn len(&self) -> usize {
        self.live.len() + self.ended_count
    }

    /// Number of stories that had several articles.
    pub(in crate::cli) fn several(&self) -> usize {
        let several = |story: &&LiveStory| story.largest.size > 1;
        self.live.values().filter(several).count() + self.ended_several
    }

    /// The largest stories that had several articles, at most `most`.
    pub(in crate::cli) fn largest(&self, most: usize) -> Vec<&StorySummary> {
        let live = self.live.values().map(|story| &story.largest);
        let mut all: Vec<_> = live.chain(&self.ended).filter(|story| story.size > 1).collect();
        all.sort_by(|a, b| order(a, b));
        all.truncate(most);
        all
    }

    /// Records that an article joined a story.
    pub(super) fn joined(&mut self, story: &JoinedStory) {
        let mut now = StorySummary::joined(story);
        if let Some(before) = self.get(&story.id) {
            (now.first_seen, now.last_seen) = (before.first_seen.clone(), before.last_seen.clone());
        }
        self.set(story.id.clone(), now);
    }

    /// Records the published state of a story.
    pub(super) fn published(&mut self, state: &StoryState) {
        self.set(state.id.clone(), StorySummary::of(state));
    }

    /// Records that a story absorbed others.
    pub(super) fn merged(&mut self, merged: &StoryMerged) {
        self.published(&merged.survivor);
        for absorbed in &merged.absorbed {
            self.live.remove(&absorbed.id);
            self.absorbed += 1;
        }
    }

    /// Records that a story ended.
    pub(super) fn closed(&mut self, state: &StoryState) {
        let last = StorySummary::of(state);
        let story = self.live.remove(&state.id).map_or(last, |story| story.largest);
        self.ended_count += 1;
        if story.size < 2 {
            return;
        }
        self.ended_several += 1;
        let at = self.ended.partition_point(|other| order(other, &story).is_lt());
        if at < ENDED_MAX {
            self.ended.insert(at, story);
            self.ended.truncate(ENDED_MAX);
        }
    }

    fn set(&mut self, id: String, now: StorySummary) {
        match self.live.get_mut(&id) {
            None => {
                self.live.insert(id, LiveStory { last: now.clone(), largest: now });
            }
            Some(story) => {
                if now.size >= story.largest.size {
                    story.largest = now.clone();
                }
                story.last = now;
            }
        }
    }
}

/// The order of stories in lists: by size, then by number of publishers, then by headline.
fn order(a: &StorySummary, b: &StorySummary) -> std::cmp::Ordering {
    (b.size, b.publishers, &a.headline).cmp(&(a.size, a.publishers, &b.headline))
}
