//! Reads the input topics of a shard.
//!
//! In: the input partitions and the offsets to start from. Out: records, end-of-partition events,
//! and the last stable offset of each partition. Partitions are assigned directly; the group
//! protocol is not used.
//!
//! Each topic has its own consumer, because the Rust client does not name the topic when it reports
//! the end of a partition. The consumers are polled in turn.
//!
//! The last stable offsets come from librdkafka's statistics, which are updated once a second, so
//! computing the lag needs no requests.

use super::client::fault;
use super::client::{is_permanent, log};
use super::connection::CONNECTION_FAILED;
use super::headers;
use crate::daemon::pipeline::broker::{self, Fault, FetchState, InputPoll, InputRecord, Partition};
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, Timestamp, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wirefold_engine::article::EventTime;

/// How long to sleep between two rounds of polling several consumers. The consumers are polled
/// without waiting, because a poll that waits for one consumer would delay the records of the
/// others.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// The consumers of a shard's input topics.
pub struct InputConsumers {
    readers: Vec<TopicReader>,
    /// The index of the reader polled last.
    turn: usize,
}

/// A consumer of one input topic.
struct TopicReader {
    consumer: BaseConsumer<PartitionEnds>,
    topic: Arc<str>,
}

/// A consumer's context: the last stable offsets of its topic and the state of its connections.
#[derive(Debug)]
struct PartitionEnds {
    topic: Arc<str>,
    /// The last stable offset, by partition.
    ends: Mutex<BTreeMap<i32, i64>>,
    /// Whether the leader of every partition was connected according to the latest statistics.
    reached: AtomicBool,
    /// The number of connections made, from the statistics (up to a second old).
    connected: AtomicU64,
    /// The number of failed connections, from librdkafka's log (immediate).
    failed: AtomicU64,
}

impl ClientContext for PartitionEnds {
    fn stats(&self, statistics: Statistics) {
        let Some(topic) = statistics.topics.get(&*self.topic) else { return };
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let known = topic.partitions.values().filter(|p| p.partition >= 0 && p.ls_offset >= 0);
        ends.extend(known.map(|p| (p.partition, p.ls_offset)));
        let up =
            |node: i32| statistics.brokers.values().any(|b| b.nodeid == node && b.state == "UP");
        let reached = topic.partitions.values().filter(|p| p.partition >= 0).all(|p| up(p.leader));
        self.reached.store(reached, Ordering::Relaxed);
        let connects = statistics.brokers.values().filter_map(|broker| broker.connects);
        let connects = connects.map(|count| u64::try_from(count).unwrap_or(0)).sum();
        self.connected.store(connects, Ordering::Relaxed);
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == CONNECTION_FAILED {
            self.failed.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(message, "input");
        } else {
            log(level, facility, message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "input");
    }
}

impl ConsumerContext for PartitionEnds {}

impl InputConsumers {
    /// Creates a consumer for each topic. It reads the topic's partitions in `from`, starting at
    /// the given offsets.
    pub(super) fn new(
        config: &ClientConfig,
        topics: Vec<Arc<str>>,
        from: &BTreeMap<Partition, i64>,
    ) -> Result<Self, Fault> {
        let reader = |topic: Arc<str>| TopicReader::new(config, topic, from);
        Ok(Self { readers: topics.into_iter().map(reader).collect::<Result<_, _>>()?, turn: 0 })
    }

    fn of(&self, partition: &Partition) -> Result<&TopicReader, Fault> {
        let reader = self.readers.iter().find(|reader| reader.topic == partition.topic);
        reader.ok_or_else(|| Fault::stop(format!("`{}` is not an input topic", partition.topic)))
    }

    /// Polls each consumer once, without waiting.
    fn poll_each(&mut self) -> Result<InputPoll, Fault> {
        for _ in 0..self.readers.len() {
            self.turn = (self.turn + 1) % self.readers.len();
            match self.readers[self.turn].poll(Duration::ZERO)? {
                InputPoll::Nothing => {}
                polled => return Ok(polled),
            }
        }
        Ok(InputPoll::Nothing)
    }
}

impl TopicReader {
    fn new(
        config: &ClientConfig,
        topic: Arc<str>,
        from: &BTreeMap<Partition, i64>,
    ) -> Result<Self, Fault> {
        let ends = PartitionEnds {
            topic: topic.clone(),
            ends: Mutex::default(),
            reached: true.into(),
            connected: 0.into(),
            failed: 0.into(),
        };
        let made = config.create_with_context(ends);
        let consumer: BaseConsumer<PartitionEnds> = made.map_err(Fault::stop)?;
        let assigned = list(from.iter().filter(|(input, _)| input.topic == topic))?;
        consumer.incremental_assign(&assigned).map_err(|e| fault("assign", &e))?;
        Ok(Self { consumer, topic })
    }

