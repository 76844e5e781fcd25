//! Learned boilerplate: whole paragraphs, lines and datelines at the edges of articles that have
//! nothing else in common.
//!
//! In: hashes of edge pieces that the state machine has found to be boilerplate by comparing the
//! articles that carry them. Out: whether a piece is known. Each learned piece has its own state
//! record and outlives its carriers. A piece not seen for `keep` is no longer known. When
//! `learned_max` is reached, the piece not seen for the longest time is forgotten.
//!
//! Example: once five unrelated articles (`roots_min`) have ended with "Seltzwire is owned by its
//! readers.", the paragraph is learned, and new articles that carry it are compared without it.
//!
//! Invariant FU-1: the set of known pieces is a function of the records and the time.
//!
//! Deliberately absent: learning single sampled hashes. An estimate showed little gain, and the
//! formula rule of `verdict` finds as many cases without state or delay.
//!
//! Cost: a few dozen bytes per learned piece, and one lookup per piece of a new article. The record
//! of a piece that keeps occurring is rewritten at most once a day.

use crate::article::{EventTime, Span};
use std::collections::BTreeMap;

/// How boilerplate is learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Number of unrelated articles that must carry a piece; 0 turns learning off. A piece in the
    /// first third of a text needs stronger evidence: only the second and later carriers of each
    /// provider are counted, and they may be one fewer than this number; and one provider must have
    /// sent more than half of this number.
    pub roots_min: u8,
    /// Minimum number of plain words that a carrier must have outside the piece.
    pub own_words_min: u32,
    /// Two carriers are related if, outside the piece, they share at least this part of their
    /// samples.
    pub related: f64,
    /// How long a piece stays known after it was last seen.
    pub keep: Span,
    /// Maximum number of known pieces.
    pub learned_max: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            roots_min: 5,
            own_words_min: 20,
            related: 0.1,
            keep: Span::hours(24 * 30),
            learned_max: 4_096,
        }
    }
}

/// Minimum interval between two updates of a piece's last-seen time.
const TOUCH: Span = Span::hours(24);

/// The learned pieces, by hash.
#[derive(Debug)]
pub struct LearnedBoilerplate {
    /// How long a piece stays known after it was last seen.
    keep: Span,
    /// Maximum number of pieces stored.
    learned_max: usize,
    /// When each piece was last seen, accurate to [`TOUCH`].
    seen: BTreeMap<u64, EventTime>,
    /// Changes since the last [`take_changes`](Self::take_changes); `None` means forgotten.
    changes: Vec<(u64, Option<EventTime>)>,
}

impl LearnedBoilerplate {
    /// Creates an empty set.
    pub fn new(settings: &Tuning) -> Self {
        Self {
            keep: settings.keep,
            learned_max: settings.learned_max as usize,
            seen: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// Number of pieces stored, including expired ones, which [`knows`](Self::knows) ignores.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Approximate bytes in use, assuming that the nodes of the map are two thirds full.
    pub fn bytes(&self) -> usize {
        self.seen.len() * size_of::<(u64, EventTime)>() * 3 / 2
            + self.changes.capacity() * size_of::<(u64, Option<EventTime>)>()
    }

    /// Whether no pieces are stored.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether the piece is known at `now`: stored and seen within `keep`.
    pub fn knows(&self, hash: u64, now: EventTime) -> bool {
        self.seen.get(&hash).is_some_and(|&seen| now.since(seen) <= self.keep)
    }

    /// Learns a piece, or updates the last-seen time of a stored one.
    ///
    /// Cost: logarithmic; linear in the number of pieces when the set is full.
    pub fn record_sighting(&mut self, hash: u64, now: EventTime) {
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

    /// Forgets a piece, for example because an article consists of nothing else.
    pub fn forget(&mut self, hash: u64) {
        if self.seen.remove(&hash).is_some() {
            self.changes.push((hash, None));
        }
    }

    /// Restores a piece from its record.
    pub fn restore(&mut self, hash: u64, seen: EventTime) {
        self.seen.insert(hash, seen);
    }

    /// Applies another instance's removal of a record. Not reported by
    /// [`take_changes`](Self::take_changes).
    pub fn follow_removal(&mut self, hash: u64) {
        self.seen.remove(&hash);
    }

    /// Returns the changes since the last call: piece hashes with the time they were last seen, or
    /// `None` if forgotten.
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
    fn a_piece_not_seen_for_keep_is_no_longer_known() {
        let mut known =
            LearnedBoilerplate::new(&Tuning { keep: Span::hours(48), ..Tuning::default() });
        known.record_sighting(7, at(0));
        assert!(known.knows(7, at(48)) && !known.knows(7, at(49)) && !known.knows(8, at(0)));
        known.record_sighting(7, at(10));
        known.record_sighting(7, at(30));
        assert!(known.knows(7, at(78)));
        assert_eq!(
            known.take_changes(),
            [(7, Some(at(0))), (7, Some(at(30)))],
            "at most one update a day"
        );
        known.forget(7);
        assert_eq!(known.take_changes(), [(7, None)]);
    }

    #[test]
    fn a_full_set_forgets_the_piece_not_seen_for_the_longest_time() {
        let mut known = LearnedBoilerplate::new(&Tuning { learned_max: 2, ..Tuning::default() });
        for (hash, hours) in [(1, 0), (2, 1), (1, 30), (3, 31)] {
            known.record_sighting(hash, at(hours));
        }
        let left: Vec<bool> = [1, 2, 3].map(|h| known.knows(h, at(31))).into();
        assert_eq!(left, [true, false, true]);
        assert_eq!(known.len(), 2);
    }
}
