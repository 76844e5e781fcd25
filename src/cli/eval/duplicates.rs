//! Scores relations against labels.
//!
//! With labelled pairs, a pair counts as found if one article has a copy relation (main or further)
//! to the other, or if both have the same root. Without pairs, the articles must have the labels
//! `dup_group`, `op`, `kind`, `base` and `donors`, and the relations of each article are scored
//! against them.
//!
//! Copy relations are redelivery, duplicate, reprint, excerpt, expansion, correction and update.
//! Recurring and partial are not copies and are scored separately.

use super::in_line;
use crate::cli::feed;
use crate::cli::print;
use crate::config::Config;
use crate::daemon::pipeline::offline::NoOutputs;
use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use wirefold_engine::event::EventKind;
use wirefold_engine::verdict::{Kind, Relation, Verdict};

/// The engine's verdict on an article.
struct JudgedArticle {
    /// The main relation, then the further ones.
    relations: Vec<Relation>,
}

impl JudgedArticle {
    fn of(verdict: Verdict) -> Self {
        let Verdict { relation, also, .. } = verdict;
        Self { relations: std::iter::once(relation).chain(also).collect() }
    }

    /// The kind of the relation to the article `uri`.
    fn kind_of(&self, uri: &str) -> Option<Kind> {
        let entry = |r: &&Relation| r.of.as_ref().is_some_and(|of| of.key.uri == uri);
        self.relations.iter().find(entry).map(|r| r.kind)
    }
}

/// Whether the kind is a copy relation.
fn positive(kind: Kind) -> bool {
    !matches!(kind, Kind::Original | Kind::Partial | Kind::Recurring | Kind::Withdrawal)
}

/// Runs the articles through an empty engine and scores the verdicts.
pub(super) fn run(
    config: &Config,
    articles: &Path,
    pairs: Option<&Path>,
    within: Option<f64>,
    misses: bool,
) -> anyhow::Result<Value> {
    let feeds = [feed::FeedFile::open(articles)?];
    let mut verdicts: HashMap<String, JudgedArticle> = HashMap::new();
    let mut refused = 0;
    let started = std::time::Instant::now();
    feed::run(&feeds, &config.engine, config.input.format, NoOutputs, |batch, _| {
        refused += batch.refused.values().sum::<u64>();
        for event in batch.events {
            if let EventKind::Classified(c) = event.kind {
                verdicts.insert(c.about.uri, JudgedArticle::of(c.verdict));
            }
        }
        Ok(())
    })?;
    let seconds = started.elapsed().as_secs_f64();
    let mut result = match pairs {
        Some(path) => score_pairs(path, &verdicts, within, misses)?,
        None => score_copies(articles, &verdicts, misses)?,
    };
    result["articles"] = json!(verdicts.len());
    result["rejected"] = json!(refused);
    result["seconds"] = json!((seconds * 1_000.0).round() / 1_000.0);
    Ok(result)
}

/// Counts of correct and wrong answers.
#[derive(Debug, Default, Clone, Copy)]
struct LabelCounts {
    /// True positives.
    found: u32,
    /// False negatives.
    missed: u32,
    /// False positives.
    wrong: u32,
}

impl LabelCounts {
    fn json(self) -> Value {
        let share = |part: u32, whole: u32| match whole {
            0 => Value::Null,
            _ => json!((f64::from(part) / f64::from(whole) * 1e5).round() / 1e5),
        };
        let Self { found, missed, wrong } = self;
        json!({
            "found": found, "missed": missed, "false": wrong,
            "precision": share(found, found + wrong), "recall": share(found, found + missed),
            "f1": share(2 * found, 2 * found + missed + wrong),
        })
    }
}

