//! Every metric: name, kind, labels, unit and meaning, in one table.
//!
//! In: what the shell counts, through the typed constants below. Out: the Prometheus text of
//! [`render`](metrics_exporter_prometheus::PrometheusHandle::render). Where no recorder is installed,
//! counting costs next to nothing and goes nowhere.
//!
//! ```text
//! metrics::CLASSIFIED.add(["reprint"], 1);   wirefold_articles_classified_total{kind="reprint"} 1
//! ```
//!
//! Names follow Prometheus: base units, `_total` for counters. No id of an article or story is ever a
//! label, and no text of one is ever in a value.

use crate::daemon::pipeline::TransactionEnd;
use crate::daemon::pipeline::reject::{FAILED, STAGE_PROCESSING, TOO_LARGE, TOO_SLOW};
use metrics::{Label, Unit};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use std::time::{SystemTime, UNIX_EPOCH};
use wirefold_engine::CORE;
use wirefold_engine::verdict::Kind as RelationKind;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// It only rises.
    Counter,
    /// It rises and falls.
    Gauge,
    /// A distribution.
    Histogram,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// The unit of its value.
    pub unit: Unit,
    /// The upper bounds of its buckets, where it is a histogram.
    pub buckets: &'static [f64],
    /// What it says.
    pub about: &'static str,
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
    fn labelled<const N: usize>(&self, values: [&str; N]) -> Vec<Label> {
        let pairs = self.labels.iter().zip(values);
        pairs.map(|(name, value)| Label::new(*name, value.to_owned())).collect()
    }
}

impl<const N: usize> Counter<N> {
    /// Adds `count`.
    pub fn add(&self, labels: [&str; N], count: u64) {
        metrics::counter!(self.0.name, self.0.labelled(labels)).increment(count);
    }
}

impl<const N: usize> Gauge<N> {
    /// Sets it.
    pub fn set(&self, labels: [&str; N], value: f64) {
        metrics::gauge!(self.0.name, self.0.labelled(labels)).set(value);
    }

    /// Lets it rise, or fall.
    pub fn add(&self, labels: [&str; N], by: f64) {
        metrics::gauge!(self.0.name, self.0.labelled(labels)).increment(by);
    }
}

impl Histogram<0> {
    /// Takes in one value.
    pub fn record(&self, value: f64) {
        metrics::histogram!(self.0.name).record(value);
    }

    /// Takes in the same value `count` times.
    pub fn record_many(&self, value: f64, count: usize) {
        if count > 0 {
            metrics::histogram!(self.0.name).record_many(value, count);
        }
    }
}

const NONE: &[f64] = &[];
/// Work on one article: 50 us to 1 s.
const WORK: &[f64] =
    &[0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0];
/// Ways through a broker: 1 ms to 20 s.
const WAYS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 20.0];
/// From the sender's clock to the commit: 5 ms to a day, because backlogs are read too.
const AGES: &[f64] =
    &[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 20.0, 60.0, 600.0, 3_600.0, 86_400.0];
const COUNTS: &[f64] = &[0.0, 1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 32.0, 64.0, 128.0, 255.0];

/// Makes the constants and the table from one list.
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
                about: $about,
            });
        )*
        /// Every metric that is exported.
        pub const TABLE: &[Metric] = &[$($constant.0),*];
    };
}

