//! The engine's records in the changelog: keys, and values that start with a version byte.
//!
//! | key | holds |
//! |---|---|
//! | `a/<sequence>` | one accepted article: its features, the decisions taken, where it came from |
//! | `i/<sequence>` | the identity of an article whose window has passed |
//! | `w/<sequence>` | an article that waits for the end of its embargo |
//! | `s/<story>` | what a story's members do not give, or the story that took it in |
//! | `f/head`, `f/<page>` | how frequent terms are, in pages of 1,024 counters, 3 decimal digits |
//! | `e/<hash>` | a piece of text learned to be furniture, and when it was last seen |
//! | `clock` | the engine's clock, the next sequence, the first that is live, and the next whose story is looked at again |
//!
//! Sequences are 20 decimal digits, story ids 16 hexadecimal ones. Values are postcard behind one
//! version byte; a version above ours refuses the restore.
//!
//! Version 2 tells the first live sequence in `clock`: what lies before it has expired, whether or not
//! its tombstone was read. Version 3 tells there, too, which article's story is looked at again next;
//! where an older record does not, the second looks that were pending are passed over. In version 3 terms
//! have shorter ids and tell which of them list the article; articles of earlier versions are listed under
//! all. Records of all versions are read as they are, and what is written is of version 3.

use super::embargo::EmbargoedArticle;
use super::live::{Decision, Entry};
use crate::article::{About, ArticleKey, EventTime, InputPosition, Sequence};
use crate::fingerprint::Fingerprint;
use crate::stories::{FrequencyRecord, MemoryChange, StoryId, StoryRecord, Terms};
use crate::verdict::identity_record::Identity;
use crate::verdict::{Validity, Verdict};
use rayon::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const VERSION: u8 = 3;
/// The first version in which articles tell under which terms they are listed, and stories whether they
/// wavered.
const TELLS_MORE: u8 = 3;
/// What the keys of articles start with, and what no key before those that follow does.
const ARTICLE: &str = "a/";
const AFTER_ARTICLES: &str = "a0";
/// Bytes of the record of an article that is not long.
const ARTICLE_BYTES: usize = 4_096;

/// A record to write to the changelog: `None` is a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// The record's key.
    pub key: String,
    /// The new value.
    pub value: Option<Vec<u8>>,
}

impl RecordChange {
    pub(super) fn article(sequence: Sequence, entry: &Entry) -> Self {
        let stored = ArticleToWrite {
            input: &entry.input,
            arrived: entry.arrived,
            about: &entry.about,
            print: &entry.print,
            terms: &entry.terms,
            edges: &entry.edges,
            verdict: &entry.decision.verdict,
            story: entry.decision.story,
            standing: entry.standing,
            changed_by: entry.changed_by.as_ref(),
        };
        Self { key: article_key(sequence), value: Some(encode_about(&stored, ARTICLE_BYTES)) }
    }

    pub(super) fn gone(sequence: Sequence) -> Self {
        Self { key: article_key(sequence), value: None }
    }

    /// The identity of an article; `None` when it goes.
    pub(super) fn identity(sequence: Sequence, identity: Option<&Identity>) -> Self {
        Self { key: format!("i/{:020}", sequence.0), value: identity.map(encode) }
    }

    /// An article that waits for the end of its embargo; `None` when it waits no more.
    pub(super) fn embargo(sequence: Sequence, waiting: Option<&EmbargoedArticle>) -> Self {
        Self { key: format!("w/{:020}", sequence.0), value: waiting.map(encode) }
    }

    /// The record of what the stories remember.
    pub(super) fn remembered(what: MemoryChange) -> Self {
        match what {
            MemoryChange::Story(story, record) => {
                Self { key: format!("s/{story}"), value: record.as_ref().map(encode) }
            }
            MemoryChange::Frequencies(FrequencyRecord::FrequencyHead(head)) => {
                Self { key: "f/head".into(), value: Some(encode(&head)) }
            }
            MemoryChange::Frequencies(FrequencyRecord::Page(page, counts)) => {
                Self { key: format!("f/{page:03}"), value: Some(encode(&counts)) }
            }
        }
    }

    /// The record of a learned piece of furniture.
    pub(super) fn furniture((hash, seen): (u64, Option<EventTime>)) -> Self {
        Self { key: format!("e/{hash:016x}"), value: seen.as_ref().map(encode) }
    }

    pub(super) fn clock(record: ClockRecord) -> Self {
        Self { key: "clock".into(), value: Some(encode(&record)) }
    }
}

/// Why a changelog cannot be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A record was written by a newer release.
    #[error(
        "record `{key}` has format version {found}, newer than {VERSION}: upgrade this instance"
    )]
    Newer {
        /// The record.
        key: String,
        /// Its version.
        found: u8,
    },
    /// A record is damaged, or is none of the engine's.
    #[error("record `{key}` is not readable: {message}")]
    Unreadable {
        /// The record.
        key: String,
        /// Why.
        message: String,
    },
    /// An article's story is missing.
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
        /// The one that came.
        found: u64,
    },
}

