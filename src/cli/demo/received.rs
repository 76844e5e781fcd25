//! Published records, read back into the types of the contract.

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

/// A record that was read.
pub(super) struct ReceivedRecord {
    /// The engine's time of an event, RFC 3339; empty for a reject.
    pub(super) time: String,
    /// What it says.
    pub(super) what: ReceivedKind,
}

/// What a record says.
pub(super) enum ReceivedKind {
    Classified(Box<ArticleClassified>),
    Withdrawn(RadiusInfo),
    Corrected(RadiusInfo),
    Superseded(ArticleSuperseded),
    Opened(StoryEvent),
    Updated(StoryEvent),
    Closed(StoryEvent),
    /// A merge is said twice; this is the one under the survivor's key.
    Merged(StoryMerged),
    /// The one under the key of the story that ended.
    Absorbed,
    UnreadableRecord(UnreadableRecord),
}

/// A record that could not be read.
pub(super) struct UnreadableRecord {
    pub(super) offset: i64,
    pub(super) reason: String,
    pub(super) message: String,
}

impl ReceivedRecord {
    /// A record of the events topic.
    pub(super) fn event(message: &BorrowedMessage<'_>) -> anyhow::Result<Self> {
        let kind = header(message, "ce_type").context("an event without a type")?;
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
            other => anyhow::bail!("`{other}` is no event of this release"),
        };
        Ok(Self { time: header(message, "ce_time").unwrap_or_default(), what })
    }

    /// A record of the reject topic.
    pub(super) fn reject(message: &BorrowedMessage<'_>) -> Self {
        let say = |name: &str| header(message, &format!("wirefold-reject-{name}"));
        let rejected = UnreadableRecord {
            offset: say("offset").and_then(|offset| offset.parse().ok()).unwrap_or(-1),
            reason: say("reason").unwrap_or_default(),
            message: say("message").unwrap_or_default(),
        };
        Self { time: String::new(), what: ReceivedKind::UnreadableRecord(rejected) }
    }

    /// The offset of the input record that this settles: it was classified, or rejected.
    pub(super) fn settles(&self) -> Option<i64> {
        match &self.what {
            ReceivedKind::Classified(classified) => Some(classified.base.input.offset),
            ReceivedKind::UnreadableRecord(rejected) => Some(rejected.offset),
            _ => None,
        }
    }
}

fn read<T: DeserializeOwned>(data: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(data).context("an event that does not follow its own schema")
}

fn header(message: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let found = message.headers()?.iter().find(|header| header.key == name)?;
    found.value.map(|value| String::from_utf8_lossy(value).into_owned())
}
