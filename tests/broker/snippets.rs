//! The README's ways to send and to read, as they stand there, on a deployment of the test's own.
//!
//! Topics and broker are put in the place of those that the README names. Consumers there run for
//! ever; here they run until they have printed as many lines as must come.

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

/// What is sent: the demo's wire, which has kills and those who carry what they kill.
const WIRE: &str = include_str!("../../src/cli/demo/wire.jsonl");

/// The README's first block of a language that begins so.
fn block(language: &str, start: &str) -> &'static str {
    let blocks = include_str!("../../README.md").split("\n```").skip(1).step_by(2);
    let mut bodies = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    let found = bodies.find(|body| body.starts_with(start));
    found.unwrap_or_else(|| panic!("the README has no block of {language} that begins `{start}`"))
}

/// A block for this broker and the topics of `deployment`.
fn adapted(block: &str, deployment: &Deployment) -> String {
    block.replace("broker:9092", &bootstrap()).replace("wire.", &format!("{}.", deployment.prefix))
}

fn shell(line: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(folder);
    command
}

/// The first `wanted` lines that a command prints, sorted; then it is ended.
fn prints(mut command: Command, wanted: usize) -> Vec<String> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let (say, said) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        out.lines().map_while(Result::ok).try_for_each(|line| say.send(line)).ok();
    });
    let mut lines: Vec<String> =
        (0..wanted).map_while(|_| said.recv_timeout(PATIENCE).ok()).collect();
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

/// What kcat prints of an event: its headers, and its value.
fn shown(record: &Record) -> [String; 2] {
    let header = |(name, value): &(String, Option<Vec<u8>>)| {
        format!("{name}={}", std::str::from_utf8(value.as_deref().unwrap()).unwrap())
    };
    let headers: Vec<String> = record.headers.iter().map(header).collect();
    [headers.join(","), text(record).to_owned()]
}

/// Those who carry what an event says is withdrawn.
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

fn story(record: &Record) -> String {
    let value = record.value.as_ref().map(|_| text(record));
    format!("{} {}", record.key(), value.unwrap_or("is over"))
}

/// Sends the wire by the README's kcat, and waits until the daemon has answered all of it.
fn send(deployment: &Deployment, daemon: &Daemon, folder: &Path) {
    fs::write(folder.join("articles.jsonl"), WIRE).unwrap();
    let line = adapted(block("sh", "kcat -P"), deployment);
    assert!(shell(&line, folder).status().unwrap().success(), "{line}");
    deployment.wrote(WIRE.lines().count());
    deployment.is_through(daemon);
}

#[test]
fn the_readme_sends_articles_and_reads_what_is_said() {
    let deployment = Deployment::new("snippets", "exactly_once");
    let folder = tempfile::tempdir().unwrap();
    let daemon = deployment.start("", &[]);
    send(&deployment, &daemon, folder.path());
    daemon.stops();
    let found = deployment.found(Isolation::Committed);
    let (events, stories) = (&found.outputs[&Role::Events], &found.outputs[&Role::Stories]);
    let told = sorted(events.iter().flat_map(shown));
    let carried = sorted(events.iter().flat_map(carriers));
    let lived = sorted(stories.iter().map(story));
    let counts = [told.len(), carried.len(), lived.len()];
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");

    // It would wait for more events: `-e` ends it after the last one.
    let kcat = adapted(block("sh", "kcat -C"), &deployment).replace("kcat -C", "kcat -C -e -q");
    let kcat = shell(&kcat, folder.path());
    let script = folder.path().join("carriers.py");
    fs::write(&script, adapted(block("python", "import json"), &deployment)).unwrap();
    let mut python =
        Command::new(std::env::var("KAFKA_PYTHON").expect("tests/broker/run sets KAFKA_PYTHON"));
    python.arg("-u").arg(script);
    let class = folder.path().join("Stories.java");
    fs::write(&class, adapted(block("java", "import java"), &deployment)).unwrap();
    let classes = std::env::var("KAFKA_CLASSPATH").expect("tests/broker/run sets KAFKA_CLASSPATH");
    let mut java = Command::new("java");
    java.args(["-XX:TieredStopAtLevel=1", "-Xmx192m", "-cp", &classes]).arg(class);
    std::thread::scope(|scope| {
        let readers = [(kcat, told), (python, carried), (java, lived)]
            .map(|(command, want)| scope.spawn(|| (prints(command, want.len()), want)));
        for reader in readers {
            let (read, want) = reader.join().unwrap();
            assert_eq!(read, want);
        }
    });
}
