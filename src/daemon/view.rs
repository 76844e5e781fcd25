//! Read views: what others may see of a shard.
//!
//! In: a new view from the shard's pipeline after each commit. Out: the newest one, for whoever
//! asks, without a lock and without touching the engine. A view is immutable; who holds one keeps it
//! as it was.
//!
//! Cost: an allocation and a pointer swap a commit; a view is a few hundred bytes, whatever is live.

use super::pipeline::Phase;
use super::pipeline::broker::Partition;
use crate::engine::article::{EventTime, Span};
use arc_swap::ArcSwap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The views of all shards.
#[derive(Debug)]
pub struct Views(Vec<ArcSwap<ShardView>>);

/// What can be seen of a shard.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ShardView {
    /// Where its pipeline stands; `None` before it runs.
    pub phase: Option<Phase>,
    /// The last batch committed.
    pub batch: u64,
    /// Events published so far.
    pub sequence: u64,
    /// The engine's clock; `None` before the first article.
    pub clock: Option<EventTime>,
    /// When the last batch was committed here.
    pub committed: Option<EventTime>,
    /// Articles in the window.
    pub live_articles: usize,
    /// Stories that are open.
    pub live_stories: usize,
    /// Memory held for them.
    pub state_bytes: usize,
    /// The input partitions: the next offset, and how many records wait, where that is known.
    pub inputs: BTreeMap<Partition, (i64, Option<u64>)>,
    /// How far the input applied lies behind the wall clock while more waits.
    pub age: Span,
    /// The last restore: records of the changelog, and how long it took.
    pub restored: Option<(u64, Duration)>,
}

impl Views {
    /// Views of `shards` shards, of which nothing is known yet.
    pub fn new(shards: u32) -> Arc<Self> {
        Arc::new(Self((0..shards).map(|_| ArcSwap::default()).collect()))
    }

    /// The newest view of every shard, by shard.
    pub fn all(&self) -> Vec<Arc<ShardView>> {
        self.0.iter().map(ArcSwap::load_full).collect()
    }

    /// Publishes the view of one shard.
    pub(super) fn publish(&self, shard: u32, view: ShardView) {
        if let Some(slot) = self.0.get(shard as usize) {
            slot.store(Arc::new(view));
        }
    }

    /// Why this instance is not ready; empty when every shard is in step or another's.
    pub fn unready(&self) -> Vec<String> {
        let why = |(shard, view): (usize, &ArcSwap<ShardView>)| {
            let says = match view.load().phase {
                Some(Phase::Running | Phase::Standby) => return None,
                None => "waiting for the broker and its topics".into(),
                Some(Phase::Idle) => "waiting for the group".into(),
                Some(Phase::Restoring(records)) => {
                    format!("restoring, {records} records of the changelog read")
                }
                Some(Phase::Recovering) => "recovering from trouble with the broker".into(),
                Some(Phase::Stopping) => "stopping".into(),
            };
            Some(format!("shard {shard}: {says}"))
        };
        self.0.iter().enumerate().filter_map(why).collect()
    }
}
