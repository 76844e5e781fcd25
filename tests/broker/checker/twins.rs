//! Compares the actual output records with those of the engine replay, one by one.
//!
//! Within a topic and key, the actual records must equal the expected ones and have the same order.
//! The records of one shard must also be in order within a partition, and each key must stay in one
//! partition. Without transactions, a record may be repeated after its first occurrence.

use super::{Found, Law, OUTPUTS, Rules, Verdict};
use crate::outside::Record;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::broker::{OutputRecord, Role, WRITE_ID};

/// The expected records by topic and key. Order is defined only among the records of one shard.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The expected records of each topic and key, by shard.
    queues: BTreeMap<TopicKey, BTreeMap<u32, Queue>>,
    /// The partition of the first actual record of each topic and key.
    partitions: BTreeMap<TopicKey, i32>,
    /// Number of expected records so far; numbers the next one.
    count: usize,
}

type TopicKey = (Role, Option<Vec<u8>>);

/// The expected records of one topic, key and shard.
#[derive(Debug, Default)]
struct Queue {
    /// The records in order, each with its number among all expected records.
    records: Vec<(usize, OutputRecord)>,
    /// How many of them have been matched with actual records.
    matched: usize,
}

/// How an actual record matches an expected one.
enum Match {
    /// It is the next expected record of a shard: the shard, and the record's number.
    Next(u32, usize),
    /// It equals a record that was matched before.
    Repeat,
}

impl Said {
    /// Adds the next expected record of a shard.
    pub(super) fn push(&mut self, shard: u32, record: OutputRecord) {
        let shards = self.queues.entry((record.role, record.key.clone())).or_default();
        shards.entry(shard).or_default().records.push((self.count, record));
        self.count += 1;
    }

    /// Matches an actual record with an expected one; an error says why that is impossible.
    fn find(&mut self, record: &Record, role: Role) -> Result<Match, String> {
        let key = (role, record.key.clone());
        let partition = *self.partitions.entry(key.clone()).or_insert(record.partition);
        if partition != record.partition {
            return Err(format!("also has records in partition {partition}"));
        }
        let shards = self.queues.get_mut(&key).ok_or("has a key that the replay never writes")?;
        for (shard, queue) in shards.iter_mut() {
            if let Some((number, next)) = queue.records.get(queue.matched)
                && same(record, next)
            {
                queue.matched += 1;
                return Ok(Match::Next(*shard, *number));
            }
        }
        for queue in shards.values_mut() {
            match queue.records.iter().position(|(_, expected)| same(record, expected)) {
                None => {}
                Some(at) if at < queue.matched => return Ok(Match::Repeat),
                Some(at) => {
                    let missing = at - std::mem::replace(&mut queue.matched, at + 1);
                    return Err(format!("comes after {missing} missing records of its key"));
                }
            }
        }
        Err("differs from the records of the replay".into())
    }
}

/// Checks outputs against [`Law::Same`] and, across keys, against [`Law::Order`].
pub(super) fn check(found: &Found, mut expected: Said, rules: &Rules, verdict: &mut Verdict) {
    for role in OUTPUTS {
        let mut last: BTreeMap<(i32, u32), usize> = BTreeMap::new();
        for record in &found.outputs[&role] {
            let (partition, offset) = (record.partition, record.offset);
            let place = format!("{role:?} {partition}/{offset} `{}`", record.key());
            match expected.find(record, role) {
                Err(how) => verdict.broken(Law::Same, format!("{place} {how}")),
                Ok(Match::Repeat) if rules.exactly_once() => {
                    verdict.broken(Law::Same, format!("{place} is a repeat"));
                }
                Ok(Match::Repeat) => {}
                Ok(Match::Next(shard, number)) => {
                    let before = last.insert((partition, shard), number);
                    // Two states of a story may have equal bytes. Without transactions, the second
                    // one cannot be distinguished from a repeat of the first.
                    let distinct = rules.exactly_once() || role != Role::Stories;
                    if distinct && before.is_some_and(|before| before > number) {
                        verdict.broken(Law::Order, format!("{place} comes too late"));
                    }
                }
            }
        }
    }
    let queues = expected.queues.iter();
    let all = queues.flat_map(|((role, _), shards)| shards.values().map(move |q| (role, q)));
    for (role, queue) in all {
        for (_, missing) in &queue.records[queue.matched..] {
            let key = String::from_utf8_lossy(missing.key.as_deref().unwrap_or_default());
            verdict.broken(Law::Same, format!("{role:?}: a record of `{key}` is missing"));
        }
    }
}

/// Whether value and headers are equal, apart from the header that names the batch.
fn same(actual: &Record, expected: &OutputRecord) -> bool {
    let headers = actual.headers.iter().filter(|(name, _)| name != WRITE_ID);
    actual.value == expected.payload && headers.eq(&expected.headers)
}
