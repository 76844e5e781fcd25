//! The queue of items that need action.
//!
//! Items are ordered by reason: withdrawn text that other articles still contain, uncorrected text
//! that other articles still contain, embargoes that end within the hour, articles flagged for
//! review, copies with changed figures. Items with the same reason are ordered newest first, except
//! embargoes: the one that ends first comes first. Carriers that were themselves withdrawn,
//! corrected or superseded are not counted. The key of an item changes when there is something new
//! to see.

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

/// Number of carriers listed per item; `/articles/{id}/carriers` lists more.
const CARRIERS: usize = 20;
/// Maximum number of embargoes, and maximum number of flagged articles, considered per shard.
const ITEMS_MAX: usize = 1_000;
/// Embargoes that end within this time are listed.
const SOON: Span = Span::hours(1);

/// The items that need action.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ActionQueue {
    /// The items of this page, most important first.
    items: Vec<QueueItem>,
    /// Cursor for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The engine clock, advanced by the time since it was read (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    /// Number of items by reason. At most 1,000 embargoes and 1,000 flagged articles per shard are
    /// counted.
    counts: BTreeMap<&'static str, usize>,
}

/// An item that needs action.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct QueueItem {
    /// Identifies the item. The key changes when there is something new to see.
    #[schema(example = "withdrawn:0.1200:2")]
    key: String,
    /// `withdrawn`, `uncorrected`, `embargo`, `needs_review` or `changed_numbers`.
    reason: &'static str,
    /// The article that needs action.
    article: ArticleRow,
    /// The article that withdrew or corrected it; absent if that article is no longer live.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<ArticleRow>,
    /// The article that this one copies, revises or is a notice about; absent if that article is no
    /// longer live.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRow>,
    /// The valid articles that contain the text: the first 20, in order of arrival.
    #[serde(skip_serializing_if = "Option::is_none")]
    carriers: Option<Vec<CarrierRow>>,
    /// Number of carriers. Carriers beyond the first 500 found are counted even if they are no
    /// longer valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    carriers_total: Option<usize>,
    /// Number of figures that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<usize>,
    /// End of the embargo (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    lifts: Option<String>,
    /// The article's story; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<StoryName>,
    /// Engine time of the latest change to the item (RFC 3339, UTC).
    since: String,
}

/// A story's id and headline.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryName {
    /// The story's id.
    id: String,
    /// The story's headline.
    headline: String,
}

impl StoryName {
    /// The story of an article.
    pub(super) fn of(desk: &Snapshot, article: &SnapshotArticle) -> Option<Self> {
        let story = desk.story(article.story?)?;
        Some(Self { id: story.summary.id.to_string(), headline: story.summary.headline.clone() })
    }
}

/// The reasons for an item, most important first.
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

/// An item, before it is rendered.
struct ActionItem {
    /// Why it needs action.
    reason: ActionReason,
    /// Its rank among the items with the same reason. The lowest comes first.
    order: i64,
    /// The article's shard.
    shard: u32,
    /// The article's sequence number.
    sequence: Sequence,
    /// The valid carriers, in order of arrival.
    carriers: Vec<Carrier>,
    /// Number of carriers that are counted but not listed.
    more: usize,
}

/// The queue of items that need action, most important first.
#[utoipa::path(
    get,
    path = "/api/v1/queue",
    operation_id = "getQueue",
    tag = "desk",
    params(
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200,
            description = "maximum number of items; 50 by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9a-f]{1,16}$",
            description = "`next` of the previous response"),
    ),
    responses(
        (status = 200, body = ActionQueue, description = "what needs action, most urgent first"),
        Listed,
    )
)]
pub(super) async fn list(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    params.only(&["limit", "cursor"])?;
    let limit = params.limit()?;
    let skipped = params.cursor()?.map_or(0, |[skipped]| usize::try_from(skipped).unwrap_or(0));
    let desks = api.newest();
    let mut action_items: Vec<ActionItem> =
        desks.iter().zip(0..).flat_map(|(desk, shard)| action_items(desk, shard)).collect();
    action_items.sort_by_key(|m| (m.reason, m.order, m.shard, Reverse(m.sequence)));
    let count = |reason: ActionReason| action_items.iter().filter(|m| m.reason == reason).count();
    let counts =
        ActionReason::ALL.into_iter().map(|reason| (reason.as_str(), count(reason))).collect();
    let until = skipped.saturating_add(limit);
    let next = (action_items.len() > until).then(|| cursor([until as u64]));
    let page = action_items.iter().skip(skipped).take(limit);
    let items = page.filter_map(|action| item(&desks, action)).collect();
    fresh(&headers, &ActionQueue { items, next, clock: now(&desks), counts })
}

