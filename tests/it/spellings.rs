//! Scenarios for figures. A number in another spelling is not a change; another month, currency or
//! scale is. A report about another numbered thing (`lot 14`), or about a later measurement of a
//! value, does not correct the earlier report.

use crate::script::{Show, check};
use expect_test::{Expect, expect};
use wirefold_engine::Settings;

const PASSAGES: &str = "
en = were moved from the old quay of Marel before the storm came in. The harbour master said that the ferries would sail again as soon as divers had looked at the piers.
de = wurden vor dem Sturm vom alten Kai in Marel gebracht. Der Hafenmeister sagte, die Fähren würden wieder fahren, sobald Taucher die Pfeiler untersucht hätten.
ru = вывезли со старого причала Мареля до начала шторма. Капитан порта сказал, что паромы снова выйдут в море, как только водолазы осмотрят опоры.
ja = が嵐の前にマレルの古い埠頭から運び出された。港長は、潜水士が橋脚を調べ次第、フェリーの運航を再開すると述べた。
";

fn wire(wire: &str, want: Expect) {
    check(PASSAGES, Show::Verdicts, &Settings::default(), wire, want);
}

#[test]
fn another_spelling_of_a_number_is_not_a_change() {
    wire(
        r#"
        10:00 a-1 northwire en "Quay cleared" | All of the 2,300 boats that had been lying there for weeks, which the insurers of the town say are worth 41 million pounds altogether, and with them 6 percent of the crews, @en
        10:04 a-2 northwire en "Quay cleared" | All of the 2300 boats that had been lying there for weeks, which the insurers of the town say are worth £41m altogether, and with them 6% of the crews, @en
        10:08 a-3 baypress en "Quay cleared" | All of the 2 300 boats that had been lying there for weeks, which the insurers of the town say are worth 41 million pounds altogether, and with them 6 per cent of the crews, @en
        10:20 b-1 northwire de "Kai geräumt" | Rund 7.400 Boote im Wert von 35 Millionen Euro @de
        10:24 b-2 northwire de "Kai geräumt" | Rund 7 400 Boote im Wert von 35 Mio. Euro @de
        10:28 b-3 baypress de "Kai geräumt" | Rund 7400 Boote im Wert von 35 Mio. Euro @de
        10:40 c-1 northwire ru "Причал освобожден" | Около 1800 лодок стоимостью 64 миллиона рублей @ru
        10:44 c-2 northwire ru "Причал освобожден" | Около 1 800 лодок стоимостью 64 млн рублей @ru
        10:48 c-3 baypress ru "Причал освобожден" | Около 1,8 тыс. лодок стоимостью 64 млн рублей @ru
        11:00 d-1 northwire ja "埠頭の退避完了" | 午前6時までに船3400隻@ja
        11:04 d-2 northwire ja "埠頭の退避完了" | 午前6時までに船3,400隻@ja
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
            a-2: reprint of a-1 by near-identical; S1 of 2; pass repeat
            a-3: reprint of a-1 by near-identical; also reprint of a-2 by near-identical; S1 of 3; pass repeat
              S2 opened
            b-1: original; S2 of 1; pass yes
            b-2: reprint of b-1 by near-identical; S2 of 2; pass repeat
            b-3: duplicate of b-2 by equal-content; also reprint of b-1 by near-identical; S2 of 3; pass repeat
              S3 opened
            c-1: original; S3 of 1; pass yes
            c-2: reprint of c-1 by near-identical; S3 of 2; pass repeat
            c-3: reprint of c-2 by near-identical; also reprint of c-1 by near-identical; S3 of 3; pass repeat
              S4 opened
            d-1: original; S4 of 1; pass yes
            d-2: duplicate of d-1 by equal-content; S4 of 2; pass repeat
        "#]],
    );
}

#[test]
fn a_changed_month_currency_or_scale_is_news() {
    wire(
        r#"
        10:00 a-1 northwire en "Quay cleared" | Boats worth 41 million pounds @en
        10:04 a-2 baypress en "Quay cleared" | Boats worth 41 million euros @en
        10:20 b-1 northwire de "Kai geräumt" | Die im April gebauten Boote @de
        10:24 b-2 baypress de "Kai geräumt" | Die im Mai gebauten Boote @de
        10:40 c-1 northwire ru "Причал освобожден" | Лодки стоимостью 64 миллиона рублей @ru
        10:44 c-2 baypress ru "Причал освобожден" | Лодки стоимостью 64 миллиарда рублей @ru
        11:00 d-1 northwire en "Boats on Thursday" | The boats that came on Thursday @en
        11:04 d-2 baypress en "Boats on Thursday" | The boats that came on Friday @en
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
            a-2: reprint of a-1 by near-identical; S1 of 2; changed_words needs_review; pass yes
              S2 opened
            b-1: original; S2 of 1; pass yes
            b-2: reprint of b-1 by near-identical; S2 of 2; changed_words needs_review; pass yes
              S3 opened
            c-1: original; S3 of 1; pass yes
            c-2: reprint of c-1 by near-identical; S3 of 2; changed_words needs_review; pass yes
            d-1: reprint of a-1 by near-identical; also reprint of a-2 by near-identical; S1 of 3; changed_words; pass yes
            d-2: reprint of d-1 by near-identical; also reprint of a-1 by near-identical; also reprint of a-2 by near-identical; S1 of 4; pass repeat
        "#]],
    );
}

