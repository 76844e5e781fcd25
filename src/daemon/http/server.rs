//! The server: routes, limits, start and graceful stop.
//!
//! ```text
//! /livez /readyz          open to all
//! /metrics                Prometheus text                        guarded
//! /api/v1/status          shards, phases, positions, lag         guarded
//! /api/v1/openapi.json    the OpenAPI document                   guarded
//! /api/v1/...             the API over stories and articles      guarded
//! / /page/...             the page                               guarded
//! ```
//!
//! If `http.path` is set, each of these is also served under that path.
//!
//! Input: requests. Output: responses from shard statuses, snapshots and the metrics recorder.
//! Guarded routes require the token or, if none is configured, a loopback host name. The server
//! runs on a separate thread with a small runtime, so it can never make a pipeline wait.
//!
//! Limits: the number of connections; the size and number of headers; the time until a request's
//! headers have arrived (which also closes idle connections); the body size; the number of threads
//! that compare texts, and the time that a request waits for one; the time that a client may go
//! without reading its response; the time to finish open requests when the server stops. The API
//! has additional limits.

use super::Settings;
use super::access::{AccessToken, TokenError, guard};
use super::api::{self, Api, ApiSource};
use super::assets;
use super::response::{problem, safe, validated};
use super::status::{Instance, InstanceStatus};
pub use super::timeouts::ServerTimeouts;
use super::write_timeout::WriteTimeout;
use crate::daemon::snapshot::shards::ShardStatuses;
use crate::daemon::telemetry::metrics;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use metrics_exporter_prometheus::PrometheusHandle;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// Maximum size of the headers of a request, in bytes.
const HEADER_BYTES_MAX: usize = 16 << 10;
/// Maximum number of headers of a request.
const HEADERS_MAX: usize = 64;
/// Maximum size of the body of a request, in bytes. `/match` has a separate limit.
const BODY_BYTES_MAX: usize = 64 << 10;
/// Number of connections beyond `connections_max` that are accepted for health checks.
const HEALTH_CONNECTIONS: usize = 16;
/// Time within which a connection for health checks must send the headers of its request.
const HEALTH_HEADERS_WITHIN: Duration = Duration::from_millis(500);
/// Time that open requests have to finish when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// How often the metrics recorder drains its histograms.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// The reason the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server cannot listen on the address, for example because it is in use.
    #[error("`http.listen`: cannot listen on `{address}`")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: std::io::Error,
    },
    /// The token cannot be read.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The system cannot start a thread or a runtime.
    #[error("cannot start the admin server")]
    System(#[from] std::io::Error),
}

/// The data that the server serves.
#[derive(Debug, Clone)]
pub struct ServerSources {
    /// Name, version and settings of this instance.
    pub instance: Instance,
    /// The shard statuses.
    pub shards: Arc<ShardStatuses>,
    /// The metrics recorder.
    pub metrics: PrometheusHandle,
    /// The data of the API and the page; `None` if they are disabled.
    pub source: Option<ApiSource>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// The address it listens on.
    address: SocketAddr,
    /// Tells the server to stop.
    stop: oneshot::Sender<()>,
    /// The server's thread.
    thread: JoinHandle<Option<()>>,
}

impl Server {
    /// Starts the server. Returns `None` if the settings disable it.
    ///
    /// # Errors
    /// If the server cannot listen on the address, or cannot read the token.
    pub fn start(
        settings: &Settings,
        sources: ServerSources,
        bounds: ServerTimeouts,
    ) -> Result<Option<Self>, Error> {
        let Some(address) = settings.address() else { return Ok(None) };
        let token = token(settings)?;
        let bind = |source| Error::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(bind)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_io().enable_time();
        let runtime =
            runtime.max_blocking_threads(usize::from(settings.tuning.workers_max)).build()?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let (metrics, settings) = (sources.metrics.clone(), settings.clone());
        let faults = sources.shards.faults().clone();
        let serve = move || {
            runtime.block_on(async {
                let upkeep = upkeep(metrics);
                let (stopping, stops) = watch::channel(false);
                let api = sources.source.clone();
                let api = api.map(|source| Api::new(source, &settings, bounds, stops));
                let slots = ConnectionSlots::new(usize::from(settings.tuning.connections_max));
                let routes = Routes {
                    health: health_only(sources.clone()),
                    all: routes(sources, api, token, &settings.path),
                };
                tokio::select! {
                    () = accept(listener, slots, routes, bounds, (stopped, stopping)) => {}
                    () = upkeep => {}
                }
            });
            runtime.shutdown_background();
        };
        let thread = faults.thread("admin", serve)?;
        tracing::info!(%address, "admin server listening");
        Ok(Some(Self { address, stop, thread }))
    }

