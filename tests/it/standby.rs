//! Tests that a standby follows the owner's changelog and takes over where the owner left off. The
//! output must equal that of a single owner, and the takeover must not read the changelog again.

use crate::broker::{Shared, Strike, When};
use crate::feed::Rng;
use crate::pipeline::{self, Silent, observed, process, same, setup, straight, world};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::broker::InputRecord;
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::{Delivery, Observer, Phase, Setup};
use wirefold_engine::article::EventTime;

const BOTH: [Delivery; 2] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce];

/// Records each committed batch: its number, the live articles and the phase.
#[derive(Clone)]
struct Watch(Arc<Mutex<Vec<(u64, usize, Phase)>>>, Phase);

impl Observer for Watch {
    fn phase(&mut self, phase: Phase) {
        self.1 = phase;
    }
    fn committed(&mut self, memory: &mut ShardState, _: Option<&Batch>, _: EventTime) {
        let seen = (memory.position.batch, memory.state.live_articles(), self.1);
        self.0.lock().unwrap().push(seen);
    }
}

/// `count` records with ascending timestamps, so that the first ones form the same batches whether
/// or not later ones are present.
pub(crate) fn inputs(seed: u64, count: usize) -> Vec<InputRecord> {
    let in_time = |(n, record): (i64, InputRecord)| InputRecord {
        timestamp: Some(EventTime(1_790_000_000_000 + 28_000 * n)),
        ..record
    };
    (0..).zip(pipeline::inputs(seed, count)).map(in_time).collect()
}

/// A broker whose owner has processed the first `owned` records, or was killed at step `kill`.
pub(crate) fn owned(
    records: &[InputRecord],
    owned: usize,
    delivery: Delivery,
    kill: Option<u64>,
) -> Shared {
    let shared = world(&records[..owned], delivery);
    if let Some(step) = kill {
        shared.lock().strikes.insert(step, (Strike::Kill, When::After));
    }
    let ended = process(&shared, setup(delivery));
    assert_eq!(ended, kill.map_or(Ok(()), |_| Err("killed".into())));
    let mut world = shared.lock();
    world.inputs.clear();
    world.strikes.clear();
    records.iter().cloned().for_each(|record| world.put(record));
    drop(world);
    shared
}

/// Runs a standby that follows, takes over and processes all input; if it is killed, another one is
/// started.
pub(crate) fn stand_by(shared: &Shared, setup: &Setup, reveals: usize) {
    for _ in 0..20 {
        let wakes = shared.standby(reveals);
        match observed(shared, setup.clone(), wakes, Box::new(Silent)) {
            Ok(()) if !shared.lock().killed => return,
            Ok(()) => {}
            Err(why) => assert_eq!(why, "killed"),
        }
    }
    panic!("no process ended normally");
}

/// The number of steps of this kind after the first `from` steps.
fn count(shared: &Shared, kind: &str, from: usize) -> usize {
    shared.lock().kinds[from..].iter().filter(|step| **step == kind).count()
}

#[test]
fn a_standby_takes_over_without_reading_the_changelog_again() {
    let records = inputs(20, 60);
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        for reveals in [1, 7, 50, 100_000] {
            let shared = owned(&records, 40, delivery, None);
            let from = shared.lock().kinds.len();
            let watch = Watch(Arc::default(), Phase::Idle);
            let wakes = shared.standby(reveals);
            observed(&shared, setup(delivery), wakes, Box::new(watch.clone())).unwrap();
            same(&shared, &straight, delivery, &format!("{delivery:?}, {reveals} at a time"));
            let kinds = shared.lock().kinds[from..].to_vec();
            let until = kinds.iter().position(|kind| *kind == "begin").unwrap();
            assert!(
                !kinds[..until].contains(&"changelog record"),
                "the takeover read the changelog again"
            );
            let seen = watch.0.lock().unwrap();
            let followed: Vec<_> =
                seen.iter().filter(|(_, _, phase)| *phase == Phase::Idle).collect();
            assert!(!followed.is_empty() && followed.is_sorted_by_key(|(batch, ..)| *batch));
            assert!(
                followed.last().unwrap().1 > 5,
                "followed articles must be visible before the takeover"
            );
            assert!(reveals > 1 || followed.len() > 3, "batches must be followed one by one");
        }
    }
}

#[test]
fn a_standby_takes_over_from_an_owner_killed_at_any_step() {
    let records = inputs(21, 24);
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        let steps = owned(&records, 16, delivery, None).lock().steps;
        let mut rng = Rng(5);
        for _ in 0..40 {
            let step = 1 + rng.below(steps as usize) as u64;
            let reveals = [1, 4, 1_000][rng.below(3)];
            let shared = owned(&records, 16, delivery, Some(step));
            stand_by(&shared, &setup(delivery), reveals);
            same(&shared, &straight, delivery, &format!("{delivery:?}, owner killed at {step}"));
        }
    }
}

#[test]
fn faults_on_a_standby_do_not_change_the_output() {
    let records = inputs(22, 36);
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        let kinds = [Strike::Kill, Strike::Doubt, Strike::Revoke, Strike::Lose, Strike::Fence];
        let kinds = if delivery == Delivery::ExactlyOnce { &kinds[..] } else { &kinds[..4] };
        let mut struck = 0;
        for seed in 0..25 {
            let mut rng = Rng(seed);
            let shared = owned(&records, 24, delivery, None);
            let from = shared.lock().steps;
            for _ in 0..1 + rng.below(5) {
                let at = from + 1 + rng.below(500) as u64;
                let when = if rng.below(2) == 0 { When::Before } else { When::After };
                shared.lock().strikes.insert(at, (kinds[rng.below(kinds.len())], when));
            }
            stand_by(&shared, &setup(delivery), 5);
            same(&shared, &straight, delivery, &format!("{delivery:?}, seed {seed}"));
            struck += shared.lock().struck;
        }
        assert!(struck >= 25, "only {struck} faults were injected");
    }
}

#[test]
fn a_standby_starts_over_after_compaction_or_a_long_absence() {
    let records = inputs(23, 60);
    let delivery = Delivery::ExactlyOnce;
    let straight = straight(&records, delivery);
    type Harm = fn(&mut crate::broker::World);
    let harms: [(&str, Harm); 3] = [
        ("nothing", |_| {}),
        ("compaction", |world| world.compacts_at = Some(world.log.len() / 2)),
        ("two hours away", |world| world.away = 2),
    ];
    for (what, harm) in harms {
        let shared = owned(&records, 40, delivery, None);
        let from = shared.lock().kinds.len();
        let wakes = shared.standby(1);
        harm(&mut shared.lock());
        shared.lock().tombstones_kept = Duration::from_secs(3 * 3_600);
        observed(&shared, setup(delivery), wakes, Box::new(Silent)).unwrap();
        same(&shared, &straight, delivery, what);
        let tails = count(&shared, "tail", from);
        assert_eq!(tails, if what == "nothing" { 1 } else { 2 }, "{what}");
    }
}

#[test]
fn a_shard_that_was_not_followed_is_restored_at_the_takeover() {
    let records = inputs(24, 40);
    let delivery = Delivery::ExactlyOnce;
    let straight = straight(&records, delivery);
    let shared = owned(&records, 30, delivery, None);
    let from = shared.lock().kinds.len();
    let wakes = shared.wakes();
    let setup = Setup { followed: vec![7], ..setup(delivery) };
    observed(&shared, setup, wakes, Box::new(Silent)).unwrap();
    same(&shared, &straight, delivery, "not followed");
    assert_eq!(count(&shared, "tail", from), 0);
    assert!(count(&shared, "changelog record", from) > 30);
}
