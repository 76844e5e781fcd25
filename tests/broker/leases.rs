//! Runs one shard with two processes: records of a process that does not own the shard never count.

use crate::daemon::Daemon;
use crate::deployment::{Deployment, PATIENT, SLOW, tally};

/// Starts two processes of one deployment: the owner of the shard, and a standby.
fn start_pair(deployment: &Deployment, points: &str) -> (Daemon, Daemon) {
    let owner = deployment.start(points, &[]);
    owner.says("phase=running");
    let standby = deployment.start(SLOW, &[]);
    standby.says("phase=standby");
    (owner, standby)
}

#[test]
fn a_suspended_owner_is_fenced_and_does_not_fence_the_new_owner() {
    let deployment =
        Deployment::with("zombie", "exactly_once", &["kafka.transaction.timeout.ms=2500"]);
    deployment.produce(400);
    let (mut owner, mut standby) = start_pair(&deployment, SLOW);
    let mut before = 0;
    for _ in 0..4 {
        deployment.produce(1_200);
        before = deployment.moves_on(before, &owner);
        let (runs, rests) = (standby.times("phase=running"), owner.times("phase=standby"));
        let fenced = standby.times("fenced");
        owner.freeze();
        standby.says_again("phase=running", runs + 1);
        before = deployment.moves_on(deployment.answered().max(before), &standby);
        deployment.produce(600);
        owner.thaw();
        owner.says_again("phase=standby", rests + 1);
        assert!(deployment.answered() < deployment.made(), "no work is in flight");
        let log = standby.log();
        assert_eq!(standby.times("fenced"), fenced, "the new owner was fenced:\n{log}");
        (owner, standby) = (standby, owner);
        tally("freezes", 1);
    }
    deployment.is_through(&owner);
    standby.stops();
    owner.stops();
    deployment.holds();
}

/// Without transactions, the resumed owner is not fenced; the records that it still writes are
/// ignored.
#[test]
fn a_suspended_owner_without_transactions_does_no_harm() {
    let deployment = Deployment::new("zombie-twice", "at_least_once");
    deployment.produce(400);
    let (mut owner, mut standby) = start_pair(&deployment, SLOW);
    let mut before = 0;
    for _ in 0..freezes() {
        deployment.produce(900);
        before = deployment.moves_on(before, &owner);
        let (runs, rests) = (standby.times("phase=running"), owner.times("phase=standby"));
        owner.freeze();
        standby.says_again("phase=running", runs + 1);
        before = deployment.moves_on(deployment.answered().max(before), &standby);
        owner.thaw();
        owner.says_again("phase=standby", rests + 1);
        (owner, standby) = (standby, owner);
        tally("freezes", 1);
    }
    deployment.is_through(&owner);
    standby.stops();
    owner.stops();
    deployment.ends_well();
}

/// How many times the owner is suspended: `FREEZES`, or else 3.
fn freezes() -> usize {
    std::env::var("FREEZES").map_or(3, |count| count.parse().expect("FREEZES must be a number"))
}

/// The owner is suspended while it recovers from an unconfirmed commit. When it resumes, another
/// process owns the shard.
#[test]
fn an_owner_suspended_in_recovery_checks_its_lease_before_it_fences() {
    let deployment = Deployment::new("doubt", "exactly_once");
    deployment.produce(1_500);
    let points = "abort-transaction=4*off->1*return->off;in-doubt=sleep(8000)";
    let (owner, standby) = start_pair(&deployment, points);
    owner.says("recovering");
    owner.freeze();
    standby.says("phase=running");
    let before = deployment.moves_on(0, &standby);
    deployment.produce(1_000);
    owner.thaw();
    owner.says("phase=standby");
    deployment.moves_on(before, &standby);
    assert!(!standby.log().contains("fenced"), "the new owner was fenced:\n{}", standby.log());
    deployment.is_through(&standby);
    owner.stops();
    standby.stops();
    deployment.holds();
}

#[test]
fn starting_and_stopping_standbys_moves_no_lease() {
    let deployment = Deployment::with("standbys", "exactly_once", &[PATIENT]);
    deployment.produce(600);
    let owner = deployment.start("", &[]);
    owner.says("phase=running");
    for round in 0..5 {
        let standby = deployment.start("", &[]);
        standby.says("phase=standby");
        deployment.produce(150);
        if round % 2 == 0 { standby.stops() } else { standby.kill() }
    }
    deployment.is_through(&owner);
    let log = owner.log();
    assert_eq!(owner.times("now owns shard"), 1, "{log}");
    assert!(!log.contains("lease lost") && !log.contains("given back"), "{log}");
    owner.stops();
    deployment.holds();
}

/// The pipeline hangs while the lease thread keeps the lease. The process ends itself, so that the
/// standby takes over.
#[test]
fn an_owner_whose_pipeline_hangs_exits_and_the_standby_takes_over() {
    let deployment = Deployment::new("hangs", "exactly_once");
    deployment.produce(300);
    let (owner, standby) = start_pair(&deployment, "mid-apply=150*off->sleep(600000)");
    let (ended, log) = owner.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("pipeline stalled; exiting"), "{log}");
    standby.says("phase=running");
    deployment.is_through(&standby);
    standby.stops();
    deployment.holds();
}

/// The owner is killed, the standby takes over, and a new standby starts; four times.
#[test]
fn standbys_take_over_from_killed_owners() {
    let deployment = Deployment::new("heirs", "exactly_once");
    deployment.produce(400);
    let (mut owner, mut standby) = start_pair(&deployment, SLOW);
    let mut before = 0;
    for _ in 0..4 {
        deployment.produce(900);
        before = deployment.moves_on(before, &owner);
        owner.kill();
        assert!(deployment.answered() < deployment.made(), "no work is in flight");
        standby.says("phase=running");
        owner = standby;
        standby = deployment.start(SLOW, &[]);
        standby.says("phase=standby");
    }
    deployment.is_through(&owner);
    standby.stops();
    owner.stops();
    deployment.holds();
}
