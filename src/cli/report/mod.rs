//! The report of `replay --report`: one HTML file that needs no network and runs no scripts.
//!
//! In: a [`Summary`]. Out: the page. The same input gives the same bytes, because the page does not
//! contain the time at which it was made. All text of articles is escaped, and the page's content
//! security policy allows only its style sheet.

mod html;
mod publishers;
mod time;

use crate::cli::summary::{Alerts, Summary, is_copy, text};
use crate::cli::words::{self, counted, percent};
use html::{bar, escape, number, section};
use publishers::more;
use std::fmt::Write as _;
use wirefold_engine::verdict::Kind;

const STYLE: &str = include_str!("style.css");
/// Maximum number of stories listed.
const STORIES_MAX: usize = 50;
/// Maximum number of listed withdrawals, and of listed corrections.
const ALERTS_MAX: usize = 50;

/// The page. `inputs` are the names of the files, and `settings` is the hash of the engine
/// settings.
pub(super) fn page(summary: &Summary, inputs: &[String], settings: &str) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>Wirefold report: {0}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>Copies and stories in {0}</h1>\n",
        escape(&title(inputs))
    );
    page.push_str(&head(summary));
    page.push_str(&time::charts(&summary.timeline));
    page.push_str(&kinds(summary));
    page.push_str(&publishers::tables(summary));
    page.push_str(&stories(summary));
    page.push_str(&alerts("Withdrawn articles", "their text", &summary.withdrawn, summary));
    page.push_str(&alerts("Corrected articles", "the old text", &summary.corrected, summary));
    page.push_str(&rejects(summary));
    writeln!(
        page,
        "<footer>Made by Wirefold {}, engine {}, settings {settings}. Wirefold finds copies that \
         share literal wording with an article in the window; it does not guess at paraphrases or \
         translations.</footer>\n</body>\n</html>",
        env!("CARGO_PKG_VERSION"),
        wirefold_engine::ENGINE_VERSION
    )
    .ok();
    page
}

/// The name of the file, or the number of files if there are several.
fn title(inputs: &[String]) -> String {
    match inputs {
        [one] => one.clone(),
        all => format!("{} files", all.len()),
    }
}

/// The period and the totals.
fn head(summary: &Summary) -> String {
    let mut page = String::new();
    match &summary.dates {
        None => page.push_str("<p class=\"quiet\">No article has a date.</p>\n"),
        Some(dates) => {
            let (first, last) = (time::minute(*dates.start()), time::minute(*dates.end()));
            writeln!(page, "<p class=\"quiet\">{first} to {last} UTC, by the articles' dates</p>")
                .ok();
        }
    }
    let tile = |name: &str, value: String| format!("<div><dt>{name}<dd>{value}</div>");
    let share = percent(summary.copies as f64 / summary.articles.max(1) as f64);
    writeln!(
        page,
        "<dl class=\"tiles\">{}{}{}{}{}</dl>",
        tile("articles", number(summary.articles)),
        tile("copies", share),
        tile("stories", number(summary.stories.len() as u64)),
        tile("publishers", number(summary.publishers.len() as u64)),
        tile("rejected", number(summary.rejected_items()))
    )
    .ok();
    let bare = summary.flagged("no_body");
    if bare > 0 {
        let articles = counted(bare, "article has", "articles have");
        writeln!(page, "<p>{articles} no body: only the headline was compared.</p>").ok();
    }
    page
}

fn kinds(summary: &Summary) -> String {
    let most = summary.kinds.values().copied().max().unwrap_or_default();
    let note = "What each article is in relation to the earlier ones. The kinds in colour count as \
                copies: all or nearly all of the text is in an earlier article.";
    let mut page = section("Kinds", note);
    page.push_str("<table><tbody>\n");
    for kind in Kind::ALL.iter().rev() {
        let Some(count) = summary.kinds.get(kind) else { continue };
        let class = if is_copy(*kind) { "copies" } else { "articles" };
        writeln!(
            page,
            "<tr><td>{}<td class=\"number\">{}<td class=\"drawn\">{}\
             <td class=\"optional quiet\">{}",
            kind.as_str(),
            number(*count),
            bar(&[(class, *count)], most),
            escape(words::kind(*kind))
        )
        .ok();
    }
    page + "</tbody></table>\n"
}

fn stories(summary: &Summary) -> String {
    let largest = summary.stories.largest(STORIES_MAX);
    let Some(most) = largest.first().map(|story| u64::from(story.size)) else {
        return String::new();
    };
    let several = summary.stories.several();
    let note = format!(
        "{} of {} {} more than one article. Publishers count as independent if their texts have \
         different origins.",
        number(several as u64),
        number(summary.stories.len() as u64),
        if summary.stories.len() == 1 { "story has" } else { "stories have" }
    );
    let mut page = section("Largest stories", &note);
    page.push_str(
        "<table><thead><tr><th>story<th class=\"number\">articles<th>\
         <th class=\"number\">publishers<th class=\"optional\">first and last article</thead>\
         <tbody>\n",
    );
    for story in largest {
        let times = [&story.first_seen, &story.last_seen];
        let times = times.map(|time| time::published(time));
        writeln!(
            page,
            "<tr><td>{}<td class=\"number\">{}<td class=\"drawn\">{}<td class=\"number\">{}\
             <td class=\"optional quiet\">{}",
            escape(&story.headline),
            story.size,
            bar(&[("stories", u64::from(story.size))], most),
            story.publishers,
            escape(&times.join(" \u{2013} "))
        )
        .ok();
    }
    page.push_str("</tbody></table>\n");
    more(&mut page, several, STORIES_MAX, "stories");
    page
}

/// A section with withdrawals or corrections, and the carriers of `what`.
fn alerts(title: &str, what: &str, alerts: &Alerts, summary: &Summary) -> String {
    if alerts.listed.is_empty() {
        return String::new();
    }
    let note = format!("Each entry lists the articles that still carry {what}.");
    let mut page = section(title, &note);
    page.push_str("<ul>\n");
    for alert in alerts.listed.iter().take(ALERTS_MAX) {
        let of = alert.of.as_ref().map(|of| text::named(of, summary));
        let of = of.unwrap_or_else(|| "an unknown article".into());
        let by = text::named(&alert.by, summary);
        write!(page, "<li>{} <span class=\"quiet\">by {}</span>", escape(&of), escape(&by)).ok();
        if alert.carriers.is_empty() {
            page.push_str(" <span class=\"quiet\">no carriers</span>");
        } else {
            page.push_str("<ul>");
            for carrier in &alert.carriers {
                write!(page, "<li>{}", escape(&text::carrier(carrier, summary))).ok();
            }
            page.push_str("</ul>");
        }
        if alert.more > 0 {
            write!(page, "<p class=\"quiet\">{} more</p>", number(alert.more as u64)).ok();
        }
        page.push('\n');
    }
    page.push_str("</ul>\n");
    more(&mut page, alerts.listed.len() + alerts.more, ALERTS_MAX, "of these");
    page
}

fn rejects(summary: &Summary) -> String {
    if summary.rejects.is_empty() {
        return String::new();
    }
    let mut page = section("Rejected", "By reason, each with the first example.");
    page.push_str("<table><tbody>\n");
    for (reason, reject) in &summary.rejects {
        writeln!(
            page,
            "<tr><td class=\"number\">{}<td>{}<td>{}<td class=\"quiet\">offset {} of {}",
            number(reject.count),
            escape(reason),
            escape(&reject.message),
            reject.offset,
            escape(&reject.topic)
        )
        .ok();
    }
    page + "</tbody></table>\n"
}
