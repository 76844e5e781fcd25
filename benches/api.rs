//! What the read views, and those who read them, cost the pipeline.
//!
//! ```text
//! cargo bench --bench api -- [ARTICLES] [ROUNDS]
//! ```
//!
//! Each round works through the same made-up wire as fast as it can, in batches as a commit has them: once
//! without views, once with them, once with them while 200 clients follow streams and 100 requests a second
//! are answered. The clients are a process of their own at the lowest priority, because elsewhere they would
//! be other machines. Told are articles a second by the wall clock, which suffers from whoever else uses this
//! machine, and articles per second of processor time of the pipeline's threads, which does not; and the
//! processor time of the thread that keeps the desk and of the server's. Then: memory of a live article
//! with and without views.

#[path = "../tests/it/feed.rs"]
mod feed;

use rayon::prelude::*;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use wirefold::daemon::article_text::{ArticleTexts, RecordSource, SourceRecord};
use wirefold::daemon::faults::Faults;
use wirefold::daemon::http::Settings as Http;
use wirefold::daemon::http::api::ApiSource;
use wirefold::daemon::http::server::{Server, ServerBounds, ServerSources};
use wirefold::daemon::http::status::Instance;
use wirefold::daemon::pipeline::broker::{InputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueFeed};
use wirefold::daemon::snapshot::shards::ShardStatuses;
use wirefold::daemon::snapshot::thread::SnapshotThread;
use wirefold::daemon::snapshot::{CommittedBatch, Snapshots};
use wirefold::daemon::telemetry::metrics;
use wirefold_engine::Settings;
use wirefold_engine::article::InputPosition;
use wirefold_engine::decode::Format;
use wirefold_engine::decode::RecordPart;
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;

const KEY: FloodKey = FloodKey(7);
const BATCH: usize = 250;
const STREAMS: usize = 200;
const REQUESTS_PER_SECOND: u64 = 100;

/// What is told of a run.
#[derive(Debug, Clone, Copy, Default)]
struct Run {
    wall: f64,
    pipeline: f64,
    desk: f64,
    server: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    NoViews,
    Views,
    Load,
}

/// Texts as the wire sent them.
struct Wire(Arc<Vec<feed::Line>>);