/// How far the state has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClockRecord {
    pub(super) clock: EventTime,
    pub(super) next: Sequence,
    /// The first live sequence; version 1 does not tell.
    pub(super) first: Option<Sequence>,
    /// The next article whose story is looked at again; versions 1 and 2 do not tell.
    pub(super) look: Option<Sequence>,
}

/// An [`ArticleRecord`] that borrows: the same fields in the same order.
#[derive(Debug, Serialize)]
struct ArticleToWrite<'a> {
    input: &'a InputPosition,
    arrived: EventTime,
    about: &'a About,
    print: &'a Fingerprint,
    terms: &'a Terms,
    edges: &'a [u32],
    verdict: &'a Verdict,
    story: Option<StoryId>,
    standing: Validity,
    changed_by: Option<&'a ArticleKey>,
}

#[derive(Debug, Deserialize)]
struct ArticleRecord {
    input: InputPosition,
    arrived: EventTime,
    about: About,
    print: Fingerprint,
    terms: Terms,
    edges: Box<[u32]>,
    verdict: Verdict,
    story: Option<StoryId>,
    standing: Validity,
    changed_by: Option<ArticleKey>,
}

/// The engine's records, read and put in order.
#[derive(Debug, Default)]
pub(super) struct StateRecords {
    pub(super) clock: Option<ClockRecord>,
    pub(super) articles: Vec<(Sequence, Entry)>,
    pub(super) remembered: Vec<MemoryChange>,
    pub(super) furniture: Vec<(u64, EventTime)>,
    pub(super) identities: Vec<(Sequence, Identity)>,
    pub(super) waiting: Vec<(Sequence, EmbargoedArticle)>,
}

impl StateRecords {
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
            let unreadable = |message: &str| RestoreError::Unreadable {
                key: key.clone(),
                message: message.into(),
            };
            let sequence = |number: &str| {
                number.parse().map(Sequence).map_err(|_| unreadable("no sequence in its key"))
            };
            if key == "clock" {
                read.clock = Some(clock(&key, &value)?);
            } else if let Some(number) = key.strip_prefix("i/") {
                read.identities.push((sequence(number)?, decode(&key, &value)?));
            } else if let Some(number) = key.strip_prefix("w/") {
                read.waiting.push((sequence(number)?, decode(&key, &value)?));
            } else if let Some(id) = key.strip_prefix("s/") {
                let id = u64::from_str_radix(id, 16).map_err(|_| unreadable("no story id"))?;
                let record = story(&key, value)?;
                read.remembered.push(MemoryChange::Story(StoryId::new(id), Some(record)));
            } else if let Some(hash) = key.strip_prefix("e/") {
                let hash = u64::from_str_radix(hash, 16).map_err(|_| unreadable("no hash"))?;
                read.furniture.push((hash, decode(&key, &value)?));
            } else if key == "f/head" {
                let head = FrequencyRecord::FrequencyHead(decode(&key, &value)?);
                read.remembered.push(MemoryChange::Frequencies(head));
            } else if let Some(page) = key.strip_prefix("f/") {
                let page = page.parse().map_err(|_| unreadable("no page in its key"))?;
                let page = FrequencyRecord::Page(page, decode(&key, &value)?);
                read.remembered.push(MemoryChange::Frequencies(page));
            } else {
                return Err(unreadable("no record of the engine has such a key"));
            }
        }
        Ok(read)
    }
}

fn clock(key: &str, value: &[u8]) -> Result<ClockRecord, RestoreError> {
    let of = |clock, next, first| ClockRecord { clock, next, first, look: None };
    match value.first() {
        Some(1) => decode(key, value).map(|(clock, next)| of(clock, next, None)),
        Some(2) => decode(key, value).map(|(clock, next, first)| of(clock, next, first)),
        _ => decode(key, value),
    }
}

fn tells_less(value: &[u8]) -> bool {
    value.first().is_some_and(|version| *version < TELLS_MORE)
}

/// The record of a story. What version 3 added to its end is false in earlier ones.
fn story(key: &str, mut value: Vec<u8>) -> Result<StoryRecord, RestoreError> {
    if tells_less(&value) {
        value.push(0);
    }
    decode(key, &value)
}

fn article(key: &str, value: &[u8]) -> Result<(Sequence, Entry), RestoreError> {
    let own = sequence_of(ARTICLE, key).ok_or_else(|| RestoreError::Unreadable {
        key: key.to_owned(),
        message: "no sequence in its key".into(),
    })?;
    let mut stored = decode::<ArticleRecord>(key, value)?;
    if tells_less(value) {
        stored.terms = stored.terms.all_listed();
    }
    Ok((own, entry(own, stored)))
}

