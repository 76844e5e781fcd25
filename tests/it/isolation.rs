//! Tests that poison records, which make decoding, encoding or the whole process fail, are rejected
//! with a reason, and that all other output stays the same.

use crate::broker::Shared;
use crate::pipeline::{Silent, observed, process, run, setup, without_repeats, world};
use crate::standby::{inputs, owned, stand_by};
use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;
use std::time::Duration;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Role};
use wirefold::daemon::pipeline::encoder::{EventContext, EventEncoder};
use wirefold::daemon::pipeline::{Delivery, Settings, Setup, TooLarge, prepare};
use wirefold::daemon::publish::{self, Mode, UniqueTopic};
use wirefold_engine::article::Span;
use wirefold_engine::decode::{self, Format};
use wirefold_engine::event::EventCause;

const BOTH: [Delivery; 2] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce];
/// Marks a record whose decoding panics.
const DECODE: &str = "panics in decoding";
/// Marks a record whose decoding never ends.
const HANGS: &str = "never ends";
/// Marks a record whose encoding panics.
const ENCODE: &str = "panics in encoding";
/// Marks a record whose encoding kills the process.
const DIES: &str = "ends the process";

fn contains_marker(bytes: &[u8], marker: &str) -> bool {
    bytes.windows(marker.len()).any(|found| found == marker.as_bytes())
}

/// Decodes as the daemon does, except for poison records.
fn decode(
    bytes: &[u8],
    content_type: Option<&str>,
    format: Format,
    settings: &decode::Settings,
) -> Vec<decode::Item> {
    assert!(!contains_marker(bytes, DECODE), "the decoder failed");
    while contains_marker(bytes, HANGS) {
        std::thread::park();
    }
    decode::decode_items(bytes, content_type, format, settings)
}

/// Encodes as the daemon does, except for poison records. Encoding happens after the state has
/// changed.
struct Poisoned(publish::Encoder, Shared);

impl Debug for Poisoned {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Poisoned")
    }
}

impl EventEncoder for Poisoned {
    fn encode(&self, context: &EventContext<'_>) -> Vec<OutputRecord> {
        let payload = context.record.payload.as_deref().unwrap_or_default();
        assert!(!contains_marker(payload, ENCODE), "the encoder failed");
        if contains_marker(payload, DIES) {
            self.1.lock().dead = true;
        }
        self.0.encode(context)
    }

    fn unique(&self, context: &EventContext<'_>) -> Option<OutputRecord> {
        self.0.unique(context)
    }

    fn settings(&self) -> &str {
        self.0.settings()
    }
}

fn poisoned(shared: &Shared, delivery: Delivery, records_max: u32) -> Setup {
    let inner = publish::Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueTopic::On);
    Setup {
        settings: Settings {
            records_max: records_max.try_into().unwrap(),
            ..setup(delivery).settings
        },
        encoder: Arc::new(Poisoned(inner, shared.clone())),
        decode,
        too_large: TooLarge::Reject,
        ..setup(delivery)
    }
}

