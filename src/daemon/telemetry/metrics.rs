//! The table of all metrics: name, kind, labels, unit and description.
//!
//! In: counts and measurements, through the typed constants below. Out: the Prometheus text of
//! [`render`](metrics_exporter_prometheus::PrometheusHandle::render). Without an installed
//! recorder, metrics are discarded at almost no cost.
//!
//! ```text
//! metrics::CLASSIFIED.add(["reprint"], 1);   wirefold_articles_classified_total{kind="reprint"} 1
//! ```
//!
//! Names follow the Prometheus conventions: base units, and `_total` for counters. Ids and text of
//! articles or stories never appear in labels.

use metrics::{Label, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use std::time::{SystemTime, UNIX_EPOCH};
use wirefold_engine::ENGINE_VERSION;
use wirefold_engine::verdict::Kind as RelationKind;

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// A value that only increases.
    Counter,
    /// A value that can increase and decrease.
    Gauge,
    /// A distribution.
    Histogram,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name.
    pub name: &'static str,
    /// The type.
    pub kind: MetricKind,
    /// The names of the labels.
    pub labels: &'static [&'static str],
    /// The unit of the value.
    pub unit: Unit,
    /// The upper bounds of the buckets; empty unless this is a histogram.
    pub buckets: &'static [f64],
    /// The description.
    pub description: &'static str,
}

/// A counter with `N` labels.
#[derive(Debug, Clone, Copy)]
pub struct Counter<const N: usize>(Metric);

/// A gauge with `N` labels.
#[derive(Debug, Clone, Copy)]
pub struct Gauge<const N: usize>(Metric);

/// A histogram without labels.
#[derive(Debug, Clone, Copy)]
pub struct Histogram<const N: usize>(Metric);

impl Metric {
    /// Pairs the label names with `values`.
    fn labelled<const N: usize>(&self, values: [&str; N]) -> Vec<Label> {
        let pairs = self.labels.iter().zip(values);
        pairs.map(|(name, value)| Label::new(*name, value.to_owned())).collect()
    }
}

impl<const N: usize> Counter<N> {
    /// Adds `count` to the counter.
    pub fn add(&self, labels: [&str; N], count: u64) {
        metrics::counter!(self.0.name, self.0.labelled(labels)).increment(count);
    }
}

impl<const N: usize> Gauge<N> {
    /// Sets the gauge.
    pub fn set(&self, labels: [&str; N], value: f64) {
        metrics::gauge!(self.0.name, self.0.labelled(labels)).set(value);
    }

    /// Adds `by`, which may be negative.
    pub fn add(&self, labels: [&str; N], by: f64) {
        metrics::gauge!(self.0.name, self.0.labelled(labels)).increment(by);
    }
}

impl Histogram<0> {
    /// Records one value.
    pub fn record(&self, value: f64) {
        metrics::histogram!(self.0.name).record(value);
    }

    /// Records the same value `count` times.
    pub fn record_many(&self, value: f64, count: usize) {
        if count > 0 {
            metrics::histogram!(self.0.name).record_many(value, count);
        }
    }
}

/// No buckets, for metrics that are not histograms.
const NONE: &[f64] = &[];
/// Buckets for the work on one article or request: 50 us to 1 s.
const WORK: &[f64] =
    &[0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0];
/// Buckets for round trips to a broker: 1 ms to 20 s.
const WAYS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 20.0];
/// Buckets for times since the sender's timestamp: 5 ms to a day, to cover backlogs.
const AGES: &[f64] =
    &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 20.0, 60.0, 600.0, 3_600.0, 86_400.0];
/// Buckets for numbers of articles.
const COUNTS: &[f64] = &[0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 32.0, 64.0, 128.0, 255.0];

/// Defines the constants and the table of metrics from one list.
macro_rules! table {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal)*] $unit:ident $buckets:ident
       $about:literal)*) => {
        $(
            #[doc = $about]
            pub const $constant: $kind<{ <[&str]>::len(&[$($label),*]) }> = $kind(Metric {
                name: $name,
                kind: MetricKind::$kind,
                labels: &[$($label),*],
                unit: Unit::$unit,
                buckets: $buckets,
                description: $about,
            });
        )*
        /// All exported metrics.
        pub const TABLE: &[Metric] = &[$($constant.0),*];
    };
}

