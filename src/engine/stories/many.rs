//! The tables of a story of several members: who they are, who speaks, who may lead, who publishes, and
//! the centroid.
//!
//! The centroid is the plain sum of the counts of the newest `centroid_members` that speak: adding and
//! removing are exact, and a story that moves on takes its centroid along. A story with one voice has no
//! centroid of its own, and with up to [`FEW`] their terms are added up when they are asked for: sums take
//! 4 KB a story, and most stories are small.

use super::lead::{self, Rank};
use super::ranks::RankSet;
use super::score::{OPENING, Sums};
use super::terms::{Channel, Term, Terms};
use super::{Member, MemberLookup};
use crate::article::Sequence;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::num::NonZeroU64;

/// Voices up to which no sums are kept.
pub(super) const FEW: usize = 8;

/// One member, as the story counts it.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemberTerms {
    pub(super) sequence: Sequence,
    pub(super) family: Option<NonZeroU64>,
    pub(super) speaks: bool,
    /// What its rank has beside its sequence.
    places: (u8, u8, u8),
}

/// Several members, or one that is left of them.
#[derive(Debug, Default)]
pub(super) struct CombinedTerms {
    pub(super) members: VecDeque<Sequence>,
    pub(super) voices: VecDeque<Sequence>,
    /// None where few speak.
    pub(super) sums: Option<Box<Sums>>,
    pub(super) ranks: RankSet,
    /// Families of publishers in order, and how many roots count for each.
    pub(super) families: Vec<(NonZeroU64, u32)>,
    pub(super) standing: u32,
}

impl MemberTerms {
    pub(super) fn new(member: Member<'_>) -> Self {
        Self {
            sequence: member.sequence,
            family: lead::family(member).and_then(|family| NonZeroU64::new(family.max(1))),
            speaks: !member.terms.is_empty(),
            places: lead::places(member),
        }
    }

    pub(super) fn rank(self) -> Rank {
        let (standing, own, length) = self.places;
        (standing, own, length.into(), Reverse(self.sequence))
    }

    pub(super) fn stands(self) -> bool {
        lead::stands(self.rank())
    }
}

impl CombinedTerms {
    pub(super) fn of(one: MemberTerms) -> Self {
        let mut many = Self::default();
        many.members.push_back(one.sequence);
        if one.speaks {
            many.voices.push_back(one.sequence);
        }
        many.count(one);
        many
    }

    pub(super) fn add(
        &mut self,
        new: Member<'_>,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        debug_assert!(self.members.back().is_none_or(|last| *last < new.sequence), "in order");
        self.members.push_back(new.sequence);
        self.count(MemberTerms::new(new));
        if new.terms.is_empty() {
            return;
        }
        self.voices.push_back(new.sequence);
        let (speak, terms) =
            (self.voices.len(), |voice: Sequence| members.member(voice).map(|m| m.terms));
        if speak <= FEW + 1 {
            self.sum_anew(members, centroid_members);
            return;
        }
        let Some(sums) = &mut self.sums else { return };
        plus(sums, new.terms);
        let forgotten = (speak - 1).checked_sub(centroid_members).map(|at| self.voices[at]);
        if let Some(old) = forgotten.and_then(terms) {
            minus(sums, old);
        }
    }

