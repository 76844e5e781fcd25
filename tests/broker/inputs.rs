//! Tests unusual inputs: partitions that are added later, transactions of other producers, clock
//! skew between partitions, and deleted records.

use crate::deployment::{Deployment, PATIENCE, admin, block, now};
use crate::feed::payload;
use rdkafka::admin::{AdminOptions, NewPartitions};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

#[test]
fn partitions_added_while_running_are_read() {
    let deployment = Deployment::new("added", "exactly_once");
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

/// A transactional producer that is not part of the deployment and writes to its input.
struct OtherProducer {
    producer: BaseProducer,
    /// The input topic.
    topic: String,
    /// Number of the next record.
    next: usize,
}

impl OtherProducer {
    fn new(deployment: &Deployment, name: &str) -> Self {
        let producer = deployment.transactional(name);
        Self { producer, topic: deployment.topic("articles"), next: 0 }
    }

    /// Begins a transaction and writes `count` records to `partition`.
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

/// The offsets of the input have gaps, because of commit markers and aborted transactions.
#[test]
fn aborted_input_records_are_not_answered() {
    let deployment = Deployment::new("holes", "exactly_once");
    let mut others = OtherProducer::new(&deployment, "others");
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

/// One partition is blocked by an open transaction of another producer. The other partitions are
/// processed meanwhile; the blocked one is processed once the transaction ends.
#[test]
fn an_open_foreign_transaction_blocks_only_its_partition() {
    let deployment = Deployment::new("hanging", "exactly_once");
    let mut hanging = OtherProducer::new(&deployment, "hanging");
    hanging.begins(0, 10);
    deployment.produce(400);
    let behind = deployment.made_in(0);
    let daemon = deployment.start("", &[]);
    deployment.answers(deployment.made() - behind, &daemon);
    assert_eq!(
        deployment.answered(),
        deployment.made() - behind,
        "the blocked partition must not be read"
    );
    daemon.kill();
    let daemon = deployment.start("", &[]);
    daemon.says("phase=running");
    hanging.aborts();
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds();
}

/// The timestamps of one partition are 72 h behind those of the others.
#[test]
fn partitions_with_a_skew_of_three_days_are_processed_completely() {
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

/// Number of records that were written to each partition.
fn written(deployment: &Deployment) -> Vec<i64> {
    (0..3).map(|partition| deployment.made_in(partition) as i64).collect()
}

/// Deletes the records of each partition before its offset in `until`, as retention would.
fn delete_records(deployment: &Deployment, until: &[i64]) {
    let mut gone = TopicPartitionList::new();
    let topic = deployment.topic("articles");
    for (partition, until) in (0..).zip(until) {
        gone.add_partition_offset(&topic, partition, Offset::Offset(*until)).unwrap();
    }
    block(admin().delete_records(&gone, &AdminOptions::new())).unwrap();
}

/// Records that the daemon has not fetched yet are deleted while it is suspended.
#[test]
fn records_deleted_under_a_running_daemon_stop_it() {
    let deployment = Deployment::new("eats", "exactly_once");
    deployment.produce(90);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.freeze();
    deployment.produce(3_000);
    let until: Vec<i64> = written(&deployment).iter().map(|count| count - 5).collect();
    delete_records(&deployment, &until);
    daemon.thaw();
    let (ended, log) = daemon.ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(
        log.contains("start.reset"),
        "the log does not name the setting that decides how to continue:\n{log}"
    );
    assert!(deployment.answered() < 1_500, "deleted records must not be skipped");
}

/// If retention has deleted unread records, a person must decide where to continue.
#[test]
fn unread_records_deleted_by_retention_stop_the_daemon_until_start_reset_is_set() {
    let deployment = Deployment::new("eaten", "exactly_once");
    deployment.produce(90);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.stops();
    let until: Vec<i64> = written(&deployment).iter().map(|count| count + 20).collect();
    deployment.produce(300);
    delete_records(&deployment, &until);
    let (ended, log) = deployment.start("", &[]).ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(
        log.contains("start.reset"),
        "the log does not name the setting that decides how to continue:\n{log}"
    );
    let daemon = deployment.start("", &["start.reset=earliest"]);
    deployment.answers(390 - 60, &daemon);
    daemon.stops();
    assert_eq!(deployment.answered(), 390 - 60, "all records except the deleted ones");
}
