//! The CloudEvents 1.0 envelope, in binary and structured content mode.

use crate::daemon::pipeline::broker::Header;
use crate::daemon::pipeline::trace_context::TraceContext;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use wirefold_engine::article::EventTime;

/// How an event is laid out in a Kafka record (CloudEvents 1.0, Kafka protocol binding).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Attributes in `ce_*` headers, data in the value.
    #[default]
    Binary,
    /// Attributes and data in the value, as one JSON object.
    Structured,
}

/// An event ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Envelope {
    /// Hash of the input position and the event's number. It stays the same if the input is
    /// processed again.
    pub(super) id: String,
    /// The deployment: `/wirefold/<group>`.
    pub(super) source: String,
    /// The event type.
    pub(super) kind: &'static str,
    /// The article's uri, or the story's id.
    pub(super) subject: String,
    /// The engine clock when the event happened.
    pub(super) time: EventTime,
    /// The key of the Kafka record.
    pub(super) partitionkey: String,
    /// The shard's event counter.
    pub(super) sequence: u64,
    /// The trace context of the input record, if it has one.
    pub(super) context: Option<EventTrace>,
    /// The payload, as JSON.
    pub(super) data: Vec<u8>,
}

/// A trace context to pass on (W3C Trace Context).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventTrace {
    /// The `traceparent` value.
    parent: String,
    /// The `tracestate` value.
    state: Option<String>,
}

impl From<TraceContext<'_>> for EventTrace {
    fn from(context: TraceContext<'_>) -> Self {
        Self { parent: context.parent.to_owned(), state: context.state.map(str::to_owned) }
    }
}

/// The media type of `data`.
const CONTENT_TYPE: &str = "application/json";

impl Envelope {
    /// The context attributes in a fixed order, without `datacontenttype`.
    fn attributes(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let fixed = [
            ("specversion", "1.0".into()),
            ("id", self.id.as_str().into()),
            ("source", self.source.as_str().into()),
            ("type", self.kind.into()),
            ("subject", self.subject.as_str().into()),
            ("time", self.time.to_string().into()),
            ("dataschema", dataschema(self.kind).into()),
            ("partitionkey", self.partitionkey.as_str().into()),
            ("sequence", format!("{:020}", self.sequence).into()),
        ];
        fixed.into_iter().chain(self.traced().map(|(name, value)| (name, value.into())))
    }

    /// The trace context attributes, if there is a trace context.
    fn traced(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let parent = self.context.iter().map(|context| ("traceparent", context.parent.as_str()));
        let state = self.context.iter().filter_map(|context| context.state.as_deref());
        parent.chain(state.map(|state| ("tracestate", state)))
    }

    /// Headers and value in binary mode: attributes in `ce_*` headers, data as the value.
    pub(super) fn binary(self) -> (Vec<Header>, Vec<u8>) {
        let mut headers = vec![header("content-type", CONTENT_TYPE)];
        headers.extend(self.attributes().map(|(name, v)| header(&format!("ce_{name}"), v)));
        headers.extend(self.traced().map(|(name, v)| header(name, v)));
        (headers, self.data)
    }

    /// Headers and value in structured mode: one JSON object holds everything.
    pub(super) fn structured(self) -> (Vec<Header>, Vec<u8>) {
        let mut value = Vec::with_capacity(self.data.len() + 512);
        for (name, text) in self.attributes().chain([("datacontenttype", CONTENT_TYPE.into())]) {
            value.extend(if value.is_empty() { b"{\"" } else { b",\"" });
            value.extend(name.as_bytes());
            value.extend(b"\":");
            serde_json::to_writer(&mut value, &text).expect("a string serializes to JSON");
        }
        value.extend(b",\"data\":");
        value.extend(&self.data);
        value.push(b'}');
        let kind = header("content-type", "application/cloudevents+json; charset=UTF-8");
        let traced = self.traced().map(|(name, v)| header(name, v));
        ([kind].into_iter().chain(traced).collect(), value)
    }
}

/// The `dataschema` of an event type. `wirefold schema events` prints the schema it names.
pub(super) fn dataschema(kind: &str) -> String {
    let (name, version) = kind.rsplit_once('.').unwrap_or((kind, ""));
    let (product, event) = name.split_once('.').unwrap_or((name, ""));
    format!("urn:{product}:{event}:{version}")
}

fn header<'a>(name: &str, value: impl Into<Cow<'a, str>>) -> Header {
    (name.to_owned(), Some(value.into().into_owned().into_bytes()))
}
