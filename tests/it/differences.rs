//! Scenarios for the words that two similar texts do not share. They can show a different subject,
//! reverse the meaning, or be in the headline. Boilerplate must not count as any of these.

use crate::script::{Show, check};
use expect_test::{Expect, expect};
use wirefold_engine::Settings;

const PASSAGES: &str = "
fined = was fined by the court at Port Seltz on Tuesday for driving without insurance and ordered to pay costs and a surcharge. The papers were out of date, the court heard, and the licence was endorsed.
wall = You have read your last free story this month. Join thousands of readers who support our newsroom and get every story, podcast and crossword.
verdict = of taking bribes on Thursday after long talks. The court had heard that he let ships load at night without papers. He sat still as the verdict was read.
share = of its shares. The dividend is payable on the first of the month to holders of record on the last of this month, the board said.
closes = The harbour board of Marel voted on Tuesday to close the northern quay for repairs after divers found cracks in four of its piers. Ferries will use the southern quay until the work is done.
sperrt = Der Hafenrat von Marel hat am Dienstag beschlossen, den nördlichen Kai zu sperren, nachdem Taucher Risse in vier Pfeilern gefunden hatten. Die Fähren legen bis zum Ende der Arbeiten am südlichen Kai an.
cierra = La junta del puerto de Marel decidió el martes cerrar el muelle norte después de que unos buzos hallaran grietas en cuatro de sus pilares. Los transbordadores usarán el muelle sur hasta que acaben las obras.
";

fn wire(wire: &str, want: Expect) {
    check(PASSAGES, Show::Verdicts, &Settings::default(), wire, want);
}

