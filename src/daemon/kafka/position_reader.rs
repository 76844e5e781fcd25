//! Reads single records of the input topic by position, for whoever wants an article's text.

use super::client::{CALL, Settings, SilentContext};
use super::input::record;
use crate::daemon::article_text::{RecordSource, SourceRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::borrow::Cow;
use std::time::{Duration, Instant};
use wirefold_engine::article::InputPosition;

const POLL: Duration = Duration::from_millis(50);
/// How long one record may take.
const WITHIN: Duration = Duration::from_secs(4);

/// A reader with a consumer of its own, made when it is first needed.
pub struct PositionReader {
    settings: Settings,
    consumer: Option<BaseConsumer<SilentContext>>,
}

impl PositionReader {
    /// Reads from the cluster of `settings`.
    pub fn new(settings: Settings) -> Self {
        Self { settings, consumer: None }
    }

    fn consumer(&mut self) -> Result<&BaseConsumer<SilentContext>, String> {
        if self.consumer.is_none() {
            let made = self.settings.texts().create_with_context(SilentContext);
            self.consumer = Some(made.map_err(|error: KafkaError| error.to_string())?);
        }
        self.consumer.as_ref().ok_or_else(|| "no consumer".to_owned())
    }
}

impl RecordSource for PositionReader {
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, String> {
        let consumer = self.consumer()?;
        let mut list = TopicPartitionList::new();
        let said = |error: KafkaError| error.to_string();
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(at.offset))
            .map_err(said)?;
        consumer.assign(&list).map_err(said)?;
        let found = poll(consumer, at);
        consumer.unassign().map_err(said)?;
        if found.is_err() {
            // A client that has failed may hold on to what made it fail.
            self.consumer = None;
        }
        found
    }
}

/// The record at `at`, which the consumer is assigned to.
fn poll(
    consumer: &BaseConsumer<SilentContext>,
    at: &InputPosition,
) -> Result<Option<SourceRecord>, String> {
    use RDKafkaErrorCode as Code;
    let started = Instant::now();
    while started.elapsed() < WITHIN.min(CALL) {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message))
                if message.topic() != &*at.topic || message.partition() != at.partition => {}
            Some(Ok(message)) if message.offset() < at.offset => {}
            Some(Ok(message)) if message.offset() > at.offset => return Ok(None),
            Some(Ok(message)) => {
                let record = record(&at.topic, &message);
                return Ok(Some(SourceRecord {
                    content_type: record.content_type().map(Cow::into_owned),
                    payload: record.payload.unwrap_or_default(),
                }));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => return Ok(None),
                Some(code) if super::client::needs_a_person(code) => return Err(error.to_string()),
                _ => tracing::debug!(%error, "reading a text goes on"),
            },
        }
    }
    Err("the broker did not answer in time".into())
}
