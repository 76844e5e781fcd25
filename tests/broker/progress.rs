//! Counts the input items that a running deployment has answered, that is, classified or rejected.
//! (The checker judges the outputs at the end.)

use crate::deployment::bootstrap;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::collections::HashSet;
use std::time::Duration;
use wirefold::daemon::publish::CLASSIFIED;

/// How long a poll waits before it assumes that there is no further record.
const SILENCE: Duration = Duration::from_millis(20);

/// Reads the topics of events and rejects (read_committed).
pub(crate) struct Progress {
    topics: [String; 2],
    consumer: BaseConsumer,
    /// Whether the topics exist and `consumer` reads them.
    assigned: bool,
    /// The input items answered so far, as returned by [`answer`].
    answered: HashSet<Vec<u8>>,
}

impl Progress {
    pub(crate) fn new(prefix: &str) -> Self {
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap())
            .set("group.id", format!("{prefix}.progress"))
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "earliest")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "50")
            .set("fetch.queue.backoff.ms", "10")
            .create()
            .unwrap();
        let topics = ["events", "rejected"].map(|name| format!("{prefix}.{name}"));
        Self { topics, consumer, assigned: false, answered: HashSet::new() }
    }

    /// Number of input items that were classified or rejected; repeats count once.
    pub(crate) fn answered(&mut self) -> usize {
        if !self.assigned && !self.assign() {
            return 0;
        }
        while let Some(message) = self.consumer.poll(SILENCE) {
            if let Ok(message) = message
                && let Some(name) = answer(&message)
            {
                self.answered.insert(name);
            }
        }
        self.answered.len()
    }

    /// Starts reading if both topics exist; returns whether they do.
    fn assign(&mut self) -> bool {
        let mut list = TopicPartitionList::new();
        for topic in &self.topics {
            let Ok(metadata) = self.consumer.fetch_metadata(Some(topic), Duration::from_secs(10))
            else {
                return false;
            };
            let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
            let ids: Vec<i32> = partitions.map(|partition| partition.id()).collect();
            if ids.is_empty() {
                return false;
            }
            for id in ids {
                list.add_partition_offset(topic, id, Offset::Beginning).unwrap();
            }
        }
        self.consumer.assign(&list).unwrap();
        self.assigned = true;
        true
    }
}

/// Identifies the input item that a record answers: the id of a classified event, or the partition,
/// offset and item of a reject. `None` for other events.
fn answer(message: &BorrowedMessage<'_>) -> Option<Vec<u8>> {
    let headers = message.headers()?;
    let value = |name: &str| headers.iter().find(|h| h.key == name).and_then(|h| h.value);
    if value("ce_type") == Some(CLASSIFIED.as_bytes()) {
        return value("ce_id").map(<[u8]>::to_vec);
    }
    let place = ["partition", "offset", "item"].map(|part| format!("wirefold-reject-{part}"));
    let place: Option<Vec<&[u8]>> = place.iter().map(|name| value(name)).collect();
    place.map(|place| place.join(&b'/'))
}
