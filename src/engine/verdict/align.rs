//! Two traces to the runs of words that both texts hold.
//!
//! In: the fingerprints of a new text (whose table is built once, [`Aligner::of`]) and of earlier
//! ones. Out: an [`Alignment`]: the runs, how much of either text they cover, and a one-to-one
//! pairing of words. A figure stands as 0 in a trace, so a run goes through figures that differ, and
//! the figures say where.
//!
//! The earlier trace is walked once. At each place the diagonal of the last run is tried first, then
//! up to four places of the new text with the same four bytes; the longest wins and is extended both
//! ways. Four-byte runs with three figures or more start nothing. Strangers share a four-byte run
//! about once in 2^32 pairs of places.
//!
//! Cost: one table of the new text, and a few operations a word of each earlier one.
//!
//! Invariants: AL-1 coverage is a share of shingles, many to one (a passage that occurs twice in one
//! text and once in the other is covered in both); AL-2 the pairing is one to one, longest runs
//! first.

use crate::fingerprint::{Fingerprint, SHINGLE_WORDS};
use crate::text::Figure;

const CHAIN_MAX: usize = 4;
/// The most places of one slot of the table that are looked at.
const SLOT_MAX: usize = 64;
const NONE: u32 = u32::MAX;

/// A run of words that stands in both texts, figures masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedRun {
    /// First word in the new text.
    pub new: u32,
    /// First word in the earlier text.
    pub old: u32,
    /// Words.
    pub len: u32,
}

impl SharedRun {
    fn diagonal(self) -> i64 {
        i64::from(self.new) - i64::from(self.old)
    }

    /// One past its last word in the new text.
    pub fn new_end(self) -> u32 {
        self.new + self.len
    }

    /// Words of the new text that another run holds, too.
    pub(super) fn overlap(self, that: Self) -> u32 {
        self.new_end().min(that.new_end()).saturating_sub(self.new.max(that.new))
    }

    /// One past its last word in the earlier text.
    pub fn old_end(self) -> u32 {
        self.old + self.len
    }
}

/// A pair of figures that stand in the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigurePair {
    /// Its word in the new text.
    pub new: u32,
    /// Its word in the earlier text.
    pub old: u32,
    /// Whether the values are equal.
    pub equal: bool,
}

/// What two texts share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alignment {
    /// All runs found, in the order of the earlier text; they may overlap.
    pub runs: Vec<SharedRun>,
    /// Runs cut so that each word is in one at most, in the order of the new text.
    pub blocks: Vec<SharedRun>,
    /// Pairs of figures in the blocks, in the order of the new text.
    pub figures: Vec<FigurePair>,
    /// Shingles of the new text that stand in the earlier one.
    pub new_covered: u32,
    /// Shingles of the earlier text that stand in the new one.
    pub old_covered: u32,
    /// The longest run of words that both hold, figures equal.
    pub longest: u32,
}

/// The four-byte runs of a new text, chained by hash.
#[derive(Debug)]
pub struct Aligner<'a> {
    new: &'a Fingerprint,
    heads: Vec<u32>,
    next: Vec<u32>,
    shift: u32,
}

