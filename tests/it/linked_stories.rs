//! Tests of links between stories in different languages that are about the same event.

use crate::contract::fits;
use crate::linked_wire;
use crate::rig::Rig;
use crate::script::{Show, check};
use expect_test::{Expect, expect};
use serde_json::{Value, json};
use wirefold::daemon::http::api::document;
use wirefold_engine::Settings;
use wirefold_engine::article::Span;
use wirefold_engine::stories::PublisherCount;
use wirefold_engine::verdict::Ratio;

const PASSAGES: &str = "
en = The ferry Halcyon ran aground off Rotterdam on Monday with 412 people on board, captain Mirjam Brandauer said. Brandauer told the coastguard that the steering had failed at 6.40 a.m. The owner, Osterlund Lines, sent two tugs.
de = Die Fähre Halcyon ist am Montag mit 412 Menschen an Bord vor Rotterdam auf Grund gelaufen. Kapitänin Mirjam Brandauer meldete der Küstenwache, um 6.40 Uhr sei die Steuerung ausgefallen. Die Reederei Osterlund schickte zwei Schlepper.
zh = 周一，载有412人的渡轮“Halcyon”在鹿特丹附近搁浅。船长 Mirjam Brandauer 表示，转向系统在6.40失灵。船主 Osterlund 派出了两艘拖船。
ru = Паром Halcyon с 412 пассажирами сел на мель у Роттердама, сообщила капитан Мирьям Брандауэр. Компания Остерлунд отправила два буксира.
fair = The book fair in Rotterdam opened on Monday with 90 publishers from Ghent, its director Pauline Verhaag said. Visitors queued for tickets at noon.
dike = In Rotterdam wird ein Deich erneuert. Die Arbeiten kosten 35 Millionen Euro, teilte Stadtrat Joris Kleiweg mit. Sie dauern bis zum Herbst.
tugs = Kapitänin Brandauer sagte, die Steuerung der Fähre Halcyon sei ausgefallen. Osterlund schickte Schlepper nach Rotterdam. Die Küstenwache blieb bei den 412 Menschen.
owner = Osterlund prüft Angebote. Rotterdam Halcyon Brandauer 412 Mirjam Wartung Steuerung Werft
court = Klage folgt bald. Rotterdam Halcyon Brandauer 90 Gericht Urteil Richter Prozess Akten
nets = Netze zerrissen dabei. Rotterdam Halcyon Brandauer 412 Mirjam Fang Heringe Schaden Kutter
rescue = Rettung gelang nachts. Rotterdam Halcyon Brandauer 412 Mirjam Hubschrauber Wind
rain = Heavy rain is expected along the coast until Thursday, forecasters in Ghent said on Tuesday. Farmers were told to bring in the hay.
";

fn wire(lines: &str, want: Expect) {
    check(PASSAGES, Show::Stories, &Settings::default(), lines, want);
}

#[test]
fn reports_of_one_event_in_several_languages_are_linked() {
    wire(
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:05 d-1 hafendienst de "Fähre vor Rotterdam auf Grund gelaufen" | @de
        10:10 z-1 delta zh "载有412人的渡轮在鹿特丹附近搁浅" | @zh
        10:15 r-1 volna ru "Паром сел на мель у Роттердама" | @ru
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S2: 1 by 1, lead d-1 (only), related to S1 (4 1 2)
              S1: 1 by 1, lead e-1 (only), related to S2 (4 1 2)
              S3 opened
            z-1: S3 of 1
              S3: 1 by 1, lead z-1 (only), related to S2 (4 1 2) S1 (4 1 2)
              S2: 1 by 1, lead d-1 (only), related to S3 (4 1 2) S1 (4 1 2)
              S1: 1 by 1, lead e-1 (only), related to S3 (4 1 2) S2 (4 1 2)
              S4 opened
            r-1: S4 of 1
              S3: 1 by 1, lead z-1 (only), related to S4 (4 0 1) S2 (4 1 2) S1 (4 1 2)
              S4: 1 by 1, lead r-1 (only), related to S3 (4 0 1) S2 (4 0 1) S1 (4 0 1)
              S2: 1 by 1, lead d-1 (only), related to S3 (4 1 2) S4 (4 0 1) S1 (4 1 2)
              S1: 1 by 1, lead e-1 (only), related to S3 (4 1 2) S4 (4 0 1) S2 (4 1 2)
              S5 opened
            f-1: S5 of 1
        "#]],
    );
}

