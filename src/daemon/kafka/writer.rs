//! Writes the batches of one shard: in one transaction per batch or, with `at_least_once` delivery,
//! with plain flushes.
//!
//! In: output records. Out: the end offsets of the partitions written, how certain a commit is, or
//! a [`Fault`].
//!
//! Every delivery report is checked: a record that was not delivered fails the flush.
//!
//! A commit that took a second or longer, or that followed a connection failure, is reported as
//! [`CommitCertainty::AfterTrouble`]: librdkafka may have retried it silently, and a delayed retry
//! could end the next transaction of the same producer. librdkafka reports a closed connection only
//! in its log, and omits identical lines for 30 s after the first. A single failure therefore
//! counts until the producer is replaced.
//!
//! After a connection failure, the flushes of a transactional producer fail, and it starts no
//! further transaction: a broker that was killed may have lost the end of the previous transaction
//! (see [`repair`](crate::daemon::pipeline::repair)), and a new transaction would then commit or
//! abort the records of the previous transaction together with its own.
//!
//! Dropping the writer does not abort its transaction. `init_transactions` of the next writer
//! aborts the transaction, and [`broker::Writer::sweep`] makes sure that it is really aborted: a
//! restarted coordinator can mark a transaction as complete without writing its markers (seen with
//! Kafka 4.3 when brokers were killed). The transaction then hangs, and the next transaction of the
//! same producer includes its records. The sweep therefore writes one record of the new epoch to
//! every partition and aborts, which aborts the hanging records too. Whether the earlier
//! transaction had been committed is decided from the records that are visible in the partitions.

use super::changelog::partition_of;
use super::client::{CALL_TIMEOUT, Settings, TRANSACTION_TIMEOUT, TopicNames, by_code, fault};
use super::connection;
use super::delivery_reports::DeliveryReports;
use super::refusal::BrokerRefusal;
use super::rights::{self, AclResource};
use crate::daemon::pipeline::Delivery;
use crate::daemon::pipeline::broker::{
    self, CommitCertainty, Fault, Limits, OutputEnds, OutputPartition, OutputRecord, Role,
    WRITE_ID, WriteId, WrittenRecord,
};
use crate::daemon::pipeline::record::{POSITION, SWEEP};
use crate::daemon::telemetry::watchdog::Watchdog;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How long to sleep between two polls for delivery reports. `BaseProducer::poll` with a timeout
/// would always wait for the whole timeout, even after the reports have arrived, and spend the last
/// millisecond in a busy loop.
const LOOK_EVERY: Duration = Duration::from_micros(500);
/// A commit or an abort that took at least this long may have been retried by librdkafka.
const SLOW_COMMIT: Duration = Duration::from_secs(1);
/// The maximum number of pending events handled at a time. A producer has far fewer pending log
/// lines.
const EVENTS_MAX: usize = 64;

/// The producer of one shard.
pub struct ShardProducer {
    /// Present until drop, which closes the producer under the watchdog.
    producer: Option<BaseProducer<DeliveryReports>>,
    topics: TopicNames,
    shard: u32,
    /// The shard's partition of the changelog.
    partition: i32,
    /// The current attempt, if its records have a [`WRITE_ID`] header.
    attempt: Option<WriteId>,
    /// How many records of the attempt were sent to all outputs except the changelog, and how many
    /// to the changelog.
    numbers: (u32, u32),
    delivery: Delivery,
    /// Whether [`broker::Writer::sweep`] has to do anything.
    sweeps: bool,
    /// The number of records sent. Each must get a delivery report.
    sent: u64,
    /// The broker addresses, for error messages.
    brokers: String,
    /// Shared with the shard's `Cluster` and its other writers.
    sizes: Arc<SizeLimits>,
    watchdog: Watchdog,
}

/// State about size limits shared between the writers of a shard and the `Cluster` that creates
/// them.
#[derive(Debug, Default)]
pub(super) struct SizeLimits {
    /// Set by a writer when a record was refused as too large, because the limits may have changed.
    pub(super) refused: AtomicBool,
    /// Set when the limits were re-read without a change, so that retrying is pointless.
    pub(super) confirmed: AtomicBool,
}

