//! What a new article is, of what, and on which evidence.
//!
//! In: a prepared article, its candidates, and a view of the earlier articles. Out: a [`Verdict`].
//!
//! ```text
//! identity   uri, version, links, wire marks: withdrawal, redelivery, correction, update
//! align      two traces to the runs that both hold
//! compare    runs to measures: containment, agreement of words and of figures, blocks
//! classify   measures to a text kind, by thresholds, in a fixed order
//! formula    runs that stand in many unrelated texts
//! novelty    what no candidate had
//! ```
//!
//! A candidate is compared and given its kind; evidence is gathered for what is reported alone.
//!
//! Kinds are tested over all candidates: identity and marks first, then the text kinds for the best
//! match by Jaccard, containment and arrival, `partial` last. A copy whose text is equal inherits
//! the links of the earlier one, so that nothing else is compared.
//!
//! Invariants: RE-1 `of` is earlier in the shard's order; RE-2 `root` is the first of the chain and
//! has no `of` of a kind that joins its match; RE-3 the verdict is a function of the article, its
//! candidates and what the archive holds.
//!
//! Deliberately absent: semantics beyond the wire's own marks, and chains by union.

pub mod align;
pub mod carriers;
mod classify;
mod compare;
mod formula;
pub mod identity;
pub mod identity_record;
pub mod names;
mod novelty;
pub mod rules;
mod types;
pub mod versions;

use crate::article::{ItemShape, ItemType, Sequence};
use crate::candidates::Candidate;
use align::Aligner;
use compare::Comparison;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
pub use types::*;

/// Thresholds of the kinds. Every rule's margin is shown by `explain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Containment from which a text is an excerpt or an expansion.
    pub contained: f64,
    /// The other containment, as a share of the first, from which it is neither.
    pub contained_both: f64,
    /// Containment both ways from which a text is a reprint.
    pub reprint: f64,
    /// The same after `template_apart_hours`, when what is alike is more often a template about
    /// another subject.
    pub reprint_apart: f64,
    /// The longest unmatched block of a reprint, as a share of either text.
    pub block: f64,
    /// The longest unmatched block where `agreed_figures_min` aligned figures or more all agree, and no
    /// template had time to recur.
    pub agreed_block: f64,
    /// Aligned figures from which `agreed_block` counts.
    pub agreed_figures_min: u32,
    /// Share of a rewritten gap whose words agree in order, from which it is no block.
    pub rewritten: f64,
    /// Containment from which a text that matches nothing better is a partial copy, and from which
    /// wire marks bind two texts.
    pub partial: f64,
    /// Words of a shared run that make a partial copy.
    pub run_words: u32,
    /// Texts with nothing else in common that must hold a short shared run for it to be a formula, which
    /// makes no partial copy; 0 for none.
    pub formula_roots: u8,
    /// Plain words from which a template can recur.
    pub template_words_min: u32,
    /// Agreement of plain words, both ways, of a recurring template.
    pub template: f64,
    /// The same for a template that recurs after `template_apart_hours`.
    pub template_apart: f64,
    /// Hours from which a template is compared more strictly in words and less in figures.
    pub template_apart_hours: i64,
    /// The highest share of kept figures of a recurring template: three pairs or more; two or more
    /// changed; far apart, or of two or more changed and no correction.
    pub kept: [f64; 3],
    /// Hours within which one provider's text with one or two other figures is a correction.
    pub unmarked_hours: i64,
    /// The most further relations that are reported.
    pub also_max: u8,
    /// The most passages that are reported for one relation, and for novelty.
    pub passages_max: u8,
    /// Words below which novelty is not stated.
    pub novelty_words_min: u32,
    /// The confidence below which a notice that names an article by words alone takes no effect and
    /// asks a person (`needs_review`).
    pub review_below: f64,
    /// What goes on to `wire.unique`.
    pub unique: UniqueSettings,
}

