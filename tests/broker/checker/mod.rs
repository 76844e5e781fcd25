//! Judges what a deployment left on the broker. It is not the daemon: it reads with another client,
//! and knows of the daemon only what it promises.
//!
//! In: every record of input, outputs and changelog ([`Found`]), and what the deployment was told
//! ([`Rules`]). Out: a [`Verdict`]: what was counted, and every breach of a [`Law`].
//!
//! ```text
//! changelog -> journals -> chain: no gap, no overlap, all of the input
//!                       -> the pure engine in journal order -> expected records == found records
//! outputs   -> ids, sequences, one answer for every input item
//! ```
//!
//! The engine's run is compared byte for byte, with the outputs and with the memory in the
//! changelog; everything else is judged from the records alone.

mod answers;
mod attempts;
mod journals;
mod replay;
mod twins;

use crate::outside::Record;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use wirefold::config::Config;
use wirefold::daemon::pipeline::Delivery;
use wirefold::daemon::pipeline::broker::Role;
use wirefold::daemon::pipeline::shards::{ShardFilter, ShardMap};

/// Everything found of a deployment.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) input: Vec<Record>,
    pub(crate) state: Vec<Record>,
    /// Events, stories, unique feed, rejects.
    pub(crate) outputs: BTreeMap<Role, Vec<Record>>,
}

/// The output topics, the changelog apart.
pub(crate) const OUTPUTS: [Role; 4] = [Role::Events, Role::Stories, Role::Unique, Role::Rejected];

/// What a deployment was told.
pub(crate) struct Rules {
    pub(crate) config: Config,
    /// What a record of the reject topic may hold.
    pub(crate) reject_bytes_max: usize,
}

impl Rules {
    /// Rules for topics of the usual size.
    pub(crate) fn new(config: Config) -> Self {
        Self { config, reject_bytes_max: 1 << 20 }
    }

    fn exactly_once(&self) -> bool {
        self.config.delivery == Delivery::ExactlyOnce
    }

    fn map(&self) -> ShardMap {
        ShardMap::new(&self.config.input.topic, &self.config.shards).expect("the map is sound")
    }
}

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    /// Journals follow one another without gap or overlap, and cover the whole input.
    Chain,
    /// Every input item is classified or rejected, exactly once.
    Answered,
    /// Ids are unique.
    Ids,
    /// `sequence` counts the events of a shard from 0, and never falls within a key.
    Order,
    /// Every record is, byte for byte, what the engine says in journal order; none is missing.
    Same,
    /// The changelog holds what the engine remembers.
    Memory,
    /// Readers see each batch in all topics or in none, and written by one owner.
    Whole,
}

/// A law and how it was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) law: Law,
    pub(crate) how: String,
}

/// What was counted, and what was broken.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) records: usize,
    pub(crate) classified: usize,
    pub(crate) rejected: usize,
    pub(crate) events: usize,
    pub(crate) batches: usize,
    pub(crate) breaches: Vec<Breach>,
}

impl Verdict {
    fn broken(&mut self, law: Law, how: impl fmt::Display) {
        self.breaches.push(Breach { law, how: how.to_string() });
    }

    /// The laws broken, each once.
    pub(crate) fn laws(&self) -> Vec<Law> {
        let mut laws: Vec<Law> = self.breaches.iter().map(|breach| breach.law).collect();
        laws.sort_unstable();
        laws.dedup();
        laws
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{} input records, {} classified, {} rejected, {} events, {} batches, {} breaches",
            self.records,
            self.classified,
            self.rejected,
            self.events,
            self.batches,
            self.breaches.len()
        )?;
        self.breaches.iter().take(20).try_for_each(|b| writeln!(out, "{:?}: {}", b.law, b.how))
    }
}

/// Judges a deployment whose input is through.
pub(crate) fn check(found: &Found, rules: &Rules) -> Verdict {
    let mut verdict = Verdict { records: found.input.len(), ..Verdict::default() };
    answers::check(found, rules, &mut verdict);
    let map = Arc::new(rules.map());
    let mut said = twins::Said::default();
    for shard in 0..map.shards() {
        let slice = ShardFilter { map: map.clone(), shard };
        let log = journals::Log::read(&found.state, &slice, rules, &mut verdict);
        log.check(&found.input, &slice, rules, &mut verdict);
        verdict.batches += log.journals.len();
        replay::run(&log, &found.input, &slice, rules, &mut said, &mut verdict);
    }
    attempts::check(found, rules, &mut verdict);
    twins::check(found, said, rules, &mut verdict);
    verdict
}
