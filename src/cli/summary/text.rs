//! The summary as lines for people.

use super::stories::StorySummary;
use super::{Alerts, Summary, is_copy};
use crate::cli::color::{Color, safe};
use crate::cli::words::{self, counted, percent};
use crate::daemon::publish::data::NamedArticle;
use crate::daemon::publish::radius::CarrierInfo;
use std::time::Duration;
use wirefold_engine::verdict::Kind;

/// Maximum number of stories listed.
const STORIES_MAX: usize = 20;
/// Maximum number of publishers listed.
const PUBLISHERS_MAX: usize = 10;
/// Maximum number of listed withdrawals, and of listed corrections.
const ALERTS_MAX: usize = 20;
/// Maximum number of carriers listed for each withdrawal or correction.
const CARRIERS_MAX: usize = 10;
/// Maximum length of a headline or message, in characters.
const HEADLINE_MAX: usize = 72;
/// Maximum length of a headline within a line, in characters.
const QUOTED_MAX: usize = 60;

/// Maximum length of the description of an article in a line about a withdrawal or correction, in
/// characters. The whole line then has at most 100 characters.
const CITED_MAX: usize = 93;
/// Maximum length of the uri in this description, in characters.
const URI_MAX: usize = 36;
/// Maximum length of the version in this description, in characters.
const VERSION_MAX: usize = 20;
/// Maximum length of the provider in this description, in characters.
const PROVIDER_MAX: usize = 14;

/// The lines for `summary`. `took` is the running time.
pub(in crate::cli) fn lines(summary: &Summary, took: Duration, paint: Color) -> Vec<String> {
    let mut lines = head(summary, took, paint);
    kinds(&mut lines, summary, paint);
    publishers(&mut lines, summary, paint);
    stories(&mut lines, summary, paint);
    alerts(
        &mut lines,
        "Withdrawn articles (notice -> article), and who still carries their text",
        &summary.withdrawn,
        summary,
        paint,
    );
    alerts(
        &mut lines,
        "Corrected articles (correction -> article), and who still carries the old text",
        &summary.corrected,
        summary,
        paint,
    );
    rejects(&mut lines, summary, paint);
    lines
}

/// The totals, and hints about possible problems with the input.
fn head(summary: &Summary, took: Duration, paint: Color) -> Vec<String> {
    let articles = counted(summary.articles, "article", "articles");
    let mut lines = vec![
        String::new(),
        paint.bold(&format!(
            "{articles} and {} read in {:.0} s, {} published",
            counted(summary.rejected_items(), "reject", "rejects"),
            took.as_secs_f64(),
            counted(summary.events, "event", "events"),
        )),
    ];
    if summary.articles > 0 {
        let share = percent(summary.copies as f64 / summary.articles as f64);
        lines.push(format!(
            "{} ({share}) {} of earlier ones; {}; {}",
            counted(summary.copies, "article", "articles"),
            if summary.copies == 1 { "is a copy" } else { "are copies" },
            counted(summary.stories.len() as u64, "story", "stories"),
            counted(summary.publishers.len() as u64, "publisher", "publishers"),
        ));
    }
    let remarks = [
        ("no_body", "without a body: only the headline was compared"),
        ("needs_review", "with the flag `needs_review`"),
    ];
    for (flag, what) in remarks {
        let count = summary.flagged(flag);
        if count > 0 {
            lines.push(paint.alarm(&format!("{} {what}", counted(count, "article", "articles"))));
        }
    }
    lines
}

fn kinds(lines: &mut Vec<String>, summary: &Summary, paint: Color) {
    if summary.articles == 0 {
        return;
    }
    title(lines, "Articles by kind (* counts as a copy)", paint);
    for kind in Kind::ALL.iter().rev() {
        let Some(count) = summary.kinds.get(kind) else { continue };
        let name = paint.kind(*kind, &format!("{:<12}", kind.as_str()));
        let mark = if is_copy(*kind) { "* " } else { "" };
        let meaning = paint.dim(&format!("{mark}{}", words::kind(*kind)));
        lines.push(format!("{count:>7}  {name} {meaning}"));
    }
}

fn publishers(lines: &mut Vec<String>, summary: &Summary, paint: Color) {
    let copying = summary.publishers.copying();
    if copying.is_empty() {
        return;
    }
    title(lines, "Publishers that copy most from others", paint);
    let pairs = summary.publishers.pairs();
    for publisher in copying.iter().take(PUBLISHERS_MAX) {
        let share = percent(publisher.copies as f64 / publisher.articles as f64);
        let sources = pairs.iter().filter(|pair| pair.by == publisher.name).take(3);
        let sources: Vec<String> =
            sources.map(|pair| format!("{} {}", pair.of, pair.copies)).collect();
        lines.push(format!(
            "{:>7} of {} ({share})  {}  from {}",
            publisher.copies,
            counted(publisher.articles, "article", "articles"),
            publisher.name,
            sources.join(", ")
        ));
    }
    more(lines, copying.len(), PUBLISHERS_MAX, "more publishers", paint);
}

