//! The pipeline's interface to a broker: small traits, implemented for Kafka and for an in-memory
//! broker for tests.
//!
//! In: records to write. Out: records read. A call that fails returns a [`Fault`], which tells the
//! caller how to react. One [`Broker`] serves one shard.
//!
//! Group membership (see [`lease`](super::lease)) and topic administration are deliberately not
//! part of this interface.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::article::{EventTime, InputPosition};

/// An input partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition number.
    pub partition: i32,
}

/// A record of an input topic, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRecord {
    /// The partition from which it was read.
    pub from: Partition,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, if it has one.
    pub timestamp: Option<EventTime>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

impl InputRecord {
    /// The value of the first header called `name`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key == name)?.1.as_deref()
    }

    /// The `content-type` header, with invalid UTF-8 replaced by U+FFFD.
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.header("content-type").map(String::from_utf8_lossy)
    }

    /// The input position of the item with index `place` in the record.
    pub fn position(&self, place: usize) -> InputPosition {
        InputPosition {
            topic: self.from.topic.clone(),
            partition: self.from.partition,
            offset: self.offset,
            item: u32::try_from(place).unwrap_or(u32::MAX),
        }
    }

    /// The record without key, value and headers.
    pub fn bare(&self) -> Self {
        let (from, headers) = (self.from.clone(), Vec::new());
        let (offset, timestamp) = (self.offset, self.timestamp);
        Self { from, offset, timestamp, key: None, payload: None, headers }
    }

    /// The approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + length(v) + 32).sum();
        length(&self.key) + length(&self.payload) + headers + 96
    }
}

/// A header: a name, and a value that may be null.
pub type Header = (String, Option<Vec<u8>>);

/// The topic that a record is written to. The settings give the actual names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// `wire.events`
    Events,
    /// `wire.stories`
    Stories,
    /// `wire.unique`
    Unique,
    /// `wire.rejected`
    Rejected,
    /// `wire.state`, the changelog, in the shard's own partition
    State,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 5] =
        [Self::Events, Self::Stories, Self::Unique, Self::Rejected, Self::State];
}

/// A record to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRecord {
    /// The topic.
    pub role: Role,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// The headers, in order.
    pub headers: Vec<Header>,
}

impl OutputRecord {
    /// An upper bound of the size that counts against a topic's `max.message.bytes`: the lengths of
    /// key, value and headers, the batch header (61 bytes), and at most 32 bytes of framing for the
    /// record.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + length(v) + 10).sum();
        length(&self.key) + length(&self.payload) + headers + 96
    }
}

/// A record read from the changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: String,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The generation of the owner that wrote the record; set only without transactions.
    pub generation: Option<u64>,
}

/// The watermarks of an input partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that is still available.
    pub low: i64,
    /// The offset that the next record will get.
    pub high: i64,
}

/// The result of one poll of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPoll {
    /// A record.
    Record(InputRecord),
    /// The end of a partition was reached.
    End(Partition),
    /// Nothing arrived in time.
    Nothing,
}

/// The cause of a [`Fault`]: another error, or a description. The fault's message contains it.
pub type FaultReason = Box<dyn std::error::Error + Send + Sync>;

/// The reason a call to the broker failed. Each variant requires a different reaction from the
/// caller.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The outcome is unknown, or the client is unusable. The caller must create a new client, and
    /// find out from the broker what was written.
    #[error("recoverable fault: {0}")]
    Doubt(FaultReason),
    /// A newer owner of the shard exists.
    #[error("fenced by a newer owner: {0}")]
    Fenced(FaultReason),
    /// A person has to intervene; the shard stops.
    #[error("{0}")]
    Stop(FaultReason),
}

impl Fault {
    /// The outcome is unknown, or the client is unusable.
    pub(crate) fn doubt(why: impl Into<FaultReason>) -> Self {
        Self::Doubt(why.into())
    }

    /// A newer owner of the shard exists.
    pub(crate) fn fenced(why: impl Into<FaultReason>) -> Self {
        Self::Fenced(why.into())
    }

    /// A person has to intervene.
    pub(crate) fn stop(why: impl Into<FaultReason>) -> Self {
        Self::Stop(why.into())
    }
}

/// The header of a changelog record with its writer's generation; set only without transactions.
pub const GENERATION: &str = "wirefold-generation";

/// The header that names the transaction that wrote a record: `SHARD/FENCE/BATCH/INDEX`.
pub const WRITE_ID: &str = "wirefold-batch";

/// A partition that a shard writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputPartition {
    /// The topic.
    pub role: Role,
    /// The partition number.
    pub partition: i32,
}

/// An offset for each output partition.
pub type OutputEnds = BTreeMap<OutputPartition, i64>;

