//! Live stories: the list with its filters, a single story with its timeline, and the values to
//! filter by.

use super::filter::Filter;
use super::query::{Params, cursor, signed, unsigned};
use super::rows::{ArticleRow, RowContext, StoryRow, article_id};
use super::saga::SagaRow;
use super::{Api, Problem};
use crate::daemon::http::response::{ApiResult, Listed, Named, fresh};
use crate::daemon::snapshot::Snapshot;
use crate::daemon::snapshot::story::SnapshotStory;
use axum::extract::{Path, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;
use wirefold_engine::article::{EventTime, Sequence};
use wirefold_engine::stories::StoryId;

/// Maximum number of filter values per facet.
const FACETS_MAX: usize = 200;

/// A page of live stories.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryList {
    /// The stories of this page.
    items: Vec<StoryRow>,
    /// Cursor for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The engine clock (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    /// Number of all live stories.
    stories: usize,
    /// Number of live stories that all filters accept.
    matching: usize,
    /// Number of items on all pages: `matching` without the stories that `collapse` leaves out.
    rows: usize,
}

/// The order of stories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Fastest-growing first.
    Rise,
    /// Latest arrival first.
    Newest,
    /// Most members first.
    Size,
}

/// Live stories, sorted by growth, latest arrival or size.
#[utoipa::path(
    get,
    path = "/api/v1/stories",
    operation_id = "listStories",
    tag = "stories",
    params(
        ("sort" = Option<String>, Query, pattern = "^(rise|newest|size)$",
            description = "`rise` (fastest growing first, the default), `newest` (latest arrival \
                first) or `size`"),
        ("language" = Option<String>, Query, description = "languages, separated by commas"),
        ("publisher" = Option<String>, Query, description = "stories with a member of this \
            provider; may be repeated, any match counts"),
        ("kind" = Option<String>, Query, pattern = "^(withdrawal|redelivery|correction|update|\
            duplicate|recurring|excerpt|expansion|reprint|partial|original)$",
            description = "stories with a member of this kind; may be repeated, any match \
                counts"),
        ("badge" = Option<String>, Query, pattern = "^(withdrawn|uncorrected|carried|corrections|\
            needs_review|changed_numbers|embargoed)$",
            description = "stories with this badge above 0; may be repeated, any match counts"),
        ("publishers_min" = Option<u32>, Query, minimum = 0,
            description = "minimum number of independent publishers"),
        ("collapse" = Option<bool>, Query, description = "`true` leaves out every story that is \
            linked to a larger story in another language with a score of at least 0.25 and a name \
            or a figure in common, or only because an article states that it is a translation; \
            the larger story names it in `links`, and `matching` still counts it"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200,
            description = "maximum number of items; 50 by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9a-f]{1,16}-[0-9a-f]{1,16}$",
            description = "`next` of the previous response"),
    ),
    responses(
        (status = 200, body = StoryList, description = "a page of live stories"),
        Listed,
    )
)]
pub(super) async fn list(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    params.only(&[
        "sort",
        "language",
        "publisher",
        "kind",
        "publishers_min",
        "badge",
        "collapse",
        "limit",
        "cursor",
    ])?;
    let (filter, limit) = (Filter::read(&params)?, params.limit()?);
    let collapse = params.read("collapse", "true or false")?.unwrap_or(false);
    let before = params.cursor()?.map(|[rank, id]| (signed(rank), StoryId::new(id)));
    let sort = match params.one("sort")? {
        None | Some("rise") => Sort::Rise,
        Some("newest") => Sort::Newest,
        Some("size") => Sort::Size,
        Some(other) => {
            return Err(Problem::bad(format!(
                "unknown `sort` `{other}`; it must be rise, newest or size"
            )));
        }
    };
    let desks = api.newest();
    let list = match sort {
        // Only this order has an index. Without filters, nothing has to be counted.
        Sort::Rise if filter.is_open() && !collapse => rising(&desks, None, before, limit),
        Sort::Rise if filter.is_open() => {
            api.work(move || rising(&desks, Some(&filter), before, limit)).await?
        }
        _ => api.work(move || ranked(&desks, (&filter, collapse), sort, before, limit)).await?,
    };
    fresh(&headers, &list)
}

/// A page of stories. `counts` are the number of accepted stories and the number of all rows.
fn story_list(
    desks: &[Arc<Snapshot>],
    items: Vec<StoryRow>,
    next: Option<(i64, StoryId)>,
    counts: (usize, usize),
) -> StoryList {
    let (matching, rows) = counts;
    StoryList {
        items,
        next: next.map(|(rank, id)| cursor([unsigned(rank), id.get()])),
        clock: clock(desks),
        stories: stories_len(desks),
        matching,
        rows,
    }
}

/// Number of live stories of all shards.
fn stories_len(desks: &[Arc<Snapshot>]) -> usize {
    desks.iter().map(|desk| desk.stories_len()).sum()
}

