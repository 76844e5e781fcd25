//! Puts articles into stories, and takes them out when they leave the window.
//!
//! Every decision is taken once, when an article arrives or a second look is due, and is put on
//! record; a restore repeats none.

use super::frequencies::{Frequencies, Weights};
use super::live::{LiveStory, Scale, StoryProviders, last};
use super::postings::TermPostings;
use super::score::{self, Query};
use super::terms::{Channel, Terms};
use super::{
    ChannelNorms, FrequencyRecord, LifeRecord, Member, MemberLookup, Placement, Settings,
    SmallList, StoryId, StoryStep, Summary,
};
use crate::article::{EventTime, ItemShape, ItemType, Sequence};
use crate::verdict::{Kind, Validity};
use rustc_hash::FxHashMap;
use std::collections::{BTreeSet, VecDeque};

/// All live stories of one shard.
#[derive(Debug)]
pub struct Stories {
    pub(super) settings: Settings,
    pub(super) live: FxHashMap<StoryId, Box<LiveStory>>,
    /// Absorbed stories, and the ones that took them in.
    pub(super) absorbed: FxHashMap<StoryId, StoryId>,
    /// The story of each live article, from `first` on.
    pub(super) of: VecDeque<Option<StoryId>>,
    pub(super) first: u64,
    pub(super) frequencies: Frequencies,
    pub(super) postings: TermPostings,
    /// Stories that changed in the second of engine time `second`.
    pub(super) stirred: BTreeSet<StoryId>,
    pub(super) second: i64,
    /// The next article whose story may be due for a second look.
    pub(super) look: u64,
    pub(super) changed: Vec<StoryId>,
    pub(super) folded: Vec<FrequencyRecord>,
}

/// A story as scored for an article.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoryScore {
    pub(super) story: StoryId,
    pub(super) score: f64,
    /// The score as if no time lay between.
    timeless: f64,
}

/// Which of several articles were told to be near, in one story.
struct NearStory {
    story: StoryId,
    best: f32,
    members: Vec<Sequence>,
}

pub(super) fn second(clock: EventTime) -> i64 {
    clock.0.div_euclid(1_000)
}

/// Whether a new article may belong to a story at all.
pub(super) fn joins(new: Member<'_>) -> bool {
    let about = new.about;
    new.kind != Kind::Withdrawal
        && about.kind != ItemType::Advisory
        && about.marks.shape != Some(ItemShape::Advisory)
}

/// Whether it may draw others to its story. A literal copy says nothing new of it, and a roundup
/// speaks of several.
fn speaks(new: Member<'_>) -> bool {
    !matches!(new.kind, Kind::Redelivery | Kind::Duplicate | Kind::Reprint | Kind::Excerpt)
        && new.about.marks.shape != Some(ItemShape::Roundup)
}

/// Whether a recurring article carries on what its match began: a table of the same sender.
fn same_sender(of: Option<Member<'_>>, new: Member<'_>) -> bool {
    of.is_some_and(|of| of.about.provider == new.about.provider)
}

