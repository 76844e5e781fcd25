//! The engine's records in the changelog: keys, and values that start with a version byte.
//!
//! | key | value |
//! |---|---|
//! | `a/<sequence>` | a live article: its features, the decisions made, its input position |
//! | `i/<sequence>` | the identity of an article that has left the window |
//! | `w/<sequence>` | an article that waits for the end of its embargo |
//! | `s/<story>` | what a story's members do not determine, or the story that absorbed it |
//! | `f/head`, `f/<language>/<page>` | term frequencies, in pages (3 digits) of 1,024 counters |
//! | `e/<hash>` | a learned piece of boilerplate, and when it was last seen |
//! | `clock` | the engine clock, the next sequence, the first live one, and the next to re-score |
//!
//! Sequences are 20 decimal digits, story ids and hashes 16 hexadecimal digits. For example,
//! article 42 is `a/00000000000000000042`. A value is one version byte followed by postcard.
//! Records of all versions up to the last one below can be read; a newer version stops the restore.
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

use super::embargo::EmbargoedArticle;
use super::entry::{Decision, Entry};
use crate::article::{ArticleKey, ArticleMetadata, EventTime, InputPosition, Lang, Sequence};
use crate::fingerprint::Fingerprint;
use crate::record::{Codec, RecordError};
use crate::stories::tags::StoryTags;
use crate::stories::{FrequencyRecord, MemoryChange, StoryId, StoryRecord, Term, Terms};
use crate::verdict::identity_record::Identity;
use crate::verdict::{Validity, Verdict};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// The format of the engine's records. Records are written in this version.
const CODEC: Codec = Codec(8);
/// The first version with marks of indexed terms, and with `near_miss` of stories.
const INDEXED_TERMS_SINCE: u8 = 3;
/// The first version in which the record of a short article contains its text.
const SHORT_TEXT_SINCE: u8 = 4;
/// The first version in which term frequencies are counted by language.
const FREQUENCIES_BY_LANGUAGE_SINCE: u8 = 5;
/// The first version in which pages of term frequencies leave out zeros.
const SPARSE_PAGES_SINCE: u8 = 6;
/// The first version with what events say about articles and stories.
const MENTIONS_SINCE: u8 = 7;
/// The first version with universal terms and with links between stories.
const LINKS_SINCE: u8 = 8;
/// The language code in a key if the language is unknown.
const UNKNOWN_LANGUAGE: &str = "und";
/// Prefix of the keys of articles.
const ARTICLE: &str = "a/";
/// The smallest key after all keys of articles.
const AFTER_ARTICLES: &str = "a0";
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
struct ArticleRecord<'a> {
    input: Cow<'a, InputPosition>,
    arrived: EventTime,
    about: Cow<'a, ArticleMetadata>,
    print: Cow<'a, Fingerprint>,
    terms: Cow<'a, Terms>,
    edges: Cow<'a, [u32]>,
    verdict: Cow<'a, Verdict>,
    story: Option<StoryId>,
    standing: Validity,
    changed_by: Option<Cow<'a, ArticleKey>>,
    short_text: Cow<'a, str>,
    lead_sentence: Cow<'a, str>,
    lifted: Option<Validity>,
    universal: Cow<'a, [Term]>,
}

/// All records of the engine, decoded and in order of their keys.
#[derive(Debug, Default)]
pub(super) struct StateRecords {
    /// The record `clock`.
    pub(super) clock: Option<ClockRecord>,
    /// Records `a/`.
    pub(super) articles: Vec<(Sequence, Arc<Entry>)>,
    /// Records `s/` and `f/`.
    pub(super) stories: Vec<MemoryChange>,
    /// Records `e/`.
    pub(super) furniture: Vec<(u64, EventTime)>,
    /// Records `i/`.
    pub(super) identities: Vec<(Sequence, Identity)>,
    /// Records `w/`.
    pub(super) waiting: Vec<(Sequence, EmbargoedArticle)>,
}

