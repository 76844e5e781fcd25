//! Measures how well two partitions of the same articles agree.
//!
//! In: for each article, the cluster it was assigned to and its labelled (gold) cluster. An article
//! without a label is a *stranger*. Out: precision, recall and F1, both pairwise and B-cubed (Bagga
//! and Baldwin 1998), the adjusted Rand index (Hubert and Arabie 1985) and normalised mutual
//! information (arithmetic mean).
//!
//! A stranger in the cluster of a labelled article lowers pairwise and B-cubed precision, just as
//! an article of another gold cluster would. It is unknown whether two strangers belong together,
//! so strangers have no other effect.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The scores of a partition. Each is from 0 to 1, except for the adjusted Rand index, which may be
/// negative.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Scores {
    /// Precision, recall and F1 over pairs of articles in the same cluster.
    pub(super) pairwise: [f64; 3],
    /// B-cubed precision, recall and F1.
    pub(super) b_cubed: [f64; 3],
    /// The adjusted Rand index.
    pub(super) rand_index: f64,
    /// Normalised mutual information.
    pub(super) mutual_information: f64,
    /// Number of clusters found.
    pub(super) found: f64,
    /// Number of gold clusters.
    pub(super) gold: f64,
    /// Number of labelled articles.
    pub(super) articles: f64,
    /// Share of the labelled articles that are in a cluster with a stranger.
    pub(super) with_strangers: f64,
}

/// The names of the output fields that are counts, not scores.
const COUNTS: [&str; 3] = ["clusters_found", "clusters_gold", "articles"];
/// How many counts and scores the output contains.
const NUMBERS: usize = 12;

/// Number of pairs among `n` articles.
fn pairs(n: u64) -> f64 {
    (n * n.saturating_sub(1) / 2) as f64
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
}

/// `part / whole`; 1 if `whole` is zero.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 1.0 }
}

/// Pairwise F1 of two partitions.
pub(super) fn pairwise_f1(labels: &[(u32, u32)]) -> f64 {
    Scores::of(labels, &[]).pairwise[2]
}

impl Scores {
    /// Scores the labels `(found, gold)` of all labelled articles. `strangers` are the found
    /// clusters of the articles without a label.
    pub(super) fn of(labels: &[(u32, u32)], strangers: &[u32]) -> Self {
        let mut stranger_counts: BTreeMap<u32, u64> = BTreeMap::new();
        for &found in strangers {
            *stranger_counts.entry(found).or_default() += 1;
        }
        let strangers_in = |f: u32| stranger_counts.get(&f).copied().unwrap_or(0);
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
        let estranged: f64 = found.iter().map(|(&f, &c)| (c * strangers_in(f)) as f64).sum();
        let (p, r) = (share(together, of_found + estranged), share(together, of_gold));
        let accompanied = found.iter().filter(|(f, _)| strangers_in(**f) > 0).map(|(_, c)| *c);
        let with_strangers = accompanied.sum::<u64>() as f64 / n.max(1.0);
        let (mut bp, mut br, mut information) = (0.0, 0.0, 0.0);
        for (&(f, g), &c) in &both {
            let company = strangers_in(f) as f64;
            let (c, f, g) = (c as f64, found[&f] as f64, gold[&g] as f64);
            bp += c * c / (f + company);
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
            with_strangers,
        }
    }

    /// Every number with its name in the output.
    fn numbers(&self) -> [(&'static str, f64); NUMBERS] {
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
            ("with_strangers", self.with_strangers),
        ]
    }

    /// Mean and standard deviation of several runs, as JSON, rounded to four decimals.
    pub(super) fn json(runs: &[Self]) -> Value {
        let mut result = serde_json::Map::new();
        let all: Vec<[(&str, f64); NUMBERS]> = runs.iter().map(Self::numbers).collect();
        let n = runs.len().max(1) as f64;
        let rounded = |value: f64| json!((value * 1e4).round() / 1e4);
        for at in 0..NUMBERS {
            let Some(first) = all.first() else { break };
            let mean = all.iter().map(|run| run[at].1).sum::<f64>() / n;
            let spread = all.iter().map(|run| (run[at].1 - mean).powi(2)).sum::<f64>() / n;
            // Counts that are the same in every run are printed as whole numbers.
            let count = COUNTS.contains(&first[at].0) && mean.fract() == 0.0;
            let mean = if count { json!(mean as u64) } else { rounded(mean) };
            result.insert(first[at].0.to_owned(), mean);
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
    fn a_relabelled_partition_scores_one() {
        let scores = Scores::of(&[(1, 7), (1, 7), (2, 8), (3, 9)], &[]);
        let all = [scores.pairwise, scores.b_cubed].concat();
        assert!(all.iter().all(|&s| close(s, 1.0)), "{scores:?}");
        assert!(close(scores.rand_index, 1.0) && close(scores.mutual_information, 1.0));
    }

    #[test]
    fn worked_example() {
        // Found {a b c} {d}, gold {a b} {c d}: 1 of 3 found pairs is correct, and 1 of 2 gold pairs
        // is found.
        let scores = Scores::of(&[(1, 1), (1, 1), (1, 2), (2, 2)], &[]);
        assert!(close(scores.pairwise[0], 1.0 / 3.0) && close(scores.pairwise[1], 0.5));
        assert!(close(scores.b_cubed[0], (2.0 / 3.0 + 2.0 / 3.0 + 1.0 / 3.0 + 1.0) / 4.0));
        assert!(close(scores.b_cubed[1], (1.0 + 1.0 + 0.5 + 0.5) / 4.0));
        // 1 pair is in both partitions, and 1 would be expected by chance.
        assert!(close(scores.rand_index, 0.0), "{}", scores.rand_index);
    }

    #[test]
    fn strangers_lower_precision_only() {
        // Each of two clusters has two labelled articles; the first cluster also has two strangers.
        // Of the found pairs, 2 are of two labelled articles, and correct; 2 * 2 are of a labelled
        // article and a stranger, and count as wrong.
        let labels = [(1, 1), (1, 1), (2, 2), (2, 2)];
        let alone = Scores::of(&labels, &[9, 9]);
        assert_eq!(alone, Scores::of(&labels, &[]), "strangers among themselves do not count");
        let mixed = Scores::of(&labels, &[1, 1, 9]);
        assert!(close(mixed.pairwise[0], 2.0 / 6.0) && close(mixed.pairwise[1], 1.0));
        assert!(close(mixed.b_cubed[0], f64::midpoint(0.5, 1.0)) && close(mixed.b_cubed[1], 1.0));
        assert!(close(mixed.with_strangers, 0.5) && close(alone.with_strangers, 0.0));
    }

    #[test]
    fn one_cluster_lowers_precision_and_singletons_lower_recall() {
        let joined = Scores::of(&[(1, 1), (1, 1), (1, 2), (1, 2)], &[]);
        let parted = Scores::of(&[(1, 1), (2, 1), (3, 2), (4, 2)], &[]);
        assert!(close(joined.pairwise[1], 1.0) && joined.pairwise[0] < 0.4);
        assert!(close(parted.pairwise[1], 0.0) && close(parted.b_cubed[0], 1.0));
    }
}
