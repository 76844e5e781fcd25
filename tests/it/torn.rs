//! Tests broker crashes right after a commit, which may leave the commit incomplete in some topics,
//! and former owners that keep writing: nothing is lost or repeated, and the state can always be
//! restored from the changelog.

use crate::broker::{Crash, Replacement, Shared, Strike, When};
use crate::feed::Rng;
use crate::pipeline::{inputs, process, run, same, setup, straight, without_repeats, world};
use crate::standby::{owned, stand_by};
use rayon::prelude::*;
use std::time::Duration;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Role};
use wirefold::daemon::pipeline::record::{self, Plan};
use wirefold::daemon::pipeline::{Delivery, Setup, StartReset};

const EXACTLY_ONCE: Delivery = Delivery::ExactlyOnce;

/// Sorts outputs by topic, because repaired records come after those of other topics.
fn by_topic(shared: &Shared) {
    shared.lock().outputs.sort_by_key(|record: &OutputRecord| record.role);
}

/// A random choice of the topics that lose their part of a commit; in one of five cases, all topics
/// lose it.
fn lost(rng: &mut Rng) -> Vec<Role> {
    match rng.below(5) {
        0 => Role::ALL.to_vec(),
        _ => Role::ALL.into_iter().filter(|_| rng.below(2) == 0).collect(),
    }
}

#[test]
fn a_commit_that_loses_some_topics_is_completed() {
    let records = inputs(40, 30);
    let straight = straight(&records, EXACTLY_ONCE);
    by_topic(&straight);
    let torn_with = |seed| {
        let mut rng = Rng(seed);
        let shared = world(&records, EXACTLY_ONCE);
        let crashes = [Crash::Alone, Crash::WithDaemon, Crash::InCommit];
        for _ in 0..=rng.below(3) {
            let at = 1 + rng.below(7) as u64;
            let roles = lost(&mut rng);
            // If the daemon dies together with the broker and no topic shows the commit, the commit
            // counts as if it had never happened.
            let crash = crashes[rng.below(3)];
            shared.lock().tears.insert(at, (roles, crash));
        }
        let tears = shared.lock().tears.clone();
        run(&shared, &setup(EXACTLY_ONCE));
        by_topic(&shared);
        same(&shared, &straight, EXACTLY_ONCE, &format!("seed {seed}: {tears:?}"));
        shared.lock().struck
    };
    let torn: u64 = (0..200).into_par_iter().map(torn_with).sum();
    assert!(torn > 250, "only {torn} commits were incomplete");
}

#[test]
fn a_repair_survives_a_kill_at_any_step() {
    let records = inputs(41, 14);
    let straight = straight(&records, EXACTLY_ONCE);
    by_topic(&straight);
    let torn = || {
        let shared = world(&records, EXACTLY_ONCE);
        let roles = vec![Role::Stories, Role::State];
        shared.lock().tears.insert(2, (roles, Crash::WithDaemon));
        shared
    };
    let whole = torn();
    run(&whole, &setup(EXACTLY_ONCE));
    let steps = whole.lock().steps;
    for step in 1..=steps {
        for (strike, when) in [(Strike::Kill, When::Before), (Strike::Kill, When::After)] {
            let shared = torn();
            shared.lock().strikes.insert(step, (strike, when));
            run(&shared, &setup(EXACTLY_ONCE));
            by_topic(&shared);
            same(&shared, &straight, EXACTLY_ONCE, &format!("{strike:?} {when:?} step {step}"));
        }
    }
}

#[test]
fn a_standby_completes_an_incomplete_commit_of_the_owner() {
    let records = crate::standby::inputs(42, 24);
    let straight = straight(&records, EXACTLY_ONCE);
    by_topic(&straight);
    for seed in 0..60 {
        let mut rng = Rng(seed);
        let shared = owned(&records, 16, EXACTLY_ONCE, None);
        let mut world = shared.lock();
        let (at, roles) = (world.commits + 1, lost(&mut rng));
        world.tears.insert(at, (roles, Crash::WithDaemon));
        drop(world);
        stand_by(&shared, &setup(EXACTLY_ONCE), [1, 5, 1_000][rng.below(3)]);
        by_topic(&shared);
        same(&shared, &straight, EXACTLY_ONCE, &format!("seed {seed}"));
    }
}

/// An owner that was suspended keeps writing after another one has taken over.
#[test]
fn records_of_a_former_owner_are_ignored() {
    let records = crate::standby::inputs(43, 20);
    let delivery = Delivery::AtLeastOnce;
    let straight = straight(&records, delivery);
    let shared = world(&records[..7], delivery);
    run(&shared, &setup(delivery));
    let late: Vec<_> =
        shared.lock().log.iter().filter(|found| found.generation.is_some()).cloned().collect();
    records[7..14].iter().cloned().for_each(|record| shared.lock().put(record));
    run(&shared, &setup(delivery));
    late.into_iter().for_each(|found| shared.lock().appends_as(found));
    records[14..].iter().cloned().for_each(|record| shared.lock().put(record));
    run(&shared, &setup(delivery));
    let outputs = |shared: &Shared| without_repeats(&shared.lock().outputs);
    assert!(outputs(&shared) == outputs(&straight), "records of a former owner had an effect");
}

