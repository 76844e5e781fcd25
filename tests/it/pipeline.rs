//! Tests the pipeline loop on the in-memory broker: with any injected faults, the output equals
//! that of a run without faults (a straight run).

use crate::broker::{Shared, Strike, When};
use crate::feed::{Rng, feed};
use crossbeam_channel::Receiver;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use wirefold::config::Config;
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Partition, Role};
use wirefold::daemon::pipeline::lease::Wake;
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::record::{self, Journal, POSITION, Position};
use wirefold::daemon::pipeline::shards::ShardFilter;
use wirefold::daemon::pipeline::{
    ClockSource, Delivery, Observer, Phase, Pipeline, Settings, Setup, StartReset, TooLarge,
};
use wirefold::daemon::publish::{Encoder, Mode, UniqueTopic};
use wirefold_engine::article::{EventTime, Span};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::fingerprint::SamplingKey;

const PARTITIONS: i32 = 3;
/// The start time of the input, in milliseconds since the epoch.
const STARTS: i64 = 1_790_000_000_000;

/// The offset of the `n`-th record; partition 1 has gaps, like a topic written with transactions.
fn offset(partition: i32, n: i64) -> i64 {
    if partition == 1 { n * 3 + 2 } else { n }
}

/// `count` records over three partitions: the generated wire of `feed`, with some unreadable
/// payloads and some timestamps ten days ahead.
pub(crate) fn inputs(seed: u64, count: usize) -> Vec<InputRecord> {
    let mut rng = Rng(seed);
    let mut next = [0; PARTITIONS as usize];
    let line = |(n, line): (usize, crate::feed::Line)| {
        let partition = rng.below(PARTITIONS as usize) as i32;
        let at = offset(partition, next[partition as usize]);
        next[partition as usize] += 1;
        let article = line.article;
        let payload = match n % 11 {
            7 => b"{\"uri\": \xff".to_vec(),
            _ => serde_json::to_vec(&serde_json::json!({
                "uri": article.uri, "version": article.version, "provider": article.provider,
                "headline": article.headline, "body": article.body.as_str(), "language": "en",
            }))
            .unwrap(),
        };
        let ahead = if n % 17 == 16 { 900_000_000 } else { 0 };
        InputRecord {
            from: Partition { topic: "wire.articles".into(), partition },
            offset: at,
            timestamp: Some(EventTime(line.stamp.0 + ahead)),
            key: Some(format!("k{n}").into_bytes()),
            payload: Some(payload),
            headers: vec![("own".into(), Some(b"1".to_vec())), ("null".into(), None)],
        }
    };
    feed(seed, count, 28_000).into_iter().enumerate().map(line).collect()
}

/// A broker that holds `records` as its input.
pub(crate) fn world(records: &[InputRecord], delivery: Delivery) -> Shared {
    let shared = Shared::default();
    let mut world = shared.lock();
    world.transactions = delivery == Delivery::ExactlyOnce;
    world.wall = STARTS + 3_600_000;
    world.tombstones_kept = Duration::from_secs(86_400);
    for partition in 0..PARTITIONS {
        let of = Partition { topic: "wire.articles".into(), partition };
        world.inputs.insert(of, Vec::new());
    }
    records.iter().cloned().for_each(|record| world.put(record));
    drop(world);
    shared
}

/// An observer that does nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    fn phase(&mut self, _: Phase) {}
    fn committed(&mut self, _: &mut ShardState, _: Option<&Batch>, _: EventTime) {}
}

/// A pipeline setup with small batches and a window of 20 minutes.
pub(crate) fn setup(delivery: Delivery) -> Setup {
    let mut config = Config::default();
    config.engine.window = Span::minutes(20);
    Setup {
        settings: Settings {
            records_max: 4.try_into().unwrap(),
            commit_every: Span(5),
            ..Settings::default()
        },
        encoder: Arc::new(Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueTopic::On)),
        engine: config.engine,
        delivery,
        reset: StartReset::Error,
        group: "wirefold".into(),
        renamed_from: None,
        fresh_key: SamplingKey(7),
        clock: ClockSource::Wall,
        too_large: TooLarge::Stop,
        format: Format::Auto,
        decode: decode::decode_items,
        prepare_within: wirefold::daemon::pipeline::prepare::WITHIN,
        slice: ShardFilter::everything("wire.articles"),
        followed: Vec::new(),
    }
}

