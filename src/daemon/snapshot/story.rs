//! The counters of a live story, updated article by article: badges, kinds, providers, growth.
//!
//! The growth of a story is a sum over its articles. Each article adds a weight that halves every
//! hour. It is initially 1, or 1/4 for a copy; a redelivery adds nothing. All weights decay at the
//! same rate, so the order of two stories does not change while no articles arrive. Stories are
//! therefore ordered by the logarithm of their growth at a fixed time, to which an article arriving
//! at t adds 2^(t / 1 h).
//!
//! Cost: about 400 bytes per story, and 24 bytes for each of its providers.

use super::{NameCounts, SnapshotArticle};
use std::sync::Arc;
use wirefold_engine::article::EventTime;
use wirefold_engine::stories::{StoryId, Summary};
use wirefold_engine::verdict::{CHANGED_NUMBERS, Kind, NEEDS_REVIEW, Validity};

/// Time in which an article's weight halves, in milliseconds.
const HALF_LIFE_MS: f64 = 3_600_000.0;
/// Maximum number of distinct providers counted per story. Articles of further providers are not
/// counted by provider.
const PROVIDERS_MAX: usize = 1_000;

/// A live story.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotStory {
    /// The story's published state.
    pub summary: Summary,
    /// Counters of the story's members.
    pub counts: MemberCounts,
    /// The snapshot version in which the story last changed.
    pub changed: u64,
}

impl SnapshotStory {
    /// A story of which only the id is known so far.
    pub(super) fn unnamed(id: StoryId) -> Self {
        let summary = Summary {
            id,
            size: 0,
            publishers: 0,
            lead: None,
            lead_reason: String::new(),
            headline: String::new(),
            language: None,
            first_seen: EventTime::default(),
            last_seen: EventTime::default(),
            follows: None,
            related: Vec::new(),
        };
        Self { summary, counts: MemberCounts::default(), changed: 0 }
    }

    /// Memory of the story in bytes, without the provider names, which are shared.
    pub(super) fn bytes(&self) -> usize {
        let Summary { headline, lead_reason, lead, related, .. } = &self.summary;
        let lead = lead.as_ref().map_or(0, |lead| lead.uri.len());
        size_of::<Self>() + headline.len() + lead_reason.len() + lead + related.len() * 8
    }
}

/// Counters of a story's members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberCounts {
    /// Number of live members, including withdrawn ones.
    pub articles: u32,
    /// Number of withdrawn members.
    pub withdrawn: u32,
    /// Number of members that another article corrected.
    pub uncorrected: u32,
    /// Number of members that are corrections.
    pub corrections: u32,
    /// Number of members flagged for review.
    pub needs_review: u32,
    /// Number of copies whose figures differ from the original.
    pub changed_numbers: u32,
    /// Number of members with an embargo that has an end time.
    pub embargoed: u32,
    /// Number of valid articles, of any story, that contain withdrawn or uncorrected text of this
    /// story.
    pub carried: u32,
    /// Number of members by kind, in the order of [`Kind::ALL`].
    pub kinds: [u32; Kind::ALL.len()],
    /// Members by provider.
    pub providers: Providers,
    /// The story's growth, as a logarithm.
    pub growth: Growth,
}

/// The providers of a story with the number of members of each, sorted by name. A story has few
/// providers, so a vector is smaller and faster than a tree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Providers(Vec<(Arc<str>, u32)>);

impl Providers {
    /// The index of `name`, or the index at which it would be inserted.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// Whether the provider has any members.
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// The providers with their number of members, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, count)| (&**name, *count))
    }

    /// Adds or subtracts a member of `name`, and removes a provider without members.
    fn step(&mut self, how: Direction, name: &Arc<str>) {
        match (self.place(name), how) {
            (Ok(at), _) => {
                how.step(&mut self.0[at].1);
                if self.0[at].1 == 0 {
                    self.0.remove(at);
                }
            }
            (Err(at), Direction::In) if self.0.len() < PROVIDERS_MAX => {
                self.0.insert(at, (name.clone(), 1));
            }
            (Err(_), _) => {}
        }
    }
}

/// The growth of a story at time 0, as a base 2 logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth(f64);

impl Default for Growth {
    fn default() -> Self {
        Self(f64::NEG_INFINITY)
    }
}

