//! The encoding of all changelog records, those of the engine and those of the daemon: one version
//! byte, then postcard.
//!
//! In: a value. Out: its bytes. Decoding is the reverse. For example, the number 300 in format
//! version 1 is `01 ac 02`. Every version up to the current one can be read. A newer version gives
//! a separate error variant, because the remedy is to upgrade this instance.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Encodes and decodes records; contains their current format version.
#[derive(Debug, Clone, Copy)]
pub struct Codec(pub u8);

/// Why a record cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The record was written by a newer release.
    #[error(
        "changelog record `{key}` has format version {found}, but this release reads up to \
         {known}: upgrade this instance"
    )]
    Newer {
        /// The key of the record.
        key: String,
        /// Its version byte.
        found: u8,
        /// The newest version that this release reads.
        known: u8,
    },
    /// The record is damaged, or its key is unknown.
    #[error("cannot decode changelog record `{key}`: {message}")]
    Unreadable {
        /// The key of the record.
        key: String,
        /// What is wrong with it.
        message: String,
    },
}

impl RecordError {
    /// The error for a damaged record.
    pub fn unreadable(key: &str, message: impl ToString) -> Self {
        Self::Unreadable { key: key.to_owned(), message: message.to_string() }
    }
}

impl Codec {
    /// Encodes a value.
    pub fn encode<T: Serialize>(self, value: &T) -> Vec<u8> {
        self.encode_sized(value, 64)
    }

    /// Encodes a value into a buffer with an initial capacity of `bytes`.
    pub fn encode_sized<T: Serialize>(self, value: &T, bytes: usize) -> Vec<u8> {
        let mut record = Vec::with_capacity(bytes);
        record.push(self.0);
        postcard::to_extend(value, record).expect("postcard can encode every record type")
    }

    /// Decodes the value of the record with key `key`.
    ///
    /// # Errors
    /// If the value is damaged or was written by a newer release.
    pub fn decode<T: DeserializeOwned>(self, key: &str, value: &[u8]) -> Result<T, RecordError> {
        match value.split_first() {
            Some((&found, _)) if found > self.0 => {
                Err(RecordError::Newer { key: key.to_owned(), found, known: self.0 })
            }
            Some((&(1..), rest)) => {
                postcard::from_bytes(rest).map_err(|error| RecordError::unreadable(key, error))
            }
            _ => Err(RecordError::unreadable(key, "missing or invalid version byte")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_and_damaged_records_give_different_errors() {
        let codec = Codec(2);
        assert_eq!(codec.encode(&300u64), [2, 0xac, 2]);
        assert_eq!(codec.decode("n", &[1, 0xac, 2]), Ok(300u64));
        let newer = codec.decode::<u64>("n", &[3, 1]).unwrap_err();
        assert_eq!(newer, RecordError::Newer { key: "n".into(), found: 3, known: 2 });
        for bytes in [&[][..], &[0, 1], &[2], &[2, 0xff]] {
            let error = codec.decode::<u64>("n", bytes).unwrap_err();
            assert!(matches!(error, RecordError::Unreadable { .. }), "{bytes:?}: {error}");
        }
    }
}
