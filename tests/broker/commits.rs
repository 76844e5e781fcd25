//! Tests commits whose responses are lost or late, and a commit request that reaches the broker
//! during the next transaction.

use crate::deployment::{Deployment, PATIENCE, PATIENT, tally};
use crate::proxy::{Outcome, Proxy, Trick, proxy};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

const ROUNDS: usize = 3;

/// Runs a daemon through the proxy, applies `trick` to [`ROUNDS`] commits, and returns the
/// outcomes. The daemon must recover each time without rebuilding its state.
fn run_with_trick(name: &str, trick: Trick) -> Vec<Outcome> {
    let proxied = format!("kafka.bootstrap.servers={}", Proxy::address());
    let deployment = Deployment::with(name, "exactly_once", &[&proxied, PATIENT]);
    let (proxy, id) = (proxy(), format!("{}.0", deployment.prefix));
    deployment.produce(300);
    let daemon = deployment.start("", &[]);
    let mut before = deployment.moves_on(0, &daemon);
    let outcomes = (1..=ROUNDS).map(|round| {
        proxy.play(&id, trick);
        deployment.produce(300);
        let outcome = proxy.outcome(&id);
        daemon.says_again("phase=recovering", round);
        daemon.says_again("phase=running", round + 1);
        before = deployment.moves_on(before, &daemon);
        outcome
    });
    let outcomes = outcomes.collect();
    deployment.is_through(&daemon);
    assert_eq!(daemon.times("phase=restoring"), 1, "the state was rebuilt:\n{}", daemon.log());
    daemon.stops();
    tally("tricks", ROUNDS);
    deployment.holds();
    outcomes
}

#[test]
fn a_lost_commit_response_is_recovered_without_a_rebuild() {
    let outcomes = run_with_trick("lost", Trick::DropAnswer);
    assert_eq!(outcomes, [Outcome::Played; ROUNDS]);
}

#[test]
fn a_late_commit_response_is_recovered_without_a_rebuild() {
    let outcomes = run_with_trick("late", Trick::DelayAnswer(Duration::from_millis(1_500)));
    assert_eq!(outcomes, [Outcome::Played; ROUNDS]);
}

/// The delayed request carries the epoch of the previous producer, so the broker rejects it.
#[test]
fn a_commit_request_delayed_into_the_next_transaction_is_rejected() {
    for outcome in run_with_trick("held", Trick::HoldRequest) {
        assert!(matches!(outcome, Outcome::Answered(code) if code != 0), "{outcome:?}");
    }
}

/// Shows the problem that the daemon avoids by creating a new producer: if a producer is reused
/// after the retry of its commit succeeded, the delayed first request ends the next transaction.
#[test]
fn without_a_new_producer_a_delayed_commit_request_ends_the_wrong_transaction() {
    let deployment = Deployment::new("naive", "exactly_once");
    let (proxy, id) = (proxy(), format!("{}.0", deployment.prefix));
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", Proxy::address())
        .set("transactional.id", &id)
        .create()
        .unwrap();
    let send = |text: &str| {
        let topic = deployment.topic("articles");
        let record: BaseRecord<'_, str, str> = BaseRecord::to(&topic).partition(0).payload(text);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    };
    producer.init_transactions(PATIENCE).unwrap();
    proxy.play(&id, Trick::HoldRequest);
    producer.begin_transaction().unwrap();
    send("first");
    producer.commit_transaction(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    send("second");
    let flushed = producer.flush(PATIENCE);
    assert_eq!(
        proxy.outcome(&id),
        Outcome::Answered(0),
        "the broker must accept the request, {flushed:?}"
    );
}
