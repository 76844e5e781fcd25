//! Tests panics and suspensions: the daemon must continue, or end with a log message that gives the
//! reason.

use crate::deployment::{Deployment, PATIENT, SLOW, tally};
use crate::outside::Isolation;
use std::time::Duration;
use wirefold::daemon::pipeline::broker::Role;

/// A record causes a panic in the middle of a batch, after earlier records have changed the state.
#[test]
fn a_panic_rejects_only_the_record_that_causes_it() {
    for delivery in ["exactly_once", "at_least_once"] {
        let deployment = Deployment::with("panics", delivery, &[PATIENT]);
        deployment.produce(300);
        let daemon = deployment.start("mid-apply=130*off->1*panic(injected)->off", &[]);
        deployment.is_through(&daemon);
        let log = daemon.log();
        daemon.stops();
        assert!(
            log.contains("injected") && log.contains("cannot be processed and will be rejected"),
            "{log}"
        );
        let found = deployment.found(Isolation::Committed);
        let rejected = found.outputs[&Role::Rejected].iter();
        let stages = rejected.map(|reject| reject.header("wirefold-reject-stage"));
        assert_eq!(stages.filter(|stage| *stage == "processing").count(), 1, "{log}");
    }
}

/// If panics that are not caused by a record repeat, the process ends. The next process continues.
#[test]
fn repeated_panics_of_a_pipeline_end_the_process() {
    let deployment = Deployment::with("panicking", "exactly_once", &[PATIENT]);
    deployment.produce(100);
    let (ended, log) = deployment.start("after-poll=panic(injected)", &[]).ends();
    assert_eq!(ended.code(), Some(1), "{log}");
    assert!(log.contains("panics in a row") && log.contains("injected"), "{log}");
    deployment.ends_well();
}

/// The only instance is suspended for longer than the time limit of any call.
#[test]
fn a_suspended_process_continues_when_it_resumes() {
    let deployment = Deployment::new("suspended", "exactly_once");
    deployment.produce(600);
    let daemon = deployment.start(SLOW, &[]);
    deployment.moves_on(0, &daemon);
    daemon.freeze();
    deployment.produce(300);
    std::thread::park_timeout(Duration::from_secs(40));
    daemon.thaw();
    tally("freezes", 1);
    deployment.is_through(&daemon);
    daemon.stops();
    deployment.holds();
}
