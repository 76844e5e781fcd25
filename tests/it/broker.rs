//! An in-memory broker with fault injection, for one shard. Outputs are stored as a
//! `read_committed` consumer would see them.
//!
//! Every call counts as a step; a fault is injected before or after the effect of a step. The
//! broker has its own clock, which mostly advances while a poll finds nothing. After a number of
//! consecutive polls without input, it asks the pipeline to stop.

use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use wirefold::daemon::pipeline::broker::{
    Broker, ChangelogPoll, Clock, CommitCertainty, Fault, FetchState, GENERATION, Input, InputPoll,
    InputRecord, Limits, LogRecord, OutputEnds, OutputPartition, OutputRecord, Partition, Role,
    Tail, Watermarks, WriteId, Writer, WrittenRecord,
};
use wirefold::daemon::pipeline::lease::{Lease, LeaseHandle, Wake};
use wirefold::daemon::pipeline::record::{ATTEMPT, ENDS, GROUP, POSITION, is_fence};
use wirefold::daemon::pipeline::shards::ShardFilter;
use wirefold_engine::article::EventTime;

/// A fault injected at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    /// The process dies.
    Kill,
    /// The call fails, and the caller does not know whether the call took effect.
    Doubt,
    /// Another producer with the same transactional id was started: this one is fenced.
    Fence,
    /// The group takes the lease away without asking and grants it again.
    Lose,
    /// The group revokes the lease in a rebalance and grants it again.
    Revoke,
}

/// Whether a fault is injected before or after the effect of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// How a broker crash after a commit appears to the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The next call fails.
    Alone,
    /// The daemon dies with the broker.
    WithDaemon,
    /// The commit call itself fails, with an unknown outcome.
    InCommit,
}

/// Input topics that were deleted and created again with the same name.
pub(crate) struct Replacement {
    /// The number of commits after which the topics are replaced.
    pub(crate) commits: u64,
    pub(crate) inputs: BTreeMap<Partition, Vec<InputRecord>>,
    /// If set, this much time passes and the connection survives; otherwise the connection fails
    /// once.
    pub(crate) pause: Option<Duration>,
}

/// A record in a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    record: OutputRecord,
    /// Its index in [`World::written`].
    at: Option<usize>,
}

/// The contents of the broker and the faults to inject.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) inputs: BTreeMap<Partition, Vec<InputRecord>>,
    /// Log start offsets of input partitions; 0 if absent.
    pub(crate) low: BTreeMap<Partition, i64>,
    /// Committed output records.
    pub(crate) outputs: Vec<OutputRecord>,
    /// The changelog.
    pub(crate) log: Vec<LogRecord>,
    /// How many changelog records a standby can see. Once the standby has read all of the log, it
    /// is granted the lease.
    pub(crate) revealed: usize,
    /// How many more records become visible each time the standby has read the visible ones.
    pub(crate) reveals: usize,
    /// Compacts the log once this many records are visible.
    pub(crate) compacts_at: Option<usize>,
    /// How many polls of the changelog tail find the broker unavailable, once some records are
    /// visible. Each of these polls takes an hour.
    pub(crate) away: u32,
    /// The changelogs of other shards.
    pub(crate) peers: BTreeMap<u32, Vec<LogRecord>>,
    /// Which input partitions are fetched; `None` for all.
    pub(crate) slice: Option<ShardFilter>,
    /// Whether writers use transactions.
    pub(crate) transactions: bool,
    /// Steps so far.
    pub(crate) steps: u64,
    /// The kind of each step.
    pub(crate) kinds: Vec<&'static str>,
    /// Faults to inject, by step.
    pub(crate) strikes: BTreeMap<u64, (Strike, When)>,
    /// Faults injected so far.
    pub(crate) struck: u64,
    /// Whether the process was killed; a standby does not report a kill as an error.
    pub(crate) killed: bool,
    /// Whether the next step kills the process.
    pub(crate) dead: bool,
    /// Maximum size of a changelog record in bytes; 0 for 1 MiB, the default of the other topics.
    pub(crate) state_bytes_max: usize,
    /// Committed batches. Commits that contain only fences, group claims, ends or attempts do not
    /// count.
    pub(crate) commits: u64,
    /// Records of a transaction that has no end marker in their partition. The next commit
    /// publishes them.
    pub(crate) hanging: Vec<Sent>,
    /// The broker crashes when `commits` reaches one of these numbers. In the topics with the given
    /// roles, the transaction gets no end marker.
    pub(crate) tears: BTreeMap<u64, (Vec<Role>, Crash)>,
    /// Every record of every attempt in the order of writing, whether committed or not.
    pub(crate) written: Vec<WrittenRecord>,
    /// A fault to inject before the next step.
    crash: Option<Strike>,
    /// Whether the input topics are compacted, so that records may be missing.
    pub(crate) compacted_input: bool,
    /// How many times a connection of the input client was opened or failed.
    pub(crate) disturbances: u64,
    /// Number of control markers after the last record of each input partition.
    pub(crate) markers: i64,
    /// If set, the input topics are deleted and created again during the run.
    pub(crate) replaced_after: Option<Replacement>,
    /// The numbers of the writers that cannot be created; each attempt takes 20 s.
    pub(crate) refused: std::ops::Range<u32>,
    /// How many writers were requested.
    pub(crate) writers: u32,
    /// Offsets committed to the consumer group for lag tools.
    pub(crate) noted: BTreeMap<Partition, i64>,
    /// The wall clock in milliseconds since the epoch.
    pub(crate) wall: i64,
    /// Whether the wall clock advances with the monotonic clock.
    pub(crate) wall_moves: bool,
    /// Number of consecutive empty polls, in addition to the usual 10, after which the pipeline is
    /// asked to stop.
    pub(crate) patience: u32,
    /// A partition that returns nothing, not even its end.
    pub(crate) stuck: Option<Partition>,
    /// How long compaction keeps tombstones in the changelog.
    pub(crate) tombstones_kept: Duration,
    /// Offset of the next changelog record.
    log_next: i64,
    /// The offset after the last changelog record of the last committed transaction.
    delivered: i64,
    /// Producer epoch of the newest writer; older ones are fenced.
    epoch: u64,
    /// Records of the open transaction.
    open: Vec<Sent>,
    /// Monotonic clock.
    now: Duration,
    /// Number of consecutive empty polls.
    quiet: u32,
    /// Wakes the pipeline of the running process; `None` after a kill.
    pub(crate) wakes: Option<Sender<Wake>>,
    /// The lease of the running process.
    lease: Option<Arc<MemoryLease>>,
}

