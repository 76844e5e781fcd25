//! The results of a run over articles: kinds, copies, publishers, stories, alerts and rejects.
//!
//! In: the records of the events topic and the rejects topic, each once and in order. Out: a
//! [`Summary`], as lines ([`text`]), as JSON ([`json`]) or as the report of `replay --report`.
//! `demo` and `replay` both use it.
//!
//! A *copy* is an article of a kind in [`is_copy`], which means that all or nearly all of its text
//! is in an earlier article.
//!
//! Cost: fixed, apart from live stories, whose number is limited by the engine's window. The limits
//! are in [`articles`] (30 MB), [`publishers`], [`stories`] and [`timeline`]. [`ALERTS_MAX`] alerts
//! are kept, with [`CARRIERS_MAX`] carriers each; further ones are only counted.

pub(super) mod articles;
pub(super) mod contents;
pub(super) mod json;
pub(super) mod publishers;
pub(super) mod stories;
pub(super) mod text;
pub(super) mod timeline;

use crate::daemon::publish::article::{ArticleClassified, ArticleInfo};
use crate::daemon::publish::data::NamedArticle;
use crate::daemon::publish::radius::{CarrierInfo, RadiusInfo};
use articles::SeenArticles;
use contents::{RecordContents, RejectedItem};
use publishers::Publishers;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use stories::Stories;
use timeline::Timeline;
use wirefold_engine::article::EventTime;
use wirefold_engine::verdict::Kind;

/// Maximum number of withdrawals that are kept, and of corrections that are kept.
const ALERTS_MAX: usize = 200;
/// Maximum number of carriers kept for each withdrawal or correction.
const CARRIERS_MAX: usize = 100;

/// Whether articles of this kind are copies, that is, all or nearly all of their text is in an
/// earlier article.
pub(super) fn is_copy(kind: Kind) -> bool {
    matches!(kind, Kind::Redelivery | Kind::Duplicate | Kind::Excerpt | Kind::Reprint)
}

/// A withdrawal or a correction, and the articles that contain the text.
#[derive(Debug)]
pub(super) struct TextAlert {
    /// The article that withdraws or corrects.
    pub(super) by: NamedArticle,
    /// The withdrawn or corrected article, if known.
    pub(super) of: Option<NamedArticle>,
    /// The first articles that contain the text.
    pub(super) carriers: Vec<CarrierInfo>,
    /// Number of further carriers.
    pub(super) more: usize,
}

/// Withdrawals or corrections.
#[derive(Debug, Default)]
pub(super) struct Alerts {
    /// The first withdrawals or corrections.
    pub(super) listed: Vec<TextAlert>,
    /// Number of withdrawals or corrections that are not listed.
    pub(super) more: usize,
}

/// The items rejected for one reason.
#[derive(Debug)]
pub(super) struct RejectTally {
    /// Number of rejected items.
    pub(super) count: u64,
    /// The message of the first rejected item.
    pub(super) message: String,
    /// The topic or file of the first rejected item.
    pub(super) topic: String,
    /// The offset of the first rejected item.
    pub(super) offset: i64,
}

/// The results of a run.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Number of articles.
    pub(super) articles: u64,
    /// Number of copies.
    pub(super) copies: u64,
    /// Number of events.
    pub(super) events: u64,
    /// Number of articles by kind.
    pub(super) kinds: BTreeMap<Kind, u64>,
    /// Number of articles by flag.
    pub(super) flags: BTreeMap<String, u64>,
    /// Publishers, and who copied whom.
    pub(super) publishers: Publishers,
    /// Stories.
    pub(super) stories: Stories,
    /// Articles and copies over time.
    pub(super) timeline: Timeline,
    /// The first and the last date of an article; `None` if no article has one.
    pub(super) dates: Option<RangeInclusive<EventTime>>,
    /// Withdrawals.
    pub(super) withdrawn: Alerts,
    /// Corrections.
    pub(super) corrected: Alerts,
    /// Rejects, by reason code.
    pub(super) rejects: BTreeMap<String, RejectTally>,
    /// Recent articles.
    pub(super) seen: SeenArticles,
}

