//! The outcome of one call of [`State::apply`](super::State::apply) or
//! [`State::tick`](super::State::tick).
//!
//! All sizes are bounded: an outcome by the effects of one article, added-up [`TouchedIds`] by
//! `TOUCHED_MAX`, and an added-up [`Tally`] by the largest possible number of candidates.

use super::{LiftedEmbargo, RecordChange};
use crate::article::Sequence;
use crate::candidates::Candidate;
use crate::event::Event;
use crate::stories::StoryId;
use crate::verdict::Relation;
use std::collections::BTreeSet;

/// The outcome of one article or tick.
#[derive(Debug, Clone, PartialEq, Default)]
#[must_use = "changes that are not written are lost"]
pub struct Outcome {
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The records that changed, oldest change first; a key may occur more than once.
    pub changes: Vec<RecordChange>,
    /// The articles whose embargo has ended, in the order in which the embargoes ended.
    pub lifted: Vec<LiftedEmbargo>,
    /// Counts for telemetry.
    pub tally: Tally,
    /// The ids that read views have to update.
    pub touched: TouchedIds,
}

/// Counts for telemetry; decisions never depend on them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Articles that left the window because of their age.
    pub aged_out: u64,
    /// Articles that left the window early because of `live_articles_max`.
    pub crowded_out: u64,
    /// Postings that left candidate lists early because of `postings_per_hash_max` or
    /// `equal_per_hash_max`.
    pub postings_dropped: u64,
    /// Articles from which learned boilerplate was removed.
    pub boilerplate_removed: u64,
    /// Identities that were removed early because of `identities_max`.
    pub identities_crowded_out: u64,
    /// Embargoed articles that are never published to the unique topic because of `embargoed_max`.
    pub embargoes_dropped: u64,
    /// Articles no longer found by slug, and notices no longer found by uri or name, because of
    /// `bearers_max`.
    pub bearers_dropped: u64,
    /// Versions of withdrawn articles whose carriers were not searched for because of
    /// `versions_searched_max`.
    pub versions_unsearched: u64,
    /// Carriers that no event names because there are too many.
    pub carriers_unnamed: u64,
    /// At index n: the number of articles that had n candidates.
    pub candidates: Vec<u64>,
    /// How the candidates were found.
    pub found: CandidateSources,
}

/// Numbers of live earlier articles found for new articles, by how they were found. An article that
/// was found in two ways counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CandidateSources {
    /// Candidates that share samples with the new article.
    pub samples: u64,
    /// Candidates with an equal content hash or masked hash.
    pub content: u64,
    /// Articles that are not candidates but that the verdict refers to, found by a uri, a link, a
    /// name or the chain of a candidate.
    pub links: u64,
}

impl CandidateSources {
    /// Counts what was found for one article: its candidates, and the article that its verdict
    /// refers to.
    pub(super) fn add_article(&mut self, candidates: &[Candidate], relation: &Relation) {
        let count = |found: fn(&Candidate) -> bool| {
            candidates.iter().filter(|candidate| found(candidate)).count() as u64
        };
        self.samples += count(|candidate| candidate.shared > 0);
        self.content += count(|candidate| candidate.equal);
        let target = relation.of.as_ref().and_then(|of| of.sequence);
        let is_candidate = |of| candidates.iter().any(|candidate| candidate.sequence == of);
        self.links += u64::from(target.is_some_and(|of| !is_candidate(of)));
    }

    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        self.content += other.content;
        self.links += other.links;
    }
}

impl Tally {
    /// Counts one article with this number of candidates.
    pub(super) fn had_candidates(&mut self, count: usize) {
        if self.candidates.len() <= count {
            self.candidates.resize(count + 1, 0);
        }
        self.candidates[count] += 1;
    }

    /// Adds the counts of another call.
    pub fn add(&mut self, other: &Self) {
        self.aged_out += other.aged_out;
        self.crowded_out += other.crowded_out;
        self.postings_dropped += other.postings_dropped;
        self.boilerplate_removed += other.boilerplate_removed;
        self.identities_crowded_out += other.identities_crowded_out;
        self.embargoes_dropped += other.embargoes_dropped;
        self.bearers_dropped += other.bearers_dropped;
        self.versions_unsearched += other.versions_unsearched;
        self.carriers_unnamed += other.carriers_unnamed;
        self.found.add(&other.found);
        let known = self.candidates.len().max(other.candidates.len());
        self.candidates.resize(known, 0);
        self.candidates.iter_mut().zip(&other.candidates).for_each(|(sum, count)| *sum += count);
    }
}

