//! Tests `wirefold compare`, which shows what other settings would change.

use crate::command::{self, sample_folder, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

const STRICT: [&str; 2] = ["--set", "engine.stories.join=0.9"];

fn wirefold(folder: &Path, args: &[&str]) -> Output {
    command::wirefold(folder, args).output().unwrap()
}

/// The kind, target and story of every article, by input position, from the events of `replay`.
fn verdicts(folder: &Path, sets: &[&str]) -> BTreeMap<String, (String, String, String)> {
    let args = [&["replay", "wire.jsonl", "--events", "e"], sets].concat();
    assert!(wirefold(folder, &args).status.success());
    let events = fs::read_to_string(folder.join("e")).unwrap();
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let classified = events.filter(|event| event["type"] == "wirefold.article.classified.v1");
    let verdict = |event: Value| {
        let (data, relation) = (&event["data"], &event["data"]["relation"]);
        let part = |value: &Value| value.to_string();
        let story = part(&data["story"]["id"]);
        (data["input"].to_string(), (part(&relation["kind"]), part(&relation["of"]["uri"]), story))
    };
    classified.map(verdict).collect()
}

fn count(result: &Value, change: &str) -> u64 {
    let changes = result["changes"].as_array().unwrap().iter();
    changes.filter(|c| c["change"] == change).map(|c| c["count"].as_u64().unwrap()).sum()
}

#[test]
fn the_comparison_counts_the_differences_between_two_replays() {
    let folder = sample_folder();
    for sets in [&STRICT[..], &["--set", "engine.verdict.reprint=0.95"]] {
        let args = [&["compare", "wire.jsonl", "--json"], sets].concat();
        let output = wirefold(folder.path(), &args);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let (before, after) = (verdicts(folder.path(), &[]), verdicts(folder.path(), sets));
        assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
        let pairs = || before.values().zip(after.values());
        let (kinds, stories) = (
            pairs().filter(|(a, b)| a.0 != b.0).count() as u64,
            pairs().filter(|(a, b)| a.2 != b.2).count() as u64,
        );
        let targets = pairs().filter(|(a, b)| a.0 == b.0 && a.1 != b.1).count() as u64;
        assert!(kinds + stories > 0, "{sets:?} must change something");
        assert_eq!(count(&result, "kind"), kinds, "{sets:?}");
        assert_eq!(count(&result, "target"), targets, "{sets:?}");
        assert_eq!(count(&result, "story"), stories, "{sets:?}");
        let changed = pairs().filter(|(a, b)| a != b).count();
        assert!(result["changed"].as_u64().unwrap() >= changed as u64);
        assert_eq!(result["totals"]["articles"]["after"], after.len());
    }
}

#[test]
fn the_text_output_shows_settings_totals_and_examples() {
    let folder = sample_folder();
    let args = [&["compare", "wire.jsonl", "--examples", "2"], &STRICT[..]].concat();
    let output = wirefold(folder.path(), &args);
    let out = text(&output.stdout);
    assert!(out.starts_with("engine.stories.join: 0."), "{out}");
    assert!(out.contains(" -> 0.9\n"), "{out}");
    assert!(
        out.lines().any(|line| line.starts_with("stories opened ") && line.contains('+')),
        "{out}"
    );
    let (_, below) = out.split_once("in another story\n").unwrap();
    assert_eq!(below.matches("before story ").count(), 2, "{out}");
    assert!(below.lines().any(|line| line.ends_with(" more")), "{out}");
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn copies_that_would_replace_others_are_shown() {
    let folder = sample_folder();
    let args = ["compare", "wire.jsonl", "--set", "engine.verdict.unique.survivor=newest"];
    let output = wirefold(folder.path(), &args);
    let out = text(&output.stdout);
    assert!(out.contains("now forwarded"), "{out}{}", text(&output.stderr));
    assert!(
        out.lines().any(|line| line.contains("after") && line.contains(", replaces ")),
        "{out}"
    );
    let output = wirefold(folder.path(), &[&args[..], &["--json"]].concat());
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let forwarded = result["changes"].as_array().unwrap();
    let forwarded = forwarded.iter().find(|change| change["change"] == "forwarded").unwrap();
    assert!(forwarded["examples"][0]["after"]["replaces"].is_string(), "{forwarded}");
    assert!(forwarded["examples"][0]["before"]["replaces"].is_null(), "{forwarded}");
}

#[test]
fn equal_settings_are_refused_and_settings_without_effect_are_named() {
    let folder = sample_folder();
    for sets in [&[][..], &["--set", "engine.window=120h"]] {
        let output = wirefold(folder.path(), &[&["compare", "wire.jsonl"], sets].concat());
        assert_eq!(output.status.code(), Some(2), "{sets:?}");
        assert!(text(&output.stderr).contains("`--set KEY=VALUE`"), "{}", text(&output.stderr));
    }
    let base = ["compare", "wire.jsonl", "--base", "engine.stories.join=0.9"];
    let output = wirefold(folder.path(), &[&base[..], &STRICT].concat());
    assert_eq!(output.status.code(), Some(2), "both runs have the same settings");
    let output = wirefold(folder.path(), &["compare", "wire.jsonl", "--set", "group.id=other"]);
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("0 of 163 articles changed"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("none of these settings changes"));
    let output = wirefold(folder.path(), &[&["compare", "-"], &STRICT[..]].concat());
    assert_eq!(output.status.code(), Some(2));
    let output = wirefold(folder.path(), &[&["compare", "missing"], &STRICT[..]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot read `missing`"));
}

#[test]
fn an_article_that_only_one_run_accepts_is_reported() {
    let folder = sample_folder();
    let long = "x".repeat(5_000);
    let article = |uri: &str, body: &str| {
        serde_json::json!({ "uri": uri, "headline": "Barge adrift", "body": body }).to_string()
    };
    let lines =
        [article("a:1", "Two men put out."), article("a:2", &long), article("a:3", "Later.")];
    fs::write(folder.path().join("in.jsonl"), lines.join("\n")).unwrap();
    let set = "engine.decode.record_bytes_max=1000";
    let output = wirefold(folder.path(), &["compare", "in.jsonl", "--set", set]);
    let out = text(&output.stdout);
    assert!(out.contains("1  now rejected"), "{out}{}", text(&output.stderr));
    assert!(out.contains("1 of 3 articles changed"), "{out}");
}
