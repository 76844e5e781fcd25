//! Scores stories against labelled stories.
//!
//! The articles are run through an empty engine, once in the given order or several times shuffled
//! by a seed within a minute or a day. Articles without a date are shuffled together. The story of
//! each article is scored twice: as decided on arrival, and at the end of the run, after merges. A
//! rejected article counts as a separate story. An article without a label is a stranger to all
//! labelled articles: if a labelled corpus is mixed with articles from another period, the scores
//! show how well its stories are found in a busy news wire.
//!
//! Stability measures how long a story id lasts: the share of articles whose story has the same id
//! 24 hours after the arrival of the article as on that arrival, and the number of merges per
//! hundred articles.
//!
//! `publishers` counts the stories whose originals name several publishers, and how many of these
//! stories name one publisher twice under different names. If each name counted as a publisher,
//! these publishers would be counted twice.

use super::in_line;
use super::partition::{Scores, pairwise_f1};
use crate::cli::feed::clock::FeedClock;
use crate::cli::feed::{REPLAY_KEY, date};
use crate::config::Config;
use anyhow::{Context, anyhow};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, EventTime, InputPosition, Lang, Span, publisher};
use wirefold_engine::decode;
use wirefold_engine::event::EventKind;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::stories::StoryId;
use wirefold_engine::text::tokens::mix;

/// The order in which the articles arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(in crate::cli) enum ArticleOrder {
    /// The order in the file.
    Given,
    /// Articles published in the same minute are shuffled.
    Minute,
    /// Articles published on the same day are shuffled.
    Day,
}

/// The label of a line.
#[derive(Debug, Deserialize)]
struct Label {
    /// Name of the gold story; absent if the article is a stranger to all labelled articles.
    story: Option<String>,
}

/// A line of the input.
struct LabelledLine {
    /// The article; `None` if it was rejected.
    article: Option<Article>,
    /// The number that stands for the gold story; `None` if the article is a stranger.
    gold: Option<u32>,
}

/// The result of a run: a story number for each line.
struct StoryRun {
    /// The story as decided on arrival.
    decided: Vec<u32>,
    /// The story at the end of the run, after merges.
    merged: Vec<u32>,
    /// The language of each line.
    languages: Vec<Option<Lang>>,
    /// The number of live stories when the article of each line arrived.
    live: Vec<usize>,
    /// The publisher that each line names; `None` if the line is a copy of another one.
    publishers: Vec<Option<String>>,
    /// The share of articles whose story keeps its id for 24 hours.
    ids_stand: f64,
    /// Merges per hundred articles.
    merges: f64,
}

/// Runs the articles `shuffles` times (or once in the given order) and scores the runs.
pub(super) fn run(
    config: &Config,
    articles: &Path,
    order: ArticleOrder,
    shuffles: u32,
) -> anyhow::Result<Value> {
    let lines = read(config, articles)?;
    let seeds: Vec<u64> =
        (0..u64::from(if order == ArticleOrder::Given { 1 } else { shuffles })).collect();
    let started = std::time::Instant::now();
    let runs: Vec<StoryRun> =
        seeds.par_iter().map(|&seed| stream(&lines, order, seed, &config.engine)).collect();
    let seconds = started.elapsed().as_secs_f64();
    let scored = |of: fn(&StoryRun) -> &[u32], several: bool| -> Value {
        let score = |run: &StoryRun| score(&lines, of(run), several, |_| true);
        Scores::json(&runs.iter().map(score).collect::<Vec<_>>())
    };
    let mean = |of: fn(&StoryRun) -> f64| {
        rounded(runs.iter().map(of).sum::<f64>() / runs.len().max(1) as f64)
    };
    let language = |run: &StoryRun, at: usize| {
        run.languages[at].as_ref().map_or("und".to_owned(), |language| language.as_str().to_owned())
    };
    let agreement = agreement(&runs);
    Ok(json!({
        "after_merges": scored(|run| &run.merged, false),
        "after_merges_of_two_or_more": scored(|run| &run.merged, true),
        "at_decision": scored(|run| &run.decided, false),
        "by_language": by(&lines, &runs, language),
        "by_live_stories": by(&lines, &runs, |run, at| magnitude(run.live[at])),
        "ids_stand_24_hours": mean(|run| run.ids_stand),
        "merges_per_hundred_articles": mean(|run| run.merges),
        "orders_agree": agreement,
        "publishers": runs.first().map(publishers),
        "order": format!("{order:?}").to_lowercase(), "runs": runs.len(),
        "rejected": lines.iter().filter(|l| l.article.is_none()).count(),
        "seconds": (seconds * 1e3).round() / 1e3,
    }))
}

