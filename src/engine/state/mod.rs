//! The state machine: one article and a time in, events and changed records out.
//!
//! State is a fold of its records: [`State::apply`] takes decisions and then puts the same records
//! that [`State::restore`] puts back, so that a restored state equals the one that wrote them.
//!
//! Invariants: SM-1 `apply` is a function of the state and its arguments; SM-2 the clock never
//! falls; SM-3 what is live is exactly what arrived less than a window ago, up to
//! `live_articles_max`; SM-4 restoring the changes of a run gives the state of that run.

mod boilerplate;
mod consider;
mod due;
mod effects;
mod embargo;
mod follow;
mod live;
mod parts;
mod past;
mod radius;
pub mod records;
mod restore;
mod tally;
mod touched;
mod versions;

use super::Settings;
use super::article::{
    About, Article, ArticleKey, Body, EventTime, InputPosition, LinkKind, Sequence,
};
use super::boilerplate::learned::LearnedBoilerplate;
use super::candidates::{Candidate, Index};
use super::event::{Classified, Event, EventCause, EventKind, Joined, Merged};
use super::fingerprint::{FloodKey, SimHash};
use super::prepare::Prepared;
use super::stories::{Member, MemoryChange, Placement, Stories, StoryId, StoryStep, Summary};
use super::text::{Clean, Words};
use super::verdict::{self, Arrival, Carrying, Kind, Pass, Validity, Verdict};
use boilerplate::ArticleEdges;
pub use consider::Prediction;
use embargo::EmbargoQueue;
pub use embargo::LiftedEmbargo;
use live::LiveArticles;
pub use live::{Decision, Entry};
use past::{IdentityArchive, KnownArticles};
use records::ClockRecord;
pub use records::{RecordChange, RestoreError};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;
pub use tally::Tally;
pub use touched::TouchedIds;

/// The flag of an article around which learned furniture stood.
pub const LEARNED_FURNITURE: &str = "learned_furniture";

/// The state of one shard.
#[derive(Debug)]
pub struct State {
    settings: Settings,
    key: FloodKey,
    clock: EventTime,
    live: LiveArticles,
    past: IdentityArchive,
    embargo: EmbargoQueue,
    lifted: Vec<LiftedEmbargo>,
    index: Index,
    furniture: LearnedBoilerplate,
    stories: Stories,
    changes: Vec<RecordChange>,
    clock_written: Option<(EventTime, Sequence)>,
    tally: Tally,
    touched: TouchedIds,
}

impl State {
    /// An empty state. `key` must be the one that prepared articles are fingerprinted with.
    pub fn new(settings: Settings, key: FloodKey) -> Self {
        Self {
            index: Index::new(&settings.index, Sequence(0)),
            stories: Stories::new(&settings.story),
            furniture: LearnedBoilerplate::new(&settings.index.furniture),
            live: LiveArticles::starting_at(Sequence(0), settings.bearers_max),
            settings,
            key,
            clock: EventTime(i64::MIN),
            past: IdentityArchive::default(),
            embargo: EmbargoQueue::default(),
            lifted: Vec::new(),
            changes: Vec::new(),
            clock_written: None,
            tally: Tally::default(),
            touched: TouchedIds::everything(),
        }
    }

    /// The settings that it runs under.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The key of its samples.
    pub fn key(&self) -> FloodKey {
        self.key
    }

    /// The engine's clock: the highest time of an article or a tick.
    pub fn clock(&self) -> EventTime {
        self.clock
    }

    /// The number of live articles.
    pub fn live_articles(&self) -> usize {
        self.live.len()
    }

    /// The places of the live articles: all that are in it are live.
    pub fn window(&self) -> Range<u64> {
        let next = self.live.next().0;
        next - self.live.len() as u64..next
    }

    /// The live article at `sequence`, shared: who keeps it keeps it as it is now.
    pub fn article(&self, sequence: Sequence) -> Option<&Arc<Entry>> {
        self.live.shared(sequence)
    }

    /// The live stories.
    pub fn stories(&self) -> &Stories {
        &self.stories
    }

    /// The number of live stories.
    pub fn live_stories(&self) -> usize {
        self.stories.len()
    }

    /// The published state of a live story.
    pub fn summary(&self, story: StoryId) -> Option<Summary> {
        self.stories.summary(story, &self.live)
    }

    /// The number of pieces of text that were learned to be furniture.
    pub fn learned_furniture(&self) -> usize {
        self.furniture.len()
    }

