//! Reads single input records by position, to fetch the text of an article.
//!
//! In: an [`InputPosition`]. Out: the record at that position, or `None` if it no longer exists.
//! The consumer is created on first use and replaced after an error.

use super::client::{CALL_TIMEOUT, Settings, SilentContext};
use super::input::copy_record;
use crate::daemon::article_text::{ReadFailure, RecordSource, SourceRecord};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::borrow::Cow;
use std::time::{Duration, Instant};
use wirefold_engine::article::InputPosition;

const POLL: Duration = Duration::from_millis(50);
/// Maximum duration of reading one record.
const WITHIN: Duration = Duration::from_secs(4);

/// Reads input records by position with its own consumer.
pub struct PositionReader {
    settings: Settings,
    /// Created on first use.
    consumer: Option<BaseConsumer<SilentContext>>,
}

impl PositionReader {
    /// Creates a reader for the cluster in `settings`. Does not connect yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, consumer: None }
    }

    fn consumer(&mut self) -> Result<&BaseConsumer<SilentContext>, ReadFailure> {
        if self.consumer.is_none() {
            let created = self.settings.position_reader().create_with_context(SilentContext)?;
            self.consumer = Some(created);
        }
        self.consumer.as_ref().ok_or_else(|| "no consumer".into())
    }
}

impl RecordSource for PositionReader {
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, ReadFailure> {
        let consumer = self.consumer()?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&at.topic, at.partition, Offset::Offset(at.offset))?;
        consumer.assign(&list)?;
        let record = poll(consumer, at);
        consumer.unassign()?;
        if record.is_err() {
            // A failed client may remain in the state that made it fail.
            self.consumer = None;
        }
        record
    }
}

/// Polls a consumer that is assigned to `at` until it returns the record at that position.
fn poll(
    consumer: &BaseConsumer<SilentContext>,
    at: &InputPosition,
) -> Result<Option<SourceRecord>, ReadFailure> {
    use RDKafkaErrorCode as Code;
    let started = Instant::now();
    while started.elapsed() < WITHIN.min(CALL_TIMEOUT) {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message))
                if message.topic() != &*at.topic || message.partition() != at.partition => {}
            Some(Ok(message)) if message.offset() < at.offset => {}
            Some(Ok(message)) if message.offset() > at.offset => return Ok(None),
            Some(Ok(message)) => {
                let record = copy_record(&at.topic, &message);
                return Ok(Some(SourceRecord {
                    content_type: record.content_type().map(Cow::into_owned),
                    payload: record.payload.unwrap_or_default(),
                }));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
            Some(Err(error)) => match error.rdkafka_error_code() {
                Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => return Ok(None),
                Some(code) if super::client::is_permanent(code) => return Err(error.into()),
                _ => tracing::debug!(%error, "temporary read error; polling again"),
            },
        }
    }
    Err("the broker did not answer in time".into())
}
