//! Starts, supervises and stops the daemon's threads, and handles signals.
//!
//! ```text
//! supervisor --+-- lease thread            one per process
//!              +-- pipeline threads        one per shard
//!              +-- watchdog
//! ```
//!
//! In: the Kafka settings, a pipeline's [`Setup`] and observers. Out: a [`Daemon`] that runs until
//! it is stopped, or until one of its parts cannot continue. There is only one shutdown path, used
//! by signals, faults and tests: the pipelines finish their batch and commit, and only then does
//! the instance leave the group, so that a standby takes over at once. A panic that ends a thread
//! is a fault: the instance is not ready from then on, and the shutdown begins within 250 ms. A
//! pipeline recovers from panics inside its own loop, up to a limit.

use super::faults::Faults;
use super::kafka::client::{self, Settings};
use super::kafka::cluster::{Cluster, MachineClock};
use super::kafka::lease;
use super::kafka::topics::{self, TopicLimits};
use super::pipeline::lease::Wake;
use super::pipeline::shards::ShardFilter;
use super::pipeline::{Observer, Pipeline, Setup};
use super::snapshot::shards::ShardStatuses;
use super::telemetry::throttle::throttled;
use super::telemetry::watchdog::Watchdog;
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, Sender, bounded, select};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wirefold_engine::fingerprint::SamplingKey;

/// How often the supervisor checks for thread faults.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long to wait between attempts to reach the broker at startup.
const REST: Duration = Duration::from_secs(1);

/// A signal that arrives more than this long after the first one ends the process immediately. The
/// delay is there because some senders always signal twice.
const SECOND_SIGNAL_AFTER: Duration = Duration::from_secs(1);

/// Creates the observer of a shard.
pub type Observers = Box<dyn Fn(u32) -> Box<dyn Observer> + Send>;

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    /// Asks the supervisor to stop.
    stop: Sender<()>,
    /// The supervisor thread; it returns after the shutdown.
    supervisor: JoinHandle<anyhow::Result<()>>,
}

/// Stops a daemon; may be used more than once.
#[derive(Debug, Clone)]
pub struct StopHandle(Sender<()>);

impl StopHandle {
    /// Starts the graceful shutdown.
    pub fn stop(&self) {
        if self.0.try_send(()).is_ok() {
            tracing::info!("stopping");
        }
    }
}

/// Draws a flood key from the operating system's randomness, through the seed of std's hash maps.
pub fn fresh_key() -> SamplingKey {
    SamplingKey(RandomState::new().hash_one(std::process::id()))
}

/// Configures the failpoints from the environment, once per process: a scenario holds a global
/// lock.
#[cfg(feature = "failpoints")]
fn configure_failpoints() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::mem::forget(fail::FailScenario::setup()));
}

impl Daemon {
    /// Starts the daemon, with one pipeline for each shard of `kafka.map`. The watchdog observes
    /// `views`, and a fault reported there ends the daemon.
    ///
    /// # Errors
    /// If librdkafka rejects its settings, or the operating system cannot create a thread.
    pub fn start(
        kafka: Settings,
        setup: Setup,
        observers: Observers,
        views: Arc<ShardStatuses>,
    ) -> anyhow::Result<Self> {
        client::check(&kafka)?;
        #[cfg(feature = "failpoints")]
        configure_failpoints();
        let (stop, stopped) = bounded(1);
        let watchdog =
            Watchdog::start(views.clone()).context("cannot start the watchdog thread")?;
        let supervisor = thread("supervisor", move || {
            let parts = SupervisedParts { faults: views.faults().clone(), watchdog, stopped };
            supervise(&kafka, &setup, &observers, &parts)
        })?;
        Ok(Self { stop, supervisor })
    }

    /// A handle to stop the daemon.
    pub fn stop(&self) -> StopHandle {
        StopHandle(self.stop.clone())
    }

    /// Whether the daemon has ended.
    pub fn ended(&self) -> bool {
        self.supervisor.is_finished()
    }

    /// Waits until the daemon has ended.
    ///
    /// # Errors
    /// Why the daemon could not continue.
    pub fn wait(self) -> anyhow::Result<()> {
        self.supervisor.join().map_err(|_| anyhow!("the supervisor panicked"))?
    }

