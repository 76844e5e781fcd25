//! Wiring, signals, shutdown.
//!
//! ```text
//! supervisor --+-- lease thread            one a process
//!              +-- pipeline threads        one a shard
//!              +-- watchdog
//! ```
//!
//! In: the Kafka side, a pipeline's [`Setup`] and observers. Out: a [`Daemon`] that runs until it is
//! told to stop, or until a part of it cannot go on. There is one way to stop, and signals, faults
//! and tests all take it: pipelines finish their batch and commit, and only then the group is left,
//! so that a standby takes over at once. A thread that panics is a fault: within a quarter of a second
//! the stop begins, and the instance is not ready from the panic on. A pipeline recovers from panics of
//! its own, up to a bound.

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
use wirefold_engine::fingerprint::FloodKey;

/// How often the supervisor looks for faults of threads.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long to rest between attempts to reach the broker at start.
const REST: Duration = Duration::from_secs(1);

/// A signal that comes so long after the first one ends the process at once; some senders signal
/// twice by nature.
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes the observer of each shard.
pub type Observers = Box<dyn Fn(u32) -> Box<dyn Observer> + Send>;

/// A daemon that runs on threads of its own.
#[derive(Debug)]
pub struct Daemon {
    stop: Sender<()>,
    supervisor: JoinHandle<anyhow::Result<()>>,
}

/// Tells a daemon to stop; may be told more than once.
#[derive(Debug, Clone)]
pub struct StopHandle(Sender<()>);

impl StopHandle {
    /// Starts the graceful stop.
    pub fn stop(&self) {
        if self.0.try_send(()).is_ok() {
            tracing::info!("stopping");
        }
    }
}

/// A flood key drawn from the system's randomness, through the seed of std's hash maps.
pub fn fresh_key() -> FloodKey {
    FloodKey(RandomState::new().hash_one(std::process::id()))
}

impl Daemon {
    /// Starts it: one pipeline for each shard of `kafka.map`, with its own slice of it. `views` are
    /// watched, and a fault reported to them ends the daemon.
    ///
    /// # Errors
    /// When the settings passed to librdkafka are not taken, or the system gives no thread.
    pub fn start(
        kafka: Settings,
        setup: Setup,
        observers: Observers,
        views: Arc<ShardStatuses>,
    ) -> anyhow::Result<Self> {
        client::check(&kafka).map_err(|why| anyhow!(why))?;
        #[cfg(feature = "failpoints")]
        std::mem::forget(fail::FailScenario::setup());
        let (stop, stopped) = bounded(1);
        let watchdog = Watchdog::start(views.clone()).context("no thread for the watchdog")?;
        let supervisor = thread("supervisor", move || {
            let parts = SupervisedParts { faults: views.faults().clone(), watchdog, stopped };
            supervise(&kafka, &setup, &observers, &parts)
        })?;
        Ok(Self { stop, supervisor })
    }

    /// What tells it to stop.
    pub fn stop(&self) -> StopHandle {
        StopHandle(self.stop.clone())
    }

