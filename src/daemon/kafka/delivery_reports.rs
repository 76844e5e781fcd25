//! Collects a producer's delivery reports and log lines.
//!
//! In: callbacks from librdkafka while the producer is polled. Out: for the
//! [`writer`](super::writer), the end offset of every partition written, the number of records
//! delivered, and the most specific reason for a failed delivery.

use super::client::log;
use super::connection::CONNECTION_FAILED;
use super::refusal::{self, BrokerRefusal};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::ProducerContext;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The producer's context: its delivery reports, failures and refusals so far.
#[derive(Debug, Default)]
pub(super) struct DeliveryReports {
    /// The number of records delivered.
    pub(super) delivered: AtomicU64,
    /// The offset after the last record delivered, by topic and partition.
    pub(super) ends: Mutex<BTreeMap<String, BTreeMap<i32, i64>>>,
    /// The number of connection failures and client errors. Never reset.
    pub(super) connection_failures: AtomicU64,
    /// The reason a record was not delivered; see [`Self::note`].
    pub(super) failed: Mutex<Option<BrokerRefusal>>,
    /// The topic of the partition that the broker last refused to add to a transaction.
    pub(super) not_added: Mutex<Option<String>>,
}

impl ClientContext for DeliveryReports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if let Some(topic) = refusal::refused_topic(facility, message) {
            *self.not_added.lock().unwrap_or_else(PoisonError::into_inner) = Some(topic.to_owned());
        }
        let not_added = self.not_added.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(refusal) = BrokerRefusal::from_log_line(facility, message, not_added.as_deref())
        {
            self.note(refusal);
        }
        if facility == CONNECTION_FAILED {
            self.connection_failures.fetch_add(1, Ordering::SeqCst);
            tracing::debug!(message, "producer");
        } else {
            log(level, facility, message);
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection_failures.fetch_add(1, Ordering::SeqCst);
        tracing::debug!(%error, reason, "producer");
    }
}

impl DeliveryReports {
    /// Keeps the most specific refusal: the first definite one, or else the first one.
    fn note(&self, refusal: BrokerRefusal) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.as_ref().is_none_or(|known| known.is_vague() && !refusal.is_vague()) {
            *failed = Some(refusal);
        }
    }

    /// Clears everything except the count of connection failures.
    pub(super) fn reset(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.not_added.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.delivered.store(0, Ordering::SeqCst);
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The offset after the last record delivered to a partition.
    pub(super) fn end(&self, topic: &str, partition: i32) -> Option<i64> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.get(topic)?.get(&partition).copied()
    }

    /// Records that a record was delivered to `partition` at `offset`.
    pub(super) fn delivered_to(&self, topic: &str, partition: i32, offset: i64) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let partitions = match ends.get_mut(topic) {
            Some(partitions) => partitions,
            None => ends.entry(topic.to_owned()).or_default(),
        };
        let end = partitions.entry(partition).or_insert(0);
        *end = (*end).max(offset + 1);
    }
}

impl ProducerContext for DeliveryReports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => {
                self.delivered_to(message.topic(), message.partition(), message.offset());
                self.delivered.fetch_add(1, Ordering::SeqCst);
            }
            Err((error, message)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
                self.note(BrokerRefusal::from_delivery_report(code, message.topic()));
            }
        }
    }
}
