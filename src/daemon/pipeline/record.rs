//! The shell's own records in the changelog, beside those of the engine.
//!
//! | key | holds |
//! |---|---|
//! | `key` | the flood key, drawn once at the very first start |
//! | `shape` | the settings that what is remembered rests on, and the map of shards |
//! | `pos` | the position: next offset and last record of every input partition, last batch, next event sequence |
//! | `b/<batch>` | the journal of a batch: which input it covered, in which order, by which clock reading |
//! | `h/<position>` | a record of the unique feed that waits for the end of an embargo ([`held`](super::embargoed)) |
//! | `fence` | nothing: a new owner writes it and reads up to it. With `at_least_once`, `fence/<time>`: what an earlier owner writes after it does not count |
//! | `group` | the consumer group that the state belongs to |
//! | `ends` | for each output partition, an offset before everything that the last batches wrote ([`repair`](super::repair)) |
//! | `resets` | how often the position of an input partition was reset, which event ids depend on |
//! | `plan` | `at_least_once` only: the journal of the batch about to be written |
//! | `end` | `at_least_once` only: that the batch of the plan is written in full |
//! | `attempt` | the batch that an owner was about to apply; removed by the batch ([`isolation`](super::isolation)) |
//!
//! Batch numbers are 20 decimal digits. Values are postcard behind one version byte, like the
//! engine's; a version above ours refuses the restore. A journal is tombstoned when the window has
//! passed it.
//!
//! For example, a batch that took offsets 5, 6 of partition 0 with offset 9 of partition 1 in
//! between has the ranges `[(0, 5..7), (1, 9..10)]` and the order `[(0, 1), (1, 1), (0, 1)]`. A batch
//! without records, by which the engine's clock went on after offset 9 of partition 1, has the range
//! `[(1, 10..10)]` and no order; its reading is where the clock went.

use super::Delivery;
use super::broker::Partition;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use wirefold_engine::article::EventTime;

const VERSION: u8 = 1;

/// Key of the flood key.
pub const KEY: &str = "key";
/// Key of the shape.
pub const SHAPE: &str = "shape";
/// Key of the position.
pub const POSITION: &str = "pos";
/// Key of the fence.
pub const FENCE: &str = "fence";
/// Key of a record of an aborted transaction. A broker crash can commit one; it means nothing.
pub const SWEEP: &str = "sweep";
/// Key of the consumer group.
pub const GROUP: &str = "group";
/// Key of the offsets of outputs.
pub const ENDS: &str = "ends";
/// Key of the number of resets by input partition.
pub const RESETS: &str = "resets";
/// Key of the plan.
pub const PLAN: &str = "plan";
/// Key of the end mark.
pub const END: &str = "end";
/// Key of the attempt.
pub const ATTEMPT: &str = "attempt";
/// What the keys of journal records start with.
pub const JOURNAL: &str = "b/";

/// The key of a batch's journal.
pub fn journal_key(batch: u64) -> String {
    format!("{JOURNAL}{batch:020}")
}

/// The batch whose journal has this key.
pub fn journal_batch(key: &str) -> Option<u64> {
    key.strip_prefix(JOURNAL)?.parse().ok()
}

/// The key of the fence of a take-over at `wall`. Without transactions each fence has a key of its
/// own, because compaction must keep it as long as what it makes void.
pub fn fence_key(delivery: Delivery, wall: EventTime) -> String {
    match delivery {
        Delivery::ExactlyOnce => FENCE.to_owned(),
        Delivery::AtLeastOnce => format!("{FENCE}/{:016}", wall.0),
    }
}

/// Whether this is the key of a fence.
pub fn is_fence(key: &str) -> bool {
    key.strip_prefix(FENCE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Why one of the shell's records cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was written by a newer release.
    #[error(
        "record `{key}` has format version {found}, newer than {VERSION}: upgrade this instance"
    )]
    Newer {
        /// The record.
        key: String,
        /// Its version.
        found: u8,
    },
    /// It is damaged.
    #[error("record `{key}` is not readable: {message}")]
    Unreadable {
        /// The record.
        key: String,
        /// Why.
        message: String,
    },
}

