//! Scenarios for stories: which story an article joins, and how stories open, merge and close.

use crate::feed::{Line, feed};
use crate::script::{Show, check};
use expect_test::{Expect, expect};
use std::collections::BTreeMap;
use wirefold_engine::Settings;
use wirefold_engine::article::{Lang, Span};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::stories::StoryId;
use wirefold_engine::verdict::Ratio;

const PASSAGES: &str = "
ferry1 = MAREL, 23 November - A passenger ferry with 212 people on board ran aground off the island of Marel early on Monday and began to take in water, the coast guard said.
ferry2 = Fishing boats brought 180 passengers of the stranded Marel ferry ashore by noon while coast guard divers searched the flooded car deck.
ferry3 = The captain of the ferry Halcyon told the coast guard that its steering had failed minutes before it struck the rocks off Marel.
ferry4 = Rescuers off Marel have found the last two missing passengers of the ferry Halcyon alive in an air pocket of the car deck, the coast guard said on Monday evening.
ferryde = Eine Passagierfähre mit 212 Menschen an Bord ist am frühen Montag vor der Insel Marel auf Grund gelaufen, teilte die Küstenwache mit.
bank1 = The central bank of Ostrava Province raised its main rate by a quarter point to 4.25 percent on Monday, surprising markets that had expected no change.
bank2 = Shares in lenders jumped after the central bank of Ostrava Province lifted its main rate to 4.25 percent, a quarter point more than markets had expected.
wrap = Rescuers searched the ferry Halcyon off Marel, the central bank of Ostrava Province raised its main rate to 4.25 percent, and the mayor of Port Seltz resigned.
plan = Editors: these are the events that we plan to cover on Monday. The coast guard speaks on the ferry Halcyon off Marel at 1500, the central bank of Ostrava Province at 1600.
vote = Voters in the canton of Lind rejected a tunnel under the Grauhorn pass by 61 percent to 39 on Sunday after a campaign about its cost.
";

fn wire(wire: &str, want: Expect) {
    check(PASSAGES, Show::Stories, &Settings::default(), wire, want);
}

