//! What a desk may see of a shard: its live articles and stories, and what happened lately.
//!
//! ```text
//! pipeline -- commit --> a step: what changed --> the desk's own thread --> Desk, swapped --> whoever asks
//!          <-- between batches -- Asks: bounded questions <-- the API
//! ```
//!
//! In: the state of a shard and what was touched since it was last looked at. Out: a [`Snapshot`], an
//! immutable snapshot; who holds one keeps it as it was. Snapshots share what did not change, and
//! articles are the engine's own entries, shared by reference: a commit costs what it touched, not
//! what is live.
//!
//! | room | does |
//! |---|---|
//! | `step` | takes what changed from the state, on the pipeline's thread |
//! | [`thread`] | hands it to the thread that keeps the desk |
//! | [`builder`] | brings a desk into step |
//! | [`story`] | what is counted of a story: badges, kinds, providers, its rise |
//! | [`carriers`] | who carries withdrawn or uncorrected text |
//! | [`recent`] | the last events and changes, for streams that resume |
//! | [`queries`] | questions that only the pipeline can answer, bounded |
//!
//! Invariants: DE-1 a desk that followed the state equals one that was built from it at once, what
//! happened lately and the rise of absorbed stories excepted; DE-2 nothing here makes the pipeline
//! wait.
//!
//! Deliberately absent: article text. It is read from the input topic by position (`daemon::article_text`).

pub mod builder;
pub mod carriers;
mod delta;
pub mod queries;
pub mod recent;
mod settings;
pub mod shards;
pub mod story;
pub mod thread;

use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::broker::OutputRecord;
use arc_swap::ArcSwap;
use carriers::CarrierAlert;
use imbl::{OrdMap, OrdSet, Vector};
use queries::{Queries, Query, QueryRefused};
use recent::RecentChanges;
pub use settings::Settings;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};
use story::SnapshotStory;
use wirefold_engine::article::{ArticleKey, EventTime, Lang, Sequence};
use wirefold_engine::event::{Carrier, Event};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::state::{Entry, State};
use wirefold_engine::stories::StoryId;

/// What a committed batch said and wrote.
#[derive(Debug, Clone, Copy)]
pub struct CommittedBatch<'a> {
    /// What happened.
    pub events: &'a [Event],
    /// What was published of it, in order.
    pub outputs: &'a [OutputRecord],
}

impl<'a> CommittedBatch<'a> {
    /// The news of a batch.
    pub fn of(batch: &'a Batch) -> Self {
        Self { events: &batch.events, outputs: &batch.outputs }
    }
}

/// The desks of all shards, and the way to ask their pipelines.
#[derive(Debug)]
pub struct Snapshots {
    bounds: Settings,
    shown: Vec<ArcSwap<Snapshot>>,
    asks: Vec<Queries>,
}

/// An article of a desk.
#[derive(Debug, Clone)]
pub struct SnapshotArticle {
    /// All that is remembered of it.
    pub entry: Arc<Entry>,
    /// Its story, as it is now; absent for what never joins one.
    pub story: Option<StoryId>,
}

/// Names and how many articles have them.
pub type NameCounts = OrdMap<Arc<str>, u32>;

/// What a desk may see of one shard.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The engine's clock; `None` before the first article, and of a shard that is not followed.
    pub clock: Option<EventTime>,
    /// When this was published.
    pub published: Option<Instant>,
    /// How articles are to be prepared for comparison.
    pub key: FloodKey,
    /// The place of the oldest article.
    first: u64,
    articles: Vector<SnapshotArticle>,
    stories: OrdMap<StoryId, Arc<SnapshotStory>>,
    story_bytes: usize,
    members: OrdSet<(StoryId, Sequence)>,
    /// Stories by their rise, lowest first.
    risen: OrdSet<(i64, StoryId)>,
    /// Articles by the hash of their uri.
    uris: OrdSet<(u64, Sequence)>,
    /// Articles that ask for a look.
    flagged: OrdSet<Sequence>,
    /// Articles under embargo, by its end.
    embargoed: OrdSet<(EventTime, Sequence)>,
    /// Who carries what was withdrawn or corrected, by its place.
    alerts: OrdMap<Sequence, Arc<CarrierAlert>>,
    /// How many articles carry what must not be printed any more of a story.
    carried: OrdMap<StoryId, u32>,
    /// Stories that were taken in by others, and by which.
    absorbed: OrdMap<StoryId, StoryId>,
    publishers: NameCounts,
    kinds: OrdMap<&'static str, u32>,
    languages: OrdMap<Lang, u32>,
    /// What happened lately.
    pub lately: RecentChanges,
}

