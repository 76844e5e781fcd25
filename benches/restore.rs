//! A shard's memory from its changelog: the records in hand, in the order of the log, to a memory that
//! takes the next batch. Reading them from a broker comes on top.
//!
//! `cargo bench --bench restore -- [ARTICLES]`: 100,000 by default, of 3.4 KB, three in ten of them
//! copies, all of them live; one record in ten is there twice, as in a log compacted to a dirty ratio
//! of 0.1. Prints the time, the bytes, and how long a plain copy of those bytes takes.

mod articles;
mod wire;

use articles::articles;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;
use wirefold::daemon::pipeline::broker::LogRecord;
use wirefold::daemon::pipeline::memory::ChangelogReader;
use wirefold::daemon::pipeline::record::{self, Journal, KEY, POSITION, Position, journal_key};
use wirefold_engine::article::{EventTime, InputPosition, Span};
use wirefold_engine::decode::{Format, decode};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::{CORE, Settings};

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BYTES: usize = 3_400;
const FLOOD_KEY: FloodKey = FloodKey(1);
/// How many articles are prepared at a time.
const CHUNK: usize = 10_000;

/// The last value of every key after so many articles.
fn remembered(count: usize, settings: &Settings) -> BTreeMap<String, Vec<u8>> {
    let mut state = State::new(settings.clone(), FLOOD_KEY);
    let mut values = BTreeMap::new();
    for from in (0..count).step_by(CHUNK) {
        let lines = articles(from as u64 + 3, CHUNK.min(count - from), BYTES, 3);
        let prepared: Vec<_> = lines
            .par_iter()
            .map(|line| {
                let mut items = decode(line.as_bytes(), None, Format::Auto, &settings.wire);
                let mut article = items.remove(0).expect("the line is well formed");
                article.uri = format!("{}:{from}", article.uri);
                prepare(article, settings, FLOOD_KEY)
            })
            .collect();
        for (at, new) in (from..).zip(prepared) {
            let offset = i64::try_from(at).expect("a count");
            let input = InputPosition { topic: "bench".into(), partition: 0, offset, item: 0 };
            drop(state.apply(new, EventTime(offset * 100), input));
            for change in state.take_changes() {
                match change.value {
                    Some(value) => values.insert(change.key, value),
                    None => values.remove(&change.key),
                };
            }
        }
    }
    assert_eq!(state.live_articles(), count, "all of them are live");
    values
}

/// The log that holds them.
fn log(values: BTreeMap<String, Vec<u8>>) -> Vec<LogRecord> {
    let journal = Journal {
        ranges: Vec::new(),
        order: Vec::new(),
        reading: EventTime(0),
        clock: EventTime(0),
        core: CORE.into(),
        settings: String::new(),
        sequence: 0,
    };
    let position = Position { batch: 1, ..Position::default() };
    let own = [
        (KEY.to_owned(), record::encode(&FLOOD_KEY.0)),
        (journal_key(1), record::encode(&journal)),
        (POSITION.to_owned(), record::encode(&position)),
    ];
    let mut records: Vec<(String, Vec<u8>)> = values.into_iter().collect();
    // Articles lie in the order in which they came, stories where they last changed.
    records.sort_by_key(|(key, _)| (key.starts_with("a/"), key.len(), key.clone()));
    let twice: Vec<_> = records.iter().step_by(10).cloned().collect();
    let all = records.into_iter().chain(twice).chain(own);
    (0..)
        .zip(all)
        .map(|(offset, (key, value))| LogRecord {
            offset,
            key,
            value: Some(value),
            generation: None,
        })
        .collect()
}

fn main() {
    let count = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(100_000);
    let mut settings = Settings { window: Span::hours(24 * 365), ..Settings::default() };
    settings.live_articles_max = settings.live_articles_max.max(count as u32 + 1);
    let records = log(remembered(count, &settings));
    let bytes: usize =
        records.iter().filter_map(|record| record.value.as_ref()).map(Vec::len).sum();

    let started = Instant::now();
    let copy = records.clone();
    let copying = started.elapsed();
    drop(copy);

    let started = Instant::now();
    let mut log = ChangelogReader::default();
    for found in records {
        log.take(found, None).expect("the record is ours");
    }
    let taking = started.elapsed();
    let memory = log.build(settings, FLOOD_KEY).expect("the log is whole");
    let all = started.elapsed();
    assert_eq!(memory.state.live_articles(), count);
    println!(
        "{count} live articles, {:.1} MB: {:.2} s to memory ({:.2} s to take the records in); a copy \
         of the records takes {:.2} s",
        bytes as f64 / 1e6,
        all.as_secs_f64(),
        taking.as_secs_f64(),
        copying.as_secs_f64()
    );
}
