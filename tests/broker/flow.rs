//! Articles in, events out; stopped, killed, started again.

use crate::deployment::{Deployment, eventually, now};
use crate::outside::Isolation;
use wirefold::daemon::pipeline::broker::Role;
use wirefold_engine::article::EventTime;

#[test]
fn articles_in_events_out_read_back_by_another_client() {
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
fn a_graceful_stop_commits_and_the_next_start_goes_on() {
    let deployment = Deployment::new("stop", "exactly_once");
    for _ in 0..3 {
        deployment.produce(60);
        let daemon = deployment.start("", &[]);
        deployment.is_through(&daemon);
        daemon.stops();
    }
    deployment.holds();
}

/// What an article says does not outlast its window: stories close, and so do their records and the
/// journals, in the same transactions.
#[test]
fn what_leaves_the_window_leaves_every_topic() {
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
        let gone = records.iter().filter(|r| r.value.is_none() && r.key().starts_with(prefix));
        gone.count()
    };
    assert!(tombstones(&found.outputs[&Role::Stories], "") > 100, "stories closed");
    assert!(tombstones(&found.state, "a/") > verdict.classified / 2, "articles left");
    assert!(tombstones(&found.state, "b/") > 0, "journals left");
}

/// No record comes after an embargoed one, and the clock goes on all the same.
#[test]
fn an_embargo_ends_on_a_quiet_wire() {
    let deployment = Deployment::new("quiet", "exactly_once");
    let daemon = deployment.start("", &[]);
    daemon.says("Running");
    deployment.produce(20);
    let until = now() + 10_000;
    deployment.produce_article(&serde_json::json!({
        "uri": "urn:made-up:quiet", "headline": "Ships sail", "language": "en",
        "body": "All ships of the northern line sail at noon, its owners said.",
        "embargoed": EventTime(until).to_string(),
    }));
    deployment.is_through(&daemon);
    let passed_on = || {
        let found = deployment.found(Isolation::Committed);
        let unique = &found.outputs[&Role::Unique];
        unique.iter().find(|r| !r.header("wirefold-embargoed").is_empty()).map(|r| r.timestamp)
    };
    assert_eq!(passed_on(), None, "it waits");
    let at = eventually(passed_on).expect("it is passed on");
    assert!((0..5_000).contains(&(at - until)), "{} ms after its time", at - until);
    daemon.stops();
    deployment.holds();
}

/// Output is slow and the backlog large: what is read and not yet written stays bounded.
#[test]
fn a_backlog_is_not_read_into_memory() {
    const LARGE: usize = 100_000;
    const COUNT: usize = 4_000;
    let more = ["batch.bytes_max=1000000", "batch.ahead_bytes_max=1000000"];
    let deployment = Deployment::with("backlog", "exactly_once", &more);
    let idle = deployment.start("", &[]);
    idle.says("Running");
    let before = idle.peak_mb();
    idle.stops();
    deployment.produce_large(COUNT, LARGE);
    let daemon = deployment.start("after-flush=sleep(250)", &[]);
    let mut answered = 0;
    for _ in 0..6 {
        answered = deployment.moves_on(answered, &daemon);
    }
    assert!(answered < COUNT / 4, "{answered} are answered: the output was to be slow");
    let peak = daemon.peak_mb();
    assert!(peak < before + 150, "{peak} MB where {before} are held idle, of a backlog of 400");
    daemon.kill();
}

#[test]
fn an_input_topic_made_anew_stops_the_daemon() {
    let deployment = Deployment::new("anew", "exactly_once");
    deployment.produce(50);
    let daemon = deployment.start("", &[]);
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.deletes("articles");
    let made = eventually(|| deployment.makes_input().then_some(()));
    assert!(made.is_some(), "the topic was made anew");
    deployment.produce(200);
    let daemon = deployment.start("", &[]);
    daemon.says("start.reset");
    assert_eq!(daemon.wait().code(), Some(1));
}
