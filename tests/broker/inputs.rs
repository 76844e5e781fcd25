//! Inputs that are not as one would wish: partitions that come later, transactions of others, skew,
//! records that are gone.

use crate::deployment::{Deployment, PATIENCE, admin, block, now};
use crate::feed::payload;
use rdkafka::admin::{AdminOptions, NewPartitions};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

#[test]
fn partitions_that_are_added_while_running() {
    let more = ["batch.partitions_every=300ms"];
    let deployment = Deployment::with("added", "exactly_once", &more);
    deployment.produce(300);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    let (topic, options) = (deployment.topic("articles"), AdminOptions::new());
    block(admin().create_partitions(&[NewPartitions::new(&topic, 5)], &options)).unwrap();
    deployment.spread(5);
    deployment.produce(500);
    deployment.is_through(&daemon);
    daemon.kill();
    deployment.produce(200);
    deployment.ends_well();
}

/// Another's transactions: their producer, and how many records each of them wrote.
struct Others {
    producer: BaseProducer,
    topic: String,
    next: usize,
}

impl Others {
    fn new(deployment: &Deployment, name: &str) -> Self {
        let producer = deployment.transactional(name);
        Self { producer, topic: deployment.topic("articles"), next: 0 }
    }

    /// Writes `count` records to `partition`, in a transaction that stays open.
    fn begins(&mut self, partition: i32, count: usize) {
        self.producer.begin_transaction().unwrap();
        for _ in 0..count {
            let (key, payload) = (format!("o{}", self.next), payload(self.next));
            let record =
                BaseRecord::to(&self.topic).partition(partition).key(&key).payload(&payload);
            self.producer.send(record).map_err(|(error, _)| error).unwrap();
            self.next += 1;
        }
        self.producer.flush(PATIENCE).unwrap();
    }

    fn commits(&mut self) {
        self.producer.commit_transaction(PATIENCE).unwrap();
    }

    fn aborts(&mut self) {
        self.producer.abort_transaction(PATIENCE).unwrap();
    }
}

/// Offsets have holes: commit markers, and whole transactions that were aborted. Conservation counts
/// records.
#[test]
fn a_transactional_input_with_aborted_records() {
    let deployment = Deployment::new("holes", "exactly_once");
    let mut others = Others::new(&deployment, "others");
    let mut daemon = deployment.start("", &[]);
    let mut before = 0;
    for round in 0..6 {
        for partition in 0..3 {
            others.begins(partition, 30);
            if (round + partition) % 3 == 0 {
                others.aborts();
            } else {
                others.commits();
                deployment.wrote(30);
            }
        }
        before = deployment.moves_on(before, &daemon);
        daemon.kill();
        daemon = deployment.start("", &[]);
    }
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds();
}

/// One partition ends in a transaction that somebody left open; the others go on, and so does it once
/// that ends.
#[test]
fn a_partition_whose_end_a_foreign_transaction_holds() {
    let deployment = Deployment::new("hanging", "exactly_once");
    let mut hanging = Others::new(&deployment, "hanging");
    hanging.begins(0, 10);
    deployment.produce(400);
    let behind = deployment.made_in(0);
    let daemon = deployment.start("", &[]);
    deployment.answers(deployment.made() - behind, &daemon);
    assert_eq!(deployment.answered(), deployment.made() - behind, "what is held is not read");
    daemon.kill();
    let daemon = deployment.start("", &[]);
    daemon.says("Running");
    hanging.aborts();
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds();
}

/// A backlog of which one partition lies 72 h behind the others.
#[test]
fn partitions_with_a_skew_of_three_days() {
    let deployment = Deployment::new("skew", "exactly_once");
    let (end, hour) = (now(), 3_600_000);
    let stamp = |n: usize, partition: i32| {
        let behind = if partition == 0 { 72 * hour } else { 0 };
        Some(end - hour + n as i64 * 1_000 - behind)
    };
    for _ in 0..3 {
        deployment.produce_stamped(700, stamp);
        let daemon = deployment.start("after-commit=4*off->return", &[]);
        daemon.dies_at("after-commit");
    }
    deployment.ends_well();
}

/// How many records each partition holds.
fn made(deployment: &Deployment) -> Vec<i64> {
    (0..3).map(|partition| deployment.made_in(partition) as i64).collect()
}

/// Takes from each partition what lies before its offset in `until`.
fn eats(deployment: &Deployment, until: &[i64]) {
    let mut gone = TopicPartitionList::new();
    let topic = deployment.topic("articles");
    for (partition, until) in (0..).zip(until) {
        gone.add_partition_offset(&topic, partition, Offset::Offset(*until)).unwrap();
    }
    block(admin().delete_records(&gone, &AdminOptions::new())).unwrap();
}

/// The same while the daemon runs: it was suspended, and finds records gone that come after those
/// that were on their way to it.
#[test]
fn records_that_retention_eats_under_a_running_daemon_stop_it() {
    let deployment = Deployment::new("eats", "exactly_once");
    deployment.produce(90);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.freeze();
    deployment.produce(3_000);
    let until: Vec<i64> = made(&deployment).iter().map(|made| made - 5).collect();
    eats(&deployment, &until);
    daemon.thaw();
    let (ended, log) = daemon.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("start.reset"), "it says what to decide:\n{log}");
    assert!(deployment.answered() < 1_500, "what was gone is not passed over");
}

/// A person decides what to do when retention has eaten what was still to be read.
#[test]
fn records_that_retention_has_eaten_stop_the_daemon() {
    let deployment = Deployment::new("eaten", "exactly_once");
    deployment.produce(90);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.stops();
    let until: Vec<i64> = made(&deployment).iter().map(|made| made + 20).collect();
    deployment.produce(300);
    eats(&deployment, &until);
    let (ended, log) = deployment.start("", &[]).ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("start.reset"), "it says what to decide:\n{log}");
    let daemon = deployment.start("", &["start.reset=earliest"]);
    deployment.answers(390 - 60, &daemon);
    daemon.stops();
    assert_eq!(deployment.answered(), 390 - 60, "all but what was eaten");
}
