//! A broker in memory, with faults: one shard, one input topic, outputs as a read_committed reader
//! sees them.
//!
//! Every call counts as a step. A fault strikes before or after the effect of a step. Time is the
//! broker's own: it moves only while a poll finds nothing. When all input is through, it asks the
//! pipeline to stop.

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
use wirefold::daemon::pipeline::lease::{Hold, Lease, Wake};
use wirefold::daemon::pipeline::record::{ATTEMPT, ENDS, GROUP, POSITION, is_fence};
use wirefold::daemon::pipeline::shards::ShardFilter;
use wirefold_engine::article::EventTime;

/// What strikes at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    /// The process dies.
    Kill,
    /// The call fails and nobody knows more.
    Doubt,
    /// Another owner took over for a moment.
    Fence,
    /// The group takes the lease away, and gives it back later.
    Lose,
    /// The group asks for the lease, and gives it back later.
    Revoke,
}

/// When it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// What the daemon sees of a broker that crashes after a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Its connections fail.
    Alone,
    /// The daemon dies with it.
    WithDaemon,
    /// The commit itself fails for all that the daemon knows.
    InCommit,
}

/// Other input topics of the same name.
pub(crate) struct Replacement {
    /// They are there after so many commits.
    pub(crate) commits: u64,
    pub(crate) inputs: BTreeMap<Partition, Vec<InputRecord>>,
    /// The time until the next poll, if connections hold meanwhile.
    pub(crate) pause: Option<Duration>,
}

/// A record in a transaction, and where it is in [`World::written`].
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    record: OutputRecord,
    at: Option<usize>,
}

/// What is on the broker, and what is to go wrong.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) inputs: BTreeMap<Partition, Vec<InputRecord>>,
    pub(crate) low: BTreeMap<Partition, i64>,
    pub(crate) outputs: Vec<OutputRecord>,
    pub(crate) log: Vec<LogRecord>,
    /// How much of the changelog a standby sees; each time that it has seen all of that, it sees more,
    /// and at the end it is granted the lease.
    pub(crate) revealed: usize,
    pub(crate) reveals: usize,
    /// How much is seen when the log is compacted.
    pub(crate) compacts_at: Option<usize>,
    /// How many polls find no broker before anything is seen, each an hour long.
    pub(crate) away: u32,
    /// The changelogs of other shards.
    pub(crate) peers: BTreeMap<u32, Vec<LogRecord>>,
    /// What is fetched; `None` is everything.
    pub(crate) slice: Option<ShardFilter>,
    pub(crate) transactions: bool,
    pub(crate) steps: u64,
    pub(crate) kinds: Vec<&'static str>,
    pub(crate) strikes: BTreeMap<u64, (Strike, When)>,
    pub(crate) struck: u64,
    /// Whether the process was killed, which a standby does not return as an error.
    pub(crate) killed: bool,
    /// Whether the process is dead though it does not know yet: its next step ends it.
    pub(crate) dead: bool,
    /// The most bytes of a changelog record; 0 is a megabyte, as for the other topics.
    pub(crate) state_bytes_max: usize,
    /// Batches committed.
    pub(crate) commits: u64,
    /// What a transaction left behind that has no end in some partition: the next commit takes it along.
    pub(crate) hanging: Vec<Sent>,
    /// Commits, by number, after which the broker crashes: those of the roles have no end.
    pub(crate) tears: BTreeMap<u64, (Vec<Role>, Crash)>,
    /// Everything written in attempts, in the order of writing, whatever became of it.
    pub(crate) written: Vec<WrittenRecord>,
    /// Strikes at the next step.
    crash: Option<Strike>,
    /// Records of compacted input topics may be gone.
    pub(crate) compacted_input: bool,
    /// How often a connection of the input was made or failed.
    pub(crate) disturbances: u64,
    /// Control markers behind the last record of each input partition.
    pub(crate) markers: i64,
    /// When the input topics become others of the same name.
    pub(crate) replaced_after: Option<Replacement>,
    /// Which writers cannot be made, by their number; each attempt takes 20 s.
    pub(crate) refused: std::ops::Range<u32>,
    /// How many were asked for.
    pub(crate) writers: u32,
    /// Positions noted for lag tools.
    pub(crate) noted: BTreeMap<Partition, i64>,
    pub(crate) wall: i64,
    /// Whether the wall clock goes on while a poll finds nothing.
    pub(crate) wall_moves: bool,
    /// How many polls in a row find nothing before the pipeline is asked to stop, beyond the usual
    /// ones.
    pub(crate) patience: u32,
    /// A partition that gives nothing, not even its end.
    pub(crate) stuck: Option<Partition>,
    pub(crate) tombstones_kept: Duration,
    log_next: i64,
    /// The offset after the last changelog record of a transaction.
    delivered: i64,
    epoch: u64,
    open: Vec<Sent>,
    now: Duration,
    quiet: u32,
    pub(crate) wakes: Option<Sender<Wake>>,
    lease: Option<Arc<Held>>,
}

