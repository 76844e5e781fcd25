//! Tests the API on a snapshot: what each resource returns, and that requests change nothing.

use crate::rig::{Rig, Served, article};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wirefold::daemon::snapshot::queries::Query;

const FERRY: &str = "A ferry with 212 people aboard struck the reef off Marel on Monday morning, \
                     and two fishing boats took the first 40 passengers to the island's small \
                     harbour. The captain said the tide had turned earlier than his tables showed.";
const BRIDGE: &str = "The council of Obersund voted by 31 to 12 to close the iron bridge for \
                      repairs that will take two summers, and shopkeepers on both banks asked for \
                      a footbridge to be built beside it before the first bolt is drawn.";

/// A report, two copies of it, and an unrelated article. The copy from Kestrel arrives later but
/// claims the earliest time; the copy from Tidewater changes a figure.
fn morning() -> Rig {
    let mut rig = Rig::new();
    let changed = FERRY.replace("212", "198");
    rig.commit(&[
        article("08:00:00", "n:ferry", "Northwire", "Ferry strikes reef off Marel", FERRY),
        article("08:01:00", "t:bridge", "Tidewater", "Obersund closes its iron bridge", BRIDGE),
    ]);
    let mut early = article("08:04:00", "k:ferry", "Kestrel", "Ferry strikes reef", FERRY);
    early["versioncreated"] = "2026-11-23T07:59:30Z".into();
    rig.commit(&[early]);
    rig.commit(&[article("08:06:00", "t:ferry", "Tidewater", "Marel ferry on reef", &changed)]);
    rig
}

/// A kill of the first report.
fn kill() -> Value {
    let mut kill =
        article("08:20:00", "n:ferry", "Northwire", "KILL: Ferry strikes reef off Marel", "");
    (kill["version"], kill["pubstatus"]) = ("9".into(), "canceled".into());
    kill["body"] = "Editors, please kill this report. It should not have been sent.".into();
    kill
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn stories_are_sorted_and_paged_without_gaps() {
    let rig = morning();
    let served = rig.serve();
    let all = served.read("/stories");
    let ids_all = ids(&all);
    assert_eq!((ids_all.len(), all["stories"].as_u64()), (2, Some(2)), "{all}");
    let first = &all["items"][0];
    assert_eq!((first["size"].as_u64(), first["articles"].as_u64()), (Some(3), Some(3)));
    assert_eq!(first["kinds"]["original"], 1);
    assert!(first["rise"].as_f64() > all["items"][1]["rise"].as_f64());
    assert_eq!(first["providers"].as_array().unwrap().len(), 3);
    for sort in ["rise", "newest", "size"] {
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        for _ in 0..3 {
            let page = served.read(&format!("/stories?sort={sort}&limit=1{cursor}"));
            paged.extend(ids(&page));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, ids_all, "{sort}");
    }
    served.stop();
}

#[test]
fn the_status_says_when_the_last_article_arrived() {
    let served = Rig::new().serve();
    assert_eq!(served.read("/status")["shards"][0]["view"]["last_article"], Value::Null);
    served.stop();
    let rig = morning();
    let served = rig.serve();
    let newest = rig.desk().newest(None).next().unwrap().1.entry.arrived.to_string();
    assert_eq!(served.read("/status")["shards"][0]["view"]["last_article"], json!(newest));
    served.stop();
}

#[test]
fn filters_select_stories_and_unknown_parameters_are_refused() {
    let rig = morning();
    let served = rig.serve();
    let count = |query: &str| {
        let list = served.read(&format!("/stories?{query}"));
        let count = list["items"].as_array().unwrap().len();
        // The number of matching stories does not depend on the page.
        let page = served.read(&format!("/stories?{query}&limit=1"));
        for list in [list, page] {
            assert_eq!(
                (&list["matching"], &list["stories"]),
                (&json!(count), &json!(2)),
                "{query}"
            );
        }
        count
    };
    for (query, want) in [
        ("language=en", 2),
        ("language=de,en", 2),
        ("language=de", 0),
        ("publisher=Kestrel", 1),
        ("publisher=Tidewater", 2),
        ("publisher=Nobody&publisher=Kestrel", 1),
        ("kind=original", 2),
        ("kind=withdrawal", 0),
        ("publishers_min=2", 0),
        ("badge=changed_numbers", 1),
        ("badge=withdrawn", 0),
    ] {
        assert_eq!(count(query), want, "{query}");
    }
    for wrong in [
        "langauge=en",
        "kind=copy",
        "badge=red",
        "sort=fame",
        "limit=0",
        "limit=x",
        "cursor=1",
        "limit=1&limit=2",
    ] {
        let answer = served.get(&format!("/stories?{wrong}"));
        let name = wrong.split('=').next().unwrap();
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.head.contains("application/problem+json"), "{}", answer.head);
        assert!(answer.json()["detail"].as_str().unwrap().contains(name), "{}", answer.body);
    }
    let facets = served.read("/facets");
    assert_eq!(facets["languages"], json!([{ "value": "en", "stories": 2 }]));
    assert_eq!(facets["publishers"][0], json!({ "value": "Tidewater", "articles": 2 }));
    served.stop();
}