table! {
    BUILD_INFO: Gauge "wirefold_build_info" ["version" "core"] Count NONE
        "1, with the release and the version of the engine's decisions."
    STARTED: Gauge "wirefold_start_time_seconds" [] Seconds NONE
        "When the process started, in seconds since 1970."
    RECEIVED: Counter "wirefold_articles_received_total" [] Count NONE
        "Articles read and committed, those rejected included."
    CLASSIFIED: Counter "wirefold_articles_classified_total" ["kind"] Count NONE
        "Articles classified, by what they are."
    REJECTED: Counter "wirefold_articles_rejected_total" ["stage" "reason"] Count NONE
        "Articles and records rejected, by stage (`wire`, `output`, `processing`) and reason."
    HEADERS_LOST: Counter "wirefold_headers_unreadable_total" [] Count NONE
        "Headers of input records that were left out because their names are not UTF-8."
    PANICS: Counter "wirefold_panics_total" [] Count NONE
        "Panics caught in the pipelines: the record was rejected, or the state was rebuilt."
    STUCK_WORKERS: Gauge "wirefold_stuck_workers" [] Count NONE
        "Threads that still work on a record that was rejected as `too_slow`."
    LATE: Counter "wirefold_late_articles_total" [] Count NONE
        "Articles that arrived later after their publication than `engine.late_after`."
    DECISION: Histogram "wirefold_decision_seconds" [] Seconds WORK
        "Work on one article: decoding, preparing, comparing, deciding."
    CANDIDATES: Histogram "wirefold_candidates" [] Count COUNTS
        "Earlier articles that one article was compared with."
    END_TO_END: Histogram "wirefold_end_to_end_seconds" [] Seconds AGES
        "From the timestamp of an input record to the commit of what was said of it."
    INPUT_LAG: Gauge "wirefold_input_lag_records" ["shard" "topic" "partition"] Count NONE
        "Input records not yet processed (consumer lag), control markers left out."
    INPUT_AGE: Gauge "wirefold_input_age_seconds" ["shard"] Seconds NONE
        "How long the input partition that has waited longest has had records to process; 0 where there are none."
    TRANSACTIONS: Counter "wirefold_transactions_total" ["result"] Count NONE
        "Batches written, by result: committed, doubtful, fenced; and failed, when the shard cannot go on until a person decides."
    TRANSACTION: Histogram "wirefold_transaction_seconds" [] Seconds WAYS
        "From the begin of a batch's transaction to the answer to its commit."
    REPAIRED: Counter "wirefold_repaired_records_total" [] Count NONE
        "Records of committed transactions that a broker crash had lost, written again."
    VOID: Counter "wirefold_void_records_total" [] Count NONE
        "Changelog records skipped because a former owner wrote them after it had lost the shard."
    REBALANCES: Counter "wirefold_rebalances_total" [] Count NONE
        "Decisions of the group on who owns which shard: granted, revoked, lost, or none for us."
    SHARD_OWNED: Gauge "wirefold_shard_owned" ["shard"] Count NONE
        "Whether this instance owns the shard."
    SHARD_READY: Gauge "wirefold_shard_ready" ["shard"] Count NONE
        "Whether this instance works on the shard or could take it over at once, as /readyz says."
    SHARD_PHASE: Gauge "wirefold_shard_phase" ["shard" "phase"] Count NONE
        "1 for the phase of the shard on this instance, else 0: idle, standby, restoring, running, recovering, stopping."
    RESTORE: Gauge "wirefold_restore_seconds" ["shard"] Seconds NONE
        "How long the last restore from the changelog took."
    RESTORED: Gauge "wirefold_restore_records" ["shard"] Count NONE
        "Records of the changelog read by the restore under way, or by the last one."
    LIVE_ARTICLES: Gauge "wirefold_live_articles" ["shard"] Count NONE
        "Articles in the window."
    IDENTITIES: Gauge "wirefold_identities" ["shard"] Count NONE
        "Articles that are known by their identity after the window."
    EMBARGOED: Gauge "wirefold_embargoed_articles" ["shard"] Count NONE
        "Articles that wait for the end of their embargo."
    LIVE_STORIES: Gauge "wirefold_live_stories" ["shard"] Count NONE
        "Stories that are open."
    STATE_BYTES: Gauge "wirefold_state_bytes" ["shard"] Bytes NONE
        "Memory held, about: live articles with their index and tables, stories, identities, records \
         under embargo, journals; not the views of the page, nor what the allocator and the clients add."
    FURNITURE: Gauge "wirefold_learned_furniture" ["shard"] Count NONE
        "Pieces of text that are known to be furniture because unrelated articles carried them."
    UNWRAPPED: Counter "wirefold_furniture_articles_total" [] Count NONE
        "Articles from which learned furniture was taken off."
    EVICTIONS: Counter "wirefold_evictions_total" ["reason"] Count NONE
        "What left memory: articles by `window` and by the bound `live_articles_max`, postings that candidates are not looked up in any more by the bounds per hash (kills still find them), identities by `identities_max`, embargoed articles that are never passed on by `embargoed_max`, articles and notices that are not found by slug or name any more by `bearers_max`, versions of withdrawn articles whose carriers are not searched for by `versions_searched_max`, `carriers` of one text beyond the 100,000 that events name."
    MERGES: Counter "wirefold_story_merges_total" [] Count NONE
        "Stories that took another in."
    WITHDRAWALS: Counter "wirefold_withdrawals_total" [] Count NONE
        "Withdrawals announced: kills, holds, and late carriers of withdrawn text."
    REQUESTS: Counter "wirefold_http_requests_total" ["status"] Count NONE
        "Answers of the admin server, by the class of their status."
    REQUEST: Histogram "wirefold_http_request_seconds" [] Seconds WORK
        "From a request's headers to those of its answer."
    CONNECTIONS: Gauge "wirefold_http_connections" [] Count NONE
        "Connections to the admin server, those of streams included."
    STREAMS: Gauge "wirefold_http_streams" [] Count NONE
        "Clients that follow changes or events."
    STREAMS_DROPPED: Counter "wirefold_http_streams_dropped_total" [] Count NONE
        "Clients of streams that were let go because they took nothing for too long."
    VIEW_BYTES: Gauge "wirefold_view_bytes" ["shard"] Bytes NONE
        "Memory held for the page and the API beside the articles themselves, about."
    BOUNDED: Counter "wirefold_http_bounded_total" ["bound"] Count NONE
        "What a bound of the admin server kept out, kept waiting or let go, by its setting under `http` or `http.views`."
}