/// A handle to the broker, shared by all parts of one test.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<World>>);

/// A lease of the shard.
#[derive(Debug)]
struct MemoryLease {
    /// Whether the lease is still valid.
    held: AtomicBool,
    /// Used to grant the next lease when this one is given up.
    wakes: Sender<Wake>,
}

impl LeaseHandle for MemoryLease {
    fn held(&self) -> bool {
        self.held.load(Ordering::SeqCst)
    }
    fn confirm(&self, _: Duration) -> bool {
        self.held()
    }
    fn give_up(&self) {
        self.held.store(false, Ordering::SeqCst);
        grant(&self.wakes);
    }
}

/// Grants a new lease.
fn grant(wakes: &Sender<Wake>) -> Arc<MemoryLease> {
    let lease = Arc::new(MemoryLease { held: AtomicBool::new(true), wakes: wakes.clone() });
    wakes.send(Wake::Granted(lease.clone() as Lease)).unwrap();
    lease
}

impl World {
    pub(crate) fn put(&mut self, record: InputRecord) {
        self.inputs.entry(record.from.clone()).or_default().push(record);
    }

    /// The high watermark of an input partition.
    fn end(&self, of: &Partition) -> i64 {
        self.inputs[of].last().map_or(0, |record| record.offset + 1) + self.markers
    }

    /// The last value of every changelog key, as compaction would leave it.
    pub(crate) fn compacted(&self) -> BTreeMap<String, Vec<u8>> {
        let mut values = BTreeMap::new();
        for record in &self.log {
            match &record.value {
                Some(value) => values.insert(record.key.clone(), value.clone()),
                None => values.remove(&record.key),
            };
        }
        values
    }

    /// Keeps only the last record of every key, including tombstones.
    fn compact(&mut self) {
        let last: BTreeMap<String, i64> =
            self.log.iter().map(|record| (record.key.clone(), record.offset)).collect();
        self.log.retain(|record| last[&record.key] == record.offset);
    }

    /// Appends a record without a generation to the changelog.
    pub(crate) fn appends(&mut self, key: String, value: Option<Vec<u8>>) {
        self.appends_of(key, value, None);
    }

    /// Appends a copy of an earlier changelog record, with its generation.
    pub(crate) fn appends_as(&mut self, found: LogRecord) {
        self.appends_of(found.key, found.value, found.generation);
    }

