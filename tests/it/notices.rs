//! Tests notices that refer to an article of their sender by the headline they quote: corrections
//! without the corrected text, and kills in the words of an agency. News with the same words is not
//! a notice.

use wirefold_engine::Settings;
use wirefold_engine::article::{Article, Body, EventTime, InputPosition, NoticeOrder};
use wirefold_engine::event::EventKind;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::marks;
use wirefold_engine::prepare::prepare;
use wirefold_engine::state::State;
use wirefold_engine::verdict::Kind;

const BODY: &str = "The harbour master of Marel closed the northern quay on Tuesday after divers \
    had found cracks in nine of its pillars. Ferries will use the southern quay until May.";

fn article(uri: &str, headline: &str, body: &str) -> Article {
    let mut article = Article {
        uri: uri.into(),
        provider: Some("Northwire".into()),
        headline: headline.into(),
        body: Body::Plain(body.into()),
        ..Article::default()
    };
    article.marks = marks::read(&article, &[]);
    article
}

/// The kind of the last article, and the uri to which it relates.
fn last(wire: Vec<Article>) -> (Kind, Option<String>) {
    let (settings, key) = (Settings::default(), SamplingKey(1));
    let mut state = State::new(settings.clone(), key);
    let mut last = None;
    for (article, offset) in wire.into_iter().zip(0..) {
        let stamp = EventTime(1_790_000_000_000 + offset * 60_000);
        let input = InputPosition { topic: "wire".into(), partition: 0, offset, item: 0 };
        for event in state.apply(prepare(article, &settings, key), stamp, input).events {
            if let EventKind::Classified(classified) = event.kind {
                let relation = &classified.verdict.relation;
                last = Some((relation.kind, relation.of.as_ref().map(|of| of.key.uri.clone())));
            }
        }
    }
    last.unwrap()
}

#[test]
fn a_correction_may_quote_the_headline_of_its_article() {
    for (headline, body) in [
        (
            "Correction: Marel quay story",
            "In a Nov. 20 story headlined \"@\", Northwire gave a wrong number of pillars. Nine are cracked.",
        ),
        (
            "CORRECTION",
            "An earlier version of the article \"@\" gave a wrong date. It was Tuesday.",
        ),
        ("Corrections and clarifications", "The article \"@\" gave the wrong name of the quay."),
        (
            "BC-CORRECTION-Marel",
            "In a story Nov. 20 about ferries (\"@\"), Northwire named the wrong quay.",
        ),
        (
            "Berichtigung",
            "In der Meldung „@“ muss es im ersten Absatz richtig heißen: neun Pfeiler (nicht: sechs).",
        ),
        ("Rectificatif", "Dans notre dépêche « @ », il faut lire : neuf piliers (et non six)."),
        ("Fe de errores", "En la noticia «@» se decía por error que eran seis pilares; son nueve."),
        ("Errata corrige", "Nell'articolo \"@\" i pilastri sono nove, non sei."),
        ("Correção", "Na notícia \"@\", deve ler-se nove pilares e não seis."),
        (
            "Rectificatie",
            "In het bericht \"@\" stond dat zes pijlers scheuren hebben; het zijn er negen.",
        ),
        ("Поправка", "В сообщении «@» следует читать: девять опор (вместо шести)."),
        ("Sprostowanie", "W depeszy „@” błędnie podano liczbę filarów. Prawidłowo: dziewięć."),
        ("Rättelse", "I artikeln \"@\" angavs fel antal pelare. Nio har sprickor."),
        ("Düzeltme", "“@” başlıklı haberimizde sütun sayısı altı değil dokuz olacaktı."),
        ("訂正", "記事「@」の第1段落で「六本」とあるのは「九本」の誤りでした。"),
        ("更正", "稿件《@》第一段中“六根”应为“九根”,特此更正。"),
        ("Đính chính", "Trong bản tin “@”, số trụ bị nứt là chín chứ không phải sáu."),
    ] {
        let title = "Marel closes its northern quay";
        let notice = article("n", headline, &body.replace('@', title));
        let other = || {
            article("o", "Seltz opens a second bridge", "Seltz opened its second bridge on Monday.")
        };
        let (kind, of) = last(vec![article("a", title, BODY), other(), notice.clone()]);
        assert_eq!((kind, of.as_deref()), (Kind::Correction, Some("a")), "{headline}");
        // Another provider's headline, or a name that is not a headline, is not corrected.
        let mut foreign = article("a", title, BODY);
        foreign.provider = Some("Seltz Gazette".into());
        assert_ne!(last(vec![foreign, other(), notice]).0, Kind::Correction, "{headline}");
    }
}

