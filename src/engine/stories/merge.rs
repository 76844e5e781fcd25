//! Second thoughts: stories that articles cannot tell apart, and stories that stayed alone.
//!
//! A merge is decided by the two centroids, never by one article; articles only raise the doubt. It
//! costs as many steps as the smaller story has members, once. A second look is given to stories that
//! wavered alone: what came near no other article, and no other near it, has come no nearer since.

use super::assign::Stories;
use super::frequencies::Weights;
use super::live::{LiveStory, Scale, StoryProviders};
use super::many::counted;
use super::score;
use super::terms::Channel;
use super::{MemberLookup, StoryId, StoryStep};
use crate::article::{EventTime, Sequence};
use std::borrow::Cow;
use std::cmp::Reverse;

/// The most stories that a story's doubts name.
const DOUBTS_MAX: usize = 8;
/// Doubts from which two stories are compared.
const DOUBTS: u8 = 2;

impl Stories {
    /// An article hesitates between two stories: merges them once their centroids agree. Where none
    /// can agree that far nothing is noted.
    pub(super) fn doubt(
        &mut self,
        a: StoryId,
        b: StoryId,
        weights: &Weights,
        now: EventTime,
        members: &impl MemberLookup,
    ) -> Option<StoryStep> {
        let bar = self.settings.merge_among(self.len());
        if bar >= 1.0 {
            return None;
        }
        let (keeper, other) = (a.min(b), a.max(b));
        let count = self.live.get_mut(&keeper)?.record.doubts.change(|doubts| {
            let count = match doubts.iter().position(|(story, _)| *story == other) {
                Some(at) => doubts.remove(at).1.saturating_add(1),
                None => 1,
            };
            doubts.push((other, count));
            if doubts.len() > DOUBTS_MAX {
                doubts.remove(0);
            }
            count
        });
        self.changed.push(keeper);
        if count < DOUBTS {
            return None;
        }
        let (x, y) = (self.live.get(&a)?, self.live.get(&b)?);
        let small = x.size().min(y.size()).clamp(1, 10);
        let bar = bar + self.settings.merge_size * (1.0 - 1.0 / f64::from(small));
        let agreement = self.agreement(x, y, weights, members);
        (agreement >= bar).then(|| self.merge(a, b, agreement, now, members)).flatten()
    }

    /// The cosine of two stories' centroids, by their text.
    fn agreement(
        &self,
        a: &LiveStory,
        b: &LiveStory,
        weights: &Weights,
        members: &impl MemberLookup,
    ) -> f64 {
        let most = self.settings.centroid_members as usize;
        let text = |story: &LiveStory| -> Vec<(u32, u32)> {
            let only = match story.voices() {
                StoryProviders::One(only) => members.member(only),
                _ => None,
            };
            match only {
                Some(only) => only.terms.channel(Channel::Text).map(counted).collect(),
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

    /// Merges two stories: the larger goes on, or else the older.
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
        let gone = self.live.remove(&absorbed)?;
        for sequence in gone.members() {
            if let Some(of) = self.of.get_mut((sequence.0 - self.first) as usize) {
                *of = Some(survivor);
            }
        }
        self.changed.push(absorbed);
        self.absorbed.insert(absorbed, survivor);
        let own = self.live.get_mut(&survivor)?;
        own.absorb(*gone, absorbed, members, self.settings.centroid_members as usize);
        own.record.doubts.change(|doubts| doubts.retain(|(story, _)| *story != absorbed));
        let weights = self.frequencies.weights(own.record.language);
        let scale = Scale::new(&self.frequencies, &weights, &self.settings);
        own.weigh(scale, members);
        self.stir(survivor, now);
        Some(StoryStep::Merged { survivor, absorbed, score })
    }

    /// Scores a story that is still of one article once more, if it wavered, and lets another take it in.
    pub(super) fn look_again(
        &mut self,
        sequence: Sequence,
        clock: EventTime,
        members: &impl MemberLookup,
    ) -> Option<StoryStep> {
        let story = self.story_of(sequence)?;
        let member = members.member(sequence).filter(|member| self.is_looked_at(*member))?;
        let weights = self.frequencies.weights(member.about.language);
        let best = *self.scored(member, &weights, members).first()?;
        let joins = best.score >= self.settings.join_again_among(self.len());
        joins.then(|| self.merge(story, best.story, best.score, clock, members)).flatten()
    }
}