/// Tests changelogs from an earlier release, in which only the records `plan` and `end` name their
/// writer.
#[test]
fn plans_of_a_former_owner_are_ignored_in_old_changelogs() {
    let records = inputs(44, 10);
    let shared = straight(&records, Delivery::AtLeastOnce);
    let mut world = shared.lock();
    let plan = world.log.iter().find(|found| found.key == "plan").unwrap().clone();
    let of = |generation| {
        let plan: Plan = record::decode("plan", plan.value.as_deref().unwrap()).unwrap();
        Some(record::encode(&Plan { generation, ..plan }))
    };
    world.appends("plan".into(), of(1));
    world.appends("b/garbage".into(), Some(vec![9]));
    drop(world);
    process(&shared, setup(Delivery::AtLeastOnce)).unwrap();
}

#[test]
fn the_state_belongs_to_one_group() {
    let records = inputs(45, 10);
    let shared = straight(&records, EXACTLY_ONCE);
    let before = shared.lock().outputs.len();
    let other = Setup { group: "other".into(), ..setup(EXACTLY_ONCE) };
    let why = process(&shared, other.clone()).unwrap_err();
    assert!(why.contains("group `wirefold`") && why.contains("group `other`"), "{why}");
    assert!(why.contains("start.renamed_from=wirefold"), "{why}");
    assert_eq!(shared.lock().outputs.len(), before, "a refused instance wrote records");
    process(&shared, setup(EXACTLY_ONCE)).unwrap();
    let renamed = Setup { renamed_from: Some("wirefold".into()), ..other.clone() };
    process(&shared, renamed).unwrap();
    process(&shared, other).unwrap();
    let why = process(&shared, setup(EXACTLY_ONCE)).unwrap_err();
    assert!(why.contains("belongs to group `other`"), "{why}");
}

fn event_ids(shared: &Shared) -> Vec<Vec<u8>> {
    shared.lock().outputs.iter().filter_map(crate::pipeline::event_id).collect()
}

#[test]
fn a_topic_that_is_read_again_gives_new_event_ids() {
    let records = inputs(46, 12);
    let shared = straight(&records, EXACTLY_ONCE);
    let old = event_ids(&shared);
    let mut world = shared.lock();
    for (partition, kept) in &mut world.inputs {
        let other = InputRecord { from: partition.clone(), ..records[5].clone() };
        kept.iter_mut().for_each(|record| {
            let uri = format!("x:{}:{}", record.from.partition, record.offset);
            record.payload = Some(format!(r#"{{"uri":"{uri}","body":"Words."}}"#).into_bytes());
            record.timestamp = other.timestamp;
        });
    }
    drop(world);
    let why = process(&shared, setup(EXACTLY_ONCE)).unwrap_err();
    assert!(why.contains("is not the one applied before"), "{why}");
    let reset = Setup { reset: StartReset::Earliest, ..setup(EXACTLY_ONCE) };
    process(&shared, reset).unwrap();
    let new = event_ids(&shared).split_off(old.len());
    assert!(!new.is_empty() && new.iter().all(|id| !old.contains(id)), "an event id was reused");
    process(&shared, setup(EXACTLY_ONCE)).unwrap();
}

#[test]
fn a_position_survives_compaction_of_the_input() {
    let records = inputs(47, 12);
    let shared = straight(&records, EXACTLY_ONCE);
    let mut world = shared.lock();
    for kept in world.inputs.values_mut() {
        let last = kept.pop().unwrap();
        kept.push(InputRecord { offset: last.offset + 1, ..last });
    }
    drop(world);
    let why = process(&shared, setup(EXACTLY_ONCE)).unwrap_err();
    assert!(why.contains("is gone"), "{why}");
    shared.lock().compacted_input = true;
    process(&shared, setup(EXACTLY_ONCE)).unwrap();
}

/// While the daemon does not poll or is disconnected, the input topic is deleted, created again and
/// filled beyond the position of the shard.
#[test]
fn a_recreated_topic_that_grew_past_the_position_is_detected() {
    for pause in [None, Some(Duration::from_secs(6))] {
        let shared = world(&inputs(48, 40), EXACTLY_ONCE);
        let mut others = std::collections::BTreeMap::<_, Vec<InputRecord>>::new();
        for record in inputs(49, 90) {
            others.entry(record.from.clone()).or_default().push(record);
        }
        let commits = 3;
        shared.lock().replaced_after = Some(Replacement { commits, inputs: others, pause });
        let why = process(&shared, setup(EXACTLY_ONCE)).unwrap_err();
        assert!(why.contains("start.reset"), "{why}");
        assert!(shared.lock().commits <= 4, "records of the new topic were applied");
    }
}
