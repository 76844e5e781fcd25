//! What a daemon tells of its work on a real broker: over HTTP, and to a service manager.

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

/// The body of an answer with status 200.
pub(crate) fn get(daemon: &Daemon, path: &str) -> Option<String> {
    let log = daemon.log();
    let line = log.lines().find(|line| line.contains("admin server listens"))?;
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

/// Waits until the one shard of a daemon that is ready looks so.
fn until(daemon: &Daemon, looks: impl Fn(&ShardInfo) -> bool) -> ShardInfo {
    let seen = eventually(|| {
        get(daemon, "/readyz")?;
        let told: InstanceStatus = serde_json::from_str(&get(daemon, "/api/v1/status")?).unwrap();
        told.shards.into_iter().find(&looks)
    });
    let says = || get(daemon, "/api/v1/status").unwrap_or_default();
    seen.unwrap_or_else(|| panic!("it stays so: {}\n{}", says(), daemon.log()))
}

/// Whether all of the input is read, and known to be.
fn through(shard: &ShardInfo) -> bool {
    shard.inputs.len() == 3 && shard.inputs.iter().all(|input| input.lag == Some(0))
}

#[test]
fn a_standby_says_so_and_takes_over() {
    let deployment = Deployment::new("telemetry", "exactly_once");
    deployment.produce(60);
    let owner = deployment.start("", ANY_PORT);
    let before = until(&owner, |shard| shard.phase == "running" && through(shard));
    let standby = deployment.start("", ANY_PORT);
    until(&standby, |shard| shard.phase == "standby");
    until(&owner, |shard| shard.phase == "running");
    let metric = |daemon: &Daemon, line: &str| {
        let metrics = get(daemon, "/metrics").unwrap();
        assert!(metrics.contains(line), "no `{line}` in\n{metrics}");
    };
    metric(&owner, "\nwirefold_shard_owned{shard=\"0\"} 1\n");
    metric(&standby, "\nwirefold_shard_owned{shard=\"0\"} 0\n");
    metric(&owner, "\nwirefold_articles_received_total 60\n");
    owner.kill();
    let after = until(&standby, |shard| shard.phase == "running" && through(shard));
    // The clock may have gone on once, after all of the input was read.
    let more = after.batch - before.batch;
    assert!(more <= 1 && after.events >= before.events, "the same memory");
    assert!(after.restored.is_some_and(|restored| restored.records > 60));
    metric(&standby, "\nwirefold_shard_owned{shard=\"0\"} 1\n");
    standby.stops();
}

/// The last offsets of a transactional topic are commit markers, which nobody can read: they are no
/// lag.
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
    let shard = until(&daemon, |shard| shard.live_articles == 20 && through(shard));
    let next: i64 = shard.inputs.iter().map(|input| input.next).sum();
    assert!((20..=23).contains(&next), "20 records, and a marker in each partition: {next}");
    daemon.stops();
}

/// A socket of ours stands for systemd.
#[test]
fn a_service_manager_is_told_of_readiness_and_of_the_stop() {
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
            let length = socket.recv(&mut bytes).expect("the daemon speaks");
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
    assert!(!after.contains("READY=1"), "said once: {after}");
    daemon.signal("-TERM");
    until("STOPPING=1\n");
    assert!(daemon.wait().success());
}
