//! The settings and tuning constants of stories.
//!
//! The defaults are the same for every feed. They were chosen by a random search over four labelled
//! English corpora, then improved one step at a time, finally on mixes of these corpora with a
//! business wire. Of the gain measured on one half of a corpus, two thirds remained on the other
//! half. No setting depends on the number of live stories: whether an article may join a story
//! depends on that story and on the second-best one.

use super::postings::LIVE_MAX;
use crate::article::Span;
use crate::verdict::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Thresholds for grouping articles into stories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// An article joins the story with the highest score, if that score is at least this plus three
    /// tenths of the second-highest score. Lower: fewer split stories. Higher: fewer unrelated
    /// articles in one story.
    pub join: Ratio,
    /// A story with a single article is scored once more after further articles have arrived, and
    /// is merged into another story if its score is at least this plus three tenths of the
    /// second-highest score.
    pub join_again: Ratio,
    /// Which article leads a story: the `fullest` report, the `first` article, the `newest` or the
    /// `longest`. Articles that are still valid come first, then those of preferred publishers.
    pub lead: LeadChoice,
    /// Which publishers a story counts: those of its articles (`own_language`), or also those of
    /// the stories in other languages that are linked to it (`all_languages`).
    pub count_publishers: PublisherCount,
    /// Constants that only tests and benchmarks change.
    #[serde(skip)]
    pub tuning: Tuning,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            join: Ratio::constant(0.22),
            join_again: Ratio::constant(0.15),
            lead: LeadChoice::Fullest,
            count_publishers: PublisherCount::OwnLanguage,
            tuning: Tuning::default(),
        }
    }
}

/// Which article leads a story.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LeadChoice {
    /// A report in its own right comes before copies, alerts and pictures; among equals, the
    /// article with clearly more words comes first.
    #[default]
    Fullest,
    /// The article that arrived first.
    First,
    /// The article that arrived last.
    Newest,
    /// The article with the most words.
    Longest,
}

/// Which publishers a story counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublisherCount {
    /// The publishers of its articles.
    #[default]
    OwnLanguage,
    /// Also the publishers of the stories in other languages that are linked to it.
    AllLanguages,
}

/// Constants of the scores. `benches/README.md` says how they were measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// The share of the second-best story's score that is added to the thresholds `join` and
    /// `join_again`.
    pub rival: f64,
    /// An article that joins the best story also fits the second-best story if its score there is
    /// at least this. This is a reason to merge the two stories.
    pub doubt: f64,
    /// Two stories merge if their centroids are at least this similar (cosine) and at least two
    /// articles were close to both.
    pub merge: f64,
    /// The largest amount added to the `merge` threshold. The amount approaches this value as the
    /// smaller of the two stories grows.
    pub merge_size: f64,
    /// The weights of titles, text, names and openings.
    pub channels: [f64; 4],
    /// The cosine assumed for a missing title, as a share of the mean of the other channels.
    pub untitled: f64,
    /// Two texts with at least this cosine come from one template if one of the articles is of the
    /// kind `recurring` or if the names in the texts differ.
    pub template: f64,
    /// Names differ if their cosine is less than this factor times the cosine of the texts.
    pub template_names: f64,
    /// The weight of the centroid in a score. The nearest members together have the remaining
    /// weight.
    pub centroid: f64,
    /// The largest share of a score that the time factor can remove.
    pub time: f64,
    /// The time between two articles at which the time factor removes 39 % of that share: the
    /// standard deviation of a Gaussian.
    pub time_sigma: Span,
    /// The toll, which is subtracted from the score of a story of `n` articles, is this times
    /// `1 - 1/n`.
    pub size: f64,
    /// The number of articles in a story from which on the toll no longer grows.
    pub size_full: u32,
    /// The largest amount subtracted from the score of an article that shares only a few terms with
    /// the nearest members.
    pub narrow: f64,
    /// The number of equally heavy shared terms above which nothing is subtracted.
    pub broad: f64,
    /// Nothing is subtracted if the shared terms make up at least this share of the terms of the
    /// shorter text, even if they are fewer than `broad`.
    pub broad_share: f64,
    /// A story with a single article and a near miss gets a second look after this many further
    /// articles in its language. A near miss: its article almost joined another story, or another
    /// article almost joined this one.
    pub look_again_articles: u32,
    /// The engine time after which such a story gets its second look, even if fewer articles
    /// arrived.
    pub look_again_after: Span,
    /// Maximum number of postings read for one article and channel.
    pub postings_max: u32,
    /// Maximum number of stories scored for one article.
    pub stories_max: u32,
    /// Maximum number of members scored in one story.
    pub members_scored: u32,
    /// The number of newest members that form a story's centroid.
    pub centroid_members: u32,
    /// Maximum number of terms kept for title, text and names.
    pub terms_max: [u32; 3],
    /// How many of these terms, the heaviest ones, are used to list an article and to find it.
    pub terms_listed: [u32; 3],
    /// Minimum cosine of universal terms for linking two stories in different languages that share
    /// at least three of these terms.
    pub link: f32,
    /// Minimum cosine for linking two stories that share only two universal terms.
    pub link_by_two: f32,
    /// Minimum cosine for keeping an existing link.
    pub link_kept: f32,
    /// Maximum number of linked stories in one language.
    pub links_max: u32,
    /// A story is newly linked only if its last article is at most this much older than the new
    /// article.
    pub link_within: Span,
    /// The number of words of the body whose universal terms are read.
    pub universal_words: u32,
    /// Maximum number of universal terms that are kept for an article.
    pub universal_max: u32,
    /// The number of words of the body that are read.
    pub body_words: u32,
    /// The number of words at the start of the body that count twice.
    pub lead_words: u32,
    /// The number of words at the start of the body that form the opening, together with the
    /// headline.
    pub opening_words: u32,
    /// The engine time after which the term frequency counts are halved.
    pub memory: Span,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            rival: 0.3,
            doubt: 0.2,
            merge: 0.5,
            merge_size: 0.05,
            channels: [0.2, 0.6, 0.28, 0.2],
            untitled: 0.4,
            template: 0.2,
            template_names: 0.35,
            centroid: 0.6,
            time: 0.38,
            time_sigma: Span::hours(38),
            size: 0.055,
            size_full: 20,
            narrow: 0.1,
            broad: 12.0,
            broad_share: 0.25,
            look_again_articles: 80,
            look_again_after: Span::hours(30),
            postings_max: 256,
            stories_max: 3,
            members_scored: 3,
            centroid_members: 1_000,
            terms_max: [40, 100, 48],
            terms_listed: [8, 32, 16],
            link: 0.15,
            link_by_two: 0.2,
            link_kept: 0.11,
            links_max: 3,
            link_within: Span::hours(72),
            universal_words: 240,
            universal_max: 24,
            body_words: 600,
            lead_words: 60,
            opening_words: 90,
            memory: Span::hours(24 * 30),
        }
    }
}

impl Settings {
    /// The number of live articles must stay below this limit.
    pub const LIVE_MAX: u32 = LIVE_MAX;
}
