//! The text kinds as a table of rules: conditions with their values, thresholds and margins.
//!
//! In: the measures of a pair. Out: the rules in the order in which they are tried; the first one
//! whose conditions all hold gives the kind. `explain` prints this same table.
//!
//! ```text
//! contained   excerpt   of_this_in_that 0.97 >= 0.90   of_that_in_this 0.41 < 0.90   -> holds
//! ```

use super::archive::{Arrival, Earlier, same_provider};
use super::compare::Comparison;
use super::types::{Kind, Ratio};
use super::{Settings, readings};
use crate::article::ArticleMetadata;
use crate::fingerprint::Fingerprint;

/// How a value is compared with its threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The value must be at least the threshold.
    AtLeast,
    /// The value must be at most the threshold.
    AtMost,
    /// The value must be below the threshold.
    Below,
    /// The value must be above the threshold.
    Above,
}

/// One condition of a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// The stable name of the measure.
    pub measure: &'static str,
    /// Its value for this pair.
    pub value: f64,
    /// How the value is compared with the threshold.
    pub bound: Bound,
    /// The threshold.
    pub threshold: f64,
}

impl Condition {
    /// Whether the condition holds.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::AtLeast => self.value >= self.threshold,
            Bound::AtMost => self.value <= self.threshold,
            Bound::Below => self.value < self.threshold,
            Bound::Above => self.value > self.threshold,
        }
    }

    /// Distance between value and threshold: 0 or more if the condition holds.
    pub fn margin(&self) -> f64 {
        match self.bound {
            Bound::AtLeast | Bound::Above => self.value - self.threshold,
            Bound::AtMost | Bound::Below => self.threshold - self.value,
        }
    }
}

/// A rule gives its kind if all its conditions hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// The kind that the rule gives.
    pub kind: Kind,
    /// The conditions; unused places are `None`.
    conditions: [Option<Condition>; CONDITIONS_MAX],
}

/// Rule of a partial copy that shares a run of at least `run_words` words.
pub(super) const SHARED_RUN: &str = "shared-run";

/// Maximum number of conditions in a rule.
const CONDITIONS_MAX: usize = 6;
/// The number of rules.
pub const RULES: usize = 14;

impl Rule {
    /// A rule with these conditions, at most `CONDITIONS_MAX`.
    fn new(name: &'static str, kind: Kind, conditions: &[Condition]) -> Self {
        let mut all = [None; CONDITIONS_MAX];
        for (place, condition) in all.iter_mut().zip(conditions) {
            *place = Some(*condition);
        }
        Self { name, kind, conditions: all }
    }

    /// Its conditions.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().flatten()
    }

    /// Whether all conditions hold.
    pub fn holds(&self) -> bool {
        self.conditions().all(Condition::holds)
    }
}

