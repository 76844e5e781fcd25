//! What the pipeline needs of a broker, as three small traits with a real and an in-memory side.
//!
//! In: records to write. Out: records read, and for every call the one decision that its failure
//! asks for ([`Fault`]). One [`Broker`] serves one shard.
//!
//! Deliberately absent: group membership (see [`lease`](super::lease)) and topic administration.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirefold_engine::article::EventTime;

/// An input partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
}

/// A record of an input topic, untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputRecord {
    /// Where it was read.
    pub from: Partition,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, where it has one.
    pub timestamp: Option<EventTime>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// Its headers, in order.
    pub headers: Vec<Header>,
}

impl InputRecord {
    /// The value of its first header called `name`.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key == name)?.1.as_deref()
    }

    /// What its headers say of its format, with U+FFFD for bytes that are not UTF-8.
    pub fn content_type(&self) -> Option<Cow<'_, str>> {
        self.header("content-type").map(String::from_utf8_lossy)
    }

    /// Its place and time without what it holds.
    pub fn bare(&self) -> Self {
        let (from, headers) = (self.from.clone(), Vec::new());
        let (offset, timestamp) = (self.offset, self.timestamp);
        Self { from, offset, timestamp, key: None, payload: None, headers }
    }

    /// Bytes that it holds in memory, roughly.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + length(v) + 32).sum();
        length(&self.key) + length(&self.payload) + headers + 96
    }
}

/// A header: a name and a value, which may be null.
pub type Header = (String, Option<Vec<u8>>);

/// Which topic a record is for; the names are settings.
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
    /// `wire.state`, in the shard's own partition
    State,
}

impl Role {
    /// All of them.
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
    /// The size that counts against a topic's `max.message.bytes`, rounded up: lengths, the batch
    /// header (61 bytes) and at most 32 bytes for a record's own framing.
    pub fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let headers: usize = self.headers.iter().map(|(k, v)| k.len() + length(v) + 10).sum();
        length(&self.key) + length(&self.payload) + headers + 96
    }
}

/// A record of the changelog as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: String,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The take-over whose owner wrote it, where it says so: without transactions only.
    pub generation: Option<u64>,
}

/// The offsets of an input partition: `low` is the first one kept, `high` the next to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermarks {
    /// The first offset that is still there.
    pub low: i64,
    /// The offset that the next record will get.
    pub high: i64,
}

/// What one poll of the input gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputPoll {
    /// A record.
    Record(InputRecord),
    /// A partition has no more for now.
    End(Partition),
    /// Nothing within the time given.
    Nothing,
}

/// Why a call to the broker failed, by what the caller has to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The outcome is unknown, or the client is of no more use: make a new one, and let what the
    /// broker holds decide.
    #[error("in doubt: {0}")]
    Doubt(String),
    /// A newer owner of the shard exists.
    #[error("fenced by a newer owner: {0}")]
    Fenced(String),
    /// A person has to decide.
    #[error("{0}")]
    Stop(String),
}

/// The header by which a changelog record without transactions names its take-over.
pub const GENERATION: &str = "wirefold-generation";

/// The header by which a record names the transaction that wrote it: `SHARD/FENCE/BATCH/INDEX`.
pub const WRITE_ID: &str = "wirefold-batch";

/// A partition that a shard writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputPartition {
    /// The topic.
    pub role: Role,
    /// Its partition.
    pub partition: i32,
}

/// For each output partition, an offset up to which everything is accounted for.
pub type OutputEnds = BTreeMap<OutputPartition, i64>;

/// One attempt to write one batch: its transaction. Records carry it in the header
/// `wirefold-batch`, so that what a crashed broker left of a transaction can be put together again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId {
    /// The offset of the fence of the take-over that made it.
    pub fence: i64,
    /// The number of the batch.
    pub batch: u64,
}

/// A record of some [`WriteId`] that is in an output partition, whether readers can see it or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenRecord {
    /// Where it is.
    pub output: OutputPartition,
    /// Its offset.
    pub offset: i64,
    /// The attempt that wrote it.
    pub attempt: WriteId,
    /// Its number within the attempt, by which copies of it are recognised.
    pub index: u32,
    /// Whether it is committed.
    pub committed: bool,
    /// The record, with all headers.
    pub record: OutputRecord,
}

