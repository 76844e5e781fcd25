//! The [`Broker`] of one shard on a real Kafka cluster.
//!
//! In: [`Settings`], a shard, and the limits of its topics that [`topics`] found. Out: the shard's
//! writers, readers and changelog followers. Clients are created when they are needed. A client
//! whose state is in doubt is replaced by a new one.

use super::changelog::{
    Follower, PartitionReader, ReadEnd, ReadFlow, copy_log_record, partition_of,
};
use super::client::{CALL_TIMEOUT, Settings};
use super::input::{InputConsumers, copy_record};
use super::topics::{self, TopicLimits};
use super::writer::{ShardProducer, SizeLimits};
use super::written;
use crate::daemon::pipeline::broker::{
    Broker, Clock, Fault, InputRecord, Limits, LogRecord, OutputEnds, Partition, Watermarks,
    WrittenRecord,
};
use crate::daemon::pipeline::shards::ShardFilter;
use crate::daemon::telemetry::watchdog::Watchdog;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wirefold_engine::article::EventTime;

/// How many times to look for a record when the log seems to end before it. A newly elected leader
/// may at first report an end offset that is too low.
const LOOKUPS_MAX: u32 = 5;
/// The pause between two such lookups.
const LOOKUP_PAUSE: Duration = Duration::from_millis(300);
/// How many times in a row the limits may be re-read without a change before a refused record
/// counts as too large. A broker may still report the old limit shortly after a change.
const UNCHANGED_MAX: u32 = 2;

/// One shard's access to a Kafka cluster.
pub struct Cluster {
    settings: Settings,
    /// The shard and the part of the input that it reads.
    slice: ShardFilter,
    /// What the broker last reported about the topics.
    topics: TopicLimits,
    /// Reads metadata and single records of the input.
    lookup: Option<PartitionReader>,
    /// Reads the positions that were committed for lag tools; dropped once the positions are known.
    committed: Option<PartitionReader>,
    /// The index of the input partition whose end offset is requested next.
    turn: usize,
    /// The state of the size limits, shared with the shard's writers.
    sizes: Arc<SizeLimits>,
    /// How many times in a row the limits were re-read without a change.
    unchanged: u32,
    watchdog: Watchdog,
}

impl Cluster {
    /// Creates the access for `shard`. Its topics must exist; `topics` is what the broker reported
    /// about them.
    pub fn new(settings: Settings, shard: u32, topics: TopicLimits, watchdog: Watchdog) -> Self {
        let slice = ShardFilter { map: settings.map.clone(), shard };
        let (sizes, unchanged) = (Arc::default(), 0);
        Self {
            slice,
            settings,
            topics,
            lookup: None,
            committed: None,
            turn: 0,
            sizes,
            unchanged,
            watchdog,
        }
    }

    /// Re-reads the size limits of the topics if a record was refused as too large.
    fn read_limits(&mut self) -> Result<(), Fault> {
        if self.settings.in_memory.is_some() || !self.sizes.refused.load(Ordering::SeqCst) {
            return Ok(());
        }
        let _watch = self.watchdog.watch("reading limits", CALL_TIMEOUT * 3);
        let limits = topics::size_limits(&self.settings).map_err(|error| match error {
            topics::Error::Unreachable(_) => Fault::doubt(error),
            topics::Error::NeedsPerson(why) => Fault::stop(why),
        })?;
        self.unchanged = if limits == self.topics.limits { self.unchanged + 1 } else { 0 };
        tracing::info!(
            ?limits,
            unchanged = self.unchanged,
            "a record was too large for its topic; read the size limits of the topics again"
        );
        self.topics.limits = limits;
        self.sizes.confirmed.store(self.unchanged >= UNCHANGED_MAX, Ordering::SeqCst);
        self.sizes.refused.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// Creates a new reader for each read, so that records left over in the client from an earlier
    /// read are never returned.
    fn reader(&self) -> Result<PartitionReader, Fault> {
        PartitionReader::new(&self.settings.changelog(self.slice.shard), self.watchdog.clone())
    }

    /// The reader for metadata and single records, created on first use.
    fn lookup(&mut self) -> Result<&PartitionReader, Fault> {
        if self.lookup.is_none() {
            self.lookup = Some(self.reader()?);
        }
        Ok(self.lookup.as_ref().expect("created above"))
    }

    /// Reads the changelog of `shard` from offset `from` to `end`.
    fn log(
        &mut self,
        shard: u32,
        from: Option<i64>,
        end: ReadEnd,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let topic = self.settings.topics.state.clone();
        let partition = partition_of(shard);
        let reader = self.reader()?;
        let (low, high) = reader.ends(&topic, partition)?;
        let from = from.unwrap_or(low).max(low);
        let high = match end {
            ReadEnd::Stable => high,
            ReadEnd::Known(until) => until,
        };
        if from > high {
            let why = format!(
                "the changelog `{topic}` partition {partition} ends at offset {high}, but it has \
                 been read up to offset {from}: was the topic deleted and recreated?"
            );
            return Err(Fault::stop(why));
        }
        reader.read(&topic, partition, from, end, &mut |message| {
            each(copy_log_record(&topic, message)?)?;
            Ok(ReadFlow::On)
        })
    }
}

impl Broker for Cluster {
    type Writer = ShardProducer;
    type Input = InputConsumers;
    type Tail = Follower;

