//! The summary as JSON, for programs.

use super::{Alerts, Summary, TextAlert, is_copy};
use crate::daemon::publish::data::NamedArticle;
use serde::Serialize;
use std::collections::BTreeMap;
use wirefold_engine::verdict::Kind;

/// Maximum number of entries in each of the lists of publishers, pairs and stories.
const LISTED_MAX: usize = 100;

/// The summary of a run.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct SummaryInfo<'a> {
    articles: u64,
    rejected: u64,
    events: u64,
    /// Number of articles whose text is entirely or almost entirely in an earlier article by any
    /// publisher: the sum of `copies` over all publishers.
    copies: u64,
    /// `copies` as a share of `articles`; absent if there are no articles.
    #[serde(skip_serializing_if = "Option::is_none")]
    copies_share: Option<f64>,
    kinds: BTreeMap<&'static str, u64>,
    /// The kinds that count as copies.
    copy_kinds: Vec<&'static str>,
    flags: &'a BTreeMap<String, u64>,
    publishers: Listed<PublisherInfo<'a>>,
    copied: Listed<PairInfo<'a>>,
    stories: StoriesInfo<'a>,
    withdrawn: AlertsInfo<'a>,
    corrected: AlertsInfo<'a>,
    rejects: Vec<RejectInfo<'a>>,
    seconds: f64,
}

/// The first entries of a list, and how many entries were left out.
#[derive(Debug, Serialize)]
struct Listed<T> {
    listed: Vec<T>,
    more: usize,
}

impl<T> Listed<T> {
    fn of(all: impl ExactSizeIterator<Item = T>) -> Self {
        let more = all.len().saturating_sub(LISTED_MAX);
        Self { listed: all.take(LISTED_MAX).collect(), more }
    }
}

#[derive(Debug, Serialize)]
struct PublisherInfo<'a> {
    publisher: &'a str,
    articles: u64,
    /// Number of its articles that are copies: the sum of the next three fields.
    copies: u64,
    /// Number of copies of another publisher's text.
    copies_of_others: u64,
    /// Number of copies of the publisher's own text.
    reposts: u64,
    /// Number of copies of a text whose publisher is not known.
    unattributed: u64,
    /// Number of copies of its text by other publishers.
    copied: u64,
}

#[derive(Debug, Serialize)]
struct PairInfo<'a> {
    by: &'a str,
    of: &'a str,
    copies: u64,
}

#[derive(Debug, Serialize)]
struct StoriesInfo<'a> {
    count: usize,
    several_articles: usize,
    absorbed: usize,
    largest: Vec<StoryInfo<'a>>,
}

#[derive(Debug, Serialize)]
struct StoryInfo<'a> {
    headline: &'a str,
    articles: u32,
    publishers: u32,
    first_seen: &'a str,
    last_seen: &'a str,
}

#[derive(Debug, Serialize)]
struct AlertsInfo<'a> {
    /// Number of withdrawals or corrections.
    count: usize,
    /// Sum of `carriers` over the withdrawals or corrections that the summary keeps.
    carriers: usize,
    /// The first withdrawals or corrections, and the number of those left out.
    #[serde(flatten)]
    alerts: Listed<AlertInfo<'a>>,
}

/// A withdrawal or correction.
#[derive(Debug, Serialize)]
struct AlertInfo<'a> {
    /// The notice, or the corrected version.
    by: &'a NamedArticle,
    /// The withdrawn or corrected article; absent if it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'a NamedArticle>,
    /// Number of articles that carry the text of the withdrawn or corrected article.
    carriers: usize,
}

#[derive(Debug, Serialize)]
struct RejectInfo<'a> {
    reason: &'a str,
    count: u64,
    first: RejectExample<'a>,
}

#[derive(Debug, Serialize)]
struct RejectExample<'a> {
    message: &'a str,
    topic: &'a str,
    offset: i64,
}

impl<'a> AlertsInfo<'a> {
    fn of(all: &'a Alerts) -> Self {
        let carriers = |alert: &TextAlert| alert.carriers.len() + alert.more;
        let mut alerts = Listed::of(all.listed.iter().map(|alert| AlertInfo {
            by: &alert.by,
            of: alert.of.as_ref(),
            carriers: carriers(alert),
        }));
        alerts.more += all.more;
        let count = all.listed.len() + all.more;
        Self { count, carriers: all.listed.iter().map(carriers).sum(), alerts }
    }
}

impl<'a> SummaryInfo<'a> {
    /// The JSON form of `summary`; `seconds` is the running time.
    pub(in crate::cli) fn of(summary: &'a Summary, seconds: f64) -> Self {
        let share = summary.copies as f64 / summary.articles as f64;
        let kinds = summary.kinds.iter().map(|(kind, count)| (kind.as_str(), *count));
        let copy_kinds = Kind::ALL.iter().filter(|kind| is_copy(**kind));
        Self {
            articles: summary.articles,
            rejected: summary.rejected_items(),
            events: summary.events,
            copies: summary.copies,
            copies_share: share.is_finite().then(|| (share * 10_000.0).round() / 10_000.0),
            kinds: kinds.collect(),
            copy_kinds: copy_kinds.map(|kind| kind.as_str()).collect(),
            flags: &summary.flags,
            publishers: publishers(summary),
            copied: pairs(summary),
            stories: stories(summary),
            withdrawn: AlertsInfo::of(&summary.withdrawn),
            corrected: AlertsInfo::of(&summary.corrected),
            rejects: rejects(summary),
            seconds: (seconds * 1_000.0).round() / 1_000.0,
        }
    }
}

fn publishers(summary: &Summary) -> Listed<PublisherInfo<'_>> {
    Listed::of(summary.publishers.largest().into_iter().map(|from| PublisherInfo {
        publisher: &from.name,
        articles: from.articles,
        copies: from.copies + from.reposts + from.unattributed,
        copies_of_others: from.copies,
        reposts: from.reposts,
        unattributed: from.unattributed,
        copied: from.copied,
    }))
}

fn pairs(summary: &Summary) -> Listed<PairInfo<'_>> {
    let pairs = summary.publishers.pairs().into_iter();
    Listed::of(pairs.map(|pair| PairInfo { by: pair.by, of: pair.of, copies: pair.copies }))
}

fn stories(summary: &Summary) -> StoriesInfo<'_> {
    let largest = summary.stories.largest(LISTED_MAX).into_iter().map(|story| StoryInfo {
        headline: &story.headline,
        articles: story.size,
        publishers: story.publishers,
        first_seen: &story.first_seen,
        last_seen: &story.last_seen,
    });
    StoriesInfo {
        count: summary.stories.len(),
        several_articles: summary.stories.several(),
        absorbed: summary.stories.absorbed,
        largest: largest.collect(),
    }
}

fn rejects(summary: &Summary) -> Vec<RejectInfo<'_>> {
    let mut all = Vec::new();
    for (reason, reject) in &summary.rejects {
        let first =
            RejectExample { message: &reject.message, topic: &reject.topic, offset: reject.offset };
        all.push(RejectInfo { reason, count: reject.count, first });
    }
    all
}
