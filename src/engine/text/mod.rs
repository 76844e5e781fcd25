//! Turns an article's body into clean words.
//!
//! In: an [`Article`]. Out: [`Clean`] text and its [`Words`]. Every byte of the text can be mapped
//! back to its position in the published body.
//!
//! ```text
//! html       converts markup to text, with anchors into the published body
//! edges      removes a repeated headline, datelines, bylines and trailers
//! pieces     lists the edge pieces that may be unlisted boilerplate
//! spelling   the common form of all spellings of a word
//! grouping   one form for all spellings of grouped thousands
//! tokens     splits text into words and figures
//! language   detects the language if the input does not state it
//! script     scripts that do not separate words with spaces
//! senses     numbers written as words, negations, opposites and function words
//! ```
//!
//! Offsets count Unicode scalar values of the body as delivered, including markup.

mod edges;
mod grouping;
mod html;
pub mod language;
pub mod pieces;
pub(crate) mod script;
pub mod senses;
mod spelling;
pub mod tokens;

use super::article::Article;
use edges::OwnText;
pub(crate) use edges::{contains_boilerplate, is_month, starts_trailer};
pub(crate) use grouping::separates as separates_groups;
use std::borrow::Cow;
pub use tokens::{Figure, Words, words};

/// Cleaning settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Maximum number of words of a body that are stored. The hash of the body also covers the
    /// remaining words.
    pub words_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { words_max: 65_000 }
    }
}

/// The first `count` characters of a text, or the whole text if it is shorter.
pub(crate) fn first_chars(text: &str, count: usize) -> &str {
    match text.get(..count).filter(|start| start.is_ascii()) {
        Some(start) => start,
        None if text.len() <= count => text,
        None => &text[..text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)],
    }
}

/// The start of a run of text that was kept unchanged: byte `clean` of the cleaned text is
/// character `published` of the published body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Byte offset in [`Clean::text`].
    pub clean: u32,
    /// Character offset (Unicode scalar values) in the published body.
    pub published: u32,
}

/// A body without markup and boilerplate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clean {
    /// The text. Paragraphs are separated by newlines.
    pub text: String,
    /// The positions of the unchanged runs in the published body, in order. Empty if the text is
    /// the headline.
    pub anchors: Vec<Anchor>,
    /// The dateline and the closing line that were removed, with a newline between them; empty if
    /// neither was removed.
    pub trimmed: String,
}

impl Clean {
    /// The part of the text within `range`, a byte range at character boundaries.
    pub fn cut(self, range: std::ops::Range<usize>) -> Self {
        if range == (0..self.text.len()) {
            return self;
        }
        let first = Anchor { clean: 0, published: self.published(range.start) };
        let within = |a: &&Anchor| range.start < a.clean as usize && (a.clean as usize) < range.end;
        let moved = |a: &Anchor| Anchor { clean: a.clean - range.start as u32, ..*a };
        let rest = self.anchors.iter().filter(within).map(moved);
        let anchors = std::iter::once(first).chain(rest).collect();
        Self { text: self.text[range].to_owned(), anchors, trimmed: self.trimmed }
    }

    /// The dateline and the closing line that were removed; either may be empty.
    pub fn trimmed_lines(trimmed: &str) -> (&str, &str) {
        trimmed.split_once('\n').unwrap_or_default()
    }

    /// The character offset, in the published body, of byte `clean` of the text.
    pub fn published(&self, clean: usize) -> u32 {
        let at = self.anchors.partition_point(|a| a.clean as usize <= clean);
        let Some(anchor) = at.checked_sub(1).and_then(|i| self.anchors.get(i)) else { return 0 };
        let within = self.text.get(anchor.clean as usize..clean).unwrap_or_default();
        let chars = if within.is_ascii() { within.len() } else { within.chars().count() };
        anchor.published + chars as u32
    }
}

/// Cleans the body of `article`: removes markup, a repeated headline, datelines, bylines and
/// trailers. If nothing is left, as in a one-line alert, returns the headline. The headline is not
/// part of the body, so it has no anchors.
pub fn clean(article: &Article) -> Clean {
    if let Some(plain) = html::plain(&article.body) {
        let own = edges::own(plain, &article.headline);
        let text = &plain[own.range.clone()];
        if !text.trim().is_empty() {
            let published = plain[..own.range.start].chars().count() as u32;
            let anchors = vec![Anchor { clean: 0, published }];
            return Clean { text: text.to_owned(), anchors, trimmed: trimmed(plain, &own) };
        }
    }
    let text = html::text(&article.body);
    let own = edges::own(&text.text, &article.headline);
    if text.text[own.range.clone()].trim().is_empty() {
        return Clean { text: article.headline.clone(), ..Clean::default() };
    }
    Clean { trimmed: trimmed(&text.text, &own), ..text }.cut(own.range)
}

/// The dateline and the closing line of `text`, as in [`Clean::trimmed`].
fn trimmed(text: &str, own: &OwnText) -> String {
    let line = |range: &std::ops::Range<usize>| text[range.clone()].trim().replace('\n', " ");
    match (line(&own.dateline), line(&own.closing)) {
        (dateline, closing) if dateline.len() + closing.len() == 0 => String::new(),
        (dateline, closing) => format!("{dateline}\n{closing}"),
    }
}

/// The first sentence of a text, used as the headline of an article that has none. A line break
/// ends the sentence, as after a title, unless the line is only wrapped, that is, unless the next
/// line starts with a lower-case letter or, after a long line, with a digit. The line break of a
/// wrapped line becomes a space.
pub fn first_sentence(text: &str) -> Cow<'_, str> {
    let text = text.trim_start();
    let sentence = text[..sentence_end(text)].trim_end();
    if !sentence.contains('\n') {
        return Cow::Borrowed(sentence);
    }
    Cow::Owned(sentence.split('\n').map(str::trim).collect::<Vec<_>>().join(" "))
}

