//! Applies deltas to the snapshot of a shard, and publishes the result.
//!
//! Input: deltas, in order. Output: the next [`Snapshot`]. When an article leaves, the snapshot's
//! own copy of the article is subtracted from the counters, so that the counts stay correct even if
//! the state has changed the article in the meantime.
//!
//! Cost: about 20 microseconds per article, on the snapshot thread ([`thread`](super::thread)).

use super::changes::AppliedChanges;
use super::delta::{DeltaReader, SnapshotDelta, StoryChange};
use super::recent::CommitDelta;
use super::story::{Direction, SnapshotStory};
use super::{CommittedBatch, Limits, Snapshot, SnapshotArticle, Snapshots, uri_hash};
use imbl::OrdMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use wirefold_engine::article::{Lang, Sequence};
use wirefold_engine::state::{Entry, State, TouchedIds};
use wirefold_engine::stories::StoryId;
use wirefold_engine::verdict::{CHANGED_NUMBERS, NEEDS_REVIEW, Validity};

/// Number of distinct providers counted.
const PROVIDERS_MAX: usize = 10_000;

/// Maintains the snapshot of one shard on the calling thread. The daemon uses
/// [`SnapshotThread`](super::thread::SnapshotThread) instead.
#[derive(Debug)]
pub struct SnapshotBuilder {
    /// Reads the deltas from the state.
    reader: DeltaReader,
    /// Applies and publishes them.
    writer: SnapshotWriter,
}

/// Applies deltas to the snapshot of one shard, and publishes the snapshot.
#[derive(Debug)]
pub(super) struct SnapshotWriter {
    /// The shard's number.
    shard: u32,
    /// The collection in which the snapshot is published.
    snapshots: Arc<Snapshots>,
    /// The snapshot under construction.
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// Starts with an empty snapshot of `shard`.
    pub fn new(shard: u32, snapshots: Arc<Snapshots>) -> Self {
        Self {
            reader: DeltaReader::new(snapshots.limits()),
            writer: SnapshotWriter::new(shard, snapshots),
        }
    }

    /// Applies the changes of a commit, a restore or a standby's progress, and publishes the
    /// snapshot.
    ///
    /// `sequence` is the number of events that the shard has published.
    pub fn follow(
        &mut self,
        state: &State,
        touched: TouchedIds,
        batch: Option<CommittedBatch<'_>>,
        sequence: u64,
    ) {
        let step = self.reader.read(state, touched, batch, sequence);
        self.writer.apply(step);
        self.writer.publish();
    }
}

impl SnapshotWriter {
    /// Starts with an empty snapshot of `shard`.
    pub(super) fn new(shard: u32, snapshots: Arc<Snapshots>) -> Self {
        Self { shard, snapshots, snapshot: Snapshot::default() }
    }

    /// Applies a delta without publishing the result.
    pub(super) fn apply(&mut self, step: SnapshotDelta) {
        let bounds = self.snapshots.limits();
        let changes = self.snapshot.follow(step, bounds);
        self.snapshot.recent.note(CommitDelta::of(&changes), bounds);
    }

    /// Empties and publishes the snapshot, because this instance no longer follows the shard.
    pub(super) fn clear(&mut self) {
        if self.snapshot.clock.is_none() {
            return;
        }
        self.snapshot = Snapshot { recent: self.snapshot.recent.clone(), ..Snapshot::default() };
        let everything = CommitDelta { everything: true, ..CommitDelta::default() };
        self.snapshot.recent.note(everything, self.snapshots.limits());
        self.publish();
    }

    /// Publishes the snapshot in its current form.
    pub(super) fn publish(&mut self) {
        self.snapshot.published = Some(Instant::now());
        self.snapshots.publish(self.shard, self.snapshot.clone());
    }
}

impl Snapshot {
    /// Applies a delta, and returns the changes it made.
    pub(super) fn follow(&mut self, step: SnapshotDelta, bounds: &Limits) -> AppliedChanges {
        let mut changes = AppliedChanges::default();
        if step.everything {
            *self = Self { recent: self.recent.clone(), ..Self::default() };
            changes.everything = true;
        }
        (self.key, self.clock) = (step.key, step.clock);
        self.leave(step.window.start, &mut changes);
        self.move_members(&step.stories, &mut changes);
        for (sequence, entry) in step.revalidated {
            self.restand(sequence, entry, &mut changes);
        }
        if self.articles.is_empty() {
            self.first = step.window.end - step.arrived.len() as u64;
        }
        changes.articles = step.arrived.len() as u64;
        for article in step.arrived {
            self.enter(article, &mut changes);
        }
        self.apply_carriers(step.carriers, bounds, &mut changes);
        self.recent.add_events(step.frames, step.next, bounds);
        self.summarize(step.stories, &mut changes);
        changes.queue |= !changes.alerts_changed.is_empty() || changes.everything;
        changes
    }

