//! Who may lead a story: the ranks of its members, in order.
//!
//! Most stories are small, and an ordered list of them takes a third of what a tree does.

use super::lead::Rank;
use std::collections::BTreeSet;

/// Ranks up to which a list is kept.
const LISTED: usize = 32;

/// Ranks, each once.
#[derive(Debug)]
pub(super) enum RankSet {
    /// In order.
    Few(Vec<Rank>),
    Many(BTreeSet<Rank>),
}

impl Default for RankSet {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl RankSet {
    pub(super) fn insert(&mut self, rank: Rank) {
        match self {
            Self::Few(few) if few.len() < LISTED => {
                if let Err(at) = few.binary_search(&rank) {
                    few.reserve_exact(1);
                    few.insert(at, rank);
                }
            }
            Self::Few(few) => {
                let all = std::mem::take(few).into_iter().chain([rank]);
                *self = Self::Many(all.collect());
            }
            Self::Many(many) => {
                many.insert(rank);
            }
        }
    }

    pub(super) fn remove(&mut self, rank: Rank) {
        match self {
            Self::Few(few) => {
                if let Ok(at) = few.binary_search(&rank) {
                    few.remove(at);
                }
            }
            Self::Many(many) => {
                many.remove(&rank);
            }
        }
    }

    /// The highest.
    pub(super) fn last(&self) -> Option<Rank> {
        match self {
            Self::Few(few) => few.last().copied(),
            Self::Many(many) => many.last().copied(),
        }
    }

    /// Takes in those of another.
    pub(super) fn extend(&mut self, other: Self) {
        match other {
            Self::Few(few) => few.into_iter().for_each(|rank| self.insert(rank)),
            Self::Many(many) => many.into_iter().for_each(|rank| self.insert(rank)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::Sequence;
    use proptest::prelude::*;
    use std::cmp::Reverse;

    proptest! {
        /// The naive twin: a set.
        #[test]
        fn ranks_are_a_set(steps in prop::collection::vec((0u8..3, 0u64..60), 1..150)) {
            let (mut ranks, mut naive) = (RankSet::default(), BTreeSet::new());
            for (at, (step, n)) in steps.into_iter().enumerate() {
                let rank: Rank = ((n % 3) as u8, 1, 7, Reverse(Sequence(n)));
                match step {
                    0 if at % 3 == 0 => {
                        ranks.remove(rank);
                        naive.remove(&rank);
                    }
                    1 if at % 9 == 0 => {
                        let mut whole = RankSet::default();
                        whole.insert(rank);
                        whole.extend(std::mem::take(&mut ranks));
                        ranks = whole;
                        naive.insert(rank);
                    }
                    _ => {
                        ranks.insert(rank);
                        naive.insert(rank);
                    }
                }
                prop_assert_eq!(ranks.last(), naive.last().copied());
            }
        }
    }
}