/// The same world for all parts of one test.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<World>>);

#[derive(Debug)]
struct Held {
    held: AtomicBool,
    wakes: Sender<Wake>,
}

impl Hold for Held {
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

fn grant(wakes: &Sender<Wake>) -> Arc<Held> {
    let lease = Arc::new(Held { held: AtomicBool::new(true), wakes: wakes.clone() });
    wakes.send(Wake::Granted(lease.clone() as Lease)).unwrap();
    lease
}

impl World {
    pub(crate) fn put(&mut self, record: InputRecord) {
        self.inputs.entry(record.from.clone()).or_default().push(record);
    }

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

    /// Keeps the last record of every key, tombstones too.
    fn compact(&mut self) {
        let last: BTreeMap<String, i64> =
            self.log.iter().map(|record| (record.key.clone(), record.offset)).collect();
        self.log.retain(|record| last[&record.key] == record.offset);
    }

    /// Adds a record to the changelog.
    pub(crate) fn appends(&mut self, key: String, value: Option<Vec<u8>>) {
        self.appends_of(key, value, None);
    }

    /// Adds a record to the changelog as it was written before.
    pub(crate) fn appends_as(&mut self, found: LogRecord) {
        self.appends_of(found.key, found.value, found.generation);
    }

    fn appends_of(&mut self, key: String, value: Option<Vec<u8>>, generation: Option<u64>) {
        self.log.push(LogRecord { offset: self.log_next, key, value, generation });
        self.log_next += 1;
    }

    fn publish(&mut self, records: Vec<Sent>) {
        for Sent { record, at } in records {
            if let Some(written) = at.and_then(|at| self.written.get_mut(at)) {
                written.committed = true;
            }
            if record.role == Role::State {
                let key = String::from_utf8(record.key.unwrap()).unwrap();
                let says = record.headers.iter().find(|(name, _)| name == GENERATION);
                let says = says.and_then(|(_, value)| value.clone());
                let says = says.map(|value| String::from_utf8(value).unwrap().parse().unwrap());
                self.appends_of(key, record.payload, says);
            } else {
                self.outputs.push(record);
            }
        }
    }

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

    /// A new process: its wakes, the lease granted.
    pub(crate) fn wakes(&self) -> Receiver<Wake> {
        let (wake, wakes) = unbounded();
        let mut world = self.lock();
        world.lease = Some(grant(&wake));
        world.wakes = Some(wake);
        (world.quiet, world.dead) = (0, false);
        wakes
    }

    /// A new process that is no owner yet: it follows, and is granted the lease once it has seen all.
    pub(crate) fn standby(&self, reveals: usize) -> Receiver<Wake> {
        let (wake, wakes) = unbounded();
        let mut world = self.lock();
        (world.lease, world.wakes, world.quiet, world.killed) = (None, Some(wake), 0, false);
        (world.revealed, world.reveals, world.dead) = (0, reveals, false);
        wakes
    }

