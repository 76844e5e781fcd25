//! Verdicts decide what a new article is, which earlier article it relates to, and on what
//! evidence.
//!
//! In: a prepared article, its candidates, and a view of the earlier articles ([`Archive`]). Out: a
//! [`Verdict`].
//!
//! ```text
//! identity   uri, version, links, wire marks: redelivery, correction, update
//! orders     kills, holds and releases, and which articles they are about
//! align      two traces -> the runs of words that both texts contain
//! compare    runs -> measures: containment, agreement of words and of figures, unmatched blocks
//! classify   measures -> a text kind, by thresholds, in a fixed order
//! difference whether the headlines or the differing words of similar texts show another subject
//! passages   whether passages that a text adds or replaces are news
//! trimmed    what datelines and closing lines show; both are removed before texts are compared
//! stamps     time stamps and counters at the edges, whose figures do not count
//! readings   reports of a value that is measured repeatedly: a later one is not a correction
//! formula    runs that occur in many unrelated texts are not partial copies
//! novelty    the words that no candidate contains
//! ```
//!
//! For example, with an original `A` in the window: the same text under another uri is a
//! `duplicate` of `A` (rule `equal-content`); the text of `A` between other paragraphs is an
//! `expansion` of `A` (rule `contains`); another version of the uri of `A` is an `update` of it
//! (rule `new-version`).
//!
//! Identity and marks are tested first. If they give no relation, the best text match does:
//! duplicates come first and `partial` last, and ties are broken by Jaccard similarity, containment
//! and order of arrival. If an earlier article has exactly the same text, it is the only candidate
//! compared, and its relations are inherited. Evidence is only gathered for relations that are
//! reported.
//!
//! Invariants: RE-1 `of` is earlier in the shard's order; RE-2 `root` is the first article of the
//! chain: its own kind does not join it to an earlier article; RE-3 the verdict is a function of
//! the article, its candidates and the contents of the archive.
//!
//! Deliberately absent: semantic similarity (only the marks that senders add are interpreted), and
//! merging of chains. An article that matches two chains belongs to only one of them.

pub mod align;
mod archive;
pub mod carriers;
mod classify;
mod compare;
mod difference;
mod formula;
mod furniture;
mod headlines;
pub mod identity;
pub mod identity_record;
mod items;
mod leftover;
mod members;
pub mod names;
mod novelty;
pub mod orders;
mod passages;
mod quantities;
mod readings;
pub mod rules;
pub(crate) mod same_uri;
mod settings;
mod signs;
mod stamps;
mod standing;
mod subject;
mod trimmed;
mod turns;
mod types;
pub mod versions;

use crate::article::{ItemShape, ItemType, Sequence};
use crate::candidates::Candidate;
use crate::fingerprint::SHORT_WORDS_MAX;
use align::Aligner;
pub use archive::*;
use classify::TextKind;
use compare::Comparison;
use difference::{Difference, Edges, OTHER_SUBJECT};
pub use same_uri::REUSED_URI;
pub use settings::{
    CarrierPolicy, EmbargoPolicy, Settings, SurvivorChoice, Tuning, UniqueSettings,
};
use std::cmp::Reverse;
pub use types::*;
use versions::is_counter;

/// Flag of an article that contains withdrawn text.
pub const CARRIES_WITHDRAWN: &str = "carries_withdrawn";
/// Flag of an article that contains text that was later corrected.
pub const CARRIES_UNCORRECTED: &str = "carries_uncorrected";
/// Flag of a verdict that an editor should check.
pub const NEEDS_REVIEW: &str = "needs_review";
/// Flag of a reprint whose figures differ from those of the earlier text.
pub const CHANGED_NUMBERS: &str = "changed_numbers";
/// Flag of a copy that is published because it differs in words that carry meaning.
pub const CHANGED_WORDS: &str = "changed_words";

/// A long text by the same provider is news if at most this many words, including a name, have
/// changed. If more have changed, it may be another edition, in another spelling or style.
const REVISED_WORDS_MAX: u32 = 8;

/// Rule of a match whose shared words are already covered by a better match to which it is
/// unrelated: all three texts contain the same passage.
const COMMON_PASSAGE: &str = "common-passage";

/// A candidate after comparison, with the kind that the texts alone give.
struct VerifiedCandidate<'a> {
    /// The earlier article.
    that: Earlier<'a>,
    /// The measures of the two texts.
    comparison: Comparison,
    /// The kind that the first matching rule gives.
    kind: Kind,
    /// The name of that rule.
    rule: &'static str,
    /// How the two articles differ; only set if the measures alone show a copy.
    difference: Difference,
}

