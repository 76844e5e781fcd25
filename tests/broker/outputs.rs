//! Tests output topics that do not accept records, because of size limits, deletion or missing
//! permissions.

use crate::deployment::{Deployment, PATIENCE, bootstrap};
use crate::outside::{Isolation, java};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sha2::{Digest, Sha256};
use wirefold::daemon::pipeline::broker::Role;

/// Writes a record that cannot be decoded and is larger than the reject topic accepts.
fn write_garbage(deployment: &Deployment, payload: &[u8]) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap();
    let topic = deployment.topic("articles");
    let record = BaseRecord::to(&topic).partition(1).key("garbage").payload(payload);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    deployment.wrote(1);
}

#[test]
fn a_payload_too_large_for_the_reject_topic_is_cut_and_identified_by_its_digest() {
    let deployment = Deployment::new("small", "exactly_once");
    assert!(deployment.makes("rejected", 2, &[("max.message.bytes", "1500")]));
    deployment.produce(60);
    let garbage: Vec<u8> = (0..5_000u32).map(|n| (n * n % 251) as u8 | 128).collect();
    write_garbage(&deployment, &garbage);
    let mut rules = deployment.rules();
    rules.reject_bytes_max = 1_500;
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds_to(&rules);
    let found = deployment.found(Isolation::Committed);
    let rejected = &found.outputs[&Role::Rejected];
    let cut = rejected.iter().find(|r| r.key() == "garbage").unwrap();
    let digest: String = Sha256::digest(&garbage).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(cut.header("wirefold-reject-sha256"), digest);
    assert_eq!(cut.header("wirefold-reject-length"), "5000");
    let kept = cut.value.as_deref().unwrap();
    assert!(kept.len() > 500 && garbage.starts_with(kept), "the first bytes must be kept");
}

/// The daemon ends instead of skipping records. The next daemon creates the topic again.
#[test]
fn an_output_topic_that_is_deleted_ends_the_daemon() {
    for name in ["rejected", "stories"] {
        let deployment = Deployment::new("deleted", "exactly_once");
        let daemon = deployment.start("", &[]);
        daemon.says("phase=running");
        deployment.deletes(name);
        deployment.produce(200);
        let (ended, log) = daemon.ends();
        assert_eq!(ended.code(), Some(1), "{log}");
        let message = format!("topic `{}` was deleted at {}", deployment.topic(name), bootstrap());
        assert!(log.contains(&message), "{message}:\n{log}");
        assert_eq!(deployment.answered(), 0, "nothing may be committed without all outputs");
        let daemon = deployment.start("", &[]);
        deployment.recounts();
        deployment.is_through(&daemon);
        daemon.stops();
        deployment.holds();
    }
}

/// The state is lost, so a person must decide what to do.
#[test]
fn a_changelog_that_is_deleted_ends_the_daemon() {
    let deployment = Deployment::new("deleted-state", "exactly_once");
    deployment.produce(20);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    deployment.deletes("state");
    let (ended, log) = daemon.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    let message = format!("topic `{}` was deleted", deployment.topic("state"));
    assert!(log.contains(&message) && log.contains("without state"), "{message}:\n{log}");
}

/// Record batches stay below the size limits of all topics. If a limit is lowered, the daemon reads
/// the limits again.
#[test]
fn size_limits_below_a_megabyte_do_not_stop_the_daemon() {
    let large = ["batch.records_max=1000"];
    let deployment = Deployment::with("limits", "exactly_once", &large);
    let names = [("events", 2), ("stories", 2), ("unique", 2), ("rejected", 2)];
    for (name, partitions) in names {
        assert!(deployment.makes(name, partitions, &[("max.message.bytes", "200000")]));
    }
    let compacted = [("max.message.bytes", "200000"), ("cleanup.policy", "compact")];
    assert!(deployment.makes("state", 1, &compacted));
    deployment.produce(4_000);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    assert!(!daemon.log().contains("recovering"), "{}", daemon.log());
    for (name, _) in names {
        deployment.limits(name, 20_000);
    }
    deployment.produce(2_000);
    deployment.is_through(&daemon);
    assert!(daemon.log().contains("read the size limits of the topics again"), "{}", daemon.log());
    daemon.stops();
    deployment.holds();
}

#[test]
fn a_missing_write_permission_on_the_reject_topic_stops_the_daemon() {
    let deployment = Deployment::new("rights", "exactly_once");
    deployment.produce(20);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    let topic = deployment.topic("rejected");
    java("Rights", &["refuse", "User:*", "WRITE", "TOPIC", &topic]);
    deployment.produce(80);
    let (ended, log) = daemon.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    let last = log.lines().last().unwrap();
    assert!(
        last.contains(&topic) && last.contains("uthoriz"),
        "the last line must name the topic and the reason:\n{log}"
    );
    java("Rights", &["allow", "User:*", "WRITE", "TOPIC", &topic]);
    deployment.ends_well();
}