    /// Live articles whose SimHash is within `distance` bits of `hash`, at most
    /// [`candidates::DISTANCE_MAX`](super::candidates::DISTANCE_MAX): nearest first, each with its distance.
    pub fn similar(&self, hash: SimHash, distance: u32) -> Vec<(ArticleKey, u32)> {
        let near = self.index.similar(hash, distance).into_iter();
        near.filter_map(|(s, apart)| Some((self.live.get(s)?.about.key(), apart))).collect()
    }

    /// The number of identities that outlive the window.
    pub fn identities(&self) -> usize {
        self.past.len()
    }

    /// The number of articles that wait for the end of their embargo.
    pub fn embargoed(&self) -> usize {
        self.embargo.len()
    }

    /// Bytes held, about: the live articles (fingerprints, metadata, links, terms, verdicts, and
    /// the tables that find them), the index, the stories, the identities of articles before, and
    /// the embargoes. Room that tables keep free is counted; what an allocator adds is not.
    pub fn bytes(&self) -> usize {
        self.live.bytes()
            + self.index.bytes()
            + self.stories.bytes()
            + self.past.bytes()
            + self.embargo.bytes()
    }

    /// The articles whose embargo has ended since the last call, in the order of its ends.
    pub fn take_lifted(&mut self) -> Vec<LiftedEmbargo> {
        std::mem::take(&mut self.lifted)
    }

    /// What was counted since the last call.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// What was touched since the last call, for read views. Stories count once their records are
    /// taken.
    pub fn take_touched(&mut self) -> TouchedIds {
        std::mem::take(&mut self.touched)
    }

    /// Read views have dropped what they held: everything counts as touched.
    pub fn touch_everything(&mut self) {
        self.touched = TouchedIds::everything();
    }

    /// Takes in one article at engine time `stamp` and says what happened, in order.
    ///
    /// `stamp` is the record's timestamp, already clamped; one below the clock counts as the clock.
    pub fn apply(
        &mut self,
        mut new: Prepared,
        stamp: EventTime,
        input: InputPosition,
    ) -> Vec<Event> {
        let mut happened = self.advance(stamp);
        let sequence = self.live.next();
        self.furniture.forget(new.print.content);
        let edges = self.take_off(&mut new);
        self.see(&edges);
        self.tally.unwrapped += u64::from(edges.taken_off);
        let (candidates, places) = self.index.look_up(&new.print);
        let mut verdict = self.judge(&new, &candidates, &edges, stamp);
        self.tally.had_candidates(candidates.len());
        self.wait(&new.about, &mut verdict, sequence, &input);
        let placed = self.place(sequence, &new, &verdict, &input);
        // What is told of an article leaves its body out.
        new.article.body = Body::default();
        let mut classified = classified(&new, verdict);
        let entry = Entry {
            input: input.clone(),
            arrived: self.clock,
            terms: placed.terms,
            decision: Decision::new(&classified.verdict, sequence, placed.story),
            about: new.about,
            print: new.print,
            standing: Validity::Stands,
            edges: edges.keys.into(),
            changed_by: None,
        };
        let previous = self.live.newest_of_uri(&entry.about.uri);
        let crowded = self.index.insert_at(&entry.print, &entry.keys(previous), &places);
        self.tally.postings_dropped += u64::from(crowded);
        self.changes.push(RecordChange::article(sequence, &entry));
        self.tally.bearers_dropped += self.live.push(entry);
        self.learn(&new.pieces, &new.words.hashes);
        classified.story = placed.story.and_then(|story| self.joined(story, placed.score));
        happened.extend(placed.steps.into_iter().flat_map(|s| self.tell(s)));
        happened.push(EventKind::Classified(Box::new(classified)));
        happened.extend(self.take_effect(sequence));
        self.events(happened, &input, EventCause::Article)
    }

    /// Moves the clock to `now` without an article and says what happened, in order. `input` is the
    /// last record applied, which the events name.
    ///
    /// For example, with an embargo that ends at 10:00 and no record after 09:50, a tick at
    /// 10:00:01 lifts it.
    pub fn tick(&mut self, now: EventTime, input: &InputPosition) -> Vec<Event> {
        let happened = self.advance(now);
        self.events(happened, input, EventCause::Clock)
    }

    /// Moves the clock, which never falls, and does what is due by then.
    fn advance(&mut self, to: EventTime) -> Vec<EventKind> {
        self.clock = self.clock.max(to);
        let ticked = self.stories.tick(self.clock, self.live.next(), &self.live);
        let mut happened: Vec<EventKind> = ticked.into_iter().flat_map(|s| self.tell(s)).collect();
        self.lift();
        let expired = self.expire();
        happened.extend(expired.into_iter().flat_map(|s| self.tell(s)));
        happened
    }

