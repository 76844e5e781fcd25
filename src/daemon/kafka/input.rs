//! Reads the input of a shard, assign-only.
//!
//! Each topic has a consumer of its own, because the client tells the end of a partition without its
//! topic; they are asked in turn.
//!
//! Where partitions end is taken from librdkafka's own statistics, once a second, so that knowing
//! the lag costs no request.

use super::client::{log, needs_a_person};
use super::connection::CONNECTION_FAILED;
use super::headers;
use super::writer::fault;
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

/// How long one of several consumers is waited for before the next one is asked.
const TURN: Duration = Duration::from_millis(2);

/// The consumers of a shard's input topics.
pub struct InputConsumers {
    readers: Vec<TopicReader>,
    turn: usize,
}

/// A consumer of one input topic.
struct TopicReader {
    consumer: BaseConsumer<PartitionEnds>,
    topic: Arc<str>,
}

/// Where the partitions of one topic end, as far as a reader of committed records may read.
#[derive(Debug)]
struct PartitionEnds {
    topic: Arc<str>,
    of: Mutex<BTreeMap<i32, i64>>,
    reached: AtomicBool,
    /// Connections made, as the statistics say, and failed, as the log says at once.
    connected: AtomicU64,
    failed: AtomicU64,
}

impl ClientContext for PartitionEnds {
    fn stats(&self, statistics: Statistics) {
        let Some(topic) = statistics.topics.get(&*self.topic) else { return };
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let known = topic.partitions.values().filter(|p| p.partition >= 0 && p.ls_offset >= 0);
        of.extend(known.map(|p| (p.partition, p.ls_offset)));
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
    pub(super) fn new(
        config: &ClientConfig,
        topics: Vec<Arc<str>>,
        from: &BTreeMap<Partition, i64>,
    ) -> Result<Self, Fault> {
        let reader = |topic: Arc<str>| TopicReader::new(config, topic, from);
        Ok(Self { readers: topics.into_iter().map(reader).collect::<Result<_, _>>()?, turn: 0 })
    }

    fn of(&self, partition: &Partition) -> Result<&TopicReader, Fault> {
        let found = self.readers.iter().find(|reader| reader.topic == partition.topic);
        found.ok_or_else(|| Fault::Stop(format!("`{}` is no input topic", partition.topic)))
    }

    /// Asks each consumer once, without waiting.
    fn ask(&mut self) -> Result<InputPoll, Fault> {
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
            of: Mutex::default(),
            reached: true.into(),
            connected: 0.into(),
            failed: 0.into(),
        };
        let made = config.create_with_context(ends);
        let consumer: BaseConsumer<PartitionEnds> =
            made.map_err(|e: KafkaError| Fault::Stop(e.to_string()))?;
        let own = from.iter().filter(|(of, _)| of.topic == topic);
        let own = list(own)?;
        consumer.incremental_assign(&own).map_err(|e| fault("assign", &e))?;
        Ok(Self { consumer, topic })
    }

    fn poll(&self, wait: Duration) -> Result<InputPoll, Fault> {
        match self.consumer.poll(wait) {
            None => Ok(InputPoll::Nothing),
            Some(Ok(message)) => Ok(InputPoll::Record(record(&self.topic, &message))),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                Ok(InputPoll::End(Partition { topic: self.topic.clone(), partition }))
            }
            Some(Err(error)) => self.failed(&error),
        }
    }

    fn failed(&self, error: &KafkaError) -> Result<InputPoll, Fault> {
        use RDKafkaErrorCode as Code;
        let topic = &self.topic;
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::LogTruncation) => {
                Err(Fault::Doubt(format!("a position in `{topic}` is out of range: {error}")))
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopic) => {
                Err(Fault::Doubt(format!("`{topic}`: {error}")))
            }
            Some(code) if needs_a_person(code) => {
                Err(Fault::Stop(format!("`{topic}` cannot be read: {error}")))
            }
            _ => {
                tracing::debug!(%error, "reading goes on");
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
            match self.ask()? {
                InputPoll::Nothing => {}
                polled => return Ok(polled),
            }
            let left = until.saturating_duration_since(Instant::now());
            let Some(reader) = self.readers.get(self.turn).filter(|_| !left.is_zero()) else {
                return Ok(InputPoll::Nothing);
            };
            match reader.poll(left.min(TURN))? {
                InputPoll::Nothing => {}
                polled => return Ok(polled),
            }
        }
    }

    fn fetching(&mut self, of: &Partition, wanted: FetchState) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition(&of.topic, of.partition);
        let consumer = &self.of(of)?.consumer;
        match wanted {
            FetchState::On => consumer.resume(&list),
            FetchState::Off => consumer.pause(&list),
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
            let of = reader.consumer.context().of.lock().unwrap_or_else(PoisonError::into_inner);
            let topic = &reader.topic;
            let of = of.iter().map(|(of, end)| (*of, *end));
            of.map(|(partition, end)| (Partition { topic: topic.clone(), partition }, end))
                .collect::<Vec<_>>()
        };
        self.readers.iter().flat_map(ends).collect()
    }

    fn reached(&self) -> bool {
        self.readers.iter().all(|reader| reader.consumer.context().reached.load(Ordering::Relaxed))
    }

    fn disturbances(&self) -> u64 {
        let of = |reader: &TopicReader| {
            let seen = reader.consumer.context();
            seen.connected.load(Ordering::Relaxed) + seen.failed.load(Ordering::Relaxed)
        };
        self.readers.iter().map(of).sum()
    }

    fn note(&mut self, positions: &BTreeMap<Partition, i64>) {
        for reader in &self.readers {
            let own = list(positions.iter().filter(|(of, _)| of.topic == reader.topic));
            let noted = own.map(|list| reader.consumer.commit(&list, CommitMode::Async));
            if let Ok(Err(error)) = noted {
                tracing::debug!(%error, "lag tools were not told");
            }
        }
    }
}

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

/// A copy of a message that outlives the client's buffers.
pub(super) fn record(topic: &Arc<str>, message: &BorrowedMessage<'_>) -> InputRecord {
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
