//! Alignment: finds the runs of words that two texts share, from their traces.
//!
//! In: the fingerprint of a new text, whose table is built once ([`Aligner::of`]), and the
//! fingerprints of earlier texts. Out: an [`Alignment`]: the shared runs, how much of each text
//! they cover, and a one-to-one pairing of words. Figures are 0 in a trace, so a run continues
//! across figures that differ; the figures themselves are compared afterwards.
//!
//! ```text
//! new   prices at the harbour rose 4 percent on friday traders said
//! old   prices at the harbour rose 5 percent on friday traders said
//!       one block of 11 words; figure pair (5, 5) differs; 4 of 8 shingles covered; longest run 5
//! ```
//!
//! The earlier trace is scanned once. At each position, the diagonal (the offset between the texts)
//! of the last run is tried first, then up to four positions of the new text with the same four
//! bytes. Each hit is extended in both directions, and the longest run wins. Four bytes that
//! contain three or more figures do not start a run. Unrelated texts share four bytes at about one
//! in 2^32 pairs of positions.
//!
//! Cost: one table for the new text, and a few operations per word of each earlier text.
//!
//! Invariants: AL-1 coverage is counted in shingles, many to one: a passage that occurs twice in
//! one text and once in the other is covered at every occurrence; AL-2 the pairing is one to one,
//! and runs with the most agreeing words are paired first.

use crate::fingerprint::{Fingerprint, SHINGLE_WORDS};
use crate::text::Figure;

/// Maximum number of positions in the new text that are tried for one position of the earlier text.
const CHAIN_MAX: usize = 4;
/// Maximum number of entries that are read in one table slot.
const SLOT_MAX: usize = 64;
/// End of a chain.
const NONE: u32 = u32::MAX;

/// A run of words that both texts contain, with figures masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedRun {
    /// First word in the new text.
    pub new: u32,
    /// First word in the earlier text.
    pub old: u32,
    /// Length in words.
    pub len: u32,
}

impl SharedRun {
    /// Offset of the run between the two texts, the same for all its words.
    fn diagonal(self) -> i64 {
        i64::from(self.new) - i64::from(self.old)
    }

    /// One past the last word in the new text.
    pub fn new_end(self) -> u32 {
        self.new + self.len
    }

    /// Number of words of the new text that both runs contain.
    pub(super) fn overlap(self, that: Self) -> u32 {
        self.new_end().min(that.new_end()).saturating_sub(self.new.max(that.new))
    }

    /// One past the last word in the earlier text.
    pub fn old_end(self) -> u32 {
        self.old + self.len
    }
}

/// Two figures at corresponding places in the two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigurePair {
    /// Index of the figure among the words of the new text, from 0.
    pub new: u32,
    /// Index of the figure among the words of the earlier text, from 0.
    pub old: u32,
    /// Whether the values are equal.
    pub equal: bool,
}

/// What two texts share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alignment {
    /// All shared runs in the order of the earlier text; they may overlap.
    pub runs: Vec<SharedRun>,
    /// The runs, cut so that each word is in at most one block, in the order of the new text.
    pub blocks: Vec<SharedRun>,
    /// The pairs of figures within the blocks, in the order of the new text.
    pub figures: Vec<FigurePair>,
    /// Number of shingles of the new text that the earlier text contains.
    pub new_covered: u32,
    /// Number of shingles of the earlier text that the new text contains.
    pub old_covered: u32,
    /// Length of the longest shared run whose figures are all equal.
    pub longest: u32,
}

/// A hash table of the four-byte runs of a new text.
#[derive(Debug)]
pub struct Aligner<'a> {
    /// The new text.
    new: &'a Fingerprint,
    /// First position of each slot, or `NONE`.
    heads: Vec<u32>,
    /// For each position, the next one in the same slot, or `NONE`.
    next: Vec<u32>,
    /// Right shift that turns a 32-bit hash into a slot number.
    shift: u32,
}

impl<'a> Aligner<'a> {
    /// Builds the table of `new`.
    pub fn of(new: &'a Fingerprint) -> Self {
        let grams = new.trace.len().saturating_sub(SHINGLE_WORDS - 1);
        let bits = grams.next_power_of_two().trailing_zeros().clamp(4, 16) + 1;
        let mut table =
            Self { new, heads: vec![NONE; 1 << bits], next: vec![NONE; grams], shift: 32 - bits };
        for at in (0..grams).rev() {
            let gram = gram(&new.trace, at);
            if starts(gram) {
                let slot = table.slot(gram);
                table.next[at] = table.heads[slot];
                table.heads[slot] = at as u32;
            }
        }
        table
    }

