//! Ends the process at every failpoint, three times each. Afterwards, the checker must not find any
//! lost, repeated, reordered or changed record.

use crate::deployment::{Deployment, PATIENT, SLOW, eventually, tally};

/// A failpoint at which a process ends.
struct Point {
    name: &'static str,
    /// The failpoint configuration that makes the process end there.
    config: &'static str,
    /// Whether the process commits something before it ends.
    commits: Commits,
}

/// Whether a process commits something before it ends at its failpoint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commits {
    AtLeastOne,
    None,
}

/// A failpoint that is hit after at least one commit.
const fn after_commits(name: &'static str, config: &'static str) -> Point {
    Point { name, config, commits: Commits::AtLeastOne }
}

/// A failpoint that is hit before the first commit.
const fn before_commits(name: &'static str, config: &'static str) -> Point {
    Point { name, config, commits: Commits::None }
}

/// How many processes end at each failpoint.
const ROUNDS: usize = 3;
/// Number of new records for each process: more than it can commit before its failpoint.
const RECORDS: usize = 400;

/// Ends one daemon at each failpoint in turn, [`ROUNDS`] times, and then lets one run to the end.
/// In `points`, two failpoints of [`before_commits`] should not follow each other, so that every
/// round makes progress.
fn end_at_each(delivery: &str, points: &[Point], more: &[&str]) {
    let deployment = Deployment::with("points", delivery, more);
    deployment.produce(RECORDS);
    let mut before = 0;
    for point in (0..ROUNDS).flat_map(|_| points) {
        deployment.produce(RECORDS);
        let daemon = deployment.start(point.config, &[]);
        if point.name == "revoke" {
            before = deployment.moves_on(before, &daemon);
            daemon.signal("-TERM");
        }
        daemon.dies_at(point.name);
        if point.commits == Commits::AtLeastOne {
            let progress = eventually(|| (deployment.answered() > before).then_some(()));
            assert!(progress.is_some(), "no progress before `{}`", point.name);
        }
        before = deployment.answered();
        assert!(before < deployment.made(), "no work is in flight at `{}`", point.name);
    }
    deployment.ends_well();
}

#[test]
fn processes_that_end_during_takeover_lose_and_repeat_nothing() {
    let points = [
        after_commits("after-poll", "after-poll=3*off->return"),
        before_commits("before-fence", "before-fence=return"),
        after_commits("after-commit", "after-commit=2*off->return"),
        before_commits("after-fence", "after-fence=return"),
        after_commits("after-publish", "after-publish=1*off->return"),
        before_commits("after-recall", "after-recall=return"),
        after_commits("revoke", "revoke=return"),
        before_commits("mid-restore", "mid-restore=200*off->return"),
        after_commits("before-begin", "before-begin=3*off->return"),
        before_commits("after-open", "after-open=return"),
    ];
    end_at_each("exactly_once", &points, &[]);
}

#[test]
fn processes_that_end_within_a_batch_lose_and_repeat_nothing() {
    let points = [
        after_commits("mid-apply", "mid-apply=130*off->return"),
        after_commits("after-apply", "after-apply=2*off->return"),
        after_commits("mid-produce", "mid-produce=700*off->return"),
        after_commits("after-outputs", "after-outputs=2*off->return"),
        after_commits("before-position", "before-position=3*off->return"),
        after_commits("after-position", "after-position=1*off->return"),
    ];
    end_at_each("exactly_once", &points, &[]);
}

#[test]
fn processes_that_end_around_a_commit_lose_and_repeat_nothing() {
    let points = [
        after_commits("after-flush", "after-flush=2*off->return"),
        after_commits("before-commit", "before-commit=2*off->return"),
        after_commits("in-commit", "in-commit=2*off->return"),
        after_commits("before-drop", "abort-transaction=2*off->1*return->off;before-drop=return"),
        after_commits("after-drop", "abort-transaction=2*off->1*return->off;after-drop=return"),
        after_commits("in-doubt", "forget-commit=2*off->1*return->off;in-doubt=return"),
        after_commits(
            "after-confirm",
            "abort-transaction=1*off->1*return->off;after-confirm=return",
        ),
    ];
    end_at_each("exactly_once", &points, &[]);
}

#[test]
fn processes_that_end_without_transactions_lose_nothing() {
    let points = [
        after_commits("after-plan", "after-plan=2*off->return"),
        before_commits("after-open", "after-open=return"),
        after_commits("mid-produce", "mid-produce=700*off->return"),
        after_commits("after-outputs", "after-outputs=2*off->return"),
        before_commits("mid-restore", "mid-restore=200*off->return"),
        after_commits("before-position", "before-position=2*off->return"),
        after_commits("after-position", "after-position=2*off->return"),
        after_commits("before-end", "before-end=2*off->return"),
        after_commits("after-flush", "after-flush=2*off->return"),
    ];
    end_at_each("at_least_once", &points, &[]);
}

/// Kills (SIGKILL) five processes one after the other, each after some progress and with records
/// left to process.
fn kill_repeatedly(delivery: &str) {
    let deployment = Deployment::new("killed", delivery);
    let mut before = 0;
    for _ in 0..5 {
        deployment.produce(900);
        let daemon = deployment.start(SLOW, &[]);
        before = deployment.moves_on(before, &daemon);
        daemon.kill();
        assert!(deployment.answered() < deployment.made(), "no work is in flight");
    }
    deployment.ends_well();
}

#[test]
fn killed_processes_lose_and_repeat_nothing() {
    kill_repeatedly("exactly_once");
}

#[test]
fn killed_processes_without_transactions_lose_nothing() {
    kill_repeatedly("at_least_once");
}

/// The daemon forgets the outcome of every other commit, on average, and must find the batch in the
/// changelog.
#[test]
fn commits_with_a_forgotten_outcome_are_found_in_the_changelog() {
    let deployment = Deployment::with("forgets", "exactly_once", &[PATIENT]);
    let daemon = deployment.start("forget-commit=50%return", &["batch.records_max=10"]);
    for _ in 0..20 {
        deployment.produce(60);
        deployment.is_through(&daemon);
    }
    // Each forgotten commit is counted by its log line `phase=recovering`, because repeated
    // warnings are throttled.
    let (log, forgotten) = (daemon.log(), daemon.times("phase=recovering"));
    daemon.stops();
    assert!(forgotten >= 40, "only {forgotten} commits were forgotten:\n{log}");
    assert_eq!(log.matches("phase=restoring").count(), 1, "the state was rebuilt:\n{log}");
    tally("aborts", forgotten);
    deployment.holds();
}

/// A third of the transactions are aborted, and the outcome of some commits is forgotten.
#[test]
fn aborts_and_forgotten_commits_do_not_rebuild_the_state() {
    let deployment = Deployment::with("aborts", "exactly_once", &[PATIENT]);
    deployment.produce(3_000);
    let daemon = deployment.start("abort-transaction=33%return;forget-commit=10%return", &[]);
    deployment.is_through(&daemon);
    let log = daemon.log();
    daemon.stops();
    let count = |what| log.matches(what).count();
    let recovered = count("phase=recovering");
    assert!(recovered >= 10, "only {recovered} recoveries:\n{log}");
    assert!(count("before the commit") >= 1, "no transaction was aborted:\n{log}");
    assert!(count("after the commit") >= 1, "no commit was forgotten:\n{log}");
    assert_eq!(count("phase=restoring"), 1, "the state was rebuilt:\n{log}");
    tally("aborts", recovered);
    deployment.holds();
}
