//! Tests the configuration: the file in `config/` documents every setting with its default, sources
//! override each other in order, and errors name the setting.

use expect_test::expect_file;
use std::path::Path;
use wirefold::config::{Config, document};

fn load(file: Option<&Path>, env: &[(&str, &str)], sets: &[&str]) -> Result<Config, String> {
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
    Config::load(file, env, &sets).map_err(|e| e.to_string())
}

/// `UPDATE_EXPECT=1 cargo test config` regenerates the file after a setting was added or changed.
#[test]
fn the_file_documents_every_key_with_its_default() {
    expect_file!["../../config/wirefold.toml"].assert_eq(&document::document());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.toml");
    std::fs::write(&path, document::document()).unwrap();
    assert_eq!(load(Some(&path), &[], &[]).unwrap(), Config::default());
}

#[test]
fn every_setting_has_a_description() {
    let rows = document::table();
    assert!((41..=50).contains(&rows.len()), "{} settings", rows.len());
    let undocumented: Vec<&str> = rows
        .iter()
        .filter(|(_, _, meaning)| meaning.is_empty())
        .map(|(key, _, _)| key.as_str())
        .collect();
    assert_eq!(undocumented, [""; 0], "settings without a description");
}

#[test]
fn every_key_of_the_schema_is_in_the_file() {
    let table: toml::Table = document::document().parse().unwrap();
    for (key, _, _) in document::table() {
        let mut at = &toml::Value::Table(table.clone());
        for part in key.split('.') {
            at = at.get(part).unwrap_or_else(|| panic!("`{key}` is not in the file"));
        }
    }
}

#[test]
fn arguments_override_the_environment_and_the_environment_overrides_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    let text = "[engine]\nwindow = \"10h\"\n[group]\nid = \"file\"\n[input]\ntopic = \"file\"\n";
    std::fs::write(&path, text).unwrap();
    let env = [("WIREFOLD__GROUP__ID", "env"), ("WIREFOLD__INPUT__TOPIC", "env"), ("HOME", "/")];
    let config = load(Some(&path), &env, &["input.topic=set"]).unwrap();
    assert_eq!(config.engine.window.to_string(), "10h");
    assert_eq!((config.group.id.as_str(), config.input.topic.as_str()), ("env", "set"));
}

#[test]
fn errors_name_their_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    std::fs::write(&path, "[engin]\n").unwrap();
    let said = load(Some(&path), &[], &[]).unwrap_err();
    let want = format!("{}: unknown setting `engin`; did you mean `engine`?", path.display());
    assert_eq!(said, want);
    std::fs::write(&path, "[engine\n").unwrap();
    let said = load(Some(&path), &[], &[]).unwrap_err();
    assert!(said.contains("own.toml") && said.contains("line 1"), "{said}");
    let said = load(None, &[("WIREFOLD__DELIVERY", "twice")], &[]).unwrap_err();
    assert!(said.starts_with("WIREFOLD__DELIVERY: "), "{said}");
    let said = load(None, &[], &["batch.records_max=many"]).unwrap_err();
    assert!(said.starts_with("--set batch.records_max: "), "{said}");
    let said = load(Some(Path::new("/nowhere.toml")), &[], &[]).unwrap_err();
    assert_eq!(
        said, "cannot read the configuration file `/nowhere.toml`",
        "the I/O error is the source of this error, not part of its message"
    );
}

#[test]
fn kafka_settings_keep_their_librdkafka_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.toml");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let text = format!(
        "[kafka]\nbootstrap.servers = \"a:1\"\nsasl.password = \"file:{}\"\n\"linger.ms\" = 3\n",
        secret.display()
    );
    std::fs::write(&path, text).unwrap();
    let env = [("WIREFOLD__KAFKA__SECURITY_PROTOCOL", "SASL_SSL")];
    let config = load(Some(&path), &env, &["kafka.bootstrap.servers=b:2"]).unwrap();
    let texts: Vec<(String, String)> =
        config.kafka.iter().map(|(k, v)| (k.clone(), v.text())).collect();
    let want = [
        ("bootstrap.servers", "b:2"),
        ("linger.ms", "3"),
        ("sasl.password", "hunter2"),
        ("security.protocol", "SASL_SSL"),
    ];
    assert_eq!(texts, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
    let shown = config.to_toml_redacted();
    assert!(shown.contains("\"sasl.password\" = \"***\""), "{shown}");
    assert!(!shown.contains("hunter2") && !format!("{config:?}").contains("hunter2"));
}

