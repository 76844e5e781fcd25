//! Reads the changelog of a shard: its journals, its position, and the engine state. Checks
//! [`Law::Chain`].

use super::{Law, Rules, Verdict};
use crate::outside::Record;
use std::collections::{BTreeMap, BTreeSet};
use wirefold::daemon::pipeline::broker::{GENERATION, Partition};
use wirefold::daemon::pipeline::embargoed::HELD;
use wirefold::daemon::pipeline::record::{
    self, ATTEMPT, END, ENDS, GROUP, Journal, KEY, PLAN, POSITION, Position, RESETS, SHAPE, SWEEP,
    is_fence, journal_batch,
};
use wirefold::daemon::pipeline::shards::ShardFilter;
use wirefold_engine::ENGINE_VERSION;
use wirefold_engine::fingerprint::SamplingKey;

/// The changelog of one shard.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The key of the shard's fingerprints.
    pub(super) key: SamplingKey,
    /// The last position.
    pub(super) position: Position,
    /// Every journal by batch number, including those that were deleted by a tombstone.
    pub(super) journals: BTreeMap<u64, Journal>,
    /// The engine's state records: the last value of each key.
    pub(super) memory: BTreeMap<String, Vec<u8>>,
}

impl Log {
    /// Reads the changelog of a shard.
    ///
    /// Without transactions, the records between a plan and its end record count only if the end
    /// record exists. Records of a writer whose fence is older than the last fence are ignored.
    pub(super) fn read(
        state: &[Record],
        slice: &ShardFilter,
        rules: &Rules,
        verdict: &mut Verdict,
    ) -> Self {
        let shard = i32::try_from(slice.shard).unwrap();
        let mut log = Self::default();
        let mut values: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut pending: Option<Vec<&Record>> = None;
        let mut fence = 0;
        for found in state.iter().filter(|record| record.partition == shard) {
            if found.key().starts_with("fence/") {
                fence = found.offset;
            }
            if found.header(GENERATION).parse::<i64>().is_ok_and(|writer| writer < fence) {
                continue;
            }
            match (found.key().as_str(), &mut pending) {
                (key, _) if is_fence(key) || [SWEEP, ATTEMPT].contains(&key) => {}
                (PLAN, _) => pending = Some(Vec::new()),
                (END, _) => {
                    for found in pending.take().unwrap_or_default() {
                        log.put(&mut values, found, rules, verdict);
                    }
                }
                (_, Some(pending)) => pending.push(found),
                (_, None) => log.put(&mut values, found, rules, verdict),
            }
        }
        let key = values.remove(KEY).map(|value| record::decode::<u64>(KEY, &value));
        match key {
            Some(Ok(key)) => log.key = SamplingKey(key),
            Some(Err(why)) => verdict.broken(Law::Chain, why),
            None => verdict.broken(Law::Chain, format!("shard {shard} has no `key` record")),
        }
        match values.remove(POSITION).map(|v| record::decode::<Position>(POSITION, &v)) {
            Some(Ok(position)) => log.position = position,
            Some(Err(why)) => verdict.broken(Law::Chain, why),
            None => verdict.broken(Law::Chain, format!("shard {shard} has no `pos` record")),
        }
        // Keys of the daemon's own records, which are not engine state.
        let shell = [SHAPE, GROUP, ENDS, RESETS];
        values.retain(|key, _| {
            !shell.contains(&&**key) && !key.starts_with(HELD) && journal_batch(key).is_none()
        });
        log.memory = values;
        log
    }

    /// Adds one record to `values`, and to the journals if it is one.
    fn put(
        &mut self,
        values: &mut BTreeMap<String, Vec<u8>>,
        found: &Record,
        rules: &Rules,
        verdict: &mut Verdict,
    ) {
        let key = found.key();
        let Some(value) = &found.value else {
            values.remove(&key);
            return;
        };
        if let Some(batch) = journal_batch(&key) {
            match record::decode::<Journal>(&key, value) {
                Err(why) => verdict.broken(Law::Chain, why),
                Ok(journal) => {
                    let twice = self.journals.insert(batch, journal.clone());
                    if twice.is_some_and(|first| rules.exactly_once() || first != journal) {
                        verdict.broken(Law::Chain, format!("batch {batch} has two journals"));
                    }
                }
            }
        }
        values.insert(key, value.clone());
    }

    /// Checks journals and position against [`Law::Chain`].
    pub(super) fn check(
        &self,
        input: &[Record],
        slice: &ShardFilter,
        rules: &Rules,
        verdict: &mut Verdict,
    ) {
        let hash = rules.config.settings_hash();
        let mut at: BTreeMap<&Partition, i64> = BTreeMap::new();
        for (number, (batch, journal)) in (1..).zip(&self.journals) {
            if number != *batch {
                verdict.broken(Law::Chain, format!("batch {number} is missing before {batch}"));
                return;
            }
            for range in &journal.ranges {
                let ended = at.insert(&range.of, range.to);
                let ended = ended.unwrap_or_else(|| first(input, &range.of).min(range.from));
                if ended != range.from {
                    let (of, from) = (&range.of, range.from);
                    let how = format!("batch {batch} of {of:?} starts at {from}, not {ended}");
                    verdict.broken(Law::Chain, how);
                }
            }
            if journal.engine_version != ENGINE_VERSION || journal.settings_hash != hash {
                verdict
                    .broken(Law::Chain, format!("batch {batch} has a different core or settings"));
            }
        }
        let last = self.journals.keys().next_back().copied().unwrap_or(0);
        if self.position.batch != last {
            let batch = self.position.batch;
            verdict.broken(Law::Chain, format!("the position is at batch {batch}, not {last}"));
        }
        for (of, mark) in &self.position.inputs {
            let ended = at.get(of).copied().unwrap_or(mark.next);
            if mark.next != ended {
                verdict
                    .broken(Law::Chain, format!("{of:?}: `pos` says {}, not {ended}", mark.next));
            }
            let unread = |r: &&Record| r.partition == of.partition && r.offset >= ended;
            let unread = input.iter().filter(unread).count();
            if unread > 0 {
                verdict.broken(Law::Chain, format!("{unread} records of {of:?} are not covered"));
            }
        }
        let partitions: BTreeSet<i32> = input.iter().map(|record| record.partition).collect();
        for partition in partitions {
            let of = Partition { topic: rules.config.input.topic.as_str().into(), partition };
            if slice.fetches(&of) && !self.position.inputs.contains_key(&of) {
                verdict.broken(Law::Chain, format!("{of:?} was never read"));
            }
        }
    }
}

/// The offset of the first record of an input partition. It may be greater than 0: aborted records
/// may come before it.
fn first(input: &[Record], of: &Partition) -> i64 {
    let of = |record: &&Record| record.partition == of.partition;
    input.iter().find(of).map_or(0, |record| record.offset)
}
