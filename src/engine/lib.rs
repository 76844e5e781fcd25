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

/// Version of the engine's decisions, carried by every event. It changes whenever the same input
/// may produce a different verdict.
pub const ENGINE_VERSION: &str = "1.1.0";

/// The engine's settings. A hash of them is in every event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an article stays live after it arrived, in engine time: only live articles are
    /// compared with new ones. A story without new articles closes after the same time.
    pub window: Span,
    /// How long the identity of an article (uri, version, slug, hashes) is remembered. A correction
    /// or kill of an article that has left the window still finds its identity.
    pub identity: Span,
    /// The most live articles; beyond it, the oldest leave early. A million live articles take
    /// about 8 GB of memory.
    pub live_articles_max: NonZeroU32,
    /// An article that arrives longer than this after its publication time is flagged `late`.
    pub late_after: Span,
    /// Publishers whose articles come first, the most preferred first: as the lead of a story, and
    /// as the copy of a text that stays in the unique topic. A name stands for its sections and
    /// hosts too.
    #[schemars(with = "Vec<String>")]
    pub preferred_publishers: PreferredPublishers,
    /// Decoding of input records.
    pub decode: decode::Settings,
    /// What an article is: thresholds of the verdicts.
    pub verdict: verdict::Settings,
    /// Which articles form a story: thresholds of the scores.
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
    /// The most identities of articles that have left the window; beyond it, the oldest are
    /// forgotten early.
    pub identities_max: u32,
    /// The most articles indexed per slug, and pending notices per name. Beyond it, the oldest are
    /// dropped from the index, and a kill reports how many of them were not searched.
    pub bearers_max: u32,
    /// How many versions of a withdrawn article are searched for in others, newest first. The event
    /// reports how many were not.
    pub versions_searched_max: u32,
    /// The most carriers that a kill or correction names, oldest first; the others are counted. A
    /// text is carried by hundreds in practice.
    pub carriers_max: u32,
    /// The most articles that wait for the end of their embargo. One more is never forwarded.
    pub embargoed_max: u32,
    /// An article whose claimed time is further than this ahead of its record's timestamp is
    /// flagged `early`. The claimed time never moves the engine's clock.
    pub future_tolerance: Span,
    /// Cleaning and words.
    pub text: text::Limits,
    /// Fingerprints.
    pub fingerprint: fingerprint::Limits,
    /// The index of live articles.
    pub candidates: candidates::Limits,
    /// Learned boilerplate.
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
