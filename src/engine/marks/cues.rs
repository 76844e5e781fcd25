//! The words by which the text of an order is told from news, as data.
//!
//! A notice that orders something speaks of a story, an item, a dispatch, and says that it must not
//! be used or is withdrawn, often to editors by name. News uses the same verbs of other things.
//! Patterns are written as in the [`table`](super::table); languages are mixed because feeds mix
//! them.

/// What a cue says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cue {
    /// A word for an item of the wire.
    Story,
    /// A word for a text of any kind.
    Text,
    /// The provider of the article.
    Sender,
    /// The item must not be used.
    Forbid,
    /// The item may be used again.
    Permit,
    /// The item is withdrawn or to be withdrawn.
    Withdraw,
    /// The item is held or to be held.
    Suspend,
    /// Editors are addressed.
    Salute,
    /// A letter begins: `Dear customers,`.
    Greet,
    /// A request: `please`.
    Please,
    /// Why, or what follows: sent in error, a substitute.
    Reason,
    /// Only for the time being.
    Temporary,
    /// Something that goes with a story, or that a story is about, and that may itself be
    /// withdrawn.
    Aside,
}
use Cue::{
    Aside, Forbid, Greet, Permit, Please, Reason, Salute, Story, Suspend, Temporary, Text, Withdraw,
};

