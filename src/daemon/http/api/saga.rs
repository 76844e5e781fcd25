//! Running stories: the stages of a saga, and what each of them added.
//!
//! What a stage added is what the earlier live stages do not have: its headline, the first sentence
//! of its lead, its subjects and places, and the names in that sentence. A name is a run of
//! capitalized words, so none are found in languages without capital letters, nor in German, which
//! capitalizes all nouns.

use super::rows::RowContext;
use crate::daemon::snapshot::saga::SagaStage;
use crate::daemon::snapshot::story::SnapshotStory;
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use wirefold_engine::article::Lang;
use wirefold_engine::stories::StoryId;
use wirefold_engine::text::senses::Senses;
use wirefold_engine::text::tokens::fold;
use wirefold_engine::text::{Limits, words};

/// Maximum number of stages listed.
const STAGES_MAX: usize = 50;
/// Maximum number of stories, including merged ones, that are visited to list the stages of one
/// running story.
const LINKED_MAX: usize = 500;
/// Maximum number of stories, including merged ones, that are visited to count the stages of a
/// running story for its row in a list.
const COUNTED_MAX: usize = 50;
/// Maximum number of names listed per stage.
const NAMES_MAX: usize = 8;

/// A running story: stories that continue one another, directly or through other stories. If
/// several stories follow the same one, all of them are stages.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SagaRow {
    /// The stages, in the order in which they began: the latest 50 or, if the requested story began
    /// before those, 50 stages beginning with the requested one.
    stages: Vec<StageRow>,
    /// Number of stages before those listed.
    earlier: usize,
    /// Number of stages after those listed.
    later: usize,
    /// Whether all linked stories were found. If not, more than 500 stories are linked, and those
    /// that are the most links away from the requested story are missing.
    complete: bool,
}

/// A stage of a running story: one story. A stage that is no longer live has only an id.
#[derive(Debug, Serialize, ToSchema)]
struct StageRow {
    /// The story's id.
    #[schema(example = "00ab34cd56ef7890")]
    id: String,
    /// Whether the story is no longer live, because all of its articles have left the window.
    /// An earlier stage that only this story followed is not known.
    gone: bool,
    /// The id of the stage that this one follows. A merged story is represented by its survivor.
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    /// The headline of the lead article.
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<String>,
    /// The story's language (BCP 47 primary subtag).
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    /// When the first article arrived, in engine time (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
    /// When the last article arrived, in engine time (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
    /// Number of live members that are not withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    /// Number of independent publishers.
    #[serde(skip_serializing_if = "Option::is_none")]
    publishers: Option<u32>,
    /// What this stage has that no earlier live stage has.
    #[serde(skip_serializing_if = "Option::is_none")]
    added: Option<AddedInfo>,
}

/// What a stage has that no earlier live stage has.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
struct AddedInfo {
    /// The headline, if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<String>,
    /// The first sentence of the lead, if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
    /// New names in the first sentence of the lead, other than its new subjects and places; at most
    /// 8. Names are recognized by their capital letters, so there are none for languages without
    /// capital letters, nor for German, which capitalizes all nouns.
    names: Vec<String>,
    /// New subjects, as sent.
    subjects: Vec<String>,
    /// New places, as sent.
    places: Vec<String>,
}

impl RowContext<'_> {
    /// The running story that the story `id` belongs to; `None` if it has no other stages.
    pub(super) fn saga(self, id: StoryId) -> Option<SagaRow> {
        let saga = self.desk.saga(id, LINKED_MAX);
        let total = saga.stages.len();
        if total < 2 {
            return None;
        }
        let at = saga.stages.iter().position(|stage| stage.id == id)?;
        let earlier = at.min(total.saturating_sub(STAGES_MAX));
        let mut known = Known::default();
        let rows = saga.stages.iter().map(|stage| stage_row(stage, &mut known));
        let stages: Vec<_> = rows.skip(earlier).take(STAGES_MAX).collect();
        let later = total - earlier - stages.len();
        Some(SagaRow { stages, earlier, later, complete: saga.complete })
    }

    /// The number of stages of the running story that the story `id` belongs to, counted up to
    /// [`COUNTED_MAX`]; `None` if it has no other stages.
    pub(super) fn saga_stages(self, id: StoryId) -> Option<usize> {
        Some(self.desk.saga(id, COUNTED_MAX).stages.len()).filter(|stages| *stages > 1)
    }
}

/// A stage in the form that the API sends. `known` contains the earlier stages.
fn stage_row(stage: &SagaStage<'_>, known: &mut Known) -> StageRow {
    let summary = stage.story.map(|story| &story.summary);
    StageRow {
        id: stage.id.to_string(),
        gone: stage.story.is_none(),
        follows: stage.follows.map(|id| id.to_string()),
        headline: summary.map(|summary| summary.headline.clone()),
        language: summary.and_then(|s| Some(s.language?.as_str().to_owned())),
        first_seen: summary.map(|summary| summary.first_seen.to_string()),
        last_seen: summary.map(|summary| summary.last_seen.to_string()),
        size: summary.map(|summary| summary.size),
        publishers: summary.map(|summary| summary.publishers),
        added: stage.story.map(|story| known.add(story)),
    }
}

