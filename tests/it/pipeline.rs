//! The loop on a broker in memory: whatever strikes, the output equals that of a straight run.

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
use wirefold::daemon::publish::{Encoder, Mode, UniqueFeed};
use wirefold_engine::article::{EventTime, Span};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::fingerprint::FloodKey;

const PARTITIONS: i32 = 3;
const STARTS: i64 = 1_790_000_000_000;

/// The offset that starts an input: partition 1 has holes, as a transactional topic does.
fn offset(partition: i32, n: i64) -> i64 {
    if partition == 1 { n * 3 + 2 } else { n }
}

/// `count` records over three partitions: a wire as made up by `feed`, with bytes that nothing can
/// read and a timestamp of the far future in between.
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
                "headline": article.headline, "body": article.body.published(), "language": "en",
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

pub(crate) struct Silent;

impl Observer for Silent {
    fn phase(&mut self, _: Phase) {}
    fn committed(&mut self, _: &mut ShardState, _: Option<&Batch>, _: EventTime) {}
}

pub(crate) fn setup(delivery: Delivery) -> Setup {
    let mut config = Config::default();
    config.engine.window = Span::minutes(20);
    Setup {
        settings: Settings { records_max: 4, commit_every: Span(5), ..Settings::default() },
        encoder: Arc::new(Encoder::new(
            Mode::Binary,
            "wirefold",
            "5e77".into(),
            UniqueFeed::Wanted,
        )),
        engine: config.engine,
        delivery,
        reset: StartReset::Error,
        group: "wirefold".into(),
        renamed_from: None,
        fresh_key: FloodKey(7),
        clock: ClockSource::Wall,
        too_large: TooLarge::Stop,
        format: Format::Auto,
        decode: decode::items,
        prepare_within: wirefold::daemon::pipeline::prepare::WITHIN,
        slice: ShardFilter::everything("wire.articles"),
        followed: Vec::new(),
    }
}

/// Runs one process to its end.
pub(crate) fn process(shared: &Shared, setup: Setup) -> Result<(), String> {
    observed(shared, setup, shared.wakes(), Box::new(Silent))
}

/// Runs one process, which `observer` watches, to its end.
pub(crate) fn observed(
    shared: &Shared,
    setup: Setup,
    wakes: Receiver<Wake>,
    observer: Box<dyn Observer>,
) -> Result<(), String> {
    Pipeline::new(setup, shared.clone(), shared.clone(), observer).run(&wakes)
}

/// Starts processes until one ends in peace.
pub(crate) fn run(shared: &Shared, setup: &Setup) {
    for _ in 0..50 {
        match process(shared, setup.clone()) {
            Ok(()) => return,
            Err(why) => assert_eq!(why, "killed"),
        }
    }
    panic!("no process ended in peace");
}

/// Records that kills change, beside the journals.
const SHELL: [&str; 5] = ["pos", "plan", "end", "ends", "attempt"];

/// What the engine remembers, without the batch numbers that kills shift.
fn engine_records(shared: &Shared) -> BTreeMap<String, Vec<u8>> {
    let shell =
        |key: &String| key.starts_with("b/") || key.starts_with("fence") || SHELL.contains(&&**key);
    shared.lock().compacted().into_iter().filter(|(key, _)| !shell(key)).collect()
}

pub(crate) fn event_id(record: &OutputRecord) -> Option<Vec<u8>> {
    record.headers.iter().find(|(key, _)| key == "ce_id")?.1.clone()
}

/// Drops repeats of events by id, asserting that they are equal; of the rest, equal records.
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
    assert!(engine_records(shared) == engine_records(straight), "memory differs: {what}");
    journals_are_whole(shared, what);
}

/// The journals chain: every range begins where the one before it ended, and events are counted.
fn journals_are_whole(shared: &Shared, what: &str) {
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
    assert!(batches > 0, "{what}: journals were kept");
    for (of, ended) in at {
        assert_eq!(position.inputs[&of].next, ended, "{what}: the position fits the journals");
    }
}

pub(crate) fn straight(records: &[InputRecord], delivery: Delivery) -> Shared {
    let shared = world(records, delivery);
    run(&shared, &setup(delivery));
    shared
}

#[test]
fn a_straight_run_says_something_of_every_record() {
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
    assert_eq!(reject.payload, records[7].payload, "bytes are untouched");
    assert!(reject.headers.starts_with(&records[7].headers), "and so are headers");
}

