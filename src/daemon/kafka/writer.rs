//! Writes batches: one transaction each, or flushed step by step where there are none.
//!
//! Every delivery report is checked: a record that was not delivered fails the flush. A commit that
//! took over a second, or that a producer made which has seen a connection fail, says so, because
//! librdkafka may have retried it without telling, and a delayed retry could end the next transaction
//! of the same producer. A closed connection is told by a log line and by nothing else, and only the
//! first of equal ones within 30 s; so one is enough for the rest of a producer's life.
//!
//! A producer that has seen a connection fail begins no further transaction and ends none: a broker that
//! was killed may have lost the end of the transaction before (see
//! [`repair`](crate::daemon::pipeline::repair)), and a new transaction would decide about its records.
//!
//! Dropping the writer aborts nothing: the next writer's first call does, and [`broker::Writer::sweep`]
//! makes sure of it. A coordinator that starts again was seen to complete a transaction without a marker
//! in any partition (Kafka 4.3, killed and started again): its records hang, and the next transaction
//! of the same producer takes them along. A transaction with a record of the new epoch in every
//! partition, aborted, ends them as aborted; whether they had been committed is decided from what the
//! partitions show.

use super::changelog::partition_of;
use super::client::{CALL, Settings, TRANSACTION, TopicNames, needs_a_person};
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

const POLL: Duration = Duration::from_millis(1);
const SLOW_COMMIT: Duration = Duration::from_secs(1);
/// How many events may wait to be looked at: far more than one producer's log lines.
const EVENTS_MAX: usize = 64;

/// A producer of one shard.
pub struct ShardProducer {
    producer: Option<BaseProducer<DeliveryReports>>,
    topics: TopicNames,
    shard: u32,
    /// The shard's partition of the changelog.
    partition: i32,
    /// The attempt under way.
    attempt: Option<WriteId>,
    /// How many records of it were sent to the outputs, and to the changelog.
    numbers: (u32, u32),
    delivery: Delivery,
    sweeps: bool,
    sent: u64,
    brokers: String,
    sizes: Arc<SizeLimits>,
    watchdog: Watchdog,
}

/// What writers of one shard and their maker tell each other about sizes.
#[derive(Debug, Default)]
pub(super) struct SizeLimits {
    /// A record or batch was refused as too large: the limits may have changed.
    pub(super) refused: AtomicBool,
    /// The limits were read again and had not changed, so that waiting is of no use.
    pub(super) known: AtomicBool,
}