    /// The new text.
    pub fn text(&self) -> &'a Fingerprint {
        self.new
    }

    fn slot(&self, gram: u32) -> usize {
        (gram.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    /// Aligns the new text with `old`.
    pub fn with(&self, old: &Fingerprint) -> Alignment {
        let runs = self.runs(&old.trace);
        let ordered =
            |two: &[SharedRun]| two[0].new_end() <= two[1].new && two[0].old_end() <= two[1].old;
        match runs.windows(2).all(ordered) {
            true => self.align_ordered(old, runs),
            false => self.align_crossing(old, runs),
        }
    }

    /// Aligns texts whose runs come in the same order in both and overlap in neither, as in most
    /// pairs. Each run is then a block, and coverage can be added up run by run.
    fn align_ordered(&self, old: &Fingerprint, runs: Vec<SharedRun>) -> Alignment {
        let mut alignment = Alignment { blocks: runs.clone(), ..Alignment::default() };
        for &run in &runs {
            let first = alignment.figures.len();
            alignment.figures.extend(pairs(run, &self.new.figures, &old.figures));
            parts(run, &alignment.figures[first..], |part| {
                alignment.longest = alignment.longest.max(part.len);
                alignment.new_covered += part.len.saturating_sub(SHINGLE_WORDS as u32 - 1);
            });
        }
        Alignment { runs, old_covered: alignment.new_covered, ..alignment }
    }

    /// Aligns texts whose runs overlap or come in a different order.
    fn align_crossing(&self, old: &Fingerprint, runs: Vec<SharedRun>) -> Alignment {
        let mut all: Vec<SharedRun> = Vec::with_capacity(runs.len());
        let mut figures = Vec::new();
        for &run in &runs {
            figures.clear();
            figures.extend(pairs(run, &self.new.figures, &old.figures));
            parts(run, &figures, |part| all.push(part));
        }
        let mut alignment = Alignment {
            longest: all.iter().map(|part| part.len).max().unwrap_or(0),
            old_covered: covered(&mut all, |part| part.old),
            new_covered: covered(&mut all, |part| part.new),
            runs,
            ..Alignment::default()
        };
        self.pair(old, &mut alignment);
        alignment
    }

    /// The figures in `run` that differ from those of `old`, as indices of words of the new text,
    /// in ascending order.
    pub fn changed(&self, run: SharedRun, old: &Fingerprint) -> Vec<u32> {
        let differ = pairs(run, &self.new.figures, &old.figures).filter(|p| !p.equal);
        differ.map(|p| p.new).collect()
    }

    /// The shared runs, in the order of the earlier text.
    fn runs(&self, old: &[u8]) -> Vec<SharedRun> {
        let mut runs: Vec<SharedRun> = Vec::new();
        let mut diagonal = None;
        let mut at = 0;
        while at + SHINGLE_WORDS <= old.len() {
            match self.longest(old, at, diagonal) {
                Some(run) => {
                    diagonal = Some(run.diagonal());
                    at = (run.old_end() as usize - (SHINGLE_WORDS - 1)).max(at + 1);
                    runs.push(run);
                }
                None => at += 1,
            }
        }
        runs
    }

    /// The longest run through the four bytes at `at` of the earlier text, on the current diagonal
    /// or at one of the first matching positions.
    fn longest(&self, old: &[u8], at: usize, diagonal: Option<i64>) -> Option<SharedRun> {
        let wanted = gram(old, at);
        if !starts(wanted) {
            return None;
        }
        let same = diagonal.and_then(|d| usize::try_from(at as i64 + d).ok());
        let same = same.filter(|&new| self.holds(new, wanted));
        let mut best = same.map(|new| self.extend(old, new, at));
        let mut place = self.heads[self.slot(wanted)];
        let mut tried = 0;
        // Entries in this slot for four bytes other than `wanted` do not count towards CHAIN_MAX.
        for _ in 0..SLOT_MAX {
            if place == NONE || tried == CHAIN_MAX {
                break;
            }
            let candidate = place as usize;
            place = self.next[candidate];
            if !self.holds(candidate, wanted) {
                continue;
            }
            tried += 1;
            if same != Some(candidate) {
                let run = self.extend(old, candidate, at);
                if best.is_none_or(|best| run.len > best.len) {
                    best = Some(run);
                }
            }
        }
        best
    }

    /// Whether the four bytes at `new` of the new text equal `wanted`.
    fn holds(&self, new: usize, wanted: u32) -> bool {
        new + SHINGLE_WORDS <= self.new.trace.len() && gram(&self.new.trace, new) == wanted
    }

    /// Extends a match of four bytes at `new` and `old` in both directions.
    fn extend(&self, old_trace: &[u8], new: usize, old: usize) -> SharedRun {
        let new_trace = &self.new.trace;
        let ahead = common(&new_trace[new..], &old_trace[old..]);
        let both = new_trace[..new].iter().rev().zip(old_trace[..old].iter().rev());
        let behind = both.take_while(|(a, b)| a == b).count();
        SharedRun {
            new: (new - behind) as u32,
            old: (old - behind) as u32,
            len: (ahead + behind) as u32,
        }
    }

    /// Fills in the blocks and their pairs of figures. Each word is used once; runs with the most
    /// agreeing words come first.
    fn pair(&self, old: &Fingerprint, alignment: &mut Alignment) {
        let mut order = alignment.runs.clone();
        order.sort_by_key(|r| r.new);
        // If no runs overlap in either text, each run is a block.
        let apart = order.windows(2).all(|two| two[0].new_end() <= two[1].new)
            && alignment.runs.windows(2).all(|two| two[0].old_end() <= two[1].old);
        match apart {
            true => alignment.blocks = order,
            false => self.cut(order, old, alignment),
        }
        for &block in &alignment.blocks {
            alignment.figures.extend(pairs(block, &self.new.figures, &old.figures));
        }
    }

    /// Cuts overlapping runs into blocks.
    fn cut(&self, mut order: Vec<SharedRun>, old: &Fingerprint, alignment: &mut Alignment) {
        order.sort_by_cached_key(|r| {
            let differ = pairs(*r, &self.new.figures, &old.figures).filter(|p| !p.equal).count();
            (std::cmp::Reverse(r.len - differ as u32), r.old, r.new)
        });
        let mut new_taken = vec![false; self.new.trace.len()];
        let mut old_taken = vec![false; old.trace.len()];
        for run in order {
            let mut open: Option<SharedRun> = None;
            for step in 0..run.len {
                let (new, old) = (run.new + step, run.old + step);
                if new_taken[new as usize] || old_taken[old as usize] {
                    alignment.blocks.extend(open.take());
                    continue;
                }
                new_taken[new as usize] = true;
                old_taken[old as usize] = true;
                match &mut open {
                    Some(block) => block.len += 1,
                    None => open = Some(SharedRun { new, old, len: 1 }),
                }
            }
            alignment.blocks.extend(open);
        }
        alignment.blocks.sort_by_key(|b| b.new);
    }
}

/// Cuts a run at the figures that differ, and calls `with` for each part. `figures` are the pairs
/// of figures in the run.
fn parts(run: SharedRun, figures: &[FigurePair], mut with: impl FnMut(SharedRun)) {
    let mut from = 0;
    let changed = figures.iter().filter(|p| !p.equal).map(|p| p.new - run.new);
    for stop in changed.chain([run.len]) {
        if stop > from {
            with(SharedRun { new: run.new + from, old: run.old + from, len: stop - from });
        }
        from = stop + 1;
    }
}

/// Number of shingles of one text within the given parts, counting each shingle once. `start` gives
/// the position of a part in that text.
fn covered(parts: &mut [SharedRun], start: impl Fn(&SharedRun) -> u32) -> u32 {
    parts.sort_unstable_by_key(&start);
    let (mut count, mut end) = (0, 0);
    for part in parts {
        let stop = (start(part) + part.len).saturating_sub(SHINGLE_WORDS as u32 - 1);
        count += stop.saturating_sub(start(part).max(end));
        end = end.max(stop);
    }
    count
}

impl Alignment {
    /// Number of words in the blocks, not counting figures.
    pub fn plain_words(&self) -> u32 {
        let words: u32 = self.blocks.iter().map(|b| b.len).sum();
        words - self.figures.len() as u32
    }

    /// The pairs of figures that differ.
    pub fn changed(&self) -> impl Iterator<Item = FigurePair> + '_ {
        self.figures.iter().copied().filter(|p| !p.equal)
    }
}

