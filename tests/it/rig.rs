//! A desk without a broker, for tests of what is served over it: a wire of plain JSON, the state that
//! takes it in, the desk that follows, and an input topic to read text from.

use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use wirefold::config::Config;
use wirefold::daemon::article_text::{ArticleTexts, RecordSource, SourceRecord};
use wirefold::daemon::http::Settings;
use wirefold::daemon::http::api::ApiSource;
use wirefold::daemon::http::server::{Server, ServerBounds, ServerSources};
use wirefold::daemon::http::status::Instance;
use wirefold::daemon::pipeline::broker::{InputRecord, Partition};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder as _};
use wirefold::daemon::publish::{Encoder, Mode, UniqueFeed};
use wirefold::daemon::snapshot::builder::SnapshotBuilder;
use wirefold::daemon::snapshot::shards::ShardStatuses;
use wirefold::daemon::snapshot::{CommittedBatch, Settings as ViewSettings, Snapshot, Snapshots};
use wirefold::daemon::telemetry::metrics;
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::{EventTime, InputPosition};
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::Event;
use wirefold_engine::fingerprint::FloodKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::{State, TouchedIds};

const KEY: FloodKey = FloodKey(7);
const PATIENCE: Duration = Duration::from_secs(30);

/// The input topic: payloads by offset, of which retention has passed some.
#[derive(Clone, Default)]
pub(crate) struct Topic(Arc<Mutex<Held>>);

/// What a topic holds.
#[derive(Default)]
struct Held {
    payloads: Vec<Vec<u8>>,
    first: i64,
    fails: Option<&'static str>,
}

impl Topic {
    /// Retention passes everything before `first`.
    pub(crate) fn forget(&self, first: i64) {
        self.0.lock().unwrap().first = first;
    }

    /// From now on reads fail so.
    pub(crate) fn fail(&self, why: &'static str) {
        self.0.lock().unwrap().fails = Some(why);
    }
}

impl RecordSource for Topic {
    fn read(&mut self, at: &InputPosition) -> Result<Option<SourceRecord>, String> {
        let topic = self.0.lock().unwrap();
        if let Some(why) = topic.fails {
            return Err(why.into());
        }
        if at.offset < topic.first {
            return Ok(None);
        }
        let payload = usize::try_from(at.offset).ok().and_then(|at| topic.payloads.get(at));
        Ok(payload.map(|payload| SourceRecord { payload: payload.clone(), content_type: None }))
    }
}

