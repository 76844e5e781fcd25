//! Runs the daemon against librdkafka's in-memory mock broker, to test the real client without
//! Kafka. The mock broker only pretends to support transactions, so these tests show nothing about
//! exactly-once delivery.

use crate::rig::recorded;
use cpu_time::ThreadTime;
use crossbeam_channel::{Receiver, Sender, unbounded};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wirefold::config::Config;
use wirefold::daemon::kafka::client::{Settings, TopicNames};
use wirefold::daemon::kafka::cluster::Cluster;
use wirefold::daemon::kafka::topics::TopicLimits;
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::broker::{
    Broker as _, Input as _, InputPoll, Limits, OutputRecord, Partition, Role, WriteId, Writer as _,
};
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::shards::{ShardMap, ShardSelector};
use wirefold::daemon::pipeline::{
    Delivery, InputLag, Observer, Phase, StandbyProgress, TransactionEnd,
};
use wirefold::daemon::run::Daemon;
use wirefold::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use wirefold::daemon::telemetry::observer::Telemetry;
use wirefold::daemon::telemetry::watchdog::Watchdog;
use wirefold_engine::article::EventTime;

const TIMEOUT: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { by_role: [1 << 20; 5] };

/// The telemetry observer, plus a channel that is signalled when the shard status may have changed.
struct SignallingObserver(Telemetry, Sender<()>);

impl Observer for SignallingObserver {
    fn phase(&mut self, phase: Phase) {
        self.0.phase(phase);
        self.1.send(()).unwrap();
    }
    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.0.committed(memory, batch, wall);
        self.1.send(()).unwrap();
    }
    fn restored(&mut self, records: u64, took: Duration) {
        self.0.restored(records, took);
    }
    fn transaction_ended(&mut self, ended: TransactionEnd, took: Duration) {
        self.0.transaction_ended(ended, took);
    }
    fn lag(&mut self, waiting: &InputLag) {
        self.0.lag(waiting);
        self.1.send(()).unwrap();
    }
    fn standby_progress(&mut self, following: &StandbyProgress) {
        self.0.standby_progress(following);
        self.1.send(()).unwrap();
    }
}

/// A running daemon.
struct Instance {
    daemon: Daemon,
    /// The published status of each shard.
    views: Arc<ShardStatuses>,
    /// Receives a message whenever the status may have changed.
    signals: Receiver<()>,
}

/// Settings to connect to the mock broker, with the shards that `selectors` describe.
fn settings(bootstrap: &str, selectors: &[ShardSelector]) -> Settings {
    Settings {
        group: "wirefold".into(),
        topics: TopicNames {
            events: "events".into(),
            stories: "stories".into(),
            unique: Some("unique".into()),
            rejected: "rejected".into(),
            state: "state".into(),
        },
        partitions: 2,
        replication: 1,
        map: Arc::new(ShardMap::new("in", selectors).unwrap()),
        in_memory: Some(LIMITS),
        delivery: Delivery::ExactlyOnce,
        properties: BTreeMap::from([("bootstrap.servers".into(), bootstrap.into())]),
    }
}

impl Instance {
    fn start(bootstrap: &str) -> Self {
        let kafka = settings(bootstrap, &[]);
        let mut setup = crate::pipeline::setup(Delivery::ExactlyOnce);
        setup.engine = Config::default().engine;
        let ((signal, signals), views) = (unbounded(), ShardStatuses::new(1));
        let statuses = views.clone();
        let observers = move |shard| -> Box<dyn Observer> {
            Box::new(SignallingObserver(Telemetry::new(shard, statuses.clone()), signal.clone()))
        };
        let daemon = Daemon::start(kafka, setup, Box::new(observers), views.clone()).unwrap();
        Self { daemon, views, signals }
    }

    /// Waits until the status of the shard satisfies `wanted`.
    fn until(&self, wanted: impl Fn(&ShardStatus) -> bool) -> Arc<ShardStatus> {
        loop {
            let view = self.views.all().remove(0);
            if wanted(&view) {
                return view;
            }
            self.signals
                .recv_timeout(TIMEOUT)
                .unwrap_or_else(|_| panic!("timed out; last status: {view:?}"));
        }
    }

    fn stop(self) {
        self.daemon.stop().stop();
        self.daemon.wait().unwrap();
    }
}

