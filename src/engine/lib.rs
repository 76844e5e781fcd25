//! The Wirefold engine: a pure state machine over news articles. Articles and times go in; events
//! and state records come out.
//!
//! ```text
//! bytes -> decode -> text -> fingerprint -> Prepared                         stateless, parallel
//! Prepared -> candidates -> verdict -> stories -> events and record changes  one writer
//! ```
//!
//! Nothing in this crate waits, reads a clock, logs or draws random numbers. The same input in the
//! same order produces the same bytes.

pub mod article;
pub mod boilerplate;
pub mod candidates;
pub mod decode;
pub mod event;
pub mod fingerprint;
pub mod marks;
pub mod prepare;
pub mod record;
pub mod state;
pub mod stories;
pub mod text;
pub mod verdict;

use article::{PreferredPublishers, Span};
use boilerplate::learned;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Version of the engine's decisions, included in every event. It differs between two releases if
/// the same input may produce different verdicts.
pub const ENGINE_VERSION: &str = "1.1.0";

/// The engine's settings. Every event contains a hash of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an article stays live after it arrived. New articles are compared only with live
    /// ones. A story that gets no new article for this long closes. Time is measured by the
    /// timestamps of the input records and, while none arrive, by the wall clock.
    pub window: Span,
    /// How long the identity of an article (uri, version, slug, hashes) is remembered. A correction
    /// or kill can still identify an article that has left the window.
    pub identity: Span,
    /// Maximum number of live articles. When there are more, the oldest leave the window early. A
    /// million live articles take about 8 GB of memory.
    pub live_articles_max: NonZeroU32,
    /// An article is flagged `late` if it arrives more than this long after its publication time.
    pub late_after: Span,
    /// Preferred publishers, most preferred first. Their articles are preferred as the lead of a
    /// story, and as the copy of a text that stays in the unique topic. A name also covers the
    /// publisher's sections and host names.
    #[schemars(with = "Vec<String>")]
    pub preferred_publishers: PreferredPublishers,
    /// Decoding of input records.
    pub decode: decode::Settings,
    /// Thresholds for the verdict on each article: its kind and its relations to earlier articles.
    pub verdict: verdict::Settings,
    /// Thresholds for the scores that decide which articles form a story.
    pub stories: stories::Settings,
    /// Constants that only tests and benchmarks change.
    #[serde(skip)]
    pub tuning: Tuning,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: Span::hours(120),
            identity: Span::hours(24 * 30),
            live_articles_max: NonZeroU32::new(4_000_000).expect("not zero"),
            late_after: Span::hours(1),
            preferred_publishers: PreferredPublishers::default(),
            decode: decode::Settings::default(),
            verdict: verdict::Settings::default(),
            stories: stories::Settings::default(),
            tuning: Tuning::default(),
        }
    }
}

/// Constants of the engine. They are not in the configuration file; tests and benchmarks change
/// them.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Maximum number of identities of articles that have left the window. When there are more, the
    /// oldest are forgotten early.
    pub identities_max: u32,
    /// Maximum number of articles indexed per slug, and of pending notices per name. When there are
    /// more, the oldest are dropped from the index, and a kill reports how many of them were not
    /// searched.
    pub bearers_max: u32,
    /// Maximum number of versions of a withdrawn article, newest first, whose text is searched for
    /// in other articles. The event reports how many versions were left out.
    pub versions_searched_max: u32,
    /// Maximum number of carriers that a kill or correction names, oldest first; the rest are only
    /// counted. In practice a text has hundreds of carriers.
    pub carriers_max: u32,
    /// Maximum number of articles that wait for the end of their embargo. An embargoed article that
    /// arrives when this many are waiting is never forwarded.
    pub embargoed_max: u32,
    /// An article is flagged `early` if its claimed time is later than its record's timestamp by
    /// more than this. The claimed time never moves the engine's clock.
    pub future_tolerance: Span,
    /// Limits for cleaning text and splitting it into words.
    pub text: text::Limits,
    /// Limits for fingerprints.
    pub fingerprint: fingerprint::Limits,
    /// Limits for the index of live articles.
    pub candidates: candidates::Limits,
    /// Constants for learned boilerplate.
    pub boilerplate: learned::Tuning,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            identities_max: 4_000_000,
            bearers_max: 64,
            versions_searched_max: 16,
            carriers_max: 100_000,
            embargoed_max: 10_000,
            future_tolerance: Span::minutes(10),
            text: text::Limits::default(),
            fingerprint: fingerprint::Limits::default(),
            candidates: candidates::Limits::default(),
            boilerplate: learned::Tuning::default(),
        }
    }
}