/// The latest clock of all shards.
pub(super) fn clock(desks: &[Arc<Snapshot>]) -> Option<String> {
    desks.iter().filter_map(|desk| desk.clock).max().map(|clock: EventTime| clock.to_string())
}

/// All stories by growth, merged over all shards. `collapse` leaves out stories that other rows
/// name.
fn rising(
    desks: &[Arc<Snapshot>],
    collapse: Option<&Filter>,
    before: Option<(i64, StoryId)>,
    limit: usize,
) -> StoryList {
    let is_led = |desk: &Snapshot, story: &SnapshotStory| {
        collapse.is_some_and(|filter| filter.is_led(desk, story))
    };
    let mut walks: Vec<_> = desks.iter().map(|desk| desk.rising(before).peekable()).collect();
    let (mut items, mut last) = (Vec::new(), None);
    let more = loop {
        let heads = walks.iter_mut().enumerate().filter_map(|(n, walk)| Some((*walk.peek()?, n)));
        let Some((head, shard)) = heads.max() else { break false };
        let desk = &desks[shard];
        let story = desk.story(head.1).filter(|story| !is_led(desk, story));
        if story.is_some() && items.len() == limit {
            break true;
        }
        walks[shard].next();
        if let Some(story) = story {
            last = Some(head);
            items.push(RowContext { shard: shard as u32, desk }.story(story));
        }
    };
    let led = |desk: &Arc<Snapshot>| match collapse {
        Some(filter) => desk.stories().filter(|(_, story)| filter.is_led(desk, story)).count(),
        None => 0,
    };
    let (all, led) = (stories_len(desks), desks.iter().map(led).sum::<usize>());
    story_list(desks, items, last.filter(|_| more), (all, all - led))
}

/// The first `limit` accepted stories in the given order, and the number of accepted stories, found
/// in one pass over all stories.
fn ranked(
    desks: &[Arc<Snapshot>],
    (filter, collapse): (&Filter, bool),
    sort: Sort,
    before: Option<(i64, StoryId)>,
    limit: usize,
) -> StoryList {
    let mut first: BTreeSet<Reverse<(i64, StoryId, u32)>> = BTreeSet::new();
    let (mut matching, mut rows, mut more) = (0, 0, false);
    for (desk, shard) in desks.iter().zip(0..) {
        for (&id, story) in desk.stories().filter(|(_, story)| filter.accepts(story)) {
            matching += 1;
            if collapse && filter.is_led(desk, story) {
                continue;
            }
            rows += 1;
            let rank = match sort {
                Sort::Size => i64::from(story.summary.size),
                Sort::Newest => story.summary.last_seen.0,
                Sort::Rise => story.summary.rise.rank(),
            };
            if before.is_some_and(|before| (rank, id) >= before) {
                continue;
            }
            first.insert(Reverse((rank, id, shard)));
            if first.len() > limit {
                first.pop_last();
                more = true;
            }
        }
    }
    let last = first.last().map(|Reverse((rank, id, _))| (*rank, *id));
    let row = |Reverse((_, id, shard)): Reverse<(i64, StoryId, u32)>| {
        let desk = desks.get(shard as usize)?;
        Some(RowContext { shard, desk }.story(desk.story(id)?))
    };
    let items = first.into_iter().filter_map(row).collect();
    story_list(desks, items, last.filter(|_| more), (matching, rows))
}

/// A story with its articles, in order of arrival.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryPage {
    /// The story.
    story: StoryRow,
    /// The articles of this page, in order of arrival.
    timeline: Vec<TimelineRow>,
    /// Cursor for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The first articles of the story, by the engine's clock and by the publishers' clocks.
    first: First,
    /// The running story that this story belongs to; absent if there is no other stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    saga: Option<SagaRow>,
    /// The engine clock (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// An article in the timeline of a story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineRow {
    /// The article.
    #[serde(flatten)]
    article: ArticleRow,
    /// Seconds from the arrival of the story's first article to the arrival of this one.
    after_first_arrived: f64,
    /// Seconds from the earliest time that an article of the story claims to the time that this
    /// article claims; absent if this article claims no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_first_claimed: Option<f64>,
}

/// The first articles of a story, by the engine's clock and by the publishers' clocks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct First {
    /// Id of the article that arrived first.
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived: Option<String>,
    /// Id of the article with the earliest claimed time; absent if no article claims a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
}