/// Runs one process to its end.
pub(crate) fn process(shared: &Shared, setup: Setup) -> Result<(), String> {
    observed(shared, setup, shared.wakes(), Box::new(Silent))
}

/// Runs one process with an observer to its end.
pub(crate) fn observed(
    shared: &Shared,
    setup: Setup,
    wakes: Receiver<Wake>,
    observer: Box<dyn Observer>,
) -> Result<(), String> {
    let mut pipeline = Pipeline::new(setup, shared.clone(), shared.clone(), observer);
    pipeline.run(&wakes).map_err(|why| why.to_string())
}

/// Starts processes until one ends normally; the others must have been killed.
pub(crate) fn run(shared: &Shared, setup: &Setup) {
    for _ in 0..50 {
        match process(shared, setup.clone()) {
            Ok(()) => return,
            Err(why) => assert_eq!(why, "killed"),
        }
    }
    panic!("no process ended normally");
}

/// Keys of the changelog records, besides journals and fences, that depend on when a process was
/// killed.
const PIPELINE_KEYS: [&str; 5] = ["pos", "plan", "end", "ends", "attempt"];

/// The compacted records of the engine. The records of the pipeline are left out, because they
/// depend on when a process was killed.
fn engine_records(shared: &Shared) -> BTreeMap<String, Vec<u8>> {
    let of_pipeline = |key: &String| {
        key.starts_with("b/") || key.starts_with("fence") || PIPELINE_KEYS.contains(&&**key)
    };
    shared.lock().compacted().into_iter().filter(|(key, _)| !of_pipeline(key)).collect()
}

pub(crate) fn event_id(record: &OutputRecord) -> Option<Vec<u8>> {
    record.headers.iter().find(|(key, _)| key == "ce_id")?.1.clone()
}

/// Removes repeated events (by id, asserting that the repeats are equal) and other repeated
/// records.
pub(crate) fn without_repeats(outputs: &[OutputRecord]) -> Vec<OutputRecord> {
    let mut events: BTreeMap<Vec<u8>, &OutputRecord> = BTreeMap::new();
    let mut kept: Vec<OutputRecord> = Vec::new();
    for record in outputs {
        match event_id(record) {
            Some(id) => match events.insert(id, record) {
                Some(earlier) => assert_eq!(earlier, record, "a repeat differs"),
                None => kept.push(record.clone()),
            },
            None if kept.contains(record) => {}
            None => kept.push(record.clone()),
        }
    }
    kept
}

/// Checks that outputs (for at-least-once, without repeats) and engine records equal those of the
/// straight run, and that the journals have no gaps.
pub(crate) fn same(shared: &Shared, straight: &Shared, delivery: Delivery, what: &str) {
    let (found, wanted) = (shared.lock().outputs.clone(), straight.lock().outputs.clone());
    match delivery {
        Delivery::ExactlyOnce => {
            let at =
                found.iter().zip(&wanted).take_while(|(found, wanted)| found == wanted).count();
            let (found_at, wanted_at) = (found.get(at), wanted.get(at));
            assert!(
                found == wanted,
                "outputs differ: {what}: {at}: {found_at:?} is not {wanted_at:?}"
            );
        }
        Delivery::AtLeastOnce => {
            let (found, wanted) = (without_repeats(&found), without_repeats(&wanted));
            assert!(found == wanted, "outputs differ: {what}");
        }
    }
    assert!(engine_records(shared) == engine_records(straight), "engine records differ: {what}");
    check_journals(shared, what);
}

/// Checks that every range of a journal begins where the previous one ended, and that the position
/// record matches the ends of the last ranges.
fn check_journals(shared: &Shared, what: &str) {
    let values = shared.lock().compacted();
    let position: Position = record::decode(POSITION, &values[POSITION]).unwrap();
    let mut at: BTreeMap<Partition, i64> = BTreeMap::new();
    let mut batches = 0;
    for (key, value) in values.range("b/".to_owned().."b0".to_owned()) {
        let journal: Journal = record::decode(key, value).unwrap();
        for range in journal.ranges {
            if let Some(ended) = at.insert(range.of.clone(), range.to) {
                assert_eq!(ended, range.from, "{what}: a gap or an overlap in {:?}", range.of);
            }
        }
        batches += 1;
    }
    assert!(batches > 0, "{what}: no journals");
    for (of, ended) in at {
        assert_eq!(
            position.inputs[&of].next, ended,
            "{what}: position and journals differ in {of:?}"
        );
    }
}