/// Maximum number of ids listed.
const TOUCHED_MAX: usize = 100_000;

/// The ids that a call touched, for read views; decisions never depend on them. They include
/// articles whose validity changed, and stories that changed, opened or ended. Arrivals and
/// departures of articles follow from [`State::window`](super::State::window).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedIds {
    /// Whether any id may have been touched: true after a restore, or if there were too many ids to
    /// keep.
    pub everything: bool,
    /// Articles whose validity changed, or whose record was replaced.
    pub articles: BTreeSet<Sequence>,
    /// Stories whose state or members changed, or that have ended.
    pub stories: BTreeSet<StoryId>,
}

impl TouchedIds {
    /// The value for calls that may have touched any id.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    pub(super) fn article(&mut self, sequence: Sequence) {
        if !self.everything {
            self.articles.insert(sequence);
            self.bound();
        }
    }

    pub(super) fn story(&mut self, story: StoryId) {
        if !self.everything {
            self.stories.insert(story);
            self.bound();
        }
    }

    /// Adds the ids that another call touched.
    pub fn add(&mut self, other: Self) {
        if other.everything {
            *self = other;
        } else if !self.everything {
            self.articles.extend(other.articles);
            self.stories.extend(other.stories);
            self.bound();
        }
    }

    fn bound(&mut self) {
        if self.articles.len() + self.stories.len() > TOUCHED_MAX {
            *self = Self::everything();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::ArticleKey;
    use crate::verdict::RelationTarget;

    #[test]
    fn too_many_ids_count_as_everything() {
        let mut touched = TouchedIds::default();
        for n in 0..TOUCHED_MAX as u64 {
            touched.article(Sequence(n));
        }
        assert_eq!((touched.everything, touched.articles.len()), (false, TOUCHED_MAX));
        touched.article(Sequence(0));
        assert!(!touched.everything, "an id is stored once");
        touched.story(StoryId::new(1));
        assert_eq!(touched, TouchedIds::everything());
        touched.story(StoryId::new(2));
        assert!(touched.stories.is_empty(), "no ids are kept beside `everything`");
        let mut sum = TouchedIds::default();
        let mut other = TouchedIds::default();
        other.story(StoryId::new(3));
        sum.add(other.clone());
        assert_eq!(sum, other);
        sum.add(touched);
        sum.add(other);
        assert_eq!(sum, TouchedIds::everything());
    }

    #[test]
    fn tallies_add_up() {
        let mut sum = Tally::default();
        sum.had_candidates(2);
        let mut other = Tally { aged_out: 3, ..Tally::default() };
        other.had_candidates(0);
        other.had_candidates(3);
        sum.add(&other);
        sum.add(&other);
        assert_eq!((sum.aged_out, sum.candidates), (6, vec![2, 0, 1, 2]));
    }

    #[test]
    fn a_candidate_counts_for_each_way_in_which_it_was_found() {
        let candidate = |n, shared, equal| Candidate { sequence: Sequence(n), shared, equal };
        let candidates = [candidate(1, 4, false), candidate(2, 9, true), candidate(3, 0, true)];
        let of = |sequence: Option<u64>| {
            let key = ArticleKey { uri: "n:1".into(), version: None };
            let of = RelationTarget { sequence: sequence.map(Sequence), key }.into();
            Relation { of: Some(of), ..Relation::default() }
        };
        let mut sum = Tally::default();
        for (relation, links) in
            [(Relation::default(), 0), (of(Some(2)), 0), (of(None), 0), (of(Some(7)), 1)]
        {
            let mut tally = Tally::default();
            tally.found.add_article(&candidates, &relation);
            let want = CandidateSources { samples: 2, content: 2, links };
            assert_eq!(tally.found, want, "{relation:?}");
            sum.add(&tally);
        }
        assert_eq!(sum.found, CandidateSources { samples: 8, content: 8, links: 1 });
    }
}