/// What the memory of a shard rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateShape {
    /// Names the settings by which articles are made comparable.
    pub features: String,
    /// The map of shards, as it draws itself.
    pub map: String,
    /// Where all shards stood when they took the map up; empty where they began with it.
    pub from: BTreeMap<Partition, i64>,
}

/// How far a shard has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// The last batch written; the first is 1.
    pub batch: u64,
    /// The number that the next event gets.
    pub sequence: u64,
    /// Every input partition ever read.
    pub inputs: BTreeMap<Partition, InputMark>,
}

/// How far a shard has come in one input partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputMark {
    /// The next offset to read.
    pub next: i64,
    /// The last record applied, by which a truncated or recreated topic is noticed.
    pub last: Option<LastRecord>,
}

/// The last record applied of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: Option<EventTime>,
    /// The first 8 bytes of the SHA-256 over its key and its value.
    pub hash: u64,
}

/// What a batch covered, written in the same transaction, so that it can be replayed elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// What was read, one range a partition.
    pub ranges: Vec<InputRange>,
    /// The order applied: so many records of that range (by its index), then so many of the next.
    pub order: Vec<(u32, u32)>,
    /// The wall-clock reading, up to which timestamps count; of a batch without records, where the
    /// engine's clock went.
    pub reading: EventTime,
    /// The engine's clock after the batch.
    pub clock: EventTime,
    /// The engine version.
    pub core: String,
    /// The hash of the shaping settings.
    pub settings: String,
    /// The number of the first event of the batch.
    pub sequence: u64,
}

/// A range of one input partition: `from` is where the shard stood, `to` where it stands after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRange {
    /// The partition.
    pub of: Partition,
    /// The first offset that was still to be read.
    pub from: i64,
    /// The next offset to read.
    pub to: i64,
}

/// What an `at_least_once` batch is going to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which take-over of the shard writes it; rises with every one.
    pub generation: u64,
    /// The batch.
    pub batch: u64,
    /// What it covers. `clock` is not known yet and the lowest value.
    pub journal: Journal,
}

/// That a batch is written in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEnd {
    /// The take-over that wrote it.
    pub generation: u64,
    /// The batch.
    pub batch: u64,
}

/// The batch that an owner was about to apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchAttempt {
    /// Which take-over of the shard wrote it.
    pub take_over: u64,
    /// The batch.
    pub batch: u64,
    /// The partition of its first record.
    pub from: Partition,
    /// The offset of its first record.
    pub offset: i64,
    /// How many records it has.
    pub records: u32,
    /// How many attempts at it have failed before.
    pub failures: u32,
    /// How many records are taken one by one from here on; 0 where there is no suspicion.
    pub single: u32,
}

/// Names the last record of a partition by its content.
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

/// Encodes a record's value.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_extend(value, vec![VERSION])
        .expect("a record holds nothing that cannot be encoded")
}

/// Decodes the value of the record `key`.
///
/// # Errors
/// When it is damaged or of a newer release.
pub fn decode<T: DeserializeOwned>(key: &str, value: &[u8]) -> Result<T, Error> {
    let unreadable = |message: String| Error::Unreadable { key: key.to_owned(), message };
    match value.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|e| unreadable(e.to_string())),
        Some((&found, _)) if found > VERSION => Err(Error::Newer { key: key.to_owned(), found }),
        _ => Err(unreadable("no known version byte".into())),
    }
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
            reading: EventTime(1_000),
            clock: EventTime(900),
            core: "1.0.0".into(),
            settings: "ab".into(),
            sequence: 3,
        }
    }

    /// What earlier releases wrote must stay readable: these bytes never change.
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
            single: 0,
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
    fn a_newer_release_or_damage_is_told_apart() {
        let newer = decode::<BatchEnd>("end", &[9, 1, 1]).unwrap_err();
        assert_eq!(newer, Error::Newer { key: "end".into(), found: 9 });
        for bytes in [&[][..], &[0, 1, 1], &[1], &[1, 255]] {
            let error = decode::<BatchEnd>("end", bytes).unwrap_err();
            assert!(matches!(error, Error::Unreadable { .. }), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn keys_of_journals_go_there_and_back() {
        assert_eq!(journal_batch(&journal_key(42)), Some(42));
        assert_eq!(journal_batch("a/00000000000000000042"), None);
    }

    #[test]
    fn null_empty_and_shifted_content_differ() {
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
