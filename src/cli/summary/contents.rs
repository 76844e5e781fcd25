//! The contents of a record of the events or the rejects topic, in the published types.

use crate::daemon::publish::article::{ArticleClassified, ArticleSuperseded};
use crate::daemon::publish::data::PayloadBase;
use crate::daemon::publish::radius::RadiusInfo;
use crate::daemon::publish::story::{StoryEvent, StoryMerged, StoryStatus};
use crate::daemon::publish::{
    CLASSIFIED, CLOSED, CORRECTED, MERGED, OPENED, SUPERSEDED, UPDATED, WITHDRAWN,
};
use anyhow::Context;
use serde::de::DeserializeOwned;
use wirefold_engine::event::{Event, EventKind};

/// The contents of a record: a reject, or an event by type.
pub(in crate::cli) enum RecordContents {
    Classified(Box<ArticleClassified>),
    Withdrawn(RadiusInfo),
    Corrected(RadiusInfo),
    Superseded(ArticleSuperseded),
    Opened(StoryEvent),
    Updated(StoryEvent),
    Closed(StoryEvent),
    /// A merge is published once per story involved. This is the record with the survivor's key.
    Merged(StoryMerged),
    /// A merge record with the key of an absorbed story.
    Absorbed,
    Reject(RejectedItem),
}

/// A record of the rejects topic.
pub(in crate::cli) struct RejectedItem {
    /// The topic or file of the input record.
    pub(in crate::cli) topic: String,
    /// Offset of the input record; -1 if missing.
    pub(in crate::cli) offset: i64,
    /// The reason code.
    pub(in crate::cli) reason: String,
    /// The reason in words.
    pub(in crate::cli) message: String,
}

impl RecordContents {
    /// The contents with which an engine event is published.
    pub(in crate::cli) fn of(event: &Event) -> Self {
        let base = PayloadBase::of(&event.input, "");
        let story = |of, status, base| StoryEvent::of((of, status), event.clock, base);
        match &event.kind {
            EventKind::Classified(c) => Self::Classified(Box::new(ArticleClassified::of(c, base))),
            EventKind::Withdrawn(r) => Self::Withdrawn(RadiusInfo::of(r, event.clock, base)),
            EventKind::Corrected(r) => Self::Corrected(RadiusInfo::of(r, event.clock, base)),
            EventKind::Superseded(s) => Self::Superseded(ArticleSuperseded::of(s, base)),
            EventKind::StoryOpened(s) => Self::Opened(story(s, StoryStatus::Live, base)),
            EventKind::StoryUpdated(s) => Self::Updated(story(s, StoryStatus::Live, base)),
            EventKind::StoryClosed(s) => Self::Closed(story(s, StoryStatus::Closed, base)),
            EventKind::StoryMerged(m) if m.key_story == m.survivor.id => {
                Self::Merged(StoryMerged::of(m, event.clock, base))
            }
            EventKind::StoryMerged(_) => Self::Absorbed,
        }
    }

    /// Parses the payload of an event of type `kind` with the record key `key`.
    ///
    /// # Errors
    /// If the type is unknown, or the payload does not follow its schema.
    pub(in crate::cli) fn read(
        kind: &str,
        key: Option<&[u8]>,
        data: &[u8],
    ) -> anyhow::Result<Self> {
        Ok(match kind {
            CLASSIFIED => Self::Classified(parse(data)?),
            WITHDRAWN => Self::Withdrawn(parse(data)?),
            CORRECTED => Self::Corrected(parse(data)?),
            SUPERSEDED => Self::Superseded(parse(data)?),
            OPENED => Self::Opened(parse(data)?),
            UPDATED => Self::Updated(parse(data)?),
            CLOSED => Self::Closed(parse(data)?),
            MERGED => {
                let merged: StoryMerged = parse(data)?;
                match key == Some(merged.survivor.id.as_bytes()) {
                    true => Self::Merged(merged),
                    false => Self::Absorbed,
                }
            }
            other => anyhow::bail!("unknown event type `{other}`"),
        })
    }
}

fn parse<T: DeserializeOwned>(data: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(data).context("event payload does not follow its schema")
}
