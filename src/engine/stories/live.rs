//! One live story: its record, its members, its lead and its publishers.
//!
//! Everything except the record is a function of the live members, so a restore that adds the
//! members in order gives the same story. Most stories only ever have one article, which is stored
//! inline; stories with more have [tables](super::members).

use super::Summary;
use super::frequencies::{Frequencies, Weights};
use super::lead::{self, LeadOrder, Rank};
use super::members::{self, Contributors, CountedMember, MemberTables};
use super::score::{self, Sums};
use super::terms::Channel;
use super::{LEAD_SENTENCE_BYTES_MAX, LifeRecord, Member, MemberLookup, Peak, Settings, StoryId};
use crate::article::{EventTime, Sequence};
use crate::text::{cut_short, first_sentence};
use crate::verdict::{Kind, Validity};
use std::borrow::Cow;

/// The length of a centroid with more terms than this is not recomputed at every change.
const LONG: usize = 2_000;

/// A live story.
#[derive(Debug)]
pub(super) struct LiveStory {
    /// The part of the story that is recorded.
    pub(super) record: LifeRecord,
    /// The stories that it absorbed.
    pub(super) absorbed: Vec<StoryId>,
    /// Engine time at which the latest member arrived, not counting redeliveries.
    last_seen: EventTime,
    /// Its members.
    members: StoryMembers,
}

/// What is needed to compute the length of a centroid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale<'a> {
    /// How frequent terms are.
    frequencies: &'a Frequencies,
    /// The weights of the story's language.
    weights: &'a Weights,
    /// The number of contributors that make up a centroid.
    centroid_members: usize,
}

impl<'a> Scale<'a> {
    pub(super) fn new(
        frequencies: &'a Frequencies,
        weights: &'a Weights,
        settings: &Settings,
    ) -> Self {
        Self { frequencies, weights, centroid_members: settings.tuning.centroid_members as usize }
    }
}

/// The members of a story. Most stories only ever have one, which is stored inline.
#[derive(Debug)]
enum StoryMembers {
    None,
    One(CountedMember),
    Many(Box<MemberTables>),
}

impl LiveStory {
    /// A story without members.
    pub(super) fn new(record: LifeRecord) -> Self {
        Self { last_seen: record.opened, record, absorbed: Vec::new(), members: StoryMembers::None }
    }

