//! Measures the daemon from input to committed output, and compares it with a loop that only
//! consumes and produces.
//!
//! `benches/end_to_end [--articles N] [--rate R] [--seconds S] [--json FILE]` starts the broker and
//! runs this program. First the daemon and the loop each drain a topic of N articles of 3.4 KB,
//! three in ten of them copies; then each gets R articles per second for S seconds. Each is a
//! separate process and runs alone. Prints articles and megabytes per second, the latency from an
//! input record's timestamp until a read_committed consumer receives the result, and the CPU time
//! and peak memory of the process.

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

/// Size of an article in bytes.
const BYTES: usize = 3_400;
/// Time at the start of a steady run that is not measured.
const WARM_UP: Duration = Duration::from_secs(3);
/// How long a phase may take before the bench fails.
const PATIENCE: Duration = Duration::from_secs(600);

/// The command-line options.
struct Options {
    /// Articles to drain.
    articles: usize,
    /// Articles per second of the steady run.
    rate: usize,
    /// Duration of the steady run.
    seconds: u64,
    /// File to write the results to.
    json: Option<PathBuf>,
}

impl Options {
    fn read() -> Self {
        let mut options = Self { articles: 100_000, rate: 500, seconds: 20, json: None };
        let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
        while let Some(name) = args.next() {
            let value = args.next().unwrap_or_else(|| panic!("{name} needs a value"));
            let number = || value.parse().unwrap_or_else(|_| panic!("{name} needs a number"));
            match name.as_str() {
                "--articles" => options.articles = number(),
                "--rate" => options.rate = number(),
                "--seconds" => options.seconds = number() as u64,
                "--json" => options.json = Some(value.into()),
                _ => panic!("unknown option `{name}`"),
            }
        }
        options
    }
}

/// The program that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    Wirefold,
    PlainLoop,
}

/// A process under measurement.
struct Run {
    program: Program,
    child: Child,
    /// The file that the process logs to (its stderr).
    log: PathBuf,
    /// The topic of its events.
    output: String,
}

/// The resources that a process has used.
#[derive(Debug, Clone, Copy)]
struct Usage {
    cpu_seconds: f64,
    peak_mb: f64,
}

fn bootstrap() -> String {
    std::env::var("KAFKA_BOOTSTRAP").expect("KAFKA_BOOTSTRAP is not set; use benches/end_to_end")
}

fn client() -> ClientConfig {
    ClientConfig::new().set("bootstrap.servers", bootstrap()).clone()
}

