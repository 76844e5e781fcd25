//! Tests that `wirefold eval` refuses input that it cannot score.

use crate::command::wirefold;
use std::fs;
use std::process::Output;

fn eval(what: &str, articles: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in.jsonl"), articles).unwrap();
    wirefold(folder.path(), &["eval", what, "--articles", "in.jsonl"]).output().unwrap()
}

fn line(labels: &str) -> String {
    format!("{{\"id\":\"a:1\",\"title\":\"Barge adrift\",\"body\":\"Two men put out.\"{labels}}}\n")
}

#[test]
fn articles_without_labels_are_an_error() {
    for (what, labels, says) in [
        ("stories", "", "no article in `in.jsonl` has a `story` label"),
        ("duplicates", "", "no article in `in.jsonl` has the label `dup_group` or `base`"),
        ("stories", ",\"story\":7", "line 1 of `in.jsonl` cannot be scored: "),
        ("duplicates", ",\"dup_group\":7", "line 1 of `in.jsonl` cannot be scored: "),
    ] {
        let output = eval(what, &line(labels));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{what}{labels}: {error}");
        assert!(error.contains(says), "{what}{labels}: {error}");
        assert!(!error.contains("at line 1 column"), "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn counts_are_whole_numbers() {
    let output = eval("stories", &line(",\"story\":\"s\""));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["at_decision"]["articles"], serde_json::json!(1));
    let output = eval("duplicates", &line(",\"dup_group\":\"g\""));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
