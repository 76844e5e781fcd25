//! The checker is held to what it is for: whatever is done to a sound run, it must tell.

use crate::checker::Law::{Answered, Chain, Ids, Memory, Order, Same};
use crate::checker::{Found, Law, Rules, check};
use crate::deployment::{Deployment, now};
use crate::outside::{Isolation, Record};
use wirefold::daemon::pipeline::broker::Role::{self, Events, Rejected, Stories, Unique};
use wirefold::daemon::pipeline::record::{self, JOURNAL, Journal, POSITION, Position};

/// What is done to a run, and the laws that this breaks.
type Harm = (&'static str, fn(&mut Found), &'static [Law]);

fn of(found: &mut Found, role: Role) -> &mut Vec<Record> {
    found.outputs.get_mut(&role).unwrap()
}

/// A record in the middle of a topic.
fn middle(found: &mut Found, role: Role) -> usize {
    of(found, role).len() / 2
}

fn deletes(found: &mut Found, role: Role) {
    let at = middle(found, role);
    of(found, role).remove(at);
}

fn doubles(found: &mut Found, role: Role) {
    let at = middle(found, role);
    let record = of(found, role)[at].clone();
    of(found, role).insert(at, record);
}

fn alters(found: &mut Found, role: Role) {
    let at = middle(found, role);
    let records = of(found, role)[at..].iter_mut();
    let value = records.filter_map(|r| r.value.as_mut()).next().unwrap();
    let last = value.len() - 2;
    value[last] ^= 1;
}

/// Swaps two neighbours of one key.
fn swaps(found: &mut Found, role: Role) {
    let records = of(found, role);
    let pair = (1..records.len()).find_map(|b| {
        let a = (0..b).rev().find(|a| records[*a].key == records[b].key)?;
        (records[a].value != records[b].value).then_some((a, b))
    });
    let (a, b) = pair.expect("some key has two records");
    let (first, second) = (records[a].offset, records[b].offset);
    records.swap(a, b);
    (records[a].offset, records[b].offset) = (first, second);
}

/// Moves a record before one of another key that was written earlier.
fn overtakes(found: &mut Found, role: Role) {
    let records = of(found, role);
    let at = (1..records.len())
        .find(|b| {
            let (before, here) = (&records[b - 1], &records[*b]);
            before.partition == here.partition && before.key != here.key
        })
        .unwrap();
    records.swap(at - 1, at);
}

/// Puts a record of one key into another partition.
fn strays(found: &mut Found, role: Role) {
    let at = middle(found, role);
    let record = &mut of(found, role)[at];
    record.partition = 1 - record.partition;
    record.key = Some(b"another".to_vec());
}

fn last<'a>(found: &'a mut Found, head: &str) -> &'a mut Vec<u8> {
    let mut newest = found.state.iter_mut().rev();
    newest.find(|r| r.key().starts_with(head)).and_then(|r| r.value.as_mut()).unwrap()
}

/// Changes the last journal that the change makes another: the order of a batch from one partition is
/// the same from behind.
fn journal(found: &mut Found, change: fn(&mut Journal)) {
    let journals = found.state.iter_mut().rev().filter(|r| r.key().starts_with(JOURNAL));
    for value in journals.filter_map(|r| r.value.as_mut()) {
        let before: Journal = record::decode(JOURNAL, value).unwrap();
        let mut journal = before.clone();
        change(&mut journal);
        if journal != before {
            *value = record::encode(&journal);
            return;
        }
    }
    panic!("no journal can be harmed so");
}

fn position(found: &mut Found, change: fn(&mut Position)) {
    let value = last(found, POSITION);
    let mut position = record::decode(POSITION, value).unwrap();
    change(&mut position);
    *value = record::encode(&position);
}

/// Puts a record after the last one of the input.
fn appends(found: &mut Found) {
    let mut more = found.input.last().unwrap().clone();
    more.offset += 1;
    found.input.push(more);
}

/// Removes the first record of that kind from the changelog.
fn forgets(found: &mut Found, head: &str) {
    let at = found.state.iter().position(|r| r.key().starts_with(head)).unwrap();
    found.state.remove(at);
}

/// Another article.
const OTHER: &str = r#"{"uri": "urn:other", "headline": "a", "body": "b"}"#;

