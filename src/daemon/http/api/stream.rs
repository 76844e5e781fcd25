//! Server-sent events: changes for pages, and published events for programs.
//!
//! Nothing is queued for a client. Each stream keeps a position in the recent history of the
//! snapshots, and checks the history at a fixed interval. The pipeline does not know about streams,
//! so even many clients do not slow it down. A client that does not read for [`STALLED`] although
//! messages are waiting is sent `dropped` and disconnected.
//!
//! Resuming: the id of each message is a position in all shards. A client that reconnects with a
//! position that is still available continues from there. Otherwise `/changes` sends `reset`, and
//! `/events` sends `gap` with the missing event numbers.

use super::query::Params;
use super::stories::clock;
use super::{Api, Problem};
use crate::daemon::http::response::{ApiResult, Unfollowed};
use crate::daemon::snapshot::Snapshot;
use crate::daemon::snapshot::recent::{CommitDelta, NAMED_MAX};
use crate::daemon::telemetry::metrics;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use futures_util::stream::unfold;
use serde::Serialize;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;
use wirefold_engine::stories::StoryId;

/// How often changes are sent.
const CHANGES_EVERY: Duration = Duration::from_secs(1);
/// How often events are sent.
const EVENTS_EVERY: Duration = Duration::from_millis(100);
/// How long a stream may have no messages before a comment is sent to keep the connection open.
const STILL_HERE: Duration = Duration::from_secs(15);
/// How long a client may go without reading although messages are waiting.
const STALLED: Duration = Duration::from_secs(10);
/// Maximum number of bytes sent in one interval. The rest follows in the next.
const BEAT_BYTES_MAX: usize = 256 << 10;

/// A message of a stream of server-sent events.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes messages that are written as text")]
pub(super) struct StreamMessage {
    /// The position of the message, which a client sends as `Last-Event-ID` to resume after it.
    id: Option<String>,
    /// The type of the message, such as `changed`.
    event: Option<String>,
    /// A JSON text. Its form depends on `event`.
    data: String,
}

/// The data of `event: changed` on `/changes`.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Changed {
    /// Ids of stories that changed or are new, at most 200.
    stories: Vec<String>,
    /// Ids of stories that ended, at most 200.
    gone: Vec<String>,
    /// Whether there are more changed or ended stories than listed. If so, reload the list.
    more: bool,
    /// Whether the queue of items that need action may have changed.
    queue: bool,
    /// Number of articles that arrived.
    articles: u64,
    /// The engine clock (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// The data of `event: gap` on `/events`: the numbers of events that were not sent. These events
/// are available on the events topic.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StreamGap {
    /// The shard.
    shard: usize,
    /// First missing event number.
    from: u64,
    /// Last missing event number.
    to: u64,
}

/// The slot of an open stream.
struct StreamSlot(
    #[expect(dead_code, reason = "held for as long as the stream is open")] OwnedSemaphorePermit,
);

impl StreamSlot {
    /// Takes a slot, or fails with 429 if all are in use.
    fn take(api: &Api) -> Result<Self, Problem> {
        let full = |_| {
            metrics::BOUNDED.add([metrics::BY_STREAMS], 1);
            Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many streams are open; try again later",
            )
            .after(10)
        };
        let permit = api.clients.clone().try_acquire_owned().map_err(full)?;
        metrics::STREAMS.add([], 1.0);
        api.source.snapshots.set_followed();
        Ok(Self(permit))
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        metrics::STREAMS.add([], -1.0);
    }
}

/// The stream of one client.
struct Client<F> {
    /// The API, for its snapshots and the stop signal.
    api: Api,
    /// Frees the slot when the stream ends.
    _place: StreamSlot,
    /// Produces the messages.
    follow: F,
    /// The interval between two checks.
    every: Duration,
    /// When the client last took a chunk.
    read_at: Instant,
    /// When the last chunk was sent.
    sent_at: Instant,
    /// Whether the first check has been made.
    began: bool,
    /// Whether the stream ends after this message.
    ended: bool,
}

/// What a stream sends. Each implementation keeps its own position in the snapshots.
trait Follow: Send {
    /// Writes the messages since the last call.
    fn beat(&mut self, desks: &[Arc<Snapshot>], out: &mut String);
}

