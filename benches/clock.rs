//! Measures the CPU time of a thread, which does not depend on other load on the machine. Benches
//! include this file as a module.

use cpu_time::ThreadTime;
use std::time::Instant;

/// Measures the CPU time of this thread and the wall-clock time since the start.
pub(crate) struct Clock {
    wall: Instant,
    thread: ThreadTime,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { thread: ThreadTime::now(), wall: Instant::now() }
    }

    /// CPU seconds of this thread since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.thread.elapsed().as_secs_f64()
    }

    /// CPU microseconds per item, for a part of the work that took `part` wall-clock seconds for
    /// `count` items. Assumes that the part has the same ratio of CPU time to wall-clock time as
    /// the whole.
    pub(crate) fn each(&self, part: f64, count: usize) -> f64 {
        part * self.seconds() / self.wall.elapsed().as_secs_f64() / count as f64 * 1e6
    }
}
