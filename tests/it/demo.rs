//! Runs `wirefold demo` as a user does, and tests its output, exit code and port.

use crate::command::SAMPLE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
    command.arg("demo").args(args).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn succeeded(output: &Output) -> &str {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    assert_eq!(err, "", "stderr must be empty");
    out
}

/// The lines under a title of the summary, up to the next blank line.
fn section<'a>(out: &'a str, title: &str) -> Vec<&'a str> {
    let mut lines = out.lines().skip_while(|line| !line.starts_with(title));
    assert!(lines.next().is_some(), "no `{title}` in\n{out}");
    lines.take_while(|line| !line.is_empty()).collect()
}

/// The number at the start of a line.
fn count(line: &str) -> usize {
    line.split_whitespace().next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"))
}

/// Checks that the transcript in the README consists of lines that the demo prints.
fn check_transcript(out: &str) {
    let readme = include_str!("../../README.md");
    let (_, shown) = readme.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let lines: Vec<&str> = shown.lines().filter(|line| line.trim() != "...").collect();
    assert!(lines.len() > 10);
    for line in lines {
        assert!(
            out.lines().any(|printed| printed == line),
            "the README shows a line that the demo does not print: {line}"
        );
    }
}

#[test]
fn with_once_the_demo_shows_every_record_and_then_a_summary() {
    let output = demo(&["--once", "--pace", "0ms", "--port", "0"]).output().unwrap();
    let out = succeeded(&output);
    assert!(!out.contains('\x1b'), "no colours and no control characters from the wire");
    let records = SAMPLE.lines().count();
    let kinds = section(out, "Articles by kind");
    let rejects = section(out, "Rejected");
    let sum = |lines: &[&str]| lines.iter().map(|line| count(line)).sum::<usize>();
    assert_eq!(sum(&kinds) + sum(&rejects), records, "every record is classified or rejected");
    for line in &kinds {
        let kind = line.split_whitespace().nth(1).unwrap();
        let told = |l: &str| l.get(24..).is_some_and(|l| l.starts_with(&kind.to_uppercase()));
        let shown = |l: &&str| l.get(2..3) == Some(":") && told(l);
        assert_eq!(out.lines().filter(shown).count(), count(line), "{kind} on the screen\n{out}");
    }
    assert_eq!(out.lines().filter(|l| l.trim().starts_with("REJECTED")).count(), sum(&rejects));
    for kind in ["original", "duplicate", "reprint", "update", "withdrawal", "recurring", "partial"]
    {
        assert!(kinds.iter().any(|line| line.contains(kind)), "no {kind}\n{out}");
    }
    assert!(out.lines().any(|line| line.contains("also partial of")), "no spliced item\n{out}");
    assert!(section(out, "Stories").iter().all(|story| count(story) > 1));
    check_transcript(out);
    let court = "Northwire \"Court freezes accounts of shipping line Corvane\"; ";
    for (start, times) in [("withdrawn: ", 1), ("withdrawn earlier: ", 2)] {
        let also = if times > 1 { "also carried by" } else { "carried by" };
        let line = format!("! {start}{court}{also}");
        assert_eq!(out.lines().filter(|l| l.trim() == line).count(), times, "{line}\n{out}");
    }
    let no_story = out.lines().filter(|l| l.trim().starts_with("\u{2504} no story (notice"));
    assert_eq!(no_story.count(), 2, "the advisory and the daybook\n{out}");
    let carriers = section(out, "Withdrawn");
    assert!(carriers.iter().any(|line| line.starts_with("      ")), "{carriers:?}");
}

/// An event of a changed story is published only when the clock advances.
#[test]
fn each_article_is_followed_by_the_line_about_its_story() {
    let output = demo(&["--once", "--pace", "0ms", "--port", "0"]).output().unwrap();
    let out = succeeded(&output);
    let at_once: Vec<&str> = out
        .lines()
        .skip_while(|line| !line.starts_with("08:26:24"))
        .take_while(|line| !line.starts_with("08:26:36"))
        .filter(|line| line.starts_with("08:") || line.contains("story now has"))
        .map(|line| line.trim_start().get(..14).unwrap())
        .collect();
    let (meridian, tidewater) = ("08:26:24  Meri", "08:26:24  Tide");
    let line = "\u{2504} story now ";
    assert_eq!(at_once, [meridian, line, tidewater, line], "{out}");
    assert!(out.lines().any(|line| line.trim() == "carries uncorrected text"), "{out}");
}

#[test]
fn the_log_says_in_words_what_a_shard_does() {
    let mut command = demo(&["--once", "--pace", "0ms", "--port", "0"]);
    let output = command.env("RUST_LOG", "wirefold=info").output().unwrap();
    let log = text(&output.stderr);
    for says in [
        "this instance now owns shard 0 ",
        "the phase of the shard changed shard=0 phase=restoring records=0\n",
        "state restored from the changelog ",
        "the phase of the shard changed shard=0 phase=running\n",
    ] {
        assert!(log.contains(says), "no `{says}` in\n{log}");
    }
}

/// A demo in the background, killed when the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.try_wait().unwrap().is_none() {
            self.0.kill().unwrap();
        }
    }
}

/// Sends a GET request and returns the whole response.
fn get(at: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn without_once_the_demo_keeps_serving_until_a_signal() {
    let mut command = demo(&["--pace", "0ms", "--port", "0"]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let at = lines.find_map(|line| {
        let rest = line.strip_prefix("http://")?;
        Some(rest.split('/').next()?.to_owned())
    });
    let at = at.unwrap();
    let broker = lines.find_map(|l| l.strip_prefix("Kafka for consumers: ").map(str::to_owned));
    assert!(TcpStream::connect(broker.unwrap()).is_ok(), "the broker accepts connections");
    assert!(lines.any(|line| line.contains("stays up until Ctrl-C")));
    assert!(get(&at, "/readyz").starts_with("HTTP/1.1 200"));
    let received = format!("\nwirefold_articles_received_total {}\n", SAMPLE.lines().count());
    let metrics = get(&at, "/metrics");
    assert!(metrics.contains(&received), "{metrics}");
    // The connection of the previous request is released once the server has noticed that it was
    // closed.
    let own = || get(&at, "/metrics").contains("\nwirefold_http_connections 1\n");
    assert!((0..100).any(|_| own()), "{metrics}");
    assert!(get(&at, "/api/v1/status").contains("\"phase\":\"running\""));
    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn a_port_in_use_is_an_error_if_given_and_replaced_if_only_configured() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = demo(&["--once", "--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let says = text(&output.stderr);
    let in_use = format!("port {port} is already in use");
    assert!(says.contains(&in_use) && says.contains("--port"), "{says}");
    let listen = format!("http.listen=127.0.0.1:{port}");
    let output = demo(&["--once", "--pace", "0ms", "--set", &listen]).output().unwrap();
    let out = succeeded(&output);
    assert!(out.contains(&format!("{in_use}; using a free port instead")), "{out}");
}

#[test]
fn an_invalid_pace_is_refused() {
    let output = demo(&["--pace", "soon"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--pace"), "{}", text(&output.stderr));
}
