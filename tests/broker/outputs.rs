//! A reject topic that refuses: too small, deleted, forbidden.

use crate::deployment::{Deployment, PATIENCE, bootstrap, eventually};
use crate::outside::{Isolation, java};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use sha2::{Digest, Sha256};
use wirefold::daemon::pipeline::broker::Role;

/// Writes a record that nothing can read and that is larger than the reject topic takes.
fn writes_garbage(deployment: &Deployment, payload: &[u8]) {
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap();
    let topic = deployment.topic("articles");
    let record = BaseRecord::to(&topic).partition(1).key("garbage").payload(payload);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    deployment.wrote(1);
}

#[test]
fn what_the_reject_topic_cannot_hold_is_named_by_its_digest() {
    let deployment = Deployment::new("small", "exactly_once");
    assert!(deployment.makes("rejected", 2, &[("max.message.bytes", "1500")]));
    deployment.produce(60);
    let garbage: Vec<u8> = (0..5_000u32).map(|n| (n * n % 251) as u8 | 128).collect();
    writes_garbage(&deployment, &garbage);
    let mut rules = deployment.rules();
    rules.reject_bytes_max = 1_500;
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds_to(&rules);
    let found = deployment.found(Isolation::Committed);
    let rejected = &found.outputs[&Role::Rejected];
    let short = rejected.iter().find(|r| r.key() == "garbage").unwrap();
    let digest: String = Sha256::digest(&garbage).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(short.header("wirefold-reject-sha256"), digest);
    assert_eq!(short.header("wirefold-reject-length"), "5000");
    let kept = short.value.as_deref().unwrap();
    assert!(kept.len() > 500 && garbage.starts_with(kept), "the first bytes are kept");
}

/// Nothing is passed over: what cannot be refused waits until the topic is there again.
#[test]
fn a_reject_topic_that_is_deleted_holds_everything_up() {
    let deployment = Deployment::new("deleted", "exactly_once");
    let daemon = deployment.start("", &[]);
    daemon.says("Running");
    deployment.deletes("rejected");
    deployment.produce(200);
    daemon.says("recovering");
    assert_eq!(deployment.answered(), 0, "nothing is committed without its rejects");
    let made = eventually(|| deployment.makes("rejected", 2, &[]).then_some(()));
    assert!(made.is_some(), "the topic was made anew");
    let daemon = match daemon.if_running() {
        Some(daemon) => daemon,
        None => deployment.start("", &[]),
    };
    deployment.reads_anew();
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds();
}

#[test]
fn a_reject_topic_that_may_not_be_written_stops_the_daemon() {
    let deployment = Deployment::new("rights", "exactly_once");
    deployment.produce(20);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    let topic = deployment.topic("rejected");
    java("Rights", &["refuse", &topic]);
    deployment.produce(80);
    let (ended, log) = daemon.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("rejected") && log.contains("uthoriz"), "it says what and why:\n{log}");
    java("Rights", &["allow", &topic]);
    deployment.ends_well();
}
