//! Three brokers, of which one after another dies, and then all at once. Every death moves leaders
//! and coordinators, and so does every return.

use crate::daemon::Daemon;
use crate::deployment::{Deployment, SLOW, admin, eventually};
use crate::nodes;
use crate::telemetry::{ANY_PORT, get};
use std::time::Duration;

const NODES: std::ops::RangeInclusive<u32> = 1..=3;

/// Waits until every replica of every partition is in step.
fn in_step() {
    let admin = admin();
    let whole = eventually(|| {
        let all = admin.inner().fetch_metadata(None, Duration::from_secs(5)).ok()?;
        let partitions = all.topics().iter().flat_map(|topic| topic.partitions());
        let mut behind =
            partitions.filter(|p| p.leader() < 0 || p.isr().len() < p.replicas().len());
        (all.brokers().len() == 3 && behind.next().is_none()).then_some(())
    });
    assert!(whole.is_some(), "the brokers are in step again");
}

/// One deployment of several that share the brokers.
struct Shared {
    deployment: Deployment,
    daemon: Daemon,
    before: usize,
}

impl Shared {
    fn new(delivery: &str) -> Self {
        let deployment = Deployment::new("cluster", delivery);
        deployment.produce(300);
        let daemon = deployment.start(SLOW, ANY_PORT);
        Self { deployment, daemon, before: 0 }
    }

    fn works(&mut self) {
        self.deployment.produce(400);
        self.before = self.deployment.moves_on(self.before, &self.daemon);
    }

    /// Without a broker it lives, and says that it is not ready.
    fn is_not_ready(&self) {
        let ready = || get(&self.daemon, "/readyz").is_some();
        let said = eventually(|| (!ready()).then_some(()));
        assert!(said.is_some(), "it says that it is ready:\n{}", self.daemon.log());
        let lives = eventually(|| get(&self.daemon, "/livez"));
        assert!(lives.is_some(), "it lives:\n{}", self.daemon.log());
    }

    fn work_is_in_flight(&self) {
        assert!(self.deployment.answered() < self.deployment.made(), "work was in flight");
    }
}

#[test]
fn brokers_die_one_at_a_time_and_all_at_once() {
    let mut all = [Shared::new("exactly_once"), Shared::new("at_least_once")];
    for node in NODES {
        in_step();
        all.iter_mut().for_each(Shared::works);
        nodes::kill(node);
        all.iter().for_each(Shared::work_is_in_flight);
        all.iter_mut().for_each(Shared::works);
        nodes::start(node);
    }
    in_step();
    all.iter_mut().for_each(Shared::works);
    NODES.for_each(nodes::kill);
    all.iter().for_each(Shared::work_is_in_flight);
    all.iter().for_each(Shared::is_not_ready);
    NODES.for_each(nodes::start);
    in_step();
    all.iter_mut().for_each(Shared::works);
    for Shared { deployment, daemon, .. } in all {
        deployment.is_through(&daemon);
        daemon.stops();
        deployment.holds();
    }
}
