//! The process ends at every named point, three times each, and nothing is lost, doubled, reordered
//! or said otherwise.

use crate::deployment::{Deployment, PATIENT, SLOW, eventually, tally};

/// A point, and what leads there.
struct Point {
    name: &'static str,
    when: &'static str,
    moves: Moves,
}

/// Whether a process commits something before it comes to its point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    On,
    Not,
}

const fn on(name: &'static str, when: &'static str) -> Point {
    Point { name, when, moves: Moves::On }
}

const fn not(name: &'static str, when: &'static str) -> Point {
    Point { name, when, moves: Moves::Not }
}

/// How often each point is come to.
const ROUNDS: usize = 3;
/// New records for each process: more than it can commit before its point.
const RECORDS: usize = 750;

/// Ends a daemon at each point in turn, again and again, then lets one run to the end. A process
/// that commits stands between any two that do not, so that every round moves on.
fn struck(delivery: &str, points: &[Point], more: &[&str]) {
    let deployment = Deployment::with("points", delivery, more);
    deployment.produce(RECORDS);
    let mut before = 0;
    for point in (0..ROUNDS).flat_map(|_| points) {
        deployment.produce(RECORDS);
        let daemon = deployment.start(point.when, &[]);
        if point.name == "revoke" {
            before = deployment.moves_on(before, &daemon);
            daemon.signal("-TERM");
        }
        daemon.dies_at(point.name);
        if point.moves == Moves::On {
            let moved = eventually(|| (deployment.answered() > before).then_some(()));
            assert!(moved.is_some(), "progress before `{}`", point.name);
        }
        before = deployment.answered();
        assert!(before < deployment.made(), "work was in flight at `{}`", point.name);
    }
    deployment.ends_well();
}

#[test]
fn ended_while_taking_over() {
    let points = [
        on("after-poll", "after-poll=3*off->return"),
        not("before-fence", "before-fence=return"),
        on("after-commit", "after-commit=2*off->return"),
        not("after-fence", "after-fence=return"),
        on("after-publish", "after-publish=1*off->return"),
        not("after-recall", "after-recall=return"),
        on("revoke", "revoke=return"),
        not("mid-restore", "mid-restore=200*off->return"),
        on("before-begin", "before-begin=3*off->return"),
        not("after-open", "after-open=return"),
    ];
    struck("exactly_once", &points, &[]);
}

#[test]
fn ended_in_the_middle_of_a_batch() {
    let points = [
        on("mid-apply", "mid-apply=130*off->return"),
        on("after-apply", "after-apply=2*off->return"),
        on("mid-produce", "mid-produce=700*off->return"),
        on("after-outputs", "after-outputs=2*off->return"),
        on("before-position", "before-position=3*off->return"),
        on("after-position", "after-position=1*off->return"),
    ];
    struck("exactly_once", &points, &[]);
}

#[test]
fn ended_around_the_commit() {
    let points = [
        on("after-flush", "after-flush=2*off->return"),
        on("before-commit", "before-commit=2*off->return"),
        on("in-commit", "in-commit=2*off->return"),
        on("before-drop", "abort-transaction=2*off->1*return->off;before-drop=return"),
        on("after-drop", "abort-transaction=2*off->1*return->off;after-drop=return"),
        on("in-doubt", "forget-commit=2*off->1*return->off;in-doubt=return"),
        on("after-confirm", "abort-transaction=1*off->1*return->off;after-confirm=return"),
    ];
    struck("exactly_once", &points, &[]);
}

#[test]
fn ended_without_transactions() {
    let points = [
        on("after-plan", "after-plan=2*off->return"),
        not("after-open", "after-open=return"),
        on("mid-produce", "mid-produce=700*off->return"),
        on("after-outputs", "after-outputs=2*off->return"),
        not("mid-restore", "mid-restore=200*off->return"),
        on("before-position", "before-position=2*off->return"),
        on("after-position", "after-position=2*off->return"),
        on("before-end", "before-end=2*off->return"),
        on("after-flush", "after-flush=2*off->return"),
    ];
    struck("at_least_once", &points, &[]);
}

/// SIGKILL at any moment, with work in flight and progress between kills.
fn killed(delivery: &str) {
    let deployment = Deployment::new("killed", delivery);
    let mut before = 0;
    for _ in 0..5 {
        deployment.produce(900);
        let daemon = deployment.start(SLOW, &[]);
        before = deployment.moves_on(before, &daemon);
        daemon.kill();
        assert!(deployment.answered() < deployment.made(), "work was in flight");
    }
    deployment.ends_well();
}

#[test]
fn killed_at_any_moment() {
    killed("exactly_once");
}

#[test]
fn killed_at_any_moment_without_transactions() {
    killed("at_least_once");
}

/// Every other commit is forgotten at once, so that what was just committed is read back again and
/// again.
#[test]
fn commits_that_are_forgotten_are_always_found() {
    let deployment = Deployment::with("forgets", "exactly_once", &[PATIENT]);
    let daemon = deployment.start("forget-commit=50%return", &["batch.records_max=10"]);
    for _ in 0..20 {
        deployment.produce(60);
        deployment.is_through(&daemon);
    }
    // Equal warnings are throttled, phases are not.
    let (log, forgotten) = (daemon.log(), daemon.times("phase=Recovering"));
    daemon.stops();
    assert!(forgotten >= 40, "commits were forgotten {forgotten} times:\n{log}");
    assert_eq!(log.matches("Restoring").count(), 1, "memory was rebuilt:\n{log}");
    tally("aborts", forgotten);
    deployment.holds();
}

/// One transaction in three is aborted, some that were committed are forgotten, and no abort costs a
/// rebuild.
#[test]
fn aborts_and_doubts_cost_no_rebuild() {
    let deployment = Deployment::with("aborts", "exactly_once", &[PATIENT]);
    deployment.produce(3_000);
    let daemon = deployment.start("abort-transaction=33%return;forget-commit=10%return", &[]);
    deployment.is_through(&daemon);
    let log = daemon.log();
    daemon.stops();
    let count = |what| log.matches(what).count();
    let recovered = count("phase=Recovering");
    assert!(recovered >= 10, "transactions were aborted, commits forgotten:\n{log}");
    assert!(count("before the commit") >= 1, "transactions were aborted:\n{log}");
    assert!(count("after the commit") >= 1, "commits were forgotten:\n{log}");
    assert_eq!(count("Restoring"), 1, "memory was rebuilt:\n{log}");
    tally("aborts", recovered);
    deployment.holds();
}