    /// The address the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the server. Open requests get a limited time to finish.
    pub fn stop(self) {
        if self.stop.send(()).is_err() || !matches!(self.thread.join(), Ok(Some(()))) {
            tracing::warn!("the admin server had ended before it was stopped");
        }
    }
}

/// Checks that the token file named in the settings can be read.
///
/// # Errors
/// If the token cannot be read.
pub fn check(settings: &Settings) -> Result<(), Error> {
    token(settings).map(drop)
}

/// Reads the token; `None` if no token file is configured.
fn token(settings: &Settings) -> Result<Option<AccessToken>, Error> {
    let path = Some(&settings.token_file).filter(|path| !path.as_os_str().is_empty());
    Ok(path.map(|path| AccessToken::read(path)).transpose()?)
}

/// All routes: health checks, guarded resources and error responses.
fn routes(
    sources: ServerSources,
    api: Option<Api>,
    token: Option<AccessToken>,
    path: &str,
) -> Router {
    let mut guarded = Router::new()
        .route("/metrics", get(metrics_text))
        .route("/api/v1/openapi.json", get(openapi))
        .with_state(sources.clone())
        .route("/api/v1/status", get(status))
        .with_state((sources.clone(), api.clone()));
    if let Some(api) = api {
        guarded = guarded.nest("/api/v1", api::routes(api)).merge(assets::routes());
    }
    let resources =
        health().with_state(sources).merge(guarded.layer(from_fn_with_state(token, guard)));
    also_under(path, resources)
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "no such resource") })
        .method_not_allowed_fallback(|| async {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed for this resource")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(counted))
        .layer(map_response(safe))
}

/// Also serves the resources under `path`. The page needs the slash at the end of the path, because
/// its URLs are relative.
fn also_under(path: &str, resources: Router) -> Router {
    if path.is_empty() {
        return resources;
    }
    let page = format!("{path}/");
    let under = Router::new().nest(&page, resources.clone());
    resources.merge(under).route(path, get(async move || Redirect::permanent(&page)))
}

/// The health checks, which need no token.
fn health() -> Router<ServerSources> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
}

/// The routes served on connections beyond `connections_max`.
fn health_only(sources: ServerSources) -> Router {
    let refused = || async {
        let retry = [(RETRY_AFTER, "1")];
        let why = "all connections are in use; only /livez and /readyz are served";
        (retry, problem(StatusCode::SERVICE_UNAVAILABLE, why))
    };
    let routes = health().with_state(sources).fallback(refused);
    routes.layer(from_fn(counted)).layer(map_response(safe))
}

/// The routes, by the kind of connection.
struct Routes {
    /// For connections within `connections_max`.
    all: Router,
    /// For connections beyond the limit: health checks only.
    health: Router,
}

/// Records metrics for a request: its status class, and the time until its response began.
async fn counted(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let answer = next.run(request).await;
    metrics::REQUEST.record(started.elapsed().as_secs_f64());
    let class = usize::from(answer.status().as_u16() / 100).saturating_sub(1);
    if let Some(class) = metrics::STATUS_CLASSES.get(class) {
        metrics::REQUESTS.add([class], 1);
    }
    answer
}

async fn openapi(headers: HeaderMap) -> Response {
    validated(&headers, "application/json", api::document::text().into_bytes())
}

/// `/livez`: responds with 503 if a pipeline hangs.
async fn live(State(sources): State<ServerSources>) -> Response {
    let why = sources.shards.hanging();
    match why.is_empty() {
        true => "live\n".into_response(),
        false => problem(StatusCode::SERVICE_UNAVAILABLE, &why.join("; ")),
    }
}

