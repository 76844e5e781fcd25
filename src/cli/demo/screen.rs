//! Events as lines for a person to read.
//!
//! ```text
//! 09:09:00  Eastlight    REPRINT      Ammerby quay reopens
//!           of Northwire "Ferries return to Ammerby's north quay": 94 % of this in that, 1 number changed
//!           ┄ story now of 3 articles by 1 independent publisher: Ferries return to Ammerby's north quay
//! ```

use super::color::{Color, safe};
use super::received::{ReceivedKind, ReceivedRecord};
use super::tally::{DemoTally, StorySummary};
use super::words;
use crate::daemon::publish::article::{ArticleClassified, RelationInfo};
use crate::daemon::publish::data::NamedArticle;
use crate::daemon::publish::radius::{CarrierInfo, RadiusInfo};
use crate::daemon::publish::story::{StoryState, StoryStatus};
use std::collections::BTreeMap;
use wirefold_engine::verdict::Kind;

const HEADLINE_MAX: usize = 72;
const QUOTED_MAX: usize = 60;
/// Further relations that are shown of one article.
const OTHERS_MAX: usize = 3;
const PROVIDER_MAX: usize = 12;
const INDENT: &str = "          ";

/// Turns what is heard into lines.
pub(super) struct Screen {
    paint: Color,
    opened: Vec<String>,
    told: BTreeMap<String, StorySummary>,
    day: String,
}

impl Screen {
    pub(super) fn new(paint: Color) -> Self {
        Self { paint, opened: Vec::new(), told: BTreeMap::new(), day: String::new() }
    }

    /// The lines for one record; `book` knows what was heard before it.
    pub(super) fn lines(&mut self, heard: &ReceivedRecord, book: &DemoTally) -> Vec<String> {
        match &heard.what {
            ReceivedKind::Classified(classified) => {
                let mut lines: Vec<String> = self.new_day(&heard.time).into_iter().collect();
                lines.extend(self.classified(&heard.time, classified, book));
                lines.append(&mut self.opened);
                lines
            }
            ReceivedKind::Withdrawn(radius) => self.radius("withdrawn", radius, book),
            ReceivedKind::Corrected(radius) => self.radius("corrected", radius, book),
            ReceivedKind::Superseded(superseded) => {
                let old = named(&superseded.article, book);
                let reason = words::reason(&superseded.reason);
                vec![self.aside(&format!("{old} no longer stands: {reason}"))]
            }
            // A story opens ahead of the article that it opens with, and is shown below it.
            ReceivedKind::Opened(event) => {
                let follows = event.story.follows.as_ref().and_then(|id| book.stories.get(id));
                let follows = follows.map(|story| {
                    format!(", which follows on \"{}\"", safe(&story.headline, QUOTED_MAX))
                });
                let line = format!("\u{2504} a new story{}", follows.unwrap_or_default());
                self.opened.push(self.aside(&line));
                self.told.insert(event.story.id.clone(), StorySummary::of(&event.story));
                Vec::new()
            }
            ReceivedKind::Updated(event) => self.story("\u{2504} story now of", &event.story),
            ReceivedKind::Closed(event) => self.story("\u{2504} story closed with", &event.story),
            ReceivedKind::Merged(merged) => {
                let absorbed = merged.absorbed.iter().filter_map(|a| book.stories.get(&a.id));
                let names: Vec<String> =
                    absorbed.map(|s| format!("\"{}\"", safe(&s.headline, QUOTED_MAX))).collect();
                let into = safe(&merged.survivor.headline, QUOTED_MAX);
                let size = articles(&StorySummary::of(&merged.survivor));
                let line =
                    format!("\u{2504} story {} merged into \"{into}\": {size}", names.join(", "));
                vec![self.aside(&line)]
            }
            ReceivedKind::UnreadableRecord(rejected) => {
                let kind = self.paint.alarm(&format!("{:<12}", "REJECTED"));
                let blank = " ".repeat(PROVIDER_MAX + 2);
                let why = safe(&rejected.message, HEADLINE_MAX);
                let input = format!("input offset {}", rejected.offset);
                vec![format!("{INDENT}{blank}{kind} {why} ({input})")]
            }
            ReceivedKind::Absorbed => Vec::new(),
        }
    }

