//! `wirefold explain`: explains why two articles are, or are not, copies of each other.
//!
//! In: two articles, each given by a file or by the uri of an article in `--in FILE`. If both are
//! in that file, the one that comes first there is the earlier one. Out: the engine's verdict on
//! the second article, assuming that only the first came before it, with the evidence, the text
//! rules and the story score.
//!
//! With [`decode`], `--decode FILE` instead prints every article of a file as decoded and as
//! cleaned, with its dates and the marks found in it, which helps when mapping a new feed.
//! `--marks` prints the built-in marks by agency.

mod decode;
mod stories;
mod texts;

use super::feed::clock::UNDATED;
use super::feed::{self, REPLAY_KEY};
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::pipeline::broker::InputRecord;
use crate::daemon::pipeline::offline::{NoOutputs, OfflineShard};
use crate::daemon::publish::article::ArticleClassified;
use crate::daemon::publish::data::PayloadBase;
use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};
use wirefold_engine::article::{Article, InputPosition, Span};
use wirefold_engine::event::{Classified, Event, EventKind};
use wirefold_engine::marks;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The earlier article: a file, or the uri of an article in the file given by `--in`. If both
    /// articles are in that file, the one that comes first there is the earlier one, whatever the
    /// order of the arguments.
    #[arg(required_unless_present_any = ["decode", "marks"])]
    a: Option<String>,
    /// The later article: a file, or the uri of an article in the file given by `--in`.
    #[arg(required_unless_present_any = ["decode", "marks"])]
    b: Option<String>,
    /// The file in which to look up articles by uri.
    #[arg(long, value_name = "FILE")]
    r#in: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    /// Prints every article of this file as decoded and cleaned, instead of comparing two articles.
    /// The output is text on a terminal, and JSON otherwise or with --json.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["a", "b"])]
    decode: Option<PathBuf>,
    /// Prints the built-in marks by agency, with their sources.
    #[arg(long, conflicts_with_all = ["a", "b", "decode"])]
    marks: bool,
}

/// Runs `explain`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    if let Some(path) = &args.decode {
        return Ok(decode::run(config, path, args.json)?);
    }
    if args.marks {
        return Ok(print_marks(args.json)?);
    }
    let (Some(a), Some(b)) = (&args.a, &args.b) else {
        return Err(CommandError::Usage(anyhow!("two articles are required")));
    };
    let (a, b) = in_order(find(config, args, a)?, find(config, args, b)?);
    let classified = compare(config, &a, &b)?;
    let base = PayloadBase::of(&position(1), &config.settings_hash());
    let event = ArticleClassified::of(&classified, base);
    let mut value = serde_json::to_value(&event)?;
    let texts = texts::SharedText::compare(config, &a, &b);
    let near = stories::StoryPairScore::compare(config, args, &texts)?;
    if args.json {
        value["texts"] = serde_json::to_value(texts.comparison())?;
        value["together"] = serde_json::to_value(near.comparison())?;
        return Ok(print::json(&value)?);
    }
    let articles = [about("A", &a), about("B", &b)].concat();
    let all = [articles, verdict_lines(&value), texts.lines(), near.lines()];
    Ok(print::lines(all.into_iter().flatten())?)
}

/// An article that was given by a file or by its uri.
struct FoundArticle {
    article: Article,
    /// The number of items before it in the file given by `--in`; `None` if the article has its own
    /// file.
    position: Option<usize>,
}

/// The earlier article and the later one: in the order of the file given by `--in` if both come
/// from it, and otherwise in the order of the arguments. Prints a remark if this order differs from
/// the order of the arguments or of the articles' dates.
fn in_order(a: FoundArticle, b: FoundArticle) -> (Article, Article) {
    let swapped = matches!((a.position, b.position), (Some(a), Some(b)) if b < a);
    let [a, b] = if swapped { [b.article, a.article] } else { [a.article, b.article] };
    if swapped {
        let (earlier, later) = (&a.uri, &b.uri);
        print::remark(format_args!("`{earlier}` comes before `{later}` in the file, so it is A"));
    }
    if let [Some(first), Some(second)] = [&a, &b].map(feed::date)
        && first > second
    {
        let seconds = (first.0 - second.0).unsigned_abs().div_ceil(1000);
        print::remark(format_args!(
            "A was sent {seconds} s after B; it is compared as the earlier article all the same"
        ));
    }
    (a, b)
}

