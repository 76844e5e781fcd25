//! Reads what a shard wrote in its latest transactions, whether or not they were committed.
//!
//! In: for each output partition, the offset to start from and the highest end offset that the
//! previous writer can have reached. Out: the records whose `wirefold-batch` header names the
//! shard, each marked with whether a `read_committed` consumer receives it. In the changelog, only
//! complete attempts count: the position record is the last record of an attempt, and its index is
//! the number of changelog records before it.
//!
//! Each partition is read with `read_uncommitted`, and then with `read_committed` if the first pass
//! found records. If the range in an output partition is long, because other shards have written to
//! it too, reading starts two minutes before the shard's earliest position record.

use super::changelog::{PartitionReader, ReadEnd, ReadFlow, header, partition_of};
use super::client::Settings;
use super::input::copy_record;
use crate::daemon::pipeline::broker::{
    Fault, OutputEnds, OutputPartition, OutputRecord, Role, WRITE_ID, WriteId, WrittenRecord,
};
use crate::daemon::telemetry::watchdog::Watchdog;
use rdkafka::message::{BorrowedMessage, Message};
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long open transactions of other shards may hold back the last stable offset.
const STABLE_WITHIN: Duration = Duration::from_secs(40);
/// The pause between two checks of the last stable offset.
const STABLE_POLL: Duration = Duration::from_millis(50);
/// Ranges of at most this many offsets are read in full.
const RANGE_READ_WHOLE: i64 = 20_000;
/// Longer ranges are not read from their start, but from this many milliseconds before the shard's
/// earliest position record.
const BEFORE_MS: i64 = 120_000;
/// The maximum number of changelog records of one attempt that are buffered. A batch has fewer.
const ATTEMPT_RECORDS_MAX: usize = 1 << 20;

/// A `read_uncommitted` and a `read_committed` reader for the same partitions.
struct CommittedAndOpen<'a> {
    settings: &'a Settings,
    shard: u32,
    /// Reads with `read_uncommitted`.
    all: PartitionReader,
    /// Reads with `read_committed`.
    committed: PartitionReader,
}

/// All records of the shard's attempts between `from` and `until`.
pub(super) fn read_attempts(
    settings: &Settings,
    shard: u32,
    watchdog: &Watchdog,
    from: &OutputEnds,
    until: &OutputEnds,
) -> Result<Vec<WrittenRecord>, Fault> {
    let readers = CommittedAndOpen {
        settings,
        shard,
        all: PartitionReader::new(&settings.uncommitted(shard), watchdog.clone())?,
        committed: PartitionReader::new(&settings.changelog(shard), watchdog.clone())?,
    };
    let state = OutputPartition { role: Role::State, partition: partition_of(shard) };
    let mut found = Vec::new();
    let mut since = None;
    if let Some(&end) = until.get(&state) {
        let from = from.get(&state).copied().unwrap_or(0);
        (found, since) = readers.changelog(state, from, end)?;
    }
    if found.is_empty() {
        // Every transaction writes its position to the changelog before it can be committed.
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

    /// The changelog records of complete attempts, and the earliest timestamp of their position
    /// records.
    fn changelog(
        &self,
        state: OutputPartition,
        from: i64,
        until: i64,
    ) -> Result<(Vec<WrittenRecord>, Option<i64>), Fault> {
        let (mut found, mut since) = (Vec::new(), None);
        let mut before: VecDeque<(i64, OutputRecord)> = VecDeque::new();
        self.read(state, from, until, &mut |message| {
            let write_id = self.write_id(message);
            before.push_back((message.offset(), copied(state.role, message)));
            if before.len() > ATTEMPT_RECORDS_MAX {
                before.pop_front();
            }
            let Some((attempt, last)) = write_id else { return };
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
        self.mark_committed(state, from, until, &mut found)?;
        Ok((found, since))
    }

    /// The records of the shard's attempts in one output partition. `since` is the timestamp of the
    /// shard's earliest attempt.
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
            let Some((attempt, index)) = self.write_id(message) else { return };
            let record = copied(output.role, message);
            let offset = message.offset();
            found.push(WrittenRecord { output, offset, attempt, index, committed: false, record });
        })?;
        self.mark_committed(output, from, until, &mut found)?;
        Ok(found)
    }

    /// Reads a partition up to `until`, the offset after a record that the writer itself wrote.
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

    /// Sets [`WrittenRecord::committed`] on the records that a `read_committed` consumer receives.
    /// Waits until the last stable offset reaches `until`.
    fn mark_committed(
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
                return Err(Fault::doubt(format!(
                    "an open transaction keeps the last stable offset of `{topic}` partition \
                     {partition} at {stable}, below {until}"
                )));
            }
            std::thread::sleep(STABLE_POLL);
        }
    }

    /// The attempt that wrote a record and the record's index in it; `None` if the record has no
    /// [`WRITE_ID`] header or another shard wrote it.
    fn write_id(&self, message: &BorrowedMessage<'_>) -> Option<(WriteId, u32)> {
        let mut parts = header(message, WRITE_ID)?.split('/');
        let mut next = || parts.next();
        let shard: u32 = next()?.parse().ok()?;
        let attempt = WriteId { fence: next()?.parse().ok()?, batch: next()?.parse().ok()? };
        let index = next()?.parse().ok()?;
        (shard == self.shard).then_some((attempt, index))
    }
}

/// Copies a record out of the client's buffers.
fn copied(role: Role, message: &BorrowedMessage<'_>) -> OutputRecord {
    let record = copy_record(&Arc::from(""), message);
    OutputRecord { role, key: record.key, payload: record.payload, headers: record.headers }
}