#[test]
fn reports_of_one_event_by_several_providers_form_one_story() {
    wire(
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:04 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        10:10 c-1 kestrel en "Boats bring ferry passengers ashore at Marel" | @ferry2
        10:20 d-1 northwire en "Ferry's steering failed off Marel, captain says" | @ferry3
        10:30 e-1 velt en "Lenders jump as Ostrava raises rate" | @bank2
        10:31 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            b-1: S2 of 1
            c-1: S1 of 2 by score
              S1: 2 by 2, lead a-1 (fullest-original)
            d-1: S1 of 3 by score
              S1: 3 by 2, lead a-1 (fullest-original)
            e-1: S2 of 2 by score
              S2: 2 by 2, lead b-1 (fullest-original)
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

#[test]
fn story_updates_within_one_second_are_combined() {
    wire(
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:00 a-2 tidewater en "Ferry aground" | @ferry1
        10:00 a-3 velt en "Ferry aground" credit=northwire | @ferry1
        10:01 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        10:02 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
            a-2: S1 of 2
            a-3: S1 of 3
              S1: 3 by 1, lead a-1 (fullest-original)
              S2 opened
            b-1: S2 of 1
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

#[test]
fn roundups_do_not_merge_stories_and_advisories_join_none() {
    wire(
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:04 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        10:05 w-1 northwire en "WRAPUP 1-Ferry off Marel, rate of Ostrava central bank" | @wrap
        10:06 w-2 northwire en "WRAPUP 2-Ferry off Marel, rate of Ostrava central bank" | @wrap @vote
        10:07 p-1 northwire en "ADVISORY-Ferry off Marel, Ostrava central bank" | @plan
        10:10 c-1 kestrel en "Boats bring ferry passengers ashore at Marel" | @ferry2
        10:30 e-1 velt en "Lenders jump as Ostrava raises rate" | @bank2
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            b-1: S2 of 1
            w-1: S2 of 2 by score
              S2: 2 by 1, lead b-1 (fullest-original)
            w-2: S2 of 3
              S2: 3 by 1, lead b-1 (fullest-original)
            p-1: no story
            c-1: S1 of 2 by score
              S1: 2 by 2, lead a-1 (fullest-original)
            e-1: S2 of 4 by score
        "#]],
    );
}

#[test]
fn the_lead_is_the_fullest_original_report_that_is_not_withdrawn() {
    wire(
        r#"
        10:00 a-1 northwire en "ALERT-Ferry aground off Marel" | Ferry with 212 on board aground off Marel, coast guard says.
        10:05 a-2 northwire en "Ferry runs aground off Marel" | @ferry1
        10:20 a-3 meridian en "Ferry's steering failed off Marel, captain says" | @ferry3 @ferry2 @ferry1
        10:40 a-2#2 northwire en "KILL: Ferry runs aground off Marel" status=canceled | Editors: the report is withdrawn.
        11:00 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
            a-2: S1 of 2 by score
              S1: 2 by 1, lead a-2 (fullest-original)
            a-3: S1 of 3
              S1: 3 by 1, lead a-2 (fullest-original)
            a-2: no story
              S1: 2 by 1, lead a-3 (no-original)
              S2 opened
            f-1: S2 of 1
        "#]],
    );
}

#[test]
fn a_translation_opens_a_related_story() {
    wire(
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:05 g-1 hafendienst de "Fähre vor Marel auf Grund gelaufen" translates=a-1 | @ferryde
        10:31 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            g-1: S2 of 1
              S2: 1 by 1, lead g-1 (only), related to S1 (1 0 1)
              S1: 1 by 1, lead a-1 (only), related to S2 (1 0 1)
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

#[test]
fn a_story_closes_with_its_highest_counts_when_its_last_article_expires() {
    let settings = Settings { window: Span::hours(2), ..Settings::default() };
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:20 c-1 kestrel en "Boats bring ferry passengers ashore at Marel" | @ferry2
        12:10 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        12:30 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
            c-1: S1 of 2 by score
              S1: 2 by 2, lead a-1 (fullest-original)
              S2 opened
            f-1: S2 of 1
              S1 closed at 2
              S3 opened
            b-1: S3 of 1
        "#]],
    );
}

#[test]
fn a_topic_that_returns_after_days_opens_a_story_that_follows_the_old_one() {
    wire(
        r#"
        18/10:00 a-1 northwire en "Boats bring 180 ashore from stranded ferry" | @ferry2
        18/10:10 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        18/10:12 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        22/09:00 c-1 kestrel en "Last two missing of the Halcyon found alive" | @ferry4
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            b-1: S2 of 1
              S3 opened
            f-1: S3 of 1
              S4 opened, follows S1
            c-1: S4 of 1
        "#]],
    );
}

#[test]
fn the_table_of_the_next_day_opens_a_story_that_follows_the_first() {
    let body = |day: &str, a: &str, b: &str, c: &str| {
        format!(
            "Exchange rates of the Bank of Seltz at noon on {day}: the crown stood at {a} to the \
             euro and at {b} to the dollar, the franc stood at {c} to the euro, the bank said in \
             its daily notice on the market for currencies."
        )
    };
    let first = body("Sunday", "7.4412", "6.9120", "1.0312");
    let second = body("Monday", "7.5127", "6.8843", "1.0298");
    wire(
        &format!(
            r#"
            22/12:00 r-1 northwire en "Seltz exchange rates" | {first}
            23/12:00 r-2 northwire en "Seltz exchange rates" | {second}
            23/12:30 v-1 velt en "Lind rejects Grauhorn tunnel" | @vote
            "#
        ),
        expect![[r#"
              S1 opened
            r-1: S1 of 1
              S2 opened, follows S1
            r-2: S2 of 1
              S3 opened
            v-1: S3 of 1
        "#]],
    );
}

#[test]
fn reports_from_one_template_about_two_firms_stay_separate() {
    let notice = |firm: &str, city: &str, chair: &str, sum: &str, day: &str| {
        format!(
            "The board of {firm} of {city} declared its regular quarterly dividend of {sum} crowns \
             a share, payable on {day} to holders of record, and said that trading in the quarter \
             was in line with its plan for the year, that costs had been contained, and that \
             orders remained at a satisfactory level. Chairman {chair} thanked the workforce for \
             its efforts and said that the outlook was unchanged."
        )
    };
    let first = notice("Osmia Labs", "Seltz", "Ilse Marwick", "1.20", "3 May");
    let second = notice("Kestrel Forge", "Obersund", "Tomas Fennel", "0.85", "17 June");
    wire(
        &format!(
            r#"
            10:00 a-1 northwire en "Osmia Labs declares quarterly dividend" | {first}
            10:05 b-1 meridian en "Kestrel Forge declares quarterly dividend" | {second}
            10:31 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
            "#
        ),
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            b-1: S2 of 1
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

#[test]
fn a_single_article_story_is_scored_again_later() {
    let mut settings = Settings::default();
    settings.stories.join = Ratio::new(0.9).unwrap();
    settings.stories.tuning.look_again_articles = 2;
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:10 c-1 kestrel en "Boats bring ferry passengers ashore at Marel" | @ferry2
        10:20 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        10:30 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            c-1: S2 of 1
              S2 merged into S1
              S3 opened
            b-1: S3 of 1
              S1: 2 by 2, lead a-1 (fullest-original)
              S4 opened
            f-1: S4 of 1
        "#]],
    );
}

#[test]
fn items_with_only_a_title_join_the_story_of_the_full_report() {
    wire(
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:02 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        10:05 a-2 kestrel en "FLASH-Ferry aground off Marel, coast guard says"
        10:06 a-3 velt en "BRIEF-Passengers of Marel ferry brought ashore"
        10:07 b-2 velt en "Central bank of Ostrava Province lifts main rate"
        10:08 f-0 northwire en "ALERT-Voters in Lind reject tunnel under Grauhorn"
        10:20 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        10:30 g-1 tidewater en "Mayor of Port Seltz resigns"
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            b-1: S2 of 1
            a-2: S1 of 2 by score
              S1: 2 by 2, lead a-1 (fullest-original)
            a-3: S1 of 3 by score
              S1: 3 by 3, lead a-1 (fullest-original)
            b-2: S2 of 2 by score
              S2: 2 by 1, lead b-1 (fullest-original)
              S3 opened
            f-0: S3 of 1
            f-1: S3 of 2 by score
              S3: 2 by 2, lead f-1 (fullest-original)
              S4 opened
            g-1: S4 of 1
        "#]],
    );
}

#[test]
fn a_late_article_joins_its_story_and_is_flagged() {
    wire(
        r#"
        10:00 a-1 northwire en "Ferry runs aground off Marel" | @ferry1
        10:04 b-1 meridian en "Central bank of Ostrava raises rate" | @bank1
        13:30 c-1 kestrel en "Boats bring ferry passengers ashore at Marel" made=2026-11-23T10:10:00Z | @ferry2
        13:40 d-1 velt en "Ferry runs aground off Marel" made=2026-11-23T09:58:00Z | @ferry1
        13:50 f-1 velt en "Lind rejects Grauhorn tunnel" | @vote
        "#,
        expect![[r#"
              S1 opened
            a-1: S1 of 1
              S2 opened
            b-1: S2 of 1
            c-1: S1 of 2 by score, late
              S1: 2 by 2, lead a-1 (fullest-original)
            d-1: S1 of 3, late
              S1: 3 by 2, lead a-1 (fullest-original)
              S3 opened
            f-1: S3 of 1
        "#]],
    );
}

/// The stories of the English articles among `lines`, numbered in order of appearance: first as
/// decided on arrival, then after all merges.
fn english_stories(lines: &[Line]) -> [Vec<usize>; 2] {
    let settings = Settings::default();
    let mut state = State::new(settings.clone(), SamplingKey(7));
    let mut stories: Vec<Option<StoryId>> = Vec::new();
    let mut survivors: BTreeMap<StoryId, StoryId> = BTreeMap::new();
    for line in lines {
        let english = line.article.language == Lang::parse("en");
        let new = prepare(line.article.clone(), &settings, SamplingKey(7));
        for event in state.apply(new, line.stamp, line.input.clone()).events {
            match event.kind {
                EventKind::Classified(c) if english => stories.push(c.story.map(|s| s.id)),
                EventKind::StoryMerged(m) if m.key_story == m.absorbed => {
                    survivors.insert(m.absorbed, m.survivor.id);
                }
                _ => {}
            }
        }
    }
    let last = |mut story: StoryId| {
        while let Some(&survivor) = survivors.get(&story) {
            story = survivor;
        }
        story
    };
    let numbers = |of: &dyn Fn(StoryId) -> StoryId| {
        let mut names: BTreeMap<Option<StoryId>, usize> = BTreeMap::new();
        let number = |story: &Option<StoryId>| {
            let next = names.len();
            *names.entry(story.map(of)).or_insert(next)
        };
        stories.iter().map(number).collect()
    };
    [numbers(&|story| story), numbers(&last)]
}

#[test]
fn articles_in_other_languages_do_not_change_any_story() {
    let ours = feed(11, 500, 20_000);
    let [decided, merged] = english_stories(&ours);
    let sizes = |stories: &[usize]| {
        let mut sizes: BTreeMap<usize, usize> = BTreeMap::new();
        stories.iter().for_each(|story| *sizes.entry(*story).or_default() += 1);
        sizes.into_values().filter(|size| *size > 2).count()
    };
    assert!(sizes(&merged) > 10 && decided != merged, "too few stories or merges");
    for (each, languages) in [(1, ["fi", "tr"]), (4, ["de", "und"])] {
        let theirs = feed(12, each * ours.len(), 20_000);
        let mut mixed = Vec::new();
        for (line, others) in ours.iter().zip(theirs.chunks(each)) {
            mixed.push(line.clone());
            for (other, language) in others.iter().zip(languages.into_iter().cycle()) {
                let mut other = other.clone();
                other.article.uri = format!("urn:other:{}", other.input.offset);
                other.article.language = Lang::parse(language);
                other.article.versioncreated = Some(line.stamp);
                other.stamp = line.stamp;
                mixed.push(other);
            }
        }
        for (offset, line) in mixed.iter_mut().enumerate() {
            line.input.offset = offset as i64;
        }
        let found = english_stories(&mixed);
        assert_eq!(found, [decided.clone(), merged.clone()], "{each} in {languages:?} in between");
    }
}
