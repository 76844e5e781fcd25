//! Tests hanging transactions: the transaction coordinator does not know that a partition contains
//! records of a transaction, so no marker ever ends the transaction there. read_committed consumers
//! stop before these records until the next transaction of the same producer ends in the partition;
//! its marker then commits or aborts the hanging records too. `Hanging.java` creates such a
//! transaction.

use crate::deployment::{Deployment, PATIENCE, SLOW, bootstrap};
use crate::outside::{Isolation, Record, java, read};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseRecord, Producer};

/// The topics that the daemon writes.
const OUTPUTS: [&str; 5] = ["events", "stories", "unique", "rejected", "state"];

/// Leaves a hanging transaction of shard 0's writer in every partition of the topics.
fn leave_hanging(deployment: &Deployment, topics: &[String]) {
    let id = format!("{}.0", deployment.prefix);
    let topics = topics.iter().map(String::as_str);
    java("Hanging", &[id.as_str()].into_iter().chain(topics).collect::<Vec<_>>());
}

/// The partitions of the topics, each with the number of offsets that read_committed consumers
/// cannot read.
fn held_back(topics: &[String]) -> Vec<(String, i64)> {
    let reader = |isolation: &str| -> BaseConsumer {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap()).set("group.id", "held-back");
        config.set("isolation.level", isolation).create().unwrap()
    };
    let (committed, all) = (reader("read_committed"), reader("read_uncommitted"));
    let mut hidden = Vec::new();
    for topic in topics {
        let partitions = all.fetch_metadata(Some(topic), PATIENCE).unwrap();
        for partition in partitions.topics()[0].partitions() {
            let end = |reader: &BaseConsumer| {
                reader.fetch_watermarks(topic, partition.id(), PATIENCE).unwrap().1
            };
            hidden.push((format!("{topic}/{}", partition.id()), end(&all) - end(&committed)));
        }
    }
    hidden
}

/// Number of records from hanging transactions that a reader with this isolation level sees in the
/// topics.
fn hanging_records(topics: &[String], isolation: Isolation) -> usize {
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let hanging = |record: &&Record| record.key() == "hanging";
    read(&topics, isolation).iter().flatten().filter(hanging).count()
}

#[test]
fn hanging_transactions_are_aborted_before_the_next_writer_commits() {
    const ROUNDS: usize = 3;
    let deployment = Deployment::new("hanging", "exactly_once");
    let topics = OUTPUTS.map(|name| deployment.topic(name));
    let mut before = 0;
    for _ in 0..ROUNDS {
        deployment.produce(900);
        let daemon = deployment.start(SLOW, &[]);
        before = deployment.moves_on(before, &daemon);
        daemon.kill();
        assert!(deployment.answered() < deployment.made(), "no work is in flight");
        leave_hanging(&deployment, &topics);
        let held = held_back(&topics);
        assert!(held.iter().all(|(_, records)| *records > 0), "no transaction hangs: {held:?}");
        let daemon = deployment.start("", &[]);
        deployment.is_through(&daemon);
        daemon.stops();
        let held = held_back(&topics);
        assert!(
            held.iter().all(|(_, records)| *records == 0),
            "a transaction still hangs: {held:?}"
        );
    }
    assert_eq!(hanging_records(&topics, Isolation::Uncommitted), ROUNDS * held_back(&topics).len());
    assert_eq!(hanging_records(&topics, Isolation::Committed), 0, "hanging records were committed");
    deployment.holds();
}

/// Shows the problem that the daemon's sweep avoids: the producer's next commit also commits the
/// hanging records.
#[test]
fn without_a_sweep_hanging_records_are_committed() {
    let deployment = Deployment::new("unswept", "exactly_once");
    let topics = [deployment.topic("articles")];
    leave_hanging(&deployment, &topics);
    let producer = deployment.transactional("0");
    let partitions = held_back(&topics);
    assert!(partitions.iter().all(|(_, records)| *records == 1), "{partitions:?}");
    producer.begin_transaction().unwrap();
    for partition in 0..partitions.len() as i32 {
        let record: BaseRecord<'_, str, str> = BaseRecord::to(&topics[0]).partition(partition);
        producer.send(record.payload("next")).map_err(|(error, _)| error).unwrap();
    }
    producer.commit_transaction(PATIENCE).unwrap();
    assert_eq!(hanging_records(&topics, Isolation::Committed), partitions.len());
}
