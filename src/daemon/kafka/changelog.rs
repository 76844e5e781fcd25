//! Reads a partition, assign-only, up to its last stable offset.
//!
//! The end is told by librdkafka's partition-EOF event, never by an offset seen: the last offsets
//! of a transactional log are commit markers, which no reader gets.

use super::client::{CALL, Quiet};
use super::watchdog::Watchdog;
use super::writer::fault;
use crate::daemon::pipeline::broker::Fault;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
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

/// A consumer that reads one partition at a time from somewhere to its end.
pub(super) struct Tail {
    consumer: BaseConsumer<Quiet>,
    watchdog: Watchdog,
}

impl Tail {
    pub(super) fn new(config: &ClientConfig, watchdog: Watchdog) -> Result<Self, Fault> {
        let made = config.create_with_context(Quiet);
        let consumer = made.map_err(|e: KafkaError| Fault::Stop(e.to_string()))?;
        Ok(Self { consumer, watchdog })
    }

    /// The first offset that is kept, and the last stable offset.
    pub(super) fn ends(&self, topic: &str, partition: i32) -> Result<(i64, i64), Fault> {
        let _watch = self.watchdog.watch("watermarks", CALL);
        self.consumer.fetch_watermarks(topic, partition, CALL).map_err(|e| fault("watermarks", &e))
    }

    /// The number of partitions of a topic.
    pub(super) fn partitions(&self, topic: &str) -> Result<i32, Fault> {
        let _watch = self.watchdog.watch("metadata", CALL);
        super::topics::partitions(self.consumer.client(), topic)
            .map_err(|e| fault("metadata", &e))?
            .ok_or_else(|| Fault::Stop(format!("input topic `{topic}` does not exist")))
    }

    /// Gives every record from offset `from` to the last stable offset to `each`.
    pub(super) fn read(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<Go, Fault>,
    ) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(from))
            .map_err(|e| fault("assign", &e))?;
        self.consumer.assign(&list).map_err(|e| fault("assign", &e))?;
        let read = self.poll(partition, each);
        self.consumer.unassign().map_err(|e| fault("unassign", &e))?;
        read
    }

    fn poll(
        &self,
        partition: i32,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<Go, Fault>,
    ) -> Result<(), Fault> {
        let mut heard = Instant::now();
        loop {
            match self.consumer.poll(POLL) {
                None if heard.elapsed() > SILENCE_MAX => {
                    return Err(Fault::Doubt("the broker does not answer a read".into()));
                }
                None => {}
                Some(Ok(message)) => {
                    heard = Instant::now();
                    if each(&message)? == Go::Enough {
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(at))) if at == partition => return Ok(()),
                Some(Err(error)) => pass(&error)?,
            }
        }
    }
}

/// Lets errors pass that mend themselves.
fn pass(error: &KafkaError) -> Result<(), Fault> {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
            Err(Fault::Doubt(format!("the offset to read from is gone: {error}")))
        }
        Some(code) if super::client::needs_a_person(code) => Err(Fault::Stop(error.to_string())),
        _ => {
            tracing::debug!(%error, "reading goes on");
            Ok(())
        }
    }
}
