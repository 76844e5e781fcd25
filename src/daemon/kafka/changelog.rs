//! Reads a partition, assign-only: up to an offset or the last stable one, or following it as it grows.
//!
//! The last stable offset is told by librdkafka's partition-EOF event, never by an offset seen: the
//! last offsets of a transactional log are commit markers, which no reader gets. It is what the leader
//! knows, which after an election can be less than what was committed. Who must not miss anything
//! names a record that is there.

use super::client::{CALL, SilentContext};
use super::writer::fault;
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
/// How long nothing may come before the reader gives up.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// How long the leader of a changelog that is followed may be silent. It answers a fetch with
/// nothing in it after `fetch.wait.max.ms`, so one that is alive is never silent for long.
const LEADER_SILENT_MAX: Duration = Duration::from_secs(5);

/// Whether reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadFlow {
    On,
    Enough,
}

/// Where reading ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadEnd {
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
pub(super) struct PartitionTail<X: ConsumerContext + 'static = SilentContext> {
    consumer: Option<BaseConsumer<X>>,
    watchdog: Watchdog,
}

impl PartitionTail {
    pub(super) fn new(config: &ClientConfig, watchdog: Watchdog) -> Result<Self, Fault> {
        Self::with(SilentContext, config, watchdog)
    }
}

impl<X: ConsumerContext> PartitionTail<X> {
    fn with(context: X, config: &ClientConfig, watchdog: Watchdog) -> Result<Self, Fault> {
        let made = config.create_with_context(context);
        let consumer = made.map_err(|e: KafkaError| Fault::Stop(e.to_string()))?;
        Ok(Self { consumer: Some(consumer), watchdog })
    }

    fn consumer(&self) -> &BaseConsumer<X> {
        self.consumer.as_ref().expect("the consumer is there until the drop")
    }

    fn assign(&self, topic: &str, partition: i32, from: Offset) -> Result<(), Fault> {
        let mut list = TopicPartitionList::new();
        let added = list.add_partition_offset(topic, partition, from);
        added.and_then(|()| self.consumer().assign(&list)).map_err(|e| fault("assign", &e))
    }

    /// The first offset that is kept, and the last stable offset.
    pub(super) fn ends(&self, topic: &str, partition: i32) -> Result<(i64, i64), Fault> {
        self.ends_within(topic, partition, CALL)
    }

    /// The same, waited for no longer than `within`.
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

    /// The offset of the first record at `timestamp` or later; `None` where there is none.
    pub(super) fn at_time(
        &self,
        topic: &str,
        partition: i32,
        timestamp: i64,
    ) -> Result<Option<i64>, Fault> {
        let _watch = self.watchdog.watch("offsets by time", CALL);
        let mut list = TopicPartitionList::new();
        let found = list
            .add_partition_offset(topic, partition, Offset::Offset(timestamp))
            .and_then(|()| self.consumer().offsets_for_times(list, CALL))
            .map_err(|e| fault("offsets by time", &e))?;
        let found = found.find_partition(topic, partition).map(|found| found.offset());
        Ok(found.and_then(|offset| match offset {
            Offset::Offset(at) => Some(at),
            _ => None,
        }))
    }

    /// The partitions of a topic, waited for no longer than `within`.
    pub(super) fn partitions_within(&self, topic: &str, within: Duration) -> Result<i32, Fault> {
        let _watch = self.watchdog.watch("metadata", within);
        let found = self.consumer().fetch_metadata(Some(topic), within);
        let found = found.map_err(|e| fault("metadata", &e))?;
        let count = found.topics().iter().map(|topic| topic.partitions().len()).sum::<usize>();
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }

    /// The offsets committed by the consumer's group, waited for no longer than `within`.
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
        let found = self.consumer().committed_offsets(list, within);
        let found = found.map_err(|e| fault("committed offsets", &e))?;
        let offset = |of: &broker::Partition| match found
            .find_partition(&of.topic, of.partition)?
            .offset()
        {
            Offset::Offset(at) => Some((of.clone(), at)),
            _ => None,
        };
        Ok(of.iter().filter_map(offset).collect())
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
                    if after <= until && each(&message)? == ReadFlow::Enough || after >= until {
                        return Ok(());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(at))) if at == partition => {
                    if end == ReadEnd::Stable {
                        return Ok(());
                    }
                    tracing::debug!(until, "the log seems to end before what is there");
                }
                Some(Err(error)) => pass(topic, &error)?,
            }
        }
    }
}

impl<X: ConsumerContext> Drop for PartitionTail<X> {
    fn drop(&mut self) {
        let _watch = self.watchdog.watch("dropping a consumer", CALL);
        drop(self.consumer.take());
    }
}

/// Whether the leader of a partition answers, by librdkafka's own statistics.
#[derive(Debug)]
struct Leader {
    topic: String,
    partition: i32,
    answers: AtomicBool,
    /// Whether everything that it says is there has been given.
    at_end: AtomicBool,
}

impl ClientContext for Leader {
    fn stats(&self, statistics: Statistics) {
        let topic = statistics.topics.get(&self.topic);
        let Some(found) = topic.and_then(|topic| topic.partitions.get(&self.partition)) else {
            return;
        };
        let leader = statistics.brokers.values().find(|broker| broker.nodeid == found.leader);
        let silent = |idle: i64| Duration::from_micros(u64::try_from(idle).unwrap_or(0));
        let answers =
            leader.is_some_and(|l| l.state == "UP" && silent(l.rxidle) <= LEADER_SILENT_MAX);
        let given = found.fetchq_cnt == 0 && found.next_offset >= found.ls_offset;
        self.at_end.store(found.ls_offset >= 0 && given, Ordering::Relaxed);
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

/// Follows one partition of the changelog.
pub struct Follower {
    tail: PartitionTail<Leader>,
    /// Whether it was said that the broker is not reached, and nothing else since.
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
        let tail = PartitionTail::with(leader, &config, watchdog)?;
        tail.assign(topic, partition, from.map_or(Offset::Beginning, Offset::Offset))?;
        Ok(Self { tail, away: false })
    }

    /// What it means that nothing came. librdkafka tells the end of a partition once; after the
    /// broker was away it is told again, because there may have been more.
    fn silence(&self) -> ChangelogPoll {
        let leader = self.tail.consumer().context();
        if !leader.answers.load(Ordering::Relaxed) {
            return ChangelogPoll::Away;
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
            None => self.silence(),
            Some(Ok(message)) => {
                let topic = &self.tail.consumer().context().topic;
                ChangelogPoll::Record(log_record(topic, &message)?)
            }
            Some(Err(KafkaError::PartitionEOF(_))) => ChangelogPoll::End,
            Some(Err(error)) => {
                pass(&self.tail.consumer().context().topic, &error).map(|()| ChangelogPoll::Away)?
            }
        };
        self.away = polled == ChangelogPoll::Away || self.away && polled == ChangelogPoll::Nothing;
        Ok(polled)
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
    let generation = header(message, GENERATION).and_then(|value| value.parse().ok());
    Ok(LogRecord { offset: message.offset(), key: key.to_owned(), value, generation })
}

/// The text of the first header called `name`.
pub(super) fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a str> {
    let headers = message.headers()?;
    let value = headers.iter().find(|header| header.key == name)?.value?;
    std::str::from_utf8(value).ok()
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