impl<'a> Aligner<'a> {
    /// The table of `new`.
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
        let rise =
            |two: &[SharedRun]| two[0].new_end() <= two[1].new && two[0].old_end() <= two[1].old;
        match runs.windows(2).all(rise) {
            true => self.risen(old, runs),
            false => self.crossed(old, runs),
        }
    }

    /// The alignment of runs that rise in both texts and overlap in neither, as those of most pairs:
    /// they are their own blocks, and cover what they hold.
    fn risen(&self, old: &Fingerprint, runs: Vec<SharedRun>) -> Alignment {
        let mut found = Alignment { blocks: runs.clone(), ..Alignment::default() };
        for &run in &runs {
            let first = found.figures.len();
            found.figures.extend(pairs(run, &self.new.figures, &old.figures));
            parts(run, &found.figures[first..], |part| {
                found.longest = found.longest.max(part.len);
                found.new_covered += part.len.saturating_sub(SHINGLE_WORDS as u32 - 1);
            });
        }
        Alignment { runs, old_covered: found.new_covered, ..found }
    }

    fn crossed(&self, old: &Fingerprint, runs: Vec<SharedRun>) -> Alignment {
        let mut all: Vec<SharedRun> = Vec::with_capacity(runs.len());
        let mut figures = Vec::new();
        for &run in &runs {
            figures.clear();
            figures.extend(pairs(run, &self.new.figures, &old.figures));
            parts(run, &figures, |part| all.push(part));
        }
        let mut found = Alignment {
            longest: all.iter().map(|part| part.len).max().unwrap_or(0),
            old_covered: covered(&mut all, |part| part.old),
            new_covered: covered(&mut all, |part| part.new),
            runs,
            ..Alignment::default()
        };
        self.pair(old, &mut found);
        found
    }

    /// The words of the new text in `run` whose figures differ from those of `old`, in order.
    pub fn changed(&self, run: SharedRun, old: &Fingerprint) -> Vec<u32> {
        let differ = pairs(run, &self.new.figures, &old.figures).filter(|p| !p.equal);
        differ.map(|p| p.new).collect()
    }

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

    /// The longest run through the four bytes at `at` of the earlier text: on the diagonal, or else at
    /// the first places that are tried.
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
        // Other grams of the same slot must not use up the places that are tried.
        for _ in 0..SLOT_MAX {
            if place == NONE || tried == CHAIN_MAX {
                break;
            }
            let here = place as usize;
            place = self.next[here];
            if !self.holds(here, wanted) {
                continue;
            }
            tried += 1;
            if same != Some(here) {
                let run = self.extend(old, here, at);
                if best.is_none_or(|best| run.len > best.len) {
                    best = Some(run);
                }
            }
        }
        best
    }

    /// Whether the four bytes at `new` are `wanted`.
    fn holds(&self, new: usize, wanted: u32) -> bool {
        new + SHINGLE_WORDS <= self.new.trace.len() && gram(&self.new.trace, new) == wanted
    }

    /// The run through `new` and `old`, where four bytes agree, both ways.
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

    /// The blocks and their figures: the runs, each word once, those that agree most first.
    fn pair(&self, old: &Fingerprint, found: &mut Alignment) {
        let mut order = found.runs.clone();
        order.sort_by_key(|r| r.new);
        // Runs that overlap in neither text, which most pairs have alone, are their own blocks.
        let apart = order.windows(2).all(|two| two[0].new_end() <= two[1].new)
            && found.runs.windows(2).all(|two| two[0].old_end() <= two[1].old);
        match apart {
            true => found.blocks = order,
            false => self.cut(order, old, found),
        }
        for &block in &found.blocks {
            found.figures.extend(pairs(block, &self.new.figures, &old.figures));
        }
    }

    fn cut(&self, mut order: Vec<SharedRun>, old: &Fingerprint, found: &mut Alignment) {
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
                    found.blocks.extend(open.take());
                    continue;
                }
                new_taken[new as usize] = true;
                old_taken[old as usize] = true;
                match &mut open {
                    Some(block) => block.len += 1,
                    None => open = Some(SharedRun { new, old, len: 1 }),
                }
            }
            found.blocks.extend(open);
        }
        found.blocks.sort_by_key(|b| b.new);
    }
}

/// Calls `with` with each part of a run, whose pairs of figures are `figures`: it is cut where they
/// differ.
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

/// Shingles of one text within parts of it, each counted once; `start` is where a part begins there.
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
    /// Words of the blocks that are no figures.
    pub fn plain_words(&self) -> u32 {
        let words: u32 = self.blocks.iter().map(|b| b.len).sum();
        words - self.figures.len() as u32
    }

    /// Pairs of figures that differ.
    pub fn changed(&self) -> impl Iterator<Item = FigurePair> + '_ {
        self.figures.iter().copied().filter(|p| !p.equal)
    }
}

/// The pairs of figures within a run; figures of both texts stand in the same places of it.
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

/// Four bytes of a trace.
fn gram(trace: &[u8], at: usize) -> u32 {
    let mut four = [0; SHINGLE_WORDS];
    four.copy_from_slice(&trace[at..at + SHINGLE_WORDS]);
    u32::from_le_bytes(four)
}

