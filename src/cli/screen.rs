//! Formats events as lines for the terminal.
//!
//! ```text
//! 09:09:00  Eastlight    REPRINT      Ammerby quay reopens
//!           of Northwire "Ferries return to Ammerby": 94 % of this text is in that one
//!           ┄ story now has 3 articles by 1 independent publisher: Ferries return to Ammerby
//! ```

use crate::cli::color::{Color, safe};
use crate::cli::feed::clock::UNDATED;
use crate::cli::summary::contents::RecordContents;
use crate::cli::summary::stories::StorySummary;
use crate::cli::summary::text::{carrier, members, named};
use crate::cli::summary::{Alerts, Summary};
use crate::cli::words;
use crate::daemon::publish::article::{ArticleClassified, ItemKind, JoinedStory, RelationInfo};
use crate::daemon::publish::radius::RadiusInfo;
use crate::daemon::publish::story::{Absorbed, StoryMerged};
use std::collections::BTreeMap;
use wirefold_engine::verdict::Kind;

/// Maximum length of a headline at the start or the end of a line, in characters.
const HEADLINE_MAX: usize = 72;
/// Maximum length of a headline within a line, in characters.
const QUOTED_MAX: usize = 60;
/// Maximum number of further relations shown per article.
const OTHERS_MAX: usize = 3;
/// Width of the provider column, in characters.
const PROVIDER_MAX: usize = 12;
/// The start of a line about a story that has changed.
const HAS: &str = "\u{2504} story now has";
/// Indentation of lines below an article: the width of the time column.
const INDENT: &str = "          ";

/// Turns received records into lines.
pub(super) struct Screen {
    /// Colours the output.
    paint: Color,
    /// Lines about new stories, printed after the next article.
    opened: Vec<String>,
    /// The stories by id, as they were last printed.
    printed: BTreeMap<String, StorySummary>,
    /// The day printed last, as `YYYY-MM-DD`.
    day: String,
}

impl Screen {
    pub(super) fn new(paint: Color) -> Self {
        Self { paint, opened: Vec::new(), printed: BTreeMap::new(), day: String::new() }
    }

    /// The lines for a record published at `time` (RFC 3339; empty for a reject). A line with the
    /// date comes first if the day has changed. `summary` contains the records before this one.
    pub(super) fn lines(
        &mut self,
        contents: &RecordContents,
        time: &str,
        summary: &Summary,
    ) -> Vec<String> {
        let mut lines = self.lines_of(contents, time, summary);
        if !lines.is_empty()
            && let Some(day) = self.new_day(time)
        {
            lines.insert(0, day);
        }
        lines
    }

    /// The lines for a record, without the day.
    fn lines_of(
        &mut self,
        contents: &RecordContents,
        time: &str,
        summary: &Summary,
    ) -> Vec<String> {
        match contents {
            RecordContents::Classified(classified) => {
                let mut lines = self.classified(time, classified, summary);
                lines.append(&mut self.opened);
                lines.extend(classified.story.as_ref().and_then(|story| self.joined(story)));
                if classified.article.kind == ItemKind::Advisory && classified.story.is_none() {
                    lines.push(self.aside("\u{2504} no story (notice or schedule for editors)"));
                }
                lines
            }
            RecordContents::Withdrawn(radius) => {
                self.radius(("withdrawn", &summary.withdrawn), radius, summary)
            }
            RecordContents::Corrected(radius) => {
                self.radius(("corrected", &summary.corrected), radius, summary)
            }
            RecordContents::Superseded(superseded) => {
                let old = named(&superseded.article, summary);
                let reason = words::reason(&superseded.reason);
                vec![self.aside(&format!("{old} superseded ({reason})"))]
            }
            // The event of a new story comes before that of its first article, but the line about
            // the story is printed below the article.
            RecordContents::Opened(event) => {
                let follows = event.story.follows.as_ref().and_then(|id| summary.stories.get(id));
                let follows = follows.map(|story| {
                    format!(", a follow-up to \"{}\"", safe(&story.headline, QUOTED_MAX))
                });
                let line = format!("\u{2504} new story{}", follows.unwrap_or_default());
                self.opened.push(self.aside(&line));
                self.printed.insert(event.story.id.clone(), StorySummary::of(&event.story));
                Vec::new()
            }
            RecordContents::Updated(event) => {
                let now = StorySummary::of(&event.story);
                self.changed(&event.story.id, now).into_iter().collect()
            }
            RecordContents::Closed(event) => {
                self.printed.remove(&event.story.id);
                let last = StorySummary::of(&event.story);
                vec![self.aside(&story_line("\u{2504} story closed with", &last))]
            }
            RecordContents::Merged(merged) => {
                self.printed.insert(merged.survivor.id.clone(), StorySummary::of(&merged.survivor));
                vec![self.aside(&merge(merged, summary))]
            }
            RecordContents::Reject(rejected) => {
                let kind = self.paint.alarm(&format!("{:<12}", "REJECTED"));
                let blank = " ".repeat(PROVIDER_MAX + 2);
                let why = safe(&rejected.message, HEADLINE_MAX);
                let input = format!("input offset {}", rejected.offset);
                vec![format!("{INDENT}{blank}{kind} {why} ({input})")]
            }
            RecordContents::Absorbed => Vec::new(),
        }
    }

    /// The line printed above the first event of a new day.
    fn new_day(&mut self, time: &str) -> Option<String> {
        let day = if is_undated(time) { "no dates" } else { time.get(..10)? };
        let before = std::mem::replace(&mut self.day, day.to_owned());
        (before != day).then(|| self.paint.dim(&format!("\u{2500}\u{2500} {day} \u{2500}\u{2500}")))
    }

