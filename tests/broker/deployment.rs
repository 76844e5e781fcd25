//! A deployment under test: its topics, its input, its daemons, and the final check by the checker.

use crate::checker::{self, Found, OUTPUTS, Rules, Verdict};
use crate::daemon::Daemon;
use crate::feed::{payload, random};
use crate::outside::{self, Isolation};
use crate::progress::Progress;
use rdkafka::ClientConfig;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use wirefold::config::Config;
use wirefold::daemon::pipeline::broker::Role;

/// How long a single wait may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// A failpoint that delays every batch by 60 ms. A signal then usually arrives inside a
/// transaction, and a few hundred articles take long enough that some are still unprocessed when
/// the signal arrives, even on a busy machine.
pub(crate) const SLOW: &str = "after-flush=sleep(60)";

/// A setting for tests in which no process dies: with it, the process keeps its lease even if the
/// machine pauses.
pub(crate) const PATIENT: &str = "kafka.session.timeout.ms=20000";

/// Number of partitions of the input topic.
const PARTITIONS: i32 = 3;

/// The broker's address. Without a broker, the tests fail instead of being skipped silently.
pub(crate) fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP")
        .expect("KAFKA_BOOTSTRAP must name a broker; use tests/broker/run")
}

/// Adds `count` to a counter for the whole test run. `tests/broker/run` sums the counters and
/// checks them.
pub(crate) fn tally(what: &str, count: usize) {
    let Ok(path) = std::env::var("FAULTS_TALLY") else { return };
    let mut file = std::fs::File::options().append(true).create(true).open(path).unwrap();
    writeln!(file, "{what} {count}").unwrap();
}

/// Topics, group and settings of one test.
pub(crate) struct Deployment {
    /// The group id, which is also the first part of each topic name.
    pub(crate) prefix: String,
    /// Settings of every daemon, as `key=value`.
    sets: Vec<String>,
    /// The daemons' log files; kept when the test fails.
    logs: tempfile::TempDir,
    /// Number of daemons started so far; names the next log file.
    started: Cell<u32>,
    /// Number of input records written so far, including those of other producers.
    made: Cell<usize>,
    /// Number of input records that `producer` wrote to each partition.
    made_in: RefCell<BTreeMap<i32, usize>>,
    /// Number of input partitions that new records are spread over.
    partitions: Cell<i32>,
    /// Writes the input.
    producer: BaseProducer,
    /// Counts the input items classified or rejected so far.
    progress: RefCell<Progress>,
}

impl Deployment {
    pub(crate) fn new(name: &str, delivery: &str) -> Self {
        Self::with(name, delivery, &[])
    }

