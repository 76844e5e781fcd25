//! One story: its members, its lead and its publishers.
//!
//! Everything but the record is a function of the live members, so that a restore which adds them in
//! order gives the same. Most stories are of one article all their life, and are kept as that article;
//! those of several have [tables](super::many).

use super::frequencies::{Frequencies, Weights};
use super::lead::{self, Rank};
use super::many::{self, CombinedTerms, MemberTerms};
use super::score::{self, Sums};
use super::terms::Channel;
use super::{LifeRecord, Member, MemberLookup, Settings, SmallList, StoryId, Summary};
use crate::article::{EventTime, Sequence};
use crate::verdict::Validity;
use std::borrow::Cow;

/// Terms of a centroid from which its length is computed anew only now and then.
const LONG: usize = 2_000;

/// A live story.
#[derive(Debug)]
pub(super) struct LiveStory {
    pub(super) record: LifeRecord,
    /// The stories that it took in.
    pub(super) absorbed: SmallList<StoryId>,
    last_seen: EventTime,
    of: StoryMembers,
}

/// Who speaks for a story.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoryProviders<'a> {
    /// Nobody: copies and roundups alone.
    Nobody,
    /// One member.
    One(Sequence),
    /// So few that no sums are kept.
    Few(&'a CombinedTerms),
    /// Many, by the sums of the newest.
    Many(&'a Sums),
}

/// What a centroid is measured by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale<'a> {
    frequencies: &'a Frequencies,
    weights: &'a Weights,
    centroid_members: usize,
}

impl<'a> Scale<'a> {
    pub(super) fn new(
        frequencies: &'a Frequencies,
        weights: &'a Weights,
        settings: &Settings,
    ) -> Self {
        Self { frequencies, weights, centroid_members: settings.centroid_members as usize }
    }
}

/// Whom a story is of. Most are of one article all their life, and need no tables.
#[derive(Debug)]
enum StoryMembers {
    Nobody,
    One(MemberTerms),
    Many(Box<CombinedTerms>),
}

impl LiveStory {
    pub(super) fn new(record: LifeRecord) -> Self {
        Self {
            last_seen: record.opened,
            record,
            absorbed: SmallList::default(),
            of: StoryMembers::Nobody,
        }
    }