impl StateRecords {
    /// Decodes records, which may be in any order. Articles are decoded on all cores.
    pub(super) fn read(
        records: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut read = Self::default();
        let mut ordered: Vec<(String, Vec<u8>)> = records.into_iter().collect();
        ordered.sort_by(|(one, _), (other, _)| one.cmp(other));
        let articles = ordered.partition_point(|(key, _)| key.as_str() < ARTICLE)
            ..ordered.partition_point(|(key, _)| key.as_str() < AFTER_ARTICLES);
        let articles = ordered.drain(articles).collect::<Vec<_>>().into_par_iter();
        read.articles =
            articles.map(|(key, value)| article(&key, &value)).collect::<Result<_, _>>()?;
        for (key, value) in ordered {
            let unreadable = |message: &str| RecordError::unreadable(&key, message);
            let sequence = |number: &str| {
                number
                    .parse()
                    .map(Sequence)
                    .map_err(|_| unreadable("no sequence number in the key"))
            };
            if key == "clock" {
                read.clock = Some(clock(&key, &value)?);
            } else if let Some(number) = key.strip_prefix("i/") {
                read.identities.push((sequence(number)?, identity(&key, value)?));
            } else if let Some(number) = key.strip_prefix("w/") {
                read.waiting.push((sequence(number)?, CODEC.decode(&key, &value)?));
            } else if let Some(id) = key.strip_prefix("s/") {
                let id = u64::from_str_radix(id, 16)
                    .map_err(|_| unreadable("no story id in the key"))?;
                let record = story(&key, value)?;
                read.stories.push(MemoryChange::Story(StoryId::new(id), Some(record)));
            } else if let Some(hash) = key.strip_prefix("e/") {
                let hash =
                    u64::from_str_radix(hash, 16).map_err(|_| unreadable("no hash in the key"))?;
                read.furniture.push((hash, CODEC.decode(&key, &value)?));
            } else if let Some(name) = key.strip_prefix("f/") {
                let record = frequencies(&key, name, &value)?;
                read.stories.extend(record.map(MemoryChange::Frequencies));
            } else {
                return Err(unreadable("unknown key").into());
            }
        }
        Ok(read)
    }
}

/// Decodes a clock record of any version.
fn clock(key: &str, value: &[u8]) -> Result<ClockRecord, RecordError> {
    let of = |clock, next, first| ClockRecord { clock, next, first, rescore_next: None };
    match value.first() {
        Some(1) => CODEC.decode(key, value).map(|(clock, next)| of(clock, next, None)),
        Some(2) => CODEC.decode(key, value).map(|(clock, next, first)| of(clock, next, first)),
        _ => CODEC.decode(key, value),
    }
}

/// Whether a value was written before `version`.
fn is_before(version: u8, value: &[u8]) -> bool {
    value.first().is_some_and(|written| *written < version)
}

/// Decodes the record of an identity. In versions before 7, its last two fields are missing.
fn identity(key: &str, mut value: Vec<u8>) -> Result<Identity, RecordError> {
    if is_before(MENTIONS_SINCE, &value) {
        value.extend([0; 2]);
    }
    CODEC.decode(key, &value)
}

/// Decodes the record of term frequencies whose key ends in `name`; `None` if its counts mix
/// languages.
fn frequencies(
    key: &str,
    name: &str,
    value: &[u8],
) -> Result<Option<FrequencyRecord>, RecordError> {
    if value.first().is_some_and(|version| (1..FREQUENCIES_BY_LANGUAGE_SINCE).contains(version)) {
        return Ok(None);
    }
    if name == "head" {
        return Ok(Some(FrequencyRecord::Head(CODEC.decode(key, value)?)));
    }
    let page = name.split_once('/').and_then(|(code, page)| {
        let language = Lang::parse(code);
        let known = language.is_some() || code == UNKNOWN_LANGUAGE;
        Some((language, page.parse().ok()?)).filter(|_| known)
    });
    let (language, page) =
        page.ok_or_else(|| RecordError::unreadable(key, "no language and page number in the key"))?;
    let counters = match value.first() {
        Some(version) if *version < SPARSE_PAGES_SINCE => {
            let all: Vec<u32> = CODEC.decode(key, value)?;
            all.into_iter().map(|count| (0, count)).collect()
        }
        _ => CODEC.decode(key, value)?,
    };
    Ok(Some(FrequencyRecord::Page(language, page, counters)))
}

