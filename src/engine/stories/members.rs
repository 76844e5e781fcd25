//! What a story derives from its members: the candidates for the lead, the publishers, the members
//! that contribute terms, and the centroid.
//!
//! The centroid is the plain sum of the term counts of the newest `centroid_members` contributors.
//! Adding and removing members is therefore exact, and the centroid follows a developing story. A
//! story with one contributor has no centroid. With up to [`FEW`] contributors, their terms are
//! summed whenever the centroid is needed, because stored sums take 4 KB per story and most stories
//! are small.
//!
//! A redelivery is a member: if a feed repeats an article for longer than the window, the story
//! stays live after the first delivery has expired. Redeliveries do not count towards the story's
//! size.

use super::lead::{self, LeadOrder, Rank};
use super::score::{OPENING, Sums};
use super::terms::{Channel, Term, Terms};
use super::{Member, MemberLookup};
use crate::article::Sequence;
use crate::verdict::Kind;
use std::collections::{BTreeSet, VecDeque};

/// Maximum number of contributors for which no sums are stored.
pub(super) const FEW: usize = 8;

/// The members of a story that contribute terms.
#[derive(Debug, Clone, Copy)]
pub(super) enum Contributors<'a> {
    /// No member: all are copies or roundups.
    None,
    /// One member.
    One(Sequence),
    /// Few members, for which no sums are stored.
    Few(&'a MemberTables),
    /// Many members, with the sums of the newest ones.
    Many(&'a Sums),
}

/// What a story stores about one member.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountedMember {
    /// Its rank among the candidates for the lead.
    pub(super) rank: Rank,
    /// The publisher to which the member is attributed, if it is a root.
    pub(super) family: Option<u64>,
    /// Whether it contributes terms.
    pub(super) contributes: bool,
    /// Whether it is a redelivery, which does not count as another article.
    pub(super) repeats: bool,
}

/// The members of a story that has, or once had, more than one.
#[derive(Debug, Default)]
pub(super) struct MemberTables {
    /// All members, oldest first.
    pub(super) members: VecDeque<Sequence>,
    /// The members that contribute terms, oldest first.
    pub(super) contributors: VecDeque<Sequence>,
    /// The sums of the newest contributors; `None` while there are few.
    pub(super) sums: Option<Box<Sums>>,
    /// The candidates for the lead; the highest leads.
    pub(super) ranks: BTreeSet<Rank>,
    /// The publishers in order, with the number of roots attributed to each.
    pub(super) families: Vec<(u64, u32)>,
    /// The number of members that stand (are not withdrawn), not counting redeliveries.
    pub(super) standing: u32,
    /// The number of members that are redeliveries.
    pub(super) repeats: u32,
}

impl CountedMember {
    pub(super) fn new(member: Member<'_>, order: &LeadOrder) -> Self {
        Self {
            rank: Rank::of(member, order),
            family: lead::family(member),
            contributes: !member.terms.is_empty(),
            repeats: member.kind == Kind::Redelivery,
        }
    }

    pub(super) fn sequence(self) -> Sequence {
        self.rank.sequence()
    }
}

impl MemberTables {
    /// The tables of a story with one member.
    pub(super) fn of(one: CountedMember) -> Self {
        let mut tables = Self::default();
        tables.members.push_back(one.sequence());
        if one.contributes {
            tables.contributors.push_back(one.sequence());
        }
        tables.count(one);
        tables
    }

    /// Adds a member that arrived after all others.
    pub(super) fn add(
        &mut self,
        new: Member<'_>,
        order: &LeadOrder,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        debug_assert!(self.members.back().is_none_or(|last| *last < new.sequence), "in order");
        self.members.push_back(new.sequence);
        self.count(CountedMember::new(new, order));
        if new.terms.is_empty() {
            return;
        }
        self.contributors.push_back(new.sequence);
        let count = self.contributors.len();
        if count <= FEW + 1 {
            self.recompute_sums(members, centroid_members);
            return;
        }
        let Some(sums) = &mut self.sums else { return };
        add_article(sums, new.terms);
        let dropped = (count - 1).checked_sub(centroid_members).map(|at| self.contributors[at]);
        if let Some(old) = dropped.and_then(|old| members.member(old)) {
            subtract_article(sums, old.terms);
        }
    }

