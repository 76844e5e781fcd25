//! Holds records of the unique topic until their embargo ends.
//!
//! In: the finished record of an article under embargo, with the article's input position. Out: the
//! same record after the embargo has ended. The engine decides when an embargo ends, and whether
//! the article is still valid. This module keeps the bytes in the changelog under
//! `h/<topic>/<partition>/<offset>/<item>`, so that the record can be published even if the input
//! topic's retention has removed the article.
//!
//! Records stay in memory up to a total of [`BYTES_MAX`]. For further records, only the changelog
//! offset is kept; they are read from the changelog when their embargo has ended. A batch publishes
//! at most [`LIFTED_BYTES_MAX`] bytes. The next batches publish the rest, in order of input
//! positions. A record stays in the changelog until it is published. A restore therefore treats the
//! embargo of a record as ended if the restored engine state does not list the article as under
//! embargo.

use super::broker::{Broker, Fault, Header, OutputRecord, Role};
use super::record;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use wirefold_engine::article::InputPosition;
use wirefold_engine::record::RecordError;
use wirefold_engine::state::{LiftedEmbargo, State};

/// The key prefix of held records in the changelog.
pub const HELD: &str = "h/";

/// Maximum total size of the held records that stay in memory, in bytes.
pub const BYTES_MAX: usize = 256 << 20;
/// Maximum number of bytes that one batch publishes. The first record may be larger.
pub const LIFTED_BYTES_MAX: usize = 8 << 20;

/// A held record as it is stored in the changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredRecord {
    /// The input position of the article. The other fields are those of the output record.
    input: InputPosition,
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<Header>,
}

impl StoredRecord {
    /// The approximate size in memory.
    fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let header = |(name, value): &Header| size_of::<Header>() + name.len() + length(value);
        length(&self.key) + length(&self.payload) + self.headers.iter().map(header).sum::<usize>()
    }
}

/// Where the bytes of a record are.
#[derive(Debug, Clone)]
enum BytesLocation {
    /// In memory.
    Memory(StoredRecord),
    /// In the changelog, at this offset or later.
    Changelog(i64),
    /// No longer in the changelog.
    Missing,
}

/// A held record.
#[derive(Debug, Clone)]
struct EmbargoedRecord {
    /// The size of the record in memory, wherever its bytes are now.
    bytes: usize,
    /// Where its bytes are.
    place: BytesLocation,
}

/// The records under embargo, and those whose embargo has ended but that are not published yet.
#[derive(Debug, Clone)]
pub struct EmbargoedRecords {
    /// All held records, by the input position of their articles.
    entries: BTreeMap<InputPosition, EmbargoedRecord>,
    /// The records whose embargo has ended.
    lifted: BTreeSet<InputPosition>,
    /// Total size of the records in memory, in bytes.
    bytes: usize,
    /// Maximum value of `bytes`.
    bytes_max: usize,
    /// Bytes published by the current batch, that is, since the changes were last taken.
    published_bytes: usize,
    /// Changelog records to write; `None` is a tombstone.
    changes: Vec<(String, Option<Vec<u8>>)>,
}

impl Default for EmbargoedRecords {
    fn default() -> Self {
        Self::with_bytes_max(BYTES_MAX)
    }
}

impl EmbargoedRecords {
    /// Creates an empty set that keeps at most `bytes_max` bytes in memory.
    pub fn with_bytes_max(bytes_max: usize) -> Self {
        let (entries, lifted) = (BTreeMap::new(), BTreeSet::new());
        let changes = Vec::new();
        Self { entries, lifted, bytes: 0, bytes_max, published_bytes: 0, changes }
    }

    /// Sets the limit on the bytes of records kept in memory. Applies to records added from now on.
    pub fn set_bytes_max(&mut self, bytes_max: usize) {
        self.bytes_max = bytes_max;
    }

