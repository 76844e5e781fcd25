//! What a desk must act on.
//!
//! In this order: withdrawn text that others still carry, uncorrected text that others still carry,
//! embargoes that lift within the hour, articles that ask for a look, copies with other figures; newest
//! first within each, the soonest embargo first. A carrier that does not stand any more itself is no
//! longer a matter for the desk. The key of an item changes when something new is to be seen in it.

use super::Api;
use super::articles::CarrierRow;
use super::query::{Params, cursor};
use super::rows::{ArticleRow, RowContext, article_id};
use crate::daemon::http::response::{ApiResult, Listed, fresh};
use crate::daemon::snapshot::{Snapshot, SnapshotArticle};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;
use wirefold_engine::article::{EventTime, Sequence, Span};
use wirefold_engine::event::Carrier;
use wirefold_engine::verdict::{CHANGED_NUMBERS, NEEDS_REVIEW, Validity};

/// Carriers that an item names; `/articles/{id}/carriers` names all.
const CARRIERS: usize = 20;
/// Items of one reason that are looked at.
const ITEMS_MAX: usize = 1_000;
/// How soon an embargo lifts that a desk should know of.
const SOON: Span = Span::hours(1);

/// What a desk must act on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActionQueue {
    items: Vec<QueueItem>,
    /// The cursor of the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The engine's clock, moved on by the time since it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    /// Items by reason; of embargoes and of flagged articles at most 1,000.
    counts: BTreeMap<&'static str, usize>,
}

/// One thing to act on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueItem {
    /// Names it; another one when there is something new to see.
    #[schema(example = "withdrawn:0.1200:2")]
    key: String,
    /// `withdrawn`, `uncorrected`, `embargo`, `needs_review` or `changed_numbers`.
    reason: &'static str,
    /// The article that it is about.
    article: ArticleRow,
    /// The notice, or the correcting article, while it is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<ArticleRow>,
    /// What the article is said to be a copy or a notice of, while that is live.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRow>,
    /// Standing articles that carry the text, the first 20 in order of arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    carriers: Option<Vec<CarrierRow>>,
    /// How many they are; of those beyond `desk.carriers_max` all, whether they stand or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    carriers_total: Option<usize>,
    /// Figures that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<usize>,
    /// When the embargo lifts.
    #[serde(skip_serializing_if = "Option::is_none")]
    lifts: Option<String>,
    /// Its story.
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<StoryName>,
    /// Since when there is something to see, by the log's clock.
    since: String,
}

/// A story, named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryName {
    id: String,
    headline: String,
}

impl StoryName {
    pub(super) fn of(desk: &Snapshot, article: &SnapshotArticle) -> Option<Self> {
        let story = desk.story(article.story?)?;
        Some(Self { id: story.summary.id.to_string(), headline: story.summary.headline.clone() })
    }
}

/// The reasons, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ActionReason {
    Withdrawn,
    Uncorrected,
    Embargo,
    NeedsReview,
    ChangedNumbers,
}

impl ActionReason {
    const ALL: [Self; 5] = [
        Self::Withdrawn,
        Self::Uncorrected,
        Self::Embargo,
        Self::NeedsReview,
        Self::ChangedNumbers,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Uncorrected => "uncorrected",
            Self::Embargo => "embargo",
            Self::NeedsReview => NEEDS_REVIEW,
            Self::ChangedNumbers => CHANGED_NUMBERS,
        }
    }
}

/// Something to act on, found and not yet made into a row.
struct ActionItem {
    reason: ActionReason,
    /// Its place among those of its reason.
    order: i64,
    shard: u32,
    sequence: Sequence,
    carriers: Vec<Carrier>,
    /// Carriers that are counted alone.
    more: usize,
}

/// What a desk must act on.
#[utoipa::path(
    get,
    path = "/api/v1/queue",
    operation_id = "getQueue",
    tag = "desk",
    params(
        ("limit" = Option<u16>, Query, description = "items, 1 to 200"),
        ("cursor" = Option<String>, Query, description = "`next` of the answer before"),
    ),
    responses(
        (status = 200, body = ActionQueue),
        Listed,
    )
)]
pub(super) async fn list(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    params.only(&["limit", "cursor"])?;
    let limit = params.limit()?;
    let skipped = params.cursor()?.map_or(0, |[skipped]| usize::try_from(skipped).unwrap_or(0));
    let desks = api.newest();
    let mut matters: Vec<ActionItem> =
        desks.iter().zip(0..).flat_map(|(desk, shard)| matters(desk, shard)).collect();
    matters.sort_by_key(|m| (m.reason, m.order, m.shard, Reverse(m.sequence)));
    let count = |reason: ActionReason| matters.iter().filter(|m| m.reason == reason).count();
    let counts =
        ActionReason::ALL.into_iter().map(|reason| (reason.as_str(), count(reason))).collect();
    let until = skipped.saturating_add(limit);
    let next = (matters.len() > until).then(|| cursor([until as u64]));
    let shown = matters.iter().skip(skipped).take(limit);
    let items = shown.filter_map(|matter| item(&desks, matter)).collect();
    fresh(&headers, &ActionQueue { items, next, clock: now(&desks), counts })
}

