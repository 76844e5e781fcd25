//! Tests the notifications that `wirefold run` sends to systemd while it waits for a broker. The
//! test receives them on a socket of its own. `tests/broker` tests READY=1 with a real broker.

use serde_json::Value;
use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TIMEOUT: Duration = Duration::from_secs(60);

/// The daemon as systemd starts it, and the receiving end of its notification socket.
struct Service {
    /// The daemon.
    child: Child,
    /// Receives its notifications.
    socket: UnixDatagram,
    /// Contains the socket and the log file.
    folder: tempfile::TempDir,
}

impl Service {
    fn start(bootstrap: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(TIMEOUT)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_wirefold"))
            .args(["--set", &format!("kafka.bootstrap.servers={bootstrap}"), "--set"])
            .args(["http.listen=", "--log", "json", "run"])
            .env("RUST_LOG", "info")
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "600000")
            .env_remove("WATCHDOG_PID")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { child, socket, folder }
    }

    /// The lines of the next datagram.
    fn received(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("no notification arrived");
        let text = std::str::from_utf8(&bytes[..length]).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// All lines received up to the wanted one.
    fn until(&self, wanted: &str) -> Vec<String> {
        let (mut all, started) = (Vec::new(), Instant::now());
        while !all.iter().any(|line: &String| line == wanted) {
            all.extend(self.received());
            assert!(started.elapsed() < TIMEOUT, "no `{wanted}` in {all:?}");
        }
        all
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}

/// While nothing listens at the address of the broker, the daemon waits and keeps the watchdog
/// alive, so that systemd does not restart it.
#[test]
fn the_daemon_waits_for_an_unreachable_broker_without_being_restarted() {
    let mut service = Service::start("127.0.0.1:1");
    let received: Vec<String> = (0..6).flat_map(|_| service.received()).collect();
    let pings = received.iter().filter(|line| *line == "WATCHDOG=1").count();
    assert_eq!(pings, 6, "{received:?}");
    assert!(!received.contains(&"READY=1".to_owned()), "{received:?}");
    let waits = "STATUS=not ready: shard 0: waiting for the broker and its topics";
    let sent = received.iter().filter(|line| *line == waits).count();
    assert_eq!(sent, 1, "the status must be sent once: {received:?}");
    let asked = Instant::now();
    let pid = service.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    service.until("STOPPING=1");
    assert!(service.child.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(10), "shutdown waited for a call to the broker");
    let log = std::fs::read_to_string(service.folder.path().join("log")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let entries: Vec<Value> = lines.collect();
    assert_eq!(entries[0]["message"], "starting wirefold", "{log}");
    assert_eq!(entries[0]["brokers"], "127.0.0.1:1", "{log}");
    assert!(entries.iter().any(|line| line["message"] == "stopping"), "{log}");
    let last = entries.iter().rfind(|line| line["target"] != "librdkafka").unwrap();
    assert_eq!(last["message"], "stopped: received SIGTERM; everything is committed", "{log}");
}
