//! The cleaner at work on the changelog: memory restored from a cleaned log, and while it is cleaned,
//! equals the memory that wrote it.

use crate::deployment::{Deployment, admin, block, eventually};
use crate::outside::{self, Isolation};
use rdkafka::admin::{AdminOptions, AlterConfig, ResourceSpecifier};

/// A changelog of small segments; the cleaner works on it when so much of it is dirty.
fn config(dirty: &str) -> [(&'static str, String); 5] {
    [
        ("cleanup.policy", "compact".into()),
        ("segment.bytes", "1048576".into()),
        ("min.cleanable.dirty.ratio", dirty.into()),
        ("min.compaction.lag.ms", "0".into()),
        ("delete.retention.ms", "1000".into()),
    ]
}

fn cleans(deployment: &Deployment, dirty: &str) {
    let (topic, config) = (deployment.topic("state"), config(dirty));
    let mut altered = AlterConfig::new(ResourceSpecifier::Topic(&topic));
    for (key, value) in &config {
        altered = altered.set(key, value);
    }
    block(admin().alter_configs([&altered], &AdminOptions::new())).unwrap();
}

/// How many positions lie in the changelog: one for every batch, less those that were cleaned away.
fn positions(deployment: &Deployment) -> usize {
    let topic = deployment.topic("state");
    let state = outside::read(&[&topic], Isolation::Committed).remove(0);
    state.iter().filter(|record| record.key() == "pos").count()
}

#[test]
fn memory_restored_from_a_cleaned_log_and_in_the_middle_of_a_pass() {
    let deployment = Deployment::new("cleaned", "exactly_once");
    let config = config("1.0");
    let config: Vec<(&str, &str)> = config.iter().map(|(key, value)| (*key, &**value)).collect();
    assert!(deployment.makes("state", 1, &config));
    for _ in 0..2 {
        deployment.produce(2_500);
        let daemon = deployment.start("", &[]);
        deployment.is_through(&daemon);
        daemon.kill();
        let dirty = positions(&deployment);
        let daemon = deployment.start("mid-restore=sleep(2)", &[]);
        daemon.says("Restoring");
        cleans(&deployment, "0.01");
        let cleaned = eventually(|| (positions(&deployment) < dirty).then_some(()));
        assert!(cleaned.is_some(), "the cleaner passed: {dirty} positions remain");
        assert_eq!(daemon.times("restored"), 0, "and it passed in mid-restore");
        daemon.says("Running");
        deployment.produce(200);
        deployment.is_through(&daemon);
        daemon.kill();
        cleans(&deployment, "1.0");
    }
    let verdict = deployment.ends_well();
    let left = positions(&deployment);
    assert!(left < verdict.batches / 2, "{left} positions of {} batches", verdict.batches);
}