    fn writer(&mut self) -> Result<ShardProducer, Fault> {
        self.read_limits()?;
        let (sizes, watchdog) = (self.sizes.clone(), self.watchdog.clone());
        ShardProducer::new(&self.settings, self.slice.shard, self.topics.limits, sizes, watchdog)
    }

    fn changelog(
        &mut self,
        from: Option<i64>,
        until: i64,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.log(self.slice.shard, from, ReadEnd::Known(until), each)
    }

    fn peer_changelog(
        &mut self,
        shard: u32,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.log(shard, None, ReadEnd::Stable, each)
    }

    fn partitions(&mut self) -> Result<BTreeMap<Partition, Watermarks>, Fault> {
        let slice = self.slice.clone();
        let tail = self.lookup()?;
        let mut inputs = BTreeMap::new();
        for topic in slice.map.topics() {
            for partition in 0..tail.partitions(&topic)? {
                let input = Partition { topic: topic.clone(), partition };
                if slice.fetches(&input) {
                    let (low, high) = tail.ends(&topic, partition)?;
                    inputs.insert(input, Watermarks { low, high });
                }
            }
        }
        Ok(inputs)
    }

    fn written_records(
        &mut self,
        from: &OutputEnds,
        until: &OutputEnds,
    ) -> Result<Vec<WrittenRecord>, Fault> {
        written::read_attempts(&self.settings, self.slice.shard, &self.watchdog, from, until)
    }

    fn is_compacted(&mut self, topic: &str) -> Result<bool, Fault> {
        Ok(super::topics::is_compacted(&self.settings, topic))
    }

    fn ends(
        &mut self,
        of: &[Partition],
        within: Duration,
    ) -> Result<BTreeMap<Partition, i64>, Fault> {
        let (deadline, first) = (Instant::now() + within, self.turn);
        let mut ends = BTreeMap::new();
        for step in 0..of.len() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let at = &of[(first + step) % of.len()];
            // If this request used up the time, the next call starts with the next partition.
            self.turn = (first + step + 1) % of.len();
            match self.lookup()?.ends_within(&at.topic, at.partition, left) {
                Ok((_, high)) => drop(ends.insert(at.clone(), high)),
                Err(fault @ Fault::Stop(_)) => return Err(fault),
                Err(fault) => tracing::debug!(
                    topic = %at.topic,
                    partition = at.partition,
                    %fault,
                    "cannot read the end offset of an input partition"
                ),
            }
        }
        Ok(ends)
    }

    fn committed_positions(&mut self, within: Duration) -> Result<BTreeMap<Partition, i64>, Fault> {
        let reader = match self.committed.take() {
            Some(reader) => reader,
            None => {
                let mut config = self.settings.input(self.slice.shard);
                config.set("statistics.interval.ms", "0");
                PartitionReader::new(&config, self.watchdog.clone())?
            }
        };
        let noted = noted(&reader, &self.slice, within);
        if noted.is_err() {
            // Keep the client, so that the next attempt does not have to connect again.
            self.committed = Some(reader);
        }
        noted
    }

    fn record_at(&mut self, from: &Partition, offset: i64) -> Result<Option<InputRecord>, Fault> {
        for attempt in 1..=LOOKUPS_MAX {
            let mut first = None;
            self.lookup()?.read(
                &from.topic,
                from.partition,
                offset,
                ReadEnd::Stable,
                &mut |message| {
                    first = Some(copy_record(&from.topic, message));
                    Ok(ReadFlow::Enough)
                },
            )?;
            match first {
                Some(first) => return Ok(Some(first).filter(|record| record.offset == offset)),
                None if attempt < LOOKUPS_MAX => std::thread::sleep(LOOKUP_PAUSE),
                None => {}
            }
            self.lookup = None;
        }
        Ok(None)
    }

    fn input(&mut self, from: &BTreeMap<Partition, i64>) -> Result<InputConsumers, Fault> {
        InputConsumers::new(&self.settings.input(self.slice.shard), self.slice.map.topics(), from)
    }

    fn tail(&mut self, from: Option<i64>) -> Result<Follower, Fault> {
        let shard = self.slice.shard;
        let (config, topic) = (self.settings.changelog(shard), &self.settings.topics.state);
        Follower::new(&config, topic, partition_of(shard), from, self.watchdog.clone())
    }

    fn tombstone_retention(&self) -> Duration {
        self.topics.tombstones_kept
    }

    fn limits(&self) -> Limits {
        self.topics.limits
    }
}

/// The positions that `reader`'s group committed for the input partitions of `slice`. A partition
/// without a committed position gets its first offset.
fn noted(
    reader: &PartitionReader,
    slice: &ShardFilter,
    within: Duration,
) -> Result<BTreeMap<Partition, i64>, Fault> {
    let mut of = Vec::new();
    for topic in slice.map.topics() {
        let partitions = 0..reader.partitions_within(&topic, within)?;
        let all = partitions.map(|partition| Partition { topic: topic.clone(), partition });
        of.extend(all.filter(|of| slice.fetches(of)));
    }
    let mut noted = reader.committed(&of, within)?;
    for of in of.into_iter().filter(|of| !noted.contains_key(of)).collect::<Vec<_>>() {
        let (low, _) = reader.ends_within(&of.topic, of.partition, within)?;
        noted.insert(of, low);
    }
    Ok(noted)
}

/// The system clock, and a monotonic clock that starts when this value is created.
#[derive(Debug, Clone, Copy)]
pub struct MachineClock(Instant);

impl Default for MachineClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MachineClock {
    fn wall(&self) -> EventTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        EventTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
