//! Measures kills of articles with many carriers, kills of articles that have left the window, and
//! a uri with many versions.
//!
//! `cargo bench --bench carriers -- [DIVISOR]`: divides all counts by DIVISOR, for a quick run.
//! Prints times on one thread and the bytes of state per live article.

use std::time::{Duration, Instant};
use wirefold_engine::Settings;
use wirefold_engine::article::{
    Article, ArticleKey, Body, EventTime, InputPosition, Lang, Link, LinkKind, PubStatus, Span,
};
use wirefold_engine::event::{Event, EventKind};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

mod wire;

const KEY: SamplingKey = SamplingKey(1);
/// Size of a text in bytes.
const TEXT: usize = 1_100;

/// An engine and the time of its next article.
struct Run {
    state: State,
    settings: Settings,
    clock: EventTime,
}

impl Run {
    fn new(window: Span) -> Self {
        let settings = Settings { window, ..Settings::default() };
        let clock = EventTime::parse("2026-11-23T08:00:00Z").expect("a valid time");
        Self { state: State::new(settings.clone(), KEY), settings, clock }
    }

    /// Applies an article. Returns the events and the time for applying the article. The time
    /// includes state records but not the preparation of the article.
    fn apply(&mut self, article: Article) -> (Vec<Event>, Duration) {
        let input = InputPosition { topic: "wire".into(), partition: 0, offset: 0, item: 0 };
        let new = prepare(article, &self.settings, KEY);
        let started = Instant::now();
        let outcome = self.state.apply(new, self.clock, input);
        (outcome.events, started.elapsed())
    }
}

fn article(uri: &str, body: String) -> Article {
    Article {
        uri: uri.into(),
        provider: Some("Northwire".into()),
        language: Lang::parse("en"),
        headline: format!("Headline of {uri}"),
        body: Body::Plain(body),
        ..Article::default()
    }
}

/// An article that kills the article with the uri `target`.
fn kill(uri: &str, target: &str) -> Article {
    let to = ArticleKey { uri: target.into(), version: None };
    Article {
        pubstatus: PubStatus::Canceled,
        links: vec![Link { kind: LinkKind::Replaces, to }],
        ..article(uri, "Editors: do not print it.".into())
    }
}

/// Number of carriers that the events name.
fn carriers(events: &[Event]) -> usize {
    let count = |event: &Event| match &event.kind {
        EventKind::Withdrawn(radius) => radius.carriers.len(),
        _ => 0,
    };
    events.iter().map(count).sum()
}

/// A copy of a text: `verbatim`, `changed` (three words) or `trimmed` (to between a quarter and
/// three quarters of the words).
fn copy(how: &str, text: &str, rng: &mut wire::Rng) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    let len = words.len();
    match how {
        "changed" => (0..3).for_each(|_| words[rng.below(len)] = "otherwise"),
        "trimmed" => {
            let keep = len / 4 + rng.below(len / 2);
            words = words.split_off(rng.below(len - keep));
            words.truncate(keep);
        }
        _ => {}
    }
    words.join(" ")
}

/// Copies of one article, and kills of it.
fn many_carriers(copies: usize) {
    for how in ["verbatim", "changed", "trimmed"] {
        let mut rng = wire::Rng(3);
        let mut run = Run::new(Span::hours(24));
        let text = wire::text(&mut rng, TEXT);
        run.apply(article("first", text.clone()));
        let mut took = Duration::ZERO;
        for n in 0..copies {
            took += run.apply(article(&format!("copy:{n}"), copy(how, &text, &mut rng))).1;
        }
        let mut kills: Vec<(Duration, usize)> = (0..100)
            .map(|n| run.apply(kill(&format!("kill:{n}"), "first")))
            .map(|(events, took)| (took, carriers(&events)))
            .collect();
        let named = kills.iter().map(|kill| kill.1).min().unwrap_or(0);
        kills.sort_unstable();
        println!(
            "{how}: {named} of {copies} carriers named; a kill takes {:?}, p99 {:?}; \
             a copy {:?}, {} bytes per article",
            kills[50].0,
            kills[98].0,
            took / copies.max(1) as u32,
            run.state.bytes() / run.state.live_articles(),
        );
    }
}

/// Kills of articles that have left the window.
fn past_the_window(live: usize, kills: usize) {
    let mut rng = wire::Rng(5);
    let mut run = Run::new(Span::hours(1));
    for n in 0..kills {
        run.apply(article(&format!("past:{n}"), wire::text(&mut rng, 300)));
    }
    run.clock = run.clock.plus(Span::minutes(61));
    for n in 0..live {
        run.apply(article(&format!("live:{n}"), wire::text(&mut rng, 300)));
    }
    let bytes = run.state.bytes() / run.state.live_articles();
    let took: Duration =
        (0..kills).map(|n| run.apply(kill(&format!("kill:{n}"), &format!("past:{n}"))).1).sum();
    println!("{kills} kills of expired articles, {live} live ({bytes} bytes each): {took:?}");
}

/// Versions of one uri with rising version numbers.
fn rising_versions(versions: usize) {
    let mut rng = wire::Rng(7);
    let mut run = Run::new(Span::hours(240));
    let text = wire::text(&mut rng, TEXT);
    let mut took = Duration::ZERO;
    for n in 0..versions {
        let version = Some(n.to_string());
        let body = format!("{text} {n}");
        took += run.apply(Article { version, ..article("one", body) }).1;
        run.clock = run.clock.plus(Span::seconds(1));
    }
    println!("{versions} rising versions of one uri: {took:?}, {:?} each", took / versions as u32);
}

fn main() {
    let divisor = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1).max(1);
    for versions in [4_000, 8_000, 16_000] {
        rising_versions(versions / divisor);
    }
    past_the_window(160_000 / divisor, 1_000);
    many_carriers(10_000 / divisor);
}