#[test]
fn a_story_names_the_first_article_by_arrival_and_by_claimed_time() {
    let rig = morning();
    let served = rig.serve();
    let id = ids(&served.read("/stories"))[0].clone();
    let page = served.read(&format!("/stories/{id}"));
    assert_eq!(page["first"], json!({ "arrived": "0.0", "claimed": "0.2" }));
    let times: Vec<_> = page["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["after_first_arrived"].as_f64(), row["after_first_claimed"].as_f64()))
        .collect();
    let want = [(0.0, 30.0), (240.0, 0.0), (360.0, 390.0)];
    assert_eq!(times, want.map(|(arrived, claimed)| (Some(arrived), Some(claimed))));
    let first = served.read(&format!("/stories/{id}?limit=2"));
    let cursor = first["next"].as_str().unwrap();
    let rest = served.read(&format!("/stories/{id}?limit=2&cursor={cursor}"));
    assert_eq!((rest["timeline"][0]["id"].as_str(), rest.get("next")), (Some("0.3"), None));
    for missing in ["0000000000000000", "1", "ferry"] {
        assert_eq!(served.get(&format!("/stories/{missing}")).status, 404, "{missing}");
    }
    served.stop();
}

#[test]
fn an_article_shows_its_evidence_and_is_found_by_uri() {
    let rig = morning();
    let served = rig.serve();
    let page = served.read("/articles/0.3");
    assert_eq!(page["relation"]["kind"], "reprint", "{page}");
    assert_eq!(page["relation"]["of"]["id"], "0.0");
    assert!(page["relation"]["evidence"]["jaccard"].as_f64().unwrap() > 0.5);
    assert_eq!(page["relation"]["evidence"]["changed_numbers"].as_array().unwrap().len(), 1);
    assert_eq!(page["input"], json!({ "topic": "wire", "partition": 0, "offset": 3 }));
    assert_eq!(ids(&served.read("/articles?uri=k:ferry")), ["0.2"]);
    assert_eq!(ids(&served.read("/articles?uri=k:ferry&version=7")), [""; 0]);
    assert_eq!(served.get("/articles").status, 400, "the uri parameter is required");
    for missing in ["0.9", "1.0", "0", "x.y", "0.-1"] {
        assert_eq!(served.get(&format!("/articles/{missing}")).status, 404, "{missing}");
    }
    let unreadable = served.get("/articles/%ff");
    assert_eq!(
        (unreadable.status, unreadable.header("content-type")),
        (400, Some("application/problem+json"))
    );
    served.stop();
}

#[test]
fn search_matches_headline_words_in_any_case_and_script() {
    let mut rig = morning();
    rig.commit(&[
        article(
            "08:07:00",
            "s:1",
            "Sahil",
            "\u{627}\u{644}\u{639}\u{628}\u{651}\u{627}\u{631}\u{629}",
            BRIDGE,
        ),
        article(
            "08:08:00",
            "j:1",
            "Minato",
            "\u{30d5}\u{30a7}\u{30ea}\u{30fc}\u{5ea7}\u{7901}",
            BRIDGE,
        ),
        article("08:09:00", "g:1", "Hafen", "STRASSE am Hafen gesperrt", BRIDGE),
    ]);
    let served = rig.serve();
    let found = |query: &str, of: u64| {
        let page = served.read(&format!("/search?{query}"));
        assert_eq!(page["searched"], of, "{page}");
        ids(&page)
    };
    assert_eq!(found("q=FERRY%20reef", 7), ["0.3", "0.2", "0.0"], "newest first");
    assert_eq!(found("q=%D8%A7%D9%84%D8%B9%D8%A8", 7), ["0.4"]);
    assert_eq!(found("q=%E5%BA%A7%E7%A4%81", 7), ["0.5"]);
    assert_eq!(
        found("q=stra%C3%9Fe", 7),
        ["0.6"],
        "search uses full case folding, not lower-casing"
    );
    assert_eq!(found("q=nothing%20such", 7), [""; 0]);
    let page = served.read("/search?q=ferry&limit=1");
    assert_eq!((ids(&page), page["complete"].as_bool()), (vec!["0.3".to_owned()], Some(false)));
    let next = page["next"].as_str().unwrap();
    assert_eq!(ids(&served.read(&format!("/search?q=ferry&limit=1&cursor={next}"))), ["0.2"]);
    assert_eq!(served.get("/search?q=%20").status, 400);
    served.stop();
}

#[test]
fn the_queue_lists_the_carriers_of_a_killed_article() {
    let mut rig = morning();
    let served = rig.serve();
    let queue = served.read("/queue");
    assert_eq!(queue["counts"]["withdrawn"], 0);
    assert_eq!(
        queue["items"][0]["reason"], "needs_review",
        "another provider changed a figure: {queue}"
    );
    assert_eq!(queue["items"][0]["of"]["id"], "0.0");
    rig.commit(&[kill()]);
    let queue = served.read("/queue");
    let item = &queue["items"][0];
    assert_eq!(
        (item["reason"].as_str(), item["article"]["id"].as_str()),
        (Some("withdrawn"), Some("0.0"))
    );
    assert_eq!(
        (item["by"]["id"].as_str(), item["carriers_total"].as_u64()),
        (Some("0.4"), Some(2))
    );
    let carriers = served.read("/articles/0.0/carriers");
    let carries = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["article"]["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(carries(&carriers), ["0.2", "0.3"]);
    let story = item["story"]["id"].as_str().unwrap().to_owned();
    let badges = |story: &str| served.read(&format!("/stories/{story}"))["story"]["badges"].clone();
    assert_eq!((&badges(&story)["withdrawn"], &badges(&story)["carried"]), (&json!(1), &json!(2)));
    let key = item["key"].clone();
    rig.commit(&[article("08:30:00", "h:ferry", "Harborline", "Ferry on Marel reef", FERRY)]);
    let queue = served.read("/queue");
    assert_eq!(queue["items"][0]["carriers_total"], 3, "a later carrier is listed too");
    assert_ne!(queue["items"][0]["key"], key, "the item counts as unseen again");
    let incremental = served.read("/articles/0.0/carriers");
    rig.restore();
    assert_eq!(
        served.read("/articles/0.0/carriers"),
        incremental,
        "a restore gives the same result"
    );
    assert_eq!(served.read("/queue"), queue);
    assert_eq!(
        carries(&served.read("/articles/0.1/carriers")),
        [""; 0],
        "an article that is not withdrawn has no carriers"
    );
    served.stop();
}

#[test]
fn the_queue_lists_embargoes_that_lift_within_the_hour() {
    let mut rig = morning();
    let served = rig.serve();
    let mut soon = article("08:10:00", "n:bank", "Northwire", "Bank of Lind raises rates", BRIDGE);
    soon["embargoed"] = "2026-11-23T09:00:00Z".into();
    let mut later = article("08:10:10", "n:vote", "Northwire", "Lind counts its votes", FERRY);
    later["embargoed"] = "2026-11-23T13:00:00Z".into();
    rig.commit(&[soon, later]);
    let queue = served.read("/queue");
    assert_eq!(queue["counts"]["embargo"], 1, "{queue}");
    assert_eq!(queue["items"][0]["article"]["id"], "0.4");
    assert_eq!(queue["items"][0]["lifts"], "2026-11-23T09:00:00Z");
    rig.commit(&[article("09:00:01", "n:1", "Northwire", "Later", "A later line of no weight.")]);
    assert_eq!(served.read("/queue")["counts"]["embargo"], 0, "the embargo has lifted");
    served.stop();
}

#[test]
fn passages_of_a_text_are_counted_in_utf_16_units() {
    let mut rig = Rig::new();
    let first = format!("\u{1f6a2} {FERRY}");
    let second = format!(
        "\u{1f6a2}\u{1f6a2} Our own man on the quay saw lamps on the water all night.\n\n{FERRY}"
    );
    rig.commit(&[
        article("08:00:00", "n:ferry", "Northwire", "Ferry", &first),
        article("08:02:00", "k:ferry", "Kestrel", "Quay", &second),
    ]);
    let served = rig.serve();
    let page = served.read("/articles/0.1/text");
    let units: Vec<u16> = page["text"].as_str().unwrap().encode_utf16().collect();
    let slice = |range: &Value| {
        let at = |n: usize| range[n].as_u64().unwrap() as usize;
        String::from_utf16(&units[at(0)..at(1)]).unwrap()
    };
    let numbers: Vec<String> = page["numbers"].as_array().unwrap().iter().map(slice).collect();
    assert_eq!(numbers, ["212", "40"]);
    assert!(slice(&page["paragraphs"][1]).starts_with("A ferry with 212"), "{page}");
    assert!(slice(&page["new"][0]).starts_with("Our own man"), "{page}");
    let shared = &page["shared"][0];
    let shared_text = slice(&json!([shared["start"], shared["end"]]));
    assert!(shared_text.starts_with("A ferry") && shared_text.ends_with("showed"), "{shared_text}");
    assert_eq!(shared["of"]["id"], "0.0");
    rig.topic.forget(1);
    let gone = served.get("/articles/0.0/text");
    assert_eq!(gone.status, 410, "{}", gone.body);
    assert!(gone.json()["detail"].as_str().unwrap().contains("retention"), "{}", gone.body);
    assert_eq!(served.get("/diff?a=0.0&b=0.1").status, 410);
    assert_eq!(served.read("/articles/0.1/text"), page, "recently read texts are cached");
    rig.topic.fail("the broker is away");
    let away = served.get("/articles/0.0/text");
    assert_eq!((away.status, away.header("retry-after")), (503, Some("2")), "{}", away.body);
    served.stop();
}

#[test]
fn a_diff_marks_the_number_that_changed() {
    let rig = morning();
    let served = rig.serve();
    let diff = served.read("/diff?a=0.0&b=0.3");
    assert_eq!(diff["changed_numbers"], json!([{ "a": "212", "b": "198" }]));
    let ops = diff["ops"].as_array().unwrap();
    let side = |skip: &str| -> String {
        ops.iter().filter(|op| op["op"] != skip).map(|op| op["text"].as_str().unwrap()).collect()
    };
    assert_eq!(side("insert"), FERRY, "the diff contains all of the first text");
    assert_eq!(
        side("delete"),
        FERRY.replace("212", "198"),
        "the diff contains all of the second text"
    );
    let numbers: Vec<_> = ops.iter().filter(|op| op["number"] == true).collect();
    let said: Vec<_> = numbers.iter().map(|op| (op["op"].as_str(), op["text"].as_str())).collect();
    assert_eq!(said, [(Some("delete"), Some("212")), (Some("insert"), Some("198"))]);
    assert!(diff["same"].as_f64().unwrap() > 0.95);
    // The operations turn `a` into `b`, whichever of the two articles is older.
    let back = served.read("/diff?a=0.3&b=0.0");
    assert_eq!((back["a"]["id"].as_str(), back["b"]["id"].as_str()), (Some("0.3"), Some("0.0")));
    assert_eq!(back["changed_numbers"], json!([{ "a": "198", "b": "212" }]));
    let numbers = back["ops"].as_array().unwrap().iter().filter(|op| op["number"] == true);
    let said: Vec<_> = numbers.map(|op| (op["op"].as_str(), op["text"].as_str())).collect();
    assert_eq!(said, [(Some("delete"), Some("198")), (Some("insert"), Some("212"))]);
    let equal = served.read("/diff?a=0.0&b=0.2");
    assert_eq!((equal["ops"].as_array().unwrap().len(), equal["same"].as_f64()), (1, Some(1.0)));
    assert!(equal["hamming"] == 0 && back["hamming"].as_u64() > Some(0), "{back}");
    served.stop();
}

#[test]
fn why_shows_every_rule_and_the_story_score() {
    let mut rig = morning();
    let served = rig.serve();
    let why = rig.answering(|| served.read("/why?a=0.3&b=0.0"));
    assert_eq!(
        (why["a"]["id"].as_str(), why["b"]["id"].as_str()),
        (Some("0.0"), Some("0.3")),
        "the earlier article comes first"
    );
    let rules = why["texts"]["rules"].as_array().unwrap();
    assert!(rules.len() > 8 && rules.iter().all(|rule| rule["conditions"].is_array()));
    assert_eq!(
        why["texts"]["by_text"]["kind"], why["direct"]["kind"],
        "the comparison repeats the original verdict"
    );
    assert_eq!(why["same_story"], true);
    let together = &why["together"];
    let margin = together["score"].as_f64().unwrap() - together["join"].as_f64().unwrap();
    assert!((together["margin"].as_f64().unwrap() - margin).abs() < 1e-3, "{together}");
    assert!(!together["shared"].as_array().unwrap().is_empty());
    let strangers = rig.answering(|| served.read("/why?a=0.0&b=0.1"));
    assert_eq!(strangers["same_story"], false);
    assert!(strangers["together"]["margin"].as_f64().unwrap() < 0.0);
    served.stop();
}

#[test]
fn match_predicts_the_result_for_an_article_and_changes_nothing() {
    let (mut asked, mut twin) = (morning(), morning());
    let served = asked.serve();
    let ask = |served: &Served, body: &Value| {
        let headers = "content-type: application/json\r\n";
        served.ask("POST", "/api/v1/match", headers, &body.to_string())
    };
    let copy = json!({ "headline": "Reef", "body": FERRY, "language": "en" });
    let story = ids(&served.read("/stories"))[0].clone();
    for _ in 0..3 {
        let answer = asked.answering(|| ask(&served, &copy));
        let found = answer.json();
        assert_eq!(answer.status, 200, "{found}");
        assert_eq!(
            (found["relation"]["kind"].as_str(), found["story"]["by"].as_str()),
            (Some("duplicate"), Some("text"))
        );
        assert_eq!((&found["story"]["joins"], &found["unique"]), (&json!(story), &json!("repeat")));
    }
    let body = "Divers looked at the hull of the Marel ferry on the reef, and passengers waited in \
                the harbour of the island.";
    let new = json!({ "uri": "x", "headline": "Marel", "body": body, "language": "en" });
    let found = asked.answering(|| ask(&served, &new)).json();
    assert_eq!(found["nearest"][0]["story"], story.as_str(), "{found}");
    let next = article("08:40:00", "u:1", "Uplands", "Reef", FERRY);
    assert_eq!(
        asked.commit(std::slice::from_ref(&next)),
        twin.commit(&[next]),
        "the request changed the state"
    );
    for (body, status) in [("", 422), ("{\"headline\": 7", 422), ("<rss/>", 422)] {
        let answer = served.ask("POST", "/api/v1/match", "", body);
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    let large = json!({ "headline": "Reef", "body": "reef ".repeat(60_000) });
    assert_eq!(ask(&served, &large).status, 413);
    served.stop();
}

#[test]
fn queries_are_refused_at_once_when_the_pipeline_is_busy_or_absent() {
    let rig = morning();
    let served = rig.serve();
    let body = json!({ "headline": "Reef", "body": FERRY }).to_string();
    let nobody = served.ask("POST", "/api/v1/match", "", &body);
    assert_eq!((nobody.status, nobody.header("retry-after")), (503, Some("1")), "{}", nobody.body);
    rig.desks().accept_queries(0);
    let mut waiting = Vec::new();
    loop {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let pair = wirefold::daemon::snapshot::queries::ArticlePair {
            sides: Default::default(),
            language: None,
        };
        if rig.desks().query(0, Query::Together(Box::new(pair), answer)).is_err() {
            break;
        }
        waiting.push(answered);
    }
    assert_eq!(waiting.len(), 16);
    let answer = served.ask("POST", "/api/v1/match", "", &body);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", answer.body);
    let why = served.read("/why?a=0.0&b=0.3");
    assert!(why.get("together").is_none() && why["together_absent"].is_string(), "{why}");
    assert!(why["texts"]["rules"].is_array(), "the texts are still compared");
    served.stop();
}

#[test]
fn an_answer_that_the_client_has_cached_is_not_sent_again() {
    let mut rig = morning();
    let served = rig.serve();
    let mut seen = BTreeSet::new();
    for path in
        ["/stories", "/facets", "/queue", "/articles/0.0", "/articles/0.0/text", "/search?q=ferry"]
    {
        let first = served.get(path);
        let tag = first.header("etag").unwrap().to_owned();
        assert_eq!(first.header("cache-control"), Some("private, no-cache"));
        assert!(seen.insert(tag.clone()), "the tag of {path} is not unique");
        let asked = |tag: &str| {
            let path = format!("/api/v1{path}");
            served.ask("GET", &path, &format!("if-none-match: {tag}\r\n"), "")
        };
        for known in [tag.clone(), format!("\"x\", W/{tag}")] {
            let again = asked(&known);
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        }
        assert_eq!(asked("\"0000000000000000\"").status, 200, "{path}");
    }
    let tag = served.get("/stories").header("etag").unwrap().to_owned();
    rig.commit(&[article("08:50:00", "u:2", "Uplands", "Ferry", FERRY)]);
    assert_ne!(served.get("/stories").header("etag").unwrap(), tag);
    served.stop();
}

#[test]
fn an_absorbed_story_redirects_to_its_survivor() {
    use wirefold_engine::event::EventKind;
    // Two providers report one event in different words, until a third text joins both stories.
    let mut rig = Rig::new();
    let mut merged = None;
    for (n, line) in crate::feed::feed(9, 900, 20_000).into_iter().enumerate() {
        let body = line.article.body.as_str().to_owned();
        let mut next =
            article("08:00:00", &format!("u:{n}"), "Uplands", &line.article.headline, &body);
        next["arrived"] = line.stamp.to_string().into();
        next["versioncreated"] = next["arrived"].clone();
        for event in rig.commit(&[next]) {
            if let EventKind::StoryMerged(found) = event.kind {
                merged = Some((found.absorbed.to_string(), found.survivor.id.to_string()));
            }
        }
        if merged.is_some() {
            break;
        }
    }
    let (absorbed, survivor) = merged.expect("the feed merges stories");
    let served = rig.serve();
    let answer = served.get(&format!("/stories/{absorbed}"));
    assert_eq!(answer.status, 308, "{}", answer.body);
    assert_eq!(answer.header("location"), Some(survivor.as_str()));
    served.stop();
}
