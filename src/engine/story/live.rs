//! One live story: its members, the centroid of those that speak, its lead and its publishers.
//!
//! Everything but the record is a function of the live members, so that a restore which adds them in
//! order gives the same. The centroid is the plain sum of the counts of the newest `centroid_members`
//! that speak: adding and removing are exact, and a story that moves on takes its centroid along. A
//! story with one voice has no centroid of its own.

use super::frequencies::{Frequencies, Weights};
use super::lead::{self, Rank};
use super::score::{self, ByChannel};
use super::terms::{Channel, Term};
use super::{Life, Member, Members, StoryId, Summary};
use crate::engine::article::{EventTime, Sequence};
use crate::engine::relation::Standing;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Terms of a centroid from which its length is computed anew only now and then.
const LONG: usize = 2_000;

/// Terms and their sums, in order of ids.
pub(super) type Sums = ByChannel<Vec<(u32, u32)>>;

/// A live story.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) record: Life,
    /// The stories that it took in.
    pub(super) absorbed: Vec<StoryId>,
    members: VecDeque<Sequence>,
    voices: VecDeque<Sequence>,
    sums: Sums,
    standing: u32,
    ranks: BTreeSet<Rank>,
    families: BTreeMap<u64, u32>,
    last_seen: EventTime,
}

impl Story {
    pub(super) fn new(record: Life) -> Self {
        Self {
            last_seen: record.opened,
            record,
            absorbed: Vec::new(),
            members: VecDeque::new(),
            voices: VecDeque::new(),
            sums: Sums::default(),
            standing: 0,
            ranks: BTreeSet::new(),
            families: BTreeMap::new(),
        }
    }

    pub(super) fn members(&self) -> &VecDeque<Sequence> {
        &self.members
    }

    /// The members that speak for it, oldest first.
    pub(super) fn voices(&self) -> &VecDeque<Sequence> {
        &self.voices
    }

    /// Standing members.
    pub(super) fn size(&self) -> u32 {
        self.standing
    }

    /// The centroid's sums; empty where fewer than two members speak.
    pub(super) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Adds a member, later than all others.
    pub(super) fn add(&mut self, new: Member<'_>, members: &impl Members, centroid_members: usize) {
        debug_assert!(self.members.back().is_none_or(|last| *last < new.sequence), "in order");
        self.members.push_back(new.sequence);
        self.last_seen = self.last_seen.max(new.arrived);
        self.count(new, new.standing);
        self.note_most();
        if new.terms.is_empty() {
            return;
        }
        self.voices.push_back(new.sequence);
        let terms = |at: usize| members.member(self.voices[at]).map(|m| m.terms);
        let before = self.voices.len() - 1;
        if before == 1
            && let Some(first) = terms(0)
        {
            Channel::ALL
                .into_iter()
                .for_each(|c| plus(&mut self.sums[c as usize], first.channel(c)));
        }
        let forgotten = before.checked_sub(centroid_members).and_then(terms);
        if before > 0 {
            Channel::ALL
                .into_iter()
                .for_each(|c| plus(&mut self.sums[c as usize], new.terms.channel(c)));
        }
        if let Some(old) = forgotten {
            Channel::ALL
                .into_iter()
                .for_each(|c| minus(&mut self.sums[c as usize], old.channel(c)));
        }
    }

    /// Removes a member, the earliest of all.
    pub(super) fn remove(&mut self, old: Member<'_>, centroid_members: usize) {
        debug_assert_eq!(self.members.front(), Some(&old.sequence), "in order");
        self.members.pop_front();
        self.uncount(old, old.standing);
        if self.voices.front() != Some(&old.sequence) {
            return;
        }
        self.voices.pop_front();
        match self.voices.len() {
            0 | 1 => self.sums = Sums::default(),
            left if left < centroid_members => {
                Channel::ALL
                    .into_iter()
                    .for_each(|c| minus(&mut self.sums[c as usize], old.terms.channel(c)));
            }
            _ => {}
        }
    }