    /// The approximate size in memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes + self.entries.len() * 2 * size_of::<(InputPosition, EmbargoedRecord)>()
    }

    /// Applies a changelog record whose offset is `offset` or later. The value `None` is a
    /// tombstone.
    ///
    /// # Errors
    /// When the record is damaged or written by a newer release.
    pub fn follow(
        &mut self,
        key: &str,
        value: Option<&[u8]>,
        offset: i64,
    ) -> Result<(), RecordError> {
        match value {
            None => {
                if let Some(input) = input_of(key) {
                    self.remove(&input);
                }
            }
            Some(value) => self.insert(record::decode(key, value)?, offset),
        }
        Ok(())
    }

    /// Finds the records whose embargo has ended, by comparing them with the articles that `state`
    /// lists as still under embargo. Called before the input is opened.
    pub fn find_lifted(&mut self, state: &State) {
        let waiting: BTreeSet<&InputPosition> = state.waiting().collect();
        let inputs = self.entries.keys();
        self.lifted = inputs.filter(|input| !waiting.contains(input)).cloned().collect();
    }

    /// Holds the record of the article at `input`. The record will be written to the changelog at
    /// offset `log_end` or later.
    pub fn hold(&mut self, input: &InputPosition, record: OutputRecord, log_end: i64) {
        let OutputRecord { key, payload, headers, .. } = record;
        let waiting = StoredRecord { input: input.clone(), key, payload, headers };
        self.changes.push((key_of(input), Some(record::encode(&waiting))));
        self.insert(waiting, log_end);
    }

    /// Adds or replaces a record whose offset in the changelog is `offset` or later.
    fn insert(&mut self, waiting: StoredRecord, offset: i64) {
        let (input, bytes) = (waiting.input.clone(), waiting.bytes());
        self.remove(&input);
        let place = match self.bytes + bytes <= self.bytes_max {
            true => BytesLocation::Memory(waiting),
            false => BytesLocation::Changelog(offset),
        };
        self.bytes += if matches!(place, BytesLocation::Memory(_)) { bytes } else { 0 };
        self.entries.insert(input, EmbargoedRecord { bytes, place });
    }

    /// Removes a record, if it is there.
    fn remove(&mut self, input: &InputPosition) -> Option<EmbargoedRecord> {
        self.lifted.remove(input);
        let entry = self.entries.remove(input)?;
        if let BytesLocation::Memory(_) = entry.place {
            self.bytes -= entry.bytes;
        }
        Some(entry)
    }

    /// Handles the end of an embargo: marks the record for publishing, or drops it if its article
    /// was withdrawn or replaced.
    pub fn lift(&mut self, lifted: &LiftedEmbargo) {
        if !self.entries.contains_key(&lifted.input) {
            return;
        }
        if lifted.is_valid() {
            self.lifted.insert(lifted.input.clone());
        } else {
            self.remove(&lifted.input);
            self.changes.push((key_of(&lifted.input), None));
        }
    }

    /// Whether any record whose embargo has ended still has to be published.
    pub fn has_lifted(&self) -> bool {
        !self.lifted.is_empty()
    }

    /// Takes the next record whose embargo has ended. Returns `None` if no such record is left, if
    /// the next one does not fit this batch, or if its bytes have to be read first. The record in
    /// the result is `None` if its bytes are lost.
    pub fn take_lifted(&mut self) -> Option<(InputPosition, Option<OutputRecord>)> {
        let input = self.lifted.first()?.clone();
        let EmbargoedRecord { bytes, place } = self.entries.get(&input)?;
        let full = self.published_bytes > 0 && self.published_bytes + bytes > LIFTED_BYTES_MAX;
        if full || matches!(place, BytesLocation::Changelog(_)) {
            return None;
        }
        self.published_bytes += bytes;
        let entry = self.remove(&input)?;
        self.changes.push((key_of(&input), None));
        let record = match entry.place {
            BytesLocation::Memory(StoredRecord { key, payload, headers, .. }) => {
                Some(OutputRecord { role: Role::Unique, key, payload, headers })
            }
            BytesLocation::Changelog(_) | BytesLocation::Missing => None,
        };
        Some((input, record))
    }

    /// The records that the next batch publishes but that are not in memory, by key, each with an
    /// offset. The changelog contains the record at that offset or a later one.
    fn to_fetch(&self) -> BTreeMap<String, (InputPosition, i64)> {
        let (mut wanted, mut bytes) = (BTreeMap::new(), 0);
        for input in &self.lifted {
            let Some(entry) = self.entries.get(input) else { continue };
            bytes += entry.bytes;
            if bytes > LIFTED_BYTES_MAX && bytes > entry.bytes {
                break;
            }
            if let BytesLocation::Changelog(from) = entry.place {
                wanted.insert(key_of(input), (input.clone(), from));
            }
        }
        wanted
    }

    /// Reads from the changelog, up to `log_end`, the records that the next batch publishes and
    /// that are not in memory. A record that is no longer in the changelog is marked as lost.
    ///
    /// # Errors
    /// When the changelog cannot be read.
    pub fn fetch<B: Broker>(&mut self, broker: &mut B, log_end: i64) -> Result<(), Fault> {
        let mut wanted = self.to_fetch();
        let Some(from) = wanted.values().map(|(_, from)| *from).min() else { return Ok(()) };
        let read = broker.changelog(Some(from), log_end, &mut |found| {
            if let (Some(value), Some((input, _))) = (&found.value, wanted.get(&found.key)) {
                let waiting: StoredRecord =
                    record::decode(&found.key, value).map_err(Fault::stop)?;
                self.fetched(input, waiting);
                wanted.remove(&found.key);
            }
            // Returning an error is the only way to stop reading early.
            if wanted.is_empty() { Err(Fault::doubt("all records found")) } else { Ok(()) }
        });
        if !wanted.is_empty() {
            read?;
        }
        for (input, _) in wanted.into_values() {
            let InputPosition { topic, partition, offset, item } = &input;
            tracing::error!(
                %topic,
                partition,
                offset,
                item,
                "an article's embargo has ended, but its record is no longer in the changelog; \
                 writing a reject in its place"
            );
            if let Some(entry) = self.entries.get_mut(&input) {
                entry.place = BytesLocation::Missing;
            }
        }
        Ok(())
    }

    /// Stores the bytes read for a record. They stay in memory until the record is published.
    fn fetched(&mut self, input: &InputPosition, waiting: StoredRecord) {
        if let Some(entry) = self.entries.get_mut(input) {
            self.bytes += entry.bytes;
            entry.place = BytesLocation::Memory(waiting);
        }
    }

    /// Takes the changelog records that were added since the last call and have to be written.
    pub fn take_changes(&mut self) -> Vec<(String, Option<Vec<u8>>)> {
        self.published_bytes = 0;
        std::mem::take(&mut self.changes)
    }
}

