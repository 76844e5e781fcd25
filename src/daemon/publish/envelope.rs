//! The CloudEvents 1.0 envelope, in binary and in structured content mode.

use crate::daemon::pipeline::broker::Header;
use crate::daemon::pipeline::trace_context::TraceContext;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wirefold_engine::article::EventTime;

/// How events are laid out in a Kafka record (CloudEvents 1.0, Kafka protocol binding).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Attributes in headers, data in the value.
    #[default]
    Binary,
    /// All in the value.
    Structured,
}

/// An event on its way out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Envelope {
    /// Hash of the input position and the event's number: a replay repeats it.
    pub(super) id: String,
    /// This deployment.
    pub(super) source: String,
    /// The event type.
    pub(super) kind: &'static str,
    /// The article's uri or the story's id.
    pub(super) subject: String,
    /// The engine's clock.
    pub(super) time: EventTime,
    /// The record's key.
    pub(super) partitionkey: String,
    /// The shard's own counter.
    pub(super) sequence: u64,
    /// Trace context of the input, passed on.
    pub(super) context: Option<EventTrace>,
    /// The payload, as JSON.
    pub(super) data: Vec<u8>,
}

/// A trace context (W3C Trace Context).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventTrace {
    parent: String,
    state: Option<String>,
}

impl From<TraceContext<'_>> for EventTrace {
    fn from(context: TraceContext<'_>) -> Self {
        Self { parent: context.parent.to_owned(), state: context.state.map(str::to_owned) }
    }
}

/// The type of `data`.
const CONTENT_TYPE: &str = "application/json";

impl Envelope {
    /// Context attributes in a fixed order, `datacontenttype` apart.
    fn attributes(&self) -> impl Iterator<Item = (&'static str, String)> {
        let fixed = [
            ("specversion", "1.0".to_owned()),
            ("id", self.id.clone()),
            ("source", self.source.clone()),
            ("type", self.kind.to_owned()),
            ("subject", self.subject.clone()),
            ("time", self.time.to_string()),
            ("dataschema", dataschema(self.kind)),
            ("partitionkey", self.partitionkey.clone()),
            ("sequence", format!("{:020}", self.sequence)),
        ];
        fixed.into_iter().chain(self.traced())
    }

    fn traced(&self) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let (parent, state) = match self.context.clone() {
            Some(context) => (Some(context.parent), context.state),
            None => (None, None),
        };
        let parent = parent.map(|parent| ("traceparent", parent));
        parent.into_iter().chain(state.map(|state| ("tracestate", state)))
    }

    /// Headers and value: attributes in headers `ce_*`, the data as the value.
    pub(super) fn binary(self) -> (Vec<Header>, Vec<u8>) {
        let mut headers = vec![header("content-type", CONTENT_TYPE.into())];
        headers.extend(self.attributes().map(|(name, v)| header(&format!("ce_{name}"), v)));
        headers.extend(self.traced().map(|(name, v)| header(name, v)));
        (headers, self.data)
    }

    /// Headers and value: one JSON object holds all.
    pub(super) fn structured(self) -> (Vec<Header>, Vec<u8>) {
        let mut value = Vec::with_capacity(self.data.len() + 512);
        for (name, text) in self.attributes().chain([("datacontenttype", CONTENT_TYPE.to_owned())])
        {
            value.push(if value.is_empty() { b'{' } else { b',' });
            value.extend(format!("\"{name}\":").into_bytes());
            value.extend(serde_json::to_vec(&text).expect("text is JSON"));
        }
        value.extend(b",\"data\":");
        value.extend(&self.data);
        value.push(b'}');
        let kind = "application/cloudevents+json; charset=UTF-8".to_owned();
        let kind = header("content-type", kind);
        let traced = self.traced().map(|(name, v)| header(name, v));
        ([kind].into_iter().chain(traced).collect(), value)
    }
}

/// The name of a type's schema: `wirefold schema events` defines it.
pub(super) fn dataschema(kind: &str) -> String {
    format!("urn:{}", kind.replace(".v", ":v").replacen('.', ":", 1))
}

fn header(name: &str, value: String) -> Header {
    (name.to_owned(), Some(value.into_bytes()))
}