/// Decodes the record of a story. In versions before 3, `near_miss` is missing and counts as false.
/// In versions before 7, the growth and the tags are missing, in versions before 8 the links.
fn story(key: &str, mut value: Vec<u8>) -> Result<StoryRecord, RecordError> {
    let before_mentions = is_before(MENTIONS_SINCE, &value);
    if is_before(INDEXED_TERMS_SINCE, &value) {
        value.push(0);
    }
    if before_mentions {
        value.extend([0; 5]);
    }
    if is_before(LINKS_SINCE, &value) {
        value.push(0);
    }
    let mut record = CODEC.decode(key, &value)?;
    if before_mentions && let StoryRecord::Live(live) = &mut record {
        live.tags = StoryTags::of_language(live.language, live.peak.size);
    }
    Ok(record)
}

fn article(key: &str, value: &[u8]) -> Result<(Sequence, Arc<Entry>), RecordError> {
    let own = sequence_of(ARTICLE, key)
        .ok_or_else(|| RecordError::unreadable(key, "no sequence number in the key"))?;
    // Empty values for the fields that older versions lack.
    let missing: &[u8] = match value.first() {
        Some(..SHORT_TEXT_SINCE) => &[0; 4],
        Some(..MENTIONS_SINCE) => &[0; 3],
        Some(..LINKS_SINCE) => &[0; 1],
        _ => &[],
    };
    let stored: ArticleRecord<'_> = match missing {
        [] => CODEC.decode(key, value)?,
        _ => CODEC.decode(key, &[value, missing].concat())?,
    };
    let terms = match is_before(INDEXED_TERMS_SINCE, value) {
        true => stored.terms.all_listed(),
        false => stored.terms.into_owned(),
    };
    let short_text = stored.short_text.into_owned().into();
    let entry = Entry {
        decision: Decision::new(stored.verdict.into_owned(), own, stored.story),
        input: stored.input.into_owned(),
        arrived: stored.arrived,
        about: stored.about.into_owned(),
        print: Fingerprint { short_text, ..stored.print.into_owned() },
        terms: terms.with_universal(stored.universal.into_owned()),
        edges: stored.edges.into_owned().into(),
        standing: stored.standing,
        changed_by: stored.changed_by.map(|by| Box::new(by.into_owned())),
        lead_sentence: stored.lead_sentence.into_owned().into(),
        lifted: stored.lifted,
    };
    Ok((own, Arc::new(entry)))
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

