//! The process ends at every named point, and nothing is lost or doubled.

use crate::deployment::{Deployment, eventually};
use crate::published::{await_answers, holds};

/// Ends the daemon at each point in turn, then lets one run to the end.
fn struck(delivery: &'static str, points: &[(&str, &str)]) {
    let deployment = Deployment::new("points", delivery);
    deployment.produce(300);
    for (point, when) in points {
        deployment.produce(150);
        let daemon = deployment.start(&format!("{point}={when}"), &[]);
        let hit = eventually(|| daemon.log().contains(&format!("failpoint {point}")).then_some(()));
        assert!(hit.is_some(), "`{point}` was not hit:\n{}", daemon.log());
        assert!(!daemon.wait().success());
    }
    let daemon = deployment.start("", &[]);
    await_answers(&deployment, deployment.made(), || daemon.log());
    assert!(daemon.stop().success());
    holds(&deployment);
}

#[test]
fn ended_at_every_point_exactly_once() {
    struck(
        "exactly_once",
        &[
            ("after-fence", "return"),
            ("after-recall", "return"),
            ("after-open", "return"),
            ("after-poll", "1*off->return"),
            ("mid-apply", "20*off->return"),
            ("after-apply", "1*off->return"),
            ("before-begin", "2*off->return"),
            ("mid-produce", "60*off->return"),
            ("after-outputs", "1*off->return"),
            ("before-position", "2*off->return"),
            ("after-position", "1*off->return"),
            ("after-flush", "1*off->return"),
            ("before-commit", "1*off->return"),
            ("in-commit", "1*off->return"),
            ("after-commit", "1*off->return"),
            ("after-publish", "1*off->return"),
            ("mid-restore", "30*off->return"),
        ],
    );
}

#[test]
fn ended_at_every_point_at_least_once() {
    struck(
        "at_least_once",
        &[
            ("after-open", "return"),
            ("after-plan", "1*off->return"),
            ("mid-produce", "60*off->return"),
            ("after-outputs", "1*off->return"),
            ("before-position", "return"),
            ("after-position", "1*off->return"),
            ("before-end", "return"),
            ("after-flush", "1*off->return"),
            ("after-commit", "1*off->return"),
            ("mid-restore", "30*off->return"),
        ],
    );
}