/// The byte at which the first sentence of `text` ends.
fn sentence_end(text: &str) -> usize {
    const CHARS_MIN: usize = 20;
    const CHARS_MAX: usize = 200;
    let (mut last_space, mut line_start) = (0, 0);
    let mut before = ' ';
    for (count, (at, c)) in text.char_indices().enumerate() {
        let is_space = c.is_whitespace();
        let ends = match c {
            '\n' if !is_wrapped(&text[at + 1..], count - line_start) => true,
            _ if is_space => count >= CHARS_MIN && matches!(before, '.' | '!' | '?'),
            _ => matches!(before, '。' | '！' | '？'),
        };
        if ends {
            return at;
        }
        if is_space {
            last_space = at;
        }
        if c == '\n' {
            line_start = count + 1;
        }
        if count >= CHARS_MAX {
            return if last_space > 0 { last_space } else { at };
        }
        before = c;
    }
    text.len()
}

/// Whether a line of `chars` characters continues after its line break in `rest`: with a lower-case
/// letter or, if the line is long enough to have been wrapped, with a digit.
fn is_wrapped(rest: &str, chars: usize) -> bool {
    const WRAPPED_CHARS_MIN: usize = 45;
    match rest.trim_start_matches([' ', '\t']).chars().next() {
        Some(c) if c.is_numeric() => chars >= WRAPPED_CHARS_MIN,
        next => next.is_some_and(char::is_lowercase),
    }
}

/// `text` if it has at most `bytes_max` bytes; otherwise as many of its words as fit with an
/// ellipsis (`…`) at the end, or as many characters if its first word does not fit.
pub(crate) fn cut_short(text: &str, bytes_max: usize) -> Cow<'_, str> {
    const ELLIPSIS: &str = "…";
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(bytes_max.saturating_sub(ELLIPSIS.len()));
    let (kept, rest) = text.split_at(end);
    let words = match kept.rfind(char::is_whitespace) {
        Some(at) if !rest.starts_with(char::is_whitespace) => &kept[..at],
        _ => kept,
    };
    Cow::Owned(format!("{}{ELLIPSIS}", words.trim_end()))
}

/// The form that all spellings of a word have in common.
pub(crate) fn common_form(word: &str) -> String {
    let form = letters_form(word);
    grouping::ungrouped(&form).unwrap_or(form)
}

/// The common form of a word, in which the separators of grouped thousands are kept.
fn letters_form(word: &str) -> String {
    if word.is_ascii() && word.len() <= spelling::SHORTENED_MAX {
        let (form, len) = spelling::shortened(word.as_bytes());
        return form[..len].iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    }
    spelling::CommonForm::of(word).text
}

/// Removes the headline, datelines, bylines and trailers from `clean` once more, after learned
/// boilerplate was removed from its edges. Returns `clean` unchanged if nothing would be left.
pub fn own(mut clean: Clean, headline: &str) -> Clean {
    let own = edges::own(&clean.text, headline);
    if clean.text[own.range.clone()].trim().is_empty() {
        return clean;
    }
    let again = trimmed(&clean.text, &own);
    if !again.is_empty() {
        clean.trimmed = again;
    }
    clean.cut(own.range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_sentences() {
        const FERRY: &str = "A ferry ran aground off the island.";
        let long = "word ".repeat(60);
        for (text, want) in [
            ("A ferry ran aground off Marel. Nobody was hurt.", "A ferry ran aground off Marel."),
            ("A ferry ran aground\nNobody was hurt", "A ferry ran aground"),
            ("A ferry ran aground\n\nnobody was hurt", "A ferry ran aground"),
            ("A ferry ran\naground. Nobody was hurt.", "A ferry ran aground."),
            ("A ferry ran \r\n  aground off the\nisland.\nall are safe", FERRY),
            ("A ferry ran aground off the island.\nnobody was hurt", FERRY),
            ("Rescue of the ferry\n12 people were hurt", "Rescue of the ferry"),
            (
                "A ferry that ran aground off the island of Marel had\n212 people on board",
                "A ferry that ran aground off the island of Marel had 212 people on board",
            ),
            ("Fähre läuft\nauf Grund. Alle leben.", "Fähre läuft auf Grund."),
            ("火灾烧毁仓库。无人受伤。", "火灾烧毁仓库。"),
            ("The U.S. sent a ferry to Marel", "The U.S. sent a ferry to Marel"),
            (&long, long[..199].trim_end()),
            (&long.replace(' ', "\n"), long[..199].trim_end()),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), want);
        }
    }

    #[test]
    fn long_texts_are_cut_after_a_word() {
        for (text, bytes_max, want) in [
            ("A ferry ran", 11, "A ferry ran"),
            ("A ferry ran aground", 14, "A ferry ran…"),
            ("A ferry ran aground", 13, "A ferry…"),
            ("A ferry ran aground", 8, "A…"),
            ("Aground", 6, "Agr…"),
            ("火灾烧毁仓库", 12, "火灾烧…"),
            ("火灾烧毁仓库", 14, "火灾烧…"),
            ("", 0, ""),
        ] {
            let got = cut_short(text, bytes_max);
            assert_eq!(got, want);
            assert!(got.len() <= bytes_max);
            assert_eq!(cut_short(&got, bytes_max), got, "cutting again changes nothing");
        }
    }
}