/// One attempt to write one batch, that is, one transaction. Its records have this id in the header
/// `wirefold-batch`, so that a transaction torn by a broker crash can be completed
/// ([`repair`](super::repair)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId {
    /// The offset of the fence that the owner wrote at its takeover.
    pub fence: i64,
    /// The number of the batch.
    pub batch: u64,
}

/// A record in an output partition that has a [`WriteId`], whether or not it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRecord {
    /// The partition that contains it.
    pub output: OutputPartition,
    /// Its offset.
    pub offset: i64,
    /// The attempt that wrote it.
    pub attempt: WriteId,
    /// Its index within the attempt. Copies of a record have the same index.
    pub index: u32,
    /// Whether it is committed.
    pub committed: bool,
    /// The record, with all headers.
    pub record: OutputRecord,
}

/// How certain it is that a commit is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitCertainty {
    /// The broker acknowledged the commit without errors.
    Certain,
    /// The broker acknowledged the commit, but earlier errors may have left a request in flight.
    /// The caller must continue with a new client.
    AfterTrouble,
}

/// The record size limits of the output topics, in bytes as counted by [`OutputRecord::bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `max.message.bytes` of each topic, in the order of [`Role`].
    pub by_role: [usize; 5],
}

impl Limits {
    /// The limit of one topic.
    pub fn of(&self, role: Role) -> usize {
        self.by_role[role as usize]
    }
}

/// Access to a broker for one shard.
pub trait Broker {
    /// Writes batches.
    type Writer: Writer;
    /// Reads input partitions.
    type Input: Input;
    /// Follows the changelog.
    type Tail: Tail;

    /// Creates a writer. This fences the writer of the former owner and waits until its transaction
    /// has ended.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or refuses.
    fn writer(&mut self) -> Result<Self::Writer, Fault>;

    /// Reads the shard's changelog from offset `from` (`None`: from the beginning) to `until`, and
    /// calls `each` with every record. `until` is the offset after a record that is known to exist.
    /// An earlier end reported by the broker is ignored, because a newly elected leader may not
    /// know yet how far its log is replicated.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or when `each` fails.
    fn changelog(
        &mut self,
        from: Option<i64>,
        until: i64,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// Reads another shard's changelog up to its last stable offset.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or when `each` fails.
    fn peer_changelog(
        &mut self,
        shard: u32,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// The input partitions that this shard reads, with their watermarks.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or an input topic does not exist.
    fn partitions(&mut self) -> Result<BTreeMap<Partition, Watermarks>, Fault>;

    /// All records that transactions of this shard wrote to the output partitions between `from`
    /// and `until`, in offset order within each partition. A partition missing from `from` is read
    /// from its beginning. Includes records of committed, aborted and hanging transactions.
    ///
    /// # Errors
    /// When the broker cannot be reached in time.
    fn written_records(
        &mut self,
        from: &OutputEnds,
        until: &OutputEnds,
    ) -> Result<Vec<WrittenRecord>, Fault>;

    /// Whether compaction may remove records of an input topic.
    ///
    /// # Errors
    /// When the broker cannot be reached in time.
    fn is_compacted(&mut self, topic: &str) -> Result<bool, Fault>;

    /// The end offsets of the input partitions `of`. Waits at most `within` for all of them
    /// together. A partition whose end is not known by then is missing from the result.
    ///
    /// # Errors
    /// When the client cannot be created, or a person has to intervene.
    fn ends(
        &mut self,
        of: &[Partition],
        within: Duration,
    ) -> Result<BTreeMap<Partition, i64>, Fault>;

    /// The positions last committed by [`Input::note`]. They are used only to compute the lag. A
    /// partition without a committed position gets its first offset.
    ///
    /// # Errors
    /// When the positions cannot be read within a small multiple of `within`.
    fn committed_positions(&mut self, within: Duration) -> Result<BTreeMap<Partition, i64>, Fault>;

    /// The record at `offset`, or `None` if that record no longer exists.
    ///
    /// # Errors
    /// When the broker cannot be reached in time.
    fn record_at(&mut self, from: &Partition, offset: i64) -> Result<Option<InputRecord>, Fault>;

    /// Reads the input, starting at the offsets in `from`.
    ///
    /// # Errors
    /// When the client cannot be created.
    fn input(&mut self, from: &BTreeMap<Partition, i64>) -> Result<Self::Input, Fault>;

    /// Follows the shard's changelog, starting at offset `from` (`None`: at the beginning).
    ///
    /// # Errors
    /// When the client cannot be created.
    fn tail(&mut self, from: Option<i64>) -> Result<Self::Tail, Fault>;

    /// The tombstone retention of the changelog (`delete.retention.ms`).
    fn tombstone_retention(&self) -> Duration;

    /// The record size limits of the output topics.
    fn limits(&self) -> Limits;
}

/// The result of one poll of a followed changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangelogPoll {
    /// A record.
    Record(LogRecord),
    /// Every record up to the last stable offset has been returned.
    End,
    /// Nothing arrived in time.
    Nothing,
    /// Nothing arrived, and the broker cannot be reached, so there may be more records.
    Unreachable,
}

/// Follows a changelog.
pub trait Tail {
    /// The next record. Waits at most `wait`.
    ///
    /// # Errors
    /// When the client is unusable.
    fn poll(&mut self, wait: Duration) -> Result<ChangelogPoll, Fault>;
}

/// Writes batches. If a writer is dropped with an open transaction, the next writer aborts it.
pub trait Writer {
    /// Aborts any transaction that an earlier writer with the same transactional id may have left
    /// open in the partitions that this writer writes to. Returns, for each partition, an offset
    /// after everything that the former writer can have written there. Does nothing without
    /// transactions. Must be called before the first [`Writer::begin`].
    ///
    /// The abort does not decide the outcome of the former transaction. [`Broker::written_records`]
    /// reports afterwards whether it was committed.
    ///
    /// # Errors
    /// When the client is unusable.
    fn sweep(&mut self) -> Result<OutputEnds, Fault>;

