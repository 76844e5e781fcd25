//! Measures how much the snapshots and the clients of the API slow down the pipeline.
//!
//! ```text
//! cargo bench --bench api -- [ARTICLES] [ROUNDS]
//! ```
//!
//! Each round processes the same synthetic wire as fast as possible, in batches like those that the
//! daemon commits, in three scenarios: without snapshots; with snapshots; and with snapshots under
//! load, while 200 clients follow streams and the server answers 100 requests per second. The
//! clients run in a separate process at the lowest priority, because in production they would run
//! on other machines.
//!
//! Prints articles per second of wall-clock time (which depends on other load on the machine) and
//! articles per CPU second of the pipeline's threads (which does not), the CPU time of the snapshot
//! thread and of the server's threads relative to the pipeline's, and the memory per live article
//! with and without snapshots.

#[path = "../tests/it/feed.rs"]
mod feed;

use rayon::prelude::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wirefold::daemon::article_text::{ArticleTexts, ReadFailure, RecordSource, SourceRecord};
use wirefold::daemon::faults::Faults;
use wirefold::daemon::http::Settings as Http;
use wirefold::daemon::http::api::ApiSource;
use wirefold::daemon::http::server::{Server, ServerSources, ServerTimeouts};
use wirefold::daemon::http::status::Instance;
use wirefold::daemon::pipeline::broker::{InputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueTopic};
use wirefold::daemon::snapshot::shards::ShardStatuses;
use wirefold::daemon::snapshot::thread::SnapshotThread;
use wirefold::daemon::snapshot::{CommittedBatch, Snapshots};
use wirefold::daemon::telemetry::metrics;
use wirefold_engine::Settings;
use wirefold_engine::article::InputPosition;
use wirefold_engine::decode::Format;
use wirefold_engine::decode::RecordPart;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{State, TouchedIds};

const KEY: SamplingKey = SamplingKey(7);
/// Number of articles per batch.
const BATCH: usize = 250;
/// Number of clients that follow a stream.
const STREAMS: usize = 200;
const REQUESTS_PER_SECOND: u64 = 100;

/// Measurements of a run, in seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    wall: f64,
    /// CPU time of the pipeline's threads.
    pipeline: f64,
    /// CPU time of the snapshot thread.
    snapshot_thread: f64,
    /// CPU time of the server's threads.
    server: f64,
}

/// What runs in addition to the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scenario {
    NoSnapshots,
    Snapshots,
    /// Snapshots with clients.
    Load,
}

/// The input records, from which the server reads article texts.
struct Wire(Arc<Vec<feed::Line>>);

