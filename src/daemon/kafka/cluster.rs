//! A shard's broker: the real side of the pipeline's traits.

use super::changelog::{Follower, PartitionTail, ReadEnd, ReadFlow, log_record, partition_of};
use super::client::{CALL, Settings};
use super::input::{InputConsumers, record};
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

/// How often a record is looked for where the log seems to end before it, which a leader that was just
/// elected may say of what is there.
const LOOKS: u32 = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(300);
/// How often in a row limits may be read again without any change before a size counts as too large.
/// Right after a change a broker may still tell the old one.
const UNCHANGED_MAX: u32 = 2;

/// One shard's access to a Kafka cluster.
pub struct Cluster {
    settings: Settings,
    slice: ShardFilter,
    told: TopicLimits,
    /// Reads single records of the input.
    looker: Option<PartitionTail>,
    /// Reads the positions noted for lag tools, until they are known.
    noter: Option<PartitionTail>,
    /// The input partition whose end is asked for first.
    turn: usize,
    sizes: Arc<SizeLimits>,
    /// How often in a row limits were read again and had not changed.
    unchanged: u32,
    watchdog: Watchdog,
}

impl Cluster {
    /// The access of `shard`, whose topics exist and are as `told`.
    pub fn new(settings: Settings, shard: u32, told: TopicLimits, watchdog: Watchdog) -> Self {
        let slice = ShardFilter { map: settings.map.clone(), shard };
        let (sizes, unchanged) = (Arc::default(), 0);
        Self {
            slice,
            settings,
            told,
            looker: None,
            noter: None,
            turn: 0,
            sizes,
            unchanged,
            watchdog,
        }
    }

    /// Reads the limits again after a size was refused.
    fn read_limits(&mut self) -> Result<(), Fault> {
        if self.settings.in_memory.is_some() || !self.sizes.refused.load(Ordering::SeqCst) {
            return Ok(());
        }
        let _watch = self.watchdog.watch("reading limits", CALL * 3);
        let limits = topics::limits(&self.settings).map_err(|error| match error {
            topics::Error::Unreached(_) => Fault::Doubt(error.to_string()),
            topics::Error::Wrong(why) => Fault::Stop(why),
        })?;
        self.unchanged = if limits == self.told.limits { self.unchanged + 1 } else { 0 };
        tracing::info!(?limits, unchanged = self.unchanged, "limits of the topics read again");
        self.told.limits = limits;
        self.sizes.known.store(self.unchanged >= UNCHANGED_MAX, Ordering::SeqCst);
        self.sizes.refused.store(false, Ordering::SeqCst);
        Ok(())
    }

    /// A reader of its own: what one read leaves behind in a client cannot reach the next.
    fn reader(&self) -> Result<PartitionTail, Fault> {
        PartitionTail::new(&self.settings.changelog(self.slice.shard), self.watchdog.clone())
    }

    fn looker(&mut self) -> Result<&PartitionTail, Fault> {
        if self.looker.is_none() {
            self.looker = Some(self.reader()?);
        }
        Ok(self.looker.as_ref().expect("made above"))
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
            let lost = format!("`{topic}` ends at {high}, before {from}: it was made anew");
            return Err(Fault::Stop(lost));
        }
        reader.read(&topic, partition, from, end, &mut |message| {
            each(log_record(&topic, message)?)?;
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
        ShardProducer::new(&self.settings, self.slice.shard, self.told.limits, sizes, watchdog)
    }

    fn changelog(
        &mut self,
        from: Option<i64>,
        until: i64,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.log(self.slice.shard, from, ReadEnd::Known(until), each)
    }

    fn peer(
        &mut self,
        shard: u32,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.log(shard, None, ReadEnd::Stable, each)
    }

    fn partitions(&mut self) -> Result<BTreeMap<Partition, Watermarks>, Fault> {
        let slice = self.slice.clone();
        let tail = self.looker()?;
        let mut found = BTreeMap::new();
        for topic in slice.map.topics() {
            for partition in 0..tail.partitions(&topic)? {
                let of = Partition { topic: topic.clone(), partition };
                if slice.fetches(&of) {
                    let (low, high) = tail.ends(&topic, partition)?;
                    found.insert(of, Watermarks { low, high });
                }
            }
        }
        Ok(found)
    }

    fn written(
        &mut self,
        from: &OutputEnds,
        until: &OutputEnds,
    ) -> Result<Vec<WrittenRecord>, Fault> {
        written::written(&self.settings, self.slice.shard, &self.watchdog, from, until)
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
        let mut found = BTreeMap::new();
        for step in 0..of.len() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let at = &of[(first + step) % of.len()];
            // The next look goes on behind a partition that took all the time.
            self.turn = (first + step + 1) % of.len();
            match self.looker()?.ends_within(&at.topic, at.partition, left) {
                Ok((_, high)) => drop(found.insert(at.clone(), high)),
                Err(Fault::Stop(why)) => return Err(Fault::Stop(why)),
                Err(fault) => tracing::debug!(%fault, "the end of an input partition is not known"),
            }
        }
        Ok(found)
    }

    fn noted(&mut self, within: Duration) -> Result<BTreeMap<Partition, i64>, Fault> {
        let noter = match self.noter.take() {
            Some(noter) => noter,
            None => {
                let mut config = self.settings.input(self.slice.shard);
                config.set("statistics.interval.ms", "0");
                PartitionTail::new(&config, self.watchdog.clone())?
            }
        };
        let noted = noted(&noter, &self.slice, within);
        if noted.is_err() {
            // It has begun to connect, which the next attempt need not do again.
            self.noter = Some(noter);
        }
        noted
    }

    fn record_at(&mut self, from: &Partition, offset: i64) -> Result<Option<InputRecord>, Fault> {
        for attempt in 1..=LOOKS {
            let mut found = None;
            self.looker()?.read(
                &from.topic,
                from.partition,
                offset,
                ReadEnd::Stable,
                &mut |message| {
                    found = Some(record(&from.topic, message));
                    Ok(ReadFlow::Enough)
                },
            )?;
            match found {
                Some(found) => return Ok(Some(found).filter(|found| found.offset == offset)),
                None if attempt < LOOKS => std::thread::sleep(LOOK_AGAIN),
                None => {}
            }
            self.looker = None;
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

    fn tombstones_kept(&self) -> Duration {
        self.told.tombstones_kept
    }

    fn limits(&self) -> Limits {
        self.told.limits
    }
}

/// The positions of the input that `slice` reads, as `noter`'s group knows them.
fn noted(
    noter: &PartitionTail,
    slice: &ShardFilter,
    within: Duration,
) -> Result<BTreeMap<Partition, i64>, Fault> {
    let mut of = Vec::new();
    for topic in slice.map.topics() {
        let partitions = 0..noter.partitions_within(&topic, within)?;
        let all = partitions.map(|partition| Partition { topic: topic.clone(), partition });
        of.extend(all.filter(|of| slice.fetches(of)));
    }
    let mut noted = noter.committed(&of, within)?;
    for of in of.into_iter().filter(|of| !noted.contains_key(of)).collect::<Vec<_>>() {
        let (low, _) = noter.ends_within(&of.topic, of.partition, within)?;
        noted.insert(of, low);
    }
    Ok(noted)
}

/// The clocks of the machine.
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
