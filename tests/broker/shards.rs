//! Several shards, in one process and over several, of which one dies.

use crate::deployment::{Deployment, broken, eventually};
use crate::published::{await_answers, read};
use std::collections::{BTreeMap, BTreeSet};

const SHARDS: &str = "shards=[{partitions=[1]},{name='rest'},{name='own',providers=['agency0']}]";

#[test]
fn shards_spread_over_processes_and_outlive_them() {
    let deployment = Deployment::new("shards", "exactly_once");
    deployment.produce(300);
    let first = deployment.start("", &[SHARDS]);
    await_answers(&deployment, 300, || first.log());
    let second = deployment.start("", &[SHARDS]);
    let moved = eventually(|| second.log().contains("lease granted").then_some(()));
    assert!(moved.is_some(), "a second process gets a shard:\n{}", second.log());
    deployment.produce(400);
    first.kill();
    await_answers(&deployment, 700, || second.log());
    assert!(second.stop().success());

    let events = read(&deployment.topic("events"));
    let ids: BTreeSet<&str> = events.iter().map(|e| e.header("ce_id")).collect();
    assert_eq!(ids.len(), events.len(), "ids are unique over shards");
    let classified = events.iter().filter(|e| e.header("ce_type").contains("classified"));
    let mut articles: BTreeMap<&str, usize> = BTreeMap::new();
    classified.for_each(|e| *articles.entry(e.header("ce_subject")).or_default() += 1);
    assert_eq!(articles.len(), 700 - broken(700), "each article is classified");
    assert!(articles.values().all(|count| *count == 1), "by one shard");
    assert_eq!(read(&deployment.topic("rejected")).len(), broken(700));

    let other = deployment.start("", &["shards=[{partitions=[2]},{name='rest'},{partitions=[1]}]"]);
    await_answers(&deployment, 700, || other.log());
    deployment.produce(100);
    await_answers(&deployment, 800, || other.log());
    assert!(other.stop().success(), "another map, all at the same positions");
}
