//! Articles in, events out; stopped, killed, started again.

use crate::deployment::{Daemon, Deployment, eventually};
use crate::published::{answered, await_answers, holds, read};

fn log(daemon: &Daemon) -> impl Fn() -> String {
    || daemon.log()
}

#[test]
fn articles_in_events_out_read_back_by_another_client() {
    let deployment = Deployment::new("flow", "exactly_once");
    deployment.produce(120);
    let daemon = deployment.start("", &[]);
    await_answers(&deployment, 120, log(&daemon));
    assert!(daemon.stop().success());
    holds(&deployment);
    let rejected = read(&deployment.topic("rejected"));
    assert!(rejected.iter().all(|r| r.header("wirefold-reject-stage") == "wire"), "{rejected:?}");
    assert!(rejected.iter().all(|r| r.key.as_ref().is_some_and(|key| key.starts_with('k'))));
    let unique = read(&deployment.topic("unique"));
    assert!(!unique.is_empty() && unique.len() < 120, "{} of 120 are unique", unique.len());
    let stories = read(&deployment.topic("stories"));
    assert!(stories.iter().all(|s| s.key.is_some() && s.payload.is_some()), "live stories");
}

#[test]
fn a_graceful_stop_commits_and_the_next_start_goes_on() {
    let deployment = Deployment::new("stop", "exactly_once");
    for _ in 0..3 {
        deployment.produce(60);
        let daemon = deployment.start("", &[]);
        await_answers(&deployment, deployment.made(), log(&daemon));
        assert!(daemon.stop().success());
    }
    holds(&deployment);
}

/// SIGKILL at an arbitrary moment, with work in flight and progress between kills.
fn killed(delivery: &'static str) {
    let deployment = Deployment::new("killed", delivery);
    let mut before = 0;
    for round in 0..4 {
        deployment.produce(400);
        let daemon = deployment.start("", &[]);
        let moved = eventually(|| Some(answered(&deployment)).filter(|now| *now > before));
        let now = moved.unwrap_or_else(|| panic!("no progress:\n{}", daemon.log()));
        before = now;
        deployment.produce(200);
        daemon.kill();
        assert!(round == 3 || answered(&deployment) < deployment.made(), "work was in flight");
    }
    let daemon = deployment.start("", &[]);
    await_answers(&deployment, deployment.made(), log(&daemon));
    assert!(daemon.stop().success());
    holds(&deployment);
}

#[test]
fn killed_in_the_middle_nothing_is_lost_or_doubled() {
    killed("exactly_once");
}

#[test]
fn killed_in_the_middle_without_transactions_repeats_are_equal() {
    killed("at_least_once");
}

#[test]
fn an_input_topic_made_anew_stops_the_daemon() {
    let deployment = Deployment::new("anew", "exactly_once");
    deployment.produce(50);
    let daemon = deployment.start("", &[]);
    await_answers(&deployment, 50, log(&daemon));
    assert!(daemon.stop().success());
    deployment.delete_input();
    let made = eventually(|| deployment.makes_input().then_some(()));
    assert!(made.is_some(), "the topic was made anew");
    deployment.produce(200);
    let daemon = deployment.start("", &[]);
    let ended = eventually(|| daemon.log().contains("start.reset").then_some(()));
    assert!(ended.is_some(), "{}", daemon.log());
    assert_eq!(daemon.wait().code(), Some(1));
}
