//! The thresholds of the verdicts.

use super::types::{Kind, Ratio};
use crate::article::EventTime;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// Thresholds of the verdicts. `explain` prints the margin of every rule for two articles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Two texts are reprints of each other if each contains at least this share of the other.
    /// Lower: more edited copies count as reprints. Higher: fewer unrelated texts with a common
    /// passage do.
    pub reprint: Ratio,
    /// Replaces `reprint` for two texts whose providers are known to be one publisher. Higher than
    /// `reprint`: a publisher's own articles on a developing story are less often reprints of each
    /// other. Lower: more of its edited copies are.
    pub reprint_same_publisher: Ratio,
    /// A text is an excerpt if an earlier one contains at least this share of it, and an expansion
    /// if it contains at least this share of an earlier one.
    pub contained: Ratio,
    /// A text is a partial copy if an earlier one contains at least this share of it and no other
    /// kind of copy fits. Articles linked by wire marks must share as much.
    pub partial: Ratio,
    /// A text is also a partial copy if it shares a run of at least this many words with an earlier
    /// one.
    pub run_words: NonZeroU32,
    /// A kill or correction that names its article by words alone takes effect only if the match
    /// has at least this confidence. Otherwise it is flagged `needs_review` and an editor decides.
    pub review_below: Ratio,
    /// Which articles are forwarded to the unique topic.
    pub unique: UniqueSettings,
    /// Constants that only tests and benchmarks change.
    #[serde(skip)]
    pub tuning: Tuning,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reprint: Ratio::constant(0.5),
            reprint_same_publisher: Ratio::constant(0.5),
            contained: Ratio::constant(0.9),
            partial: Ratio::constant(0.3),
            run_words: NonZeroU32::new(12).expect("12 is not zero"),
            review_below: Ratio::constant(0.7),
            unique: UniqueSettings::default(),
            tuning: Tuning::default(),
        }
    }
}

/// Which articles are forwarded to the unique topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UniqueSettings {
    /// Kinds that are always forwarded.
    pub always: Vec<Kind>,
    /// Kinds that are forwarded if the article brings enough new words or new figures.
    pub when_novel: Vec<Kind>,
    /// This many new words are enough.
    pub novel_words: u32,
    /// This many new figures are enough.
    pub new_numbers: u32,
    /// What happens to an article under an embargo: `hold` it until the embargo ends, or `pass` it
    /// at once with the embargo in its headers.
    pub embargoed: EmbargoPolicy,
    /// What happens to an article that carries withdrawn or uncorrected text: `hold` it back, or
    /// `pass` it.
    pub carrying: CarrierPolicy,
    /// Which copy of a text stays in the unique topic: the `first` one, the `newest` or the
    /// `longest`. A later copy that would not be forwarded then takes the place of an earlier one,
    /// with the uri of that one in the header `wirefold-replaces`. Preferred publishers come first.
    pub survivor: SurvivorChoice,
}

impl UniqueSettings {
    /// Whether an article under an embargo that ends at `until` is held until then.
    pub fn waits(&self, until: Option<EventTime>, now: EventTime) -> bool {
        self.embargoed == EmbargoPolicy::Hold && until.is_some_and(|until| until > now)
    }
}

impl Default for UniqueSettings {
    fn default() -> Self {
        Self {
            always: vec![
                Kind::Original,
                Kind::Update,
                Kind::Correction,
                Kind::Withdrawal,
                Kind::Recurring,
            ],
            when_novel: vec![Kind::Expansion, Kind::Partial],
            novel_words: 25,
            new_numbers: 1,
            embargoed: EmbargoPolicy::Hold,
            carrying: CarrierPolicy::Hold,
            survivor: SurvivorChoice::First,
        }
    }
}

/// Which copy of a text stays in the unique topic.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SurvivorChoice {
    /// The first one; later copies are not forwarded.
    #[default]
    First,
    /// The one that arrived last.
    Newest,
    /// The one with the most words, the first of several equally long ones.
    Longest,
}

/// What happens to an article under an embargo that would be forwarded to the unique topic.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EmbargoPolicy {
    /// It is held until the engine's clock reaches the end of the embargo.
    #[default]
    Hold,
    /// It is forwarded at once; its headers and events carry the embargo.
    Pass,
}

/// What happens to an article that carries withdrawn or uncorrected text and would be forwarded to
/// the unique topic.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CarrierPolicy {
    /// It is never forwarded.
    #[default]
    Hold,
    /// It is forwarded with a flag.
    Pass,
}

/// Constants of the rules. `benches/README.md` says how they were measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// An excerpt or expansion becomes a reprint if the other containment is at least this share of
    /// the first.
    pub contained_both: f64,
    /// Replaces both thresholds of a reprint after `template_apart_hours`: texts that far apart and
    /// alike are more often a template about another subject.
    pub reprint_apart: f64,
    /// The longest unmatched block of a reprint, as a share of either text.
    pub block: f64,
    /// Replaces `block` if at least `agreed_figures_min` aligned figures all agree and no template
    /// had time to recur.
    pub agreed_block: f64,
    /// Aligned figures from which `agreed_block` applies.
    pub agreed_figures_min: u32,
    /// A gap is not an unmatched block if at least this share of its words agrees in order.
    pub rewritten: f64,
    /// A short shared run is a formula, and makes no partial copy, if this many otherwise unrelated
    /// texts hold it. 0 turns the rule off.
    pub formula_roots: u8,
    /// Plain words from which a template can recur.
    pub template_words_min: u32,
    /// Share of plain words that must agree, both ways, in a recurring template.
    pub template: f64,
    /// The same after `template_apart_hours`.
    pub template_apart: f64,
    /// Hours from which a template is compared more strictly in words and less strictly in figures.
    pub template_apart_hours: i64,
    /// The highest share of kept figures in a recurring template: with three pairs or more; with
    /// two or more changed; far apart, or with two or more changed and no correction.
    pub kept: [f64; 3],
    /// Within this many hours, a text of the same provider with one or two other figures is an
    /// unmarked correction.
    pub unmarked_hours: i64,
    /// The most further relations in a verdict.
    pub also_max: u8,
    /// Texts with fewer words have no novelty.
    pub novelty_words_min: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            contained_both: 0.93,
            reprint_apart: 0.65,
            block: 0.3,
            agreed_block: 0.37,
            agreed_figures_min: 6,
            rewritten: 0.42,
            formula_roots: 3,
            template_words_min: 8,
            template: 0.6,
            template_apart: 0.8,
            template_apart_hours: 20,
            kept: [0.5, 0.34, 0.7],
            unmarked_hours: 24,
            also_max: 8,
            novelty_words_min: 30,
        }
    }
}
