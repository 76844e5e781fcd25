//! Live articles: the list by uri, a single article, its carriers, and the search over headlines.

use super::query::{Id, Params, cursor};
use super::rows::{ArticleRow, RelationRow, RowContext};
use super::{Api, Problem};
use crate::daemon::http::response::{ApiResult, Later, Listed, Named, fresh};
use crate::daemon::publish::data::{InputRef, TextRange};
use crate::daemon::publish::radius::Searched;
use crate::daemon::snapshot::{Snapshot, SnapshotArticle};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;
use wirefold_engine::article::Sequence;
use wirefold_engine::event::{Carrier, Certainty};
use wirefold_engine::verdict::Validity;

/// Number of headlines that one request examines. The cursor in the response continues after them.
const EXAMINED_MAX: usize = 50_000;
/// Maximum number of words in a search.
const WORDS_MAX: usize = 16;

/// A list of live articles.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticleList {
    /// The articles, newest first.
    items: Vec<ArticleRow>,
}

/// The live articles with this uri, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/articles",
    operation_id = "findArticles",
    tag = "articles",
    params(
        ("uri" = String, Query, min_length = 1, description = "the provider's identifier"),
        ("version" = Option<String>, Query, description = "only this version, as sent by the \
            provider"),
    ),
    responses(
        (status = 200, body = ArticleList, description = "the live versions with this uri"),
        Listed,
    )
)]
pub(super) async fn by_uri(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult {
    params.only(&["uri", "version"])?;
    let (uri, version) = (params.needed("uri")?, params.one("version")?);
    let mut items = Vec::new();
    for (desk, shard) in api.newest().iter().zip(0..) {
        let wanted = |article: &SnapshotArticle| {
            version.is_none_or(|version| article.entry.about.version.as_deref() == Some(version))
        };
        let found = desk.of_uri(uri).rev().filter(|(_, article)| wanted(article));
        items
            .extend(found.take(200).map(|(s, article)| RowContext { shard, desk }.row(s, article)));
    }
    fresh(&headers, &ArticleList { items })
}

/// A live article with its full verdict.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ArticlePage {
    /// The article.
    article: ArticleRow,
    /// The relation that best describes the article; its kind is `original` if nothing matched.
    relation: RelationRow,
    /// Further relations. The first ones name the sources of passages that no earlier entry
    /// explains.
    also: Vec<RelationRow>,
    /// The input record that contained the article.
    input: InputRef,
    /// The 64-bit SimHash of the cleaned body, as 16 hexadecimal digits.
    simhash: String,
    /// Number of figures in the body.
    figures: usize,
    /// Arrival of the oldest live article (RFC 3339, UTC). Articles that arrived before this time
    /// were not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    searched_from: Option<String>,
}

/// A live article with its full verdict.
#[utoipa::path(
    get,
    path = "/api/v1/articles/{id}",
    operation_id = "getArticle",
    tag = "articles",
    params(Id),
    responses(
        (status = 200, body = ArticlePage, description = "the article with its verdict"),
        Named,
    )
)]
pub(super) async fn one(State(api): State<Api>, Id(id): Id, headers: HeaderMap) -> ApiResult {
    let found = api.article(&id)?;
    let (at, entry) = (found.at(), &found.article.entry);
    let verdict = &entry.decision.verdict;
    let page = ArticlePage {
        article: found.row(),
        relation: at.relation(&verdict.relation),
        also: verdict.also.iter().map(|relation| at.relation(relation)).collect(),
        input: InputRef::of(&entry.input),
        simhash: entry.print.simhash.to_string(),
        figures: entry.print.figures.len(),
        searched_from: oldest(&found.desk),
    };
    fresh(&headers, &page)
}

/// Arrival of the oldest live article.
fn oldest(desk: &Snapshot) -> Option<String> {
    desk.oldest().map(|article| article.entry.arrived.to_string())
}

/// The articles that contain the text of a withdrawn or corrected article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CarriersPage {
    /// The withdrawn or corrected article.
    article: ArticleRow,
    /// The article that withdrew or corrected it; absent if that article is no longer live.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<ArticleRow>,
    /// The time range that was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    searched: Option<Searched>,
    /// The live articles that contain the text, in order of arrival, including those that are no
    /// longer valid; at most the first 500.
    items: Vec<CarrierRow>,
    /// Number of further carriers that are not listed; absent if there are none. Events list up to
    /// 100,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    /// Number of carriers found, including those that have left the window.
    total: usize,
}

/// An article that contains the text of another article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CarrierRow {
    /// The carrier.
    article: ArticleRow,
    /// `certain`: a run of at least 12 words is identical; `likely`: the slug and the figures
    /// match.
    certainty: &'static str,
    /// Where the carrier has the text: word ranges in its cleaned text, each from the first word
    /// (counted from 0) to the position after the last. The same as `ranges`.
    words: Vec<[u32; 2]>,
    /// Where the carrier has the text, as ranges of words in its cleaned text.
    ranges: Vec<TextRange>,
}