/// The values that conditions compare.
struct RuleInputs<'a> {
    /// The fingerprints of the new and of the earlier text.
    prints: [&'a Fingerprint; 2],
    /// The measures of the pair.
    pair: &'a Comparison,
    /// The thresholds.
    set: &'a Settings,
    /// Whether more than `template_apart_hours` have passed, so that a template may have recurred.
    later: bool,
    /// Hours between the two arrivals.
    hours: f64,
    /// Number of plain words in the text that has fewer of them.
    plain_words: f64,
    /// The share of plain words that are paired: the smaller of the two texts' shares.
    agreement: f64,
    /// Number of aligned figures that differ.
    changed: f64,
    /// Number of aligned figures. If `later`, this includes figures replaced by words, unless there
    /// are aligned figures and all of them are equal.
    figures: f64,
    /// Number of `figures` that differ or were replaced.
    differ: f64,
    /// The share of `figures` that are equal; 1 if there are none.
    kept: f64,
    /// Whether the new text gives a later reading of the same value.
    later_reading: bool,
    /// The metadata of the new and of the earlier article.
    abouts: [&'a ArticleMetadata; 2],
}

/// The rules for a pair in the order in which they are tried. The last one always holds.
pub(super) fn table(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> [Rule; RULES] {
    let values = RuleInputs::of(new, that, pair, set);
    let [a, b, c, d, e, f, g, h] = values.of_figures();
    let [i, j, k, l, m, n] = values.of_shares();
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n]
}

/// The kind and name of the first rule that holds.
pub(super) fn first(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> Option<(Kind, &'static str)> {
    let values = RuleInputs::of(new, that, pair, set);
    let decide = |rules: &[Rule]| rules.iter().find(|r| r.holds()).map(|r| (r.kind, r.name));
    // Fast path: in most pairs no figure differs, so that `kept` is 1 and no rule of `of_figures`
    // can hold.
    let differ = values.differ > 0.0 || set.tuning.kept.iter().any(|kept| *kept >= 1.0);
    let of_figures = if differ { decide(&values.of_figures()) } else { None };
    of_figures.or_else(|| decide(&values.of_shares()))
}

/// Number of distinct plain words in a text, told apart by their trace bytes. Counts up to `most`.
fn distinct(print: &Fingerprint, most: usize) -> usize {
    let (mut seen, mut count) = ([false; 256], 0);
    for &byte in print.trace.iter().filter(|byte| **byte != 0) {
        count += usize::from(!std::mem::replace(&mut seen[usize::from(byte)], true));
        if count == most {
            break;
        }
    }
    count
}

/// A condition that the value is at least the threshold.
fn least(measure: &'static str, value: f64, threshold: f64) -> Condition {
    Condition { measure, value, bound: Bound::AtLeast, threshold }
}

/// A condition that the value is at most the threshold.
fn most(measure: &'static str, value: f64, threshold: f64) -> Condition {
    Condition { measure, value, bound: Bound::AtMost, threshold }
}

/// A condition on a yes-or-no measure, given as 1 or 0.
fn flag(measure: &'static str, holds: bool) -> Condition {
    least(measure, f64::from(u8::from(holds)), 1.0)
}

impl<'a> RuleInputs<'a> {
    fn of(new: Arrival<'a>, that: Earlier<'a>, pair: &'a Comparison, set: &'a Settings) -> Self {
        let hours = new.now.since(that.arrived).0 as f64 / 3_600_000.0;
        let later = hours > set.tuning.template_apart_hours as f64;
        let changed = pair.changed_count() as f64;
        // If figures are aligned and all are equal, the template was not filled with new values.
        let refilled = changed > 0.0 || pair.figures.is_empty();
        let replaced = if later && refilled { f64::from(pair.replaced) } else { 0.0 };
        let figures = pair.figures.len() as f64 + replaced;
        Self {
            prints: [new.print, that.print],
            pair,
            set,
            later,
            hours,
            plain_words: new.print.plain_words().min(that.print.plain_words()) as f64,
            agreement: pair.plain_of_new.get().min(pair.plain_of_old.get()),
            changed,
            figures,
            differ: changed + replaced,
            kept: if figures > 0.0 { 1.0 - (changed + replaced) / figures } else { 1.0 },
            later_reading: readings::is_later(new, that, pair),
            abouts: [new.about, that.about],
        }
    }

    /// Number of distinct plain words in the text that has fewer of them, counted only as far as
    /// the conditions need.
    fn distinct_words(&self) -> f64 {
        let most = 2 * self.set.tuning.template_words_min as usize;
        let [new, old] = self.prints.map(|print| distinct(print, most));
        new.min(old) as f64
    }

    /// Rules for texts that differ only or mainly in their figures.
    fn of_figures(&self) -> [Rule; 8] {
        let set = self.set;
        let same = flag("same_template", self.pair.same_template);
        let provider = flag("same_provider", same_provider(self.abouts[0], self.abouts[1]));
        let words =
            least("plain_words", self.plain_words, f64::from(set.tuning.template_words_min));
        let varied = least("distinct_words", self.distinct_words(), self.varied());
        let changed = |count| least("changed_figures", self.changed, count);
        let differ = least("changed_figures", self.differ, 2.0);
        let few = most("changed_figures", self.changed, 2.0);
        let soon = most("hours_apart", self.hours, set.tuning.unmarked_hours as f64);
        let agree = |threshold| least("plain_agreement", self.agreement, threshold);
        let kept = |at: usize| most("numbers_kept", self.kept, set.tuning.kept[at]);
        let pairs = least("figure_pairs", self.figures, 3.0);
        let later = Condition {
            measure: "hours_apart",
            value: self.hours,
            bound: Bound::Above,
            threshold: set.tuning.template_apart_hours as f64,
        };
        let recurring =
            |name, conditions: &[Condition]| Rule::new(name, Kind::Recurring, conditions);
        let reading = flag("later_reading", self.later_reading);
        let reading = [same, words, changed(1.0), few, reading];
        let unmarked = [same, words, changed(1.0), few, provider, soon];
        let other = [same, words, changed(1.0), few, soon];
        // A copyist gets one figure wrong, or two of many. More changes mean new values.
        let many = [same, words, varied, changed(2.0), kept(2)];
        [
            recurring("later-reading", &reading),
            Rule::new("unmarked", Kind::Correction, &unmarked),
            recurring(
                "figures-differ",
                &[words, varied, agree(set.tuning.template), pairs, kept(0)],
            ),
            recurring(
                "most-figures-differ",
                &[words, varied, agree(set.tuning.template), differ, kept(1)],
            ),
            recurring(
                "figures-differ-later",
                &[words, varied, agree(set.tuning.template_apart), later, kept(2)],
            ),
            recurring("many-figures-differ", &many),
            Rule::new("other-figures", Kind::Reprint, &other),
            recurring("same-template", &[same, words, varied, changed(1.0)]),
        ]
    }

    /// The share of each text that two reprints must have in common.
    fn reprint(&self) -> Ratio {
        // Comparing publishers costs more than comparing thresholds.
        let differ = self.set.reprint != self.set.reprint_same_publisher;
        match differ && same_provider(self.abouts[0], self.abouts[1]) {
            true => self.set.reprint_same_publisher,
            false => self.set.reprint,
        }
    }

    /// How many distinct plain words a template must have. A few words repeated over and over are
    /// not a template, whatever figures come between them.
    fn varied(&self) -> f64 {
        let least = f64::from(self.set.tuning.template_words_min);
        let share = |parts: f64, most: f64| (self.plain_words / parts).floor().min(most);
        share(2.0, least).max(share(4.0, 2.0 * least))
    }

    /// Rules on how much of each text the other contains.
    fn of_shares(&self) -> [Rule; 6] {
        let (set, pair) = (self.set, self.pair);
        let (c, b) = (pair.of_new.get(), pair.of_old.get());
        let this = |threshold| least("of_this_in_that", c, threshold);
        let that = |threshold| least("of_that_in_this", b, threshold);
        let below = |measure, value, threshold| Condition {
            measure,
            value,
            bound: Bound::Below,
            threshold,
        };
        let this_below = below("of_this_in_that", c, set.tuning.contained_both * b);
        let that_below = below("of_that_in_this", b, set.tuning.contained_both * c);
        let aligned = pair.figures.len() as u32;
        let agreed = !self.later && self.changed == 0.0 && aligned >= set.tuning.agreed_figures_min;
        let limit = if agreed { set.tuning.agreed_block } else { set.tuning.block };
        let block = most("unmatched_block", pair.unmatched_block.get(), limit);
        let run = f64::from(pair.alignment.longest);
        let run = least("run_words", run, f64::from(set.run_words.get()));
        let share = least("larger_share", c.max(b), set.partial.get());
        let reprint = if self.later { set.tuning.reprint_apart } else { self.reprint().get() };
        let near = [this(reprint), that(reprint), block];
        [
            Rule::new("contained", Kind::Excerpt, &[this(set.contained.get()), that_below]),
            Rule::new("contains", Kind::Expansion, &[that(set.contained.get()), this_below]),
            Rule::new("near-identical", Kind::Reprint, &near),
            Rule::new(SHARED_RUN, Kind::Partial, &[run]),
            Rule::new("shared-share", Kind::Partial, &[share]),
            Rule::new("no-match", Kind::Original, &[]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{EventTime, Sequence, Span};
    use crate::fingerprint::{self, SamplingKey};
    use crate::text::{self, Clean, words};
    use crate::verdict::{Validity, Verdict, explain};

    /// Checks the kind and rule that the texts alone give if they arrive `hours` apart.
    fn check(old: &str, new: &str, hours: i64, want: (Kind, &str)) {
        let split = |text: &str| words(text, &text::Limits::default());
        let print = |text: &str| {
            Fingerprint::of(&split(text), &fingerprint::Limits::default(), SamplingKey(1))
        };
        let [old_print, new_print] = [old, new].map(print);
        let (about, verdict) = (ArticleMetadata::default(), Verdict::default());
        let clean = Clean { text: new.into(), ..Clean::default() };
        let that = Earlier {
            sequence: Sequence(0),
            arrived: EventTime(0),
            about: &about,
            print: &old_print,
            verdict: &verdict,
            validity: Validity::Valid,
        };
        let (words, now) = (split(new), EventTime(0).plus(Span::hours(hours)));
        let new_one =
            Arrival { about: &about, clean: &clean, words: &words, print: &new_print, now };
        let explanation = explain(new_one, that, &Settings::default());
        assert_eq!(explanation.by_text, want, "{hours} h: {old} / {new}");
    }

    fn topic(name: &str, count: u8) -> String {
        let letter = |n: u8| char::from(b'a' + n);
        (0..count).map(|n| format!("{name}{}{} ", letter(n / 26), letter(n % 26))).collect()
    }

    #[test]
    fn figures_replaced_by_words_recur_unless_the_other_figures_agree() {
        let (front, back) = (topic("north", 20), topic("south", 20));
        let yesterday = format!("{front}it sold 40 crates at 3 {back}");
        let today = format!("{front}it sold no crates at all {back}");
        check(&yesterday, &today, 24, (Kind::Recurring, "most-figures-differ"));
        check(&yesterday, &today, 2, (Kind::Reprint, "near-identical"));
        let with = |text: &str| format!("on pier 7 at noon {text}");
        check(&with(&yesterday), &with(&today), 24, (Kind::Reprint, "near-identical"));
    }

    #[test]
    fn many_equal_figures_allow_a_longer_unmatched_block() {
        let figures = "it sold 12 crates at 3 then 14 at 5 and last 16 of cod at 7 by noon ";
        let plain = figures.replace(|c: char| c.is_ascii_digit(), "some");
        let partial = (Kind::Partial, "shared-run");
        for (middle, want) in [(figures, (Kind::Reprint, "near-identical")), (&plain, partial)] {
            let short = format!("{}{middle}{}", topic("north", 20), topic("east", 20));
            let long = format!("{short}{}", topic("west", 29));
            let short = short.replacen("northac", "upper", 1).replacen("eastad", "lower", 1);
            check(&long, &short, 2, want);
            check(&long, &short, 21, partial);
        }
    }
}
