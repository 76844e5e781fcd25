//! Tests of the checker: it must report every kind of damage to the records of a correct run.

use crate::checker::Law::{Answered, Chain, Ids, Memory, Order, Same, Whole};
use crate::checker::{Found, Law, Rules, check};
use crate::deployment::{Deployment, now};
use crate::outside::{Isolation, Record};
use wirefold::daemon::pipeline::broker::Role::{self, Events, Rejected, Stories, Unique};
use wirefold::daemon::pipeline::broker::WRITE_ID;
use wirefold::daemon::pipeline::record::{self, JOURNAL, Journal, POSITION, Position};

/// A kind of damage: its name, the function that does it, and the laws that it breaks.
type Damage = (&'static str, fn(&mut Found), &'static [Law]);

/// The records of an output topic.
fn records_of(found: &mut Found, role: Role) -> &mut Vec<Record> {
    found.outputs.get_mut(&role).unwrap()
}

/// The index of the record in the middle of a topic.
fn middle(found: &mut Found, role: Role) -> usize {
    records_of(found, role).len() / 2
}

/// Deletes the record in the middle of a topic.
fn delete(found: &mut Found, role: Role) {
    let at = middle(found, role);
    records_of(found, role).remove(at);
}

/// Duplicates the record in the middle of a topic.
fn duplicate(found: &mut Found, role: Role) {
    let at = middle(found, role);
    let record = records_of(found, role)[at].clone();
    records_of(found, role).insert(at, record);
}

/// Flips a bit in a value, in or after the middle of a topic.
fn alter(found: &mut Found, role: Role) {
    let at = middle(found, role);
    let records = records_of(found, role)[at..].iter_mut();
    let value = records.filter_map(|r| r.value.as_mut()).next().unwrap();
    let last = value.len() - 2;
    value[last] ^= 1;
}

/// Swaps two successive records of one key.
fn swap(found: &mut Found, role: Role) {
    let records = records_of(found, role);
    let pair = (1..records.len()).find_map(|b| {
        let a = (0..b).rev().find(|a| records[*a].key == records[b].key)?;
        (records[a].value != records[b].value).then_some((a, b))
    });
    let (a, b) = pair.expect("a key with two different records");
    let (first, second) = (records[a].offset, records[b].offset);
    records.swap(a, b);
    (records[a].offset, records[b].offset) = (first, second);
}

/// Swaps two successive records of different keys in one partition.
fn reorder(found: &mut Found, role: Role) {
    let records = records_of(found, role);
    let at = (1..records.len())
        .find(|b| {
            let (previous, current) = (&records[b - 1], &records[*b]);
            previous.partition == current.partition && previous.key != current.key
        })
        .unwrap();
    records.swap(at - 1, at);
}

/// Moves a record to the other partition and gives it another key.
fn misplace(found: &mut Found, role: Role) {
    let at = middle(found, role);
    let record = &mut records_of(found, role)[at];
    record.partition = 1 - record.partition;
    record.key = Some(b"another".to_vec());
}

/// The value of the last changelog record whose key starts with `head`.
fn last<'a>(found: &'a mut Found, head: &str) -> &'a mut Vec<u8> {
    let mut newest = found.state.iter_mut().rev();
    newest.find(|r| r.key().starts_with(head)).and_then(|r| r.value.as_mut()).unwrap()
}

/// Applies `change` to the last journal that it actually changes. (Reversing the order of a batch
/// from a single partition, for example, changes nothing.)
fn change_journal(found: &mut Found, change: fn(&mut Journal)) {
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
    panic!("the change has no effect on any journal");
}

/// Changes the last position record.
fn change_position(found: &mut Found, change: fn(&mut Position)) {
    let value = last(found, POSITION);
    let mut position = record::decode(POSITION, value).unwrap();
    change(&mut position);
    *value = record::encode(&position);
}

/// The `wirefold-batch` header of a record; its value is `SHARD/FENCE/BATCH/INDEX`.
fn write_id(record: &mut Record) -> &mut Vec<u8> {
    let header = record.headers.iter_mut().find(|(name, _)| name == WRITE_ID);
    header.and_then(|(_, value)| value.as_mut()).unwrap()
}

