//! Starts and stops the daemon's threads.
//!
//! ```text
//! supervisor --+-- lease thread            one per process
//!              +-- pipeline threads        one per shard
//! ```
//!
//! In: the Kafka settings, a pipeline's [`Setup`] and observers. Out: a [`Daemon`] that runs until
//! it is stopped, or until one of its parts cannot continue. Signals, faults and tests all use the
//! same shutdown path: the pipelines finish their batch and commit, and only then does the instance
//! leave the group, so that a standby takes over at once. A panic that ends a thread is a fault:
//! from then on the instance is not ready, and the shutdown begins within 250 ms. A pipeline
//! recovers from panics inside its own loop, up to a limit. The supervisor watches all threads
//! whenever it waits for something (`supervision.rs`).

use super::faults::Faults;
use super::kafka::client::{self, Settings};
use super::kafka::cluster::{Cluster, MachineClock};
use super::kafka::lease;
use super::kafka::topics::{self, TopicLimits};
use super::pipeline::lease::Wake;
use super::pipeline::shards::ShardFilter;
use super::pipeline::{Observer, Pipeline, Setup};
use super::snapshot::shards::ShardStatuses;
use super::supervision::Supervision;
use super::telemetry::throttle::throttled;
use anyhow::{Context, anyhow};
use crossbeam_channel::{Receiver, Sender, after, bounded};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use wirefold_engine::fingerprint::SamplingKey;

/// How long to wait between attempts to reach the broker at startup.
const REST: Duration = Duration::from_secs(1);

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
        if self.0.try_send(()).is_err() {
            tracing::debug!("already asked to stop");
        }
    }
}

/// Draws a sampling key from the operating system's randomness, through the seed of std's hash
/// maps.
pub fn fresh_key() -> SamplingKey {
    SamplingKey(RandomState::new().hash_one(std::process::id()))
}

/// Configures the failpoints from the environment. This is done only once per process, because a
/// failpoint scenario holds a global lock.
#[cfg(feature = "failpoints")]
fn configure_failpoints() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| std::mem::forget(fail::FailScenario::setup()));
}

impl Daemon {
    /// Starts the daemon, with one pipeline for each shard of `kafka.map`. The supervisor watches
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
        let run =
            move || supervise(&kafka, &setup, &observers, &mut Supervision::new(views, stopped));
        let supervisor = std::thread::Builder::new().name("supervisor".to_owned()).spawn(run);
        let supervisor = supervisor.context("cannot start thread `supervisor`")?;
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
    /// Returns the reason if the daemon could not continue.
    pub fn wait(self) -> anyhow::Result<()> {
        self.supervisor.join().map_err(|_| anyhow!("the supervisor panicked"))?
    }
}

/// Starts the threads once the topics are ready, waits for the end, and shuts down.
fn supervise(
    kafka: &Settings,
    setup: &Setup,
    observers: &Observers,
    supervision: &mut Supervision,
) -> anyhow::Result<()> {
    let Some(limits) = topics_ready(kafka, supervision)? else { return Ok(()) };
    let (faults, watchdog) = (supervision.faults().clone(), supervision.watchdog.clone());
    let leaving = Arc::new(AtomicBool::new(false));
    let (ended, ends) = bounded::<anyhow::Result<()>>(kafka.map.shards() as usize + 2);
    let watched = watch_topics(kafka, &ended, &faults)?;
    let (mut wakes, mut pipelines) = (Vec::new(), Vec::new());
    for shard in 0..kafka.map.shards() {
        let (wake, waking) = bounded(64);
        let cluster = Cluster::new(kafka.clone(), shard, limits, watchdog.clone());
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
        faults.thread("lease", move || {
            send(&ended, lease::follow(&kafka, wakes, &leaving, &watchdog));
        })?
    };
    let end = supervision.wait(&ends);
    drop(watched);
    let (running, ran) = bounded(0);
    faults.thread("shutdown", move || {
        shut_down(&wakes, pipelines, &leaving, group);
        drop(running);
    })?;
    supervision.wait_for_end(&ran);
    let later = ends.try_iter().find_map(Result::err);
    let later = later.or_else(|| faults.first().map(|why| anyhow!(why)));
    end?.unwrap_or(Ok(())).and(later.map_or(Ok(()), Err))
}

