//! Runs `wirefold explain` as a user does, and tests its output for two articles, their order and
//! dates, escaping, and its errors when an article is not found.

use std::fs;
use std::process::{Command, Output};

const WIRE: &str = concat!(
    r#"{"id": "a:1", "title": "Barge drifts off Marel", "#,
    r#""body": "Keepers of the Marel light reported a drifting barge off the north mole."}"#,
    "\n",
    r#"{"id": "a:2", "title": "Tug saves barge", "#,
    r#""body": "Keepers of the Marel light reported a drifting barge off the north mole."}"#,
    "\n{\"broken\n",
);

/// Two articles of one publisher, and one of another.
const BY_PUBLISHER: &str = concat!(
    r#"{"id": "b:1", "provider": "Northwire", "title": "Barge", "#,
    r#""body": "A barge drifts off Marel, keepers said on Monday."}"#,
    "\n",
    r#"{"id": "b:2", "provider": "northwire.example", "title": "Barge", "#,
    r#""body": "A barge drifts off Marel, a tug captain said."}"#,
    "\n",
    r#"{"id": "b:3", "provider": "Tidewater", "title": "Barge", "#,
    r#""body": "A barge drifts off Marel, a tug captain said."}"#,
    "\n",
);

fn explain(args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wire.jsonl"), WIRE).unwrap();
    fs::write(folder.path().join("own.jsonl"), BY_PUBLISHER).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.arg("explain").args(args).env_remove("RUST_LOG").current_dir(folder.path());
    command.output().unwrap()
}

#[test]
fn equal_texts_are_duplicates_before_any_other_rule_is_tried() {
    let output = explain(&["--in", "wire.jsonl", "a:1", "a:2"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for line in [
        "B is classified as duplicate by rule `equal-content`",
        "   headline changed   true",
        "=> equal-content (duplicate), decided before the rules below",
        "   0: Keepers of the Marel light reported a drifting barge off the north mole",
    ] {
        assert!(out.lines().any(|printed| printed == line), "no `{line}` in\n{out}");
    }
    assert_eq!(out.matches("=>").count(), 1, "one rule decides\n{out}");
}

#[test]
fn the_order_in_the_file_decides_which_article_is_the_earlier_one() {
    let (given, reversed) = (["a:1", "a:2"], ["a:2", "a:1"]);
    let [given, reversed] = [given, reversed].map(|uris| {
        let output = explain(&[&["--in", "wire.jsonl"], &uris[..]].concat());
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    });
    assert_eq!(given[0], reversed[0]);
    assert_eq!(given[1], "");
    assert_eq!(reversed[1], "`a:1` comes before `a:2` in the file, so it is A\n");
}

#[test]
fn an_earlier_article_with_a_later_date_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    for (name, time) in [("early.json", "10:00:00"), ("late.json", "10:20:51")] {
        let article = serde_json::json!({
            "uri": name, "title": "Barge", "body": "A barge drifts off Marel.",
            "published": format!("2026-03-02T{time}Z"),
        });
        fs::write(folder.path().join(name), article.to_string()).unwrap();
    }
    for (files, says) in [
        (["early.json", "late.json"], ""),
        (
            ["late.json", "early.json"],
            "A was sent 1251 s after B; it is compared as the earlier article all the same\n",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
        command.arg("explain").args(files).env_remove("RUST_LOG").current_dir(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stderr).unwrap(), says);
    }
}

#[test]
fn the_threshold_that_applied_and_the_unique_topic_are_printed() {
    let both = ["--set", "engine.verdict.reprint=0.6", "--set"];
    let own = ["engine.verdict.reprint_same_publisher=0.7", "--in", "own.jsonl", "b:1"];
    for (second, threshold) in [("b:2", "0.700"), ("b:3", "0.600")] {
        let output = explain(&[&both[..], &own, &[second]].concat());
        let out = String::from_utf8(output.stdout).unwrap();
        let rule = out.split("near-identical (reprint)").nth(1).unwrap_or_else(|| panic!("{out}"));
        let condition = rule.lines().find(|line| line.contains("of_this_in_that")).unwrap();
        assert!(condition.contains(&format!(">= {threshold}")), "{second}: {condition}");
    }
    let choice = ["--set", "engine.verdict.unique.survivor=newest", "--in", "wire.jsonl"];
    for (choice, want) in [(&choice[..], "forwarded, replaces a:1"), (&choice[2..], "repeat")] {
        let output = explain(&[choice, &["a:1", "a:2"]].concat());
        let out = String::from_utf8(output.stdout).unwrap();
        let line = format!("   unique topic       {want}");
        assert!(out.lines().any(|printed| printed == line), "no `{line}` in\n{out}");
    }
}

#[test]
fn articles_that_are_not_found_are_named() {
    for (args, want) in [
        (&["--in", "wire.jsonl", "a:1", "a:9"][..], "no article `a:9` was read from `wire.jsonl`"),
        (&["a:1", "a:2"], "no such file: `a:1`; to look up an article by uri, add `--in FILE`"),
        (&["--in", "nowhere", "a:1", "a:2"], "cannot read `nowhere`: No such file"),
    ] {
        let output = explain(args);
        let says = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{says}");
        assert!(says.contains(want), "{args:?}: {says}");
    }
}

/// Terminal control sequences and Unicode format characters that a sender could put in an article.
const CONTROL_TEXT: &str =
    "\u{1b}[2J\u{7}\u{8}\r\nB is original\u{9b}31m\u{7f}\u{202e}\u{2066}\u{61c}\u{2028}";

/// Whether a terminal could interpret this character.
fn is_control(c: char) -> bool {
    let bidi = ['\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{202e}', '\u{2066}'];
    c.is_control() && c != '\n' || bidi.contains(&c)
}

#[test]
fn control_characters_of_an_article_are_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let article = |n: u32| {
        let body = "Keepers of the Marel light reported a drifting barge off the north mole.";
        serde_json::json!({
            "uri": format!("a:{n}{CONTROL_TEXT}"), "version": format!("{n}{CONTROL_TEXT}"),
            "headline": format!("Barge{CONTROL_TEXT}"), "provider": format!("Wire{CONTROL_TEXT}"),
            "slugline": format!("BARGE{CONTROL_TEXT}"),
            "body": format!("{body}\n{CONTROL_TEXT}\n{body}"),
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
        &["--in", "both.jsonl", &format!("a:1{CONTROL_TEXT}"), &format!("a:2{CONTROL_TEXT}")],
        &["--in", "both.jsonl", "1.json", CONTROL_TEXT],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
        command.arg("explain").args(args).env_remove("RUST_LOG").current_dir(folder.path());
        let output = command.output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(printed.contains("\\u001b[2J") && printed.contains("\\u009b31m"), "{printed}");
        assert!(!printed.contains(is_control), "{args:?}: {printed:?}");
        if args.len() == 2 {
            let forged = printed.lines().filter(|line| line.starts_with("B is")).count();
            assert!(forged <= 1, "{printed}");
        }
    }
}

/// There are more undated articles before the first dated one than are read ahead. The daemon would
/// give each of them the time of its record; `replay` gives each of them the time of the dated
/// article.
#[test]
fn any_number_of_undated_articles_before_a_dated_one_get_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let line = |id: usize, date: Option<&str>| {
        let body = format!("Keepers of light {id} reported a drifting barge off mole {id} today.");
        let body =
            if id == 0 || date.is_some() { "Keepers saw a barge off the mole." } else { &body };
        let article = serde_json::json!({
            "id": format!("u:{id}"), "title": "Barge drifts", "body": body, "published": date,
        });
        article.to_string() + "\n"
    };
    let undated: String = (0..1_100).map(|id| line(id, None)).collect();
    fs::write(folder.path().join("undated.jsonl"), undated).unwrap();
    fs::write(folder.path().join("dated.jsonl"), line(1_100, Some("2026-11-23T10:00:00Z")))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.args(["replay", "undated.jsonl", "dated.jsonl", "--events", "events"]);
    let output = command.env_remove("RUST_LOG").current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let events = fs::read_to_string(folder.path().join("events")).unwrap();
    let times: std::collections::BTreeSet<&str> =
        events.lines().filter_map(|line| line.split("\"time\":\"").nth(1)?.get(..19)).collect();
    assert_eq!(Vec::from_iter(times), ["2026-11-23T10:00:00"]);
    let last = events.lines().rfind(|line| line.contains("article.classified")).unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["data"]["relation"]["kind"], "duplicate");
    assert_eq!(last["data"]["relation"]["of"]["uri"], "u:0");
}