/// Replaces one number of the write id of the event in the middle of the topic.
fn change_write_id(found: &mut Found, part: usize, number: &str) {
    let at = middle(found, Events);
    let id = write_id(&mut records_of(found, Events)[at]);
    let text = String::from_utf8(id.clone()).unwrap();
    let mut parts: Vec<&str> = text.split('/').collect();
    parts[part] = number;
    *id = parts.join("/").into_bytes();
}

/// Deletes the first record of a batch that has a later record in the same topic.
fn tear(found: &mut Found) {
    let records = records_of(found, Events);
    let ids: Vec<Vec<u8>> = records.iter_mut().map(|record| write_id(record).clone()).collect();
    let first = ids.iter().position(|id| {
        let batch = id.strip_suffix(b"/0");
        batch.is_some_and(|batch| ids.iter().filter(|id| id.starts_with(batch)).count() > 1)
    });
    records.remove(first.expect("a batch with several events"));
}

/// Removes the write id of the last position record.
fn strip_position(found: &mut Found) {
    let mut newest = found.state.iter_mut().rev();
    newest.find(|record| record.key() == POSITION).unwrap().headers.clear();
}

/// Appends a record to the input.
fn append(found: &mut Found) {
    let mut more = found.input.last().unwrap().clone();
    more.offset += 1;
    found.input.push(more);
}

/// Deletes the first changelog record whose key starts with `head`.
fn delete_state(found: &mut Found, head: &str) {
    let at = found.state.iter().position(|r| r.key().starts_with(head)).unwrap();
    found.state.remove(at);
}

/// An article that is not in the feed.
const OTHER: &str = r#"{"uri": "urn:other", "headline": "a", "body": "b"}"#;

const DAMAGES: &[Damage] = &[
    ("an event deleted", |f| delete(f, Events), &[Same, Order]),
    ("an event duplicated", |f| duplicate(f, Events), &[Same, Ids, Whole]),
    ("a torn batch", tear, &[Same, Whole]),
    ("an event written at another fence", |f| change_write_id(f, 1, "9999"), &[Whole]),
    ("an event of a batch that does not exist", |f| change_write_id(f, 2, "9999"), &[Whole]),
    ("an event at another index of its batch", |f| change_write_id(f, 3, "9999"), &[Whole]),
    ("an event whose batch is unreadable", |f| change_write_id(f, 2, "x"), &[Whole]),
    ("a position without a batch", strip_position, &[Whole]),
    ("two events swapped", |f| swap(f, Events), &[Same, Order]),
    ("an event out of order", |f| reorder(f, Events), &[Order]),
    ("an event altered", |f| alter(f, Events), &[Same]),
    ("an event in the wrong partition", |f| misplace(f, Events), &[Same]),
    ("a story record deleted", |f| delete(f, Stories), &[Same]),
    ("a story record duplicated", |f| duplicate(f, Stories), &[Same]),
    ("story records swapped", |f| swap(f, Stories), &[Same]),
    ("a story record altered", |f| alter(f, Stories), &[Same]),
    ("a unique article deleted", |f| delete(f, Unique), &[Same]),
    ("a unique article duplicated", |f| duplicate(f, Unique), &[Same]),
    ("a unique article out of order", |f| reorder(f, Unique), &[Order]),
    ("a unique article altered", |f| alter(f, Unique), &[Same]),
    ("a reject deleted", |f| delete(f, Rejected), &[Same, Answered]),
    ("a reject duplicated", |f| duplicate(f, Rejected), &[Same, Answered]),
    ("a reject altered", |f| alter(f, Rejected), &[Same]),
    ("an input record without an answer", append, &[Chain, Answered]),
    ("an input record deleted", |f| drop(f.input.remove(9)), &[Chain, Answered]),
    ("an input record altered", |f| f.input[9].value = Some(OTHER.into()), &[Same, Memory]),
    ("a journal deleted", |f| delete_state(f, JOURNAL), &[Chain, Whole]),
    ("a gap between journals", |f| change_journal(f, |j| j.ranges[0].from += 1), &[Chain]),
    ("overlapping journals", |f| change_journal(f, |j| j.ranges[0].from -= 1), &[Chain]),
    ("a journal too short", |f| change_journal(f, |j| j.ranges[0].to -= 1), &[Chain]),
    ("a journal with a different order", |f| change_journal(f, |j| j.order.reverse()), &[Same]),
    (
        "a journal of a different core",
        |f| change_journal(f, |j| j.engine_version.push('1')),
        &[Chain],
    ),
    (
        "a journal of different settings",
        |f| change_journal(f, |j| j.settings_hash.push('1')),
        &[Chain],
    ),
    ("a journal with a wrong sequence", |f| change_journal(f, |j| j.sequence += 1), &[Chain]),
    (
        "a position that is behind",
        |f| change_position(f, |p| p.inputs.first_entry().unwrap().get_mut().next -= 1),
        &[Chain],
    ),
    ("a position with a wrong batch", |f| change_position(f, |p| p.batch += 1), &[Chain]),
    ("an article missing in the state", |f| delete_state(f, "a/"), &[Memory]),
    ("an article altered in the state", |f| last(f, "a/")[3] ^= 1, &[Memory]),
];

