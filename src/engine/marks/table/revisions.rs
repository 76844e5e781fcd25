//! The forms of corrections, updates and repeats, of shapes such as alerts, and of takes.

use super::Form::{Phrase, Word};
use super::sources::{AFP, ANPA, AP, CP, DPA, EFE, ENGLISH, HABIT, IPTC, REUTERS};
use super::{Row, row};
use crate::marks::Mark::{
    Add, Advisory, Alert, Brief, Correction, Refile, Repeat, Roundup, Take, Update, Writethru,
};
use crate::marks::MarkPosition::{
    self, Body, Foot, Genre, Headline, InHeadline, Note, Signal, Slug,
};

const HEADLINE: &[MarkPosition] = &[Headline];
const SLUG: &[MarkPosition] = &[Slug];
const NOTE: &[MarkPosition] = &[Note];
const BODY: &[MarkPosition] = &[Body];
const FOOT: &[MarkPosition] = &[Foot];
const SIGNAL: &[MarkPosition] = &[Signal];

/// Corrections come first: a corrected update is a correction.
#[rustfmt::skip]
pub(super) const REVISIONS: &[Row] = &[
    // Corrections.
    row(Correction, Word, HEADLINE, (ENGLISH, REUTERS), &[
        "corrected", "correction", "corrective", "correct:", "corrects", "correcting",
        "clarification", "clarified", "clarifies", "clarifying", "corrections", "corr:", "corr-",
        "corrected version", "correction notice", "corrected-(official)", "fix-", "fixed-",
        "erratum", "errata", "correx", "corrected copy", "corrected repeat",
        "corrections and clarifications", "corrections & clarifications",
    ]),
    row(Correction, Phrase, &[InHeadline], (ENGLISH, REUTERS), &[
        "-corrected-", "-correction-", "(corrected)", "(correction)", "(corrects)", "(clarified)",
    ]),
    row(Correction, Phrase, SLUG, (ENGLISH, ANPA), &[
        "(corrected", ", corrected", ", correction", ", corrective", "(corrects", "(correction",
        "--correction-", ", clarification", "(clarified", "--clarification-",
    ]),
    row(Correction, Word, SLUG, ("AAP PA", HABIT), &["correction", "corrected", "corrective"]),
    row(Correction, Phrase, SIGNAL, ("IPTC AP Reuters dpa", IPTC), &[
        "correction", "corrected", "c", "edstat:c", "corrective", "clarification",
    ]),
    row(Correction, Phrase, NOTE, (ENGLISH, AP), &[
        "corrects", "correction:", "correcting", "correction of", "clarifies", "clarifying",
        "corrected version", "corrects spelling",
    ]),
    row(Correction, Phrase, NOTE, ("AFP EFE dpa ANSA Lusa", HABIT), &[
        "corrige", "corrigé", "rectifie", "rectifica", "berichtigt", "korrigiert", "berichtigung",
        "corregge", "korrektur", "retifica",
    ]),
    row(Correction, Phrase, BODY, (ENGLISH, REUTERS), &[
        "(corrects", "(correction", "(correcting", "(corrected", "(clarifies", "(clarifying",
        "(clarification", "(this story corrects", "(this version corrects", "this story corrects",
    ]),
    row(Correction, Phrase, BODY, ("AFP EFE dpa ANSA Lusa TASS PAP", HABIT), &[
        "(corrige", "(rectifie", "(rectifica", "attention - rectifie", "attention - corrige",
        "atención - corrige", "atención - rectifica", "attention - precise", "(berichtigt",
        "(korrigiert", "(berichtigung", "(korrektur", "(corregge", "(retifica", "(поправка",
        "(уточнение", "(исправлен", "(korekta", "(rättelse", "(rettelse", "(korjaus",
    ]),
    row(Correction, Phrase, FOOT, ("CP AP AFP Reuters PA", CP), &[
        "note to readers: this is a corrected story", "this is a corrected story",
        "this is a corrected version", "this story has been corrected",
        "this version has been corrected", "this version corrects", "this story corrects",
        "this article has been corrected", "this corrects", "this corrected version",
        "this report has been corrected", "this repeats and corrects",
    ]),
    row(Correction, Phrase, FOOT, ("AFP dpa EFE ANSA TT NTB Ritzau", HABIT), &[
        "ceci est une version corrigée", "cette version corrige", "cette dépêche a été corrigée",
        "dies ist eine korrigierte fassung", "die meldung wurde korrigiert",
        "in einer früheren version", "esta es una versión corregida",
        "esta noticia ha sido corregida", "questa è una versione corretta", "texten är rättad",
        "artikeln är rättad", "artikeln har rättats", "saken er rettet", "saken er korrigert",
        "artiklen er rettet",
    ]),
    row(Correction, Word, HEADLINE, ("dpa APA ATS", DPA), &[
        "berichtigung", "berichtigt", "berichtigte fassung", "korrektur", "korrigiert",
        "korrektur zu", "berichtigung zu",
        "korrigierte fassung", "korr", "korr.", "korr-bericht", "richtigstellung", "präzisierung",
        "klarstellung", "berichtigte version",
    ]),
    row(Correction, Phrase, &[Genre], ("dpa", DPA), &[
        "korr-bericht", "korrektur", "berichtigung", "correction", "corrective",
    ]),
    row(Correction, Word, HEADLINE, ("AFP Belga ATS", AFP), &[
        "rectificatif", "rectif", "rectifie", "rectification", "correctif", "corrigé", "corrigée",
        "corrige", "version corrigée", "erratum", "mise au point", "précision",
    ]),
    row(Correction, Word, HEADLINE, ("EFE AFP", EFE), &[
        "corrección", "corregido", "corregida", "corrige", "rectificación", "rectifica",
        "rectificado", "fe de erratas", "fe de errores", "aclaración", "versión corregida",
        "corrección de",
    ]),
    row(Correction, Word, HEADLINE, ("Lusa", HABIT), &[
        "correção", "corrigida", "corrigido", "retificação", "retifica", "versão corrigida",
    ]),
    row(Correction, Word, HEADLINE, ("ANSA", HABIT), &[
        "correzione", "rettifica", "corretta", "corretto", "rpt corretta", "ripetizione corretta",
        "errata corrige", "precisazione", "rpt. corretta", "r.corretta", "rpt corretto",
    ]),
    row(Correction, Word, HEADLINE, ("ANP Belga", HABIT), &[
        "rectificatie", "correctie", "rechtzetting", "verbeterd", "gecorrigeerd", "verbetering",
        "correctiebericht",
    ]),
    row(Correction, Word, HEADLINE, ("Ritzau NTB TT STT", HABIT), &[
        "rettelse", "rettet", "korrektion", "korrigeret", "berigtigelse", "præcisering",
        "korrigert",
        "korreksjon", "korrigering", "presisering", "rättelse", "rättad", "rättat", "korrigerad",
        "precisering", "korjaus", "korjattu", "oikaisu", "oikaistu", "korjattu versio", "täsmennys",
        "tarkennus", "genmæle",
    ]),
    row(Correction, Word, HEADLINE, ("VNA", HABIT), &["đính chính", "cải chính", "bản đã sửa"]),
    row(Correction, Word, HEADLINE, ("PAP", HABIT), &[
        "korekta", "sprostowanie", "poprawka", "poprawiona", "poprawiony", "errata",
    ]),
    row(Correction, Word, HEADLINE, ("TASS Interfax", HABIT), &[
        "исправленная версия", "исправлено", "исправлена", "исправление", "поправка", "уточнение",
        "уточненная версия", "уточняется", "уточнено", "с уточнением",
    ]),
    row(Correction, Word, HEADLINE, ("Xinhua Kyodo Jiji Yonhap", HABIT), &[
        "更正", "修正", "勘误", "更正通知", "更正稿", "訂正", "訂正版", "記事訂正", "おわび", "お詫び",
        "정정", "수정", "바로잡습니다", "고침", "바로잡기", "訂正・おわび",
    ]),
    row(Correction, Word, HEADLINE, ("MENA AFP Anadolu PTI", HABIT), &[
        "تصحيح", "تصويب", "استدراك", "خبر مصحح", "düzeltme", "düzeltilmiş", "düzeltildi", "düzelti",
        "सुधार", "शुद्धि", "संशोधित",
    ]),
    row(Refile, Word, HEADLINE, ("Reuters", REUTERS), &["refile", "refiled", "refiling"]),
    row(Refile, Phrase, BODY, ("Reuters", REUTERS), &["(refiles", "(refiled", "(refiling"]),
    row(Repeat, Word, HEADLINE, (ENGLISH, REUTERS), &[
        "rpt-", "rpt:", "rpt ", "repeat-", "repeat:", "repeating", "repetition",
    ]),
    row(Repeat, Word, HEADLINE, ("AFP EFE dpa ANSA", HABIT), &[
        "répétition", "repetición", "wiederholung", "ripetizione", "wdh", "wdhlg",
    ]),
    row(Repeat, Phrase, SIGNAL, ("IPTC", IPTC), &["repeat"]),
    row(Repeat, Phrase, BODY, ("Reuters", REUTERS), &["(repeats", "(repeating"]),
    // Updates.
    row(Writethru, Phrase, &[Headline, InHeadline, Slug], ("AP Xinhua Kyodo CP", AP), &[
        "@ ld-writethru", "ld-writethru", "@ writethru", "writethru", "@ ld writethru",
        "writethrough", "write-thru",
    ]),
    row(Writethru, Phrase, SLUG, ("AP Kyodo", ANPA), &[", @ ld"]),
    row(Writethru, Phrase, SIGNAL, ("IPTC AP", IPTC), &["writethru"]),
    row(Update, Phrase, SLUG, ("AP Kyodo", ANPA), &[
        ", @ sub", ", @ insert", ", @ pickup", ", @ pick-up", ", sub", ", insert",
    ]),
    row(Update, Word, HEADLINE, (ENGLISH, REUTERS), &[
        "update #", "update#", "updated #", "update:", "update-", "update", "updated:", "updated",
        "updates", "lead #", "lead:", "(lead)", "@ lead", "@ ld", "@ update", "substitute",
        "new version", "recast", "recasts", "adds", "@ roundup", "roundup #", "new:", "rewrite",
        "adds quotes", "adds details", "adds detail", "adds background", "adds comment",
        "replacement", "replaces",
    ]),
    row(Update, Phrase, &[InHeadline], (ENGLISH, AFP), &[
        "(update #)", "(@ lead)", "(lead)", "(update)", "(updated)", "(updates)", "(adds)",
        "(@ update)", "(new version)",
    ]),
    row(Update, Phrase, SLUG, (ENGLISH, HABIT), &[
        "(update #", ", @ lead", "-@lead", "-@ lead", "-lead#", "-lead", ", update", ", updated",
    ]),
    row(Update, Word, SLUG, ("AAP PA dpa", HABIT), &[
        "update", "@ update", "update #", "substitute", "@ lead", "@ ld", "lead #", "sub",
        "nightlead", "night lead", "rewrite", "recast",
    ]),
    row(Update, Phrase, SIGNAL, ("IPTC AP Reuters", IPTC), &[
        "update", "updated", "replace", "edstat:u", "substitute", "rectify",
    ]),
    row(Update, Phrase, NOTE, (ENGLISH, AP), &[
        "adds", "eds: updates", "recasts", "eds: subs", "updates with", "updates:", "eds: recasts",
        "eds: adds", "new throughout", "subs", "substitutes",
    ]),
    row(Update, Phrase, NOTE, ("AFP dpa APA EFE ANSA Lusa", HABIT), &[
        "ajoute", "actualise", "neu:", "neu in", "aktualisiert", "ergänzt", "erweitert",
        "actualiza", "añade", "amplía", "aggiunge", "aggiorna", "atualiza", "acrescenta",
        "aktualisierung",
    ]),
    row(Update, Phrase, BODY, (ENGLISH, REUTERS), &[
        "(adds ", "(updates ", "(recasts", "(updates, ", "(rewrites", "(writes through",
    ]),
    row(Update, Phrase, BODY, ("AFP Belga EFE dpa APA ANSA Lusa", HABIT), &[
        "(actualiza", "(actualise", "(ajoute", "(ampl", "(añade", "(neu: ", "(neu:", "(ergänzt",
        "(aktualisiert", "(erweitert", "attention - ajoute", "attention - actualise",
        "atención - añade", "atención - actualiza", "atención - amplía", "achtung - neu",
        "(aggiorna", "(aggiunge", "(atualiza", "(acrescenta", "n i e u w bericht",
        "nieuw bericht", "(aanvulling", "annule et remplace", "(annule et remplace",
        "mettre a jour", "(mise à jour",
    ]),
    row(Update, Phrase, BODY, ("TT NTB Ritzau STT PAP TASS Interfax", HABIT), &[
        "(uppdaterad", "(uppdatering", "(oppdatert", "(oppdaterer", "(opdateret", "(ny version",
        "(täydennetty", "(lisätty", "(päivitetty", "(dodaje", "(aktualizacja", "(uzupełnia",
        "(дополн", "(добавл", "(обновл",
    ]),
    row(Update, Word, HEADLINE, ("AFP Belga ATS", AFP), &[
        "annule et remplace", "mise à jour", "actualisation", "actualisé", "actualisée",
        "actualise",
        "complément", "version augmentée", "version actualisée", "ajoute", "nouveau", "@ lead",
        "lead général", "papier général", "avec détails", "version enrichie",
    ]),
    row(Update, Word, HEADLINE, ("dpa APA ATS", DPA), &[
        "aktualisierung", "aktualisiert", "ergänzung", "ergänzt", "neufassung", "neue fassung",
        "erweiterte fassung", "erweitert", "neu", "neue version", "aktualisierte fassung",
        "@ zusammenfassung", "zusammenfassung #", "überarbeitet", "überarbeitete fassung",
        "utl.:", "lead", "ergänzte fassung", "ersetzt", "neu durchgehend",
    ]),
    row(Update, Word, HEADLINE, ("EFE AFP", EFE), &[
        "actualización #", "actualización", "actualiza", "actualizada", "actualizado", "ampliación",
        "amplía", "ampliada", "amp.", "amp.-", "ampl.", "act.", "sustituye", "nueva versión",
        "añade", "anula y reemplaza", "anula y sustituye", "versión ampliada",
    ]),
    row(Update, Word, HEADLINE, ("ANSA", HABIT), &[
        "aggiornamento", "aggiorna", "aggiornata", "aggiornato", "annulla e sostituisce",
        "nuova versione", "riscrittura", "sostituisce", "integrazione", "ampliamento",
        "punto", "riepilogo aggiornato",
    ]),
    row(Update, Word, HEADLINE, ("Lusa", HABIT), &[
        "atualização", "atualiza", "atualizada", "atualizado", "actualização", "acrescenta",
        "substitui", "anula e substitui", "nova versão", "ampliada", "desenvolvimento",
    ]),
    row(Update, Word, HEADLINE, ("ANP Belga", HABIT), &[
        "nieuw bericht", "nieuwe versie", "aanvulling", "aangevuld", "vervangt", "uitbreiding",
        "herziene versie", "actualisering", "bijgewerkt", "vernieuwd",
    ]),
    row(Update, Word, HEADLINE, ("Ritzau NTB TT STT", HABIT), &[
        "opdatering", "opdateret", "ny version", "ny", "uddybning", "uddybet", "oppdatering",
        "oppdatert", "ny versjon", "utvidet", "utfyllende", "uppdatering", "uppdaterad",
        "uppdaterat", "utökad", "utökad version", "kompletterad", "komplettering", "ersätter",
        "erstatter", "päivitys", "päivitetty", "täydennys", "täydennetty", "uusi versio",
        "korvaa aiemman", "laajennettu", "lisää tietoja", "@ lead", "ny lead",
    ]),
    row(Update, Word, HEADLINE, ("VNA", HABIT), &["cập nhật", "tin cập nhật", "bổ sung"]),
    row(Update, Word, HEADLINE, ("PAP", HABIT), &[
        "aktualizacja", "aktualizacja #", "uzupełnienie", "uzupełniona", "rozszerzona", "akt.",
        "nowa wersja", "zastępuje", "aktl.", "aktl.#", "opis", "synteza",
    ]),
    row(Update, Word, HEADLINE, ("TASS Interfax", HABIT), &[
        "обновлено", "обновлена", "обновление", "обновленная версия", "дополнение", "дополнено",
        "дополнена", "дополненная версия", "добавлены подробности", "расширенная версия",
        "новая версия", "с дополнением", "взамен ранее переданного", "расширено", "добавлено",
    ]),
    row(Update, Word, HEADLINE, ("Xinhua", HABIT), &[
        "更新", "更新稿", "补充", "重发", "替换稿", "新增内容", "滚动更新", "综合#", "扩充", "改写",
    ]),
    row(Update, Word, HEADLINE, ("Kyodo Jiji", HABIT), &[
        "更新", "差し替え", "差替", "差替え", "続報", "追加", "加筆", "更新版", "第#報", "#報", "詳報", "再送",
    ]),
    row(Update, Word, HEADLINE, ("Yonhap", HABIT), &[
        "종합", "종합#보", "#보", "(lead)", "(@ ld)", "업데이트", "추가", "보강", "대체", "내용추가",
    ]),
    row(Update, Word, HEADLINE, ("MENA AFP", HABIT), &["تحديث", "تحديث #", "إضافة", "خبر محدث",
        "محدث"]),
    row(Update, Word, HEADLINE, ("Anadolu PTI", HABIT), &[
        "güncelleme", "güncelleme #", "güncellendi", "güncel", "yenilendi", "genişletilmiş",
        "ek bilgi", "अपडेट", "ld", "eds:", "lead all", "eds: adds", "adds",
    ]),
    row(Update, Word, HEADLINE, ("Reuters", REUTERS), &["wrapup #"]),
    // Shapes.
    row(Roundup, Word, HEADLINE, (ENGLISH, REUTERS), &[
        "wrapup", "wrapup #", "roundup", "round-up", "digest", "press digest", "factbox",
        "news roundup",
    ]),
    row(Roundup, Word, HEADLINE, ("dpa APA EFE", HABIT), &[
        "zusammenfassung", "@ zusammenfassung", "überblick", "resumen",
    ]),
    row(Roundup, Phrase, HEADLINE, ("AP", AP), &["ap top "]),
    row(Roundup, Phrase, &[InHeadline], ("AP", AP), &[
        "things to know for", "news summary", "at a glance",
    ]),
    row(Roundup, Phrase, SLUG, ("Reuters", REUTERS), &["(wrapup", ", wrapup"]),
    row(Alert, Word, HEADLINE, (ENGLISH, REUTERS), &[
        "alert", "flash", "snap", "rush", "newsalert", "news alert", "bulletin",
    ]),
    row(Alert, Word, HEADLINE, ("dpa APA AFP EFE ANSA MENA Kyodo Jiji Xinhua", HABIT), &[
        "eilmeldung", "eil", "eil:", "eil ", "blitz", "alerta", "urgente", "alerte", "عاجل", "速報",
        "快讯", "긴급", "속보", "молния", "срочно", "flaş", "son dakika",
    ]),
    row(Alert, Word, SLUG, ("AP AFP", AP), &["newsalert", "apnewsalert", "-alert", "-alerte"]),
    row(Alert, Phrase, &[Signal, Genre], ("IPTC AP", IPTC), &["alert", "flash"]),
    row(Brief, Word, HEADLINE, (ENGLISH, REUTERS), &["brief", "urgent"]),
    row(Brief, Word, HEADLINE, ("dpa", HABIT), &["kurz", "kurzmeldung"]),
    row(Brief, Word, SLUG, ("AFP dpa", HABIT), &["-urgent"]),
    row(Brief, Phrase, &[Genre], ("IPTC", IPTC), &["brief"]),
    row(Advisory, Word, HEADLINE, (ENGLISH, AP), &[
        "advisory", "editors", "eds", "daybook", "budget", "diary", "advisory to editors",
        "guidance", "media advisory",
    ]),
    row(Advisory, Phrase, HEADLINE, (ENGLISH, AP), &[
        "attention editors", "news budget", "editors note", "editor's note", "editors' note",
        "note to editors", "notice to editors", "advisory to editors", "eds note", "to editors",
        "note to subscribers", "attention", "attn editors", "members", "notice to subscribers",
    ]),
    row(Advisory, Word, HEADLINE, ("dpa APA EFE AFP", HABIT), &[
        "achtung", "termine", "aviso", "agenda", "hinweis", "avis", "tagesvorschau",
    ]),
    row(Advisory, Phrase, HEADLINE, ("dpa AFP EFE ANSA", HABIT), &[
        "hinweis an die redaktion", "hinweis an die redaktionen", "achtung redaktionen",
        "avis aux rédactions", "avis aux abonnés", "note aux rédactions", "aviso a los editores",
        "aviso a redacciones", "aviso a los abonados", "avviso alle redazioni",
        "nota alle redazioni",
        "till redaktionen", "til redaksjonen", "til redaktionen", "toimituksille",
        "внимание редакций", "вниманию редакций", "編集者へ", "お知らせ", "编辑注意", "알림",
    ]),
    row(Advisory, Phrase, &[InHeadline], (ENGLISH, AP), &[
        "daybook", "news schedule", "news digest", "news budget",
    ]),
    row(Advisory, Phrase, SLUG, (ENGLISH, AP), &[
        "daybook", "news-budget", "news budget", "news digest", "news-digest", "bc-advisory",
        "kill-advisory",
    ]),
    row(Advisory, Word, SLUG, (ENGLISH, ANPA), &["advisory"]),
    row(Advisory, Phrase, &[Signal, Genre], ("IPTC AP", IPTC), &[
        "advisory", "daybook", "advisory to editors",
    ]),
    // Takes and adds.
    row(Take, Phrase, &[Headline, Slug], ("AP AFP", ANPA), &["take #"]),
    row(Take, Phrase, &[InHeadline, Slug], ("Reuters AFP", HABIT), &["=#", "(take #"]),
    row(Add, Phrase, &[InHeadline, Slug], ("AP Kyodo", ANPA), &[", @ add"]),
];
