//! Where reading of the input begins.
//!
//! In: the restored position and what the broker holds. Out: a position for every partition, or the
//! reason why a person has to decide.
//!
//! A partition that was never read begins at its first record. One that was read goes on where it
//! was, if that is still possible: not when retention has removed what was not read yet, not when
//! the position is beyond the end, and not when the record before it is another than the one that
//! was applied (a topic deleted and created again). A compacted topic may lose that record.
//!
//! Each reset of a partition is counted, and the count is part of the ids of the events that its
//! records cause, because records that come after it reuse offsets.

use super::StartReset;
use super::broker::{Broker, Fault, Partition, Watermarks};
use super::memory::ShardState;
use super::reader::gone_partition;
use super::record::{InputMark, content_hash};
use std::collections::BTreeMap;

/// Settles a position for every input partition.
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
        memory.counts_reset(&partition);
    }
    for (partition, ends) in found {
        let mark = match memory.position.inputs.get(&partition) {
            None => InputMark { next: ends.low, last: None },
            Some(mark) => match lost(broker, &partition, *mark, ends)? {
                None => continue,
                Some(why) => {
                    let mark = moved(&partition, &why, ends, reset)?;
                    memory.counts_reset(&partition);
                    mark
                }
            },
        };
        memory.position.inputs.insert(partition, mark);
    }
    Ok(())
}

/// Why a topic is not the one that was read before, if so: it was truncated, or created again, while
/// nobody polled it. The last record of the `checked` partitions is compared; one partition is enough
/// to notice that a topic was created again.
///
/// # Errors
/// When the broker cannot be reached in time.
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

/// The partitions whose last record is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CheckedPartitions {
    All,
    One(usize),
}

/// Why reading cannot go on at the position, if so.
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

/// Why no record can be read at the position, if so.
fn out_of_range(mark: InputMark, ends: Watermarks) -> Option<String> {
    let next = mark.next;
    if next < ends.low {
        return Some(format!("its records from {next} to {} are gone", ends.low));
    }
    (next > ends.high).then(|| format!("its position {next} lies beyond its end {}", ends.high))
}

/// How the last record applied differs from the one that the broker holds, if so.
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
        return Ok(Some(format!("its record {} is gone", last.offset)));
    };
    let hash = content_hash(found.key.as_deref(), found.payload.as_deref());
    let same = found.timestamp == last.timestamp && hash == last.hash;
    Ok((!same).then(|| format!("its record {} is another than the one applied", last.offset)))
}

fn moved(
    partition: &Partition,
    why: &str,
    ends: Watermarks,
    reset: StartReset,
) -> Result<InputMark, Fault> {
    let Partition { topic, partition } = partition;
    let next = match reset {
        StartReset::Error => {
            return Err(Fault::Stop(format!(
                "the position in `{topic}` partition {partition} is lost: {why}; start once with \
                 `--set start.reset=earliest` or `latest` to go on without what is missing"
            )));
        }
        StartReset::Earliest => ends.low,
        StartReset::Latest => ends.high,
    };
    tracing::warn!(%topic, partition, why, next, "position reset by `start.reset`");
    Ok(InputMark { next, last: None })
}