/// How sure a commit is that its outcome is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitCertainty {
    /// The broker said so, at once and without trouble.
    Surely,
    /// The broker said so, but after trouble that may have left a request behind: go on with a new
    /// client only.
    AfterTrouble,
}

/// The limits of record sizes, in bytes, as [`OutputRecord::bytes`] counts.
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

/// One shard's access to a broker.
pub trait Broker {
    /// Writes to it.
    type Writer: Writer;
    /// Reads its input.
    type Input: Input;
    /// Follows its changelog.
    type Tail: Tail;

    /// A new writer: fences the former owner's, and waits for the end of its transaction.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or refuses.
    fn writer(&mut self) -> Result<Self::Writer, Fault>;

    /// Reads the shard's changelog from offset `from` (`None`: from its beginning) to `until`, the
    /// offset after a record that is known to be there, and gives each record to `each`. What looks
    /// like the end of the log before that is not believed: a leader that was just elected may not
    /// know yet how far its log is replicated.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or what `each` says.
    fn changelog(
        &mut self,
        from: Option<i64>,
        until: i64,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// Reads another shard's changelog up to its last stable offset.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or what `each` says.
    fn peer(
        &mut self,
        shard: u32,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault>;

    /// The input partitions that this shard reads, with their ends.
    ///
    /// # Errors
    /// When the broker cannot be reached in time, or an input topic does not exist.
    fn partitions(&mut self) -> Result<BTreeMap<Partition, Watermarks>, Fault>;

    /// Every record of a transaction of this shard and that is in an output partition between
    /// `from` (a partition that is missing there is read from its beginning) and `until`, in the order
    /// of each partition: committed, aborted and hanging ones.
    ///
    /// # Errors
    /// When the broker cannot be reached in time.
    fn written(
        &mut self,
        from: &OutputEnds,
        until: &OutputEnds,
    ) -> Result<Vec<WrittenRecord>, Fault>;

    /// Whether compaction may remove records of an input topic.
    ///
    /// # Errors
    /// When the broker cannot be reached in time.
    fn is_compacted(&mut self, topic: &str) -> Result<bool, Fault>;

    /// Where the partitions `of` the input end. Waits no longer than `within` for all of them; a
    /// partition whose end is not known by then is absent.
    ///
    /// # Errors
    /// When the client cannot be made, or a person has to decide.
    fn ends(
        &mut self,
        of: &[Partition],
        within: Duration,
    ) -> Result<BTreeMap<Partition, i64>, Fault>;

    /// The positions that [`Input::note`] noted last: only lag is reckoned from them. A partition
    /// of which none was noted is given its first offset.
    ///
    /// # Errors
    /// When they are not known within some multiple of `within`.
    fn noted(&mut self, within: Duration) -> Result<BTreeMap<Partition, i64>, Fault>;

    /// The record at `offset`, or `None` when no record has that offset any more.
    ///
    /// # Errors
    /// When the broker cannot be reached in time.
    fn record_at(&mut self, from: &Partition, offset: i64) -> Result<Option<InputRecord>, Fault>;

    /// Reads the input from the offsets in `from` on.
    ///
    /// # Errors
    /// When the client cannot be made.
    fn input(&mut self, from: &BTreeMap<Partition, i64>) -> Result<Self::Input, Fault>;

    /// Follows the shard's changelog from offset `from` on (`None`: from its beginning).
    ///
    /// # Errors
    /// When the client cannot be made.
    fn tail(&mut self, from: Option<i64>) -> Result<Self::Tail, Fault>;

    /// How long the changelog keeps tombstones.
    fn tombstones_kept(&self) -> Duration;

    /// The limits of record sizes.
    fn limits(&self) -> Limits;
}

/// What one poll of a changelog that is followed gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangelogPoll {
    /// A record.
    Record(LogRecord),
    /// Everything up to the last stable offset has been given.
    End,
    /// Nothing within the time given.
    Nothing,
    /// Nothing, and the broker is not reached: there may be more.
    Away,
}

/// Follows a changelog.
pub trait Tail {
    /// The next record. Waits no longer than `wait`.
    ///
    /// # Errors
    /// When the client is of no more use.
    fn poll(&mut self, wait: Duration) -> Result<ChangelogPoll, Fault>;
}

/// Writes batches. Dropping it leaves an open transaction to be aborted by whoever comes next.
pub trait Writer {
    /// Aborts what an earlier transaction of this writer's name may have left open in any partition
    /// that it writes to, and returns for each partition the offset after everything that the former
    /// writer can have written there. Does nothing where there are no transactions. Comes before the
    /// first [`Writer::begin`].
    ///
    /// Aborting decides nothing about the outcome: whether the former transaction was committed is
    /// told by [`Broker::written`] afterwards.
    ///
    /// # Errors
    /// When the client is of no more use.
    fn sweep(&mut self) -> Result<OutputEnds, Fault>;

