//! Connects to the brokers, or explains why that failed.
//!
//! In: [`Settings`]. Out: a [`Connection`] for metadata requests, or an [`Error`] with the broker's
//! address, librdkafka's reason and a remedy.
//!
//! librdkafka delivers log lines and errors when a client is polled. The crate's `AdminClient` is
//! never polled, so the reasons for its failures are lost. The client used here is a producer that
//! writes nothing and is polled after each call.

use super::cause::ConnectFailure;
use super::client::{Settings, log};
use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};
use rdkafka::types::RDKafkaRespErr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The timeouts of successive connection attempts, four seconds in all. After each attempt, the
/// reasons that librdkafka has logged are read.
const STEPS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(750),
    Duration::from_millis(1_000),
    Duration::from_millis(1_500),
];
/// How long a poll for pending log lines may take.
const LISTEN: Duration = Duration::from_millis(5);
/// The facility of librdkafka's log line about a connection that failed or was closed.
pub(super) const CONNECTION_FAILED: &str = "FAIL";

/// The reason the topics cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The brokers cannot be reached at the moment.
    #[error("the broker cannot be reached: {0}")]
    Unreachable(String),
    /// A person has to fix the configuration, the permissions or the topics.
    #[error("{0}")]
    NeedsPerson(String),
}

/// A client for metadata requests. It collects the reasons for connection failures.
pub(super) struct Connection {
    producer: BaseProducer<FailureReasons>,
    brokers: String,
}

/// The client's context, which collects the reasons for connection failures.
#[derive(Debug, Default)]
struct FailureReasons {
    /// The most specific failure, and the latest among equally specific ones.
    cause: Mutex<Option<ConnectFailure>>,
    /// Whether librdkafka reported that all brokers are down.
    all_down: AtomicBool,
}

impl FailureReasons {
    fn note(&self, line: &str) {
        let failure = ConnectFailure::of(line);
        let mut cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        if cause.as_ref().is_none_or(|known| known.kind <= failure.kind) {
            *cause = Some(failure);
        }
    }
}

impl ClientContext for FailureReasons {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if facility == CONNECTION_FAILED {
            self.note(message);
            tracing::debug!(target: "librdkafka", facility, "{message}");
        } else {
            log(level, facility, message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => self.all_down.store(true, Ordering::SeqCst),
            _ => self.note(reason),
        }
    }
}

impl ProducerContext for FailureReasons {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

impl Connection {
    /// Creates the client, which connects on the first request.
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let mut config = settings.admin();
        // The log line about the closed connection may be the only hint at the cause.
        config.set("log.connection.close", "true");
        let made = config.create_with_context(FailureReasons::default());
        let producer = made.map_err(|e: KafkaError| Error::NeedsPerson(e.to_string()))?;
        Ok(Self { producer, brokers: settings.brokers().to_owned() })
    }

    /// Waits until a broker answers a metadata request for `topic`.
    pub(super) fn reach(&self, topic: &str) -> Result<(), Error> {
        for within in STEPS {
            let answer = self.producer.client().fetch_metadata(Some(topic), within);
            self.listen();
            if answer.is_ok() {
                // Forget the failure of one broker, because it does not explain later failures.
                *self.noted() = None;
                return Ok(());
            }
            let down = self.producer.context().all_down.load(Ordering::SeqCst);
            if down && self.noted().as_ref().is_some_and(|cause| cause.kind.needs_a_person()) {
                break;
            }
        }
        Err(self.failed("no answer to a metadata request"))
    }

    /// The number of partitions of a topic; `None` if it does not exist.
    pub(super) fn partitions(&self, topic: &str, within: Duration) -> KafkaResult<Option<i32>> {
        let count = partitions(self.producer.client(), topic, within);
        self.listen();
        count
    }

    /// Whether `topic` has `wanted` partitions, each with a leader.
    pub(super) fn all_have_leaders(
        &self,
        topic: &str,
        wanted: i32,
        within: Duration,
    ) -> Result<bool, Error> {
        let metadata = self.producer.client().fetch_metadata(Some(topic), within);
        self.listen();
        let metadata = metadata.map_err(|e| self.failed(&e.to_string()))?;
        Ok(metadata.topics().iter().any(|t| {
            t.name() == topic
                && t.partitions().len() == usize::try_from(wanted).unwrap_or(0)
                && t.partitions().iter().all(|p| p.leader() >= 0)
        }))
    }

    /// The error for a failed call: the reason for the connection failure if there was one,
    /// otherwise `why`.
    pub(super) fn failed(&self, why: &str) -> Error {
        self.listen();
        match self.noted().as_ref() {
            Some(cause) if cause.kind.needs_a_person() => {
                Error::NeedsPerson(format!("cannot connect to {}: {cause}", self.brokers))
            }
            Some(cause) => Error::Unreachable(format!("{}: {cause}", self.brokers)),
            None => Error::Unreachable(format!("{}: {why}", self.brokers)),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Option<ConnectFailure>> {
        self.producer.context().cause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls for pending log lines and errors.
    fn listen(&self) {
        self.producer.poll(LISTEN);
    }
}

/// The number of partitions of a topic; `None` if it does not exist.
pub(super) fn partitions<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    within: Duration,
) -> KafkaResult<Option<i32>> {
    let metadata = client.fetch_metadata(Some(topic), within)?;
    let topic = metadata.topics().iter().find(|t| t.name() == topic);
    match topic.and_then(|topic| topic.error()) {
        None => {}
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => return Ok(None),
        Some(error) => return Err(KafkaError::MetadataFetch(error.into())),
    }
    let count = topic.map_or(0, |topic| topic.partitions().len());
    Ok(i32::try_from(count).ok().filter(|count| *count > 0))
}
