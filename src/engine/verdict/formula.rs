//! Formulas of the wire: a run of words that many reports hold which have nothing else in common, such
//! as how an agency names an office, or how the terms of a bond are told. It makes no partial copy.
//!
//! In: the verified candidates of an article. Out: those whose shared run is a formula are marked, and
//! not reported. A run shorter than two of `run_words` is one when `formula_roots` texts of as many
//! roots hold two thirds of it. Copies of one text are of one root, and so are texts of which one
//! holds a larger share of the other; copies of the new article itself do not count.
//!
//! What is marked still counts where withdrawn text is looked for, and for novelty.
//!
//! Tried: a longer `run_words` cuts more (16: two thirds), quotes and pasted sentences among them. Two
//! roots are too few: sources of spliced items are lost.

use super::rules::SHARED_RUN;
use super::{Earlier, Kind, Settings, VerifiedCandidate};
use crate::article::Sequence;

/// The rule of a text that shares a formula and no more.
pub(super) const FORMULA: &str = "formula";

/// Marks the candidates that share a formula alone.
pub(super) fn mark(verified: &mut [VerifiedCandidate<'_>], settings: &Settings) {
    let roots_min = usize::from(settings.formula_roots);
    if roots_min == 0 || verified.len() < roots_min {
        return;
    }
    let held =
        |v: &VerifiedCandidate<'_>| v.rule == SHARED_RUN && is_formula(v, verified, settings);
    let marked: Vec<bool> = verified.iter().map(held).collect();
    for (one, _) in verified.iter_mut().zip(marked).filter(|(_, marked)| *marked) {
        one.rule = FORMULA;
    }
}

fn is_formula(
    one: &VerifiedCandidate<'_>,
    all: &[VerifiedCandidate<'_>],
    settings: &Settings,
) -> bool {
    let share = one.pair.of_new.get().max(one.pair.of_old.get());
    let longest = one.pair.alignment.blocks.iter().max_by_key(|block| block.len);
    let Some(run) = longest.filter(|run| run.len < 2 * settings.run_words) else { return false };
    if share >= settings.partial {
        return false;
    }
    let mut roots: Vec<Sequence> = Vec::with_capacity(all.len());
    for that in all.iter().filter(|v| !v.kind.joins_its_match() && v.kind != Kind::Recurring) {
        let held: u32 = that.pair.alignment.blocks.iter().map(|block| block.overlap(*run)).sum();
        let root = root(that.that);
        if 3 * held >= 2 * run.len && !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots.len() >= usize::from(settings.formula_roots)
}

/// The first text that an article has more than a run of.
fn root(that: Earlier<'_>) -> Sequence {
    let theirs = &that.verdict.relation;
    let more = theirs.rule != SHARED_RUN;
    theirs.root.as_ref().filter(|_| more).and_then(|root| root.sequence).unwrap_or(that.sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{About, EventTime};
    use crate::candidates::Candidate;
    use crate::fingerprint::{self, Fingerprint, FloodKey};
    use crate::text::{self, Clean, words};
    use crate::verdict::{Archive, Arrival, Validity, Verdict, identity_record::Identity, judge};

    /// Articles in order, each judged against all before it.
    #[derive(Default)]
    struct Shelf(Vec<(About, Fingerprint, Verdict)>);

    impl Archive for Shelf {
        fn earlier(&self, sequence: Sequence) -> Option<Earlier<'_>> {
            let (about, print, verdict) = self.0.get(sequence.0 as usize)?;
            let (arrived, standing) = (EventTime(0), Validity::Stands);
            Some(Earlier { sequence, arrived, about, print, verdict, standing })
        }
        fn versions(&self, _: &str) -> impl DoubleEndedIterator<Item = Earlier<'_>> {
            std::iter::empty()
        }
        fn newest_of_name(&self, _: u64) -> Option<Earlier<'_>> {
            None
        }
        fn bearers_of_slug(&self, _: u64, _: Option<&str>) -> usize {
            0
        }
        fn past_of_uri(&self, _: &str) -> Option<&Identity> {
            None
        }
        fn past_of_name(&self, _: u64) -> Option<&Identity> {
            None
        }
    }

    impl Shelf {
        /// The kinds and rules of all that is said of a text.
        fn put(&mut self, body: &str) -> Vec<(Kind, String)> {
            let words = words(body, &text::Settings::default());
            let print = Fingerprint::of(&words, &fingerprint::Settings::default(), FloodKey(1));
            let about = About { uri: format!("urn:{}", self.0.len()), ..About::default() };
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
            let said = all.map(|r| (r.kind, r.rule.to_string())).collect();
            self.0.push((about, print, verdict));
            said
        }
    }

    fn own(topic: &str) -> String {
        let letter = |n: u8| char::from(b'a' + n);
        (0..70).map(|n| format!("{topic}{}{} ", letter(n / 26), letter(n % 26))).collect()
    }

    const RUN: &str =
        "the joint office of the two departments for harbours and lakes said on its board ";

    #[test]
    fn a_run_that_three_unrelated_texts_hold_is_a_formula() {
        let mut shelf = Shelf::default();
        let partial = || (Kind::Partial, SHARED_RUN.to_owned());
        let with = |topic: &str| own(topic) + RUN + &own(&format!("{topic}q"));
        assert_eq!(shelf.put(&with("a"))[0].0, Kind::Original);
        assert_eq!(shelf.put(&with("b")), [partial()], "a quote in two texts");
        // A copy of the second is of its root.
        assert_eq!(shelf.put(&(with("b") + "and so on"))[0].0, Kind::Reprint);
        assert_eq!(shelf.put(&with("c")), [partial(), partial(), partial()]);
        assert_eq!(shelf.put(&with("d"))[0].0, Kind::Original, "three roots hold it");
    }

    #[test]
    fn a_long_passage_is_none() {
        let mut shelf = Shelf::default();
        let passage = own("p").split_inclusive(' ').take(30).collect::<String>();
        for topic in ["a", "b", "c", "d", "e"] {
            let said = shelf.put(&(own(topic) + &passage + &own(&format!("{topic}q"))));
            let first = topic == "a";
            assert_eq!(said[0].0, if first { Kind::Original } else { Kind::Partial });
        }
    }
}