impl RecordSource for Wire {
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, ReadFailure> {
        let Some(line) = self.0.get(at.offset as usize) else { return Ok(None) };
        let article = &line.article;
        let payload = serde_json::json!({
            "uri": article.uri, "headline": article.headline, "body": article.body.as_str(),
        });
        Ok(Some(SourceRecord { payload: payload.to_string().into_bytes(), content_type: None }))
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("--clients") => return clients(arguments[1].parse().expect("an address")),
        Some("--memory") => {
            let (articles, mode) = (arguments[1].parse().expect("a number"), &arguments[2]);
            let scenario =
                if mode == "snapshots" { Scenario::Snapshots } else { Scenario::NoSnapshots };
            process(&Arc::new(feed::feed(1, articles, 100)), scenario);
            return;
        }
        _ => {}
    }
    let number =
        |at: usize, usual| arguments.get(at).map_or(usual, |n| n.parse().expect("a number"));
    let (articles, rounds) = (number(0, 40_000), number(1, 5));
    let wire = Arc::new(feed::feed(1, articles, 100));
    let mut runs: Vec<[Run; 3]> = Vec::new();
    for round in 0..=rounds {
        let run = [Scenario::NoSnapshots, Scenario::Snapshots, Scenario::Load].map(|scenario| {
            settle();
            process(&wire, scenario)
        });
        // The first round only warms up.
        if round > 0 {
            runs.push(run);
        }
    }
    println!("{articles} articles per run in batches of {BATCH}, median of {rounds} rounds");
    println!("CPU time of the snapshot thread and the server relative to the pipeline's");
    println!(
        "{:<12} {:>14} {:>22} {:>13} {:>12}",
        "", "articles/s", "articles/CPU second", "snapshot CPU", "server CPU"
    );
    let median = |of: &dyn Fn(&[Run; 3]) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    for (at, name) in ["no snapshots", "snapshots", "load"].into_iter().enumerate() {
        println!(
            "{name:<12} {:>14.0} {:>22.0} {:>12.1}% {:>11.1}%",
            median(&|run| articles as f64 / run[at].wall),
            median(&|run| articles as f64 / run[at].pipeline),
            median(&|run| 100.0 * run[at].snapshot_thread / run[at].pipeline),
            median(&|run| 100.0 * run[at].server / run[at].pipeline),
        );
    }
    let loss = |from: usize, to: usize, of: fn(&Run) -> f64| {
        median(&|run| 100.0 * (1.0 - of(&run[from]) / of(&run[to])))
    };
    for (name, from, to) in [("snapshots", 0, 1), ("load", 1, 2), ("both", 0, 2)] {
        let (wall, cpu) = (loss(from, to, |r| r.wall), loss(from, to, |r| r.pipeline));
        println!("{name}: {wall:.1} % fewer articles per second, {cpu:.1} % fewer per CPU second");
    }
    let memory = |mode: &str| -> f64 {
        let program = std::env::current_exe().expect("the path of this program");
        let count = (2 * articles).to_string();
        let run = Command::new(program).args(["--memory", &count, mode]).output();
        let output = String::from_utf8(run.expect("the child runs").stdout).expect("UTF-8 output");
        output
            .lines()
            .last()
            .and_then(|line| line.split(' ').next()?.parse().ok())
            .expect("a number")
    };
    let (without, with) = (memory("none"), memory("snapshots"));
    println!(
        "bytes per live article: {without:.0} without snapshots, {with:.0} with, {:+.0}",
        with - without
    );
}

/// Processes a wire and measures it. Prints the memory per live article.
fn process(wire: &Arc<Vec<feed::Line>>, scenario: Scenario) -> Run {
    let before = resident();
    let (settings, snapshots) = (Settings::default(), Snapshots::new(1));
    let mut state = State::new(settings.clone(), KEY);
    let mut thread = (scenario != Scenario::NoSnapshots).then(|| {
        SnapshotThread::start(0, snapshots.clone(), &Faults::default()).expect("a thread")
    });
    snapshots.accept_queries(0);
    let encoder = Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueTopic::On);
    let loaded = (scenario == Scenario::Load).then(|| {
        let server = serve(&snapshots, wire, &settings);
        let child = load(server.address());
        (server, child)
    });
    let sides = [Side::Pipeline, Side::Snapshots, Side::Server];
    let (before_run, started) = (sides.map(cpu_seconds), Instant::now());
    let mut sequence = 0;
    for lines in wire.chunks(BATCH) {
        let prepared: Vec<_> =
            lines.par_iter().map(|line| prepare(line.article.clone(), &settings, KEY)).collect();
        let (mut events, mut outputs) = (Vec::new(), Vec::new());
        let mut touched = TouchedIds::default();
        for (new, line) in prepared.into_iter().zip(lines) {
            let record = record(line);
            let outcome = state.apply(new, line.stamp, line.input.clone());
            touched.add(outcome.touched);
            std::hint::black_box(outcome.changes);
            for (n, event) in (0..).zip(outcome.events) {
                let (record, part, items, resets) = (&record, &RecordPart::Whole, 1, 0);
                let context =
                    EventContext { event: &event, n, sequence, record, part, items, resets };
                outputs.extend(encoder.encode(&context));
                sequence += 1;
                events.push(event);
            }
        }
        if let Some(thread) = &mut thread {
            let batch = CommittedBatch { events: &events, outputs: &outputs };
            thread.follow(&state, touched, Some(batch), sequence);
            thread.catch_up(&state, sequence);
        }
        snapshots.answer_queries(0, &mut state);
    }
    let wall = started.elapsed().as_secs_f64();
    let spent = sides.map(cpu_seconds);
    let [pipeline, snapshot_thread, server] = [0, 1, 2].map(|side| spent[side] - before_run[side]);
    let run = Run { wall, pipeline, snapshot_thread, server };
    if thread.is_some() {
        await_all(&snapshots, &state);
    }
    let bytes = resident().saturating_sub(before) as f64 / state.live_articles() as f64;
    if scenario != Scenario::Load {
        println!("{bytes:.0} resident bytes per live article, {} live", state.live_articles());
    }
    if let Some((server, mut child)) = loaded {
        drop(child.stdin.take());
        let mut output = String::new();
        if let Some(mut out) = child.stdout.take() {
            out.read_to_string(&mut output).expect("the output of the clients");
        }
        child.wait().expect("the clients end");
        print!("{output}");
        server.stop();
    }
    run
}