fn read(config: &Config, articles: &Path) -> anyhow::Result<Vec<LabelledLine>> {
    let text = std::fs::read_to_string(articles)
        .with_context(|| format!("cannot read `{}`", articles.display()))?;
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut lines = Vec::new();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let label: Label = serde_json::from_str(line).map_err(|error| {
            anyhow!(
                "line {number} of `{}` cannot be scored: {}",
                articles.display(),
                in_line(&error)
            )
        })?;
        let next = names.len() as u32;
        let gold = label.story.map(|story| *names.entry(story).or_insert(next));
        let decoded =
            decode::decode(line.as_bytes(), None, config.input.format, &config.engine.decode);
        lines.push(LabelledLine { article: decoded.into_iter().next().and_then(Result::ok), gold });
    }
    anyhow::ensure!(
        !names.is_empty(),
        "no article in `{}` has a `story` label, so there is nothing to score",
        articles.display()
    );
    Ok(lines)
}

/// The indices of the lines in the order in which they arrive.
fn ordered(lines: &[LabelledLine], order: ArticleOrder, seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..lines.len()).collect();
    let step = match order {
        ArticleOrder::Given => return all,
        ArticleOrder::Minute => Span::minutes(1),
        ArticleOrder::Day => Span::hours(24),
    };
    let bucket = |at: usize| {
        let time = lines[at].article.as_ref().and_then(Article::claimed_time);
        time.map(|t| t.0.div_euclid(step.0))
    };
    all.sort_by_key(|&at| (bucket(at), mix(seed.wrapping_add(1), at as u64)));
    all
}

/// Runs the articles through an empty engine in one order.
fn stream(lines: &[LabelledLine], order: ArticleOrder, seed: u64, settings: &Settings) -> StoryRun {
    let mut state = State::new(settings.clone(), REPLAY_KEY);
    let mut decided = vec![None; lines.len()];
    let (mut languages, mut live) = (vec![None; lines.len()], vec![0; lines.len()]);
    let mut publishers = vec![None; lines.len()];
    let mut arrived = vec![EventTime(0); lines.len()];
    let mut into: HashMap<StoryId, (StoryId, EventTime)> = HashMap::new();
    let mut clock = FeedClock::new(settings.window);
    let ordered = ordered(lines, order, seed).into_iter();
    let articles: Vec<(usize, &Article)> =
        ordered.filter_map(|at| Some((at, lines[at].article.as_ref()?))).collect();
    let dates: Vec<_> = articles.iter().map(|(_, article)| date(article)).collect();
    for (offset, (at, article)) in articles.into_iter().enumerate() {
        let clock = clock.next(&dates[offset..]);
        let new = prepare(article.clone(), settings, REPLAY_KEY);
        (arrived[at], languages[at], live[at]) = (clock, new.about.language, state.stories().len());
        let offset = offset as i64;
        let input = InputPosition { topic: "eval".into(), partition: 0, offset, item: 0 };
        for event in state.apply(new, clock, input).events {
            match event.kind {
                EventKind::Classified(c) => {
                    decided[at] = c.story.map(|story| story.id);
                    if !c.verdict.relation.kind.joins_its_match() {
                        publishers[at] = c.about.credit.or(c.about.provider);
                    }
                }
                EventKind::StoryMerged(m) if m.key_story == m.absorbed => {
                    into.insert(m.absorbed, (m.survivor.id, clock));
                }
                _ => {}
            }
        }
    }
    let last = |mut story: StoryId| {
        while let Some(&(survivor, _)) = into.get(&story) {
            story = survivor;
        }
        story
    };
    let stands = |at: usize| -> Option<bool> {
        let merged = into.get(&decided[at]?);
        Some(merged.is_none_or(|(_, when)| when.since(arrived[at]) > Span::hours(24)))
    };
    let stand: Vec<bool> = (0..lines.len()).filter_map(stands).collect();
    let standing = stand.iter().filter(|stands| **stands).count();
    StoryRun {
        merged: numbered(&decided, last),
        decided: numbered(&decided, |story| story),
        languages,
        live,
        publishers,
        ids_stand: standing as f64 / stand.len().max(1) as f64,
        merges: 100.0 * into.len() as f64 / lines.len().max(1) as f64,
    }
}

/// How many stories have several publisher names, and in how many of these stories two of the names
/// belong to one family.
fn publishers(run: &StoryRun) -> Value {
    let mut names: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
    for (story, name) in run.merged.iter().zip(&run.publishers) {
        names.entry(*story).or_default().extend(name.as_deref());
    }
    let several = names.values().filter(|names| names.len() > 1);
    let one_twice = several.clone().filter(|names| {
        let families: BTreeSet<String> = names.iter().map(|name| publisher::family(name)).collect();
        families.len() < names.len()
    });
    json!({"with_several_names": several.clone().count(), "with_a_family_twice": one_twice.count()})
}

/// Maps story ids to numbers. An article without a story gets a unique number.
fn numbered(stories: &[Option<StoryId>], last: impl Fn(StoryId) -> StoryId) -> Vec<u32> {
    let mut names: HashMap<StoryId, u32> = HashMap::new();
    let mut alone = u32::MAX;
    let number = |story: &Option<StoryId>| match story {
        Some(story) => {
            let next = names.len() as u32;
            *names.entry(last(*story)).or_insert(next)
        }
        None => {
            alone -= 1;
            alone
        }
    };
    stories.iter().map(number).collect()
}

