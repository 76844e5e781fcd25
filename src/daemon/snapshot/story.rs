//! What is counted of a live story, article by article: badges, kinds, providers, and its rise.
//!
//! The rise of a story is the sum over its articles of a weight that halves every hour, 1 for a text
//! that is its sender's own and a quarter for a copy. As all of them fade alike, the order of two
//! stories does not change while nothing comes, so the logarithm at a fixed time orders them for good:
//! an article at t adds 2^(t / 1 h).
//!
//! Cost: some 400 bytes a story, and 24 for each of its providers.

use super::{NameCounts, SnapshotArticle};
use std::sync::Arc;
use wirefold_engine::article::EventTime;
use wirefold_engine::stories::{StoryId, Summary};
use wirefold_engine::verdict::{CHANGED_NUMBERS, Kind, NEEDS_REVIEW, Validity};

/// After how many milliseconds an article counts half.
const HALF_LIFE_MS: f64 = 3_600_000.0;
/// How many of a provider's names are told apart; articles of others are counted as of none.
const PROVIDERS_MAX: usize = 1_000;

/// A live story.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotStory {
    /// Its published state.
    pub summary: Summary,
    /// What is counted of its members.
    pub counts: MemberCounts,
    /// The publication of the desk in which it changed last.
    pub changed: u64,
}

impl SnapshotStory {
    /// A story of which only the id is known yet.
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

    /// Bytes held for it, those of its providers' names excepted, which it shares.
    pub(super) fn bytes(&self) -> usize {
        let Summary { headline, lead_reason, lead, related, .. } = &self.summary;
        let lead = lead.as_ref().map_or(0, |lead| lead.uri.len());
        size_of::<Self>() + headline.len() + lead_reason.len() + lead + related.len() * 8
    }
}

/// What is counted of a story's members.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MemberCounts {
    /// Members, withdrawn ones included.
    pub articles: u32,
    /// Members that are withdrawn.
    pub withdrawn: u32,
    /// Members that were corrected by others.
    pub uncorrected: u32,
    /// Members that are corrections.
    pub corrections: u32,
    /// Members that a person should look at.
    pub needs_review: u32,
    /// Copies with other figures.
    pub changed_numbers: u32,
    /// Members whose embargo has an end.
    pub embargoed: u32,
    /// Standing articles, of any story, that carry withdrawn or uncorrected text of this one.
    pub carried: u32,
    /// Members by kind, in the order of [`Kind::ALL`].
    pub kinds: [u32; Kind::ALL.len()],
    /// Members by provider.
    pub providers: Providers,
    /// The logarithm of its rise.
    pub heat: GrowthRate,
}

/// Providers of a story and how many members each of them has, by name. A story has few of them, so that
/// a list is smaller and faster than a tree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Providers(Vec<(Arc<str>, u32)>);

impl Providers {
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// Whether a provider has members.
    pub fn has(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// The providers in order of their names, with their members.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, count)| (&**name, *count))
    }

    /// Counts a member of `name` in or out; one that has none any more is forgotten.
    fn step(&mut self, how: Count, name: &Arc<str>) {
        match (self.place(name), how) {
            (Ok(at), _) => {
                how.step(&mut self.0[at].1);
                if self.0[at].1 == 0 {
                    self.0.remove(at);
                }
            }
            (Err(at), Count::In) if self.0.len() < PROVIDERS_MAX => {
                self.0.insert(at, (name.clone(), 1));
            }
            (Err(_), _) => {}
        }
    }
}

/// The logarithm, to base 2, of a rise at time 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowthRate(f64);

impl Default for GrowthRate {
    fn default() -> Self {
        Self(f64::NEG_INFINITY)
    }
}

impl GrowthRate {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        let (high, low) = (self.0.max(other.0), self.0.min(other.0));
        if high > f64::NEG_INFINITY {
            self.0 = high + (1.0 + (low - high).exp2()).log2();
        }
    }

    /// What one article adds.
    pub(super) fn of(article: &SnapshotArticle) -> Self {
        let copy = matches!(
            article.entry.decision.verdict.relation.kind,
            Kind::Redelivery | Kind::Duplicate | Kind::Reprint | Kind::Excerpt
        );
        let weight: f64 = if copy { 0.25 } else { 1.0 };
        Self(article.entry.arrived.0 as f64 / HALF_LIFE_MS + weight.log2())
    }

    /// The rise at `clock`.
    pub fn at(self, clock: EventTime) -> f64 {
        (self.0 - clock.0 as f64 / HALF_LIFE_MS).exp2()
    }

    /// Its place among others.
    pub fn rank(self) -> i64 {
        (self.0 * 1e6) as i64
    }
}

/// Whether an article is counted in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    In,
    Out,
}

impl Count {
    pub(super) fn step(self, count: &mut u32) {
        *count = match self {
            Self::In => *count + 1,
            Self::Out => count.saturating_sub(1),
        };
    }

    /// Steps the count of a name; one that nothing has any more is forgotten.
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
    /// Counts a member in or out; `provider` is its provider's name, shared.
    pub(super) fn count(
        &mut self,
        how: Count,
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

    /// Members of a kind.
    pub fn of_kind(&self, kind: Kind) -> u32 {
        self.kinds[kind as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_heats_is_the_order_of_rises_at_any_time() {
        let hour = |n: f64| GrowthRate(n);
        let sum = |heats: &[GrowthRate]| {
            heats.iter().fold(GrowthRate::default(), |mut all, heat| {
                all.add(*heat);
                all
            })
        };
        let (old, new) = (sum(&[hour(10.0); 7]), sum(&[hour(12.0), hour(12.0)]));
        assert!(old.rank() < new.rank(), "seven of two hours ago against two of now");
        for clock in [12, 13, 40] {
            let clock = EventTime(clock * 3_600_000);
            assert!(old.at(clock) < new.at(clock));
        }
        let at = EventTime(12 * 3_600_000);
        assert!((new.at(at) - 2.0).abs() < 1e-9 && (old.at(at) - 1.75).abs() < 1e-9);
        assert_eq!(GrowthRate::default().at(at), 0.0);
    }
}
