//! Runs many small jobs on all cores. A slow job cannot hold up the others.
//!
//! In: a number of jobs and a function that runs one of them. Out: the results in order. A job that
//! panics returns [`JobLost::Panicked`]. If no job has finished for a given time, the running ones
//! return [`JobLost::TooSlow`]: their threads are abandoned, and new threads do the rest.
//!
//! A thread cannot be stopped from outside, so an abandoned one keeps using its core until its job
//! ends. At most [`STUCK_MAX`] threads are abandoned at a time. Beyond that, the caller waits, and
//! the process watchdog has to end the process. Time is counted in receive timeouts, so that
//! running jobs are not lost if the process was suspended.
//!
//! Cost compared with rayon's own parallel iterators: one closure per thread and one message per
//! job.

use super::panic_guard::{self, Panic};
use super::telemetry::metrics;
use crossbeam_channel::{Sender, unbounded};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The maximum number of abandoned threads at a time.
pub const STUCK_MAX: usize = 8;
/// A job is too slow after this many timeouts in a row without a result.
const LOOKS: u32 = 20;

/// The current thread pool; replaced when its threads are stuck.
static POOL: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);
/// How many abandoned threads have not ended their job yet.
static STUCK: AtomicUsize = AtomicUsize::new(0);

/// The reason a job has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobLost {
    /// The job panicked; a description of the panic.
    Panicked(Panic),
    /// The job took too long.
    TooSlow,
}

/// The stage of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum JobStage {
    /// Not started.
    Waiting,
    /// Running on a thread.
    Running,
    /// Finished or panicked.
    Ended,
    /// Abandoned while running.
    Left,
}

/// Jobs that threads take one at a time.
struct WorkQueue<T, F> {
    /// Runs the job with the given index.
    job: F,
    /// The [`JobStage`] of each job.
    stages: Vec<AtomicU8>,
    /// The index of the next job to start.
    next: AtomicUsize,
    /// Sends each job's index and result to the caller.
    results: Sender<(usize, Result<T, JobLost>)>,
}

impl<T: Send, F: Fn(usize) -> T + Send + Sync> WorkQueue<T, F> {
    /// Runs jobs until none are left to start, or until this thread notices that it was abandoned.
    fn run(&self) {
        loop {
            let at = self.next.fetch_add(1, Ordering::SeqCst);
            let Some(stage) = self.stages.get(at) else { return };
            stage.store(JobStage::Running as u8, Ordering::SeqCst);
            let done = panic_guard::catch(|| (self.job)(at)).map_err(JobLost::Panicked);
            if stage.swap(JobStage::Ended as u8, Ordering::SeqCst) == JobStage::Left as u8 {
                STUCK.fetch_sub(1, Ordering::SeqCst);
                return;
            }
            // Sending fails only if this thread was abandoned and the caller has returned.
            drop(self.results.send((at, done)));
        }
    }

    /// Abandons the running jobs, up to [`STUCK_MAX`], and returns their indexes.
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

/// Runs `job` for each index in `0..jobs`. If no job finishes for `within`, the running ones are
/// abandoned.
pub fn all<T: Send + 'static>(
    jobs: usize,
    within: Duration,
    job: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<Result<T, JobLost>> {
    let (sender, finished) = unbounded();
    let stages = (0..jobs).map(|_| AtomicU8::new(JobStage::Waiting as u8)).collect();
    let next = AtomicUsize::new(0);
    let work = Arc::new(WorkQueue { job, stages, next, results: sender });
    let mut results: Vec<Option<Result<T, JobLost>>> = (0..jobs).map(|_| None).collect();
    let mut pool = pool(None);
    start(&pool, &work, jobs);
    let (mut open, mut looks) = (jobs, 0);
    while open > 0 {
        if let Ok((at, done)) = finished.recv_timeout(within / LOOKS) {
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
            tracing::error!(
                jobs = left.len(),
                ?within,
                "worker threads did not finish within the limit; they continue, but their results \
                 are no longer used"
            );
        }
        open -= left.len();
        left.into_iter().for_each(|at| results[at] = Some(Err(JobLost::TooSlow)));
        pool = self::pool(Some(&pool));
        start(&pool, &work, open);
    }
    metrics::STUCK_WORKERS.set([], STUCK.load(Ordering::SeqCst) as f64);
    results.into_iter().map(|done| done.expect("every job has ended or was abandoned")).collect()
}

/// The thread pool to use, which is any pool except `stuck`. A replaced pool still runs its
/// remaining jobs, and then ends.
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
        (Err(error), None) => panic!("cannot create the worker threads: {error}"),
    }
}

/// Lets the threads of `pool` work on the queue, at most one thread per job.
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
    fn results_are_in_order_and_include_panics() {
        for jobs in [0, 1, 2, 1_000] {
            let done = all(jobs, LONG, |at| {
                assert_ne!(at, 7, "job 7 panics");
                at * 2
            });
            assert_eq!(done.len(), jobs);
            for (at, done) in done.into_iter().enumerate() {
                match done {
                    Ok(value) => assert_eq!(value, at * 2),
                    Err(JobLost::Panicked(_)) => assert_eq!(at, 7),
                    Err(JobLost::TooSlow) => panic!("job {at} should not be too slow"),
                }
            }
        }
    }

    /// More jobs hang than there are threads, and all other jobs are still done. The abandoned
    /// threads end with the test.
    #[test]
    fn hanging_jobs_are_abandoned_and_the_others_done() {
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