impl<F: Follow> Client<F> {
    /// The next messages to send; `None` if the stream has ended.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        // The time since the last chunk was handed over. A client that is reading takes the next
        // chunk at once.
        let stalled = self.read_at.elapsed() > STALLED;
        let mut out = String::new();
        while out.is_empty() {
            let closing = self.api.stopping.wait_for(|stopping| *stopping);
            tokio::select! {
                () = tokio::time::sleep(if self.began { self.every } else { Duration::ZERO }) => {}
                _ = closing => return None,
            }
            self.began = true;
            self.follow.beat(&self.api.newest(), &mut out);
            if stalled && !out.is_empty() {
                metrics::STREAMS_DROPPED.add([], 1);
                out.clear();
                message(&mut out, None, "dropped", &why("the client did not read for too long"));
                self.ended = true;
            } else if out.is_empty() && self.sent_at.elapsed() >= STILL_HERE {
                out.push_str(": still here\n\n");
            }
        }
        (self.sent_at, self.read_at) = (Instant::now(), Instant::now());
        Some((Ok(Bytes::from(out)), self))
    }
}

/// The data of `dropped` and `reset`.
fn why(text: &str) -> String {
    serde_json::json!({ "why": text }).to_string()
}

/// Writes one message. `data` must be a single line.
fn message(out: &mut String, id: Option<&str>, event: &str, data: &str) {
    if let Some(id) = id {
        out.push_str("id: ");
        out.push_str(id);
        out.push('\n');
    }
    for part in ["event: ", event, "\ndata: ", data, "\n\n"] {
        out.push_str(part);
    }
}

/// Starts the stream of a client.
fn answer(
    api: Api,
    place: StreamSlot,
    every: Duration,
    follow: impl Follow + 'static,
) -> ApiResult {
    let now = Instant::now();
    let (began, ended) = (false, false);
    let client =
        Client { api, _place: place, follow, every, read_at: now, sent_at: now, began, ended };
    let head = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        (axum::http::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let hello = Bytes::from_static(b"retry: 3000\n\n");
    let first = futures_util::stream::once(async move { Ok::<_, Infallible>(hello) });
    let rest = unfold(client, Client::next);
    let body = Body::from_stream(futures_util::StreamExt::chain(first, rest));
    Ok((head, body).into_response())
}

/// Streams changes, for pages: server-sent events `hello`, `changed`, `reset` and `dropped`, at
/// most one per second. Resumes from `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/api/v1/changes",
    operation_id = "followChanges",
    tag = "streams",
    responses(
        (status = 200, body = StreamMessage, content_type = "text/event-stream",
            description = "messages; the data of `changed` is a `Changed`"),
        Unfollowed,
    )
)]
pub(super) async fn changes(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult {
    params.only(&[])?;
    let place = StreamSlot::take(&api)?;
    let resumed = last_id(&headers).map(str::to_owned);
    let follow = Changes { boot: api.boot.clone(), resumed, seen: Vec::new(), began: false };
    answer(api, place, CHANGES_EVERY, follow)
}

/// The position in `Last-Event-ID`, if there is one.
fn last_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id")?.to_str().ok().filter(|id| !id.is_empty())
}

/// The state of a `/changes` stream.
struct Changes {
    /// Identifies this process in positions.
    boot: Arc<str>,
    /// The position from which to resume.
    resumed: Option<String>,
    /// The last version of each shard that was sent.
    seen: Vec<u64>,
    /// Whether the first message was written.
    began: bool,
}

impl Changes {
    /// `<boot>-<version of shard 0>.<version of shard 1>`.
    fn id(&self) -> String {
        let versions: Vec<String> = self.seen.iter().map(u64::to_string).collect();
        format!("{}-{}", self.boot, versions.join("."))
    }