const HARMS: &[Harm] = &[
    ("an event deleted", |f| deletes(f, Events), &[Same, Order]),
    ("an event doubled", |f| doubles(f, Events), &[Same, Ids]),
    ("two events swapped", |f| swaps(f, Events), &[Same, Order]),
    ("an event early", |f| overtakes(f, Events), &[Order]),
    ("an event altered", |f| alters(f, Events), &[Same]),
    ("an event astray", |f| strays(f, Events), &[Same]),
    ("a state of a story deleted", |f| deletes(f, Stories), &[Same]),
    ("a state of a story doubled", |f| doubles(f, Stories), &[Same]),
    ("states of a story swapped", |f| swaps(f, Stories), &[Same]),
    ("a state of a story altered", |f| alters(f, Stories), &[Same]),
    ("a unique article deleted", |f| deletes(f, Unique), &[Same]),
    ("a unique article doubled", |f| doubles(f, Unique), &[Same]),
    ("a unique article early", |f| overtakes(f, Unique), &[Order]),
    ("a unique article altered", |f| alters(f, Unique), &[Same]),
    ("a reject deleted", |f| deletes(f, Rejected), &[Same, Answered]),
    ("a reject doubled", |f| doubles(f, Rejected), &[Same, Answered]),
    ("a reject altered", |f| alters(f, Rejected), &[Same]),
    ("an input record not answered", appends, &[Chain, Answered]),
    ("an input record gone", |f| drop(f.input.remove(9)), &[Chain, Answered]),
    ("an input record altered", |f| f.input[9].value = Some(OTHER.into()), &[Same, Memory]),
    ("a journal gone", |f| forgets(f, JOURNAL), &[Chain]),
    ("a gap between journals", |f| journal(f, |j| j.ranges[0].from += 1), &[Chain]),
    ("an overlap of journals", |f| journal(f, |j| j.ranges[0].from -= 1), &[Chain]),
    ("a journal too short", |f| journal(f, |j| j.ranges[0].to -= 1), &[Chain]),
    ("a journal in another order", |f| journal(f, |j| j.order.reverse()), &[Same]),
    ("a journal of another core", |f| journal(f, |j| j.core.push('1')), &[Chain]),
    ("a journal of other settings", |f| journal(f, |j| j.settings.push('1')), &[Chain]),
    ("a journal of another sequence", |f| journal(f, |j| j.sequence += 1), &[Chain]),
    (
        "a position behind",
        |f| position(f, |p| p.inputs.first_entry().unwrap().get_mut().next -= 1),
        &[Chain],
    ),
    ("a position of another batch", |f| position(f, |p| p.batch += 1), &[Chain]),
    ("an article forgotten", |f| forgets(f, "a/"), &[Memory]),
    ("an article remembered otherwise", |f| last(f, "a/")[3] ^= 1, &[Memory]),
];

fn tells(found: &Found, rules: &Rules, name: &str, breaks: &[Law]) {
    let verdict = check(found, rules);
    let laws = verdict.laws();
    assert!(breaks.iter().all(|law| laws.contains(law)), "{name}: {breaks:?} not in\n{verdict}");
}

#[test]
fn whatever_is_done_to_a_sound_run_is_told() {
    let deployment = Deployment::new("checked", "exactly_once");
    let start = now() - 900_000;
    deployment.produce_stamped(300, |n, _| Some(start + n as i64 * 3_000));
    deployment.ends_well();
    let (found, rules) = (deployment.found(Isolation::Committed), deployment.rules());
    for (name, does, breaks) in HARMS {
        let mut harmed = found.clone();
        does(&mut harmed);
        tells(&harmed, &rules, name, breaks);
    }
    let other = ["engine.late_after=3h".to_owned()];
    let mut rules = deployment.rules();
    rules.config = wirefold::config::Config::load(None, [], &other).unwrap();
    tells(&found, &rules, "other settings", &[Chain]);
}

/// Aborted records lie in the log; whoever reads them must be told.
#[test]
fn aborted_records_that_leak_are_told() {
    let deployment = Deployment::new("leak", "exactly_once");
    deployment.produce(500);
    for _ in 0..3 {
        deployment.start("before-commit=1*off->return", &[]).dies_at("before-commit");
    }
    deployment.ends_well();
    let (committed, rules) = (deployment.found(Isolation::Committed), deployment.rules());
    let all = deployment.found(Isolation::Uncommitted);
    for role in [Events, Stories, Unique, Rejected] {
        let aborted = all.outputs[&role].iter().filter(|r| !committed.outputs[&role].contains(r));
        let aborted: Vec<&Record> = aborted.collect();
        assert!(!aborted.is_empty(), "{role:?} has aborted records");
        let mut leaked = committed.clone();
        let records = of(&mut leaked, role);
        records.push((*aborted.last().unwrap()).clone());
        records.sort_by_key(|record| (record.partition, record.offset));
        tells(&leaked, &rules, &format!("one aborted record of {role:?} leaked"), &[Same]);
    }
    tells(&all, &rules, "all aborted records leaked", &[Same, Ids, Chain]);
}

/// Without transactions repeats are allowed, but nothing else is.
#[test]
fn repeats_are_told_apart_from_anything_else() {
    let deployment = Deployment::new("repeats", "at_least_once");
    deployment.produce(200);
    deployment.start("before-end=1*off->return", &[]).dies_at("before-end");
    deployment.ends_well();
    let (found, rules) = (deployment.found(Isolation::Committed), deployment.rules());
    let ids = found.outputs[&Events].iter().map(|r| r.header("ce_id"));
    let distinct: std::collections::BTreeSet<&str> = ids.clone().collect();
    assert!(distinct.len() < ids.count(), "the batch came twice");
    for (name, does, _) in HARMS.iter().filter(|(name, ..)| name.ends_with("altered")) {
        let mut harmed = found.clone();
        does(&mut harmed);
        tells(&harmed, &rules, name, &[Same]);
    }
    for role in [Events, Unique, Rejected] {
        let mut lost = found.clone();
        let gone = of(&mut lost, role)[0].clone();
        of(&mut lost, role).retain(|r| (&r.key, &r.value) != (&gone.key, &gone.value));
        tells(&lost, &rules, &format!("every copy of a record of {role:?} gone"), &[Same]);
    }
}
