//! Brings a desk into step with what was taken from the state of its shard, and publishes it.
//!
//! In: steps, in order. Out: the next [`Snapshot`]. What the desk itself knows of an article is what is taken
//! back when the article leaves, so that counts stay true whatever the state has done meanwhile.
//!
//! Cost: some twenty microseconds an article, on the desk's own thread (`keeper`).

use super::delta::{DeltaReader, SnapshotDelta, StoryChange};
use super::recent::CommitDelta;
use super::story::{Count, GrowthRate, SnapshotStory};
use super::{CommittedBatch, Settings, Snapshot, SnapshotArticle, Snapshots, uri_hash};
use imbl::OrdMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;
use wirefold_engine::article::{Lang, Sequence};
use wirefold_engine::state::{Entry, State, TouchedIds};
use wirefold_engine::stories::StoryId;
use wirefold_engine::verdict::{CHANGED_NUMBERS, NEEDS_REVIEW, Validity};

/// How many providers are told apart.
const PROVIDERS_MAX: usize = 10_000;
/// How many absorbed stories are remembered.
const ABSORBED_MAX: usize = 10_000;

/// Keeps the desk of one shard, on the thread that tells it.
#[derive(Debug)]
pub struct SnapshotBuilder {
    taker: DeltaReader,
    writer: SnapshotWriter,
}

/// Writes the desk of one shard.
#[derive(Debug)]
pub(super) struct SnapshotWriter {
    shard: u32,
    desks: Arc<Snapshots>,
    desk: Snapshot,
}

/// What one step changed.
#[derive(Debug, Default)]
pub(super) struct StepChanges {
    pub(super) everything: bool,
    pub(super) stories: BTreeSet<StoryId>,
    pub(super) gone: BTreeSet<StoryId>,
    /// Articles whose carriers changed.
    pub(super) alarmed: BTreeSet<Sequence>,
    /// Whether some article stands otherwise than before.
    pub(super) restood: bool,
    pub(super) articles: u64,
    /// Whether what a desk must act on may have changed.
    pub(super) queue: bool,
}

impl SnapshotBuilder {
    /// Keeps the desk of `shard`, of which nothing is known.
    pub fn new(shard: u32, desks: Arc<Snapshots>) -> Self {
        Self { taker: DeltaReader::new(desks.bounds()), writer: SnapshotWriter::new(shard, desks) }
    }

    /// Takes in what a commit, a restore or a step of a follower changed, and publishes the desk.
    ///
    /// `sequence` is the number of events that the shard has published.
    pub fn follow(
        &mut self,
        state: &State,
        touched: TouchedIds,
        news: Option<CommittedBatch<'_>>,
        sequence: u64,
    ) {
        let step = self.taker.take(state, touched, news, sequence);
        self.writer.take_in(step);
        self.writer.publish();
    }
}

impl SnapshotWriter {
    pub(super) fn new(shard: u32, desks: Arc<Snapshots>) -> Self {
        Self { shard, desks, desk: Snapshot::default() }
    }

    /// Takes in one step, without publishing it.
    pub(super) fn take_in(&mut self, step: SnapshotDelta) {
        let bounds = self.desks.bounds();
        let marks = self.desk.follow(step, bounds);
        self.desk.lately.note(CommitDelta::of(&marks), bounds);
    }

    /// The shard is not followed any more.
    pub(super) fn forget(&mut self) {
        if self.desk.clock.is_none() {
            return;
        }
        self.desk = Snapshot { lately: self.desk.lately.clone(), ..Snapshot::default() };
        let everything = CommitDelta { everything: true, ..CommitDelta::default() };
        self.desk.lately.note(everything, self.desks.bounds());
        self.publish();
    }

    /// Publishes the desk as it is.
    pub(super) fn publish(&mut self) {
        self.desk.published = Some(Instant::now());
        self.desks.publish(self.shard, self.desk.clone());
    }
}

