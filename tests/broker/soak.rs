//! The long fault test; `tests/broker/soak --minutes N` runs it.
//!
//! Two processes share one deployment, which gets articles at a steady rate. Every 8 to 20 seconds,
//! one process gets a random fault: it is killed, killed and replaced by one that ends at a
//! failpoint, suspended and resumed, or stopped. Throughout, failpoints abort some transactions and
//! treat the outcome of some commits as unknown. Every 20 rounds the broker is killed and
//! restarted. At the end the checker judges all records.

use crate::daemon::Daemon;
use crate::deployment::Deployment;
use crate::feed::random;
use crate::nodes;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

const SIGTERM: i32 = 15;
/// Articles per second.
const RATE: f64 = 15.0;
/// Failpoints of every process: 2 % of the transactions are aborted, and the outcome of 1 % of the
/// commits is forgotten.
const ALWAYS: &str = "abort-transaction=2%return;forget-commit=1%return";
/// Failpoints at which processes end.
const POINTS: [&str; 14] = [
    "before-fence=return",
    "after-fence=return",
    "after-recall=return",
    "mid-restore=300*off->return",
    "after-poll=5*off->return",
    "mid-apply=50*off->return",
    "mid-produce=200*off->return",
    "after-outputs=5*off->return",
    "after-position=5*off->return",
    "after-flush=5*off->return",
    "before-commit=5*off->return",
    "in-commit=5*off->return",
    "after-commit=5*off->return",
    "in-doubt=return",
];

/// Counts of the faults so far and of the effects that the logs show.
#[derive(Debug, Default)]
struct Counts {
    kills: usize,
    /// Processes that ended at their failpoint.
    ends_at_points: usize,
    freezes: usize,
    stops: usize,
    broker_kills: usize,
    /// Leases granted.
    rebalances: usize,
    /// Recoveries after a failed or unconfirmed transaction.
    doubts: usize,
}

/// The state of the running test.
struct Soak {
    deployment: Deployment,
    /// The running processes.
    daemons: Vec<Daemon>,
    counts: Counts,
    started: Instant,
}

impl Soak {
    /// Waits for `time` and writes articles meanwhile.
    fn keep_producing(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            let due = (self.started.elapsed().as_secs_f64() * RATE) as usize;
            self.deployment.hand_over(due.saturating_sub(self.deployment.made()), |_, _| None);
            std::thread::park_timeout(Duration::from_millis(200));
        }
    }

    fn start(&mut self, point: Option<&str>) {
        let points = point.map_or(ALWAYS.into(), |point| format!("{ALWAYS};{point}"));
        self.daemons.push(self.deployment.start(&points, &[]));
    }

    /// Adds the events in a process's log to the counts; called once per process.
    fn count_log(&mut self, log: &str) {
        self.counts.rebalances += log.matches("now owns shard").count();
        self.counts.doubts += log.matches(": recovering").count();
    }

    /// Replaces processes that have ended at their failpoint.
    fn replace_ended(&mut self) {
        for at in (0..self.daemons.len()).rev() {
            if self.daemons[at].has_ended() {
                let log = self.daemons.remove(at).log();
                assert!(
                    log.contains("\nfailpoint "),
                    "a process ended without a failpoint:\n{log}"
                );
                self.count_log(&log);
                self.counts.ends_at_points += 1;
            }
        }
        while self.daemons.len() < 2 {
            self.start(None);
        }
    }

    /// Stops a process. It may reach its failpoint first, or die from SIGTERM if it does not handle
    /// signals yet.
    fn stop(&mut self, daemon: Daemon) {
        daemon.signal("-TERM");
        let (ended, log) = daemon.ends();
        let stopped = ended.success() || ended.signal() == Some(SIGTERM) && log.is_empty();
        assert!(stopped || log.contains("\nfailpoint "), "{ended}:\n{log}");
        self.counts.stops += 1;
        self.count_log(&log);
    }

    /// Applies one random fault.
    fn inject_fault(&mut self, round: u64) {
        let chance = random(round * 2_654_435_761);
        let daemon = self.daemons.remove(chance as usize / 64 % self.daemons.len());
        let log = daemon.log();
        match chance % 8 {
            0..=2 => {
                daemon.kill();
                self.counts.kills += 1;
                self.count_log(&log);
                self.start(None);
            }
            3..=5 => {
                daemon.kill();
                self.counts.kills += 1;
                self.count_log(&log);
                self.start(Some(POINTS[chance as usize / 8 % POINTS.len()]));
            }
            6 => {
                daemon.freeze();
                self.keep_producing(Duration::from_millis(1_000 + chance / 8 % 5_000));
                daemon.thaw();
                self.counts.freezes += 1;
                self.daemons.push(daemon);
            }
            _ => {
                self.stop(daemon);
                self.start(None);
            }
        }
        if round % 20 == 19 {
            nodes::kill(1);
            self.keep_producing(Duration::from_millis(chance / 8 % 4_000));
            nodes::start(1);
            self.counts.broker_kills += 1;
        }
    }
}

#[test]
#[ignore = "runs for SOAK_MINUTES; use tests/broker/soak"]
fn soak() {
    let minutes: f64 = std::env::var("SOAK_MINUTES").unwrap().parse().unwrap();
    let deployment =
        Deployment::with("soak", "exactly_once", &["kafka.transaction.timeout.ms=10000"]);
    let (daemons, counts, started) = (Vec::new(), Counts::default(), Instant::now());
    let mut soak = Soak { deployment, daemons, counts, started };
    let (mut round, mut before) = (0, 0);
    while soak.started.elapsed().as_secs_f64() < minutes * 60.0 {
        soak.replace_ended();
        soak.keep_producing(Duration::from_millis(8_000 + random(round) % 12_000));
        soak.replace_ended();
        soak.inject_fault(round);
        if round % 10 == 9 {
            before = soak.deployment.moves_on(before, &soak.daemons[0]);
            let (written, counts) = (soak.deployment.made(), &soak.counts);
            let elapsed = soak.started.elapsed();
            println!("{elapsed:?} {written} written, {before} answered, {counts:?}");
        }
        round += 1;
    }
    while let Some(daemon) = soak.daemons.pop() {
        let log = daemon.log();
        soak.count_log(&log);
        drop(daemon);
    }
    let verdict = soak.deployment.ends_well();
    println!("after {:?}: {:?}\nchecker: {verdict}", soak.started.elapsed(), soak.counts);
}
