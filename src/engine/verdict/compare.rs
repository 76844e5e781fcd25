//! Comparison: turns an alignment into the measures that decide the kind.
//!
//! In: two fingerprints. Out: a [`Comparison`]. The gaps between aligned blocks are only compared
//! word by word if the verdict can depend on it: if a lead may have been rewritten, or if there are
//! figures in edited passages.
//!
//! Cost: a longest-common-subsequence table of at most `GAP_CELLS` cells per gap and `PAIR_CELLS`
//! per pair. Larger gaps are not compared.

use super::align::{Aligner, Alignment, FigurePair, SharedRun};
use super::{Ratio, Settings};
use crate::fingerprint::{Fingerprint, SHINGLE_WORDS};
use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

/// Maximum number of table cells for one gap.
const GAP_CELLS: usize = 4_096;
/// Maximum number of table cells for one pair of texts.
const PAIR_CELLS: usize = 16_384;
/// Maximum length, in words of either text, of a gap in which figures can count as replaced by
/// words.
const REPLACED_WORDS: u32 = 8;
/// Matched runs of fewer words than this do not interrupt an unmatched block of the new text.
const ISLAND_WORDS: u32 = 3;

/// The measures of a pair of texts.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    /// The shared runs and blocks. Its list of figures is empty: see `figures`.
    pub(super) alignment: Alignment,
    /// Share of the new text's shingles that the earlier one contains.
    pub(super) of_new: Ratio,
    /// Share of the earlier text's shingles that the new one contains.
    pub(super) of_old: Ratio,
    /// Jaccard similarity of the two shingle sets.
    pub(super) jaccard: Ratio,
    /// Share of the plain words of the new text (its words other than figures) that are paired with
    /// a word of the earlier text, in blocks or in gaps.
    pub(super) plain_of_new: Ratio,
    /// The same share for the earlier text.
    pub(super) plain_of_old: Ratio,
    /// All aligned figures, including those in gaps.
    pub(super) figures: Vec<FigurePair>,
    /// The figures of the new text that differ only because they are in a stamp
    /// ([`stamps`](super::stamps)), as word indices. They are not among `figures`.
    pub(super) stamps: Vec<u32>,
    /// Number of figures, in short rewritten gaps, to which no figure of the other text
    /// corresponds, as when a template states a value in words. Rules may count them as changed
    /// figures.
    pub(super) replaced: u32,
    /// The longest unmatched block of each text as a share of that text: the larger of the two
    /// shares.
    pub(super) unmatched_block: Ratio,
    /// Whether the masked hashes are equal: the texts differ in figures only.
    pub(super) same_template: bool,
    /// Number of bits in which the SimHashes differ.
    pub(super) hamming: u32,
}

/// The words between two blocks, as ranges in both texts: first word, one past the last.
#[derive(Debug, Clone, Copy)]
struct Gap {
    new: (u32, u32),
    old: (u32, u32),
}

impl Comparison {
    /// The measures of two texts with the same content hash.
    pub(super) fn equal(print: &Fingerprint) -> Self {
        let words = print.words() as u32;
        let shingles = words.saturating_sub(SHINGLE_WORDS as u32 - 1).max(1);
        let whole = SharedRun { new: 0, old: 0, len: words };
        let figures: Vec<FigurePair> = print
            .figures
            .iter()
            .map(|f| FigurePair { new: f.word, old: f.word, equal: true })
            .collect();
        let one = Ratio::of(1, 1);
        Self {
            alignment: Alignment {
                runs: vec![whole],
                blocks: vec![whole],
                figures: Vec::new(),
                new_covered: shingles,
                old_covered: shingles,
                longest: words,
            },
            of_new: one,
            of_old: one,
            jaccard: one,
            plain_of_new: one,
            plain_of_old: one,
            figures,
            stamps: Vec::new(),
            replaced: 0,
            unmatched_block: Ratio::default(),
            same_template: true,
            hamming: 0,
        }
    }

