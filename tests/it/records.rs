//! Compares one changelog record of every kind with its golden bytes. If this test fails, a record
//! layout has changed: give the new layout a new version, and keep the code that reads these bytes.
//!
//! `UPDATE_EXPECT=1 cargo test records` regenerates the file; after a release, keep the released
//! bytes and add the new ones.

use crate::determinism::wrapped;
use crate::feed::feed;
use expect_test::expect_file;
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::Span;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

const KEY: SamplingKey = SamplingKey(7);
const KINDS: [&str; 8] = ["a/", "clock", "e/", "f/en/", "f/head", "i/", "s/", "w/"];

/// The compacted records after a generated wire with a window of two hours; the last articles are
/// under embargo.
fn state_records() -> (Settings, BTreeMap<String, Vec<u8>>) {
    let settings = Settings { window: Span::hours(2), ..Settings::default() };
    let mut state = State::new(settings.clone(), KEY);
    let mut values = BTreeMap::new();
    let lines = wrapped(feed(6, 300, 28_000));
    let last = lines.len() - 1;
    for (at, line) in lines.into_iter().enumerate() {
        let mut article = line.article;
        article.embargoed = (at + 9 > last).then(|| line.stamp.plus(Span::hours(1)));
        let new = prepare(article, &settings, KEY);
        for change in state.apply(new, line.stamp, line.input).changes {
            match change.value {
                Some(value) => values.insert(change.key, value),
                None => values.remove(&change.key),
            };
        }
    }
    (settings, values)
}

#[test]
fn every_kind_of_state_record_has_its_golden_bytes() {
    let (settings, values) = state_records();
    let one_of_each: String = KINDS
        .iter()
        .map(|kind| {
            let found = values.iter().find(|(key, _)| key.starts_with(kind));
            let (key, value) = found.unwrap_or_else(|| panic!("no record of the kind `{kind}`"));
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{key} {hex}\n")
        })
        .collect();
    expect_file!["golden/state-records.txt"].assert_eq(&one_of_each);
    let other = |key: &&String| !KINDS.iter().any(|kind| key.starts_with(kind));
    let others: Vec<&String> =
        values.keys().filter(other).filter(|k| !k.starts_with("f/")).collect();
    assert_eq!(others, [""; 0], "kinds that have no golden record");
    State::restore(settings, KEY, values).unwrap();
}
