//! Tests `wirefold demo FILE...`, which processes the user's own articles through the in-memory
//! broker.

use crate::command::{text, wirefold};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const BODY: &str = "Keepers of the Marel light reported a drifting barge off the north mole at \
                    dawn, and the tug Osmia put to sea with a crew of six to take it in tow. The \
                    harbour office said nobody was aboard and that the moorings had been cut.";

fn demo(folder: &Path, args: &[&str]) -> Command {
    wirefold(folder, &[&["demo"], args, &["--port", "0"]].concat())
}

fn article(uri: &str, provider: &str, minute: u32, body: &str) -> String {
    let headline = format!("Barge adrift off Marel, says {provider}");
    serde_json::json!({
        "uri": uri, "headline": headline, "provider": provider, "body": body, "language": "en",
        "published": format!("2026-03-02T10:{minute:02}:00Z"),
    })
    .to_string()
}

fn out(output: &Output) -> &str {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn files_of_several_formats_are_replayed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [article("a:1", "Northwire", 0, BODY), "{\"headline\":\"no uri\"}".to_owned()];
    fs::write(folder.path().join("a.jsonl"), lines.join("\n")).unwrap();
    let mut gzip =
        GzEncoder::new(File::create(folder.path().join("b.gz")).unwrap(), Compression::fast());
    write!(gzip, "[{}]", article("b:1", "Kestrel", 5, BODY)).unwrap();
    gzip.finish().unwrap();
    let rss = format!(
        "<rss version=\"2.0\"><channel><title>Tidewater</title><item><guid>c:1</guid>\
         <title>Adrift</title><description>{BODY}</description>\
         <pubDate>Mon, 02 Mar 2026 10:09:00 GMT</pubDate></item></channel></rss>"
    );
    fs::write(folder.path().join("c.xml"), rss).unwrap();
    let output = demo(folder.path(), &["a.jsonl", "b.gz", "c.xml", "--once"]).output().unwrap();
    let out = out(&output);
    assert!(out.starts_with("wirefold demo: the articles of 3 files, sent through"), "{out}");
    assert!(out.contains("\nhttp://127.0.0.1:"), "no address of the page\n{out}");
    assert!(out.contains("3 articles and 1 reject read"), "{out}");
    let found = |start: &str, kind: &str| {
        out.lines().any(|line| line.starts_with(start) && line.contains(kind))
    };
    assert!(found("10:00:00  Northwire", "ORIGINAL"), "{out}");
    assert!(found("10:05:00  Kestrel", "DUPLICATE"), "{out}");
    assert!(found("10:09:00  Tidewater", "DUPLICATE"), "{out}");
}

#[test]
fn articles_can_be_read_from_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(folder.path(), &["-", "--once"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let line = article("a:1", "Northwire", 0, BODY);
    child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(out(&output).contains("1 article and 0 rejects read"));
}

#[test]
fn a_file_without_articles_is_an_error_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty"), "\n").unwrap();
    fs::write(folder.path().join("table.csv"), "id,title\n1,Barge adrift\n").unwrap();
    fs::write(folder.path().join("bare.jsonl"), "{\"headline\":\"no uri\"}\n").unwrap();
    for (file, says) in [
        ("missing", "cannot read `missing`: No such file"),
        (".", "cannot read `.`: it is a directory"),
        ("empty", "no article in empty: the input is empty"),
        ("table.csv", "no article in table.csv; the first record is rejected: "),
        (
            "bare.jsonl",
            "no article in bare.jsonl; the first record is rejected: field `uri` is missing",
        ),
    ] {
        let output = demo(folder.path(), &[file, "--once"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{file}");
        let error = text(&output.stderr);
        assert!(error.starts_with("wirefold: ") && error.contains(says), "{file}: {error}");
        assert_eq!(text(&output.stdout), "", "{file}: nothing is started");
    }
}

/// A text of `words` words, different for every `number`.
fn unlike(number: u32, words: u32) -> String {
    let mut seed = number.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("w{}", seed >> 8)
    };
    (0..words).map(|_| next()).collect::<Vec<_>>().join(" ")
}

/// The in-memory broker drops the oldest records of a topic beyond 5 MB.
#[test]
fn a_file_larger_than_the_broker_keeps_is_read_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let long = |n: u32| article(&format!("a:{n}"), "Northwire", n / 30, &unlike(n, 1_200));
    let lines: Vec<String> = (0..800).map(long).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    assert!(bytes > 6 << 20, "{bytes}");
    fs::write(folder.path().join("long.jsonl"), lines.join("\n")).unwrap();
    let output = demo(folder.path(), &["long.jsonl", "--once"]).output().unwrap();
    let out = out(&output);
    assert!(out.contains("800 articles and 0 rejects read"), "{out}");
}

#[test]
fn with_wait_nothing_is_sent_before_someone_opens_the_page() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.jsonl"), article("a:1", "Northwire", 0, BODY)).unwrap();
    let mut child = demo(folder.path(), &["a.jsonl", "--once", "--wait"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let at =
        lines.find_map(|line| Some(line.strip_prefix("http://")?.split('/').next()?.to_owned()));
    let at = at.unwrap();
    assert!(lines.any(|line| line == "ready; waiting until someone opens the page"));
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let mut metrics = String::new();
    ask("/metrics").read_to_string(&mut metrics).unwrap();
    assert!(metrics.contains("\nwirefold_articles_received_total 0\n"), "{metrics}");
    let _page = ask("/api/v1/changes");
    assert!(lines.any(|line| line.starts_with("1 article and 0 rejects read")));
    assert!(child.wait().unwrap().success());
}