table! {
    BUILD_INFO: Gauge "wirefold_build_info" ["version" "core"] Count NONE
        "Always 1. The labels give the release and the version of the engine's decision logic."
    STARTED: Gauge "wirefold_start_time_seconds" [] Seconds NONE
        "Start time of the process, in seconds since the Unix epoch."
    RECEIVED: Counter "wirefold_articles_received_total" [] Count NONE
        "Articles read and committed, including rejected ones."
    CLASSIFIED: Counter "wirefold_articles_classified_total" ["kind"] Count NONE
        "Articles classified, by kind."
    REJECTED: Counter "wirefold_articles_rejected_total" ["stage" "reason"] Count NONE
        "Articles and records rejected, by stage (`wire`, `output`, `processing`) and reason."
    HEADERS_LOST: Counter "wirefold_headers_unreadable_total" [] Count NONE
        "Headers of input records skipped because their names are not UTF-8."
    PANICS: Counter "wirefold_panics_total" [] Count NONE
        "Panics caught in the pipelines: the record was rejected, or the state was rebuilt."
    STUCK_WORKERS: Gauge "wirefold_stuck_workers" [] Count NONE
        "Threads still working on a record that was rejected as `too_slow`."
    LATE: Counter "wirefold_late_articles_total" [] Count NONE
        "Articles that arrived more than `engine.late_after` after publication."
    NO_BODY: Counter "wirefold_articles_without_body_total" [] Count NONE
        "Articles without a body, because the field has an unknown name or the feed contains only \
         headlines."
    DECISION: Histogram "wirefold_decision_seconds" [] Seconds WORK
        "Time to process one article: decoding, preparing, comparing, deciding."
    CANDIDATES: Histogram "wirefold_candidates" [] Count COUNTS
        "Candidates per article: earlier articles that it was compared with."
    CANDIDATES_FOUND: Counter "wirefold_candidates_found_total" ["by"] Count NONE
        "Live earlier articles found for new ones, by how they were found. `samples`: by shared \
         samples of the text. `content`: by the same words, with or without their figures. An \
         article found in both ways counts for both. `links`: articles that a verdict refers to \
         but that were not found by text: they were found by a uri, link or name, or through the \
         chain of a candidate."
    END_TO_END: Histogram "wirefold_end_to_end_seconds" [] Seconds AGES
        "Time from the timestamp of an input record to the commit of its results."
    INPUT_LAG: Gauge "wirefold_input_lag_records" ["shard" "topic" "partition"] Count NONE
        "Input records not yet processed (consumer lag), excluding control markers."
    INPUT_AGE: Gauge "wirefold_input_age_seconds" ["shard"] Seconds NONE
        "How long the input has had unprocessed records, in the partition that has waited \
         longest; 0 if there are none."
    TRANSACTIONS: Counter "wirefold_transactions_total" ["result"] Count NONE
        "Batches written, by result: committed, doubtful (outcome unknown), fenced, failed (the \
         shard stops until a person intervenes)."
    TRANSACTION: Histogram "wirefold_transaction_seconds" [] Seconds WAYS
        "Time from the start of a batch's transaction to the reply to its commit."
    REPAIRED: Counter "wirefold_repaired_records_total" [] Count NONE
        "Records of committed transactions that a broker crash had lost and that were written \
         again."
    VOID: Counter "wirefold_void_records_total" [] Count NONE
        "Changelog records skipped because a former owner wrote them after it had lost the shard."
    REBALANCES: Counter "wirefold_rebalances_total" [] Count NONE
        "Rebalances of the consumer group: shards assigned (possibly none), revoked or lost."
    SHARD_OWNED: Gauge "wirefold_shard_owned" ["shard"] Count NONE
        "1 if this instance owns the shard, else 0."
    SHARD_READY: Gauge "wirefold_shard_ready" ["shard"] Count NONE
        "1 if this instance runs the shard or could take it over at once (as reported by \
         `/readyz`), else 0."
    SHARD_PHASE: Gauge "wirefold_shard_phase" ["shard" "phase"] Count NONE
        "1 for the current phase of the shard on this instance, else 0: idle, standby, \
         restoring, running, recovering, stopping."
    RESTORE: Gauge "wirefold_restore_seconds" ["shard"] Seconds NONE
        "Duration of the last restore from the changelog."
    RESTORED: Gauge "wirefold_restore_records" ["shard"] Count NONE
        "Changelog records read by the current or the last restore."
    LIVE_ARTICLES: Gauge "wirefold_live_articles" ["shard"] Count NONE
        "Articles in the window."
    IDENTITIES: Gauge "wirefold_identities" ["shard"] Count NONE
        "Articles whose identity is still known after they left the window."
    EMBARGOED: Gauge "wirefold_embargoed_articles" ["shard"] Count NONE
        "Articles waiting for the end of their embargo."
    LIVE_STORIES: Gauge "wirefold_live_stories" ["shard"] Count NONE
        "Live stories."
    STATE_BYTES: Gauge "wirefold_state_bytes" ["shard"] Bytes NONE
        "Approximate memory of the engine state: live articles with their indexes, stories, \
         identities, records under embargo, journals. Excludes the snapshots for the page and \
         the API, the Kafka clients and allocator overhead."
    FURNITURE: Gauge "wirefold_learned_furniture" ["shard"] Count NONE
        "Pieces of text learned as boilerplate because unrelated articles carried them."
    UNWRAPPED: Counter "wirefold_furniture_articles_total" [] Count NONE
        "Articles from which learned boilerplate was removed."
    EVICTIONS: Counter "wirefold_evictions_total" ["reason"] Count NONE
        "Entries dropped, by reason. `window`: articles that left the window. \
         `live_articles_max`: articles over that limit. `postings_per_hash_max`: postings \
         dropped from the candidate index by the bounds per hash (kills still find the \
         articles). `identities_max`: identities. `embargoed_max`: embargoed articles that will \
         never be forwarded. `bearers_max`: articles and notices no longer found by slug or \
         name. `versions_searched_max`: versions of withdrawn articles whose carriers are not \
         searched for. `carriers`: carriers of one text beyond the 100,000 that events name."
    MERGES: Counter "wirefold_story_merges_total" [] Count NONE
        "Story merges."
    WITHDRAWALS: Counter "wirefold_withdrawals_total" [] Count NONE
        "Withdrawals published: kills, holds, and copies of withdrawn text that arrived later."
    REQUESTS: Counter "wirefold_http_requests_total" ["status"] Count NONE
        "HTTP responses of the admin server, by status class."
    REQUEST: Histogram "wirefold_http_request_seconds" [] Seconds WORK
        "Time from a request's headers to the headers of its response."
    CONNECTIONS: Gauge "wirefold_http_connections" [] Count NONE
        "Open connections to the admin server, including streams."
    STREAMS: Gauge "wirefold_http_streams" [] Count NONE
        "Clients that are streaming changes or events."
    STREAMS_DROPPED: Counter "wirefold_http_streams_dropped_total" [] Count NONE
        "Streaming clients disconnected because they did not read for too long."
    VIEW_BYTES: Gauge "wirefold_view_bytes" ["shard"] Bytes NONE
        "Approximate memory of the snapshots for the page and the API, in addition to the \
         engine state."
    BOUNDED: Counter "wirefold_http_bounded_total" ["bound"] Count NONE
        "Work refused, delayed or discarded by a limit of the admin server, by the \
         name of the limit."
}

