//! What the outputs say about transactions: which batch wrote each record, and whether all of it is
//! visible.

use super::{Found, Law, Rules, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use wirefold::daemon::pipeline::broker::{Role, WRITE_ID};
use wirefold::daemon::pipeline::record::{POSITION, journal_batch};

/// A batch of a shard.
type Batch = (u64, u64);

/// The numbers in a `wirefold-batch` header: shard, fence, batch, index.
fn numbers(header: &str) -> Option<[u64; 4]> {
    let parts: Option<Vec<u64>> = header.split('/').map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// Holds outputs and changelog to [`Law::Whole`].
pub(super) fn check(found: &Found, rules: &Rules, verdict: &mut Verdict) {
    if !rules.exactly_once() {
        return;
    }
    let mut seen: BTreeMap<Batch, (u64, BTreeSet<u64>)> = BTreeMap::new();
    for record in found.outputs.values().flatten() {
        let Some([shard, fence, batch, index]) = numbers(record.header(WRITE_ID)) else {
            verdict.broken(Law::Whole, format!("`{}` names no batch", record.key()));
            continue;
        };
        let (by, indexes) = seen.entry((shard, batch)).or_insert((fence, BTreeSet::new()));
        if *by != fence {
            verdict.broken(Law::Whole, format!("batch {batch} was written at {by} and at {fence}"));
        }
        if !indexes.insert(index) {
            verdict.broken(Law::Whole, format!("batch {batch} shows record {index} twice"));
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
            let (shown, of) = (indexes.len(), last + 1);
            verdict.broken(Law::Whole, format!("batch {batch} shows {shown} of {of} records"));
        }
        if !journals.contains(&(shard, batch)) {
            verdict.broken(Law::Whole, format!("batch {batch} is not in the changelog"));
        }
    }
    debug_assert!(!found.outputs.contains_key(&Role::State), "the changelog is apart");
}
