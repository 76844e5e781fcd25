//! Published records, read back into the types of the contract.

use crate::daemon::contract::article::{ArticleClassified, ArticleSuperseded};
use crate::daemon::contract::radius::Radius;
use crate::daemon::contract::story::{StoryEvent, StoryMerged};
use crate::daemon::contract::{
    CLASSIFIED, CLOSED, CORRECTED, MERGED, OPENED, SUPERSEDED, UPDATED, WITHDRAWN,
};
use anyhow::Context;
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};
use serde::de::DeserializeOwned;

/// A record that was read.
pub(super) struct Heard {
    /// The engine's time of an event, RFC 3339; empty for a reject.
    pub(super) time: String,
    /// What it says.
    pub(super) what: What,
}

/// What a record says.
pub(super) enum What {
    Classified(Box<ArticleClassified>),
    Withdrawn(Radius),
    Corrected(Radius),
    Superseded(ArticleSuperseded),
    Opened(StoryEvent),
    Updated(StoryEvent),
    Closed(StoryEvent),
    /// A merge is said twice; this is the one under the survivor's key.
    Merged(StoryMerged),
    /// The one under the key of the story that ended.
    Absorbed,
    Rejected(Rejected),
}

/// A record that could not be read.
pub(super) struct Rejected {
    pub(super) offset: i64,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Heard {
    /// A record of the events topic.
    pub(super) fn event(message: &BorrowedMessage<'_>) -> anyhow::Result<Self> {
        let kind = header(message, "ce_type").context("an event without a type")?;
        let data = message.payload().unwrap_or_default();
        let what = match kind.as_str() {
            CLASSIFIED => What::Classified(read(data)?),
            WITHDRAWN => What::Withdrawn(read(data)?),
            CORRECTED => What::Corrected(read(data)?),
            SUPERSEDED => What::Superseded(read(data)?),
            OPENED => What::Opened(read(data)?),
            UPDATED => What::Updated(read(data)?),
            CLOSED => What::Closed(read(data)?),
            MERGED => {
                let merged: StoryMerged = read(data)?;
                match message.key() == Some(merged.survivor.id.as_bytes()) {
                    true => What::Merged(merged),
                    false => What::Absorbed,
                }
            }
            other => anyhow::bail!("`{other}` is no event of this release"),
        };
        Ok(Self { time: header(message, "ce_time").unwrap_or_default(), what })
    }

    /// A record of the reject topic.
    pub(super) fn reject(message: &BorrowedMessage<'_>) -> Self {
        let say = |name: &str| header(message, &format!("wirefold-reject-{name}"));
        let rejected = Rejected {
            offset: say("offset").and_then(|offset| offset.parse().ok()).unwrap_or(-1),
            reason: say("reason").unwrap_or_default(),
            message: say("message").unwrap_or_default(),
        };
        Self { time: String::new(), what: What::Rejected(rejected) }
    }

    /// The offset of the input record that this settles: it was classified, or rejected.
    pub(super) fn settles(&self) -> Option<i64> {
        match &self.what {
            What::Classified(classified) => Some(classified.base.input.offset),
            What::Rejected(rejected) => Some(rejected.offset),
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