impl Summary {
    /// Adds a record. `clock` is the engine time of an event. Must be called after the record was
    /// printed: until then, the uri and version of an article still refer to the earlier article
    /// with that uri and version.
    pub(super) fn add(&mut self, record: &RecordContents, clock: Option<EventTime>) {
        if !matches!(record, RecordContents::Reject(_)) {
            self.events += 1;
        }
        match record {
            RecordContents::Classified(classified) => self.classified(classified, clock),
            RecordContents::Withdrawn(radius) => self.withdrawn.add(radius),
            RecordContents::Corrected(radius) => self.corrected.add(radius),
            RecordContents::Opened(event) | RecordContents::Updated(event) => {
                self.stories.published(&event.story);
            }
            RecordContents::Closed(event) => self.stories.closed(&event.story),
            RecordContents::Merged(merged) => self.stories.merged(merged),
            RecordContents::Reject(reject) => self.rejected(reject),
            RecordContents::Superseded(_) | RecordContents::Absorbed => {}
        }
    }

    fn classified(&mut self, classified: &ArticleClassified, clock: Option<EventTime>) {
        let (article, relation) = (&classified.article, &classified.relation);
        let copy = is_copy(relation.kind);
        self.articles += 1;
        self.copies += u64::from(copy);
        *self.kinds.entry(relation.kind).or_default() += 1;
        for flag in &classified.flags {
            *self.flags.entry(flag.clone()).or_default() += 1;
        }
        let provider = article.provider.as_deref();
        if copy {
            let source = relation.root.as_ref().or(relation.of.as_ref());
            let source = source.and_then(|name| self.seen.get(name));
            self.publishers.add_copy(provider, source.map(|seen| seen.provider.as_str()));
        } else {
            self.publishers.add(provider);
        }
        if let Some(clock) = clock {
            self.timeline.add(clock, copy);
        }
        if let Some(date) = date(article) {
            let (first, last) = self.dates.take().map_or((date, date), RangeInclusive::into_inner);
            self.dates = Some(first.min(date)..=last.max(date));
        }
        if let Some(story) = &classified.story {
            self.stories.joined(story);
        }
        self.seen.add(article);
    }

    fn rejected(&mut self, reject: &RejectedItem) {
        let first = || RejectTally {
            count: 0,
            message: reject.message.clone(),
            topic: reject.topic.clone(),
            offset: reject.offset,
        };
        self.rejects.entry(reject.reason.clone()).or_insert_with(first).count += 1;
    }

    /// Number of rejected items.
    pub(super) fn rejected_items(&self) -> u64 {
        self.rejects.values().map(|reject| reject.count).sum()
    }

    /// Number of articles with a flag.
    pub(super) fn flagged(&self, flag: &str) -> u64 {
        self.flags.get(flag).copied().unwrap_or_default()
    }
}

/// The date that an article states for itself. If it states several, they have the same priority as
/// in `replay`.
fn date(article: &ArticleInfo) -> Option<EventTime> {
    article.published.as_deref().or(article.versioncreated.as_deref()).and_then(EventTime::parse)
}

impl Alerts {
    /// Adds the carriers of `radius` to the alert of the same notice, or adds a new alert.
    fn add(&mut self, radius: &RadiusInfo) {
        let at = match self.position(radius) {
            Some(at) => at,
            None if self.listed.len() >= ALERTS_MAX => {
                self.more += 1;
                return;
            }
            None => {
                let (by, of) = (radius.by.clone(), radius.of.clone());
                self.listed.push(TextAlert { by, of, carriers: Vec::new(), more: 0 });
                self.listed.len() - 1
            }
        };
        let alert = &mut self.listed[at];
        let room = CARRIERS_MAX - alert.carriers.len();
        alert.carriers.extend(radius.carriers.iter().take(room).cloned());
        alert.more += radius.carriers.len().saturating_sub(room);
    }

    /// Whether an alert of the same notice about the same article is listed.
    pub(super) fn contains(&self, radius: &RadiusInfo) -> bool {
        self.position(radius).is_some()
    }

    /// The position of the alert of the same notice about the same article.
    fn position(&self, radius: &RadiusInfo) -> Option<usize> {
        self.listed.iter().rposition(|alert| {
            let of = match (&alert.of, &radius.of) {
                (Some(of), Some(other)) => of.is_same(other),
                (None, None) => true,
                _ => false,
            };
            of && alert.by.is_same(&radius.by)
        })
    }
}