    /// The voices that make the centroid, oldest first.
    pub(super) fn speaking(&self, centroid_members: usize) -> impl Iterator<Item = Sequence> + '_ {
        self.voices.iter().skip(self.voices.len().saturating_sub(centroid_members)).copied()
    }

    fn sum_anew(&mut self, members: &impl MemberLookup, centroid_members: usize) {
        let speak = self.voices.len() > FEW;
        self.sums = speak.then(|| Box::new(summed(self.speaking(centroid_members), members)));
    }

    pub(super) fn remove(&mut self, old: Member<'_>, centroid_members: usize) {
        debug_assert_eq!(self.members.front(), Some(&old.sequence), "in order");
        self.members.pop_front();
        self.uncount(MemberTerms::new(old));
        if self.voices.front() != Some(&old.sequence) {
            return;
        }
        self.voices.pop_front();
        match self.voices.len() {
            ..=FEW => self.sums = None,
            left if left >= centroid_members => {}
            _ => {
                if let Some(sums) = &mut self.sums {
                    minus(sums, old.terms);
                }
            }
        }
    }

    pub(super) fn absorb(
        &mut self,
        other: Self,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        self.standing += other.standing;
        self.ranks.extend(other.ranks);
        for (family, count) in other.families {
            self.count_family(family, count);
        }
        self.take_voices(&other.voices, members, centroid_members);
        for sequence in other.members {
            let at = self.members.partition_point(|own| *own < sequence);
            self.members.insert(at, sequence);
        }
    }

    /// Takes in the voices of another story. The centroid changes by those that come to stand among the
    /// newest and those that they push out, so that a large story takes in a small one at the small
    /// one's cost.
    fn take_voices(
        &mut self,
        others: &VecDeque<Sequence>,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        let newest = |voices: &VecDeque<Sequence>| {
            voices.get(voices.len().saturating_sub(centroid_members)).copied()
        };
        let before = newest(&self.voices);
        let few = self.voices.len() <= FEW;
        for &voice in others {
            let at = self.voices.partition_point(|own| *own < voice);
            self.voices.insert(at, voice);
        }
        let Some(first) = newest(&self.voices) else { return };
        let speaking_too = others.iter().rev().take_while(|voice| **voice >= first);
        let speaking = self.voices.len().min(centroid_members);
        if few || 4 * speaking_too.clone().count() > speaking {
            self.sum_anew(members, centroid_members);
            return;
        }
        let terms = |voice: Sequence| members.member(voice).map(|m| m.terms);
        let Some(sums) = &mut self.sums else { return };
        speaking_too.filter_map(|voice| terms(*voice)).for_each(|terms| plus(sums, terms));
        let from = self.voices.partition_point(|voice| Some(*voice) < before);
        let pushed_out = self.voices.range(from..).take_while(|voice| **voice < first);
        let own = pushed_out.filter(|voice| others.binary_search(voice).is_err());
        own.filter_map(|voice| terms(*voice)).for_each(|terms| minus(sums, terms));
    }

    pub(super) fn count(&mut self, one: MemberTerms) {
        self.standing += u32::from(one.stands());
        self.ranks.insert(one.rank());
        if let Some(family) = one.family {
            self.count_family(family, 1);
        }
    }

    fn count_family(&mut self, family: NonZeroU64, roots: u32) {
        match self.families.binary_search_by_key(&family, |held| held.0) {
            Ok(at) => self.families[at].1 += roots,
            Err(at) => {
                self.families.reserve_exact(1);
                self.families.insert(at, (family, roots));
            }
        }
    }

    pub(super) fn uncount(&mut self, one: MemberTerms) {
        self.standing -= u32::from(one.stands());
        self.ranks.remove(one.rank());
        if let Some(family) = one.family
            && let Ok(at) = self.families.binary_search_by_key(&family, |held| held.0)
        {
            self.families[at].1 -= 1;
            if self.families[at].1 == 0 {
                self.families.remove(at);
            }
        }
    }
}

pub(super) fn counted(term: Term) -> (u32, u32) {
    (term.id(), term.q())
}

fn once(term: Term) -> (u32, u32) {
    (term.id(), 1)
}

/// The sums of several articles.
pub(super) fn summed(voices: impl Iterator<Item = Sequence>, members: &impl MemberLookup) -> Sums {
    let articles: Vec<&Terms> =
        voices.filter_map(|voice| members.member(voice)).map(|m| m.terms).collect();
    let mut sums = Sums::default();
    for channel in Channel::ALL {
        let terms = articles.iter().flat_map(|terms| terms.channel(channel));
        sums[channel as usize] = sum(terms.map(counted));
    }
    sums[OPENING] = sum(articles.iter().flat_map(|terms| terms.opening()).map(once));
    sums
}

fn sum(counts: impl Iterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> = counts.collect();
    all.sort_unstable();
    all.chunk_by(|a, b| a.0 == b.0)
        .map(|same| (same[0].0, same.iter().map(|s| s.1).sum()))
        .collect()
}

/// Adds the terms of an article.
fn plus(sums: &mut Sums, terms: &Terms) {
    for channel in Channel::ALL {
        add(&mut sums[channel as usize], terms.channel(channel).map(counted));
    }
    add(&mut sums[OPENING], terms.opening().map(once));
}

/// Takes the terms of an article off again.
fn minus(sums: &mut Sums, terms: &Terms) {
    for channel in Channel::ALL {
        take_off(&mut sums[channel as usize], terms.channel(channel).map(counted));
    }
    take_off(&mut sums[OPENING], terms.opening().map(once));
}

fn add(sums: &mut Vec<(u32, u32)>, counts: impl Iterator<Item = (u32, u32)>) {
    let mut merged = Vec::with_capacity(sums.len() + counts.size_hint().1.unwrap_or(0));
    let mut held = sums.iter().copied().peekable();
    for (id, count) in counts {
        while let Some(before) = held.next_if(|s| s.0 < id) {
            merged.push(before);
        }
        let sum = held.next_if(|s| s.0 == id).map_or(0, |s| s.1);
        merged.push((id, sum + count));
    }
    merged.extend(held);
    *sums = merged;
}

fn take_off(sums: &mut Vec<(u32, u32)>, counts: impl Iterator<Item = (u32, u32)>) {
    for (id, count) in counts {
        if let Ok(at) = sums.binary_search_by_key(&id, |s| s.0) {
            sums[at].1 -= count;
        }
    }
    sums.retain(|s| s.1 > 0);
}
