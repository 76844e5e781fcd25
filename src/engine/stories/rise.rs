//! The growth of a story: a sum over its articles that fades with time.
//!
//! Each article that joins a story adds its weight: 1, or 1/4 for a copy (a duplicate, reprint or
//! excerpt), or nothing for a redelivery. A weight halves every hour. For example, four articles
//! that have just arrived and eight that arrived an hour ago give 8.0.
//!
//! The sum is an integer, so that it is the same on every machine. A weight of 1 is 2^32, and a
//! weight has faded completely after 32 half-lives. Adding an article takes about 20
//! multiplications.

use crate::article::EventTime;
use crate::verdict::Kind;
use serde::{Deserialize, Serialize};

/// Time in which a weight halves, in milliseconds.
const HALF_LIFE_MS: i64 = 3_600_000;
/// The weight of an article with text of its own.
const ONE: u64 = 1 << 32;
/// At index n: 2^32 times 2^(-1 / 2^(n+1)), the factor for that fraction of a half-life.
const FRACTIONS: [u32; 22] = [
    3_037_000_500,
    3_611_622_603,
    3_938_502_376,
    4_112_874_773,
    4_202_935_003,
    4_248_701_965,
    4_271_771_996,
    4_283_353_945,
    4_289_156_690,
    4_292_061_010,
    4_293_513_907,
    4_294_240_540,
    4_294_603_903,
    4_294_785_595,
    4_294_876_445,
    4_294_921_870,
    4_294_944_583,
    4_294_955_939,
    4_294_961_618,
    4_294_964_457,
    4_294_965_876,
    4_294_966_586,
];

/// The growth of a story at the time of its last article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rise {
    /// The sum of the weights, in units of 2^-32.
    sum: u64,
    /// When the sum had this value.
    at: EventTime,
}

/// The weight of an article of this kind when it arrives.
fn weight(kind: Kind) -> u64 {
    match kind {
        Kind::Redelivery => 0,
        Kind::Duplicate | Kind::Reprint | Kind::Excerpt => ONE / 4,
        _ => ONE,
    }
}

impl Rise {
    /// Whether no article has added anything yet, or the record was written before growth was
    /// recorded.
    pub(super) fn is_zero(self) -> bool {
        self.sum == 0
    }

    /// Adds an article that arrives at `now`. A redelivery changes nothing.
    pub fn add(&mut self, kind: Kind, now: EventTime) {
        match weight(kind) {
            0 => {}
            sum => *self = self.plus(Self { sum, at: now }),
        }
    }

    /// The growth of two stories together.
    pub(super) fn plus(self, other: Self) -> Self {
        match (self.sum, other.sum) {
            (_, 0) => self,
            (0, _) => other,
            _ => {
                let at = self.at.max(other.at);
                Self { sum: self.faded(at).saturating_add(other.faded(at)), at }
            }
        }
    }

    /// The sum at `clock`, in units of 2^-32.
    fn faded(self, clock: EventTime) -> u64 {
        let passed = clock.since(self.at).0.max(0);
        let halvings = passed / HALF_LIFE_MS;
        if halvings >= 64 {
            return 0;
        }
        // The part of a half-life that has passed, in units of 2^-22.
        let fraction = ((passed % HALF_LIFE_MS) << FRACTIONS.len()) / HALF_LIFE_MS;
        let mut sum = self.sum >> halvings;
        for (n, factor) in FRACTIONS.into_iter().enumerate() {
            if fraction >> (FRACTIONS.len() - 1 - n) & 1 == 1 {
                sum = ((u128::from(sum) * u128::from(factor)) >> 32) as u64;
            }
        }
        sum
    }

    /// Orders stories: a higher rank means faster growth. All weights fade at the same rate, so
    /// neither the order of two stories nor their ranks change while no articles arrive. The rank
    /// is the base 2 logarithm of the growth extrapolated to time 0, in millionths.
    pub fn rank(self) -> i64 {
        let halvings = self.at.0 as f64 / HALF_LIFE_MS as f64;
        (((self.sum as f64).log2() + halvings) * 1e6) as i64
    }

    /// The growth at `clock`, in articles.
    pub fn at(self, clock: EventTime) -> f64 {
        self.faded(clock) as f64 / ONE as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_depend_on_the_kind_and_halve_every_hour() {
        let mut rise = Rise::default();
        rise.add(Kind::Original, EventTime(0));
        rise.add(Kind::Reprint, EventTime(0));
        assert_eq!(rise.at(EventTime(0)), 1.25);
        assert_eq!(rise.at(EventTime(HALF_LIFE_MS)), 0.625);
        let before = rise;
        rise.add(Kind::Redelivery, EventTime(HALF_LIFE_MS));
        assert_eq!(rise, before, "a redelivery does not even move the time");
        rise.add(Kind::Update, EventTime(HALF_LIFE_MS));
        assert_eq!(rise.at(EventTime(HALF_LIFE_MS)), 1.625);
        assert_eq!(rise.at(EventTime(i64::MAX)), 0.0);
        assert_eq!(rise.at(EventTime(i64::MIN)), 1.625, "an earlier clock counts as the time");
        let full = Rise { sum: u64::MAX, at: EventTime(0) };
        assert_eq!(full.plus(full).sum, u64::MAX, "the sum does not overflow");
    }

    #[test]
    fn ranks_order_stories_by_growth_at_any_time() {
        let story = |hours: &[i64]| {
            let mut rise = Rise::default();
            hours.iter().for_each(|at| rise.add(Kind::Original, EventTime(at * HALF_LIFE_MS)));
            rise
        };
        let (old, new) = (story(&[10; 7]), story(&[12, 12]));
        assert!(old.rank() < new.rank(), "seven articles two hours ago against two now");
        for hour in [12, 13, 40] {
            let clock = EventTime(hour * HALF_LIFE_MS);
            assert!(old.at(clock) < new.at(clock));
        }
        let now = EventTime(12 * HALF_LIFE_MS);
        assert_eq!((old.at(now), new.at(now)), (1.75, 2.0));
        assert_eq!(Rise::default().rank(), i64::MIN);
    }

    proptest! {
        /// The naive version: the sum of powers of two.
        #[test]
        fn the_sum_is_that_of_powers_of_two(
            arrivals in prop::collection::vec(0i64..90_000_000, 1..60),
            split in 0usize..60,
            later in 0i64..9_000_000,
        ) {
            let mut arrivals = arrivals;
            arrivals.sort_unstable();
            let (mut own, mut other) = (Rise::default(), Rise::default());
            for (n, &at) in arrivals.iter().enumerate() {
                if n < split { &mut own } else { &mut other }.add(Kind::Original, EventTime(at));
            }
            let clock = arrivals[arrivals.len() - 1] + later;
            let naive = |at: &i64| (-((clock - at) as f64) / HALF_LIFE_MS as f64).exp2();
            let want: f64 = arrivals.iter().map(naive).sum();
            let got = own.plus(other).at(EventTime(clock));
            prop_assert!((got - want).abs() < 1e-4, "{got} {want}");
            prop_assert_eq!(own.plus(other), other.plus(own));
        }
    }
}
