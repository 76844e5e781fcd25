//! Tests that the table of metrics matches the exported metrics, and that their values match the
//! output on the broker.

use crate::broker::{Shared, Strike, When};
use crate::pipeline::{inputs, setup, straight, world};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use wirefold::daemon::pipeline::batch::Batch;
use wirefold::daemon::pipeline::broker::{InputRecord, Role};
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::{Delivery, InputLag, Observer, Phase, Pipeline};
use wirefold::daemon::snapshot::shards::ShardStatuses;
use wirefold::daemon::telemetry::metrics::{self, MetricKind, TABLE};
use wirefold::daemon::telemetry::observer::Telemetry;
use wirefold_engine::article::{EventTime, Span};

const RECORDS: usize = 120;

/// The samples in the text of `/metrics`: each value by the name and the labels of its metric.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(pair).collect()
}

/// Names and kinds according to the `# TYPE` lines.
fn exported(text: &str) -> BTreeSet<(String, String)> {
    let kinds = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds.map(|kind| kind.split_once(' ').map(|(n, k)| (n.into(), k.into())).unwrap()).collect()
}

/// Runs the pipeline on the in-memory broker with its own metrics recorder.
fn run() -> (PrometheusHandle, Shared, Arc<ShardStatuses>) {
    let delivery = Delivery::ExactlyOnce;
    let recorder = metrics::recorder().unwrap();
    let shared = world(&inputs(11, RECORDS), delivery);
    let views = ShardStatuses::new(1);
    ::metrics::with_local_recorder(&recorder, || {
        let wakes = shared.wakes();
        let teller = Box::new(Telemetry::new(0, views.clone()));
        let mut pipeline = Pipeline::new(setup(delivery), shared.clone(), shared.clone(), teller);
        pipeline.run(&wakes).unwrap();
        // This histogram is exported only once it has a value, and no server runs here to record
        // one.
        metrics::REQUEST.record(0.001);
    });
    (recorder.handle(), shared, views)
}

#[test]
fn the_table_of_metrics_matches_the_exported_metrics() {
    let (handle, ..) = run();
    let text = handle.render();
    let kind = |kind| match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    };
    let table = TABLE.iter().map(|m| (m.name.to_owned(), kind(m.kind).to_owned())).collect();
    assert_eq!(exported(&text), table);
    for metric in TABLE {
        let help = format!("# HELP {} {}\n", metric.name, metric.description);
        assert!(text.contains(&help), "no `{help}` in\n{text}");
        let of_it = samples(&text).into_keys().filter(|s| {
            let name = s.split('{').next().unwrap();
            let histogram = |end| name.strip_suffix(end) == Some(metric.name);
            name == metric.name || ["_sum", "_count", "_bucket"].into_iter().any(histogram)
        });
        for sample in of_it {
            let labels = sample.split_once('{').map_or("", |(_, labels)| labels);
            let labels = labels.trim_end_matches('}').split("\",").filter(|l| !l.is_empty());
            let names: Vec<&str> = labels.map(|l| l.split('=').next().unwrap()).collect();
            let names: Vec<&str> = names.into_iter().filter(|n| *n != "le").collect();
            assert_eq!(names, metric.labels, "{sample}");
        }
    }
}

#[test]
fn metric_names_follow_the_prometheus_conventions() {
    let mut names = BTreeSet::new();
    for metric in TABLE {
        assert!(names.insert(metric.name), "duplicate metric {}", metric.name);
        assert!(metric.name.starts_with("wirefold_") && metric.description.ends_with('.'));
        assert_eq!(
            metric.kind == MetricKind::Counter,
            metric.name.ends_with("_total"),
            "{}",
            metric.name
        );
        assert_eq!(
            metric.kind == MetricKind::Histogram,
            !metric.buckets.is_empty(),
            "{}",
            metric.name
        );
        assert!(metric.buckets.is_sorted(), "{}", metric.name);
        let seconds = metric.unit == ::metrics::Unit::Seconds;
        assert_eq!(seconds, metric.name.ends_with("_seconds"), "{}", metric.name);
        let bytes = metric.unit == ::metrics::Unit::Bytes;
        assert_eq!(bytes, metric.name.ends_with("_bytes"), "{}", metric.name);
    }
}