    /// Takes in all members of another story.
    pub(super) fn absorb(
        &mut self,
        other: Self,
        id: StoryId,
        members: &impl Members,
        centroid_members: usize,
    ) {
        self.record.opened = self.record.opened.min(other.record.opened);
        self.record.language = self.record.language.or(other.record.language);
        self.record.related.extend(other.record.related);
        self.record.related.sort_unstable();
        self.record.related.dedup();
        self.last_seen = self.last_seen.max(other.last_seen);
        self.absorbed.extend(other.absorbed);
        self.absorbed.push(id);
        self.standing += other.standing;
        self.ranks.extend(other.ranks);
        for (family, count) in other.families {
            *self.families.entry(family).or_default() += count;
        }
        for (own, others) in [(&mut self.members, other.members), (&mut self.voices, other.voices)]
        {
            own.extend(others);
            own.make_contiguous().sort_unstable();
        }
        self.note_most();
        self.sums = Sums::default();
        if self.voices.len() > 1 {
            let newest = self.voices.len().saturating_sub(centroid_members);
            let speaking: Vec<Member<'_>> =
                self.voices.range(newest..).filter_map(|s| members.member(*s)).collect();
            for channel in Channel::ALL {
                let terms = speaking.iter().flat_map(|m| m.terms.channel(channel));
                self.sums[channel as usize] = sum(terms);
            }
        }
    }

    fn note_most(&mut self) {
        let (size, publishers) = self.record.most;
        self.record.most = (size.max(self.standing), publishers.max(self.publishers()));
    }

    fn publishers(&self) -> u32 {
        self.families.len().max(1) as u32
    }

    /// A member stands otherwise than before.
    pub(super) fn restand(&mut self, member: Member<'_>, before: Standing) {
        self.uncount(member, before);
        self.count(member, member.standing);
    }

    fn count(&mut self, member: Member<'_>, standing: Standing) {
        self.standing += u32::from(standing != Standing::Withdrawn);
        self.ranks.insert(lead::rank(Member { standing, ..member }));
        if let Some(family) = lead::family(member) {
            *self.families.entry(family).or_default() += 1;
        }
    }

    fn uncount(&mut self, member: Member<'_>, standing: Standing) {
        self.standing -= u32::from(standing != Standing::Withdrawn);
        self.ranks.remove(&lead::rank(Member { standing, ..member }));
        if let Some(family) = lead::family(member)
            && let Some(count) = self.families.get_mut(&family)
        {
            *count -= 1;
            if *count == 0 {
                self.families.remove(&family);
            }
        }
    }

    /// Computes the length of the centroid anew after a change by the member at `by`: always while it
    /// is short, at every sixteenth member once it is long.
    pub(super) fn measure(&mut self, by: Sequence, frequencies: &Frequencies, weights: &Weights) {
        let long = self.sums[Channel::Text as usize].len() > LONG;
        if !long || by.0.is_multiple_of(16) {
            self.record.norms = score::norms(&self.sums, frequencies, weights);
        }
    }

    /// The published state.
    pub(super) fn summary(&self, id: StoryId, members: &impl Members) -> Summary {
        let lead = self.ranks.last().and_then(|rank| Some((members.member(rank.3.0)?, *rank)));
        Summary {
            id,
            size: self.standing,
            publishers: self.publishers(),
            lead: lead.map(|(m, _)| m.about.key()),
            lead_reason: lead.map_or("", |(m, rank)| lead::reason(m, rank, self.standing)).into(),
            headline: lead.map(|(m, _)| m.about.headline.clone()).unwrap_or_default(),
            language: self.record.language,
            first_seen: self.record.opened,
            last_seen: self.last_seen,
            follows: self.record.follows,
            related: self.record.related.clone(),
        }
    }
}

/// The state of a story that ends: the figures are the highest that it had.
pub(super) fn last(story: &Story, id: StoryId, members: &impl Members) -> Summary {
    let (size, publishers) = story.record.most;
    Summary { size, publishers, ..story.summary(id, members) }
}

fn sum<'a>(terms: impl Iterator<Item = &'a Term>) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> = terms.map(|t| (t.id(), t.q())).collect();
    all.sort_unstable();
    all.chunk_by(|a, b| a.0 == b.0)
        .map(|same| (same[0].0, same.iter().map(|s| s.1).sum()))
        .collect()
}

fn plus(sums: &mut Vec<(u32, u32)>, terms: &[Term]) {
    let mut merged = Vec::with_capacity(sums.len() + terms.len());
    let mut held = sums.iter().copied().peekable();
    for term in terms {
        while let Some(before) = held.next_if(|s| s.0 < term.id()) {
            merged.push(before);
        }
        let sum = held.next_if(|s| s.0 == term.id()).map_or(0, |s| s.1);
        merged.push((term.id(), sum + term.q()));
    }
    merged.extend(held);
    *sums = merged;
}

fn minus(sums: &mut Vec<(u32, u32)>, terms: &[Term]) {
    for term in terms {
        if let Ok(at) = sums.binary_search_by_key(&term.id(), |s| s.0) {
            sums[at].1 -= term.q();
        }
    }
    sums.retain(|s| s.1 > 0);
}
