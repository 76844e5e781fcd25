//! One story: its members, its lead and its publishers.
//!
//! Everything but the record is a function of the live members, so that a restore which adds them in
//! order gives the same. Most stories are of one article all their life, and are kept as that article;
//! those of several have [tables](super::many).

use super::frequencies::{Frequencies, Weights};
use super::lead::{self, Rank};
use super::many::{self, Many, One};
use super::score::{self, Sums};
use super::terms::Channel;
use super::{Few, Life, Member, Members, Settings, StoryId, Summary};
use crate::engine::article::{EventTime, Sequence};
use crate::engine::relation::Standing;
use std::borrow::Cow;

/// Terms of a centroid from which its length is computed anew only now and then.
const LONG: usize = 2_000;

/// A live story.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) record: Life,
    /// The stories that it took in.
    pub(super) absorbed: Few<StoryId>,
    last_seen: EventTime,
    of: Of,
}

/// Who speaks for a story.
#[derive(Debug, Clone, Copy)]
pub(super) enum Voices<'a> {
    /// Nobody: copies and roundups alone.
    Nobody,
    /// One member.
    One(Sequence),
    /// So few that no sums are kept.
    Few(&'a Many),
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
enum Of {
    Nobody,
    One(One),
    Many(Box<Many>),
}

impl Story {
    pub(super) fn new(record: Life) -> Self {
        Self { last_seen: record.opened, record, absorbed: Few::default(), of: Of::Nobody }
    }

    /// Its members, oldest first.
    pub(super) fn members(&self) -> impl Iterator<Item = Sequence> + '_ {
        let (one, many) = match &self.of {
            Of::Nobody => (None, None),
            Of::One(one) => (Some(one.sequence), None),
            Of::Many(many) => (None, Some(many.members.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// How many members it has.
    pub(super) fn len(&self) -> usize {
        match &self.of {
            Of::Nobody => 0,
            Of::One(_) => 1,
            Of::Many(many) => many.members.len(),
        }
    }

    /// Who speaks for it.
    pub(super) fn voices(&self) -> Voices<'_> {
        match &self.of {
            Of::One(one) if one.speaks => Voices::One(one.sequence),
            Of::Many(many) => match many.voices.len() {
                0 => Voices::Nobody,
                1 => Voices::One(many.voices[0]),
                _ => many.sums.as_deref().map_or(Voices::Few(many), Voices::Many),
            },
            _ => Voices::Nobody,
        }
    }

    /// The centroid's sums, where two members or more speak.
    pub(super) fn centroid<M: Members>(
        &self,
        members: &M,
        centroid_members: usize,
    ) -> Option<Cow<'_, Sums>> {
        match self.voices() {
            Voices::Nobody | Voices::One(_) => None,
            Voices::Few(few) => {
                Some(Cow::Owned(many::summed(few.speaking(centroid_members), members)))
            }
            Voices::Many(sums) => Some(Cow::Borrowed(sums)),
        }
    }

    /// Standing members.
    pub(super) fn size(&self) -> u32 {
        match &self.of {
            Of::Nobody => 0,
            Of::One(one) => u32::from(one.stands()),
            Of::Many(many) => many.standing,
        }
    }

    fn publishers(&self) -> u32 {
        match &self.of {
            Of::Many(many) => many.families.len().max(1) as u32,
            _ => 1,
        }
    }

    fn lead(&self) -> Option<Rank> {
        match &self.of {
            Of::Nobody => None,
            Of::One(one) => Some(one.rank()),
            Of::Many(many) => many.ranks.last(),
        }
    }

    fn many(&mut self) -> &mut Many {
        let many = match std::mem::replace(&mut self.of, Of::Nobody) {
            Of::Nobody => Box::default(),
            Of::One(one) => Box::new(Many::of(one)),
            Of::Many(many) => many,
        };
        self.of = Of::Many(many);
        match &mut self.of {
            Of::Many(many) => many,
            _ => unreachable!("it was put there"),
        }
    }

    /// Adds a member, later than all others.
    pub(super) fn add(&mut self, new: Member<'_>, members: &impl Members, centroid_members: usize) {
        self.last_seen = self.last_seen.max(new.arrived);
        match self.of {
            Of::Nobody => self.of = Of::One(One::new(new)),
            _ => self.many().add(new, members, centroid_members),
        }
        self.note_most();
    }

    /// Removes a member, the earliest of all.
    pub(super) fn remove(&mut self, old: Member<'_>, centroid_members: usize) {
        match &mut self.of {
            Of::Many(many) => many.remove(old, centroid_members),
            _ => self.of = Of::Nobody,
        }
    }

    /// Takes in all members of another story.
    pub(super) fn absorb(
        &mut self,
        mut other: Self,
        id: StoryId,
        members: &impl Members,
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
    pub(super) fn restand(&mut self, member: Member<'_>, before: Standing) {
        match &mut self.of {
            Of::Many(many) => {
                many.uncount(One::new(Member { standing: before, ..member }));
                many.count(One::new(member));
            }
            _ => self.of = Of::One(One::new(member)),
        }
    }

    fn note_most(&mut self) {
        let (size, publishers) = self.record.most;
        self.record.most = (size.max(self.size()), publishers.max(self.publishers()));
    }

    /// Computes the length of the centroid anew after a change by the member at `by`: always while it
    /// is short, at every sixteenth member once it is long.
    pub(super) fn measure(&mut self, by: Sequence, scale: Scale<'_>, members: &impl Members) {
        let long = match self.voices() {
            Voices::Many(sums) => sums[Channel::Text as usize].len() > LONG,
            _ => false,
        };
        if !long || by.0.is_multiple_of(16) {
            self.weigh(scale, members);
        }
    }

    /// Computes the length of the centroid anew.
    pub(super) fn weigh(&mut self, scale: Scale<'_>, members: &impl Members) {
        let Scale { frequencies, weights, centroid_members } = scale;
        let norms = |sums: Cow<'_, Sums>| score::norms(&sums, frequencies, weights);
        self.record.norms = self.centroid(members, centroid_members).map_or([0.0; 4], norms).into();
    }

    /// The published state.
    pub(super) fn summary(&self, id: StoryId, members: &impl Members) -> Summary {
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
pub(super) fn last(story: &Story, id: StoryId, members: &impl Members) -> Summary {
    let (size, publishers) = story.record.most;
    Summary { size, publishers, ..story.summary(id, members) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::article::{About, Lang};
    use crate::engine::relation::Kind;
    use crate::engine::story::{Norms, Terms};
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
            related: Few::default(),
            doubts: Few::default(),
            changed: None,
            most: (0, 0),
            norms: Norms::default(),
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