    /// Opens a transaction, whose records carry `attempt`; nothing where there are none.
    ///
    /// # Errors
    /// When the client is of no more use.
    fn begin(&mut self, attempt: Option<WriteId>) -> Result<(), Fault>;

    /// Takes a record in for writing; waits while the queue is full.
    ///
    /// # Errors
    /// When it cannot be taken in, or an earlier record could not be delivered.
    fn send(&mut self, record: &OutputRecord) -> Result<(), Fault>;

    /// Writes a record once more, byte for byte, to the partition where it is.
    ///
    /// # Errors
    /// Those of [`Writer::send`].
    fn repeat(&mut self, written: &WrittenRecord) -> Result<(), Fault>;

    /// Waits until every record sent is acknowledged by the broker, each one checked.
    ///
    /// # Errors
    /// When a record was not delivered, or it is not known.
    fn flush(&mut self) -> Result<(), Fault>;

    /// Commits the transaction; nothing where there are none. Everything must be flushed.
    ///
    /// # Errors
    /// When the outcome is not known, or the transaction was aborted.
    fn commit(&mut self) -> Result<CommitCertainty, Fault>;

    /// The offset after the last record that was delivered to the changelog, if any was.
    fn changelog_end(&self) -> Option<i64>;

    /// For each partition, the offset after the last record that was delivered to it.
    fn ends(&self) -> OutputEnds;
}

/// Reads input partitions.
pub trait Input {
    /// The next record of any partition, or that a partition has no more for now. Waits no longer
    /// than `wait`.
    ///
    /// # Errors
    /// When a position is lost, or the client is of no more use.
    fn poll(&mut self, wait: Duration) -> Result<InputPoll, Fault>;

    /// Stops or resumes fetching of a partition; what was fetched and not yet polled comes again
    /// later.
    ///
    /// # Errors
    /// When the client is of no more use.
    fn fetching(&mut self, of: &Partition, wanted: FetchState) -> Result<(), Fault>;

    /// Begins to read a partition that has been added.
    ///
    /// # Errors
    /// When the client is of no more use.
    fn add(&mut self, partition: &Partition, from: i64) -> Result<(), Fault>;

    /// The offset that the next record will get, of every partition of which it is known. Never
    /// blocks; the answer may be a second old.
    fn ends(&self) -> BTreeMap<Partition, i64>;

    /// Whether the broker answers for every partition, as far as is known. Never blocks; the answer
    /// may be a second old.
    fn reached(&self) -> bool;

    /// How often a connection was made or has failed so far. After that, a topic may be another one of
    /// the same name. Never blocks.
    fn disturbances(&self) -> u64;

    /// Tells lag tools how far the shard has come; best effort, and read back for no more than to
    /// reckon the lag.
    fn note(&mut self, positions: &BTreeMap<Partition, i64>);
}

/// Whether a partition is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchState {
    /// It is.
    On,
    /// It is held back.
    Off,
}

/// The clocks of the shell. Tests have one that jumps.
pub trait Clock {
    /// The wall clock.
    fn wall(&self) -> EventTime;
    /// Time since some fixed point, never falling.
    fn elapsed(&self) -> Duration;
}
