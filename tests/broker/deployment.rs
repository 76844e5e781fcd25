//! A deployment under test: its topics, its input, its daemon processes.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;
use std::cell::Cell;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The broker; a run without one is a failure, never a silent skip.
pub(crate) fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").expect("KAFKA_BOOTSTRAP names a broker: use tests/broker/run")
}

/// Topics and group of one test.
pub(crate) struct Deployment {
    pub(crate) prefix: String,
    pub(crate) delivery: &'static str,
    logs: tempfile::TempDir,
    started: Cell<u32>,
    made: Cell<usize>,
}

/// What goes in: how many records, some of which nothing can read.
const BAD_EVERY: usize = 23;

/// SplitMix64 (Steele, Lea and Flood 2014).
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The `n`-th record of a made-up wire: one in three repeats an earlier text, one in 23 is broken.
pub(crate) fn payload(n: usize) -> Vec<u8> {
    if n % BAD_EVERY == BAD_EVERY - 1 {
        return format!("{{\"uri\": \"urn:made-up:{n}\", \u{0}\u{ff}").into_bytes();
    }
    let text = if n > 10 && random(n as u64).is_multiple_of(3) {
        n - 1 - (random(n as u64 + 7) % 10) as usize
    } else {
        n
    };
    let words: Vec<String> = (0..60 + text % 90)
        .map(|w| format!("w{}", random((text * 1_000 + w) as u64) % 2_000))
        .collect();
    let article = json!({
        "uri": format!("urn:made-up:{n}"), "headline": words[..6].join(" "),
        "body": words.join(" "), "language": "en", "provider": format!("agency{}", n % 5),
    });
    serde_json::to_vec(&article).unwrap()
}

/// Of records `0..count`, how many are broken.
pub(crate) fn broken(count: usize) -> usize {
    (0..count).filter(|n| n % BAD_EVERY == BAD_EVERY - 1).count()
}

impl Deployment {
    pub(crate) fn new(name: &str, delivery: &'static str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let prefix = format!("{name}-{now}-{number}");
        let logs = tempfile::tempdir().unwrap();
        let (started, made) = (Cell::new(0), Cell::new(0));
        let deployment = Self { prefix, delivery, logs, started, made };
        assert!(deployment.makes_input(), "the input topic was made");
        deployment
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// Makes the input topic with three partitions. Says whether it was made.
    pub(crate) fn makes_input(&self) -> bool {
        let topic = self.topic("articles");
        let new = NewTopic::new(&topic, 3, TopicReplication::Fixed(1));
        let admin = admin();
        let made = block(admin.create_topics([&new], &AdminOptions::new())).unwrap();
        made.iter().all(Result::is_ok)
    }

    pub(crate) fn delete_input(&self) {
        let topic = self.topic("articles");
        let admin = admin();
        let gone = block(admin.delete_topics(&[&topic], &AdminOptions::new())).unwrap();
        assert!(gone.iter().all(Result::is_ok), "{gone:?}");
    }

    /// Writes the next `count` records.
    pub(crate) fn produce(&self, count: usize) {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap())
            .set("enable.idempotence", "true")
            .create()
            .unwrap();
        let topic = self.topic("articles");
        for n in self.made.get()..self.made.get() + count {
            let (key, payload) = (format!("k{n}"), payload(n));
            let partition = (random(n as u64 + 99) % 3) as i32;
            let record = BaseRecord::to(&topic).partition(partition).key(&key).payload(&payload);
            producer.send(record).map_err(|(e, _)| e).unwrap();
            producer.poll(Duration::ZERO);
        }
        producer.flush(PATIENCE).unwrap();
        self.made.set(self.made.get() + count);
    }

    /// How many records were written.
    pub(crate) fn made(&self) -> usize {
        self.made.get()
    }

    /// Starts a daemon; `points` are failpoints, such as `after-poll=9*off->return`.
    pub(crate) fn start(&self, points: &str, set: &[&str]) -> Daemon {
        let number = self.started.get();
        self.started.set(number + 1);
        let path = self.logs.path().join(format!("{number}.log"));
        let log = File::create(&path).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
        command.arg("run").env("FAILPOINTS", points).env("RUST_LOG", "info,librdkafka=warn");
        let settings = [
            format!("kafka.bootstrap.servers={}", bootstrap()),
            "kafka.session.timeout.ms=2000".into(),
            "kafka.heartbeat.interval.ms=300".into(),
            format!("delivery={}", self.delivery),
            format!("group.id={}", self.prefix),
            format!("input.topic={}", self.topic("articles")),
            format!("output.events={}", self.topic("events")),
            format!("output.stories={}", self.topic("stories")),
            format!("output.unique={}", self.topic("unique")),
            format!("output.rejected={}", self.topic("rejected")),
            format!("output.state={}", self.topic("state")),
            "output.partitions=2".into(),
            "batch.records_max=50".into(),
            "http.listen=".into(),
        ];
        for setting in settings.iter().map(String::as_str).chain(set.iter().copied()) {
            command.args(["--set", setting]);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        Daemon { child: child.unwrap(), log: path }
    }
}

/// A daemon process. Dropping it kills it.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it was running:\n{}", self.log());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// SIGTERM, and how it ended.
    pub(crate) fn stop(self) -> ExitStatus {
        self.signal("-TERM");
        self.wait()
    }

    /// How it ends by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let child = &mut self.child;
        let ended = eventually(|| child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("the daemon did not end:\n{}", self.log()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

/// Asks again and again until there is an answer; `None` when there is none within [`PATIENCE`].
pub(crate) fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        std::thread::park_timeout(Duration::from_millis(30));
    }
    None
}

pub(crate) fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap()
}

pub(crate) fn block<F: Future>(call: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(call)
}
