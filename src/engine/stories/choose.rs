//! Decides which story an article belongs to.
//!
//! In: an article with its terms. Out: a [`Decision`], which contains the story that the article
//! joins, if any, and the scores of the stories close to it. Every decision is taken by
//! [`Stories::choose`]: when an article arrives, when a story of one article gets a second look,
//! and when `/match` or `explain` predict what would happen. All three apply the same rules, except
//! that a second look uses the threshold `join_again` instead of `join` and ignores shared text.
//!
//! The threshold rises with the score of the second-best story, the rival. If an article resembles
//! both, then what it shares with the best story may be no more than the topic that the two stories
//! have in common. This is a local rule: nothing depends on how many stories are live.
//!
//! Cost: the postings are read up to `postings_max` entries per channel, and at most `stories_max`
//! stories are scored exactly.

use super::assign::Stories;
use super::frequencies::Weights;
use super::live::LiveStory;
use super::members::{Contributors, MemberTables};
use super::score::{self, ArticleMatch, Query, StoryScore};
use super::{Member, MemberLookup, Settings, StoryId};
use crate::article::Sequence;

/// Articles whose rough score is below this share of the best are ignored.
const NEAR_CUT: f32 = 0.25;

/// Which story an article belongs to.
#[derive(Debug)]
pub(super) struct Decision {
    /// The story that the article joins; `None` if it belongs to a story of its own.
    pub(super) story: Option<StoryId>,
    /// The score by which it joins; `None` if it joins by its text or joins no story.
    pub(super) score: Option<f64>,
    /// The lowest score with which it would have joined the best story.
    pub(super) threshold: f64,
    /// The stories close to the article, best first.
    pub(super) near: Vec<StoryScore>,
}

impl Decision {
    /// The second-best story, if the article joins the best one by its score, and its score with
    /// the second-best story is at least `doubt`.
    pub(super) fn rival(&self, doubt: f64) -> Option<StoryId> {
        let second = self.near.get(1).filter(|second| second.score >= doubt)?;
        self.score.map(|_| second.story)
    }
}

/// The articles of one story that the postings found.
struct NearStory {
    story: StoryId,
    /// The highest rough score of these articles.
    best: f32,
    /// The articles with the highest rough scores, best first.
    members: Vec<Sequence>,
}

impl Stories {
    /// The story of `matched`, an article with which `new` shares text. `None` if `new` is of a
    /// kind that does not join the story of its match.
    pub(super) fn story_by_text(
        &self,
        new: Member<'_>,
        matched: Option<Sequence>,
    ) -> Option<StoryId> {
        matched.filter(|_| new.kind.joins_its_match()).and_then(|m| self.story_of(m))
    }

    /// Decides which story an article joins: `by_text` if there is one, otherwise the best story,
    /// if its score is at least `join` plus a share of the score of the second-best story.
    /// `article.terms` must be the terms that are kept for the article.
    pub(super) fn choose(
        &self,
        article: Member<'_>,
        by_text: Option<StoryId>,
        join: f64,
        weights: &Weights,
        members: &impl MemberLookup,
    ) -> Decision {
        let near = match article.terms.is_empty() {
            true => Vec::new(),
            false => self.score_near(article, weights, members),
        };
        let rival = near.get(1).map_or(0.0, |second| second.score.max(0.0));
        let threshold = join + self.settings.tuning.rival * rival;
        let best = near.first().filter(|best| by_text.is_none() && best.score >= threshold);
        Decision {
            story: by_text.or(best.map(|best| best.story)),
            score: best.map(|best| best.score),
            threshold,
            near,
        }
    }

