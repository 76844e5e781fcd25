//! Live stories: the list with its filters, one with its timeline, and what can be filtered by.

use super::query::{Params, cursor, signed, unsigned};
use super::rows::{ArticleRow, BADGES, RowContext, StoryRow, article_id, badge};
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
use wirefold_engine::verdict::Kind;

/// Stories that one request looks at, in order of their rise; the cursor goes on from there.
const LOOKED_AT_MAX: usize = 20_000;
/// Values of each kind that can be filtered by.
const FACETS_MAX: usize = 200;

/// Live stories.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryList {
    items: Vec<StoryRow>,
    /// The cursor of the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The engine's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
    /// All live stories.
    stories: usize,
}

/// How stories are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Rise,
    Newest,
    Size,
}

/// Which stories are wanted.
struct Filter {
    languages: Vec<String>,
    publishers: Vec<String>,
    kinds: Vec<Kind>,
    badges: Vec<&'static str>,
    publishers_min: u32,
}

impl Filter {
    fn read(params: &Params) -> Result<Self, Problem> {
        let kind = |name: &str| {
            let known = Kind::ALL.into_iter().find(|kind| kind.as_str() == name);
            known.ok_or_else(|| Problem::bad(format!("no `kind` `{name}`")))
        };
        let badge = |name: &str| {
            let known = BADGES.into_iter().find(|badge| *badge == name);
            known.ok_or_else(|| {
                Problem::bad(format!("no `badge` `{name}`: there are {}", BADGES.join(", ")))
            })
        };
        let languages = params.all("language").flat_map(|value| value.split(','));
        Ok(Self {
            languages: languages.filter(|l| !l.is_empty()).map(str::to_lowercase).collect(),
            publishers: params.all("publisher").map(str::to_owned).collect(),
            kinds: params.all("kind").map(kind).collect::<Result<_, _>>()?,
            badges: params.all("badge").map(badge).collect::<Result<_, _>>()?,
            publishers_min: params.read("publishers_min", "number")?.unwrap_or(0),
        })
    }

    fn takes(&self, story: &SnapshotStory) -> bool {
        let language = story.summary.language.map(|language| language.as_str().to_owned());
        let named = |name: &String| story.counts.providers.has(name);
        story.summary.publishers >= self.publishers_min
            && (self.languages.is_empty() || language.is_some_and(|l| self.languages.contains(&l)))
            && (self.publishers.is_empty() || self.publishers.iter().any(named))
            && (self.kinds.is_empty() || self.kinds.iter().any(|k| story.counts.of_kind(*k) > 0))
            && (self.badges.is_empty() || self.badges.iter().any(|name| badge(story, name) > 0))
    }
}

/// Live stories, by their rise, or else by the time of their last article or their size.
#[utoipa::path(
    get,
    path = "/api/v1/stories",
    operation_id = "listStories",
    tag = "stories",
    params(
        ("sort" = Option<String>, Query, description = "`rise` (the default), `newest` or `size`"),
        ("language" = Option<String>, Query, description = "languages, joined by commas"),
        ("publisher" = Option<String>, Query, description = "a provider of a member; may be repeated, any counts"),
        ("kind" = Option<String>, Query, description = "a kind of a member; may be repeated, any counts"),
        ("badge" = Option<String>, Query, description = "what must be there to look at; may be repeated, any counts"),
        ("publishers_min" = Option<u32>, Query, description = "independent publishers, at least"),
        ("limit" = Option<u16>, Query, description = "items, 1 to 200"),
        ("cursor" = Option<String>, Query, description = "`next` of the answer before"),
    ),
    responses(
        (status = 200, body = StoryList),
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
        "limit",
        "cursor",
    ])?;
    let (filter, limit) = (Filter::read(&params)?, params.limit()?);
    let before = params.cursor()?.map(|[rank, id]| (signed(rank), StoryId::new(id)));
    let sort = match params.one("sort")? {
        None | Some("rise") => Sort::Rise,
        Some("newest") => Sort::Newest,
        Some("size") => Sort::Size,
        Some(other) => {
            return Err(Problem::bad(format!("no `sort` `{other}`: there are rise, newest, size")));
        }
    };
    let desks = api.newest();
    let list = match sort {
        Sort::Rise => rising(&desks, &filter, before, limit),
        _ => api.work(move || ranked(&desks, &filter, sort, before, limit)).await?,
    };
    fresh(&headers, &list)
}

fn listed(
    desks: &[Arc<Snapshot>],
    items: Vec<StoryRow>,
    next: Option<(i64, StoryId)>,
) -> StoryList {
    StoryList {
        items,
        next: next.map(|(rank, id)| cursor([unsigned(rank), id.get()])),
        clock: clock(desks),
        stories: desks.iter().map(|desk| desk.stories_len()).sum(),
    }
}

