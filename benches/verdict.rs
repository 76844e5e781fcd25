//! Measures the path from JSON to a verdict on one thread: decoding, cleaning, fingerprint,
//! candidates, comparison and decision. Measured without stories, and as the whole engine with
//! stories and state records. For comparison: MinHash with banding, which only says that two texts
//! may be similar.
//!
//! `cargo bench --bench verdict -- [ARTICLES | FILE.jsonl] [alone]`: by default 40,000 articles
//! each of 1.1 KB and of 3.4 KB, three in ten of them copies; `alone` skips MinHash. Prints:
//!
//! - articles per CPU second, which does not depend on other load on the machine;
//! - the time per stage, and the memory of the index and the fingerprints;
//! - recall: among the articles that have an earlier article of the same `dup_group`, the share for
//!   which such an earlier article is named.
//!
//! MinHash runs with two common bandings, which report articles with an estimated similarity of at
//! least 0.5, and with one whose recall is close to Wirefold's.

mod articles;
mod clock;
mod shelf;
mod wire;

use articles::articles;
use clock::Clock;
use gaoya::minhash::{MinHashIndex, MinHasher, MinHasher32};
use rustc_hash::FxHashMap;
use shelf::Shelf;
use std::time::Instant;
use wirefold_engine::Settings;
use wirefold_engine::article::{ArticleMetadata, EventTime, InputPosition, Sequence};
use wirefold_engine::candidates::{Index, PostingKeys};
use wirefold_engine::decode::{Format, decode};
use wirefold_engine::fingerprint::{Fingerprint, SamplingKey};
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::text::{self, pieces::pieces};
use wirefold_engine::verdict::{self, Arrival};

/// The allocator of the `wirefold` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Articles as JSON.
struct Wire {
    lines: Vec<String>,
    /// For each article, the index of the first article of its `dup_group`.
    firsts: Vec<usize>,
}

impl Wire {
    fn new(lines: Vec<String>) -> Self {
        let mut groups: FxHashMap<String, usize> = FxHashMap::default();
        let mut first = |(at, line): (usize, &String)| {
            let value: serde_json::Value = serde_json::from_str(line).expect("the line is JSON");
            let group = value["dup_group"].as_str().map(str::to_owned);
            *groups.entry(group.unwrap_or_else(|| at.to_string())).or_insert(at)
        };
        let firsts = lines.iter().enumerate().map(&mut first).collect();
        Self { lines, firsts }
    }

    /// Whether one of the articles `named` is in the same group as the article at index `at`.
    fn finds(&self, at: usize, mut named: impl Iterator<Item = usize>) -> bool {
        named.any(|other| self.firsts[other] == self.firsts[at])
    }

    /// `found` as a share of the articles that have an earlier article of their group.
    fn recall(&self, found: usize) -> f64 {
        let copies = self.firsts.iter().enumerate().filter(|(at, first)| at != *first).count();
        found as f64 / copies.max(1) as f64
    }
}

/// Seconds per stage: decoding, preparation, candidates, verdict. `None` measures nothing, because
/// reading the clock four times per article takes about 1 % of the time.
struct Parts(Option<[f64; 4]>);

impl Parts {
    fn measure<T>(&mut self, part: usize, work: impl FnOnce() -> T) -> T {
        let Some(parts) = &mut self.0 else { return work() };
        let began = Instant::now();
        let done = work();
        parts[part] += began.elapsed().as_secs_f64();
        done
    }
}

/// Articles per CPU second up to the verdict, without stories and state records.
fn verdicts(wire: &Wire, settings: &Settings, mut parts: Parts) -> f64 {
    const KEY: SamplingKey = SamplingKey(1);
    let mut index = Index::new(&settings.tuning.candidates, Sequence(0));
    let (mut shelf, mut found) = (Shelf::default(), 0);
    let lines = &wire.lines;
    // Allocate in advance, so that growing the archive of earlier articles is not measured.
    shelf.all.reserve_exact(lines.len());
    let clock = Clock::start();
    for line in lines {
        let decoded = || decode(line.as_bytes(), None, Format::Auto, &settings.decode);
        for item in parts.measure(0, decoded) {
            let article = item.expect("the line is well formed");
            let (clean, words, edges, print, about) = parts.measure(1, || {
                let clean = text::clean(&article);
                let words = text::words(&clean.text, &settings.tuning.text);
                let edges = pieces(&clean.text, &words);
                let print = Fingerprint::of(&words, &settings.tuning.fingerprint, KEY);
                let about = ArticleMetadata::of(&article, article.language);
                (clean, words, edges, print, about)
            });
            let now = article.published.unwrap_or(EventTime(0));
            let (candidates, places) = parts.measure(2, || index.look_up(&print));
            let new = Arrival { about: &about, clean: &clean, words: &words, print: &print, now };
            let verdict =
                parts.measure(3, || verdict::judge(new, &candidates, &shelf, &settings.verdict));
            let edges: Vec<u32> = edges.iter().map(|piece| (piece.hash >> 32) as u32).collect();
            let uris = verdict.targets().map(|target| target.key.uri.as_str());
            let keys = PostingKeys::of(&edges, uris, None);
            index.insert_at(&print, &keys, &places);
            let relations = std::iter::once(&verdict.relation).chain(&verdict.also);
            let targets = relations.filter_map(|relation| relation.of.as_ref()?.sequence);
            found += usize::from(wire.finds(shelf.all.len(), targets.map(|s| s.0 as usize)));
            let sequence = Sequence(shelf.all.len() as u64);
            shelf.uris.entry(about.uri.clone()).or_default().push(sequence);
            shelf.all.push((about, print, verdict, now));
        }
    }
    let rate = lines.len() as f64 / clock.seconds();
    print!("wirefold to verdict: {rate:.0} articles/s, recall {:.4}", wire.recall(found));
    if let Parts(Some(parts)) = parts {
        let [decode, prepare, query, judge] = parts.map(|part| clock.each(part, lines.len()));
        print!(
            ", decode {decode:.1} us, prepare {prepare:.1} us, candidates {query:.1} us, \
             judge {judge:.1} us, the rest is insertion"
        );
        let prints: usize = shelf.all.iter().map(|(_, print, ..)| print.bytes()).sum();
        let each = (index.bytes() + prints) / lines.len();
        print!("; index and fingerprints {each} bytes per article");
    }
    println!();
    rate
}

