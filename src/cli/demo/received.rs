//! Published records, parsed into the published types.

use crate::cli::summary::contents::{RecordContents, RejectedItem};
use anyhow::Context;
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};
use wirefold_engine::article::EventTime;

/// A record of the events or the rejects topic.
pub(super) struct ReceivedRecord {
    /// The engine time of the event (RFC 3339); empty for a reject.
    pub(super) time: String,
    /// The contents of the record.
    pub(super) contents: RecordContents,
}

impl ReceivedRecord {
    /// Parses a record of the events topic.
    ///
    /// # Errors
    /// If the record has no type, an unknown type, or a payload that does not follow its schema.
    pub(super) fn event(message: &BorrowedMessage<'_>) -> anyhow::Result<Self> {
        let kind = header(message, "ce_type").context("event has no `ce_type` header")?;
        let data = message.payload().unwrap_or_default();
        let contents = RecordContents::read(&kind, message.key(), data)?;
        Ok(Self { time: header(message, "ce_time").unwrap_or_default(), contents })
    }

    /// Reads a record of the rejects topic.
    pub(super) fn reject(message: &BorrowedMessage<'_>) -> Self {
        let field = |name: &str| header(message, &format!("wirefold-reject-{name}"));
        let rejected = RejectedItem {
            topic: field("topic").unwrap_or_default(),
            offset: field("offset").and_then(|offset| offset.parse().ok()).unwrap_or(-1),
            reason: field("reason").unwrap_or_default(),
            message: field("message").unwrap_or_default(),
        };
        Self { time: String::new(), contents: RecordContents::Reject(rejected) }
    }

    /// The engine time of the event.
    pub(super) fn time(&self) -> Option<EventTime> {
        EventTime::parse(&self.time)
    }
}

fn header(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let header = message.headers()?.iter().find(|header| header.key == name)?;
    header.value.map(|value| String::from_utf8_lossy(value).into_owned())
}
