//! Checks transactions: each record names the batch that wrote it, and every batch must be visible
//! as a whole ([`Law::Whole`]).

use super::{Found, Law, Rules, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use wirefold::daemon::pipeline::broker::{Role, WRITE_ID};
use wirefold::daemon::pipeline::record::{POSITION, journal_batch};

/// A shard and the number of one of its batches.
type Batch = (u64, u64);

/// The numbers in a `wirefold-batch` header: shard, fence, batch, index.
fn numbers(header: &str) -> Option<[u64; 4]> {
    let parts: Option<Vec<u64>> = header.split('/').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// Checks outputs and changelog against [`Law::Whole`]. Checks nothing with at-least-once delivery,
/// which does not promise this law.
pub(super) fn check(found: &Found, rules: &Rules, verdict: &mut Verdict) {
    if !rules.exactly_once() {
        return;
    }
    // For each batch, its fence and the indexes of its records.
    let mut seen: BTreeMap<Batch, (u64, BTreeSet<u64>)> = BTreeMap::new();
    for record in found.outputs.values().flatten() {
        let Some([shard, fence, batch, index]) = numbers(record.header(WRITE_ID)) else {
            verdict.broken(Law::Whole, format!("`{}` names no batch", record.key()));
            continue;
        };
        let (by, indexes) = seen.entry((shard, batch)).or_insert((fence, BTreeSet::new()));
        if *by != fence {
            verdict.broken(
                Law::Whole,
                format!("batch {batch} was written at fence {by} and at {fence}"),
            );
        }
        if !indexes.insert(index) {
            verdict.broken(Law::Whole, format!("record {index} of batch {batch} is visible twice"));
        }
    }
    let mut journals: BTreeSet<Batch> = BTreeSet::new();
    for record in &found.state {
        let shard = u64::try_from(record.partition).unwrap_or(0);
        if let Some(batch) = journal_batch(&record.key()) {
            journals.insert((shard, batch));
        }
        if record.key() == POSITION && numbers(record.header(WRITE_ID)).is_none() {
            verdict.broken(Law::Whole, "a position names no batch");
        }
    }
    for ((shard, batch), (_, indexes)) in seen {
        let last = indexes.last().copied().unwrap_or(0);
        if indexes.len() as u64 != last + 1 {
            let (visible, total) = (indexes.len(), last + 1);
            let how = format!("{visible} of {total} records of batch {batch} are visible");
            verdict.broken(Law::Whole, how);
        }
        if !journals.contains(&(shard, batch)) {
            verdict.broken(Law::Whole, format!("batch {batch} is not in the changelog"));
        }
    }
    debug_assert!(!found.outputs.contains_key(&Role::State), "outputs exclude the changelog");
}
