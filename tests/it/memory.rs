//! Tests state that outlives the window, that is, identities and embargoes: limits, records and
//! restores.

use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, InputPosition, PubStatus, Span};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{Outcome, State};
use wirefold_engine::verdict::{Kind, Pass, Scope};

const KEY: SamplingKey = SamplingKey(3);
const START: EventTime = EventTime(1_795_428_000_000);

fn settings() -> Settings {
    Settings { window: Span::hours(2), identity: Span::hours(20), ..Settings::default() }
}

/// The `n`-th article of a slow wire with one article every 15 minutes; every third is embargoed.
fn article(n: usize) -> Article {
    let made = START.plus(Span::minutes(15 * n as i64));
    Article {
        uri: format!("tag:northwire.example,2026:newsml_{n:012}"),
        version: Some("1".into()),
        provider: Some("Northwire".into()),
        headline: format!("Harbour {n} reports {} ships", n * 3),
        slugline: Some(format!("HARBOUR-{n}")),
        body: Body::Plain(format!("Harbour {n} saw {} ships on the day, {} more.", n * 3, n * 7)),
        versioncreated: Some(made),
        embargoed: n.is_multiple_of(3).then(|| made.plus(Span::hours(3))),
        ..Article::default()
    }
}

fn apply(state: &mut State, article: Article, n: usize) -> Outcome {
    let stamp = START.plus(Span::minutes(15 * n as i64));
    let input = InputPosition { topic: "in".into(), partition: 0, offset: n as i64, item: 0 };
    let new = prepare(article, state.settings(), KEY);
    state.apply(new, stamp, input)
}

fn write(log: &mut BTreeMap<String, Vec<u8>>, outcome: &Outcome) {
    for change in outcome.changes.clone() {
        match change.value {
            Some(value) => log.insert(change.key, value),
            None => log.remove(&change.key),
        };
    }
}

#[test]
fn identities_and_embargoes_are_restored_exactly() {
    let run = |cut: Option<usize>| {
        let mut state = State::new(settings(), KEY);
        let (mut log, mut results) = (BTreeMap::new(), Vec::new());
        for n in 0..120 {
            let outcome = apply(&mut state, article(n), n);
            write(&mut log, &outcome);
            results.push(outcome);
            if cut == Some(n) {
                let restored = State::restore(settings(), KEY, log.clone()).unwrap();
                assert_eq!(restored.identities(), state.identities());
                assert_eq!(restored.embargoed(), state.embargoed());
                state = restored;
            }
        }
        (results, log)
    };
    let straight = run(None);
    let lifted: usize = straight.0.iter().map(|outcome| outcome.lifted.len()).sum();
    assert_eq!(lifted, 36, "all embargoes except the four that are pending at the end");
    for cut in [0, 5, 40, 77, 119] {
        assert_eq!(run(Some(cut)), straight, "cut at {cut}");
    }
    let count = |prefix: &str| straight.1.keys().filter(|key| key.starts_with(prefix)).count();
    assert_eq!((count("a/"), count("i/"), count("w/")), (9, 72, 4));
}

#[test]
fn identity_records_take_about_140_bytes_and_are_bounded_in_number() {
    let mut bounded = settings();
    bounded.tuning.identities_max = 10;
    let mut state = State::new(bounded, KEY);
    let (mut log, mut crowded_out) = (BTreeMap::new(), 0);
    for n in 0..60 {
        let outcome = apply(&mut state, article(n), n);
        write(&mut log, &outcome);
        crowded_out += outcome.tally.identities_crowded_out;
    }
    assert_eq!(state.identities(), 10);
    assert!(crowded_out > 0);
    let records: Vec<&Vec<u8>> =
        log.iter().filter(|(key, _)| key.starts_with("i/")).map(|(_, value)| value).collect();
    assert_eq!(records.len(), 10);
    let mean = records.iter().map(|record| record.len()).sum::<usize>() / records.len();
    assert!((110..=160).contains(&mean), "{mean} bytes per record");
}

#[test]
fn only_an_arriving_article_displaces_one_from_a_full_window() {
    let mut full = settings();
    full.live_articles_max = 3.try_into().unwrap();
    let mut state = State::new(full, KEY);
    (0..3).for_each(|n| drop(apply(&mut state, article(n), n)));
    let input = InputPosition { topic: "wire".into(), partition: 0, offset: 2, item: 0 };
    let ticked = state.tick(state.clock().plus(Span::seconds(1)), &input);
    assert_eq!((state.window(), ticked.tally.crowded_out), (0..3, 0));
    assert_eq!(apply(&mut state, article(3), 3).tally.crowded_out, 1);
    assert_eq!(state.window(), 1..4);
}

#[test]
fn an_embargoed_article_beyond_the_limit_is_never_forwarded_and_is_counted() {
    let mut bounded = settings();
    bounded.tuning.embargoed_max = 1;
    let mut state = State::new(bounded, KEY);
    let (mut passes, mut dropped) = (Vec::new(), 0);
    for n in [0, 3] {
        let outcome = apply(&mut state, article(n), n);
        dropped += outcome.tally.embargoes_dropped;
        for event in outcome.events {
            if let EventKind::Classified(classified) = event.kind {
                passes.push(classified.verdict.pass);
            }
        }
    }
    assert_eq!(passes, [Pass::Embargoed, Pass::Held]);
    assert_eq!(dropped, 1);
}

#[test]
fn a_kill_by_identity_still_applies_after_the_kill_has_left_the_window() {
    let mut state = State::new(settings(), KEY);
    for n in 0..30 {
        drop(apply(&mut state, article(n), n));
    }
    let kill = Article {
        version: Some("2".into()),
        pubstatus: PubStatus::Canceled,
        body: Body::Plain("Editors: kill it.".into()),
        versioncreated: Some(START.plus(Span::hours(8))),
        ..article(4)
    };
    let events = apply(&mut state, kill, 32).events;
    let withdrawn = events.iter().find_map(|event| match &event.kind {
        EventKind::Withdrawn(radius) => Some(radius),
        _ => None,
    });
    let radius = withdrawn.unwrap();
    assert_eq!(
        (radius.scope, radius.of.as_ref().unwrap().key.uri.as_str()),
        (Scope::Identity, article(4).uri.as_str())
    );
    // After the kill has left the window too, it still applies to a late redelivery.
    for n in 33..45 {
        drop(apply(&mut state, article(n), n));
    }
    let events = apply(&mut state, article(4), 46).events;
    let classified = events.iter().find_map(|event| match &event.kind {
        EventKind::Classified(classified) => Some(classified),
        _ => None,
    });
    let verdict = &classified.unwrap().verdict;
    assert_eq!(
        (verdict.relation.kind, verdict.relation.scope),
        (Kind::Redelivery, Scope::Identity)
    );
    assert_eq!(verdict.pass, Pass::Held);
    assert!(verdict.flags.iter().any(|flag| flag == "carries_withdrawn"));
}
