//! The counters of a live story, updated article by article: badges, kinds and providers.
//!
//! Cost: about 600 bytes per story, and 24 bytes for each of its providers.

use super::{NameCounts, SnapshotArticle};
use std::sync::Arc;
use wirefold_engine::article::EventTime;
use wirefold_engine::stories::rise::Rise;
use wirefold_engine::stories::tags::StoryTags;
use wirefold_engine::stories::{StoryId, Summary};
use wirefold_engine::verdict::{CHANGED_NUMBERS, Kind, NEEDS_REVIEW, Validity};

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
            links: Vec::new(),
            lead_provider: None,
            lead_unique: None,
            lead_sentence: String::new(),
            rise: Rise::default(),
            tags: StoryTags::default(),
        };
        Self { summary, counts: MemberCounts::default(), changed: 0 }
    }

    /// Memory of the story in bytes, without the provider names, which are shared.
    pub(super) fn bytes(&self) -> usize {
        let Summary { headline, lead_reason, lead, lead_sentence, related, .. } = &self.summary;
        let Summary { lead_provider, tags, links, .. } = &self.summary;
        let lead = lead.as_ref().map_or(0, |lead| lead.uri.len());
        let texts = [headline, lead_reason, lead_sentence].into_iter().chain(lead_provider);
        size_of::<Self>()
            + texts.map(String::len).sum::<usize>()
            + lead
            + related.len() * 8
            + size_of_val(&**links)
            + tags.bytes()
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
}

/// The providers of a story, sorted by name, each with its number of members in the story. A story
/// has few providers, so a vector is smaller and faster than a tree.
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

    /// Adds one to the count of the provider `name`, or subtracts one. Removes a provider whose
    /// count is zero.
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
