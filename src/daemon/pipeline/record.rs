//! The pipeline's own records in the changelog, next to those of the engine.
//!
//! | key | value |
//! |---|---|
//! | `key` | the sampling key, drawn at the very first start |
//! | `shape` | the settings that the state depends on, and the shard map |
//! | `pos` | the position ([`Position`]) |
//! | `b/<batch>` | the journal of a batch ([`Journal`]) |
//! | `h/<position>` | an embargoed record for the unique topic (see [`embargoed`]) |
//! | `fence` | empty; written by a new owner, which then reads the changelog up to this record |
//! | `fence/<time>` | the fence when `at_least_once` is used |
//! | `group` | the consumer group that the state belongs to |
//! | `ends` | an offset before the last batches, for each output partition (see [`repair`]) |
//! | `resets` | position resets for each input partition; event ids depend on them |
//! | `plan` | `at_least_once` only: the journal of the batch about to be written |
//! | `end` | `at_least_once` only: marks the planned batch as written in full |
//! | `attempt` | the batch that an owner was about to apply (see [`isolation`]) |
//!
//! `pos` contains the next offset and the last record of every input partition, the last batch and
//! the next event sequence number. A journal contains the input that a batch covered, the order of
//! its records, and the clock reading. It gets a tombstone when it is older than the window.
//! Records that a former owner writes after a `fence/<time>` are ignored. When the batch that an
//! `attempt` announces is written, the `attempt` record is removed.
//!
//! Batch numbers in keys are padded to 20 decimal digits. Values are encoded like the engine's,
//! with a separate [`Codec`].
//!
//! For example, a batch of offsets 5 and 6 of partition 0, with offset 9 of partition 1 in between,
//! has the ranges `[(0, 5..7), (1, 9..10)]` and the order `[(0, 1), (1, 1), (0, 1)]`. A batch
//! without records, which advances the engine's clock after offset 9 of partition 1, has the range
//! `[(1, 10..10)]`, an empty order, and the new time of the engine's clock as its clock reading.
//!
//! [`embargoed`]: super::embargoed
//! [`repair`]: super::repair
//! [`isolation`]: super::isolation

use super::Delivery;
use super::broker::{Fault, OutputRecord, Partition, Role};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use wirefold_engine::article::EventTime;
use wirefold_engine::record::{Codec, RecordError};

/// The format of these records.
const CODEC: Codec = Codec(1);

/// Key of the record with the sampling key.
pub const KEY: &str = "key";
/// Key of the [`StateShape`].
pub const SHAPE: &str = "shape";
/// Key of the [`Position`].
pub const POSITION: &str = "pos";
/// Key of the fence.
pub const FENCE: &str = "fence";
/// Key of a record that is written in a transaction and then aborted. After a broker crash, such a
/// record can end up committed; readers ignore it.
pub const SWEEP: &str = "sweep";
/// Key of the consumer group.
pub const GROUP: &str = "group";
/// Key of the end offsets of the output partitions.
pub const ENDS: &str = "ends";
/// Key of the record that counts the resets of each input partition.
pub const RESETS: &str = "resets";
/// Key of the [`Plan`].
pub const PLAN: &str = "plan";
/// Key of the [`BatchEnd`].
pub const END: &str = "end";
/// Key of the [`BatchAttempt`].
pub const ATTEMPT: &str = "attempt";
/// Prefix of the keys of journal records.
pub const JOURNAL: &str = "b/";

/// The key of a batch's journal.
pub fn journal_key(batch: u64) -> String {
    format!("{JOURNAL}{batch:020}")
}

/// The batch number in the key of a journal record; `None` for any other key.
pub fn journal_batch(key: &str) -> Option<u64> {
    key.strip_prefix(JOURNAL)?.parse().ok()
}

/// The key of the fence for a takeover at `wall`. Without transactions, each fence has its own key,
/// because compaction must keep a fence for as long as the records that it invalidates.
pub fn fence_key(delivery: Delivery, wall: EventTime) -> String {
    match delivery {
        Delivery::ExactlyOnce => FENCE.to_owned(),
        Delivery::AtLeastOnce => format!("{FENCE}/{:016}", wall.0),
    }
}

