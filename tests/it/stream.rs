//! Tests streams of server-sent events: messages, resuming, limits, and disconnecting slow clients.

use crate::rig::{Message, Rig, article};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::server::ServerTimeouts;

const TEXT: &str = "Harbour pilots in Marel stopped work at noon and said that they would not \
                    guide a ship past the reef before the lamps on both moles had been mended and \
                    tested by night.";

fn line(n: usize) -> Value {
    let at = format!("08:{:02}:{:02}", n / 60, n % 60);
    article(&at, &format!("n:{n}"), "Northwire", &format!("Pilots stop, part {n}"), TEXT)
}

fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.commit(&[line(0)]);
    rig
}

fn next(stream: &mut crate::rig::Stream) -> Message {
    stream.next().expect("the stream ended early")
}

#[test]
fn the_change_stream_reports_changes_and_resumes() {
    let mut rig = rig();
    let served = rig.serve();
    let mut page = served.follow("/changes", None);
    let hello = next(&mut page);
    assert_eq!((page.status, hello.event.as_str()), (200, "hello"));
    rig.commit(&[line(1)]);
    rig.commit(&[line(2), line(3)]);
    let mut messages = Vec::new();
    while messages.iter().map(|m: &Message| m.data["articles"].as_u64().unwrap()).sum::<u64>() < 3 {
        let message = next(&mut page);
        assert_eq!(message.event, "changed");
        messages.push(message);
    }
    assert_eq!(
        messages[0].data["stories"].as_array().unwrap().len(),
        1,
        "each changed story is listed once"
    );
    drop(page);
    rig.commit(&[line(4)]);
    let mut again = served.follow("/changes", Some(&hello.id));
    let resumed = next(&mut again);
    assert_eq!((resumed.event.as_str(), resumed.data["articles"].as_u64()), ("changed", Some(4)));
    for foreign in ["0-1", "nonsense", "1b-1.2"] {
        let mut stream = served.follow("/changes", Some(foreign));
        assert_eq!(next(&mut stream).event, "reset", "{foreign}");
    }
    rig.restore();
    assert_eq!(next(&mut again).event, "reset", "after a restore anything may have changed");
    served.stop();
}

#[test]
fn the_event_stream_sends_events_as_published() {
    let mut rig = rig();
    let served = rig.serve();
    let mut all = served.follow("/events?after=0.-1", None);
    let mut stories =
        served.follow("/events?type=story.opened&type=wirefold.story.closed.v1", None);
    let first = next(&mut all);
    assert_eq!((first.id.as_str(), first.event.as_str()), ("0.0", "wirefold.story.opened.v1"));
    assert_eq!(first.data["type"], "wirefold.story.opened.v1");
    assert_eq!(
        (&first.data["specversion"], &first.data["sequence"]),
        (&json!("1.0"), &json!("00000000000000000000"))
    );
    assert!(first.data["data"]["story"]["id"].is_string(), "{}", first.data);
    let mut other = line(9);
    (other["headline"], other["body"]) =
        ("Glassworks cut jobs".into(), "A furnace goes cold in Tollund.".into());
    rig.commit(&[line(1), other]);
    let mut kinds = Vec::new();
    while kinds.len() < 5 {
        let message = next(&mut all);
        kinds.push((message.id, message.event));
    }
    let numbers: BTreeSet<&String> = kinds.iter().map(|(id, _)| id).collect();
    assert_eq!(numbers.len(), kinds.len(), "event ids are unique");
    let opened = next(&mut stories);
    assert_eq!(opened.event, "wirefold.story.opened.v1", "only the requested types are sent");
    let mut resumed = served.follow("/events", Some(&kinds[1].0));
    assert_eq!(next(&mut resumed).id, kinds[2].0);
    for wrong in ["type=story.vanished", "after=7", "after=0.x", "after=9.1", "kind=x"] {
        assert_eq!(served.get(&format!("/events?{wrong}")).status, 400, "{wrong}");
    }
    served.stop();
}

#[test]
fn dropped_events_are_reported_as_a_gap() {
    let mut rig = rig();
    let served = rig.serve();
    // Commit more events at once than the rate limit allows: only the newest are kept.
    let burst: Vec<Value> = (1..400).map(line).collect();
    rig.commit(&burst);
    let mut stream = served.follow("/events?after=0.-1", None);
    let mut expected = 0;
    let mut gaps = 0;
    let last = rig.desk().recent.next();
    while expected < last {
        let message = next(&mut stream);
        if message.event == "gap" {
            gaps += 1;
            assert_eq!(message.data["from"], expected);
            expected = message.data["to"].as_u64().unwrap() + 1;
        } else {
            assert_eq!(
                message.id,
                format!("0.{expected}"),
                "every missing event is covered by a gap message"
            );
            expected += 1;
        }
    }
    assert!(gaps >= 1, "the burst did not exceed the rate limit");
    served.stop();
}

#[test]
fn the_number_of_streams_is_bounded_and_a_shutdown_ends_them() {
    let rig = rig();
    let mut settings = Settings::default();
    settings.tuning.streams_max = 2;
    let served = rig.serve_with(&settings, ServerTimeouts::default());
    let mut first = served.follow("/changes", None);
    let second = served.follow("/events", None);
    let third = served.get("/changes");
    assert_eq!((third.status, third.header("retry-after")), (429, Some("10")), "{}", third.body);
    drop(second);
    // The slot is free once the server has noticed that the client disconnected.
    let started = Instant::now();
    while served.follow("/changes", None).status == 429 {
        assert!(started.elapsed() < Duration::from_secs(60), "the slot was not released");
        std::thread::yield_now();
    }
    assert_eq!(next(&mut first).event, "hello");
    let stopping = Instant::now();
    served.stop();
    assert!(first.next().is_none(), "the stream ends");
    assert!(stopping.elapsed() < Duration::from_secs(3), "open streams do not delay the shutdown");
}

#[test]
fn a_client_that_reads_nothing_is_disconnected() {
    let mut rig = rig();
    rig.commit(&(1..200).map(line).collect::<Vec<_>>());
    let bounds =
        ServerTimeouts { taken_within: Duration::from_millis(200), ..ServerTimeouts::default() };
    let served = rig.serve_with(&Settings::default(), bounds);
    let id = served.read("/stories")["items"][0]["id"].as_str().unwrap().to_owned();
    let mut stuck = TcpStream::connect(served.address()).unwrap();
    stuck.set_write_timeout(Some(Duration::from_millis(50))).unwrap();
    let head = format!("GET /api/v1/stories/{id} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    // Sends requests without reading responses until the socket buffers are full and the server
    // disconnects the client.
    let started = Instant::now();
    let ended = loop {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "the server did not disconnect the client"
        );
        match stuck.write_all(head.as_bytes()) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => break error.kind(),
            Ok(()) => {}
        }
        assert!(served.read("/facets")["kinds"].is_array(), "other clients are served meanwhile");
    };
    assert!(matches!(ended, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{ended}");
    served.stop();
}
