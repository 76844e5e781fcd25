//! Lists of phrases known to be boilerplate.
//!
//! Phrases are in lower case and are compared without regard to case. The article's language is not
//! consulted: feeds mix languages, and a boilerplate phrase of one language does not begin articles
//! in another.

/// A closing line or paragraph that starts with one of these phrases is a trailer.
#[rustfmt::skip]
pub(crate) const TRAILER_STARTS: &[&str] = &[
    // English
    "you may also like", "you might also like", "read more", "read also", "read the full",
    "see also", "also read", "more on this", "more from", "more stories", "related:",
    "related stories", "related coverage", "related articles", "related topics", "recommended",
    "reporting by", "additional reporting", "editing by", "writing by", "compiled by",
    "with files from", "copyright", "©", "(c)", "all rights reserved", "subscribe", "sign up",
    "follow us", "click here", "download our", "download the", "join our", "share this",
    "advertisement", "sponsored", "watch:", "listen:", "our standards", "this article was",
    "this story was", "this article originally", "first published", "photo:", "image:",
    "contact us", "contact:", "get the latest", "stay up to date", "most read", "trending",
    "up next", "supported by", "for more information", "about the author", "tags:", "topics:",
    "filed under", "load comments", "view comments", "leave a comment", "report a typo",
    "terms of use", "privacy policy", "chat with us", "continue reading", "newsletter",
    "this material may not", "please enable", "enable javascript",
    // Labels of credits, keywords and adverts
    "source:", "author:", "authors:", "editor:", "category:", "categories:", "keywords:",
    "credit:", "advert:", "autor:", "autorin:", "werbung:", "fuente:", "autora:", "fonte:",
    "autore:", "auteur:", "bron:", "källa:", "annons:", "źródło:", "reklama:", "источник:",
    "автор:", "реклама:", "kaynak:", "reklam:", "nguồn:", "المصدر:", "إعلان:", "来源：", "来源:",
    "作者：", "广告：", "广告:", "出典：", "広告：",
    // German
    "lesen sie auch", "lesen sie mehr", "mehr zum thema", "mehr dazu", "auch interessant",
    "das könnte sie auch", "weitere artikel", "weitere nachrichten", "alle rechte vorbehalten",
    "(bericht von", "bericht von", "redigiert von", "redaktion:", "abonnieren",
    "jetzt abonnieren", "folgen sie uns", "melden sie sich an", "zum newsletter", "anzeige",
    "quelle:", "(quelle:",
    // Spanish
    "lea también", "leer más", "lee también", "también te puede", "te puede interesar",
    "más información", "más noticias", "noticias relacionadas", "todos los derechos",
    "suscríbase", "suscríbete", "síganos", "síguenos", "reporte de", "(reporte de", "editado por",
    "(editado por", "con información de", "publicidad",
    // French
    "lire aussi", "à lire aussi", "lire la suite", "voir aussi", "tous droits réservés",
    "abonnez-vous", "inscrivez-vous", "suivez-nous", "en savoir plus", "sur le même sujet",
    "(reportage de", "reportage de", "édité par", "(édité par", "publicité",
    // Italian, Portuguese, Dutch
    "leggi anche", "continua a leggere", "tutti i diritti riservati", "iscriviti", "seguici",
    "abbonati", "leia também", "leia mais", "veja também", "todos os direitos", "siga-nos",
    "assine", "(reportagem de", "reportagem de", "lees ook", "lees meer", "alle rechten",
    "abonneer", "volg ons", "meld je aan",
    // Arabic
    "اقرأ أيضا", "اقرأ أيضًا", "اقرأ المزيد", "المزيد من", "جميع الحقوق محفوظة", "تابعونا",
    "اشترك", "تحرير:", "(تحرير", "إعداد:", "(إعداد",
    // Japanese, Chinese
    "関連記事", "あわせて読みたい", "続きを読む", "無断転載", "著作権", "（編集", "【関連記事】", "会員登録", "相关阅读", "相关新闻", "延伸阅读",
    "阅读更多", "版权所有", "（编辑", "责任编辑",
];

/// Phrases of [`TRAILER_STARTS`] with which an ordinary sentence may also start.
#[rustfmt::skip]
pub(crate) const SENTENCE_STARTS: &[&str] = &[
    "recommended", "copyright", "sponsored", "supported by", "trending", "newsletter",
    "first published", "this story was", "more from", "terms of use", "advertisement", "anzeige",
    "weitere artikel", "mehr dazu", "publicité", "publicidad", "más noticias", "editado por",
    "abbonati", "iscriviti", "alle rechten",
];

/// In the middle of a text, a line that begins with one of these phrases and a colon refers to
/// another article.
#[rustfmt::skip]
pub(crate) const READ_ALSO: &[&str] = &[
    "read also", "also read", "read more", "see also", "also see", "related", "related story",
    "related article", "more on this", "more on this story", "don't miss", "recommended reading",
    "lesen sie auch", "lies auch", "lesen sie mehr", "auch interessant", "mehr zum thema",
    "passend dazu", "lire aussi", "à lire aussi", "voir aussi", "à lire également",
    "lea también", "lee también", "leer también", "le puede interesar", "te puede interesar",
    "también te puede interesar", "leggi anche", "vedi anche", "ti potrebbe interessare",
    "leia também", "leia mais", "veja também", "lees ook", "lees meer", "bekijk ook",
    "läs också", "läs mer", "læs også", "læs mere", "les også", "les mer", "lue myös",
    "читайте также", "читать также", "по теме", "смотрите также", "читайте також",
    "czytaj także", "czytaj też", "czytaj również", "zobacz także", "zobacz też", "zobacz również",
    "přečtěte si také", "čtěte také", "prečítajte si aj", "olvassa el ezt is", "citește și",
    "bunu da okuyun", "ayrıca okuyun", "bunlar da ilginizi çekebilir", "ilgili haber",
    "διαβάστε επίσης", "δείτε επίσης", "اقرأ أيضا", "اقرأ أيضًا", "اقرأ أيضاً", "إقرأ أيضا",
    "طالع أيضا", "קראו גם", "延伸阅读", "延伸閱讀", "相关阅读", "相關閱讀", "相关新闻", "あわせて読みたい",
    "関連記事", "こちらもおすすめ", "관련 기사", "관련기사", "함께 읽기", "xem thêm", "đọc thêm",
    "baca juga", "यह भी पढ़ें", "ये भी पढ़ें", "อ่านเพิ่มเติม", "อ่านต่อ",
];

