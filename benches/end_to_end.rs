//! The daemon from input to committed output, beside a loop that only consumes and produces.
//!
//! `benches/end_to_end [--articles N] [--rate N] [--seconds N] [--json FILE]` starts the broker and runs
//! this. First both drain a topic of N articles of 3.4 KB, three in ten of them copies; then both get R
//! articles a second for S seconds. Each is a process of its own, and runs alone. Printed are articles
//! and bytes a second, the time from an input's timestamp to the moment when a read_committed consumer
//! has what was said of it, and what the process took of processor and memory.
//!
//! Measured on two cores with the broker beside it, 60,000 articles: 4,638 a second, .49 of the loop; at 500
//! a second p50 57 ms, p99 90 ms.

mod articles;
mod plain_loop;
mod wire;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const BYTES: usize = 3_400;
/// What of a steady run is not measured: both sides find their pace.
const WARM_UP: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(600);

/// What is asked for.
struct Asked {
    articles: usize,
    rate: usize,
    seconds: u64,
    json: Option<PathBuf>,
}

impl Asked {
    fn read() -> Self {
        let mut asked = Self { articles: 100_000, rate: 500, seconds: 20, json: None };
        let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().unwrap_or_else(|| panic!("{name} needs a value"));
            let number = || value.parse().unwrap_or_else(|_| panic!("{name} needs a number"));
            match name.as_str() {
                "--articles" => asked.articles = number(),
                "--rate" => asked.rate = number(),
                "--seconds" => asked.seconds = number() as u64,
                "--json" => asked.json = Some(value.into()),
                _ => panic!("`{name}` is no option"),
            }
        }
        asked
    }
}

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Wirefold,
    PlainLoop,
}

/// A process under measurement, with its topics.
struct Run {
    who: Who,
    child: Child,
    log: PathBuf,
    output: String,
}

/// What a process took.
#[derive(Debug, Clone, Copy)]
struct Took {
    cpu_seconds: f64,
    peak_mb: f64,
}

fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").expect("benches/end_to_end starts a broker and runs this")
}

fn client() -> ClientConfig {
    ClientConfig::new().set("bootstrap.servers", bootstrap()).clone()
}