    fn poll(&self, wait: Duration) -> Result<InputPoll, Fault> {
        match self.consumer.poll(wait) {
            None => Ok(InputPoll::Nothing),
            Some(Ok(message)) => Ok(InputPoll::Record(copy_record(&self.topic, &message))),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                Ok(InputPoll::End(Partition { topic: self.topic.clone(), partition }))
            }
            Some(Err(error)) => self.failed(&error),
        }
    }

    /// Decides which errors of a poll are temporary and which are faults.
    fn failed(&self, error: &KafkaError) -> Result<InputPoll, Fault> {
        use RDKafkaErrorCode as Code;
        let topic = &self.topic;
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation) => {
                Err(Fault::doubt(format!("the position in `{topic}` is out of range: {error}")))
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopic) => {
                Err(Fault::doubt(format!("cannot read `{topic}`: {error}")))
            }
            Some(code) if is_permanent(code) => {
                Err(Fault::stop(format!("cannot read `{topic}`: {error}")))
            }
            _ => {
                tracing::debug!(%topic, %error, "temporary read error; polling again");
                Ok(InputPoll::Nothing)
            }
        }
    }
}

impl broker::Input for InputConsumers {
    fn poll(&mut self, wait: Duration) -> Result<InputPoll, Fault> {
        if let [only] = self.readers.as_slice() {
            return only.poll(wait);
        }
        let until = Instant::now() + wait;
        loop {
            match self.poll_each()? {
                InputPoll::Nothing => {}
                polled => return Ok(polled),
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(InputPoll::Nothing);
            }
            std::thread::sleep(left.min(LOOK_EVERY));
        }
    }

    fn set_fetching(&mut self, of: &Partition, wanted: FetchState) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition(&of.topic, of.partition);
        let consumer = &self.of(of)?.consumer;
        match wanted {
            FetchState::Active => consumer.resume(&list),
            FetchState::Paused => consumer.pause(&list),
        }
        .map_err(|e| fault("pause", &e))
    }

    fn add(&mut self, partition: &Partition, from: i64) -> Result<(), Fault> {
        let consumer = &self.of(partition)?.consumer;
        let from = list([(partition, &from)].into_iter())?;
        consumer.incremental_assign(&from).map_err(|e| fault("assign", &e))
    }

    fn ends(&self) -> BTreeMap<Partition, i64> {
        let ends = |reader: &TopicReader| {
            let ends = &reader.consumer.context().ends;
            let ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
            let topic = &reader.topic;
            ends.iter()
                .map(|(&partition, &end)| (Partition { topic: topic.clone(), partition }, end))
                .collect::<Vec<_>>()
        };
        self.readers.iter().flat_map(ends).collect()
    }

    fn is_reachable(&self) -> bool {
        self.readers.iter().all(|reader| reader.consumer.context().reached.load(Ordering::Relaxed))
    }

    fn connection_changes(&self) -> u64 {
        let of = |reader: &TopicReader| {
            let seen = reader.consumer.context();
            seen.connected.load(Ordering::Relaxed) + seen.failed.load(Ordering::Relaxed)
        };
        self.readers.iter().map(of).sum()
    }

    fn note(&mut self, positions: &BTreeMap<Partition, i64>) {
        for reader in &self.readers {
            let noted = list(positions.iter().filter(|(input, _)| input.topic == reader.topic));
            let noted = noted.map(|list| reader.consumer.commit(&list, CommitMode::Async));
            if let Ok(Err(error)) = noted {
                tracing::debug!(
                    topic = %reader.topic,
                    %error,
                    "cannot commit input positions, which only lag tools read"
                );
            }
        }
    }
}

/// The partition list for librdkafka's assign and commit calls.
fn list<'a>(
    positions: impl Iterator<Item = (&'a Partition, &'a i64)>,
) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::new();
    for (Partition { topic, partition }, next) in positions {
        list.add_partition_offset(topic, *partition, Offset::Offset(*next))
            .map_err(|e| fault("assign", &e))?;
    }
    Ok(list)
}

/// Copies a message out of the client's buffers.
pub(super) fn copy_record(topic: &Arc<str>, message: &BorrowedMessage<'_>) -> InputRecord {
    InputRecord {
        from: Partition { topic: topic.clone(), partition: message.partition() },
        offset: message.offset(),
        timestamp: match message.timestamp() {
            Timestamp::NotAvailable => None,
            Timestamp::CreateTime(at) | Timestamp::LogAppendTime(at) => Some(EventTime(at)),
        },
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers::readable(message.headers()),
    }
}
