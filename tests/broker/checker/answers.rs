//! Checks that need only the input and the outputs: event ids are unique, sequences have no gaps,
//! and every input item is answered (classified or rejected) once.

use super::{Found, Law, Rules, Verdict};
use crate::outside::Record;
use std::collections::{BTreeMap, BTreeSet};
use wirefold::daemon::pipeline::broker::Role;
use wirefold::daemon::publish::CLASSIFIED;

/// Identifies an input item: partition, offset, item.
type Place = (i32, i64, u64);

/// Checks [`Law::Ids`], [`Law::Order`] and [`Law::Answered`].
pub(super) fn check(found: &Found, rules: &Rules, verdict: &mut Verdict) {
    let events = &found.outputs[&Role::Events];
    let events = if rules.exactly_once() {
        events.iter().collect()
    } else {
        without_repeats(events, verdict)
    };
    verdict.events = events.len();
    ids(&events, verdict);
    sequences(&events, rules, verdict);
    answers(found, &events, rules, verdict);
}

/// Drops repeated events by id. A repeat must equal the first event with its id ([`Law::Same`]).
fn without_repeats<'a>(events: &'a [Record], verdict: &mut Verdict) -> Vec<&'a Record> {
    let mut first: BTreeMap<&str, &Record> = BTreeMap::new();
    let mut kept = Vec::new();
    for event in events {
        match first.get(event.header("ce_id")) {
            None => {
                first.insert(event.header("ce_id"), event);
                kept.push(event);
            }
            Some(first) => {
                let same = (&first.key, &first.value, &first.headers)
                    == (&event.key, &event.value, &event.headers);
                if !same || first.partition != event.partition {
                    let id = event.header("ce_id");
                    verdict.broken(Law::Same, format!("event {id} and its repeat differ"));
                }
            }
        }
    }
    kept
}

fn ids(events: &[&Record], verdict: &mut Verdict) {
    let mut seen = BTreeSet::new();
    for event in events {
        let id = event.header("ce_id");
        if id.is_empty() || !seen.insert(id) {
            verdict.broken(Law::Ids, format!("event id `{id}` is missing or not unique"));
        }
    }
}

/// Whether a key has the form of a story id: 16 hexadecimal digits.
fn is_story(key: &str) -> bool {
    key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Checks that `sequence` counts from 0 without gaps and increases within a key, and that each key
/// stays in one partition.
///
/// With several shards, each shard counts its own events, so gaps and duplicates are left to the
/// replay ([`Law::Same`]). A story belongs to one shard, so its sequences must still increase; an
/// article that has no story may have been processed by several shards.
fn sequences(events: &[&Record], rules: &Rules, verdict: &mut Verdict) {
    let one_shard = rules.map().shards() == 1;
    let mut all = BTreeSet::new();
    let mut last: BTreeMap<&Option<Vec<u8>>, (u64, i32)> = BTreeMap::new();
    for event in events {
        let Ok(sequence) = event.header("ce_sequence").parse::<u64>() else {
            let id = event.header("ce_id");
            verdict.broken(Law::Order, format!("event {id} has no sequence"));
            continue;
        };
        if !all.insert(sequence) && one_shard {
            verdict.broken(Law::Order, format!("sequence {sequence} occurs twice"));
        }
        let before = last.insert(&event.key, (sequence, event.partition));
        let one_counter = one_shard || is_story(&event.key());
        if let Some((before, partition)) = before
            && (before >= sequence && one_counter || partition != event.partition)
        {
            let how = format!("`{}`: {before} comes before {sequence}", event.key());
            verdict.broken(Law::Order, how);
        }
    }
    let end = all.len() as u64;
    if one_shard && let Some(gap) = (0..end).find(|sequence| !all.contains(sequence)) {
        verdict.broken(Law::Order, format!("{end} sequences, but {gap} is missing"));
    }
}

/// Checks that every input item is classified or rejected, exactly once. A record may contain
/// several items, numbered from 0.
fn answers(found: &Found, events: &[&Record], rules: &Rules, verdict: &mut Verdict) {
    let mut answered: BTreeSet<Place> = BTreeSet::new();
    let mut twice = Vec::new();
    for event in events.iter().filter(|event| event.header("ce_type") == CLASSIFIED) {
        verdict.classified += 1;
        match caused_by(event) {
            Some(place) if answered.insert(place) => {}
            place => twice.push(format!("{place:?} is classified twice or has no input")),
        }
    }
    let mut rejected = BTreeSet::new();
    for reject in &found.outputs[&Role::Rejected] {
        let Some(place) = rejected_item(reject) else {
            verdict.broken(Law::Answered, "a reject does not name its input item");
            continue;
        };
        let again = !rejected.insert(place);
        if answered.contains(&place) || again && rules.exactly_once() {
            twice.push(format!("{place:?} is rejected twice, or also classified"));
        }
    }
    verdict.rejected = rejected.len();
    twice.into_iter().for_each(|how| verdict.broken(Law::Answered, how));
    answered.append(&mut rejected);
    let mut items: BTreeMap<(i32, i64), u64> = BTreeMap::new();
    for (partition, offset, item) in &answered {
        let next = items.entry((*partition, *offset)).or_default();
        if item != next {
            let how = format!("{partition}/{offset}: item {item} has an answer, but not {next}");
            verdict.broken(Law::Answered, how);
        }
        *next = item + 1;
    }
    for record in &found.input {
        if items.remove(&(record.partition, record.offset)).is_none() {
            let how = format!("{}/{} has no answer", record.partition, record.offset);
            verdict.broken(Law::Answered, how);
        }
    }
    for (place, _) in items {
        verdict.broken(Law::Answered, format!("{place:?} is answered but not in the input"));
    }
}

/// The input item that caused an event.
fn caused_by(event: &Record) -> Option<Place> {
    let value = event.value.as_deref().unwrap_or_default();
    let data: serde_json::Value = serde_json::from_slice(value).ok()?;
    let input = &data["input"];
    let partition = i32::try_from(input["partition"].as_i64()?).ok()?;
    Some((partition, input["offset"].as_i64()?, input["item"].as_u64().unwrap_or(0)))
}

/// The input item that a reject names.
fn rejected_item(reject: &Record) -> Option<Place> {
    let header = |name: &str| reject.header(&format!("wirefold-reject-{name}")).to_owned();
    Some((
        header("partition").parse().ok()?,
        header("offset").parse().ok()?,
        header("item").parse().ok()?,
    ))
}