impl ShardProducer {
    /// Creates a producer for records within `limits`. With transactions, this fences the previous
    /// producer.
    pub(super) fn new(
        settings: &Settings,
        shard: u32,
        limits: Limits,
        sizes: Arc<SizeLimits>,
        watchdog: Watchdog,
    ) -> Result<Self, Fault> {
        let (topics, delivery) = (settings.topics.clone(), settings.delivery);
        let config = settings.producer(shard, limits);
        let producer: BaseProducer<DeliveryReports> =
            config.create_with_context(DeliveryReports::default()).map_err(Fault::stop)?;
        point!("before-fence");
        if delivery == Delivery::ExactlyOnce {
            let _watch = watchdog.watch("init_transactions", TRANSACTION_TIMEOUT);
            let initialized = producer.init_transactions(TRANSACTION_TIMEOUT);
            initialized.map_err(|error| init_fault(settings, shard, &error))?;
        }
        Ok(Self {
            producer: Some(producer),
            topics,
            shard,
            partition: partition_of(shard),
            attempt: None,
            numbers: (0, 0),
            delivery,
            sweeps: delivery == Delivery::ExactlyOnce && settings.in_memory.is_none(),
            sent: 0,
            brokers: settings.brokers().to_owned(),
            sizes,
            watchdog,
        })
    }

    /// Writes one record to each partition in a transaction, aborts the transaction, and returns
    /// the offsets after those records.
    fn abort_in(&self, partitions: &[(OutputPartition, &str)]) -> Result<OutputEnds, Fault> {
        let _watch = self.watchdog.watch("sweeping", TRANSACTION_TIMEOUT * 3);
        let producer = self.producer();
        producer.begin_transaction().map_err(|e| self.fault("begin_transaction", &e))?;
        let sent = partitions.iter().try_for_each(|&(output, topic)| {
            let record: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(topic).partition(output.partition);
            let sent = producer.send(record.key(SWEEP.as_bytes()).payload(&[]));
            sent.map_err(|(error, _)| self.send_fault(&error))
        });
        let swept = sent.and_then(|()| self.settle());
        let started = Instant::now();
        if let Err(error) = producer.abort_transaction(TRANSACTION_TIMEOUT) {
            // An earlier error of the transaction explains more than the error of the abort.
            return Err(swept.err().unwrap_or_else(|| self.fault("abort_transaction", &error)));
        }
        if started.elapsed() >= SLOW_COMMIT {
            return Err(Fault::doubt(
                "aborting a transaction was slow, so a second abort request may be on its way",
            ));
        }
        self.poll_events();
        let end = |&(output, topic): &(OutputPartition, &str)| {
            Some((output, self.reports().end(topic, output.partition)?))
        };
        let ends = partitions.iter().filter_map(end).collect();
        self.reports().reset();
        swept?;
        self.check_connections()?;
        Ok(ends)
    }

    /// With transactions, fails if a connection has failed, because the producer must then be
    /// replaced.
    fn check_connections(&self) -> Result<(), Fault> {
        let trouble = self.reports().connection_failures.load(Ordering::SeqCst) > 0;
        if !trouble || self.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        // The error may be reported before the delivery reports of the affected records.
        let lost = || Fault::doubt("lost a connection to a broker; replacing the producer");
        Err(self.fatal("send").unwrap_or_else(lost))
    }

