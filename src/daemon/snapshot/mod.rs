//! The read model: immutable snapshots of each shard, for the page and the API.
//!
//! ```text
//! pipeline -- after a commit --> SnapshotDelta --> snapshot thread --> Snapshot --> readers
//!          <-- between batches -- Queries (a bounded queue) <-- the API
//! ```
//!
//! Input: the state of a shard, and the ids that were touched since the previous delta. Output: a
//! [`Snapshot`] with the shard's live articles and stories and its recent events. A snapshot never
//! changes, so a reader can keep one for as long as it likes. Consecutive snapshots share
//! everything that did not change, and articles are shared references to the engine's own entries.
//! The cost of a commit is therefore proportional to what it touched, not to the number of live
//! articles.
//!
//! | module | purpose |
//! |---|---|
//! | `delta` | reads changes from the state, on the pipeline's thread |
//! | [`thread`] | passes deltas to the thread that maintains the snapshot |
//! | [`builder`] | applies a delta to a snapshot |
//! | [`story`] | counters of a story: badges, kinds, providers |
//! | [`saga`] | stories that continue one another |
//! | [`carriers`] | articles that contain withdrawn or uncorrected text |
//! | [`recent`] | recent events and changes, for streams that resume |
//! | [`queries`] | bounded queries that only the pipeline can answer |
//! | [`shards`] | the status of each shard: phase, lag, health |
//!
//! Invariants:
//! - DE-1: a snapshot updated step by step equals one built from the state at once, except for
//!   recent events.
//! - DE-2: nothing here makes the pipeline wait.
//!
//! Article text is deliberately not part of a snapshot. It is read from the input topic by position
//! (`daemon::article_text`).

pub mod builder;
pub mod carriers;
mod changes;
mod delta;
mod limits;
pub mod queries;
pub mod recent;
pub mod saga;
pub mod shards;
pub mod story;
pub mod thread;

use crate::daemon::pipeline::batch::Batch;
use crate::daemon::pipeline::broker::OutputRecord;
use arc_swap::ArcSwap;
use carriers::CarrierAlert;
use imbl::{OrdMap, OrdSet, Vector};
pub use limits::Limits;
use queries::{Queries, Query, QueryRefused};
use recent::RecentChanges;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use story::SnapshotStory;
use wirefold_engine::article::{ArticleKey, EventTime, Lang, Sequence};
use wirefold_engine::event::{Carrier, Event};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::state::{Entry, State};
use wirefold_engine::stories::StoryId;

/// The events and output records of a committed batch.
#[derive(Debug, Clone, Copy)]
pub struct CommittedBatch<'a> {
    /// The engine's events.
    pub events: &'a [Event],
    /// The records written for them, in order.
    pub outputs: &'a [OutputRecord],
}

impl<'a> CommittedBatch<'a> {
    /// The events and records of `batch`.
    pub fn of(batch: &'a Batch) -> Self {
        Self { events: &batch.events, outputs: &batch.outputs }
    }
}

/// The current snapshots of all shards, and the query queues of their pipelines.
#[derive(Debug)]
pub struct Snapshots {
    /// The configured limits.
    bounds: Limits,
    /// The current snapshot of each shard, by shard number.
    current: Vec<ArcSwap<Snapshot>>,
    /// The query queue of each shard's pipeline, by shard number.
    queries: Vec<Queries>,
    /// Whether a client has opened a stream since the start.
    followed: AtomicBool,
}

/// An article in a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotArticle {
    /// Everything that the engine stores about the article.
    pub entry: Arc<Entry>,
    /// The article's current story; `None` if it never joins one.
    pub story: Option<StoryId>,
}

/// Names, each with the number of articles that have it.
pub type NameCounts = OrdMap<Arc<str>, u32>;

/// An immutable view of one shard (see the module documentation).
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The engine clock; `None` before the first article, or if the shard is not followed.
    pub clock: Option<EventTime>,
    /// When this snapshot was published.
    pub published: Option<Instant>,
    /// The sampling key. Only articles prepared with this key can be compared with those of this
    /// shard.
    pub key: SamplingKey,
    /// The sequence number of the oldest live article.
    first: u64,
    /// The live articles, without gaps, beginning with sequence number `first`.
    articles: Vector<SnapshotArticle>,
    /// The live stories.
    stories: OrdMap<StoryId, Arc<SnapshotStory>>,
    /// Estimated memory of the live stories, in bytes.
    story_bytes: usize,
    /// The members of each story, by sequence number.
    members: OrdSet<(StoryId, Sequence)>,
    /// Stories by growth rank, lowest first.
    risen: OrdSet<(i64, StoryId)>,
    /// Live articles by the hash of their uri.
    uris: OrdSet<(u64, Sequence)>,
    /// Articles with flags that require a review.
    flagged: OrdSet<Sequence>,
    /// Articles under an embargo, by the end of the embargo.
    embargoed: OrdSet<(EventTime, Sequence)>,
    /// Alerts about carriers, by the sequence number of the withdrawn or corrected article.
    alerts: OrdMap<Sequence, Arc<CarrierAlert>>,
    /// For each story, the number of articles that contain its withdrawn or uncorrected text.
    carrier_counts: OrdMap<StoryId, u32>,
    /// Absorbed stories, each with the story that absorbed it.
    absorbed: OrdMap<StoryId, StoryId>,
    /// Pairs of a story and either a live story that follows it or a story that it absorbed.
    sequels: OrdSet<(StoryId, StoryId)>,
    /// Number of live articles per provider.
    publishers: NameCounts,
    /// Number of live articles per relation kind.
    kinds: OrdMap<&'static str, u32>,
    /// Number of live stories per language.
    languages: OrdMap<Lang, u32>,
    /// Recent events and changes.
    pub recent: RecentChanges,
}

