//! The language of an article that does not say.
//!
//! Trigram statistics and scripts (crate `whatlang`); an unsure guess is no answer, since a wrong
//! language parts a story.

use crate::article::Lang;

/// Bytes of text that are looked at, and as many more where those leave it open: trigrams cost 0.1 us a
/// byte, and most texts are told by their first lines.
const SEEN: [usize; 2] = [400, 2_000];
/// Characters from which a guess is made.
const CHARS_MIN: usize = 40;

/// The language of `text`, where it can be told.
pub fn detect(text: &str) -> Option<Lang> {
    if text.chars().take(CHARS_MIN).count() < CHARS_MIN {
        return None;
    }
    let sure = |seen: usize| whatlang::detect(head(text, seen)).filter(whatlang::Info::is_reliable);
    let open = text.len() > SEEN[0];
    let found = sure(SEEN[0]).or_else(|| open.then(|| sure(SEEN[1])).flatten())?;
    Lang::parse(two_letters(found.lang().code()))
}

/// The first so many bytes of `text`, or a few less where a character would be cut.
fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// ISO 639-3 to the two letters that BCP 47 prefers, for the languages that wires send; others keep
/// three.
fn two_letters(code: &str) -> &str {
    TWO_LETTERS.iter().find(|(three, _)| *three == code).map_or(code, |(_, two)| two)
}

/// ISO 639-3 beside ISO 639-1.
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
    fn sure_guesses_only() {
        let seen = |text: &str| detect(text).map(|l| l.as_str().to_owned());
        let english = "The council said on Tuesday that the bridge would stay closed until spring.";
        let german = "Der Stadtrat teilte am Dienstag mit, dass die Brücke bis zum Frühjahr gesperrt bleibt.";
        let japanese = "市は火曜日、橋の通行止めを春まで続けると発表した。住民からは不満の声が上がっており、対応が求められている。";
        assert_eq!(seen(english).as_deref(), Some("en"));
        assert_eq!(seen(german).as_deref(), Some("de"));
        assert_eq!(seen(japanese).as_deref(), Some("ja"));
        let table = "12.5 34 7.1 ".repeat(40);
        assert!(table.len() > SEEN[0] && seen(&table).is_none());
        assert_eq!(seen(&(table + english)).as_deref(), Some("en"), "what comes later tells");
        assert_eq!(seen("12 34"), None);
        assert_eq!(seen("Kurz"), None);
    }
}
