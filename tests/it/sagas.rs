//! Tests running stories: the stages that the API lists for a story, and what each of them added.

use crate::contract::fits;
use crate::rig::{Rig, Served};
use crate::saga_wire::{on, rig, table};
use serde_json::{Value, json};
use wirefold::daemon::http::api::document;
use wirefold_engine::Settings;
use wirefold_engine::article::Span;
use wirefold_engine::event::EventKind;
use wirefold_engine::verdict::Ratio;

/// The id of the story of an article.
fn story_of(served: &Served, article: u32) -> String {
    let page = served.read(&format!("/articles/0.{article}"));
    page["article"]["story"].as_str().unwrap_or_else(|| panic!("{page}")).to_owned()
}

/// The running story to which the story of an article belongs; null if there is none. Checks the
/// response against the OpenAPI document.
fn saga_of(served: &Served, article: u32) -> Value {
    let page = served.read(&format!("/stories/{}", story_of(served, article)));
    let document: Value = serde_json::from_str(&document::text()).unwrap();
    let response = &document["paths"]["/api/v1/stories/{id}"]["get"]["responses"]["200"];
    fits(&document, &response["content"]["application/json"]["schema"], &page, "the story");
    page["saga"].clone()
}

fn stages(saga: &Value) -> &Vec<Value> {
    saga["stages"].as_array().unwrap_or_else(|| panic!("no stages: {saga}"))
}

#[test]
fn a_story_lists_all_stages_with_what_each_of_them_added() {
    let mut rig = rig(120);
    let served = rig.serve();
    let saga = saga_of(&served, 0);
    let first = story_of(&served, 0);
    let ids = [0, 4, 6, 8].map(|article| story_of(&served, article));
    assert_eq!(stages(&saga).iter().map(|stage| &stage["id"]).collect::<Vec<_>>(), ids.each_ref());
    assert_eq!(
        stages(&saga)[1],
        json!({
            "id": ids[1],
            "gone": false,
            "follows": first,
            "headline": "Halcyon captain questioned over ferry grounding off Marel",
            "language": "en",
            "first_seen": "2026-11-20T15:00:00Z",
            "last_seen": "2026-11-20T16:00:00Z",
            "size": 2,
            "publishers": 2,
            "added": {
                "headline": "Halcyon captain questioned over ferry grounding off Marel",
                "sentence": "The captain of the ferry Halcyon, Tomas Fennel, told investigators in \
                             Port Seltz on Friday that its steering had failed before the \
                             passenger ferry ran…",
                "names": ["Tomas Fennel"],
                "subjects": ["justice"],
                "places": ["Port Seltz"],
            },
        })
    );
    let added: Vec<_> = stages(&saga)
        .iter()
        .map(|stage| ["subjects", "places", "names"].map(|what| stage["added"][what].clone()))
        .collect();
    let none = json!([]);
    let want = [
        [json!(["shipping"]), json!(["Marel"]), none.clone()],
        [json!(["justice"]), json!(["Port Seltz"]), json!(["Tomas Fennel"])],
        [json!(["research"]), json!(["Obersund"]), none.clone()],
        [none.clone(), none, json!(["Lind"])],
    ];
    assert_eq!(added, want);
    let bounds = ["earlier", "later", "complete"].map(|name| saga[name].clone());
    assert_eq!(bounds, [json!(0), json!(0), json!(true)]);

    // Every stage lists the same stages, the list of stories counts them, and a restart changes
    // nothing.
    let others = [4, 6, 8].map(|article| saga_of(&served, article));
    assert!(others.iter().all(|other| *other == saga));
    let list = served.read("/stories");
    let counted =
        |story: &Value| (ids.iter().any(|id| story["id"] == **id), story["saga_stages"].as_u64());
    let mut counts: Vec<_> = list["items"].as_array().unwrap().iter().map(counted).collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        [
            (false, None),
            (false, None),
            (true, Some(4)),
            (true, Some(4)),
            (true, Some(4)),
            (true, Some(4))
        ]
    );
    assert_eq!(saga_of(&served, 2), Value::Null, "a story that nothing follows has no stages");
    rig.restore();
    assert_eq!(saga_of(&served, 0), saga);
    served.stop();
}

#[test]
fn a_stage_that_left_the_window_is_named_as_gone() {
    let mut rig = rig(100);
    let served = rig.serve();
    let saga = saga_of(&served, 6);
    let gone = json!({ "id": stages(&saga)[1]["follows"], "gone": true });
    assert_eq!((stages(&saga).len(), &stages(&saga)[0]), (3, &gone), "{saga}");
    assert_eq!(stages(&saga)[1]["added"]["places"], json!(["Marel", "Port Seltz"]), "{saga}");
    rig.restore();
    assert_eq!(saga_of(&served, 6), saga);
    served.stop();
}

