//! Items: reports about different things that use the same form. They are told apart by a figure
//! that names the thing, such as the number of a lot.
//!
//! ```text
//! Lot 14 sold ... / Lot 15 sold ...                   another lot
//! A man, 34, was held ... / A man, 51, was held ...   another man, if the text does not name him
//! with 12 % counted ... / with 37 % counted ...       a later count
//! The Dax rose 0.4 % ... / The Dax rose 0.9 % ...     a later reading
//! ```
//!
//! The later report does not correct the earlier one, although only one or two figures differ. A
//! figure names a thing if it follows a word such as *lot*, *route* or *stage*, is the number of a
//! house, or is the age of somebody whose name the text does not give.
//!
//! Words are matched in any language, because a report does not always state its own.

use super::readings::AlignedFigures;

/// Minimum minutes between two readings of a value.
const READINGS_APART_MINUTES: i64 = 10;
/// Number of words before and after a figure among which the measured thing is looked for.
const NEAR_WORDS: u32 = 8;
/// Number of words before and after a figure among which a word for counted votes is looked for.
const COUNTED_WORDS: u32 = 6;
/// Ages that can identify somebody.
const AGES: std::ops::Range<u32> = 1..110;

/// Words for things that are numbered: before the figure (`lot 14`), or after an ordinal. Words
/// that are a common verb or article in any language (`train`, `los`) are left out.
const NAMING: &str = " lot lots route routes stage game match round lap ward district precinct \
    flight bus tram line application case docket section chapter plot episode nr number event \
    platform runway junction \
    linie etappe spieltag runde rennen wahlkreis bezirk flug zimmer nummer antrag aktenzeichen \
    verfahren folge abschnitt \
    ligne étape numéro dossier circonscription tronçon salle \
    lote línea ruta etapa ronda jornada vuelo expediente distrito número \
    lotto linea tappa volo treno numero pratica \
    linha rodada voo comboio trem processo \
    kavel lijn wedstrijd speelronde vlucht zaak perceel \
    linia etap runda kolejka numer sprawa okręg \
    лот маршрут маршрута этап этапа раунд тур матч рейс номер дело участок участка заявка \
    sefer numara maç parsel linje etapp omgång tävling flyg ärende distrikt \
    lô tuyến chặng vòng trận ";
/// Words at the end of the name of a street.
const STREETS_AFTER: &str =
    " street road rd lane ln avenue ave row terrace boulevard crescent rue quai ";
/// Words at the start of the name of a street, before the number.
const STREETS_BEFORE: &str = " via viale corso piazza calle avenida plaza paseo rua praça travessa \
    ulica ul aleja улица ул проспект переулок rue ";
/// The ends of street names that are one word.
#[rustfmt::skip]
const STREET_ENDS: [&str; 18] = [
    "straße", "strasse", "str", "gasse", "weg", "platz", "allee", "ufer", "straat", "laan",
    "gracht", "gatan", "vägen", "vej", "gade", "gata", "veien", "kade",
];
/// Words that occur near a share of counted votes, or beginnings of such words.
const COUNTED: [&str; 17] = [
    "counted",
    "reporting",
    "ausgezähl",
    "auszähl",
    "escrutad",
    "escrutinio",
    "dépouill",
    "scrutin",
    "apurad",
    "apuração",
    "geteld",
    "przelicz",
    "обработ",
    "подсч",
    "sandık",
    "sayıl",
    "räkna",
];
/// Such words in scripts where they can be anywhere in the sentence.
const COUNTED_ANYWHERE: [&str; 3] = ["開票", "开票", "개표"];
/// Words for `per cent` next to a figure, or beginnings of such words.
const PERCENT: [&str; 9] =
    ["percent", "per", "pct", "prozent", "por", "pour", "procent", "процент", "yüzde"];
/// Names of values that are measured again and again: indices, rates and prices.
const MEASURED: &str = " index indices dax mdax ibex ftse nikkei nasdaq topix omx kospi sensex \
    bovespa ibovespa barrel ounce pegelstand wasserstand notiert notierte notieren feinunze indice \
    baril índice cotiza cotizaba barril onza barile oncia cotado waterstand indeks notowania \
    baryłka индекс индекса баррель endeks endeksi varil vattenstånd مؤشر منسوب ";
