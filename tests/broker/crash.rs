//! Kills brokers right after they acknowledged a commit, before they have written the commit
//! markers to every partition. `tests/broker/run` runs these tests one at a time, on separate
//! brokers.
//!
//! `CRASHES` sets how many times each test kills the brokers (2 by default).

use crate::daemon::Daemon;
use crate::deployment::Deployment;
use crate::nodes;
use std::ops::RangeInclusive;

/// Number of new records for each crash: more than are processed by the time of the crash.
const RECORDS: usize = 1_250;

fn crashes() -> usize {
    std::env::var("CRASHES").map_or(2, |count| count.parse().expect("CRASHES must be a number"))
}

fn nodes() -> RangeInclusive<u32> {
    let bootstrap = crate::deployment::bootstrap();
    1..=bootstrap.split(',').count() as u32
}

/// The configuration of a failpoint that skips `after` commits of the process and kills all brokers
/// right after the next one.
fn kill_failpoint(after: usize) -> String {
    let files: Vec<String> = nodes().map(nodes::pid_file).collect();
    format!("commit-acknowledged={after}*off->1*return({})->off", files.join(","))
}

/// Waits until the brokers have been killed, and starts them again.
fn restart_killed(daemon: &Daemon) {
    daemon.says("failpoint commit-acknowledged");
    nodes().for_each(nodes::is_gone);
    nodes().for_each(nodes::start);
}

/// Runs one process per crash of the brokers. `after_crash` gets the process and the number of
/// items that were classified or rejected before the crash, and ends the process.
fn crash_repeatedly(name: &str, mut after_crash: impl FnMut(&Deployment, Daemon, usize)) {
    let deployment = Deployment::new(name, "exactly_once");
    let mut before = 0;
    for crash in 0..crashes() {
        deployment.produce(RECORDS);
        let daemon = deployment.start(&kill_failpoint(2 + crash % 5), &[]);
        restart_killed(&daemon);
        after_crash(&deployment, daemon, before);
        let next = deployment.start("", &[]);
        before = deployment.moves_on(before, &next);
        deployment.is_through(&next);
        next.stops();
    }
    deployment.ends_well();
}

#[test]
fn a_daemon_outlives_brokers_killed_after_a_commit() {
    crash_repeatedly("crash-alone", |deployment, daemon, before| {
        deployment.moves_on(before, &daemon);
        daemon.stops();
    });
}

#[test]
fn a_daemon_killed_with_its_brokers_leaves_a_consistent_log() {
    crash_repeatedly("crash-both", |_, daemon, _| daemon.kill());
}

#[test]
fn a_standby_takes_over_after_the_brokers_were_killed() {
    let deployment = Deployment::new("crash-standby", "exactly_once");
    for crash in 1..=crashes() {
        let owner = deployment.start(&kill_failpoint(2 + crash % 5), &[]);
        owner.says("phase=running");
        let standby = deployment.start("", &[]);
        standby.says("phase=standby");
        deployment.produce(RECORDS);
        restart_killed(&owner);
        if crash % 2 == 0 {
            owner.kill();
            standby.says("phase=running");
            deployment.is_through(&standby);
        } else {
            // Either process may own the shard now.
            deployment.is_through(&owner);
            owner.kill();
        }
        standby.kill();
    }
    deployment.ends_well();
}
