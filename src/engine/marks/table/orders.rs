//! The forms of orders: releases, kills and holds.

use super::Form::{Phrase, Word};
use super::sources::{AFP, AP, CP, DPA, EFE, ENGLISH, HABIT, IPTC, REUTERS};
use super::{Row, row};
use crate::marks::Mark::{Hold, Kill, Release};
use crate::marks::MarkPosition::{self, Body, Headline, InHeadline, Note, Signal, Slug};

/// The places where the heading of an order can be: the start or bracketed end of the headline, the
/// last words of the slug, the first line of the body.
const HEADING: &[MarkPosition] = &[Headline, Slug, Body];
/// The same places as [`HEADING`], and anywhere in headline and note.
const ANYWHERE: &[MarkPosition] = &[Headline, InHeadline, Slug, Note, Body];
const SIGNAL: &[MarkPosition] = &[Signal];

/// Releases come first, because they contain the words of holds.
#[rustfmt::skip]
pub(super) const ORDERS: &[Row] = &[
    // Releases of holds.
    row(Release, Phrase, ANYWHERE, (ENGLISH, DPA), &[
        "release of hold", "hold released", "hold is released", "hold lifted", "hold is lifted",
        "kill lifted", "release the hold", "withhold lifted", "release of withhold",
        "hold cancelled", "hold canceled", "kill cancelled", "kill canceled", "lift hold",
        "hold removed", "story released", "story cleared", "ok to use", "hold cleared",
    ]),
    row(Release, Phrase, ANYWHERE, ("dpa APA ATS", DPA), &[
        "hold aufgehoben", "sperre aufgehoben", "freigabe der meldung", "meldung freigegeben",
        "meldung wieder frei", "hold ist aufgehoben", "sperre ist aufgehoben",
    ]),
    row(Release, Phrase, ANYWHERE, ("AFP Belga ATS", HABIT), &[
        "suspension levée", "levée de suspension", "levée de la suspension", "dépêche utilisable",
        "dépêche rétablie", "dépêche libérée", "embargo technique levé",
    ]),
    row(Release, Phrase, ANYWHERE, ("EFE AFP", HABIT), &[
        "noticia liberada", "retención levantada", "noticia utilizable", "se levanta la retención",
        "suspensión levantada", "noticia restablecida",
    ]),
    row(Release, Phrase, ANYWHERE, ("ANSA Lusa", HABIT), &[
        "notizia utilizzabile", "notizia sbloccata", "sospensione revocata", "notizia ripristinata",
        "notícia libertada", "suspensão levantada", "notícia utilizável", "retenção levantada",
    ]),
    row(Release, Phrase, ANYWHERE, ("ANP Belga", HABIT), &[
        "bericht vrijgegeven", "hold opgeheven", "blokkade opgeheven", "bericht weer bruikbaar",
    ]),
    row(Release, Phrase, ANYWHERE, ("Ritzau NTB TT STT", HABIT), &[
        "hold ophævet", "telegram frigivet", "hold opphevet", "saken frigis", "saken er frigitt",
        "saken kan brukes", "artikeln frisläppt", "artikeln frigiven", "stoppet hävt",
        "juttu vapautettu", "käyttökielto poistettu",
    ]),
    row(Release, Phrase, ANYWHERE, ("PAP TASS Interfax", HABIT), &[
        "depesza zwolniona", "wstrzymanie odwołane", "blokada zniesiona", "запрет снят",
        "ограничение снято", "сообщение разрешено", "приостановка отменена",
    ]),
    row(Release, Phrase, ANYWHERE, ("Xinhua Kyodo Jiji Yonhap", HABIT), &[
        "恢复使用", "解除暂停", "解除缓发", "可以使用此稿", "保留解除", "配信再開", "使用可",
        "보류 해제", "보류해제", "사용 가능",
    ]),
    row(Release, Phrase, ANYWHERE, ("MENA AFP Anadolu", HABIT), &[
        "رفع الحظر عن الخبر", "رفع التعليق", "السماح باستخدام الخبر", "haber serbest",
        "haber kullanılabilir", "bekletme kaldırıldı",
    ]),
    row(Release, Word, HEADING, (ENGLISH, HABIT), &["release", "released"]),
    row(Release, Word, HEADING, ("dpa APA ATS", HABIT), &["freigabe", "freigegeben"]),
    row(Release, Word, HEADING, ("AFP EFE ANSA Lusa", HABIT), &[
        "libérée", "rétablie", "liberada", "sbloccata", "libertada", "ripristinata",
    ]),
    row(Release, Word, HEADING, ("ANP Ritzau NTB TT STT PAP", HABIT), &[
        "vrijgegeven", "frigivet", "frigitt", "frigis", "frisläppt", "frigiven", "vapautettu",
        "zwolniona",
    ]),
    row(Release, Phrase, SIGNAL, ("IPTC", IPTC), &["release"]),
    // Kills.
    row(Kill, Phrase, ANYWHERE, ("AP CP AAP dpa PTI", AP), &[
        "mandatory kill", "bulletin kill", "kill kill kill", "kill advisory", "kill notice",
        "bulletin elimination", "bulletin eliminate", "mandatory elimination", "urgent kill",
        "kill is mandatory", "elimination advisory",
    ]),
    row(Kill, Phrase, ANYWHERE, ("Reuters AP AFP Kyodo Xinhua", REUTERS), &[
        "story withdrawn", "story is withdrawn", "story has been withdrawn", "item withdrawn",
        "withdraws story", "story withdrawal",
    ]),
    row(Kill, Phrase, ANYWHERE, ("PA CP AAP PTI Yonhap Anadolu TASS", CP), &[
        "legal kill", "story killed", "story is killed", "kill story", "kill the story",
        "kills the story", "item killed", "copy killed", "story cancelled", "story canceled",
        "story retracted", "story deleted", "withdrawal of story", "legal withdrawal",
        "legal warning: kill", "copy withdrawn", "report withdrawn by agency",
        "please disregard and do not use", "disregard story", "disregard previous story",
        "news item withdrawn", "news item cancelled",
    ]),
    row(Kill, Word, HEADING, (ENGLISH, AP), &[
        "kill", "killed", "withdrawn", "withdrawal", "withdraw", "eliminate", "elimination",
        "eliminated", "retraction", "retracted", "retract", "story removed", "spiked", "cancel",
        "cancelled", "canceled", "cancellation", "delete", "deleted", "disregard", "do not use",
        "please do not use", "please disregard", "please kill", "please delete", "annul",
        "annulled", "scrapped", "scrap", "pulled", "revoked",
    ]),
    row(Kill, Phrase, ANYWHERE, ("AFP Belga ATS", AFP), &[
        "dépêche annulée", "avis d'annulation", "annulation de dépêche",
        "annulation de la dépêche", "annulation de notre dépêche", "prière d'annuler",
        "dépêche à annuler", "dépêche retirée", "info annulée", "information annulée",
        "article annulé", "texte annulé", "veuillez annuler", "merci d'annuler",
        "retrait de dépêche", "cette dépêche est annulée",
    ]),
    row(Kill, Word, HEADING, ("AFP Belga ATS", AFP), &[
        "annulation", "annulée", "annulé", "annule", "annuler", "annulez", "à annuler", "retrait",
        "retirée", "retiré", "supprimée", "suppression", "ne pas utiliser",
    ]),
    row(Kill, Phrase, ANYWHERE, ("EFE AFP", EFE), &[
        "noticia anulada", "anulen la noticia", "anulación de noticia", "anulación de la noticia",
        "anular noticia", "anular la noticia", "nota anulada", "despacho anulado",
        "información anulada", "noticia retirada", "anulen noticia", "teletipo anulado",
        "rogamos anulen", "queda anulada la noticia", "esta noticia queda anulada",
        "nota de anulación",
    ]),
    row(Kill, Word, HEADING, ("EFE AFP", EFE), &[
        "anulación", "anulada", "anulado", "anula", "anulen", "anular", "anulamos", "se anula",
        "retirada", "se retira", "eliminada", "no utilizar", "no usar", "no publicar",
    ]),
    row(Kill, Phrase, ANYWHERE, ("Lusa", HABIT), &[
        "notícia anulada", "anulação de notícia", "anulação da notícia", "anular notícia",
        "notícia retirada", "anulem a notícia", "despacho anulado", "texto anulado",
    ]),
    row(Kill, Word, HEADING, ("Lusa", HABIT), &[
        "anulação", "anulem", "anule-se", "cancelada", "cancelamento", "não utilizar", "não usar",
        "não publicar",
    ]),
    row(Kill, Phrase, ANYWHERE, ("ANSA", HABIT), &[
        "notizia annullata", "annullare notizia", "annullare la notizia", "notizia da annullare",
        "annullamento notizia", "annullamento della notizia", "annullate la notizia",
        "notizia ritirata", "lancio annullato", "annullare il lancio", "servizio annullato",
    ]),
    row(Kill, Word, HEADING, ("ANSA", HABIT), &[
        "annullare", "annullata", "annullato", "annulla", "annullamento", "annullate",
        "da annullare", "ritirata", "non utilizzare", "non usare", "da non utilizzare",
    ]),
    row(Kill, Phrase, ANYWHERE, ("dpa APA ATS", DPA), &[
        "meldung zurückgezogen", "meldung zurückgenommen", "meldung gestrichen", "bitte streichen",
        "meldung streichen", "meldung bitte streichen", "meldung storniert", "storno der meldung",
        "rückzug der meldung", "zurückziehung der meldung", "meldung wird zurückgezogen",
        "meldung ist zurückgezogen", "meldung annulliert", "kill-meldung", "bericht zurückgezogen",
        "meldung ungültig", "löschung der meldung",
    ]),
    row(Kill, Word, HEADING, ("dpa APA ATS", HABIT), &[
        "storno", "streichen", "streichung", "gestrichen", "zurückgezogen", "zurueckgezogen",
        "zurückziehung", "zurueckziehung", "rückzug", "rueckzug", "zurückgenommen", "annulliert",
        "annullierung", "storniert", "stornierung", "rückruf der meldung", "löschen", "gelöscht",
    ]),
    row(Kill, Phrase, ANYWHERE, ("ANP Belga", HABIT), &[
        "bericht vervalt", "bericht ingetrokken", "bericht vervallen", "intrekking bericht",
        "intrekken bericht", "bericht geannuleerd", "bericht wordt ingetrokken",
        "ingetrokken bericht", "vervallen bericht",
    ]),
    row(Kill, Word, HEADING, ("ANP Belga", HABIT), &[
        "ingetrokken", "intrekking", "vervalt", "vervallen", "geannuleerd", "annulering",
        "niet gebruiken", "annuleren", "intrekken",
    ]),
    row(Kill, Phrase, ANYWHERE, ("Ritzau", HABIT), &[
        "telegram annulleret", "telegrammet annulleres", "historien annulleres",
        "historien er annulleret", "historien trækkes tilbage", "telegram trukket tilbage",
        "artiklen udgår",
    ]),
    row(Kill, Word, HEADING, ("Ritzau", HABIT), &[
        "annulleret", "annulleres", "annullering", "annuller", "tilbagetrukket", "tilbagekaldt",
        "tilbagekaldes", "trukket tilbage", "trækkes tilbage", "udgår", "må ikke bruges",
    ]),
    row(Kill, Phrase, ANYWHERE, ("NTB", HABIT), &[
        "saken trekkes tilbake", "sak trekkes tilbake", "sak trukket", "saken trekkes",
        "saken er trukket", "saken er trukket tilbake", "meldingen trekkes", "melding trukket",
        "melding trekkes", "saken makuleres", "melding makuleres", "artikkelen trekkes",
    ]),
    row(Kill, Word, HEADING, ("NTB", HABIT), &[
        "trekkes", "trekkes tilbake", "trukket", "trukket tilbake", "makuleres", "makulert",
        "makulering", "annullert", "annulleres", "utgår", "tilbaketrukket", "skal ikke brukes",
        "må ikke brukes",
    ]),
    row(Kill, Phrase, ANYWHERE, ("TT", HABIT), &[
        "artikeln utgår", "texten utgår", "telegrammet utgår", "artikel utgår", "stryk texten",
        "stryk telegrammet", "stryk artikeln", "artikeln återkallas", "telegram återkallas",
        "texten återkallas", "artikeln dras tillbaka", "texten dras tillbaka", "text utgår",
        "artikeln stryks",
    ]),
    row(Kill, Word, HEADING, ("TT", HABIT), &[
        "utgår", "utgått", "stryk", "stryks", "struken", "återkallas", "återkallad", "återkallat",
        "återkallelse", "återtas", "dras tillbaka", "dragen", "annulleras", "annullerad",
        "makuleras", "makulerad", "tillbakadragen", "ska inte användas",
    ]),
    row(Kill, Phrase, ANYWHERE, ("STT", HABIT), &[
        "juttu peruttu", "uutinen peruttu", "juttu perutaan", "uutinen perutaan",
        "juttu mitätöity", "juttu poistettu", "juttu vedetty pois", "artikkeli peruttu",
        "perumme uutisen", "perumme jutun",
    ]),
    row(Kill, Word, HEADING, ("STT", HABIT), &[
        "peruttu", "perutaan", "peruutettu", "peruutus", "peruutetaan", "mitätöity", "mitätöidään",
        "mitätöinti", "vedetty pois", "vedetty", "poistettu", "poisto", "ei saa käyttää",
    ]),
    row(Kill, Phrase, ANYWHERE, ("PAP", HABIT), &[
        "depesza anulowana", "depesza anulata", "anulujemy depeszę", "depesza wycofana",
        "wycofujemy depeszę", "anulowanie depeszy", "wycofanie depeszy", "anulata depeszy",
        "prosimy anulować", "anulacja depeszy", "depeszę anulowano", "depeszę wycofano",
    ]),
    row(Kill, Word, HEADING, ("PAP", HABIT), &[
        "anulowana", "anulowany", "anulowano", "anulowanie", "anulata", "anulacja", "anulujemy",
        "anulować", "wycofana", "wycofany", "wycofano", "wycofanie", "wycofujemy",
        "unieważniona", "nie wykorzystywać", "do anulowania",
    ]),
    row(Kill, Phrase, ANYWHERE, ("TASS Interfax", HABIT), &[
        "сообщение аннулируется", "сообщение аннулировано", "сообщение отзывается",
        "сообщение отозвано", "новость аннулируется", "новость аннулирована", "новость отозвана",
        "аннулировать сообщение", "аннулирование сообщения", "просим аннулировать",
        "отзыв сообщения", "сообщение снимается", "сообщение снято", "отмена сообщения",
    ]),
    row(Kill, Word, HEADING, ("TASS Interfax", HABIT), &[
        "аннулируется", "аннулировано", "аннулирована", "аннулирован", "аннулирование",
        "аннуляция", "аннулировать", "отзывается", "отозвано", "отозвана", "отзыв", "снимается",
        "снято", "снята", "отменяется", "отменено", "отмена", "не использовать",
    ]),
    row(Kill, Phrase, ANYWHERE, ("Xinhua", HABIT), &[
        "撤稿通知", "撤销此稿", "撤回此稿", "稿件撤销", "稿件撤回", "撤销稿件", "撤回稿件", "此稿作废",
        "稿件作废", "此稿撤销", "取消此稿", "撤銷稿件", "停用此稿",
    ]),
    row(Kill, Word, HEADING, ("Xinhua", HABIT), &[
        "撤稿", "撤销", "撤銷", "撤回", "取消", "作废", "作廢", "停用", "删除",
    ]),
    row(Kill, Phrase, ANYWHERE, ("Kyodo Jiji", HABIT), &[
        "記事取り消し", "記事取消", "記事の取り消し", "配信取り消し", "配信取消", "全文取り消し", "全文取消",
        "全文削除", "記事削除", "原稿取り消し", "出稿取り消し", "記事を取り消し",
    ]),
    row(Kill, Word, HEADING, ("Kyodo Jiji", HABIT), &["取り消し", "取消し", "取消", "撤回", "削除"]),
    row(Kill, Phrase, ANYWHERE, ("Yonhap", HABIT), &[
        "전문취소", "전문 취소", "기사취소", "기사 취소", "기사삭제", "기사 삭제", "전문삭제", "전문 삭제",
        "기사 폐기", "기사철회", "기사 철회",
    ]),
    row(Kill, Word, HEADING, ("Yonhap", HABIT), &["취소", "삭제", "폐기", "철회"]),
    row(Kill, Phrase, ANYWHERE, ("MENA AFP", HABIT), &[
        "إلغاء خبر", "إلغاء الخبر", "خبر ملغى", "الخبر ملغى", "سحب خبر", "سحب الخبر", "يلغى الخبر",
        "برقية ملغاة", "إلغاء البرقية", "يرجى إلغاء الخبر", "الرجاء إلغاء الخبر", "تم سحب الخبر",
    ]),
    row(Kill, Word, HEADING, ("MENA AFP", HABIT), &[
        "إلغاء", "ملغى", "ملغي", "ملغاة", "سحب", "يلغى", "حذف",
    ]),
    row(Kill, Phrase, ANYWHERE, ("Anadolu", HABIT), &[
        "haber iptal", "haber iptali", "iptal haber", "haberi iptal", "haber geri çekildi",
        "haber iptal edildi", "haber iptal edilmiştir", "geçersiz haber", "haber yayından çekildi",
        "dikkat iptal", "iptal uyarısı",
    ]),
    row(Kill, Word, HEADING, ("Anadolu", HABIT), &[
        "iptal", "iptal edildi", "iptal edilmiştir", "geri çekildi", "geri çekilmiştir", "geçersiz",
    ]),
    row(Kill, Phrase, ANYWHERE, ("VNA", HABIT), &[
        "hủy tin", "hủy bản tin", "hủy bài viết", "rút tin", "rút bản tin", "rút bài viết",
        "thu hồi tin", "thu hồi bản tin", "thu hồi bài viết", "gỡ bản tin", "bản tin bị hủy",
        "tin này đã bị hủy", "bản tin này đã bị hủy",
    ]),
    row(Kill, Phrase, ANYWHERE, ("PTI", HABIT), &["खबर रद्द", "समाचार रद्द", "खबर वापस",
        "समाचार निरस्त"]),
    row(Kill, Word, HEADING, ("PTI", HABIT), &["रद्द", "निरस्त"]),
    row(Kill, Word, HEADING, ("CTK MTI Agerpres Ukrinform Hina", HABIT), &[
        "zrušeno", "zrušena", "stornováno", "visszavonva", "visszavonás", "törölve", "anulat",
        "анулюється", "анульовано", "відкликано", "poništeno", "povučeno",
    ]),
    row(Kill, Phrase, SIGNAL, ("IPTC AP Reuters", IPTC), &[
        "kill", "cancel", "cancelled", "canceled", "edstat:d", "withdrawn", "eliminate", "delete",
        "deleted", "remove", "retract",
    ]),
    // Holds.
    row(Hold, Phrase, ANYWHERE, ("dpa AP CP AAP", DPA), &[
        "hold hold hold", "bulletin withhold", "bulletin hold", "mandatory hold",
        "mandatory withhold", "hold advisory", "withhold advisory", "story on hold",
        "story withheld", "hold the story", "withhold the story", "hold story", "urgent hold",
        "withhold story", "legal hold", "story is on hold", "please hold the story",
        "please withhold the story",
    ]),
    row(Hold, Word, HEADING, (ENGLISH, AP), &[
        "hold", "withhold", "withheld", "on hold", "please hold", "hold for now",
    ]),
    row(Hold, Phrase, ANYWHERE, ("dpa APA ATS", HABIT), &[
        "bitte nicht verwenden", "bitte vorerst nicht verwenden", "vorerst nicht verwenden",
        "meldung gesperrt", "sperre der meldung", "meldung vorerst nicht", "meldung zurückhalten",
        "bitte zurückhalten",
    ]),
    row(Hold, Word, HEADING, ("dpa APA ATS", HABIT), &["sperre", "gesperrt", "nicht verwenden"]),
    row(Hold, Phrase, ANYWHERE, ("AFP Belga ATS", HABIT), &[
        "dépêche suspendue", "dépêche en suspens", "suspension de la dépêche",
        "prière de ne pas utiliser", "dépêche à suspendre", "suspendre la dépêche",
        "dépêche à retenir", "dépêche bloquée",
    ]),
    row(Hold, Word, HEADING, ("AFP Belga ATS", HABIT), &[
        "suspension", "suspendue", "suspendu", "en suspens", "suspendre", "à retenir",
    ]),
    row(Hold, Phrase, ANYWHERE, ("EFE AFP Lusa ANSA", HABIT), &[
        "noticia retenida", "noticia en suspenso", "retengan la noticia", "retener noticia",
        "retener la noticia", "noticia suspendida", "notícia suspensa", "notícia retida",
        "reter notícia", "reter a notícia", "notizia sospesa", "sospendere la notizia",
        "notizia in sospeso", "trattenere la notizia",
    ]),
    row(Hold, Word, HEADING, ("EFE AFP Lusa ANSA", HABIT), &[
        "retener", "retenida", "retengan", "en suspenso", "suspendida", "suspensa", "retida",
        "reter", "sospesa", "sospendere", "in sospeso", "trattenere",
    ]),
    row(Hold, Phrase, ANYWHERE, ("ANP Belga", HABIT), &[
        "bericht aanhouden", "bericht geblokkeerd", "bericht vasthouden", "bericht voorlopig niet",
    ]),
    row(Hold, Word, HEADING, ("ANP Belga", HABIT), &["aanhouden", "vasthouden", "geblokkeerd"]),
    row(Hold, Phrase, ANYWHERE, ("Ritzau NTB TT STT", HABIT), &[
        "telegram tilbageholdes", "historien tilbageholdes", "vent med historien",
        "saken holdes tilbake", "saken er stoppet", "vent med saken", "hold saken",
        "artikeln stoppas", "vänta med artikeln", "artikeln hålls", "artikeln stoppad",
        "juttu pidätetty", "pitäkää juttu", "juttu jäädytetty", "juttu keskeytetty",
    ]),
    row(Hold, Word, HEADING, ("Ritzau NTB TT STT", HABIT), &[
        "tilbageholdes", "tilbageholdt", "holdes tilbake", "stoppet", "stoppas", "stoppad",
        "vänta", "pidätetty", "odottaa", "jäädytetty", "keskeytetty",
    ]),
    row(Hold, Phrase, ANYWHERE, ("PAP TASS Interfax", HABIT), &[
        "depesza wstrzymana", "wstrzymujemy depeszę", "wstrzymać depeszę", "prosimy wstrzymać",
        "сообщение приостановлено", "сообщение задерживается", "задержать сообщение",
        "просим задержать", "просим не использовать до", "сообщение приостанавливается",
    ]),
    row(Hold, Word, HEADING, ("PAP TASS Interfax", HABIT), &[
        "wstrzymana", "wstrzymane", "wstrzymać", "wstrzymujemy", "приостановлено",
        "приостанавливается", "задержать", "задерживается", "придержать",
    ]),
    row(Hold, Phrase, ANYWHERE, ("Xinhua Kyodo Jiji Yonhap", HABIT), &[
        "暂停使用", "暂缓使用", "暂缓发布", "稿件暂缓", "此稿暂缓", "缓发通知", "記事保留", "配信保留",
        "使用保留", "配信見合わせ", "기사 보류", "기사보류", "사용 보류", "송고 보류",
    ]),
    row(Hold, Word, HEADING, ("Xinhua Kyodo Jiji Yonhap", HABIT), &[
        "暂缓", "缓发", "暂停", "保留", "見合わせ", "보류",
    ]),
    row(Hold, Phrase, ANYWHERE, ("MENA AFP Anadolu", HABIT), &[
        "تعليق الخبر", "تجميد الخبر", "وقف استخدام الخبر", "haber beklemede", "haberi bekletin",
        "haber bekletiliyor",
    ]),
    row(Hold, Word, HEADING, ("MENA AFP Anadolu", HABIT), &[
        "تعليق", "تجميد", "bekletin", "beklemede", "bekletiliyor",
    ]),
    row(Hold, Phrase, SIGNAL, ("IPTC", IPTC), &["hold", "withhold", "withheld"]),
];