/// Scores the labelled lines for which `wanted` holds. With `several`, only lines whose gold story
/// has two or more articles are scored.
fn score(
    lines: &[LabelledLine],
    found: &[u32],
    several: bool,
    wanted: impl Fn(usize) -> bool,
) -> Scores {
    let mut sizes: HashMap<u32, u32> = HashMap::new();
    for gold in lines.iter().filter_map(|line| line.gold) {
        *sizes.entry(gold).or_default() += 1;
    }
    let gold = |at: usize| lines[at].gold.filter(|gold| !several || sizes[gold] > 1);
    let labels: Vec<(u32, u32)> = (0..lines.len())
        .filter(|at| wanted(*at))
        .filter_map(|at| Some((found[at], gold(at)?)))
        .collect();
    let strangers: Vec<u32> =
        (0..lines.len()).filter(|at| lines[*at].gold.is_none()).map(|at| found[at]).collect();
    Scores::of(&labels, &strangers)
}

/// The scores after merges, grouped by a property of the lines. Each group is scored together with
/// all strangers.
fn by(
    lines: &[LabelledLine],
    runs: &[StoryRun],
    property: impl Fn(&StoryRun, usize) -> String,
) -> Value {
    let mut scores: BTreeMap<String, Vec<Scores>> = BTreeMap::new();
    for run in runs {
        let of: Vec<String> = (0..lines.len()).map(|at| property(run, at)).collect();
        let labelled = (0..lines.len()).filter(|at| lines[*at].gold.is_some());
        for value in labelled.map(|at| &of[at]).collect::<BTreeSet<_>>() {
            let of_value = score(lines, &run.merged, false, |at| of[at] == *value);
            scores.entry(value.clone()).or_default().push(of_value);
        }
    }
    let mean = |all: &[Scores], of: fn(&Scores) -> f64| {
        rounded(all.iter().map(of).sum::<f64>() / all.len() as f64)
    };
    let row = |(value, all): (String, Vec<Scores>)| {
        let row = json!({
            "articles": mean(&all, |s| s.articles),
            "pairwise_f1": mean(&all, |s| s.pairwise[2]),
            "b_cubed_f1": mean(&all, |s| s.b_cubed[2]),
            "with_strangers": mean(&all, |s| s.with_strangers),
        });
        (value, row)
    };
    Value::Object(scores.into_iter().map(row).collect())
}

/// The powers of ten between which a number is, as text: `10 to 99`.
fn magnitude(number: usize) -> String {
    let least = 10usize.pow(number.max(1).ilog10());
    format!("{least} to {}", 10 * least - 1)
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Mean pairwise F1 between the first run and each of the other runs; `null` for a single run.
fn agreement(runs: &[StoryRun]) -> Value {
    let Some((first, others)) = runs.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Value::Null;
    };
    let with_first = |run: &StoryRun| {
        pairwise_f1(
            &run.merged.iter().copied().zip(first.merged.iter().copied()).collect::<Vec<_>>(),
        )
    };
    let mean = others.iter().map(with_first).sum::<f64>() / others.len() as f64;
    json!(rounded(mean))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(merged: Vec<u32>, live: Vec<usize>) -> StoryRun {
        let languages = ["en", "en", "fi", "fi", "en"].map(Lang::parse).to_vec();
        StoryRun {
            decided: merged.clone(),
            publishers: vec![None; merged.len()],
            merged,
            languages,
            live,
            ids_stand: 1.0,
            merges: 0.0,
        }
    }

    #[test]
    fn stories_with_one_publisher_under_two_names_are_counted() {
        let mut of = run(vec![1, 1, 1, 2, 2], Vec::new());
        let names = ["northwire.com", "Northwire News", "Hafenpost", "Northwire", "Hafenpost"];
        of.publishers = names.map(|name| Some(name.to_owned())).to_vec();
        let want = json!({"with_several_names": 2, "with_a_family_twice": 1});
        assert_eq!(publishers(&of), want);
        of.publishers[0] = None;
        assert_eq!(publishers(&of)["with_a_family_twice"], 0);
    }

    #[test]
    fn scores_are_grouped_by_a_property_of_the_lines() {
        let gold = [Some(1), Some(1), Some(2), Some(2), None];
        let lines: Vec<LabelledLine> =
            gold.into_iter().map(|gold| LabelledLine { article: None, gold }).collect();
        let runs = [run(vec![7, 7, 8, 9, 7], vec![3, 12, 12, 300, 300])];
        let language = |run: &StoryRun, at: usize| run.languages[at].unwrap().as_str().to_owned();
        let found = by(&lines, &runs, language);
        assert_eq!(found["en"]["with_strangers"], 1.0);
        assert_eq!(found["en"]["pairwise_f1"], 0.5, "one of three pairs, and all that there are");
        assert_eq!(found["fi"]["with_strangers"], 0.0);
        assert_eq!(found["fi"]["pairwise_f1"], 0.0);
        let found = by(&lines, &runs, |run, at| magnitude(run.live[at]));
        let articles = ["1 to 9", "10 to 99", "100 to 999"].map(|range| &found[range]["articles"]);
        assert_eq!(articles, [1.0, 2.0, 1.0].map(|n| json!(n)).each_ref());
    }
}
