//! Commits whose answers are lost or late, and one that reaches the broker in the next transaction.

use crate::deployment::{Deployment, PATIENCE, PATIENT, tally};
use crate::proxy::{Outcome, Proxy, Trick, proxy};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

const ROUNDS: usize = 3;

/// Plays a trick on one commit after another, and gives what came of each.
fn tricked(name: &str, trick: Trick) -> Vec<Outcome> {
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
        daemon.says_again("phase=Recovering", round);
        daemon.says_again("phase=Running", round + 1);
        before = deployment.moves_on(before, &daemon);
        outcome
    });
    let outcomes = outcomes.collect();
    deployment.is_through(&daemon);
    assert_eq!(daemon.times("Restoring"), 1, "none cost a rebuild:\n{}", daemon.log());
    daemon.stops();
    tally("tricks", ROUNDS);
    deployment.holds();
    outcomes
}

#[test]
fn an_answer_that_is_lost() {
    let outcomes = tricked("lost", Trick::DropAnswer);
    assert_eq!(outcomes, [Outcome::Played; ROUNDS]);
}

#[test]
fn an_answer_that_is_late() {
    let outcomes = tricked("late", Trick::DelayAnswer(Duration::from_millis(1_500)));
    assert_eq!(outcomes, [Outcome::Played; ROUNDS]);
}

/// The request comes with the epoch of a producer that is no more: the broker refuses it.
#[test]
fn a_request_that_reaches_the_next_transaction() {
    for outcome in tricked("held", Trick::HoldRequest) {
        assert!(matches!(outcome, Outcome::Answered(code) if code != 0), "{outcome:?}");
    }
}

/// What that would do to a producer that goes on after a commit that went through on its second try:
/// the request ends a transaction that it does not belong to.
#[test]
fn without_a_new_producer_that_request_ends_the_wrong_transaction() {
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
    assert_eq!(proxy.outcome(&id), Outcome::Answered(0), "the broker took it, {flushed:?}");
}