fn stories(lines: &mut Vec<String>, summary: &Summary, paint: Color) {
    let several = summary.stories.several();
    let heading =
        format!("Stories with more than one article ({several} of {})", summary.stories.len());
    if several == 0 {
        return;
    }
    title(lines, &heading, paint);
    for story in summary.stories.largest(STORIES_MAX) {
        lines.push(format!(
            "{:>7} articles  {:>2} independent  {}",
            story.size,
            story.publishers,
            safe(&story.headline, HEADLINE_MAX)
        ));
    }
    more(lines, several, STORIES_MAX, "more stories", paint);
}

fn alerts(lines: &mut Vec<String>, what: &str, alerts: &Alerts, summary: &Summary, paint: Color) {
    if alerts.listed.is_empty() {
        return;
    }
    title(lines, what, paint);
    for alert in alerts.listed.iter().take(ALERTS_MAX) {
        let of = alert.of.as_ref().map(|of| cited(of, &alert.by, summary));
        lines.push(format!(
            "  {}",
            cited(&alert.by, alert.of.as_ref().unwrap_or(&alert.by), summary)
        ));
        lines.push(format!("    -> {}", of.unwrap_or_else(|| "an unknown article".into())));
        if alert.carriers.is_empty() {
            lines.push(paint.dim("      no carriers"));
        }
        for carried in alert.carriers.iter().take(CARRIERS_MAX) {
            lines.push(format!("      {}", paint.alarm(&carrier(carried, summary))));
        }
        more(lines, alert.carriers.len() + alert.more, CARRIERS_MAX, "more carriers", paint);
    }
    more(lines, alerts.listed.len() + alerts.more, ALERTS_MAX, "more", paint);
}

fn rejects(lines: &mut Vec<String>, summary: &Summary, paint: Color) {
    if summary.rejects.is_empty() {
        return;
    }
    title(lines, "Rejected, by reason, each with the first example", paint);
    for (reason, reject) in &summary.rejects {
        lines.push(format!(
            "{:>7}  {reason}: {} (offset {} of {})",
            reject.count,
            safe(&reject.message, HEADLINE_MAX),
            reject.offset,
            safe(&reject.topic, QUOTED_MAX)
        ));
    }
}

fn title(lines: &mut Vec<String>, text: &str, paint: Color) {
    lines.push(String::new());
    lines.push(paint.bold(text));
}

/// Adds a line with the number of entries that are not listed, out of `all`.
fn more(lines: &mut Vec<String>, all: usize, listed: usize, what: &str, paint: Color) {
    if all > listed {
        lines.push(paint.dim(&format!("{:>7} {what}", all - listed)));
    }
}

/// The size of a story in words: `3 articles by 2 independent publishers`.
pub(in crate::cli) fn members(story: &StorySummary) -> String {
    let articles = counted(u64::from(story.size), "article", "articles");
    let (one, many) = ("independent publisher", "independent publishers");
    format!("{articles} by {}", counted(u64::from(story.publishers), one, many))
}

/// An article as provider, headline and uri, in at most [`CITED_MAX`] characters, with the version
/// if `other` is another version of it. The headline comes from the event, because a correction may
/// have replaced the article with this uri and version.
fn cited(name: &NamedArticle, other: &NamedArticle, summary: &Summary) -> String {
    let seen = summary.seen.get(name);
    let headline = name.headline.as_deref().or(seen.map(|seen| &*seen.headline));
    let provider = name.provider.as_deref().or(seen.map(|seen| &*seen.provider));
    let version = name.version.as_deref().filter(|_| name.uri == other.uri);
    let version = version.map_or_else(String::new, |v| format!(" v{}", safe(v, VERSION_MAX)));
    let id = format!("{}{version}", safe(&name.uri, URI_MAX));
    let Some(headline) = headline else { return id };
    let provider = safe(provider.unwrap_or_default(), PROVIDER_MAX);
    let taken = provider.chars().count() + id.chars().count() + " \"\"  ".len();
    let headline = safe(headline, CITED_MAX.saturating_sub(taken));
    format!("{provider} \"{headline}\"  {id}").trim_start().to_owned()
}

/// An article as provider and headline, or as its uri if neither the summary nor the event contains
/// more about it.
pub(in crate::cli) fn named(name: &NamedArticle, summary: &Summary) -> String {
    match summary.seen.get(name) {
        Some(seen) => {
            let (provider, headline) = (safe(&seen.provider, 24), safe(&seen.headline, QUOTED_MAX));
            format!("{provider} \"{headline}\"").trim_start().to_owned()
        }
        None => match &name.headline {
            Some(headline) => {
                let provider = safe(name.provider.as_deref().unwrap_or_default(), 24);
                format!("{provider} \"{}\"", safe(headline, QUOTED_MAX)).trim_start().to_owned()
            }
            None => safe(&name.uri, QUOTED_MAX),
        },
    }
}

/// A carrier as provider and headline.
pub(in crate::cli) fn carrier(carrier: &CarrierInfo, summary: &Summary) -> String {
    named(&carrier.article, summary)
}
