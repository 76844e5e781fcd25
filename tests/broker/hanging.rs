//! A transaction that hangs: its records lie in the log, the coordinator knows nothing of it, and so no
//! marker ever ends it. Readers of committed records stop before it, until a transaction of the same
//! producer ends there: as that one ends, so does what hangs. `Hanging.java` leaves one.

use crate::deployment::{Deployment, PATIENCE, SLOW, bootstrap};
use crate::outside::{Isolation, Record, java, read};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, Producer};

const OUTPUTS: [&str; 5] = ["events", "stories", "unique", "rejected", "state"];

/// Leaves a transaction of the first shard's writer that hangs in every partition of the topics.
fn hangs(deployment: &Deployment, topics: &[String]) {
    let id = format!("{}.0", deployment.prefix);
    let topics = topics.iter().map(String::as_str);
    java("Hanging", &[id.as_str()].into_iter().chain(topics).collect::<Vec<_>>());
}

/// The partitions of the topics, with what readers of committed records do not get to see of each.
fn held_back(topics: &[String]) -> Vec<(String, i64)> {
    let reader = |isolation: &str| -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap()).set("group.id", "held-back");
        config.set("isolation.level", isolation).create().unwrap()
    };
    let (committed, all) = (reader("read_committed"), reader("read_uncommitted"));
    let mut found = Vec::new();
    for topic in topics {
        let partitions = all.fetch_metadata(Some(topic), PATIENCE).unwrap();
        for partition in partitions.topics()[0].partitions() {
            let end = |reader: &BaseConsumer| {
                reader.fetch_watermarks(topic, partition.id(), PATIENCE).unwrap().1
            };
            found.push((format!("{topic}/{}", partition.id()), end(&all) - end(&committed)));
        }
    }
    found
}

/// How many records of the topics were left hanging, as far as they are read.
fn left(topics: &[String], isolation: Isolation) -> usize {
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let hanging = |record: &&Record| record.key() == "hanging";
    read(&topics, isolation).iter().flatten().filter(hanging).count()
}

#[test]
fn what_hangs_is_aborted_before_the_next_writer_commits() {
    const ROUNDS: usize = 3;
    let deployment = Deployment::new("hanging", "exactly_once");
    let topics = OUTPUTS.map(|name| deployment.topic(name));
    let mut before = 0;
    for _ in 0..ROUNDS {
        deployment.produce(900);
        let daemon = deployment.start(SLOW, &[]);
        before = deployment.moves_on(before, &daemon);
        daemon.kill();
        assert!(deployment.answered() < deployment.made(), "work was in flight");
        hangs(&deployment, &topics);
        let held = held_back(&topics);
        assert!(held.iter().all(|(_, records)| *records > 0), "nothing hangs: {held:?}");
        let daemon = deployment.start("", &[]);
        deployment.is_through(&daemon);
        daemon.stops();
        let held = held_back(&topics);
        assert!(held.iter().all(|(_, records)| *records == 0), "something hangs: {held:?}");
    }
    assert_eq!(left(&topics, Isolation::Uncommitted), ROUNDS * held_back(&topics).len());
    assert_eq!(left(&topics, Isolation::Committed), 0, "what hung was committed");
    deployment.holds();
}

/// What it does to a producer that does not sweep: its next commit takes along what hangs.
#[test]
fn without_a_sweep_what_hangs_is_committed() {
    let deployment = Deployment::new("unswept", "exactly_once");
    let topics = [deployment.topic("articles")];
    hangs(&deployment, &topics);
    let producer = deployment.transactional("0");
    let partitions = held_back(&topics);
    assert!(partitions.iter().all(|(_, records)| *records == 1), "{partitions:?}");
    producer.begin_transaction().unwrap();
    for partition in 0..partitions.len() as i32 {
        let record: BaseRecord<'_, str, str> = BaseRecord::to(&topics[0]).partition(partition);
        producer.send(record.payload("next")).map_err(|(error, _)| error).unwrap();
    }
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(left(&topics, Isolation::Committed), partitions.len());
}
