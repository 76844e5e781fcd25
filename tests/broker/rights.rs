//! Every right of `deploy/README.md`, taken away in turn: `run` and `check --connect` name it.

use crate::deployment::Deployment;
use crate::outside::java;

/// A user of the broker's own, so that what it may not do is no matter to other tests.
const USER: &str = "User:limited";

/// How the limited user connects.
fn limited() -> [String; 5] {
    let address = std::env::var("KAFKA_SASL").expect("tests/broker/run sets KAFKA_SASL");
    [
        format!("kafka.bootstrap.servers={address}"),
        "kafka.security.protocol=sasl_plaintext".into(),
        "kafka.sasl.mechanism=PLAIN".into(),
        "kafka.sasl.username=limited".into(),
        "kafka.sasl.password=right".into(),
    ]
}

/// A right: an operation, the kind of resource, and what its name begins with.
type Right<'a> = [&'a str; 3];

/// Takes rights away, and gives what `check --connect` and `run` say.
fn without(deployment: &Deployment, rights: &[Right<'_>]) -> [String; 2] {
    let user = limited();
    let user: Vec<&str> = user.iter().map(String::as_str).collect();
    let each = |what: &str| {
        for [operation, on, name] in rights {
            java("Rights", &[what, USER, operation, on, name]);
        }
    };
    each("refuse");
    let (code, checked) = deployment.check(&user);
    assert_eq!(code, Some(1), "check without {rights:?}: {checked}");
    let (ended, ran) = deployment.start("", &user).ends();
    assert_eq!(ended.code(), Some(1), "run without {rights:?}: {ran}");
    each("allow");
    [checked, ran]
}

#[test]
fn a_missing_right_is_named() {
    let deployment = Deployment::new("rights", "exactly_once");
    deployment.produce(20);
    deployment.ends_well();
    let topics = [
        ("articles", "Describe"),
        ("articles", "DescribeConfigs"),
        ("articles", "Read"),
        ("events", "Describe"),
        ("events", "DescribeConfigs"),
        ("events", "Write"),
        ("unique", "Write"),
        ("state", "DescribeConfigs"),
        ("state", "Read"),
        ("state", "Write"),
    ];
    let named = topics.map(|(name, right)| ("topic", deployment.topic(name), right));
    let group = ("group", deployment.prefix.clone(), "Read");
    let id = ("transactional id", deployment.prefix.clone(), "Write");
    for (on, name, right) in named.into_iter().chain([group, id]) {
        let kind = on.replace(' ', "_");
        let operation = if right == "DescribeConfigs" { "DESCRIBE_CONFIGS" } else { right };
        let words = format!("no right to {right} {on} `{name}");
        for said in without(&deployment, &[[operation, &kind, &name]]) {
            let last = said.lines().last().unwrap();
            assert!(last.contains(&words), "{words}:\n{said}");
            assert!(last.contains(&limited()[0]["kafka.bootstrap.servers=".len()..]), "{said}");
            assert_eq!(said.matches("no right to").count(), 1, "said once:\n{said}");
        }
    }
}

#[test]
fn the_missing_right_to_make_a_topic_is_named() {
    let deployment = Deployment::new("create", "exactly_once");
    let rights = [["CREATE", "CLUSTER", "kafka-cluster"], ["CREATE", "TOPIC", &deployment.prefix]];
    for said in without(&deployment, &rights) {
        assert!(said.contains("no right to Create topic"), "{said}");
    }
}
