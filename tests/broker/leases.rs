//! Two processes and one shard: whoever is not the owner writes nothing.

use crate::daemon::Daemon;
use crate::deployment::{Deployment, PATIENT, SLOW, tally};

/// Two processes of one deployment, the first of which owns the shard.
fn pair(deployment: &Deployment, points: &str) -> (Daemon, Daemon) {
    let owner = deployment.start(points, &[]);
    owner.says("Running");
    let standby = deployment.start(SLOW, &[]);
    standby.says("Standby");
    (owner, standby)
}

#[test]
fn a_frozen_owner_is_fenced_and_never_fences_back() {
    let deployment =
        Deployment::with("zombie", "exactly_once", &["kafka.transaction.timeout.ms=2500"]);
    deployment.produce(400);
    let (mut owner, mut standby) = pair(&deployment, SLOW);
    let mut before = 0;
    for _ in 0..4 {
        deployment.produce(1_200);
        before = deployment.moves_on(before, &owner);
        let (runs, rests) = (standby.times("Running"), owner.times("Standby"));
        let fenced = standby.times("fenced");
        owner.freeze();
        standby.says_again("Running", runs + 1);
        before = deployment.moves_on(deployment.answered().max(before), &standby);
        deployment.produce(600);
        owner.thaw();
        owner.says_again("Standby", rests + 1);
        assert!(deployment.answered() < deployment.made(), "work was in flight");
        assert_eq!(standby.times("fenced"), fenced, "fenced back:\n{}", standby.log());
        (owner, standby) = (standby, owner);
        tally("freezes", 1);
    }
    deployment.is_through(&owner);
    standby.stops();
    owner.stops();
    deployment.holds();
}

/// Without transactions nobody fences the one that wakes: what it writes on is void.
#[test]
fn a_frozen_owner_without_transactions_costs_nothing() {
    let deployment = Deployment::new("zombie-twice", "at_least_once");
    deployment.produce(400);
    let (mut owner, mut standby) = pair(&deployment, SLOW);
    let mut before = 0;
    for _ in 0..freezes() {
        deployment.produce(900);
        before = deployment.moves_on(before, &owner);
        let (runs, rests) = (standby.times("Running"), owner.times("Standby"));
        owner.freeze();
        standby.says_again("Running", runs + 1);
        before = deployment.moves_on(deployment.answered().max(before), &standby);
        owner.thaw();
        owner.says_again("Standby", rests + 1);
        (owner, standby) = (standby, owner);
        tally("freezes", 1);
    }
    deployment.is_through(&owner);
    standby.stops();
    owner.stops();
    deployment.ends_well();
}

/// How often an owner is frozen: `FREEZES`, or a few times.
fn freezes() -> usize {
    std::env::var("FREEZES").map_or(3, |count| count.parse().expect("FREEZES is a number"))
}

/// The process is stopped while it recovers from doubt, and finds another owner when it wakes.
#[test]
fn an_owner_frozen_in_doubt_asks_before_it_fences() {
    let deployment = Deployment::new("doubt", "exactly_once");
    deployment.produce(1_500);
    let points = "abort-transaction=4*off->1*return->off;in-doubt=sleep(8000)";
    let (owner, standby) = pair(&deployment, points);
    owner.says("recovering");
    owner.freeze();
    standby.says("Running");
    let before = deployment.moves_on(0, &standby);
    deployment.produce(1_000);
    owner.thaw();
    owner.says("Standby");
    deployment.moves_on(before, &standby);
    assert!(!standby.log().contains("fenced"), "fenced back:\n{}", standby.log());
    deployment.is_through(&standby);
    owner.stops();
    standby.stops();
    deployment.holds();
}

#[test]
fn standbys_that_come_and_go_move_no_lease() {
    let deployment = Deployment::with("standbys", "exactly_once", &[PATIENT]);
    deployment.produce(600);
    let owner = deployment.start("", &[]);
    owner.says("Running");
    for round in 0..5 {
        let standby = deployment.start("", &[]);
        standby.says("Standby");
        deployment.produce(150);
        if round % 2 == 0 { standby.stops() } else { standby.kill() }
    }
    deployment.is_through(&owner);
    let log = owner.log();
    assert_eq!(owner.times("lease granted"), 1, "{log}");
    assert!(!log.contains("lease lost") && !log.contains("given back"), "{log}");
    owner.stops();
    deployment.holds();
}

/// A pipeline hangs while the lease thread keeps its lease alive: the process ends itself.
#[test]
fn an_owner_whose_pipeline_hangs_makes_way() {
    let deployment = Deployment::new("hangs", "exactly_once");
    deployment.produce(300);
    let (owner, standby) = pair(&deployment, "mid-apply=150*off->sleep(600000)");
    let (ended, log) = owner.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("a pipeline hangs: ending the process"), "{log}");
    standby.says("Running");
    deployment.is_through(&standby);
    standby.stops();
    deployment.holds();
}

/// The owner dies and the standby goes on, in turns.
#[test]
fn standbys_take_over_from_the_dead() {
    let deployment = Deployment::new("heirs", "exactly_once");
    deployment.produce(400);
    let (mut owner, mut standby) = pair(&deployment, SLOW);
    let mut before = 0;
    for _ in 0..4 {
        deployment.produce(900);
        before = deployment.moves_on(before, &owner);
        owner.kill();
        assert!(deployment.answered() < deployment.made(), "work was in flight");
        standby.says("Running");
        owner = standby;
        standby = deployment.start(SLOW, &[]);
        standby.says("Standby");
    }
    deployment.is_through(&owner);
    standby.stops();
    owner.stops();
    deployment.holds();
}