impl CarrierRow {
    /// A carrier in the form that the API sends; `None` if it is no longer live.
    pub(super) fn of(at: RowContext<'_>, carrier: &Carrier) -> Option<Self> {
        Some(Self {
            article: at.row_at(carrier.sequence)?,
            certainty: match carrier.certainty {
                Certainty::Certain => "certain",
                Certainty::Likely => "likely",
            },
            words: carrier.passages.iter().map(|&(from, to)| [from, to]).collect(),
            ranges: carrier.passages.iter().copied().map(TextRange::of_words).collect(),
        })
    }
}

/// The articles that contain the text of a withdrawn or corrected article.
#[utoipa::path(
    get,
    path = "/api/v1/articles/{id}/carriers",
    operation_id = "getCarriers",
    tag = "articles",
    params(Id),
    responses(
        (status = 200, body = CarriersPage, description = "the articles that carry its text"),
        Named,
    )
)]
pub(super) async fn carriers(State(api): State<Api>, Id(id): Id, headers: HeaderMap) -> ApiResult {
    let found = api.article(&id)?;
    let (at, desk, entry) = (found.at(), &*found.desk, &found.article.entry);
    let tainted = matches!(entry.standing, Validity::Withdrawn | Validity::Uncorrected);
    let alert = desk.alert(found.sequence).filter(|_| tainted);
    let by = alert.map(|alert| &alert.by).or(entry.changed_by.as_deref());
    let by = by.and_then(|key| desk.of_key(key)).map(|(s, article)| at.row(s, article));
    let items = alert.map(|alert| &alert.carriers).into_iter().flatten();
    let carriers = CarriersPage {
        article: found.row(),
        by,
        searched: oldest(desk)
            .zip(desk.clock)
            .map(|(from, clock)| Searched { from, to: clock.to_string() }),
        items: items.filter_map(|carrier| CarrierRow::of(at, carrier)).collect(),
        more: alert.map(|alert| alert.unnamed()).filter(|more| *more > 0),
        total: alert.map_or(0, |alert| alert.total()),
    };
    fresh(&headers, &carriers)
}

/// A page of search results, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchResults {
    /// The articles of this page.
    items: Vec<ArticleRow>,
    /// Cursor for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Number of headlines examined by this request.
    searched: usize,
    /// Whether all live headlines have been examined.
    complete: bool,
}

/// Live articles whose headline contains all the words, newest first within each shard. The work
/// per request is limited, so a page can contain few items although more exist: continue with
/// `next`.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    operation_id = "searchHeadlines",
    tag = "articles",
    params(
        ("q" = String, Query, min_length = 1,
            description = "words that the headline must contain, in upper or lower case"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200,
            description = "maximum number of items; 50 by default"),
        ("cursor" = Option<String>, Query, pattern = "^[0-9a-f]{1,8}-[0-9a-f]{1,16}$",
            description = "`next` of the previous response"),
    ),
    responses(
        (status = 200, body = SearchResults, description = "the articles that match"),
        Listed,
        Later,
    )
)]
pub(super) async fn search(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult {
    params.only(&["q", "limit", "cursor"])?;
    let words: Vec<String> =
        folded(params.needed("q")?).split_whitespace().take(WORDS_MAX).map(str::to_owned).collect();
    if words.is_empty() {
        return Err(Problem::bad("`q` is required"));
    }
    let limit = params.limit()?;
    let from = params.cursor()?.map(|[shard, sequence]| (shard as usize, Sequence(sequence)));
    let desks = api.newest();
    let found = api.work(move || find(&desks, &words, from, limit)).await?;
    fresh(&headers, &found)
}

/// Finds headlines that contain all `words`, newest first, one shard after the other.
fn find(
    desks: &[Arc<Snapshot>],
    words: &[String],
    from: Option<(usize, Sequence)>,
    limit: usize,
) -> SearchResults {
    let (mut items, mut searched) = (Vec::new(), 0);
    let (first, mut before) = from.map_or((0, None), |(shard, before)| (shard, Some(before)));
    for (shard, desk) in desks.iter().enumerate().skip(first) {
        let at = RowContext { shard: shard as u32, desk };
        for (sequence, article) in desk.newest(before.take()) {
            searched += 1;
            let headline = folded(&article.entry.about.headline);
            if words.iter().all(|word| headline.contains(word)) {
                items.push(at.row(sequence, article));
            }
            if items.len() == limit || searched == EXAMINED_MAX {
                let next = Some(cursor([shard as u64, sequence.0]));
                return SearchResults { items, next, searched, complete: false };
            }
        }
    }
    SearchResults { items, next: None, searched, complete: true }
}

/// Normalizes case, width and compatibility forms (NFKC).
fn folded(text: &str) -> String {
    match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect(),
    }
}