/// The pairs of figures within a run. A run has its figures at the same places in both texts.
fn pairs<'a>(
    run: SharedRun,
    new: &'a [Figure],
    old: &'a [Figure],
) -> impl Iterator<Item = FigurePair> + 'a {
    let within = |all: &'a [Figure], from: u32| {
        let first = all.partition_point(|f| f.word < from);
        all[first..].iter().take_while(move |f| f.word < from + run.len)
    };
    within(new, run.new).zip(within(old, run.old)).map(|(a, b)| FigurePair {
        new: a.word,
        old: b.word,
        equal: a.hash == b.hash,
    })
}

/// The four bytes of a trace at `at`, as one number.
fn gram(trace: &[u8], at: usize) -> u32 {
    let mut four = [0; SHINGLE_WORDS];
    four.copy_from_slice(&trace[at..at + SHINGLE_WORDS]);
    u32::from_le_bytes(four)
}

/// Whether a run may start with these four bytes: at most two of them are figures.
fn starts(gram: u32) -> bool {
    const LOW: u32 = 0x7f7f_7f7f;
    let zeros = !(((gram & LOW) + LOW) | gram | LOW);
    // `zeros >> 7` has a 1 in each byte that is a figure. The multiplication leaves the sum of the
    // four bytes in the highest byte.
    (zeros >> 7).wrapping_mul(0x0101_0101) >> 24 <= 2
}

