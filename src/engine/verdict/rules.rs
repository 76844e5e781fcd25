//! The text kinds as a table of rules: conditions with their values, thresholds and margins.
//!
//! In: the measures of a pair. Out: the rules in the order in which they are tried; the first whose
//! conditions all hold gives the kind. What `explain` prints is this table and no other.

use super::Settings;
use super::compare::Comparison;
use super::identity::same_provider;
use super::types::{Arrival, Earlier, Kind};
use crate::article::About;
use crate::fingerprint::Fingerprint;

/// How a value is held against its threshold.
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
    /// What is measured, by its stable name.
    pub measure: &'static str,
    /// Its value for this pair.
    pub value: f64,
    /// How the two are compared.
    pub bound: Bound,
    /// The threshold.
    pub threshold: f64,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::AtLeast => self.value >= self.threshold,
            Bound::AtMost => self.value <= self.threshold,
            Bound::Below => self.value < self.threshold,
            Bound::Above => self.value > self.threshold,
        }
    }

    /// How far it is from turning: positive when it holds.
    pub fn margin(&self) -> f64 {
        match self.bound {
            Bound::AtLeast | Bound::Above => self.value - self.threshold,
            Bound::AtMost | Bound::Below => self.threshold - self.value,
        }
    }
}

/// One rule: a kind, when all of its conditions hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Its stable name.
    pub name: &'static str,
    /// The kind that it gives.
    pub kind: Kind,
    conditions: [Option<Condition>; CONDITIONS_MAX],
}

/// The rule of a text that shares a run of words and no larger share.
pub(super) const SHARED_RUN: &str = "shared-run";

const CONDITIONS_MAX: usize = 6;
/// The number of rules.
pub const RULES: usize = 13;

impl Rule {
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

    /// Whether all of them hold.
    pub fn holds(&self) -> bool {
        self.conditions().all(Condition::holds)
    }
}

