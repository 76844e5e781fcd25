//! Splits a record that is not a single JSON value, so that only the broken parts are lost. Such a
//! record is a sequence of values (NDJSON, JSON text sequences), or a list that is cut off or has a
//! broken entry.
//!
//! ```text
//! {"id":"a"}\n{"id":"b"}                    {"id":"a"}   {"id":"b"}
//! {"items":[{"id":"a"},{"id":"b","tit       {"id":"a"}   error
//! ```
//!
//! Cost: linear, except that the rest of the record may be scanned for each broken part that is
//! skipped. At most [`RETRIES_MAX`] broken parts are skipped.

use super::super::{Error, part};
use super::fields::syntax;
use super::names::WRAPPERS;
use serde_json::value::RawValue;
use std::ops::Range;

/// Maximum number of broken parts skipped in one record.
const RETRIES_MAX: u32 = 16;

/// A part of a broken record.
pub(super) struct BrokenPart {
    /// The bytes of the part in the record.
    pub(super) range: Range<usize>,
    /// The error if the part is not a JSON object.
    pub(super) error: Option<Error>,
}

/// The parts of a record that is not valid JSON, in order.
pub(super) fn parts(text: &str) -> Vec<BrokenPart> {
    let (mut at, in_list) = match list_start(text) {
        Some(start) => (start, true),
        None => (0, false),
    };
    let (mut parts, mut retries) = (Vec::new(), 0);
    loop {
        let rest =
            text[at..].trim_start_matches(|c: char| c.is_whitespace() || ",\u{1e}".contains(c));
        at = text.len() - rest.len();
        if rest.is_empty() || in_list && rest.starts_with(']') {
            return parts;
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                let range = part::range(text.as_bytes(), value.get());
                at = range.end;
                parts.push(BrokenPart { range, error: None });
            }
            Some(Err(error)) => {
                let next = next_start(rest, in_list).filter(|_| retries < RETRIES_MAX);
                let end = next.map_or(text.len(), |next| at + next);
                parts.push(BrokenPart { range: at..end, error: Some(syntax(&error)) });
                (at, retries) = (end, retries + 1);
            }
            None => return parts,
        }
    }
}

/// The offset of the list of items, after its opening bracket.
fn list_start(text: &str) -> Option<usize> {
    if text.starts_with('[') {
        return Some(1);
    }
    let open = text.find('[')?;
    let before = text[..open].trim_end().strip_suffix(':')?.trim_end().strip_suffix('"')?;
    let name = before.rsplit('"').next()?.replace('_', "").to_ascii_lowercase();
    WRAPPERS.contains(&&*name).then_some(open + 1)
}

/// The offset in `rest` at which the next item after a broken one may start: a new line or, in a
/// list, an object after `},`.
fn next_start(rest: &str, in_list: bool) -> Option<usize> {
    if !in_list {
        return rest.find('\n').map(|newline| newline + 1);
    }
    let mut starts = rest.match_indices('{').skip(1).map(|(at, _)| at);
    starts.find(|&at| rest[..at].trim_end().ends_with("},"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(&str, bool)> {
        parts(text).into_iter().map(|part| (&text[part.range], part.error.is_none())).collect()
    }

    #[test]
    fn only_the_broken_part_is_lost() {
        let (a, b) = (r#"{"id":"a"}"#, r#"{"id":"b"}"#);
        for text in [format!("{a}\n{b}\n"), format!("\u{1e}{a}\n\u{1e}{b}"), format!("{a}{b}")] {
            assert_eq!(split(&text), [(a, true), (b, true)], "{text}");
        }
        let text = format!("{a}\n{{\"id\":\n{b}");
        assert_eq!(split(&text), [(a, true), ("{\"id\":\n", false), (b, true)]);
        let text = format!("{{\"items\" : [{a}, {b}, {{\"id");
        assert_eq!(split(&text), [(a, true), (b, true), ("{\"id", false)]);
        let text = format!("[{a},{{\"id\":\"x\" \"y\"}},{b}]");
        assert_eq!(split(&text), [(a, true), ("{\"id\":\"x\" \"y\"},", false), (b, true)]);
    }

    #[test]
    fn the_number_of_retries_is_limited() {
        let parts = parts(&"{x\n".repeat(100));
        assert_eq!(parts.len(), RETRIES_MAX as usize + 1);
        assert!(parts.iter().all(|part| part.error.is_some()));
    }
}