/// What goes on to `wire.unique`, by kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct UniqueSettings {
    /// Kinds that always go on.
    pub always: Vec<Kind>,
    /// Kinds that go on when they bring enough that is new.
    pub when_novel: Vec<Kind>,
    /// New words that are enough.
    pub novel_words: u32,
    /// New figures that are enough.
    pub new_numbers: u32,
    /// What becomes of an article that is under an embargo.
    pub embargoed: Embargoed,
    /// What becomes of an article that carries what was withdrawn or corrected.
    pub carrying: Carrying,
}

/// What becomes of an article under an embargo that would go on to `wire.unique`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Embargoed {
    /// It waits until the engine's clock reaches the end of the embargo.
    #[default]
    Hold,
    /// It goes on at once; its headers and its events carry the embargo.
    Pass,
}

/// What becomes of an article that carries withdrawn or uncorrected text and would go on to
/// `wire.unique`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Carrying {
    /// It is held back for good.
    #[default]
    Hold,
    /// It goes on, flagged.
    Pass,
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
            embargoed: Embargoed::Hold,
            carrying: Carrying::Hold,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            contained: 0.9,
            contained_both: 0.93,
            reprint: 0.5,
            reprint_apart: 0.65,
            block: 0.3,
            agreed_block: 0.37,
            agreed_figures_min: 6,
            rewritten: 0.42,
            partial: 0.3,
            run_words: 12,
            formula_roots: 3,
            template_words_min: 8,
            template: 0.6,
            template_apart: 0.8,
            template_apart_hours: 20,
            kept: [0.5, 0.34, 0.7],
            unmarked_hours: 24,
            also_max: 8,
            passages_max: 16,
            novelty_words_min: 30,
            review_below: 0.7,
            unique: UniqueSettings::default(),
        }
    }
}

/// The flag of an article that carries withdrawn text.
pub const CARRIES_WITHDRAWN: &str = "carries_withdrawn";
/// The flag of an article that carries what another was corrected in.
pub const CARRIES_UNCORRECTED: &str = "carries_uncorrected";
/// The flag of a verdict that a person should look at.
pub const NEEDS_REVIEW: &str = "needs_review";
/// The flag of a copy with other figures.
pub const CHANGED_NUMBERS: &str = "changed_numbers";

/// The rule of a text whose shared words a better match, no kin of it, explains already.
const COMMON_PASSAGE: &str = "common-passage";

/// A candidate that was verified, with the kind that its text gives and the rule that gave it.
struct VerifiedCandidate<'a> {
    that: Earlier<'a>,
    pair: Comparison,
    kind: Kind,
    rule: &'static str,
}

impl VerifiedCandidate<'_> {
    /// Whether it is reported.
    fn counts(&self) -> bool {
        self.kind != Kind::Original && self.rule != formula::FORMULA
    }

    /// What is said of it, where it is reported.
    fn relation(&self, new: Arrival<'_>) -> Relation {
        classify::relation(new, self.that, &self.pair, (self.kind, self.rule))
    }
}

/// Judges `new` against its candidates.
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
        .filter(|that| that.print.content == new.print.content)
        .min_by_key(|that| that.sequence);
    let verified = match equal {
        Some(&that) => vec![verify_equal(new, that)],
        None => verify(new, &earlier, archive, settings),
    };
    let mut verdict =
        Verdict { novelty: novelty::of(new, &verified, settings), ..Verdict::default() };
    verdict.relation = identity::of(new, &verified, archive, settings)
        .or_else(|| best(&verified).map(|v| v.relation(new)))
        .unwrap_or_else(|| Relation { rule: "no-match".into(), ..Relation::default() });
    if verdict.relation.kind != Kind::Withdrawal {
        verdict.also = also(new, &verdict.relation, &verified, equal.copied(), settings);
    }
    flag(new, &verified, &mut verdict);
    let confidence = verdict.relation.evidence.confidence;
    if confidence.is_some_and(|sure| sure.get() < settings.review_below) {
        verdict.flags.push(NEEDS_REVIEW.into());
    }
    verdict.pass = pass(new, &verdict, &settings.unique);
    verdict
}

