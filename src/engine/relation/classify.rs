//! Measures of a pair to a text kind, by the thresholds of [`Settings`], in a fixed order.

use super::compare::Comparison;
use super::verdict::{Arrival, ChangedNumber, Earlier, Evidence, Kind, Passage, Relation, Target};
use super::{Settings, identity};
use crate::engine::article::Span;

/// The kind that the texts alone give, and the stable name of the rule that gave it.
pub(super) fn text_kind(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> (Kind, &'static str) {
    let plain_enough = new.print.plain_words() as u32 >= set.template_words_min;
    let changed = pair.changed().len();
    let template = pair.same_template && plain_enough && changed > 0;
    if template && changed <= 2 && identity::same_provider(new.about, that.about) {
        let within = new.now.since(that.arrived) <= Span::hours(set.unmarked_hours);
        if within {
            return (Kind::Correction, "unmarked");
        }
    }
    if let Some(rule) = recurring(new, that, pair, set) {
        return (Kind::Recurring, rule);
    }
    if template {
        let within = new.now.since(that.arrived) <= Span::hours(set.unmarked_hours);
        return match changed <= 2 && within {
            true => (Kind::Reprint, "other-figures"),
            false => (Kind::Recurring, "same-template"),
        };
    }
    let (c, b) = (pair.of_new.get(), pair.of_old.get());
    if c >= set.contained && b < set.contained_both * c {
        return (Kind::Excerpt, "contained");
    }
    if b >= set.contained && c < set.contained_both * b {
        return (Kind::Expansion, "contains");
    }
    if c >= set.reprint && b >= set.reprint && pair.block.get() <= set.block {
        return (Kind::Reprint, "near-identical");
    }
    if pair.alignment.longest >= set.run_words {
        return (Kind::Partial, "shared-run");
    }
    if c.max(b) >= set.partial {
        return (Kind::Partial, "shared-share");
    }
    (Kind::Original, "no-match")
}

/// Whether the new text is the template of the earlier one with other figures.
fn recurring(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> Option<&'static str> {
    let agreement = pair.plain_of_new.get().min(pair.plain_of_old.get());
    let plain = new.print.plain_words().min(that.print.plain_words()) as u32;
    if plain < set.template_words_min || agreement < set.template {
        return None;
    }
    let kept = pair.kept()?.get();
    let (pairs, changed) = (pair.figures.len(), pair.changed().len());
    let apart = new.now.since(that.arrived) > Span::hours(set.template_apart_hours);
    if pairs >= 3 && kept <= set.kept[0] {
        Some("figures-differ")
    } else if changed >= 2 && kept <= set.kept[1] {
        Some("most-figures-differ")
    } else if apart && agreement >= set.template_apart && kept <= set.kept[2] {
        Some("figures-differ-later")
    } else {
        None
    }
}

/// The relation of `new` to `that`, with its evidence.
pub(super) fn relation(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    kind: Kind,
    rule: &str,
) -> Relation {
    let evidence = Evidence {
        of_this_in_that: Some(pair.of_new),
        of_that_in_this: Some(pair.of_old),
        jaccard: Some(pair.jaccard),
        hamming: Some(pair.hamming),
        shared_shingles: Some(pair.alignment.new_covered),
        numbers_kept: pair.kept(),
        changed_numbers: changed_numbers(pair),
        ..bare(new, that)
    };
    Relation { evidence, passages: passages(pair), ..linked(that, kind, rule) }
}

/// A relation that no comparison of texts backs.
pub(super) fn unread(new: Arrival<'_>, that: Earlier<'_>, kind: Kind, rule: &str) -> Relation {
    Relation { evidence: bare(new, that), ..linked(that, kind, rule) }
}

fn bare(new: Arrival<'_>, that: Earlier<'_>) -> Evidence {
    Evidence {
        headline_changed: Some(that.about.headline != new.about.headline),
        apart_ms: Some(new.now.since(that.arrived).0),
        ..Evidence::default()
    }
}

/// The links of a relation to `that`. The root is passed on along kinds that join their match.
fn linked(that: Earlier<'_>, kind: Kind, rule: &str) -> Relation {
    let of = Target { sequence: Some(that.sequence), key: that.about.key() };
    let theirs = &that.verdict.relation;
    let follows = theirs.kind.joins_its_match();
    Relation {
        kind,
        root: theirs.root.clone().filter(|_| follows).or_else(|| Some(of.clone())),
        chain: if follows { theirs.chain + 1 } else { 1 },
        of: Some(of),
        rule: rule.into(),
        ..Relation::default()
    }
}

const CHANGED_MAX: usize = 16;

fn changed_numbers(pair: &Comparison) -> Vec<ChangedNumber> {
    let changed = pair.changed().into_iter().take(CHANGED_MAX);
    changed.map(|p| ChangedNumber { this_word: p.new, that_word: p.old }).collect()
}

const PASSAGE_WORDS_MIN: u32 = 8;
const PASSAGES_MAX: usize = 16;

/// The longest shared runs, in the order of the new text.
fn passages(pair: &Comparison) -> Vec<Passage> {
    let mut blocks: Vec<_> =
        pair.alignment.blocks.iter().filter(|b| b.len >= PASSAGE_WORDS_MIN).collect();
    blocks.sort_by_key(|b| (std::cmp::Reverse(b.len), b.new));
    blocks.truncate(PASSAGES_MAX);
    blocks.sort_by_key(|b| b.new);
    let passage = |b: &&super::align::Run| Passage {
        start_word: b.new,
        end_word: b.new_end(),
        of_start_word: b.old,
        of_end_word: b.old_end(),
    };
    blocks.iter().map(passage).collect()
}
