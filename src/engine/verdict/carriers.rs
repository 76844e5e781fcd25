//! Carriers: articles that literally contain a passage of an earlier article. They are the blast
//! radius of a kill or correction.
//!
//! In: the fingerprint of the withdrawn or corrected text, its tainted words (the words that were
//! withdrawn or corrected), and a live article. Out: the word ranges of that article that repeat at
//! least `run_words` consecutive words of the text, at least one of them tainted. If the two texts
//! are equal, the result is the whole text, however short. Paraphrases are not found.
//! [`is_likely_carrier`] decides whether an article with the same slug has so many of the same
//! figures that it probably reports the same facts.
//!
//! ```text
//! tainted   the minister took [40] crowns from the lake fund said a clerk in may
//! carrier   so the minister took 40 crowns from the lake fund said a clerk in may
//!           words 1 to 14 repeat a run that includes the tainted figure
//! ```

use super::align::{Aligner, SharedRun};
use super::archive::Earlier;
use crate::fingerprint::Fingerprint;

/// The words of a text that were withdrawn or corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaintedWords {
    /// All words.
    Whole,
    /// These word ranges: first word, one past the last. An empty range is a place between two
    /// words; only runs with words on both sides of the place touch it.
    Ranges(Vec<(u32, u32)>),
}

impl TaintedWords {
    /// The words of `old` that its correction `new` no longer contains: figures that differ, and
    /// words in no shared run. If the correction keeps every word: the places where it adds words
    /// (`found guilty`, `found not guilty`), or the whole text if there are no such places.
    pub fn corrected(new: &Fingerprint, old: &Fingerprint) -> Self {
        let alignment = Aligner::of(new).with(old);
        let mut kept = vec![false; old.words()];
        for block in &alignment.blocks {
            kept[block.old as usize..block.old_end() as usize].fill(true);
        }
        for pair in alignment.changed() {
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
        if ranges.is_empty() {
            let pairs = alignment.blocks.windows(2);
            let added = pairs.filter(|p| p[0].old_end() == p[1].old && p[0].new_end() < p[1].new);
            ranges = added.map(|pair| (pair[1].old, pair[1].old)).collect();
        }
        if ranges.is_empty() { Self::Whole } else { Self::Ranges(ranges) }
    }

    /// Whether the range from `from` to `to` contains a tainted word.
    fn touches(&self, from: u32, to: u32) -> bool {
        match self {
            Self::Whole => true,
            Self::Ranges(ranges) => ranges.iter().any(|&(start, end)| start < to && from < end),
        }
    }
}

/// The word ranges in which the article `that` literally repeats tainted words of `text`; empty if
/// there are none. The caller builds the aligner of `text` once for all articles.
pub fn carried_ranges(
    text: &Aligner<'_>,
    tainted: &TaintedWords,
    that: Earlier<'_>,
    run_words: u32,
) -> Vec<(u32, u32)> {
    if text.text().is_equal(that.print) {
        return vec![(0, that.print.words() as u32)];
    }
    let alignment = text.with(that.print);
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for run in &alignment.runs {
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

/// Whether `that`, which has the same slug as `text`, contains enough of the figures of `text`. For
/// a corrected text: at least one tainted figure, and at least one of the other figures if there
/// are any. For a whole text: at least two of its figures, and half of them.
pub fn is_likely_carrier(text: &Fingerprint, tainted: &TaintedWords, that: &Fingerprint) -> bool {
    let mut present: Vec<u32> = that.figures.iter().map(|figure| figure.hash).collect();
    present.sort_unstable();
    present.dedup();
    let has = |hash: &u32| present.binary_search(hash).is_ok();
    let of = |wanted: bool| {
        let figures = text.figures.iter();
        let matters = figures.filter(|f| tainted.touches(f.word, f.word + 1) == wanted);
        let mut hashes: Vec<u32> = matters.map(|figure| figure.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    };
    let (tainted_figures, others) = (of(true), of(false));
    let shared = tainted_figures.iter().filter(|hash| has(hash)).count();
    match tainted {
        TaintedWords::Whole => shared >= 2 && shared * 2 >= tainted_figures.len(),
        TaintedWords::Ranges(_) => shared >= 1 && (others.is_empty() || others.iter().any(has)),
    }
}

/// Cuts a run at the figures that differ.
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
    use crate::article::{ArticleMetadata, EventTime, Sequence};
    use crate::fingerprint::{self, SamplingKey};
    use crate::text::{self, words};
    use crate::verdict::{Validity, Verdict};

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Limits::default());
        Fingerprint::of(&words, &fingerprint::Limits::default(), SamplingKey(1))
    }

    fn ranges(text: &str, tainted: &TaintedWords, carrier: &str) -> Vec<(u32, u32)> {
        let (text, carrier) = (print(text), print(carrier));
        let (about, verdict) = (ArticleMetadata::default(), Verdict::default());
        let that = Earlier {
            sequence: Sequence(0),
            arrived: EventTime(0),
            about: &about,
            print: &carrier,
            verdict: &verdict,
            validity: Validity::Valid,
        };
        carried_ranges(&Aligner::of(&text), tainted, that, 6)
    }

    #[test]
    fn articles_with_a_literal_run_are_carriers() {
        let text = "the minister took 40 crowns from the lake fund said a clerk";
        let with = "on friday it was said the minister took 40 crowns from the lake fund and left";
        assert_eq!(ranges(text, &TaintedWords::Whole, with), [(5, 14)]);
        assert!(
            ranges(text, &TaintedWords::Whole, "the minister took a boat on the lake").is_empty()
        );
    }

    #[test]
    fn a_correction_that_adds_a_word_taints_only_the_place_of_that_word() {
        let old = "the jury found the harbour master guilty of bribery on friday the desk will \
                   send more as it comes this is breaking news";
        let new = old.replace("guilty", "not guilty");
        let tainted = TaintedWords::corrected(&print(&new), &print(old));
        let reprint = format!("a court said that {old}");
        assert_eq!(ranges(old, &tainted, &reprint), [(4, 27)]);
        let corrected = format!("a court said that {new}");
        let footer =
            "three men were hurt the desk will send more as it comes this is breaking news";
        for other in [&*corrected, footer] {
            assert!(ranges(old, &tainted, other).is_empty(), "{other}");
        }
    }

    #[test]
    fn shared_figures_make_a_likely_carrier() {
        let text = print("40 crowns from 3 lakes in 1998 said a clerk");
        let holds =
            |tainted: &TaintedWords, that: &str| is_likely_carrier(&text, tainted, &print(that));
        assert!(holds(&TaintedWords::Whole, "a clerk counted 40 and 3"));
        assert!(!holds(&TaintedWords::Whole, "a clerk counted 40 and 5"));
        let forty = TaintedWords::Ranges(vec![(0, 1)]);
        assert!(holds(&forty, "in 1998 it was 40"));
        assert!(!holds(&forty, "it was 40"));
        assert!(!holds(&forty, "in 1998 it was 14"));
    }

    #[test]
    fn a_corrected_figure_taints_the_runs_that_contain_it() {
        let old = "the minister took 40 crowns from the lake fund said a clerk in may";
        let new = "the minister took 14 crowns from the lake fund said a clerk in may";
        let tainted = TaintedWords::corrected(&print(new), &print(old));
        assert_eq!(tainted, TaintedWords::Ranges(vec![(3, 4)]));
        assert_eq!(ranges(old, &tainted, &format!("so {old}")).len(), 1);
        assert!(ranges(old, &tainted, &format!("so {new}")).is_empty());
        assert!(ranges(old, &tainted, "crowns from the lake fund said a clerk in may").is_empty());
    }
}
