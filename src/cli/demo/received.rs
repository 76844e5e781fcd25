//! Published records, parsed into the published types.

use crate::daemon::publish::article::{ArticleClassified, ArticleSuperseded};
use crate::daemon::publish::radius::RadiusInfo;
use crate::daemon::publish::story::{StoryEvent, StoryMerged};
use crate::daemon::publish::{
    CLASSIFIED, CLOSED, CORRECTED, MERGED, OPENED, SUPERSEDED, UPDATED, WITHDRAWN,
};
use anyhow::Context;
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};
use serde::de::DeserializeOwned;

/// A record of the events or the rejects topic.
pub(super) struct ReceivedRecord {
    /// The engine's time of the event (RFC 3339); empty for a reject.
    pub(super) time: String,
    /// Its contents.
    pub(super) contents: ReceivedKind,
}

/// The contents of a record: a reject, or an event by type.
pub(super) enum ReceivedKind {
    Classified(Box<ArticleClassified>),
    Withdrawn(RadiusInfo),
    Corrected(RadiusInfo),
    Superseded(ArticleSuperseded),
    Opened(StoryEvent),
    Updated(StoryEvent),
    Closed(StoryEvent),
    /// A merge is published once per story involved; this is the record with the survivor's key.
    Merged(StoryMerged),
    /// A merge record with the key of an absorbed story.
    Absorbed,
    UnreadableRecord(UnreadableRecord),
}

/// A record of the rejects topic.
pub(super) struct UnreadableRecord {
    /// Offset of the input record; -1 if missing.
    pub(super) offset: i64,
    /// The reason code.
    pub(super) reason: String,
    /// The reason in words.
    pub(super) message: String,
}

impl ReceivedRecord {
    /// Parses a record of the events topic.
    ///
    /// # Errors
    /// The record has no type, an unknown type, or a payload that does not follow its schema.
    pub(super) fn event(message: &BorrowedMessage<'_>) -> anyhow::Result<Self> {
        let kind = header(message, "ce_type").context("event has no `ce_type` header")?;
        let data = message.payload().unwrap_or_default();
        let what = match kind.as_str() {
            CLASSIFIED => ReceivedKind::Classified(read(data)?),
            WITHDRAWN => ReceivedKind::Withdrawn(read(data)?),
            CORRECTED => ReceivedKind::Corrected(read(data)?),
            SUPERSEDED => ReceivedKind::Superseded(read(data)?),
            OPENED => ReceivedKind::Opened(read(data)?),
            UPDATED => ReceivedKind::Updated(read(data)?),
            CLOSED => ReceivedKind::Closed(read(data)?),
            MERGED => {
                let merged: StoryMerged = read(data)?;
                match message.key() == Some(merged.survivor.id.as_bytes()) {
                    true => ReceivedKind::Merged(merged),
                    false => ReceivedKind::Absorbed,
                }
            }
            other => anyhow::bail!("unknown event type `{other}`"),
        };
        Ok(Self { time: header(message, "ce_time").unwrap_or_default(), contents: what })
    }

    /// Reads a record of the rejects topic.
    pub(super) fn reject(message: &BorrowedMessage<'_>) -> Self {
        let field = |name: &str| header(message, &format!("wirefold-reject-{name}"));
        let rejected = UnreadableRecord {
            offset: field("offset").and_then(|offset| offset.parse().ok()).unwrap_or(-1),
            reason: field("reason").unwrap_or_default(),
            message: field("message").unwrap_or_default(),
        };
        Self { time: String::new(), contents: ReceivedKind::UnreadableRecord(rejected) }
    }

    /// The offset of the input record that this record classifies or rejects, if any.
    pub(super) fn settles(&self) -> Option<i64> {
        match &self.contents {
            ReceivedKind::Classified(classified) => Some(classified.base.input.offset),
            ReceivedKind::UnreadableRecord(rejected) => Some(rejected.offset),
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(data: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(data).context("event payload does not follow its schema")
}

fn header(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let header = message.headers()?.iter().find(|header| header.key == name)?;
    header.value.map(|value| String::from_utf8_lossy(value).into_owned())
}