/// A state with its desk.
pub(crate) struct Rig {
    pub(crate) state: State,
    pub(crate) topic: Topic,
    desks: Arc<Snapshots>,
    scribe: SnapshotBuilder,
    sequence: u64,
    encoder: Encoder,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(EngineSettings::default())
    }

    pub(crate) fn with(settings: EngineSettings) -> Self {
        Self::within(settings, ViewSettings::default())
    }

    /// A desk with bounds of its own.
    pub(crate) fn within(settings: EngineSettings, bounds: ViewSettings) -> Self {
        let desks = Snapshots::within(1, bounds);
        Self {
            state: State::new(settings, KEY),
            topic: Topic::default(),
            scribe: SnapshotBuilder::new(0, desks.clone()),
            desks,
            sequence: 0,
            encoder: Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueFeed::Off),
        }
    }

    /// The newest desk.
    pub(crate) fn desk(&self) -> Arc<Snapshot> {
        self.desks.of(0).unwrap()
    }

    /// One commit: takes in articles, each as JSON with its time of arrival.
    pub(crate) fn commit(&mut self, articles: &[Value]) -> Vec<Event> {
        let (mut events, mut outputs) = (Vec::new(), Vec::new());
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
                decode::decode(&payload, None, Format::Auto, &settings.wire).remove(0).unwrap();
            let record = InputRecord {
                from,
                offset,
                timestamp: Some(stamp),
                key: None,
                payload: Some(payload),
                headers: Vec::new(),
            };
            let new = prepare(decoded, &settings, KEY);
            for (n, event) in (0..).zip(self.state.apply(new, stamp, input)) {
                let (sequence, part) = (self.sequence, &decode::RecordPart::Whole);
                let told = EventContext {
                    event: &event,
                    n,
                    sequence,
                    record: &record,
                    part,
                    items: 1,
                    resets: 0,
                };
                outputs.extend(self.encoder.encode(&told));
                self.sequence += 1;
                events.push(event);
            }
        }
        // The records of a batch are taken before its commit is told.
        self.state.take_changes();
        let touched = self.state.take_touched();
        let news = CommittedBatch { events: &events, outputs: &outputs };
        self.scribe.follow(&self.state, touched, Some(news), self.sequence);
        events
    }

    /// A restore: everything is told anew.
    pub(crate) fn restore(&mut self) {
        let everything = TouchedIds { everything: true, ..TouchedIds::default() };
        self.scribe.follow(&self.state, everything, None, self.sequence);
    }

    fn source(&self) -> ApiSource {
        ApiSource {
            desks: self.desks.clone(),
            texts: Some(ArticleTexts::start(self.topic.clone(), self.desks.bounds()).unwrap()),
            engine: Arc::new(self.state.settings().clone()),
            format: Format::Auto,
        }
    }

    /// A server over the desk.
    pub(crate) fn serve(&self) -> Served {
        self.serve_with(&Settings::default(), ServerBounds::default())
    }

    /// A server with the page and the API switched off.
    pub(crate) fn serve_off(&self) -> Served {
        self.start(&Settings::default(), ServerBounds::default(), None)
    }

    pub(crate) fn serve_with(&self, settings: &Settings, bounds: ServerBounds) -> Served {
        self.start(settings, bounds, Some(self.source()))
    }

    fn start(
        &self,
        settings: &Settings,
        bounds: ServerBounds,
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
        let shown = ServerSources {
            instance,
            views: ShardStatuses::new(1),
            metrics: metrics::recorder().unwrap().handle(),
            source,
        };
        Served(Server::start(&settings, shown, bounds).unwrap().unwrap())
    }

    /// Answers questions as a pipeline does between batches, while `during` runs.
    pub(crate) fn answering<T>(&mut self, during: impl FnOnce() -> T) -> T {
        let (over, desks, state) = (AtomicBool::new(false), &self.desks, &mut self.state);
        desks.hear(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    if !desks.answer(0, state) {
                        std::thread::yield_now();
                    }
                }
            });
            let done = during();
            over.store(true, Ordering::SeqCst);
            done
        })
    }

    /// The way to the pipeline, with nobody to answer.
    pub(crate) fn desks(&self) -> &Arc<Snapshots> {
        &self.desks
    }
}

/// What servers count, which all of this process do together: for bounds that one test alone meets.
pub(crate) fn recorded() -> &'static PrometheusHandle {
    static RECORDED: LazyLock<PrometheusHandle> = LazyLock::new(|| {
        let recorder = metrics::recorder().unwrap();
        let handle = recorder.handle();
        ::metrics::set_global_recorder(recorder).unwrap();
        handle
    });
    &RECORDED
}

/// How often a bound was met, by what `told` renders.
pub(crate) fn bounded(told: &PrometheusHandle, bound: &str) -> usize {
    let (text, name) =
        (told.render(), format!("wirefold_http_bounded_total{{bound=\"{bound}\"}} "));
    let line = text.lines().find_map(|line| line.strip_prefix(&*name));
    line.unwrap_or_else(|| panic!("no `{name}`")).parse().unwrap()
}

/// A server that stops with its test.
pub(crate) struct Served(Server);

/// An answer: status, headers in lower case, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
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

    /// The answer to any request.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
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

    /// The answer to a GET under `/api/v1`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", &format!("/api/v1{path}"), "", "")
    }

    /// What a GET under `/api/v1` answers, which must be well.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// A stream under `/api/v1`.
    pub(crate) fn follow(&self, path: &str, last: Option<&str>) -> Stream {
        let last = last.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
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
    lines: BufReader<TcpStream>,
}

/// One message of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Stream {
    /// The next message; `None` at the end.
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

/// An article as a wire sends it.
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