    /// Sends a record to `partition`, or to the partition that its key hashes to. `attempt` is an
    /// extra header.
    fn produce(
        &mut self,
        record: &OutputRecord,
        partition: Option<i32>,
        attempt: Option<(&str, &str)>,
    ) -> Result<(), Fault> {
        let Some(topic) = self.topics.of(record.role) else { return Ok(()) };
        let _watch = self.watchdog.watch("send", TRANSACTION_TIMEOUT);
        let deadline = Instant::now() + TRANSACTION_TIMEOUT;
        let mut out: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic);
        if let Some(partition) = partition {
            out = out.partition(partition);
        }
        if let Some(key) = &record.key {
            out = out.key(key);
        }
        if let Some(payload) = &record.payload {
            out = out.payload(payload);
        }
        if !record.headers.is_empty() || attempt.is_some() {
            let count = record.headers.len() + usize::from(attempt.is_some());
            let mut headers = OwnedHeaders::new_with_capacity(count);
            for (key, value) in &record.headers {
                headers = headers.insert(Header { key, value: value.as_deref() });
            }
            if let Some((key, value)) = attempt {
                headers = headers.insert(Header { key, value: Some(value) });
            }
            out = out.headers(headers);
        }
        loop {
            match self.producer().send(out) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    if Instant::now() >= deadline {
                        return Err(Fault::doubt(
                            "the producer's queue stays full: the broker does not accept records",
                        ));
                    }
                    out = back;
                    std::thread::sleep(LOOK_EVERY);
                    self.poll_events();
                }
                Err((error, _)) => return Err(self.send_fault(&error)),
            }
        }
        self.sent += 1;
        self.check_delivery()
    }

    /// The value of the [`WRITE_ID`] header for the next record of the current attempt, if the
    /// record gets one. Every record outside the changelog gets one. In the changelog, only the
    /// last record of a batch gets one: the position record.
    fn numbered(&mut self, record: &OutputRecord) -> Option<String> {
        let WriteId { fence, batch } = self.attempt?;
        let number = match record.role {
            Role::State => &mut self.numbers.1,
            _ => &mut self.numbers.0,
        };
        let index = *number;
        *number += 1;
        let has_header =
            record.role != Role::State || record.key.as_deref() == Some(POSITION.as_bytes());
        has_header.then(|| format!("{}/{fence}/{batch}/{index}", self.shard))
    }

    /// Waits until every record has its delivery report, and fails if a record was not delivered.
    fn settle(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + TRANSACTION_TIMEOUT;
        let mut in_flight = self.producer().in_flight_count();
        while in_flight > 0 {
            self.producer().poll(Duration::ZERO);
            let left = self.producer().in_flight_count();
            if left == in_flight {
                std::thread::sleep(LOOK_EVERY);
            }
            in_flight = left;
            self.check_delivery()?;
            self.check_connections()?;
            if Instant::now() >= deadline {
                return Err(Fault::doubt(
                    "the broker did not acknowledge all records of a transaction in time",
                ));
            }
        }
        self.poll_events();
        self.check_delivery()
    }

    fn producer(&self) -> &BaseProducer<DeliveryReports> {
        self.producer.as_ref().expect("the producer exists until drop")
    }

    fn reports(&self) -> &DeliveryReports {
        self.producer().context()
    }

    /// Handles the pending events. Each call to `poll` handles one event.
    fn poll_events(&self) {
        (0..EVENTS_MAX).for_each(|_| self.producer().poll(Duration::ZERO));
    }

    /// Fails if a record was not delivered.
    fn check_delivery(&self) -> Result<(), Fault> {
        if self.reports().failed.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Ok(());
        }
        // The delivery report may arrive before the log line with the reason.
        self.poll_events();
        let failed = self.reports().failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(refusal) = failed else { return Ok(()) };
        Err(self.fatal("delivery").unwrap_or_else(|| self.refusal_fault(&refusal)))
    }

    /// The fault for a record that was not delivered. A record that is too large stops the shard
    /// only after the limits have been re-read without a change.
    fn refusal_fault(&self, refusal: &BrokerRefusal) -> Fault {
        let why = refusal.message(&self.brokers);
        if refusal.code != RDKafkaErrorCode::MessageSizeTooLarge {
            return by_code(refusal.code, why);
        }
        self.sizes.refused.store(true, Ordering::SeqCst);
        if self.sizes.confirmed.load(Ordering::SeqCst) {
            Fault::stop(why)
        } else {
            Fault::doubt(why)
        }
    }

    /// The fault for a record that could not be queued. If an earlier record was not delivered, the
    /// fault of that record is returned.
    fn send_fault(&self, error: &KafkaError) -> Fault {
        self.poll_events();
        self.check_delivery().err().unwrap_or_else(|| self.fault("send", error))
    }

    /// The fault for a failed call: the producer's fatal error if it has one, otherwise the error
    /// of the call.
    fn fault(&self, call: &str, error: &KafkaError) -> Fault {
        self.fatal(call).unwrap_or_else(|| fault(call, error))
    }

    /// The producer's fatal error, if any. It explains more than the errors that follow it.
    fn fatal(&self, call: &str) -> Option<Fault> {
        let (code, why) = self.producer().client().fatal_error()?;
        Some(by_code(code, format!("Kafka call `{call}` failed: {why}")))
    }
}