/// The cues.
#[rustfmt::skip]
pub(super) const CUES: &[(Cue, &[&str])] = &[
    (Story, &[
        "story", "stories", "dispatch", "writethru", "news item", "bc-", "slug", "slugged",
        "headlined", "meldung", "meldungen", "korrespondenz", "dépêche", "dépêches", "noticia",
        "noticias", "despacho", "teletipo", "notícia", "notizia", "lancio", "telegram",
        "telegrammet", "juttu", "juttua", "jutun", "uutinen", "uutista", "uutisen", "depesza",
        "depeszy", "depeszę", "новость", "稿", "此稿", "稿件", "该稿", "本稿", "原稿", "本記事", "この記事",
        "이 기사", "هذا الخبر", "البرقية", "haberi", "haberin", "haberimizi", "bu haber",
    ]),
    (Text, &[
        "report", "item", "items", "article", "copy", "version", "versions", "take", "bericht",
        "text", "papier", "information", "nota", "información", "peça", "servizio", "artikel",
        "historien", "historie", "artiklen", "saken", "sak", "meldingen", "artikkelen",
        "artikeln", "texten", "artikkeli", "artikkelia", "artikkelin", "tekstin", "tekst",
        "tekstu", "сообщение",
        "сообщения", "сообщением", "новости", "материал", "материала", "заметку", "消息", "記事",
        "기사", "기사를", "خبر", "الخبر", "التقرير", "القصة", "haber", "खबर", "समाचार", "zpráva",
        "zprávu", "hírt",
    ]),
    (Forbid, &[
        "do not use", "not to be used", "should not be used", "must not be used", "not be used",
        "do not publish", "not to be published", "should not be published", "not be published",
        "do not run", "not use", "not publish", "don't use", "refrain from using", "disregard",
        "is not used", "is not published", "not for use", "not run", "discard", "cease use",
        "remove it", "remove the", "not for publication", "no longer be used", "stop using",
        "nicht verwenden", "nicht verwendet", "meldung nicht", "bericht nicht", "bericht niet",
        "artikel niet", "nicht veröffentlichen", "nicht zu verwenden",
        "nicht benutzen", "nicht nutzen", "nicht publizieren", "nicht weiterverwenden",
        "nicht mehr verwenden", "gegenstandslos", "nicht weiterverbreiten",
        "ne pas utiliser", "ne plus utiliser", "ne pas publier", "ne pas tenir compte",
        "ne doit pas être utilisée", "ne pas diffuser", "de ne pas reprendre", "n'utilisez pas",
        "ne doit pas être publiée", "ne doit plus être utilisée",
        "no utilizar", "no utilicen", "no usar", "no publicar", "no publiquen", "no difundir",
        "no debe utilizarse", "no debe publicarse", "no hagan uso", "hagan caso omiso",
        "no tener en cuenta", "no usen", "se abstengan", "no la utilicen",
        "não utilizar", "não utilizem", "não usar", "não usem", "não publicar", "não publiquem",
        "não devem utilizar", "não deve ser utilizada", "não deve ser publicada", "desconsiderar",
        "não difundir", "não considerem",
        "non utilizzare", "non usare", "non pubblicare", "non utilizzate", "non diffondere",
        "non tenere conto", "non va utilizzata", "non deve essere utilizzata", "di non usarla",
        "niet gebruiken", "niet te gebruiken", "niet publiceren", "niet te publiceren",
        "niet worden gebruikt", "als niet verzonden", "niet gebruikt worden",
        "ikke bruge", "ikke bruges", "ikke anvendes", "ikke benyttes", "ikke brukes", "ikke bruk",
        "ikke bruke", "ikke publiser", "ikke publiseres", "må ikke publiceres",
        "ikke offentliggøres",
        "inte användas", "inte använda", "använd inte", "ej användas", "inte publiceras",
        "inte publicera", "ska inte publiceras",
        "ei saa käyttää", "älkää käyttäkö", "älä käytä", "ei tule käyttää", "ei pidä käyttää",
        "ei saa julkaista", "olla käyttämättä", "älkää julkaisko",
        "nie wykorzystywać", "nie używać", "nie publikować", "niewykorzystywanie",
        "o niepublikowanie", "nie należy wykorzystywać", "prosimy nie", "nie korzystać",
        "не использовать", "не публиковать", "не использовали", "считать недействительным",
        "не подлежит использованию", "не давать", "не распространять", "считать аннулированным",
        "请勿使用", "请勿采用", "请勿刊登", "不要使用", "勿用", "停止使用", "请不要采用", "請勿使用", "勿刊",
        "请停止使用", "请撤下", "请予撤",
        "使用しないで", "使用しない", "使わないで", "掲載しないで", "ご使用にならない", "使用を中止", "使用中止",
        "掲載を見合わせ", "使用をお控え", "ご使用をお控え", "取り消します", "取り消し致します",
        "사용하지 마", "사용하지 말", "사용을 금", "쓰지 마", "게재하지 마", "사용을 중단", "취소합니다", "삭제합니다",
        "사용하지 않",
        "عدم استخدام", "عدم نشر", "عدم اعتماد", "عدم الاستخدام", "لا تستخدموا", "عدم بث",
        "عدم استعمال",
        "kullanmayınız", "kullanmayın", "kullanılmaması", "yayımlamayınız", "kullanılmamalıdır",
        "dikkate almayınız", "yayınlamayınız", "kullanmamanızı",
        "इस्तेमाल न करें", "प्रयोग न करें", "उपयोग न करें", "प्रकाशित न करें", "nepoužívejte",
        "nepoužívat",
    ]),
    (Permit, &[
        "can be used", "may be used", "may now be used", "can now be used", "is released",
        "may be published", "can be published", "for use", "ok to use", "is cleared",
        "kann verwendet werden", "darf verwendet werden", "kann wieder verwendet",
        "können verwendet werden", "ist freigegeben", "wird freigegeben", "peut être utilisée",
        "peut être publiée", "puede utilizarse", "puede usarse", "puede publicarse",
        "pode ser utilizada", "pode ser usada", "può essere utilizzata", "può essere usata",
        "è utilizzabile", "kan worden gebruikt", "mag worden gebruikt", "kan bruges", "må bruges",
        "kan brukes", "får användas", "kan användas", "kan publiceras", "saa käyttää",
        "voi käyttää", "można wykorzystać", "można używać", "można wykorzystywać",
        "можно использовать", "разрешено к использованию", "разрешается использовать",
        "可以使用", "可使用", "使用できます", "使用可能", "使用して", "사용할 수 있", "사용 가능",
        "يمكن استخدام", "kullanılabilir", "hold is lifted", "hold ist aufgehoben",
    ]),
    (Withdraw, &[
        "withdrawn", "withdraws", "withdraw", "withdrawing", "killed", "kill", "kills", "killing",
        "löschen", "löscht", "ziehen",
        "eliminated", "eliminate", "retracted", "retracts", "retract", "cancelled", "canceled",
        "cancel", "annulled", "deleted", "delete", "spiked", "scrapped", "void",
        "zurückgezogen", "zieht", "zurückgenommen", "gestrichen", "streichen", "storniert",
        "annulliert", "ungültig", "annulée", "annuler", "annulez", "annule", "retirée", "retire",
        "anulada", "anulen", "anula", "anular", "anulamos", "retirada", "anulem", "cancelada",
        "annullata", "annullare", "annullate", "annulla", "ritirata", "ingetrokken", "vervalt",
        "intrekken", "vervallen", "annulleret", "annulleres", "annuller", "trukket", "trækkes",
        "udgår", "trekkes", "trekker", "makuleres", "makulert", "utgår", "stryk", "stryks",
        "återkallas", "återtas", "dras tillbaka", "drar tillbaka", "peruttu", "perutaan",
        "mitätöity", "poistettu", "vedetty", "perumme", "anulowana", "anulować", "anulujemy",
        "wycofana", "wycofujemy", "аннулируется", "аннулировано", "аннулировать", "отозвано",
        "отзывается", "снято", "снимается", "отменяется", "撤销", "撤回", "作废", "取消", "撤稿",
        "取り消", "取消", "撤回", "취소", "삭제", "철회", "폐기", "إلغاء", "الغاء", "سحب", "ملغى", "iptal",
        "geri çekil", "रद्द", "zrušena",
        "widerrufen", "stornieren", "annullieren", "retirons", "annulons", "supprimons",
        "retiramos",
        "cancelamos", "ritiriamo", "annulliamo", "trekken", "trækker", "tilbagekalder",
        "annullerer",
        "tilbakekaller", "återkallar", "stryker", "vedämme", "poistamme", "отзываем", "аннулируем",
        "снимаем", "نسحب", "نلغي", "geri çekiyoruz", "geri çekilmiştir", "geri çekildi",
        "stahujeme", "rušíme",
    ]),
    (Suspend, &[
        "hold", "withhold", "withheld", "held", "on hold", "suspended", "under review", "gesperrt",
        "zurückhalten", "zurückgehalten", "suspendue", "en suspens", "suspendre", "retengan",
        "retener", "retenida", "en suspenso", "suspendida", "reter", "retida", "suspensa",
        "sospesa", "sospendere", "trattenere", "aanhouden", "vasthouden", "tilbageholdes",
        "holdes tilbake", "hålls", "stoppas", "pidätetty", "pitäkää", "wstrzymana", "wstrzymać",
        "wstrzymujemy", "приостановлено", "задержать", "приостанавливается", "暂缓", "暂停", "保留",
        "見合わせ", "보류", "تعليق", "تجميد", "bekletin", "bekletilmesi", "beklemede",
    ]),
    (Salute, &[
        "editors", "eds", "members", "attention editors", "note to editors", "news editors",
        "subscribers", "attn", "clients", "redaktionen", "redaktion", "rédactions", "rédaction",
        "abonnés", "redacciones", "redacción", "abonados", "redações", "redações", "redazioni",
        "redacties", "redaktioner", "redaksjoner", "redaksjonene", "redaktionerna", "toimitukset",
        "toimituksille", "redakcje", "redakcji", "редакций", "редакции", "редакциям", "编辑", "各媒体",
        "用户", "編集者", "各社", "편집자", "데스크", "المحررين", "المشتركين", "editörler", "abonelerimiz",
        "संपादक",
    ]),
    (Greet, &[
        "dear", "sehr geehrte", "geehrte", "liebe", "werte", "verehrte", "guten tag", "cher",
        "chers",
        "chère", "chères", "mesdames", "madame", "estimados", "estimadas", "estimado", "apreciados",
        "queridos", "prezados", "prezadas", "caros", "caras", "exmos", "estimadíssimos", "gentili",
        "cari", "egregi", "spettabili", "geachte", "beste", "kære", "kjære", "bästa", "bäste",
        "hej",
        "hei", "hyvät", "arvoisat", "hyvä", "szanowni", "drodzy", "уважаемые", "дорогие", "vážení",
        "tisztelt", "sayın", "değerli", "尊敬的", "各位", "お客様各位", "関係各位", "编辑部", "고객 여러분",
        "구독자 여러분", "السادة", "الزملاء", "عملاءنا", "प्रिय",
    ]),
    (Please, &[
        "please", "kindly", "bitte", "prière", "veuillez", "merci de", "se ruega", "rogamos",
        "por favor", "pede-se", "pedimos", "si prega", "preghiamo", "gelieve", "graag", "bedes",
        "vennligst", "venligst", "var vänlig", "vänligen", "pyydämme", "prosimy", "просим",
        "请", "ください", "お願い", "바랍니다", "주십시오", "يرجى", "الرجاء", "نرجو", "lütfen", "rica",
        "कृपया",
    ]),
    (Reason, &[
        "sent in error", "issued in error", "moved in error", "in error", "sent by mistake",
        "transmitted in error", "no substitute", "substitute story", "a substitute",
        "no replacement",
        "replacement story", "a replacement", "cannot be confirmed", "could not be confirmed",
        "could not be verified", "is wrong", "was wrong", "is inaccurate", "is incorrect",
        "irrtümlich", "versehentlich", "auf einem irrtum", "ersatz folgt", "kein ersatz",
        "par erreur",
        "por error", "por engano", "por erro", "per errore", "abusievelijk", "bij vergissing",
        "ved en fejl", "ved en feil", "av misstag", "erehdyksessä", "vahingossa", "virheellisesti",
        "omyłkowo", "błędnie", "по ошибке", "ошибочно", "误发", "有误", "誤って", "誤配信", "잘못",
        "بالخطأ", "خطأ", "sehven", "yanlışlıkla", "गलती से",
    ]),
    (Temporary, &[
        "until further notice", "for now", "for the time being", "pending", "bis auf weiteres",
        "vorerst", "zunächst", "jusqu'à nouvel", "pour l'instant", "hasta nuevo aviso",
        "de momento", "até nova", "fino a nuov", "per ora", "voorlopig", "indtil videre",
        "inntil videre", "foreløpig", "foreløbig", "tills vidare", "toistaiseksi", "do odwołania",
        "до особого", "временно", "暂时", "暂缓", "当面", "일시", "حتى إشعار", "مؤقتا", "ikinci bir",
        "şimdilik",
    ]),
    (Aside, &[
        "photo", "photos", "picture", "pictures", "image", "images", "graphic", "graphics", "map",
        "chart", "charts", "table", "video", "videos", "audio", "clip", "caption", "captions",
        "headline", "quote", "link", "illustration", "bill", "tender", "statement", "offer", "bid",
        "motion", "charge", "charges", "lawsuit", "ballot", "proposal", "drug", "product",
        "products", "recall", "permit", "licence", "license", "appeal", "complaint", "candidate",
        "foto", "fotos", "bild", "bilder", "grafik", "grafiken", "karte", "tabelle",
        "photographie", "infographie", "carte", "gráfico", "gráficos", "mapa", "vídeo", "imagen",
        "imagem", "grafico", "mappa", "immagine", "afbeelding", "grafiek", "kaart", "billede",
        "billedet", "bilde", "bildet", "bilden", "kartan", "kuva", "kuvan", "grafiikka", "zdjęcie",
        "zdjęcia", "grafika", "фото", "фотография", "снимок", "график", "карта", "видео", "图片",
        "照片", "图表", "视频", "写真", "図表", "映像", "地図", "사진", "그래픽", "영상", "صورة", "الصورة",
        "فيديو", "رسم", "fotoğraf", "görsel", "grafik", "तस्वीर", "फोटो",
    ]),
];
