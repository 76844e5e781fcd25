//! A loop that only consumes and produces, with the same client and similar settings as the daemon.
//!
//! Copies key and value of every record from an input topic to an output topic. The transactions
//! have the size and pace of the daemon's defaults. Each contains one additional record, like the
//! position record in the daemon's transactions. Ends after a given number of records.

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// Maximum number of records per transaction.
const RECORDS_MAX: usize = 1_000;
/// Payload bytes after which no more records are added to a transaction.
const BYTES_MAX: usize = 8 << 20;
/// Minimum time between two commits, unless a transaction reaches a limit.
const COMMIT_EVERY: Duration = Duration::from_millis(25);
/// How long a call to the broker may take.
const TIMEOUT: Duration = Duration::from_secs(20);

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
    let metadata = consumer.fetch_metadata(Some(input), TIMEOUT).expect("the broker is there");
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        list.add_partition_offset(input, partition.id(), Offset::Beginning).expect("an offset");
    }
    consumer.assign(&list).expect("a new consumer accepts an assignment");
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
    producer.init_transactions(TIMEOUT).expect("the broker is there");
    eprintln!("phase=running");
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
        producer.flush(TIMEOUT).expect("records are acknowledged");
        producer.commit_transaction(TIMEOUT).expect("a transaction commits");
        committed_at = Instant::now();
        copied += records.len();
    }
}