    fn events(
        &mut self,
        happened: Vec<EventKind>,
        input: &InputPosition,
        cause: EventCause,
    ) -> Vec<Event> {
        let clock = self.clock;
        let radii = happened.iter().filter_map(EventKind::radius);
        self.tally.carriers_unnamed += radii.map(|radius| u64::from(radius.more)).sum::<u64>();
        let told = happened.into_iter().flat_map(parts::of);
        told.map(|what| Event { clock, input: input.clone(), cause, what }).collect()
    }

    /// The records that changed since the last call, oldest change first.
    pub fn take_changes(&mut self) -> Vec<RecordChange> {
        let mut changes = std::mem::take(&mut self.changes);
        changes.extend(self.furniture.take_changes().into_iter().map(RecordChange::furniture));
        for remembered in self.stories.take_changes() {
            if let MemoryChange::Story(story, _) = &remembered {
                self.touched.story(*story);
            }
            changes.push(RecordChange::remembered(remembered));
        }
        let (clock, next) = (self.clock, self.live.next());
        if self.clock_written != Some((clock, next)) && clock != EventTime(i64::MIN) {
            self.clock_written = Some((clock, next));
            let (first, look) = (self.live.first_sequence(), self.stories.look());
            let record = ClockRecord { clock, next, first: Some(first), look: Some(look) };
            changes.push(RecordChange::clock(record));
        }
        changes
    }

    fn expire(&mut self) -> Vec<StoryStep> {
        let mut steps = Vec::new();
        while let Some((sequence, entry)) = self.live.first() {
            let idle = self.clock.since(entry.arrived) > self.settings.window;
            if !idle && self.live.len() < self.settings.live_articles_max as usize {
                break;
            }
            match idle {
                true => self.tally.aged_out += 1,
                false => self.tally.crowded_out += 1,
            }
            steps.extend(self.stories.leave(sequence, &self.live));
            self.index.expire();
            let repeats = entry.decision.verdict.relation.kind == Kind::Redelivery;
            let identity = self.live.pop();
            self.changes.push(RecordChange::gone(sequence));
            if let Some(identity) = identity.filter(|_| !repeats) {
                self.changes.push(RecordChange::identity(sequence, Some(&identity)));
                self.past.push(sequence, identity);
            }
        }
        self.forget();
        steps
    }

    /// The verdict on an article that arrives now.
    fn judge(
        &self,
        new: &Prepared,
        candidates: &[Candidate],
        edges: &ArticleEdges,
        stamp: EventTime,
    ) -> Verdict {
        let arrival = Arrival {
            about: &new.about,
            clean: &new.clean,
            words: &new.words,
            print: &new.print,
            now: self.clock,
        };
        let known = KnownArticles { live: &self.live, past: &self.past };
        let mut verdict = verdict::judge(arrival, candidates, &known, &self.settings.relation);
        if edges.taken_off {
            verdict.flags.push(LEARNED_FURNITURE.into());
        }
        self.flag(new, stamp, &mut verdict);
        verdict
    }

    fn place(
        &mut self,
        sequence: Sequence,
        new: &Prepared,
        verdict: &Verdict,
        input: &InputPosition,
    ) -> Placement {
        let member = self.candidate(sequence, new, verdict);
        let matched = matched(verdict);
        let translated = self.translated(&new.about);
        for also in verdict.also.iter().filter_map(|also| also.of.as_ref()?.sequence) {
            self.stories.came_near(also);
        }
        self.stories.take_in(member, matched, translated, mint(new, input), &self.live)
    }

