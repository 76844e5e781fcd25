//! `wirefold explain`: why two articles are, or are not, the same; and what was read of a file.
//!
//! In: two articles, each a file or the uri of one in `--in FILE`. Out: what the engine says of the
//! second when only the first came before it, with its evidence. `--decode FILE` prints every
//! article of a file as decoded and as cleaned, for whoever maps a new feed.

mod stories;
mod texts;

use super::feed::clock::UNDATED;
use super::feed::{self, REPLAY_KEY};
use super::{CommandError, print};
use crate::config::Config;
use crate::daemon::publish::article::ArticleClassified;
use crate::daemon::publish::data::PayloadBase;
use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use wirefold_engine::article::{Article, InputPosition, Span};
use wirefold_engine::event::{Classified, EventKind};
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::text;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The earlier article: a file, or a uri in the file of `--in`.
    #[arg(required_unless_present = "decode")]
    a: Option<String>,
    /// The later article.
    #[arg(required_unless_present = "decode")]
    b: Option<String>,
    /// The file that holds articles named by their uris.
    #[arg(long, value_name = "FILE")]
    r#in: Option<PathBuf>,
    /// Prints as JSON.
    #[arg(long)]
    json: bool,
    /// Prints what is read of this file instead, decoded and cleaned.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["a", "b"])]
    decode: Option<PathBuf>,
}

/// Runs `explain`.
pub(super) fn run(config: &Config, args: &Args) -> Result<(), CommandError> {
    if let Some(path) = &args.decode {
        return Ok(decode(config, path)?);
    }
    let (Some(a), Some(b)) = (&args.a, &args.b) else {
        return Err(CommandError::Usage(anyhow!("two articles are needed")));
    };
    let (a, b) = (find(config, args, a)?, find(config, args, b)?);
    let classified = compare(config, &a, &b)?;
    let base = PayloadBase::of(&position(1), &config.settings_hash());
    let said = ArticleClassified::of(&classified, base);
    let mut value = serde_json::to_value(&said)?;
    let texts = texts::SharedText::compare(config, &a, &b);
    let near = stories::StoryPairScore::compare(config, args, &texts)?;
    if args.json {
        value["texts"] = serde_json::to_value(texts.told())?;
        value["together"] = serde_json::to_value(near.told())?;
        return Ok(print::json(&value)?);
    }
    let articles = [about("A", &a), about("B", &b)].concat();
    let all = [articles, told(&value), texts.lines(), near.lines()];
    Ok(print::lines(all.into_iter().flatten())?)
}

fn find(config: &Config, args: &Args, name: &str) -> anyhow::Result<Article> {
    let path = match &args.r#in {
        Some(file) if !Path::new(name).exists() => file.as_path(),
        _ => Path::new(name),
    };
    let (whole, shown) = (path == Path::new(name), path.display());
    if whole && !path.exists() {
        return Err(anyhow!(
            "`{name}` is no file; for the uri of an article, name its file: `--in FILE`"
        ));
    }
    let mut refused = None;
    for item in feed::articles(path, &config.engine, config.input.format)? {
        match item {
            Ok(article) if whole || article.uri == name => return Ok(article),
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    match refused.filter(|_| whole) {
        Some(error) => Err(error).with_context(|| format!("nothing is read from `{name}`")),
        None => Err(anyhow!("no article `{name}` among those that are read from `{shown}`")),
    }
}

/// What the engine says of `b` when only `a` came before it.
fn compare(config: &Config, a: &Article, b: &Article) -> anyhow::Result<Classified> {
    let mut state = State::new(config.engine.clone(), REPLAY_KEY);
    let dates = [a, b].map(feed::date);
    let first = dates[0].or(dates[1]).unwrap_or(UNDATED);
    // Both are to be live together, whatever lies between them.
    let latest = first.plus(Span(config.engine.window.0 - 1));
    let second = dates[1].unwrap_or(first).clamp(first, latest);
    let mut last = None;
    for ((article, clock), offset) in [(a, first), (b, second)].into_iter().zip(0..) {
        let new = prepare(article.clone(), &config.engine, REPLAY_KEY);
        for event in state.apply(new, clock, position(offset)) {
            if let EventKind::Classified(classified) = event.what {
                last = Some(*classified);
            }
        }
    }
    last.context("the engine classifies every article")
}

fn position(offset: i64) -> InputPosition {
    InputPosition { topic: "explain".into(), partition: 0, offset, item: 0 }
}

fn about(name: &str, article: &Article) -> [String; 2] {
    let provider = article.provider.as_deref().unwrap_or("-");
    let version = article.version.as_deref().map_or(String::new(), |v| format!(" version {v}"));
    [format!("{name}  {}{version}", article.uri), format!("   {provider}: {}", article.headline)]
}

/// The verdict for a person: what B is of A, and on which evidence.
fn told(said: &Value) -> Vec<String> {
    let relation = &said["relation"];
    let (kind, rule) = (bare(&relation["kind"]), bare(&relation["rule"]));
    let mut lines = vec![String::new(), format!("B is {kind}, by the rule `{rule}`")];
    for (name, value) in relation["evidence"].as_object().into_iter().flatten() {
        lines.push(format!("   {:<18} {}", name.replace('_', " "), bare(value)));
    }
    for also in said["also"].as_array().into_iter().flatten() {
        lines.push(format!("   also {} of {}", bare(&also["kind"]), bare(&also["of"]["uri"])));
    }
    if let Some(novelty) = said.get("novelty") {
        lines.push(format!("   {:<18} {novelty} ({} words)", "novelty", said["novel_words"]));
    }
    let story = said.get("story").map_or("none".to_owned(), |story| {
        let together = if story["size"] == json!(1) { "apart from A" } else { "together with A" };
        let score = story.get("score").map_or(String::new(), |s| format!(", score {s}"));
        format!("{together}{score}")
    });
    lines.push(format!("   {:<18} {story}", "story"));
    lines.push(format!("   {:<18} {}", "flags", bare(&said["flags"])));
    lines.push(String::new());
    lines
}

fn bare(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".into(),
        Value::Array(items) => items.iter().map(bare).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn decode(config: &Config, path: &Path) -> anyhow::Result<()> {
    for item in feed::articles(path, &config.engine, config.input.format)? {
        let shown = match item {
            Err(error) => json!({ "refused": error.reason(), "message": error.to_string() }),
            Ok(article) => {
                let clean = text::clean(&article);
                json!({ "article": article, "clean": clean.text })
            }
        };
        print::json(&shown)?;
    }
    Ok(())
}
