//! JSON strings and other values that stand for text.
//!
//! In: the bytes of a value that serde_json has found to be well formed. Out: a [`TextValue`]. Half of
//! a surrogate pair, which JSON can escape and Unicode text cannot hold, becomes U+FFFD: software
//! that cuts text between the halves of an emoji leaves one behind.

use std::borrow::Cow;

/// What a value says where text is expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TextValue<'a> {
    /// Null, false, an empty list or object, or a string of spaces.
    Absent,
    /// A string, or a number as it stands.
    RepairedText(RepairedText<'a>),
    /// True, a list or an object.
    Unreadable,
}

/// A text, and whether something in it was repaired.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RepairedText<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) repaired: bool,
}

impl<'a> TextValue<'a> {
    pub(super) fn of(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            None | Some(b'n' | b'f') => Self::Absent,
            Some(b'"') => {
                let text = RepairedText::of(raw);
                if text.text.trim().is_empty() { Self::Absent } else { Self::RepairedText(text) }
            }
            Some(b'0'..=b'9' | b'-') => {
                Self::RepairedText(RepairedText { text: Cow::Borrowed(raw), repaired: false })
            }
            Some(_) if is_empty(raw) => Self::Absent,
            Some(_) => Self::Unreadable,
        }
    }
}

/// Whether a list or an object holds nothing.
pub(super) fn is_empty(raw: &str) -> bool {
    let inner = raw.strip_prefix(['[', '{']).and_then(|raw| raw.strip_suffix([']', '}']));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

impl<'a> RepairedText<'a> {
    /// The text of a string in its quotes; borrowed where nothing is escaped, which is most text.
    pub(super) fn of(raw: &'a str) -> Self {
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
        match memchr::memchr(b'\\', inner.as_bytes()) {
            None => Self { text: Cow::Borrowed(inner), repaired: false },
            Some(_) => unescaped(inner),
        }
    }
}

fn unescaped(raw: &str) -> RepairedText<'static> {
    let (mut text, mut repaired) = (String::with_capacity(raw.len()), false);
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let (found, bytes) = escape(&rest[at..]);
        repaired |= found.is_none();
        text.push(found.unwrap_or(char::REPLACEMENT_CHARACTER));
        rest = &rest[at + bytes..];
    }
    text.push_str(rest);
    RepairedText { text: Cow::Owned(text), repaired }
}

/// The character that `raw` starts with an escape of, and the bytes of that escape; no character
/// for half of a surrogate pair.
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

fn hexadecimal(raw: &str) -> (Option<char>, usize) {
    const ESCAPE: usize = "\\u0000".len();
    let unit = |at: usize| {
        let digits = raw.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(0) else { return (None, 1) };
    let pair = [first, unit(ESCAPE).unwrap_or_default()];
    match char::decode_utf16(pair).next() {
        Some(Ok(found)) => (Some(found), ESCAPE * found.len_utf16()),
        _ => (None, ESCAPE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement_character() {
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
            let text = RepairedText::of(raw);
            assert_eq!((&*text.text, text.repaired), (want, repaired), "{raw}");
        }
    }

    #[test]
    fn values_without_content_are_absent() {
        for raw in ["null", "false", "[ ]", "{}", "\"\"", "\" \\n\""] {
            assert_eq!(TextValue::of(raw), TextValue::Absent, "{raw}");
        }
        for raw in ["true", "[1]", "{\"a\":1}", "[[]]"] {
            assert_eq!(TextValue::of(raw), TextValue::Unreadable, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn strings_are_read_as_serde_json_reads_them(text in ".{0,40}") {
            let raw = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(&*RepairedText::of(&raw).text, &*text);
            let escaped: String =
                text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let read = RepairedText::of(&escaped);
            prop_assert_eq!((&*read.text, read.repaired), (&*text, false));
        }
    }
}
