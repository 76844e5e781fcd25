//! Compares what was found with what the engine says, record by record.
//!
//! Within a topic and key, records must be the same ones in the same order, and so must those of one
//! shard within a partition; each key stays in one partition. Without transactions a record may come again after it came first.

use super::{Found, Law, OUTPUTS, Rules, Verdict};
use crate::outside::Record;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::broker::{OutputRecord, Role, WRITE_ID};

/// What the engine says, by topic and key; the shards that say it each have an order of their own.
#[derive(Debug, Default)]
pub(super) struct Said {
    of: BTreeMap<TopicKey, BTreeMap<u32, Told>>,
    partitions: BTreeMap<TopicKey, i32>,
    count: usize,
}

type TopicKey = (Role, Option<Vec<u8>>);

/// The records of one key and shard, each with its number, and how many of them were found.
#[derive(Debug, Default)]
struct Told {
    records: Vec<(usize, OutputRecord)>,
    found: usize,
}

/// Whether a record found is one that was said.
enum Twin {
    /// The next one of this shard, with this number.
    Next(u32, usize),
    /// One that was found before.
    Repeat,
}

impl Said {
    /// Adds the next record of a shard.
    pub(super) fn push(&mut self, shard: u32, record: OutputRecord) {
        let shards = self.of.entry((record.role, record.key.clone())).or_default();
        shards.entry(shard).or_default().records.push((self.count, record));
        self.count += 1;
    }

    /// The record that this one is.
    fn twin(&mut self, record: &Record, role: Role) -> Result<Twin, String> {
        let key = (role, record.key.clone());
        let partition = *self.partitions.entry(key.clone()).or_insert(record.partition);
        if partition != record.partition {
            return Err(format!("has records in partition {partition} too"));
        }
        let shards = self.of.get_mut(&key).ok_or("was never said")?;
        for (shard, told) in shards.iter_mut() {
            if let Some((number, next)) = told.records.get(told.found)
                && same(record, next)
            {
                told.found += 1;
                return Ok(Twin::Next(*shard, *number));
            }
        }
        for told in shards.values_mut() {
            match told.records.iter().position(|(_, said)| same(record, said)) {
                None => {}
                Some(at) if at < told.found => return Ok(Twin::Repeat),
                Some(at) => {
                    let lacking = at - std::mem::replace(&mut told.found, at + 1);
                    return Err(format!("lacks {lacking} before it"));
                }
            }
        }
        Err("differs from what was said".into())
    }
}

/// Holds outputs to [`Law::Same`] and, over keys, to [`Law::Order`].
pub(super) fn check(found: &Found, mut said: Said, rules: &Rules, verdict: &mut Verdict) {
    for role in OUTPUTS {
        let mut last: BTreeMap<(i32, u32), usize> = BTreeMap::new();
        for record in &found.outputs[&role] {
            let (partition, offset) = (record.partition, record.offset);
            let place = format!("{role:?} {partition}/{offset} `{}`", record.key());
            match said.twin(record, role) {
                Err(how) => verdict.broken(Law::Same, format!("{place} {how}")),
                Ok(Twin::Repeat) if rules.exactly_once() => {
                    verdict.broken(Law::Same, format!("{place} is there twice"));
                }
                Ok(Twin::Repeat) => {}
                Ok(Twin::Next(shard, number)) => {
                    let before = last.insert((partition, shard), number);
                    // A state of a story may come again with equal bytes: without transactions nobody
                    // can tell that from a repeat.
                    let told_apart = rules.exactly_once() || role != Role::Stories;
                    if told_apart && before.is_some_and(|before| before > number) {
                        verdict.broken(Law::Order, format!("{place} was said earlier"));
                    }
                }
            }
        }
    }
    let all =
        said.of.iter().flat_map(|((role, _), shards)| shards.values().map(move |t| (role, t)));
    for (role, told) in all {
        for (_, missing) in &told.records[told.found..] {
            let key = String::from_utf8_lossy(missing.key.as_deref().unwrap_or_default());
            verdict.broken(Law::Same, format!("{role:?} `{key}` is missing a record"));
        }
    }
}

fn same(found: &Record, said: &OutputRecord) -> bool {
    let headers = found.headers.iter().filter(|(name, _)| name != WRITE_ID);
    found.value == said.payload && headers.eq(&said.headers)
}