impl<'a> VerifiedCandidate<'a> {
    /// Classifies a candidate that has been compared.
    fn of(
        new: Arrival<'_>,
        that: Earlier<'a>,
        comparison: Comparison,
        settings: &Settings,
    ) -> Self {
        let TextKind { kind, rule, difference } =
            classify::text_kind(new, that, &comparison, settings);
        Self { that, comparison, kind, rule, difference }
    }

    /// Whether the candidate is reported as a relation.
    fn is_reported(&self) -> bool {
        self.kind != Kind::Original && self.rule != formula::FORMULA
    }

    /// The relation that is reported for the candidate.
    fn relation(&self, new: Arrival<'_>) -> Relation {
        classify::relation(new, self.that, &self.comparison, (self.kind, self.rule))
    }
}

/// Decides what `new` is by comparing it with its candidates.
pub fn judge(
    new: Arrival<'_>,
    candidates: &[Candidate],
    archive: &impl Archive,
    settings: &Settings,
) -> Verdict {
    let earlier: Vec<Earlier<'_>> = candidates
        .iter()
        .filter_map(|c| archive.earlier(c.sequence))
        .filter(|that| comparable(new, *that))
        .collect();
    let equal = earlier
        .iter()
        .filter(|that| that.print.content_hash == new.print.content_hash)
        // Equal texts need no alignment.
        .map(|that| VerifiedCandidate::of(new, *that, Comparison::equal(new.print), settings))
        .min_by_key(|v| (v.kind != Kind::Duplicate, v.that.sequence));
    let copied = equal.as_ref().filter(|v| v.kind == Kind::Duplicate).map(|v| v.that);
    let verified = match equal {
        Some(equal) => vec![equal],
        None => verify(new, &earlier, archive, settings),
    };
    let mut verdict =
        Verdict { novelty: novelty::of(new, &verified, settings), ..Verdict::default() };
    let version = same_uri::earlier_version(new, &verified, archive);
    verdict.relation = identity::of(new, version, &verified, archive, settings)
        .or_else(|| best(&verified).map(|v| v.relation(new)))
        .unwrap_or_else(|| Relation { rule: "no-match".into(), ..Relation::default() });
    if verdict.relation.kind != Kind::Withdrawal {
        verdict.also = also(new, &verdict.relation, &verified, copied, settings);
    }
    flag(new, &verified, &mut verdict);
    if same_uri::is_reused(new, &verdict.relation, version, archive) {
        verdict.flags.extend([REUSED_URI.into(), NEEDS_REVIEW.into()]);
    }
    let difference = read_difference(new, &verified, &mut verdict);
    let confidence = verdict.relation.evidence.confidence;
    // A possible order that matches no earlier article may refer to one that this instance never
    // received.
    let unclear =
        new.about.marks.possible_order.is_some() && verdict.relation.kind == Kind::Original;
    if unclear || confidence.is_some_and(|sure| sure.get() < settings.review_below.get()) {
        verdict.flags.push(NEEDS_REVIEW.into());
    }
    verdict.pass = match pass(new, &verdict, difference, settings) {
        Pass::Yes | Pass::Embargoed if is_late_excerpt(new, version, &verdict, settings) => {
            Pass::Repeat
        }
        pass => pass,
    };
    verdict
}

/// How two texts compare: what [`judge`] measures, plus the margin of every rule.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The measures, as evidence.
    pub evidence: Evidence,
    /// Shared runs, cut so that each word is in at most one of them, in the order of the new text.
    pub blocks: Vec<align::SharedRun>,
    /// The aligned figures, including those in rewritten gaps.
    pub figures: Vec<align::FigurePair>,
    /// The rules in the order in which they are tried.
    pub rules: [rules::Rule; rules::RULES],
    /// The kind that the texts alone give, and the rule that gave it.
    pub by_text: (Kind, &'static str),
}