    /// The newest contributors, at most `most` of them, oldest first.
    pub(super) fn newest_contributors(&self, most: usize) -> impl Iterator<Item = Sequence> + '_ {
        let older = self.contributors.len().saturating_sub(most);
        self.contributors.iter().skip(older).copied()
    }

    fn recompute_sums(&mut self, members: &impl MemberLookup, centroid_members: usize) {
        let many = self.contributors.len() > FEW;
        let sums = || Box::new(sums_of(self.newest_contributors(centroid_members), members));
        self.sums = many.then(sums);
    }

    /// Removes the earliest member.
    pub(super) fn remove(&mut self, old: Member<'_>, order: &LeadOrder, centroid_members: usize) {
        debug_assert_eq!(self.members.front(), Some(&old.sequence), "in order");
        self.members.pop_front();
        self.uncount(CountedMember::new(old, order));
        if self.contributors.front() != Some(&old.sequence) {
            return;
        }
        self.contributors.pop_front();
        match self.contributors.len() {
            ..=FEW => self.sums = None,
            left if left >= centroid_members => {}
            _ => {
                if let Some(sums) = &mut self.sums {
                    subtract_article(sums, old.terms);
                }
            }
        }
    }

    /// Adds all members of another story.
    pub(super) fn absorb(
        &mut self,
        other: Self,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        self.standing += other.standing;
        self.repeats += other.repeats;
        self.ranks.extend(other.ranks);
        for (family, count) in other.families {
            self.count_family(family, count);
        }
        self.absorb_contributors(&other.contributors, members, centroid_members);
        for sequence in other.members {
            let at = self.members.partition_point(|own| *own < sequence);
            self.members.insert(at, sequence);
        }
    }

    /// Adds the contributors of another story. Only those among the newest contributors of both
    /// stories are added to the centroid, and only the contributors that they displace are
    /// subtracted, so the cost depends only on the size of the smaller story.
    fn absorb_contributors(
        &mut self,
        others: &VecDeque<Sequence>,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        let oldest_of_newest =
            |all: &VecDeque<Sequence>| all.get(all.len().saturating_sub(centroid_members)).copied();
        let before = oldest_of_newest(&self.contributors);
        let few = self.contributors.len() <= FEW;
        for &other in others {
            let at = self.contributors.partition_point(|own| *own < other);
            self.contributors.insert(at, other);
        }
        let Some(first) = oldest_of_newest(&self.contributors) else { return };
        let added = others.iter().rev().take_while(|other| **other >= first);
        let counted = self.contributors.len().min(centroid_members);
        if few || 4 * added.clone().count() > counted {
            self.recompute_sums(members, centroid_members);
            return;
        }
        let terms = |sequence: Sequence| members.member(sequence).map(|m| m.terms);
        let Some(sums) = &mut self.sums else { return };
        added.filter_map(|other| terms(*other)).for_each(|terms| add_article(sums, terms));
        let from = self.contributors.partition_point(|own| Some(*own) < before);
        let displaced = self.contributors.range(from..).take_while(|own| **own < first);
        let displaced = displaced.filter(|own| others.binary_search(own).is_err());
        let displaced = displaced.filter_map(|own| terms(*own));
        displaced.for_each(|terms| subtract_article(sums, terms));
    }

    /// Adds a member to the candidates for the lead and to the publisher counts.
    pub(super) fn count(&mut self, one: CountedMember) {
        self.standing += u32::from(one.rank.stands() && !one.repeats);
        self.repeats += u32::from(one.repeats);
        self.ranks.insert(one.rank);
        if let Some(family) = one.family {
            self.count_family(family, 1);
        }
    }

    fn count_family(&mut self, family: u64, roots: u32) {
        match self.families.binary_search_by_key(&family, |counted| counted.0) {
            Ok(at) => self.families[at].1 += roots,
            Err(at) => self.families.insert(at, (family, roots)),
        }
    }

    /// Reverts [`count`](Self::count).
    pub(super) fn uncount(&mut self, one: CountedMember) {
        self.standing -= u32::from(one.rank.stands() && !one.repeats);
        self.repeats -= u32::from(one.repeats);
        self.ranks.remove(&one.rank);
        if let Some(family) = one.family
            && let Ok(at) = self.families.binary_search_by_key(&family, |counted| counted.0)
        {
            self.families[at].1 -= 1;
            if self.families[at].1 == 0 {
                self.families.remove(at);
            }
        }
    }
}

/// The ids and counts of terms, in order of ids.
pub(super) fn counts(terms: &[Term]) -> impl Iterator<Item = (u32, u32)> + '_ {
    terms.iter().map(|term| (term.id(), term.q()))
}

/// The ids of the terms in an article's opening, each counted once, in order of ids.
fn opening_counts(terms: &Terms) -> impl Iterator<Item = (u32, u32)> + '_ {
    terms.opening().map(|term| (term.id(), 1))
}

/// The summed term counts of several articles.
pub(super) fn sums_of(
    articles: impl Iterator<Item = Sequence>,
    members: &impl MemberLookup,
) -> Sums {
    let articles: Vec<&Terms> =
        articles.filter_map(|article| members.member(article)).map(|m| m.terms).collect();
    let mut sums = Sums::default();
    articles.into_iter().for_each(|terms| add_article(&mut sums, terms));
    sums
}

fn add_article(sums: &mut Sums, terms: &Terms) {
    for channel in Channel::ALL {
        add(&mut sums[channel as usize], counts(terms.channel(channel)));
    }
    add(&mut sums[OPENING], opening_counts(terms));
}

fn subtract_article(sums: &mut Sums, terms: &Terms) {
    for channel in Channel::ALL {
        subtract(&mut sums[channel as usize], counts(terms.channel(channel)));
    }
    subtract(&mut sums[OPENING], opening_counts(terms));
}

fn add(sums: &mut Vec<(u32, u32)>, counts: impl Iterator<Item = (u32, u32)>) {
    let mut merged = Vec::with_capacity(sums.len() + counts.size_hint().1.unwrap_or(0));
    let mut before = sums.iter().copied().peekable();
    for (id, count) in counts {
        while let Some(lower) = before.next_if(|s| s.0 < id) {
            merged.push(lower);
        }
        let sum = before.next_if(|s| s.0 == id).map_or(0, |s| s.1);
        merged.push((id, sum + count));
    }
    merged.extend(before);
    *sums = merged;
}

fn subtract(sums: &mut Vec<(u32, u32)>, counts: impl Iterator<Item = (u32, u32)>) {
    for (id, count) in counts {
        if let Ok(at) = sums.binary_search_by_key(&id, |s| s.0) {
            sums[at].1 -= count;
        }
    }
    sums.retain(|s| s.1 > 0);
}