/// Length of the common prefix, compared eight bytes at a time.
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut equal = 0;
    for (x, y) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        if x != y {
            break;
        }
        equal += 8;
    }
    equal + a[equal..].iter().zip(&b[equal..]).take_while(|(x, y)| x == y).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::{self, SamplingKey};
    use crate::text::{self, words};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Limits::default());
        Fingerprint::of(&words, &fingerprint::Limits::default(), SamplingKey(1))
    }

    fn align(new: &str, old: &str) -> Alignment {
        Aligner::of(&print(new)).with(&print(old))
    }

    #[test]
    fn equal_texts_align_in_one_block() {
        let text = "the mayor of a small town said on monday that 3 bridges would be closed";
        let alignment = align(text, text);
        assert_eq!(alignment.blocks, [SharedRun { new: 0, old: 0, len: 15 }]);
        assert_eq!((alignment.new_covered, alignment.old_covered, alignment.longest), (12, 12, 15));
        assert_eq!(alignment.figures, [FigurePair { new: 10, old: 10, equal: true }]);
        assert_eq!(alignment.plain_words(), 14);
    }

    #[test]
    fn a_changed_figure_splits_coverage_but_not_the_block() {
        let alignment = align(
            "prices at the harbour rose 4 percent on friday traders said",
            "prices at the harbour rose 5 percent on friday traders said",
        );
        assert_eq!(alignment.blocks, [SharedRun { new: 0, old: 0, len: 11 }]);
        assert_eq!((alignment.new_covered, alignment.longest), (4, 5));
        assert_eq!(
            alignment.changed().collect::<Vec<_>>(),
            [FigurePair { new: 5, old: 5, equal: false }]
        );
    }

    #[test]
    fn a_passage_that_occurs_twice_is_covered_twice_and_paired_once() {
        let once = "a ferry ran aground near the old pier";
        let alignment = align(once, &format!("{once} {once}"));
        assert_eq!((alignment.new_covered, alignment.old_covered), (5, 10));
        assert_eq!(alignment.blocks.iter().map(|b| b.len).sum::<u32>(), 8);
    }

    #[test]
    fn unrelated_texts_share_nothing() {
        let alignment = align("wheat fell for a third day", "the court will sit again in may");
        assert_eq!(alignment, Alignment::default());
    }

    fn shingles(text: &str) -> BTreeSet<Vec<String>> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.windows(4).map(<[String]>::to_vec).collect()
    }

    /// Words whose trace bytes are all different.
    fn distinct(count: usize) -> Vec<String> {
        let word = |mut n: usize| {
            let mut word = String::from("w");
            while n > 0 {
                word.push((b'a' + (n % 26) as u8) as char);
                n /= 26;
            }
            word
        };
        let mut seen = BTreeSet::new();
        let byte = |word: &String| (crate::text::tokens::word_hash(word) as u8).max(1);
        (0..).map(word).filter(|w| seen.insert(byte(w))).take(count).collect()
    }

    proptest! {
        /// Compares with exact shingle sets. Greedy runs can miss a repeated passage of the new
        /// text in favour of a longer run, and two words can have the same trace byte. The
        /// generated texts therefore repeat neither words nor bytes, so that coverage is exact.
        #[test]
        fn coverage_equals_that_of_exact_shingle_sets(
            kept in prop::collection::vec(any::<bool>(), 4..120), shuffle in 0usize..100
        ) {
            let words = distinct(kept.len());
            let selected = words.iter().zip(&kept).filter(|(_, keep)| **keep);
            let mut part: Vec<String> = selected.map(|(word, _)| word.clone()).collect();
            let len = part.len().max(1);
            part.rotate_left(shuffle % len);
            let (a, b) = (part.join(" "), words.join(" "));
            let exact = shingles(&a).intersection(&shingles(&b)).count() as u32;
            prop_assert_eq!(align(&a, &b).new_covered, exact);
        }

        #[test]
        fn blocks_never_overlap(a in "[ab1 ]{0,80}", b in "[ab1 ]{0,80}") {
            let alignment = align(&a, &b);
            let mut new = BTreeSet::new();
            let mut old = BTreeSet::new();
            for block in &alignment.blocks {
                for step in 0..block.len {
                    prop_assert!(new.insert(block.new + step) && old.insert(block.old + step));
                }
            }
        }
    }
}