/// A live story with its articles, in order of arrival.
#[utoipa::path(
    get,
    path = "/api/v1/stories/{id}",
    operation_id = "getStory",
    tag = "stories",
    params(
        ("id" = String, Path, description = "id of the story"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200,
            description = "maximum number of items; 200 by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9a-f]{1,16}$",
            description = "`next` of the previous response"),
    ),
    responses(
        (status = 308, description = "this story was merged into the one in `Location`"),
        (status = 200, body = StoryPage, description = "the story with its articles"),
        Named,
    )
)]
pub(super) async fn one(
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult {
    params.only(&["limit", "cursor"])?;
    let limit = params.limit_or(200)?;
    let after = params.cursor()?.map(|[sequence]| Sequence(sequence));
    let missing = || Problem::missing(format!("no live story `{id}`"));
    let story = u64::from_str_radix(&id, 16).ok().filter(|_| id.len() == 16).map(StoryId::new);
    let story = story.ok_or_else(missing)?;
    let desks = api.newest();
    let found =
        desks.iter().zip(0..).find_map(|(desk, shard)| Some((desk, shard, desk.story(story)?)));
    let Some((desk, shard, found)) = found else {
        let survivor = desks.iter().find_map(|desk| desk.survivor(story)).ok_or_else(missing)?;
        // Relative to this URL, because a proxy may serve the API under a different path.
        let to = [(LOCATION, survivor.to_string())];
        return Ok((StatusCode::PERMANENT_REDIRECT, to).into_response());
    };
    let at = RowContext { shard, desk };
    let firsts = firsts(desk, story);
    let seconds = |span: i64| span as f64 / 1_000.0;
    let mut members = desk.members(story, after).peekable();
    let mut timeline = Vec::new();
    let mut last = None;
    for (sequence, article) in members.by_ref().take(limit) {
        let (arrived, claimed) = (article.entry.arrived, article.entry.about.claimed);
        last = Some(sequence);
        timeline.push(TimelineRow {
            article: at.row(sequence, article),
            after_first_arrived: firsts.arrived.map_or(0.0, |(at, _)| seconds(arrived.since(at).0)),
            after_first_claimed: claimed
                .zip(firsts.claimed)
                .map(|(claimed, (at, _))| seconds(claimed.since(at).0)),
        });
    }
    let more = members.peek().is_some();
    let page = StoryPage {
        story: at.story(found),
        timeline,
        next: last.filter(|_| more).map(|sequence| cursor([sequence.0])),
        first: First {
            arrived: firsts.arrived.map(|(_, sequence)| article_id(shard, sequence)),
            claimed: firsts.claimed.map(|(_, sequence)| article_id(shard, sequence)),
        },
        saga: at.saga(story),
        clock: clock(&desks),
    };
    fresh(&headers, &page)
}

/// The first members of a story, by arrival and by claimed time.
struct Firsts {
    arrived: Option<(EventTime, Sequence)>,
    claimed: Option<(EventTime, Sequence)>,
}

fn firsts(desk: &Snapshot, story: StoryId) -> Firsts {
    let mut members = desk.members(story, None);
    let arrived = members.next();
    let claimed = arrived.into_iter().chain(members);
    let claimed = claimed.filter_map(|(s, article)| Some((article.entry.about.claimed?, s))).min();
    Firsts { arrived: arrived.map(|(s, article)| (article.entry.arrived, s)), claimed }
}

/// The values by which stories can be filtered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Facets {
    /// Languages of live stories, most frequent first.
    languages: Vec<StoryFacet>,
    /// Providers of live articles, most frequent first.
    publishers: Vec<ArticleFacet>,
    /// Kinds of live articles, most frequent first.
    kinds: Vec<ArticleFacet>,
}

/// A value, with the number of live stories that have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryFacet {
    /// The value.
    value: String,
    /// Number of live stories.
    stories: u32,
}

/// A value, with the number of live articles that have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticleFacet {
    /// The value.
    value: String,
    /// Number of live articles.
    articles: u32,
}

/// The values by which stories can be filtered: at most 200 for each filter, most frequent first.
#[utoipa::path(
    get,
    path = "/api/v1/facets",
    operation_id = "getFacets",
    tag = "stories",
    responses(
        (status = 200, body = Facets, description = "the values to filter by, each with a count"),
        Listed,
    )
)]
pub(super) async fn facets(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult {
    params.only(&[])?;
    let desks = api.newest();
    let (mut publishers, mut kinds) = (BTreeMap::new(), BTreeMap::new());
    let mut languages: BTreeMap<String, u32> = BTreeMap::new();
    for desk in &desks {
        for (name, count) in desk.publishers() {
            *publishers.entry(name.to_string()).or_default() += count;
        }
        for (name, count) in desk.kinds() {
            *kinds.entry(name.to_owned()).or_default() += count;
        }
        for (language, count) in desk.languages() {
            *languages.entry(language.as_str().to_owned()).or_default() += count;
        }
    }
    let articles = |of: BTreeMap<String, u32>| {
        most_frequent(of).map(|(value, articles)| ArticleFacet { value, articles }).collect()
    };
    let facets = Facets {
        languages: most_frequent(languages)
            .map(|(value, stories)| StoryFacet { value, stories })
            .collect(),
        publishers: articles(publishers),
        kinds: articles(kinds),
    };
    fresh(&headers, &facets)
}

/// The most frequent values with their counts, at most `FACETS_MAX`.
fn most_frequent(of: BTreeMap<String, u32>) -> impl Iterator<Item = (String, u32)> {
    let mut all: Vec<(String, u32)> = of.into_iter().filter(|(_, count)| *count > 0).collect();
    all.sort_by_key(|(_, count)| Reverse(*count));
    all.into_iter().take(FACETS_MAX)
}