impl Stories {
    /// No stories.
    pub fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            live: FxHashMap::default(),
            absorbed: FxHashMap::default(),
            of: VecDeque::new(),
            first: 0,
            frequencies: Frequencies::default(),
            postings: TermPostings::default(),
            stirred: BTreeSet::new(),
            second: i64::MIN,
            look: 0,
            changed: Vec::new(),
            folded: Vec::new(),
        }
    }

    /// The number of live stories.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// The story of a live article, as it is now.
    pub fn story_of(&self, sequence: Sequence) -> Option<StoryId> {
        let at = usize::try_from(sequence.0.checked_sub(self.first)?).ok()?;
        *self.of.get(at)?
    }

    /// The next article whose story may be due for a second look.
    pub fn look(&self) -> Sequence {
        Sequence(self.look)
    }

    /// The published state of a live story.
    pub fn summary(&self, story: StoryId, members: &impl MemberLookup) -> Option<Summary> {
        Some(self.live.get(&story)?.summary(story, members))
    }

    /// The clock moved, and the article at `next` is about to come: tells of what changed in an
    /// earlier second, and looks again at stories of one article.
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
        while self.look < self.look_until(clock, next, members) {
            let sequence = Sequence(self.look);
            self.look += 1;
            steps.extend(self.look_again(sequence, clock, members));
        }
        steps
    }

    /// The first article that is not due for a second look.
    fn look_until(&self, clock: EventTime, next: Sequence, members: &impl MemberLookup) -> u64 {
        let by_count = next.0.saturating_sub(self.settings.look_again_among(self.len()));
        let old = |sequence: u64| {
            members
                .member(Sequence(sequence))
                .is_none_or(|m| clock.since(m.arrived) >= self.settings.look_again_after)
        };
        match self.look < next.0 && old(self.look) {
            true => (self.look + 1).max(by_count),
            false => by_count,
        }
    }

    pub(super) fn fold(&mut self, clock: EventTime, next: Sequence) {
        self.folded.extend(self.frequencies.fold(clock, next, self.settings.memory));
    }

    /// Puts a new article into a story: that of `matched`, whose text it shares, where its kind says
    /// so; else the best by score, else one of its own, whose id is minted from `mint`. `translated` is
    /// an article in another language that it is a translation of.
    pub fn take_in(
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
        let of = matched.and_then(|m| members.member(m));
        let text_of = matched.and_then(|m| self.story_of(m));
        let matched = text_of.filter(|_| new.kind.joins_its_match());
        let weights = self.frequencies.weights(new.about.language);
        let terms = match matched.is_some() && !speaks(new) {
            true => Terms::default(),
            false => new.terms.cut(&self.frequencies, &weights, &self.settings),
        };
        let scored = match terms.is_empty() {
            true => Vec::new(),
            false => self.scored(Member { terms: &terms, ..new }, &weights, members),
        };
        let join = self.settings.join_among(self.len());
        let again = self.settings.join_again_among(self.len());
        for near in scored.iter().filter(|near| near.score >= again) {
            self.waver(near.story);
        }
        let (mut steps, mut score, mut wavered) = (Vec::new(), None, false);
        let mut follows = text_of.filter(|_| new.kind == Kind::Recurring && same_sender(of, new));
        let story = matched.or_else(|| {
            let best = *scored.first()?;
            if best.score < join {
                wavered = best.score >= again;
                let moved_on = best.timeless >= join;
                follows = follows.or(moved_on.then_some(best.story));
                return None;
            }
            score = Some(best.score);
            if let Some(other) = scored.get(1)
                && other.score >= self.settings.doubt
                && new.about.marks.shape != Some(ItemShape::Roundup)
            {
                steps.extend(self.doubt(best.story, other.story, &weights, new.arrived, members));
            }
            Some(self.current(best.story))
        });
        let opened = story.is_none();
        let story = story.unwrap_or_else(|| {
            let story = self.open(new, mint, follows, wavered);
            steps.push(StoryStep::Opened { story, follows });
            story
        });
        let terms = if new.about.marks.shape == Some(ItemShape::Roundup) {
            Terms::default()
        } else {
            terms
        };
        let member = Member { terms: &terms, ..new };
        self.put(member, story, members);
        let scale = Scale::new(&self.frequencies, &weights, &self.settings);
        if let Some(story) = self.live.get_mut(&story) {
            story.measure(new.sequence, scale, &MembersWithNew { new: member, members });
        }
        if let Some(other) = translated.and_then(|t| self.story_of(t)).filter(|o| *o != story) {
            self.relate(story, other, new.arrived);
        }
        if opened {
            self.changed.push(story);
        } else {
            self.stir(story, new.arrived);
        }
        Placement { story: Some(story), score, terms, steps }
    }

    /// Adds a member with its terms as kept.
    fn put(&mut self, member: Member<'_>, story: StoryId, members: &impl MemberLookup) {
        self.of.push_back(Some(story));
        if !member.terms.is_empty() {
            self.postings.insert(member.sequence, member.terms, self.of.len());
            self.frequencies.add(member.terms, member.about.language);
        }
        if let Some(live) = self.live.get_mut(&story) {
            let view = MembersWithNew { new: member, members };
            live.add(member, &view, self.settings.centroid_members as usize);
        }
    }

    fn open(
        &mut self,
        new: Member<'_>,
        mint: u64,
        follows: Option<StoryId>,
        wavered: bool,
    ) -> StoryId {
        let mut story = StoryId::new(mint);
        while self.live.contains_key(&story) || self.absorbed.contains_key(&story) {
            story = StoryId::new(story.get().wrapping_add(1));
        }
        let record = LifeRecord {
            opened: new.arrived,
            language: new.about.language,
            follows,
            related: SmallList::default(),
            doubts: SmallList::default(),
            changed: None,
            most: (0, 0),
            norms: ChannelNorms::default(),
            wavered,
        };
        self.live.insert(story, Box::new(LiveStory::new(record)));
        story
    }

    fn relate(&mut self, a: StoryId, b: StoryId, now: EventTime) {
        for (story, other) in [(a, b), (b, a)] {
            let Some(live) = self.live.get_mut(&story) else { continue };
            if let Err(at) = live.record.related.binary_search(&other) {
                live.record.related.change(|related| related.insert(at, other));
                self.stir(story, now);
            }
        }
    }

    /// Notes that the published state of a story changed.
    pub(super) fn stir(&mut self, story: StoryId, now: EventTime) {
        if let Some(live) = self.live.get_mut(&story) {
            live.record.changed = Some(now);
            self.stirred.insert(story);
            self.changed.push(story);
        }
    }

    /// The story that an id stands for now.
    pub(super) fn current(&self, mut story: StoryId) -> StoryId {
        while let Some(&survivor) = self.absorbed.get(&story) {
            story = survivor;
        }
        story
    }

    /// The latest article.
    pub(super) fn newest(&self) -> Sequence {
        Sequence((self.first + self.of.len() as u64).saturating_sub(1))
    }

    /// An article came that shares text with a live one, besides the one that it is matched with.
    pub fn came_near(&mut self, sequence: Sequence) {
        if let Some(story) = self.story_of(sequence) {
            self.waver(story);
        }
    }

    /// An article came near a story: one of a single article is worth a second look.
    fn waver(&mut self, story: StoryId) {
        let Some(live) = self.live.get_mut(&story) else { return };
        if live.len() == 1 && !live.record.wavered {
            live.record.wavered = true;
            self.changed.push(story);
        }
    }

    /// Scores `new` against the stories of the articles that are near it, less its own, best first.
    pub(super) fn scored(
        &mut self,
        new: Member<'_>,
        weights: &Weights,
        members: &impl MemberLookup,
    ) -> Vec<StoryScore> {
        let query = Query::new(new.terms, &self.frequencies, *weights, &self.settings);
        let own = self.story_of(new.sequence);
        let most = self.settings.postings_max as usize;
        let near = self.postings.near(&query, new.sequence, self.newest(), most, 0.25);
        let stories =
            group(near, |s| self.story_of(s).filter(|story| Some(*story) != own), &self.settings);
        let mut scored: Vec<StoryScore> = stories
            .iter()
            .filter_map(|near| {
                let story = self.live.get(&near.story)?;
                score_of(new, &query, near, story, (members, self.len()), &self.settings)
            })
            .collect();
        scored.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.story.cmp(&b.story)));
        scored
    }

    /// A member is about to leave the window, the earliest of all: `members` still holds it.
    pub fn leave(&mut self, sequence: Sequence, members: &impl MemberLookup) -> Vec<StoryStep> {
        let Some(member) = members.member(sequence) else { return Vec::new() };
        if sequence >= self.frequencies.since() {
            let next = Sequence(self.first + self.of.len() as u64);
            self.fold(EventTime(self.second.saturating_mul(1_000)), next);
        }
        let story = self.of.pop_front().flatten();
        self.first = sequence.0 + 1;
        self.look = self.look.max(self.first);
        if !member.terms.is_empty() {
            self.postings.remove(sequence, member.terms);
        }
        let Some(id) = story else { return Vec::new() };
        let Some(live) = self.live.get_mut(&id) else { return Vec::new() };
        if live.len() == 1 {
            return self.close(id, members).into_iter().collect();
        }
        let weights = self.frequencies.weights(member.about.language);
        let scale = Scale::new(&self.frequencies, &weights, &self.settings);
        live.remove(member, self.settings.centroid_members as usize);
        live.measure(sequence, scale, members);
        self.changed.push(id);
        Vec::new()
    }

    fn close(&mut self, id: StoryId, members: &impl MemberLookup) -> Option<StoryStep> {
        let story = self.live.remove(&id)?;
        let summary = last(&story, id, members);
        for absorbed in story.absorbed {
            self.absorbed.remove(&absorbed);
            self.changed.push(absorbed);
        }
        self.stirred.remove(&id);
        self.changed.push(id);
        Some(StoryStep::Closed(Box::new(summary)))
    }

    /// A live member stands otherwise than `before`.
    pub fn restand(&mut self, member: Member<'_>, before: Validity, now: EventTime) {
        let Some(id) = self.story_of(member.sequence) else { return };
        if let Some(live) = self.live.get_mut(&id) {
            live.restand(member, before);
            self.stir(id, now);
        }
    }
}

