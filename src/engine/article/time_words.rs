//! The words of times: months, weekdays, zones, and words that are ignored.
//!
//! All words are compared in lower case.

/// For each month, the beginnings of its names in English, German, French, Spanish, Italian,
/// Portuguese, Dutch and the Nordic languages.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "gen"],
    &["feb", "fév", "fev"],
    &["mar", "mär", "mrz", "mrt", "maa"],
    &["apr", "avr", "abr"],
    &["may", "mai", "maj", "mag", "mei"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "ago", "aoû", "aou"],
    &["sep", "set"],
    &["oct", "okt", "ott", "out"],
    &["nov"],
    &["dec", "dez", "dic", "déc", "des"],
];
/// The Finnish word for November begins like March in other languages.
const FINNISH_NOVEMBER: &str = "marras";

/// The names of months in Polish, Russian and Turkish, except those that begin like a name in
/// `MONTHS`. A word must be one of these names or an abbreviation of it, because related languages
/// use similar names for other months: `lipca` is July in Polish, `lipnja` is June in Croatian. The
/// nominative is listed only if it is not also an abbreviation of the genitive.
const FULL_MONTHS: [&[&str]; 12] = [
    &["stycznia", "styczeń", "января", "январь", "ocak"],
    &["lutego", "luty", "февраля", "февраль", "şubat", "subat"],
    &["марта"],
    &["kwietnia", "kwiecień", "апреля", "апрель", "nisan"],
    &["мая", "май"],
    &["czerwca", "czerwiec", "июня", "июнь", "haziran"],
    &["lipca", "lipiec", "июля", "июль", "temmuz"],
    &["sierpnia", "sierpień", "августа", "ağustos", "agustos"],
    &["września", "wrzesień", "сентября", "сентябрь", "eylül", "eylul"],
    &["października", "październik", "октября", "октябрь", "ekim"],
    &[AMBIGUOUS_MONTH, "ноября", "ноябрь", "kasım", "kasim"],
    &["grudnia", "grudzień", "декабря", "декабрь", "aralık", "aralik"],
];
/// November in Polish and October in Croatian. Only Croatian puts a full stop after the day.
const AMBIGUOUS_MONTH: &str = "listopada";

/// Zone names with their offset in minutes.
const ZONES: [(&str, i64); 36] = [
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("mez", 60),
    ("cest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("мск", 180),
    ("sast", 120),
    ("wat", 60),
    ("eat", 180),
    ("pkt", 300),
    ("hkt", 480),
    ("awst", 480),
    ("jst", 540),
    ("kst", 540),
    ("acst", 570),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
];

/// Words that may occur between the parts of a time.
const FILLERS: [&str; 26] = [
    "de", "del", "di", "of", "the", "at", "um", "uhr", "kl", "den", "om", "à", "às", "alle", "t",
    "a", "las", "ore", "uur", "o", "godz", "r", "г", "года", "в", "saat",
];

/// The month, from 1, that `word` names or abbreviates. `after_stop` tells whether the day before
/// the word has a full stop.
pub(super) fn month(word: &str, after_stop: bool) -> Option<i8> {
    let begins = |names: &&[&str]| names.iter().any(|name| word.starts_with(name));
    let is_excluded = |name: &str| after_stop && name == AMBIGUOUS_MONTH;
    let abbreviates =
        |names: &&[&str]| names.iter().any(|name| name.starts_with(word) && !is_excluded(name));
    if word.chars().count() < 3 || word.starts_with(FINNISH_NOVEMBER) {
        return None;
    }
    let at = MONTHS.iter().position(begins);
    let at = at.or_else(|| FULL_MONTHS.iter().position(abbreviates));
    i8::try_from(at? + 1).ok()
}

/// The offset in minutes of the zone with this name, in any case.
pub(super) fn zone_minutes(name: &str) -> Option<i64> {
    let (_, minutes) = ZONES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(*minutes)
}

/// Whether a word has no meaning in a time. A single Latin letter after the time of day is not
/// ignored, because it may be a military zone.
pub(super) fn is_filler(word: &str, after_clock: bool) -> bool {
    FILLERS.contains(&word) && !(after_clock && word.len() == 1)
}

/// Whether a word is an English weekday.
pub(super) fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() >= 3 && DAYS.iter().any(|day| day.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::month;

    #[test]
    fn months_are_known_in_each_language() {
        for names in [
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre \
             diciembre",
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre \
             novembre dicembre",
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro \
             dezembro",
            "januari februari maart april mei juni juli augustus september oktober november \
             december",
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
            "januar februar märz april mai juni juli august september oktober november dezember",
            "januari februari mars april maj juni juli augusti september oktober november \
             december",
            "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października \
             listopada grudnia",
            "sty lut mar kwi maj cze lip sie wrz paź lis gru",
            "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik \
             listopad grudzień",
            "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
            "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
            "янв февр мар апр мая июн июл авг сент окт нояб дек",
            "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
            "oca şub mar nis may haz tem ağu eyl eki kas ara",
        ] {
            let months: Vec<_> = names.split_whitespace().map(|name| month(name, false)).collect();
            assert_eq!(months, (1..=12).map(Some).collect::<Vec<_>>(), "{names}");
        }
    }
}