/// Whether `key` is the key of a fence.
pub fn is_fence(key: &str) -> bool {
    key.strip_prefix(FENCE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The settings that the state of a shard was built with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateShape {
    /// A hash of the settings that decide whether articles are comparable: 16 hexadecimal digits.
    pub features: String,
    /// The shard map, as [`ShardMap::to_json`](super::shards::ShardMap::to_json) prints it.
    pub map: String,
    /// The positions of all shards when they switched to this map; empty if they started with it.
    pub from: BTreeMap<Partition, i64>,
}

/// How far a shard has read its input.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// The number of the last batch written; the first batch is 1.
    pub batch: u64,
    /// The sequence number of the next event.
    pub sequence: u64,
    /// Every input partition that was ever read.
    pub inputs: BTreeMap<Partition, InputMark>,
}

/// How far a shard has read in one input partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputMark {
    /// The next offset to read.
    pub next: i64,
    /// The last record applied, used to detect a truncated or recreated topic.
    pub last: Option<LastRecord>,
}

/// The last record of a partition that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// The offset.
    pub offset: i64,
    /// The timestamp, if the record has one.
    pub timestamp: Option<EventTime>,
    /// The [`content_hash`] of its key and value.
    pub hash: u64,
}

/// The input that a batch covered. Written in the same transaction as the batch, so that the batch
/// can be replayed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The input read, one range per partition.
    pub ranges: Vec<InputRange>,
    /// The order in which records were applied, as pairs: an index into `ranges`, and how many
    /// records come from that range.
    pub order: Vec<(u32, u32)>,
    /// The wall-clock reading, which is an upper bound for timestamps. For a batch without records,
    /// it is the time to which the engine's clock advanced.
    pub clock_reading: EventTime,
    /// The engine's clock after the batch.
    pub clock: EventTime,
    /// The engine version.
    pub engine_version: String,
    /// The hash of the engine settings.
    pub settings_hash: String,
    /// The sequence number of the first event of the batch.
    pub sequence: u64,
}

/// A range of offsets in one input partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRange {
    /// The partition.
    pub of: Partition,
    /// The position before the batch.
    pub from: i64,
    /// The position after the batch, that is, the next offset to read.
    pub to: i64,
}

/// The batch that an `at_least_once` owner is about to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The generation of the owner that writes the batch. It increases with every takeover.
    pub generation: u64,
    /// The batch number.
    pub batch: u64,
    /// The input that the batch covers. `clock` is not known yet, so it is set to the lowest value.
    pub journal: Journal,
}

/// Marks a batch as written in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEnd {
    /// The generation of the owner that wrote the batch.
    pub generation: u64,
    /// The batch number.
    pub batch: u64,
}

/// A batch that an owner is about to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAttempt {
    /// The generation of the owner that wrote this record.
    pub take_over: u64,
    /// The batch number.
    pub batch: u64,
    /// The partition of the first record of the batch.
    pub from: Partition,
    /// The offset of the first record of the batch.
    pub offset: i64,
    /// The number of records in the batch.
    pub records: u32,
    /// The number of earlier attempts at this batch that have failed.
    pub failures: u32,
    /// The number of records to apply one at a time, beginning with this batch; 0 if no record is
    /// suspected.
    pub single_records: u32,
}

