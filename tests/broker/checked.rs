//! The checker is held to what it is for: whatever is done to a sound run, it must tell.

use crate::checker::{Found, Law, Rules, check};
use crate::deployment::{Deployment, now};
use crate::outside::{Isolation, Record};
use wirefold::daemon::pipeline::broker::Role;
use wirefold::daemon::pipeline::record::{self, JOURNAL, Journal, POSITION, Position};

/// What is done to a run, and the laws that this breaks.
struct Harm {
    name: &'static str,
    does: fn(&mut Found),
    breaks: &'static [Law],
}

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

/// Changes the last journal.
fn journal(found: &mut Found, change: fn(&mut Journal)) {
    let value = last(found, JOURNAL);
    let mut journal = record::decode(JOURNAL, value).unwrap();
    change(&mut journal);
    *value = record::encode(&journal);
}

fn position(found: &mut Found, change: fn(&mut Position)) {
    let value = last(found, POSITION);
    let mut position = record::decode(POSITION, value).unwrap();
    change(&mut position);
    *value = record::encode(&position);
}

const HARMS: &[Harm] = &[
    Harm {
        name: "an event deleted",
        does: |f| deletes(f, Role::Events),
        breaks: &[Law::Same, Law::Order],
    },
    Harm {
        name: "an event doubled",
        does: |f| doubles(f, Role::Events),
        breaks: &[Law::Same, Law::Ids],
    },
    Harm {
        name: "two events swapped",
        does: |f| swaps(f, Role::Events),
        breaks: &[Law::Same, Law::Order],
    },
    Harm { name: "an event early", does: |f| overtakes(f, Role::Events), breaks: &[Law::Order] },
    Harm { name: "an event altered", does: |f| alters(f, Role::Events), breaks: &[Law::Same] },
    Harm { name: "an event astray", does: |f| strays(f, Role::Events), breaks: &[Law::Same] },
    Harm {
        name: "a state of a story deleted",
        does: |f| deletes(f, Role::Stories),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a state of a story doubled",
        does: |f| doubles(f, Role::Stories),
        breaks: &[Law::Same],
    },
    Harm {
        name: "states of a story swapped",
        does: |f| swaps(f, Role::Stories),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a state of a story altered",
        does: |f| alters(f, Role::Stories),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a unique article deleted",
        does: |f| deletes(f, Role::Unique),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a unique article doubled",
        does: |f| doubles(f, Role::Unique),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a unique article early",
        does: |f| overtakes(f, Role::Unique),
        breaks: &[Law::Order],
    },
    Harm {
        name: "a unique article altered",
        does: |f| alters(f, Role::Unique),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a reject deleted",
        does: |f| deletes(f, Role::Rejected),
        breaks: &[Law::Same, Law::Answered],
    },
    Harm {
        name: "a reject doubled",
        does: |f| doubles(f, Role::Rejected),
        breaks: &[Law::Same, Law::Answered],
    },
    Harm { name: "a reject altered", does: |f| alters(f, Role::Rejected), breaks: &[Law::Same] },
    Harm {
        name: "an input record not answered",
        does: |f| {
            let mut more = f.input.last().unwrap().clone();
            more.offset += 1;
            f.input.push(more);
        },
        breaks: &[Law::Chain, Law::Answered],
    },
    Harm {
        name: "an input record gone",
        does: |f| drop(f.input.remove(9)),
        breaks: &[Law::Chain, Law::Answered],
    },
    Harm {
        name: "an input record altered",
        does: |f| {
            f.input[9].value =
                Some(b"{\"uri\": \"urn:other\", \"headline\": \"a\", \"body\": \"b\"}".to_vec())
        },
        breaks: &[Law::Same, Law::Memory],
    },
    Harm {
        name: "a journal gone",
        does: |f| {
            let at = f.state.iter().position(|r| r.key().starts_with(JOURNAL)).unwrap();
            f.state.remove(at);
        },
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a gap between journals",
        does: |f| journal(f, |j| j.ranges[0].from += 1),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "an overlap of journals",
        does: |f| journal(f, |j| j.ranges[0].from -= 1),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a journal too short",
        does: |f| journal(f, |j| j.ranges[0].to -= 1),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a journal in another order",
        does: |f| journal(f, |j| j.order.reverse()),
        breaks: &[Law::Same],
    },
    Harm {
        name: "a journal of another core",
        does: |f| journal(f, |j| j.core.push('1')),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a journal of other settings",
        does: |f| journal(f, |j| j.settings.push('1')),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a journal of another sequence",
        does: |f| journal(f, |j| j.sequence += 1),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a position behind",
        does: |f| position(f, |p| p.inputs.first_entry().unwrap().get_mut().next -= 1),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "a position of another batch",
        does: |f| position(f, |p| p.batch += 1),
        breaks: &[Law::Chain],
    },
    Harm {
        name: "an article forgotten",
        does: |f| {
            let at = f.state.iter().position(|r| r.key().starts_with("a/")).unwrap();
            f.state.remove(at);
        },
        breaks: &[Law::Memory],
    },
    Harm {
        name: "an article remembered otherwise",
        does: |f| last(f, "a/")[3] ^= 1,
        breaks: &[Law::Memory],
    },
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
    for harm in HARMS {
        let mut harmed = found.clone();
        (harm.does)(&mut harmed);
        tells(&harmed, &rules, harm.name, harm.breaks);
    }
    let other = ["engine.late_after=3h".to_owned()];
    let mut rules = deployment.rules();
    rules.config = wirefold::config::Config::load(None, [], &other).unwrap();
    tells(&found, &rules, "other settings", &[Law::Chain]);
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
    for role in [Role::Events, Role::Stories, Role::Unique, Role::Rejected] {
        let aborted = all.outputs[&role].iter().filter(|r| !committed.outputs[&role].contains(r));
        let aborted: Vec<&Record> = aborted.collect();
        assert!(!aborted.is_empty(), "{role:?} has aborted records");
        let mut leaked = committed.clone();
        let records = of(&mut leaked, role);
        records.push((*aborted.last().unwrap()).clone());
        records.sort_by_key(|record| (record.partition, record.offset));
        tells(&leaked, &rules, &format!("one aborted record of {role:?} leaked"), &[Law::Same]);
    }
    tells(&all, &rules, "all aborted records leaked", &[Law::Same, Law::Ids, Law::Chain]);
}

/// Without transactions repeats are allowed, but nothing else is.
#[test]
fn repeats_are_told_apart_from_anything_else() {
    let deployment = Deployment::new("repeats", "at_least_once");
    deployment.produce(200);
    deployment.start("before-end=1*off->return", &[]).dies_at("before-end");
    deployment.ends_well();
    let (found, rules) = (deployment.found(Isolation::Committed), deployment.rules());
    let ids = found.outputs[&Role::Events].iter().map(|r| r.header("ce_id"));
    let distinct: std::collections::BTreeSet<&str> = ids.clone().collect();
    assert!(distinct.len() < ids.count(), "the batch came twice");
    for harm in HARMS.iter().filter(|harm| harm.name.ends_with("altered")) {
        let mut harmed = found.clone();
        (harm.does)(&mut harmed);
        tells(&harmed, &rules, harm.name, &[Law::Same]);
    }
    for role in [Role::Events, Role::Unique, Role::Rejected] {
        let mut lost = found.clone();
        let gone = of(&mut lost, role)[0].clone();
        of(&mut lost, role).retain(|r| (&r.key, &r.value) != (&gone.key, &gone.value));
        tells(&lost, &rules, &format!("every copy of a record of {role:?} gone"), &[Law::Same]);
    }
}
