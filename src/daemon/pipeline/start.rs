//! Where reading of the input begins.
//!
//! In: the restored position and what the broker holds. Out: a position for every partition, or the
//! reason why a person has to decide.
//!
//! A partition that was never read begins at its first record. One that was read goes on where it
//! stood, if that is still possible: not when retention has eaten what was not read yet, not when
//! the position lies beyond the end, and not when the record before it is another than the one that
//! was applied (a topic deleted and made anew).

use super::Reset;
use super::broker::{Broker, Ends, Fault, Partition};
use super::memory::Memory;
use super::reader::gone_partition;
use super::record::{InputMark, content_hash};

/// Settles a position for every input partition.
pub(super) fn positions<B: Broker>(
    broker: &mut B,
    memory: &mut Memory,
    reset: Reset,
) -> Result<(), Fault> {
    let found = broker.partitions()?;
    let gone: Vec<Partition> =
        memory.position.inputs.keys().filter(|p| !found.contains_key(p)).cloned().collect();
    for partition in gone {
        if reset == Reset::Error {
            return Err(gone_partition(&partition));
        }
        memory.position.inputs.remove(&partition);
    }
    for (partition, ends) in found {
        let mark = match memory.position.inputs.get(&partition) {
            None => InputMark { next: ends.low, last: None },
            Some(mark) => match lost(broker, &partition, *mark, ends)? {
                None => continue,
                Some(why) => moved(&partition, &why, ends, reset)?,
            },
        };
        memory.position.inputs.insert(partition, mark);
    }
    Ok(())
}

/// Why the position is of no more use, if so.
fn lost<B: Broker>(
    broker: &mut B,
    partition: &Partition,
    mark: InputMark,
    ends: Ends,
) -> Result<Option<String>, Fault> {
    let next = mark.next;
    if next < ends.low {
        return Ok(Some(format!("its records from {next} to {} are gone", ends.low)));
    }
    if next > ends.high {
        return Ok(Some(format!("its position {next} lies beyond its end {}", ends.high)));
    }
    let Some(last) = mark.last.filter(|last| last.offset >= ends.low) else { return Ok(None) };
    let Some(found) = broker.record_at(partition, last.offset)? else {
        return Ok(Some(format!("its record {} is gone", last.offset)));
    };
    let hash = content_hash(found.key.as_deref(), found.payload.as_deref());
    let same = found.timestamp == last.timestamp && hash == last.hash;
    Ok((!same).then(|| format!("its record {} is another than the one applied", last.offset)))
}

fn moved(partition: &Partition, why: &str, ends: Ends, reset: Reset) -> Result<InputMark, Fault> {
    let Partition { topic, partition } = partition;
    let next = match reset {
        Reset::Error => {
            return Err(Fault::Stop(format!(
                "the position in `{topic}` partition {partition} is lost: {why}; start once with \
                 `--set start.reset=earliest` or `latest` to go on without what is missing"
            )));
        }
        Reset::Earliest => ends.low,
        Reset::Latest => ends.high,
    };
    tracing::warn!(%topic, partition, why, next, "position reset by `start.reset`");
    Ok(InputMark { next, last: None })
}