#[test]
fn order_is_by_timestamp_over_partitions() {
    let records = inputs(2, 40);
    let straight = straight(&records, Delivery::ExactlyOnce);
    let keys = straight.lock().outputs.iter().filter_map(event_id).collect::<BTreeSet<_>>();
    assert!(keys.len() > 40, "every event has an id of its own");
    let sequences: Vec<Vec<u8>> = straight
        .lock()
        .outputs
        .iter()
        .filter(|r| r.role == Role::Events)
        .map(|r| r.headers.iter().find(|(k, _)| k == "ce_sequence").unwrap().1.clone().unwrap())
        .collect();
    assert!(sequences.is_sorted(), "the sequence rises");
}

/// Kills at every step, before and after its effect.
fn killed_everywhere(delivery: Delivery) {
    let records = inputs(3, 14);
    let straight = straight(&records, delivery);
    let steps = straight.lock().steps;
    for step in 1..=steps {
        for when in [When::Before, When::After] {
            let shared = world(&records, delivery);
            shared.lock().strikes.insert(step, (Strike::Kill, when));
            run(&shared, &setup(delivery));
            assert_eq!(shared.lock().struck, 1, "step {step} was reached");
            let what =
                format!("killed {when:?} step {step}, {}", shared.lock().kinds[step as usize - 1]);
            same(&shared, &straight, delivery, &what);
        }
    }
}

#[test]
fn killed_at_every_step_exactly_once() {
    killed_everywhere(Delivery::ExactlyOnce);
}

#[test]
fn killed_at_every_step_at_least_once() {
    killed_everywhere(Delivery::AtLeastOnce);
}

/// Faults of every kind at random steps, several a run.
fn struck_at_random(delivery: Delivery, kinds: &[Strike]) {
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
    assert!(struck > 120, "only {struck} faults struck");
}

#[test]
fn struck_at_random_exactly_once() {
    let kinds = [Strike::Kill, Strike::Doubt, Strike::Fence, Strike::Lose, Strike::Revoke];
    struck_at_random(Delivery::ExactlyOnce, &kinds);
}

#[test]
fn struck_at_random_at_least_once() {
    let kinds = [Strike::Kill, Strike::Doubt, Strike::Lose, Strike::Revoke];
    struck_at_random(Delivery::AtLeastOnce, &kinds);
}

#[test]
fn a_lost_position_stops_until_a_person_decides() {
    let records = inputs(5, 20);
    let first = |shared: &Shared| shared.lock().inputs.keys().next().unwrap().clone();
    type Harm = fn(&mut Vec<InputRecord>);
    let cases: [(&str, Harm, Option<i64>); 3] = [
        ("are gone", |_| {}, Some(100)),
        ("lies beyond its end", |kept| kept.truncate(1), None),
        ("is another than the one applied", |kept| kept.last_mut().unwrap().payload = None, None),
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
fn a_partition_that_is_gone_stops_and_one_that_is_added_is_read() {
    let records = inputs(6, 20);
    let shared = straight(&records, Delivery::ExactlyOnce);
    let before = shared.lock().outputs.len();
    let added = Partition { topic: "wire.articles".into(), partition: PARTITIONS };
    let record = InputRecord { from: added, offset: 0, ..records[0].clone() };
    shared.lock().put(record);
    process(&shared, setup(Delivery::ExactlyOnce)).unwrap();
    assert!(shared.lock().outputs.len() > before, "it was read from its first record on");
    shared.lock().inputs.pop_last();
    let why = process(&shared, setup(Delivery::ExactlyOnce)).unwrap_err();
    assert!(why.contains("no partition 3 any more"), "{why}");
}

#[test]
fn a_record_too_large_for_its_topic_stops_with_its_size() {
    let mut records = inputs(7, 3);
    records[1].headers.push(("large".into(), Some(vec![b'x'; 2 << 20])));
    let shared = world(&records, Delivery::ExactlyOnce);
    let why = process(&shared, setup(Delivery::ExactlyOnce)).unwrap_err();
    assert!(why.contains("`output.unique`") && why.contains("max.message.bytes"), "{why}");
    assert_eq!(shared.lock().outputs, [], "nothing of its batch is written");

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
        found[0].2.contains("over the limit of 1048576 of the topic `output.unique`"),
        "{found:?}"
    );
    let events = world.outputs.iter().filter(|r| r.role == Role::Events);
    assert!(events.count() >= 3, "its article is classified all the same");
}
