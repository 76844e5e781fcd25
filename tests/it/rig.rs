//! Test rig for the HTTP API and the page, without a broker. JSON articles are applied to an engine
//! state, a snapshot is updated after every commit, and a server answers from the snapshot and
//! reads article text from an input topic in memory.

use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use wirefold::config::Config;
use wirefold::daemon::article_text::{ArticleTexts, ReadFailure, RecordSource, SourceRecord};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::api::ApiSource;
use wirefold::daemon::http::server::{Server, ServerSources, ServerTimeouts};
use wirefold::daemon::http::status::Instance;
use wirefold::daemon::pipeline::broker::{InputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueTopic};
use wirefold::daemon::snapshot::builder::SnapshotBuilder;
use wirefold::daemon::snapshot::shards::ShardStatuses;
use wirefold::daemon::snapshot::{CommittedBatch, Limits as ViewLimits, Snapshot, Snapshots};
use wirefold::daemon::telemetry::metrics;
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::Event;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{State, TouchedIds};

const KEY: SamplingKey = SamplingKey(7);
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The input topic in memory: payloads by offset. Old payloads can be removed as if by retention.
#[derive(Clone, Default)]
pub(crate) struct Topic(Arc<Mutex<TopicContents>>);

/// The contents of a topic.
#[derive(Default)]
struct TopicContents {
    /// Payloads; the index is the offset.
    payloads: Vec<Vec<u8>>,
    /// The log start offset; earlier payloads cannot be read.
    first: i64,
    /// If set, every read fails with this error.
    error: Option<&'static str>,
}

impl Topic {
    /// Removes everything before offset `first`, as retention would.
    pub(crate) fn forget(&self, first: i64) {
        self.0.lock().unwrap().first = first;
    }

    /// Makes all further reads fail with this error.
    pub(crate) fn fail(&self, why: &'static str) {
        self.0.lock().unwrap().error = Some(why);
    }
}

impl RecordSource for Topic {
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, ReadFailure> {
        let topic = self.0.lock().unwrap();
        if let Some(why) = topic.error {
            return Err(why.into());
        }
        if at.offset < topic.first {
            return Ok(None);
        }
        let payload = usize::try_from(at.offset).ok().and_then(|at| topic.payloads.get(at));
        Ok(payload.map(|payload| SourceRecord { payload: payload.clone(), content_type: None }))
    }
}

/// An engine state and the snapshot that follows it.
pub(crate) struct Rig {
    shard: u32,
    pub(crate) state: State,
    /// The ids that the snapshot must update at the next commit.
    touched: TouchedIds,
    pub(crate) topic: Topic,
    /// The published snapshots, which servers read.
    desks: Arc<Snapshots>,
    /// Builds a snapshot after every commit.
    scribe: SnapshotBuilder,
    /// Sequence number of the next event.
    sequence: u64,
    /// Encodes events as they would be published.
    encoder: Encoder,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(EngineSettings::default())
    }

    pub(crate) fn with(settings: EngineSettings) -> Self {
        Self::within(settings, ViewLimits::default())
    }

    /// A rig whose snapshots have the given limits.
    pub(crate) fn within(settings: EngineSettings, bounds: ViewLimits) -> Self {
        Self::of_shard(0, settings, Snapshots::with_limits(1, bounds))
    }

    /// A rig for one shard of a deployment, which publishes its snapshots to `desks`.
    pub(crate) fn of_shard(shard: u32, settings: EngineSettings, desks: Arc<Snapshots>) -> Self {
        Self {
            shard,
            state: State::new(settings, KEY),
            touched: TouchedIds::everything(),
            topic: Topic::default(),
            scribe: SnapshotBuilder::new(shard, desks.clone()),
            desks,
            sequence: 0,
            encoder: Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueTopic::Off),
        }
    }

    /// The current snapshot.
    pub(crate) fn desk(&self) -> Arc<Snapshot> {
        self.desks.of(self.shard).unwrap()
    }

    /// Applies articles (JSON with the arrival time in `arrived`) and publishes them as one commit.
    pub(crate) fn commit(&mut self, articles: &[Value]) -> Vec<Event> {
        let (mut events, mut outputs) = (Vec::new(), Vec::new());
        let mut touched = std::mem::take(&mut self.touched);
        for article in articles {
            let payload = article.to_string().into_bytes();
            let stamp = EventTime::parse(article["arrived"].as_str().unwrap()).unwrap();
            let mut topic = self.topic.0.lock().unwrap();
            let offset = topic.payloads.len() as i64;
            topic.payloads.push(payload.clone());
            drop(topic);
            let from = Partition { topic: "wire".into(), partition: 0 };
            let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
            let settings = self.state.settings().clone();
            let decoded =
                decode::decode(&payload, None, Format::Auto, &settings.decode).remove(0).unwrap();
            let record = InputRecord {
                from,
                offset,
                timestamp: Some(stamp),
                key: None,
                payload: Some(payload),
                headers: Vec::new(),
            };
            let new = prepare(decoded, &settings, KEY);
            let outcome = self.state.apply(new, stamp, input);
            touched.add(outcome.touched);
            for (n, event) in (0..).zip(outcome.events) {
                let (sequence, part) = (self.sequence, &decode::RecordPart::Whole);
                let context = EventContext {
                    event: &event,
                    n,
                    sequence,
                    record: &record,
                    part,
                    items: 1,
                    resets: 0,
                };
                outputs.extend(self.encoder.encode(&context));
                self.sequence += 1;
                events.push(event);
            }
        }
        let news = CommittedBatch { events: &events, outputs: &outputs };
        self.scribe.follow(&self.state, touched, Some(news), self.sequence);
        events
    }

    /// Rebuilds the snapshot from the state, as after a restore.
    pub(crate) fn restore(&mut self) {
        self.scribe.follow(&self.state, TouchedIds::everything(), None, self.sequence);
    }

    fn source(&self) -> ApiSource {
        ApiSource {
            snapshots: self.desks.clone(),
            texts: Some(ArticleTexts::start(self.topic.clone(), self.desks.limits()).unwrap()),
            engine: Arc::new(self.state.settings().clone()),
            format: Format::Auto,
        }
    }

    /// Starts a server with default settings.
    pub(crate) fn serve(&self) -> Served {
        self.serve_with(&Settings::default(), ServerTimeouts::default())
    }

    /// Starts a server with the page and the API switched off.
    pub(crate) fn serve_off(&self) -> Served {
        self.start(&Settings::default(), ServerTimeouts::default(), None)
    }

    pub(crate) fn serve_with(&self, settings: &Settings, bounds: ServerTimeouts) -> Served {
        self.start(settings, bounds, Some(self.source()))
    }

    fn start(
        &self,
        settings: &Settings,
        bounds: ServerTimeouts,
        source: Option<ApiSource>,
    ) -> Served {
        let settings = Settings { listen: "127.0.0.1:0".into(), ..settings.clone() };
        let instance = Instance {
            instance: "desk-1".into(),
            version: "1.2.3".into(),
            core: "1.0.0".into(),
            settings: Config::default().settings_hash(),
            delivery: "exactly_once".into(),
        };
        let sources = ServerSources {
            instance,
            shards: ShardStatuses::new(1),
            metrics: metrics::recorder().unwrap().handle(),
            source,
        };
        Served(Server::start(&settings, sources, bounds).unwrap().unwrap())
    }

    /// Runs `during` while another thread answers API queries, as the pipeline does between
    /// batches.
    pub(crate) fn answering<T>(&mut self, during: impl FnOnce() -> T) -> T {
        let (over, desks, state) = (AtomicBool::new(false), &self.desks, &mut self.state);
        let shard = self.shard;
        desks.accept_queries(shard);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    if !desks.answer_queries(shard, state) {
                        std::thread::yield_now();
                    }
                }
            });
            let done = during();
            over.store(true, Ordering::SeqCst);
            done
        })
    }

    /// The published snapshots and their queue of queries. No thread answers the queries.
    pub(crate) fn desks(&self) -> &Arc<Snapshots> {
        &self.desks
    }
}

