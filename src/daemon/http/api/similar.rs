//! Finds the live articles whose SimHash is near a given SimHash, or near that of a given article.
//!
//! The SimHash is published with every article and does not depend on the sampling key, so another
//! system can search for its own texts. All shards are searched, because a uri does not reveal
//! which shard has copies of the article.

use super::query::Params;
use super::rows::{ArticleRow, RowContext};
use super::{Api, LocatedArticle, Problem};
use crate::daemon::http::response::{ApiResult, Sought, fresh};
use crate::daemon::publish::data::rounded;
use crate::daemon::snapshot::queries::{
    Query, QueryRefused, SimilarArticle, SimilarArticles, SimilarityQuery,
};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;
use wirefold_engine::candidates::DISTANCE_MAX;
use wirefold_engine::fingerprint::SimHash;

/// Number of hexadecimal digits of a SimHash.
const DIGITS: usize = 16;

/// The live articles near a SimHash.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SimilarPage {
    /// The SimHash that was searched for, as 16 hexadecimal digits.
    #[schema(example = "9f3a000000000001")]
    simhash: String,
    /// Maximum number of bits that may differ.
    distance: u32,
    /// The article given by uri, which is not listed itself; absent if a SimHash was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<ArticleRow>,
    /// The articles, nearest first, then in order of arrival.
    items: Vec<SimilarRow>,
    /// Number of further articles found that are not listed because of `limit`; absent if there are
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<usize>,
    /// Whether every live article within the distance is listed. `false` if there are `more`, if
    /// shards are `unsearched`, or if more than 4,096 articles of a shard share 16 bits with the
    /// SimHash, in which case only the newest of them were compared.
    complete: bool,
    /// Shards that were not searched because this instance does not own them; absent if there are
    /// none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unsearched: Vec<u32>,
}

/// A live article near a SimHash.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SimilarRow {
    /// Number of bits in which the SimHashes differ.
    distance: u32,
    /// Share of the 64 bits that are equal, from 0 to 1. For unrelated texts it is about half.
    similarity: f64,
    /// The article.
    article: ArticleRow,
}

/// The live articles whose SimHash differs in at most `distance` bits from the given SimHash, or
/// from that of the live version of `uri` that arrived last. The nearest articles come first.
#[utoipa::path(
    get,
    path = "/api/v1/similar",
    operation_id = "findSimilar",
    tag = "articles",
    params(
        ("simhash" = Option<String>, Query, pattern = "^[0-9a-fA-F]{16}$",
            description = "a SimHash, as 16 hexadecimal digits"),
        ("uri" = Option<String>, Query, min_length = 1,
            description = "instead of `simhash`: the uri of a live article; of several live \
                versions, the one that arrived last is used"),
        ("distance" = Option<u32>, Query, minimum = 0, maximum = 3,
            description = "maximum number of bits that may differ; 3 by default"),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 200,
            description = "maximum number of items; 50 by default"),
    ),
    responses(
        (status = 200, body = SimilarPage,
            description = "the live articles with nearly this SimHash"),
        Sought,
    )
)]
pub(super) async fn find(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    params.only(&["simhash", "uri", "distance", "limit"])?;
    let limit = params.limit()?;
    let distance = params.read("distance", "number")?.unwrap_or(DISTANCE_MAX);
    if distance > DISTANCE_MAX {
        return Err(Problem::bad(format!("`distance` must be between 0 and {DISTANCE_MAX}")));
    }
    let (hash, of) = match (params.one("simhash")?, params.one("uri")?) {
        (Some(hash), None) => (parsed(hash)?, None),
        (None, Some(uri)) => {
            let of = api.newest_of_uri(uri)?;
            (of.article.entry.print.simhash, Some(of))
        }
        _ => return Err(Problem::bad("exactly one of `simhash` and `uri` is required")),
    };
    let query = SimilarityQuery { hash, distance, except: None, most: limit };
    let answers = api.similar(query, of.as_ref()).await?;
    let of = of.as_ref().map(LocatedArticle::row);
    fresh(&headers, &api.page(query, of, answers))
}

/// The answer of each shard, by shard number; `None` if this instance does not own the shard.
type Answers = Vec<Option<SimilarArticles>>;

