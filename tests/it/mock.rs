//! The daemon on librdkafka's broker in memory: its real client path, without a Kafka. The mock
//! fakes transactions, so nothing of exactly-once is shown here.

use crate::rig::recorded;
use crossbeam_channel::{Receiver, Sender, unbounded};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirefold::config::Config;
use wirefold::daemon::kafka::client::{Settings, TopicNames};
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::broker::Limits;
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::shards::ShardMap;
use wirefold::daemon::pipeline::{
    Delivery, InputLag, Observer, Phase, StandbyProgress, TransactionEnd,
};
use wirefold::daemon::run::Daemon;
use wirefold::daemon::snapshot::shards::{ShardStatus, ShardStatuses};
use wirefold::daemon::telemetry::observer::Telemetry;
use wirefold_engine::article::EventTime;

const PATIENCE: Duration = Duration::from_secs(60);

/// A teller, and a bell that rings after each call.
struct Bell(Telemetry, Sender<()>);

impl Observer for Bell {
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
    fn transacted(&mut self, ended: TransactionEnd, took: Duration) {
        self.0.transacted(ended, took);
    }
    fn waiting(&mut self, waiting: &InputLag) {
        self.0.waiting(waiting);
        self.1.send(()).unwrap();
    }
    fn following(&mut self, following: &StandbyProgress) {
        self.0.following(following);
        self.1.send(()).unwrap();
    }
}

struct Instance {
    daemon: Daemon,
    views: Arc<ShardStatuses>,
    rings: Receiver<()>,
}

impl Instance {
    fn start(bootstrap: &str) -> Self {
        let kafka = Settings {
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
            map: Arc::new(ShardMap::new("in", &[]).unwrap()),
            in_memory: Some(Limits { by_role: [1 << 20; 5] }),
            delivery: Delivery::ExactlyOnce,
            passed: BTreeMap::from([("bootstrap.servers".into(), bootstrap.into())]),
        };
        let mut setup = crate::pipeline::setup(Delivery::ExactlyOnce);
        setup.engine = Config::default().engine;
        let ((ring, rings), views) = (unbounded(), ShardStatuses::new(1));
        let told = views.clone();
        let observers = move |shard| -> Box<dyn Observer> {
            Box::new(Bell(Telemetry::new(shard, told.clone()), ring.clone()))
        };
        let daemon = Daemon::start(kafka, setup, Box::new(observers), views.clone()).unwrap();
        Self { daemon, views, rings }
    }

    /// Waits until the shard looks so.
    fn until(&self, looks: impl Fn(&ShardStatus) -> bool) -> Arc<ShardStatus> {
        loop {
            let view = self.views.all().remove(0);
            if looks(&view) {
                return view;
            }
            self.rings.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("stays so: {view:?}"));
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
    producer.flush(PATIENCE).unwrap();
    cluster
}

/// Through, with its lag known from the client's own statistics.
fn through(view: &ShardStatus, articles: usize) -> bool {
    let lag: Vec<Option<u64>> = view.inputs.values().map(|input| input.records).collect();
    view.live_articles == articles && lag == [Some(0), Some(0)]
}

#[test]
fn the_daemon_works_on_a_broker_in_memory_and_stops() {
    let told = recorded();
    let cluster = cluster(30);
    let instance = Instance::start(&cluster.bootstrap_servers());
    let view = instance.until(|view| through(view, 30));
    assert_eq!(view.phase, Some(Phase::Running));
    assert_eq!(view.inputs.values().map(|input| input.next).sum::<i64>(), 30);
    assert!(view.restored.is_some() && view.committed.is_some());
    assert_eq!(instance.views.unready(), [""; 0]);
    let text = told.render();
    assert!(!text.contains("\nwirefold_rebalances_total 0\n"), "the group has decided\n{text}");
    for partition in [0, 1] {
        let labels = format!("shard=\"0\",topic=\"in\",partition=\"{partition}\"");
        assert!(text.contains(&format!("wirefold_input_lag_records{{{labels}}} 0\n")), "{text}");
    }
    instance.stop();
}

#[test]
fn a_second_instance_stands_by_and_takes_over() {
    let cluster = cluster(10);
    let first = Instance::start(&cluster.bootstrap_servers());
    first.until(|view| through(view, 10));
    let second = Instance::start(&cluster.bootstrap_servers());
    second.until(|view| {
        view.phase == Some(Phase::Standby) && view.following == Some(StandbyProgress::InStep)
    });
    assert_eq!(second.views.unready(), [""; 0], "a standby in step is ready");
    assert_eq!(first.views.unready(), [""; 0], "the owner keeps what it has");
    first.stop();
    let view = second.until(|view| view.phase == Some(Phase::Running) && through(view, 10));
    assert!(view.restored.is_some_and(|(records, _)| records > 10), "{view:?}");
    second.stop();
}
