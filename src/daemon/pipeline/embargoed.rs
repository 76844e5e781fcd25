//! Records of the unique feed that wait for the end of an embargo.
//!
//! In: the finished record of an article that the engine lets wait, under its input position. Out:
//! the same record when the embargo has ended. The engine says when, and whether the article still
//! stands; here are the bytes, in the changelog as `h/<topic>/<partition>/<offset>/<item>`, so that
//! the feed passes on what came in though the input's retention has passed.
//!
//! At most [`BYTES_MAX`] of them stay in memory. Of a record beyond that only the place is kept,
//! and it is read from the changelog again when its embargo has ended. A batch passes on
//! [`LIFTED_BYTES_MAX`]; what has ended and does not fit goes with the next batches, in order of
//! input positions. A record is in the changelog until it is passed on, so that one whose embargo
//! has ended is one that the engine does not let wait any more: that is how a restore knows them.

use super::broker::{Broker, Fault, Header, OutputRecord, Role};
use super::record::{self, Error};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use wirefold_engine::article::InputPosition;
use wirefold_engine::state::{LiftedEmbargo, State};

/// What the keys of held records start with.
pub const HELD: &str = "h/";

/// The most bytes of records that stay in memory.
pub const BYTES_MAX: usize = 256 << 20;
/// The most bytes that one batch passes on; the first record may be larger.
pub const LIFTED_BYTES_MAX: usize = 8 << 20;

/// A record that waits, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredRecord {
    input: InputPosition,
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<Header>,
}

impl StoredRecord {
    fn bytes(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        let header = |(name, value): &Header| size_of::<Header>() + name.len() + length(value);
        length(&self.key) + length(&self.payload) + self.headers.iter().map(header).sum::<usize>()
    }
}

/// Where the bytes of a record are.
#[derive(Debug, Clone)]
enum BytesLocation {
    /// Here.
    Memory(StoredRecord),
    /// In the changelog, at this offset or behind it.
    Changelog(i64),
    /// They were looked for and are gone.
    Nowhere,
}

#[derive(Debug, Clone)]
struct EmbargoedRecord {
    bytes: usize,
    place: BytesLocation,
}

/// The records that wait.
#[derive(Debug, Clone)]
pub struct EmbargoedRecords {
    entries: BTreeMap<InputPosition, EmbargoedRecord>,
    /// Those whose embargo has ended.
    free: BTreeSet<InputPosition>,
    /// Bytes of the records in memory, and how many there may be.
    bytes: usize,
    bytes_max: usize,
    /// Bytes passed on since the changes were last taken.
    lifted: usize,
    changes: Vec<(String, Option<Vec<u8>>)>,
}

impl Default for EmbargoedRecords {
    fn default() -> Self {
        Self::within(BYTES_MAX)
    }
}

impl EmbargoedRecords {
    /// None, and so many bytes may stay in memory.
    pub fn within(bytes_max: usize) -> Self {
        let (entries, free) = (BTreeMap::new(), BTreeSet::new());
        Self { entries, free, bytes: 0, bytes_max, lifted: 0, changes: Vec::new() }
    }

    /// The number of records, wherever their bytes are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes held in memory, about.
    pub fn bytes(&self) -> usize {
        self.bytes + self.entries.len() * 2 * size_of::<(InputPosition, EmbargoedRecord)>()
    }