/// The values of the label `bound`: the settings that limit the admin server.
pub const BOUNDS: [&str; 13] = [
    BY_CONNECTIONS,
    BY_WORKERS,
    BY_STREAMS,
    BY_CHANGES,
    BY_EVENTS,
    BY_EVENT_BYTES,
    BY_EVENT_RATE,
    BY_ALERTS,
    BY_CARRIERS,
    BY_QUESTIONS,
    BY_TEXTS_WAITING,
    BY_TEXT_BYTES,
    BY_STEPS,
];
/// Connections beyond the limit, which may only request health checks.
pub const BY_CONNECTIONS: &str = "connections_max";
/// Requests refused because no worker thread was free in time.
pub const BY_WORKERS: &str = "workers_max";
/// Streaming clients refused.
pub const BY_STREAMS: &str = "streams_max";
/// Changes dropped from the history.
pub const BY_CHANGES: &str = "changes_kept";
/// Events dropped from the history because of their number.
pub const BY_EVENTS: &str = "events_kept";
/// Events dropped from the history because of their size.
pub const BY_EVENT_BYTES: &str = "events_bytes_max";
/// Events left out of the history because they exceeded the rate limit.
pub const BY_EVENT_RATE: &str = "events_per_second";
/// Withdrawn articles whose list of carriers was dropped.
pub const BY_ALERTS: &str = "alerts_max";
/// Carriers that are counted but not listed.
pub const BY_CARRIERS: &str = "carriers_max";
/// Queries refused because the queue was full.
pub const BY_QUESTIONS: &str = "questions_max";
/// Requests for article text refused because too many were waiting.
pub const BY_TEXTS_WAITING: &str = "texts_waiting_max";
/// Records dropped from the cache of article texts.
pub const BY_TEXT_BYTES: &str = "texts_bytes_max";
/// Commits skipped because the snapshot thread was behind; the snapshot is rebuilt later.
pub const BY_STEPS: &str = "steps_max";

