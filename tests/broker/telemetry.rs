//! Tests the status that a daemon reports over HTTP and to systemd while it works on a real broker.

use crate::daemon::Daemon;
use crate::deployment::{Deployment, PATIENCE, bootstrap, eventually};
use crate::feed::payload;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::Instant;
use wirefold::daemon::http::status::{InstanceStatus, ShardInfo};

pub(crate) const ANY_PORT: &[&str] = &["http.listen=127.0.0.1:0"];

/// The body of the response to a GET request; `None` unless the status is 200.
pub(crate) fn get(daemon: &Daemon, path: &str) -> Option<String> {
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("admin server listening"))?;
    let at = line.rsplit_once("127.0.0.1:")?.1.trim_matches(|c: char| !c.is_ascii_digit());
    let mut stream = TcpStream::connect(format!("127.0.0.1:{}", at.parse::<u16>().ok()?)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
}

/// Waits until the daemon is ready and its shard fulfils `condition`; returns the shard's status.
fn wait_for(daemon: &Daemon, condition: impl Fn(&ShardInfo) -> bool) -> ShardInfo {
    let shard = eventually(|| {
        get(daemon, "/readyz")?;
        let status = get(daemon, "/api/v1/status")?;
        let status: InstanceStatus = serde_json::from_str(&status).unwrap();
        status.shards.into_iter().find(&condition)
    });
    let status = || get(daemon, "/api/v1/status").unwrap_or_default();
    shard.unwrap_or_else(|| panic!("the status stays at {}\n{}", status(), daemon.log()))
}

/// Whether the lag of all three input partitions is known to be 0.
fn caught_up(shard: &ShardInfo) -> bool {
    shard.inputs.len() == 3 && shard.inputs.iter().all(|input| input.lag == Some(0))
}

#[test]
fn a_standby_reports_its_phase_and_takes_over() {
    let deployment = Deployment::new("telemetry", "exactly_once");
    deployment.produce(60);
    let owner = deployment.start("", ANY_PORT);
    let before = wait_for(&owner, |shard| shard.phase == "running" && caught_up(shard));
    let standby = deployment.start("", ANY_PORT);
    wait_for(&standby, |shard| shard.phase == "standby");
    wait_for(&owner, |shard| shard.phase == "running");
    let metric = |daemon: &Daemon, line: &str| {
        let metrics = get(daemon, "/metrics").unwrap();
        assert!(metrics.contains(line), "no `{line}` in\n{metrics}");
    };
    metric(&owner, "\nwirefold_shard_owned{shard=\"0\"} 1\n");
    metric(&standby, "\nwirefold_shard_owned{shard=\"0\"} 0\n");
    metric(&owner, "\nwirefold_articles_received_total 60\n");
    owner.kill();
    let after = wait_for(&standby, |shard| shard.phase == "running" && caught_up(shard));
    // After the whole input was read, a clock advance may have committed one more batch.
    let more = after.batch - before.batch;
    assert!(more <= 1 && after.events >= before.events, "the standby must have the same state");
    assert!(after.restored.is_some_and(|restored| restored.records > 60));
    metric(&standby, "\nwirefold_shard_owned{shard=\"0\"} 1\n");
    standby.stops();
}

/// The last offset of each partition of a transactional topic is a commit marker, which no consumer
/// receives. It must not count as lag.
#[test]
fn the_lag_of_a_transactional_input_ends_at_zero() {
    let deployment = Deployment::new("lag", "exactly_once");
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap())
        .set("transactional.id", &deployment.prefix)
        .create()
        .unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    producer.begin_transaction().unwrap();
    let topic = deployment.topic("articles");
    for n in 0..20 {
        let (key, payload) = (n.to_string(), payload(n));
        let partition = i32::try_from(n % 3).unwrap();
        let record = BaseRecord::to(&topic).partition(partition).key(&key).payload(&payload);
        producer.send(record).map_err(|(e, _)| e).unwrap();
    }
    producer.commit_transaction(PATIENCE).unwrap();
    let daemon = deployment.start("", ANY_PORT);
    let shard = wait_for(&daemon, |shard| shard.live_articles == 20 && caught_up(shard));
    let next: i64 = shard.inputs.iter().map(|input| input.next).sum();
    assert!((20..=23).contains(&next), "20 records and up to 3 markers, but next is {next}");
    daemon.stops();
}

/// The test listens on a socket in place of systemd.
#[test]
fn systemd_is_notified_of_readiness_the_watchdog_and_the_stop() {
    let deployment = Deployment::new("notify", "exactly_once");
    deployment.produce(40);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let until = |wanted: &str| {
        let (mut all, started) = (String::new(), Instant::now());
        while !all.contains(wanted) {
            let mut bytes = [0; 4096];
            let length = socket.recv(&mut bytes).expect("a notification from the daemon");
            all += std::str::from_utf8(&bytes[..length]).unwrap();
            all += "\n";
            assert!(started.elapsed() < PATIENCE, "no `{wanted}` in {all}");
        }
        all
    };
    let env = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "3000000")];
    let daemon = deployment.start_in(&env, "", &[]);
    let before = until("READY=1\n");
    assert!(before.contains("STATUS=not ready: shard 0: "), "{before}");
    let after = until("WATCHDOG=1\n");
    assert!(!after.contains("READY=1"), "READY=1 was sent twice: {after}");
    daemon.signal("-TERM");
    until("STOPPING=1\n");
    assert!(daemon.wait().success());
}