/// The latest clock of all shards.
pub(super) fn clock(desks: &[Arc<Snapshot>]) -> Option<String> {
    desks.iter().filter_map(|desk| desk.clock).max().map(|clock: EventTime| clock.to_string())
}

/// Stories by their rise, merged over shards.
fn rising(
    desks: &[Arc<Snapshot>],
    filter: &Filter,
    before: Option<(i64, StoryId)>,
    limit: usize,
) -> StoryList {
    let mut walks: Vec<_> = desks.iter().map(|desk| desk.rising(before).peekable()).collect();
    let (mut items, mut last, mut looked_at) = (Vec::new(), None, 0);
    let more = loop {
        let heads = walks.iter_mut().enumerate().filter_map(|(n, walk)| Some((*walk.peek()?, n)));
        let Some((head, shard)) = heads.max() else { break false };
        if items.len() == limit || looked_at == LOOKED_AT_MAX {
            break true;
        }
        walks[shard].next();
        (last, looked_at) = (Some(head), looked_at + 1);
        let desk = &desks[shard];
        if let Some(story) = desk.story(head.1).filter(|story| filter.takes(story)) {
            items.push(RowContext { shard: shard as u32, desk }.story(story));
        }
    };
    listed(desks, items, last.filter(|_| more))
}

/// Stories by what is not kept in order: the first `limit` of one pass over all.
fn ranked(
    desks: &[Arc<Snapshot>],
    filter: &Filter,
    sort: Sort,
    before: Option<(i64, StoryId)>,
    limit: usize,
) -> StoryList {
    let mut first: BTreeSet<Reverse<(i64, StoryId, u32)>> = BTreeSet::new();
    let mut more = false;
    for (desk, shard) in desks.iter().zip(0..) {
        for (&id, story) in desk.stories() {
            let rank = match sort {
                Sort::Size => i64::from(story.summary.size),
                Sort::Newest | Sort::Rise => story.summary.last_seen.0,
            };
            if before.is_some_and(|before| (rank, id) >= before) || !filter.takes(story) {
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
    listed(desks, first.into_iter().filter_map(row).collect(), last.filter(|_| more))
}

/// A story with its articles, in order of arrival.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryPage {
    story: StoryRow,
    timeline: Vec<TimelineRow>,
    /// The cursor of the rest; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The article that was first, by each clock.
    first: First,
    /// The engine's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// An article of a story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TimelineRow {
    #[serde(flatten)]
    article: ArticleRow,
    /// Seconds after the first article's arrival.
    after_first_arrived: f64,
    /// Seconds after the earliest time that an article of the story claims for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_first_claimed: Option<f64>,
}

/// Who was first, by whose clock.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct First {
    /// By the log's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    arrived: Option<String>,
    /// By the publishers' own clocks; absent where none claims a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    claimed: Option<String>,
}

/// One live story, with its articles in order of arrival.
#[utoipa::path(
    get,
    path = "/api/v1/stories/{id}",
    operation_id = "getStory",
    tag = "stories",
    params(
        ("id" = String, Path, description = "the story"),
        ("limit" = Option<u16>, Query, description = "items, 1 to 200"),
        ("cursor" = Option<String>, Query, description = "`next` of the answer before"),
    ),
    responses(
        (status = 308, description = "another story took it in: `Location` names that"),
        (status = 200, body = StoryPage),
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
        let to = [(LOCATION, format!("/api/v1/stories/{survivor}"))];
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
        clock: clock(&desks),
    };
    fresh(&headers, &page)
}

/// The first members of a story by both clocks.
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

/// What stories can be filtered by.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Facets {
    languages: Vec<StoryFacet>,
    publishers: Vec<ArticleFacet>,
    kinds: Vec<ArticleFacet>,
}

/// A value, and the live stories that have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoryFacet {
    value: String,
    stories: u32,
}

/// A value, and the live articles that have it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticleFacet {
    value: String,
    articles: u32,
}

/// What stories can be filtered by.
#[utoipa::path(
    get,
    path = "/api/v1/facets",
    operation_id = "getFacets",
    tag = "stories",
    responses(
        (status = 200, body = Facets),
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
        most(of).map(|(value, articles)| ArticleFacet { value, articles }).collect()
    };
    let facets = Facets {
        languages: most(languages).map(|(value, stories)| StoryFacet { value, stories }).collect(),
        publishers: articles(publishers),
        kinds: articles(kinds),
    };
    fresh(&headers, &facets)
}

/// Values with their counts, most first.
fn most(of: BTreeMap<String, u32>) -> impl Iterator<Item = (String, u32)> {
    let mut all: Vec<(String, u32)> = of.into_iter().filter(|(_, count)| *count > 0).collect();
    all.sort_by_key(|(_, count)| Reverse(*count));
    all.into_iter().take(FACETS_MAX)
}