/// Creates a topic with four partitions.
fn create_topic(topic: &str) {
    let admin: AdminClient<DefaultClientContext> = client().create().expect("an admin client");
    let new = NewTopic::new(topic, 4, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let created = runtime.block_on(admin.create_topics([&new], &AdminOptions::new()));
    created.expect("the broker answers")[0].as_ref().expect("the topic is created");
}

impl Run {
    /// Starts a program on an existing input topic, and waits until it runs. Output topics are
    /// named after the input topic.
    fn start(program: Program, input: &str, wanted: usize) -> Self {
        let output = format!("{input}.{program:?}");
        let log = std::env::temp_dir().join(format!("{output}.log"));
        let errors = File::create(&log).expect("the log file");
        let mut command = match program {
            Program::Wirefold => {
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
            Program::PlainLoop => {
                create_topic(&output);
                let mut command =
                    Command::new(std::env::current_exe().expect("the path of this program"));
                command.args(["plain-loop", input, &output, &wanted.to_string()]);
                command
            }
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn();
        let run = Self { program, child: child.expect("the program starts"), log, output };
        run.wait_until(|run| run.log().contains("phase=running"));
        run
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn wait_until(&self, done: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !done(self) {
            assert!(started.elapsed() < PATIENCE, "{:?} is stuck:\n{}", self.program, self.log());
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    /// The resources that the process has used so far.
    fn usage(&self) -> Usage {
        let read = |file: &str| {
            let path = format!("/proc/{}/{file}", self.child.id());
            std::fs::read_to_string(path).unwrap_or_default()
        };
        let stat = read("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        // USER_HZ is 100 on all common Linux platforms.
        Usage {
            cpu_seconds: (ticks(11) + ticks(12)) / 100.0,
            peak_mb: peak.unwrap_or(0.0) / 1024.0,
        }
    }

    /// Kills the process and removes its log.
    fn end(mut self) {
        self.child.kill().expect("the process runs");
        self.child.wait().expect("the process ends");
        std::fs::remove_file(&self.log).expect("the log is removed");
    }
}

/// Reads the committed results of a process: one for each article.
struct Answers {
    consumer: BaseConsumer,
    /// The program that writes the results.
    program: Program,
}

impl Answers {
    fn new(run: &Run) -> Self {
        let consumer: BaseConsumer = client()
            .set("group.id", format!("{}.answers", run.output))
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "5")
            .set("fetch.queue.backoff.ms", "5")
            .create()
            .expect("the settings are known");
        let metadata = consumer.fetch_metadata(Some(&run.output), PATIENCE).expect("metadata");
        let mut list = TopicPartitionList::new();
        for partition in metadata.topics()[0].partitions() {
            list.add_partition_offset(&run.output, partition.id(), Offset::Beginning).expect("one");
        }
        consumer.assign(&list).expect("a new consumer accepts an assignment");
        Self { consumer, program: run.program }
    }

    /// The number of the article that the next result is about; `None` if no result arrives within
    /// 5 ms.
    fn next(&self) -> Option<usize> {
        use rdkafka::message::Headers;
        let message = self.consumer.poll(Duration::from_millis(5))?.expect("the broker answers");
        let uri = match self.program {
            Program::PlainLoop => message.key()?,
            Program::Wirefold => {
                let headers = message.headers()?;
                let value = |name| headers.iter().find(|h| h.key == name).and_then(|h| h.value);
                let classified = wirefold::daemon::publish::CLASSIFIED.as_bytes();
                value("ce_type").filter(|kind| *kind == classified)?;
                value("ce_subject")?
            }
        };
        std::str::from_utf8(uri).ok()?.strip_prefix("urn:bench:")?.parse().ok()
    }
}

/// Sends article number `at` with the timestamp `stamp`.
fn send(producer: &BaseProducer, topic: &str, at: usize, line: &str, stamp: i64) {
    let key = format!("urn:bench:{at}");
    let partition = i32::try_from(at % 4).expect("a number below 4");
    let mut record = BaseRecord::to(topic).partition(partition).key(&key).payload(line);
    record.timestamp = Some(stamp);
    while let Err((_, back)) = producer.send(record) {
        producer.poll(Duration::from_millis(5));
        record = back;
    }
    producer.poll(Duration::ZERO);
}

/// The wall clock, in milliseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970");
    i64::try_from(since.as_millis()).expect("the clock fits 64 bits")
}

fn producer() -> BaseProducer {
    client().set("linger.ms", "1").set("compression.type", "lz4").create().expect("a producer")
}

/// Drains a full topic. Returns articles per second and the resources used.
fn drain(program: Program, lines: &[String]) -> (f64, Usage) {
    let input = format!("drain-{program:?}-{}", now());
    create_topic(&input);
    let producer = producer();
    // Timestamps 100 ms apart, so that stories publish updates at a realistic rate.
    let start = now() - 100 * i64::try_from(lines.len()).expect("a count");
    for (at, line) in lines.iter().enumerate() {
        send(&producer, &input, at, line, start + 100 * i64::try_from(at).expect("a count"));
    }
    producer.flush(PATIENCE).expect("the input is written");
    let run = Run::start(program, &input, usize::MAX);
    let started = Instant::now();
    let answers = Answers::new(&run);
    let mut answered = 0;
    while answered < lines.len() {
        answered += usize::from(answers.next().is_some());
        assert!(started.elapsed() < PATIENCE, "stuck at {answered}:\n{}", run.log());
    }
    let rate = lines.len() as f64 / started.elapsed().as_secs_f64();
    let usage = run.usage();
    run.end();
    (rate, usage)
}

/// Sends articles at a steady rate. Returns the latencies from input to committed output in
/// milliseconds, sorted, and the resources used.
fn steady(program: Program, lines: &[String], rate: usize, seconds: u64) -> (Vec<i64>, Usage) {
    let input = format!("steady-{program:?}-{}", now());
    create_topic(&input);
    let run = Run::start(program, &input, usize::MAX);
    let (answers, producer, started) = (Answers::new(&run), producer(), Instant::now());
    let wanted = lines.len().min(rate * usize::try_from(seconds).expect("a count"));
    let (mut sent, mut answered) = (0, 0);
    let mut stamps: HashMap<usize, i64> = HashMap::new();
    let mut latencies = Vec::new();
    while answered < wanted {
        let due = (started.elapsed().as_secs_f64() * rate as f64) as usize;
        while sent < due.min(wanted) {
            let stamp = now();
            stamps.insert(sent, stamp);
            send(&producer, &input, sent, &lines[sent], stamp);
            sent += 1;
        }
        producer.poll(Duration::ZERO);
        if let Some(at) = answers.next() {
            answered += 1;
            if at as f64 >= WARM_UP.as_secs_f64() * rate as f64 {
                latencies.push(now() - stamps[&at]);
            }
        }
        assert!(started.elapsed() < PATIENCE, "stuck at {answered}:\n{}", run.log());
    }
    latencies.sort_unstable();
    let usage = run.usage();
    run.end();
    (latencies, usage)
}

/// The value at the fraction `share` (0 to 1) of a sorted list.
fn percentile(sorted: &[i64], share: f64) -> i64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

/// Measures one program, prints its line, and returns its figures.
fn measure(program: Program, options: &Options, lines: &[String]) -> Value {
    let bytes: usize = lines.iter().map(String::len).sum();
    let (rate, drained) = drain(program, lines);
    let (latencies, steady) = steady(program, lines, options.rate, options.seconds);
    let [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1.0].map(|share| percentile(&latencies, share));
    let mb = rate * bytes as f64 / lines.len() as f64 / 1e6;
    println!(
        "{:<10} {rate:>10.0} {mb:>7.1} {:>8.1} {:>8.0} | \
         {p50:>6} {p95:>6} {p99:>6} {max:>6} {:>8.1} {:>8.0}",
        format!("{program:?}"),
        drained.cpu_seconds,
        drained.peak_mb,
        steady.cpu_seconds,
        steady.peak_mb,
    );
    json!({
        "drain": {"articles_per_second": rate, "megabytes_per_second": mb,
                  "cpu_seconds": drained.cpu_seconds, "peak_megabytes": drained.peak_mb},
        "steady": {"articles_per_second": options.rate, "measured": latencies.len(),
                   "milliseconds": {"p50": p50, "p95": p95, "p99": p99, "max": max},
                   "cpu_seconds": steady.cpu_seconds, "peak_megabytes": steady.peak_mb},
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
    let options = Options::read();
    let lines = articles::articles(3, options.articles, BYTES, 3);
    println!("{} articles of {BYTES} bytes; then {} per second", lines.len(), options.rate);
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
    let programs = [Program::PlainLoop, Program::Wirefold];
    let [plain, wirefold] = programs.map(|program| measure(program, &options, &lines));
    let rate = |of: &Value| of["drain"]["articles_per_second"].as_f64().expect("a measured rate");
    let ratio = rate(&wirefold) / rate(&plain);
    println!("Wirefold drains at {ratio:.2} of the rate of the plain loop");
    let all = json!({"articles": lines.len(), "article_bytes": BYTES, "wirefold": wirefold,
                     "plain_loop": plain, "drain_ratio": ratio});
    println!("{all}");
    if let Some(path) = options.json {
        std::fs::write(path, all.to_string()).expect("the figures are written");
    }
}
