//! Reads the bytes of a record as text, and guesses the character set of records that are declared
//! as UTF-8, or not declared at all, but are in an older character set.
//!
//! A single wrong byte in UTF-8 becomes U+FFFD: the text around it is readable. If almost none of
//! the non-ASCII bytes are UTF-8, the whole record is in another character set, and replacing every
//! accented or Cyrillic letter would leave nothing to compare.
//!
//! ```text
//! "Br\xfccke"                          "Br\u{fffd}cke"
//! "Gr\xf6\xdfe der Br\xfccke"          "Größe der Brücke", a guess
//! ```
//!
//! Cost: nothing for valid UTF-8; two passes over the bytes otherwise.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use std::borrow::Cow;

/// Minimum number of invalid bytes in a record whose character set is guessed.
const INVALID_MIN: usize = 3;
/// A record counts as being in another character set if it has at least this many invalid bytes for
/// each valid non-ASCII character.
const INVALID_RATIO: usize = 4;

/// The text of a record.
pub(super) struct RecordText<'a> {
    /// The text.
    pub(super) text: Cow<'a, str>,
    /// The offset of the first byte that is not UTF-8.
    pub(super) invalid_at: Option<usize>,
    /// Whether the text was read in a character set that the record does not declare.
    pub(super) is_guess: bool,
}

/// Reads UTF-8 or, if the bytes are clearly not UTF-8, the character set they are most likely in.
/// Other invalid bytes become U+FFFD.
pub(super) fn read(bytes: &[u8]) -> RecordText<'_> {
    let invalid_at = match std::str::from_utf8(bytes) {
        Ok(text) => {
            return RecordText { text: Cow::Borrowed(text), invalid_at: None, is_guess: false };
        }
        Err(error) => Some(error.valid_up_to()),
    };
    if is_legacy(bytes) {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        detector.feed(bytes, true);
        let encoding = detector.guess(None, Utf8Detection::Deny);
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            return RecordText { text, invalid_at, is_guess: true };
        }
    }
    RecordText { text: String::from_utf8_lossy(bytes), invalid_at, is_guess: false }
}

/// Whether the non-ASCII part of a text is not UTF-8.
fn is_legacy(bytes: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += chunk.invalid().len();
    }
    invalid >= INVALID_MIN && invalid > INVALID_RATIO * valid
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_character_set_of_old_exports_is_guessed() {
        let german = "Die Größe der Brücke überrascht: 40 € Maut für Lkw, sagt die Behörde.";
        let french = "La papeterie fermée à l’été : « une décision forcée », déplore le maire.";
        let russian = "Власти области начали эвакуацию посёлка из-за угрозы прорыва плотины.";
        let polish = "Kolej zawiesiła połączenia po wykolejeniu pociągu, są opóźnienia.";
        for (text, encoding) in [
            (german, encoding_rs::WINDOWS_1252),
            (french, encoding_rs::WINDOWS_1252),
            (russian, encoding_rs::WINDOWS_1251),
            (russian, encoding_rs::KOI8_R),
            (polish, encoding_rs::WINDOWS_1250),
        ] {
            let bytes = encoding.encode(text).0.into_owned();
            let read = read(&bytes);
            assert_eq!((&*read.text, read.is_guess), (text, true), "{}", encoding.name());
            assert!(read.invalid_at.is_some());
        }
    }

    #[test]
    fn single_wrong_bytes_are_replaced() {
        for (bytes, want) in [
            (&b"Br\xfccke"[..], "Br\u{fffd}cke"),
            ("Größe: \u{fffd}, größer".as_bytes(), "Größe: \u{fffd}, größer"),
            (b"Gr\xc3\xb6\xc3\x9fe \xff\xff\xff", "Größe \u{fffd}\u{fffd}\u{fffd}"),
        ] {
            let read = read(bytes);
            assert_eq!((&*read.text, read.is_guess), (want, false));
        }
    }
}