    fn classified(
        &self,
        time: &str,
        classified: &ArticleClassified,
        summary: &Summary,
    ) -> Vec<String> {
        let (article, relation) = (&classified.article, &classified.relation);
        let time = self.paint.dim(hour(time));
        let provider = safe(article.provider.as_deref().unwrap_or("-"), PROVIDER_MAX);
        let kind = format!("{:<12}", relation.kind.as_str().to_uppercase());
        let kind = self.paint.kind(relation.kind, &kind);
        let headline = self.paint.bold(&safe(&article.headline, HEADLINE_MAX));
        let provider = pad(&provider, PROVIDER_MAX);
        let mut lines = vec![format!("{time}  {provider}  {kind} {headline}")];
        let why = words::why(classified);
        let of = relation.of.as_ref().map(|of| format!("of {}", named(of, summary)));
        let parts: Vec<String> =
            [of, Some(why)].into_iter().flatten().filter(|part| !part.is_empty()).collect();
        if !parts.is_empty() {
            lines.push(format!("{INDENT}{}", parts.join(": ")));
        }
        lines.extend(others(classified, summary));
        let flags = words::flags(classified);
        if !flags.is_empty() {
            lines.push(format!("{INDENT}{}", self.paint.alarm(&flags.join(", "))));
        }
        lines
    }

    /// The lines about a withdrawal or correction, with the articles that contain the text. `known`
    /// are the earlier alerts: the event is published again when a later article contains the text.
    fn radius(
        &self,
        (what, known): (&str, &Alerts),
        radius: &RadiusInfo,
        summary: &Summary,
    ) -> Vec<String> {
        let of =
            radius.of.as_ref().map_or_else(|| "an unknown article".into(), |of| named(of, summary));
        let again = known.contains(radius) && radius.part.is_none_or(|part| part.number == 1);
        let (earlier, carried) = match (again, radius.carriers.is_empty()) {
            (true, false) => (" earlier", "also carried by"),
            (false, false) => ("", "carried by"),
            (_, true) => ("", "no carriers"),
        };
        let mut lines = vec![format!("{INDENT}! {what}{earlier}: {of}; {carried}")];
        lines
            .extend(radius.carriers.iter().map(|c| format!("{INDENT}    {}", carrier(c, summary))));
        lines.iter().map(|line| self.paint.alarm(line)).collect()
    }

    /// The line about the story that an article joined, printed below the article. The event of the
    /// changed story follows only when the clock has advanced.
    fn joined(&mut self, story: &JoinedStory) -> Option<String> {
        if story.size < 2 {
            return None;
        }
        self.changed(&story.id, StorySummary::joined(story))
    }

    /// A line about a live story, unless the previous line about this story said the same.
    fn changed(&mut self, id: &str, now: StorySummary) -> Option<String> {
        let line = self.aside(&story_line(HAS, &now));
        let before = self.printed.insert(id.to_owned(), now.clone());
        before.is_none_or(|before| shown(&before) != shown(&now)).then_some(line)
    }

    fn aside(&self, text: &str) -> String {
        format!("{INDENT}{}", self.paint.dim(text))
    }
}

/// The text of a line about a story: `what`, its size and its headline.
fn story_line(what: &str, story: &StorySummary) -> String {
    format!("{what} {}: {}", members(story), safe(&story.headline, HEADLINE_MAX))
}

/// The text of the line about a merge. The event contains the headlines of the absorbed stories,
/// unless an earlier release published it.
fn merge(merged: &StoryMerged, summary: &Summary) -> String {
    let headline = |absorbed: &Absorbed| {
        let seen = || summary.stories.get(&absorbed.id).map(|story| story.headline.clone());
        Some(absorbed.headline.clone()).filter(|headline| !headline.is_empty()).or_else(seen)
    };
    let names = merged.absorbed.iter().filter_map(headline);
    let names: Vec<String> =
        names.map(|name| format!("\"{}\" ", safe(&name, QUOTED_MAX))).collect();
    let into = safe(&merged.survivor.headline, QUOTED_MAX);
    let size = members(&StorySummary::of(&merged.survivor));
    format!("\u{2504} story {}merged into \"{into}\": {size}", names.join("and "))
}

/// Lines about further relations. Leaves out relations of kind `recurring`, and articles with the
/// same root as an article already shown.
fn others(classified: &ArticleClassified, summary: &Summary) -> Vec<String> {
    let origin = |relation: &RelationInfo| relation.root.clone().or_else(|| relation.of.clone());
    let mut origins = vec![origin(&classified.relation)];
    let mut lines = Vec::new();
    for other in &classified.also {
        let (Some(of), from) = (&other.of, origin(other)) else { continue };
        if other.kind == Kind::Recurring || lines.len() == OTHERS_MAX {
            continue;
        }
        if origins.iter().flatten().any(|known| from.as_ref().is_some_and(|o| o.uri == known.uri)) {
            continue;
        }
        let (kind, of, share) = (other.kind.as_str(), named(of, summary), words::share(other));
        let share = if share.is_empty() { share } else { format!(": {share}") };
        lines.push(format!("{INDENT}also {kind} of {of}{share}"));
        origins.push(from);
    }
    lines
}

/// Whether `time` is the placeholder for articles without a known date ([`UNDATED`]).
fn is_undated(time: &str) -> bool {
    time == UNDATED.to_string()
}

/// The time of day; dashes if it is not known.
fn hour(time: &str) -> &str {
    time.get(11..19).filter(|_| !is_undated(time)).unwrap_or("--:--:--")
}

/// The fields of a story that its line shows. A live story is printed again only if one of these
/// fields has changed.
fn shown(story: &StorySummary) -> (&str, u32, u32) {
    (&story.headline, story.size, story.publishers)
}

/// `text` padded with spaces to `width` characters.
fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(blanks))
}