    /// Its members, oldest first.
    pub(super) fn members(&self) -> impl Iterator<Item = Sequence> + '_ {
        let (one, many) = match &self.of {
            StoryMembers::Nobody => (None, None),
            StoryMembers::One(one) => (Some(one.sequence), None),
            StoryMembers::Many(many) => (None, Some(many.members.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// How many members it has.
    pub(super) fn len(&self) -> usize {
        match &self.of {
            StoryMembers::Nobody => 0,
            StoryMembers::One(_) => 1,
            StoryMembers::Many(many) => many.members.len(),
        }
    }

    /// Who speaks for it.
    pub(super) fn voices(&self) -> StoryProviders<'_> {
        match &self.of {
            StoryMembers::One(one) if one.speaks => StoryProviders::One(one.sequence),
            StoryMembers::Many(many) => match many.voices.len() {
                0 => StoryProviders::Nobody,
                1 => StoryProviders::One(many.voices[0]),
                _ => many.sums.as_deref().map_or(StoryProviders::Few(many), StoryProviders::Many),
            },
            _ => StoryProviders::Nobody,
        }
    }

    /// The centroid's sums, where two members or more speak.
    pub(super) fn centroid<M: MemberLookup>(
        &self,
        members: &M,
        centroid_members: usize,
    ) -> Option<Cow<'_, Sums>> {
        match self.voices() {
            StoryProviders::Nobody | StoryProviders::One(_) => None,
            StoryProviders::Few(few) => {
                Some(Cow::Owned(many::summed(few.speaking(centroid_members), members)))
            }
            StoryProviders::Many(sums) => Some(Cow::Borrowed(sums)),
        }
    }

    /// Standing members.
    pub(super) fn size(&self) -> u32 {
        match &self.of {
            StoryMembers::Nobody => 0,
            StoryMembers::One(one) => u32::from(one.stands()),
            StoryMembers::Many(many) => many.standing,
        }
    }

    fn publishers(&self) -> u32 {
        match &self.of {
            StoryMembers::Many(many) => many.families.len().max(1) as u32,
            _ => 1,
        }
    }

    fn lead(&self) -> Option<Rank> {
        match &self.of {
            StoryMembers::Nobody => None,
            StoryMembers::One(one) => Some(one.rank()),
            StoryMembers::Many(many) => many.ranks.last(),
        }
    }

    fn many(&mut self) -> &mut CombinedTerms {
        let many = match std::mem::replace(&mut self.of, StoryMembers::Nobody) {
            StoryMembers::Nobody => Box::default(),
            StoryMembers::One(one) => Box::new(CombinedTerms::of(one)),
            StoryMembers::Many(many) => many,
        };
        self.of = StoryMembers::Many(many);
        match &mut self.of {
            StoryMembers::Many(many) => many,
            _ => unreachable!("it was put there"),
        }
    }

    /// Adds a member, later than all others.
    pub(super) fn add(
        &mut self,
        new: Member<'_>,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        self.last_seen = self.last_seen.max(new.arrived);
        match self.of {
            StoryMembers::Nobody => self.of = StoryMembers::One(MemberTerms::new(new)),
            _ => self.many().add(new, members, centroid_members),
        }
        self.note_most();
    }

    /// Removes a member, the earliest of all.
    pub(super) fn remove(&mut self, old: Member<'_>, centroid_members: usize) {
        match &mut self.of {
            StoryMembers::Many(many) => many.remove(old, centroid_members),
            _ => self.of = StoryMembers::Nobody,
        }
    }

    /// Takes in all members of another story.
    pub(super) fn absorb(
        &mut self,
        mut other: Self,
        id: StoryId,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        self.record.opened = self.record.opened.min(other.record.opened);
        self.record.language = self.record.language.or(other.record.language);
        self.last_seen = self.last_seen.max(other.last_seen);
        self.many().absorb(std::mem::take(other.many()), members, centroid_members);
        self.record.related.change(|related| {
            related.extend(other.record.related);
            related.sort_unstable();
            related.dedup();
        });
        self.absorbed.change(|absorbed| absorbed.extend(other.absorbed));
        self.absorbed.push(id);
        self.note_most();
    }

    /// A member stands otherwise than before.
    pub(super) fn restand(&mut self, member: Member<'_>, before: Validity) {
        match &mut self.of {
            StoryMembers::Many(many) => {
                many.uncount(MemberTerms::new(Member { standing: before, ..member }));
                many.count(MemberTerms::new(member));
            }
            _ => self.of = StoryMembers::One(MemberTerms::new(member)),
        }
    }

    fn note_most(&mut self) {
        let (size, publishers) = self.record.most;
        self.record.most = (size.max(self.size()), publishers.max(self.publishers()));
    }

    /// Computes the length of the centroid anew after a change by the member at `by`: always while it
    /// is short, at every sixteenth member once it is long.
    pub(super) fn measure(&mut self, by: Sequence, scale: Scale<'_>, members: &impl MemberLookup) {
        let long = match self.voices() {
            StoryProviders::Many(sums) => sums[Channel::Text as usize].len() > LONG,
            _ => false,
        };
        if !long || by.0.is_multiple_of(16) {
            self.weigh(scale, members);
        }
    }

    /// Computes the length of the centroid anew.
    pub(super) fn weigh(&mut self, scale: Scale<'_>, members: &impl MemberLookup) {
        let Scale { frequencies, weights, centroid_members } = scale;
        let norms = |sums: Cow<'_, Sums>| score::norms(&sums, frequencies, weights);
        self.record.norms = self.centroid(members, centroid_members).map_or([0.0; 4], norms).into();
    }

    /// The published state.
    pub(super) fn summary(&self, id: StoryId, members: &impl MemberLookup) -> Summary {
        let lead = self.lead().and_then(|rank| Some((members.member(rank.3.0)?, rank)));
        Summary {
            id,
            size: self.size(),
            publishers: self.publishers(),
            lead: lead.map(|(m, _)| m.about.key()),
            lead_reason: lead.map_or("", |(m, rank)| lead::reason(m, rank, self.size())).into(),
            headline: lead.map(|(m, _)| m.about.headline.clone()).unwrap_or_default(),
            language: self.record.language,
            first_seen: self.record.opened,
            last_seen: self.last_seen,
            follows: self.record.follows,
            related: self.record.related.to_vec(),
        }
    }
}

/// The state of a story that ends: the figures are the highest that it had.
pub(super) fn last(story: &LiveStory, id: StoryId, members: &impl MemberLookup) -> Summary {
    let (size, publishers) = story.record.most;
    Summary { size, publishers, ..story.summary(id, members) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{About, Lang};
    use crate::stories::{ChannelNorms, Terms};
    use crate::text::{Clean, words};
    use crate::verdict::Kind;
    use proptest::prelude::*;

    /// Articles by sequence, all of them originals.
    struct Articles(Vec<(About, Terms)>);

    impl MemberLookup for Articles {
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
                standing: Validity::Stands,
            })
        }
    }

    fn articles(texts: &[String]) -> Articles {
        let of = |text: &String| {
            let all = words(text, &crate::text::Settings::default());
            let clean = Clean { text: text.clone(), anchors: Vec::new() };
            let settings = Settings { opening_words: 2, ..Settings::default() };
            let about = About { provider: Some(text[..1].to_owned()), ..About::default() };
            (about, Terms::of("", &clean, &all, Lang::parse("en"), &settings))
        };
        Articles(texts.iter().map(of).collect())
    }

    fn story() -> LiveStory {
        LiveStory::new(LifeRecord {
            opened: EventTime(0),
            language: None,
            follows: None,
            related: SmallList::default(),
            doubts: SmallList::default(),
            changed: None,
            most: (0, 0),
            norms: ChannelNorms::default(),
            wavered: false,
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
            own.absorb(other, StoryId::new(7), &all, newest);
            prop_assert!(own.members().eq(whole.members()));
            prop_assert_eq!(own.centroid(&all, newest), whole.centroid(&all, newest));
            for at in 0..leave.min(texts.len()) {
                own.remove(all.member(Sequence(at as u64)).unwrap(), newest);
            }
            let mut rest = story();
            for at in leave.min(texts.len())..texts.len() {
                rest.add(all.member(Sequence(at as u64)).unwrap(), &all, newest);
            }
            prop_assert_eq!(
                own.centroid(&all, newest),
                rest.centroid(&all, newest),
                "what left leaves nothing behind"
            );
            prop_assert_eq!((own.publishers(), own.lead()), (rest.publishers(), rest.lead()));
            prop_assert_eq!((own.size(), own.len()), (rest.size(), rest.len()));
        }
    }
}
