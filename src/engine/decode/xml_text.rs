//! Decodes the bytes of an XML document to text.
//!
//! In: the bytes. Out: an [`XmlText`]. Invalid bytes become U+FFFD, so one wrong byte affects only
//! one character. If almost none of the non-ASCII bytes are UTF-8, the character set is guessed
//! ([`charset`]). Articles with a field that contains U+FFFD, or a non-ASCII character in a guessed
//! character set, are flagged.

use super::repairs::REPAIRED_TEXT;
use super::{Error, charset};
use crate::article::Article;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::borrow::Cow;

/// The text of a document.
pub(super) struct XmlText<'a> {
    /// The text; U+FFFD replaces invalid bytes.
    pub(super) text: Cow<'a, str>,
    /// The error that was repaired, if bytes were invalid.
    repaired: Option<Error>,
    /// Whether the character set was guessed.
    is_guess: bool,
}

impl XmlText<'_> {
    /// Flags the articles whose text was repaired. If the document cannot be read at all, reports
    /// the invalid bytes as the reason.
    pub(super) fn flag_repairs(
        self,
        mut articles: Vec<Result<Article, Error>>,
    ) -> Vec<Result<Article, Error>> {
        let Some(error) = self.repaired else { return articles };
        if let [Err(Error::Syntax { .. } | Error::Unknown | Error::Empty)] = &articles[..] {
            return vec![Err(error)];
        }
        match self.is_guess {
            true => flag_where(&mut articles, |text| !text.is_ascii()),
            false => flag_replacements(&mut articles),
        }
        articles
    }
}

/// Flags the articles that contain U+FFFD as repaired.
pub(super) fn flag_replacements(articles: &mut [Result<Article, Error>]) {
    flag_where(articles, |text| text.contains(char::REPLACEMENT_CHARACTER));
}

/// Flags the articles with a text that `is_repaired`.
fn flag_where(articles: &mut [Result<Article, Error>], is_repaired: fn(&str) -> bool) {
    for article in articles.iter_mut().flatten() {
        let is_flagged = article.flags.iter().any(|flag| flag == REPAIRED_TEXT);
        if !is_flagged && texts(article).any(is_repaired) {
            article.flags.push(REPAIRED_TEXT.to_owned());
        }
    }
}

/// The texts of an article.
fn texts(article: &Article) -> impl Iterator<Item = &str> {
    let single = [
        &article.version,
        &article.provider,
        &article.credit,
        &article.infosource,
        &article.byline,
        &article.dateline,
        &article.located,
        &article.ednote,
        &article.slugline,
        &article.genre,
        &article.usageterms,
    ];
    let lists = [&article.signals, &article.subjects, &article.places, &article.altids];
    [&*article.uri, &*article.headline, article.body.as_str()]
        .into_iter()
        .chain(single.into_iter().flatten().map(String::as_str))
        .chain(lists.into_iter().flatten().map(String::as_str))
        .chain(article.links.iter().map(|link| link.to.uri.as_str()))
}

/// Decodes the bytes of a document to text.
///
/// The character set is determined by a byte order mark, by the byte pattern of UTF-16, or by the
/// XML declaration, in this order; the default is UTF-8. Non-ASCII text that is valid UTF-8 is read
/// as UTF-8 even if another character set is declared.
pub(super) fn read(bytes: &[u8]) -> XmlText<'_> {
    let wide = match bytes {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(UTF_16BE),
        _ => None,
    };
    let encoding = wide.or_else(|| declared(bytes)).unwrap_or(UTF_8);
    // Non-ASCII text in another character set is hardly ever valid UTF-8 by chance, so the
    // declaration must be wrong.
    if encoding == UTF_8 || !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok() {
        let charset::RecordText { text, invalid_at, is_guess } = charset::read(bytes);
        let text = match text {
            Cow::Borrowed(text) => text.trim_start_matches('\u{feff}').into(),
            Cow::Owned(text) => text.into(),
        };
        let repaired = invalid_at.map(|at| Error::Encoding { at });
        return XmlText { text, repaired, is_guess };
    }
    let (text, _, wrong) = encoding.decode(bytes);
    let repaired = wrong.then(|| Error::Charset(encoding.name()));
    XmlText { text, repaired, is_guess: false }
}

/// The character set of the XML declaration, if it is known and plausible. UTF-16 is not plausible,
/// because the declaration can be read as ASCII.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return None;
    }
    let start = &bytes[..bytes.len().min(256)];
    let close = memchr::memmem::find(start, b"?>")?;
    let declaration = &start[..close];
    let at = memchr::memmem::find(declaration, b"encoding")? + b"encoding".len();
    let value = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = value.split_first().filter(|(q, _)| matches!(q, b'"' | b'\''))?;
    let label = &value[..memchr::memchr(quote, value)?];
    Encoding::for_label(label).filter(|set| *set != UTF_16LE && *set != UTF_16BE)
}
