//! Shows who copied whom, in a table of publishers and a table of pairs.

use super::html::{bar, escape, number, section};
use crate::cli::summary::Summary;
use crate::cli::summary::publishers::CopiedPair;
use crate::cli::words::percent;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Maximum number of publishers listed.
const LISTED_MAX: usize = 30;
/// Maximum number of rows and of columns in the table of pairs.
const PAIRS_MAX: usize = 12;

/// Both tables; empty if there is no publisher.
pub(super) fn tables(summary: &Summary) -> String {
    let all = summary.publishers.largest();
    let Some(most) = all.first().map(|publisher| publisher.articles) else { return String::new() };
    let note = "How often each publisher copied others, how often it sent its own texts again \
                (reposts), and how often others copied it. The source of a copy is the publisher \
                of the first article with the text. <span class=\"key articles\"></span>articles \
                <span class=\"key copies\"></span>copies and reposts";
    let mut page = section("Publishers", note);
    page.push_str(
        "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th>publisher<th class=\"optional\">\
         <th class=\"number\">articles<th class=\"number\">copies\
         <th class=\"number\">share<th class=\"number optional\">reposts\
         <th class=\"number\">copied</thead><tbody>\n",
    );
    for from in all.iter().take(LISTED_MAX) {
        let copied = from.copies + from.reposts + from.unattributed;
        let parts = [("copies", copied), ("articles", from.articles - copied)];
        writeln!(
            page,
            "<tr><td>{}<td class=\"drawn optional\">{}<td class=\"number\">{}\
             <td class=\"number\">{}<td class=\"number\">{}<td class=\"number optional\">{}\
             <td class=\"number\">{}",
            escape(&from.name),
            bar(&parts, most),
            number(from.articles),
            number(from.copies),
            percent(from.copies as f64 / from.articles.max(1) as f64),
            number(from.reposts),
            number(from.copied)
        )
        .ok();
    }
    page.push_str("</tbody></table></div>\n");
    more(&mut page, all.len(), LISTED_MAX, "publishers");
    page + &pairs(&summary.publishers.pairs())
}

/// The table of pairs, with a row for each publisher that copies and a column for each that is
/// copied.
fn pairs(all: &[CopiedPair<'_>]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let (mut by, mut of) = (BTreeMap::new(), BTreeMap::new());
    for pair in all {
        *by.entry(pair.by).or_default() += pair.copies;
        *of.entry(pair.of).or_default() += pair.copies;
    }
    let (by, of) = (largest(&by), largest(&of));
    let most = all.iter().map(|pair| pair.copies).max().unwrap_or(1);
    let note = "Each row is a publisher that copied, each column a publisher that was copied.";
    let mut page = section("Who copied whom", note);
    page.push_str("<div class=\"wide\" tabindex=\"0\"><table class=\"pairs\"><thead><tr><th>");
    for name in of.iter().take(PAIRS_MAX) {
        write!(page, "<th>{}", escape(name)).ok();
    }
    page.push_str("</thead><tbody>\n");
    for row in by.iter().take(PAIRS_MAX) {
        write!(page, "<tr><th>{}", escape(row)).ok();
        for column in of.iter().take(PAIRS_MAX) {
            page.push_str(&cell(all, row, column, most));
        }
        page.push('\n');
    }
    page.push_str("</tbody></table></div>\n");
    let shown = |pair: &&CopiedPair<'_>| {
        let within = |names: &[&str], name| names.iter().take(PAIRS_MAX).any(|n| *n == name);
        within(&by, pair.by) && within(&of, pair.of)
    };
    more(&mut page, all.len(), all.iter().filter(shown).count(), "pairs");
    page
}

/// A cell of the table of pairs, shaded by the number of copies.
fn cell(all: &[CopiedPair<'_>], by: &str, of: &str, most: u64) -> String {
    if by == of {
        return "<td class=\"own\">\u{2013}".into();
    }
    let Some(pair) = all.iter().find(|pair| pair.by == by && pair.of == of) else {
        return "<td>".into();
    };
    let shade = 0.08 + 0.42 * pair.copies as f64 / most.max(1) as f64;
    let copies = number(pair.copies);
    format!("<td style=\"background:rgb(var(--shade) / {shade:.2})\">{copies}")
}

/// Names by their totals, largest first.
fn largest<'a>(totals: &BTreeMap<&'a str, u64>) -> Vec<&'a str> {
    let mut names: Vec<_> = totals.iter().collect();
    names.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    names.into_iter().map(|(name, _)| *name).collect()
}

/// Adds a note that says how many entries are not listed.
pub(super) fn more(page: &mut String, all: usize, listed: usize, what: &str) {
    if all > listed {
        let count = number((all - listed) as u64);
        writeln!(page, "<p class=\"quiet\">{count} more {what} are not listed.</p>").ok();
    }
}