    /// One step: may be struck before its effect or after it.
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

pub(crate) struct MemoryWriter {
    world: Shared,
    epoch: u64,
    attempt: Option<WriteId>,
    /// Numbers of the next output and changelog record of the attempt.
    numbers: [u32; 2],
    ends: OutputEnds,
}

pub(crate) struct MemoryTail {
    world: Shared,
    next: i64,
    told: bool,
}

impl Tail for MemoryTail {
    fn poll(&mut self, wait: Duration) -> Result<ChangelogPoll, Fault> {
        let Self { world, next, told } = self;
        world.step("tail poll", |w| {
            if w.away > 0 && w.revealed > 0 {
                w.away -= 1;
                w.now += Duration::from_secs(3_600);
                return Ok(ChangelogPoll::Away);
            }
            if w.compacts_at.is_some_and(|at| w.revealed >= at) {
                w.compacts_at = None;
                w.compact();
            }
            let seen = &w.log[..w.revealed.min(w.log.len())];
            if let Some(found) = seen.iter().find(|found| found.offset >= *next) {
                (*next, *told) = (found.offset + 1, false);
                return Ok(ChangelogPoll::Record(found.clone()));
            }
            if !std::mem::replace(told, true) {
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

pub(crate) struct MemoryInput {
    world: Shared,
    next: BTreeMap<Partition, (i64, bool)>,
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
        assert_eq!(Some(until), end, "whoever reads has fenced the log and reads all of it");
        let wanted = from.unwrap_or(0)..until;
        for record in log.into_iter().filter(|record| wanted.contains(&record.offset)) {
            self.step("changelog record", |_| Ok(()))?;
            each(record)?;
        }
        Ok(())
    }

    fn peer(
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

    fn written(
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

    fn noted(&mut self, _: Duration) -> Result<BTreeMap<Partition, i64>, Fault> {
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
        self.step("tail", |_| Ok(MemoryTail { world, next: from.unwrap_or(0), told: false }))
    }

    fn tombstones_kept(&self) -> Duration {
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

    fn repeat(&mut self, written: &WrittenRecord) -> Result<(), Fault> {
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
            let own = |sent: &Sent| {
                let key = sent.record.key.as_deref().unwrap_or_default();
                let key = std::str::from_utf8(key).unwrap_or_default();
                is_fence(key) || [GROUP, ENDS, ATTEMPT].contains(&key)
            };
            let fence = open.iter().all(own);
            w.commits += u64::from(!fence);
            if !fence && let Some((roles, crash)) = w.tears.remove(&w.commits) {
                let (torn, whole) = open.into_iter().partition(|s| roles.contains(&s.record.role));
                let torn: Vec<Sent> = torn;
                // What hangs has offsets too.
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
                false => Ok(CommitCertainty::Surely),
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
    /// The broker crashes after a commit.
    fn crashes(&mut self, crash: Crash) -> Result<CommitCertainty, Fault> {
        self.crash = match crash {
            Crash::Alone => Some(Strike::Doubt),
            Crash::WithDaemon => Some(Strike::Kill),
            Crash::InCommit => return Err(Fault::Doubt("the broker is gone".into())),
        };
        Ok(CommitCertainty::Surely)
    }
}

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
            for (of, (next, told)) in next.iter_mut() {
                if off.contains(of) || w.stuck.as_ref() == Some(of) {
                    continue;
                }
                let found = w.inputs[of].iter().find(|record| record.offset >= *next);
                if let Some(record) = found {
                    (*next, *told) = (record.offset + 1, false);
                    w.quiet = 0;
                    return Ok(InputPoll::Record(record.clone()));
                }
                if !std::mem::replace(told, true) {
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

    fn fetching(&mut self, of: &Partition, wanted: FetchState) -> Result<(), Fault> {
        self.off.retain(|held| held != of);
        if wanted == FetchState::Off {
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

    fn reached(&self) -> bool {
        true
    }

    fn disturbances(&self) -> u64 {
        self.world.lock().disturbances
    }

    fn note(&mut self, positions: &BTreeMap<Partition, i64>) {
        self.world.lock().noted.clone_from(positions);
    }
}
