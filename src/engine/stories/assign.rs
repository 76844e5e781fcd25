//! Assigns new articles to stories, and removes articles from their stories when they leave the
//! window.
//!
//! Each decision is taken once and recorded: when an article arrives, or when a story that still
//! has a single article is scored once more (its *second look*). A restore does not repeat
//! decisions. Which story an article joins is decided in [`choose`](super::choose); this module
//! carries out the decision.

use super::frequencies::{Frequencies, Weights};
use super::lead::LeadOrder;
use super::link::UniversalIndex;
use super::live::{LiveStory, Scale, final_summary};
use super::postings::TermPostings;
use super::score::StoryScore;
use super::terms::Terms;
use super::{
    FrequencyRecord, LifeRecord, Member, MemberLookup, Peak, Placement, PublisherCount, Rise,
    Settings, StoryId, StoryStep, StoryTags, Summary,
};
use crate::article::{
    Article, EventTime, ItemShape, ItemType, Lang, PreferredPublishers, Sequence, publisher,
};
use crate::verdict::{Kind, Validity};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// All live stories of one shard.
#[derive(Debug)]
pub struct Stories {
    /// The settings of the stories.
    pub(super) settings: Settings,
    /// How leads are chosen.
    pub(super) leads: LeadOrder,
    /// The live stories.
    pub(super) live: FxHashMap<StoryId, Box<LiveStory>>,
    /// Absorbed stories, and the stories that absorbed them.
    pub(super) absorbed: FxHashMap<StoryId, StoryId>,
    /// The story of each live article, from the sequence `first` on.
    pub(super) of: VecDeque<Option<StoryId>>,
    /// The sequence of the oldest live article.
    pub(super) first: u64,
    /// How frequent terms are.
    pub(super) frequencies: Frequencies,
    /// The index of the live articles by their terms.
    pub(super) postings: TermPostings,
    /// The index of the live articles by the terms that mean the same in every language.
    pub(super) universal: UniversalIndex,
    /// Stories that changed during the current second of engine time (`second`).
    pub(super) stirred: BTreeSet<StoryId>,
    /// The engine clock in whole seconds.
    pub(super) second: i64,
    /// The sequence of the next article whose story may get a second look because of its age.
    pub(super) look: u64,
    /// The newest articles of each language that contribute to their stories, oldest first, at most
    /// `look_again_articles`. When a newer article displaces one of these, the story of the
    /// displaced article gets a second look.
    pub(super) recent: BTreeMap<Option<Lang>, VecDeque<Sequence>>,
    /// Stories whose records changed since the changes were last taken.
    pub(super) changed: Vec<StoryId>,
    /// Records of the term frequencies that are written with the next changes.
    pub(super) folded: Vec<FrequencyRecord>,
}

/// The engine clock in whole seconds.
pub(super) fn second(clock: EventTime) -> i64 {
    clock.0.div_euclid(1_000)
}

/// Whether an article may belong to a story at all.
pub(super) fn joins(new: Member<'_>) -> bool {
    let about = new.about;
    new.kind != Kind::Withdrawal
        && about.kind != ItemType::Advisory
        && about.marks.shape != Some(ItemShape::Advisory)
}

fn is_roundup(new: Member<'_>) -> bool {
    new.about.marks.shape == Some(ItemShape::Roundup)
}

/// Whether an article contributes its terms to its story, so that they can attract other articles.
/// A literal copy adds no terms, and a roundup is about several stories.
fn contributes(new: Member<'_>) -> bool {
    let copy =
        matches!(new.kind, Kind::Redelivery | Kind::Duplicate | Kind::Reprint | Kind::Excerpt);
    !copy && !is_roundup(new)
}

impl Stories {
    /// An empty set of stories.
    pub fn new(settings: &Settings, preferred: &PreferredPublishers) -> Self {
        Self {
            settings: settings.clone(),
            leads: LeadOrder { choice: settings.lead, preferred: preferred.clone() },
            live: FxHashMap::default(),
            absorbed: FxHashMap::default(),
            of: VecDeque::new(),
            first: 0,
            frequencies: Frequencies::default(),
            postings: TermPostings::default(),
            universal: UniversalIndex::default(),
            stirred: BTreeSet::new(),
            second: i64::MIN,
            look: 0,
            recent: BTreeMap::new(),
            changed: Vec::new(),
            folded: Vec::new(),
        }
    }

    /// The number of live stories.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are no live stories.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// The current story of a live article.
    pub fn story_of(&self, sequence: Sequence) -> Option<StoryId> {
        let at = usize::try_from(sequence.0.checked_sub(self.first)?).ok()?;
        *self.of.get(at)?
    }

    /// The next article whose story may get a second look because of its age.
    pub fn next_second_look(&self) -> Sequence {
        Sequence(self.look)
    }

