//! What waits beside the window, embargoes and identities, through restarts and hand-overs: an embargo
//! that lifts under another owner than the one that read the article, and a kill of what has left the
//! window by then.

use crate::broker::{Shared, Strike, When};
use crate::feed::Rng;
use crate::pipeline::{process, run, same, setup, straight, world};
use crate::standby::{inputs, owned, stand_by};
use serde_json::Value;
use std::collections::BTreeMap;
use wirefold::daemon::pipeline::Delivery;
use wirefold::daemon::pipeline::broker::{InputRecord, Role};
use wirefold_engine::article::{EventTime, Span};

const BOTH: [Delivery; 2] = [Delivery::ExactlyOnce, Delivery::AtLeastOnce];
/// How many articles there are, of which the first owner reads so many.
const ALL: usize = 64;
const FIRST: usize = 30;

fn body(record: &InputRecord) -> Option<Value> {
    serde_json::from_slice(record.payload.as_deref()?).ok()
}

/// A wire of half an hour over a window of twenty minutes. Every fourth article that can be read is under
/// an embargo of ten minutes; the last record is a kill of one of the first.
fn wire() -> Vec<InputRecord> {
    let mut records = inputs(31, ALL);
    for record in records.iter_mut().step_by(4) {
        let (Some(mut article), Some(at)) = (body(record), record.timestamp) else { continue };
        article["embargoed"] = at.plus(Span::minutes(10)).to_string().into();
        record.payload = Some(article.to_string().into_bytes());
    }
    // The first that has no other version: all of it has left the window by the end.
    let uris: Vec<Value> = records.iter().filter_map(body).map(|a| a["uri"].clone()).collect();
    let once = |a: &Value| uris.iter().filter(|uri| **uri == a["uri"]).count() == 1;
    let mut kill = records.iter().filter_map(body).find(once).expect("some have one version");
    kill["version"] = "99".into();
    kill["pubstatus"] = "canceled".into();
    kill["body"] = "Editors, please kill this report. It should not have been sent.".into();
    records[ALL - 1].payload = Some(kill.to_string().into_bytes());
    records
}

/// Articles under an embargo that went on, by their input's key, each with its place among the outputs.
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

/// Whether the kill at the end found what had left the window.
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
fn an_embargo_lifts_under_the_owner_that_is_there_by_then() {
    let records = wire();
    for delivery in BOTH {
        let straight = straight(&records, delivery);
        let all = lifted(&straight, &records);
        assert!(all.len() > 3, "{} embargoes lift", all.len());
        assert!(killed_by_identity(&straight), "the kill finds an identity");

        // A first process reads a part and ends; what it lets wait is passed on by the next one.
        let restarted = owned(&records, FIRST, delivery, None);
        let (before, outputs) = (lifted(&restarted, &records), restarted.lock().outputs.len());
        assert!(before.len() < all.len(), "some wait at the restart");
        process(&restarted, setup(delivery)).unwrap();
        same(&restarted, &straight, delivery, &format!("{delivery:?}, restarted"));
        let after = lifted(&restarted, &records);
        let read_before: Vec<&[u8]> =
            records[..FIRST].iter().filter_map(|record| record.key.as_deref()).collect();
        let handed = after
            .iter()
            .filter(|(key, at)| **at >= outputs && read_before.contains(&key.as_slice()));
        assert!(handed.count() > 0, "an article read by the first is passed on by the second");

        // The same under a standby that followed.
        for reveals in [1, 9, 100_000] {
            let shared = owned(&records, FIRST, delivery, None);
            stand_by(&shared, &setup(delivery), reveals);
            same(&shared, &straight, delivery, &format!("{delivery:?}, {reveals} at a time"));
        }
    }
}

#[test]
fn what_waits_survives_an_owner_killed_at_any_step() {
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
fn times_rise_over_the_window() {
    let records = wire();
    let time = |at: usize| records[at].timestamp.unwrap_or(EventTime(0));
    assert!(time(ALL - 1).since(time(0)) > Span::minutes(25), "the first has left the window");
}