    /// Compares the text of `aligner`, whose fingerprint is `new`, with `old`.
    pub(super) fn of(
        aligner: &Aligner<'_>,
        new: &Fingerprint,
        old: &Fingerprint,
        settings: &Settings,
    ) -> Self {
        let mut alignment = aligner.with(old);
        let shingles = |p: &Fingerprint| p.words().saturating_sub(SHINGLE_WORDS - 1) as u32;
        let shared = alignment.new_covered.min(alignment.old_covered);
        let union = (shingles(new) + shingles(old)).saturating_sub(shared);
        let plain = alignment.plain_words();
        let mut comparison = Self {
            of_new: Ratio::of(alignment.new_covered, shingles(new)),
            of_old: Ratio::of(alignment.old_covered, shingles(old)),
            jaccard: Ratio::of(shared, union),
            plain_of_new: Ratio::of(plain, new.plain_words() as u32),
            plain_of_old: Ratio::of(plain, old.plain_words() as u32),
            figures: std::mem::take(&mut alignment.figures),
            stamps: Vec::new(),
            replaced: 0,
            unmatched_block: Ratio::default(),
            same_template: new.masked == old.masked,
            hamming: new.simhash.distance(old.simhash),
            alignment,
        };
        comparison.compare_gaps(new, old, plain, settings);
        comparison
    }

    /// The rank among candidates: Jaccard similarity, then the larger containment, both in units of
    /// 2^-20.
    pub(super) fn rank(&self) -> (u32, u32) {
        let fixed = |r: Ratio| (r.get() * f64::from(1 << 20)) as u32;
        (fixed(self.jaccard), fixed(self.of_new).max(fixed(self.of_old)))
    }

