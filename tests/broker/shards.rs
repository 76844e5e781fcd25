//! Several shards, in one process and over several, of which one dies.

use crate::deployment::{Deployment, PATIENT, SLOW, eventually};

const SHARDS: &str = "shards=[{partitions=[1]},{name='rest'},{name='own',providers=['agency0']}]";

#[test]
fn shards_spread_over_processes_and_outlive_them() {
    let deployment = Deployment::with("shards", "exactly_once", &[SHARDS]);
    deployment.produce(900);
    let mut first = deployment.start(SLOW, &[]);
    first.says("Running");
    let mut before = 0;
    for _ in 0..4 {
        let second = deployment.start(SLOW, &[]);
        second.says("lease granted");
        deployment.produce(900);
        before = deployment.moves_on(before, &second);
        first.kill();
        assert!(deployment.answered() < deployment.made(), "work was in flight");
        first = second;
    }
    deployment.is_through(&first);
    first.stops();
    deployment.holds();
}

/// A stranger takes the name of one shard's writer. The group still says whose the shard is, so it is
/// taken over anew, and no other shard is disturbed.
#[test]
fn a_shard_that_is_fenced_is_taken_over_alone() {
    let deployment = Deployment::with("fenced", "exactly_once", &[SHARDS, PATIENT]);
    deployment.produce(900);
    let daemon = deployment.start(SLOW, &[]);
    let mut before = deployment.moves_on(0, &daemon);
    daemon.says_again("Running", 3);
    for _ in 0..4 {
        // A stranger may fence twice: its call is repeated while the broker ends its victim's
        // transaction. One that comes while the shard is taken over fences nobody.
        let runs = || daemon.times("phase=Running") == 3 + daemon.times("phase=Recovering");
        assert!(eventually(|| runs().then_some(())).is_some(), "{}", daemon.log());
        let fenced = daemon.times("fenced: ");
        deployment.produce(900);
        let _stranger = deployment.transactional("0");
        // A writer learns that it is fenced when it commits: there is work for it now for sure.
        deployment.produce(900);
        daemon.says_again("fenced: ", fenced + 1);
        before = deployment.moves_on(before, &daemon);
    }
    deployment.is_through(&daemon);
    let log = daemon.log();
    assert!(daemon.times("fenced: ") >= 4, "{log}");
    let disturbed = daemon.times("phase=Recovering") - daemon.times("shard=0 phase=Recovering");
    assert_eq!(disturbed, 0, "{log}");
    assert_eq!(daemon.times("lease granted"), 3, "{log}");
    assert!(!log.contains("lease lost") && !log.contains("given back"), "{log}");
    daemon.stops();
    deployment.holds();
}

#[test]
fn another_map_is_taken_up_where_all_shards_stand_alike() {
    let deployment = Deployment::new("maps", "exactly_once");
    let maps = [SHARDS, "shards=[{partitions=[2]},{name='rest'},{partitions=[1]}]"];
    for map in maps {
        deployment.produce(400);
        let daemon = deployment.start("", &[map]);
        daemon.says_again("Running", 3);
        deployment.is_through(&daemon);
        daemon.stops();
    }
    assert_eq!(deployment.answered(), deployment.made());
}

/// A process that joins is given a shard in the middle of another's batch, and the other dies while
/// it lets go.
#[test]
fn an_owner_that_dies_while_it_gives_a_shard_back() {
    let deployment = Deployment::with("revoked", "exactly_once", &[SHARDS]);
    let mut before = 0;
    for _ in 0..3 {
        deployment.produce(900);
        let owner = deployment.start(&format!("{SLOW};revoke=return"), &[]);
        owner.says_again("Running", 3);
        before = deployment.moves_on(before, &owner);
        let heir = deployment.start(SLOW, &[]);
        owner.dies_at("revoke");
        assert!(deployment.answered() < deployment.made(), "work was in flight");
        before = deployment.moves_on(before, &heir);
        heir.kill();
    }
    deployment.ends_well();
}
