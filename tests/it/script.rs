//! The scenario harness: applies a small wire written as text and prints the engine's events.
//!
//! A line of a scenario is `TIME URI[#VERSION] PROVIDER LANG "HEADLINE" [key=value ...] | BODY`,
//! where TIME is `HH:MM` on 2026-11-23 or `DD/HH:MM` in November 2026. In a body, `@name` is
//! replaced by the passage defined as `name = text` in the passages; in a value, `_` means a space.
//! In the output, the numbers after a linked story say how many names, places and figures both
//! stories share; a question mark after a carrier means that the carrier is only likely.

use expect_test::Expect;
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{
    Article, ArticleKey, Body, EventTime, InputPosition, Lang, Link, LinkKind, PubStatus,
};
use wirefold_engine::event::{Carrier, Certainty, Event, EventKind, Radius};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::marks;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{State, Tally};
use wirefold_engine::stories::{StoryId, Summary};
use wirefold_engine::verdict::{Relation, Scope};

/// Which events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    /// All events except story updates.
    Verdicts,
    /// Story events, and the story that each article joined.
    Stories,
}

/// Runs a scenario, compares the printed events with `want` and returns the engine's counters.
/// Stories are numbered in order of first appearance.
pub(crate) fn check(
    passages: &str,
    show: Show,
    settings: &Settings,
    wire: &str,
    want: Expect,
) -> Tally {
    let key = SamplingKey(1);
    let (mut state, mut tally) = (State::new(settings.clone(), key), Tally::default());
    let mut printer = Printer { show, text: String::new(), stories: Vec::new() };
    for (offset, line) in wire.lines().map(str::trim).filter(|l| !l.is_empty()).enumerate() {
        let (stamp, mut article) = parse_line(line, passages);
        article.marks = marks::read(&article, &settings.decode.marks);
        let input =
            InputPosition { topic: "wire".into(), partition: 0, offset: offset as i64, item: 0 };
        let outcome = state.apply(prepare(article, settings, key), stamp, input);
        outcome.events.iter().for_each(|event| printer.add(event));
        tally.add(&outcome.tally);
        for lifted in outcome.lifted {
            let goes = if lifted.is_valid() { "goes on" } else { "goes nowhere" };
            printer.text += &format!("  lifted: line {} {goes}\n", lifted.input.offset + 1);
        }
    }
    want.assert_eq(&printer.text);
    tally
}

/// Parses the `name = text` lines.
fn parse_passages(passages: &str) -> BTreeMap<&str, &str> {
    passages.lines().filter_map(|line| line.split_once(" = ")).collect()
}

/// Parses one line of a scenario into an article and its arrival time.
fn parse_line(line: &str, passages: &str) -> (EventTime, Article) {
    let (head, body) = line.split_once(" | ").unwrap_or((line, ""));
    let mut parts = head.splitn(5, ' ');
    let mut next = || parts.next().unwrap_or_else(|| panic!("too few fields: {line}"));
    let (time, name, provider, lang, rest) = (next(), next(), next(), next(), next());
    let (headline, keys) = rest.trim_start_matches('"').split_once('"').unwrap();
    let stamp = EventTime::parse(&format!("2026-11-23T{time}:00Z"))
        .or_else(|| EventTime::parse(&format!("2026-11-{}:00Z", time.replacen('/', "T", 1))))
        .unwrap_or_else(|| panic!("invalid time: {line}"));
    let passages = parse_passages(passages);
    let words = body.split(' ').map(|word| match word.strip_prefix('@') {
        Some(name) => passages[name].to_owned(),
        None => word.to_owned(),
    });
    let (uri, version) = match name.split_once('#') {
        Some((uri, version)) => (uri, Some(version.to_owned())),
        None => (name, None),
    };
    let mut article = Article {
        uri: uri.to_owned(),
        version,
        provider: Some(provider.to_owned()),
        language: Lang::parse(lang),
        headline: headline.to_owned(),
        body: Body::Plain(words.collect::<Vec<_>>().join(" ")),
        versioncreated: Some(stamp),
        ..Article::default()
    };
    for pair in keys.split_whitespace() {
        let (key, value) = pair.split_once('=').unwrap();
        match key {
            "slug" => article.slugline = Some(value.replace('_', " ")),
            "note" => article.ednote = Some(value.replace('_', " ")),
            "genre" => article.genre = Some(value.replace('_', " ")),
            "until" => article.embargoed = EventTime::parse(value),
            "status" if value == "canceled" => article.pubstatus = PubStatus::Canceled,
            "status" => article.pubstatus = PubStatus::Withheld,
            "signal" => article.signals.push(value.to_owned()),
            "replaces" => article.links.push(Link {
                kind: LinkKind::Replaces,
                to: ArticleKey { uri: value.to_owned(), version: None },
            }),
            "translates" => article.links.push(Link {
                kind: LinkKind::TranslationOf,
                to: ArticleKey { uri: value.to_owned(), version: None },
            }),
            "credit" => article.credit = Some(value.to_owned()),
            "made" => article.versioncreated = EventTime::parse(value),
            other => panic!("unknown key {other}"),
        }
    }
    (stamp, article)
}

