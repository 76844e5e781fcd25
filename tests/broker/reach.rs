//! Brokers that cannot be reached: `run` and `check --connect` say why.

use crate::deployment::{Deployment, bootstrap};

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("tests/broker/run sets {name}"))
}

/// What `run` does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Waits,
    Ends,
}

/// Both say every one of `words` when they connect with `sets`.
fn says(run: Run, sets: &[String], words: &[&str]) {
    let deployment = Deployment::new("reach", "exactly_once");
    let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
    let (code, checked) = deployment.check(&sets);
    assert_eq!(code, Some(1), "{checked}");
    let daemon = deployment.start("", &sets);
    let ran = match run {
        Run::Waits => {
            daemon.says("waiting for the broker");
            daemon.log()
        }
        Run::Ends => {
            let (ended, log) = daemon.ends();
            assert_eq!(ended.code(), Some(1), "{log}");
            log
        }
    };
    for said in [checked, ran] {
        for word in words {
            assert!(said.contains(word), "`{word}` is not said:\n{said}");
        }
        assert_eq!(said.matches(words[0]).count(), 1, "said once:\n{said}");
    }
}

fn at(address: &str) -> String {
    format!("kafka.bootstrap.servers={address}")
}

fn sasl(mechanism: &str, password: &str) -> [String; 5] {
    [
        at(&env("KAFKA_SASL")),
        "kafka.security.protocol=sasl_plaintext".into(),
        format!("kafka.sasl.mechanism={mechanism}"),
        "kafka.sasl.username=limited".into(),
        format!("kafka.sasl.password={password}"),
    ]
}

fn tls(address: &str, ca: &str) -> [String; 3] {
    [
        at(address),
        "kafka.security.protocol=ssl".into(),
        format!("kafka.ssl.ca.location={}", env(ca)),
    ]
}

#[test]
fn a_wrong_password_or_mechanism_is_said() {
    let address = env("KAFKA_SASL");
    let wrong = ["SASL authentication error", &address, "kafka.sasl.password"];
    says(Run::Ends, &sasl("PLAIN", "wrong"), &wrong);
    let absent = ["mechanism handshake failed", &address, "PLAIN", "kafka.sasl.mechanism"];
    says(Run::Ends, &sasl("SCRAM-SHA-256", "right"), &absent);
}

#[test]
fn a_certificate_that_does_not_fit_is_said() {
    let address = env("KAFKA_TLS");
    let words = ["certificate verify failed", &address, "kafka.ssl.ca.location"];
    says(Run::Ends, &tls(&address, "KAFKA_OTHER_CA"), &words);
    says(Run::Ends, &tls(&address, "KAFKA_CA"), &words);
    let any_host = "kafka.ssl.endpoint.identification.algorithm=none".to_owned();
    let fits: Vec<String> = tls(&address, "KAFKA_CA").into_iter().chain([any_host]).collect();
    let deployment = Deployment::new("reached", "exactly_once");
    let (code, said) = deployment.check(&fits.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn tls_on_one_side_only_is_said() {
    let (plain, secured) = (bootstrap(), env("KAFKA_TLS"));
    let words = ["connecting to a PLAINTEXT broker listener?", &plain, "kafka.security.protocol"];
    says(Run::Waits, &tls(&plain, "KAFKA_CA"), &words);
    let words = ["Disconnected", &secured, "kafka.security.protocol"];
    says(Run::Waits, &[at(&secured)], &words);
}

#[test]
fn nobody_there_and_a_host_without_address_are_said() {
    let words = ["Connection refused", "127.0.0.1:9", "kafka.bootstrap.servers"];
    says(Run::Waits, &[at("127.0.0.1:9")], &words);
    let words = ["Failed to resolve", "broker.invalid:9092", "kafka.bootstrap.servers"];
    says(Run::Waits, &[at("broker.invalid:9092")], &words);
}