/// The broker after a run without faults.
pub(crate) fn straight(records: &[InputRecord], delivery: Delivery) -> Shared {
    let shared = world(records, delivery);
    run(&shared, &setup(delivery));
    shared
}

#[test]
fn a_straight_run_classifies_or_rejects_every_record() {
    let records = inputs(1, 40);
    let straight = straight(&records, Delivery::ExactlyOnce);
    let world = straight.lock();
    let of = |role: Role| world.outputs.iter().filter(|r| r.role == role).count();
    let bad = records.iter().enumerate().filter(|(n, _)| n % 11 == 7).count();
    assert_eq!(of(Role::Rejected), bad);
    let classified = world.outputs.iter().filter(|r| {
        r.headers.iter().any(|(_, v)| v.as_deref() == Some(b"wirefold.article.classified.v1"))
    });
    assert_eq!(classified.count(), records.len() - bad);
    assert!(of(Role::Stories) > 0 && of(Role::Unique) > 0);
    let reject = world.outputs.iter().find(|r| r.role == Role::Rejected).unwrap();
    assert_eq!(reject.payload, records[7].payload, "the payload is unchanged");
    assert!(reject.headers.starts_with(&records[7].headers), "the original headers are unchanged");
}

#[test]
fn records_are_ordered_by_timestamp_across_partitions() {
    let records = inputs(2, 40);
    let straight = straight(&records, Delivery::ExactlyOnce);
    let keys = straight.lock().outputs.iter().filter_map(event_id).collect::<BTreeSet<_>>();
    assert!(keys.len() > 40, "event ids are unique");
    let sequences: Vec<Vec<u8>> = straight
        .lock()
        .outputs
        .iter()
        .filter(|r| r.role == Role::Events)
        .map(|r| r.headers.iter().find(|(k, _)| k == "ce_sequence").unwrap().1.clone().unwrap())
        .collect();
    assert!(sequences.is_sorted(), "sequence numbers are ascending");
}

/// Kills the process at every step, before and after its effect.
fn kill_at_every_step(delivery: Delivery) {
    let records = inputs(3, 14);
    let straight = straight(&records, delivery);
    let steps = straight.lock().steps;
    for step in 1..=steps {
        for when in [When::Before, When::After] {
            let shared = world(&records, delivery);
            shared.lock().strikes.insert(step, (Strike::Kill, when));
            run(&shared, &setup(delivery));
            assert_eq!(shared.lock().struck, 1, "step {step} was not reached");
            let what =
                format!("killed {when:?} step {step}, {}", shared.lock().kinds[step as usize - 1]);
            same(&shared, &straight, delivery, &what);
        }
    }
}

#[test]
fn exactly_once_delivery_survives_a_kill_at_any_step() {
    kill_at_every_step(Delivery::ExactlyOnce);
}

#[test]
fn at_least_once_delivery_survives_a_kill_at_any_step() {
    kill_at_every_step(Delivery::AtLeastOnce);
}

/// Injects several random faults per run.
fn inject_random_faults(delivery: Delivery, kinds: &[Strike]) {
    let records = inputs(4, 30);
    let straight = straight(&records, delivery);
    let steps = straight.lock().steps;
    let mut struck = 0;
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let shared = world(&records, delivery);
        for _ in 0..1 + rng.below(8) {
            let at = 1 + rng.below(steps as usize) as u64;
            let strike = kinds[rng.below(kinds.len())];
            let when = if rng.below(2) == 0 { When::Before } else { When::After };
            shared.lock().strikes.insert(at, (strike, when));
        }
        run(&shared, &setup(delivery));
        let strikes = shared.lock().strikes.clone();
        same(&shared, &straight, delivery, &format!("seed {seed}: {strikes:?}"));
        struck += shared.lock().struck;
    }
    assert!(struck > 120, "only {struck} faults were injected");
}