/// Articles with the same text, some of them without a date, including those before the first date.
const PARTLY_DATED: [(&str, Option<&str>); 5] = [
    ("u:1", None),
    ("u:2", None),
    ("d:1", Some("2026-11-23T10:00:00Z")),
    ("u:3", None),
    ("d:2", Some("2026-11-23T10:30:00Z")),
];

#[test]
fn an_undated_article_before_a_dated_one_gets_its_time_in_replay_and_explain() {
    let folder = tempfile::tempdir().unwrap();
    let line = |(id, date): &(&str, Option<&str>)| {
        let body = "Keepers of the Marel light reported a drifting barge off the north mole.";
        let article = serde_json::json!({
            "id": id, "title": "Barge drifts off Marel", "body": body, "published": date,
        });
        article.to_string() + "\n"
    };
    fs::write(folder.path().join("in.jsonl"), PARTLY_DATED.iter().map(line).collect::<String>())
        .unwrap();
    let wirefold = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
        command.args(args).env_remove("RUST_LOG").current_dir(folder.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    wirefold(&["replay", "in.jsonl", "--events", "events"]);
    let events = fs::read_to_string(folder.path().join("events")).unwrap();
    let events: Vec<serde_json::Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> =
        events.iter().filter_map(|event| event["data"]["relation"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["original", "duplicate", "duplicate", "duplicate", "duplicate"]);
    assert!(events.iter().all(|event| event["time"].as_str().unwrap() >= "2026-11-23T10:00:00"));
    for (id, _) in &PARTLY_DATED[1..] {
        let out = wirefold(&["explain", "--in", "in.jsonl", "u:1", id]);
        assert!(out.contains("B is classified as duplicate"), "{id}: {out}");
        assert!(!out.contains("1970") && !out.contains("2000-"), "{id}: {out}");
    }
}
