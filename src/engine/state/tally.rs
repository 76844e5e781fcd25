//! What happened inside since it was last asked, counted: for telemetry, never for a decision.
//!
//! Bounded: one counter for each number of candidates that there can be.

/// Counts since the last [`State::take_tally`](super::State::take_tally).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Articles that left because the window had passed them.
    pub aged_out: u64,
    /// Articles that left early because of `live_articles_max`.
    pub crowded_out: u64,
    /// Postings that left early because of `postings_per_hash_max` or `equal_per_hash_max`.
    pub postings_dropped: u64,
    /// Articles from which learned furniture was taken off.
    pub unwrapped: u64,
    /// Identities that left early because of `identities_max`.
    pub identities_crowded_out: u64,
    /// Articles under embargo that are never passed on because of `embargoed_max`.
    pub embargoes_dropped: u64,
    /// Articles that are not found by their slug, or notices by a name, any more because of `bearers_max`.
    pub bearers_dropped: u64,
    /// Versions of withdrawn articles that nobody was searched for because of `versions_searched_max`.
    pub versions_unsearched: u64,
    /// Carriers that no event names because there are too many.
    pub carriers_unnamed: u64,
    /// At index n: articles that had n candidates.
    pub candidates: Vec<u64>,
}

impl Tally {
    pub(super) fn had_candidates(&mut self, count: usize) {
        if self.candidates.len() <= count {
            self.candidates.resize(count + 1, 0);
        }
        self.candidates[count] += 1;
    }
}