    /// The published state of a live story.
    pub fn summary(&self, story: StoryId, members: &impl MemberLookup) -> Option<Summary> {
        let own = self.live.get(&story)?.summary(story, members);
        Some(Summary { publishers: self.publishers(story)?, ..own })
    }

    /// The number of articles of a live story, as published.
    pub fn size(&self, story: StoryId) -> Option<u32> {
        Some(self.live.get(&story)?.size())
    }

    /// The number of publishers of a live story, as published.
    pub fn publishers(&self, story: StoryId) -> Option<u32> {
        let live = self.live.get(&story)?;
        Some(match self.settings.count_publishers {
            PublisherCount::OwnLanguage => live.publishers(),
            PublisherCount::AllLanguages => self.publishers_of_linked(live),
        })
    }

    /// The headline of a live story.
    pub fn headline(&self, story: StoryId, members: &impl MemberLookup) -> Option<String> {
        Some(self.live.get(&story)?.headline(members))
    }

    /// Advances the clock before the article at `next` is assigned: returns the stories that
    /// changed in an earlier second, and gives a second look to stories with a single article that
    /// is old enough.
    pub fn tick(
        &mut self,
        clock: EventTime,
        next: Sequence,
        members: &impl MemberLookup,
    ) -> Vec<StoryStep> {
        let mut steps = Vec::new();
        if second(clock) != self.second {
            self.second = second(clock);
            let stirred = std::mem::take(&mut self.stirred);
            let live = stirred.into_iter().filter(|story| self.live.contains_key(story));
            steps.extend(live.map(StoryStep::Updated));
        }
        if self.frequencies.due(clock) {
            self.fold(clock, next);
        }
        while self.look < next.0 && self.is_old(self.look, clock, members) {
            let sequence = Sequence(self.look);
            self.look += 1;
            steps.extend(self.look_again(sequence, clock, members));
        }
        steps
    }

    /// Whether an article is old enough for a second look, or has left the window.
    fn is_old(&self, sequence: u64, clock: EventTime, members: &impl MemberLookup) -> bool {
        let member = members.member(Sequence(sequence));
        member.is_none_or(|m| clock.since(m.arrived) >= self.settings.tuning.look_again_after)
    }

    /// Adds an article to the recent articles of its language if it contributes to its story.
    pub(super) fn add_recent(&mut self, member: Member<'_>) {
        if member.terms.is_empty() {
            return;
        }
        let recent = self.recent.entry(member.about.language).or_default();
        recent.push_back(member.sequence);
        if recent.len() > self.settings.tuning.look_again_articles as usize {
            recent.pop_front();
        }
    }

    /// Removes the earliest article from the recent articles; it is leaving the window.
    pub(super) fn remove_recent(&mut self, member: Member<'_>) {
        let Some(recent) = self.recent.get_mut(&member.about.language) else { return };
        recent.pop_front_if(|first| *first == member.sequence);
        if recent.is_empty() {
            self.recent.remove(&member.about.language);
        }
    }

    /// The recent article that is displaced when another article in `language` arrives.
    fn leaving(&self, language: Option<Lang>) -> Option<Sequence> {
        let recent = self.recent.get(&language)?;
        let full = recent.len() >= self.settings.tuning.look_again_articles as usize;
        recent.front().copied().filter(|_| full)
    }

    /// Writes the term frequencies of all articles before `next` to records.
    fn fold(&mut self, clock: EventTime, next: Sequence) {
        self.folded.extend(self.frequencies.fold(clock, next, self.settings.tuning.memory));
    }

