//! Size limits for the fields of an article.
//!
//! Any field of an article can be stored in its state record, published in events, or kept in
//! memory while the article is live. Records, events and memory are limited in size, so the fields
//! are too. An item with a field over its limit is rejected, not truncated: a truncated uri or
//! headline would identify something else. The exception is a value that is used only because the
//! item does not state the field, such as the title of a feed in place of the provider. If such a
//! value is too long, it is ignored and a flag is set
//! ([`Repairs::stand_in`](super::repairs::Repairs::stand_in)).
//!
//! The limits are several times as large as what agencies send. They are chosen so that the largest
//! record fits into the 1,048,588 bytes that a Kafka topic accepts by default
//! (`max.message.bytes`):
//!
//! - Article state, 750,000 bytes: 585,000 bytes of fingerprint (65,000 words, all numerals),
//!   64 KiB of links, 18 related articles.
//! - `article.classified`, 600,000 bytes: 19 uris with versions, 2 headlines, 100 signals. JSON
//!   escapes a control character as 6 bytes.
//! - Story events and states, 120,000 bytes: 1 headline, 1 uri with its version.
//!
//! The body has no limit of its own: it is not stored, and cannot be longer than its record.

use super::Error;
use crate::article::Article;

/// Maximum bytes of a uri: about the length of the longest URL that browsers and servers accept. An
/// event contains up to 19 uris.
pub(super) const URI_BYTES_MAX: usize = 2_048;
/// Maximum bytes of a version, which is a number, a time or an opaque tag. It is stored and
/// published next to the uri.
pub(super) const VERSION_BYTES_MAX: usize = 256;
/// Maximum bytes of a provider name. It is listed for every carrier of a withdrawn text.
pub(super) const PROVIDER_BYTES_MAX: usize = 512;
/// Maximum bytes of a single-line field such as a credit, a dateline or a slug.
pub(super) const LINE_BYTES_MAX: usize = 1_024;
/// Maximum bytes of a headline. Some feeds put an entire message in the title.
pub(super) const HEADLINE_BYTES_MAX: usize = 16_384;
/// Maximum bytes of a byline. Scientific press releases list hundreds of authors.
pub(super) const BYLINE_BYTES_MAX: usize = 16_384;
/// Maximum bytes of an editorial note, which is searched for marks.
const NOTE_BYTES_MAX: usize = 65_536;
/// Maximum bytes of the terms of use. A feed may state them once for all its items.
pub(super) const TERMS_BYTES_MAX: usize = 16_384;
/// Maximum number of signals, and maximum bytes of one. The event contains all of them.
const SIGNALS_MAX: usize = 100;
const SIGNAL_BYTES_MAX: usize = 128;
/// Maximum number of subjects and of alternative identifiers. They are not stored.
const SUBJECTS_MAX: usize = 2_000;
const ALTIDS_MAX: usize = 250;
/// Maximum number of links to other articles, and maximum total bytes of their uris and versions.
/// They are stored with the article.
const LINKS_MAX: usize = 250;
const LINKS_BYTES_MAX: usize = 65_536;
/// Maximum number of entries of a list field in a JSON object.
pub(super) const ENTRIES_MAX: usize = 2_000;

/// Rejects an article with a field over its limit.
pub(super) fn check(article: &Article) -> Result<(), Error> {
    let optional = |field, text: &Option<String>, max| {
        text.as_deref().map_or(Ok(()), |text| bytes(field, text.len(), max))
    };
    bytes("uri", article.uri.len(), URI_BYTES_MAX)?;
    optional("version", &article.version, VERSION_BYTES_MAX)?;
    optional("provider", &article.provider, PROVIDER_BYTES_MAX)?;
    bytes("headline", article.headline.len(), HEADLINE_BYTES_MAX)?;
    optional("byline", &article.byline, BYLINE_BYTES_MAX)?;
    optional("ednote", &article.ednote, NOTE_BYTES_MAX)?;
    optional("usageterms", &article.usageterms, TERMS_BYTES_MAX)?;
    for (field, line) in [
        ("credit", &article.credit),
        ("infosource", &article.infosource),
        ("dateline", &article.dateline),
        ("located", &article.located),
        ("slugline", &article.slugline),
        ("genre", &article.genre),
    ] {
        optional(field, line, LINE_BYTES_MAX)?;
    }
    list("signals", &article.signals, SIGNALS_MAX, SIGNAL_BYTES_MAX)?;
    list("subjects", &article.subjects, SUBJECTS_MAX, LINE_BYTES_MAX)?;
    list("places", &article.places, SUBJECTS_MAX, LINE_BYTES_MAX)?;
    list("altids", &article.altids, ALTIDS_MAX, URI_BYTES_MAX)?;
    links(article)
}

fn list(
    field: &'static str,
    all: &[String],
    entries_max: usize,
    bytes_max: usize,
) -> Result<(), Error> {
    entries(field, all.len(), entries_max)?;
    let longest = all.iter().map(String::len).max().unwrap_or_default();
    bytes(field, longest, bytes_max)
}

fn links(article: &Article) -> Result<(), Error> {
    entries("links", article.links.len(), LINKS_MAX)?;
    let mut sum = 0;
    for link in &article.links {
        let version = link.to.version.as_ref().map_or(0, String::len);
        bytes("links", link.to.uri.len(), URI_BYTES_MAX)?;
        bytes("links", version, VERSION_BYTES_MAX)?;
        sum += link.to.uri.len() + version;
    }
    bytes("links", sum, LINKS_BYTES_MAX)
}

/// Rejects a field of more than `max` bytes.
pub(super) fn bytes(field: &'static str, size: usize, max: usize) -> Result<(), Error> {
    within(field, size, "bytes", max)
}

/// Rejects a list of more than `max` entries.
pub(super) fn entries(field: &'static str, size: usize, max: usize) -> Result<(), Error> {
    within(field, size, "entries", max)
}

fn within(field: &'static str, size: usize, unit: &'static str, max: usize) -> Result<(), Error> {
    if size > max { Err(Error::FieldTooLarge { field, size, unit, max }) } else { Ok(()) }
}