/// Explains how the text of `new` relates to the text of `that`.
pub fn explain(new: Arrival<'_>, that: Earlier<'_>, settings: &Settings) -> Explanation {
    let equal = new.print.content_hash == that.print.content_hash && !new.print.trace.is_empty();
    let pair = match equal {
        true => Comparison::equal(new.print),
        false => {
            let mut pair = Comparison::of(&Aligner::of(new.print), new.print, that.print, settings);
            stamps::leave_out(new, that, &mut pair, settings);
            pair
        }
    };
    let TextKind { kind, rule, .. } = classify::text_kind(new, that, &pair, settings);
    let relation = classify::relation(new, that, &pair, (kind, rule));
    Explanation {
        evidence: (*relation.evidence).clone(),
        rules: rules::table(new, that, &pair, settings),
        blocks: pair.alignment.blocks,
        figures: pair.figures,
        by_text: (kind, rule),
    }
}

/// Whether two items may be compared. Texts are compared with texts, items of any other type
/// (picture, video, ...) with items of the same type, and notices to editors only with each other.
fn comparable(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    let class = |kind: ItemType| match kind {
        ItemType::Text | ItemType::Other | ItemType::Advisory => ItemType::Text,
        other => other,
    };
    let notice =
        |about: &crate::article::ArticleMetadata| about.marks.shape == Some(ItemShape::Advisory);
    class(new.about.kind) == class(that.about.kind) && notice(new.about) == notice(that.about)
}

/// Compares `new` with all of `earlier`, and with the root of the best match. Editors need the
/// root, but among many copies of copies it is rarely one of the nearest candidates.
fn verify<'a>(
    new: Arrival<'_>,
    earlier: &[Earlier<'a>],
    archive: &'a impl Archive,
    settings: &Settings,
) -> Vec<VerifiedCandidate<'a>> {
    if earlier.is_empty() {
        return Vec::new();
    }
    earlier.iter().for_each(|that| that.print.prefetch());
    let aligner = Aligner::of(new.print);
    let compared = |that: Earlier<'a>, before: &[VerifiedCandidate<'a>]| {
        // Copies often have equal texts, so the comparison is reused. A comparison that leaves out
        // stamps is not reused, because stamps depend on more than the text.
        let same = |v: &&VerifiedCandidate<'_>| {
            v.that.print.content_hash == that.print.content_hash && v.comparison.stamps.is_empty()
        };
        let mut pair = match before.iter().find(same) {
            Some(same) => same.comparison.clone(),
            None => Comparison::of(&aligner, new.print, that.print, settings),
        };
        stamps::leave_out(new, that, &mut pair, settings);
        VerifiedCandidate::of(new, that, pair, settings)
    };
    let order = |v: &VerifiedCandidate<'a>| (Reverse(v.comparison.rank()), v.that.sequence);
    let mut verified: Vec<VerifiedCandidate<'a>> = Vec::with_capacity(earlier.len() + 1);
    for that in earlier {
        verified.push(compared(*that, &verified));
    }
    verified.sort_by_key(order);
    let root = best(&verified).map(|best| best.that.root());
    let root = root.filter(|root| verified.iter().all(|v| v.that.sequence != *root));
    let root = root.and_then(|root| archive.earlier(root)).filter(|that| comparable(new, *that));
    if let Some(root) = root.map(|root| compared(root, &verified)) {
        verified.insert(verified.partition_point(|v| order(v) < order(&root)), root);
    }
    formula::mark(&mut verified, settings);
    verified
}

/// The best text match. Duplicates come first, then unmarked corrections, and `partial` last;
/// within each group the candidates are already ordered by rank.
fn best<'a, 'b>(verified: &'a [VerifiedCandidate<'b>]) -> Option<&'a VerifiedCandidate<'b>> {
    let class = |v: &&VerifiedCandidate<'_>| match v.kind {
        Kind::Duplicate => 0,
        Kind::Correction => 1,
        Kind::Recurring if v.rule == OTHER_SUBJECT => 3,
        Kind::Partial => 4,
        _ => 2,
    };
    verified.iter().filter(|v| v.is_reported()).min_by_key(class)
}

