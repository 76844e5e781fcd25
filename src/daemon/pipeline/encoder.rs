//! The interface to the encoder of events, which [`publish`](crate::daemon::publish) implements.

use super::broker::{InputRecord, OutputRecord};
use std::fmt::Debug;
use wirefold_engine::decode::RecordPart;
use wirefold_engine::event::Event;

/// Encodes events as Kafka records.
pub trait EventEncoder: Send + Sync + Debug {
    /// Encodes one event. The result contains at least one record for the events topic.
    fn encode(&self, context: &EventContext<'_>) -> Vec<OutputRecord>;

    /// Encodes the record of the unique topic for a classified article, whether or not the article
    /// is forwarded. `None` if there is no unique topic.
    fn unique(&self, context: &EventContext<'_>) -> Option<OutputRecord>;

    /// The hash of the engine settings, which is part of every event.
    fn settings(&self) -> &str;
}

/// An event, with the context needed to encode it.
#[derive(Debug, Clone, Copy)]
pub struct EventContext<'a> {
    /// The event.
    pub event: &'a Event,
    /// The event's number among the events of its input record. Shard `s` counts from `s *
    /// N_PER_SHARD`.
    pub n: u32,
    /// The shard's sequence number of the event.
    pub sequence: u64,
    /// The input record that caused the event; empty if the clock did.
    pub record: &'a InputRecord,
    /// How many times the position of the input partition was reset. After a reset, the same
    /// offsets can belong to other records.
    pub resets: u32,
    /// The part of the input record that holds the article.
    pub part: &'a RecordPart,
    /// The number of items in the input record.
    pub items: u32,
}