impl Snapshot {
    /// Comes into step.
    pub(super) fn follow(&mut self, step: SnapshotDelta, bounds: &Settings) -> StepChanges {
        let mut marks = StepChanges::default();
        if step.everything {
            *self = Self { lately: self.lately.clone(), ..Self::default() };
            marks.everything = true;
        }
        (self.key, self.clock) = (step.key, step.clock);
        self.leave(step.window.start, &mut marks);
        self.move_members(&step.stories, &mut marks);
        for (sequence, entry) in step.restood {
            self.restand(sequence, entry, &mut marks);
        }
        if self.articles.is_empty() {
            self.first = step.window.end - step.came.len() as u64;
        }
        marks.articles = step.came.len() as u64;
        for article in step.came {
            self.enter(article, &mut marks);
        }
        self.hear(step.said, bounds, &mut marks);
        self.lately.hear(step.frames, step.next, bounds);
        self.summarize(step.stories, &mut marks);
        marks.queue |= !marks.alarmed.is_empty() || marks.everything;
        marks
    }

    /// Lets go of the articles before `first`.
    fn leave(&mut self, first: u64, marks: &mut StepChanges) {
        while self.first < first {
            let sequence = Sequence(self.first);
            let Some(article) = self.articles.pop_front() else { break };
            self.first += 1;
            self.index(Count::Out, sequence, &article, marks);
            if self.alerts.remove(&sequence).is_some() {
                (marks.queue, marks.restood) = (true, true);
            }
        }
    }

    fn enter(&mut self, article: SnapshotArticle, marks: &mut StepChanges) {
        let sequence = Sequence(self.next());
        self.index(Count::In, sequence, &article, marks);
        self.warm(&article);
        self.articles.push_back(article);
    }

    /// An article stands otherwise than before.
    fn restand(&mut self, sequence: Sequence, entry: Arc<Entry>, marks: &mut StepChanges) {
        let Some(place) = self.place(sequence) else { return };
        let Some(before) = self.articles.get(place).cloned() else { return };
        let after = SnapshotArticle { entry, story: before.story };
        self.index(Count::Out, sequence, &before, marks);
        self.index(Count::In, sequence, &after, marks);
        if after.entry.standing == Validity::Stands {
            self.alerts.remove(&sequence);
        }
        self.articles.set(place, after);
        (marks.queue, marks.restood) = (true, true);
    }