#[test]
fn errors_name_the_invalid_setting() {
    for (set, want) in [
        ("engine.windw=1h", "unknown setting `engine.windw`; did you mean `engine.window`?"),
        ("engine.verdict.reprnt=1", "did you mean `engine.verdict.reprint`?"),
        ("engine.tuning={}", "unknown setting `engine.tuning`"),
        ("output.topic=x", "unknown setting `output.topic`; did you mean `input.topic`?"),
        ("engine.window=soon", "`engine.window`: `soon` is not a duration"),
        ("engine.window=5", "expected a duration such as `120h` or `30s`, found `5`"),
        ("engine.window=[1]", "`engine.window`: expected a duration such as `120h`"),
        ("engine=3", "`engine`: expected a section of settings, found `3`"),
        (
            "engine.verdict={partial=[]}",
            "`engine.verdict.partial`: expected a number, found a list",
        ),
        ("shards=3", "`shards`: expected a list"),
        ("http.page=maybe", "`http.page`: expected `true` or `false`, found \"maybe\""),
        ("batch.records_max=many", "`batch.records_max`: expected a whole number"),
        ("output.partitions=1.5", "`output.partitions`: expected a whole number"),
        ("engine.window=0s", "`engine.window`: must be greater than zero"),
        ("engine.window=900h", "`engine.identity`: is 720h; it must not be shorter than"),
        ("engine.live_articles_max=0", "expected a whole number of at least 1, found `0`"),
        ("engine.live_articles_max=20000000", "is 20000000; it must not exceed 16777215"),
        ("engine.verdict.reprint=7", "must be between 0 and 1"),
        ("engine.verdict.partial=nan", "must be between 0 and 1"),
        ("engine.verdict.partial=0.95", "must not exceed `engine.verdict.contained`, which is 0.9"),
        ("engine.verdict.run_words=0", "expected a whole number of at least 1, found `0`"),
        ("engine.stories.join=-3", "must be between 0 and 1"),
        (
            "engine.verdict.unique.survivor=best",
            "`engine.verdict.unique.survivor`: expected one of `first`, `newest`, `longest`",
        ),
        ("engine.stories.lead=best", "`engine.stories.lead`: expected one of `fullest`, `first`"),
        (
            "engine.preferred_publishers=[\"-\"]",
            "`engine.preferred_publishers`: `-` is not the name of a publisher",
        ),
        ("engine.preferred_publishers=Northwire", "expected a list"),
        ("engine.late_after=-1h", "`engine.late_after`: must not be negative"),
        ("batch.records_max=0", "expected a whole number of at least 1, found `0`"),
        ("delivery=twice", "`delivery`: expected `exactly_once` or `at_least_once`, found `twice`"),
        ("kafka.group.id=x", "`kafka.group.id`: is managed by wirefold"),
        ("http.listen=0.0.0.0:80", "so `http.token_file` is required"),
        ("http.path=wirefold", "`http.path`: `wirefold` is not a path such as `/wirefold`"),
        ("http.path=/wirefold/", "`/wirefold/` is not a path"),
        ("http.path=/{id}", "`/{id}` is not a path"),
        ("http.path=/..", "`/..` is not a path"),
        ("http.listen=here", "`http.listen`: `here` is not an address and port"),
        ("output.events=", "`output.events`: must not be empty"),
        (
            "output.events=wire.state",
            "`output`: topic `wire.state` is named twice; input and output topics must have",
        ),
        ("standby.shards=[1]", "`standby.shards`: there is no shard 1; shards are numbered 0 to 0"),
        ("output.replication=0", "`output.replication`: must be greater than zero, or -1"),
        (
            "kafka.ssl.key.location=file:/nowhere",
            "`kafka.ssl.key.location`: cannot read `/nowhere`",
        ),
        ("nonsense", "expected KEY=VALUE"),
    ] {
        let error = load(None, &[], &[set]).unwrap_err();
        assert!(error.contains(want), "{set}: {error}");
        for name in ["struct", "u32", "u16", "usize", "f64", "sequence", "invalid type"] {
            assert!(!error.contains(name), "{set}: {error} names a type of Rust");
        }
    }
    let error = load(None, &[], &["engine.foo=1"]).unwrap_err();
    assert!(!error.contains("did you mean `engine`?"), "{error}");
    let error = load(None, &[], &["frobnicate=1"]).unwrap_err();
    assert!(error.ends_with("unknown setting `frobnicate`"), "no key is similar: {error}");
}

#[test]
fn the_settings_hash_covers_only_settings_that_affect_verdicts() {
    let hash = |sets: &[&str]| load(None, &[], sets).unwrap().settings_hash();
    assert_eq!(hash(&[]), hash(&["group.id=x", "batch.records_max=7"]));
    assert_ne!(hash(&[]), hash(&["engine.window=1h"]));
    for set in [
        "engine.verdict.unique.novel_words=26",
        "engine.verdict.unique.survivor=newest",
        "engine.preferred_publishers=[\"Northwire\"]",
        "engine.stories.lead=first",
        "engine.stories.count_publishers=all_languages",
    ] {
        assert_ne!(hash(&[]), hash(&[set]), "{set}");
    }
    assert_eq!(hash(&[]).len(), 16);
}
