//! The engine's records in the changelog: keys, and values that start with a version byte.
//!
//! | key | value |
//! |---|---|
//! | `a/<sequence>` | a live article: its features, the decisions made, its input position |
//! | `i/<sequence>` | the identity of an article that has left the window |
//! | `w/<sequence>` | an article that waits for the end of its embargo |
//! | `s/<story>` | the data of a story that do not follow from its members, or its absorber |
//! | `f/head`, `f/<language>/<page>` | term frequencies, in pages (3 digits) of 1,024 counters |
//! | `e/<hash>` | a learned piece of boilerplate, and when it was last seen |
//! | `clock` | the engine clock, the next sequence, the first live one, and the next to re-score |
//!
//! Sequences are 20 decimal digits, story ids and hashes 16 hexadecimal digits. For example,
//! article 42 is `a/00000000000000000042`. A value is one version byte followed by postcard.
//! Records of all versions up to the last one below can be read (see `read_records`); a newer
//! version stops the restore.
//!
//! - Version 2 added the first live sequence to `clock`: every article before it has expired,
//!   whether or not its tombstone was read.
//! - Version 3 added to `clock` the next article whose story may be re-scored; if the record is
//!   older, pending re-scoring is skipped. Term ids became shorter, and the terms under which an
//!   article is indexed are marked; articles of older records are indexed under all their terms.
//! - Version 4 added the text of short articles, which is empty in older records.
//! - Version 5 counts term frequencies by language. The counts of older records, `f/<page>`, mix
//!   the languages and are not read: the live articles are counted again.
//! - Version 6 leaves out the zeros of pages of term frequencies.
//! - Version 7 added what events say about an article or a story: to articles the first sentence
//!   and the validity at the end of an embargo, to identities the headline and whether the article
//!   went to the unique topic, to stories the growth, subjects, places and languages.
//! - Version 8 added universal terms to articles, and links to stories.
//! - Version 9 added the dateline and the closing line of short texts.

use super::embargo::EmbargoedArticle;
use super::entry::Entry;
use crate::article::{ArticleKey, ArticleMetadata, EventTime, InputPosition, Lang, Sequence};
use crate::fingerprint::Fingerprint;
use crate::record::{Codec, RecordError};
use crate::stories::{FrequencyRecord, MemoryChange, StoryId, Term, Terms};
use crate::verdict::identity_record::Identity;
use crate::verdict::{Validity, Verdict};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The format of the engine's records. Records are written in this version.
pub(super) const CODEC: Codec = Codec(9);
/// The language code in a key if the language is unknown.
pub(super) const UNKNOWN_LANGUAGE: &str = "und";
/// Prefix of the keys of articles.
pub(super) const ARTICLE: &str = "a/";
/// Initial buffer size for an article record. Most records fit.
const ARTICLE_BYTES: usize = 4_096;

/// A changelog record to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// The record's key.
    pub key: String,
    /// The new value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}

impl RecordChange {
    pub(super) fn article(sequence: Sequence, entry: &Entry) -> Self {
        let stored = ArticleRecord {
            input: Cow::Borrowed(&entry.input),
            arrived: entry.arrived,
            about: Cow::Borrowed(&entry.about),
            print: Cow::Borrowed(&entry.print),
            terms: Cow::Borrowed(&entry.terms),
            edges: Cow::Borrowed(&entry.edges),
            verdict: Cow::Borrowed(&entry.decision.verdict),
            story: entry.decision.story,
            standing: entry.standing,
            changed_by: entry.changed_by.as_deref().map(Cow::Borrowed),
            short_text: Cow::Borrowed(&entry.print.short_text),
            lead_sentence: Cow::Borrowed(&entry.lead_sentence),
            lifted: entry.lifted,
            universal: Cow::Borrowed(entry.terms.universal()),
            trimmed: Cow::Borrowed(&entry.print.trimmed),
        };
        let value = CODEC.encode_sized(&stored, ARTICLE_BYTES);
        Self { key: article_key(sequence), value: Some(value) }
    }

    /// The tombstone of an article.
    pub(super) fn article_tombstone(sequence: Sequence) -> Self {
        Self { key: article_key(sequence), value: None }
    }

    /// The record of an article's identity; for `None`, its tombstone, because the identity was
    /// removed.
    pub(super) fn identity(sequence: Sequence, identity: Option<&Identity>) -> Self {
        Self { key: format!("i/{:020}", sequence.0), value: identity.map(|i| CODEC.encode(i)) }
    }

    /// The record of an article that waits for the end of its embargo; for `None`, its tombstone,
    /// because the article no longer waits.
    pub(super) fn embargo(sequence: Sequence, waiting: Option<&EmbargoedArticle>) -> Self {
        Self { key: format!("w/{:020}", sequence.0), value: waiting.map(|w| CODEC.encode(w)) }
    }

