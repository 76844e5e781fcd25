//! Tests the HTTP server over a real socket: health, metrics, status, token, limits and shutdown.

use crate::rig;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::server::{self, Error, Server, ServerSources, ServerTimeouts};
use wirefold::daemon::http::status::{Instance, InstanceStatus};
use wirefold::daemon::pipeline::{Observer, Phase, StandbyProgress};
use wirefold::daemon::snapshot::shards::ShardStatuses;
use wirefold::daemon::telemetry::metrics;
use wirefold::daemon::telemetry::observer::Telemetry;

const READ_TIMEOUT: Duration = Duration::from_secs(30);

fn server_sources(views: &Arc<ShardStatuses>) -> ServerSources {
    let instance = Instance {
        instance: "desk-1".into(),
        version: "1.2.3".into(),
        core: "1.0.0".into(),
        settings: "5e77".into(),
        delivery: "exactly_once".into(),
    };
    ServerSources {
        instance,
        shards: views.clone(),
        metrics: metrics::recorder().unwrap().handle(),
        source: None,
    }
}

fn settings(token_file: PathBuf) -> Settings {
    Settings { listen: "127.0.0.1:0".into(), token_file, ..Settings::default() }
}

fn start(views: &Arc<ShardStatuses>, settings: &Settings) -> Server {
    bounded(views, settings, ServerTimeouts::default())
}

fn bounded(views: &Arc<ShardStatuses>, settings: &Settings, bounds: ServerTimeouts) -> Server {
    Server::start(settings, server_sources(views), bounds).unwrap().unwrap()
}

/// Sends bytes and reads until the server closes the connection.
fn send(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

/// Sends a request; returns the status, the headers in lower case, and the body.
fn ask(to: SocketAddr, method: &str, path: &str, headers: &str) -> (u16, String, String) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n"
    );
    let answer = send(to, request.as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn get(to: SocketAddr, path: &str) -> (u16, String, String) {
    ask(to, "GET", path, "")
}

#[test]
fn readiness_gives_its_reasons_until_every_shard_has_caught_up() {
    let views = ShardStatuses::new(2);
    let server = start(&views, &settings(PathBuf::new()));
    let at = server.address();
    assert_eq!(get(at, "/livez"), (200, get(at, "/livez").1, "live\n".into()));
    let mut tellers = [Telemetry::new(0, views.clone()), Telemetry::new(1, views.clone())];
    let says = |want: &str| {
        let (status, head, body) = get(at, "/readyz");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, problem["status"].as_u64()), (503, Some(503)));
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        assert!(problem["detail"].as_str().unwrap().contains(want), "{want}: {body}");
    };
    says("shard 0: waiting for the broker and its topics; shard 1: waiting");
    tellers[0].phase(Phase::Running);
    says("shard 1: waiting for the broker");
    tellers[1].phase(Phase::Restoring(20_000));
    says("shard 1: restoring, 20000 records of the changelog read so far");
    tellers[1].phase(Phase::Standby);
    says("shard 1: on standby, but behind the changelog");
    tellers[1].standby_progress(&StandbyProgress::CaughtUp);
    assert_eq!(get(at, "/readyz").0, 200, "a standby that has caught up");
    tellers[1].standby_progress(&StandbyProgress::Unreadable("it is of a newer release".into()));
    says("shard 1: on standby, but it cannot read the changelog: it is of a newer release");
    assert_eq!(get(at, "/livez").0, 200, "still alive");
    tellers[1].phase(Phase::Running);
    assert_eq!(get(at, "/readyz").0, 200, "an owner");
    for not in [Phase::Idle, Phase::Recovering, Phase::Stopping] {
        tellers[0].phase(not);
        says("shard 0: ");
    }
    server.stop();
}

#[test]
fn status_and_metrics_are_served() {
    let views = ShardStatuses::new(1);
    let server = start(&views, &settings(PathBuf::new()));
    Telemetry::new(0, views.clone()).phase(Phase::Running);
    let (status, head, body) = get(server.address(), "/api/v1/status");
    assert_eq!(status, 200, "{body}");
    for header in ["x-content-type-options: nosniff", "cache-control: no-store"] {
        assert!(head.contains(header), "{header}: {head}");
    }
    let told: InstanceStatus = serde_json::from_str(&body).unwrap();
    assert_eq!((told.ready, told.instance.instance.as_str()), (true, "desk-1"));
    assert_eq!(told.shards[0].phase, "running");
    let (status, head, body) = get(server.address(), "/metrics");
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    assert!(body.contains("wirefold_build_info{version="), "{body}");
    server.stop();
}

#[test]
fn everything_but_health_needs_the_token_if_one_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "s3cret\n").unwrap();
    let server = start(&ShardStatuses::new(0), &settings(file));
    let at = server.address();
    for path in ["/livez", "/readyz"] {
        assert_eq!(get(at, path).0, 200, "{path}");
    }
    for path in ["/metrics", "/api/v1/status"] {
        let (status, head, body) = get(at, path);
        assert_eq!(status, 401, "{path}");
        assert!(head.contains("www-authenticate: bearer") && body.contains("Bearer"), "{head}");
        assert_eq!(ask(at, "GET", path, "authorization: Bearer wrong\r\n").0, 401);
        assert_eq!(ask(at, "GET", path, "authorization: Bearer s3cret\r\n").0, 200);
    }
    server.stop();
}

