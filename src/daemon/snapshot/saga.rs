//! Running stories: which live stories continue one another.
//!
//! Input: the earlier story that each live story follows, and which stories were merged. Output:
//! the [`Saga`] of a story: all stories that it continues or that continue it, directly or through
//! other stories. Links between stories in different languages play no part here.
//!
//! ```text
//! A <- B <- C    C follows B, and B follows A.
//! A <- D         D follows A as well. The saga of each of the four stories is A, B, C, D.
//! ```
//!
//! A story that was merged into another one is represented by its survivor. A story that is no
//! longer live is a stage as long as a live story follows it, but it is not known which story it
//! followed. Merges can make links run in a circle; the search visits each story once.
//!
//! Invariant: SA-1: `sequels` contains one pair for each live story that follows another one and
//! one for each merge in `absorbed`, and nothing else.
//!
//! Cost: about 24 bytes for each link (estimated); a search makes a few look-ups for each story
//! that it finds.

use super::changes::AppliedChanges;
use super::story::SnapshotStory;
use super::{Snapshot, StoryId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use wirefold_engine::article::EventTime;

/// Maximum number of absorbed stories that are remembered.
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
    /// The saga of the story `id`. Visits at most `stories_max` stories, merged ones included, in
    /// the order of their distance from `id`, counted in links.
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

    /// The stories linked to the story `id`: the story that it follows or into which it was merged,
    /// and the stories that follow it or were merged into it.
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
        for &id in found.iter().filter(|id| !self.absorbed.contains_key(*id)) {
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

    /// Records that the story `id` follows `now` instead of `before`. The followed story counts as
    /// changed, because its saga has grown.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: char) -> StoryId {
        StoryId::new(name as u64)
    }

    /// Applies steps to an empty snapshot: `A` opens a story, `B<A` opens one that follows another,
    /// `A>B` merges the first into the second, and `-A` ends a story.
    fn snapshot(steps: &str) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (step, at) in steps.split(' ').zip(1..) {
            let names: Vec<char> = step.chars().collect();
            let mut changes = AppliedChanges::default();
            match names[..] {
                ['-', gone] | [gone, '>', _] => {
                    let story = snapshot.stories.remove(&id(gone)).unwrap();
                    snapshot.unfollow(id(gone), story.summary.follows);
                    match names[..] {
                        [_, _, survivor] => snapshot.absorb(id(gone), id(survivor)),
                        _ => snapshot.forget_absorbed(id(gone)),
                    }
                }
                [new, ref followed @ ..] => {
                    let mut story = SnapshotStory::unnamed(id(new));
                    let follows = followed.last().map(|name| id(*name));
                    (story.summary.follows, story.summary.first_seen) = (follows, EventTime(at));
                    snapshot.stories.insert(id(new), Arc::new(story));
                    snapshot.set_follows(id(new), None, follows, &mut changes);
                    let followed = follows.map(|id| snapshot.current(id));
                    assert!(changes.stories.into_iter().eq(followed), "{step}");
                }
                [] => {}
            }
            let follows =
                |(id, story): (&StoryId, &Arc<SnapshotStory>)| Some((story.summary.follows?, *id));
            let merges = snapshot.absorbed.iter().map(|(id, survivor)| (*survivor, *id));
            let links = snapshot.stories.iter().filter_map(follows).chain(merges).collect();
            assert_eq!(snapshot.sequels, links, "SA-1 after {step} of {steps}");
        }
        snapshot
    }

    /// Checks the saga of each story in `of`, limited to `most` stories. Parentheses mark stages
    /// that are no longer live, and an ellipsis an incomplete saga.
    fn check(steps: &str, of: &str, most: usize, want: &str) {
        let snapshot = snapshot(steps);
        let name = |id: StoryId| char::from(id.get() as u8);
        for story in of.chars() {
            let saga = snapshot.saga(id(story), most);
            let stage = |stage: &SagaStage<'_>| match (stage.story, stage.follows) {
                (None, _) => format!("({})", name(stage.id)),
                (_, Some(follows)) => format!("{}<{}", name(stage.id), name(follows)),
                (_, None) => name(stage.id).to_string(),
            };
            let mut found: Vec<_> = saga.stages.iter().map(stage).collect();
            found.extend((!saga.complete).then(|| "…".to_owned()));
            assert_eq!(found.join(" "), want, "the saga of {story} after {steps}");
        }
    }

    #[test]
    fn a_saga_contains_all_linked_stories_from_any_of_them() {
        check("A X", "A", 9, "A");
        check("A B<A X C<B", "ABC", 9, "A B<A C<B");
        check("A B<A C<B D<A E<D", "ABCDE", 9, "A B<A C<B D<A E<D");
    }

    #[test]
    fn stories_that_ended_stay_as_long_as_a_live_story_follows_them() {
        check("A B<A C<A -A", "BC", 9, "(A) B<A C<A");
        check("X A B<A C<B -B", "C", 9, "(B) C<B");
        check("X A B<A C<B -B", "A", 9, "A");
        check("A B<A -B", "A", 9, "A");
        check("A B<A C<B -A -B", "C", 9, "(B) C<B");
    }

    #[test]
    fn merged_stories_are_represented_by_their_survivors() {
        check("X A B<A A>X", "XB", 9, "X B<X");
        check("X A B<A A>X C<X", "XBC", 9, "X B<X C<X");
        check("A B C D<A A>B B>C", "CD", 9, "C D<C");
        check("A B<A B>A", "A", 9, "A");
        check("A B<A A>B", "B", 9, "B");
        check("X A B<A A>X -X", "B", 9, "(A) B<A");
        check("A B C D<A A>B B>C -C", "D", 9, "(A) D<A");
    }

    #[test]
    fn links_may_run_in_a_circle() {
        check("A B<A X<B A>X", "BX", 9, "B<X X<B");
        check("A B<A C<B X<C Y<B A>X", "BCXY", 9, "B<X C<B X<C Y<B");
    }

    #[test]
    fn the_search_stops_at_the_limit_and_says_so() {
        check("A B<A C<B D<C", "A", 2, "A B<A …");
        check("A B<A C<B D<C", "D", 3, "B<A C<B D<C …");
        check("A B<A C<A D<A", "A", 3, "A B<A C<A …");
        check("A B<A C<A D<A", "ABCD", 4, "A B<A C<A D<A");
    }

    #[test]
    fn merges_beyond_the_limit_are_forgotten_together_with_their_links() {
        let mut snapshot = snapshot("A");
        for n in 0..=ABSORBED_MAX as u64 {
            snapshot.absorb(StoryId::new(1_000 + n), id('A'));
        }
        assert_eq!((snapshot.absorbed.len(), snapshot.sequels.len()), (ABSORBED_MAX, ABSORBED_MAX));
        assert_eq!(snapshot.survivor(StoryId::new(1_000)), None);
        snapshot.forget_absorbed(id('A'));
        assert!(snapshot.absorbed.is_empty() && snapshot.sequels.is_empty());
    }
}
