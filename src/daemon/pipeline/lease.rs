//! The right to process a shard, from the pipeline's point of view.
//!
//! In: [`Wake`]s from the lease thread, which follows the consumer group, or from a test. Out: the
//! pipeline's requests concerning its lease, through [`LeaseHandle`].

use crossbeam_channel::Sender;
use std::sync::Arc;
use std::time::Duration;

/// An event that makes the pipeline run, stop or wait. No other event does.
#[derive(Debug)]
pub enum Wake {
    /// The group assigned the shard to this process.
    Granted(Lease),
    /// The group asks for the shard back: finish or abort the open batch, drop the writer, then
    /// acknowledge by dropping the sender.
    Revoked(Sender<()>),
    /// The lease is already lost, so nothing may be committed.
    Lost,
    /// The group has assigned the shard to another member.
    AssignedElsewhere,
    /// The process shuts down: finish the batch, commit, and stop.
    Stop,
}

/// A lease that was granted.
pub type Lease = Arc<dyn LeaseHandle>;

/// The state of a lease.
pub trait LeaseHandle: Send + Sync + std::fmt::Debug {
    /// Whether the lease is held, as far as this process knows. Never blocks.
    fn held(&self) -> bool;

    /// Asks the group whether the lease is still held. Waits at most `within` for an answer given
    /// after this call.
    fn confirm(&self, within: Duration) -> bool;

    /// Gives up a lease that the group does not confirm, and rejoins the group.
    fn give_up(&self);
}
