//! Records of the unique feed that wait for the end of an embargo.
//!
//! In: the finished record of an article that the engine lets wait, under its input position. Out:
//! the same record when the embargo ends. The engine says when, and whether it still stands; here are
//! the bytes, in the changelog as `h/<topic>/<partition>/<offset>/<item>`, so that the feed passes on
//! what came in though the input's retention has passed.

use super::broker::{Header, OutputRecord, Role};
use super::record::{self, Error};
use crate::engine::article::InputPosition;
use crate::engine::state::Lifted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the keys of held records start with.
pub const HELD: &str = "h/";

/// A record that waits, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    input: InputPosition,
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: Vec<Header>,
}

/// The records that wait.
#[derive(Debug, Clone, Default)]
pub struct Held {
    waiting: BTreeMap<InputPosition, Waiting>,
    changes: Vec<(String, Option<Vec<u8>>)>,
}

impl Held {
    /// Puts back what `records` hold.
    ///
    /// # Errors
    /// When a record is damaged or of a newer release.
    pub fn restore(records: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Error> {
        let mut held = Self::default();
        for (key, value) in records {
            let waiting: Waiting = record::decode(&key, &value)?;
            held.waiting.insert(waiting.input.clone(), waiting);
        }
        Ok(held)
    }

    /// Follows what another instance wrote or removed.
    ///
    /// # Errors
    /// When the record is damaged or of a newer release.
    pub fn follow(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), Error> {
        match value {
            None => self.waiting.retain(|input, _| key_of(input) != key),
            Some(value) => {
                let waiting: Waiting = record::decode(&key, &value)?;
                self.waiting.insert(waiting.input.clone(), waiting);
            }
        }
        Ok(())
    }

    /// Lets the record of the article at `input` wait.
    pub fn put(&mut self, input: &InputPosition, record: OutputRecord) {
        let OutputRecord { key, payload, headers, .. } = record;
        let waiting = Waiting { input: input.clone(), key, payload, headers };
        self.changes.push((key_of(input), Some(record::encode(&waiting))));
        self.waiting.insert(input.clone(), waiting);
    }

    /// The record of an article whose embargo has ended, if the article still stands.
    pub fn take(&mut self, lifted: &Lifted) -> Option<OutputRecord> {
        let Waiting { key, payload, headers, .. } = self.waiting.remove(&lifted.input)?;
        self.changes.push((key_of(&lifted.input), None));
        lifted.stands().then_some(OutputRecord { role: Role::Unique, key, payload, headers })
    }

    /// The changelog records that changed since the last call.
    pub fn take_changes(&mut self) -> Vec<(String, Option<Vec<u8>>)> {
        std::mem::take(&mut self.changes)
    }
}

/// The changelog record of `record` while it waits.
pub fn stored(input: &InputPosition, record: &OutputRecord) -> OutputRecord {
    let OutputRecord { key, payload, headers, .. } = record.clone();
    let value = record::encode(&Waiting { input: input.clone(), key, payload, headers });
    OutputRecord {
        role: Role::State,
        key: Some(key_of(input).into_bytes()),
        payload: Some(value),
        headers: Vec::new(),
    }
}

fn key_of(input: &InputPosition) -> String {
    let InputPosition { topic, partition, offset, item } = input;
    format!("{HELD}{topic}/{partition:010}/{offset:020}/{item:010}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::relation::Standing;

    #[test]
    fn what_waits_survives_a_restore_and_goes_on_once() {
        let input = |offset| InputPosition { topic: "in".into(), partition: 2, offset, item: 0 };
        let record = |text: &str| OutputRecord {
            role: Role::Unique,
            key: Some(text.into()),
            payload: Some(text.into()),
            headers: vec![("own".into(), Some(text.into()))],
        };
        let mut held = Held::default();
        held.put(&input(1), record("one"));
        held.put(&input(2), record("two"));
        let mut log: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (key, value) in held.take_changes() {
            log.insert(key, value.unwrap());
        }
        let mut held = Held::restore(log).unwrap();
        let lifted = |offset, standing| Lifted { input: input(offset), standing };
        assert_eq!(held.take(&lifted(1, Standing::Stands)), Some(record("one")));
        assert_eq!(held.take(&lifted(1, Standing::Stands)), None);
        assert_eq!(held.take(&lifted(2, Standing::Withdrawn)), None);
        let gone: Vec<_> = held.take_changes();
        assert_eq!(gone.len(), 2);
        assert!(gone.iter().all(|(key, value)| key.starts_with(HELD) && value.is_none()));
    }
}
