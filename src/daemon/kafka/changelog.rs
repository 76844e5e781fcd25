//! Reads one partition: up to a given offset, up to the last stable offset, or continuously.
//!
//! In: a topic, a partition and a start offset. Out: each record in turn. Partitions are assigned
//! directly; the group protocol is not used.
//!
//! The end of a partition is detected by librdkafka's partition-EOF event, not by comparing
//! offsets: a transactional log ends with control markers, which are never delivered to a consumer.
//! The event refers to the last stable offset that the leader knows. A newly elected leader may
//! know only an offset that precedes the last commit. Callers that must not miss a record use
//! [`ReadEnd::Known`] with the offset after a record that they know exists.

use super::client::fault;
use super::client::{CALL_TIMEOUT, SilentContext};
use crate::daemon::pipeline::broker::{self, ChangelogPoll, Fault, GENERATION, LogRecord};
use crate::daemon::telemetry::watchdog::Watchdog;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::statistics::Statistics;
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(100);
/// How long a read may continue without receiving a record before it fails.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long the leader of a followed changelog partition may stay silent. A live leader answers
/// even an empty fetch after `fetch.wait.max.ms`, so it is never silent for long.
const LEADER_SILENT_MAX: Duration = Duration::from_secs(5);

/// Whether to continue reading after a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadFlow {
    /// Continue.
    On,
    /// Stop: the caller has what it needs.
    Enough,
}

/// Where reading ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadEnd {
    /// At the last stable offset that the leader reports.
    Stable,
    /// At this offset, which follows a record known to exist.
    Known(i64),
}

/// The changelog partition of a shard.
pub(super) fn partition_of(shard: u32) -> i32 {
    i32::try_from(shard).unwrap_or(i32::MAX)
}

/// A consumer that reads one partition at a time.
pub(super) struct PartitionReader<X: ConsumerContext + 'static = SilentContext> {
    /// Present until drop, which closes the consumer under the watchdog.
    consumer: Option<BaseConsumer<X>>,
    watchdog: Watchdog,
}

impl PartitionReader {
    pub(super) fn new(config: &ClientConfig, watchdog: Watchdog) -> Result<Self, Fault> {
        Self::with(SilentContext, config, watchdog)
    }
}

impl<X: ConsumerContext> PartitionReader<X> {
    fn with(context: X, config: &ClientConfig, watchdog: Watchdog) -> Result<Self, Fault> {
        let made = config.create_with_context(context);
        let consumer = made.map_err(Fault::stop)?;
        Ok(Self { consumer: Some(consumer), watchdog })
    }

    fn consumer(&self) -> &BaseConsumer<X> {
        self.consumer.as_ref().expect("the consumer exists until drop")
    }

