//! Brings a desk into step with the state of its shard, and publishes it.
//!
//! In: the state, and what of it was touched. Out: the next [`Desk`]. What the desk itself knows of an
//! article is what is taken back when the article leaves, so that counts stay true whatever the state
//! has done meanwhile.
//!
//! Cost: a few microseconds an article and a story touched, on the pipeline's thread.

use super::lately::{Change, Framing};
use super::story::{Count, Heat, Story};
use super::{Article, Desk, Desks, uri_hash};
use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::broker::OutputRecord;
use crate::engine::article::{Lang, Sequence};
use crate::engine::event::Event;
use crate::engine::relation::{CHANGED_NUMBERS, NEEDS_REVIEW, Standing};
use crate::engine::state::{State, Touched};
use crate::engine::story::StoryId;
use imbl::OrdMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// How many providers are told apart.
const PROVIDERS_MAX: usize = 10_000;
/// How many absorbed stories are remembered.
const ABSORBED_MAX: usize = 10_000;

/// Keeps the desk of one shard.
#[derive(Debug)]
pub struct Scribe {
    shard: u32,
    desks: Arc<Desks>,
    desk: Desk,
    framing: Framing,
}

/// What a committed batch said and wrote.
#[derive(Debug, Clone, Copy)]
pub struct News<'a> {
    /// What happened.
    pub events: &'a [Event],
    /// What was published of it, in order.
    pub outputs: &'a [OutputRecord],
}

impl<'a> News<'a> {
    /// The news of a batch.
    pub fn of(batch: &'a Batch) -> Self {
        Self { events: &batch.events, outputs: &batch.outputs }
    }
}

/// What one step changed.
#[derive(Debug, Default)]
pub(super) struct Marks {
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

impl Scribe {
    /// Keeps the desk of `shard`, of which nothing is known.
    pub fn new(shard: u32, desks: Arc<Desks>) -> Self {
        Self { shard, desks, desk: Desk::default(), framing: Framing::default() }
    }

    /// Takes in what a commit, a restore or a step of a follower changed, and publishes the desk.
    ///
    /// `sequence` is the number of events that the shard has published.
    pub fn follow(
        &mut self,
        state: &State,
        touched: Touched,
        news: Option<News<'_>>,
        sequence: u64,
    ) {
        let marks = self.desk.follow(state, touched, news);
        match news {
            Some(news) => self.framing.hear(news, sequence, &mut self.desk.lately),
            None => self.desk.lately.skip_to(sequence),
        }
        self.publish(&marks);
    }

    /// The shard is not followed any more.
    pub fn forget(&mut self) {
        if self.desk.clock.is_none() {
            return;
        }
        self.desk = Desk { lately: self.desk.lately.clone(), ..Desk::default() };
        self.publish(&Marks { everything: true, ..Marks::default() });
    }

    fn publish(&mut self, marks: &Marks) {
        let desk = &mut self.desk;
        desk.published = Some(Instant::now());
        desk.lately.note(Change::of(marks));
        self.desks.publish(self.shard, desk.clone());
    }
}

impl Desk {
    /// Comes into step with `state`.
    pub(super) fn follow(
        &mut self,
        state: &State,
        touched: Touched,
        news: Option<News<'_>>,
    ) -> Marks {
        let window = state.window();
        let mut marks = Marks::default();
        if touched.everything || self.clock.is_none() || window.end < self.next() {
            *self = Self { lately: self.lately.clone(), ..Self::default() };
            marks.everything = true;
        }
        self.key = state.key();
        self.clock = Some(state.clock()).filter(|clock| clock.0 != i64::MIN);
        self.leave(window.start, &mut marks);
        self.move_members(state, &touched, &mut marks);
        for &sequence in &touched.articles {
            self.restand(state, sequence, &mut marks);
        }
        let since = self.next().max(window.start);
        if self.articles.is_empty() {
            self.first = since;
        }
        for sequence in since..window.end {
            self.enter(state, Sequence(sequence), &mut marks);
        }
        marks.articles = window.end - since;
        self.find_carriers(state, &touched, Sequence(since), news, &mut marks);
        self.summarize(state, touched.stories, &mut marks);
        marks.queue |= !marks.alarmed.is_empty() || marks.everything;
        marks
    }