#[test]
fn without_a_token_only_requests_with_a_loopback_host_are_answered() {
    let server = start(&ShardStatuses::new(0), &settings(PathBuf::new()));
    let asked = |path: &str, host: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        send(server.address(), request.as_bytes())
    };
    for path in ["/metrics", "/api/v1/status"] {
        let answer = asked(path, "rebound.example");
        assert!(
            answer.starts_with("HTTP/1.1 421") && answer.contains("http.token_file"),
            "{answer}"
        );
        assert!(asked(path, "127.0.0.1:9464").starts_with("HTTP/1.1 200"));
    }
    assert!(
        asked("/readyz", "10.0.0.7:9464").starts_with("HTTP/1.1 200"),
        "health endpoints ignore the host header"
    );
    server.stop();
}

#[test]
fn unknown_paths_and_methods_give_problem_json() {
    let server = start(&ShardStatuses::new(0), &settings(PathBuf::new()));
    let at = server.address();
    for (method, path, want) in [
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("POST", "/metrics", 405),
        ("PUT", "/livez", 405),
    ] {
        let (status, head, _) = ask(at, method, path, "");
        assert_eq!(status, want, "{method} {path}");
        assert!(head.contains("problem+json") && head.contains("nosniff"), "{head}");
    }
    server.stop();
}

#[test]
fn headers_are_bounded() {
    let server = start(&ShardStatuses::new(0), &settings(PathBuf::new()));
    let many: String = (0..70).map(|n| format!("x-{n}: 1\r\n")).collect();
    let large = format!("x: {}\r\n", "y".repeat(20 << 10));
    for headers in [many, large] {
        let (status, ..) = ask(server.address(), "GET", "/livez", &headers);
        assert_eq!(status, 431, "{} bytes", headers.len());
    }
    assert_eq!(get(server.address(), "/livez").0, 200, "other requests are served");
    server.stop();
}

#[test]
fn slow_and_idle_clients_are_disconnected() {
    let within = Duration::from_millis(200);
    let bounds = ServerTimeouts { headers_within: within, ..ServerTimeouts::default() };
    let server = bounded(&ShardStatuses::new(0), &settings(PathBuf::new()), bounds);
    for sent in ["", "GET /livez HTTP/1.1\r\nhost:", "GET /livez HTTP/1.1\r\nhost: desk\r\n\r\n"] {
        let started = Instant::now();
        let answer = send(server.address(), sent.as_bytes());
        assert!(started.elapsed() >= within, "{sent:?} was cut off early");
        assert_eq!(answer.contains("live"), sent.ends_with("\r\n\r\n"), "{answer}");
    }
    server.stop();
}

#[test]
fn beyond_the_connection_limit_only_health_is_answered() {
    let recorded = rig::recorded();
    let mut settings = settings(PathBuf::new());
    settings.tuning.connections_max = 2;
    settings.tuning.streams_max = 1;
    let server = start(&ShardStatuses::new(0), &settings);
    let at = server.address();
    let held: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(at).unwrap()).collect();
    assert_eq!((get(at, "/livez").0, get(at, "/readyz").0), (200, 200));
    let (status, head, body) = get(at, "/api/v1/status");
    assert_eq!(status, 503);
    assert!(
        head.contains("retry-after: 1") && body.contains("all connections are in use"),
        "{body}"
    );
    assert_eq!(rig::bounded(recorded, "connections_max"), 3);
    drop(held);
    let freed = (0..1_000).any(|_| get(at, "/api/v1/status").0 == 200);
    assert!(freed, "no connection was released");
    server.stop();
}

/// Clients with half-sent requests occupy all connections, and more clients are waiting.
#[test]
fn health_answers_within_a_second_while_all_connections_are_held_half_open() {
    let server = start(&ShardStatuses::new(0), &settings(PathBuf::new()));
    let at = server.address();
    let half = |_| {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\n").unwrap();
        stream
    };
    let held: Vec<TcpStream> =
        (0..usize::from(Settings::default().tuning.connections_max) + 8).map(half).collect();
    for _ in 0..3 {
        let asked = Instant::now();
        assert_eq!(get(at, "/livez").0, 200);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    drop(held);
    server.stop();
}

#[test]
fn shutdown_closes_idle_connections_and_frees_the_address() {
    let server = start(&ShardStatuses::new(0), &settings(PathBuf::new()));
    let at = server.address();
    let mut idle = TcpStream::connect(at).unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: desk\r\n\r\n").unwrap();
    let mut some = [0; 16];
    idle.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    idle.read_exact(&mut some).unwrap();
    server.stop();
    idle.read_to_end(&mut Vec::new()).unwrap();
    let again = Settings { listen: at.to_string(), ..Settings::default() };
    start(&ShardStatuses::new(0), &again).stop();
}

#[test]
fn a_server_that_cannot_start_gives_the_reason() {
    let views = ShardStatuses::new(0);
    let server = start(&views, &settings(PathBuf::new()));
    let taken = Settings { listen: server.address().to_string(), ..Settings::default() };
    let why = Server::start(&taken, server_sources(&views), ServerTimeouts::default()).unwrap_err();
    assert!(matches!(why, Error::Bind { .. }), "{why}");
    let message = format!("{:#}", anyhow::Error::from(why));
    assert!(message.starts_with("`http.listen`: cannot listen on `127.0.0.1:"), "{message}");
    assert_eq!(message.matches("in use").count(), 1, "{message}");
    server.stop();
    let nowhere = settings("/nowhere".into());
    for why in [
        Server::start(&nowhere, server_sources(&views), ServerTimeouts::default()).unwrap_err(),
        server::check(&nowhere).unwrap_err(),
    ] {
        let why = why.to_string();
        assert!(why.contains("`http.token_file`: `/nowhere` cannot be read"), "{why}");
    }
    let none = Settings { listen: String::new(), ..Settings::default() };
    assert!(
        Server::start(&none, server_sources(&views), ServerTimeouts::default()).unwrap().is_none()
    );
}
