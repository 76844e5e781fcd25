//! Files to input records, and a run of the engine over them.
//!
//! In: files of JSON Lines, of one object, or of one array; `-` is stdin. Out: records in order,
//! each with its place; then, batch by batch, prepared in parallel and applied one by one, what the
//! engine says of each. The clock is the article's time; one without takes the previous one's.

use crate::daemon::contract::Record;
use crate::engine::Settings;
use crate::engine::article::{EventTime, InputPosition};
use crate::engine::event::Event;
use crate::engine::fingerprint::FloodKey;
use crate::engine::prepare::{Prepared, prepare};
use crate::engine::state::State;
use crate::engine::wire::{self, Format};
use anyhow::Context;
use rayon::prelude::*;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records that are prepared together.
const BATCH: usize = 512;

/// A replay has no deployment, and so no secret: results must repeat.
pub(super) const REPLAY_KEY: FloodKey = FloodKey(0);

/// The records of one file.
pub(super) struct Feed {
    topic: Arc<str>,
    text: Vec<u8>,
    /// Byte ranges of the records in `text`.
    places: Vec<(usize, usize)>,
}

/// What became of one item.
pub(super) enum Outcome {
    /// It was applied.
    Events(Vec<Event>),
    /// It was refused.
    Refused(wire::Error),
}

/// One item of one record, applied.
pub(super) struct Applied<'a> {
    pub(super) record: &'a [u8],
    pub(super) input: InputPosition,
    pub(super) stamp: EventTime,
    pub(super) outcome: Outcome,
}

impl Feed {
    /// Reads a file, or stdin for `-`.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut text = Vec::new();
        let name = if path == Path::new("-") {
            std::io::stdin().lock().read_to_end(&mut text).context("cannot read stdin")?;
            "stdin".to_owned()
        } else {
            text =
                std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        };
        let places = records(&text);
        Ok(Self { topic: name.into(), text, places })
    }

    /// The number of records.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    fn record(&self, at: usize) -> &[u8] {
        let (from, to) = self.places[at];
        &self.text[from..to]
    }
}

/// Opens every file in turn.
pub(super) fn open_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Feed>> {
    paths.iter().map(|path| Feed::open(path)).collect()
}

/// Runs the engine over `feeds` in order and calls `each` for every item.
pub(super) fn run(
    feeds: &[Feed],
    settings: &Settings,
    format: Format,
    mut each: impl FnMut(Applied<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<State> {
    let mut state = State::new(settings.clone(), REPLAY_KEY);
    let mut clock = EventTime(0);
    for feed in feeds {
        for start in (0..feed.len()).step_by(BATCH) {
            let end = feed.len().min(start + BATCH);
            let decoded: Vec<Vec<Result<Box<Prepared>, wire::Error>>> = (start..end)
                .into_par_iter()
                .map(|at| ready(feed.record(at), settings, format))
                .collect();
            for (at, items) in (start..end).zip(decoded) {
                for (item, ready) in items.into_iter().enumerate() {
                    let input = InputPosition {
                        topic: feed.topic.clone(),
                        partition: 0,
                        offset: at as i64,
                        item: item as u32,
                    };
                    let outcome = match ready {
                        Ok(new) => {
                            clock = new.article.claimed_time().unwrap_or(clock);
                            Outcome::Events(state.apply(*new, clock, input.clone()))
                        }
                        Err(error) => Outcome::Refused(error),
                    };
                    let _unkept = state.take_changes();
                    each(Applied { record: feed.record(at), input, stamp: clock, outcome })?;
                }
            }
        }
    }
    Ok(state)
}

fn ready(
    record: &[u8],
    settings: &Settings,
    format: Format,
) -> Vec<Result<Box<Prepared>, wire::Error>> {
    let items = wire::decode(record, None, format, &settings.wire);
    items
        .into_iter()
        .map(|item| item.map(|article| Box::new(prepare(article, settings, REPLAY_KEY))))
        .collect()
}

/// A record as the contract takes it.
pub(super) fn as_record(bytes: &[u8]) -> Record {
    Record { key: None, headers: Vec::new(), value: bytes.to_vec() }
}

/// Splits a file: the elements of one array, one object over several lines, else a record a line.
fn records(text: &[u8]) -> Vec<(usize, usize)> {
    let start = text.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(text.len());
    if text.get(start) == Some(&b'[')
        && let Some(places) = elements(text)
    {
        return places;
    }
    let whole = text[start..].trim_ascii_end();
    let first_line = whole.split(|&b| b == b'\n').next().unwrap_or_default();
    let one = !valid(first_line) && valid(whole) || whole.first() == Some(&b'<');
    if one {
        return vec![(start, start + whole.len())];
    }
    let mut places = Vec::new();
    let mut from = 0;
    for line in text.split_inclusive(|&b| b == b'\n') {
        let kept = line.trim_ascii();
        if !kept.is_empty() {
            let lead = line.len() - line.trim_ascii_start().len();
            places.push((from + lead, from + lead + kept.len()));
        }
        from += line.len();
    }
    places
}

fn valid(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// The elements of a JSON array, where it is one as a whole.
fn elements(text: &[u8]) -> Option<Vec<(usize, usize)>> {
    let all: Vec<&serde_json::value::RawValue> = serde_json::from_slice(text).ok()?;
    let base = text.as_ptr() as usize;
    Some(
        all.into_iter()
            .map(|raw| {
                let from = raw.get().as_ptr() as usize - base;
                (from, from + raw.get().len())
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_arrays_and_objects_are_told_apart() {
        let cut = |text: &str| -> Vec<String> {
            let places = records(text.as_bytes());
            places.iter().map(|&(from, to)| text[from..to].to_owned()).collect()
        };
        assert_eq!(cut("{\"a\":1}\n\n  {\"a\":2}\r\n"), ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(cut("[ {\"a\":1},\n 2 ]"), ["{\"a\":1}", "2"]);
        assert_eq!(cut("\n{\n \"a\": 1\n}\n"), ["{\n \"a\": 1\n}"]);
        assert_eq!(cut("{\"a\":1}\n{broken\n"), ["{\"a\":1}", "{broken"]);
        assert_eq!(cut("{broken\n{\"a\":1}\n"), ["{broken", "{\"a\":1}"]);
        assert_eq!(cut("<a>\n</a>\n"), ["<a>\n</a>"]);
        assert_eq!(cut(" \n"), Vec::<String>::new());
    }
}
