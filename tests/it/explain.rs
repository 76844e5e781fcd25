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

/// Text that a sender can put anywhere in an article.
const STEERING: &str =
    "\u{1b}[2J\u{7}\u{8}\r\nB is original\u{9b}31m\u{7f}\u{202e}\u{2066}\u{61c}\u{2028}";

fn steers(c: char) -> bool {
    let bidi = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2066}'];
    c.is_control() && c != '\n' || bidi.contains(&c)
}

#[test]
fn nothing_of_an_article_steers_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let article = |n: u32| {
        let body = "Keepers of the Marel light reported a drifting barge off the north mole.";
        serde_json::json!({
            "uri": format!("a:{n}{STEERING}"), "version": format!("{n}{STEERING}"),
            "headline": format!("Barge{STEERING}"), "provider": format!("Wire{STEERING}"),
            "slugline": format!("BARGE{STEERING}"), "body": format!("{body}\n{STEERING}\n{body}"),
        })
        .to_string()
    };
    for n in [1, 2] {
        fs::write(folder.path().join(format!("{n}.json")), article(n)).unwrap();
    }
    fs::write(folder.path().join("both.jsonl"), article(1) + "\n" + &article(2)).unwrap();
    for args in [
        &["1.json", "2.json"][..],
        &["1.json", "2.json", "--json"],
        &["--decode", "1.json"],
        &["--in", "both.jsonl", &format!("a:1{STEERING}"), &format!("a:2{STEERING}")],
        &["--in", "both.jsonl", "1.json", STEERING],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
        command.arg("explain").args(args).env_remove("RUST_LOG").current_dir(folder.path());
        let output = command.output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(printed.contains("\\u001b[2J") && printed.contains("\\u009b31m"), "{printed}");
        assert!(!printed.contains(steers), "{args:?}: {printed:?}");
        if args.len() == 2 {
            let forged = printed.lines().filter(|line| line.starts_with("B is")).count();
            assert!(forged <= 1, "{printed}");
        }
    }
}
