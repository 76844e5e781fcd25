//! Decodes the records of articles while the changelog is being read.
//!
//! In: the records of articles in log order, with superseded values and tombstones. Out: the last
//! value for each article, decoded, in order of sequence.
//!
//! A restore thus never has all articles in memory twice (as records and decoded), and the broker's
//! client fetches the next records during the decoding.
//!
//! Cost: records are decoded on all cores, [`CHUNK`] at a time.

use super::entry::{Decision, Entry};
use super::read_records::{INDEXED_TERMS_SINCE, LINKS_SINCE, MENTIONS_SINCE, is_before};
use super::records::{ARTICLE, ArticleRecord, CODEC, article_key, sequence_of};
use crate::article::Sequence;
use crate::fingerprint::Fingerprint;
use crate::record::RecordError;
use crate::verdict::names::NameKeys;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first version in which the record of a short article contains its text.
const SHORT_TEXT_SINCE: u8 = 4;
/// The first version that stores the dateline and the closing line of short texts.
const TRIMMED_SINCE: u8 = 9;
/// Number of records decoded at a time. Together they take a few megabytes.
const CHUNK: usize = 1_024;

/// The articles whose records were read.
#[derive(Debug, Default)]
pub struct ArticleRecords {
    /// The last value of each article, except for the records in `waiting`. An unreadable value is
    /// an error only if no later one replaces it.
    decoded: BTreeMap<Sequence, Result<Arc<Entry>, Box<RecordError>>>,
    /// The latest records, in the order in which they were read, fewer than [`CHUNK`].
    waiting: Vec<(Sequence, Option<Vec<u8>>)>,
}

impl ArticleRecords {
    /// Whether the record with this key belongs to a live article.
    pub fn has(key: &str) -> bool {
        key.starts_with(ARTICLE)
    }

    /// Whether there are no articles.
    pub fn is_empty(&self) -> bool {
        self.decoded.is_empty() && self.waiting.is_empty()
    }

    /// Takes the next record; `None` is a tombstone.
    ///
    /// # Errors
    /// If the key contains no sequence number.
    pub fn put(&mut self, key: &str, value: Option<Vec<u8>>) -> Result<(), RecordError> {
        let own = sequence_of(ARTICLE, key)
            .ok_or_else(|| RecordError::unreadable(key, "no sequence number in the key"))?;
        self.waiting.push((own, value));
        if self.waiting.len() == CHUNK {
            self.decode_waiting();
        }
        Ok(())
    }

    /// All articles, in order of their sequences.
    ///
    /// # Errors
    /// If the last value of an article is unreadable.
    pub(super) fn into_articles(mut self) -> Result<Vec<(Sequence, Arc<Entry>)>, RecordError> {
        self.decode_waiting();
        let articles = self.decoded.into_iter();
        articles.map(|(own, read)| Ok((own, read.map_err(|error| *error)?))).collect()
    }

    fn decode_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting).into_par_iter();
        let read = |(own, value): (Sequence, Option<Vec<u8>>)| {
            let read = value.map(|value| article(own, &value));
            (own, read.map(|read| read.map(Arc::new).map_err(Box::new)))
        };
        for (own, read) in waiting.map(read).collect::<Vec<_>>() {
            match read {
                Some(read) => drop(self.decoded.insert(own, read)),
                None => drop(self.decoded.remove(&own)),
            }
        }
    }
}

/// Decodes the record of the article at `own`.
fn article(own: Sequence, value: &[u8]) -> Result<Entry, RecordError> {
    let key = article_key(own);
    // Empty values for the fields that older versions lack.
    let missing: &[u8] = match value.first() {
        Some(..SHORT_TEXT_SINCE) => &[0; 5],
        Some(..MENTIONS_SINCE) => &[0; 4],
        Some(..LINKS_SINCE) => &[0; 2],
        Some(..TRIMMED_SINCE) => &[0; 1],
        _ => &[],
    };
    let stored: ArticleRecord<'_> = match missing {
        [] => CODEC.decode(&key, value)?,
        _ => CODEC.decode(&key, &[value, missing].concat())?,
    };
    let terms = match is_before(INDEXED_TERMS_SINCE, value) {
        true => stored.terms.all_listed(),
        false => stored.terms.into_owned(),
    };
    let short_text = stored.short_text.into_owned().into();
    let trimmed = stored.trimmed.into_owned().into();
    let about = stored.about.into_owned();
    Ok(Entry {
        decision: Decision::new(stored.verdict.into_owned(), own, stored.story),
        input: stored.input.into_owned(),
        arrived: stored.arrived,
        names: NameKeys::of(&about),
        about,
        print: Fingerprint { short_text, trimmed, ..stored.print.into_owned() },
        terms: terms.with_universal(stored.universal.into_owned()),
        edges: stored.edges.into_owned().into(),
        standing: stored.standing,
        changed_by: stored.changed_by.map(|by| Box::new(by.into_owned())),
        lead_sentence: stored.lead_sentence.into_owned().into(),
        lifted: stored.lifted,
    })
}
