//! Decides where to start reading the input.
//!
//! In: the restored position, and the offsets and records that the broker holds. Out: a position
//! for every partition, or the reason a person has to decide.
//!
//! A partition that was never read starts at its first record. Any other partition continues at its
//! position if the position is still valid. The position is lost if retention has removed unread
//! records, if the position is beyond the end, or if the last record applied differs from the
//! record that is now at the same offset (the topic was deleted and recreated). In a compacted
//! topic, the last record applied may be missing; the position is then still valid.
//!
//! Each reset of a partition is counted. The count is part of the ids of the events that the
//! partition's records cause, because records read after a reset reuse offsets.

use super::StartReset;
use super::broker::{Broker, Fault, Partition, Watermarks};
use super::memory::ShardState;
use super::record::{InputMark, content_hash};
use std::collections::BTreeMap;

/// Sets a position for every input partition.
///
/// # Errors
/// If a position is lost and `reset` is [`StartReset::Error`], or if the broker cannot be reached.
pub(super) fn positions<B: Broker>(
    broker: &mut B,
    memory: &mut ShardState,
    reset: StartReset,
) -> Result<(), Fault> {
    let found = broker.partitions()?;
    let gone: Vec<Partition> =
        memory.position.inputs.keys().filter(|p| !found.contains_key(p)).cloned().collect();
    for partition in gone {
        if reset == StartReset::Error {
            return Err(gone_partition(&partition));
        }
        memory.position.inputs.remove(&partition);
        memory.count_reset(&partition);
    }
    for (partition, ends) in found {
        let mark = match memory.position.inputs.get(&partition) {
            None => InputMark { next: ends.low, last: None },
            Some(mark) => match lost(broker, &partition, *mark, ends)? {
                None => continue,
                Some(why) => {
                    let mark = moved(&partition, &why, ends, reset)?;
                    memory.count_reset(&partition);
                    mark
                }
            },
        };
        memory.position.inputs.insert(partition, mark);
    }
    Ok(())
}

/// Checks whether a topic was truncated or recreated while it was not polled. If so, returns a
/// partition that shows this, and the reason. Positions are checked in all partitions with an
/// applied record. The last applied record is compared only in the `checked` partitions: comparing
/// one partition is enough to notice a recreated topic.
///
/// # Errors
/// If the broker cannot be reached in time.
pub(super) fn replaced<B: Broker>(
    broker: &mut B,
    memory: &ShardState,
    found: &BTreeMap<Partition, Watermarks>,
    checked: CheckedPartitions,
) -> Result<Option<String>, Fault> {
    let read = memory.position.inputs.iter().filter(|(_, mark)| mark.last.is_some());
    let count = read.clone().count();
    for (at, (partition, mark)) in read.enumerate() {
        let Some(ends) = found.get(partition) else { continue };
        let wanted = match checked {
            CheckedPartitions::All => true,
            CheckedPartitions::One(turn) => at == turn % count.max(1),
        };
        let why = match out_of_range(*mark, *ends) {
            None if wanted => differs(broker, partition, *mark, *ends)?,
            why => why,
        };
        if let Some(why) = why {
            let Partition { topic, partition } = partition;
            return Ok(Some(format!("`{topic}` partition {partition}: {why}")));
        }
    }
    Ok(None)
}

/// The partitions whose last applied record is compared with the broker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckedPartitions {
    /// All partitions.
    All,
    /// One partition. Successive numbers select the partitions in turn.
    One(usize),
}

/// The reason reading cannot continue at the position; `None` if it can.
fn lost<B: Broker>(
    broker: &mut B,
    partition: &Partition,
    mark: InputMark,
    ends: Watermarks,
) -> Result<Option<String>, Fault> {
    match out_of_range(mark, ends) {
        None => differs(broker, partition, mark, ends),
        why => Ok(why),
    }
}

/// The reason the position is outside the range of offsets that the broker holds; `None` if it is
/// inside.
fn out_of_range(mark: InputMark, ends: Watermarks) -> Option<String> {
    let next = mark.next;
    if next < ends.low {
        return Some(format!("the records from offset {next} to {} are gone", ends.low));
    }
    let high = ends.high;
    (next > high).then(|| format!("the position {next} is beyond the end of the partition, {high}"))
}

/// How the last record applied differs from the broker's record at the same offset; `None` if they
/// are equal.
fn differs<B: Broker>(
    broker: &mut B,
    partition: &Partition,
    mark: InputMark,
    ends: Watermarks,
) -> Result<Option<String>, Fault> {
    let Some(last) = mark.last.filter(|last| last.offset >= ends.low) else { return Ok(None) };
    let Some(found) = broker.record_at(partition, last.offset)? else {
        if broker.is_compacted(&partition.topic)? {
            return Ok(None);
        }
        return Ok(Some(format!("the last record applied, at offset {}, is gone", last.offset)));
    };
    let hash = content_hash(found.key.as_deref(), found.payload.as_deref());
    let same = found.timestamp == last.timestamp && hash == last.hash;
    let message = || format!("the record at offset {} is not the one applied before", last.offset);
    Ok((!same).then(message))
}

/// The new position of a partition whose position is lost.
fn moved(
    partition: &Partition,
    why: &str,
    ends: Watermarks,
    reset: StartReset,
) -> Result<InputMark, Fault> {
    let Partition { topic, partition } = partition;
    let next = match reset {
        StartReset::Error => {
            return Err(Fault::stop(format!(
                "the position in `{topic}` partition {partition} is lost: {why}; to continue \
                 without the missing records, start once with `--set start.reset=earliest` or \
                 `latest`"
            )));
        }
        StartReset::Earliest => ends.low,
        StartReset::Latest => ends.high,
    };
    tracing::warn!(
        %topic,
        partition,
        why,
        next,
        "the input position was lost; continuing at `next`, as `start.reset` says"
    );
    Ok(InputMark { next, last: None })
}

/// The fault for an input topic that has fewer partitions than before.
pub(super) fn gone_partition(gone: &Partition) -> Fault {
    Fault::stop(format!(
        "input topic `{}` no longer has partition {}: the topic was deleted or recreated; set \
         `start.reset` to choose where to continue",
        gone.topic, gone.partition
    ))
}
