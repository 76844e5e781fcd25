//! The sample wire and its producer.

use super::broker::client;
use crate::daemon::kafka::client::Settings;
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeSet;
use std::time::Duration;
use wirefold_engine::article::EventTime;
use wirefold_engine::decode::{self, Format};

/// One JSON article per line, in order of time.
const SAMPLE: &str = include_str!("wire.jsonl");
const CONTENT_TYPE: &str = "application/json";
/// How long to wait for the broker to acknowledge the last records.
const FLUSH: Duration = Duration::from_secs(10);

/// The records to send.
pub(super) struct SampleWire {
    /// The records, in order.
    lines: Vec<WireLine>,
    /// Number of distinct providers.
    providers: usize,
}

/// A record to send.
struct WireLine {
    /// The article as JSON, or a line that cannot be decoded.
    payload: &'static str,
    /// The uri of the article.
    key: Option<String>,
    /// The record timestamp.
    stamp: EventTime,
}

impl SampleWire {
    /// Loads the sample. A line that cannot be decoded gets the time of the line before it.
    pub(super) fn load(settings: &decode::Settings) -> Self {
        let (mut stamp, mut providers) = (EventTime(0), BTreeSet::new());
        let mut line = |payload: &'static str| {
            let items =
                decode::decode(payload.as_bytes(), Some(CONTENT_TYPE), Format::Auto, settings);
            let article = items.into_iter().find_map(Result::ok);
            let key = article.map(|article| {
                stamp = article.claimed_time().unwrap_or(stamp);
                providers.extend(article.provider);
                article.uri
            });
            WireLine { payload, key, stamp }
        };
        let lines = SAMPLE.lines().filter(|l| !l.is_empty()).map(&mut line).collect();
        Self { lines, providers: providers.len() }
    }

    /// Number of records.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Number of providers.
    pub(super) fn providers(&self) -> usize {
        self.providers
    }

    /// Sends all records, pausing for `pace` after each. Stops when the sender of `stopped` is
    /// dropped.
    ///
    /// # Errors
    /// The broker did not accept a record.
    pub(super) fn send(
        &self,
        settings: &Settings,
        pace: Duration,
        stopped: &Receiver<()>,
    ) -> anyhow::Result<()> {
        let producer: BaseProducer = client(settings).set("linger.ms", "0").create()?;
        for line in &self.lines {
            let header = Header { key: "content-type", value: Some(CONTENT_TYPE) };
            let mut record: BaseRecord<'_, str, str> = BaseRecord::to(settings.map.input())
                .payload(line.payload)
                .timestamp(line.stamp.0)
                .headers(OwnedHeaders::new().insert(header));
            if let Some(key) = &line.key {
                record = record.key(key);
            }
            producer
                .send(record)
                .map_err(|(error, _)| anyhow!("cannot send the sample: {error}"))?;
            producer.poll(Duration::ZERO);
            if stopped.recv_timeout(pace) == Err(RecvTimeoutError::Disconnected) {
                return Ok(());
            }
        }
        producer.flush(FLUSH).context("cannot send the sample")
    }
}