    fn appends_of(&mut self, key: String, value: Option<Vec<u8>>, generation: Option<u64>) {
        self.log.push(LogRecord { offset: self.log_next, key, value, generation });
        self.log_next += 1;
    }

    /// Makes records visible: changelog records go to `log`, all others to `outputs`.
    fn publish(&mut self, records: Vec<Sent>) {
        for Sent { record, at } in records {
            if let Some(written) = at.and_then(|at| self.written.get_mut(at)) {
                written.committed = true;
            }
            if record.role == Role::State {
                let key = String::from_utf8(record.key.unwrap()).unwrap();
                let generation = record.headers.iter().find(|(name, _)| name == GENERATION);
                let generation = generation.and_then(|(_, value)| value.clone());
                let generation =
                    generation.map(|value| String::from_utf8(value).unwrap().parse().unwrap());
                self.appends_of(key, record.payload, generation);
            } else {
                self.outputs.push(record);
            }
        }
    }

    /// Injects a fault.
    fn disturb(&mut self, strike: Strike) -> Result<(), Fault> {
        let wakes = self.wakes.clone().unwrap();
        self.struck += 1;
        match strike {
            Strike::Kill => {
                (self.wakes, self.lease, self.killed) = (None, None, true);
                Err(Fault::Stop("killed".into()))
            }
            Strike::Doubt => Err(Fault::Doubt("struck".into())),
            Strike::Fence => {
                self.epoch += 1;
                let open = std::mem::take(&mut self.open);
                self.hanging.extend(open);
                Err(Fault::Fenced("struck".into()))
            }
            Strike::Lose => {
                if let Some(lease) = self.lease.take() {
                    lease.held.store(false, Ordering::SeqCst);
                }
                wakes.send(Wake::Lost).unwrap();
                self.lease = Some(grant(&wakes));
                Ok(())
            }
            Strike::Revoke => {
                let (done, _) = crossbeam_channel::bounded(0);
                wakes.send(Wake::Revoked(done)).unwrap();
                self.lease = Some(grant(&wakes));
                Ok(())
            }
        }
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Starts a new process that is granted the lease at once; returns its wake channel.
    pub(crate) fn wakes(&self) -> Receiver<Wake> {
        let (wake, wakes) = unbounded();
        let mut world = self.lock();
        world.lease = Some(grant(&wake));
        world.wakes = Some(wake);
        (world.quiet, world.dead) = (0, false);
        wakes
    }

    /// Starts a new standby process, which is granted the lease once it has read all of the
    /// changelog.
    pub(crate) fn standby(&self, reveals: usize) -> Receiver<Wake> {
        let (wake, wakes) = unbounded();
        let mut world = self.lock();
        (world.lease, world.wakes, world.quiet, world.killed) = (None, Some(wake), 0, false);
        (world.revealed, world.reveals, world.dead) = (0, reveals, false);
        wakes
    }

    /// Runs one step, injecting the fault planned for it before or after its effect.
    fn step<T>(
        &self,
        kind: &'static str,
        effect: impl FnOnce(&mut World) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut world = self.lock();
        world.steps += 1;
        world.kinds.push(kind);
        if std::mem::take(&mut world.dead) {
            world.disturb(Strike::Kill)?;
        }
        let crash = world.crash.take().map(|strike| (strike, When::Before));
        let strike = crash.or(world.strikes.get(&world.steps).copied());
        if let Some((strike, When::Before)) = strike {
            world.disturb(strike)?;
        }
        let done = effect(&mut world)?;
        if let Some((strike, When::After)) = strike {
            world.disturb(strike)?;
        }
        Ok(done)
    }
}

impl Clock for Shared {
    fn wall(&self) -> EventTime {
        let world = self.lock();
        let moved = if world.wall_moves { world.now.as_millis() as i64 } else { 0 };
        EventTime(world.wall + moved)
    }
    fn elapsed(&self) -> Duration {
        self.lock().now
    }
}

/// A producer of the in-memory broker.
pub(crate) struct MemoryWriter {
    world: Shared,
    /// The producer epoch; the writer is fenced once the broker has a newer one.
    epoch: u64,
    /// The id of the current attempt, if records are numbered.
    attempt: Option<WriteId>,
    /// Numbers of the next output record and the next changelog record of the attempt.
    numbers: [u32; 2],
    /// The offset after the last record sent, by output partition.
    ends: OutputEnds,
}

/// A consumer of the changelog.
pub(crate) struct MemoryTail {
    world: Shared,
    /// The next offset to read.
    next: i64,
    /// Whether the end was reported since the last record.
    end_reported: bool,
}

impl Tail for MemoryTail {
    fn poll(&mut self, wait: Duration) -> Result<ChangelogPoll, Fault> {
        let Self { world, next, end_reported } = self;
        world.step("tail poll", |w| {
            if w.away > 0 && w.revealed > 0 {
                w.away -= 1;
                w.now += Duration::from_secs(3_600);
                return Ok(ChangelogPoll::Unreachable);
            }
            if w.compacts_at.is_some_and(|at| w.revealed >= at) {
                w.compacts_at = None;
                w.compact();
            }
            let seen = &w.log[..w.revealed.min(w.log.len())];
            if let Some(found) = seen.iter().find(|found| found.offset >= *next) {
                (*next, *end_reported) = (found.offset + 1, false);
                return Ok(ChangelogPoll::Record(found.clone()));
            }
            if !std::mem::replace(end_reported, true) {
                return Ok(ChangelogPoll::End);
            }
            w.now += wait;
            if w.revealed >= w.log.len() && w.lease.is_none() {
                w.lease = Some(grant(w.wakes.as_ref().unwrap()));
            }
            w.revealed += w.reveals.max(1);
            Ok(ChangelogPoll::Nothing)
        })
    }
}

/// A consumer of the input topics.
pub(crate) struct MemoryInput {
    world: Shared,
    /// The next offset of each partition, and whether its end was reported since the last record.
    next: BTreeMap<Partition, (i64, bool)>,
    /// Partitions that are paused.
    off: Vec<Partition>,
}

impl Broker for Shared {
    type Writer = MemoryWriter;
    type Input = MemoryInput;
    type Tail = MemoryTail;

