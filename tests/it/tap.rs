//! Tests `wirefold tap` and `wirefold top` against a server.

use crate::command::text;
use crate::rig::{Rig, Served, article};
use crate::sagas::merging;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::server::ServerTimeouts;

const FERRY: &str = "A ferry with 212 people aboard struck the reef off Marel on Monday morning, \
                     and two fishing boats took the first 40 passengers to the island's small \
                     harbour. The captain said the tide had turned earlier than his tables showed.";

/// Returns a rig that contains a report and a copy, whose headline tries to control the terminal.
/// Also returns how many events the rig has published.
fn rig() -> (Rig, usize) {
    let mut rig = Rig::new();
    let first = rig.commit(&[article(
        "08:00:00",
        "n:ferry",
        "Northwire",
        "Ferry strikes reef off Marel",
        FERRY,
    )]);
    let headline = "Ferry \u{1b}[2J\u{202e}on reef";
    let second = rig.commit(&[article("08:04:00", "k:ferry", "Kestrel", headline, FERRY)]);
    (rig, first.len() + second.len())
}

fn wirefold(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.args(args).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Runs `tap` from the oldest event that the server keeps, until `count` events are printed.
fn tap(served: &Served, count: usize, args: &[&str]) -> Output {
    let (url, count) = (format!("http://{}", served.address()), count.to_string());
    let from = ["tap", "--url", &url, "--after", "0.-1", "--count", &count];
    wirefold(&[&from[..], args].concat()).output().unwrap()
}

fn types(output: &Output) -> Vec<String> {
    let event = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let short = |event: Value| event["type"].as_str().unwrap().replace("wirefold.", "");
    text(&output.stdout).lines().map(event).map(short).collect()
}

#[test]
fn filters_select_events() {
    let (rig, all_events) = rig();
    let served = rig.serve();
    let all = tap(&served, all_events, &["--json"]);
    assert!(all.status.success(), "{}", text(&all.stderr));
    let names = ["story.opened.v1", "article.classified.v1", "article.classified.v1"];
    assert_eq!(types(&all)[..3], names, "in the order of publication");
    let classified = tap(&served, 2, &["--json", "--type", "article.classified"]);
    assert_eq!(types(&classified), names[1..]);
    for filter in [["--kind", "duplicate"], ["--publisher", "Kestrel News"]] {
        let found = tap(&served, 1, &[&["--json"], &filter[..]].concat());
        let event: Value = serde_json::from_slice(&found.stdout).unwrap();
        assert_eq!(event["data"]["article"]["uri"], "k:ferry", "{filter:?}");
    }
    let opened: Value = serde_json::from_str(text(&all.stdout).lines().next().unwrap()).unwrap();
    let story = opened["subject"].as_str().unwrap();
    assert_eq!(types(&tap(&served, all_events, &["--json", "--story", story])), types(&all));
    served.stop();
}

#[test]
fn events_are_printed_as_text_or_json_without_control_characters() {
    let (rig, all_events) = rig();
    let served = rig.serve();
    let output = tap(&served, 2, &["--type", "article.classified"]);
    let out = text(&output.stdout);
    assert!(
        out.contains("08:00:00  Northwire     ORIGINAL     Ferry strikes reef off Marel"),
        "{out}"
    );
    assert!(out.contains("08:04:00  Kestrel       DUPLICATE    Ferry"), "{out}");
    assert!(out.contains("of Northwire \"Ferry strikes reef off Marel\""), "{out}");
    let json = tap(&served, all_events, &["--json"]);
    for out in [out, text(&json.stdout)] {
        assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out}");
    }
    served.stop();
}

/// A command in the background, killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_merge_names_the_absorbed_story_below_the_day() {
    let (mut rig, wire) = merging();
    for article in &wire {
        rig.commit(std::slice::from_ref(article));
    }
    let served = rig.serve();
    // The merge is published once for each of the two stories. The headline of the absorbed story
    // comes from the event itself, because `tap` did not receive the earlier events.
    let output = tap(&served, 2, &["--type", "story.merged"]);
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    let [day, merge] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(day, "\u{2500}\u{2500} 2026-11-23 \u{2500}\u{2500}");
    let (absorbed, survivor) = merge.split_once(" merged into ").unwrap();
    assert_eq!(absorbed.trim(), "\u{2504} story \"Marel ferry passengers\"");
    assert!(survivor.starts_with("\"Marel ferry passengers\": 2 articles"), "{merge}");
    served.stop();
}

#[test]
fn new_events_are_printed_as_they_arrive() {
    let (mut rig, _) = rig();
    let served = rig.serve();
    let url = format!("http://{}", served.address());
    let mut command = wirefold(&["tap", "--url", &url, "--json", "--type", "article.classified"]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    while served.read("/status")["streams"]["open"] != 1 {
        std::thread::yield_now();
    }
    rig.commit(&[article("08:09:00", "t:tide", "Tidewater", "Tide tables of Marel revised", "")]);
    let event: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!(event["data"]["article"]["uri"], "t:tide", "earlier events must not be printed");
    drop(running);
    served.stop();
}

#[test]
fn refusals_are_printed_with_their_reason() {
    let (rig, _) = rig();
    let served = rig.serve();
    let output = tap(&served, 1, &["--type", "article.lost"]);
    assert_eq!(output.status.code(), Some(1));
    let says = text(&output.stderr);
    assert!(says.contains("400 Bad Request: unknown event `type` `article.lost`"), "{says}");
    let output = tap(&served, 1, &["--kind", "rumour"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("expected one of withdrawal, "));
    let address = served.address();
    served.stop();
    let url = format!("http://{address}");
    for command in ["tap", "top"] {
        let output = wirefold(&[command, "--url", &url]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command}");
        let says = text(&output.stderr);
        assert!(says.contains(&format!("cannot reach {url}: ")), "{says}");
        assert!(says.contains("refused"), "{says}");
        let output = wirefold(&[command, "--url", "https://desk.example"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}");
    }
}

#[test]
fn the_token_is_sent() {
    let (rig, _) = rig();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "s3cret\n").unwrap();
    let settings = Settings { token_file: path.clone(), ..Settings::default() };
    let served = rig.serve_with(&settings, ServerTimeouts::default());
    let output = tap(&served, 1, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("401 Unauthorized"), "{}", text(&output.stderr));
    let token = path.to_str().unwrap();
    assert!(tap(&served, 1, &["--token-file", token]).status.success());
    let set = format!("http.token_file={token}");
    assert!(tap(&served, 1, &["--set", &set]).status.success());
    served.stop();
}

#[test]
fn top_shows_shards_rates_and_kinds_of_a_running_daemon() {
    let mut demo = wirefold(&["demo", "--pace", "20ms", "--port", "0"]);
    let mut running = Running(demo.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let url = lines.find_map(|line| {
        Some(line.strip_suffix("  open this page to watch the wire come in")?.to_owned())
    });
    assert!(lines.any(|line| line.contains("ORIGINAL")));
    let url = url.unwrap();
    let output = wirefold(&["top", "--url", &url, "--once", "--every", "1s"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let out = text(&output.stdout);
    assert!(!out.contains('\u{1b}'), "{out}");
    assert!(out.lines().next().unwrap().contains("  ready  "), "{out}");
    assert!(out.lines().any(|line| line.starts_with("    0  running ")), "{out}");
    let rates = out.lines().find(|line| line.contains(" articles/s  ")).unwrap();
    assert!(!rates.starts_with("0.0 "), "{out}");
    for part in ["deciding ", "writing ", "slowest", "total ", "original "] {
        assert!(out.contains(part), "{part}\n{out}");
    }
}
