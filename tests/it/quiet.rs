//! Tests a quiet wire: without new records, ticks advance the engine clock, and the journals store
//! the clock reading of each tick.

use crate::broker::{Shared, Strike, When};
use crate::pipeline::{event_id, observed, process, run, setup, world};
use crate::standby::stand_by;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use wirefold::daemon::pipeline::apply;
use wirefold::daemon::pipeline::batch::Scrutiny;
use wirefold::daemon::pipeline::batch::{Batch, BatchContext};
use wirefold::daemon::pipeline::broker::{Broker, InputRecord, OutputRecord, Partition, Role};
use wirefold::daemon::pipeline::changelog_reader::ChangelogReader;
use wirefold::daemon::pipeline::memory::ShardState;
use wirefold::daemon::pipeline::prepare::{Preparer, RejectedRecords};
use wirefold::daemon::pipeline::record::{self, Journal};
use wirefold::daemon::pipeline::{ClockSource, Delivery, Observer, Phase, Setup};
use wirefold_engine::article::{EventTime, Span};

const BOTH: [Delivery; 2] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce];
/// The time at which the last article arrives and the wall clock starts.
const NOW: i64 = 1_790_000_000_000;
const BODY: &str = "The harbour board of Marel voted on Tuesday to close the northern quay for \
                    repairs after divers found cracks in four of its piers. Ferries will use the \
                    southern quay until then.";

fn record(partition: i32, offset: i64, ahead: i64, extra: serde_json::Value) -> InputRecord {
    let mut article = json!({
        "uri": format!("urn:quiet:{partition}-{offset}"), "headline": "Quay to close",
        "body": BODY, "language": "en", "provider": format!("Wire {partition} {offset}"),
    });
    article.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    InputRecord {
        from: Partition { topic: "wire.articles".into(), partition },
        offset,
        timestamp: Some(EventTime(NOW + ahead)),
        key: None,
        payload: Some(article.to_string().into_bytes()),
        headers: Vec::new(),
    }
}

/// Three articles within one second; the last one is under an embargo of ten seconds.
fn wire() -> Vec<InputRecord> {
    let until = EventTime(NOW + 10_000).to_string();
    vec![
        record(0, 0, 100, json!({})),
        record(1, 0, 110, json!({})),
        record(
            2,
            0,
            120,
            json!({ "embargoed": until, "headline": "Ships", "body": "All ships sail." }),
        ),
    ]
}

/// A broker whose wall clock starts at the last article; no further input arrives for `seconds`.
fn quiet(records: &[InputRecord], delivery: Delivery, seconds: u32) -> Shared {
    let shared = world(records, delivery);
    let mut world = shared.lock();
    (world.wall, world.wall_moves, world.patience) = (NOW, true, seconds * 20);
    drop(world);
    shared
}

/// A setup with a window of 30 seconds.
fn short(delivery: Delivery) -> Setup {
    let mut setup = setup(delivery);
    setup.engine.window = Span::seconds(30);
    setup
}

/// Records each committed batch with its time, in milliseconds after the last article.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Vec<(i64, Batch)>>>);

impl Observer for Watch {
    fn phase(&mut self, _: Phase) {}
    fn committed(&mut self, _: &mut ShardState, batch: Option<&Batch>, wall: EventTime) {
        self.0.lock().unwrap().extend(batch.map(|batch| (wall.0 - NOW, batch.clone())));
    }
}

/// Whether the output is the story event `kind`.
fn is(output: &OutputRecord, kind: &str) -> bool {
    let wanted = format!("wirefold.story.{kind}.v1");
    output.headers.iter().any(|(_, value)| value.as_deref() == Some(wanted.as_bytes()))
}

/// Whether the output is an article that was forwarded after its embargo.
fn embargoed(output: &OutputRecord) -> bool {
    output.role == Role::Unique
        && output.headers.iter().any(|(name, _)| name == "wirefold-embargoed")
}

/// The commit times of the outputs for which `of` is true, in milliseconds after the last article.
fn times(seen: &[(i64, Batch)], of: impl Fn(&OutputRecord) -> bool) -> Vec<i64> {
    let count =
        |(at, batch): &(i64, Batch)| vec![*at; batch.outputs.iter().filter(|o| of(o)).count()];
    seen.iter().flat_map(count).collect()
}