    /// Begins a transaction whose records have the id `attempt`. Does nothing without transactions.
    ///
    /// # Errors
    /// When the client is unusable.
    fn begin(&mut self, attempt: Option<WriteId>) -> Result<(), Fault>;

    /// Enqueues a record for writing; blocks while the queue is full.
    ///
    /// # Errors
    /// When the record cannot be enqueued, or an earlier record could not be delivered.
    fn send(&mut self, record: &OutputRecord) -> Result<(), Fault>;

    /// Writes a record again, byte for byte, to the same partition.
    ///
    /// # Errors
    /// The same as for [`Writer::send`].
    fn resend(&mut self, written: &WrittenRecord) -> Result<(), Fault>;

    /// Waits until the broker has acknowledged every record sent. Checks each delivery report.
    ///
    /// # Errors
    /// When a record was not delivered, or it is unknown whether it was.
    fn flush(&mut self) -> Result<(), Fault>;

    /// Commits the transaction. Does nothing without transactions. All records must be flushed.
    ///
    /// # Errors
    /// When the outcome is unknown, or the transaction was aborted.
    fn commit(&mut self) -> Result<CommitCertainty, Fault>;

    /// The offset after the last record delivered to the changelog, if any was delivered.
    fn changelog_end(&self) -> Option<i64>;

    /// For each partition, the offset after the last record delivered to it.
    fn ends(&self) -> OutputEnds;
}

/// Reads input partitions.
pub trait Input {
    /// Returns the next record of any partition, or reports that a partition was read to its end.
    /// Waits at most `wait`.
    ///
    /// # Errors
    /// When a position is no longer available, or the client is unusable.
    fn poll(&mut self, wait: Duration) -> Result<InputPoll, Fault>;

    /// Pauses or resumes fetching of a partition. Records that were fetched but not polled are
    /// returned after it is resumed.
    ///
    /// # Errors
    /// When the client is unusable.
    fn set_fetching(&mut self, of: &Partition, wanted: FetchState) -> Result<(), Fault>;

    /// Starts reading a partition that was added to a topic.
    ///
    /// # Errors
    /// When the client is unusable.
    fn add(&mut self, partition: &Partition, from: i64) -> Result<(), Fault>;

    /// The end offsets of the partitions whose end is known. Never blocks; the offsets may be a
    /// second old.
    fn ends(&self) -> BTreeMap<Partition, i64>;

    /// Whether, as far as is known, the leader of every partition can be reached. Never blocks; the
    /// information may be a second old.
    fn is_reachable(&self) -> bool;

    /// The number of connections made or failed so far. If the number has changed, a topic may have
    /// been replaced by another one with the same name. Never blocks.
    fn connection_changes(&self) -> u64;

    /// Commits the positions to the consumer group for lag monitoring tools. Errors are ignored,
    /// because the positions are read back only to compute the lag.
    fn note(&mut self, positions: &BTreeMap<Partition, i64>);
}

/// Whether a partition is fetched or paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchState {
    /// Fetched.
    Active,
    /// Paused.
    Paused,
}

/// Wall clock and monotonic clock. Tests use a clock whose time they set.
pub trait Clock {
    /// The wall clock.
    fn wall(&self) -> EventTime;
    /// The monotonic time since some fixed point.
    fn elapsed(&self) -> Duration;
}
