//! The edge pieces that were learned to be furniture: whole paragraphs, lines and datelines that stand
//! around texts which have nothing else in common.
//!
//! In: hashes of pieces, judged by the state machine, which sees the articles that carry them. Out:
//! whether a piece is known. What was learned is a record of its own and outlives its carriers; what
//! has not been seen for `keep` is forgotten, and of more than `learned_max` the one that was not seen
//! for longest.
//!
//! Invariant FU-1: what is known is a function of the records and the time.
//!
//! Deliberately absent: single sampled hashes that are learned once unrelated texts have held them for a
//! day. What they would bring was estimated on the candidates of each article (runs that three roots, 24
//! hours apart, hold): 74 of 1,396 partial copies in a wire of 11,772 reports over months, no copy and no
//! labelled pair, nothing in a feed of hours. Formulas, in `relation`, take as many without waiting
//! and without a state.
//!
//! Cost: a few dozen bytes a learned piece, one look-up a piece of a new article. A piece that is seen
//! is written again once a day at most.

use crate::article::{EventTime, Span};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How furniture is learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Unrelated articles that must carry a piece; 0 learns nothing. In the first third of a text each
    /// provider's first one does not count, and one provider must have more than half of as many.
    pub roots_min: u8,
    /// The most carriers that are looked at, the newest.
    pub carriers_max: u8,
    /// Plain words that a carrier must have beside the piece.
    pub own_words_min: u32,
    /// Share of two carriers' other samples from which they are related.
    pub related: f64,
    /// How long a piece that is not seen stays known.
    pub keep: Span,
    /// The most pieces that are known.
    pub learned_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roots_min: 5,
            carriers_max: 64,
            own_words_min: 20,
            related: 0.1,
            keep: Span::hours(24 * 30),
            learned_max: 4_096,
        }
    }
}

/// How often a piece that is seen is written again.
const TOUCH: Span = Span::hours(24);

/// The pieces that are known.
#[derive(Debug)]
pub struct LearnedBoilerplate {
    keep: Span,
    learned_max: usize,
    /// When each was last seen, to a day.
    seen: BTreeMap<u64, EventTime>,
    changes: Vec<(u64, Option<EventTime>)>,
}

impl LearnedBoilerplate {
    /// None yet.
    pub fn new(settings: &Settings) -> Self {
        Self {
            keep: settings.keep,
            learned_max: settings.learned_max as usize,
            seen: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// How many pieces are known, those included that are forgotten when they are next looked for.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether a piece is known at `now`.
    pub fn knows(&self, hash: u64, now: EventTime) -> bool {
        self.seen.get(&hash).is_some_and(|&seen| now.since(seen) <= self.keep)
    }

    /// Learns a piece, or notes that a known one was seen.
    pub fn see(&mut self, hash: u64, now: EventTime) {
        match self.seen.get_mut(&hash) {
            Some(seen) if now.since(*seen) <= TOUCH => return,
            Some(seen) => *seen = now,
            None => {
                if self.seen.len() >= self.learned_max
                    && let Some((_, oldest)) = self.seen.iter().map(|(h, t)| (*t, *h)).min()
                {
                    self.forget(oldest);
                }
                self.seen.insert(hash, now);
            }
        }
        self.changes.push((hash, Some(now)));
    }

    /// Forgets a piece: it stood as an article of its own.
    pub fn forget(&mut self, hash: u64) {
        if self.seen.remove(&hash).is_some() {
            self.changes.push((hash, None));
        }
    }

    /// Puts back what a record says.
    pub fn remember(&mut self, hash: u64, seen: EventTime) {
        self.seen.insert(hash, seen);
    }

    /// Follows a record that another instance removed.
    pub fn drop_record(&mut self, hash: u64) {
        self.seen.remove(&hash);
    }

    /// What changed since the last call: a piece and when it was seen, `None` where it is forgotten.
    pub fn take_changes(&mut self) -> Vec<(u64, Option<EventTime>)> {
        std::mem::take(&mut self.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> EventTime {
        EventTime(0).plus(Span::hours(hours))
    }

    #[test]
    fn what_is_not_seen_is_forgotten() {
        let mut known =
            LearnedBoilerplate::new(&Settings { keep: Span::hours(48), ..Settings::default() });
        known.see(7, at(0));
        assert!(known.knows(7, at(48)) && !known.knows(7, at(49)) && !known.knows(8, at(0)));
        known.see(7, at(10));
        known.see(7, at(30));
        assert!(known.knows(7, at(78)));
        assert_eq!(known.take_changes(), [(7, Some(at(0))), (7, Some(at(30)))], "once a day");
        known.forget(7);
        assert_eq!(known.take_changes(), [(7, None)]);
    }

    #[test]
    fn the_bound_drops_what_was_not_seen_for_longest() {
        let mut known =
            LearnedBoilerplate::new(&Settings { learned_max: 2, ..Settings::default() });
        for (hash, hours) in [(1, 0), (2, 1), (1, 30), (3, 31)] {
            known.see(hash, at(hours));
        }
        let left: Vec<bool> = [1, 2, 3].map(|h| known.knows(h, at(31))).into();
        assert_eq!(left, [true, false, true]);
        assert_eq!(known.len(), 2);
    }
}
