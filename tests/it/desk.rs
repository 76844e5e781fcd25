//! Tests that a snapshot that is updated step by step equals one built from the whole state,
//! whether the steps are batches or, as on a standby, only the ids that changed.

use crate::broker::{Shared, Strike, When};
use crate::pipeline::{inputs, setup, world};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use wirefold::daemon::faults::Faults;
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::{Delivery, Observer, Phase, Pipeline};
use wirefold::daemon::snapshot::builder::SnapshotBuilder;
use wirefold::daemon::snapshot::thread::SnapshotThread;
use wirefold::daemon::snapshot::{CommittedBatch, Snapshot, Snapshots};
use wirefold_engine::article::{EventTime, Sequence};
use wirefold_engine::state::TouchedIds;
use wirefold_engine::verdict::Kind;

/// The contents of a snapshot in comparable form, without the recent events.
fn contents(desk: &Snapshot) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (sequence, article) in desk.newest(None) {
        let (entry, story) = (&article.entry, article.story);
        let found = desk.of_uri(&entry.about.uri).any(|(s, _)| s == sequence);
        let entry = format!("{:?} {story:?} {found} {:?}", entry.standing, entry.changed_by);
        all.insert(format!("article {}", sequence.0), entry);
    }
    for (id, story) in desk.stories() {
        let counts = &story.counts;
        let members: Vec<u64> = desk.members(*id, None).map(|(s, _)| s.0).collect();
        let entry = format!(
            "{:?} {members:?} {:?} {} {} {} {} {} {} {} {} {:?}",
            story.summary,
            counts.kinds,
            counts.articles,
            counts.withdrawn,
            counts.uncorrected,
            counts.corrections,
            counts.needs_review,
            counts.changed_numbers,
            counts.embargoed,
            counts.carried,
            counts.providers,
        );
        all.insert(format!("story {id}"), entry);
    }
    for (target, alert) in desk.alerts() {
        let live: Vec<u64> = desk.standing(alert).map(|carrier| carrier.sequence.0).collect();
        all.insert(format!("alert {}", target.0), format!("{:?} {live:?}", alert.by));
    }
    let flagged: Vec<Sequence> = desk.flagged().map(|(s, _)| s).collect();
    all.insert("flagged".into(), format!("{flagged:?}"));
    let positive = |counts: &mut dyn Iterator<Item = (String, u32)>| -> BTreeMap<String, u32> {
        counts.filter(|(_, count)| *count > 0).collect()
    };
    let kinds = positive(&mut desk.kinds().map(|(kind, count)| (kind.to_owned(), count)));
    let publishers = desk.publishers().iter().map(|(name, count)| (name.to_string(), *count));
    let languages = desk.languages().map(|(language, count)| (language.as_str().to_owned(), count));
    all.insert("kinds".into(), format!("{kinds:?}"));
    all.insert("publishers".into(), format!("{:?}", positive(&mut publishers.into_iter())));
    all.insert("languages".into(), format!("{:?}", positive(&mut languages.into_iter())));
    let risen: Vec<_> = desk.rising(None).collect();
    assert_eq!(risen.len(), desk.stories().count(), "every story has a rank");
    all.insert("risen".into(), format!("{risen:?}"));
    all
}

/// Counts what was compared, to show that the test compares enough.
#[derive(Default)]
struct Compared {
    /// Commits compared.
    commits: AtomicUsize,
    /// Largest number of stories in one snapshot.
    stories: AtomicUsize,
    /// Largest number of alerts with carriers in one snapshot.
    alerts: AtomicUsize,
    /// Rebuilds after a restore.
    rebuilt: AtomicUsize,
}