    /// Assigns a new article to a story. `matched` is the earlier article with which it shares
    /// text. If the new article is of a kind that joins the story of its match, it joins the story
    /// of `matched`. Otherwise it joins the story with the best score, or opens a story with the id
    /// `mint`. `translated` is the article in another language that the new article translates.
    pub fn assign(
        &mut self,
        new: Member<'_>,
        matched: Option<Sequence>,
        translated: Option<Sequence>,
        mint: u64,
        members: &impl MemberLookup,
    ) -> Placement {
        if self.of.is_empty() {
            self.first = new.sequence.0;
        }
        if !joins(new) {
            self.of.push_back(None);
            return Placement { story: None, score: None, terms: Terms::default(), steps: vec![] };
        }
        let weights = self.frequencies.weights(new.about.language);
        let by_text = self.story_by_text(new, matched);
        let mut terms = match by_text.is_some() && !contributes(new) {
            true => Terms::default(),
            false => {
                let most = self.settings.tuning.universal_max;
                let universal =
                    self.universal.heaviest(new.terms.universal(), new.about.language, most);
                let terms = new.terms.cut(&self.frequencies, &weights, &self.settings);
                terms.with_universal(universal)
            }
        };
        let leaving = self.leaving(new.about.language);
        let leaving = leaving.filter(|_| !terms.is_empty() && !is_roundup(new));
        let looked = leaving.and_then(|s| self.look_again(s, new.arrived, members));
        let by_text = by_text.map(|story| self.current(story));
        let join = self.settings.join.get();
        let scored = Member { terms: &terms, ..new };
        let decision = self.choose(scored, by_text, join, &weights, members);
        self.note_near_misses(&decision.near);
        let (story, steps) = match decision.story {
            Some(story) => {
                let rival = decision.rival(self.settings.tuning.doubt).filter(|_| !is_roundup(new));
                let merged =
                    rival.and_then(|r| self.doubt(story, r, &weights, new.arrived, members));
                (self.current(story), Vec::from_iter(merged))
            }
            None => self.open(new, matched, decision.near.first(), mint, members),
        };
        if is_roundup(new) {
            terms = Terms::default();
        }
        self.add(Member { terms: &terms, ..new }, story, &weights, members);
        if let Some(other) = translated.and_then(|t| self.story_of(t)).filter(|o| *o != story) {
            self.relate(story, other, new.arrived);
        }
        match decision.story {
            // A redelivery changes nothing that is published.
            Some(_) if new.kind == Kind::Redelivery => {}
            Some(_) => self.stir(story, new.arrived),
            None => self.changed.push(story),
        }
        let steps = looked.into_iter().chain(steps).collect();
        Placement { story: Some(story), score: decision.score, terms, steps }
    }

    /// Adds a member; `member.terms` are the terms that are kept for it.
    fn add(
        &mut self,
        member: Member<'_>,
        story: StoryId,
        weights: &Weights,
        members: &impl MemberLookup,
    ) {
        self.of.push_back(Some(story));
        self.add_recent(member);
        if !member.terms.is_empty() {
            self.postings.insert(member.sequence, member.terms, member.about.language);
            self.universal.insert(member.sequence, member.terms, member.about.language);
            self.frequencies.add(member.terms, member.about.language);
        }
        if let Some(live) = self.live.get_mut(&story) {
            let members = MembersWithNew { new: member, members };
            let publishers = live.publishers();
            live.add(member, &self.leads, &members, self.settings.tuning.centroid_members as usize);
            let scale = Scale::new(&self.frequencies, weights, &self.settings);
            live.measure(member.sequence, scale, &members);
            let changed = live.publishers() != publishers;
            self.link(story, member, &members);
            if changed && self.settings.count_publishers == PublisherCount::AllLanguages {
                self.stir_linked(story, member.arrived);
            }
        }
    }

    /// Counts the subjects, places and language of an article that has just joined its story.
    pub fn tag(&mut self, sequence: Sequence, article: &Article, language: Option<Lang>) {
        let story = self.story_of(sequence).and_then(|story| self.live.get_mut(&story));
        if let Some(live) = story {
            live.record.tags.count(article, language);
        }
    }

    /// Opens a story for an article. `best` is the existing story that is closest to the article.
    fn open(
        &mut self,
        new: Member<'_>,
        matched: Option<Sequence>,
        best: Option<&StoryScore>,
        mint: u64,
        members: &impl MemberLookup,
    ) -> (StoryId, Vec<StoryStep>) {
        let join = self.settings.join.get();
        let again = self.settings.join_again.get();
        let continued = matched.filter(|_| new.kind == Kind::Recurring);
        let continued = continued.filter(|m| same_sender(members.member(*m), new));
        let follows = continued
            .and_then(|m| self.story_of(m))
            .or_else(|| best.filter(|best| best.timeless >= join).map(|best| best.story));
        let mut story = StoryId::new(mint);
        while self.live.contains_key(&story) || self.absorbed.contains_key(&story) {
            story = StoryId::new(story.get().wrapping_add(1));
        }
        let record = LifeRecord {
            opened: new.arrived,
            language: new.about.language,
            follows,
            related: Vec::new(),
            doubts: Vec::new(),
            changed: None,
            peak: Peak::default(),
            norms: [0.0; 4],
            near_miss: best.is_some_and(|best| best.score >= again),
            rise: Rise::default(),
            tags: StoryTags::default(),
            links: Vec::new(),
        };
        self.live.insert(story, Box::new(LiveStory::new(record)));
        (story, vec![StoryStep::Opened { story, follows }])
    }

    /// Records that an article in one of the stories states that it is a translation of an article
    /// in the other.
    fn relate(&mut self, a: StoryId, b: StoryId, now: EventTime) {
        for (story, other) in [(a, b), (b, a)] {
            let Some(live) = self.live.get_mut(&story) else { continue };
            if live.record.add_related(other) {
                self.stir(story, now);
            }
        }
    }

