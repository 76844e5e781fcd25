//! The brokers' processes: killed and started again.

use crate::deployment::{eventually, tally};
use std::path::PathBuf;
use std::process::Command;

fn home(node: u32) -> PathBuf {
    let nodes = std::env::var("KAFKA_NODES").expect("tests/broker/run sets KAFKA_NODES");
    PathBuf::from(nodes).join(node.to_string())
}

/// SIGKILL; it is gone when this returns.
pub(crate) fn kill(node: u32) {
    let pid = std::fs::read_to_string(home(node).join("pid")).unwrap();
    let pid = pid.trim();
    assert!(Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
    let process = PathBuf::from("/proc").join(pid);
    let dead =
        |stat: String| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('Z'));
    let gone = || std::fs::read_to_string(process.join("stat")).map_or(true, dead);
    assert!(eventually(|| gone().then_some(())).is_some(), "node {node} is killed");
    tally("broker-kills", 1);
}

/// Starts it again, with what it had on disk.
pub(crate) fn start(node: u32) {
    assert!(Command::new(home(node).join("start")).status().unwrap().success());
}
