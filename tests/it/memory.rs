//! What the engine remembers beside the window: identities and embargoes, their bounds and their
//! records.

use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, InputPosition, PubStatus, Span};
use wirefold_engine::event::{Event, EventKind};
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{LiftedEmbargo, State};
use wirefold_engine::verdict::{Kind, Pass, Scope};

const KEY: FloodKey = FloodKey(3);
const START: EventTime = EventTime(1_795_428_000_000);

fn settings() -> Settings {
    Settings { window: Span::hours(2), identity: Span::hours(20), ..Settings::default() }
}

/// The `n`-th article of a quiet wire, one a quarter of an hour; every third is under an embargo.
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

fn apply(state: &mut State, article: Article, n: usize) -> (Vec<Event>, Vec<LiftedEmbargo>) {
    let stamp = START.plus(Span::minutes(15 * n as i64));
    let input = InputPosition { topic: "in".into(), partition: 0, offset: n as i64, item: 0 };
    let new = prepare(article, state.settings(), KEY);
    let events = state.apply(new, stamp, input);
    (events, state.take_lifted())
}

fn write(log: &mut BTreeMap<String, Vec<u8>>, state: &mut State) {
    for change in state.take_changes() {
        match change.value {
            Some(value) => log.insert(change.key, value),
            None => log.remove(&change.key),
        };
    }
}

#[test]
fn identities_and_embargoes_are_restored_as_they_were() {
    let run = |cut: Option<usize>| {
        let mut state = State::new(settings(), KEY);
        let (mut log, mut told) = (BTreeMap::new(), Vec::new());
        for n in 0..120 {
            told.push(apply(&mut state, article(n), n));
            write(&mut log, &mut state);
            if cut == Some(n) {
                let restored = State::restore(settings(), KEY, log.clone()).unwrap();
                assert_eq!(restored.identities(), state.identities());
                assert_eq!(restored.embargoed(), state.embargoed());
                state = restored;
            }
        }
        (told, log)
    };
    let straight = run(None);
    let lifted: usize = straight.0.iter().map(|(_, lifted)| lifted.len()).sum();
    assert_eq!(lifted, 36, "all but the four that wait at the end");
    for cut in [0, 5, 40, 77, 119] {
        assert_eq!(run(Some(cut)), straight, "cut at {cut}");
    }
    let count = |prefix: &str| straight.1.keys().filter(|key| key.starts_with(prefix)).count();
    assert_eq!((count("a/"), count("i/"), count("w/")), (9, 72, 4));
}

#[test]
fn an_identity_takes_about_a_hundred_bytes_and_their_number_is_bounded() {
    let bounded = Settings { identities_max: 10, ..settings() };
    let mut state = State::new(bounded, KEY);
    let mut log = BTreeMap::new();
    for n in 0..60 {
        apply(&mut state, article(n), n);
        write(&mut log, &mut state);
    }
    assert_eq!(state.identities(), 10);
    assert!(state.take_tally().identities_crowded_out > 0);
    let records: Vec<&Vec<u8>> =
        log.iter().filter(|(key, _)| key.starts_with("i/")).map(|(_, value)| value).collect();
    assert_eq!(records.len(), 10);
    let mean = records.iter().map(|record| record.len()).sum::<usize>() / records.len();
    assert!((70..=120).contains(&mean), "{mean} bytes a record");
}

#[test]
fn beyond_its_bound_an_embargo_is_never_passed_on_and_counted() {
    let mut state = State::new(Settings { embargoed_max: 1, ..settings() }, KEY);
    let mut passes = Vec::new();
    for n in [0, 3] {
        for event in apply(&mut state, article(n), n).0 {
            if let EventKind::Classified(classified) = event.what {
                passes.push(classified.verdict.pass);
            }
        }
    }
    assert_eq!(passes, [Pass::Embargoed, Pass::Held]);
    assert_eq!(state.take_tally().embargoes_dropped, 1);
}

#[test]
fn a_kill_finds_what_the_window_has_passed_and_stays_known() {
    let mut state = State::new(settings(), KEY);
    for n in 0..30 {
        apply(&mut state, article(n), n);
    }
    let kill = Article {
        version: Some("2".into()),
        pubstatus: PubStatus::Canceled,
        body: Body::Plain("Editors: kill it.".into()),
        versioncreated: Some(START.plus(Span::hours(8))),
        ..article(4)
    };
    let (events, _) = apply(&mut state, kill, 32);
    let withdrawn = events.iter().find_map(|event| match &event.what {
        EventKind::Withdrawn(radius) => Some(radius),
        _ => None,
    });
    let radius = withdrawn.unwrap();
    assert_eq!(
        (radius.scope, radius.of.as_ref().unwrap().uri.as_str()),
        (Scope::Identity, article(4).uri.as_str())
    );
    // The notice leaves the window too, and still withdraws what comes late.
    for n in 33..45 {
        apply(&mut state, article(n), n);
    }
    let (events, _) = apply(&mut state, article(4), 46);
    let classified = events.iter().find_map(|event| match &event.what {
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