impl Snapshots {
    /// Desks of `shards` shards, of which nothing is known yet.
    pub fn new(shards: u32) -> Arc<Self> {
        Self::within(shards, Settings::default())
    }

    /// The same, with bounds of one's own.
    pub fn within(shards: u32, bounds: Settings) -> Arc<Self> {
        let shards = 0..shards;
        Arc::new(Self {
            shown: shards.clone().map(|_| ArcSwap::default()).collect(),
            asks: shards.map(|_| Queries::new(bounds.questions_max)).collect(),
            bounds,
        })
    }

    /// What bounds them.
    pub fn bounds(&self) -> &Settings {
        &self.bounds
    }

    /// The newest desk of every shard, in order.
    pub fn all(&self) -> Vec<Arc<Snapshot>> {
        self.shown.iter().map(ArcSwap::load_full).collect()
    }

    /// The newest desk of one shard.
    pub fn of(&self, shard: u32) -> Option<Arc<Snapshot>> {
        self.shown.get(shard as usize).map(ArcSwap::load_full)
    }

    /// Asks the pipeline of a shard; never waits.
    ///
    /// # Errors
    /// When too many questions wait, or nobody is there to answer.
    pub fn ask(&self, shard: u32, ask: Query) -> Result<(), QueryRefused> {
        self.asks.get(shard as usize).ok_or(QueryRefused::Nobody)?.ask(ask)
    }

    /// From now on questions about a shard are taken.
    pub fn hear(&self, shard: u32) {
        self.asks.get(shard as usize).into_iter().for_each(Queries::open);
    }

    /// From now on questions about a shard are refused, those that wait as well.
    pub fn refuse(&self, shard: u32) {
        self.asks.get(shard as usize).into_iter().for_each(Queries::close);
    }

    /// Answers some of the questions about a shard; says whether there were any.
    pub fn answer(&self, shard: u32, state: &mut State) -> bool {
        self.asks.get(shard as usize).is_some_and(|asks| asks.answer(state))
    }

    /// Publishes the desk of a shard.
    pub(super) fn publish(&self, shard: u32, desk: Snapshot) {
        if let Some(slot) = self.shown.get(shard as usize) {
            slot.store(Arc::new(desk));
        }
    }
}

impl Snapshot {
    /// The engine's clock, moved on by the time since it was read.
    pub fn now(&self) -> Option<EventTime> {
        let since = self.published.map_or(Duration::ZERO, |at| at.elapsed());
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.clock.map(|clock| EventTime(clock.0.saturating_add(since)))
    }

    /// The number of live articles.
    pub fn len(&self) -> usize {
        self.articles.len()
    }

    /// Bytes held beside the engine's own entries, about: trees have room to spare, and names that are
    /// shared are not counted.
    pub fn bytes(&self) -> usize {
        // An article has a place among all, among its story's and by its uri.
        let article = size_of::<SnapshotArticle>() + 2 * size_of::<(u64, Sequence)>() * 3 / 2;
        let carriers: usize = self.alerts.values().map(|alert| alert.carriers.len()).sum();
        let alerts =
            self.alerts.len() * size_of::<CarrierAlert>() + carriers * size_of::<Carrier>();
        self.articles.len() * article + self.story_bytes + alerts + self.lately.bytes()
    }

    /// Whether nothing is live.
    pub fn is_empty(&self) -> bool {
        self.articles.is_empty()
    }

    fn place(&self, sequence: Sequence) -> Option<usize> {
        usize::try_from(sequence.0.checked_sub(self.first)?).ok()
    }

    fn next(&self) -> u64 {
        self.first + self.articles.len() as u64
    }

    /// The live article at `sequence`.
    pub fn article(&self, sequence: Sequence) -> Option<&SnapshotArticle> {
        self.articles.get(self.place(sequence)?)
    }

    /// The live articles before `before`, newest first.
    pub fn newest(
        &self,
        before: Option<Sequence>,
    ) -> impl Iterator<Item = (Sequence, &SnapshotArticle)> {
        let most = self.articles.len();
        let until = before.map_or(most, |s| self.place(s).unwrap_or(0).min(most));
        let at = move |place: usize| Sequence(self.first + place as u64);
        (0..until).rev().filter_map(move |place| Some((at(place), self.articles.get(place)?)))
    }

