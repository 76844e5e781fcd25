//! How well two partitions of the same articles agree.
//!
//! In: for each article the cluster found and the gold one. Out: pairwise precision, recall and F1,
//! B-cubed (Bagga and Baldwin 1998) precision, recall and F1, the adjusted Rand index (Hubert and
//! Arabie 1985) and normalised mutual information (arithmetic mean).

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The scores of one partition, each within 0..=1, the index from -1 on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Scores {
    pub(super) pairwise: [f64; 3],
    pub(super) b_cubed: [f64; 3],
    pub(super) rand_index: f64,
    pub(super) mutual_information: f64,
    pub(super) found: f64,
    pub(super) gold: f64,
    pub(super) articles: f64,
}

fn pairs(n: u64) -> f64 {
    (n * n.saturating_sub(1) / 2) as f64
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

/// The share of `a`'s pairs that are pairs in `b` too.
pub(super) fn kept(labels: &[(u32, u32)]) -> f64 {
    Scores::of(labels).pairwise[2]
}

impl Scores {
    /// Scores `(found, gold)` labels.
    pub(super) fn of(labels: &[(u32, u32)]) -> Self {
        let mut both: BTreeMap<(u32, u32), u64> = BTreeMap::new();
        let (mut found, mut gold): (BTreeMap<u32, u64>, BTreeMap<u32, u64>) = Default::default();
        for &(f, g) in labels {
            *both.entry((f, g)).or_default() += 1;
            *found.entry(f).or_default() += 1;
            *gold.entry(g).or_default() += 1;
        }
        let n = labels.len() as f64;
        let together: f64 = both.values().map(|&c| pairs(c)).sum();
        let of_found: f64 = found.values().map(|&c| pairs(c)).sum();
        let of_gold: f64 = gold.values().map(|&c| pairs(c)).sum();
        let (p, r) = (share(together, of_found), share(together, of_gold));
        let (mut bp, mut br, mut information) = (0.0, 0.0, 0.0);
        for (&(f, g), &c) in &both {
            let (c, f, g) = (c as f64, found[&f] as f64, gold[&g] as f64);
            bp += c * c / f;
            br += c * c / g;
            information += c / n * (n * c / (f * g)).ln();
        }
        let (bp, br) = (share(bp, n), share(br, n));
        let entropy = |sizes: &BTreeMap<u32, u64>| -> f64 {
            sizes.values().map(|&c| c as f64 / n).map(|p| -p * p.ln()).sum()
        };
        let expected = share(of_found * of_gold, pairs(labels.len() as u64));
        let most = f64::midpoint(of_found, of_gold);
        Self {
            pairwise: [p, r, f1(p, r)],
            b_cubed: [bp, br, f1(bp, br)],
            rand_index: share(together - expected, most - expected),
            mutual_information: share(information, f64::midpoint(entropy(&found), entropy(&gold))),
            found: found.len() as f64,
            gold: gold.len() as f64,
            articles: n,
        }
    }

    /// Each number by the name that it is printed under.
    fn numbers(&self) -> [(&'static str, f64); 11] {
        let [p, r, f] = self.pairwise;
        let [bp, br, bf] = self.b_cubed;
        [
            ("pairwise_precision", p),
            ("pairwise_recall", r),
            ("pairwise_f1", f),
            ("b_cubed_precision", bp),
            ("b_cubed_recall", br),
            ("b_cubed_f1", bf),
            ("adjusted_rand_index", self.rand_index),
            ("normalised_mutual_information", self.mutual_information),
            ("clusters_found", self.found),
            ("clusters_gold", self.gold),
            ("articles", self.articles),
        ]
    }

    /// Mean and standard deviation of several runs, as JSON.
    pub(super) fn json(runs: &[Self]) -> Value {
        let mut result = serde_json::Map::new();
        let all: Vec<[(&str, f64); 11]> = runs.iter().map(Self::numbers).collect();
        let n = runs.len().max(1) as f64;
        let rounded = |value: f64| json!((value * 1e4).round() / 1e4);
        for at in 0..11 {
            let Some(first) = all.first() else { break };
            let mean = all.iter().map(|run| run[at].1).sum::<f64>() / n;
            let spread = all.iter().map(|run| (run[at].1 - mean).powi(2)).sum::<f64>() / n;
            result.insert(first[at].0.to_owned(), rounded(mean));
            if runs.len() > 1 && at < 8 {
                result.insert(format!("{}_sd", first[at].0), rounded(spread.sqrt()));
            }
        }
        result.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn the_same_partition_under_other_names_is_perfect() {
        let scores = Scores::of(&[(1, 7), (1, 7), (2, 8), (3, 9)]);
        let all = [scores.pairwise, scores.b_cubed].concat();
        assert!(all.iter().all(|&s| close(s, 1.0)), "{scores:?}");
        assert!(close(scores.rand_index, 1.0) && close(scores.mutual_information, 1.0));
    }

    #[test]
    fn scores_are_those_of_a_worked_example() {
        // Found {a b c} {d}, gold {a b} {c d}: of 3 found pairs 1 is right, of 2 gold pairs 1 found.
        let scores = Scores::of(&[(1, 1), (1, 1), (1, 2), (2, 2)]);
        assert!(close(scores.pairwise[0], 1.0 / 3.0) && close(scores.pairwise[1], 0.5));
        assert!(close(scores.b_cubed[0], (2.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0 + 1.0) / 4.0));
        assert!(close(scores.b_cubed[1], (1.0 + 1.0 + 0.5 + 0.5) / 4.0));
        // 1 pair in both, 1 expected by chance.
        assert!(close(scores.rand_index, 0.0), "{}", scores.rand_index);
    }

    #[test]
    fn joining_all_and_parting_all_are_told_apart() {
        let joined = Scores::of(&[(1, 1), (1, 1), (1, 2), (1, 2)]);
        let parted = Scores::of(&[(1, 1), (2, 1), (3, 2), (4, 2)]);
        assert!(close(joined.pairwise[1], 1.0) && joined.pairwise[0] < 0.4);
        assert!(close(parted.pairwise[1], 0.0) && close(parted.b_cubed[0], 1.0));
    }
}
