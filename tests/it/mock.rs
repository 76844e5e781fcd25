//! The daemon on librdkafka's broker in memory: its real client path, without a Kafka. The mock
//! fakes transactions, so nothing of exactly-once is shown here.

use crossbeam_channel::{Sender, unbounded};
use rdkafka::ClientConfig;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::collections::BTreeMap;
use std::time::Duration;
use wirefold::config::Config;
use wirefold::daemon::kafka::client::{Settings, Topics};
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::broker::Limits;
use wirefold::daemon::pipeline::{Delivery, Observer, Phase};
use wirefold::daemon::run::Daemon;
use wirefold::engine::state::State;

const PATIENCE: Duration = Duration::from_secs(60);

struct Count(Sender<usize>);

impl Observer for Count {
    fn phase(&mut self, _: Phase) {}
    fn committed(&mut self, _: &State, batch: Option<&Batch>) {
        let records = batch.map_or(0, |batch| batch.records);
        self.0.send(records).unwrap();
    }
}

#[test]
fn the_daemon_works_on_a_broker_in_memory_and_stops() {
    let cluster = MockCluster::new(1).unwrap();
    let bootstrap = cluster.bootstrap_servers();
    for (topic, partitions) in
        [("in", 2), ("events", 2), ("stories", 2), ("unique", 2), ("rejected", 2), ("state", 1)]
    {
        cluster.create_topic(topic, partitions, 1).unwrap();
    }
    let producer: BaseProducer =
        ClientConfig::new().set("bootstrap.servers", &bootstrap).create().unwrap();
    for n in 0..30 {
        let payload = format!(r#"{{"uri": "u{n}", "headline": "h {n}", "body": "b {n} of ours"}}"#);
        producer.send(BaseRecord::to("in").key(&format!("k{n}")).payload(&payload)).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
    let kafka = Settings {
        group: "wirefold".into(),
        topics: Topics {
            input: "in".into(),
            events: "events".into(),
            stories: "stories".into(),
            unique: Some("unique".into()),
            rejected: "rejected".into(),
            state: "state".into(),
        },
        partitions: 2,
        replication: 1,
        shards: 1,
        limits: Some(Limits { by_role: [1 << 20; 5] }),
        delivery: Delivery::ExactlyOnce,
        passed: BTreeMap::from([("bootstrap.servers".into(), bootstrap)]),
    };
    let (told, tells) = unbounded();
    let mut setup = crate::pipeline::setup(Delivery::ExactlyOnce);
    setup.engine = Config::default().engine;
    let daemon =
        Daemon::start(kafka, setup, Box::new(move |_| Box::new(Count(told.clone())))).unwrap();
    let mut through = 0;
    while through < 30 {
        through += tells.recv_timeout(PATIENCE).unwrap();
    }
    daemon.stop().stop();
    daemon.wait().unwrap();
    assert_eq!(through, 30);
}