    /// Its members, oldest first.
    pub(super) fn members(&self) -> impl Iterator<Item = Sequence> + '_ {
        let (one, many) = match &self.members {
            StoryMembers::None => (None, None),
            StoryMembers::One(one) => (Some(one.sequence()), None),
            StoryMembers::Many(many) => (None, Some(many.members.iter().copied())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Whether it has at most one article, regardless of how often the article was delivered.
    pub(super) fn is_single(&self) -> bool {
        self.articles() <= 1
    }

    /// The number of members that are not redeliveries.
    fn articles(&self) -> usize {
        match &self.members {
            StoryMembers::None => 0,
            StoryMembers::One(one) => usize::from(!one.repeats),
            StoryMembers::Many(many) => many.members.len() - many.repeats as usize,
        }
    }

    /// Engine time at which the latest article arrived. While all members are redeliveries, it is
    /// the time at which the story opened, because a restore has no information about members that
    /// have left.
    pub(super) fn last_seen(&self) -> EventTime {
        if self.articles() > 0 { self.last_seen } else { self.record.opened }
    }

    /// The number of members.
    pub(super) fn len(&self) -> usize {
        match &self.members {
            StoryMembers::None => 0,
            StoryMembers::One(_) => 1,
            StoryMembers::Many(many) => many.members.len(),
        }
    }

    /// The members that contribute terms.
    pub(super) fn contributors(&self) -> Contributors<'_> {
        match &self.members {
            StoryMembers::One(one) if one.contributes => Contributors::One(one.sequence()),
            StoryMembers::Many(many) => match many.contributors.len() {
                0 => Contributors::None,
                1 => Contributors::One(many.contributors[0]),
                _ => many.sums.as_deref().map_or(Contributors::Few(many), Contributors::Many),
            },
            _ => Contributors::None,
        }
    }

    /// The newest members that contribute terms, at most `most` of them, oldest first.
    pub(super) fn newest_contributors(&self, most: usize) -> impl Iterator<Item = Sequence> + '_ {
        let (one, many) = match &self.members {
            StoryMembers::One(one) if one.contributes => (Some(one.sequence()), None),
            StoryMembers::Many(many) => (None, Some(many.newest_contributors(most))),
            _ => (None, None),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// The sums that make up the centroid, if two members or more contribute.
    pub(super) fn centroid<M: MemberLookup>(
        &self,
        members: &M,
        centroid_members: usize,
    ) -> Option<Cow<'_, Sums>> {
        match self.contributors() {
            Contributors::None | Contributors::One(_) => None,
            Contributors::Few(few) => {
                let newest = few.newest_contributors(centroid_members);
                Some(Cow::Owned(members::sums_of(newest, members)))
            }
            Contributors::Many(sums) => Some(Cow::Borrowed(sums)),
        }
    }

    /// The number of members that stand (are not withdrawn). Redeliveries are not counted, except
    /// that the size is 1 if all of these members are redeliveries.
    pub(super) fn size(&self) -> u32 {
        let stands = self.lead().is_some_and(Rank::stands);
        match &self.members {
            StoryMembers::Many(many) => many.standing.max(u32::from(stands)),
            _ => u32::from(stands),
        }
    }

    pub(super) fn publishers(&self) -> u32 {
        match &self.members {
            StoryMembers::Many(many) => many.families.len().max(1) as u32,
            _ => 1,
        }
    }

    /// The provider families of its root articles.
    pub(super) fn families(&self) -> impl Iterator<Item = u64> + '_ {
        let (one, many) = match &self.members {
            StoryMembers::None => (None, None),
            StoryMembers::One(one) => (one.family, None),
            StoryMembers::Many(many) => {
                (None, Some(many.families.iter().map(|(family, _)| *family)))
            }
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    fn lead(&self) -> Option<Rank> {
        match &self.members {
            StoryMembers::None => None,
            StoryMembers::One(one) => Some(one.rank),
            StoryMembers::Many(many) => many.ranks.last().copied(),
        }
    }

    /// The tables of its members. Creates them if there are none yet.
    fn tables(&mut self) -> &mut MemberTables {
        let tables = match std::mem::replace(&mut self.members, StoryMembers::None) {
            StoryMembers::None => Box::default(),
            StoryMembers::One(one) => Box::new(MemberTables::of(one)),
            StoryMembers::Many(many) => many,
        };
        self.members = StoryMembers::Many(tables);
        match &mut self.members {
            StoryMembers::Many(many) => many,
            _ => unreachable!("the tables were created above"),
        }
    }

    /// Adds a member that arrived after all others.
    pub(super) fn add(
        &mut self,
        new: Member<'_>,
        order: &LeadOrder,
        members: &impl MemberLookup,
        centroid_members: usize,
    ) {
        if new.kind != Kind::Redelivery {
            self.last_seen = self.last_seen.max(new.arrived);
        }
        match self.members {
            StoryMembers::None => {
                self.members = StoryMembers::One(CountedMember::new(new, order));
            }
            _ => self.tables().add(new, order, members, centroid_members),
        }
        self.record.rise.add(new.kind, new.arrived);
        self.update_peak();
    }

    /// Removes the earliest member.
    pub(super) fn remove(&mut self, old: Member<'_>, order: &LeadOrder, centroid_members: usize) {
        match &mut self.members {
            StoryMembers::Many(many) => many.remove(old, order, centroid_members),
            _ => self.members = StoryMembers::None,
        }
    }

    /// Adds all members of another story.
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
        self.tables().absorb(std::mem::take(other.tables()), members, centroid_members);
        self.record.related.extend(other.record.related);
        self.record.related.sort_unstable();
        self.record.related.dedup();
        self.record.add_links(&other.record.links);
        self.record.rise = self.record.rise.plus(other.record.rise);
        self.record.tags.absorb(&other.record.tags);
        self.absorbed.extend(other.absorbed);
        self.absorbed.push(id);
        self.update_peak();
    }

    /// Updates the counts after the validity of a member changed from `before`.
    pub(super) fn change_validity(
        &mut self,
        member: Member<'_>,
        before: Validity,
        order: &LeadOrder,
    ) {
        match &mut self.members {
            StoryMembers::Many(many) => {
                many.uncount(CountedMember::new(Member { standing: before, ..member }, order));
                many.count(CountedMember::new(member, order));
            }
            _ => self.members = StoryMembers::One(CountedMember::new(member, order)),
        }
    }

    /// Replaces the record with one that was read. If the record does not contain the growth, keeps
    /// the growth computed from the live members.
    pub(super) fn restore_record(&mut self, record: LifeRecord) {
        let derived = std::mem::replace(&mut self.record, record).rise;
        if self.record.rise.is_zero() {
            self.record.rise = derived;
        }
    }

    fn update_peak(&mut self) {
        let Peak { size, publishers } = self.record.peak;
        self.record.peak =
            Peak { size: size.max(self.size()), publishers: publishers.max(self.publishers()) };
    }

    /// Recomputes the length of the centroid after the member at `by` was added or removed. If the
    /// centroid is long, this is done only for members whose sequence is divisible by 16.
    pub(super) fn measure(&mut self, by: Sequence, scale: Scale<'_>, members: &impl MemberLookup) {
        let long = match self.contributors() {
            Contributors::Many(sums) => sums[Channel::Text as usize].len() > LONG,
            _ => false,
        };
        if !long || by.0.is_multiple_of(16) {
            self.weigh(scale, members);
        }
    }

    /// Recomputes the length of the centroid.
    pub(super) fn weigh(&mut self, scale: Scale<'_>, members: &impl MemberLookup) {
        let Scale { frequencies, weights, centroid_members } = scale;
        let norms = |sums: Cow<'_, Sums>| score::norms(&sums, frequencies, weights);
        self.record.norms = self.centroid(members, centroid_members).map_or([0.0; 4], norms);
    }

    /// The headline of its lead.
    pub(super) fn headline(&self, members: &impl MemberLookup) -> String {
        let lead = self.lead().and_then(|rank| members.member(rank.sequence()));
        lead.map(|member| member.about.headline.clone()).unwrap_or_default()
    }

    /// The story's published state.
    pub(super) fn summary(&self, id: StoryId, members: &impl MemberLookup) -> Summary {
        let lead = self.lead().and_then(|rank| Some((members.member(rank.sequence())?, rank)));
        Summary {
            id,
            size: self.size(),
            publishers: self.publishers(),
            lead: lead.map(|(m, _)| m.about.key()),
            lead_reason: lead.map_or("", |(m, rank)| lead::reason(m, rank, self.size())).into(),
            headline: lead.map(|(m, _)| m.about.headline.clone()).unwrap_or_default(),
            lead_provider: lead.and_then(|(m, _)| m.about.provider.clone()),
            lead_unique: lead.map(|(m, _)| m.unique),
            lead_sentence: lead.map(|(m, _)| opening_sentence(m.opening)).unwrap_or_default(),
            language: self.record.language,
            first_seen: self.record.opened,
            last_seen: self.last_seen(),
            follows: self.record.follows,
            related: self.record.all_related(),
            links: self.record.links.clone(),
            rise: self.record.rise,
            tags: self.record.tags.clone(),
        }
    }
}

/// The first sentence of a text, as it is kept and published.
pub(crate) fn opening_sentence(text: &str) -> String {
    cut_short(&first_sentence(text), LEAD_SENTENCE_BYTES_MAX).into_owned()
}

/// The last published state of a story that ends, with the highest size and number of publishers
/// that it reached.
pub(super) fn final_summary(
    story: &LiveStory,
    id: StoryId,
    members: &impl MemberLookup,
) -> Summary {
    let Peak { size, publishers } = story.record.peak;
    Summary { size, publishers, ..story.summary(id, members) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{ArticleMetadata, Lang};
    use crate::stories::{LeadChoice, Rise, StoryTags, Terms, Tuning};
    use crate::text::{Clean, words};
    use crate::verdict::UniqueOutcome;
    use proptest::prelude::*;

    /// Articles by sequence; every fifth is a redelivery, the others are originals.
    struct Articles(Vec<(ArticleMetadata, Terms)>);

    impl MemberLookup for Articles {
        fn member(&self, sequence: Sequence) -> Option<Member<'_>> {
            let (about, terms) = self.0.get(sequence.0 as usize)?;
            Some(Member {
                sequence,
                arrived: EventTime(sequence.0 as i64),
                about,
                kind: if sequence.0 % 5 == 4 { Kind::Redelivery } else { Kind::Original },
                root: sequence,
                words: 10,
                terms,
                standing: Validity::Valid,
                opening: "",
                unique: UniqueOutcome::Forwarded,
            })
        }
    }

    fn articles(texts: &[String]) -> Articles {
        let of = |text: &String| {
            let all = words(text, &crate::text::Limits::default());
            let clean = Clean { text: text.clone(), ..Default::default() };
            let settings = Settings {
                tuning: Tuning { opening_words: 2, ..Tuning::default() },
                ..Settings::default()
            };
            let about = ArticleMetadata {
                provider: Some(text[..1].to_owned()),
                ..ArticleMetadata::default()
            };
            (about, Terms::of("", &clean, &all, Lang::parse("en"), &settings))
        };
        Articles(texts.iter().map(of).collect())
    }

    const CHOICES: [LeadChoice; 4] =
        [LeadChoice::Fullest, LeadChoice::First, LeadChoice::Newest, LeadChoice::Longest];

    fn story() -> LiveStory {
        LiveStory::new(LifeRecord {
            opened: EventTime(0),
            language: None,
            follows: None,
            related: Vec::new(),
            doubts: Vec::new(),
            changed: None,
            peak: Peak::default(),
            norms: [0.0; 4],
            near_miss: false,
            rise: Rise::default(),
            tags: StoryTags::default(),
            links: Vec::new(),
        })
    }

    #[test]
    fn a_record_without_growth_gets_that_of_the_members() {
        let all = articles(&["b c".into(), "c d".into()]);
        let (order, mut own) = (LeadOrder::default(), story());
        for at in 0..2 {
            own.add(all.member(Sequence(at)).unwrap(), &order, &all, 9);
        }
        let derived = own.record.rise;
        own.restore_record(story().record);
        assert_eq!((own.record.rise, own.record.peak), (derived, Peak::default()));
        let mut other = Rise::default();
        other.add(Kind::Original, EventTime(9));
        own.restore_record(LifeRecord { rise: other, ..story().record });
        assert_eq!(own.record.rise, other);
    }

    proptest! {
        /// The naive version: a story to which all members are added one by one, in order.
        #[test]
        fn a_merged_story_equals_a_story_of_all_members(
            texts in prop::collection::vec("[b-k]( [b-k]){0,6}", 1..40),
            with in prop::collection::vec(0u8..4, 40),
            leave in 0usize..40,
            newest in 1usize..12,
            choice in prop::sample::select(CHOICES.to_vec()),
        ) {
            let order = LeadOrder { choice, ..LeadOrder::default() };
            let all = articles(&texts);
            let (mut own, mut other, mut whole) = (story(), story(), story());
            for (at, with) in with.iter().enumerate().take(texts.len()) {
                let new = all.member(Sequence(at as u64)).unwrap();
                if *with == 0 { &mut other } else { &mut own }.add(new, &order, &all, newest);
                whole.add(new, &order, &all, newest);
            }
            own.absorb(other, StoryId::new(7), &all, newest);
            prop_assert!(own.members().eq(whole.members()));
            prop_assert_eq!(own.centroid(&all, newest), whole.centroid(&all, newest));
            for at in 0..leave.min(texts.len()) {
                own.remove(all.member(Sequence(at as u64)).unwrap(), &order, newest);
            }
            let mut rest = story();
            for at in leave.min(texts.len())..texts.len() {
                rest.add(all.member(Sequence(at as u64)).unwrap(), &order, &all, newest);
            }
            prop_assert_eq!(
                own.centroid(&all, newest),
                rest.centroid(&all, newest),
                "an expired member leaves nothing behind"
            );
            prop_assert_eq!((own.publishers(), own.lead()), (rest.publishers(), rest.lead()));
            prop_assert_eq!((own.size(), own.len()), (rest.size(), rest.len()));
            let left = leave.min(texts.len())..texts.len();
            let articles = left.clone().filter(|at| at % 5 != 4).count();
            prop_assert_eq!(own.size() as usize, articles.max(left.len().min(1)));
            prop_assert_eq!(own.is_single(), articles <= 1);
        }
    }
}