/// Hashes the content of a record: the first 8 bytes, big-endian, of the SHA-256 of its key and
/// value. Absent and empty parts give different hashes, and so do keys and values whose
/// concatenation is equal.
pub fn content_hash(key: Option<&[u8]>, payload: Option<&[u8]>) -> u64 {
    let mut hash = Sha256::new();
    for part in [key, payload] {
        match part {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        }
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

/// Encodes the value of a record.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    CODEC.encode(value)
}

/// Decodes the value of the record with key `key`.
///
/// # Errors
/// If the value is damaged or was written by a newer release.
pub fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, RecordError> {
    CODEC.decode(key, value)
}

/// How far a shard has read its input, according to its changelog.
#[derive(Debug, Default)]
pub(super) struct ShardPosition {
    /// The settings and the shard layout that its state was built with; `None` if they are not in
    /// its changelog.
    pub(super) shape: Option<StateShape>,
    /// Its position.
    pub(super) position: Position,
    /// Whether its last batch is planned but not finished (`at_least_once`).
    pub(super) planned: bool,
}

/// A changelog record with an encoded value.
pub(super) fn state<T: serde::Serialize>(key: &str, value: &T) -> OutputRecord {
    raw(key.to_owned(), Some(encode(value)))
}

/// A changelog record with the given bytes; `None` is a tombstone.
pub(super) fn raw(key: String, payload: Option<Vec<u8>>) -> OutputRecord {
    OutputRecord { role: Role::State, key: Some(key.into_bytes()), payload, headers: Vec::new() }
}

/// Removes the record with this key, and decodes its value if it has one.
pub(super) fn read<T: DeserializeOwned>(
    records: &mut BTreeMap<String, Option<Vec<u8>>>,
    key: &str,
) -> Result<Option<T>, Fault> {
    let value = records.remove(key).flatten();
    value.map(|value| decode(key, &value)).transpose().map_err(stop)
}

/// Removes and returns the records whose keys start with `prefix`, in order of their keys.
pub(super) fn with_prefix(
    records: &mut BTreeMap<String, Option<Vec<u8>>>,
    prefix: &str,
) -> Vec<(String, Option<Vec<u8>>)> {
    let after = format!("{prefix}~");
    records.extract_if(prefix.to_owned()..after, |_, _| true).collect()
}

/// The fault for a state that cannot be restored from the changelog.
pub(super) fn stop(why: impl std::fmt::Display) -> Fault {
    Fault::stop(format!("the changelog cannot be restored: {why}"))
}

impl Serialize for Partition {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (&*self.topic, self.partition).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Partition {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (topic, partition): (Arc<str>, i32) = Deserialize::deserialize(from)?;
        Ok(Self { topic, partition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn part(partition: i32) -> Partition {
        Partition { topic: "in".into(), partition }
    }

    fn journal() -> Journal {
        Journal {
            ranges: vec![
                InputRange { of: part(0), from: 5, to: 7 },
                InputRange { of: part(1), from: 9, to: 10 },
            ],
            order: vec![(0, 1), (1, 1), (0, 1)],
            clock_reading: EventTime(1_000),
            clock: EventTime(900),
            engine_version: "1.0.0".into(),
            settings_hash: "ab".into(),
            sequence: 3,
        }
    }

    /// Records written by earlier releases must stay readable, so the encoding must never change.
    #[test]
    fn golden_records() {
        let last = LastRecord { offset: 6, timestamp: Some(EventTime(900)), hash: 258 };
        let inputs = [(part(0), InputMark { next: 7, last: Some(last) })].into();
        let position = Position { batch: 2, sequence: 3, inputs };
        let shape =
            StateShape { features: "f".into(), map: "m".into(), from: [(part(0), 7)].into() };
        let plan = Plan { generation: 1, batch: 2, journal: journal() };
        let end = BatchEnd { generation: 1, batch: 2 };
        let attempt = BatchAttempt {
            take_over: 1,
            batch: 3,
            from: part(0),
            offset: 7,
            records: 300,
            failures: 1,
            single_records: 0,
        };
        expect_test::expect![[r#"
            key 01ac02
            shape 010166016d0102696e000e
            pos 0102030102696e000e010c01880e8202
            b 010202696e000a0e02696e02121403000101010001d00f880e05312e302e3002616203
            plan 0101020202696e000a0e02696e02121403000101010001d00f880e05312e302e3002616203
            end 010102
            attempt 01010302696e000eac020100
        "#]]
        .assert_eq(&format!(
            "key {}\nshape {}\npos {}\nb {}\nplan {}\nend {}\nattempt {}\n",
            hex(&encode(&300u64)),
            hex(&encode(&shape)),
            hex(&encode(&position)),
            hex(&encode(&journal())),
            hex(&encode(&plan)),
            hex(&encode(&end)),
            hex(&encode(&attempt)),
        ));
        assert_eq!(decode::<Position>("pos", &encode(&position)).unwrap(), position);
        assert_eq!(decode::<Plan>("plan", &encode(&plan)).unwrap(), plan);
    }

    #[test]
    fn journal_keys_round_trip() {
        assert_eq!(journal_batch(&journal_key(42)), Some(42));
        assert_eq!(journal_batch("a/00000000000000000042"), None);
    }

    #[test]
    fn absent_empty_and_differently_split_contents_have_different_hashes() {
        let hashes = [
            content_hash(None, None),
            content_hash(Some(b""), None),
            content_hash(None, Some(b"")),
            content_hash(Some(b"a"), Some(b"bc")),
            content_hash(Some(b"ab"), Some(b"c")),
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.into_iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
