//! Shard leases: the member of the consumer group that is assigned changelog partition `s` owns
//! shard `s`.
//!
//! In: the group's assignments. Out: a [`Wake`] to the pipeline of each shard concerned. The
//! consumer has no other purpose. Its partitions are paused, and it commits an offset only to prove
//! that it is still a member: a commit contains the member's generation, and the group rejects an
//! outdated one.
//!
//! - Revoked: the pipeline finishes or aborts its batch and drops its writer, within 25 s, and only
//!   then is the partition released.
//! - Lost: the group has already taken the partition away.
//! - Given up: the member leaves the group and joins again.
//!
//! # When a writer is fenced
//!
//! A pipeline whose writer was fenced asks for proof of membership, as it does after any doubt.
//! Other shards are not involved.
//!
//! If membership is proven, this member still owns the shard: the protocol is cooperative, so a
//! partition moves to another member only after this member has released it or was removed from the
//! group, and the commits of a removed member are rejected. The writer was therefore not fenced by
//! another owner, but by one of the following: a former owner, which sent the request before it
//! knew that it had lost the shard; the broker, because a transaction timed out; or a process
//! outside the group. The pipeline takes the shard over again, which fences that producer. Two
//! members cannot keep fencing each other, because the group proves the membership of only one of
//! them.
//!
//! If membership is not proven in time, this member may have lost every one of its shards, so it
//! leaves the group and joins again.
//!
//! Exactly-once delivery does not depend on this distinction. It depends only on the fence, and on
//! reading the changelog after the fence.

use super::client::{Settings, log};
use super::rights::{self, AclResource};
use crate::daemon::pipeline::broker::Fault;
use crate::daemon::pipeline::lease::{LeaseHandle, Wake};
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
/// How long a pipeline may take to finish its batch when its shard is revoked.
const REVOKE: Duration = Duration::from_secs(25);

/// How long a commit may take: librdkafka's default timeout of a request (`socket.timeout.ms`).
const PROVE: Duration = Duration::from_secs(60);

/// The channel to the pipeline of each shard, by shard number.
pub type Wakes = Vec<Sender<Wake>>;

/// Joins the group and follows its assignments until `stop`, then leaves it.
///
/// # Errors
/// [`Fault::Stop`] when the client cannot be created, a permission is missing, or the client fails
/// for good.
pub fn follow(
    settings: &Settings,
    wakes: Wakes,
    stop: &AtomicBool,
    watchdog: &Watchdog,
) -> Result<(), Fault> {
    let context = LeaseContext {
        topic: settings.topics.state.clone(),
        wakes,
        held: Mutex::default(),
        group: Arc::default(),
    };
    let group = context.group.clone();
    let created = settings.lease().create_with_context(context);
    let consumer: BaseConsumer<LeaseContext> = created.map_err(Fault::stop)?;
    let topic = settings.topics.state.as_str();
    consumer.subscribe(&[topic]).map_err(Fault::stop)?;
    while !stop.load(Ordering::SeqCst) {
        let _watch = watchdog.watch("polling the group", REVOKE);
        match consumer.poll(POLL) {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                return Err(Fault::stop(format!("the group consumer failed: {code}")));
            }
            Some(Err(error)) => match refused(settings, &error) {
                Some(why) => return Err(Fault::stop(why)),
                None => tracing::debug!(%error, "polling the group failed; polling again"),
            },
            Some(Ok(_)) | None => {}
        }
        if group.rejoin.swap(false, Ordering::SeqCst) {
            consumer.unsubscribe();
            consumer.subscribe(&[topic]).map_err(Fault::stop)?;
        }
        if group.is_asked() {
            let _watch = watchdog.watch("proving membership", PROVE);
            consumer.context().prove(&consumer);
        }
    }
    consumer.unsubscribe();
    let _watch = watchdog.watch("leaving the group", REVOKE);
    drop(consumer);
    Ok(())
}

/// The error message, if `error` means that a permission is missing.
fn refused(settings: &Settings, error: &KafkaError) -> Option<String> {
    let (operation, on) = match error.rdkafka_error_code()? {
        RDKafkaErrorCode::GroupAuthorizationFailed => ("Read", AclResource::Group(&settings.group)),
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            ("Describe", AclResource::Topic(&settings.topics.state))
        }
        _ => return None,
    };
    Some(rights::missing_permission_message(settings, operation, on))
}

/// The context of the group's consumer, which handles rebalances.
#[derive(Debug)]
struct LeaseContext {
    /// The changelog.
    topic: String,
    wakes: Wakes,
    /// The leases that this instance holds, by shard.
    held: Mutex<BTreeMap<i32, Arc<HeldLease>>>,
    group: Arc<LeaseGroup>,
}

/// State shared between the lease thread and the holders of leases.
#[derive(Debug, Default)]
struct LeaseGroup {
    /// Asks the lease thread to leave the group and join again.
    rejoin: AtomicBool,
    /// Counts the requests to prove that this instance is still a member. The count identifies the
    /// latest request.
    asked: AtomicU64,
    /// The count that identifies the latest request that a commit has answered.
    proven: Mutex<u64>,
    /// Notified when `proven` advances or a lease ends.
    moved: Condvar,
}

/// The lease of one shard, as its pipeline sees it.
#[derive(Debug)]
struct HeldLease {
    /// Whether this instance still holds the lease, as far as it knows.
    held: AtomicBool,
    group: Arc<LeaseGroup>,
}