/// Returns `count` records with poison of the kind `marker` at the indexes `bad`, and the broker
/// after a run in which those records were unreadable instead.
fn feed(
    count: usize,
    bad: &[usize],
    marker: &str,
    delivery: Delivery,
) -> (Vec<InputRecord>, Shared) {
    let mut records = inputs(41, count);
    for &at in bad {
        records[at].payload = Some(b"{\"uri\": \xff".to_vec());
    }
    let straight = world(&records, delivery);
    let whole = Settings { records_max: 1_000.try_into().unwrap(), ..setup(delivery).settings };
    run(&straight, &Setup { settings: whole, ..setup(delivery) });
    for &at in bad {
        let poison = format!(r#"{{"uri": "u{at}", "headline": "It {marker}", "body": "Words."}}"#);
        records[at].payload = Some(poison.into_bytes());
    }
    (records, straight)
}

fn header(record: &OutputRecord, name: &str) -> Option<String> {
    let (_, value) = record.headers.iter().find(|(key, _)| key == name)?;
    value.clone().map(|value| String::from_utf8(value).unwrap())
}

/// Whether `record` is the reject of one of the records `bad`.
fn of_bad(record: &OutputRecord, bad: &[&InputRecord]) -> bool {
    record.role == Role::Rejected && bad.iter().any(|bad| bad.key == record.key)
}

/// Checks that the good records gave the same output as in `straight`, the run without poison, and
/// that each bad record was rejected with `reason` and its original bytes.
fn check_isolated(
    shared: &Shared,
    straight: &Shared,
    bad: &[&InputRecord],
    reason: &str,
    what: &str,
) {
    let (found, wanted) = (shared.lock().outputs.clone(), straight.lock().outputs.clone());
    let good = |all: &[OutputRecord]| -> Vec<OutputRecord> {
        let kept = without_repeats(all).into_iter();
        kept.filter(|record| !of_bad(record, bad)).collect()
    };
    assert!(good(&found) == good(&wanted), "{what}: the output for good records differs");
    let mut rejects = without_repeats(&found);
    rejects.retain(|record| of_bad(record, bad));
    assert_eq!(rejects.len(), bad.len(), "{what}: {rejects:?}");
    for (reject, bad) in rejects.iter().zip(bad) {
        let named = |name| header(reject, &format!("wirefold-reject-{name}")).unwrap();
        assert_eq!([named("stage"), named("reason")], ["processing", reason], "{what}");
        assert_eq!(reject.payload, bad.payload, "{what}: the bytes of the reject differ");
        assert!(!named("message").contains("Words"), "{what}: {}", named("message"));
    }
}

/// Checks that a single process isolates the bad records and runs to the end.
fn check_run(count: usize, bad: &[usize], marker: &str, reason: &str) {
    let within = if marker == HANGS { Duration::from_secs(2) } else { prepare::WITHIN };
    for delivery in BOTH {
        let (records, straight) = feed(count, bad, marker, delivery);
        let shared = world(&records, delivery);
        let what = format!("{marker}, {count} records, {delivery:?}");
        let setup = Setup { prepare_within: within, ..poisoned(&shared, delivery, 1_000) };
        assert_eq!(process(&shared, setup), Ok(()), "{what}");
        let bad: Vec<&InputRecord> = bad.iter().map(|at| &records[*at]).collect();
        check_isolated(&shared, &straight, &bad, reason, &what);
    }
}

#[test]
fn a_panic_in_decoding_rejects_only_that_record() {
    check_run(1, &[0], DECODE, "failed");
    check_run(1_000, &[500], DECODE, "failed");
    check_run(60, &[0, 1, 30, 59], DECODE, "failed");
}

#[test]
fn a_panic_in_encoding_rebuilds_the_state_without_the_record() {
    check_run(1, &[0], ENCODE, "failed");
    check_run(1_000, &[500], ENCODE, "failed");
    check_run(60, &[0, 1, 30, 59], ENCODE, "failed");
}

#[test]
fn a_record_that_takes_too_long_is_rejected() {
    check_run(60, &[30], HANGS, "too_slow");
}

#[test]
fn a_standby_that_takes_over_isolates_the_same_record() {
    for (marker, delivery) in [DECODE, ENCODE].into_iter().flat_map(|m| BOTH.map(|d| (m, d))) {
        let (records, straight) = feed(60, &[50], marker, delivery);
        let shared = owned(&records, 40, delivery, None);
        let wakes = shared.standby(7);
        let standby = poisoned(&shared, delivery, 1_000);
        let what = format!("{marker}, {delivery:?}");
        assert_eq!(observed(&shared, standby, wakes, Box::new(Silent)), Ok(()), "{what}");
        check_isolated(&shared, &straight, &[&records[50]], "failed", &what);
    }
}

/// Starts processes until one ends normally; returns how many died.
fn deaths(shared: &Shared, setup: &Setup) -> usize {
    (0..20).find(|_| process(shared, setup.clone()).is_ok()).expect("every process died")
}

#[test]
fn a_batch_that_kills_the_process_is_split_over_restarts() {
    for (delivery, count) in [(Delivery::ExactlyOnce, 60), (Delivery::AtLeastOnce, 60)] {
        for bad in [vec![count / 2], vec![0], vec![count - 1]] {
            let (records, straight) = feed(count, &bad, DIES, delivery);
            let shared = world(&records, delivery);
            let what = format!("{bad:?} of {count}, {delivery:?}");
            assert_eq!(deaths(&shared, &poisoned(&shared, delivery, 1_000)), 4, "{what}");
            check_isolated(&shared, &straight, &[&records[bad[0]]], "failed", &what);
            assert_eq!(
                shared.lock().compacted().get("attempt"),
                None,
                "{what}: an attempt is still recorded"
            );
        }
    }
}

#[test]
fn a_single_record_that_kills_the_process_is_rejected_after_two_deaths() {
    for delivery in BOTH {
        let (records, straight) = feed(1, &[0], DIES, delivery);
        let shared = world(&records, delivery);
        assert_eq!(deaths(&shared, &poisoned(&shared, delivery, 1_000)), 2);
        check_isolated(&shared, &straight, &[&records[0]], "failed", &format!("{delivery:?}"));
    }
}

#[test]
fn standbys_that_take_over_split_the_batch_too() {
    for delivery in BOTH {
        let (records, straight) = feed(60, &[50], DIES, delivery);
        let shared = owned(&records, 40, delivery, None);
        stand_by(&shared, &poisoned(&shared, delivery, 1_000), 9);
        check_isolated(&shared, &straight, &[&records[50]], "failed", &format!("{delivery:?}"));
    }
}

#[test]
fn a_changelog_record_that_is_too_large_rejects_the_record_that_causes_it() {
    for delivery in BOTH {
        let (mut records, straight) = feed(60, &[30], "is long", delivery);
        let words: String = (0..9_000).map(|n| format!("word{n} ")).collect();
        let poison = format!(r#"{{"uri": "u", "body": "Words. {words}"}}"#);
        records[30].payload = Some(poison.into_bytes());
        let shared = world(&records, delivery);
        shared.lock().state_bytes_max = 8_000;
        let what = format!("{delivery:?}");
        assert_eq!(process(&shared, poisoned(&shared, delivery, 1_000)), Ok(()), "{what}");
        check_isolated(&shared, &straight, &[&records[30]], "too_large", &what);

        let stops = world(&records, delivery);
        stops.lock().state_bytes_max = 8_000;
        let stop = Setup { too_large: TooLarge::Stop, ..poisoned(&stops, delivery, 1_000) };
        let why = process(&stops, stop).unwrap_err();
        assert!(why.contains("`output.state`") && why.contains("`output.too_large`"), "{why}");
    }
}

/// Skips the events that an advance of the clock causes.
#[derive(Debug)]
struct NoClockEvents(publish::Encoder);

impl EventEncoder for NoClockEvents {
    fn encode(&self, context: &EventContext<'_>) -> Vec<OutputRecord> {
        assert!(context.event.cause != EventCause::Clock, "the clock has an event");
        self.0.encode(context)
    }

    fn unique(&self, context: &EventContext<'_>) -> Option<OutputRecord> {
        self.0.unique(context)
    }

    fn settings(&self) -> &str {
        self.0.settings()
    }
}

/// Rejecting records cannot help if the state itself fails: the shard stops, and no record is lost.
#[test]
fn a_state_that_cannot_advance_stops_the_shard_and_rejects_nothing() {
    for delivery in BOTH {
        let mut records = inputs(41, 5);
        let last = records.last_mut().unwrap();
        last.payload = Some(b"{\"uri\": \xff".to_vec());
        last.timestamp = last.timestamp.map(|at| at.plus(Span::minutes(40)));
        let shared = world(&records, delivery);
        let inner = publish::Encoder::new(Mode::Binary, "wirefold", "5e77".into(), UniqueTopic::On);
        let failing = Setup { encoder: Arc::new(NoClockEvents(inner)), ..setup(delivery) };
        let why = process(&shared, failing).unwrap_err();
        assert!(why.contains("already rejected") && why.contains("clock has an event"), "{why}");
        let outputs = shared.lock().outputs.clone();
        assert!(outputs.iter().all(|output| output.role != Role::Rejected), "{outputs:?}");
        run(&shared, &setup(delivery));
    }
}
