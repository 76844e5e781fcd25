//! Reads the input of a shard, assign-only.
//!
//! Where partitions end is taken from librdkafka's own statistics, once a second, so that knowing
//! the lag costs no request.

use super::client::{log, needs_a_person};
use super::writer::fault;
use crate::daemon::pipeline::broker::{self, Fault, Fetching, InputRecord, Partition, Polled};
use crate::engine::article::EventTime;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, Timestamp, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A consumer of one input topic.
pub struct Input {
    consumer: BaseConsumer<Ends>,
    topic: Arc<str>,
}

/// Where the partitions of one topic end, as far as a reader of committed records may read.
#[derive(Debug)]
struct Ends {
    topic: Arc<str>,
    of: Mutex<BTreeMap<i32, i64>>,
}

impl ClientContext for Ends {
    fn stats(&self, statistics: Statistics) {
        let Some(topic) = statistics.topics.get(&*self.topic) else { return };
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let known = topic.partitions.values().filter(|p| p.partition >= 0 && p.ls_offset >= 0);
        of.extend(known.map(|p| (p.partition, p.ls_offset)));
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "input");
    }
}

impl ConsumerContext for Ends {}

impl Input {
    pub(super) fn new(
        config: &ClientConfig,
        topic: Arc<str>,
        from: &BTreeMap<Partition, i64>,
    ) -> Result<Self, Fault> {
        let ends = Ends { topic: topic.clone(), of: Mutex::default() };
        let made = config.create_with_context(ends);
        let consumer: BaseConsumer<Ends> =
            made.map_err(|e: KafkaError| Fault::Stop(e.to_string()))?;
        let input = Self { consumer, topic };
        input.consumer.incremental_assign(&list(from)?).map_err(|e| fault("assign", &e))?;
        Ok(input)
    }

    fn failed(&self, error: &KafkaError) -> Result<Polled, Fault> {
        use RDKafkaErrorCode as Code;
        let topic = &self.topic;
        match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                Err(Fault::Doubt(format!("a position in `{topic}` is out of range: {error}")))
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopic) => {
                Err(Fault::Doubt(format!("`{topic}`: {error}")))
            }
            Some(code) if needs_a_person(code) => Err(Fault::Stop(format!("`{topic}`: {error}"))),
            _ => {
                tracing::debug!(%error, "reading goes on");
                Ok(Polled::Nothing)
            }
        }
    }
}

impl broker::Input for Input {
    fn poll(&mut self, wait: Duration) -> Result<Polled, Fault> {
        match self.consumer.poll(wait) {
            None => Ok(Polled::Nothing),
            Some(Ok(message)) => Ok(Polled::Record(record(&self.topic, &message))),
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                Ok(Polled::End(Partition { topic: self.topic.clone(), partition }))
            }
            Some(Err(error)) => self.failed(&error),
        }
    }

    fn fetching(&mut self, of: &Partition, wanted: Fetching) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition(&of.topic, of.partition);
        match wanted {
            Fetching::On => self.consumer.resume(&list),
            Fetching::Off => self.consumer.pause(&list),
        }
        .map_err(|e| fault("pause", &e))
    }

    fn add(&mut self, partition: &Partition, from: i64) -> Result<(), Fault> {
        let from = list(&[(partition.clone(), from)].into())?;
        self.consumer.incremental_assign(&from).map_err(|e| fault("assign", &e))
    }

    fn ends(&self) -> BTreeMap<Partition, i64> {
        let of = self.consumer.context().of.lock().unwrap_or_else(PoisonError::into_inner);
        let partition =
            |partition: &i32| Partition { topic: self.topic.clone(), partition: *partition };
        of.iter().map(|(of, end)| (partition(of), *end)).collect()
    }

    fn note(&mut self, positions: &BTreeMap<Partition, i64>) {
        let noted = list(positions).map(|list| self.consumer.commit(&list, CommitMode::Async));
        if let Ok(Err(error)) = noted {
            tracing::debug!(%error, "lag tools were not told");
        }
    }
}

fn list(positions: &BTreeMap<Partition, i64>) -> Result<TopicPartitionList, Fault> {
    let mut list = TopicPartitionList::new();
    for (Partition { topic, partition }, next) in positions {
        list.add_partition_offset(topic, *partition, Offset::Offset(*next))
            .map_err(|e| fault("assign", &e))?;
    }
    Ok(list)
}

/// A copy of a message that outlives the client's buffers.
pub(super) fn record(topic: &Arc<str>, message: &BorrowedMessage<'_>) -> InputRecord {
    let headers = message.headers().map(|headers| {
        headers.iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect()
    });
    InputRecord {
        from: Partition { topic: topic.clone(), partition: message.partition() },
        offset: message.offset(),
        timestamp: match message.timestamp() {
            Timestamp::NotAvailable => None,
            Timestamp::CreateTime(at) | Timestamp::LogAppendTime(at) => Some(EventTime(at)),
        },
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}
