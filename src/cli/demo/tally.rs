//! What was heard so far: names of articles, counts, stories, kills, rejects.

use super::received::{ReceivedKind, UnreadableRecord};
use crate::daemon::publish::article::ArticleClassified;
use crate::daemon::publish::data::NamedArticle;
use crate::daemon::publish::radius::{CarrierInfo, RadiusInfo};
use crate::daemon::publish::story::StoryState;
use std::collections::BTreeMap;
use wirefold_engine::verdict::Kind;

/// Who sent an article, and under which headline.
#[derive(Debug, Clone)]
pub(super) struct SentArticle {
    pub(super) provider: String,
    pub(super) headline: String,
}

/// A story as last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StorySummary {
    pub(super) headline: String,
    pub(super) size: u32,
    pub(super) publishers: u32,
}

/// A kill or a correction: what it is about, and who carries the text.
#[derive(Debug)]
pub(super) struct TextAlert {
    pub(super) by: NamedArticle,
    pub(super) of: Option<NamedArticle>,
    pub(super) carriers: Vec<CarrierInfo>,
}

/// Everything that the summary tells.
#[derive(Debug, Default)]
pub(super) struct DemoTally {
    pub(super) events: u64,
    pub(super) kinds: BTreeMap<Kind, u64>,
    pub(super) stories: BTreeMap<String, StorySummary>,
    pub(super) withdrawn: Vec<TextAlert>,
    pub(super) corrected: Vec<TextAlert>,
    pub(super) rejects: Vec<(String, String)>,
    sent: BTreeMap<(String, Option<String>), SentArticle>,
}

impl DemoTally {
    /// Takes note. Called after the screen has told it, so that `of` still names the earlier one.
    pub(super) fn note(&mut self, what: &ReceivedKind) {
        if !matches!(what, ReceivedKind::UnreadableRecord(_)) {
            self.events += 1;
        }
        match what {
            ReceivedKind::Classified(classified) => self.classified(classified),
            ReceivedKind::Withdrawn(radius) => taint(&mut self.withdrawn, radius),
            ReceivedKind::Corrected(radius) => taint(&mut self.corrected, radius),
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

    /// Who sent the article with these names.
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

/// Adds a radius to what is known of the same notice.
fn taint(known: &mut Vec<TextAlert>, radius: &RadiusInfo) {
    let same = |taint: &&mut TextAlert| taint.by == radius.by && taint.of == radius.of;
    match known.iter_mut().find(same) {
        Some(taint) => taint.carriers.extend(radius.carriers.iter().cloned()),
        None => known.push(TextAlert {
            by: radius.by.clone(),
            of: radius.of.clone(),
            carriers: radius.carriers.clone(),
        }),
    }
}