fn score_pairs(
    path: &Path,
    verdicts: &HashMap<String, JudgedArticle>,
    within: Option<f64>,
    misses: bool,
) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        header
            .iter()
            .position(|h| *h == name)
            .with_context(|| format!("`{}` has no column `{name}`", path.display()))
    };
    let (a, b, label) = (column("id1")?, column("id2")?, column("label")?);
    let (hours, overlap) = (column("dt_hours")?, column("containment_w5")?);
    let mut all = LabelCounts::default();
    let mut bands: BTreeMap<String, LabelCounts> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, LabelCounts> = BTreeMap::new();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |at: usize| cells.get(at).and_then(|c| c.parse::<f64>().ok()).unwrap_or(0.0);
        if within.is_some_and(|most| number(hours) > most) {
            continue;
        }
        let truth = match cells[label] {
            "POS" => true,
            "NEG" => false,
            _ => continue,
        };
        let kind = copy_between(verdicts, cells[a], cells[b]);
        let count = |tally: &mut LabelCounts| match (truth, kind.is_some()) {
            (true, true) => tally.found += 1,
            (true, false) => tally.missed += 1,
            (false, true) => tally.wrong += 1,
            (false, false) => {}
        };
        count(&mut all);
        count(bands.entry(format!("{:.1}", (number(overlap) * 10.0).floor() / 10.0)).or_default());
        count(kinds.entry(kind.map_or("none", Kind::as_str)).or_default());
        if misses && truth != kind.is_some() {
            print::remark(format_args!("{line}\t{}", kind.map_or("-", Kind::as_str)));
        }
    }
    let by = |map: &BTreeMap<String, LabelCounts>| -> Value {
        map.iter().map(|(k, t)| (k.clone(), t.json())).collect::<serde_json::Map<_, _>>().into()
    };
    let kinds = kinds.into_iter().map(|(k, t)| (k.to_owned(), t)).collect();
    Ok(json!({ "pairs": all.json(), "by_overlap": by(&bands), "by_kind": by(&kinds) }))
}

/// The copy relation between two articles, in either direction or through a common root.
fn copy_between(verdicts: &HashMap<String, JudgedArticle>, a: &str, b: &str) -> Option<Kind> {
    let direct = |x: &str, y: &str| verdicts.get(x)?.kind_of(y).filter(|k| positive(*k));
    direct(a, b).or_else(|| direct(b, a)).or_else(|| {
        let root = |x: &str| {
            let first = verdicts.get(x)?.relations.first()?;
            let uri = match &first.root {
                Some(root) if positive(first.kind) => root.key.uri.clone(),
                _ => x.to_owned(),
            };
            Some((uri, first.kind))
        };
        let ((root_a, kind_a), (root_b, kind_b)) = (root(a)?, root(b)?);
        let kind = if positive(kind_b) { kind_b } else { kind_a };
        (root_a == root_b).then_some(kind)
    })
}

/// An article with labels.
#[derive(Debug, Deserialize)]
struct Copy {
    /// Its uri.
    id: String,
    /// The group of articles with the same origin.
    dup_group: Option<String>,
    /// The operation that made this copy.
    op: Option<String>,
    /// The article that it is a copy of; absent for originals.
    base: Option<String>,
    /// The expected kind of its relation to `base`.
    kind: Option<String>,
    /// Groups from which the article contains passages.
    #[serde(default)]
    donors: Vec<String>,
}

impl Copy {
    /// The groups whose text the article contains.
    fn groups(&self) -> impl Iterator<Item = &str> {
        self.dup_group.iter().chain(&self.donors).map(String::as_str)
    }
}

fn score_copies(
    articles: &Path,
    verdicts: &HashMap<String, JudgedArticle>,
    misses: bool,
) -> anyhow::Result<Value> {
    let copies = labelled(articles)?;
    let by_id: HashMap<&str, &Copy> = copies.iter().map(|c| (c.id.as_str(), c)).collect();
    let mut score = Score::default();
    for copy in &copies {
        let Some(verdict) = verdicts.get(&copy.id) else { continue };
        let wrong = score.add(copy, verdict, &by_id);
        if misses && let Some(wrong) = wrong {
            let op = copy.op.as_deref().unwrap_or_default();
            let (id, op) = (print::escaped(&copy.id), print::escaped(op));
            print::remark(format_args!("{id}\t{op}\t{wrong}"));
        }
    }
    Ok(score.json())
}

/// The labels of all articles.
///
/// # Errors
/// If the file cannot be read, a line cannot be parsed, or no article has a label.
fn labelled(articles: &Path) -> anyhow::Result<Vec<Copy>> {
    let shown = articles.display();
    let text =
        std::fs::read_to_string(articles).with_context(|| format!("cannot read `{shown}`"))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let copies = lines.map(|(line, number)| {
        serde_json::from_str(line).map_err(|error| {
            anyhow!("line {number} of `{shown}` cannot be scored: {}", in_line(&error))
        })
    });
    let copies: Vec<Copy> = copies.collect::<anyhow::Result<_>>()?;
    let labelled = |copy: &Copy| copy.dup_group.is_some() || copy.base.is_some();
    anyhow::ensure!(
        copies.iter().any(labelled),
        "no article in `{shown}` has the label `dup_group` or `base`; without `--pairs`, articles \
         need the labels `id`, `dup_group`, `op`, `kind` and `base`"
    );
    Ok(copies)
}