/// The live articles and one that is about to be.
struct MembersWithNew<'a, M> {
    new: Member<'a>,
    members: &'a M,
}

impl<M: MemberLookup> MemberLookup for MembersWithNew<'_, M> {
    fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
        if sequence == self.new.sequence { Some(self.new) } else { self.members.member(sequence) }
    }
}

/// The stories of the articles that are near, best first, each with its nearest members.
fn group(
    near: Vec<(Sequence, f32)>,
    story_of: impl Fn(Sequence) -> Option<StoryId>,
    settings: &Settings,
) -> Vec<NearStory> {
    let mut all: Vec<(StoryId, f32, Sequence)> =
        near.into_iter().filter_map(|(s, score)| Some((story_of(s)?, score, s))).collect();
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    let most = settings.members_scored as usize;
    let mut stories: Vec<NearStory> = all
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| NearStory {
            story: same[0].0,
            best: same[0].1,
            members: same.iter().take(most).map(|s| s.2).collect(),
        })
        .collect();
    stories.sort_unstable_by(|a, b| b.best.total_cmp(&a.best).then(a.story.cmp(&b.story)));
    let bar = stories.first().map_or(0.0, |best| best.best / 2.0);
    stories.retain(|near| near.best >= bar);
    stories.truncate(settings.stories_max as usize);
    stories
}