    /// Removes the articles before `first`.
    fn leave(&mut self, first: u64, changes: &mut AppliedChanges) {
        while self.first < first {
            let sequence = Sequence(self.first);
            let Some(article) = self.articles.pop_front() else { break };
            self.first += 1;
            self.index(Direction::Out, sequence, &article, changes);
            if self.alerts.remove(&sequence).is_some() {
                (changes.queue, changes.validity_changed) = (true, true);
            }
        }
    }

    /// Adds the next article.
    fn enter(&mut self, article: SnapshotArticle, changes: &mut AppliedChanges) {
        let sequence = Sequence(self.next());
        self.index(Direction::In, sequence, &article, changes);
        self.articles.push_back(article);
    }

    /// Replaces an article whose validity changed.
    fn restand(&mut self, sequence: Sequence, entry: Arc<Entry>, changes: &mut AppliedChanges) {
        let Some(place) = self.place(sequence) else { return };
        let Some(before) = self.articles.get(place).cloned() else { return };
        let after = SnapshotArticle { entry, story: before.story };
        self.index(Direction::Out, sequence, &before, changes);
        self.index(Direction::In, sequence, &after, changes);
        if after.entry.standing == Validity::Valid {
            self.alerts.remove(&sequence);
        }
        self.articles.set(place, after);
        (changes.queue, changes.validity_changed) = (true, true);
    }

    /// Adds an article to all indexes and counters, or removes it from them.
    fn index(
        &mut self,
        how: Direction,
        sequence: Sequence,
        article: &SnapshotArticle,
        changes: &mut AppliedChanges,
    ) {
        let about = &article.entry.about;
        let verdict = &article.entry.decision.verdict;
        let provider = about.provider.as_deref().map(|name| self.shared_name(name));
        if let Some(provider) = &provider {
            how.step_name(&mut self.publishers, provider, PROVIDERS_MAX);
        }
        let kind = verdict.relation.kind.as_str();
        let mut count = self.kinds.get(kind).copied().unwrap_or(0);
        how.step(&mut count);
        self.kinds.insert(kind, count);
        put(how, &mut self.uris, (uri_hash(&about.uri), sequence));
        let asks = |flag: &String| flag == NEEDS_REVIEW || flag == CHANGED_NUMBERS;
        if verdict.flags.iter().any(asks) {
            put(how, &mut self.flagged, sequence);
            changes.queue = true;
        }
        if let Some(lifts) = about.embargoed {
            put(how, &mut self.embargoed, (lifts, sequence));
            changes.queue = true;
        }
        let Some(id) = article.story else { return };
        put(how, &mut self.members, (id, sequence));
        changes.stories.insert(id);
        let bytes = &mut self.story_bytes;
        let story = self.stories.entry(id).or_insert_with(|| {
            let story = SnapshotStory::unnamed(id);
            *bytes += story.bytes();
            Arc::new(story)
        });
        Arc::make_mut(story).counts.count(how, article, provider.as_ref());
    }

    /// The name of a provider, sharing the allocation if the name is already known.
    fn shared_name(&self, name: &str) -> Arc<str> {
        self.publishers.get_key_value(name).map_or_else(|| name.into(), |(name, _)| name.clone())
    }

    /// Moves the members of absorbed stories to the surviving stories, and removes those of ended
    /// stories.
    fn move_members(
        &mut self,
        stories: &BTreeMap<StoryId, StoryChange>,
        changes: &mut AppliedChanges,
    ) {
        for (&id, became) in stories {
            let story = match became {
                StoryChange::Summary(_) => continue,
                StoryChange::Absorbed(survivor) => {
                    self.absorb(id, *survivor);
                    Some(*survivor)
                }
                StoryChange::Ended => {
                    self.forget_absorbed(id);
                    None
                }
            };
            if !self.stories.contains_key(&id) {
                continue;
            }
            let members: Vec<Sequence> = self.members(id, None).map(|(s, _)| s).collect();
            for sequence in members {
                let Some(place) = self.place(sequence) else { continue };
                let Some(before) = self.articles.get(place).cloned() else { continue };
                self.index(Direction::Out, sequence, &before, changes);
                let after = SnapshotArticle { story, ..before };
                self.index(Direction::In, sequence, &after, changes);
                self.articles.set(place, after);
            }
            self.end(id);
            changes.gone.insert(id);
        }
    }

