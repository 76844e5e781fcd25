//! Tests revision chains in the conventions of several agencies: how each agency marks alerts,
//! updates, corrections and kills, and the resulting verdicts.

use crate::script::{Show, check};
use expect_test::{Expect, expect};
use wirefold_engine::Settings;
use wirefold_engine::marks::{Mark, MarkPosition, MarkRule};

pub(crate) const PASSAGES: &str = "
ferry = A ferry with 212 people on board ran aground off Marel on Tuesday morning in thick fog, the coast guard said, and tugs were on their way.
hurt = Nobody was hurt, but 14 cars slid from their places on the lower deck and two lorries lost their load of timber into the harbour basin.
owner = The owner, Tideway Boats, said the captain had 30 years of experience and had passed the rock on the same course more than 4,000 times.
tolls = The harbour board will raise tolls by 4 percent from May, its first rise in nine years, to pay for a new breakwater and two cranes.
dredge = Dredging of the northern channel begins in June and will take eleven weeks, during which larger ships must wait for the evening tide.
long = Divers who went down on Wednesday found a gash nine metres long below the waterline and closed it with steel plates before the flood came in again.
";

pub(crate) fn wire(wire: &str, want: Expect) {
    check(PASSAGES, Show::Verdicts, &Settings::default(), wire, want);
}

