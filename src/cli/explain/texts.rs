//! Compares the texts of two articles as the engine does, and prints the result.

use crate::cli::feed::REPLAY_KEY;
use crate::config::Config;
use crate::daemon::publish::why::{self, PreparedPair};
use wirefold_engine::article::Article;
use wirefold_engine::prepare::{Prepared, prepare};

/// The comparison of the texts of two articles.
pub(super) struct SharedText {
    /// The earlier article.
    earlier: Prepared,
    /// The later article.
    later: Prepared,
    /// The comparison of the two texts.
    comparison: why::TextComparison,
}

impl SharedText {
    /// Compares `b` with the earlier article `a`.
    pub(super) fn compare(config: &Config, a: &Article, b: &Article) -> Self {
        let ready = |article: &Article| prepare(article.clone(), &config.engine, REPLAY_KEY);
        let (earlier, later) = (ready(a), ready(b));
        let arrived = a.claimed_time().unwrap_or_default();
        let pair = PreparedPair {
            a: (&earlier, arrived),
            b: (&later, b.claimed_time().unwrap_or(arrived)),
        };
        let comparison = why::TextComparison::of(pair, &pair.explain(&config.engine.verdict));
        Self { earlier, later, comparison }
    }

    /// The two articles, prepared.
    pub(super) fn sides(&self) -> (&Prepared, &Prepared) {
        (&self.earlier, &self.later)
    }

    /// The comparison, for JSON output.
    pub(super) fn comparison(&self) -> &why::TextComparison {
        &self.comparison
    }

    /// The comparison as lines of text.
    pub(super) fn lines(&self) -> Vec<String> {
        let comparison = &self.comparison;
        let mut lines = Vec::new();
        for (name, side) in [("A", &comparison.a), ("B", &comparison.b)] {
            let (words, figures, samples) = (side.words, side.figures, side.samples);
            let simhash = &side.simhash;
            lines.push(format!(
                "{name}  {words} words, {figures} figures, {samples} samples, simhash {simhash}"
            ));
        }
        let (shared, hamming) = (comparison.shared_samples, comparison.hamming.unwrap_or(0));
        lines.push(format!("   {shared} samples shared, simhash distance {hamming} bits"));
        lines.push(String::new());
        lines.push("text rules, in the order they are tried; the first that holds decides".into());
        let (kind, rule) = (comparison.by_text.kind.as_str(), comparison.by_text.rule);
        if comparison.rules.iter().all(|further| further.rule != rule) {
            lines.push(format!("=> {rule} ({kind}), decided before the rules below"));
        }
        lines.push(
            "   yes or no: whether a condition holds; margin: how far from its threshold".into(),
        );
        for rule in &comparison.rules {
            let mark = if rule.rule == comparison.by_text.rule { "=>" } else { "  " };
            lines.push(format!("{mark} {} ({})", rule.rule, rule.kind.as_str()));
            for c in &rule.conditions {
                let holds = if c.holds { "yes" } else { " no" };
                let (sign, margin) = (c.bound, c.margin);
                let (measure, value, threshold) = (c.measure, c.value, c.threshold);
                lines.push(format!(
                    "     {holds}  {measure:<18} {value:>8.3} {sign:<2} {threshold:<8.3} \
                     margin {margin:+.3}"
                ));
            }
        }
        lines.push(String::new());
        lines.push("what the rules measure; figures are words with a digit".into());
        lines.extend(MEASURES.iter().map(|(name, meaning)| format!("   {name:<18} {meaning}")));
        let changed =
            comparison.changed_numbers.iter().map(|pair| format!("{} -> {}", pair.a, pair.b));
        let changed: Vec<String> = changed.collect();
        if !changed.is_empty() {
            lines.push(String::new());
            lines.push(format!("changed numbers: {}", changed.join(", ")));
        }
        if !comparison.passages.is_empty() {
            lines.push(String::new());
            lines.push("shared passages, by the number of their first word in B".into());
        }
        lines.extend(comparison.passages.iter().map(|p| format!("   {}: {}", p.word, p.text)));
        lines
    }
}

/// The measures used by the rules, each with its name and its meaning for the texts of A and B.
const MEASURES: [(&str, &str); 15] = [
    ("same_template", "1 if the texts differ in figures only, else 0"),
    ("same_provider", "1 if one provider sent both, else 0"),
    ("later_reading", "1 if B gives a later reading of the same value than A, else 0"),
    ("hours_apart", "hours between the arrivals of A and B"),
    ("plain_words", "words without a digit, in the text that has fewer of them"),
    ("distinct_words", "words without a digit, each counted once, in the text with fewer of them"),
    ("plain_agreement", "share of the words without a digit that the other text has too"),
    ("figure_pairs", "pairs of figures at the same place in both texts"),
    ("changed_figures", "pairs of figures whose values differ"),
    ("numbers_kept", "share of the pairs of figures whose values are equal"),
    ("of_this_in_that", "share of B's text that A contains"),
    ("of_that_in_this", "share of A's text that B contains"),
    ("larger_share", "the larger of the two shares above"),
    ("unmatched_block", "longest run of words that only one text has, as a share of that text"),
    ("run_words", "number of words in the longest passage that both texts contain"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_measure_of_the_rules_is_explained() {
        let config = Config::default();
        let article = |uri: &str| Article { uri: uri.into(), ..Article::default() };
        let shared = SharedText::compare(&config, &article("a"), &article("b"));
        let conditions = shared.comparison().rules.iter().flat_map(|rule| &rule.conditions);
        let used: BTreeSet<&str> = conditions.map(|condition| condition.measure).collect();
        assert_eq!(used, MEASURES.iter().map(|(name, _)| *name).collect());
    }
}
