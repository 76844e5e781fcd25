//! The largest fields of an article.
//!
//! Everything that an article says of itself can end up in its state record, in events, or in
//! memory for as long as it is live, and each of these has a limit. A field over its bound refuses
//! the item: a uri or a headline that is cut names something else.
//!
//! The bounds are several times what wires send. They are chosen so that the largest record fits
//! the 1,048,588 bytes that a Kafka topic takes by default:
//!
//! | record | holds at most | bytes |
//! |---|---|---|
//! | state of an article | 585,000 of fingerprint (65,000 words, all figures), 64 KiB of links, 18 related articles | 750,000 |
//! | `article.classified` | 19 uris with versions, 2 headlines, 100 signals; JSON writes a control character as 6 bytes | 600,000 |
//! | events and states of stories | 1 headline, 1 uri with its version | 120,000 |
//!
//! The body has no bound of its own: it is not kept, and is no longer than its record.

use super::Error;
use crate::article::Article;

/// Bytes of a uri. Browsers and servers take addresses of about this length; events name up to 19.
const URI_BYTES_MAX: usize = 2_048;
/// Bytes of a version: a number, a time or an opaque tag. It goes wherever the uri goes.
const VERSION_BYTES_MAX: usize = 256;
/// Bytes of the name of a sender. It is named with every carrier of a withdrawn text.
pub(super) const PROVIDER_BYTES_MAX: usize = 512;
/// Bytes of a line such as a credit, a dateline or a slug.
const LINE_BYTES_MAX: usize = 1_024;
/// Bytes of a headline. Some feeds put a whole message where the title belongs.
const HEADLINE_BYTES_MAX: usize = 16_384;
/// Bytes of a byline. Scientific releases name hundreds of authors.
pub(super) const BYLINE_BYTES_MAX: usize = 16_384;
/// Bytes of a note to editors, which is searched for marks.
const NOTE_BYTES_MAX: usize = 65_536;
/// Bytes of the terms of use. A feed states them once for all its items.
pub(super) const TERMS_BYTES_MAX: usize = 16_384;
/// Signals, and bytes of one. All of them are in the event.
const SIGNALS_MAX: usize = 100;
const SIGNAL_BYTES_MAX: usize = 128;
/// Subjects and other identifiers, which are not kept.
const SUBJECTS_MAX: usize = 2_000;
const ALTIDS_MAX: usize = 250;
/// Links to other articles, and bytes of all their uris and versions. They are kept with the
/// article.
const LINKS_MAX: usize = 250;
const LINKS_BYTES_MAX: usize = 65_536;
/// Entries of any list in a JSON object.
pub(super) const ENTRIES_MAX: usize = 2_000;

/// Refuses an article with a field over its bound.
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

/// Refuses a text of more than `max` bytes.
pub(super) fn bytes(field: &'static str, size: usize, max: usize) -> Result<(), Error> {
    within(field, size, "bytes", max)
}

/// Refuses a list of more than `max` entries.
pub(super) fn entries(field: &'static str, size: usize, max: usize) -> Result<(), Error> {
    within(field, size, "entries", max)
}

fn within(field: &'static str, size: usize, unit: &'static str, max: usize) -> Result<(), Error> {
    if size > max { Err(Error::FieldTooLarge { field, size, unit, max }) } else { Ok(()) }
}

/// What all items of a record share, such as the title of their feed: read once, and no larger than
/// a field may be, so that items do not multiply it.
pub(super) fn shared(
    field: &'static str,
    text: Option<String>,
    max: usize,
) -> Result<Option<String>, Error> {
    bytes(field, text.as_ref().map_or(0, String::len), max)?;
    Ok(text)
}