#[test]
fn kills_are_recognized_in_the_words_of_each_agency() {
    let title = "Marel closes its northern quay";
    for (headline, body) in [
        ("@ <Withdrawn>", "The following story has been withdrawn: \"@\". Reasons: legal."),
        (
            "Note to editors",
            "We have withdrawn the article \"@\" published earlier today. We ask clients to remove it from their sites.",
        ),
        (
            "Rückzug: @",
            "Bitte verwenden Sie unsere Meldung „@“ nicht mehr. Die Angaben sind falsch.",
        ),
        ("Stornierung: @", "Die Agentur storniert die Meldung „@“. Bitte löschen Sie den Text."),
        (
            "Nota de anulación",
            "NW anula la noticia \"@\" emitida a las 08:00. Rogamos disculpen las molestias.",
        ),
        (
            "ANULADA: @",
            "Rogamos a nuestros abonados que anulen la noticia titulada \"@\". No debe ser utilizada.",
        ),
        (
            "AVVISO AI CLIENTI",
            "La notizia \"@\" trasmessa alle 8.00 è da considerarsi annullata. Si prega di non pubblicarla.",
        ),
        ("Ingetrokken bericht", "Redacties: het bericht \"@\" is ingetrokken. Gebruik het niet."),
        ("ANULACJA DEPESZY: @", "Prosimy o niewykorzystywanie depeszy „@”."),
        ("WYCOFANO: @", "Depesza „@” została wycofana. Prosimy o usunięcie jej z serwisów."),
        ("ANULOWANO: @", "Prosimy o anulowanie depeszy „@”. Depeszy nie należy publikować."),
        ("DİKKAT İPTAL", "Abonelerimizin dikkatine: “@” başlıklı haber iptal edilmiştir."),
        ("سحب: @", "تسحب الوكالة الخبر المعنون \"@\" وترجو عدم نشره."),
        ("撤稿:@", "各用户请注意:稿件《@》因内容有误现予撤销,请勿采用。"),
        ("撤稿：@", "各用户请注意：本社今日播发的《@》一稿因内容有误，现予以撤销，请勿采用。"),
        ("HỦY TIN: @", "Kính đề nghị các đơn vị không sử dụng tin “@” do có sai sót."),
        (
            "Återkallas: @",
            "NW återkallar artikeln \"@\". Vi ber redaktionerna att inte publicera den.",
        ),
    ] {
        let notice = article("n", &headline.replace('@', title), &body.replace('@', title));
        assert_eq!(notice.marks.order, Some(NoticeOrder::Kill), "{headline}: {body}");
        let (kind, of) = last(vec![article("a", title, BODY), notice]);
        assert_eq!((kind, of.as_deref()), (Kind::Withdrawal, Some("a")), "{headline}");
    }
}

#[test]
fn news_about_withdrawals_and_corrections_is_no_notice() {
    for (headline, body) in [
        (
            "Withdrawn: the medicine your doctor can no longer prescribe",
            "A heart medicine has been withdrawn by its maker. Please do not use any remaining tablets, the regulator said, and return them to a pharmacy.",
        ),
        (
            "Retracted: study on sleep",
            "The journal Marel Letters retracted the article \"Sleep and salt\" on Monday. Its data could not be verified.",
        ),
        (
            "Rückzug: Verlag stoppt Zeitschrift",
            "Der Verlag zieht die Zeitschrift „Kai“ zurück. Sie erscheint nicht mehr.",
        ),
        (
            "Stornierung: Reederei sagt Fahrten ab",
            "Die Reederei storniert alle Fahrten. Kunden sollen die Karten nicht mehr verwenden.",
        ),
        (
            "Anulada la boda del año",
            "La boda quedó anulada el viernes. Los novios no la celebrarán.",
        ),
        (
            "Annullato il concerto di Porto Selva",
            "È annullato il concerto di venerdì. Si prega di non recarsi all'arena.",
        ),
        (
            "Ingetrokken: vergunning voor windpark",
            "De provincie heeft de vergunning ingetrokken. De bouw mag niet beginnen.",
        ),
        (
            "Wycofano partię soku",
            "Producent wycofał partię soku. Prosimy nie pić soku, podała firma.",
        ),
        (
            "İptal: festival yapılmayacak",
            "Festival fırtına nedeniyle iptal edildi. Biletleri kullanmayınız.",
        ),
        ("撤销:法院撤销并购案批准", "法院20日裁定撤销监管机构的批准,公司表示将上诉。"),
        (
            "Hủy chuyến: hàng nghìn hành khách mắc kẹt",
            "Bốn mươi chuyến bay bị hủy vì bão, hành khách được đề nghị không sử dụng vé cũ.",
        ),
        (
            "Återkallas: 900 bilar",
            "Bilarna återkallas på grund av bromsfel. Ägarna ska inte använda dem.",
        ),
        (
            "Correction: house prices fall for third month",
            "Prices fell in a long overdue \"correction\", the lender said.",
        ),
    ] {
        let news = article("n", headline, body);
        assert_eq!(news.marks.order, None, "{headline}");
        let (kind, of) = last(vec![article("a", "Marel closes its northern quay", BODY), news]);
        assert_eq!((kind, of), (Kind::Original, None), "{headline}");
    }
}
