//! What a service manager hears of `wirefold run` while it waits for a broker: a socket of our own
//! stands for systemd. That it says when it is ready is shown on a real broker (`tests/broker`).

use serde_json::Value;
use std::fs::File;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon as a service manager starts it, and the manager's end of the socket.
struct Service {
    child: Child,
    socket: UnixDatagram,
    folder: tempfile::TempDir,
}

impl Service {
    fn start(bootstrap: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
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
    fn heard(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("the daemon speaks");
        let text = std::str::from_utf8(&bytes[..length]).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// Everything heard until the line that is wanted.
    fn until(&self, wanted: &str) -> Vec<String> {
        let (mut all, started) = (Vec::new(), Instant::now());
        while !all.iter().any(|line: &String| line == wanted) {
            all.extend(self.heard());
            assert!(started.elapsed() < PATIENCE, "no `{wanted}` in {all:?}");
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

/// An address where nobody listens: the daemon waits, says so, and is not to be started anew for it.
#[test]
fn a_broker_that_is_away_is_waited_for_and_no_reason_to_start_anew() {
    let mut service = Service::start("127.0.0.1:1");
    let heard: Vec<String> = (0..6).flat_map(|_| service.heard()).collect();
    let pings = heard.iter().filter(|line| *line == "WATCHDOG=1").count();
    assert_eq!(pings, 6, "{heard:?}");
    assert!(!heard.contains(&"READY=1".to_owned()), "{heard:?}");
    let waits = "STATUS=not ready: shard 0: waiting for the broker and its topics";
    let told = heard.iter().filter(|line| *line == waits).count();
    assert_eq!(told, 1, "said once: {heard:?}");
    let asked = Instant::now();
    let pid = service.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    service.until("STOPPING=1");
    assert!(service.child.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(10), "a call to the broker is not waited for");
    let log = std::fs::read_to_string(service.folder.path().join("log")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let said: Vec<Value> = lines.collect();
    assert_eq!(said[0]["message"], "wirefold starts", "{log}");
    assert_eq!(said[0]["brokers"], "127.0.0.1:1", "{log}");
    assert!(said.iter().any(|line| line["message"] == "stopping"), "{log}");
}