    /// The live articles with this uri, oldest first.
    pub fn of_uri(
        &self,
        uri: &str,
    ) -> impl DoubleEndedIterator<Item = (Sequence, &SnapshotArticle)> {
        let (hash, uri) = (uri_hash(uri), uri.to_owned());
        let found = self.uris.range((hash, Sequence(0))..=(hash, Sequence(u64::MAX)));
        found
            .filter_map(|&(_, sequence)| Some((sequence, self.article(sequence)?)))
            .filter(move |(_, article)| article.entry.about.uri == uri)
    }

    /// The newest live article of this name.
    pub fn of_key(&self, key: &ArticleKey) -> Option<(Sequence, &SnapshotArticle)> {
        let named =
            |found: &(Sequence, &SnapshotArticle)| found.1.entry.about.version == key.version;
        self.of_uri(&key.uri).rev().find(named)
    }

    /// A live story.
    pub fn story(&self, id: StoryId) -> Option<&Arc<SnapshotStory>> {
        self.stories.get(&id)
    }

    /// The story that took `id` in, where that is known.
    pub fn survivor(&self, id: StoryId) -> Option<StoryId> {
        let mut found = *self.absorbed.get(&id)?;
        while let Some(&next) = self.absorbed.get(&found) {
            found = next;
        }
        Some(found)
    }

    /// All live stories, in order of ids.
    pub fn stories(&self) -> impl Iterator<Item = (&StoryId, &Arc<SnapshotStory>)> {
        self.stories.iter()
    }

    /// The number of live stories.
    pub fn stories_len(&self) -> usize {
        self.stories.len()
    }

    /// Live stories that rose less than `before`, highest first, each with its place.
    pub fn rising(&self, before: Option<(i64, StoryId)>) -> impl Iterator<Item = (i64, StoryId)> {
        let until = before.unwrap_or((i64::MAX, StoryId::new(u64::MAX)));
        self.risen.range(..until).rev().copied()
    }

    /// The live members of a story after `after`, in order of arrival.
    pub fn members(
        &self,
        story: StoryId,
        after: Option<Sequence>,
    ) -> impl Iterator<Item = (Sequence, &SnapshotArticle)> {
        let from = (story, after.map_or(Sequence(0), |s| Sequence(s.0.saturating_add(1))));
        let all = self.members.range(from..=(story, Sequence(u64::MAX)));
        all.filter_map(|&(_, sequence)| Some((sequence, self.article(sequence)?)))
    }

    /// Articles that are flagged for a look, newest first.
    pub fn flagged(&self) -> impl Iterator<Item = (Sequence, &SnapshotArticle)> {
        self.flagged.iter().rev().filter_map(|&s| Some((s, self.article(s)?)))
    }

    /// Articles whose embargo ends after `from` and not after `to`, soonest first.
    pub fn lifting(
        &self,
        from: EventTime,
        to: EventTime,
    ) -> impl Iterator<Item = (EventTime, Sequence, &SnapshotArticle)> {
        let within = (from, Sequence(u64::MAX))..=(to, Sequence(u64::MAX));
        let all = self.embargoed.range(within);
        all.filter_map(|&(lifts, s)| Some((lifts, s, self.article(s)?)))
    }

    /// Who carries what was withdrawn or corrected, newest first.
    pub fn alerts(&self) -> impl Iterator<Item = (Sequence, &Arc<CarrierAlert>)> {
        self.alerts.iter().rev().map(|(sequence, alert)| (*sequence, alert))
    }

    /// Who carries the withdrawn or corrected text of one article.
    pub fn alert(&self, target: Sequence) -> Option<&Arc<CarrierAlert>> {
        self.alerts.get(&target)
    }

    /// Providers and how many live articles they sent.
    pub fn publishers(&self) -> &NameCounts {
        &self.publishers
    }

    /// The oldest live article.
    pub fn oldest(&self) -> Option<&SnapshotArticle> {
        self.articles.front()
    }

    /// Languages and how many live stories have them.
    pub fn languages(&self) -> impl Iterator<Item = (Lang, u32)> {
        self.languages.iter().map(|(language, count)| (*language, *count))
    }

    /// Kinds and how many live articles are of each.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.kinds.iter().map(|(kind, count)| (*kind, *count))
    }
}

fn uri_hash(uri: &str) -> u64 {
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    hash.finish()
}
