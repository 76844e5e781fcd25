//! Kills with many carriers, kills of what the window has passed, and a uri with many versions.
//!
//! `cargo bench --bench carriers`; the first argument divides all counts, for a quick look.

use std::time::{Duration, Instant};
use wirefold_engine::Settings;
use wirefold_engine::article::{
    Article, Body, EventTime, InputPosition, Lang, Link, LinkKind, PubStatus, Span,
};
use wirefold_engine::event::{Event, EventKind};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

mod wire;

const KEY: FloodKey = FloodKey(1);
/// Bytes of a text.
const TEXT: usize = 1_100;

struct Run {
    state: State,
    settings: Settings,
    clock: EventTime,
}

impl Run {
    fn new(window: Span) -> Self {
        let settings = Settings { window, ..Settings::default() };
        let clock = EventTime::parse("2026-11-23T08:00:00Z").expect("a time");
        Self { state: State::new(settings.clone(), KEY), settings, clock }
    }

    /// What happened, and how long it took to apply the article and to make its records.
    fn apply(&mut self, article: Article) -> (Vec<Event>, Duration) {
        let input = InputPosition { topic: "wire".into(), partition: 0, offset: 0, item: 0 };
        let new = prepare(article, &self.settings, KEY);
        let started = Instant::now();
        let events = self.state.apply(new, self.clock, input);
        self.state.take_changes();
        (events, started.elapsed())
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

fn kill(uri: &str, of: &str) -> Article {
    let to = Article { uri: of.into(), ..Article::default() }.key();
    Article {
        pubstatus: PubStatus::Canceled,
        links: vec![Link { kind: LinkKind::Replaces, to }],
        ..article(uri, "Editors: do not print it.".into())
    }
}

fn carriers(events: &[Event]) -> usize {
    let count = |event: &Event| match &event.what {
        EventKind::Withdrawn(radius) => radius.carriers.len(),
        _ => 0,
    };
    events.iter().map(count).sum()
}

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
            "{how}: {named} of {copies} named; a kill takes {:?}, p99 {:?}; {:?} a copy, {} bytes",
            kills[50].0,
            kills[98].0,
            took / copies.max(1) as u32,
            run.state.bytes() / run.state.live_articles(),
        );
    }
}

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
    println!("{kills} kills past the window, {live} live ({bytes} bytes each): {took:?}");
}

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
    let by = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(1).max(1);
    for versions in [4_000, 8_000, 16_000] {
        rising_versions(versions / by);
    }
    past_the_window(160_000 / by, 1_000);
    many_carriers(10_000 / by);
}
