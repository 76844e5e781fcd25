//! Judges the records that a deployment left on the broker. The checker is independent of the
//! daemon: it reads with another client and relies only on what the daemon promises.
//!
//! Input: every record of the input, outputs and changelog ([`Found`]), and the deployment's
//! settings ([`Rules`]). Output: a [`Verdict`] with counts and every breach of a [`Law`].
//!
//! ```text
//! changelog -> journals -> chain: no gap, no overlap, the whole input is covered
//!                       -> engine replay in journal order -> expected records == actual records
//! outputs   -> ids, sequences, every input item classified or rejected once
//! ```
//!
//! The results of the replay are compared byte for byte with the outputs and with the engine state
//! in the changelog. The other checks use the records alone.

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

/// All records of a deployment, read from the broker.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) input: Vec<Record>,
    /// The changelog.
    pub(crate) state: Vec<Record>,
    /// The records of the topics in [`OUTPUTS`].
    pub(crate) outputs: BTreeMap<Role, Vec<Record>>,
}

/// The output topics, without the changelog.
pub(crate) const OUTPUTS: [Role; 4] = [Role::Events, Role::Stories, Role::Unique, Role::Rejected];

/// The settings of a deployment, which determine what its records must look like.
pub(crate) struct Rules {
    pub(crate) config: Config,
    /// Size of the largest record that the reject topic accepts.
    pub(crate) reject_bytes_max: usize,
}

impl Rules {
    /// Rules for a reject topic with the default limit of 1 MiB.
    pub(crate) fn new(config: Config) -> Self {
        Self { config, reject_bytes_max: 1 << 20 }
    }

    fn exactly_once(&self) -> bool {
        self.config.delivery == Delivery::ExactlyOnce
    }

    fn map(&self) -> ShardMap {
        ShardMap::new(&self.config.input.topic, &self.config.shards)
            .expect("the shard map is valid")
    }
}

/// A property that the records of a deployment must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Law {
    /// The journals cover the whole input without gaps or overlaps.
    Chain,
    /// Every input item is either classified or rejected, exactly once.
    Answered,
    /// Event ids are unique.
    Ids,
    /// `sequence` counts the events of a shard from 0 and increases within a key.
    Order,
    /// The output records equal, byte for byte, those of the engine replay; none is missing.
    Same,
    /// The engine state in the changelog equals the state after the replay.
    Memory,
    /// Each batch is visible either in all topics or in none, and was written by one owner.
    Whole,
}

/// A law that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach {
    pub(crate) law: Law,
    pub(crate) how: String,
}

/// Counts, and all breaches.
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

    /// The laws that were broken, without duplicates.
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

/// Judges a deployment that has processed its whole input.
pub(crate) fn check(found: &Found, rules: &Rules) -> Verdict {
    let mut verdict = Verdict { records: found.input.len(), ..Verdict::default() };
    answers::check(found, rules, &mut verdict);
    let map = Arc::new(rules.map());
    let mut expected = twins::Said::default();
    for shard in 0..map.shards() {
        let slice = ShardFilter { map: map.clone(), shard };
        let log = journals::Log::read(&found.state, &slice, rules, &mut verdict);
        log.check(&found.input, &slice, rules, &mut verdict);
        verdict.batches += log.journals.len();
        replay::run(&log, &found.input, &slice, rules, &mut expected, &mut verdict);
    }
    attempts::check(found, rules, &mut verdict);
    twins::check(found, expected, rules, &mut verdict);
    verdict
}