impl ShardProducer {
    /// Makes a producer for records within `limits`, and with transactions fences the former one.
    pub(super) fn new(
        settings: &Settings,
        shard: u32,
        limits: Limits,
        sizes: Arc<SizeLimits>,
        watchdog: Watchdog,
    ) -> Result<Self, Fault> {
        let (topics, delivery) = (settings.topics.clone(), settings.delivery);
        let config = settings.producer(shard, limits);
        let producer: BaseProducer<DeliveryReports> = config
            .create_with_context(DeliveryReports::default())
            .map_err(|e| Fault::Stop(e.to_string()))?;
        point!("before-fence");
        if delivery == Delivery::ExactlyOnce {
            let _watch = watchdog.watch("init_transactions", TRANSACTION);
            let made = producer.init_transactions(TRANSACTION);
            made.map_err(|error| opening(settings, shard, &error))?;
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

    /// Aborts a transaction that holds a record for each of the partitions, and returns the offsets
    /// after those records.
    fn abort_in(&self, partitions: &[(OutputPartition, &str)]) -> Result<OutputEnds, Fault> {
        let _watch = self.watchdog.watch("sweeping", TRANSACTION * 3);
        let producer = self.producer();
        producer.begin_transaction().map_err(|e| self.fault("begin_transaction", &e))?;
        let sent = partitions.iter().try_for_each(|&(output, topic)| {
            let record: BaseRecord<'_, [u8], [u8]> =
                BaseRecord::to(topic).partition(output.partition);
            let sent = producer.send(record.key(SWEEP.as_bytes()).payload(&[]));
            sent.map_err(|(error, _)| self.refused(&error))
        });
        let swept = sent.and_then(|()| self.settle());
        let asked = Instant::now();
        if let Err(error) = producer.abort_transaction(TRANSACTION) {
            // What cannot be aborted for a reason says so before.
            return Err(swept.err().unwrap_or_else(|| self.fault("abort_transaction", &error)));
        }
        if asked.elapsed() >= SLOW_COMMIT {
            return Err(Fault::Doubt(
                "an abort took long, and a retry of it may be under way".into(),
            ));
        }
        self.look();
        let end = |&(output, topic): &(OutputPartition, &str)| {
            Some((output, self.reports().end(topic, output.partition)?))
        };
        let ends = partitions.iter().filter_map(end).collect();
        self.reports().anew();
        swept?;
        self.calm()?;
        Ok(ends)
    }

    /// Whether every connection held so far. With transactions, a producer that has seen one fail is
    /// of no more use.
    fn calm(&self) -> Result<(), Fault> {
        let trouble = self.reports().trouble.load(Ordering::SeqCst) > 0;
        match trouble && self.delivery == Delivery::ExactlyOnce {
            true => Err(Fault::Doubt("a connection to a broker failed".into())),
            false => Ok(()),
        }
    }

    /// Sends a record to a partition, or to the one that its key gives.
    fn produce(
        &mut self,
        record: &OutputRecord,
        partition: Option<i32>,
        attempt: Option<(&str, &str)>,
    ) -> Result<(), Fault> {
        let Some(topic) = self.topics.of(record.role) else { return Ok(()) };
        let _watch = self.watchdog.watch("send", TRANSACTION);
        let deadline = Instant::now() + TRANSACTION;
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
                        return Err(Fault::Doubt("the producer's queue stays full".into()));
                    }
                    out = back;
                    self.producer().poll(POLL);
                }
                Err((error, _)) => return Err(self.refused(&error)),
            }
        }
        self.sent += 1;
        self.failed()
    }

    /// The header of the next record of the attempt under way: every record of an output has one, and
    /// of the changelog the position, which is the last of its batch.
    fn numbered(&mut self, record: &OutputRecord) -> Option<String> {
        let WriteId { fence, batch } = self.attempt?;
        let number = match record.role {
            Role::State => &mut self.numbers.1,
            _ => &mut self.numbers.0,
        };
        let index = *number;
        *number += 1;
        let wanted =
            record.role != Role::State || record.key.as_deref() == Some(POSITION.as_bytes());
        wanted.then(|| format!("{}/{fence}/{batch}/{index}", self.shard))
    }

    /// Waits until every record has its delivery report, each one checked.
    fn settle(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + TRANSACTION;
        while self.producer().in_flight_count() > 0 {
            self.producer().poll(POLL);
            self.failed()?;
            self.calm()?;
            if Instant::now() >= deadline {
                return Err(Fault::Doubt("records were not acknowledged in time".into()));
            }
        }
        self.look();
        self.failed()
    }

    fn producer(&self) -> &BaseProducer<DeliveryReports> {
        self.producer.as_ref().expect("the producer is there until the writer is dropped")
    }

    fn reports(&self) -> &DeliveryReports {
        self.producer().context()
    }

    /// Looks at the events that wait; each call gives one.
    fn look(&self) {
        (0..EVENTS_MAX).for_each(|_| self.producer().poll(Duration::ZERO));
    }

    fn failed(&self) -> Result<(), Fault> {
        if self.reports().failed.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Ok(());
        }
        // A report may come before the line that says why.
        self.look();
        let failed = self.reports().failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(refusal) = failed else { return Ok(()) };
        Err(self.fatal("delivery").unwrap_or_else(|| self.refusal(&refusal)))
    }

    /// What to do about a record that was refused. The limits are read again before a size is taken
    /// for too large.
    fn refusal(&self, refusal: &BrokerRefusal) -> Fault {
        let why = refusal.message(&self.brokers);
        if refusal.code != RDKafkaErrorCode::MessageSizeTooLarge {
            return by_code(refusal.code, why);
        }
        self.sizes.refused.store(true, Ordering::SeqCst);
        if self.sizes.known.load(Ordering::SeqCst) { Fault::Stop(why) } else { Fault::Doubt(why) }
    }

    /// Why a record was not taken: an earlier one that failed, if there is one.
    fn refused(&self, error: &KafkaError) -> Fault {
        self.look();
        self.failed().err().unwrap_or_else(|| self.fault("send", error))
    }

    /// Tells the error of a fatal producer rather than the one of the call that met it.
    fn fault(&self, call: &str, error: &KafkaError) -> Fault {
        self.fatal(call).unwrap_or_else(|| fault(call, error))
    }

    /// The error that a fatal producer died of; what fails after it says less.
    fn fatal(&self, call: &str) -> Option<Fault> {
        let (code, why) = self.producer().client().fatal_error()?;
        Some(by_code(code, format!("{call}: {why}")))
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
            let _watch = self.watchdog.watch("metadata", CALL);
            let found = connection::partitions(self.producer().client(), topic, CALL);
            let found = found.map_err(|e| fault("metadata", &e))?.unwrap_or(0);
            let ours = |of: &i32| role != Role::State || *of == self.partition;
            let outputs =
                (0..found).filter(ours).map(|partition| OutputPartition { role, partition });
            partitions.extend(outputs.map(|output| (output, topic)));
        }
        let cause = match self.abort_in(&partitions) {
            Err(Fault::Stop(cause)) => cause,
            swept => return swept,
        };
        // What is refused to us now holds up no transaction, and none of ours goes there.
        let mut ends = OutputEnds::new();
        for one in partitions {
            match self.abort_in(&[one]) {
                Ok(swept) => ends.extend(swept),
                Err(Fault::Stop(why)) => tracing::warn!(why, "not swept"),
                // The producer did not survive the first refusal, which is what has to be mended.
                Err(_) => return Err(Fault::Stop(cause)),
            }
        }
        Ok(ends)
    }

    fn begin(&mut self, attempt: Option<WriteId>) -> Result<(), Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(());
        }
        self.look();
        self.calm()?;
        (self.attempt, self.numbers) = (attempt, (0, 0));
        self.producer().begin_transaction().map_err(|e| self.fault("begin_transaction", &e))
    }

    fn send(&mut self, record: &OutputRecord) -> Result<(), Fault> {
        let number = self.numbered(record);
        let partition = (record.role == Role::State).then_some(self.partition);
        self.produce(record, partition, number.as_deref().map(|number| (WRITE_ID, number)))
    }

    fn repeat(&mut self, written: &WrittenRecord) -> Result<(), Fault> {
        self.produce(&written.record, Some(written.output.partition), None)
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let _watch = self.watchdog.watch("flush", TRANSACTION);
        self.settle()?;
        let delivered = self.reports().delivered.load(Ordering::SeqCst);
        if delivered != self.sent {
            let missing = self.sent.saturating_sub(delivered);
            return Err(Fault::Doubt(format!("{missing} records have no delivery report")));
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<CommitCertainty, Fault> {
        if self.delivery == Delivery::AtLeastOnce {
            return Ok(CommitCertainty::Surely);
        }
        let started = Instant::now();
        {
            let _watch = self.watchdog.watch("commit_transaction", TRANSACTION);
            let answer = self.producer().commit_transaction(TRANSACTION);
            answer.map_err(|e| self.fault("commit_transaction", &e))?;
        }
        let took = started.elapsed();
        self.look();
        let calm = self.reports().trouble.load(Ordering::SeqCst) == 0;
        if calm && took < SLOW_COMMIT {
            Ok(CommitCertainty::Surely)
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
        let _watch = self.watchdog.watch("dropping a producer", TRANSACTION);
        point!("before-drop");
        drop(self.producer.take());
        point!("after-drop");
    }
}

/// What to do about a producer that cannot open transactions.
fn opening(settings: &Settings, shard: u32, error: &KafkaError) -> Fault {
    match error {
        KafkaError::Transaction(refused)
            if refused.code() == RDKafkaErrorCode::TransactionalIdAuthorizationFailed =>
        {
            let id = format!("{}.{shard}", settings.group);
            Fault::Stop(rights::missing(settings, "Write", AclResource::TransactionalId(&id)))
        }
        _ => fault("init_transactions", error),
    }
}

/// What to do about a failed call.
pub(super) fn fault(call: &str, error: &KafkaError) -> Fault {
    let why = format!("{call}: {error}");
    match error.rdkafka_error_code() {
        Some(code) => by_code(code, why),
        None => match error {
            KafkaError::Transaction(error) => by_code(error.code(), why),
            _ => Fault::Doubt(why),
        },
    }
}

fn by_code(code: RDKafkaErrorCode, why: String) -> Fault {
    use RDKafkaErrorCode as Code;
    match code {
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => Fault::Fenced(why),
        code if needs_a_person(code) => Fault::Stop(why),
        _ => Fault::Doubt(why),
    }
}