/// Two texts compared as `judge` compares them, with every rule and its margin.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The measures, as evidence.
    pub evidence: Evidence,
    /// The runs that both hold, each word once, in the order of the new text.
    pub blocks: Vec<align::SharedRun>,
    /// Aligned figures.
    pub figures: Vec<align::FigurePair>,
    /// The rules in the order in which they are tried.
    pub rules: [rules::Rule; rules::RULES],
    /// The kind that the texts alone give, and the rule that gave it.
    pub by_text: (Kind, &'static str),
}

/// Explains how the text of `new` relates to that of `that`.
pub fn explain(new: Arrival<'_>, that: Earlier<'_>, settings: &Settings) -> Explanation {
    let equal = new.print.content == that.print.content && !new.print.trace.is_empty();
    let pair = match equal {
        true => Comparison::equal(new.print),
        false => Comparison::of(&Aligner::of(new.print), new.print, that.print, settings),
    };
    let by_text = match equal {
        true => (Kind::Duplicate, "equal-content"),
        false => classify::text_kind(new, that, &pair, settings),
    };
    let relation = classify::relation(new, that, &pair, by_text);
    Explanation {
        evidence: relation.evidence,
        rules: rules::table(new, that, &pair, settings),
        blocks: pair.alignment.blocks,
        figures: pair.figures,
        by_text,
    }
}

/// Pictures and captions are compared with their own type only; notices to editors with notices.
fn comparable(new: Arrival<'_>, that: Earlier<'_>) -> bool {
    let class = |kind: ItemType| match kind {
        ItemType::Text | ItemType::Other | ItemType::Advisory => ItemType::Text,
        other => other,
    };
    let notice = |about: &crate::article::About| about.marks.shape == Some(ItemShape::Advisory);
    class(new.about.kind) == class(that.about.kind) && notice(new.about) == notice(that.about)
}

fn verify_equal<'a>(new: Arrival<'_>, that: Earlier<'a>) -> VerifiedCandidate<'a> {
    let pair = Comparison::equal(new.print);
    VerifiedCandidate { that, pair, kind: Kind::Duplicate, rule: "equal-content" }
}

/// Compares with all of `earlier`, and with the first of the best one's chain: among many copies of
/// copies it is seldom one of the nearest, and is what a desk wants to know of.
fn verify<'a>(
    new: Arrival<'_>,
    earlier: &[Earlier<'a>],
    archive: &'a impl Archive,
    settings: &Settings,
) -> Vec<VerifiedCandidate<'a>> {
    if earlier.is_empty() {
        return Vec::new();
    }
    earlier.iter().for_each(|that| that.print.fetch());
    let aligner = Aligner::of(new.print);
    let compared = |that: Earlier<'a>, before: &[VerifiedCandidate<'a>]| {
        // Copies often have one text.
        let same = before.iter().find(|v| v.that.print.content == that.print.content);
        let pair = match same {
            Some(same) => same.pair.clone(),
            None => Comparison::of(&aligner, new.print, that.print, settings),
        };
        let (kind, rule) = classify::text_kind(new, that, &pair, settings);
        VerifiedCandidate { that, pair, kind, rule }
    };
    let order = |v: &VerifiedCandidate<'a>| (Reverse(v.pair.rank()), v.that.sequence);
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

/// The best text match: any kind but `partial` before `partial`, then by rank. Corrections that
/// nobody marked come before other kinds.
fn best<'a, 'b>(verified: &'a [VerifiedCandidate<'b>]) -> Option<&'a VerifiedCandidate<'b>> {
    let class = |kind: Kind| match kind {
        Kind::Duplicate => 0,
        Kind::Correction => 1,
        Kind::Partial => 3,
        _ => 2,
    };
    verified.iter().filter(|v| v.counts()).min_by_key(|v| class(v.kind))
}

