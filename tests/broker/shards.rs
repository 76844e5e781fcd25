//! Tests several shards in one process, and spread over several processes that are killed.

use crate::deployment::{Deployment, PATIENT, SLOW, eventually};

const SHARDS: &str = "shards=[{partitions=[1]},{name='rest'},{name='own',providers=['agency0']}]";

#[test]
fn shards_spread_over_processes_and_move_when_one_is_killed() {
    let deployment = Deployment::with("shards", "exactly_once", &[SHARDS]);
    deployment.produce(900);
    let mut first = deployment.start(SLOW, &[]);
    first.says("phase=running");
    let mut before = 0;
    for _ in 0..4 {
        let second = deployment.start(SLOW, &[]);
        second.says("now owns shard");
        deployment.produce(900);
        before = deployment.moves_on(before, &second);
        first.kill();
        assert!(deployment.answered() < deployment.made(), "no work is in flight");
        first = second;
    }
    deployment.is_through(&first);
    first.stops();
    deployment.holds();
}

/// Another producer uses the transactional id of one shard's writer. The group still assigns the
/// shard to this process, so the process recovers and keeps it. The other shards are not affected.
#[test]
fn a_fenced_shard_recovers_without_disturbing_the_others() {
    let deployment = Deployment::with("fenced", "exactly_once", &[SHARDS, PATIENT]);
    deployment.produce(900);
    let daemon = deployment.start(SLOW, &[]);
    let mut before = deployment.moves_on(0, &daemon);
    daemon.says_again("phase=running", 3);
    for _ in 0..4 {
        // Wait until all shards run again: the other producer may fence twice, because its call is
        // retried while the broker ends the fenced transaction, and a fence during a takeover has
        // no effect.
        let runs = || daemon.times("phase=running") == 3 + daemon.times("phase=recovering");
        assert!(eventually(|| runs().then_some(())).is_some(), "{}", daemon.log());
        let fenced = daemon.times("fenced; checking");
        deployment.produce(900);
        let _fencing = deployment.transactional("0");
        // The writer only notices at its next commit that it is fenced, so write more input.
        deployment.produce(900);
        daemon.says_again("fenced; checking", fenced + 1);
        before = deployment.moves_on(before, &daemon);
    }
    deployment.is_through(&daemon);
    let log = daemon.log();
    assert!(daemon.times("fenced; checking") >= 4, "{log}");
    let disturbed = daemon.times("phase=recovering") - daemon.times("shard=0 phase=recovering");
    assert_eq!(disturbed, 0, "{log}");
    assert_eq!(daemon.times("now owns shard"), 3, "{log}");
    assert!(!log.contains("lease lost") && !log.contains("given back"), "{log}");
    daemon.stops();
    deployment.holds();
}

#[test]
fn a_new_shard_map_is_accepted_once_the_input_is_processed() {
    let deployment = Deployment::new("maps", "exactly_once");
    let maps = [SHARDS, "shards=[{partitions=[2]},{name='rest'},{partitions=[1]}]"];
    for map in maps {
        deployment.produce(400);
        let daemon = deployment.start("", &[map]);
        daemon.says_again("phase=running", 3);
        deployment.is_through(&daemon);
        daemon.stops();
    }
    assert_eq!(deployment.answered(), deployment.made());
}

/// A new process joins and gets a shard whose owner is in the middle of a batch. The owner dies
/// while it gives the shard back.
#[test]
fn a_shard_whose_owner_dies_while_giving_it_back_is_taken_over() {
    let deployment = Deployment::with("revoked", "exactly_once", &[SHARDS]);
    let mut before = 0;
    for _ in 0..3 {
        // More records than the owner can process while its successor starts, even on a busy
        // machine.
        deployment.produce(3_000);
        let owner = deployment.start(&format!("{SLOW};revoke=return"), &[]);
        owner.says_again("phase=running", 3);
        before = deployment.moves_on(before, &owner);
        let successor = deployment.start(SLOW, &[]);
        owner.dies_at("revoke");
        assert!(deployment.answered() < deployment.made(), "no work is in flight");
        before = deployment.moves_on(before, &successor);
        successor.kill();
    }
    deployment.ends_well();
}
