//! Tests several shards on one input: every item is classified or rejected by exactly one shard,
//! even with injected faults, and the shard map may be changed if all shards are at the same
//! positions.

use crate::broker::{Shared, Strike, When};
use crate::feed::{Rng, feed};
use crate::pipeline::{event_id, process, run, same, setup, world};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Partition, Role};
use wirefold::daemon::pipeline::shards::{ShardFilter, ShardMap, ShardSelector};
use wirefold::daemon::pipeline::{Delivery, Setup};

const INPUT: &str = "wire.articles";
const RELEASES: &str = "wire.releases";
const EXACTLY_ONCE: Delivery = Delivery::ExactlyOnce;

/// A catch-all shard, and shards selected by topic, header, language and provider.
fn selectors() -> Vec<ShardSelector> {
    let texts = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    vec![
        ShardSelector { name: "rest".into(), ..ShardSelector::default() },
        ShardSelector { topics: texts(&[RELEASES]), ..ShardSelector::default() },
        ShardSelector {
            headers: [("desk".into(), texts(&["sport"]))].into(),
            ..ShardSelector::default()
        },
        ShardSelector { languages: texts(&["de"]), ..ShardSelector::default() },
        ShardSelector { providers: texts(&["agency1"]), ..ShardSelector::default() },
    ]
}

fn slice(selectors: &[ShardSelector], shard: u32) -> ShardFilter {
    ShardFilter { map: Arc::new(ShardMap::new(INPUT, selectors).unwrap()), shard }
}

/// A wire in two topics. Some records contain several items, and some are unreadable.
fn inputs(seed: u64, count: usize) -> Vec<InputRecord> {
    let mut rng = Rng(seed);
    let mut next: BTreeMap<Partition, i64> = BTreeMap::new();
    let lines = feed(seed, count + 2, 28_000);
    let item = |n: usize, language: &str| {
        let article = &lines[n].article;
        serde_json::json!({
            "uri": format!("{}#{language}", article.uri), "version": article.version,
            "provider": article.provider, "headline": article.headline,
            "body": article.body.as_str(), "language": language,
        })
    };
    let record = |n: usize| {
        let language = if n % 4 == 1 { "de" } else { "en" };
        let payload = match n % 9 {
            4 => serde_json::json!([item(n, language), item(n + 1, "de"), {"uri": 3}]).to_string(),
            7 => "{\"uri\": ".to_owned(),
            _ => item(n, language).to_string(),
        };
        let partition = rng.below(3) as i32;
        let from = match partition {
            2 => Partition { topic: RELEASES.into(), partition: 0 },
            partition => Partition { topic: INPUT.into(), partition },
        };
        let offset = next.entry(from.clone()).or_default();
        *offset += 1;
        let desk = ["sport", "arts", "none"][n % 3];
        InputRecord {
            offset: *offset - 1,
            from,
            timestamp: Some(lines[n].stamp),
            key: None,
            payload: Some(payload.into_bytes()),
            headers: vec![("desk".into(), Some(desk.into()))],
        }
    };
    (0..count).map(record).collect()
}

/// The broker as one shard sees it, with the changelogs of the other shards.
fn shard(records: &[InputRecord], slice: &ShardFilter, peers: &BTreeMap<u32, Shared>) -> Shared {
    let shared = world(&[], EXACTLY_ONCE);
    let mut world = shared.lock();
    world.inputs.clear();
    world.slice = Some(slice.clone());
    // Allow enough empty polls for a batch that has no records of this shard and only advances the
    // clock.
    world.patience = 15;
    records.iter().cloned().for_each(|record| world.put(record));
    drop(world);
    share_changelogs(&shared, peers);
    shared
}

/// Gives a shard the current changelogs of the others.
fn share_changelogs(shared: &Shared, peers: &BTreeMap<u32, Shared>) {
    let own = shared.lock().slice.as_ref().map(|slice| slice.shard);
    let others = peers.iter().filter(|(shard, _)| Some(**shard) != own);
    let logs = others.map(|(shard, peer)| (*shard, peer.lock().log.clone())).collect();
    shared.lock().peers = logs;
}

