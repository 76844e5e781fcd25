//! Tests log compaction of the changelog: a state that is restored from a compacted changelog, or
//! while the broker compacts the changelog, must equal the state before the restart.

use crate::deployment::{Deployment, admin, block, eventually};
use crate::outside::{self, Isolation};
use rdkafka::admin::{AdminOptions, AlterConfig, ResourceSpecifier};

/// Topic settings for a changelog with small segments. The broker compacts it when the dirty ratio
/// exceeds `dirty`.
fn config(dirty: &str) -> [(&'static str, String); 5] {
    [
        ("cleanup.policy", "compact".into()),
        ("segment.bytes", "1048576".into()),
        ("min.cleanable.dirty.ratio", dirty.into()),
        ("min.compaction.lag.ms", "0".into()),
        ("delete.retention.ms", "1000".into()),
    ]
}

/// Sets the dirty ratio above which the broker compacts the changelog.
fn set_dirty_ratio(deployment: &Deployment, dirty: &str) {
    let (topic, config) = (deployment.topic("state"), config(dirty));
    let mut altered = AlterConfig::new(ResourceSpecifier::Topic(&topic));
    for (key, value) in &config {
        altered = altered.set(key, value);
    }
    block(admin().alter_configs([&altered], &AdminOptions::new())).unwrap();
}

/// Number of position records in the changelog: one per batch, minus those removed by compaction.
fn positions(deployment: &Deployment) -> usize {
    let topic = deployment.topic("state");
    let state = outside::read(&[&topic], Isolation::Committed).remove(0);
    state.iter().filter(|record| record.key() == "pos").count()
}

#[test]
fn state_restored_from_a_changelog_during_and_after_compaction_is_complete() {
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
        daemon.says("phase=restoring");
        set_dirty_ratio(&deployment, "0.01");
        let compacted = eventually(|| (positions(&deployment) < dirty).then_some(()));
        assert!(compacted.is_some(), "no compaction: {dirty} positions remain");
        assert_eq!(daemon.times("restored"), 0, "compaction must happen during the restore");
        daemon.says("phase=running");
        deployment.produce(200);
        deployment.is_through(&daemon);
        daemon.kill();
        set_dirty_ratio(&deployment, "1.0");
    }
    let verdict = deployment.ends_well();
    let (remaining, batches) = (positions(&deployment), verdict.batches);
    assert!(remaining < batches / 2, "{remaining} positions remain of {batches} batches");
}
