//! A daemon process under test.

use crate::deployment::{eventually, tally};
use std::cell::Cell;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A daemon process. Dropping this value kills the process.
pub(crate) struct Daemon {
    child: Child,
    /// The file that the process logs to (its stderr).
    log: PathBuf,
    /// Whether the process is suspended by SIGSTOP.
    frozen: Cell<bool>,
}

/// The program under test: `WIREFOLD_BIN`, or else the one built with the tests.
pub(crate) fn program() -> String {
    std::env::var("WIREFOLD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_wirefold").into())
}

impl Daemon {
    /// Starts a daemon that logs to the file `log`. `points` configures its failpoints, `sets` its
    /// settings.
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

    /// Waits until the log contains `what`.
    pub(crate) fn says(&self, what: &str) {
        self.says_again(what, 1);
    }

    /// Waits until the log contains `what` at least `times` times.
    pub(crate) fn says_again(&self, what: &str, times: usize) {
        let logged = eventually(|| (self.times(what) >= times).then_some(()));
        assert!(logged.is_some(), "`{what}` was not logged {times} times:\n{}", self.log());
    }

    /// How many times the log contains `what`.
    pub(crate) fn times(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }

    /// Kills the daemon (SIGKILL), which must be running.
    pub(crate) fn kill(mut self) {
        let running = self.child.try_wait().unwrap().is_none();
        assert!(running, "the daemon had already ended:\n{}", self.log());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        tally("kills", 1);
    }

    /// Waits until the daemon ends at a failpoint.
    pub(crate) fn dies_at(self, point: &str) {
        let (ended, log) = self.ends();
        assert!(!ended.success(), "the daemon ended with success:\n{log}");
        assert!(log.contains(&format!("failpoint {point}\n")), "`{point}` was not hit:\n{log}");
        tally("kills", 1);
        tally(&format!("point:{point}"), 1);
    }

    /// Peak resident memory so far, in MiB.
    pub(crate) fn peak_mb(&self) -> u64 {
        let peak = self.status_line("VmHWM:");
        peak.trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// The value of a line of the process's status in `/proc`; empty if the process has ended.
    fn status_line(&self, name: &str) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.unwrap_or_default().trim().to_owned()
    }

    /// Whether the daemon has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends a signal; `signal` is an option of `kill`, such as `-TERM`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Suspends the daemon (SIGSTOP).
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
        self.frozen.set(true);
    }

    /// Resumes the daemon (SIGCONT).
    pub(crate) fn thaw(&self) {
        assert!(self.frozen.replace(false), "the daemon was not suspended");
        self.signal("-CONT");
    }

    /// Whether the daemon has installed its handler for SIGTERM. Before that, the signal kills it.
    fn handles_signals(&self) -> bool {
        const SIGTERM: u32 = 15;
        let mask = self.status_line("SigCgt:");
        u64::from_str_radix(&mask, 16).is_ok_and(|caught| caught >> (SIGTERM - 1) & 1 == 1)
    }

    /// Stops the daemon (SIGTERM), which must then exit with success.
    pub(crate) fn stops(self) {
        eventually(|| self.handles_signals().then_some(()));
        self.signal("-TERM");
        let (ended, log) = self.ends();
        assert!(ended.success(), "{ended}:\n{log}");
    }

    /// Waits until the daemon ends; returns its exit status and its whole log.
    pub(crate) fn ends(self) -> (ExitStatus, String) {
        let path = self.log.clone();
        (self.wait(), std::fs::read_to_string(path).unwrap())
    }

    /// Waits until the daemon ends; returns its exit status.
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