/// Phrases for such values.
const MEASURED_PHRASES: [&str; 22] = [
    "stands at",
    "stood at",
    "traded at",
    "trading at",
    "quoted at",
    "asset value",
    "lo spread",
    "Lo spread",
    "日経平均",
    "株価",
    "前日比",
    "水位",
    "気温",
    "為替",
    "指数",
    "气温",
    "汇率",
    "지수",
    "수위",
    "환율",
    "chỉ số",
    "mực nước",
];
/// Verbs next to the number of shares that a company buys or sells.
const DEALS: &str = " purchased repurchased bought acquired sold buys buyback erwarb erworben \
    zurückgekauft racheté acquis recompró adquirió acquistato adquiriu ";
const SHARES: &str = " shares aktien actions acciones azioni ações aandelen akcji акций aktier ";
/// Words next to the magnitude of an earthquake.
const MAGNITUDES: &str = " magnitude magnitud magnitudo stärke magnituda magnitudę \
    магнитудой магнитуда büyüklüğünde ";

/// Whether the figures at `changed` show that the texts are about different things, or are later
/// readings of one value. `apart` is the time between the two articles in minutes.
pub(super) fn are_other(figures: &AlignedFigures<'_>, changed: &[u32], apart: i64) -> bool {
    let any = |holds: &dyn Fn(u32) -> bool| changed.iter().any(|at| holds(*at));
    let near = |at: u32, list: &str| words_near(figures, at, NEAR_WORDS).any(|w| is_in(&w, list));
    let measured = |at: u32| {
        near(at, MEASURED)
            || near(at, DEALS) && near(at, SHARES)
            || MEASURED_PHRASES.iter().any(|phrase| sentence(figures, at).contains(phrase))
    };
    any(&|at| names_item(figures, at) || is_house(figures, at) || is_unnamed_age(figures, at))
        || changed.len() > 1 && any(&|at| near(at, MAGNITUDES))
        || any(&|at| is_later_count(figures, at))
        || apart >= READINGS_APART_MINUTES && any(&measured)
}

/// Whether `word` is in `list`, which has a space before and after each word.
fn is_in(word: &str, list: &str) -> bool {
    list.match_indices(word).any(|(at, _)| {
        let bytes = list.as_bytes();
        at > 0 && bytes[at - 1] == b' ' && bytes.get(at + word.len()) == Some(&b' ')
    })
}

/// The word at `at` in lower case; empty if there is none.
fn lower(figures: &AlignedFigures<'_>, at: Option<u32>) -> String {
    at.and_then(|at| figures.shown(at)).unwrap_or_default().to_lowercase()
}

/// The words of the sentence that are at most `most` words before or after `at`, in lower case.
fn words_near<'a>(
    figures: &'a AlignedFigures<'_>,
    at: u32,
    most: u32,
) -> impl Iterator<Item = String> + 'a {
    let ends = |at: u32| {
        let between = figures.between(at);
        between.contains(['\n', '!', '?', '。']) || between.contains(". ")
    };
    let back = (at.saturating_sub(most)..at).rev().take_while(move |at| !ends(*at));
    let on = (at + 1..at + 1 + most).take_while(move |at| !ends(at - 1));
    back.chain(on).map(|at| lower(figures, Some(at)))
}

/// The text around the figure `at`, up to the ends of its sentence.
fn sentence<'a>(figures: &'a AlignedFigures<'_>, at: u32) -> &'a str {
    let (from, to) = figures.span(at).unwrap_or_default();
    let text = figures.text();
    let end = |c: char| matches!(c, '。' | '！' | '？' | '!' | '?' | '\n');
    let start = text[..from].rfind(end).unwrap_or(0);
    let stop = text[to..].find(end).map_or(text.len(), |at| to + at);
    &text[start..stop]
}

/// Whether the figure `at` follows a word that it numbers, as in `Lot 14`, or precedes such a word
/// as an ordinal, as in `4. Etappe`.
fn names_item(figures: &AlignedFigures<'_>, at: u32) -> bool {
    let before = at.checked_sub(1);
    let between = before.map_or("", |before| figures.between(before));
    let number_sign = between.contains(['№', '#', 'º']);
    let joined = !between.contains([',', ';', '\n', '!', '?', ':']);
    let word = lower(figures, before);
    let follows = joined && (is_in(&word, NAMING) || matches!(&*word, "第" | "제"));
    let ordinal = figures.between(at).starts_with('.')
        || figures.shown(at).is_some_and(|shown| shown.ends_with(['ª', 'º', 'e', 'h', 'd', 't']));
    number_sign || follows || ordinal && is_in(&lower(figures, Some(at + 1)), NAMING)
}