    /// An article that is not live yet, as the story side sees it.
    fn candidate<'a>(&self, own: Sequence, new: &'a Prepared, verdict: &Verdict) -> Member<'a> {
        let relation = &verdict.relation;
        Member {
            sequence: own,
            arrived: self.clock,
            about: &new.about,
            kind: relation.kind,
            root: relation.root.as_ref().and_then(|t| t.sequence).unwrap_or(own),
            words: new.print.words() as u32,
            terms: &new.terms,
            standing: Validity::Stands,
        }
    }

    /// The live article that `about` is said to be a translation of.
    fn translated(&self, about: &About) -> Option<Sequence> {
        let links = about.links.iter().filter(|link| link.kind == LinkKind::TranslationOf);
        links
            .filter_map(|link| self.live.versions(&link.to.uri).next_back())
            .map(|e| e.sequence)
            .next()
    }

    fn joined(&self, story: StoryId, score: Option<f64>) -> Option<Joined> {
        let now = self.stories.summary(story, &self.live)?;
        let (size, publishers, headline) = (now.size, now.publishers, now.headline);
        Some(Joined { id: story, size, publishers, headline, score })
    }

    fn flag(&self, new: &Prepared, stamp: EventTime, verdict: &mut Verdict) {
        verdict.flags.extend(new.article.flags.iter().cloned());
        let claimed = new.about.claimed;
        if claimed.is_some_and(|claimed| stamp.since(claimed) > self.settings.late_after) {
            verdict.flags.push("late".into());
        }
        if claimed.is_some_and(|claimed| claimed.since(stamp) > self.settings.future_tolerance) {
            verdict.flags.push("early".into());
        }
        if self.notice_for(&new.about, self.live.next()).is_some() {
            verdict.flags.push(verdict::CARRIES_WITHDRAWN.into());
            verdict.pass = Pass::Held;
        }
        if verdict.relation.kind != Kind::Withdrawal && self.carries_withdrawn(new, verdict) {
            verdict.flags.push(verdict::CARRIES_WITHDRAWN.into());
            if self.settings.relation.unique.carrying == Carrying::Hold {
                verdict.pass = Pass::Held;
            }
        }
        if self.carries_uncorrected(new, verdict) {
            verdict.flags.push(verdict::CARRIES_UNCORRECTED.into());
            if self.settings.relation.unique.carrying == Carrying::Hold {
                verdict.pass = Pass::Held;
            }
        }
        verdict.flags.sort_unstable();
        verdict.flags.dedup();
    }

    fn tell(&self, step: StoryStep) -> Vec<EventKind> {
        let now = |story| self.stories.summary(story, &self.live).map(Box::new);
        match step {
            StoryStep::Opened { story, .. } => {
                now(story).map(EventKind::StoryOpened).into_iter().collect()
            }
            StoryStep::Updated(story) => {
                now(story).map(EventKind::StoryUpdated).into_iter().collect()
            }
            StoryStep::Closed(summary) => vec![EventKind::StoryClosed(summary)],
            StoryStep::Merged { survivor, absorbed, score } => {
                let Some(state) = now(survivor) else { return Vec::new() };
                let merged = |under| {
                    let survivor = (*state).clone();
                    EventKind::StoryMerged(Box::new(Merged { under, survivor, absorbed, score }))
                };
                vec![merged(absorbed), merged(survivor)]
            }
        }
    }
}

/// The live article that this verdict is about.
fn matched(verdict: &Verdict) -> Option<Sequence> {
    verdict.relation.of.as_ref().and_then(|t| t.sequence)
}

/// What is said of `new`, before its story is known.
fn classified(new: &Prepared, verdict: Verdict) -> Classified {
    let ranges =
        |runs: &mut dyn Iterator<Item = (u32, u32)>| published(runs, &new.words, &new.clean);
    let new_passages = verdict.novelty.iter().flat_map(|n| n.passages.iter().copied());
    let relations = std::iter::once(&verdict.relation).chain(&verdict.also);
    Classified {
        article: Article { body: Body::default(), ..new.article.clone() },
        about: new.about.clone(),
        words: new.print.words() as u32,
        simhash: new.print.simhash,
        new_passages: ranges(&mut new_passages.clone()),
        passages: relations
            .map(|r| ranges(&mut r.passages.iter().map(|p| (p.start_word, p.end_word))))
            .collect(),
        story: None,
        verdict,
    }
}

/// Word runs as character ranges of the published body.
fn published(
    runs: &mut dyn Iterator<Item = (u32, u32)>,
    words: &Words,
    clean: &Clean,
) -> Vec<(u32, u32)> {
    runs.filter_map(|(from, to)| {
        let start = words.spans.get(from as usize)?.0;
        let end = words.spans.get((to as usize).checked_sub(1)?)?.1;
        Some((clean.published(start as usize), clean.published(end as usize)))
    })
    .collect()
}

/// A story id from its founding article, which is told apart by where it came from.
fn mint(new: &Prepared, input: &InputPosition) -> u64 {
    let mut hash = Sha256::new();
    hash.update(new.about.uri.as_bytes());
    hash.update([0]);
    hash.update(input.topic.as_bytes());
    hash.update([0]);
    hash.update(input.partition.to_be_bytes());
    hash.update(input.offset.to_be_bytes());
    hash.update(input.item.to_be_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first)
}
