//! Reads the engine's records of all versions. [`records`](super::records) lists the keys and the
//! versions.

use super::article_records::ArticleRecords;
use super::embargo::EmbargoedArticle;
use super::entry::Entry;
use super::records::{CODEC, ClockRecord, RestoreError, UNKNOWN_LANGUAGE};
use crate::article::{EventTime, Lang, Sequence};
use crate::record::RecordError;
use crate::stories::tags::StoryTags;
use crate::stories::{FrequencyRecord, MemoryChange, StoryId, StoryRecord};
use crate::verdict::identity_record::Identity;
use std::sync::Arc;

/// The first version that marks indexed terms, and that stores `near_miss` with a story.
pub(super) const INDEXED_TERMS_SINCE: u8 = 3;
/// The first version in which term frequencies are counted by language.
const FREQUENCIES_BY_LANGUAGE_SINCE: u8 = 5;
/// The first version in which pages of term frequencies leave out zeros.
const SPARSE_PAGES_SINCE: u8 = 6;
/// The first version that stores what events say about articles and stories.
pub(super) const MENTIONS_SINCE: u8 = 7;
/// The first version that stores universal terms, and links between stories.
pub(super) const LINKS_SINCE: u8 = 8;

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
    /// Decodes `records`, which may be in any order and contain each key once. `articles` are the
    /// records of articles that were read before them.
    pub(super) fn read(
        mut articles: ArticleRecords,
        records: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<Self, RestoreError> {
        let mut ordered = Vec::new();
        for (key, value) in records {
            match ArticleRecords::has(&key) {
                true => articles.put(&key, Some(value))?,
                false => ordered.push((key, value)),
            }
        }
        ordered.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut read = Self { articles: articles.into_articles()?, ..Self::default() };
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
pub(super) fn is_before(version: u8, value: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::records::RecordChange;
    use crate::stories::{Channel, Peak};

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
        assert_eq!(newest, [9, 0x88, 0x0e, 12, 1, 7, 1, 9]);
        assert_eq!(clock("clock", &newest), Ok(record(Some(7), Some(9))));
        let error = clock("clock", &[10, 0]).unwrap_err();
        assert_eq!(error, RecordError::Newer { key: "clock".into(), found: 10, known: 9 });
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
        let newest = [&[CODEC.0], &seventh[1..], &link].concat();
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
        StateRecords::read(ArticleRecords::default(), records).unwrap()
    }

    /// One record of each kind, as the last release with version 8 wrote it.
    #[test]
    fn records_of_version_8_are_read() {
        let read = golden(include_str!("../../../tests/it/golden/state-records-8.txt"), 8);
        let article = &read.articles[0].1;
        assert!(article.print.trimmed.is_empty() && !article.terms.universal().is_empty());
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
