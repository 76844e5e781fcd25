//! Reads JSON values as text.
//!
//! In: a value that serde_json has found to be well formed. Out: a [`TextValue`]. An unpaired
//! surrogate, which JSON can escape but UTF-8 cannot encode, becomes U+FFFD. Such surrogates come
//! from software that truncates text in the middle of an emoji.
//!
//! ```text
//! "Fl\u00f8rli"   "Flørli"
//! "cut \ud83d"    "cut \ufffd", repaired
//! 7               "7"
//! null, false, [] absent
//! true, [1]       unreadable
//! ```

use std::borrow::Cow;

/// A JSON value read as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TextValue<'a> {
    /// Null, false, an empty list or object, or a blank string.
    Absent,
    /// A string, or a number as written.
    RepairedText(JsonText<'a>),
    /// True, or a list or object that is not empty.
    Unreadable,
}

/// A string value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsonText<'a> {
    /// The text, unescaped.
    pub(super) text: Cow<'a, str>,
    /// Whether an unpaired surrogate was replaced.
    pub(super) repaired: bool,
}

impl<'a> TextValue<'a> {
    /// Reads the raw JSON of a value.
    pub(super) fn of(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            None | Some(b'n' | b'f') => Self::Absent,
            Some(b'"') => {
                let text = JsonText::of(raw);
                if text.text.trim().is_empty() { Self::Absent } else { Self::RepairedText(text) }
            }
            Some(b'0'..=b'9' | b'-') => {
                Self::RepairedText(JsonText { text: Cow::Borrowed(raw), repaired: false })
            }
            Some(_) if is_empty(raw) => Self::Absent,
            Some(_) => Self::Unreadable,
        }
    }
}

/// Whether the raw JSON of a value is an empty list or object.
pub(super) fn is_empty(raw: &str) -> bool {
    let inner = raw.strip_prefix(['[', '{']).and_then(|raw| raw.strip_suffix([']', '}']));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

impl<'a> JsonText<'a> {
    /// Unescapes a quoted JSON string. Borrows it if it has no escapes, which is the usual case.
    pub(super) fn of(raw: &'a str) -> Self {
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
        match memchr::memchr(b'\\', inner.as_bytes()) {
            None => Self { text: Cow::Borrowed(inner), repaired: false },
            Some(_) => unescaped(inner),
        }
    }
}

fn unescaped(raw: &str) -> JsonText<'static> {
    let (mut text, mut repaired) = (String::with_capacity(raw.len()), false);
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let (character, bytes) = escape(&rest[at..]);
        repaired |= character.is_none();
        text.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + bytes..];
    }
    text.push_str(rest);
    JsonText { text: Cow::Owned(text), repaired }
}

/// Reads the escape sequence at the start of `raw`: its character, or `None` for an unpaired
/// surrogate, and its length in bytes.
fn escape(raw: &str) -> (Option<char>, usize) {
    let simple = match raw.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b'"') => '"',
        Some(b'\\') => '\\',
        Some(b'/') => '/',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => return hexadecimal(raw),
        _ => return (None, 1),
    };
    (Some(simple), 2)
}

/// Reads `\uXXXX`, or a surrogate pair, which consists of two such escapes.
fn hexadecimal(raw: &str) -> (Option<char>, usize) {
    const ESCAPE: usize = "\\u0000".len();
    let unit = |at: usize| {
        let digits = raw.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(0) else { return (None, 1) };
    let pair = [first, unit(ESCAPE).unwrap_or_default()];
    match char::decode_utf16(pair).next() {
        Some(Ok(character)) => (Some(character), ESCAPE * character.len_utf16()),
        _ => (None, ESCAPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unpaired_surrogates_become_replacement_characters() {
        for (raw, want, repaired) in [
            (r#""plain""#, "plain", false),
            (r#""a\n\"\\\/\t\r\b\f""#, "a\n\"\\/\t\r\u{8}\u{c}", false),
            (r#""\u00e9\ud83d\uDE00!""#, "é😀!", false),
            (r#""cut \ud83d""#, "cut \u{fffd}", true),
            (r#""\ude00 cut""#, "\u{fffd} cut", true),
            (r#""\ud83d\u0041""#, "\u{fffd}A", true),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀", true),
            (r#""\ud83d\n""#, "\u{fffd}\n", true),
        ] {
            let text = JsonText::of(raw);
            assert_eq!((&*text.text, text.repaired), (want, repaired), "{raw}");
        }
    }

    #[test]
    fn empty_values_are_absent() {
        for raw in ["null", "false", "[ ]", "{}", "\"\"", "\" \\n\""] {
            assert_eq!(TextValue::of(raw), TextValue::Absent, "{raw}");
        }
        for raw in ["true", "[1]", "{\"a\":1}", "[[]]"] {
            assert_eq!(TextValue::of(raw), TextValue::Unreadable, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in ".{0,40}") {
            let raw = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(&*JsonText::of(&raw).text, &*text);
            let escaped: String =
                text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let read = JsonText::of(&escaped);
            prop_assert_eq!((&*read.text, read.repaired), (&*text, false));
        }
    }
}
