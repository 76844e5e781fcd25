//! The sample wire, and the producer that sends it.

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

/// One JSON item a line, in order of time.
const SAMPLE: &str = include_str!("wire.jsonl");
const CONTENT_TYPE: &str = "application/json";
const FLUSH: Duration = Duration::from_secs(10);

/// Articles to send.
pub(super) struct SampleWire {
    lines: Vec<WireLine>,
    providers: usize,
}

struct WireLine {
    payload: &'static str,
    key: Option<String>,
    stamp: EventTime,
}

impl SampleWire {
    /// The sample. A line that cannot be read takes the time of the one before it.
    pub(super) fn sample(settings: &decode::Settings) -> Self {
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

    /// How many records it has.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// How many providers send it.
    pub(super) fn providers(&self) -> usize {
        self.providers
    }

    /// Sends everything, resting for `pace` after each record, until `stopped` is gone.
    ///
    /// # Errors
    /// When the broker does not take a record.
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
            producer.send(record).map_err(|(error, _)| anyhow!("the wire is not sent: {error}"))?;
            producer.poll(Duration::ZERO);
            if stopped.recv_timeout(pace) == Err(RecvTimeoutError::Disconnected) {
                return Ok(());
            }
        }
        producer.flush(FLUSH).context("the wire is not sent")
    }
}