/// The input record of a line, without its payload.
fn record(line: &feed::Line) -> InputRecord {
    InputRecord {
        from: Partition { topic: line.input.topic.clone(), partition: 0 },
        offset: line.input.offset,
        timestamp: Some(line.stamp),
        key: None,
        payload: None,
        headers: Vec::new(),
    }
}

/// Waits until the snapshot thread of the previous run has ended. Its CPU time would otherwise be
/// in the first reading but not in the second.
fn settle() {
    while cpu_seconds(Side::Snapshots) > 0.0 {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the snapshot contains all live articles.
fn await_all(snapshots: &Snapshots, state: &State) {
    while snapshots.of(0).is_some_and(|snapshot| snapshot.len() < state.live_articles()) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn serve(snapshots: &Arc<Snapshots>, wire: &Arc<Vec<feed::Line>>, settings: &Settings) -> Server {
    let source = ApiSource {
        snapshots: snapshots.clone(),
        texts: Some(ArticleTexts::start(Wire(wire.clone()), snapshots.limits()).expect("a thread")),
        engine: Arc::new(settings.clone()),
        format: Format::Auto,
    };
    let instance = Instance {
        instance: "bench".into(),
        version: String::new(),
        core: String::new(),
        settings: String::new(),
        delivery: String::new(),
    };
    let metrics = metrics::recorder().expect("a recorder").handle();
    let sources =
        ServerSources { instance, shards: ShardStatuses::new(1), metrics, source: Some(source) };
    let mut http = Http { listen: "127.0.0.1:0".into(), ..Http::default() };
    http.tuning.streams_max = STREAMS as u16 + 8;
    Server::start(&http, sources, ServerTimeouts::default())
        .expect("it starts")
        .expect("it listens")
}

/// Starts the client process and waits until all clients follow a stream.
fn load(address: SocketAddr) -> Child {
    let program = std::env::current_exe().expect("the path of this program");
    let mut child = Command::new("nice")
        .args(["-n", "19"])
        .arg(program)
        .args(["--clients", &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the clients start");
    let mut ready = String::new();
    let mut one = [0; 1];
    let out = child.stdout.as_mut().expect("stdout is piped");
    while !ready.ends_with('\n') {
        out.read_exact(&mut one).expect("the clients report that they are ready");
        ready.push(char::from(one[0]));
    }
    child
}

/// The client process: follows streams and sends requests until stdin ends; prints what it
/// received.
fn clients(address: SocketAddr) {
    let stopped = Arc::new(AtomicBool::new(false));
    let bytes = Arc::new(AtomicU64::new(0));
    for n in 0..STREAMS {
        let path = if n % 2 == 0 { "changes" } else { "events" };
        let mut stream = TcpStream::connect(address).expect("the server listens");
        let head = format!("GET /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("the request is sent");
        let mut first = BufReader::new(stream.try_clone().expect("a handle"));
        first.read_line(&mut String::new()).expect("the server answers");
        let bytes = bytes.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                bytes.fetch_add(read as u64, Ordering::Relaxed);
            }
        });
    }
    println!("ready");
    let stop = stopped.clone();
    let requests = std::thread::spawn(move || send_requests(address, &stop));
    std::io::stdin().read_to_end(&mut Vec::new()).expect("stdin ends");
    stopped.store(true, Ordering::Relaxed);
    let (answers, failed, seconds) = requests.join().expect("the requests were sent");
    let megabytes = bytes.load(Ordering::Relaxed) as f64 / 1e6;
    println!(
        "  {STREAMS} streams received {megabytes:.1} MB; {answers} requests succeeded and {failed} \
         failed in {seconds:.1} s"
    );
}

/// Sends requests at a steady rate until `stopped`. Returns the number of requests that succeeded,
/// the number that failed, and the seconds that passed.
fn send_requests(address: SocketAddr, stopped: &AtomicBool) -> (u64, u64, f64) {
    let started = Instant::now();
    let (answers, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    const THREADS: u64 = 4;
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            let (answers, failed) = (&answers, &failed);
            scope.spawn(move || {
                for n in (first..).step_by(THREADS as usize) {
                    let due = Duration::from_micros(n * 1_000_000 / REQUESTS_PER_SECOND);
                    std::thread::sleep(due.saturating_sub(started.elapsed()));
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    let count = if request(address, n) { answers } else { failed };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (answers.into_inner(), failed.into_inner(), started.elapsed().as_secs_f64())
}

/// Sends the `n`-th request; returns whether the status of the response is 200.
fn request(address: SocketAddr, n: u64) -> bool {
    let id = n * 7 % 900;
    let body = "{\"headline\": \"Reef\", \"body\": \"Ta ke lu mi no pra ri sto ta ve wol xi yan\"}";
    let (method, path) = match n % 20 {
        0..=4 => ("GET", "stories".to_owned()),
        5..=6 => ("GET", "stories?publishers_min=2&limit=20".to_owned()),
        7..=8 => ("GET", "queue".to_owned()),
        9..=12 => ("GET", format!("articles/0.{id}")),
        13 => ("GET", "facets".to_owned()),
        14..=15 => ("GET", format!("articles/0.{id}/text")),
        16 => ("GET", format!("diff?a=0.{id}&b=0.{}", id + 1)),
        17 => ("GET", format!("why?a=0.{id}&b=0.{}", id + 1)),
        18 => ("GET", "search?q=ba".to_owned()),
        _ => ("POST", "match".to_owned()),
    };
    let body = if method == "POST" { body } else { "" };
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let length = body.len();
    let head = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    let mut answer = Vec::new();
    stream.write_all(head.as_bytes()).is_ok()
        && stream.read_to_end(&mut answer).is_ok()
        && answer.starts_with(b"HTTP/1.1 200")
}

/// A group of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Pipeline,
    Snapshots,
    Server,
}

/// CPU seconds used so far by the threads of one group. Threads are grouped by name.
fn cpu_seconds(of: Side) -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("/proc is mounted");
    let time = |task: std::fs::DirEntry| -> Option<f64> {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let side = match name.trim() {
            "admin" | "texts" | "tokio-rt-worker" => Side::Server,
            "desk-0" => Side::Snapshots,
            _ => Side::Pipeline,
        };
        if side != of {
            return None;
        }
        let spent = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        Some(spent.split(' ').next()?.parse::<f64>().ok()? / 1e9)
    };
    tasks.filter_map(|task| time(task.ok()?)).sum()
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("/proc is mounted");
    pages.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok()).expect("a number") * 4_096
}
