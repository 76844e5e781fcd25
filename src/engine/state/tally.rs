//! Counts for telemetry since the last call; decisions never depend on them.
//!
//! Bounded: `candidates` has one counter for each possible number of candidates.

/// Counts since the last [`State::take_tally`](super::State::take_tally).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Articles that left because they were older than the window.
    pub aged_out: u64,
    /// Articles that left early because of `live_articles_max`.
    pub crowded_out: u64,
    /// Postings that left candidate lists early because of `postings_per_hash_max` or
    /// `equal_per_hash_max`.
    pub postings_dropped: u64,
    /// Articles from which learned boilerplate was removed.
    pub boilerplate_removed: u64,
    /// Identities that left early because of `identities_max`.
    pub identities_crowded_out: u64,
    /// Embargoed articles that are never published to the unique topic because of `embargoed_max`.
    pub embargoes_dropped: u64,
    /// Articles no longer found by slug, and notices no longer found by uri or name, because of
    /// `bearers_max`.
    pub bearers_dropped: u64,
    /// Versions of withdrawn articles whose carriers were not searched because of
    /// `versions_searched_max`.
    pub versions_unsearched: u64,
    /// Carriers that no event names because there are too many.
    pub carriers_unnamed: u64,
    /// At index n: the number of articles that had n candidates.
    pub candidates: Vec<u64>,
}

impl Tally {
    /// Counts one article with this number of candidates.
    pub(super) fn had_candidates(&mut self, count: usize) {
        if self.candidates.len() <= count {
            self.candidates.resize(count + 1, 0);
        }
        self.candidates[count] += 1;
    }
}
