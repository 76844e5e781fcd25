//! A cluster of three brokers that are killed one at a time, then all at once. Each kill and each
//! restart moves partition leaders and coordinators.

use crate::daemon::Daemon;
use crate::deployment::{Deployment, SLOW, admin, eventually};
use crate::nodes;
use crate::telemetry::{ANY_PORT, get};
use std::time::Duration;

const NODES: std::ops::RangeInclusive<u32> = 1..=3;

/// Waits until all three brokers are up and every replica is in sync.
fn wait_in_sync() {
    let admin = admin();
    let in_sync = eventually(|| {
        let all = admin.inner().fetch_metadata(None, Duration::from_secs(5)).ok()?;
        let partitions = all.topics().iter().flat_map(|topic| topic.partitions());
        let mut behind =
            partitions.filter(|p| p.leader() < 0 || p.isr().len() < p.replicas().len());
        (all.brokers().len() == 3 && behind.next().is_none()).then_some(())
    });
    assert!(in_sync.is_some(), "not all replicas are in sync");
}

/// A deployment with one daemon. Several such deployments share the brokers.
struct Shared {
    deployment: Deployment,
    daemon: Daemon,
    /// Number of input items classified or rejected at the last check of progress.
    answered: usize,
}

impl Shared {
    fn new(delivery: &str) -> Self {
        let deployment = Deployment::new("cluster", delivery);
        deployment.produce(300);
        let daemon = deployment.start(SLOW, ANY_PORT);
        Self { deployment, daemon, answered: 0 }
    }

    /// Writes more input and waits for progress.
    fn makes_progress(&mut self) {
        self.deployment.produce(400);
        self.answered = self.deployment.moves_on(self.answered, &self.daemon);
    }

    /// Waits until the daemon reports that it is alive but not ready.
    fn is_not_ready(&self) {
        let ready = || get(&self.daemon, "/readyz").is_some();
        let unready = eventually(|| (!ready()).then_some(()));
        assert!(unready.is_some(), "/readyz still says ready:\n{}", self.daemon.log());
        let live = eventually(|| get(&self.daemon, "/livez"));
        assert!(live.is_some(), "/livez does not say live:\n{}", self.daemon.log());
    }

    fn work_is_in_flight(&self) {
        assert!(self.deployment.answered() < self.deployment.made(), "no work is in flight");
    }
}

#[test]
fn brokers_killed_one_at_a_time_and_all_at_once_lose_and_repeat_nothing() {
    let mut all = [Shared::new("exactly_once"), Shared::new("at_least_once")];
    for node in NODES {
        wait_in_sync();
        all.iter_mut().for_each(Shared::makes_progress);
        nodes::kill(node);
        all.iter().for_each(Shared::work_is_in_flight);
        all.iter_mut().for_each(Shared::makes_progress);
        nodes::start(node);
    }
    wait_in_sync();
    all.iter_mut().for_each(Shared::makes_progress);
    NODES.for_each(nodes::kill);
    all.iter().for_each(Shared::work_is_in_flight);
    all.iter().for_each(Shared::is_not_ready);
    NODES.for_each(nodes::start);
    wait_in_sync();
    all.iter_mut().for_each(Shared::makes_progress);
    for Shared { deployment, daemon, .. } in all {
        deployment.is_through(&daemon);
        daemon.stops();
        deployment.holds();
    }
}
