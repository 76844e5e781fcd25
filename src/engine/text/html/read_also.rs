//! Removes lines in the middle of a text that refer to another article: `READ ALSO: Ten tips for
//! winter`. At the edges of a text, [`edges`](crate::text::edges) removes them.
//!
//! Such a line begins with a listed phrase and a colon, so a sentence that begins with the same
//! words is kept.
//!
//! Cost: one search for newlines, and a comparison for each line with an early colon.

use super::super::{Anchor, Clean};
use crate::boilerplate::listed::READ_ALSO;
use memchr::memchr_iter;
use std::ops::Range;

/// Maximum length of such a line in bytes.
const LINE_BYTES_MAX: usize = 300;
/// Maximum length in bytes of the part of a line before the colon.
const PHRASE_BYTES_MAX: usize = 64;
/// What may precede the phrase.
const BULLETS: [char; 13] = [' ', '\t', '*', '-', '–', '•', '>', '»', '►', '▶', '[', '(', '【'];

/// Whether a text has such a line.
pub(super) fn is_in(text: &str) -> bool {
    lines(text).next().is_some()
}

/// The text without such lines; the same text if nothing else would be left.
pub(super) fn removed(clean: Clean) -> Clean {
    let lines: Vec<Range<usize>> = lines(&clean.text).collect();
    if lines.is_empty() {
        return clean;
    }
    let mut rest = Clean::default();
    let starts = std::iter::once(0).chain(lines.iter().map(|line| line.end));
    let ends = lines.iter().map(|line| line.start).chain([clean.text.len()]);
    for (start, end) in starts.zip(ends).filter(|(start, end)| start < end) {
        let moved = rest.text.len();
        rest.anchors.push(Anchor { clean: moved as u32, published: clean.published(start) });
        let within = clean.anchors.iter().filter(|anchor| {
            let at = anchor.clean as usize;
            start < at && at < end
        });
        rest.anchors.extend(within.map(|anchor| Anchor {
            clean: (anchor.clean as usize - start + moved) as u32,
            ..*anchor
        }));
        rest.text.push_str(&clean.text[start..end]);
    }
    if rest.text.trim().is_empty() { clean } else { rest }
}

/// The byte ranges of such lines, each with the newlines before it. The first line of a text is
/// never such a line.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    memchr_iter(b'\n', text.as_bytes()).filter_map(move |newline| {
        let line = text[newline + 1..].split('\n').next().unwrap_or_default();
        let start = text[..newline].trim_end().len();
        is_listed(line).then(|| start..newline + 1 + line.len())
    })
}

fn is_listed(line: &str) -> bool {
    if line.len() > LINE_BYTES_MAX {
        return false;
    }
    let head = &line[..line.floor_char_boundary(PHRASE_BYTES_MAX)];
    let Some(colon) = head.find([':', '：', '】']) else { return false };
    let phrase = head[..colon].trim_start_matches(BULLETS).trim_end();
    READ_ALSO.contains(&&*phrase.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_name_another_article_are_removed() {
        for (text, want) in [
            ("One.\n\nREAD ALSO: Ten tips\n\nTwo.", "One.\n\nTwo."),
            ("Eins.\nLesen Sie auch: Zehn Tipps\nZwei.", "Eins.\nZwei."),
            (
                "Один.\n\n• Читайте также: Советы\n\nДва.\n\nПо теме: Ещё\n\nТри.",
                "Один.\n\nДва.\n\nТри.",
            ),
            ("一。\n\n延伸阅读:十大贴士\n\n二。", "一。\n\n二。"),
            ("一。\n\n【あわせて読みたい】冬の防災\n\n二。", "一。\n\n二。"),
            ("Bir.\n\nBunu da okuyun: Kışın on köy\n\nİki.", "Bir.\n\nİki."),
            ("One.\n\nRead also the small print, he said: it matters.", ""),
            ("One.\n\nThe minister: no.", ""),
        ] {
            let want = if want.is_empty() { text } else { want };
            let anchors = vec![Anchor { clean: 0, published: 0 }];
            let clean = removed(Clean { text: text.into(), anchors, ..Clean::default() });
            assert_eq!(clean.text, want);
            let published: Vec<char> = text.chars().collect();
            for (at, c) in clean.text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
                assert_eq!(published[clean.published(at) as usize], c, "{text}: {at}");
            }
        }
    }
}