    fn assign(&self, topic: &str, partition: i32, from: Offset) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        let added = list.add_partition_offset(topic, partition, from);
        added.and_then(|()| self.consumer().assign(&list)).map_err(|e| fault("assign", &e))
    }

    /// The first retained offset and the last stable offset.
    pub(super) fn ends(&self, topic: &str, partition: i32) -> Result<(i64, i64), Fault> {
        self.ends_within(topic, partition, CALL_TIMEOUT)
    }

    /// Like [`Self::ends`], but waits at most `within`.
    pub(super) fn ends_within(
        &self,
        topic: &str,
        partition: i32,
        within: Duration,
    ) -> Result<(i64, i64), Fault> {
        let _watch = self.watchdog.watch("watermarks", within);
        self.consumer()
            .fetch_watermarks(topic, partition, within)
            .map_err(|e| fault("watermarks", &e))
    }

    /// The offset of the first record at or after `timestamp` (in milliseconds), if there is one.
    pub(super) fn at_time(
        &self,
        topic: &str,
        partition: i32,
        timestamp: i64,
    ) -> Result<Option<i64>, Fault> {
        let _watch = self.watchdog.watch("offsets by time", CALL_TIMEOUT);
        let mut list = TopicPartitionList::new();
        let offsets = list
            .add_partition_offset(topic, partition, Offset::Offset(timestamp))
            .and_then(|()| self.consumer().offsets_for_times(list, CALL_TIMEOUT))
            .map_err(|e| fault("offsets by time", &e))?;
        let offsets = offsets.find_partition(topic, partition).map(|found| found.offset());
        Ok(offsets.and_then(|offset| match offset {
            Offset::Offset(at) => Some(at),
            _ => None,
        }))
    }

    /// The number of partitions of a topic, or 0 if it does not exist. Waits at most `within`.
    pub(super) fn partitions_within(&self, topic: &str, within: Duration) -> Result<i32, Fault> {
        let _watch = self.watchdog.watch("metadata", within);
        let metadata = self.consumer().fetch_metadata(Some(topic), within);
        let metadata = metadata.map_err(|e| fault("metadata", &e))?;
        let count = metadata.topics().iter().map(|topic| topic.partitions().len()).sum::<usize>();
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// The offsets committed by the consumer's group. Waits at most `within`.
    pub(super) fn committed(
        &self,
        of: &[broker::Partition],
        within: Duration,
    ) -> Result<BTreeMap<broker::Partition, i64>, Fault> {
        let _watch = self.watchdog.watch("committed offsets", within);
        let mut list = TopicPartitionList::new();
        for of in of {
            list.add_partition(&of.topic, of.partition);
        }
        let committed = self.consumer().committed_offsets(list, within);
        let committed = committed.map_err(|e| fault("committed offsets", &e))?;
        let offset = |of: &broker::Partition| match committed
            .find_partition(&of.topic, of.partition)?
            .offset()
        {
            Offset::Offset(at) => Some((of.clone(), at)),
            _ => None,
        };
        Ok(of.iter().filter_map(offset).collect())
    }

    /// The number of partitions of an input topic.
    ///
    /// # Errors
    /// If the topic does not exist, or the request fails.
    pub(super) fn partitions(&self, topic: &str) -> Result<i32, Fault> {
        let _watch = self.watchdog.watch("metadata", CALL_TIMEOUT);
        super::connection::partitions(self.consumer().client(), topic, CALL_TIMEOUT)
            .map_err(|e| fault("metadata", &e))?
            .ok_or_else(|| Fault::stop(format!("input topic `{topic}` does not exist")))
    }

    /// Calls `each` with every record from offset `from` to `end`.
    pub(super) fn read(
        &self,
        topic: &str,
        partition: i32,
        from: i64,
        end: ReadEnd,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<ReadFlow, Fault>,
    ) -> Result<(), Fault> {
        if end == ReadEnd::Known(from) {
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
        end: ReadEnd,
        each: &mut dyn FnMut(&BorrowedMessage<'_>) -> Result<ReadFlow, Fault>,
    ) -> Result<(), Fault> {
        let until = match end {
            ReadEnd::Stable => i64::MAX,
            ReadEnd::Known(until) => until,
        };
        let mut last_record = Instant::now();
        loop {
            match self.consumer().poll(POLL) {
                None if last_record.elapsed() > SILENCE_MAX => {
                    let silent = SILENCE_MAX.as_secs();
                    return Err(Fault::doubt(format!(
                        "the broker sent no record of `{topic}` partition {partition} for \
                         {silent} s"
                    )));
                }
                None => {}
                Some(Ok(message)) => {
                    last_record = Instant::now();
                    let after = message.offset() + 1;
                    if after <= until && each(&message)? == ReadFlow::Enough || after >= until {
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(at))) if at == partition => {
                    if end == ReadEnd::Stable {
                        return Ok(());
                    }
                    tracing::debug!(
                        until,
                        "end of partition reported before a known record; reading on"
                    );
                }
                Some(Err(error)) => check_read_error(topic, &error)?,
            }
        }
    }
}

impl<X: ConsumerContext> Drop for PartitionReader<X> {
    fn drop(&mut self) {
        let _watch = self.watchdog.watch("dropping a consumer", CALL_TIMEOUT);
        drop(self.consumer.take());
    }
}

/// The context of a [`Follower`]'s consumer. It keeps the state of the partition's leader, as
/// reported in librdkafka's statistics.
#[derive(Debug)]
struct Leader {
    topic: String,
    partition: i32,
    /// Whether the leader is connected and has sent something within [`LEADER_SILENT_MAX`].
    answers: AtomicBool,
    /// Whether everything up to the leader's last stable offset has been delivered.
    at_end: AtomicBool,
}

impl ClientContext for Leader {
    fn stats(&self, statistics: Statistics) {
        let topic = statistics.topics.get(&self.topic);
        let Some(partition) = topic.and_then(|topic| topic.partitions.get(&self.partition)) else {
            return;
        };
        let leader = statistics.brokers.values().find(|broker| broker.nodeid == partition.leader);
        let silent = |idle: i64| Duration::from_micros(u64::try_from(idle).unwrap_or(0));
        let answers =
            leader.is_some_and(|l| l.state == "UP" && silent(l.rxidle) <= LEADER_SILENT_MAX);
        let delivered = partition.fetchq_cnt == 0 && partition.next_offset >= partition.ls_offset;
        self.at_end.store(partition.ls_offset >= 0 && delivered, Ordering::Relaxed);
        self.answers.store(answers, Ordering::Relaxed);
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        SilentContext.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        SilentContext.error(error, reason);
    }
}

impl ConsumerContext for Leader {}

/// Reads one partition of the changelog continuously.
pub struct Follower {
    tail: PartitionReader<Leader>,
    /// Whether the broker was reported unreachable and has delivered neither a record nor the end
    /// of the partition since.
    away: bool,
}

impl Follower {
    pub(super) fn new(
        config: &ClientConfig,
        topic: &str,
        partition: i32,
        from: Option<i64>,
        watchdog: Watchdog,
    ) -> Result<Self, Fault> {
        let mut config = config.clone();
        config.set("statistics.interval.ms", "1000");
        let leader = Leader {
            topic: topic.to_owned(),
            partition,
            answers: true.into(),
            at_end: false.into(),
        };
        let tail = PartitionReader::with(leader, &config, watchdog)?;
        tail.assign(topic, partition, from.map_or(Offset::Beginning, Offset::Offset))?;
        Ok(Self { tail, away: false })
    }

    /// Interprets a poll that returned nothing. librdkafka reports the end of a partition only
    /// once. This method reports it again after the broker was unreachable, because records may
    /// have been added in the meantime.
    fn on_silence(&self) -> ChangelogPoll {
        let leader = self.tail.consumer().context();
        if !leader.answers.load(Ordering::Relaxed) {
            return ChangelogPoll::Unreachable;
        }
        match self.away && leader.at_end.load(Ordering::Relaxed) {
            true => ChangelogPoll::End,
            false => ChangelogPoll::Nothing,
        }
    }
}

impl broker::Tail for Follower {
    fn poll(&mut self, wait: Duration) -> Result<ChangelogPoll, Fault> {
        let polled = match self.tail.consumer().poll(wait) {
            None => self.on_silence(),
            Some(Ok(message)) => {
                let topic = &self.tail.consumer().context().topic;
                ChangelogPoll::Record(copy_log_record(topic, &message)?)
            }
            Some(Err(KafkaError::PartitionEOF(_))) => ChangelogPoll::End,
            Some(Err(error)) => {
                check_read_error(&self.tail.consumer().context().topic, &error)?;
                ChangelogPoll::Unreachable
            }
        };
        self.away =
            polled == ChangelogPoll::Unreachable || self.away && polled == ChangelogPoll::Nothing;
        Ok(polled)
    }
}

/// Copies a changelog record out of the client's buffers.
pub(super) fn copy_log_record(
    topic: &str,
    message: &BorrowedMessage<'_>,
) -> Result<LogRecord, Fault> {
    let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
    let key = key.ok_or_else(|| {
        let (partition, offset) = (message.partition(), message.offset());
        Fault::stop(format!(
            "the record at offset {offset} of `{topic}` partition {partition} has no UTF-8 key, so \
             Wirefold did not write it; check `output.state`"
        ))
    })?;
    let value = message.payload().map(<[u8]>::to_vec);
    let generation = header(message, GENERATION).and_then(|value| value.parse().ok());
    Ok(LogRecord { offset: message.offset(), key: key.to_owned(), value, generation })
}

/// The value of the first header named `name`, if it is UTF-8.
pub(super) fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a str> {
    let headers = message.headers()?;
    let value = headers.iter().find(|header| header.key == name)?.value?;
    std::str::from_utf8(value).ok()
}

/// Returns a fault unless the error is temporary.
fn check_read_error(topic: &str, error: &KafkaError) -> Result<(), Fault> {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => Err(Fault::doubt(format!(
            "cannot read `{topic}`: the offset no longer exists: {error}"
        ))),
        Some(code) if super::client::is_permanent(code) => {
            Err(Fault::stop(format!("cannot read `{topic}`: {error}")))
        }
        _ => {
            tracing::debug!(topic, %error, "temporary read error; polling again");
            Ok(())
        }
    }
}