/// The bounds of the admin server, by their settings.
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
/// Connections beyond the bound, which may ask for health alone.
pub const BY_CONNECTIONS: &str = "connections_max";
/// Requests that were refused because no thread was free in time.
pub const BY_WORKERS: &str = "workers_max";
/// Clients of streams that were refused.
pub const BY_STREAMS: &str = "streams_max";
/// Changes that are not kept any more.
pub const BY_CHANGES: &str = "changes_kept";
/// Events that are not kept any more, by their number.
pub const BY_EVENTS: &str = "events_kept";
/// Events that are not kept any more, by their bytes.
pub const BY_EVENT_BYTES: &str = "events_bytes_max";
/// Events that came too fast to be kept.
pub const BY_EVENT_RATE: &str = "events_per_second";
/// Articles whose carriers are not known any more.
pub const BY_ALERTS: &str = "alerts_max";
/// Carriers that are counted and not named.
pub const BY_CARRIERS: &str = "carriers_max";
/// Questions that were refused.
pub const BY_QUESTIONS: &str = "questions_max";
/// Texts that were refused.
pub const BY_TEXTS_WAITING: &str = "texts_waiting_max";
/// Texts that are not kept any more.
pub const BY_TEXT_BYTES: &str = "texts_bytes_max";
/// Commits after which all was taken anew.
pub const BY_STEPS: &str = "steps_max";

/// The classes of status codes.
pub const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// Articles that left because the window had passed them.
pub const BY_WINDOW: &str = "window";
/// Articles that left because of `live_articles_max`.
pub const BY_LIVE_ARTICLES: &str = "live_articles_max";
/// Postings that left because of the bounds per hash.
pub const BY_POSTINGS: &str = "postings_per_hash_max";

/// Identities that left because of `identities_max`.
pub const BY_IDENTITIES: &str = "identities_max";
/// Articles under embargo that are never passed on because of `embargoed_max`.
pub const BY_EMBARGOED: &str = "embargoed_max";
/// Articles and notices that are not found by slug or name any more because of `bearers_max`.
pub const BY_BEARERS: &str = "bearers_max";
/// Versions of withdrawn articles that nobody was searched for because of `versions_searched_max`.
pub const BY_VERSIONS: &str = "versions_searched_max";
/// Carriers that no event names because there are more than events name.
pub const BY_UNNAMED: &str = "carriers";

/// A recorder that knows the table. Counters whose labels are known start at zero, so that the first
/// occurrence is a rise.
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

/// Says of every shard that it is not ready yet: the broker may be away for long before its
/// pipeline starts.
pub fn waiting(shards: u32) {
    (0..shards).for_each(|shard| SHARD_READY.set([&shard.to_string()], 0.0));
}

fn start() {
    for metric in TABLE {
        match metric.kind {
            MetricKind::Counter => {
                metrics::describe_counter!(metric.name, metric.unit, metric.about)
            }
            MetricKind::Gauge => metrics::describe_gauge!(metric.name, metric.unit, metric.about),
            MetricKind::Histogram => {
                metrics::describe_histogram!(metric.name, metric.unit, metric.about)
            }
        }
    }
    BUILD_INFO.set([env!("CARGO_PKG_VERSION"), CORE], 1.0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    STARTED.set([], since.as_secs_f64());
    for counter in [RECEIVED, HEADERS_LOST, LATE, REPAIRED, VOID, REBALANCES, MERGES, WITHDRAWALS] {
        counter.add([], 0);
    }
    for counter in [STREAMS_DROPPED, UNWRAPPED, PANICS] {
        counter.add([], 0);
    }
    for reason in [FAILED, TOO_LARGE, TOO_SLOW] {
        REJECTED.add([STAGE_PROCESSING, reason], 0);
    }
    STUCK_WORKERS.set([], 0.0);
    CONNECTIONS.set([], 0.0);
    STREAMS.set([], 0.0);
    BOUNDS.iter().for_each(|bound| BOUNDED.add([bound], 0));
    STATUS_CLASSES.iter().for_each(|class| REQUESTS.add([class], 0));
    RelationKind::ALL.iter().for_each(|kind| CLASSIFIED.add([kind.as_str()], 0));
    TransactionEnd::ALL.iter().for_each(|ended| TRANSACTIONS.add([ended.as_str()], 0));
    let held = [BY_IDENTITIES, BY_EMBARGOED, BY_BEARERS, BY_VERSIONS, BY_UNNAMED];
    for reason in [BY_WINDOW, BY_LIVE_ARTICLES, BY_POSTINGS].into_iter().chain(held) {
        EVICTIONS.add([reason], 0);
    }
}