/// Stops the pipelines and then leaves the group. Panics of the threads are recorded as faults.
fn shut_down(
    wakes: &[Sender<Wake>],
    pipelines: Vec<JoinHandle<Option<()>>>,
    leaving: &AtomicBool,
    group: JoinHandle<Option<()>>,
) {
    for wake in wakes {
        if wake.send(Wake::Stop).is_err() {
            tracing::debug!("a pipeline had already ended");
        }
    }
    pipelines.into_iter().for_each(|pipeline| drop(pipeline.join()));
    leaving.store(true, Ordering::SeqCst);
    drop(group.join());
}

/// Starts a thread that ends the daemon if one of its output topics is deleted. The thread stops
/// when the returned sender is dropped.
fn watch_topics(
    kafka: &Settings,
    ended: &Sender<anyhow::Result<()>>,
    faults: &Faults,
) -> anyhow::Result<Option<Sender<()>>> {
    if kafka.in_memory.is_some() {
        return Ok(None);
    }
    let kafka = kafka.clone();
    watch_with(move |stop| topics::watch(&kafka, stop), ended, faults).map(Some)
}

/// Starts a thread that runs `watch` and ends the daemon if `watch` fails or panics.
fn watch_with(
    watch: impl FnOnce(&Receiver<()>) -> Result<(), topics::Error> + Send + 'static,
    ended: &Sender<anyhow::Result<()>>,
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
fn send(ended: &Sender<anyhow::Result<()>>, end: Result<(), impl Into<anyhow::Error>>) {
    if ended.try_send(end.map_err(Into::into)).is_err() {
        tracing::debug!("the supervisor had already ended");
    }
}

/// Waits until the broker can be reached and the topics are ready. Returns `None` immediately if a
/// stop is requested. The instance owns nothing yet, so a pending call may be abandoned.
fn topics_ready(
    kafka: &Settings,
    supervision: &mut Supervision,
) -> anyhow::Result<Option<TopicLimits>> {
    loop {
        let (sender, receiver) = bounded(1);
        let kafka = kafka.clone();
        let check = move || sender.send(topics::create_and_check(&kafka));
        supervision.faults().thread("topics", check)?;
        match supervision.wait(&receiver)? {
            None => return Ok(None),
            Some(Ok(limits)) => return Ok(Some(limits)),
            Some(Err(topics::Error::Unreachable(why))) => {
                throttled(&why, |repeats| tracing::warn!(repeats, why, "waiting for the broker"));
                if supervision.wait(&after(REST))?.is_none() {
                    return Ok(None);
                }
            }
            Some(Err(error @ topics::Error::NeedsPerson(_))) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::never;
    use std::time::Instant;

    fn supervision() -> Supervision {
        Supervision::new(ShardStatuses::new(1), never())
    }

    /// A second sender keeps the channel open, as the senders of other shards do.
    #[test]
    fn a_thread_that_panics_is_noticed_within_a_second() {
        let mut supervision = supervision();
        let (ended, ends) = bounded::<anyhow::Result<()>>(2);
        let other = ended.clone();
        let started = Instant::now();
        let thread = supervision.faults().thread("shard-0", move || {
            let _ended = ended;
            panic!("shard panic");
        });
        let why = supervision.wait(&ends).unwrap_err().to_string();
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        assert!(why.contains("shard-0") && why.contains("shard panic"), "{why}");
        assert!(thread.unwrap().join().unwrap().is_none());
        drop(other);
    }

    #[test]
    fn a_watch_of_the_topics_that_fails_or_panics_ends_the_daemon() {
        let end = |watch: fn(&Receiver<()>) -> Result<(), topics::Error>| {
            let mut supervision = supervision();
            let (ended, ends) = bounded::<anyhow::Result<()>>(2);
            let _watched = watch_with(watch, &ended, supervision.faults()).unwrap();
            let end = supervision.wait(&ends);
            end.and_then(|end| end.unwrap()).unwrap_err().to_string()
        };
        assert_eq!(
            end(|_| Err(topics::Error::NeedsPerson("topic deleted".into()))),
            "topic deleted"
        );
        let why = end(|_| panic!("no such host"));
        assert!(why.contains("`topics`") && why.contains("no such host"), "{why}");
    }
}
