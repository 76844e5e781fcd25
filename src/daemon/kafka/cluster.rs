//! A shard's broker: the real side of the pipeline's traits.

use super::changelog::{Go, Tail};
use super::client::Settings;
use super::input::{Input, record};
use super::watchdog::Watchdog;
use super::writer::{Names, Writer};
use crate::daemon::pipeline::broker::{
    Broker, Clock, Ends, Fault, InputRecord, Limits, LogRecord, Partition,
};
use crate::engine::article::EventTime;
use rdkafka::message::Message;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One shard's access to a Kafka cluster.
pub struct Cluster {
    settings: Settings,
    shard: u32,
    limits: Limits,
    names: Arc<Names>,
    topic: Arc<str>,
    tail: Option<Tail>,
    watchdog: Watchdog,
}

impl Cluster {
    /// The access of `shard`, whose topics exist and take records up to `limits`.
    pub fn new(settings: Settings, shard: u32, limits: Limits, watchdog: Watchdog) -> Self {
        let topics = &settings.topics;
        let names = [
            Some(topics.events.clone()),
            Some(topics.stories.clone()),
            topics.unique.clone(),
            Some(topics.rejected.clone()),
            Some(topics.state.clone()),
        ];
        let topic: Arc<str> = topics.input.as_str().into();
        Self { names: Arc::new(names), topic, settings, shard, limits, tail: None, watchdog }
    }

    fn tail(&mut self) -> Result<&Tail, Fault> {
        if self.tail.is_none() {
            let config = self.settings.changelog(self.shard);
            self.tail = Some(Tail::new(&config, self.watchdog.clone())?);
        }
        Ok(self.tail.as_ref().expect("made above"))
    }

    fn partition(&self) -> i32 {
        i32::try_from(self.shard).unwrap_or(i32::MAX)
    }
}

impl Broker for Cluster {
    type Writer = Writer;
    type Input = Input;

    fn writer(&mut self) -> Result<Writer, Fault> {
        let bytes_max = self.limits.by_role.into_iter().max().unwrap_or(0);
        let config = self.settings.producer(self.shard, bytes_max);
        let delivery = self.settings.delivery;
        Writer::new(&config, self.names.clone(), self.shard, delivery, self.watchdog.clone())
    }

    fn changelog(
        &mut self,
        from: Option<i64>,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<i64, Fault> {
        let (topic, partition) = (self.settings.topics.state.clone(), self.partition());
        let tail = self.tail()?;
        let (low, high) = tail.ends(&topic, partition)?;
        let from = from.unwrap_or(low).max(low);
        let mut end = from;
        if from > high {
            let lost = format!("`{topic}` ends at {high}, before {from}: it was made anew");
            return Err(Fault::Stop(lost));
        }
        tail.read(&topic, partition, from, &mut |message| {
            let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
            let key = key.ok_or_else(|| {
                let offset = message.offset();
                Fault::Stop(format!("`{topic}` has a record without a text key at {offset}"))
            })?;
            end = message.offset() + 1;
            let value = message.payload().map(<[u8]>::to_vec);
            each(LogRecord { offset: message.offset(), key: key.to_owned(), value })?;
            Ok(Go::On)
        })?;
        Ok(end)
    }

    fn partitions(&mut self) -> Result<BTreeMap<Partition, Ends>, Fault> {
        let topic = self.topic.clone();
        let tail = self.tail()?;
        let mut found = BTreeMap::new();
        for partition in 0..tail.partitions(&topic)? {
            let (low, high) = tail.ends(&topic, partition)?;
            found.insert(Partition { topic: topic.clone(), partition }, Ends { low, high });
        }
        Ok(found)
    }

    fn record_at(&mut self, from: &Partition, offset: i64) -> Result<Option<InputRecord>, Fault> {
        let mut found = None;
        self.tail()?.read(&from.topic, from.partition, offset, &mut |message| {
            if message.offset() == offset {
                found = Some(record(&from.topic, message));
            }
            Ok(Go::Enough)
        })?;
        Ok(found)
    }

    fn input(&mut self, from: &BTreeMap<Partition, i64>) -> Result<Input, Fault> {
        Input::new(&self.settings.input(self.shard), self.topic.clone(), from)
    }

    fn limits(&self) -> Limits {
        self.limits
    }
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