#[test]
fn on_a_quiet_wire_embargoes_end_and_stories_are_updated_and_closed_on_time() {
    for delivery in BOTH {
        let shared = quiet(&wire(), delivery, 60);
        let watch = Watch::default();
        observed(&shared, short(delivery), shared.wakes(), Box::new(watch.clone())).unwrap();
        let seen = watch.0.lock().unwrap();
        let lifted = times(&seen, embargoed);
        assert!(matches!(lifted[..], [at] if (10_000..15_000).contains(&at)), "{lifted:?}");
        let updated = times(&seen, |output| is(output, "updated"));
        assert!(matches!(updated[..], [at] if at <= 5_000), "{updated:?}");
        let closed = times(&seen, |output| is(output, "closed"));
        let in_time = |at: &i64| (30_000..35_000).contains(at);
        assert!(closed.len() == 2 && closed.iter().all(in_time), "{closed:?}");
        assert!(
            seen.len() <= 8,
            "{} batches: some were committed while nothing was due",
            seen.len()
        );
        check_replay(&shared, delivery);
    }
}

/// Checks that applying the journals to an empty state gives the committed outputs.
fn check_replay(shared: &Shared, delivery: Delivery) {
    let setup = short(delivery);
    let mut memory =
        ChangelogReader::default().build(setup.engine.clone(), setup.fresh_key).unwrap();
    let world = shared.lock();
    let (log, found) = (world.log.clone(), world.outputs.clone());
    let inputs = world.inputs.clone();
    drop(world);
    for (of, records) in &inputs {
        let next = records.first().map_or(0, |record| record.offset);
        let mark = record::InputMark { next, last: None };
        memory.position.inputs.insert(of.clone(), mark);
    }
    let (mut outputs, mut done) = (Vec::new(), 0);
    for entry in log.iter().filter(|entry| entry.value.is_some()) {
        let Some(batch) = record::journal_batch(&entry.key).filter(|batch| *batch > done) else {
            continue;
        };
        done = batch;
        let journal: Journal = record::decode(&entry.key, entry.value.as_ref().unwrap()).unwrap();
        let mut left: Vec<_> = journal
            .ranges
            .iter()
            .map(|range| {
                let inside =
                    |record: &&InputRecord| (range.from..range.to).contains(&record.offset);
                inputs[&range.of].iter().filter(inside).cloned().collect::<Vec<_>>().into_iter()
            })
            .collect();
        let take = |(of, count): &(u32, u32)| -> Vec<_> {
            left[*of as usize].by_ref().take(*count as usize).collect()
        };
        let records = journal.order.iter().flat_map(take).collect();
        let key = memory.state.key();
        let items = Preparer::new(&setup).prepare(records, key, &RejectedRecords::new());
        let with = BatchContext {
            reading: journal.clock_reading,
            clock: ClockSource::Wall,
            trailing_markers: &[],
            encoder: &*setup.encoder,
            limits: shared.limits(),
            delivery,
            shard: 0,
            too_large: setup.too_large,
            scrutiny: Scrutiny::Batch,
        };
        outputs.extend(apply::apply(&mut memory, items, with).unwrap().outputs);
    }
    match delivery {
        Delivery::ExactlyOnce => assert!(outputs == found, "a replay of the journals differs"),
        Delivery::AtLeastOnce => {
            let missing = |all: &[OutputRecord], of: &[OutputRecord]| {
                of.iter().filter(|output| !all.contains(output)).count()
            };
            assert_eq!((missing(&outputs, &found), missing(&found, &outputs)), (0, 0));
        }
    }
}

#[test]
fn nothing_is_written_while_nothing_is_due() {
    let shared = quiet(&wire()[..1], Delivery::ExactlyOnce, 600);
    run(&shared, &setup(Delivery::ExactlyOnce));
    let journals = shared.lock().log.iter().filter(|r| r.key.starts_with("b/")).count();
    assert_eq!(journals, 1, "expected only the batch of the article");
}

#[test]
fn ticks_do_not_overtake_a_lagging_partition() {
    let records = wire();
    let shared = quiet(&records, Delivery::ExactlyOnce, 600);
    shared.lock().stuck = Some(Partition { topic: "wire.articles".into(), partition: 0 });
    let watch = Watch::default();
    let setup = short(Delivery::ExactlyOnce);
    observed(&shared, setup, shared.wakes(), Box::new(watch.clone())).unwrap();
    let seen = watch.0.lock().unwrap();
    let ticks = seen.iter().filter(|(_, batch)| batch.timestamps.is_empty()).count();
    assert_eq!((ticks, times(&seen, embargoed).len()), (0, 0), "the clock must not advance");
    assert!(!seen.is_empty(), "the other partitions were not read");
}