fn article_key(sequence: Sequence) -> String {
    format!("a/{:020}", sequence.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::{Channel, Peak};
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

    /// What earlier releases wrote must stay readable: never change these bytes.
    #[test]
    fn clocks_of_all_versions_are_read() {
        let record = |first, look| {
            let (first, look) = (Option::map(first, Sequence), Option::map(look, Sequence));
            ClockRecord { clock: EventTime(900), next: Sequence(12), first, rescore_next: look }
        };
        assert_eq!(clock("clock", &[1, 0x88, 0x0e, 12]), Ok(record(None, None)));
        assert_eq!(clock("clock", &[2, 0x88, 0x0e, 12, 1, 7]), Ok(record(Some(7), None)));
        let newest = RecordChange::clock(record(Some(7), Some(9))).value.unwrap();
        assert_eq!(clock("clock", &[3, 0x88, 0x0e, 12, 1, 7, 1, 9]), Ok(record(Some(7), Some(9))));
        assert_eq!(newest, [8, 0x88, 0x0e, 12, 1, 7, 1, 9]);
        assert_eq!(clock("clock", &newest), Ok(record(Some(7), Some(9))));
        let error = clock("clock", &[9, 0]).unwrap_err();
        assert_eq!(error, RecordError::Newer { key: "clock".into(), found: 9, known: 8 });
        assert!(matches!(clock("clock", &[0, 0]), Err(RecordError::Unreadable { .. })));
    }

    #[test]
    fn pages_of_term_frequencies_of_all_versions_are_read() {
        let page = |value: &[u8]| frequencies("f/en/007", "en/007", value).unwrap();
        let counts = |counters: &[(u16, u32)]| {
            Some(FrequencyRecord::Page(Lang::parse("en"), 7, counters.to_vec()))
        };
        assert_eq!(page(&[4, 2, 0, 3]), None, "mixes the languages");
        assert_eq!(page(&[5, 3, 0, 3, 1]), counts(&[(0, 0), (0, 3), (0, 1)]));
        assert_eq!(page(&[6, 2, 1, 3, 0, 1]), counts(&[(1, 3), (0, 1)]));
    }

    #[test]
    fn stories_of_all_versions_are_read() {
        let opened = [0x80, 0x99, 0xcc, 0xcb, 0x98, 0x68];
        let rest = [1, b'e', b'n', 0, 0, 0, 0, 0, 1, 1];
        let older = [[2, 0].as_slice(), &opened, &rest, &[0; 32]].concat();
        let Ok(StoryRecord::Live(life)) = story("s/1", older.clone()) else {
            panic!("not a live story")
        };
        assert!(
            !life.near_miss
                && life.peak == Peak { size: 1, publishers: 1 }
                && life.language.is_some(),
            "{life:?}"
        );
        let newer = [&[3], &older[1..], &[1]].concat();
        let Ok(StoryRecord::Live(life)) = story("s/1", newer) else { panic!("not a live story") };
        assert!(life.near_miss);
        assert_eq!(life.tags, StoryTags::of_language(Lang::parse("en"), 1));
        let seventh = [&[7], &older[1..], &[1, 4, 6, 1, 2, b'a', b'b', 9, 0, 0]].concat();
        let link = [1, 5, 0, 0, 0, 0x3f, 2, 1, 0];
        let newest = [&[8], &seventh[1..], &link].concat();
        for (value, links) in [(seventh, 0), (newest.clone(), 1)] {
            let Ok(StoryRecord::Live(life)) = story("s/1", value) else {
                panic!("not a live story")
            };
            assert_eq!(life.links.len(), links);
            let linked = life.links.iter().all(|l| (l.score, l.names, l.places) == (0.5, 2, 1));
            assert!(linked, "{life:?}");
            if links > 0 {
                assert_eq!(CODEC.encode(&StoryRecord::Live(life)), newest);
            }
        }
    }

    /// The records in a golden file, all of them of the same version.
    fn golden(file: &str, version: u8) -> StateRecords {
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let records: Vec<(String, Vec<u8>)> = file
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(key, hex)| (key.to_owned(), hex.as_bytes().chunks(2).map(byte).collect()))
            .collect();
        assert!(records.iter().all(|(_, value)| value[0] == version));
        StateRecords::read(records).unwrap()
    }

    /// One record of each kind, as the last release with version 6 wrote it.
    #[test]
    fn records_of_version_6_are_read() {
        let read = golden(include_str!("../../../tests/it/golden/state-records-6.txt"), 6);
        let counts = [read.articles.len(), read.identities.len(), read.waiting.len()];
        assert_eq!(counts, [1, 1, 1]);
        let (article, identity) = (&read.articles[0].1, &read.identities[0].1);
        assert_eq!((&*article.lead_sentence, article.lifted), ("", None));
        assert_eq!((&*identity.headline, identity.unique), ("", None));
    }

    /// One record of each kind, as the last release with version 2 wrote it.
    #[test]
    fn records_of_version_2_are_read() {
        let read = golden(include_str!("../../../tests/it/golden/state-records-2.txt"), 2);
        let counts = [read.articles.len(), read.identities.len(), read.waiting.len()];
        assert_eq!((counts, read.furniture.len()), ([1, 1, 1], 1));
        assert_eq!(read.stories.len(), 1, "its term frequencies mix the languages");
        let terms = &read.articles[0].1.terms;
        let of = |channel| terms.channel(channel).len();
        assert_eq!(Channel::ALL.map(of), [8, 100, 33], "terms per channel");
        assert_eq!(*terms, terms.all_listed());
        assert_eq!(
            read.clock.map(|clock| (clock.first, clock.rescore_next)),
            Some((Some(Sequence(42)), None))
        );
    }
}
