//! Removes each permission that `deploy/README.md` lists, one at a time: `run` and `check
//! --connect` must name the missing one.

use crate::deployment::Deployment;
use crate::outside::java;

/// The user of this test, separate so that its missing permissions do not affect other tests.
const USER: &str = "User:limited";

/// The settings with which the limited user connects.
fn limited() -> [String; 5] {
    let address = std::env::var("KAFKA_SASL").expect("KAFKA_SASL is not set; use tests/broker/run");
    [
        format!("kafka.bootstrap.servers={address}"),
        "kafka.security.protocol=sasl_plaintext".into(),
        "kafka.sasl.mechanism=PLAIN".into(),
        "kafka.sasl.username=limited".into(),
        "kafka.sasl.password=right".into(),
    ]
}

/// A permission: an operation, the resource type, and the prefix of the resource's name.
type Permission<'a> = [&'a str; 3];

/// Gives back the permissions `before` and removes those in `now`, both in one Java process.
fn change(before: &[Permission<'_>], now: &[Permission<'_>]) {
    let allowed = before.iter().map(|permission| ("allow", permission));
    let changes = allowed.chain(now.iter().map(|permission| ("refuse", permission)));
    let args = changes.flat_map(|(what, [operation, on, name])| [what, USER, operation, on, name]);
    java("Rights", &args.collect::<Vec<_>>());
}

/// The output of `check --connect` and the log of `run`, which must both fail without the
/// permissions `missing`.
fn outputs(deployment: &Deployment, missing: &[Permission<'_>]) -> [String; 2] {
    let user = limited();
    let user: Vec<&str> = user.iter().map(String::as_str).collect();
    let (code, checked) = deployment.check(&user);
    assert_eq!(code, Some(1), "check without {missing:?}: {checked}");
    let (ended, ran) = deployment.start("", &user).ends();
    assert_eq!(ended.code(), Some(1), "run without {missing:?}: {ran}");
    [checked, ran]
}

#[test]
fn a_missing_permission_is_named_once() {
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
    let all: Vec<_> = named.into_iter().chain([group, id]).collect();
    let kinds: Vec<String> = all.iter().map(|(on, ..)| on.replace(' ', "_")).collect();
    let mut before: Vec<Permission<'_>> = Vec::new();
    for ((on, name, right), kind) in all.iter().zip(&kinds) {
        let operation = if *right == "DescribeConfigs" { "DESCRIBE_CONFIGS" } else { right };
        let now: Vec<Permission<'_>> = vec![[operation, kind, name]];
        change(&before, &now);
        let words = format!("missing permission: {right} on {on} `{name}");
        for output in outputs(&deployment, &now) {
            let last = output.lines().last().unwrap();
            assert!(last.contains(&words), "{words}:\n{output}");
            assert!(last.contains(&limited()[0]["kafka.bootstrap.servers=".len()..]), "{output}");
            assert_eq!(
                output.matches("missing permission:").count(),
                1,
                "named more than once:\n{output}"
            );
        }
        before = now;
    }
    change(&before, &[]);
}

#[test]
fn a_missing_permission_to_create_topics_is_named() {
    let deployment = Deployment::new("create", "exactly_once");
    let rights = [["CREATE", "CLUSTER", "kafka-cluster"], ["CREATE", "TOPIC", &deployment.prefix]];
    change(&[], &rights);
    for output in outputs(&deployment, &rights) {
        assert!(output.contains("missing permission: Create on topic"), "{output}");
    }
    change(&rights, &[]);
}
