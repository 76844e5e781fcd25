//! What an article would be, and which story it would join, if it came now. Nothing is changed.

use super::query::Params;
use super::rows::{RelationRow, RowContext};
use super::{Api, Problem};
use crate::daemon::http::response::{ApiResult, Unmatched, fresh};
use crate::daemon::publish::data::rounded;
use crate::daemon::snapshot::Snapshot;
use crate::daemon::snapshot::queries::Query;
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

/// The uri of an article that is asked about without one.
const NAMELESS: &str = "urn:wirefold:match";

/// What would be said of an article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Match {
    /// What it would be: the best match.
    relation: RelationRow,
    /// Further relations.
    also: Vec<RelationRow>,
    /// Share of words that no article of the window has.
    #[serde(skip_serializing_if = "Option::is_none")]
    novelty: Option<f64>,
    /// Those words, counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    novel_words: Option<u32>,
    /// Figures that no article has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_numbers: Option<u32>,
    /// Stable flag names.
    flags: Vec<String>,
    /// The story that it would join.
    story: Joins,
    /// The stories near it, best first.
    nearest: Vec<NearbyStory>,
    /// The engine's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// The story that an article would join.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Joins {
    /// Its id; absent where the article would open one of its own, or join none.
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<String>,
    /// Its headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    headline: Option<String>,
    /// `text`: it is the story of the article that it shares text with; `score`: it is the nearest;
    /// `opens`: none is near enough; `none`: articles of its kind join no story.
    by: &'static str,
    /// The score of the nearest story.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    /// The score from which an article joins.
    join: f64,
}

/// A story near an article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearbyStory {
    story: String,
    headline: String,
    size: u32,
    score: f64,
    /// How far the score is from that from which an article joins.
    margin: f64,
}

/// What an article would be, and which story it would join, if it came now. Nothing is changed.
#[utoipa::path(
    post,
    path = "/api/v1/match",
    operation_id = "matchArticle",
    tag = "desk",
    params(("shard" = Option<u32>, Query, description = "the shard that is asked; 0 by default")),
    request_body(content = serde_json::Value, description = "an article as the input takes it"),
    responses(
        (status = 200, body = Match),
        Unmatched,
    )
)]
pub(super) async fn consider(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
    body: Body,
) -> ApiResult {
    let large = "an article may have 262144 bytes";
    let read = tokio::time::timeout(api.within, to_bytes(body, super::MATCH_BYTES_MAX));
    let late = |_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
    let body = read.await.map_err(late)?;
    let body = body.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, large))?;
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
    params.only(&["shard"])?;
    let shard = params.read("shard", "number")?.unwrap_or(0);
    let desk = api.source.desks.of(shard);
    let desk = desk.ok_or_else(|| Problem::bad(format!("no `shard` {shard}")))?;
    let (engine, format, key) = (api.source.engine.clone(), api.source.format, desk.key);
    let prepared = api.work(move || {
        let article = decode(&body, kind.as_deref(), format, &engine.wire)?;
        Ok(Box::new(prepare(article, &engine, key)))
    });
    let unreadable = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why);
    let prepared = prepared.await?.map_err(unreadable)?;
    let (answer, answered) = oneshot::channel();
    let asked = api.source.desks.ask(shard, Query::Consider(prepared, answer));
    asked.map_err(|why| Problem::later(why.to_string(), 1))?;
    match tokio::time::timeout(api.within, answered).await {
        Ok(Ok(considered)) => fresh(&headers, &told(&considered, shard, &desk)),
        Ok(Err(_)) => Err(Problem::later("no pipeline works on this shard here", 5)),
        Err(_) => Err(Problem::later("the pipeline did not answer in time", 2)),
    }
}

/// The article of a body. Plain JSON may leave out what names an article.
fn decode(
    body: &[u8],
    kind: Option<&str>,
    format: decode::Format,
    settings: &decode::Settings,
) -> Result<Article, String> {
    let mut items = decode::decode(body, kind, format, settings).into_iter();
    match (items.next(), items.next()) {
        (Some(Ok(article)), None) => Ok(article),
        (Some(_), Some(_)) => Err("the body holds more than one article".into()),
        (Some(Err(why)), None) => {
            let mut named: Value = serde_json::from_slice(body).map_err(|_| why.to_string())?;
            let object = named.as_object_mut().ok_or_else(|| why.to_string())?;
            if object.contains_key("uri") || object.contains_key("id") {
                return Err(why.to_string());
            }
            object.insert("uri".into(), NAMELESS.into());
            let named = named.to_string();
            let mut items = decode::decode(named.as_bytes(), kind, format, settings).into_iter();
            items.next().ok_or("the body holds no article")?.map_err(|why| why.to_string())
        }
        (None, _) => Err("the body holds no article".into()),
    }
}

fn told(considered: &Prediction, shard: u32, desk: &Snapshot) -> Match {
    let at = RowContext { shard, desk };
    let (verdict, choice) = (&considered.classified.verdict, &considered.choice);
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
        flags: verdict.flags.clone(),
        story: Joins {
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
