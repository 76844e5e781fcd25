//! Checks the files in `deploy/` against the code: their metrics, labels and settings must exist.
//!
//! `deploy/check` validates the formats of the same files.

use expect_test::expect_file;
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

/// The words of `text` that begin with `start`.
fn words<'a>(text: &'a str, start: &str) -> BTreeSet<&'a str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c| !part(c)).filter(|word| word.starts_with(start)).collect()
}

/// Collects all text values of `key`, at any depth.
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

/// All PromQL expressions of the dashboard and the rules.
fn expressions() -> String {
    let (dashboard, mut all) = (dashboard(), Vec::new());
    texts(&dashboard, "expr", &mut all);
    texts(&dashboard, "query", &mut all);
    assert!(all.len() > 20, "{} expressions", all.len());
    all.join("\n")
}

/// The exported metric to which a name in an expression refers.
fn exported(name: &str) -> Option<&'static str> {
    TABLE.iter().find_map(|metric| {
        let end = name.strip_prefix(metric.name)?;
        let histogram = metric.kind == MetricKind::Histogram;
        (end.is_empty() || histogram && ["_bucket", "_sum", "_count"].contains(&end))
            .then_some(metric.name)
    })
}

#[test]
fn dashboard_and_rules_use_exported_metrics_and_the_dashboard_shows_all() {
    let (shown, rules) = (expressions(), read("prometheus/rules.yml"));
    for text in [&shown, &rules, &read("prometheus/rules.test.yml")] {
        let unknown: Vec<&str> =
            words(text, "wirefold_").into_iter().filter(|name| exported(name).is_none()).collect();
        assert_eq!(unknown, [""; 0], "not exported");
    }
    let seen: BTreeSet<_> = words(&shown, "wirefold_").into_iter().filter_map(exported).collect();
    let missing: Vec<_> =
        TABLE.iter().map(|m| m.name).filter(|name| !seen.contains(name)).collect();
    assert_eq!(missing, [""; 0], "metrics on no panel");
    let plain: Vec<_> = words(&shown, "wirefold_")
        .into_iter()
        .filter(|name| TABLE.iter().any(|m| m.name == *name && m.kind == MetricKind::Histogram))
        .collect();
    assert_eq!(plain, [""; 0], "use the buckets, sum or count of a histogram");
}

#[test]
fn labels_in_expressions_exist() {
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

/// Each row of the dashboard is titled with a question, and panels do not overlap.
#[test]
fn dashboard_rows_are_questions_and_panels_do_not_overlap() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let rows = panels.iter().filter(|panel| panel["type"] == "row");
    let titles: Vec<&str> = rows.map(|row| row["title"].as_str().unwrap()).collect();
    assert!(titles.len() >= 5 && titles.iter().all(|title| title.ends_with('?')), "{titles:?}");
    assert_eq!(panels[0]["type"], "row");
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = &panel["title"];
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: duplicate panel id");
        let at = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{title} is wider than the grid");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{title} overlaps another panel");
            }
        }
    }
}

#[test]
fn every_alert_has_instructions_and_is_tested_firing_and_silent() {
    let (rules, tests) = (read("prometheus/rules.yml"), read("prometheus/rules.test.yml"));
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        let (name, rule) = alert.split_once('\n').unwrap();
        for part in ["labels: {severity: ", "summary: ", "action: "] {
            assert!(rule.contains(part), "{name} has no `{part}`");
        }
        let quiet = format!("{{alertname: {name}, eval_time:");
        assert!(tests.contains(&quiet), "no test shows that {name} stays silent");
        let fires = format!("- alertname: {name}\n");
        assert!(tests.contains(&fires), "no test shows that {name} fires");
    }
}

#[test]
fn every_recording_rule_is_used_by_a_panel_or_an_alert() {
    let (rules, shown) = (read("prometheus/rules.yml"), expressions());
    let recorded = rules.split("- record: ").skip(1).map(|rule| rule.lines().next().unwrap());
    let read = format!("{shown}\n{}", rules.replace("- record: ", "- record: _"));
    let unread: Vec<&str> = recorded.filter(|name| !read.contains(&format!("{name}{{"))).collect();
    assert_eq!(unread, [""; 0]);
}

