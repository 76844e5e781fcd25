//! Tests that lag, age, phase and readiness stay correct while a shard cannot process input and
//! while a standby cannot follow the changelog.

use crate::broker::{Shared, Strike, When};
use crate::pipeline::{inputs, observed, process, setup, straight, world};
use std::sync::{Arc, Mutex};
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::lease::Wake;
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::record::POSITION;
use wirefold::daemon::pipeline::{Delivery, InputLag, Observer, Phase, Setup, StandbyProgress};
use wirefold::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use wirefold::daemon::telemetry::observer::Telemetry;
use wirefold_engine::article::{EventTime, Span};

const DELIVERY: Delivery = Delivery::ExactlyOnce;

/// Which method of the observer was called.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Call {
    Waiting,
    Following,
    Other,
}

/// An observer call, the shard status after that call, and the reasons why the instance was not
/// ready at that time.
type Observed = (Call, ShardStatus, Vec<String>);

/// A telemetry observer that records every shard status it publishes, and stops the process when a
/// standby refuses to follow.
struct StatusRecorder {
    /// Publishes the shard status.
    telemetry: Telemetry,
    /// The published status.
    views: Arc<ShardStatuses>,
    /// The broker, used to stop the process.
    shared: Shared,
    /// Every call so far.
    all: Arc<Mutex<Vec<Observed>>>,
}

impl StatusRecorder {
    fn keep(&self, call: Call) {
        let view = ShardStatus::clone(&self.views.all()[0]);
        self.all.lock().unwrap().push((call, view, self.views.unready()));
    }
}

impl Observer for StatusRecorder {
    fn phase(&mut self, phase: Phase) {
        self.telemetry.phase(phase);
        self.keep(Call::Other);
    }
    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.telemetry.committed(memory, batch, wall);
        self.keep(Call::Other);
    }
    fn lag(&mut self, waiting: &InputLag) {
        self.telemetry.lag(waiting);
        self.keep(Call::Waiting);
    }
    fn standby_progress(&mut self, following: &StandbyProgress) {
        self.telemetry.standby_progress(following);
        self.keep(Call::Following);
        if let StandbyProgress::Unreadable(_) = following {
            self.shared.lock().wakes.as_ref().unwrap().send(Wake::Stop).unwrap();
        }
    }
}

/// Runs one process to its end and returns every observer call.
fn observe(
    shared: &Shared,
    setup: Setup,
    wakes: crossbeam_channel::Receiver<Wake>,
) -> Vec<Observed> {
    let (views, all) = (ShardStatuses::new(1), Arc::default());
    let telemetry = Telemetry::new(0, views.clone());
    let recorder =
        StatusRecorder { telemetry, views, shared: shared.clone(), all: Arc::clone(&all) };
    observed(shared, setup, wakes, Box::new(recorder)).unwrap();
    let found = all.lock().unwrap();
    found.clone()
}

fn lag(view: &ShardStatus) -> u64 {
    view.inputs.values().filter_map(|input| input.records).sum()
}

/// The sum of the end offsets of all input partitions, which is the lag if nothing has been read.
fn offsets(shared: &Shared) -> u64 {
    let world = shared.lock();
    let ends = world.inputs.values().map(|records| records.last().map_or(0, |r| r.offset + 1));
    u64::try_from(ends.sum::<i64>()).unwrap()
}

/// The shard status after each lag report while the shard recovers.
fn recovering(calls: &[Observed]) -> Vec<&ShardStatus> {
    let recovers = |(call, view, unready): &&Observed| {
        let recovers = view.phase == Some(Phase::Recovering);
        assert!(!recovers || !unready.is_empty(), "a shard that recovers is not ready");
        recovers && *call == Call::Waiting
    };
    calls.iter().filter(recovers).map(|(_, view, _)| view).collect()
}