    /// The pairs of figures that differ.
    pub(super) fn changed(&self) -> impl Iterator<Item = FigurePair> + '_ {
        self.figures.iter().copied().filter(|p| !p.equal)
    }

    /// The number of pairs of figures that differ.
    pub(super) fn changed_count(&self) -> usize {
        self.changed().count()
    }

    /// The share of aligned figures that are equal; `None` if no figures are aligned.
    pub(super) fn figures_kept(&self) -> Option<Ratio> {
        let equal = self.figures.iter().filter(|p| p.equal).count() as u32;
        (!self.figures.is_empty()).then(|| Ratio::of(equal, self.figures.len() as u32))
    }

    /// The passages between those shared blocks that are in the same order in both texts, as ranges
    /// of words in the new text and in the earlier one.
    pub(super) fn gaps(&self, new: u32, old: u32) -> Vec<(Range<usize>, Range<usize>)> {
        let range = |(from, to): (u32, u32)| from as usize..to as usize;
        let (chain, _) = chains(&self.alignment.blocks);
        gaps(&chain, new, old).map(|gap| (range(gap.new), range(gap.old))).collect()
    }

    /// Compares the gaps and updates the measures that depend on them. `plain` is the number of
    /// plain words in the blocks.
    fn compare_gaps(
        &mut self,
        new: &Fingerprint,
        old: &Fingerprint,
        plain: u32,
        settings: &Settings,
    ) {
        let blocks = std::mem::take(&mut self.alignment.blocks);
        let (chain, by_old) = chains(&blocks);
        let (c, b) = (self.of_new.get(), self.of_old.get());
        let figures_matter = !self.same_template
            && self.changed().next().is_some()
            && self.plain_of_new.get().min(self.plain_of_old.get()) >= 0.3;
        let blocks_matter = (0.4..0.9).contains(&c.min(b)) && c.max(b) < 0.97;
        let mut cells = 0;
        let mut extra = 0;
        let mut worst_old = 0.0_f64;
        let aligned = self.figures.len();
        for gap in gaps(&chain, new.words() as u32, old.words() as u32) {
            let (m, n) = (gap.new.1 - gap.new.0, gap.old.1 - gap.old.0);
            let size = m as usize * n as usize;
            let unmatched = unmatched_within(&by_old, gap.old);
            let share_old = f64::from(unmatched) / f64::from((old.words() as u32).max(1));
            let wanted = figures_matter || blocks_matter && share_old > settings.tuning.block;
            let mut agree = 0;
            if wanted && size > 0 && size <= GAP_CELLS && cells + size <= PAIR_CELLS {
                cells += size;
                agree = self.pair_up(gap, new, old, &mut extra);
            }
            if (1..=REPLACED_WORDS).contains(&m) && (1..=REPLACED_WORDS).contains(&n) {
                let count = |trace: &[u8], (from, to): (u32, u32)| {
                    trace[from as usize..to as usize].iter().filter(|&&b| b == 0).count() as u32
                };
                self.replaced += count(&new.trace, gap.new).abs_diff(count(&old.trace, gap.old));
            }
            if f64::from(agree) < settings.tuning.rewritten * f64::from(m.max(n)) || n == 0 {
                worst_old = worst_old.max(share_old);
            }
        }
        let matched = plain + extra;
        self.plain_of_new = Ratio::of(matched, new.plain_words() as u32);
        self.plain_of_old = Ratio::of(matched, old.plain_words() as u32);
        if self.figures.len() > aligned {
            self.figures.sort_by_key(|p| (p.new, p.old));
        }
        let longest = longest_unmatched(&blocks, new.words() as u32);
        self.alignment.blocks = blocks;
        let worst_new = f64::from(longest) / f64::from((new.words() as u32).max(1));
        self.unmatched_block = Ratio::new(worst_new.max(worst_old).min(1.0)).unwrap_or_default();
    }

    /// Pairs the words of a gap in order. Adds the pairs of figures to `figures`, and the number of
    /// pairs of plain words to `extra`. Returns the number of all pairs.
    fn pair_up(&mut self, gap: Gap, new: &Fingerprint, old: &Fingerprint, extra: &mut u32) -> u32 {
        let a = &new.trace[gap.new.0 as usize..gap.new.1 as usize];
        let b = &old.trace[gap.old.0 as usize..gap.old.1 as usize];
        let pairs = subsequence(a, b);
        for &(i, j) in &pairs {
            if a[i] != 0 {
                *extra += 1;
                continue;
            }
            let (i, j) = (gap.new.0 + i as u32, gap.old.0 + j as u32);
            let hash = |p: &Fingerprint, word: u32| {
                p.figures.binary_search_by_key(&word, |f| f.word).ok().map(|at| p.figures[at].hash)
            };
            self.figures.push(FigurePair { new: i, old: j, equal: hash(new, i) == hash(old, j) });
        }
        pairs.len() as u32
    }
}

/// Returns two lists: a chain of blocks that are in the same order in both texts, built greedily
/// from the longest block; and all blocks in the order of the earlier text. Blocks outside the
/// chain are moved text, so the gaps around them are not compared. `blocks` must be in the order of
/// the new text. If they are in the same order in the earlier text, as in most pairs, both lists
/// equal `blocks`.
fn chains(blocks: &[SharedRun]) -> (Cow<'_, [SharedRun]>, Cow<'_, [SharedRun]>) {
    if blocks.is_sorted_by(|a, b| a.old_end() <= b.old) {
        return (blocks.into(), blocks.into());
    }
    let mut by_old: Vec<SharedRun> = blocks.to_vec();
    by_old.sort_unstable_by_key(|b| b.old);
    let mut order: Vec<SharedRun> = blocks.to_vec();
    order.sort_by_key(|b| (Reverse(b.len), b.new));
    let mut chain: Vec<SharedRun> = Vec::with_capacity(order.len());
    for block in order {
        let at = chain.partition_point(|c| c.new < block.new);
        let after = at == 0 || chain[at - 1].old_end() <= block.old;
        let before = at == chain.len() || block.old_end() <= chain[at].old;
        if after && before {
            chain.insert(at, block);
        }
    }
    (chain.into(), by_old.into())
}