impl Snapshots {
    /// Empty snapshots for `shards` shards, with default limits.
    pub fn new(shards: u32) -> Arc<Self> {
        Self::with_limits(shards, Limits::default())
    }

    /// Empty snapshots for `shards` shards, with the limits `bounds`.
    pub fn with_limits(shards: u32, bounds: Limits) -> Arc<Self> {
        let shards = 0..shards;
        Arc::new(Self {
            current: shards.clone().map(|_| ArcSwap::default()).collect(),
            queries: shards.map(|_| Queries::new(bounds.questions_max)).collect(),
            bounds,
            followed: AtomicBool::new(false),
        })
    }

    /// Whether a client, such as the page, has opened a stream since the start.
    pub fn followed(&self) -> bool {
        self.followed.load(Ordering::Relaxed)
    }

    /// Records that a client has opened a stream.
    pub(crate) fn set_followed(&self) {
        self.followed.store(true, Ordering::Relaxed);
    }

    /// The configured limits.
    pub fn limits(&self) -> &Limits {
        &self.bounds
    }

    /// The current snapshot of every shard, in shard order.
    pub fn all(&self) -> Vec<Arc<Snapshot>> {
        self.current.iter().map(ArcSwap::load_full).collect()
    }

    /// The current snapshot of a shard.
    pub fn of(&self, shard: u32) -> Option<Arc<Snapshot>> {
        self.current.get(shard as usize).map(ArcSwap::load_full)
    }

    /// Queues a query for the pipeline of a shard; never blocks.
    ///
    /// # Errors
    /// If too many queries are waiting, or if this instance runs no pipeline for the shard.
    pub fn query(&self, shard: u32, ask: Query) -> Result<(), QueryRefused> {
        self.queries.get(shard as usize).ok_or(QueryRefused::NotOwner)?.ask(ask)
    }

    /// Starts accepting queries about a shard.
    pub fn accept_queries(&self, shard: u32) {
        self.queries.get(shard as usize).into_iter().for_each(Queries::open);
    }

    /// Stops accepting queries about a shard, and drops those in the queue.
    pub fn refuse_queries(&self, shard: u32) {
        self.queries.get(shard as usize).into_iter().for_each(Queries::close);
    }

    /// Answers some of the queries about a shard. Returns whether any were answered.
    pub fn answer_queries(&self, shard: u32, state: &mut State) -> bool {
        self.queries.get(shard as usize).is_some_and(|queries| queries.answer(state))
    }

    /// Replaces the snapshot of a shard.
    pub(super) fn publish(&self, shard: u32, snapshot: Snapshot) {
        if let Some(slot) = self.current.get(shard as usize) {
            slot.store(Arc::new(snapshot));
        }
    }
}

impl Snapshot {
    /// The engine clock, advanced by the time since the snapshot was published.
    pub fn now(&self) -> Option<EventTime> {
        let since = self.published.map_or(Duration::ZERO, |at| at.elapsed());
        let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.clock.map(|clock| EventTime(clock.0.saturating_add(since)))
    }

    /// The number of live articles.
    pub fn len(&self) -> usize {
        self.articles.len()
    }

    /// Estimated memory in bytes, excluding the engine's entries. The unused space in trees is
    /// estimated; shared names are not counted.
    pub fn bytes(&self) -> usize {
        // Each article is indexed by position, by story and by uri.
        let article = size_of::<SnapshotArticle>() + 2 * size_of::<(u64, Sequence)>() * 3 / 2;
        let carriers: usize = self.alerts.values().map(|alert| alert.carriers.len()).sum();
        let alerts =
            self.alerts.len() * size_of::<CarrierAlert>() + carriers * size_of::<Carrier>();
        let sequels = self.sequels.len() * size_of::<(StoryId, StoryId)>() * 3 / 2;
        self.articles.len() * article + self.story_bytes + sequels + alerts + self.recent.bytes()
    }

