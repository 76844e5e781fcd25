//! Explains why two articles do or do not share text, and why they do or do not belong to one
//! story.

use super::rows::ArticleRow;
use super::text::{ArticleText, pair};
use super::{Api, Params};
use crate::daemon::http::response::{ApiResult, Unread, fresh};
use crate::daemon::publish::why::{self, StoryComparison};
use crate::daemon::snapshot::queries::{self, Query, QueryRefused};
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use tokio::sync::oneshot;
use utoipa::ToSchema;
use wirefold_engine::article::Sequence;
use wirefold_engine::stories;
use wirefold_engine::verdict::{self, Kind};

/// Explains why two articles do or do not share text, and why they do or do not belong to one
/// story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyPage {
    /// The earlier article.
    a: ArticleRow,
    /// The later article.
    b: ArticleRow,
    /// The comparison of the texts, as the engine computes it.
    texts: why::TextComparison,
    /// The similarity of the articles for grouping them into one story; absent if this instance
    /// does not own the shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    together: Option<StoryComparison>,
    /// The reason `together` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    together_absent: Option<String>,
    /// Whether both articles are currently members of the same story.
    same_story: bool,
    /// The relation in the later article's verdict that refers to the earlier article; absent if
    /// there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<Direct>,
}

/// A relation from a verdict.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Direct {
    /// The kind of the relation.
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    /// The name of the rule that decided the kind. The names are stable.
    rule: String,
}

/// Explains why two articles do or do not share text, and why they do or do not belong to one
/// story.
#[utoipa::path(
    get,
    path = "/api/v1/why",
    operation_id = "getWhy",
    tag = "articles",
    params(
        ("a" = String, Query, min_length = 1, description = "id of an article"),
        ("b" = String, Query, min_length = 1, description = "id of another article"),
    ),
    responses(
        (status = 200, body = WhyPage,
            description = "the measures of two articles, and why they are or are not copies"),
        Unread,
    )
)]
pub(super) async fn two(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    let (a, b) = api.texts(&params).await?;
    let (a, b) = if place(&a) <= place(&b) { (a, b) } else { (b, a) };
    let score = api.together(&a, &b).await;
    let settings = api.source.engine.clone();
    let page = api.work(move || {
        let pair = pair(&a, &b);
        let explained = pair.explain(&settings.verdict);
        let sides = [&*a.prepared, &*b.prepared];
        let together =
            score.as_ref().ok().map(|(score, of)| StoryComparison::of(score, sides, *of));
        let (first, second) = (&a.located.article, &b.located.article);
        let verdict = &second.entry.decision.verdict;
        let named = |relation: &&verdict::Relation| {
            relation.of.as_ref().is_some_and(|of| of.sequence == Some(a.located.sequence))
        };
        let direct = std::iter::once(&verdict.relation).chain(&verdict.also).find(named);
        WhyPage {
            a: a.row(),
            b: b.row(),
            texts: why::TextComparison::of(pair, &explained).without_text(),
            together,
            together_absent: score.err().map(|why| why.to_string()),
            same_story: first.story.is_some() && first.story == second.story,
            direct: direct.map(|r| Direct { kind: r.kind, rule: r.rule.to_string() }),
        }
    });
    fresh(&headers, &page.await?)
}

/// A key that orders articles by arrival, and then by shard.
fn place(of: &ArticleText) -> (Sequence, u32) {
    (of.located.sequence, of.located.shard)
}

/// The reason the story similarity of two articles is not known.
#[derive(Debug, thiserror::Error)]
enum NotCompared {
    #[error("the articles are in different shards, which never share a story")]
    DifferentShards,
    #[error(transparent)]
    Refused(#[from] QueryRefused),
    #[error("the pipeline did not answer in time")]
    TimedOut,
}

impl Api {
    /// The story similarity of two articles, computed with the term frequencies of their shard.
    /// Also returns the number of articles from which these frequencies were computed.
    async fn together(
        &self,
        a: &ArticleText,
        b: &ArticleText,
    ) -> Result<(stories::PairScore, usize), NotCompared> {
        if a.located.shard != b.located.shard {
            return Err(NotCompared::DifferentShards);
        }
        let sides = [a, b].map(|side| (side.prepared.terms.clone(), side.prepared.about.claimed));
        let pair = queries::ArticlePair { sides, language: b.prepared.about.language };
        let (answer, answered) = oneshot::channel();
        self.source.snapshots.query(b.located.shard, Query::Together(Box::new(pair), answer))?;
        match tokio::time::timeout(self.within, answered).await {
            Ok(Ok(score)) => Ok(score),
            Ok(Err(_)) => Err(QueryRefused::NotOwner.into()),
            Err(_) => Err(NotCompared::TimedOut),
        }
    }
}