    /// Whether it has ended by itself.
    pub fn ended(&self) -> bool {
        self.supervisor.is_finished()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Why it could not go on.
    pub fn wait(self) -> anyhow::Result<()> {
        self.supervisor.join().map_err(|_| anyhow!("the supervisor panicked"))?
    }

    /// Runs it until SIGTERM or SIGINT, or until it ends by itself. At the first signal `stopping` is
    /// called; a second one, a second or more later, ends the process at once.
    ///
    /// # Errors
    /// Why it could not go on.
    pub fn run(self, stopping: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
        use signal_hook::consts::{SIGINT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT])
            .context("signals cannot be handled")?;
        let (stop, handle) = (self.stop(), signals.handle());
        let listener = thread("signals", move || {
            let (mut first, mut stopping) = (None, Some(stopping));
            for signal in signals.forever() {
                let first = *first.get_or_insert_with(Instant::now);
                if first.elapsed() > PATIENCE {
                    tracing::warn!(signal, "ending at once");
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

fn thread<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<JoinHandle<T>> {
    let made = std::thread::Builder::new().name(name.to_owned()).spawn(run);
    made.with_context(|| format!("no thread for `{name}`"))
}

/// What the supervisor listens to.
struct SupervisedParts {
    faults: Faults,
    watchdog: Watchdog,
    stopped: Receiver<()>,
}

fn supervise(
    kafka: &Settings,
    setup: &Setup,
    observers: &Observers,
    parts: &SupervisedParts,
) -> anyhow::Result<()> {
    let Some(told) = topics_ready(kafka, parts)? else { return Ok(()) };
    let SupervisedParts { faults, watchdog, .. } = parts;
    let leaving = Arc::new(AtomicBool::new(false));
    let (ended, ends) = bounded::<Result<(), String>>(kafka.map.shards() as usize + 2);
    let watched = watch_topics(kafka, &ended)?;
    let (mut wakes, mut pipelines) = (Vec::new(), Vec::new());
    for shard in 0..kafka.map.shards() {
        let (wake, waking) = bounded(64);
        let cluster = Cluster::new(kafka.clone(), shard, told, watchdog.clone());
        let slice = ShardFilter { map: kafka.map.clone(), shard };
        let setup = Setup { slice, ..setup.clone() };
        let (observer, ended) = (observers(shard), ended.clone());
        pipelines.push(faults.thread(&format!("shard-{shard}"), move || {
            let mut pipeline = Pipeline::new(setup, cluster, MachineClock::default(), observer);
            send(&ended, pipeline.run(&waking));
        })?);
        wakes.push(wake);
    }
    let group = {
        let (kafka, wakes, leaving) = (kafka.clone(), wakes.clone(), leaving.clone());
        let watchdog = watchdog.clone();
        faults.thread("lease", move || {
            send(&ended, lease::follow(&kafka, wakes, &leaving, &watchdog));
        })?
    };
    let outcome = ended_by(&parts.stopped, &ends, faults);
    drop(watched);
    for wake in &wakes {
        if wake.send(Wake::Stop).is_err() {
            tracing::debug!("a pipeline has ended before");
        }
    }
    // Whether one of them panicked is among the faults.
    pipelines.into_iter().for_each(|pipeline| drop(pipeline.join()));
    leaving.store(true, Ordering::SeqCst);
    drop(group.join());
    let later = ends.try_iter().find_map(Result::err).or_else(|| faults.first());
    outcome.and_then(|()| later.map_or(Ok(()), Err)).map_err(|why| anyhow!(why))
}

/// Waits for the stop, for the end of a pipeline or of the lease thread, or for a fault of any thread.
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

/// Ends the process when a topic that it writes is deleted; until what is returned is dropped.
fn watch_topics(
    kafka: &Settings,
    ended: &Sender<Result<(), String>>,
) -> anyhow::Result<Option<Sender<()>>> {
    if kafka.in_memory.is_some() {
        return Ok(None);
    }
    let (watched, stop) = bounded(0);
    let (kafka, ended) = (kafka.clone(), ended.clone());
    thread("topics", move || {
        if let Err(why) = topics::watch(&kafka, &stop) {
            send(&ended, Err(why));
        }
    })?;
    Ok(Some(watched))
}

fn send(ended: &Sender<Result<(), String>>, end: Result<(), String>) {
    if ended.try_send(end).is_err() {
        tracing::debug!("the supervisor has ended before");
    }
}

/// Waits for the broker and its topics; `None` when told to stop before, which is at once: nothing is
/// held yet, so that a call under way may be left.
fn topics_ready(kafka: &Settings, parts: &SupervisedParts) -> anyhow::Result<Option<TopicLimits>> {
    loop {
        let (tell, answers) = bounded(1);
        let kafka = kafka.clone();
        thread("topics", move || tell.send(topics::ready(&kafka)))?;
        let found = loop {
            select! {
                recv(parts.stopped) -> _ => return Ok(None),
                recv(answers) -> found => break found.context("the topics thread panicked")?,
                default(LOOK_EVERY) => {
                    parts.faults.first().map_or(Ok(()), |why| Err(anyhow!(why)))?;
                }
            }
        };
        match found {
            Ok(told) => return Ok(Some(told)),
            Err(topics::Error::Unreached(why)) => {
                throttled(&why, |repeats| tracing::warn!(repeats, why, "waiting for the broker"));
                if parts.stopped.recv_timeout(REST).is_ok() {
                    return Ok(None);
                }
            }
            Err(error @ topics::Error::Wrong(_)) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other senders of the channel stay, as those of the other shards do.
    #[test]
    fn a_thread_that_panics_is_noticed_within_a_second() {
        let faults = Faults::default();
        let (_stop, stopped) = bounded::<()>(1);
        let (ended, ends) = bounded::<Result<(), String>>(2);
        let other = ended.clone();
        let started = Instant::now();
        let thread = faults.thread("shard-0", move || {
            let _ended = ended;
            panic!("of the shard");
        });
        let why = ended_by(&stopped, &ends, &faults).unwrap_err();
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert!(why.contains("shard-0") && why.contains("of the shard"), "{why}");
        assert!(thread.unwrap().join().unwrap().is_none());
        drop(other);
    }
}
