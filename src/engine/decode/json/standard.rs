//! Rewrites constructs that feeds send in JSON although the JSON standard forbids them.
//!
//! | Sent | Rewritten as |
//! |---|---|
//! | a control character in a string | its escape |
//! | `\'` in a string, from JavaScript | `'` |
//! | `\x41` in a string, from JavaScript and web server logs | the character |
//! | `NaN`, a missing number in Python | `null` |
//! | `Infinity`, `-Infinity` | `true`, which is unreadable in every field of an article |
//!
//! Adjacent escapes such as `\xc3\xa9` are bytes of UTF-8. Bytes that are not UTF-8 become U+FFFD.

use std::borrow::Cow;
use std::ops::Range;

/// A JSON text that was rewritten.
#[derive(Default)]
pub(super) struct StandardJson {
    /// The new text.
    pub(super) text: String,
    /// Whether bytes were replaced with U+FFFD.
    pub(super) has_invalid_bytes: bool,
    /// For each change, the offset of its end in the new and in the original text.
    offsets: Vec<(usize, usize)>,
}

/// What is written in place of the first bytes of a text.
struct JsonReplacement {
    /// The bytes replaced.
    bytes: usize,
    written: Cow<'static, str>,
    has_invalid_bytes: bool,
}

impl StandardJson {
    /// Rewrites `text`; `None` if nothing in it has to be changed.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut json = Self { text: String::with_capacity(text.len() + 64), ..Self::default() };
        let (mut in_string, mut at) = (false, 0);
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let replacement = match in_string {
                true => in_text(rest),
                false if json.text.ends_with(char::is_alphanumeric) => None,
                false => number(rest),
            };
            if let Some(replacement) = replacement {
                json.text.push_str(&replacement.written);
                json.has_invalid_bytes |= replacement.has_invalid_bytes;
                at += replacement.bytes;
                json.offsets.push((json.text.len(), at));
                continue;
            }
            in_string ^= c == '"';
            let escaped = rest[c.len_utf8()..].chars().next().filter(|_| in_string && c == '\\');
            let end = at + c.len_utf8() + escaped.map_or(0, char::len_utf8);
            json.text.push_str(&text[at..end]);
            at = end;
        }
        (!json.offsets.is_empty()).then_some(json)
    }

    /// Maps a range of the new text to the original text.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let moved = |at: usize| match self.offsets.partition_point(|(to, _)| *to <= at) {
            0 => at,
            next => self.offsets[next - 1].1 + at - self.offsets[next - 1].0,
        };
        moved(range.start)..moved(range.end)
    }
}

/// The replacement for a number that JSON does not have, at the start of `rest`.
fn number(rest: &str) -> Option<JsonReplacement> {
    let written = [("NaN", "null"), ("Infinity", "true"), ("-Infinity", "true")];
    let (name, written) = written.into_iter().find(|(name, _)| rest.starts_with(name))?;
    let is_whole = !rest[name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    is_whole.then(|| JsonReplacement {
        bytes: name.len(),
        written: written.into(),
        has_invalid_bytes: false,
    })
}

/// The replacement for a control character or an escape at the start of `rest`, which is inside a
/// string.
fn in_text(rest: &str) -> Option<JsonReplacement> {
    let one = |bytes, written: Cow<'static, str>| JsonReplacement {
        bytes,
        written,
        has_invalid_bytes: false,
    };
    let control = |byte: u8| Cow::Owned(format!("\\u{byte:04x}"));
    match *rest.as_bytes() {
        [byte @ 0..=0x1f, ..] => Some(one(1, control(byte))),
        // A backslash before a raw control character escapes that character, so the backslash is
        // dropped.
        [b'\\', byte @ 0..=0x1f, ..] => Some(one(2, control(byte))),
        [b'\\', b'\'', ..] => Some(one(2, "'".into())),
        [b'\\', b'x', ..] => hexadecimal(rest),
        _ => None,
    }
}

/// The replacement for the escapes `\xHH` at the start of `rest`.
fn hexadecimal(rest: &str) -> Option<JsonReplacement> {
    const ESCAPE: usize = "\\x00".len();
    let byte = |escape: &[u8]| {
        let digits = std::str::from_utf8(escape.strip_prefix(b"\\x")?).ok()?;
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)
    };
    let bytes: Vec<u8> = rest.as_bytes().chunks_exact(ESCAPE).map_while(byte).collect();
    let text = String::from_utf8_lossy(&bytes);
    let quoted = serde_json::to_string(&text).ok()?;
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    (!bytes.is_empty()).then(|| JsonReplacement {
        bytes: bytes.len() * ESCAPE,
        written: inner.to_owned().into(),
        has_invalid_bytes: matches!(text, Cow::Owned(_)),
    })
}

#[cfg(test)]
mod tests {
    use super::StandardJson;
    use proptest::prelude::*;

    fn rewritten(text: &str) -> Option<String> {
        StandardJson::of(text).map(|json| json.text)
    }

    #[test]
    fn only_controls_inside_strings_are_escaped() {
        let text = "{\n\"a\":\"b\tc\\\nd\", \"e\": 1}";
        let json = StandardJson::of(text).unwrap();
        assert_eq!(json.text, "{\n\"a\":\"b\\u0009c\\u000ad\", \"e\": 1}");
        let at = json.text.find("\"e\"").unwrap();
        let original = json.original(&(at..at + 3));
        assert_eq!(&text[original], "\"e\"");
        assert_eq!(rewritten("{\n\"a\": 1}"), None);
    }

    #[test]
    fn numbers_that_json_does_not_have_are_replaced() {
        for (text, want) in [
            ("{\"a\":NaN,\"b\":-Infinity}", "{\"a\":null,\"b\":true}"),
            ("[NaN, Infinity]", "[null, true]"),
            ("{\"NaN\":NaN}", "{\"NaN\":null}"),
        ] {
            assert_eq!(rewritten(text).as_deref(), Some(want));
        }
        for text in ["{\"a\":\"NaN, Infinity\"}", "[NaNa]", "[aNaN]", "[NaN_]"] {
            assert_eq!(rewritten(text), None, "{text}");
        }
    }

    #[test]
    fn escapes_of_javascript_are_replaced() {
        for (text, want) in [
            (r#"["it\'s \\'\"\'"]"#, r#"["it's \\'\"'"]"#),
            (r#"["\x41\x22\x5c\x0a\\x41"]"#, r#"["A\"\\\n\\x41"]"#),
            (r#"["caf\xc3\xA9 \x80\x9"]"#, "[\"café \u{fffd}\\x9\"]"),
            (r#"["\x"]\x41"#, r#"["\x"]\x41"#),
        ] {
            let json = StandardJson::of(text);
            let has_invalid_bytes = json.as_ref().is_some_and(|json| json.has_invalid_bytes);
            assert_eq!(json.map_or(text.to_owned(), |json| json.text), want);
            assert_eq!(has_invalid_bytes, want.contains('\u{fffd}'), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_rewritten_text_needs_no_further_change(text in r#"["\\x4'aN\n,\[\]é]{0,30}|.{0,20}"#) {
            if let Some(json) = StandardJson::of(&text) {
                prop_assert_eq!(rewritten(&json.text), None);
                let end = json.text.len();
                prop_assert_eq!(json.original(&(0..end)), 0..text.len());
            }
        }
    }
}
