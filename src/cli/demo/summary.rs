//! What the sample came to.

use super::color::{Color, safe};
use super::screen::{carrier, named};
use super::tally::{DemoTally, StorySummary, TextAlert};
use super::words::{self, counted};
use std::collections::BTreeMap;
use std::time::Duration;
use wirefold_engine::verdict::Kind;

/// The most stories that are listed.
const STORIES_MAX: usize = 60;
const HEADLINE_MAX: usize = 72;

/// The summary of everything in `book`.
pub(super) fn lines(book: &DemoTally, took: Duration, paint: Color) -> Vec<String> {
    let read: u64 = book.kinds.values().sum();
    let mut lines = vec![
        String::new(),
        paint.bold(&format!(
            "{} and {} read in {:.0} s, {} published",
            counted(read, "article", "articles"),
            counted(book.rejects.len() as u64, "reject", "rejects"),
            took.as_secs_f64(),
            counted(book.events, "event", "events"),
        )),
    ];
    lines.push(String::new());
    lines.push(paint.bold("What the articles are"));
    for kind in Kind::ALL.iter().rev() {
        let Some(count) = book.kinds.get(kind) else { continue };
        let name = paint.kind(*kind, &format!("{:<12}", kind.as_str()));
        lines.push(format!("{count:>5}  {name} {}", paint.dim(words::kind(*kind))));
    }
    stories(&mut lines, book, paint);
    taints(&mut lines, "Withdrawn, and who still carries the text", &book.withdrawn, book, paint);
    taints(
        &mut lines,
        "Corrected, and who still carries the old text",
        &book.corrected,
        book,
        paint,
    );
    rejects(&mut lines, book, paint);
    lines
}

fn stories(lines: &mut Vec<String>, book: &DemoTally, paint: Color) {
    let mut several: Vec<&StorySummary> =
        book.stories.values().filter(|story| story.size > 1).collect();
    several.sort_by(|a, b| {
        (b.size, b.publishers, &a.headline).cmp(&(a.size, a.publishers, &b.headline))
    });
    lines.push(String::new());
    lines.push(paint.bold(&format!(
        "Stories of more than one article ({} of {})",
        several.len(),
        book.stories.len()
    )));
    for story in several.iter().take(STORIES_MAX) {
        lines.push(format!(
            "{:>5} articles  {:>2} independent  {}",
            story.size,
            story.publishers,
            safe(&story.headline, HEADLINE_MAX)
        ));
    }
    if several.len() > STORIES_MAX {
        let more = format!("{:>5} more stories", several.len() - STORIES_MAX);
        lines.push(paint.dim(&more));
    }
}

fn taints(
    lines: &mut Vec<String>,
    title: &str,
    taints: &[TextAlert],
    book: &DemoTally,
    paint: Color,
) {
    if taints.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(paint.bold(title));
    for taint in taints {
        let of = match &taint.of {
            Some(of) => named(of, book),
            None => format!("what was not seen (by {})", named(&taint.by, book)),
        };
        lines.push(format!("  {of}"));
        if taint.carriers.is_empty() {
            lines.push(paint.dim("      nobody"));
        }
        for that in &taint.carriers {
            lines.push(format!("      {}", paint.alarm(&carrier(that, book))));
        }
    }
}

fn rejects(lines: &mut Vec<String>, book: &DemoTally, paint: Color) {
    if book.rejects.is_empty() {
        return;
    }
    let mut by_reason: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (reason, message) in &book.rejects {
        by_reason.entry(reason).or_insert((0, message)).0 += 1;
    }
    lines.push(String::new());
    lines.push(paint.bold("Rejected, with their bytes untouched"));
    for (reason, (count, message)) in by_reason {
        lines.push(format!("{count:>5}  {reason}: {}", safe(message, HEADLINE_MAX)));
    }
}
