//! One live story: its members, the centroid of those that speak, its lead and its publishers.
//!
//! Everything but the record is a function of the live members, so that a restore which adds them in
//! order gives the same. The centroid is the plain sum of the counts of the newest `centroid_members`
//! that speak: adding and removing are exact, and a story that moves on takes its centroid along. A
//! story with one voice has no centroid of its own.

use super::frequencies::{Frequencies, Weights};
use super::lead::{self, Rank};
use super::score::{self, OPENING, Sums};
use super::terms::{Channel, Term, Terms};
use super::{Life, Member, Members, StoryId, Summary};
use crate::engine::article::{EventTime, Sequence};
use crate::engine::relation::Standing;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Terms of a centroid from which its length is computed anew only now and then.
const LONG: usize = 2_000;

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
            plus(&mut self.sums, first);
        }
        let forgotten = before.checked_sub(centroid_members).and_then(terms);
        if before > 0 {
            plus(&mut self.sums, new.terms);
        }
        if let Some(old) = forgotten {
            minus(&mut self.sums, old);
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
            left if left < centroid_members => minus(&mut self.sums, old.terms),
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
        self.take_voices(&other.voices, members, centroid_members);
        for sequence in other.members {
            let at = self.members.partition_point(|own| *own < sequence);
            self.members.insert(at, sequence);
        }
        self.note_most();
    }

    /// Takes in the voices of another story. The centroid changes by those that come to stand among the
    /// newest and those that they push out, so that a large story takes in a small one at the small
    /// one's cost.
    fn take_voices(
        &mut self,
        others: &VecDeque<Sequence>,
        members: &impl Members,
        centroid_members: usize,
    ) {
        let newest = |voices: &VecDeque<Sequence>| {
            voices.get(voices.len().saturating_sub(centroid_members)).copied()
        };
        let before = newest(&self.voices);
        let alone = self.voices.len() < 2;
        for &voice in others {
            let at = self.voices.partition_point(|own| *own < voice);
            self.voices.insert(at, voice);
        }
        let (Some(first), true) = (newest(&self.voices), self.voices.len() > 1) else { return };
        let terms = |voice: Sequence| members.member(voice).map(|m| m.terms);
        let speaking_too = others.iter().rev().take_while(|voice| **voice >= first);
        let speaking = self.voices.len().min(centroid_members);
        if alone || 4 * speaking_too.clone().count() > speaking {
            let speaking: Vec<&Terms> = self
                .voices
                .range(self.voices.len() - speaking..)
                .filter_map(|v| terms(*v))
                .collect();
            self.sums = summed(&speaking);
            return;
        }
        speaking_too
            .filter_map(|voice| terms(*voice))
            .for_each(|terms| plus(&mut self.sums, terms));
        let from = self.voices.partition_point(|voice| Some(*voice) < before);
        let pushed_out = self.voices.range(from..).take_while(|voice| **voice < first);
        let own = pushed_out.filter(|voice| others.binary_search(voice).is_err());
        own.filter_map(|voice| terms(*voice)).for_each(|terms| minus(&mut self.sums, terms));
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

fn counted(term: &Term) -> (u32, u32) {
    (term.id(), term.q())
}

fn once(term: Term) -> (u32, u32) {
    (term.id(), 1)
}

/// The sums of several articles.
fn summed(articles: &[&Terms]) -> Sums {
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
        add(&mut sums[channel as usize], terms.channel(channel).iter().map(counted));
    }
    add(&mut sums[OPENING], terms.opening().map(once));
}

/// Takes the terms of an article off again.
fn minus(sums: &mut Sums, terms: &Terms) {
    for channel in Channel::ALL {
        take_off(&mut sums[channel as usize], terms.channel(channel).iter().map(counted));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::article::{About, Lang};
    use crate::engine::relation::Kind;
    use crate::engine::story::Settings;
    use crate::engine::text::{Clean, words};
    use proptest::prelude::*;

    /// Articles by sequence, all of them originals.
    struct Articles(Vec<(About, Terms)>);

    impl Members for Articles {
        fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
            let (about, terms) = self.0.get(sequence.0 as usize)?;
            Some(Member {
                sequence,
                arrived: EventTime(sequence.0 as i64),
                about,
                kind: Kind::Original,
                root: sequence,
                words: 10,
                terms,
                standing: Standing::Stands,
            })
        }
    }

    fn articles(texts: &[String]) -> Articles {
        let of = |text: &String| {
            let all = words(text, &crate::engine::text::Settings::default());
            let clean = Clean { text: text.clone(), anchors: Vec::new() };
            let settings = Settings { opening_words: 2, ..Settings::default() };
            let about = About { provider: Some(text[..1].to_owned()), ..About::default() };
            (about, Terms::of("", &clean, &all, Lang::parse("en"), &settings))
        };
        Articles(texts.iter().map(of).collect())
    }

    fn story() -> Story {
        Story::new(Life {
            opened: EventTime(0),
            language: None,
            follows: None,
            related: Vec::new(),
            doubts: Vec::new(),
            changed: None,
            most: (0, 0),
            norms: [0.0; 4],
        })
    }

    proptest! {
        /// The naive twin: a story to which the members were added one by one, in order.
        #[test]
        fn a_story_that_took_another_in_is_that_of_all_their_members(
            texts in prop::collection::vec("[b-k]( [b-k]){0,6}", 1..40),
            with in prop::collection::vec(0u8..4, 40),
            leave in 0usize..40,
            newest in 1usize..12,
        ) {
            let all = articles(&texts);
            let (mut own, mut other, mut whole) = (story(), story(), story());
            for (at, with) in with.iter().enumerate().take(texts.len()) {
                let new = all.member(Sequence(at as u64)).unwrap();
                if *with == 0 { &mut other } else { &mut own }.add(new, &all, newest);
                whole.add(new, &all, newest);
            }
            own.absorb(other, StoryId(7), &all, newest);
            prop_assert_eq!(&own.members, &whole.members);
            prop_assert_eq!(&own.voices, &whole.voices);
            prop_assert_eq!(&own.sums, &whole.sums);
            for at in 0..leave.min(texts.len()) {
                own.remove(all.member(Sequence(at as u64)).unwrap(), newest);
            }
            let mut rest = story();
            for at in leave.min(texts.len())..texts.len() {
                rest.add(all.member(Sequence(at as u64)).unwrap(), &all, newest);
            }
            prop_assert_eq!(&own.sums, &rest.sums, "what left leaves nothing behind");
            prop_assert_eq!((&own.families, &own.ranks), (&rest.families, &rest.ranks));
            prop_assert_eq!(own.size(), rest.size());
        }
    }
}
