//! Formulas: runs of words in many otherwise unrelated reports, such as the standard name of an
//! office or the boilerplate terms of a bond. A match that shares only a formula is not a partial
//! copy.
//!
//! In: the verified candidates of an article. Out: the same candidates; those whose shared run is a
//! formula are marked with the rule `formula` and not reported.
//!
//! A shared run shorter than `2 * run_words` is a formula if earlier texts of at least
//! `formula_roots` different roots each contain two thirds of it. Copies of one text share a root.
//! An article and its match also share a root, unless the rule of the match is `shared-run`.
//! Candidates that the new article copies, or whose template it repeats, do not count.
//!
//! A marked candidate is still used to find withdrawn text and to measure novelty.
//!
//! A longer `run_words` was rejected because it would also hide quotes and pasted sentences. Fewer
//! than three roots were rejected because they would hide the sources of articles that combine
//! several texts.

use super::rules::SHARED_RUN;
use super::{Earlier, Kind, Settings, VerifiedCandidate};
use crate::article::Sequence;

/// Rule of a text that shares nothing but a formula.
pub(super) const FORMULA: &str = "formula";

/// Marks the candidates that share nothing but a formula.
pub(super) fn mark(verified: &mut [VerifiedCandidate<'_>], settings: &Settings) {
    let roots_min = usize::from(settings.tuning.formula_roots);
    if roots_min == 0 || verified.len() < roots_min {
        return;
    }
    let shares_formula =
        |v: &VerifiedCandidate<'_>| v.rule == SHARED_RUN && is_formula(v, verified, settings);
    let marked: Vec<bool> = verified.iter().map(shares_formula).collect();
    for (one, _) in verified.iter_mut().zip(marked).filter(|(_, marked)| *marked) {
        one.rule = FORMULA;
    }
}

/// Whether the longest run shared with `one` is a formula.
fn is_formula(
    one: &VerifiedCandidate<'_>,
    all: &[VerifiedCandidate<'_>],
    settings: &Settings,
) -> bool {
    let share = one.comparison.of_new.get().max(one.comparison.of_old.get());
    let longest = one.comparison.alignment.blocks.iter().max_by_key(|block| block.len);
    let Some(run) = longest.filter(|run| run.len < 2 * settings.run_words.get()) else {
        return false;
    };
    if share >= settings.partial.get() {
        return false;
    }
    let mut roots: Vec<Sequence> = Vec::with_capacity(all.len());
    for that in all.iter().filter(|v| !v.kind.joins_its_match() && v.kind != Kind::Recurring) {
        let overlap: u32 =
            that.comparison.alignment.blocks.iter().map(|block| block.overlap(*run)).sum();
        let root = root(that.that);
        if 3 * overlap >= 2 * run.len && !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots.len() >= usize::from(settings.tuning.formula_roots)
}

/// The root of the chain that an article belongs to; the article itself if its match is only a
/// shared run.
fn root(that: Earlier<'_>) -> Sequence {
    let theirs = &that.verdict.relation;
    let more = theirs.rule != SHARED_RUN;
    theirs.root.as_ref().filter(|_| more).and_then(|root| root.sequence).unwrap_or(that.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{ArticleMetadata, EventTime};
    use crate::candidates::Candidate;
    use crate::fingerprint::{self, Fingerprint, SamplingKey};
    use crate::text::{self, Clean, words};
    use crate::verdict::{Archive, Arrival, Validity, Verdict, identity_record::Identity, judge};

    /// Articles in order, each judged against all earlier ones.
    #[derive(Default)]
    struct Shelf(Vec<(ArticleMetadata, Fingerprint, Verdict)>);

    impl Archive for Shelf {
        fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
            let (about, print, verdict) = self.0.get(sequence.0 as usize)?;
            let (arrived, standing) = (EventTime(0), Validity::Valid);
            Some(Earlier { sequence, arrived, about, print, verdict, validity: standing })
        }
        fn versions(&self, _: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
            std::iter::empty()
        }
        fn newest_of_name(&self, _: u64) -> Option<Earlier<'_>> {
            None
        }
        fn count_uris_with_slug(&self, _: u64, _: Option<&str>) -> usize {
            0
        }
        fn identity_of_uri(&self, _: &str) -> Option<&Identity> {
            None
        }
        fn past_of_name(&self, _: u64) -> Option<&Identity> {
            None
        }
    }

    impl Shelf {
        /// Adds a text, and returns the kinds and rules of all its relations.
        fn put(&mut self, body: &str) -> Vec<(Kind, String)> {
            let words = words(body, &text::Limits::default());
            let print = Fingerprint::of(&words, &fingerprint::Limits::default(), SamplingKey(1));
            let about = ArticleMetadata {
                uri: format!("urn:{}", self.0.len()),
                ..ArticleMetadata::default()
            };
            let clean = Clean { text: body.into(), ..Clean::default() };
            let candidates: Vec<Candidate> = (0..self.0.len() as u64)
                .map(|at| Candidate { sequence: Sequence(at), shared: 9, equal: false })
                .collect();
            let new = Arrival {
                about: &about,
                clean: &clean,
                words: &words,
                print: &print,
                now: EventTime(0),
            };
            let verdict = judge(new, &candidates, self, &Settings::default());
            let all = std::iter::once(&verdict.relation).chain(&verdict.also);
            let relations = all.map(|r| (r.kind, r.rule.to_string())).collect();
            self.0.push((about, print, verdict));
            relations
        }
    }

    fn filler(topic: &str) -> String {
        let letter = |n: u8| char::from(b'a' + n);
        (0..70).map(|n| format!("{topic}{}{} ", letter(n / 26), letter(n % 26))).collect()
    }

    const RUN: &str =
        "the joint office of the two departments for harbours and lakes said on its board ";

    #[test]
    fn a_run_that_three_unrelated_texts_contain_is_a_formula() {
        let mut shelf = Shelf::default();
        let partial = || (Kind::Partial, SHARED_RUN.to_owned());
        let with = |topic: &str| filler(topic) + RUN + &filler(&format!("{topic}q"));
        assert_eq!(shelf.put(&with("a"))[0].0, Kind::Original);
        assert_eq!(shelf.put(&with("b")), [partial()], "only one earlier text contains the run");
        // A copy of the second text has the same root.
        assert_eq!(shelf.put(&(with("b") + "and so on"))[0].0, Kind::Reprint);
        assert_eq!(shelf.put(&with("c")), [partial(), partial(), partial()]);
        assert_eq!(
            shelf.put(&with("d"))[0].0,
            Kind::Original,
            "earlier texts of three roots contain the run"
        );
    }

    #[test]
    fn a_long_passage_is_not_a_formula() {
        let mut shelf = Shelf::default();
        let passage = filler("p").split_inclusive(' ').take(30).collect::<String>();
        for topic in ["a", "b", "c", "d", "e"] {
            let relations = shelf.put(&(filler(topic) + &passage + &filler(&format!("{topic}q"))));
            let first = topic == "a";
            assert_eq!(relations[0].0, if first { Kind::Original } else { Kind::Partial });
        }
    }
}