    /// Runs the daemon until SIGTERM or SIGINT arrives, or until it ends on its own. The first
    /// signal calls `stopping`; another one, more than a second later, ends the process
    /// immediately.
    ///
    /// # Errors
    /// Why the daemon could not continue.
    pub fn run(self, stopping: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])
            .context("cannot install the signal handlers")?;
        let (stop, handle) = (self.stop(), signals.handle());
        let listener = thread("signals", move || {
            let (mut first, mut stopping) = (None, Some(stopping));
            for signal in signals.forever() {
                let first = *first.get_or_insert_with(Instant::now);
                if first.elapsed() > SECOND_SIGNAL_AFTER {
                    tracing::warn!(signal, "second signal; exiting immediately");
                    std::process::exit(1);
                }
                stop.stop();
                if let Some(stopping) = stopping.take() {
                    stopping();
                }
            }
        })?;
        let ended = self.wait();
        handle.close();
        listener.join().map_err(|_| anyhow!("the signal thread panicked"))?;
        ended
    }
}

/// Starts a thread that is not watched for faults.
fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<JoinHandle<T>> {
    let made = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    made.with_context(|| format!("cannot start thread `{name}`"))
}

/// What the supervisor watches.
struct SupervisedParts {
    /// The faults reported by threads.
    faults: Faults,
    /// Watches blocking calls and pipelines.
    watchdog: Watchdog,
    /// Receives the request to stop.
    stopped: Receiver<()>,
}

/// Starts the threads once the topics are ready, waits for the end, and shuts down.
fn supervise(
    kafka: &Settings,
    setup: &Setup,
    observers: &Observers,
    parts: &SupervisedParts,
) -> anyhow::Result<()> {
    let Some(limits) = topics_ready(kafka, parts)? else { return Ok(()) };
    let SupervisedParts { faults, watchdog, .. } = parts;
    let leaving = Arc::new(AtomicBool::new(false));
    let (ended, ends) = bounded::<Result<(), String>>(kafka.map.shards() as usize + 2);
    let watched = watch_topics(kafka, &ended, faults)?;
    let (mut wakes, mut pipelines) = (Vec::new(), Vec::new());
    for shard in 0..kafka.map.shards() {
        let (wake, waking) = bounded(64);
        let cluster = Cluster::new(kafka.clone(), shard, limits, watchdog.clone());
        let slice = ShardFilter { map: kafka.map.clone(), shard };
        let setup = Setup { slice, ..setup.clone() };
        let (observer, ended) = (observers(shard), ended.clone());
        pipelines.push(faults.thread(&format!("shard-{shard}"), move || {
            let mut pipeline = Pipeline::new(setup, cluster, MachineClock::default(), observer);
            send(&ended, pipeline.run(&waking).map_err(|why| why.to_string()));
        })?);
        wakes.push(wake);
    }
    let group = {
        let (kafka, wakes, leaving) = (kafka.clone(), wakes.clone(), leaving.clone());
        let watchdog = watchdog.clone();
        faults.thread("lease", move || {
            let end = lease::follow(&kafka, wakes, &leaving, &watchdog);
            send(&ended, end.map_err(|why| why.to_string()));
        })?
    };
    let outcome = ended_by(&parts.stopped, &ends, faults);
    drop(watched);
    for wake in &wakes {
        if wake.send(Wake::Stop).is_err() {
            tracing::debug!("a pipeline had already ended");
        }
    }
    // Any panics are recorded in `faults`.
    pipelines.into_iter().for_each(|pipeline| drop(pipeline.join()));
    leaving.store(true, Ordering::SeqCst);
    drop(group.join());
    let later = ends.try_iter().find_map(Result::err).or_else(|| faults.first());
    outcome.and_then(|()| later.map_or(Ok(()), Err)).map_err(|why| anyhow!(why))
}

/// Waits for a stop request, the end of a pipeline or of the lease thread, or a fault of any
/// thread.
fn ended_by(
    stopped: &Receiver<()>,
    ends: &Receiver<Result<(), String>>,
    faults: &Faults,
) -> Result<(), String> {
    loop {
        select! {
            recv(stopped) -> _ => return Ok(()),
            recv(ends) -> end => {
                return end.unwrap_or_else(|_| Err(faults.first().unwrap_or_default()));
            }
            default(LOOK_EVERY) => faults.first().map_or(Ok(()), Err)?,
        }
    }
}