/// The gaps between consecutive blocks of the chain, before the first block and after the last one.
fn gaps(chain: &[SharedRun], new_words: u32, old_words: u32) -> impl Iterator<Item = Gap> + '_ {
    let end = SharedRun { new: new_words, old: old_words, len: 0 };
    let mut from = (0, 0);
    let all = chain.iter().copied().chain([end]).map(move |block| {
        let gap = Gap { new: (from.0, block.new), old: (from.1, block.old) };
        from = (block.new_end(), block.old_end());
        gap
    });
    all.filter(|g| g.new.0 < g.new.1 || g.old.0 < g.old.1)
}

/// The longest stretch of a range of the earlier text that no block covers. Text moved to another
/// place counts as matched. `blocks` are in the order of the earlier text.
fn unmatched_within(blocks: &[SharedRun], (from, to): (u32, u32)) -> u32 {
    let first = blocks.partition_point(|b| b.old_end() <= from);
    let (mut longest, mut at) = (0, from);
    for block in blocks[first..].iter().take_while(|b| b.old < to) {
        longest = longest.max(block.old.saturating_sub(at));
        at = at.max(block.old_end());
    }
    longest.max(to.saturating_sub(at))
}

/// The longest stretch of the new text that no block of `ISLAND_WORDS` or more covers.
fn longest_unmatched(blocks: &[SharedRun], words: u32) -> u32 {
    let (mut longest, mut from) = (0, 0);
    for block in blocks.iter().filter(|b| b.len >= ISLAND_WORDS) {
        longest = longest.max(block.new.saturating_sub(from));
        from = block.new_end();
    }
    longest.max(words.saturating_sub(from))
}

/// A longest common subsequence (Wagner and Fischer 1974), as ascending pairs of positions.
fn subsequence(a: &[u8], b: &[u8]) -> Vec<(usize, usize)> {
    let width = b.len() + 1;
    let mut table = vec![0u16; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * width + j] = if a[i] == b[j] {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if table[(i + 1) * width + j] >= table[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_longest_common_subsequence() {
        assert_eq!(subsequence(b"abcbdab", b"bdcaba").len(), 4);
        assert_eq!(subsequence(b"", b"abc"), []);
        assert_eq!(subsequence(b"abc", b"abc"), [(0, 0), (1, 1), (2, 2)]);
    }

    #[test]
    fn gaps_are_between_blocks_that_ascend_in_both_texts() {
        let block = |new, old, len| SharedRun { new, old, len };
        let blocks = [block(2, 0, 5), block(9, 30, 3), block(12, 7, 6)];
        let (chain, by_old) = chains(&blocks);
        assert_eq!(*by_old, [block(2, 0, 5), block(12, 7, 6), block(9, 30, 3)]);
        let shown: Vec<_> = gaps(&chain, 20, 40).map(|g| (g.new, g.old)).collect();
        assert_eq!(shown, [((0, 2), (0, 0)), ((7, 12), (5, 7)), ((18, 20), (13, 40))]);
    }

    #[test]
    fn moved_text_counts_as_matched() {
        let block = |old, end| SharedRun { new: 0, old, len: end - old };
        assert_eq!(unmatched_within(&[block(5, 10), block(12, 30)], (0, 40)), 10);
        assert_eq!(unmatched_within(&[block(5, 10), block(12, 30)], (6, 11)), 1);
        assert_eq!(unmatched_within(&[], (6, 11)), 5);
    }

    #[test]
    fn short_islands_do_not_interrupt_an_unmatched_block() {
        let block = |new, len| SharedRun { new, old: 0, len };
        assert_eq!(longest_unmatched(&[block(0, 10), block(20, 2), block(30, 10)], 45), 20);
        assert_eq!(longest_unmatched(&[], 45), 45);
    }
}