    /// The record of a story or of term frequencies.
    pub(super) fn remembered(what: MemoryChange) -> Self {
        match what {
            MemoryChange::Story(story, record) => {
                Self { key: format!("s/{story}"), value: record.as_ref().map(|r| CODEC.encode(r)) }
            }
            MemoryChange::Frequencies(FrequencyRecord::Head(head)) => {
                Self { key: "f/head".into(), value: Some(CODEC.encode(&head)) }
            }
            MemoryChange::Frequencies(FrequencyRecord::Page(language, page, counts)) => {
                let language = language.as_ref().map_or(UNKNOWN_LANGUAGE, Lang::as_str);
                Self { key: format!("f/{language}/{page:03}"), value: Some(CODEC.encode(&counts)) }
            }
        }
    }

    /// The record of a learned piece of boilerplate; without a time, its tombstone, because the
    /// piece was forgotten.
    pub(super) fn furniture((hash, seen): (u64, Option<EventTime>)) -> Self {
        Self { key: format!("e/{hash:016x}"), value: seen.as_ref().map(|seen| CODEC.encode(seen)) }
    }

    pub(super) fn clock(record: ClockRecord) -> Self {
        Self { key: "clock".into(), value: Some(CODEC.encode(&record)) }
    }
}

/// Why a changelog cannot be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A record cannot be decoded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The story of an article has no record.
    #[error("the changelog has no record of story {story}, which article {sequence} belongs to")]
    Story {
        /// The article.
        sequence: u64,
        /// Its story.
        story: StoryId,
    },
    /// Articles are missing.
    #[error("articles are missing from the changelog: expected sequence {expected}, found {found}")]
    Gap {
        /// The sequence that should come next.
        expected: u64,
        /// The sequence that was found.
        found: u64,
    },
}

/// How far the state has advanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClockRecord {
    /// The engine clock.
    pub(super) clock: EventTime,
    /// The sequence of the next article.
    pub(super) next: Sequence,
    /// The first live sequence; absent in version 1.
    pub(super) first: Option<Sequence>,
    /// The next article whose story may be re-scored; absent in versions 1 and 2.
    pub(super) rescore_next: Option<Sequence>,
}

/// The stored form of an [`Entry`]: borrowed when written, owned when read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ArticleRecord<'a> {
    pub(super) input: Cow<'a, InputPosition>,
    pub(super) arrived: EventTime,
    pub(super) about: Cow<'a, ArticleMetadata>,
    pub(super) print: Cow<'a, Fingerprint>,
    pub(super) terms: Cow<'a, Terms>,
    pub(super) edges: Cow<'a, [u32]>,
    pub(super) verdict: Cow<'a, Verdict>,
    pub(super) story: Option<StoryId>,
    pub(super) standing: Validity,
    pub(super) changed_by: Option<Cow<'a, ArticleKey>>,
    pub(super) short_text: Cow<'a, str>,
    pub(super) lead_sentence: Cow<'a, str>,
    pub(super) lifted: Option<Validity>,
    pub(super) universal: Cow<'a, [Term]>,
    pub(super) trimmed: Cow<'a, str>,
}

/// The sequence in a key with the prefix `kind`.
pub(super) fn sequence_of(kind: &str, key: &str) -> Option<Sequence> {
    key.strip_prefix(kind)?.parse().ok().map(Sequence)
}

/// The hash of a piece of boilerplate, from the key of its record.
pub(super) fn furniture_of(key: &str) -> Option<u64> {
    u64::from_str_radix(key.strip_prefix("e/")?, 16).ok()
}

/// The story id in the key of a story's record.
pub(super) fn story_of(key: &str) -> Option<StoryId> {
    u64::from_str_radix(key.strip_prefix("s/")?, 16).ok().map(StoryId::new)
}

pub(super) fn article_key(sequence: Sequence) -> String {
    format!("a/{:020}", sequence.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Pass, Replacement};

    /// What earlier releases wrote must stay readable: never change these bytes.
    #[test]
    fn decisions_about_the_unique_topic_keep_their_encoding() {
        let of = ArticleKey { uri: "a:1".into(), version: None };
        let copy = Replacement { of: of.clone(), head: Some(Sequence(7)) };
        for (pass, bytes) in [
            (Pass::Yes, &[0][..]),
            (Pass::Repeat, &[1]),
            (Pass::Held, &[2]),
            (Pass::Embargoed, &[3]),
            (Pass::Replacement(Box::new(copy)), b"\x04\x03a:1\0\x01\x07"),
            (Pass::Replacement(Box::new(Replacement { of, head: None })), b"\x04\x03a:1\0\0"),
        ] {
            assert_eq!(CODEC.encode(&pass)[1..], *bytes, "{pass:?}");
            assert_eq!(CODEC.decode("a", &[&[7][..], bytes].concat()), Ok(pass));
        }
    }
}
