//! The texts of two articles, compared as the engine compares them, for a person to read.

use crate::cli::feed::REPLAY_KEY;
use crate::config::Config;
use crate::daemon::publish::why::{self, PreparedPair};
use wirefold_engine::article::Article;
use wirefold_engine::prepare::{Prepared, prepare};

/// What the texts of two articles share.
pub(super) struct SharedText {
    earlier: Prepared,
    later: Prepared,
    told: why::TextComparison,
}

impl SharedText {
    /// Compares `b` with `a`, which came first.
    pub(super) fn compare(config: &Config, a: &Article, b: &Article) -> Self {
        let ready = |article: &Article| prepare(article.clone(), &config.engine, REPLAY_KEY);
        let (earlier, later) = (ready(a), ready(b));
        let arrived = a.claimed_time().unwrap_or_default();
        let pair = PreparedPair {
            a: (&earlier, arrived),
            b: (&later, b.claimed_time().unwrap_or(arrived)),
        };
        let told = why::TextComparison::of(pair, &pair.explain(&config.engine.relation));
        Self { earlier, later, told }
    }

    /// Both articles, prepared.
    pub(super) fn sides(&self) -> (&Prepared, &Prepared) {
        (&self.earlier, &self.later)
    }

    /// All of it, for machines.
    pub(super) fn told(&self) -> &why::TextComparison {
        &self.told
    }

    /// All of it, for a person.
    pub(super) fn lines(&self) -> Vec<String> {
        let told = &self.told;
        let mut lines = Vec::new();
        for (name, side) in [("A", &told.a), ("B", &told.b)] {
            let (words, figures, samples) = (side.words, side.figures, side.samples);
            let simhash = &side.simhash;
            lines.push(format!(
                "{name}  {words} words, {figures} figures, {samples} samples, simhash {simhash}"
            ));
        }
        let (shared, hamming) = (told.shared_samples, told.hamming.unwrap_or(0));
        lines.push(format!("   {shared} samples shared, simhashes {hamming} bits apart"));
        lines.push(String::new());
        lines.push("rules of the texts, in order; the first that holds decides".into());
        let (kind, rule) = (told.by_text.kind.as_str(), told.by_text.rule);
        if told.rules.iter().all(|further| further.rule != rule) {
            lines.push(format!("=> {rule} ({kind}), so that those below are not asked"));
        }
        for rule in &told.rules {
            let mark = if rule.rule == told.by_text.rule { "=>" } else { "  " };
            lines.push(format!("{mark} {} ({})", rule.rule, rule.kind.as_str()));
            for c in &rule.conditions {
                let holds = if c.holds { "yes" } else { " no" };
                let (sign, margin) = (c.bound, c.margin);
                let (measure, value, threshold) = (c.measure, c.value, c.threshold);
                lines.push(format!(
                    "     {holds}  {measure:<18} {value:>8.3} {sign:<2} {threshold:<8.3} margin {margin:+.3}"
                ));
            }
        }
        let changed = told.changed_numbers.iter().map(|pair| format!("{} -> {}", pair.a, pair.b));
        let changed: Vec<String> = changed.collect();
        if !changed.is_empty() {
            lines.push(String::new());
            lines.push(format!("numbers that differ: {}", changed.join(", ")));
        }
        if !told.passages.is_empty() {
            lines.push(String::new());
            lines.push("shared passages, by the word of B that they start at".into());
        }
        lines.extend(told.passages.iter().map(|p| format!("   {}: {}", p.word, p.text)));
        lines
    }
}
