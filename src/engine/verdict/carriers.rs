//! Who literally carries a passage of an earlier article: the blast radius of a kill or correction.
//!
//! In: the fingerprint of what was withdrawn or corrected, the words of it that matter, and the live
//! articles that share samples with it. Out: those that hold a run of at least `run_words` words over
//! those words, with the places in the carrier, or all of the text, however short. Paraphrases are not found; [`likely`] says of an
//! article under the same slug whether its figures are those of the text.

use super::align::{Aligner, SharedRun};
use super::types::Earlier;
use crate::fingerprint::Fingerprint;

/// The words of a text that were withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaintedWords {
    /// All of them.
    Whole,
    /// These ranges: first word, one past the last.
    Ranges(Vec<(u32, u32)>),
}

impl TaintedWords {
    /// What of `old` a corrected text does not hold any more: figures that differ and words that no
    /// run covers. The whole where the correction keeps every word.
    pub fn corrected(new: &Fingerprint, old: &Fingerprint) -> Self {
        let found = Aligner::of(new).with(old);
        let mut kept = vec![false; old.words()];
        for block in &found.blocks {
            kept[block.old as usize..block.old_end() as usize].fill(true);
        }
        for pair in found.changed() {
            kept[pair.old as usize] = false;
        }
        let mut ranges = Vec::new();
        let mut at = 0;
        for run in kept.chunk_by(|a, b| a == b) {
            if !run[0] {
                ranges.push((at as u32, (at + run.len()) as u32));
            }
            at += run.len();
        }
        if ranges.is_empty() { Self::Whole } else { Self::Ranges(ranges) }
    }

    fn touches(&self, from: u32, to: u32) -> bool {
        match self {
            Self::Whole => true,
            Self::Ranges(ranges) => ranges.iter().any(|&(start, end)| start < to && from < end),
        }
    }
}

/// The word ranges of `that` which literally carry tainted words of `text`, whose table is built
/// once by the caller; none where it carries none.
pub fn carried(
    text: &Aligner<'_>,
    tainted: &TaintedWords,
    that: Earlier<'_>,
    run_words: u32,
) -> Vec<(u32, u32)> {
    if text.text().is_equal(that.print) {
        return vec![(0, that.print.words() as u32)];
    }
    let found = text.with(that.print);
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for run in &found.runs {
        for part in split(*run, &text.changed(*run, that.print)) {
            if part.len >= run_words && tainted.touches(part.new, part.new_end()) {
                ranges.push((part.old, part.old_end()));
            }
        }
    }
    ranges.sort_unstable();
    ranges.dedup();
    ranges
}

/// Whether `that`, which bears the slug of `text`, holds the figures that matter: one that was
/// corrected, beside others of the text; or, of a whole text, at least two and half of them.
pub fn likely(text: &Fingerprint, tainted: &TaintedWords, that: &Fingerprint) -> bool {
    let mut held: Vec<u32> = that.figures.iter().map(|figure| figure.hash).collect();
    held.sort_unstable();
    held.dedup();
    let holds = |hash: &u32| held.binary_search(hash).is_ok();
    let of = |wanted: bool| {
        let figures = text.figures.iter();
        let matters = figures.filter(|f| tainted.touches(f.word, f.word + 1) == wanted);
        let mut hashes: Vec<u32> = matters.map(|figure| figure.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    };
    let (tainted_figures, others) = (of(true), of(false));
    let shared = tainted_figures.iter().filter(|hash| holds(hash)).count();
    match tainted {
        TaintedWords::Whole => shared >= 2 && shared * 2 >= tainted_figures.len(),
        TaintedWords::Ranges(_) => shared >= 1 && (others.is_empty() || others.iter().any(holds)),
    }
}

/// A run cut where figures differ.
fn split(run: SharedRun, changed: &[u32]) -> Vec<SharedRun> {
    let mut parts = Vec::new();
    let mut from = run.new;
    let inner = changed.iter().copied().filter(|w| (run.new..run.new_end()).contains(w));
    for stop in inner.chain([run.new_end()]) {
        if stop > from {
            parts.push(SharedRun { new: from, old: run.old + (from - run.new), len: stop - from });
        }
        from = stop + 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{About, EventTime, Sequence};
    use crate::fingerprint::{self, FloodKey};
    use crate::text::{self, words};
    use crate::verdict::{Validity, Verdict};

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Settings::default());
        Fingerprint::of(&words, &fingerprint::Settings::default(), FloodKey(1))
    }

    fn ranges(text: &str, tainted: &TaintedWords, carrier: &str) -> Vec<(u32, u32)> {
        let (text, carrier) = (print(text), print(carrier));
        let (about, verdict) = (About::default(), Verdict::default());
        let that = Earlier {
            sequence: Sequence(0),
            arrived: EventTime(0),
            about: &about,
            print: &carrier,
            verdict: &verdict,
            standing: Validity::Stands,
        };
        carried(&Aligner::of(&text), tainted, that, 6)
    }

    #[test]
    fn literal_runs_are_found() {
        let text = "the minister took 40 crowns from the lake fund said a clerk";
        let with = "on friday it was said the minister took 40 crowns from the lake fund and left";
        assert_eq!(ranges(text, &TaintedWords::Whole, with), [(5, 14)]);
        assert!(
            ranges(text, &TaintedWords::Whole, "the minister took a boat on the lake").is_empty()
        );
    }

    #[test]
    fn figures_alone_make_a_carrier_likely() {
        let text = print("40 crowns from 3 lakes in 1998 said a clerk");
        let holds = |tainted: &TaintedWords, that: &str| likely(&text, tainted, &print(that));
        assert!(holds(&TaintedWords::Whole, "a clerk counted 40 and 3"));
        assert!(!holds(&TaintedWords::Whole, "a clerk counted 40 and 5"));
        let forty = TaintedWords::Ranges(vec![(0, 1)]);
        assert!(holds(&forty, "in 1998 it was 40"));
        assert!(!holds(&forty, "it was 40"));
        assert!(!holds(&forty, "in 1998 it was 14"));
    }

    #[test]
    fn a_corrected_number_taints_what_holds_it() {
        let old = "the minister took 40 crowns from the lake fund said a clerk in may";
        let new = "the minister took 14 crowns from the lake fund said a clerk in may";
        let tainted = TaintedWords::corrected(&print(new), &print(old));
        assert_eq!(tainted, TaintedWords::Ranges(vec![(3, 4)]));
        assert_eq!(ranges(old, &tainted, &format!("so {old}")).len(), 1);
        assert!(ranges(old, &tainted, &format!("so {new}")).is_empty());
        assert!(ranges(old, &tainted, "crowns from the lake fund said a clerk in may").is_empty());
    }
}