    fn writer(&mut self) -> Result<MemoryWriter, Fault> {
        let world = self.clone();
        self.step("writer", |w| {
            w.writers += 1;
            if w.refused.contains(&w.writers) {
                (w.now, w.wall) = (w.now + Duration::from_secs(20), w.wall + 20_000);
                return Err(Fault::Doubt("no coordinator".into()));
            }
            w.epoch += 1;
            let open = std::mem::take(&mut w.open);
            w.hanging.extend(open);
            Ok(MemoryWriter {
                world,
                epoch: w.epoch,
                attempt: None,
                numbers: [0; 2],
                ends: OutputEnds::new(),
            })
        })
    }

    fn changelog(
        &mut self,
        from: Option<i64>,
        until: i64,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let log = self.step("changelog", |w| Ok(w.log.clone()))?;
        let end = log.last().map(|record| record.offset + 1);
        assert_eq!(Some(until), end, "the reader has fenced the log and reads to its end");
        let wanted = from.unwrap_or(0)..until;
        for record in log.into_iter().filter(|record| wanted.contains(&record.offset)) {
            self.step("changelog record", |_| Ok(()))?;
            each(record)?;
        }
        Ok(())
    }

    fn peer_changelog(
        &mut self,
        shard: u32,
        each: &mut dyn FnMut(LogRecord) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let log = self.step("peer", |w| Ok(w.peers.get(&shard).cloned().unwrap_or_default()))?;
        log.into_iter().try_for_each(each)
    }

    fn partitions(&mut self) -> Result<BTreeMap<Partition, Watermarks>, Fault> {
        self.step("partitions", |w| {
            let ends = |(of, records): (&Partition, &Vec<InputRecord>)| {
                let low = w.low.get(of).copied().unwrap_or(0);
                let high = records.last().map_or(low, |record| record.offset + 1 + w.markers);
                (of.clone(), Watermarks { low, high })
            };
            let fetched = |of: &Partition| w.slice.as_ref().is_none_or(|slice| slice.fetches(of));
            Ok(w.inputs.iter().filter(|(of, _)| fetched(of)).map(ends).collect())
        })
    }

    fn written_records(
        &mut self,
        from: &OutputEnds,
        until: &OutputEnds,
    ) -> Result<Vec<WrittenRecord>, Fault> {
        self.step("written", |w| {
            let whole = |attempt: WriteId| {
                let position =
                    |r: &WrittenRecord| r.record.key.as_deref() == Some(POSITION.as_bytes());
                w.written.iter().any(|r| r.attempt == attempt && position(r))
            };
            let wanted = |r: &&WrittenRecord| {
                let from = from.get(&r.output).copied().unwrap_or(0);
                (from..until[&r.output]).contains(&r.offset) && whole(r.attempt)
            };
            Ok(w.written.iter().filter(wanted).cloned().collect())
        })
    }

