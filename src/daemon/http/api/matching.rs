//! Predicts the verdict on an article, and its story, without accepting the article or changing
//! anything.

use super::query::Params;
use super::rows::{ArticleRef, RelationRow, RowContext};
use super::{Api, Problem};
use crate::daemon::http::response::{ApiResult, Unmatched, fresh};
use crate::daemon::publish::data::{UniqueInfo, rounded};
use crate::daemon::snapshot::Snapshot;
use crate::daemon::snapshot::queries::{Query, QueryRefused};
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::oneshot;
use utoipa::ToSchema;
use wirefold_engine::article::Article;
use wirefold_engine::decode;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::Prediction;

/// The uri given to an article that was sent without one.
const NAMELESS: &str = "urn:wirefold:match";

/// The predicted verdict on an article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Match {
    /// The relation that best describes the article; its kind is `original` if nothing matched.
    relation: RelationRow,
    /// Further relations.
    also: Vec<RelationRow>,
    /// Share of the article's words, from 0 to 1, that no article in the window contains; absent
    /// for articles of fewer than 30 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    novelty: Option<f64>,
    /// Number of new words; absent if `novelty` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    novel_words: Option<u32>,
    /// Number of figures that do not occur in the same place in any article; absent if `novelty` is
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_numbers: Option<u32>,
    /// Whether the article would go to the unique topic.
    unique: UniqueInfo,
    /// The article that it would replace in the unique topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<ArticleRef>,
    /// Flag names. The names are stable.
    flags: Vec<String>,
    /// The story the article would join.
    story: PredictedStory,
    /// The most similar stories, best first.
    nearest: Vec<NearbyStory>,
    /// The engine clock (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// The story an article would join.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PredictedStory {
    /// The story's id; absent if the article would open a new story, or join none.
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<String>,
    /// The story's headline; absent if `joins` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<String>,
    /// How the story is chosen. `text`: it is the story of the article that shares text with this
    /// one. `score`: it is the most similar story. `opens`: no story is similar enough, so the
    /// article would open a new one. `none`: articles of this kind never join a story.
    by: &'static str,
    /// The score of the most similar story; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// Minimum score at which an article joins a story.
    join: f64,
}

/// A story similar to an article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearbyStory {
    /// The story's id.
    story: String,
    /// The story's headline.
    headline: String,
    /// Number of members.
    size: u32,
    /// The similarity score.
    score: f64,
    /// `score` minus the minimum score at which an article joins a story.
    margin: f64,
}

/// Predicts the verdict on an article and the story it would join if it arrived now. Nothing is
/// changed.
#[utoipa::path(
    post,
    path = "/api/v1/match",
    operation_id = "matchArticle",
    tag = "desk",
    params(("shard" = Option<u32>, Query, description = "the shard to query; 0 by default")),
    request_body(content = serde_json::Value, description = "an article in the \
        format of the input topic; plain JSON may omit `uri`"),
    responses(
        (status = 200, body = Match, description = "the predicted verdict and story"),
        Unmatched,
    )
)]
pub(super) async fn consider(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> ApiResult {
    let large = "an article may have at most 262144 bytes";
    let read = tokio::time::timeout(api.within, to_bytes(body, super::MATCH_BYTES_MAX));
    let timed_out = |_| {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time")
    };
    let body = read.await.map_err(timed_out)?;
    let body = body.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, large))?;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    params.only(&["shard"])?;
    let shard = params.read("shard", "number")?.unwrap_or(0);
    let desk = api.source.snapshots.of(shard);
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("there is no shard {shard}"));
    let desk = desk.ok_or_else(unknown)?;
    let (engine, format, key) = (api.source.engine.clone(), api.source.format, desk.key);
    let prepared = api.work(move || {
        let article = decode(&body, kind.as_deref(), format, &engine.decode)?;
        Ok(Box::new(prepare(article, &engine, key)))
    });
    let prepared = prepared.await??;
    let (answer, answered) = oneshot::channel();
    let asked = api.source.snapshots.query(shard, Query::Consider(prepared, answer));
    asked.map_err(|why| Problem::later(why.to_string(), 1))?;
    match tokio::time::timeout(api.within, answered).await {
        Ok(Ok(prediction)) => fresh(&headers, &match_of(&prediction, shard, &desk)),
        Ok(Err(_)) => Err(Problem::later(QueryRefused::NotOwner.to_string(), 5)),
        Err(_) => Err(Problem::later("the pipeline did not answer in time", 2)),
    }
}

/// Decodes the article in a request body. Plain JSON may omit `uri` and `id`.
fn decode(
    body: &[u8],
    kind: Option<&str>,
    format: decode::Format,
    settings: &decode::Settings,
) -> Result<Article, Problem> {
    let wrong = |why: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let unreadable = |why: decode::Error| wrong(&why.to_string());
    let mut items = decode::decode(body, kind, format, settings).into_iter();
    match (items.next(), items.next()) {
        (Some(Ok(article)), None) => Ok(article),
        (Some(_), Some(_)) => Err(wrong("the body must contain one article, but has more")),
        (Some(Err(why)), None) => {
            let Ok(Value::Object(mut named)) = serde_json::from_slice(body) else {
                return Err(unreadable(why));
            };
            if named.contains_key("uri") || named.contains_key("id") {
                return Err(unreadable(why));
            }
            named.insert("uri".into(), NAMELESS.into());
            let named = Value::Object(named).to_string();
            let mut items = decode::decode(named.as_bytes(), kind, format, settings).into_iter();
            let item = items.next().ok_or_else(|| wrong("the body contains no article"))?;
            item.map_err(unreadable)
        }
        (None, _) => Err(wrong("the body contains no article")),
    }
}

/// The prediction in the form that the API sends.
fn match_of(prediction: &Prediction, shard: u32, desk: &Snapshot) -> Match {
    let at = RowContext { shard, desk };
    let (verdict, choice) = (&prediction.classified.verdict, &prediction.choice);
    let story = |id| desk.story(id).map(|story| &story.summary);
    let joins = choice.story;
    let near = choice.near.iter().map(|&(id, score)| NearbyStory {
        story: id.to_string(),
        headline: story(id).map(|story| story.headline.clone()).unwrap_or_default(),
        size: story(id).map_or(0, |story| story.size),
        score: rounded(score),
        margin: rounded(score - choice.join),
    });
    let novelty = verdict.novelty.as_ref();
    Match {
        relation: at.relation(&verdict.relation),
        also: verdict.also.iter().map(|relation| at.relation(relation)).collect(),
        novelty: novelty.map(|novelty| rounded(novelty.share.get())),
        novel_words: novelty.map(|novelty| novelty.words),
        new_numbers: novelty.map(|novelty| novelty.numbers),
        unique: UniqueInfo::of(verdict.pass.outcome()),
        replaces: at.replaces(verdict),
        flags: verdict.flags.clone(),
        story: PredictedStory {
            joins: joins.map(|id| id.to_string()),
            headline: joins.and_then(story).map(|story| story.headline.clone()),
            by: match choice {
                choice if !choice.joins => "none",
                choice if choice.by_text => "text",
                choice if choice.story.is_some() => "score",
                _ => "opens",
            },
            score: choice.near.first().map(|(_, score)| rounded(*score)),
            join: choice.join,
        },
        nearest: near.collect(),
        clock: desk.clock.map(|clock| clock.to_string()),
    }
}
