//! Server-sent events: what changed, for pages, and the events as published, for programs.
//!
//! A client pulls: nothing is queued for it, it keeps a position in what the desks hold of late, and
//! looks there at its own beat. The pipeline does not know of it, and many clients cost it nothing. A
//! client that takes nothing for [`STALLED`] although something waits is told so and let go.
//!
//! Resume: the id of each message is a position of all shards. Whoever comes back with one that is still
//! held goes on from there; else `/changes` says `reset`, and `/events` says which numbers are missing.

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

/// How often a page is told of changes, and a program of events.
const CHANGES_EVERY: Duration = Duration::from_secs(1);
const EVENTS_EVERY: Duration = Duration::from_millis(100);
/// How often a silent stream says that it is still there.
const STILL_HERE: Duration = Duration::from_secs(15);
/// How long a client may take nothing although something waits.
const STALLED: Duration = Duration::from_secs(10);
/// Bytes sent at one beat; the rest follows at the next.
const BEAT_BYTES_MAX: usize = 256 << 10;

/// What a page is told: `event: changed`.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Changed {
    /// Stories that changed or are new, at most 200.
    stories: Vec<String>,
    /// Stories that ended, at most 200.
    gone: Vec<String>,
    /// Whether more changed than is named: load the list anew.
    more: bool,
    /// Whether what a desk must act on may have changed.
    queue: bool,
    /// Articles that came.
    articles: u64,
    /// The engine's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock: Option<String>,
}

/// What a program missed: `event: gap`. The events topic has it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct StreamGap {
    shard: usize,
    /// The first number that is missing.
    from: u64,
    /// The last one.
    to: u64,
}

/// The place of a client among those that may follow.
struct StreamSlot(
    #[expect(dead_code, reason = "held for as long as the stream lasts")] OwnedSemaphorePermit,
);

impl StreamSlot {
    fn take(api: &Api) -> Result<Self, Problem> {
        let full = |_| {
            metrics::BOUNDED.add([metrics::BY_STREAMS], 1);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many streams").after(10)
        };
        let permit = api.clients.clone().try_acquire_owned().map_err(full)?;
        metrics::STREAMS.add([], 1.0);
        Ok(Self(permit))
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        metrics::STREAMS.add([], -1.0);
    }
}

/// A stream of one client.
struct Client<F> {
    api: Api,
    _place: StreamSlot,
    /// Writes what is new since the last beat.
    follow: F,
    every: Duration,
    /// When it last took something, and when it was last told something.
    took: Instant,
    told: Instant,
    began: bool,
    over: bool,
}

/// Follows the desks from a position of its own.
trait Follow: Send {
    /// Writes what is new.
    fn beat(&mut self, desks: &[Arc<Snapshot>], out: &mut String);
}

impl<F: Follow> Client<F> {
    /// What it is sent next; `None` at the end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.over {
            return None;
        }
        // The time since the last message was handed on: whoever reads comes back at once.
        let stalled = self.took.elapsed() > STALLED;
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
                message(&mut out, None, "dropped", &why("this client took nothing for too long"));
                self.over = true;
            } else if out.is_empty() && self.told.elapsed() >= STILL_HERE {
                out.push_str(": still here\n\n");
            }
        }
        (self.told, self.took) = (Instant::now(), Instant::now());
        Some((Ok(Bytes::from(out)), self))
    }
}

fn why(text: &str) -> String {
    serde_json::json!({ "why": text }).to_string()
}

/// Writes one message; `data` is one line.
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

