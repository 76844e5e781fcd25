//! What lies in `deploy/` against the code: metrics, alerts and settings that exist.
//!
//! `deploy/check` holds the same files to their own formats.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use wirefold::config::Config;
use wirefold::daemon::telemetry::metrics::{MetricKind, TABLE};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

fn dashboard() -> Value {
    serde_json::from_str(&read("grafana/dashboard.json")).unwrap()
}

/// Words of `text` that begin so.
fn words<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c| !part(c)).filter(|word| word.starts_with(start)).collect()
}

/// All text values below `key`, anywhere in a document.
fn texts(value: &Value, key: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner {
                    Value::String(text) if name == key => into.push(text.clone()),
                    inner => texts(inner, key, into),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, into)),
        _ => {}
    }
}

fn expressions() -> String {
    let (dashboard, mut all) = (dashboard(), Vec::new());
    texts(&dashboard, "expr", &mut all);
    texts(&dashboard, "query", &mut all);
    assert!(all.len() > 20, "{} expressions", all.len());
    all.join("\n")
}

/// The metric that a name in an expression is of.
fn exported(name: &str) -> Option<&'static str> {
    TABLE.iter().find_map(|metric| {
        let end = name.strip_prefix(metric.name)?;
        let histogram = metric.kind == MetricKind::Histogram;
        (end.is_empty() || histogram && ["_bucket", "_sum", "_count"].contains(&end))
            .then_some(metric.name)
    })
}

#[test]
fn dashboard_and_rules_name_exported_metrics_and_the_dashboard_all_of_them() {
    let (shown, rules) = (expressions(), read("prometheus/rules.yml"));
    for text in [&shown, &rules, &read("prometheus/rules.test.yml")] {
        let unknown: Vec<&str> =
            words(text, "wirefold_").into_iter().filter(|name| exported(name).is_none()).collect();
        assert_eq!(unknown, [""; 0], "not exported");
    }
    let seen: BTreeSet<_> = words(&shown, "wirefold_").into_iter().filter_map(exported).collect();
    let missing: Vec<_> =
        TABLE.iter().map(|m| m.name).filter(|name| !seen.contains(name)).collect();
    assert_eq!(missing, [""; 0], "on no panel");
    let plain: Vec<_> = words(&shown, "wirefold_")
        .into_iter()
        .filter(|name| TABLE.iter().any(|m| m.name == *name && m.kind == MetricKind::Histogram))
        .collect();
    assert_eq!(plain, [""; 0], "a histogram is read by its buckets");
}

#[test]
fn labels_in_expressions_are_those_of_the_metrics() {
    let known: BTreeSet<&str> = TABLE.iter().flat_map(|m| m.labels).copied().collect();
    let others = ["le", "job", "instance", "pod"];
    let rules = read("prometheus/rules.yml");
    for text in [expressions(), rules] {
        for by in text.split("by (").skip(1).chain(text.split("without (").skip(1)) {
            for label in by.split(')').next().unwrap().split(',').map(str::trim) {
                assert!(known.contains(label) || others.contains(&label), "`{label}`");
            }
        }
    }
}

/// A row a question; panels have a place of their own.
#[test]
fn the_dashboard_asks_questions_and_is_laid_out() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let rows = panels.iter().filter(|panel| panel["type"] == "row");
    let titles: Vec<&str> = rows.map(|row| row["title"].as_str().unwrap()).collect();
    assert!(titles.len() >= 5 && titles.iter().all(|title| title.ends_with('?')), "{titles:?}");
    assert_eq!(panels[0]["type"], "row");
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = &panel["title"];
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id is another's");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title} is wider than the grid");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{title} lies over another");
            }
        }
    }
}

#[test]
fn every_alert_says_what_to_do_and_is_tested_both_ways() {
    let (rules, tests) = (read("prometheus/rules.yml"), read("prometheus/rules.test.yml"));
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        let (name, rule) = alert.split_once('\n').unwrap();
        for part in ["labels: {severity: ", "summary: ", "action: "] {
            assert!(rule.contains(part), "{name} has no `{part}`");
        }
        let quiet = format!("{{alertname: {name}, eval_time:");
        assert!(tests.contains(&quiet), "{name} is not shown to keep still");
        let fires = format!("- alertname: {name}\n");
        assert!(tests.contains(&fires), "{name} is not shown to fire");
    }
}

#[test]
fn every_recording_rule_is_read_by_a_panel_or_an_alert() {
    let (rules, shown) = (read("prometheus/rules.yml"), expressions());
    let recorded = rules.split("- record: ").skip(1).map(|rule| rule.lines().next().unwrap());
    let read = format!("{shown}\n{}", rules.replace("- record: ", "- record: _"));
    let unread: Vec<&str> = recorded.filter(|name| !read.contains(&format!("{name}{{"))).collect();
    assert_eq!(unread, [""; 0]);
}

/// `RestartPreventExitStatus` holds for the main process alone: a check before it that exits 2
/// would be started again for ever.
#[test]
fn the_unit_is_not_restarted_for_bad_settings() {
    let unit = read("systemd/wirefold.service");
    let keys: Vec<&str> =
        unit.lines().filter_map(|line| line.split_once('=')).map(|(k, _)| k).collect();
    let before: Vec<_> =
        keys.iter().filter(|key| ["ExecStartPre", "ExecCondition"].contains(key)).collect();
    assert_eq!(before, [&""; 0]);
    assert!(unit.contains("\nRestart=always\n") && unit.contains("\nRestartPreventExitStatus=2\n"));
    let bad = std::process::Command::new(env!("CARGO_BIN_EXE_wirefold"))
        .args(["--log", "json", "--set", "engine.windw=1", "run"])
        .output()
        .unwrap();
    assert_eq!(bad.status.code(), Some(2), "the main process says so itself");
}

#[test]
fn settings_in_deployments_exist() {
    let file = folder().join("kubernetes/wirefold.toml");
    let config = Config::load(Some(&file), [], &[]).unwrap();
    assert_eq!(config.http.listen, "0.0.0.0:9464");
    for path in ["compose.yaml", "systemd/wirefold.service", "README.md"] {
        let text = read(path);
        let names = words(&text, "WIREFOLD__");
        assert!(!names.is_empty(), "{path}");
        for name in names.into_iter().map(|name| name.trim_end_matches(':')) {
            let value = if name.contains("TOKEN_FILE") { "/token" } else { "127.0.0.1:9464" };
            let env = [("WIREFOLD__HTTP__TOKEN_FILE", "/token"), (name, value)];
            Config::load(None, env.map(|(name, value)| (name.to_owned(), value.to_owned())), &[])
                .unwrap_or_else(|why| panic!("{path}: {why}"));
        }
    }
}