#[test]
fn a_kill_at_any_step_of_a_tick_loses_and_repeats_nothing() {
    for delivery in BOTH {
        let straight = quiet(&wire(), delivery, 13);
        run(&straight, &short(delivery));
        let steps = straight.lock().kinds.clone();
        let active = |kind: &str| !matches!(kind, "poll" | "tail poll");
        let active = (0..steps.len()).filter(|step| active(steps[*step]));
        for (step, when) in active.zip([When::Before, When::After, When::After].into_iter().cycle())
        {
            let shared = quiet(&wire(), delivery, 13);
            shared.lock().strikes.insert(step as u64 + 1, (Strike::Kill, when));
            run(&shared, &short(delivery));
            check_replay(&shared, delivery);
            let outputs = shared.lock().outputs.clone();
            let lifted: BTreeSet<_> =
                outputs.iter().filter(|o| embargoed(o)).map(|o| &o.key).collect();
            assert_eq!(lifted.len(), 1, "{delivery:?}, {when:?} {step}");
            let ids: BTreeSet<_> = outputs.iter().filter_map(event_id).collect();
            let events = outputs.iter().filter(|o| o.role == Role::Events).count();
            assert!(delivery == Delivery::AtLeastOnce || ids.len() == events, "ids are unique");
        }
    }
}

#[test]
fn a_standby_follows_ticks_and_takes_over() {
    for delivery in BOTH {
        let straight = quiet(&wire(), delivery, 60);
        run(&straight, &short(delivery));
        // The first owner ends before the embargo does, but after a tick that published a story
        // update.
        let shared = quiet(&wire(), delivery, 5);
        process(&shared, short(delivery)).unwrap();
        assert_eq!(shared.lock().outputs.iter().filter(|o| embargoed(o)).count(), 0);
        shared.lock().patience = 60 * 20;
        stand_by(&shared, &short(delivery), 3);
        let outputs = shared.lock().outputs.clone();
        assert_eq!(outputs.iter().filter(|o| embargoed(o)).count(), 1);
        assert_eq!(outputs.iter().filter(|o| is(o, "closed")).count(), 2);
        check_replay(&shared, delivery);
    }
}

#[test]
fn a_future_timestamp_neither_delays_updates_nor_expires_the_window() {
    let mut records = wire();
    records.truncate(2);
    records.push(record(
        2,
        0,
        3_000_000,
        json!({ "versioncreated": EventTime(NOW + 3_000_000).to_string() }),
    ));
    let shared = quiet(&records, Delivery::ExactlyOnce, 10);
    let watch = Watch::default();
    let setup = short(Delivery::ExactlyOnce);
    observed(&shared, setup, shared.wakes(), Box::new(watch.clone())).unwrap();
    let seen = watch.0.lock().unwrap();
    assert_eq!(times(&seen, |o| is(o, "opened")).len(), 1, "all three articles are in one story");
    assert!(times(&seen, |o| is(o, "updated")).iter().any(|at| *at > 0 && *at <= 5_000));
    let text = |o: &OutputRecord| {
        String::from_utf8_lossy(o.payload.as_deref().unwrap_or_default()).into_owned()
    };
    let all = seen.iter().flat_map(|(_, batch)| &batch.outputs).map(text).collect::<String>();
    assert!(all.contains("\"early\"") && all.contains(&EventTime(NOW + 3_000_000).to_string()));
}

#[test]
fn the_clock_advances_even_if_all_records_are_rejected() {
    let mut records = wire();
    for n in 1..40 {
        let refused =
            InputRecord { payload: Some(b"{".to_vec()), ..record(0, n, n * 1_000, json!({})) };
        records.push(refused);
    }
    let shared = quiet(&records, Delivery::ExactlyOnce, 0);
    shared.lock().wall = NOW + 60_000;
    process(&shared, short(Delivery::ExactlyOnce)).unwrap();
    assert_eq!(shared.lock().outputs.iter().filter(|o| embargoed(o)).count(), 1);
    check_replay(&shared, Delivery::ExactlyOnce);
}

/// Retention has removed all records of a transactional producer. Only the control marker of the
/// producer's last commit is left.
#[test]
fn positions_include_control_markers_so_that_retention_does_not_lose_them() {
    for delivery in [Delivery::ExactlyOnce, Delivery::AtLeastOnce] {
        let records = wire();
        let shared = quiet(&records, delivery, 60);
        shared.lock().markers = 1;
        run(&shared, &setup(delivery));
        let mut world = shared.lock();
        let ends: Vec<_> =
            world.inputs.iter().map(|(of, r)| (of.clone(), r.last().map(|r| r.offset))).collect();
        for (of, last) in ends {
            world.low.insert(of.clone(), last.map_or(0, |last| last + 2));
            world.inputs.get_mut(&of).unwrap().clear();
        }
        drop(world);
        process(&shared, setup(delivery)).unwrap();
    }
}
