//! Tests what happens when a limit of the snapshots or the API is reached, and that each such case
//! is counted.

use crate::rig::{Answer, Rig, article, bounded, recorded};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;
use wirefold::daemon::article_text::{
    ArticleTexts, Error, ReadFailure, RecordSource, SourceRecord,
};
use wirefold::daemon::faults::Faults;
use wirefold::daemon::http;
use wirefold::daemon::http::server::ServerTimeouts;
use wirefold::daemon::snapshot::queries::{Query, QueryRefused};
use wirefold::daemon::snapshot::thread::SnapshotThread;
use wirefold::daemon::snapshot::{Limits, Snapshots};
use wirefold::daemon::telemetry::metrics;
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::InputPosition;
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{State, TouchedIds};

const TEXT: &str = "Keepers of the Marel light reported a drifting barge off the north mole before \
                    dawn and asked the harbour for a tug, which put a line aboard and brought it \
                    in by eight.";

/// The `n`-th copy of the same report.
fn line(n: usize) -> Value {
    let at = format!("08:{n:02}:00");
    article(&at, &format!("n:{n}"), "Northwire", &format!("Barge drifts, part {n}"), TEXT)
}

/// A kill of the `n`-th copy, at 09:`after`.
fn kill(n: usize, after: usize) -> Value {
    let mut kill = line(n);
    (kill["version"], kill["pubstatus"]) = ("9".into(), "canceled".into());
    kill["arrived"] = format!("2026-11-23T09:{after:02}:00Z").into();
    kill["body"] = "Editors, please kill this report. It should not have been sent.".into();
    kill
}

/// Runs `run` with the given limits; returns its result and a function that says how often a limit
/// was reached.
fn under<T>(bounds: Limits, run: impl FnOnce(&mut Rig) -> T) -> (T, impl Fn(&str) -> usize) {
    let recorder = metrics::recorder().unwrap();
    let done = ::metrics::with_local_recorder(&recorder, || {
        run(&mut Rig::within(EngineSettings::default(), bounds))
    });
    let handle = recorder.handle();
    (done, move |bound: &str| bounded(&handle, bound))
}

#[test]
fn old_changes_and_events_are_dropped() {
    let bounds = Limits { changes_kept: 2, events_kept: 3, ..Limits::default() };
    let ((held, kept), count) = under(bounds, |rig| {
        (0..4).for_each(|n| drop(rig.commit(&[line(n)])));
        let lately = rig.desk().recent.clone();
        let held = [1, 2].map(|version| lately.since(version).is_some());
        (held, lately.events(0).map(|frame| frame.sequence).collect::<Vec<_>>())
    });
    assert_eq!(held, [false, true], "only the last two of four changes are kept");
    assert_eq!(kept.len(), 3);
    assert_eq!(count("changes_kept"), 2);
    assert_eq!(
        count("events_kept"),
        kept[0] as usize,
        "all events before the first kept one were dropped"
    );

    let bounds = Limits { events_bytes_max: 1, ..Limits::default() };
    let (kept, count) = under(bounds, |rig| {
        let events = rig.commit(&[line(0)]).len();
        (rig.desk().recent.events(0).count(), events)
    });
    assert_eq!((kept.0, count("events_bytes_max")), (0, kept.1), "no event fits");
}

#[test]
fn events_over_the_rate_limit_are_dropped() {
    let bounds = Limits { events_per_second: 1, ..Limits::default() };
    let ((kept, all), count) = under(bounds, |rig| {
        let all = rig.commit(&(0..9).map(line).collect::<Vec<_>>()).len();
        (rig.desk().recent.events(0).map(|frame| frame.sequence).collect::<Vec<_>>(), all)
    });
    assert_eq!(kept, [all as u64 - 1], "only the last event is kept");
    assert_eq!(count("events_per_second"), all - 1);
}

/// However few carriers the API lists, it gives the same total as the event.
#[test]
fn a_truncated_list_of_carriers_says_how_many_more_there_are() {
    for listed in [1, 2, 4, 500] {
        let bounds = Limits { carriers_max: listed, ..Limits::default() };
        let mut rig = Rig::within(EngineSettings::default(), bounds);
        rig.commit(&(0..6).map(line).collect::<Vec<_>>());
        let events = rig.commit(&[kill(0, 1)]);
        let named = events.iter().find_map(|event| match &event.kind {
            EventKind::Withdrawn(radius) => Some((radius.carriers.len(), radius.carriers_unlisted)),
            _ => None,
        });
        let Some((named, 0)) = named else { panic!("expected a whole event: {named:?}") };
        let served = rig.serve();
        let page = served.read("/articles/0.0/carriers");
        let items = page["items"].as_array().unwrap().len();
        assert_eq!((items, &page["total"]), (named.min(listed), &json!(named)), "{page}");
        let more = named.saturating_sub(listed);
        let want = if more > 0 { json!(more) } else { Value::Null };
        assert_eq!(page["more"], want, "{page}");
        let queue = served.read("/queue");
        assert_eq!(queue["items"][0]["carriers_total"], named, "{queue}");
        served.stop();
    }
}