impl broker::Writer for ShardProducer {
    fn sweep(&mut self) -> Result<OutputEnds, Fault> {
        if !self.sweeps {
            return Ok(OutputEnds::new());
        }
        let mut partitions = Vec::new();
        for role in Role::ALL {
            let Some(topic) = self.topics.of(role) else { continue };
            let _watch = self.watchdog.watch("metadata", CALL_TIMEOUT);
            let count = connection::partitions(self.producer().client(), topic, CALL_TIMEOUT);
            let count = count.map_err(|e| fault("metadata", &e))?.unwrap_or(0);
            let ours = |partition: &i32| role != Role::State || *partition == self.partition;
            let outputs =
                (0..count).filter(ours).map(|partition| OutputPartition { role, partition });
            partitions.extend(outputs.map(|output| (output, topic)));
        }
        let cause = match self.abort_in(&partitions) {
            Err(Fault::Stop(cause)) => cause,
            swept => return swept,
        };
        // The broker refuses at least one partition. Sweep the partitions one by one: we cannot
        // write to a refused partition, so it need not be swept.
        let mut ends = OutputEnds::new();
        for one in partitions {
            match self.abort_in(&[one]) {
                Ok(swept) => ends.extend(swept),
                Err(Fault::Stop(why)) => {
                    let why = why.to_string();
                    tracing::warn!(why, "cannot abort leftover transactions in an output partition")
                }
                // The producer cannot be used after the first refusal, so report that refusal.
                Err(_) => return Err(Fault::stop(cause)),
            }
        }
        Ok(ends)
    }

    fn begin(&mut self, attempt: Option<WriteId>) -> Result<(), Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        self.poll_events();
        self.check_connections()?;
        (self.attempt, self.numbers) = (attempt, (0, 0));
        self.producer().begin_transaction().map_err(|e| self.fault("begin_transaction", &e))
    }

    fn send(&mut self, record: &OutputRecord) -> Result<(), Fault> {
        let number = self.numbered(record);
        let partition = (record.role == Role::State).then_some(self.partition);
        self.produce(record, partition, number.as_deref().map(|number| (WRITE_ID, number)))
    }

    fn resend(&mut self, written: &WrittenRecord) -> Result<(), Fault> {
        self.produce(&written.record, Some(written.output.partition), None)
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let _watch = self.watchdog.watch("flush", TRANSACTION_TIMEOUT);
        self.settle()?;
        let delivered = self.reports().delivered.load(Ordering::SeqCst);
        if delivered != self.sent {
            let missing = self.sent.saturating_sub(delivered);
            return Err(Fault::doubt(format!("{missing} records have no delivery report")));
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<CommitCertainty, Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(CommitCertainty::Certain);
        }
        let started = Instant::now();
        {
            let _watch = self.watchdog.watch("commit_transaction", TRANSACTION_TIMEOUT);
            let answer = self.producer().commit_transaction(TRANSACTION_TIMEOUT);
            answer.map_err(|e| self.fault("commit_transaction", &e))?;
        }
        let took = started.elapsed();
        self.poll_events();
        let undisturbed = self.reports().connection_failures.load(Ordering::SeqCst) == 0;
        if undisturbed && took < SLOW_COMMIT {
            Ok(CommitCertainty::Certain)
        } else {
            Ok(CommitCertainty::AfterTrouble)
        }
    }

    fn changelog_end(&self) -> Option<i64> {
        self.reports().end(&self.topics.state, self.partition)
    }

    fn ends(&self) -> OutputEnds {
        if self.delivery == Delivery::AtLeastOnce {
            return OutputEnds::new();
        }
        let delivered = self.reports().ends.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |role| Some((role, delivered.get(self.topics.of(role)?)?));
        let ends = Role::ALL.into_iter().filter_map(of).flat_map(|(role, partitions)| {
            partitions
                .iter()
                .map(move |(&partition, &end)| (OutputPartition { role, partition }, end))
        });
        ends.collect()
    }
}

impl Drop for ShardProducer {
    fn drop(&mut self) {
        let _watch = self.watchdog.watch("dropping a producer", TRANSACTION_TIMEOUT);
        point!("before-drop");
        drop(self.producer.take());
        point!("after-drop");
    }
}

/// The fault for a failed `init_transactions`.
fn init_fault(settings: &Settings, shard: u32, error: &KafkaError) -> Fault {
    match error {
        KafkaError::Transaction(refused)
            if refused.code() == RDKafkaErrorCode::TransactionalIdAuthorizationFailed =>
        {
            let id = format!("{}.{shard}", settings.group);
            Fault::stop(rights::missing_permission_message(
                settings,
                "Write",
                AclResource::TransactionalId(&id),
            ))
        }
        _ => fault("init_transactions", error),
    }
}
