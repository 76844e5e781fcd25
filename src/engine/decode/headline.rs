//! Reads the HTML that feeds of all formats send in headlines: `AT&amp;T` for `AT&T`, sometimes
//! escaped twice, and `<b>Quay</b> closes`.
//!
//! Only references that end with a semicolon are resolved, so `Q&A` and `this&not` are left
//! unchanged. Tags are removed only if they are inline and both the start tag and the end tag are
//! there, so `The <b> tag at 30` is left unchanged.

use html5gum::{Token, Tokenizer};
use std::borrow::Cow;

/// Maximum number of times that a headline is unescaped.
const ESCAPES_MAX: usize = 2;
/// Length of the longest reference in bytes: `&CounterClockwiseContourIntegral;`.
const REFERENCE_MAX: usize = 33;
/// Maximum length of a tag in bytes.
const TAG_MAX: usize = 256;
/// The elements whose tags are removed.
const INLINE: [&str; 11] =
    ["b", "i", "em", "strong", "u", "span", "sub", "sup", "mark", "font", "small"];

/// A headline with its character references resolved and without tags.
pub(super) fn resolve(headline: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(headline);
    for _ in 0..ESCAPES_MAX {
        match resolved_once(&text) {
            Some(resolved) => text = Cow::Owned(resolved),
            None => break,
        }
    }
    match without_tags(&text) {
        Some(plain) => Cow::Owned(plain),
        None => text,
    }
}

/// The text without the tags of inline elements; `None` if it has none. A line break becomes a
/// space.
fn without_tags(text: &str) -> Option<String> {
    if !text.contains('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let has_both = |name: &&str| {
        lower.contains(&format!("</{name}>"))
            && [" ", ">"].iter().any(|end| lower.contains(&format!("<{name}{end}")))
    };
    let removed: Vec<&str> = INLINE.into_iter().filter(has_both).collect();
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('<') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(TAG_MAX).position(|byte| byte == b'>');
        let tag = end.map(|end| rest[1..end].to_ascii_lowercase()).unwrap_or_default();
        let name = tag.strip_prefix('/').unwrap_or(&tag);
        let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let (written, used) = match end {
            Some(end) if name == "br" => (" ", end + 1),
            Some(end) if removed.contains(&name) => ("", end + 1),
            _ => ("<", 1),
        };
        plain.push_str(written);
        rest = &rest[used..];
    }
    plain.push_str(rest);
    (plain.len() != text.len()).then(|| plain.trim().to_owned())
}

/// The text with its references resolved once; `None` if it has no references.
fn resolved_once(text: &str) -> Option<String> {
    let mut resolved = String::new();
    let mut rest = text;
    let mut changed = false;
    while let Some(at) = rest.find('&') {
        resolved.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(REFERENCE_MAX).position(|b| b == b';').map_or(1, |end| end + 1);
        let (reference, after) = rest.split_at(end);
        let character = if end == 1 { None } else { character(reference) };
        changed |= character.is_some();
        resolved.push_str(character.as_deref().unwrap_or(reference));
        rest = after;
    }
    if !changed {
        return None;
    }
    resolved.push_str(rest);
    Some(resolved.replace('\u{a0}', " "))
}

/// The characters that a reference such as `&eacute;` represents; `None` if it is not a reference.
fn character(reference: &str) -> Option<String> {
    let name = reference.strip_prefix('&')?.strip_suffix(';')?;
    let name = name.strip_prefix('#').unwrap_or(name);
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let mut text = String::new();
    for token in Tokenizer::new(reference).flatten() {
        if let Token::String(part) = token {
            text.push_str(&String::from_utf8_lossy(&part));
        }
    }
    (text != reference && !text.contains(['\0', char::REPLACEMENT_CHARACTER])).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn resolves_references_that_end_with_a_semicolon() {
        for (text, want) in [
            ("AT&amp;T &quot;wins&quot; &#8212; court", "AT&T \"wins\" — court"),
            ("AT&amp;amp;T", "AT&T"),
            ("Quai ferm&eacute;&nbsp;: les p&ecirc;cheurs", "Quai fermé : les pêcheurs"),
            ("&#x27;No&#39;", "'No'"),
            ("Q&A: this&not that; R&D", "Q&A: this&not that; R&D"),
            ("a &unknown; b & c; d", "a &unknown; b & c; d"),
            ("&lt;3 for the quay", "<3 for the quay"),
            ("&", "&"),
            ("<b>Quay</b> closes", "Quay closes"),
            ("&lt;EM class='x'>Quay&lt;/em&gt;<br/>closes", "Quay closes"),
            ("Turnout < 30%, <b> tag, 5 <i>6", "Turnout < 30%, <b> tag, 5 <i>6"),
            ("<title>x</title> <", "<title>x</title> <"),
            ("a<br>b", "a b"),
        ] {
            assert_eq!(resolve(text), want);
        }
    }
}
