//! Hours instead of minutes: `tests/broker/soak --minutes N` runs this.
//!
//! Two processes share one deployment while articles come at a steady rate. Every few seconds one of
//! them is killed, ended at a named point, frozen and woken, or stopped; transactions are aborted and
//! commits forgotten all the while; now and then the broker is killed and started again. In the end
//! the checker judges everything.

use crate::daemon::Daemon;
use crate::deployment::Deployment;
use crate::feed::random;
use crate::nodes;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

const SIGTERM: i32 = 15;
/// Articles a second.
const RATE: f64 = 15.0;
/// What goes wrong all the while.
const ALWAYS: &str = "abort-transaction=2%return;forget-commit=1%return";
/// Where processes end.
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

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    kills: usize,
    ends_at_points: usize,
    freezes: usize,
    stops: usize,
    broker_kills: usize,
    rebalances: usize,
    doubts: usize,
}

struct Soak {
    deployment: Deployment,
    daemons: Vec<Daemon>,
    done: Done,
    started: Instant,
}

impl Soak {
    /// Lets time pass while articles come.
    fn lasts(&self, time: Duration) {
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

    /// Counts what a process went through, before it goes.
    fn note(&mut self, log: &str) {
        self.done.rebalances += log.matches("lease granted").count();
        self.done.doubts += log.matches("recovering").count();
    }

    /// Starts anew what ended at its point.
    fn buries(&mut self) {
        for at in (0..self.daemons.len()).rev() {
            if self.daemons[at].has_ended() {
                let log = self.daemons.remove(at).log();
                assert!(log.contains("\nfailpoint "), "it ended by itself:\n{log}");
                self.note(&log);
                self.done.ends_at_points += 1;
            }
        }
        while self.daemons.len() < 2 {
            self.start(None);
        }
    }

    /// Stops a process, which may come to its point on the way, or not listen to signals yet.
    fn ends(&mut self, daemon: Daemon) {
        daemon.signal("-TERM");
        let (ended, log) = daemon.ends();
        let asked = ended.success() || ended.signal() == Some(SIGTERM) && log.is_empty();
        assert!(asked || log.contains("\nfailpoint "), "{ended}:\n{log}");
        self.done.stops += 1;
        self.note(&log);
    }

    fn strikes(&mut self, round: u64) {
        let chance = random(round * 2_654_435_761);
        let daemon = self.daemons.remove(chance as usize / 64 % self.daemons.len());
        let log = daemon.log();
        match chance % 8 {
            0..=2 => {
                daemon.kill();
                self.done.kills += 1;
                self.note(&log);
                self.start(None);
            }
            3..=5 => {
                daemon.kill();
                self.done.kills += 1;
                self.note(&log);
                self.start(Some(POINTS[chance as usize / 8 % POINTS.len()]));
            }
            6 => {
                daemon.freeze();
                self.lasts(Duration::from_millis(1_000 + chance / 8 % 5_000));
                daemon.thaw();
                self.done.freezes += 1;
                self.daemons.push(daemon);
            }
            _ => {
                self.ends(daemon);
                self.start(None);
            }
        }
        if round % 20 == 19 {
            nodes::kill(1);
            self.lasts(Duration::from_millis(chance / 8 % 4_000));
            nodes::start(1);
            self.done.broker_kills += 1;
        }
    }
}

#[test]
#[ignore = "runs as long as it is told: tests/broker/soak"]
fn soak() {
    let minutes: f64 = std::env::var("SOAK_MINUTES").unwrap().parse().unwrap();
    let deployment =
        Deployment::with("soak", "exactly_once", &["kafka.transaction.timeout.ms=10000"]);
    let (daemons, done, started) = (Vec::new(), Done::default(), Instant::now());
    let mut soak = Soak { deployment, daemons, done, started };
    let (mut round, mut before) = (0, 0);
    while soak.started.elapsed().as_secs_f64() < minutes * 60.0 {
        soak.buries();
        soak.lasts(Duration::from_millis(8_000 + random(round) % 12_000));
        soak.buries();
        soak.strikes(round);
        if round % 10 == 9 {
            before = soak.deployment.moves_on(before, &soak.daemons[0]);
            let (made, done) = (soak.deployment.made(), &soak.done);
            println!("{:?} {made} made, {before} answered, {done:?}", soak.started.elapsed());
        }
        round += 1;
    }
    while let Some(daemon) = soak.daemons.pop() {
        let log = daemon.log();
        soak.note(&log);
        drop(daemon);
    }
    let verdict = soak.deployment.ends_well();
    println!("after {:?}: {:?}\nthe checker: {verdict}", soak.started.elapsed(), soak.done);
}
