//! What the pipeline knows of the right to work on its shard.
//!
//! In: [`Wake`]s from whoever follows the group (the lease thread, or a test). Out: questions
//! through [`Hold`].

use crossbeam_channel::Sender;
use std::sync::Arc;
use std::time::Duration;

/// Why the pipeline runs, stops or waits. Closed: there is no other reason.
#[derive(Debug)]
pub enum Wake {
    /// The group assigned the shard to this process.
    Granted(Lease),
    /// The group asks for the shard back: finish or abort the open batch, drop the writer, then say
    /// so by dropping the sender.
    Revoked(Sender<()>),
    /// The shard is gone already: commit nothing more.
    Lost,
    /// The group has decided, and the shard is another member's.
    Elsewhere,
    /// The process is to end: finish the batch, commit, leave.
    Stop,
}

/// A lease in hand.
pub type Lease = Arc<dyn Hold>;

/// Whether a lease is still held.
pub trait Hold: Send + Sync + std::fmt::Debug {
    /// Whether the lease is held as far as is known; never blocks.
    fn held(&self) -> bool;

    /// Asks the group, and waits for its answer `within` at most: whether it still says, after this
    /// call, that the lease is held.
    fn confirm(&self, within: Duration) -> bool;

    /// Gives back a lease that the group does not confirm, and asks the group anew.
    fn give_up(&self);
}
