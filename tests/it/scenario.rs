//! Scenarios for verdicts: each test applies a small wire and compares all events with the expected
//! ones.

use crate::script::{Show, check};
use expect_test::{Expect, expect};
use wirefold_engine::Settings;

const PASSAGES: &str = "
bridge = The old bridge at Port Seltz will stay closed until spring after divers found deep cracks in two of its seven pillars, the harbour office said on Tuesday.
detour = Lorries must take the northern road, which adds 40 minutes to the way, and the weekly market has been moved to the fairground.
mayor = Mayor Ada Fenn said the town had set aside 12 million crowns for the repairs and would ask the province for as much again.
storm = A storm with gusts of 140 kilometres an hour tore roofs from houses along the Velden coast overnight and left 30,000 homes without power.
crews = Crews from three districts were clearing trees from the coastal railway, where no trains are expected to run before Thursday morning.
rates = Money market rates on Friday: overnight 3.25 percent, one week 3.40 percent, one month 3.55 percent, three months 3.70 percent, one year 3.95 percent, all as quoted by dealers at noon.
fresh = A fisherman who has crossed it every day for thirty years said he had warned of the damage long before anybody cared to listen to him.
";

fn wire(wire: &str, want: Expect) {
    check(PASSAGES, Show::Verdicts, &Settings::default(), wire, want);
}

#[test]
fn copies_excerpts_and_expansions_of_a_report_are_recognized() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:05 bay-1 baypress en "Port Seltz loses its bridge" | @bridge @detour @mayor
        10:09 hill-1 hillnews en "Cracks close bridge" | @bridge @detour
        10:20 coast-1 coastdesk en "A town and its bridge" | @bridge @detour @mayor @fresh
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass repeat
            hill-1: excerpt of nw-1 by contained; also excerpt of bay-1 by contained; S1 of 3; pass repeat
            coast-1: expansion of nw-1 by contains; also expansion of bay-1 by contains; also expansion of hill-1 by contains; S1 of 4; pass yes
        "#]],
    );
}

#[test]
fn a_passage_found_in_two_reports_is_an_excerpt_of_only_one() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge as the yearly report of the harbour office on roads and bridges put it @detour
        10:05 bay-1 baypress en "Storm hits coast" | @storm as the yearly report of the harbour office on roads and bridges put it @crews @fresh
        10:20 hill-1 hillnews en "Report" | the yearly report of the harbour office on roads and bridges
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
              S2 opened
            bay-1: original; S2 of 1; pass yes
            hill-1: excerpt of nw-1 by contained; also partial of bay-1 by common-passage; S1 of 2; pass repeat
        "#]],
    );
}

#[test]
fn a_reprint_a_day_later_needs_more_similarity() {
    let report = |time: &str| {
        format!(
            r#"
        20/12:00 nw-1 northwire en "Selby sells notes" | Selby Ironworks said it had filed with the market office to sell convertible notes due in nine years. The proceeds will pay for a new furnace, it said. The company named Oakes and Partners as lead manager of the sale, which is open to holders of its shares until the end of May.
        {time} nw-2 northwire en "Tarn sells notes" | Tarn Shipping said it had filed with the market office to sell convertible notes due in nine years. Half will go to repay a loan of its parent, it said. The company named Fenn Brothers as lead manager of the sale, which is open to holders of its shares until the end of June.
        "#
        )
    };
    wire(
        &report("20/13:00"),
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
              S2 opened, follows S1
            nw-2: recurring of nw-1 by other-subject; S2 of 1; pass yes
        "#]],
    );
    wire(
        &report("21/13:00"),
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
              S2 opened
            nw-2: partial of nw-1 by shared-run; S2 of 1; pass yes
        "#]],
    );
}

