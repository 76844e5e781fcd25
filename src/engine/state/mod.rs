//! The state machine: one article and a time in, one [`Outcome`] out.
//!
//! State is a fold over its records. [`State::apply`] makes decisions and records them;
//! [`State::follow`] applies the same records again without deciding anything, so that the state
//! equals that of the instance that wrote them. [`State::restore`] follows everything from an empty
//! state.
//!
//! Invariants: SM-1 `apply` is a function of the state and its arguments; SM-2 the clock never goes
//! back; SM-3 the live articles are those that arrived at most one window ago, limited to the
//! newest `live_articles_max`; SM-4 restoring the changes of a run gives the state of that run.

mod article_records;
mod boilerplate;
mod classified;
mod consider;
mod due;
mod effects;
mod embargo;
mod entry;
mod follow;
mod live;
mod mention;
mod outcome;
mod parts;
mod past;
mod radius;
mod read_records;
pub mod records;
mod survivors;
mod versions;

use super::Settings;
use super::article::{EventTime, InputPosition, Sequence};
use super::boilerplate::learned::LearnedBoilerplate;
use super::candidates::{Candidate, Index, Near};
use super::event::{Event, EventCause, EventKind, Joined, Merged};
use super::fingerprint::{SamplingKey, SimHash};
use super::prepare::Prepared;
use super::stories::{
    Member, MemoryChange, Placement, Stories, StoryId, StoryStep, Summary, opening_sentence,
};
use super::verdict::{self, Arrival, CarrierPolicy, Kind, Pass, Validity, Verdict};
pub use article_records::ArticleRecords;
use boilerplate::ArticleEdges;
use classified::classified;
pub use consider::Prediction;
use embargo::EmbargoQueue;
pub use embargo::LiftedEmbargo;
pub use entry::{Decision, Entry};
use live::LiveArticles;
pub use outcome::{CandidateSources, Outcome, Tally, TouchedIds};
use past::{IdentityArchive, KnownArticles};
use records::ClockRecord;
pub use records::{RecordChange, RestoreError};
use sha2::{Digest, Sha256};
use std::ops::Range;
use std::sync::Arc;

/// Flag of an article from which learned boilerplate was removed.
pub const LEARNED_BOILERPLATE: &str = "learned_furniture";

/// Flag of a text with words that mix look-alike letters of two scripts, as disguised copies do.
pub const MIXED_SCRIPTS: &str = "mixed_scripts";
/// A text gets the flag [`MIXED_SCRIPTS`] if it has at least 2 such words, and at least one per 100
/// words.
const MIXED_SCRIPTS_MIN: (usize, usize) = (2, 100);

/// The state of one shard, with its `settings`, its `live` articles, their `stories`, and the
/// learned boilerplate (`furniture`).
#[derive(Debug)]
pub struct State {
    settings: Settings,
    /// The secret that selects fingerprint samples.
    key: SamplingKey,
    /// The highest time seen; `i64::MIN` before the first.
    clock: EventTime,
    live: LiveArticles,
    /// The identities of articles that have left the window.
    identities: IdentityArchive,
    /// Articles that wait for the end of their embargo.
    embargo: EmbargoQueue,
    /// Finds live articles by text.
    index: Index,
    furniture: LearnedBoilerplate,
    stories: Stories,
    /// Clock and next sequence in the last clock record.
    clock_written: Option<(EventTime, Sequence)>,
    /// What the call in progress has produced so far; empty between calls.
    outcome: Outcome,
}

impl State {
    /// An empty state. `key` must be the key with which the prepared articles were fingerprinted.
    pub fn new(settings: Settings, key: SamplingKey) -> Self {
        Self {
            index: Index::new(&settings.tuning.candidates, Sequence(0)),
            stories: Stories::new(&settings.stories, &settings.preferred_publishers),
            furniture: LearnedBoilerplate::new(&settings.tuning.boilerplate),
            live: LiveArticles::starting_at(Sequence(0), settings.tuning.bearers_max),
            settings,
            key,
            clock: EventTime(i64::MIN),
            identities: IdentityArchive::default(),
            embargo: EmbargoQueue::default(),
            clock_written: None,
            outcome: Outcome::default(),
        }
    }

    /// The engine settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The secret that selects fingerprint samples.
    pub fn key(&self) -> SamplingKey {
        self.key
    }

