//! Group membership on the changelog: whoever is assigned its partition `s` owns shard `s`.
//!
//! In: the group's decisions. Out: [`Wake`]s to the pipeline of each shard. The consumer does
//! nothing else: what it is assigned is paused, and it commits an offset only to prove that it is
//! still a member, because a commit carries its generation and the group refuses an outdated one.
//!
//! Revoked: the pipeline finishes or aborts its batch and drops its writer, within a bound, and only
//! then the partition is let go. Lost: it is gone already. Given up: the member leaves and joins anew.
//!
//! # One shard fenced, and what the others have to do with it
//!
//! A pipeline whose writer was fenced proves the membership, as after any doubt, and no other shard
//! hears of it. Proven, the shard is its own: the protocol is cooperative, so a partition goes to
//! another member only after it was let go here, or after this member was put out of the group, whose
//! commits are then refused. So whoever fenced was no owner: a former one that sent its request before
//! it knew, a transaction that timed out, a stranger. The shard is taken over anew, which fences it.
//! Two members cannot fence each other in turns, because the group proves only one of them. Not
//! proven in time, the membership is at stake and with it every shard of this member, so that it is
//! the member that leaves and joins. Exactly-once rests on neither: it rests on the fence, and on the
//! changelog being read after it.

use super::client::{Settings, log};
use super::rights::{self, AclResource};
use crate::daemon::pipeline::lease::{Hold, Wake};
use crate::daemon::telemetry::metrics;
use crate::daemon::telemetry::watchdog::Watchdog;
use crossbeam_channel::{RecvTimeoutError, Sender, bounded};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(50);
/// How long a pipeline may take to finish its batch when the shard is revoked.
const LET_GO: Duration = Duration::from_secs(25);

/// How long the group may take to answer a commit: librdkafka's own bound for a request.
const PROVE: Duration = Duration::from_secs(60);

/// The wakes of every shard's pipeline, by shard.
pub type Wakes = Vec<Sender<Wake>>;

/// Follows the group until `stop`, then leaves it.
///
/// # Errors
/// When the client cannot be made, or its group cannot be joined at all.
pub fn follow(
    settings: &Settings,
    wakes: Wakes,
    stop: &AtomicBool,
    watchdog: &Watchdog,
) -> Result<(), String> {
    let context = LeaseContext {
        topic: settings.topics.state.clone(),
        wakes,
        held: Mutex::default(),
        group: Arc::default(),
    };
    let group = context.group.clone();
    let made = settings.lease().create_with_context(context);
    let consumer: BaseConsumer<LeaseContext> = made.map_err(|e: KafkaError| e.to_string())?;
    let topic = settings.topics.state.as_str();
    consumer.subscribe(&[topic]).map_err(|e| e.to_string())?;
    while !stop.load(Ordering::SeqCst) {
        let _watch = watchdog.watch("polling the group", LET_GO);
        match consumer.poll(POLL) {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                return Err(format!("the group cannot be followed: {code}"));
            }
            Some(Err(error)) => match refused(settings, &error) {
                Some(why) => return Err(why),
                None => tracing::debug!(%error, "group"),
            },
            Some(Ok(_)) | None => {}
        }
        if group.rejoin.swap(false, Ordering::SeqCst) {
            consumer.unsubscribe();
            consumer.subscribe(&[topic]).map_err(|e| e.to_string())?;
        }
        if group.is_asked() {
            let _watch = watchdog.watch("proving membership", PROVE);
            consumer.context().prove(&consumer);
        }
    }
    consumer.unsubscribe();
    let _watch = watchdog.watch("leaving the group", LET_GO);
    drop(consumer);
    Ok(())
}

/// Why the group cannot be followed for want of a right.
fn refused(settings: &Settings, error: &KafkaError) -> Option<String> {
    let (operation, on) = match error.rdkafka_error_code()? {
        RDKafkaErrorCode::GroupAuthorizationFailed => ("Read", AclResource::Group(&settings.group)),
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            ("Describe", AclResource::Topic(&settings.topics.state))
        }
        _ => return None,
    };
    Some(rights::missing(settings, operation, on))
}

#[derive(Debug)]
struct LeaseContext {
    topic: String,
    wakes: Wakes,
    held: Mutex<BTreeMap<i32, Arc<HeldLease>>>,
    group: Arc<LeaseGroup>,
}

/// What the lease thread and the holders of leases share.
#[derive(Debug, Default)]
struct LeaseGroup {
    rejoin: AtomicBool,
    asked: AtomicU64,
    proven: Mutex<u64>,
    moved: Condvar,
}

#[derive(Debug)]
struct HeldLease {
    held: AtomicBool,
    group: Arc<LeaseGroup>,
}