fn entry(own: Sequence, stored: ArticleRecord) -> Entry {
    Entry {
        decision: Decision::new(&stored.verdict, own, stored.story),
        input: stored.input,
        arrived: stored.arrived,
        about: stored.about,
        print: stored.print,
        terms: stored.terms,
        edges: stored.edges,
        standing: stored.standing,
        changed_by: stored.changed_by,
    }
}

/// The article whose record has this key, where it starts with `kind`.
pub(super) fn sequence_of(kind: &str, key: &str) -> Option<Sequence> {
    key.strip_prefix(kind)?.parse().ok().map(Sequence)
}

/// The piece of furniture whose record has this key.
pub(super) fn furniture_of(key: &str) -> Option<u64> {
    u64::from_str_radix(key.strip_prefix("e/")?, 16).ok()
}

/// The story whose record has this key.
pub(super) fn story_of(key: &str) -> Option<StoryId> {
    u64::from_str_radix(key.strip_prefix("s/")?, 16).ok().map(StoryId::new)
}

fn article_key(sequence: Sequence) -> String {
    format!("a/{:020}", sequence.0)
}

fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    encode_about(value, 64)
}

/// Encodes what is likely to take so many bytes.
fn encode_about<T: Serialize>(value: &T, bytes: usize) -> Vec<u8> {
    let mut record = Vec::with_capacity(bytes);
    record.push(VERSION);
    postcard::to_extend(value, record).expect("a record holds nothing that cannot be encoded")
}

fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, RestoreError> {
    let unreadable = |message: String| RestoreError::Unreadable { key: key.to_owned(), message };
    match value.split_first() {
        Some((&(1..=VERSION), rest)) => {
            postcard::from_bytes(rest).map_err(|e| unreadable(e.to_string()))
        }
        Some((&found, _)) if found > VERSION => {
            Err(RestoreError::Newer { key: key.to_owned(), found })
        }
        _ => Err(unreadable("no known version byte".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stories::Channel;

    /// What earlier releases wrote must stay readable: these bytes never change.
    #[test]
    fn clocks_of_all_versions_are_read() {
        let told = |first, look| {
            let (first, look) = (Option::map(first, Sequence), Option::map(look, Sequence));
            ClockRecord { clock: EventTime(900), next: Sequence(12), first, look }
        };
        assert_eq!(clock("clock", &[1, 0x88, 0x0e, 12]), Ok(told(None, None)));
        assert_eq!(clock("clock", &[2, 0x88, 0x0e, 12, 1, 7]), Ok(told(Some(7), None)));
        let newest = RecordChange::clock(told(Some(7), Some(9))).value.unwrap();
        assert_eq!(newest, [3, 0x88, 0x0e, 12, 1, 7, 1, 9]);
        assert_eq!(clock("clock", &newest), Ok(told(Some(7), Some(9))));
        let error = clock("clock", &[4, 0]).unwrap_err();
        assert_eq!(error, RestoreError::Newer { key: "clock".into(), found: 4 });
        assert!(matches!(clock("clock", &[0, 0]), Err(RestoreError::Unreadable { .. })));
    }

    #[test]
    fn stories_of_all_versions_are_read() {
        let opened = [0x80, 0x99, 0xcc, 0xcb, 0x98, 0x68];
        let rest = [1, b'e', b'n', 0, 0, 0, 0, 0, 1, 1];
        let older = [[2, 0].as_slice(), &opened, &rest, &[0; 32]].concat();
        let Ok(StoryRecord::Live(life)) = story("s/1", older.clone()) else { panic!("not read") };
        assert!(!life.wavered && life.most == (1, 1) && life.language.is_some(), "{life:?}");
        let newer = [&[3], &older[1..], &[1]].concat();
        let Ok(StoryRecord::Live(life)) = story("s/1", newer) else { panic!("not read") };
        assert!(life.wavered);
    }

    /// One record of each kind, as the last release of version 2 wrote it.
    #[test]
    fn records_of_version_2_are_read() {
        let lines = include_str!("../../../tests/it/golden/state-records-2.txt").lines();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let records: Vec<(String, Vec<u8>)> = lines
            .map(|line| line.split_once(' ').unwrap())
            .map(|(key, hex)| (key.to_owned(), hex.as_bytes().chunks(2).map(byte).collect()))
            .collect();
        assert!(records.iter().all(|(_, value)| value[0] == 2));
        let read = StateRecords::read(records).unwrap();
        let counts = [read.articles.len(), read.identities.len(), read.waiting.len()];
        assert_eq!((counts, read.remembered.len(), read.furniture.len()), ([1, 1, 1], 3, 1));
        let terms = &read.articles[0].1.terms;
        let of = |channel| terms.channel(channel).count();
        assert_eq!(Channel::ALL.map(of), [8, 100, 33], "channels of its terms");
        assert_eq!(*terms, terms.all_listed());
        assert_eq!(
            read.clock.map(|clock| (clock.first, clock.look)),
            Some((Some(Sequence(42)), None))
        );
    }
}