#[test]
fn a_fatal_fault_is_counted_once_wherever_it_happens() {
    let delivery = Delivery::ExactlyOnce;
    let steps = world_run(&inputs(11, 20));
    for kind in ["writer", "changelog", "send", "commit"] {
        let recorder = metrics::recorder().unwrap();
        let shared = world(&inputs(11, 20), delivery);
        let step = steps.iter().rposition(|step| *step == kind).unwrap() as u64 + 1;
        shared.lock().strikes.insert(step, (Strike::Kill, When::Before));
        ::metrics::with_local_recorder(&recorder, || {
            let (wakes, teller) =
                (shared.wakes(), Box::new(Telemetry::new(0, ShardStatuses::new(1))));
            let setup = setup(delivery);
            let mut pipeline = Pipeline::new(setup, shared.clone(), shared.clone(), teller);
            pipeline.run(&wakes).unwrap_err();
        });
        let found = samples(&recorder.handle().render());
        assert_eq!(found["wirefold_transactions_total{result=\"failed\"}"], 1.0, "{kind}");
    }
}

/// The steps of a run without faults.
fn world_run(records: &[InputRecord]) -> Vec<&'static str> {
    straight(records, Delivery::ExactlyOnce).lock().kinds.clone()
}

/// Counts the output records that have the header value `wanted`, independently of the daemon.
fn counted(shared: &Shared, header: &str, wanted: &[u8]) -> f64 {
    let world = shared.lock();
    let matches = |(key, value): &(String, Option<Vec<u8>>)| {
        key == header && value.as_deref() == Some(wanted)
    };
    world.outputs.iter().filter(|record| record.headers.iter().any(matches)).count() as f64
}

#[test]
fn exported_values_match_the_output() {
    let (handle, shared, views) = run();
    let found = samples(&handle.render());
    let value = |name: &str| found.get(name).copied().unwrap_or_else(|| panic!("no `{name}`"));
    let sum = |prefix: &str| -> f64 {
        found.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, v)| v).sum()
    };
    let bad = (0..RECORDS).filter(|n| n % 11 == 7).count() as f64;
    let accepted = RECORDS as f64 - bad;
    assert_eq!(value("wirefold_articles_received_total"), RECORDS as f64);
    assert_eq!(sum("wirefold_articles_classified_total{"), accepted);
    for (kind, count) in kinds(&shared) {
        let name = format!("wirefold_articles_classified_total{{kind=\"{kind}\"}}");
        assert_eq!(value(&name), count, "{kind}");
    }
    let rejected = "wirefold_articles_rejected_total{stage=\"wire\",reason=\"encoding\"}";
    assert_eq!(value(rejected), bad);
    assert_eq!(value("wirefold_decision_seconds_count"), accepted);
    assert_eq!(value("wirefold_candidates_count"), accepted);
    let candidates = value("wirefold_candidates_sum");
    assert!(candidates > 0.0, "no article had candidates");
    let by = |by| value(&format!("wirefold_candidates_found_total{{by=\"{by}\"}}"));
    let [samples, content, links] = ["samples", "content", "links"].map(by);
    assert!(samples > content && content > 0.0, "{samples} by samples, {content} by content");
    assert_eq!(links, 0.0, "every article that a verdict refers to must be found by its text");
    assert!(
        samples.max(content) <= candidates && candidates <= samples + content,
        "every candidate is found by samples, by content or by both"
    );
    assert_eq!(value("wirefold_end_to_end_seconds_count"), RECORDS as f64);
    let withdrawn = counted(&shared, "ce_type", b"wirefold.article.withdrawn.v1");
    assert_eq!(value("wirefold_withdrawals_total"), withdrawn);
    let committed = value("wirefold_transactions_total{result=\"committed\"}");
    let doubtful = value("wirefold_transactions_total{result=\"doubtful\"}");
    assert_eq!(value("wirefold_transaction_seconds_count"), committed + doubtful);
    assert_eq!(committed + doubtful, shared.lock().commits as f64);
    assert!(doubtful > 0.0, "the outcome of every fifth commit must be doubtful");
    let view = views.all()[0].clone();
    assert_eq!(value("wirefold_live_articles{shard=\"0\"}"), view.live_articles as f64);
    let gone = value("wirefold_evictions_total{reason=\"window\"}");
    assert_eq!(
        gone,
        accepted - view.live_articles as f64,
        "every accepted article is live or expired"
    );
    assert!(gone > 0.0, "no article expired");
    assert!(value("wirefold_state_bytes{shard=\"0\"}") > 500.0 * view.live_articles as f64);
    assert_eq!(sum("wirefold_input_lag_records{"), 0.0, "no lag at the end");
    assert_eq!(value("wirefold_input_age_seconds{shard=\"0\"}"), 0.0);
    assert_eq!(value("wirefold_shard_owned{shard=\"0\"}"), 1.0);
    assert_eq!(view.sequence, counted_events(&shared));
}

