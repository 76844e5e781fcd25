//! Tests normal operation: articles in, events out, with daemons that are stopped, killed and
//! restarted.

use crate::deployment::{Deployment, PATIENCE, eventually, now};
use crate::outside::Isolation;
use std::time::Duration;
use wirefold::daemon::pipeline::broker::Role;
use wirefold_engine::article::EventTime;

#[test]
fn articles_become_events_rejects_unique_articles_and_stories() {
    let deployment = Deployment::new("flow", "exactly_once");
    deployment.produce(120);
    let verdict = deployment.ends_well();
    assert_eq!((verdict.classified, verdict.rejected), (115, 5));
    let found = deployment.found(Isolation::Committed);
    let rejected = &found.outputs[&Role::Rejected];
    assert!(rejected.iter().all(|r| r.header("wirefold-reject-stage") == "wire"), "{rejected:?}");
    assert!(rejected.iter().all(|r| r.key().starts_with('k')));
    let unique = found.outputs[&Role::Unique].len();
    assert!((1..115).contains(&unique), "{unique} of 115 are unique");
    let stories = &found.outputs[&Role::Stories];
    assert!(!stories.is_empty() && stories.iter().all(|s| s.key.is_some()));
}

#[test]
fn a_daemon_continues_where_the_last_one_was_stopped() {
    let deployment = Deployment::new("stop", "exactly_once");
    for _ in 0..3 {
        deployment.produce(60);
        let daemon = deployment.start("", &[]);
        deployment.is_through(&daemon);
        daemon.stops();
    }
    deployment.holds();
}

/// When articles leave the window, their state records, stories and journals get tombstones.
#[test]
fn articles_that_leave_the_window_get_tombstones_in_compacted_topics() {
    let deployment = Deployment::with("window", "exactly_once", &["engine.window=10m"]);
    let start = now() - 7_200_000;
    for _ in 0..2 {
        deployment.produce_stamped(600, |n, _| Some(start + n as i64 * 5_000));
        let daemon = deployment.start("", &[]);
        deployment.is_through(&daemon);
        daemon.kill();
    }
    let verdict = deployment.ends_well();
    let found = deployment.found(Isolation::Committed);
    let tombstones = |records: &[crate::outside::Record], prefix: &str| {
        let deleted = records.iter().filter(|r| r.value.is_none() && r.key().starts_with(prefix));
        deleted.count()
    };
    assert!(tombstones(&found.outputs[&Role::Stories], "") > 100, "too few tombstones of stories");
    assert!(
        tombstones(&found.state, "a/") > verdict.classified / 2,
        "too few tombstones of articles"
    );
    assert!(tombstones(&found.state, "b/") > 0, "no tombstones of journals");
}

/// Duration of the embargo in the test below: `QUIET_SECONDS`, or else 20 seconds.
fn quiet_seconds() -> u64 {
    std::env::var("QUIET_SECONDS").map_or(20, |s| s.parse().expect("QUIET_SECONDS is a number"))
}

/// The clock advances without further input, so that an embargo ends on time.
#[test]
fn an_embargo_ends_on_an_idle_wire() {
    let deployment = Deployment::new("quiet", "exactly_once");
    let daemon = deployment.start("", &[]);
    daemon.says("phase=running");
    deployment.produce(20);
    let quiet = Duration::from_secs(quiet_seconds());
    let until = now() + quiet.as_millis() as i64;
    deployment.produce_article(&serde_json::json!({
        "uri": "urn:made-up:quiet", "headline": "Ships sail", "language": "en",
        "body": "All ships of the northern line sail at noon, its owners said.",
        "embargoed": EventTime(until).to_string(),
    }));
    deployment.is_through(&daemon);
    let forwarded = || {
        let found = deployment.found(Isolation::Committed);
        let unique = &found.outputs[&Role::Unique];
        unique.iter().find(|r| !r.header("wirefold-embargoed").is_empty()).map(|r| r.timestamp)
    };
    assert_eq!(forwarded(), None, "the article is under embargo");
    std::thread::park_timeout(quiet.saturating_sub(PATIENCE / 2));
    let at = eventually(forwarded).expect("the article is forwarded");
    assert!((0..5_000).contains(&(at - until)), "forwarded {} ms after the embargo", at - until);
    daemon.stops();
    deployment.holds();
}

/// With a large backlog and slow output, the amount of input that is read ahead stays bounded.
#[test]
fn a_large_backlog_does_not_raise_memory() {
    const LARGE: usize = 100_000;
    const COUNT: usize = 4_000;
    let deployment = Deployment::new("backlog", "exactly_once");
    let idle = deployment.start("", &[]);
    idle.says("phase=running");
    let before = idle.peak_mb();
    idle.stops();
    deployment.produce_large(COUNT, LARGE);
    let daemon = deployment.start("after-flush=sleep(250)", &[]);
    let mut answered = 0;
    for _ in 0..6 {
        answered = deployment.moves_on(answered, &daemon);
    }
    assert!(answered < COUNT / 4, "{answered} items are answered; the output should be slow");
    let peak = daemon.peak_mb();
    assert!(peak < before + 300, "peak {peak} MB, {before} MB when idle; the backlog has 400 MB");
    daemon.kill();
}

#[test]
fn a_recreated_input_topic_stops_the_daemon() {
    let deployment = Deployment::new("recreated", "exactly_once");
    deployment.produce(50);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.deletes("articles");
    let created = eventually(|| deployment.makes_input().then_some(()));
    assert!(created.is_some(), "cannot create the input topic again");
    deployment.produce(200);
    let daemon = deployment.start("", &[]);
    daemon.says("start.reset");
    assert_eq!(daemon.wait().code(), Some(1));
}