/// After every commit, compares two incremental snapshots with one built from the whole state.
struct Mirror {
    /// One incremental snapshot follows batches, the other only the touched ids, as on a standby.
    ways: [(&'static str, Arc<Snapshots>, SnapshotBuilder); 2],
    compared: Arc<Compared>,
}

impl Mirror {
    fn new(compared: Arc<Compared>) -> Self {
        let way = |name| {
            let desks = Snapshots::new(1);
            (name, desks.clone(), SnapshotBuilder::new(0, desks))
        };
        Self { ways: [way("by batches"), way("as a standby")], compared }
    }
}

impl Observer for Mirror {
    fn phase(&mut self, _: Phase) {}

    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, _: EventTime) {
        let (touched, sequence) = (std::mem::take(&mut memory.touched), memory.position.sequence);
        let everything = TouchedIds::everything();
        let desks = Snapshots::new(1);
        SnapshotBuilder::new(0, desks.clone()).follow(&memory.state, everything, None, sequence);
        let want = contents(&desks.of(0).unwrap());
        for (name, desks, scribe) in &mut self.ways {
            let news = batch.filter(|_| *name == "by batches").map(CommittedBatch::of);
            scribe.follow(&memory.state, touched.clone(), news, sequence);
            let got = contents(&desks.of(0).unwrap());
            for (key, want) in &want {
                assert_eq!(got.get(key), Some(want), "{name}: {key}");
            }
            let more: Vec<&String> = got.keys().filter(|key| !want.contains_key(*key)).collect();
            assert!(more.is_empty(), "{name}: entries that should not exist: {more:?}");
        }
        let desk = desks.of(0).unwrap();
        let compared = &self.compared;
        compared.commits.fetch_add(1, Ordering::Relaxed);
        compared.stories.fetch_max(desk.stories_len(), Ordering::Relaxed);
        let carried = desk.alerts().filter(|(_, alert)| desk.standing(alert).next().is_some());
        compared.alerts.fetch_max(carried.count(), Ordering::Relaxed);
        compared.rebuilt.fetch_add(usize::from(touched.everything), Ordering::Relaxed);
    }
}

fn compare(seed: u64, strikes: impl Fn(&Shared)) -> Arc<Compared> {
    let compared = Arc::new(Compared::default());
    let shared = world(&inputs(seed, 260), Delivery::ExactlyOnce);
    strikes(&shared);
    for _ in 0..20 {
        let wakes = shared.wakes();
        let mirror = Box::new(Mirror::new(compared.clone()));
        let mut pipeline =
            Pipeline::new(setup(Delivery::ExactlyOnce), shared.clone(), shared.clone(), mirror);
        if pipeline.run(&wakes).is_ok() {
            return compared;
        }
    }
    panic!("no process ended normally");
}

#[test]
fn an_incremental_snapshot_equals_a_full_build() {
    for seed in [21, 22] {
        let compared = compare(seed, |_| {});
        let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
        assert!(count(&compared.commits) > 50, "{} commits", count(&compared.commits));
        assert!(count(&compared.stories) > 5, "{} stories", count(&compared.stories));
        assert!(count(&compared.alerts) > 0, "no withdrawn article was carried");
    }
}

#[test]
fn an_incremental_snapshot_equals_a_full_build_after_restores() {
    let compared = compare(23, |shared| {
        let mut world = shared.lock();
        for step in [400, 900, 1_400] {
            world.strikes.insert(step, (Strike::Kill, When::After));
        }
    });
    assert!(compared.rebuilt.load(Ordering::Relaxed) > 1, "no restore happened");
}

#[test]
fn every_article_is_counted_under_one_kind() {
    let compared = Arc::new(Compared::default());
    let shared = world(&inputs(24, 120), Delivery::ExactlyOnce);
    let mirror = Mirror::new(compared);
    let desks = mirror.ways[0].1.clone();
    let wakes = shared.wakes();
    let setup = setup(Delivery::ExactlyOnce);
    Pipeline::new(setup, shared.clone(), shared.clone(), Box::new(mirror)).run(&wakes).unwrap();
    let desk = desks.of(0).unwrap();
    let counted: u32 = desk.kinds().map(|(_, count)| count).sum();
    assert_eq!(counted as usize, desk.len());
    let by_kind = |kind: Kind| {
        let of = |(_, article): &(Sequence, &wirefold::daemon::snapshot::SnapshotArticle)| {
            article.entry.decision.verdict.relation.kind == kind
        };
        desk.newest(None).filter(of).count()
    };
    for (kind, count) in desk.kinds() {
        let kind = Kind::ALL.into_iter().find(|k| k.as_str() == kind).unwrap();
        assert_eq!(by_kind(kind), count as usize, "{kind:?}");
    }
}

/// A snapshot that is updated on its own thread and compared every 20 commits.
struct ThreadedMirror {
    /// The thread that updates the snapshot.
    thread: SnapshotThread,
    desks: Arc<Snapshots>,
    commits: usize,
    /// Comparisons so far, plus 1,000 once the snapshot was emptied at the end.
    comparisons: Arc<AtomicUsize>,
}

impl ThreadedMirror {
    /// Waits until the snapshot satisfies `wanted`.
    fn until(&mut self, memory: Option<&ShardState>, wanted: impl Fn(&Snapshot) -> bool) {
        let since = Instant::now();
        while !wanted(&self.desks.of(0).unwrap()) {
            assert!(since.elapsed() < Duration::from_secs(30), "the snapshot did not catch up");
            if let Some(memory) = memory {
                self.thread.catch_up(&memory.state, memory.position.sequence);
            }
            std::thread::yield_now();
        }
    }
}

impl Observer for ThreadedMirror {
    fn phase(&mut self, phase: Phase) {
        if phase == Phase::Stopping {
            self.thread.forget();
            self.until(None, |desk| desk.is_empty() && desk.clock.is_none());
            self.comparisons.fetch_add(1_000, Ordering::Relaxed);
        }
    }

    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, _: EventTime) {
        let (touched, sequence) = (std::mem::take(&mut memory.touched), memory.position.sequence);
        let times = if self.commits.is_multiple_of(40) { 200 } else { 1 };
        self.thread.follow(&memory.state, touched, batch.map(CommittedBatch::of), sequence);
        // Sends more steps than the queue holds: some are dropped, and later ones make up for them.
        for _ in 1..times {
            self.thread.follow(&memory.state, TouchedIds::default(), None, sequence);
        }
        self.commits += 1;
        if self.commits.is_multiple_of(20) {
            let everything = TouchedIds::everything();
            let desks = Snapshots::new(1);
            SnapshotBuilder::new(0, desks.clone()).follow(
                &memory.state,
                everything,
                None,
                sequence,
            );
            let want = contents(&desks.of(0).unwrap());
            self.until(Some(memory), |desk| contents(desk) == want);
            self.comparisons.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_snapshot_on_its_own_thread_equals_a_full_build() {
    let (desks, comparisons) = (Snapshots::new(1), Arc::new(AtomicUsize::new(0)));
    let thread = SnapshotThread::start(0, desks.clone(), &Faults::default()).unwrap();
    let apart =
        Box::new(ThreadedMirror { thread, desks, commits: 0, comparisons: comparisons.clone() });
    let shared = world(&inputs(25, 260), Delivery::ExactlyOnce);
    let (wakes, setup) = (shared.wakes(), setup(Delivery::ExactlyOnce));
    Pipeline::new(setup, shared.clone(), shared.clone(), apart).run(&wakes).unwrap();
    let comparisons = comparisons.load(Ordering::Relaxed);
    assert!(comparisons > 1_002, "too few comparisons, or not emptied at the end: {comparisons}");
}
