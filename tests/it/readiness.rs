//! What is told of a shard while it cannot work, and of a standby that cannot follow: lag, age,
//! phase and readiness stay true.

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

/// What an observer was told of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum News {
    Waiting,
    Following,
    Other,
}

/// What was told, the view after it, and why the instance was not ready then.
type Seen = (News, ShardStatus, Vec<String>);

/// A teller that keeps every view that it publishes, and ends the process when a standby gives up.
struct Told {
    teller: Telemetry,
    views: Arc<ShardStatuses>,
    shared: Shared,
    all: Arc<Mutex<Vec<Seen>>>,
}

impl Told {
    fn keep(&self, news: News) {
        let view = ShardStatus::clone(&self.views.all()[0]);
        self.all.lock().unwrap().push((news, view, self.views.unready()));
    }
}

impl Observer for Told {
    fn phase(&mut self, phase: Phase) {
        self.teller.phase(phase);
        self.keep(News::Other);
    }
    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.teller.committed(memory, batch, wall);
        self.keep(News::Other);
    }
    fn waiting(&mut self, waiting: &InputLag) {
        self.teller.waiting(waiting);
        self.keep(News::Waiting);
    }
    fn following(&mut self, following: &StandbyProgress) {
        self.teller.following(following);
        self.keep(News::Following);
        if let StandbyProgress::Refused(_) = following {
            self.shared.lock().wakes.as_ref().unwrap().send(Wake::Stop).unwrap();
        }
    }
}

/// Everything that is told of one process, and how it ends.
fn told(shared: &Shared, setup: Setup, wakes: crossbeam_channel::Receiver<Wake>) -> Vec<Seen> {
    let (views, all) = (ShardStatuses::new(1), Arc::default());
    let teller = Telemetry::new(0, views.clone());
    let told = Told { teller, views, shared: shared.clone(), all: Arc::clone(&all) };
    observed(shared, setup, wakes, Box::new(told)).unwrap();
    let found = all.lock().unwrap();
    found.clone()
}

fn lag(view: &ShardStatus) -> u64 {
    view.inputs.values().filter_map(|input| input.records).sum()
}

/// All offsets of the input.
fn offsets(shared: &Shared) -> u64 {
    let world = shared.lock();
    let ends = world.inputs.values().map(|records| records.last().map_or(0, |r| r.offset + 1));
    u64::try_from(ends.sum::<i64>()).unwrap()
}

/// The views after each look at the input while the shard recovers.
fn recovering(told: &[Seen]) -> Vec<&ShardStatus> {
    let recovers = |(news, view, unready): &&Seen| {
        let recovers = view.phase == Some(Phase::Recovering);
        assert!(!recovers || !unready.is_empty(), "a shard that recovers is not ready");
        recovers && *news == News::Waiting
    };
    told.iter().filter(recovers).map(|(_, view, _)| view).collect()
}

#[test]
fn lag_and_age_are_told_while_a_writer_cannot_be_made() {
    let records = inputs(31, 40);
    let shared = world(&records, DELIVERY);
    shared.lock().refused = 1..7;
    let told = told(&shared, setup(DELIVERY), shared.wakes());
    let (_, first, _) = told.iter().find(|(news, ..)| *news == News::Waiting).unwrap();
    assert_eq!(first.phase, Some(Phase::Restoring(0)), "before the first attempt");
    assert_eq!(lag(first), offsets(&shared));
    let views = recovering(&told);
    assert_eq!(views.len(), 6, "after each attempt");
    for (view, attempt) in views.iter().zip(1..) {
        assert_eq!(lag(view), offsets(&shared));
        assert_eq!(view.age, Span::seconds(20 * attempt), "nothing was ever applied");
        assert!(view.inputs.values().all(|input| input.age == view.age), "by partition");
    }
    let (_, last, unready) = told.last().unwrap();
    assert_eq!((lag(last), last.age), (0, Span(0)), "all is through");
    assert_eq!(unready.join(""), "shard 0: stopping");
}

#[test]
fn a_batch_that_is_not_committed_is_not_processed() {
    let records = inputs(32, 40);
    let kinds = straight(&records, DELIVERY).lock().kinds.clone();
    let commits: Vec<u64> =
        (1..).zip(&kinds).filter(|(_, kind)| **kind == "commit").map(|(n, _)| n).collect();
    let shared = world(&records, DELIVERY);
    // Before the first batch come the fence, the claim of the state and the announced attempt.
    shared.lock().strikes.insert(commits[3], (Strike::Doubt, When::Before));
    shared.lock().refused = 2..6;
    let told = told(&shared, setup(DELIVERY), shared.wakes());
    let views = recovering(&told);
    assert_eq!(views.len(), 4, "after each attempt");
    for view in &views {
        assert_eq!(lag(view), offsets(&shared), "nothing is committed");
    }
    assert!(views.is_sorted_by_key(|view| view.age), "they grow older");
}

#[test]
fn lag_after_a_restart_is_reckoned_from_the_positions_noted_for_lag_tools() {
    let records = inputs(33, 60);
    let shared = world(&records[..40], DELIVERY);
    process(&shared, setup(DELIVERY)).unwrap();
    let before = offsets(&shared);
    records[40..].iter().cloned().for_each(|record| shared.lock().put(record));
    let noted: i64 = shared.lock().noted.values().sum();
    assert!(noted > 0 && noted as u64 <= before, "{noted} of {before}");
    let writers = shared.lock().writers;
    shared.lock().refused = writers + 1..writers + 9;
    let told = told(&shared, setup(DELIVERY), shared.wakes());
    for view in recovering(&told) {
        assert_eq!(lag(view), offsets(&shared) - noted as u64);
    }
    assert_eq!(recovering(&told).len(), 8);
}

#[test]
fn a_standby_is_ready_while_it_could_take_over_and_says_why_not() {
    let shared = straight(&inputs(34, 40), DELIVERY);
    shared.lock().away = 3;
    let all = told(&shared, setup(DELIVERY), shared.standby(10));
    let said: Vec<&Option<StandbyProgress>> =
        all.iter().map(|(_, view, _)| &view.following).collect();
    let cut = said.iter().position(|said| **said == Some(StandbyProgress::CutOff)).unwrap();
    assert!(said[cut..].contains(&&Some(StandbyProgress::InStep)), "it comes back: {said:?}");

    shared.lock().appends(POSITION.to_owned(), Some(b"of another world".to_vec()));
    let all = told(&shared, setup(DELIVERY), shared.standby(100_000));
    let (_, last, _) = all.iter().rfind(|(news, ..)| *news == News::Following).unwrap();
    let Some(StandbyProgress::Refused(why)) = &last.following else { panic!("{last:?}") };
    assert!(why.contains("pos"), "{why}");
}