#[test]
fn alerts_and_their_carriers_are_bounded() {
    let bounds = Limits { alerts_max: 1, carriers_max: 2, ..Limits::default() };
    let (alerts, count) = under(bounds, |rig| {
        rig.commit(&(0..6).map(line).collect::<Vec<_>>());
        rig.commit(&[kill(0, 1)]);
        rig.commit(&[kill(1, 2)]);
        let desk = rig.desk();
        let of = desk.alerts().map(|(s, alert)| (s.0, alert.carriers.len(), alert.total()));
        of.collect::<Vec<_>>()
    });
    let [(target, named, total)] = alerts[..] else { panic!("expected one alert: {alerts:?}") };
    assert_eq!((target, named), (1, 2), "the older alert is dropped");
    assert!(total > 2, "carriers beyond the limit are counted: {total}");
    assert!(count("carriers_max") >= total - 2);
    assert_eq!(count("alerts_max"), 1);
}

#[test]
fn queries_beyond_the_queue_limit_are_refused() {
    let bounds = Limits { questions_max: 1, ..Limits::default() };
    let (answers, count) = under(bounds, |rig| {
        rig.desks().accept_queries(0);
        let settings = EngineSettings::default();
        let payload = line(0).to_string().into_bytes();
        let decoded =
            decode::decode(&payload, None, Format::Auto, &settings.decode).remove(0).unwrap();
        let ask = || {
            let prepared = prepare(decoded.clone(), &settings, SamplingKey(7));
            let (answer, answered) = oneshot::channel();
            (rig.desks().query(0, Query::Consider(Box::new(prepared), answer)), answered)
        };
        let (first, _waits) = ask();
        (first, ask().0)
    });
    assert_eq!(answers, (Ok(()), Err(QueryRefused::Busy)));
    assert_eq!(count("questions_max"), 1);
}

/// A topic whose reads block until the test drops the sender.
struct Silent(crossbeam_channel::Receiver<()>);

impl RecordSource for Silent {
    fn read(&mut self, _: &InputPosition) -> Result<Option<SourceRecord>, ReadFailure> {
        self.0.recv()?;
        Ok(None)
    }
}

#[test]
fn text_reads_beyond_the_queue_limit_are_refused() {
    let bounds = Limits { texts_waiting_max: 1, ..Limits::default() };
    let (errors, count) = under(bounds.clone(), |_| {
        let (hold, held) = crossbeam_channel::bounded(1);
        let texts =
            ArticleTexts::start_with_time_limit(Silent(held), &bounds, Duration::from_millis(50))
                .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let settings = EngineSettings::default();
        let ask = |offset| {
            let at = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
            let found = runtime.block_on(texts.article(&at, Format::Auto, &settings));
            found.map(|article| article.uri).unwrap_err()
        };
        // One read is in progress and one is queued. Both remain after their callers have timed
        // out.
        let errors: Vec<Error> = (0..4).map(ask).collect();
        drop(hold);
        errors
    });
    assert_eq!(errors.iter().filter(|error| matches!(error, Error::Busy)).count(), 2, "{errors:?}");
    assert_eq!(count("texts_waiting_max"), 2);
}

#[test]
fn requests_without_a_free_worker_are_refused() {
    let recorded = recorded();
    let mut rig = Rig::new();
    let text = |n: usize| (0..8_000).map(|at| format!("w{} ", at * 7_919 % (9_000 + n))).collect();
    let long = |n: usize| {
        let text: String = text(n);
        article("08:00:00", &format!("n:{n}"), "Northwire", "All the words", &text)
    };
    rig.commit(&[long(0), long(1)]);
    let mut settings = http::Settings::default();
    settings.tuning.workers_max = 1;
    let bounds =
        ServerTimeouts { worked_within: Duration::from_millis(1), ..ServerTimeouts::default() };
    let served = rig.serve_with(&settings, bounds);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asks: Vec<_> =
            (0..6).map(|_| scope.spawn(|| served.get("/diff?a=0.0&b=0.1"))).collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    let refused = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(refused > 0 && answers.iter().all(|answer| [200, 503].contains(&answer.status)));
    assert_eq!(bounded(recorded, "workers_max"), refused);
    assert_eq!(served.get("/diff?a=0.0&b=0.1").status, 200, "a single request is served");
    served.stop();
}

#[test]
fn commits_dropped_from_the_queue_still_reach_the_snapshot() {
    let bounds = Limits { steps_max: 1, ..Limits::default() };
    let ((), count) = under(bounds.clone(), |_| {
        let desks = Snapshots::with_limits(1, bounds);
        let mut keeper = SnapshotThread::start(0, desks.clone(), &Faults::default()).unwrap();
        let state = State::new(EngineSettings::default(), SamplingKey(7));
        // The thread pauses after each step, so with this many steps, the queue is full for some of
        // them.
        (0..100).for_each(|n| keeper.follow(&state, TouchedIds::default(), None, n));
        // If the last step was queued, there is nothing to catch up on.
        while desks.of(0).unwrap().recent.next() < 99 {
            keeper.catch_up(&state, 100);
            std::thread::yield_now();
        }
    });
    assert!(count("steps_max") > 0, "no step was dropped");
}