/// The latest clock of all shards as it is by now, to the second.
fn now(desks: &[Arc<Snapshot>]) -> Option<String> {
    let second = |now: EventTime| EventTime(now.0 - now.0.rem_euclid(1_000));
    desks.iter().filter_map(|desk| desk.now()).max().map(|now| second(now).to_string())
}

fn matters(desk: &Snapshot, shard: u32) -> Vec<ActionItem> {
    let mut found = carried(desk, shard);
    if let Some(now) = desk.now() {
        let lifting = desk.lifting(now, now.plus(SOON)).take(ITEMS_MAX);
        let stands = |article: &SnapshotArticle| article.entry.standing == Validity::Stands;
        found.extend(lifting.filter(|(_, _, article)| stands(article)).map(
            |(lifts, sequence, _)| ActionItem {
                reason: ActionReason::Embargo,
                order: lifts.0,
                shard,
                sequence,
                carriers: Vec::new(),
                more: 0,
            },
        ));
    }
    found.extend(desk.flagged().take(ITEMS_MAX).map(|(sequence, article)| {
        let flags = &article.entry.decision.verdict.flags;
        let reason = match flags.iter().any(|flag| flag == NEEDS_REVIEW) {
            true => ActionReason::NeedsReview,
            false => ActionReason::ChangedNumbers,
        };
        ActionItem {
            reason,
            order: newest(article.entry.arrived),
            shard,
            sequence,
            carriers: Vec::new(),
            more: 0,
        }
    }));
    found
}

/// Newest first.
fn newest(at: EventTime) -> i64 {
    at.0.saturating_neg()
}

/// Articles whose text others carry although it must not be printed any more: the versions of one uri
/// are one matter.
fn carried(desk: &Snapshot, shard: u32) -> Vec<ActionItem> {
    let mut by_uri: BTreeMap<&str, ActionItem> = BTreeMap::new();
    for (target, alert) in desk.alerts() {
        let Some(article) = desk.article(target) else { continue };
        let reason = match article.entry.standing {
            Validity::Withdrawn => ActionReason::Withdrawn,
            Validity::Uncorrected => ActionReason::Uncorrected,
            Validity::Stands | Validity::Superseded => continue,
        };
        let by = desk.of_key(&alert.by).map_or(article.entry.arrived, |(_, by)| by.entry.arrived);
        let standing = desk.standing(alert).filter_map(|carrier| desk.article(carrier.sequence));
        let seen = standing.map(|article| article.entry.arrived).max().max(Some(by));
        let matter = by_uri.entry(&article.entry.about.uri).or_insert_with(|| ActionItem {
            reason,
            order: i64::MAX,
            shard,
            sequence: target,
            carriers: Vec::new(),
            more: 0,
        });
        matter.order = matter.order.min(seen.map_or(i64::MAX, newest));
        matter.carriers.extend(desk.standing(alert).cloned());
        matter.more = matter.more.max(alert.unnamed());
    }
    let mut all: Vec<ActionItem> = by_uri.into_values().collect();
    for matter in &mut all {
        matter.carriers.sort_by_key(|carrier| carrier.sequence);
        matter.carriers.dedup_by_key(|carrier| carrier.sequence);
    }
    all.retain(|matter| !matter.carriers.is_empty() || matter.more > 0);
    all
}

fn item(desks: &[Arc<Snapshot>], matter: &ActionItem) -> Option<QueueItem> {
    let desk = desks.get(matter.shard as usize)?;
    let at = RowContext { shard: matter.shard, desk };
    let (sequence, reason) = (matter.sequence, matter.reason);
    let article = desk.article(sequence)?;
    let relation = &article.entry.decision.verdict.relation;
    let is_carried = matches!(reason, ActionReason::Withdrawn | ActionReason::Uncorrected);
    let by = desk.alert(sequence).filter(|_| is_carried).and_then(|alert| desk.of_key(&alert.by));
    let of = relation.of.as_ref().filter(|_| !is_carried && reason != ActionReason::Embargo);
    let (count, id) = (matter.carriers.len() + matter.more, article_id(matter.shard, sequence));
    let newest = matter.carriers.last().and_then(|carrier| desk.article(carrier.sequence));
    let since = [newest, by.map(|(_, by)| by)].into_iter().flatten();
    let since = since.map(|article| article.entry.arrived).max();
    Some(QueueItem {
        key: match is_carried {
            true => format!("{}:{id}:{count}", reason.as_str()),
            false => format!("{}:{id}", reason.as_str()),
        },
        reason: reason.as_str(),
        by: by.map(|(sequence, by)| at.row(sequence, by)),
        of: of.and_then(|of| at.row_at(of.sequence?)),
        carriers: is_carried.then(|| {
            let named = matter.carriers.iter().take(CARRIERS);
            named.filter_map(|carrier| CarrierRow::of(at, carrier)).collect()
        }),
        carriers_total: is_carried.then_some(count),
        changed: (reason == ActionReason::ChangedNumbers || reason == ActionReason::NeedsReview)
            .then_some(relation.evidence.changed_numbers.len())
            .filter(|changed| *changed > 0),
        lifts: article
            .entry
            .about
            .embargoed
            .filter(|_| reason == ActionReason::Embargo)
            .map(|at| at.to_string()),
        story: StoryName::of(desk, article),
        since: since.unwrap_or(article.entry.arrived).to_string(),
        article: at.row(sequence, article),
    })
}