/// Further relations: those that explain words which no better one explains come first. A text that
/// explains nothing more and is no kin of the best match shares a passage that stands in both, and is
/// called no copy. The last place is kept for the root. A copy of equal text inherits the links of the
/// earlier one.
fn also(
    new: Arrival<'_>,
    chosen: &Relation,
    verified: &[VerifiedCandidate<'_>],
    equal: Option<Earlier<'_>>,
    settings: &Settings,
) -> Vec<Relation> {
    let max = usize::from(settings.also_max);
    let seen = chosen.of.as_ref().and_then(|of| of.sequence);
    let taken = |v: &VerifiedCandidate<'_>| Some(v.that.sequence) == seen;
    if let Some(that) = equal {
        let own = verified.iter().filter(|v| !taken(v)).map(|v| v.relation(new));
        let theirs = std::iter::once(&that.verdict.relation).chain(&that.verdict.also);
        let theirs = theirs.filter(|r| r.of.is_some() && r.of != chosen.of).cloned();
        return own.chain(theirs).take(max).collect();
    }
    let mut rest: Vec<&VerifiedCandidate<'_>> =
        verified.iter().filter(|v| v.counts() && !taken(v)).collect();
    if rest.is_empty() {
        return Vec::new();
    }
    let mut explained = novelty::WordCoverage::none(new.print.words());
    let best = verified.iter().find(|v| taken(v));
    if let Some(best) = best {
        explained.add(&best.pair.alignment);
    }
    let root = chosen.root.as_ref().and_then(|root| root.sequence);
    let mut ordered = Vec::with_capacity(rest.len().min(max));
    while ordered.len() < max && !rest.is_empty() {
        let gains: Vec<u32> = rest.iter().map(|v| explained.gain(&v.pair.alignment)).collect();
        let most = gains.iter().copied().max().filter(|&most| most >= settings.run_words);
        let gains_most = most.and_then(|most| gains.iter().position(|&gain| gain == most));
        let last = ordered.len() + 1 == max;
        let kept = rest.iter().position(|v| last && Some(v.that.sequence) == root);
        let at = kept.or(gains_most).unwrap_or(0);
        let next = rest.remove(at);
        explained.add(&next.pair.alignment);
        let copy = gains[at] < settings.run_words && next.kind.joins_its_match();
        let stranger = copy && best.is_some_and(|best| !kin(best.that, next.that));
        let said = if stranger { (Kind::Partial, COMMON_PASSAGE) } else { (next.kind, next.rule) };
        ordered.push(classify::relation(new, next.that, &next.pair, said));
    }
    ordered
}

/// Whether two earlier articles have text of one another, or of a third, by what was said of them.
fn kin(a: Earlier<'_>, b: Earlier<'_>) -> bool {
    fn links(that: Earlier<'_>) -> impl Iterator<Item = Sequence> + '_ {
        let relations = std::iter::once(&that.verdict.relation).chain(&that.verdict.also);
        let targets = relations.flat_map(|r| [&r.of, &r.root]).flatten();
        targets.filter_map(|t| t.sequence).chain([that.sequence])
    }
    links(a).any(|link| links(b).any(|other| other == link))
}

fn flag(new: Arrival<'_>, verified: &[VerifiedCandidate<'_>], verdict: &mut Verdict) {
    let withdrawal = verdict.relation.kind == Kind::Withdrawal;
    let carries = |standing| {
        verified.iter().any(|v| {
            v.that.standing == standing
                && v.that.about.uri != new.about.uri
                && v.kind != Kind::Original
                && v.kind != Kind::Recurring
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

/// Whether the article goes on to `wire.unique`.
fn pass(new: Arrival<'_>, verdict: &Verdict, unique: &UniqueSettings) -> Pass {
    use crate::article::PubStatus;
    let kind = verdict.relation.kind;
    let withheld = new.about.pubstatus == PubStatus::Withheld && kind != Kind::Withdrawal;
    let tainted = verdict.flags.iter().any(|f| f == CARRIES_WITHDRAWN);
    if withheld || tainted && unique.carrying == Carrying::Hold {
        return Pass::Held;
    }
    let novel = |n: &Novelty| n.words >= unique.novel_words || n.numbers >= unique.new_numbers;
    let enough = unique.when_novel.contains(&kind) && verdict.novelty.as_ref().is_some_and(novel);
    if !unique.always.contains(&kind) && !enough {
        return Pass::Repeat;
    }
    let waits = new.about.embargoed.is_some_and(|until| until > new.now);
    let waits = waits && kind != Kind::Withdrawal && unique.embargoed == Embargoed::Hold;
    if waits { Pass::Embargoed } else { Pass::Yes }
}
