//! What stories are tuned by.
//!
//! The defaults are one set for every feed. They were found by two random searches of 400 and 300
//! settings over four labelled English corpora (US politics, look-alike incidents, twin events without
//! dates or titles, world events without dates), cold start, means over shuffles, scored on halves in
//! time or by topic, and then by hand on the whole. M is the mean of pairwise and B-cubed F1 over the
//! four; differences under .004 are noise.
//!
//! | what | M |
//! |---|---|
//! | these defaults | .848 |
//! | stop words kept | .838 |
//! | names weigh .15 in place of .45 | .827 |
//! | `join` .17 / .21 | .841 / .841 |
//! | `centroid` .3 to .5 | .846 to .848 |
//! | `members_scored` 2 / 8 | .842 / .844 |
//! | weights `idf` or `idf^1.8` in place of `idf^1.2` | .835 / .833 |
//! | 100,000 postings read in place of 1,000 | no change |
//!
//! What did not help: a centroid cut to its 100 to 384 heaviest terms (.001); a bonus for a story of
//! which the article shares a passage (-.003 to .001); the mean of the members' time factors in place
//! of the nearest one's (.000); capitalised words left out where a sentence begins (.000); more or
//! fewer words that count twice (.002).

use super::postings::LIVE_MAX;
use crate::engine::article::Span;
use serde::{Deserialize, Serialize};

/// Story settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Score from which an article joins a story.
    pub join: f64,
    /// Score from which an article that joined one story counts as a doubt about another.
    pub doubt: f64,
    /// Cosine of two centroids from which two stories are merged, after two doubts.
    pub merge: f64,
    /// What is added to `merge` for large stories.
    pub merge_size: f64,
    /// What titles, text and names weigh.
    pub channels: [f64; 3],
    /// The share of the centroid in a score; the nearest members have the rest.
    pub centroid: f64,
    /// The share of a score that time alone can take.
    pub time: f64,
    /// The time between two articles that takes two fifths of that share.
    pub time_sigma: Span,
    /// What the score of a large story is lessened by.
    pub size: f64,
    /// The size from which a story counts as large.
    pub size_full: u32,
    /// Articles after which a story of one article is looked at again.
    pub look_again_articles: u32,
    /// Engine time after which it is.
    pub look_again_after: Span,
    /// The most entries of postings that are read for one article and channel.
    pub postings_max: u32,
    /// The most stories that are scored for one article.
    pub stories_max: u32,
    /// The most members that are scored in one story.
    pub members_scored: u32,
    /// The newest members that make a story's centroid.
    pub centroid_members: u32,
    /// Terms that are kept of titles, text and names.
    pub terms_max: [u32; 3],
    /// Words of the body that are read.
    pub body_words: u32,
    /// Words of the body that count twice.
    pub lead_words: u32,
    /// Engine time in which the memory of frequencies fades to a half.
    pub memory: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            join: 0.185,
            doubt: 0.19,
            merge: 0.42,
            merge_size: 0.05,
            channels: [0.15, 0.55, 0.45],
            centroid: 0.4,
            time: 0.38,
            time_sigma: Span::hours(40),
            size: 0.09,
            size_full: 20,
            look_again_articles: 50,
            look_again_after: Span::hours(30),
            postings_max: 1_000,
            stories_max: 16,
            members_scored: 4,
            centroid_members: 1_000,
            terms_max: [40, 100, 60],
            body_words: 600,
            lead_words: 120,
            memory: Span::hours(24 * 30),
        }
    }
}

impl Settings {
    /// The most articles that may be live.
    pub const LIVE_MAX: u32 = LIVE_MAX;
}
