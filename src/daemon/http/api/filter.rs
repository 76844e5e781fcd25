//! The filters of the list of stories.

use super::Problem;
use super::query::Params;
use super::rows::{BADGES, badge};
use crate::daemon::snapshot::Snapshot;
use crate::daemon::snapshot::story::SnapshotStory;
use std::cmp::Reverse;
use wirefold_engine::stories::{StoryId, StoryLink, Summary};
use wirefold_engine::verdict::Kind;

/// In a list with one row for all languages of an event, a story with a link of at least this score
/// to a larger story gets no row. The two stories must also share a name or a figure, because two
/// reports from one place are often unrelated.
const COLLAPSE_MIN: f32 = 0.25;

/// The requested filters. A story must pass all of them; an empty list accepts every story.
pub(super) struct Filter {
    /// The languages to accept. The story must have one of them.
    languages: Vec<String>,
    /// The providers to accept. One of them must have an article in the story.
    publishers: Vec<String>,
    /// The kinds to accept. A member of the story must have one of them.
    kinds: Vec<Kind>,
    /// The badges to accept. The story must have one of them.
    badges: Vec<&'static str>,
    /// Minimum number of independent publishers.
    publishers_min: u32,
}

impl Filter {
    /// Reads the filters from the parameters of a request.
    pub(super) fn read(params: &Params) -> Result<Self, Problem> {
        let kind = |name: &str| {
            let known = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
            known.ok_or_else(|| {
                let all = Kind::ALL.map(|kind| kind.as_str()).join(", ");
                Problem::bad(format!("unknown `kind` `{name}`; the kinds are: {all}"))
            })
        };
        let badge = |name: &str| {
            let known = BADGES.into_iter().find(|badge| *badge == name);
            known.ok_or_else(|| {
                Problem::bad(format!(
                    "unknown `badge` `{name}`; the badges are: {}",
                    BADGES.join(", ")
                ))
            })
        };
        let languages = params.all("language").flat_map(|value| value.split(','));
        Ok(Self {
            languages: languages.filter(|l| !l.is_empty()).map(str::to_lowercase).collect(),
            publishers: params.all("publisher").map(str::to_owned).collect(),
            kinds: params.all("kind").map(kind).collect::<Result<_, _>>()?,
            badges: params.all("badge").map(badge).collect::<Result<_, _>>()?,
            publishers_min: params.read("publishers_min", "number")?.unwrap_or(0),
        })
    }

    /// Whether the filters accept every story.
    pub(super) fn is_open(&self) -> bool {
        self.languages.is_empty()
            && self.publishers.is_empty()
            && self.kinds.is_empty()
            && self.badges.is_empty()
            && self.publishers_min == 0
    }

    /// Whether all filters accept a story.
    pub(super) fn accepts(&self, story: &SnapshotStory) -> bool {
        let spoken = |wanted: &String| {
            story.summary.language.is_some_and(|language| language.as_str() == wanted)
        };
        let named = |name: &String| story.counts.providers.has(name);
        story.summary.publishers >= self.publishers_min
            && (self.languages.is_empty() || self.languages.iter().any(spoken))
            && (self.publishers.is_empty() || self.publishers.iter().any(named))
            && (self.kinds.is_empty() || self.kinds.iter().any(|k| story.counts.of_kind(*k) > 0))
            && (self.badges.is_empty() || self.badges.iter().any(|name| badge(story, name) > 0))
    }

    /// Whether the row of another story names this story, which therefore needs no row.
    pub(super) fn is_led(&self, desk: &Snapshot, story: &SnapshotStory) -> bool {
        self.leaders(desk, story).any(|leader| self.leaders(desk, leader).next().is_none())
    }

    /// The accepted stories in other languages that are clearly about the same event and have more
    /// articles, or the same number of articles and a smaller id.
    fn leaders<'a>(
        &'a self,
        desk: &'a Snapshot,
        story: &'a SnapshotStory,
    ) -> impl Iterator<Item = &'a SnapshotStory> {
        let rank = |story: &SnapshotStory| (story.summary.size, Reverse(story.summary.id));
        let Summary { related, links, .. } = &story.summary;
        let is_weak = |l: &StoryLink| l.score < COLLAPSE_MIN || l.names + l.figures == 0;
        let weak = move |id: &StoryId| links.iter().any(|l| l.story == *id && is_weak(l));
        let clear = related.iter().filter(move |id| !weak(id));
        let linked = clear.filter_map(|id| desk.story(*id).map(|story| &**story));
        linked.filter(move |other| rank(other) > rank(story) && self.accepts(other))
    }
}