/// Prints the articles per CPU second of the whole engine.
fn whole_engine(lines: &[String], settings: &Settings) {
    let mut state = State::new(settings.clone(), SamplingKey(1));
    let clock = Clock::start();
    let (mut events, mut parts) = (0, [0.0; 2]);
    for (offset, line) in (0..).zip(lines) {
        let began = Instant::now();
        for item in decode(line.as_bytes(), None, Format::Auto, &settings.decode) {
            let article = item.expect("the line is well formed");
            let stamp = article.published.unwrap_or(EventTime(0));
            let new = prepare(article, settings, SamplingKey(1));
            parts[0] += began.elapsed().as_secs_f64();
            let began = Instant::now();
            let input = InputPosition { topic: "bench".into(), partition: 0, offset, item: 0 };
            events += state.apply(new, stamp, input).events.len();
            parts[1] += began.elapsed().as_secs_f64();
        }
    }
    let rate = lines.len() as f64 / clock.seconds();
    let each = parts.map(|part| clock.each(part, lines.len()));
    println!(
        "wirefold with stories: {rate:.0} articles/s, decode and prepare {:.1} us, \
         apply {:.1} us, {events} events",
        each[0], each[1]
    );
}

/// Number of bands, hashes per band, and the minimum estimated similarity of a reported article:
/// two common choices, and one whose recall is close to Wirefold's.
const BANDINGS: [(usize, usize, f64); 3] = [(20, 5, 0.5), (42, 3, 0.5), (100, 2, 0.2)];

/// Articles per CPU second of MinHash with banding.
fn minhash(wire: &Wire, (bands, width, least): (usize, usize, f64)) -> f64 {
    let hasher = MinHasher32::new(bands * width);
    let mut index = MinHashIndex::new(bands, width, least);
    let clock = Clock::start();
    let (mut pairs, mut found) = (0, 0);
    for (at, line) in wire.lines.iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).expect("the line is JSON");
        let body = value["body"].as_str().unwrap_or_default().to_lowercase();
        let words: Vec<&str> =
            body.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        let signature = hasher.create_signature(words.windows(4).map(|run| run.join(" ")));
        let named = index.query(&signature);
        pairs += named.len();
        found += usize::from(wire.finds(at, named.into_iter().copied()));
        index.insert(at, signature);
    }
    let rate = wire.lines.len() as f64 / clock.seconds();
    println!(
        "gaoya MinHash {bands} x {width}: {rate:.0} articles/s, recall {:.4}, {pairs} pairs",
        wire.recall(found)
    );
    rate
}

/// Number of rounds. Only the median rate is reported: in the first round, the system still clears
/// the memory.
const ROUNDS: usize = 3;

fn median(mut rates: [f64; ROUNDS]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[ROUNDS / 2]
}

fn measure(lines: Vec<String>) {
    let (wire, settings) = (Wire::new(lines), Settings::default());
    let alone = std::env::args().any(|arg| arg == "alone");
    let rounds = [(); ROUNDS].map(|()| {
        let rate = verdicts(&wire, &settings, Parts(None));
        (rate, BANDINGS.map(|banding| if alone { 0.0 } else { minhash(&wire, banding) }))
    });
    verdicts(&wire, &settings, Parts(Some([0.0; 4])));
    whole_engine(&wire.lines, &settings);
    let rate = median(rounds.map(|(rate, _)| rate));
    for (at, (bands, width, _)) in BANDINGS.iter().enumerate().filter(|_| !alone) {
        let times = rate / median(rounds.map(|(_, others)| others[at]));
        println!("rate to verdict: {times:.2} times MinHash {bands} x {width}");
    }
}

fn main() {
    if let Some(path) = std::env::args().find(|arg| arg.ends_with(".jsonl")) {
        let text = std::fs::read_to_string(&path).expect("the file can be read");
        return measure(text.lines().map(str::to_owned).collect());
    }
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(40_000);
    for bytes in [1_100, 3_400] {
        let lines = articles(3, count, bytes, 3);
        println!("{count} articles of {bytes} bytes");
        measure(lines);
    }
}