    /// The versions in the position `id`, if this process issued it and all changes since then are
    /// still available.
    fn read(&self, id: &str, desks: &[Arc<Snapshot>]) -> Option<Vec<u64>> {
        let versions = id.strip_prefix(&*self.boot)?.strip_prefix('-')?;
        let versions: Option<Vec<u64>> = versions.split('.').map(|v| v.parse().ok()).collect();
        let versions = versions.filter(|versions| versions.len() == desks.len())?;
        let complete = |(desk, after): (&Arc<Snapshot>, &u64)| desk.recent.since(*after).is_some();
        desks.iter().zip(&versions).all(complete).then_some(versions)
    }

    /// Writes the first message, and sets the position.
    fn begin(&mut self, desks: &[Arc<Snapshot>], out: &mut String) {
        let resumed = self.resumed.take();
        let from = resumed.as_deref().map(|id| self.read(id, desks));
        self.seen = desks.iter().map(|desk| desk.recent.version()).collect();
        match from {
            Some(Some(versions)) => self.seen = versions,
            Some(None) => message(
                out,
                Some(&self.id()),
                "reset",
                &why("the changes after `Last-Event-ID` are no longer available"),
            ),
            None => {
                let hello = serde_json::json!({ "clock": clock(desks) }).to_string();
                message(out, Some(&self.id()), "hello", &hello);
            }
        }
    }
}

impl Follow for Changes {
    fn beat(&mut self, desks: &[Arc<Snapshot>], out: &mut String) {
        if !std::mem::replace(&mut self.began, true) {
            self.begin(desks, out);
        }
        let mut deltas: Vec<&CommitDelta> = Vec::new();
        let mut complete = true;
        for (desk, seen) in desks.iter().zip(&mut self.seen) {
            match desk.recent.since(*seen) {
                Some(changes) => deltas.extend(changes.map(Arc::as_ref)),
                None => complete = false,
            }
            *seen = desk.recent.version();
        }
        if !complete || deltas.iter().any(|change| change.everything) {
            message(out, Some(&self.id()), "reset", &why("everything may have changed"));
        } else if !deltas.is_empty() {
            let data = serde_json::to_string(&union(&deltas, clock(desks))).unwrap_or_default();
            message(out, Some(&self.id()), "changed", &data);
        }
    }
}

/// Merges several changes into one.
fn union(deltas: &[&CommitDelta], clock: Option<String>) -> Changed {
    let named = |of: fn(&CommitDelta) -> &[StoryId]| -> BTreeSet<StoryId> {
        deltas.iter().flat_map(|change| of(change)).copied().collect()
    };
    let (stories, gone) = (named(|change| &change.stories), named(|change| &change.ended));
    let names =
        |ids: &BTreeSet<StoryId>| ids.iter().take(NAMED_MAX).map(StoryId::to_string).collect();
    Changed {
        stories: names(&stories.difference(&gone).copied().collect()),
        gone: names(&gone),
        more: deltas.iter().any(|change| change.more) || stories.len().max(gone.len()) > NAMED_MAX,
        queue: deltas.iter().any(|change| change.queue),
        articles: deltas.iter().map(|change| change.articles).sum(),
        clock,
    }
}

/// Streams the published events, for programs: server-sent events named after the event type, each
/// with a CloudEvent in structured mode, and `gap` if events are missing. Resumes from
/// `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "followEvents",
    tag = "streams",
    params(
        ("type" = Option<String>, Query,
            pattern = "^(wirefold\\.)?(article\\.(classified|withdrawn|corrected|superseded)|\
                story\\.(opened|updated|merged|closed))(\\.v1)?$",
            description = "an event type, with or without `wirefold.` and `.v1`; may be repeated"),
        ("story" = Option<String>, Query, description = "only events with the id of this \
            story as their key"),
        ("after" = Option<String>, Query,
            pattern = "^[0-9]{1,4}\\.(-1|[0-9]{1,15})(,[0-9]{1,4}\\.(-1|[0-9]{1,15}))*$",
            description = "a position such as `0.1234`, used if there is no `Last-Event-ID`"),
    ),
    responses(
        (status = 200, body = StreamMessage, content_type = "text/event-stream",
            description = "messages; the data of `gap` is a `StreamGap`; for that of the other \
                events, see `wirefold schema events`"),
        Unfollowed,
    )
)]
pub(super) async fn events(
    State(api): State<Api>,
    params: Params,
    headers: HeaderMap,
) -> ApiResult {
    params.only(&["type", "story", "after"])?;
    let kinds = params.all("type").map(kind).collect::<Result<Vec<_>, _>>()?;
    let after = last_id(&headers).map(Ok).or_else(|| params.one("after").transpose());
    let after = after.transpose()?;
    let desks = api.newest();
    let next = match after {
        None => desks.iter().map(|desk| desk.recent.next()).collect(),
        Some(after) => positions(after, desks.len())
            .ok_or_else(|| Problem::bad("`after` is not a position such as `0.1234`"))?,
    };
    let story = params.one("story")?.map(str::to_owned);
    answer(api.clone(), StreamSlot::take(&api)?, EVENTS_EVERY, Events { kinds, story, next })
}

