//! Brokers that are killed the moment they have acknowledged a commit, before they have ended the
//! transaction in every partition. They are the suite's own: `tests/broker/run` runs these tests alone.
//!
//! `CRASHES` says how often each test kills them.

use crate::daemon::Daemon;
use crate::deployment::Deployment;
use crate::nodes;
use std::ops::RangeInclusive;

/// Records for each crash: more than are through when it comes.
const RECORDS: usize = 1_250;

fn crashes() -> usize {
    std::env::var("CRASHES").map_or(2, |count| count.parse().expect("CRASHES is a number"))
}

fn nodes() -> RangeInclusive<u32> {
    let bootstrap = crate::deployment::bootstrap();
    1..=bootstrap.split(',').count() as u32
}

/// The failpoint that kills all brokers after a commit, the `after`-th of the process.
fn kills(after: usize) -> String {
    let files: Vec<String> = nodes().map(nodes::pid_file).collect();
    format!("commit-acknowledged={after}*off->1*return({})->off", files.join(","))
}

/// Waits until the brokers are killed, and starts them again.
fn restarts(daemon: &Daemon) {
    daemon.says("failpoint commit-acknowledged");
    nodes().for_each(nodes::is_gone);
    nodes().for_each(nodes::start);
}

/// Starts processes that each live until the brokers have crashed under them once.
fn crash_again_and_again(name: &str, mut dies: impl FnMut(&Deployment, Daemon, usize)) {
    let deployment = Deployment::new(name, "exactly_once");
    let mut before = 0;
    for crash in 0..crashes() {
        deployment.produce(RECORDS);
        let daemon = deployment.start(&kills(2 + crash % 5), &[]);
        restarts(&daemon);
        dies(&deployment, daemon, before);
        let next = deployment.start("", &[]);
        before = deployment.moves_on(before, &next);
        deployment.is_through(&next);
        next.stops();
    }
    deployment.ends_well();
}

#[test]
fn the_daemon_lives_on() {
    crash_again_and_again("crash-alone", |deployment, daemon, before| {
        deployment.moves_on(before, &daemon);
        daemon.stops();
    });
}

#[test]
fn the_daemon_is_killed_too() {
    crash_again_and_again("crash-both", |_, daemon, _| daemon.kill());
}

#[test]
fn a_standby_takes_over() {
    let deployment = Deployment::new("crash-standby", "exactly_once");
    for crash in 1..=crashes() {
        let owner = deployment.start(&kills(2 + crash % 5), &[]);
        owner.says("Running");
        let standby = deployment.start("", &[]);
        standby.says("Standby");
        deployment.produce(RECORDS);
        restarts(&owner);
        if crash % 2 == 0 {
            owner.kill();
            standby.says("Running");
            deployment.is_through(&standby);
        } else {
            // Whichever of them owns the shard now.
            deployment.is_through(&owner);
            owner.kill();
        }
        standby.kill();
    }
    deployment.ends_well();
}
