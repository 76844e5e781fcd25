//! The charts over time: articles and copies as columns, the share of copies as a line.

use super::html::{number, section};
use crate::cli::feed::clock::UNDATED;
use crate::cli::summary::timeline::{Timeline, TimelineStep};
use std::fmt::Write as _;
use wirefold_engine::article::EventTime;

/// Width and height of the charts, in the units of their coordinates.
const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 100.0;
/// Minimum number of articles for each point of the chart of copies, except the last.
const SHARE_OF: u64 = 20;

/// The section with both charts; empty if there is only one step.
pub(super) fn charts(timeline: &Timeline) -> String {
    let steps: Vec<(EventTime, TimelineStep)> = timeline.steps().collect();
    let [(first, _), .., (last, _)] = steps.as_slice() else { return String::new() };
    let most = steps.iter().map(|(_, step)| step.articles).max().unwrap_or_default();
    let note = format!(
        "Each column is {}. <span class=\"key articles\"></span>articles \
         <span class=\"key copies\"></span>copies among them",
        length(timeline.step_minutes())
    );
    let axis = format!(
        "<div class=\"axis\"><span>{}</span><span>{}</span></div>\n",
        minute(*first),
        minute(*last)
    );
    let mut page = section("Copies over time", &note);
    writeln!(page, "<p class=\"axis\"><span>up to {} in a column</span></p>", number(most)).ok();
    page.push_str(&columns(&steps, most));
    page.push_str(&axis);
    writeln!(
        page,
        "<p class=\"axis\"><span>share of copies, 0 to 100 %; each point is for at least \
         {SHARE_OF} articles</span></p>"
    )
    .ok();
    page.push_str(&share(&steps));
    page.push_str(&axis);
    page
}

/// The chart with columns for articles, and columns for copies in front of them.
fn columns(steps: &[(EventTime, TimelineStep)], most: u64) -> String {
    let mut svg = open("time", "Articles and copies over time");
    let width = WIDTH / steps.len() as f64;
    for (at, (start, step)) in steps.iter().enumerate().filter(|(_, (_, s))| s.articles > 0) {
        let x = at as f64 * width;
        let height = |count: u64| HEIGHT * count as f64 / most.max(1) as f64;
        let rect = |class: &str, count: u64| {
            let (y, height) = (HEIGHT - height(count), height(count));
            format!(
                "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{:.2}\" \
                 height=\"{height:.2}\"/>",
                width * 0.9
            )
        };
        writeln!(
            svg,
            "<g><title>{}: {} articles, {} copies</title>{}{}</g>",
            minute(*start),
            number(step.articles),
            number(step.copies),
            rect("articles", step.articles),
            rect("copies", step.copies)
        )
        .ok();
    }
    svg + "</svg>\n"
}

/// The chart of the share of copies, as a line. Each point represents consecutive steps with at
/// least [`SHARE_OF`] articles in total.
fn share(steps: &[(EventTime, TimelineStep)]) -> String {
    let width = WIDTH / steps.len() as f64;
    let (mut points, mut begin) = (Vec::new(), 0);
    let mut sum = TimelineStep::default();
    for (at, (_, step)) in steps.iter().enumerate() {
        sum.articles += step.articles;
        sum.copies += step.copies;
        if sum.articles >= SHARE_OF || at + 1 == steps.len() && sum.articles > 0 {
            let share = sum.copies as f64 / sum.articles as f64;
            let middle = (begin + at + 1) as f64 / 2.0;
            points.push(format!("{:.2},{:.2}", middle * width, HEIGHT * (1.0 - share)));
            (sum, begin) = (TimelineStep::default(), at + 1);
        }
    }
    let svg = open("share", "Share of copies over time");
    format!("{svg}<polyline class=\"rise\" points=\"{}\"/></svg>\n", points.join(" "))
}

/// The opening tag of a chart, which is stretched to the width of the page.
fn open(class: &str, label: &str) -> String {
    format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" \
         role=\"img\" aria-label=\"{label}\">\n"
    )
}

/// A published time, to the minute; a dash if no date is known.
pub(super) fn published(time: &str) -> String {
    let known = time.get(..16).filter(|_| time != UNDATED.to_string());
    known.map_or_else(|| "\u{2013}".into(), |time| time.replace('T', " "))
}

/// A time to the minute, such as `2026-03-02 10:07`.
pub(super) fn minute(at: EventTime) -> String {
    let text = at.to_string();
    let (day, time) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
    format!("{day} {time}")
}

/// A length of time in words.
fn length(minutes: i64) -> String {
    match minutes {
        1 => "a minute".into(),
        2..120 => format!("{minutes} minutes"),
        120..2_880 => format!("{:.1} hours", minutes as f64 / 60.0),
        _ => format!("{:.1} days", minutes as f64 / 1_440.0),
    }
}