/// Fails unless the checker reports all laws in `breaks`.
fn assert_reported(found: &Found, rules: &Rules, name: &str, breaks: &[Law]) {
    let verdict = check(found, rules);
    let laws = verdict.laws();
    assert!(
        breaks.iter().all(|law| laws.contains(law)),
        "{name}: {breaks:?} not all reported in\n{verdict}"
    );
}

#[test]
fn every_damage_to_a_correct_run_is_reported() {
    let deployment = Deployment::new("checked", "exactly_once");
    let start = now() - 900_000;
    deployment.produce_stamped(150, |n, _| Some(start + n as i64 * 6_000));
    deployment.ends_well();
    let (found, rules) = (deployment.found(Isolation::Committed), deployment.rules());
    for (name, damage, breaks) in DAMAGES {
        let mut damaged = found.clone();
        damage(&mut damaged);
        assert_reported(&damaged, &rules, name, breaks);
    }
    let other = ["engine.late_after=3h".to_owned()];
    let mut rules = deployment.rules();
    rules.config = wirefold::config::Config::load(None, [], &other).unwrap();
    assert_reported(&found, &rules, "different settings", &[Chain]);
}

/// Aborted records stay in the log. If a reader sees one of them, the checker must report it.
#[test]
fn leaked_aborted_records_are_reported() {
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
        assert!(!aborted.is_empty(), "{role:?} has no aborted records");
        let mut leaked = committed.clone();
        let records = records_of(&mut leaked, role);
        records.push((*aborted.last().unwrap()).clone());
        records.sort_by_key(|record| (record.partition, record.offset));
        assert_reported(
            &leaked,
            &rules,
            &format!("one aborted record of {role:?} leaked"),
            &[Same],
        );
    }
    assert_reported(&all, &rules, "all aborted records leaked", &[Same, Ids, Chain]);
}

/// Without transactions, repeated records are allowed; changed or lost records are not.
#[test]
fn repeats_are_allowed_without_transactions_but_changes_and_losses_are_reported() {
    let deployment = Deployment::new("repeats", "at_least_once");
    deployment.produce(200);
    deployment.start("before-end=1*off->return", &[]).dies_at("before-end");
    deployment.ends_well();
    let (found, rules) = (deployment.found(Isolation::Committed), deployment.rules());
    let ids = found.outputs[&Events].iter().map(|r| r.header("ce_id"));
    let distinct: std::collections::BTreeSet<&str> = ids.clone().collect();
    assert!(distinct.len() < ids.count(), "no event is repeated");
    for (name, damage, _) in DAMAGES.iter().filter(|(name, ..)| name.ends_with("altered")) {
        let mut damaged = found.clone();
        damage(&mut damaged);
        assert_reported(&damaged, &rules, name, &[Same]);
    }
    for role in [Events, Unique, Rejected] {
        let mut lost = found.clone();
        let gone = records_of(&mut lost, role)[0].clone();
        records_of(&mut lost, role).retain(|r| (&r.key, &r.value) != (&gone.key, &gone.value));
        assert_reported(
            &lost,
            &rules,
            &format!("every copy of a record of {role:?} deleted"),
            &[Same],
        );
    }
}