/// The scores over all labelled copies.
#[derive(Debug, Default)]
struct Score {
    /// Groups seen so far.
    seen: HashSet<String>,
    /// Copies that were linked to their group, copies that were missed, and false copy relations.
    copies: LabelCounts,
    /// Copies that were linked to their group, by operation.
    ops: BTreeMap<String, LabelCounts>,
    /// Correct kinds, by expected kind.
    kinds: BTreeMap<String, LabelCounts>,
    /// Correct kinds overall.
    kind: LabelCounts,
    /// Groups in `donors`, counted by whether a relation links to them.
    donors: LabelCounts,
    /// Partial relations between articles without text in common.
    false_partials: u32,
    /// Articles labelled `recurring`.
    recurring: u32,
    /// Number of these that were classified as duplicate, redelivery or reprint.
    recurring_as_copy: u32,
    /// Wrong kinds, by operation, expected and actual kind.
    confused: BTreeMap<String, u32>,
}

impl Score {
    /// Scores an article. Returns a description of the error, if any.
    fn add(
        &mut self,
        copy: &Copy,
        verdict: &JudgedArticle,
        by_id: &HashMap<&str, &Copy>,
    ) -> Option<String> {
        let own = copy.dup_group.as_deref().unwrap_or_default();
        let op = copy.op.clone().unwrap_or_default();
        let of = |r: &Relation| by_id.get(r.of.as_ref()?.key.uri.as_str()).copied();
        let of_group = |r: &Relation| of(r)?.dup_group.as_deref();
        // Two articles are strangers if they contain no text from the same group.
        let strangers = |r: &&Relation| {
            of(r).is_some_and(|other| !other.groups().any(|g| copy.groups().any(|mine| mine == g)))
        };
        let mut wrong = None;
        for stranger in verdict.relations.iter().filter(strangers) {
            if positive(stranger.kind) {
                self.copies.wrong += 1;
                wrong = Some(format!("stranger {:?}", stranger.of.as_ref().map(|o| &o.key.uri)));
            } else if stranger.kind == Kind::Partial {
                self.false_partials += 1;
            }
        }
        if copy.base.is_some() {
            let linked = verdict.relations.iter().any(|r| of_group(r) == Some(own));
            let tally = self.ops.entry(op.clone()).or_default();
            for tally in [&mut self.copies, tally] {
                if linked { tally.found += 1 } else { tally.missed += 1 }
            }
            if !linked {
                wrong = Some("missed".into());
            }
        }
        let kind = self.kind(copy, verdict, &op);
        let named = |g: &String| verdict.relations.iter().any(|r| of_group(r) == Some(g));
        // A donor that has not arrived yet cannot be found.
        let seen = |g: &String| self.seen.contains(g);
        for donor in copy.donors.iter().filter(|d| *d != own && seen(d)) {
            if named(donor) { self.donors.found += 1 } else { self.donors.missed += 1 }
        }
        self.seen.insert(own.to_owned());
        wrong.or(kind)
    }

    /// Scores the kind of the relation to `base`. Returns a description of the error, if any.
    fn kind(&mut self, copy: &Copy, verdict: &JudgedArticle, op: &str) -> Option<String> {
        let (base, want) = (copy.base.as_deref()?, copy.kind.as_deref()?);
        let kind = verdict.kind_of(base);
        let got = kind.map_or("none", Kind::as_str);
        let right = got == want;
        let tally = self.kinds.entry(want.to_owned()).or_default();
        for tally in [&mut self.kind, tally] {
            if right { tally.found += 1 } else { tally.missed += 1 }
        }
        if want == "recurring" {
            self.recurring += 1;
            let copied = [Some(Kind::Duplicate), Some(Kind::Redelivery), Some(Kind::Reprint)];
            self.recurring_as_copy += u32::from(copied.contains(&kind));
        }
        if right {
            return None;
        }
        *self.confused.entry(format!("{op}: {want} as {got}")).or_default() += 1;
        Some(format!("{want} as {got}"))
    }

    fn json(&self) -> Value {
        let recall = |map: &BTreeMap<String, LabelCounts>| -> Value {
            let share =
                |t: &LabelCounts| f64::from(t.found) / f64::from((t.found + t.missed).max(1));
            map.iter()
                .map(|(k, t)| (k.clone(), json!((share(t) * 1e4).round() / 1e4)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        json!({
            "copies": self.copies.json(), "recall_by_op": recall(&self.ops),
            "kind": self.kind.json()["recall"], "recall_by_kind": recall(&self.kinds),
            "donors": self.donors.json()["recall"], "false_partials": self.false_partials,
            "recurring": self.recurring, "recurring_as_copy": self.recurring_as_copy,
            "confused": self.confused,
        })
    }
}