fn set(slice: &ShardFilter) -> Setup {
    Setup { slice: slice.clone(), ..setup(EXACTLY_ONCE) }
}

/// Runs every shard of a map over `records` from the beginning.
fn all(records: &[InputRecord], selectors: &[ShardSelector]) -> BTreeMap<u32, Shared> {
    let mut shards = BTreeMap::new();
    for n in 0..u32::try_from(selectors.len()).unwrap() {
        let slice = slice(selectors, n);
        let shared = shard(records, &slice, &shards);
        run(&shared, &set(&slice));
        shards.insert(n, shared);
    }
    shards
}

fn header(record: &OutputRecord, name: &str) -> String {
    let found = record.headers.iter().find(|(key, _)| key == name);
    String::from_utf8(found.unwrap().1.clone().unwrap()).unwrap()
}

/// The number of items of each input record (topic, partition, offset) that were classified or
/// rejected.
fn processed(shards: &BTreeMap<u32, Shared>) -> BTreeMap<(String, i64, i64), usize> {
    let mut processed = BTreeMap::new();
    for shared in shards.values() {
        for record in &shared.lock().outputs {
            let at = match record.role {
                Role::Rejected => {
                    let field = |name: &str| header(record, &format!("wirefold-reject-{name}"));
                    let number = |name| field(name).parse::<i64>().unwrap();
                    (field("topic"), number("partition"), number("offset"))
                }
                Role::Events if header(record, "ce_type").contains("classified") => {
                    let data: serde_json::Value =
                        serde_json::from_slice(record.payload.as_ref().unwrap()).unwrap();
                    let input = &data["input"];
                    let number = |name: &str| input[name].as_i64().unwrap();
                    let topic = input["topic"].as_str().unwrap().to_owned();
                    (topic, number("partition"), number("offset"))
                }
                _ => continue,
            };
            *processed.entry(at).or_default() += 1;
        }
    }
    processed
}

/// The number of items in each input record.
fn items(records: &[InputRecord]) -> BTreeMap<(String, i64, i64), usize> {
    let items = |record: &InputRecord| match record.payload.as_deref().unwrap()[0] {
        b'[' => 3,
        _ => 1,
    };
    let at = |r: &InputRecord| (r.from.topic.to_string(), i64::from(r.from.partition), r.offset);
    records.iter().map(|record| (at(record), items(record))).collect()
}

#[test]
fn every_item_is_processed_by_exactly_one_shard() {
    let records = inputs(1, 90);
    let shards = all(&records, &selectors());
    assert_eq!(processed(&shards), items(&records));
    let mut ids = BTreeSet::new();
    for (shard, shared) in &shards {
        let world = shared.lock();
        let of = |role| world.outputs.iter().filter(move |record| record.role == role);
        assert!(of(Role::Events).count() > 10, "shard {shard} has too few events");
        let decodes = *shard > 2;
        assert!(
            !decodes || of(Role::Rejected).count() == 0,
            "only the catch-all shard rejects unreadable records"
        );
        assert!(of(Role::Events).all(|r| ids.insert(event_id(r).unwrap())), "ids are unique");
    }
}

#[test]
fn faults_do_not_change_the_output_of_a_shard() {
    let records = inputs(2, 45);
    let straight = all(&records, &selectors());
    let kinds = [Strike::Kill, Strike::Doubt, Strike::Fence, Strike::Lose, Strike::Revoke];
    let mut struck = 0;
    for (&n, straight) in &straight {
        let slice = slice(&selectors(), n);
        let steps = straight.lock().steps;
        for seed in 0..8 {
            let mut rng = Rng(seed + 100 * u64::from(n));
            let shared = shard(&records, &slice, &BTreeMap::new());
            for _ in 0..1 + rng.below(6) {
                let at = 1 + rng.below(steps as usize) as u64;
                let when = if rng.below(2) == 0 { When::Before } else { When::After };
                shared.lock().strikes.insert(at, (kinds[rng.below(kinds.len())], when));
            }
            run(&shared, &set(&slice));
            same(&shared, straight, EXACTLY_ONCE, &format!("shard {n}, seed {seed}"));
            struck += shared.lock().struck;
        }
    }
    assert!(struck > 60, "only {struck} faults were injected");
}

