//! The producer, which sends the articles to the in-memory broker.
//!
//! The in-memory broker keeps only the last 5 MB of a topic. The producer therefore waits while too
//! many records have not been processed, or too many events have not been shown. This way, every
//! record is read and every event is shown before the broker drops it.

use super::broker::{RECORD_BYTES_MAX, client};
use super::wire::{Wire, WireRecord};
use crate::daemon::kafka::client::Settings;
use crate::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long to wait for the broker to acknowledge the last records.
const FLUSH: Duration = Duration::from_secs(10);
/// How long to wait before checking again whether there is room.
const POLL: Duration = Duration::from_millis(2);
/// Maximum number of records that have been sent but not processed.
const RECORDS_MAX: usize = 200;
/// Maximum number of bytes of these records. A single record may be larger.
const BYTES_MAX: usize = 1 << 20;
/// Maximum number of events that have been published but not shown.
const EVENTS_MAX: u64 = 300;

/// The progress of the demo.
#[derive(Debug)]
pub(super) struct Progress {
    /// The statuses of the shards.
    pub(super) views: Arc<ShardStatuses>,
    /// Number of records sent.
    pub(super) sent: AtomicU64,
    /// Number of events shown.
    pub(super) shown: AtomicU64,
    /// Number of records left out because they are too large.
    pub(super) left_out: AtomicU64,
}

impl Progress {
    /// Creates the progress of a demo that has not sent anything yet.
    pub(super) fn new(views: Arc<ShardStatuses>) -> Self {
        let (sent, shown, left_out) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { views, sent, shown, left_out }
    }

    /// Number of input records processed.
    fn processed(&self) -> u64 {
        let next = |view: &ShardStatus| -> u64 {
            view.inputs.values().map(|input| u64::try_from(input.next).unwrap_or(0)).sum()
        };
        self.views.all().iter().map(|view| next(view)).sum()
    }

    /// Number of events that have been published but not shown.
    fn unshown(&self) -> u64 {
        let published: u64 = self.views.all().iter().map(|view| view.sequence).sum();
        published.saturating_sub(self.shown.load(Ordering::SeqCst))
    }

    /// Whether every record sent so far has been processed and every event has been shown.
    pub(super) fn complete(&self) -> bool {
        self.processed() >= self.sent.load(Ordering::SeqCst) && self.unshown() == 0
    }
}

/// Sends the records of the demo.
pub(super) struct Feeder<'a> {
    producer: BaseProducer,
    topic: &'a str,
    progress: &'a Progress,
    /// Disconnected when the demo ends.
    stopped: &'a Receiver<()>,
    /// The sizes of the records that are not yet known to be processed.
    sizes: VecDeque<usize>,
}

impl<'a> Feeder<'a> {
    /// Creates a feeder that stops when the sender of `stopped` is dropped.
    pub(super) fn new(
        settings: &'a Settings,
        progress: &'a Progress,
        stopped: &'a Receiver<()>,
    ) -> anyhow::Result<Self> {
        let most = (RECORD_BYTES_MAX + (64 << 10)).to_string();
        let mut config = client(settings);
        config.set("linger.ms", "0").set("message.max.bytes", most);
        let (topic, sizes) = (settings.map.input(), VecDeque::new());
        Ok(Self { producer: config.create()?, topic, progress, stopped, sizes })
    }

    /// Sends all records of `wire`, pausing for `pace` after each.
    ///
    /// # Errors
    /// If a record cannot be read, or the broker does not accept it.
    pub(super) fn send(mut self, wire: &mut Wire, pace: Duration) -> anyhow::Result<()> {
        while let Some(record) = wire.next()? {
            if record.payload.len() > RECORD_BYTES_MAX {
                self.progress.left_out.fetch_add(1, Ordering::SeqCst);
                tracing::warn!(
                    record = record.origin,
                    bytes = record.payload.len(),
                    "skipped a record: the in-memory broker accepts at most {RECORD_BYTES_MAX} \
                     bytes; `replay` has no such limit"
                );
                continue;
            }
            if !self.wait_for_room(record.payload.len()) {
                return Ok(());
            }
            self.send_record(&record)?;
            if self.stops_within(pace) {
                return Ok(());
            }
        }
        self.producer.flush(FLUSH).context("cannot send the articles")
    }

    /// Waits until a record of `bytes` may be sent. Returns false if the demo has ended.
    fn wait_for_room(&mut self, bytes: usize) -> bool {
        loop {
            let sent = self.progress.sent.load(Ordering::SeqCst);
            let waiting = sent.saturating_sub(self.progress.processed());
            while self.sizes.len() as u64 > waiting {
                self.sizes.pop_front();
            }
            let full = self.sizes.len() >= RECORDS_MAX
                || self.sizes.iter().sum::<usize>() + bytes > BYTES_MAX;
            let behind = self.progress.unshown() > EVENTS_MAX;
            if !behind && (self.sizes.is_empty() || !full) {
                return true;
            }
            if self.stops_within(POLL) {
                return false;
            }
        }
    }

    fn send_record(&mut self, record: &WireRecord) -> anyhow::Result<()> {
        let mut out: BaseRecord<'_, str, [u8]> =
            BaseRecord::to(self.topic).payload(record.payload.as_slice()).timestamp(record.stamp.0);
        if record.content_type.is_some() {
            let header = Header { key: "content-type", value: record.content_type };
            out = out.headers(OwnedHeaders::new().insert(header));
        }
        if let Some(key) = &record.key {
            out = out.key(key);
        }
        let cannot = |error| anyhow!("cannot send {}: {error}", record.origin);
        self.producer.send(out).map_err(|(error, _)| cannot(error))?;
        self.producer.poll(Duration::ZERO);
        self.progress.sent.fetch_add(1, Ordering::SeqCst);
        self.sizes.push_back(record.payload.len());
        Ok(())
    }

    /// Waits for `time`. Returns whether the demo has ended.
    fn stops_within(&self, time: Duration) -> bool {
        self.stopped.recv_timeout(time) == Err(RecvTimeoutError::Disconnected)
    }
}