/// Whether the figure `at` is the number of a house: `14 Quay Street`, `Kanalstraße 14`,
/// `calle Mayor, 14`.
fn is_house(figures: &AlignedFigures<'_>, at: u32) -> bool {
    let capital = |at: u32| figures.shown(at).is_some_and(|w| w.starts_with(char::is_uppercase));
    let street = |at: u32| is_in(&lower(figures, Some(at)), STREETS_AFTER);
    let after = (at + 1..at + 4)
        .take_while(|at| capital(*at) || street(*at))
        .any(|end| street(end) && (end > at + 1 || figures.between(at).contains(',')));
    let before = lower(figures, at.checked_sub(1));
    let one_word = STREET_ENDS.iter().any(|end| before.ends_with(end) && before.len() > end.len());
    let close = at.checked_sub(1).is_some_and(|at| matches!(figures.between(at), " " | ", "));
    let named = (at.saturating_sub(4)..at).rev();
    let named = named.take_while(|at| capital(*at) || figures.shown(*at).is_some_and(is_street));
    let named = named
        .into_iter()
        .any(|street| street + 1 < at && figures.shown(street).is_some_and(is_street))
        || before == "дом";
    after || close && (one_word || named)
}

/// Whether `word` starts the name of a street.
fn is_street(word: &str) -> bool {
    is_in(&word.to_lowercase(), STREETS_BEFORE)
}

/// Whether the figure `at` is the age of somebody whose name is not next to it.
fn is_unnamed_age(figures: &AlignedFigures<'_>, at: u32) -> bool {
    let before = lower(figures, at.checked_sub(1));
    let after = lower(figures, Some(at + 1));
    let dash = figures.between(at) == "-";
    let of = matches!(&*before, "de" | "di" | "d");
    let commas = figures.between(at).starts_with([',', ')'])
        && at.checked_sub(1).is_some_and(|at| matches!(figures.between(at), ", " | " ("));
    let years = dash
        && ["jährig", "year", "årig", "jarig", "letni", "летн"]
            .iter()
            .any(|w| after.starts_with(w))
        || of && matches!(&*after, "años" | "ans" | "anni" | "anos")
        || matches!(&*before, "aged")
        || after.starts_with("yaşındaki");
    let shown = figures.shown(at).and_then(|shown| shown.parse::<u32>().ok());
    let is_age = shown.is_some_and(|age| AGES.contains(&age)) && (commas || years);
    let capital = |at: u32| {
        figures.shown(at).is_some_and(|w| {
            w.starts_with(char::is_uppercase) && w.chars().nth(1).is_some_and(char::is_lowercase)
        })
    };
    // Nouns have capitals in German, so only two capitals in a row are a name there.
    let pair = |at: u32| capital(at) && capital(at + 1) && figures.between(at) == " ";
    let named_before = at.checked_sub(1).is_some_and(|last| {
        capital(last) && (!dash && !figures.is_start(last) && !is_german_noun(figures, last))
    });
    let near = (at.saturating_sub(3)..at.saturating_sub(1)).chain(at + 1..at + 4);
    is_age && !named_before && !near.into_iter().any(pair)
}

/// Whether the word `last` before an age is a German noun with its article, as in `ein Mann (34)`.
fn is_german_noun(figures: &AlignedFigures<'_>, last: u32) -> bool {
    let article = lower(figures, last.checked_sub(1));
    matches!(
        &*article,
        "ein" | "eine" | "einen" | "einem" | "einer" | "der" | "die" | "den" | "dem"
    )
}

/// Whether the figure `at` is a share of counted votes that has grown.
fn is_later_count(figures: &AlignedFigures<'_>, at: u32) -> bool {
    let counted =
        |word: String| COUNTED.iter().chain(&COUNTED_ANYWHERE).any(|start| word.starts_with(start));
    let near = words_near(figures, at, COUNTED_WORDS).any(counted)
        || COUNTED_ANYWHERE.iter().any(|phrase| sentence(figures, at).contains(phrase));
    let percent = |word: String| PERCENT.iter().any(|start| word.starts_with(start));
    let share = figures.between(at).trim_start().starts_with(['%', '％'])
        || percent(lower(figures, Some(at + 1)))
        || percent(lower(figures, at.checked_sub(1)));
    near && share && figures.tenths(at).is_some_and(|[new, old]| new > old && new <= 1_000)
}