#[test]
fn reuters_alert_brief_updates_correction_and_withdrawal() {
    wire(
        r#"
        10:00 R1 reuters en "ALERT-Ferry aground off Marel" slug=FERRY-MAREL/ | Ferry aground off Marel, coast guard says
        10:02 R2 reuters en "BRIEF-Ferry aground off Marel, 212 on board" slug=FERRY-MAREL/ | @ferry
        10:20 R3 reuters en "UPDATE 1-Ferry aground off Marel" slug=FERRY-MAREL/_(UPDATE_1) | (Adds cars, detail) @ferry @hurt
        10:50 R4 reuters en "UPDATE 2-Ferry aground off Marel" slug=FERRY-MAREL/_(UPDATE_2,_PIX) | (Adds owner) @ferry @hurt @owner
        10:55 R5 reuters en "CORRECTED-UPDATE 2-Ferry aground off Marel" slug=FERRY-MAREL/_(UPDATE_2,_CORRECTED) | (Corrects number of cars in paragraph 2) @ferry Nobody was hurt, but 41 cars slid from their places on the lower deck and two lorries lost their load of timber into the harbour basin. @owner
        11:30 R6 reuters en "STORY WITHDRAWN-Ferry aground off Marel" slug=FERRY-MAREL/_(WITHDRAWN) | The story "CORRECTED-UPDATE 2-Ferry aground off Marel" is withdrawn. No substitute will be sent.
        "#,
        expect![[r#"
              S1 opened
            R1: original; S1 of 1; pass yes
            R2: original; S1 of 2; pass yes
            R3: update of R2 by marked; S1 of 3; pass yes
              superseded R2 by R3: newer-version
            R4: update of R3 by marked; also expansion of R2 by contains; S1 of 4; pass yes
              superseded R3 by R4: newer-version
            R5: correction of R4 by marked; also reprint of R3 by near-identical; also expansion of R2 by contains; S1 of 5; pass yes
              corrected R4 by R5: carried by [R3]
              superseded R4 by R5: corrected
            R6: withdrawal of R5 by kill; pass yes
              withdrawn R5 by R6: carried by [], sure by 1.00
        "#]],
    );
}

#[test]
fn ap_writethrus_share_a_slug_and_a_kill_names_the_slug_in_its_text() {
    wire(
        r#"
        10:00 A1 ap en "Ferry aground off Marel" slug=BC-NW--Ferry-Marel | @ferry
        10:30 A2 ap en "Ferry aground off Marel" slug=BC-NW--Ferry-Marel,_1st_Ld-Writethru note=Eds:_Adds_details. | @ferry @hurt
        11:00 A3 ap en "Captain knew the rock" slug=BC-NW--Ferry-Marel,_2nd_Ld-Writethru note=Eds:_Recasts. | @owner @hurt
        11:05 B1 baypress en "Captain knew the rock" credit=AP | @owner @hurt
        11:30 A9 ap en "Bulletin Kill" slug=BC-Kill-Advisory note=Editors:_Kill_BC-NW--Ferry-Marel,_2nd_Ld-Writethru._The_captain_was_misquoted. | Kill the story. A substitute will be sent.
        "#,
        expect![[r#"
              S1 opened
            A1: original; S1 of 1; pass yes
            A2: update of A1 by marked; S1 of 2; pass yes
              superseded A1 by A2: newer-version
            A3: update of A2 by marked; S1 of 3; pass yes
              superseded A2 by A3: newer-version
            B1: duplicate of A3 by equal-content; also update of A2 by marked; S1 of 4; pass repeat
            A9: withdrawal of A3 by kill; pass yes
              withdrawn A3 by A9: carried by [B1], sure by 0.75
        "#]],
    );
}

#[test]
fn afp_alerts_leads_and_an_annulment() {
    wire(
        r#"
        10:00 F1 afp fr "ALERTE: Un ferry s'échoue" slug=Marel-ferry-alerte | Un ferry s'échoue au large de Marel avec 212 personnes à bord, selon les gardes-côtes
        10:10 F2 afp fr "Un ferry s'échoue au large de Marel" slug=Marel-ferry-urgent | Un ferry transportant 212 personnes s'est échoué mardi matin au large de Marel dans un épais brouillard, ont indiqué les gardes-côtes, et des remorqueurs sont en route vers le navire.
        10:40 F3 afp fr "Un ferry s'échoue, pas de blessé" slug=Marel-ferry-lead note=ATTENTION_-_AJOUTE_détails_/// | Un ferry transportant 212 personnes s'est échoué mardi matin au large de Marel dans un épais brouillard, ont indiqué les gardes-côtes, et des remorqueurs sont en route vers le navire. Personne n'a été blessé mais quatorze voitures ont glissé sur le pont inférieur.
        11:00 F9 afp fr "ANNULATION" slug=Marel-ferry | Prière d'annuler « Un ferry s'échoue, pas de blessé ». Les autorités démentent.
        "#,
        expect![[r#"
              S1 opened
            F1: original; S1 of 1; pass yes
            F2: original; S1 of 2; pass yes
            F3: update of F2 by marked; S1 of 3; pass yes
              superseded F2 by F3: newer-version
            F9: withdrawal of F3 by kill; pass yes
              withdrawn F3 by F9: carried by [], sure by 1.00
        "#]],
    );
}

#[test]
fn dpa_holds_and_kills_quote_the_headline_and_a_release_undoes_a_hold() {
    wire(
        r#"
        10:00 D1 dpa de "Fähre vor Marel auf Grund" slug=Marel/Fähre | Eine Fähre mit 212 Menschen an Bord ist am Dienstagmorgen vor Marel im dichten Nebel auf Grund gelaufen, wie die Küstenwache mitteilte, und Schlepper sind unterwegs.
        10:05 B1 baypost de "Fähre auf Grund" | Eine Fähre mit 212 Menschen an Bord ist am Dienstagmorgen vor Marel im dichten Nebel auf Grund gelaufen, wie die Küstenwache mitteilte, und Schlepper sind unterwegs.
        10:20 D2 dpa de "1. Lead: Fähre vor Marel auf Grund" slug=Marel/Fähre | Eine Fähre mit 212 Menschen an Bord ist am Dienstagmorgen vor Marel im dichten Nebel auf Grund gelaufen, wie die Küstenwache mitteilte, und Schlepper sind unterwegs. Verletzt wurde niemand, doch auf dem unteren Deck rutschten vierzehn Autos weg.
        10:30 D8 dpa de "HOLD" slug=Hinweis | Bitte verwenden Sie die Meldung „Fähre vor Marel auf Grund“ vorerst nicht.
        10:35 B2 hafenblatt de "Fähre sitzt fest" | Eine Fähre mit 212 Menschen an Bord ist am Dienstagmorgen vor Marel im dichten Nebel auf Grund gelaufen, wie die Küstenwache mitteilte, und Schlepper sind unterwegs. Verletzt wurde niemand, doch auf dem unteren Deck rutschten vierzehn Autos weg.
        10:45 D9 dpa de "FREIGABE: Fähre vor Marel auf Grund" slug=Hinweis | Die Meldung „Fähre vor Marel auf Grund“ kann verwendet werden.
        10:50 B3 seltzer de "Fähre sitzt fest" | Eine Fähre mit 212 Menschen an Bord ist am Dienstagmorgen vor Marel im dichten Nebel auf Grund gelaufen, wie die Küstenwache mitteilte, und Schlepper sind unterwegs. Verletzt wurde niemand, doch auf dem unteren Deck rutschten vierzehn Autos weg.
        "#,
        expect![[r#"
              S1 opened
            D1: original; S1 of 1; pass yes
            B1: duplicate of D1 by equal-content; S1 of 2; pass repeat
            D2: update of D1 by marked; also expansion of B1 by contains; S1 of 3; pass yes
              superseded D1 by D2: newer-version
            D8: withdrawal of D2 by hold; pass yes
              withdrawn D2 by D8: carried by [B1], sure by 0.85
            B2: duplicate of D2 by equal-content; also update of D1 by marked; also expansion of B1 by contains; S1 of 2; carries_withdrawn; pass held
              withdrawn D2 by D8: carried by [B2]
            D9: withdrawal of D2 by release; pass yes
              superseded D2 by D9: released
            B3: duplicate of D2 by equal-content; also update of D1 by marked; also expansion of B1 by contains; S1 of 5; pass repeat
        "#]],
    );
}

#[test]
fn aap_and_cp_kills_name_the_slug() {
    wire(
        r#"
        10:00 C1 cp en "Ferry aground off Marel" slug=Ferry-Marel | @ferry @hurt
        10:05 P1 aap en "Tolls to rise at Seltz" slug=Harbour_Tolls | @tolls @dredge
        10:10 W1 webnews en "Seltz tolls" | @tolls @dredge
        10:30 C9 cp en "MANDATORY KILL: Ferry-Marel" | Mandatory kill. Editors, kill Ferry-Marel.
        10:40 P9 aap en "KILL KILL KILL" slug=Harbour_Tolls | Please kill the story slugged Harbour Tolls.
        "#,
        expect![[r#"
              S1 opened
            C1: original; S1 of 1; pass yes
              S2 opened
            P1: original; S2 of 1; pass yes
            W1: duplicate of P1 by equal-content; S2 of 2; pass repeat
            C9: withdrawal of C1 by kill; pass yes
              withdrawn C1 by C9: carried by [], sure by 0.75
            P9: withdrawal of P1 by kill; pass yes
              withdrawn P1 by P9: carried by [W1], sure by 0.75
        "#]],
    );
}

#[test]
fn marks_can_be_configured() {
    let rule = |place, pattern: &str, mark| MarkRule { place, pattern: pattern.into(), mark };
    let mut settings = Settings::default();
    settings.decode.marks = vec![
        rule(MarkPosition::Headline, "nueva versión #", Mark::Update),
        rule(MarkPosition::Note, "retírese", Mark::Kill),
    ];
    check(
        PASSAGES,
        Show::Verdicts,
        &settings,
        r#"
        10:00 S1 sur es "Ferry" slug=FERRY | @ferry
        10:30 S2 sur es "NUEVA VERSIÓN 2: Ferry" slug=FERRY | @ferry @hurt
        11:00 S3 sur es "Aviso" slug=FERRY note=Retírese_"Ferry" | Por error.
        "#,
        expect![[r#"
              S1 opened
            S1: original; S1 of 1; pass yes
            S2: update of S1 by marked; S1 of 2; pass yes
              superseded S1 by S2: newer-version
            S3: withdrawal of S2 by kill; pass yes
              withdrawn S2 by S3: carried by [], sure by 0.75
        "#]],
    );
}

#[test]
fn versions_are_ordered_by_the_times_in_them_or_by_claimed_times() {
    wire(
        r#"
        10:00 T1#20261123T100000Z atlas en "Tolls" | @tolls
        10:10 T1#20261123T101000Z atlas en "Tolls" | @tolls @dredge
        10:11 T1#20261123T100500Z atlas en "Tolls" | @tolls @ferry
        10:12 T1#20261123T100700Z atlas en "Tolls" | @dredge
        10:13 T1#20261123T101300Z atlas en "Tolls" | @tolls @dredge
        10:20 O1#978556838 reuters en "Ferry" made=2026-11-23T10:20:00Z | @owner
        10:30 O1#542761538 reuters en "Ferry" made=2026-11-23T10:30:00Z | @owner @hurt
        10:31 O1#999999999 reuters en "Ferry" made=2026-11-23T10:25:00Z | @owner @long
        "#,
        expect![[r#"
              S1 opened
            T1: original; S1 of 1; pass yes
            T1: update of T1 by new-version; S1 of 2; pass yes
              superseded T1 by T1: newer-version
            T1: update of T1 by late-version; also expansion of T1 by contains; S1 of 3; pass yes
            T1: update of T1 by late-version; S1 of 4; pass repeat
            T1: redelivery of T1 by same-text; also update of T1 by new-version; S1 of 4; pass repeat
              S2 opened
            O1: original; S2 of 1; pass yes
            O1: update of O1 by new-version; S2 of 2; pass yes
              superseded O1 by O1: newer-version
            O1: update of O1 by late-version; also expansion of O1 by contains; S2 of 3; pass yes
        "#]],
    );
}

#[test]
fn advisories_daybooks_budgets_and_takes_are_distinguished() {
    wire(
        r#"
        10:00 N1 northwire en "Ferry aground =1" slug=FERRY | @ferry @hurt
        10:01 N2 northwire en "Ferry aground =2" slug=FERRY | @owner @long
        10:02 N3 northwire en "Ferry aground =3" slug=FERRY | @tolls
        10:10 N4 northwire en "DAYBOOK: Tuesday" | @ferry @hurt
        10:11 N5 northwire en "NW News Budget" slug=news-budget | @owner @long
        10:12 N6 northwire en "ADVISORY-Ferry story to move at noon" | @ferry
        10:20 B1 baypress en "Ferry" | @ferry @hurt
        "#,
        expect![[r#"
              S1 opened
            N1: original; S1 of 1; pass yes
            N2: update of N1 by take; S1 of 2; pass yes
            N3: update of N2 by take; S1 of 3; pass yes
            N4: original; pass yes
            N5: original; pass yes
            N6: excerpt of N4 by contained; pass repeat
            B1: duplicate of N1 by equal-content; S1 of 4; pass repeat
        "#]],
    );
}

/// In a long chain of copies of copies, only the nearest copies and the first article are compared.
#[test]
fn the_nearest_copies_and_the_first_article_of_a_chain_are_reported() {
    let mut settings = Settings::default();
    settings.tuning.candidates.candidates_max = 2;
    settings.verdict.tuning.also_max = 1;
    check(
        PASSAGES,
        Show::Verdicts,
        &settings,
        r#"
        10:00 A1 ap en "Ferry aground" | @ferry @hurt @owner @tolls
        10:10 B1 bay en "Ferry runs aground" | @ferry @hurt @owner @dredge
        10:20 C1 coast en "Ferry hits rock" | @ferry @hurt @owner @dredge The pier is shut.
        10:30 D1 dock en "Ferry on rock" | @ferry @hurt @owner @dredge The pier is closed.
        10:40 E1 east en "Ferry waits" | @ferry @hurt @owner @dredge The pier is closed now.
        "#,
        expect![[r#"
              S1 opened
            A1: original; S1 of 1; pass yes
            B1: reprint of A1 by near-identical; S1 of 2; changed_words; pass yes
            C1: reprint of B1 by near-identical; also reprint of A1 by near-identical; S1 of 3; pass repeat
            D1: reprint of C1 by near-identical; also reprint of A1 by near-identical; S1 of 4; pass repeat
            E1: reprint of D1 by near-identical; also reprint of A1 by near-identical; S1 of 5; pass repeat
        "#]],
    );
}

#[test]
fn a_reused_uri_names_a_different_article() {
    wire(
        r#"
        10:00 1001 kestrel en "Ferry aground off Marel" | @ferry @hurt
        10:10 1001 baypress en "Tolls to rise" | @tolls @dredge
        10:20 1001 kestrel en "Owner speaks to reporters" | @owner @long
        10:30 1001 kestrel en "Ferry freed off Marel" | @ferry @hurt @dredge
        10:40 1001 baypress en "Tolls to rise" | @tolls @dredge
        10:50 1001 baypress en "Ferry aground off Marel" | @ferry @hurt
        "#,
        expect![[r#"
              S1 opened
            1001: original; S1 of 1; pass yes
              S2 opened
            1001: original; S2 of 1; needs_review reused_uri; pass yes
              S3 opened
            1001: original; S3 of 1; needs_review reused_uri; pass yes
            1001: update of 1001 by new-version; also partial of 1001 by shared-run; S1 of 2; pass yes
              superseded 1001 by 1001: newer-version
            1001: redelivery of 1001 by same-version; S2 of 1; pass repeat
            1001: redelivery of 1001 by same-version; S1 of 2; pass repeat
        "#]],
    );
}

#[test]
fn a_version_with_a_higher_number_may_have_a_different_text() {
    wire(
        r#"
        10:00 urn:x#2026-11-23T10:00:00Z kestrel en "Ferry aground" | @ferry @hurt
        10:10 urn:x#2026-11-23T10:10:00Z kestrel en "Owner speaks" | @owner @long
        10:20 7#1 kestrel en "Tolls to rise" | @tolls
        10:30 7#2 kestrel en "Silt removed" | @dredge
        "#,
        expect![[r#"
              S1 opened
            urn:x: original; S1 of 1; pass yes
            urn:x: update of urn:x by new-version; S1 of 2; pass yes
              superseded urn:x by urn:x: newer-version
              S2 opened
            7: original; S2 of 1; pass yes
            7: update of 7 by new-version; S2 of 2; pass yes
              superseded 7 by 7: newer-version
        "#]],
    );
}

#[test]
fn a_version_number_lower_than_one_sent_before_is_not_forwarded() {
    wire(
        r#"
        10:00 v#9 kestrel en "Ferry aground" | @ferry @hurt
        10:10 v#10 kestrel en "Ferry aground" | @ferry @owner
        10:20 v#2 kestrel en "Ferry aground" | @ferry @long
        10:30 w kestrel en "Tolls" made=2026-11-23T10:20:00Z | @tolls @dredge
        10:40 w kestrel en "Tolls" made=2026-11-23T10:10:00Z | @tolls @hurt
        "#,
        expect![[r#"
              S1 opened
            v: original; S1 of 1; pass yes
            v: update of v by new-version; S1 of 2; pass yes
              superseded v by v: newer-version
            v: update of v by late-version; also partial of v by shared-run; S1 of 3; pass repeat
              S2 opened
            w: original; S2 of 1; pass yes
            w: update of w by late-version; also partial of v by shared-run; S2 of 2; pass yes
        "#]],
    );
}