    /// Lets go of the articles before `first`.
    fn leave(&mut self, first: u64, marks: &mut Marks) {
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

    fn enter(&mut self, state: &State, sequence: Sequence, marks: &mut Marks) {
        let Some(entry) = state.article(sequence) else { return };
        let story = state.stories().story_of(sequence);
        let article = Article { entry: entry.clone(), story };
        self.index(Count::In, sequence, &article, marks);
        self.warm(&article);
        self.articles.push_back(article);
    }

    /// An article stands otherwise than before.
    fn restand(&mut self, state: &State, sequence: Sequence, marks: &mut Marks) {
        let (Some(place), Some(entry)) = (self.place(sequence), state.article(sequence)) else {
            return;
        };
        let Some(before) = self.articles.get(place).cloned() else { return };
        let after = Article { entry: entry.clone(), story: before.story };
        self.index(Count::Out, sequence, &before, marks);
        self.index(Count::In, sequence, &after, marks);
        if after.entry.standing == Standing::Stands {
            self.alerts.remove(&sequence);
        }
        self.articles.set(place, after);
        (marks.queue, marks.restood) = (true, true);
    }

    /// Enters an article into all that finds it, or takes it out.
    fn index(&mut self, how: Count, sequence: Sequence, article: &Article, marks: &mut Marks) {
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
        let story = self.stories.entry(id).or_insert_with(|| Arc::new(Story::unnamed(id)));
        Arc::make_mut(story).counts.count(how, article, provider.as_ref());
    }

    /// Lets the story of a new member rise.
    fn warm(&mut self, article: &Article) {
        let Some((id, story)) = article.story.and_then(|id| Some((id, self.stories.get_mut(&id)?)))
        else {
            return;
        };
        let story = Arc::make_mut(story);
        self.risen.remove(&(story.counts.heat.rank(), id));
        story.counts.heat.add(Heat::of(article));
        self.risen.insert((story.counts.heat.rank(), id));
    }

    /// The name of a provider, as it is shared.
    fn shared_name(&self, name: &str) -> Arc<str> {
        self.publishers.get_key_value(name).map_or_else(|| name.into(), |(name, _)| name.clone())
    }

    /// Moves the members of stories that others took in.
    fn move_members(&mut self, state: &State, touched: &Touched, marks: &mut Marks) {
        for &id in &touched.stories {
            if state.stories().is_live(id) || !self.stories.contains_key(&id) {
                continue;
            }
            let members: Vec<Sequence> = self.members(id, None).map(|(s, _)| s).collect();
            let mut survivor = None;
            for sequence in members {
                let story = state.stories().story_of(sequence);
                let Some(place) = self.place(sequence) else { continue };
                let Some(before) = self.articles.get(place).cloned() else { continue };
                self.index(Count::Out, sequence, &before, marks);
                let after = Article { story, ..before };
                self.index(Count::In, sequence, &after, marks);
                self.warm(&after);
                self.articles.set(place, after);
                survivor = story;
            }
            self.end(id);
            if let Some(survivor) = survivor {
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
        true
    }

    fn find_carriers(
        &mut self,
        state: &State,
        touched: &Touched,
        since: Sequence,
        news: Option<News<'_>>,
        marks: &mut Marks,
    ) {
        match news {
            Some(news) if !marks.everything => self.hear(news.events, marks),
            _ if !marks.everything => self.ask(state, &touched.articles, since, marks),
            _ => {
                let tainted = |article: &Article| {
                    matches!(article.entry.standing, Standing::Withdrawn | Standing::Uncorrected)
                };
                let newest = self.newest(None).filter(|(_, article)| tainted(article));
                let newest = newest.take(super::carried::ALERTS_MAX).map(|(s, _)| s).collect();
                self.ask(state, &newest, Sequence(self.next()), marks);
            }
        }
    }

    /// Counts anew how many articles carry what must not be printed any more of each story.
    fn count_carriers(&mut self, marks: &mut Marks) {
        let mut carriers: BTreeMap<StoryId, BTreeSet<Sequence>> = BTreeMap::new();
        for (target, alert) in self.alerts() {
            if let Some(story) = self.article(target).and_then(|article| article.story) {
                let standing = self.standing(alert).map(|carrier| carrier.sequence);
                carriers.entry(story).or_default().extend(standing);
            }
        }
        let counted = std::mem::take(&mut self.carried);
        self.carried = carriers.into_iter().map(|(id, of)| (id, of.len() as u32)).collect();
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
    fn summarize(&mut self, state: &State, touched: BTreeSet<StoryId>, marks: &mut Marks) {
        marks.stories.extend(touched);
        let moved = !marks.gone.is_empty() && !self.alerts.is_empty();
        if marks.restood || moved || !marks.alarmed.is_empty() || marks.everything {
            self.count_carriers(marks);
        }
        let ids = std::mem::take(&mut marks.stories);
        for id in ids {
            match state.summary(id) {
                Some(summary) => {
                    let Some(story) = self.stories.get_mut(&id) else { continue };
                    let (before, now) = (story.summary.language, summary.language);
                    if before != now {
                        recount(&mut self.languages, before, now);
                    }
                    let story = Arc::make_mut(story);
                    story.summary = summary;
                    story.changed = self.lately.version() + 1;
                    marks.stories.insert(id);
                }
                None if self.end(id) => drop(marks.gone.insert(id)),
                None => {}
            }
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