#[test]
fn lag_and_age_are_reported_while_no_writer_can_be_created() {
    let records = inputs(31, 40);
    let shared = world(&records, DELIVERY);
    shared.lock().refused = 1..7;
    let calls = observe(&shared, setup(DELIVERY), shared.wakes());
    let (_, first, _) = calls.iter().find(|(call, ..)| *call == Call::Waiting).unwrap();
    assert_eq!(first.phase, Some(Phase::Restoring(0)), "before the first attempt");
    assert_eq!(lag(first), offsets(&shared));
    let views = recovering(&calls);
    assert_eq!(views.len(), 6, "after each attempt");
    for (view, attempt) in views.iter().zip(1..) {
        assert_eq!(lag(view), offsets(&shared));
        assert_eq!(
            view.age,
            Span::seconds(20 * attempt),
            "no record was applied, so the age only grows"
        );
        assert!(
            view.inputs.values().all(|input| input.age == view.age),
            "each partition has the same age"
        );
    }
    let (_, last, unready) = calls.last().unwrap();
    assert_eq!((lag(last), last.age), (0, Span(0)), "no lag at the end");
    assert_eq!(unready.join(""), "shard 0: stopping");
}

#[test]
fn records_of_an_uncommitted_batch_count_as_lag() {
    let records = inputs(32, 40);
    let kinds = straight(&records, DELIVERY).lock().kinds.clone();
    let commits: Vec<u64> =
        (1..).zip(&kinds).filter(|(_, kind)| **kind == "commit").map(|(n, _)| n).collect();
    let shared = world(&records, DELIVERY);
    // The first three commits write the fence, the owner's claim on the state, and the record that
    // announces the first batch.
    shared.lock().strikes.insert(commits[3], (Strike::Doubt, When::Before));
    shared.lock().refused = 2..6;
    let calls = observe(&shared, setup(DELIVERY), shared.wakes());
    let views = recovering(&calls);
    assert_eq!(views.len(), 4, "after each attempt");
    for view in &views {
        assert_eq!(lag(view), offsets(&shared), "uncommitted records count as lag");
    }
    assert!(views.is_sorted_by_key(|view| view.age), "the age must grow");
}

#[test]
fn lag_after_a_restart_is_computed_from_the_committed_group_offsets() {
    let records = inputs(33, 60);
    let shared = world(&records[..40], DELIVERY);
    process(&shared, setup(DELIVERY)).unwrap();
    let before = offsets(&shared);
    records[40..].iter().cloned().for_each(|record| shared.lock().put(record));
    let noted: i64 = shared.lock().noted.values().sum();
    assert!(noted > 0 && noted as u64 <= before, "{noted} of {before}");
    let writers = shared.lock().writers;
    shared.lock().refused = writers + 1..writers + 9;
    let calls = observe(&shared, setup(DELIVERY), shared.wakes());
    for view in recovering(&calls) {
        assert_eq!(lag(view), offsets(&shared) - noted as u64);
    }
    assert_eq!(recovering(&calls).len(), 8);
}

#[test]
fn a_standby_reports_whether_it_could_take_over() {
    let shared = straight(&inputs(34, 40), DELIVERY);
    shared.lock().away = 3;
    let all = observe(&shared, setup(DELIVERY), shared.standby(10));
    let progress: Vec<&Option<StandbyProgress>> =
        all.iter().map(|(_, view, _)| &view.following).collect();
    let cut =
        progress.iter().position(|seen| **seen == Some(StandbyProgress::Unreachable)).unwrap();
    assert!(
        progress[cut..].contains(&&Some(StandbyProgress::CaughtUp)),
        "the standby did not catch up again: {progress:?}"
    );

    shared.lock().appends(POSITION.to_owned(), Some(b"of another world".to_vec()));
    let all = observe(&shared, setup(DELIVERY), shared.standby(100_000));
    let (_, last, _) = all.iter().rfind(|(call, ..)| *call == Call::Following).unwrap();
    let Some(StandbyProgress::Unreadable(why)) = &last.following else { panic!("{last:?}") };
    assert!(why.contains("pos"), "{why}");
}