    /// Records that the published state of a story changed.
    pub(super) fn stir(&mut self, story: StoryId, now: EventTime) {
        if let Some(live) = self.live.get_mut(&story) {
            live.record.changed = Some(now);
            self.stirred.insert(story);
            self.changed.push(story);
        }
    }

    /// The story itself, or the live story that has absorbed it.
    pub(super) fn current(&self, mut story: StoryId) -> StoryId {
        while let Some(&survivor) = self.absorbed.get(&story) {
            story = survivor;
        }
        story
    }

    /// The sequence of the latest article.
    pub(super) fn newest(&self) -> Sequence {
        Sequence((self.first + self.of.len() as u64).saturating_sub(1))
    }

    /// Records that a new article shares text with the live article at `sequence`, which is not the
    /// match by which the new article was classified.
    pub fn note_similar(&mut self, sequence: Sequence) {
        if let Some(story) = self.story_of(sequence) {
            self.note_near_miss(story);
        }
    }

    /// Records a near miss for each story that scores high enough to be worth a second look.
    fn note_near_misses(&mut self, near: &[StoryScore]) {
        let again = self.settings.join_again.get();
        for story in near.iter().filter(|near| near.score >= again) {
            self.note_near_miss(story.story);
        }
    }

    /// Records that an article came close to a story. If the story has a single article, it will
    /// get a second look.
    fn note_near_miss(&mut self, story: StoryId) {
        let Some(live) = self.live.get_mut(&story) else { return };
        if live.is_single() && !live.record.near_miss {
            live.record.near_miss = true;
            self.changed.push(story);
        }
    }

    /// Removes the earliest member, which is about to leave the window and must still be in
    /// `members`.
    pub fn expire(&mut self, sequence: Sequence, members: &impl MemberLookup) -> Vec<StoryStep> {
        let Some(member) = members.member(sequence) else { return Vec::new() };
        if sequence >= self.frequencies.since() {
            let next = Sequence(self.first + self.of.len() as u64);
            self.fold(EventTime(self.second.saturating_mul(1_000)), next);
        }
        let story = self.of.pop_front().flatten();
        self.first = sequence.0 + 1;
        self.look = self.look.max(self.first);
        self.remove_recent(member);
        if !member.terms.is_empty() {
            self.postings.remove(sequence, member.terms, member.about.language);
            self.universal.remove(sequence, member.terms, member.about.language);
        }
        let Some(id) = story else { return Vec::new() };
        let Some(live) = self.live.get_mut(&id) else { return Vec::new() };
        if live.len() == 1 {
            return self.close(id, members).into_iter().collect();
        }
        let weights = self.frequencies.weights(member.about.language);
        let scale = Scale::new(&self.frequencies, &weights, &self.settings);
        live.remove(member, &self.leads, self.settings.tuning.centroid_members as usize);
        live.measure(sequence, scale, members);
        self.changed.push(id);
        Vec::new()
    }

    fn close(&mut self, id: StoryId, members: &impl MemberLookup) -> Option<StoryStep> {
        let mut story = self.live.remove(&id)?;
        let summary = final_summary(&story, id, members);
        let now = EventTime(self.second.saturating_mul(1_000));
        self.redirect_links(&mut story, (id, None), now);
        for absorbed in story.absorbed {
            self.absorbed.remove(&absorbed);
            self.changed.push(absorbed);
        }
        self.stirred.remove(&id);
        self.changed.push(id);
        Some(StoryStep::Closed(Box::new(summary)))
    }

    /// Updates the story of a live member whose validity changed from `before`.
    pub fn change_validity(&mut self, member: Member<'_>, before: Validity, now: EventTime) {
        let Some(id) = self.story_of(member.sequence) else { return };
        if let Some(live) = self.live.get_mut(&id) {
            live.change_validity(member, before, &self.leads);
            self.stir(id, now);
        }
    }
}

/// Whether a recurring article continues the series of its match: both providers belong to the same
/// family, or both are unknown.
fn same_sender(matched: Option<Member<'_>>, new: Member<'_>) -> bool {
    let same = |matched: Member<'_>| match (&matched.about.provider, &new.about.provider) {
        (Some(a), Some(b)) => publisher::same_family(a, b),
        (a, b) => a == b,
    };
    matched.is_some_and(same)
}

/// The live articles, plus one article that is being added.
struct MembersWithNew<'a, M> {
    new: Member<'a>,
    members: &'a M,
}

impl<M: MemberLookup> MemberLookup for MembersWithNew<'_, M> {
    fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
        if sequence == self.new.sequence { Some(self.new) } else { self.members.member(sequence) }
    }
}
