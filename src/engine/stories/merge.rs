//! Merges stories that are too similar to keep apart, and gives stories with a single article a
//! second look.
//!
//! One article never merges two stories. If an article fits two stories, this only counts as a
//! *doubt* that they are different; after [`DOUBTS`] doubts, the centroids of the stories decide. A
//! merge takes time proportional to the number of members of the smaller story. Only stories with a
//! near miss get a second look: see [`Stories::is_looked_at`].

use super::assign::Stories;
use super::frequencies::Weights;
use super::live::{LiveStory, Scale};
use super::members::{Contributors, counts};
use super::score;
use super::terms::Channel;
use super::{MemberLookup, StoryId, StoryStep, Tuning};
use crate::article::{EventTime, Sequence};
use std::borrow::Cow;
use std::cmp::Reverse;

/// Maximum number of other stories for which a story counts doubts. When there are more, the oldest
/// count is dropped.
const DOUBTS_MAX: usize = 8;

/// The number of doubts at which the centroids of two stories are compared.
const DOUBTS: u8 = 2;

impl Stories {
    /// Records that an article fits two stories, and merges the stories if there have been enough
    /// such doubts and the centroids are similar.
    pub(super) fn doubt(
        &mut self,
        a: StoryId,
        b: StoryId,
        weights: &Weights,
        now: EventTime,
        members: &impl MemberLookup,
    ) -> Option<StoryStep> {
        let (keeper, other) = (a.min(b), a.max(b));
        let doubts = &mut self.live.get_mut(&keeper)?.record.doubts;
        let count = match doubts.iter().position(|(story, _)| *story == other) {
            Some(at) => doubts.remove(at).1.saturating_add(1),
            None => 1,
        };
        doubts.push((other, count));
        if doubts.len() > DOUBTS_MAX {
            doubts.remove(0);
        }
        self.changed.push(keeper);
        if count < DOUBTS {
            return None;
        }
        let (x, y) = (self.live.get(&a)?, self.live.get(&b)?);
        let small = x.size().min(y.size()).clamp(1, 10);
        let Tuning { merge, merge_size, .. } = self.settings.tuning;
        let bar = merge + merge_size * (1.0 - 1.0 / f64::from(small));
        let agreement = self.agreement(x, y, weights, members);
        (agreement >= bar).then(|| self.merge(a, b, agreement, now, members)).flatten()
    }

    /// The cosine of the centroids of two stories in the text channel.
    fn agreement(
        &self,
        a: &LiveStory,
        b: &LiveStory,
        weights: &Weights,
        members: &impl MemberLookup,
    ) -> f64 {
        let most = self.settings.tuning.centroid_members as usize;
        let text = |story: &LiveStory| -> Vec<(u32, u32)> {
            let only = match story.contributors() {
                Contributors::One(only) => members.member(only),
                _ => None,
            };
            match only {
                Some(only) => counts(only.terms.channel(Channel::Text)).collect(),
                None => story.centroid(members, most).map_or(Vec::new(), |sums| match sums {
                    Cow::Borrowed(sums) => sums[Channel::Text as usize].clone(),
                    Cow::Owned([_, text, _, _]) => text,
                }),
            }
        };
        let with_norm = |sums: Vec<(u32, u32)>| {
            let all = [Vec::new(), sums, Vec::new(), Vec::new()];
            let norm = score::norms(&all, &self.frequencies, weights)[Channel::Text as usize];
            let [_, sums, _, _] = all;
            (sums, norm)
        };
        let (a, b) = (with_norm(text(a)), with_norm(text(b)));
        score::between((&a.0, a.1), (&b.0, b.1), &self.frequencies, weights)
    }

    /// Merges two stories: the larger one survives, or the older one if both are of the same size.
    fn merge(
        &mut self,
        a: StoryId,
        b: StoryId,
        score: f64,
        now: EventTime,
        members: &impl MemberLookup,
    ) -> Option<StoryStep> {
        let rank = |id: StoryId| {
            let story = self.live.get(&id)?;
            Some((Reverse(story.size()), story.members().next(), id))
        };
        let (survivor, absorbed) = if rank(a)? <= rank(b)? { (a, b) } else { (b, a) };
        let mut gone = self.live.remove(&absorbed)?;
        let absorbed_headline = gone.headline(members);
        self.redirect_links(&mut gone, (absorbed, Some(survivor)), now);
        for sequence in gone.members() {
            if let Some(of) = self.of.get_mut((sequence.0 - self.first) as usize) {
                *of = Some(survivor);
            }
        }
        self.changed.push(absorbed);
        self.absorbed.insert(absorbed, survivor);
        let own = self.live.get_mut(&survivor)?;
        own.absorb(*gone, absorbed, members, self.settings.tuning.centroid_members as usize);
        own.record.doubts.retain(|(story, _)| *story != absorbed);
        let weights = self.frequencies.weights(own.record.language);
        let scale = Scale::new(&self.frequencies, &weights, &self.settings);
        own.weigh(scale, members);
        self.trim_links(survivor, now);
        self.stir(survivor, now);
        Some(StoryStep::Merged { survivor, absorbed, absorbed_headline, score })
    }

    /// Gives the story of an article a second look if that can change anything: scores the article
    /// again, and merges its story with the best other story if that now scores high enough.
    /// Another second look happens only after another near miss.
    pub(super) fn look_again(
        &mut self,
        sequence: Sequence,
        clock: EventTime,
        members: &impl MemberLookup,
    ) -> Option<StoryStep> {
        let story = self.story_of(sequence)?;
        let member = members.member(sequence).filter(|member| self.is_looked_at(*member))?;
        let weights = self.frequencies.weights(member.about.language);
        let join = self.settings.join_again.get();
        let decision = self.choose(member, None, join, &weights, members);
        if let Some(live) = self.live.get_mut(&story) {
            live.record.near_miss = false;
            self.changed.push(story);
        }
        self.merge(story, decision.story?, decision.score?, clock, members)
    }
}
