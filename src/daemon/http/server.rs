//! The server: routes, bounds, start and graceful stop.
//!
//! ```text
//! /livez /readyz          open to all
//! /metrics                Prometheus text                        guarded
//! /api/v1/status          shards, phases, positions, lag         guarded: by the token, or by name
//! /api/v1/...             the API over stories and articles      guarded
//! / /page/...             the page                               guarded
//! ```
//!
//! In: requests. Out: answers from read views and the metrics' recorder. It has a thread and a small
//! runtime of its own; nothing here can make a pipeline wait.
//!
//! Bounds: connections, header bytes and count, the time until a request's headers are in (which
//! also ends idle connections), body bytes, the threads that compare texts and the time that a request
//! waits for one, the time that a client may take nothing of its answer, the time that open requests
//! get at the stop. The API adds bounds of its own.

use super::Settings;
use super::access::{AccessToken, guard};
use super::api::{self, Api, ApiSource};
use super::assets;
use super::response::{problem, safe, validated};
use super::status::{Instance, InstanceStatus};
use super::write_timeout::WriteTimeout;
use crate::daemon::snapshot::shards::ShardStatuses;
use crate::daemon::telemetry::metrics;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
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

const HEADER_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;
const BODY_BYTES_MAX: usize = 64 << 10;
/// How many connections beyond `connections_max` may ask for health.
const HEALTH_CONNECTIONS: usize = 16;
/// How long such a connection may take to send its request.
const HEALTH_HEADERS_WITHIN: Duration = Duration::from_millis(500);
/// How long open requests may take when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// How often the recorder drains what histograms took in.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is in use, or not ours.
    #[error("`http.listen`: cannot listen on `{address}`")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The token cannot be read.
    #[error("{0}")]
    Token(String),
    /// The system gives no thread, or no runtime.
    #[error("the admin server cannot start")]
    System(#[from] std::io::Error),
}

/// How long the server bears what clients do.
#[derive(Debug, Clone, Copy)]
pub struct ServerBounds {
    /// The time until the headers of a request are in, from the connection or the answer before.
    pub headers_within: Duration,
    /// How long a client may take nothing of what is written to it.
    pub taken_within: Duration,
    /// How long a request waits for its body, for a thread that compares texts, or for the pipeline.
    pub worked_within: Duration,
}

impl Default for ServerBounds {
    fn default() -> Self {
        Self {
            headers_within: Duration::from_secs(10),
            taken_within: Duration::from_secs(30),
            worked_within: Duration::from_secs(5),
        }
    }
}

/// What the server shows.
#[derive(Debug, Clone)]
pub struct ServerSources {
    /// What does not change.
    pub instance: Instance,
    /// The shards.
    pub views: Arc<ShardStatuses>,
    /// The metrics.
    pub metrics: PrometheusHandle,
    /// What the API and the page answer from; `None` where they are switched off.
    pub source: Option<ApiSource>,
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Option<()>>,
}

impl Server {
    /// Starts it; `None` where the settings ask for none.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the token not be read.
    pub fn start(
        settings: &Settings,
        shown: ServerSources,
        bounds: ServerBounds,
    ) -> Result<Option<Self>, Error> {
        let Some(address) = settings.address() else { return Ok(None) };
        let token = token(settings)?;
        let bind = |source| Error::Bind { address, source };
        let listener = TcpListener::bind(address).map_err(bind)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_io().enable_time();
        let runtime = runtime.max_blocking_threads(usize::from(settings.workers_max)).build()?;
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let (metrics, settings) = (shown.metrics.clone(), settings.clone());
        let faults = shown.views.faults().clone();
        let serve = move || {
            runtime.block_on(async {
                let upkeep = upkeep(metrics);
                let (stopping, stops) = watch::channel(false);
                let api = shown.source.clone();
                let api = api.map(|source| Api::new(source, &settings, bounds, stops));
                let places = ConnectionSlots::new(usize::from(settings.connections_max));
                let routes = Routes { health: busy(shown.clone()), all: routes(shown, api, token) };
                tokio::select! {
                    () = accept(listener, places, routes, bounds, (stopped, stopping)) => {}
                    () = upkeep => {}
                }
            });
            runtime.shutdown_background();
        };
        let thread = faults.thread("admin", serve)?;
        tracing::info!(%address, "admin server listens");
        Ok(Some(Self { address, stop, thread }))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it: open requests are answered within a bound.
    pub fn stop(self) {
        if self.stop.send(()).is_err() || !matches!(self.thread.join(), Ok(Some(()))) {
            tracing::warn!("the admin server had ended before");
        }
    }
}

/// Checks what the settings name outside of themselves.
///
/// # Errors
/// When the token cannot be read.
pub fn check(settings: &Settings) -> Result<(), Error> {
    token(settings).map(drop)
}

fn token(settings: &Settings) -> Result<Option<AccessToken>, Error> {
    let path = Some(&settings.token_file).filter(|path| !path.as_os_str().is_empty());
    path.map(|path| AccessToken::read(path)).transpose().map_err(Error::Token)
}

fn routes(shown: ServerSources, api: Option<Api>, token: Option<AccessToken>) -> Router {
    let mut closed = Router::new()
        .route("/metrics", get(rendered))
        .route("/api/v1/openapi.json", get(openapi))
        .with_state(shown.clone())
        .route("/api/v1/status", get(status))
        .with_state((shown.clone(), api.clone()));
    if let Some(api) = api {
        closed = closed.nest("/api/v1", api::routes(api)).merge(assets::routes());
    }
    health()
        .with_state(shown)
        .merge(closed.layer(from_fn_with_state(token, guard)))
        .fallback(|| async { problem(StatusCode::NOT_FOUND, "no such resource") })
        .method_not_allowed_fallback(|| async {
            problem(StatusCode::METHOD_NOT_ALLOWED, "this resource has no such method")
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(counted))
        .layer(map_response(safe))
}

fn health() -> Router<ServerSources> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready))
}