/// Reads the article given by `name`: the first article of the file with that name or, if there is
/// no such file, the article with that uri in the file given by `--in`.
fn find(config: &Config, args: &Args, name: &str) -> anyhow::Result<FoundArticle> {
    let path = match &args.r#in {
        Some(file) if !Path::new(name).exists() => file.as_path(),
        _ => Path::new(name),
    };
    let (whole, shown) = (path == Path::new(name), path.display());
    if whole && !path.exists() {
        return Err(anyhow!(
            "no such file: `{name}`; to look up an article by uri, add `--in FILE`"
        ));
    }
    let mut refused = None;
    let items = feed::articles(path, &config.engine, config.input.format)?;
    let count = items.iter().filter(|item| item.is_ok()).count();
    if whole && count > 1 {
        print::remark(format_args!(
            "`{shown}` has {count} articles; taking the first. To choose, add `--in {shown}` and \
             give uris"
        ));
    }
    for (position, item) in items.into_iter().enumerate() {
        match item {
            Ok(article) if whole || article.uri == name => {
                return Ok(FoundArticle { article, position: (!whole).then_some(position) });
            }
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    match refused.filter(|_| whole) {
        Some(error) => Err(error).with_context(|| format!("cannot decode `{name}`")),
        None => Err(anyhow!("no article `{name}` was read from `{shown}`")),
    }
}

/// The engine's classification of `b`, assuming that only `a` came before it.
fn compare(config: &Config, a: &Article, b: &Article) -> anyhow::Result<Classified> {
    let (engine, format) = (config.engine.clone(), config.input.format);
    let mut shard = OfflineShard::new(engine, format, REPLAY_KEY, NoOutputs)?;
    let dates = [a, b].map(feed::date);
    let first = dates[0].or(dates[1]).unwrap_or(UNDATED);
    // Both articles must be live at the same time, however far apart their dates are.
    let latest = first.plus(Span(config.engine.window.0 - 1));
    let second = dates[1].unwrap_or(first).clamp(first, latest);
    let records =
        [(a, first), (b, second)].into_iter().zip(0..).map(|((article, time), offset)| {
            let record = feed::record(&TOPIC.into(), offset, Vec::new());
            let record = InputRecord { timestamp: Some(time), ..record };
            shard.prepare_article(record, article.clone())
        });
    let records = records.collect();
    let classified = |event: Event| match event.kind {
        EventKind::Classified(classified) => Some(*classified),
        _ => None,
    };
    let last = shard.apply(records)?.events.into_iter().filter_map(classified).last();
    last.context("the engine did not classify the article")
}

/// The topic of the two articles in the printed event.
const TOPIC: &str = "explain";

fn position(offset: i64) -> InputPosition {
    InputPosition { topic: TOPIC.into(), partition: 0, offset, item: 0 }
}

fn about(name: &str, article: &Article) -> [String; 2] {
    let provider = article.provider.as_deref().unwrap_or("-");
    let version = article.version.as_deref().map_or(String::new(), |v| format!(" version {v}"));
    [format!("{name}  {}{version}", article.uri), format!("   {provider}: {}", article.headline)]
}

/// The verdict on B as lines of text: kind, rule, evidence, novelty, story, unique topic and flags.
fn verdict_lines(event: &Value) -> Vec<String> {
    let relation = &event["relation"];
    let (kind, rule) = (bare(&relation["kind"]), bare(&relation["rule"]));
    let mut lines = vec![String::new(), format!("B is classified as {kind} by rule `{rule}`")];
    for (name, value) in relation["evidence"].as_object().into_iter().flatten() {
        lines.push(format!("   {:<18} {}", name.replace('_', " "), bare(value)));
    }
    for also in event["also"].as_array().into_iter().flatten() {
        lines.push(format!("   also {} of {}", bare(&also["kind"]), bare(&also["of"]["uri"])));
    }
    if let Some(novelty) = event.get("novelty") {
        lines.push(format!("   {:<18} {novelty} ({} words)", "novelty", event["novel_words"]));
    }
    let story = event.get("story").map_or("none".to_owned(), |story| {
        let which = if story["size"] == json!(1) { "different from A" } else { "same as A" };
        let score = story.get("score").map_or(String::new(), |s| format!(", score {s}"));
        format!("{which}{score}")
    });
    lines.push(format!("   {:<18} {story}", "story"));
    let replaces = event
        .get("replaces")
        .map_or(String::new(), |replaced| format!(", replaces {}", bare(&replaced["uri"])));
    lines.push(format!("   {:<18} {}{replaces}", "unique topic", bare(&event["unique"])));
    lines.push(format!("   {:<18} {}", "flags", bare(&event["flags"])));
    lines.push(String::new());
    lines
}

/// A JSON value as plain text: strings without quotes, arrays separated by commas.
fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) => items.iter().map(bare).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Prints the built-in marks by agency.
fn print_marks(as_json: bool) -> io::Result<()> {
    let all = marks::coverage();
    if as_json {
        return print::json(&json!(all));
    }
    let lines = all.iter().flat_map(|forms| {
        let sources = forms.sources.iter().copied().collect::<Vec<_>>().join("; ");
        let meaning = bare(&json!(forms.mark));
        [
            format!("{} {meaning} ({sources})", forms.agency),
            format!("   {}", forms.patterns.join(", ")),
        ]
    });
    print::lines(lines)
}