#[test]
fn exactly_once_delivery_survives_random_faults() {
    let kinds = [Strike::Kill, Strike::Doubt, Strike::Fence, Strike::Lose, Strike::Revoke];
    inject_random_faults(Delivery::ExactlyOnce, &kinds);
}

#[test]
fn at_least_once_delivery_survives_random_faults() {
    let kinds = [Strike::Kill, Strike::Doubt, Strike::Lose, Strike::Revoke];
    inject_random_faults(Delivery::AtLeastOnce, &kinds);
}

#[test]
fn a_lost_input_position_stops_the_shard_until_start_reset_is_set() {
    let records = inputs(5, 20);
    let first = |shared: &Shared| shared.lock().inputs.keys().next().unwrap().clone();
    type Harm = fn(&mut Vec<InputRecord>);
    let cases: [(&str, Harm, Option<i64>); 3] = [
        ("are gone", |_| {}, Some(100)),
        ("is beyond the end of the partition", |kept| kept.truncate(1), None),
        ("is not the one applied before", |kept| kept.last_mut().unwrap().payload = None, None),
    ];
    for (says, harm, low) in cases {
        let shared = straight(&records, Delivery::ExactlyOnce);
        let of = first(&shared);
        let mut world = shared.lock();
        harm(world.inputs.get_mut(&of).unwrap());
        if let Some(low) = low {
            world.low.insert(of.clone(), low);
            world.inputs.get_mut(&of).unwrap().clear();
        }
        drop(world);
        let why = process(&shared, setup(Delivery::ExactlyOnce)).unwrap_err();
        assert!(why.contains(says) && why.contains("start.reset"), "{says}: {why}");
        let reset = Setup { reset: StartReset::Latest, ..setup(Delivery::ExactlyOnce) };
        process(&shared, reset).unwrap();
    }
}

#[test]
fn a_removed_partition_stops_the_shard_and_an_added_one_is_read() {
    let records = inputs(6, 20);
    let shared = straight(&records, Delivery::ExactlyOnce);
    let before = shared.lock().outputs.len();
    let added = Partition { topic: "wire.articles".into(), partition: PARTITIONS };
    let record = InputRecord { from: added, offset: 0, ..records[0].clone() };
    shared.lock().put(record);
    process(&shared, setup(Delivery::ExactlyOnce)).unwrap();
    assert!(shared.lock().outputs.len() > before, "the new partition was not read");
    shared.lock().inputs.pop_last();
    let why = process(&shared, setup(Delivery::ExactlyOnce)).unwrap_err();
    assert!(why.contains("no longer has partition 3"), "{why}");
}

#[test]
fn a_record_too_large_for_its_topic_stops_the_shard_or_is_rejected() {
    let mut records = inputs(7, 3);
    records[1].headers.push(("large".into(), Some(vec![b'x'; 2 << 20])));
    let shared = world(&records, Delivery::ExactlyOnce);
    let why = process(&shared, setup(Delivery::ExactlyOnce)).unwrap_err();
    assert!(why.contains("`output.unique`") && why.contains("max.message.bytes"), "{why}");
    assert_eq!(shared.lock().outputs, [], "a record of the batch was written");

    let reject = Setup { too_large: TooLarge::Reject, ..setup(Delivery::ExactlyOnce) };
    process(&shared, reject).unwrap();
    let world = shared.lock();
    let rejected = world.outputs.iter().filter(|r| r.role == Role::Rejected);
    let says = |record: &OutputRecord, name: &str| {
        let name = format!("wirefold-reject-{name}");
        let found = record.headers.iter().find(|(key, _)| *key == name);
        String::from_utf8(found.unwrap().1.clone().unwrap()).unwrap()
    };
    let found: Vec<_> =
        rejected.map(|r| (says(r, "stage"), says(r, "reason"), says(r, "message"))).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&*found[0].0, &*found[0].1), ("output", "too_large"));
    assert!(
        found[0].2.contains("exceeds the limit of 1048576 bytes of the topic in `output.unique`"),
        "{found:?}"
    );
    let events = world.outputs.iter().filter(|r| r.role == Role::Events);
    assert!(events.count() >= 3, "the article is still classified");
}
