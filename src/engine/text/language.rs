//! Detects the language of an article that does not state it.
//!
//! Uses trigram statistics and scripts (crate `whatlang`). Only reliable results are returned,
//! because a wrong language would split a story. A script that only one language uses is enough,
//! however short the text: Han characters without kana are Chinese, and kana are Japanese.

use crate::article::Lang;
use whatlang::{Info, Script};

/// Number of bytes examined in the first attempt, and in a second attempt if the first gives no
/// reliable result. Trigrams cost 0.1 us per byte, and the first lines are enough for most texts.
const SAMPLE_BYTES: [usize; 2] = [400, 2_000];
/// Texts with fewer characters are only examined for a script that only one language uses.
const CHARS_MIN: usize = 40;

/// The language of `text`, or `None` if it cannot be detected reliably.
pub fn detect(text: &str) -> Option<Lang> {
    let short = text.chars().take(CHARS_MIN).count() < CHARS_MIN;
    let enough = |info: &Info| info.is_reliable() && !(short && is_shared(info.script()));
    let reliable = |bytes: usize| whatlang::detect(head(text, bytes)).filter(enough);
    let [first, second] = SAMPLE_BYTES;
    let longer = text.len() > first;
    let info = reliable(first).or_else(|| longer.then(|| reliable(second)).flatten())?;
    Lang::parse(two_letters(info.lang().code()))
}

/// Whether several of the languages that can be detected use the script, so that a short text is
/// not enough.
fn is_shared(script: Script) -> bool {
    use Script::{Arabic, Cyrillic, Devanagari, Hebrew, Latin};
    matches!(script, Arabic | Cyrillic | Devanagari | Hebrew | Latin)
}

/// The first `bytes` bytes of `text`, rounded down to a character boundary.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// Converts an ISO 639-3 code to the two-letter code that BCP 47 prefers. Codes not in
/// [`TWO_LETTERS`] are kept.
fn two_letters(code: &str) -> &str {
    TWO_LETTERS.iter().find(|(three, _)| *three == code).map_or(code, |(_, two)| two)
}

/// ISO 639-3 codes with their ISO 639-1 equivalents.
#[rustfmt::skip]
const TWO_LETTERS: &[(&str, &str)] = &[
    ("eng", "en"), ("deu", "de"), ("spa", "es"), ("fra", "fr"), ("ita", "it"), ("por", "pt"),
    ("nld", "nl"), ("ara", "ar"), ("jpn", "ja"), ("cmn", "zh"), ("rus", "ru"), ("pol", "pl"),
    ("tur", "tr"), ("swe", "sv"), ("dan", "da"), ("nob", "nb"), ("fin", "fi"), ("ces", "cs"),
    ("slk", "sk"), ("hun", "hu"), ("ron", "ro"), ("ell", "el"), ("heb", "he"), ("hin", "hi"),
    ("ben", "bn"), ("kor", "ko"), ("vie", "vi"), ("tha", "th"), ("ind", "id"), ("ukr", "uk"),
    ("bul", "bg"), ("srp", "sr"), ("hrv", "hr"), ("slv", "sl"), ("lit", "lt"), ("lav", "lv"),
    ("est", "et"), ("cat", "ca"), ("pes", "fa"), ("urd", "ur"), ("tam", "ta"), ("tel", "te"),
    ("mar", "mr"), ("guj", "gu"), ("pan", "pa"), ("mal", "ml"), ("kan", "kn"), ("afr", "af"),
    ("aze", "az"), ("bel", "be"), ("kat", "ka"), ("hye", "hy"), ("mya", "my"), ("khm", "km"),
    ("nep", "ne"), ("sin", "si"), ("uzb", "uz"), ("tuk", "tk"), ("mkd", "mk"), ("epo", "eo"),
    ("lat", "la"), ("jav", "jv"), ("zul", "zu"), ("sna", "sn"), ("aka", "ak"), ("amh", "am"),
    ("tgl", "tl"), ("ori", "or"), ("yid", "yi"), ("cym", "cy"), ("eus", "eu"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reliable_detections_are_returned() {
        let detected = |text: &str| detect(text).map(|l| l.as_str().to_owned());
        let english = "The council said on Tuesday that the bridge would stay closed until spring.";
        let german = "Der Stadtrat teilte am Dienstag mit, dass die Brücke bis zum Frühjahr \
                      gesperrt bleibt.";
        let japanese = "市は火曜日、橋の通行止めを春まで続けると発表した。\
                        住民からは不満の声が上がっており、対応が求められている。";
        assert_eq!(detected(english).as_deref(), Some("en"));
        assert_eq!(detected(german).as_deref(), Some("de"));
        assert_eq!(detected(japanese).as_deref(), Some("ja"));
        let table = "12.5 34 7.1 ".repeat(40);
        assert!(table.len() > SAMPLE_BYTES[0] && detected(&table).is_none());
        assert_eq!(detected(&(table + english)).as_deref(), Some("en"), "second attempt");
        assert_eq!(detected("12 34"), None);
        for (text, want) in [
            ("Kurz", None),
            ("Короткий текст", None),
            ("更正：港口火灾死亡三人，而非两人。", Some("zh")),
            ("港の火災で三人が死亡した。", Some("ja")),
            ("항구 화재로 세 명 사망", Some("ko")),
            ("ไฟไหม้ท่าเรือ", Some("th")),
            ("Πυρκαγιά στο λιμάνι", Some("el")),
        ] {
            assert_eq!(detected(text).as_deref(), want, "{text}");
        }
    }
}