    /// A deployment whose daemons all get the settings in `more`.
    pub(crate) fn with(name: &str, delivery: &str, more: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let now = now();
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let prefix = format!("{name}-{now}-{number}");
        let mut sets = vec![
            format!("kafka.bootstrap.servers={}", bootstrap()),
            "kafka.session.timeout.ms=1500".into(),
            "kafka.heartbeat.interval.ms=300".into(),
            format!("delivery={delivery}"),
            format!("group.id={prefix}"),
            format!("input.topic={prefix}.articles"),
            format!("output.events={prefix}.events"),
            format!("output.stories={prefix}.stories"),
            format!("output.unique={prefix}.unique"),
            format!("output.rejected={prefix}.rejected"),
            format!("output.state={prefix}.state"),
            "output.partitions=2".into(),
            "batch.records_max=50".into(),
            "http.listen=".into(),
        ];
        sets.extend(more.iter().map(|set| (*set).to_owned()));
        let deployment = Self {
            progress: RefCell::new(Progress::new(&prefix)),
            prefix,
            sets,
            logs: tempfile::tempdir().unwrap(),
            started: Cell::new(0),
            made: Cell::new(0),
            made_in: RefCell::default(),
            partitions: Cell::new(PARTITIONS),
            producer: producer(),
        };
        assert!(deployment.makes_input(), "cannot create the input topic");
        deployment
    }

    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// A transactional producer outside the daemon. If `name` is the number of a shard, the
    /// producer has the transactional id of that shard's writer and fences it.
    pub(crate) fn transactional(&self, name: &str) -> BaseProducer {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap())
            .set("transactional.id", format!("{}.{name}", self.prefix))
            .create()
            .unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        producer
    }

    /// Creates the input topic. Returns whether that worked.
    pub(crate) fn makes_input(&self) -> bool {
        self.makes("articles", PARTITIONS, &[])
    }

    /// Creates a topic of the deployment. Returns whether that worked.
    pub(crate) fn makes(&self, name: &str, partitions: i32, config: &[(&str, &str)]) -> bool {
        let topic = self.topic(name);
        let mut new = NewTopic::new(&topic, partitions, TopicReplication::Fixed(-1));
        new.config = config.to_vec();
        let made = block(admin().create_topics([&new], &AdminOptions::new())).unwrap();
        made.iter().all(Result::is_ok)
    }

    /// Deletes a topic of the deployment.
    pub(crate) fn deletes(&self, name: &str) {
        let topic = self.topic(name);
        let deleted = block(admin().delete_topics(&[&topic], &AdminOptions::new())).unwrap();
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    }

    /// Sets the size of the largest record batch that a topic accepts. Resets the topic's other
    /// settings to their defaults, except the compaction of `stories`.
    pub(crate) fn limits(&self, name: &str, bytes: usize) {
        let (topic, bytes) = (self.topic(name), bytes.to_string());
        let config = AlterConfig::new(ResourceSpecifier::Topic(&topic));
        let config = config.set("max.message.bytes", &bytes);
        let config =
            if name == "stories" { config.set("cleanup.policy", "compact") } else { config };
        let set = block(admin().alter_configs([&config], &AdminOptions::new())).unwrap();
        assert!(set.iter().all(Result::is_ok), "{set:?}");
    }

    /// Runs `wirefold check --connect`; returns its exit code and its output.
    pub(crate) fn check(&self, set: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(crate::daemon::program());
        let sets = self.sets.iter().map(String::as_str).chain(set.iter().copied());
        command.args(["check", "--connect"]).args(sets.flat_map(|set| ["--set", set]));
        let out = command.env_remove("RUST_LOG").stdin(Stdio::null()).output().unwrap();
        let printed = [out.stdout, out.stderr].map(|out| String::from_utf8(out).unwrap());
        (out.status.code(), printed.concat())
    }

    /// Writes the next `count` records, with the current time as their timestamps.
    pub(crate) fn produce(&self, count: usize) {
        self.produce_stamped(count, |_, _| None);
    }

    /// Writes the next `count` records; `stamp` returns the timestamp of a record for its number
    /// and partition, or `None` for the current time.
    pub(crate) fn produce_stamped(&self, count: usize, stamp: impl Fn(usize, i32) -> Option<i64>) {
        self.hand_over(count, stamp);
        self.producer.flush(PATIENCE).unwrap();
    }

    /// Gives the next `count` records to the producer without waiting until they are written.
    pub(crate) fn hand_over(&self, count: usize, stamp: impl Fn(usize, i32) -> Option<i64>) {
        let topic = self.topic("articles");
        for n in self.made.get()..self.made.get() + count {
            let (key, payload) = (format!("k{n}"), payload(n));
            let partition = (random(n as u64 + 99) % self.partitions.get() as u64) as i32;
            let mut record =
                BaseRecord::to(&topic).partition(partition).key(&key).payload(&payload);
            record.timestamp = stamp(n, partition);
            while let Err((error, back)) = self.producer.send(record) {
                match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::QueueFull) => {
                        self.producer.poll(Duration::from_millis(5))
                    }
                    // The producer does not know the new partition yet.
                    Some(RDKafkaErrorCode::UnknownPartition) => {
                        self.producer.client().fetch_metadata(Some(&topic), PATIENCE).unwrap();
                    }
                    _ => panic!("{error}"),
                }
                record = back;
            }
            self.producer.poll(Duration::ZERO);
            *self.made_in.borrow_mut().entry(partition).or_default() += 1;
        }
        self.made.set(self.made.get() + count);
    }

    /// Writes `count` articles with bodies of `bytes` bytes. They are not counted as written.
    pub(crate) fn produce_large(&self, count: usize, bytes: usize) {
        let topic = self.topic("articles");
        for n in 0..count {
            let word = |at: usize| random((n * bytes + at) as u64) % 5_000;
            let body: String = (0..bytes / 5).map(|at| format!("w{:03x} ", word(at))).collect();
            let payload =
                serde_json::json!({ "uri": format!("urn:made-up:large:{n}"), "body": body });
            let (key, payload) = (n.to_string(), payload.to_string());
            let mut record = BaseRecord::to(&topic).key(&key).payload(&payload);
            while let Err((_, back)) = self.producer.send(record) {
                self.producer.poll(Duration::from_millis(5));
                record = back;
            }
        }
        self.producer.flush(PATIENCE).unwrap();
    }

    /// Writes one given article.
    pub(crate) fn produce_article(&self, article: &serde_json::Value) {
        let (topic, payload) = (self.topic("articles"), article.to_string());
        let record = BaseRecord::to(&topic).partition(0).key("own").payload(&payload);
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
        self.producer.flush(PATIENCE).unwrap();
        self.wrote(1);
    }

    /// Adds `count` records, which another producer wrote, to the number of input records.
    pub(crate) fn wrote(&self, count: usize) {
        self.made.set(self.made.get() + count);
    }

    /// Number of input records written so far.
    pub(crate) fn made(&self) -> usize {
        self.made.get()
    }

    /// Number of input records that this deployment's own producer wrote to a partition.
    pub(crate) fn made_in(&self, partition: i32) -> usize {
        self.made_in.borrow().get(&partition).copied().unwrap_or(0)
    }

    /// Spreads new records over `partitions` input partitions.
    pub(crate) fn spread(&self, partitions: i32) {
        self.partitions.set(partitions);
    }

    /// Starts a daemon. `points` configures failpoints, such as `after-poll=9*off->return`; `set`
    /// adds settings.
    pub(crate) fn start(&self, points: &str, set: &[&str]) -> Daemon {
        self.start_in(&[], points, set)
    }

    /// Starts a daemon with additional environment variables.
    pub(crate) fn start_in(&self, env: &[(&str, &str)], points: &str, set: &[&str]) -> Daemon {
        let number = self.started.get();
        self.started.set(number + 1);
        let sets = self.sets.iter().map(String::as_str).chain(set.iter().copied());
        Daemon::start(&self.logs.path().join(format!("{number}.log")), env, points, sets)
    }

    /// Number of input items that were classified or rejected so far; repeats count once.
    pub(crate) fn answered(&self) -> usize {
        self.progress.borrow_mut().answered()
    }

    /// Waits until more than `before` input items have been answered, that is, classified or
    /// rejected. Returns how many have.
    pub(crate) fn moves_on(&self, before: usize, daemon: &Daemon) -> usize {
        let moved = eventually(|| Some(self.answered()).filter(|now| *now > before));
        moved.unwrap_or_else(|| panic!("no progress beyond {before}:\n{}", daemon.log()))
    }

    /// Counts the answered items again from the beginning; needed after a topic was recreated.
    pub(crate) fn recounts(&self) {
        self.progress.replace(Progress::new(&self.prefix));
    }

    /// Waits until every input record has been answered.
    pub(crate) fn is_through(&self, daemon: &Daemon) {
        self.answers(self.made(), daemon);
    }

    /// Waits until `wanted` input items have been answered; fails after [`PATIENCE`] without
    /// progress.
    pub(crate) fn answers(&self, wanted: usize, daemon: &Daemon) {
        let (mut seen, mut since) = (0, Instant::now());
        while seen < wanted {
            let now = self.answered();
            if now > seen {
                (seen, since) = (now, Instant::now());
            } else {
                let stuck = since.elapsed() > PATIENCE;
                assert!(!stuck, "stuck at {seen} of {wanted}:\n{}", daemon.log());
                std::thread::park_timeout(Duration::from_millis(30));
            }
        }
    }

    /// Starts a daemon, waits until it has processed the whole input, stops it, and runs the
    /// checker.
    pub(crate) fn ends_well(&self) -> Verdict {
        let daemon = self.start("", &[]);
        daemon.says("phase=running");
        self.is_through(&daemon);
        daemon.stops();
        self.holds()
    }

    /// Runs the checker; a breach fails the test.
    pub(crate) fn holds(&self) -> Verdict {
        self.holds_to(&self.rules())
    }

    /// Runs the checker with the given rules.
    pub(crate) fn holds_to(&self, rules: &Rules) -> Verdict {
        let verdict = checker::check(&self.found(Isolation::Committed), rules);
        assert!(verdict.breaches.is_empty(), "{}: {verdict}", self.prefix);
        assert_eq!(verdict.records, self.made(), "the checker must see the whole input");
        tally("articles", verdict.records);
        tally("events", verdict.events);
        tally("deployments", 1);
        verdict
    }

    /// Reads all records of the deployment's topics from the broker.
    pub(crate) fn found(&self, isolation: Isolation) -> Found {
        let [input, state] = ["articles", "state"].map(|name| self.topic(name));
        let outputs = OUTPUTS.map(|role| self.topic(name(role)));
        let topics: Vec<&str> =
            [&input, &state].into_iter().chain(&outputs).map(|t| &**t).collect();
        let mut read = outside::read(&topics, isolation).into_iter();
        Found {
            input: read.next().unwrap(),
            state: read.next().unwrap(),
            outputs: OUTPUTS.into_iter().zip(read).collect(),
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        Rules::new(Config::load(None, [], &self.sets).unwrap())
    }
}

impl Drop for Deployment {
    /// Keeps the daemons' logs if the test failed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.logs.disable_cleanup(true);
            println!("the logs were kept in {}", self.logs.path().display());
        }
    }
}

/// The last part of a topic's name.
fn name(role: Role) -> &'static str {
    match role {
        Role::Events => "events",
        Role::Stories => "stories",
        Role::Unique => "unique",
        Role::Rejected => "rejected",
        Role::State => "state",
    }
}

/// The wall clock, in milliseconds.
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}

/// Calls `ask` every 30 ms until it returns `Some`; `None` after [`PATIENCE`].
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

fn producer() -> BaseProducer {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap())
        .set("enable.idempotence", "true")
        .create()
        .unwrap()
}

pub(crate) fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", bootstrap()).create().unwrap()
}

/// Runs a future to completion on this thread.
pub(crate) fn block<F: Future>(call: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(call)
}
