//! The HTTP API: stories, articles, comparisons, the queue of items that need action, and streams.
//!
//! Input: requests. Output: JSON from the current snapshot of each shard, which is read without a
//! lock. Requests that need article text read it from the input topic. Requests that need the
//! engine's state query the pipeline between two batches. Both kinds of request are limited in
//! number and time, and long computations run on a few threads that are separate from the server's.
//! A request can never make a pipeline wait.
//!
//! | module | content |
//! |---|---|
//! | `stories` | `/stories`, `/stories/{id}`, `/facets` |
//! | `articles` | `/articles`, `/articles/{id}`, `/articles/{id}/carriers`, `/search` |
//! | `queue` | `/queue`: items that need action |
//! | `text` | `/articles/{id}/text` |
//! | `diff`, `why` | `/diff`, `/why`: comparisons of two articles |
//! | `matching` | `/match` |
//! | `similar` | `/similar`: articles by SimHash |
//! | `stream` | `/changes`, `/events` |
//! | `saga` | the stages of a running story |
//! | `linked` | the stories in other languages that are linked to a story |
//! | `rows`, `query` | the JSON form of articles and stories; request parameters and cursors |
//! | [`document`] | the OpenAPI document |

mod articles;
mod diff;
pub mod document;
mod filter;
mod linked;
mod matching;
mod query;
mod queue;
mod rows;
mod saga;
mod similar;
mod stories;
mod stream;
mod text;
mod why;

use super::Settings;
use super::response::Problem;
use super::status::Streams;
use super::timeouts::ServerTimeouts;
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

/// Maximum size of the body of `/match`, in bytes.
const MATCH_BYTES_MAX: usize = 256 << 10;

/// The data that the API serves.
#[derive(Debug, Clone)]
pub struct ApiSource {
    /// The snapshots of all shards.
    pub snapshots: Arc<Snapshots>,
    /// Reads article text; `None` if there is no broker to read from.
    pub texts: Option<ArticleTexts>,
    /// The settings with which articles are decoded and prepared.
    pub engine: Arc<EngineSettings>,
    /// The format of input records.
    pub format: Format,
}

/// The API's data, with the limits on its use.
#[derive(Debug, Clone)]
pub(super) struct Api {
    /// The data that the API serves.
    source: ApiSource,
    /// Identifies this process, so that stream positions issued by another process can be detected.
    boot: Arc<str>,
    /// Slots for open streams.
    clients: Arc<Semaphore>,
    /// The maximum number of open streams.
    clients_max: usize,
    /// Slots for threads that do long computations.
    workers: Arc<Semaphore>,
    /// How long a request waits for its body, for a worker thread, or for the pipeline.
    within: Duration,
    /// Becomes true when the server stops.
    stopping: watch::Receiver<bool>,
}

/// A live article, with the snapshot in which it was found.
struct LocatedArticle {
    /// The article's shard.
    shard: u32,
    /// The snapshot.
    desk: Arc<Snapshot>,
    /// The article's sequence number in the shard.
    sequence: Sequence,
    /// The article.
    article: SnapshotArticle,
}

impl LocatedArticle {
    /// The context for rendering rows from its snapshot.
    fn at(&self) -> RowContext<'_> {
        RowContext { shard: self.shard, desk: &self.desk }
    }

    /// The article as the API sends it.
    fn row(&self) -> ArticleRow {
        self.at().row(self.sequence, &self.article)
    }
}

impl Api {
    /// The API over `source`. Its streams end when `stopping` becomes true.
    pub(super) fn new(
        source: ApiSource,
        settings: &Settings,
        bounds: ServerTimeouts,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let clients_max = usize::from(settings.tuning.streams_max);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let boot = format!("{:x}", now.map_or(0, |since| since.as_millis()));
        Self {
            clients: Arc::new(Semaphore::new(clients_max)),
            clients_max,
            workers: Arc::new(Semaphore::new(usize::from(settings.tuning.workers_max))),
            within: bounds.worked_within,
            boot: boot.into(),
            stopping,
            source,
        }
    }

    /// The snapshots that the API reads.
    pub(super) fn desks(&self) -> &Snapshots {
        &self.source.snapshots
    }

    /// Number of open streams, and the maximum.
    pub(super) fn streams(&self) -> Streams {
        let most = self.clients_max;
        Streams { open: most - self.clients.available_permits(), most }
    }

    /// The current snapshots, by shard.
    fn newest(&self) -> Vec<Arc<Snapshot>> {
        self.source.snapshots.all()
    }

    /// The live article with this id (`<shard>.<sequence>`).
    fn article(&self, id: &str) -> Result<LocatedArticle, Problem> {
        let found = id.split_once('.').and_then(|(shard, sequence)| {
            let shard = shard.parse().ok()?;
            let desk = self.source.snapshots.of(shard)?;
            let sequence = Sequence(sequence.parse().ok()?);
            let article = desk.article(sequence)?.clone();
            Some(LocatedArticle { shard, desk, sequence, article })
        });
        found.ok_or_else(|| Problem::missing(format!("no live article `{id}`")))
    }

    /// Runs a long computation on a worker thread.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::later("all worker threads are busy", 1);
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

/// The routes of the API, except for the OpenAPI document.
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
        .route("/similar", get(similar::find))
        .route("/changes", get(stream::changes))
        .route("/events", get(stream::events))
        .with_state(api)
}
