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
    /// Lower: copies with more edits count as reprints, too. Higher: fewer unrelated texts with a
    /// common passage do.
    pub reprint: Ratio,
    /// Replaces `reprint` for two texts whose providers are known to be the same publisher. Higher
    /// than `reprint`: a publisher's own articles on a developing story are less often called
    /// reprints of each other. Lower: more of its edited copies are called reprints.
    pub reprint_same_publisher: Ratio,
    /// A new text is an excerpt if an earlier text contains at least this share of the new one. A
    /// new text is an expansion if it contains at least this share of the earlier one.
    pub contained: Ratio,
    /// A text is a partial copy if an earlier text contains at least this share of it, or it
    /// contains at least this share of an earlier text, and no other kind of copy fits. If an
    /// article is marked as a revision, but neither its uri nor a link leads to an earlier article,
    /// it revises an article with which it shares at least this much. If there is none, it revises
    /// an article by the same provider with the same headline, or with the same slug if both are
    /// about the same subject.
    pub partial: Ratio,
    /// A text is also a partial copy if it shares a run of at least this many words with an earlier
    /// text.
    pub run_words: NonZeroU32,
    /// A notice, such as a kill, that identifies its article only by name or by text takes effect
    /// only if the match has at least this confidence. Otherwise it is flagged `needs_review` and
    /// an editor decides.
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
    /// Kinds that are forwarded if the article contains enough new words or new figures.
    pub when_novel: Vec<Kind>,
    /// The number of new words that is enough to forward an article of the kinds in `when_novel`.
    pub novel_words: u32,
    /// The number of new figures that is enough to forward an article of the kinds in `when_novel`.
    pub new_numbers: u32,
    /// What happens to an article under an embargo: `hold` it until the embargo ends, or `pass` it
    /// on at once, with the embargo in its headers.
    pub embargoed: EmbargoPolicy,
    /// What happens to an article that carries withdrawn or uncorrected text: `hold` it back, or
    /// `pass` it on with a flag.
    pub carrying: CarrierPolicy,
    /// Which copy of a text stays in the unique topic: the `first` one, the `newest` or the
    /// `longest`. With `newest` and `longest`, a later copy that would otherwise not be forwarded
    /// can replace an earlier one; its header `wirefold-replaces` contains the earlier copy's uri.
    /// Whatever the setting, a copy from a publisher that `preferred_publishers` ranks higher
    /// replaces an earlier copy.
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
    /// The one with the most words. Of several equally long copies, the first.
    Longest,
}

/// What happens to an article that would be forwarded to the unique topic, but is under an embargo.
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

/// Constants of the rules. `benches/README.md` describes how they were measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// An excerpt or expansion is a reprint instead if the smaller of the two containments is at
    /// least this share of the larger.
    pub contained_both: f64,
    /// Replaces both thresholds of a reprint after `template_apart_hours`, because similar texts
    /// that far apart more often use one template for different subjects.
    pub reprint_apart: f64,
    /// Maximum length of an unmatched block in a reprint, as a share of either text.
    pub block: f64,
    /// Replaces `block` within `template_apart_hours` if there are at least `agreed_figures_min`
    /// aligned figures and all of them agree.
    pub agreed_block: f64,
    /// Minimum number of aligned figures for `agreed_block`.
    pub agreed_figures_min: u32,
    /// A gap counts as rewritten, and not as unmatched, if at least this share of its words is in
    /// both texts in the same order.
    pub rewritten: f64,
    /// A short shared run is a formula, and does not make a partial copy, if this many otherwise
    /// unrelated texts contain it. 0 turns the rule off.
    pub formula_roots: u8,
    /// Minimum number of plain words in a recurring template.
    pub template_words_min: u32,
    /// Share of the plain words of each text that must agree in a recurring template.
    pub template: f64,
    /// Used instead of `template` if the two texts arrived more than `template_apart_hours` apart.
    pub template_apart: f64,
    /// After this many hours, more words of a recurring template must agree, but more of its
    /// figures may be equal.
    pub template_apart_hours: i64,
    /// The highest share of equal figures in a recurring template, for three groups of rules:
    /// `figures-differ`; `most-figures-differ`; `figures-differ-later` and `many-figures-differ`.
    pub kept: [f64; 3],
    /// Within this many hours, a text from the same provider that differs only in one or two
    /// figures is an unmarked correction. Less than a day, so that daily items are not corrections
    /// of each other.
    pub unmarked_hours: i64,
    /// Maximum number of further relations in a verdict.
    pub also_max: u8,
    /// Novelty is not measured for texts with fewer words.
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
            unmarked_hours: 20,
            also_max: 8,
            novelty_words_min: 30,
        }
    }
}