/// The changelog record that stores `record` while it is held.
pub fn stored(input: &InputPosition, record: &OutputRecord) -> OutputRecord {
    let OutputRecord { key, payload, headers, .. } = record.clone();
    let value = record::encode(&StoredRecord { input: input.clone(), key, payload, headers });
    OutputRecord {
        role: Role::State,
        key: Some(key_of(input).into_bytes()),
        payload: Some(value),
        headers: Vec::new(),
    }
}

/// The input position in a key. Topic names cannot contain a slash.
fn input_of(key: &str) -> Option<InputPosition> {
    let mut parts = key.strip_prefix(HELD)?.split('/');
    let (topic, partition) = (parts.next()?.into(), parts.next()?.parse().ok()?);
    let (offset, item) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(InputPosition { topic, partition, offset, item })
}

/// The key of a held record.
fn key_of(input: &InputPosition) -> String {
    let InputPosition { topic, partition, offset, item } = input;
    format!("{HELD}{topic}/{partition:010}/{offset:020}/{item:010}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wirefold_engine::verdict::Validity;

    fn input(offset: i64) -> InputPosition {
        InputPosition { topic: "in".into(), partition: 2, offset, item: 0 }
    }

    fn record(text: &str) -> OutputRecord {
        OutputRecord {
            role: Role::Unique,
            key: Some(text.into()),
            payload: Some(text.into()),
            headers: vec![("own".into(), Some(text.into()))],
        }
    }

    fn lifted(offset: i64, standing: Validity) -> LiftedEmbargo {
        LiftedEmbargo { input: input(offset), standing }
    }

    fn restored(log: Vec<(String, Option<Vec<u8>>)>, bytes_max: usize) -> EmbargoedRecords {
        let mut held = EmbargoedRecords::with_bytes_max(bytes_max);
        for ((key, value), offset) in log.iter().zip(0..) {
            held.follow(key, value.as_deref(), offset).unwrap();
        }
        held
    }

    #[test]
    fn held_records_survive_a_restore_and_are_published_once() {
        let mut held = EmbargoedRecords::default();
        held.hold(&input(1), record("one"), 0);
        held.hold(&input(2), record("two"), 0);
        assert_eq!(held.take_lifted(), None, "both are still under embargo");
        let mut held = restored(held.take_changes(), BYTES_MAX);
        held.lift(&lifted(1, Validity::Valid));
        assert_eq!(held.take_lifted(), Some((input(1), Some(record("one")))));
        held.lift(&lifted(1, Validity::Valid));
        held.lift(&lifted(2, Validity::Withdrawn));
        assert_eq!(held.take_lifted(), None);
        let tombstones: Vec<_> = held.take_changes();
        assert_eq!(tombstones.len(), 2);
        assert!(tombstones.iter().all(|(key, value)| key.starts_with(HELD) && value.is_none()));
        assert_eq!((held.entries.len(), held.bytes()), (0, 0));
    }

    #[test]
    fn a_tombstone_removes_its_record() {
        let mut held = EmbargoedRecords::default();
        held.hold(&input(1), record("one"), 0);
        let mut log = held.take_changes();
        log.push((log[0].0.clone(), None));
        assert!(restored(log, BYTES_MAX).entries.is_empty());
    }

    #[test]
    fn records_beyond_the_memory_bound_keep_only_their_changelog_offset() {
        let mut held = EmbargoedRecords::with_bytes_max(200);
        for offset in 0..10 {
            held.hold(&input(offset), record("twelve bytes"), 40 + offset);
            held.lift(&lifted(offset, Validity::Valid));
        }
        assert!(held.bytes <= 200 && held.entries.len() == 10);
        let passed = std::iter::from_fn(|| held.take_lifted()).count();
        assert!(
            (1..10).contains(&passed),
            "published {passed}; the next one has to be read from the changelog"
        );
        let wanted = held.to_fetch();
        assert_eq!(wanted.len(), 10 - passed);
        assert_eq!(wanted[&key_of(&input(9))], (input(9), 49));
    }

    #[test]
    fn a_batch_publishes_a_bounded_number_of_bytes() {
        let mut held = EmbargoedRecords::default();
        let large = "x".repeat(LIFTED_BYTES_MAX / 3);
        for offset in 0..3 {
            held.hold(&input(offset), record(&large), 0);
            held.lift(&lifted(offset, Validity::Valid));
        }
        for left in [2, 1, 0] {
            assert_eq!(std::iter::from_fn(|| held.take_lifted()).count(), 1, "{left} left");
            assert_eq!((held.take_changes().is_empty(), held.has_lifted()), (false, left > 0));
        }
    }
}