    /// Scores an article against the stories of the articles close to it, except its own story.
    /// Best score first.
    fn score_near(
        &self,
        article: Member<'_>,
        weights: &Weights,
        members: &impl MemberLookup,
    ) -> Vec<StoryScore> {
        let query = Query::new(article.terms, &self.frequencies, *weights, &self.settings);
        let own = self.story_of(article.sequence);
        let most = self.settings.tuning.postings_max as usize;
        let near = self.postings.near(
            (&query, article.about.language),
            article.sequence,
            self.newest(),
            most,
            NEAR_CUT,
        );
        let other_story = |s| self.story_of(s).filter(|story| Some(*story) != own);
        let mut scored: Vec<StoryScore> = group(near, other_story, &self.settings)
            .iter()
            .filter_map(|near| {
                let story = self.live.get(&near.story)?;
                score_of(article, &query, near, story, members, &self.settings)
            })
            .collect();
        // Stable, so that a tie does not depend on the ids of the stories.
        scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        scored
    }
}

/// Groups articles by story, best story first, and keeps only the best articles of each. Stories
/// whose rough score is below half of the best are left out.
fn group(
    near: Vec<(Sequence, f32)>,
    story_of: impl Fn(Sequence) -> Option<StoryId>,
    settings: &Settings,
) -> Vec<NearStory> {
    let mut all: Vec<(StoryId, f32, Sequence)> =
        near.into_iter().filter_map(|(s, score)| Some((story_of(s)?, score, s))).collect();
    let best = all.iter().map(|(_, score, _)| *score).fold(0.0, f32::max);
    let mut kept: Vec<StoryId> = all.iter().filter(|a| a.1 >= best / 2.0).map(|a| a.0).collect();
    kept.sort_unstable();
    all.retain(|a| kept.binary_search(&a.0).is_ok());
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2)));
    let most = settings.tuning.members_scored as usize;
    let mut stories: Vec<NearStory> = all
        .chunk_by(|a, b| a.0 == b.0)
        .map(|same| NearStory {
            story: same[0].0,
            best: same[0].1,
            members: same.iter().take(most).map(|s| s.2).collect(),
        })
        .collect();
    stories.sort_unstable_by(|a, b| b.best.total_cmp(&a.best).then(a.members.cmp(&b.members)));
    stories.truncate(settings.tuning.stories_max as usize);
    stories
}

/// The score of an article with a story; `None` if one of the nearest members is a twin of the
/// article: a text from the same template about another occasion.
fn score_of(
    new: Member<'_>,
    query: &Query<'_>,
    near: &NearStory,
    story: &LiveStory,
    members: &impl MemberLookup,
    settings: &Settings,
) -> Option<StoryScore> {
    let nearest: Vec<Member<'_>> = near.members.iter().filter_map(|s| members.member(*s)).collect();
    let (mut by_members, mut narrow) = (0.0, 0.0);
    for member in &nearest {
        let ArticleMatch { cosines, breadth } = query.article(member.terms);
        if score::twins(cosines, [new.kind, member.kind], settings) {
            return None;
        }
        by_members += score::mean(cosines, settings) / nearest.len() as f64;
        narrow += query.narrowness(member.terms, breadth, settings) / nearest.len() as f64;
    }
    let norms = story.record.norms;
    let terms_of = |few: &MemberTables| {
        let newest = few.newest_contributors(settings.tuning.centroid_members as usize);
        let terms = newest.filter_map(|s| members.member(s)).map(|m| m.terms);
        query.all(terms, norms)
    };
    let centroid = match story.contributors() {
        Contributors::None | Contributors::One(_) => None,
        Contributors::Few(few) => Some(terms_of(few)),
        Contributors::Many(sums) => Some(query.sum(sums, norms)),
    };
    let by_centroid = centroid.map_or(by_members, |cosines| score::mean(cosines, settings));
    let time = nearest
        .iter()
        .map(|m| score::time_factor(new.about.claimed, m.about.claimed, settings))
        .fold(0.0, f64::max);
    let lexical =
        settings.tuning.centroid * by_centroid + (1.0 - settings.tuning.centroid) * by_members;
    let toll = score::size_toll(story.size(), settings) + settings.tuning.narrow * narrow;
    Some(StoryScore { story: near.story, score: lexical * time - toll, timeless: lexical - toll })
}
