//! The comparison as lines for people, and as JSON.

use super::difference::{BothRuns, Change, Difference, Example};
use super::rows::{RunTotals, VerdictRow};
use crate::cli::color::safe;
use crate::cli::words::counted;
use serde_json::{Value, json};

/// A setting that differs: its key, and both values.
pub(super) type ChangedSetting = (String, String, String);

impl Change {
    /// The change in words.
    fn words(&self) -> String {
        match self {
            Self::HeldBack => "no longer forwarded".into(),
            Self::Forwarded => "now forwarded".into(),
            Self::Kind(before, after) => format!("{} -> {}", before.as_str(), after.as_str()),
            Self::Target => "same kind, relative to another article".into(),
            Self::Story => "in another story".into(),
            Self::Lost => "now rejected".into(),
            Self::Gained => "no longer rejected".into(),
        }
    }

    /// The name of the change in JSON.
    fn name(&self) -> &'static str {
        match self {
            Self::HeldBack => "held_back",
            Self::Forwarded => "forwarded",
            Self::Kind(..) => "kind",
            Self::Target => "target",
            Self::Story => "story",
            Self::Lost => "rejected",
            Self::Gained => "accepted",
        }
    }
}

/// The totals, by name.
fn totals(found: &Difference) -> Vec<(&'static str, BothRuns)> {
    let both = |of: fn(&RunTotals) -> u64| {
        let [before, after] = found.totals.each_ref().map(of);
        BothRuns { before, after }
    };
    vec![
        ("articles", found.articles),
        ("copies", found.copies),
        ("forwarded", found.forwarded),
        ("rejected", both(|t| t.rejected)),
        ("stories", both(|t| t.stories)),
        ("merges", both(|t| t.merges)),
        ("withdrawn_events", both(|t| t.withdrawn)),
        ("corrected_events", both(|t| t.corrected)),
    ]
}

/// The comparison as lines.
pub(super) fn lines(found: &Difference, settings: &[ChangedSetting]) -> Vec<String> {
    let mut lines: Vec<String> =
        settings.iter().map(|(key, before, after)| format!("{key}: {before} -> {after}")).collect();
    lines.push(String::new());
    lines.push(format!("{:<17} {:>9} {:>9}", "", "before", "after"));
    for (name, BothRuns { before, after }) in totals(found) {
        let change = i128::from(after) - i128::from(before);
        let change = if change == 0 { String::new() } else { format!("  {change:+}") };
        let name = if name == "stories" { "stories opened".into() } else { name.replace('_', " ") };
        lines.push(format!("{name:<17} {before:>9} {after:>9}{change}"));
    }
    lines.push(String::new());
    let all = counted(found.articles.before.max(found.articles.after), "article", "articles");
    lines.push(format!("{} of {all} changed", found.changed));
    for (change, tally) in &found.changes {
        lines.push(String::new());
        lines.push(format!("{:>7}  {}", tally.count, change.words()));
        for example in &tally.examples {
            lines.extend(example_lines(change, example));
        }
        if tally.count > tally.examples.len() as u64 && !tally.examples.is_empty() {
            lines.push(format!("{:>7}  more", tally.count - tally.examples.len() as u64));
        }
    }
    lines
}

fn example_lines(change: &Change, example: &Example) -> Vec<String> {
    let Some(row) = example.after.as_ref().or(example.before.as_ref()) else { return Vec::new() };
    let title = format!("{} \"{}\"", safe(&row.provider, 24), row.headline);
    let mut lines = vec![format!("         {} ({})", title.trim_start(), safe(&row.uri, 60))];
    for (name, row) in [("before", &example.before), ("after", &example.after)] {
        let Some(row) = row else { continue };
        let says = if *change == Change::Story { story(row) } else { verdict(row) };
        lines.push(format!("           {name:<6} {says}"));
    }
    lines
}

/// The verdict of one run on an article.
fn verdict(row: &VerdictRow) -> String {
    let of = row.of.as_ref().map_or(String::new(), |of| format!(" of {}", safe(of, 60)));
    let unique = match &row.replaces {
        Some(replaced) => format!(", replaces {}", safe(replaced, 60)),
        None if row.forwarded => String::new(),
        None => ", held back".into(),
    };
    format!("{}{of} by rule `{}`{unique}", row.kind.as_str(), row.rule)
}

/// The story that the article joined.
fn story(row: &VerdictRow) -> String {
    match &row.story {
        Some((id, headline)) => format!("story {id} \"{headline}\""),
        None => "no story".into(),
    }
}

/// The comparison as JSON.
pub(super) fn value(found: &Difference, settings: &[ChangedSetting]) -> Value {
    let settings = settings
        .iter()
        .map(|(key, before, after)| json!({ "key": key, "before": before, "after": after }));
    let changes = found.changes.iter().map(|(change, tally)| {
        let mut value = json!({ "change": change.name(), "count": tally.count });
        if let Change::Kind(before, after) = change {
            (value["before"], value["after"]) = (json!(before.as_str()), json!(after.as_str()));
        }
        let example = |example: &Example| {
            let [before, after] = [&example.before, &example.after].map(|of| of.as_ref().map(row));
            json!({ "before": before, "after": after })
        };
        value["examples"] = tally.examples.iter().map(example).collect();
        value
    });
    let totals = totals(found).into_iter().map(|(name, both)| (name.to_owned(), json!(both)));
    json!({
        "settings": settings.collect::<Vec<_>>(),
        "totals": totals.collect::<serde_json::Map<_, _>>(),
        "changed": found.changed,
        "changes": changes.collect::<Vec<_>>(),
    })
}

fn row(row: &VerdictRow) -> Value {
    json!({
        "uri": row.uri, "provider": row.provider, "headline": row.headline,
        "kind": row.kind.as_str(), "of": row.of, "rule": row.rule, "forwarded": row.forwarded,
        "replaces": row.replaces,
        "story": row.story.as_ref().map(|(id, _)| id.to_string()),
        "story_headline": row.story.as_ref().map(|(_, headline)| headline),
    })
}