    /// A line ahead of the first article of another day.
    fn new_day(&mut self, time: &str) -> Option<String> {
        let day = time.get(..10)?;
        let before = std::mem::replace(&mut self.day, day.to_owned());
        (before != day).then(|| self.paint.dim(&format!("\u{2500}\u{2500} {day} \u{2500}\u{2500}")))
    }

    fn classified(
        &self,
        time: &str,
        classified: &ArticleClassified,
        book: &DemoTally,
    ) -> Vec<String> {
        let (article, relation) = (&classified.article, &classified.relation);
        let time = self.paint.dim(time.get(11..19).unwrap_or("--:--:--"));
        let provider = safe(article.provider.as_deref().unwrap_or("-"), PROVIDER_MAX);
        let kind = format!("{:<12}", relation.kind.as_str().to_uppercase());
        let kind = self.paint.kind(relation.kind, &kind);
        let headline = self.paint.bold(&safe(&article.headline, HEADLINE_MAX));
        let provider = pad(&provider, PROVIDER_MAX);
        let mut lines = vec![format!("{time}  {provider}  {kind} {headline}")];
        let why = words::why(classified);
        let of = relation.of.as_ref().map(|of| format!("of {}", named(of, book)));
        let told: Vec<String> =
            [of, Some(why)].into_iter().flatten().filter(|part| !part.is_empty()).collect();
        if !told.is_empty() {
            lines.push(format!("{INDENT}{}", told.join(": ")));
        }
        lines.extend(others(classified, book));
        let flags = words::flags(classified);
        if !flags.is_empty() {
            lines.push(format!("{INDENT}{}", self.paint.alarm(&flags.join(", "))));
        }
        lines
    }

    fn radius(&self, what: &str, radius: &RadiusInfo, book: &DemoTally) -> Vec<String> {
        let of =
            radius.of.as_ref().map_or_else(|| "what was not seen".into(), |of| named(of, book));
        let carried = if radius.carriers.is_empty() { "nobody carries it" } else { "carried by" };
        let mut lines = vec![format!("{INDENT}! {what}: {of}; {carried}")];
        lines.extend(radius.carriers.iter().map(|c| format!("{INDENT}    {}", carrier(c, book))));
        lines.iter().map(|line| self.paint.alarm(line)).collect()
    }

    /// A line on a story, unless it says what was said of it before.
    fn story(&mut self, what: &str, state: &StoryState) -> Vec<String> {
        let now = StorySummary::of(state);
        let line = self.aside(&format!(
            "{what} {}: {}",
            articles(&now),
            safe(&now.headline, HEADLINE_MAX)
        ));
        let before = self.told.insert(state.id.clone(), now.clone());
        let known = state.status == StoryStatus::Live && before == Some(now);
        if known { Vec::new() } else { vec![line] }
    }

    fn aside(&self, text: &str) -> String {
        format!("{INDENT}{}", self.paint.dim(text))
    }
}

/// Further relations, to texts of other origins: copies of what was named already are left out, and
/// so are the earlier tables of a series.
fn others(classified: &ArticleClassified, book: &DemoTally) -> Vec<String> {
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
        let (kind, of, share) = (other.kind.as_str(), named(of, book), words::share(other));
        let share = if share.is_empty() { share } else { format!(": {share}") };
        lines.push(format!("{INDENT}also {kind} of {of}{share}"));
        origins.push(from);
    }
    lines
}

/// `3 articles by 2 independent publishers`.
fn articles(story: &StorySummary) -> String {
    let articles = words::counted(u64::from(story.size), "article", "articles");
    let publishers = words::counted(
        u64::from(story.publishers),
        "independent publisher",
        "independent publishers",
    );
    format!("{articles} by {publishers}")
}

/// An article by sender and headline, or by its uri where it was not heard of.
pub(super) fn named(names: &NamedArticle, book: &DemoTally) -> String {
    match book.sent(names) {
        Some(sent) => {
            let (provider, headline) = (safe(&sent.provider, 24), safe(&sent.headline, QUOTED_MAX));
            format!("{provider} \"{headline}\"")
        }
        None => safe(&names.uri, QUOTED_MAX),
    }
}

/// A carrier by sender and headline.
pub(super) fn carrier(carrier: &CarrierInfo, book: &DemoTally) -> String {
    named(&NamedArticle { uri: carrier.uri.clone(), version: carrier.version.clone() }, book)
}

/// `text` with blanks up to `width` characters.
fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(blanks))
}
