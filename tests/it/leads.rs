//! Tests which article leads a story, depending on the settings `lead` and `preferred_publishers`.

use crate::script::{Show, check};
use crate::survivor::{PASSAGES, settings};
use expect_test::{Expect, expect};
use wirefold_engine::stories::LeadChoice;
use wirefold_engine::verdict::SurvivorChoice;

/// A story of several articles: the first is short, the second is the fullest, and the last is a
/// copy.
const STORY: &str = r#"
    10:00 a-1 northwire en "Bridge closed until spring" | @bridge
    10:10 a-2 baypress en "Bridge closed until spring for repairs" | @bridge @detour @mayor @fresh
    10:20 a-3 hillnews en "Bridge closed until spring" | @bridge
    10:30 a-4 velt en "Bridge closed until spring" | @bridge @detour @mayor @fresh @tail
    10:40 a-4 velt en "Bridge closed until spring" | @bridge @detour @mayor @fresh @tail
    10:50 b-1 coastdesk en "Storm" | @storm
"#;

fn lead(lead: LeadChoice, preferred: &[&str], want: Expect) {
    let mut settings = settings(SurvivorChoice::First, preferred);
    settings.stories.lead = lead;
    check(PASSAGES, Show::Stories, &settings, STORY, want);
}

#[test]
fn the_fullest_report_leads_by_default() {
    lead(
        LeadChoice::Fullest,
        &[],
        expect![[r#"
          S1 opened
        a-1: S1 of 1
        a-2: S1 of 2
          S1: 2 by 1, lead a-1 (fullest-original)
        a-3: S1 of 3
          S1: 3 by 1, lead a-1 (fullest-original)
        a-4: S1 of 4
          S1: 4 by 1, lead a-1 (fullest-original)
        a-4: S1 of 4
          S2 opened
        b-1: S2 of 1
    "#]],
    );
}

#[test]
fn the_first_article_leads() {
    lead(
        LeadChoice::First,
        &[],
        expect![[r#"
          S1 opened
        a-1: S1 of 1
        a-2: S1 of 2
          S1: 2 by 1, lead a-1 (first)
        a-3: S1 of 3
          S1: 3 by 1, lead a-1 (first)
        a-4: S1 of 4
          S1: 4 by 1, lead a-1 (first)
        a-4: S1 of 4
          S2 opened
        b-1: S2 of 1
    "#]],
    );
}

#[test]
fn the_newest_article_leads_and_a_redelivery_is_not_newer() {
    lead(
        LeadChoice::Newest,
        &[],
        expect![[r#"
          S1 opened
        a-1: S1 of 1
        a-2: S1 of 2
          S1: 2 by 1, lead a-2 (newest)
        a-3: S1 of 3
          S1: 3 by 1, lead a-3 (newest)
        a-4: S1 of 4
          S1: 4 by 1, lead a-4 (newest)
        a-4: S1 of 4
          S2 opened
        b-1: S2 of 1
    "#]],
    );
}

#[test]
fn the_longest_article_leads() {
    lead(
        LeadChoice::Longest,
        &[],
        expect![[r#"
          S1 opened
        a-1: S1 of 1
        a-2: S1 of 2
          S1: 2 by 1, lead a-2 (longest)
        a-3: S1 of 3
          S1: 3 by 1, lead a-2 (longest)
        a-4: S1 of 4
          S1: 4 by 1, lead a-4 (longest)
        a-4: S1 of 4
          S2 opened
        b-1: S2 of 1
    "#]],
    );
}

#[test]
fn a_preferred_publisher_leads_unless_its_article_is_withdrawn() {
    lead(
        LeadChoice::Fullest,
        &["Hill News", "northwire"],
        expect![[r#"
          S1 opened
        a-1: S1 of 1
        a-2: S1 of 2
          S1: 2 by 1, lead a-1 (preferred-publisher)
        a-3: S1 of 3
          S1: 3 by 1, lead a-3 (preferred-publisher)
        a-4: S1 of 4
          S1: 4 by 1, lead a-3 (preferred-publisher)
        a-4: S1 of 4
          S2 opened
        b-1: S2 of 1
    "#]],
    );
    let wire = r#"
        10:00 a-1 northwire en "Bridge closed until spring" | @bridge
        10:10 a-2 baypress en "Bridge closed until spring for repairs" | @bridge @detour @mayor
        10:20 k-1 northwire en "KILL: Bridge closed until spring" replaces=a-1 status=canceled | Do not use.
        10:30 b-1 coastdesk en "Storm" | @storm
    "#;
    let settings = settings(SurvivorChoice::First, &["northwire"]);
    check(
        PASSAGES,
        Show::Stories,
        &settings,
        wire,
        expect![[r#"
          S1 opened
        a-1: S1 of 1
        a-2: S1 of 2
          S1: 2 by 1, lead a-1 (preferred-publisher)
        k-1: no story
          S1: 1 by 1, lead a-2 (only)
          S2 opened
        b-1: S2 of 1
    "#]],
    );
}