fn cluster(articles: usize) -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    for topic in ["in", "events", "stories", "unique", "rejected"] {
        cluster.create_topic(topic, 2, 1).unwrap();
    }
    cluster.create_topic("state", 1, 1).unwrap();
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    for n in 0..articles {
        let payload = format!(r#"{{"uri": "u{n}", "headline": "h {n}", "body": "b {n} of ours"}}"#);
        producer.send(BaseRecord::to("in").key(&format!("k{n}")).payload(&payload)).unwrap();
    }
    producer.flush(TIMEOUT).unwrap();
    cluster
}

/// Whether all articles were processed and the client statistics report a lag of zero.
fn caught_up(view: &ShardStatus, articles: usize) -> bool {
    let lag: Vec<Option<u64>> = view.inputs.values().map(|input| input.records).collect();
    view.live_articles == articles && lag == [Some(0), Some(0)]
}

#[test]
fn the_daemon_processes_all_input_and_stops() {
    let recorder = recorded();
    let cluster = cluster(30);
    let instance = Instance::start(&cluster.bootstrap_servers());
    let view = instance.until(|view| caught_up(view, 30));
    assert_eq!(view.phase, Some(Phase::Running));
    assert_eq!(view.inputs.values().map(|input| input.next).sum::<i64>(), 30);
    assert!(view.restored.is_some() && view.committed.is_some());
    assert_eq!(instance.views.unready(), [""; 0]);
    let text = recorder.render();
    assert!(!text.contains("\nwirefold_rebalances_total 0\n"), "no rebalance was counted\n{text}");
    for partition in [0, 1] {
        let labels = format!("shard=\"0\",topic=\"in\",partition=\"{partition}\"");
        assert!(text.contains(&format!("wirefold_input_lag_records{{{labels}}} 0\n")), "{text}");
    }
    instance.stop();
}

#[test]
fn a_second_instance_follows_as_standby_and_takes_over() {
    let cluster = cluster(10);
    let first = Instance::start(&cluster.bootstrap_servers());
    first.until(|view| caught_up(view, 10));
    let second = Instance::start(&cluster.bootstrap_servers());
    second.until(|view| {
        view.phase == Some(Phase::Standby) && view.following == Some(StandbyProgress::CaughtUp)
    });
    assert_eq!(second.views.unready(), [""; 0], "a standby that has caught up is ready");
    assert_eq!(first.views.unready(), [""; 0], "the owner keeps its shard");
    first.stop();
    let view = second.until(|view| view.phase == Some(Phase::Running) && caught_up(view, 10));
    assert!(view.restored.is_some_and(|(records, _)| records > 10), "{view:?}");
    second.stop();
}

/// Runs `wait`, which must last at least `at_least`, and whose CPU time must be less than a tenth
/// of its duration.
fn waits_without_work(at_least: Duration, wait: impl FnOnce()) {
    let (began, used) = (Instant::now(), ThreadTime::now());
    wait();
    let (took, used) = (began.elapsed(), used.elapsed());
    assert!(took >= at_least, "returned after {took:?}");
    assert!(used < took / 10, "used {used:?} of processor time while it waited for {took:?}");
}

#[test]
fn waiting_for_the_broker_takes_almost_no_processor_time() {
    let mock = cluster(0);
    mock.create_topic("other", 2, 1).unwrap();
    let other = ShardSelector { topics: vec!["other".into()], ..ShardSelector::default() };
    let settings = settings(&mock.bootstrap_servers(), &[other, ShardSelector::default()]);
    let limits = TopicLimits { limits: LIMITS, tombstones_kept: TIMEOUT };
    let mut broker = Cluster::new(settings, 0, limits, Watchdog::default());

    let partition = |topic: &str| (Partition { topic: topic.into(), partition: 0 }, 0);
    let mut input = broker.input(&["in", "other"].map(partition).into()).unwrap();
    while input.poll(Duration::from_secs(1)).unwrap() != InputPoll::Nothing {}
    waits_without_work(Duration::from_millis(400), || {
        assert_eq!(input.poll(Duration::from_millis(400)).unwrap(), InputPoll::Nothing);
    });

    let mut writer = broker.writer().unwrap();
    writer.begin(Some(WriteId { fence: 0, batch: 1 })).unwrap();
    mock.broker_round_trip_time(1, Duration::from_millis(400)).unwrap();
    let payload = Some(b"{}".to_vec());
    let record = OutputRecord { role: Role::Events, key: None, payload, headers: Vec::new() };
    writer.send(&record).unwrap();
    waits_without_work(Duration::from_millis(400), || writer.flush().unwrap());
}