impl Api {
    /// The live article with this uri that arrived last.
    fn newest_of_uri(&self, uri: &str) -> Result<LocatedArticle, Problem> {
        let newest = self.newest().into_iter().zip(0..).filter_map(|(desk, shard)| {
            let (sequence, article) = desk.of_uri(uri).next_back()?;
            let article = article.clone();
            Some(LocatedArticle { shard, sequence, article, desk })
        });
        let newest = newest.max_by_key(|found| found.article.entry.arrived);
        newest.ok_or_else(|| Problem::missing(format!("no live article has the uri `{uri}`")))
    }

    /// Queries all shards at once, and waits for their answers. Leaves out the article `of`.
    async fn similar(
        &self,
        query: SimilarityQuery,
        of: Option<&LocatedArticle>,
    ) -> Result<Answers, Problem> {
        let mut asked = Vec::new();
        for shard in (0..).take(self.newest().len()) {
            let own = of.filter(|of| of.shard == shard);
            let query = SimilarityQuery { except: own.map(|of| of.sequence), ..query };
            let (answer, answered) = oneshot::channel();
            match self.source.snapshots.query(shard, Query::Similar(query, answer)) {
                Ok(()) => asked.push(Some(answered)),
                Err(QueryRefused::NotOwner) => asked.push(None),
                Err(why @ QueryRefused::Busy) => return Err(Problem::later(why.to_string(), 1)),
            }
        }
        let answered = tokio::time::timeout(self.within, async {
            let mut answers = Answers::new();
            for asked in asked {
                // If this instance gives up a shard, the shard's queries are dropped.
                answers.push(match asked {
                    Some(answered) => answered.await.ok(),
                    None => None,
                });
            }
            answers
        });
        let answers = answered.await;
        let answers =
            answers.map_err(|_| Problem::later("the pipeline did not answer in time", 2))?;
        match answers.iter().all(Option::is_none) {
            true => Err(Problem::later(QueryRefused::NotOwner.to_string(), 5)),
            false => Ok(answers),
        }
    }

    /// The answers of all shards in the form that the API sends.
    fn page(
        &self,
        query: SimilarityQuery,
        of: Option<ArticleRow>,
        answers: Answers,
    ) -> SimilarPage {
        let (mut found, mut unsearched) = (Vec::new(), Vec::new());
        let (mut total, mut complete) = (0, true);
        for (answer, shard) in answers.into_iter().zip(0..) {
            let Some(answer) = answer else {
                unsearched.push(shard);
                continue;
            };
            total += answer.total;
            complete &= answer.complete;
            found.extend(answer.nearest.into_iter().map(|near| (shard, near)));
        }
        found.sort_by_key(|(shard, near)| {
            (near.distance, near.article.entry.arrived, *shard, near.sequence)
        });
        found.truncate(query.most);
        let desks = self.newest();
        let items: Vec<SimilarRow> = found
            .iter()
            .filter_map(|(shard, near)| {
                let desk = desks.get(*shard as usize)?;
                Some(row(RowContext { shard: *shard, desk }, near, query.hash))
            })
            .collect();
        let more = Some(total - items.len()).filter(|more| *more > 0);
        SimilarPage {
            simhash: query.hash.to_string(),
            distance: query.distance,
            of,
            items,
            complete: complete && more.is_none() && unsearched.is_empty(),
            more,
            unsearched,
        }
    }
}

/// An article in the form that the API sends, with the distance of its SimHash from `hash`.
fn row(at: RowContext<'_>, near: &SimilarArticle, hash: SimHash) -> SimilarRow {
    SimilarRow {
        distance: near.distance,
        similarity: rounded(hash.similarity(near.article.entry.print.simhash)),
        article: at.row(near.sequence, &near.article),
    }
}

/// Parses a SimHash in the form used by the API and the events.
fn parsed(text: &str) -> Result<SimHash, Problem> {
    let digits = text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hash = u64::from_str_radix(text, 16).ok().filter(|_| digits);
    hash.map(SimHash).ok_or_else(|| {
        Problem::bad(format!("`simhash` must be {DIGITS} hexadecimal digits, not `{text}`"))
    })
}