impl Growth {
    /// Adds another growth: `log2(2^a + 2^b)`.
    pub fn add(&mut self, other: Self) {
        let (high, low) = (self.0.max(other.0), self.0.min(other.0));
        if high > f64::NEG_INFINITY {
            self.0 = high + (1.0 + (low - high).exp2()).log2();
        }
    }

    /// The growth that one article adds.
    pub(super) fn of(article: &SnapshotArticle) -> Self {
        let weight: f64 = match article.entry.decision.verdict.relation.kind {
            Kind::Redelivery => 0.0,
            Kind::Duplicate | Kind::Reprint | Kind::Excerpt => 0.25,
            _ => 1.0,
        };
        Self(article.entry.arrived.0 as f64 / HALF_LIFE_MS + weight.log2())
    }

    /// The growth at time `clock`.
    pub fn at(self, clock: EventTime) -> f64 {
        (self.0 - clock.0 as f64 / HALF_LIFE_MS).exp2()
    }

    /// The logarithm as an integer, for ordering stories. A higher rank means faster growth.
    pub fn rank(self) -> i64 {
        (self.0 * 1e6) as i64
    }
}

/// Whether an article is added to the counters or subtracted from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    In,
    Out,
}

impl Direction {
    /// Adds one to `count`, or subtracts one from it.
    pub(super) fn step(self, count: &mut u32) {
        *count = match self {
            Self::In => *count + 1,
            Self::Out => count.saturating_sub(1),
        };
    }

    /// Updates the count of a name, and removes a name whose count is zero. At most `names_max`
    /// names are counted.
    pub(super) fn step_name(self, counts: &mut NameCounts, name: &Arc<str>, names_max: usize) {
        let mut count = counts.get(name).copied().unwrap_or(0);
        if count == 0 && (self == Self::Out || counts.len() >= names_max) {
            return;
        }
        self.step(&mut count);
        match count {
            0 => counts.remove(name),
            count => counts.insert(name.clone(), count),
        };
    }
}

impl MemberCounts {
    /// Adds a member to the counters or subtracts it. `provider` is the shared name of its
    /// provider.
    pub(super) fn count(
        &mut self,
        how: Direction,
        article: &SnapshotArticle,
        provider: Option<&Arc<str>>,
    ) {
        let entry = &article.entry;
        let verdict = &entry.decision.verdict;
        let flag = |name: &str| verdict.flags.iter().any(|flag| flag == name);
        let step = |holds: bool, count: &mut u32| {
            if holds {
                how.step(count);
            }
        };
        step(true, &mut self.articles);
        step(entry.standing == Validity::Withdrawn, &mut self.withdrawn);
        step(entry.standing == Validity::Uncorrected, &mut self.uncorrected);
        step(verdict.relation.kind == Kind::Correction, &mut self.corrections);
        step(flag(NEEDS_REVIEW), &mut self.needs_review);
        step(flag(CHANGED_NUMBERS), &mut self.changed_numbers);
        step(entry.about.embargoed.is_some(), &mut self.embargoed);
        step(true, &mut self.kinds[verdict.relation.kind as usize]);
        if let Some(provider) = provider {
            self.providers.step(how, provider);
        }
    }

    /// Number of members of a kind.
    pub fn of_kind(&self, kind: Kind) -> u32 {
        self.kinds[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_orders_stories_by_growth_at_any_time() {
        let hour = |n: f64| Growth(n);
        let sum = |heats: &[Growth]| {
            heats.iter().fold(Growth::default(), |mut all, heat| {
                all.add(*heat);
                all
            })
        };
        let (old, new) = (sum(&[hour(10.0); 7]), sum(&[hour(12.0), hour(12.0)]));
        assert!(old.rank() < new.rank(), "seven articles two hours ago against two now");
        for clock in [12, 13, 40] {
            let clock = EventTime(clock * 3_600_000);
            assert!(old.at(clock) < new.at(clock));
        }
        let at = EventTime(12 * 3_600_000);
        assert!((new.at(at) - 2.0).abs() < 1e-9 && (old.at(at) - 1.75).abs() < 1e-9);
        assert_eq!(Growth::default().at(at), 0.0);
    }
}