#[test]
fn different_names_in_the_same_places_are_a_different_subject() {
    wire(
        r#"
        10:00 c-1 northwire en "In court" | Una Birch, of Quay Street, @fined
        10:04 c-2 northwire en "In court" | Odo Reed, of Mill Lane, @fined
        10:08 c-3 baypress en "In court" | Ivo Lark, of Church Row, @fined
        10:12 c-4 baypress en "In court" | Odo Reed, of Mill Lane, @fined
        "#,
        expect![[r#"
              S1 opened
            c-1: original; S1 of 1; pass yes
            c-2: recurring of c-1 by other-subject; S1 of 2; pass yes
              S2 opened
            c-3: recurring of c-1 by other-subject; also recurring of c-2 by other-subject; S2 of 1; pass yes
            c-4: duplicate of c-2 by equal-content; also recurring of c-1 by other-subject; S1 of 3; pass repeat
        "#]],
    );
}

#[test]
fn a_stub_under_a_different_headline_is_a_different_subject() {
    wire(
        r#"
        10:00 w-1 bay en "Ferry runs aground off Marel" | @wall
        10:04 w-2 bay en "Mayor of Obersund resigns" | @wall
        10:08 w-3 bay en "Mayor of Obersund resigns" | @wall
        "#,
        expect![[r#"
              S1 opened
            w-1: original; S1 of 1; pass yes
              S2 opened, follows S1
            w-2: recurring of w-1 by other-subject; S2 of 1; pass yes
            w-3: duplicate of w-2 by equal-content; also recurring of w-1 by other-subject; S2 of 2; pass repeat
        "#]],
    );
}

#[test]
fn notices_of_two_companies_do_not_correct_each_other() {
    wire(
        r#"
        10:00 d-1 northwire en "Osmia Labs sets quarterly dividend" | The board has set a dividend of 12 cents on each @share
        10:04 d-2 northwire en "Corvane Line sets quarterly dividend" | The board has set a dividend of 14 cents on each @share
        10:08 d-3 northwire en "Corvane Line sets quarterly dividend" | The board has set a dividend of 15 cents on each @share
        "#,
        expect![[r#"
              S1 opened
            d-1: original; S1 of 1; pass yes
              S2 opened, follows S1
            d-2: recurring of d-1 by other-subject; S2 of 1; pass yes
            d-3: correction of d-2 by unmarked; also recurring of d-1 by other-subject; S2 of 2; pass yes
              corrected d-2 by d-3: carried by []
              superseded d-2 by d-3: corrected
        "#]],
    );
}

#[test]
fn a_changed_number_word_is_a_correction_and_a_negation_by_another_desk_needs_review() {
    wire(
        r#"
        10:00 n-1 northwire en "Warehouse fire" | A fire in Port Seltz killed seven people on Monday night and injured several. A jury found him guilty @verdict
        10:05 n-2 northwire en "Warehouse fire" | A fire in Port Seltz killed nine people on Monday night and injured several. A jury found him guilty @verdict
        10:10 n-3 baypress en "Warehouse fire" | A fire in Port Seltz killed nine people on Monday night and injured several. A jury found him not guilty @verdict
        "#,
        expect![[r#"
              S1 opened
            n-1: original; S1 of 1; pass yes
            n-2: correction of n-1 by changed-words; S1 of 2; pass yes
              corrected n-1 by n-2: carried by []
              superseded n-1 by n-2: corrected
            n-3: reprint of n-2 by near-identical; also reprint of n-1 by near-identical; S1 of 3; changed_words needs_review; pass yes
        "#]],
    );
}

#[test]
fn in_a_short_text_one_new_word_is_enough_to_be_forwarded() {
    wire(
        r#"
        10:00 a-1 northwire en "Alert" | Bomb alert at Port Seltz station, police say. More follows as it comes from our desk.
        10:04 a-2 northwire en "Alert" | Bomb alert at Port Seltz station over, police say. More follows as it comes from our desk.
        10:08 a-3 northwire en "Alert" | Bomb alert at Port Seltz station over, police say. More follows as it comes from our desk.
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
            a-2: reprint of a-1 by near-identical; S1 of 2; changed_words; pass yes
            a-3: duplicate of a-2 by equal-content; also reprint of a-1 by near-identical; S1 of 3; pass repeat
        "#]],
    );
}

#[test]
fn a_different_headline_under_the_same_uri_is_a_new_version() {
    wire(
        r#"
        10:00 h-1 northwire en "Marel closes quay for six weeks" | @closes
        10:10 h-1 northwire en "Marel closes quay for nine weeks" | @closes
        10:20 h-1 northwire en "CORRECTED: Marel closes quay for nine weeks" | @closes
        10:30 h-1 northwire en "CORRECTED: Marel closes quay for nine weeks" | @closes
        "#,
        expect![[r#"
              S1 opened
            h-1: original; S1 of 1; pass yes
            h-1: update of h-1 by new-version; S1 of 2; pass yes
              superseded h-1 by h-1: newer-version
            h-1: correction of h-1 by new-version; also duplicate of h-1 by equal-content; S1 of 3; pass yes
              corrected h-1 by h-1: carried by []
              superseded h-1 by h-1: corrected
            h-1: redelivery of h-1 by same-version; also duplicate of h-1 by equal-content; S1 of 3; pass repeat
        "#]],
    );
}

#[test]
fn different_boilerplate_spelling_and_headlines_alone_are_not_news() {
    wire(
        r#"
        10:00 f-1 northwire en "Marel closes quay" | @closes
        10:04 f-2 northwire en "Quay of Marel shut" | PORT SELTZ, Nov 23 (Northwire) - @closes (Reporting by Ada Fenn; editing by Bo Oakes)
        10:08 f-3 baypress en "Board shuts quay" | The harbor board of Marel voted on Teusday to close the northern quay for repairs after divers found cracks in four of its piers. Ferries will use the southern quay until the work is done.
        "#,
        expect![[r#"
              S1 opened
            f-1: original; S1 of 1; pass yes
            f-2: duplicate of f-1 by equal-content; S1 of 2; pass repeat
            f-3: reprint of f-1 by near-identical; also reprint of f-2 by near-identical; S1 of 3; pass repeat
        "#]],
    );
}

/// A sentence at an edge is boilerplate only if it addresses the reader or names the sender.
#[test]
fn a_sentence_added_or_replaced_at_the_foot_is_news() {
    wire(
        r#"
        10:00 a-1 northwire en "Quay to close" | @closes Two divers were hurt.
        10:04 a-2 northwire en "Quay to close" | @closes No one was hurt.
        10:08 a-3 baypress en "Quay to close" | @closes Our reporters cover the coast every day.
        10:12 a-4 baypress en "Quay to close" | @closes This is a report by Northwire.
        10:20 l-1 northwire en "Long quay report" | @closes @verdict @share @fined
        10:24 l-2 northwire en "Long quay report" | @closes @verdict @share @fined Two people died.
        10:40 g-1 northwire de "Kai gesperrt" | @sperrt Zwei Taucher wurden verletzt.
        10:44 g-2 northwire de "Kai gesperrt" | @sperrt Verletzt wurde niemand.
        10:48 g-3 baypress de "Kai gesperrt" | @sperrt Unsere Redaktion freut sich auf Hinweise.
        11:00 s-1 northwire es "Cierran el muelle" | @cierra Dos buzos resultaron heridos.
        11:04 s-2 northwire es "Cierran el muelle" | @cierra Nadie resultó herido.
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
            a-2: reprint of a-1 by near-identical; S1 of 2; changed_words; pass yes
            a-3: reprint of a-1 by near-identical; also reprint of a-2 by near-identical; S1 of 3; pass repeat
            a-4: reprint of a-1 by near-identical; also reprint of a-2 by near-identical; also reprint of a-3 by near-identical; S1 of 4; pass repeat
            l-1: partial of a-1 by shared-run; also partial of a-2 by shared-run; also partial of a-4 by shared-run; also partial of a-3 by shared-run; S1 of 5; pass yes
            l-2: reprint of l-1 by near-identical; also partial of a-1 by shared-run; also partial of a-2 by shared-run; also partial of a-4 by shared-run; also partial of a-3 by shared-run; S1 of 6; changed_words; pass yes
              S2 opened
            g-1: original; S2 of 1; pass yes
            g-2: reprint of g-1 by near-identical; S2 of 2; changed_words; pass yes
            g-3: expansion of g-2 by contains; also reprint of g-1 by near-identical; S2 of 3; pass repeat
              S3 opened
            s-1: original; S3 of 1; pass yes
            s-2: reprint of s-1 by near-identical; S3 of 2; changed_words; pass yes
        "#]],
    );
}

/// An article that replaces only the lead of an earlier article about the same event is a copy of
/// that article, so it carries the withdrawn text.
#[test]
fn a_new_lead_over_the_same_report_is_no_other_subject() {
    wire(
        r#"
        10:00 n-1 northwire en "Cracks close northern quay of Marel" | The harbour master ordered all ships out of the northern basin before noon, and the pilots went home. @closes @verdict
        10:30 n-2 baypress en "Navy to help ferries after cracks close quay" | A navy tender will carry mail and medicine to the outer islands from Friday, the ministry of transport told reporters. @closes @verdict
        10:40 n-3 northwire en "KILL: Cracks close northern quay of Marel" | Please kill the report.
        10:50 n-4 hillnews en "Navy to help ferries after cracks close quay" | Islanders queued for bread and batteries on Wednesday evening while the shops still had some, the mayor said. @closes @verdict
        "#,
        expect![[r#"
              S1 opened
            n-1: original; S1 of 1; pass yes
            n-2: reprint of n-1 by near-identical; S1 of 2; changed_words; pass yes
            n-3: withdrawal of n-1 by kill; pass yes
              withdrawn n-1 by n-3: carried by [n-2], sure by 0.80
            n-4: reprint of n-1 by near-identical; also reprint of n-2 by near-identical; S1 of 2; carries_withdrawn changed_words; pass held
              withdrawn n-1 by n-3: carried by [n-4]
        "#]],
    );
}