/// Whether a run may start here: at most two of the four are figures.
fn starts(gram: u32) -> bool {
    const LOW: u32 = 0x7f7f_7f7f;
    let zeros = !(((gram & LOW) + LOW) | gram | LOW);
    // The bits are added up in the highest byte.
    (zeros >> 7).wrapping_mul(0x0101_0101) >> 24 <= 2
}

/// Equal bytes at the start of both, eight at a time.
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
    use crate::fingerprint::{self, FloodKey};
    use crate::text::{self, words};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn print(text: &str) -> Fingerprint {
        let words = words(text, &text::Settings::default());
        Fingerprint::of(&words, &fingerprint::Settings::default(), FloodKey(1))
    }

    fn align(new: &str, old: &str) -> Alignment {
        Aligner::of(&print(new)).with(&print(old))
    }

    #[test]
    fn equal_texts_align_in_one_block() {
        let text = "the mayor of a small town said on monday that 3 bridges would be closed";
        let found = align(text, text);
        assert_eq!(found.blocks, [SharedRun { new: 0, old: 0, len: 15 }]);
        assert_eq!((found.new_covered, found.old_covered, found.longest), (12, 12, 15));
        assert_eq!(found.figures, [FigurePair { new: 10, old: 10, equal: true }]);
        assert_eq!(found.plain_words(), 14);
    }

    #[test]
    fn a_changed_figure_splits_coverage_and_not_the_block() {
        let found = align(
            "prices at the harbour rose 4 percent on friday traders said",
            "prices at the harbour rose 5 percent on friday traders said",
        );
        assert_eq!(found.blocks, [SharedRun { new: 0, old: 0, len: 11 }]);
        assert_eq!((found.new_covered, found.longest), (4, 5));
        assert_eq!(
            found.changed().collect::<Vec<_>>(),
            [FigurePair { new: 5, old: 5, equal: false }]
        );
    }

    #[test]
    fn a_passage_that_occurs_twice_is_covered_twice_and_paired_once() {
        let once = "a ferry ran aground near the old pier";
        let found = align(once, &format!("{once} {once}"));
        assert_eq!((found.new_covered, found.old_covered), (5, 10));
        assert_eq!(found.blocks.iter().map(|b| b.len).sum::<u32>(), 8);
    }

    #[test]
    fn strangers_share_nothing() {
        let found = align("wheat fell for a third day", "the court will sit again in may");
        assert_eq!(found, Alignment::default());
    }

    fn shingles(text: &str) -> BTreeSet<Vec<String>> {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        words.windows(4).map(<[String]>::to_vec).collect()
    }

    /// Words of letters whose bytes in a trace all differ.
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
        /// The naive twin: exact sets of shingles. Greedy runs may miss a repeat of the new text in
        /// favour of a longer one, and two words may look the same in a trace of bytes; so texts here
        /// repeat no word and no byte, and coverage is exact.
        #[test]
        fn coverage_is_that_of_exact_shingle_sets(
            kept in prop::collection::vec(any::<bool>(), 4..120), shuffle in 0usize..100
        ) {
            let words = distinct(kept.len());
            let mut part: Vec<String> = words.iter().zip(&kept).filter(|(_, k)| **k).map(|(w, _)| w.clone()).collect();
            let len = part.len().max(1);
            part.rotate_left(shuffle % len);
            let (a, b) = (part.join(" "), words.join(" "));
            let exact = shingles(&a).intersection(&shingles(&b)).count() as u32;
            prop_assert_eq!(align(&a, &b).new_covered, exact);
        }

        #[test]
        fn no_pair_of_texts_breaks_it(a in "[ab1 ]{0,80}", b in "[ab1 ]{0,80}") {
            let found = align(&a, &b);
            let mut new = BTreeSet::new();
            let mut old = BTreeSet::new();
            for block in &found.blocks {
                for step in 0..block.len {
                    prop_assert!(new.insert(block.new + step) && old.insert(block.old + step));
                }
            }
        }
    }
}
