//! A shard without a broker, with which `replay`, `explain` and `eval` process files.
//!
//! In: input records whose timestamps are set. Out: the same [`Batch`] that the daemon would write
//! for them, because the same [`prepare`](super::prepare) and [`apply`](super::apply::apply) are
//! used. The timestamps of the records advance the engine's clock, there is no limit on the size of
//! outputs, and records under embargo stay in memory.

use super::apply;
use super::batch::{ApplyError, Batch, BatchContext, Scrutiny};
use super::broker::{Fault, InputRecord, Limits, OutputRecord};
use super::changelog_reader::ChangelogReader;
use super::encoder::{EventContext, EventEncoder};
use super::memory::ShardState;
use super::prepare::{PreparedRecord, Preparer, RejectedRecords};
use super::{ClockSource, Delivery, TooLarge};
use wirefold_engine::Settings;
use wirefold_engine::article::Article;
use wirefold_engine::decode::Format;
use wirefold_engine::fingerprint::SamplingKey;
use wirefold_engine::state::State;

/// A shard without a broker. It accepts all records, whatever their topic.
#[derive(Debug)]
pub struct OfflineShard<E> {
    /// The state of the shard.
    memory: ShardState,
    /// Decodes and prepares records.
    preparer: Preparer,
    /// Encodes events as records.
    encoder: E,
    /// The sampling key.
    key: SamplingKey,
}

impl<E: EventEncoder> OfflineShard<E> {
    /// An empty shard.
    ///
    /// # Errors
    /// Does not fail in practice: the changelog from which it restores the state is empty.
    pub fn new(
        settings: Settings,
        format: Format,
        key: SamplingKey,
        encoder: E,
    ) -> Result<Self, Fault> {
        let preparer = Preparer::of_everything(settings.clone(), format);
        let mut memory = ChangelogReader::default().build(settings, key)?;
        // There is no changelog from which records could be read back.
        memory.held.set_bytes_max(usize::MAX);
        Ok(Self { memory, preparer, encoder, key })
    }

    /// A preparer for this shard, which can be used on another thread.
    pub fn preparer(&self) -> OfflinePreparer {
        OfflinePreparer { preparer: self.preparer.clone(), key: self.key }
    }

    /// Prepares one article that is already decoded, as the only item of `record`.
    pub fn prepare_article(&self, record: InputRecord, article: Article) -> PreparedRecord {
        self.preparer.article(record, article, self.key)
    }

    /// Applies records in order, as one batch. Without records, publishes the remaining records
    /// whose embargo has ended.
    ///
    /// # Errors
    /// If a record makes the engine panic. The shard must not be used afterwards.
    pub fn apply(&mut self, records: Vec<PreparedRecord>) -> Result<Batch, ApplyError> {
        let with = BatchContext {
            reading: self.memory.state.clock(),
            clock: ClockSource::Records,
            trailing_markers: &[],
            encoder: &self.encoder,
            limits: Limits { by_role: [usize::MAX; 5] },
            delivery: Delivery::ExactlyOnce,
            shard: 0,
            too_large: TooLarge::Stop,
            scrutiny: Scrutiny::Batch,
        };
        apply::apply(&mut self.memory, records, with)
    }

    /// Whether records whose embargo has ended remain for the next batch.
    pub fn has_lifted(&self) -> bool {
        self.memory.held.has_lifted()
    }

    /// The engine's state.
    pub fn state(&self) -> &State {
        &self.memory.state
    }
}

/// Prepares records for an [`OfflineShard`].
#[derive(Debug)]
pub struct OfflinePreparer {
    preparer: Preparer,
    /// The sampling key of the shard.
    key: SamplingKey,
}

impl OfflinePreparer {
    /// Decodes and prepares records on all cores.
    pub fn prepare(&self, records: Vec<InputRecord>) -> Vec<PreparedRecord> {
        self.preparer.prepare(records, self.key, &RejectedRecords::new())
    }
}

/// Encodes nothing, for callers that only need the events.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOutputs;

impl EventEncoder for NoOutputs {
    fn encode(&self, _: &EventContext<'_>) -> Vec<OutputRecord> {
        Vec::new()
    }

    fn unique(&self, _: &EventContext<'_>) -> Option<OutputRecord> {
        None
    }

    fn settings(&self) -> &str {
        ""
    }
}
