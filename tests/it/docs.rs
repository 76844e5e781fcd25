//! The README says what is so: its tables against the code.

use std::collections::BTreeMap;
use wirefold::config::Config;
use wirefold::daemon::publish::TYPES;
use wirefold::daemon::telemetry::metrics::TABLE;
use wirefold_engine::verdict::{Kind, UniqueSettings};

fn readme() -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read_to_string(format!("{root}/README.md")).unwrap()
}

/// The rows of the table below `heading`: cells without their back-ticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let readme = readme();
    let (_, below) = readme.split_once(&format!("\n{heading}\n")).expect("the heading is there");
    let rows = below.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let cells = line.trim_matches('|').split(" | ");
            cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
        })
        .collect()
}

fn first_cells(heading: &str) -> Vec<String> {
    table(heading).into_iter().map(|mut row| row.remove(0)).collect()
}

#[test]
fn topics_are_those_of_the_defaults() {
    let config = Config::default();
    let out = &config.output;
    let topics =
        [&config.input.topic, &out.events, &out.stories, &out.unique, &out.rejected, &out.state];
    assert_eq!(first_cells("### Topics"), topics.map(Clone::clone));
}

#[test]
fn events_are_those_of_the_contract() {
    assert_eq!(first_cells("### Events"), TYPES.map(|(name, _)| name));
}

#[test]
fn kinds_are_all_and_pass_as_the_defaults_say() {
    let unique = UniqueSettings::default();
    let passes = |kind: &Kind| {
        if unique.always.contains(kind) {
            "always".to_owned()
        } else if unique.when_novel.contains(kind) {
            assert_eq!(unique.new_numbers, 1);
            format!("from {} new words or one new number", unique.novel_words)
        } else {
            "never".to_owned()
        }
    };
    let want: Vec<(String, String)> =
        Kind::ALL.iter().map(|kind| (kind.as_str().to_owned(), passes(kind))).collect();
    let rows = table("### Kinds");
    let got: Vec<(String, String)> = rows.iter().map(|r| (r[0].clone(), r[2].clone())).collect();
    assert_eq!(got, want);
}

#[test]
fn settings_are_there_with_their_defaults() {
    let defaults: toml::Value = toml::Value::try_from(Config::default()).unwrap();
    let mut shown = BTreeMap::new();
    for row in table("### Settings") {
        let (key, default) = (&row[0], &row[1]);
        if key == "kafka.*" {
            continue;
        }
        let value = key.split('.').try_fold(&defaults, |at, part| at.get(part));
        let value = value.unwrap_or_else(|| panic!("no setting `{key}`"));
        shown.insert(key.clone(), (default.clone(), value.to_string()));
    }
    assert!(shown.len() > 5);
    for (key, (said, is)) in shown {
        assert_eq!(said, is, "{key}");
    }
}

#[test]
fn commands_are_those_of_the_help() {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_wirefold")).arg("--help").output();
    let help = String::from_utf8(run.unwrap().stdout).unwrap();
    let names: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    let mut said: Vec<String> = first_cells("### Commands")
        .iter()
        .map(|cell| cell.split_whitespace().nth(1).unwrap_or_default().to_owned())
        .collect();
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    said.sort();
    assert_eq!(said, names);
}

#[test]
fn metrics_are_those_that_are_exported() {
    let want: Vec<Vec<String>> = TABLE
        .iter()
        .map(|m| {
            let labels: Vec<String> = m.labels.iter().map(|l| format!("`{l}`")).collect();
            let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
            vec![m.name.to_owned(), labels.trim_matches('`').to_owned(), m.about.to_owned()]
        })
        .collect();
    let shown = |row: &Vec<String>| format!("| `{}` | {} | {} |", row[0], row[1], row[2]);
    assert_eq!(
        table("### Metrics and health"),
        want,
        "the table should be\n{}",
        want.iter().map(shown).collect::<Vec<_>>().join("\n")
    );
}

/// `tests/it/deploy.rs` says more of it.
#[test]
fn every_metric_is_on_the_dashboard() {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/deploy/grafana/dashboard.json");
    let dashboard = std::fs::read_to_string(path).unwrap();
    let missing: Vec<&str> =
        TABLE.iter().map(|metric| metric.name).filter(|name| !dashboard.contains(name)).collect();
    assert_eq!(missing, [""; 0], "on no panel of deploy/grafana/dashboard.json");
}