#[test]
fn a_figure_that_names_a_thing_or_is_measured_again_corrects_nothing() {
    wire(
        r#"
        10:00 a-1 northwire en "Auction" | Lot 14, a carved oak chest, sold for 3,200 to a telephone bidder after a brief contest. The hammer fell to applause in the room.
        10:20 a-2 northwire en "Auction" | Lot 15, a carved oak chest, sold for 1,900 to a telephone bidder after a brief contest. The hammer fell to applause in the room.
        10:40 b-1 northwire de "Zählung" | Nach Auszählung von 12 Prozent der Stimmen liegt Karl Brandt mit 51,4 Prozent vorn, teilte die Kommission mit. Der Wahltag verlief ruhig.
        11:10 b-2 northwire de "Zählung" | Nach Auszählung von 37 Prozent der Stimmen liegt Karl Brandt mit 50,9 Prozent vorn, teilte die Kommission mit. Der Wahltag verlief ruhig.
        11:40 c-1 northwire es "Detenido en Marel" | Un hombre de 34 años fue detenido anoche en el puerto por robar combustible de un camión y sigue bajo custodia, dijo la policía local.
        12:00 c-2 northwire es "Detenido en Marel" | Un hombre de 51 años fue detenido anoche en el puerto por robar combustible de un camión y sigue bajo custodia, dijo la policía local.
        12:20 d-1 northwire ru "Лот продан" | Лот 14, резной дубовый сундук, продан на аукционе в Мареле покупателю по телефону после короткого спора. В зале раздались аплодисменты.
        12:40 d-2 northwire ru "Лот продан" | Лот 15, резной дубовый сундук, продан на аукционе в Мареле покупателю по телефону после короткого спора. В зале раздались аплодисменты.
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
              S2 opened, follows S1
            a-2: recurring of a-1 by later-reading; S2 of 1; pass yes
              S3 opened
            b-1: original; S3 of 1; pass yes
              S4 opened, follows S3
            b-2: recurring of b-1 by later-reading; S4 of 1; pass yes
              S5 opened
            c-1: original; S5 of 1; pass yes
              S6 opened, follows S5
            c-2: recurring of c-1 by later-reading; S6 of 1; pass yes
              S7 opened
            d-1: original; S7 of 1; pass yes
              S8 opened, follows S7
            d-2: recurring of d-1 by later-reading; S8 of 1; pass yes
        "#]],
    );
}

#[test]
fn a_changed_count_is_still_a_correction() {
    wire(
        r#"
        10:00 a-1 northwire en "Quay cleared" | In Lot Street 14 boats @en
        10:20 a-2 northwire en "Quay cleared" | In Lot Street 19 boats @en
        10:40 b-1 northwire de "Kai geräumt" | Insgesamt 14 Boote @de
        11:00 b-2 northwire de "Kai geräumt" | Insgesamt 19 Boote @de
        11:20 c-1 northwire es "Herida Ana Brito" | Ana Brito, de 34 años, fue herida anoche en el puerto al caer de un camión y sigue en el hospital de la ciudad, dijo la policía local.
        11:40 c-2 northwire es "Herida Ana Brito" | Ana Brito, de 43 años, fue herida anoche en el puerto al caer de un camión y sigue en el hospital de la ciudad, dijo la policía local.
        "#,
        expect![[r#"
              S1 opened
            a-1: original; S1 of 1; pass yes
            a-2: correction of a-1 by unmarked; S1 of 2; pass yes
              corrected a-1 by a-2: carried by []
              superseded a-1 by a-2: corrected
              S2 opened
            b-1: original; S2 of 1; pass yes
            b-2: correction of b-1 by unmarked; S2 of 2; pass yes
              corrected b-1 by b-2: carried by []
              superseded b-1 by b-2: corrected
              S3 opened
            c-1: original; S3 of 1; pass yes
            c-2: correction of c-1 by unmarked; S3 of 2; pass yes
              corrected c-1 by c-2: carried by []
              superseded c-1 by c-2: corrected
        "#]],
    );
}
