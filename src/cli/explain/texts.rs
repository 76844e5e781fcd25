//! The texts of two articles compared as the engine compares them: samples, every rule with its
//! threshold and margin, figures that differ, shared passages.

use crate::cli::feed::REPLAY_KEY;
use crate::config::Config;
use crate::engine::article::Article;
use crate::engine::prepare::{Prepared, prepare};
use crate::engine::relation::rules::{Bound, Rule};
use crate::engine::relation::{Arrival, Earlier, Explanation, Standing, Verdict, explain};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Words from which a shared run is shown.
const PASSAGE_WORDS: u32 = 4;

/// What the texts of two articles share.
pub(super) struct Texts {
    earlier: Prepared,
    later: Prepared,
    told: Explanation,
}

impl Texts {
    /// Compares `b` with `a`, which came first.
    pub(super) fn compare(config: &Config, a: &Article, b: &Article) -> Self {
        let ready = |article: &Article| prepare(article.clone(), &config.engine, REPLAY_KEY);
        let (earlier, later) = (ready(a), ready(b));
        let arrived = a.claimed_time().unwrap_or_default();
        let verdict = Verdict::default();
        let told = explain(
            Arrival {
                about: &later.about,
                clean: &later.clean,
                words: &later.words,
                print: &later.print,
                now: b.claimed_time().unwrap_or(arrived).max(arrived),
            },
            Earlier {
                sequence: Default::default(),
                arrived,
                about: &earlier.about,
                print: &earlier.print,
                verdict: &verdict,
                standing: Standing::Stands,
            },
            &config.engine.relation,
        );
        Self { earlier, later, told }
    }

    /// Both articles, prepared.
    pub(super) fn sides(&self) -> (&Prepared, &Prepared) {
        (&self.earlier, &self.later)
    }

    fn shared_samples(&self) -> usize {
        let own: HashSet<u32> = self.earlier.print.samples.iter().copied().collect();
        self.later.print.samples.iter().filter(|s| own.contains(s)).count()
    }

    fn passages(&self) -> impl Iterator<Item = (u32, u32, String)> {
        let words = &self.later.words;
        self.told.blocks.iter().filter(|b| b.len >= PASSAGE_WORDS).filter_map(move |b| {
            let start = words.spans.get(b.new as usize)?.0 as usize;
            let end = words.spans.get(b.new_end() as usize - 1)?.1 as usize;
            let text = self.later.clean.text.get(start..end)?;
            Some((b.new, b.old, text.split_whitespace().collect::<Vec<_>>().join(" ")))
        })
    }

    fn changed_numbers(&self) -> impl Iterator<Item = (&str, &str)> {
        let differ = self.told.figures.iter().filter(|p| !p.equal);
        differ.map(|p| (word(&self.earlier, p.old), word(&self.later, p.new)))
    }

    /// All of it, for machines.
    pub(super) fn json(&self) -> Value {
        let condition = |c: &crate::engine::relation::rules::Condition| {
            json!({
                "measure": c.measure, "value": c.value, "bound": sign(c.bound),
                "threshold": c.threshold, "holds": c.holds(), "margin": c.margin(),
            })
        };
        let rule = |rule: &Rule| {
            json!({
                "rule": rule.name, "kind": rule.kind.as_str(), "holds": rule.holds(),
                "conditions": rule.conditions().map(condition).collect::<Vec<_>>(),
            })
        };
        json!({
            "a": side(&self.earlier), "b": side(&self.later),
            "shared_samples": self.shared_samples(),
            "hamming": self.told.evidence.hamming,
            "by_text": { "kind": self.told.by_text.0.as_str(), "rule": self.told.by_text.1 },
            "rules": self.told.rules.iter().map(rule).collect::<Vec<_>>(),
            "changed_numbers": self.changed_numbers()
                .map(|(a, b)| json!({ "a": a, "b": b })).collect::<Vec<_>>(),
            "passages": self.passages()
                .map(|(b, a, text)| json!({ "word": b, "of_word": a, "text": text }))
                .collect::<Vec<_>>(),
        })
    }

    /// All of it, for a person.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, p) in [("A", &self.earlier), ("B", &self.later)] {
            let (words, figures) = (p.print.words(), p.print.figures.len());
            let (samples, simhash) = (p.print.samples.len(), p.print.simhash);
            lines.push(format!(
                "{name}  {words} words, {figures} figures, {samples} samples, simhash {simhash}"
            ));
        }
        let hamming = self.told.evidence.hamming.unwrap_or(0);
        let shared = self.shared_samples();
        lines.push(format!("   {shared} samples shared, simhashes {hamming} bits apart"));
        lines.push("\nrules of the texts, in order; the first that holds decides".into());
        let decides = self.told.by_text.1;
        for rule in &self.told.rules {
            let mark = if rule.name == decides { "=>" } else { "  " };
            lines.push(format!("{mark} {} ({})", rule.name, rule.kind.as_str()));
            for c in rule.conditions() {
                let holds = if c.holds() { "yes" } else { " no" };
                let (sign, margin) = (sign(c.bound), c.margin());
                let (measure, value, threshold) = (c.measure, c.value, c.threshold);
                lines.push(format!(
                    "     {holds}  {measure:<18} {value:>8.3} {sign:<2} {threshold:<8.3} margin {margin:+.3}"
                ));
            }
        }
        let changed: Vec<String> =
            self.changed_numbers().map(|(a, b)| format!("{a} -> {b}")).collect();
        if !changed.is_empty() {
            lines.push(format!("\nnumbers that differ: {}", changed.join(", ")));
        }
        lines.push("\nshared passages, by the word of B that they start at".into());
        lines.extend(self.passages().map(|(at, _, text)| format!("   {at}: {text}")));
        lines
    }
}

fn sign(bound: Bound) -> &'static str {
    match bound {
        Bound::AtLeast => ">=",
        Bound::AtMost => "<=",
        Bound::Below => "<",
        Bound::Above => ">",
    }
}

fn word(of: &Prepared, at: u32) -> &str {
    let span = of.words.spans.get(at as usize);
    span.and_then(|&(from, to)| of.clean.text.get(from as usize..to as usize)).unwrap_or("?")
}

fn side(of: &Prepared) -> Value {
    json!({
        "words": of.print.words(), "figures": of.print.figures.len(),
        "samples": of.print.samples.len(), "simhash": of.print.simhash.to_string(),
        "text": of.clean.text,
    })
}