/// Prints events as the lines that scenarios expect.
struct Printer {
    /// Which events to print.
    show: Show,
    /// The output so far.
    text: String,
    /// Stories in order of first appearance; `S1` is the first one.
    stories: Vec<StoryId>,
}

impl Printer {
    fn story(&mut self, id: StoryId) -> String {
        let at = self.stories.iter().position(|s| *s == id).unwrap_or_else(|| {
            self.stories.push(id);
            self.stories.len() - 1
        });
        format!("S{}", at + 1)
    }

    /// The related stories, each with how many names, places and figures it shares.
    fn related(&mut self, story: &Summary) -> Vec<String> {
        let shared = |id: &StoryId| {
            let link = story.links.iter().find(|link| link.story == *id);
            link.map_or(String::new(), |link| {
                format!(" ({} {} {})", link.names, link.places, link.figures)
            })
        };
        let named = |id: &StoryId| format!("{}{}", self.story(*id), shared(id));
        story.related.iter().map(named).collect()
    }

    fn add(&mut self, event: &Event) {
        let line = match &event.kind {
            EventKind::Classified(c) => {
                let verdict = &c.verdict;
                if self.show == Show::Stories {
                    let place = c.story.as_ref().map_or("no story".to_owned(), |story| {
                        let scored = if story.score.is_some() { " by score" } else { "" };
                        format!("{} of {}{scored}", self.story(story.id), story.size)
                    });
                    let late = verdict.flags.iter().any(|flag| flag == "late");
                    let late = if late { ", late" } else { "" };
                    self.text += &format!("{}: {place}{late}\n", c.about.uri);
                    return;
                }
                let mut line = format!("{}: {}", c.about.uri, relation(&verdict.relation));
                for also in &verdict.also {
                    line += &format!("; also {}", relation(also));
                }
                if let Some(story) = &c.story {
                    line += &format!("; {} of {}", self.story(story.id), story.size);
                }
                if !verdict.flags.is_empty() {
                    line += &format!("; {}", verdict.flags.join(" "));
                }
                match verdict.pass.replaces() {
                    Some(of) => line + &format!("; replaces {}", of.uri),
                    None => line + &format!("; pass {:?}", verdict.pass).to_lowercase(),
                }
            }
            EventKind::Withdrawn(_) | EventKind::Corrected(_) | EventKind::Superseded(_)
                if self.show == Show::Stories =>
            {
                return;
            }
            EventKind::Withdrawn(r) => format!("  withdrawn {}", radius(r)),
            EventKind::Corrected(r) => format!("  corrected {}", radius(r)),
            EventKind::Superseded(s) => {
                format!("  superseded {} by {}: {}", s.article.key.uri, s.by.key.uri, s.reason)
            }
            EventKind::StoryOpened(s) => match s.follows {
                Some(before) => {
                    format!("  {} opened, follows {}", self.story(s.id), self.story(before))
                }
                None => format!("  {} opened", self.story(s.id)),
            },
            EventKind::StoryUpdated(_) if self.show == Show::Verdicts => return,
            EventKind::StoryUpdated(s) => {
                let lead = s.lead.as_ref().map_or("none", |lead| lead.uri.as_str()).to_owned();
                let related = self.related(s);
                let related = match related.is_empty() {
                    true => String::new(),
                    false => format!(", related to {}", related.join(" ")),
                };
                format!(
                    "  {}: {} by {}, lead {lead} ({}){related}",
                    self.story(s.id),
                    s.size,
                    s.publishers,
                    s.lead_reason
                )
            }
            EventKind::StoryMerged(m) if m.key_story == m.absorbed => {
                format!("  {} merged into {}", self.story(m.absorbed), self.story(m.survivor.id))
            }
            EventKind::StoryMerged(_) => return,
            EventKind::StoryClosed(s) => format!("  {} closed at {}", self.story(s.id), s.size),
        };
        self.text += &line;
        self.text.push('\n');
    }
}

fn relation(r: &Relation) -> String {
    match &r.of {
        Some(of) => {
            let past = if r.scope == Scope::Identity { " (past)" } else { "" };
            format!("{} of {}{past} by {}", r.kind.as_str(), of.key.uri, r.rule)
        }
        None => r.kind.as_str().to_owned(),
    }
}

fn radius(r: &Radius) -> String {
    let of = r.of.as_ref().map_or("unseen", |of| of.key.uri.as_str());
    let carrier = |c: &Carrier| match c.certainty {
        Certainty::Certain => c.article.key.uri.clone(),
        Certainty::Likely => format!("{}?", c.article.key.uri),
    };
    let carriers: Vec<String> = r.carriers.iter().map(carrier).collect();
    let sure = r.confidence.map_or(String::new(), |sure| format!(", sure by {:.2}", sure.get()));
    let scope = if r.scope == Scope::Identity { ", by identity" } else { "" };
    format!("{of} by {}: carried by [{}]{sure}{scope}", r.by.key.uri, carriers.join(" "))
}