fn make(topic: &str) {
    let admin: AdminClient<DefaultClientContext> = client().create().expect("an admin client");
    let new = NewTopic::new(topic, 4, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let made = runtime.block_on(admin.create_topics([&new], &AdminOptions::new()));
    made.expect("the broker is there")[0].as_ref().expect("the topic is made");
}

impl Run {
    /// Starts `who` on topics of its own; the input is there already.
    fn start(who: Who, input: &str, wanted: usize) -> Self {
        let output = format!("{input}.{who:?}");
        let log = std::env::temp_dir().join(format!("{output}.log"));
        let errors = File::create(&log).expect("the log file");
        let mut command = match who {
            Who::Wirefold => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_wirefold"));
                command.arg("run").env("RUST_LOG", "info,librdkafka=error");
                for set in [
                    format!("kafka.bootstrap.servers={}", bootstrap()),
                    format!("group.id={output}"),
                    format!("input.topic={input}"),
                    format!("output.events={output}"),
                    format!("output.stories={output}.stories"),
                    format!("output.unique={output}.unique"),
                    format!("output.rejected={output}.rejected"),
                    format!("output.state={output}.state"),
                    "http.listen=".into(),
                ] {
                    command.args(["--set", &set]);
                }
                command
            }
            Who::PlainLoop => {
                make(&output);
                let mut command = Command::new(std::env::current_exe().expect("this program"));
                command.args(["plain-loop", input, &output, &wanted.to_string()]);
                command
            }
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn();
        let run = Self { who, child: child.expect("it starts"), log, output };
        run.until(|run| run.log().contains("Running"));
        run
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn until(&self, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(started.elapsed() < PATIENCE, "{:?} is stuck:\n{}", self.who, self.log());
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// What it took so far.
    fn took(&self) -> Took {
        let of = |file: &str| {
            let path = format!("/proc/{}/{file}", self.child.id());
            std::fs::read_to_string(path).unwrap_or_default()
        };
        let stat = of("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        let status = of("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        // USER_HZ is 100 on every Linux.
        Took { cpu_seconds: (ticks(11) + ticks(12)) / 100.0, peak_mb: peak.unwrap_or(0.0) / 1024.0 }
    }

    fn ends(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        std::fs::remove_file(&self.log).expect("its log is ours");
    }
}

/// Hears what is committed: the article of each record that answers one, by its number.
struct Ear {
    consumer: BaseConsumer,
    who: Who,
}

impl Ear {
    fn new(run: &Run) -> Self {
        let consumer: BaseConsumer = client()
            .set("group.id", format!("{}.ear", run.output))
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "5")
            .set("fetch.queue.backoff.ms", "5")
            .create()
            .expect("the settings are known");
        let found = consumer.fetch_metadata(Some(&run.output), PATIENCE).expect("metadata");
        let mut list = TopicPartitionList::new();
        for partition in found.topics()[0].partitions() {
            list.add_partition_offset(&run.output, partition.id(), Offset::Beginning).expect("one");
        }
        consumer.assign(&list).expect("a fresh consumer takes an assignment");
        Self { consumer, who: run.who }
    }

    /// The next article that is answered, if any is within a few milliseconds.
    fn hear(&self) -> Option<usize> {
        use rdkafka::message::Headers;
        let message = self.consumer.poll(Duration::from_millis(5))?.expect("the broker is there");
        let named = match self.who {
            Who::PlainLoop => message.key()?,
            Who::Wirefold => {
                let headers = message.headers()?;
                let value = |name| headers.iter().find(|h| h.key == name).and_then(|h| h.value);
                let classified = wirefold::daemon::publish::CLASSIFIED.as_bytes();
                value("ce_type").filter(|kind| *kind == classified)?;
                value("ce_subject")?
            }
        };
        std::str::from_utf8(named).ok()?.strip_prefix("urn:bench:")?.parse().ok()
    }
}

fn send(producer: &BaseProducer, topic: &str, at: usize, line: &str, stamp: i64) {
    let key = format!("urn:bench:{at}");
    let partition = i32::try_from(at % 4).expect("it is below 4");
    let mut record = BaseRecord::to(topic).partition(partition).key(&key).payload(line);
    record.timestamp = Some(stamp);
    while let Err((_, back)) = producer.send(record) {
        producer.poll(Duration::from_millis(5));
        record = back;
    }
    producer.poll(Duration::ZERO);
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    i64::try_from(since.as_millis()).expect("the clock is before the year 292 million")
}

fn producer() -> BaseProducer {
    client().set("linger.ms", "1").set("compression.type", "lz4").create().expect("a producer")
}

/// Drains a full topic: articles a second, and what that took.
fn drain(who: Who, lines: &[String]) -> (f64, Took) {
    let input = format!("drain-{who:?}-{}", now());
    make(&input);
    let producer = producer();
    // A tenth of a second apart, so that stories are told of as often as in life.
    let start = now() - 100 * i64::try_from(lines.len()).expect("a count");
    for (at, line) in lines.iter().enumerate() {
        send(&producer, &input, at, line, start + 100 * i64::try_from(at).expect("a count"));
    }
    producer.flush(PATIENCE).expect("the input is written");
    let run = Run::start(who, &input, usize::MAX);
    let started = Instant::now();
    let ear = Ear::new(&run);
    let mut heard = 0;
    while heard < lines.len() {
        heard += usize::from(ear.hear().is_some());
        assert!(started.elapsed() < PATIENCE, "stuck at {heard}:\n{}", run.log());
    }
    let rate = lines.len() as f64 / started.elapsed().as_secs_f64();
    let took = run.took();
    run.ends();
    (rate, took)
}

/// A steady rate: the times from input to committed output in milliseconds, sorted, and what it took.
fn steady(who: Who, lines: &[String], rate: usize, seconds: u64) -> (Vec<i64>, Took) {
    let input = format!("steady-{who:?}-{}", now());
    make(&input);
    let run = Run::start(who, &input, usize::MAX);
    let (ear, producer, started) = (Ear::new(&run), producer(), Instant::now());
    let wanted = lines.len().min(rate * usize::try_from(seconds).expect("a count"));
    let (mut sent, mut heard) = (0, 0);
    let mut stamps: HashMap<usize, i64> = HashMap::new();
    let mut times = Vec::new();
    while heard < wanted {
        let due = (started.elapsed().as_secs_f64() * rate as f64) as usize;
        while sent < due.min(wanted) {
            let stamp = now();
            stamps.insert(sent, stamp);
            send(&producer, &input, sent, &lines[sent], stamp);
            sent += 1;
        }
        producer.poll(Duration::ZERO);
        if let Some(at) = ear.hear() {
            heard += 1;
            if at as f64 >= WARM_UP.as_secs_f64() * rate as f64 {
                times.push(now() - stamps[&at]);
            }
        }
        assert!(started.elapsed() < PATIENCE, "stuck at {heard}:\n{}", run.log());
    }
    times.sort_unstable();
    let took = run.took();
    run.ends();
    (times, took)
}

fn percentile(times: &[i64], share: f64) -> i64 {
    times[((times.len() - 1) as f64 * share) as usize]
}

/// Measures one side, prints its line, and gives its figures.
fn measure(who: Who, asked: &Asked, lines: &[String]) -> Value {
    let bytes: usize = lines.iter().map(String::len).sum();
    let (rate, took) = drain(who, lines);
    let (times, idle) = steady(who, lines, asked.rate, asked.seconds);
    let [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1.0].map(|share| percentile(&times, share));
    let mb = rate * bytes as f64 / lines.len() as f64 / 1e6;
    println!(
        "{:<10} {rate:>10.0} {mb:>7.1} {:>8.1} {:>8.0} | {p50:>6} {p95:>6} {p99:>6} {max:>6} {:>8.1} {:>8.0}",
        format!("{who:?}"),
        took.cpu_seconds,
        took.peak_mb,
        idle.cpu_seconds,
        idle.peak_mb,
    );
    json!({
        "drain": {"articles_per_second": rate, "megabytes_per_second": mb,
                  "cpu_seconds": took.cpu_seconds, "peak_megabytes": took.peak_mb},
        "steady": {"articles_per_second": asked.rate, "measured": times.len(),
                   "milliseconds": {"p50": p50, "p95": p95, "p99": p99, "max": max},
                   "cpu_seconds": idle.cpu_seconds, "peak_megabytes": idle.peak_mb},
    })
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, name, input, output, wanted] = args.as_slice()
        && name == "plain-loop"
    {
        let wanted = wanted.parse().expect("a count");
        return plain_loop::run(&bootstrap(), input, output, wanted);
    }
    let asked = Asked::read();
    let lines = articles::articles(3, asked.articles, BYTES, 3);
    println!("{} articles of {BYTES} bytes; then {} a second", lines.len(), asked.rate);
    println!(
        "{:<10} {:>10} {:>7} {:>8} {:>8} | {:>6} {:>6} {:>6} {:>6} {:>8} {:>8}",
        "",
        "articles/s",
        "MB/s",
        "cpu s",
        "peak MB",
        "p50 ms",
        "p95",
        "p99",
        "max",
        "cpu s",
        "peak MB"
    );
    let [plain, own] = [Who::PlainLoop, Who::Wirefold].map(|who| measure(who, &asked, &lines));
    let drained =
        |of: &Value| of["drain"]["articles_per_second"].as_f64().expect("it was measured");
    let ratio = drained(&own) / drained(&plain);
    println!("draining at {ratio:.2} of the loop that only consumes and produces");
    let all = json!({"articles": lines.len(), "article_bytes": BYTES, "wirefold": own,
                     "plain_loop": plain, "drain_ratio": ratio});
    println!("{all}");
    if let Some(path) = asked.json {
        std::fs::write(path, all.to_string()).expect("the figures are written");
    }
}
