//! What the demo has received so far: articles, counts, stories, withdrawals and rejects.

use super::received::{ReceivedKind, UnreadableRecord};
use crate::daemon::publish::article::ArticleClassified;
use crate::daemon::publish::data::NamedArticle;
use crate::daemon::publish::radius::{CarrierInfo, RadiusInfo};
use crate::daemon::publish::story::StoryState;
use std::collections::BTreeMap;
use wirefold_engine::verdict::Kind;

/// Provider and headline of an article.
#[derive(Debug, Clone)]
pub(super) struct SentArticle {
    pub(super) provider: String,
    pub(super) headline: String,
}

/// A story as last published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorySummary {
    pub(super) headline: String,
    pub(super) size: u32,
    pub(super) publishers: u32,
}

/// A kill or a correction, and the articles that carry the text.
#[derive(Debug)]
pub(super) struct TextAlert {
    /// The article that withdraws or corrects.
    pub(super) by: NamedArticle,
    /// The article withdrawn or corrected, if known.
    pub(super) of: Option<NamedArticle>,
    /// The articles that carry its text.
    pub(super) carriers: Vec<CarrierInfo>,
}

/// The data for the summary.
#[derive(Debug, Default)]
pub(super) struct DemoTally {
    /// Number of events.
    pub(super) events: u64,
    /// Number of articles by kind.
    pub(super) kinds: BTreeMap<Kind, u64>,
    /// Stories by id, without absorbed ones.
    pub(super) stories: BTreeMap<String, StorySummary>,
    /// Withdrawals.
    pub(super) withdrawn: Vec<TextAlert>,
    /// Corrections.
    pub(super) corrected: Vec<TextAlert>,
    /// Rejects: reason code and message.
    pub(super) rejects: Vec<(String, String)>,
    /// Articles by uri and version.
    sent: BTreeMap<(String, Option<String>), SentArticle>,
}

impl DemoTally {
    /// Adds a record. Must be called after the record has been printed, so that uri and version of
    /// an article still refer to the earlier one while it is printed.
    pub(super) fn note(&mut self, what: &ReceivedKind) {
        if !matches!(what, ReceivedKind::UnreadableRecord(_)) {
            self.events += 1;
        }
        match what {
            ReceivedKind::Classified(classified) => self.classified(classified),
            ReceivedKind::Withdrawn(radius) => add_alert(&mut self.withdrawn, radius),
            ReceivedKind::Corrected(radius) => add_alert(&mut self.corrected, radius),
            ReceivedKind::Opened(event)
            | ReceivedKind::Updated(event)
            | ReceivedKind::Closed(event) => {
                self.story(&event.story);
            }
            ReceivedKind::Merged(merged) => {
                self.story(&merged.survivor);
                for absorbed in &merged.absorbed {
                    self.stories.remove(&absorbed.id);
                }
            }
            ReceivedKind::UnreadableRecord(UnreadableRecord { reason, message, .. }) => {
                self.rejects.push((reason.clone(), message.clone()));
            }
            ReceivedKind::Superseded(_) | ReceivedKind::Absorbed => {}
        }
    }

    fn classified(&mut self, classified: &ArticleClassified) {
        *self.kinds.entry(classified.relation.kind).or_default() += 1;
        let article = &classified.article;
        let sent = SentArticle {
            provider: article.provider.clone().unwrap_or_default(),
            headline: article.headline.clone(),
        };
        self.sent.insert((article.uri.clone(), article.version.clone()), sent);
        if let Some(story) = &classified.story {
            let (size, publishers) = (story.size, story.publishers);
            let now = StorySummary { headline: story.headline.clone(), size, publishers };
            self.stories.insert(story.id.clone(), now);
        }
    }

    fn story(&mut self, state: &StoryState) {
        self.stories.insert(state.id.clone(), StorySummary::of(state));
    }

    /// Provider and headline of the article with this uri and version.
    pub(super) fn sent(&self, names: &NamedArticle) -> Option<&SentArticle> {
        self.sent.get(&(names.uri.clone(), names.version.clone()))
    }
}

impl StorySummary {
    pub(super) fn of(state: &StoryState) -> Self {
        let (size, publishers) = (state.size, state.publishers);
        Self { headline: state.headline.clone(), size, publishers }
    }
}

/// Adds the carriers of `radius` to the alert of the same notice, or adds a new alert.
fn add_alert(known: &mut Vec<TextAlert>, radius: &RadiusInfo) {
    let same = |alert: &&mut TextAlert| alert.by == radius.by && alert.of == radius.of;
    match known.iter_mut().find(same) {
        Some(alert) => alert.carriers.extend(radius.carriers.iter().cloned()),
        None => known.push(TextAlert {
            by: radius.by.clone(),
            of: radius.of.clone(),
            carriers: radius.carriers.clone(),
        }),
    }
}
