//! Classification: turns the measures of a pair of texts into a kind (the kind of the first rule
//! that holds) and into a relation with its evidence.

use super::archive::{Arrival, Earlier, same_provider};
use super::compare::Comparison;
use super::difference::{CHANGED_WORDS, Difference, Edges, OTHER_SUBJECT, senses_of};
use super::identity_record::Identity;
use super::passages::OwnPassages;
use super::types::{
    ChangedNumber, Evidence, Kind, PASSAGES_MAX, Passage, Relation, RelationTarget, Scope,
};
use super::{Settings, VerifiedCandidate, rules};
use crate::article::ArticleKey;
use std::cmp::Reverse;
use std::sync::Arc;

/// The kind of a new article in relation to an earlier one, judged by their texts and headlines.
#[derive(Debug, Clone, Copy)]
pub(super) struct TextKind {
    /// The kind.
    pub(super) kind: Kind,
    /// The stable name of the rule that gave the kind.
    pub(super) rule: &'static str,
    /// How the two articles differ; only set if the measures alone show a copy.
    pub(super) difference: Difference,
}

/// Finds the kind from the texts and headlines.
pub(super) fn text_kind(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    set: &Settings,
) -> TextKind {
    let equal = new.print.content_hash == that.print.content_hash && !new.print.trace.is_empty();
    let (kind, rule) = match equal {
        true => (Kind::Duplicate, "equal-content"),
        false => rules::first(new, that, pair, set).unwrap_or((Kind::Original, "no-match")),
    };
    if matches!(kind, Kind::Original | Kind::Partial | Kind::Recurring) {
        return TextKind { kind, rule, difference: Difference::default() };
    }
    let mut difference = Difference::of(new, that, pair, Edges::Furniture);
    let grown = kind == Kind::Expansion && same_provider(new.about, that.about);
    if kind == Kind::Reprint || grown {
        difference.passages = OwnPassages::of((new, that), pair, senses_of(new, that), grown);
    }
    let hours = new.now.since(that.arrived).0 / 3_600_000;
    let only = difference.turned && difference.new_words + difference.old_words == 0;
    let soon = hours <= set.tuning.unmarked_hours;
    // A brief whose figures differ corrects the earlier brief only if both have the same subject.
    let other = difference.other_subject
        || kind == Kind::Correction && difference.other_headline
        || difference.passages.replaced;
    let (kind, rule) = match (other, only && soon) {
        (true, _) => (Kind::Recurring, OTHER_SUBJECT),
        (_, true) if same_provider(new.about, that.about) => (Kind::Correction, CHANGED_WORDS),
        // The words are equal, but the difference is news, so the article is not a mere duplicate.
        _ if equal && new.about.uri != that.about.uri && difference.is_news() => {
            (Kind::Reprint, CHANGED_WORDS)
        }
        _ => (kind, rule),
    };
    TextKind { kind, rule, difference }
}

/// The relation of `new` to `that`, with the measures as evidence.
pub(super) fn relation(
    new: Arrival<'_>,
    that: Earlier<'_>,
    pair: &Comparison,
    (kind, rule): (Kind, &'static str),
) -> Relation {
    let evidence = Evidence {
        of_this_in_that: Some(pair.of_new),
        of_that_in_this: Some(pair.of_old),
        jaccard: Some(pair.jaccard),
        hamming: Some(pair.hamming),
        shared_shingles: Some(pair.alignment.new_covered),
        numbers_kept: pair.figures_kept(),
        changed_numbers: changed_numbers(pair),
        ..bare(new, that)
    };
    Relation { evidence: evidence.into(), passages: passages(pair), ..linked(that, kind, rule) }
}

/// The relation to `that`, with the measures as evidence if the texts were compared.
pub(super) fn to(
    new: Arrival<'_>,
    that: Earlier<'_>,
    verified: &[VerifiedCandidate<'_>],
    kind: Kind,
    rule: &'static str,
) -> Relation {
    match verified.iter().find(|v| v.that.sequence == that.sequence) {
        Some(v) => relation(new, that, &v.comparison, (kind, rule)),
        None => Relation { evidence: bare(new, that).into(), ..linked(that, kind, rule) },
    }
}

/// The relation to an article that has left the window.
pub(super) fn outlived(that: &Identity, kind: Kind, rule: &'static str) -> Relation {
    let root = that.root.as_ref().map(|uri| ArticleKey { uri: uri.clone(), version: None });
    let target = |key| Arc::new(RelationTarget { sequence: None, key });
    Relation {
        kind,
        of: Some(target(that.key())),
        root: Some(target(root.unwrap_or_else(|| that.key()))),
        chain: 1,
        rule: rule.into(),
        scope: Scope::Identity,
        ..Relation::default()
    }
}

/// Evidence that needs no comparison of texts.
fn bare(new: Arrival<'_>, that: Earlier<'_>) -> Evidence {
    Evidence {
        headline_changed: Some(that.about.headline != new.about.headline),
        apart_ms: Some(new.now.since(that.arrived).0),
        ..Evidence::default()
    }
}

/// A relation to `that` without evidence. If `kind` joins the chain of its match, the relation
/// inherits the root of `that`.
fn linked(that: Earlier<'_>, kind: Kind, rule: &'static str) -> Relation {
    let of = Arc::new(RelationTarget { sequence: Some(that.sequence), key: that.about.key() });
    let theirs = &that.verdict.relation;
    Relation {
        kind,
        root: Some(that.inherited_root().unwrap_or(&of).clone()),
        chain: if theirs.kind.joins_its_match() { theirs.chain + 1 } else { 1 },
        of: Some(of),
        rule: rule.into(),
        ..Relation::default()
    }
}

/// Maximum number of changed figures in the evidence.
const CHANGED_MAX: usize = 16;

fn changed_numbers(pair: &Comparison) -> Vec<ChangedNumber> {
    let changed = pair.changed().take(CHANGED_MAX);
    changed.map(|p| ChangedNumber { this_word: p.new, that_word: p.old }).collect()
}

/// Minimum length of a reported passage, in words.
const PASSAGE_WORDS_MIN: u32 = 8;

/// The longest shared runs, in the order of the new text.
fn passages(pair: &Comparison) -> Vec<Passage> {
    let long = pair.alignment.blocks.iter().filter(|b| b.len >= PASSAGE_WORDS_MIN);
    let mut passages: Vec<Passage> = long
        .map(|b| Passage {
            start_word: b.new,
            end_word: b.new_end(),
            of_start_word: b.old,
            of_end_word: b.old_end(),
        })
        .collect();
    if passages.len() > PASSAGES_MAX {
        passages.sort_by_key(|p| (Reverse(p.end_word - p.start_word), p.start_word));
        passages.truncate(PASSAGES_MAX);
        passages.sort_by_key(|p| p.start_word);
    }
    passages
}