/// Candidates found by shared samples.
pub const BY_SAMPLES: &str = "samples";
/// Candidates found by an equal content hash or masked hash.
pub const BY_CONTENT: &str = "content";
/// Earlier articles found by uri, link, name or chain.
pub const BY_LINKS: &str = "links";

/// The classes of HTTP status codes, the values of the label `status`.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Articles that left the window.
pub const BY_WINDOW: &str = "window";
/// Articles evicted by `live_articles_max`.
pub const BY_LIVE_ARTICLES: &str = "live_articles_max";
/// Postings evicted by the limits per hash, `postings_per_hash_max` and `equal_per_hash_max`.
pub const BY_POSTINGS: &str = "postings_per_hash_max";
/// Identities evicted by `identities_max`.
pub const BY_IDENTITIES: &str = "identities_max";
/// Embargoed articles that will never be published because of `embargoed_max`.
pub const BY_EMBARGOED: &str = "embargoed_max";
/// Articles and notices that can no longer be found by slug or name because of `bearers_max`.
pub const BY_BEARERS: &str = "bearers_max";
/// Versions of withdrawn articles whose carriers were not searched for because of
/// `versions_searched_max`.
pub const BY_VERSIONS: &str = "versions_searched_max";
/// Carriers left out of events because one text has more carriers than events can list.
pub const BY_CARRIERS_LISTED: &str = "carriers";

/// Creates a recorder with all metrics of the table. Counters whose label values are known start at
/// zero, so that `increase()` counts their first occurrence.
///
/// # Errors
/// When a histogram of the table has no buckets.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for metric in TABLE.iter().filter(|metric| metric.kind == MetricKind::Histogram) {
        let name = Matcher::Full(metric.name.to_owned());
        builder = builder.set_buckets_for_metric(name, metric.buckets)?;
    }
    let recorder = builder.build_recorder();
    metrics::with_local_recorder(&recorder, start);
    Ok(recorder)
}

/// Reports every shard as not ready until its pipeline starts, which may take a long time if the
/// brokers cannot be reached.
pub fn mark_shards_not_ready(shards: u32) {
    (0..shards).for_each(|shard| SHARD_READY.set([&shard.to_string()], 0.0));
}

/// Describes all metrics and sets their initial values.
fn start() {
    for metric in TABLE {
        match metric.kind {
            MetricKind::Counter => {
                metrics::describe_counter!(metric.name, metric.unit, metric.description)
            }
            MetricKind::Gauge => {
                metrics::describe_gauge!(metric.name, metric.unit, metric.description)
            }
            MetricKind::Histogram => {
                metrics::describe_histogram!(metric.name, metric.unit, metric.description)
            }
        }
    }
    BUILD_INFO.set([env!("CARGO_PKG_VERSION"), ENGINE_VERSION], 1.0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    STARTED.set([], since.as_secs_f64());
    for counter in [RECEIVED, HEADERS_LOST, LATE, REPAIRED, VOID, REBALANCES, MERGES, WITHDRAWALS] {
        counter.add([], 0);
    }
    for counter in [NO_BODY, STREAMS_DROPPED, UNWRAPPED, PANICS] {
        counter.add([], 0);
    }
    STUCK_WORKERS.set([], 0.0);
    CONNECTIONS.set([], 0.0);
    STREAMS.set([], 0.0);
    BOUNDS.iter().for_each(|bound| BOUNDED.add([bound], 0));
    STATUS_CLASSES.iter().for_each(|class| REQUESTS.add([class], 0));
    [BY_SAMPLES, BY_CONTENT, BY_LINKS].iter().for_each(|by| CANDIDATES_FOUND.add([by], 0));
    RelationKind::ALL.iter().for_each(|kind| CLASSIFIED.add([kind.as_str()], 0));
    let others = [BY_IDENTITIES, BY_EMBARGOED, BY_BEARERS, BY_VERSIONS, BY_CARRIERS_LISTED];
    for reason in [BY_WINDOW, BY_LIVE_ARTICLES, BY_POSTINGS].into_iter().chain(others) {
        EVICTIONS.add([reason], 0);
    }
}