impl LeaseGroup {
    /// Whether a request for proof is unanswered.
    fn is_asked(&self) -> bool {
        let proven = *self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        self.asked.load(Ordering::SeqCst) > proven
    }

    /// Records that all requests up to `asked` are answered.
    fn prove(&self, asked: u64) {
        let mut proven = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        *proven = (*proven).max(asked);
        drop(proven);
        self.notify();
    }

    fn notify(&self) {
        self.moved.notify_all();
    }
}

impl LeaseHandle for HeldLease {
    fn held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }

    fn confirm(&self, within: Duration) -> bool {
        let group = &self.group;
        let deadline = Instant::now() + within;
        let mut proven = group.proven.lock().unwrap_or_else(PoisonError::into_inner);
        // A commit already in flight may be older than this request, so it does not count.
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
        // If the lease is already lost, the client rejoins by itself.
        if self.held.swap(false, Ordering::SeqCst) {
            self.group.rejoin.store(true, Ordering::SeqCst);
        }
    }
}

impl LeaseContext {
    /// Commits an offset that nobody uses, because a successful reply proves membership. The commit
    /// is synchronous: librdkafka reports the result of an asynchronous commit only to a callback,
    /// and the crate does not register one.
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
            Err(error) => tracing::debug!(%error, "cannot prove group membership"),
        }
    }

    /// Handles newly assigned partitions, and tells the pipelines of all shards not held by this
    /// member that their shards are assigned elsewhere.
    fn granted(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        if let Err(error) = consumer.pause(list) {
            tracing::warn!(%error, "cannot pause the changelog partitions in the group consumer");
        }
        metrics::REBALANCES.add([], 1);
        for shard in self.shards(list) {
            let lease =
                Arc::new(HeldLease { held: AtomicBool::new(true), group: self.group.clone() });
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(shard, lease.clone());
            drop(held);
            tracing::info!(shard, "this instance now owns shard {shard}");
            self.wake(shard, Wake::Granted(lease));
        }
        for shard in 0..i32::try_from(self.wakes.len()).unwrap_or(i32::MAX) {
            if !self.holds(shard) {
                self.wake(shard, Wake::AssignedElsewhere);
            }
        }
    }

    fn holds(&self, shard: i32) -> bool {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&shard)
    }

    /// Handles partitions that the group has already taken away.
    fn lost(&self, list: &TopicPartitionList) {
        metrics::REBALANCES.add([], 1);
        for shard in self.shards(list) {
            if let Some(lease) = self.remove(shard) {
                lease.held.store(false, Ordering::SeqCst);
            }
            tracing::warn!(
                shard,
                "lease lost: the group no longer assigns the shard to this instance"
            );
            self.wake(shard, Wake::Lost);
        }
        self.group.notify();
    }

    /// Handles partitions that the group asks to release: waits for their pipelines, up to
    /// [`REVOKE`].
    fn revoked(&self, list: &TopicPartitionList) {
        point!("revoke");
        metrics::REBALANCES.add([], 1);
        let mut waiting = Vec::new();
        for shard in self.shards(list) {
            let (done, released) = bounded(0);
            if self.wake(shard, Wake::Revoked(done)) {
                waiting.push((shard, released));
            }
        }
        let deadline = Instant::now() + REVOKE;
        for (shard, released) in waiting {
            match released.recv_deadline(deadline) {
                Err(RecvTimeoutError::Timeout) => {
                    tracing::error!(
                        shard,
                        "the batch did not finish in time; releasing the shard anyway"
                    );
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                    tracing::info!(shard, "lease given back");
                }
            }
        }
        for shard in self.shards(list) {
            if let Some(lease) = self.remove(shard) {
                lease.held.store(false, Ordering::SeqCst);
            }
        }
        self.group.notify();
    }

    fn remove(&self, shard: i32) -> Option<Arc<HeldLease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&shard)
    }

    /// The shards of the changelog partitions in `list`.
    fn shards(&self, list: &TopicPartitionList) -> Vec<i32> {
        list.elements_for_topic(&self.topic).iter().map(|element| element.partition()).collect()
    }

    /// Sends `wake` to the pipeline of a shard. Returns false if the shard has no running pipeline.
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
        tracing::debug!(%error, reason, "the group consumer reported an error");
    }
}

impl ConsumerContext for LeaseContext {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Revoke(list) if consumer.assignment_lost() => self.lost(list),
            Rebalance::Revoke(list) => self.revoked(list),
            Rebalance::Assign(_) => {}
            Rebalance::Error(error) => tracing::warn!(%error, "a rebalance of the group failed"),
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            self.granted(consumer, list);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::kafka::client::tests::settings;

    #[test]
    fn the_error_names_the_group_or_topic_for_which_a_permission_is_missing() {
        let message = |code| refused(&settings(&[]), &KafkaError::MessageConsumption(code));
        let group = message(RDKafkaErrorCode::GroupAuthorizationFailed).unwrap();
        assert!(group.contains("Read on group `wirefold`"), "{group}");
        assert!(group.ends_with("--operation Read --group wirefold"), "{group}");
        let topic = message(RDKafkaErrorCode::TopicAuthorizationFailed).unwrap();
        assert!(topic.contains("Describe on topic `wire.state`"), "{topic}");
        assert_eq!(message(RDKafkaErrorCode::AllBrokersDown), None);
    }
}