impl LeaseGroup {
    fn is_asked(&self) -> bool {
        let proven = *self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        self.asked.load(Ordering::SeqCst) > proven
    }

    fn prove(&self, asked: u64) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        *proven = (*proven).max(asked);
        drop(proven);
        self.tell();
    }

    fn tell(&self) {
        self.moved.notify_all();
    }
}

impl Hold for HeldLease {
    fn held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }

    fn confirm(&self, within: Duration) -> bool {
        let group = &self.group;
        let deadline = Instant::now() + within;
        let mut proven = group.proven.lock().unwrap_or_else(PoisonError::into_inner);
        // A proof that is under way may be older than this question.
        let question = group.asked.fetch_add(1, Ordering::SeqCst) + 1;
        while *proven < question && self.held() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = group.moved.wait_timeout(proven, left.min(POLL));
            proven = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.held()
    }

    fn give_up(&self) {
        // What is lost already is asked for by the client itself.
        if self.held.swap(false, Ordering::SeqCst) {
            self.group.rejoin.store(true, Ordering::SeqCst);
        }
    }
}

impl LeaseContext {
    /// Commits an offset that means nothing: the answer proves membership. The call waits for it,
    /// because librdkafka tells nobody of the answer to an asynchronous commit unless a callback is
    /// registered, which the crate does not do.
    fn prove(&self, consumer: &BaseConsumer<Self>) {
        let asked = self.group.asked.load(Ordering::SeqCst);
        let shard = {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.keys().next().copied()
        };
        let Some(shard) = shard else { return };
        let mut list = TopicPartitionList::new();
        let added = list.add_partition_offset(&self.topic, shard, Offset::Offset(0));
        match added.and_then(|()| consumer.commit(&list, CommitMode::Sync)) {
            Ok(()) => self.group.prove(asked),
            Err(error) => tracing::debug!(%error, "membership is not proven"),
        }
    }

    fn granted(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        if let Err(error) = consumer.pause(list) {
            tracing::warn!(%error, "the changelog is not paused in the group's consumer");
        }
        metrics::REBALANCES.add([], 1);
        for shard in self.shards(list) {
            let lease =
                Arc::new(HeldLease { held: AtomicBool::new(true), group: self.group.clone() });
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(shard, lease.clone());
            drop(held);
            tracing::info!(shard, "lease granted");
            self.wake(shard, Wake::Granted(lease));
        }
        for shard in 0..i32::try_from(self.wakes.len()).unwrap_or(i32::MAX) {
            if !self.holds(shard) {
                self.wake(shard, Wake::Elsewhere);
            }
        }
    }

    fn holds(&self, shard: i32) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&shard)
    }

    fn lost(&self, list: &TopicPartitionList) {
        metrics::REBALANCES.add([], 1);
        for shard in self.shards(list) {
            if let Some(lease) = self.forget(shard) {
                lease.held.store(false, Ordering::SeqCst);
            }
            tracing::warn!(shard, "lease lost");
            self.wake(shard, Wake::Lost);
        }
        self.group.tell();
    }

    fn revoked(&self, list: &TopicPartitionList) {
        point!("revoke");
        metrics::REBALANCES.add([], 1);
        let mut waiting = Vec::new();
        for shard in self.shards(list) {
            let (done, let_go) = bounded(0);
            if self.wake(shard, Wake::Revoked(done)) {
                waiting.push((shard, let_go));
            }
        }
        let deadline = Instant::now() + LET_GO;
        for (shard, let_go) in waiting {
            match let_go.recv_deadline(deadline) {
                Err(RecvTimeoutError::Timeout) => {
                    tracing::error!(shard, "the batch did not end in time: letting go regardless");
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    tracing::info!(shard, "lease given back");
                }
            }
        }
        for shard in self.shards(list) {
            if let Some(lease) = self.forget(shard) {
                lease.held.store(false, Ordering::SeqCst);
            }
        }
        self.group.tell();
    }

    fn forget(&self, shard: i32) -> Option<Arc<HeldLease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&shard)
    }

    fn shards(&self, list: &TopicPartitionList) -> Vec<i32> {
        list.elements_for_topic(&self.topic).iter().map(|element| element.partition()).collect()
    }

    /// Whether somebody is there to be woken.
    fn wake(&self, shard: i32, wake: Wake) -> bool {
        let to = usize::try_from(shard).ok().and_then(|shard| self.wakes.get(shard));
        to.is_some_and(|to| to.send(wake).is_ok())
    }
}

impl ClientContext for LeaseContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "group");
    }
}

impl ConsumerContext for LeaseContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Revoke(list) if consumer.assignment_lost() => self.lost(list),
            Rebalance::Revoke(list) => self.revoked(list),
            Rebalance::Assign(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "rebalance"),
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            self.granted(consumer, list);
        }
    }
}
