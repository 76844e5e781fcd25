//! Reads a partition, assign-only: up to an offset or the last stable one, or following it as it grows.
//!
//! The last stable offset is told by librdkafka's partition-EOF event, never by an offset seen: the
//! last offsets of a transactional log are commit markers, which no reader gets. It is what the leader
//! knows, which after an election can be less than what was committed. Who must not miss anything
//! names a record that is there.

use super::client::{CALL, Quiet};
use super::writer::fault;
use crate::daemon::pipeline::broker::{self, Fault, LogRecord, Tailed};
use crate::daemon::watchdog::Watchdog;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(100);
/// How long nothing may come before the reader gives up.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Whether reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    On,
    Enough,
}

/// Where reading ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At the last stable offset, as the leader knows it.
    Stable,
    /// After the record before this offset, which is there.
    Known(i64),
}

/// The partition of the changelog that is a shard's.
pub(super) fn partition_of(shard: u32) -> i32 {
    i32::try_from(shard).unwrap_or(i32::MAX)
}

/// A consumer that reads one partition at a time from somewhere to its end.
pub(super) struct Tail {
    consumer: Option<BaseConsumer<Quiet>>,
    watchdog: Watchdog,
}

impl Tail {
    pub(super) fn new(config: &ClientConfig, watchdog: Watchdog) -> Result<Self, Fault> {
        let made = config.create_with_context(Quiet);
        let consumer = made.map_err(|e: KafkaError| Fault::Stop(e.to_string()))?;
        Ok(Self { consumer: Some(consumer), watchdog })
    }

    fn consumer(&self) -> &BaseConsumer<Quiet> {
        self.consumer.as_ref().expect("the consumer is there until the drop")
    }

    fn assign(&self, topic: &str, partition: i32, from: Offset) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        let added = list.add_partition_offset(topic, partition, from);
        added.and_then(|()| self.consumer().assign(&list)).map_err(|e| fault("assign", &e))
    }

    /// The first offset that is kept, and the last stable offset.
    pub(super) fn ends(&self, topic: &str, partition: i32) -> Result<(i64, i64), Fault> {
        let _watch = self.watchdog.watch("watermarks", CALL);
        self.consumer()
            .fetch_watermarks(topic, partition, CALL)
            .map_err(|e| fault("watermarks", &e))
    }

    /// The number of partitions of a topic.
    pub(super) fn partitions(&self, topic: &str) -> Result<i32, Fault> {
        let _watch = self.watchdog.watch("metadata", CALL);
        super::connection::partitions(self.consumer().client(), topic, CALL)
            .map_err(|e| fault("metadata", &e))?
            .ok_or_else(|| Fault::Stop(format!("input topic `{topic}` does not exist")))
    }

    /// Gives every record from offset `from` to `end` to `each`.
    pub(super) fn read(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        end: End,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<Go, Fault>,
    ) -> Result<(), Fault> {
        if end == End::Known(from) {
            return Ok(());
        }
        self.assign(topic, partition, Offset::Offset(from))?;
        let read = self.poll(topic, partition, end, each);
        self.consumer().unassign().map_err(|e| fault("unassign", &e))?;
        read
    }

    fn poll(
        &self,
        topic: &str,
        partition: i32,
        end: End,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<Go, Fault>,
    ) -> Result<(), Fault> {
        let until = match end {
            End::Stable => i64::MAX,
            End::Known(until) => until,
        };
        let mut heard = Instant::now();
        loop {
            match self.consumer().poll(POLL) {
                None if heard.elapsed() > SILENCE_MAX => {
                    return Err(Fault::Doubt("the broker does not answer a read".into()));
                }
                None => {}
                Some(Ok(message)) => {
                    heard = Instant::now();
                    let after = message.offset() + 1;
                    if after <= until && each(&message)? == Go::Enough || after >= until {
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(at))) if at == partition => {
                    if end == End::Stable {
                        return Ok(());
                    }
                    tracing::debug!(until, "the log seems to end before what is there");
                }
                Some(Err(error)) => pass(topic, &error)?,
            }
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _watch = self.watchdog.watch("dropping a consumer", CALL);
        drop(self.consumer.take());
    }
}

/// Follows one partition of the changelog.
pub struct Follower {
    tail: Tail,
    topic: String,
}

impl Follower {
    pub(super) fn new(
        config: &ClientConfig,
        topic: &str,
        partition: i32,
        from: Option<i64>,
        watchdog: Watchdog,
    ) -> Result<Self, Fault> {
        let tail = Tail::new(config, watchdog)?;
        tail.assign(topic, partition, from.map_or(Offset::Beginning, Offset::Offset))?;
        Ok(Self { tail, topic: topic.to_owned() })
    }
}

impl broker::Tail for Follower {
    fn poll(&mut self, wait: Duration) -> Result<Tailed, Fault> {
        match self.tail.consumer().poll(wait) {
            None => Ok(Tailed::Nothing),
            Some(Ok(message)) => log_record(&self.topic, &message).map(Tailed::Record),
            Some(Err(KafkaError::PartitionEOF(_))) => Ok(Tailed::End),
            Some(Err(error)) => pass(&self.topic, &error).map(|()| Tailed::Away),
        }
    }
}

/// A copy of a changelog record.
pub(super) fn log_record(topic: &str, message: &BorrowedMessage<'_>) -> Result<LogRecord, Fault> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
    let key = key.ok_or_else(|| {
        let offset = message.offset();
        Fault::Stop(format!("`{topic}` has a record without a text key at {offset}"))
    })?;
    let value = message.payload().map(<[u8]>::to_vec);
    Ok(LogRecord { offset: message.offset(), key: key.to_owned(), value })
}

/// Lets errors pass that mend themselves.
fn pass(topic: &str, error: &KafkaError) -> Result<(), Fault> {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
            Err(Fault::Doubt(format!("`{topic}`: the offset to read from is gone: {error}")))
        }
        Some(code) if super::client::needs_a_person(code) => {
            Err(Fault::Stop(format!("`{topic}` cannot be read: {error}")))
        }
        _ => {
            tracing::debug!(%error, "reading goes on");
            Ok(())
        }
    }
}