    fn is_compacted(&mut self, _: &str) -> Result<bool, Fault> {
        Ok(self.lock().compacted_input)
    }

    fn ends(&mut self, of: &[Partition], _: Duration) -> Result<BTreeMap<Partition, i64>, Fault> {
        self.step("ends", |w| Ok(of.iter().map(|of| (of.clone(), w.end(of))).collect()))
    }

    fn committed_positions(&mut self, _: Duration) -> Result<BTreeMap<Partition, i64>, Fault> {
        let (found, world) = (self.partitions()?, self.lock());
        let noted = |of: &Partition, low| world.noted.get(of).copied().unwrap_or(low);
        Ok(found.iter().map(|(of, ends)| (of.clone(), noted(of, ends.low))).collect())
    }

    fn record_at(&mut self, from: &Partition, offset: i64) -> Result<Option<InputRecord>, Fault> {
        self.step("record_at", |w| {
            Ok(w.inputs[from].iter().find(|record| record.offset == offset).cloned())
        })
    }

    fn input(&mut self, from: &BTreeMap<Partition, i64>) -> Result<MemoryInput, Fault> {
        let world = self.clone();
        let next = from.iter().map(|(p, next)| (p.clone(), (*next, false))).collect();
        self.step("input", |_| Ok(MemoryInput { world, next, off: Vec::new() }))
    }

    fn tail(&mut self, from: Option<i64>) -> Result<MemoryTail, Fault> {
        let world = self.clone();
        self.step("tail", |_| {
            Ok(MemoryTail { world, next: from.unwrap_or(0), end_reported: false })
        })
    }

    fn tombstone_retention(&self) -> Duration {
        self.lock().tombstones_kept
    }

    fn limits(&self) -> Limits {
        let mut limits = Limits { by_role: [1 << 20; 5] };
        match self.lock().state_bytes_max {
            0 => {}
            bytes => limits.by_role[Role::State as usize] = bytes,
        }
        limits
    }
}

impl MemoryWriter {
    /// Sends a record. `own` is the attempt and the number of the record within the attempt.
    fn take(&mut self, record: &OutputRecord, own: Option<(WriteId, u32)>) -> Result<(), Fault> {
        let epoch = self.epoch;
        let output = OutputPartition { role: record.role, partition: 0 };
        let end = self.world.step("send", |w| {
            fenced(w, epoch)?;
            let at = own.map(|(attempt, index)| {
                let (offset, record) = (w.written.len() as i64, record.clone());
                let committed = false;
                w.written.push(WrittenRecord { output, offset, attempt, index, committed, record });
                w.written.len() - 1
            });
            let sent = Sent { record: record.clone(), at };
            match w.transactions {
                true => w.open.push(sent),
                false => w.publish(vec![sent]),
            }
            Ok(w.written.len() as i64)
        })?;
        if self.world.lock().transactions {
            self.ends.insert(output, end);
        }
        Ok(())
    }
}

impl Writer for MemoryWriter {
    fn sweep(&mut self) -> Result<OutputEnds, Fault> {
        let epoch = self.epoch;
        self.world.step("sweep", |w| {
            fenced(w, epoch)?;
            w.hanging.clear();
            let end = |role| (OutputPartition { role, partition: 0 }, w.written.len() as i64);
            Ok(if w.transactions { Role::ALL.map(end).into() } else { OutputEnds::new() })
        })
    }

    fn begin(&mut self, attempt: Option<WriteId>) -> Result<(), Fault> {
        (self.attempt, self.numbers) = (attempt, [0; 2]);
        let epoch = self.epoch;
        self.world.step("begin", |w| fenced(w, epoch))
    }

    fn send(&mut self, record: &OutputRecord) -> Result<(), Fault> {
        let number = &mut self.numbers[usize::from(record.role == Role::State)];
        let index = *number;
        *number += 1;
        let own = self.attempt.map(|attempt| (attempt, index));
        self.take(record, own)
    }

    fn resend(&mut self, written: &WrittenRecord) -> Result<(), Fault> {
        self.take(&written.record, Some((written.attempt, written.index)))
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let epoch = self.epoch;
        self.world.step("flush", |w| fenced(w, epoch))
    }

