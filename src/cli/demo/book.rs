//! What was heard so far: names of articles, counts, stories, kills, rejects.

use super::heard::{Rejected, What};
use crate::daemon::contract::article::ArticleClassified;
use crate::daemon::contract::data::Names;
use crate::daemon::contract::radius::{Carrier, Radius};
use crate::daemon::contract::story::StoryState;
use crate::engine::relation::Kind;
use std::collections::BTreeMap;

/// Who sent an article, and under which headline.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) provider: String,
    pub(super) headline: String,
}

/// A story as last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Story {
    pub(super) headline: String,
    pub(super) size: u32,
    pub(super) publishers: u32,
}

/// A kill or a correction: what it is about, and who carries the text.
#[derive(Debug)]
pub(super) struct Taint {
    pub(super) by: Names,
    pub(super) of: Option<Names>,
    pub(super) carriers: Vec<Carrier>,
}

/// Everything that the summary tells.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) events: u64,
    pub(super) kinds: BTreeMap<Kind, u64>,
    pub(super) stories: BTreeMap<String, Story>,
    pub(super) withdrawn: Vec<Taint>,
    pub(super) corrected: Vec<Taint>,
    pub(super) rejects: Vec<(String, String)>,
    sent: BTreeMap<(String, Option<String>), Sent>,
}

impl Book {
    /// Takes note. Called after the screen has told it, so that `of` still names the earlier one.
    pub(super) fn note(&mut self, what: &What) {
        if !matches!(what, What::Rejected(_)) {
            self.events += 1;
        }
        match what {
            What::Classified(classified) => self.classified(classified),
            What::Withdrawn(radius) => taint(&mut self.withdrawn, radius),
            What::Corrected(radius) => taint(&mut self.corrected, radius),
            What::Opened(event) | What::Updated(event) | What::Closed(event) => {
                self.story(&event.story);
            }
            What::Merged(merged) => {
                self.story(&merged.survivor);
                for absorbed in &merged.absorbed {
                    self.stories.remove(&absorbed.id);
                }
            }
            What::Rejected(Rejected { reason, message, .. }) => {
                self.rejects.push((reason.clone(), message.clone()));
            }
            What::Superseded(_) | What::Absorbed => {}
        }
    }

    fn classified(&mut self, classified: &ArticleClassified) {
        *self.kinds.entry(classified.relation.kind).or_default() += 1;
        let article = &classified.article;
        let sent = Sent {
            provider: article.provider.clone().unwrap_or_default(),
            headline: article.headline.clone(),
        };
        self.sent.insert((article.uri.clone(), article.version.clone()), sent);
        if let Some(story) = &classified.story {
            let (size, publishers) = (story.size, story.publishers);
            let now = Story { headline: story.headline.clone(), size, publishers };
            self.stories.insert(story.id.clone(), now);
        }
    }

    fn story(&mut self, state: &StoryState) {
        self.stories.insert(state.id.clone(), Story::of(state));
    }

    /// Who sent the article with these names.
    pub(super) fn sent(&self, names: &Names) -> Option<&Sent> {
        self.sent.get(&(names.uri.clone(), names.version.clone()))
    }
}

impl Story {
    pub(super) fn of(state: &StoryState) -> Self {
        let (size, publishers) = (state.size, state.publishers);
        Self { headline: state.headline.clone(), size, publishers }
    }
}

/// Adds a radius to what is known of the same notice.
fn taint(known: &mut Vec<Taint>, radius: &Radius) {
    let same = |taint: &&mut Taint| taint.by == radius.by && taint.of == radius.of;
    match known.iter_mut().find(same) {
        Some(taint) => taint.carriers.extend(radius.carriers.iter().cloned()),
        None => known.push(Taint {
            by: radius.by.clone(),
            of: radius.of.clone(),
            carriers: radius.carriers.clone(),
        }),
    }
}