/// Published verdicts by kind.
fn kinds(shared: &Shared) -> BTreeMap<String, f64> {
    let world = shared.lock();
    let mut kinds = BTreeMap::new();
    for record in world.outputs.iter().filter(|record| record.role == Role::Events) {
        let data: Value = serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap();
        if let Some(kind) = data["relation"]["kind"].as_str() {
            *kinds.entry(kind.to_owned()).or_default() += 1.0;
        }
    }
    assert!(kinds.len() > 2, "too few kinds: {kinds:?}");
    kinds
}

fn counted_events(shared: &Shared) -> u64 {
    let world = shared.lock();
    let ids = world.outputs.iter().filter(|r| r.headers.iter().any(|(key, _)| key == "ce_id"));
    ids.count() as u64
}

/// A telemetry observer that outlives its pipeline.
#[derive(Clone)]
struct KeptTelemetry(Arc<Mutex<Telemetry>>);

impl Observer for KeptTelemetry {
    fn phase(&mut self, phase: Phase) {
        self.0.lock().unwrap().phase(phase);
    }
    fn committed(&mut self, memory: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.0.lock().unwrap().committed(memory, batch, wall);
    }
    fn lag(&mut self, waiting: &InputLag) {
        let mut waiting = waiting.clone();
        for input in waiting.partitions.values_mut() {
            (input.records, input.age) = (Some(7), Span::minutes(3));
        }
        self.0.lock().unwrap().lag(&waiting);
    }
}

#[test]
fn gauges_of_a_shard_are_zero_after_it_is_given_up() {
    let recorder = metrics::recorder().unwrap();
    let shared = world(&inputs(13, 30), Delivery::ExactlyOnce);
    let kept = KeptTelemetry(Arc::new(Mutex::new(Telemetry::new(0, ShardStatuses::new(1)))));
    let gauges = || -> Vec<f64> {
        let found = samples(&recorder.handle().render());
        let idle = |name: &String| {
            ["restor", "embargoed", "phase"].into_iter().any(|of| name.contains(of))
        };
        let of_shard = |name: &String| name.contains("{shard=\"0\"") && !idle(name);
        found.into_iter().filter(|(name, _)| of_shard(name)).map(|(_, value)| value).collect()
    };
    ::metrics::with_local_recorder(&recorder, || {
        let (wakes, setup) = (shared.wakes(), setup(Delivery::ExactlyOnce));
        let observer = Box::new(kept.clone());
        Pipeline::new(setup, shared.clone(), shared.clone(), observer).run(&wakes).unwrap();
        let values = gauges();
        let positive = values.iter().filter(|value| **value > 0.0).count();
        let but = "all except learned boilerplate, unused gauges, and readiness while stopping";
        assert_eq!((values.len(), positive), (12, 9), "{but}: {values:?}");
        kept.clone().phase(Phase::Standby);
    });
    assert_eq!(gauges(), [0.0; 12]);
}

#[test]
fn limits_that_are_reached_are_counted() {
    let recorder = metrics::recorder().unwrap();
    let shared = world(&inputs(12, RECORDS), Delivery::ExactlyOnce);
    let mut setup = setup(Delivery::ExactlyOnce);
    setup.engine.live_articles_max = 10.try_into().unwrap();
    setup.engine.tuning.identities_max = 5;
    setup.engine.tuning.candidates.postings_per_hash_max = 1;
    ::metrics::with_local_recorder(&recorder, || {
        let wakes = shared.wakes();
        let teller = Box::new(Telemetry::new(0, ShardStatuses::new(1)));
        Pipeline::new(setup, shared.clone(), shared.clone(), teller).run(&wakes).unwrap();
    });
    let found = samples(&recorder.handle().render());
    assert_eq!(found["wirefold_live_articles{shard=\"0\"}"], 10.0);
    assert_eq!(found["wirefold_identities{shard=\"0\"}"], 5.0);
    for reason in ["live_articles_max", "postings_per_hash_max", "identities_max"] {
        let name = format!("wirefold_evictions_total{{reason=\"{reason}\"}}");
        assert!(found[&name] > 0.0, "{name}");
    }
}