/// What is served where all other places are taken.
fn busy(shown: ServerSources) -> Router {
    let refused = || async {
        let retry = [(RETRY_AFTER, "1")];
        let why =
            "all connections are in use (`http.connections_max`); only /livez and /readyz answer";
        (retry, problem(StatusCode::SERVICE_UNAVAILABLE, why))
    };
    let routes = health().with_state(shown).fallback(refused);
    routes.layer(from_fn(counted)).layer(map_response(safe))
}

/// What is served, by the place of a connection.
struct Routes {
    all: Router,
    health: Router,
}

/// Counts a request, and how long its answer took to begin.
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

async fn live(State(shown): State<ServerSources>) -> Response {
    let why = shown.views.hanging();
    match why.is_empty() {
        true => "live\n".into_response(),
        false => problem(StatusCode::SERVICE_UNAVAILABLE, &why.join("; ")),
    }
}

async fn ready(State(shown): State<ServerSources>) -> Response {
    let why = shown.views.unready();
    match why.is_empty() {
        true => "ready\n".into_response(),
        false => problem(StatusCode::SERVICE_UNAVAILABLE, &why.join("; ")),
    }
}

async fn rendered(State(shown): State<ServerSources>) -> Response {
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, shown.metrics.render()).into_response()
}

/// The shards: where they stand, their positions and lag.
#[utoipa::path(
    get,
    path = "/api/v1/status",
    operation_id = "getStatus",
    tag = "instance",
    responses((status = 200, body = InstanceStatus))
)]
pub(super) async fn status(
    State((shown, api)): State<(ServerSources, Option<Api>)>,
) -> Json<InstanceStatus> {
    let status = InstanceStatus::of(&shown.instance, &shown.views);
    Json(match &api {
        Some(api) => status.with(api.desks(), api.streams()),
        None => status,
    })
}

async fn upkeep(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// The places of connections that may be open.
struct ConnectionSlots {
    all: Arc<Semaphore>,
    health: Arc<Semaphore>,
}

impl ConnectionSlots {
    fn new(connections_max: usize) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { all: places(connections_max), health: places(HEALTH_CONNECTIONS) }
    }

    /// A place, as soon as there is one.
    async fn take(&self) -> Option<ConnectionSlot> {
        if let Ok(permit) = self.all.clone().try_acquire_owned() {
            return Some(ConnectionSlot::new(permit, RequestLimits::All));
        }
        metrics::BOUNDED.add([metrics::BY_CONNECTIONS], 1);
        let permit = self.health.clone().acquire_owned().await.ok()?;
        Some(ConnectionSlot::new(permit, RequestLimits::Health))
    }
}

/// What a connection may ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RequestLimits {
    All,
    Health,
}

/// The place of a connection among those that may be open.
struct ConnectionSlot {
    room: RequestLimits,
    #[expect(dead_code, reason = "held for as long as the connection lasts")]
    permit: OwnedSemaphorePermit,
}

impl ConnectionSlot {
    fn new(permit: OwnedSemaphorePermit, room: RequestLimits) -> Self {
        metrics::CONNECTIONS.add([], 1.0);
        Self { room, permit }
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        metrics::CONNECTIONS.add([], -1.0);
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    places: ConnectionSlots,
    routes: Routes,
    bounds: ServerBounds,
    (mut stopped, stopping): (oneshot::Receiver<()>, watch::Sender<bool>),
) {
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let (stream, _) = listener.accept().await?;
            Ok::<_, std::io::Error>((stream, places.take().await))
        };
        let next = tokio::select! {
            next = next => next,
            _ = &mut stopped => break,
        };
        let (stream, place) = match next {
            Ok(next) => next,
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let health = place.as_ref().is_some_and(|place| place.room == RequestLimits::Health);
        let (served, within) = match health {
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
                TowerToHyperService::new(served.clone()),
            );
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    stopping.send_replace(true);
    if tokio::time::timeout(STOP_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("connections were left open at the stop");
    }
}