/// The latest clock of all shards, advanced to the present and rounded down to the second.
fn now(desks: &[Arc<Snapshot>]) -> Option<String> {
    let second = |now: EventTime| EventTime(now.0 - now.0.rem_euclid(1_000));
    desks.iter().filter_map(|desk| desk.now()).max().map(|now| second(now).to_string())
}

/// The items of one shard.
fn action_items(desk: &Snapshot, shard: u32) -> Vec<ActionItem> {
    let mut found = carried(desk, shard);
    if let Some(now) = desk.now() {
        let lifting = desk.embargoes_ending(now, now.plus(SOON)).take(ITEMS_MAX);
        let is_valid = |article: &SnapshotArticle| article.entry.standing == Validity::Valid;
        found.extend(lifting.filter(|(_, _, article)| is_valid(article)).map(
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

/// A rank that orders the newest first.
fn newest(at: EventTime) -> i64 {
    at.0.saturating_neg()
}

/// Articles whose withdrawn or uncorrected text is in other articles. The versions of one uri form
/// one item.
fn carried(desk: &Snapshot, shard: u32) -> Vec<ActionItem> {
    let mut by_uri: BTreeMap<&str, ActionItem> = BTreeMap::new();
    for (target, alert) in desk.alerts() {
        let Some(article) = desk.article(target) else { continue };
        let reason = match article.entry.standing {
            Validity::Withdrawn => ActionReason::Withdrawn,
            Validity::Uncorrected => ActionReason::Uncorrected,
            Validity::Valid | Validity::Superseded => continue,
        };
        let by = desk.of_key(&alert.by).map_or(article.entry.arrived, |(_, by)| by.entry.arrived);
        let standing = desk.standing(alert).filter_map(|carrier| desk.article(carrier.sequence));
        let seen = standing.map(|article| article.entry.arrived).max().max(Some(by));
        let action = by_uri.entry(&article.entry.about.uri).or_insert_with(|| ActionItem {
            reason,
            order: i64::MAX,
            shard,
            sequence: target,
            carriers: Vec::new(),
            more: 0,
        });
        action.order = action.order.min(seen.map_or(i64::MAX, newest));
        action.carriers.extend(desk.standing(alert).cloned());
        action.more = action.more.max(alert.unnamed());
    }
    let mut all: Vec<ActionItem> = by_uri.into_values().collect();
    for action in &mut all {
        action.carriers.sort_by_key(|carrier| carrier.sequence);
        action.carriers.dedup_by_key(|carrier| carrier.sequence);
    }
    all.retain(|action| !action.carriers.is_empty() || action.more > 0);
    all
}

/// An item in the form that the API sends.
fn item(desks: &[Arc<Snapshot>], action: &ActionItem) -> Option<QueueItem> {
    let desk = desks.get(action.shard as usize)?;
    let at = RowContext { shard: action.shard, desk };
    let (sequence, reason) = (action.sequence, action.reason);
    let article = desk.article(sequence)?;
    let relation = &article.entry.decision.verdict.relation;
    let is_carried = matches!(reason, ActionReason::Withdrawn | ActionReason::Uncorrected);
    let by = desk.alert(sequence).filter(|_| is_carried).and_then(|alert| desk.of_key(&alert.by));
    let of = relation.of.as_ref().filter(|_| !is_carried && reason != ActionReason::Embargo);
    let (count, id) = (action.carriers.len() + action.more, article_id(action.shard, sequence));
    let newest = action.carriers.last().and_then(|carrier| desk.article(carrier.sequence));
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
            let named = action.carriers.iter().take(CARRIERS);
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
