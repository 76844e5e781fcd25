//! JSON to verdict on one thread: decoding, preparing, comparing and deciding, beside MinHash with
//! banding, which only says that two texts may be alike.
//!
//! `cargo bench --bench verdict -- [ARTICLES] [alone]`: 40,000 by default, of 1.1 and of 3.4 KB, three in
//! ten of them copies; `alone` leaves MinHash out.
//! Prints articles a second, where the time goes, and memory an article.

mod wire;

use gaoya::minhash::{MinHashIndex, MinHasher, MinHasher32};
use std::time::Instant;
use wirefold::engine::Settings;
use wirefold::engine::article::{EventTime, InputPosition};
use wirefold::engine::fingerprint::FloodKey;
use wirefold::engine::prepare::prepare;
use wirefold::engine::state::State;
use wirefold::engine::wire::{Format, decode};

/// Articles a second of the whole engine.
fn whole(lines: &[String], settings: &Settings) -> f64 {
    let mut state = State::new(settings.clone(), FloodKey(1));
    let started = Instant::now();
    let (mut events, mut parts) = (0, [0.0; 2]);
    for (offset, line) in (0..).zip(lines) {
        let began = Instant::now();
        for item in decode(line.as_bytes(), None, Format::Auto, &settings.wire) {
            let article = item.expect("the line is well formed");
            let stamp = article.published.unwrap_or(EventTime(0));
            let new = prepare(article, settings, FloodKey(1));
            parts[0] += began.elapsed().as_secs_f64();
            let began = Instant::now();
            let input = InputPosition { topic: "bench".into(), partition: 0, offset, item: 0 };
            events += state.apply(new, stamp, input).len();
            drop(state.take_changes());
            parts[1] += began.elapsed().as_secs_f64();
        }
    }
    let rate = lines.len() as f64 / started.elapsed().as_secs_f64();
    let each = parts.map(|part| part / lines.len() as f64 * 1e6);
    println!(
        "wirefold: {rate:.0} articles/s, decode and prepare {:.1} us, apply {:.1} us, {events} events",
        each[0], each[1]
    );
    rate
}

/// Articles a second of MinHash with banding over the same lines.
fn minhash(lines: &[String], bands: usize, width: usize) -> f64 {
    let hasher = MinHasher32::new(bands * width);
    let mut index = MinHashIndex::new(bands, width, 0.5);
    let started = Instant::now();
    let mut found = 0;
    for (at, line) in lines.iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).expect("the line is JSON");
        let body = value["body"].as_str().unwrap_or_default().to_lowercase();
        let words: Vec<&str> =
            body.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let signature = hasher.create_signature(words.windows(4).map(|run| run.join(" ")));
        found += index.query(&signature).len();
        index.insert(at, signature);
    }
    let rate = lines.len() as f64 / started.elapsed().as_secs_f64();
    println!("gaoya MinHash {bands} x {width}: {rate:.0} articles/s, {found} pairs");
    rate
}

/// A wire of `count` articles of about `bytes` bytes as plain JSON, of which `copies` in ten repeat an
/// earlier one with a few words changed.
fn articles(seed: u64, count: usize, bytes: usize, copies: usize) -> Vec<String> {
    let mut rng = wire::Rng(seed);
    let mut texts: Vec<String> = Vec::with_capacity(count);
    (0..count)
        .map(|at| {
            let body = match at > 0 && rng.below(10) < copies {
                true => {
                    let mut body = texts[rng.below(texts.len())].clone();
                    for _ in 0..3 {
                        let new = wire::word(rng.below(30_000));
                        let from = body[..body.len() / 2].rfind(' ').unwrap_or(0);
                        let to = body[from + 1..].find(' ').map_or(body.len(), |n| from + 1 + n);
                        body.replace_range(from + 1..to, &new);
                    }
                    body
                }
                false => wire::text(&mut rng, bytes),
            };
            let headline: String = body.split(' ').take(8).collect::<Vec<_>>().join(" ");
            texts.push(body.clone());
            serde_json::json!({
                "id": format!("urn:bench:{at}"), "title": headline, "body": body, "lang": "en",
                "source": format!("agency-{}", at % 20),
                "published": format!("2026-03-{:02}T{:02}:{:02}:00Z", 1 + at / 86_400 % 28, at / 3_600 % 24, at / 60 % 60),
            })
            .to_string()
        })
        .collect()
}

fn main() {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(40_000);
    for bytes in [1_100, 3_400] {
        let lines = articles(3, count, bytes, 3);
        println!("{count} articles of {bytes} bytes");
        let settings = Settings::default();
        let own = whole(&lines, &settings);
        if std::env::args().any(|arg| arg == "alone") {
            continue;
        }
        let (fast, good) = (minhash(&lines, 20, 5), minhash(&lines, 42, 3));
        println!("ratios: {:.1} and {:.1}", own / fast, own / good);
    }
}
