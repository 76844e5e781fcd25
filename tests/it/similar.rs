//! Tests `/similar`, which finds articles by SimHash, against a scan of all live articles.

use crate::rig::{Rig, Served, article};
use serde_json::Value;
use std::sync::Arc;
use wirefold::daemon::snapshot::Snapshots;
use wirefold::daemon::snapshot::queries::{Query, SimilarityQuery};
use wirefold_engine::Settings as EngineSettings;
use wirefold_engine::article::Sequence;
use wirefold_engine::fingerprint::SimHash;

/// A text so long that one additional word changes only a few bits of its SimHash.
fn body() -> String {
    (0..400).map(|n| format!("{}{n} ", ["reef", "ferry", "tide", "quay"][n % 4])).collect()
}

/// A report, an exact copy of it, an unrelated report, and twelve copies of the first with one
/// extra word each.
fn wire() -> Vec<Value> {
    let body = body();
    let other = "The council of Obersund voted to close the iron bridge for two summers.";
    let mut wire = vec![
        article("08:00:00", "n:ferry", "Northwire", "Ferry strikes reef", &body),
        article("08:01:00", "k:ferry", "Kestrel", "Ferry on reef off Marel", &body),
        article("08:02:00", "t:bridge", "Tidewater", "Obersund closes its bridge", other),
    ];
    wire.extend((10..22).map(|n| {
        let longer = format!("{body} tail{n}");
        article(&format!("08:{n}:00"), &format!("m:{n}"), "Meridian", "Reef", &longer)
    }));
    wire
}

fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.commit(&wire());
    rig
}

/// The SimHash of the article at `sequence`.
fn simhash(rig: &Rig, sequence: u64) -> SimHash {
    rig.state.article(Sequence(sequence)).unwrap().print.simhash
}

/// The articles within `distance` bits of `hash`: ids and distances, nearest first.
fn scan(rig: &Rig, hash: SimHash, distance: u32) -> Vec<(String, u64)> {
    let mut all: Vec<(u32, u64)> =
        rig.state.window().map(|at| (simhash(rig, at).distance(hash), at)).collect();
    all.retain(|(bits, _)| *bits <= distance);
    all.sort_unstable();
    all.into_iter().map(|(bits, at)| (format!("0.{at}"), u64::from(bits))).collect()
}