#[test]
fn a_shared_city_is_not_enough() {
    wire(
        r#"
        10:00 f-1 northwire en "Book fair opens in Rotterdam" | @fair
        10:05 d-1 hafendienst de "Rotterdam erneuert einen Deich" | @dike
        10:10 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:31 f-2 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            f-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S3 opened
            e-1: S3 of 1
              S4 opened
            f-2: S4 of 1
        "#]],
    );
}

#[test]
fn a_link_ends_when_a_story_closes() {
    let settings = Settings { window: Span::hours(2), ..Settings::default() };
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        11:30 d-1 hafendienst de "Fähre vor Rotterdam auf Grund gelaufen" | @de
        12:15 f-1 velt en "Rain until Thursday" | @rain
        12:31 f-2 velt en "Book fair opens in Rotterdam" | @fair
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S2: 1 by 1, lead d-1 (only), related to S1 (4 1 2)
              S1: 1 by 1, lead e-1 (only), related to S2 (4 1 2)
              S1 closed at 1
              S3 opened
            f-1: S3 of 1
              S2: 1 by 1, lead d-1 (only)
              S4 opened
            f-2: S4 of 1
        "#]],
    );
}

#[test]
fn publishers_of_linked_stories_count_if_set() {
    let mut settings = Settings::default();
    settings.stories.count_publishers = PublisherCount::AllLanguages;
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:05 d-1 hafendienst de "Fähre vor Rotterdam auf Grund gelaufen" | @de
        10:10 d-2 northwire de "Fähre Halcyon vor Rotterdam auf Grund" | Kapitänin Brandauer sagte, die Steuerung der Fähre Halcyon sei vor Rotterdam ausgefallen. Osterlund schickte Schlepper. Die Küstenwache blieb bei den 412 Menschen an Bord.
        10:15 d-3 eins de "Halcyon vor Rotterdam auf Grund gelaufen" | Kapitänin Brandauer meldete der Küstenwache, die Steuerung der Fähre Halcyon mit 412 Menschen an Bord sei vor Rotterdam ausgefallen. Osterlund schickte Schlepper.
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S2: 1 by 2, lead d-1 (only), related to S1 (4 1 2)
              S1: 1 by 2, lead e-1 (only), related to S2 (4 1 2)
            d-2: S2 of 2 by score
              S2: 2 by 2, lead d-1 (fullest-original), related to S1 (4 1 2)
              S1: 1 by 2, lead e-1 (only), related to S2 (4 1 2)
            d-3: S2 of 3 by score
              S2: 3 by 2, lead d-1 (fullest-original), related to S1 (4 1 2)
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

/// Settings with which articles do not join a story by their score.
fn apart() -> Settings {
    let mut settings = Settings::default();
    settings.stories.join = Ratio::new(0.95).unwrap();
    settings.stories.join_again = Ratio::new(0.95).unwrap();
    settings
}

#[test]
fn a_story_is_linked_to_the_three_best_stories_of_a_language() {
    check(
        PASSAGES,
        Show::Stories,
        &apart(),
        r#"
        10:00 d-1 eins de "Reederei" | @owner
        10:01 d-2 zwei de "Gericht" | @court
        10:02 d-3 drei de "Fischer" | @nets
        10:03 d-4 vier de "Küstenwache" | @rescue
        10:10 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            d-1: S1 of 1
              S2 opened
            d-2: S2 of 1
              S3 opened
            d-3: S3 of 1
              S4 opened
            d-4: S4 of 1
              S5 opened
            e-1: S5 of 1
              S3: 1 by 1, lead d-3 (only), related to S5 (3 1 1)
              S5: 1 by 1, lead e-1 (only), related to S3 (3 1 1) S4 (3 1 1) S1 (4 1 1)
              S4: 1 by 1, lead d-4 (only), related to S5 (3 1 1)
              S1: 1 by 1, lead d-1 (only), related to S5 (4 1 1)
              S6 opened
            f-1: S6 of 1
        "#]],
    );
}

#[test]
fn a_better_story_takes_the_place_of_the_weakest() {
    check(
        PASSAGES,
        Show::Stories,
        &apart(),
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:01 d-1 eins de "Reederei" | @owner
        10:02 d-2 zwei de "Gericht" | @court
        10:03 d-3 drei de "Fischer" | @nets
        10:04 d-4 vier de "Küstenwache" | @rescue
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S2: 1 by 1, lead d-1 (only), related to S1 (4 1 1)
              S1: 1 by 1, lead e-1 (only), related to S2 (4 1 1)
              S3 opened
            d-2: S3 of 1
              S3: 1 by 1, lead d-2 (only), related to S1 (2 1 0)
              S1: 1 by 1, lead e-1 (only), related to S3 (2 1 0) S2 (4 1 1)
              S4 opened
            d-3: S4 of 1
              S4: 1 by 1, lead d-3 (only), related to S1 (3 1 1)
              S1: 1 by 1, lead e-1 (only), related to S4 (3 1 1) S3 (2 1 0) S2 (4 1 1)
              S5 opened
            d-4: S5 of 1
              S3: 1 by 1, lead d-2 (only)
              S5: 1 by 1, lead d-4 (only), related to S1 (3 1 1)
              S1: 1 by 1, lead e-1 (only), related to S4 (3 1 1) S5 (3 1 1) S2 (4 1 1)
              S6 opened
            f-1: S6 of 1
        "#]],
    );
}

#[test]
fn an_article_that_changes_little_keeps_the_weakest_link() {
    let mut settings = apart();
    settings.stories.tuning.links_max = 1;
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:01 d-1 eins de "Reederei" | @owner
        10:02 d-1#2 eins de "Reederei: Angebote" | @owner Mehr dazu folgt im Laufe des Tages.
        10:03 d-1#3 eins de "Reederei: Angebote" | @owner Mehr dazu folgt heute im Laufe des Tages.
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S2: 1 by 1, lead d-1 (only), related to S1 (4 1 1)
              S1: 1 by 1, lead e-1 (only), related to S2 (4 1 1)
            d-1: S2 of 2
              S2: 2 by 1, lead d-1 (newest-version), related to S1 (4 1 1)
            d-1: S2 of 3
              S2: 3 by 1, lead d-1 (newest-version), related to S1 (4 1 1)
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

/// The second version and the second report are in English, but marked as German.
#[test]
fn a_story_that_absorbs_a_linked_story_is_not_linked_to_itself() {
    let mut settings = apart();
    settings.stories.join_again = Ratio::new(0.05).unwrap();
    settings.stories.tuning.look_again_articles = 2;
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:05 e-1#2 northwire de "Ferry with 412 on board aground off Rotterdam" | @en All 412 people are safe.
        10:10 d-1 eins de "Steering of ferry Halcyon failed" | Captain Mirjam Brandauer blamed the steering for the grounding of the Halcyon. Osterlund Lines sent tugs to Rotterdam for the 412 people.
        10:15 d-2 zwei de "Rotterdam erneuert einen Deich" | @dike
        10:20 d-3 drei de "Gericht" | @court
        10:25 e-2 northwire en "Ferry Halcyon refloated off Rotterdam" | @en All 412 people are safe, captain Brandauer said.
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
            e-1: S1 of 2
              S1: 2 by 1, lead e-1 (newest-version)
              S2 opened
            d-1: S2 of 1
              S2: 1 by 1, lead d-1 (only), related to S1 (5 1 1)
              S1: 2 by 1, lead e-1 (newest-version), related to S2 (5 1 1)
              S3 opened
            d-2: S3 of 1
              S2 merged into S1
              S4 opened
            d-3: S4 of 1
              S1: 3 by 2, lead e-1 (newest-version)
            e-2: S1 of 4
              S1: 4 by 2, lead e-1 (newest-version)
              S5 opened
            f-1: S5 of 1
        "#]],
    );
}

#[test]
fn a_merged_story_takes_over_the_links() {
    let mut settings = apart();
    settings.stories.join_again = Ratio::new(0.05).unwrap();
    settings.stories.tuning.look_again_articles = 2;
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 e-1 northwire en "Ferry with 412 on board aground off Rotterdam" | @en
        10:05 d-1 eins de "Halcyon: Osterlund schickt Schlepper" | Osterlund schickte zwei Schlepper zur Halcyon. Kapitänin Brandauer sagte, alle 412 Menschen seien wohlauf. Die Küstenwache blieb bei der Fähre.
        10:10 d-2 zwei de "Halcyon vor Rotterdam: Schlepper unterwegs" | @tugs
        10:15 d-3 drei de "Rotterdam erneuert einen Deich" | @dike
        10:31 f-1 velt en "Rain until Thursday" | @rain
        "#,
        expect![[r#"
              S1 opened
            e-1: S1 of 1
              S2 opened
            d-1: S2 of 1
              S2: 1 by 1, lead d-1 (only), related to S1 (3 0 1)
              S1: 1 by 1, lead e-1 (only), related to S2 (3 0 1)
              S3 opened
            d-2: S3 of 1
              S3: 1 by 1, lead d-2 (only), related to S1 (3 1 1)
              S1: 1 by 1, lead e-1 (only), related to S3 (3 1 1) S2 (3 0 1)
              S3 merged into S2
              S4 opened
            d-3: S4 of 1
              S2: 2 by 2, lead d-1 (fullest-original), related to S1 (3 1 1)
              S1: 1 by 1, lead e-1 (only), related to S2 (3 1 1)
              S5 opened
            f-1: S5 of 1
        "#]],
    );
}

#[test]
fn a_list_has_one_row_for_an_event_if_it_is_collapsed() {
    let mut rig = Rig::new();
    rig.commit(&linked_wire::wire());
    let served = rig.serve();
    let headlines = |path: &str| -> Vec<String> {
        let page = served.read(path);
        assert_eq!(page["matching"], 4, "all stories count: {page}");
        let items = page["items"].as_array().unwrap();
        items.iter().map(|story| story["headline"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(headlines("/stories").len(), 4);
    for sort in ["rise", "newest", "size"] {
        let path = format!("/stories?collapse=true&sort={sort}");
        assert_eq!(headlines(&path).len(), 2, "{sort}");
        assert_eq!(served.read(&path)["rows"], 2, "{sort}");
        let first = served.read(&format!("{path}&limit=1"));
        let second = format!("{path}&limit=1&cursor={}", first["next"].as_str().unwrap());
        assert_eq!(headlines(&second).len(), 1, "{sort}");
        assert_eq!(served.read(&second)["next"], Value::Null, "{sort}: nothing follows");
    }
    // A story keeps its own row if the filters reject the larger story that is linked to it.
    let german = served.read("/stories?collapse=true&publisher=Hafendienst");
    assert_eq!((&german["matching"], &german["rows"]), (&json!(1), &json!(1)), "{german}");
    let page = served.read("/stories?collapse=true&sort=size");
    let document: Value = serde_json::from_str(&document::text()).unwrap();
    let response = &document["paths"]["/api/v1/stories"]["get"]["responses"]["200"];
    fits(&document, &response["content"]["application/json"]["schema"], &page, "the list");
    let links = page["items"][0]["links"].as_array().unwrap();
    let mut languages: Vec<&str> =
        links.iter().map(|link| link["language"].as_str().unwrap()).collect();
    languages.sort_unstable();
    assert_eq!(languages, ["de", "zh"]);
    assert!(links.iter().all(|link| link["names"].as_u64() > Some(2)), "{links:?}");
    assert!(links.iter().all(|link| link["translation"] == json!(false)), "{links:?}");
}
