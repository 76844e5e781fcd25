//! Connects to the broker, or says why it cannot.
//!
//! In: [`Settings`]. Out: a [`Connection`] to ask for topics, or an [`Error`] with the broker's
//! address, librdkafka's reason and what to do.
//!
//! librdkafka hands log lines and errors over when a client is polled. The crate's `AdminClient`
//! never polls, so that its reasons are lost; the client here is a producer that writes nothing and
//! is polled after each call.

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

/// How long the broker is tried, in steps between which librdkafka's reasons are read: four
/// seconds.
const STEPS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(750),
    Duration::from_millis(1_000),
    Duration::from_millis(1_500),
];
/// Long enough to read the lines that wait; a poll takes them one after the other.
const LISTEN: Duration = Duration::from_millis(5);
/// The facility of the log line by which librdkafka tells of a connection that failed or was
/// closed.
pub(super) const CONNECTION_FAILED: &str = "FAIL";

/// Why the topics are not ready.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The broker is not reached, for now.
    #[error("the broker cannot be reached: {0}")]
    Unreached(String),
    /// Somebody has to change or create something.
    #[error("{0}")]
    Wrong(String),
}

/// A client that is polled.
pub(super) struct Connection {
    producer: BaseProducer<FailureReasons>,
    brokers: String,
}

/// What librdkafka said of connections that failed.
#[derive(Debug, Default)]
struct FailureReasons {
    cause: Mutex<Option<ConnectFailure>>,
    all_down: AtomicBool,
}

impl FailureReasons {
    fn note(&self, line: &str) {
        let found = ConnectFailure::of(line);
        let mut cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner);
        if cause.as_ref().is_none_or(|known| known.kind <= found.kind) {
            *cause = Some(found);
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
    /// A client; it connects when it is first asked.
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let mut config = settings.admin();
        // A connection that the broker closes may be all that says why.
        config.set("log.connection.close", "true");
        let made = config.create_with_context(FailureReasons::default());
        let producer = made.map_err(|e: KafkaError| Error::Wrong(e.to_string()))?;
        Ok(Self { producer, brokers: settings.brokers().to_owned() })
    }

    /// Waits until the broker answers for `topic`.
    pub(super) fn reach(&self, topic: &str) -> Result<(), Error> {
        for within in STEPS {
            let answer = self.producer.client().fetch_metadata(Some(topic), within);
            self.listen();
            if answer.is_ok() {
                // What one of several brokers said does not explain what fails later.
                *self.noted() = None;
                return Ok(());
            }
            let down = self.producer.context().all_down.load(Ordering::SeqCst);
            if down && self.noted().as_ref().is_some_and(|cause| cause.kind.needs_a_person()) {
                break;
            }
        }
        Err(self.failed("no answer"))
    }

    /// The number of partitions of a topic, `None` when it does not exist.
    pub(super) fn partitions(&self, topic: &str, within: Duration) -> KafkaResult<Option<i32>> {
        let found = partitions(self.producer.client(), topic, within);
        self.listen();
        found
    }

    /// Whether every partition of `topic` has a leader, and they are as many as `wanted`.
    pub(super) fn led(&self, topic: &str, wanted: i32, within: Duration) -> Result<bool, Error> {
        let metadata = self.producer.client().fetch_metadata(Some(topic), within);
        self.listen();
        let metadata = metadata.map_err(|e| self.failed(&e.to_string()))?;
        Ok(metadata.topics().iter().any(|t| {
            t.name() == topic
                && t.partitions().len() == usize::try_from(wanted).unwrap_or(0)
                && t.partitions().iter().all(|p| p.leader() >= 0)
        }))
    }

    /// Why a call failed: what librdkafka says of its connections, else `why`.
    pub(super) fn failed(&self, why: &str) -> Error {
        self.listen();
        match self.noted().as_ref() {
            Some(cause) if cause.kind.needs_a_person() => {
                Error::Wrong(format!("no connection to {}: {cause}", self.brokers))
            }
            Some(cause) => Error::Unreached(format!("{}: {cause}", self.brokers)),
            None => Error::Unreached(format!("{}: {why}", self.brokers)),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Option<ConnectFailure>> {
        self.producer.context().cause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what librdkafka has said since.
    fn listen(&self) {
        self.producer.poll(LISTEN);
    }
}

/// The number of partitions of a topic, `None` when it does not exist.
pub(super) fn partitions<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    within: Duration,
) -> KafkaResult<Option<i32>> {
    let metadata = client.fetch_metadata(Some(topic), within)?;
    let found = metadata.topics().iter().find(|t| t.name() == topic);
    match found.and_then(|topic| topic.error()) {
        None => {}
        Some(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) => return Ok(None),
        Some(error) => return Err(KafkaError::MetadataFetch(error.into())),
    }
    let count = found.map_or(0, |topic| topic.partitions().len());
    Ok(i32::try_from(count).ok().filter(|count| *count > 0))
}