/// The values that conditions are about.
struct RuleInputs<'a> {
    prints: [&'a Fingerprint; 2],
    pair: &'a Comparison,
    set: &'a Settings,
    /// Whether a template had time to recur.
    later: bool,
    hours: f64,
    plain_words: f64,
    agreement: f64,
    changed: f64,
    /// Figures that are aligned, and, once a template had time to recur, those replaced by words,
    /// unless others are aligned and all of them agree.
    figures: f64,
    /// Those among them that differ.
    differ: f64,
    /// The share that agrees.
    kept: f64,
    abouts: [&'a About; 2],
}

/// The rules for a pair, in the order in which they are tried; the last always holds.
pub(super) fn table(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> [Rule; RULES] {
    let values = RuleInputs::of(new, that, pair, set);
    let [a, b, c, d, e, f, g] = values.of_figures();
    let [h, i, j, k, l, m] = values.of_shares();
    [a, b, c, d, e, f, g, h, i, j, k, l, m]
}

/// The first of these rules that holds: its kind and its name.
pub(super) fn first(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> Option<(Kind, &'static str)> {
    let values = RuleInputs::of(new, that, pair, set);
    let held = |rules: &[Rule]| rules.iter().find(|r| r.holds()).map(|r| (r.kind, r.name));
    // Where no figure differs the share that is kept is 1, and most pairs are such.
    let differ = values.differ > 0.0 || set.kept.iter().any(|kept| *kept >= 1.0);
    let of_figures = if differ { held(&values.of_figures()) } else { None };
    of_figures.or_else(|| held(&values.of_shares()))
}

/// Different plain words of a text by their bytes in its trace, counted up to `most`.
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

fn least(measure: &'static str, value: f64, threshold: f64) -> Condition {
    Condition { measure, value, bound: Bound::AtLeast, threshold }
}

fn most(measure: &'static str, value: f64, threshold: f64) -> Condition {
    Condition { measure, value, bound: Bound::AtMost, threshold }
}

fn flag(measure: &'static str, holds: bool) -> Condition {
    least(measure, f64::from(u8::from(holds)), 1.0)
}

impl<'a> RuleInputs<'a> {
    fn of(new: Arrival<'a>, that: Earlier<'a>, pair: &'a Comparison, set: &'a Settings) -> Self {
        let hours = new.now.since(that.arrived).0 as f64 / 3_600_000.0;
        let later = hours > set.template_apart_hours as f64;
        let changed = pair.changed_count() as f64;
        // Where figures stand in the same places and none differs, nothing was filled anew.
        let anew = changed > 0.0 || pair.figures.is_empty();
        let replaced = if later && anew { f64::from(pair.replaced) } else { 0.0 };
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
            abouts: [new.about, that.about],
        }
    }

    /// Different plain words of the text that has fewer, counted no further than they are asked for.
    fn distinct_words(&self) -> f64 {
        let most = 2 * self.set.template_words_min as usize;
        let [new, old] = self.prints.map(|print| distinct(print, most));
        new.min(old) as f64
    }

    /// Rules of texts that differ in figures, or in little else.
    fn of_figures(&self) -> [Rule; 7] {
        let set = self.set;
        let same = flag("same_template", self.pair.same_template);
        let provider = flag("same_provider", same_provider(self.abouts[0], self.abouts[1]));
        let words = least("plain_words", self.plain_words, f64::from(set.template_words_min));
        let varied = least("distinct_words", self.distinct_words(), self.varied());
        let changed = |count| least("changed_figures", self.changed, count);
        let differ = least("changed_figures", self.differ, 2.0);
        let few = most("changed_figures", self.changed, 2.0);
        let soon = most("hours_apart", self.hours, set.unmarked_hours as f64);
        let agree = |threshold| least("plain_agreement", self.agreement, threshold);
        let kept = |at: usize| most("numbers_kept", self.kept, set.kept[at]);
        let pairs = least("figure_pairs", self.figures, 3.0);
        let later = Condition {
            measure: "hours_apart",
            value: self.hours,
            bound: Bound::Above,
            threshold: set.template_apart_hours as f64,
        };
        let recurring =
            |name, conditions: &[Condition]| Rule::new(name, Kind::Recurring, conditions);
        let unmarked = [same, words, changed(1.0), few, provider, soon];
        let other = [same, words, changed(1.0), few, soon];
        // Who copies slips in one figure, or in two of many.
        let many = [same, words, varied, changed(2.0), kept(2)];
        [
            Rule::new("unmarked", Kind::Correction, &unmarked),
            recurring("figures-differ", &[words, varied, agree(set.template), pairs, kept(0)]),
            recurring(
                "most-figures-differ",
                &[words, varied, agree(set.template), differ, kept(1)],
            ),
            recurring(
                "figures-differ-later",
                &[words, varied, agree(set.template_apart), later, kept(2)],
            ),
            recurring("many-figures-differ", &many),
            Rule::new("other-figures", Kind::Reprint, &other),
            recurring("same-template", &[same, words, varied, changed(1.0)]),
        ]
    }

    /// Different plain words that a template has: a few that are said over and over are none, whatever
    /// figures stand between them.
    fn varied(&self) -> f64 {
        let least = f64::from(self.set.template_words_min);
        let share = |parts: f64, most: f64| (self.plain_words / parts).floor().min(most);
        share(2.0, least).max(share(4.0, 2.0 * least))
    }

    /// Rules of how much of either text the other holds.
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
        let this_below = below("of_this_in_that", c, set.contained_both * b);
        let that_below = below("of_that_in_this", b, set.contained_both * c);
        let aligned = pair.figures.len() as u32;
        let agreed = !self.later && self.changed == 0.0 && aligned >= set.agreed_figures_min;
        let limit = if agreed { set.agreed_block } else { set.block };
        let block = most("unmatched_block", pair.block.get(), limit);
        let run = f64::from(pair.alignment.longest);
        let run = least("run_words", run, f64::from(set.run_words));
        let share = least("larger_share", c.max(b), set.partial);
        let reprint = if self.later { set.reprint_apart } else { set.reprint };
        let near = [this(reprint), that(reprint), block];
        [
            Rule::new("contained", Kind::Excerpt, &[this(set.contained), that_below]),
            Rule::new("contains", Kind::Expansion, &[that(set.contained), this_below]),
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
    use crate::fingerprint::{self, FloodKey};
    use crate::text::{self, Clean, words};
    use crate::verdict::{Validity, Verdict, explain};

    /// What the texts alone give, so many hours apart.
    fn check(old: &str, new: &str, hours: i64, want: (Kind, &str)) {
        let split = |text: &str| words(text, &text::Settings::default());
        let print = |text: &str| {
            Fingerprint::of(&split(text), &fingerprint::Settings::default(), FloodKey(1))
        };
        let [old_print, new_print] = [old, new].map(print);
        let (about, verdict, clean) = (About::default(), Verdict::default(), Clean::default());
        let that = Earlier {
            sequence: Sequence(0),
            arrived: EventTime(0),
            about: &about,
            print: &old_print,
            verdict: &verdict,
            standing: Validity::Stands,
        };
        let (words, now) = (split(new), EventTime(0).plus(Span::hours(hours)));
        let new_one =
            Arrival { about: &about, clean: &clean, words: &words, print: &new_print, now };
        let told = explain(new_one, that, &Settings::default());
        assert_eq!(told.by_text, want, "{hours} h: {old} / {new}");
    }

    fn topic(name: &str, count: u8) -> String {
        let letter = |n: u8| char::from(b'a' + n);
        (0..count).map(|n| format!("{name}{}{} ", letter(n / 26), letter(n % 26))).collect()
    }

    #[test]
    fn figures_that_gave_way_to_words_recur_unless_the_others_agree() {
        let (front, back) = (topic("north", 20), topic("south", 20));
        let yesterday = format!("{front}it sold 40 crates at 3 {back}");
        let today = format!("{front}it sold no crates at all {back}");
        check(&yesterday, &today, 24, (Kind::Recurring, "most-figures-differ"));
        check(&yesterday, &today, 2, (Kind::Reprint, "near-identical"));
        let with = |text: &str| format!("on pier 7 at noon {text}");
        check(&with(&yesterday), &with(&today), 24, (Kind::Reprint, "near-identical"));
    }

    #[test]
    fn a_longer_block_may_be_unmatched_where_many_figures_agree() {
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
