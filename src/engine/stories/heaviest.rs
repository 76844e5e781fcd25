//! Chooses the terms of an article that are kept, and those under which it is listed: in each
//! channel, the heaviest terms by the current frequencies.

use super::Settings;
use super::frequencies::{Frequencies, Weights};
use super::terms::{Channel, LISTED, Term, Terms};

impl Terms {
    /// The terms that are kept: in each channel, the heaviest by the current frequencies. The
    /// article is listed under the heaviest of the kept terms.
    pub(super) fn cut(
        &self,
        frequencies: &Frequencies,
        weights: &Weights,
        settings: &Settings,
    ) -> Self {
        Self::new(Channel::ALL.map(|channel| {
            let at = channel as usize;
            // The heaviest terms have the lowest ranks; equally heavy ones are ordered by id.
            let rank = |&term: &Term| {
                let weight = u64::from(frequencies.weight(weights, channel, term.id()));
                let q = u64::from(term.q());
                u64::from(u32::MAX).saturating_sub(q * q * weight) << 32 | u64::from(term.0)
            };
            let mut ranks: Vec<u64> = self.channel(channel).iter().map(rank).collect();
            lowest(&mut ranks, settings.tuning.terms_max[at] as usize);
            ranks.truncate(settings.tuning.terms_max[at] as usize);
            let listed = settings.tuning.terms_listed[at] as usize;
            lowest(&mut ranks, listed);
            let kept = ranks.iter().map(|&rank| rank as u32 & !LISTED);
            let listed = kept.clone().take(listed).map(|term| Term(term | LISTED));
            let others = kept.skip(listed.len()).map(Term);
            let mut terms: Vec<Term> = listed.chain(others).collect();
            terms.sort_unstable();
            terms
        }))
    }
}

/// Moves the `most` lowest ranks to the front, in no particular order.
fn lowest(ranks: &mut [u64], most: usize) {
    if most > 0 && most < ranks.len() {
        ranks.select_nth_unstable(most - 1);
    }
}