/// The score of an article in a story; none where one of the nearest members is its twin: a text of the
/// same template about another occasion.
fn score_of(
    new: Member<'_>,
    query: &Query<'_>,
    near: &NearStory,
    story: &LiveStory,
    (members, stories): (&impl MemberLookup, usize),
    settings: &Settings,
) -> Option<StoryScore> {
    let nearest: Vec<Member<'_>> = near.members.iter().filter_map(|s| members.member(*s)).collect();
    let (mut by_members, mut cosines) = (0.0, [None; 4]);
    // Backwards, so that the cosines of the nearest are left.
    for member in nearest.iter().rev() {
        cosines = query.article(member.terms);
        if score::twins(cosines, [new.kind, member.kind], settings) {
            return None;
        }
        by_members += score::mean(cosines, settings) / nearest.len() as f64;
    }
    let norms = story.record.norms.get();
    let centroid = match story.voices() {
        StoryProviders::Nobody | StoryProviders::One(_) => None,
        StoryProviders::Few(few) => {
            let speaking = few.speaking(settings.centroid_members as usize);
            let terms = speaking.filter_map(|s| members.member(s)).map(|m| m.terms);
            Some(query.all(terms, norms))
        }
        StoryProviders::Many(sums) => Some(query.sum(sums, norms)),
    };
    let by_centroid = centroid.map_or(by_members, |cosines| score::mean(cosines, settings));
    let time = nearest
        .iter()
        .map(|m| score::time_factor(new.about.claimed, m.about.claimed, settings))
        .fold(0.0, f64::max);
    let lexical = settings.centroid * by_centroid + (1.0 - settings.centroid) * by_members;
    // The one member that speaks is the nearest.
    let names = centroid.unwrap_or(cosines)[Channel::Names as usize].unwrap_or(lexical);
    let toll = score::size_toll(story.size(), names, stories, settings);
    Some(StoryScore { story: near.story, score: lexical * time - toll, timeless: lexical - toll })
}