/// The ids and distances in an answer.
fn listed(answer: &Value) -> Vec<(String, u64)> {
    let items = answer["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let id = item["article"]["id"].as_str().unwrap().to_owned();
            (id, item["distance"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn articles_within_the_distance_are_listed_nearest_first() {
    let mut rig = rig();
    let served = rig.serve();
    let hash = simhash(&rig, 0);
    for distance in 0..=3 {
        let want = scan(&rig, hash, distance);
        let path = format!("/similar?simhash={hash}&distance={distance}");
        let answer = rig.answering(|| served.read(&path));
        assert_eq!(listed(&answer), want, "{answer}");
        assert_eq!(answer["complete"], true, "{answer}");
        assert!(answer.get("more").is_none() && answer.get("of").is_none(), "{answer}");
    }
    let path = format!("/similar?simhash={}", hash.to_string().to_uppercase());
    let answer = rig.answering(|| served.read(&path));
    assert_eq!((answer["distance"].as_u64(), listed(&answer)), (Some(3), scan(&rig, hash, 3)));
    let near = listed(&answer);
    assert_eq!(near[..2], [("0.0".into(), 0), ("0.1".into(), 0)]);
    assert!(near.iter().any(|(_, bits)| *bits > 0), "no copy differs in one to three bits");
    for item in answer["items"].as_array().unwrap() {
        let similarity = 1.0 - item["distance"].as_f64().unwrap() / 64.0;
        assert!((item["similarity"].as_f64().unwrap() - similarity).abs() < 1e-4, "{item}");
    }
    let second = &answer["items"][1]["article"];
    assert_eq!(
        (second["uri"].as_str(), second["provider"].as_str()),
        (Some("k:ferry"), Some("Kestrel"))
    );
    assert_eq!(second["headline"], "Ferry on reef off Marel");
    let row = served.read("/articles/0.1");
    assert_eq!(*second, row["article"], "the article looks the same as in other lists");
    assert!(second["story"].is_string());
    served.stop();
}

#[test]
fn the_newest_version_of_a_uri_is_the_one_compared_and_is_not_listed() {
    let mut rig = rig();
    let served = rig.serve();
    let answer = rig.answering(|| served.read("/similar?uri=k:ferry"));
    let mut want = scan(&rig, simhash(&rig, 1), 3);
    want.retain(|(id, _)| id != "0.1");
    assert_eq!((answer["of"]["id"].as_str(), listed(&answer)), (Some("0.1"), want));
    let mut version = article("09:00:00", "k:ferry", "Kestrel", "Bridge", "Nothing but a bridge.");
    version["version"] = "2".into();
    rig.commit(&[version]);
    let answer = rig.answering(|| served.read("/similar?uri=k:ferry"));
    assert_eq!((answer["of"]["version"].as_str(), listed(&answer)), (Some("2"), vec![]));
    assert_eq!(answer["simhash"], simhash(&rig, 15).to_string());
    served.stop();
}

#[test]
fn a_truncated_answer_says_so() {
    let mut rig = rig();
    let served = rig.serve();
    let hash = simhash(&rig, 0);
    let all = scan(&rig, hash, 3);
    let path = format!("/similar?simhash={hash}&limit=2");
    let answer = rig.answering(|| served.read(&path));
    assert_eq!(listed(&answer), all[..2], "{answer}");
    assert_eq!(answer["more"].as_u64(), Some(all.len() as u64 - 2), "{answer}");
    assert_eq!(answer["complete"], false, "{answer}");
    served.stop();
}

#[test]
fn invalid_parameters_are_refused_with_the_reason() {
    let mut rig = rig();
    let served = rig.serve();
    let hash = "9f3a000000000001";
    for (query, status, reason) in [
        (String::new(), 400, "exactly one of `simhash` and `uri` is required"),
        (
            format!("simhash={hash}&uri=n:ferry"),
            400,
            "exactly one of `simhash` and `uri` is required",
        ),
        ("simhash=".into(), 400, "`simhash` must be 16 hexadecimal digits, not ``"),
        ("simhash=9f3a".into(), 400, "`simhash` must be 16 hexadecimal digits, not `9f3a`"),
        (
            "simhash=%2Bf3a000000000001".into(),
            400,
            "`simhash` must be 16 hexadecimal digits, not `+f3a000000000001`",
        ),
        (
            "simhash=9f3a00000000000g".into(),
            400,
            "`simhash` must be 16 hexadecimal digits, not `9f3a00000000000g`",
        ),
        (format!("simhash={hash}&distance=4"), 400, "`distance` must be between 0 and 3"),
        (format!("simhash={hash}&distance=-1"), 400, "`distance` is not a number: `-1`"),
        (format!("simhash={hash}&limit=0"), 400, "`limit` must be between 1 and 200"),
        (format!("simhash={hash}&shard=0"), 400, "unknown parameter `shard`"),
        ("uri=n:none".into(), 404, "no live article has the uri `n:none`"),
    ] {
        let path = format!("/similar?{query}");
        let answer = rig.answering(|| served.get(&path));
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, status, "{query}: {detail}");
        assert!(detail.starts_with(reason), "{query}: {detail}");
    }
    served.stop();
}

#[test]
fn a_busy_or_absent_pipeline_causes_a_503() {
    let rig = rig();
    let served = rig.serve();
    let retry = |served: &Served| {
        let answer = served.get("/similar?uri=n:ferry");
        let seconds = answer.header("retry-after").map(str::to_owned);
        (answer.status, seconds)
    };
    assert_eq!(retry(&served), (503, Some("5".into())), "no pipeline");
    rig.desks().accept_queries(0);
    let mut waiting = Vec::new();
    loop {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let query = SimilarityQuery { hash: SimHash(1), distance: 3, except: None, most: 1 };
        if rig.desks().query(0, Query::Similar(query, answer)).is_err() {
            break;
        }
        waiting.push(answered);
    }
    assert_eq!(retry(&served), (503, Some("1".into())), "{} queries wait", waiting.len());
    served.stop();
}

/// Two shards have the same articles.
#[test]
fn all_shards_are_searched_and_those_of_other_instances_are_named() {
    let desks = Snapshots::new(2);
    let of_shard = |shard| {
        let mut rig = Rig::of_shard(shard, EngineSettings::default(), Arc::clone(&desks));
        rig.commit(&wire());
        rig
    };
    let (mut first, mut second) = (of_shard(0), of_shard(1));
    let served = first.serve();
    let path = format!("/similar?simhash={}&distance=0", simhash(&first, 0));
    let answer = first.answering(|| served.read(&path));
    let ids =
        |answer: &Value| -> Vec<String> { listed(answer).into_iter().map(|(id, _)| id).collect() };
    let own = ids(&answer);
    assert_eq!(own[..2], ["0.0", "0.1"], "{answer}");
    assert!(own.iter().all(|id| id.starts_with("0.")), "{answer}");
    assert_eq!(answer["unsearched"], serde_json::json!([1]), "{answer}");
    assert_eq!(answer["complete"], false, "{answer}");
    let answer = first.answering(|| second.answering(|| served.read(&path)));
    assert_eq!(ids(&answer)[..4], ["0.0", "1.0", "0.1", "1.1"], "{answer}");
    assert_eq!(ids(&answer).len(), 2 * own.len(), "{answer}");
    assert_eq!((answer["complete"].as_bool(), answer.get("unsearched")), (Some(true), None));
    served.stop();
}
