//! Scenarios for kills, holds, embargoes and corrections: arrival order, finding the target, and
//! naming the carriers.

use crate::chains::{PASSAGES, wire};
use crate::script::{Show, check};
use expect_test::expect;
use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, InputPosition, Span};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::marks;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::verdict::{CarrierPolicy, EmbargoPolicy};

#[test]
fn a_kill_and_a_correction_apply_in_either_order() {
    let first = "R1#978556838 reuters en \"CORRECTED-Ferry aground\" signal=edstat:c \
                 made=2026-11-23T10:00:00Z | @ferry @hurt";
    let kill = "R1#1542761538 reuters en \"CORRECTED-Ferry aground\" status=canceled \
                signal=edstat:d made=2026-11-23T10:51:00Z | Refer to the note.";
    let copy = "B1 baypress en \"Ferry\" | @ferry @hurt";
    wire(
        &format!("10:00 {first}\n10:10 {copy}\n10:51 {kill}"),
        expect![[r#"
          S1 opened
        R1: original; S1 of 1; pass yes
        B1: duplicate of R1 by equal-content; S1 of 2; pass repeat
        R1: withdrawal of R1 by canceled; pass yes
          withdrawn R1 by R1: carried by [B1]
    "#]],
    );
    wire(
        &format!("10:10 {copy}\n10:51 {kill}\n10:52 {first}"),
        expect![[r#"
              S1 opened
            B1: original; S1 of 1; pass yes
            R1: withdrawal; pass yes
              withdrawn unseen by R1: carried by []
            R1: duplicate of B1 by equal-content; S1 of 2; carries_withdrawn; pass held
              withdrawn R1 by R1: carried by [B1]
        "#]],
    );
}

#[test]
fn a_kill_of_an_article_not_seen_yet_waits_by_link_and_by_name() {
    wire(
        r#"
        10:30 K1 northwire en "KILL: Ferry aground off Marel" | Editors: kill it.
        10:31 K2 northwire en "Withdrawal" replaces=urn:x status=canceled | Editors: kill it.
        10:32 N1 northwire en "Ferry aground off Marel" made=2026-11-23T10:00:00Z | @ferry @hurt
        10:33 urn:x northwire en "Tolls" made=2026-11-23T10:05:00Z | @tolls @dredge
        10:40 N2 northwire en "Ferry aground off Marel" made=2026-11-23T10:39:00Z | @ferry @owner
        10:41 B1 baypress en "Ferry aground off Marel" made=2026-11-23T10:00:00Z | @owner @long
        "#,
        expect![[r#"
            K1: withdrawal; pass yes
              withdrawn unseen by K1: carried by []
            K2: withdrawal of urn:x by canceled; pass yes
              withdrawn urn:x by K2: carried by []
              S1 opened
            N1: original; S1 of 1; carries_withdrawn; pass held
              withdrawn N1 by K1: carried by []
              S2 opened
            urn:x: original; S2 of 1; carries_withdrawn; pass held
              withdrawn urn:x by K2: carried by []
            N2: partial of N1 by shared-run; S1 of 1; carries_withdrawn; pass held
              withdrawn N1 by K1: carried by [N2]
            B1: partial of N2 by shared-run; S1 of 2; pass yes
        "#]],
    );
}

#[test]
fn a_vague_kill_needs_review_and_has_no_effect() {
    wire(
        r#"
        10:00 N1 northwire en "Ferry aground" slug=FERRY | @ferry @hurt
        10:10 N2 northwire en "Owner speaks" slug=FERRY | @owner @long
        10:20 N3 northwire en "KILL" slug=FERRY | Editors: kill it.
        10:30 N4 northwire en "KILL: Owner speaks" slug=FERRY | Editors: kill it.
        "#,
        expect![[r#"
              S1 opened
            N1: original; S1 of 1; pass yes
              S2 opened
            N2: original; S2 of 1; pass yes
            N3: withdrawal of N2 by kill; needs_review; pass yes
              withdrawn N2 by N3: carried by [], sure by 0.55
            N4: withdrawal of N2 by kill; pass yes
              withdrawn N2 by N4: carried by [], sure by 1.00
        "#]],
    );
}

#[test]
fn articles_that_left_the_window_are_still_identified() {
    let settings = Settings { window: Span::hours(24), ..Settings::default() };
    check(
        PASSAGES,
        Show::Verdicts,
        &settings,
        r#"
        20/10:00 N1#1 northwire en "Ferry aground off Marel" slug=FERRY | @ferry @hurt
        20/11:00 N2#1 northwire en "Tolls to rise" slug=TOLLS | @tolls @dredge
        20/12:00 N3#2 northwire en "Owner speaks" slug=OWNER | @owner
        20/13:00 N4#1 northwire en "Gash closed" | @long
        20/23:00 B1 baypress en "A ferry ran aground" | @ferry @hurt @long
        20/23:10 B2 hillnews en "Marel ferry" | @ferry @hurt
        21/22:05 N1#2 northwire en "KILL: Ferry aground off Marel" status=canceled | Editors: kill it.
        21/22:06 N1#1 northwire en "Ferry aground off Marel" made=2026-11-20T10:00:00Z | @ferry @hurt
        21/22:07 N4#1 northwire en "Gash closed" | @long
        21/22:10 K9 northwire en "KILL: Tolls to rise" | Editors: kill it.
        21/22:20 N3#1 northwire en "Owner" slug=OWNER | @owner
        21/22:30 N3#3 northwire en "Owner speaks up" slug=OWNER | @owner @long
        "#,
        expect![[r#"
              S1 opened
            N1: original; S1 of 1; pass yes
              S2 opened
            N2: original; S2 of 1; pass yes
              S3 opened
            N3: original; S3 of 1; pass yes
              S4 opened
            N4: original; S4 of 1; pass yes
            B1: expansion of N1 by contains; also expansion of N4 by contains; S1 of 2; pass yes
            B2: duplicate of N1 by equal-content; S1 of 3; pass repeat
              S4 merged into S1
              S2 closed at 1
              S3 closed at 1
            N1: withdrawal of N1 (past) by canceled; pass yes
              withdrawn N1 by N1: carried by [B1 B2], by identity
            N1: redelivery of N1 (past) by same-version; also duplicate of B2 by equal-content; also duplicate of N1 by equal-content; S1 of 2; carries_withdrawn late; pass held
              withdrawn N1 by N1: carried by [B1 B2]
            N4: redelivery of N4 (past) by same-version; also excerpt of B1 by contained; S1 of 2; pass repeat
            K9: withdrawal of N2 (past) by kill; pass yes
              withdrawn N2 by K9: carried by [], sure by 0.75, by identity
              S5 opened
            N3: update of N3 (past) by late-version; S5 of 1; pass repeat
            N3: update of N3 by new-version; also expansion of N4 by contains; also partial of B1 by shared-run; S5 of 2; pass yes
              superseded N3 by N3: newer-version
        "#]],
    );
    let short = Settings { window: Span::hours(24), identity: Span::hours(30), ..settings };
    check(
        PASSAGES,
        Show::Verdicts,
        &short,
        r#"
        20/10:00 N1#1 northwire en "Ferry aground off Marel" slug=FERRY | @ferry @hurt
        21/17:00 N1#2 northwire en "KILL: Ferry aground off Marel" status=canceled | Editors: kill it.
        "#,
        expect![[r#"
              S1 opened
            N1: original; S1 of 1; pass yes
              S1 closed at 1
            N1: withdrawal; pass yes
              withdrawn unseen by N1: carried by []
        "#]],
    );
}

/// One agency may occur under two names, so a unique uri is enough. But two agencies may both have
/// an item 7.
#[test]
fn an_article_that_left_the_window_is_found_by_unique_uri_under_another_provider() {
    check(
        PASSAGES,
        Show::Verdicts,
        &Settings { window: Span::hours(24), ..Settings::default() },
        r#"
        20/10:00 urn:nw:7#1 northwire en "Ferry aground off Marel" | @ferry @hurt
        20/10:05 urn:nw:8#1 northwire en "Silt to be removed" | @long
        20/10:10 7#1 northwire en "Tolls to rise" | @tolls @dredge
        21/22:00 urn:nw:7#2 nwdesk en "KILL: Ferry aground off Marel" status=canceled | Editors: kill it.
        21/22:05 urn:nw:8#2 nwdesk en "Silt to be removed soon" | @long @owner
        21/22:10 7#2 hillnews en "KILL: Rates to rise" status=canceled | Editors: kill it.
        "#,
        expect![[r#"
              S1 opened
            urn:nw:7: original; S1 of 1; pass yes
              S2 opened
            urn:nw:8: original; S2 of 1; pass yes
              S3 opened
            7: original; S3 of 1; pass yes
              S1 closed at 1
              S2 closed at 1
              S3 closed at 1
            urn:nw:7: withdrawal of urn:nw:7 (past) by canceled; pass yes
              withdrawn urn:nw:7 by urn:nw:7: carried by [], by identity
              S4 opened
            urn:nw:8: update of urn:nw:8 (past) by new-version; S4 of 1; pass yes
              superseded urn:nw:8 by urn:nw:8: newer-version
            7: withdrawal; pass yes
              withdrawn unseen by 7: carried by []
        "#]],
    );
}

#[test]
fn an_article_is_embargoed_until_the_clock_passes_the_end_of_the_embargo() {
    let held = r#"
        10:00 N1 northwire en "Tolls to rise" until=2026-11-23T11:00:00Z | @tolls @dredge
        10:01 N2#1 northwire en "Owner speaks" until=2026-11-23T11:00:00Z | @owner @long
        10:02 N3 northwire en "Ferry" until=2026-11-23T09:00:00Z | @ferry
        10:03 B1 baypress en "Tolls" until=2026-11-23T11:00:00Z | @tolls @dredge
        10:30 N2#2 northwire en "KILL: Owner speaks" status=canceled | Editors: kill it.
        11:00 N4 northwire en "Cars" | @hurt
        "#;
    wire(
        held,
        expect![[r#"
          S1 opened
        N1: original; S1 of 1; pass embargoed
          S2 opened
        N2: original; S2 of 1; pass embargoed
          S3 opened
        N3: original; S3 of 1; pass yes
        B1: duplicate of N1 by equal-content; S1 of 2; pass repeat
        N2: withdrawal of N2 by canceled; pass yes
          withdrawn N2 by N2: carried by []
          S4 opened
        N4: original; S4 of 1; pass yes
          lifted: line 1 goes on
          lifted: line 2 goes nowhere
    "#]],
    );
    let mut settings = Settings::default();
    settings.verdict.unique.embargoed = EmbargoPolicy::Pass;
    let pass = held.lines().take(2).collect::<Vec<_>>().join("\n");
    check(
        PASSAGES,
        Show::Verdicts,
        &settings,
        &pass,
        expect![[r#"
          S1 opened
        N1: original; S1 of 1; pass yes
    "#]],
    );
    let mut full = Settings::default();
    full.tuning.embargoed_max = 1;
    let two = held.lines().take(3).collect::<Vec<_>>().join("\n");
    check(
        PASSAGES,
        Show::Verdicts,
        &full,
        &two,
        expect![[r#"
          S1 opened
        N1: original; S1 of 1; pass embargoed
          S2 opened
        N2: original; S2 of 1; pass held
    "#]],
    );
}

#[test]
fn a_setting_decides_whether_carriers_of_withdrawn_text_are_held() {
    let story = r#"
        10:00 N1#1 northwire en "Ferry" | @ferry @hurt
        10:10 N1#2 northwire en "KILL: Ferry" status=canceled | Editors: kill it.
        10:20 B1 baypress en "Ferry and owner" | @ferry @owner @long
        "#;
    wire(
        story,
        expect![[r#"
          S1 opened
        N1: original; S1 of 1; pass yes
        N1: withdrawal of N1 by canceled; pass yes
          withdrawn N1 by N1: carried by []
        B1: partial of N1 by shared-run; S1 of 1; carries_withdrawn; pass held
          withdrawn N1 by N1: carried by [B1]
    "#]],
    );
    let mut settings = Settings::default();
    settings.verdict.unique.carrying = CarrierPolicy::Pass;
    check(
        PASSAGES,
        Show::Verdicts,
        &settings,
        story,
        expect![[r#"
          S1 opened
        N1: original; S1 of 1; pass yes
        N1: withdrawal of N1 by canceled; pass yes
          withdrawn N1 by N1: carried by []
        B1: partial of N1 by shared-run; S1 of 1; carries_withdrawn; pass yes
          withdrawn N1 by N1: carried by [B1]
    "#]],
    );
}

#[test]
fn a_shared_slug_and_figures_make_a_likely_carrier() {
    wire(
        r#"
        10:00 N1#1 northwire en "Ferry" slug=FERRY | @ferry @hurt
        10:10 B1 baypress en "Stuck in the fog" slug=FERRY | Off Marel 212 passengers sat on a stranded boat, and the drivers of 14 cars wondered whose insurance would pay for it.
        10:15 B2 hillnews en "Fog" slug=FERRY | A quiet day at the coast: 3 gulls, 12 boats.
        10:20 N1#2 northwire en "CORRECTED-Ferry" slug=FERRY | @ferry Nobody was hurt, but 41 cars slid from their places on the lower deck and two lorries lost their load of timber into the harbour basin.
        10:30 N1#3 northwire en "KILL: Ferry" slug=FERRY status=canceled | Editors: kill it.
        "#,
        expect![[r#"
              S1 opened
            N1: original; S1 of 1; pass yes
            B1: original; S1 of 2; pass yes
            B2: original; S1 of 3; pass yes
            N1: correction of N1 by new-version; S1 of 4; pass yes
              corrected N1 by N1: carried by [B1?]
              superseded N1 by N1: corrected
            N1: withdrawal of N1 by canceled; pass yes
              withdrawn N1 by N1: carried by []
        "#]],
    );
}

#[test]
fn a_killed_lead_is_replaced_and_the_story_is_updated() {
    check(
        PASSAGES,
        Show::Stories,
        &Settings::default(),
        r#"
        10:00 N1#1 northwire en "Ferry aground off Marel" | @ferry @hurt
        10:10 B1 baypress en "Ferry stuck off Marel" | @ferry @hurt @owner
        10:20 N1#2 northwire en "KILL: Ferry aground off Marel" status=canceled | Editors: kill it.
        10:21 H1 hillnews en "Tolls to rise" | @tolls @dredge
        "#,
        expect![[r#"
              S1 opened
            N1: S1 of 1
            B1: S1 of 2
              S1: 2 by 1, lead N1 (fullest-original)
            N1: no story
              S1: 1 by 1, lead B1 (only)
              S2 opened
            H1: S2 of 1
        "#]],
    );
}

#[test]
fn the_newest_versions_of_a_withdrawn_item_are_searched_up_to_the_limit() {
    let script = r#"
        10:00 R1#1 reuters en "Ferry aground" | @ferry @hurt
        10:05 B1 baypress en "Ferry" | @ferry @hurt
        10:10 R1#2 reuters en "Ferry: tolls" | @tolls @dredge
        10:12 B2 baypress en "Tolls" | @tolls @dredge
        10:20 R1#3 reuters en "KILL" status=canceled | Editors: kill it.
        "#;
    let run = |versions_searched_max, expected| {
        let mut settings = Settings::default();
        settings.tuning.versions_searched_max = versions_searched_max;
        check(PASSAGES, Show::Verdicts, &settings, script, expected).versions_unsearched
    };
    let unsearched = run(
        16,
        expect![[r#"
          S1 opened
        R1: original; S1 of 1; pass yes
        B1: duplicate of R1 by equal-content; S1 of 2; pass repeat
        R1: update of R1 by new-version; S1 of 3; pass yes
          superseded R1 by R1: newer-version
        B2: duplicate of R1 by equal-content; also update of R1 by new-version; S1 of 4; pass repeat
        R1: withdrawal of R1 by canceled; pass yes
          withdrawn R1 by R1: carried by [B1 B2]
    "#]],
    );
    assert_eq!(unsearched, 0);
    let unsearched = run(
        1,
        expect![[r#"
          S1 opened
        R1: original; S1 of 1; pass yes
        B1: duplicate of R1 by equal-content; S1 of 2; pass repeat
        R1: update of R1 by new-version; S1 of 3; pass yes
          superseded R1 by R1: newer-version
        B2: duplicate of R1 by equal-content; also update of R1 by new-version; S1 of 4; pass repeat
        R1: withdrawal of R1 by canceled; pass yes
          withdrawn R1 by R1: carried by [B2]
    "#]],
    );
    assert_eq!(unsearched, 1, "one of two versions is not searched");
}

#[test]
fn a_kill_under_a_reused_uri_withdraws_only_the_article_that_it_refers_to() {
    wire(
        r#"
        10:00 1001 kestrel en "Ferry aground off Marel" | @ferry @hurt
        10:10 1001 baypress en "Tolls to rise" | @tolls @dredge
        10:20 1001 kestrel en "KILL: Ferry aground off Marel" status=canceled | Editors: kill it.
        10:30 1002 kestrel en "Ferry aground off Marel" | @owner
        10:40 1002 kestrel en "Silt to be removed" | @long
        10:50 1002 kestrel en "Kill" status=canceled | Editors: kill it.
        11:00 1003 baypress en "Gash closed" | @hurt @owner
        11:10 1003 kestrel en "Kill" status=canceled | Editors: kill it.
        11:20 1004 kestrel en "Kill" status=canceled | Editors: kill it.
        11:30 1004 baypress en "Divers at work" made=2026-11-23T10:00:00Z | @dredge @long
        "#,
        expect![[r#"
              S1 opened
            1001: original; S1 of 1; pass yes
              S2 opened
            1001: original; S2 of 1; needs_review reused_uri; pass yes
            1001: withdrawal of 1001 by canceled; pass yes
              withdrawn 1001 by 1001: carried by []
            1002: original; S1 of 1; pass yes
              S3 opened
            1002: original; S3 of 1; needs_review reused_uri; pass yes
            1002: withdrawal of 1002 by canceled; needs_review; pass yes
              withdrawn 1002 by 1002: carried by [], sure by 0.50
              S4 opened
            1003: recurring of 1002 by other-subject; also partial of 1001 by shared-run; S4 of 1; carries_withdrawn; pass held
              withdrawn 1001 by 1001: carried by [1003]
            1003: withdrawal of 1003 by canceled; needs_review; pass yes
              withdrawn 1003 by 1003: carried by [1001 1002], sure by 0.50
            1004: withdrawal; pass yes
              withdrawn unseen by 1004: carried by []
            1004: expansion of 1002 by contains; also partial of 1001 by shared-run; S3 of 2; late; pass yes
        "#]],
    );
}

/// Provider, headline and body of an article.
type Report = (&'static str, &'static str, &'static str);

/// Whether the last of these articles carries withdrawn text.
fn last_carries_withdrawn(wire: &[Report]) -> bool {
    let (settings, key) = (Settings::default(), SamplingKey(1));
    let mut state = State::new(settings.clone(), key);
    let mut last = false;
    for ((provider, headline, body), offset) in wire.iter().zip(0..) {
        let stamp = EventTime(1_790_000_000_000 + offset * 60_000);
        let mut article = Article {
            uri: format!("a:{offset}"),
            provider: Some((*provider).into()),
            headline: (*headline).into(),
            body: Body::Plain((*body).into()),
            versioncreated: Some(stamp),
            ..Article::default()
        };
        article.marks = marks::read(&article, &[]);
        let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
        let events = state.apply(prepare(article, &settings, key), stamp, input).events;
        last = events.iter().any(|event| match &event.kind {
            EventKind::Classified(c) => c.verdict.flags.iter().any(|f| f == "carries_withdrawn"),
            EventKind::Withdrawn(radius) => radius.of.is_some(),
            _ => false,
        });
    }
    last
}

#[test]
fn boilerplate_shared_with_a_withdrawn_alert_does_not_hold_later_alerts() {
    const FERRY: &str = "A ferry with 212 people aboard has run aground off Marel, the coastguard \
        says. More on this as it comes, said the duty desk of the agency in Port Seltz.";
    const COURT: &str = "Judges in Oveland have freed the banker Ulf Kern on bail, a clerk says. \
        More on this as it comes, said the duty desk of the agency in Port Seltz.";
    const QUAKE: &str = "The ground shook under Anlow for a minute, residents report by telephone. \
        More on this as it comes, said the duty desk of the agency in Port Seltz.";
    let ferry = ("northwire", "Ferry runs aground off Marel", FERRY);
    let kill = ("northwire", "KILL: Ferry runs aground off Marel", "Editors: kill the story.");
    let quake = ("northwire", "Earth tremor felt at Anlow", QUAKE);
    let court = |provider| (provider, "Banker Kern freed in Oveland", COURT);
    assert!(!last_carries_withdrawn(&[ferry, kill, court("northwire")]));
    assert!(!last_carries_withdrawn(&[ferry, quake, kill, court("baypress")]));
    // A copy of the withdrawn alert.
    assert!(last_carries_withdrawn(&[ferry, kill, ("baypress", "Ferry off Marel", FERRY)]));
}
