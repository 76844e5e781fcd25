//! `wirefold explain`, as a user runs it: what it prints of two articles, and what it says when it
//! finds none.

use std::fs;
use std::process::{Command, Output};

const WIRE: &str = r#"{"id": "a:1", "title": "Barge drifts off Marel", "body": "Keepers of the Marel light reported a drifting barge off the north mole."}
{"id": "a:2", "title": "Tug saves barge", "body": "Keepers of the Marel light reported a drifting barge off the north mole."}
{"broken
"#;

fn explain(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wire.jsonl"), WIRE).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.arg("explain").args(args).env_remove("RUST_LOG").current_dir(folder.path());
    command.output().unwrap()
}

#[test]
fn an_equal_text_is_decided_before_all_rules() {
    let output = explain(&["--in", "wire.jsonl", "a:1", "a:2"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for line in [
        "B is duplicate, by the rule `equal-content`",
        "   headline changed   true",
        "=> equal-content (duplicate), so that those below are not asked",
        "   0: Keepers of the Marel light reported a drifting barge off the north mole",
    ] {
        assert!(out.lines().any(|said| said == line), "no `{line}` in\n{out}");
    }
    assert_eq!(out.matches("=>").count(), 1, "one rule decides\n{out}");
}

#[test]
fn what_is_not_found_is_named() {
    for (args, want) in [
        (&["--in", "wire.jsonl", "a:1", "a:9"][..], "no article `a:9` among those that are read"),
        (
            &["a:1", "a:2"],
            "`a:1` is no file; for the uri of an article, name its file: `--in FILE`",
        ),
        (&["--in", "nowhere", "a:1", "a:2"], "cannot read `nowhere`: No such file"),
    ] {
        let output = explain(args);
        let says = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{says}");
        assert!(says.contains(want), "{args:?}: {says}");
    }
}