/// Further relations, at most `also_max`. Each step takes the candidate that shares the most words
/// not covered by the relations chosen so far. If it shares fewer than `run_words` of these words,
/// the best-ranked candidate is taken instead. A copy that covers fewer than `run_words` further
/// words, and is unrelated to the best match, is reported as `partial`, because it only shares a
/// passage with the best match. The last place is reserved for the root. An article with the same
/// text as an earlier one inherits the relations of that article.
fn also(
    new: Arrival<'_>,
    chosen: &Relation,
    verified: &[VerifiedCandidate<'_>],
    equal: Option<Earlier<'_>>,
    settings: &Settings,
) -> Vec<Relation> {
    let max = usize::from(settings.tuning.also_max);
    let seen = chosen.of.as_ref().and_then(|of| of.sequence);
    let taken = |v: &VerifiedCandidate<'_>| Some(v.that.sequence) == seen;
    if let Some(that) = equal {
        let own = verified.iter().filter(|v| !taken(v)).map(|v| v.relation(new));
        let theirs = std::iter::once(&that.verdict.relation).chain(&that.verdict.also);
        let theirs = theirs.filter(|r| r.of.is_some() && r.of != chosen.of).cloned();
        return own.chain(theirs).take(max).collect();
    }
    let mut rest: Vec<&VerifiedCandidate<'_>> =
        verified.iter().filter(|v| v.is_reported() && !taken(v)).collect();
    if rest.is_empty() {
        return Vec::new();
    }
    let mut explained = novelty::WordCoverage::none(new.print.words());
    let best = verified.iter().find(|v| taken(v));
    if let Some(best) = best {
        explained.add(&best.comparison.alignment);
    }
    let root = chosen.root.as_ref().and_then(|root| root.sequence);
    let mut ordered = Vec::with_capacity(rest.len().min(max));
    while ordered.len() < max && !rest.is_empty() {
        let gains: Vec<u32> =
            rest.iter().map(|v| explained.gain(&v.comparison.alignment)).collect();
        let most = gains.iter().copied().max().filter(|&most| most >= settings.run_words.get());
        let gains_most = most.and_then(|most| gains.iter().position(|&gain| gain == most));
        let last = ordered.len() + 1 == max;
        let kept = rest.iter().position(|v| last && Some(v.that.sequence) == root);
        let at = kept.or(gains_most).unwrap_or(0);
        let next = rest.remove(at);
        explained.add(&next.comparison.alignment);
        let copy = gains[at] < settings.run_words.get() && next.kind.joins_its_match();
        let stranger = copy && best.is_some_and(|best| !kin(best.that, next.that));
        let decision =
            if stranger { (Kind::Partial, COMMON_PASSAGE) } else { (next.kind, next.rule) };
        ordered.push(classify::relation(new, next.that, &next.comparison, decision));
    }
    ordered
}

/// Whether two earlier articles copy from each other or from a common third article, according to
/// their own verdicts.
fn kin(a: Earlier<'_>, b: Earlier<'_>) -> bool {
    fn links(that: Earlier<'_>) -> impl Iterator<Item = Sequence> + '_ {
        let relations = std::iter::once(&that.verdict.relation).chain(&that.verdict.also);
        let targets = relations.flat_map(|r| [&r.of, &r.root]).flatten();
        targets.filter_map(|t| t.sequence).chain([that.sequence])
    }
    links(a).any(|link| links(b).any(|other| other == link))
}

/// Adds the flags `carries_withdrawn`, `changed_numbers` and, for `other-figures`, `needs_review`.
fn flag(new: Arrival<'_>, verified: &[VerifiedCandidate<'_>], verdict: &mut Verdict) {
    let withdrawal = verdict.relation.kind == Kind::Withdrawal;
    let carries = |standing| {
        verified.iter().any(|v| {
            v.that.validity == standing
                && v.that.about.uri != new.about.uri
                && v.kind != Kind::Original
                && v.kind != Kind::Recurring
                && !standing::is_line(new, v, verified)
        })
    };
    if !withdrawal && carries(Validity::Withdrawn) {
        verdict.flags.push(CARRIES_WITHDRAWN.into());
    }
    let relation = &verdict.relation;
    if relation.kind == Kind::Reprint && !relation.evidence.changed_numbers.is_empty() {
        verdict.flags.push(CHANGED_NUMBERS.into());
        if relation.rule == "other-figures" {
            verdict.flags.push(NEEDS_REVIEW.into());
        }
    }
}

/// Reads the words in which an article differs from its best match. If the article is a copy and
/// the words are news, adds the flag `changed_words`. Whole passages can be news whoever sent them.
/// In a copy by the same provider, a word that changes the meaning is also news; in a short text,
/// so is any word that carries meaning. In a copy by another provider, a word that changes the
/// meaning is news, but an editor should check it.
fn read_difference(
    new: Arrival<'_>,
    verified: &[VerifiedCandidate<'_>],
    verdict: &mut Verdict,
) -> Difference {
    let relation = &verdict.relation;
    let of = relation.of.as_ref().and_then(|of| of.sequence);
    let Some(chosen) = verified.iter().find(|v| Some(v.that.sequence) == of) else {
        return Difference::default();
    };
    let copy = matches!(relation.kind, Kind::Reprint | Kind::Excerpt | Kind::Expansion);
    let by_text = relation.kind == chosen.kind && relation.rule == chosen.rule;
    if !by_text || !copy && relation.kind != Kind::Partial && chosen.rule != OTHER_SUBJECT {
        return Difference::default();
    }
    // The stored difference of a copy leaves out the words at its edges, because these are
    // boilerplate.
    let difference = match copy {
        true => chosen.difference,
        false => Difference::of(new, chosen.that, &chosen.comparison, Edges::Text),
    };
    if difference.other_subject || chosen.difference.passages.replaced {
        verdict.shared_with_strangers =
            relation.passages.iter().map(|p| (p.start_word, p.end_word)).collect();
    }
    let same = archive::same_provider(new.about, chosen.that.about);
    let revised = match new.print.words() <= SHORT_WORDS_MAX {
        true => difference.new_words > 0,
        false => difference.new_names > 0 && difference.new_words <= REVISED_WORDS_MAX,
    };
    let told = difference.passages.news || difference.headline_news;
    if copy && (told || same && (difference.turned || revised)) {
        verdict.flags.push(CHANGED_WORDS.into());
    } else if copy && !same && difference.turned {
        verdict.flags.push(CHANGED_WORDS.into());
        verdict.flags.push(NEEDS_REVIEW.into());
    }
    difference
}

/// Whether the article is, by the times that its sender states, an older version of `version`, and
/// contains no more than that version does. An older version with text of its own is published, so
/// that a wrong clock cannot suppress news.
fn is_late_excerpt(
    new: Arrival<'_>,
    version: Option<Earlier<'_>>,
    verdict: &Verdict,
    settings: &Settings,
) -> bool {
    let own = |that: Earlier<'_>| archive::same_provider(new.about, that.about);
    let contained = verdict.relation.evidence.of_this_in_that;
    verdict.relation.rule == "late-version"
        && version.is_some_and(own)
        && contained.is_some_and(|share| share.get() >= settings.contained.get())
        && verdict.relation.evidence.changed_numbers.is_empty()
}

/// Whether version counters show that the article is older than one that was sent before. Times do
/// not count by themselves, so that a wrong clock cannot suppress news.
fn is_outdated(new: Arrival<'_>, relation: &Relation) -> bool {
    let of = relation.of.as_ref().filter(|_| relation.rule == "late-version");
    let versions = new.about.version.as_deref().zip(of.and_then(|of| of.key.version.as_deref()));
    versions.is_some_and(|(new, that)| is_counter(new) && is_counter(that))
}

/// Whether the article is published to the unique topic.
fn pass(new: Arrival<'_>, verdict: &Verdict, difference: Difference, settings: &Settings) -> Pass {
    use crate::article::PubStatus;
    let unique = &settings.unique;
    let kind = verdict.relation.kind;
    let waits = kind != Kind::Withdrawal && unique.waits(new.about.embargoed, new.now);
    // If an embargo is stated, a withheld article is only withheld until the embargo ends.
    let withheld = new.about.pubstatus == PubStatus::Withheld && kind != Kind::Withdrawal && !waits;
    let tainted = verdict.flags.iter().any(|f| f == CARRIES_WITHDRAWN);
    if withheld || tainted && unique.carrying == CarrierPolicy::Hold {
        return Pass::Held;
    }
    let novel = |n: &Novelty| n.words >= unique.novel_words || n.numbers >= unique.new_numbers;
    let enough = unique.when_novel.contains(&kind) && verdict.novelty.as_ref().is_some_and(novel);
    // In a short text, a few new words are enough to be news.
    let words = new.print.words();
    let few = if words < settings.tuning.novelty_words_min as usize { 1 } else { 5 };
    let own = difference.new_words + difference.new_figures + u32::from(difference.turned);
    let told = unique.when_novel.contains(&kind)
        && (words <= SHORT_WORDS_MAX && own >= few || difference.other_subject);
    let changed = verdict.flags.iter().any(|f| f == CHANGED_WORDS || f == CHANGED_NUMBERS);
    let outdated = is_outdated(new, &verdict.relation);
    if outdated || !unique.always.contains(&kind) && !enough && !told && !changed {
        return Pass::Repeat;
    }
    if waits { Pass::Embargoed } else { Pass::Yes }
}
