//! The loop to beat: the same client with the same settings, which only consumes and produces.
//!
//! In: an input topic. Out: every record again, key and value, in transactions of the same size and
//! pace as the daemon's; one more record a transaction stands for the position. Ends after so many
//! records, or when it is killed.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const RECORDS_MAX: usize = 1_000;
const BYTES_MAX: usize = 8 << 20;
const COMMIT_EVERY: Duration = Duration::from_millis(25);
const WITHIN: Duration = Duration::from_secs(20);

fn consumer(bootstrap: &str, input: &str) -> BaseConsumer {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", format!("{input}.plain"))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("check.crcs", "true")
        .set("isolation.level", "read_committed")
        .set("fetch.queue.backoff.ms", "10")
        .set("fetch.wait.max.ms", "100")
        .set("queued.max.messages.kbytes", "16384")
        .create()
        .expect("the settings are known");
    let found = consumer.fetch_metadata(Some(input), WITHIN).expect("the broker is there");
    let mut list = TopicPartitionList::new();
    for partition in found.topics()[0].partitions() {
        list.add_partition_offset(input, partition.id(), Offset::Beginning).expect("an offset");
    }
    consumer.assign(&list).expect("a fresh consumer takes an assignment");
    consumer
}

fn producer(bootstrap: &str, output: &str) -> BaseProducer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("transactional.id", output)
        .set("transaction.timeout.ms", "20000")
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "1")
        .set("compression.type", "lz4")
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.kbytes", "65536")
        .create()
        .expect("the settings are known")
}

/// Copies `wanted` records from `input` to `output`.
pub(crate) fn run(bootstrap: &str, input: &str, output: &str, wanted: usize) {
    let (consumer, producer) = (consumer(bootstrap, input), producer(bootstrap, output));
    producer.init_transactions(WITHIN).expect("the broker is there");
    eprintln!("Running");
    let (mut copied, mut committed_at) = (0, Instant::now());
    while copied < wanted {
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < RECORDS_MAX && bytes < BYTES_MAX && copied + records.len() < wanted {
            match consumer.poll(Duration::from_millis(1)) {
                Some(Ok(message)) => {
                    bytes += message.payload_len();
                    let copy = |bytes: Option<&[u8]>| bytes.unwrap_or_default().to_vec();
                    records.push((copy(message.key()), copy(message.payload())));
                }
                Some(Err(error)) => panic!("{error}"),
                None if !records.is_empty() && committed_at.elapsed() >= COMMIT_EVERY => break,
                None => {}
            }
        }
        producer.begin_transaction().expect("a transaction begins");
        for (key, value) in &records {
            let mut record = BaseRecord::to(output).key(key).payload(value);
            while let Err((_, back)) = producer.send(record) {
                producer.poll(Duration::from_millis(1));
                record = back;
            }
            producer.poll(Duration::ZERO);
        }
        let position = format!("{copied}");
        let record = BaseRecord::to(output).partition(0).key("position").payload(&position);
        producer.send(record).map_err(|(error, _)| error).expect("the queue has room");
        producer.flush(WITHIN).expect("records are acknowledged");
        producer.commit_transaction(WITHIN).expect("a transaction commits");
        committed_at = Instant::now();
        copied += records.len();
    }
}