/// What the earlier live stages of a running story have.
#[derive(Default)]
struct Known {
    /// Headlines, first sentences, subjects and places in folded case, each with the name of its
    /// type.
    texts: BTreeSet<(&'static str, String)>,
    /// The hashes of the words in `texts`.
    words: BTreeSet<u64>,
}

impl Known {
    /// Adds a story, and returns what the story has that was not known before.
    fn add(&mut self, story: &SnapshotStory) -> AddedInfo {
        let summary = &story.summary;
        let headline = self.new_text("headline", &summary.headline);
        let sentence = self.new_text("sentence", &summary.lead_sentence);
        let mut tags = |sort, tags: Vec<String>| -> Vec<String> {
            tags.iter().filter_map(|tag| self.new_text(sort, tag)).collect()
        };
        let subjects = tags("subject", summary.tags.subjects());
        let places = tags("place", summary.tags.places());
        for tag in subjects.iter().chain(&places) {
            self.add_words(tag);
        }
        let is_new = |name: &&str| !hashes(name).iter().all(|hash| self.words.contains(hash));
        let mut names: Vec<String> = Vec::new();
        for name in names_in(&summary.lead_sentence, summary.language).into_iter().filter(is_new) {
            if names.len() < NAMES_MAX && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        self.add_words(&summary.headline);
        self.add_words(&summary.lead_sentence);
        AddedInfo { headline, sentence, names, subjects, places }
    }

    /// Adds a text of the type `sort`. Returns the text if it is new and not empty.
    fn new_text(&mut self, sort: &'static str, text: &str) -> Option<String> {
        let new = self.texts.insert((sort, fold(text))) && !text.is_empty();
        new.then(|| text.to_owned())
    }

    fn add_words(&mut self, text: &str) {
        self.words.extend(hashes(text));
    }
}

/// The hashes of the words of a text.
fn hashes(text: &str) -> Vec<u64> {
    words(text, &Limits::default()).hashes
}

/// English words that have a capital letter without being names.
const DATES: [&str; 19] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names in a text: runs of words with a capital letter. A run that starts a sentence is only a
/// name if it has a second word, not counting function words at its start.
fn names_in(text: &str, language: Option<Lang>) -> Vec<&str> {
    let has_names = language.is_none_or(|language| language.as_str() != "de");
    if !has_names || !text.chars().any(char::is_lowercase) {
        return Vec::new();
    }
    let senses = Senses::of(language);
    let words = words(text, &Limits::default());
    let spans: Vec<_> =
        words.spans.iter().map(|&(from, to)| (from as usize, to as usize)).collect();
    let is_capital = |at: usize| {
        let word = &text[spans[at].0..spans[at].1];
        word.starts_with(char::is_uppercase)
            && word.chars().nth(1).is_some()
            && !DATES.contains(&word)
    };
    // The text between a word and the one before it.
    let before = |at: usize| &text[at.checked_sub(1).map_or(0, |at| spans[at].1)..spans[at].0];
    let (mut names, mut at) = (Vec::new(), 0);
    while at < spans.len() {
        let mut first = at;
        at += 1;
        if !is_capital(first) {
            continue;
        }
        while at < spans.len() && is_capital(at) && matches!(before(at), " " | "-") {
            at += 1;
        }
        if first == 0 || before(first).contains(['.', '!', '?', ':', '…']) {
            while first < at && senses.is_function_word(words.hashes[first]) {
                first += 1;
            }
            if at < first + 2 {
                continue;
            }
        }
        names.push(&text[spans[first].0..spans[at - 1].1]);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_runs_of_words_with_a_capital_letter() {
        let check = |language: &str, text: &str, want: &[&str]| {
            assert_eq!(names_in(text, Lang::parse(language)), want, "{text}");
        };
        let ferry = "The captain of the ferry Halcyon told Anna Lind of Port-Seltz on Monday.";
        check("en", ferry, &["Halcyon", "Anna Lind", "Port-Seltz"]);
        check("en", "Rescuers searched Marel's harbour, NATO said.", &["Marel", "NATO"]);
        check("en", "The Ostrava Bank raised its rate. It cut it in May.", &["Ostrava Bank"]);
        check("fr", "La garde de Marel cherche le capitaine Morel.", &["Marel", "Morel"]);
        check("en", "FERRY AGROUND OFF MAREL", &[]);
        check("de", "Eine Fähre ist vor der Insel Marel auf Grund gelaufen.", &[]);
        check("ja", "マレル島沖でフェリーが座礁した。", &[]);
        check("en", "", &[]);
    }
}