fn answer(
    api: Api,
    place: StreamSlot,
    every: Duration,
    follow: impl Follow + 'static,
) -> ApiResult {
    let now = Instant::now();
    let (began, over) = (false, false);
    let client = Client { api, _place: place, follow, every, took: now, told: now, began, over };
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

/// What changes, for pages: server-sent events `hello`, `changed`, `reset` and `dropped`, at most one a
/// second. Resumes by `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/api/v1/changes",
    operation_id = "followChanges",
    tag = "streams",
    responses(
        (status = 200, body = Changed, content_type = "text/event-stream", description = "the data of `changed`"),
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

fn last_id(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id")?.to_str().ok().filter(|id| !id.is_empty())
}

/// What changed since the last look.
struct Changes {
    boot: Arc<str>,
    resumed: Option<String>,
    seen: Vec<u64>,
    began: bool,
}

impl Changes {
    /// `<boot>-<version of shard 0>.<version of shard 1>`.
    fn id(&self) -> String {
        let versions: Vec<String> = self.seen.iter().map(u64::to_string).collect();
        format!("{}-{}", self.boot, versions.join("."))
    }

    /// The versions that an id of ours names, if all that happened since is still held.
    fn read(&self, id: &str, desks: &[Arc<Snapshot>]) -> Option<Vec<u64>> {
        let versions = id.strip_prefix(&*self.boot)?.strip_prefix('-')?;
        let versions: Option<Vec<u64>> = versions.split('.').map(|v| v.parse().ok()).collect();
        let versions = versions.filter(|versions| versions.len() == desks.len())?;
        let held = |(desk, after): (&Arc<Snapshot>, &u64)| desk.lately.since(*after).is_some();
        desks.iter().zip(&versions).all(held).then_some(versions)
    }

    fn begin(&mut self, desks: &[Arc<Snapshot>], out: &mut String) {
        let resumed = self.resumed.take();
        let from = resumed.as_deref().map(|id| self.read(id, desks));
        self.seen = desks.iter().map(|desk| desk.lately.version()).collect();
        match from {
            Some(Some(versions)) => self.seen = versions,
            Some(None) => message(
                out,
                Some(&self.id()),
                "reset",
                &why("what happened since is not held any more"),
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
        let mut news: Vec<&CommitDelta> = Vec::new();
        let mut held = true;
        for (desk, seen) in desks.iter().zip(&mut self.seen) {
            match desk.lately.since(*seen) {
                Some(changes) => news.extend(changes.map(Arc::as_ref)),
                None => held = false,
            }
            *seen = desk.lately.version();
        }
        if !held || news.iter().any(|change| change.everything) {
            message(out, Some(&self.id()), "reset", &why("everything may have changed"));
        } else if !news.is_empty() {
            let data = serde_json::to_string(&union(&news, clock(desks))).unwrap_or_default();
            message(out, Some(&self.id()), "changed", &data);
        }
    }
}

/// Several changes as one.
fn union(news: &[&CommitDelta], clock: Option<String>) -> Changed {
    let named = |of: fn(&CommitDelta) -> &[StoryId]| -> BTreeSet<StoryId> {
        news.iter().flat_map(|change| of(change)).copied().collect()
    };
    let (stories, gone) = (named(|change| &change.stories), named(|change| &change.gone));
    let names =
        |ids: &BTreeSet<StoryId>| ids.iter().take(NAMED_MAX).map(StoryId::to_string).collect();
    Changed {
        stories: names(&stories.difference(&gone).copied().collect()),
        gone: names(&gone),
        more: news.iter().any(|change| change.more) || stories.len().max(gone.len()) > NAMED_MAX,
        queue: news.iter().any(|change| change.queue),
        articles: news.iter().map(|change| change.articles).sum(),
        clock,
    }
}

/// The events as published, for programs: server-sent events named by their type, each a CloudEvent in
/// structured mode, and `gap` where numbers are missing. Resumes by `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "followEvents",
    tag = "streams",
    params(
        ("type" = Option<String>, Query, description = "a type, with or without `wirefold.` and `.v1`; may be repeated"),
        ("story" = Option<String>, Query, description = "events under the key of this story alone"),
        ("after" = Option<String>, Query, description = "a position such as `0.1234`, where there is no `Last-Event-ID`"),
    ),
    responses(
        (status = 200, body = StreamGap, content_type = "text/event-stream", description = "the data of `gap`; for the others see `wirefold schema events`"),
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
        None => desks.iter().map(|desk| desk.lately.next()).collect(),
        Some(after) => positions(after, desks.len())
            .ok_or_else(|| Problem::bad("`after` is no position such as `0.1234`"))?,
    };
    let story = params.one("story")?.map(str::to_owned);
    answer(api.clone(), StreamSlot::take(&api)?, EVENTS_EVERY, Events { kinds, story, next })
}

/// The full name of an event type.
fn kind(name: &str) -> Result<&'static str, Problem> {
    let short = |full: &str| full.trim_start_matches("wirefold.").trim_end_matches(".v1") == name;
    let known = crate::daemon::publish::TYPES.into_iter().map(|(full, _)| full);
    let found = known.into_iter().find(|full| *full == name || short(full));
    found.ok_or_else(|| Problem::bad(format!("no event `type` `{name}`")))
}

/// The next numbers after a position: `<shard>.<number>` of every shard, joined by commas.
fn positions(after: &str, shards: usize) -> Option<Vec<u64>> {
    let mut next = vec![None; shards];
    for one in after.split(',') {
        let (shard, number) = one.split_once('.')?;
        let number: i64 = number.parse().ok().filter(|number| *number >= -1)?;
        *next.get_mut(shard.parse::<usize>().ok()?)? = u64::try_from(number.checked_add(1)?).ok();
    }
    next.into_iter().collect()
}

/// The events as published.
struct Events {
    kinds: Vec<&'static str>,
    story: Option<String>,
    next: Vec<u64>,
}

impl Events {
    /// The position before `next`: `<shard>.<number>` of every shard.
    fn id(&self) -> String {
        let last =
            |next: &u64| next.checked_sub(1).map_or("-1".to_owned(), |last| last.to_string());
        let shards = self.next.iter().enumerate();
        shards.map(|(shard, next)| format!("{shard}.{}", last(next))).collect::<Vec<_>>().join(",")
    }

    fn wants(&self, kind: &str, key: &str) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&kind))
            && self.story.as_deref().is_none_or(|story| story == key)
    }

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
            let lately = &desk.lately;
            if self.next[shard] > lately.next() {
                // A position of another life of this shard's topic, or from before it was followed here.
                self.next[shard] = lately.next();
            }
            for frame in lately.events(self.next[shard]) {
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
            if lately.next() > self.next[shard] {
                self.gap(shard, lately.next(), out);
            }
        }
    }
}
