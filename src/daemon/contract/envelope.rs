//! The CloudEvents envelope, in binary and in structured content mode.

use crate::engine::article::EventTime;
use serde_json::{Value, json};

/// An event on its way out.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Hash of the input position and the event's number: a replay repeats it.
    pub id: String,
    /// This deployment.
    pub source: String,
    /// The event type.
    pub kind: &'static str,
    /// The article's uri or the story's id.
    pub subject: String,
    /// The engine's clock.
    pub time: EventTime,
    /// The record's key.
    pub partitionkey: String,
    /// The shard's own counter.
    pub sequence: u64,
    /// Trace context of the input, passed on (W3C Trace Context).
    pub traceparent: Option<String>,
    /// The payload.
    pub data: Value,
}

type Parts = (Vec<(String, Vec<u8>)>, Vec<u8>);

impl Envelope {
    fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("specversion", "1.0".to_owned()),
            ("id", self.id.clone()),
            ("source", self.source.clone()),
            ("type", self.kind.to_owned()),
            ("subject", self.subject.clone()),
            ("time", self.time.to_string()),
            ("partitionkey", self.partitionkey.clone()),
            ("sequence", format!("{:020}", self.sequence)),
        ];
        all.extend(self.traceparent.clone().map(|parent| ("traceparent", parent)));
        all
    }

    /// Headers `ce_*` and the data as the value.
    pub fn binary(&self) -> Parts {
        let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
        let named = |(name, value): (&str, String)| (format!("ce_{name}"), value.into_bytes());
        headers.extend(self.attributes().into_iter().map(named));
        (headers, self.data.to_string().into_bytes())
    }

    /// One JSON object.
    pub fn structured(&self) -> Parts {
        let mut object = serde_json::Map::new();
        for (name, value) in self.attributes() {
            object.insert(name.to_owned(), json!(value));
        }
        object.insert("datacontenttype".into(), json!("application/json"));
        object.insert("data".into(), self.data.clone());
        let headers = vec![(
            "content-type".to_owned(),
            b"application/cloudevents+json; charset=UTF-8".to_vec(),
        )];
        (headers, Value::Object(object).to_string().into_bytes())
    }
}
