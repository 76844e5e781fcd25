//! Runs the send and read examples in the documentation on a test deployment: the consumers in all
//! languages, and the converters and transforms of the Kafka Connect sinks.
//!
//! The test replaces the topics and the broker in the examples with its own. The consumers never
//! end; the test kills them once they have printed the expected number of lines. All of them run at
//! the same time, because each mostly waits to join its consumer group.

use crate::deployment::{Deployment, PATIENCE, bootstrap};
use crate::outside::{Isolation, Record, java, read};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;
use wirefold::daemon::pipeline::broker::Role;
use wirefold::daemon::publish::{CLASSIFIED, MERGED, WITHDRAWN};

/// The articles to send: the demo's sample, which includes kills of articles with carriers.
const WIRE: &str = include_str!("../../src/cli/demo/wire.jsonl");

/// The pages with examples.
const DOCUMENTS: [&str; 2] =
    [include_str!("../../README.md"), include_str!("../../config/schema/CONSUMERS.md")];

/// The first code block of the pages that is in this language and begins with `start`.
fn block(language: &str, start: &str) -> &'static str {
    let blocks = DOCUMENTS.into_iter().flat_map(|page| page.split("\n```").skip(1).step_by(2));
    let mut bodies = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    let block = bodies.find(|body| body.trim_start_matches(['{', '\n', ' ']).starts_with(start));
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
    if record.header("ce_type") != WITHDRAWN {
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

/// The lines that the Python consumer of story events prints for an event.
fn story_event(record: &Record) -> Vec<String> {
    let event: Value = serde_json::from_str(text(record)).unwrap();
    let id = |story: &Value| story["id"].as_str().unwrap().to_owned();
    let kind = record.header("ce_type");
    if kind == MERGED {
        let survivor = id(&event["survivor"]);
        let absorbed = event["absorbed"].as_array().unwrap();
        let absorbed = absorbed.iter().filter(|_| record.key() == survivor);
        return absorbed.map(|story| format!("merged {} into {survivor}", id(story))).collect();
    }
    let Some(action) = kind.strip_prefix("wirefold.story.") else { return Vec::new() };
    let (action, _) = action.split_once('.').unwrap();
    let story = &event["story"];
    vec![format!(
        "{action} {} {} {}",
        id(story),
        story["size"],
        story["headline"].as_str().unwrap()
    )]
}

/// The lines that each consumer of articles in `CONSUMERS.md` prints for an event.
fn site(record: &Record) -> Vec<String> {
    let event: Value = serde_json::from_str(text(record)).unwrap();
    let forwarded = |article: &Value| article["unique"] == "forwarded";
    let line = |action: &str, article: &Value| {
        let [uri, headline] = ["uri", "headline"].map(|key| article[key].as_str().unwrap_or(""));
        format!("{action} {uri} {headline}")
    };
    match record.header("ce_type") {
        CLASSIFIED if forwarded(&event) => {
            vec![line("publish", &event["article"])]
        }
        WITHDRAWN => {
            let affected = event.get("of").into_iter();
            let affected = affected.chain(event["carriers"].as_array().unwrap());
            let action = |article: &Value| match article["certainty"].as_str() {
                Some("likely") => "check",
                _ => "take-down",
            };
            affected.filter(|a| forwarded(a)).map(|a| line(action(a), a)).collect()
        }
        _ => Vec::new(),
    }
}

/// The document that the sink of the stories writes for a record: its id and its content.
fn story_document(record: &Record) -> (String, Value) {
    let value = record.value.as_ref().map(|_| serde_json::from_str(text(record)).unwrap());
    (record.key(), value.unwrap_or_default())
}

/// The document that the sink of the events writes for a record: its id and its content.
fn event_document(record: &Record) -> (String, Value) {
    let event: Value = serde_json::from_str(text(record)).unwrap();
    (event["id"].as_str().unwrap().to_owned(), event)
}

fn document_line((id, document): (String, Value)) -> String {
    format!("{id} {document}")
}

/// The documents that the sink whose configuration begins with `start` writes, as lines.
fn sunk(start: &str, deployment: &Deployment, folder: &Path) -> Vec<String> {
    let file = folder.join("connector.json");
    fs::write(&file, adapted(block("json", start), deployment)).unwrap();
    let printed = String::from_utf8(java("Sink", &[file.to_str().unwrap()])).unwrap();
    sorted(printed.lines().map(|line| {
        let (id, document) = line.split_once('\t').unwrap();
        document_line((id.to_owned(), serde_json::from_str(document).unwrap()))
    }))
}

/// An environment variable that `tests/broker/run` sets; empty if a tool is not installed.
fn set(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("tests/broker/run must set {name}"))
}

fn python(script: &str, deployment: &Deployment, folder: &Path) -> Command {
    let file = folder.join(format!("{}.py", script.len()));
    fs::write(&file, adapted(script, deployment)).unwrap();
    let mut python = Command::new(set("KAFKA_PYTHON"));
    python.arg("-u").arg(file);
    python
}

fn java_file(name: &str, code: &str, deployment: &Deployment, folder: &Path) -> Command {
    let file = folder.join(name);
    fs::write(&file, adapted(code, deployment)).unwrap();
    let mut java = Command::new("java");
    let options = ["-XX:TieredStopAtLevel=1", "-Xmx192m", "-cp"];
    java.args(options).arg(set("KAFKA_CLASSPATH")).arg(file);
    java
}