/// The process-wide metrics recorder. All tests share it, so it can only be used to check a bound
/// that no other test reaches.
pub(crate) fn recorded() -> &'static PrometheusHandle {
    static RECORDED: LazyLock<PrometheusHandle> = LazyLock::new(|| {
        let recorder = metrics::recorder().unwrap();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).unwrap();
        handle
    });
    &RECORDED
}

/// How many times a bound was reached, according to the rendered metrics.
pub(crate) fn bounded(metrics: &PrometheusHandle, bound: &str) -> usize {
    let (text, name) =
        (metrics.render(), format!("wirefold_http_bounded_total{{bound=\"{bound}\"}} "));
    let line = text.lines().find_map(|line| line.strip_prefix(&*name));
    line.unwrap_or_else(|| panic!("no `{name}`")).parse().unwrap()
}

/// A server that stops with its test.
pub(crate) struct Served(Server);

/// An HTTP response.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Status line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.body))
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.filter(|(given, _)| *given == name).map(|(_, value)| value).next()
    }
}

impl Served {
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    pub(crate) fn stop(self) {
        self.0.stop();
    }

    /// Sends a request and reads the whole response.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    /// GETs a path under `/api/v1`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", &format!("/api/v1{path}"), "", "")
    }

    /// GETs a path under `/api/v1` and returns the JSON of the response, whose status must be 200.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// Opens an event stream under `/api/v1`, resuming after `last` if given.
    pub(crate) fn follow(&self, path: &str, last: Option<&str>) -> Stream {
        let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
        let head = format!("GET /api/v1{path} HTTP/1.1\r\nhost: localhost\r\n{last}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut lines = BufReader::new(stream);
        let mut status = String::new();
        lines.read_line(&mut status).unwrap();
        Stream { status: status.split(' ').nth(1).unwrap().parse().unwrap(), lines }
    }
}

/// A stream of server-sent events.
pub(crate) struct Stream {
    pub(crate) status: u16,
    /// The rest of the response.
    lines: BufReader<TcpStream>,
}

/// One server-sent event.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Stream {
    /// The next message; `None` when the server has closed the stream.
    pub(crate) fn next(&mut self) -> Option<Message> {
        let (mut id, mut event) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => id = value.to_owned(),
                Some(("event", value)) => event = value.to_owned(),
                Some(("data", value)) => {
                    let data = serde_json::from_str(value).unwrap();
                    return Some(Message { id, event, data });
                }
                _ => {}
            }
        }
    }
}

/// An input article as JSON; `arrived` is a time of day on 2026-11-23.
pub(crate) fn article(
    arrived: &str,
    uri: &str,
    provider: &str,
    headline: &str,
    body: &str,
) -> Value {
    let at = format!("2026-11-23T{arrived}Z");
    json!({
        "uri": uri, "provider": provider, "headline": headline, "body": body, "language": "en",
        "versioncreated": at, "arrived": at,
    })
}
