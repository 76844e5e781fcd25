//! What the outputs say by themselves: ids, sequences, and one answer for every input item.

use super::{Found, Law, Rules, Verdict};
use crate::outside::Record;
use std::collections::{BTreeMap, BTreeSet};
use wirefold::daemon::pipeline::broker::Role;
use wirefold::daemon::publish::CLASSIFIED;

/// A place of the input: partition, offset, item.
type Place = (i32, i64, u64);

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

/// Drops repeats by id; a repeat must carry what the first one carried.
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
                    verdict.broken(Law::Same, format!("a repeat of event {id} differs"));
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
            verdict.broken(Law::Ids, format!("event id `{id}` is there twice"));
        }
    }
}

/// Whether a key is the id of a story.
fn is_story(key: &str) -> bool {
    key.len() == 16 && key.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `sequence` counts from 0 without a gap; within a key it rises, in one partition. Where there are
/// several shards, who counted what is for the engine's run to tell: a story is one shard's, while an
/// article without a story may have been met by several, and each counts for itself.
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
            verdict.broken(Law::Order, format!("sequence {sequence} is there twice"));
        }
        let before = last.insert(&event.key, (sequence, event.partition));
        let one_counter = one_shard || is_story(&event.key());
        if let Some((before, partition)) = before
            && (before >= sequence && one_counter || partition != event.partition)
        {
            let how = format!("`{}`: {before} stands before {sequence}", event.key());
            verdict.broken(Law::Order, how);
        }
    }
    let end = all.len() as u64;
    if one_shard && let Some(gap) = (0..end).find(|sequence| !all.contains(sequence)) {
        verdict.broken(Law::Order, format!("of {end} sequences, {gap} is missing"));
    }
}

/// Per partition, in = classified + rejected; every item once. One record may hold several items,
/// from 0 on.
fn answers(found: &Found, events: &[&Record], rules: &Rules, verdict: &mut Verdict) {
    let mut answered: BTreeSet<Place> = BTreeSet::new();
    let mut twice = Vec::new();
    for event in events.iter().filter(|event| event.header("ce_type") == CLASSIFIED) {
        verdict.classified += 1;
        match caused_by(event) {
            Some(place) if answered.insert(place) => {}
            place => twice.push(format!("{place:?} is classified twice, or by nobody")),
        }
    }
    let mut refused = BTreeSet::new();
    for reject in &found.outputs[&Role::Rejected] {
        let Some(place) = refused_at(reject) else {
            verdict.broken(Law::Answered, "a reject names no place");
            continue;
        };
        let again = !refused.insert(place);
        if answered.contains(&place) || again && rules.exactly_once() {
            twice.push(format!("{place:?} is refused twice, or classified too"));
        }
    }
    verdict.rejected = refused.len();
    twice.into_iter().for_each(|how| verdict.broken(Law::Answered, how));
    answered.append(&mut refused);
    let mut items: BTreeMap<(i32, i64), u64> = BTreeMap::new();
    for (partition, offset, item) in &answered {
        let next = items.entry((*partition, *offset)).or_default();
        if item != next {
            let how = format!("{partition}/{offset}: item {next} has no answer, {item} has");
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
        verdict.broken(Law::Answered, format!("{place:?} is answered and was never asked"));
    }
}

/// The input item that an event names.
fn caused_by(event: &Record) -> Option<Place> {
    let value = event.value.as_deref().unwrap_or_default();
    let data: serde_json::Value = serde_json::from_slice(value).ok()?;
    let input = &data["input"];
    let partition = i32::try_from(input["partition"].as_i64()?).ok()?;
    Some((partition, input["offset"].as_i64()?, input["item"].as_u64().unwrap_or(0)))
}

/// The input item that a reject names.
fn refused_at(reject: &Record) -> Option<Place> {
    let says = |name: &str| reject.header(&format!("wirefold-reject-{name}")).to_owned();
    Some((
        says("partition").parse().ok()?,
        says("offset").parse().ok()?,
        says("item").parse().ok()?,
    ))
}
