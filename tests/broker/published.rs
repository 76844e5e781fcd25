//! What a deployment published, read by kcat with read_committed, and what must hold of it.

use crate::deployment::{Deployment, PATIENCE, bootstrap, broken, eventually};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// A record as kcat prints it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) partition: i64,
    pub(crate) key: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) payload: Option<String>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn sequence(&self) -> u64 {
        self.header("ce_sequence").parse().unwrap()
    }
}

/// All records of a topic up to its end.
pub(crate) fn read(topic: &str) -> Vec<Seen> {
    let out = Command::new("kcat")
        .args(["-b", &bootstrap(), "-C", "-t", topic, "-e", "-q", "-J"])
        .args(["-o", "beginning", "-X", "isolation.level=read_committed"])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let lines = String::from_utf8_lossy(&out.stdout).into_owned();
    lines.lines().map(seen).collect()
}

fn seen(line: &str) -> Seen {
    let value: Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    let flat = value["headers"].as_array().cloned().unwrap_or_default();
    let headers = flat
        .chunks(2)
        .map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_str().unwrap_or("").into()))
        .collect();
    Seen {
        partition: value["partition"].as_i64().unwrap(),
        key: text("key"),
        headers,
        payload: text("payload"),
    }
}

/// How many records a topic holds, as a read_committed reader counts; 0 while it does not exist.
pub(crate) fn count(topic: &str) -> usize {
    let out = Command::new("kcat")
        .args(["-b", &bootstrap(), "-C", "-t", topic, "-e", "-q", "-f", "%o\\n"])
        .args(["-o", "beginning", "-X", "isolation.level=read_committed"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&out.stdout).lines().count()
}

/// Articles that are classified or refused, repeats counted once.
pub(crate) fn answered(deployment: &Deployment) -> usize {
    let unique: BTreeSet<String> = read_if_there(&deployment.topic("events"))
        .into_iter()
        .filter(|seen| seen.header("ce_type") == "wirefold.article.classified.v1")
        .map(|seen| seen.header("ce_id").to_owned())
        .chain(read_if_there(&deployment.topic("rejected")).iter().map(place))
        .collect();
    unique.len()
}

fn read_if_there(topic: &str) -> Vec<Seen> {
    if count(topic) == 0 { Vec::new() } else { read(topic) }
}

/// The input position that a reject names.
fn place(seen: &Seen) -> String {
    let says = |name: &str| seen.header(&format!("wirefold-reject-{name}")).to_owned();
    format!("{}/{}/{}", says("partition"), says("offset"), says("item"))
}

/// Waits until `wanted` articles are answered.
pub(crate) fn await_answers(deployment: &Deployment, wanted: usize, log: impl Fn() -> String) {
    let enough = eventually(|| (answered(deployment) >= wanted).then_some(()));
    assert!(
        enough.is_some(),
        "{} of {wanted} answered within {PATIENCE:?}:\n{}",
        answered(deployment),
        log()
    );
}

/// Everything that must hold once all input is through, whatever happened before: nothing lost,
/// nothing doubled, nothing out of order.
pub(crate) fn holds(deployment: &Deployment) {
    let exactly = deployment.delivery == "exactly_once";
    let mut events = read(&deployment.topic("events"));
    if exactly {
        order_holds(&events);
    } else {
        events = without_repeats(events);
    }
    let ids: BTreeSet<&str> = events.iter().map(|e| e.header("ce_id")).collect();
    assert_eq!(ids.len(), events.len(), "ids are unique");
    let sequences: BTreeSet<u64> = events.iter().map(Seen::sequence).collect();
    let all: BTreeSet<u64> = (0..events.len() as u64).collect();
    assert!(sequences == all, "sequences are 0 to {} without a gap", events.len());
    let classified: Vec<String> = events
        .iter()
        .filter(|e| e.header("ce_type") == "wirefold.article.classified.v1")
        .map(|e| e.header("ce_subject").to_owned())
        .collect();
    let uris: BTreeSet<&String> = classified.iter().collect();
    assert_eq!(uris.len(), classified.len(), "each article is classified once");
    let made = deployment.made();
    assert_eq!(classified.len(), made - broken(made), "each article is classified");
    let rejected: Vec<String> = read(&deployment.topic("rejected")).iter().map(place).collect();
    let places: BTreeSet<&String> = rejected.iter().collect();
    assert_eq!(places.len(), broken(made), "each broken record is refused");
    if exactly {
        assert_eq!(rejected.len(), places.len(), "and once only");
    }
}

/// `sequence` never falls within a key.
fn order_holds(events: &[Seen]) {
    let mut last: BTreeMap<(&Option<String>, i64), u64> = BTreeMap::new();
    for event in events {
        let sequence = event.sequence();
        if let Some(before) = last.insert((&event.key, event.partition), sequence) {
            assert!(before < sequence, "{:?}: {before} before {sequence}", event.key);
        }
    }
}

/// Drops repeats by id; a repeat must carry what the first one carried.
fn without_repeats(events: Vec<Seen>) -> Vec<Seen> {
    let mut kept: BTreeMap<String, Seen> = BTreeMap::new();
    for event in events {
        match kept.get(event.header("ce_id")) {
            Some(first) => assert_eq!(first, &event, "a repeat differs"),
            None => drop(kept.insert(event.header("ce_id").to_owned(), event)),
        }
    }
    kept.into_values().collect()
}