    fn commit(&mut self) -> Result<CommitCertainty, Fault> {
        let epoch = self.epoch;
        self.world.step("commit", |w| {
            fenced(w, epoch)?;
            let mut open = std::mem::take(&mut w.hanging);
            open.append(&mut w.open);
            let ownership = |sent: &Sent| {
                let key = sent.record.key.as_deref().unwrap_or_default();
                let key = std::str::from_utf8(key).unwrap_or_default();
                is_fence(key) || [GROUP, ENDS, ATTEMPT].contains(&key)
            };
            let fence = open.iter().all(ownership);
            w.commits += u64::from(!fence);
            if !fence && let Some((roles, crash)) = w.tears.remove(&w.commits) {
                let (torn, whole) = open.into_iter().partition(|s| roles.contains(&s.record.role));
                let torn: Vec<Sent> = torn;
                // Records without an end marker also occupy offsets.
                let states = torn.iter().filter(|sent| sent.record.role == Role::State).count();
                w.hanging = torn;
                w.publish(whole);
                w.log_next += states as i64;
                w.delivered = w.log_next;
                w.log_next += 1;
                w.struck += 1;
                return w.crashes(crash);
            }
            w.publish(open);
            w.delivered = w.log_next;
            w.log_next += i64::from(w.transactions);
            match !fence && w.commits.is_multiple_of(5) {
                true => Ok(CommitCertainty::AfterTrouble),
                false => Ok(CommitCertainty::Certain),
            }
        })
    }

    fn changelog_end(&self) -> Option<i64> {
        let world = self.world.lock();
        if world.transactions {
            return Some(world.delivered).filter(|end| *end > 0);
        }
        world.log.last().map(|record| record.offset + 1)
    }

    fn ends(&self) -> OutputEnds {
        self.ends.clone()
    }
}

impl World {
    /// Simulates a broker crash after a commit.
    fn crashes(&mut self, crash: Crash) -> Result<CommitCertainty, Fault> {
        self.crash = match crash {
            Crash::Alone => Some(Strike::Doubt),
            Crash::WithDaemon => Some(Strike::Kill),
            Crash::InCommit => return Err(Fault::Doubt("the broker is gone".into())),
        };
        Ok(CommitCertainty::Certain)
    }
}

/// Fails if a newer transactional writer exists.
fn fenced(world: &World, epoch: u64) -> Result<(), Fault> {
    match world.transactions && world.epoch != epoch {
        true => Err(Fault::Fenced("a newer writer exists".into())),
        false => Ok(()),
    }
}

impl Input for MemoryInput {
    fn poll(&mut self, wait: Duration) -> Result<InputPoll, Fault> {
        let Self { world, next, off } = self;
        world.step("poll", |w| {
            if w.replaced_after.as_ref().is_some_and(|by| w.commits >= by.commits) {
                let by = w.replaced_after.take().unwrap();
                w.inputs = by.inputs;
                match by.pause {
                    Some(pause) => w.now += pause,
                    None => w.disturbances += 1,
                }
            }
            for (of, (next, end_reported)) in next.iter_mut() {
                if off.contains(of) || w.stuck.as_ref() == Some(of) {
                    continue;
                }
                let found = w.inputs[of].iter().find(|record| record.offset >= *next);
                if let Some(record) = found {
                    (*next, *end_reported) = (record.offset + 1, false);
                    w.quiet = 0;
                    return Ok(InputPoll::Record(record.clone()));
                }
                if !std::mem::replace(end_reported, true) {
                    return Ok(InputPoll::End(of.clone()));
                }
            }
            w.now += wait.max(Duration::from_millis(1));
            w.quiet += 1;
            if w.quiet == 10 + w.patience {
                w.wakes.as_ref().unwrap().send(Wake::Stop).unwrap();
            }
            Ok(InputPoll::Nothing)
        })
    }

    fn set_fetching(&mut self, of: &Partition, wanted: FetchState) -> Result<(), Fault> {
        self.off.retain(|held| held != of);
        if wanted == FetchState::Paused {
            self.off.push(of.clone());
        }
        Ok(())
    }

    fn add(&mut self, partition: &Partition, from: i64) -> Result<(), Fault> {
        self.next.insert(partition.clone(), (from, false));
        Ok(())
    }

    fn ends(&self) -> BTreeMap<Partition, i64> {
        let world = self.world.lock();
        self.next.keys().map(|of| (of.clone(), world.end(of))).collect()
    }

    fn is_reachable(&self) -> bool {
        true
    }

    fn connection_changes(&self) -> u64 {
        self.world.lock().disturbances
    }

    fn note(&mut self, positions: &BTreeMap<Partition, i64>) {
        self.world.lock().noted.clone_from(positions);
    }
}