    /// Whether there are no live articles.
    pub fn is_empty(&self) -> bool {
        self.articles.is_empty()
    }

    /// The index of `sequence` in `articles`.
    fn place(&self, sequence: Sequence) -> Option<usize> {
        usize::try_from(sequence.0.checked_sub(self.first)?).ok()
    }

    /// The sequence number after the newest article.
    fn next(&self) -> u64 {
        self.first + self.articles.len() as u64
    }

    /// The live article at `sequence`.
    pub fn article(&self, sequence: Sequence) -> Option<&SnapshotArticle> {
        self.articles.get(self.place(sequence)?)
    }

    /// The live articles before `before` (or all if it is `None`), newest first.
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

    /// The newest live article with this uri and version.
    pub fn of_key(&self, key: &ArticleKey) -> Option<(Sequence, &SnapshotArticle)> {
        let same_version =
            |found: &(Sequence, &SnapshotArticle)| found.1.entry.about.version == key.version;
        self.of_uri(&key.uri).rev().find(same_version)
    }

    /// The live story with this id.
    pub fn story(&self, id: StoryId) -> Option<&Arc<SnapshotStory>> {
        self.stories.get(&id)
    }

    /// The live story that absorbed the story `id`, directly or indirectly, if this is still known.
    pub fn survivor(&self, id: StoryId) -> Option<StoryId> {
        let mut found = *self.absorbed.get(&id)?;
        while let Some(&next) = self.absorbed.get(&found) {
            found = next;
        }
        Some(found)
    }

    /// All live stories, by id.
    pub fn stories(&self) -> impl Iterator<Item = (&StoryId, &Arc<SnapshotStory>)> {
        self.stories.iter()
    }

    /// The number of live stories.
    pub fn stories_len(&self) -> usize {
        self.stories.len()
    }

    /// Live stories with a growth rank below `before` (or all if it is `None`), highest first, each
    /// with its rank.
    pub fn rising(&self, before: Option<(i64, StoryId)>) -> impl Iterator<Item = (i64, StoryId)> {
        let until = before.unwrap_or((i64::MAX, StoryId::new(u64::MAX)));
        self.risen.range(..until).rev().copied()
    }

    /// The live members of a story after `after` (or all if it is `None`), in order of arrival.
    pub fn members(
        &self,
        story: StoryId,
        after: Option<Sequence>,
    ) -> impl Iterator<Item = (Sequence, &SnapshotArticle)> {
        let from = (story, after.map_or(Sequence(0), |s| Sequence(s.0.saturating_add(1))));
        let all = self.members.range(from..=(story, Sequence(u64::MAX)));
        all.filter_map(|&(_, sequence)| Some((sequence, self.article(sequence)?)))
    }

    /// Articles with flags that require a review, newest first.
    pub fn flagged(&self) -> impl Iterator<Item = (Sequence, &SnapshotArticle)> {
        self.flagged.iter().rev().filter_map(|&s| Some((s, self.article(s)?)))
    }

    /// Articles whose embargo ends after `from` and no later than `to`. The first to end comes
    /// first.
    pub fn embargoes_ending(
        &self,
        from: EventTime,
        to: EventTime,
    ) -> impl Iterator<Item = (EventTime, Sequence, &SnapshotArticle)> {
        let within = (from, Sequence(u64::MAX))..=(to, Sequence(u64::MAX));
        let all = self.embargoed.range(within);
        all.filter_map(|&(lifts, s)| Some((lifts, s, self.article(s)?)))
    }

    /// The alerts about carriers of withdrawn or corrected text, newest first, each with the
    /// sequence number of the withdrawn or corrected article.
    pub fn alerts(&self) -> impl Iterator<Item = (Sequence, &Arc<CarrierAlert>)> {
        self.alerts.iter().rev().map(|(sequence, alert)| (*sequence, alert))
    }

    /// The alert about carriers of this article's withdrawn or corrected text.
    pub fn alert(&self, target: Sequence) -> Option<&Arc<CarrierAlert>> {
        self.alerts.get(&target)
    }

    /// Number of live articles per provider.
    pub fn publishers(&self) -> &NameCounts {
        &self.publishers
    }

    /// The oldest live article.
    pub fn oldest(&self) -> Option<&SnapshotArticle> {
        self.articles.front()
    }

    /// Number of live stories per language.
    pub fn languages(&self) -> impl Iterator<Item = (Lang, u32)> {
        self.languages.iter().map(|(language, count)| (*language, *count))
    }

    /// Number of live articles per relation kind.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.kinds.iter().map(|(kind, count)| (*kind, *count))
    }
}

fn uri_hash(uri: &str) -> u64 {
    let mut hash = rustc_hash::FxHasher::default();
    uri.hash(&mut hash);
    hash.finish()
}