/// The Prometheus operator expects the rules in a custom resource.
#[test]
fn the_prometheus_rule_resource_contains_the_rules() {
    let rules = read("prometheus/rules.yml");
    let (_, groups) = rules.split_once("\ngroups:\n").unwrap();
    let head = "# The rules of ../../prometheus/rules.yml. `UPDATE_EXPECT=1 cargo test` copies them.\n\
        apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n\
        metadata:\n  name: wirefold\nspec:\n  groups:\n";
    let indented = groups.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line => format!("  {line}\n"),
    });
    let resource = head.to_owned() + &indented.collect::<String>();
    expect_file!["../../deploy/kubernetes/monitoring/prometheus-rule.yaml"].assert_eq(&resource);
}

#[test]
fn manifests_name_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let chart = read("helm/Chart.yaml");
    for key in ["version", "appVersion"] {
        assert!(chart.contains(&format!("\n{key}: {version}\n")), "Chart.yaml: {key}");
    }
    for folder in ["base", "example"] {
        let path = format!("kubernetes/{folder}/kustomization.yaml");
        assert!(read(&path).contains(&format!("newTag: {version}\n")), "{path}");
    }
}

/// The number of live articles and the bytes of memory in each row of the README's size table.
fn sizes() -> Vec<(f64, f64)> {
    let page = read("README.md");
    let (_, below) = page.split_once("\n## Sizing\n").unwrap();
    let rows = below.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let size = |row: &str| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (number, unit) = cells[3].split_once(' ').unwrap();
        let bytes = if unit == "GB" { 1e9 } else { 1e6 };
        (count(cells[2]), number.parse::<f64>().unwrap() * bytes)
    };
    rows.map(size).collect()
}

/// A number with commas between the thousands.
fn count(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap()
}

/// The memory for `articles` according to the table, interpolated between its rows.
fn memory(articles: f64) -> f64 {
    let sizes = sizes();
    let above = sizes.iter().position(|(most, _)| articles <= *most).unwrap();
    let ((x0, y0), (x1, y1)) = (sizes[above - 1], sizes[above]);
    y0 + (articles - x0) / (x1 - x0) * (y1 - y0)
}

#[test]
fn memory_limits_are_enough_for_the_number_of_articles_in_their_comments() {
    let limits = [
        ("compose.yaml", "limits: {memory: ", 2_u64, "compose.yaml"),
        (
            "kubernetes/base/deployment.yaml",
            "limits: {memory: ",
            2,
            "kubernetes/base/wirefold.toml",
        ),
        ("helm/values.yaml", "limits: {memory: ", 2, "helm/values.yaml"),
        ("systemd/wirefold.service", "MemoryMax=", 8, "systemd/wirefold.service"),
    ];
    for (path, key, gib, settings) in limits {
        let text = read(path);
        assert!(text.contains(&format!("{key}{gib}G")), "{path}");
        let (_, said) = text.split_once("Enough for ").unwrap();
        let articles = count(said.split_once(' ').unwrap().0);
        let limit = (gib << 30) as f64;
        assert!(memory(articles) <= limit, "{path}: {} bytes needed", memory(articles));
        assert!(
            memory(articles) > limit * 0.9,
            "{path}: the limit is enough for more articles than it says"
        );
        let most = (articles * 1.25).to_string();
        assert!(read(settings).contains(&most), "{settings}: no `live_articles_max` of {most}");
    }
}

/// `RestartPreventExitStatus` applies to the main process only: if an `ExecStartPre` check exited
/// with 2, systemd would restart the unit forever.
#[test]
fn systemd_does_not_restart_the_unit_after_invalid_settings() {
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
    assert_eq!(bad.status.code(), Some(2), "the main process itself must exit with 2");
}

#[test]
fn settings_in_deployments_exist() {
    for folder_of in ["base", "example"] {
        let file = folder().join(format!("kubernetes/{folder_of}/wirefold.toml"));
        let config = Config::load(Some(&file), [], &[]).unwrap();
        assert_eq!(config.http.listen, "0.0.0.0:9464");
    }
    for path in ["compose.yaml", "systemd/wirefold.service", "README.md"] {
        let text = read(path);
        let names = words(&text, "WIREFOLD__");
        assert!(!names.is_empty(), "{path}");
        for name in names.into_iter().map(|name| name.trim_end_matches(':')) {
            let value = match name {
                _ if name.ends_with("TOKEN_FILE") => "/token",
                _ if name.ends_with("_MAX") => "250000",
                _ if name.ends_with("_RESET") => "latest",
                _ => "127.0.0.1:9464",
            };
            let env = [("WIREFOLD__HTTP__TOKEN_FILE", "/token"), (name, value)];
            Config::load(None, env.map(|(name, value)| (name.to_owned(), value.to_owned())), &[])
                .unwrap_or_else(|why| panic!("{path}: {why}"));
        }
    }
}
