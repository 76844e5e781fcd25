//! Stories in other languages that are about the same event, as the API sends them.

use crate::daemon::publish::data::rounded;
use crate::daemon::snapshot::Snapshot;
use serde::Serialize;
use utoipa::ToSchema;
use wirefold_engine::stories::{StoryId, Summary};

/// A story in another language that is about the same event.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct LinkedStory {
    /// Its id.
    id: String,
    /// Its headline.
    headline: String,
    /// Its language (BCP 47 primary subtag).
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// Its number of articles, as in the row of that story.
    size: u32,
    /// Whether the stories are linked only because an article of one states that it is a
    /// translation of an article of the other.
    translation: bool,
    /// The cosine of the names, places and figures of both stories, weighted by how rare they are:
    /// 0 to 1, rounded to four decimals; 0 if only a translation links the stories.
    score: f64,
    /// The number of names that both stories contain.
    names: u32,
    /// The number of places that both stories contain.
    places: u32,
    /// The number of figures that both stories contain.
    figures: u32,
}

/// The live stories in other languages that are linked to a story.
pub(super) fn links(desk: &Snapshot, summary: &Summary) -> Vec<LinkedStory> {
    let linked = |id: &StoryId| {
        let other = &desk.story(*id)?.summary;
        let link = summary.links.iter().find(|link| link.story == *id);
        Some(LinkedStory {
            id: id.to_string(),
            headline: other.headline.clone(),
            language: other.language.map(|language| language.as_str().to_owned()),
            size: other.size,
            translation: link.is_none(),
            score: link.map_or(0.0, |link| rounded(link.score.into())),
            names: link.map_or(0, |link| link.names.into()),
            places: link.map_or(0, |link| link.places.into()),
            figures: link.map_or(0, |link| link.figures.into()),
        })
    };
    summary.related.iter().filter_map(linked).collect()
}
