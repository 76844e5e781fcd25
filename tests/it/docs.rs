//! Tests that the tables in the documentation match the code.

use serde_json::Value;
use std::collections::BTreeMap;
use wirefold::config::{Config, document};
use wirefold::daemon::publish::TYPES;
use wirefold::daemon::telemetry::metrics::TABLE;
use wirefold_engine::verdict::{Kind, UniqueSettings};

/// The pages, by path in the repository.
const README: &str = "README.md";
const SETTINGS: &str = "config/README.md";
const CONTRACT: &str = "config/schema/README.md";
const OPERATIONS: &str = "deploy/README.md";

fn page(path: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    std::fs::read_to_string(format!("{root}/{path}")).unwrap()
}

/// The cells of a row, without their back-ticks.
fn cells(row: &str) -> Vec<String> {
    let cells = row.trim_matches('|').split(" | ");
    cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}

/// The rows of the first table below `heading` in a page.
fn table(path: &str, heading: &str) -> Vec<Vec<String>> {
    let page = page(path);
    let (_, below) = page.split_once(&format!("\n{heading}\n")).expect("the heading is there");
    let rows = below.lines().skip_while(|line| !line.starts_with('|'));
    rows.take_while(|line| line.starts_with('|')).skip(2).map(cells).collect()
}

fn first_cells(path: &str, heading: &str) -> Vec<String> {
    table(path, heading).into_iter().map(|mut row| row.remove(0)).collect()
}

#[test]
fn the_table_of_topics_lists_the_default_names() {
    let config = Config::default();
    let out = &config.output;
    let topics =
        [&config.input.topic, &out.events, &out.stories, &out.unique, &out.rejected, &out.state];
    assert_eq!(first_cells(CONTRACT, "## Topics"), topics.map(Clone::clone));
}

#[test]
fn the_table_of_events_lists_every_type() {
    assert_eq!(first_cells(CONTRACT, "## Events"), TYPES.map(|(name, _)| name));
}

#[test]
fn event_payloads_in_the_contract_are_in_the_golden_file() {
    let page = page(CONTRACT);
    let (_, below) = page.split_once("\n## Events\n").expect("the heading is there");
    let (events, _) = below.split_once("\n## ").expect("another heading follows");
    let encoded = include_str!("golden/events-binary.txt").lines();
    let encoded: Vec<Value> = encoded
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(Value::is_object)
        .collect();
    let blocks = events.split("```json\n").skip(1).filter_map(|block| block.split("\n```").next());
    let shown: Vec<Value> = blocks.map(|block| serde_json::from_str(block).unwrap()).collect();
    assert!(shown.len() > 4);
    for payload in shown {
        assert!(encoded.contains(&payload), "not in the golden file: {payload}");
    }
}

#[test]
fn the_table_of_kinds_says_what_is_forwarded_by_default() {
    let unique = UniqueSettings::default();
    let passes = |kind: &Kind| {
        if unique.always.contains(kind) {
            "always".to_owned()
        } else if unique.when_novel.contains(kind) {
            assert_eq!(unique.new_numbers, 1);
            let words = unique.novel_words;
            format!(
                "with at least {words} new words or one new number; in a short text, fewer words are \
                 enough"
            )
        } else if matches!(kind, Kind::Excerpt | Kind::Reprint) {
            "only with changed words or numbers".to_owned()
        } else {
            "never".to_owned()
        }
    };
    let want: Vec<(String, String)> =
        Kind::ALL.iter().map(|kind| (kind.as_str().to_owned(), passes(kind))).collect();
    let rows = table(CONTRACT, "## Kinds");
    let got: Vec<(String, String)> = rows.iter().map(|r| (r[0].clone(), r[2].clone())).collect();
    assert_eq!(got, want);
}

/// The rows of all tables of settings: key, default, example, meaning.
fn settings() -> Vec<Vec<String>> {
    let page = page(SETTINGS);
    let (_, below) = page.split_once("\n## Settings\n").expect("the heading is there");
    let (tables, _) = below.split_once("\n## ").expect("another heading follows");
    let rows = tables.lines().filter(|line| line.starts_with("| `"));
    rows.map(cells).inspect(|row| assert_eq!(row.len(), 4, "{row:?}")).collect()
}

#[test]
fn settings_are_listed_with_their_defaults() {
    let row = |row: Vec<String>| {
        let default = if row[1] == "-" { "" } else { row[1].as_str() };
        (row[0].trim_end_matches(".*").to_owned(), default.to_owned())
    };
    let shown: BTreeMap<String, String> = settings().into_iter().map(row).collect();
    let defaults: BTreeMap<String, String> =
        document::table().into_iter().map(|(key, default, _)| (key, default)).collect();
    assert_eq!(shown, defaults);
}

#[test]
fn examples_of_settings_are_accepted() {
    for row in settings() {
        let (key, example) = (&row[0], &row[2]);
        let set = if key == "kafka.*" { example.clone() } else { format!("{key}={example}") };
        let loaded = Config::load(None, [], std::slice::from_ref(&set));
        let loaded = loaded.unwrap_or_else(|why| panic!("{set}: {why}"));
        assert_ne!(loaded, Config::default(), "{set} must change something");
    }
}

#[test]
fn the_table_of_commands_lists_the_commands_in_the_help() {
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
    let mut said: Vec<String> = first_cells(README, "### Commands")
        .iter()
        .map(|cell| cell.split_whitespace().nth(1).unwrap_or_default().to_owned())
        .collect();
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort();
    said.sort();
    assert_eq!(said, names);
}

#[test]
fn the_table_of_metrics_equals_the_table_in_the_code() {
    let want: Vec<Vec<String>> = TABLE
        .iter()
        .map(|m| {
            let labels: Vec<String> = m.labels.iter().map(|l| format!("`{l}`")).collect();
            let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
            vec![m.name.to_owned(), labels.trim_matches('`').to_owned(), m.description.to_owned()]
        })
        .collect();
    let shown = |row: &Vec<String>| format!("| `{}` | {} | {} |", row[0], row[1], row[2]);
    assert_eq!(
        table(OPERATIONS, "## Metrics"),
        want,
        "the table should be\n{}",
        want.iter().map(shown).collect::<Vec<_>>().join("\n")
    );
}

/// `tests/it/deploy.rs` tests the dashboard in more detail.
#[test]
fn every_metric_is_on_the_dashboard() {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/deploy/grafana/dashboard.json");
    let dashboard = std::fs::read_to_string(path).unwrap();
    let missing: Vec<&str> =
        TABLE.iter().map(|metric| metric.name).filter(|name| !dashboard.contains(name)).collect();
    assert_eq!(missing, [""; 0], "on no panel of deploy/grafana/dashboard.json");
}