/// A short edge paragraph is boilerplate if half of its sentences contain one of these phrases.
#[rustfmt::skip]
pub(crate) const BOILERPLATE_PHRASES: &[&str] = &[
    "newsletter", "all rights reserved", "may not be published, broadcast", "redistributed",
    "follow us on", "follow us for", "sign up for", "subscribe to", "click here", "our website",
    "our app", "terms of use", "privacy policy", "cookie", "support our journalism",
    "reporting by", "editing by", "breaking news and", "related coverage", "without permission",
    "share on facebook", "advertisement", "alle rechte vorbehalten", "nachdruck",
    "unser newsletter", "todos los derechos", "tous droits réservés", "tutti i diritti",
    "todos os direitos", "boletín", "síganos en", "suivez-nous sur", "جميع الحقوق محفوظة", "無断転載",
    "版权所有",
];

/// A first line that starts with one of these phrases is a byline, a timestamp or navigation.
#[rustfmt::skip]
pub(crate) const HEADER_STARTS: &[&str] = &[
    "by ", "from our ", "von ", "por ", "par ", "di ", "door ", "de notre ", "de nuestro ",
    "published", "updated", "last updated", "posted", "first published", "written by",
    "veröffentlicht", "aktualisiert", "stand:", "publicado", "actualizado", "publié",
    "mis à jour", "pubblicato", "aggiornato", "gepubliceerd", "atualizado", "نشر", "تحديث", "公開",
    "更新", "breaking news", "live updates", "exclusive:", "advertisement", "photo:", "image:",
    "watch:", "share", "listen to this article", "reading time", "min read", "eilmeldung",
    "última hora",
];

/// Month names and abbreviations, for datelines.
#[rustfmt::skip]
pub(crate) const MONTHS: &[&str] = &[
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept",
    "sep", "oct", "nov", "dec", "januar", "februar", "märz", "mai", "juni", "juli", "oktober",
    "dezember", "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto",
    "septiembre", "octubre", "noviembre", "diciembre", "ene", "abr", "ago", "dic", "janvier",
    "février", "mars", "avril", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre", "gennaio", "febbraio", "aprile", "maggio", "giugno", "luglio", "settembre",
    "ottobre", "dicembre", "janeiro", "fevereiro", "março", "maio", "junho", "julho", "setembro",
    "outubro", "novembro", "dezembro",
];

/// Words by which boilerplate addresses the reader or speaks of the publisher. If a sentence at the
/// edge of a text contains one of these words, it does not count as part of the report.
#[rustfmt::skip]
pub(crate) const READER_WORDS: &[&str] = &[
    // English
    "we", "our", "ours", "us", "you", "your", "subscribers", "subscribe", "readers", "newsletter",
    "website", "click", "copyright", "please", "app", "story", "article", "page",
    // German
    "wir", "uns", "unser", "unsere", "unserem", "unseren", "unserer", "ihre", "ihrem", "ihren",
    "leser", "redaktion", "artikel", "abonnieren", "bitte",
    // French, Spanish, Italian, Portuguese
    "nous", "notre", "nos", "vous", "votre", "vos", "rédaction", "lecteurs", "article",
    "nosotros", "nuestro", "nuestra", "nuestros", "nuestras", "usted", "ustedes", "redacción",
    "lectores", "artículo", "suscríbase", "noi", "nostro", "nostra", "nostri", "nostre", "voi",
    "vostro", "redazione", "lettori", "articolo", "nós", "nosso", "nossa", "nossos", "nossas",
    "você", "redação", "redacção", "leitores", "artigo",
    // Dutch, Swedish, Danish, Norwegian
    "wij", "ons", "onze", "uw", "jouw", "redactie", "lezers", "vi", "oss", "vår", "vårt", "våra",
    "din", "ditt", "redaktionen", "läsare", "artikeln", "vores", "vår",
    // Polish, Czech, Russian, Ukrainian
    "nas", "nasz", "nasza", "nasze", "naszej", "naszym", "naszych", "państwo", "redakcja",
    "redakcji", "czytelników", "naše", "našeho", "vás", "мы", "нас", "нам", "наш", "наша", "наше",
    "наши", "нашем", "нашего", "вы", "вас", "вам", "ваш", "редакция", "редакции", "подписывайтесь",
    "читайте", "ми", "наші", "нашому",
    // Turkish, Arabic, Vietnamese, Indonesian
    "biz", "bizi", "bize", "bizim", "sizin", "sizi", "size", "okurlarımız", "نحن", "لدينا",
    "موقعنا", "صفحتنا", "تابعونا", "bạn", "độc", "kami", "kita", "anda",
    // Chinese, Japanese, Korean
    "我们", "本报", "本网", "本站", "关注", "读者", "您", "当社", "弊社", "本紙", "ください", "お問い合わせ",
    "読者", "会員", "우리", "독자", "구독",
];
