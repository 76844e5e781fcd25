//! The summary printed at the end of the sample.

use super::color::{Color, safe};
use super::screen::{carrier, named};
use super::tally::{DemoTally, StorySummary, TextAlert};
use super::words::{self, counted};
use std::collections::BTreeMap;
use std::time::Duration;
use wirefold_engine::verdict::Kind;

/// The most stories listed.
const STORIES_MAX: usize = 60;
/// The longest headline or message, in characters.
const HEADLINE_MAX: usize = 72;

/// The summary of `tally`; `took` is the running time.
pub(super) fn lines(tally: &DemoTally, took: Duration, paint: Color) -> Vec<String> {
    let read: u64 = tally.kinds.values().sum();
    let mut lines = vec![
        String::new(),
        paint.bold(&format!(
            "{} and {} read in {:.0} s, {} published",
            counted(read, "article", "articles"),
            counted(tally.rejects.len() as u64, "reject", "rejects"),
            took.as_secs_f64(),
            counted(tally.events, "event", "events"),
        )),
    ];
    lines.push(String::new());
    lines.push(paint.bold("Articles by kind"));
    for kind in Kind::ALL.iter().rev() {
        let Some(count) = tally.kinds.get(kind) else { continue };
        let name = paint.kind(*kind, &format!("{:<12}", kind.as_str()));
        lines.push(format!("{count:>5}  {name} {}", paint.dim(words::kind(*kind))));
    }
    stories(&mut lines, tally, paint);
    alerts(
        &mut lines,
        "Withdrawn articles, and who still carries their text",
        &tally.withdrawn,
        tally,
        paint,
    );
    alerts(
        &mut lines,
        "Corrected articles, and who still carries the old text",
        &tally.corrected,
        tally,
        paint,
    );
    rejects(&mut lines, tally, paint);
    lines
}

fn stories(lines: &mut Vec<String>, tally: &DemoTally, paint: Color) {
    let mut several: Vec<&StorySummary> =
        tally.stories.values().filter(|story| story.size > 1).collect();
    several.sort_by(|a, b| {
        (b.size, b.publishers, &a.headline).cmp(&(a.size, a.publishers, &b.headline))
    });
    lines.push(String::new());
    lines.push(paint.bold(&format!(
        "Stories with more than one article ({} of {})",
        several.len(),
        tally.stories.len()
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

fn alerts(
    lines: &mut Vec<String>,
    title: &str,
    alerts: &[TextAlert],
    tally: &DemoTally,
    paint: Color,
) {
    if alerts.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(paint.bold(title));
    for alert in alerts {
        let of = match &alert.of {
            Some(of) => named(of, tally),
            None => format!("an unknown article (notice: {})", named(&alert.by, tally)),
        };
        lines.push(format!("  {of}"));
        if alert.carriers.is_empty() {
            lines.push(paint.dim("      no carriers"));
        }
        for carried in &alert.carriers {
            lines.push(format!("      {}", paint.alarm(&carrier(carried, tally))));
        }
    }
}

fn rejects(lines: &mut Vec<String>, tally: &DemoTally, paint: Color) {
    if tally.rejects.is_empty() {
        return;
    }
    let mut by_reason: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for (reason, message) in &tally.rejects {
        by_reason.entry(reason).or_insert((0, message)).0 += 1;
    }
    lines.push(String::new());
    lines.push(paint.bold("Rejected records, by reason"));
    for (reason, (count, message)) in by_reason {
        lines.push(format!("{count:>5}  {reason}: {}", safe(message, HEADLINE_MAX)));
    }
}
