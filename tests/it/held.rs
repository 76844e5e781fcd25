//! Tests that embargoes and identities survive restarts and takeovers: an embargo is lifted even if
//! the shard's owner is no longer the instance that read the article, and a kill finds an article
//! that has left the window.

use crate::broker::{Shared, Strike, When};
use crate::feed::Rng;
use crate::pipeline::{process, run, same, setup, straight, world};
use crate::standby::{inputs, owned, stand_by};
use serde_json::Value;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::Delivery;
use wirefold::daemon::pipeline::broker::{InputRecord, OutputRecord, Role};
use wirefold_engine::article::{EventTime, Span};

const BOTH: [Delivery; 2] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce];
/// Number of input records.
const ALL: usize = 64;
/// Number of records that the first owner reads.
const FIRST: usize = 30;

fn body(record: &InputRecord) -> Option<Value> {
    serde_json::from_slice(record.payload.as_deref()?).ok()
}

/// A wire of half an hour, for a window of twenty minutes. Every fourth record, if readable, is
/// under an embargo of ten minutes; the last record is a kill of one of the first articles.
fn wire() -> Vec<InputRecord> {
    let mut records = inputs(31, ALL);
    for record in records.iter_mut().step_by(4) {
        let (Some(mut article), Some(at)) = (body(record), record.timestamp) else { continue };
        article["embargoed"] = at.plus(Span::minutes(10)).to_string().into();
        record.payload = Some(article.to_string().into_bytes());
    }
    // The first article with only one version: it has left the window by the end.
    let uris: Vec<Value> = records.iter().filter_map(body).map(|a| a["uri"].clone()).collect();
    let once = |a: &Value| uris.iter().filter(|uri| **uri == a["uri"]).count() == 1;
    let mut kill =
        records.iter().filter_map(body).find(once).expect("every article has several versions");
    kill["version"] = "99".into();
    kill["pubstatus"] = "canceled".into();
    kill["body"] = "Editors, please kill this report. It should not have been sent.".into();
    records[ALL - 1].payload = Some(kill.to_string().into_bytes());
    records
}

/// Embargoed articles that were forwarded, by input key, each with its index among the outputs.
fn lifted(shared: &Shared, records: &[InputRecord]) -> BTreeMap<Vec<u8>, usize> {
    let under = |record: &&InputRecord| body(record).is_some_and(|a| a.get("embargoed").is_some());
    let payloads: BTreeMap<&[u8], &[u8]> = records
        .iter()
        .filter(under)
        .filter_map(|record| Some((record.payload.as_deref()?, record.key.as_deref()?)))
        .collect();
    let world = shared.lock();
    let unique = world.outputs.iter().enumerate().filter(|(_, out)| out.role == Role::Unique);
    unique
        .filter_map(|(at, out)| Some((payloads.get(out.payload.as_deref()?)?.to_vec(), at)))
        .collect()
}

/// Whether the kill at the end found an article that had left the window.
fn killed_by_identity(shared: &Shared) -> bool {
    let world = shared.lock();
    let withdrawn = |out: &&wirefold::daemon::pipeline::broker::OutputRecord| {
        let kind = b"wirefold.article.withdrawn.v1";
        out.headers.iter().any(|(name, value)| name == "ce_type" && value.as_deref() == Some(kind))
    };
    world.outputs.iter().filter(withdrawn).any(|out| {
        let data: Value = serde_json::from_slice(out.payload.as_deref().unwrap()).unwrap();
        data["scope"] == "identity"
    })
}

#[test]
fn an_embargo_is_lifted_by_a_later_owner() {
    let records = wire();
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        let all = lifted(&straight, &records);
        assert!(all.len() > 3, "only {} embargoes end", all.len());
        assert!(killed_by_identity(&straight), "the kill found no identity");

        // The first process reads a part of the input and ends; the next one forwards the embargoed
        // articles.
        let restarted = owned(&records, FIRST, delivery, None);
        let (before, outputs) = (lifted(&restarted, &records), restarted.lock().outputs.len());
        assert!(before.len() < all.len(), "no article was waiting at the restart");
        process(&restarted, setup(delivery)).unwrap();
        same(&restarted, &straight, delivery, &format!("{delivery:?}, restarted"));
        let after = lifted(&restarted, &records);
        let read_before: Vec<&[u8]> =
            records[..FIRST].iter().filter_map(|record| record.key.as_deref()).collect();
        let handed = after
            .iter()
            .filter(|(key, at)| **at >= outputs && read_before.contains(&key.as_slice()));
        assert!(
            handed.count() > 0,
            "no article read by the first process was passed on by the second"
        );

        // Now with a takeover by a standby.
        for reveals in [1, 9, 100_000] {
            let shared = owned(&records, FIRST, delivery, None);
            stand_by(&shared, &setup(delivery), reveals);
            same(&shared, &straight, delivery, &format!("{delivery:?}, {reveals} at a time"));
        }
    }
}

#[test]
fn embargoes_survive_a_kill_of_the_owner_at_any_step() {
    let records = wire();
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        let steps = straight.lock().steps as usize;
        let mut rng = Rng(6);
        for round in 0..30 {
            let step = 1 + rng.below(steps) as u64;
            let what = format!("{delivery:?}, killed at {step}");
            if round % 2 == 0 {
                let shared = world(&records, delivery);
                shared.lock().strikes.insert(step, (Strike::Kill, When::After));
                run(&shared, &setup(delivery));
                same(&shared, &straight, delivery, &what);
            } else {
                let steps = owned(&records, FIRST, delivery, None).lock().steps as usize;
                let step = 1 + rng.below(steps) as u64;
                let shared = owned(&records, FIRST, delivery, Some(step));
                stand_by(&shared, &setup(delivery), [1, 5, 1_000][rng.below(3)]);
                same(&shared, &straight, delivery, &what);
            }
        }
    }
}

#[test]
fn the_test_wire_is_longer_than_the_window() {
    let records = wire();
    let time = |at: usize| records[at].timestamp.unwrap_or(EventTime(0));
    assert!(
        time(ALL - 1).since(time(0)) > Span::minutes(25),
        "the first article is still in the window"
    );
}

/// A record whose bytes are only in the changelog is read again while a batch is formed. If that
/// read fails, the input records of the batch must not be lost.
#[test]
fn a_failed_read_of_a_record_under_embargo_loses_no_input() {
    let records = wire();
    // A record that must be read first is published one batch later.
    let in_any_order = |shared: &Shared| {
        let rank = |out: &OutputRecord| (out.role, out.key.clone(), out.payload.clone());
        shared.lock().outputs.sort_by_key(rank);
    };
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        in_any_order(&straight);
        let mut setup = setup(delivery);
        setup.settings.tuning.embargoed_bytes_max = 0;
        let whole = world(&records, delivery);
        run(&whole, &setup);
        in_any_order(&whole);
        same(&whole, &straight, delivery, "nothing in memory");
        let kinds = whole.lock().kinds.clone();
        let reads: Vec<u64> =
            (1..).zip(&kinds).filter(|(_, kind)| **kind == "changelog").map(|(n, _)| n).collect();
        assert!(reads.len() > 3, "records under embargo are read from the changelog");
        for step in reads {
            let shared = world(&records, delivery);
            shared.lock().strikes.insert(step, (Strike::Doubt, When::Before));
            run(&shared, &setup);
            in_any_order(&shared);
            same(&shared, &straight, delivery, &format!("{delivery:?}, doubt at step {step}"));
        }
    }
}