#[test]
fn a_recurring_table_is_not_a_copy() {
    wire(
        r#"
        20/12:00 mm-1 northwire en "Money market rates" | @rates
        21/12:00 mm-2 northwire en "Money market rates" | Money market rates on Friday: overnight 3.35 percent, one week 3.45 percent, one month 3.65 percent, three months 3.75 percent, one year 4.05 percent, all as quoted by dealers at noon.
        "#,
        expect![[r#"
              S1 opened
            mm-1: original; S1 of 1; pass yes
              S2 opened, follows S1
            mm-2: recurring of mm-1 by figures-differ; S2 of 1; pass yes
        "#]],
    );
}

#[test]
fn one_changed_figure_is_a_correction_by_the_same_desk_and_needs_review_by_another() {
    wire(
        r#"
        10:00 st-1 northwire en "Storm hits coast" | @storm @crews
        10:30 st-2 baypress en "Storm hits coast" | @storm @crews
        11:00 st-3 northwire en "Storm hits coast" | A storm with gusts of 104 kilometres an hour tore roofs from houses along the Velden coast overnight and left 30,000 homes without power. @crews
        11:10 st-4 hillnews en "Storm hits coast" | A storm with gusts of 140 kilometres an hour tore roofs from houses along the Velden coast overnight and left 3,000 homes without power. @crews
        "#,
        expect![[r#"
              S1 opened
            st-1: original; S1 of 1; pass yes
            st-2: duplicate of st-1 by equal-content; S1 of 2; pass repeat
            st-3: correction of st-1 by unmarked; also reprint of st-2 by other-figures; S1 of 3; pass yes
              corrected st-1 by st-3: carried by [st-2]
              superseded st-1 by st-3: corrected
            st-4: reprint of st-1 by other-figures; also reprint of st-2 by other-figures; also recurring of st-3 by most-figures-differ; S1 of 4; carries_uncorrected changed_numbers needs_review; pass held
              corrected st-1 by st-3: carried by [st-4]
        "#]],
    );
}

#[test]
fn a_text_with_two_of_few_figures_changed_by_another_provider_is_recurring() {
    wire(
        r#"
        10:00 rt-1 northwire en "Bank rated" | Seltz Ratings raised the senior debt of Velden Bank to grade 2 from grade 3 and its notes to 4 from 5 on a scale of 9, citing the sale of its ferries.
        10:05 rt-2 baypress en "Bank rated" | Seltz Ratings raised the senior debt of Velden Bank to grade 6 from grade 7 and its notes to 4 from 5 on a scale of 9, citing the sale of its ferries.
        "#,
        expect![[r#"
              S1 opened
            rt-1: original; S1 of 1; pass yes
              S2 opened
            rt-2: recurring of rt-1 by many-figures-differ; S2 of 1; pass yes
        "#]],
    );
}

#[test]
fn a_few_repeated_words_do_not_make_a_template() {
    let says = |from: u32| -> String {
        let words =
            (0..60).map(|n| format!("{} {}", ["Port", "порт", "港"][n as usize % 3], from + n));
        words.collect::<Vec<_>>().join(" ")
    };
    wire(
        &format!(
            "10:00 mx-1 northwire en \"Ports\" | {}\n10:05 mx-2 baypress en \"Ports\" | {}",
            says(100),
            says(500)
        ),
        expect![[r#"
              S1 opened
            mx-1: original; S1 of 1; pass yes
              S2 opened
            mx-2: original; S2 of 1; pass yes
        "#]],
    );
}

#[test]
fn a_spliced_item_relates_to_both_sources() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @detour
        10:05 bay-1 baypress en "Storm on the coast" | @storm @crews
        10:30 web-1 scrapers en "Bridge news" | @bridge @storm
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
              S2 opened
            bay-1: original; S2 of 1; pass yes
            web-1: partial of nw-1 by shared-run; also partial of bay-1 by shared-run; S1 of 2; pass yes
        "#]],
    );
}

#[test]
fn versions_are_ordered_whatever_the_arrival_order() {
    wire(
        r#"
        10:00 nw-1#1 northwire en "Bridge closed" | @bridge
        10:10 nw-1#3 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        10:12 nw-1#2 northwire en "Bridge closed" | @bridge @detour
        10:13 nw-1#3 northwire en "Bridge closed until spring" | @bridge @detour @mayor
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            nw-1: update of nw-1 by new-version; S1 of 2; pass yes
              superseded nw-1 by nw-1: newer-version
            nw-1: update of nw-1 by late-version; also expansion of nw-1 by contains; S1 of 3; pass repeat
            nw-1: redelivery of nw-1 by same-version; also update of nw-1 by new-version; S1 of 3; pass repeat
        "#]],
    );
}

#[test]
fn marks_link_an_update_and_a_correction_to_the_revised_article() {
    wire(
        r#"
        10:00 a-1 northwire en "Bridge closed" slug=BRIDGE-SELTZ | @bridge
        10:20 a-2 northwire en "UPDATE 1-Bridge closed until spring" slug=BRIDGE-SELTZ | @bridge @mayor
        10:40 a-3 northwire en "CORRECTED-UPDATE 1-Bridge closed until spring" slug=BRIDGE-SELTZ | @bridge Mayor Ada Fenn said the town had set aside 21 million crowns for the repairs and would ask the province for as much again.
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
            a-2: update of a-1 by marked; S1 of 2; pass yes
              superseded a-1 by a-2: newer-version
            a-3: correction of a-2 by marked; also expansion of a-1 by contains; S1 of 3; pass yes
              corrected a-2 by a-3: carried by []
              superseded a-2 by a-3: corrected
        "#]],
    );
}

#[test]
fn a_kill_names_current_and_later_carriers() {
    wire(
        r#"
        10:00 nw-1#1 northwire en "Bridge closed until spring" | @bridge @mayor
        10:05 bay-1 baypress en "Bridge shut" | @bridge @mayor
        10:06 hill-1 hillnews en "Quote of the day" | @fresh @mayor
        10:07 velt-1 velt en "Storm" | @storm @crews
        10:30 nw-1#2 northwire en "KILL: Bridge closed until spring" status=canceled | Editors: please do not use. The report is withdrawn.
        10:45 late-1 latepost en "Bridge shut" | @bridge @detour
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass repeat
            hill-1: partial of nw-1 by shared-run; also partial of bay-1 by shared-run; S1 of 3; pass yes
              S2 opened
            velt-1: original; S2 of 1; pass yes
            nw-1: withdrawal of nw-1 by canceled; pass yes
              withdrawn nw-1 by nw-1: carried by [bay-1 hill-1]
            late-1: partial of nw-1 by shared-run; also partial of bay-1 by shared-run; S1 of 3; carries_withdrawn; pass held
              withdrawn nw-1 by nw-1: carried by [late-1]
        "#]],
    );
}

#[test]
fn a_kill_that_arrives_first_applies_to_the_article_when_it_arrives() {
    wire(
        r#"
        10:30 nw-1#2 northwire en "KILL: Bridge closed" status=canceled | Editors: please do not use.
        10:31 nw-1#1 northwire en "Bridge closed" made=2026-11-23T10:00:00Z | @bridge @mayor
        "#,
        expect![[r#"
            nw-1: withdrawal; pass yes
              withdrawn unseen by nw-1: carried by []
              S1 opened
            nw-1: original; S1 of 1; carries_withdrawn; pass held
              withdrawn nw-1 by nw-1: carried by []
        "#]],
    );
}

#[test]
fn a_kill_recognized_by_its_wording_finds_its_target_by_slug() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" slug=BRIDGE-SELTZ | @bridge @mayor
        10:05 bay-1 baypress en "Bridge shut" | @bridge @mayor
        10:30 nw-9 northwire en "STORY WITHDRAWN-Bridge closed until spring" slug=BRIDGE-SELTZ | Editors: the story is withdrawn.
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            bay-1: duplicate of nw-1 by equal-content; S1 of 2; pass repeat
            nw-9: withdrawal of nw-1 by kill; pass yes
              withdrawn nw-1 by nw-9: carried by [bay-1], sure by 1.00
        "#]],
    );
}

#[test]
fn a_withheld_article_is_held() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" status=withheld | @bridge @mayor
        10:10 nw-2 northwire en "Storm" | @storm
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass held
              S2 opened
            nw-2: original; S2 of 1; pass yes
        "#]],
    );
}

#[test]
fn a_kill_finds_its_target_by_headline_and_needs_review_if_the_providers_differ() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" | @bridge @mayor
        10:05 bay-1 baypress en "Storm on the coast" | @storm @crews
        10:30 nw-9 northwire en "KILL: Bridge closed until spring" | Editors: do not use.
        10:31 tw-9 tidewater en "KILL: Storm on the coast" | Editors: do not use.
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
              S2 opened
            bay-1: original; S2 of 1; pass yes
            nw-9: withdrawal of nw-1 by kill; pass yes
              withdrawn nw-1 by nw-9: carried by [], sure by 0.85
            tw-9: withdrawal of bay-1 by kill; needs_review; pass yes
              withdrawn bay-1 by tw-9: carried by [], sure by 0.35
        "#]],
    );
}

#[test]
fn a_second_wrapup_supersedes_only_the_first_wrapup() {
    wire(
        r#"
        10:00 nw-1 northwire en "Bridge closed until spring" slug=SELTZ | @bridge
        10:05 nw-2 northwire en "WRAPUP 1-Bridge and storm" slug=SELTZ | @bridge @storm
        10:30 nw-3 northwire en "WRAPUP 2-Bridge, storm and rates" slug=SELTZ | @crews @storm @rates
        "#,
        expect![[r#"
              S1 opened
            nw-1: original; S1 of 1; pass yes
            nw-2: expansion of nw-1 by contains; S1 of 2; changed_words; pass yes
            nw-3: update of nw-2 by marked; S1 of 3; pass yes
              superseded nw-2 by nw-3: newer-version
        "#]],
    );
}

#[test]
fn a_late_carrier_of_an_uncorrected_figure_is_named_and_held() {
    wire(
        r#"
        10:00 st-1 northwire en "Storm hits coast" | @storm @crews
        10:30 st-1#2 northwire en "CORRECTED-Storm hits coast" | A storm with gusts of 104 kilometres an hour tore roofs from houses along the Velden coast overnight and left 30,000 homes without power. @crews
        10:40 bay-1 baypress en "Roofs torn off" | @storm
        10:50 hill-1 hillnews en "Trains stand still" | @crews @mayor
        "#,
        expect![[r#"
              S1 opened
            st-1: original; S1 of 1; pass yes
            st-1: correction of st-1 by new-version; S1 of 2; pass yes
              corrected st-1 by st-1: carried by []
              superseded st-1 by st-1: corrected
            bay-1: excerpt of st-1 by contained; also partial of st-1 by shared-run; S1 of 3; carries_uncorrected; pass held
              corrected st-1 by st-1: carried by [bay-1]
            hill-1: partial of st-1 by shared-run; also partial of st-1 by shared-run; S1 of 4; pass yes
        "#]],
    );
}
