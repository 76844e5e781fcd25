//! The API over the desks: stories, articles, comparisons, what a desk must act on, and streams.
//!
//! In: requests. Out: JSON from the newest desk of each shard, without a lock. What needs text reads
//! it from the input topic; what needs the state asks the pipeline between two batches. Both are
//! bounded and timed out, and work that takes long is done off the server's own thread by few at a
//! time: nobody can make a pipeline wait.
//!
//! | room | answers |
//! |---|---|
//! | `stories` | `/stories`, `/stories/{id}`, `/facets` |
//! | `articles` | `/articles`, `/articles/{id}`, its carriers, `/search` |
//! | `queue` | `/queue`: what a desk must act on |
//! | `text` | `/articles/{id}/text` |
//! | `diff`, `why` | `/diff`, `/why`: two articles |
//! | `matching` | `/match` |
//! | `stream` | `/changes`, `/events` |
//! | `rows`, `query` | articles and stories as sent; parameters and cursors |
//! | [`document`] | all of it as OpenAPI |

mod articles;
mod diff;
pub mod document;
mod matching;
mod query;
mod queue;
mod rows;
mod stories;
mod stream;
mod text;
mod why;

use super::Settings;
use super::response::Problem;
use super::server::ServerBounds;
use super::status::Streams;
use crate::daemon::article_text::ArticleTexts;
use crate::daemon::snapshot::{Snapshot, SnapshotArticle, Snapshots};
use crate::daemon::telemetry::metrics;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use query::Params;
use rows::{ArticleRow, RowContext};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::Sequence;
use wirefold_engine::decode::Format;

/// The largest article that is considered.
const MATCH_BYTES_MAX: usize = 256 << 10;

/// What the API answers from.
#[derive(Debug, Clone)]
pub struct ApiSource {
    /// The desks of all shards.
    pub desks: Arc<Snapshots>,
    /// Reads article text; `None` where there is no broker to read from.
    pub texts: Option<ArticleTexts>,
    /// How articles are decoded and prepared.
    pub engine: Arc<EngineSettings>,
    /// The format of input records.
    pub format: Format,
}

/// [`ApiSource`], and what bounds the work on it.
#[derive(Debug, Clone)]
pub(super) struct Api {
    source: ApiSource,
    /// Names this process, so that positions of another one are not taken for its own.
    boot: Arc<str>,
    clients: Arc<Semaphore>,
    clients_max: usize,
    workers: Arc<Semaphore>,
    /// How long a request waits for its body, for a worker, or for the pipeline.
    within: Duration,
    stopping: watch::Receiver<bool>,
}

/// A live article, with the desk that it was found on.
struct LocatedArticle {
    shard: u32,
    desk: Arc<Snapshot>,
    sequence: Sequence,
    article: SnapshotArticle,
}

impl LocatedArticle {
    /// What makes rows of its desk.
    fn at(&self) -> RowContext<'_> {
        RowContext { shard: self.shard, desk: &self.desk }
    }

    /// Its row.
    fn row(&self) -> ArticleRow {
        self.at().row(self.sequence, &self.article)
    }
}

impl Api {
    /// The API over `source`, whose streams end when `stopping` says so.
    pub(super) fn new(
        source: ApiSource,
        settings: &Settings,
        bounds: ServerBounds,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let clients_max = usize::from(settings.streams_max);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let boot = format!("{:x}", now.map_or(0, |since| since.as_millis()));
        Self {
            clients: Arc::new(Semaphore::new(clients_max)),
            clients_max,
            workers: Arc::new(Semaphore::new(usize::from(settings.workers_max))),
            within: bounds.worked_within,
            boot: boot.into(),
            stopping,
            source,
        }
    }

    /// The desks that it answers from.
    pub(super) fn desks(&self) -> &Snapshots {
        &self.source.desks
    }

    /// Who follows streams.
    pub(super) fn streams(&self) -> Streams {
        let most = self.clients_max;
        Streams { open: most - self.clients.available_permits(), most }
    }

    /// The newest desks, in order of shards.
    fn newest(&self) -> Vec<Arc<Snapshot>> {
        self.source.desks.all()
    }

    /// The live article of an id.
    fn article(&self, id: &str) -> Result<LocatedArticle, Problem> {
        let found = id.split_once('.').and_then(|(shard, sequence)| {
            let shard = shard.parse().ok()?;
            let desk = self.source.desks.of(shard)?;
            let sequence = Sequence(sequence.parse().ok()?);
            let article = desk.article(sequence)?.clone();
            Some(LocatedArticle { shard, desk, sequence, article })
        });
        found.ok_or_else(|| Problem::missing(format!("no live article `{id}`")))
    }

    /// Does work that takes long, off the server's thread.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::later("too much is being asked at once", 1);
        let place = tokio::time::timeout(self.within, self.workers.clone().acquire_owned()).await;
        let Some(place) = place.ok().and_then(Result::ok) else {
            metrics::BOUNDED.add([metrics::BY_WORKERS], 1);
            return Err(busy());
        };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| busy())
    }
}

/// The routes of the API, less the document's.
pub(super) fn routes(api: Api) -> Router {
    Router::new()
        .route("/stories", get(stories::list))
        .route("/stories/{id}", get(stories::one))
        .route("/facets", get(stories::facets))
        .route("/articles", get(articles::by_uri))
        .route("/articles/{id}", get(articles::one))
        .route("/articles/{id}/text", get(text::one))
        .route("/articles/{id}/carriers", get(articles::carriers))
        .route("/search", get(articles::search))
        .route("/queue", get(queue::list))
        .route("/diff", get(diff::two))
        .route("/why", get(why::two))
        .route("/match", post(matching::consider).layer(DefaultBodyLimit::max(MATCH_BYTES_MAX)))
        .route("/changes", get(stream::changes))
        .route("/events", get(stream::events))
        .with_state(api)
}