    /// Takes in a record of the changelog, at `offset` or behind it; `None` is a tombstone.
    ///
    /// # Errors
    /// When the record is damaged or of a newer release.
    pub fn follow(&mut self, key: &str, value: Option<&[u8]>, offset: i64) -> Result<(), Error> {
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

    /// Takes note of the embargoes that have ended: after a restore, and when another owner is
    /// followed.
    pub fn resume(&mut self, state: &State) {
        let waiting: BTreeSet<&InputPosition> = state.waiting().collect();
        let inputs = self.entries.keys();
        self.free = inputs.filter(|input| !waiting.contains(input)).cloned().collect();
    }

    /// Lets the record of the article at `input` wait. It will be in the changelog from `log_end`
    /// on.
    pub fn put(&mut self, input: &InputPosition, record: OutputRecord, log_end: i64) {
        let OutputRecord { key, payload, headers, .. } = record;
        let waiting = StoredRecord { input: input.clone(), key, payload, headers };
        self.changes.push((key_of(input), Some(record::encode(&waiting))));
        self.insert(waiting, log_end);
    }

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

    fn remove(&mut self, input: &InputPosition) -> Option<EmbargoedRecord> {
        self.free.remove(input);
        let entry = self.entries.remove(input)?;
        if let BytesLocation::Memory(_) = entry.place {
            self.bytes -= entry.bytes;
        }
        Some(entry)
    }

    /// An embargo has ended: the record is free, or goes nowhere if its article does not stand.
    pub fn lift(&mut self, lifted: &LiftedEmbargo) {
        if !self.entries.contains_key(&lifted.input) {
            return;
        }
        if lifted.stands() {
            self.free.insert(lifted.input.clone());
        } else {
            self.remove(&lifted.input);
            self.changes.push((key_of(&lifted.input), None));
        }
    }

    /// Whether the embargo of a record has ended that was not passed on yet.
    pub fn is_behind(&self) -> bool {
        !self.free.is_empty()
    }

    /// The next record whose embargo has ended, if this batch may hold it and its bytes are here;
    /// without a record where its bytes are lost.
    pub fn pass_on(&mut self) -> Option<(InputPosition, Option<OutputRecord>)> {
        let input = self.free.first()?.clone();
        let EmbargoedRecord { bytes, place } = self.entries.get(&input)?;
        let full = self.lifted > 0 && self.lifted + bytes > LIFTED_BYTES_MAX;
        if full || matches!(place, BytesLocation::Changelog(_)) {
            return None;
        }
        self.lifted += bytes;
        let entry = self.remove(&input)?;
        self.changes.push((key_of(&input), None));
        let record = match entry.place {
            BytesLocation::Memory(StoredRecord { key, payload, headers, .. }) => {
                Some(OutputRecord { role: Role::Unique, key, payload, headers })
            }
            BytesLocation::Changelog(_) | BytesLocation::Nowhere => None,
        };
        Some((input, record))
    }

    /// The keys of the records that the next batch passes on and that are not in memory, each with
    /// an offset from which on it is in the changelog.
    fn wanted(&self) -> BTreeMap<String, (InputPosition, i64)> {
        let (mut wanted, mut bytes) = (BTreeMap::new(), 0);
        for input in &self.free {
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

    /// Reads the records that the next batch passes on and that are not in memory from the
    /// changelog, which is known up to `log_end`.
    ///
    /// # Errors
    /// When the changelog cannot be read.
    pub fn fetch<B: Broker>(&mut self, broker: &mut B, log_end: i64) -> Result<(), Fault> {
        let mut wanted = self.wanted();
        let Some(from) = wanted.values().map(|(_, from)| *from).min() else { return Ok(()) };
        let read = broker.changelog(Some(from), log_end, &mut |found| {
            if let (Some(value), Some((input, _))) = (&found.value, wanted.get(&found.key)) {
                let waiting: StoredRecord = record::decode(&found.key, value)
                    .map_err(|error| Fault::Stop(error.to_string()))?;
                self.here(input, waiting);
                wanted.remove(&found.key);
            }
            // An error is the way to end the reading.
            if wanted.is_empty() { Err(Fault::Doubt("enough is read".into())) } else { Ok(()) }
        });
        if !wanted.is_empty() {
            read?;
        }
        for (input, _) in wanted.into_values() {
            tracing::error!(?input, "a record under embargo is no longer in the changelog");
            if let Some(entry) = self.entries.get_mut(&input) {
                entry.place = BytesLocation::Nowhere;
            }
        }
        Ok(())
    }

    /// The bytes of a record were read, and stay until it is passed on.
    fn here(&mut self, input: &InputPosition, waiting: StoredRecord) {
        if let Some(entry) = self.entries.get_mut(input) {
            self.bytes += entry.bytes;
            entry.place = BytesLocation::Memory(waiting);
        }
    }

    /// The changelog records that changed since the last call.
    pub fn take_changes(&mut self) -> Vec<(String, Option<Vec<u8>>)> {
        self.lifted = 0;
        std::mem::take(&mut self.changes)
    }
}

/// The changelog record of `record` while it waits.
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

/// The input position that a key names. No topic has a slash in its name.
fn input_of(key: &str) -> Option<InputPosition> {
    let mut parts = key.strip_prefix(HELD)?.split('/');
    let (topic, partition) = (parts.next()?.into(), parts.next()?.parse().ok()?);
    let (offset, item) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(InputPosition { topic, partition, offset, item })
}

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
        let mut held = EmbargoedRecords::within(bytes_max);
        for ((key, value), offset) in log.iter().zip(0..) {
            held.follow(key, value.as_deref(), offset).unwrap();
        }
        held
    }

    #[test]
    fn what_waits_survives_a_restore_and_goes_on_once() {
        let mut held = EmbargoedRecords::default();
        held.put(&input(1), record("one"), 0);
        held.put(&input(2), record("two"), 0);
        assert_eq!(held.pass_on(), None, "both wait");
        let mut held = restored(held.take_changes(), BYTES_MAX);
        held.lift(&lifted(1, Validity::Stands));
        assert_eq!(held.pass_on(), Some((input(1), Some(record("one")))));
        held.lift(&lifted(1, Validity::Stands));
        held.lift(&lifted(2, Validity::Withdrawn));
        assert_eq!(held.pass_on(), None);
        let gone: Vec<_> = held.take_changes();
        assert_eq!(gone.len(), 2);
        assert!(gone.iter().all(|(key, value)| key.starts_with(HELD) && value.is_none()));
        assert_eq!((held.len(), held.bytes()), (0, 0));
    }

    #[test]
    fn a_tombstone_removes_its_record() {
        let mut held = EmbargoedRecords::default();
        held.put(&input(1), record("one"), 0);
        let mut log = held.take_changes();
        log.push((log[0].0.clone(), None));
        assert!(restored(log, BYTES_MAX).is_empty());
    }

    #[test]
    fn beyond_the_bound_only_the_place_is_kept() {
        let mut held = EmbargoedRecords::within(200);
        for offset in 0..10 {
            held.put(&input(offset), record("twelve bytes"), 40 + offset);
            held.lift(&lifted(offset, Validity::Stands));
        }
        assert!(held.bytes <= 200 && held.len() == 10);
        let passed = std::iter::from_fn(|| held.pass_on()).count();
        assert!((1..10).contains(&passed), "{passed}: the next one has to be read again");
        let wanted = held.wanted();
        assert_eq!(wanted.len(), 10 - passed);
        assert_eq!(wanted[&key_of(&input(9))], (input(9), 49));
    }

    #[test]
    fn a_batch_passes_on_a_bounded_number_of_bytes() {
        let mut held = EmbargoedRecords::default();
        let large = "x".repeat(LIFTED_BYTES_MAX / 3);
        for offset in 0..3 {
            held.put(&input(offset), record(&large), 0);
            held.lift(&lifted(offset, Validity::Stands));
        }
        for left in [2, 1, 0] {
            assert_eq!(std::iter::from_fn(|| held.pass_on()).count(), 1, "{left} left");
            assert_eq!((held.take_changes().is_empty(), held.is_behind()), (false, left > 0));
        }
    }
}
