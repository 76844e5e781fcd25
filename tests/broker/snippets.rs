//! Runs the send and read examples in the documentation on a test deployment.
//!
//! The test replaces the topics and the broker in the examples with its own. The consumers never
//! end; the test kills them once they have printed the expected number of lines.

use crate::daemon::Daemon;
use crate::deployment::{Deployment, PATIENCE, bootstrap};
use crate::outside::{Isolation, Record};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use wirefold::daemon::pipeline::broker::Role;

/// The articles to send: the demo's sample, which includes kills of articles with carriers.
const WIRE: &str = include_str!("../../src/cli/demo/wire.jsonl");

/// The pages with examples.
const DOCUMENTS: [&str; 2] =
    [include_str!("../../README.md"), include_str!("../../config/schema/README.md")];

/// The first code block of the pages that is in this language and begins with `start`.
fn block(language: &str, start: &str) -> &'static str {
    let blocks = DOCUMENTS.into_iter().flat_map(|page| page.split("\n```").skip(1).step_by(2));
    let mut bodies = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    let block = bodies.find(|body| body.starts_with(start));
    block.unwrap_or_else(|| panic!("no page has a {language} block that begins with `{start}`"))
}

/// A code block with the test's broker and the topics of `deployment`.
fn adapted(block: &str, deployment: &Deployment) -> String {
    block.replace("broker:9092", &bootstrap()).replace("wire.", &format!("{}.", deployment.prefix))
}

fn shell(line: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(folder);
    command
}

/// Runs a command until it has printed `wanted` lines, kills it, and returns the lines, sorted.
fn first_lines(mut command: Command, wanted: usize) -> Vec<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (send, printed) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)).ok();
    });
    let mut lines: Vec<String> =
        (0..wanted).map_while(|_| printed.recv_timeout(PATIENCE).ok()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    lines.sort();
    lines
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

fn text(record: &Record) -> &str {
    std::str::from_utf8(record.value.as_deref().unwrap()).unwrap()
}

/// The two lines that kcat prints for an event: its headers and its value.
fn kcat_lines(record: &Record) -> [String; 2] {
    let header = |(name, value): &(String, Option<Vec<u8>>)| {
        format!("{name}={}", std::str::from_utf8(value.as_deref().unwrap()).unwrap())
    };
    let headers: Vec<String> = record.headers.iter().map(header).collect();
    [headers.join(","), text(record).to_owned()]
}

/// The lines that the Python example prints for an event: the carriers of a withdrawn article.
fn carriers(record: &Record) -> Vec<String> {
    if record.header("ce_type") != "wirefold.article.withdrawn.v1" {
        return Vec::new();
    }
    let kill: Value = serde_json::from_str(text(record)).unwrap();
    let carrier = |c: &Value| {
        let [certainty, provider, uri] =
            ["certainty", "provider", "uri"].map(|key| c[key].as_str().unwrap_or("None"));
        format!("{certainty} {provider} {uri}")
    };
    kill["carriers"].as_array().unwrap().iter().map(carrier).collect()
}

/// The line that the Java example prints for a record of the stories topic.
fn story(record: &Record) -> String {
    let value = record.value.as_ref().map(|_| text(record));
    format!("{} {}", record.key(), value.unwrap_or("is over"))
}

/// Sends the articles with the README's kcat command, and waits until the daemon has processed them
/// all.
fn send(deployment: &Deployment, daemon: &Daemon, folder: &Path) {
    fs::write(folder.join("articles.jsonl"), WIRE).unwrap();
    let line = adapted(block("sh", "kcat -P"), deployment);
    assert!(shell(&line, folder).status().unwrap().success(), "{line}");
    deployment.wrote(WIRE.lines().count());
    deployment.is_through(daemon);
}

#[test]
fn the_readme_examples_send_articles_and_read_events_carriers_and_stories() {
    let deployment = Deployment::new("snippets", "exactly_once");
    let folder = tempfile::tempdir().unwrap();
    let daemon = deployment.start("", &[]);
    send(&deployment, &daemon, folder.path());
    daemon.stops();
    let found = deployment.found(Isolation::Committed);
    let (events, stories) = (&found.outputs[&Role::Events], &found.outputs[&Role::Stories]);
    let event_lines = sorted(events.iter().flat_map(kcat_lines));
    let carrier_lines = sorted(events.iter().flat_map(carriers));
    let story_lines = sorted(stories.iter().map(story));
    let counts = [event_lines.len(), carrier_lines.len(), story_lines.len()];
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");

    // Without `-e` kcat would wait for more events.
    let kcat = adapted(block("sh", "kcat -C"), &deployment).replace("kcat -C", "kcat -C -e -q");
    let kcat = shell(&kcat, folder.path());
    let script = folder.path().join("carriers.py");
    fs::write(&script, adapted(block("python", "import json"), &deployment)).unwrap();
    let mut python = Command::new(
        std::env::var("KAFKA_PYTHON").expect("tests/broker/run must set KAFKA_PYTHON"),
    );
    python.arg("-u").arg(script);
    let class = folder.path().join("Stories.java");
    fs::write(&class, adapted(block("java", "import java"), &deployment)).unwrap();
    let classes =
        std::env::var("KAFKA_CLASSPATH").expect("tests/broker/run must set KAFKA_CLASSPATH");
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-Xmx192m", "-cp", &classes]).arg(class);
    std::thread::scope(|scope| {
        let readers = [(kcat, event_lines), (python, carrier_lines), (java, story_lines)]
            .map(|(command, want)| scope.spawn(|| (first_lines(command, want.len()), want)));
        for reader in readers {
            let (read, want) = reader.join().unwrap();
            assert_eq!(read, want);
        }
    });
}