    /// Enters an article into all that finds it, or takes it out.
    fn index(
        &mut self,
        how: Count,
        sequence: Sequence,
        article: &SnapshotArticle,
        marks: &mut StepChanges,
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
            marks.queue = true;
        }
        if let Some(lifts) = about.embargoed {
            put(how, &mut self.embargoed, (lifts, sequence));
            marks.queue = true;
        }
        let Some(id) = article.story else { return };
        put(how, &mut self.members, (id, sequence));
        marks.stories.insert(id);
        let bytes = &mut self.story_bytes;
        let story = self.stories.entry(id).or_insert_with(|| {
            let story = SnapshotStory::unnamed(id);
            *bytes += story.bytes();
            Arc::new(story)
        });
        Arc::make_mut(story).counts.count(how, article, provider.as_ref());
    }

    /// Lets the story of a new member rise.
    fn warm(&mut self, article: &SnapshotArticle) {
        let Some((id, story)) = article.story.and_then(|id| Some((id, self.stories.get_mut(&id)?)))
        else {
            return;
        };
        let story = Arc::make_mut(story);
        self.risen.remove(&(story.counts.heat.rank(), id));
        story.counts.heat.add(GrowthRate::of(article));
        self.risen.insert((story.counts.heat.rank(), id));
    }

    /// The name of a provider, as it is shared.
    fn shared_name(&self, name: &str) -> Arc<str> {
        self.publishers.get_key_value(name).map_or_else(|| name.into(), |(name, _)| name.clone())
    }

    /// Moves the members of stories that others took in.
    fn move_members(&mut self, stories: &BTreeMap<StoryId, StoryChange>, marks: &mut StepChanges) {
        for (&id, became) in stories {
            let story = match became {
                StoryChange::Summary(_) => continue,
                StoryChange::Part(survivor) => Some(*survivor),
                StoryChange::Nothing => None,
            };
            if !self.stories.contains_key(&id) {
                continue;
            }
            let members: Vec<Sequence> = self.members(id, None).map(|(s, _)| s).collect();
            for sequence in members {
                let Some(place) = self.place(sequence) else { continue };
                let Some(before) = self.articles.get(place).cloned() else { continue };
                self.index(Count::Out, sequence, &before, marks);
                let after = SnapshotArticle { story, ..before };
                self.index(Count::In, sequence, &after, marks);
                self.warm(&after);
                self.articles.set(place, after);
            }
            self.end(id);
            if let Some(survivor) = story {
                self.absorbed.insert(id, survivor);
            }
            marks.gone.insert(id);
        }
        while self.absorbed.len() > ABSORBED_MAX {
            let Some(some) = self.absorbed.get_min().map(|(id, _)| *id) else { break };
            self.absorbed.remove(&some);
        }
    }

    /// Forgets a story; says whether it was known.
    fn end(&mut self, id: StoryId) -> bool {
        let Some(gone) = self.stories.remove(&id) else { return false };
        self.risen.remove(&(gone.counts.heat.rank(), id));
        recount(&mut self.languages, gone.summary.language, None);
        self.story_bytes -= gone.bytes();
        true
    }

    /// Counts anew how many articles carry what must not be printed any more of each story.
    fn count_carriers(&mut self, marks: &mut StepChanges) {
        let mut carriers: BTreeMap<StoryId, (BTreeSet<Sequence>, usize)> = BTreeMap::new();
        for (target, alert) in self.alerts() {
            if let Some(story) = self.article(target).and_then(|article| article.story) {
                let standing = self.standing(alert).map(|carrier| carrier.sequence);
                let (named, unnamed) = carriers.entry(story).or_default();
                named.extend(standing);
                *unnamed = alert.unnamed().max(*unnamed);
            }
        }
        let counted = std::mem::take(&mut self.carried);
        let count = |(id, (named, unnamed)): (_, (BTreeSet<_>, usize))| {
            (id, (named.len() + unnamed) as u32)
        };
        self.carried = carriers.into_iter().map(count).collect();
        for id in counted.keys().chain(self.carried.keys()) {
            let (before, now) = (counted.get(id), self.carried.get(id).copied());
            if before != now.as_ref()
                && let Some(story) = self.stories.get_mut(id)
            {
                Arc::make_mut(story).counts.carried = now.unwrap_or(0);
                marks.stories.insert(*id);
            }
        }
    }

    /// Takes in the published state of every story that changed.
    fn summarize(&mut self, mut stories: BTreeMap<StoryId, StoryChange>, marks: &mut StepChanges) {
        marks.stories.extend(stories.keys());
        let moved = !marks.gone.is_empty() && !self.alerts.is_empty();
        if marks.restood || moved || !marks.alarmed.is_empty() || marks.everything {
            self.count_carriers(marks);
        }
        for id in std::mem::take(&mut marks.stories) {
            let became = stories.remove(&id);
            if matches!(became, Some(StoryChange::Part(_) | StoryChange::Nothing)) {
                if self.end(id) {
                    marks.gone.insert(id);
                }
                continue;
            }
            let Some(story) = self.stories.get_mut(&id) else { continue };
            let story = Arc::make_mut(story);
            story.changed = self.lately.version() + 1;
            if let Some(StoryChange::Summary(summary)) = became {
                let (before, now) = (story.summary.language, summary.language);
                self.story_bytes -= story.bytes();
                story.summary = *summary;
                self.story_bytes += story.bytes();
                if before != now {
                    recount(&mut self.languages, before, now);
                }
            }
            marks.stories.insert(id);
        }
    }
}

/// Counts a story's language anew.
fn recount(counts: &mut OrdMap<Lang, u32>, before: Option<Lang>, now: Option<Lang>) {
    for (language, how) in [(before, Count::Out), (now, Count::In)] {
        if let Some(language) = language {
            let mut count = counts.get(&language).copied().unwrap_or(0);
            how.step(&mut count);
            counts.insert(language, count);
        }
    }
}

/// Puts something in, or takes it out.
fn put<T: Ord + Clone>(how: Count, set: &mut imbl::OrdSet<T>, value: T) {
    match how {
        Count::In => set.insert(value),
        Count::Out => set.remove(&value),
    };
}