/// Starts a thread that ends the daemon if a topic that it writes to is deleted. The thread stops
/// when the returned sender is dropped.
fn watch_topics(
    kafka: &Settings,
    ended: &Sender<Result<(), String>>,
    faults: &Faults,
) -> anyhow::Result<Option<Sender<()>>> {
    if kafka.in_memory.is_some() {
        return Ok(None);
    }
    let kafka = kafka.clone();
    let watch = move |stop: &Receiver<()>| topics::watch(&kafka, stop).map_err(|e| e.to_string());
    watch_with(watch, ended, faults).map(Some)
}

/// Starts the thread that runs `watch` and ends the daemon if that fails or panics.
fn watch_with(
    watch: impl FnOnce(&Receiver<()>) -> Result<(), String> + Send + 'static,
    ended: &Sender<Result<(), String>>,
    faults: &Faults,
) -> anyhow::Result<Sender<()>> {
    let (watched, stop) = bounded(0);
    let ended = ended.clone();
    faults.thread("topics", move || {
        if let Err(why) = watch(&stop) {
            send(&ended, Err(why));
        }
    })?;
    Ok(watched)
}

/// Reports to the supervisor that a thread has ended.
fn send(ended: &Sender<Result<(), String>>, end: Result<(), String>) {
    if ended.try_send(end).is_err() {
        tracing::debug!("the supervisor had already ended");
    }
}

/// Waits until the broker can be reached and the topics are ready. Returns `None` immediately if a
/// stop is requested: the instance owns nothing yet, so a pending call may be abandoned.
fn topics_ready(kafka: &Settings, parts: &SupervisedParts) -> anyhow::Result<Option<TopicLimits>> {
    loop {
        let (sender, receiver) = bounded(1);
        let kafka = kafka.clone();
        let check = move || sender.send(topics::create_and_check(&kafka));
        parts.faults.thread("topics", check)?;
        let ready = loop {
            select! {
                recv(parts.stopped) -> _ => return Ok(None),
                recv(receiver) -> ready => break ready.context("the topics thread panicked")?,
                default(LOOK_EVERY) => {
                    parts.faults.first().map_or(Ok(()), |why| Err(anyhow!(why)))?;
                }
            }
        };
        match ready {
            Ok(limits) => return Ok(Some(limits)),
            Err(topics::Error::Unreachable(why)) => {
                throttled(&why, |repeats| tracing::warn!(repeats, why, "waiting for the broker"));
                if parts.stopped.recv_timeout(REST).is_ok() {
                    return Ok(None);
                }
            }
            Err(error @ topics::Error::NeedsPerson(_)) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second sender keeps the channel open, as those of the other shards do.
    #[test]
    fn a_thread_that_panics_is_noticed_within_a_second() {
        let faults = Faults::default();
        let (_stop, stopped) = bounded::<()>(1);
        let (ended, ends) = bounded::<Result<(), String>>(2);
        let other = ended.clone();
        let started = Instant::now();
        let thread = faults.thread("shard-0", move || {
            let _ended = ended;
            panic!("shard panic");
        });
        let why = ended_by(&stopped, &ends, &faults).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert!(why.contains("shard-0") && why.contains("shard panic"), "{why}");
        assert!(thread.unwrap().join().unwrap().is_none());
        drop(other);
    }

    #[test]
    fn a_watch_of_the_topics_that_fails_or_panics_ends_the_daemon() {
        let end = |watch: fn(&Receiver<()>) -> Result<(), String>| {
            let faults = Faults::default();
            let (_stop, stopped) = bounded::<()>(1);
            let (ended, ends) = bounded::<Result<(), String>>(2);
            let _watched = watch_with(watch, &ended, &faults).unwrap();
            ended_by(&stopped, &ends, &faults).unwrap_err()
        };
        assert_eq!(end(|_| Err("topic deleted".to_owned())), "topic deleted");
        let why = end(|_| panic!("no such host"));
        assert!(why.contains("`topics`") && why.contains("no such host"), "{why}");
    }
}