#[test]
fn a_long_running_story_is_cut_around_the_requested_story() {
    let mut rig = Rig::new();
    for n in 0..70 {
        rig.commit(&[table(20 + n / 24, n % 24)]);
    }
    let served = rig.serve();
    for (article, first, earlier, later) in
        [(69, 20, 20, 0), (20, 20, 20, 0), (7, 7, 7, 13), (0, 0, 0, 20)]
    {
        let saga = saga_of(&served, article);
        assert_eq!(stages(&saga).len(), 50);
        assert_eq!(stages(&saga)[0]["id"], story_of(&served, first), "{article}");
        assert_eq!((&saga["earlier"], &saga["later"]), (&json!(earlier), &json!(later)));
        assert_eq!(saga["complete"], true);
    }
    // A repeated headline counts as new only once.
    let saga = saga_of(&served, 0);
    let new = stages(&saga).iter().map(|stage| stage["added"]["headline"].is_string());
    assert_eq!(new.filter(|new| *new).count(), 1);
    assert!(stages(&saga).iter().all(|stage| stage["added"]["sentence"].is_string()), "{saga}");
    let list = served.read("/stories?limit=1");
    assert_eq!(list["items"][0]["saga_stages"], 50, "counted up to 50");
    served.stop();
}

#[test]
fn more_linked_stories_than_the_limit_are_said_to_be_incomplete() {
    let mut rig = Rig::with(Settings { window: Span::hours(1_000), ..Settings::default() });
    let tables: Vec<Value> = (0..510).map(|n| table(1 + n / 24, n % 24)).collect();
    rig.commit(&tables);
    let served = rig.serve();
    let saga = saga_of(&served, 0);
    assert_eq!((stages(&saga).len(), saga["later"].as_u64()), (50, Some(450)));
    assert_eq!(saga["complete"], false);
    served.stop();
}

/// A rig, and four articles for it. The second article opens a story, and the third one opens a
/// story that follows it. A second look then merges the story of the second article into that of
/// the first.
pub(crate) fn merging() -> (Rig, [Value; 4]) {
    let mut settings = Settings::default();
    settings.stories.join = Ratio::new(0.9).unwrap();
    settings.stories.tuning.look_again_articles = 3;
    let count = |brought: u32, day: &str, time: &str| {
        format!(
            "Fishing boats brought {brought} passengers of the stranded Marel ferry ashore by \
             {time} while coast guard divers searched the flooded car deck of the ferry for the {} \
             people who were still missing on {day}, the harbour office of Marel said in its daily \
             notice.",
            212 - brought
        )
    };
    let ferry = "A passenger ferry with 212 people on board ran aground off the island of Marel \
                 early on Monday and began to take in water, the coast guard said.";
    let bank = "The central bank of Ostrava Province raised its main rate by a quarter point to \
                4.25 percent on Monday, surprising markets that had expected no change.";
    let [noon, three] = [count(180, "Monday", "noon"), count(195, "Tuesday", "three")];
    let wire = [
        on("23T10:00", "a:1", "Northwire", "Ferry runs aground off Marel", ferry),
        on("23T10:10", "c:1", "Kestrel", "Marel ferry passengers", &noon),
        on("23T10:15", "c:2", "Kestrel", "Marel ferry passengers", &three),
        on("23T10:20", "b:1", "Meridian", "Central bank of Ostrava raises rate", bank),
    ];
    (Rig::with(settings), wire)
}

#[test]
fn a_stage_that_was_merged_is_shown_as_its_survivor() {
    let (mut rig, wire) = merging();
    let events: Vec<_> =
        wire.iter().flat_map(|article| rig.commit(std::slice::from_ref(article))).collect();
    let merged = events.iter().find_map(|event| match &event.kind {
        EventKind::StoryMerged(merged) => Some((merged.absorbed, merged.survivor.id)),
        _ => None,
    });
    let opened = events.iter().filter_map(|event| match &event.kind {
        EventKind::StoryOpened(story) => story.follows,
        _ => None,
    });
    let (absorbed, survivor) = merged.expect("the stories of the first two articles merge");
    assert!(opened.eq([absorbed]), "one story follows another: the story that is merged");
    let served = rig.serve();
    let saga = saga_of(&served, 2);
    let ids: Vec<_> =
        stages(&saga).iter().map(|stage| (stage["id"].clone(), stage["follows"].clone())).collect();
    let survivor = json!(survivor.to_string());
    let want = [(survivor.clone(), Value::Null), (json!(story_of(&served, 2)), survivor)];
    assert_eq!(ids, want, "{saga}");
    rig.restore();
    assert_eq!(saga_of(&served, 2), saga, "the merge is known after a restart");
    served.stop();
}
