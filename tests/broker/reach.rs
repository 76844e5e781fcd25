//! Tests unreachable brokers: `run` and `check --connect` must name the cause.

use crate::deployment::{Deployment, bootstrap};

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; use tests/broker/run"))
}

/// Whether `run` keeps retrying or exits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Waits,
    Ends,
}

/// Checks that `check` and `run` both print all `words` when they connect with the settings `sets`.
fn both_name(run: Run, sets: &[String], words: &[&str]) {
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
    assert!(!checked.contains("configuration OK"), "nothing is OK before the broker answers");
    for output in [checked, ran] {
        for word in words {
            assert!(output.contains(word), "`{word}` is missing:\n{output}");
        }
        assert_eq!(output.matches(words[0]).count(), 1, "named more than once:\n{output}");
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
fn topics_that_run_creates_are_counted_without_a_warning() {
    let deployment = Deployment::new("fresh", "exactly_once");
    let input = format!("input.topic={}", deployment.topic("missing"));
    let (code, output) = deployment.check(&[&input]);
    assert_eq!(code, Some(0), "{output}");
    assert!(output.contains("6 topics do not exist yet; `run` creates them\n"), "{output}");
    assert!(output.ends_with(")\n") && output.contains("\nconfiguration OK ("), "{output}");
    assert!(!output.contains("WARN"), "{output}");
}

#[test]
fn a_wrong_password_or_mechanism_is_named() {
    let address = env("KAFKA_SASL");
    let wrong = ["SASL authentication error", &address, "kafka.sasl.password"];
    both_name(Run::Ends, &sasl("PLAIN", "wrong"), &wrong);
    let unsupported = ["mechanism handshake failed", &address, "PLAIN", "kafka.sasl.mechanism"];
    both_name(Run::Ends, &sasl("SCRAM-SHA-256", "right"), &unsupported);
}

#[test]
fn an_invalid_broker_certificate_is_named() {
    let address = env("KAFKA_TLS");
    let words = ["certificate verify failed", &address, "kafka.ssl.ca.location"];
    both_name(Run::Ends, &tls(&address, "KAFKA_OTHER_CA"), &words);
    both_name(Run::Ends, &tls(&address, "KAFKA_CA"), &words);
    let any_host = "kafka.ssl.endpoint.identification.algorithm=none".to_owned();
    let fits: Vec<String> = tls(&address, "KAFKA_CA").into_iter().chain([any_host]).collect();
    let deployment = Deployment::new("reached", "exactly_once");
    let (code, output) = deployment.check(&fits.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(code, Some(0), "{output}");
}

#[test]
fn tls_on_only_one_side_is_named() {
    let (plain, secured) = (bootstrap(), env("KAFKA_TLS"));
    // Which TLS error the client reports depends on the version of OpenSSL.
    let words = ["`kafka.security.protocol`", &plain, "ssl://"];
    both_name(Run::Waits, &tls(&plain, "KAFKA_CA"), &words);
    let words = ["Disconnected", &secured, "kafka.security.protocol"];
    both_name(Run::Waits, &[at(&secured)], &words);
}

#[test]
fn a_refused_connection_and_an_unresolvable_host_are_named() {
    let words = ["Connection refused", "127.0.0.1:9", "kafka.bootstrap.servers"];
    both_name(Run::Waits, &[at("127.0.0.1:9")], &words);
    let words = ["Failed to resolve", "broker.invalid:9092", "kafka.bootstrap.servers"];
    both_name(Run::Waits, &[at("broker.invalid:9092")], &words);
}
