//! Measures the CPU time of a thread, which does not depend on other load of the machine. Benches
//! include this file as a module.

use std::time::Instant;

/// Measures the CPU time of this thread and the wall-clock time since the start.
pub(crate) struct Clock {
    wall: Instant,
    /// CPU seconds of the thread at the start, if the system reports them.
    before: Option<f64>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { before: Self::cpu_seconds(), wall: Instant::now() }
    }

    /// CPU seconds that this thread has used; `None` if the system does not report them.
    fn cpu_seconds() -> Option<f64> {
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        schedstat.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e9)
    }

    /// CPU seconds of this thread since the start; wall-clock seconds if the system does not report
    /// them.
    pub(crate) fn seconds(&self) -> f64 {
        let used = self.before.zip(Self::cpu_seconds()).map(|(before, now)| now - before);
        used.unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }

    /// CPU microseconds per item of a part of the work, which took `part` wall-clock seconds for
    /// `count` items. Assumes that the part has the same ratio of CPU time to wall-clock time as
    /// the whole.
    pub(crate) fn each(&self, part: f64, count: usize) -> f64 {
        part * self.seconds() / self.wall.elapsed().as_secs_f64() / count as f64 * 1e6
    }
}
