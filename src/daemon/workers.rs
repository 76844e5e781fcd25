//! Runs many small jobs on all cores, none of which can stop the others.
//!
//! In: a number of jobs and what does one of them. Out: their results in order. A job that panics is
//! [`JobLost::Panicked`]. When no job has ended for the time given, those under way are
//! [`JobLost::TooSlow`]: their threads are left behind and others take over the rest.
//!
//! A thread cannot be ended from outside, so that one that is left keeps its core until its job ends.
//! At most [`STUCK_MAX`] are left at a time; beyond that the caller waits, and the watchdog of the
//! process decides. Time is counted in looks, so that a process that was suspended does not lose the
//! jobs that were under way.
//!
//! Cost: one closure for each thread and one message for each job, beside what rayon's own loops take.

use super::panic_guard;
use super::telemetry::metrics;
use crossbeam_channel::{Sender, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many threads may be left behind at a time.
pub const STUCK_MAX: usize = 8;
/// How many looks without a result make a job too slow.
const LOOKS: u32 = 20;

/// The threads, made anew when they are stuck.
static POOL: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);
static STUCK: AtomicUsize = AtomicUsize::new(0);

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobLost {
    /// It panicked.
    Panicked(String),
    /// It took too long.
    TooSlow,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum JobStage {
    Waiting,
    Running,
    Ended,
    Left,
}

/// Jobs that threads take one by one.
struct WorkQueue<T, F> {
    job: F,
    stages: Vec<AtomicU8>,
    next: AtomicUsize,
    tell: Sender<(usize, Result<T, JobLost>)>,
}

impl<T: Send, F: Fn(usize) -> T + Send + Sync> WorkQueue<T, F> {
    fn run(&self) {
        loop {
            let at = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(stage) = self.stages.get(at) else { return };
            stage.store(JobStage::Running as u8, Ordering::SeqCst);
            let done = panic_guard::caught(|| (self.job)(at)).map_err(JobLost::Panicked);
            if stage.swap(JobStage::Ended as u8, Ordering::SeqCst) == JobStage::Left as u8 {
                STUCK.fetch_sub(1, Ordering::SeqCst);
                return;
            }
            // The caller is gone only where this thread was left behind.
            drop(self.tell.send((at, done)));
        }
    }

    /// Leaves the jobs that are under way, as far as that is allowed.
    fn leave(&self) -> Vec<usize> {
        let mut left = Vec::new();
        for (at, stage) in self.stages.iter().enumerate() {
            let (from, to) = (JobStage::Running as u8, JobStage::Left as u8);
            if stage.load(Ordering::SeqCst) != from || STUCK.load(Ordering::SeqCst) >= STUCK_MAX {
                continue;
            }
            STUCK.fetch_add(1, Ordering::SeqCst);
            match stage.compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst) {
                Ok(_) => left.push(at),
                Err(_) => drop(STUCK.fetch_sub(1, Ordering::SeqCst)),
            }
        }
        left
    }
}

/// Does `job` for `0..jobs`. Where none ends for `within`, those under way are left.
pub fn all<T: Send + 'static>(
    jobs: usize,
    within: Duration,
    job: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<Result<T, JobLost>> {
    let (tell, told) = unbounded();
    let stages = (0..jobs).map(|_| AtomicU8::new(JobStage::Waiting as u8)).collect();
    let work = Arc::new(WorkQueue { job, stages, next: AtomicUsize::new(0), tell });
    let mut results: Vec<Option<Result<T, JobLost>>> = (0..jobs).map(|_| None).collect();
    let mut pool = pool(None);
    start(&pool, &work, jobs);
    let (mut open, mut looks) = (jobs, 0);
    while open > 0 {
        if let Ok((at, done)) = told.recv_timeout(within / LOOKS) {
            looks = 0;
            if results[at].replace(done).is_none() {
                open -= 1;
            }
            continue;
        }
        looks += 1;
        if looks < LOOKS {
            continue;
        }
        looks = 0;
        let left = work.leave();
        if !left.is_empty() {
            tracing::error!(jobs = left.len(), "a worker is stuck and is left behind");
        }
        open -= left.len();
        left.into_iter().for_each(|at| results[at] = Some(Err(JobLost::TooSlow)));
        pool = self::pool(Some(&pool));
        start(&pool, &work, open);
    }
    metrics::STUCK_WORKERS.set([], STUCK.load(Ordering::SeqCst) as f64);
    results.into_iter().map(|done| done.expect("every job ended or was left")).collect()
}

/// The pool to use: another one than `stuck`. What that one still has to do it does, and then ends.
fn pool(stuck: Option<&Arc<ThreadPool>>) -> Arc<ThreadPool> {
    let mut current = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = &*current
        && stuck.is_none_or(|stuck| !Arc::ptr_eq(stuck, pool))
    {
        return pool.clone();
    }
    let made = ThreadPoolBuilder::new().thread_name(|n| format!("worker-{n}")).build();
    match (made, &*current) {
        (Ok(made), _) => {
            let made = Arc::new(made);
            *current = Some(made.clone());
            made
        }
        (Err(_), Some(pool)) => pool.clone(),
        (Err(error), None) => panic!("no threads to work on: {error}"),
    }
}

fn start<T, F>(pool: &ThreadPool, work: &Arc<WorkQueue<T, F>>, jobs: usize)
where
    T: Send + 'static,
    F: Fn(usize) -> T + Send + Sync + 'static,
{
    for _ in 0..jobs.min(pool.current_num_threads()) {
        let work = work.clone();
        pool.spawn(move || work.run());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Condvar;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn results_come_in_order_and_a_panic_is_one_of_them() {
        for jobs in [0, 1, 2, 1_000] {
            let done = all(jobs, LONG, |at| {
                assert_ne!(at, 7, "of the seventh");
                at * 2
            });
            assert_eq!(done.len(), jobs);
            for (at, done) in done.into_iter().enumerate() {
                match done {
                    Ok(value) => assert_eq!(value, at * 2),
                    Err(JobLost::Panicked(_)) => assert_eq!(at, 7),
                    Err(JobLost::TooSlow) => panic!("{at} was not slow"),
                }
            }
        }
    }

    /// More jobs hang than there are threads; the rest is done all the same. Those left behind end
    /// with the test.
    #[test]
    fn jobs_that_hang_are_left_and_the_others_done() {
        let gate = Arc::new((Mutex::new(false), Condvar::new()));
        let hang = gate.clone();
        let done = all(200, Duration::from_millis(400), move |at| {
            if at % 50 == 3 {
                let open = hang.0.lock().unwrap();
                drop(hang.1.wait_while(open, |open| !*open).unwrap());
            }
            at
        });
        for (at, done) in done.into_iter().enumerate() {
            let want = if at % 50 == 3 { Err(JobLost::TooSlow) } else { Ok(at) };
            assert_eq!(done, want, "job {at}");
        }
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    }
}
