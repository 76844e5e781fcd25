//! A daemon process under test.

use crate::deployment::{eventually, tally};
use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A daemon process. Dropping it kills it.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    frozen: Cell<bool>,
}

/// The program under test; `WIREFOLD_BIN` names another one than that built with the tests.
pub(crate) fn program() -> String {
    std::env::var("WIREFOLD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_wirefold").into())
}

impl Daemon {
    /// Starts one.
    pub(crate) fn start<'a>(
        log: &Path,
        env: &[(&str, &str)],
        points: &str,
        sets: impl Iterator<Item = &'a str>,
    ) -> Self {
        let mut command = Command::new(program());
        let level = std::env::var("FAULTS_LOG").unwrap_or_else(|_| "info,librdkafka=error".into());
        command.arg("run").env("FAILPOINTS", points).env("RUST_LOG", level);
        command.envs(env.iter().copied());
        command.args(sets.flat_map(|set| ["--set", set]));
        let file = File::create(log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file).spawn();
        Self { child: child.unwrap(), log: log.to_owned(), frozen: Cell::new(false) }
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// Waits until the log says `what`.
    pub(crate) fn says(&self, what: &str) {
        self.says_again(what, 1);
    }

    /// Waits until the log has said `what` so many times.
    pub(crate) fn says_again(&self, what: &str, times: usize) {
        let said = eventually(|| (self.times(what) >= times).then_some(()));
        assert!(said.is_some(), "`{what}` is not said {times} times:\n{}", self.log());
    }

    /// How many times the log says `what`.
    pub(crate) fn times(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }

    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        assert!(self.child.try_wait().unwrap().is_none(), "it was running:\n{}", self.log());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        tally("kills", 1);
    }

    /// Waits for its end at a failpoint.
    pub(crate) fn dies_at(self, point: &str) {
        let (ended, log) = self.ends();
        assert!(!ended.success());
        assert!(log.contains(&format!("failpoint {point}\n")), "`{point}` was not hit:\n{log}");
        tally("kills", 1);
        tally(&format!("point:{point}"), 1);
    }

    /// The most memory that it held so far, in megabytes.
    pub(crate) fn peak_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// SIGSTOP.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
        self.frozen.set(true);
    }

    /// SIGCONT.
    pub(crate) fn thaw(&self) {
        assert!(self.frozen.replace(false), "it was frozen");
        self.signal("-CONT");
    }

    /// SIGTERM, after which it ends in peace.
    pub(crate) fn stops(self) {
        self.signal("-TERM");
        let (ended, log) = self.ends();
        assert!(ended.success(), "{ended}:\n{log}");
    }

    /// How it ends by itself, and its whole log.
    pub(crate) fn ends(self) -> (ExitStatus, String) {
        let path = self.log.clone();
        (self.wait(), std::fs::read_to_string(path).unwrap())
    }

    /// How it ends by itself.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let child = &mut self.child;
        let ended = eventually(|| child.try_wait().unwrap());
        ended.unwrap_or_else(|| panic!("the daemon did not end:\n{}", self.log()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().unwrap();
        }
    }
}