/// The full name of an event type that may be given in short form.
fn kind(name: &str) -> Result<&'static str, Problem> {
    let short = |full: &str| full.trim_start_matches("wirefold.").trim_end_matches(".v1") == name;
    let known = crate::daemon::publish::TYPES.into_iter().map(|(full, _)| full);
    let found = known.into_iter().find(|full| *full == name || short(full));
    found.ok_or_else(|| {
        let all = crate::daemon::publish::TYPES.map(|(full, _)| full).join(", ");
        Problem::bad(format!("unknown event `type` `{name}`; the types are: {all}"))
    })
}

/// Parses a position, which is `<shard>.<number>` for every shard, joined by commas. Returns the
/// next number of each shard.
fn positions(after: &str, shards: usize) -> Option<Vec<u64>> {
    let mut next = vec![None; shards];
    for one in after.split(',') {
        let (shard, number) = one.split_once('.')?;
        let number: i64 = number.parse().ok().filter(|number| *number >= -1)?;
        *next.get_mut(shard.parse::<usize>().ok()?)? = u64::try_from(number.checked_add(1)?).ok();
    }
    next.into_iter().collect()
}

/// The state of an `/events` stream.
struct Events {
    /// The requested event types; empty for all.
    kinds: Vec<&'static str>,
    /// The story whose events are requested; `None` for all.
    story: Option<String>,
    /// The next event number of each shard.
    next: Vec<u64>,
}

impl Events {
    /// The position before `next`: `<shard>.<number>` for every shard, joined by commas.
    fn id(&self) -> String {
        let last =
            |next: &u64| next.checked_sub(1).map_or("-1".to_owned(), |last| last.to_string());
        let shards = self.next.iter().enumerate();
        shards.map(|(shard, next)| format!("{shard}.{}", last(next))).collect::<Vec<_>>().join(",")
    }

    /// Whether the client requested this event.
    fn wants(&self, kind: &str, key: &str) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.story.as_deref().is_none_or(|story| story == key)
    }

    /// Writes a `gap` message for the events before number `to`.
    fn gap(&mut self, shard: usize, to: u64, out: &mut String) {
        let from = self.next[shard];
        self.next[shard] = to;
        let gap = StreamGap { shard, from, to: to - 1 };
        let data = serde_json::to_string(&gap).unwrap_or_default();
        message(out, Some(&self.id()), "gap", &data);
    }
}

impl Follow for Events {
    fn beat(&mut self, desks: &[Arc<Snapshot>], out: &mut String) {
        for (shard, desk) in desks.iter().enumerate() {
            let recent = &desk.recent;
            if self.next[shard] > recent.next() {
                // The position is from an earlier topic, or from before this instance followed the
                // shard.
                self.next[shard] = recent.next();
            }
            for frame in recent.events(self.next[shard]) {
                if out.len() > BEAT_BYTES_MAX {
                    return;
                }
                if frame.sequence > self.next[shard] {
                    self.gap(shard, frame.sequence, out);
                }
                self.next[shard] = frame.sequence + 1;
                if self.wants(&frame.kind, &frame.key) {
                    let event = std::str::from_utf8(&frame.event).unwrap_or_default();
                    message(out, Some(&self.id()), &frame.kind, event);
                }
            }
            if recent.next() > self.next[shard] {
                self.gap(shard, recent.next(), out);
            }
        }
    }
}
