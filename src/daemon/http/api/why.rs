//! Why two articles are, or are not, the same, and in one story.

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

/// Why two articles are, or are not, the same, and in one story.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyPage {
    a: ArticleRow,
    b: ArticleRow,
    /// The texts, compared as the engine compares them.
    texts: why::TextComparison,
    /// Whether they are near enough for one story; absent where the shard is not worked on here.
    #[serde(skip_serializing_if = "Option::is_none")]
    together: Option<StoryComparison>,
    /// Why `together` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    together_absent: Option<String>,
    /// Whether both are in one story now.
    same_story: bool,
    /// What was decided when the later one came, if it names the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    direct: Option<Direct>,
}

/// A relation that was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Direct {
    #[schema(value_type = String, example = "reprint")]
    kind: Kind,
    rule: String,
}

/// Why two articles are, or are not, the same, and in one story.
#[utoipa::path(
    get,
    path = "/api/v1/why",
    operation_id = "getWhy",
    tag = "articles",
    params(
        ("a" = String, Query, description = "an article"),
        ("b" = String, Query, description = "another"),
    ),
    responses(
        (status = 200, body = WhyPage),
        Unread,
    )
)]
pub(super) async fn two(State(api): State<Api>, params: Params, headers: HeaderMap) -> ApiResult {
    let (a, b) = api.texts(&params).await?;
    let (a, b) = if place(&a) <= place(&b) { (a, b) } else { (b, a) };
    let told = api.together(&a, &b).await;
    let settings = api.source.engine.clone();
    let page = api.work(move || {
        let pair = pair(&a, &b);
        let explained = pair.explain(&settings.relation);
        let sides = [&*a.prepared, &*b.prepared];
        let together = told.as_ref().ok().map(|(told, of)| StoryComparison::of(told, sides, *of));
        let (first, second) = (&a.found.article, &b.found.article);
        let verdict = &second.entry.decision.verdict;
        let named = |relation: &&verdict::Relation| {
            relation.of.as_ref().is_some_and(|of| of.sequence == Some(a.found.sequence))
        };
        let direct = std::iter::once(&verdict.relation).chain(&verdict.also).find(named);
        WhyPage {
            a: a.row(),
            b: b.row(),
            texts: why::TextComparison::of(pair, &explained).without_text(),
            together,
            together_absent: told.err(),
            same_story: first.story.is_some() && first.story == second.story,
            direct: direct.map(|r| Direct { kind: r.kind, rule: r.rule.to_string() }),
        }
    });
    fresh(&headers, &page.await?)
}

/// Where an article stands in time, and then by shard.
fn place(of: &ArticleText) -> (Sequence, u32) {
    (of.found.sequence, of.found.shard)
}

impl Api {
    /// The score of two articles by the frequencies of their shard.
    async fn together(
        &self,
        a: &ArticleText,
        b: &ArticleText,
    ) -> Result<(stories::PairScore, usize), String> {
        if a.found.shard != b.found.shard {
            return Err("the articles are of two shards, which share no stories".into());
        }
        let sides = [a, b].map(|side| (side.prepared.terms.clone(), side.prepared.about.claimed));
        let pair = queries::ArticlePair { sides, language: b.prepared.about.language };
        let (answer, answered) = oneshot::channel();
        let asked = self.source.desks.ask(b.found.shard, Query::Together(Box::new(pair), answer));
        asked.map_err(|why| why.to_string())?;
        match tokio::time::timeout(self.within, answered).await {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(_)) => Err(QueryRefused::Nobody.to_string()),
            Err(_) => Err("the pipeline did not answer in time".into()),
        }
    }
}
