//! Escapes the control characters that feeds send inside JSON strings, which JSON forbids.

use std::ops::Range;

/// A JSON text in which the control characters inside strings have been escaped.
pub(super) struct EscapedControls {
    /// The repaired text.
    pub(super) text: String,
    /// For each escape, the offset of its end in the repaired and in the original text.
    offsets: Vec<(usize, usize)>,
}

impl EscapedControls {
    /// Escapes the control characters in `text`; `None` if it has none inside strings.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut repaired = String::with_capacity(text.len() + 64);
        let (mut in_string, mut escaped, mut offsets) = (false, false, Vec::new());
        for (at, c) in text.char_indices() {
            if in_string && c < ' ' {
                use std::fmt::Write;
                // A backslash before a raw control character escapes that character, so the
                // backslash is dropped.
                if escaped {
                    repaired.pop();
                }
                write!(repaired, "\\u{:04x}", u32::from(c)).ok()?;
                offsets.push((repaired.len(), at + c.len_utf8()));
                escaped = false;
                continue;
            }
            in_string ^= c == '"' && !escaped;
            escaped = in_string && c == '\\' && !escaped;
            repaired.push(c);
        }
        (!offsets.is_empty()).then_some(Self { text: repaired, offsets })
    }

    /// Maps a range of the repaired text to the original text.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let moved = |at: usize| match self.offsets.partition_point(|(to, _)| *to <= at) {
            0 => at,
            next => self.offsets[next - 1].1 + at - self.offsets[next - 1].0,
        };
        moved(range.start)..moved(range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::EscapedControls;

    #[test]
    fn only_controls_inside_strings_are_escaped() {
        let text = "{\n\"a\":\"b\tc\\\nd\", \"e\": 1}";
        let repaired = EscapedControls::of(text).unwrap();
        assert_eq!(repaired.text, "{\n\"a\":\"b\\u0009c\\u000ad\", \"e\": 1}");
        let at = repaired.text.find("\"e\"").unwrap();
        let original = repaired.original(&(at..at + 3));
        assert_eq!(&text[original], "\"e\"");
        assert!(EscapedControls::of("{\n\"a\": 1}").is_none());
    }
}