    /// The engine clock: the highest time of an article or tick.
    pub fn clock(&self) -> EventTime {
        self.clock
    }

    /// The number of live articles.
    pub fn live_articles(&self) -> usize {
        self.live.len()
    }

    /// The sequences of the live articles, without gaps.
    pub fn window(&self) -> Range<u64> {
        let next = self.live.next().0;
        next - self.live.len() as u64..next
    }

    /// The live article at `sequence`. A retained `Arc` is a snapshot: it does not show later
    /// changes.
    pub fn article(&self, sequence: Sequence) -> Option<&Arc<Entry>> {
        self.live.get_arc(sequence)
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

    /// The number of learned pieces of boilerplate.
    pub fn learned_boilerplate(&self) -> usize {
        self.furniture.len()
    }

    /// The live articles whose SimHash is within `distance` bits of `hash`, nearest first;
    /// `distance` is at most [`DISTANCE_MAX`](super::candidates::DISTANCE_MAX). Articles without
    /// words are left out.
    pub fn similar(&self, hash: SimHash, distance: u32) -> Near {
        self.index.similar(hash, distance)
    }

    /// The number of identities that outlive the window.
    pub fn identities(&self) -> usize {
        self.identities.len()
    }

    /// The number of articles that wait for the end of their embargo.
    pub fn embargoed(&self) -> usize {
        self.embargo.len()
    }

    /// Approximate bytes in use, including spare table capacity but not allocator overhead.
    pub fn bytes(&self) -> usize {
        self.live.bytes()
            + self.index.bytes()
            + self.stories.bytes()
            + self.identities.bytes()
            + self.embargo.bytes()
            + self.furniture.bytes()
    }

    /// Applies one article at engine time `stamp`: the timestamp of its record, which the caller
    /// has already limited so that it is not in the future. A timestamp older than the clock is
    /// raised to the clock.
    pub fn apply(&mut self, mut new: Prepared, stamp: EventTime, input: InputPosition) -> Outcome {
        let mut happened = self.advance(stamp, 1);
        let sequence = self.live.next();
        self.furniture.forget(new.fingerprint.content_hash);
        let edges = self.take_off(&mut new);
        self.mark_boilerplate_seen(&edges);
        self.outcome.tally.boilerplate_removed += u64::from(edges.trimmed);
        let (candidates, places) = self.index.look_up(&new.fingerprint);
        let mut verdict = self.judge(&new, &candidates, &edges, stamp);
        // The verdict has decided whether a possible order is an order.
        let possible = new.about.marks.possible_order.take();
        if verdict.relation.kind == Kind::Withdrawal {
            new.about.marks.order = new.about.marks.order.or(possible);
        }
        self.outcome.tally.had_candidates(candidates.len());
        self.outcome.tally.found.add_article(&candidates, &verdict.relation);
        self.take_shared_terms(&mut new, &mut verdict);
        self.queue_embargoed(&new.about, &mut verdict, sequence, &input);
        let placed = self.place(sequence, &new, &verdict, &input);
        if verdict.relation.kind != Kind::Redelivery {
            self.stories.tag(sequence, &new.article, new.about.language);
        }
        let lead_sentence = match new.fingerprint.short_text.is_empty() {
            true => opening_sentence(&new.clean.text).into(),
            false => Box::default(),
        };
        let mut classified = classified(&mut new, verdict);
        let entry = Entry {
            input: input.clone(),
            arrived: self.clock,
            terms: placed.terms,
            decision: Decision::new(classified.verdict.clone(), sequence, placed.story),
            about: new.about,
            names: new.names,
            print: new.fingerprint,
            standing: Validity::Valid,
            edges: edges.keys.into(),
            changed_by: None,
            lead_sentence,
            lifted: None,
        };
        let previous = self.live.newest_of_uri(&entry.about.uri);
        let crowded = self.index.insert_at(&entry.print, &entry.keys(previous), &places);
        self.outcome.tally.postings_dropped += u64::from(crowded);
        self.outcome.changes.push(RecordChange::article(sequence, &entry));
        self.outcome.tally.bearers_dropped += self.live.push(Arc::new(entry));
        self.learn(&new.edge_pieces, &new.words.hashes);
        classified.mentions = self.mentions(&classified.verdict);
        classified.story = placed.story.and_then(|story| self.joined(story, placed.score));
        happened.extend(placed.steps.into_iter().flat_map(|s| self.emit(s)));
        happened.push(EventKind::Classified(Box::new(classified)));
        happened.extend(self.apply_effects(sequence));
        self.finish(happened, &input, EventCause::Article)
    }

    /// Advances the clock to `now` without an article; the events refer to `input`, the last record
    /// applied. For example, a tick at 10:00:01 lifts an embargo that ends at 10:00.
    pub fn tick(&mut self, now: EventTime, input: &InputPosition) -> Outcome {
        let happened = self.advance(now, 0);
        self.finish(happened, input, EventCause::Clock)
    }

    /// Advances the clock, which never goes back, and does what is due. Afterwards, the window has
    /// room for `arriving` more articles.
    fn advance(&mut self, to: EventTime, arriving: usize) -> Vec<EventKind> {
        self.clock = self.clock.max(to);
        let ticked = self.stories.tick(self.clock, self.live.next(), &self.live);
        let mut happened: Vec<EventKind> = ticked.into_iter().flat_map(|s| self.emit(s)).collect();
        self.lift();
        let expired = self.expire(arriving);
        happened.extend(expired.into_iter().flat_map(|s| self.emit(s)));
        happened
    }

    /// Completes and returns the outcome of a call.
    fn finish(
        &mut self,
        happened: Vec<EventKind>,
        input: &InputPosition,
        cause: EventCause,
    ) -> Outcome {
        let mut outcome = std::mem::take(&mut self.outcome);
        let radii = happened.iter().filter_map(EventKind::radius);
        outcome.tally.carriers_unnamed +=
            radii.map(|radius| u64::from(radius.carriers_unlisted)).sum::<u64>();
        let clock = self.clock;
        let split = happened.into_iter().flat_map(parts::of);
        outcome.events =
            split.map(|kind| Event { clock, input: input.clone(), cause, kind }).collect();
        let furniture = self.furniture.take_changes().into_iter().map(RecordChange::furniture);
        outcome.changes.extend(furniture);
        for remembered in self.stories.take_changes() {
            if let MemoryChange::Story(story, _) = &remembered {
                outcome.touched.story(*story);
            }
            outcome.changes.push(RecordChange::remembered(remembered));
        }
        outcome.changes.extend(self.clock_change());
        outcome
    }

    /// The clock record, if it differs from the last one written.
    fn clock_change(&mut self) -> Option<RecordChange> {
        let now = (self.clock, self.live.next());
        if self.clock_written == Some(now) || self.clock == EventTime(i64::MIN) {
            return None;
        }
        self.clock_written = Some(now);
        let (first, look) = (self.live.first_sequence(), self.stories.next_second_look());
        let (clock, next) = now;
        let record = ClockRecord { clock, next, first: Some(first), rescore_next: Some(look) };
        Some(RecordChange::clock(record))
    }

    /// Removes articles older than the window, and the oldest ones until `arriving` more fit.
    fn expire(&mut self, arriving: usize) -> Vec<StoryStep> {
        let mut steps = Vec::new();
        let most = (self.settings.live_articles_max.get() as usize).saturating_sub(arriving);
        while let Some((sequence, entry)) = self.live.first() {
            let idle = self.clock.since(entry.arrived) > self.settings.window;
            if !idle && self.live.len() <= most {
                break;
            }
            match idle {
                true => self.outcome.tally.aged_out += 1,
                false => self.outcome.tally.crowded_out += 1,
            }
            steps.extend(self.stories.expire(sequence, &self.live));
            self.index.expire();
            let repeats = entry.decision.verdict.relation.kind == Kind::Redelivery;
            let identity = self.live.pop();
            self.outcome.changes.push(RecordChange::article_tombstone(sequence));
            if let Some(identity) = identity.filter(|_| !repeats) {
                self.outcome.changes.push(RecordChange::identity(sequence, Some(&identity)));
                self.identities.push(sequence, identity);
            }
        }
        self.expire_identities();
        steps
    }

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
            print: &new.fingerprint,
            now: self.clock,
        };
        let known = KnownArticles { live: &self.live, past: &self.identities };
        let mut verdict = verdict::judge(arrival, candidates, &known, &self.settings.verdict);
        if edges.trimmed {
            verdict.flags.push(LEARNED_BOILERPLATE.into());
        }
        self.flag(new, stamp, &mut verdict);
        if let Some(replacement) = self.replacement(new, &verdict) {
            verdict.pass = Pass::Replacement(Box::new(replacement));
        }
        verdict
    }

    /// Removes the terms of passages that the article shares with an article about another subject.
    fn take_shared_terms(&self, new: &mut Prepared, verdict: &mut Verdict) {
        let shared = std::mem::take(&mut verdict.shared_with_strangers);
        if !shared.is_empty() {
            new.keep_terms_outside(&shared, &self.settings);
        }
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
            self.stories.note_similar(also);
        }
        self.stories.assign(member, matched, translated, mint(new, input), &self.live)
    }

    fn candidate<'a>(&self, own: Sequence, new: &'a Prepared, verdict: &Verdict) -> Member<'a> {
        let relation = &verdict.relation;
        Member {
            sequence: own,
            arrived: self.clock,
            about: &new.about,
            kind: relation.kind,
            root: relation.root.as_ref().and_then(|t| t.sequence).unwrap_or(own),
            words: new.fingerprint.words() as u32,
            terms: &new.terms,
            standing: Validity::Valid,
            opening: "",
            unique: verdict.pass.outcome(),
        }
    }

    fn joined(&self, story: StoryId, score: Option<f64>) -> Option<Joined> {
        let (size, publishers) = (self.stories.size(story)?, self.stories.publishers(story)?);
        let headline = self.stories.headline(story, &self.live)?;
        Some(Joined { id: story, size, publishers, headline, score })
    }

    fn flag(&self, new: &Prepared, stamp: EventTime, verdict: &mut Verdict) {
        verdict.flags.extend(new.article.flags.iter().cloned());
        let disguised = new.words.disguised as usize;
        let (least, share) = MIXED_SCRIPTS_MIN;
        if disguised >= least && disguised * share >= new.words.hashes.len() {
            verdict.flags.push(MIXED_SCRIPTS.into());
        }
        let claimed = new.about.claimed;
        if claimed.is_some_and(|claimed| stamp.since(claimed) > self.settings.late_after) {
            verdict.flags.push("late".into());
        }
        if claimed
            .is_some_and(|claimed| claimed.since(stamp) > self.settings.tuning.future_tolerance)
        {
            verdict.flags.push("early".into());
        }
        if self.notice_for(&new.about, new.names, self.live.next()).is_some() {
            verdict.flags.push(verdict::CARRIES_WITHDRAWN.into());
            verdict.pass = Pass::Held;
        }
        if verdict.relation.kind != Kind::Withdrawal && self.carries_withdrawn(new, verdict) {
            verdict.flags.push(verdict::CARRIES_WITHDRAWN.into());
            if self.settings.verdict.unique.carrying == CarrierPolicy::Hold {
                verdict.pass = Pass::Held;
            }
        }
        if self.carries_uncorrected(new, verdict) {
            verdict.flags.push(verdict::CARRIES_UNCORRECTED.into());
            if self.settings.verdict.unique.carrying == CarrierPolicy::Hold {
                verdict.pass = Pass::Held;
            }
        }
        verdict.flags.sort_unstable();
        verdict.flags.dedup();
    }

    fn emit(&self, step: StoryStep) -> Vec<EventKind> {
        let now = |story| self.stories.summary(story, &self.live).map(Box::new);
        match step {
            StoryStep::Opened { story, .. } => {
                now(story).map(EventKind::StoryOpened).into_iter().collect()
            }
            StoryStep::Updated(story) => {
                now(story).map(EventKind::StoryUpdated).into_iter().collect()
            }
            StoryStep::Closed(summary) => vec![EventKind::StoryClosed(summary)],
            StoryStep::Merged { survivor, absorbed, absorbed_headline, score } => {
                let Some(state) = now(survivor) else { return Vec::new() };
                let merged = |under| {
                    let survivor = (*state).clone();
                    EventKind::StoryMerged(Box::new(Merged {
                        key_story: under,
                        survivor,
                        absorbed,
                        absorbed_headline: absorbed_headline.clone(),
                        score,
                    }))
                };
                vec![merged(absorbed), merged(survivor)]
            }
        }
    }
}

fn matched(verdict: &Verdict) -> Option<Sequence> {
    verdict.relation.of.as_ref().and_then(|t| t.sequence)
}

/// A story id derived from the founding article and its input position.
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