/// Input of other shards is skipped in long batches, and the position is still saved.
#[test]
fn input_of_other_shards_is_skipped_in_few_batches() {
    let records: Vec<InputRecord> =
        inputs(3, 60).into_iter().filter(|r| r.headers[0].1.as_deref() != Some(b"sport")).collect();
    let slice = slice(&selectors(), 2);
    let shared = shard(&records, &slice, &BTreeMap::new());
    let setup = Setup {
        settings: wirefold::daemon::pipeline::Settings {
            records_max: 1_000.try_into().unwrap(),
            ..set(&slice).settings
        },
        ..set(&slice)
    };
    run(&shared, &setup);
    let world = shared.lock();
    assert_eq!(world.outputs, []);
    assert_eq!(world.commits, 1, "all records must be skipped in one batch");
    let read: BTreeSet<&Partition> = records.iter().map(|r| &r.from).collect();
    assert!(read.len() > 1 && world.compacted().contains_key("pos"));
}

/// Runs the shards of another map over `records`, one shard after the other in the given order.
fn run_with_map(
    shards: &mut BTreeMap<u32, Shared>,
    records: &[InputRecord],
    selectors: &[ShardSelector],
    order: &[u32],
) -> Result<(), String> {
    for &n in order {
        let slice = slice(selectors, n);
        let shared = match shards.get(&n) {
            Some(shared) => shared.clone(),
            None => shard(&[], &slice, &BTreeMap::new()),
        };
        let mut world = shared.lock();
        world.slice = Some(slice.clone());
        world.inputs.clear();
        records.iter().cloned().for_each(|record| world.put(record));
        drop(world);
        share_changelogs(&shared, shards);
        process(&shared, set(&slice))?;
        shards.insert(n, shared);
    }
    Ok(())
}

#[test]
fn the_map_may_change_when_all_shards_are_at_the_same_positions() {
    let records = inputs(4, 90);
    let one = [ShardSelector::default()];
    for order in [[0, 1, 2, 3, 4], [4, 2, 0, 3, 1]] {
        let mut shards = all(&records[..45], &one);
        let half: Vec<InputRecord> =
            records.iter().filter(|r| *r.from.topic == *INPUT).cloned().collect();
        let seen = processed(&shards);
        run_with_map(&mut shards, &half, &selectors(), &order).unwrap();
        let all_processed = processed(&shards);
        let wanted = items(&half);
        assert!(seen.len() > 20 && wanted.len() > seen.len() + 20);
        assert_eq!(all_processed, wanted, "in the order {order:?}");
        let mut back = selectors();
        back.swap(2, 3);
        run_with_map(&mut shards, &half, &back, &order).unwrap();
        assert_eq!(processed(&shards), all_processed, "records were read twice");
    }
}

#[test]
fn a_map_change_is_refused_while_shards_are_at_different_positions() {
    let records = inputs(5, 60);
    let mut shards = all(&records[..30], &selectors());
    run_with_map(&mut shards, &records, &selectors(), &[3]).unwrap();
    let mut other = selectors();
    other.swap(2, 3);
    for n in 0..5 {
        let why = run_with_map(&mut shards, &records, &other, &[n]).unwrap_err();
        assert!(why.contains("`shards` has changed") && why.contains("shard 3 at"), "{why}");
    }
    run_with_map(&mut shards, &records, &selectors(), &[0, 1, 2, 4]).unwrap();
    run_with_map(&mut shards, &records, &other, &[0, 1, 2, 3, 4]).unwrap();
    assert_eq!(processed(&shards), items(&records));
}

#[test]
fn changed_settings_that_affect_stored_records_are_refused() {
    let records = inputs(6, 20);
    let slice = slice(&[ShardSelector::default()], 0);
    let shared = shard(&records, &slice, &BTreeMap::new());
    run(&shared, &set(&slice));
    let mut other = set(&slice);
    other.engine.tuning.fingerprint.samples_max = 32;
    let why = process(&shared, other).unwrap_err();
    assert!(why.contains("fingerprints differently") && why.contains("go back"), "{why}");
    let mut window = set(&slice);
    window.engine.window = wirefold_engine::article::Span::minutes(30);
    process(&shared, window).unwrap();
}