impl RecordSource for Wire {
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, String> {
        let Some(line) = self.0.get(at.offset as usize) else { return Ok(None) };
        let article = &line.article;
        let payload = serde_json::json!({
            "uri": article.uri, "headline": article.headline, "body": article.body.published(),
        });
        Ok(Some(SourceRecord { payload: payload.to_string().into_bytes(), content_type: None }))
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    match arguments.first().map(String::as_str) {
        Some("--clients") => return clients(arguments[1].parse().expect("an address")),
        Some("--memory") => {
            let (articles, way) = (arguments[1].parse().expect("a number"), &arguments[2]);
            let way = if way == "views" { Way::Views } else { Way::NoViews };
            work(&Arc::new(feed::feed(1, articles, 100)), way);
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
        let run = [Way::NoViews, Way::Views, Way::Load].map(|way| {
            settle();
            work(&wire, way)
        });
        // The first round warms up.
        if round > 0 {
            runs.push(run);
        }
    }
    println!("{articles} articles a run in batches of {BATCH}, median of {rounds} rounds");
    println!("CPU of the desk and the server as shares of the pipeline's");
    println!(
        "{:<10} {:>14} {:>22} {:>10} {:>12}",
        "", "articles/s", "articles/CPU second", "desk CPU", "server CPU"
    );
    let median = |of: &dyn Fn(&[Run; 3]) -> f64| {
        let mut all: Vec<f64> = runs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    for (at, name) in ["no views", "views", "load"].into_iter().enumerate() {
        println!(
            "{name:<10} {:>14.0} {:>22.0} {:>9.1}% {:>11.1}%",
            median(&|run| articles as f64 / run[at].wall),
            median(&|run| articles as f64 / run[at].pipeline),
            median(&|run| 100.0 * run[at].desk / run[at].pipeline),
            median(&|run| 100.0 * run[at].server / run[at].pipeline),
        );
    }
    let falls = |from: usize, to: usize, of: fn(&Run) -> f64| {
        median(&|run| 100.0 * (1.0 - of(&run[from]) / of(&run[to])))
    };
    for (name, from, to) in [("views", 0, 1), ("load on views", 1, 2), ("both", 0, 2)] {
        let (wall, cpu) = (falls(from, to, |r| r.wall), falls(from, to, |r| r.pipeline));
        println!(
            "{name}: throughput falls by {wall:.1} % by the wall clock, {cpu:.1} % by processor time"
        );
    }
    let memory = |way: &str| -> f64 {
        let me = std::env::current_exe().expect("a path");
        let run = Command::new(me).args(["--memory", &(2 * articles).to_string(), way]).output();
        let said = String::from_utf8(run.expect("it runs").stdout).expect("text");
        said.lines().last().and_then(|line| line.split(' ').next()?.parse().ok()).expect("a number")
    };
    let (without, with) = (memory("none"), memory("views"));
    println!(
        "memory of a live article: {without:.0} bytes without views, {with:.0} with, {:+.0}",
        with - without
    );
}

/// Works through a wire, and says what it cost.
fn work(wire: &Arc<Vec<feed::Line>>, way: Way) -> Run {
    let before = resident();
    let (settings, desks) = (Settings::default(), Snapshots::new(1));
    let mut state = State::new(settings.clone(), KEY);
    let mut keeper = (way != Way::NoViews)
        .then(|| SnapshotThread::start(0, desks.clone(), &Faults::default()).expect("a thread"));
    desks.hear(0);
    let encoder = Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueFeed::Wanted);
    let loaded = (way == Way::Load).then(|| {
        let server = serve(&desks, wire, &settings);
        let child = load(server.address());
        (server, child)
    });
    let sides = [Side::Pipeline, Side::Desk, Side::Server];
    let (before_run, started) = (sides.map(processor), Instant::now());
    let mut sequence = 0;
    for lines in wire.chunks(BATCH) {
        let prepared: Vec<_> =
            lines.par_iter().map(|line| prepare(line.article.clone(), &settings, KEY)).collect();
        let (mut events, mut outputs) = (Vec::new(), Vec::new());
        for (new, line) in prepared.into_iter().zip(lines) {
            let record = InputRecord {
                from: Partition { topic: line.input.topic.clone(), partition: 0 },
                offset: line.input.offset,
                timestamp: Some(line.stamp),
                key: None,
                payload: None,
                headers: Vec::new(),
            };
            for (n, event) in (0..).zip(state.apply(new, line.stamp, line.input.clone())) {
                let (record, part, items, resets) = (&record, &RecordPart::Whole, 1, 0);
                let told = EventContext { event: &event, n, sequence, record, part, items, resets };
                outputs.extend(encoder.encode(&told));
                sequence += 1;
                events.push(event);
            }
        }
        std::hint::black_box(state.take_changes());
        let touched = state.take_touched();
        if let Some(keeper) = &mut keeper {
            let news = CommittedBatch { events: &events, outputs: &outputs };
            keeper.follow(&state, touched, Some(news), sequence);
            keeper.catch_up(&state, sequence);
        }
        desks.answer(0, &mut state);
    }
    let wall = started.elapsed().as_secs_f64();
    let spent = sides.map(processor);
    let [pipeline, desk, server] = [0, 1, 2].map(|side| spent[side] - before_run[side]);
    let run = Run { wall, pipeline, desk, server };
    if keeper.is_some() {
        await_all(&desks, &state);
    }
    let bytes = resident().saturating_sub(before) as f64 / state.live_articles() as f64;
    if way != Way::Load {
        println!("{bytes:.0} bytes resident a live article, {} live", state.live_articles());
    }
    if let Some((server, mut child)) = loaded {
        drop(child.stdin.take());
        let mut said = String::new();
        if let Some(mut out) = child.stdout.take() {
            out.read_to_string(&mut said).expect("it tells");
        }
        child.wait().expect("it ends");
        print!("{said}");
        server.stop();
    }
    run
}

/// Waits until the thread of the desk before is over: its time would count as given back.
fn settle() {
    while processor(Side::Desk) > 0.0 {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the desk shows all that is live.
fn await_all(desks: &Snapshots, state: &State) {
    while desks.of(0).is_some_and(|desk| desk.len() < state.live_articles()) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn serve(desks: &Arc<Snapshots>, wire: &Arc<Vec<feed::Line>>, settings: &Settings) -> Server {
    let source = ApiSource {
        desks: desks.clone(),
        texts: Some(ArticleTexts::start(Wire(wire.clone()), desks.bounds()).expect("a thread")),
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
    let shown =
        ServerSources { instance, views: ShardStatuses::new(1), metrics, source: Some(source) };
    let http =
        Http { listen: "127.0.0.1:0".into(), streams_max: STREAMS as u16 + 8, ..Http::default() };
    Server::start(&http, shown, ServerBounds::default()).expect("it starts").expect("it listens")
}

/// Starts the clients, and waits until all of them follow.
fn load(address: SocketAddr) -> Child {
    let me = std::env::current_exe().expect("a path");
    let mut child = Command::new("nice")
        .args(["-n", "19"])
        .arg(me)
        .args(["--clients", &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("clients start");
    let mut ready = String::new();
    let mut one = [0; 1];
    let out = child.stdout.as_mut().expect("it is piped");
    while !ready.ends_with('\n') {
        out.read_exact(&mut one).expect("it says that it is ready");
        ready.push(char::from(one[0]));
    }
    child
}

/// The clients: they follow and ask until their input ends, and tell what they got.
fn clients(address: SocketAddr) {
    let over = Arc::new(AtomicBool::new(false));
    let bytes = Arc::new(AtomicU64::new(0));
    for n in 0..STREAMS {
        let path = if n % 2 == 0 { "changes" } else { "events" };
        let mut stream = TcpStream::connect(address).expect("it listens");
        let head = format!("GET /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it is asked");
        let mut first = BufReader::new(stream.try_clone().expect("a handle"));
        first.read_line(&mut String::new()).expect("it answers");
        let bytes = bytes.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(read @ 1..) = stream.read(&mut buffer) {
                bytes.fetch_add(read as u64, Ordering::Relaxed);
            }
        });
    }
    println!("ready");
    let (asked, sent) = (over.clone(), bytes.clone());
    let asking = std::thread::spawn(move || ask(address, &asked));
    std::io::stdin().read_to_end(&mut Vec::new()).expect("it ends");
    over.store(true, Ordering::Relaxed);
    let (answers, failed, seconds) = asking.join().expect("it asks");
    let megabytes = sent.load(Ordering::Relaxed) as f64 / 1e6;
    println!(
        "  {STREAMS} streams took {megabytes:.1} MB; {answers} answers and {failed} refusals in {seconds:.1} s"
    );
}

/// Asks at a steady rate, and says how often it was answered and refused, in which time.
fn ask(address: SocketAddr, over: &AtomicBool) -> (u64, u64, f64) {
    let started = Instant::now();
    let (answers, failed) = (AtomicU64::new(0), AtomicU64::new(0));
    const ASKING: u64 = 4;
    std::thread::scope(|scope| {
        for first in 0..ASKING {
            let (answers, failed) = (&answers, &failed);
            scope.spawn(move || {
                for n in (first..).step_by(ASKING as usize) {
                    let due = Duration::from_micros(n * 1_000_000 / REQUESTS_PER_SECOND);
                    std::thread::sleep(due.saturating_sub(started.elapsed()));
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let count = if one(address, n) { answers } else { failed };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    (answers.into_inner(), failed.into_inner(), started.elapsed().as_secs_f64())
}

/// One request; whether it was answered well.
fn one(address: SocketAddr, n: u64) -> bool {
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

/// Whose processor time is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Pipeline,
    Desk,
    Server,
}

/// Seconds of processor time of the threads of one side, by their names.
fn processor(of: Side) -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is Linux");
    let time = |task: std::fs::DirEntry| -> Option<f64> {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let side = match name.trim() {
            "admin" | "texts" | "tokio-rt-worker" => Side::Server,
            "desk-0" => Side::Desk,
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

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
    pages.split(' ').nth(1).and_then(|n| n.parse::<usize>().ok()).expect("a number") * 4_096
}
