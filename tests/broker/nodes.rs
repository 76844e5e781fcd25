//! Kills and restarts the brokers' processes.

use crate::deployment::{eventually, tally};
use std::path::PathBuf;
use std::process::Command;

/// The folder of a node, created by `start_kafka` in `kafka.sh`.
fn home(node: u32) -> PathBuf {
    let nodes = std::env::var("KAFKA_NODES").expect("KAFKA_NODES is not set; use tests/broker/run");
    PathBuf::from(nodes).join(node.to_string())
}

/// The file that contains a node's process id.
pub(crate) fn pid_file(node: u32) -> String {
    home(node).join("pid").to_string_lossy().into_owned()
}

/// Waits until the process of a killed node has ended (a zombie counts as ended).
pub(crate) fn is_gone(node: u32) {
    let pid = std::fs::read_to_string(pid_file(node)).unwrap();
    let process = PathBuf::from("/proc").join(pid.trim());
    let dead =
        |stat: String| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('Z'));
    let gone = || std::fs::read_to_string(process.join("stat")).map_or(true, dead);
    assert!(eventually(|| gone().then_some(())).is_some(), "node {node} is still running");
    tally("broker-kills", 1);
}

/// Kills a node (SIGKILL) and waits until its process has ended.
pub(crate) fn kill(node: u32) {
    let pid = std::fs::read_to_string(home(node).join("pid")).unwrap();
    let pid = pid.trim();
    assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
    is_gone(node);
}

/// Starts a node again with its data on disk.
pub(crate) fn start(node: u32) {
    assert!(Command::new(home(node).join("start")).status().unwrap().success());
}
