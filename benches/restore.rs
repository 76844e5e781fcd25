//! Measures the restore of a shard's state from its changelog: from the records in memory, in log
//! order, to a state that is ready for the next batch. Does not include reading the records from a
//! broker.
//!
//! `cargo bench --bench restore -- [ARTICLES]`: 100,000 live articles by default, of 3.4 KB, three
//! in ten of them copies. One record in ten occurs twice, as in a log compacted to a dirty ratio of
//! 0.1. Prints the number of bytes, the time to restore them, and for comparison the time to copy
//! them.

mod articles;
mod wire;

use articles::articles;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;
use wirefold::daemon::pipeline::broker::LogRecord;
use wirefold::daemon::pipeline::changelog_reader::ChangelogReader;
use wirefold::daemon::pipeline::record::{self, Journal, KEY, POSITION, Position, journal_key};
use wirefold_engine::article::{EventTime, InputPosition, Span};
use wirefold_engine::decode::{Format, decode};
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::{ENGINE_VERSION, Settings};

/// The allocator of the `wirefold` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Size of an article in bytes.
const BYTES: usize = 3_400;
const FLOOD_KEY: SamplingKey = SamplingKey(1);
/// Number of articles prepared at a time.
const CHUNK: usize = 10_000;

/// The state records after `count` articles: the last value of each key.
fn state_records(count: usize, settings: &Settings) -> BTreeMap<String, Vec<u8>> {
    let mut state = State::new(settings.clone(), FLOOD_KEY);
    let mut values = BTreeMap::new();
    for from in (0..count).step_by(CHUNK) {
        let lines = articles(from as u64 + 3, CHUNK.min(count - from), BYTES, 3);
        let prepared: Vec<_> = lines
            .par_iter()
            .map(|line| {
                let mut items = decode(line.as_bytes(), None, Format::Auto, &settings.decode);
                let mut article = items.remove(0).expect("the line is well formed");
                article.uri = format!("{}:{from}", article.uri);
                prepare(article, settings, FLOOD_KEY)
            })
            .collect();
        for (at, new) in (from..).zip(prepared) {
            let offset = i64::try_from(at).expect("a count");
            let input = InputPosition { topic: "bench".into(), partition: 0, offset, item: 0 };
            for change in state.apply(new, EventTime(offset * 100), input).changes {
                match change.value {
                    Some(value) => values.insert(change.key, value),
                    None => values.remove(&change.key),
                };
            }
        }
    }
    assert_eq!(state.live_articles(), count, "all articles must be live");
    values
}

/// A changelog with these state records.
fn changelog(values: BTreeMap<String, Vec<u8>>) -> Vec<LogRecord> {
    let journal = Journal {
        ranges: Vec::new(),
        order: Vec::new(),
        clock_reading: EventTime(0),
        clock: EventTime(0),
        engine_version: ENGINE_VERSION.into(),
        settings_hash: String::new(),
        sequence: 0,
    };
    let position = Position { batch: 1, ..Position::default() };
    let own = [
        (KEY.to_owned(), record::encode(&FLOOD_KEY.0)),
        (journal_key(1), record::encode(&journal)),
        (POSITION.to_owned(), record::encode(&position)),
    ];
    let mut records: Vec<(String, Vec<u8>)> = values.into_iter().collect();
    // Articles in order of arrival, after the other records. In a real log, the record of a story
    // is at the story's last change.
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
    settings.live_articles_max =
        settings.live_articles_max.max((count as u32 + 1).try_into().expect("not zero"));
    let records = changelog(state_records(count, &settings));
    let bytes: usize =
        records.iter().filter_map(|record| record.value.as_ref()).map(Vec::len).sum();

    let started = Instant::now();
    let copy = records.clone();
    let copying = started.elapsed();
    drop(copy);

    let started = Instant::now();
    let mut log = ChangelogReader::default();
    for found in records {
        log.take(found, None).expect("a record that this bench encoded");
    }
    let taking = started.elapsed();
    let memory = log.build(settings, FLOOD_KEY).expect("a complete log");
    let all = started.elapsed();
    assert_eq!(memory.state.live_articles(), count);
    println!(
        "{count} live articles, {:.1} MB: restored in {:.2} s ({:.2} s of it to read the records); \
         copying the records takes {:.2} s",
        bytes as f64 / 1e6,
        all.as_secs_f64(),
        taking.as_secs_f64(),
        copying.as_secs_f64()
    );
}
