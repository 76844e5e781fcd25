//! Time that does not count what others on the machine do. Benches include this file as a module.

use std::time::Instant;

/// Time of this thread and of the wall.
pub(crate) struct Clock {
    wall: Instant,
    before: Option<f64>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { before: Self::ran(), wall: Instant::now() }
    }

    /// Seconds that this thread has run, where the system tells.
    fn ran() -> Option<f64> {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        told.split(' ').next()?.parse::<f64>().ok().map(|nanos| nanos / 1e9)
    }

    /// Seconds that this thread ran since the start, or that passed where the system does not tell.
    pub(crate) fn seconds(&self) -> f64 {
        let ran = self.before.zip(Self::ran()).map(|(before, now)| now - before);
        ran.unwrap_or_else(|| self.wall.elapsed().as_secs_f64())
    }

    /// Microseconds of the thread's time for each of `count`, of a part of the time since the start that
    /// the wall measured.
    pub(crate) fn each(&self, part: f64, count: usize) -> f64 {
        part * self.seconds() / self.wall.elapsed().as_secs_f64() / count as f64 * 1e6
    }
}