    /// Removes a story. Returns whether the story was known.
    fn end(&mut self, id: StoryId) -> bool {
        let Some(gone) = self.stories.remove(&id) else { return false };
        self.risen.remove(&(gone.summary.rise.rank(), id));
        self.unfollow(id, gone.summary.follows);
        recount(&mut self.languages, gone.summary.language, None);
        self.story_bytes -= gone.bytes();
        true
    }

    /// Recomputes, for each story, how many valid articles contain its withdrawn or uncorrected
    /// text.
    fn count_carriers(&mut self, changes: &mut AppliedChanges) {
        let mut carriers: BTreeMap<StoryId, (BTreeSet<Sequence>, usize)> = BTreeMap::new();
        for (target, alert) in self.alerts() {
            if let Some(story) = self.article(target).and_then(|article| article.story) {
                let standing = self.standing(alert).map(|carrier| carrier.sequence);
                let (named, unnamed) = carriers.entry(story).or_default();
                named.extend(standing);
                *unnamed = alert.unnamed().max(*unnamed);
            }
        }
        let counted_before = std::mem::take(&mut self.carrier_counts);
        let count = |(id, (named, unnamed)): (_, (BTreeSet<_>, usize))| {
            (id, (named.len() + unnamed) as u32)
        };
        self.carrier_counts = carriers.into_iter().map(count).collect();
        for id in counted_before.keys().chain(self.carrier_counts.keys()) {
            let (before, now) = (counted_before.get(id), self.carrier_counts.get(id).copied());
            if before != now.as_ref()
                && let Some(story) = self.stories.get_mut(id)
            {
                Arc::make_mut(story).counts.carried = now.unwrap_or(0);
                changes.stories.insert(*id);
            }
        }
    }

    /// Applies the published states of the stories that changed.
    fn summarize(
        &mut self,
        mut stories: BTreeMap<StoryId, StoryChange>,
        changes: &mut AppliedChanges,
    ) {
        changes.stories.extend(stories.keys());
        let moved = !changes.gone.is_empty() && !self.alerts.is_empty();
        if changes.validity_changed
            || moved
            || !changes.alerts_changed.is_empty()
            || changes.everything
        {
            self.count_carriers(changes);
        }
        let mut followers = Vec::new();
        for id in std::mem::take(&mut changes.stories) {
            let became = stories.remove(&id);
            if matches!(became, Some(StoryChange::Absorbed(_) | StoryChange::Ended)) {
                if self.end(id) {
                    changes.gone.insert(id);
                }
                continue;
            }
            let Some(story) = self.stories.get_mut(&id) else { continue };
            let story = Arc::make_mut(story);
            story.changed = self.recent.version() + 1;
            if let Some(StoryChange::Summary(summary)) = became {
                let (before, now) = (story.summary.language, summary.language);
                if story.summary.follows != summary.follows {
                    followers.push((id, story.summary.follows, summary.follows));
                }
                self.story_bytes -= story.bytes();
                self.risen.remove(&(story.summary.rise.rank(), id));
                story.summary = *summary;
                self.risen.insert((story.summary.rise.rank(), id));
                self.story_bytes += story.bytes();
                if before != now {
                    recount(&mut self.languages, before, now);
                }
            }
            changes.stories.insert(id);
        }
        for (id, before, now) in followers {
            self.set_follows(id, before, now, changes);
        }
    }
}

/// Updates the counts per language for a story whose language changed.
fn recount(counts: &mut OrdMap<Lang, u32>, before: Option<Lang>, now: Option<Lang>) {
    for (language, how) in [(before, Direction::Out), (now, Direction::In)] {
        if let Some(language) = language {
            let mut count = counts.get(&language).copied().unwrap_or(0);
            how.step(&mut count);
            counts.insert(language, count);
        }
    }
}

/// Inserts a value into a set, or removes it.
fn put<T: Ord + Clone>(how: Direction, set: &mut imbl::OrdSet<T>, value: T) {
    match how {
        Direction::In => set.insert(value),
        Direction::Out => set.remove(&value),
    };
}
