//! The engine of Wirefold: a pure state machine over news articles. Articles and times go in; events
//! and state records come out.
//!
//! ```text
//! bytes -> decode -> text -> fingerprint -> Prepared                          stateless, in parallel
//! Prepared -> candidates -> verdict -> stories -> events and record changes   one writer
//! ```
//!
//! Nothing in this package waits, reads a clock, logs or draws random numbers. The same input in the
//! same order gives the same bytes.

pub mod article;
pub mod boilerplate;
pub mod candidates;
pub mod decode;
pub mod event;
pub mod fingerprint;
pub mod prepare;
pub mod state;
pub mod stories;
pub mod text;
pub mod verdict;

use article::Span;
use serde::{Deserialize, Serialize};

/// The version of the engine's decisions, carried by every event: it changes when the same input
/// may give another verdict.
pub const CORE: &str = "1.0.0";

/// Everything that shapes the engine's decisions. Its hash is in every event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How long an article stays live, in engine time after its arrival; an idle story closes
    /// after the same time.
    pub window: Span,
    /// How long the identity of an article (uri, version, slug, hashes) outlives the window.
    pub identity: Span,
    /// How many identities may outlive the window; the oldest go early beyond it.
    pub identities_max: u32,
    /// How many articles may be live; the oldest leave early beyond it.
    pub live_articles_max: u32,
    /// How many articles may be found by one slug, and notices that wait by one name; the oldest are
    /// found by it no more beyond that, and a kill says how many of them it did not look at.
    pub bearers_max: u32,
    /// How many versions of a withdrawn article are searched for in others, the newest first; the
    /// event says how many were not.
    pub versions_searched_max: u32,
    /// How many articles may wait for the end of their embargo; one more is never passed on.
    pub embargoed_max: u32,
    /// How far behind the engine's clock a publication time may lie before the article is `late`.
    pub late_after: Span,
    /// How far ahead of its record's timestamp the time that an article claims may lie before the
    /// article is flagged `early`. It never moves the engine's clock.
    pub future_tolerance: Span,
    /// Decoding.
    pub wire: decode::Settings,
    /// Cleaning and words.
    pub text: text::Settings,
    /// Fingerprints.
    pub fingerprint: fingerprint::Settings,
    /// The index of the window.
    pub index: candidates::Settings,
    /// Verification and kinds.
    pub relation: verdict::Settings,
    /// Stories.
    pub story: stories::Settings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: Span::hours(120),
            identity: Span::hours(24 * 30),
            identities_max: 4_000_000,
            live_articles_max: 4_000_000,
            bearers_max: 64,
            versions_searched_max: 16,
            embargoed_max: 10_000,
            late_after: Span::hours(1),
            future_tolerance: Span::minutes(10),
            wire: decode::Settings::default(),
            text: text::Settings::default(),
            fingerprint: fingerprint::Settings::default(),
            index: candidates::Settings::default(),
            relation: verdict::Settings::default(),
            story: stories::Settings::default(),
        }
    }
}
