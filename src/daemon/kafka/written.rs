//! Reads what a shard wrote in its latest transactions, whether they were committed or not.
//!
//! In: for each output partition, where to begin and where the former writer can have ended. Out: the
//! records with the shard's own `wirefold-batch` header, and whether a reader of committed records sees
//! each. Of the changelog only whole attempts count: the position is the last record of one, and its
//! number says how many there are before it.
//!
//! A partition is read twice, without and with regard to transactions, and the second time only if the
//! first one found something. Where other shards wrote much since, reading begins at the time of the
//! shard's own latest records in the changelog.

use super::changelog::{PartitionTail, ReadEnd, ReadFlow, header, partition_of};
use super::client::Settings;
use super::input::record;
use crate::daemon::pipeline::broker::{
    Fault, OutputEnds, OutputPartition, OutputRecord, Role, WRITE_ID, WriteId, WrittenRecord,
};
use crate::daemon::telemetry::watchdog::Watchdog;
use rdkafka::message::{BorrowedMessage, Message};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long other shards' transactions may hold back what was aborted here.
const STABLE_WITHIN: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// A range of this many offsets is read whole; of a longer one, what is as old as the shard's own
/// latest changelog records, and this much before.
const RANGE_READ_WHOLE: i64 = 20_000;
const BEFORE_MS: i64 = 120_000;
/// How many changelog records of one attempt are kept to be copied; a batch has fewer.
const ATTEMPT_RECORDS_MAX: usize = 1 << 20;

/// Two readers of the same partitions.
struct CommittedAndOpen<'a> {
    settings: &'a Settings,
    shard: u32,
    all: PartitionTail,
    committed: PartitionTail,
}

/// Every record of the shard's attempts between `from` and `until`.
pub(super) fn written(
    settings: &Settings,
    shard: u32,
    watchdog: &Watchdog,
    from: &OutputEnds,
    until: &OutputEnds,
) -> Result<Vec<WrittenRecord>, Fault> {
    let readers = CommittedAndOpen {
        settings,
        shard,
        all: PartitionTail::new(&settings.uncommitted(shard), watchdog.clone())?,
        committed: PartitionTail::new(&settings.changelog(shard), watchdog.clone())?,
    };
    let state = OutputPartition { role: Role::State, partition: partition_of(shard) };
    let mut found = Vec::new();
    let mut since = None;
    if let Some(&end) = until.get(&state) {
        let from = from.get(&state).copied().unwrap_or(0);
        (found, since) = readers.changelog(state, from, end)?;
    }
    if found.is_empty() {
        // A transaction is committed after its position was written, or not at all.
        return Ok(found);
    }
    for (&output, &end) in until.iter().filter(|(output, _)| output.role != Role::State) {
        let from = from.get(&output).copied().unwrap_or(0);
        found.extend(readers.output(output, from, end, since)?);
    }
    Ok(found)
}

impl CommittedAndOpen<'_> {
    fn topic(&self, output: OutputPartition) -> &str {
        self.settings.topics.of(output.role).unwrap_or_default()
    }

    /// The changelog's records of whole attempts, and the timestamp of the earliest.
    fn changelog(
        &self,
        state: OutputPartition,
        from: i64,
        until: i64,
    ) -> Result<(Vec<WrittenRecord>, Option<i64>), Fault> {
        let (mut found, mut since) = (Vec::new(), None);
        let mut before: VecDeque<(i64, OutputRecord)> = VecDeque::new();
        self.read(state, from, until, &mut |message| {
            let own = self.number(message);
            before.push_back((message.offset(), copied(state.role, message)));
            if before.len() > ATTEMPT_RECORDS_MAX {
                before.pop_front();
            }
            let Some((attempt, last)) = own else { return };
            let timestamp = message.timestamp().to_millis();
            since = since.min(timestamp).or(timestamp);
            let first = before.len().saturating_sub(last as usize + 1);
            let records = before.drain(first..).zip(0..);
            found.extend(records.map(|((offset, record), index)| WrittenRecord {
                output: state,
                offset,
                attempt,
                index,
                committed: false,
                record,
            }));
            before.clear();
        })?;
        self.see(state, from, until, &mut found)?;
        Ok((found, since))
    }

    /// The records of attempts in one partition of an output.
    fn output(
        &self,
        output: OutputPartition,
        from: i64,
        until: i64,
        since: Option<i64>,
    ) -> Result<Vec<WrittenRecord>, Fault> {
        let mut from = from;
        if until - from > RANGE_READ_WHOLE
            && let Some(since) = since
        {
            let topic = self.topic(output);
            let at = self.all.at_time(topic, output.partition, since - BEFORE_MS)?;
            from = at.map_or(from, |at| at.max(from));
        }
        let mut found = Vec::new();
        self.read(output, from, until, &mut |message| {
            let Some((attempt, index)) = self.number(message) else { return };
            let record = copied(output.role, message);
            let offset = message.offset();
            found.push(WrittenRecord { output, offset, attempt, index, committed: false, record });
        })?;
        self.see(output, from, until, &mut found)?;
        Ok(found)
    }

    /// Reads a partition up to `until`, whose last record before is the writer's own.
    fn read(
        &self,
        output: OutputPartition,
        from: i64,
        until: i64,
        each: &mut dyn FnMut(&BorrowedMessage<'_>),
    ) -> Result<(), Fault> {
        let topic = self.topic(output);
        let (low, _) = self.all.ends(topic, output.partition)?;
        let from = from.max(low);
        if from + 1 >= until {
            return Ok(());
        }
        self.all.read(topic, output.partition, from, ReadEnd::Known(until), &mut |message| {
            each(message);
            Ok(ReadFlow::On)
        })
    }

    /// Finds out which of the records are committed.
    fn see(
        &self,
        output: OutputPartition,
        from: i64,
        until: i64,
        found: &mut [WrittenRecord],
    ) -> Result<(), Fault> {
        if found.is_empty() {
            return Ok(());
        }
        let (topic, partition) = (self.topic(output), output.partition);
        let deadline = Instant::now() + STABLE_WITHIN;
        loop {
            let (low, stable) = self.committed.ends(topic, partition)?;
            if stable >= until {
                let mut seen = BTreeSet::new();
                let from = from.max(low);
                self.committed.read(topic, partition, from, ReadEnd::Stable, &mut |message| {
                    seen.insert(message.offset());
                    Ok(if message.offset() >= until { ReadFlow::Enough } else { ReadFlow::On })
                })?;
                found.iter_mut().for_each(|w| w.committed = seen.contains(&w.offset));
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Fault::Doubt(format!(
                    "an open transaction holds back `{topic}` partition {partition} at {stable}"
                )));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The shard's own attempt that wrote a record, and the record's number in it.
    fn number(&self, message: &BorrowedMessage<'_>) -> Option<(WriteId, u32)> {
        let mut parts = header(message, WRITE_ID)?.split('/');
        let mut next = || parts.next();
        let shard: u32 = next()?.parse().ok()?;
        let attempt = WriteId { fence: next()?.parse().ok()?, batch: next()?.parse().ok()? };
        let index = next()?.parse().ok()?;
        (shard == self.shard).then_some((attempt, index))
    }
}

fn copied(role: Role, message: &BorrowedMessage<'_>) -> OutputRecord {
    let found = record(&Arc::from(""), message);
    OutputRecord { role, key: found.key, payload: found.payload, headers: found.headers }
}