/// The consumer in Go, built; `None` if Go is not installed.
fn go(deployment: &Deployment, folder: &Path) -> Option<Command> {
    let module = Some(set("KAFKA_GO")).filter(|module| !module.is_empty())?;
    let folder = folder.join("go");
    fs::create_dir(&folder).unwrap();
    for file in ["go.mod", "go.sum"] {
        fs::copy(Path::new(&module).join(file), folder.join(file)).unwrap();
    }
    let code = adapted(block("go", "// main.go"), deployment) + "\n";
    fs::write(folder.join("main.go"), code).unwrap();
    let build = "test -z \"$(gofmt -l .)\" && go vet -mod=mod . && go build -mod=mod -o site .";
    assert!(shell(build, &folder).status().unwrap().success(), "{build}");
    Some(Command::new(folder.join("site")))
}

/// The consumer in JavaScript; `None` if npm is not installed.
fn node(deployment: &Deployment, folder: &Path) -> Option<Command> {
    let modules = Some(set("KAFKA_NODE")).filter(|folder| !folder.is_empty())?;
    let folder = folder.join("js");
    fs::create_dir(&folder).unwrap();
    let modules = Path::new(&modules).join("node_modules");
    std::os::unix::fs::symlink(modules, folder.join("node_modules")).unwrap();
    let script = folder.join("site.mjs");
    fs::write(&script, adapted(block("js", "// site.mjs"), deployment)).unwrap();
    let mut node = Command::new("node");
    node.arg(script);
    Some(node)
}

/// Sends the articles with the README's kcat command.
fn send(deployment: &Deployment, folder: &Path) {
    fs::write(folder.join("articles.jsonl"), WIRE).unwrap();
    let line = adapted(block("sh", "kcat -P"), deployment);
    assert!(shell(&line, folder).status().unwrap().success(), "{line}");
}

#[test]
fn the_documents_examples_send_articles_and_read_events_carriers_and_stories() {
    let deployment = Deployment::new("snippets", "exactly_once");
    let folder = tempfile::tempdir().unwrap();
    send(&deployment, folder.path());
    // The records of this process are in the topics, but were never committed.
    deployment.start("before-commit=1*off->return", &[]).dies_at("before-commit");
    let daemon = deployment.start("", &[]);
    deployment.wrote(WIRE.lines().count());
    deployment.is_through(&daemon);
    daemon.stops();
    let found = deployment.found(Isolation::Committed);
    let written = deployment.found(Isolation::Uncommitted);
    let [committed, written] = [&found, &written].map(|found| found.outputs[&Role::Events].len());
    assert!(written > committed, "{written} {committed}");
    let (events, stories) = (&found.outputs[&Role::Events], &found.outputs[&Role::Stories]);
    let event_lines = sorted(events.iter().flat_map(kcat_lines));
    let carrier_lines = sorted(events.iter().flat_map(carriers));
    let story_lines = sorted(stories.iter().map(story));
    let story_event_lines = sorted(events.iter().flat_map(story_event));
    let site_lines = sorted(events.iter().flat_map(site));
    let all = [&event_lines, &carrier_lines, &story_lines, &story_event_lines, &site_lines];
    let counts = all.map(Vec::len);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
    assert!(site_lines.iter().any(|line| line.starts_with("take-down")), "{site_lines:?}");

    let (to, at) = (&deployment, folder.path());
    // Without `-e` kcat would wait for more events.
    let kcat = adapted(block("sh", "kcat -C"), to).replace("kcat -C", "kcat -C -e -q");
    let mut readers = vec![
        (shell(&kcat, at), event_lines),
        (python(block("python", "import json"), to, at), carrier_lines),
        (python(block("python", "# stories.py"), to, at), story_event_lines),
        (java_file("Stories.java", block("java", "import java"), to, at), story_lines),
        (python(block("python", "# site.py"), to, at), site_lines.clone()),
        (java_file("Site.java", block("java", "// Site.java"), to, at), site_lines.clone()),
    ];
    let others = [go(to, at), node(to, at)].into_iter().flatten();
    readers.extend(others.map(|command| (command, site_lines.clone())));
    std::thread::scope(|scope| {
        let readers: Vec<_> = readers
            .into_iter()
            .map(|(command, want)| {
                let program = command.get_program().to_owned();
                (program, scope.spawn(|| (first_lines(command, want.len()), want)))
            })
            .collect();
        for (program, reader) in readers {
            let (read, want) = reader.join().unwrap();
            assert_eq!(read, want, "{program:?}");
        }
    });
    let documents = sorted(stories.iter().map(story_document).map(document_line));
    assert_eq!(sunk(r#""name": "wirefold-stories""#, to, at), documents);
}

/// The events of a deployment in structured mode, once all articles are classified or rejected.
/// Reads the topics again and again: the deployment itself only follows events in binary mode.
fn structured_events(deployment: &Deployment) -> Vec<Record> {
    let names = ["events", "rejected"].map(|name| format!("{}.{name}", deployment.prefix));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let [events, rejected] = &read(&[&names[0], &names[1]], Isolation::Committed)[..] else {
            unreachable!("two topics were read")
        };
        let classified = events.iter().map(event_document);
        let classified = classified.filter(|(_, event)| event["type"] == CLASSIFIED).count();
        if classified + rejected.len() >= WIRE.lines().count() {
            return events.clone();
        }
        assert!(Instant::now() < deadline, "stuck at {classified}");
    }
}

#[test]
fn the_sink_of_events_gets_each_event_under_its_id() {
    let deployment = Deployment::with("sinks", "exactly_once", &["output.mode=structured"]);
    let folder = tempfile::tempdir().unwrap();
    let daemon = deployment.start("", &[]);
    send(&deployment, folder.path());
    structured_events(&deployment);
    daemon.stops();
    // The daemon may have published updates of stories until it stopped.
    let events = structured_events(&deployment);
    let documents = sorted(events.iter().map(event_document).map(document_line));
    assert_eq!(sunk(r#""name": "wirefold-events""#, &deployment, folder.path()), documents);
}
