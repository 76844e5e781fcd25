//! Running stories: which live stories continue one another.
//!
//! Input: the earlier story that each live story follows, and which stories were merged. Output:
//! the [`Saga`] of a story: all stories that are linked to it, directly or through other stories.
//!
//! ```text
//! A <- B <- C    C follows B, and B follows A.
//! A <- D         D follows A as well. The saga of each of the four stories is A, B, C, D.
//! ```
//!
//! A story that was merged into another one is represented by its survivor. A story that is no
//! longer live is a stage as long as a live story follows it; the story that it followed itself is
//! not known. Merges can make links run in a circle; the search visits each story once.
//!
//! Invariant: SA-1: `sequels` contains one pair for each live story that follows another one and
//! one for each merge in `absorbed`, and nothing else.
//!
//! Cost: about 24 bytes for each story that follows another one; a search takes a few microseconds
//! per story found.

use super::changes::AppliedChanges;
use super::story::SnapshotStory;
use super::{Snapshot, StoryId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use wirefold_engine::article::EventTime;

/// Number of absorbed stories remembered.
const ABSORBED_MAX: usize = 10_000;

/// Stories that continue one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Saga<'a> {
    /// The stories, in the order in which they began.
    pub stages: Vec<SagaStage<'a>>,
    /// Whether all linked stories were found.
    pub complete: bool,
}

/// A story of a saga.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SagaStage<'a> {
    /// The story's id.
    pub id: StoryId,
    /// The story; `None` if it is no longer live.
    pub story: Option<&'a SnapshotStory>,
    /// The stage that it follows.
    pub follows: Option<StoryId>,
}

impl Snapshot {
    /// The saga of the story `id`. Visits at most `stories_max` stories, merged ones included,
    /// those with the fewest links between them and `id` first.
    pub fn saga(&self, id: StoryId, stories_max: usize) -> Saga<'_> {
        let (mut found, mut queue) = (BTreeSet::from([id]), VecDeque::from([id]));
        let mut complete = true;
        while let Some(id) = queue.pop_front() {
            for next in self.linked(id).filter(|next| *next != id) {
                if found.contains(&next) {
                    continue;
                }
                if found.len() >= stories_max {
                    complete = false;
                    break;
                }
                found.insert(next);
                queue.push_back(next);
            }
        }
        Saga { stages: self.stages(&found), complete }
    }

    /// The stories linked to `id`: the one that it follows or was merged into, and those that
    /// follow it or were merged into it.
    fn linked(&self, id: StoryId) -> impl Iterator<Item = StoryId> {
        let follows = || self.stories.get(&id).and_then(|story| story.summary.follows);
        let target = self.absorbed.get(&id).copied().or_else(follows);
        let sources = self.sequels.range((id, StoryId::new(0))..=(id, StoryId::new(u64::MAX)));
        target.into_iter().chain(sources.map(|(_, source)| *source))
    }

    /// The stages among the stories found. A stage that is no longer live comes immediately before
    /// the first one that follows it.
    fn stages(&self, found: &BTreeSet<StoryId>) -> Vec<SagaStage<'_>> {
        let mut began: BTreeMap<StoryId, (EventTime, bool)> = BTreeMap::new();
        let mut stages = Vec::new();
        for &id in found.iter().filter(|id| !self.absorbed.contains_key(id)) {
            let story = self.stories.get(&id).map(Arc::as_ref);
            let follows = story.and_then(|story| story.summary.follows);
            let follows = follows.map(|id| self.current(id)).filter(|earlier| *earlier != id);
            stages.push(SagaStage { id, story, follows });
            let Some(story) = story else { continue };
            let first_seen = story.summary.first_seen;
            began.insert(id, (first_seen, true));
            if let Some(gone) = follows.filter(|id| !self.stories.contains_key(id)) {
                let first = began.entry(gone).or_insert((first_seen, false));
                first.0 = first.0.min(first_seen);
            }
        }
        stages.sort_by_key(|stage| (began.get(&stage.id).copied(), stage.id));
        stages
    }

    /// The story itself, or the story that absorbed it.
    fn current(&self, id: StoryId) -> StoryId {
        self.survivor(id).unwrap_or(id)
    }

    /// Records that the story `id` follows `now`, where it followed `before` until now. The story
    /// followed counts as changed, because it has become part of another saga.
    pub(super) fn set_follows(
        &mut self,
        id: StoryId,
        before: Option<StoryId>,
        now: Option<StoryId>,
        changes: &mut AppliedChanges,
    ) {
        self.unfollow(id, before);
        let Some(now) = now else { return };
        self.sequels.insert((now, id));
        let followed = self.current(now);
        let version = self.recent.version() + 1;
        if let Some(story) = self.stories.get_mut(&followed) {
            Arc::make_mut(story).changed = version;
            changes.stories.insert(followed);
        }
    }

    /// Records that the story `id` no longer follows `before`.
    pub(super) fn unfollow(&mut self, id: StoryId, before: Option<StoryId>) {
        // The pair stays if it also represents a merge.
        if let Some(before) = before.filter(|before| self.absorbed.get(&id) != Some(before)) {
            self.sequels.remove(&(before, id));
        }
    }

    /// Records that the story `id` was absorbed by `survivor`.
    pub(super) fn absorb(&mut self, id: StoryId, survivor: StoryId) {
        if let Some(before) = self.absorbed.insert(id, survivor) {
            self.sequels.remove(&(before, id));
        }
        self.sequels.insert((survivor, id));
        while self.absorbed.len() > ABSORBED_MAX {
            let Some(some) = self.absorbed.get_min().copied() else { break };
            self.absorbed.remove(&some.0);
            self.sequels.remove(&(some.1, some.0));
        }
    }

    /// Forgets all stories that the ended story `id` absorbed, directly or indirectly.
    pub(super) fn forget_absorbed(&mut self, id: StoryId) {
        let mut ended = vec![id];
        while let Some(survivor) = ended.pop() {
            let absorbed = |id: &StoryId| self.absorbed.get(id) == Some(&survivor);
            let absorbed: Vec<_> = self.linked(survivor).filter(absorbed).collect();
            for id in absorbed {
                self.absorbed.remove(&id);
                self.sequels.remove(&(survivor, id));
                ended.push(id);
            }
        }
    }
}