/// `/readyz`: responds with 503 if the instance is not ready for every shard.
async fn ready(State(sources): State<ServerSources>) -> Response {
    let why = sources.shards.unready();
    match why.is_empty() {
        true => "ready\n".into_response(),
        false => problem(StatusCode::SERVICE_UNAVAILABLE, &why.join("; ")),
    }
}

/// `/metrics`: the metrics in Prometheus text format.
async fn metrics_text(State(sources): State<ServerSources>) -> Response {
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, sources.metrics.render()).into_response()
}

/// The status of this instance and of each shard: phase, position and lag.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "getStatus",
    tag = "instance",
    responses((status = 200, body = InstanceStatus, description = "the instance and its shards"))
)]
pub(super) async fn status(
    State((sources, api)): State<(ServerSources, Option<Api>)>,
) -> Json<InstanceStatus> {
    let status = InstanceStatus::of(&sources.instance, &sources.shards);
    Json(match &api {
        Some(api) => status.with(api.desks(), api.streams()),
        None => status,
    })
}

/// Runs the upkeep of the metrics recorder forever.
async fn upkeep(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// Limits the number of open connections.
struct ConnectionSlots {
    /// Slots for connections that may request anything.
    all: Arc<Semaphore>,
    /// Slots for connections that may only request health checks.
    health: Arc<Semaphore>,
}

impl ConnectionSlots {
    fn new(connections_max: usize) -> Self {
        let slots = |count| Arc::new(Semaphore::new(count));
        Self { all: slots(connections_max), health: slots(HEALTH_CONNECTIONS) }
    }

    /// Waits for a slot. Connections beyond `connections_max` get a slot for health checks.
    async fn take(&self) -> Option<ConnectionSlot> {
        if let Ok(permit) = self.all.clone().try_acquire_owned() {
            return Some(ConnectionSlot::new(permit, ConnectionKind::All));
        }
        metrics::BOUNDED.add([metrics::BY_CONNECTIONS], 1);
        let permit = self.health.clone().acquire_owned().await.ok()?;
        Some(ConnectionSlot::new(permit, ConnectionKind::Health))
    }
}

/// What a connection may request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ConnectionKind {
    /// Any resource.
    All,
    /// `/livez` and `/readyz` only.
    Health,
}

/// The slot of an open connection.
struct ConnectionSlot {
    /// What the connection may request.
    limits: ConnectionKind,
    /// Held for as long as the connection is open.
    #[expect(dead_code, reason = "held for as long as the connection is open")]
    permit: OwnedSemaphorePermit,
}

impl ConnectionSlot {
    fn new(permit: OwnedSemaphorePermit, limits: ConnectionKind) -> Self {
        metrics::CONNECTIONS.add([], 1.0);
        Self { limits, permit }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        metrics::CONNECTIONS.add([], -1.0);
    }
}

/// Accepts connections until `stopped` fires, then shuts down gracefully.
async fn accept(
    listener: tokio::net::TcpListener,
    slots: ConnectionSlots,
    routes: Routes,
    bounds: ServerTimeouts,
    (mut stopped, stopping): (oneshot::Receiver<()>, watch::Sender<bool>),
) {
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let (stream, _) = listener.accept().await?;
            Ok::<_, std::io::Error>((stream, slots.take().await))
        };
        let next = tokio::select! {
            next = next => next,
            _ = &mut stopped => break,
        };
        let (stream, slot) = match next {
            Ok(next) => next,
            Err(error) => {
                tracing::debug!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let health = slot.as_ref().is_some_and(|slot| slot.limits == ConnectionKind::Health);
        let (router, within) = match health {
            true => (&routes.health, bounds.headers_within.min(HEALTH_HEADERS_WITHIN)),
            false => (&routes.all, bounds.headers_within),
        };
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .keep_alive(!health)
            .header_read_timeout(within)
            .max_buf_size(HEADER_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .serve_connection(
                TokioIo::new(WriteTimeout::new(stream, bounds.taken_within)),
                TowerToHyperService::new(router.clone()),
            );
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended with an error");
            }
            drop(slot);
        });
    }
    stopping.send_replace(true);
    if tokio::time::timeout(STOP_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("some connections were still open when the server stopped");
    }
}
